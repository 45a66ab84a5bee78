# SPDX-License-Identifier: ISC
"""Beside postsrsd 1, and the change to srsd as contrib/MIGRATION.md describes it, with reboots."""

import os
import re
import time

from guest import (CONF, DOMAIN, FORWARD, PACKAGE, SECRET, GuestCase, Journal, ask_policy, forward,
                   is_active, read, reverse, run, show, succeed, wait_until, write)
from harness.clients import MapClient

START = 'booted'
OLD = '/etc/default/postsrsd'
KEPT = '/srv/address'        # an address of postsrsd, which has to be reversed after the change


def drive(stage):
    stage.check('Beside')
    stage.machine.reboot()
    stage.check('BesideAfterBoot', 'Change')
    stage.machine.reboot()
    stage.check('Changed', 'Purge', 'BothEnabled')
    stage.machine.reboot()
    stage.check('BothBooted')


def listener():
    """The name of the program that listens on the port of the forward map."""
    found = re.search(r'"(\w+)"', succeed('ss', '-Hltnp', 'sport = :%d' % FORWARD[1]))
    return found and found[1]


def wait_postsrsd():
    wait_until(lambda: listener() == 'postsrsd', 'postsrsd listens')


class Beside(GuestCase):
    @classmethod
    def setUpClass(cls):
        text = re.sub(r'(?m)^#?SRS_DOMAIN=.*', 'SRS_DOMAIN=' + DOMAIN, read(OLD))
        write(OLD, text)
        succeed('systemctl', 'enable', '--now', 'postsrsd')
        wait_postsrsd()
        cls.address = forward()
        write(KEPT, cls.address)
        cls.said = succeed('apt-get', '-y', 'install', PACKAGE)

    def test_is_not_started(self):
        self.assertIn('neither enabled nor started', self.said)
        self.assertFalse(is_active())
        self.assertEqual(show('srsd', 'UnitFileState'), 'disabled')
        self.assertEqual(listener(), 'postsrsd')

    def test_has_the_secret_of_postsrsd(self):
        self.assertEqual(read(SECRET), read('/etc/postsrsd.secret'))
        self.assertEqual(succeed('stat', '-c', '%U:%G %a', SECRET), 'root:srsd 640')

    def test_leaves_the_ports_while_postsrsd_is_away(self):
        journal = Journal()
        succeed('systemctl', 'stop', 'postsrsd')
        time.sleep(12)              # twice RestartSec
        self.assertIsNone(listener())
        succeed('systemctl', 'start', 'postsrsd')
        wait_postsrsd()
        self.assertEqual(forward(), self.address)
        self.assertEqual(journal.entries(), [])

    def test_reinstallation_of_postsrsd(self):
        succeed('systemctl', 'restart', 'postsrsd')
        wait_postsrsd()
        self.assertEqual(reverse(self.address), 'alice@origin.test')

    def test_upgrade_leaves_it_disabled(self):
        succeed('apt-get', '-y', '--reinstall', 'install', PACKAGE)
        self.assertFalse(is_active())
        self.assertEqual(show('srsd', 'UnitFileState'), 'disabled')


class BesideAfterBoot(GuestCase):
    def test_postsrsd_has_the_ports(self):
        wait_postsrsd()
        self.assertFalse(is_active())
        self.assertEqual(succeed('systemctl', '--failed', '--plain', '--no-legend'), '')


class Change(GuestCase):
    def test_steps(self):
        imported = run('srsctl', 'import')
        self.assertIn(imported.returncode, (0, 1), imported.stdout)
        write(CONF, imported.stdout)
        succeed('srsd', '-n')
        self.assertEqual(succeed('srsd', '-nv').count('srs-domain = "%s"' % DOMAIN), 1)
        before = forward()
        succeed('systemctl', 'disable', '--now', 'postsrsd')
        succeed('systemctl', 'enable', '--now', 'srsd')
        self.assertEqual(listener(), 'srsd')
        self.assertEqual(forward(), before)
        self.assertEqual(reverse(read(KEPT)), 'alice@origin.test')


class Changed(GuestCase):
    """After a reboot."""

    def test_srsd_has_the_ports(self):
        self.assertEqual(listener(), 'srsd')
        self.assertFalse(is_active('postsrsd'))
        self.assertEqual(show('srsd', 'NRestarts'), '0')

    def test_bounces_to_old_addresses(self):
        address = read(KEPT)
        self.assertEqual(reverse(address), 'alice@origin.test')
        self.assertRegex(ask_policy(sender='', recipient=address, client_address='192.0.2.1'),
                         '^DUNNO|^PREPEND')

    def test_forged_address(self):
        """Refused by the policy service, and left alone by the map."""
        forged = re.sub('^SRS0=....', 'SRS0=abcd', read(KEPT))
        with MapClient(('127.0.0.1', 10002)) as client:
            self.assertRegex(client.get(forged), '^500 ')
        self.assertRegex(ask_policy(sender='', recipient=forged, client_address='192.0.2.1'),
                         r'^550 5\.1\.1 ')


class Purge(GuestCase):
    def test_the_secret_stays(self):
        """A purge of postsrsd deletes its secret, and srsd does not need it."""
        secret = read(SECRET)
        succeed('cp', '-a', '/etc/postsrsd.secret', '/srv/postsrsd.secret')
        os.unlink('/etc/postsrsd.secret')
        succeed('systemctl', 'restart', 'srsd')
        self.assertEqual(read(SECRET), secret)
        self.assertEqual(reverse(read(KEPT)), 'alice@origin.test')
        succeed('cp', '-a', '/srv/postsrsd.secret', '/etc/postsrsd.secret')


class BothEnabled(GuestCase):
    def test_enable(self):
        succeed('systemctl', 'enable', 'postsrsd')


class BothBooted(GuestCase):
    def test_srsd_has_the_ports(self):
        self.assertEqual(listener(), 'srsd')
        self.assertEqual(show('srsd', 'NRestarts'), '0')
        self.assertEqual(reverse(read(KEPT)), 'alice@origin.test')
