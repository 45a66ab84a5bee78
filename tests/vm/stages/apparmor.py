# SPDX-License-Identifier: ISC
"""AppArmor in enforce mode: every service and option that opens files, and not one denial."""

import os
import shutil
import socket
import sqlite3

from guest import (CONTRIB, SOCKETS, GuestCase, Journal, ask_policy, configure, engine,
                   forward, kernel_lines, monitor, read, reverse, run, succeed, violations,
                   wait_until, write)
from harness.clients import PolicyClient, SocketmapClient
from harness.dns_server import DnsServer
from harness.milter import Milter

PROFILE = '/etc/apparmor.d/usr.sbin.srsd'
ZONE = {'pass.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']}}
SPOOL = '/var/spool/postfix/srsd'


def load_profile():
    shutil.copy(CONTRIB + '/apparmor/usr.sbin.srsd', PROFILE)
    succeed('apparmor_parser', '-r', PROFILE)


def confinement(pid):
    return read('/proc/%d/attr/current' % pid).strip('\0\n')


class Detection(GuestCase):
    """Without these, a kernel that is silent about denials would look like success."""

    def test_denial_is_logged(self):
        load_profile()
        write('/root/denied.conf', 'srs-domain = "our.test"\n')
        self.assertNotEqual(run('aa-exec', '-p', 'srsd', '--', '/usr/sbin/srsd', '-n', '-f',
                                '/root/denied.conf').returncode, 0)
        self.assertTrue(kernel_lines(r'apparmor="DENIED".*denied\.conf'))

    def test_seccomp_is_logged(self):
        run('systemd-run', '--wait', '-p', 'SystemCallFilter=~chmod fchmodat fchmodat2',
            'chmod', '644', '/etc/hostname')
        self.assertTrue(kernel_lines(r'type=1326.*comm="\(?chmod'))

    def test_zz_kernel_refused_nothing(self):
        self.assertEqual([line for line in violations() if 'denied.conf' not in line], [])


class Enforced(GuestCase):
    @classmethod
    def setUpClass(cls):
        load_profile()
        cls.addClassCleanup(cls.stop)
        cls.dns = DnsServer(ZONE, port=53)
        cls.dns.__enter__()

    @classmethod
    def stop(cls):
        cls.dns.__exit__()

    def setUp(self):
        self.before = kernel_lines('apparmor="DENIED"')

    def tearDown(self):
        self.assertEqual(kernel_lines('apparmor="DENIED"')[len(self.before):], [])

    def test_zz_kernel_refused_nothing(self):
        self.assertEqual([line for line in violations() if 'denied.conf' not in line], [])

    def restart(self, *lines):
        configure(*lines)
        succeed('systemctl', 'restart', 'srsd')
        for pid in (monitor(), engine()):
            self.assertEqual(confinement(pid), 'srsd (enforce)')

    def assert_spf(self):
        for client, expected in (('192.0.2.1', '^PREPEND .*[Pp]ass'),
                                 ('192.0.2.9', r'^550 5\.7\.23 ')):
            self.assertRegex(ask_policy(client_address=client, sender='a@pass.test',
                                        helo_name='pass.test', recipient='b@our.test'), expected)

    def test_services_and_spf(self):
        self.restart()
        self.assert_answers()
        self.assert_spf()

    def test_reload(self):
        self.restart()
        succeed('systemctl', 'reload', 'srsd')
        self.assert_answers()

    def test_killed_engine(self):
        self.restart()
        before = engine()
        os.kill(before, 9)
        wait_until(lambda: engine() != before, 'another engine serves')
        self.assert_answers()

    def test_unix_sockets(self):
        self.restart('policy = {"unix:%s/policy"}' % SPOOL, 'socketmap = {"unix:%s/map"}' % SPOOL,
                     'milter = {"unix:%s/milter"}' % SPOOL)
        with PolicyClient(SPOOL + '/policy') as client:
            self.assertEqual(client.ask(client_address='127.0.0.1'), 'DUNNO')
        with SocketmapClient(SPOOL + '/map') as client:
            self.assertRegex(client.get('forward', 'alice@origin.test'), '^OK SRS0=')
        self.assert_milter(SPOOL + '/milter')

    def assert_milter(self, address):
        with Milter(address) as milter:
            milter.connect()
            milter.helo()
            actions = milter.message('alice@origin.test', 'bob@elsewhere.test')
        self.assertTrue(any('SRS0=' in str(action) for action in actions), actions)

    def test_metrics(self):
        self.restart('metrics = "inet:localhost:9145"')
        with socket.create_connection(('127.0.0.1', 9145)) as client:
            client.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
            self.assertIn(b'200', client.makefile('rb').readline())

    def test_store(self):
        self.restart('original-envelope = "database"')
        address = forward('bob@origin.test')
        self.assertRegex(address, '^SRS0=....=..=1=')
        self.assertEqual(reverse(address), 'bob@origin.test')
        with sqlite3.connect('file:/var/lib/srsd/envelopes.sqlite?mode=ro', uri=True) as base:
            self.assertEqual(base.execute('SELECT count(*) FROM kv').fetchone()[0] > 0, True)
        self.assertIn('bob@origin.test', succeed('srsctl', 'store', 'status') +
                      succeed('srsctl', 'reverse', address))

    def test_domains_file_watch(self):
        path = '/etc/srsd/domains'
        write(path, 'first.test\n')
        self.restart('domains-file = "%s"' % path, 'domains-file-watch = true')
        journal = Journal()
        write(path, 'first.test\nsecond.test\n')
        journal.wait('reloaded .*domains=3')

    def test_syslog(self):
        self.restart('syslog = true')
        self.assert_answers()
        journal = Journal()
        forward('carol@origin.test')
        journal.wait('carol@origin.test')

    def test_changed_resolv_conf(self):
        self.restart()
        self.addCleanup(write, '/etc/resolv.conf', read('/etc/resolv.conf'))
        with DnsServer(ZONE, host='127.0.0.3', port=53) as dns:
            write('/etc/resolv.conf', 'nameserver 127.0.0.3\n')
            succeed('systemctl', 'reload', 'srsd')
            self.assert_spf()
            self.assertTrue(dns.seen('pass.test'))

    def test_socket_units(self):
        configure()
        succeed('systemctl', 'stop', 'srsd')
        succeed('systemctl', 'start', *SOCKETS)
        self.addCleanup(succeed, 'systemctl', 'stop', 'srsd', *SOCKETS)
        self.assert_answers()
        self.assertEqual(confinement(monitor()), 'srsd (enforce)')

    def test_init_script_and_chroot(self):
        """Started as root: privileges are dropped, and the engine is in its chroot."""
        self.restart()
        succeed('systemctl', 'stop', 'srsd')
        os.makedirs('/var/lib/srsd-chroot', exist_ok=True)
        configure('chroot-dir = "/var/lib/srsd-chroot"', 'unprivileged-user = "srsd"')
        succeed('env', 'SYSTEMCTL_SKIP_REDIRECT=1', '/etc/init.d/srsd', 'start')
        self.addCleanup(succeed, 'env', 'SYSTEMCTL_SKIP_REDIRECT=1', '/etc/init.d/srsd', 'stop')
        self.assert_answers()
        pid = engine()
        self.assertEqual(confinement(pid), 'srsd (enforce)')
        self.assertEqual(os.readlink('/proc/%d/root' % pid), '/var/lib/srsd-chroot')
        succeed('env', 'SYSTEMCTL_SKIP_REDIRECT=1', '/etc/init.d/srsd', 'reload')
        self.assert_answers()
