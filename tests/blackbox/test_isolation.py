#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The separation of hostile input from root, and of secrets from hostile input: processes are
examined from the outside, in /proc, while they work. Most cases need root."""

import json
import os
import pwd
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.case import DaemonCase
from harness.clients import MapClient
from harness.daemon import (WAIT, Daemon, Folder, binary, borrow_descriptor, has_hiredis,
                            has_sqlite, is_root, process_name, process_status, process_tree,
                            reachable_binary, run)
from harness.dns_server import SILENT

needs_root = unittest.skipUnless(is_root(), 'needs root')
needs_sqlite = unittest.skipUnless(has_sqlite(), 'built without SQLite')
needs_redis = unittest.skipUnless(has_hiredis(), 'built without hiredis')


def has_sandbox():
    """Whether the program was built without sanitizers."""
    with open(binary(), 'rb') as file:
        return b'__asan_init' not in file.read()


def memory_holds(pid, text):
    """The number of times that a text is in the memory of a process."""
    needle, count = text.encode(), 0
    with open('/proc/%d/maps' % pid, encoding='utf-8') as maps, \
            open('/proc/%d/mem' % pid, 'rb', buffering=0) as memory:
        for line in maps:
            match = re.match(r'([0-9a-f]+)-([0-9a-f]+) (\S+) ', line)
            start, end = int(match[1], 16), int(match[2], 16)
            # A sanitizer's shadow is terabytes of nothing.
            if match[3][0] != 'r' or end - start > 1 << 30:
                continue
            try:
                memory.seek(start)
                count += memory.read(end - start).count(needle)
            except (OSError, ValueError):       # [vvar]
                continue
    return count


def descriptors_of(pid):
    return {int(name): os.readlink('/proc/%d/fd/%s' % (pid, name))
            for name in os.listdir('/proc/%d/fd' % pid)}


class Confined(DaemonCase):
    """srsctl without a daemon: the process that takes DNS apart while it waits for an answer."""

    ZONE = {'silent.test': SILENT,
            'srs.test': {'MX': [(10, 'silent.test')]}}
    SECRETS = ('a secret that the DNS need not see',)
    SPF = {'lookup-time': 30}
    COMMANDS = (['spf', '--offline', '192.0.2.1', 'a@silent.test'],
                ['spf', '--offline', '--engine', 'libspf2', '192.0.2.1', 'a@silent.test'],
                ['check', '--postfix', '/nowhere'])

    def start(self, command, **identity):
        """srsctl and its child, which has asked the DNS."""
        self.dns.clear()
        process = subprocess.Popen(
            [reachable_binary('srsctl'), '-f', self.daemon.config, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0'}, **identity)
        self.addCleanup(self.end, process)
        self.dns.wait_query('silent.test')
        tree = process_tree(process.pid)
        self.assertEqual(len(tree), 2, tree)
        return process, tree[1]

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    @needs_root
    def test_privileges(self):
        for command in self.COMMANDS:
            with self.subTest(' '.join(command)):
                process, child = self.start(command)
                status = process_status(child)
                self.assertNotIn('0', status['Uid'].split() + status['Gid'].split())
                self.assertNotIn('0', status['Groups'].split())
                self.assertEqual(int(status['CapEff'], 16), 0)
                self.assertEqual(int(status['CapPrm'], 16), 0)
                self.assertEqual(status['NoNewPrivs'], '1')
                if has_sandbox():
                    self.assertEqual(status['Seccomp'], '2')
                self.end(process)

    def test_sandbox_of_an_ordinary_user(self):
        identity = {}
        if is_root():
            entry = pwd.getpwnam('nobody')
            identity = {'user': entry.pw_uid, 'group': entry.pw_gid, 'extra_groups': []}
        for command in self.COMMANDS:
            with self.subTest(' '.join(command)):
                process, child = self.start(command, **identity)
                status = process_status(child)
                self.assertEqual(status['NoNewPrivs'], '1')
                if has_sandbox():
                    self.assertEqual(status['Seccomp'], '2')
                self.end(process)

    @needs_root
    def test_descriptors(self):
        """Not the terminal, no file; the reply's pipe, a socket for each question, and the loop."""
        for command in self.COMMANDS:
            with self.subTest(' '.join(command)):
                process, child = self.start(command)
                names = descriptors_of(child)
                for number in (0, 1, 2) if has_sandbox() else (0, 1):
                    self.assertEqual(names.pop(number), '/dev/null')
                names.pop(2, None)
                self.assertRegex(names.pop(3), '^pipe:')
                for name in names.values():
                    self.assertRegex(name, r'^(socket|pipe):|^anon_inode:\[?event')
                self.end(process)

    @needs_root
    def test_secrets(self):
        process, child = self.start(['check', '--postfix', '/nowhere'])
        for pid in child, process.pid:      # after the time limit, srsctl reads the secrets
            os.kill(pid, signal.SIGSTOP)
        self.assertEqual(memory_holds(child, self.SECRETS[0]), 0)
        self.assertEqual(memory_holds(process.pid, self.SECRETS[0]), 0)

    def test_death(self):
        """If the child dies, the error reports it."""
        for command in self.COMMANDS:
            with self.subTest(' '.join(command)):
                process, child = self.start(command)
                os.kill(child, signal.SIGKILL)
                out, err = process.communicate()
                why = 'the process that queries the DNS was killed by signal 9 (Killed)'
                if command[0] == 'check':
                    self.assertIn('error: DNS: %s\n    ' % why, out)
                    self.assertEqual(process.returncode, 1)
                else:
                    self.assertEqual((out, err), ('', 'srsctl: %s\n' % why))
                    self.assertEqual(process.returncode, 3)

    def test_it_ends_with_srsctl(self):
        process, child = self.start(self.COMMANDS[0])
        pidfd = os.pidfd_open(child)
        self.addCleanup(os.close, pidfd)
        process.kill()
        process.wait()
        self.assertEqual(select.select([pidfd], [], [], WAIT)[0], [pidfd])

    @needs_root
    def test_unusable(self):
        """Without a user for that process, nothing hostile is read."""
        folder = self.daemon.folder
        config = 'srs-domain = "srs.test"\nunprivileged-user = "no-such-user"\n'
        message = folder.file('message', 'From: a@silent.test\n\n')
        commands = [['spf', '--offline', '192.0.2.1', 'a@silent.test'],
                    ['explain', '--message', message, '--sender', 'a@silent.test',
                     '--recipient', 'b@our.test']]
        if has_sqlite():
            database = folder.file('envelopes')
            config += 'envelope-database = "sqlite:%s"\n' % database
            commands += [['store', 'purge'], ['store', 'backup', folder.path + '/backup'],
                         ['store', 'import', database]]
        config = folder.file('none.conf', config)
        for command in commands:
            with self.subTest(' '.join(command[:2])):
                done = run('-f', config, *command, program='srsctl', user=False)
                self.assertEqual((done.returncode, done.stdout), (3, ''))
                self.assertEqual(done.stderr,
                                 "srsctl: unprivileged-user 'no-such-user': no such user\n")


