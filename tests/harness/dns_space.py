# SPDX-License-Identifier: ISC
"""dns_space - for real mail filters, which always use the resolver of the system.

    with DnsSpace(zone) as space:
        process = space.run([PROGRAM, ...])
        wait_socket(path, process)
        ...
        end(process)

It is a network namespace in which a server with the given zone has port 53. Programs that run there
have a resolv.conf of their own. Unix sockets connect them to Postfix.
"""

import os
import select
import signal
import socket
import subprocess
import tempfile
import time

from harness import netns
from harness.dns_server import DnsServer

WAIT = 60
IN_NAMESPACE = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'

unavailable = netns.unavailable


class DnsSpace:
    def __init__(self, zone):
        self.zone = zone

    def start(self):
        self.file = tempfile.NamedTemporaryFile('w', prefix='srsd-resolv-')
        self.file.write('nameserver 127.0.0.1\n')
        self.file.flush()
        os.chmod(self.file.name, 0o644)
        self.space = netns.Namespace('dns-%d' % id(self))
        self.dns = self.space.call(DnsServer, self.zone, port=53).start()
        return self

    __enter__ = start

    def run(self, command, **options):
        """Start a program there, in a process group of its own."""
        return subprocess.Popen(
            [*self.space.command, 'unshare', '--mount', 'sh', '-c', IN_NAMESPACE, 'sh',
             self.file.name, *command], stdin=subprocess.DEVNULL,
            start_new_session=True, **options)

    def stop(self):
        self.dns.stop()
        self.space.remove()
        self.file.close()

    def __exit__(self, *_):
        self.stop()


def wait_socket(path, process):
    """Until the program listens on this unix socket."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as sock:
            try:
                return sock.connect(path)
            except OSError:
                select.select([], [], [], 0.02)
    raise AssertionError('%s does not listen' % path)


def end(process):
    """With its children."""
    os.killpg(process.pid, signal.SIGKILL)      # SIGTERM takes libmilter five seconds
    process.wait(WAIT)
