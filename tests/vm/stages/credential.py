# SPDX-License-Identifier: ISC
"""The secrets as a credential of systemd, in a file that only root can read."""

import os
import shutil

from guest import (CONTRIB, SECRET, GuestCase, configure, forward, read, reverse, run,
                   succeed, write)

DROP_IN = '/etc/systemd/system/srsd.service.d/credential.conf'
INSTALLED = '/run/credentials/srsd.service/srsd.secret'
SHIPPED = '/usr/share/doc/srsd/examples/credential.conf'


class CredentialCase(GuestCase):
    @classmethod
    def setUpClass(cls):
        configure()
        cls.address = forward()
        os.chmod(SECRET, 0o600)
        shutil.chown(SECRET, 'root', 'root')
        cls.addClassCleanup(cls.restore)

    @classmethod
    def restore(cls):
        if os.path.exists(DROP_IN):
            os.unlink(DROP_IN)
        os.chmod(SECRET, 0o640)
        shutil.chown(SECRET, 'root', 'srsd')
        succeed('systemctl', 'daemon-reload')
        succeed('systemctl', 'restart', 'srsd')

    @staticmethod
    def use(text):
        write(DROP_IN, text)
        succeed('systemctl', 'daemon-reload')
        succeed('systemctl', 'restart', 'srsd')


class WithoutCredential(CredentialCase):
    def test_check_of_the_files_warns(self):
        done = run('srsd', '-n')
        self.assertIn('chgrp srsd', done.stdout)


class Plain(CredentialCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        profile = CONTRIB + '/apparmor/usr.sbin.srsd'
        shutil.copy(profile, '/etc/apparmor.d/')
        succeed('apparmor_parser', '-r', profile)
        cls.use(read(SHIPPED))

    def test_serves(self):
        self.assertTrue(os.path.exists(INSTALLED))
        self.assert_answers()
        self.assertEqual(reverse(self.address), 'alice@origin.test')

    def test_reload(self):
        self.assert_status(0, 'systemctl', 'reload', 'srsd')
        self.assert_answers()

    def test_no_warning(self):
        self.assertNotIn('warning', self.assert_status(0, 'srsd', '-n'))

    def test_new_secret(self):
        """srsctl names the restart that it needs, and old addresses are still valid."""
        before = read(SECRET)
        self.addCleanup(succeed, 'systemctl', 'restart', 'srsd')
        self.addCleanup(write, SECRET, before, 0o600)
        self.assertIn('systemctl restart srsd', succeed('srsctl', 'secret', 'new'))
        succeed('systemctl', 'restart', 'srsd')
        self.assertEqual(reverse(self.address), 'alice@origin.test')
        self.assertEqual(read(INSTALLED), read(SECRET))


class Encrypted(CredentialCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.encrypted = '/etc/srsd/srsd.secret.cred'
        cls.addClassCleanup(run, 'rm', '-f', cls.encrypted)
        succeed('systemd-creds', 'encrypt', '--name=srsd.secret', SECRET, cls.encrypted)
        cls.use(read(SHIPPED).replace('LoadCredential=srsd.secret:' + SECRET,
                                      'LoadCredentialEncrypted=srsd.secret:' + cls.encrypted))

    def test_serves(self):
        self.assert_answers()
        self.assertEqual(reverse(self.address), 'alice@origin.test')
