#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl secret: the file of secrets, made and changed while a daemon may read it."""

import fcntl
import hashlib
import hmac
import json
import os
import pwd
import re
import socket
import stat
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, syncs, tap
from harness.ctl import FakeControl, assert_wrong_usage
from harness.daemon import ORDINARY_USER, Daemon, Folder, is_root, reachable_binary, render, run
from harness.fake_server import FakeServer

DAY = 86400
KEPT_DAYS = 21 + 1 + 2      # max-age, clocks that differ, hash-avoid-slash
SECRETS = ('the first secret of all', 'a second one # with blanks ', 'the third of the secrets')


def fingerprint(secret):
    """The same as srsctl's, made by another HMAC."""
    return hmac.new(secret.encode(), b'srsd secret fingerprint', hashlib.sha256).hexdigest()[:12]


ONE, TWO, THREE = map(fingerprint, SECRETS)


class Base(unittest.TestCase):
    """A directory of the user that runs srsctl, and a configuration that names a file in it."""

    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        self.etc = self.folder.subfolder('etc', ORDINARY_USER)
        self.path = os.path.join(self.etc, 'secret')
        self.control = os.path.join(self.folder.path, 'control')
        self.configure()

    def configure(self, **options):
        self.config = self.folder.file('srsd.conf', render({
            'srs-domain': 'srs.test', 'secrets-file': self.path, 'unprivileged-user': ORDINARY_USER,
            'control': 'unix:' + self.control, **options}))

    def write(self, *secrets, age=0, mode=0o600, end='\n'):
        """The file of secrets; changed so many days ago."""
        if os.path.exists(self.path):
            os.unlink(self.path)        # it may be one that its owner cannot write to
        path = self.folder.file('etc/secret', ''.join(s + end for s in secrets), mode,
                                ORDINARY_USER)
        when = time.time() - age * DAY
        os.utime(path, (when, when))

    def write_history(self, *lines):
        self.folder.file('etc/secret.history', ''.join(line + '\n' for line in lines), 0o600,
                         ORDINARY_USER)

    def read(self):
        with open(self.path, encoding='utf-8') as file:
            return file.read().split('\n')[:-1]

    def command(self, *arguments):
        return ('-f', self.config, 'secret', *arguments)

    def srsctl(self, *arguments, status=0, user=True):
        done = run(*self.command(*arguments), program='srsctl', user=user)
        self.assertEqual(done.returncode, status, done.stderr)
        for secret in [*SECRETS, *(self.read() if os.path.exists(self.path) else [])]:
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done

    def impossible(self, reason, *arguments):
        """The file cannot be used, for that reason."""
        self.refused(reason, *arguments, status=3)

    def refused(self, reason, *arguments, status=1):
        """It fails with that reason, and changes nothing."""
        before = self.read() if os.path.exists(self.path) else None
        done = self.srsctl(*arguments, status=status)
        self.assertRegex(done.stderr, reason)
        self.assertEqual(done.stdout, '')
        self.assertEqual(self.read() if os.path.exists(self.path) else None, before)

    def listed(self):
        return json.loads(self.srsctl('list', '--json').stdout)['secrets']

    def status(self, path=None):
        return os.stat(path or self.path)


