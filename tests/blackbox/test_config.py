#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The command line and the configuration: an error names the place, the option and the remedy."""

import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.daemon import ORDINARY_USER, TOP, Folder, is_root, run

GOOD = 'srs-domain = "srs.test"\n'


def text_of(name):
    with open(os.path.join(os.environ.get('abs_top_srcdir', TOP), 'conf', name),
              encoding='utf-8') as file:
        return file.read()


def option_names(dump):
    return re.findall(r'(?m)^\s*([a-z-]+)\s*=', dump)


class ConfigCase(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        self.secret = self.folder.file('secret', 'a secret of the tests\n', 0o600, ORDINARY_USER)

    def check(self, text, *arguments):
        """srsd -n with this configuration and a secrets file that is in order."""
        path = self.folder.file('srsd.conf', text)
        return run('-n', '-f', path, '-o', 'secrets-file=' + self.secret, *arguments)

    def dump(self, text, *arguments):
        """The options that are in effect; directories of sockets need not exist."""
        result = self.check(text, '-v', *arguments)
        other = re.sub('srsd: warning: .* does not exist; create it before the start\n', '',
                       result.stderr)
        self.assertEqual((result.returncode, other), (0, ''))
        return result.stdout

    def assert_refused(self, result, *words, status=1):
        """One line that has all the words, and this exit status."""
        self.assertEqual(result.returncode, status, result)
        self.assertRegex(result.stderr, r'\A[^\n]+\n\Z')
        for word in words:
            self.assertIn(word, result.stderr)


class BadConfiguration(ConfigCase):
    # name: (text, number of the line that is at fault, words of the message)
    CASES = {
        'unknown option': ('srs-domian = "x.test"\n', 1, ['srs-domian', 'srs-domain']),
        'unknown option further down': (GOOD + '\n# comment\nmax_age = 3\n', 4,
                                        ['max_age', 'max-age']),
        'behind a comment on its line': (GOOD + 'max-age = 3 # days\nmax_age = 3\n', 3,
                                         ['max_age']),
        'behind a comment of C++': (GOOD + '// comment\nmax_age = 3\n', 3, ['max_age']),
        'behind a comment of C': (GOOD + '/* of\n * three\n */\nmax_age = 3\n', 5, ['max_age']),
        'behind a list of three lines': (GOOD + 'domains = {\n"a.test"\n}\nmax_age = 3\n', 5,
                                         ['max_age']),
        'in a section behind comments': (GOOD + '# one\n\nspf {\n# two\nheader = x\n}\n', 6,
                                         ['header']),
        'unknown section': (GOOD + 'dkim {\n}\n', 2, ['dkim', 'srsd.conf(5)']),
        'unknown option of the section': (GOOD + 'spf {\n  helo_rejct = "fail"\n}\n', 3,
                                          ['helo_rejct', 'helo-reject']),
        'top-level option in the section': (GOOD + 'spf {\n  max-age = 3\n}\n', 3, ['max-age']),
        'srs-domain without a dot': ('srs-domain = "localhost"\n', 1,
                                     ['srs-domain', 'localhost', 'dot']),
        'srs-domain not expanded': ('srs-domain = "$myhostname"\n', 1,
                                    ['srs-domain', '$myhostname']),
        'srs-domain with a blank': ('srs-domain = "a b.test"\n', 1, ['srs-domain']),
        'srs-domain with an empty label': ('srs-domain = "a..test"\n', 1, ['srs-domain']),
        'srs-domain with =': ('srs-domain = "a=b.test"\n', 1, ['srs-domain']),
        'srs-domain with an address': ('srs-domain = "a@b.test"\n', 1, ['srs-domain']),
        'domain': (GOOD + 'domains = {"our.test", "a b"}\n', 2, ['domains', 'a b']),
        'separator': (GOOD + 'separator = "#"\n', 2, ['separator', '#', '= + -']),
        'hash-length too small': (GOOD + 'hash-length = 3\n', 2, ['hash-length', '3', '4', '27']),
        'hash-length too large': (GOOD + 'hash-length = 28\n', 2, ['hash-length', '28', '27']),
        'hash-minimum': (GOOD + 'hash-minimum = 0\n', 2, ['hash-minimum', '4', '27']),
        'number with letters': (GOOD + 'max-age = "21d"\n', 2, ['max-age', '21d']),
        'number negative': (GOOD + 'max-age = -1\n', 2, ['max-age', '-1']),
        'number enormous': (GOOD + 'idle-timeout = 99999999999999999999\n', 2, ['idle-timeout']),
        'number empty': (GOOD + 'connection-limit = ""\n', 2, ['connection-limit']),
        'bool': (GOOD + 'always-rewrite = maybe\n', 2,
                 ['always-rewrite', 'maybe', 'true', 'false']),
        'endpoint without port': (GOOD + 'forward = {"inet:127.0.0.1"}\n', 2, ['forward', 'inet:']),
        'endpoint of unknown kind': (GOOD + 'policy = {"tcp:127.0.0.1:1"}\n', 2,
                                     ['policy', 'tcp:127.0.0.1:1', 'inet:', 'unix:']),
        'endpoint with a wrong port': (GOOD + 'reverse = {"inet:127.0.0.1:70000"}\n', 2,
                                       ['reverse', '70000']),
        'endpoint without path': (GOOD + 'policy = {"unix:"}\n', 2, ['policy', 'unix:']),
        'endpoint of a network': (GOOD + 'policy = {"unix:/p", "inet:192.0.2.1:10003"}\n', 2,
                                  ['policy', 'inet:192.0.2.1:10003', 'loopback', 'clients']),
        'milter of every address': (GOOD + 'milter = {"inet:*:10004"}\nclients = {}\n', 2,
                                    ['milter', 'inet:*:10004', 'loopback', 'clients']),
        'client by name': (GOOD + 'clients = {"mx.test"}\n', 2, ['clients', 'mx.test', 'IP']),
        'per-domain without a dot': (GOOD + 'per-domain = srs\n', 2,
                                     ['per-domain', 'srs', 'off', 'same', 'dot']),
        'per-domain alone': (GOOD + 'per-domain = same\n', 2,
                             ['per-domain', 'outbound-addresses']),
        'outbound network': (GOOD + 'outbound-addresses = {"192.0.2.0/24"}\n', 2,
                             ['outbound-addresses', '192.0.2.0/24', 'address']),
        'unauthenticated refused': (GOOD + 'unauthenticated = refuse\n', 2,
                                    ['unauthenticated', 'refuse', 'rewrite', 'hold']),
        'nameserver by name': (GOOD + 'nameservers = {"dns.test"}\n', 2,
                               ['nameservers', 'dns.test', 'IP']),
        'nameserver with a wrong port': (GOOD + 'nameservers = {"127.0.0.1:0"}\n', 2,
                                         ['nameservers']),
        'reject word': (GOOD + 'spf {\n\n  mail-from-reject = hard\n}\n', 4,
                        ['mail-from-reject', 'hard', 'spf-not-pass', 'softfail', 'fail', 'false',
                         'no-check']),
        'null for MAIL FROM': (GOOD + 'spf {\n  mail-from-reject = null\n}\n', 3,
                               ['mail-from-reject', 'null']),
        'header word': (GOOD + 'spf {\n  header = "SPF,AR"\n}\n', 3, ['header']),
        'srs-forged word': (GOOD + 'spf { srs-forged = accept }\n', 2,
                            ['srs-forged', 'accept', 'reject', 'check']),
        'network': (GOOD + 'spf {\n  whitelist = {"192.0.2.0/33"}\n}\n', 3,
                    ['whitelist', '192.0.2.0/33']),
        'network by name': (GOOD + 'spf {\n  skip-addresses = {"mx.test"}\n}\n', 3,
                            ['skip-addresses', 'mx.test']),
        'unknown placeholder': (GOOD + 'spf {\n  reason-message = "see {url}"\n}\n', 3,
                                ['reason-message', '{result}']),
        'lookup-time': (GOOD + 'spf {\n  lookup-time = 0\n}\n', 3, ['lookup-time']),
        'prospective': (GOOD + 'spf {\n  prospective = "mx.test"\n}\n', 3, ['prospective']),
        'class that accepts': (GOOD + 'spf { mail-from-pass-restriction = permit }\n', 2,
                               ['mail-from-pass-restriction', 'permit', 'restriction class']),
        'option of the message in a section': (GOOD + 'spf "x.test" {\n header = none\n}\n', 3,
                                               ['header', 'spf { }']),
        'value in a section': (GOOD + 'spf {\n}\nspf x.test {\n no-mail = maybe\n}\n', 5,
                               ['no-mail', 'maybe', 'true', 'false']),
        'section twice': (GOOD + 'spf x.test { }\nspf "X.test." { }\n', 3,
                          ['X.test.', 'twice']),
        'section with an odd name': (GOOD + 'spf "*.x.test" { }\n', 2,
                                     ['*.x.test', 'domain', 'address']),
        'given twice': (GOOD + 'max-age = 3\nmax-age = 4\n', 3, ['max-age']),
        'list for a text': (GOOD + 'separator = {"="}\n', 2, []),
        'section without end': (GOOD + 'spf {\n  no-mail = true\n', None, []),
        'garbage': (GOOD + '}{\n', 2, []),
        'text without end': (GOOD + 'secrets-file = "/x\n', None, []),
    }

    def test_place_name_and_remedy(self):
        for name, (text, line, words) in self.CASES.items():
            with self.subTest(name):
                place = 'srsd.conf:%d:' % line if line else 'srsd.conf'
                self.assert_refused(self.check(text), place, *words)

    def test_refused_without_n_too(self):
        """A start that only an operator can repair has a status of its own."""
        path = self.folder.file('srsd.conf', 'srs-domian = "x.test"\n')
        self.assert_refused(run('-f', path), 'srsd.conf:1:', 'srs-domian', status=os.EX_CONFIG)

    def test_no_domain_at_all(self):
        self.assert_refused(self.check('max-age = 3\n'), 'srs-domain')

    def test_only_subdomains(self):
        self.assert_refused(self.check('domains = {".our.test"}\n'), 'srs-domain')

    def test_minimum_over_length(self):
        self.assert_refused(self.check(GOOD + 'hash-minimum = 6\nhash-length = 5\n'),
                            'srsd.conf:2: hash-minimum', 'hash-length', '6', '5')

    def test_missing_file(self):
        self.assert_refused(run('-n', '-f', '/nonexistent/srsd.conf'), '/nonexistent/srsd.conf')

    def test_folder_for_a_file(self):
        self.assert_refused(run('-n', '-f', self.folder.path), self.folder.path)

    def test_binary_file(self):
        self.assert_refused(self.check(bytes(range(256))), 'srsd.conf')

    def test_domains_file(self):
        path = self.folder.file('domains', 'our.test\n\nnot a domain\n')
        self.assert_refused(self.check(GOOD + 'domains-file = "%s"\n' % path), path + ':3:')

    def test_domains_file_missing(self):
        self.assert_refused(self.check(GOOD + 'domains-file = "/nonexistent/domains"\n'),
                            '/nonexistent/domains')

    def test_untrusted_value_in_the_message(self):
        result = self.check(GOOD + 'domains = {"a\\nb\x1b"}\n')
        self.assert_refused(result, 'domains')
        self.assertNotIn('\x1b', result.stderr)


class Secrets(ConfigCase):
    def secrets(self, text='a secret of the tests\n', mode=0o600, owner=ORDINARY_USER):
        path = self.folder.file('other', text, mode, owner)
        conf = self.folder.file('srsd.conf', GOOD + 'secrets-file = "%s"\n' % path)
        return path, run('-n', '-f', conf)

    def test_accepted(self):
        for mode in (0o600, 0o400):
            with self.subTest(oct(mode)):
                _path, result = self.secrets(mode=mode)
                self.assertEqual((result.returncode, result.stderr), (0, ''))

    def test_readable_by_others(self):
        for mode in (0o644, 0o604, 0o666, 0o646):
            with self.subTest(oct(mode)):
                path, result = self.secrets(mode=mode)
                self.assert_refused(result, path)

    def test_no_secret_inside(self):
        for text in ('', '\n', '\n\r\n\n'):
            with self.subTest(repr(text)):
                path, result = self.secrets(text)
                self.assert_refused(result, path)

    def test_missing(self):
        conf = self.folder.file('srsd.conf', GOOD + 'secrets-file = "/nonexistent/secret"\n')
        self.assert_refused(run('-n', '-f', conf), '/nonexistent/secret', 'srsctl secret new')

    def test_unreadable(self):
        if not is_root():
            self.skipTest('needs root to make a file of another user')
        path, result = self.secrets(owner='root')
        self.assert_refused(result, path, "chgrp it to the group of the daemon's user")


class Dump(ConfigCase):
    FULL = '''
        srs-domain = "srs.test"
        domains = {"our.test", ".sub.test"}
        forward = {"inet:127.0.0.1:10101", "inet:[::1]:10101"}
        reverse = {"unix:/run/x/reverse"}
        nameservers = {"127.0.0.1:5353", "9.9.9.9"}
        separator = "+"  hash-length = 8  hash-minimum = 6  hash-avoid-slash = no
        hash-format = separated  hash-accept-compatible = "2026-12-14"
        max-age = 14  always-rewrite = true  idle-timeout = 2000  connection-limit = 77
        unprivileged-user = "nobody"  chroot-dir = "/var/empty"  pid-file = "/run/x.pid"
        syslog = on
        milter = {"inet:192.0.2.1:10004"}  clients = {"192.0.2.0/24", "::1"}
        milter-timeout = 25  milter-test-only = true  rewrite-relayed = no  hold-limit = 0
        relay-domains = {"relay.test"}  no-rewrite-recipients = {".friend.test"}
        per-domain = "srs."  per-domain-accept = {"same"}  per-domain-except = {"srs.our.test"}
        outbound-addresses = {"192.0.2.1", "2001:db8::1"}  inbound-hosts = {"mx.our.test"}
        unauthenticated = hold  unauthenticated-domain = "apart.example"
        unauthenticated-bounces = discard  trusted-authserv-ids = {"mx.our.test"}
        bounce-warning = 20
        spf {
            helo-reject = Null  mail-from-reject = SPF_Not_Pass  permerror-reject = yes
            header = authentication-results  authserv-id = "mx.our.test"
            skip-addresses = {}  whitelist = {"192.0.2.0/24", "2001:db8::/32"}
            reason-message = "no \\"{result}\\" \\\\ {client}"  lookup-time = 5
            nat-guard = false  mail-from-pass-restriction = spf_passed
        }
        spf "hosted.test" { mail-from-reject = softfail  whitelist = {"192.0.2.9"} }
        spf "jane roe+\\"x\\"@Hosted.test." { test-only = on  helo-whitelist = {} }
    '''

    def test_parses_again(self):
        for name, text in (('defaults', GOOD), ('everything', self.FULL)):
            with self.subTest(name):
                first = self.dump(text)
                self.assertEqual(self.dump(first), first)

    def test_shows_what_is_in_effect(self):
        dump = self.dump(self.FULL)
        for pattern in (r'srs-domain *= *"?srs\.test"?', r'hash-length *= *"?8"?',
                        r'hash-format *= *"?separated"?', r'hash-accept-compatible *= *"2026-12-14"',
                        r'milter *= *{"inet:192\.0\.2\.1:10004"}',
                        r'clients *= *{"192\.0\.2\.0/24", *"::1/128"}',
                        r'per-domain *= *"srs\."', r'unauthenticated *= *"hold"',
                        r'unauthenticated-domain *= *"apart\.example"',
                        r'our\.test.*\.sub\.test', r'max-age *= *"?14"?',
                        r'helo-reject *= *"?null"?', r'mail-from-reject *= *"?spf-not-pass"?',
                        r'\nspf "hosted.test" {\n\tmail-from-reject = "softfail"\n'
                        r'\twhitelist = {"192.0.2.9/32"}\n}\n',
                        r'\nspf "jane roe\+\\"x\\"@Hosted\.test\." {\n\ttest-only = true\n'
                        r'\thelo-whitelist = {}\n}\n',
                        r'mail-from-pass-restriction *= *"spf_passed"',
                        r'inet:\[::1\]:10101', r'2001:db8::/32', r'skip-addresses *= *{ *}'):
            with self.subTest(pattern):
                self.assertRegex(dump, pattern)

    def test_defaults(self):
        dump = self.dump(GOOD)
        for pattern in (r'forward *= *{"inet:127\.0\.0\.1:10001"}', r'reverse *=.*:10002"',
                        r'policy *=.*:10003"', r'hash-length *= *"?4"?', r'max-age *= *"?21"?',
                        r'hash-avoid-slash *= *"?true"?', r'idle-timeout *= *"?1800"?',
                        r'milter *= *{}', r'clients *= *{}', r'per-domain *= *"off"',
                        r'milter-timeout *= *"?20"?', r'rewrite-relayed *= *"?true"?',
                        r'unauthenticated *= *"rewrite"', r'hold-limit *= *"?1000"?',
                        r'connection-limit *= *"?1000"?', r'unprivileged-user *= *"srsd"',
                        r'helo-reject *= *"?fail"?', r'mail-from-reject *= *"?fail"?',
                        r'nat-guard *= *"?true"?', r'lookup-time *= *"?20"?',
                        r'void-limit *= *"?2"?', r'skip-addresses *=.*127\.0\.0\.0/8.*::1'):
            with self.subTest(pattern):
                self.assertRegex(dump, pattern)

    def test_no_secret_in_it(self):
        path = self.folder.file('srsd.conf', GOOD)
        secret = self.folder.file('other', 'extraordinary\n', 0o600, ORDINARY_USER)
        result = run('-n', '-v', '-f', path, '-o', 'secrets-file=' + secret)
        self.assertEqual(result.returncode, 0, result)
        self.assertNotIn('extraordinary', result.stdout + result.stderr)


class CommandLine(ConfigCase):
    def test_good(self):
        result = self.check(GOOD)
        self.assertEqual((result.returncode, result.stderr), (0, ''))

    def test_missing_directories(self):
        """They may be created before the start, so this is only a warning."""
        here = self.folder.path
        for option, value, directory in (
                ('policy', '{"unix:/nowhere/policy"}', '/nowhere'),
                ('milter', '{"unix:%s/milter", "unix:/nowhere/srsd/milter"}' % here,
                 '/nowhere/srsd'),
                ('pid-file', '"/nowhere/srsd.pid"', '/nowhere')):
            with self.subTest(option):
                result = self.check('%s%s = %s\n' % (GOOD, option, value))
                self.assertEqual((result.returncode, result.stderr), (
                    0, 'srsd: warning: %s: the directory %s does not exist; create it before the '
                       'start\n' % (option, directory)))
        for text in ('policy = {"unix:/policy"}\n',
                     'control = "unix:/nowhere/control"\npolicy = {"unix:/nowhere/policy"}\n'):
            result = self.check(GOOD + text)
            self.assertEqual((result.returncode, result.stderr), (0, ''), text)

    def test_missing_chroot(self):
        if not is_root():
            self.skipTest('needs root')
        secret = self.folder.file('of-root', 'a secret of the tests\n', 0o600)
        for path, error in (('/nowhere', 'No such file or directory'),
                            (secret, 'Not a directory')):
            config = self.folder.file('srsd.conf', GOOD + 'secrets-file = "%s"\nchroot-dir = "%s"\n'
                                      'unprivileged-user = "nobody"\n' % (secret, path))
            result = run('-n', '-f', config, user=False)
            self.assertEqual((result.returncode, result.stderr.splitlines()[-1]), (
                1, 'srsd: fatal: chroot-dir %s: %s' % (path, error)))

    def test_version(self):
        for option in '-V', '--version':
            result = run(option)
            self.assertEqual(result.returncode, 0)
            self.assertRegex(result.stdout, r'\Asrsd \d+\.\d+[^\n]*\n\Z')

    def test_help(self):
        """Each option that the manual has in its synopsis."""
        texts = {run(option).stdout for option in ('-h', '--help')}
        self.assertEqual(len(texts), 1)
        text = texts.pop()
        self.assertTrue(text.startswith('usage: srsd '))
        self.assertTrue(text.endswith('\nsee srsd(8)\n'))
        self.assertEqual(''.join(re.findall('(?m)^  -(.)', text)), 'DfhnnovV')

    def test_output_on_a_full_disk(self):
        path = self.folder.file('srsd.conf', GOOD)
        for arguments in (['--help'], ['--version'],
                          ['-nv', '-f', path, '-o', 'secrets-file=' + self.secret]):
            with self.subTest(' '.join(arguments)):
                result = run(*arguments, prefix=('sh', '-c', 'exec "$@" >/dev/full', 'sh'))
                self.assertEqual((result.returncode, result.stderr), (
                    1, 'srsd: fatal: cannot write standard output: No space left on device\n'))

    def test_unknown_flag(self):
        for arguments, error in (
                (['-x'], "unknown option '-x'"), (['-nx'], "unknown option '-x'"),
                (['--nonsense'], "unknown option '--nonsense'"), (['-f'], "option '-f' needs a value"),
                (['-o'], "option '-o' needs a value"),
                (['-n', 'operand'], "unexpected argument 'operand'")):
            with self.subTest(' '.join(arguments)):
                result = run(*arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ''))
                self.assertEqual(result.stderr, 'srsd: %s; see srsd --help\n' % error)

    def test_override(self):
        for option, pattern in (
                ('srs-domain=other.test', r'srs-domain *= *"other\.test"'),
                ('max-age=7', r'max-age *= *"?7"?'),
                ('spf.helo-reject=softfail', r'helo-reject *= *"?softfail"?'),
                ('spf.test-only=true', r'test-only *= *"?true"?'),
                ('domains=a.test,b.test', r'domains *= *{"a\.test", *"b\.test"}'),
                ('spf.reason-message=a=b {result}', r'reason-message *= *"a=b {result}"'),
        ):
            with self.subTest(option):
                self.assertRegex(self.dump(GOOD, '-o', option), pattern)

    def test_last_override_counts(self):
        dump = self.dump(GOOD, '-o', 'max-age=7', '-o', 'max-age=8')
        self.assertRegex(dump, r'max-age *= *"?8"?\n')

    def test_bad_override(self):
        for option, words in (('srs-domian=x.test', ['srs-domian']), ('max-age', ['max-age']),
                              ('max-age=x', ['max-age']), ('spf.max-age=3', ['spf.max-age']),
                              ('helo-reject=fail', ['helo-reject']), ('=x', ['-o']),
                              ('spf "x.test".no-mail=on', ['no such option']),
                              ('domains=a.test b.test', ["'a.test b.test'"]),
                              ('spf.header=x', ['spf.header', 'received-spf'])):
            with self.subTest(option):
                self.assert_refused(self.check(GOOD, '-o', option), *words)

    def test_override_mends_the_file(self):
        """An error in the file remains one; a missing option may be given on the command line."""
        self.assertEqual(self.check('max-age = 3\n', '-o', 'srs-domain=x.test').returncode, 0)


