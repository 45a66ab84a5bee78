# SPDX-License-Identifier: ISC
"""Logs: priorities in the journal, rsyslog and logrotate, journald restarted and stopped."""

import os
import re
import signal

from guest import (FORWARD, GuestCase, Journal, configure, forward, monitor, read, run, show,
                   succeed, wait_until)
from load import Load

MAIL_LOG = '/var/log/mail.log'


def wait_mail_log(pattern):
    wait_until(lambda: os.path.exists(MAIL_LOG) and re.search(pattern, read(MAIL_LOG)),
               '%s has a line that matches %s' % (MAIL_LOG, pattern))


class LogCase(GuestCase):
    LINES = ()

    @classmethod
    def setUpClass(cls):
        configure(*cls.LINES)
        succeed('systemctl', 'restart', 'srsd')


class Priorities:
    def test_decision(self):
        journal = Journal()
        forward('decision@origin.test')
        entry = journal.wait('decision@origin.test')
        self.assertEqual((entry['PRIORITY'], entry['SYSLOG_FACILITY'], entry['SYSLOG_IDENTIFIER']),
                         ('6', '2', 'srsd'))
        self.assertNotRegex(entry['MESSAGE'], r'^<\d>|^srsd: ')

    def test_warning(self):
        journal = Journal()
        os.kill(int(succeed('srsctl', 'status', '--json').split('"pid":')[1].split(',')[0]),
                signal.SIGKILL)
        entry = journal.wait('killed by signal 9')
        self.assertEqual(entry['PRIORITY'], '4')
        wait_until(lambda: run('srsctl', 'status').returncode == 0, 'another engine serves')

    def test_fatal(self):
        journal = Journal()
        configure(*self.LINES, 'no-such-option = 1')
        self.assert_status(1, 'systemctl', 'restart', 'srsd')
        entry = journal.wait('no such option')
        self.assertLessEqual(int(entry['PRIORITY']), 3)
        self.assertIn('no such option', succeed('journalctl', '-u', 'srsd', '-p', 'err', '-n', '5'))
        configure(*self.LINES)
        succeed('systemctl', 'start', 'srsd')


class StandardError(Priorities, LogCase):
    """As the unit starts it."""


class Syslog(Priorities, LogCase):
    LINES = ('syslog = true',)


class Rsyslog(LogCase):
    def test_mail_log(self):
        forward('first@origin.test')
        wait_mail_log(r'srsd\[\d+\]: .*first@origin\.test')

    def test_rotation(self):
        forward('before@origin.test')
        wait_mail_log('before@origin')
        succeed('logrotate', '--force', '/etc/logrotate.d/rsyslog')
        forward('after@origin.test')
        wait_mail_log('after@origin')
        self.assertNotIn('before@origin', read(MAIL_LOG))


class Journald(LogCase):
    def test_restart(self):
        before = monitor()
        succeed('systemctl', 'restart', 'systemd-journald')
        journal = Journal()
        forward('restarted@origin.test')
        journal.wait('restarted@origin.test')
        self.assertEqual(monitor(), before)

    def test_stopped_under_load(self):
        """Decisions wait in the pipe, none is lost, and no client waits for them."""
        journal = Journal()
        pid = int(show('systemd-journald', 'MainPID'))
        with Load(FORWARD) as load:
            os.kill(pid, signal.SIGSTOP)
            try:
                load.wait_answers(300)
            finally:
                os.kill(pid, signal.SIGCONT)
        self.assertEqual(load.failures(), (0, 0, 0), load)
        decision = 'forward from=<alice@origin.test>'
        wait_until(lambda: journal.text().count(decision) >= load.answered,
                   'all decisions are logged')
