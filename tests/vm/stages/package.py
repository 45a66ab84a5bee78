# SPDX-License-Identifier: ISC
"""The package under systemd: upgrade under load, disabled, masked, removed, reinstalled, purged."""

import os

from guest import (CONF, FORWARD, OLDER, PACKAGE, SECRET, SOCKETS, GuestCase, configure, is_active,
                   monitor, read, run, show, succeed)
from load import Load

START = 'booted'


def install(path):
    return succeed('apt-get', '-y', '--allow-downgrades', 'install', path)


def installed_version():
    return succeed('dpkg-query', '-W', '-f', '${Version}', 'srsd')


def version_of(path):
    return succeed('dpkg-deb', '-f', path, 'Version')


class Upgrade(GuestCase):
    def setUp(self):
        install(OLDER)
        configure()
        succeed('systemctl', 'restart', 'srsd')
        self.assertEqual(installed_version(), version_of(OLDER))
        self.assertIn('~older', installed_version())

    def test_restarts_and_keeps_files(self):
        before, conf, secret = monitor(), read(CONF), read(SECRET)
        install(PACKAGE)
        self.assertEqual(installed_version(), version_of(PACKAGE))
        self.assertNotIn(monitor(), (0, before))
        self.assertEqual((read(CONF), read(SECRET)), (conf, secret))
        self.assertEqual(show('srsd', 'NRestarts'), '0')
        self.assert_answers()

    def test_behind_sockets_refuses_nothing(self):
        succeed('systemctl', 'stop', 'srsd')
        succeed('systemctl', 'enable', '--now', *SOCKETS)
        succeed('systemctl', 'start', 'srsd')
        self.addCleanup(succeed, 'systemctl', 'disable', '--now', *SOCKETS)
        with Load(FORWARD) as load:
            before = monitor()
            install(PACKAGE)
            load.wait_answers(20)
        self.assertNotIn(monitor(), (0, before))
        self.assertEqual(load.failures(), (0, 0, 0), load)

    def test_wrong_configuration_leaves_the_old_daemon(self):
        before = monitor()
        configure('no-such-option = 1')
        said = install(PACKAGE)
        self.assertIn('no such option', said)
        self.assertEqual(monitor(), before)
        self.assert_answers()
        configure()
        succeed('systemctl', 'restart', 'srsd')

    def test_disabled_and_stopped_stays_so(self):
        succeed('systemctl', 'disable', '--now', 'srsd')
        self.addCleanup(succeed, 'systemctl', 'enable', '--now', 'srsd')
        install(PACKAGE)
        self.assertEqual(show('srsd', 'UnitFileState'), 'disabled')

    def test_masked_stays_so(self):
        succeed('systemctl', 'mask', '--now', 'srsd')
        self.addCleanup(succeed, 'systemctl', 'start', 'srsd')
        self.addCleanup(succeed, 'systemctl', 'unmask', 'srsd')
        install(PACKAGE)
        self.assertEqual(show('srsd', 'LoadState'), 'masked')
        self.assertFalse(is_active())


class Remove(GuestCase):
    def setUp(self):
        install(PACKAGE)
        configure()
        succeed('systemctl', 'restart', 'srsd')

    def test_remove_and_reinstall(self):
        conf, secret = read(CONF), read(SECRET)
        succeed('apt-get', '-y', 'remove', 'srsd')
        self.assertNotEqual(run('pgrep', '-x', 'srsd').returncode, 0)
        self.assertEqual((read(CONF), read(SECRET)), (conf, secret))
        self.assertEqual(succeed('systemctl', '--failed', '--plain', '--no-legend'), '')
        install(PACKAGE)
        self.assertEqual((read(CONF), read(SECRET)), (conf, secret))
        self.assert_answers()

    def test_remove_and_reinstall_with_sockets(self):
        succeed('systemctl', 'stop', 'srsd')
        succeed('systemctl', 'enable', '--now', *SOCKETS)
        succeed('systemctl', 'start', 'srsd')
        succeed('apt-get', '-y', 'remove', 'srsd')
        self.assertEqual(succeed('ss', '-Hltn', 'sport = :10001'), '')
        install(PACKAGE)
        for socket in SOCKETS:
            self.assertTrue(is_active(socket), socket)
        self.assert_answers()
        succeed('systemctl', 'disable', '--now', *SOCKETS)

    def test_purge(self):
        succeed('apt-get', '-y', 'purge', 'srsd')
        self.assertNotEqual(run('pgrep', '-x', 'srsd').returncode, 0)
        for path in (CONF, SECRET, '/run/srsd', '/var/lib/srsd', '/var/spool/postfix/srsd',
                     '/etc/systemd/system/multi-user.target.wants/srsd.service',
                     *('/etc/systemd/system/sockets.target.wants/' + name for name in SOCKETS)):
            self.assertFalse(os.path.lexists(path), path)
        self.assertEqual(succeed('systemctl', '--failed', '--plain', '--no-legend'), '')
        install(PACKAGE)
        self.assertTrue(is_active())
