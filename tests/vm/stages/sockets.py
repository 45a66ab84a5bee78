# SPDX-License-Identifier: ISC
"""Socket units: restarts, reloads and crashes under load refuse no connection."""

import os
import signal

from guest import (CONF, FORWARD, SOCKETS, GuestCase, configure, engine, forward, is_active,
                   monitor, run, show, succeed, wait_active, wait_until)
from load import Load


def use_sockets():
    succeed('systemctl', 'stop', 'srsd')
    succeed('systemctl', 'enable', '--now', *SOCKETS)
    succeed('systemctl', 'start', 'srsd')


class UnderLoad(GuestCase):
    @classmethod
    def setUpClass(cls):
        configure()
        use_sockets()

    def assert_none_refused(self, load):
        self.assertEqual(load.failures(), (0, 0, 0), load)

    def test_restart(self):
        with Load(FORWARD) as load:
            for _ in range(5):
                before = monitor()
                succeed('systemctl', 'restart', 'srsd')
                self.assertNotIn(monitor(), (0, before))
                load.wait_answers(20)
        self.assert_none_refused(load)

    def test_reload(self):
        with Load(FORWARD) as load:
            for _ in range(3):
                succeed('systemctl', 'reload', 'srsd')
                load.wait_answers(20)
        self.assert_none_refused(load)

    def test_stop_and_start_by_a_connection(self):
        succeed('systemctl', 'stop', 'srsd')
        self.assertRegex(forward(), '^SRS0=')
        self.assertTrue(is_active())

    def test_killed_engine(self):
        """The connections of the engine end with it; all others wait for the next one."""
        with Load(FORWARD) as load:
            before = engine()
            os.kill(before, signal.SIGKILL)
            wait_until(lambda: engine() != before, 'another engine serves')
            load.wait_answers(20)
        self.assertEqual((load.refused, load.wrong), (0, 0), load)
        self.assertLessEqual(load.lost + load.slow, len(load.threads), load)

    def test_killed_monitor(self):
        with Load(FORWARD) as load:
            before = monitor()
            os.kill(before, signal.SIGKILL)
            wait_until(lambda: monitor() not in (0, before) and is_active(), 'a new monitor runs')
            load.wait_answers(20)
        self.assertEqual((load.refused, load.wrong), (0, 0), load)
        self.assertLessEqual(load.lost + load.slow, len(load.threads), load)


class WrongConfiguration(GuestCase):
    def test_clients_wait_behind_the_sockets(self):
        configure('no-such-option = 1')
        self.assert_status(1, 'systemctl', 'restart', 'srsd')
        with Load(FORWARD, clients=1, first=0) as load:
            configure()
            wait_active()
            load.wait_answers(5)
        self.assertEqual(load.failures(), (0, 0, 0), load)
        for socket in SOCKETS:
            self.assertTrue(is_active(socket), socket)


class WithoutConfiguration(GuestCase):
    def test_sockets_do_not_fail(self):
        """As after a removal of the file: a connection must not make the sockets fail."""
        succeed('systemctl', 'stop', 'srsd', *SOCKETS)
        os.rename(CONF, CONF + '.away')
        run('systemctl', 'start', *SOCKETS)
        for socket in SOCKETS:
            self.assertEqual(show(socket, 'ActiveState'), 'inactive')
        os.rename(CONF + '.away', CONF)
        succeed('systemctl', 'start', *SOCKETS)
        self.assert_answers()
