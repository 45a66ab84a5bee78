#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""DNSSEC: a signed root of our own, served by nsd on loopback, and the verdicts of the daemon."""

import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.case import DaemonCase
from harness.daemon import Daemon, StartFailed
from harness.nsd import Nsd, missing_tools

CLIENT = '192.0.2.1'

# All names are in the root itself, except plain.test: an unsigned zone of its own.
ROOT = '''
$TTL 300
. SOA ns. hostmaster. 1 3600 600 86400 300
. NS ns.
ns. A 127.0.0.1
safe.test. TXT "v=spf1 a:host.safe.test -all"
host.safe.test. A 192.0.2.1
refused.test. TXT "v=spf1 -all"
other.test. TXT "no policy"
half.test. TXT "v=spf1 a:host.plain.test -all"
broken.test. TXT "v=spf1 +all"
broken-a.test. TXT "v=spf1 a:host.broken.test -all"
host.broken.test. A 192.0.2.1
broken-in.test. TXT "v=spf1 include:broken.test -all"
swapped.test. TXT "v=spf1 -all"
void.test. TXT "v=spf1 a:gone.test ~all"
plain.test. NS ns.
'''
PLAIN = '''
$TTL 300
plain.test. SOA ns. hostmaster. 1 3600 600 86400 300
plain.test. NS ns.
plain.test. TXT "v=spf1 a:host.plain.test -all"
host.plain.test. A 192.0.2.1
'''


def break_signature(zone, name, kind):
    """Another first character in the signature over the records."""
    pattern = r'(?m)^(%s\s.*\sRRSIG\s+%s\s.*\s)(\S)(\S+)$' % (re.escape(name), kind)
    broken, count = re.subn(
        pattern, lambda m: m[1] + ('B' if m[2] == 'A' else 'A') + m[3], zone)
    assert count == 1, (name, count)
    return broken


def damage(zone):
    zone = break_signature(zone, 'broken.test.', 'TXT')
    zone = break_signature(zone, 'host.broken.test.', 'A')
    # the answers that an attacker on the path would like to give
    forged, count = re.subn(r'(?m)^(swapped\.test\.\s.*TXT\s+)"v=spf1 -all"', r'\1"v=spf1 +all"',
                            zone)
    assert count == 1
    return forged


class DnssecCase(DaemonCase):
    @classmethod
    def setUpClass(cls):
        cls.dns = Nsd()
        cls.addClassCleanup(cls.dns.stop)
        cls.anchor = cls.dns.sign_root(ROOT, damage)
        cls.dns.add_zone('plain.test.', PLAIN)
        cls.dns.start()
        cls.daemon = Daemon({'dnssec': True, 'trust-anchor': cls.anchor}, cls.SPF, cls.dns).start()
        cls.addClassCleanup(cls.daemon.__exit__, None)

    def ask(self, domain, daemon=None):
        """-> (action, log line)"""
        daemon = daemon or self.daemon
        mark = daemon.log_mark()
        action = self.policy(daemon).ask(sender='a@' + domain, helo_name='helo.test',
                                         client_address=CLIENT)
        return action, daemon.wait_log('sender=<a@%s>' % domain, mark)