class New(Base):
    def test_first_of_all(self):
        done = self.srsctl('new')
        secret, = self.read()
        self.assertRegex(secret, r'\A[A-Za-z0-9+/]{32}\Z')
        self.assertEqual(done.stdout, '%s is the only secret and signs; to apply the change, run: '
                                      'srsctl reload\n' % fingerprint(secret))
        self.assertEqual(done.stderr, '')
        self.assertEqual(stat.S_IMODE(self.status().st_mode), 0o600)

    def test_after_a_loss(self):
        """The history shows that there were others; a backup of the file may exist."""
        self.srsctl('new')
        os.unlink(self.path)
        done = self.srsctl('new')
        self.assertIn('is the only secret and signs', done.stdout)
        self.assertEqual(done.stderr, 'srsctl: warning: the secrets that %s contained before are '
                                      'lost: bounces to addresses that they signed are refused, '
                                      'unless you restore the file from a backup\n' % self.path)

    def test_first(self):
        self.write(*SECRETS[:2])
        done = self.srsctl('new')
        self.assertEqual(self.read()[1:], list(SECRETS[:2]))
        self.assertIn(fingerprint(self.read()[0]) + ' is the first secret and signs', done.stdout)

    def test_last(self):
        self.write(*SECRETS[:2])
        done = self.srsctl('new', '--last')
        self.assertEqual(self.read()[:2], list(SECRETS[:2]))
        self.assertIn(fingerprint(self.read()[2]) + ' is the last secret and only verifies',
                      done.stdout)
        self.assertFalse(self.listed()[2]['signs'])

    def test_last_of_none(self):
        self.srsctl('new', '--last')
        self.assertTrue(self.listed()[0]['signs'])

    def test_each_is_another(self):
        for _ in range(4):
            self.srsctl('new')
        self.assertEqual(len(set(self.read())), 4)

    def test_empty_file(self):
        self.write()
        self.srsctl('new')
        self.assertEqual(len(self.read()), 1)

    def test_foreign_line_ends(self):
        """The bytes of a secret are kept; a CR before the LF is not part of it."""
        self.write('', SECRETS[1], '', SECRETS[0], end='\r\n')
        self.srsctl('new')
        self.assertEqual(self.read()[1:], [SECRETS[1], SECRETS[0]])

    def test_no_line_end(self):
        self.folder.file('etc/secret', SECRETS[0], 0o600, ORDINARY_USER)
        self.srsctl('new', '--last')
        self.assertEqual(self.read()[0], SECRETS[0])
        self.assertEqual(len(self.read()), 2)

    def test_too_many(self):
        self.write(*('secret number %d' % n for n in range(100)))
        self.impossible('more than 100 secrets', 'new')

    def test_bad_file(self):
        self.write('x\0y')
        self.impossible(r'secret:1: NUL in a secret', 'new')

    def test_line_that_is_several_secrets(self):
        """As it is read, so it is kept: a line each, and they mean the same."""
        self.write('x' * 2000)
        self.srsctl('new', '--last')
        self.assertEqual(self.read()[:2], ['x' * 1023, 'x' * 977])

    def test_daemon_takes_it(self):
        """Addresses of the old secret still verify, and the new one signs after a reload."""
        self.write(SECRETS[0])
        daemon = Daemon({'secrets-file': self.path})
        daemon.enable_control()
        with daemon, daemon.forward_client() as forward, daemon.reverse_client() as reverse:
            old = forward.address('alice@origin.test')
            self.config = daemon.config
            for command in ['new'], ['new', '--last']:
                self.srsctl(*command)
            self.assertEqual(forward.address('alice@origin.test'), old)
            self.assertIn('the secrets of the daemon differ from the file; run: srsctl reload',
                          self.srsctl('list').stderr)
            done = run('-f', daemon.config, 'reload', program='srsctl')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertNotEqual(forward.address('alice@origin.test'), old)
            self.assertEqual(reverse.get(old), '200 alice@origin.test')
            listed = self.srsctl('list')
            self.assertEqual([line.split()[-1] for line in listed.stdout.splitlines()],
                             ['0', '1', '0'])
            self.assertEqual(listed.stderr, '')


