#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Engines that die and reloads in quick succession, under load; thousands of clients, no free
descriptors, a log that is not read; a hostile engine."""

import array
import fcntl
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
import termios
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.case import DaemonCase
from harness.clients import Client, MapClient, policy_request
from harness.daemon import (SECRET, Daemon, binary, borrow_descriptor, is_root,
                            process_tree)

WAIT = 60
ZONE = {'pass.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
        'fail.test': {'TXT': ['v=spf1 -all']}}
IDLE_CONNECTIONS = 10000
KIB_OF_A_CONNECTION = 4         # of memory, without sanitizers
SANITIZER_FACTOR = 4


def engine_of(daemon):
    """The process id of the engine, if there is one."""
    tree = process_tree(daemon.process.pid)
    return tree[1] if len(tree) > 1 else None


def cpu_ticks(daemon):
    """The CPU time of all its processes."""
    ticks = 0
    for pid in process_tree(daemon.process.pid):
        with open('/proc/%d/stat' % pid, encoding='latin-1') as file:
            fields = file.read().rpartition(')')[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks


def has_sanitizer():
    with open(binary(), 'rb') as file:
        return b'__asan_init' in file.read()


def raise_descriptor_limit():
    """-> how many this process, and a daemon that it starts, may have"""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Load:
    """Clients of all three services, each in a thread, that verify every reply.

    A connection that ends is an error, unless `reconnect` is true: then the client connects again,
    and must be served.
    """

    def __init__(self, daemon, reconnect=False, connections=2):
        self.daemon = daemon
        self.reconnect = reconnect
        self.errors = []
        self.replies = {'forward': 0, 'reverse': 0, 'policy': 0}
        self.ended = 0
        self.running = True
        self.changed = threading.Condition()
        address = srs.srs0('alice@origin.test', SECRET, 'srs.test', srs.today())
        self.tasks = [('forward', lambda c: c.get('alice@origin.test'), '200 ' + address),
                      ('reverse', lambda c: c.get(address), '200 alice@origin.test'),
                      ('policy', lambda c: c.ask(sender='a@fail.test')[:11], '550 5.7.23 ')]
        self.threads = [threading.Thread(target=self._run, args=task, daemon=True)
                        for task in self.tasks for _ in range(connections)]

    def _connect(self, service):
        return {'forward': self.daemon.forward_client, 'reverse': self.daemon.reverse_client,
                'policy': self.daemon.policy_client}[service]()

    def _run(self, service, ask, want):
        while self.running:
            try:
                with self._connect(service) as client:
                    while self.running:
                        self._note(service, ask(client), want)
            except (OSError, AssertionError) as error:
                # An end in the middle of a reply shows as one that is not well-formed: b''.
                lost = isinstance(error, ConnectionError) or str(error).endswith("reply: b''")
                if self.running and not (self.reconnect and lost):
                    self.errors.append('%s: %r' % (service, error))
                    return
                self.ended += 1

    def _note(self, service, got, want):
        if got != want:
            self.errors.append('%s: %r' % (service, got))
        with self.changed:
            self.replies[service] += 1
            self.changed.notify_all()

    def wait_replies(self, count=20):
        """Wait until each service has sent so many more replies."""
        before = dict(self.replies)
        deadline = time.monotonic() + WAIT
        with self.changed:
            while any(self.replies[name] - before[name] < count for name in before):
                if self.errors or not self.changed.wait(max(0, deadline - time.monotonic())):
                    raise AssertionError('no replies: %s, %s' % (self.replies, self.errors))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for thread in self.threads:
            thread.join(WAIT)


class OverloadCase(DaemonCase):
    ZONE = ZONE
    OPTIONS = {'hash-avoid-slash': False}

    def another_daemon(self, options=None, spf=None, **more):
        return super().another_daemon({**self.OPTIONS, **(options or {})}, spf, **more)

    def assert_serves(self, daemon=None):
        """All three services answer a new client."""
        daemon = daemon or self.daemon
        with daemon.forward_client() as client:
            self.assertRegex(client.get('alice@origin.test'), '^200 SRS0=')
        with daemon.reverse_client() as client:
            self.assertEqual(client.get('x'), '500 not an SRS address')
        with daemon.policy_client() as client:
            self.assertRegex(client.ask(sender='a@fail.test'), '^550 5.7.23 ')


class Killed(OverloadCase):
    def test_at_random_moments(self):
        """Each client connects again and is served; no answer is ever wrong."""
        seed = random.SystemRandom().randrange(2 ** 32)
        print('# seed %d' % seed)
        generator = random.Random(seed)
        with Load(self.daemon, reconnect=True) as load:
            for _ in range(5):
                load.wait_replies(generator.randrange(1, 60))
                mark = self.daemon.log_mark()
                os.kill(engine_of(self.daemon), signal.SIGKILL)
                self.daemon.wait_log('engine .* is ready', mark)
            load.wait_replies()
        self.assertEqual(load.errors, [])
        self.assertGreater(load.ended, 0)
        self.assert_serves()

    def test_over_a_reload(self):
        """It dies during a reload: the log reports that the reload had no effect."""
        daemon = self.another_daemon()
        mark = daemon.log_mark()
        os.kill(engine_of(daemon), signal.SIGSTOP)
        daemon.signal(signal.SIGHUP)
        daemon.wait_said('RELOADING=1')
        os.kill(engine_of(daemon), signal.SIGKILL)
        daemon.wait_log('engine .* is ready', mark)
        daemon.wait_log('reload.*keeping the old settings', mark)
        daemon.signal(signal.SIGHUP)
        daemon.wait_log(' reloaded ', mark)
        self.assert_serves(daemon)


class Storm(OverloadCase):
    def test_right_and_wrong_files(self):
        """No error, and no closed connection, whatever the files contain."""
        good = dict(self.daemon.options)
        wrong = ({'max-age': 'x'}, {'domains-file': '/nonexistent/file'},
                 {'forward': ['inet:192.0.2.1:1'], 'clients': ['127.0.0.0/8']},
                 {'secrets-file': '/nonexistent/secret'})
        with Load(self.daemon) as load:
            for n in range(200):
                self.daemon.options = {**good, 'max-age': 20 + n % 3,
                                       **(wrong[n // 2 % 4] if n % 2 else {})}
                self.daemon.write_config()
                self.daemon.signal(signal.SIGHUP)
                if n % 10 == 0:
                    load.wait_replies(1)
            for n in range(10):
                self.daemon.options = {**good, **(wrong[n % 4] if n % 2 else {})}
                self.daemon.write_config()
                mark = self.daemon.log_mark()
                self.daemon.signal(signal.SIGHUP)
                self.daemon.wait_log('reload refused' if n % 2 else ' reloaded ', mark)
            load.wait_replies()
        self.daemon.options = good
        self.assertEqual((load.errors, load.ended), ([], 0))
        self.assertFalse(self.daemon.log_matches('engine .* is ready'))
        self.assert_serves()


class Many(OverloadCase):
    OPTIONS = {**OverloadCase.OPTIONS, 'connection-limit': IDLE_CONNECTIONS + 100}

    @classmethod
    def setUpClass(cls):
        cls.room = raise_descriptor_limit()
        super().setUpClass()

    def test_idle_connections(self):
        """Next to ten thousand silent clients, the others are answered, and memory is bounded."""
        count = min(IDLE_CONNECTIONS, self.room - 500)
        if count < 1000:
            self.skipTest('no more than %d descriptors' % self.room)
        print('# %d connections' % count)
        addresses = list(self.daemon.addresses.values())
        self.assert_serves()
        before = self.daemon.resident_kib()
        idle = []
        try:
            with Load(self.daemon) as load:
                for n in range(count):
                    idle.append(socket.create_connection(addresses[n % 3], WAIT))
                load.wait_replies(50)
                self.assert_serves()
                grown = self.daemon.resident_kib() - before
                for sock in idle[::100]:
                    sock.sendall(b'\n')
                load.wait_replies(50)
            self.assertEqual((load.errors, load.ended), ([], 0))
        finally:
            for sock in idle:
                sock.close()
        print('# %d KiB more' % grown)
        most = KIB_OF_A_CONNECTION * count * (SANITIZER_FACTOR if has_sanitizer() else 1)
        self.assertLess(grown, most)
        self.assert_serves()


class Descriptors(OverloadCase):
    """More clients than descriptors."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon.stop()

    def few(self):
        return self.another_daemon(prefix=['prlimit', '--nofile=64:64', '--'])

    def connect(self, address, count, clients):
        for _ in range(count):
            clients.append(Client(address))
            self.addCleanup(clients[-1].close)

    def assert_patient(self, daemon):
        """It waits for free descriptors without a busy loop."""
        before = cpu_ticks(daemon)
        select.select([], [], [], 2)
        used = cpu_ticks(daemon) - before
        self.assertLess(used, os.sysconf('SC_CLK_TCK'), 'ticks of 2 seconds')

    def flood(self, daemon):
        clients = []
        for name in 'forward', 'reverse', 'policy':
            self.connect(daemon.addresses[name], 60, clients)
        return clients

    def test_recovers(self):
        daemon = self.few()
        clients = self.flood(daemon)
        self.assert_patient(daemon)
        for client in clients:
            client.close()
        self.assert_serves(daemon)

    def test_others_are_served(self):
        """Idle clients of one service do not affect the others."""
        daemon = self.few()
        clients = []
        self.connect(daemon.addresses['policy'], 100, clients)
        self.assert_maps_serve(daemon)

    def test_others_are_served_after_a_reload(self):
        daemon = self.few()
        daemon.signal(signal.SIGHUP)
        daemon.wait_log(' reloaded ')
        clients = []
        self.connect(daemon.addresses['policy'], 100, clients)
        self.assert_maps_serve(daemon)

    def assert_maps_serve(self, daemon):
        for name, want in (('forward', '500 not an address'),
                           ('reverse', '500 not an SRS address')):
            with MapClient(daemon.addresses[name], timeout=5) as client:
                self.assertEqual(client.get('x'), want)

    def test_reload_meanwhile(self):
        """It is accepted, or refused with a reason; connected clients are not affected."""
        daemon = self.few()
        with daemon.forward_client() as client:
            client.get('a@origin.test')
            self.flood(daemon)
            mark = daemon.log_mark()
            daemon.signal(signal.SIGHUP)
            daemon.wait_log(' reloaded |reload refused', mark)
            self.assertRegex(client.get('a@origin.test'), '^200 ')


