# SPDX-License-Identifier: ISC
"""A root file system that is read-only: start, reload, restart."""

from guest import (GuestCase, configure, is_active, run, show, succeed, write)


def drive(stage):
    stage.check('Prepare')
    stage.machine.succeed('sync')
    stage.machine.reset('ro')
    stage.check('ReadOnly')


class Prepare(GuestCase):
    def test_file_systems(self):
        """What the distribution itself needs to write to is in memory."""
        configure()
        lines = ['/dev/vda / ext4 ro 0 1', *(
            'tmpfs %s tmpfs mode=%s 0 0' % mount for mount in (
                ('/tmp', '1777'), ('/var/tmp', '1777'), ('/var/log', '755'),
                ('/var/lib/postfix', '755'),
                ('/srv/scratch', '755')))]
        succeed('mkdir', '-p', '/srv/scratch')
        write('/etc/fstab', '\n'.join(lines) + '\n')
        succeed('systemctl', 'disable', 'postfix')


class ReadOnly(GuestCase):
    def setUp(self):
        self.assertNotEqual(run('touch', '/etc/srsd/file').returncode, 0)

    def test_serves(self):
        self.assertTrue(is_active())
        self.assertEqual(show('srsd', 'NRestarts'), '0')
        self.assert_answers()

    def test_reload(self):
        self.assert_status(0, 'systemctl', 'reload', 'srsd')
        self.assert_answers()

    def test_restart(self):
        self.assert_status(0, 'systemctl', 'restart', 'srsd')
        self.assert_answers()
