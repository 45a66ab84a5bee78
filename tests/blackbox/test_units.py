#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What starts the daemon: systemd's files and the init script. They name what the program has, and
a unit's restrictions leave it what it needs."""

import contextlib
import functools
import grp
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import build, tap
from harness.clients import MapClient
from harness.daemon import (ORDINARY_USER, TOP, WAIT, Daemon, Folder, StartFailed, binary,
                            free_port, reachable_binary, run)

SOURCE = os.environ.get('abs_top_srcdir', str(TOP))
BUILD = build.directory()
SERVICE = os.path.join(BUILD, 'contrib/systemd/srsd.service')
SYSUSERS = os.path.join(SOURCE, 'contrib/systemd/sysusers.d/srsd.conf')
CREDENTIAL = os.path.join(BUILD, 'contrib/systemd/credential.conf')
TMPFILES = os.path.join(BUILD, 'contrib/systemd/tmpfiles.d/srsd.conf')
INIT = os.path.join(BUILD, 'contrib/init/srsd')
SERVICES = 'forward', 'reverse', 'policy', 'socketmap', 'milter'
EXPOSURE = 20           # of 100, as systemd-analyze counts it

# What the engine's list (common/sandbox.c) does not have: the monitor's calls.
MONITOR = ('capget chmod clone clone3 dup2 execve flock fork ftruncate inotify_add_watch inotify_init1 '
           'inotify_rm_watch readlink '
           'kill listen lseek memfd_create mkdir open openat pipe2 poll prctl prlimit64 seccomp '
           'setsid setrlimit signalfd4 socketpair umask unlink wait4').split()
# One of each of these is enough: libc prefers the first.
REPLACED = {'setrlimit': 'prlimit64'}
# SQLite gives files to the owner of the database, as root only.
OF_ROOT = {'fchown'}


def socket_unit(service):
    return os.path.join(BUILD, 'contrib/systemd/srsd-%s.socket' % service)