class FullLog(OverloadCase):
    """A sink that accepts nothing blocks no request."""

    def logging_to(self, stderr):
        """A daemon whose standard error is this descriptor."""
        daemon = Daemon(self.OPTIONS, dns=self.dns,
                        prefix=['bash', '-c', 'exec "$0" "$@" 2>&%d' % stderr])
        daemon.pass_fds = [stderr]
        return self.enter(daemon)

    def say_much(self, daemon):
        """More than a pipe and the log's own buffer hold: some 150 bytes for each request."""
        with daemon.policy_client() as client:
            for _ in range(20):
                client.send(policy_request(sender='a@fail.test') * 200)
                for _ in range(200):
                    self.assertRegex(client.action(), '^550 5.7.23 ')

    def assert_unimpressed(self, stderr):
        daemon = self.logging_to(stderr)
        with Load(daemon) as load:
            self.say_much(daemon)
            load.wait_replies()
        self.assertEqual((load.errors, load.ended), ([], 0))
        before = cpu_ticks(daemon)
        select.select([], [], [], 1)
        self.assertLess(cpu_ticks(daemon) - before, os.sysconf('SC_CLK_TCK') / 2)
        os.kill(engine_of(daemon), signal.SIGKILL)
        self.assert_serves(daemon)
        daemon.stop()

    def test_pipe_that_nobody_reads(self):
        ends = os.pipe()
        for end in ends:
            self.addCleanup(os.close, end)
        self.assert_unimpressed(ends[1])

    def test_full_device(self):
        full = os.open('/dev/full', os.O_WRONLY)
        self.addCleanup(os.close, full)
        self.assert_unimpressed(full)

    def test_reader_that_comes_late(self):
        """Lines that do not fit are lost and counted; lines that were written are whole."""
        read, write = os.pipe()
        self.addCleanup(os.close, write)
        daemon = self.logging_to(write)
        self.say_much(daemon)
        text = b''
        deadline = time.monotonic() + WAIT
        with open(read, 'rb', buffering=0) as log:
            while b'lines lost' not in text and time.monotonic() < deadline:
                if select.select([log], [], [], 0.1)[0]:
                    text += log.read(65536)
                else:
                    with daemon.policy_client() as client:      # something new to say
                        client.ask(sender='a@fail.test')
            self.assertRegex(text, rb'log: \d+ lines lost, because the sink was too slow')
            lines = text.split(b'\n')[:-1]
            self.assertEqual([line for line in lines if not line.startswith(b'srsd: ')], [])
            daemon.stop()


