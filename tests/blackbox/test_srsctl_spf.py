#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl spf: its tree on terminals and in pipes, records that are not published, SRS domains."""

import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import unittest
from fcntl import ioctl

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.ctl import assert_wrong_usage
from harness.daemon import WAIT, Daemon, reachable_binary, run
from harness.dns_server import SERVFAIL, SILENT, DnsServer

CLIENT = '192.0.2.1'
CLIENT6 = '2001:db8::1'

LONG_RECORD = 'v=spf1 %s -all' % ' '.join('ip4:198.51.100.%d' % i for i in range(100, 122))

ZONE = {
    'outer.test': {'TXT': ['words', 'v=spf1 a:h.test include:inner.test ~all']},
    'inner.test': {'TXT': ['v=spf1 a:none.test redirect=target.test']},
    'target.test': {'TXT': ['v=spf1 mx -all'], 'MX': [(10, 'h.test')]},
    'h.test': {'A': ['198.51.100.1']},
    'many.test': {'TXT': ['v=spf1 %s -all' % ' '.join(['a:h.test'] * 12)]},
    'long.test': {'TXT': [(LONG_RECORD[:250], LONG_RECORD[250:])]},
    'local.test': {'TXT': ['v=spf1 exists:%{l}.l.test -all']},
    'postmaster.l.test': {'A': ['127.0.0.2']},
    'pass.test': {'TXT': ['v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all']},
    'one.test': {'TXT': ['v=spf1 ip4:192.0.2.1 ~all']},
    'odd.test': {'TXT': [b'v=spf1 a:\xff\x1b[2J.test -all']},
    'broken.test': SERVFAIL,
    'silent.test': SILENT,
    'half.test': {'TXT': ['v=spf1 ip4:192.0.2.1 a:silent.test -all']},
}


class SpfCase(unittest.TestCase):
    """One daemon for all cases of a class."""
    OPTIONS = {'outbound-addresses': [CLIENT, CLIENT6]}

    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer(ZONE).start()
        cls.daemon = Daemon(cls.OPTIONS, spf={'lookup-time': 1}, dns=cls.dns)
        cls.daemon.enable_control()
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)
        cls.dns.stop()

    def spf(self, *arguments):
        return run('-f', self.daemon.config, 'spf', *arguments, program='srsctl')

    def text(self, *arguments):
        """-> the tree, with the same time for all queries; the line after it names who queried."""
        done = self.spf(*arguments)
        self.assertEqual(done.stderr, '')
        who = 'srsctl' if '--offline' in arguments else 'the daemon'
        text, line = done.stdout[:-1].rsplit('\n', 1)
        self.assertEqual(line, '%s queried %s' % (who, self.dns.address))
        return re.sub(r'\((\d+ ms, at \d+ ms|cached)\)|(?<= )\d+ ms', '(T)', text + '\n')

    def report(self, *arguments):
        done = self.spf('--json', *arguments)
        self.assertEqual(done.stderr, '')
        return json.loads(done.stdout)


