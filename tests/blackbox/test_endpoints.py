#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Endpoints: host names, and reloads that move a service to another address."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import unittest
import unittest.mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.case import DaemonCase
from harness.clients import MapClient
from harness.daemon import (WAIT, Daemon, StartFailed, free_port, has_ipv6, is_root,
                            reachable_binary)
from harness.dns_server import DnsServer

HOSTS = '127.0.0.1 localhost\n::1 localhost ip6-localhost\n'


needs_ipv6 = unittest.skipUnless(has_ipv6(), 'the address ::1 does not exist')


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

    @needs_ipv6
    def test_without_ipv4(self):
        """The default endpoints do not exist on a host without 127.0.0.1."""
        with self.daemon('inet:[::1]:10001', clients=['::1']) as daemon:
            inside = ['nsenter', '-t', str(daemon.process.pid), '-n', '--']
            subprocess.run([*inside, 'ip', '-4', 'address', 'flush', 'dev', 'lo'], check=True)
            text = self.check(daemon)
            self.assertIn('ok: forward inet:[::1]:10001 answers', text)
            del daemon.options['forward']
            daemon.write_config()
            self.assertIn('error: forward inet:127.0.0.1:10001: Network is unreachable\n'
                          '    this host does not have that address: use one that it has, such as '
                          '[::1]\n', self.check(daemon))

    @needs_ipv6
    def test_nameserver_without_ipv4(self):
        """UDP, and TCP for the longer answer."""
        long = ' '.join('ip4:198.51.100.%d' % number for number in range(200))
        zone = {'pass.test': {'TXT': ['v=spf1 ip6:2001:db8::/32 -all']},
                'long.test': {'TXT': ['v=spf1 %s ip6:2001:db8::/32 -all' % long]}}
        with DnsServer(zone, host='::1') as dns, \
                Daemon({'clients': ['127.0.0.0/8']}, dns=dns) as daemon, \
                daemon.policy_client() as policy:
            for domain in 'pass.test', 'long.test':
                self.assertIn('Received-SPF: Pass', policy.ask(sender='a@' + domain,
                                                               client_address='2001:db8::1'))
            self.assertTrue(dns.seen('long.test', 'TXT', 'tcp'))


