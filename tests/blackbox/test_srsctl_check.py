#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl check: one right installation, and many wrong ones that it must distinguish.

Only the configuration of Postfix is read, from private directories; none of its daemons run.
"""

import grp
import hmac
import json
import os
import pwd
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import build, findings, netns, postfix, tap
from harness.ctl import FakeControl, assert_wrong_usage
from harness.daemon import (SECRET, Daemon, Folder, free_port, has_hiredis, has_sqlite, is_root,
                            mounted, reachable_binary, render, run, without_mounts)
from harness.dns_server import SERVFAIL, SILENT, DnsServer

ADDRESS = '192.0.2.10'
ZONE = {
    'srs.test': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'mx.srs.test': {'A': [ADDRESS]},
    # Other domains for srs-domain, each wrong in its way.
    'nomx.test': {'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'amx.test': {'A': [ADDRESS], 'TXT': ['v=spf1 a -all']},
    'nullmx.test': {'MX': [(0, '.')], 'A': [ADDRESS], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'elsewhere.test': {'MX': [(10, 'mx.elsewhere.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'mx.elsewhere.test': {'A': ['198.51.100.7']},
    'nospf.test': {'MX': [(10, 'MX.srs.test')]},
    'spffail.test': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:198.51.100.7 -all']},
    'permerror.test': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:nonsense -all']},
    'broken.test': SERVFAIL,
    'silent.test': SILENT,
    # Domains of ours around srs-domain, and their DMARC records.
    'srs.relaxed.test': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    '_dmarc.relaxed.test': {'TXT': ['not a record', 'v=DMARC1; p=reject; aspfx=s; adkim=s; aspf']},
    'srs.strict.test': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    '_dmarc.strict.test': {'TXT': ['v=DMARC1;p=none ; ASPF = S;']},
    '_dmarc.own.strict.test': {'TXT': ['v=DMARC1; p=reject; aspf=r']},
    'main.test': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    '_dmarc.main.test': {'TXT': ['v=DMARC1; p=reject; aspf=s']},
    'our.test': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'apart.example': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'apart-nomx.example': {'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'apart-nospf.example': {'MX': [(10, 'mx.srs.test')]},
    'six.test': {'MX': [(10, 'mx.six.test')],
                 'TXT': ['v=spf1 ip4:192.0.2.10 ip6:2001:db8::/64 -all']},
    'mx.six.test': {'AAAA': ['2001:db8::25']},
    # Candidates of per-domain.
    'srs.alias.test': {'CNAME': ['srs.test']},
    'srs.ours.test': {'MX': [(10, 'MX.srs.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'srs.soft.test': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:198.51.100.7 ~all']},
    'srs.vary.test': {'MX': [(10, 'mx.srs.test')],
                      'TXT': ['v=spf1 exists:%{l}.vary.test ip4:192.0.2.10 -all']},
    'srs.away.test': {'MX': [(10, 'mx.srs.test'), (20, 'mx.elsewhere.test')],
                      'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'srs.dot.test': {'MX': [(0, '.')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'srs.bare.test': {'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'srs.broken.test': SERVFAIL,
    'srs.silent.test': SILENT,
    'same.test': {'MX': [(10, 'mx.srs.test')], 'TXT': ['v=spf1 ip4:198.51.100.7 -all']},
    'same-away.test': {'MX': [(10, 'mx.elsewhere.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
}
MASTER = 'smtp inet n - n - - smtpd\n'
SPAWN = 'policyd-spf unix - n n - 0 spawn user=nobody argv=%s\n'


def date(days):
    """So many days from today, in UTC, as hash-accept-compatible takes it."""
    return time.strftime('%Y-%m-%d', time.gmtime(time.time() + days * 86400))


def postfix_is_missing():
    return shutil.which('postconf', path='/usr/sbin:/usr/local/sbin:/usr/bin') is None


class Base(unittest.TestCase):
    @classmethod
    def options(cls, daemon):
        """Changes of the daemon's options, before its start."""

    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer(ZONE).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.daemon = Daemon({'domains': ['our.test', 'mx.our.test', 'localhost']}, dns=cls.dns)
        cls.options(cls.daemon)
        cls.queue = cls.daemon.folder.subfolder('queue', cls.daemon.user)
        private = cls.daemon.folder.subfolder('queue/private', cls.daemon.user)
        cls.socket = os.path.join(private, 'srsd')
        cls.daemon.options['policy'] += ['unix:' + cls.socket]
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.__exit__, None)

    def setUp(self):
        self.folders = iter(range(1000))

    # -- files

    def config(self, **options):
        """The daemon's configuration with some options changed; underscores stand for hyphens."""
        changed = {name.replace('_', '-'): value for name, value in options.items()}
        return self.daemon.folder.file(
            'other.conf', render({**self.daemon.options, **changed}))

    def right(self):
        ports = self.daemon.ports
        return {
            'compatibility_level': '3.6',
            'queue_directory': self.queue,
            'myhostname': 'mx.our.test',
            'mydestination': 'our.test',
            'sender_canonical_maps': 'tcp:127.0.0.1:%d' % ports['forward'],
            'sender_canonical_classes': 'envelope_sender',
            'recipient_canonical_maps': 'tcp:127.0.0.1:%d' % ports['reverse'],
            'recipient_canonical_classes': 'envelope_recipient',
            'virtual_alias_domains': 'srs.test',
            'virtual_alias_maps': 'inline:{postmaster@srs.test=postmaster@our.test}',
            'local_recipient_maps': 'inline:{postmaster=x}',
            'alias_maps': '',
            'smtpd_sender_restrictions': 'reject_non_fqdn_sender',
            'smtpd_recipient_restrictions': 'permit_mynetworks, reject_unauth_destination, '
                                            'check_policy_service inet:127.0.0.1:%d'
                                            % ports['policy'],
        }

    @staticmethod
    def own(domain):
        """Settings of a Postfix that accepts mail for another SRS domain."""
        return {'virtual_alias_domains': domain,
                'virtual_alias_maps': 'inline:{postmaster@%s=postmaster@our.test}' % domain}

    def postfix(self, main=None, master=MASTER):
        """A directory with a configuration; None leaves a setting at Postfix's default."""
        folder = self.daemon.folder.subfolder('postfix-%s-%d' % (self.id(), next(self.folders)))
        settings = {**self.right(), **(main or {})}
        name = os.path.relpath(folder, self.daemon.folder.path)
        self.daemon.folder.file(name + '/main.cf', ''.join(
            '%s = %s\n' % item for item in settings.items() if item[1] is not None))
        self.daemon.folder.file(name + '/master.cf', master)
        for file in 'main.cf', 'master.cf':     # Postfix waits with a file that is a second old
            os.utime(os.path.join(folder, file), (1700000000, 1700000000))
        return folder

    # -- runs

    def check(self, *arguments, config=None, postfix=None, user=True, prefix=()):
        """-> (exit status, lines)"""
        if postfix is None:
            postfix = self.postfix() if not postfix_is_missing() else '/nowhere'
        done = run('-f', config or self.daemon.config, 'check', '--postfix', postfix, *arguments,
                   program='srsctl', user=user, prefix=prefix)
        self.assertEqual(done.stderr, '')
        lines = findings.join(done.stdout)
        for line in lines:
            self.assertRegex(line, r'\A(ok: .+|(warning|error|skipped): .+: .+)\Z')
        self.assertNotIn(SECRET, done.stdout)
        return done.returncode, lines

    @staticmethod
    def check_by_topic(config):
        """The same without Postfix, in the order of the checks."""
        done = run('-f', config, 'check', '--json', '--postfix', '/nowhere', program='srsctl')
        return done.returncode, [
            ': '.join(filter(None, (found['level'], found['what'], found['remedy'])))
            for found in json.loads(done.stdout)['findings']]

    def finds(self, pattern, *arguments, errors=1, **more):
        """A line that matches, and so many errors and warnings in all."""
        status, lines = self.check('--address', ADDRESS, *arguments, **more)
        bad = [line for line in lines if line.startswith(('error', 'warning'))]
        self.assertTrue(any(re.search(pattern, line) for line in lines), '\n'.join(lines))
        self.assertEqual(len(bad), errors, '\n'.join(lines))
        self.assertEqual(status, 1 if any(line.startswith('error') for line in bad) else 0)
        return lines


class Installation(Base):
    """Configuration, files and daemon; Postfix may be missing."""

    def setUp(self):
        super().setUp()
        if postfix_is_missing():
            self.skipTest('postfix is not installed')

    def test_right(self):
        status, lines = self.check('--address', ADDRESS)
        port = self.daemon.ports
        sockets = ['ok: user postfix can connect to policy unix:' + self.socket,
                   'skipped: policy unix:%s as user postfix: only root can test it' % self.socket]
        self.assertIn([line for line in lines if self.socket in line and 'accepts' not in line],
                      [sockets[:1], sockets[1:]])
        self.assertEqual([line for line in lines if line not in sockets], [
            'ok: configuration ' + self.daemon.config,
            'ok: secrets-file %s: 1 secret' % self.daemon.options['secrets-file'],
            'ok: domains: 4 own domains',
            'ok: clock',
            'ok: hash-format compatible: a hash is valid for more than one address. Unless '
            'postsrsd or Mail::SRS shares the secrets, run srsctl secret new and set '
            'hash-format = "separated", hash-accept-compatible = "%s"' % date(22),
            'ok: forward inet:127.0.0.1:%d answers and signs with the first secret of '
            'secrets-file' % port['forward'],
            'ok: reverse inet:127.0.0.1:%d restores the sender of a new SRS address'
            % port['reverse'],
            'ok: policy inet:127.0.0.1:%d accepts a bounce to a new SRS address'
            % port['policy'],
            'ok: policy unix:%s accepts a bounce to a new SRS address' % self.socket,
            'ok: sender_canonical_maps names forward',
            'ok: sender_canonical_classes',
            'ok: recipient_canonical_maps names reverse',
            'ok: recipient_canonical_classes',
            'ok: smtpd smtp asks the policy service after reject_unauth_destination',
            'ok: srs-domain srs.test is accepted: it is in virtual_alias_domains',
            'ok: domains lists every domain that Postfix considers its own',
            'ok: MX of srs.test leads to this host: 192.0.2.10',
            'ok: SPF of srs.test for 192.0.2.10: pass',
            'ok: the DNS answers srsctl; the daemon may use other nameservers, and cannot be asked '
            'because control is "none"'])
        self.assertEqual(status, 0)

    def test_right_a_hundred_times(self):
        """A monitor asks each minute: the limit of uses of one address must not stop it."""
        with Daemon(spf={'srs-daily-limit': 2}, dns=self.dns) as daemon:
            for _ in range(4):
                done = run('-f', daemon.config, 'check', '--postfix', '/nowhere',
                           program='srsctl')
                self.assertRegex(done.stdout, 'ok: policy .* accepts a bounce')

    def test_json(self):
        done = run('-f', self.daemon.config, 'check', '--json', '--address', ADDRESS, '--postfix',
                   self.postfix({'sender_canonical_maps': ''}), program='srsctl')
        report = json.loads(done.stdout)
        self.assertEqual((report['errors'], report['warnings'], done.returncode), (1, 0, 1))
        self.assertIn({
            'level': 'error', 'what': 'sender_canonical_maps does not name forward',
            'remedy': "postconf -e 'sender_canonical_maps = tcp:127.0.0.1:%d'"
                      % self.daemon.ports['forward']}, report['findings'])
        self.assertIn({'level': 'ok', 'what': 'clock', 'remedy': ''}, report['findings'])

    def test_output(self):
        """The most severe findings are last, remedies have lines of their own."""
        postfix = self.postfix({'sender_canonical_maps': ''})
        arguments = ['-f', self.config(spf={'test-only': True}), 'check', '--address', ADDRESS,
                     '--postfix', postfix]
        done = run(*arguments, program='srsctl', user=False)
        lines = done.stdout.splitlines()
        bad = ['warning: SPF refuses nothing: test-only is set',
               '    remove it from srsd.conf after the tests',
               'error: sender_canonical_maps does not name forward',
               "    postconf -e 'sender_canonical_maps = tcp:127.0.0.1:%d'"
               % self.daemon.ports['forward']]
        self.assertEqual(lines[-5:-1], bad)
        self.assertRegex(lines[-1], r'^1 error, 1 warning, \d+ skipped, \d+ ok$')
        for option in '-q', '--quiet':
            quiet = run(*arguments, option, program='srsctl', user=False).stdout.splitlines()
            self.assertEqual(quiet[-5:], lines[-5:])
            self.assertEqual([line for line in quiet if line.startswith('ok')], [])

    def test_quiet_without_problems(self):
        """cron(8) sends no mail."""
        config = self.config(policy=['inet:127.0.0.1:%d' % self.daemon.ports['policy']])
        done = run('-f', config, 'check', '-q', '--strict', '--address', ADDRESS, '--postfix',
                   self.postfix(), program='srsctl', user=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''))

    def test_strict(self):
        config = self.config(spf={'test-only': True})
        for arguments, status in ((), 0), (('--strict',), 1), (('--strict', '--json'), 1):
            with self.subTest(arguments):
                done = run('-f', config, 'check', '--address', ADDRESS, '--postfix',
                           self.postfix(), *arguments, program='srsctl')
                self.assertEqual(done.returncode, status, done.stdout)

    def test_configuration_does_not_load(self):
        config = self.config(max_age='soon')
        self.assertEqual(self.check(config=config), (1, [
            'skipped: everything else: it needs the configuration',
            "error: configuration: %s: fix it; srsd -n -f %s reports the same error"
            % (self.reason(config), config)]))

    def reason(self, config):
        done = run('-n', '-f', config)
        self.assertEqual(done.returncode, 1)
        return done.stderr.strip().partition('fatal: ')[2]

    def test_no_configuration(self):
        status, lines = self.check(config='/nowhere/srsd.conf')
        self.assertEqual(status, 1)
        self.assertRegex(lines[-1], r'^error: configuration: /nowhere/srsd\.conf: No such file')

    def secrets(self, name, text, mode=0o600):
        return self.config(secrets_file=self.daemon.folder.file(name, text, mode,
                                                                self.daemon.user))

    def test_secrets_that_others_can_read(self):
        self.finds(r'^error: secrets-file .*others may read or change it; chmod 0640 or 0600: it '
                   r'must belong to root with mode 0600',
                   config=self.secrets('open', SECRET + '\n', 0o644))

    def test_no_secrets(self):
        self.finds(r'^error: secrets-file /nowhere: No such file.*srsctl secret new',
                   config=self.config(secrets_file='/nowhere'))

    def test_weak_secret(self):
        self.finds(r'^warning: secrets-file .*: a secret of less than 16 bytes can be guessed: '
                   r'generate a better one with srsctl secret new',
                   config=self.secrets('weak', SECRET + '\nshort\n'))

    def test_secrets_that_are_none(self):
        self.finds(r"^warning: secrets-file .*: line 2: this line with a '#' is a secret, "
                   r'.*can be guessed: generate .* srsctl secret new',
                   config=self.secrets('comment', SECRET + '\n# a comment, as in other files\n'))
        self.finds(r'^warning: secrets-file .*: line 2: this line of blanks is a secret, '
                   r'and can be guessed: generate .* srsctl secret new',
                   config=self.secrets('blanks', SECRET + '\n   \n'))

    def test_invisible_characters_of_secrets(self):
        self.finds('^warning: secrets-file .*: line 2: the blanks at the start or the end of this '
                   'line are part of the secret',
                   config=self.secrets('end', SECRET + '\nanother secret of the tests \n'))
        self.finds('^warning: secrets-file .*: line 2: the byte order mark at the start of this '
                   'line is part of the secret',
                   config=self.secrets('mark', SECRET + '\n\ufeffanother secret of the tests\n'))

    def test_secrets_of_a_stranger(self):
        if not is_root():
            self.skipTest('needs root')
        path = self.secrets('stranger', SECRET + '\n')
        os.chown(self.daemon.path('stranger'), 12345, 0)
        done = run('-f', path, 'check', '--postfix', '/nowhere', program='srsctl', user=False)
        self.assertRegex(done.stdout, r'(?m)^error: secrets-file .*belongs to a user other than '
                                      r'root and the daemon')

    def age(self, days, since_change=0):
        """A secrets file whose only secret was created so many days ago; None: it is unknown."""
        config = self.secrets('aged', SECRET + '\n')
        path, now = self.daemon.path('aged'), time.time()
        os.utime(path, (now - since_change * 86400,) * 2)
        created = '-' if days is None else '%d' % (now - days * 86400)
        fingerprint = run('-f', config, 'secret', 'list', program='srsctl').stdout.split()[1]
        self.daemon.folder.file('aged.history', '%s %s -\n' % (fingerprint, created), 0o600,
                                self.daemon.user)
        return config

    def test_old_secret(self):
        """Its addresses become valid again on the day 1024 days later."""
        said = (r'^warning: secrets-file .*: secret [0-9a-f]{12} is 90[12] days old; what it '
                r'signed becomes valid again after 1024 days: run srsctl secret new, then run '
                r'srsctl secret retire [0-9a-f]{12} when ')
        self.finds(said, config=self.age(901))
        self.finds(said, config=self.age(None, since_change=901))
        for days, since_change in ((899, 0), (10, 2000), (None, 0)):
            with self.subTest('%s %d' % (days, since_change)):
                self.finds('^ok: secrets-file', config=self.age(days, since_change), errors=0)

    def test_secrets_are_not_for_us(self):
        if not is_root():
            self.skipTest('needs root')
        path = self.daemon.folder.file('roots', SECRET + '\n', 0o600)
        lines = self.finds(r'^skipped: secrets-file .*: only root and the daemon can read it$',
                           config=self.config(secrets_file=path), errors=0)
        self.assertTrue(any(re.match('ok: forward .* answers and signs$', line)
                            for line in lines))

    def test_secrets_are_not_for_the_daemon(self):
        """It has read them, and could not do so again: root has replaced the file."""
        if not is_root():
            self.skipTest('needs root')
        group = grp.getgrgid(pwd.getpwnam(self.daemon.user).pw_gid).gr_name
        daemon = Daemon(dns=self.dns)
        daemon.enable_control()
        with daemon:
            path = daemon.options['secrets-file']
            for owner, mode, wrong in ((0, 0o600, True), (pwd.getpwnam(daemon.user).pw_uid, 0o600,
                                                           False)):
                os.chown(path, owner, 0)
                os.chmod(path, mode)
                done = run('-f', daemon.config, 'check', '--postfix', '/nowhere',
                           program='srsctl', user=False)
                self.assertEqual(
                    'error: secrets-file %s: the daemon, which runs as %s, cannot read it again: '
                    'Permission denied: chgrp %s %s && chmod 0640 %s; that user also needs access '
                    'to its directory' % (path, daemon.user, group, path, path)
                    in findings.join(done.stdout), wrong, done.stdout)

    def test_root_reads_the_secrets(self):
        """A daemon that was started as root."""
        if not is_root():
            self.skipTest('needs root')
        daemon = Daemon(dns=self.dns, as_root=True)
        daemon.enable_control()
        with daemon:
            done = run('-f', daemon.config, 'check', '--postfix', '/nowhere', program='srsctl',
                       user=False)
            self.assertNotIn('cannot read', done.stdout)

    def test_daemon_has_older_secrets(self):
        self.finds(r'^error: forward .* signs with an older secret than the first one of '
                   r'secrets-file: .*srsctl reload',
                   config=self.secrets('newer', 'a secret that was made today\n%s\n' % SECRET))

    def test_daemon_has_other_secrets(self):
        self.finds(r'^error: forward .* signs with a secret that is not in secrets-file: .*'
                   r'srsctl reload', config=self.secrets('other', 'a wholly different secret\n'))

    def test_daemon_has_another_srs_domain(self):
        self.finds(r'^error: forward .* creates addresses in srs\.test instead of amx\.test: the '
                   r'daemon uses another configuration: run srsctl reload',
                   config=self.config(srs_domain='amx.test'),
                   postfix=self.postfix(self.own('amx.test')))

    def test_no_daemon(self):
        ports = {name: free_port() for name in ('forward', 'reverse', 'policy')}
        config = self.config(**{name: ['inet:127.0.0.1:%d' % port]
                                for name, port in ports.items()})
        postfix = self.postfix({
            'sender_canonical_maps': 'tcp:localhost:%d' % ports['forward'],
            'recipient_canonical_maps': 'tcp:localhost:%d' % ports['reverse'],
            'smtpd_recipient_restrictions': 'reject_unauth_destination check_policy_service '
                                            'inet:localhost:%d' % ports['policy']})
        lines = self.finds(r'^error: forward .*: Connection refused: start srsd', errors=3,
                           config=config, postfix=postfix)
        self.assertRegex('\n'.join(lines), r'\nerror: reverse .*\nerror: policy ')

    def test_address_of_another_host(self):
        port = free_port()
        self.finds(r'^error: reverse inet:192\.0\.2\.77:%d: .*: this host does not have that '
                   r'address: use one that it has, such as 127\.0\.0\.1$' % port, errors=2,
                   config=self.config(reverse=['inet:192.0.2.77:%d' % port],
                                      clients=['192.0.2.77', '127.0.0.0/8']))

    def test_another_program(self):
        """It has the port of a map, as postsrsd after an update: a reload does not help."""
        for reply in '500 nope', '200 SRS0=x@srs.test', '400 unknown command':
            with self.subTest(reply), socket.create_server(('127.0.0.1', 0)) as server:
                threading.Thread(target=self.answer, args=(server, reply), daemon=True).start()
                lines = self.finds(
                    r'^error: reverse inet:127\.0\.0\.1:(\d+) .*: find the program that listens '
                    r'there with ss -ltnp sport = :\1: if it is this version of srsd, see its log; '
                    r'otherwise stop it, and start srsd$', errors=2, config=self.config(
                        reverse=['inet:127.0.0.1:%d' % server.getsockname()[1]]))
                self.assertRegex('\n'.join(lines), 'error: recipient_canonical_maps does not name')

    def test_another_program_without_a_reply(self):
        """The remedy has a command that finds it, whatever the kind of the endpoint."""
        folder = Folder()
        self.addCleanup(folder.remove)
        path = os.path.join(folder.path, 'other')
        with socket.create_server(('127.0.0.1', 0)) as inet, socket.socket(socket.AF_UNIX) as unix:
            unix.bind(path)
            os.chmod(path, 0o666)
            unix.listen()
            for server in inet, unix:
                threading.Thread(target=self.close_all, args=(server,), daemon=True).start()
            port = 'inet:127.0.0.1:%d' % inet.getsockname()[1]
            # Where an endpoint is wrong for Postfix too, there is another error.
            for option, endpoint, errors in (('reverse', port, 2), ('milter', port, 2),
                                             ('socketmap', 'unix:' + path, 1),
                                             ('milter', 'unix:' + path, 2)):
                with self.subTest(option, endpoint=endpoint):
                    self.check_search(option, endpoint, errors)

    def test_socket_of_others(self):
        """A user that may not connect cannot find out whether srsd listens there."""
        folder = Folder()
        self.addCleanup(folder.remove)
        path = os.path.join(folder.path, 'socket')
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(path)
            os.chmod(path, 0)
            unix.listen()
            self.finds('^error: socketmap unix:%s: Permission denied: run srsctl check as root: '
                       % re.escape(path), config=self.config(socketmap=['unix:' + path]))

    def check_search(self, option, endpoint, errors):
        pattern = (r'^error: %s %s: .*: find the program that listens there with (ss [^:]*:?\d*): '
                   r'if it is this version of srsd, see its log; otherwise stop it, and start '
                   r'srsd$' % (option, re.escape(endpoint)))
        lines = self.finds(pattern, errors=errors, config=self.config(**{option: [endpoint]}))
        command = next(match[1] for match in (re.match(pattern, line) for line in lines) if match)
        if shutil.which('ss'):
            found = subprocess.run(command, shell=True, stdout=subprocess.PIPE, text=True,
                                   stdin=subprocess.DEVNULL, check=True).stdout
            self.assertIn('pid=%d,' % os.getpid(), found)

    @staticmethod
    def close_all(server):
        """Close each connection without a word, until the server is closed."""
        try:
            while True:
                server.accept()[0].close()
        except OSError:
            pass

    @staticmethod
    def answer(server, reply):
        """The same reply to each line but a probe, until the server is closed."""
        try:
            while True:
                client = server.accept()[0]
                with client, client.makefile('rwb') as stream:
                    for line in stream:
                        known = line.startswith(b'get ')
                        stream.write((reply if known else '400 no request').encode() + b'\n')
                        stream.flush()
        except OSError:
            pass

    def test_probes_are_marked(self):
        """In the log. They are no mail, so that they are not among the recent decisions."""
        daemon = Daemon(dns=self.dns)
        daemon.enable_control()
        with daemon:
            run('-f', daemon.config, 'check', '--postfix', '/nowhere', program='srsctl')
            for service in 'forward', 'reverse', 'policy':
                daemon.wait_log('%s .* probe=yes$' % service)
            recent = run('-f', daemon.config, 'recent', program='srsctl')
            self.assertEqual((recent.returncode, recent.stdout), (0, ''), recent.stderr)

    def test_maps_are_mixed_up(self):
        ports = self.daemon.ports
        self.finds(r'^error: forward .* does not rewrite c[0-9a-f.]+@check.invalid; it answers: '
                   r'500 ',
                   config=self.config(forward=['inet:127.0.0.1:%d' % ports['reverse']],
                                      reverse=['inet:127.0.0.1:%d' % ports['forward']]), errors=4)

    def test_domains_file_of_everybody(self):
        path = self.daemon.folder.file('domains', 'our.test\n', 0o666)
        self.finds(r'^error: domains-file .*: all users can change it: chmod o-w ',
                   config=self.config(domains_file=path))

    def test_clock(self):
        config = self.secrets('future', SECRET + '\n')
        later = time.time() + 86400
        os.utime(self.daemon.path('future'), (later, later))
        self.finds(r'^error: the clock is set before the last change of .*: set it and '
                   r'synchronize it with NTP', config=config)

    def test_spf_is_off(self):
        for spf, said in (({'helo-reject': 'no-check', 'mail-from-reject': 'no-check'},
                           'SPF is not checked: helo-reject and mail-from-reject are no-check: '
                           'remove them from srsd.conf'),
                          ({'test-only': True},
                           'SPF refuses nothing: test-only is set: remove it')):
            with self.subTest(said):
                self.finds('^warning: ' + said, config=self.config(spf=spf))
        self.finds('^ok: policy', errors=0, config=self.config(spf={'helo-reject': 'no-check'}))

    def test_spf_refuses_nothing(self):
        never = {'helo-reject': 'false', 'mail-from-reject': 'false'}
        said = '^ok: SPF refuses nothing: helo-reject and mail-from-reject only add the header$'
        for more in ({}, {'helo-reject': 'no-check'}, {'null-sender-reject': 'false'}):
            self.finds(said, errors=0, config=self.config(spf={**never, **more}))
        for more in ({'null-sender-reject': 'fail'}, {'reject-not-pass-domains': ['x.test']},
                     {'mail-from-reject': 'fail'}):
            lines = self.finds('^ok: policy', errors=0, config=self.config(spf={**never, **more}))
            self.assertEqual([line for line in lines if 'refuses nothing' in line], [])

    def test_spf_refuses_only_for_a_section(self):
        """That is meant, and not left over from tests."""
        for spf in ({'helo-reject': 'no-check', 'mail-from-reject': 'no-check'},
                    {'helo-reject': 'false', 'mail-from-reject': 'false'}):
            self.finds('^ok: SPF refuses mail only for recipients that have a section$', errors=0,
                       config=self.config(**{'spf': spf, 'spf "our.test"': {
                           'mail-from-reject': 'fail'}}))

    def test_spf_is_off_for_strangers(self):
        for option in 'skip-addresses', 'whitelist':
            for network in '0.0.0.0/0', '::/0', '192.0.0.0/8':
                with self.subTest(option + network):
                    self.finds('^warning: SPF refuses no mail from strangers: %s contains %s: list '
                               'only your own networks in %s$' % (option, network, option),
                               config=self.config(spf={option: ['127.0.0.0/8', network]}))
            self.finds('^ok: policy', errors=0, config=self.config(
                spf={option: ['10.0.0.0/8', '192.0.2.0/24', '2001:db8::/32']}))

    def test_sections(self):
        off = {'helo-reject': 'no-check', 'mail-from-reject': 'no-check'}
        postfix = self.postfix({'relay_domains': 'a.test, c.test'})
        for sections, said in (
                ({'spf "a.test"': {'test-only': True}},
                 r'SPF refuses nothing: test-only is set in the section spf "a\.test": remove '
                 'test-only from the section after the tests$'),
                ({'spf "a.test"': {'no-mail': True}, 'spf "b@a.test"': {'test-only': True},
                  'spf "c.test"': {'test-only': True}},
                 r'SPF refuses nothing: .* in the section spf "b@a\.test" and in others: '),
                ({'spf "a.test"': off}, r'SPF is not checked: helo-reject and mail-from-reject are '
                 r'no-check in the section spf "a\.test": remove the section'),
                ({'spf': {'helo-reject': 'no-check'}, 'spf "a.test"':
                  {'mail-from-reject': 'no-check'}}, 'SPF is not checked: .* in the section ')):
            with self.subTest(said):
                self.finds('^warning: ' + said, config=self.config(**sections), postfix=postfix)
        self.finds('^warning: SPF refuses nothing: test-only is set: remove', config=self.config(
            **{'spf': {'test-only': True}, 'spf "a.test"': {'no-mail': True}}), postfix=postfix)
        self.finds('^ok: policy', errors=0, config=self.config(
            **{'spf "a.test"': {'mail-from-reject': 'no-check', 'test-only': False}}),
                   postfix=postfix)

    def test_switched_off(self):
        self.finds(r'^skipped: policy: disabled in the configuration', errors=0,
                   config=self.config(policy=[]),
                   postfix=self.postfix({'smtpd_recipient_restrictions': ''}))

    def test_maps_switched_off(self):
        """A backup MX that only verifies has no map of senders, and Postfix's own classes."""
        self.finds('^skipped: forward: disabled in the configuration', errors=0,
                   config=self.config(forward=[]),
                   postfix=self.postfix({'sender_canonical_maps': '',
                                         'sender_canonical_classes': None}))
        self.finds('^skipped: reverse: disabled in the configuration', errors=0,
                   config=self.config(reverse=[]),
                   postfix=self.postfix({'recipient_canonical_maps': '',
                                         'recipient_canonical_classes': None}))