class Validation(DnssecCase):
    SPF = {'helo-reject': 'no-check', 'mail-from-reject': 'false'}

    def test_secure(self):
        for domain, result in (('safe.test', 'pass'), ('refused.test', 'fail'),
                               ('other.test', 'none'), ('gone.test', 'none'),
                               ('void.test', 'softfail')):
            with self.subTest(domain):
                action, line = self.ask(domain)
                self.assertRegex(action, '(?i)^PREPEND Received-SPF: %s ' % result)
                self.assertRegex(line, ' result=%s .* dnssec=secure ' % result)

    def test_insecure(self):
        """One unsigned answer is enough, and no reason for a temperror."""
        for domain in ('plain.test', 'half.test'):
            with self.subTest(domain):
                action, line = self.ask(domain)
                self.assertRegex(action, '^PREPEND Received-SPF: Pass ')
                self.assertRegex(line, ' result=pass .* dnssec=insecure ')

    def test_bogus(self):
        for domain in ('broken.test', 'broken-a.test', 'broken-in.test', 'swapped.test'):
            with self.subTest(domain):
                action, line = self.ask(domain)
                self.assertRegex(action, '^PREPEND Received-SPF: Temperror ')
                self.assertRegex(line, ' result=temperror .* dnssec=bogus '
                                       'problem="DNSSEC validation failed for the (TXT|A) '
                                       'records of [a-z.-]+" ')

    def test_bogus_is_deferred(self):
        daemon = self.another_daemon({'dnssec': True, 'trust-anchor': self.anchor},
                                     {'temperror-defer': True})
        action, line = self.ask('broken.test', daemon)
        self.assertRegex(action, '^451 4.7.24 ')
        self.assertIn(' dnssec=bogus ', line)

    def test_nothing_evaluated(self):
        action, line = self.ask('localhost')
        self.assertRegex(action, '^PREPEND Received-SPF: None ')
        self.assertIn(' dnssec=insecure ', line)

    def test_second_engine(self):
        try:
            daemon = self.another_daemon({'dnssec': True, 'trust-anchor': self.anchor},
                                         {**self.SPF, 'engine': 'libspf2'})
        except StartFailed as failure:
            if 'one of: native' not in failure.log:
                raise
            self.skipTest('built without libspf2')
        for domain, words in (('safe.test', ' result=pass .* dnssec=secure '),
                              ('broken-a.test', ' result=temperror .* dnssec=bogus ')):
            with self.subTest(domain):
                self.assertRegex(self.ask(domain, daemon)[1], words)


class WithoutValidation(DnssecCase):
    SPF = Validation.SPF

    def test_says_nothing(self):
        daemon = self.another_daemon({'dnssec': False}, self.SPF)
        for domain, result in (('safe.test', 'pass'), ('broken.test', 'pass'),
                               ('swapped.test', 'pass'), ('plain.test', 'pass')):
            with self.subTest(domain):
                line = self.ask(domain, daemon)[1]
                self.assertIn(' result=%s ' % result, line)
                self.assertNotIn('dnssec=', line)


class Anchors(DnssecCase):
    SPF = Validation.SPF

    def refused(self, anchor):
        daemon = Daemon({'dnssec': True, 'trust-anchor': anchor}, self.SPF, self.dns)
        with self.assertRaises(StartFailed) as caught:
            daemon.start()
        self.assertIn(caught.exception.status, (1, 78))     # found by the engine, or before
        self.assertIn('trust-anchor', caught.exception.log)
        self.assertIn(anchor, caught.exception.log)
        self.assertEqual(len(caught.exception.log.splitlines()), 1, caught.exception.log)

    def test_missing(self):
        self.refused('/nonexistent/root.key')

    def test_no_key_in_it(self):
        self.refused(self.dns.folder.file('garbage', 'this is no key\n'))

    def test_missing_without_dnssec(self):
        """A file that is not used may be missing."""
        daemon = self.another_daemon({'trust-anchor': '/nonexistent/root.key'}, self.SPF)
        self.assertIn(' result=pass ', self.ask('safe.test', daemon)[1])

    def test_of_another_root(self):
        """No answer can be validated then: all are bogus, and no mail is refused for that."""
        daemon = self.another_daemon(
            {'dnssec': True, 'trust-anchor': self.dns.another_anchor()}, self.SPF)
        action, line = self.ask('refused.test', daemon)
        self.assertRegex(action, '^PREPEND Received-SPF: Temperror ')
        self.assertRegex(line, ' result=temperror .* dnssec=bogus ')


if __name__ == '__main__':
    if missing_tools():
        tap.skip_all('not installed: ' + ' '.join(missing_tools()))
    tap.main()
