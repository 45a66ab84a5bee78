#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The option clients: which addresses may connect to inet endpoints."""

import json
import os
import signal
import socket
import struct
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import netns, tap
from harness.case import DaemonCase
from harness.clients import MapClient
from harness.daemon import Daemon, free_port, run

SECOND, THIRD = '127.0.0.2', '127.0.0.3'
REFUSED = r'^srsd: warning: %s: connection from %s refused, because clients does not list it; ' \
          'further ones are not logged for an hour$'


def status(control, *arguments):
    return run('-s', control, 'status', *arguments, program='srsctl').stdout


def is_closed(address, source):
    """Whether a connection from this address is closed without a byte."""
    try:
        with socket.create_connection(address, 60, (source, 0)) as client:
            return client.recv(1) == b''
    except ConnectionResetError:
        return True


def answers(address, source):
    """Whether the forward map at this address rewrites a sender for a client at `source`."""
    try:
        with socket.create_connection(address, 60, (source, 0)) as client:
            client.sendall(b'get a@origin.test\n')
            return client.recv(300).startswith(b'200 SRS0=')
    except ConnectionError:
        return False


class Listed(DaemonCase):
    """Clients on this host too, which the list does not contain by itself."""

    OPTIONS = {'clients': [SECOND, '192.0.2.0/24']}

    def test_each_service(self):
        for name, address in self.daemon.addresses.items():
            with self.subTest(name):
                mark = self.daemon.log_mark()
                for _ in range(10):
                    self.assertTrue(is_closed(address, THIRD))
                self.daemon.wait_log(REFUSED % (name, THIRD), mark)
                self.assertEqual(len(self.daemon.log_matches('refused', mark)), 1)
        self.assertTrue(answers(self.daemon.addresses['forward'], SECOND))

    def test_policy_client_in_the_list(self):
        with socket.create_connection(self.daemon.addresses['policy'], 60, (SECOND, 0)) as client:
            client.sendall(b'request=smtpd_access_policy\nprotocol_state=RCPT\n'
                           b'client_address=127.0.0.1\nsasl_username=jane\n\n')
            self.assertRegex(client.recv(300), rb'^action=DUNNO')