class Tree(SpfCase):
    def test_nested(self):
        self.assertEqual(self.text(CLIENT, 'a@outer.test'), '''\
mailfrom outer.test: softfail by ~all
  lookups 5 of 10, void 1 of 2, (T), dnssec insecure
  record of outer.test: found
  |  TXT outer.test "v=spf1 a:h.test include:inner.test ~all" and 1 other text  (T)
  |- a:h.test: no match  [lookup 1]
  |     A h.test 198.51.100.1  (T)
  |- include:inner.test: no match  [lookups 2-5, void 1]
  |  |  TXT inner.test "v=spf1 a:none.test redirect=target.test"  (T)
  |  |- a:none.test: no match  [lookup 3, void 1]
  |  |     A none.test NXDOMAIN  (T)
  |  `- redirect=target.test: followed  [lookups 4-5]
  |     |  TXT target.test "v=spf1 mx -all"  (T)
  |     |- mx: no match  [lookup 5]
  |     |     MX target.test h.test  (T)
  |     |     A h.test 198.51.100.1  (T)
  |     `- -all: match, fail
  `- ~all: match, softfail  <- decides
''')

    def test_offline(self):
        offline = self.text('--offline', CLIENT, 'a@outer.test')
        self.assertEqual(offline, self.text(CLIENT, 'a@outer.test'))

    def test_over_the_limit(self):
        text = self.text(CLIENT, 'many.test')
        self.assertIn('mailfrom many.test: permerror by a:h.test, too many DNS lookups\n'
                      '  lookups 11 of 10, ', text)
        self.assertIn('  |- a:h.test: no match  [lookup 10]\n', text)
        self.assertTrue(text.endswith('  `- a:h.test: permerror, too many DNS lookups  '
                                      '[lookup 11 of 10]  <- decides\n'), text)

    def test_long_lines_of_a_pipe(self):
        self.assertIn('\n  |  TXT long.test "%s"  (T)\n' % LONG_RECORD,
                      self.text(CLIENT, 'long.test'))

    def test_json_has_the_costs(self):
        terms = self.report(CLIENT, 'a@outer.test')['identities'][0]['terms']
        self.assertEqual(
            [(t['term'], t['lookups'], t['lookups_total'], t['voids'], t['voids_total'])
             for t in terms if t['term']],
            [('a:h.test', 1, 1, 0, 0), ('include:inner.test', 4, 5, 1, 1),
             ('a:none.test', 1, 3, 1, 1), ('redirect=target.test', 2, 5, 0, 1),
             ('mx', 1, 5, 0, 1), ('-all', 0, 5, 0, 1), ('~all', 0, 5, 0, 1)])
        self.assertEqual([t['term'] for t in terms if t['decides']], ['~all'])

    def test_engine_both(self):
        done = self.spf('--engine', 'both', CLIENT, 'outer.test')
        if 'built without libspf2' in done.stderr:
            self.skipTest('built without libspf2')
        self.assertIn('\n  native softfail, libspf2 softfail: they agree\n'
                      '  record of outer.test: found\n', done.stdout)


    def test_json_has_the_nameservers(self):
        for mode, who in ((), 'daemon'), (('--offline',), 'srsctl'):
            report = self.report(*mode, CLIENT, 'pass.test')
            self.assertEqual((report['nameservers'], report['queried_by']),
                             ([self.dns.address], who))


class SignOfLife(unittest.TestCase):
    """A person waits longer than a second for the DNS."""

    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer(ZONE).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.daemon = Daemon(spf={'lookup-time': 3}, dns=cls.dns)
        cls.daemon.enable_control()
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.__exit__, None)

    def on_terminal(self, *arguments, term='xterm'):
        """-> what standard error shows."""
        leader, follower = pty.openpty()
        self.addCleanup(os.close, leader)
        done = subprocess.run(
            [reachable_binary('srsctl'), '-f', self.daemon.config, 'spf', *arguments],
            stdout=subprocess.PIPE, stderr=follower, env={**os.environ, 'TERM': term}, check=False)
        os.close(follower)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b'queried ' + self.dns.address.encode(), done.stdout)
        return os.read(leader, 65536).decode()

    def test_in_place(self):
        for mode in [], ['--offline']:
            with self.subTest(str(mode)):
                self.assertRegex(
                    self.on_terminal(*mode, CLIENT, 'silent.test'),
                    '^\rwaiting for the DNS: 1 s\rwaiting for the DNS: 2 s.*\r\x1b\\[K$')

    def test_dumb_terminal(self):
        self.assertEqual(self.on_terminal(CLIENT, 'silent.test', term='dumb'),
                         'waiting for the DNS ...\r\n')

    def test_pipe(self):
        done = run('-f', self.daemon.config, 'spf', CLIENT, 'silent.test', program='srsctl')
        self.assertEqual((done.returncode, done.stderr), (3, ''))