class HashFormat(Base):
    """hash-format, hash-accept-compatible, and the secret that fits to them."""

    def lines(self, history=None, **options):
        """The findings about hashes, with a daemon that has these options."""
        options = {name.replace('_', '-'): value for name, value in options.items()}
        with Daemon({'domains': ['our.test'], **options}, dns=self.dns) as daemon:
            if history is not None:
                fingerprint = hmac.new(SECRET.encode(), b'srsd secret fingerprint', 'sha256')
                daemon.folder.file(os.path.basename(daemon.options['secrets-file']) + '.history',
                                   '%s %d -\n' % (fingerprint.hexdigest()[:12], history))
            _status, lines = self.check_by_topic(daemon.config)
        return [line for line in lines if re.search('hash|first secret of /', line)]

    def test_siblings(self):
        self.assertEqual(self.lines(reverse_domains=['sibling.test']), ['ok: hash-format compatible'])

    def test_compatible_with_a_date(self):
        self.assertEqual(self.lines(hash_accept_compatible=date(22))[:1], [
            'warning: hash-accept-compatible has no effect with hash-format compatible: remove the '
            'line, or set hash-format = "separated"'])

    def test_compatible_again(self):
        self.assertEqual(self.lines(hash_accept_separated=date(22)), [
            'ok: hash-format compatible; separated hashes are accepted until ' + date(22)])
        self.assertEqual(self.lines(hash_format='separated', hash_accept_separated=date(22))[:1], [
            'warning: hash-accept-separated has no effect with hash-format separated: remove the '
            'line, or set hash-format = "compatible"'])

    def test_separated(self):
        made = int(time.time())
        rows = [
            ('none', 'ok: hash-format separated'),
            *((date(days), 'ok: hash-format separated; compatible hashes %s accepted until %s'
               % (verb, date(days)))
              for days, verb in ((22, 'are'), (0, 'are'), (-1, 'were'), (-30, 'were'))),
            (date(-31), 'warning: hash-accept-compatible %s is long past: remove the line'
             % date(-31)),
            (date(23), 'warning: hash-accept-compatible %s is later than bounces in transit require: '
             'hash-accept-compatible = "%s"' % (date(23), date(22))),
        ]
        for day, line in rows:
            with self.subTest(day):
                self.assertEqual(self.lines(history=made - 60 * 86400, hash_format='separated',
                                            hash_accept_compatible=day)[:1], [line])

    def test_old_secret(self):
        """One that was there before the change, by its history, or of unknown age."""
        now = int(time.time())
        old = r'^warning: the first secret of .* is older than hash-format separated.*srsctl secret new'
        rows = [(None, date(22), True), (now - 86400, date(22), True), (now, date(22), False),
                (now - 10 * 86400, date(12), False), (now - 11 * 86400, date(12), True),
                (None, 'none', False)]
        for history, day, found in rows:
            with self.subTest('%s %s' % (history, day)):
                lines = self.lines(history=history, hash_format='separated',
                                   hash_accept_compatible=day)
                self.assertEqual(any(re.search(old, line) for line in lines), found, lines)

    def test_daemon_has_not_changed_yet(self):
        """Right after the change: bounces in transit, unless there is a date for them."""
        wrong = (r'^error: forward .* signs in the compatible format, but hash-format is '
                 r'separated: '
                 r'.*srsctl reload')
        lost = (r'^warning: bounces to addresses that were signed until now will be refused: '
                r'their hashes are compatible: hash-accept-compatible = "%s"$' % date(22))
        for day, warned in ('none', True), (date(-1), True), (date(20), True), (date(21), False):
            with self.subTest(day):
                _, lines = self.check(
                    '--address', ADDRESS,
                    config=self.config(hash_format='separated', hash_accept_compatible=day))
                text = '\n'.join(lines)
                self.assertRegex(text, '(?m)' + wrong)
                self.assertEqual(re.search('(?m)' + lost, text) is not None, warned, text)

    def test_daemon_has_not_changed_back_yet(self):
        with Daemon({'domains': ['our.test'], 'hash-format': 'separated'}, dns=self.dns) as daemon:
            for day, warned in ('none', True), (date(22), False):
                with self.subTest(day):
                    config = daemon.folder.file('back.conf', render({
                        **daemon.options, 'hash-format': 'compatible',
                        'hash-accept-separated': day}))
                    done = run('-f', config, 'check', '--postfix', '/nowhere', program='srsctl')
                    text = '\n'.join(findings.join(done.stdout))
                    self.assertRegex(text,
                                     r'(?m)^error: forward .* signs in the separated format, but '
                                     r'hash-format is compatible: .*srsctl reload')
                    self.assertEqual('their hashes are separated: hash-accept-separated = "%s"'
                                     % date(22) in text, warned, text)


class PostfixBase(Base):
    """Findings about a configuration of Postfix."""

    def setUp(self):
        super().setUp()
        if postfix_is_missing():
            self.skipTest('postfix is not installed')

    def wrong(self, pattern, errors=1, master=MASTER, **main):
        return self.finds(pattern, errors=errors, postfix=self.postfix(main, master))


