#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl and the control socket: srsctl spf through the daemon and without it."""

import json
import os
import socket
import stat
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.daemon import Daemon, is_root, run
from harness.dns_server import SERVFAIL, SILENT, DnsServer

CLIENT = '192.0.2.1'

ZONE = {
    'pass.test': {'TXT': ['v=spf1 a -all'], 'A': [CLIENT]},
    'fail.test': {'TXT': ['other words', 'v=spf1 a:h1.test include:inner.test -all exp=why.test']},
    'inner.test': {'TXT': ['v=spf1 mx ?all'], 'MX': [(10, 'h1.test'), (20, 'h2.test')]},
    'h1.test': {'A': ['198.51.100.1']},
    'h2.test': {'A': ['198.51.100.2']},
    'why.test': {'TXT': ['%{i} is not ours']},
    'redirect.test': {'TXT': ['v=spf1 redirect=pass.test']},
    'zero.test': {'TXT': ['v=spf1 ip4:0.0.0.0/0 -all']},
    'odd.test': {'TXT': [b'v=spf1 a:\xff\x1b[2J.test -all']},
    'broken.test': SERVFAIL,
    'half.test': {'TXT': ['v=spf1 a:silent.test -all']},
    'silent.test': SILENT,
    'mx.pass.test': {'TXT': ['v=spf1 ip4:192.0.2.0/24 -all']},
}


def srsctl(*arguments, **options):
    return run(*arguments, program='srsctl', **options)


def outcomes(identity):
    """The walk as text: 'depth domain term: outcome'."""
    return ['%(depth)d %(domain)s %(term)s: %(outcome)s' % term for term in identity['terms']]