def text_of(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def parse_unit(path):
    """-> {section: {name: [values]}}; AssertionError for a line that is neither."""
    sections, section = {}, None
    for line in text_of(path).splitlines():
        header = re.fullmatch(r'\[(\w+)\]', line)
        setting = re.fullmatch(r'(\w+)=(.*)', line)
        if header:
            section = sections.setdefault(header.group(1), {})
        elif setting and section is not None:
            section.setdefault(setting.group(1), []).append(setting.group(2))
        elif line and not line.startswith('#'):
            raise AssertionError('%s: %r' % (path, line))
    return sections


# -- systemd's tools --------------------------------------------------------

@functools.lru_cache
def analyze_version():
    """Of systemd-analyze, 0 when there is none."""
    if not shutil.which('systemd-analyze'):
        return 0
    result = subprocess.run(['systemd-analyze', '--version'], stdout=subprocess.PIPE, text=True)
    match = re.match(r'systemd (\d+)', result.stdout)
    return int(match.group(1)) if match else 0


def without_colour(text):
    """systemd 255 colours some lines of a pipe, too, whatever the environment asks for."""
    return re.sub(r'\x1b\[[0-9;]*m', '', text)


def analyze(*arguments):
    """-> CompletedProcess with all its output, as plain text, in stdout."""
    result = subprocess.run(['systemd-analyze', '--no-pager', *arguments],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    result.stdout = without_colour(result.stdout)
    return result


needs_analyze = unittest.skipUnless(analyze_version() >= 250, 'no systemd-analyze of 250 or newer')


@functools.lru_cache
def call_set(name):
    """The system calls of a set, @name; of a plain name, itself."""
    if not name.startswith('@'):
        return frozenset([name])
    words = []
    for line in analyze('syscall-filter', name).stdout.splitlines()[1:]:
        line = line.strip()
        words += [] if line.startswith('#') else line.split()
    return frozenset().union(*(call_set(word) for word in words))


def allowed_calls(lines):
    """What lines of SystemCallFilter= come to, the first of them a list of what is allowed."""
    allowed = set()
    for line in lines:
        calls = frozenset().union(*(call_set(word) for word in line.lstrip('~').split()))
        allowed = allowed - calls if line.startswith('~') else allowed | calls
    return allowed


# -- tests ------------------------------------------------------------------

class UnitCase(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)

    def defaults(self):
        """The options in force when only srs-domain is set, each a list of words."""
        secret = self.folder.file('secret', 'a secret of the tests\n', 0o600, ORDINARY_USER)
        conf = self.folder.file('srsd.conf', 'srs-domain = "srs.test"\n')
        result = run('-nv', '-f', conf, '-o', 'secrets-file=' + secret)
        self.assertEqual(result.returncode, 0, result)
        return {name: re.findall(r'[^\s{}",]+', value) for name, value in
                re.findall(r'^\s*([a-z-]+) *= *(.*)$', result.stdout, re.M)}

    def database(self):
        """The path of the database, if no other is set."""
        secret = self.folder.file('secret', 'a secret of the tests\n', 0o600, ORDINARY_USER)
        conf = self.folder.file('database.conf', 'srs-domain = "srs.test"\n'
                                'original-envelope = "database"\n')
        result = run('-nv', '-f', conf, '-o', 'secrets-file=' + secret)
        found = re.search(r'(?m)^\s*envelope-database *= *"sqlite:(.*)"$', result.stdout)
        if not found:
            self.skipTest('built without SQLite')
        return found.group(1)

    def copies(self):
        """The units where the program that they start is the one that was built."""
        program = binary()
        installed = parse_unit(SERVICE)['Service']['ExecStart'][0].split()[0]
        paths = [self.folder.file('srsd.service', text_of(SERVICE).replace(installed, program))]
        for service in SERVICES:
            path = socket_unit(service)
            paths.append(self.folder.file(os.path.basename(path), text_of(path)))
        return paths


class Files(UnitCase):
    def test_colours_of_systemd_255(self):
        self.assertEqual(without_colour('    \x1b[0m@aio\n    \x1b[0;38;5;245mread\x1b[0m\n'),
                         '    @aio\n    read\n')

    def test_form(self):
        for path in (SERVICE, *map(socket_unit, SERVICES)):
            with self.subTest(os.path.basename(path)):
                kind = 'Service' if path == SERVICE else 'Socket'
                self.assertEqual(set(parse_unit(path)), {'Unit', kind, 'Install'})

    def test_nothing_is_left_to_substitute(self):
        for path in (SERVICE, CREDENTIAL, *map(socket_unit, SERVICES), TMPFILES, INIT):
            with self.subTest(os.path.basename(path)):
                self.assertNotRegex(text_of(path), r'@\w+@')

    @needs_analyze
    def test_verify(self):
        """systemd knows every directive, and finds the programs."""
        for path in self.copies():
            with self.subTest(os.path.basename(path)):
                result = analyze('verify', '--man=no', '--recursive-errors=no', path)
                self.assertNotIn(os.path.basename(path), result.stdout)
                self.assertEqual(result.returncode, 0, result.stdout)

    @needs_analyze
    def test_security(self):
        result = analyze('security', '--offline=true', '--threshold=%d' % EXPOSURE,
                         self.copies()[0])
        self.assertEqual(result.returncode, 0, result.stdout)


class Service(UnitCase):
    def setUp(self):
        super().setUp()
        self.service = parse_unit(SERVICE)['Service']

    def test_options_exist(self):
        lines = self.service['ExecStart'] + self.service['ExecReload']
        ours = [words for words in map(shlex.split, lines)
                if os.path.basename(words[0]) == 'srsd']
        self.assertEqual(len(ours), 2)
        for words in ours:
            with self.subTest(' '.join(words)):
                self.assertTrue(os.path.isabs(words[0]))
                self.assertEqual(run(*words[1:], '-V').returncode, 0)

    def test_engine_that_is_out_of_memory(self):
        """The monitor replaces it; systemd must not end the monitor for it."""
        self.assertEqual(self.service['OOMPolicy'], ['continue'])

    def test_error_for_an_operator(self):
        """The unit is failed, instead of starting again and again; other failures are transient."""
        daemon = Daemon()
        self.addCleanup(daemon.folder.remove)
        daemon.options['max-age'] = 'x'
        with self.assertRaises(StartFailed) as caught:
            daemon.start()
        self.assertEqual(self.service['RestartPreventExitStatus'], [str(caught.exception.status)])
        self.assertEqual(self.service['Restart'], ['on-failure'])
        # Otherwise it is started again, after longer and longer pauses if systemd can do that.
        self.assertRegex(text_of(SERVICE), r'(?m)^(# Since systemd 254: )?RestartSteps=8$')

    def test_user(self):
        self.assertEqual(self.service['User'], self.defaults()['unprivileged-user'])

    def test_folder_of_the_control_socket(self):
        folder, _, _name = self.defaults()['control'][0].rpartition('/')
        self.assertEqual([os.path.basename(folder)], self.service['RuntimeDirectory'])

    def test_directory_of_the_database(self):
        """The default of envelope-database, when it is needed."""
        self.assertEqual(self.service['StateDirectory'], ['srsd'])
        self.assertEqual(self.service['StateDirectoryMode'], ['0750'])
        writable = [path.lstrip('-') for path in self.service['ReadWritePaths']]
        self.assertIn(os.path.dirname(self.database()), writable)

    def test_has_time_to_stop(self):
        # The monitor gives the engine two seconds more.
        self.assertGreater(int(self.service['TimeoutStopSec'][0]),
                           int(self.defaults()['stop-timeout'][0]) + 2)

    @needs_analyze
    def test_system_calls(self):
        """Nothing that monitor or engine needs is refused by the unit."""
        sandbox = text_of(os.path.join(SOURCE, 'common/sandbox.c'))
        engine = set(re.findall(r'SCMP_SYS\((\w+)\)', sandbox))
        self.assertGreater(len(engine), 50)
        allowed = allowed_calls(self.service['SystemCallFilter'])
        allowed |= {name for name, instead in REPLACED.items() if instead in allowed}
        self.assertEqual((engine | set(MONITOR)) - allowed, OF_ROOT)

    @needs_analyze
    def test_system_calls_of_root(self):
        """And the filter is one: what only root could use is not in it."""
        allowed = allowed_calls(self.service['SystemCallFilter'])
        for name in ('setuid', 'chroot', 'chown', 'mount', 'ptrace', 'bpf', 'init_module',
                     'reboot', 'keyctl', 'io_uring_setup'):
            with self.subTest(name):
                self.assertNotIn(name, allowed)


class Credential(UnitCase):
    """The drop-in with which systemd gives a copy of the secrets to the daemon."""

    def setUp(self):
        super().setUp()
        self.settings = parse_unit(CREDENTIAL)['Service']

    def test_name(self):
        """The one by which srsctl and AppArmor know it, and the default of secrets-file."""
        name, _, path = self.settings['LoadCredential'][0].partition(':')
        self.assertIn('/run/credentials/srsd.service/%s"' % name,
                      text_of(os.path.join(SOURCE, 'srsd/srs/secret_access.c')))
        self.assertEqual(path.rpartition('/')[2], 'srsd.secret')

    @needs_analyze
    def test_verify(self):
        unit = self.copies()[0]
        folder = self.folder.subfolder('srsd.service.d')
        program = parse_unit(SERVICE)['Service']['ExecStart'][0].split()[0]
        with open(os.path.join(folder, 'credential.conf'), 'w', encoding='utf-8') as file:
            file.write(text_of(CREDENTIAL).replace(program, binary()))
        result = analyze('verify', '--man=no', '--recursive-errors=no', unit)
        self.assertNotIn('credential', result.stdout)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_reload_is_that_of_the_unit(self):
        """Except for srsd -n, which could not read the copy."""
        check, *reload = parse_unit(SERVICE)['Service']['ExecReload']
        self.assertTrue(check.endswith('/srsd -n'))
        self.assertEqual(self.settings['ExecReload'], [''] + reload)

    def test_daemon(self):
        """It reads the copy, at the start and at a reload, and not the file."""
        daemon = Daemon()
        self.addCleanup(daemon.folder.remove)
        os.rename(daemon.options['secrets-file'],
                  os.path.join(daemon.folder.subfolder('credentials'), 'srsd.secret'))
        daemon.arguments = [
            word.replace('%d', daemon.path('credentials'))
            for word in self.settings['ExecStart'][1].split()[1:]]
        with daemon, daemon.forward_client() as client:
            old = client.address('a@origin.test')
            copy = daemon.folder.file('credentials/srsd.secret', 'another one for the tests\n', 0o600,
                                      ORDINARY_USER)
            mark = daemon.log_mark()
            daemon.signal(signal.SIGHUP)
            daemon.wait_log(' reloaded ', mark)
            self.assertNotEqual(client.address('a@origin.test'), old)
            self.assertTrue(os.path.exists(copy))


class Instances(UnitCase):
    """The recipe for several instances on the same ports."""

    FILES = os.path.join(SOURCE, 'contrib/instances')
    ENDPOINTS = 'forward', 'reverse', 'policy'

    def unit(self, service):
        return os.path.join(self.FILES, 'srsd-%s@.socket' % service)

    def test_sockets_are_those_of_one_instance(self):
        """Apart from what an instance needs."""
        for service in self.ENDPOINTS:
            with self.subTest(service):
                one, many = (parse_unit(path)['Socket'] for path in (
                    socket_unit(service), self.unit(service)))
                self.assertEqual(many, {**one, 'ReusePort': ['yes'],
                                        'Service': ['srsd@%i.service']})

    @needs_analyze
    def test_verify(self):
        """As the recipe installs them."""
        program = parse_unit(SERVICE)['Service']['ExecStart'][0].split()[0]
        conf = text_of(os.path.join(self.FILES, 'instance.conf'))
        conf = conf.replace('/usr/sbin/srsctl', '/bin/true').replace('/usr/sbin/srsd', binary())
        self.folder.subfolder('srsd@.service.d')
        self.folder.file('srsd@.service.d/instance.conf', conf)
        self.folder.file('srsd@.service', text_of(SERVICE).replace(program, binary()))
        for service in self.ENDPOINTS:
            self.folder.file('srsd-%s@.socket' % service, text_of(self.unit(service)))
        names = ['srsd@1.service', *('srsd-%s@1.socket' % service for service in self.ENDPOINTS)]
        result = analyze('verify', '--man=no', '--recursive-errors=no',
                         *(self.folder.path + '/' + name for name in names))
        self.assertNotRegex(result.stdout, r'srsd|instance')
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_the_kernel_spreads_connections(self):
        """Two daemons with sockets as those of the units: both serve, and reverse each other's."""
        port = free_port()
        daemons, count = [Daemon(), Daemon()], 100
        with contextlib.ExitStack() as stack:
            for daemon in daemons:
                held = stack.enter_context(socket.socket())
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                held.bind(('127.0.0.1', port))
                held.listen(4096)
                daemon.hand_over('forward', [held])
                daemon.options['forward'] = None
            for daemon in daemons:
                stack.enter_context(daemon)
            signed = []
            for number in range(count):
                with MapClient(('127.0.0.1', port)) as client:
                    signed.append(client.address('user%d@origin.test' % number))
            for daemon in daemons:
                with daemon.reverse_client() as client:
                    self.assertEqual([client.address(address) for address in signed],
                                     ['user%d@origin.test' % number for number in range(count)])
        served = [len(daemon.log_matches('^srsd: forward ')) for daemon in daemons]
        self.assertEqual(sum(served), count)
        self.assertNotIn(0, served)


class SecretAccess(UnitCase):
    """What root is told of secrets that the user of the unit has to read."""

    # Run in a mount namespace: a /run in which systemd is the service manager.
    INSIDE = ('mount -t tmpfs tmpfs /run && mkdir -p $0 /run/systemd/system && '
              'touch $0/srsd.secret; rmdir $0 2>/dev/null; exec "$@"')
    CREDENTIALS = '/run/credentials/srsd.service'

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or subprocess.call(['unshare', '-m', 'true']) != 0:
            self.skipTest('needs root and a mount namespace')
        self.group = grp.getgrgid(pwd.getpwnam(ORDINARY_USER).pw_gid).gr_name
        self.secret = self.folder.file('secret', 'a secret of the tests\n', 0o600)
        self.conf = self.folder.file('srsd.conf', 'srs-domain = "srs.test"\ncontrol = "none"\n'
                                     'nameservers = {"127.0.0.1"}\n'
                                     'secrets-file = "%s"\nunprivileged-user = "%s"\n'
                                     % (self.secret, ORDINARY_USER))

    def run_as_root(self, program, *arguments, credential=False):
        inside = self.INSIDE if credential else self.INSIDE.replace('touch $0/srsd.secret', 'true')
        done = subprocess.run(['unshare', '-m', 'sh', '-c', inside, self.CREDENTIALS,
                               reachable_binary(program), '-f', self.conf, *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=WAIT)
        return done.stdout

    def test_warning(self):
        self.assertEqual(
            self.run_as_root('srsd', '-n'),
            'srsd: warning: secrets-file %s: srsd.service runs as %s, which cannot read it: '
            'Permission denied; chgrp %s %s && chmod 0640 %s; that user also needs access to its '
            'directory\n' % (self.secret, ORDINARY_USER, self.group, self.secret, self.secret))
        self.assertIn('srsd.service runs as %s, which cannot read it' % ORDINARY_USER,
                      self.run_as_root('srsctl', 'check', '--postfix', '/nowhere'))

    def test_remedy(self):
        shutil.chown(self.secret, group=self.group)
        os.chmod(self.secret, 0o640)
        self.assertEqual(self.run_as_root('srsd', '-n'), '')
        self.assertNotIn('cannot read it',
                         self.run_as_root('srsctl', 'check', '--postfix', '/nowhere'))

    def test_credential(self):
        """systemd reads the file as root, and only when the unit is started."""
        self.assertEqual(self.run_as_root('srsd', '-n', credential=True), '')
        self.assertNotIn('cannot read it', self.run_as_root(
            'srsctl', 'check', '--postfix', '/nowhere', credential=True))
        self.assertTrue(self.run_as_root('srsctl', 'secret', 'new', credential=True).endswith(
            '; to apply the change, run: systemctl restart srsd\n'))
        self.assertTrue(self.run_as_root('srsctl', 'secret', 'new').endswith(
            '; to apply the change, run: srsctl reload\n'))

    def test_without_systemd(self):
        """A daemon that root starts reads the file as root."""
        self.assertEqual(run('-n', '-f', self.conf, user=False).stderr, '')


class Reload(unittest.TestCase):
    """`systemctl reload` succeeds only when the daemon has the new settings."""

    def start(self, control):
        daemon = Daemon()
        self.addCleanup(daemon.folder.remove)
        if control:
            daemon.enable_control()
        self.addCleanup(daemon.stop)
        return daemon.start()

    def reload(self, daemon):
        """Run ExecReload= as systemd does; -> the status of the first command that fails, or 0."""
        service = parse_unit(SERVICE)['Service']
        folder = os.path.dirname(service['ExecStart'][0])
        for line in service['ExecReload']:
            for name in 'srsd', 'srsctl':
                line = re.sub(re.escape(os.path.join(folder, name)) + r'\b',
                              '%s -f %s' % (reachable_binary(name), daemon.config), line)
            words = [word.replace('${MAINPID}', str(daemon.process.pid)).replace('$$', '$')
                     for word in shlex.split(line)]
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=WAIT)
            if done.returncode != 0:
                return done.returncode
        return 0

    def change(self, daemon, **options):
        daemon.options.update({name.replace('_', '-'): value for name, value in options.items()})
        daemon.write_config()

    def test_accepted(self):
        for control in True, False:
            with self.subTest(control=control):
                daemon = self.start(control)
                self.change(daemon, max_age=30)
                self.assertEqual(self.reload(daemon), 0)
                daemon.wait_log(' reloaded ')

    def test_wrong_file(self):
        for control in True, False:
            with self.subTest(control=control):
                daemon = self.start(control)
                self.change(daemon, max_age='x')
                self.assertEqual(self.reload(daemon), 1)
                self.assertEqual(daemon.log_matches('reload'), [])

    def test_refused_by_the_daemon(self):
        """For a reason that does not show in the files."""
        daemon = self.start(True)
        with socket.create_server(('127.0.0.1', 0)) as other:
            self.change(daemon, forward=['inet:127.0.0.1:%d' % other.getsockname()[1]])
            self.assertEqual(self.reload(daemon), 1)
        daemon.wait_log('reload refused')

    def test_control_socket_of_other_settings(self):
        """srsctl looks for the daemon where the new settings have it."""
        daemon = self.start(True)
        self.change(daemon, control='none')
        self.assertEqual(self.reload(daemon), 0)
        daemon.wait_log(' reloaded ')


class Sockets(UnitCase):
    def test_endpoints(self):
        """The defaults of the program, under the names that it takes sockets by."""
        defaults = self.defaults()
        self.assertEqual((defaults.pop('socketmap'), defaults.pop('milter')), ([], []))
        defaults['socketmap'] = ['unix:/var/spool/postfix/srs']     # that of postsrsd 2
        defaults['milter'] = ['unix:/var/spool/postfix/srsd/milter']
        for service in SERVICES:
            with self.subTest(service):
                kind = 'unix' if service in ('socketmap', 'milter') else 'inet'
                unit = parse_unit(socket_unit(service))
                self.assertEqual(unit['Socket']['FileDescriptorName'], [service])
                self.assertEqual([kind + ':' + unit['Socket']['ListenStream'][0]], defaults[service])
                self.assertEqual(unit['Socket']['Service'], ['srsd.service'])
                # Not for a service that its own condition keeps from starting.
                self.assertEqual(unit['Unit']['ConditionPathExists'],
                                 parse_unit(SERVICE)['Unit']['ConditionPathExists'])

    def test_only_postfix_may_connect(self):
        """A client of these services gets a signature for any address."""
        for service in 'socketmap', 'milter':
            with self.subTest(service):
                unit = parse_unit(socket_unit(service))['Socket']
                self.assertEqual((unit.get('SocketUser'), unit.get('SocketMode')),
                                 (['postfix'], ['0600']))

    def test_enabled_together(self):
        """One names the others, and is named by none: tools that follow Also= may not expect it."""
        also = {service: parse_unit(socket_unit(service))['Install'].get('Also', [''])[0].split()
                for service in SERVICES}
        self.assertEqual(also, {'forward': ['srsd-reverse.socket', 'srsd-policy.socket'],
                                'reverse': [], 'policy': [], 'socketmap': [], 'milter': []})

    def test_milter_in_the_chroot(self):
        """In the directory of the recipe policy-unix, which srsd.service can write to."""
        path = parse_unit(socket_unit('milter'))['Socket']['ListenStream'][0]
        recipe = text_of(os.path.join(SOURCE, 'contrib/postfix/policy-unix/srsd.conf'))
        self.assertIn('"unix:%s/policy"' % os.path.dirname(path), recipe)
        self.assertIn('-' + os.path.dirname(path),
                      parse_unit(SERVICE)['Service']['ReadWritePaths'])


class UsersAndFolders(UnitCase):
    @staticmethod
    def lines(path):
        return [shlex.split(line) for line in text_of(path).splitlines()
                if line and not line.startswith('#')]

    def test_sysusers(self):
        self.assertEqual([line[:3] for line in self.lines(SYSUSERS)],
                         [['u', self.defaults()['unprivileged-user'][0], '-']])

    def test_tmpfiles(self):
        defaults = self.defaults()
        user = defaults['unprivileged-user'][0]
        run_folder = defaults['control'][0].split(':')[1].rpartition('/')[0]
        conf = parse_unit(SERVICE)['Unit']['ConditionPathExists'][0]
        self.assertEqual(self.lines(TMPFILES),
                         [['d', os.path.dirname(conf), '0755', 'root', 'root', '-'],
                          ['d', run_folder, '0755', user, user, '-'],
                          ['d', os.path.dirname(self.database()), '0750', user, user, '-']])

    @unittest.skipUnless(shutil.which('systemd-sysusers'), 'no systemd-sysusers')
    def test_systemd_reads_the_users(self):
        root = self.folder.subfolder('root')
        os.mkdir(os.path.join(root, 'etc'))
        result = subprocess.run(['systemd-sysusers', '--root=' + root, SYSUSERS],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertRegex(text_of(os.path.join(root, 'etc/passwd')), r'(?m)^srsd:.*nologin$')


class Init(UnitCase):
    def test_syntax(self):
        self.assertEqual(subprocess.run(['sh', '-n', INIT]).returncode, 0)

    def test_header(self):
        text = text_of(INIT)
        for word in ('Provides', 'Required-Start', 'Required-Stop', 'Default-Start',
                     'Default-Stop', 'Short-Description'):
            with self.subTest(word):
                self.assertRegex(text, r'(?m)^# %s: +\S' % word)

    def test_program_is_that_of_the_unit(self):
        program = re.search(r'(?m)^DAEMON=(.*)$', text_of(INIT)).group(1)
        self.assertEqual([program], parse_unit(SERVICE)['Service']['ExecStart'])


@unittest.skipUnless(shutil.which('start-stop-daemon', path='/usr/sbin:/sbin:/usr/bin')
                     and os.path.exists('/lib/lsb/init-functions'), 'no tools of init scripts')
class InitRuns(UnitCase):
    """The init script with other paths, and with a logger(1) that writes to a file."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.control = os.path.join(self.folder.path, 'control')
        self.pid_file = os.path.join(self.folder.path, 'srsd.pid')
        self.logged = os.path.join(self.folder.path, 'logged')
        self.configure()
        tools = self.folder.subfolder('tools')
        self.folder.file('tools/logger', '#!/bin/sh\nprintf "%%s\\n" "$*" >>%s\n' % self.logged,
                         0o755)
        text = text_of(INIT).replace('PATH=/usr/sbin:', 'PATH=%s:/usr/sbin:' % tools)
        for name, value in {'DAEMON': reachable_binary(), 'CONTROL': reachable_binary('srsctl'),
                            'PIDFILE': self.pid_file,
                            'OPTIONS': '"-f %s"' % self.config}.items():
            text = re.sub('(?m)^%s=.*$' % name, '%s=%s' % (name, value), text)
        text = text.replace('"$CONTROL" reload', '"$CONTROL" -f %s reload' % self.config)
        self.script = self.folder.file('init', text.replace('/etc/default/srsd', '/dev/null'))
        self.addCleanup(self.end)

    def configure(self, more=''):
        secret = self.folder.file('secret', 'a secret of the tests\n', 0o600, ORDINARY_USER)
        self.config = self.folder.file('srsd.conf', (
            'srs-domain = "srs.test"\nsecrets-file = "%s"\nunprivileged-user = "%s"\n'
            'control = "unix:%s"\nforward = {"inet:127.0.0.1:%d"}\nreverse = {}\npolicy = {}\n%s'
            % (secret, ORDINARY_USER, self.control, self.port, more)))

    def end(self):
        if os.path.exists(self.pid_file):
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(text_of(self.pid_file)), signal.SIGTERM)

    def init(self, action):
        done = subprocess.run(['sh', self.script, action], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=WAIT, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_reload(self):
        status, _, error = self.init('reload')
        self.assertNotEqual(status, 0)
        self.assertEqual(error, 'srsd is not running\n')
        self.assertEqual(self.init('start')[::2], (0, ''))
        self.assertEqual(self.init('reload')[::2], (0, ''))
        self.configure('nonsense = 1\n')
        status, _, error = self.init('reload')
        self.assertEqual(status, 1)
        self.assertRegex(error, "^srsd: fatal: .*: no such option 'nonsense'.*\n$")
        self.assertFalse(os.path.exists(self.logged))

    def test_failure_to_start(self):
        """It is printed on a line of its own, and logged."""
        with socket.create_server(('127.0.0.1', self.port)):
            status, output, error = self.init('start')
        self.assertEqual(status, 1)
        self.assertRegex(output, r'(failed|\.\.\.fail)!\s*$')     # Debian, Ubuntu
        self.assertRegex(error, r'^srsd: fatal: forward: inet:127\.0\.0\.1:%d: Address already in '
                                r'use.*\n$' % self.port)
        self.assertRegex(text_of(self.logged), '^-p mail.err -t srsd -- fatal: forward: ')


if __name__ == '__main__':
    tap.main()