class Postfix(PostfixBase):
    def policy(self, options=''):
        return 'check_policy_service inet:127.0.0.1:%d%s' % (self.daemon.ports['policy'], options)

    def test_no_folder(self):
        self.finds(r'^error: Postfix: .*No such file.*: fix its configuration, or name its '
                   r'directory with --postfix', postfix='/nowhere')

    def test_no_sender_map(self):
        port = self.daemon.ports['forward']
        for value, kept in (('', ''), ('inline:{a=b}, tcp:127.0.0.1:1, proxy:tcp:198.51.100.1:%d'
                                       % port, 'inline:{a=b}, ')):
            with self.subTest(value):
                self.wrong(r"^error: sender_canonical_maps does not name forward: postconf -e "
                           r"'sender_canonical_maps = %stcp:127.0.0.1:%d'$" % (kept, port),
                           sender_canonical_maps=value)

    def test_listening_everywhere(self):
        """A wildcard is nothing that one connects to, and holds every address."""
        port = self.daemon.ports['forward']
        config = self.config(forward=['inet:*:%d' % port], clients=['127.0.0.0/8', '::1'])
        self.finds(r"'sender_canonical_maps = tcp:127\.0\.0\.1:%d'$" % port, config=config,
                   postfix=self.postfix({'sender_canonical_maps': ''}))
        self.finds('^ok: sender_canonical_maps names forward$', config=config, errors=0)

    def test_no_tcp_table_reaches_a_unix_socket(self):
        self.finds(r'^error: sender_canonical_maps does not name forward: tcp_table\(5\) cannot '
                   r'use a unix socket: give forward an endpoint inet:', errors=2,
                   config=self.config(forward=['unix:' + self.socket], policy=[]),
                   postfix=self.postfix({'sender_canonical_maps': 'unix:' + self.socket}))

    def test_right_sender_maps(self):
        port = self.daemon.ports['forward']
        for value in ('inline:{a=b}, tcp:$srs', 'proxy:tcp:localhost:%d' % port, 'tcp:%d' % port):
            with self.subTest(value):
                self.wrong('^ok: sender_canonical_maps names forward$', errors=0,
                           sender_canonical_maps=value, srs='127.0.0.1:%d' % port)

    def cleanup(self, options='', used=True):
        """master.cf with one more cleanup, for mail that comes by another smtpd."""
        cleanup = ('srs-cleanup unix n - n - 0 cleanup -o sender_canonical_maps=tcp:127.0.0.1:%d %s'
                   % (self.daemon.ports['forward'], options))
        return '%scleanup unix n - n - 0 cleanup\n%s\n127.0.0.1:10026 inet n - n - - smtpd%s\n' % (
            MASTER, cleanup, ' -o cleanup_service_name=srs-cleanup' if used else '')

    def test_sender_maps_of_one_cleanup(self):
        """Where only mail that leaves is rewritten."""
        main = {'sender_canonical_maps': '', 'sender_canonical_classes': None}
        right = '-o sender_canonical_classes=envelope_sender'
        lines = self.wrong('^ok: sender_canonical_maps of srs-cleanup names forward$', errors=0,
                           master=self.cleanup(right), **main)
        self.assertIn('ok: sender_canonical_classes of srs-cleanup', lines)
        self.wrong('^error: sender_canonical_classes of srs-cleanup = .*: From: of each message is '
                   'rewritten as well: sender_canonical_classes = envelope_sender, as -o of that '
                   'service in master.cf', master=self.cleanup(), **main)
        main['sender_canonical_classes'] = 'envelope_sender'
        self.wrong('^error: sender_canonical_maps does not name forward',
                   master=self.cleanup(right, used=False), **main)

    def test_cleanup_that_overrides_the_maps(self):
        """main.cf is right, but the service that receives the mail overrides it."""
        for name, service in (('sender', 'forward'), ('recipient', 'reverse')):
            option = '%s_canonical_maps' % name
            with self.subTest(name):
                self.wrong('^error: %s names %s in main.cf, but -o of cleanup in master.cf '
                           'overrides it: remove -o %s=... from' % (option, service, option),
                           master='%scleanup unix n - n - 0 cleanup -o %s=\n' % (MASTER, option))

    def test_cleanup_of_bounces_has_no_map(self):
        """Another one has it, for mail that does not come from strangers."""
        master = (MASTER + 'cleanup unix n - n - 0 cleanup -o recipient_canonical_maps=\n'
                  'other unix n - n - 0 cleanup\n'
                  '127.0.0.1:10026 inet n - n - - smtpd -o cleanup_service_name=other\n')
        self.wrong('^error: recipient_canonical_maps names reverse in main.cf, but -o of cleanup ',
                   master=master)
        self.wrong('^ok: recipient_canonical_maps names reverse$', errors=0,
                   master=master.replace('other unix', 'cleanup2 unix').replace(
                       'cleanup -o recipient_canonical_maps=', 'cleanup'))

    def test_no_address_mappings(self):
        off = 'no_unknown_recipient_checks,no_address_mappings'
        back = '127.0.0.1:10025 inet n - n - - smtpd -o receive_override_options=%s\n'
        said = '^error: smtpd smtp bypasses the canonical maps: receive_override_options has '
        self.wrong(said, receive_override_options=off)
        self.wrong(said, receive_override_options=off, content_filter='filter:[127.0.0.1]:10024',
                   master=MASTER + back % off)
        for parameter in 'content_filter', 'smtpd_proxy_filter':
            with self.subTest(parameter):
                self.wrong('^ok: sender_canonical_maps names', errors=0,
                           receive_override_options=off,
                           master=MASTER + back % 'no_milters',
                           **{parameter: 'filter:[127.0.0.1]:10024'})

    def test_no_address_mappings_of_a_hop(self):
        """Only the cleanup behind that smtpd has the map."""
        main = {'sender_canonical_maps': ''}
        hop = self.cleanup().rstrip() + ' -o receive_override_options=%s\n'
        self.wrong(r'^error: smtpd 127\.0\.0\.1:10026 bypasses the canonical maps: .* has '
                   'no_address_mappings: remove it', master=hop % 'no_milters,no_address_mappings',
                   **main)
        self.wrong('^ok: sender_canonical_maps of srs-cleanup names forward$', errors=0,
                   master=hop % 'no_milters', **main)

    def test_hop_without_content_filter(self):
        """Mail from it takes default_transport again."""
        master = self.cleanup()
        hop = master.rstrip() + ' -o %s\n'
        loop = (r'^error: smtpd 127\.0\.0\.1:10026 has no content_filter: .* again and again, and '
                'bounces: add -o content_filter=smtp: to that service')
        for main in ({'default_transport': 'smtp:[127.0.0.1]:10026'},
                     {'relayhost': '[127.0.0.1]:10026'}):
            main['sender_canonical_maps'] = ''
            with self.subTest(str(main)):
                self.wrong(loop, master=master, **main)
                self.wrong('^ok: sender_canonical_maps', errors=0,
                           master=hop % 'content_filter=smtp:', **main)
                # access(5) may have FILTER, and another instance of Postfix may listen there.
                self.wrong('^ok: sender_canonical_maps', errors=0, master=hop %
                           'smtpd_client_restrictions=check_client_access,static:{FILTER,smtp:}',
                           **main)
        self.wrong('^ok: sender_canonical_maps', errors=0,
                   default_transport='smtp:[127.0.0.1]:10027')

    def test_relayhost_beside_a_hop(self):
        hop = self.cleanup().rstrip() + ' -o content_filter=%s\n'
        main = {'sender_canonical_maps': '', 'relayhost': '[relay.test]:587',
                'default_transport': 'smtp:[127.0.0.1]:10026'}
        self.wrong(r'^warning: relayhost = \[relay\.test\]:587 is not used: content_filter of smtpd '
                   r'127\.0\.0\.1:10026 sends mail to the hosts of its recipients: set -o '
                   r'content_filter=smtp:\[relay\.test\]:587 for that service',
                   master=hop % 'smtp:', **main)
        for master, changed in ((hop % 'smtp:[relay.test]:587', {}),
                                (hop % 'smtp:', {'default_filter_nexthop': '[relay.test]:587'}),
                                (hop % 'smtp:', {'relayhost': ''})):
            with self.subTest(str(changed)):
                lines = self.wrong('^ok: sender_canonical_maps', errors=0, master=master,
                                   **{**main, **changed})
                self.assertNotIn('relayhost', '\n'.join(lines))

    def test_maps_are_swapped(self):
        ports = self.daemon.ports
        lines = self.wrong(r"^error: sender_canonical_maps names the other map instead of forward: "
                           r"postconf -e 'sender", errors=2,
                           sender_canonical_maps='tcp:127.0.0.1:%d' % ports['reverse'],
                           recipient_canonical_maps='tcp:127.0.0.1:%d' % ports['forward'])
        self.assertRegex('\n'.join(lines), 'error: recipient_canonical_maps names the other map')

    def test_no_recipient_map(self):
        self.wrong(r"^error: recipient_canonical_maps does not name reverse: postconf -e",
                   recipient_canonical_maps='')

    def test_sender_classes(self):
        for value, pattern in (
                (None, 'From: of each message is rewritten as well'),
                ('header_sender', 'envelope senders are not rewritten')):
            with self.subTest(str(value)):
                self.wrong(r"^error: sender_canonical_classes = .*: %s: postconf -e "
                           r"'sender_canonical_classes = envelope_sender'$" % pattern,
                           sender_canonical_classes=value)

    def test_recipient_classes(self):
        remedy = r"postconf -e 'recipient_canonical_classes = envelope_recipient'$"
        self.wrong(r"^error: recipient_canonical_classes = header_recipient: bounces do not "
                   r"reach the sender: " + remedy, recipient_canonical_classes='header_recipient')
        self.wrong('^ok: recipient_canonical_classes$', errors=0,
                   recipient_canonical_classes='envelope_recipient')

    def test_header_recipients(self):
        """Postfix's default contains the class: cleanup(8) then looks up To: and Cc: as well."""
        for value in (None, 'envelope_recipient, header_recipient',
                      'header_recipient envelope_recipient'):
            with self.subTest(str(value)):
                self.wrong(r"^warning: recipient_canonical_classes = .*: one message can test "
                           r"thousands of SRS hashes in To: and Cc:, and srsd does not count them "
                           r"as guesses: "
                           r"postconf -e 'recipient_canonical_classes = envelope_recipient'$",
                           recipient_canonical_classes=value)

    def test_header_recipients_of_a_service(self):
        self.wrong(r"^warning: recipient_canonical_classes of cleanup = envelope_recipient,"
                   r"header_recipient: .*: recipient_canonical_classes = envelope_recipient, as -o "
                   r"of that service in master.cf$",
                   master=MASTER + 'cleanup unix n - n - 0 cleanup '
                   '-o recipient_canonical_classes=envelope_recipient,header_recipient\n')

    def test_policy_is_not_asked(self):
        for value in ('reject_unauth_destination',
                      'reject_unauth_destination, check_policy_service inet:127.0.0.1:1'):
            with self.subTest(value):
                self.wrong(r'^error: smtpd smtp does not ask the policy service.*: add '
                           r'check_policy_service inet:127.0.0.1:%d to '
                           r'smtpd_recipient_restrictions, after reject_unauth_destination'
                           % self.daemon.ports['policy'], smtpd_recipient_restrictions=value)

    def test_policy_is_asked_too_early(self):
        before = 'permit_mynetworks, %s, reject_unauth_destination' % self.policy()
        for main in ({'smtpd_recipient_restrictions': before, 'smtpd_relay_restrictions': ''},
                     {'smtpd_sender_restrictions': 'reject_non_fqdn_sender ' + self.policy()},
                     {'smtpd_recipient_restrictions': before, 'compatibility_level': '2'}):
            with self.subTest(', '.join(main)):
                self.wrong(r'^error: smtpd smtp asks the policy service before '
                           r'reject_unauth_destination: move check_policy_service after it.*'
                           r'open relay', **main)

    def test_policy_after_the_relay_restrictions(self):
        """Those alone reject, and they are evaluated first."""
        self.wrong('^ok: smtpd smtp asks the policy service after', errors=0,
                   smtpd_relay_restrictions='permit_mynetworks, defer_unauth_destination',
                   smtpd_recipient_restrictions=self.policy())

    def test_policy_before_its_own_list(self):
        """No open relay, for the relay restrictions come first; but not what was meant."""
        self.wrong(r'^warning: smtpd smtp asks the policy service before '
                   r'reject_unauth_destination in the same list; .*: move check_policy_service',
                   smtpd_relay_restrictions='permit_mynetworks, defer_unauth_destination',
                   smtpd_recipient_restrictions=self.policy()
                   + ', permit_mynetworks, reject_unauth_destination')

    def test_policy_is_never_reached(self):
        self.wrong(r'^error: smtpd smtp never asks the policy service: a permit, reject or defer '
                   r'comes before it: move',
                   smtpd_recipient_restrictions='reject_unauth_destination, permit, '
                                                + self.policy())

    def test_policy_forms(self):
        port = self.daemon.ports['policy']
        for value in ('check_policy_service { inet:localhost:%d, timeout=30s }' % port,
                      'check_policy_service unix:private/srsd',
                      'check_policy_service unix:' + self.socket, 'ask_srsd'):
            with self.subTest(value):
                self.wrong('^ok: smtpd smtp asks the policy service after', errors=0,
                           smtpd_recipient_restrictions='reject_unauth_destination, ' + value,
                           smtpd_restriction_classes='other, ask_srsd', other='permit',
                           ask_srsd=self.policy())

    def test_pass_restriction(self):
        config = self.config(spf={'mail-from-pass-restriction': 'passed'})
        for classes, remedy in (('', "'smtpd_restriction_classes = passed'"),
                                ('other', "'smtpd_restriction_classes = other passed'")):
            with self.subTest(classes):
                self.finds('^error: mail-from-pass-restriction = passed, which is not a restriction '
                           'class of main.cf: mail that passes is deferred with 451 4.3.5: '
                           'postconf -e %s ' % remedy, config=config, postfix=self.postfix(
                               {'smtpd_restriction_classes': classes, 'other': 'permit'}))
        main = {'smtpd_restriction_classes': 'passed',
                'passed': 'reject_unknown_sender_domain permit_mynetworks'}
        self.finds('^ok: main.cf declares the class passed of mail-from-pass-restriction$',
                   errors=0, config=config, postfix=self.postfix(main))
        self.finds('^warning: helo-pass-restriction = passed, and that class has permit: any '
                   'domain .*: remove permit from passed in main.cf$',
                   config=self.config(spf={'helo-pass-restriction': 'passed'}),
                   postfix=self.postfix({**main, 'passed': 'reject_rbl_client x.test, permit'}))

    def test_recipient_delimiter(self):
        config = self.config(**{'spf "a.test"': {'no-mail': True}, 'spf "b@a.test"': {}})
        accepted = {'relay_domains': 'a.test'}
        self.finds("^warning: recipient_delimiter = -\\+, but the section spf \"b@a.test\" applies "
                   r"to extensions after '\+' only: add sections for the other extensions of b, or "
                   "set the options for a.test$", config=config,
                   postfix=self.postfix({'recipient_delimiter': '-+', **accepted}))
        for delimiter in '+', '':
            self.finds('^ok: policy', errors=0, config=config,
                       postfix=self.postfix({'recipient_delimiter': delimiter, **accepted}))
        self.finds('^ok: policy', errors=0, postfix=self.postfix({'recipient_delimiter': '-'}))

    def test_name_of_a_port(self):
        """As getaddrinfo(3) takes it for Postfix; srsd itself takes numbers."""
        self.finds('^ok: smtpd smtp asks the policy service after', errors=1,  # no srsd is there
                   config=self.config(policy=['inet:127.0.0.1:25']), postfix=self.postfix({
                       'smtpd_recipient_restrictions': 'reject_unauth_destination, '
                       'check_policy_service inet:localhost:smtp'}))

    def test_chroot(self):
        """A path that smtpd resolves in its queue directory only."""
        master = 'smtp inet n - y - - smtpd\n'
        main = 'reject_unauth_destination, check_policy_service unix:'
        self.wrong(r'^error: smtpd smtp does not ask the policy service but unix:.* \(it runs in a '
                   r'chroot\): add check_policy_service inet:', master=master,
                   smtpd_recipient_restrictions=main + self.socket)
        self.wrong('^ok: smtpd smtp asks', errors=0, master=master,
                   smtpd_recipient_restrictions=main + '/private/srsd')

    def test_chroot_that_hides_every_endpoint(self):
        """The remedy has both halves: naming another endpoint alone leads nowhere."""
        outside = os.path.join(self.daemon.folder.path, 'policy')
        config = self.config(policy=['unix:' + outside])
        postfix = self.postfix({'smtpd_recipient_restrictions': 'reject_unauth_destination, '
                                'check_policy_service unix:' + outside},
                               'smtp inet n - y - - smtpd\n')
        self.finds(r'^error: smtpd smtp does not ask the policy service but unix:.* \(it runs in a '
                   r'chroot\): its chroot is %s, and srsd listens outside of it: set policy = '
                   r'\{"unix:%s/srsd/policy"\} in srsd.conf, and use check_policy_service '
                   r'unix:srsd/policy$' % (self.queue, self.queue), config=config, postfix=postfix,
                   errors=2)       # srsd does not listen there, in the test

    def test_chroot_with_the_endpoint_in_it(self):
        """The remedy is the path as smtpd sees it. A queue with a longer name is another one."""
        outside = os.path.join(self.daemon.folder.path, 'policy')
        master = 'smtp inet n - y - - smtpd\n'
        main = {'smtpd_recipient_restrictions':
                'reject_unauth_destination, check_policy_service unix:' + outside}
        config = self.config(policy=['unix:' + self.socket])
        self.finds(r'^error: smtpd smtp does not ask the policy service but unix:.* \(it runs in a '
                   r'chroot\): add check_policy_service unix:private/srsd to ',
                   config=config, postfix=self.postfix(main, master))
        config = self.config(policy=['unix:%s2/srsd' % self.queue])
        self.finds(r'chroot\): its chroot is %s, and srsd listens outside of it: ' % self.queue,
                   config=config, postfix=self.postfix(main, master), errors=2)  # nor does it listen

    def test_default_chroot(self):
        """A - in master.cf means yes before compatibility level 1."""
        master = 'smtp inet n - - - - smtpd\n'
        main = {'smtpd_recipient_restrictions':
                'reject_unauth_destination, check_policy_service unix:' + self.socket}
        self.wrong('^ok: smtpd smtp asks', errors=0, master=master, **main)
        self.wrong(r'runs in a chroot', master=master, compatibility_level='0', **main)

    def test_spawn(self):
        with open(build.path('contrib', 'systemd', 'srsd.service'), encoding='utf-8') as unit:
            folder = re.search(r'(?m)^ExecStart=(\S+)/srsd', unit.read())[1]
        main = {'smtpd_recipient_restrictions': 'reject_unauth_destination, '
                                                'check_policy_service unix:private/policyd-spf'}
        self.wrong('^ok: smtpd smtp asks', errors=0, **main,
                   master=MASTER + SPAWN % '/usr/sbin/srsctl -f /etc/x policy --to inet:1.2.3.4:5')
        self.wrong(r'^error: smtpd smtp asks another SPF policy program, policyd-spf in master.cf: '
                   r'change argv of that service to argv=%s/srsctl policy' % re.escape(folder),
                   **main, master=MASTER + SPAWN % '/usr/bin/policyd-spf')
        self.wrong(r'^error: smtpd smtp does not ask', **main,
                   master=MASTER + SPAWN % '/usr/local/bin/greylist')

    def test_each_smtpd(self):
        """Overrides of master.cf count, for each service that takes mail of strangers."""
        master = ('smtp inet n - n - 1 postscreen\n'
                  'smtpd pass - - n - - smtpd\n'
                  '198.51.100.1:2525 inet n - n - - smtpd -o smtpd_recipient_restrictions=permit_'
                  'mynetworks,reject\n'
                  'submission inet n - n - - smtpd -o smtpd_recipient_restrictions=reject\n')
        lines = self.wrong('^error: smtpd 198.51.100.1:2525 does not ask the policy service: add '
                           '.* to smtpd_recipient_restrictions of that service in master.cf, '
                           'after reject_unauth_destination$', master=master)
        self.assertIn('ok: smtpd smtpd asks the policy service after reject_unauth_destination',
                      lines)

    def test_smtpd_of_this_host(self):
        """Mail that a content filter returns was checked when it arrived."""
        for name in '127.0.0.1:10025', 'localhost:10025', '[::1]:10025', '127.0.0.2:smtp':
            with self.subTest(name):
                self.wrong('^ok: smtpd smtp asks', errors=0, master=MASTER + name +
                           ' inet n - n - - smtpd -o smtpd_recipient_restrictions=permit\n')

    def test_no_smtpd(self):
        self.wrong('^skipped: restrictions of smtpd: master.cf has no smtpd', errors=0,
                   master='pickup unix n - n 60 1 pickup\n')

    def test_domains_of_sections(self):
        """A typing error has the effect that the section is ignored."""
        def check(name, pattern, errors):
            self.finds(pattern, errors=errors, postfix=self.postfix({'relay_domains': 'shop.test'}),
                       config=self.config(**{'spf "%s"' % name: {'no-mail': True}}))
        for name, domain in (('oru.test', 'oru.test'), ('jane@oru.test', 'oru.test')):
            check(name, '^warning: the section spf "%s" has no effect: Postfix does not accept mail '
                  'for %s: correct its name in srsd.conf' % (name, domain), 1)
        for name in 'our.test', 'jane@OUR.test', 'shop.test', 'mail.shop.test', 'srs.test':
            check(name, '^ok: smtpd smtp asks', 0)

    def test_srs_domain_is_not_accepted(self):
        for value, keep in (('', '$virtual_alias_maps'), ('!srs.test', '!srs.test'),
                            ('$virtual_alias_maps', '$virtual_alias_maps'),
                            ('$virtual_alias_maps, our.test', '$virtual_alias_maps, our.test'),
                            ('$virtual_alias_maps our.test', '$virtual_alias_maps our.test'),
                            ('our.test, .test', 'our.test, .test'),
                            ('inline:{our.test=y}', 'inline:{our.test=y}')):
            with self.subTest(value):
                self.wrong("^error: srs-domain srs.test is not accepted at RCPT TO: add it to "
                           "virtual_alias_domains: postconf -e 'virtual_alias_domains = %s, "
                           "srs.test'" % re.escape(keep), virtual_alias_domains=value)

    def test_srs_domain_is_accepted(self):
        listed = self.daemon.folder.file('listed', 'other.test # and\nsrs.test\n')
        maps = self.right()['virtual_alias_maps']
        users = {'relay_recipient_maps': 'inline:{bob@srs.test=x}'}
        for main in ({'mydestination': 'our.test, SRS.test'}, {'relay_domains': 'test', **users},
                     {'relay_domains': listed, **users},
                     {'relay_domains': '.test', 'parent_domain_matches_subdomains': '', **users},
                     {'relay_domains': 'inline:{test=x}', **users},
                     {'virtual_alias_domains': None,
                      'virtual_alias_maps': maps + ' inline:{srs.test=x}'}):
            with self.subTest(str(main)):
                self.wrong('^ok: srs-domain srs.test is accepted: it is in ', errors=0,
                           **{'virtual_alias_domains': '', **main})

    def test_srs_domain_in_two_places(self):
        self.wrong(r'^warning: srs-domain srs\.test is in mydestination and in '
                   r'virtual_alias_domains: keep it in exactly one',
                   mydestination='our.test, srs.test')

    def test_srs_domain_is_sent_on(self):
        """Accepted, and then relayed: a forged address would leave for that host."""
        other = 'smtp:[mx.elsewhere.test]'
        mine = {'virtual_alias_domains': '', 'mydestination': 'our.test, srs.test'}
        relay = {'virtual_alias_domains': '', 'relay_domains': 'srs.test',
                 'relay_recipient_maps': 'inline:{bob@srs.test=x}'}
        said = (r'^error: mail for srs-domain srs\.test is sent to %s by %s: '
                r'move srs\.test from %s to ')
        for table in 'inline:{srs.test=%s}', 'inline:{x.test=local:}, inline:{.test=%s}':
            for place in mine, relay:
                with self.subTest(table, **place):
                    self.wrong(said % (re.escape(other), 'transport_maps', 'transport_maps'),
                               transport_maps=table % other, **place)
        self.wrong(said % (r'\S+', 'transport_maps', 'transport_maps'),
                   transport_maps='inline:{test=%s}' % other,
                   parent_domain_matches_subdomains='transport_maps', **mine)
        self.wrong(said % (r'\S+', 'relay_transport', 'relay_domains'), relay_transport=other,
                   **relay)

    def test_srs_domain_stays(self):
        """Whatever happens to other mail."""
        relay = {'virtual_alias_domains': '', 'relay_domains': 'srs.test',
                 'relay_recipient_maps': 'inline:{bob@srs.test=x}'}
        for main in ({'transport_maps': 'inline:{*=smtp:[mx.elsewhere.test]}'},
                     {'transport_maps': 'inline:{srs.test=smtp:[mx.elsewhere.test]}'},
                     {'transport_maps': 'inline:{test=smtp:[mx.elsewhere.test]}', **relay},
                     {'transport_maps': 'inline:{srs.test=local:}', **relay},
                     {'transport_maps': 'inline:{srs.test=error:no such user}', **relay},
                     {'relay_transport': 'smtp:[127.0.0.1]:10025', **relay},
                     {'transport_maps': '/nowhere', **relay}):
            with self.subTest(str(main)):
                self.wrong(r'^ok: srs-domain srs\.test is accepted', errors=0, **main)

    def test_srs_domain_nobody_knows(self):
        self.wrong(r'^skipped: whether srs-domain srs\.test is accepted at RCPT TO: postmap',
                   errors=0, virtual_alias_domains='/nowhere/domains')

    def test_user_of_postfix(self):
        """The directory of a unix socket controls which users may connect."""
        if not is_root():
            self.skipTest('needs root')
        folder = os.path.dirname(self.socket)
        self.finds('^ok: user postfix can connect to policy unix:', errors=0, user=False)
        os.chmod(folder, 0o700)
        try:
            self.finds(r'^error: user postfix cannot connect to policy unix:.*: Permission denied: '
                       r'give that user access to the directory', user=False)
        finally:
            os.chmod(folder, 0o755)

    def test_warnings_of_postfix(self):
        """postconf and postmap print them before the answer, of a main.cf that works."""
        twice = {'relay_domains': 'a.test\nrelay_domains = our.test'}
        self.wrong(r'^ok: srs-domain srs\.test is accepted', errors=0,
                   virtual_alias_domains='inline:{srs.test=x}', **twice)
        self.wrong(r'^error: srs-domain srs\.test is not accepted',
                   virtual_alias_domains='inline:{our.test=x}', **twice)

    def test_hostile_text(self):
        status, lines = self.check(postfix=self.postfix(
            {'sender_canonical_classes': 'header_sender\x1b[2J\x80'}))
        self.assertEqual(status, 1)
        self.assertTrue(all(' ' <= c <= '~' for line in lines for c in line))


