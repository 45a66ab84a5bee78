#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Addresses through srsd, postsrsd 1.x and Perl's Mail::SRS, each reversed by the other."""

import os
import random
import resource
import shutil
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.case import DaemonCase
from harness.clients import MapClient
from harness.daemon import Folder, free_port

WAIT = 60
ADDRESSES = 400
SECRETS = ('tests sign with this', 'and verify with this')
DOMAIN = 'srs.test'
POSTSRSD = os.environ.get('POSTSRSD') or shutil.which('postsrsd', path='/usr/sbin:/usr/local/sbin')

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


class PostSrsd:
    """Debian's postsrsd in the foreground."""

    def __init__(self):
        self.folder = Folder()
        secret = self.folder.file('secret', ''.join(s + '\n' for s in SECRETS), 0o600)
        ports = [free_port(), free_port()]
        self.process = subprocess.Popen(
            [POSTSRSD, '-s', secret, '-d', DOMAIN, '-l', '127.0.0.1', '-f', str(ports[0]),
             '-r', str(ports[1])], stdin=subprocess.DEVNULL, preexec_fn=self._few_descriptors)
        self.forward_map, self.reverse_map = (self._connect(port) for port in ports)

    @staticmethod
    def _few_descriptors():
        """It closes each one it might have, which takes minutes where the limit is high."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    def _connect(self, port):
        deadline = time.monotonic() + WAIT
        while True:         # it does not tell when it listens
            try:
                return MapClient(('127.0.0.1', port))
            except ConnectionRefusedError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.01)

    def forward(self, address):
        return self.forward_map.address(address)

    def reverse(self, address):
        return self.reverse_map.address(address)

    def stop(self):
        self.forward_map.close()        # its child for a connection ends with the connection only
        self.reverse_map.close()
        self.process.terminate()
        self.process.wait()
        self.folder.remove()


class MailSrs:
    """Perl's Mail::SRS behind a pipe."""

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
        """Both sign alike, and each knows what the other signed."""
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
    start_peer = PostSrsd


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
    """What another host signed with a secret that is not ours."""
    return srs.srs0(random_address(generator), 'secret of hop 1', 'hop1.test', srs.today(),
                    separator=generator.choice('=+-'))


def srs_original(address):
    """What an address comes back as: SRS1 leads to the SRS0 of the first hop."""
    local, host = srs.split(address)
    if local.startswith('SRS1'):
        _hash, host, opaque = local[5:].split('=', 2)
        return 'SRS0%s@%s' % (opaque, host)
    return address


if __name__ == '__main__':
    tap.main()
