#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl store, and what srsctl forward, reverse and status report of the envelope database."""

import base64
import fcntl
import hashlib
import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import redis, syncs, tap
from harness.ctl import assert_wrong_usage
from harness.daemon import (Daemon, free_port, has_sqlite, is_root, reachable_binary,
                            render, run)
from harness.redis import RedisServer

LONG = 'bounces+%d-0100018f3a2b4c5d-0a1b2c3d-4e5f-6789-abcd-ef0123456789-000000@mail.example'
DAY = 86400
LATER = time.strftime('%Y-%m-%d', time.gmtime(time.time() + 30 * DAY))
TABLE = 'CREATE TABLE kv (k TEXT UNIQUE ON CONFLICT REPLACE, v TEXT, lt INTEGER)'


def sha1_alias(address):
    """The key of postsrsd 2."""
    digest = hashlib.sha1(address.encode()).digest()
    return base64.b32hexencode(digest).decode() + '@1'


class Base(unittest.TestCase):
    options = {}

    def setUp(self):
        if not has_sqlite():
            self.skipTest('built without SQLite')
        self.daemon = Daemon({'original-envelope': 'long', **self.options})
        self.control = self.daemon.enable_control()
        folder = self.daemon.folder.subfolder('store', self.daemon.user)
        self.database = os.path.join(folder, 'envelopes.sqlite')
        self.daemon.options['envelope-database'] = 'sqlite:' + self.database
        self.begin()
        self.daemon.start()
        self.addCleanup(self.daemon.__exit__, None)
        if self.daemon.options['envelope-database'].startswith('sqlite:'):
            self.wait_for_store()

    def begin(self):
        """Changes of the options, before the start."""

    def srsctl(self, *arguments, config=None, user=True):
        return run('-f', config or self.daemon.config, *arguments, program='srsctl', user=user)

    def status(self):
        return json.loads(self.srsctl('store', 'status', '--json').stdout)

    def wait_for_store(self, rows=None):
        """Until the store is connected and has counted, perhaps so many rows."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status = self.status()
            if status['connected'] and status['rows'] is not None and rows in (
                    None, status['rows']):
                return status
        raise AssertionError('the store is not ready: %s' % status)

    def store(self, address):
        """-> the SRS address that the map gives out."""
        with self.daemon.forward_client() as forward:
            reply = forward.get(address)
        self.assertRegex(reply, r'\A200 SRS0=\S+=1=[0-9A-V]{32}@srs\.test\Z')
        return reply[4:]

    def file_of_rows(self, rows, name='postsrsd.db', journal='DELETE'):
        """A database of postsrsd 2, in a file that only its owner can read."""
        path = self.daemon.path(name)
        database = sqlite3.connect(path)
        database.execute('PRAGMA journal_mode = ' + journal)
        database.execute(TABLE)
        database.executemany('INSERT INTO kv VALUES (?, ?, ?)', rows)
        database.commit()
        database.close()
        os.chmod(path, 0o600)
        if is_root():
            shutil.chown(path, self.daemon.user)
        return path


class Maps(Base):
    def test_forward_stores_nothing(self):
        done = self.srsctl('forward', LONG % 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'=1=[0-9A-V]{32}@srs\.test  alias of a sender that the map '
                                      r'stores, and srsctl does not\n\Z')
        address = done.stdout.split()[0]
        self.assertEqual(self.status()['put']['done'], 0)
        done = self.srsctl('reverse', address)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r'\Anot rewritten: unknown alias\n'
                                      r'alias     [0-9A-V]{32}@1\nmade      \d{4}-\d\d-\d\d\n'
                                      r'hash      right: made with [0-9a-f]{12}\n'
                                      r'RCPT      a bounce to it is accepted\n\Z')
        self.assertEqual(self.store(LONG % 1), address)

    def test_forward_that_needs_no_store(self):
        done = self.srsctl('forward', 'jane@mail.example')
        self.assertRegex(done.stdout, r'\ASRS0=\S+=mail\.example=jane@srs\.test\n\Z')

    def test_reverse(self):
        address = self.store(LONG % 2)
        done = self.srsctl('reverse', address)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'\A%s  signed with [0-9a-f]{12}\n\Z'
                         % (LONG % 2).replace('+', r'\+'))

    def test_reverse_of_a_wrong_row(self):
        """The alias of another address: the map defers, and the command says why."""
        address = self.store(LONG % 3)
        database = sqlite3.connect(self.database, timeout=60)
        database.execute("UPDATE kv SET v = 'thief@evil.example'")
        database.commit()
        database.close()
        done = self.srsctl('reverse', address)
        self.assertEqual(done.returncode, 3)
        self.assertIn('srsctl: the envelope database has a wrong row: ', done.stderr)
        done = self.srsctl('store', 'get', address)
        self.assertIn('thief@evil.example  not made from this address', done.stdout)

    def test_embedded(self):
        """Without a database, the reason says so."""
        other = Daemon()
        other.enable_control()
        with other:
            done = self.srsctl('reverse', self.store(LONG % 4), config=other.config)
            self.assertEqual(done.stdout.splitlines()[0],
                             'not rewritten: unknown alias: no envelope-database is set')
            for command in (('get', 'A' * 32), ('status',)):
                done = self.srsctl('store', *command, config=other.config)
                self.assertIn('no envelope-database is set', done.stderr)


class Unavailable(Base):
    """A Redis server that is not there."""

    def begin(self):
        self.daemon.options['envelope-database'] = 'redis:127.0.0.1:%d' % free_port()
        self.daemon.options['store-timeout'] = 1

    def test_reverse(self):
        address = self.srsctl('forward', LONG % 1).stdout.split()[0]
        done = self.srsctl('reverse', address)
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertIn('srsctl: the envelope database cannot be read: ', done.stderr)

    def test_get(self):
        done = self.srsctl('store', 'get', 'A' * 32)
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertIn('cannot be read', done.stderr)

    def test_status(self):
        self.srsctl('store', 'get', 'A' * 32)
        done = self.srsctl('store', 'status')
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, r'(?m)^state       not connected: .')
        self.assertRegex(done.stdout, r'(?m)^gets        .*failed 1')
        self.assertRegex(self.srsctl('status').stdout, r'(?m)^store       redis:\S+, not connected')

    def test_purge(self):
        done = self.srsctl('store', 'purge')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, 'a Redis server deletes expired rows itself\n')
        done = self.srsctl('store', 'purge', '--all', '--yes')
        self.assertEqual(done.returncode, 1)
        self.assertIn('redis-cli', done.stderr)


class Status(Base):
    def test_status(self):
        self.store(LONG % 1)
        self.wait_for_store(rows=1)
        done = self.srsctl('store', 'status')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[:5], [
            'database    sqlite:' + self.database,
            'state       connected',
            'rows        1 of 10000000',
            'puts        done 1, full 0, failed 0',
            'gets        done 0, missing 0, failed 0'])
        status = self.srsctl('status').stdout
        self.assertIn('store       sqlite:%s, connected, 1 row, 0 errors\n' % self.database,
                      status)
        self.assertIn('store puts  done 1\n', status)
        self.assertEqual(json.loads(self.srsctl('status', '--json').stdout)['store'],
                         self.status())

    def test_usage(self):
        for arguments in ((), ('rows',), ('get',), ('get', 'a', 'b'), ('status', 'x'), ('import',),
                          ('purge', 'x'), ('purge', '--yes'), ('status', '--yes')):
            with self.subTest(arguments):
                done = self.srsctl('store', *arguments)
                assert_wrong_usage(self, done)

    def test_no_daemon(self):
        self.daemon.options['control'] += '.absent'
        config = self.daemon.folder.file('other.conf', render(self.daemon.options))
        for command in (('status',), ('get', 'A' * 32)):
            done = self.srsctl('store', *command, config=config)
            self.assertEqual(done.returncode, 3)
            self.assertIn('is srsd running?', done.stderr)


class Get(Base):
    def test_get(self):
        address = self.store(LONG % 1)
        alias = address.partition('=1=')[2].partition('@')[0]
        for form in (alias, alias.lower(), alias + '@1', address, address.lower()):
            with self.subTest(form):
                done = self.srsctl('store', 'get', form)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stdout, r'\A%s@1  bounces\+1\S+  made by [0-9a-f]{12}\n\Z'
                                 % alias)

    def test_unknown(self):
        done = self.srsctl('store', 'get', 'V' * 32)
        self.assertEqual((done.returncode, done.stdout), (1, 'V' * 32 + '@1: unknown alias\n'))

    def test_not_an_alias(self):
        for text in ('', 'x', 'W' * 32, 'A' * 33, 'A' * 32 + '@2', 'jane@mail.example',
                     'SRS0=abcd=AB=mail.example=jane@srs.test', 'SRS0=abcd=AB=1=jane@srs.test'):
            with self.subTest(text):
                done = self.srsctl('store', 'get', text)
                assert_wrong_usage(self, done)
                self.assertIn("'%s' is not an alias" % text, done.stderr)


class Import(Base):
    options = {'envelope-accept-sha1': LATER}

    def import_rows(self, path, status=0):
        done = self.srsctl('store', 'import', path)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def test_import(self):
        expires = int(time.time()) + 10 * DAY
        addresses = [LONG % number for number in range(1200)]
        rows = [(sha1_alias(address), address, expires) for address in addresses]
        done = self.import_rows(self.file_of_rows(rows))
        self.assertEqual(done.stdout,
                         '1200 rows copied, 0 expired, 0 not believed\n')
        self.assertEqual(done.stderr, '')
        self.wait_for_store(rows=1200)
        done = self.srsctl('store', 'get', sha1_alias(addresses[7]))
        self.assertEqual(done.stdout, '%s  %s  made by postsrsd 2\n'
                         % (sha1_alias(addresses[7]), addresses[7]))
        database = sqlite3.connect(self.database)
        stored = dict(database.execute('SELECT k, lt FROM kv'))
        database.close()
        self.assertEqual(stored, {alias: expires for alias, _, expires in rows})
        self.import_rows(self.daemon.path('postsrsd.db'))
        self.wait_for_store(rows=1200)

    def test_rows_that_are_not_copied(self):
        now = int(time.time())
        year = now + 4000 * DAY
        path = self.file_of_rows([
            (sha1_alias('old@a.example'), 'old@a.example', now - 5),
            (sha1_alias('victim@a.example'), 'thief@a.example', now + DAY),
            (sha1_alias('not an address'), 'not an address', now + DAY),
            ('short', 'a@a.example', now + DAY),
            (sha1_alias('a@b.example').lower(), 'a@b.example', now + DAY),
            (None, None, None),
            (sha1_alias('x' * 3000), 'x' * 3000, now + DAY),
            (sha1_alias('jane@a.example'), 'jane@a.example', year)])
        done = self.import_rows(path, status=1)
        self.assertEqual(done.stdout, '1 row copied, 1 expired, 6 not believed\n')
        self.assertIn('srsctl: 6 rows are not believed: ', done.stderr)
        database = sqlite3.connect(self.database)
        rows = list(database.execute('SELECT v, lt FROM kv'))
        database.close()
        self.assertEqual([address for address, _ in rows], ['jane@a.example'])
        self.assertLess(rows[0][1], now + 25 * DAY)

    def test_wal(self):
        """Its file says that it has a WAL, which was written back."""
        path = self.file_of_rows([(sha1_alias('a@b.example'), 'a@b.example', 2 ** 33)],
                                 journal='WAL')
        self.assertIn('1 row copied', self.import_rows(path).stdout)

    def test_in_use(self):
        path = self.file_of_rows([])
        self.daemon.folder.file('postsrsd.db-wal', 'x')
        done = self.import_rows(path, status=3)
        self.assertIn('stop postsrsd first', done.stderr)

    def test_files_that_cannot_be_read(self):
        for name, text, why in (('absent', None, 'No such file'), ('empty', '', 'not a regular'),
                                ('text', 'not a database\n' * 100, 'not a database'),
                                ('other', sqlite3, 'no such table')):
            path = self.daemon.path(name)
            if text is sqlite3:
                database = sqlite3.connect(path)
                database.execute('CREATE TABLE t (x)')
                database.close()
                os.chmod(path, 0o644)
            elif text is not None:
                self.daemon.folder.file(name, text)
            with self.subTest(name):
                done = self.import_rows(path, status=3)
                self.assertIn(why, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)

    @unittest.skipUnless(is_root(), 'needs root')
    def test_as_root(self):
        """The file is readable for root alone, and its reader is not root."""
        path = self.file_of_rows([(sha1_alias('a@b.example'), 'a@b.example', 2 ** 33)])
        os.chown(path, 0, 0)
        done = self.srsctl('store', 'import', path, user=False)
        self.assertEqual(done.stdout, '1 row copied, 0 expired, 0 not believed\n')


class ImportWithoutDate(Base):
    def test_suggestion(self):
        path = self.file_of_rows([(sha1_alias('a@b.example'), 'a@b.example', 2 ** 33)])
        done = self.srsctl('store', 'import', path)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r'set envelope-accept-sha1 = "\d{4}-\d\d-\d\d"')


class ImportBeyondLimit(Base):
    options = {'envelope-limit': 1000}

    def test_limit(self):
        rows = [(sha1_alias('a%d@b.example' % n), 'a%d@b.example' % n, 2 ** 33)
                for n in range(1700)]
        done = self.srsctl('store', 'import', self.file_of_rows(rows))
        self.assertEqual(done.returncode, 1)
        self.assertIn('1000 rows copied', done.stdout)
        self.assertIn('envelope-limit', done.stderr)


class Backup(Base):
    """Of the database and the secrets, while senders are stored, and back on another machine."""

    def back_up(self, path, status=0, user=True):
        done = self.srsctl('store', 'backup', path, user=user)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def target(self):
        """A file in a directory of the user who runs srsctl."""
        return os.path.join(self.daemon.folder.subfolder('backup', self.daemon.user), 'copy')

    def keep_storing(self, end, stored):
        number = 1000
        with self.daemon.forward_client() as forward:
            while not end.is_set():
                stored.append((forward.address(LONG % number), LONG % number))
                number += 1

    def test_restored(self):
        """Each address that was given out before the backup is reversed again."""
        before = [(self.store(LONG % number), LONG % number) for number in range(50)]
        end, others, path = threading.Event(), [], self.target()
        thread = threading.Thread(target=self.keep_storing, args=(end, others))
        thread.start()
        try:
            self.wait_for_more(others, 100)
            before += others
            done = self.back_up(path)
            self.wait_for_more(others, 100)
        finally:
            end.set()
            thread.join()
        rows = int(re.match(r'(\d+) rows in \S+\n\Z', done.stdout).group(1))
        self.assertGreaterEqual(rows, len(before))
        self.assertEqual(os.stat(path).st_mode & 0o7777, 0o600)
        shutil.copy(self.daemon.path('secret'), self.daemon.path('secret.backup'))
        self.lose_everything()
        self.assertEqual(self.reverse(before[0][0]), '500 bad hash')
        shutil.copy(self.daemon.path('secret.backup'), self.daemon.path('secret'))
        self.assertEqual(self.srsctl('reload').returncode, 0)
        self.assertEqual(self.reverse(before[0][0]), '500 unknown alias')
        done = self.srsctl('store', 'import', path)
        self.assertEqual((done.stdout, done.stderr),
                         ('%d rows copied, 0 expired, 0 not believed\n' % rows, ''))
        for address, sender in before:
            self.assertEqual(self.reverse(address), '200 ' + sender)

    def wait_for_more(self, stored, count):
        wanted = len(stored) + count
        deadline = time.monotonic() + 60
        while len(stored) < wanted and time.monotonic() < deadline:
            select.select([], [], [], 0.01)
        self.assertGreaterEqual(len(stored), wanted)

    def lose_everything(self):
        """The database is gone, and so are the secrets: there is a new one."""
        self.daemon.stop()
        for name in os.listdir(os.path.dirname(self.database)):
            os.unlink(os.path.join(os.path.dirname(self.database), name))
        self.daemon.folder.file('secret', 'another secret of this test\n', 0o600, self.daemon.user)
        self.daemon.start()
        self.wait_for_store(rows=0)

    def reverse(self, address):
        with self.daemon.reverse_client() as reverse:
            return reverse.get(address)

    def test_other_secret(self):
        """Its rows are not believed: a copy without the secrets is of no use."""
        self.store(LONG % 1)
        path = self.target()
        self.back_up(path)
        self.lose_everything()
        done = self.srsctl('store', 'import', path)
        self.assertEqual((done.returncode, done.stdout),
                         (1, '0 rows copied, 0 expired, 1 not believed\n'))
        self.assertIn('srsctl: 1 row is not believed: the daemon does not have the secret that '
                      'made the alias', done.stderr)

    def test_file_of_one_name(self):
        """The new file is opened once, so that no other file can get its name and the rows.

        A process that opened it again would have no such descriptor.
        """
        self.store(LONG % 1)
        path = self.target()
        folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, folder)
        done = subprocess.run(
            [reachable_binary('srsctl'), '-f', self.daemon.config, 'store', 'backup',
             '/dev/fd/%d/copy' % folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, pass_fds=(folder,), check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertRegex(done.stdout, r'\A1 row in ')
        self.assertEqual(sqlite3.connect(path).execute('SELECT count(*) FROM kv').fetchone(), (1,))

    @syncs.needs_strace
    def test_on_disk_before_it_is_reported(self):
        """The file, and its name in the directory."""
        self.store(LONG % 1)
        path = self.target()
        done, calls = syncs.trace('-f', self.daemon.config, 'store', 'backup', path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(calls[-1], 'sync ' + os.path.dirname(path))
        self.assertTrue({'sync ' + path, 'sync ?'} & set(calls[:-1]), calls)

    def test_existing_file(self):
        path = self.target()
        self.back_up(path)
        with open(path, 'rb') as file:
            contents = file.read()
        done = self.back_up(path, status=3)
        self.assertEqual(done.stderr, 'srsctl: %s: File exists; choose a new name\n' % path)
        with open(path, 'rb') as file:
            self.assertEqual(file.read(), contents)

    def test_failures(self):
        """Nothing is left of a backup that is not one."""
        path = self.target()
        self.daemon.stop()
        for name in os.listdir(os.path.dirname(self.database)):
            os.unlink(os.path.join(os.path.dirname(self.database), name))
        self.assertIn('unable to open', self.back_up(path, status=3).stderr)
        with open(self.database, 'w', encoding='ascii') as file:
            file.write('no database at all\n' * 100)
        os.chmod(self.database, 0o666)
        self.assertIn('not a database', self.back_up(path, status=3).stderr)
        self.assertFalse(os.path.exists(path))
        self.assertEqual(os.listdir(os.path.dirname(self.database)), ['envelopes.sqlite'])

    def test_interrupted(self):
        """Nothing is left that is in the way of the next one."""
        self.store(LONG % 1)
        self.daemon.stop()
        path = self.target()
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
            with self.subTest(number):
                database = sqlite3.connect(self.database, isolation_level=None)
                database.execute('PRAGMA locking_mode = EXCLUSIVE')
                database.execute('BEGIN EXCLUSIVE')
                self.interrupt_backup(path, number)
                self.assertFalse(os.path.exists(path))
                database.execute('ROLLBACK')
                database.close()
                self.back_up(path)
                os.unlink(path)

    def interrupt_backup(self, path, number):
        """With a signal, while it waits for the database."""
        entry = pwd.getpwnam(self.daemon.user) if is_root() else None
        user = {'user': entry.pw_uid, 'group': entry.pw_gid} if entry else {}
        with subprocess.Popen([reachable_binary('srsctl'), '-f', self.daemon.config, 'store',
                               'backup', path], cwd='/', **user) as process:
            while not os.path.exists(self.database + '.copy'):
                self.assertIsNone(process.poll())
            process.send_signal(number)
        self.assertEqual(process.returncode, -number)
        with open(self.database + '.copy', 'rb') as file:
            fcntl.flock(file, fcntl.LOCK_EX)    # until the process that copies has ended, too

    @unittest.skipUnless(is_root(), 'needs root')
    def test_as_root(self):
        """Into a directory that the daemon's user cannot enter."""
        self.store(LONG % 1)
        path = os.path.join(self.daemon.folder.subfolder('root', mode=0o700), 'copy')
        self.assertEqual(self.back_up(path, user=False).stdout, '1 row in %s\n' % path)
        self.assertEqual(os.stat(path).st_uid, 0)

    def test_usage(self):
        self.assertEqual(self.srsctl('store', 'backup').returncode, 2)


