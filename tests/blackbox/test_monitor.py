#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The monitor and its engine: reload, an engine that dies or hangs, sockets of a service manager,
privileges and sandbox, all of it under load."""

import ctypes
import fcntl
import json
import os
import re
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import unittest
import unittest.mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.case import DaemonCase
from harness.clients import MapClient, PolicyClient, policy_request
from harness.daemon import (SECRET, Daemon, binary, borrow_descriptor, free_port, is_root,
                            process_status, process_tree, run)
from harness.dns_server import Delayed, DnsServer

ZONE = {'pass.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
        'fail.test': {'TXT': ['v=spf1 -all']}}


def run_quietly(*command):
    """-> was the program found, and did it succeed?"""
    try:
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False


def engine_of(daemon):
    tree = process_tree(daemon.process.pid)
    if len(tree) != 2:
        raise AssertionError('not a monitor and an engine: %s' % tree)
    return tree[1]


class Load:
    """Requests from several connections while it runs; every reply is verified."""

    def __init__(self, daemon, connections=4):
        self.daemon = daemon
        self.errors = []
        self.replies = 0
        self.running = True
        self.threads = [threading.Thread(target=self._run, daemon=True)
                        for _ in range(connections)]

    def _run(self):
        try:
            with self.daemon.forward_client() as client:
                while self.running:
                    reply = client.get('alice@origin.test')
                    if not reply.startswith('200 SRS0='):
                        self.errors.append(reply)
                    self.replies += 1
        except (OSError, AssertionError) as error:
            if self.running:
                self.errors.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for thread in self.threads:
            thread.join()


class Reload(DaemonCase):
    ZONE = ZONE

    def setUp(self):
        self.daemon = Daemon(dns=self.dns)
        self.socket = self.daemon.enable_control()
        self.daemon.options['domains'] = ['our.test']
        self.enter(self.daemon)

    def change(self, **options):
        self.daemon.options.update({name.replace('_', '-'): value
                                    for name, value in options.items()})
        self.daemon.write_config()

    def reload(self, **options):
        """Change the file, send SIGHUP, and wait until the change is in effect."""
        self.change(**options)
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        return self.daemon.wait_log(r' reloaded | reload refused', mark)

    def test_live_connection_sees_new_settings(self):
        with self.daemon.forward_client() as client:
            self.assertEqual(client.get('a@our.test'), '500 local domain')
            self.assertRegex(client.get('a@new.test'), '^200 SRS0=')
            self.assertIn('domains=2', self.reload(domains=['new.test']))
            self.assertEqual(client.get('a@new.test'), '500 local domain')
            self.assertRegex(client.get('a@our.test'), '^200 SRS0=')

    def test_policy_connection_too(self):
        with self.daemon.policy_client() as client:
            self.assertRegex(client.ask(sender='a@fail.test'), '^550 5.7.23 ')
            self.daemon.options['spf']['mail-from-reject'] = 'false'
            self.reload()
            self.assertRegex(client.ask(sender='a@fail.test'), '^PREPEND Received-SPF: Fail')

    def test_cache_stays(self):
        with self.daemon.policy_client() as client:
            client.ask(sender='a@pass.test')
            asked = len(self.dns.seen(name='pass.test'))
            self.reload(max_age=7)
            client.ask(sender='b@pass.test')
            self.assertEqual(len(self.dns.seen(name='pass.test')), asked)

    def test_other_nameserver(self):
        self.reload(nameservers=['127.0.0.1:%d' % free_port()], spf={
            'skip-addresses': [], 'temperror-defer': True, 'lookup-time': 1})
        with self.daemon.policy_client() as client:
            self.assertRegex(client.ask(sender='a@pass.test'), '^451 4.7.24 ')
        self.reload(nameservers=[self.dns.address])
        with self.daemon.policy_client() as client:
            self.assertRegex(client.ask(sender='a@pass.test'), '^PREPEND Received-SPF: Pass')

    def test_secrets_are_rotated(self):
        with self.daemon.forward_client() as forward, self.daemon.reverse_client() as reverse:
            old = forward.address('a@origin.test')
            self.daemon.write_secrets(['another secret, a new one', SECRET])
            self.assertIn('secrets=2', self.reload())
            new = forward.address('a@origin.test')
            self.assertNotEqual(old, new)
            self.assertEqual(reverse.address(old), 'a@origin.test')
            self.daemon.write_secrets(['another secret, a new one'])
            self.reload()
            self.assertEqual(reverse.get(old), '500 bad hash')
            self.assertEqual(reverse.address(new), 'a@origin.test')

    def test_doubtful_secrets(self):
        """Logged at each reload as at the start, and only once: the engine reads them too."""
        rows = ((['a'], r'line 1: a secret of less than 16 bytes can be guessed'),
                ([SECRET, '# of the year 2019, to be retired'], r"line 2: this line with a '#'"),
                (['  ', SECRET], r'line 1: this line of blanks'),
                ([SECRET + ' '], r'line 1: the blanks at the start or the end'),
                ([SECRET, 'x1y2z3' * 200], r'line 2: this line of more than 1023 bytes'))
        for secrets, words in rows:
            with self.subTest(words):
                self.daemon.write_secrets(secrets)
                mark = self.daemon.log_mark()
                self.assertIn(' reloaded ', self.reload())
                lines = self.daemon.log_matches('secrets-file /', mark)
                self.assertEqual(len(lines), 1, lines)
                self.assertRegex(lines[0], r'^srsd: warning: secrets-file \S+: ' + words)
                with Daemon(secrets=secrets) as other:
                    other.wait_log(' started')
                    self.assertEqual(len(other.log_matches(words)), 1)

    def test_owner_of_the_secrets(self):
        """A stranger that owns the file could change it at any time."""
        if not is_root():
            self.skipTest('needs root')
        os.chown(self.daemon.options['secrets-file'], 12345, -1)
        os.chmod(self.daemon.options['secrets-file'], 0o604)
        line = self.reload()
        self.assertIn('reload refused', line)
        with Daemon(as_root=True) as other:
            os.chown(other.options['secrets-file'], 12345, -1)
            other.signal(signal.SIGHUP)
            other.wait_log('reload refused.*belongs to a user other than root')

    def test_refused(self):
        """One error anywhere, and all settings stay as they are."""
        rows = [
            ({'max-age': 'x'}, 'max-age'),
            ({'domains-file': '/nonexistent/file'}, '/nonexistent/file'),
            ({'secrets-file': '/nonexistent/secret'}, '/nonexistent/secret'),
            ({'forward': ['inet:192.0.2.1:1']}, 'set clients'),
            ({'forward': ['inet:192.0.2.1:1'], 'clients': ['127.0.0.1']}, 'inet:192.0.2.1:1'),
            ({'srs-domain': '', 'domains': ['.our.test']}, 'srs-domain'),
            ({'dnssec': True, 'trust-anchor': '/nonexistent/key'}, '/nonexistent/key'),
        ]
        good = dict(self.daemon.options)
        with self.daemon.forward_client() as client:
            for bad, word in rows:
                with self.subTest(word):
                    self.daemon.options = {**good, 'domains': ['new.test'], **bad}
                    line = self.reload()
                    self.assertIn('reload refused, keeping the old settings', line)
                    self.assertIn(word, line)
                    self.assertEqual(client.get('a@our.test'), '500 local domain')
        self.daemon.options = good
        self.assertIn(' reloaded ', self.reload())

    def test_next_engine_knows_of_it(self):
        """After a refusal, the next engine starts although the files still have the error."""
        def after_death():
            mark = self.daemon.log_mark()
            os.kill(engine_of(self.daemon), signal.SIGKILL)
            self.daemon.wait_log('engine .* is ready', mark)
            done = run('-s', self.socket, 'status', '--json', program='srsctl')
            return json.loads(done.stdout)['reload']

        self.assertIsNone(after_death())
        self.reload(max_age='x')
        reload = after_death()
        self.assertTrue(reload['refused'])
        self.assertGreater(reload['at'], 0)
        self.reload(max_age=7)
        self.assertFalse(after_death()['refused'])

    def suspend_next_engine(self):
        """Kill the engine, and suspend the next one at its start; -> its pid, a mark in the log."""
        old, mark = engine_of(self.daemon), self.daemon.log_mark()
        os.kill(old, signal.SIGKILL)
        new = self.daemon.child('engine', other_than=old)
        os.kill(new, signal.SIGSTOP)
        return new, mark

    def test_engine_starts(self):
        """A reload waits until an engine that is starting is ready."""
        engine, mark = self.suspend_next_engine()
        self.change(max_age='x')
        self.daemon.signal(signal.SIGHUP)
        os.kill(engine, signal.SIGCONT)
        self.daemon.wait_log('reload refused', mark)
        lines = self.daemon.log_matches('is ready, |reload refused', mark)
        self.assertRegex(lines[0], r'engine %d is ready' % engine)
        self.assertEqual(len(lines), 2)

    def test_listeners_come_and_go(self):
        port = free_port()
        old = self.daemon.addresses['forward']
        with self.daemon.forward_client() as client:
            self.reload(forward=['inet:127.0.0.1:%d' % port])
            self.assertRegex(client.get('a@origin.test'), '^200 ')
            with MapClient(('127.0.0.1', port)) as other:
                self.assertRegex(other.get('a@origin.test'), '^200 ')
        with self.assertRaises(ConnectionRefusedError):
            MapClient(old).close()
        self.reload(forward=['inet:%s:%d' % old, 'inet:127.0.0.1:%d' % port])
        for address in old, ('127.0.0.1', port):
            with MapClient(address) as client:
                self.assertRegex(client.get('a@origin.test'), '^200 ')

    def test_unix_socket_that_was_removed(self):
        """If the file of a socket was removed, a reload creates it, and closes no connection."""
        path = os.path.join(os.path.dirname(self.socket), 'policy')
        self.reload(policy=['unix:' + path])
        with PolicyClient(path) as client:
            client.ask(sender='a@pass.test')
            for name in path, self.socket:
                os.unlink(name)
            self.assertIn(' reloaded ', self.reload(max_age=7))
            self.assertRegex(client.ask(sender='a@pass.test'), '^PREPEND ')
        with PolicyClient(path) as client:
            self.assertRegex(client.ask(sender='a@pass.test'), '^PREPEND ')
        done = run('-s', self.socket, 'status', program='srsctl')
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_more_listeners_than_fit(self):
        """A reload with too many sockets is refused; a reload that is accepted takes effect."""
        ports = {free_port() for _ in range(100)}
        forward = self.daemon.options['forward']
        line = self.reload(forward=forward + ['inet:127.0.0.1:%d' % port for port in ports])
        self.assertIn('reload refused, keeping the old settings', line)
        self.assertIn('too many new or removed listeners', line)
        ports = {free_port() for _ in range(60)}
        line = self.reload(forward=forward + ['inet:127.0.0.1:%d' % port for port in ports])
        self.assertIn(' reloaded ', line)
        for port in ports:
            with MapClient(('127.0.0.1', port)) as client:
                self.assertRegex(client.get('a@origin.test'), '^200 ')

    def test_new_listener_survives_the_engine(self):
        port = free_port()
        self.reload(forward=['inet:127.0.0.1:%d' % port])
        mark = self.daemon.log_mark()
        os.kill(engine_of(self.daemon), signal.SIGKILL)
        self.daemon.wait_log('engine .* is ready', mark)
        with MapClient(('127.0.0.1', port)) as client:
            self.assertRegex(client.get('a@origin.test'), '^200 ')

    def test_new_engine_has_the_new_settings(self):
        self.reload(domains=['new.test'])
        mark = self.daemon.log_mark()
        os.kill(engine_of(self.daemon), signal.SIGKILL)
        self.daemon.wait_log('engine .* is ready', mark)
        with self.daemon.forward_client() as client:
            self.assertEqual(client.get('a@new.test'), '500 local domain')

    def test_limits(self):
        self.reload(connection_limit=2)
        with self.daemon.forward_client() as one, self.daemon.forward_client() as two:
            one.get('a@origin.test')
            two.get('a@origin.test')
            with MapClient(self.daemon.addresses['forward'], timeout=1) as three:
                three.send(b'get a@origin.test\n')
                self.daemon.wait_log('connection-limit of 2 reached')
                two.close()
                self.assertRegex(three.reply(), '^200 ')

    def test_fixed_options_are_told(self):
        mark = self.daemon.log_mark()
        self.reload(syslog=True)
        self.daemon.wait_log('reload: syslog takes effect only after a restart', mark)

    def test_storm_under_load(self):
        """No error, and no closed connection."""
        with Load(self.daemon) as load:
            for n in range(30):
                self.change(max_age=20 + n % 2)
                self.daemon.signal(signal.SIGHUP)
            for n in range(10):
                self.assertIn(' reloaded ', self.reload(max_age=20 + n % 2))
        self.assertEqual(load.errors, [])
        self.assertGreater(load.replies, 0)

    def test_while_a_check_waits(self):
        """Requests end with the settings they began with; the old resolver stays as long."""
        self.dns.add({'slow.test': Delayed(0.2, {'TXT': ['v=spf1 -all']})})
        with self.daemon.policy_client() as client:
            client.send(policy_request(sender='a@slow.test'))
            self.dns.wait_query('slow.test')
            self.reload(nameservers=['127.0.0.1:%d' % free_port()])
            self.assertRegex(client.action(), '^550 5.7.23 ')

    def test_srsctl(self):
        done = run('-f', self.daemon.config, 'reload', program='srsctl')
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''))
        self.daemon.wait_log(' reloaded ')
        self.change(max_age='x')
        done = run('-s', self.socket, 'reload', program='srsctl')
        self.assertEqual(done.returncode, 1)
        self.assertIn('max-age', done.stderr)
        done = run('-s', self.socket, 'reload', '--json', program='srsctl')
        self.assertEqual(done.returncode, 1)
        reason = json.loads(done.stdout)['error']
        self.assertEqual(done.stderr, 'srsctl: %s\n' % reason)
        self.assertRegex(run('-s', self.socket, 'status', program='srsctl').stdout,
                         r'(?m)^reload      .*, refused: %s$' % re.escape(reason))

    def test_srsctl_without_a_daemon(self):
        done = run('-s', self.daemon.path('none'), 'reload', program='srsctl')
        self.assertEqual(done.returncode, 3)
        self.assertIn('cannot connect to the control socket unix:%s: No such file or '
                      'directory (is srsd running?)' % self.daemon.path('none'), done.stderr)

    def test_srsctl_of_a_stranger(self):
        """Without permission the error does not suggest that srsd is not running."""
        os.chmod(self.socket, 0)
        done = run('-s', self.socket, 'status', program='srsctl')
        self.assertEqual(done.returncode, 3)
        self.assertIn("Permission denied (only root and the daemon's user may connect)", done.stderr)

    def test_domains_file_is_watched(self):
        path = self.daemon.folder.file('domains', 'one.test\n')
        self.reload(domains_file=path, domains_file_watch=True)
        with self.daemon.forward_client() as client:
            self.assertEqual(client.get('a@one.test'), '500 local domain')
            mark = self.daemon.log_mark()
            self.daemon.folder.file('domains', 'two.test\n')
            self.daemon.wait_log(' reloaded ', mark)
            self.assertEqual(client.get('a@two.test'), '500 local domain')
            mark = self.daemon.log_mark()
            os.rename(self.daemon.folder.file('next', 'three.test\n'), path)
            self.daemon.wait_log(' reloaded ', mark)
            self.assertEqual(client.get('a@three.test'), '500 local domain')

    def test_service_manager_is_told(self):
        self.reload(max_age=7)
        self.daemon.stop()
        said = [line for line in self.daemon.said if 'USEC' not in line]
        self.assertEqual(said, ['RELOADING=1', 'READY=1', 'STOPPING=1'])


@unittest.skipUnless(is_root() and run_quietly('unshare', '--mount', 'true'),
                     'needs root and a mount namespace')
class ResolvConf(unittest.TestCase):
    """The daemon has an /etc of its own. Its nameservers are on port 53 of unusual addresses."""

    SERVERS = ['127.83.18.%d' % n for n in range(1, 6)]

    def setUp(self):
        self.daemon = Daemon(spf={'lookup-time': 3}, as_root=True)
        self.addCleanup(self.daemon.folder.remove)
        self.control = self.daemon.enable_control()
        self.daemon.options['nameservers'] = []
        self.etc = self.daemon.folder.subfolder('etc')
        subprocess.run(['cp', '-a', '/etc/.', self.etc], check=True)
        os.unlink(self.path('resolv.conf'))
        self.write(self.SERVERS[0])
        self.daemon.prefix = ['unshare', '--mount', 'sh', '-c',
                              'mount --bind "$0" /etc && exec "$@"', self.etc]
        self.daemon.start()
        self.addCleanup(self.daemon.stop)

    def path(self, name):
        return os.path.join(self.etc, name)

    def write(self, *servers, name='resolv.conf'):
        with open(self.path(name), 'w', encoding='ascii') as file:
            file.write(''.join('nameserver %s\n' % server for server in servers))

    def servers(self):
        done = run('-s', self.control, 'status', '--json', program='srsctl')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return json.loads(done.stdout)['nameservers']

    def wait_change(self, change, *servers):
        mark = self.daemon.log_mark()
        change()
        self.daemon.wait_log(r'dns: /etc/resolv.conf has changed: the nameservers are ' +
                             re.escape(', '.join(servers)) + '$', mark)
        self.assertEqual(self.servers()['servers'], list(servers))

    def replace(self, server):
        self.write(server, name='new')
        os.rename(self.path('new'), self.path('resolv.conf'))

    def lead_to(self, target):
        os.symlink(target, self.path('new'))
        os.rename(self.path('new'), self.path('resolv.conf'))

    def test_changes(self):
        """Written in place, renamed, and with links as those of systemd-resolved."""
        a, b, c, d, e = self.SERVERS
        self.assertEqual(self.servers()['from'], 'resolv.conf')
        self.assertEqual(self.servers()['servers'], [a])
        self.wait_change(lambda: self.write(b, a), b, a)
        self.wait_change(lambda: self.replace(c), c)
        os.mkdir(self.path('resolved'))
        self.write(d, name='resolved/stub')
        self.wait_change(lambda: self.lead_to('resolved/stub'), d)
        self.wait_change(lambda: self.write(e, name='resolved/stub'), e)
        self.assertEqual(self.daemon.log_matches('reloaded'), [])

    def test_engine_that_dies(self):
        """The next one knows the new nameservers."""
        self.wait_change(lambda: self.replace(self.SERVERS[1]), self.SERVERS[1])
        engine = engine_of(self.daemon)
        os.kill(engine, signal.SIGKILL)
        self.daemon.child('engine', other_than=engine)
        self.daemon.wait_log('is ready')
        self.assertEqual(self.servers()['servers'], [self.SERVERS[1]])

    def test_no_nameserver(self):
        self.write()
        self.daemon.wait_log('/etc/resolv.conf has no nameserver, keeping the old ones')
        self.assertEqual(self.servers()['servers'], [self.SERVERS[0]])
        mark = self.daemon.log_mark()
        self.lead_to('resolv.conf')
        self.daemon.wait_log('/etc/resolv.conf: Too many levels of symbolic links$', mark)
        self.daemon.wait_log('/etc/resolv.conf has no nameserver, keeping the old ones', mark)
        self.assertEqual(self.servers()['servers'], [self.SERVERS[0]])
        self.assertEqual(self.daemon.log_matches('root servers'), [])
        self.reload()
        self.assertEqual(len(self.daemon.log_matches('no nameserver, using the root servers')), 1)
        self.assertEqual(self.servers()['servers'], [])

    def test_pending_checks(self):
        """A check goes on, although its first nameserver was silent; the next one is answered."""
        try:
            dns = DnsServer(ZONE, host=self.SERVERS[1], port=53).start()
        except OSError as error:
            self.skipTest('%s port 53: %s' % (self.SERVERS[1], error.strerror))
        self.addCleanup(dns.stop)
        with self.daemon.policy_client() as waiting, self.daemon.policy_client() as client:
            waiting.send(policy_request(sender='a@pass.test'))
            self.wait_change(lambda: self.write(self.SERVERS[1]), self.SERVERS[1])
            self.assertRegex(client.ask(sender='b@pass.test'), 'Received-SPF: Pass ')
            self.assertRegex(waiting.action(), '^PREPEND Received-SPF: ')

    def test_nameservers_configured(self):
        """Then the file has no effect, and is watched again when the option is removed."""
        a, b, c = self.SERVERS[:3]
        self.daemon.options['nameservers'] = [b]
        self.reload()
        self.assertEqual(self.servers()['from'], 'nameservers')
        self.write(c)
        self.daemon.options['nameservers'] = []
        self.reload()
        self.assertEqual(self.servers()['servers'], [c])
        self.assertEqual(self.daemon.log_matches('has changed'), [])
        self.wait_change(lambda: self.write(a), a)

    def test_change_before_the_watch(self):
        """After the monitor has read the file, and before the engine has accepted the reload."""
        a, b, c = self.SERVERS[:3]
        self.daemon.options['nameservers'] = [b]
        self.reload()
        self.daemon.options['nameservers'] = []
        self.daemon.write_config()
        engine = engine_of(self.daemon)
        os.kill(engine, signal.SIGSTOP)
        try:
            self.daemon.signal(signal.SIGHUP)
            self.daemon.wait_said('RELOADING=1', count=2)
            self.wait_monitor_asleep()
            self.wait_change(lambda: (self.write(c), os.kill(engine, signal.SIGCONT)), c)
        finally:
            os.kill(engine, signal.SIGCONT)

    def wait_monitor_asleep(self):
        """Until it has read the files, and waits for the engine."""
        while True:
            with open('/proc/%d/stat' % self.daemon.process.pid, encoding='ascii') as file:
                if file.read().rpartition(')')[2].split()[0] == 'S':
                    return

    def reload(self):
        mark = self.daemon.log_mark()
        self.daemon.write_config()
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(' reloaded ', mark)


class Death(DaemonCase):
    def setUp(self):
        self.daemon = self.enter(Daemon())

    def assert_serves(self):
        with self.daemon.forward_client() as client:
            self.assertRegex(client.get('a@origin.test'), '^200 ')

    def test_killed(self):
        engine = engine_of(self.daemon)
        os.kill(engine, signal.SIGKILL)
        self.assert_serves()
        self.daemon.wait_log(r'engine %d: killed by signal 9 \(Killed\) after \d+ ms' % engine)
        self.assertNotEqual(engine_of(self.daemon), engine)

    def test_clients_wait_in_the_backlog(self):
        os.kill(engine_of(self.daemon), signal.SIGSTOP)
        with self.daemon.forward_client() as client:
            client.send(b'get a@origin.test\n')
            os.kill(engine_of(self.daemon), signal.SIGKILL)
            # It was in the queue of the socket, which the monitor has open, too.
            self.assertRegex(client.reply(), '^200 ')

    def test_again_and_again(self):
        """Each pause is longer, and in the end it serves again."""
        for _ in range(4):
            mark = self.daemon.log_mark()
            os.kill(engine_of(self.daemon), signal.SIGKILL)
            self.daemon.wait_log('engine .* is ready', mark)
        self.daemon.wait_log('engine exited immediately; the next one starts in 100 ms')
        self.daemon.wait_log('engine exited immediately; the next one starts in 200 ms')
        self.assert_serves()

    def test_ended_by_a_stranger(self):
        mark = self.daemon.log_mark()
        os.kill(engine_of(self.daemon), signal.SIGTERM)
        self.daemon.wait_log('engine .*: ended with status 0', mark)
        self.daemon.wait_log('engine .* is ready', mark)
        self.assert_serves()

    def test_silent(self):
        mark = self.daemon.log_mark()
        os.kill(engine_of(self.daemon), signal.SIGSTOP)
        self.daemon.wait_log('silent for 10 seconds', mark)
        self.daemon.wait_log('engine .* is ready', mark)
        self.assert_serves()

    @unittest.skipUnless(shutil.which('strace'), 'strace is not installed')
    @unittest.mock.patch.dict(os.environ, ASAN_OPTIONS='detect_leaks=0')    # it would trace, too
    def test_slow_start(self):
        """As on a machine that boots: an engine may be silent for longer before it is ready."""
        daemon = Daemon()
        # The event loop of the engine begins 11 seconds late. The monitor has none.
        daemon.prefix = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=epoll_create1',
                         '-e', 'inject=epoll_create1:delay_enter=11000000:when=1']
        daemon.start()
        self.addCleanup(daemon.stop)
        self.assertEqual(daemon.log_matches('silent|not ready|killed'), [])

    def test_monitor_is_killed(self):
        daemon = Daemon().start()
        self.addCleanup(daemon.folder.remove)
        engine = os.pidfd_open(engine_of(daemon))
        self.addCleanup(os.close, engine)
        daemon.process.kill()
        daemon.wait_log('monitor: gone; stopping')
        self.assertEqual(select.select([engine], [], [], 60)[0], [engine])
        daemon.wait()

    def test_stop_with_a_stopped_engine(self):
        daemon = self.enter(Daemon({'stop-timeout': 1}))
        os.kill(engine_of(daemon), signal.SIGSTOP)
        daemon.stop()
        self.assertTrue(daemon.log_matches('did not stop in time'))


def disconnect(sock):
    """connect(2) with AF_UNSPEC: a TCP socket stops listening."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(sock.fileno(), b'\0' * 16, 16) == -1:
        raise OSError(ctypes.get_errno(), 'connect')


