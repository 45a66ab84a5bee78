#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The store: its process alone, and a daemon that has one and is killed, blocked and reloaded.

The process alone: what it writes to the disk, and when it acknowledges it. The protocol of store_wire.h is implemented here a second time, from its description. With strace
the order of the system calls shows that the WAL is synced between the arrival of a put and its
acknowledgement; `kill -9` cannot show that, because the kernel keeps what was written.
"""

import base64
import hashlib
import itertools
import os
import pwd
import re
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import build, milter, redis, srs, tap
from harness.case import DaemonCase
from harness.clients import MapClient, SocketmapClient, encode_key, is_end
from harness.daemon import (ORDINARY_USER, SECRET, Daemon, Folder, free_port, has_hiredis,
                            has_sqlite, is_root, process_name)
from harness.database import DatabaseLock
from harness.fake_server import FakeServer
from harness.milter import Action, Milter
from harness.redis import RedisServer

STORE = build.path('tests', 'harness', 'store')
PUT, GET, DONE, MISSING, FULL, FAILED, STATE = range(1, 8)
HEAD = struct.Struct('>IBQ')
LATER = 4000000000
WAIT = 30

# Words of strace -y: a call on a descriptor, whose file or socket follows in <>.
CALL = re.compile(r'^(?:\d+\s+)?(recvfrom|sendto|fdatasync|fsync)\(\d+<([^>]*)>(.*)\)\s+= (-?\d+)')
BYTES = re.compile(r', "((?:\\x[0-9a-f]{2})*)"')


def alias(number):
    digits = '0123456789ABCDEFGHIJKLMNOPQRSTUV'
    number *= 0x9e3779b97f4a7c15f39cc0605cedc835
    return (''.join(digits[number >> 5 * i & 31] for i in range(32)) + '@1').encode()


def address(number):
    return b'bounces+%d-0102018f3a2b@mail.example' % number


def message(kind, number, body=b''):
    return HEAD.pack(HEAD.size - 4 + len(body), kind, number) + body


def put_message(number, expires=LATER):
    return message(PUT, number, alias(number) + struct.pack('>q', expires) + address(number))


def get_message(number):
    return message(GET, number, alias(number))


def split_messages(data):
    """-> [(kind, number, body)], and the bytes that are left"""
    messages = []
    while len(data) >= 4:
        length = 4 + struct.unpack_from('>I', data)[0]
        if len(data) < length:
            break
        _, kind, number = HEAD.unpack_from(data)
        messages.append((kind, number, data[HEAD.size:length]))
        data = data[length:]
    return messages, data


class Process:
    """A store process on a database, perhaps under strace."""

    def __init__(self, database, trace=None, limit=1000000):
        self.here, there = socket.socketpair()
        self.here.settimeout(WAIT)
        command = [STORE, str(there.fileno()), database, str(limit), '2000']
        if trace:
            command = ['strace', '-f', '-y', '-xx', '-s', '1000000', '-o', trace,
                       '-e', 'trace=recvfrom,sendto,fdatasync,fsync'] + command
        # LeakSanitizer cannot work in a process that is traced.
        environment = dict(os.environ, ASAN_OPTIONS='detect_leaks=0')
        self.child = subprocess.Popen(
            command, pass_fds=[there.fileno()], env=environment, stderr=subprocess.PIPE)
        there.close()
        self.rest = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.here.close()
        self.child.wait(WAIT)
        self.child.stderr.close()

    def send(self, data):
        self.here.sendall(data)

    def answers(self, count):
        """-> {number: (kind, body)} of so many answers; states are left out"""
        answers = {}
        while len(answers) < count:
            data = self.here.recv(1 << 20)
            if not data:
                raise AssertionError('the process ended: %r' % self.child.stderr.read())
            messages, self.rest = split_messages(self.rest + data)
            answers.update(
                (number, (kind, body)) for kind, number, body in messages if kind != STATE)
        return answers

    def ask(self, question):
        self.send(question)
        return next(iter(self.answers(1).values()))


@unittest.skipUnless(os.path.exists(STORE), 'built without SQLite')
class StoreCase(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix='srsd-store.')
        self.addCleanup(shutil.rmtree, self.directory)
        self.database = os.path.join(self.directory, 'envelopes.sqlite')

    def start(self, **options):
        process = Process(self.database, **options)
        self.addCleanup(process.__exit__)
        return process


class Answers(StoreCase):
    def test_put_and_get(self):
        with self.start() as process:
            self.assertEqual(process.ask(get_message(1)), (MISSING, b''))
            self.assertEqual(process.ask(put_message(1)), (DONE, b''))
            self.assertEqual(process.ask(get_message(1)), (DONE, address(1)))
        self.assertEqual(process.child.returncode, 0)

    def test_messages_in_pieces(self):
        data = put_message(1) + put_message(2) + get_message(3)
        with self.start() as process:
            for at in range(len(data)):
                process.send(data[at:at + 1])
            answers = process.answers(3)
        self.assertEqual([answers[i][0] for i in (1, 2, 3)], [DONE, DONE, MISSING])

    def test_bad_message(self):
        with self.start() as process:
            process.send(message(PUT, 1, b'no alias'))
            process.child.wait(WAIT)
            self.assertEqual(process.child.returncode, 1)
            self.assertIn(b'protocol violation by the engine', process.child.stderr.read())

    def test_database_of_postsrsd(self):
        """Made with its statements and its journal; taken over in place, and readable by it."""
        with sqlite3.connect(self.database) as other:
            other.executescript(
                'CREATE TABLE IF NOT EXISTS kv (k TEXT NOT NULL UNIQUE ON CONFLICT REPLACE,'
                'v TEXT NOT NULL,lt INTEGER NOT NULL);'
                'CREATE INDEX IF NOT EXISTS ltidx ON kv (lt)')
            other.executemany('INSERT INTO kv (k, v, lt) VALUES (?, ?, ?)', [
                (alias(i).decode(), address(i).decode(), LATER) for i in range(100)])
        other.close()
        with self.start() as process:
            self.assertEqual(process.ask(get_message(7)), (DONE, address(7)))
            self.assertEqual(process.ask(put_message(200)), (DONE, b''))
        other = sqlite3.connect(self.database)
        self.addCleanup(other.close)
        self.assertEqual(
            other.execute('SELECT v FROM kv WHERE k = ?', (alias(200).decode(),)).fetchall(),
            [(address(200).decode(),)])
        self.assertEqual(other.execute('SELECT count(*) FROM kv').fetchall(), [(101,)])
        self.assertEqual(other.execute('PRAGMA integrity_check').fetchall(), [('ok',)])


def read_trace(path):
    """-> [(call, what it is on, the bytes that it moved)]; those that failed are left out"""
    calls = []
    with open(path, encoding='ascii', errors='replace') as lines:
        for line in lines:
            found = CALL.match(line)
            if not found or int(found[4]) < 0:
                continue
            text = BYTES.search(found[3])
            data = bytes.fromhex(text[1].replace('\\x', '')) if text else b''
            target = bytes.fromhex(found[2].replace('\\x', '')).decode() \
                if '\\x' in found[2] else found[2]
            calls.append((found[1], target, data[:int(found[4])]))
    return calls


def check_durable(calls):
    """Raises AssertionError where a put was acknowledged that no sync of the WAL followed.

    -> (acknowledged puts, syncs of the WAL)
    """
    received = sent = b''
    waiting, synced = set(), set()
    acknowledged = syncs = 0
    for call, target, data in calls:
        if call == 'recvfrom':
            messages, received = split_messages(received + data)
            waiting |= {number for kind, number, _ in messages if kind == PUT}
        elif call == 'sendto':
            messages, sent = split_messages(sent + data)
            for kind, number, _ in messages:
                if kind == DONE and (number in waiting or number in synced):
                    if number not in synced:
                        raise AssertionError('put %d was acknowledged before a sync' % number)
                    synced.discard(number)
                    acknowledged += 1
        elif target.endswith('-wal'):
            synced |= waiting
            waiting.clear()
            syncs += 1
    return acknowledged, syncs


@unittest.skipUnless(shutil.which('strace'), 'strace is not installed')
class Durability(StoreCase):
    def traced(self, ask):
        """The system calls of a process that is asked."""
        trace = os.path.join(self.directory, 'trace')
        with self.start(trace=trace) as process:
            ask(process)
        return read_trace(trace)

    def test_one_after_another(self):
        def ask(process):
            for i in range(50):
                self.assertEqual(process.ask(put_message(i)), (DONE, b''))

        calls = self.traced(ask)
        acknowledged, syncs = check_durable(calls)
        self.assertEqual(acknowledged, 50)
        self.assertGreaterEqual(syncs, 50)
        # A trace without the syncs must not pass.
        with self.assertRaises(AssertionError):
            check_durable([call for call in calls if not call[0].endswith('sync')])

    def test_pipelined(self):
        def ask(process):
            process.ask(put_message(9999))          # makes the WAL
            process.send(b''.join(put_message(i) for i in range(500)))
            answers = process.answers(500)
            self.assertEqual({kind for kind, _ in answers.values()}, {DONE})

        acknowledged, syncs = check_durable(self.traced(ask))
        self.assertEqual(acknowledged, 501)
        # All that have arrived are committed together.
        self.assertLessEqual(syncs, 50)

    def test_syncs_after_a_restart(self):
        """A WAL that an earlier process has left is in the database file before the first put."""
        with self.start() as process:
            process.ask(put_message(1))
            process.child.kill()
            process.child.wait(WAIT)
        self.assertTrue(os.path.getsize(self.database + '-wal') > 0)
        calls = self.traced(lambda again: again.ask(put_message(2)))
        self.assertEqual(check_durable(calls)[0], 1)
        synced = [target for call, target, _ in calls if call.endswith('sync')]
        self.assertIn(self.database, synced)
        self.assertLess(synced.index(self.database), max(
            at for at, target in enumerate(synced) if target.endswith('-wal')))


# -- the daemon with its store ----------------------------------------------

needs_sqlite = unittest.skipUnless(has_sqlite(), 'built without SQLite')
needs_redis = unittest.skipIf(redis.unavailable(), redis.unavailable())
NEVER = 100 * 365 * 86400
LONG = 'bounces+%d-' + 'x' * 60 + '@mail.test'
ALIAS_ADDRESS = r'\ASRS0=[^=]+=[A-Z2-7]{2}=1=[0-9A-V]{32}@srs\.test\Z'


class Deadline:
    """A condition that is looked at again and again: `while deadline.left('what'):`"""

    def __init__(self):
        self.end = time.monotonic() + 2 * WAIT

    def left(self, what):
        if time.monotonic() > self.end:
            raise AssertionError('not in time: ' + what)
        return True


class EnvelopeCase(DaemonCase):
    """A daemon of the test's own."""

    def setUp(self):
        self.daemon = Daemon({'store-timeout': 2})

    def change(self, **options):
        """Write other options, and have them read."""
        self.daemon.options.update({name.replace('_', '-'): value
                                    for name, value in options.items()})
        self.daemon.write_config()
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        self.assertIn(' reloaded ', self.daemon.wait_log(' reloaded | refused', mark))

    def until_address(self, client, sender):
        """Ask for the address of a sender until there is one; -> it, and the replies before."""
        deadline, replies = Deadline(), []
        while deadline.left('an address; last replies: %s' % replies[-3:]):
            reply = client.get(sender)
            if reply.startswith('200 '):
                return reply[4:], replies
            self.assertRegex(reply, '^400 ')
            replies.append(reply)

    def until_refused(self, client, sender):
        """Ask for addresses of new senders until none is given out; -> those that were."""
        given = {}
        deadline = Deadline()
        for number in itertools.count():
            deadline.left('a refusal')
            one = sender % number
            reply = client.get(one)
            if reply.startswith('400 '):
                return given
            given[one] = reply[4:]

    def assert_restored(self, given):
        """Every address that was given out leads back to its sender."""
        with self.reverse(self.daemon) as client:
            for sender, address in given.items():
                deadline = Deadline()
                reply = client.get(address)
                while reply.startswith('400 ') and deadline.left(reply):
                    reply = client.get(address)
                self.assertEqual(reply, '200 ' + sender)


