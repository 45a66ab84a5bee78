#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The store process alone: what it writes to the disk, and when it acknowledges it.

The protocol of store_wire.h is implemented here a second time, from its description. With strace
the order of the system calls shows that the WAL is synced between the arrival of a put and its
acknowledgement; `kill -9` cannot show that, because the kernel keeps what was written.
"""

import os
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap

STORE = os.path.join(os.environ.get('abs_top_builddir', os.getcwd()), 'tests', 'harness', 'store')
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


if __name__ == '__main__':
    if not os.path.exists(STORE):
        tap.skip_all('built without SQLite')
    tap.main()
