#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Starting and stopping: sockets, users, the background, the last line of the log."""

import grp
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.case import DaemonCase
from harness.clients import MapClient, PolicyClient, policy_request
from harness.daemon import (ORDINARY_USER, SECRET, Daemon, StartFailed, free_port, has_ipv6,
                            is_root, process_status, process_tree, run)

WAIT = 60
OPERATOR = 78           # exit status of a start that only an operator can make succeed


class StartCase(DaemonCase):
    """Each test starts its own daemon."""

    @classmethod
    def setUpClass(cls):
        cls.dns = None

    def assert_serves(self, addresses):
        with MapClient(addresses['forward']) as client:
            self.assertRegex(client.get('alice@origin.test'), '^200 SRS0=')
        with MapClient(addresses['reverse']) as client:
            address = srs.srs0('alice@origin.test', SECRET, 'srs.test', srs.today())
            self.assertEqual(client.get(address), '200 alice@origin.test')
        with PolicyClient(addresses['policy']) as client:
            self.assertEqual(client.ask(protocol_state='DATA'), 'DUNNO')

    def assert_not_started(self, daemon, *words, status=OPERATOR):
        """The exit status, and one line that contains the words."""
        with self.assertRaises(StartFailed) as caught:
            daemon.start()
        self.assertEqual(caught.exception.status, status)
        self.assertEqual(len(caught.exception.log.splitlines()), 1, caught.exception.log)
        for word in words:
            self.assertIn(word, caught.exception.log)


class Sockets(StartCase):
    def test_ipv4(self):
        daemon = self.another_daemon()
        self.assert_serves(daemon.addresses)

    def test_ipv6(self):
        if not has_ipv6():
            self.skipTest('no IPv6 on loopback')
        ports = {name: free_port('::1') for name in ('forward', 'reverse', 'policy')}
        self.another_daemon({name: ['inet:[::1]:%d' % port] for name, port in ports.items()})
        self.assert_serves({name: ('::1', port) for name, port in ports.items()})

    def test_unix(self):
        daemon = Daemon()
        folder = daemon.folder.subfolder('sockets', ORDINARY_USER)
        paths = {name: os.path.join(folder, name) for name in daemon.ports}
        daemon.options.update({name: ['unix:' + path] for name, path in paths.items()})
        self.enter(daemon)
        self.assert_serves(paths)

    def test_unix_after_a_crash(self):
        """A stale socket without a listener is replaced."""
        daemon = Daemon()
        path = os.path.join(daemon.folder.subfolder('sockets', ORDINARY_USER), 'forward')
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        if is_root():
            entry = pwd.getpwnam(ORDINARY_USER)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        daemon.options['forward'] = ['unix:' + path]
        self.enter(daemon)
        with MapClient(path) as client:
            self.assertRegex(client.get('alice@origin.test'), '^200 ')

    def test_several_endpoints(self):
        daemon = Daemon()
        path = os.path.join(daemon.folder.subfolder('sockets', ORDINARY_USER), 'forward')
        daemon.options['forward'].append('unix:' + path)
        self.enter(daemon)
        with MapClient(path) as client:
            first = client.address('alice@origin.test')
        self.assertEqual(self.forward(daemon).address('alice@origin.test'), first)

    def test_port_in_use(self):
        for service in ('forward', 'reverse', 'policy'):
            with self.subTest(service):
                daemon = Daemon()
                with socket.create_server(('127.0.0.1', daemon.ports[service])):
                    self.assert_not_started(daemon, str(daemon.ports[service]), 'in use',
                                            'postsrsd')

    def test_unix_socket_in_use(self):
        first = Daemon()
        path = os.path.join(first.folder.subfolder('sockets', ORDINARY_USER), 'forward')
        first.options['forward'] = ['unix:' + path]
        self.enter(first)
        self.assert_not_started(Daemon({'forward': ['unix:' + path]}), path)
        with MapClient(path) as client:
            self.assertRegex(client.get('alice@origin.test'), '^200 ')

    def test_folder_of_the_socket_is_missing(self):
        self.assert_not_started(Daemon({'policy': ['unix:/nonexistent/policy']}),
                                '/nonexistent/policy', status=1)

    @unittest.skipUnless(is_root() and subprocess.call(['unshare', '--mount', 'true']) == 0,
                         'needs root and a mount namespace')
    def test_folder_of_the_socket_is_read_only(self):
        """So systemd shows one that was made after the unit was started."""
        daemon = Daemon(as_root=True)
        folder = daemon.folder.subfolder('sockets')
        daemon.prefix = ['unshare', '--mount', 'sh', '-c',
                         'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"', folder]
        daemon.options['policy'] = ['unix:%s/policy' % folder]
        self.assert_not_started(daemon, 'Read-only file system', 'restart srsd', status=1)

    def test_same_port_again_at_once(self):
        """Connections in TIME_WAIT do not keep a restart from listening."""
        daemon = self.another_daemon()
        for _ in range(3):
            self.assert_serves(daemon.addresses)
            daemon.stop()
            daemon.start()


