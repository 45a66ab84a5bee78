# SPDX-License-Identifier: ISC
"""postsrsd - Debian's postsrsd 1.x in the foreground, if it is installed, and a postsrsd 2, if
$POSTSRSD2 is its path."""

import os
import pwd
import resource
import shutil
import socket
import subprocess
import time

from harness.clients import MapClient
from harness.daemon import ORDINARY_USER, free_port, is_root

WAIT = 60
POSTSRSD2 = os.environ.get('POSTSRSD2')
POSTSRSD = os.environ.get('POSTSRSD') or shutil.which('postsrsd', path='/usr/sbin:/usr/local/sbin')


class PostSrsd:
    def __init__(self, secret, domain, arguments=(), ports=None):
        """`secret` is the path of its file."""
        ports = ports or [free_port(), free_port()]
        self.process = subprocess.Popen(
            [POSTSRSD, '-s', secret, '-d', domain, '-l', '127.0.0.1', '-f', str(ports[0]),
             '-r', str(ports[1]), *arguments], stdin=subprocess.DEVNULL,
            preexec_fn=self._few_descriptors)
        self.forward_map, self.reverse_map = (self._connect(port) for port in ports)

    @staticmethod
    def _few_descriptors():
        """postsrsd closes every possible descriptor, which takes minutes if the limit is high."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    def _connect(self, port):
        deadline = time.monotonic() + WAIT
        while True:         # it does not report when it listens
            try:
                return MapClient(('127.0.0.1', port))
            except ConnectionRefusedError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.01)

    def forward(self, address):
        return self.forward_map.address(address)

    def reverse(self, address):
        return self.reverse_map.address(address)

    def stop(self):
        self.forward_map.close()        # its child process exits only with the connection
        self.reverse_map.close()
        self.process.terminate()
        self.process.wait()


# A postsrsd 2 that keeps all senders in a database.
CONFIG_2 = '''
srs-domain = %(domain)s
secrets-file = "%(secret)s"
socketmap = "unix:%(socket)s"
chroot-dir = ""
unprivileged-user = ""
original-envelope = database
envelope-database = "sqlite:%(database)s"
'''


class PostSrsd2:
    """Run as the ordinary user, with the given file, in which the socketmap is unix:`path`."""

    def __init__(self, config, path):
        identity = {}
        if is_root():
            entry = pwd.getpwnam(ORDINARY_USER)
            identity = {'user': entry.pw_uid, 'group': entry.pw_gid, 'extra_groups': []}
        self.process = subprocess.Popen([POSTSRSD2, '-C', config], cwd='/',
                                        stderr=subprocess.DEVNULL, **identity)
        self._wait_for(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _wait_for(self, path):
        deadline = time.monotonic() + WAIT
        while True:         # it does not report when it listens
            try:
                with socket.socket(socket.AF_UNIX) as sock:
                    return sock.connect(path)
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.01)

    def stop(self):
        self.process.terminate()
        self.process.wait()