class Status(SpfCase):
    """The exit status, with a daemon and without one."""

    def test_status(self):
        rows = ((0, CLIENT, 'a@pass.test'), (1, '203.0.113.1', 'a@pass.test'),
                (1, '203.0.113.1', 'one.test'), (1, CLIENT, 'missing.test'),
                (1, CLIENT, 'many.test'), (1, CLIENT, 'a@b'), (2, CLIENT, '[]'),
                (3, CLIENT, 'broken.test'),
                (0, CLIENT, 'a@pass.test', 'missing.test'), (1, CLIENT, 'missing.test', 'pass.test'),
                (0, CLIENT, '<>', 'pass.test'), (3, CLIENT, '', 'broken.test'),
                (2, CLIENT, ''), (2, 'nonsense', 'a@pass.test'))
        for status, *arguments in rows:
            for mode in [], ['--json'], ['--offline']:
                with self.subTest(' '.join(mode + arguments)):
                    self.assertEqual(self.spf(*mode, *arguments).returncode, status)

    def test_usage(self):
        rows = ((CLIENT,), ('--for', 'x.test', CLIENT, 'x.test'), ('--for',), ('--record', 'x'),
                ('--for', 'x.test', '--engine', 'native'), ('--record', 'x', CLIENT))
        for arguments in rows:
            with self.subTest(' '.join(arguments)):
                done = self.spf(*arguments)
                assert_wrong_usage(self, done)


class Record(SpfCase):
    """A record that is not published yet."""

    def test_result(self):
        rows = (('v=spf1 include:outer.test ip4:192.0.2.1 -all', 0, 'pass', 'ip4:192.0.2.1'),
                ('v=spf1 -all', 1, 'fail', '-all'),
                ('', 1, 'none', ''),
                ('v=spf1 ipv4:192.0.2.1', 1, 'permerror', 'ipv4:192.0.2.1'),
                ('v=spf1 include:broken.test -all', 3, 'temperror', 'include:broken.test'))
        for domain in 'pass.test', 'new.test', 'silent.test', 'broken.test':
            for record, status, result, mechanism in rows:
                for mode in [], ['--offline']:
                    with self.subTest(domain, record=record, mode=mode):
                        if 'include:' + domain in record:
                            continue    # a record that includes itself
                        done = self.spf('--json', '--record', record, *mode, CLIENT, domain)
                        report = json.loads(done.stdout)
                        self.assertEqual(report['record'], record)
                        got = report['identities'][0]
                        self.assertEqual((got['result'], got['mechanism'], done.returncode),
                                         (result, mechanism, status))

    def test_no_query_for_it(self):
        self.spf('--record', 'v=spf1 a:h.test -all', CLIENT, 'unasked.test')
        self.assertEqual(self.dns.seen(name='unasked.test'), [])

    def test_published_record_after_it(self):
        """A record of the request does not enter the cache."""
        self.spf('--record', 'v=spf1 -all', CLIENT, 'pass.test')
        self.assertEqual(self.spf(CLIENT, 'pass.test').returncode, 0)

    def test_text(self):
        self.assertEqual(self.text('--record', 'v=spf1 ip4:192.0.2.1 -all', CLIENT, 'outer.test'),
                         '''\
mailfrom outer.test: pass by ip4:192.0.2.1
  lookups 0 of 10, void 0 of 2, (T), dnssec insecure
  record of outer.test: found
  |  TXT outer.test "v=spf1 ip4:192.0.2.1 -all"  (from --record)
  `- ip4:192.0.2.1: match, pass  <- decides
''')

    def test_near_miss(self):
        done = self.spf('--record', '"v=spf1 -all"', CLIENT, 'new.test')
        self.assertEqual(done.returncode, 1)
        self.assertIn('hint: TXT new.test looks like an SPF record, but byte 1 is 0x22', done.stdout)

    def test_hints_at_terms(self):
        self.assertIn('\n  `- ipv4:192.0.2.1: permerror, unknown mechanism  <- decides\n'
                      '        hint: looks like ip4:192.0.2.1\n',
                      self.text('--record', 'v=spf1 ipv4:192.0.2.1 -all', CLIENT, 'new.test'))
        self.assertIn('\n  |  hint: TXT new.test has include=x.test, which is ignored; '
                      'looks like include:x.test\n',
                      self.text('--record', 'v=spf1 include=x.test -all', CLIENT, 'new.test'))

    def test_hostile(self):
        """A record from elsewhere that an operator pastes."""
        for record in 'v=spf1 \x1b[2J', 'v=spf1 a:\u202e.test', 'v=spf1 ' + 'x' * 20000:
            done = self.spf('--record', record, CLIENT, 'new.test')
            self.assertEqual(done.returncode, 1)
            self.assertTrue(all(c == '\n' or ' ' <= c <= '~' for c in done.stdout), done.stdout)

    def test_not_utf8(self):
        done = self.spf('--record', b'v=spf1 \xff', CLIENT, 'new.test')
        self.assertEqual(done.returncode, 2)
        self.assertIn('not UTF-8', done.stderr)