class Stop(StartCase):
    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                daemon = self.another_daemon()
                daemon.signal(number)
                self.assertEqual(daemon.wait(), 0)

    def test_loses_no_line(self):
        """Every reply that was sent before the stop is in the log."""
        daemon = self.another_daemon()
        client = self.forward(daemon)
        for number in range(2000):
            client.address('user%d@origin.test' % number)
        daemon.stop()
        lines = daemon.log_matches(r'^.*forward from=<user\d+@origin\.test> .*result=rewritten')
        self.assertEqual(len(lines), 2000)

    def test_with_connections_open(self):
        daemon = self.another_daemon()
        clients = [self.forward(daemon) for _ in range(20)] + [self.policy(daemon)]
        clients[0].get('alice@origin.test')
        clients[1].send(b'get ali')
        daemon.stop()
        for client in clients:
            self.assertTrue(client.closed())

    def test_answers_what_was_asked(self):
        """A request that had arrived is still answered."""
        daemon = self.another_daemon()
        client = self.forward(daemon)
        client.get('alice@origin.test')
        daemon.signal(signal.SIGSTOP)
        client.send(b'get bob@origin.test\n')
        daemon.signal(signal.SIGTERM)
        daemon.signal(signal.SIGCONT)
        daemon.wait()
        self.assertRegex(client.reader.readline(), rb'^(200 .*|)')

    def test_while_evaluating(self):
        """A nameserver that does not answer delays the end only by the limit of the check."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            daemon = self.another_daemon(
                {'nameservers': ['127.0.0.1:%d' % silent.getsockname()[1]]}, {'lookup-time': 5})
            client = self.policy(daemon)
            client.send(policy_request(sender='a@silent.test'))
            self.assertEqual(select.select([silent], [], [], WAIT)[0], [silent])
            daemon.stop()

    def test_time_is_over(self):
        """The log reports a request that got no answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            daemon = self.another_daemon(
                {'nameservers': ['127.0.0.1:%d' % silent.getsockname()[1]], 'stop-timeout': 1})
            client = self.policy(daemon)
            client.send(policy_request(sender='a@silent.test'))
            self.assertEqual(select.select([silent], [], [], WAIT)[0], [silent])
            daemon.stop()
            self.assertEqual(len(daemon.log_matches('stop-timeout expired; .*: 1$')), 1)

    def test_ignored_signals(self):
        """The daemon survives the loss of its log or of a client."""
        daemon = self.another_daemon()
        daemon.signal(signal.SIGPIPE)
        self.assert_serves(daemon.addresses)


class Reports(StartCase):
    def test_abstract_notify_socket(self):
        """systemd may name it either way; the harness uses a path everywhere else."""
        self.assert_serves(self.another_daemon(notify='abstract').addresses)

    def test_stopping(self):
        daemon = self.another_daemon()
        daemon.stop()
        self.assertIn('STOPPING=1', daemon.said)

    def test_without_notify_socket(self):
        daemon = self.another_daemon(notify=None)
        deadline = time.monotonic() + WAIT
        while True:         # nothing tells us when it listens
            try:
                return self.assert_serves(daemon.addresses)
            except ConnectionRefusedError:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)

    def test_secrets_are_never_in_the_log(self):
        daemon = self.another_daemon(secrets=('extraordinary', 'remarkable'), arguments=['-v'])
        self.forward(daemon).address('alice@origin.test')
        self.reverse(daemon).get('SRS0=xxxx=AA=origin.test=alice@srs.test')
        daemon.stop()
        self.assertNotRegex(daemon.log(), 'extraordinary|remarkable')

    def test_priorities_for_the_journal(self):
        """Monitor and engine begin each line with its priority; the journal has the name."""
        with self.in_the_journal() as daemon:
            self.forward(daemon).address('alice@origin.test')
            daemon.stop()
        lines = daemon.log().splitlines()
        self.assertEqual([line for line in lines if not re.match(r'<[2-7]>(?!srsd: )', line)], [])
        for pattern in '^<6>srsd [^ ]+ started', '^<6>forward from=', '^<6>stopped$':
            self.assertTrue(daemon.log_matches(pattern), lines)

    def test_priority_of_what_stops_the_start(self):
        daemon = self.in_the_journal(options={'srs-domian': 'srs.test'})
        with self.assertRaises(StartFailed) as caught:
            daemon.start()
        self.assertRegex(caught.exception.log, r"^<2>fatal: .*'srs-domian'")

    @staticmethod
    def in_the_journal(**arguments):
        """A daemon with the standard error that $JOURNAL_STREAM names."""
        return Daemon(prefix=('sh', '-c', 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) '
                                          'exec "$@"', 'sh'), **arguments)

    def test_without_standard_files(self):
        """No socket gets their numbers, and with it the log or the place of another file."""
        daemon = self.another_daemon(prefix=('sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh'))
        self.assert_serves(daemon.addresses)

    def test_verbose_says_more(self):
        daemon = self.another_daemon(arguments=['-v'])
        self.assert_serves(daemon.addresses)