class OwnDomains(Base):
    """The domains that Postfix considers its own, compared with those of srsd."""

    LACKS = r'^warning: domains lacks %s: senders in %s are rewritten: srsctl check --print-domains'

    def setUp(self):
        super().setUp()
        if postfix_is_missing():
            self.skipTest('postfix is not installed')

    def lacks(self, names, errors=1, **main):
        few = ' (' in names and ', ' not in names
        return self.finds(self.LACKS % (re.escape(names), 'it' if few else 'these'),
                          errors=errors, postfix=self.postfix(main))

    def test_json(self):
        done = run('-f', self.daemon.config, 'check', '--print-domains', '--json', '--postfix',
                   self.postfix({'mydestination': 'shop.test', 'myhostname': 'mx.shop.test'}),
                   program='srsctl')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        domains = json.loads(done.stdout)
        self.assertIn('shop.test', domains)
        self.assertIn('mx.shop.test', domains)

    def print_domains(self, config=None, **main):
        done = run('-f', config or self.daemon.config, 'check', '--print-domains', '--postfix',
                   self.postfix(main), program='srsctl')
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, done.stderr

    def test_each_list(self):
        for parameter in 'mydestination', 'virtual_mailbox_domains', 'virtual_alias_domains':
            with self.subTest(parameter):
                self.lacks('shop.test (%s)' % parameter,
                           **{parameter: self.right().get(parameter, '') + ' shop.test',
                              'virtual_mailbox_maps': 'inline:{x@shop.test=x}'})

    def test_names_of_this_host(self):
        """Programs on this host send from them: cron, and probes of addresses."""
        self.lacks('mx.shop.test (myhostname)', myhostname='mx.shop.test', myorigin='our.test')
        self.lacks('shop.test (myorigin)', myorigin='shop.test')
        mailname = self.daemon.folder.file('mailname', 'shop.test\n')
        self.lacks('shop.test (myorigin)', myorigin=mailname)
        self.finds(self.LACKS % (r'localhost \(local programs\)', 'it'),
                   config=self.config(domains=['our.test', 'mx.our.test']))

    def test_all_at_once(self):
        self.finds(self.LACKS % (r'our\.test \(mydestination\), shop\.test '
                                 r'\(virtual_mailbox_domains\), mx\.our\.test \(myorigin\), '
                                 r'localhost \(local programs\)', 'these'),
                   config=self.config(domains=[]), postfix=self.postfix({
                       'virtual_mailbox_domains': 'shop.test'}))

    def test_nothing_is_missing(self):
        """A parent with a dot covers a subdomain, and no sender is in an SRS domain."""
        config = self.config(domains=['our.test', '.our.test', 'localhost', '.shop.test'],
                             reverse_domains=['old.test'])
        self.finds('^ok: domains lists every domain that Postfix considers its own$', errors=0,
                   config=config, postfix=self.postfix({
                       'mydestination': '$myhostname, our.test localhost.our.test,LOCALHOST',
                       'virtual_alias_domains': 'srs.test, old.test',
                       'virtual_alias_maps': 'inline:{postmaster@srs.test=x, '
                                             'postmaster@old.test=x}',
                       'virtual_mailbox_domains': 'a.shop.test, [192.0.2.10], .dotted'}))

    def test_excluded(self):
        """Postfix takes the first match."""
        self.finds('^ok: domains lists every', errors=0, postfix=self.postfix(
            {'virtual_mailbox_domains': '!shop.test, inline:{shop.test=x, our.test=x}'}))

    def test_tables(self):
        listed = self.daemon.folder.file('domains-of-mailboxes', 'shop.test x\nour.test x\n')
        for table in ('texthash:' + listed, 'inline:{shop.test=x, our.test=y}',
                      'proxy:inline:{shop.test=x}'):
            with self.subTest(table):
                self.lacks('shop.test (virtual_mailbox_domains)', virtual_mailbox_domains=table)

    def test_files(self):
        listed = self.daemon.folder.file('file-of-mailboxes', '# ours\nshop.test # rest\nour.test')
        self.lacks('shop.test (virtual_mailbox_domains)', virtual_mailbox_domains=listed)
        self.finds('^ok: domains lists every', errors=0, postfix=self.postfix(
            {'virtual_mailbox_domains': '!%s shop.test' % listed}))

    def test_table_of_aliases(self):
        """Its keys are addresses, users and domains; only a domain with addresses sends."""
        self.lacks('shop.test (virtual_alias_domains)', virtual_alias_domains=None,
                   virtual_alias_maps='inline:{shop.test=x, jane@shop.test=x, john.doe=x, root=x, '
                                      'srs.test=x, postmaster@srs.test=x}')

    def test_tables_without_a_list(self):
        for table, why in (('regexp:/nowhere', '.*'), ('static:x', 'table static:x: sequence'),
                           ('proxy:static:x', 'table static:x: sequence'),
                           ('/nowhere', 'cannot be read')):
            with self.subTest(table):
                self.finds(r'^skipped: domains of %s \(virtual_mailbox_domains\): .*%s.*: make '
                           r'sure that domains or domains-file lists each of them$'
                           % (re.escape(table), why),
                           errors=0, postfix=self.postfix({
                               'virtual_mailbox_domains': table,
                               'virtual_mailbox_maps': 'inline:{x=y}',
                               # It would hold the SRS domain.
                               **({'virtual_alias_domains': '', 'virtual_alias_maps':
                                   'inline:{postmaster@srs.test=x}'} if 'static' in table else {})}))

    def test_relayed(self):
        """Their mail leaves from their own server, or through this one: a finding asks for that."""
        self.finds(r'^ok: senders in these domains are rewritten: inner\.test \(relay_domains\); '
                   r'list in domains those whose server sends its mail through this one$', errors=0,
                   postfix=self.postfix({'relay_domains': 'inner.test, our.test'}))

    def test_many(self):
        names = ['d%d.shop.test' % i for i in range(500)]
        self.finds(r'^warning: domains lacks d0\.shop\.test \(virtual_mailbox_domains\), .* and '
                   r'\d+ more: senders in these', postfix=self.postfix(
                       {'virtual_mailbox_domains': ' '.join(names)}))
        line, _ = self.print_domains(virtual_mailbox_domains=' '.join(names))
        self.assertEqual(line.count('"'), 2 * (3 + len(names)))

    def test_always_rewrite(self):
        self.finds('^ok: always-rewrite: senders in our own domains are rewritten as well$',
                   errors=0, config=self.config(always_rewrite=True, domains=[]))

    def test_without_postfix(self):
        _status, lines = self.check(config=self.config(domains=[]), postfix='/nowhere')
        self.assertIn('warning: domains holds only srs-domain: senders in your own domains are '
                      'rewritten: list your domains in domains or domains-file', lines)

    def test_print_domains(self):
        """With the printed line in the configuration, no domain is missing."""
        main = {'mydestination': 'our.test, "x, shop.test', 'virtual_mailbox_domains': 'static:x',
                'virtual_alias_domains': '', 'virtual_mailbox_maps': 'inline:{x=y}'}
        line, notes = self.print_domains(self.config(domains=['.our.test']), **main)
        self.assertEqual(line, 'domains = {".our.test", "our.test", "shop.test", "localhost"}\n')
        self.assertRegex(notes, r'^srsctl: cannot list the domains of static:x '
                                r'\(virtual_mailbox_domains\): .*\n$')
        names = re.findall('"(.*?)"', line)
        self.finds('^ok: domains lists every', errors=0, config=self.config(domains=names),
                   postfix=self.postfix(main))

    def test_print_domains_without_postfix(self):
        done = run('-f', self.daemon.config, 'check', '--print-domains', '--postfix', '/nowhere',
                   program='srsctl')
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertRegex(done.stderr, '^srsctl: Postfix: .*No such file')


class Words(PostfixBase):
    """Each value as the daemons of Postfix read it; tests/postfix shows that they do."""

    def restrictions(self, word):
        return self.right()['smtpd_recipient_restrictions'] + ', ' + word

    def test_classes(self):
        for parameter, value, word in (
                ('sender_canonical_classes', 'envelope_sender, Envelope_Sender', 'Envelope_Sender'),
                ('sender_canonical_classes', 'envelope_sender envelope_recipient',
                 'envelope_recipient'),
                ('recipient_canonical_classes',
                 'envelope_recipient, header_recipient; header_sender', 'header_recipient;'),
                ('canonical_classes', 'all', 'all')):
            with self.subTest(value):
                self.wrong(r"^error: %s has the unknown word '%s': cleanup\(8\) exits at start-up, "
                           "and no mail is accepted: valid words, in lower case: envelope_" % (
                               parameter, word), **{parameter: value})

    def test_override(self):
        master = MASTER + 'cleanup unix n - n - 0 cleanup -o sender_canonical_classes=x\n'
        self.wrong("^error: sender_canonical_classes of cleanup/unix has the unknown word 'x': ",
                   master=master, errors=2)
        self.wrong("^error: receive_override_options of smtp/inet has the unknown word 'no_milter'",
                   master='smtp inet n - n - - smtpd -o receive_override_options=no_milter\n')

    def test_protocols(self):
        """postconf(1) itself ends at a word that it does not know."""
        status, lines = self.check(postfix=self.postfix({'inet_protocols': 'ipv5'}))
        self.assertRegex('\n'.join(lines), 'error: Postfix: .*unknown inet_protocols value "ipv5"')
        self.assertEqual(status, 1)
        for value in 'ipv4', 'ipv4, ipv6', 'all':
            with self.subTest(value):
                self.wrong('^ok: sender_canonical_maps', errors=0, inet_protocols=value)

    def test_restrictions(self):
        said = '^error: smtpd_recipient_restrictions of smtpd smtp has '
        for word, pattern in (
                ('reject_unauth_destinations', "the unknown word 'reject_unauth_destinations': "
                                               'smtpd defers all mail that reaches it: correct it'),
                ('check_client_access', 'check_client_access without the word that must follow it'),
                ('sleep soon', 'sleep without the word that must follow it'),
                ('check_policy_service 127.0.0.1:1', 'check_policy_service 127.0.0.1:1: smtpd '
                                                     'exits at start-up: write inet:HOST:PORT'),
                ('check_policy_service Inet:127.0.0.1:1', 'check_policy_service Inet:127')):
            with self.subTest(word):
                self.wrong(said + pattern, smtpd_recipient_restrictions=self.restrictions(word))

    def test_right_restrictions(self):
        for word in ('reject_rbl_client zen.example.org, check_client_access inline:{a=b}',
                     'PERMIT_MYNETWORKS', 'inline:{a=b}', 'sleep 1', 'mine', 'permit, nonsense'):
            with self.subTest(word):
                self.wrong('^ok: smtpd smtp asks', errors=0,
                           smtpd_restriction_classes='mine', mine='permit_mynetworks',
                           smtpd_recipient_restrictions=self.restrictions(word))

    def test_each_list_and_each_smtpd(self):
        for name in 'client', 'helo', 'data', 'end_of_data':
            with self.subTest(name):
                self.wrong("^error: smtpd_%s_restrictions of smtpd smtp has the unknown word 'x'"
                           % name, **{'smtpd_%s_restrictions' % name: 'x'})
        self.wrong("^error: smtpd_recipient_restrictions of smtpd submission has the unknown word "
                   "'rejects'", master=MASTER + 'submission inet n - n - - smtpd -o '
                   'smtpd_recipient_restrictions=permit_mynetworks,rejects\n'
                   '587 inet n - n - - smtpd -o smtpd_recipient_restrictions=permit_mynetworks,'
                   'rejects\n')

    def test_class_without_a_value(self):
        self.wrong('^error: smtpd_restriction_classes names mine, which has no value: smtpd exits '
                   r'at start-up: add a line mine = \.\.\. to main.cf$',
                   smtpd_restriction_classes='mine')

    def test_nothing_rejects(self):
        self.wrong('^error: smtpd smtp exits at start-up: neither smtpd_relay_restrictions nor '
                   'smtpd_recipient_restrictions rejects mail for foreign domains: add '
                   'reject_unauth_destination', smtpd_relay_restrictions='', errors=2,
                   smtpd_recipient_restrictions='permit_mynetworks, check_policy_service '
                                                'inet:127.0.0.1:%d' % self.daemon.ports['policy'])

    def test_tables(self):
        forward, maps = (self.right()[name] for name in ('sender_canonical_maps',
                                                         'virtual_alias_maps'))
        for parameter, value, table in (
                ('sender_canonical_maps', 'hash:/nowhere/x, ' + forward, 'hash:/nowhere/x'),
                ('sender_canonical_maps', forward + ' tpc:127.0.0.1:1', 'tpc:127.0.0.1:1'),
                ('canonical_maps', 'texthash:/nowhere/x', 'texthash:/nowhere/x'),
                ('virtual_alias_maps', maps + ', hash:/nowhere/x', 'hash:/nowhere/x'),
                ('virtual_alias_domains', 'srs.test, proxy:hash:/nowhere/x',
                 'proxy:hash:/nowhere/x')):
            with self.subTest(value):
                self.wrong('^error: %s names the table %s, which Postfix cannot open: mail is '
                           'deferred: create the table, or remove it; ' % (parameter, table),
                           **{parameter: value})


