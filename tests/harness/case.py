# SPDX-License-Identifier: ISC
"""case - a test class with a daemon and, if it needs one, a DNS server."""

import unittest

from harness.daemon import SECRET, Daemon
from harness.dns_server import DnsServer


class DaemonCase(unittest.TestCase):
    """One daemon for all tests of the class, configured by the attributes below."""

    OPTIONS = {}
    SPF = {}
    ZONE = None             # a dict: start a DNS server that serves it
    SECRETS = (SECRET,)

    @classmethod
    def setUpClass(cls):
        cls.dns = None
        if cls.ZONE is not None:
            cls.dns = DnsServer(cls.ZONE).start()
            cls.addClassCleanup(cls.dns.stop)
        cls.daemon = Daemon(cls.OPTIONS, cls.SPF, cls.dns, cls.SECRETS).start()
        cls.addClassCleanup(cls.daemon.__exit__, None)

    def another_daemon(self, options=None, spf=None, **more):
        """Another daemon, for this test only."""
        daemon = Daemon(options, spf, **{'dns': self.dns, **more})
        return self.enter(daemon)

    def enter(self, manager):
        """Enter a context manager, and leave it at the end of the test."""
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def forward(self, daemon=None):
        return self.enter((daemon or self.daemon).forward_client())

    def reverse(self, daemon=None):
        return self.enter((daemon or self.daemon).reverse_client())

    def policy(self, daemon=None):
        return self.enter((daemon or self.daemon).policy_client())
