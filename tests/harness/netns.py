# SPDX-License-Identifier: ISC
"""netns - hosts in network namespaces of their own, around one that routes between them.

    with Network({'a': '192.0.2.10', 'b': '192.0.2.20'}, ['192.0.2.40']) as network:
        network.hub.call(server.start)      # with sockets of the hub, which has the other addresses
        network.hosts['a'].command          # the prefix of a command that runs there
        network.cut('b')                    # no packet reaches b, or leaves it
        network.join('b')

Nothing changes in the namespace of the tests. Needs root and ip(8).
"""

import ctypes
import os
import shutil
import subprocess
import threading

CLONE_NEWNET = 0x40000000
GATEWAY = '169.254.0.1'         # of each host, on its own link


def unavailable():
    """The reason why there can be no such network, or None."""
    if os.geteuid() != 0:
        return 'needs root'
    for program in 'ip', 'nsenter':
        if not shutil.which(program):
            return '%s is not installed' % program
    try:
        with Network({'probe': '192.0.2.1'}, []):
            return None
    except (OSError, subprocess.CalledProcessError) as error:
        return 'no network namespaces: %s' % error


def _ip(*arguments):
    subprocess.run(['ip', *arguments], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Namespace:
    def __init__(self, name):
        self.name = 'srsd-%d-%s' % (os.getpid(), name)
        self.path = '/run/netns/' + self.name
        self.command = ['nsenter', '--net=' + self.path, '--']
        _ip('netns', 'add', self.name)
        self.ip('link', 'set', 'lo', 'up')

    def ip(self, *arguments):
        _ip('-n', self.name, *arguments)

    def call(self, function, *arguments, **options):
        """Call it in a thread that is in the namespace; its sockets remain there."""
        done = []

        def run():
            try:
                self._enter()
                done.append((function(*arguments, **options), None))
            except BaseException as error:      # it belongs to the caller
                done.append((None, error))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        value, error = done[0]
        if error is not None:
            raise error
        return value

    def _enter(self):
        libc = ctypes.CDLL(None, use_errno=True)
        with open(self.path, 'rb') as file:
            if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), 'setns')

    def remove(self):
        _ip('netns', 'del', self.name)


class Network:
    """`hosts` are names and addresses; the hub has the other addresses itself."""

    def __init__(self, hosts, addresses):
        self.addresses = hosts
        self._made = []
        try:
            self.hub = self._make('hub')
            self.hub.call(self._route)
            for address in addresses:
                self.hub.ip('address', 'add', address + '/32', 'dev', 'lo')
            self.hosts = {name: self._make_host(name) for name in hosts}
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self._made:
            self._made.pop().remove()

    @staticmethod
    def _route():
        with open('/proc/sys/net/ipv4/ip_forward', 'w', encoding='ascii') as file:
            file.write('1')

    def _make(self, name):
        space = Namespace(name)
        self._made.append(space)
        return space

    def _make_host(self, name):
        space = self._make(name)
        self.hub.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns',
                    space.name)
        self.hub.ip('address', 'add', GATEWAY + '/32', 'dev', name)
        space.ip('address', 'add', self.addresses[name] + '/32', 'dev', 'eth0')
        space.ip('link', 'set', 'eth0', 'up')
        space.ip('route', 'add', GATEWAY + '/32', 'dev', 'eth0')
        space.ip('route', 'add', 'default', 'via', GATEWAY)
        self.join(name)
        return space

    def cut(self, name):
        """Take its link down, at the hub: other hosts get no route, and the host gets no reply."""
        self.hub.ip('link', 'set', name, 'down')

    def join(self, name):
        self.hub.ip('link', 'set', name, 'up')
        self.hub.ip('route', 'replace', self.addresses[name] + '/32', 'dev', name)