# -- a hostile engine ---------------------------------------------------------

def link_of(daemon):
    """The engine's end of the channel to the monitor: its only SOCK_SEQPACKET socket."""
    engine = engine_of(daemon)
    for name in os.listdir('/proc/%d/fd' % engine):
        if not os.readlink('/proc/%d/fd/%s' % (engine, name)).startswith('socket:'):
            continue
        sock = socket.socket(fileno=borrow_descriptor(engine, int(name)))
        if sock.family == socket.AF_UNIX and sock.type == socket.SOCK_SEQPACKET:
            return sock
        sock.close()
    raise AssertionError('the engine has no channel')


def unread(sock):
    """The number of bytes that were sent and not read yet."""
    return struct.unpack('i', fcntl.ioctl(sock, termios.TIOCOUTQ, b'\0' * 4))[0]


def message(kind, number=0, text=b''):
    return array.array('I', [kind, number]).tobytes() + text


READY, ALIVE, WANTED, RELOADED, UNRELOADED = range(5)


class Enemy(OverloadCase):
    @classmethod
    def setUpClass(cls):
        if not is_root():
            raise unittest.SkipTest('needs root')
        super().setUpClass()
        link_of(cls.daemon).close()     # skips, where it may not be borrowed
        cls.daemon.stop()

    def setUp(self):
        # One of its own: the pause before the next engine grows with each that dies at once.
        self.daemon = self.another_daemon()

    def monitor_descriptors(self):
        return len(os.listdir('/proc/%d/fd' % self.daemon.process.pid))

    def assert_ends_the_engine(self, said, data, fds=()):
        """The monitor kills the engine, logs the reason, and starts another."""
        engine = engine_of(self.daemon)
        before = self.monitor_descriptors()
        mark = self.daemon.log_mark()
        with link_of(self.daemon) as link:
            if fds:
                socket.send_fds(link, [data], fds)
            else:
                link.send(data)
        self.daemon.wait_log('engine .* is ready', mark)
        if said:
            self.daemon.wait_log(r'engine %d: protocol violation \(%s\), killing it'
                                 % (engine, said), mark)
        self.daemon.wait_log('engine %d: killed by signal 9' % engine, mark)
        self.assertNotEqual(engine_of(self.daemon), engine)
        self.assertEqual(self.monitor_descriptors(), before)
        self.assert_serves()

    def test_nonsense(self):
        own = [0] * 60
        for name, said, data, fds in (
                ('short', 'a message of impossible size', b'x', ()),
                ('long', 'a message of impossible size', message(ALIVE, 0, b'x' * 5000), ()),
                ('unknown', 'a message of unknown type', message(99), ()),
                ('huge type', 'a message of unknown type', message(0xffffffff), ()),
                ('NUL', 'a text with a NUL', message(UNRELOADED, 1, b'a\0b'), ()),
                ('descriptors', 'unexpected descriptors', message(ALIVE), own),
                ('too many', 'a message of impossible size', message(ALIVE), [0] * 200),
                ('empty with descriptors', 'a message of impossible size', b'', own),
                ('empty', None, b'', ())):
            with self.subTest(name):
                self.setUp()
                self.assert_ends_the_engine(said, data, fds)

    def test_random_messages(self):
        """The monitor and some engine keep running, whatever messages arrive."""
        seed = random.SystemRandom().randrange(2 ** 32)
        print('# seed %d' % seed)
        generator = random.Random(seed)
        monitor = self.daemon.process.pid
        for _ in range(4):
            mark = self.daemon.log_mark()
            engine = engine_of(self.daemon)
            with link_of(self.daemon) as link:
                for _ in range(200):
                    try:
                        link.send(generator.randbytes(generator.randrange(1, 3000)))
                    except OSError:
                        break
            self.daemon.wait_log('engine .* is ready', mark)
            self.assertNotEqual(engine_of(self.daemon), engine)
        self.assertIsNone(self.daemon.process.poll())
        self.assertEqual(self.daemon.process.pid, monitor)
        self.assert_serves()

    def test_lies(self):
        """Well-formed messages at the wrong time change nothing."""
        engine = engine_of(self.daemon)
        mark = self.daemon.log_mark()
        with link_of(self.daemon) as link:
            for number in 0, 1, 2, 3, 77, 0xffffffff:
                for kind in RELOADED, UNRELOADED:
                    link.send(message(kind, number, b'a text\nof two lines \x1b[31m'))
            link.send(message(ALIVE, 5, b'not asked for'))
            # After the signal it would be the right time for some of them.
            deadline = time.monotonic() + WAIT
            while unread(link) > 0 and time.monotonic() < deadline:
                select.select([], [], [], 0.01)
            self.assertEqual(unread(link), 0)
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(' reloaded ', mark)
        self.assertEqual(len(self.daemon.log_matches(' reloaded |refused', mark)), 1)
        self.assertEqual(engine_of(self.daemon), engine)
        self.assert_serves()

    def flooding(self, link):
        """A thread that sends ALIVE in a loop, until the function that is returned is called"""
        running = [True]

        def flood():
            while running:
                try:
                    link.send(message(ALIVE))
                except OSError:
                    select.select([], [link], [], 0.1)

        def stop():
            running.clear()
            thread.join(WAIT)

        link.setblocking(False)
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        return stop

    def test_flood(self):
        """Signals still take effect, and mail is served."""
        engine = engine_of(self.daemon)
        mark = self.daemon.log_mark()
        with link_of(self.daemon) as link:
            stop = self.flooding(link)
            try:
                self.assert_serves()
                self.daemon.options['max-age'] = 'x'
                self.daemon.write_config()
                self.daemon.signal(signal.SIGHUP)
                self.daemon.wait_log('reload refused', mark)
            finally:
                stop()
                self.daemon.options['max-age'] = 21
                self.daemon.write_config()
        self.assertEqual(engine_of(self.daemon), engine)

    def test_reload_is_never_answered(self):
        """An engine that is alive, but does not answer a reload, is replaced."""
        mark = self.daemon.log_mark()
        engine = engine_of(self.daemon)
        with link_of(self.daemon) as link:
            os.kill(engine, signal.SIGSTOP)
            stop = self.flooding(link)
            try:
                self.daemon.signal(signal.SIGHUP)
                self.daemon.wait_log('engine %d: killed by' % engine, mark)
            finally:
                stop()
        self.daemon.wait_log('reload.*keeping the old settings', mark)
        self.daemon.wait_log('engine .* is ready', mark)
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(' reloaded ', mark)
        self.assert_serves()

    def test_reloads_without_end(self):
        """One at a time, and then it ends."""
        mark = self.daemon.log_mark()
        with link_of(self.daemon) as link:
            for _ in range(500):
                try:
                    link.send(message(WANTED))
                except BlockingIOError:
                    break
        self.daemon.wait_log(' reloaded ', mark)
        self.assert_serves()
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(' reloaded ', mark)


if __name__ == '__main__':
    tap.main()
