#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl and the control socket: srsctl spf through the daemon and without it."""

import http.client
import json
import os
import re
import signal
import socket
import stat
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.clients import MapClient
from harness.ctl import assert_wrong_usage
from harness.daemon import SECRET, TOP, Daemon, Folder, free_port, is_root, run
from harness.dns_server import SERVFAIL, SILENT, DnsServer
from harness.milter import Milter

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
    'near.test': {'TXT': ['other words', b'v=spf1\xc2\xa0-all']},
    'joined.test': {'TXT': [('v=spf1', 'ip4:192.0.2.1 -all')]},
    'mx.pass.test': {'TXT': ['v=spf1 ip4:192.0.2.0/24 -all']},
}


def srsctl(*arguments, **options):
    return run(*arguments, program='srsctl', **options)


def expected_status(report):
    """The exit status that belongs to a report: the sender decides, else the HELO name."""
    return {'pass': 0, 'temperror': 3}.get(report['identities'][-1]['result'], 1)


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

    def spf(self, *arguments):
        """-> the report; the daemon's unless --offline is among the arguments."""
        done = srsctl('-f', self.daemon.config, 'spf', '--json', *arguments)
        self.assertEqual(done.stderr, '')
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, expected_status(report))
        return report

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
        self.assertEqual((got['result'], got['problem']),
                         ('temperror', 'SERVFAIL for the TXT records of broken.test'))
        self.assertEqual(outcomes(got), ['0 broken.test : error'])

    def test_what_it_waited_for(self):
        got = self.identity(CLIENT, 'jane@half.test')
        self.assertEqual(got['result'], 'temperror')
        self.assertEqual(outcomes(got)[1], '0 half.test a:silent.test: temperror')
        self.assertEqual(got['terms'][1]['dns'][0]['status'], 'waiting')

    def test_hostile_text(self):
        done = srsctl('-f', self.daemon.config, 'spf', CLIENT, 'jane@odd.test')
        self.assertEqual(done.returncode, 1)
        self.assertTrue(all(c == '\n' or ' ' <= c <= '~' for c in done.stdout), done.stdout)
        self.assertEqual(self.identity(CLIENT, 'jane@odd.test')['result'], 'permerror')

    def test_text(self):
        done = srsctl('-f', self.daemon.config, 'spf', CLIENT, 'jane@fail.test')
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], 'mailfrom fail.test: fail by -all')
        self.assertRegex(lines[1], r'^  lookups 3 of 10, void 0 of 2, \d+ ms, dnssec insecure$')
        self.assertEqual(lines[2], '  record of fail.test: found')
        self.assertIn('  |- a:h1.test: no match  [lookup 1]', lines)
        self.assertRegex(lines[3], r'  \|  TXT fail\.test "v=spf1 a:h1\.test .*" '
                         r'and 1 other text  \(')
        self.assertRegex(done.stdout, r'MX inner\.test h1\.test, h2\.test  \(')
        self.assertIn('  `- -all: match, fail  <- decides', lines)

    def test_near_miss(self):
        """A record that was meant as an SPF record is not just reported as "none"."""
        for domain, byte in (('near.test', '7 is 0xC2 0xA0 (no-break space)'),
                             ('joined.test', "7 is 0x69 ('i')")):
            with self.subTest(domain):
                hint = 'looks like an SPF record, but byte %s; a blank has to follow v=spf1' % byte
                got = self.identity(CLIENT, 'jane@' + domain)
                self.assertEqual((got['result'], got['terms'][0]['hint']), ('none', hint))
                done = srsctl('-f', self.daemon.config, 'spf', CLIENT, 'jane@' + domain)
                self.assertIn('\n     hint: TXT %s %s\n' % (domain, hint), done.stdout)

    def test_standard_input(self):
        rows = '%s a@pass.test\n198.51.100.9  a@fail.test\tmx.pass.test\n' % CLIENT
        for mode in [], ['--offline']:
            done = srsctl('-f', self.daemon.config, 'spf', *mode, '-', text=rows)
            self.assertEqual((done.returncode, done.stderr), (1, ''))
            self.assertEqual(done.stdout, '%s a@pass.test\tmailfrom pass by a\n'
                             '198.51.100.9 a@fail.test mx.pass.test\t'
                             'helo fail by -all, mailfrom fail by -all\n' % CLIENT)
        done = srsctl('-f', self.daemon.config, 'spf', '--json', '-', text=rows)
        self.assertEqual([json.loads(line)['identities'][0]['result']
                          for line in done.stdout.splitlines()], ['pass', 'fail'])

    def test_wrong_lines(self):
        """They are reported with their number, and the others are answered."""
        done = srsctl('-f', self.daemon.config, 'spf', '-', text='x\n\na@x.test %s\n%s a@pass.test\n'
                      '%s <>\n1 2 3 4\n' % (CLIENT, CLIENT, CLIENT))
        self.assertEqual((done.returncode, done.stdout),
                         (2, '%s a@pass.test\tmailfrom pass by a\n' % CLIENT))
        self.assertEqual(done.stderr.splitlines(), ['srsctl: ' + line for line in (
            'spf: line 1: the sender is missing',
            "client: 'a@x.test' is not an IP address; did you swap the client and the sender?",
            'spf: line 5: a null sender is checked by its HELO name, which is missing',
            'spf: line 6: there are more words than client, sender and HELO name')])

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
        self.assertRegex(done.stderr, r'^srsctl: cannot connect to the control socket '
                         r'unix:.*/nobody-there: '
                         r'No such file or directory \(is srsd running\?\)\n'
                         r'srsctl: querying the DNS directly\n')
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
        self.assertEqual((got['result'], got['mechanism'], got['problem']),
                         ('pass', 'ip4:0.0.0.0/0', ''))
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
                assert_wrong_usage(self, srsctl(*row))

    def test_refused(self):
        rows = [(('nonsense', 'a@b.test'), "client: 'nonsense' is not an IP"),
                (('a@b.test', CLIENT), 'did you swap'), ((CLIENT, ''), 'a null sender'),
                ((CLIENT, '<>'), 'a null sender'), ((CLIENT, 'alice@'), "sender: 'alice@' is neither"),
                ((CLIENT, 'a@b.test', 'a@b.test'), "helo: 'a@b.test' is not a host name"),
                (('--engine', 'best', CLIENT, 'a@b.test'), "--engine: 'best' is not accepted")]
        for arguments, reason in rows:
            for mode in [], ['--offline']:
                with self.subTest(reason, mode=mode):
                    done = srsctl('-f', self.daemon.config, 'spf', *mode, *arguments)
                    assert_wrong_usage(self, done)
                    self.assertIn(reason, done.stderr)

    def test_pasted(self):
        """Addresses as the logs of srsd and Postfix have them."""
        got = self.identity('mx.pass.test[%s]' % CLIENT, '<jane@fail.test>')
        self.assertEqual((got['domain'], got['result']), ('fail.test', 'fail'))

    def test_not_utf8(self):
        done = srsctl('-f', self.daemon.config, 'spf', CLIENT, b'\xff@b.test')
        self.assertEqual(done.returncode, 2)
        self.assertIn('not UTF-8', done.stderr)

    def test_missing_file(self):
        """A configuration that -f names and that cannot be read: nothing can be asked."""
        path = self.daemon.path('missing')
        for command in (('spf', CLIENT, 'a@b.test'), ('status',), ('reload',), ('secret', 'list')):
            with self.subTest(command[0]):
                done = srsctl('-f', path, *command)
                self.assertEqual((done.returncode, done.stdout), (3, ''))
                self.assertEqual(done.stderr, 'srsctl: %s: No such file or directory\n' % path)