def low_port():
    """An unused port below 1024."""
    for port in range(1023, 511, -1):
        with socket.socket() as sock:
            try:
                sock.bind(('127.0.0.1', port))
                return port
            except OSError:
                continue
    raise unittest.SkipTest('no free port below 1024')


@needs_root
class Monitor(DaemonCase):
    """Started as root: the monitor keeps few privileges, and they suffice."""

    # chown, dac_read_search, kill, setgid, setuid, net_bind_service, sys_chroot
    KEPT = 1 << 0 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 18

    def setUp(self):
        self.daemon = Daemon(as_root=True)
        self.daemon.options['chroot-dir'] = self.daemon.folder.subfolder('root')
        self.socket = self.daemon.enable_control()
        self.enter(self.daemon)

    def assert_serves(self, address):
        with MapClient(address) as client:
            self.assertRegex(client.get('a@origin.test'), '^200 ')

    def test_capabilities(self):
        status = process_status(self.daemon.process.pid)
        for name in 'CapEff', 'CapPrm', 'CapBnd':
            with self.subTest(name):
                self.assertEqual(int(status[name], 16) & ~self.KEPT, 0)
        self.assertEqual(int(status['CapInh'], 16), 0)
        self.assertEqual(status['NoNewPrivs'], '1')
        engine = process_status(process_tree(self.daemon.process.pid)[1])
        for name in 'CapEff', 'CapPrm':
            self.assertEqual(int(engine[name], 16), 0)

    def test_inherited_descriptors(self):
        """Descriptors that another program has left open are closed in both processes."""
        leaked = os.open('/', os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, leaked)
        daemon = Daemon(as_root=True)
        daemon.pass_fds = [leaked]
        self.enter(daemon)
        for pid in process_tree(daemon.process.pid):
            self.assertNotIn('/', descriptors_of(pid).values())

    def test_they_are_enough(self):
        """A reload with a port below 1024, a secret that only the daemon may read, and a control
        socket whose path was removed; then another engine, and one that must be killed."""
        port = low_port()
        self.daemon.options['forward'].append('inet:127.0.0.1:%d' % port)
        self.daemon.options['secrets-file'] = self.daemon.folder.file(
            'other', 'a secret of the daemon alone\n', 0o400, 'nobody')
        self.daemon.write_config()
        os.unlink(self.socket)
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        self.assertIn(' reloaded ', self.daemon.wait_log(' reloaded | refused', mark))
        self.assert_serves(('127.0.0.1', port))
        self.assertEqual(os.stat(self.socket).st_uid, pwd.getpwnam('nobody').pw_uid)
        self.assertEqual(run('-s', self.socket, 'status', program='srsctl').returncode, 0)
        mark = self.daemon.log_mark()
        engine = process_tree(self.daemon.process.pid)[1]
        os.kill(engine, signal.SIGSTOP)
        self.daemon.wait_log('silent for 10 seconds', mark)
        self.daemon.wait_log('engine .* is ready', mark)
        self.assert_serves(('127.0.0.1', port))
        self.assertEqual(os.readlink('/proc/%d/root' % process_tree(self.daemon.process.pid)[1]),
                         self.daemon.options['chroot-dir'])


