#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Endpoints: host names and addresses."""

import os
import shutil
import socket
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.daemon import WAIT, Daemon, is_root, reachable_binary

HOSTS = '127.0.0.1 localhost\n::1 localhost ip6-localhost\n'


def have_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(('::1', 0))
    except OSError:
        return False
    return True


needs_ipv6 = unittest.skipUnless(have_ipv6(), 'the address ::1 does not exist')


class HostWithoutIpv6(unittest.TestCase):
    """A host with an IPv4 address, whose only IPv6 address is ::1, and with Debian's /etc/hosts."""

    # Run in new namespaces. $1 is /etc/hosts; the rest is the command.
    INSIDE = ('mount --bind "$1" /etc/hosts && ip link set lo up && '
              'ip address add 192.0.2.7/32 dev lo && shift && exec "$@"')

    def setUp(self):
        if not is_root():
            self.skipTest('needs root')
        for program in 'unshare', 'nsenter', 'ip':
            if not shutil.which(program):
                self.skipTest('%s is not installed' % program)
        if subprocess.run(['unshare', '-nm', 'true'], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest('no namespaces')

    def daemon(self, *endpoints, **options):
        daemon = Daemon({'forward': list(endpoints), 'reverse': [], 'policy': [], **options},
                        as_root=True)
        daemon.prefix = ['unshare', '-nm', 'sh', '-c', self.INSIDE, 'sh',
                         daemon.folder.file('hosts', HOSTS)]
        return daemon

    def listening(self, daemon):
        """The addresses at which it listens, by the kernel's table."""
        found = []
        for name in 'tcp', 'tcp6':
            with open('/proc/%d/net/%s' % (daemon.process.pid, name), encoding='ascii') as file:
                for line in file.readlines()[1:]:
                    words = line.split()
                    if words[3] == '0A':
                        found.append('%s:%d' % (name, int(words[1].split(':')[1], 16)))
        return sorted(found)

    def check(self, daemon):
        """The output of srsctl check, which connects to the endpoints from the same host."""
        return subprocess.run(
            ['nsenter', '-t', str(daemon.process.pid), '-n', '-m', reachable_binary('srsctl'),
             '-f', daemon.config, 'check'],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT).stdout

    def test_name_with_one_address_twice(self):
        with self.daemon('inet:localhost:10001', metrics='inet:localhost:10005') as daemon:
            self.assertEqual(self.listening(daemon), ['tcp:10001', 'tcp:10005'])
            self.assertIn('ok: forward inet:localhost:10001 answers', self.check(daemon))

    @needs_ipv6
    def test_literal_ipv6(self):
        with self.daemon('inet:[::1]:10001', 'inet:127.0.0.1:10001') as daemon:
            self.assertEqual(self.listening(daemon), ['tcp6:10001', 'tcp:10001'])
            self.assertIn('ok: forward inet:[::1]:10001 answers', self.check(daemon))


if __name__ == '__main__':
    tap.main()
