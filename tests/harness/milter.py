# SPDX-License-Identifier: ISC
"""milter - the MTA's side of the milter protocol, as Postfix's smtpd and cleanup speak it.

    with Milter(address) as mta:
        mta.connect('192.0.2.1')
        mta.mail('alice@origin.test')
        mta.rcpt('b@out.test', 'ORCPT=rfc822;a@fwd.test')       # 'continue', or '550 5.1.1 text'
        mta.headers([('From', 'alice@origin.test')])
        mta.eom()                           # [Action('sender', 'SRS0=...'), Action('continue')]

What needs no reply is kept until a command that needs one, and then sent with it in one write. The
functions packet() to header() make the bytes of single packets, for clients that misbehave.
"""

import itertools
import struct
from typing import NamedTuple

from harness.clients import Client

VERSION = 6
ACTIONS = 0x1ff         # of Postfix, with any version
STEPS = {6: 0x1fffff, 4: 0x37f, 3: 0x17f, 2: 0x7f}      # the same, by version

CHANGE_SENDER = 1 << 6
LIST_MACROS = 1 << 8
NO_HELO, NO_BODY, NO_UNKNOWN, NO_DATA = 1 << 1, 1 << 4, 1 << 8, 1 << 9
NR_CONNECT, NR_MAIL, NR_RCPT, NR_HEADER, NR_EOH = 1 << 12, 1 << 14, 1 << 15, 1 << 7, 1 << 18

# By command: the flag that switches it off, and the one that switches its reply off.
_SWITCHES = {'C': (1, NR_CONNECT), 'H': (NO_HELO, 1 << 13), 'M': (1 << 2, NR_MAIL),
             'R': (1 << 3, NR_RCPT), 'T': (NO_DATA, 1 << 16), 'U': (NO_UNKNOWN, 1 << 17),
             'L': (1 << 5, NR_HEADER), 'N': (1 << 6, NR_EOH), 'B': (NO_BODY, 1 << 19),
             'E': (0, 0)}
_NAMES = {'c': 'continue', 'a': 'accept', 'd': 'discard', 't': 'tempfail', 'r': 'reject',
          'y': 'reply', 'p': 'progress', 'e': 'sender', '+': 'add', '-': 'delete',
          'q': 'quarantine', 'h': 'add-field', 'i': 'insert-field', 'm': 'change-field'}
_LAST = ('continue', 'accept', 'discard', 'tempfail', 'reject', 'reply')
_ADDRESSES = ('sender', 'add', 'delete')
_FIELDS = {'add-field': 0, 'insert-field': 4, 'change-field': 4}    # bytes before the name
_STAGES = {'C': 0, 'H': 1, 'M': 2, 'R': 3, 'T': 4, 'E': 5, 'N': 6, 'L': 6}

_messages = itertools.count(1)


class Action(NamedTuple):
    """An address has no angle brackets. A header field is `Name: value`, without its place."""
    name: str
    text: str = ''


# -- packets

def encode(text):
    return text if isinstance(text, bytes) else text.encode('utf-8', 'surrogateescape')


def packet(command, payload=b''):
    return struct.pack('>I', len(payload) + 1) + encode(command) + payload


def texts(*parts):
    return b''.join(encode(part) + b'\0' for part in parts)


def options(version=VERSION, actions=ACTIONS, steps=None):
    return packet('O', struct.pack('>III', version, actions,
                                   STEPS[version] if steps is None else steps))


def client(address='192.0.2.1', name='client.test', port=40000):
    """Without an address: a client that is not known."""
    if address is None:
        return packet('C', texts(name) + b'U')
    family = b'6' if ':' in address else b'4'
    return packet('C', texts(name) + family + struct.pack('>H', port) + texts(address))


def macros(command, **values):
    """Names of more than one letter get their braces."""
    return packet('D', encode(command) + b''.join(
        texts(name if len(name) == 1 else '{%s}' % name, value)
        for name, value in values.items()))


def mail(sender, *parameters):
    return packet('M', texts('<%s>' % sender, *parameters))


def rcpt(recipient, *parameters):
    return packet('R', texts('<%s>' % recipient, *parameters))


def header(name, value):
    return packet('L', texts(name, value))


EOH = packet('N')
EOM = packet('E')
ABORT = packet('A')
QUIT = packet('Q')
QUIT_NEW = packet('K')


def message(sender, recipients, headers=(('From', 'a@x.test'),)):
    """A whole message; a recipient is a tuple of the address and its parameters."""
    return b''.join([mail(sender), *(rcpt(*recipient) for recipient in recipients),
                     *(header(*one) for one in headers), EOH, EOM])


# -- the MTA

