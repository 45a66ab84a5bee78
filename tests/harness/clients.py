# SPDX-License-Identifier: ISC
"""clients - the three protocols as Postfix speaks them, and raw bytes for misbehaving clients."""

import errno
import itertools
import os
import re
import socket
import struct
import urllib.parse

WAIT = 60               # seconds to wait for a reply
MAX_MAP_REPLY = 4096    # Postfix reads no more
MAX_ACTION = 400


def encode_key(key):
    """Encode '%', blanks and unprintable bytes as %XX, as Postfix does."""
    data = key if isinstance(key, bytes) else key.encode('utf-8', 'surrogateescape')
    return b''.join(b'%%%02x' % c if c == 0x25 or not 0x21 <= c <= 0x7e else bytes([c])
                    for c in data)


def decode_text(data):
    return urllib.parse.unquote_to_bytes(data).decode('utf-8', 'surrogateescape')


class Client:
    """A connection to an address: (host, port), or the path of a unix socket."""

    def __init__(self, address, timeout=WAIT):
        if isinstance(address, str):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(address)
        else:
            self.sock = socket.create_connection(address, timeout)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.sock.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.sock.close()

    def vanish(self):
        """Close with a reset, as a killed host or a firewall does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.close()

    def send(self, data):
        self.sock.sendall(data)

    def send_by_bytes(self, data):
        """Send each byte in a segment of its own."""
        for at in range(len(data)):
            self.sock.sendall(data[at:at + 1])

    def finish(self):
        """Close the sending direction only."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            if error.errno != errno.ENOTCONN:       # the other side has closed it already
                raise

    def closed(self):
        """Wait; True if the other side closes the connection, False if it sends a byte."""
        try:
            return self.reader.read(1) == b''
        except ConnectionError:
            return True


def is_end(error):
    """True if an error of a client only means that the daemon closed the connection."""
    return isinstance(error, ConnectionError) or str(error).endswith("reply: b''")


class MapClient(Client):
    """A client of a tcp_table(5)."""

    def reply(self):
        """The next reply, decoded, as 'CODE text'; AssertionError if it is malformed."""
        line = self.reader.readline(MAX_MAP_REPLY + 1)
        if not re.fullmatch(rb'[245]00 [^\r\n\0]+\n', line) or len(line) > MAX_MAP_REPLY:
            raise AssertionError('not a tcp_table reply: %r' % line)
        if line.startswith(b'2') and not re.fullmatch(rb'200 ([!-$&-~]|%[0-9A-Fa-f]{2})+\n', line):
            raise AssertionError('an address that is not encoded: %r' % line)
        return line[:4].decode() + decode_text(line[4:-1])

    def get(self, key):
        self.send(b'get ' + encode_key(key) + b'\n')
        return self.reply()

    def address(self, key):
        """The address that a key is mapped to; AssertionError if it is not found."""
        reply = self.get(key)
        if not reply.startswith('200 '):
            raise AssertionError('%r: %s' % (key, reply))
        return reply[4:]


class SocketmapClient(Client):
    """A client of a socketmap_table(5) with both maps."""

    def reply(self):
        """The next reply, as 'CODE text'; AssertionError if it is not a netstring."""
        head = b''
        while not head.endswith(b':'):
            byte = self.reader.read(1)
            if not re.fullmatch(rb'[0-9]{0,6}:?', head + byte) or not byte:
                raise AssertionError("not a socketmap reply: %r" % (head + byte))
            head += byte
        length = int(head[:-1])
        body = self.reader.read(length + 1)
        if len(body) != length + 1 or not body.endswith(b','):
            raise AssertionError("not a socketmap reply: %r" % (head + body))
        return body[:-1].decode('utf-8', 'surrogateescape')

    def ask(self, name, key):
        request = ('%s %s' % (name, key)).encode('utf-8', 'surrogateescape')
        self.send(b'%d:%s,' % (len(request), request))

    def get(self, name, key):
        self.ask(name, key)
        return self.reply()


_instances = itertools.count(1)


def new_instance():
    return '%x.%x.0' % (os.getpid(), next(_instances))


def policy_request(**attributes):
    """The bytes of a request; attributes that are None are omitted."""
    request = {
        'request': 'smtpd_access_policy', 'protocol_state': 'RCPT', 'protocol_name': 'ESMTP',
        'client_address': '192.0.2.1', 'client_name': 'unknown', 'client_port': '2525',
        'reverse_client_name': 'unknown', 'server_address': '127.0.0.1', 'server_port': '25',
        'helo_name': 'helo.test', 'sender': 'alice@origin.test', 'recipient': 'bob@our.test',
        'recipient_count': '0', 'queue_id': '', 'instance': new_instance(), 'size': '0',
        'sasl_method': '', 'sasl_username': '', 'sasl_sender': '', 'policy_context': '',
    }
    request.update(attributes)
    text = ''.join('%s=%s\n' % item for item in request.items() if item[1] is not None)
    return (text + '\n').encode('utf-8', 'surrogateescape')


class PolicyClient(Client):
    """A client of Postfix's policy delegation protocol."""

    def action(self):
        """The value of action= of the next reply, which must be well-formed for Postfix."""
        line = self.reader.readline()
        if not line.startswith(b'action=') or self.reader.readline() != b'\n':
            raise AssertionError('not a policy reply: %r' % line)
        action = line[7:-1].decode('utf-8')         # strict: Postfix refuses what is not UTF-8
        if len(action) > MAX_ACTION or re.search(r'[\0-\x08\x0a-\x1f\x7f]', action):
            raise AssertionError('not a fit action: %r' % action)
        # The tests name their restriction classes passed_...
        if not re.match(r'DUNNO\Z|PREPEND [!-9;-~]+: .|[45]\d\d [45]\.\d+\.\d+ .|passed_\w+\Z',
                        action):
            raise AssertionError('an action that must not be sent: %r' % action)
        return action

    def ask(self, **attributes):
        self.send(policy_request(**attributes))
        return self.action()