class CommandLine(unittest.TestCase):
    """Help and versions, and that each command of the list exists."""

    def commands(self):
        """-> the names in the list of commands."""
        text = srsctl('help').stdout.split('\ncommands:\n')[1].split('\n\n')[0]
        return re.findall('(?m)^  ([a-z]+(?: [a-z]+)?)  ', text)

    def test_help(self):
        texts = set()
        for arguments in ('--help',), ('-h',), ('help',), ('help', '--help'):
            done = srsctl(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            texts.add(done.stdout)
        self.assertEqual(len(texts), 1)
        text = texts.pop()
        self.assertTrue(text.startswith('usage: srsctl '))
        self.assertTrue(text.endswith('\nsee srsctl(8)\n'))
        self.assertIn('\n  status            print the state of the daemon\n', text)

    def test_help_of_each(self):
        for name in self.commands():
            with self.subTest(name):
                done = srsctl('help', *name.split())
                self.assertEqual((done.returncode, done.stderr), (0, ''))
                self.assertEqual(srsctl(*name.split(), '--help').stdout, done.stdout)
                if name != 'help':
                    self.assertTrue(done.stdout.startswith('usage: srsctl %s' % name))

    def test_each_runs(self):
        """No command of the list is missing in the program."""
        arguments = {'explain': ['--message', '/dev/null'], 'forward': ['a@b.test'],
                     'reverse': ['a@b.test'], 'secret promote': ['0'], 'secret retire': ['0'],
                     'spf': ['--timeout', '1', '192.0.2.1', '[]'], 'store get': ['A' * 32],
                     'store import': ['/nowhere'], 'check': ['--postfix', '/nowhere']}
        folder = Folder()
        self.addCleanup(folder.remove)
        config = folder.file('srsd.conf', 'srs-domain = "srs.test"\ncontrol = "none"\n'
                             'secrets-file = "/nowhere/secret"\n')
        for name in self.commands():
            with self.subTest(name):
                done = srsctl('-f', config, *name.split(), *arguments.get(name, ()))
                self.assertIn(done.returncode, (0, 1, 2, 3))
                self.assertNotIn('Sanitizer', done.stderr)

    def test_version(self):
        for option in '-V', '--version':
            self.assertRegex(srsctl(option).stdout, r'\Asrsctl \d[^\n]*\n\Z')

    def test_wrong_word_is_quoted(self):
        for arguments, error in ((['staus'], "unknown command 'staus'; did you mean status?"),
                                 (['status', '--jsn'],
                                  "status: unknown option '--jsn'; did you mean --json?"),
                                 (['\x1b[2J'], "unknown command '?[2J'; see srsctl help")):
            done = srsctl(*arguments)
            assert_wrong_usage(self, done)
            self.assertEqual(done.stderr, 'srsctl: %s\n' % error)


class Output(Base):
    """Output that cannot be written is an error of every command, and ends those that go on."""

    def assert_fails(self, *arguments, text='', error='No space left on device',
                     output='>/dev/full'):
        done = srsctl('-f', self.daemon.config, *arguments, text=text,
                      prefix=('sh', '-c', 'exec "$@" ' + output, 'sh'))
        self.assertEqual((done.returncode, done.stderr), (
            3, 'srsctl: cannot write standard output: %s\n' % error))

    def test_full_disk(self):
        with MapClient(self.daemon.addresses['forward']) as client:
            client.get('alice@origin.test')
        for arguments in (['help'], ['--version'], ['status'], ['status', '--json'], ['recent'],
                          ['recent', '--follow'], ['top', '--once'], ['forward', 'a@b.test'],
                          ['spf', '--json', '192.0.2.1', 'pass.test']):
            with self.subTest(' '.join(arguments)):
                self.assert_fails(*arguments)

    def test_many_lines(self):
        self.assert_fails('forward', '-', text='a@b.test\n' * 3)
        self.assert_fails('spf', '-', text='192.0.2.1 pass.test\n' * 3)

    def test_import(self):
        """A configuration that is cut off may be accepted, and mean something else."""
        folder = Folder()
        self.addCleanup(folder.remove)
        self.assert_fails('import', '--as', 'postsrsd', '--postfix', '/nowhere',
                          folder.file('postsrsd', 'SRS_DOMAIN=srs.test\n'))

    def test_closed(self):
        self.assert_fails('status', error='Bad file descriptor', output='>&-')


class Lookups(Base):
    def run_one(self, *arguments, **options):
        return srsctl('-f', self.daemon.config, *arguments, **options)

    def test_round_trip(self):
        done = self.run_one('forward', 'alice@origin.test')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertRegex(done.stdout, r'^SRS0=\S+@srs\.test\n$')
        back = self.run_one('reverse', done.stdout.strip())
        self.assertRegex(back.stdout, r'^alice@origin\.test  signed with [0-9a-f]{12}\n$')
        self.assertEqual(back.returncode, 0)

    def test_json(self):
        done = self.run_one('--json', 'forward', 'alice@origin.test')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        report = json.loads(done.stdout)
        self.assertEqual(sorted(report), ['address', 'query'])
        self.assertEqual(report['query'], 'alice@origin.test')
        done = self.run_one('reverse', '--json', 'a@x.test')
        self.assertEqual((done.returncode, json.loads(done.stdout)),
                         (1, {'reason': 'not an SRS address', 'query': 'a@x.test'}))

    def test_standard_input(self):
        done = self.run_one('forward', '-', text='a@x.test\r\n\n \n\t <b@y.test>\na@srs.test \nc@z.test')
        self.assertEqual((done.returncode, done.stderr), (1, ''))
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r'^a@x\.test\tSRS0=\S+=x\.test=a@srs\.test$')
        self.assertEqual(lines[2], 'a@srs.test\tnot rewritten: local domain')
        self.assertEqual(len(lines), 4)
        made = ''.join(line.split('\t')[1] + '\n' for line in lines if 'SRS0' in line)
        done = self.run_one('reverse', '--json', '-', text=made)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual([json.loads(line)['address'] for line in done.stdout.splitlines()],
                         ['a@x.test', 'b@y.test', 'c@z.test'])
        self.assertEqual(self.run_one('reverse', '-', text='').returncode, 0)

    def test_standard_input_without_a_daemon(self):
        """The first failure ends the command."""
        done = self.run_one('-s', self.daemon.path('nobody-there'), 'forward', '-',
                            text='a@x.test\nb@x.test\n')
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertEqual(done.stderr.count('cannot connect'), 1)

    def test_separated(self):
        """Forward, reverse and the count of each secret with hash-format separated."""
        daemon = Daemon({'hash-format': 'separated'})
        daemon.enable_control()
        with daemon:
            made = srsctl('-f', daemon.config, 'forward', 'alice@origin.test').stdout.strip()
            self.assertRegex(made, r'^SRS0=[A-Za-z0-9]{4}=..=origin\.test=alice@srs\.test$')
            with daemon.reverse_client() as reverse:
                reverse.address(made)
            back = srsctl('-f', daemon.config, 'reverse', made)
            self.assertRegex(back.stdout, r'^alice@origin\.test  signed with [0-9a-f]{12}\n$')
            old = self.run_one('forward', 'alice@origin.test').stdout.strip()
            self.assertRegex(srsctl('-f', daemon.config, 'reverse', old).stdout,
                             '^not rewritten: bad hash\n')
            self.assertRegex(self.run_one('reverse', made).stdout, '^not rewritten: bad hash\n')
            listed = srsctl('-f', daemon.config, 'secret', 'list')
            self.assertRegex(listed.stdout, r'^1 [0-9a-f]{12} since - signs verified 1\n$')

    def test_reasons(self):
        rows = [('forward', 'a@srs.test', 'local domain'), ('forward', '', 'null sender'),
                ('reverse', 'a@x.test', 'not an SRS address'),
                ('reverse', 'SRS0=aaaa=AA=x.test=y@srs.test', 'bad hash'),
                ('reverse', 'SRS0=aaaa=AA=x.test=y@other.test', 'not an SRS address: its domain is '
                 'not an SRS domain of ours; see reverse-domains and per-domain-accept')]
        for command, address, reason in rows:
            with self.subTest(reason):
                done = self.run_one(command, address)
                self.assertEqual((done.returncode, done.stdout.splitlines()[0]),
                                 (1, 'not rewritten: %s' % reason))

    def test_usage(self):
        for arguments in ('forward',), ('reverse', 'a', 'b'), ('status', 'x'), ('reload', 'x'):
            with self.subTest(' '.join(arguments)):
                assert_wrong_usage(self, self.run_one(*arguments))

    def test_hostile_address(self):
        done = self.run_one('forward', '"a\\\n\x1b[2J"@origin.test')
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertIn("address: '\"a\\??[2J\"@origin.test' is neither", done.stderr)


