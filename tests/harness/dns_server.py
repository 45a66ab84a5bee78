# SPDX-License-Identifier: ISC
"""dns_server - a small DNS server on loopback that serves a zone given as a Python dict.

    zone = {
        'pass.test': {'TXT': ['v=spf1 a -all'], 'A': ['192.0.2.1'], 'MX': [(10, 'mx.pass.test')]},
        'alias.test': {'CNAME': ['pass.test']},
        'half.test': {'TXT': ['v=spf1 a -all'], 'A': SILENT},
        'broken.test': SERVFAIL,
        'slow.test': Delayed(0.3, {'TXT': ['v=spf1 -all']}),
        'lies.test': Forged({'TXT': ['v=spf1 +all']}, lambda message, transport: [b'?' + message]),
    }
    with DnsServer(zone) as dns:
        ... dns.address, dns.seen(name='pass.test'), dns.wait_query('half.test') ...

It acts as the recursive resolver of the daemon. It has one address for UDP and TCP, follows CNAMEs,
supports EDNS, truncates an answer that exceeds the client's UDP size to nothing, so that TCP is
used, and answers with a SOA for a name that does not exist. A TXT value is a str, bytes, or a tuple
of the strings of one record. Everything runs in one thread with one selector; delays are timers of
that loop.
"""

import enum
import heapq
import ipaddress
import itertools
import selectors
import socket
import struct
import threading
import time
from typing import NamedTuple

TYPES = {'A': 1, 'NS': 2, 'CNAME': 5, 'SOA': 6, 'PTR': 12, 'MX': 15, 'TXT': 16, 'AAAA': 28,
         'OPT': 41, 'SPF': 99}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
TTL = 300
PLAIN_UDP_SIZE = 512
WAIT = 60               # seconds that a test waits for a query


class Outcome(enum.Enum):
    """May be used in a zone instead of records."""
    SILENT = None       # no answer at all
    SERVFAIL = 2
    NXDOMAIN = 3        # as if the name did not exist
    REFUSED = 5


SILENT, SERVFAIL, NXDOMAIN, REFUSED = (Outcome.SILENT, Outcome.SERVFAIL, Outcome.NXDOMAIN,
                                       Outcome.REFUSED)


class Delayed(NamedTuple):
    """Records that are sent `seconds` after the query."""
    seconds: float
    records: dict


class Forged(NamedTuple):
    """Replaces the answer made of the records. `change` is called with that message and the
    transport, 'udp' or 'tcp', and returns a list of what is sent: messages (bytes) of any length,
    Elsewhere, Piece."""
    records: dict
    change: object


class Elsewhere(NamedTuple):
    """A UDP message from a port to which no query was sent."""
    message: bytes


class Piece(NamedTuple):
    """Data sent over TCP, without the length that should precede it."""
    data: bytes
    close: bool = True  # then close the connection; otherwise send nothing more


def truncated(message):
    """A truncated answer, for which the client must use TCP."""
    _name, at = _read_name(message, 12)
    flags, = struct.unpack_from('!H', message, 2)
    return (message[:2] + struct.pack('!5H', flags | 0x0200, 1, 0, 0, 0) + message[12:at + 4])


class Query(NamedTuple):
    name: str
    type: str
    transport: str


def reverse_name(address):
    """The name of the PTR records of an address."""
    return ipaddress.ip_address(address).reverse_pointer


# -- wire format ------------------------------------------------------------

def _wire_name(name):
    out = b''
    for label in name.rstrip('.').encode('latin-1').split(b'.'):
        if label:
            out += bytes([len(label)]) + label
    return out + b'\0'


def _character_strings(value):
    """One TXT record: its strings, each cut at 255 bytes."""
    out = b''
    for text in value if isinstance(value, tuple) else (value,):
        data = text if isinstance(text, bytes) else text.encode('utf-8')
        for start in range(0, max(len(data), 1), 255):
            piece = data[start:start + 255]
            out += bytes([len(piece)]) + piece
    return out


_RDATA = {
    'A': socket.inet_aton,
    'AAAA': lambda value: socket.inet_pton(socket.AF_INET6, value),
    'CNAME': _wire_name, 'NS': _wire_name, 'PTR': _wire_name,
    'MX': lambda value: struct.pack('!H', value[0]) + _wire_name(value[1]),
    'SPF': _character_strings,
    'TXT': _character_strings,
    'SOA': lambda value: _wire_name(value) * 2 + struct.pack('!5I', 1, 3600, 600, 86400, TTL),
}