class Sample(ConfigCase):
    def sample(self):
        return text_of('srsd.conf')

    def test_parses(self):
        result = self.check(self.sample(), '-o', 'srs-domain=x.test')
        self.assertEqual((result.returncode, result.stderr), (0, ''))

    def test_names_every_option(self):
        """A name in the dump that the annotated sample does not mention is undocumented."""
        sample = self.sample()
        for name in option_names(self.dump(GOOD)):
            with self.subTest(name):
                if not re.search(r'(?m)^[\s#]*%s(?![\w-])' % name, sample):
                    self.fail('conf/srsd.conf does not name ' + name)

    def test_shows_the_defaults(self):
        """With the # before each option removed, it has the same meaning."""
        opened = re.sub(r'(?m)^(\s*)#(?=[a-z-]+ = )', r'\1', self.sample())
        for shown in ('domains = {"example.org", ".example.org"}',
                      'reverse-domains = {"old-srs.example.org"}'):
            self.assertIn(shown, opened)
            opened = opened.replace(shown, shown.partition(' ')[0] + ' = {}')
        self.assertGreater(opened.count(' = '), 50)
        # Their defaults are of the build.
        overrides = ('-o', 'srs-domain=x.test', '-o', 'control=none')
        shown, defaults = (self.dump(text, *overrides).splitlines()
                           for text in (opened, self.sample()))
        for line in defaults:
            if line not in shown:
                self.fail('conf/srsd.conf does not show the default: ' + line.strip())