class Status(Base):
    def setUp(self):
        with self.daemon.forward_client() as client:
            self.address = client.address('alice@origin.test')
        with self.daemon.reverse_client() as client:
            client.get(self.address)
            client.get('SRS0=aaaa=AA=x.test=y@srs.test')
        with self.daemon.policy_client() as client:
            client.ask(sender='a@fail.test')
            client.ask(sasl_username='jane')

    def status(self):
        done = srsctl('-f', self.daemon.config, 'status', '--json')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return json.loads(done.stdout)

    def test_counts(self):
        before = self.status()
        self.setUp()
        after = self.status()
        rows = [('lookups', 'forward', 'rewritten'), ('lookups', 'reverse', 'rewritten'),
                ('lookups', 'reverse', 'bad-hash'), ('policy', 'reject'), ('policy', 'dunno'),
                ('spf', 'mailfrom', 'fail'), ('secrets', 0, 'verified')]
        for row in rows:
            with self.subTest(str(row)):
                a, b = before, after
                for key in row:
                    a, b = a[key], b[key]
                self.assertEqual(b - a, 1)

    def test_listeners(self):
        listeners = self.status()['listeners']
        self.assertEqual(listeners['forward'],
                         ['inet:127.0.0.1:%d' % self.daemon.ports['forward']])
        self.assertEqual(listeners['control'], ['unix:' + self.socket])

    def test_settings(self):
        """An object with the options that srsd -nv prints, and the same values."""
        settings = self.status()['settings']
        done = run('-n', '-v', '-f', self.daemon.config)
        top, spf = done.stdout.split('\nspf {\n')
        for text, values in ((top, settings), (spf, settings['spf'])):
            rows = dict(re.findall(r'(?m)^\t?([a-z0-9-]+) = (.*)$', text))
            self.assertEqual(set(values) - {'spf', 'spf-sections'}, set(rows))
            for name, row in rows.items():
                self.assertEqual(values[name], json.loads(re.sub(r'^\{(.*)\}$', r'[\1]', row)), name)
        self.assertEqual(settings['spf-sections'], [])

    def test_processes(self):
        status = self.status()
        self.assertEqual(status['monitor_pid'], self.daemon.process.pid)
        self.assertNotEqual(status['pid'], status['monitor_pid'])
        self.assertEqual(status['inactive'], [])
        self.assertIsNone(status['reload'])

    def test_no_secret_in_it(self):
        self.assertNotIn(SECRET, json.dumps(self.status()))

    def test_text(self):
        done = srsctl('-f', self.daemon.config, 'status')
        self.assertRegex(done.stdout, r'^srsd \S+, up \d+ (s|min), 0 engine restarts\n'
                         r'processes   monitor pid \d+, engine pid \d+\n'
                         r'config      %s\nlog         standard error\n'
                         r'srs-domain ' % re.escape(self.daemon.config))
        self.assertIn('srs-domain  srs.test, 1 own domain\n', done.stdout)