def can_reconnect():
    """Does this kernel connect a socket that has listened? Linux 6.18.44 does not."""
    with socket.create_server(('127.0.0.1', 0)) as other, \
            socket.create_server(('127.0.0.1', 0)) as sock:
        disconnect(sock)
        return sock.connect_ex(other.getsockname()) == 0


class Damage(DaemonCase):
    """Changes by a hostile engine to the sockets that it shares with the monitor.

    The sockets are borrowed from the engine; the same calls from within it are violations of the
    sandbox, as far as a sandbox can tell them apart (tests/unit/test_sandbox.c).
    """

    def setUp(self):
        self.daemon = Daemon()
        self.policy = os.path.join(self.daemon.folder.subfolder('policy', self.daemon.user),
                                   'socket')
        self.daemon.options['policy'] = ['unix:' + self.policy]
        self.enter(self.daemon)

    def shared(self, address):
        """The listening socket of that address."""
        engine = engine_of(self.daemon)
        for name in os.listdir('/proc/%d/fd' % engine):
            if not os.readlink('/proc/%d/fd/%s' % (engine, name)).startswith('socket:'):
                continue
            sock = self.enter(socket.socket(fileno=borrow_descriptor(engine, int(name))))
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) and \
                    sock.getsockname() == address:
                return sock
        raise AssertionError('no socket of %s' % (address,))

    def assert_healed(self, mark):
        """By another engine, without a restart or a reload."""
        self.daemon.wait_log('disabled a shared listening socket|accept: Invalid argument', mark)
        self.daemon.wait_log('was disabled by the engine and reopened', mark)
        self.daemon.wait_log('engine .* is ready', mark)
        with self.daemon.forward_client() as client:
            self.assertRegex(client.get('a@origin.test'), '^200 ')
        with self.daemon.reverse_client() as client:
            self.assertRegex(client.get('a@origin.test'), '^500 ')
        with PolicyClient(self.policy) as client:
            self.assertEqual(client.ask(sasl_username='jane'), 'DUNNO')

    def test_shutdown(self):
        mark = self.daemon.log_mark()
        self.shared(self.daemon.addresses['forward']).shutdown(socket.SHUT_RDWR)
        self.assert_healed(mark)

    def test_shutdown_of_a_unix_socket(self):
        mark = self.daemon.log_mark()
        self.shared(self.policy).shutdown(socket.SHUT_RDWR)
        self.assert_healed(mark)

    def test_disconnected(self):
        mark = self.daemon.log_mark()
        disconnect(self.shared(self.daemon.addresses['reverse']))
        self.assert_healed(mark)

    @unittest.skipUnless(can_reconnect(), 'this kernel does not connect a former listener')
    def test_connected_elsewhere(self):
        """It disables the listener of its own successor."""
        mark = self.daemon.log_mark()
        engine = engine_of(self.daemon)
        with socket.create_server(('127.0.0.1', 0)) as other:
            sock = self.shared(self.daemon.addresses['reverse'])
            os.kill(engine, signal.SIGSTOP)     # or it may find the socket disconnected before
            disconnect(sock)
            try:
                sock.connect(other.getsockname())
            except BlockingIOError:
                pass
            os.kill(engine, signal.SIGCONT)
            self.assert_healed(mark)

    def test_reload(self):
        """A reload does not accept a disabled socket, either."""
        mark = self.daemon.log_mark()
        engine = engine_of(self.daemon)
        os.kill(engine, signal.SIGSTOP)
        disconnect(self.shared(self.daemon.addresses['forward']))
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log('disabled a shared listening socket', mark)
        self.daemon.wait_log(' reloaded .* listeners=3', mark)
        self.assert_healed(mark)

    def test_flags_and_filters(self):
        """Changes that the sandbox prevents can be undone as well."""
        forward = self.shared(self.daemon.addresses['forward'])
        reverse = self.shared(self.daemon.addresses['reverse'])
        forward.setblocking(True)
        fcntl.fcntl(forward, fcntl.F_SETOWN, os.getpid())
        drop = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))     # BPF: return 0
        program = struct.pack('HP', 1, ctypes.addressof(drop))
        for sock in forward, reverse:
            sock.setsockopt(socket.SOL_SOCKET, 26, program)     # SO_ATTACH_FILTER
        reverse.setsockopt(socket.SOL_SOCKET, 44, 1)            # SO_LOCK_FILTER
        mark = self.daemon.log_mark()
        os.kill(engine_of(self.daemon), signal.SIGKILL)
        self.daemon.wait_log('engine .* is ready', mark)
        self.assertTrue(fcntl.fcntl(forward, fcntl.F_GETFL) & os.O_NONBLOCK)
        self.assertEqual(fcntl.fcntl(forward, fcntl.F_GETOWN), 0)
        for client, code in ((self.forward(), '^200 '), (self.reverse(), '^500 ')):
            self.assertRegex(client.get('a@origin.test'), code)

    def test_options(self):
        """Changes that the sandbox must allow for libunbound and for the Redis backend."""
        sock = self.shared(self.daemon.addresses['forward'])
        with socket.socket() as fresh:
            usual = fresh.getsockopt(socket.IPPROTO_IP, 10)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        sock.setsockopt(socket.IPPROTO_IP, 10, 3)       # IP_MTU_DISCOVER
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        mark = self.daemon.log_mark()
        os.kill(engine_of(self.daemon), signal.SIGKILL)
        self.daemon.wait_log('engine .* is ready', mark)
        self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR), 1)
        self.assertEqual(sock.getsockopt(socket.IPPROTO_IP, 10), usual)
        self.assertEqual(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 0)


