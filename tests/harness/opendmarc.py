# SPDX-License-Identifier: ISC
"""opendmarc - a real OpenDMARC, as a milter for the Postfix of a destination.

    with OpenDmarc(zone) as dmarc:
        ... smtpd_milters = dmarc.endpoint ...

It always uses the resolver of the system. So it runs in a network namespace of its own, where a
server with the given zone has port 53, and with a resolv.conf of its own. A unix socket connects it
to Postfix. It evaluates SPF itself, and adds Authentication-Results of `dest.test`.
"""

import os
import select
import shutil
import socket
import subprocess
import tempfile
import time

from harness import netns
from harness.dns_server import DnsServer

WAIT = 30
AUTHSERV_ID = 'dest.test'
SUFFIXES = '/usr/share/publicsuffix/public_suffix_list.dat'
PROGRAM = '/usr/sbin/opendmarc'
CONFIG = '''
AuthservID %(id)s
Background false
IgnoreHosts %(base)s/hosts
PublicSuffixList %(suffixes)s
Socket local:%(base)s/socket
SPFIgnoreResults true
SPFSelfValidate true
UMask 000
'''
IN_NAMESPACE = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'


def unavailable():
    """The reason why it cannot run here, or None."""
    for path in PROGRAM, SUFFIXES:
        if not os.path.exists(path):
            return 'no ' + path
    return netns.unavailable()


class OpenDmarc:
    def __init__(self, zone):
        self.zone = zone
        self.base = tempfile.mkdtemp(prefix='srsd-opendmarc-')
        os.chmod(self.base, 0o755)
        self.path = os.path.join(self.base, 'socket')
        self.endpoint = 'unix:' + self.path

    def start(self):
        self.space = netns.Namespace('dmarc')
        self.dns = self.space.call(DnsServer, self.zone, port=53).start()
        for name, text in (('hosts', '203.0.113.254\n'),
                           ('resolv.conf', 'nameserver 127.0.0.1\n'),
                           ('conf', CONFIG % {'id': AUTHSERV_ID, 'base': self.base,
                                              'suffixes': SUFFIXES})):
            with open(os.path.join(self.base, name), 'w', encoding='utf-8') as file:
                file.write(text)
        self.process = subprocess.Popen(
            [*self.space.command, 'unshare', '--mount', 'sh', '-c', IN_NAMESPACE, 'sh',
             os.path.join(self.base, 'resolv.conf'), PROGRAM, '-f', '-c',
             os.path.join(self.base, 'conf')], stdin=subprocess.DEVNULL)
        self._wait_ready()
        return self

    __enter__ = start

    def _wait_ready(self):
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket(socket.AF_UNIX) as sock:
                try:
                    return sock.connect(self.path)
                except OSError:
                    select.select([], [], [], 0.02)
        raise AssertionError('opendmarc does not listen')

    def stop(self):
        self.process.kill()         # SIGTERM takes libmilter five seconds
        self.process.wait(WAIT)
        self.dns.stop()
        self.space.remove()
        shutil.rmtree(self.base, ignore_errors=True)

    def __exit__(self, *_):
        self.stop()