class Base(unittest.TestCase):
    """One daemon with a control socket for all cases of a class."""
    SPF = {'lookup-time': 1}

    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer(ZONE).start()
        cls.daemon = Daemon(spf=cls.SPF, dns=cls.dns)
        cls.socket = cls.daemon.enable_control()
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)
        cls.dns.stop()

    def spf(self, *arguments, status=0):
        """-> the report; the daemon's unless --offline is among the arguments."""
        done = srsctl('-f', self.daemon.config, 'spf', '--json', *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stderr if status == 0 else '', '')
        return json.loads(done.stdout)

    def identity(self, *arguments):
        report = self.spf(*arguments)
        self.assertEqual(len(report['identities']), 1)
        return report['identities'][0]

    def talk(self, data):
        """Bytes to the control socket, until it closes -> the lines of its answer."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.socket)
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            with sock.makefile() as lines:
                return [json.loads(line) for line in lines]


class Spf(Base):
    def test_pass(self):
        got = self.identity(CLIENT, 'jane@pass.test')
        self.assertEqual(got['identity'], 'mailfrom')
        self.assertEqual(got['domain'], 'pass.test')
        self.assertEqual(got['result'], 'pass')
        self.assertEqual(got['mechanism'], 'a')
        self.assertEqual((got['lookups'], got['lookup_limit']), (1, 10))
        self.assertEqual((got['voids'], got['void_limit']), (0, 2))
        self.assertNotIn('libspf2', got)

    def test_terms_in_order(self):
        got = self.identity(CLIENT, 'jane@fail.test')
        self.assertEqual(outcomes(got), [
            '0 fail.test : found',
            '0 fail.test a:h1.test: no match',
            '0 fail.test include:inner.test: no match',
            '1 inner.test : found',
            '1 inner.test mx: no match',
            '1 inner.test ?all: match',
            '0 fail.test -all: match'])

    def test_answers(self):
        terms = self.identity(CLIENT, 'jane@fail.test')['terms']
        self.assertEqual([q['name'] for q in terms[4]['dns']],
                         ['inner.test', 'h1.test', 'h2.test'])
        self.assertEqual([q['type'] for q in terms[4]['dns']], ['MX', 'A', 'A'])
        self.assertEqual(terms[4]['dns'][0]['records'], ['h1.test', 'h2.test'])
        self.assertEqual(terms[0]['dns'][0]['records'][0], 'other words')
        question = terms[1]['dns'][0]
        self.assertEqual(question['records'], ['198.51.100.1'])
        self.assertEqual(question['status'], 'found')
        self.assertGreaterEqual(question['answered_ms'], question['asked_ms'])

    def test_second_time_from_the_cache(self):
        self.identity(CLIENT, 'jane@redirect.test')
        asked = len(self.dns.seen())
        got = self.identity(CLIENT, 'jane@redirect.test')
        self.assertEqual(len(self.dns.seen()), asked)
        self.assertTrue(all(q['cached'] for term in got['terms'] for q in term['dns']))
        self.assertEqual(outcomes(got), [
            '0 redirect.test : found', '0 redirect.test redirect=pass.test: followed',
            '0 pass.test : found', '0 pass.test a: match'])

    def test_helo_too(self):
        report = self.spf(CLIENT, 'jane@fail.test', 'mx.pass.test')
        self.assertEqual([i['identity'] for i in report['identities']], ['helo', 'mailfrom'])
        self.assertEqual([i['result'] for i in report['identities']], ['pass', 'fail'])
        self.assertEqual(report['ip'], CLIENT)
        self.assertEqual(report['sender'], 'jane@fail.test')

    def test_null_sender(self):
        for sender in '', '<>':
            got = self.identity(CLIENT, sender, 'mx.pass.test')
            self.assertEqual((got['identity'], got['result']), ('helo', 'pass'))

    def test_domain_alone(self):
        self.assertEqual(self.identity(CLIENT, 'fail.test')['result'], 'fail')

    def test_no_record(self):
        got = self.identity(CLIENT, 'jane@missing.test')
        self.assertEqual(got['result'], 'none')
        self.assertEqual(outcomes(got), ['0 missing.test : void'])

    def test_dns_error(self):
        got = self.identity(CLIENT, 'jane@broken.test')
        self.assertEqual((got['result'], got['problem']), ('temperror', 'DNS error'))
        self.assertEqual(outcomes(got), ['0 broken.test : error'])

    def test_what_it_waited_for(self):
        got = self.identity(CLIENT, 'jane@half.test')
        self.assertEqual(got['result'], 'temperror')
        self.assertEqual(outcomes(got)[1], '0 half.test a:silent.test: waiting')
        self.assertEqual(got['terms'][1]['dns'][0]['status'], 'waiting')

    def test_hostile_text(self):
        done = srsctl('-f', self.daemon.config, 'spf', CLIENT, 'jane@odd.test')
        self.assertEqual(done.returncode, 0)
        self.assertTrue(all(c == '\n' or ' ' <= c <= '~' for c in done.stdout), done.stdout)
        self.assertEqual(self.identity(CLIENT, 'jane@odd.test')['result'], 'permerror')

    def test_text(self):
        done = srsctl('-f', self.daemon.config, 'spf', CLIENT, 'jane@fail.test')
        self.assertEqual(done.returncode, 0)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], 'mailfrom fail.test: fail by -all')
        self.assertRegex(lines[1], r'^  lookups 3 of 10, void 0 of 2, \d+ ms, dnssec insecure$')
        self.assertEqual(lines[2], '  record of fail.test: found')
        self.assertIn('    a:h1.test: no match', lines)
        self.assertRegex(done.stdout, r'TXT fail\.test "other words", "v=spf1 a:h1\.test')
        self.assertRegex(done.stdout, r'MX inner\.test h1\.test, h2\.test  \(')
        self.assertIn('      record of inner.test: found', lines)

    def test_offline(self):
        asked = len(self.dns.seen(name='zero.test'))
        got = self.identity('--offline', CLIENT, 'jane@zero.test')
        self.assertEqual(got['result'], 'pass')
        self.assertGreater(len(self.dns.seen(name='zero.test')), asked)
        self.assertFalse(any(q['cached'] for term in got['terms'] for q in term['dns']))

    def test_without_a_daemon(self):
        done = srsctl('-f', self.daemon.config, '-s', self.daemon.path('nobody-there'),
                      'spf', CLIENT, 'jane@zero.test')
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r'nobody-there: no daemon there: No such file')
        self.assertTrue(done.stdout.startswith('mailfrom zero.test: pass by ip4:0.0.0.0/0\n'))


class Explanation(Base):
    SPF = {'use-exp': True}

    def test_explanation(self):
        got = self.identity(CLIENT, 'jane@fail.test')
        self.assertEqual(got['explanation'], CLIENT + ' is not ours')
        done = srsctl('-f', self.daemon.config, 'spf', CLIENT, 'jane@fail.test')
        self.assertIn('  explanation: %s is not ours\n' % CLIENT, done.stdout)


class Engines(Base):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        done = srsctl('-f', cls.daemon.config, 'spf', '--engine', 'both', CLIENT, 'pass.test')
        cls.built = 'built without libspf2' not in done.stderr

    def setUp(self):
        if not self.built:
            self.skipTest('built without libspf2')

    def test_both_agree(self):
        got = self.identity('--engine', 'both', CLIENT, 'jane@fail.test')
        self.assertEqual((got['native'], got['libspf2']), ('fail', 'fail'))
        self.assertTrue(got['engines_agree'])
        self.assertEqual(got['mechanism'], '-all')

    def test_both_differ(self):
        got = self.identity('--engine', 'both', CLIENT, 'jane@zero.test')
        self.assertEqual((got['native'], got['libspf2']), ('pass', 'permerror'))
        self.assertEqual(got['result'], 'pass')
        self.assertFalse(got['engines_agree'])
        done = srsctl('-f', self.daemon.config, 'spf', '--engine=both', CLIENT, 'zero.test')
        self.assertIn('  native pass, libspf2 permerror: they differ\n', done.stdout)

    def test_libspf2(self):
        self.assertEqual(self.identity('--engine', 'libspf2', CLIENT, 'zero.test')['result'],
                         'permerror')
        self.assertEqual(
            self.identity('--offline', '--engine', 'libspf2', CLIENT, 'zero.test')['result'],
            'permerror')

    def test_native(self):
        got = self.identity('--engine', 'native', CLIENT, 'zero.test')
        self.assertEqual(got['result'], 'pass')
        self.assertNotIn('libspf2', got)


class BadArguments(Base):
    def test_usage(self):
        rows = [(), ('spf',), ('spf', CLIENT), ('spf', CLIENT, 'a', 'b', 'c'), ('nonsense',),
                ('spf', '--nonsense', CLIENT, 'a@b.test'), ('-x', 'spf', CLIENT, 'a@b.test')]
        for row in rows:
            with self.subTest(' '.join(row)):
                done = srsctl(*row)
                self.assertEqual(done.returncode, 2)
                self.assertIn('usage: srsctl', done.stderr)

    def test_refused(self):
        rows = [(('nonsense', 'a@b.test'), 'ip: not an'), ((CLIENT, ''), 'a null sender'),
                (('--engine', 'best', CLIENT, 'a@b.test'), 'engine: ')]
        for arguments, reason in rows:
            for mode in [], ['--offline']:
                with self.subTest(reason, mode=mode):
                    done = srsctl('-f', self.daemon.config, 'spf', *mode, *arguments)
                    self.assertEqual(done.returncode, 2)
                    self.assertIn(reason, done.stderr)
                    self.assertEqual(done.stdout, '')

    def test_not_utf8(self):
        done = srsctl('-f', self.daemon.config, 'spf', CLIENT, b'\xff@b.test')
        self.assertEqual(done.returncode, 2)
        self.assertIn('not UTF-8', done.stderr)

    def test_missing_file(self):
        done = srsctl('-f', self.daemon.path('missing'), 'spf', CLIENT, 'a@b.test')
        self.assertEqual(done.returncode, 1)
        self.assertIn('missing', done.stderr)

    def test_version(self):
        self.assertRegex(srsctl('-V').stdout, r'^srsctl \d')


class Socket(Base):
    def test_mode_and_owner(self):
        status = os.stat(self.socket)
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o600)

    def test_not_json(self):
        rows = [b'\n', b'spf\n', b'[]\n', b'{"command": "spf"\n', b'{"command": 7}\n', b'{}\n',
                b'{"command": "halt"}\n', b'{"command": "spf", "command": "spf"}\n',
                b'{"command": "\xff"}\n', b'[' * 5000 + b'\n', b'{"command": "spf"}\n',
                b'{"command": "spf", "ip": ["192.0.2.1"], "sender": {}}\n']
        for row in rows:
            with self.subTest(repr(row[:40])):
                answers = self.talk(row)
                self.assertEqual(len(answers), 1)
                self.assertEqual(list(answers[0]), ['error'])

    def test_several_in_one_packet(self):
        line = json.dumps({'command': 'spf', 'ip': CLIENT, 'sender': 'a@fail.test'}) + '\n'
        self.identity(CLIENT, 'a@fail.test')    # now all is in the cache
        answers = self.talk((line + '{}\n' + line).encode())
        self.assertEqual(['error' in a for a in answers], [False, True, False])

    def test_line_without_end(self):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.socket)
            try:
                sock.sendall(b'x' * 500000)
            except (BrokenPipeError, ConnectionResetError):
                pass
            try:
                while sock.recv(65536):
                    pass
            except ConnectionResetError:
                pass
        self.assertEqual(self.identity(CLIENT, 'a@pass.test')['result'], 'pass')

    def test_client_that_leaves(self):
        line = json.dumps({'command': 'spf', 'ip': CLIENT, 'sender': 'a@half.test'}) + '\n'
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.socket)
            sock.sendall(line.encode())
        self.assertEqual(self.identity(CLIENT, 'a@pass.test')['result'], 'pass')


class Place(unittest.TestCase):
    def test_folder_is_made(self):
        daemon = Daemon(as_root=True)
        base = daemon.folder.subfolder('run', daemon.user)
        daemon.options['control'] = 'unix:%s/srsd/control' % base
        with daemon:
            self.assertTrue(stat.S_ISSOCK(os.stat(base + '/srsd/control').st_mode))
            if is_root():
                self.assertNotEqual(os.stat(base + '/srsd/control').st_uid, 0)
            done = srsctl('-f', daemon.config, 'spf', '192.0.2.1', '[]', user=not is_root())
            self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_no_place(self):
        daemon = Daemon({'control': 'unix:/proc/nowhere/control'})
        with daemon:
            daemon.wait_log(r'control: unix:/proc/nowhere/control: srsctl will not reach')

    def test_others_cannot_connect(self):
        if not is_root():
            self.skipTest('needs root')
        daemon = Daemon(as_root=True)
        base = daemon.folder.subfolder('run')
        daemon.options['control'] = 'unix:%s/control' % base
        daemon.options['unprivileged-user'] = 'daemon'
        with daemon:
            done = srsctl('-s', base + '/control', 'spf', '192.0.2.1', '[]')
            self.assertIn('no daemon there: Permission denied', done.stderr)

    def test_bad_values(self):
        daemon = Daemon()
        daemon.command()
        self.addCleanup(daemon.folder.remove)
        for value in 'inet:127.0.0.1:1', 'unix:relative', '', '/run/x', 'unix:/' + 'x' * 200:
            with self.subTest(value):
                done = run('-n', '-f', daemon.config, '-o', 'control=' + value)
                self.assertEqual(done.returncode, 1)
                self.assertIn('control', done.stderr)


if __name__ == '__main__':
    tap.main()