class PidFile(DaemonCase):
    def test_is_none_of_the_engines_business(self):
        daemon = Daemon()
        folder = daemon.folder.subfolder('run', daemon.user)
        daemon.options['pid-file'] = os.path.join(folder, 'srsd.pid')
        self.enter(daemon)
        engine = engine_of(daemon)
        names = [os.readlink('/proc/%d/fd/%s' % (engine, fd))
                 for fd in os.listdir('/proc/%d/fd' % engine)]
        self.assertNotIn(daemon.options['pid-file'], names)


class Handed(unittest.TestCase):
    """Sockets of a service manager."""

    def start(self, names, sockets):
        """The daemon with listening sockets at 3 and following."""
        daemon = Daemon()
        daemon.hand_over(names, sockets)
        return daemon

    @staticmethod
    def listening():
        sock = socket.socket()
        sock.bind(('127.0.0.1', 0))
        sock.listen()
        return sock

    def test_taken(self):
        forward, policy = self.listening(), self.listening()
        self.addCleanup(forward.close)
        self.addCleanup(policy.close)
        daemon = self.start('forward:policy', [forward, policy])
        with daemon:
            with MapClient(forward.getsockname()) as client:
                self.assertRegex(client.get('a@origin.test'), '^200 ')
            with PolicyClient(policy.getsockname()) as client:
                self.assertRegex(client.ask(sasl_username='jane'), '^DUNNO')
            with self.assertRaises(ConnectionRefusedError):
                MapClient(daemon.addresses['forward']).close()
            with daemon.reverse_client() as client:
                self.assertEqual(client.get('a@x.test'), '500 not an SRS address')
            mark = daemon.log_mark()
            daemon.signal(signal.SIGHUP)
            daemon.wait_log(' reloaded ', mark)
            with MapClient(forward.getsockname()) as client:
                self.assertRegex(client.get('a@origin.test'), '^200 ')

    def test_closed_by_the_engine(self):
        """One whose port the kernel chose gets the same port again."""
        forward = self.listening()
        self.addCleanup(forward.close)
        address = forward.getsockname()
        with self.start('forward', [forward]) as daemon:
            mark = daemon.log_mark()
            disconnect(forward)
            daemon.wait_log('LISTEN_FDS was disabled by the engine and reopened', mark)
            with MapClient(address) as client:
                self.assertRegex(client.get('a@origin.test'), '^200 ')

    def test_restart_refuses_nothing(self):
        """Between two daemons, clients wait in the queue of the socket."""
        forward = self.listening()
        self.addCleanup(forward.close)
        with self.start('forward', [forward]):
            pass
        with MapClient(forward.getsockname()) as client:
            client.send(b'get a@origin.test\n')
            with self.start('forward', [forward]):
                self.assertRegex(client.reply(), '^200 ')

    def test_bad_names(self):
        sock = self.listening()
        self.addCleanup(sock.close)
        for names in 'nonsense', '', 'forward ':
            with self.subTest(names):
                daemon = self.start(names, [sock])
                with self.assertRaises(AssertionError) as caught:
                    daemon.start()
                self.assertIn('LISTEN_FDNAMES', str(caught.exception))


