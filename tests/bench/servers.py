# SPDX-License-Identifier: ISC
"""servers - the servers to measure: srsd, the echo server, and srsd's predecessors if installed.

Each has a name, the pid of its first process, and `services`: for each of 'forward', 'reverse',
'socketmap', 'policy', 'policy, unix' (over a unix socket) and 'milter' that it provides, the
protocol, the port or the path, and a pattern for all answers or None.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from harness import postsrsd
from harness.daemon import ORDINARY_USER, SECRET, Daemon, Folder, free_port, is_root
from measure import program

HERE = Path(__file__).resolve().parent
POLICYD_SPF = shutil.which('policyd-spf')
DOMAIN = 'srs.test'
FORWARDER = 'fwd.test'
PROTOCOLS = {'forward': 'table', 'reverse': 'table'}    # the others have the name of the service
TAIL_BYTES = 4000


class Echo:
    """The ceiling; its table represents both maps."""
    name = 'echo'

    def __enter__(self):
        self.folder = Folder()
        self.process = subprocess.Popen([program('echo'), self.folder.path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        table, policy, milter, socketmap = (
            int(port) for port in self.process.stdout.readline().split())
        self.services = {'table': ('table', table, '200 *'),
                         'policy': ('policy', policy, 'action=*'),
                         'policy, unix': ('policy', self.folder.path + '/policy', 'action=*'),
                         'milter': ('milter', milter, 'c'),
                         'socketmap': ('socketmap', socketmap, 'OK *')}
        self.pid = self.process.pid
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.folder.remove()


class Srsd(Daemon):
    """The harness's daemon, but only the end of its log is kept."""
    name = 'srsd'

    def __init__(self, options=None, dns=None, secrets=(SECRET,)):
        options = {'srs-domain': DOMAIN, 'connection-limit': 6000, 'domains': [FORWARDER],
                   **(options or {})}
        super().__init__(options, {}, dns, secrets)
        for name in 'milter', 'socketmap':
            self.ports[name] = free_port()
            self.options[name] = ['inet:127.0.0.1:%d' % self.ports[name]]
        path = self.folder.subfolder('unix', self.user) + '/policy'
        self.options['policy'] = [*self.options['policy'], 'unix:' + path]
        self.begun = self.ready_seconds = None
        self.services = {name: (PROTOCOLS.get(name, name), port, None)
                         for name, port in self.ports.items()}
        self.services['policy, unix'] = ('policy', path, None)

    def start(self):
        super().start()
        self.ready_seconds = time.monotonic() - self.begun
        return self

    __enter__ = start

    def command(self):
        command = super().command()
        self.begun = time.monotonic()
        return command

    def _read_log(self):
        tail = b''
        while data := os.read(self.process.stdout.fileno(), 1 << 20):
            if b'lines lost' in data:
                print('note: srsd lost lines of its log', file=sys.stderr)
            tail = (tail + data)[-TAIL_BYTES:]
        with self._grown:
            self.lines = tail.decode('utf-8', 'backslashreplace').splitlines()

    @property
    def pid(self):
        return self.process.pid


class PostSrsd:
    """postsrsd 1.x, with the same secret and domain."""
    name = 'postsrsd'

    def __enter__(self):
        self.folder = Folder()
        secret = self.folder.file('secret', SECRET + '\n', 0o600)
        ports = [free_port(), free_port()]
        self.server = postsrsd.PostSrsd(secret, DOMAIN, ports=ports)
        self.services = {'forward': ('table', ports[0], None), 'reverse': ('table', ports[1], None)}
        self.pid = self.server.process.pid
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.folder.remove()


class PostSrsd2:
    """postsrsd 2.x, which writes each sender to an SQLite file in the given directory."""
    name = 'postsrsd 2'

    def __init__(self, directory):
        self.directory = directory

    def __enter__(self):
        self.folder = Folder()
        user = ORDINARY_USER if is_root() else None
        path = self.folder.subfolder('unix', user) + '/socketmap'
        secret = self.folder.file('secret', SECRET + '\n', 0o600, user)
        config = self.folder.file('postsrsd.conf', postsrsd.CONFIG_2 % {
            'domain': DOMAIN, 'secret': secret, 'socket': path,
            'database': os.path.join(self.directory, 'postsrsd.sqlite')})
        self.server = postsrsd.PostSrsd2(config, path)
        self.services = {'socketmap': ('socketmap', path, None)}
        self.pid = self.server.process.pid
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.folder.remove()


class PolicydSpf:
    """policyd-spf, one process per connection, as Postfix's spawn(8) runs it.

    It queries the name server in /etc/resolv.conf, so it gets a mount namespace with another one.
    """
    name = 'policyd-spf'

    def __init__(self, nameserver):
        self.nameserver = nameserver

    def __enter__(self):
        self.folder = Folder()
        self.port = free_port()
        resolv_conf = self.folder.file('resolv.conf', 'nameserver %s\n' % self.nameserver)
        config = self.folder.file('policyd-spf.conf', 'debugLevel = 0\nskip_addresses = 127.0.0.0/8\n')
        self.process = subprocess.Popen(
            ['unshare', '-m', 'sh', '-c',
             'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolv_conf, sys.executable,
             str(HERE / 'spawn.py'), str(self.port), POLICYD_SPF, config],
            stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            self.__exit__()
            raise AssertionError('policyd-spf was not started')
        self.pid = self.process.pid
        self.services = {'policy': ('policy', self.port, None)}
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.folder.remove()


def missing_postsrsd():
    """The reason why it cannot be measured, or None."""
    return None if postsrsd.POSTSRSD else 'postsrsd is not installed'


def missing_postsrsd2():
    return None if postsrsd.POSTSRSD2 else 'POSTSRSD2 does not name one'


def missing_policyd_spf(nameserver):
    if not POLICYD_SPF:
        return 'policyd-spf is not installed'
    if nameserver is None:
        return 'it asks port 53 of resolv.conf, which only nsd can serve here, and only for root'
    if subprocess.run(['unshare', '-m', 'true'], stderr=subprocess.DEVNULL, check=False).returncode:
        return 'no mount namespace of our own'
    return None