class For(SpfCase):
    """Would mail that we forward pass?"""

    def test_all_pass(self):
        for mode in [], ['--offline']:
            done = self.spf('--for', 'pass.test', *mode)
            self.assertEqual(done.returncode, 0)
            text, line = done.stdout[:-1].rsplit('\n', 1)
            self.assertRegex(line, '^(the daemon|srsctl) queried ' + re.escape(self.dns.address))
            self.assertEqual(re.sub(r'\d+ ms', 'T', text + '\n'), '''\
mail that is forwarded under pass.test: pass for 2 of 2 outbound addresses
  192.0.2.1: pass by ip4:192.0.2.0/24
    lookups 0 of 10, void 0 of 2, T, dnssec insecure
  2001:db8::1: pass by ip6:2001:db8::/32
    lookups 0 of 10, void 0 of 2, T, dnssec insecure
''')

    def test_some_pass(self):
        self.assertEqual(self.spf('--for', 'one.test').returncode, 1)
        self.assertEqual(self.text('--for', 'one.test'), '''\
mail that is forwarded under one.test: pass for 1 of 2 outbound addresses
  192.0.2.1: pass by ip4:192.0.2.1
    lookups 0 of 10, void 0 of 2, (T), dnssec insecure
  2001:db8::1: softfail by ~all
    lookups 0 of 10, void 0 of 2, (T), dnssec insecure
    hint: add ip6:2001:db8::1 to the SPF record of one.test
    record of one.test: found
    |  TXT one.test "v=spf1 ip4:192.0.2.1 ~all"  (T)
    |- ip4:192.0.2.1: no match
    `- ~all: match, softfail  <- decides
''')

    def test_status(self):
        rows = (('missing.test', 1), ('local.test', 1), ('broken.test', 3), ('half.test', 3),
                ('pass.test', 0))
        for domain, status in rows:
            with self.subTest(domain):
                self.assertEqual(self.spf('--for', domain).returncode, status)

    def test_json(self):
        report = self.report('--for', 'local.test')
        self.assertEqual(report['for'], 'local.test')
        self.assertEqual([a['ip'] for a in report['addresses']], [CLIENT, CLIENT6])
        address = report['addresses'][0]
        self.assertEqual(address['identities'][0]['result'], 'pass')
        self.assertTrue(address['identities'][0]['varies'])
        self.assertIn('without %{s}, %{l} and %{h}', address['hint'])

    def test_record(self):
        done = self.spf('--for', 'one.test', '--record', 'v=spf1 include:pass.test -all')
        self.assertEqual(done.returncode, 0)

    def test_refused(self):
        for domain, reason in (('a@pass.test', "'a@pass.test' is not a domain"), ('', "'' is not a domain")):
            for mode in [], ['--offline']:
                done = self.spf('--for', domain, *mode)
                self.assertEqual(done.returncode, 2)
                self.assertIn(reason, done.stderr)