def _record(name, kind, value):
    data = _RDATA[kind](value)
    return _wire_name(name) + struct.pack('!HHIH', TYPES[kind], 1, TTL, len(data)) + data


def _read_name(message, at):
    labels = []
    while message[at]:
        length = message[at]
        labels.append(message[at + 1:at + 1 + length].decode('latin-1').lower())
        at += 1 + length
    return '.'.join(labels), at + 1


class _Question:
    """The relevant parts of a query message."""

    def __init__(self, message):
        self.id, self.flags, _, _, _, additional = struct.unpack_from('!6H', message)
        self.name, at = _read_name(message, 12)
        number, _ = struct.unpack_from('!HH', message, at)
        self.type = TYPE_NAMES.get(number, str(number))
        self.raw = message[12:at + 4]
        self.udp_size = PLAIN_UDP_SIZE
        self.edns = bool(additional) and message[at + 4:at + 5] == b'\0'
        if self.edns:
            self.udp_size = max(PLAIN_UDP_SIZE, struct.unpack_from('!H', message, at + 7)[0])

    def answer(self, rcode, answers=(), authority=(), truncated=False):
        flags = 0x8080 | (self.flags & 0x0100) | (0x0200 if truncated else 0) | rcode
        opt = b'\0' + struct.pack('!HHIH', TYPES['OPT'], 1232, 0, 0) if self.edns else b''
        head = struct.pack('!6H', self.id, flags, 1, len(answers), len(authority), bool(opt))
        return head + self.raw + b''.join(answers) + b''.join(authority) + opt


# -- zone -------------------------------------------------------------------

class _Zone:
    def __init__(self, names):
        self.names = {}
        self.parents = set()
        self.add(names)

    def add(self, names):
        for name, node in names.items():
            name = name.lower().rstrip('.')
            self.names[name] = node
            while '.' in name:
                name = name.partition('.')[2]
                self.parents.add(name)

    def change(self, name):
        """The function that forges the answer for a name, or None."""
        node = self.names.get(name)
        if isinstance(node, Delayed):
            node = node.records
        return node.change if isinstance(node, Forged) else None

    def lookup(self, question):
        """-> (delay, message or None for silence)"""
        name, answers, delay = question.name, [], 0
        for _ in range(10):
            node = self.names.get(name)
            if isinstance(node, Delayed):
                delay += node.seconds
                node = node.records
            if isinstance(node, Forged):
                node = node.records
            if node is None:
                rcode = 0 if name in self.parents else 3
                return delay, question.answer(rcode, answers, self._soa(name))
            values = node if isinstance(node, Outcome) else node.get(question.type)
            if isinstance(values, Outcome):
                return delay, self._failure(question, values, name)
            if values is None and 'CNAME' in node:
                answers.append(_record(name, 'CNAME', node['CNAME'][0]))
                name = node['CNAME'][0].lower().rstrip('.')
                continue
            answers += [_record(name, question.type, value) for value in values or ()]
            return delay, question.answer(0, answers, () if values else self._soa(name))
        return delay, question.answer(2)

    def _failure(self, question, outcome, name):
        if outcome is SILENT:
            return None
        return question.answer(outcome.value, (), self._soa(name) if outcome is NXDOMAIN else ())

    @staticmethod
    def _soa(name):
        top = name.rpartition('.')[2]
        return [_record(top, 'SOA', top)]


# -- server -----------------------------------------------------------------

