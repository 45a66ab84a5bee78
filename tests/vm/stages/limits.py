# SPDX-License-Identifier: ISC
"""Restrictions of the unit: the OOM killer, MemoryMax, descriptors, tasks, families, CPUQuota."""

import os

from guest import (FORWARD, GuestCase, Journal, configure, drop_in, engine, is_active, monitor,
                   read, show, succeed, wait_until)
from load import Load


class Restricted(GuestCase):
    """It starts, serves, reloads, replaces its engine and stops within each of them."""

    @classmethod
    def setUpClass(cls):
        configure()
        cls.addClassCleanup(succeed, 'systemctl', 'restart', 'srsd')
        cls.addClassCleanup(drop_in, 'srsd.service', '')

    def assert_works(self, *settings):
        for setting in settings:
            with self.subTest(setting):
                drop_in('srsd.service', '[Service]\n%s\n' % setting)
                succeed('systemctl', 'restart', 'srsd')
                self.assert_answers()
                self.assert_status(0, 'systemctl', 'reload', 'srsd')
                before = engine()
                os.kill(before, 9)
                wait_until(lambda: engine() != before, 'another engine serves')
                self.assert_answers()
                self.assert_status(0, 'systemctl', 'stop', 'srsd')
                self.assertEqual(show('srsd', 'Result'), 'success')

    def test_memory(self):
        self.assert_works('MemoryMax=64M')         # the least that srsd(8) names

    def test_descriptors_and_tasks(self):
        # Monitor and engine, and for a reload sh and srsctl.
        self.assert_works('LimitNOFILE=64', 'TasksMax=4\nLimitNPROC=4')

    def test_network(self):
        families = 'RestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX '
        self.assert_works('IPAddressDeny=any\nIPAddressAllow=localhost',
                          families + 'AF_INET AF_INET6', families + 'AF_INET')

    def test_processor(self):
        self.assert_works('CPUQuota=20%')

    def test_dynamic_user(self):
        self.assert_works('DynamicUser=yes')

    def test_system_calls_that_kill(self):
        """Not one call that the unit's filter refuses is made, on any of these ways."""
        self.assert_works('SystemCallErrorNumber=kill')


def set_kernel(path, value):
    with open(path, 'w', encoding='ascii') as file:
        file.write(str(value))


class OutOfMemory(GuestCase):
    """The kernel kills the engine. The monitor replaces it, and systemd leaves the unit alone."""

    def test_engine_is_replaced(self):
        configure()
        succeed('systemctl', 'restart', 'srsd')
        journal, manager, before = Journal(), monitor(), engine()
        restarts = show('srsd', 'NRestarts')
        set_kernel('/proc/%d/oom_score_adj' % before, 1000)
        group = '/sys/fs/cgroup' + show('srsd', 'ControlGroup')
        with Load(FORWARD) as load:
            set_kernel('/proc/sysrq-trigger', 'f')      # kill the process with the highest score
            journal.wait('engine %d: killed by signal 9' % before)
            wait_until(lambda: engine() != before, 'another engine serves')
            load.wait_answers(20)
        self.assertEqual((monitor(), is_active(), show('srsd', 'NRestarts')),
                         (manager, True, restarts))
        self.assertEqual(load.wrong, 0, load)
        self.assertIn('oom_kill 1', read(group + '/memory.events'))