class File(Base):
    """Owner, mode, and objects that are in the way."""

    def test_mode_is_kept(self):
        for mode in 0o600, 0o400, 0o640, 0o440:
            with self.subTest(oct(mode)):
                self.write(SECRETS[0], mode=mode)
                self.srsctl('new')
                for path in self.path, self.path + '.history':
                    self.assertEqual(stat.S_IMODE(self.status(path).st_mode), mode)

    def test_umask_does_not_matter(self):
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        self.srsctl('new')
        for path in self.path, self.path + '.history':
            self.assertEqual(stat.S_IMODE(self.status(path).st_mode), 0o600)

    def test_owner_is_kept(self):
        if not is_root():
            self.skipTest('needs root')
        os.chown(self.etc, 0, 0)
        user = pwd.getpwnam(ORDINARY_USER)
        for owner in (0, user.pw_gid), (0, 0), (user.pw_uid, user.pw_gid):
            with self.subTest(owner):
                self.write(SECRETS[0], mode=0o640)
                os.chown(self.path, *owner)
                self.srsctl('new', user=False)
                for path in self.path, self.path + '.history':
                    status = self.status(path)
                    self.assertEqual((status.st_uid, status.st_gid), owner)
                    self.assertEqual(stat.S_IMODE(status.st_mode), 0o640)

    def test_made_by_root(self):
        if not is_root():
            self.skipTest('needs root')
        os.chown(self.etc, 0, 0)
        self.srsctl('new', user=False)
        status = self.status()
        self.assertEqual((status.st_uid, status.st_gid),
                         (0, pwd.getpwnam(ORDINARY_USER).pw_gid))
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o640)

    def test_made_by_root_without_that_user(self):
        if not is_root():
            self.skipTest('needs root')
        os.chown(self.etc, 0, 0)
        self.configure(**{'unprivileged-user': 'there-is-none'})
        self.srsctl('new', user=False)
        self.assertEqual(stat.S_IMODE(self.status().st_mode), 0o600)

    def test_others_could_read_it(self):
        for mode in 0o644, 0o604, 0o620:
            with self.subTest(oct(mode)):
                self.write(SECRETS[0], mode=mode)
                self.impossible('others may read or change it; chmod', 'new')

    def test_symbolic_link(self):
        self.folder.file('elsewhere', SECRETS[0] + '\n', 0o600, ORDINARY_USER)
        os.symlink(self.folder.path + '/elsewhere', self.path)
        self.impossible('symbolic link', 'new')
        self.impossible('symbolic link', 'list')

    def test_history_is_a_symbolic_link(self):
        self.write(SECRETS[0])
        os.symlink(self.folder.path + '/srsd.conf', self.path + '.history')
        self.impossible('secret.history is a symbolic link', 'new')

    def test_temporary_file_is_there(self):
        """One of a srsctl that was killed, or a trap: neither is written through."""
        target = self.folder.file('target', 'as it was', 0o666)
        os.symlink(target, os.path.join(self.etc, '.secret.new'))
        self.folder.file('etc/.secret.history.new', 'half', 0o666, ORDINARY_USER)
        self.srsctl('new')
        with open(target, encoding='utf-8') as file:
            self.assertEqual(file.read(), 'as it was')
        self.assertEqual(sorted(os.listdir(self.etc)), ['secret', 'secret.history'])

    def test_second_name(self):
        self.write(SECRETS[0])
        os.link(self.path, os.path.join(self.etc, 'other'))
        self.impossible('secret has another hard link', 'new')

    def test_folder_of_others(self):
        self.write(SECRETS[0])
        for mode in 0o777, 0o1777, 0o775:
            with self.subTest(oct(mode)):
                os.chmod(self.etc, mode)
                self.impossible('other users can write to it; run: chmod go-w', 'new')

    def test_folder_of_another_user(self):
        if not is_root():
            self.skipTest('needs root')
        done = self.srsctl('new', user=False, status=3)
        self.assertIn('owned by another user', done.stderr)

    def test_no_folder(self):
        os.rmdir(self.etc)
        self.impossible('etc: No such file', 'new')

    def test_folder_may_not_be_written(self):
        self.write(SECRETS[0])
        if is_root():
            os.chown(self.etc, 0, 0)
        else:
            os.chmod(self.etc, 0o500)
        self.impossible('Permission denied', 'new')
        self.assertEqual(os.listdir(self.etc), ['secret'])

    def test_file_may_not_be_read(self):
        self.write(SECRETS[0])
        os.chmod(self.path, 0)
        for command in 'new', 'list':
            done = run(*self.command(command), program='srsctl')
            self.assertEqual(done.returncode, 3)
            self.assertEqual(done.stderr, 'srsctl: %s: Permission denied; run srsctl as root\n'
                             % self.path)

    def test_no_regular_file(self):
        os.mkfifo(self.path)
        for command in 'new', 'list':
            done = run(*self.command(command), program='srsctl')
            self.assertIn('not a regular file', done.stderr)

    @syncs.needs_strace
    def test_on_disk_before_it_is_reported(self):
        """Each file before it gets its name, and then the name; the history first."""
        self.write(SECRETS[0])
        done, calls = syncs.trace(*self.command('new'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(calls, [
            'sync %s/.secret.history.new' % self.etc, 'rename secret.history', 'sync ' + self.etc,
            'sync %s/.secret.new' % self.etc, 'rename secret', 'sync ' + self.etc])

    def test_nothing_is_left_behind(self):
        self.write(SECRETS[0])
        self.srsctl('new')
        self.assertEqual(sorted(os.listdir(self.etc)), ['secret', 'secret.history'])


class Together(Base):
    def start(self, *arguments):
        identity = {}
        if is_root():
            entry = pwd.getpwnam(ORDINARY_USER)
            identity = {'user': entry.pw_uid, 'group': entry.pw_gid, 'extra_groups': []}
        return subprocess.Popen([reachable_binary('srsctl'), *self.command(*arguments)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                **identity)

    def test_one_waits_for_the_other(self):
        self.write(SECRETS[0])
        folder = os.open(self.etc, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        with self.start('new') as process:
            self.assertIn('locked by another srsctl; waiting', process.stderr.readline())
            self.assertEqual(self.read(), [SECRETS[0]])
            os.close(folder)
            process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(self.read()), 2)

    def test_many(self):
        self.write(SECRETS[0])
        processes = [self.start('new', *['--last'][:n % 2]) for n in range(8)]
        for process in processes:
            process.communicate()
            self.assertEqual(process.returncode, 0)
        self.assertEqual(len(set(self.read())), 9)
        self.assertIn(SECRETS[0], self.read())
        self.assertEqual(len(self.listed()), 9)

    def test_a_reader_sees_whole_files(self):
        self.write(SECRETS[0])
        processes = [self.start('new', '--last') for _ in range(6)]
        while any(process.poll() is None for process in processes):
            with open(self.path, encoding='utf-8') as file:
                text = file.read()
            self.assertTrue(text.startswith(SECRETS[0] + '\n'))
            self.assertRegex(text, r'\A.*\n([A-Za-z0-9+/]{32}\n)*\Z')
        for process in processes:
            process.communicate()


class List(Base):
    def test_nothing_known(self):
        self.write(*SECRETS, age=3)
        stopped = time.strftime('%Y-%m-%d', time.localtime(time.time() - 3 * DAY))
        keep = time.strftime('%Y-%m-%d', time.localtime(time.time() + (KEPT_DAYS - 3) * DAY))
        rest = 'since - signed until %s, keep until %s verified -' % (stopped, keep)
        self.assertEqual(self.srsctl('list').stdout.splitlines(), [
            '1 %s since - signs verified -' % ONE, '2 %s %s' % (TWO, rest),
            '3 %s %s' % (THREE, rest)])

    def test_age(self):
        self.write(SECRETS[0])
        made = int(time.time()) - 40 * DAY - 60
        self.write_history('%s %d -' % (ONE, made))
        self.assertRegex(self.srsctl('list').stdout,
                         r'\A1 %s since \d{4}-\d\d-\d\d \(40 days\) signs verified -\n\Z' % ONE)
        self.assertEqual(self.listed()[0]['created'], made)

    def test_json(self):
        self.write(*SECRETS[:2])
        self.write_history('%s 1700000000 1710000000' % TWO)
        self.assertEqual(json.loads(self.srsctl('list', '--json').stdout), {
            'file': self.path,
            'secrets': [
                {'position': 1, 'fingerprint': ONE, 'created': None, 'signs': True,
                 'stopped': None, 'keep_until': None, 'verified': None},
                {'position': 2, 'fingerprint': TWO, 'created': 1700000000, 'signs': False,
                 'stopped': 1710000000, 'keep_until': 1710000000 + KEPT_DAYS * DAY,
                 'verified': None}]})

    def test_verified(self):
        self.write(*SECRETS[:2])
        reply = {'secrets': [{'fingerprint': ONE, 'verified': 12}, {'fingerprint': TWO.upper(),
                                                                    'verified': 0}]}
        with FakeControl(self.control, reply) as control:
            lines = self.srsctl('list').stdout.splitlines()
            self.assertEqual([s['verified'] for s in self.listed()], [12, 0])
        self.assertEqual([line.rpartition(' verified ')[2] for line in lines], ['12', '0'])
        self.assertEqual(control.asked, [{'command': 'status'}] * 2)

    def test_daemon_says_something_else(self):
        self.write(SECRETS[0])
        for reply in ({'error': 'no such command'}, {'secrets': 7}, [], 'text',
                      {'secrets': [{'fingerprint': ONE, 'verified': 'often'}]},
                      {'secrets': [{'fingerprint': ONE}]}):
            with self.subTest(str(reply)), FakeControl(self.control, reply):
                self.assertRegex(self.srsctl('list').stdout, ' verified -\n$')
            os.unlink(self.control)

    def test_daemon_has_not_learnt_of_it(self):
        self.write(*SECRETS[:2])
        for known in [TWO, ONE], [ONE], [ONE, TWO, THREE], []:
            reply = {'secrets': [{'fingerprint': f, 'verified': 1} for f in known]}
            with self.subTest(str(len(known))), FakeControl(self.control, reply):
                self.assertIn('the secrets of the daemon differ from the file; run: srsctl reload',
                              self.srsctl('list').stderr)
            os.unlink(self.control)

    def test_daemon_signs_with_another(self):
        """What the history has is not true before the reload."""
        self.write(*SECRETS, age=100)
        self.write_history('%s 1600000000 -' % ONE, '%s 1500000000 1600000000' % TWO)
        reply = {'secrets': [{'fingerprint': f, 'verified': 1} for f in (TWO, ONE, THREE)]}
        with FakeControl(self.control, reply):
            lines = self.srsctl('list').stdout.splitlines()
        self.assertRegex(lines[0], r'\A1 %s .* will sign verified 1\Z' % ONE)
        self.assertRegex(lines[1], r'\A2 %s .* still signs verified 1\Z' % TWO)
        self.assertRegex(lines[2], r'\A3 %s .* signed until .*, keep until ' % THREE)

    def test_daemon_signs_with_another_in_json(self):
        self.write(*SECRETS[:2], age=100)
        self.write_history('%s 1500000000 1600000000' % TWO)
        reply = {'secrets': [{'fingerprint': f, 'verified': 1} for f in (TWO, ONE)]}
        with FakeControl(self.control, reply):
            late = self.listed()[1]
        self.assertEqual((late['stopped'], late['keep_until']), (None, None))

    def test_daemon_signs_for_longer_than_the_history_says(self):
        """The old secret is kept for its last addresses, although nobody tried to retire it."""
        self.write(*SECRETS[:2], age=100)
        self.write_history('%s 1500000000 1600000000' % TWO)
        reply = {'secrets': [{'fingerprint': f, 'verified': 1} for f in (TWO, ONE)]}
        now = int(time.time())
        with FakeControl(self.control, reply):
            self.srsctl('list')
        self.assertGreaterEqual(self.listed()[1]['stopped'], now)
        self.refused('may return until', 'retire', TWO)

    def test_history_may_not_be_written(self):
        """As in the unit, where a reload runs srsctl."""
        self.write(*SECRETS[:2], age=100)
        self.write_history('%s 1500000000 1600000000' % TWO)
        os.chmod(self.etc, 0o500)
        reply = {'secrets': [{'fingerprint': f, 'verified': 1} for f in (TWO, ONE)]}
        with FakeControl(self.control, reply):
            error = self.srsctl('list').stderr
        self.assertEqual(error, 'srsctl: the secrets of the daemon differ from the file; run: '
                                'srsctl reload\n')

    def test_real_daemon(self):
        daemon = Daemon()
        daemon.enable_control()
        with daemon:
            done = run('-f', daemon.config, 'secret', 'list', program='srsctl')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertRegex(done.stdout, r'\A1 [0-9a-f]{12} since - signs verified 0\n\Z')

    def test_no_file(self):
        self.impossible('secret: No such file', 'list')

    def test_is_not_kept_waiting(self):
        self.write(SECRETS[0])
        folder = os.open(self.etc, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        fcntl.flock(folder, fcntl.LOCK_EX)
        self.assertEqual(len(self.listed()), 1)


class Promote(Base):
    def test_rotation_of_several_servers(self):
        """Added last, then first, and the old one goes when its addresses are too old."""
        self.write(SECRETS[0])
        self.srsctl('new', '--last')
        new = self.read()[1]
        self.srsctl('promote', fingerprint(new))
        self.assertEqual(self.read(), [new, SECRETS[0]])
        self.assertEqual([s['signs'] for s in self.listed()], [True, False])
        self.assertAlmostEqual(self.listed()[1]['stopped'], time.time(), delta=60)
        self.refused('addresses that it signed may return until', 'retire', ONE)

    def test_from_the_middle(self):
        self.write(*SECRETS)
        self.srsctl('promote', TWO)
        self.assertEqual(self.read(), [SECRETS[1], SECRETS[0], SECRETS[2]])
        self.srsctl('promote', THREE.upper())
        self.assertEqual(self.read(), [SECRETS[2], SECRETS[1], SECRETS[0]])

    def test_of_the_first(self):
        self.write(*SECRETS)
        self.refused('this secret is already the first one', 'promote', ONE)

    def test_unknown(self):
        self.write(SECRETS[0])
        for text in '', 'x', TWO, ONE[:11]:
            self.refused('no secret has the fingerprint', 'promote', text)


class FakeSmtp(FakeServer):
    """An SMTP server that answers the commands of one client, and keeps them.

    `replies` maps a verb to the bytes of its reply, instead of an ordinary one. None: the server
    closes the connection.
    """

    REPLIES = {'': b'220 mx.test ESMTP\r\n', 'EHLO': b'250-mx.test\r\n250 HELP\r\n',
               'MAIL': b'250 2.1.0 Ok\r\n', 'RCPT': b'250 2.1.5 Ok\r\n', 'QUIT': b'221 Bye\r\n'}

    def __init__(self, replies=None, host='127.0.0.1', forged=b'550 5.1.1 unknown\r\n'):
        self.asked = []
        self._forged = forged       # to the second RCPT TO
        self._replies = {**self.REPLIES, **(replies or {})}
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        sock = socket.socket(family)
        sock.bind((host, 0))
        self.name = '%s:%d' % ('[::1]' if family == socket.AF_INET6 else host,
                               sock.getsockname()[1])
        super().__init__(sock)

    def serve(self, client):
        with client.makefile('rb') as lines:
            self._converse(client, lines)

    def _converse(self, client, lines):
        line = b''
        while True:
            reply = self._replies.get(line[:4].decode())
            if line.startswith(b'RCPT') and self.asked[-2].startswith('RCPT'):
                reply = self._forged
            if reply is None:
                return
            client.sendall(reply)
            if line.startswith(b'QUIT'):
                return
            line = lines.readline()
            if not line:
                return
            self.asked.append(line.decode().rstrip('\r\n'))


LACKS = {'RCPT': b'550 5.1.1 <x>: unknown SRS address\r\n'}


class Siblings(Base):
    """Before a secret signs, the other forwarders must have it."""

    def start(self, replies=None, **options):
        server = FakeSmtp(replies, **options).__enter__()
        self.addCleanup(server.__exit__)
        return server

    def set_siblings(self, *siblings):
        self.configure(siblings=[getattr(each, 'name', each) for each in siblings])
        self.write(*SECRETS[:2])

    def closed_port(self):
        with socket.create_server(('127.0.0.1', 0)) as sock:
            return '127.0.0.1:%d' % sock.getsockname()[1]

    def test_all_have_it(self):
        servers = self.start(), self.start()
        self.set_siblings(*servers)
        done = self.srsctl('promote', TWO)
        self.assertEqual(done.stdout, '%s is the first secret and signs; to apply the change, run: '
                                      'srsctl reload\n' % TWO)
        self.assertEqual(done.stderr, '')
        self.assertEqual(self.read(), [SECRETS[1], SECRETS[0]])
        for server in servers:
            ehlo, mail, rcpt, forged, leave = server.asked
            self.assertEqual((ehlo, mail, leave), ('EHLO srs.test', 'MAIL FROM:<>', 'QUIT'))
            address = re.fullmatch('RCPT TO:<(.*)>', rcpt).group(1)
            local, domain = srs.split(address)
            sender = re.fullmatch(r'SRS0=[^=]{4}=..=check\.invalid=(p[0-9a-f]{16})', local).group(1)
            self.assertEqual(domain, 'srs.test')
            self.assertIn(address, [make('%s@check.invalid' % sender, SECRETS[1], domain, day)
                                    for day in (srs.today(), srs.today() - 1)
                                    for make in (srs.srs0, srs.srs0_without_slash)])
            self.assertEqual(len(forged), len(rcpt))
            self.assertEqual([at for at, pair in enumerate(zip(forged, rcpt)) if len(set(pair)) > 1],
                             [len('RCPT TO:<SRS0=')])

    def test_one_accepts_all(self):
        """It would refuse nothing, so it says nothing of the secret."""
        server = self.start(forged=b'250 2.1.5 Ok\r\n')
        self.set_siblings(server)
        self.refused(r'\Asrsctl: %s cannot be asked \(RCPT TO with a wrong hash: 250 2\.1\.5 Ok\)\n'
                     % re.escape(server.name), 'promote', TWO)

    def test_one_lacks_it(self):
        """It is named, and the others are not."""
        servers = self.start(), self.start(LACKS), self.start()
        self.set_siblings(*servers)
        self.refused(r'(?s)\Asrsctl: %s does not have this secret \(RCPT TO: 550 5\.1\.1 <x>: '
                     r'unknown SRS address\)\nsrsctl: this secret does not sign yet[^\n]*\n\Z'
                     % re.escape(servers[1].name), 'promote', TWO)

    def test_cannot_be_asked(self):
        rows = (
            ({'': None}, 'the server closed the connection'),
            ({'': b'421 4.3.2 busy\r\n'}, 'greeting: 421 4.3.2 busy'),
            ({'': b'554 blocked\r\n'}, 'greeting: 554 blocked'),
            ({'': b'SSH-2.0-x\r\n'}, 'the server does not speak SMTP'),
            ({'': b'220 \0\r\n'}, 'the server does not speak SMTP'),
            ({'': b'220 ' + b'x' * 100000}, 'a line that is too long'),
            ({'': b'220-x\r\n' * 100000}, 'a reply of too many lines'),
            ({'MAIL': b'530 5.7.0 Must issue a STARTTLS command first\r\n'},
             'MAIL FROM: 530 5.7.0 Must issue a STARTTLS command first'),
            ({'RCPT': b'450 4.7.1 try again later\r\n'}, 'RCPT TO: 450 4.7.1 try again later'),
            ({'RCPT': b'550 5.7.1 blocked\r\n'}, 'RCPT TO: 550 5.7.1 blocked'),
            ({'RCPT': b'554 5.7.1 Relay access denied\r\n'},
             'RCPT TO: 554 5.7.1 Relay access denied'),
            ({'RCPT': b'252 perhaps\r\n'}, 'RCPT TO: 252 perhaps'),
            ({'RCPT': b'2\x1b[2J\r\n'}, 'RCPT TO: the server does not speak SMTP'),
            ({'RCPT': None}, 'RCPT TO: the server closed the connection'),
        )
        servers = [self.start(replies) for replies, _ in rows]
        self.set_siblings(*servers)
        lines = self.srsctl('promote', TWO, status=1).stderr.splitlines()
        self.assertEqual(lines[:-1], [
            'srsctl: %s cannot be asked (%s)' % (server.name, reason)
            for server, (_, reason) in zip(servers, rows)])
        self.assertEqual(self.read(), list(SECRETS[:2]))

    def test_no_server(self):
        port = self.closed_port()
        self.set_siblings(port, self.start())
        self.refused(r'\Asrsctl: %s cannot be asked \(Connection refused\)\n' % re.escape(port),
                     'promote', TWO)

    def test_no_name(self):
        """An interface that does not exist: the address is no address here."""
        self.set_siblings('[fe80::1%nothing]:25')
        self.refused(r'\Asrsctl: \[fe80::1%nothing\]:25 cannot be asked \(', 'promote', TWO)

    def test_several_addresses(self):
        """localhost may be ::1 too, where this port is closed."""
        server = self.start()
        self.set_siblings(server.name.replace('127.0.0.1', 'localhost'))
        self.srsctl('promote', TWO)

    def test_ipv6(self):
        try:
            server = self.start(host='::1')
        except OSError as error:
            self.skipTest(str(error))
        self.set_siblings(server)
        self.srsctl('promote', TWO)
        self.assertEqual(len(server.asked), 5)

    def test_dry_run(self):
        server = self.start()
        self.set_siblings(server)
        done = self.srsctl('promote', '--dry-run', TWO)
        self.assertEqual(done.stdout, '%s can be promoted\n' % TWO)
        self.assertEqual(self.read(), list(SECRETS[:2]))
        self.assertFalse(os.path.exists(self.path + '.history'))
        self.set_siblings(server, self.start(LACKS))
        self.refused('does not have this secret', 'promote', '--dry-run', TWO)

    def test_force(self):
        server = self.start(LACKS)
        self.set_siblings(server)
        self.srsctl('promote', '--force', TWO)
        self.assertEqual(self.read(), [SECRETS[1], SECRETS[0]])
        self.assertEqual(server.asked, [])

    def test_as_root(self):
        """The process that reads the replies is not root's."""
        if not is_root():
            self.skipTest('needs root')
        self.set_siblings(self.start(), self.start(LACKS))
        os.chown(self.etc, 0, 0)
        self.assertIn('does not have this secret',
                      self.srsctl('promote', TWO, status=1, user=False).stderr)
        self.set_siblings(self.start())
        self.srsctl('promote', TWO, user=False)

    def test_real_daemon_knows_both(self):
        """An address of each kind of hash is one that a daemon with the secret accepts."""
        for options in ({}, {'hash-format': 'separated'}, {'hash-length': 8},
                        {'original-envelope': 'database',
                         'envelope-database': 'redis:127.0.0.1:1'}):
            server = self.start()
            self.configure(siblings=[server.name], **options)
            self.write(*SECRETS[:2])
            self.srsctl('promote', TWO)
            address = server.asked[2][len('RCPT TO:<'):-1]
            with self.subTest(options), Daemon(options, secrets=SECRETS[:2]) as daemon, \
                    daemon.policy_client() as policy:
                self.assertEqual(policy.ask(sender='', recipient=address), 'DUNNO')
            with self.subTest(options), Daemon(options, secrets=SECRETS[:1]) as daemon, \
                    daemon.policy_client() as policy:
                self.assertIn('550 5.1.1 unknown SRS address',
                              policy.ask(sender='', recipient=address))


class Retire(Base):
    def test_the_only_one(self):
        self.write(SECRETS[0])
        for options in [], ['--force']:
            self.refused('this is the only secret; run this first: srsctl secret new',
                         'retire', *options, ONE)

    def test_the_one_that_signs(self):
        self.write(*SECRETS)
        self.refused('this secret signs; make another one sign first: srsctl secret new',
                     'retire', ONE)

    def test_the_one_that_signs_by_force(self):
        self.write(*SECRETS[:2])
        self.srsctl('retire', '--force', ONE)
        self.assertEqual(self.read(), [SECRETS[1]])
        self.assertTrue(self.listed()[0]['signs'])

    def test_too_early(self):
        now = int(time.time())
        self.write(*SECRETS[:2])
        self.write_history('%s 1700000000 %d' % (TWO, now - KEPT_DAYS * DAY + 60))
        self.refused('addresses that it signed may return until', 'retire', TWO)
        self.srsctl('retire', '--force', TWO)
        self.assertEqual(self.read(), [SECRETS[0]])

    def test_late_enough(self):
        self.write(*SECRETS)
        self.write_history('%s - %d' % (TWO, int(time.time()) - KEPT_DAYS * DAY))
        done = self.srsctl('retire', TWO)
        self.assertEqual(done.stdout, '%s is retired; to apply the change, run: srsctl reload\n'
                         % TWO)
        self.assertEqual(self.read(), [SECRETS[0], SECRETS[2]])
        self.assertNotIn(TWO, json.dumps(self.listed()))

    def test_settings_say_how_long(self):
        self.configure(**{'max-age': 3, 'hash-avoid-slash': False})
        self.write(*SECRETS[:2])
        self.write_history('%s - %d' % (TWO, int(time.time()) - 4 * DAY))
        self.srsctl('retire', TWO)

    def test_nothing_known(self):
        """The file was changed last when it stopped, at the latest."""
        self.write(*SECRETS[:2], age=KEPT_DAYS - 1)
        self.refused('may return until', 'retire', TWO)
        self.write(*SECRETS[:2], age=KEPT_DAYS + 1)
        self.srsctl('retire', TWO)

    def test_what_followed_from_the_time_of_the_file_stays(self):
        """A later change of the file does not make it younger."""
        self.write(*SECRETS[:2], age=KEPT_DAYS + 1)
        self.srsctl('new', '--last')
        self.srsctl('retire', TWO)

    def test_changed_by_hand(self):
        """According to the history it signs; according to the file not since its last change."""
        self.write(*SECRETS[:2], age=1)
        self.write_history('%s 1700000000 -' % TWO)
        self.refused('may return until', 'retire', TWO)

    def test_never_signed_here(self):
        self.write(SECRETS[0])
        self.srsctl('new', '--last')
        new = self.read()[1]
        self.refused('other servers may sign with it', 'retire', fingerprint(new))
        self.srsctl('retire', '--force', fingerprint(new))
        self.assertEqual(self.read(), [SECRETS[0]])

    def test_daemon_signs_with_it(self):
        """The history does not record it: the time counts from the detection."""
        self.write(*SECRETS[:2], age=100)
        self.write_history('%s 1600000000 1700000000' % TWO)
        reply = {'secrets': [{'fingerprint': f, 'verified': 1} for f in (TWO, ONE)]}
        with FakeControl(self.control, reply):
            self.refused('the daemon still signs with this secret; run this first: srsctl reload',
                         'retire', TWO)
        self.refused('may return until', 'retire', TWO)

    def test_late_reload(self):
        """The secret signed until the reload, and not until it lost the first place in the file."""
        self.write(*SECRETS[:2], age=100)
        self.write_history('%s 1500000000 1600000000' % TWO)
        reply = {'secrets': [{'fingerprint': f, 'verified': 1} for f in (TWO, ONE)]}
        with FakeControl(self.control, reply) as control:
            run('-f', self.config, 'reload', program='srsctl')
        self.assertEqual([request['command'] for request in control.asked], ['status', 'reload'])
        self.refused('may return until', 'retire', TWO)

    def test_reload_of_a_silent_daemon(self):
        """It is asked only once, although its secrets matter."""
        self.write(*SECRETS[:2], age=100)
        self.write_history('%s 1500000000 1600000000' % TWO)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(self.control)
            os.chmod(self.control, 0o777)
            server.listen()
            done = run('-f', self.config, '--timeout', '1', 'reload', program='srsctl')
            server.setblocking(False)
            server.accept()[0].close()
            self.assertRaises(BlockingIOError, server.accept)
        self.assertEqual(done.returncode, 3)
        self.assertIn('the daemon did not reply in time', done.stderr)

    def test_reload_in_time(self):
        """A reload with the right secrets changes nothing."""
        self.write(*SECRETS[:2], age=100)
        self.write_history('%s 1500000000 1600000000' % TWO)
        reply = {'secrets': [{'fingerprint': f, 'verified': 1} for f in (ONE, TWO)]}
        with FakeControl(self.control, reply):
            run('-f', self.config, 'reload', program='srsctl')
        self.srsctl('retire', TWO)

    def test_unknown(self):
        self.write(*SECRETS[:2])
        self.refused("no secret has the fingerprint '%s'; see" % THREE, 'retire', '--force', THREE)


class Usage(Base):
    def test_usage(self):
        self.write(*SECRETS)
        for row in ([], ['nonsense'], ['new', 'x'], ['list', '--last'],
                    ['list', ONE], ['promote'], ['promote', ONE, TWO], ['promote', '--last', ONE],
                    ['promote', '--force'], ['new', '--dry-run'], ['retire', '--dry-run', ONE],
                    ['retire'], ['retire', '--force'], ['retire', ONE, TWO]):
            with self.subTest(' '.join(row)):
                assert_wrong_usage(self, self.srsctl(*row, status=2))
                self.assertEqual(self.read(), list(SECRETS))

    def test_history_holds_no_secret(self):
        self.write(*SECRETS)
        self.srsctl('new')
        with open(self.path + '.history', encoding='utf-8') as file:
            text = file.read()
        for secret in self.read():
            self.assertNotIn(secret, text)
        self.assertTrue(all(re.fullmatch(r'#.*|[0-9a-f]{12} (\d+|-) (\d+|-|never)', line)
                            for line in text.splitlines()))


if __name__ == '__main__':
    tap.main()
