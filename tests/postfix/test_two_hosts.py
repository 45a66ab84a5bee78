#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Postfix on one host and srsd on another, from the files of contrib/postfix/two-hosts.

Each has a network namespace of its own. A hub routes between them, and has the DNS and the servers
of senders and recipients. While the link between the two is down, mail is deferred: no bounce is
refused, and no mail leaves with its original sender.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import netns, postfix, recipe, srs, tap
from harness.clients import MapClient
from harness.daemon import SECRET, WAIT, Daemon
from harness.dns_server import DnsServer
from harness.smtp import Sink, SmtpClient

MAIL, INSIDE = '10.20.0.1', '10.20.0.2'
WORLD = '192.0.2.50'            # all other servers, and the DNS
ALICE = 'alice@origin.test'
FORWARD = 'forward@example.org'

ZONE = {
    'origin.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'fail.test': {'TXT': ['v=spf1 -all']},
    'helo.test': {'A': ['192.0.2.1']},
}
SITE = {
    'myhostname': 'mx1.example.org',
    'mydomain': 'example.org',
    'myorigin': 'example.org',
    'mydestination': 'example.org',
    'local_recipient_maps': 'inline:{bob=x}',
    'virtual_alias_maps': 'inline:{ {forward@example.org = friend@elsewhere.test} }',
    'inet_interfaces': '127.0.0.1, ' + MAIL,
}
HOSTS = {'localhost': '127.0.0.1', 'origin.test': WORLD, 'elsewhere.test': WORLD}
# Seconds. The recipe has ten times as many, so that a check has the time it may take.
POLICY_TIMEOUT = 3
SYN_RETRIES = 1

_marks = itertools.count(1)


class TwoHosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.network = netns.Network({'mail': MAIL, 'srsd': INSIDE}, [WORLD])
        cls.addClassCleanup(cls.network.__exit__)
        cls.mail, cls.inside = (cls.network.hosts[name] for name in ('mail', 'srsd'))
        hub = cls.network.hub
        cls.dns = hub.call(DnsServer, ZONE, WORLD).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.world = hub.call(Sink, WORLD).start()
        cls.addClassCleanup(cls.world.stop)
        cls.start_daemon()
        cls.start_postfix()

    @classmethod
    def start_daemon(cls):
        cls.daemon = Daemon(dns=cls.dns, as_root=True, prefix=cls.inside.command)
        cls.daemon.text = ''.join(recipe.read(name, {}) for name in
                                  ('srsd.conf', 'two-hosts/srsd.conf'))
        for name in 'spf', *recipe.option_names(cls.daemon.text):
            cls.daemon.options[name] = None
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.__exit__, None)

    @classmethod
    def start_postfix(cls):
        cls.mail.call(cls.limit_connecting)
        cls.postfix = postfix.Postfix(2525, {}, hosts=HOSTS, prefix=cls.mail.command)
        one = recipe.Recipe('two-hosts', {'timeout=30s': 'timeout=%ds' % POLICY_TIMEOUT})
        cls.postfix.configure({**SITE, 'smtp_tcp_port': cls.world.address[1], **one.settings})
        cls.postfix.start()
        cls.addClassCleanup(cls.postfix.stop)

    @staticmethod
    def limit_connecting():
        with open('/proc/sys/net/ipv4/tcp_syn_retries', 'w', encoding='ascii') as file:
            file.write(str(SYN_RETRIES))

    # -- mail

    def submit(self, sender, recipient, client='192.0.2.1'):
        """-> (mark, the last reply)"""
        mark = 'mark-%d-of-two-hosts' % next(_marks)
        with self.mail.call(SmtpClient, self.postfix.address, client=client) as smtp:
            reply = smtp.mail(sender)
            if reply.startswith('250 '):
                reply = smtp.rcpt(recipient)
            if reply.startswith('250 '):
                reply = smtp.data(('From: a@origin.test\r\nTo: undisclosed:;\r\nSubject: %s\r\n\r\n'
                                   'Text.\r\n' % mark).encode())
        return mark, reply

    def send(self, sender, recipient, **options):
        """-> the mail that leaves"""
        mark, reply = self.submit(sender, recipient, **options)
        self.assertRegex(reply, '^250 ')
        return self.world.wait_mail(mark)

    def assert_all_is_well(self):
        address = self.send(ALICE, FORWARD).sender
        self.assertRegex(address, r'\ASRS0=\S+=origin\.test=alice@srs\.example\.org\Z')
        self.assertEqual(self.send('', address).recipients, (ALICE,))

    # -- tests

    def test_forward_and_back(self):
        self.assert_all_is_well()

    def test_refusals(self):
        forged = 'SRS0=xxxx=%s=origin.test=alice@srs.example.org' % srs.stamp(srs.today())
        self.assertRegex(self.submit('', forged)[1], '^550 5.1.1 ')
        self.assertRegex(self.submit('mallory@fail.test', FORWARD)[1], '^550 5.7.23 ')

    def test_postfix_knows_every_setting(self):
        self.assertEqual(self.postfix.complaints(), '')

    def test_other_hosts_get_nothing(self):
        for port in 10001, 10002, 10003:
            with self.network.hub.call(MapClient, (INSIDE, port)) as client:
                self.assertTrue(client.closed())

    @unittest.skipUnless(shutil.which('nft', path=os.environ['PATH'] + ':/usr/sbin'), 'no nft')
    def test_packet_filter(self):
        """With the interface of the recipe, which is not the one of the tests, nobody connects."""
        rules = recipe.read('two-hosts/srsd.nft', {})
        self.load(rules.replace('wg0', 'eth0'))
        self.addCleanup(self.load, 'delete table inet srsd_two_hosts\n')
        self.assert_all_is_well()
        self.load('delete table inet srsd_two_hosts\n' + rules)
        with self.assertRaises(TimeoutError):
            self.network.hub.call(MapClient, (INSIDE, 10001), timeout=1)

    def load(self, rules):
        done = subprocess.run([*self.inside.command, 'nft', '-f', '-'], input=rules, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ''))

    def assert_deferred(self):
        """Mail of strangers at RCPT. A lookup in a map is an error, and not "not found"."""
        address = srs.srs0(ALICE, SECRET, 'srs.example.org', srs.today())
        for sender, recipient in (ALICE, FORWARD), ('', address):
            self.assertRegex(self.submit(sender, recipient)[1], '^451 4.3.5 .*SPF cannot be checked')
        done = subprocess.run(
            [*self.mail.command, '/usr/sbin/postmap', '-c', self.postfix.etc, '-q', address,
             'tcp:%s:10002' % INSIDE], text=True, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2 * WAIT)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, 'fatal: table tcp:%s:10002: query error' % INSIDE)

    def test_no_route(self):
        self.assert_all_is_well()
        self.network.cut('srsd')
        self.addCleanup(self.network.join, 'srsd')
        self.assert_deferred()
        self.network.join('srsd')
        self.assert_all_is_well()

    def test_silence(self):
        """Packets from the host with srsd disappear, as with a tunnel whose other end is away."""
        self.assert_all_is_well()
        self.inside.ip('route', 'add', 'blackhole', MAIL + '/32')
        lift = ('route', 'del', 'blackhole', MAIL + '/32')
        try:
            self.assert_deferred()
        finally:
            self.inside.ip(*lift)
        self.assert_all_is_well()


if __name__ == '__main__':
    for why in postfix.unavailable, postfix.no_own_names, netns.unavailable:
        if why():
            tap.skip_all(why())
    tap.main()