class Milter(Client):
    """An MTA that offers this. It sends each byte on its own if `by_bytes` is set."""

    def __init__(self, address, version=VERSION, actions=ACTIONS, steps=None, negotiate=True):
        super().__init__(address)
        self.by_bytes = False
        self.offer = (version, actions, STEPS[version] if steps is None else steps)
        self.version = self.actions = self.steps = 0    # agreed
        self.macro_lists = {}                           # names, by the number of the stage
        self.login = None
        self.queue_id = None
        self.progress = 0       # packets of this kind so far
        self._kept = b''
        if negotiate:
            self.negotiate()

    def negotiate(self):
        self.put(options(*self.offer))
        command, payload = self.read_packet()
        if command != 'O' or len(payload) < 12:
            raise AssertionError('not a reply to options: %s %r' % (command, payload))
        self.version, self.actions, self.steps = struct.unpack('>III', payload[:12])
        self.macro_lists = _parse_lists(payload[12:])
        for agreed, offered in zip((self.actions, self.steps), self.offer[1:]):
            if agreed & ~offered:
                raise AssertionError('not offered: %#x of %#x' % (agreed, offered))

    def keep(self, data):
        """Send it with the next command that needs a reply."""
        self._kept += data

    def put(self, data=b''):
        """Send what is kept, and this."""
        data, self._kept = self._kept + data, b''
        if self.by_bytes:
            self.send_by_bytes(data)
        else:
            self.send(data)

    def read_packet(self):
        """-> (command, payload)"""
        head = self.reader.read(4)
        if len(head) < 4:
            raise ConnectionError('closed instead of a reply: %r' % head)
        data = self.reader.read(struct.unpack('>I', head)[0])
        return data[:1].decode('latin-1'), data[1:]

    def read_actions(self):
        """All packets of a reply, without those that only say that more will follow."""
        actions = []
        while not actions or actions[-1].name not in _LAST:
            command, payload = self.read_packet()
            action = _parse_action(command, payload)
            if action.name == 'progress':
                self.progress += 1
            else:
                actions.append(action)
        return actions

    def command(self, data, **values):
        """A packet, after its macros; -> its actions, or None if it is not sent or not answered."""
        command = chr(data[4])
        off, no_reply = _SWITCHES[command]
        names = self.macro_lists.get(_STAGES.get(command))
        if names is not None:
            values = {name: value for name, value in values.items() if name in names}
        self.keep(macros(command, **values))
        if self.steps & off:
            return None
        self.keep(data)
        if self.steps & no_reply:
            return None
        self.put()
        return self.read_actions()

    # -- the commands of an SMTP session: None, 'continue' and so on, or an SMTP reply

    def connect(self, address='192.0.2.1', name='client.test', port=40000):
        return _verdict(self.command(client(address, name, port), j='mx.test'))

    def helo(self, name='client.test'):
        return _verdict(self.command(packet('H', texts(name))))

    def mail(self, sender, *parameters):
        self.queue_id = None
        values = {'auth_authen': self.login} if self.login else {}
        return _verdict(self.command(mail(sender, *parameters), **values))

    def rcpt(self, recipient, *parameters, mailer='smtp'):
        values = {'rcpt_mailer': mailer}
        if self.queue_id:
            values['i'] = self.queue_id
        verdict = _verdict(self.command(rcpt(recipient, *parameters), **values))
        if verdict in (None, 'continue') and not self.queue_id:
            self.queue_id = '%010X' % next(_messages)
        return verdict

    def header(self, name, value):
        return _verdict(self.command(header(name, value), i=self.queue_id or ''))

    def headers(self, headers):
        """All of them, and their end."""
        self.command(packet('T'), i=self.queue_id or '')
        for name, value in headers:
            self.header(name, value)
        return _verdict(self.command(EOH, i=self.queue_id or ''))

    def eom(self):
        """-> the actions, the last of which is the verdict"""
        actions = self.command(EOM, i=self.queue_id or '')
        self.queue_id = None
        self.keep(ABORT)
        return actions

    def message(self, sender, *recipients, headers=(('From', 'a@x.test'),)):
        """-> the actions at its end; a recipient is an address, or a tuple with its parameters."""
        self.mail(sender)
        for recipient in recipients:
            recipient = (recipient,) if isinstance(recipient, str) else recipient
            verdict = self.rcpt(*recipient)
            if verdict != 'continue':
                raise AssertionError('%s: %s' % (recipient[0], verdict))
        self.headers(headers)
        return self.eom()

    def abort(self):
        self.queue_id = None
        self.keep(ABORT)

    def quit_new(self):
        """The next client comes over the same connection, as Sendmail's may."""
        self.keep(QUIT_NEW)

    def quit(self):
        """-> whether the other side closes the connection"""
        self.put(QUIT)
        return self.closed()


def _parse_lists(data):
    lists = {}
    while data:
        stage, = struct.unpack('>I', data[:4])
        names, _, data = data[4:].partition(b'\0')
        lists[stage] = [name.strip('{}') for name in names.decode('ascii').split()]
    return lists


def _parse_action(command, payload):
    name = _NAMES.get(command)
    if name is None:
        raise AssertionError('unknown reply: %s %r' % (command, payload))
    if name in _FIELDS:
        field, value = payload[_FIELDS[name]:].decode('utf-8', 'surrogateescape').split('\0')[:2]
        return Action(name, '%s: %s' % (field, value.strip()))
    has_text = name in ('reply', 'quarantine', *_ADDRESSES)
    if has_text != (payload[-1:] == b'\0') or payload.count(b'\0') != has_text:
        raise AssertionError('malformed reply: %s %r' % (command, payload))
    text = payload[:-1].decode('utf-8', 'surrogateescape')
    if name in _ADDRESSES:
        if not (text.startswith('<') and text.endswith('>')):
            raise AssertionError('no angle brackets: %s' % text)
        text = text[1:-1]
    if name == 'reply':
        if text.replace('%%', '').count('%'):
            raise AssertionError('a single percent sign: %s' % text)
        text = text.replace('%%', '%')
    return Action(name, text)


def _verdict(actions):
    if actions is None:
        return None
    if len(actions) != 1:
        raise AssertionError('more than a verdict: %s' % (actions,))
    return actions[0].text if actions[0].name == 'reply' else actions[0].name