class _Peer:
    """One TCP connection: bytes in, messages with their length out."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b''

    def messages(self, data):
        self.buffer += data
        while len(self.buffer) >= 2:
            length, = struct.unpack_from('!H', self.buffer)
            if len(self.buffer) < 2 + length:
                return
            yield self.buffer[2:2 + length]
            self.buffer = self.buffer[2 + length:]

    def send(self, message):
        if not isinstance(message, Piece):
            message = Piece(struct.pack('!H', len(message)) + message, close=False)
        try:
            self.sock.sendall(message.data)
            if message.close:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass            # the client has disconnected


class DnsServer:
    """With tcp=False, TCP connections are refused. A port of 0 is any unused port."""

    def __init__(self, zone=None, host='127.0.0.1', tcp=True, port=0):
        self.zone = _Zone(zone or {})
        self.host = host
        self.has_tcp = tcp
        self.udp, self.tcp = self._bind(host, port)
        self.other = socket.socket(self._family(), socket.SOCK_DGRAM)
        self.other.bind((host, 0))
        self.port = self.udp.getsockname()[1]
        self._queries = []
        self._changed = threading.Condition()
        self._timers = []
        self._order = itertools.count()
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _family(self):
        return socket.AF_INET6 if ':' in self.host else socket.AF_INET

    def _bind(self, host, port):
        """Bind one port for both transports."""
        while True:
            udp = socket.socket(self._family(), socket.SOCK_DGRAM)
            udp.bind((host, port))
            tcp = socket.socket(self._family())
            try:
                tcp.bind((host, udp.getsockname()[1]))
            except OSError:
                udp.close()
                tcp.close()
                if port:
                    raise
                continue
            if self.has_tcp:
                tcp.listen(128)
            return udp, tcp

    @property
    def address(self):
        return ('[%s]:%d' if ':' in self.host else '%s:%d') % (self.host, self.port)

    def __enter__(self):
        self._thread.start()
        return self

    start = __enter__

    def __exit__(self, *_):
        self._wake.close()
        self._thread.join()
        for sock in (self.udp, self.tcp, self.other, self._woken):
            sock.close()

    def stop(self):
        self.__exit__()

    # -- for the tests: change the zone, examine the queries

    def add(self, names):
        self.zone.add(names)

    def clear(self):
        with self._changed:
            self._queries.clear()

    def seen(self, name=None, type=None, transport=None):
        """The queries so far that match the arguments."""
        want = (name and name.lower(), type, transport)
        with self._changed:
            return [query for query in self._queries
                    if all(w in (None, q) for w, q in zip(want, query))]

    def wait_query(self, name, type=None):
        """Wait for a query for the name."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: any(q.name == name.lower() and type in (None, q.type)
                            for q in self._queries), WAIT)
        if not found:
            raise AssertionError('nobody asked for %s' % name)

    # -- the loop

    def _run(self):
        with selectors.DefaultSelector() as selector:
            self._selector = selector
            selector.register(self._woken, selectors.EVENT_READ, None)
            selector.register(self.udp, selectors.EVENT_READ, self._udp_ready)
            if self.has_tcp:
                selector.register(self.tcp, selectors.EVENT_READ, self._accept)
            while True:
                for key, _ in selector.select(self._until_timer()):
                    if key.data is None:
                        return self._close_peers()
                    key.data(key.fileobj)
                self._fire_timers()

    def _close_peers(self):
        for key in list(self._selector.get_map().values()):
            if key.fileobj not in (self.udp, self.tcp, self._woken):
                key.fileobj.close()

    def _until_timer(self):
        return max(0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _fire_timers(self):
        while self._timers and self._timers[0][0] <= time.monotonic():
            _due, _order, send, message = heapq.heappop(self._timers)
            send(message)

    def _udp_ready(self, sock):
        data, peer = sock.recvfrom(65535)
        self._answer(data, 'udp', lambda message: self._send_udp(message, peer))

    def _send_udp(self, message, peer):
        if isinstance(message, Elsewhere):
            self.other.sendto(message.message, peer)
        else:
            self.udp.sendto(message, peer)

    def _accept(self, sock):
        connection, _ = sock.accept()
        peer = _Peer(connection)
        self._selector.register(connection, selectors.EVENT_READ,
                                lambda _sock: self._tcp_ready(peer))

    def _tcp_ready(self, peer):
        try:
            data = peer.sock.recv(65535)
        except OSError:
            data = b''
        if not data:
            self._selector.unregister(peer.sock)
            peer.sock.close()
            return
        for message in peer.messages(data):
            self._answer(message, 'tcp', peer.send)

    def _answer(self, data, transport, send):
        try:
            question = _Question(data)
        except (struct.error, IndexError):
            return
        with self._changed:
            self._queries.append(Query(question.name, question.type, transport))
            self._changed.notify_all()
        delay, message = self.zone.lookup(question)
        if message is None:
            return
        change = self.zone.change(question.name)
        if change is not None:
            messages = change(message, transport)
        elif transport == 'udp' and len(message) > question.udp_size:
            messages = [question.answer(0, truncated=True)]
        else:
            messages = [message]
        for message in messages:
            self._send_after(delay, send, message)

    def _send_after(self, delay, send, message):
        if not delay:
            send(message)
            return
        due = time.monotonic() + delay
        heapq.heappush(self._timers, (due, next(self._order), send, message))
