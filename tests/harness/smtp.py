# SPDX-License-Identifier: ISC
"""smtp - the two ends of a mail system under test: a sink that keeps all mail, and a client."""

import re
import smtplib
import socketserver
import threading
from typing import NamedTuple

WAIT = 60


class Mail(NamedTuple):
    """One delivery; addresses without < and >. `client` is the address of the host that made it."""
    sender: str
    recipients: tuple
    data: str
    client: str = ''

    def header_count(self, name):
        return len(self.headers(name))

    def headers(self, name):
        """The values of all fields of that name, unfolded."""
        head = re.sub(r'\r\n(?=[ \t])', '', self.data.partition('\r\n\r\n')[0])
        fields = (line.partition(':') for line in head.split('\r\n'))
        return [value.strip() for key, _, value in fields if key.lower() == name.lower()]


class _Session(socketserver.StreamRequestHandler):
    """Accepts everything except recipients that the sink refuses."""

    def handle(self):
        self.reply('220 sink.test ESMTP')
        for line in self.lines():
            verb = line[:4].upper()
            if verb == 'QUIT':
                return self.reply('221 2.0.0 Bye')
            if verb == 'EHLO':
                self.reply('250-sink.test\r\n250-8BITMIME\r\n250 SMTPUTF8')
            elif verb == 'DATA':
                self.reply('354 Go on')
                self.server.owner.keep(Mail(self.sender, tuple(self.recipients), self.message(),
                                            self.client_address[0]))
                self.reply('250 2.0.0 Kept')
            elif self.note_address(verb, line):
                self.reply('250 2.0.0 Ok')
            else:
                self.reply('550 5.1.1 Nobody of that name')

    def note_address(self, verb, line):
        """-> whether it is accepted"""
        address = line[line.find('<') + 1:line.rfind('>')]
        if verb == 'MAIL':
            self.sender, self.recipients = address, []
        elif verb == 'RCPT' and address in self.server.owner.refused:
            return False
        elif verb == 'RCPT':
            self.recipients.append(address)
        return True

    def lines(self):
        for line in self.rfile:
            yield line.decode('utf-8', 'surrogateescape').rstrip('\r\n')

    def message(self):
        lines = []
        for line in self.lines():
            if line == '.':
                break
            lines.append(line[1:] if line.startswith('.') else line)
        return '\r\n'.join(lines)

    def reply(self, text):
        self.wfile.write(text.encode() + b'\r\n')


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Sink:
    """Listens on a loopback address and keeps all mail, except mail to `refused`."""

    def __init__(self, host, refused=()):
        self.mails = []
        self.refused = refused
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

    def keep(self, mail):
        with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()

    def wait_mails(self, mark, count):
        """Wait for `count` or more messages that contain the mark."""
        found = []

        def arrived():
            found[:] = [mail for mail in self.mails if mark in mail.data]
            return len(found) >= count

        with self._arrived:
            if not self._arrived.wait_for(arrived, WAIT):
                raise AssertionError('of the mails %s %d arrived, not %d'
                                     % (mark, len(found), count))
        return found

    def wait_mail(self, mark):
        """Wait for the message that contains the mark."""
        return self.wait_mails(mark, 1)[0]

    def arrived(self, mark):
        """All deliveries so far that contain the mark."""
        with self._arrived:
            return [mail for mail in self.mails if mark in mail.data]


class SmtpClient:
    """A client that can set any client address through XCLIENT."""

    def __init__(self, address, client='192.0.2.1', helo='helo.test'):
        self.smtp = smtplib.SMTP(timeout=WAIT)
        self.smtp.connect(*address)
        self.smtp.ehlo(helo)
        code, text = self.smtp.docmd('XCLIENT', 'ADDR=%s NAME=client.test' % client)
        if code != 220:
            raise AssertionError('XCLIENT: %d %r' % (code, text))
        self.smtp.ehlo(helo)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.smtp.quit()
        except (smtplib.SMTPException, OSError):
            self.smtp.close()

    def mail(self, sender, *options):
        return self._command(' '.join(['MAIL FROM:<%s>' % sender, *options]))

    def rcpt(self, recipient, *options):
        """-> the whole reply, as 'CODE text'"""
        return self._command(' '.join(['RCPT TO:<%s>' % recipient, *options]))

    def command(self, line):
        return self._command(line)

    def data(self, text):
        code, reply = self.smtp.data(text)
        return '%d %s' % (code, reply.decode())

    def _command(self, line):
        code, reply = self.smtp.docmd(line)
        return '%d %s' % (code, reply.decode('utf-8', 'replace'))
