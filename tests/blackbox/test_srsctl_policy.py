#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl policy: the policy service on standard input and output, with a daemon that comes and goes."""

import os
import pwd
import select
import shutil
import socket
import subprocess
import sys
import threading
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import build, tap
from harness.clients import policy_request
from harness.daemon import ORDINARY_USER, Daemon, Folder, is_root, reachable_binary, render, run
from harness.dns_server import Delayed, DnsServer
from harness.fake_server import FakeServer

WAIT = 60
ZONE = {
    'origin.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'fail.test': {'TXT': ['v=spf1 -all']},
    'slow.test': Delayed(0.3, {'TXT': ['v=spf1 -all']}),
}
REQUEST = policy_request()
DUNNO = b'action=DUNNO\n\n'


class Bridge:
    """A running srsctl policy; `same_socket`: as spawn(8) starts it, else two pipes.

    `environment` is added to that of the tests.
    """

    def __init__(self, *arguments, same_socket=False, environment=None):
        identity = {}
        if is_root():
            entry = pwd.getpwnam(ORDINARY_USER)
            identity = {'user': entry.pw_uid, 'group': entry.pw_gid, 'extra_groups': []}
        if same_socket:
            self.sock, theirs = socket.socketpair()
            files = {'stdin': theirs, 'stdout': theirs, 'stderr': theirs}
        else:
            files = dict.fromkeys(('stdin', 'stdout', 'stderr'), subprocess.PIPE)
        self.process = subprocess.Popen([reachable_binary('srsctl'), *arguments], cwd='/',
                                        env={**os.environ, **(environment or {})}, **files,
                                        **identity)
        if same_socket:
            theirs.close()
            self.input = self.sock.makefile('wb', buffering=0)
            self.output = self.sock.makefile('rb')
        else:
            self.input, self.output = self.process.stdin, self.process.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for file in self.input, self.output, self.process.stderr:
            if file:
                file.close()
        if hasattr(self, 'sock'):
            self.sock.close()

    def send(self, data):
        self.input.write(data)
        self.input.flush()

    def reply(self):
        return self.output.readline() + self.output.readline()

    def action(self):
        reply = self.reply()
        if not reply.startswith(b'action=') or not reply.endswith(b'\n\n'):
            raise AssertionError('not a reply: %r' % reply)
        return reply[7:-2].decode()

    def end(self):
        """Close its input -> (the rest of its output, its exit status)"""
        self.input.close()
        if hasattr(self, 'sock'):
            self.sock.shutdown(socket.SHUT_WR)
        return self.output.read(), self.process.wait(WAIT)

    def errors(self):
        return self.process.stderr.read().decode()


class FakeService(FakeServer):
    """A policy service that serves each connection with the next of its functions.

    A function gets the socket of the connection, which is closed when it returns; the last function
    serves all further connections.
    """

    def __init__(self, *behaviours):
        self.behaviours = list(behaviours)
        self.connections = 0
        sock = socket.socket()
        sock.bind(('127.0.0.1', 0))
        self.endpoint = 'inet:127.0.0.1:%d' % sock.getsockname()[1]
        super().__init__(sock)

    def serve(self, client):
        behave = self.behaviours[min(self.connections, len(self.behaviours) - 1)]
        self.connections += 1
        behave(client)


def read_request(client):
    data = b''
    while not data.endswith(b'\n\n'):
        more = client.recv(65536)
        if not more:
            return data
        data += more
    return data


def answers(reply):
    """To each request the same bytes."""
    def behave(client):
        while read_request(client).endswith(b'\n\n'):
            client.sendall(reply)
    return behave


def ends_after(reply):
    """One reply, perhaps half of one, and the end."""
    def behave(client):
        read_request(client)
        client.sendall(reply)
    return behave


def resets(client):
    read_request(client)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')


class Base(unittest.TestCase):
    def bridge(self, *arguments, **options):
        bridge = Bridge('policy', *arguments, **options)
        bridge.__enter__()
        self.addCleanup(bridge.__exit__)
        return bridge

    def service(self, *behaviours):
        service = FakeService(*behaviours).__enter__()
        self.addCleanup(service.__exit__)
        return service

    def ends(self, bridge, output=b'', status=0):
        self.assertEqual(bridge.end(), (output, status))