@needs_root
class Folders(DaemonCase):
    """Directories whose contents the daemon's user can change."""

    def setUp(self):
        self.daemon = Daemon(as_root=True)
        self.folder = self.daemon.folder.subfolder('run', 'nobody')
        self.addCleanup(self.daemon.folder.remove)

    def test_pid_file(self):
        for path in ('run/srsd.pid', 'run/sub/srsd.pid'):
            with self.subTest(path):
                daemon = Daemon(as_root=True)
                os.mkdir(os.path.join(daemon.folder.subfolder('run', 'nobody'), 'sub'))
                daemon.options['pid-file'] = daemon.path(path)
                with self.assertRaises(AssertionError) as caught:
                    daemon.start()
                words = 'may write to its directory; choose a directory that only root may write to'
                self.assertIn(words, str(caught.exception))
                done = run('-n', '-f', self.daemon.folder.file('conf', 'srs-domain = "srs.test"\n'),
                           '-o', 'secrets-file=' + self.daemon.options['secrets-file'],
                           '-o', 'pid-file=%s/srsd.pid' % self.folder, user=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(words, done.stderr)

    def test_link_in_the_place_of_a_socket(self):
        """Root makes no socket, removes no file and gives nothing away where a link leads to."""
        elsewhere = Folder()
        self.addCleanup(elsewhere.remove)
        os.symlink(elsewhere.path, os.path.join(self.folder, 'link'))
        self.daemon.options['control'] = 'unix:%s/link/control' % self.folder
        self.daemon.options['policy'] = ['unix:%s/link/policy' % self.folder]
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(os.path.join(elsewhere.path, 'policy'))
        stale.close()
        before = os.stat(os.path.join(elsewhere.path, 'policy'))
        with self.assertRaises(AssertionError) as caught:
            self.daemon.start()
        self.assertRegex(str(caught.exception), 'policy: unix:.*/link/policy: ')
        self.assertEqual(os.listdir(elsewhere.path), ['policy'])
        after = os.stat(os.path.join(elsewhere.path, 'policy'))
        self.assertEqual((after.st_ino, after.st_uid), (before.st_ino, 0))


@needs_root
class Syslog(DaemonCase):
    """In the sandbox no unix socket can be made: a syslog that was restarted is reached again."""

    # A /dev of the daemon's own, in which /dev/log is the socket of the test.
    OWN_DEV = ('mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && '
               'mknod -m 666 /dev/urandom c 1 9 && ln -s "$1" /dev/log && shift && exec "$@"')

    def listen(self):
        server = self.enter(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        server.settimeout(WAIT)
        server.bind(self.path)
        os.chmod(self.path, 0o777)
        return server

    def assert_logs(self, server, words):
        while words not in server.recv(8192).decode():
            pass

    def test_restarted(self):
        daemon = Daemon({'syslog': True}, as_root=True)
        self.path = daemon.path('log')
        daemon.prefix = ['unshare', '--mount', 'sh', '-c', self.OWN_DEV, 'sh', self.path]
        first = self.listen()
        self.enter(daemon)
        with daemon.forward_client() as client:
            client.get('one@origin.test')
            self.assert_logs(first, 'from=<one@origin.test>')
            first.close()
            os.unlink(self.path)
            second = self.listen()
            client.get('two@origin.test')
            self.assert_logs(second, 'from=<two@origin.test>')


@needs_root
class Secrets(DaemonCase):
    """Bytes of secrets are wiped as soon as keys are made of them, in all processes."""

    OLD = ['the first old secret', 'the second old secret, longer than a block of the hash ' + 'x' * 64]
    NEW = ['a new secret that takes their place']

    def setUp(self):
        self.daemon = self.enter(Daemon(secrets=self.OLD))

    def assert_wiped(self, *texts):
        for pid in process_tree(self.daemon.process.pid):
            for text in texts:
                self.assertEqual(memory_holds(pid, text), 0, (pid, text))

    def reload(self, pattern=' reloaded '):
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(pattern, mark)

    def test_they_would_be_found(self):
        """The search itself: an option is in the memory of both."""
        for pid in process_tree(self.daemon.process.pid):
            self.assertGreater(memory_holds(pid, self.daemon.config), 0)

    def test_start(self):
        self.assert_wiped(*self.OLD)

    def test_reload(self):
        self.daemon.write_secrets(self.NEW)
        self.reload()
        self.assert_wiped(*self.OLD, *self.NEW)

    def test_next_engine(self):
        self.daemon.write_secrets(self.NEW)
        self.reload()
        mark = self.daemon.log_mark()
        os.kill(self.daemon.child('engine'), signal.SIGKILL)
        self.daemon.wait_log('engine .* is ready', mark)
        self.assert_wiped(*self.OLD, *self.NEW)

    def test_refused(self):
        """By the monitor, which reads them first, or for what comes after them."""
        self.daemon.write_secrets(self.NEW + ['x\0y'])
        self.reload('reload refused')
        self.daemon.write_secrets(self.NEW)
        self.daemon.options.update({'forward': ['inet:192.0.2.1:1'], 'clients': ['127.0.0.0/8']})
        self.daemon.write_config()
        self.reload('reload refused')
        self.assert_wiped(*self.OLD, *self.NEW)


@needs_sqlite
class SecretsBesideStore(Secrets):
    """The same with a store process: it is forked by the monitor, which has the keys."""

    def setUp(self):
        self.daemon = Daemon(secrets=self.OLD)
        self.daemon.use_database()
        self.enter(self.daemon)
        self.daemon.child('store')

    def test_next_store_process(self):
        self.daemon.write_secrets(self.NEW)
        self.reload()
        store = self.daemon.child('store')
        os.kill(store, signal.SIGKILL)
        self.daemon.child('store', other_than=store)
        self.assert_wiped(*self.OLD, *self.NEW)


def wait_end(case, pid):
    """Wait until a process that may be no child of ours has ended."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    case.addCleanup(os.close, pidfd)
    case.assertEqual(select.select([pidfd], [], [], WAIT)[0], [pidfd])


@needs_root
@needs_sqlite
class Store(DaemonCase):
    """The process that writes the database: what it has, and what it can do to the others."""

    def setUp(self):
        self.daemon = Daemon({'pid-file': None}, as_root=True)
        self.daemon.options['pid-file'] = self.daemon.path('srsd.pid')
        self.socket = self.daemon.enable_control()
        self.path = self.daemon.use_database()
        self.enter(self.daemon)
        self.assert_works('first')
        self.store = self.daemon.child('store')
        self.engine = self.daemon.child('engine')

    def assert_works(self, name):
        """A sender is stored, and comes back."""
        sender = '%s@origin.test' % name
        with self.daemon.forward_client() as forward, self.daemon.reverse_client() as reverse:
            address = forward.address(sender)
            self.assertRegex(address, '^SRS0=[^=]+=[^=]+=1=[0-9A-V]{32}@srs.test$')
            self.assertEqual(reverse.get(address), '200 ' + sender)

    def end_of(self, pid):
        """One end of the connection between engine and store process: the unix stream without a
        name."""
        for number, name in descriptors_of(pid).items():
            if not name.startswith('socket:'):
                continue
            sock = self.enter(socket.socket(fileno=borrow_descriptor(pid, number)))
            if (sock.family, sock.type, sock.getsockname()) == \
                    (socket.AF_UNIX, socket.SOCK_STREAM, ''):
                return sock
        raise AssertionError('no connection')

    def test_privileges(self):
        status = process_status(self.store)
        nobody = pwd.getpwnam('nobody')
        self.assertEqual(set(status['Uid'].split()), {str(nobody.pw_uid)})
        self.assertEqual(set(status['Gid'].split() + status['Groups'].split()),
                         {str(nobody.pw_gid)})
        for name in 'CapEff', 'CapPrm', 'CapInh':
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual(status['NoNewPrivs'], '1')
        if has_sandbox():
            self.assertEqual(status['Seccomp'], '2')

    def test_others_of_the_user_cannot_look(self):
        """A process without dumps belongs to root in /proc, and cannot be traced."""
        self.assertEqual(os.stat('/proc/%d/environ' % self.store).st_uid, 0)
        self.assertEqual(os.stat('/proc/%d/mem' % self.store).st_uid, 0)

    def test_descriptors(self):
        """The database, the log and the engine: no listening socket, no pid file, no link."""
        names = descriptors_of(self.store)
        self.assertEqual([names.pop(0), names.pop(1)], ['/dev/null', '/dev/null'])
        self.assertRegex(names.pop(2), '^pipe:')
        files = sorted(name for name in names.values() if name.startswith('/'))
        self.assertEqual(set(files), {self.path, self.path + '-wal', self.path + '-shm'})
        rest = sorted(name.split(':')[0] for name in names.values() if not name.startswith('/'))
        self.assertEqual(rest, ['anon_inode', 'socket'])
        self.assertIn('anon_inode:[signalfd]', names.values())
        self.end_of(self.store)

    def test_engine_has_no_files(self):
        files = [name for name in descriptors_of(self.engine).values()
                 if self.daemon.folder.path in name]
        self.assertEqual(files, [])

    def test_files_are_private(self):
        nobody = pwd.getpwnam('nobody')
        for end in '', '-wal', '-shm':
            found = os.stat(self.path + end)
            self.assertEqual((found.st_uid, found.st_mode & 0o777), (nobody.pw_uid, 0o600))

    def test_it_ends_with_the_engine(self):
        os.kill(self.engine, signal.SIGKILL)
        wait_end(self, self.store)
        self.daemon.child('store', other_than=self.store)
        self.assert_works('second')

    def test_death(self):
        os.kill(self.store, signal.SIGKILL)
        self.daemon.wait_log('warning: store process %d: killed by signal 9' % self.store)
        self.daemon.child('store', other_than=self.store)
        self.assert_works('second')
        self.assertEqual(self.daemon.child('engine'), self.engine)

    def test_hostile_engine(self):
        """It sends garbage: the process ends, and the next one serves."""
        self.end_of(self.engine).sendall(b'\xff' * 64)
        self.daemon.wait_log(r'store: protocol violation by the engine \(')
        wait_end(self, self.store)
        self.daemon.child('store', other_than=self.store)
        self.assert_works('second')

    def test_hostile_store_process(self):
        """It sends garbage: the engine drops it, lives, and gets another one."""
        self.end_of(self.store).sendall(b'\xff' * 64)
        self.daemon.wait_log('protocol violation by the store process')
        wait_end(self, self.store)
        self.daemon.child('store', other_than=self.store)
        self.assert_works('second')
        self.assertEqual(self.daemon.child('engine'), self.engine)

    def test_process_that_hangs(self):
        """It does not keep the next engine from getting another one."""
        os.kill(self.store, signal.SIGSTOP)
        os.kill(self.engine, signal.SIGKILL)
        self.daemon.wait_log('store process %d: did not end in time, killing it' % self.store)
        self.daemon.child('store', other_than=self.store)
        self.assert_works('second')

    def test_stop_with_a_process_that_hangs(self):
        os.kill(self.store, signal.SIGSTOP)
        self.daemon.stop()
        self.assertEqual(process_name(self.store), '')

    def test_death_of_the_monitor(self):
        """The engine stops, and so does the store process."""
        daemon = Daemon(as_root=True)
        self.addCleanup(daemon.folder.remove)
        daemon.use_database()
        daemon.start()
        self.addCleanup(daemon.stop, check=False)
        children = daemon.child('engine'), daemon.child('store')
        daemon.process.kill()
        for pid in children:
            wait_end(self, pid)

    def test_signals_of_a_terminal(self):
        """It waits for the engine, whose last answers may need it."""
        for number in signal.SIGINT, signal.SIGHUP:
            os.kill(self.store, number)
        self.assert_works('second')
        self.assertEqual(self.daemon.child('store'), self.store)


@needs_root
@needs_sqlite
class StoreDirectory(DaemonCase):
    """The monitor creates a missing directory, as root."""

    def start(self, path):
        daemon = Daemon({'original-envelope': 'database'}, as_root=True)
        daemon.options['envelope-database'] = 'sqlite:' + path(daemon.folder)
        return self.enter(daemon)

    def test_directory_of_root(self):
        daemon = self.start(lambda folder: folder.path + '/lib/envelopes.sqlite')
        with daemon.forward_client() as client:
            client.address('alice@origin.test')
        found = os.stat(daemon.path('lib'))
        self.assertEqual((found.st_uid, found.st_mode & 0o777),
                         (pwd.getpwnam('nobody').pw_uid, 0o750))

    def test_directory_of_the_user(self):
        """Made with the rights of that user: nothing to gain by a link in its place."""
        daemon = self.start(
            lambda folder: folder.subfolder('own', 'nobody') + '/lib/envelopes.sqlite')
        with daemon.forward_client() as client:
            client.address('alice@origin.test')
        self.assertEqual(os.stat(daemon.path('own/lib')).st_uid, pwd.getpwnam('nobody').pw_uid)

    def test_link(self):
        def link(folder):
            folder.subfolder('elsewhere')
            own = folder.subfolder('own', 'nobody')
            os.symlink(folder.path + '/elsewhere', own + '/lib')
            return own + '/lib/envelopes.sqlite'

        daemon = self.start(link)
        self.assertIn('Permission denied', daemon.wait_log('warning: store '))
        found = os.stat(daemon.path('elsewhere'))
        self.assertEqual((found.st_uid, os.listdir(daemon.path('elsewhere'))), (0, []))


@needs_root
@needs_redis
class StoreServer(DaemonCase):
    def test_user_of_the_connection(self):
        """The monitor connects, and the engine gets the connection: it must not be one of root."""
        daemon = Daemon({'original-envelope': 'database'}, as_root=True)
        path = daemon.path('redis')
        server = self.enter(socket.socket(socket.AF_UNIX))
        server.bind(path)
        os.chmod(path, 0o777)
        server.listen()
        server.settimeout(WAIT)
        daemon.options['envelope-database'] = 'redis:unix:' + path
        self.enter(daemon)
        sock, _address = server.accept()
        with sock:
            _pid, uid, gid = struct.unpack(
                '3i', sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            self.assertNotEqual(sock.recv(1), b'')      # the engine has it
        nobody = pwd.getpwnam('nobody')
        self.assertEqual((uid, gid), (nobody.pw_uid, nobody.pw_gid))
        status = process_status(daemon.process.pid)
        self.assertEqual(set(status['Uid'].split() + status['Gid'].split()), {'0'})


if __name__ == '__main__':
    tap.main()
