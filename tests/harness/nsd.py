# SPDX-License-Identifier: ISC
"""nsd - a signed root zone, served by nsd(8) on a free port of loopback.

It replaces the recursive server of the daemon: all data is in the root zone, or in other zones of
the same server, so that each answer includes its signatures. ldns-keygen generates the keys for the
test.
"""

import os
import shutil
import subprocess

from harness.daemon import WAIT, Folder, free_port

PATH = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
TOOLS = ('nsd', 'ldns-keygen', 'ldns-signzone')

CONFIG = '''
server:
    username: ""
    chroot: ""
    zonesdir: "%(folder)s"
    database: ""
    pidfile: ""
    xfrdfile: ""
    zonelistfile: "%(folder)s/zone.list"
    xfrdir: "%(folder)s"
    server-count: 1
    rrl-ratelimit: 0
    verbosity: 1
%(addresses)s
remote-control:
    control-enable: no
'''


def _tool(name):
    return shutil.which(name, path=PATH)


def installed():
    """The server only, for unsigned zones."""
    return _tool('nsd') is not None


def missing_tools():
    return [name for name in TOOLS if not _tool(name)]


class Nsd:
    def __init__(self, more_addresses=()):
        """`more_addresses` are in the form of nsd.conf: 'IP@PORT'."""
        self.folder = Folder()
        self.port = free_port()
        self.addresses = ['127.0.0.1@%d' % self.port, *more_addresses]
        self.zones = {}
        self.process = None

    @property
    def address(self):
        return '127.0.0.1:%d' % self.port

    def _run(self, name, *arguments):
        return subprocess.run([_tool(name), *arguments], cwd=self.folder.path, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=WAIT).stdout

    def _make_key(self):
        """-> the common prefix of the names of its files."""
        return self._run('ldns-keygen', '-a', 'ECDSAP256SHA256', '-r', '/dev/urandom', '-k',
                         '.').strip()

    def _anchor(self, key, name):
        """The public key, in a file that the daemon may read."""
        with open(os.path.join(self.folder.path, key + '.key'), encoding='ascii') as file:
            return self.folder.file(name, file.read())

    def sign_root(self, text, damage=lambda zone: zone):
        """Sign the root zone, then damage it; -> path of the trust anchor."""
        key = self._make_key()
        self.folder.file('root', text)
        self._run('ldns-signzone', '-f', 'root.signed', 'root', key)
        with open(os.path.join(self.folder.path, 'root.signed'), encoding='ascii') as file:
            self.add_zone('.', damage(file.read()))
        return self._anchor(key, 'root.key')

    def another_anchor(self):
        """The path of a key that has signed nothing."""
        return self._anchor(self._make_key(), 'another.key')

    def add_zone(self, name, text):
        self.zones[name] = self.folder.file('zone-%d' % len(self.zones), text)

    def start(self):
        addresses = '\n'.join('    ip-address: ' + address for address in self.addresses)
        config = CONFIG % {'addresses': addresses, 'folder': self.folder.path}
        for name, path in self.zones.items():
            config += 'zone:\n    name: "%s"\n    zonefile: "%s"\n' % (name, path)
        self.process = subprocess.Popen(
            [_tool('nsd'), '-d', '-c', self.folder.file('nsd.conf', config)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = ''
        for line in self.process.stderr:
            said += line
            if 'nsd started' in line:
                return self
        raise AssertionError('nsd did not start:\n' + said)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(WAIT)
            self.process.stderr.close()
        self.folder.remove()
