#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl import: a configuration built from those of postsrsd 1.x and 2.x and of policyd-spf."""

import base64
import contextlib
import datetime
import hashlib
import json
import os
import random
import re
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.daemon import (ORDINARY_USER, SECRET, Daemon, Folder, free_port, has_sqlite, mounted,
                            run, without_mounts)
from harness.postsrsd import POSTSRSD2 as PROGRAM2
from harness.postsrsd import POSTSRSD, PostSrsd, PostSrsd2

needs_sqlite = unittest.skipUnless(has_sqlite(), 'built without SQLite')
SHELL_FILES = 300
WAIT = 60
POSTSRSD1 = '''\
# Written by the package.
SRS_DOMAIN=srs.test
SRS_EXCLUDE_DOMAINS="our.test,.our.test; other.test"
SRS_SEPARATOR=+
SRS_SECRET=/etc/postsrsd.secret
SRS_HASHLENGTH=6
SRS_HASHMIN=5
SRS_FORWARD_PORT=20001
SRS_REVERSE_PORT=20002
RUN_AS=postsrsd
SRS_LISTEN_ADDR=127.0.0.1
CHROOT=/var/lib/postsrsd
SRS_EXTRA_OPTIONS="-A -t 600"
'''
POSTSRSD2 = '''\
# postsrsd 2
srs-domain = "srs.test"
domains = { "our.test",
            ".our.test" }
domains-file = "/etc/domains"
secrets-file = "/etc/postsrsd.secret"
socketmap = unix:/var/spool/postfix/srs
keep-alive = 30
original-envelope = embedded
separator = "-"
hash-length = 8
hash-minimum = 6
always-rewrite = on
unprivileged-user = "postsrsd"
syslog = true
debug = off
'''
POLICYD_SPF = '''\
debugLevel = 1
TestOnly = 1
HELO_reject = SPF_Not_Pass
Mail_From_reject = Softfail   # not only fail
PermError_reject = True
TempError_Defer = False
skip_addresses = 127.0.0.0/8,::1
Whitelist = 192.0.2.0/24,198.51.100.0/255.255.255.0,2001:db8::/32
HELO_Whitelist = mx.partner.test
Domain_Whitelist = partner.test,friend.test
Domain_Whitelist_PTR = partner.test
Reject_Not_Pass_Domains = bank.test
No_Mail = False
Header_Type = AR
Authserv_Id = mx.our.test
Hide_Receiver = No
Lookup_Time = 15
Whitelist_Lookup_Time = 10
Void_Limit = 3
Reason_Message = Not {rejectdefer} again: {spf}
Mail_From_pass_restriction = passed
'''


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        self.mydomain('mail.test')

    def mydomain(self, domain, status=0):
        """The output of `postconf -h mydomain`."""
        self.tools = os.path.join(self.folder.path, 'bin')
        if not os.path.exists(self.tools):
            self.folder.subfolder('bin')
        self.folder.file('bin/postconf', '#!/bin/sh\necho %s\nexit %d\n' % (domain, status), 0o755)

    def run_import(self, *arguments, status=0, config=None, prefix=()):
        paths, os.environ['PATH'] = os.environ['PATH'], self.tools + ':' + os.environ['PATH']
        try:
            done = run('-f', config or self.folder.path + '/none.conf', 'import', *arguments,
                       program='srsctl', user=False, prefix=prefix)
        finally:
            os.environ['PATH'] = paths
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr)
        return done

    def imported(self, text, name, *arguments):
        """-> the configuration built from a file with that text; the status says what it lacks"""
        path = self.folder.file(name, text)
        done = self.run_import(*arguments, path, status=None)
        lacks = re.search(r'look for (LOSS|UNKNOWN)', done.stderr)
        self.assertEqual(done.returncode, 1 if lacks else 0, done.stderr)
        return done.stdout.replace(path, 'FILE')

    def settings(self, config, *arguments):
        """-> {option: its value, as srsd -nv prints it}; srsd accepts the configuration"""
        done = run('-f', self.folder.file('new.conf', config), '-nv', *arguments,
                   '-o', 'unprivileged-user=nobody',
                   '-o', 'secrets-file=' + self.folder.file('secret', SECRET + '\n', 0o600),
                   user=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return dict(re.findall(r'^\s*([\w-]+) = (.*)$', done.stdout, re.M))

    def assert_settings(self, config, want, *arguments):
        got = self.settings(config, *arguments)
        self.assertEqual({name: got[name] for name in want}, want)

    def unwrapped(self, text):
        """-> the text without the line breaks in its comments"""
        return re.sub(r'\n\s*# ', ' ', text)


class Whole(Import):
    def test_postsrsd1(self):
        config = self.imported(POSTSRSD1, 'postsrsd')
        self.assert_settings(config, {
            'srs-domain': '"srs.test"', 'domains': '{"our.test", ".our.test", "other.test"}',
            'separator': '"+"', 'hash-length': '6', 'hash-minimum': '5', 'forward': '{"inet:127.0.0.1:20001"}',
            'reverse': '{"inet:127.0.0.1:20002"}', 'always-rewrite': 'true',
            'idle-timeout': '600', 'hide-receiver': 'true'})
        self.assertIn('srs-domain = "srs.test"\t# FILE:2 SRS_DOMAIN\n', config)
        self.assertIn('secrets-file = "/etc/postsrsd.secret"\t# FILE:5 SRS_SECRET\n', config)
        self.assertIn('always-rewrite = true\t# FILE:13 SRS_EXTRA_OPTIONS\n', config)
        self.assertIn('\n#max-age = 21\n', config)
        self.assertNotIn('CHOOSE', config)
        left = self.unwrapped(config.split('# Not carried over:')[1])
        self.assertIn('FILE:10 RUN_AS: postsrsd: srsd has its own user', left)
        self.assertIn('FILE:12 CHROOT: ', left)
        self.assertEqual(left.count('FILE:'), 2)

    def test_postsrsd2(self):
        config = self.imported(POSTSRSD2, 'postsrsd.conf')
        self.folder.file('domains', 'x.test\n')
        self.assertIn('/etc/domains: No such file or directory. srsd does not start', config)
        config = config.replace('/etc/domains', self.folder.path + '/domains')
        self.assert_settings(config, {
            'srs-domain': '"srs.test"', 'domains': '{"our.test", ".our.test"}',
            'separator': '"-"', 'hash-length': '8', 'hash-minimum': '6', 'always-rewrite': 'true', 'syslog': 'true',
            'idle-timeout': '1800', 'forward': '{"inet:127.0.0.1:10001"}',
            'socketmap': '{"unix:/var/spool/postfix/srs"}', 'original-envelope': '"embedded"',
            'envelope-database': '"none"', 'envelope-accept-sha1': '"none"'})
        self.assertIn('# FILE:4 domains\n', config)
        left = self.unwrapped(config.split('# Not carried over:')[1])
        for line, name in ((8, 'keep-alive'), (14, 'unprivileged-user'), (16, 'debug')):
            self.assertIn('FILE:%d %s: ' % (line, name), left)
        self.assertEqual(left.count('FILE:'), 3)

    def test_policyd_spf(self):
        config = self.imported(POLICYD_SPF, 'policyd-spf.conf')
        self.assert_settings(config, {
            'helo-reject': '"spf-not-pass"', 'mail-from-reject': '"softfail"',
            'permerror-reject': 'true', 'temperror-defer': 'false', 'test-only': 'false',
            'skip-addresses': '{"127.0.0.0/8", "::1/128"}',
            'whitelist': '{"192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32"}',
            'helo-whitelist': '{"mx.partner.test"}',
            'domain-whitelist': '{"partner.test", "friend.test"}',
            'domain-whitelist-ptr': '{"partner.test"}',
            'reject-not-pass-domains': '{"bank.test"}', 'no-mail': 'false',
            'header': '"authentication-results"', 'authserv-id': '"mx.our.test"',
            'hide-receiver': 'false', 'lookup-time': '15', 'void-limit': '3',
            'reason-message': '"Not rejected again: {reason}"',
            'mail-from-pass-restriction': '"passed"'}, '-o', 'srs-domain=srs.test')
        self.assertIn('\tmail-from-reject = "softfail"\t# FILE:4 Mail_From_reject\n', config)
        self.assertIn('# srs-domain must be set', config)
        self.assertNotIn('CHOOSE', config)
        left = self.unwrapped(config.split('# Not carried over:')[1])
        for line, name in ((1, 'debugLevel'), (18, 'Whitelist_Lookup_Time')):
            self.assertIn('FILE:%d %s: ' % (line, name), left)
        self.assertEqual(left.count('FILE:'), 2)

    def test_per_user(self):
        users = self.folder.file('users', 'a@our.test,No_Mail=True|Header_Type=None\n'
                                          'B@our.test,No_Mail=True\n')
        config = self.imported('Per_User = text,%s\n' % users, 'policyd-spf.conf')
        self.assert_settings(config, {}, '-o', 'srs-domain=srs.test')
        self.assertIn('\n}\n# srsd also applies', config)
        self.assertIn('\nspf "a@our.test" {\t# %s:1\n\tno-mail = true\t# %s:1 No_Mail\n}\n'
                      % (users, users), config)
        left = self.unwrapped(config.split('# Not carried over:')[1])
        self.assertIn('%s:1 Header_Type: None: ' % users, left)
        self.assertIn("%s:2: policyd-spf converts recipients to lower case, so 'B@our.test' "
                      'never matches one' % users, left)
        self.assertNotIn('srsd also applies', self.imported('', 'policyd-spf.conf'))

    def test_per_user_that_is_missing(self):
        config = self.imported('Per_User = text,/nonexistent/users\n', 'policyd-spf.conf')
        self.assertIn('FILE:1 Per_User: /nonexistent/users: ', self.unwrapped(config))
        path = self.folder.file('users', b'a@our.test,No_Mail=True\n\0')
        config = self.imported('Per_User = text,%s\n' % path, 'policyd-spf.conf')
        self.assertIn('the file contains a NUL byte', self.unwrapped(config))

    def test_minimum_over_length(self):
        config = self.imported('srs-domain = srs.test\nhash-length = 5\nhash-minimum = 9\n',
                               'postsrsd.conf')
        self.assert_settings(config, {'hash-length': '5', 'hash-minimum': '5'})
        self.assertIn('# The value was 9, more than hash-length', config)

    def test_postsrsd2_as_it_took_it(self):
        """An invalid domain affects no other one; of two lines the last one counts."""
        config = self.imported('srs-domain = a.test\nsrs-domain = srs.test\n'
                               'domains = {"ok.test", "a b.test", "c.test"}\n', 'postsrsd.conf')
        self.assert_settings(config, {'srs-domain': '"srs.test"',
                                      'domains': '{"ok.test", "c.test"}'})
        self.assertIn("'a b.test' is not a domain", config)
        self.assertIn('secrets-file = "/etc/postsrsd.secret"\t# postsrsd\'s default', config)

    def test_copy_of_the_secret(self):
        """srsd's copy is used if it contains the same secrets."""
        theirs = self.folder.file('theirs', SECRET + '\nand an older one\n', 0o600)
        ours = self.folder.file('ours', SECRET + '\nand an older one\n', 0o600)
        conf = self.folder.file('srsd.conf', 'srs-domain = "srs.test"\nsecrets-file = "%s"\n' % ours)
        old = self.folder.file('postsrsd', 'SRS_DOMAIN=srs.test\nSRS_SECRET=%s\n' % theirs)
        done = run('-f', conf, 'import', old, program='srsctl', user=False)
        self.assertIn('\nsecrets-file = "%s"\t# a copy of %s\n' % (ours, theirs), done.stdout)
        self.assertNotIn('chgrp', done.stdout)
        self.assertEqual(run('-f', conf, 'import', '--check', old, program='srsctl',
                             user=False).returncode, 0)
        for text in SECRET + '\n', '':
            self.folder.file('ours', text, 0o600)
            done = run('-f', conf, 'import', old, program='srsctl', user=False)
            self.assertIn('\nsecrets-file = "%s"\t# %s:2 SRS_SECRET\n' % (theirs, old), done.stdout)

    def test_line_of_postsrsd2(self):
        """For a shell it is a command, because the name of a variable contains no hyphen."""
        for line in ('domains-file = /etc/domains', 'domains-file=/etc/domains', 'socketmap = x',
                     'srs-domain = "srs.test"'):
            with self.subTest(line):
                config = self.unwrapped(self.imported('SRS_DOMAIN=srs.test\n%s\n' % line, 'postsrsd'))
                self.assertIn('FILE:2: %s: a line for postsrsd 2, which postsrsd 1 does not read'
                              % line, config)
        config = self.unwrapped(self.imported('domains-files = x\nmilter\n', 'postsrsd'))
        self.assertNotIn('postsrsd 2', config)
        self.assertEqual(config.count('not understood, and not executed: '), 2)

    @needs_sqlite
    def test_database_of_postsrsd2(self):
        """It is used in place; its addresses are accepted until the last one has expired."""
        for chroot, path in (('', '/var/lib/postsrsd/senders.db'),
                             ('chroot-dir = "/jail"\n', '/jail/senders.db')):
            with self.subTest(chroot):
                config = self.on_one_day(lambda day, chroot=chroot: (day, self.imported(
                    'srs-domain = srs.test\noriginal-envelope = database\n'
                    'envelope-database = "sqlite:senders.db"\n' + chroot, 'postsrsd.conf')))
                day, config = config
                self.assert_settings(config, {
                    'original-envelope': '"database"', 'envelope-database': '"sqlite:%s"' % path,
                    'envelope-accept-sha1': '"%s"' % (day + datetime.timedelta(23))})
                self.assertIn('chown srsd %s %s' % (os.path.dirname(path), path),
                              self.unwrapped(config))

    @staticmethod
    def on_one_day(function):
        return srs.on_one_day(lambda day: function(
            datetime.date(1970, 1, 1) + datetime.timedelta(day)))

    def test_port_of_postsrsd2(self):
        """The socketmap keeps its port, which main.cf names; the policy service has to move."""
        text = 'srs-domain = srs.test\nsocketmap = inet:localhost:10003\n'
        config = self.imported(text, 'postsrsd.conf')
        self.assert_settings(config, {'socketmap': '{"inet:localhost:10003"}', 'policy': '{}',
                                      'forward': '{"inet:127.0.0.1:10001"}'})
        self.assertIn('# FILE:2 socketmap\n', config)
        self.assertIn('the policy service is off. To use it, choose another port',
                      self.unwrapped(config))

    def test_milter_of_postsrsd2(self):
        """It keeps its endpoint; where it cannot see a forward, the operator has to know."""
        done = self.run_import(self.folder.file(
            'postsrsd.conf', 'srs-domain = srs.test\nsocketmap = ""\nmilter = inet:localhost:9997\n'))
        self.assertIn('cannot recognize a forward. Move it from smtpd_milters and '
                      'non_smtpd_milters in main.cf to the second smtpd of '
                      'contrib/postfix/forwarding', self.unwrapped(done.stdout))
        self.assertEqual(done.stderr, 'srsctl: 1 thing to prepare: look for PREPARE\n')
        self.assert_settings(done.stdout, {'socketmap': '{}', 'clients': '{}',
                                           'milter': '{"inet:localhost:9997"}'})
        self.assertRegex(done.stdout, r'# \S*/postsrsd\.conf:3 milter\n')

    def test_open_to_other_hosts(self):
        """As before; srsd would otherwise refuse the endpoint."""
        for name, text, endpoint in (
                ('postsrsd', 'SRS_DOMAIN=srs.test\nSRS_LISTEN_ADDR=0.0.0.0\n', 'SRS_LISTEN_ADDR'),
                ('postsrsd.conf', 'srs-domain = srs.test\nsocketmap = "inet:*:10005"\n',
                 'socketmap')):
            with self.subTest(name):
                config = self.imported(text, name)
                self.assert_settings(config, {'clients': '{"0.0.0.0/0", "::/0"}'})
                self.assertIn('# FILE:2 %s\n' % endpoint, config)
                self.assertRegex(self.unwrapped(config), r'WARNING: .*\. List only the '
                                 'addresses of your mail servers')

    def test_former_domain(self):
        """postsrsd answers for every domain, so a renamed one went on working."""
        for name, text in (('postsrsd', 'SRS_DOMAIN=%s\n'), ('postsrsd.conf', 'srs-domain = %s\n')):
            with self.subTest(name):
                config = self.imported(text % 'srs.test', name)
                self.assertRegex(self.unwrapped(config), 'List each domain that was the SRS domain '
                                 r'within the last 21 days\.\n#reverse-domains = \{\}')
                self.assertNotIn('CHOOSE', config)
                config = self.imported(text % 'srs.test' + text % 'srs.test', name)
                self.assertNotIn('CHOOSE', config)
                config = self.imported(text % 'old.test' + text % 'srs.test', name)
                self.assertRegex(config, r'# CHOOSE:\n(# .*\n)+#reverse-domains = \{"old\.test"\}\n')
                self.assert_settings(config, {'reverse-domains': '{}', 'srs-domain': '"srs.test"'})

    def test_both_at_once(self):
        one, two = (self.folder.file(*file) for file in (('postsrsd', POSTSRSD1),
                                                         ('policyd-spf.conf', POLICYD_SPF)))
        self.assert_settings(self.run_import(one, two).stdout, {
            'srs-domain': '"srs.test"', 'helo-reject': '"spf-not-pass"', 'always-rewrite': 'true'})

    def test_empty_files(self):
        """The behaviour of the programs if their files set nothing."""
        config = self.imported('', 'postsrsd')
        self.assert_settings(config, {'srs-domain': '"mail.test"'})
        self.assertIn('secrets-file = "/etc/postsrsd.secret"\t# postsrsd\'s default for SRS_SECRET\n',
                      config)
        config = self.imported('domains = {"our.test"}', 'postsrsd.conf')
        self.assert_settings(config, {'domains': '{"our.test"}', 'srs-domain': '"our.test"'})
        self.assertIn('"/etc/postsrsd.secret"\t# postsrsd\'s default for secrets-file', config)
        self.assert_settings(self.imported('', 'policyd-spf.conf'), {'hide-receiver': 'false'},
                             '-o', 'srs-domain=srs.test')

    def test_kind(self):
        path = self.folder.file('settings', 'SRS_DOMAIN=srs.test\n')
        self.assertIn('add --as postsrsd', self.run_import(path, status=2).stderr)
        self.assertIn('srs-domain = "srs.test"', self.run_import('--as', 'postsrsd', path).stdout)
        self.run_import('--as', 'exim', path, status=2)

    def test_bad_files(self):
        self.assertIn('No such file', self.run_import('/none/postsrsd', status=3).stderr)
        for name, text, why in (('postsrsd', 'A=\0', 'the file contains a NUL byte'),
                                ('postsrsd.conf', 'srs-domain = {', 'postsrsd.conf:1: '),
                                ('postsrsd', 'A=%s' % ('x' * 2000000), 'too large')):
            with self.subTest(name=name, text=text[:20]):
                done = self.run_import(self.folder.file(name, text), status=3)
                self.assertRegex(done.stderr, why)
                self.assertEqual(done.stdout, '')

    def test_odd_bytes(self):
        """No text of a file becomes a line of its own in the configuration."""
        for name, text in (('postsrsd', 'SRS_DOMAIN="x.test\npid-file = /x"\nRUN_AS="a\nb = c"'),
                           ('postsrsd', 'x \x01\x7f\xff\nSRS_SECRET="/a\nb"'),
                           ('policyd-spf.conf', 'HELO_Whitelist = a\rb\x0b\nx\ry = 2\n'),
                           ('postsrsd.conf', 'secrets-file = "/a\nb"\n')):
            with self.subTest(text=text):
                config = self.imported(text, name)
                for line in config.split('\n'):
                    self.assertRegex(line, r'^\t?(#.*|[a-z-]+ = .*|spf \{|\}|)$')
                    self.assertRegex(line, r'^[\t -~]*$')
                self.settings(config, '-o', 'srs-domain=srs.test')


class Shell(Import):
    def test_traps(self):
        """(lines, options, a part of the output)"""
        for text, want, output in (
                ('SRS_DOMAIN="`postconf -h mydomain || true`"', {'srs-domain': '"mail.test"'}, ''),
                ('export SRS_DOMAIN=$(postconf -h mydomain)', {'srs-domain': '"mail.test"'}, ''),
                ('SRS_DOMAIN=a.test\nexport SRS_DOMAIN', {'srs-domain': '"a.test"'}, ''),
                ('SRS_DOMAIN=a.test # that\'s it', {'srs-domain': '"a.test"'}, ''),
                ("SRS_DOMAIN='$mydomain'", {}, r'srs-domain: .\$mydomain. is not accepted'),
                ('SRS_DOMAIN=a.test\nSRS_DOMAIN=b.test', {'srs-domain': '"b.test"'}, ''),
                ('SRS_DOMAIN=$X\nSRS_DOMAIN=b.test', {'srs-domain': '"b.test"'}, ''),
                ('SRS_EXCLUDE_DOMAINS=a.test b.test\nSRS_EXCLUDE_DOMAINS="a.test b.test"',
                 {'domains': '{"a.test", "b.test"}'}, ''),
                ('SRS_EXCLUDE_DOMAINS="a.test\n  b.test"', {'domains': '{"a.test", "b.test"}'}, ''),
                ('SRS_EXCLUDE_DOMAINS="a.test bad_/x"', {'domains': '{"a.test"}'},
                 "'bad_/x' is not a domain"),
                ('SRS_HASHLENGTH=60', {'hash-length': '27'},
                 'The value was 60, but a hash has 27 characters'),
                ('SRS_HASHLENGTH=2', {'hash-length': '4'}, 'The value was 2: such a short hash'),
                ('SRS_HASHMIN=8', {'hash-minimum': '4'}, 'The value was 8, more than hash-length'),
                ('SRS_HASHLENGTH=10\nSRS_HASHMIN=40', {'hash-minimum': '10'},
                 'The value was 40, but a hash has 27 characters'),
                ('SRS_HASHLENGTH=10\nSRS_HASHMIN=8', {'hash-minimum': '8'}, ''),
                ('SRS_LISTEN_ADDR=::1', {'forward': '{"inet:[::1]:10001"}',
                                         'reverse': '{"inet:[::1]:10002"}'}, ''),
                ('SRS_SEPARATOR="-+"', {'separator': '"-"'}, ''),
                ('SRS_SEPARATOR=:', {'separator': '"="'}, "':' is not accepted"),
                ('SRS_EXTRA_OPTIONS="-d x.test -4 -Xy"', {'srs-domain': '"mail.test"'},
                 '-d: had no effect.*-4: does not apply to srsd.*-X: had no effect'),
                ('SRS_EXTRA_OPTIONS=-t999999', {'idle-timeout': '86400'}, ''),
                ('HOST=a', {}, 'FILE:1 HOST: postsrsd\'s launcher does not read this variable'),
                ('. /etc/more\nSRS_DOMAIN=a.test', {'srs-domain': '"a.test"'},
                 r'UNKNOWN: FILE:1: not executed: \. /etc/more\. The variables of that file'),
                ('FOO=$SRS_DOMAIN\nSRS_DOMAIN=a.test', {'srs-domain': '"a.test"'},
                 r'FILE:1: not understood, and not executed: FOO=\$SRS_DOMAIN')):
            with self.subTest(text=text):
                config = self.imported(text + '\n', 'postsrsd')
                known = not config.count('#srs-domain')
                self.assert_settings(config, want, *(() if known else ('-o', 'srs-domain=z.test')))
                self.assertRegex(self.unwrapped(config), re.compile(output, re.S))
                self.assertNotIn('# UNKNOWN:\n', config)

    def test_unknown_values(self):
        """A line that is not understood is printed, and the options that depend on it are marked."""
        for text, line, options, reason in (
                ('SRS_DOMAIN="$HOST.test"', 1, ['srs-domain'], 'not executed'),
                ('HOST=a\nSRS_DOMAIN="$HOST.test"', 2, ['srs-domain'], 'not executed'),
                ('SRS_DOMAIN=a.test\nSRS_DOMAIN=$(hostname -d)', 2, ['srs-domain'], 'not executed'),
                ('SRS_DOMAIN=srs.$(postconf -h mydomain)', 1, ['srs-domain'], 'not executed'),
                ('SRS_SECRET=$X/s', 1, ['secrets-file'], 'not executed'),
                ('SRS_EXCLUDE_DOMAINS=a.test b.test', 1, ['domains'], 'not executed'),
                ('SRS_EXCLUDE_DOMAINS=c.test\nSRS_EXCLUDE_DOMAINS=a.test, b.test', 2, ['domains'],
                 'not executed'),
                ('SRS_FORWARD_PORT=x y', 1, ['forward'], 'not executed'),
                ('SRS_FORWARD_PORT=1\nSRS_LISTEN_ADDR=$A', 2, ['forward', 'reverse'],
                 'not executed'),
                ('SRS_HASHLENGTH=~', 1, ['hash-length'], 'not executed'),
                ('SRS_EXTRA_OPTIONS=`x`', 1, ['always-rewrite', 'idle-timeout'], 'not executed'),
                ('SRS_DOMAIN=a.test\nunset SRS_DOMAIN', 2, ['srs-domain'], 'not executed'),
                ('SRS_DOMAIN+=b.test', 1, ['srs-domain'], 'not executed'),
                ('x && SRS_DOMAIN=a.test', 1, ['srs-domain'], 'not executed'),
                ('SRS_DOMAIN=a.test\nif [ -z "$SRS_DOMAIN" ]; then\nSRS_DOMAIN=`postconf -h mydomain`'
                 '\nfi', 3, ['srs-domain'], 'because line 2 may begin a block'),
                ('if x\nthen y; fi\nSRS_SEPARATOR=+', 3, ['separator'],
                 'because line 1 may begin a block')):
            with self.subTest(text=text):
                config = self.imported(text + '\n', 'postsrsd')
                marked = re.findall(r'# UNKNOWN:\n(?:# .*\n)+#?([a-z-]+) = ', config)
                self.assertEqual(sorted(marked), sorted(options))
                left = self.unwrapped(config.split('# Not carried over:')[1])
                shown = text.split('\n')[line - 1]
                self.assertRegex(left, 'FILE:%d: not understood, .*%s' % (line, reason))
                self.assertIn(shown, left)

    def test_unknown_values_are_counted(self):
        path = self.folder.file('postsrsd', 'SRS_DOMAIN=$X\nSRS_SECRET=$Y\n')
        self.assertIn('srsctl: 2 unknown values or lines: look for UNKNOWN\n',
                      self.run_import(path, status=1).stderr)

    def test_unknown_is_not_the_default(self):
        config = self.imported('SRS_DOMAIN=$(hostname -d)\nSRS_SECRET=$X/s\n', 'postsrsd')
        self.assertNotIn("postsrsd's default", config)
        self.assertIn('# srs-domain must be set', config)

    def test_nothing_is_run(self):
        mark = self.folder.path + '/mark'
        self.imported('A=$(touch %s)\nB=`touch %s`\ntouch %s\nSRS_DOMAIN="$(touch %s)"\n'
                      'SRS_SECRET=x touch %s\n' % ((mark,) * 5), 'postsrsd')
        self.assertFalse(os.path.exists(mark))

    def test_without_postfix(self):
        self.mydomain('', 1)
        config = self.imported('SRS_DOMAIN=`postconf -h mydomain`\n', 'postsrsd')
        self.assertIn('# UNKNOWN:\n# FILE:1 SRS_DOMAIN: the value on this line is not known.', config)
        self.assertIn('# FILE:1 SRS_DOMAIN: postconf -h mydomain prints no domain\n', config)
        self.assertIn('# srs-domain must be set', self.imported('', 'postsrsd'))

    def test_as_the_shell_has_it(self):
        """Random quoting, compared with sh(1): a value that is imported is the value that it sets."""
        rng = random.Random(5)
        pieces = ['a', 'b.test', '=', ' ', '\t', "'", '"', '\\', '\\\n', '$A', '${B}', '$', '#',
                  ';', '\n', 'A=', 'B=', 'C=', "'x y'", '"x $A"', ',', '\\"', "\\'", '"', '~x']
        compared = 0
        for _ in range(SHELL_FILES):
            text = ''.join(rng.choice(pieces) for _ in range(rng.randrange(1, 14)))
            text = 'SRS_LISTEN_ADDR=' + text + '\n'
            script = 'set -f; PATH=/none\n%s\n' % text
            shell = subprocess.run(['/bin/sh', '-c', script + "printf %s \"<$SRS_LISTEN_ADDR>\""],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.DEVNULL, check=False, env={})
            if shell.returncode != 0:
                continue        # not a file that a launcher would have started with
            value = shell.stdout[1:-1]
            config = self.imported(text, 'postsrsd')
            found = re.search(r'^forward = \{"inet:(.*):10001"\}', config, re.M)
            if found is None or value == '':
                continue        # unknown, or not accepted as an address
            got = re.sub(r'\\(.)', r'\1', found[1])
            self.assertEqual(got.strip('[]'), value, text)
            compared += 1
        self.assertGreater(compared, 10)


class PolicydSpf(Import):
    def test_traps(self):
        """(line, option, the value that keeps the behaviour, the value that the file asks for)"""
        for text, name, did, meant in (
                ('HELO_reject = fail', 'helo-reject', '"false"', '"fail"'),
                ('HELO_reject = No_check', 'helo-reject', '"false"', '"no-check"'),
                ('HELO_reject = Null', 'helo-reject', '"null"', None),
                ('HELO_reject = Faill', 'helo-reject', '"false"', None),
                ('Mail_From_reject = Null', 'mail-from-reject', '"false"', None),
                ('Mail_From_reject = softfail', 'mail-from-reject', '"false"', '"softfail"'),
                ('mail_from_reject = False', 'mail-from-reject', '"fail"', '"false"'),
                ('PermError_reject = true', 'permerror-reject', 'false', 'true'),
                ('PermError_reject = 1', 'permerror-reject', 'false', 'true'),
                ('PermError_reject = no', 'permerror-reject', 'false', None),
                ('TempError_Defer = Yes', 'temperror-defer', 'false', 'true'),
                ('No_Mail = yes', 'no-mail', 'false', 'true'),
                ('TestOnly = 0', 'test-only', 'true', None),
                ('defaultSeedOnly = 0', 'test-only', 'false', 'true'),
                ('defaultSeedOnly = 1', 'test-only', 'false', None),
                ('Mock = False', 'mail-from-reject', '"no-check"', '"fail"'),
                ('Mock = True', 'helo-reject', '"no-check"', '"fail"'),
                ('Mock =', 'helo-reject', '"fail"', None),
                ('Header_Type = none', 'header', '"received-spf"', '"none"'),
                ('Header_Type = None', 'header', '"none"', None),
                ('Header_Type = SPF,AR', 'header', '"both"', None),
                ('Hide_Receiver = no', 'hide-receiver', 'true', 'false'),
                ('Hide_Receiver = Yes', 'hide-receiver', 'true', None),
                ('Whitelist = 192.0.2.1, 192.0.2.2', 'whitelist', '{"192.0.2.1/32"}',
                 '{"192.0.2.1/32", "192.0.2.2/32"}'),
                ('Whitelist = 192.0.2.1/24', 'whitelist', '{}', '{"192.0.2.1/24"}'),
                ('Whitelist = mx.a.test,192.0.2.2', 'whitelist', '{}', '{"192.0.2.2/32"}'),
                ('Whitelist = 192.0.2.0/0.0.0.255', 'whitelist', '{"192.0.2.0/24"}', None),
                ('skip_addresses =', 'skip-addresses', '{}', None),
                ('HELO_Whitelist = a.test, b.test', 'helo-whitelist', '{"a.test"}',
                 '{"a.test", "b.test"}'),
                ('HELO_Whitelist = a.test ,b.test', 'helo-whitelist', '{"b.test"}',
                 '{"a.test", "b.test"}'),
                ('HELO_Whitelist = a.test\t,b.test', 'helo-whitelist', '{"b.test"}',
                 '{"a.test", "b.test"}'),
                ('Domain_Whitelist_PTR = .a.test', 'domain-whitelist-ptr', '{"a.test"}', None),
                ('Reject_Not_Pass_Domains = a.test\nMock = False', 'reject-not-pass-domains', '{}',
                 '{"a.test"}'),
                ('Domain_Whitelist = a b,c.test', 'domain-whitelist', '{"c.test"}', None),
                ('Reason_Message = a=b', 'reason-message', '""', None),
                ('Reason_Message = no {x}', 'reason-message', '""', None),
                # The sample in its manual: a dead link, and the sentence that contains it.
                ('Reason_Message = Message {rejectdefer} due to: {spf}. Please see {url}',
                 'reason-message', '"Message rejected due to: {reason}."', None),
                ('Reason_Message = See {url}! {spf}; ask us', 'reason-message',
                 '"{reason}; ask us"', None),
                ('Reason_Message = {spf}, see {url} and {url}; ask us', 'reason-message',
                 '"ask us"', None),
                ('Reason_Message = see {url}', 'reason-message', '""', None),
                ('Reason_Message = {rejectdefer}: {spf}\nTempError_Defer = True', 'reason-message',
                 '"not accepted: {reason}"', None),
                ('TempError_Defer = True\nReason_Message = {rejectdefer}: {spf}', 'reason-message',
                 '"not accepted: {reason}"', None),
                ('reason_message = {rejectdefer}', 'reason-message', '""', '"rejected"'),
                ('Whitelist = ::ffff:192.0.2.0/120,192.0.2.0/24,192.0.2.0/25', 'whitelist',
                 '{"192.0.2.0/24", "192.0.2.0/25"}', None),
                ('skip_addresses = 127.0.0.0/8,::ffff:127.0.0.0/104,::1', 'skip-addresses',
                 '{"127.0.0.0/8", "::1/128"}', None),
                ('Lookup_Time = 0', 'lookup-time', '1', None),
                ('Lookup_Time = 3s', 'lookup-time', '20', None),
                ('Void_Limit = 4 # more', 'void-limit', '4', None),
                ('Authserv_Id = HOSTNAME', 'authserv-id', None, None),
                ('Prospective = 192.0.2.9', 'prospective', '"192.0.2.9"', None)):
            with self.subTest(text=text):
                config = self.imported(text + '\n', 'policyd-spf.conf')
                if did is not None:
                    self.assert_settings(config, {name: did}, '-o', 'srs-domain=srs.test')
                offered = re.findall(r'\t# .*\n\t#%s = (.*)\n' % name, config)
                self.assertEqual(offered, [] if meant is None else [meant])
                self.assert_chosen(text, name, meant or did)

    def assert_chosen(self, text, name, said):
        """--choose said makes the choices; a Mock that is meant is none of them."""
        config = self.imported(text + '\n', 'policyd-spf.conf', '--choose', 'said', '--short')
        self.assertNotIn('CHOOSE', config)
        if said is not None and text != 'Mock = True':
            self.assert_settings(config, {name: said}, '-o', 'srs-domain=srs.test')

    def test_every_line_is_reported(self):
        """Each line, whatever it contains, appears in the output."""
        lines = ['QueueID = True', 'nonsense', 'a = b = c', 'Per_User = text,/etc/x',
                 'SPF_Enhanced_Status_Codes = No', 'HELO_pass_restriction = x', 'Socket = y',
                 'Lookup_Time = x', 'Reason_Message = {', 'Authserv_Id = not a name',
                 'Domain_Whitelist = .x y', 'defaultSeedOnly = 1', 'Prospective = x']
        config = self.imported('\n'.join(lines) + '\n', 'policyd-spf.conf')
        for number in range(len(lines)):
            self.assertIn('FILE:%d' % (number + 1), config, lines[number])

    def test_last_line_counts(self):
        config = self.imported('HELO_reject = fail\nHELO_reject = Softfail\n', 'policyd-spf.conf')
        self.assertNotIn('CHOOSE', config)
        self.assert_settings(config, {'helo-reject': '"softfail"'}, '-o', 'srs-domain=x.test')


class Options(Import):
    def test_short(self):
        """It has the values of the long form, and no lines with defaults."""
        for name, text in (('postsrsd', POSTSRSD1), ('policyd-spf.conf', POLICYD_SPF)):
            with self.subTest(name):
                short = self.imported(text, name, '--short')
                self.assertEqual(self.settings(short, '-o', 'srs-domain=x.test'),
                                 self.settings(self.imported(text, name), '-o',
                                               'srs-domain=x.test'))
                self.assertNotRegex(short, r'(?m)^\s*#[a-z-]+ = ')
                self.assertNotIn('max-age', short)
        self.assertIn('CHOOSE', self.imported('No_Mail = yes\n', 'policyd-spf.conf', '--short'))

    def test_counts_come_last(self):
        """In a pipe with both outputs, such as `srsctl import 2>&1 | less`, too."""
        path = self.folder.file('policyd-spf.conf', 'No_Mail = yes\n')
        done = self.run_import(path, prefix=('sh', '-c', 'exec "$@" 2>&1', 'sh'))
        self.assertRegex(done.stdout, r'\nsrsctl: 1 choice to make: look for CHOOSE\n\Z')

    def test_one_cause_is_one_choice(self):
        path = self.folder.file('policyd-spf.conf', 'Mail_From_reject = Softfail\nMock = no\n')
        done = self.run_import(path)
        self.assertEqual(done.stderr, 'srsctl: 1 choice to make: look for CHOOSE\n')
        self.assertEqual(done.stdout.count('# CHOOSE:'), 1)
        self.assertIn('this line belongs to the same choice', self.unwrapped(done.stdout))
        self.assertIn('#mail-from-reject = "softfail"\n', done.stdout)

    def test_choose(self):
        """(answer, helo-reject, mail-from-reject)"""
        text = 'HELO_reject = fail\nMail_From_reject = Softfail\nMock = no\n'
        for answer, helo, mail_from in (('said', '"fail"', '"softfail"'),
                                        ('did', '"no-check"', '"no-check"')):
            with self.subTest(answer):
                config = self.imported(text, 'policyd-spf.conf', '--choose', answer)
                self.assert_settings(config, {'helo-reject': helo, 'mail-from-reject': mail_from},
                                     '-o', 'srs-domain=srs.test')
                self.assertNotIn('CHOOSE', config)
        users = self.folder.file('users', 'a@our.test,No_Mail=yes\n')
        config = self.imported('Per_User = text,%s\n' % users, 'policyd-spf.conf',
                               '--choose', 'said')
        self.assertIn('\n\tno-mail = true\t# %s:1' % users, config)
        self.run_import('--choose', 'both', users, status=2)

    def test_mock_that_is_meant(self):
        """SPF is off, as the file says: no choice, but a warning."""
        path = self.folder.file('policyd-spf.conf', 'Mock = 1\n')
        for arguments in (), ('--choose', 'said'):
            done = self.run_import(*arguments, path)
            self.assertEqual(done.stderr, 'srsctl: 1 warning: look for WARNING\n')
            self.assertIn('policyd-spf checks nothing with this option', self.unwrapped(done.stdout))
            self.assert_settings(done.stdout, {'helo-reject': '"no-check"'},
                                 '-o', 'srs-domain=srs.test')

    def test_losses(self):
        """(file, a part of the line that is marked)"""
        for name, text, line in (
                ('postsrsd', 'SRS_EXCLUDE_DOMAINS="a.test bad_/x"', "'bad_/x' is not a domain"),
                ('postsrsd', "SRS_DOMAIN='a b'", "srs-domain: 'a b' is not accepted"),
                ('postsrsd.conf', 'original-envelope = database\nchroot-dir = ""\n'
                 'envelope-database = "sqlite:senders.db"', 'the path is relative'),
                ('postsrsd.conf', 'socketmap = "tcp:1"', 'has no equivalent'),
                ('policyd-spf.conf', 'HELO_pass_restriction = a, b', 'declare a class'),
                ('policyd-spf.conf', 'Domain_Whitelist = a b', "'a b' is not a domain"),
                ('policyd-spf.conf', 'Per_User = text,/none', 'No such file')):
            with self.subTest(text=text):
                done = self.run_import(self.folder.file(name, text + '\n'), status=1)
                self.assertIn('srsctl: 1 setting that mail depends on is not carried over: look '
                              'for LOSS\n', done.stderr)
                self.assertRegex(self.unwrapped(done.stdout), ' LOSS: .*' + re.escape(line))
                self.assertIn('# LOSS marks a setting', done.stdout)
        done = self.run_import(self.folder.file('postsrsd', 'RUN_AS=x\nSRS_DOMAIN=a.test\n'))
        self.assertNotIn('LOSS', done.stdout)

    def test_unknown_option_of_postsrsd2(self):
        """Of a fork, or of a later version: it is reported, and the others are imported."""
        text = ('srs-domain = a.test\nnew-option = "x"\nlist-option = {a, "b"}\n'
                'hash-length = 9\nnew-option = y\n')
        config = self.imported(text, 'postsrsd.conf')
        self.assert_settings(config, {'hash-length': '9', 'srs-domain': '"a.test"'})
        config = self.unwrapped(config)
        self.assertIn('UNKNOWN: FILE:3 list-option: "a", "b": postsrsd 2.4 has no such option',
                      config)
        self.assertIn('UNKNOWN: FILE:5 new-option: "y": ', config)
        many = ''.join('o%d = 1\n' % n for n in range(40))
        done = self.run_import(self.folder.file('postsrsd.conf', many), status=3)
        self.assertIn("no such option 'o32'", done.stderr)

    def test_missing_domains_file(self):
        path = self.folder.file('postsrsd.conf', 'domains-file = "/none"\n')
        done = self.run_import(path, status=1)
        self.assertIn('srsctl: 1 warning: look for WARNING\n', done.stderr)
        config = 'srs-domain = "a.test"\ndomains-file = "%s"\n'
        there = self.folder.file('domains', 'a.test\n')
        self.folder.file('postsrsd.conf', 'srs-domain = a.test\ndomains-file = "%s"\n' % there)
        self.assertNotIn('WARNING', self.run_import(
            '--check', path, config=self.folder.file('s.conf', config % there),
            status=None).stdout)


MASTER = '''\
smtp inet n - n - - smtpd
submission inet n - n - - smtpd
    -o smtpd_recipient_restrictions=permit_sasl_authenticated,check_policy_service,unix:private/spf
cleanup unix n - n - 0 cleanup
spf unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd-spf
'''


@unittest.skipUnless(shutil.which('postconf', path=os.environ['PATH'] + ':/usr/sbin'),
                     'Postfix is not installed')
class Json(Import):
    """--json, and the same import without it."""

    MARKS = {'choices': 'CHOOSE', 'unknown': 'UNKNOWN', 'preparations': 'PREPARE',
             'warnings': 'WARNING', 'losses': 'LOSS'}

    def report(self, *files):
        """-> the JSON; the exit status, the counts, the marks and the commands are those of text"""
        text = self.run_import('--postfix', '/nonexistent', *files, status=None)
        done = self.run_import('--postfix', '/nonexistent', '--json', *files,
                               status=text.returncode)
        self.assertEqual(done.stderr, text.stderr)
        self.assertRegex(done.stdout, r'\A[\n -~]*\Z')
        report = json.loads(done.stdout)
        for name, mark in self.MARKS.items():
            entries = [entry for entry in report[name] if not entry.get('again')]
            count = re.search(r'srsctl: (\d+) .*: look for %s\n' % mark, text.stderr)
            self.assertEqual(len(entries), int(count.group(1)) if count else 0, mark)
            self.assertEqual(len(entries),
                             len(re.findall(r'(?m)^\s*# %s:' % mark, text.stdout)), mark)
        commands = re.findall(r'(?m)^#   (post.*)$', text.stdout)
        last = commands.index('postfix reload')     # examples may follow
        self.assertEqual(report['postfix'], commands[:last + 1])
        for example in commands[last + 1:]:
            self.assertIn(example, report['postfix_notes'])
        self.assertEqual(len(report['imported']),
                         len(re.findall(r'(?m)^\s*[a-z0-9-]+ = .*\t# ', text.stdout)))
        return report

    def entry(self, entries, option):
        """-> the only entry on this option"""
        found = [entry for entry in entries if entry['option'] == option]
        self.assertEqual(len(found), 1, entries)
        return found[0]

    def test_each_kind(self):
        old = [self.folder.file('postsrsd', 'SRS_DOMAIN=old.test\nSRS_DOMAIN=srs.test\n'
                                'SRS_EXCLUDE_DOMAINS="a.test bad_/x"\nSRS_HASHLENGTH=`id`\n'
                                'RUN_AS=x\nSRS_LISTEN_ADDR=0.0.0.0\n'),
               self.folder.file('policyd-spf.conf', 'HELO_reject = Fail\nMock = 1\n'
                                'Mail_From_pass_restriction = passed\nHide_Receiver = No\n')]
        self.mydomain('', 1)
        report = self.report(*old)
        self.assertEqual(report['files'], old)
        self.assertEqual(report['settings']['srs-domain'], 'srs.test')
        self.assertEqual(report['settings']['domains'], ['a.test'])
        self.assertIs(report['settings']['spf']['hide-receiver'], False)
        choice = {'file': old[0], 'line': 1, 'setting': 'SRS_DOMAIN', 'section': None,
                  'option': 'reverse-domains', 'value': [],
                  'alternative': 'reverse-domains = {"old.test"}'}
        self.assertLessEqual(choice.items(), report['choices'][0].items())
        self.assertRegex(report['choices'][0]['text'], 'a later line replaces this domain')
        unknown = self.entry(report['unknown'], 'hash-length')
        self.assertEqual((unknown['line'], unknown['value']), (4, 4))
        loss = self.entry(report['losses'], 'domains')
        self.assertEqual((loss['file'], loss['line'], loss['value']), (old[0], 3, None))
        self.assertIn("'bad_/x' is not a domain", loss['text'])
        warning = self.entry(report['warnings'], 'clients')
        self.assertEqual((warning['line'], warning['value']), (6, ['0.0.0.0/0', '::/0']))
        mock = self.entry(report['warnings'], 'mail-from-reject')
        self.assertEqual((mock['file'], mock['line'], mock['section'], mock['again']),
                         (old[1], 2, 'spf', True))
        run_as, = [entry for entry in report['notes'] if entry['setting'] == 'RUN_AS']
        self.assertEqual((run_as['line'], run_as['option']), (5, None))
        imported = self.entry(report['imported'], 'hide-receiver')
        self.assertEqual((imported['file'], imported['line'], imported['value']),
                         (old[1], 4, False))
        self.assertIn("postconf -MX 'policyd-spf/unix'", report['postfix'])
        self.assertIn('cannot be read here', report['postfix_notes'][0])

    def test_preparation(self):
        old = self.folder.file('postsrsd.conf', 'srs-domain = srs.test\nchroot-dir = ""\n'
                               'socketmap = inet:localhost:10003\nmilter = inet:localhost:9997\n'
                               'original-envelope = database\nenvelope-database = "sqlite:s.db"\n')
        report = self.report(old)
        self.assertGreater(len(report['preparations']), 0)
        self.assertTrue(all(entry['line'] for entry in report['preparations']))

    def test_sections(self):
        users = self.folder.file('users', 'a@b.test,No_Mail=True\n')
        report = self.report(self.folder.file('policyd-spf.conf', 'Per_User = text,%s\n' % users))
        self.assertEqual(report['settings']['spf-sections'][0]['name'], 'a@b.test')
        entry = self.entry(report['imported'], 'no-mail')
        self.assertEqual((entry['section'], entry['value'], entry['file'], entry['line']),
                         ('spf "a@b.test"', True, users, 1))

    def test_odd_values(self):
        secret = '/etc/it\'s "a" \\secret \u00e4\U0001f4e7'
        report = self.report(self.folder.file(
            'postsrsd', 'SRS_DOMAIN=srs.test\nSRS_SECRET=\'%s\'\nRUN_AS="a\x1b[2K\u202e"\n'
            % secret.replace("'", "'\\''")))
        self.assertEqual(report['settings']['secrets-file'], secret)
        self.assertEqual(self.entry(report['imported'], 'secrets-file')['value'], secret)
        for entry in report['notes']:
            self.assertNotRegex(entry['text'], '[\x00-\x1f\x7f\u202e]')

    def test_value_that_is_not_utf8(self):
        path = self.folder.file('postsrsd', b'SRS_DOMAIN=srs.test\nSRS_SECRET=/etc/\xff\n')
        done = self.run_import('--json', path)
        report = json.loads(done.stdout)
        self.assertIsNone(report['settings']['secrets-file'])
        self.assertEqual(self.entry(report['imported'], 'secrets-file')['line'], 2)

    def test_choose(self):
        old = self.folder.file('policyd-spf.conf', 'HELO_reject = fail\n')
        for answer, value in (('said', 'fail'), ('did', 'no-check')):
            report = json.loads(self.run_import('--json', '--choose', answer, old).stdout)
            self.assertEqual(report['choices'], [])
            self.assertIn(report['settings']['spf']['helo-reject'], (value, 'false'))

    def test_failures(self):
        old = self.folder.file('postsrsd.conf', 'domains = {\n')
        self.assertEqual(self.run_import('--json', old, status=3).stdout, '')
        self.assertIn('--json and --short exclude each other',
                      self.run_import('--json', '--short', old, status=2).stderr)


class Postfix(Import):
    """The commands at the end, for a main.cf and a master.cf of their own."""

    def setUp(self):
        super().setUp()
        self.old = [self.folder.file('postsrsd', 'SRS_DOMAIN=srs.test\nSRS_EXCLUDE_DOMAINS=a.test\n'),
                    self.folder.file('policyd-spf.conf', 'HELO_reject = Fail\n')]

    def postfix(self, main, master=MASTER):
        """-> a directory with these files"""
        directory = self.folder.subfolder('postfix')
        for name, text in (('main.cf', 'compatibility_level = 3.6\nqueue_directory = %s\n%s'
                            % (directory, main)), ('master.cf', master)):
            with open(os.path.join(directory, name), 'w', encoding='utf-8') as file:
                file.write(text)
        return directory

    def commands(self, directory, *files):
        """-> the arguments of each postconf in the output"""
        done = run('import', '--postfix', directory, *(files or self.old), program='srsctl',
                   user=False)
        self.output = self.unwrapped(done.stdout)
        return [shlex.split(line) for line in re.findall(r'(?m)^#   postconf (.*)$', done.stdout)]

    def test_site(self):
        """Each command is run; then there is nothing left to do, and the endpoints are ours."""
        directory = self.postfix(
            'my_checks = check_policy_service unix:private/spf\n'
            'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,\n'
            '    check_policy_service { unix:private/spf, timeout=9s }, $my_checks,\n'
            "    check_client_access inline:{{it's=OK}}, check_policy_service inet:127.0.0.1:1\n"
            'sender_canonical_maps = hash:/etc/x\nspf_time_limit = 3600\n'
            'recipient_canonical_maps = tcp:localhost:10002\n')
        commands = self.commands(directory)
        self.assertIn(['-e', 'sender_canonical_maps = hash:/etc/x, tcp:127.0.0.1:10001'], commands)
        self.assertIn(['-e', 'recipient_canonical_classes = envelope_recipient'], commands)
        self.assertIn(['-X', 'spf_time_limit'], commands)
        self.assertIn(['-MX', 'spf/unix'], commands)
        self.assertIn(['-e', 'my_checks = check_policy_service inet:127.0.0.1:10003'], commands)
        self.assertIn(['-P', 'submission/inet/smtpd_recipient_restrictions = '
                       'permit_sasl_authenticated,check_policy_service,inet:127.0.0.1:10003'],
                      commands)
        for command in commands:
            subprocess.run(['postconf', '-c', directory, *command], check=True,
                           env=dict(os.environ, PATH=os.environ['PATH'] + ':/usr/sbin'))
        self.assertEqual(self.commands(directory), [])
        self.assertIn('main.cf and master.cf can stay as they are', self.output)
        with open(os.path.join(directory, 'main.cf'), encoding='utf-8') as file:
            self.assertIn("permit_mynetworks, reject_unauth_destination, check_policy_service "
                          "{ inet:127.0.0.1:10003, timeout=9s }, $my_checks, check_client_access "
                          "inline:{{it's=OK}}, check_policy_service inet:127.0.0.1:1\n", file.read())

    def test_foreign_text(self):
        """A terminal and a shell see only the text of the files."""
        directory = self.postfix(
            'smtpd_helo_restrictions = permit\x1b[2K\u202ex check_policy_service unix:private/spf\n'
            'smtpd_client_restrictions = $(id)\t`id` \'; id; "\\ check_policy_service '
            'unix:private/spf\n')
        commands = self.commands(directory, self.old[1])
        self.assertEqual([command for command in commands if 'restrictions' in command[1]], [
            ['-e', 'smtpd_client_restrictions = $(id) `id` \'; id; "\\ check_policy_service '
             'inet:127.0.0.1:10003'],
            ['-P', 'submission/inet/smtpd_recipient_restrictions = '
             'permit_sasl_authenticated,check_policy_service,inet:127.0.0.1:10003']])
        self.assertNotRegex(self.output, '[\x00-\x08\x0b-\x1f\x7f\u202e]')
        self.assertIn("shown as '?'. Edit it by hand:   # smtpd_helo_restrictions = permit?[2K?x "
                      "check_policy_service inet:127.0.0.1:10003", self.output)

    def test_nobody_asked_policyd_spf(self):
        """(restrictions, what they become)"""
        last = 'check_policy_service inet:127.0.0.1:10003'
        for before, after in (
                ('', 'permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, '
                 + last),
                ('permit_mynetworks, reject_unauth_destination, $x', 'permit_mynetworks, '
                 'reject_unauth_destination, %s, $x' % last),
                ('reject_unknown_helo_hostname', 'reject_unknown_helo_hostname, ' + last),
                ('reject_unauth_destination, ' + last, None)):
            with self.subTest(before):
                directory = self.postfix('smtpd_recipient_restrictions = %s\n' % before,
                                         'smtp inet n - n - - smtpd\n')
                found = [command for command in self.commands(directory, self.old[1])]
                self.assertEqual(found, [] if after is None else
                                 [['-e', 'smtpd_recipient_restrictions = ' + after]])
                shutil.rmtree(directory)

    def test_without_postfix(self):
        commands = self.commands('/nonexistent')
        self.assertIn('Postfix: its configuration cannot be read here', self.output)
        self.assertIn(['-e', 'recipient_canonical_maps = tcp:127.0.0.1:10002'], commands)
        self.assertIn(['-MX', 'policyd-spf/unix'], commands)

    def test_postsrsd2(self):
        """Its tables remain; policyd-spf gets another port than its socketmap."""
        directory = self.postfix(
            'sender_canonical_maps = socketmap:inet:localhost:10003:forward\n'
            'sender_canonical_classes = envelope_sender\n'
            'recipient_canonical_maps = socketmap:inet:localhost:10003:reverse\n'
            'recipient_canonical_classes = envelope_recipient\n')
        old = self.folder.file('postsrsd.conf', 'srs-domain = srs.test\n'
                               'socketmap = inet:localhost:10003\n')
        self.assertEqual(self.commands(directory, old), [])
        self.assertIn(['-e', 'smtpd_recipient_restrictions = permit_mynetworks, '
                       'permit_sasl_authenticated, reject_unauth_destination, '
                       'check_policy_service inet:127.0.0.1:10006'],
                      self.commands(self.postfix_without_policy(directory), old, self.old[1]))
        self.assertIn('First set policy = {"inet:127.0.0.1:10006"}', self.output)

    def test_protocols(self):
        """The maps and the policy service of an IPv6-only Postfix cannot be at 127.0.0.1."""
        for main, excluded in (('inet_protocols = ipv6\n', True), ('inet_protocols = all\n', False),
                               ('inet_protocols = ipv4\n', False)):
            for old in self.old, self.old[:1], self.old[1:]:
                with self.subTest(main, old=old):
                    self.assertTrue(self.commands(self.postfix(main), *old))
                    self.assertEqual('inet_protocols = ipv6 keeps Postfix from connecting to some '
                                     'of these addresses. First give srsd addresses that it can '
                                     'use, such as [::1]' in self.output, excluded, self.output)
                    shutil.rmtree(self.folder.path + '/postfix')

    @staticmethod
    def postfix_without_policy(directory):
        with open(os.path.join(directory, 'master.cf'), 'w', encoding='utf-8') as file:
            file.write('smtp inet n - n - - smtpd\n')
        return directory

    def test_database_that_is_left(self):
        old = self.folder.file('postsrsd.conf', 'srs-domain = srs.test\nchroot-dir = ""\n'
                               'original-envelope = database\nenvelope-database = "sqlite:s.db"\n')
        commands = self.commands(self.postfix(''), old)
        self.assertIn(['-e', 'recipient_canonical_maps = socketmap:unix:srs:reverse, '
                       'tcp:127.0.0.1:10002'], commands)
        self.assertIn('The database of postsrsd is not carried over', self.output)


class UsualFiles(Import):
    """Without a file: those that are in the usual places, in directories that hide the real ones."""

    USUAL = ('/etc/postsrsd.conf', '/usr/local/etc/postsrsd.conf', '/etc/default/postsrsd',
             '/etc/postfix-policyd-spf-python/policyd-spf.conf',
             '/etc/python-policyd-spf/policyd-spf.conf')
    POLICYD_SPF = 'HELO_reject = Softfail\n'

    def setUp(self):
        super().setUp()
        reason = without_mounts()
        if reason:
            self.skipTest(reason)

    def import_from(self, files, status=0):
        """Import on a host that has these files: {path: text}"""
        root = self.folder.subfolder('root')
        pairs = [(root + directory, directory) for directory in ('/etc', '/usr/local/etc')]
        for directory, _place in pairs:
            os.makedirs(directory)
        for path, text in files.items():
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            self.folder.file('root' + path, text)
        try:
            return self.run_import(status=status, prefix=mounted(*pairs))
        finally:
            shutil.rmtree(root)

    def test_none(self):
        done = self.import_from({'/etc/exim4.conf': '', '/etc/default/postfix': ''}, status=3)
        self.assertEqual(done.stdout, '')
        self.assertEqual(done.stderr.splitlines(),
                         ['srsctl: no configuration of postsrsd or policyd-spf found at',
                          *('\t' + path for path in self.USUAL)])

    def test_one(self):
        """Each of them alone."""
        for path in self.USUAL:
            with self.subTest(path):
                spf = path.endswith('policyd-spf.conf')
                text = (self.POLICYD_SPF if spf else
                        'srs-domain = srs.test\n' if path.endswith('.conf') else
                        'SRS_DOMAIN=srs.test\n')
                done = self.import_from({path: text})
                self.assertRegex(done.stdout, r'(?m)^\s*%s\t# %s' % (
                    'helo-reject = "softfail"' if spf else 'srs-domain = "srs.test"', path))
                self.assertNotIn('ignored', done.stderr)

    def test_one_of_each_program(self):
        done = self.import_from({'/etc/default/postsrsd': 'SRS_DOMAIN=srs.test\n',
                                 self.USUAL[4]: self.POLICYD_SPF})
        self.assertIn('\nsrs-domain = "srs.test"', done.stdout)
        self.assertIn('helo-reject = "softfail"', done.stdout)
        self.assertNotIn('ignored', done.stderr)

    def test_file_that_postsrsd_1_has_left(self):
        for path in self.USUAL[:2]:
            with self.subTest(path):
                done = self.import_from({path: 'srs-domain = new.test\n',
                                         '/etc/default/postsrsd': 'SRS_DOMAIN=old.test\n'})
                self.assertIn('\nsrs-domain = "new.test"', done.stdout)
                self.assertNotIn('old.test', done.stdout)
                self.assertIn('srsctl: /etc/default/postsrsd: ignored, because postsrsd 2 reads '
                              '%s\n' % path, done.stderr)

    def test_first_place(self):
        """Of a program that may have its file in two places."""
        done = self.import_from({self.USUAL[0]: 'srs-domain = first.test\n',
                                 self.USUAL[1]: 'srs-domain = second.test\n'})
        self.assertIn('\nsrs-domain = "first.test"', done.stdout)
        self.assertNotIn('ignored', done.stderr)

    def test_file_that_is_bad(self):
        done = self.import_from({'/etc/default/postsrsd': 'SRS_DOMAIN=\0'}, status=3)
        self.assertEqual(done.stderr,
                         'srsctl: /etc/default/postsrsd: the file contains a NUL byte\n')


class Check(Import):
    """--check compares the configuration in effect with the files."""

    def check(self, config, *files, status=0):
        path = self.folder.file('srsd.conf', config)
        return self.run_import('--check', *files, status=status, config=path)

    def test_same(self):
        old = self.folder.file('postsrsd', POSTSRSD1)
        config = self.run_import(old).stdout
        done = self.check(config, old)
        self.assertNotIn(' = ', done.stdout)
        self.assertIn('# Not carried over:', done.stdout)

    def test_differs(self):
        old = self.folder.file('postsrsd', POSTSRSD1)
        config = self.run_import(old).stdout.replace('hash-length = 6', 'hash-length = 7')
        done = self.check(config, old, status=1)
        self.assertIn('hash-length = 6\t# %s:6 SRS_HASHLENGTH\nhash-length = 7\t# in effect\n'
                      % old, done.stdout)
        self.assertEqual(done.stdout.count('# in effect'), 1)

    def test_json(self):
        old = self.folder.file('postsrsd', POSTSRSD1)
        config = self.run_import(old).stdout.replace('hash-length = 6', 'hash-length = 7')
        path = self.folder.file('srsd.conf', config)
        done = self.run_import('--check', '--json', old, status=1, config=path)
        report = json.loads(done.stdout)
        different = [option for option in report['options'] if option['differs']]
        self.assertEqual(different, [
            {'section': '', 'imported': 'hash-length = 6', 'in_effect': 'hash-length = 7',
             'origin': '%s:6 SRS_HASHLENGTH' % old, 'differs': True, 'remarks': []}])
        self.assertRegex(report['not_carried_over'][0]['text'], 'RUN_AS')

    def test_json_choice(self):
        old = self.folder.file('policyd-spf.conf', 'HELO_reject = fail\nHide_Receiver = No\n')
        config = self.folder.file('srsd.conf', 'srs-domain = "x.test"\n'
                                  'spf { hide-receiver = false\nhelo-reject = "false" }\n')
        done = self.run_import('--check', '--json', old, config=config)
        remark = json.loads(done.stdout)['options'][0]['remarks'][0]
        self.assertEqual((remark['mark'], remark['alternative']),
                         ('CHOOSE', 'helo-reject = "fail"'))

    def test_choice(self):
        """A choice is printed until it has been made."""
        old = self.folder.file('policyd-spf.conf', 'HELO_reject = fail\nHide_Receiver = No\n')
        config = 'srs-domain = "x.test"\nspf { hide-receiver = false\nhelo-reject = "%s" }\n'
        self.assertIn('CHOOSE', self.check(config % 'false', old).stdout)
        self.assertEqual(self.check(config % 'fail', old).stdout, '')
        self.assertIn('# in effect', self.check(config % 'softfail', old, status=1).stdout)

    @needs_sqlite
    def test_socketmap_and_database(self):
        """Another free port and an earlier day are as good; a later day is not."""
        old = self.folder.file('postsrsd.conf', 'srs-domain = srs.test\n'
                               'socketmap = inet:localhost:10003\noriginal-envelope = database\n'
                               'envelope-database = "sqlite:senders.db"\n')
        config = self.run_import(old).stdout
        self.assertIn('PREPARE', self.check(config, old).stdout)
        for name, value, status in (('policy', '{"inet:127.0.0.1:10006"}', 0),
                                    ('policy', '{"inet:127.0.0.1:10003"}', 1),
                                    ('envelope-accept-sha1', '"2026-01-01"', 0),
                                    ('envelope-accept-sha1', '"2099-01-01"', 1),
                                    ('envelope-accept-sha1', '"none"', 1),
                                    ('envelope-database', '"sqlite:/var/lib/srsd/x"', 1),
                                    ('original-envelope', '"long"', 1),
                                    ('socketmap', '{}', 1)):
            with self.subTest(name=name, value=value):
                changed = re.sub(r'(?m)^%s = .*' % name, '%s = %s' % (name, value), config)
                self.assertNotEqual(changed, config)
                done = self.check(changed, old, status=status)
                self.assertEqual(done.stdout.count('# in effect'), status)

    def test_milter_is_repeated(self):
        old = self.folder.file('postsrsd.conf', 'srs-domain = srs.test\nmilter = unix:/m\n')
        done = self.check(self.run_import(old).stdout, old)
        self.assertIn('contrib/postfix/forwarding', self.unwrapped(done.stdout))

    def test_other_clients(self):
        """A list of hosts is better than all of them."""
        old = self.folder.file('postsrsd.conf',
                               'srs-domain = srs.test\nsocketmap = "inet:*:10005"\n')
        config = self.run_import(old).stdout
        changed = re.sub(r'(?m)^clients = .*', 'clients = {"192.0.2.1"}', config)
        self.assertNotEqual(changed, config)
        self.assertNotIn('# in effect', self.check(changed, old).stdout)

    def test_choices_are_counted(self):
        old = self.folder.file('policyd-spf.conf', 'HELO_reject = fail\nNo_Mail = yes\n')
        self.assertIn('srsctl: 2 choices to make: look for CHOOSE\n', self.run_import(old).stderr)


@unittest.skipUnless(POSTSRSD, 'postsrsd is not installed')
class Moving(Import):
    """srsd takes over the addresses, the ports and the secret of postsrsd."""

    def test_bounce_returns(self):
        secret = self.folder.file('postsrsd.secret', SECRET + ' with blanks \n', 0o600,
                                  ORDINARY_USER)
        ports = [free_port(), free_port()]
        path = self.folder.file('postsrsd', 'SRS_DOMAIN=srs.test\nSRS_SECRET="%s"\n'
                                'SRS_EXCLUDE_DOMAINS="our.test"\nSRS_SEPARATOR=+\n'
                                'SRS_FORWARD_PORT=%d\nSRS_REVERSE_PORT=%d\n' % (secret, *ports))
        signed = self.signed_by_postsrsd(secret, ports)
        with Moved(self.run_import(path).stdout, ports) as srsd:
            with srsd.reverse_client() as reverse, srsd.forward_client() as forward:
                for address, srs in signed.items():
                    self.assertEqual(reverse.address(srs), address)
                    self.assertRegex(forward.address(address), r'^SRS[01]\+')
                self.assertEqual(forward.get('me@our.test'), '500 local domain')

    def signed_by_postsrsd(self, secret, ports):
        old = PostSrsd(secret, 'srs.test', ['-a', '+', '-Xour.test'], ports)
        try:
            return {address: old.forward(address)
                    for address in ('alice@origin.test', 'Bob=x@Origin.Test',
                                    'SRS0=abcd=EF=far.test=x@hop.test')}
        finally:
            old.stop()


def ask(path, name, key):
    """-> the reply of a socketmap on a unix socket"""
    request = ('%s %s' % (name, key)).encode()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(WAIT)
        sock.connect(path)
        sock.sendall(b'%d:%s,' % (len(request), request))
        reply = b''
        while not reply.endswith(b','):
            data = sock.recv(4096)
            if not data:
                raise AssertionError('%s %s: %r, and the connection is closed' % (name, key, reply))
            reply += data
    return reply.partition(b':')[2][:-1].decode()


def sha1_alias(address):
    """-> the key of postsrsd 2 for a sender"""
    return base64.b32hexencode(hashlib.sha1(address.encode()).digest()).decode() + '@1'


class Moving2(Import):
    """srsd takes over the socketmap, the secret and the database of postsrsd 2."""

    SENDERS = ('alice@origin.test', 'Bob=x@Origin.Test', 'b-%s@bulk.test' % ('x' * 60))

    def setUp(self):
        super().setUp()
        # Each program has to create the socket and, for the database, files.
        self.data = self.folder.subfolder('data', ORDINARY_USER)
        self.secret = self.folder.file('postsrsd.secret', SECRET + '\n', 0o600, ORDINARY_USER)
        self.socket = self.data + '/srs'
        self.database = self.data + '/senders.db'

    def write_old(self, database):
        text = ('srs-domain = srs.test\ndomains = {"our.test"}\nsecrets-file = "%s"\n'
                'socketmap = "unix:%s"\nchroot-dir = ""\nunprivileged-user = ""\n'
                % (self.secret, self.socket))
        if database:
            text += ('original-envelope = database\nenvelope-database = "sqlite:%s"\n'
                     % self.database)
        return self.folder.file('postsrsd.conf', text)

    def moved(self, old):
        return Moved(self.run_import(old).stdout)

    def assert_reversed(self, signed):
        for sender, address in signed.items():
            self.assertEqual(ask(self.socket, 'reverse', address), 'OK ' + sender)

    def sign(self):
        replies = {sender: ask(self.socket, 'forward', sender) for sender in self.SENDERS}
        self.assertTrue(all(reply.startswith('OK SRS0=') for reply in replies.values()), replies)
        return {sender: reply[3:] for sender, reply in replies.items()}

    @needs_sqlite
    def test_database_by_description(self):
        """A database with the table and the keys that postsrsd 2 has."""
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            db.execute('CREATE TABLE kv (k TEXT NOT NULL UNIQUE ON CONFLICT REPLACE, '
                       'v TEXT NOT NULL, lt INTEGER NOT NULL)')
            db.execute('CREATE INDEX ltidx ON kv (lt)')
            db.executemany('INSERT INTO kv (k, v, lt) VALUES (?, ?, ?)', [
                (sha1_alias(sender), sender, int(time.time()) + 21 * 86400)
                for sender in self.SENDERS])
            db.commit()
        if os.geteuid() == 0:
            shutil.chown(self.database, ORDINARY_USER)
        with self.moved(self.write_old(True)):
            signed = {sender: srs.srs0(sha1_alias(sender), SECRET, 'srs.test', srs.today())
                      for sender in self.SENDERS}
            self.assert_reversed(signed)
            self.assert_reversed(self.sign())
            self.assertEqual(ask(self.socket, 'forward', 'me@our.test'),
                             'NOTFOUND Need not rewrite local domain.')
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            keys = [key for key, in db.execute('SELECT k FROM kv')]
        self.assertEqual(len(keys), 2 * len(self.SENDERS))
        self.assertTrue(all(re.fullmatch('[0-9A-V]{32}@1', key) for key in keys), keys)

    @unittest.skipUnless(PROGRAM2, 'POSTSRSD2 does not name a postsrsd 2')
    def test_there_and_back(self):
        for database in False, True:
            with self.subTest(database=database):
                old = self.write_old(database)
                with PostSrsd2(old, self.socket):
                    theirs = self.sign()
                with self.moved(old):
                    self.assert_reversed(theirs)
                    ours = self.sign()
                if database:    # the sandbox of postsrsd does not allow a WAL
                    with contextlib.closing(sqlite3.connect(self.database)) as db:
                        db.execute('PRAGMA journal_mode = DELETE')
                with PostSrsd2(old, self.socket):
                    self.assert_reversed(theirs)
                    self.assert_reversed(ours)


class Moved(Daemon):
    """A daemon with the imported configuration, except for the options that the tests need."""

    def __init__(self, text, ports=None):
        super().__init__()
        self._text = text
        names = ['policy', 'control', 'nameservers', 'unprivileged-user']
        if ports is None:
            names += 'forward', 'reverse'
        else:
            self.addresses.update(forward=('127.0.0.1', ports[0]), reverse=('127.0.0.1', ports[1]))
        for name in names:
            value = self.options.get(name, '')
            self.arguments += ['-o', '%s=%s' % (name, ','.join(value) if isinstance(value, list)
                                                else value)]

    def write_config(self):
        self.config = self.folder.file('srsd.conf', self._text)


if __name__ == '__main__':
    tap.main()
