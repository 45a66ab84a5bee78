# SPDX-License-Identifier: ISC
"""postsrsd - Debian's postsrsd 1.x in the foreground, if it is installed."""

import os
import resource
import shutil
import subprocess
import time

from harness.clients import MapClient
from harness.daemon import free_port

WAIT = 60
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
