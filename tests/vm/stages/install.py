# SPDX-License-Identifier: ISC
"""Installation, first start, reload, wrong configuration, killed processes, watchdog, stop."""

import json
import os
import signal
import socket

from guest import (CONF, DOMAIN, PACKAGE, SECRET, GuestCase, Journal, configure, drop_in, engine,
                   forward, is_active, monitor, read, run, show, succeed, wait_until, write)

START = 'booted'


class Install(GuestCase):
    @classmethod
    def setUpClass(cls):
        cls.said = succeed('apt-get', '-y', 'install', PACKAGE)

    def test_serves_at_once(self):
        self.assertIn('srs-domain = "%s"' % DOMAIN, self.said)
        self.assertTrue(is_active())
        self.assertEqual(show('srsd', 'UnitFileState'), 'enabled')
        self.assert_answers()

    def test_owners(self):
        for path, owner in ((CONF, 'root:root 644'), (SECRET, 'root:srsd 640'),
                            ('/run/srsd', 'srsd:srsd 755'), ('/var/lib/srsd', 'srsd:srsd 750'),
                            ('/var/spool/postfix/srsd', 'srsd:postfix 750')):
            with self.subTest(path):
                self.assertEqual(succeed('stat', '-c', '%U:%G %a', path), owner)

    def test_runs_without_privileges(self):
        for pid in (monitor(), engine()):
            status = read('/proc/%d/status' % pid)
            with self.subTest(pid == monitor() and 'monitor' or 'engine'):
                self.assertRegex(status, r'\nUid:\t([1-9]\d*)\t\1\t\1\t\1\n')
                self.assertRegex(status, r'\nCapEff:\t0+\n')
                self.assertRegex(status, r'\nNoNewPrivs:\t1\n')
                self.assertRegex(status, r'\nSeccomp:\t2\n')

    def test_units_are_clean(self):
        self.assertEqual(run('systemd-analyze', '--man=no', 'verify', 'srsd.service').stdout, '')
        overall = run('systemd-analyze', 'security', '--no-pager', 'srsd').stdout
        self.assertRegex(overall, r': (0|1)\.\d OK')

    def test_status(self):
        self.assertEqual(json.loads(succeed('srsctl', 'status', '--json'))['engine_restarts'], 0)


class Reload(GuestCase):
    def setUp(self):
        configure()
        succeed('systemctl', 'restart', 'srsd')
        self.addCleanup(succeed, 'systemctl', 'restart', 'srsd')
        self.addCleanup(configure)

    def test_good(self):
        before = engine()
        configure('separator = "+"')
        self.assert_status(0, 'systemctl', 'reload', 'srsd')
        self.assertRegex(forward(), r'^SRS0\+')
        self.assertEqual(engine(), before)
        self.assertEqual(show('srsd', 'NRestarts'), '0')

    def test_refused_before_it_begins(self):
        """The file has an error: the exit status says so, and the old settings stay."""
        journal = Journal()
        configure('no-such-option = 1')
        self.assert_status(1, 'systemctl', 'reload', 'srsd')
        self.assertIn("%s:2: no such option 'no-such-option'" % CONF, journal.text())
        self.assertTrue(is_active())
        self.assert_answers()

    def test_refused_by_the_daemon(self):
        """The error shows only when the daemon binds the socket."""
        journal = Journal()
        configure('forward = {"unix:/etc/srsd/forward"}')
        self.assert_status(1, 'systemctl', 'reload', 'srsd')
        self.assertIn('reload refused', journal.text())
        self.assertTrue(is_active())
        self.assert_answers()

    def test_without_a_control_socket(self):
        """srsctl cannot ask, so that the unit sends the signal."""
        configure('control = "none"')
        succeed('systemctl', 'restart', 'srsd')
        journal = Journal()
        configure('control = "none"', 'separator = "-"')
        self.assert_status(0, 'systemctl', 'reload', 'srsd')
        journal.wait('reloaded')
        self.assertRegex(forward(), r'^SRS0-')


