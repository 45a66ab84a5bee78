#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl reverse: what it reports about an SRS address that is not reversed."""

import datetime
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.case import DaemonCase
from harness.daemon import SECRET, Daemon, run

OLD = 'an older secret of the tests'


def stamp_of(days_ago):
    """-> the stamp of a day, and its date."""
    day = srs.today() - days_ago
    return srs.stamp(day % 1024), (datetime.date(1970, 1, 1) + datetime.timedelta(day)).isoformat()


class Base(DaemonCase):
    SECRETS = (SECRET, OLD)

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(cls.OPTIONS, cls.SPF, None, cls.SECRETS)
        cls.daemon.enable_control()
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.__exit__, None)

    def reverse(self, address, status=1):
        done = run('-f', self.daemon.config, 'reverse', address, program='srsctl')
        self.assertEqual((done.returncode, done.stderr), (status, ''))
        return done.stdout

    def rcpt(self, address):
        with self.daemon.policy_client() as policy:
            return policy.ask(client_address='192.0.2.1', sender='', recipient=address)


class Refused(Base):
    def test_bad_hash(self):
        stamp, day = stamp_of(40)
        address = 'SRS0=aaaa=%s=origin.test=alice@srs.test' % stamp
        got = self.reverse('<%s>' % address)
        self.assertRegex(got, '\\A' + re.escape(
            'not rewritten: bad hash\n'
            'sender    <alice@origin.test>\n'
            'made      %s, expired 19 days ago\n'
            'hash      wrong: made with none of these secrets: ' % day) +
            '[0-9a-f]{12}, [0-9a-f]{12}\n' + re.escape('RCPT      550 5.1.1 unknown SRS address\n')
            + '\\Z')
        listed = run('-f', self.daemon.config, 'secret', 'list', program='srsctl').stdout
        for line in listed.splitlines():
            self.assertIn(line.split()[1], got)
        self.assertEqual(self.rcpt(address), '550 5.1.1 unknown SRS address')

    def test_clock_was_ahead(self):
        """The stamp of the day after tomorrow is also that of a day three years ago."""
        stamp, day = stamp_of(-2)
        self.assertRegex(self.reverse('SRS0=aaaa=%s=origin.test=alice@srs.test' % stamp),
                         r'(?m)^made      \d{4}-\d\d-\d\d, expired 1001 days ago; or %s, if the '
                         r'clock was ahead$' % day)

    def test_valid(self):
        """The answer alone, as before."""
        with self.daemon.forward_client() as forward:
            made = forward.address('alice@origin.test')
        self.assertEqual(self.reverse(made, 0).count('\n'), 1)

    def test_short_hash(self):
        got = self.reverse('SRS0=aaa=%s=origin.test=alice@srs.test' % stamp_of(0)[0])
        self.assertIn('hash      too short\n', got)

    def test_other_domain(self):
        got = self.reverse('SRS0=aaaa=%s=origin.test=alice@other.test' % stamp_of(0)[0])
        self.assertIn('see reverse-domains', got)
        self.assertIn('sender    <alice@origin.test>\n', got)
        self.assertIn('hash      not verified\n'
                      'RCPT      srsd treats it like any other recipient\n', got)

    def test_srs1(self):
        stamp, day = stamp_of(3)
        got = self.reverse('SRS1=aaaa=relay.test==bbbb=%s=origin.test=alice@srs.test' % stamp)
        self.assertIn('sender    <SRS0=bbbb=%s=origin.test=alice@relay.test>\n'
                      'original  <alice@origin.test>\n'
                      'made      %s\n' % (stamp, day), got)

    def test_malformed(self):
        self.assertEqual(self.reverse('SRS0=nothing@srs.test'), 'not rewritten: malformed\n'
                         'RCPT      550 5.1.1 unknown SRS address\n')

    def test_not_srs(self):
        self.assertEqual(self.reverse('a@x.test'), 'not rewritten: not an SRS address\n')

    def test_no_secret_is_shown(self):
        """Neither a secret nor a right hash."""
        with self.daemon.forward_client() as forward:
            made = forward.address('alice@origin.test')
        tag, right, rest = made.split('=', 2)
        got = self.reverse('%s=aaaa=%s' % (tag, rest))
        for secret in SECRET, OLD, right:
            self.assertNotIn(secret.lower(), got.lower())

    def test_arguments(self):
        for address in 'alice', 'alice@', '<a@x.test', 'a b':
            done = run('-f', self.daemon.config, 'reverse', address, program='srsctl')
            self.assertEqual((done.returncode, done.stdout), (2, ''))
            self.assertIn("'%s' is neither an address" % address, done.stderr)


class Options(Base):
    SPF = {'test-only': True}

    def test_test_only(self):
        got = self.reverse('SRS0=aaaa=%s=origin.test=alice@srs.test' % stamp_of(0)[0])
        self.assertIn('RCPT      srsd does not refuse it: test-only holds back '
                      '550 5.1.1 unknown SRS address\n', got)


class Expired(Base):
    OPTIONS = {'max-age': 1}

    def test_expired(self):
        address = srs.srs0('alice@origin.test', OLD, 'srs.test', srs.today() - 3)
        listed = run('-f', self.daemon.config, 'secret', 'list', program='srsctl').stdout
        self.assertEqual(self.reverse(address), (
            'not rewritten: expired\n'
            'sender    <alice@origin.test>\n'
            'made      %s, expired 2 days ago\n'
            'hash      right: made with %s\n'
            'RCPT      550 5.1.1 expired SRS address\n')
            % (stamp_of(3)[1], listed.splitlines()[1].split()[1]))
        self.assertEqual(self.rcpt(address), '550 5.1.1 expired SRS address')


if __name__ == '__main__':
    tap.main()
