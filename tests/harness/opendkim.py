# SPDX-License-Identifier: ISC
"""opendkim - a real OpenDKIM that signs mail of one domain, as a milter, with its defaults.

    signer = OpenDkim('example.org').start()
    ... smtpd_milters = signer.endpoint ...
"""

import os
import select
import shutil
import socket
import subprocess
import tempfile
import time

WAIT = 30
PROGRAM = '/usr/sbin/opendkim'
KEYGEN = '/usr/sbin/opendkim-genkey'
CONFIG = '''
Mode s
Domain %(domain)s
Selector key
KeyFile %(base)s/key.private
RequireSafeKeys false
Socket local:%(base)s/socket
UMask 000
'''


def unavailable():
    """The reason why it cannot run here, or None."""
    for path in PROGRAM, KEYGEN:
        if not os.path.exists(path):
            return 'no ' + path
    return None


class OpenDkim:
    def __init__(self, domain):
        self.base = tempfile.mkdtemp(prefix='srsd-opendkim-')
        os.chmod(self.base, 0o755)
        self.path = os.path.join(self.base, 'socket')
        self.endpoint = 'unix:' + self.path
        self.domain = domain

    def start(self):
        subprocess.run([KEYGEN, '-D', self.base, '-d', self.domain, '-s', 'key'], check=True,
                       stdin=subprocess.DEVNULL)
        path = os.path.join(self.base, 'conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(CONFIG % {'domain': self.domain, 'base': self.base})
        self.process = subprocess.Popen([PROGRAM, '-f', '-x', path], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket(socket.AF_UNIX) as sock:
                try:
                    sock.connect(self.path)
                    return self
                except OSError:
                    select.select([], [], [], 0.02)
        raise AssertionError('opendkim does not listen')

    def stop(self):
        self.process.kill()         # SIGTERM takes libmilter five seconds
        self.process.wait(WAIT)
        shutil.rmtree(self.base, ignore_errors=True)