@unittest.skipUnless(shutil.which('redis-cli'), 'no redis-cli')
@unittest.skipIf(redis.unavailable(), redis.unavailable())
class BackupOfRedis(Base):
    """With the commands of the recipe fleet."""

    def begin(self):
        self.server = RedisServer(self.daemon.folder)
        self.addCleanup(self.server.kill)
        self.server.start()
        self.daemon.options['envelope-database'] = self.server.database

    def setUp(self):
        super().setUp()
        self.wait_for_connection()

    def wait_for_connection(self):
        deadline = time.monotonic() + 60
        while not self.status()['connected']:
            self.assertLess(time.monotonic(), deadline)

    def cli(self, *words):
        return subprocess.run(['redis-cli', '-p', str(self.server.port), *words], check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True).stdout

    def test_restored(self):
        stored = [(self.store(LONG % number), LONG % number) for number in range(50)]
        path = self.daemon.path('backup.rdb')
        self.cli('--rdb', path)
        self.server.kill()
        directory = self.daemon.path('redis')
        shutil.rmtree(directory)
        os.mkdir(directory)
        shutil.copy(path, os.path.join(directory, 'dump.rdb'))
        self.server.start('--appendonly', 'no')
        self.cli('CONFIG', 'SET', 'appendonly', 'yes')
        deadline = time.monotonic() + 60
        while 'aof_rewrite_in_progress:0' not in self.cli('INFO', 'persistence') or \
                'aof_rewrite_scheduled:0' not in self.cli('INFO', 'persistence'):
            self.assertLess(time.monotonic(), deadline)
        self.server.kill()
        self.server.start()
        self.wait_for_connection()
        for address, sender in stored:
            self.assertEqual(self.srsctl('reverse', address).stdout.split()[0], sender)