class Others(DaemonCase):
    def test_unix_socket(self):
        """Its clients have no address; the directory decides."""
        daemon = Daemon({'clients': [SECOND]})
        path = os.path.join(daemon.folder.subfolder('sockets', daemon.user), 'forward')
        daemon.options['forward'].append('unix:' + path)
        self.enter(daemon)
        with MapClient(path) as client:
            self.assertRegex(client.get('a@origin.test'), '^200 ')
        self.assertTrue(is_closed(daemon.addresses['forward'], '127.0.0.1'))

    def test_counted(self):
        daemon = Daemon({'clients': [SECOND]})
        control = daemon.enable_control()
        self.enter(daemon)
        self.assertNotRegex(status(control), '(?m)^refused')
        for _ in range(3):
            self.assertTrue(is_closed(daemon.addresses['reverse'], THIRD))
        refused = json.loads(status(control, '--json'))['connections_refused']
        self.assertEqual({name for name in refused if refused[name]}, {'reverse'})
        self.assertEqual(refused['reverse'], 3)
        self.assertRegex(status(control), '(?m)^refused +reverse 3$')

    def test_reload(self):
        """Only new connections are affected."""
        daemon = self.another_daemon()
        address = daemon.addresses['forward']
        with daemon.forward_client() as before:
            self.assertRegex(before.get('a@origin.test'), '^200 ')
            for clients, want in (([SECOND], [True, False]), ([THIRD], [False, True]),
                                  ([], [True, True])):
                daemon.options['clients'] = clients
                daemon.write_config()
                mark = daemon.log_mark()
                daemon.signal(signal.SIGHUP)
                daemon.wait_log(' reloaded ', mark)
                self.assertEqual([answers(address, SECOND), answers(address, THIRD)], want)
                self.assertRegex(before.get('a@origin.test'), '^200 ')

    def test_milter(self):
        """At its endpoint, and at a socket of a service manager."""
        port = free_port()
        daemon = Daemon({'milter': ['inet:127.0.0.1:%d' % port], 'clients': [SECOND]})
        self.enter(daemon)
        self.check_milter(daemon, ('127.0.0.1', port))
        with socket.create_server(('127.0.0.1', 0)) as server:
            daemon = Daemon({'clients': [SECOND]})
            daemon.hand_over('milter', [server])
            self.enter(daemon)
            self.check_milter(daemon, server.getsockname())

    def check_milter(self, daemon, address):
        self.assertTrue(is_closed(address, THIRD))
        daemon.wait_log(REFUSED % ('milter', THIRD))
        with socket.create_connection(address, 60, (SECOND, 0)) as client:
            client.sendall(struct.pack('>IcIII', 13, b'O', 6, 0x1ff, 0x1fffff))
            self.assertEqual(client.recv(300)[4:9], b'O' + struct.pack('>I', 6))

    def test_metrics(self):
        """clients bounds the page too."""
        port = free_port()
        daemon = self.another_daemon({'metrics': 'inet:127.0.0.1:%d' % port, 'clients': [SECOND]})
        self.assertTrue(is_closed(('127.0.0.1', port), THIRD))
        daemon.wait_log(REFUSED % ('metrics', THIRD))
        with socket.create_connection(('127.0.0.1', port), 60, (SECOND, 0)) as client:
            client.sendall(b'GET /healthz HTTP/1.0\r\n\r\n')
            self.assertRegex(client.recv(300), rb'^HTTP/1.. 200 ')

    def test_sockets_of_a_service_manager(self):
        with socket.create_server(('127.0.0.1', 0)) as forward:
            daemon = Daemon({'clients': [SECOND]})
            daemon.hand_over('forward', [forward])
            self.enter(daemon)
            self.assertTrue(answers(forward.getsockname(), SECOND))
            self.assertTrue(is_closed(forward.getsockname(), THIRD))
            daemon.wait_log(REFUSED % ('forward', THIRD))

    def test_no_place_of_the_limit(self):
        """A connection that is refused takes no place of connection-limit."""
        daemon = self.another_daemon({'clients': [SECOND], 'connection-limit': 1})
        for _ in range(5):
            self.assertTrue(is_closed(daemon.addresses['forward'], THIRD))
        self.assertTrue(answers(daemon.addresses['forward'], SECOND))


class Network(unittest.TestCase):
    """Hosts of their own: one with srsd, and two that connect to it."""

    HOSTS = {'server': '192.0.2.10', 'near': '192.0.2.20', 'far': '203.0.113.30'}

    def setUp(self):
        why = netns.unavailable()
        if why:
            self.skipTest(why)
        self.network = netns.Network(self.HOSTS, [])
        self.network.__enter__()
        self.addCleanup(self.network.__exit__, None, None, None)

    def start(self, clients):
        daemon = Daemon({'clients': clients}, as_root=True,     # for nsenter(1)
                        prefix=self.network.hosts['server'].command)
        daemon.options['forward'] = ['inet:*:%d' % daemon.ports['forward']]
        daemon.__enter__()
        self.addCleanup(daemon.__exit__, None, None, None)
        return daemon

    def reached_by(self, daemon):
        """The hosts whose requests are answered at the address of the server."""
        address = (self.HOSTS['server'], daemon.ports['forward'])
        return {name for name, source in self.HOSTS.items()
                if self.network.hosts[name].call(answers, address, source)}

    def test_listed_network(self):
        daemon = self.start(['192.0.2.0/24'])
        self.assertEqual(self.reached_by(daemon), {'server', 'near'})
        daemon.wait_log(REFUSED % ('forward', self.HOSTS['far']))

    def test_all(self):
        self.assertEqual(self.reached_by(self.start(['0.0.0.0/0', '::/0'])), set(self.HOSTS))

    def test_without_the_option(self):
        """A socket of a service manager, which no option names: for this host only."""
        server = self.network.hosts['server']
        with server.call(socket.create_server, ('0.0.0.0', 0)) as forward:
            daemon = Daemon()
            daemon.hand_over('forward', [forward])
            daemon.__enter__()
            self.addCleanup(daemon.__exit__, None, None, None)
            daemon.ports['forward'] = forward.getsockname()[1]
            self.assertEqual(self.reached_by(daemon), set())
            loopback = ('127.0.0.1', daemon.ports['forward'])
            self.assertTrue(server.call(answers, loopback, '127.0.0.1'))


if __name__ == '__main__':
    tap.main()
