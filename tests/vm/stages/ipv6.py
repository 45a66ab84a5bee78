# SPDX-License-Identifier: ISC
"""A kernel without IPv6: installation, endpoints by name, IPv6 clients in requests."""

import os

from guest import (PACKAGE, GuestCase, ask_policy, configure, is_active, succeed)
from harness.dns_server import DnsServer

START = None


def drive(stage):
    stage.start_cold('booted', 'ipv6.disable=1')
    stage.check('WithoutIpv6')


class WithoutIpv6(GuestCase):
    @classmethod
    def setUpClass(cls):
        succeed('apt-get', '-y', 'install', PACKAGE)

    def setUp(self):
        self.assertFalse(os.path.exists('/proc/net/if_inet6'))

    def test_serves(self):
        configure()
        succeed('systemctl', 'restart', 'srsd')
        self.assert_answers()

    def test_endpoints_by_name(self):
        """/etc/hosts has localhost twice, and the second one cannot be bound."""
        configure('forward = {"inet:localhost:10001"}', 'reverse = {"inet:localhost:10002"}',
                  'policy = {"inet:localhost:10003"}', 'metrics = "inet:localhost:9145"')
        succeed('systemctl', 'restart', 'srsd')
        self.assertTrue(is_active())
        self.assert_answers()
        configure()
        succeed('systemctl', 'restart', 'srsd')

    def test_ipv6_client(self):
        """A relay with IPv6 may have received the message."""
        zone = {'six.test': {'TXT': ['v=spf1 ip6:2001:db8::/32 -all']}}
        with DnsServer(zone, port=53):
            for client, expected in (('2001:db8::1', r'^PREPEND Received-SPF: [Pp]ass'),
                                     ('2001:db9::1', r'^550 5\.7\.23 ')):
                with self.subTest(client):
                    action = ask_policy(client_address=client, sender='a@six.test',
                                        helo_name='six.test', recipient='b@our.test')
                    self.assertRegex(action, expected)
