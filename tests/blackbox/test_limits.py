#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Bad input and too much of it on every socket: an answer or a clean close, no crash, no growth."""

import os
import random
import re
import resource
import select
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.case import DaemonCase
from harness.clients import Client, policy_request
from harness.dns_server import SILENT, Delayed

WAIT = 60
IDLE_CONNECTIONS = 3000
MAIL_SERVICES = 5       # that share the descriptors
SPARE = 1792            # descriptors for everything else
GROWTH_KIB = 8 * 1024       # between two equal rounds of load; sanitizers keep freed memory a while
ZONE = {
    'pass.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'slow.test': Delayed(0.5, {'TXT': ['v=spf1 ip4:192.0.2.1 -all']}),
    'silent.test': SILENT,
}


def raise_descriptor_limit():
    """-> how many this process, and a daemon that it starts, may have"""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def writable(sock, seconds):
    """Whether it becomes so; select(2) knows no descriptor above 1023."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return bool(poll.poll(seconds * 1000))


class LimitCase(DaemonCase):
    ZONE = ZONE

    def assert_alive(self):
        """All three services answer a new client."""
        with self.daemon.forward_client() as forward:
            self.assertRegex(forward.get('alice@origin.test'), '^200 SRS0=')
        with self.daemon.reverse_client() as reverse:
            self.assertEqual(reverse.get('bob@srs.test'), '500 not an SRS address')
        with self.daemon.policy_client() as policy:
            self.assertRegex(policy.ask(sender='a@pass.test'), '^PREPEND ')

    def each_service(self):
        for name in ('forward', 'reverse', 'policy'):
            yield name, self.daemon.addresses[name]

    def wait_descriptors(self, at_most):
        """Ended connections are noticed in turn; no event shows that the last one was closed."""
        deadline = time.monotonic() + WAIT
        while self.daemon.descriptors() > at_most:
            if time.monotonic() > deadline:
                self.fail('%d descriptors, %d before' % (self.daemon.descriptors(), at_most))
            time.sleep(0.01)


class BadInput(LimitCase):
    def offer(self, address, data, finish=True):
        """Send it and read all there is until the daemon closes, or (finish=False) just leave."""
        with Client(address) as client:
            try:
                client.send(data)
                if finish:
                    client.finish()
                    return client.reader.read()
            except ConnectionError:
                pass            # closed on us, which is an answer
        return b''

    def samples(self):
        generator = random.Random(7)
        yield 'binary', generator.randbytes(20000)
        yield 'binary lines', b'\n'.join(generator.randbytes(50) for _ in range(500))
        yield 'NULs', b'\0' * 100000
        yield 'NULs in lines', b'get \0\nget a\0b@origin.test\nrequest=\0\n\n'
        yield '1 MiB without newline', b'x' * 1048576
        yield '1 MiB of get without newline', b'get ' + b'x' * 1048576
        yield '1 MiB of an attribute', b'request=smtpd_access_policy\nx=' + b'y' * 1048576
        yield '64 KiB of newlines', b'\n' * 65536
        yield '1 MiB of CRs', b'\r' * 1048576
        yield '1 MiB of %', b'get ' + b'%' * 1048576 + b'\n'
        yield '1 MiB of escapes', b'get ' + b'%61' * 349525 + b'\n'
        yield 'HTTP', b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
        yield 'SMTP', b'EHLO x\r\nMAIL FROM:<>\r\n'
        yield 'TLS', bytes.fromhex('16030100c8010000c40303') + generator.randbytes(200)
        yield 'netstring', b'21:forward alice@o.test,'
        yield 'half a line', b'get alice@ori'
        yield 'half a request', policy_request()[:200]
        yield 'request without its end', policy_request()[:-1]
        yield 'CRLF request', policy_request().replace(b'\n', b'\r\n')
        yield 'nothing', b''

    def test_read_to_the_end(self):
        for service, address in self.each_service():
            for name, data in self.samples():
                with self.subTest('%s: %s' % (service, name)):
                    self.offer(address, data)
                    self.assert_alive()

    def test_leave_at_once(self):
        for service, address in self.each_service():
            for name, data in self.samples():
                with self.subTest('%s: %s' % (service, name)):
                    self.offer(address, data, finish=False)
                    self.assert_alive()

    def test_one_reply_for_each_line(self):
        """Garbage never puts a map out of step: as many replies as lines, the last one right."""
        generator = random.Random(11)
        for service in ('forward', 'reverse'):
            with self.subTest(service):
                lines = [generator.randbytes(generator.randrange(100)).replace(b'\n', b'')
                         for _ in range(1000)]
                with Client(self.daemon.addresses[service]) as client:
                    client.send(b'\n'.join(lines) + b'\nget %22last%20one%22@x.test\n')
                    client.finish()
                    replies = client.reader.read().split(b'\n')[:-1]
                self.assertEqual(len(replies), 1001)
                for reply in replies:
                    self.assertRegex(reply, rb'^[245]00 [ -~]+$')
                self.assertRegex(replies[-1], rb'^(200 .*last%20one|500 not an SRS address)')

    def test_random_bytes_of_requests(self):
        """Real requests with a few bytes changed, in pieces."""
        seed = random.SystemRandom().randrange(2 ** 32)
        print('# seed %d' % seed)
        generator = random.Random(seed)
        requests = {
            'forward': b'get %22john%20doe%22@origin.test\nget SRS0=abcd=AA=x.test=y@hop.test\n',
            'reverse': b'get SRS0=abcd=AA=x.test=y@srs.test\nget SRS1=abcd=x.test==y@srs.test\n',
            # Of no instance that a changed byte could turn into one of the cases to come.
            'policy': policy_request(sender='a@pass.test', instance='mutant') * 2,
        }
        for service, address in self.each_service():
            with self.subTest(service):
                for _ in range(200):
                    data = bytearray(requests[service])
                    for _ in range(generator.randrange(1, 6)):
                        data[generator.randrange(len(data))] = generator.randrange(256)
                    self.offer(address, bytes(data), finish=generator.random() < 0.5)
                self.assert_alive()


class Vanishing(LimitCase):
    def test_resets(self):
        """Clients that reset the connection at any point leave nothing allocated."""
        before = self.daemon.descriptors()
        half = {'forward': b'get alice@ori', 'reverse': b'get SRS0=', 'policy': b'request=smtp'}
        whole = {'forward': b'get alice@origin.test\n' * 50, 'reverse': b'get x\n' * 50,
                 'policy': policy_request(sender='a@pass.test')}
        for service, address in self.each_service():
            for name, data in (('at once', b''), ('half a request', half[service]),
                               ('with the reply unread', whole[service])):
                with self.subTest('%s: %s' % (service, name)):
                    for _ in range(100):
                        client = Client(address)
                        client.send(data)
                        client.vanish()
                    self.wait_descriptors(before)
                    self.assert_alive()

    def test_while_evaluated(self):
        """Clients that disconnect while their DNS queries are pending."""
        before = self.daemon.descriptors()
        clients = []
        for number in range(50):
            name = 'n%d.silent-too.test' % number
            self.dns.add({name: SILENT})
            client = self.daemon.policy_client()
            client.send(policy_request(sender='a@' + name))
            clients.append((client, name))
        for client, name in clients:
            self.dns.wait_query(name)
            client.vanish()
        self.wait_descriptors(before + 50)      # the resolver may keep sockets a while
        self.assert_alive()


class Many(LimitCase):
    OPTIONS = {'connection-limit': IDLE_CONNECTIONS + 1000}

    @classmethod
    def setUpClass(cls):
        limit = raise_descriptor_limit()
        super().setUpClass()
        cls.enough = limit >= MAIL_SERVICES * IDLE_CONNECTIONS + SPARE

    def test_idle_connections(self):
        if not self.enough:
            self.skipTest('the limit of descriptors is below %d'
                          % (MAIL_SERVICES * IDLE_CONNECTIONS + SPARE))
        for service, address in self.each_service():
            with self.subTest(service):
                self.hold(service, address)
        self.assert_alive()

    def hold(self, service, address):
        """All open at a time, and each one is served, in any order."""
        before = self.daemon.descriptors()
        sockets = []
        try:
            for _ in range(IDLE_CONNECTIONS):
                sockets.append(socket.create_connection(address, WAIT))
            self.assert_alive()
            request = (policy_request(protocol_state='DATA') if service == 'policy'
                       else b'get alice\n')
            want = {'forward': b'500 not an address\n', 'reverse': b'500 not an SRS address\n',
                    'policy': b'action=DUNNO\n\n'}[service]
            for sock in reversed(sockets):
                sock.sendall(request)
            for sock in sockets:
                self.assertEqual(sock.recv(100), want)
        finally:
            for sock in sockets:
                sock.close()
        self.wait_descriptors(before)

    def test_thousand_at_once(self):
        """The backlog takes them all while the daemon does something else: here, nothing at all."""
        with open('/proc/sys/net/core/somaxconn', encoding='ascii') as file:
            if int(file.read()) < 1000:
                self.skipTest('net.core.somaxconn is below 1000')
        self.daemon.signal(signal.SIGSTOP)
        try:
            sockets = [self.start_connecting() for _ in range(1000)]
            for sock in sockets:
                self.assertTrue(writable(sock, WAIT))
                self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)
        finally:
            self.daemon.signal(signal.SIGCONT)
        for sock in sockets:
            sock.settimeout(WAIT)
            sock.sendall(b'get alice\n')
        for sock in sockets:
            self.assertEqual(sock.recv(100), b'500 not an address\n')

    def start_connecting(self):
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.setblocking(False)
        sock.connect_ex(self.daemon.addresses['forward'])
        return sock


class ConnectionLimit(LimitCase):
    OPTIONS = {'connection-limit': 4}

    def test_backlog_holds_the_next(self):
        mark = self.daemon.log_mark()
        inside = [self.forward() for _ in range(4)]
        for client in inside:
            self.assertRegex(client.get('alice@origin.test'), '^200 ')
        outside = [self.forward() for _ in range(2)]
        for client in outside:
            client.send(b'get bob@origin.test\n')
        for client in inside * 20:
            self.assertRegex(client.get('alice@origin.test'), '^200 ')
        self.assertEqual(select.select([c.sock for c in outside], [], [], 0)[0], [])
        inside[0].close()
        self.assertRegex(outside[0].reply(), '^200 .*=bob@')
        inside[1].close()
        self.assertRegex(outside[1].reply(), '^200 .*=bob@')
        self.daemon.wait_log('(?i)limit', mark)
        self.assertEqual(len(self.daemon.log_matches('(?i)connection.*limit', mark)), 1)

    def test_other_services_are_not_held_up(self):
        held = [self.forward() for _ in range(4)]
        for client in held:
            self.assertRegex(client.get('alice@origin.test'), '^200 ')
        self.assertEqual(self.reverse().get('x'), '500 not an SRS address')
        self.assertRegex(self.policy().ask(sender='a@pass.test'), '^PREPEND ')


class DescriptorLimit(LimitCase):
    """Fewer descriptors than connections are allowed: the rest waits, as over connection-limit."""

    def test_more_clients_than_descriptors(self):
        daemon = self.another_daemon(prefix=['prlimit', '--nofile=64:64', '--'])
        clients = [Client(daemon.addresses['forward']) for _ in range(200)]
        for client in clients:
            client.send(b'get alice\n')
        for client in clients:          # each one that is answered makes room for another
            self.assertEqual(client.reader.readline(), b'500 not an address\n')
            client.close()
        self.assertRegex(self.policy(daemon).ask(sender='a@pass.test'), '^PREPEND .*: Pass ')


class IdleTimeout(LimitCase):
    OPTIONS = {'idle-timeout': 1}

    def test_maps_close(self):
        for name, connect in (('forward', self.forward), ('reverse', self.reverse)):
            with self.subTest(name):
                client = connect()
                client.get('alice')
                self.assertTrue(client.closed())

    def test_half_a_request_is_idle_too(self):
        client = self.forward()
        client.send(b'get ali')
        self.assertTrue(client.closed())

    def test_policy_service_stays(self):
        """Postfix keeps it up to 1000 s, and pays a second for each connection that is closed."""
        policy = self.policy()
        self.assertRegex(policy.ask(sender='a@pass.test'), '^PREPEND ')
        for _ in range(2):
            self.assertTrue(self.forward().closed())        # more than a second has passed
        self.assertRegex(policy.ask(sender='a@pass.test'), '^PREPEND ')


class SlowReader(LimitCase):
    def flood(self, address, request, limit):
        """Send without reading until the daemon takes no more or `limit` is reached; -> requests"""
        client = Client(address)
        self.addCleanup(client.close)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            client.sock.setsockopt(socket.SOL_SOCKET, option, 65536)
        block = request * max(1, 65536 // len(request))
        client.sock.setblocking(False)
        sent = 0
        while sent < limit and writable(client.sock, 2):
            try:
                sent += client.sock.send(block[sent % len(block):])
            except BlockingIOError:
                pass
        client.sock.settimeout(WAIT)
        return client, sent

    def test_replies_unread(self):
        """A client that only sends is not read any further; it is answered in the end."""
        cases = (('forward', b'get alice@origin.test\n', rb'200 SRS0=\S+\n'),
                 ('reverse', b'get x\n', b'500 not an SRS address\n'),
                 ('policy', policy_request(protocol_state='DATA'), b'action=DUNNO\n\n'))
        for service, request, reply in cases:
            with self.subTest(service):
                before = self.daemon.resident_kib()
                client, sent = self.flood(self.daemon.addresses[service], request, 64 << 20)
                self.assertLess(self.daemon.resident_kib() - before, 4 * GROWTH_KIB)
                self.assert_alive()
                self.drain(client, sent // len(request), reply)

    def drain(self, client, requests, reply):
        """All whole requests are answered, in full."""
        client.finish()
        replies = client.reader.read()
        self.assertEqual(re.sub(reply, b'', replies)[:100], b'')
        self.assertGreaterEqual(len(re.findall(reply, replies)), requests)

    def test_one_request_at_a_time(self):
        """While a request is evaluated the next ones wait, and the order stays."""
        client = self.policy()
        senders = ['slow%d@slow.test' % n for n in range(3)] + ['quick@pass.test']
        client.send(b''.join(policy_request(sender=sender) for sender in senders))
        for sender in senders:
            self.assertIn('envelope-from="%s"' % sender, client.action())


class Growth(LimitCase):
    """Equal rounds of load: memory that the second needs beyond the first is a leak."""

    ROUNDS = 4

    def measure(self, load):
        resident = []
        for _ in range(self.ROUNDS):
            load()
            self.assert_alive()
            resident.append(self.daemon.resident_kib())
        self.assertLess(resident[-1] - resident[1], GROWTH_KIB, resident)

    def test_long_lines(self):
        def load():
            for _service, address in self.each_service():
                for _ in range(10):
                    with Client(address) as client:
                        try:
                            client.send(b'x' * 1048576)
                        except ConnectionError:
                            pass
        self.measure(load)

    def test_half_requests(self):
        def load():
            clients = []
            for service, address in self.each_service():
                half = b'x=' + b'y' * 4000 + b'\n' if service == 'policy' else b'get ' + b'y' * 4000
                for _ in range(200):
                    clients.append(Client(address))
                    clients[-1].send(half * 10)
            for client in clients:
                client.close()
        self.measure(load)

    def test_lookups(self):
        def load():
            with self.daemon.forward_client() as client:
                for block in range(20):
                    client.send(b''.join(b'get u%d@origin.test\n' % n for n in range(500)))
                    for _ in range(500):
                        client.reply()
        self.measure(load)

    def test_checks(self):
        def load():
            with self.daemon.policy_client() as client:
                for number in range(1000):
                    client.ask(sender='u%d@pass.test' % number)
        self.measure(load)

    def test_messages_with_names_that_do_not_exist(self):
        """Each one a new name, as spam has them: the DNS cache and the memory of messages fill."""
        names = iter(range(10 ** 6))

        def load():
            with self.daemon.policy_client() as client:
                for _ in range(1000):
                    client.ask(sender='u@n%d.no.test' % next(names))
        self.measure(load)


if __name__ == '__main__':
    tap.main()