class Moves(DaemonCase):
    """Reloads between addresses that share a port. No connection is refused or reset."""

    def setUp(self):
        self.daemon = Daemon({'clients': ['127.0.0.0/8', '::1']})
        self.enter(self.daemon)
        self.port = self.daemon.ports['forward']

    def reload(self, **options):
        self.daemon.options.update(options)
        self.daemon.write_config()
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        return self.daemon.wait_log(r' reloaded | reload refused', mark)

    def answers(self, *address):
        try:
            with MapClient((*address, self.port)) as client:
                return client.get('a@origin.test').startswith('200 ')
        except ConnectionRefusedError:
            return False

    def move(self, *endpoints):
        line = self.reload(forward=['inet:%s:%d' % (host, self.port) for host in endpoints])
        self.assertIn(' reloaded ', line)

    def test_between_one_address_and_all(self):
        for host in '0.0.0.0', '127.0.0.1', '127.0.0.2', '*', 'localhost', '0.0.0.0', 'localhost':
            with self.subTest(host):
                self.move(host)
                self.assertEqual(self.answers('127.0.0.1'), host != '127.0.0.2')
                self.assertEqual(self.answers('127.0.0.2'), host in ('0.0.0.0', '127.0.0.2', '*'))

    @needs_ipv6
    def test_between_the_families(self):
        for host in '[::1]', '[::]', '127.0.0.1', '[::]', '[::1]', '0.0.0.0':
            with self.subTest(host):
                self.move(host)
                self.assertEqual(self.answers('::1'), host.startswith('['))
                self.assertEqual(self.answers('127.0.0.1'), not host.startswith('['))

    def test_wildcard_and_one_of_its_addresses(self):
        self.move('127.0.0.1', '0.0.0.0')
        self.assertTrue(self.answers('127.0.0.2'))
        self.move('127.0.0.1')
        self.assertFalse(self.answers('127.0.0.2'))

    def test_next_engine(self):
        """It gets the sockets of the last reload, and of no reload that was refused."""
        self.move('0.0.0.0')
        self.assertIn('reload refused', self.reload(**{
            'forward': ['inet:127.0.0.1:%d' % self.port], 'max-age': 'x'}))
        self.daemon.options['max-age'] = 21
        os.kill(self.daemon.child('engine'), signal.SIGKILL)
        self.daemon.wait_log('engine .* is ready')
        self.assertTrue(self.answers('127.0.0.2'))

    def test_swap(self):
        """Two services swap their ports: connections that were made before stay with the old one."""
        forward, reverse = self.daemon.options['forward'], self.daemon.options['reverse']
        with self.daemon.forward_client() as old:
            self.assertIn(' reloaded ', self.reload(forward=reverse, reverse=forward))
            self.assertRegex(old.get('a@origin.test'), '^200 ')
        with self.daemon.forward_client() as client:
            self.assertEqual(client.get('a@origin.test'), '500 not an SRS address')
        with self.daemon.reverse_client() as client:
            self.assertRegex(client.get('a@origin.test'), '^200 ')

    def test_swap_of_paths(self):
        folder = self.daemon.folder.subfolder('sockets', self.daemon.user)
        paths = [os.path.join(folder, name) for name in 'ab']
        ends = ['unix:' + path for path in paths]
        self.assertIn(' reloaded ', self.reload(forward=ends[:1], reverse=ends[1:]))
        self.assertIn(' reloaded ', self.reload(forward=ends[1:], reverse=ends[:1]))
        with MapClient(paths[0]) as client:
            self.assertEqual(client.get('a@origin.test'), '500 not an SRS address')
        with MapClient(paths[1]) as client:
            self.assertRegex(client.get('a@origin.test'), '^200 ')
        os.symlink(folder, self.daemon.path('link'))
        line = self.reload(policy=['unix:%s/a' % self.daemon.path('link')])
        self.assertIn('reload refused', line)
        self.assertIn('reverse listens there, because of its endpoint unix:%s; ' % paths[0], line)

    def test_queue_is_answered(self):
        """Connections in the queue of a socket that is about to be closed."""
        engine = self.daemon.child('engine')
        self.move('0.0.0.0')
        os.kill(engine, signal.SIGSTOP)
        clients = [MapClient(('127.0.0.1', self.port)) for _ in range(20)]
        for client in clients:
            self.addCleanup(client.close)
            client.send(b'get a@origin.test\n')
        self.daemon.options['forward'] = ['inet:127.0.0.2:%d' % self.port]
        self.daemon.write_config()
        self.daemon.signal(signal.SIGHUP)
        os.kill(engine, signal.SIGCONT)
        for client in clients:
            self.assertRegex(client.reply(), '^200 ')

    def test_under_load(self):
        """New connections all the time, while the address changes back and forth."""
        failures, done, answers = [], threading.Event(), []

        def connect():
            while not done.is_set():
                try:
                    with MapClient(('127.0.0.1', self.port)) as client:
                        answers.append(client.get('a@origin.test').startswith('200 '))
                except OSError as error:
                    failures.append(error)

        threads = [threading.Thread(target=connect) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for host in ('0.0.0.0', '127.0.0.1') * 5:
                self.move(host)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertTrue(answers)
        self.assertTrue(all(answers))

    @unittest.skipUnless(shutil.which('strace'), 'strace is not installed')
    @unittest.mock.patch.dict(os.environ, ASAN_OPTIONS='detect_leaks=0')    # it would trace, too
    def test_reload_after_reload(self):
        """The first one is complete when the engine has closed the old socket, not before."""
        self.daemon.stop()
        # The engine accepts what is in the queue of the old socket before it closes it.
        self.daemon.prefix = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=accept4',
                              '-e', 'inject=accept4:delay_enter=500000']
        self.daemon.start()
        for host in '127.0.0.2', '127.0.0.1', '127.0.0.2':
            self.move(host)

    def test_two_services_at_one_address(self):
        reverse = self.daemon.options['reverse'][0]
        line = self.reload(forward=[reverse.replace('127.0.0.1', '*')])
        self.assertIn('reload refused', line)
        self.assertIn('reverse: %s: forward listens there' % reverse, line)
        line = self.reload(forward=[reverse.replace('127.0.0.1', '0.0.0.0')])
        self.assertRegex(line, r'reload refused.*reverse: %s overlaps ' % reverse)
        self.assertTrue(self.answers('127.0.0.1'))

    def test_address_of_another_program(self):
        with socket.socket() as other:
            other.bind(('127.0.0.1', free_port()))
            other.listen()
            port = other.getsockname()[1]
            line = self.reload(forward=['inet:127.0.0.1:%d' % port])
        self.assertIn('reload refused', line)
        self.assertRegex(line, r'Address already in use; is postsrsd or another srsd listening '
                         r'there\? See: ss -ltnp sport = :%d$' % port)


class Handed(DaemonCase):
    """A socket of systemd stays, whatever the configuration says."""

    def test_error_in_the_files(self):
        """systemd would start the service again for each connection that waits: no status 78."""
        with socket.socket() as forward:
            forward.bind(('127.0.0.1', 0))
            forward.listen()
            daemon = Daemon({'max-age': 'x'})
            daemon.hand_over('forward', [forward])
            with self.assertRaises(StartFailed) as caught:
                daemon.start()
            self.assertEqual(caught.exception.status, 1)

    def test_address_that_another_service_wants(self):
        with socket.socket() as forward:
            forward.bind(('127.0.0.1', free_port()))
            forward.listen()
            endpoint = 'inet:127.0.0.1:%d' % forward.getsockname()[1]
            daemon = Daemon({'reverse': [endpoint]})
            daemon.hand_over('forward', [forward])
            with self.assertRaises(StartFailed) as caught:
                daemon.start()
            self.assertIn('reverse: %s: forward listens there, on a socket of LISTEN_FDS' % endpoint,
                          caught.exception.log)
            self.assertEqual(caught.exception.status, 1)
            # The endpoint of the service itself does not matter.
            daemon = Daemon({'forward': [endpoint]})
            daemon.hand_over('forward', [forward])
            with daemon, MapClient(forward.getsockname()) as client:
                self.assertRegex(client.get('a@origin.test'), '^200 ')
                for port in daemon.ports['reverse'], free_port():
                    daemon.options['reverse'] = ['inet:0.0.0.0:%d' % port]
                    daemon.options['clients'] = ['127.0.0.1']
                    daemon.write_config()
                    mark = daemon.log_mark()
                    daemon.signal(signal.SIGHUP)
                    daemon.wait_log(' reloaded ', mark)
                    self.assertRegex(client.get('a@origin.test'), '^200 ')


if __name__ == '__main__':
    tap.main()