class Endpoints(Base):
    """Names go to the addresses that Postfix's resolver gives, in its order."""

    def setUp(self):
        super().setUp()
        for why in (None if is_root() else 'needs root', postfix.no_own_names(),
                    'postfix is not installed' if postfix_is_missing() else None):
            if why:
                self.skipTest(why)

    def names(self, *addresses):
        """The hosts file that srsctl sees: these addresses for maps.test."""
        text = ''.join('%s maps.test\n' % address for address in addresses)
        return [self.daemon.folder.file('hosts-%d' % next(self.folders), text),
                self.daemon.folder.file('nsswitch', 'hosts: files\n')]

    def finds_with(self, names, pattern, errors, main):
        done = subprocess.run(
            ['unshare', '--mount', 'sh', '-c', postfix.OWN_NAMES, 'sh', *names, '/etc/postfix',
             reachable_binary('srsctl'), '-f', self.daemon.config, 'check', '--address', ADDRESS,
             '--postfix', self.postfix(main)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True, check=False)
        bad = re.findall('^(?:error|warning).*', done.stdout, re.M)
        self.assertRegex('\n'.join(findings.join(done.stdout)), re.compile(pattern, re.M))
        self.assertEqual(len(bad), errors, done.stdout)

    def other(self, port, host):
        """Another program at the same port of another address."""
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        try:
            server = socket.create_server((host, port), family=family)
        except OSError:
            self.skipTest('there is no ' + host)
        self.addCleanup(server.close)

    def test_another_address_comes_after(self):
        port = self.daemon.ports['forward']
        main = {'sender_canonical_maps': 'tcp:maps.test:%d' % port}
        names = self.names('127.0.0.9', '127.0.0.1')    # RFC 6724 turns them round
        self.finds_with(names, '^ok: sender_canonical_maps names forward$', 0, main)
        self.other(port, '127.0.0.9')
        self.finds_with(names, '^warning: sender_canonical_maps names maps.test:%d, which is '
                        'also inet:127.0.0.9:%d, where another program listens: Postfix asks '
                        'that program while srsd is not running: use the address' % (port, port),
                        1, main)

    def test_another_address_comes_first(self):
        port = self.daemon.ports['policy']
        main = {'smtpd_recipient_restrictions': 'reject_unauth_destination, check_policy_service '
                                                'inet:maps.test:%d' % port}
        names = self.names('127.0.0.1', '::1')
        self.finds_with(names, '^ok: smtpd smtp asks', 0, main)
        self.other(port, '::1')
        said = '^error: check_policy_service names maps.test:%d, which is inet:.::1.:%d first: ' \
               'Postfix asks the program that listens there instead of srsd' % (port, port)
        self.finds_with(names, said, 1, main)
        self.finds_with(names, '^ok: smtpd smtp asks', 0, {**main, 'inet_protocols': 'ipv4'})
        self.finds_with(names, '^error: smtpd smtp does not ask', 3,    # nor do the maps
                        {**main, 'inet_protocols': 'ipv6'})

    def test_addresses_that_postfix_may_not_use(self):
        """Each of them is the right one, so that no remedy may advise to name it."""
        ports = [self.daemon.ports[name] for name in ('forward', 'reverse', 'policy')]
        parameters = ('sender_canonical_maps', 'recipient_canonical_maps', 'check_policy_service')
        for parameter, port in zip(parameters, ports):
            self.finds('^error: %s names 127.0.0.1:%d, but inet_protocols = ipv6 keeps Postfix '
                       "from connecting to it: postconf -e 'inet_protocols = all', or use an "
                       'address such as .::1., in srsd.conf as well' % (parameter, port),
                       errors=3, postfix=self.postfix({'inet_protocols': 'ipv6'}))

    def test_no_such_name(self):
        port = self.daemon.ports['forward']
        self.finds_with(self.names('127.0.0.9'), '^error: sender_canonical_maps does not name forward',
                        1, {'sender_canonical_maps': 'tcp:maps.test:%d' % port})


class OtherMaps(PostfixBase):
    """Nothing but the two canonical maps may ask srsd, and no milter does it again."""

    def test_forward_elsewhere(self):
        table = self.right()['sender_canonical_maps']
        for parameter, more in (('canonical_maps', {}), ('virtual_alias_maps', {
                'virtual_alias_domains': 'srs.test', 'mydestination': 'our.test',
                'recipient_canonical_maps': self.right()['recipient_canonical_maps']
                + ', inline:{postmaster@srs.test=x}'}), ('smtp_generic_maps', {}),
                                ('lmtp_generic_maps', {})):
            with self.subTest(parameter):
                self.wrong('^error: %s names forward: recipients .*: postconf -X %s$' % (
                    parameter, parameter), **{parameter: table, **more})
                self.wrong('^error: %s names forward: .*: remove it; forward belongs only in '
                           'sender_canonical_maps$' % parameter,
                           **{parameter: 'inline:{a=b}, proxy:' + table, **more})

    def test_reverse_elsewhere(self):
        table = self.right()['recipient_canonical_maps']
        for parameter in 'canonical_maps', 'smtp_generic_maps', 'lmtp_generic_maps':
            with self.subTest(parameter):
                self.wrong('^error: %s names reverse: SRS senders are reversed before the mail '
                           'leaves: postconf -X ' % parameter, **{parameter: table})

    def test_both_in_one(self):
        both = '%(sender_canonical_maps)s, %(recipient_canonical_maps)s' % self.right()
        self.wrong('^error: sender_canonical_maps names reverse: SRS senders are reversed',
                   sender_canonical_maps=both)
        self.wrong('^error: recipient_canonical_maps names forward: recipients become',
                   recipient_canonical_maps=both)

    def test_override(self):
        self.wrong('^error: smtp_generic_maps of relay/unix names forward: .*: remove it from '
                   r'that service in master\.cf; forward belongs', master=MASTER +
                   'relay unix - - n - - smtp -o smtp_generic_maps=%s\n'
                   % self.right()['sender_canonical_maps'])

    def test_within_another_table(self):
        forward = self.right()['sender_canonical_maps']
        for form in 'unionmap:{inline:{a=b},%s}', 'pipemap:{inline:{a=b}, %s }', \
                'unionmap:{pipemap:{%s}}':
            with self.subTest(form):
                self.wrong('^error: canonical_maps names forward: recipients and headers become '
                           'SRS addresses as well: ', canonical_maps=form % forward)
        for value in 'unionmap:{}', 'unionmap:{', 'inline:{{a = %s}}' % forward:
            with self.subTest(value):
                lines = self.check(postfix=self.postfix({'canonical_maps': value}))[1]
                self.assertNotIn('canonical_maps names forward:', '\n'.join(lines))

    def test_two_tables(self):
        """postsrsd's database beside ours: that is how a site moves."""
        self.wrong('^ok: recipient_canonical_maps names reverse$', errors=0,
                   recipient_canonical_maps='socketmap:unix:srs:reverse, '
                   + self.right()['recipient_canonical_maps'])

    def test_milters(self):
        for parameter in 'smtpd_milters', 'non_smtpd_milters':
            for value in ('unix:/var/spool/postfix/postsrsd/milter, inet:localhost:8891',
                          '{ unix:srs-milter/socket, default_action=accept }'):
                with self.subTest(parameter + value):
                    self.wrong('^error: %s names a milter of another SRS program, .*: senders are '
                               'rewritten twice: remove it$' % parameter, **{parameter: value})
            self.wrong('^ok: sender_canonical_maps', errors=0,
                       **{parameter: 'inet:localhost:8891, unix:opendkim/srs.test.sock'})
        self.wrong('^error: smtpd_milters of smtp/inet names a milter .*: remove it from that '
                   r'service in master\.cf$',
                   master='smtp inet n - n - - smtpd -o smtpd_milters=unix:postsrsd/milter\n')


    def test_spf_milter(self):
        for value, name in (('unix:pyspf-milter/pyspf-milter.sock', 'unix:pyspf'),
                            ('inet:localhost:8891 { local:smf-spf/socket, timeout=1s }', '{ local:smf')):
            with self.subTest(value):
                self.wrong('^warning: smtpd_milters names a milter that checks SPF as well, %s.*: '
                           'mail gets two verdicts: remove it, unless' % re.escape(name),
                           smtpd_milters=value)
        self.wrong('^warning: smtpd_milters of smtp/inet names a milter that checks SPF as well, .*: '
                   r'remove it from that service in master\.cf, unless',
                   master='smtp inet n - n - - smtpd -o smtpd_milters=unix:spf/socket\n')

    def test_one_verdict(self):
        """Our own milter has SPF in its name, or srsd gives no verdict."""
        for value, options in (('unix:' + self.queue + '/spf',
                                {'milter': ['unix:' + self.queue + '/spf']}),
                               ('unix:other/spf', {'policy': []})):
            with self.subTest(value):
                lines = self.check(config=self.config(**options),
                                   postfix=self.postfix({'smtpd_milters': value}))[1]
                self.assertNotIn('checks SPF as well', '\n'.join(lines))
                self.assertIn('ok: sender_canonical_maps names forward', lines)


class Socketmap(PostfixBase):
    """Both maps over socketmap_table(5), on an address and on a socket in Postfix's queue."""

    @classmethod
    def options(cls, daemon):
        cls.port = free_port()
        folder = daemon.folder.subfolder('srsd', daemon.user)
        cls.outside = os.path.join(folder, 'socketmap')
        daemon.options['socketmap'] = ['inet:127.0.0.1:%d' % cls.port, 'unix:' + cls.outside]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inet = 'socketmap:inet:127.0.0.1:%d:' % cls.port
        cls.unix = 'socketmap:unix:%s:' % cls.outside

    @staticmethod
    def maps(table):
        return {'sender_canonical_maps': table + 'forward',
                'recipient_canonical_maps': table + 'reverse'}

    def right(self):
        return {**super().right(), **self.maps(self.inet)}

    def test_right(self):
        lines = self.finds('^ok: sender_canonical_maps names forward$', errors=0,
                           postfix=self.postfix())
        self.assertIn('ok: socketmap inet:127.0.0.1:%d answers both maps' % self.port, lines)
        self.assertIn('ok: socketmap unix:%s answers both maps' % self.outside, lines)
        self.assertIn('ok: recipient_canonical_maps names reverse', lines)

    def test_forms(self):
        for table in (self.unix, 'proxy:' + self.inet, 'socketmap:inet:localhost:%d:' % self.port):
            with self.subTest(table):
                self.wrong('^ok: recipient_canonical_maps names reverse$', errors=0,
                           inet_protocols='ipv4', **self.maps(table))

    def test_addresses_that_postfix_may_not_use(self):
        self.wrong('^error: recipient_canonical_maps names 127.0.0.1:%d, but inet_protocols = ipv6 '
                   'keeps Postfix from connecting' % self.port, errors=3, inet_protocols='ipv6')

    def test_without_tcp_tables(self):
        config = self.config(forward=[], reverse=[])
        self.finds('^ok: recipient_canonical_maps names reverse$', errors=0, config=config,
                   postfix=self.postfix())
        self.finds("^error: sender_canonical_maps does not name forward: postconf -e "
                   "'sender_canonical_maps = %sforward'$" % self.inet, config=config,
                   postfix=self.postfix({'sender_canonical_maps': None}))

    def test_wrong_names(self):
        self.wrong('^error: sender_canonical_maps names the other map instead of forward',
                   sender_canonical_maps=self.inet + 'reverse')
        self.wrong('^error: recipient_canonical_maps does not name reverse',
                   recipient_canonical_maps=self.inet + 'Reverse')
        self.wrong('^error: sender_canonical_maps does not name forward',
                   sender_canonical_maps='socketmap:inet:127.0.0.1:1:forward')

    def test_elsewhere(self):
        self.wrong('^error: virtual_alias_maps names forward: recipients become SRS addresses',
                   virtual_alias_maps=self.inet + 'forward, '
                   + self.right()['virtual_alias_maps'])

    def test_chroot(self):
        """cleanup(8) in a chroot reaches no socket outside, except over proxymap(8)."""
        master = MASTER + 'cleanup unix n - y - 0 cleanup\n'
        self.wrong(r'^error: sender_canonical_maps names forward, but its socket is outside of the '
                   r"chroot of cleanup, .*: set socketmap = \{.*\} in srsd\.conf, and postconf -e "
                   r"'sender_canonical_maps = socketmap:unix:srsd/socketmap:forward'$", errors=2,
                   master=master, **self.maps(self.unix))
        self.wrong('^ok: sender_canonical_maps names forward$', errors=0, master=master,
                   **self.maps('proxy:' + self.unix))
        self.wrong('^ok: sender_canonical_maps names forward$', errors=0, master=master)

    def test_no_daemon(self):
        absent = 'inet:127.0.0.1:%d' % free_port()
        lines = self.finds('^error: socketmap %s: Connection refused: start srsd' % absent,
                           config=self.config(socketmap=[
                               'inet:127.0.0.1:%d' % self.port, absent]),
                           postfix=self.postfix())
        self.assertIn('ok: socketmap inet:127.0.0.1:%d answers both maps' % self.port, lines)

    def test_another_program(self):
        """The policy service is no socketmap."""
        self.finds('^error: socketmap inet:.*: ', config=self.config(
            policy=[], socketmap=['inet:127.0.0.1:%d' % self.port,
                                  'inet:127.0.0.1:%d' % self.daemon.ports['forward']],
            forward=[]), postfix=self.postfix())

    def test_user_of_postfix(self):
        if not is_root():
            self.skipTest('needs root')
        folder = os.path.dirname(self.outside)
        self.finds('^ok: user postfix can connect to socketmap unix:', errors=0, user=False,
                   postfix=self.postfix())
        os.chmod(folder, 0o700)
        try:
            self.finds('^error: user postfix cannot connect to socketmap unix:.*: Permission '
                       'denied: give that user access', user=False, postfix=self.postfix())
        finally:
            os.chmod(folder, 0o755)


class DmarcFilter(PostfixBase):
    """A milter that decides on DMARC, as in the recipe contrib/postfix/dmarc."""

    OPENDMARC = 'inet:127.0.0.1:8893'
    MAIN = {'smtpd_milters': 'inet:127.0.0.1:8891, ' + OPENDMARC,
            'header_checks': 'inline:{x=y}', 'smtpd_command_filter': 'inline:{x=y}'}
    FOLLOWS = r'^ok: OpenDMARC, %s, follows srsd on smtpd smtp: ' % re.escape(OPENDMARC)

    def filter(self, pattern, errors=0, spf=None, master=MASTER, **main):
        return self.finds(pattern, errors=errors,
                          config=self.config(spf={**self.daemon.options['spf'], **(spf or {})}),
                          postfix=self.postfix({**self.MAIN, **main}, master))

    def test_results(self):
        for spf, text in (
                ({}, r'mail that fails SPF is refused before .*; with no-mail = true, '),
                ({'no-mail': True}, r'it decides on mail that fails SPF, except mail of domains'),
                ({'mail-from-reject': 'false'}, r'it decides on all mail that fails SPF$'),
                ({'mail-from-reject': 'no-check'}, r'it decides on all mail that fails SPF$')):
            with self.subTest(text):
                self.filter(self.FOLLOWS + text, spf=spf)
        self.filter(self.FOLLOWS + 'it decides on all mail', 1,      # and a warning of test-only
                    spf={'mail-from-reject': 'softfail', 'test-only': True})
        for word in 'softfail', 'spf-not-pass':
            self.filter(r'^warning: mail-from-reject is %s: .* before OpenDMARC, .*: '
                        r'set mail-from-reject = "fail"; set no-mail' % word, errors=1,
                        spf={'mail-from-reject': word})

    def test_how_it_is_recognized(self):
        for word, name in (('unix:opendmarc/opendmarc.sock', 'OpenDMARC'),
                           ('{ inet:localhost:8893, default_action=accept }', 'OpenDMARC'),
                           ('inet:localhost:11332', 'rspamd'),
                           ('unix:/run/rspamd/milter.sock', 'rspamd')):
            with self.subTest(word):
                self.filter('^ok: %s, .*, follows srsd on' % name, smtpd_milters=word)

    def test_others(self):
        for word in '', 'inet:localhost:8891', 'unix:opendkim/opendkim.sock':
            lines = self.filter('^ok: ', smtpd_milters=word, header_checks='')
            self.assertFalse([line for line in lines if 'follows srsd' in line])

    def test_of_a_service(self):
        smtp = MASTER.replace(' smtpd\n', ' smtpd -o smtpd_milters=inet:localhost:11332\n', 1)
        self.assertNotEqual(smtp, MASTER)
        self.filter('^ok: rspamd, inet:localhost:11332, follows srsd on smtpd smtp: ',
                    master=smtp, smtpd_milters='')
        lines = self.filter('^ok: ', smtpd_milters='',
                            master=MASTER + '127.0.0.1:10025 inet n - n - - smtpd -o '
                            'smtpd_milters=inet:localhost:11332\n')
        self.assertFalse([line for line in lines if 'rspamd' in line])

    def test_header(self):
        for kind, errors in ('received-spf', 0), ('both', 0), ('authentication-results', 1):
            self.filter(r'^warning: header is authentication-results: OpenDMARC believes '
                        r'.*: set header = "received-spf"$' if errors else self.FOLLOWS,
                        errors, {'header': kind, 'authserv-id': 'mx.our.test'})
        self.filter('^warning: header is authentication-results: rspamd removes it: ', 1,
                    {'header': 'authentication-results', 'authserv-id': 'mx.our.test'},
                    smtpd_milters='inet:localhost:11332')

    def test_deception(self):
        self.filter('^warning: header_checks is empty: OpenDMARC believes .*: remove them with ', 1,
                    header_checks='')
        self.filter('^warning: smtpd smtp has no smtpd_command_filter: OpenDMARC takes x.org ',
                    1, smtpd_command_filter='')
        self.filter('^ok: rspamd, ', smtpd_milters='inet:localhost:11332', header_checks='',
                    smtpd_command_filter='')


class Forwarding(PostfixBase):
    """The milter of a second smtpd(8), as in the recipe contrib/postfix/forwarding."""

    HOP = '127.0.0.1:10026 inet n - n - - smtpd'

    @classmethod
    def options(cls, daemon):
        cls.milter = 'inet:127.0.0.1:%d' % free_port()
        daemon.options['milter'] = [cls.milter]

    def right(self):
        return {**super().right(), 'sender_canonical_maps': None, 'sender_canonical_classes': None,
                'default_transport': 'srs:[127.0.0.1]:10026',
                'smtpd_discard_ehlo_keywords': 'dsn, silent-discard'}

    def master(self, *hop, srs='', **more):
        """The recipe, with other options of the hop and of its client, and with more services."""
        options = {'smtpd_milters': self.milter, 'smtpd_discard_ehlo_keywords': '',
                   'content_filter': 'smtp:',
                   'local_header_rewrite_clients': '',
                   'mynetworks': '127.0.0.0/8 [::1]/128',
                   'receive_override_options': 'no_header_body_checks'}
        options.update(dict(option.split('=', 1) for option in hop))
        words = ''.join(" -o {%s = %s}" % item for item in options.items() if item[1] != '-')
        return '%ssrs unix - - n - - smtp%s\n%s%s\n%s' % (
            more.get('smtp', MASTER), srs, self.HOP, words, more.get('other', ''))

    def hop(self, pattern, *hop, errors=1, srs='', other='', smtp=MASTER, options=None, **main):
        """A finding with other settings of the hop or of Postfix, and no other error."""
        return self.finds(pattern, errors=errors,
                          config=self.config(milter=[self.milter], **(options or {})),
                          postfix=self.postfix(main, self.master(*hop, srs=srs, other=other,
                                                                 smtp=smtp)))

    def test_test_only(self):
        self.hop('^warning: the milter rewrites nothing: milter-test-only is set: remove it',
                 options={'milter_test_only': True})

    def test_right(self):
        lines = self.hop(r'^ok: smtpd 127\.0\.0\.1:10026 is a hop with the milter$', errors=0)
        self.assertEqual([line for line in lines if 'sender_canonical' in line or 'ORCPT' in line],
                         [])
        self.assertIn('ok: recipient_canonical_maps names reverse', lines)

    def test_no_milter(self):
        """Without the option, none of this is examined."""
        lines = self.finds('^error: sender_canonical_maps does not name forward', errors=2,
                           config=self.config(milter=[]), postfix=self.postfix(master=self.master('milter_default_action=accept')))
        self.assertFalse([line for line in lines if 'milter' in line])

    def test_daemon(self):
        lines = self.hop('^ok: milter %s answers$' % re.escape(self.milter), errors=0)
        self.assertEqual(len([line for line in lines if line.startswith('ok: milter ')]), 1)
        absent, wrong = free_port(), self.daemon.ports['forward']
        self.finds('^error: milter inet:127.0.0.1:%d: Connection refused: start srsd' % absent,
                   config=self.config(milter=[self.milter, 'inet:127.0.0.1:%d' % absent]),
                   postfix=self.postfix(master=self.master()))
        self.finds('^error: milter inet:127.0.0.1:%d: ' % wrong,
                   config=self.config(milter=[self.milter, 'inet:127.0.0.1:%d' % wrong],
                                      forward=[]),
                   postfix=self.postfix(master=self.master()))

    def test_forms(self):
        port = self.milter.rpartition(':')[2]
        for form in ('inet:localhost:' + port, 'inet:1.2.3.4:5, ' + self.milter,
                     '{ %s, default_action=tempfail }' % self.milter):
            with self.subTest(form):
                self.hop('is a hop with the milter$', 'smtpd_milters=' + form, errors=0,
                         inet_protocols='ipv4')

    def test_address_that_postfix_may_not_use(self):
        self.hop('^error: smtpd_milters names %s, but inet_protocols = ipv6 keeps Postfix from '
                 'connecting' % self.milter[5:], errors=4, inet_protocols='ipv6')

    def at(self, name, *hop, **main):
        """Settings of a hop that listens at another address."""
        return {'config': self.config(milter=[self.milter]),
                'postfix': self.postfix(main, self.master(*hop).replace('127.0.0.1:10026 ',
                                                                        name + ' '))}

    def test_other_places_of_a_hop(self):
        for name, way in (('10026', '[127.0.0.1]:10026'), ('[::1]:10026', '[::1]:10026'),
                          ('localhost:10026', '[127.0.0.1]:10026'),
                          ('192.0.2.10:10026', '[192.0.2.10]:10026')):
            with self.subTest(name):
                self.finds('^ok: smtpd %s is a hop' % re.escape(name), errors=0,
                           **self.at(name, default_transport='srs:' + way))

    def test_address_at_which_postfix_may_not_listen(self):
        """Postfix does not even start; inet_protocols is usually set in a main.cf of its own."""
        for name, way, protocols, other in (
                ('127.0.0.1:10026', '[127.0.0.1]:10026', 'ipv6', r'\[::1\]'),
                ('[::1]:10026', '[::1]:10026', 'ipv4', r'127\.0\.0\.1')):
            with self.subTest(name):
                self.finds('^error: smtpd %s is in master.cf, but inet_protocols = %s excludes '
                           "that address: Postfix does not start: postconf -e 'inet_protocols = "
                           "all', or use an address such as %s there"
                           % (re.escape(name), protocols, other),
                           errors=4 if protocols == 'ipv6' else 1,
                           **self.at(name, inet_protocols=protocols,
                                     default_transport='srs:' + way))

    def test_way_to_another_address(self):
        for name, way in ('[::1]:10026', '127.0.0.1'), ('127.0.0.1:10026', '::1'), \
                ('127.0.0.1:10026', '127.0.0.2'):
            for main in {'default_transport': 'srs:[%s]:10026' % way}, \
                    {'default_transport': 'smtp', 'relayhost': '[%s]:10026' % way}:
                with self.subTest(name, **main):
                    parameter, value = list(main.items())[-1]
                    self.finds('^error: %s = %s, but smtpd %s listens at another address: mail for '
                               'other hosts stays in the queue: name the address of that service '
                               'in %s$' % (parameter, re.escape(value), re.escape(name), parameter),
                               **self.at(name, **main))

    def test_hop_that_refuses_this_host(self):
        """All mail for other hosts would bounce, and so would the notices."""
        recipients = 'smtpd_recipient_restrictions=permit_mynetworks,reject'
        relay = 'smtpd_relay_restrictions=permit_mynetworks,defer_unauth_destination'
        six = {'default_transport': 'srs:[::1]:10026', 'inet_interfaces': 'all'}
        four = {**six, 'default_transport': 'srs:[127.0.0.1]:10026'}
        bound = {**four, 'smtp_bind_address': '192.0.2.10'}
        for name, networks, lists, main, address in (
                ('[::1]:10026', '127.0.0.0/8', recipients, six, '::1'),
                ('[::1]:10026', '127.0.0.0/8, 192.0.2.0/24', relay, six, '::1'),
                ('[::1]:10026', '![::1]/128 [::]/0', recipients, six, '::1'),
                ('127.0.0.1:10026', '[::1]/128', recipients, four, '127.0.0.1'),
                ('127.0.0.1:10026', '127.0.0.0/8', recipients, bound, '192.0.2.10')):
            with self.subTest(name, networks=networks, lists=lists):
                self.finds('^error: smtpd %s refuses the mail of this host, because its mynetworks '
                           '= %s does not contain %s: .*: add .*%s.* to -o mynetworks of that '
                           'service' % (tuple(map(re.escape, (name, networks, address, address)))),
                           **self.at(name, 'mynetworks=' + networks, lists, **main))

    def test_hop_that_accepts_this_host(self):
        recipients = 'smtpd_recipient_restrictions=permit_mynetworks,reject'
        main = {'default_transport': 'srs:[::1]:10026', 'inet_interfaces': 'all'}
        for networks, lists, more in (
                ('[::1]/128', recipients, {}), ('[::]/0', recipients, {}),
                ('/nonexistent/file', recipients, {}), ('hash:/nonexistent', recipients, {}),
                ('127.0.0.0/8', 'smtpd_recipient_restrictions=permit_mynetworks,'
                 'check_client_access static:OK,reject', {'smtpd_relay_restrictions': ''}),
                ('127.0.0.0/8', recipients, {'inet_interfaces': '127.0.0.1, ::1'})):
            with self.subTest(networks, lists=lists):
                self.finds(r'^ok: smtpd \[::1\]:10026 is a hop', errors=0,
                           **self.at('[::1]:10026', 'mynetworks=' + networks, lists,
                                     **{**main, **more}))

    def test_not_used(self):
        remedy = (r'^error: no smtpd has the milter in smtpd_milters: add -o smtpd_milters=%s to '
                  r'the smtpd of a hop in master\.cf' % re.escape(self.milter))
        self.hop(remedy, 'smtpd_milters=-')
        self.hop(remedy, 'smtpd_milters=inet:127.0.0.1:1')
        self.hop(remedy, 'smtpd_milters=unix:private/srsd')

    def test_not_used_but_the_map(self):
        """Settings of before the milter: senders are rewritten, and the milter is not asked."""
        lines = self.hop('^error: no smtpd has the milter', 'smtpd_milters=-',
                         **super().right())
        self.assertIn('ok: sender_canonical_maps names forward', lines)

    def test_another_instance(self):
        """The receiving one of two: the hop is in the other one."""
        lines = self.finds(r'^skipped: milter: mail leaves through another instance of Postfix: '
                           r'run srsctl check --postfix', errors=0,
                           config=self.config(milter=[self.milter]),
                           postfix=self.postfix({'default_transport': 'smtp:[127.0.0.1]:10026'}))
        self.assertFalse([line for line in lines if 'sender_canonical_maps' in line])
        self.finds('^skipped: milter: ', errors=0, config=self.config(milter=[self.milter]),
                   postfix=self.postfix({'default_transport': 'smtp',
                                         'relayhost': '[127.0.0.1]:10026'}))

    def test_no_hop(self):
        public = MASTER.rstrip() + ' -o smtpd_milters=%s\n' % self.milter
        error = (r'^error: smtpd smtp has the milter, and no hop has it: forwards are not '
                 r'rewritten, because aliases are not expanded yet on a public smtpd: add the hop')
        self.hop(error, 'smtpd_milters=-', smtp=public)
        self.hop(error, 'receive_override_options=no_milters', 'smtpd_milters=-',
                 smtpd_milters=self.milter)

    def test_milter_that_reverses(self):
        """For those who used the milter of postsrsd 2, beside the map."""
        lines = self.hop('^ok: smtpd smtp has the milter, which reverses recipients there; '
                         'sender_canonical_maps rewrites senders$', 'smtpd_milters=-',
                         'receive_override_options=no_milters', errors=0,
                         **{**super().right(), 'smtpd_milters': self.milter})
        self.assertIn('ok: sender_canonical_maps names forward', lines)

    def test_both_hops(self):
        """The milter reverses on the first and rewrites on the second."""
        self.hop('^ok: smtpd 127.0.0.1:10026 is a hop', errors=0,
                 smtp=MASTER.rstrip() + ' -o smtpd_milters=%s\n' % self.milter)

    def test_no_milters(self):
        self.hop(r'^error: receive_override_options of smtpd 127\.0\.0\.1:10026 contains '
                 r'no_milters: the milter is not used there: remove no_milters from that service '
                 r'in master\.cf$',
                 'receive_override_options=no_header_body_checks,no_milters')

    def test_no_milters_of_another_hop(self):
        """A filter returns mail to a service that inherits the milter of main.cf."""
        self.hop('is a hop with the milter', errors=0, smtpd_milters=self.milter,
                 other='127.0.0.1:10025 inet n - n - - smtpd '
                       '-o receive_override_options=no_milters\n')

    def test_default_action(self):
        for value, harm in (('accept', 'while srsd is not running, forwards leave with their '
                                       'original sender'),
                            ('reject', 'while srsd is not running, mail that has been accepted is '
                                       'not tried again')):
            error = (r'^error: milter_default_action of smtpd 127\.0\.0\.1:10026 is %s: %s: add '
                     r'-o milter_default_action=tempfail to that service' % (value, harm))
            with self.subTest(value):
                self.hop(error, milter_default_action=value)
                self.hop(error, 'milter_default_action=' + value)
                self.hop(error, 'smtpd_milters={ %s, { default_action = %s } }'
                         % (self.milter, value), milter_default_action='tempfail')
        # The default of Postfix 3.11, 3.10.8 and 3.9.9
        self.hop('is a hop', 'milter_default_action=shutdown', errors=0)
        self.hop('is a hop', 'milter_default_action=tempfail', errors=0,
                 milter_default_action='accept')

    def test_timeout(self):
        error = (r'^warning: milter_content_timeout of smtpd 127\.0\.0\.1:10026 is %s: Postfix '
                 r'stops waiting before milter-timeout \(20 s\) has expired: add -o '
                 r'milter_content_timeout=25s to that service')
        self.hop(error % '24s', 'milter_content_timeout=24s')
        self.hop(error % '24', milter_content_timeout='24')
        self.hop(error % '10s',
                 'smtpd_milters={ %s, content_timeout=10s }' % self.milter)
        self.hop('is a hop', 'milter_content_timeout=25s', errors=0)
        self.hop('is a hop', 'milter_content_timeout=1m', errors=0)
        self.hop(r'is 10s.* milter-timeout \(6 s\) .*=11s', 'milter_content_timeout=10s',
                 options={'milter_timeout': 6})

    def test_protocol(self):
        for value in '2', '4':
            with self.subTest(value):
                self.hop(r'^error: milter_protocol of smtpd 127\.0\.0\.1:10026 is %s: with a version '
                         r'below 6 a milter cannot change the sender: add -o milter_protocol=6'
                         % value, milter_protocol=value)

    def test_no_orcpt_arrives(self):
        """The setting of main.cf for clients hides DSN at the hop too."""
        self.hop(r'^error: smtpd_discard_ehlo_keywords of smtpd 127\.0\.0\.1:10026 contains dsn: '
                 r'ORCPT does not arrive, and no forward is recognized: add -o '
                 r'smtpd_discard_ehlo_keywords= to that service',
                 'smtpd_discard_ehlo_keywords=-')

    def test_no_orcpt_is_sent(self):
        error = (r'^error: smtp_discard_ehlo_keywords of srs, which sends mail to the hop, contains '
                 r'dsn: it sends no ORCPT, .*: add -o smtp_discard_ehlo_keywords= to that service')
        self.hop(error, smtp_discard_ehlo_keywords='silent-discard, DSN')
        self.hop(error, srs=' -o smtp_discard_ehlo_keywords=dsn')
        self.hop('is a hop', smtp_discard_ehlo_keywords='dsn', errors=0,
                 srs=' -o smtp_discard_ehlo_keywords=')

    def test_orcpt_of_clients(self):
        """A client chooses among domains; with rewrite-relayed = false it would choose more."""
        main = {'smtpd_discard_ehlo_keywords': None}
        self.hop(r'^ok: smtpd smtp accepts ORCPT from clients; they can choose which of domains '
                 r'forwards, but not whether mail is rewritten$', errors=0, **main)
        error = (r"^error: smtpd %s accepts ORCPT from clients: with rewrite-relayed = false a client "
                 r"can keep srsd from rewriting its mail: postconf -e "
                 r"'smtpd_discard_ehlo_keywords = dsn, silent-discard', and -o ")
        off = {'rewrite_relayed': False}
        self.hop(error % 'smtp', options=off, **main)
        self.hop('is a hop', options=off, errors=0)
        self.hop(error % 'submission', options=off,
                 other='submission inet n - n - - smtpd -o smtpd_discard_ehlo_keywords=\n')

    def test_recipient_limit(self):
        error = (r"^warning: srs_destination_recipient_limit is not 1: a message has one sender for "
                 r"all its recipients, .*: postconf -e 'srs_destination_recipient_limit = 1'$")
        per = {'per_domain': 'same', 'outbound_addresses': [ADDRESS],
               'per_domain_except': ['mx.our.test', 'localhost']}
        for options in per, {'unauthenticated': 'keep'}:
            with self.subTest(str(options)):
                self.hop(error, options=options)
                self.hop('is a hop', options=options, errors=0,
                         srs_destination_recipient_limit='1')
        self.hop(error.replace('srs_', 'smtp_'), options=per,
                 other='smtp unix - - n - - smtp\n', default_transport='smtp:[127.0.0.1]:10026')

    def test_canonical_maps_too(self):
        port = self.daemon.ports['forward']
        error = (r'^error: sender_canonical_maps%s names the map forward, and a hop has the milter: '
                 r'mail for mailboxes is rewritten too, .*: %s$')
        self.hop(error % ('', 'postconf -X sender_canonical_maps'),
                 sender_canonical_maps='tcp:127.0.0.1:%d' % port)
        self.hop(error % (' of srs-cleanup/unix', 'remove it from that service in master.cf'),
                 other='srs-cleanup unix n - n - 0 cleanup '
                       '-o sender_canonical_maps=tcp:127.0.0.1:%d\n' % port)

    def test_signer(self):
        """Before or after srsd, but it belongs on another service."""
        for signer in ('inet:localhost:8891', 'unix:opendkim/opendkim.sock',
                       '{ unix:private/OpenDKIM, default_action=accept }'):
            for form in '%s, %s' % (signer, self.milter), '%s, %s' % (self.milter, signer):
                with self.subTest(form):
                    self.hop(r'^warning: smtpd_milters of smtpd 127\.0\.0\.1:10026 contains %s: all '
                             r'mail comes from this host there, .*: leave it on the services where mail '
                             r'comes in' % re.escape(signer), 'smtpd_milters=' + form)
        self.hop('is a hop', 'smtpd_milters=unix:clamav/clamav.sock, ' + self.milter, errors=0)
        self.hop('is a hop', errors=0, smtpd_milters='inet:localhost:8891')

    def test_header_rewriting(self):
        warning = (r'^warning: local_header_rewrite_clients of smtpd 127\.0\.0\.1:10026 is not '
                   r'empty: .*: add -o local_header_rewrite_clients= to that service')
        self.hop(warning, 'local_header_rewrite_clients=-')
        self.hop(warning, 'local_header_rewrite_clients=permit_mynetworks')
        self.hop('is a hop', 'local_header_rewrite_clients=-', errors=0,
                 local_header_rewrite_clients='')

    def test_masquerade(self):
        self.hop(r'^warning: masquerade_domains changes envelope senders: .*: postconf -e '
                 r"'masquerade_classes = header_sender, header_recipient'$",
                 masquerade_domains='srs.test')
        self.hop('is a hop', errors=0, masquerade_domains='srs.test',
                 masquerade_classes='header_sender, header_recipient')

    def test_local_mail(self):
        self.hop('^error: non_smtpd_milters names the milter: mail that is submitted on this host '
                 'is judged before its aliases are expanded: remove it; the milter belongs only '
                 'on the hop$', non_smtpd_milters='inet:127.0.0.1:1, ' + self.milter)
        self.hop(r'^error: non_smtpd_milters of pick/unix names the milter: .*: remove it from that '
                 r'service in master\.cf; ',
                 other='pick unix n - n - 0 cleanup -o non_smtpd_milters=%s\n' % self.milter)

    def test_no_way_to_the_hop(self):
        warning = (r"^warning: outgoing mail does not go to the hop, smtpd 127\.0\.0\.1:10026: "
                   r"forwards are not rewritten: postconf -e 'default_transport = "
                   r"smtp:\[127\.0\.0\.1\]:10026'$")
        self.hop(warning, default_transport=None)
        self.hop(warning, default_transport='srs:[127.0.0.1]:10025')
        for name, way in ('[::1]:10026', '[::1]:10026'), ('10026', '[127.0.0.1]:10026'), \
                ('192.0.2.10:10026', '[192.0.2.10]:10026'):
            with self.subTest(name):
                self.finds("^warning: outgoing mail does not go to the hop, smtpd %s: .*: postconf "
                           "-e 'default_transport = smtp:%s'$" % (re.escape(name), re.escape(way)),
                           errors=1, **self.at(name, default_transport=None))
        for main in ({'relayhost': '[127.0.0.1]:10026'},
                     {'content_filter': 'srs:[127.0.0.1]:10026'},
                     {'transport_maps': 'inline:{ { * = srs:[127.0.0.1]:10026 } }'},
                     {'sender_dependent_default_transport_maps': 'inline:{a=b}'}):
            with self.subTest(str(main)):
                self.hop('is a hop', errors=0, **{'default_transport': None, **main})

    def test_instance_of_its_own(self):
        """The sending instance has no public smtpd that could send its mail to the hop."""
        lines = self.finds('is a hop with the milter$', errors=2,
                           config=self.config(milter=[self.milter]),
                           postfix=self.postfix({'default_transport': None, 'relayhost': None,
                                                 'virtual_alias_domains': '',
                                                 'recipient_canonical_maps': ''},
                                                master=self.master(smtp='')))
        self.assertFalse([line for line in lines if 'outgoing mail' in line])


class Store(Base):
    """The file of the envelope database."""

    original_envelope = 'long'

    @classmethod
    def options(cls, daemon):
        if not has_sqlite():
            raise unittest.SkipTest('built without SQLite')
        daemon.enable_control()
        cls.folder = daemon.folder.subfolder('store', daemon.user, 0o750)
        cls.file = os.path.join(cls.folder, 'envelopes.sqlite')
        daemon.options['envelope-database'] = 'sqlite:' + cls.file
        daemon.options['original-envelope'] = cls.original_envelope

    def setUp(self):
        super().setUp()
        if postfix_is_missing():
            self.skipTest('postfix is not installed')
        deadline = time.monotonic() + 60
        while self.rows() is None and time.monotonic() < deadline:
            pass

    def rows(self):
        done = run('-f', self.daemon.config, 'store', 'status', '--json', program='srsctl')
        return json.loads(done.stdout)['rows']

    def test_right(self):
        lines = self.finds('^ok: the daemon uses envelope-database sqlite:' + self.file,
                           errors=0)
        self.assertIn('ok: envelope-database %s has no damage' % self.file, lines)
        self.assertEqual(self.rows(), 0)

    def test_as_root(self):
        if not is_root():
            self.skipTest('needs root')
        self.finds('^ok: envelope-database %s has no damage$' % self.file, errors=0, user=False)

    def with_mode(self, path, mode, pattern):
        before = os.stat(path).st_mode & 0o7777
        os.chmod(path, mode)
        try:
            self.finds(pattern % path)
        finally:
            os.chmod(path, before)

    def test_modes(self):
        self.with_mode(self.file, 0o644, '^error: envelope-database %s: other users can read it: '
                       'chmod 600 ')
        self.with_mode(self.file, 0o660, '^error: envelope-database %s: other users can change it')
        self.with_mode(self.folder, 0o775, '^error: directory %s of envelope-database: other users '
                       'can replace the file: chmod go-w ')

    def test_owners(self):
        if not is_root():
            self.skipTest('needs root')
        for path, pattern in ((self.file, '^error: envelope-database %s does not belong'),
                              (self.folder, '^error: directory %s of envelope-database does not')):
            before = os.stat(path)
            os.chown(path, 1, before.st_gid)
            try:
                self.finds(pattern % path, user=False)
            finally:
                os.chown(path, before.st_uid, before.st_gid)

    def other(self, path):
        return self.config(envelope_database='sqlite:' + path)

    def test_another_file(self):
        """The daemon has another one than the configuration, which is not there."""
        path = os.path.join(self.folder, 'absent')
        self.finds('^warning: envelope-database %s: No such file.*: srsd creates it' % path,
                   config=self.other(path), errors=2)
        path = self.daemon.path('absent/absent')
        lines = self.finds('^error: directory %s of envelope-database: No such'
                           % os.path.dirname(path), config=self.other(path), errors=2)
        self.assertIn('error: the daemon does not use envelope-database sqlite:%s: run srsctl '
                      'reload, and make sure that the daemon reads this configuration file' % path,
                      lines)

    def test_damage(self):
        path = os.path.join(self.folder, 'damaged')
        shutil.copy(self.file, path)
        with open(path, 'r+b') as file:
            file.write(b'SQLite format 3\0' + b'\xff' * 80)
        os.chmod(path, 0o600)
        if is_root():
            shutil.chown(path, self.daemon.user)
        self.finds('^error: envelope-database %s is damaged: .*: stop srsd, make a copy' % path,
                   config=self.other(path), errors=2)

    def test_not_opened_yet(self):
        self.daemon.folder.file('store/new', '', 0o600, self.daemon.user)
        path = os.path.join(self.folder, 'new')
        self.finds('^warning: envelope-database %s has not been opened by srsd' % path,
                   config=self.other(path), errors=2)

    def test_no_daemon(self):
        self.finds('^skipped: envelope-database in the daemon: cannot connect to', errors=0,
                   config=self.config(control='unix:/nonexistent/control'))

    def test_locked(self):
        """A database that another program has locked is not reported as damaged."""
        database = sqlite3.connect(self.file, isolation_level=None)
        database.execute('BEGIN IMMEDIATE')
        try:
            self.finds('^ok: envelope-database .* has no damage', errors=0)
        finally:
            database.close()


class StoreOfAll(Store):
    """original-envelope = database: the sender of the check is one that is not stored."""

    original_envelope = 'database'


class Redis(Base):
    """A server, whose promise depends on its configuration."""

    @classmethod
    def setUpClass(cls):
        cls.program = shutil.which('redis-server') or shutil.which('valkey-server')
        if cls.program is None:
            raise unittest.SkipTest('no redis-server')
        super().setUpClass()

    @classmethod
    def options(cls, daemon):
        if not has_hiredis():
            raise unittest.SkipTest('built without hiredis')
        folder = daemon.folder.subfolder('redis', daemon.user)
        port = free_port()
        cls.database = 'redis:127.0.0.1:%d' % port
        cls.socket_of_server = os.path.join(folder, 'socket')
        cls.server = subprocess.Popen(
            [cls.program, '--port', str(port), '--dir', folder, '--save', '', '--bind',
             '127.0.0.1', '--unixsocket', cls.socket_of_server, '--unixsocketperm', '777'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        cls.addClassCleanup(cls.server.wait)
        cls.addClassCleanup(cls.server.kill)
        daemon.enable_control()
        daemon.options['envelope-database'] = cls.database
        daemon.options['original-envelope'] = 'long'
        cls.port = port

    def setUp(self):
        super().setUp()
        if postfix_is_missing():
            self.skipTest('postfix is not installed')
        self.ask('PING')
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and run(
                '-f', self.daemon.config, 'store', 'status', program='srsctl').returncode != 0:
            pass
        self.set(**{'maxmemory-policy': 'noeviction', 'appendonly': 'yes',
                    'appendfsync': 'always'})

    def ask(self, *words):
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(('127.0.0.1', self.port)) as connection:
                    connection.sendall((' '.join(words) + '\r\n').encode())
                    return connection.recv(1000).decode()
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise

    def set(self, **values):
        for name, value in values.items():
            self.assertEqual(self.ask('CONFIG', 'SET', name, value), '+OK\r\n')

    def test_right(self):
        lines = self.finds('^ok: envelope-database %s answers$' % self.database, errors=0)
        self.assertIn('ok: %s has a sender on disk before its address is given out'
                      % self.database, lines)
        self.assertIn('ok: the daemon uses envelope-database ' + self.database, lines)

    def test_unix_socket(self):
        self.finds('^ok: envelope-database redis:unix:.* answers$', config=self.config(
            envelope_database='redis:unix:' + self.socket_of_server))

    def test_eviction(self):
        self.set(**{'maxmemory-policy': 'allkeys-lru'})
        self.finds('^error: %s removes senders when it runs short of memory: maxmemory-policy is '
                   'allkeys-lru: ' % self.database)

    def test_promises(self):
        self.set(appendfsync='everysec')
        self.finds('^warning: a crash of %s loses the senders of a second or more' % self.database)
        self.set(appendonly='no')
        self.finds('^warning: a crash of %s loses all senders since its last snapshot'
                   % self.database)

    def test_user_that_may_not_ask(self):
        self.assertEqual(self.ask('ACL', 'SETUSER', 'srsd', 'on', '>secret', '~PostSRSd/*',
                                  '+get', '+set', '+ping'), '+OK\r\n')
        password = self.daemon.folder.file('password', 'secret\n', 0o600, self.daemon.user)
        config = self.config(envelope_database_user='srsd',
                             envelope_database_password_file=password)
        lines = self.finds('^skipped: maxmemory-policy of %s: the server does not show it'
                           % self.database, errors=0, config=config)
        self.assertTrue(any(line.startswith('skipped: appendonly and') for line in lines))
        self.daemon.folder.file('password', 'wrong\n', 0o600, self.daemon.user)
        self.finds('^error: envelope-database %s: .*WRONGPASS' % self.database, config=config)

    def test_no_server(self):
        self.finds('^error: envelope-database redis:127.0.0.1:.*: Connection refused: start the '
                   'server', errors=2, config=self.config(
                       envelope_database='redis:127.0.0.1:%d' % free_port()))

    def test_no_password(self):
        self.finds('^error: envelope-database redis:192.0.2.1:6379 is not on this host, and has no '
                   'password: set envelope-database-password-file', errors=2,
                   config=self.config(envelope_database='redis:192.0.2.1:6379'))

    def test_no_password_file(self):
        self.finds('^error: envelope-database-password-file /nonexistent: No such file',
                   config=self.config(envelope_database_password_file='/nonexistent'))


class Users(PostfixBase):
    """Which recipients of the SRS domain are known."""

    def wrong(self, pattern, errors=1, config=None, **main):
        return self.finds(pattern, errors=errors, postfix=self.postfix(main), config=config)

    def test_everybody(self):
        mine = {'mydestination': 'our.test, srs.test', 'virtual_alias_domains': '',
                'virtual_alias_maps': ''}
        boxes = {**mine, 'mydestination': 'our.test', 'virtual_mailbox_domains': 'srs.test'}
        relay = {**mine, 'mydestination': 'our.test', 'relay_domains': 'srs.test'}
        said = ('^warning: every recipient in srs.test is accepted, forged SRS addresses included: '
                '%s: ')
        for what, main in (
                ('local_recipient_maps is empty', {**mine, 'local_recipient_maps': ''}),
                ('virtual_mailbox_maps is empty', boxes),
                ('relay_recipient_maps is empty', relay)):
            with self.subTest(what):
                self.wrong(said % what + 'move srs.test from .* to virtual_alias_domains: ', **main)
        for where, main in (
                ('local_recipient_maps', {**mine, 'local_recipient_maps': 'static:x'}),
                ('virtual_alias_maps', {'virtual_alias_maps': 'inline:{@srs.test=x@our.test}'}),
                ('virtual_alias_maps', {**mine, 'virtual_alias_maps': 'inline:{@srs.test=x}'}),
                ('virtual_mailbox_maps', {**boxes, 'virtual_mailbox_maps': 'inline:{@srs.test=x}'}),
                ('relay_recipient_maps', {**relay, 'relay_recipient_maps': 'static:x'}),
                ('canonical_maps', {'canonical_maps': 'inline:{@srs.test=@our.test}'})):
            with self.subTest(str(main)):
                self.wrong(said % (where + ' matches them all')
                           + 'remove the entry for all of srs.test: ', **main)

    def test_postmaster(self):
        maps = self.right()['recipient_canonical_maps']
        self.wrong("^warning: postmaster@srs.test is refused, but RFC 5321 requires it: "
                   "postconf -e "
                   "'recipient_canonical_maps = inline:{postmaster@srs.test=postmaster@our.test}, "
                   "%s', or add an entry to virtual_alias_maps$" % maps, virtual_alias_maps='',
                   myorigin='our.test')
        self.wrong('^ok: srs-domain srs.test is accepted', errors=0, virtual_alias_maps='',
                   recipient_canonical_maps='inline:{postmaster@srs.test=postmaster@our.test}, '
                   + maps)

    def test_postmaster_by_class(self):
        mine = {'virtual_alias_domains': '', 'virtual_alias_maps': ''}
        said = '^warning: postmaster@srs.test is refused'
        for main, key in (
                ({'mydestination': 'our.test, srs.test', 'local_recipient_maps': 'inline:{%s=x}'},
                 'postmaster'),
                ({'virtual_mailbox_domains': 'srs.test', 'virtual_mailbox_maps': 'inline:{%s=x}'},
                 'postmaster@srs.test'),
                ({'relay_domains': 'srs.test', 'relay_recipient_maps': 'inline:{%s=x}'},
                 'postmaster@srs.test')):
            with self.subTest(key):
                for known in False, True:
                    settings = {name: value % (key if known else 'bob') if '%s' in value else value
                                for name, value in main.items()}
                    self.wrong('^ok: srs-domain' if known else said, errors=0 if known else 1,
                               **{**mine, **settings})

    def test_former_domain(self):
        """Bounces to it come back for max-age days, so it is looked at like srs-domain."""
        config = self.config(reverse_domains=['old.test'])
        both = {'virtual_alias_domains': 'srs.test, old.test', 'virtual_alias_maps':
                'inline:{postmaster@srs.test=x, postmaster@old.test=x}'}
        self.wrong('^ok: reverse-domains old.test is accepted: it is in virtual_alias_domains$',
                   errors=0, config=config, **both)
        self.wrong('^skipped: whether reverse-domains old.test must be accepted at RCPT TO, which '
                   'it is not: a former srs-domain must be accepted, a domain of another forwarder '
                   "need not be: postconf -e 'virtual_alias_domains = srs.test, old.test'$",
                   errors=0, config=config)
        self.wrong('^warning: postmaster@old.test is refused', config=config,
                   **{**both, 'virtual_alias_maps': self.right()['virtual_alias_maps']})
        self.wrong(r'^error: mail for reverse-domains old\.test is sent to smtp:\[mx\.x\.test\] '
                   'by transport_maps: move old.test from transport_maps to', config=config,
                   mydestination='our.test, old.test', transport_maps='inline:{old.test='
                   'smtp:[mx.x.test]}')


class AcceptedCandidates(PostfixBase):
    """The SRS domains of per-domain must be accepted at RCPT TO."""

    def candidates(self, pattern, domains, errors, accept=(), form='bounce.'):
        config = self.config(per_domain=form, per_domain_accept=list(accept),
                             outbound_addresses=[ADDRESS])
        _status, lines = self.check('--address', ADDRESS, config=config, postfix=self.postfix({
            'virtual_alias_domains': ', '.join(['srs.test', *domains])}))
        bad = [line for line in lines if 'is not accepted at RCPT TO' in line]
        self.assertTrue(any(re.search(pattern, line) for line in lines), '\n'.join(lines))
        self.assertEqual(len(bad), errors, '\n'.join(lines))
        return lines

    def test_right(self):
        lines = self.candidates(r'^ok: per-domain bounce\.: \d domains are accepted$',
                                ['bounce.our.test', 'bounce.mx.our.test', 'bounce.localhost'], 0)
        self.assertFalse([line for line in lines if 'per-domain-accept' in line])

    def test_not_accepted(self):
        error = (r"^error: %s bounce\.our\.test is not accepted at RCPT TO: add it to "
                 r"virtual_alias_domains: postconf -e 'virtual_alias_domains = ")
        rest = ['bounce.mx.our.test', 'bounce.localhost']
        self.candidates(error % 'per-domain', rest, 1)
        self.candidates(error % 'per-domain-accept', rest, 1, ['bounce.'], 'same')


class Senders(PostfixBase):
    """MAIL FROM without a domain, and other programs that check SPF."""

    def test_short_senders(self):
        said = ('^warning: smtpd smtp accepts senders without a domain, such as site!user, which '
                'Postfix completes later: add reject_non_fqdn_sender before check_policy_service, '
                "or postconf -e 'swap_bangpath = no' 'allow_percent_hack = no'$")
        ask = self.right()['smtpd_recipient_restrictions']
        for main in ({'smtpd_sender_restrictions': ''},
                     {'smtpd_sender_restrictions': 'permit, reject_non_fqdn_sender'},
                     {'smtpd_sender_restrictions': 'warn_if_reject reject_non_fqdn_sender'},
                     {'smtpd_sender_restrictions': '', 'swap_bangpath': 'no'},
                     {'smtpd_sender_restrictions': '', 'allow_percent_hack': 'no'}):
            with self.subTest(str(main)):
                self.wrong(said, **main)
        for main in ({'swap_bangpath': 'no', 'allow_percent_hack': 'no'},
                     {'smtpd_recipient_restrictions': 'reject_non_fqdn_sender, ' + ask},
                     {'smtpd_helo_restrictions': 'mine', 'smtpd_restriction_classes': 'mine',
                      'mine': 'reject_non_fqdn_sender'}):
            with self.subTest(str(main)):
                self.wrong('^ok: smtpd smtp asks', errors=0,
                           **{'smtpd_sender_restrictions': '', **main})

    def test_guesses_that_srsd_does_not_see(self):
        said = ('^warning: smtpd smtp has %s before check_policy_service: a client can guess SRS '
                'hashes there, .*: move check_policy_service before it$')
        ask = self.right()['smtpd_recipient_restrictions']
        self.wrong(said % 'reject_unlisted_recipient', errors=1,
                   smtpd_recipient_restrictions='reject_unlisted_recipient, ' + ask)
        self.wrong(said % 'reject_unlisted_sender', errors=1,
                   smtpd_sender_restrictions='reject_non_fqdn_sender, reject_unlisted_sender')
        self.wrong('^warning: smtpd smtp has smtpd_reject_unlisted_sender = yes: ', errors=1,
                   smtpd_reject_unlisted_sender='yes')
        self.wrong('^ok: smtpd smtp asks', errors=0,
                   smtpd_recipient_restrictions=ask + ', reject_unlisted_recipient')

    def test_another_spf_program(self):
        both = (self.right()['smtpd_recipient_restrictions']
                + ', check_policy_service unix:private/policyd-spf')
        self.wrong('^warning: smtpd smtp asks another SPF policy program as well, policyd-spf in '
                   'master.cf: remove check_policy_service unix:private/policyd-spf, and',
                   master=MASTER + SPAWN % '/usr/bin/policyd-spf', smtpd_recipient_restrictions=both)
        self.wrong('^ok: smtpd smtp asks', errors=0,
                   master=MASTER + SPAWN % '/usr/local/bin/greylist',
                   smtpd_recipient_restrictions=both)
        self.wrong('^error: smtpd smtp asks the policy service unix:private/policyd-spf, where '
                   'nothing listens: all mail is deferred: ',
                   smtpd_recipient_restrictions=both)


class Exposure(PostfixBase):
    def setUp(self):
        super().setUp()
        self.port = self.daemon.ports['forward']

    def with_clients(self, *clients, host='0.0.0.0'):
        return self.config(forward=['inet:%s:%d' % (host, self.port)],
                           clients=['127.0.0.0/8', '::1', *clients])

    def test_open_to_others(self):
        for host in '0.0.0.0', '*':
            with self.subTest(host):
                self.finds(r'^warning: forward inet:%s:%d is open to strangers: clients contains '
                           r'0\.0\.0\.0/0: list only the addresses of your mail servers in clients$'
                           % (re.escape(host), self.port),
                           config=self.with_clients('0.0.0.0/0', host=host))

    def test_wide_networks(self):
        for network in '128.0.0.0/1', '192.0.0.0/15', '10.0.0.0/7', '2000::/3', '2001:db8::/31':
            with self.subTest(network):
                self.finds('^warning: forward .* is open to strangers: clients contains %s: '
                           % re.escape(network), config=self.with_clients(network))

    def test_networks_of_a_site(self):
        for network in '192.0.2.1', '192.0.0.0/16', '10.0.0.0/8', 'fc00::/7', '2001:db8::/32':
            with self.subTest(network):
                self.finds('^ok: forward ', config=self.with_clients(network), errors=0)

    def test_on_loopback(self):
        self.finds('^ok: forward ', config=self.with_clients('0.0.0.0/0', host='127.0.0.1'),
                   errors=0)

    def test_this_host_is_not_listed(self):
        """The daemon closes the connection, as it does to Postfix."""
        with Daemon({'clients': ['192.0.2.0/24']}) as daemon:
            port = daemon.ports['forward']
            self.finds(r'^error: forward inet:127\.0\.0\.1:%d: .*: add 127\.0\.0\.1 to clients, so '
                       'that programs on this host can connect$' % port,
                       config=self.config(forward=['inet:127.0.0.1:%d' % port],
                                          clients=['192.0.2.0/24']), errors=2)


class Dns(Base):
    def domain(self, pattern, domain, *arguments, errors=2):
        """One more error, for the daemon mints addresses of another domain."""
        return self.finds(pattern, *arguments, errors=errors,
                          config=self.config(srs_domain=domain),
                          postfix=self.postfix(self.own(domain)))

    def setUp(self):
        super().setUp()
        if postfix_is_missing():
            self.skipTest('postfix is not installed')

    def test_no_mx(self):
        self.domain(r'^error: MX of nomx\.test: no MX record and no address, so that no '
                    r'bounce can be delivered: publish an MX record', 'nomx.test')

    def test_address_in_the_place_of_an_mx(self):
        self.domain('^ok: MX of amx.test leads to this host', 'amx.test', errors=1)

    def test_null_mx(self):
        self.domain(r'^error: MX of nullmx\.test is a null MX: the domain accepts no mail: publish',
                    'nullmx.test')

    def test_mx_elsewhere(self):
        self.domain(r'^error: MX of elsewhere\.test leads to 198\.51\.100\.7, not to this host: '
                    r'publish an MX record that names this host', 'elsewhere.test')

    def test_two_addresses(self):
        self.domain('^ok: MX of elsewhere.test leads to this host', 'elsewhere.test', '--address',
                    '198.51.100.7')

    def test_ipv6(self):
        lines = self.domain('^ok: MX of six.test leads to this host: 2001:db8::25', 'six.test',
                            '--address', '2001:db8::25', errors=1)
        self.assertIn('ok: SPF of six.test for 2001:db8::25: pass', lines)

    def test_proxy_interfaces(self):
        """Postfix knows its address behind NAT."""
        _status, lines = self.check(postfix=self.postfix({'proxy_interfaces': ADDRESS}))
        self.assertIn('ok: MX of srs.test leads to this host: 192.0.2.10', lines)

    def test_bind_address(self):
        _status, lines = self.check(postfix=self.postfix({'smtp_bind_address': '192.0.2.11'}))
        self.assertTrue(any(line.startswith('error: SPF of srs.test for 192.0.2.11: fail: add '
                                            'ip4:192.0.2.11 to its record') for line in lines))

    def test_relayhost(self):
        _status, lines = self.check(postfix=self.postfix({'relayhost': '[mx.other.test]'}))
        self.assertIn('skipped: SPF of srs.test: the address that mail leaves from is unknown; '
                      'give it with --address', lines)

    def test_no_spf(self):
        self.domain(r'^error: SPF of nospf\.test for 192\.0\.2\.10: none: publish a TXT record for '
                    r'it: "v=spf1 ip4:192\.0\.2\.10 -all"', 'nospf.test')

    def test_spf_fail(self):
        self.domain(r'^error: SPF of spffail\.test for 192\.0\.2\.10: fail: add '
                    r'ip4:192\.0\.2\.10 to its record', 'spffail.test')

    def test_spf_is_broken(self):
        self.domain(r'^error: SPF of permerror\.test for 192\.0\.2\.10: permerror: its record is '
                    r'invalid; for details, run: srsctl spf 192\.0\.2\.10 permerror\.test',
                    'permerror.test')

    def dmarc(self, pattern, srs_domain, domains=(), errors=2):
        domains = [*self.daemon.options['domains'], *domains]
        return self.finds(pattern, errors=errors, postfix=self.postfix(self.own(srs_domain)),
                          config=self.config(srs_domain=srs_domain, domains=domains))

    def test_relaxed_alignment(self):
        """The SRS sender lets a forged From: pass, whether domains names its domain or not."""
        said = (r'^warning: DMARC of %s passes for forwarded messages with a forged '
                r'From: in that domain, because srs-domain srs\.%s is aligned with it: publish '
                r'aspf=s in _dmarc\.%s, or choose an srs-domain that is not below %s$')
        one = 'relaxed.test'
        self.dmarc(said % (one, one, one, one), 'srs.relaxed.test')
        self.dmarc(said % (one, one, one, one), 'srs.relaxed.test', ['relaxed.test', '.relaxed.test',
                                                                    'srs.relaxed.test'])
        self.dmarc(said % ('sub.relaxed.test', one, one, one), 'srs.relaxed.test',
                   ['sub.relaxed.test', 'SUB.relaxed.test'], errors=3)

    def test_strict_alignment(self):
        lines = self.dmarc('^ok: DMARC of strict.test is not aligned with srs-domain: aspf=s$',
                           'srs.strict.test', ['strict.test', 'sub.strict.test'], errors=1)
        self.assertIn('ok: DMARC of sub.strict.test is not aligned with srs-domain: aspf=s', lines)
        self.dmarc(r'^warning: DMARC of own\.strict\.test passes .*: publish aspf=s in '
                   r'_dmarc\.own\.strict\.test', 'srs.strict.test', ['own.strict.test'])

    def aligned(self, pattern, errors, master=MASTER, **options):
        """relaxed.test around srs-domain, with a milter."""
        main = {**self.own('srs.relaxed.test'), 'default_transport': 'srs:[127.0.0.1]:10026'}
        if options:
            main['virtual_alias_domains'] += ', apart.example'
            main['virtual_alias_maps'] += ', inline:{postmaster@apart.example=postmaster@our.test}'
        maps = {'sender_canonical_maps': None} if 'smtpd_milters' in master else {}
        return self.finds(pattern, errors=errors, postfix=self.postfix({**main, **maps}, master),
                          config=self.config(srs_domain='srs.relaxed.test',
                                             milter=['inet:127.0.0.1:1'], **options))

    def test_alignment_and_the_milter(self):
        """The milter looks at From:, the map of senders cannot."""
        hop = (MASTER + 'srs unix - - n - - smtp\n'
               '127.0.0.1:10026 inet n - n - - smtpd -o smtpd_milters=inet:127.0.0.1:1 '
               '-o content_filter=smtp: -o local_header_rewrite_clients=\n')
        apart = {'unauthenticated_domain': 'apart.example'}
        self.aligned(r'^warning: DMARC of relaxed\.test passes .*: publish aspf=s in '
                     r'_dmarc\.relaxed\.test, or choose .*relaxed\.test, or set '
                     r'unauthenticated-domain, which the milter uses for such messages$', 3, hop)
        self.aligned(r'^ok: DMARC of relaxed\.test: forwards with a forged From: leave under '
                     r'unauthenticated-domain$', 2, hop, **apart)
        self.aligned(r'^warning: DMARC of relaxed\.test passes .*: publish aspf=s in '
                     r'_dmarc\.relaxed\.test, or choose .* below relaxed\.test$', 3, **apart)

    def apart(self, pattern, domain, errors=1):
        main = self.own('srs.test')
        main['virtual_alias_domains'] += ', ' + domain
        main['virtual_alias_maps'] += ', inline:{postmaster@%s=postmaster@our.test}' % domain
        return self.finds(pattern, errors=errors, postfix=self.postfix(main),
                          config=self.config(unauthenticated_domain=domain))

    def test_unauthenticated_domain(self):
        lines = self.apart('^ok: unauthenticated-domain apart.example is accepted: it is in '
                           'virtual_alias_domains$', 'apart.example', errors=0)
        self.assertIn('ok: MX of apart.example leads to this host: 192.0.2.10', lines)
        self.assertIn('ok: SPF of apart.example for 192.0.2.10: pass', lines)
        self.apart(r'^error: MX of apart-nomx\.example: no MX record and no address',
                   'apart-nomx.example')
        self.apart(r'^error: SPF of apart-nospf\.example for 192\.0\.2\.10: none: publish a TXT '
                   r'record', 'apart-nospf.example')

    def test_unauthenticated_domain_is_not_accepted(self):
        self.finds(r"^error: unauthenticated-domain apart\.example is not accepted at RCPT TO: add "
                   r"it to virtual_alias_domains: postconf -e 'virtual_alias_domains = srs\.test, "
                   r"apart\.example'$", postfix=self.postfix(),
                   config=self.config(unauthenticated_domain='apart.example'))

    def test_no_dmarc(self):
        """Nothing to pass."""
        self.assertEqual([line for line in self.finds('^ok: SPF', errors=0) if 'DMARC' in line], [])

    def test_srs_domain_is_in_from(self):
        """Strict alignment does not keep the domain itself apart."""
        self.dmarc(r'^warning: DMARC of main\.test passes .*: choose another srs-domain, such as '
                   r'srs\.main\.test, list main\.test in reverse-domains, and publish '
                   r'aspf=s in _dmarc\.main\.test$', 'main.test')

    def test_dns_does_not_answer(self):
        lines = self.domain(r'^error: MX of broken\.test: the DNS does not answer: check '
                            r'nameservers', 'broken.test', errors=3)
        self.assertRegex('\n'.join(lines), r'error: SPF of broken\.test .*: temperror: the DNS ')


    def daemon_finds(self, pattern, dns, errors=1, **spf):
        """A daemon with another DNS server than srsctl."""
        daemon = Daemon({'domains': ['our.test', 'mx.our.test', 'localhost']}, dns=dns, spf=spf)
        daemon.enable_control()
        with daemon:
            options = {**daemon.options, 'nameservers': [self.dns.address]}
            config = self.daemon.folder.file('resolv.conf', render(options))
            postfix = self.postfix({
                name: value.replace(str(self.daemon.ports[service]), str(daemon.ports[service]))
                for service, name in (('forward', 'sender_canonical_maps'),
                                      ('reverse', 'recipient_canonical_maps'),
                                      ('policy', 'smtpd_recipient_restrictions'))
                for value in [self.right()[name]]})
            return self.finds(pattern, config=config, postfix=postfix, errors=errors, user=False)

    def test_daemon_has_the_same_answers(self):
        self.daemon_finds('^ok: the daemon gets the same answers from the DNS as srsctl$', self.dns,
                          errors=0)

    def test_daemon_cannot_be_asked(self):
        self.finds('^ok: the DNS answers srsctl; the daemon may use other nameservers, and cannot '
                   'be asked because control is "none"$', errors=0)

    def test_daemon_has_other_answers(self):
        """resolv.conf has changed, and the daemon has not read it."""
        with DnsServer({}) as other:
            self.daemon_finds(
                '^error: the daemon gets other answers from the DNS than srsctl: SPF of srs.test '
                'is none instead of fail: if nameservers or /etc/resolv.conf has changed, run '
                'srsctl reload; if the record', other)

    def test_daemon_has_no_answers(self):
        with DnsServer({'srs.test': SILENT}) as other:
            self.daemon_finds('^error: the daemon gets no answer from the DNS for srs.test, but '
                              'srsctl does: if nameservers', other, **{'lookup-time': 1})

    def test_dns_is_silent(self):
        """A person waits: one question is enough to know."""
        self.dns.clear()
        lines = self.domain(r'^error: MX of silent\.test: the DNS does not answer: check '
                            r'nameservers', 'silent.test')
        self.assertIn('skipped: SPF of silent.test: the DNS does not answer', lines)
        self.assertEqual({query.type for query in self.dns.seen(name='silent.test')}, {'MX'})


class HostAddresses(PostfixBase):
    """The addresses of a host: one of each family, and one of an interface that is down."""

    ADDRESSES = {'ipv4': ADDRESS, 'ipv6': '2001:db8::25'}
    ZONE = {
        'four.test': {'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
        'six.test': {'TXT': ['v=spf1 ip6:2001:db8::25 -all']},
        'none.test': {'TXT': ['v=spf1 ip4:198.51.100.7 -all']},
    }

    @classmethod
    def setUpClass(cls):
        reason = netns.unavailable()
        if reason:
            raise unittest.SkipTest(reason)
        super().setUpClass()
        cls.space = netns.Namespace('check')
        cls.addClassCleanup(cls.space.remove)
        cls.space.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1')
        for address in cls.ADDRESSES['ipv4'], cls.ADDRESSES['ipv6']:
            cls.space.ip('address', 'add', address, 'dev', 'eth0', *(['nodad'] * (':' in address)))
        cls.space.ip('link', 'set', 'eth0', 'up')
        cls.space.ip('address', 'add', '192.0.2.99', 'dev', 'eth1')
        cls.server = cls.space.call(DnsServer, cls.ZONE).start()
        cls.addClassCleanup(cls.server.stop)

    def spf(self, domain, protocols, **main):
        """-> the lines about SPF"""
        config = self.config(srs_domain=domain, nameservers=[self.server.address])
        postfix = self.postfix({**self.own(domain), 'inet_protocols': protocols, **main})
        _status, lines = self.check(config=config, postfix=postfix, prefix=self.space.command,
                                    user=False)
        return [line for line in lines if re.match(r'\w+: SPF of ', line)]

    def test_protocols(self):
        """Only addresses of the families that Postfix uses."""
        for protocols, used in (('ipv4', ['ipv4']), ('ipv6', ['ipv6']),
                                ('ipv4, ipv6', ['ipv4', 'ipv6']), ('all', ['ipv4', 'ipv6'])):
            for domain, passes in (('four.test', 'ipv4'), ('six.test', 'ipv6')):
                with self.subTest(protocols=protocols, domain=domain):
                    lines = self.spf(domain, protocols)
                    self.assertEqual([line for line in lines if line.startswith('ok: ')],
                                     ['ok: SPF of %s for %s: pass' % (domain, self.ADDRESSES[passes])]
                                     if passes in used else [])
                    self.assertEqual(
                        {address for address in [*self.ADDRESSES.values(), '192.0.2.99']
                         if any(' for %s: ' % address in line for line in lines)},
                        {self.ADDRESSES[family] for family in used}, lines)

    def test_one_that_must_pass(self):
        """The only address must, or one of two."""
        line = self.spf('none.test', 'ipv4')[0]
        self.assertTrue(line.startswith('error: SPF of none.test for 192.0.2.10: fail: '), line)
        self.assertIn("error: SPF of none.test passes for none of this host's addresses: add those "
                      'that mail leaves from, or give them with --address',
                      self.spf('none.test', 'all'))

    def test_relayhost(self):
        """Mail leaves from the addresses of another host."""
        self.assertEqual(self.spf('none.test', 'ipv4', relayhost='[relay.test]'),
                         ['skipped: SPF of none.test: the address that mail leaves from is unknown; '
                          'give it with --address'])


class Candidates(Base):
    """The domains that per-domain can use for signing."""

    def candidates(self, *domains, per_domain='srs.', addresses=(ADDRESS,), **options):
        """The lines about them."""
        config = self.config(domains=list(domains), per_domain=per_domain,
                             outbound_addresses=list(addresses), **options)
        status, lines = self.check_by_topic(config)
        bad = [line for line in lines if line.startswith('error')]
        self.assertEqual(status, 1 if bad else 0)
        return [line for line in lines if 'per-domain' in line]

    def test_off(self):
        self.assertEqual(self.candidates('ours.test', per_domain='off'), [])

    def test_each_state(self):
        """What is not usable is no error, because srs-domain is used instead."""
        self.assertEqual(
            self.candidates('alias.test', 'OURS.test', '.ours.test', 'soft.test', 'vary.test',
                            'away.test', 'dot.test', 'bare.test', 'none.test', 'broken.test'), [
                'ok: per-domain srs.alias.test: usable',
                'ok: per-domain srs.ours.test: usable',
                'warning: per-domain srs.soft.test: SPF is softfail for mail from 192.0.2.10: '
                'publish srs.soft.test. CNAME srs.test.',
                'warning: per-domain srs.vary.test: its SPF result depends on the local part or on '
                'HELO: publish srs.vary.test. CNAME srs.test.',
                'warning: per-domain srs.away.test: its MX host mx.elsewhere.test is not an '
                'inbound host: publish srs.away.test. CNAME srs.test.',
                'warning: per-domain srs.dot.test: it has a null MX, so no bounce can come '
                'back: publish srs.dot.test. CNAME srs.test.',
                'warning: per-domain srs.bare.test: it has no MX record and no address, so '
                'no bounce can come back: publish srs.bare.test. CNAME srs.test.',
                'warning: per-domain srs.none.test: it has no SPF record: publish srs.none.test. '
                'CNAME srs.test.',
                'skipped: per-domain srs.broken.test: the DNS does not answer'])

    def test_records_in_full(self):
        """srs-domain does not pass for all addresses: nothing may refer to it."""
        lines = self.candidates('ours.test', addresses=[ADDRESS, '192.0.2.11', '2001:db8::1'],
                                inbound_hosts=['mx.srs.test'])
        self.assertEqual(lines, [
            'warning: per-domain srs.ours.test: SPF is fail for mail from 192.0.2.11: publish '
            'srs.ours.test. MX 10 mx.srs.test., srs.ours.test. TXT "v=spf1 ip4:192.0.2.10 '
            'ip4:192.0.2.11 ip6:2001:db8::1 -all"'])

    def test_inbound_hosts(self):
        self.assertEqual(self.candidates('away.test', inbound_hosts=['mx.srs.test',
                                                                     'MX.elsewhere.test']),
                         ['ok: per-domain srs.away.test: usable'])

    def test_same(self):
        self.assertEqual(self.candidates('srs.ours.test', 'same.test', 'same-away.test',
                                         'none.test', per_domain='same'), [
            'ok: per-domain srs.ours.test: usable',
            'warning: per-domain same.test: SPF is fail for mail from 192.0.2.10: add '
            'include:srs.test to the SPF record of same.test',
            'warning: per-domain same-away.test: its MX host mx.elsewhere.test is not an inbound '
            'host: per-domain = same is for domains whose mail this host receives; use a label, '
            'such as srs.',
            'warning: per-domain none.test: it has no SPF record: publish an SPF record for '
            'none.test with include:srs.test, and with the other hosts that send its mail'])

    def test_domains_of_a_file(self):
        file = self.daemon.folder.file('customers', '# ours\nalias.test\n\n.below.test\n')
        self.assertEqual(self.candidates('soft.test', domains_file=file,
                                         per_domain_except=['soft.test']),
                         ['ok: per-domain srs.alias.test: usable'])

    def test_no_literal_name(self):
        self.assertEqual(self.candidates('.ours.test'), [
            'warning: per-domain is set, and domains lists no domain by its name: list each '
            'forwarding domain in domains or domains-file: a name with a leading dot does not count'])

    def test_silent(self):
        """The time is that of lookup-time."""
        spf = {**self.daemon.options['spf'], 'lookup-time': 1}
        self.assertEqual(self.candidates('silent.test', 'alias.test', spf=spf), [
            'skipped: per-domain srs.silent.test: the DNS does not answer',
            'ok: per-domain srs.alias.test: usable'])

    def test_many(self):
        """A site may have any number of domains."""
        self.dns.clear()
        lines = self.candidates('alias.test', *('n%d.test' % i for i in range(209)))
        self.assertEqual(lines[0], 'ok: per-domain srs.alias.test: usable')
        self.assertEqual(lines[199], 'warning: per-domain srs.n198.test: it has no SPF record: '
                                     'publish srs.n198.test. CNAME srs.test.')
        self.assertEqual(lines[200:], [
            'skipped: per-domain: 10 more domains: only 200 are checked here; srsctl status lists '
            'those that have forwarded mail'])
        self.assertEqual(self.dns.seen(name='srs.n199.test'), [])
        # Each is asked for once, and srs-domain for all of them.
        self.assertEqual(len(self.dns.seen(name='srs.n7.test', type='TXT')), 1)

    def test_spf_of_srs_domain(self):
        """Mail leaves from outbound-addresses."""
        config = self.config(domains=['alias.test'], per_domain='srs.',
                             outbound_addresses=[ADDRESS, '192.0.2.11'])
        _status, lines = self.check(config=config, postfix='/nowhere')
        self.assertIn('ok: SPF of srs.test for 192.0.2.10: pass', lines)
        self.assertTrue(any(line.startswith('error: SPF of srs.test for 192.0.2.11: fail: add '
                                            'ip4:192.0.2.11') for line in lines), lines)


class Usage(Base):
    def test_usage(self):
        for row in (['x'], ['--nonsense'], ['--address'], ['--address', 'mx.test'],
                    ['--postfix']):
            with self.subTest(' '.join(row)):
                assert_wrong_usage(self, run('check', *row, program='srsctl'))

    def test_postfix_that_has_no_configuration(self):
        if postfix_is_missing():
            self.skipTest('postfix is not installed')
        status, lines = self.check('--address', ADDRESS, postfix='/nowhere')
        self.assertEqual(status, 1)
        self.assertTrue(any(re.match('error: Postfix: .*: fix its configuration', line)
                            for line in lines), lines)

    def test_no_postfix(self):
        """An empty directory hides the programs of root, and with them postconf."""
        prefix = ()
        if not postfix_is_missing():
            reason = without_mounts()
            if reason:
                self.skipTest(reason)
            hidden = os.path.dirname(shutil.which('postconf', path='/usr/sbin:/usr/local/sbin'))
            prefix = mounted((self.daemon.folder.subfolder('empty'), hidden))
        status, lines = self.check('--address', ADDRESS, postfix='/nowhere', prefix=prefix,
                                   user=not prefix)
        self.assertEqual(status, 0, lines)
        self.assertIn('skipped: Postfix: postconf: No such file or directory', lines)


class HostileEngine(unittest.TestCase):
    """srsctl check --send does not trust the SRS address that the daemon names."""

    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        self.programs = self.folder.subfolder('programs')
        self.folder.file('programs/sendmail', '#!/bin/sh\necho "$@" >>%s\n'
                         % self.folder.file('sent', '', 0o666), 0o755)
        self.control = self.folder.path + '/control'
        self.config = self.folder.file('srsd.conf', render(
            {'srs-domain': 'srs.test', 'control': 'unix:' + self.control}))

    def send(self, address):
        """-> what sendmail was run with, and the findings about the message."""
        decision = {'service': 'forward', 'result': 'rewritten', 'to': address}
        with FakeControl(self.control, {'decisions': [decision]}):
            done = run('-f', self.config, 'check', '--postfix', '/nowhere', '--send', 'a@our.test',
                       program='srsctl', prefix=('env', 'PATH=%s:/usr/bin:/bin' % self.programs))
        os.unlink(self.control)
        with open(self.folder.path + '/sent', encoding='utf-8') as file:
            return file.read().splitlines(), done.stdout

    def test_other_addresses(self):
        for address in ('victim@bank.example', 'SRS0=hash=JT=origin.test=victim@bank.example',
                        "SRS0=hash=JT=check.invalid=p'`id`'@srs.test", '', '-oQ/tmp@srs.test'):
            with self.subTest(address):
                sent, output = self.send(address)
                self.assertRegex(output, r'\nerror: test message to a@our\.test: its sender became '
                                         r'.*, which is not its SRS address\n')
                self.assertEqual([line for line in sent if not line.endswith('-- a@our.test')], [])


if __name__ == '__main__':
    tap.main()
