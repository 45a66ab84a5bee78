# SPDX-License-Identifier: ISC
"""milter_server - a milter that records what Postfix shows it, and changes nothing.

    with MilterServer() as milter:
        ... smtpd_milters = inet:HOST:PORT of milter.address ...
        milter.wait_message(mark).sender            # what stands in MAIL FROM:<...>

It asks for every event. `answer` may be set to a function of the recorded message that returns the
packets to send at the end of the message, before 'continue'.
"""

import dataclasses
import socketserver
import struct
import threading

WAIT = 60
VERSION = 6
ACTIONS = 0x1ff         # all of version 6
NO_EVENT_OFF = 0
CONTINUE = b'c'


def packet(command, data=b''):
    return struct.pack('!I', 1 + len(data)) + command + data


def _words(data):
    return [word.decode('utf-8', 'surrogateescape') for word in data.split(b'\0')[:-1]]


@dataclasses.dataclass
class Message:
    """What one message looked like. Addresses are without < and >; `macros` are those of all
    commands, by the letter of the command in the protocol and the name, as in ('M', 'i')."""
    connect: tuple = ()
    mail: list = dataclasses.field(default_factory=list)
    recipients: list = dataclasses.field(default_factory=list)
    headers: list = dataclasses.field(default_factory=list)
    body: bytes = b''
    macros: dict = dataclasses.field(default_factory=dict)

    @property
    def sender(self):
        return self.mail[0].strip('<>')

    @property
    def originals(self):
        """(RCPT, ORCPT or None) of each recipient"""
        return [(words[0].strip('<>'), next((word[6:] for word in words[1:]
                                             if word.upper().startswith('ORCPT=')), None))
                for words in self.recipients]

    def header(self, name):
        return [value.strip() for key, value in self.headers if key.lower() == name.lower()]


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.owner = self.server.owner
        self.connect, self.macros, self.message = (), {}, Message()
        while True:
            head = self.rfile.read(4)
            if len(head) < 4:
                return
            size, = struct.unpack('!I', head)
            content = self.rfile.read(size)
            if content[:1] == b'Q':
                return
            self.react(content[:1], content[1:])

    def react(self, command, data):
        if command == b'O':
            self.wfile.write(packet(b'O', struct.pack('!III', VERSION, ACTIONS, NO_EVENT_OFF)))
            return
        if command == b'D':
            words = _words(data[1:])
            for name, value in zip(words[::2], words[1::2]):
                self.macros[data[:1].decode(), name.strip('{}')] = value
            return
        if command in b'AK':
            self.message = Message()
            if command == b'K':
                self.macros = {}
            return
        self.note(command, data)
        if command == b'E':
            self.message.connect, self.message.macros = self.connect, dict(self.macros)
            for reply in self.owner.answer(self.message):
                self.wfile.write(reply)
            # Before the reply, after which the message can arrive.
            self.owner.keep(self.message)
            self.message = Message()
        self.wfile.write(packet(CONTINUE))

    def note(self, command, data):
        if command == b'C':
            host, _, rest = data.partition(b'\0')
            self.connect = (host.decode(), rest[3:-1].decode() if rest[:1] in b'46' else '')
        elif command == b'M':
            self.message = Message(mail=_words(data))
        elif command == b'R':
            self.message.recipients.append(_words(data))
        elif command == b'L':
            self.message.headers.append(tuple(_words(data)))
        elif command == b'B':
            self.message.body += data


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class MilterServer:
    """Listens on a loopback address and keeps all messages."""

    def __init__(self, host='127.0.0.1', answer=lambda message: ()):
        self.messages = []
        self.answer = answer
        self._arrived = threading.Condition()
        self._server = _Server((host, 0), _Session)
        self._server.owner = self
        self.address = self._server.server_address
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    @property
    def endpoint(self):
        """As it is written in main.cf."""
        return 'inet:%s:%d' % self.address

    def keep(self, message):
        with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()

    @staticmethod
    def _has(message, mark):
        return mark.encode() in message.body or any(mark in value for _, value in message.headers)

    def wait_messages(self, mark, count=1):
        """Wait for `count` or more messages that contain the mark."""
        found = []

        def arrived():
            found[:] = [message for message in self.messages if self._has(message, mark)]
            return len(found) >= count

        with self._arrived:
            if not self._arrived.wait_for(arrived, WAIT):
                raise AssertionError('the milter saw %d messages %s, not %d'
                                     % (len(found), mark, count))
        return found

    def wait_message(self, mark):
        return self.wait_messages(mark)[0]