class Watchdog(unittest.TestCase):
    def test_fed(self):
        daemon = Daemon()
        daemon.environment = {'WATCHDOG_USEC': '100000'}
        with daemon:
            daemon.wait_said('WATCHDOG=1', 3)


class Locked(DaemonCase):
    """The state of the engine in /proc."""

    def setUp(self):
        self.daemon = self.enter(Daemon(as_root=True))
        self.status = process_status(engine_of(self.daemon))

    def test_no_new_privileges(self):
        self.assertEqual(self.status['NoNewPrivs'], '1')

    def test_sandbox(self):
        with open(binary(), 'rb') as file:
            if b'__asan_init' in file.read():
                self.skipTest('built with sanitizers')
        self.assertEqual(self.status['Seccomp'], '2')
        # The daemon's user cannot read it, either.
        self.assertEqual(os.stat('/proc/%d/environ' % engine_of(self.daemon)).st_uid, 0)

    def test_standard_files(self):
        """Changed flags of the engine's log do not affect the monitor's."""
        if not is_root():
            self.skipTest('needs root')
        engine, monitor = engine_of(self.daemon), self.daemon.process.pid

        def flags(pid, descriptor):
            with open('/proc/%d/fdinfo/%d' % (pid, descriptor), encoding='ascii') as file:
                return [line for line in file if line.startswith('flags')]

        before = flags(monitor, 2)
        log = borrow_descriptor(engine, 2)
        self.addCleanup(os.close, log)
        fcntl.fcntl(log, fcntl.F_SETFL, fcntl.fcntl(log, fcntl.F_GETFL) ^ os.O_NONBLOCK)
        self.assertEqual(flags(monitor, 2), before)
        for descriptor in 0, 1:
            self.assertEqual(os.readlink('/proc/%d/fd/%d' % (engine, descriptor)), '/dev/null')

    def test_user(self):
        if not is_root():
            self.skipTest('needs root')
        self.assertNotIn('0', self.status['Uid'].split())
        self.assertNotIn('0', self.status['Gid'].split())
        monitor = process_status(self.daemon.process.pid)
        self.assertEqual(monitor['Uid'].split(), ['0'] * 4)


if __name__ == '__main__':
    tap.main()