class Forget(Base):
    options = {'store-timeout': 20}

    def wait_for_questions(self, number):
        """Until so many are open, and sent: a later status has the same loop behind it."""
        deadline = time.monotonic() + 60
        while self.status()['open'] != number:
            self.assertLess(time.monotonic(), deadline)
        self.status()

    def test_while_answers_arrive(self):
        """The store is opened again by a session that one of several answers has woken."""
        address = self.store(LONG % 1)
        alias = re.search(r'=1=([0-9A-V]{32})@', address).group(1)
        store = self.daemon.child('store')
        os.kill(store, signal.SIGSTOP)
        with self.daemon.forward_client() as forward, socket.socket(socket.AF_UNIX) as control:
            control.connect(self.control)
            control.settimeout(60)
            for request in {'command': 'store-get', 'alias': alias}, {'command': 'store-forget'}:
                control.sendall(json.dumps(request).encode() + b'\n')
            self.wait_for_questions(1)
            forward.send(b'get ' + (LONG % 2).encode() + b'\n')
            self.wait_for_questions(2)
            os.kill(store, signal.SIGCONT)
            with control.makefile() as replies:
                self.assertEqual(json.loads(replies.readline())['address'], LONG % 1)
                self.assertEqual(json.loads(replies.readline()), {'forgotten': True})
            self.assertRegex(forward.reply(), r'\A200 SRS0=\S+=1=')
        self.assertNotIn('engine', ' '.join(self.daemon.log_matches('engine')))


