#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl recent and srsctl top: the last decisions of the daemon, and a table of its work."""

import json
import os
import pty
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.daemon import WAIT, Daemon, reachable_binary, run
from harness.dns_server import DnsServer

ZONE = {'fail.test': {'TXT': ['v=spf1 -all']}, 'pass.test': {'TXT': ['v=spf1 +all']}}


class Base(unittest.TestCase):
    """A daemon of its own for each test."""
    OPTIONS = {}

    def setUp(self):
        dns = self.enter(DnsServer(ZONE))
        self.daemon = Daemon(dict(self.OPTIONS), dns=dns)
        self.daemon.enable_control()
        self.enter(self.daemon)

    def enter(self, manager):
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def forward(self):
        return self.enter(self.daemon.forward_client())

    def reverse(self):
        return self.enter(self.daemon.reverse_client())

    def srsctl(self, *arguments):
        return run('-f', self.daemon.config, *arguments, program='srsctl')

    def recent(self, *arguments):
        """-> the decisions, as a list of dicts."""
        done = self.srsctl('recent', '--json', *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def numbers(self, *arguments):
        return [decision['number'] for decision in self.recent(*arguments)]

    def refuse(self, sender='a@fail.test', queue='4ABC'):
        client = self.enter(self.daemon.policy_client())
        action = client.ask(client_address='192.0.2.1', helo_name='mx.test', sender=sender,
                            recipient='b@srs.test', queue_id=queue)
        self.assertTrue(action.startswith('550'), action)


class Recent(Base):

    def test_maps_and_policy(self):
        address = self.forward().address('alice@origin.test')
        self.assertEqual(self.reverse().address(address), 'alice@origin.test')
        self.reverse().get(address.replace('SRS0=', 'SRS0=x', 1))
        self.refuse()
        self.forward().get('local@srs.test')
        got = self.recent()
        for decision in got:
            self.assertGreater(decision.pop('time'), 1000000000)
            decision.pop('ms', None)
        self.assertEqual(got[0], {'number': 1, 'service': 'forward', 'sender': 'alice@origin.test',
                                  'to': address, 'result': 'rewritten'})
        self.assertEqual(got[1], {'number': 2, 'service': 'reverse', 'recipient': address,
                                  'to': 'alice@origin.test', 'result': 'rewritten'})
        self.assertEqual((got[2]['result'], got[2]['reason']), ('refused', 'bad-hash'))
        self.assertEqual({name: got[3][name] for name in (
            'service', 'queue', 'client', 'sender', 'recipient', 'mechanism', 'result', 'action')}, {
                'service': 'policy', 'queue': '4ABC', 'client': '192.0.2.1',
                'sender': 'a@fail.test', 'recipient': 'b@srs.test', 'mechanism': '-all',
                'result': 'fail', 'action': 'reject'})
        self.assertEqual(len(got), 4)
        self.assertEqual(self.numbers('--address', '<Alice@origin.test>'), [1, 2])
        self.assertEqual(self.numbers('--domain', 'fail.test'), [4])
        self.assertEqual(self.numbers('--client', '::ffff:192.0.2.1'), [4])
        self.assertEqual(self.numbers('--queue', '4ABC', '--result', 'reject'), [4])
        self.assertEqual(self.numbers('--queue', '4ABC', '--result', 'pass'), [])
        self.assertEqual(self.numbers('--result', 'bad-hash'), [3])
        self.assertEqual(self.numbers('-n', '2'), [3, 4])

    def test_pages(self):
        client = self.forward()
        for i in range(300):
            client.get('a%d@origin.test' % i)
        self.assertEqual(self.numbers(), list(range(201, 301)))
        self.assertEqual(self.numbers('--lines', '1000'), list(range(1, 301)))

    def test_text(self):
        self.refuse(sender='\x1b[2J@fail.test')
        done = self.srsctl('recent')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertRegex(done.stdout, r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d policy queue=4ABC '
                         r'client=192\.0\.2\.1 sender=<[^\x1b]*@fail\.test> recipient=<b@srs\.test> '
                         r'result=fail identity=mailfrom mechanism=-all action=reject .*time=\d+ms\n$')

    def test_null_sender(self):
        """The HELO name decides, and is in the line."""
        with self.daemon.policy_client() as client:
            client.ask(sender='', helo_name='fail.test', recipient='b@srs.test')
        self.assertIn(' helo=fail.test sender=<> recipient=<b@srs.test> result=fail identity=helo ',
                      self.srsctl('recent').stdout)

    def test_nothing_found(self):
        """The daemon has not seen all mail since Tuesday."""
        done = self.srsctl('recent', '--domain', 'origin.test')
        self.assertEqual((done.returncode, done.stdout), (0, ''))
        self.assertEqual(done.stderr, 'srsctl: the daemon remembers no decision; see its log '
                                      'for earlier ones\n')
        self.forward().get('alice@origin.test')
        done = self.srsctl('recent', '--domain', 'other.test')
        self.assertEqual((done.returncode, done.stdout), (0, ''))
        self.assertRegex(done.stderr, r'\Asrsctl: the daemon remembers 1 decision since '
                         r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, and none matches; see its log for '
                         r'earlier ones\n\Z')
        for arguments in (['--domain', 'other.test', '--json'], ['--lines', '0']):
            done = self.srsctl('recent', *arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''))

    def test_subdomains(self):
        for domain in 'bank.test', 'mail.bank.test', 'otherbank.test':
            self.forward().get('alice@' + domain)
        self.assertEqual(self.numbers('--domain', 'bank.test'), [1])
        self.assertEqual(self.numbers('--domain', '.bank.test'), [2])

    def test_wrong_arguments(self):
        for arguments, words in (
                (('--client', 'mx.test'), "--client: 'mx.test' is not an IP address"),
                (('--domain', '@x.test'), "--domain: '@x.test' is not a domain; for an address, use"),
                (('--lines', '-1'), "--lines: '-1' is not a number from 0 to 100000"),
                (('4ABC123',), "unexpected argument '4ABC123'; see srsctl help recent"),
                (('--nope',), "unknown option '--nope'")):
            with self.subTest(arguments=arguments):
                done = self.srsctl('recent', *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ''))
                self.assertIn(words, done.stderr)

    def test_reload_keeps_decisions(self):
        self.forward().get('a@origin.test')
        self.assertEqual(self.srsctl('reload').returncode, 0)
        self.forward().get('b@origin.test')
        self.assertEqual(self.numbers(), [1, 2])

    def test_follow(self):
        """Each decision comes while the command runs, until the daemon stops."""
        self.forward().get('a@origin.test')
        with subprocess.Popen([reachable_binary('srsctl'), '-f', self.daemon.config, 'recent',
                               '--follow', '--json'], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            for name in 'abc':
                if name != 'a':
                    self.forward().get('%s@origin.test' % name)
                decision = json.loads(process.stdout.readline())
                self.assertEqual(decision['sender'], '%s@origin.test' % name)
            self.daemon.stop()
            rest = process.communicate(timeout=WAIT)
        self.assertEqual((process.returncode, rest),
                         (3, ('', 'srsctl: srsd has stopped, or was restarted\n')))


class Off(Base):
    OPTIONS = {'recent-decisions': 0}

    def test_off(self):
        self.forward().get('a@origin.test')
        done = self.srsctl('recent')
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertEqual(done.stderr, 'srsctl: no decisions are kept: recent-decisions is 0\n')


class Top(Base):

    def setUp(self):
        super().setUp()
        self.forward().get('a@origin.test')
        self.forward().get('b@origin.test')
        self.refuse()

    def test_pipe(self):
        """One table, in plain text."""
        done = self.srsctl('top', '--interval', '1')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertNotIn('\x1b', done.stdout)
        for line in (r'forward rewritten +0\.0 +2', r'policy reject +0\.0 +1',
                     r'Senders of the last 3 decisions +decisions +refused', r'origin\.test +2 +0',
                     r'fail\.test +1 +1'):
            self.assertRegex(done.stdout, r'(?m)^%s$' % line)
        self.assertEqual(len(re.findall('(?m)^origin', done.stdout)), 1)

    def test_json(self):
        done = self.srsctl('top', '--interval', '1', '--json')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        report = json.loads(done.stdout)
        self.assertEqual(report['busiest'], [
            {'domain': 'origin.test', 'decisions': 2, 'refused': 0},
            {'domain': 'fail.test', 'decisions': 1, 'refused': 1}])
        self.assertEqual(report['refused'], report['busiest'][1:])
        self.assertEqual(report['rates']['forward rewritten'], {'per_second': 0.0, 'total': 2})

    def on_terminal(self, *arguments, **environment):
        """-> what a terminal gets until the last domain of the table, or the last decision."""
        leader, follower = pty.openpty()
        self.addCleanup(os.close, leader)
        with subprocess.Popen([reachable_binary('srsctl'), '-f', self.daemon.config, *arguments],
                              stdout=follower, env={**os.environ, 'TERM': 'xterm', **environment}
                              ) as process:
            os.close(follower)
            got = b''
            while b'fail.test' not in got:
                got += os.read(leader, 65536)
            process.terminate()
        return got.decode()

    def test_terminal(self):
        self.assertTrue(self.on_terminal('top', '--interval', '1').startswith('\x1b[H\x1b[J\x1b[1m'))
        plain = self.on_terminal('top', '--interval', '1', NO_COLOR='1')
        self.assertEqual(re.findall('\x1b[^a-zA-Z]*[a-zA-Z]', plain), ['\x1b[H', '\x1b[J'])
        self.assertNotIn('\x1b', self.on_terminal('top', '--interval', '1', TERM='dumb'))

    def test_recent_on_terminal(self):
        self.assertRegex(self.on_terminal('recent'), '\x1b\\[31m.*policy .*')
        self.assertNotIn('\x1b', self.on_terminal('recent', NO_COLOR='1'))

    def test_wrong_arguments(self):
        done = self.srsctl('top', '--interval', '0')
        self.assertEqual(done.returncode, 2)
        self.assertIn("--interval: '0' is not a number from 1 to 3600", done.stderr)


if __name__ == '__main__':
    tap.main()