class NoAddresses(SpfCase):
    OPTIONS = {}

    def test_refused(self):
        for mode in [], ['--offline']:
            done = self.spf('--for', 'pass.test', *mode)
            self.assertEqual((done.returncode, done.stdout), (3, ''))
            self.assertIn('outbound-addresses is empty', done.stderr)


class Terminal(SpfCase):
    """The same on a terminal: characters, colours and width."""

    def show(self, *arguments, columns=80, **environment):
        """-> the output of srsctl spf on a pseudo-terminal."""
        inherited = {name: value for name, value in os.environ.items()
                     if name not in ('LANG', 'NO_COLOR', 'TERM') and not name.startswith('LC_')}
        command = [reachable_binary('srsctl'), '-f', self.daemon.config, 'spf', *arguments]
        parent, child = pty.openpty()
        ioctl(child, termios.TIOCSWINSZ, struct.pack('HHHH', 25, columns, 0, 0))
        pid = os.posix_spawn(command[0], command, {**inherited, **environment}, file_actions=[
            (os.POSIX_SPAWN_DUP2, child, 1), (os.POSIX_SPAWN_CLOSE, parent)])
        os.close(child)
        output = b''
        while select.select([parent], [], [], WAIT)[0]:
            try:
                piece = os.read(parent, 65536)
            except OSError:     # EIO: no process has the terminal open
                break
            if not piece:
                break
            output += piece
        os.close(parent)
        os.waitpid(pid, 0)
        return output.decode().replace('\r\n', '\n')

    def test_unicode(self):
        text = self.show(CLIENT, 'outer.test', LC_ALL='C.UTF-8', TERM='dumb')
        self.assertIn('\n  \u251c\u2500 a:h.test: no match  [lookup 1]\n', text)
        self.assertIn('\n  \u2502  \u2514\u2500 redirect=target.test: followed  [lookups 4-5]\n',
                      text)
        self.assertIn('\n  \u2514\u2500 ~all: match, softfail  \u2190 decides\n', text)

    def test_ascii(self):
        for environment in {}, {'LC_ALL': 'C'}, {'LANG': 'C.UTF-8', 'LC_CTYPE': 'POSIX'}, {
                'LC_ALL': 'none_NONE.UTF-8'}:
            text = self.show(CLIENT, 'outer.test', TERM='dumb', **environment)
            self.assertIn('\n  `- ~all: match, softfail  <- decides\n', text)

    def test_colours(self):
        rows = (({'TERM': 'xterm'}, True), ({'TERM': 'xterm', 'NO_COLOR': ''}, True),
                ({'TERM': 'xterm', 'NO_COLOR': '1'}, False), ({'TERM': 'dumb'}, False), ({}, False))
        for environment, coloured in rows:
            with self.subTest(environment):
                text = self.show(CLIENT, 'pass.test', LC_ALL='C.UTF-8', **environment)
                self.assertEqual('\x1b' in text, coloured)
                plain = re.sub('\x1b\\[[0-9;]*m', '', text)
                self.assertIn('mailfrom pass.test: pass by ip4:192.0.2.0/24\n', plain)
                self.assertNotIn('\x1b', plain)

    def test_width(self):
        for columns in 40, 80, 120:
            text = self.show(CLIENT, 'long.test', columns=columns, LC_ALL='C.UTF-8')
            self.assertLessEqual(max(map(len, text.splitlines())), columns)
            self.assertIn('ip4:198.51.100.121', text)

    def test_hostile(self):
        text = self.show(CLIENT, 'odd.test', LC_ALL='C.UTF-8', TERM='xterm')
        self.assertNotIn('\x1b[2J', text)
        self.assertIn('permerror', text)


if __name__ == '__main__':
    tap.main()