class Numbers(unittest.TestCase):
    """A daemon that has had one lookup, from a client that is still connected."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon({'domains': ['our.test']})
        cls.daemon.enable_control()
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.__exit__, None)
        client = cls.daemon.forward_client()
        cls.addClassCleanup(client.close)
        client.address('alice@origin.test')

    def status(self, *arguments):
        done = srsctl('-f', self.daemon.config, 'status', *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def test_json(self):
        status = json.loads(self.status('--json'))
        self.assertEqual(status['connections'], {
            'forward': 1, 'reverse': 0, 'policy': 0, 'socketmap': 0, 'milter': 0, 'control': 1,
            'metrics': 0})
        self.assertEqual(status['lookups'], {'forward': {'rewritten': 1}, 'reverse': {'rewritten': 0}})

    def test_text(self):
        """Without the numbers that are 0."""
        lines = self.status().splitlines()
        for line in ('connections forward 1, control 1', 'forward map rewritten 1',
                     'reverse map none yet', 'policy      none yet', 'spf helo    none yet',
                     'checks      0 waiting for the DNS, with 0 queries'):
            self.assertIn(line, lines)


class Inactive(unittest.TestCase):
    """Options that disable a part of the work."""

    def test_status(self):
        daemon = Daemon({'milter': ['inet:127.0.0.1:%d' % free_port()], 'milter-test-only': True},
                        spf={'test-only': True, 'helo-reject': 'no-check',
                             'mail-from-reject': 'no-check'})
        daemon.enable_control()
        with daemon:
            done = srsctl('-f', daemon.config, 'status')
            self.assertIn('\ninactive    SPF refuses nothing (spf test-only)\n'
                          '            HELO is not checked (spf helo-reject = no-check)\n'
                          '            MAIL FROM is not checked (spf mail-from-reject = no-check)\n'
                          '            the milter changes nothing (milter-test-only)\n', done.stdout)


    def test_refuses_nothing(self):
        daemon = Daemon(spf={'helo-reject': 'false', 'mail-from-reject': 'false'})
        daemon.enable_control()
        with daemon:
            done = srsctl('-f', daemon.config, 'status')
        self.assertIn('\ninactive    SPF refuses nothing (spf helo-reject and mail-from-reject)\n',
                      done.stdout)


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.daemon = Daemon({'metrics': 'inet:127.0.0.1:%d' % cls.port}).start()
        cls.addClassCleanup(cls.daemon.__exit__, None)

    def get(self, path='/metrics', **headers):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request('GET', path, headers=headers)
        return connection.getresponse()

    def page(self, **headers):
        return self.get(**headers).read().decode('ascii')

    def test_counts(self):
        before = self.page()
        with self.daemon.forward_client() as client:
            client.get('alice@origin.test')
            after = self.page()
        name = 'srsd_lookups_total{map="forward",result="rewritten"} '
        value = [int(page.partition(name)[2].split('\n')[0]) for page in (before, after)]
        self.assertEqual(value[1] - value[0], 1)
        self.assertIn('\nsrsd_connections{service="forward"} 1\n', after)

    def wait_page(self, *texts):
        """The engine is notified of a refusal after it has been logged."""
        deadline = time.monotonic() + 60
        while not all(text in self.page() for text in texts):
            self.assertLess(time.monotonic(), deadline, self.page())

    def test_limit_and_refused_reload(self):
        self.assertIn('\nsrsd_connection_limit 1000\n', self.page())
        good = dict(self.daemon.options)
        for options, limit, refused in (({**good, 'max-age': 'x'}, 1000, 1),
                                        ({**good, 'connection-limit': 7}, 7, 0), (good, 1000, 0)):
            mark = self.daemon.log_mark()
            self.daemon.options = options
            self.daemon.write_config()
            self.daemon.signal(signal.SIGHUP)
            self.daemon.wait_log(r' reloaded | reload refused', mark)
            self.wait_page('\nsrsd_connection_limit %d\n' % limit,
                           '\nsrsd_reload_refused %d\n' % refused)

    def test_form(self):
        """Each sample belongs to the family before it, which has a type and a help text."""
        for accept, total in ('text/plain', '_total'), ('application/openmetrics-text', ''):
            with self.subTest(accept):
                response = self.get(Accept=accept)
                self.assertTrue(response.headers['Content-Type'].startswith(accept))
                lines = response.read().decode('ascii').split('\n')
                self.assertEqual(lines.pop(), '')
                if not total:
                    self.assertEqual(lines.pop(), '# EOF')
                self.check_lines(lines, total)

    def test_bytes_behind_the_headers(self):
        """They are no header, whatever they say."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=60) as client:
            client.sendall(b'GET /metrics HTTP/1.1\r\n\r\nAccept: application/openmetrics-text\r\n')
            with client.makefile('rb') as reply:
                self.assertIn(b'\r\nContent-Type: text/plain', reply.read())

    def check_lines(self, lines, total):
        seen = set()
        for line in lines:
            if line.startswith('# HELP '):
                helped = line.split(' ')[2]
                self.assertNotIn(helped, seen)
                seen.add(helped)
            elif line.startswith('# TYPE '):
                _, _, family, kind = line.split(' ')
                self.assertEqual(family, helped)
                self.assertEqual(family.endswith('_total'), kind == 'counter' and total != '')
            else:
                name, value = re.fullmatch(
                    r'([a-z_]+)(?:\{[a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"\\]*")*\})? ([0-9.]+|NaN)',
                    line).groups()
                suffixes = {'counter': ['' if total else '_total'], 'gauge': [''],
                            'histogram': ['_bucket', '_sum', '_count']}[kind]
                self.assertIn(name, [family + suffix for suffix in suffixes])
                float(value)

    def test_manual_has_them_all(self):
        with open(os.path.join(TOP, 'srsd', 'srsd.8'), encoding='ascii') as file:
            manual = file.read()
        for family in re.findall(r'^# TYPE (\S+) ', self.page(), re.M):
            with self.subTest(family):
                self.assertIn('.It Cm %s\n' % family, manual)

    def test_health(self):
        response = self.get('/healthz')
        self.assertEqual((response.status, response.read()), (200, b'ok\n'))

    def test_other_pages(self):
        self.assertEqual(self.get('/etc/passwd').status, 404)

    def test_bad_requests(self):
        for data in b'\r\n\r\n', b'GET / HTTP/9.9\r\n\r\n', b'x' * 100000, b'POST /metrics \r\n':
            with self.subTest(repr(data[:20])):
                with socket.create_connection(('127.0.0.1', self.port), 60) as sock:
                    try:
                        sock.sendall(data)
                        sock.shutdown(socket.SHUT_WR)
                        while sock.recv(65536):
                            pass
                    except OSError:
                        pass
                self.assertEqual(self.get('/healthz').status, 200)

    def test_flood(self):
        """A client that holds all of its connections blocks no map, and srsctl only for a while."""
        held = [socket.create_connection(('127.0.0.1', self.port), 60) for _ in range(200)]
        try:
            with self.daemon.forward_client() as client:
                self.assertRegex(client.get('alice@origin.test'), '^200 ')
            status = self.daemon.descriptors()
            self.assertLess(status, 100)
        finally:
            for sock in held:
                sock.close()
        self.assertEqual(self.get('/healthz').status, 200)

    def test_methods(self):
        rows = [(b'POST /metrics HTTP/1.1\r\n\r\n', b'405'), (b'GET /metrics\r\n\r\n', b'400'),
                (b'GET  HTTP/1.1\r\n\r\n', b'404'), (b'GET / HTTP/1.0\n\n', b'404'),
                (b'GET /metrics?x=1 HTTP/1.0\n\n', b'200'), (b'\r\n\r\n', b'405'),
                (b'GET /metricsx HTTP/1.1\r\n\r\n', b'404')]
        for data, code in rows:
            with self.subTest(repr(data)):
                with socket.create_connection(('127.0.0.1', self.port), 60) as sock:
                    sock.sendall(data)
                    reply = b''.join(iter(lambda: sock.recv(65536), b''))
                self.assertEqual(reply.split(b' ')[1], code)

    def test_head(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request('HEAD', '/metrics')
        response = connection.getresponse()
        self.assertEqual((response.status, response.read()), (200, b''))

    def test_only_on_loopback(self):
        self.daemon.command()
        for value in 'inet:0.0.0.0:1', 'inet:*:1', 'inet:[::]:1', 'inet:192.0.2.1:1':
            with self.subTest(value):
                done = run('-n', '-f', self.daemon.config, '-o', 'metrics=' + value)
                self.assertEqual(done.returncode, 1)
                self.assertIn('metrics-remote', done.stderr)
                done = run('-n', '-f', self.daemon.config, '-o', 'metrics=' + value,
                           '-o', 'metrics-remote=true')
                self.assertEqual((done.returncode, done.stderr), (0, ''))


class Manual(unittest.TestCase):
    def test_names_every_command(self):
        usage = srsctl().stderr
        with open(os.path.join(TOP, 'srsd', 'srsctl.8'), encoding='ascii') as file:
            manual = file.read()
        for command in usage.partition('commands: ')[2].strip().split(', '):
            with self.subTest(command):
                if not re.search(r'(?m)^\.It (Xo )?Cm %s\b' % command, manual):
                    self.fail('srsd/srsctl.8 does not describe ' + command)


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
            done = srsctl('-f', daemon.config, 'spf', '192.0.2.1', 'a@b', user=not is_root())
            self.assertEqual((done.returncode, done.stderr), (1, ''))

    def test_no_place(self):
        daemon = Daemon({'control': 'unix:/proc/nowhere/control'})
        with daemon:
            daemon.wait_log(r'control: unix:/proc/nowhere/control: .* \(srsctl cannot connect to')

    def test_others_cannot_connect(self):
        if not is_root():
            self.skipTest('needs root')
        daemon = Daemon(as_root=True)
        base = daemon.folder.subfolder('run')
        daemon.options['control'] = 'unix:%s/control' % base
        daemon.options['unprivileged-user'] = 'daemon'
        with daemon:
            done = srsctl('-s', base + '/control', 'spf', '192.0.2.1', 'a@b')
            self.assertIn("Permission denied (only root and the daemon's user may connect)",
                          done.stderr)

    def test_bad_values(self):
        daemon = Daemon()
        daemon.command()
        self.addCleanup(daemon.folder.remove)
        for value in 'inet:127.0.0.1:1', 'unix:relative', '', '/run/x', 'unix:/' + 'x' * 200:
            with self.subTest(value):
                done = run('-n', '-f', daemon.config, '-o', 'control=' + value)
                self.assertEqual(done.returncode, 1)
                self.assertIn('control', done.stderr)


# Characters that a terminal interprets, and those that hide or reorder text.
EVIL = '\x1b]0;owned\x07\x1b[2J\x9b2J\r\n\u202egnp.exe\u2066\u200b\x7f'
EVIL_CHARACTERS = re.compile('[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]')

EVIL_QUESTION = {'type': 'A' + EVIL, 'name': EVIL, 'status': EVIL, 'records': [EVIL, 7, None],
                 'asked_ms': -2**63, 'answered_ms': 2**63 - 1}
EVIL_IDENTITY = {
    **{name: EVIL for name in ('identity', 'domain', 'result', 'mechanism', 'problem', 'dnssec',
                               'explanation', 'native', 'libspf2')},
    'lookups': 2**62, 'time_ms': -2**62,
    'terms': [{'term': EVIL, 'outcome': EVIL, 'depth': 2**40, 'dns': [EVIL_QUESTION]},
              {'term': '', 'domain': EVIL, 'outcome': EVIL, 'depth': -5}]}


def candidate(name, state='usable', text='usable'):
    """What is known of a domain that may be signed under."""
    return {'domain': name, 'state': state, 'text': text, 'checked': 1700000000}


EVIL_REPLY = {
    **{name: EVIL for name in ('address', 'secret', 'reason', 'version', 'srs_domain')},
    'pid': 2**63 - 1, 'uptime': -2**63, 'listeners': {EVIL: [EVIL, 3], 'control': EVIL},
    'connections': {EVIL: 1}, 'connections_refused': {EVIL: 1},
    'lookups': {'forward': {EVIL: 2}, 'reverse': 7},
    'policy': {EVIL: 1}, 'milter': {EVIL: {EVIL: 1}, 'own': EVIL},
    'forwards': {'since': EVIL, 'total': 7, 'last_hour': {'bounced': -2**63},
                 'domains': [{'domain': EVIL, 'total': {'forwarded': 2**63 - 1}}, EVIL] * 9},
    'spf': {'helo': {EVIL: 1}, 'mailfrom': []}, 'dns': {EVIL: 1},
    'secrets': [{'fingerprint': EVIL, 'verified': EVIL}], 'reload': {'at': 2**63 - 1},
    'candidates': {'counts': {EVIL: -2**63, 'usable': 2**63 - 1, 'spf': EVIL},
                   'domains': [candidate(EVIL, EVIL, EVIL), EVIL, {'domain': 7}]},
    'identities': [EVIL_IDENTITY]}


class FakeDaemon(unittest.TestCase):
    """A control socket whose replies the case chooses."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='srsd-')
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        self.path = os.path.join(folder.name, 'control')
        self.server = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.server.close)
        self.server.bind(self.path)
        os.chmod(self.path, 0o777)
        self.server.listen()

    def answer(self, data):
        """One connection: read the request, and send as much of the data as possible."""
        with self.server.accept()[0] as client:
            client.recv(65536)
            try:
                client.sendall(data)
            except OSError:
                pass

    def ask(self, data, *arguments):
        thread = threading.Thread(target=self.answer, args=(data,))
        thread.start()
        try:
            return srsctl('-s', self.path, *arguments)
        finally:
            thread.join()


def forward_numbers(name, forwarded, unauthenticated=0, bounced=0):
    """The counts of a domain: the same in total and in both hours."""
    counts = {'forwarded': forwarded, 'unauthenticated': unauthenticated, 'bounced': bounced}
    return {'domain': name, 'since': 1700000000, 'total': counts,
            'running_hour': counts, 'last_hour': dict(counts, forwarded=0)}


class StatusText(FakeDaemon):
    """Each row of the status, from the reply of a daemon."""

    WHOLE = {
        'version': '1.2', 'uptime': 90, 'engine_restarts': 1, 'monitor_pid': 7, 'pid': 8,
        'config': '/etc/srsd.conf', 'log': 'syslog', 'srs_domain': 'srs.test', 'domains': 2,
        'sections': 1,
        'inactive': [{'what': 'no sender is rewritten', 'option': 'forward = {}'},
                     {'what': 'SPF refuses nothing', 'option': 'test-only'}],
        'listeners': {'forward': ['inet:127.0.0.1:1', 'unix:/x'], 'reverse': []},
        'connections': {'forward': 2, 'reverse': 0, 'policy': 3},
        'connections_refused': {'forward': 0, 'policy': 4},
        'lookups': {'forward': {'rewritten': 5}, 'reverse': {'bad-hash': 6}},
        'policy': {'reject': 9, 'dunno': 10}, 'milter': {},
        'spf': {'helo': {'pass': 11}, 'mailfrom': {'fail': 12}}, 'dns': {'answered': 13},
        'checks_in_flight': 14, 'questions_in_flight': 15, 'cut_off': 16,
        'saturated': {'network': '192.0.2.1', 'network_questions': 17,
                      'domain': 'slow.test', 'domain_questions': 18},
        'store': {'database': 'sqlite:/x', 'connected': True, 'problem': None, 'rows': 1,
                  'errors': 2, 'put': {'new': 19}, 'get': {'found': 20}},
        'secrets': [{'fingerprint': 'aaaa', 'verified': 21}, {'fingerprint': 'bbbb', 'verified': 22}],
        'reload': {'at': 0, 'refused': False},
    }
    TEXT = """\
srsd 1.2, up 90 s, 1 engine restart
processes   monitor pid 7, engine pid 8
config      /etc/srsd.conf
log         syslog
inactive    no sender is rewritten (forward = {})
            SPF refuses nothing (test-only)
srs-domain  srs.test, 2 own domains, 1 section
forward     inet:127.0.0.1:1, unix:/x
reverse     not listening
connections forward 2, policy 3
refused     policy 4
forward map rewritten 5
reverse map bad-hash 6
policy      reject 9, dunno 10
spf helo    pass 11
spf sender  fail 12
dns         answered 13
checks      14 waiting for the DNS, with 15 queries
saturated   16 checks cut off; most queries: network 192.0.2.1 17, domain slow.test 18
store       sqlite:/x, connected, 1 row, 2 errors
store puts  new 19
store gets  found 20
secrets     aaaa verified 21, signs
            bbbb verified 22
reload      1970-01-01 00:00:00, in force
"""

    def text(self, **changes):
        done = self.ask(json.dumps({**self.WHOLE, **changes}).encode() + b'\n', 'status')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def test_all_rows(self):
        with mock.patch.dict(os.environ, TZ='UTC'):
            self.assertEqual(self.text(), self.TEXT)

    def test_rows_that_are_left_out(self):
        text = self.text(config=None, inactive=[], sections=0, monitor_pid=0,
                         connections_refused={'forward': 0}, saturated=None, store=None, reload=None)
        self.assertEqual([line.split('  ')[0] for line in text.splitlines()[:4]],
                         ['srsd 1.2, up 90 s, 1 engine restart', 'processes', 'log',
                          'srs-domain'])
        self.assertIn('\nprocesses   engine pid 8\n', text)
        self.assertIn('\nsrs-domain  srs.test, 2 own domains\n', text)
        for title in 'inactive', 'refused', 'saturated', 'store', 'reload':
            self.assertNotIn('\n%s ' % title, text)

    def test_rows_with_other_forms(self):
        now = int(time.time())
        dns = {'servers': ['192.0.2.1', '192.0.2.2'], 'from': '/etc/resolv.conf'}
        store = {**self.WHOLE['store'], 'connected': False, 'rows': None, 'errors': 1}
        for changes, want in (
                ({'nameservers': dns}, r'dns servers 192\.0\.2\.1, 192\.0\.2\.2 '
                                       r'\(/etc/resolv\.conf\), no answer yet'),
                ({'nameservers': {**dns, 'servers': [], 'from': 'none', 'last_answer': now - 4 * 86400}},
                 r'dns servers none, last answer 4 days ago'),
                ({'nameservers': {**dns, 'last_answer': now - 5 * 86400, 'outage_since': now - 4 * 86400}},
                 r'dns servers .*, last answer 5 days ago, outage for 4 days'),
                ({'store': {**store, 'problem': 'disk full'}},
                 r'store       sqlite:/x, not connected: disk full, 1 error'),
                ({'store': store}, r'store       sqlite:/x, not connected, 1 error'),
                ({'lookups': {'forward': {'rewritten': 0}, 'reverse': {}}},
                 r'forward map none yet\nreverse map none yet'),
                ({'reload': {'at': 0, 'refused': True, 'error': 'line 3'}},
                 r'reload      \d.*, refused: line 3'),
                ({'reload': {'at': 0, 'refused': True}},
                 r'reload      \d.*, refused; the log has the reason')):
            with self.subTest(want):
                self.assertRegex(self.text(**changes), r'(?m)^%s$' % want)


class Forwards(FakeDaemon):
    """The milter's part of the status."""

    def text(self, status):
        done = self.ask(json.dumps(status).encode() + b'\n', 'status')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def test_none(self):
        text = self.text({'forwards': None, 'milter': {}})
        self.assertNotIn('forward', re.sub('forward map .*', '', text))
        self.assertNotIn('milter', text)

    def test_milter(self):
        text = self.text({'milter': {'forward': {'rewritten': 3, 'deferred': 0, 'held': 1},
                                     'own': {'kept': 2}}})
        self.assertIn('\nmilter      forward: rewritten 3, held 1\n            own: kept 2\n', text)

    def test_busiest(self):
        """Ten rows in the order of the daemon, and the number of the others."""
        domains = [forward_numbers('d%d.test' % i, 100 - i, 5, 2) for i in range(12)]
        text = self.text({'forwards': dict(forward_numbers('', 2000), domains=domains)})
        rows = [line.split() for line in text.splitlines() if re.match(r'  (d\d|all )', line)]
        self.assertEqual(rows[0], ['all', 'domains', '2000', '0', '0', '2000/0', '0/0'])
        self.assertEqual(rows[1], ['d0.test', '100', '5', '2', '100/2', '0/2'])
        self.assertEqual([row[0] for row in rows[1:]], ['d%d.test' % i for i in range(10)])
        self.assertIn('\n  2 more domains: see srsctl status --json\n', text)

    def test_few(self):
        text = self.text({'forwards': dict(forward_numbers('', 7),
                                           domains=[forward_numbers('x.test', 7)] * 10)})
        self.assertNotIn('more domains', text)


class Candidates(FakeDaemon):
    """The part of the status about per-domain."""

    def text(self, candidates):
        done = self.ask(json.dumps({'candidates': candidates}).encode() + b'\n', 'status')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def test_off(self):
        self.assertNotIn('per-domain', self.text(None))

    def test_few(self):
        text = self.text({'counts': {'usable': 1, 'spf': 1, 'null-mx': 0}, 'domains': [
            candidate('srs.b.test', 'spf', 'it has no SPF record'), candidate('srs.a.test')]})
        self.assertIn('\nper-domain  usable 1, spf 1\n'
                      '  srs.b.test                     it has no SPF record\n'
                      '  srs.a.test                     usable\n', text)
        self.assertNotIn('more domains', text)

    def test_none(self):
        self.assertIn('\nper-domain  none yet\n', self.text({'counts': {'usable': 0},
                                                            'domains': []}))

    def test_many(self):
        text = self.text({'counts': {'usable': 1500, 'spf': 3},
                          'domains': [candidate('d%d.test' % i) for i in range(1000)]})
        self.assertEqual(re.findall(r'^  d(\d+)\.test +usable$', text, re.M),
                         [str(i) for i in range(40)])
        self.assertIn('\n  1463 more domains: see srsctl status --json\n', text)


class ForwardsOfDaemon(unittest.TestCase):
    """The counts of a daemon, in srsctl status and on the page of metrics."""

    @classmethod
    def setUpClass(cls):
        cls.milter, cls.page = free_port(), free_port()
        cls.daemon = Daemon({'milter': ['inet:127.0.0.1:%d' % cls.milter],
                             'metrics': 'inet:127.0.0.1:%d' % cls.page,
                             'domains': ['fwd.test', 'two.test']})
        cls.daemon.enable_control()
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.__exit__, None)
        with Milter(('127.0.0.1', cls.milter)) as mta:
            mta.connect('127.0.0.1')
            for original in 'a@two.test', 'a@fwd.test', 'b@FWD.test':
                signed = mta.message('a@x.test', ('b@out.test', 'ORCPT=rfc822;' + original))[0].text
            mta.message('me@fwd.test', ('b@out.test',))
            mta.message('', ('a@x.test', 'ORCPT=rfc822;' + signed.replace('=', '+3D')))

    def status(self, *arguments):
        done = srsctl('-f', self.daemon.config, 'status', *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def test_json(self):
        status = json.loads(self.status('--json'))
        self.assertEqual(status['milter'], {'forward': {'rewritten': 3}, 'own': {'kept': 1},
                                            'bounce': {'kept': 1}})
        forwards = status['forwards']
        self.assertEqual(forwards['total'], {'forwarded': 3, 'unauthenticated': 0, 'bounced': 1})
        self.assertEqual([(row['domain'], row['total']['forwarded'], row['total']['bounced'])
                          for row in forwards['domains']],
                         [('srs.test', 3, 1), ('fwd.test', 2, 0), ('two.test', 1, 0)])
        self.assertLess(abs(forwards['since'] - time.time()), 600)

    def test_text(self):
        text = self.status()
        self.assertIn('\nmilter      bounce: kept 1\n            own: kept 1\n', text)
        self.assertRegex(text, r'\n  all domains +3 +0 +1 .*\n  srs\.test +3 +0 +1 .*\n'
                               r'  fwd\.test +2 +0 +0 .*\n  two\.test +1 +0 +0 ')

    def test_metrics(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.page, timeout=60)
        self.addCleanup(connection.close)
        connection.request('GET', '/metrics')
        lines = connection.getresponse().read().decode('ascii').splitlines()
        for line in ('srsd_milter_total{kind="forward",result="rewritten"} 3',
                     'srsd_milter_total{kind="forward",result="held"} 0',
                     'srsd_forwards_total{event="forwarded"} 3',
                     'srsd_forwards_total{event="unauthenticated"} 0',
                     'srsd_forwards_total{event="bounced"} 1'):
            self.assertIn(line, lines)
        self.assertFalse([line for line in lines if 'two.test' in line])


class Hostile(FakeDaemon):
    """A daemon under an attacker's control: its replies reach the terminal of root."""

    COMMANDS = (('status',), ('forward', 'a@x.test'), ('reverse', 'a@x.test'), ('reload',),
                ('spf', CLIENT, 'a@x.test'))

    def test_terminal(self):
        for command in self.COMMANDS + (('status', '--json'), ('spf', '--json', CLIENT, 'x.test')):
            for reply in EVIL_REPLY, {'error': EVIL}:
                with self.subTest(' '.join(command) + ' ' + next(iter(reply))):
                    done = self.ask(json.dumps(reply).encode() + b'\n', *command)
                    self.assertNotRegex(done.stdout + done.stderr, EVIL_CHARACTERS)
                    self.assertNotIn('Sanitizer', done.stderr)
                    self.assertNotIn('runtime error', done.stderr)
                    self.assertIn(done.returncode, (0, 1, 3))
                    self.assertLess(len(done.stdout), 20000)

    def test_timeout(self):
        """A daemon that accepts the connection and does not reply."""
        for command in self.COMMANDS[:4]:
            begin = time.monotonic()
            done = srsctl('-s', self.path, '--timeout', '1', *command)
            self.assertEqual((done.returncode, done.stdout), (3, ''))
            self.assertEqual(done.stderr, 'srsctl: control socket unix:%s: the daemon did not reply '
                             'in time\n' % self.path)
            self.assertLess(time.monotonic() - begin, 60)

    def test_utf8_is_let_through(self):
        done = self.ask(json.dumps({'address': 'j\u00fcrgen@srs.test'}).encode() + b'\n',
                        'forward', 'a@x.test')
        self.assertEqual((done.returncode, done.stdout), (0, 'j\u00fcrgen@srs.test\n'))

    def test_bounded(self):
        """No end of the reply, or not within 1 MiB; or a reply that is not valid."""
        rows = ((b'{"error":"' + b'x' * (4 << 20), "the daemon's reply is longer than 1 MiB"),
                (b'[' * (4 << 20), "the daemon's reply is longer than 1 MiB"),
                (b'[' * 100000 + b'\n', "the daemon's reply is not a JSON object"),
                (b'\xff\x1b\n', "the daemon's reply is not a JSON object"),
                (b'[1]\n', "the daemon's reply is not a JSON object"),
                (b'{"error":"no end"}', 'the daemon closed the connection without a reply'),
                (b'', 'the daemon closed the connection without a reply'))
        for data, error in rows:
            for command in self.COMMANDS[:4]:
                with self.subTest('%s %r' % (command[0], data[:20])):
                    done = self.ask(data, *command)
                    self.assertEqual((done.returncode, done.stdout), (3, ''))
                    self.assertEqual(done.stderr,
                                     'srsctl: control socket unix:%s: %s\n' % (self.path, error))


if __name__ == '__main__':
    tap.main()