class Senders:
    """New senders over several connections; a request without an answer is made again."""

    CONNECTIONS = 8

    def __init__(self, daemon):
        self.daemon = daemon
        self.given = {}
        self.deferred = 0
        self.wrong = []
        self.running = True
        self.numbers = itertools.count()
        self.threads = [threading.Thread(target=self.run, daemon=True)
                        for _ in range(self.CONNECTIONS)]

    def run(self):
        client = None
        while self.running:
            sender = LONG % next(self.numbers)
            while self.running and sender not in self.given:
                try:
                    client = client or self.daemon.forward_client()
                    reply = client.get(sender)
                except (OSError, AssertionError) as error:
                    if not is_end(error):
                        self.wrong.append(repr(error))
                    client = client and client.close()      # the engine was killed
                    continue
                if reply.startswith('400 '):
                    self.deferred += 1
                elif re.match(ALIAS_ADDRESS, reply[4:]) and reply.startswith('200 '):
                    self.given[sender] = reply[4:]
                else:
                    self.wrong.append(reply)
        if client:
            client.close()

    def until(self, condition, what):
        deadline = Deadline()
        while not condition():
            deadline.left(what)
            select.select([], [], [], 0.005)

    def until_more(self):
        """Until each connection has had an answer that was asked for from now on, or more."""
        count = len(self.given) + 2 * self.CONNECTIONS
        self.until(lambda: len(self.given) >= count, 'more addresses')

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for thread in self.threads:
            thread.join(WAIT)


