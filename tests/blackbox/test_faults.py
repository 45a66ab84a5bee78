#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Failures around the daemon: forged DNS answers, clients that stop at any byte, exhausted memory.
Every answer is right, no other client waits, and nothing is left allocated."""

import itertools
import json
import mmap
import os
import platform
import random
import re
import shutil
import signal
import struct
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import build, milter, srs, tap
from harness.case import DaemonCase
from harness.clients import Client, is_end, policy_request
from harness.daemon import (ORDINARY_USER, SECRET, Daemon, binary, free_port, has_sqlite, is_root,
                            process_tree)
from harness.dns_server import (SERVFAIL, SILENT, TYPES, Delayed, DnsServer, Elsewhere, Forged,
                                Piece, truncated)

WAIT = 60
OUTGOING_TCP = 32       # connections to the DNS that libunbound may keep for the next question
ENGINE_CONTROLS = 16    # connections of control, and of metrics

CLIENT = '192.0.2.1'
PASS = 'v=spf1 ip4:%s -all' % CLIENT
FAIL = 'v=spf1 -all'
SRS0 = srs.srs0('alice@origin.test', SECRET, 'srs.test', srs.today())


def has_sanitizer():
    with open(binary(), 'rb') as file:
        return b'__asan_init' in file.read()


class FaultCase(DaemonCase):
    """A daemon with all services, whose descriptors are counted before and after a test."""

    ZONE = {'pass.test': {'TXT': [PASS]}, 'fail.test': {'TXT': [FAIL]}}
    OPTIONS = {'hash-avoid-slash': False}
    SPF = {'lookup-time': 1}

    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer(cls.ZONE).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.daemon = cls.full_daemon(cls.dns, cls.SPF)
        cls.addClassCleanup(cls.daemon.__exit__, None)

    @classmethod
    def full_daemon(cls, dns, spf, prepare=None):
        daemon = Daemon(cls.OPTIONS, spf, dns)
        daemon.addresses['control'] = daemon.enable_control()
        port = free_port()
        daemon.addresses['metrics'] = ('127.0.0.1', port)
        daemon.options['metrics'] = 'inet:127.0.0.1:%d' % port
        for name in 'socketmap', 'milter':
            port = free_port()
            daemon.addresses[name] = ('127.0.0.1', port)
            daemon.options[name] = ['inet:127.0.0.1:%d' % port]
        if prepare:
            prepare(daemon)
        daemon.start()
        daemon.wait_log(' started ')    # some tests count the lines that come afterwards
        return daemon

    def page(self, daemon=None):
        """The metrics as a dict of their names with labels."""
        with Client((daemon or self.daemon).addresses['metrics']) as client:
            client.send(b'GET /metrics HTTP/1.1\r\n\r\n')
            text = client.reader.read().decode()
        return dict(line.rsplit(' ', 1) for line in text.splitlines() if line.startswith('srsd_'))

    def assert_lookups(self):
        """The maps answer, whatever other requests wait for."""
        with self.daemon.forward_client() as forward, self.daemon.reverse_client() as reverse:
            for _ in range(20):
                self.assertEqual(forward.get('alice@origin.test'), '200 ' + SRS0)
                self.assertEqual(reverse.get(SRS0), '200 alice@origin.test')

    def assert_serves(self):
        self.assert_lookups()
        with self.daemon.policy_client() as client:
            self.assertRegex(client.ask(sender='a@pass.test'), '^PREPEND Received-SPF: Pass ')
            self.assertRegex(client.ask(sender='a@fail.test'), '^550 5.7.23 ')
        with Client(self.daemon.addresses['control']) as client:
            client.send(b'{"command": "forward", "address": "alice@origin.test"}\n')
            self.assertEqual(json.loads(client.reader.readline())['address'], SRS0)
        self.assertIn('srsd_connections{service="metrics"}', self.page())

    def wait_until(self, holds, what):
        """Events that the daemon notices in turn, without a report."""
        deadline = time.monotonic() + WAIT
        while not holds():
            if time.monotonic() > deadline:
                self.fail(what())
            time.sleep(0.01)

    def wait_as_before(self, before, spare=0):
        """No connection, no check, and no descriptor beyond `spare` is left."""
        def idle():
            page = self.page()
            return page['srsd_checks_in_flight'] == '0' and all(
                page['srsd_connections{service="%s"}' % name] == '0'
                for name in ('forward', 'reverse', 'policy', 'control', 'socketmap', 'milter'))
        self.wait_until(idle, lambda: 'not idle: %s' % self.page())
        self.wait_until(lambda: self.daemon.descriptors() <= before + spare,
                        lambda: '%d descriptors, %d before' % (self.daemon.descriptors(), before))


# -- DNS --------------------------------------------------------------------

def header(message, **fields):
    """A message with some fields of its head replaced."""
    names = ('id', 'flags', 'questions', 'answers', 'authority', 'additional')
    values = dict(zip(names, struct.unpack_from('!6H', message)), **fields)
    return struct.pack('!6H', *(values[name] for name in names)) + message[12:]


def question_end(message):
    at = 12
    while message[at]:
        at += 1 + message[at]
    return at + 5


def wire(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'


def record(owner, kind, data, ttl=300, length=None):
    """The owner and the data are encoded already; `length` may be wrong."""
    return owner + struct.pack('!HHIH', TYPES[kind], 1, ttl,
                               len(data) if length is None else length) + data


def with_answers(message, *records):
    """The question of a message, answered by these."""
    flags = 0x8180
    head = message[:2] + struct.pack('!5H', flags, 1, len(records), 0, 0)
    return head + message[12:question_end(message)] + b''.join(records)


HERE = b'\xc0\x0c'      # a pointer to the name that was asked for
ALL = b'\x0bv=spf1 +all'


def udp(change):
    """A forgery that is the same over both transports."""
    return lambda message, _transport: [change(message)]


def over_tcp(change):
    """The UDP answer is truncated; the TCP answer is a different one."""
    return lambda m, transport: [truncated(m)] if transport == 'udp' else change(m)


def once(first):
    """The first answer is another."""
    count = itertools.count()
    return lambda message, _transport: [first(message) if next(count) == 0 else message]


def servfail(message):
    return header(with_answers(message), flags=0x8182)


def link(target):
    """A CNAME, and nothing about what it leads to: that is asked for by itself."""
    return udp(lambda message: with_answers(message, record(HERE, 'CNAME', wire(target))))


def chain(name, length):
    """Zone entries for that many links, with a record at the end that passes."""
    zone = {'%s%d.test' % (name, n): Forged({}, link('%s%d.test' % (name, n + 1)))
            for n in range(length)}
    return {**zone, '%s%d.test' % (name, length): {'TXT': [PASS]}}


CHAINS = {'other-end.test': Forged({}, link('cname-loop.test')), **chain('short', 5),
          **chain('long', 60)}

# A name, how the answer about its SPF record is forged, and the correct results. The record in
# it would cause a pass: a daemon that accepts a forgery shows it.
LIE = {'TXT': ['v=spf1 +all']}
UNKNOWN = ('Temperror',)
TRUE = ('Pass',)
EITHER = TRUE + UNKNOWN     # DNS software may see through it, or not know
LIES = (
    ('wrong-id', udp(lambda m: bytes([m[0] ^ 0x55]) + m[1:]), UNKNOWN),
    ('wrong-question', udp(lambda m: m.replace(b'\x0ewrong-question', b'\x0ewrong-Xuestion')),
     UNKNOWN),
    ('other-name', udp(lambda m: with_answers(m, record(wire('elsewhere.test'), 'TXT', ALL))),
     ('None',) + UNKNOWN),
    ('other-port', lambda m, _t: [Elsewhere(m)], UNKNOWN),
    ('a-query', udp(lambda m: header(m, flags=0x0100)), UNKNOWN),
    ('no-question', udp(lambda m: header(m[:12] + m[question_end(m):], questions=0)), UNKNOWN),
    ('empty', udp(lambda m: b''), UNKNOWN),
    ('a-byte', udp(lambda m: m[:1]), UNKNOWN),
    ('head-alone', udp(lambda m: m[:12]), UNKNOWN),
    ('cut', udp(lambda m: m[:-15]), UNKNOWN),
    ('too-many-announced', udp(lambda m: header(m, answers=65535)), UNKNOWN),
    ('data-beyond-the-end',
     udp(lambda m: with_answers(m, record(HERE, 'TXT', ALL, length=400))), UNKNOWN),
    ('data-of-length-0', udp(lambda m: with_answers(m, record(HERE, 'TXT', b''))),
     UNKNOWN + ('None',)),
    ('string-beyond-the-data',
     udp(lambda m: with_answers(m, record(HERE, 'TXT', b'\xffv=spf1 +all'))), UNKNOWN),
    ('pointer-to-itself',
     udp(lambda m: with_answers(m, record(struct.pack('!H', 0xc000 + question_end(m)),
                                          'TXT', ALL))), UNKNOWN),
    ('pointers-in-a-circle',
     udp(lambda m: with_answers(m, record(struct.pack('!HH', 0xc000 + question_end(m) + 2,
                                                      0xc000 + question_end(m)), 'TXT', ALL))),
     UNKNOWN),
    ('pointer-ahead',
     udp(lambda m: with_answers(m, record(b'\xff\xff', 'TXT', ALL))), UNKNOWN),
    ('cname-to-itself', udp(lambda m: with_answers(m, record(HERE, 'CNAME', HERE))), UNKNOWN),
    ('cname-loop', link('other-end.test'), UNKNOWN),
    ('long-chain', link('long0.test'), UNKNOWN),
    ('chain', link('short0.test'), TRUE),
    ('refused', udp(lambda m: header(with_answers(m), flags=0x8185)), UNKNOWN),
    ('servfail', udp(servfail), UNKNOWN),
    ('servfail-first', once(servfail), TRUE),
    ('wrong-id-first', lambda m, _t: [bytes([m[0] ^ 0x55]) + m[1:], m], EITHER),
    ('twice', lambda m, _t: [m, m], TRUE),
    ('garbage-behind', udp(lambda m: m + b'garbage'), EITHER),
    ('oversized', udp(lambda m: with_answers(m, record(HERE, 'TXT', ALL + b'\x01 ' * 5000))),
     UNKNOWN + ('Pass', 'Permerror')),
    ('tcp-silent', over_tcp(lambda m: []), UNKNOWN),
    ('tcp-closed', over_tcp(lambda m: [Piece(b'')]), UNKNOWN),
    ('tcp-long', over_tcp(lambda m: [Piece(struct.pack('!H', 65535) + m)]), UNKNOWN),
    ('tcp-length-0', over_tcp(lambda m: [Piece(b'\0\0')]), UNKNOWN),
    ('tcp-truncated-too', over_tcp(lambda m: [truncated(m)]), UNKNOWN + ('None',)),
)


class Dns(FaultCase):
    """Each forgery of an SPF record. All are queried at once: most of them take lookup-time."""

    def ask_all(self, senders, daemon=None):
        """-> the answers, by sender; the maps answer meanwhile"""
        daemon = daemon or self.daemon
        clients = {}
        try:
            for sender in senders:
                clients[sender] = daemon.policy_client()
                clients[sender].send(policy_request(sender=sender))
            self.assert_lookups()
            return {sender: client.action() for sender, client in clients.items()}
        finally:
            for client in clients.values():
                client.close()

    def assert_results(self, wants, daemon=None):
        """wants: sender -> results that are right"""
        before = self.daemon.descriptors()
        mark = self.daemon.log_mark()
        answers = self.ask_all(wants, daemon)
        for sender, results in wants.items():
            with self.subTest(sender):
                self.assertRegex(answers[sender],
                                 'PREPEND Received-SPF: (%s) ' % '|'.join(results))
        self.wait_as_before(before, OUTGOING_TCP)
        lines = self.daemon.lines[mark:]
        kinds = [line for line in lines if not re.search(': (policy|forward|reverse) ', line)]
        self.assertEqual(kinds, [])
        self.assert_serves()

    def test_lies(self):
        self.dns.add({name + '.test': Forged(LIE, change) for name, change, _ in LIES})
        self.dns.add(CHAINS)
        self.assert_results({'a@%s.test' % name: results for name, _, results in LIES})

    def test_tcp_that_ends_at_each_byte(self):
        whole = 60
        wants = {}
        for n in range(whole):
            name = 'tcp-%d.test' % n
            self.dns.add({name: Forged(LIE, over_tcp(
                lambda m, n=n: [Piece((struct.pack('!H', len(m)) + m)[:n])]))})
            wants['a@' + name] = UNKNOWN
        self.assert_results(wants)

    def test_tcp_that_stops_at_each_byte(self):
        whole = 60
        wants = {}
        for n in range(whole):
            name = 'stop-%d.test' % n
            self.dns.add({name: Forged(LIE, over_tcp(
                lambda m, n=n: [Piece((struct.pack('!H', len(m)) + m)[:n], close=False)]))})
            wants['a@' + name] = UNKNOWN
        self.assert_results(wants)

    def test_answers_after_the_deadline(self):
        """They do not reach a check that has ended, but may reach the next one."""
        wants = {}
        for n in range(20):
            self.dns.add({'late%d.test' % n: Delayed(1.2, {'TXT': [PASS]})})
            wants['a@late%d.test' % n] = UNKNOWN
        self.assert_results(wants)
        self.dns.add({'late0.test': {'TXT': [PASS]}})
        with self.daemon.policy_client() as client:
            self.assertRegex(client.ask(sender='a@late0.test'), 'Received-SPF: Pass ')

    def test_silent_and_failing_parts(self):
        """Of a record that is there."""
        wants = {}
        for kind in 'A', 'MX', 'TXT':
            for outcome in SILENT, SERVFAIL:
                name = '%s-%s.test' % (kind.lower(), outcome.name.lower())
                mechanism = {'A': 'a', 'MX': 'mx', 'TXT': 'include'}[kind]
                self.dns.add({name: {'TXT': ['v=spf1 %s:x.%s +all' % (mechanism, name)]},
                              'x.' + name: {kind: outcome}})
                wants['a@' + name] = UNKNOWN
        self.assert_results(wants)

    def test_lying_addresses(self):
        """A and MX records of wrong lengths, which must not match. Newer versions of libunbound
        omit such addresses, so that the answer is empty."""
        wants = {}
        forged = (
            ('short-a', 'a', 'A', bytes([192, 0, 2])),
            ('long-a', 'a', 'A', bytes([192, 0, 2, 1, 0])),
            ('no-a', 'a', 'A', b''),
            ('short-mx', 'mx', 'MX', b'\0'),
            ('mx-without-name', 'mx', 'MX', b'\0\1'),
            ('mx-pointer-ahead', 'mx', 'MX', b'\0\1\xff\xff'),
            ('mx-name-beyond', 'mx', 'MX', b'\0\1\x3fabc'),
        )
        for name, mechanism, kind, data in forged:
            def change(message, _transport, kind=kind, data=data):
                return [with_answers(message, record(HERE, kind, data))]
            self.dns.add({name + '.test': {'TXT': ['v=spf1 %s:x.%s.test ~all' % (mechanism, name)]},
                          'x.%s.test' % name: Forged({}, change)})
            wants['a@%s.test' % name] = UNKNOWN + (('Softfail',) if kind == 'A' else ())
        self.assert_results(wants)

    def test_tcp(self):
        """With correct answers: this harness can also answer correctly."""
        with DnsServer({'big.test': Forged({'TXT': [PASS]}, over_tcp(lambda m: [m]))}) as dns:
            daemon = self.another_daemon(spf=self.SPF, dns=dns)
            answers = self.ask_all(['a@big.test'], daemon)
            self.assertRegex(answers['a@big.test'], 'Received-SPF: Pass ')
            self.assertTrue(dns.seen('big.test', 'TXT', 'tcp'))

    def test_refused_tcp(self):
        with DnsServer({'big.test': Forged(LIE, over_tcp(lambda m: [m]))}, tcp=False) as dns:
            daemon = self.another_daemon(spf=self.SPF, dns=dns)
            answers = self.ask_all(['a@big.test'], daemon)
            self.assertRegex(answers['a@big.test'], 'Received-SPF: Temperror ')

    def test_deferred(self):
        """With temperror-defer, mail that cannot be checked is deferred."""
        name = 'never.test'
        self.dns.add({name: Forged(LIE, udp(servfail))})
        daemon = self.another_daemon(self.OPTIONS, {**self.SPF, 'temperror-defer': True})
        with daemon.policy_client() as client:
            self.assertRegex(client.ask(sender='a@' + name), '^451 4.7.24 ')
            self.dns.add({name: {'TXT': [PASS]}})
            # A failure is not cached for long; another name shows that the resolver recovers.
            self.assertRegex(client.ask(sender='a@pass.test'), 'Received-SPF: Pass ')

    def test_few_descriptors(self):
        """Queries that get no socket cause no verdict; later ones get one."""
        daemon = self.another_daemon(self.OPTIONS, self.SPF,
                                     prefix=['prlimit', '--nofile=90:90', '--'])
        senders = ['a@few%d.test' % n for n in range(9)]
        for sender in senders:
            name = sender[2:]
            self.dns.add({name: {'TXT': ['v=spf1 %s -all' % ' '.join(
                'a:s%d.%s' % (n, name) for n in range(9))]}})
            self.dns.add({'s%d.%s' % (n, name): SILENT for n in range(9)})
        for answer in self.ask_all(senders, daemon).values():
            self.assertRegex(answer, 'Received-SPF: Temperror ')
        with daemon.policy_client() as client:
            self.assertRegex(client.ask(sender='a@pass.test'), 'Received-SPF: Pass ')
        with daemon.forward_client() as client:
            self.assertEqual(client.get('alice@origin.test'), '200 ' + SRS0)


# -- clients ----------------------------------------------------------------

def socketmap(text):
    return ('%d:%s,' % (len(text), text)).encode()


def mail_from(sender):
    """What an MTA sends for a message."""
    return milter.options() + milter.client('127.0.0.1') + milter.message(sender, [('b@out.test',)])


def new_sender(address):
    return milter.packet('e', milter.texts('<%s>' % address)) + milter.packet('c')


def new_recipient(old, new):
    return (milter.packet('-', milter.texts('<%s>' % old)) +
            milter.packet('+', milter.texts('<%s>' % new)) + milter.packet('c'))


# Service, a whole request, and what the answer is.
REQUESTS = (
    ('forward', b'get alice@origin.test\n', b'200 ' + SRS0.encode() + b'\n'),
    ('reverse', b'get ' + SRS0.encode() + b'\n', b'200 alice@origin.test\n'),
    ('policy', policy_request(sender='', recipient=SRS0), b'action=DUNNO\n\n'),
    ('control', b'{"command": "forward", "address": "alice@origin.test"}\n',
     b'{"address":"%s"}\n' % SRS0.encode()),
    ('metrics', b'GET /healthz HTTP/1.1\r\n\r\n', b'\r\n\r\nok\n'),
    ('socketmap', socketmap('forward alice@origin.test'), socketmap('OK ' + SRS0)),
    ('milter', mail_from('alice@origin.test'), new_sender(SRS0)),
)

# The same for a sender in the envelope database: its address, and back.
LONG = 'bounces+0102018f3a2b-%s@mail.test' % ('x' * 40)
ALIAS = srs.srs0_of_alias(LONG, SECRET, 'srs.test', srs.today())
STORED_REQUESTS = (
    ('forward', b'get ' + LONG.encode() + b'\n', b'200 ' + ALIAS.encode() + b'\n'),
    ('socketmap', socketmap('forward ' + LONG), socketmap('OK ' + ALIAS)),
    ('milter', mail_from(LONG), new_sender(ALIAS)),
    ('reverse', b'get ' + ALIAS.encode() + b'\n', b'200 ' + LONG.encode() + b'\n'),
    ('socketmap', socketmap('reverse ' + ALIAS), socketmap('OK ' + LONG)),
    ('milter', milter.options() + milter.client('127.0.0.1') + milter.message('', [(ALIAS,)]),
     new_recipient(ALIAS, LONG)),
)


class Stalled(FaultCase):
    """An answer is whole and right, and comes only if the request is whole."""

    SPF = {'srs-daily-limit': 0}
    requests = REQUESTS

    def most(self, service):
        """Connections that leave one for others."""
        return ENGINE_CONTROLS - 1 if service in ('control', 'metrics') else 900

    def stalls(self, service, request):
        """Lists of clients that have sent 0, 1, 2 ... bytes and no more."""
        positions = list(range(len(request)))
        most = self.most(service)
        for start in range(0, len(positions), most):
            clients = []
            for n in positions[start:start + most]:
                clients.append((Client(self.daemon.addresses[service]), n))
                clients[-1][0].send(request[:n])
            yield clients

    def assert_answer(self, client, answer):
        """The answer comes, and nothing after it. A half-closed client would not wait for it."""
        got = b''
        while not got.endswith(answer):
            more = client.reader.read1()
            self.assertNotEqual(more, b'', got)
            got += more
        client.finish()
        self.assertTrue(client.closed())

    def check(self, end):
        """At each byte of each request; end(client, request, n, answer) is what comes of it."""
        for service, request, answer in self.requests:
            with self.subTest(service, answer=answer):
                before = self.daemon.descriptors()
                for clients in self.stalls(service, request):
                    self.assert_serves()
                    for client, n in clients:
                        end(client, request, n, answer)
                        client.close()
                self.wait_as_before(before)

    def test_then_the_rest(self):
        def rest(client, request, n, answer):
            client.send(request[n:])
            self.assert_answer(client, answer)
        self.check(rest)

    def test_then_half_closed(self):
        def finish(client, _request, _n, answer):
            client.finish()
            self.assertFalse(client.reader.read().endswith(answer))
        self.check(finish)

    def test_then_reset(self):
        def vanish(client, _request, _n, _answer):
            client.vanish()
        self.check(vanish)

    def test_byte_by_byte(self):
        for service, request, answer in self.requests:
            with self.subTest(service, answer=answer), \
                    Client(self.daemon.addresses[service]) as client:
                client.send_by_bytes(request)
                self.assert_answer(client, answer)


@unittest.skipUnless(has_sqlite(), 'built without SQLite')
class StalledWithStore(Stalled):
    requests = STORED_REQUESTS

    @classmethod
    def full_daemon(cls, dns, spf, prepare=None):
        return super().full_daemon(
            dns, spf, lambda daemon: daemon.use_database(**{'original-envelope': 'long'}))

    def setUp(self):
        with self.daemon.forward_client() as client:
            self.assertEqual(client.get(LONG), '200 ' + ALIAS)


class Ends(FaultCase):
    """A client ends while it waits, in each state that waiting has."""

    SPF = {'lookup-time': 90}       # longer than any wait here: who leaves must be noticed
    SILENT_NAMES = 30       # libunbound goes on asking for each, which is a socket, after we left

    def waiting(self, name):
        """A policy client whose check waits for the DNS, which never answers."""
        self.dns.add({name: SILENT})
        client = self.daemon.policy_client()
        client.send(policy_request(sender='a@' + name))
        self.dns.wait_query(name)
        return client

    def ways(self):
        more = policy_request(sender='a@pass.test')
        yield 'reset', lambda c: c.vanish()
        yield 'closed', lambda c: c.close()
        yield 'half closed', lambda c: (c.finish(), c.closed(), c.close())
        yield 'more, then reset', lambda c: (c.send(more * 3), c.vanish())
        yield 'more, then closed', lambda c: (c.send(more * 3), c.close())
        yield 'half of the next, then half closed', \
            lambda c: (c.send(more[:50]), c.finish(), c.closed(), c.close())
        yield 'more than is read', lambda c: (c.send(more * 100), c.vanish())

    def test_while_a_check_waits(self):
        numbers = itertools.count()
        for way, end in self.ways():
            with self.subTest(way):
                before = self.daemon.descriptors()
                for _ in range(3):
                    end(self.waiting('wait%d.test' % next(numbers)))
                self.wait_as_before(before, self.SILENT_NAMES)
        self.assert_serves()

    def test_while_srsctl_waits(self):
        self.dns.add({'asked.test': SILENT})
        before = self.daemon.descriptors()
        for way in ('vanish', 'close', 'finish'):
            with self.subTest(way):
                self.dns.clear()
                client = Client(self.daemon.addresses['control'])
                client.send(json.dumps({'command': 'spf', 'ip': CLIENT,
                                        'sender': 'a@asked.test'}).encode() + b'\n')
                self.dns.wait_query('asked.test')
                getattr(client, way)()
                if way == 'finish':
                    self.assertTrue(client.closed())
                    client.close()
                self.wait_as_before(before, self.SILENT_NAMES)
        self.assert_serves()

    def test_never_reads(self):
        """Replies that the client does not read: of the control socket and the metrics;
        test_limits.py has the other services."""
        resident = self.daemon.resident_kib()
        for service, request in (('control', b'{"command": "status"}\n'),
                                 ('metrics', b'GET /metrics HTTP/1.1\r\n\r\n')):
            with self.subTest(service):
                before = self.daemon.descriptors()
                clients = [Client(self.daemon.addresses[service])
                           for _ in range(ENGINE_CONTROLS - 1)]
                for client in clients:
                    client.sock.setblocking(False)
                    try:
                        for _ in range(1000):
                            client.sock.send(request * 50)
                    except (BlockingIOError, ConnectionError):
                        pass
                self.assert_serves()
                for client in clients:
                    client.close()
                self.wait_as_before(before, self.SILENT_NAMES)
        self.assertLess(self.daemon.resident_kib() - resident, 64 * 1024)


# -- threads ----------------------------------------------------------------

class Threads(FaultCase):
    """None is started, by no library either."""

    def test_one_each(self):
        names = itertools.count()
        running = [True]
        errors = []

        def ask():
            with self.daemon.policy_client() as client:
                while running:
                    name = 'thread%d.test' % next(names)
                    self.dns.add({name: {'TXT': ['v=spf1 a mx -all'], 'A': [CLIENT]}})
                    answer = client.ask(sender='a@' + name)
                    if ' Pass ' not in answer:
                        errors.append(answer)

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                self.assert_lookups()
                tree = process_tree(self.daemon.process.pid)
                self.assertEqual(len(tree), 2)
                for pid in tree:
                    self.assertEqual(os.listdir('/proc/%d/task' % pid), [str(pid)])
        finally:
            running.clear()
            for thread in threads:
                thread.join(WAIT)
        self.assertEqual(errors, [])


# -- memory -----------------------------------------------------------------

class Plan:
    """What failing_malloc.c maps, from the other side."""

    FIELDS = ('at', 'every', 'count', 'failed')

    def __init__(self, folder, owner):
        self.path = folder.file('plan', bytes(8 * len(self.FIELDS)), 0o600, owner)
        with open(self.path, 'r+b') as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def __getitem__(self, name):
        return struct.unpack_from('Q', self._map, 8 * self.FIELDS.index(name))[0]

    def __setitem__(self, name, value):
        struct.pack_into('Q', self._map, 8 * self.FIELDS.index(name), value)


class Memory(FaultCase):
    """Memory runs out in the engine. An answer is right, or it is deferred, or the engine ends with
    a line in the log; then another engine starts, and a repeated request is answered.

    A library may crash in such a case, but not srsd. failing_malloc.so writes which of them it was.
    """

    SPF = {'lookup-time': 2}
    STEP = int(os.environ.get('STEP', 11))  # one allocation in so many
    END = re.compile(r'fatal: \S+.* of .* bytes: Cannot allocate'
                     r'|fatal: (realloc|str|vas|lib).*: Cannot allocate|out of dynamic memory in yy'
                     r'|Assertion .* failed|^crashed in lib')

    @classmethod
    def setUpClass(cls):
        if has_sanitizer():
            raise unittest.SkipTest('a sanitizer has an allocator of its own')
        if platform.libc_ver()[0] != 'glibc':
            raise unittest.SkipTest('needs glibc')
        cls.library = build.path('tests', 'faults', 'failing_malloc.so')
        if not os.path.exists(cls.library):
            raise unittest.SkipTest('there is no failing_malloc.so: make check builds it')
        cls.dns = DnsServer(cls.ZONE).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.numbers = itertools.count()

    def begin(self, **spf):
        """A new daemon whose memory is good."""
        def preload(daemon):
            library = shutil.copy(self.library, daemon.path('failing_malloc.so'))
            os.chmod(library, 0o755)
            self.plan = Plan(daemon.folder, ORDINARY_USER if is_root() else None)
            daemon.environment = {'LD_PRELOAD': library, 'FAILING_MALLOC': self.plan.path}
        self.daemon = self.full_daemon(self.dns, {**self.SPF, **spf}, preload)
        self.addCleanup(self.daemon.__exit__, None)
        self.ask_all()                  # what is allocated once

    def answer(self, service, ask, want):
        """Ask until there is an answer, as Postfix does."""
        connect = {'forward': self.daemon.forward_client, 'reverse': self.daemon.reverse_client,
                   'policy': self.daemon.policy_client}.get(
                       service, lambda: Client(self.daemon.addresses[service]))
        deadline = time.monotonic() + WAIT
        while True:
            try:
                with connect() as client:
                    got = ask(client)
                break
            except (OSError, AssertionError) as error:
                if not is_end(error) or time.monotonic() > deadline:
                    raise
        self.assertRegex(got, want, service)

    def lookups(self):
        found = '200 %s$|400 ' % re.escape(SRS0)
        self.answer('forward', lambda c: c.get('alice@origin.test'), found)
        self.answer('reverse', lambda c: c.get(SRS0), '200 alice@origin.test$|400 ')
        self.answer('reverse', lambda c: c.get('SRS0=FAKE=AA=x.test=y@srs.test'),
                    '500 bad hash$|400 ')

        def many(client):
            """More replies than a socket takes at once."""
            client.send(b'get alice@origin.test\n' * 1000)
            replies = [client.reply() for _ in range(1000)]
            return '\n'.join(sorted(set(replies)))
        self.answer('forward', many, r'\A200 %s\Z|400 ' % re.escape(SRS0))

    def checks(self):
        n = next(self.numbers)
        name = 'm%d.test' % n
        self.dns.add({
            name: {'TXT': ['v=spf1 a mx include:i.%s exp=e.%s -all' % (name, name)],
                   'A': ['192.0.2.9'], 'MX': [(1, 'mx.' + name)]},
            'mx.' + name: {'A': ['192.0.2.8']},
            'i.' + name: {'TXT': ['v=spf1 ip4:%s -all' % CLIENT]},
            'e.' + name: {'TXT': ['no mail from %{i}']},
            'xn--mnchen-3ya%d.test' % n: {'TXT': [PASS]},
            'xn--mnchen-3ya.' + name: {'TXT': [PASS]}})
        # The last one is for a question that libunbound had no memory to ask.
        check = 'PREPEND Received-SPF: (%s|Temperror' + self.also + ') |451 4[.]4[.]3 too many '
        for sender in ('a@' + name, 'a@m\u00fcnchen.' + name):
            self.answer('policy', lambda c, s=sender: c.ask(sender=s), check % 'Pass')
        self.answer('policy', lambda c: c.ask(sender='a@' + name, client_address='192.0.2.77'),
                    '550 5.7.23 .*192.0.2.77|' + check % 'Temperror')
        later = '|451 4.3.0 '
        self.answer('policy', lambda c: c.ask(sender='', recipient=SRS0), 'DUNNO$' + later)
        self.answer('policy', lambda c: c.ask(
            sender='', recipient='SRS0=FAKE=AA=x.test=y@srs.test'), '550 5.1.1 ' + later)
        self.answer('policy', lambda c: c.ask(sender=SRS0, helo_name='localhost'),
                    'PREPEND Received-SPF: None .*SRS-verified' + later)

    def others(self):
        def command(**request):
            def ask(client):
                client.send(json.dumps(request).encode() + b'\n')
                line = client.reader.readline()
                if not line:
                    raise ConnectionError('ended')
                return json.dumps(json.loads(line))
            return ask

        def page(client):
            client.send(b'GET /metrics HTTP/1.1\r\n\r\n')
            data = client.reader.read()
            if not data:
                raise ConnectionError('ended')
            head, _, body = data.partition(b'\r\n\r\n')
            self.assertIn(b'Content-Length: %d\r\n' % len(body), head + b'\r\n')
            return body.decode()
        self.answer('control', command(command='status'), '"connections"')
        self.answer('control', command(command='forward', address='alice@origin.test'),
                    re.escape(SRS0) + '|no HMAC')
        self.answer('control', command(command='spf', ip=CLIENT, sender='a@pass.test'),
                    '"(pass|temperror)"')
        self.answer('metrics', page, '\nsrsd_build_info')

    def reload(self):
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(' reloaded | reload refused|keeping the old settings|engine .* is ready', mark)

    def ask_all(self):
        self.lookups()
        self.checks()
        self.others()
        self.reload()

    def ends(self, mark):
        """How engines ended since then; the log has each end."""
        ended = self.daemon.log_matches(r'engine \d+: (ended|killed)', mark)
        said = [line for line in self.daemon.lines[mark:] if self.END.search(line)]
        self.assertGreaterEqual(len(said), len(ended), ended)
        return len(ended)

    def sweep(self, also='', **spf):
        """Each time one allocation fails, a later one than the time before."""
        self.also = also
        self.begin(**spf)
        before = self.plan['count']
        self.ask_all()
        print('# %d allocations' % (self.plan['count'] - before))
        before = self.plan['count']
        self.checks()
        checks = self.plan['count'] - before
        first = random.SystemRandom().randrange(1, self.STEP + 1)
        print('# %d in the checks; one of %d, from %d' % (checks, self.STEP, first))
        ends = 0
        for parts, count in ((self.checks, checks), (self.others, 4 * checks),
                             (self.lookups, 4 * self.STEP), (self.reload, 20 * self.STEP)):
            for n in range(first, count, self.STEP * (1 if parts == self.checks else 4)):
                mark = self.daemon.log_mark()
                self.plan['at'] = self.plan['count'] + n
                parts()
                self.plan['at'] = 0
                if self.ends(mark) > 0:
                    ends += 1
                    self.daemon.stop(check=False)
                    self.begin(**spf)
        print('# %d engines ended' % ends)
        self.assertGreater(ends, 0)

    def test_native(self):
        self.sweep(**{'use-exp': True})

    def test_libspf2(self):
        """Without memory, that library may consider the record broken, and not report why."""
        self.sweep('|Permerror', **{'use-exp': True, 'engine': 'libspf2'})

    def test_reload(self):
        """Every allocation of a reload in turn; requests are served afterwards."""
        self.also = ''
        self.begin()
        before = self.plan['count']
        self.reload()
        count = self.plan['count'] - before
        print('# %d allocations' % count)
        ends = 0
        for n in range(1, count + 1):
            mark = self.daemon.log_mark()
            self.plan['at'] = self.plan['count'] + n
            self.reload()
            self.plan['at'] = 0
            if self.ends(mark) > 0:
                ends += 1
                self.daemon.stop(check=False)
                self.begin()
        print('# %d engines ended' % ends)
        self.assertGreater(ends, 0)
        self.lookups()

    def test_again_and_again(self):
        self.also = ''
        self.begin(**{'use-exp': True})
        for every in 2003, 997:
            with self.subTest(every):
                mark = self.daemon.log_mark()
                self.plan['every'] = every
                for _ in range(3):
                    self.ask_all()
                self.plan['every'] = 0
                self.ends(mark)
        self.assertGreater(self.plan['failed'], 0)
        self.assert_serves()


if __name__ == '__main__':
    tap.main()
