#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Three forwarders with one SRS domain, from the files of contrib/postfix/fleet.

Each has a network namespace of its own, with a real Postfix at port 25 and an srsd. They share
their secrets and a redis-server. In between, a hub routes; it has the redis-server, the DNS, and
the servers of senders and recipients. Whatever fails, an address that one of the forwarders has
given out is reversed by each of them, or the bounce is deferred.
"""

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import netns, postfix, recipe, tap
from harness.clients import MapClient
from harness.daemon import WAIT, Daemon, reachable_binary
from harness.dns_server import DnsServer
from harness.smtp import Sink, SmtpClient

NAMES = ('mx1', 'mx2', 'mx3')
ADDRESSES = dict(zip(NAMES, ('192.0.2.10', '192.0.2.20', '192.0.2.30')))
REDIS = '192.0.2.40'
WORLD = '192.0.2.50'            # all other servers, and the DNS
PASSWORD = 'the-password-of-the-tests'
FORWARD = 'forward@example.org'

RECIPES = ('canonical', 'policy-inet', 'fleet')
SITE = {
    'mydomain': 'example.org',
    'myorigin': 'example.org',
    'mydestination': 'example.org',
    'local_recipient_maps': 'inline:{bob=x}',
    'virtual_alias_maps': 'inline:{ {forward@example.org = friend@elsewhere.test} }',
}
ZONE = {
    'origin.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'helo.test': {'A': ['192.0.2.1']},
    'srs.example.org': {'TXT': ['v=spf1 %s -all' % ' '.join(
        'ip4:' + address for address in ADDRESSES.values())]},
}
HOSTS = {
    'localhost': '127.0.0.1', 'redis.example.org': REDIS, 'origin.test': WORLD,
    'elsewhere.test': WORLD, **{name + '.example.org': ADDRESSES[name] for name in NAMES},
}
ALIAS = r'\ASRS0=[A-Za-z0-9+/]{4}=[A-Z2-7]{2}=1=[0-9A-V]{32}@srs\.example\.org\Z'

_numbers = itertools.count(1)


def wait_until(condition, what):
    deadline = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError('not in time: ' + what)
        time.sleep(.05)


def long_sender():
    return 'bounces+%d-0102018f3a2b4c5d-6f7a8b9c0d1e2f3a4b5c6d7e8f90@origin.test' % next(_numbers)


def short_sender():
    return 'alice%d@origin.test' % next(_numbers)


class Redis:
    """A redis-server with the files of the recipe."""

    def __init__(self, space, directory):
        self._space = space
        self._directory = directory
        self.process = None
        places = {'/etc/redis/users.acl': os.path.join(directory, 'users.acl'),
                  'CHANGE-THIS-PASSWORD': PASSWORD}
        for name in 'redis.conf', 'users.acl':
            with open(os.path.join(directory, name), 'w', encoding='ascii') as file:
                file.write(recipe.read('fleet/' + name, places))

    def start(self):
        self.process = subprocess.Popen(
            [*self._space.command, 'redis-server', os.path.join(self._directory, 'redis.conf'),
             '--dir', self._directory, '--save', ''],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, 'a reply of the redis-server')

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError('the redis-server exited with %d' % self.process.returncode)
        try:
            return self._space.call(self._ping).startswith(b'-NOAUTH')
        except ConnectionError:
            return False

    @staticmethod
    def _ping():
        with socket.create_connection((REDIS, 6379), WAIT) as sock:
            sock.sendall(b'PING\r\n')
            return sock.recv(100)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.returncode is None:
            self.kill()


class Host:
    """One forwarder."""

    def __init__(self, name, space, fleet):
        self.name = name
        self.space = space
        self.password = None
        self.postfix = postfix.Postfix(2525, {}, hosts=HOSTS, prefix=space.command)
        self.own_names = ['unshare', '--mount', 'sh', '-c', postfix.OWN_NAMES, 'sh', *(
            os.path.join(self.postfix.etc, file) for file in ('hosts', 'nsswitch.conf', ''))]
        self.daemon = self._make_daemon(fleet.dns)
        self._configure_postfix(fleet.world)

    def _make_daemon(self, dns):
        daemon = Daemon(dns=dns, as_root=True, prefix=self.space.command + self.own_names)
        places = {'/etc/srsd/redis.password':
                  daemon.folder.file('redis.password', PASSWORD + '\n', 0o600)}
        daemon.text = ''.join(recipe.read(name, places) for name in
                              ('srsd.conf', 'fleet/srsd.conf'))
        for name in ('spf', 'forward', 'reverse', 'policy', *recipe.option_names(daemon.text)):
            daemon.options[name] = None
        return daemon

    def _configure_postfix(self, world):
        settings = {**SITE, 'myhostname': self.name + '.example.org',
                    'smtp_tcp_port': world.address[1],
                    'inet_interfaces': '127.0.0.1, ' + ADDRESSES[self.name]}
        for name in RECIPES:
            settings.update(recipe.Recipe(name, {}).settings)
        self.postfix.configure(
            settings, '%s:25 inet n - n - - smtpd\n' % ADDRESSES[self.name])

    def start(self):
        self.daemon.start()
        self.postfix.start()

    def stop(self):
        self.postfix.stop()
        self.daemon.__exit__(None)

    def ask(self, port, key):
        """What srsd answers."""
        client = self.space.call(MapClient, ('127.0.0.1', port))
        with client:
            return client.get(key)

    def forward(self, sender):
        return self.ask(10001, sender)

    def reverse(self, address):
        return self.ask(10002, address)

    def submit(self, sender, recipient):
        """-> the mark of a message, and the reply: of 250, or of 4XX"""
        mark = 'mark-%d-of-the-fleet' % next(_numbers)
        with self.space.call(SmtpClient, self.postfix.address) as client:
            client.mail(sender)
            reply = client.rcpt(recipient)
            if reply.startswith('250 '):
                reply = client.data(('From: a@origin.test\r\nTo: undisclosed:;\r\nSubject: %s\r\n'
                                     '\r\nText.\r\n' % mark).encode())
        if not re.match('250 |4', reply):
            raise AssertionError('%s: <%s> to <%s>: %s' % (self.name, sender, recipient, reply))
        return mark, reply

    def srsctl(self, *arguments):
        return subprocess.run(
            [*self.space.command, *self.own_names, reachable_binary('srsctl'), '-f',
             self.daemon.config, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=WAIT, check=False)

    def reload(self):
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log('reloaded', mark)


class Fleet(unittest.TestCase):
    """One fleet for all tests. Each test leaves it as it was, with more addresses in flight."""

    @classmethod
    def setUpClass(cls):
        cls.given = {}          # address that a forwarder gave out: its sender
        cls.network = netns.Network(ADDRESSES, [REDIS, WORLD])
        cls.addClassCleanup(cls.network.__exit__)
        hub = cls.network.hub
        cls.dns = hub.call(DnsServer, ZONE, WORLD).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.world = hub.call(Sink, WORLD).start()
        cls.addClassCleanup(cls.world.stop)
        cls.start_redis(hub)
        cls.hosts = [Host(name, cls.network.hosts[name], cls) for name in NAMES]
        for host in cls.hosts:
            host.start()
            cls.addClassCleanup(host.stop)

    @classmethod
    def start_redis(cls, space):
        directory = tempfile.mkdtemp(prefix='srsd-redis-')
        cls.addClassCleanup(shutil.rmtree, directory)
        cls.redis = Redis(space, directory)
        cls.addClassCleanup(cls.redis.stop)
        cls.redis.start()

    def setUp(self):
        self.settle()

    # -- lookups, and mail

    def look_up(self, host, sender):
        """Ask for an address; -> whether it was deferred"""
        reply = host.forward(sender)
        self.assertRegex(reply, '^(200|400) ', host.name)
        if reply.startswith('200 '):
            self.given[reply[4:]] = sender
        return reply.startswith('400 ')

    def bounce(self, host, address):
        """Ask for the sender; -> whether the bounce is deferred. It is never lost."""
        reply = host.reverse(address)
        if not reply.startswith('400 '):
            self.assertEqual(reply, '200 ' + self.given[address], host.name)
        return reply.startswith('400 ')

    def traffic(self, *hosts):
        """New addresses and all bounces at some hosts; -> how many lookups were deferred"""
        return (sum(self.look_up(host, sender()) for host in hosts for _ in range(5)
                    for sender in (long_sender, short_sender)) +
                sum(self.bounce(host, address) for host in hosts for address in self.given))

    def settle(self):
        """Wait until all forwarders use the server."""
        for host in self.hosts:
            wait_until(lambda host=host: not self.look_up(host, long_sender()),
                       host.name + ' uses the server')
        self.assertEqual(self.traffic(*self.hosts), 0)

    def send_and_return(self, there, here):
        """A message through one forwarder, and its bounce through another."""
        sender = long_sender()
        mark, reply = there.submit(sender, FORWARD)
        self.assertRegex(reply, '^250 ')
        address = self.world.wait_mail(mark).sender
        self.assertRegex(address, ALIAS)
        self.given[address] = sender
        mark, reply = here.submit('', address)
        self.assertRegex(reply, '^250 ')
        self.assertEqual(self.world.wait_mail(mark).recipients, (sender,))
        return address

    def promote(self, host, fingerprint, *options):
        """-> what it complains of: {name of a sibling: reason}"""
        done = host.srsctl('secret', 'promote', *options, fingerprint)
        found = re.findall(r'^srsctl: (\S+)\.example\.org ((?:does|cannot) .*)$', done.stderr, re.M)
        self.assertEqual(done.returncode, int(bool(found)), done.stderr)
        return dict(found)

    # -- tests

    def test_bounce_at_another(self):
        first, second, third = self.hosts
        self.send_and_return(first, second)
        self.send_and_return(second, third)
        mark, _ = third.submit(short_sender(), FORWARD)
        self.assertRegex(self.world.wait_mail(mark).sender, '^SRS0=[^=]+=..=origin.test=alice')

    def test_server_is_killed_and_comes_back(self):
        first, second, _ = self.hosts
        address = self.send_and_return(first, second)
        short = self.given_short()
        self.redis.kill()
        self.assertTrue(self.look_up(first, long_sender()))
        self.assertTrue(self.bounce(second, address))
        self.assertFalse(self.look_up(first, short_sender()))
        self.assertFalse(self.bounce(second, short))
        self.traffic(*self.hosts)
        for host, sender, recipient in (first, long_sender(), FORWARD), (second, '', address):
            self.assertRegex(host.submit(sender, recipient)[1], '^451 ')
        mark, _ = second.submit('', short)
        self.assertEqual(self.world.wait_mail(mark).recipients, (self.given[short],))
        self.redis.start()
        self.settle()
        mark, _ = second.submit('', address)
        self.assertEqual(self.world.wait_mail(mark).recipients, (self.given[address],))

    def test_one_is_cut_off(self):
        first, second, third = self.hosts
        address = self.send_and_return(third, first)
        self.network.cut('mx3')
        self.addCleanup(self.network.join, 'mx3')
        self.assertTrue(self.look_up(third, long_sender()))
        self.assertTrue(self.bounce(third, address))
        self.assertFalse(self.look_up(third, short_sender()))
        self.assertRegex(third.submit('', address)[1], '^451 ')
        self.assertEqual(self.traffic(first, second), 0)
        self.send_and_return(first, second)
        self.network.join('mx3')
        self.settle()
        self.send_and_return(second, third)

    def test_new_secret(self):
        """As in the README, and with the mistakes that `promote` prevents."""
        first, second, third = self.hosts
        lacks = 'does not have this secret (RCPT TO: 550 5.1.1 '
        new = first.srsctl('secret', 'new', '--last').stdout.split()[0]
        found = self.promote(first, new)
        self.assertEqual(sorted(found), ['mx1', 'mx2', 'mx3'])
        self.assertTrue(all(reason.startswith(lacks) for reason in found.values()), found)
        self.give_secrets(second)
        first.reload()
        self.assertEqual(list(self.promote(first, new)), ['mx3'])
        self.network.cut('mx3')
        self.addCleanup(self.network.join, 'mx3')
        found = self.promote(first, new)
        self.assertEqual(list(found), ['mx3'])
        self.assertTrue(found['mx3'].startswith('cannot be asked ('), found)
        self.assertEqual(self.traffic(first, second), 0)
        self.network.join('mx3')
        self.settle()
        self.give_secrets(third)
        self.assertEqual(self.promote(first, new, '--dry-run'), {})
        for host in self.hosts:
            self.assertEqual(self.promote(host, new), {})
            host.reload()
            self.assertEqual(self.traffic(*self.hosts), 0)
            self.send_and_return(host, first if host is third else third)
        self.assertEqual(first.srsctl('secret', 'list').stdout.split()[1], new)

    # -- steps

    def give_secrets(self, host):
        shutil.copy(self.hosts[0].daemon.path('secret'), host.daemon.path('secret'))
        host.reload()

    def given_short(self):
        return next(address for address, sender in self.given.items()
                    if sender.startswith('alice'))


if __name__ == '__main__':
    for why in postfix.unavailable, postfix.no_own_names, netns.unavailable:
        if why():
            tap.skip_all(why())
    if not shutil.which('redis-server'):
        tap.skip_all('redis-server is not installed')
    tap.main()