class RealDaemon(Base):
    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer(ZONE).start()
        cls.daemon = Daemon({'domains': ['our.test']}, dns=cls.dns)
        cls.path = os.path.join(cls.daemon.folder.subfolder('sockets', cls.daemon.user), 'policy')
        cls.daemon.options['policy'] += ['unix:' + cls.path]
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)
        cls.dns.stop()

    def connected(self, **options):
        bridge = Bridge('-f', self.daemon.config, 'policy', **options)
        self.addCleanup(bridge.__exit__)
        return bridge

    def test_verdicts(self):
        for same_socket in False, True:
            with self.subTest(same_socket=same_socket):
                bridge = self.connected(same_socket=same_socket)
                bridge.send(policy_request())
                self.assertRegex(bridge.action(), r'^PREPEND Received-SPF: Pass ')
                bridge.send(policy_request(sender='mallory@fail.test'))
                self.assertRegex(bridge.action(), r'^550 5\.7\.23 ')
                self.ends(bridge)

    def test_in_order(self):
        """Several in one packet, a slow one in front."""
        bridge = self.connected()
        bridge.send(policy_request(sender='a@slow.test') + policy_request() +
                    policy_request(sender='a@fail.test') + policy_request()[:40])
        self.assertRegex(bridge.action(), r'^550 .*slow\.test')
        self.assertRegex(bridge.action(), r'^PREPEND ')
        self.assertRegex(bridge.action(), r'^550 .*fail\.test')
        self.ends(bridge)

    def test_byte_by_byte(self):
        bridge = self.connected(same_socket=True)
        for byte in policy_request():
            bridge.send(bytes([byte]))
        self.assertRegex(bridge.action(), r'^PREPEND ')
        self.ends(bridge)

    def test_end_of_input_waits_for_the_reply(self):
        """A client that closes its side still gets the pending replies."""
        for same_socket in False, True:
            with self.subTest(same_socket=same_socket):
                name = 'end%d.test' % same_socket
                self.dns.add({name: Delayed(0.3, {'TXT': ['v=spf1 -all']})})
                bridge = self.connected(same_socket=same_socket)
                bridge.send(policy_request(sender='a@' + name))
                output, status = bridge.end()
                self.assertRegex(output, rb'\Aaction=550 5\.7\.23 [^\n]*\n\n\Z')
                self.assertEqual(status, 0)

    def test_nothing_asked(self):
        self.ends(self.connected())

    def test_half_a_request(self):
        bridge = self.connected()
        bridge.send(policy_request()[:-1])
        self.ends(bridge)

    def test_unix_socket(self):
        bridge = self.bridge('--to', 'unix:' + self.path)
        bridge.send(policy_request())
        self.assertRegex(bridge.action(), r'^PREPEND ')
        self.ends(bridge)

    def test_first_usable_endpoint(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        config = folder.file('srsd.conf', render({
            'srs-domain': 'srs.test', 'policy': ['unix:%s/none' % folder.path,
                                                 'unix:' + self.path]}))
        bridge = Bridge('-f', config, 'policy')
        self.addCleanup(bridge.__exit__)
        bridge.send(policy_request())
        self.assertRegex(bridge.action(), r'^PREPEND ')
        self.ends(bridge)

    def test_client_that_leaves(self):
        bridge = self.connected(same_socket=True)
        bridge.send(policy_request(sender='a@slow.test'))
        bridge.input.close()
        bridge.output.close()
        bridge.sock.close()
        self.assertEqual(bridge.process.wait(WAIT), 0)

    def test_request_that_the_daemon_refuses(self):
        """It closes such a connection; so do we, in the end."""
        bridge = self.connected()
        bridge.send(b'request=junk\n\n')
        self.assertEqual(bridge.output.read(), b'')
        self.assertEqual(bridge.process.wait(WAIT), 3)
        self.assertIn('the daemon closes each connection without a reply; Postfix defers',
                      bridge.errors())

    def test_client_that_does_not_read(self):
        """Thousands of requests before the first reply is read: they wait in the pipes."""
        bridge = self.connected()
        requests = [policy_request(sasl_username='jane') for _ in range(3000)]
        writer = threading.Thread(target=lambda: bridge.send(b''.join(requests)))
        writer.start()
        select.select([bridge.output], [], [], WAIT)
        for _ in requests:
            self.assertEqual(bridge.action(), 'DUNNO')
        writer.join(WAIT)
        self.ends(bridge)

    def test_output_without_room(self):
        """write(2) fails with EAGAIN although poll(2) has reported room: no reply is lost."""
        library = build.path('tests', 'faults', 'full_output.so')
        if not os.path.exists(library):
            self.skipTest('there is no full_output.so: make check builds it')
        library = shutil.copy(library, self.daemon.folder.path)
        os.chmod(library, 0o755)
        sanitizer = os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'
        bridge = self.connected(environment={'LD_PRELOAD': library, 'ASAN_OPTIONS': sanitizer})
        for sender, action in (('a@fail.test', '^550 '), ('a@origin.test', '^PREPEND ')) * 3:
            bridge.send(policy_request(sender=sender))
            self.assertRegex(bridge.action(), action)
        self.ends(bridge)


class Restart(Base):
    def test_daemon_is_restarted(self):
        with Daemon() as daemon:
            bridge = Bridge('-f', daemon.config, 'policy')
            self.addCleanup(bridge.__exit__)
            for _ in range(3):
                bridge.send(policy_request(sasl_username='jane'))
                self.assertEqual(bridge.action(), 'DUNNO')
                daemon.stop()
                daemon.start()
            self.ends(bridge)


class Outage(Base):
    def test_goes_away_in_the_middle(self):
        """Whatever it did before, the client gets one whole reply to each request."""
        for name, first in (('without a reply', ends_after(b'')),
                            ('with half a reply', ends_after(b'action=REJE')),
                            ('before the empty line', ends_after(b'action=REJECT\n')),
                            ('with a reset', resets)):
            with self.subTest(name):
                service = self.service(first, answers(DUNNO))
                bridge = self.bridge('--to', service.endpoint)
                bridge.send(REQUEST)
                self.assertEqual(bridge.reply(), DUNNO)
                self.assertEqual(service.connections, 2)
                bridge.send(REQUEST)
                self.assertEqual(bridge.reply(), DUNNO)
                self.ends(bridge)

    def test_tries_several_times(self):
        service = self.service(*[ends_after(b'')] * 4, answers(DUNNO))
        bridge = self.bridge('--to', service.endpoint)
        bridge.send(REQUEST)
        self.assertEqual(bridge.reply(), DUNNO)
        self.assertEqual(service.connections, 5)
        self.ends(bridge)

    def test_after_each_reply(self):
        service = self.service(ends_after(DUNNO))
        bridge = self.bridge('--to', service.endpoint)
        for _ in range(4):
            bridge.send(REQUEST)
            self.assertEqual(bridge.reply(), DUNNO)
        self.ends(bridge)

    def test_between_two_of_three(self):
        service = self.service(ends_after(b'action=one\n\n'), answers(DUNNO))
        bridge = self.bridge('--to', service.endpoint)
        bridge.send(REQUEST)
        self.assertEqual(bridge.reply(), b'action=one\n\n')
        bridge.send(REQUEST)
        self.assertEqual(bridge.reply(), DUNNO)
        bridge.send(REQUEST)
        self.assertEqual(bridge.reply(), DUNNO)
        self.ends(bridge)

    def test_requests_arrive_as_they_were(self):
        seen = []

        def keep(client):
            seen.append(read_request(client))
            if len(seen) > 1:
                client.sendall(DUNNO)
                read_request(client)
        bridge = self.bridge('--to', self.service(keep).endpoint)
        bridge.send(REQUEST)
        self.assertEqual(bridge.reply(), DUNNO)
        self.assertEqual(seen, [REQUEST] * 2)
        self.ends(bridge)

    def test_no_daemon(self):
        """No reply, an error, and status 1: Postfix defers."""
        folder = Folder()
        self.addCleanup(folder.remove)
        bridge = self.bridge('--to', 'unix:%s/none' % folder.path)
        bridge.send(REQUEST)
        self.assertEqual(bridge.output.read(), b'')
        self.assertEqual(bridge.process.wait(WAIT), 3)
        self.assertEqual(bridge.errors(),
                         'srsctl: warning: policy: cannot connect to unix:%s/none: No such file or '
                         'directory; Postfix defers the mail\n' % folder.path)

    def test_no_daemon_under_spawn(self):
        """Standard error is the client's socket there: an error in it would be a reply."""
        folder = Folder()
        self.addCleanup(folder.remove)
        bridge = self.bridge('--to', 'unix:%s/none' % folder.path, same_socket=True)
        bridge.send(REQUEST)
        self.assertEqual(bridge.output.read(), b'')
        self.assertEqual(bridge.process.wait(WAIT), 3)

    def test_no_daemon_and_no_request(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        self.ends(self.bridge('--to', 'unix:%s/none' % folder.path))

    def test_no_service(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        config = folder.file('srsd.conf', render({'srs-domain': 'srs.test', 'policy': []}))
        bridge = Bridge('-f', config, 'policy')
        self.addCleanup(bridge.__exit__)
        bridge.send(REQUEST)
        self.assertEqual((bridge.output.read(), bridge.process.wait(WAIT)), (b'', 3))
        self.assertIn('policy = {}', bridge.errors())

    def test_bad_service(self):
        for name, reply, reason in (('two replies', DUNNO * 2, 'a reply without a request'),
                                    ('no end', b'x' * 300000, 'a reply of more than 128 KiB')):
            with self.subTest(name):
                bridge = self.bridge('--to', self.service(answers(reply)).endpoint)
                bridge.send(REQUEST)
                bridge.output.read()
                self.assertEqual(bridge.process.wait(WAIT), 3)
                self.assertIn(reason, bridge.errors())

    def test_request_without_an_end(self):
        bridge = self.bridge('--to', self.service(answers(DUNNO)).endpoint)
        try:
            bridge.send(b'x' * 500000)
        except BrokenPipeError:
            pass
        self.assertEqual(bridge.process.wait(WAIT), 3)
        self.assertIn('a request of Postfix has more than 128 KiB', bridge.errors())
        bridge.process.stdin.close = lambda: None       # what it did not take stays in the buffer


class Usage(Base):
    def test_usage(self):
        for row in (['x'], ['--to'], ['--nonsense'], ['--to', 'inet:127.0.0.1'],
                    ['--to', '127.0.0.1:10003'], ['--to', 'unix:relative']):
            with self.subTest(' '.join(row)):
                done = run('policy', *row, program='srsctl')
                self.assertEqual((done.returncode, done.stdout), (2, ''))
                self.assertRegex(done.stderr, '^srsctl: (warning: )?policy: ')


if __name__ == '__main__':
    tap.main()