class Background(StartCase):
    def background(self, **options):
        daemon = Daemon(arguments=['-D'], **options)
        folder = daemon.folder.subfolder('run', ORDINARY_USER)
        daemon.options['pid-file'] = os.path.join(folder, 'srsd.pid')
        daemon.start()
        self.addCleanup(daemon.folder.remove)
        with open(daemon.options['pid-file'], encoding='ascii') as file:
            text = file.read()
        self.addCleanup(self.end, int(text))
        self.assertRegex(text, r'\A\d+\n?\Z')
        return daemon, int(text)

    @staticmethod
    def end(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def end_of_file(self, pid_file):
        with open(pid_file, encoding='ascii') as file:
            self.end(int(file.read()))

    def test_daemonized(self):
        daemon, pid = self.background()
        self.assertEqual(daemon.process.wait(WAIT), 0)
        self.assert_serves(daemon.addresses)
        status = process_status(pid)
        self.assertNotEqual(status['Pid'], str(daemon.process.pid))
        with open('/proc/%d/stat' % pid, encoding='latin-1') as file:
            fields = file.read().rpartition(')')[2].split()
        self.assertNotEqual(int(fields[3]), os.getsid(0))
        self.assertEqual(fields[4], '0')                    # no controlling terminal
        self.assertEqual(os.readlink('/proc/%d/cwd' % pid), '/')

    def test_reload_of_a_relative_name(self):
        daemon = Daemon(arguments=['-D'])
        self.addCleanup(daemon.folder.remove)
        control = daemon.enable_control()
        daemon.options['pid-file'] = os.path.join(
            daemon.folder.subfolder('run', ORDINARY_USER), 'srsd.pid')
        self.addCleanup(self.end_of_file, daemon.options['pid-file'])
        command = daemon.command()
        name = command.index(daemon.config)
        command[name] = os.path.basename(daemon.config)
        subprocess.run(command, cwd=os.path.dirname(daemon.config), check=True, timeout=WAIT,
                       user=ORDINARY_USER if is_root() else None)
        done = run('-s', control, 'reload', program='srsctl')
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_stops(self):
        daemon, pid = self.background()
        end = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(select.select([end], [], [], WAIT)[0], [end])
        os.close(end)
        self.assertFalse(os.path.exists(daemon.options['pid-file']))

    def test_lets_go_of_standard_files(self):
        """A reader of the output of `srsd -D` reaches its end when that has returned."""
        daemon = Daemon(arguments=['-D'])
        self.addCleanup(daemon.folder.remove)
        daemon.options['pid-file'] = os.path.join(
            daemon.folder.subfolder('run', ORDINARY_USER), 'srsd.pid')
        self.addCleanup(self.end_of_file, daemon.options['pid-file'])
        done = subprocess.run(daemon.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=WAIT, check=False,
                              user=ORDINARY_USER if is_root() else None)
        self.assertEqual((done.returncode, done.stdout), (0, b''))

    def test_failure_is_told_before_it_goes_away(self):
        """The caller gets the error and the status, as in the foreground."""
        daemon = Daemon(arguments=['-D'])
        with socket.create_server(('127.0.0.1', daemon.ports['forward'])):
            self.assert_not_started(daemon, 'in use', status=1)

    def test_pid_file_of_a_running_daemon(self):
        daemon, _pid = self.background()
        second = Daemon({'pid-file': daemon.options['pid-file']})
        self.assert_not_started(second, daemon.options['pid-file'], status=1)

    def test_pid_file_in_the_foreground(self):
        daemon = Daemon()
        daemon.options['pid-file'] = os.path.join(
            daemon.folder.subfolder('run', ORDINARY_USER), 'srsd.pid')
        self.enter(daemon)
        with open(daemon.options['pid-file'], encoding='ascii') as file:
            self.assertIn(int(file.read()), process_tree(daemon.process.pid))

    def test_pid_file_cannot_be_written(self):
        self.assert_not_started(Daemon({'pid-file': '/nonexistent/srsd.pid'}),
                                '/nonexistent/srsd.pid', status=1)


@unittest.skipUnless(is_root(), 'needs root')
class Privileges(StartCase):
    def leaves(self, daemon):
        """The processes that serve: those without children."""
        tree = process_tree(daemon.process.pid)
        parents = {int(process_status(pid)['PPid']) for pid in tree}
        return [pid for pid in tree if pid not in parents]

    def assert_dropped(self, daemon):
        entry = pwd.getpwnam(ORDINARY_USER)
        for pid in self.leaves(daemon):
            status = process_status(pid)
            self.assertEqual(status['Uid'].split(), [str(entry.pw_uid)] * 4)
            self.assertEqual(status['Gid'].split(), [str(entry.pw_gid)] * 4)
            self.assertIn(status['Groups'].split(), ([], [str(entry.pw_gid)]))
            for capabilities in ('CapPrm', 'CapEff', 'CapInh', 'CapAmb'):
                self.assertEqual(int(status[capabilities], 16), 0, capabilities)

    def test_dropped(self):
        daemon = self.another_daemon(as_root=True)
        self.assert_serves(daemon.addresses)
        self.assert_dropped(daemon)

    def test_dropped_in_the_background(self):
        daemon = Daemon(as_root=True, arguments=['-D'])
        daemon.options['pid-file'] = daemon.path('srsd.pid')
        daemon.start()
        self.addCleanup(daemon.folder.remove)
        with open(daemon.options['pid-file'], encoding='ascii') as file:
            pid = int(file.read())
        self.addCleanup(Background.end, pid)
        self.assert_serves(daemon.addresses)
        engine = process_tree(pid)[-1]
        self.assertNotEqual(engine, pid)
        self.assertEqual(process_status(engine)['Uid'].split()[0],
                         str(pwd.getpwnam(ORDINARY_USER).pw_uid))

    def test_chroot(self):
        daemon = Daemon(as_root=True)
        daemon.options['chroot-dir'] = daemon.folder.subfolder('empty')
        self.enter(daemon)
        self.assert_serves(daemon.addresses)
        self.assert_dropped(daemon)
        for pid in self.leaves(daemon):
            self.assertTrue(os.path.samefile('/proc/%d/root' % pid,
                                             daemon.options['chroot-dir']))

    @unittest.skipUnless(shutil.which('setpriv'), 'no setpriv')
    def test_not_dropped(self):
        """A daemon that cannot become another user does not serve as root."""
        for lacking in 'setgid', 'setuid':
            with self.subTest(lacking):
                self.assert_not_started(
                    Daemon(as_root=True, prefix=['setpriv', '--bounding-set', '-' + lacking]),
                    'cannot drop privileges', status=1)

    def test_no_such_user(self):
        self.assert_not_started(Daemon({'unprivileged-user': 'no-such-user'}, as_root=True),
                                'no-such-user')

    def test_root_is_no_unprivileged_user(self):
        self.assert_not_started(Daemon({'unprivileged-user': 'root'}, as_root=True), 'root')

    def test_chroot_folder_missing(self):
        self.assert_not_started(Daemon({'chroot-dir': '/nonexistent/dir'}, as_root=True),
                                '/nonexistent/dir', status=1)

    def test_privileged_port(self):
        """Bound before privileges are dropped."""
        port = next(p for p in range(600, 1024) if self.is_free(p))
        daemon = self.another_daemon({'forward': ['inet:127.0.0.1:%d' % port]}, as_root=True)
        with MapClient(('127.0.0.1', port)) as client:
            self.assertRegex(client.get('alice@origin.test'), '^200 ')
        self.assert_dropped(daemon)

    @staticmethod
    def is_free(port):
        with socket.socket() as sock:
            try:
                sock.bind(('127.0.0.1', port))
            except OSError:
                return False
        return True

    def test_group_of_the_secrets(self):
        """Readable by the daemon's own group is fit, by any other group it is not."""
        own = pwd.getpwnam(ORDINARY_USER).pw_gid
        other = next(g.gr_gid for g in grp.getgrall() if g.gr_gid not in (0, own))
        for group, fit in ((own, True), (other, False)):
            with self.subTest(fit):
                daemon = Daemon(as_root=True)
                os.chown(daemon.path('secret'), 0, group)
                os.chmod(daemon.path('secret'), 0o640)
                if fit:
                    self.enter(daemon)
                else:
                    self.assert_not_started(daemon, daemon.path('secret'))


class OrdinaryUser(StartCase):
    def test_runs_as_it_is(self):
        daemon = self.another_daemon({'unprivileged-user': 'srsd'})
        self.assert_serves(daemon.addresses)
        status = process_status(daemon.process.pid)
        uid = pwd.getpwnam(ORDINARY_USER).pw_uid if is_root() else os.getuid()
        self.assertEqual(status['Uid'].split(), [str(uid)] * 4)

    def test_secrets_readable_by_others(self):
        daemon = Daemon()
        os.chmod(daemon.path('secret'), 0o644)
        self.assert_not_started(daemon, daemon.path('secret'))


if __name__ == '__main__':
    tap.main()