class WrongConfiguration(GuestCase):
    """The unit is failed at once, and a start works after the correction."""

    def setUp(self):
        self.addCleanup(succeed, 'systemctl', 'restart', 'srsd')

    def assert_failed(self, pattern):
        """-> the journal has the reason, and there was one start"""
        journal = Journal()
        self.assert_status(1, 'systemctl', 'restart', 'srsd')
        journal.wait(pattern)
        self.assertEqual((show('srsd', 'ActiveState'), show('srsd', 'ExecMainStatus')),
                         ('failed', '78'))
        self.assertIn('srsd.service', succeed('systemctl', '--failed', '--plain', '--no-legend'))
        self.assertNotIn('Scheduled restart', journal.text())

    def assert_starts(self):
        self.assert_status(0, 'systemctl', 'start', 'srsd')
        self.assert_answers()

    def test_option(self):
        self.addCleanup(configure)
        configure('no-such-option = 1')
        self.assert_failed("%s:2: no such option 'no-such-option'" % CONF)
        configure()
        self.assert_starts()

    def test_port_of_another_program(self):
        succeed('systemctl', 'stop', 'srsd')
        with socket.create_server(('127.0.0.1', 10001)):
            self.assert_failed(r'Address already in use.*ss -ltnp sport = :10001')
            self.assertIn('python3', succeed('ss', '-ltnp', 'sport', '=', ':10001'))
        self.assert_starts()

    def test_secret_that_the_user_cannot_read(self):
        self.addCleanup(os.chmod, SECRET, 0o640)
        os.chmod(SECRET, 0o600)
        self.assert_failed('%s: .*Permission denied' % SECRET)
        os.chmod(SECRET, 0o640)
        self.assert_starts()

    def test_no_secret(self):
        secret = read(SECRET)
        os.unlink(SECRET)
        try:
            self.assert_failed('srsctl secret new')
        finally:
            write(SECRET, secret, 0o640)
            succeed('chown', 'root:srsd', SECRET)
        self.assert_starts()


class Killed(GuestCase):
    def setUp(self):
        succeed('systemctl', 'restart', 'srsd')

    def test_engine(self):
        """The monitor replaces it; systemd sees nothing of it."""
        journal, before, restarts = Journal(), engine(), show('srsd', 'NRestarts')
        os.kill(before, signal.SIGKILL)
        journal.wait(r'engine %d: killed by signal 9' % before)
        wait_until(lambda: engine() != before, 'another engine serves')
        self.assert_answers()
        self.assertEqual(show('srsd', 'NRestarts'), restarts)

    def test_monitor(self):
        """systemd starts both again, and the old engine is gone before."""
        before, old = monitor(), engine()
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: monitor() not in (0, before) and is_active(), 'a new monitor runs')
        self.assertFalse(os.path.exists('/proc/%d' % old))
        self.assert_answers()

    def test_engine_that_hangs(self):
        journal, before = Journal(), engine()
        os.kill(before, signal.SIGSTOP)
        journal.wait(r'engine %d: ' % before)
        wait_until(lambda: is_active() and engine() != before, 'another engine serves')
        self.assert_answers()

    def test_monitor_that_hangs(self):
        """The watchdog of systemd notices."""
        drop_in('srsd.service', '[Service]\nWatchdogSec=10\n')
        self.addCleanup(drop_in, 'srsd.service', '')
        succeed('systemctl', 'restart', 'srsd')
        before = monitor()
        os.kill(before, signal.SIGSTOP)
        wait_until(lambda: monitor() not in (0, before) and is_active(), 'a new monitor runs')
        self.assertIn('watchdog', succeed('journalctl', '-u', 'srsd', '-b'))
        self.assert_answers()


class Stop(GuestCase):
    def test_stop_and_start(self):
        journal, processes = Journal(), (monitor(), engine())
        self.assert_status(0, 'systemctl', 'stop', 'srsd')
        self.assertEqual([show('srsd', 'Result'), show('srsd', 'ActiveState')],
                         ['success', 'inactive'])
        for pid in processes:
            self.assertFalse(os.path.exists('/proc/%d' % pid))
        self.assertIn('stopping on signal 15', journal.text())
        self.assert_status(0, 'systemctl', 'start', 'srsd')
        self.assert_answers()
