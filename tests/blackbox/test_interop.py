#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Addresses through srsd, postsrsd 1.x and Perl's Mail::SRS, each reversed by the other."""

import os
import random
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.case import DaemonCase
from harness.daemon import Folder
from harness.postsrsd import POSTSRSD, PostSrsd

ADDRESSES = 400
SECRETS = ('tests sign with this', 'and verify with this')
DOMAIN = 'srs.test'

# Reads lines `forward ADDRESS DOMAIN` and `reverse ADDRESS`, writes one line for each.
MAIL_SRS = '''
    use Mail::SRS;
    $| = 1;
    my $srs = Mail::SRS->new(Secret => [@ARGV], MaxAge => 21, HashLength => 4, HashMin => 4);
    while (<STDIN>) {
        chomp;
        my ($what, @arguments) = split / /;
        my $result = eval { $srs->$what(@arguments) };
        print defined $result ? "$result\\n" : "error\\n";
    }
'''


class MailSrs:
    """Perl's Mail::SRS at the other end of a pipe."""

    def __init__(self):
        self.process = subprocess.Popen(['perl', '-e', MAIL_SRS, *SECRETS], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @staticmethod
    def available():
        return subprocess.run(['perl', '-MMail::SRS', '-e', '1'], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0

    def _ask(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip('\n')

    def forward(self, address):
        return self._ask('forward %s x@%s' % (address, DOMAIN))

    def reverse(self, address):
        return self._ask('reverse ' + address)

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Peer:
    """The tests, for a peer with forward(), reverse() and stop()."""

    OPTIONS = {'hash-avoid-slash': False}
    SECRETS = SECRETS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.peer = cls.start_peer()
        cls.addClassCleanup(cls.peer.stop)
        seed = random.SystemRandom().randrange(2 ** 32)
        print('# seed of %s: %d' % (cls.__name__, seed))
        generator = random.Random(seed)
        cls.addresses = [random_address(generator) for _ in range(ADDRESSES)]
        cls.chained = [random_srs(generator) for _ in range(ADDRESSES)]

    def setUp(self):
        self.forward_map, self.reverse_map = self.forward(), self.reverse()

    def assert_same(self, addresses):
        """Both sign alike, and each accepts the other's addresses."""
        for address in addresses:
            ours, theirs = srs.on_one_day(lambda day, a=address: (
                self.forward_map.address(a), self.peer.forward(a)))
            self.assertEqual(ours, theirs)
            original = srs_original(address)
            self.assertEqual(self.reverse_map.get(theirs), '200 ' + original)
            self.assertEqual(self.peer.reverse(ours), original)

    def test_addresses(self):
        self.assert_same(self.addresses)

    def test_srs0_of_other_hosts(self):
        self.assert_same(self.chained)

    def test_srs1_of_other_hosts(self):
        """The third hop, whose address is no longer than the second's."""
        second = [srs.srs1(address, 'secret of hop 2', 'hop2.test') for address in self.chained]
        self.assert_same(second)

    def test_old_stamps(self):
        day = srs.today()
        for number, address in enumerate(self.addresses):
            old = srs.srs0(address, SECRETS[number % 2], DOMAIN, day - number % 21)
            self.assertEqual(self.reverse_map.get(old), '200 ' + address)
            self.assertEqual(self.peer.reverse(old), address)

    def test_ours_is_not_wrapped(self):
        for address in self.addresses + self.chained:
            self.assertEqual(self.forward_map.get(self.peer.forward(address)), '500 already ours')

    def test_folded_case(self):
        for address in self.addresses:
            folded = self.peer.forward(address).lower()
            self.assertEqual(self.reverse_map.get(folded), '200 ' + address.lower())


@unittest.skipUnless(POSTSRSD, 'postsrsd is not installed')
class WithPostsrsd(Peer, DaemonCase):

    @classmethod
    def start_peer(cls):
        folder = Folder()
        cls.addClassCleanup(folder.remove)
        return PostSrsd(folder.file('secret', ''.join(s + '\n' for s in SECRETS), 0o600), DOMAIN)


@unittest.skipUnless(POSTSRSD, 'postsrsd is not installed')
class SecretsFile(DaemonCase):
    """The same bytes are the same secrets to both, and no others."""

    OPTIONS = {'hash-avoid-slash': False}
    LONG = 'x1Y2z3-' * 300
    ROWS = (
        ('the one secret\n', ['the one secret']),
        ('no end of line', ['no end of line']),
        ('  blanks around  \n\t\n# a comment\n', ['  blanks around  ', '\t', '# a comment']),
        ('\r\n\n\r\ncarriage return\r\n', ['carriage return']),
        ('within\rthe line\n\r\rbefore it\n', ['within', 'before it']),
        (LONG + '\nnext\n', [LONG[:1023], LONG[1023:2046], LONG[2046:], 'next']),
        (LONG[:1022] + '\n', [LONG[:1022]]),
        (LONG[:1023] + '\r\n', [LONG[:1023]]),
        (LONG[:1023] + '\nnext\n', [LONG[:1023], 'next']),
        (LONG[:1024] + '\n', [LONG[:1023], LONG[1023]]),
        (LONG[:1000] + '\r' + LONG[:500], [LONG[:1000], LONG[22:500]]),
    )

    def test_same_secrets(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        forward, reverse = self.forward(), self.reverse()
        for text, secrets in self.ROWS:
            path = folder.file('secret', text, 0o600)
            with open(self.daemon.options['secrets-file'], 'w', newline='',
                      encoding='ascii') as file:
                file.write(text)
            mark = self.daemon.log_mark()
            self.daemon.signal(signal.SIGHUP)
            self.assertIn('secrets=%d' % len(secrets), self.daemon.wait_log(' reloaded ', mark))
            peer = PostSrsd(path, DOMAIN)
            try:
                ours, theirs = srs.on_one_day(lambda day, p=peer: (
                    forward.address('a@x.test'), p.forward('a@x.test')))
                self.assertEqual(ours, theirs, text[:40])
                for secret in secrets:
                    address = srs.srs0('a@x.test', secret, DOMAIN, srs.today())
                    self.assertEqual(reverse.get(address), '200 a@x.test', text[:40])
                    self.assertEqual(peer.reverse(address), 'a@x.test', text[:40])
            finally:
                peer.stop()


@unittest.skipUnless(MailSrs.available(), 'Mail::SRS (libmail-srs-perl) is not installed')
class WithMailSrs(Peer, DaemonCase):
    start_peer = MailSrs


def random_address(generator):
    atoms = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
    marks = "!#$%&'*+/=?^_`{|}~-"
    local = '.'.join(''.join(generator.choices(atoms * 3 + marks, k=generator.randrange(1, 12)))
                     for _ in range(generator.randrange(1, 4)))
    labels = [''.join(generator.choices(atoms, k=generator.randrange(1, 12)))
              for _ in range(generator.randrange(1, 4))]
    return '%s@%s.test' % (local, '.'.join(labels))


def random_srs(generator):
    """Addresses that another host has signed with a secret that is not ours."""
    return srs.srs0(random_address(generator), 'secret of hop 1', 'hop1.test', srs.today(),
                    separator=generator.choice('=+-'))


def srs_original(address):
    """The original of an address: SRS1 leads to the SRS0 address of the first hop."""
    local, host = srs.split(address)
    if local.startswith('SRS1'):
        _hash, host, opaque = local[5:].split('=', 2)
        return 'SRS0%s@%s' % (opaque, host)
    return address


if __name__ == '__main__':
    tap.main()