class Purge(Base):
    def add_rows(self, n, expires):
        database = sqlite3.connect(self.database, timeout=60)
        database.executemany('INSERT INTO kv VALUES (?, ?, ?)', [
            ('%032d@1' % number, 'a@b.example', expires) for number in range(n)])
        database.commit()
        database.close()

    def purge(self, *options):
        done = self.srsctl('store', 'purge', *options)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def test_all(self):
        """A sender that is known is stored again."""
        address = self.store(LONG % 1)
        self.add_rows(1500, 2 ** 33)
        self.assertEqual(self.purge('--all', '--yes'), '1501 rows deleted\n')
        self.wait_for_store(rows=0)
        self.assertEqual(self.srsctl('reverse', address).returncode, 1)
        self.assertEqual(self.store(LONG % 1), address)
        self.assertEqual(self.srsctl('reverse', address).returncode, 0)
        self.wait_for_store(rows=1)

    def test_expired(self):
        address = self.store(LONG % 1)
        self.assertRegex(self.purge(), r'\A\d+ rows? deleted\n\Z')
        self.assertEqual(self.srsctl('reverse', address).returncode, 0)

    def test_without_daemon(self):
        self.store(LONG % 1)
        self.daemon.stop()
        self.add_rows(700, 1)
        done = self.srsctl('store', 'purge')
        self.assertEqual((done.returncode, done.stdout), (0, '700 rows deleted\n'))
        self.assertIn('if srsd is running, restart it', done.stderr)

    def test_unconfirmed(self):
        address = self.store(LONG % 1)
        done = self.srsctl('store', 'purge', '--all')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('add --yes', done.stderr)
        self.assertEqual(self.srsctl('reverse', address).returncode, 0)

    def test_missing_file(self):
        self.daemon.options['envelope-database'] += '.absent'
        config = self.daemon.folder.file('other.conf', render(self.daemon.options))
        done = self.srsctl('store', 'purge', config=config)
        self.assertEqual(done.returncode, 3)
        self.assertIn('No such file', done.stderr)
        self.assertFalse(os.path.exists(self.database + '.absent'))


if __name__ == '__main__':
    tap.main()
