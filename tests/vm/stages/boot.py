# SPDX-License-Identifier: ISC
"""Boots: srsd serves before Postfix starts, is never restarted, and no unit fails."""

from guest import (DOMAIN, SOCKETS, GuestCase, configure, is_active, show, succeed)


def drive(stage):
    stage.check('Prepare')
    for _ in range(2):
        stage.machine.reboot()
        stage.check('Booted')
    stage.check('EnableSockets')
    for _ in range(2):
        stage.machine.reboot()
        stage.check('Booted', 'BootedWithSockets')


class Prepare(GuestCase):
    def test_configure(self):
        configure('domains = {"%s"}' % DOMAIN)
        succeed('systemctl', 'restart', 'srsd')


class EnableSockets(GuestCase):
    def test_enable(self):
        succeed('systemctl', 'enable', *SOCKETS)


class Booted(GuestCase):
    def test_serves(self):
        self.assertTrue(is_active())
        self.assert_answers()

    def test_was_not_restarted(self):
        self.assertEqual(show('srsd', 'NRestarts'), '0')

    def test_is_there_before_postfix(self):
        started = int(show('srsd', 'ActiveEnterTimestampMonotonic'))
        postfix = int(show('postfix@-', 'ExecMainStartTimestampMonotonic') or 0) or int(
            show('postfix', 'ExecMainStartTimestampMonotonic'))
        self.assertGreater(started, 0)
        self.assertGreater(postfix, started)

    def test_no_unit_failed(self):
        self.assertEqual(succeed('systemctl', '--failed', '--plain', '--no-legend'), '')

    def test_no_ordering_cycle(self):
        text = succeed('journalctl', '-b', '-o', 'cat', '_PID=1')
        self.assertNotRegex(text, 'ordering cycle')


class BootedWithSockets(GuestCase):
    def test_systemd_listens(self):
        for socket in SOCKETS:
            self.assertTrue(is_active(socket), socket)