class Promise(EnvelopeCase):
    """An address that was given out is restored, whatever dies or fails meanwhile."""

    ROUNDS = 3

    def kill_child(self, senders, name):
        pid = self.daemon.child(name)
        os.kill(pid, signal.SIGKILL)
        self.daemon.child(name, other_than=pid)
        senders.until_more()

    def check(self, faults):
        with Senders(self.daemon) as senders:
            senders.until_more()
            for _ in range(self.ROUNDS):
                for fault in faults:
                    fault(senders)
        self.assertEqual(senders.wrong, [])
        self.assertGreater(len(senders.given), 100)
        self.assert_restored(senders.given)

    @needs_sqlite
    def test_sqlite(self):
        path = self.daemon.use_database(**{'store-timeout': 1})
        self.enter(self.daemon)

        def lock(senders):
            deferred = senders.deferred
            with DatabaseLock(path):
                senders.until(lambda: senders.deferred > deferred, 'a deferred request')
            senders.until_more()

        self.check([lambda senders: self.kill_child(senders, 'store'), lock,
                    lambda senders: self.kill_child(senders, 'engine')])

    @needs_redis
    def test_redis(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        server = RedisServer(folder).start()
        self.addCleanup(server.kill)
        self.daemon.options.update({'original-envelope': 'database',
                                    'envelope-database': server.database})
        self.enter(self.daemon)

        def restart(senders):
            server.kill()
            server.start()
            senders.until_more()

        self.check([restart, lambda senders: self.kill_child(senders, 'engine')])
        server.kill()
        server.start()
        with self.reverse(self.daemon) as client:
            self.assertRegex(client.get('SRS0=xxxx=AA=1=' + 32 * 'A' + '@srs.test'), '^500 ')


class FakeRedis(FakeServer):
    """A server whose replies can end at any byte. Requests are served one after the other."""

    def __init__(self, by_bytes=False):
        sock = socket.socket()
        sock.bind(('127.0.0.1', 0))
        self.database = 'redis:127.0.0.1:%d' % sock.getsockname()[1]
        self.by_bytes = by_bytes
        self.left = None        # bytes of replies after which the connection ends; None: no end
        self.rows = {}
        super().__init__(sock)

    def serve(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client.makefile('rb') as reader:
            while True:
                words = self.command(reader)
                if not words or not self.send(client, self.answer(words)):
                    return

    @staticmethod
    def command(reader):
        head = reader.readline()
        words = []
        for _ in range(int(head[1:] or 0)):
            length = int(reader.readline()[1:])
            words.append(reader.read(length + 2)[:-2])
        return words

    def answer(self, words):
        if words[0] == b'SET':
            self.rows[words[1]] = words[2]
            return b'+OK\r\n'
        if words[0] == b'GET':
            row = self.rows.get(words[1])
            return b'$-1\r\n' if row is None else b'$%d\r\n%s\r\n' % (len(row), row)
        return b'+PONG\r\n'

    def send(self, client, reply):
        """-> False if the connection ends here"""
        cut = self.left is not None and self.left < len(reply)
        if cut:
            reply, self.left = reply[:self.left], None
        for at in range(0, len(reply), 1 if self.by_bytes else 4096):
            client.sendall(reply[at:at + (1 if self.by_bytes else 4096)])
        return not cut


@unittest.skipUnless(has_hiredis(), 'built without hiredis')
class CutOff(EnvelopeCase):
    """A Redis server that is slow, or lost at each byte of a reply, and there again: each lookup is
    answered, and rightly. test_store_redis_cut.c has the bytes of the requests."""

    def start(self, server):
        self.enter(server)
        self.daemon.options.update({'original-envelope': 'database', 'store-timeout': 30,
                                    'envelope-database': server.database})
        self.enter(self.daemon)
        self.until_address(self.forward(self.daemon), 'first@o.test')

    def test_each_byte(self):
        server = FakeRedis()
        self.start(server)
        forward, reverse = self.forward(self.daemon), self.reverse(self.daemon)
        for left in range(len('+OK\r\n')):
            server.left = left
            sender = 'p%d@o.test' % left
            address = forward.address(sender)
            self.assertRegex(address, ALIAS_ADDRESS)
            self.assertIsNone(server.left)
            self.assertEqual(reverse.get(address), '200 ' + sender)
        for left in range(len('$9\r\np0@o.test\r\n')):
            server.left = left
            self.assertEqual(reverse.get(address), '200 ' + sender)
            self.assertIsNone(server.left)
        unknown = srs.srs0_of_alias('unknown@o.test', SECRET, 'srs.test', srs.today())
        for left in range(len('$-1\r\n')):
            server.left = left
            self.assertRegex(reverse.get(unknown), '^500 ')
            self.assertIsNone(server.left)

    def test_slow(self):
        self.start(FakeRedis(by_bytes=True))
        forward, reverse = self.forward(self.daemon), self.reverse(self.daemon)
        for number in range(20):
            self.assertEqual(reverse.get(forward.address(LONG % number)), '200 ' + LONG % number)


@needs_sqlite
class Killed(EnvelopeCase):
    """The store process dies while requests of all services wait for it: each is answered."""

    def asked(self, name, ask):
        """A client that has asked, and whose request has been read."""
        address = self.daemon.addresses[name]
        client = self.enter(MapClient(address) if name in ('forward', 'reverse')
                            else SocketmapClient(address) if name == 'socketmap'
                            else Milter(address))
        ask(client)
        with self.daemon.forward_client() as other:
            other.get('')
        return client

    def test_while_requests_wait(self):
        self.daemon.use_database(**{'store-timeout': 60})
        for name in 'socketmap', 'milter':
            port = free_port()
            self.daemon.addresses[name] = ('127.0.0.1', port)
            self.daemon.options[name] = ['inet:127.0.0.1:%d' % port]
        self.enter(self.daemon)
        known, _ = self.until_address(self.forward(self.daemon), LONG % 0)
        store = self.daemon.child('store')
        os.kill(store, signal.SIGSTOP)

        def deliver(client):
            client.connect('127.0.0.1')
            client.mail(LONG % 3)
            client.rcpt('b@out.test')
            client.headers([('From', 'a@x.test')])
            client.put(milter.EOM)

        def bounce(client):
            client.connect('127.0.0.1')
            client.mail('')
            client.keep(milter.rcpt(known) + milter.EOH)
            client.put(milter.EOM)
        forward = self.asked('forward', lambda c: c.send(b'get ' + encode_key(LONG % 1) + b'\n'))
        reverse = self.asked('reverse', lambda c: c.send(b'get ' + encode_key(known) + b'\n'))
        one = self.asked('socketmap', lambda c: c.ask('forward', LONG % 2))
        two = self.asked('socketmap', lambda c: c.ask('reverse', known))
        sending, bouncing = self.asked('milter', deliver), self.asked('milter', bounce)
        os.kill(store, signal.SIGKILL)
        given = {LONG % 1: forward.reply(), LONG % 2: one.reply()}
        self.assertEqual(reverse.reply(), '200 ' + LONG % 0)
        self.assertEqual(two.reply(), 'OK ' + LONG % 0)
        actions = sending.read_actions()
        self.assertEqual([action.name for action in actions], ['sender', 'continue'])
        self.assertEqual(bouncing.read_actions(), [Action('continue')])     # to RCPT
        self.assertEqual(bouncing.read_actions(), [
            Action('delete', known), Action('add', LONG % 0), Action('continue')])
        self.assertRegex(' '.join(given.values()), r'\A200 \S+ OK \S+\Z')
        given = {sender: reply.split()[1] for sender, reply in given.items()}
        self.assert_restored({LONG % 0: known, LONG % 3: actions[0].text, **given})


class Away(EnvelopeCase):
    """What needs no store is served without it; what does is a temporary error, and never a wrong
    address."""

    def start(self, database, **options):
        self.daemon.options.update({'original-envelope': 'long', 'envelope-database': database,
                                    **options})
        self.enter(self.daemon)
        self.client = self.forward(self.daemon)

    def assert_embedded(self):
        """A short sender, forwards and back, on connections of its own."""
        with self.daemon.forward_client() as forward, self.daemon.reverse_client() as reverse:
            address = forward.address('alice@origin.test')
            self.assertRegex(address, r'=origin\.test=alice@srs\.test$')
            self.assertEqual(reverse.get(address), '200 alice@origin.test')
            self.assertEqual(reverse.get('bob@other.test'), '500 not an SRS address')

    def assert_works(self, number):
        address, _ = self.until_address(self.client, LONG % number)
        self.assertRegex(address, ALIAS_ADDRESS)
        self.assert_restored({LONG % number: address})
        return address

    @needs_sqlite
    def test_locked(self):
        path = self.daemon.use_database()
        self.start('sqlite:' + path)
        self.assert_works(1)
        with DatabaseLock(path) as lock:
            waiting = self.forward(self.daemon)
            waiting.send(b'get ' + encode_key(LONG % 2) + b'\n')
            self.assert_embedded()
            self.assert_restored({LONG % 1: self.client.address(LONG % 1)})
            self.assertRegex(waiting.reply(), '^400 ')
            self.daemon.wait_log('warning: store .*: database is locked')
            self.assert_embedded()
            lock.release()
        self.assert_works(2)

    @needs_sqlite
    def test_full_by_limit_of_the_file(self):
        """RLIMIT_FSIZE of all processes; SQLite gets an error and no signal."""
        self.daemon.prefix = ['prlimit', '--fsize=300000']
        path = self.daemon.use_database()
        self.start('sqlite:' + path)
        given = self.until_refused(self.client, LONG)
        self.assertGreater(len(given), 10)
        self.assert_embedded()
        self.assert_restored(given)

    @needs_sqlite
    @unittest.skipUnless(is_root(), 'needs root: a disk of its own')
    def test_full_disk(self):
        path = self.daemon.use_database()
        directory = os.path.dirname(path)
        entry = pwd.getpwnam(ORDINARY_USER)
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=0700,uid=%d,gid=%d' % (
            entry.pw_uid, entry.pw_gid), 'srsd-test', directory], stderr=subprocess.DEVNULL)
        if done.returncode:
            self.skipTest('mount is not allowed')
        self.addCleanup(subprocess.run, ['umount', directory])
        self.start('sqlite:' + path)
        self.assert_works(1)
        with open(directory + '/ballast', 'wb', buffering=0) as file:
            with self.assertRaises(OSError):
                while True:
                    file.write(b'x' * 4096)
        given = self.until_refused(self.client, 'full.' + LONG)
        self.assert_embedded()
        self.assert_restored(given)
        os.unlink(directory + '/ballast')
        self.assert_works(2)
        self.assert_restored(given)

    @needs_sqlite
    def test_read_only(self):
        path = self.daemon.use_database()
        with sqlite3.connect(path) as other:
            other.execute('CREATE TABLE other (x)')
        other.close()
        os.chmod(path, 0o444)
        self.start('sqlite:' + path)
        self.daemon.wait_log('warning: store .*readonly')
        self.assertRegex(self.client.get(LONG % 1), '^400 ')
        self.assert_embedded()
        if is_root():
            shutil.chown(path, ORDINARY_USER)
        os.chmod(path, 0o600)
        self.assert_works(1)

    @needs_sqlite
    def test_file_that_disappears(self):
        """It is not replaced by an empty one, by no process: its aliases are not unknown."""
        path = self.daemon.use_database()
        self.start('sqlite:' + path)
        given = {LONG % 1: self.assert_works(1)}
        os.rename(path, path + '.away')
        self.daemon.wait_log('warning: store .*: the database file was moved or deleted')
        self.until_refused(self.client, 'gone.' + LONG)     # the engine knows it too
        for _ in range(2):
            self.assertRegex(self.client.get(LONG % 1), '^400 ')
            with self.reverse(self.daemon) as reverse:
                self.assertRegex(reverse.get(given[LONG % 1]), '^400 ')
            self.assert_embedded()
            pid = self.daemon.child('store')
            os.kill(pid, signal.SIGKILL)
            self.daemon.child('store', other_than=pid)
        self.assertFalse(os.path.exists(path))
        os.rename(path + '.away', path)
        self.assert_works(2)
        self.assert_restored(given)

    @needs_sqlite
    def test_log_that_disappears(self):
        """The WAL is deleted; what was acknowledged is there after the next crash."""
        path = self.daemon.use_database()
        self.start('sqlite:' + path)
        given = {LONG % 1: self.assert_works(1)}
        os.unlink(path + '-wal')
        self.daemon.wait_log('warning: store .*: the WAL of the database was moved or deleted')
        given[LONG % 2] = self.assert_works(2)
        pid = self.daemon.child('store')
        os.kill(pid, signal.SIGKILL)
        self.daemon.child('store', other_than=pid)
        self.assert_restored(given)

    @needs_sqlite
    def test_directory_that_appears(self):
        """srsd starts without it, warns, and uses it as soon as it is there."""
        above = self.daemon.folder.subfolder('above', mode=0o555)
        self.start('sqlite:%s/lib/envelopes.sqlite' % above)
        self.daemon.wait_log(r'warning: store .*/lib/envelopes\.sqlite: No such file')
        self.assertRegex(self.client.get(LONG % 1), '^400 ')
        self.assert_embedded()
        os.chmod(above, 0o755)
        self.daemon.folder.subfolder('above/lib', ORDINARY_USER)
        self.assert_works(1)

    @needs_sqlite
    @unittest.skipUnless(is_root(), 'needs root: the directory belongs to another user')
    def test_directory_that_becomes_writable(self):
        lib = self.daemon.folder.subfolder('lib')
        self.start('sqlite:%s/envelopes.sqlite' % lib)
        self.daemon.wait_log('warning: store .*: Permission denied')
        self.assertRegex(self.client.get(LONG % 1), '^400 ')
        self.assert_embedded()
        shutil.chown(lib, ORDINARY_USER)
        self.assert_works(1)

    @needs_redis
    def test_server_that_appears(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        server = RedisServer(folder)
        self.start(server.database)
        self.assertRegex(self.client.get(LONG % 1), '^400 ')
        self.assert_embedded()
        self.addCleanup(server.kill)
        server.start()
        given = {LONG % 1: self.assert_works(1)}
        server.kill()
        with self.reverse(self.daemon) as reverse:
            self.assertRegex(reverse.get(given[LONG % 1]), '^400 ')
        self.assert_embedded()
        server.start()
        self.assert_restored(given)


class Reload(EnvelopeCase):
    """From one database to another while lookups wait."""

    def setUp(self):
        super().setUp()
        self.path = self.daemon.use_database(**{'store-timeout': 30})
        self.other = os.path.join(self.daemon.folder.subfolder('other', self.daemon.user),
                                  'other.sqlite')

    def put_that_waits(self):
        """A request that the locked database does not answer."""
        client = self.forward(self.daemon)
        client.send(b'get ' + encode_key(LONG % 7) + b'\n')
        with self.daemon.forward_client() as other:     # the engine has read both
            other.get('')
        return client

    @needs_sqlite
    def test_other_file(self):
        self.enter(self.daemon)
        store = self.daemon.child('store')
        old, _ = self.until_address(self.forward(self.daemon), LONG % 1)
        with DatabaseLock(self.path):
            waiting = self.put_that_waits()
            self.change(envelope_database='sqlite:' + self.other)
            reply = waiting.reply()
        self.assertRegex(reply, '^200 ')
        self.assertNotEqual(self.daemon.child('store', other_than=store), store)
        self.assert_restored({LONG % 7: reply[4:]})
        with self.reverse(self.daemon) as reverse:
            self.assertRegex(reverse.get(old), '^500 ')
        self.change(envelope_database='sqlite:' + self.path)
        self.assert_restored({LONG % 1: old})

    @needs_sqlite
    @needs_redis
    def test_server_and_back(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        server = RedisServer(folder).start()
        self.addCleanup(server.kill)
        self.enter(self.daemon)
        store = self.daemon.child('store')
        with DatabaseLock(self.path):
            waiting = self.put_that_waits()
            self.change(envelope_database=server.local_database)
            reply = waiting.reply()
        self.assertRegex(reply, '^200 ')
        self.assert_restored({LONG % 7: reply[4:]})
        deadline = Deadline()
        while process_name(store):
            deadline.left('the end of the store process')
        self.change(envelope_database='sqlite:' + self.path)
        address, _ = self.until_address(self.forward(self.daemon), LONG % 8)
        self.assert_restored({LONG % 8: address})

    @needs_sqlite
    def test_no_database(self):
        self.enter(self.daemon)
        forward = self.forward(self.daemon)
        old, _ = self.until_address(forward, LONG % 1)
        with DatabaseLock(self.path):
            waiting = self.put_that_waits()
            self.change(original_envelope='embedded', envelope_database='none')
            self.assertRegex(waiting.reply(), '^200 SRS0=.*=mail.test=bounces')
        self.assertRegex(forward.get('alice@origin.test'), '^200 SRS0=.*=origin.test=alice@')
        with self.reverse(self.daemon) as reverse:
            self.assertRegex(reverse.get(old), '^500 ')
        self.change(original_envelope='database', envelope_database='sqlite:' + self.path)
        self.assert_restored({LONG % 1: old})

    @needs_sqlite
    def test_timeout(self):
        """The store process has it as well, so it is replaced."""
        self.enter(self.daemon)
        store = self.daemon.child('store')
        self.change(store_timeout=1)
        self.daemon.child('store', other_than=store)
        address, _ = self.until_address(self.forward(self.daemon), LONG % 1)
        self.assert_restored({LONG % 1: address})


@needs_sqlite
class TakeOver(EnvelopeCase):
    """The database of postsrsd 2, as it is, and its addresses in flight."""

    SENDERS = ('alice@origin.test', 'Bob.Builder@origin.test', LONG % 1)

    @staticmethod
    def alias_of(sender):
        digits = base64.b32encode(hashlib.sha1(sender.encode()).digest()).decode()
        return digits.translate(str.maketrans('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
                                              '0123456789ABCDEFGHIJKLMNOPQRSTUV'))

    def address_of(self, sender):
        return srs.srs0(self.alias_of(sender) + '@1', SECRET, 'srs.test', srs.today())

    def setUp(self):
        super().setUp()
        self.path = self.daemon.use_database()
        with sqlite3.connect(self.path) as other:
            other.executescript(
                'CREATE TABLE IF NOT EXISTS kv (k TEXT NOT NULL UNIQUE ON CONFLICT REPLACE,'
                'v TEXT NOT NULL,lt INTEGER NOT NULL);'
                'CREATE INDEX IF NOT EXISTS ltidx ON kv (lt)')
            other.executemany('INSERT INTO kv (k, v, lt) VALUES (?, ?, ?)', [
                (self.alias_of(sender) + '@1', sender, NEVER) for sender in self.SENDERS])
        other.close()
        if is_root():
            shutil.chown(self.path, ORDINARY_USER)

    def test_accepted_until_a_day(self):
        given = {sender: self.address_of(sender) for sender in self.SENDERS}
        self.daemon.options['envelope-accept-sha1'] = '2100-01-01'
        self.enter(self.daemon)
        self.assert_restored(given)
        with self.forward(self.daemon) as client:       # and new rows beside the old ones
            address, _ = self.until_address(client, self.SENDERS[0])
        self.assertNotEqual(address, given[self.SENDERS[0]])
        self.assert_restored({**given, self.SENDERS[0]: address})
        with self.reverse(self.daemon) as reverse:
            self.change(envelope_accept_sha1='2020-01-01')
            for old in given.values():
                self.assertRegex(reverse.get(old), '^400 ')
        self.assert_restored({self.SENDERS[0]: address})

    def test_not_accepted(self):
        """A row that whoever can write to the database may have made: an error, and no redirection."""
        self.enter(self.daemon)
        with self.reverse(self.daemon) as reverse:
            self.assertRegex(reverse.get(self.address_of(self.SENDERS[0])), '^400 ')


if __name__ == '__main__':
    tap.main()