class Upgrade(ConfigCase):
    """From srsd 0.1.0: its configuration is accepted, but for what CHANGES.md says."""

    ROOT_KEY = '. IN DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n'

    def test_every_option(self):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'srsd-0.1.0.conf'),
                  encoding='utf-8') as file:
            text = file.read()
        overridden = {'secrets-file': self.secret, 'pid-file': '',
                      'domains-file': self.folder.file('domains', 'more.test\n'),
                      'trust-anchor': self.folder.file('root.key', self.ROOT_KEY)}
        arguments = [word for item in overridden.items() for word in ('-o', '%s=%s' % item)]
        shown = self.dump(text, *arguments).splitlines()
        # The same network twice, because ::ffff:127.0.0.0/104 is the other one in IPv6.
        text = text.replace('"127.0.0.0/8", "127.0.0.0/8"', '"127.0.0.0/8"')
        lines = [line for line in text.splitlines() if not line.startswith('#')]
        self.assertGreater(len(lines), 55)
        for line in lines:
            if line.split(' ')[0] not in overridden and line not in shown:
                self.fail('this is missing in what srsd -nv prints: ' + line.strip())

    def test_clients(self):
        """The one option that a configuration may lack now."""
        for option in ('forward', 'reverse', 'policy'):
            for endpoint in ('inet:0.0.0.0:20001', 'inet:[::]:20001', 'inet:192.0.2.1:20001'):
                with self.subTest(option=option, endpoint=endpoint):
                    text = GOOD + '%s = {"%s"}\n' % (option, endpoint)
                    self.assert_refused(self.check(text), 'srsd.conf:2: ' + option, endpoint,
                                        'set clients to the addresses that may connect to it')
                    self.dump(text + 'clients = {"192.0.2.0/24"}\n')


class Manual(ConfigCase):
    def test_describes_every_option(self):
        manual = text_of('srsd.conf.5')
        for name in option_names(self.dump(GOOD)):
            with self.subTest(name):
                if not re.search(r'(?m)^\.It (Xo )?Cm (\S+ , )*%s(?!\S)' % name, manual):
                    self.fail('conf/srsd.conf.5 does not describe ' + name)


if __name__ == '__main__':
    tap.main()
