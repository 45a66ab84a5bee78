#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The Debian package, installed, upgraded, removed and purged.

Each case has a system of its own: this one, seen through an overlay in memory, in private namespaces
for mounts, processes, network and host name. So nothing that happens here reaches the machine, the
daemon can have its usual ports, and there is no systemd, but the init script. The package is the one
that $SRSD_DEB names, or that of contrib/package when nothing changed since; else it is built.
"""

import fcntl
import functools
import glob
import os
import re
import select
import shlex
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.clients import MapClient, PolicyClient
from harness.daemon import TOP, WAIT

SOURCE = os.environ.get('abs_top_srcdir', str(TOP))
INSIDE = 'SRSD_TEST_NAMESPACE'
NAMESPACES = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--net',
              '--uts', '--propagation', 'private']
HOST = 'mailhost'
DOMAIN = 'example.net'
CONF = '/etc/srsd/srsd.conf'
SECRET = '/etc/srsd/srsd.secret'
SPOOL = '/var/spool/postfix'

# What a case decides itself: on this machine it may be there or not.
OTHERS = ('/etc/postfix/main.cf', '/etc/default/postsrsd', '/etc/postsrsd.conf',
          '/usr/local/etc/postsrsd.conf', '/etc/postsrsd.secret', '/etc/python-policyd-spf',
          '/etc/postfix-policyd-spf-python', '/etc/srsd', '/run/srsd', '/var/lib/srsd', SPOOL + '/srsd',
          '/usr/local/etc/postsrsd.secret', '/etc/init.d/postsrsd', '/etc/rc?.d/???postsrsd',
          '/etc/systemd/system/*.wants/postsrsd.service')

ENVIRONMENT = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'DEBIAN_FRONTEND': 'noninteractive',
               'LC_ALL': 'C.UTF-8'}

# What dpkg keeps for itself, logs, caches, and the user, who stays.
NOT_OURS = (r'var/(lib/dpkg|log|cache)(/|$)|var/lib/systemd(/deb-systemd-helper-\w+)?$|'
            r'etc/(\.pwd\.lock|(passwd|group|shadow|gshadow)-?)$')


def output_of(*words, **options):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='backslashreplace',
                          check=False, **options)


# -- the package ------------------------------------------------------------

def made_by_contrib_package():
    """Its package, when it is newer than all that git knows; None where git is not to be had."""
    if not shutil.which('git'):
        return None
    files = output_of('git', '-c', 'safe.directory=*', 'ls-files', '-z', cwd=SOURCE)
    made = glob.glob(os.path.join(SOURCE, 'build-package', 'srsd_*.deb'))
    if files.returncode != 0 or len(made) != 1:
        return None
    paths = [os.path.join(SOURCE, name) for name in files.stdout.split('\0') if name]
    times = [os.path.getmtime(path) for path in paths if os.path.exists(path)]
    return made[0] if times and os.path.getmtime(made[0]) > max(times) else None


def build_package(folder):
    """Build it with contrib/package, which has no network here: skip where it would need one."""
    script = os.path.join(SOURCE, 'contrib', 'package')
    missing = output_of('bash', '-c', '. "$1" && missing_packages "${build_packages[@]}" '
                        '"${package_packages[@]}"', 'bash', script).stdout.split()
    if not missing:
        missing = output_of('dpkg-checkbuilddeps', os.path.join(
            SOURCE, 'contrib', 'debian', 'control')).stdout.split()
    if missing:
        tap.skip_all('the package cannot be built here: ' + ' '.join(missing))
    os.mkdir(folder)
    owner = os.stat(SOURCE)         # who builds, also when root asks
    os.chown(folder, owner.st_uid, owner.st_gid)
    done = output_of(script, folder, env={**os.environ, 'DEB_BUILD_OPTIONS': 'nocheck noopt'})
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return glob.glob(os.path.join(folder, 'srsd_*.deb'))[0]


@functools.lru_cache
def the_package():
    return (os.environ.get('SRSD_DEB') or made_by_contrib_package() or
            build_package(os.path.join(scratch(), 'build')))


@functools.lru_cache
def newer_package():
    """The same under a higher version."""
    tree, path = os.path.join(scratch(), 'newer'), os.path.join(scratch(), 'newer.deb')
    output_of('dpkg-deb', '-R', the_package(), tree)
    control = os.path.join(tree, 'DEBIAN', 'control')
    with open(control, encoding='utf-8') as file:
        text = re.sub(r'(?m)^(Version: .*)$', r'\1+newer', file.read())
    with open(control, 'w', encoding='utf-8') as file:
        file.write(text)
    return pack(tree, path)


def pack(tree, path):
    done = output_of('dpkg-deb', '--root-owner-group', '-Znone', '-b', tree, path)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return path


@functools.lru_cache
def scratch():
    """A folder in memory, which ends with the namespace."""
    folder = os.environ[INSIDE]
    mount('-t', 'tmpfs', 'tmpfs', folder)
    os.chmod(folder, 0o755)
    return folder


# -- a system ---------------------------------------------------------------

def mount(*words):
    done = output_of('mount', *words)
    if done.returncode != 0:
        raise OSError('mount %s: %s' % (' '.join(words), done.stdout))


def bring_up_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack('16sh22x', b'lo', 0x1 | 0x40))    # SIOCSIFFLAGS


class System:
    """This machine's files in a root of their own; what is written goes to memory."""

    def __init__(self):
        self.base = tempfile.mkdtemp(dir=scratch())
        os.chmod(self.base, 0o755)
        self.upper, work, self.root = (os.path.join(self.base, name)
                                       for name in ('upper', 'work', 'root'))
        for folder in (self.upper, work, self.root):
            os.mkdir(folder, 0o755)
        mount('-t', 'overlay', '-o', 'lowerdir=/,upperdir=%s,workdir=%s' % (self.upper, work),
              'overlay', self.root)
        mount('-t', 'proc', 'proc', self.path('/proc'))
        mount('--rbind', '/dev', self.path('/dev'))
        for folder, mode in (('/run', '755'), ('/tmp', '1777')):
            mount('-t', 'tmpfs', '-o', 'mode=' + mode, 'tmpfs', self.path(folder))

    def close(self):
        self.stop()
        output_of('umount', '-R', '-l', self.root)
        shutil.rmtree(self.base)

    def prepare(self):
        """Without srsd and what it might find; the host has a domain, and services may start."""
        if self.run('dpkg', '-s', 'srsd').returncode == 0:
            self.succeed('dpkg', '--purge', 'srsd')
        for pattern in OTHERS:
            for path in glob.glob(self.path(pattern)):
                if os.path.isdir(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)
        self.write('/etc/hosts', '127.0.0.1 localhost\n127.0.1.1 %s.%s %s\n' % (HOST, DOMAIN, HOST))
        self.write('/etc/resolv.conf', 'nameserver 127.0.0.1\noptions attempts:1 timeout:1\n')
        self.services_may_start(True)
        if self.exists('/var/lib/man-db/auto-update'):
            os.unlink(self.path('/var/lib/man-db/auto-update'))     # only costs time here

    def services_may_start(self, may):
        self.write('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit %d\n' % (104 if may else 101))
        os.chmod(self.path('/usr/sbin/policy-rc.d'), 0o755)

    # -- files

    def path(self, path):
        return self.root + path

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        # Not through a link, which leads elsewhere from outside.
        if os.path.islink(self.path(path)):
            os.unlink(self.path(path))
        with open(self.path(path), 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(self.path(path), mode)

    def read(self, path):
        with open(self.path(path), encoding='utf-8') as file:
            return file.read()

    def link(self, target, path):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        os.symlink(target, self.path(path))

    def matches(self, pattern):
        return glob.glob(self.path(pattern))

    def owner(self, path):
        """USER:GROUP MODE, in the names of this system."""
        return self.succeed('stat', '-c', '%U:%G %a', path).strip()

    def changed(self):
        """What is not as on this machine, by paths without a slash before; packages' lists aside."""
        for base, folders, files in os.walk(self.upper):
            for name in folders + files:
                path = os.path.relpath(os.path.join(base, name), self.upper)
                status = os.lstat(os.path.join(base, name))
                known = stat.S_ISDIR(status.st_mode) and os.path.isdir('/' + path)
                if not known and not re.match(NOT_OURS, path):
                    yield path, (status.st_mode, status.st_size, status.st_mtime_ns)

    # -- commands

    def run(self, *words):
        """-> CompletedProcess; a daemon that is started so may keep its standard output open."""
        with tempfile.TemporaryFile('w+', dir=self.base, errors='backslashreplace') as output:
            done = subprocess.run(['chroot', self.root, *words], stdin=subprocess.DEVNULL,
                                  stdout=output, stderr=subprocess.STDOUT, cwd='/', check=False,
                                  timeout=4 * WAIT, env=ENVIRONMENT)
            output.seek(0)
            done.stdout = output.read()
        return done

    def succeed(self, *words):
        done = self.run(*words)
        if done.returncode != 0:
            raise AssertionError('%s: %s\n%s' % (shlex.join(words), done.returncode, done.stdout))
        return done.stdout

    def install(self, package=None):
        """-> what it says"""
        shutil.copy(package or the_package(), self.path('/tmp/install.deb'))
        return self.succeed('dpkg', '--force-unsafe-io', '-i', '/tmp/install.deb')

    def daemon(self):
        """The process ids of monitor and engine, in this order."""
        found = []
        for entry in os.listdir('/proc'):
            if entry.isdigit() and self.is_ours(entry):
                found.append(int(entry))
        return sorted(found)

    def is_ours(self, process):
        try:
            return (os.path.samefile('/proc/%s/root' % process, self.root) and
                    '/usr/sbin/srsd' in os.readlink('/proc/%s/exe' % process))
        except OSError:
            return False

    def stop(self):
        """Whatever case left the daemon running."""
        for process in self.daemon()[:1]:
            end = os.pidfd_open(process)
            os.kill(process, signal.SIGTERM)
            select.select([end], [], [], WAIT)
            os.close(end)


# -- tests ------------------------------------------------------------------

def assert_answers(case, domain=DOMAIN):
    """All three services do, and an address goes both ways."""
    with MapClient(('127.0.0.1', 10001)) as forward:
        reply = forward.get('alice@origin.test')
    case.assertRegex(reply, '^200 SRS0=.*@%s$' % re.escape(domain))
    with MapClient(('127.0.0.1', 10002)) as reverse:
        case.assertEqual(reverse.get(reply[4:]), '200 alice@origin.test')
    with PolicyClient(('127.0.0.1', 10003)) as policy:
        case.assertEqual(policy.ask(client_address='127.0.0.1', recipient='b@' + domain), 'DUNNO')


def unit(system, name):
    """The path of a unit; the folder is another one in newer releases, and may be both."""
    paths = [folder + '/systemd/system/' + name for folder in ('/usr/lib', '/lib')]
    return paths[0] if system.exists(paths[0]) else paths[1]


class PackageCase(unittest.TestCase):
    def setUp(self):
        self.system = System()
        self.addCleanup(self.system.close)
        self.system.prepare()

    def assert_answers(self, domain=DOMAIN):
        assert_answers(self, domain)


class Installed(unittest.TestCase):
    """What lies there after a first installation with nothing in the way."""

    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.close)
        cls.system.prepare()
        cls.said = cls.system.install()

    def test_says(self):
        self.assertIn('srs-domain = "%s"' % DOMAIN, self.said)
        self.assertNotIn('srsctl import', self.said)
        self.assertEqual(self.system.succeed('dpkg-query', '-W', '-f', '${db:Status-Status}',
                                             'srsd'), 'installed')

    def test_answers(self):
        assert_answers(self)

    def test_owners(self):
        for path, owner in (('/usr/sbin/srsd', 'root:root 755'),
                            ('/usr/sbin/srsctl', 'root:root 755'),
                            ('/etc/init.d/srsd', 'root:root 755'),
                            ('/etc/srsd', 'root:root 755'),
                            (CONF, 'root:root 644'),
                            (SECRET, 'root:srsd 640'),
                            ('/run/srsd', 'srsd:srsd 755'),
                            ('/var/lib/srsd', 'srsd:srsd 750'),
                            ('/usr/share/bash-completion/completions/srsctl', 'root:root 644'),
                            ('/usr/share/fish/vendor_completions.d/srsctl.fish', 'root:root 644'),
                            ('/usr/share/zsh/vendor-completions/_srsctl', 'root:root 644'),
                            ('/usr/share/man/man8/srsd.8.gz', 'root:root 644')):
            with self.subTest(path):
                self.assertEqual(self.system.owner(path), owner)

    def test_user(self):
        self.assertRegex(self.system.succeed('getent', 'passwd', 'srsd'), 'nologin$')
        self.assertRegex(self.system.succeed('getent', 'group', 'srsd'), '^srsd:')
        self.assertRegex(self.system.succeed('getent', 'shadow', 'srsd'), '^srsd:!')

    def test_configuration_is_the_sample(self):
        sample = self.system.read('/usr/share/srsd/srsd.conf')
        lines = self.system.read(CONF).splitlines()
        self.assertEqual([line for line in lines if line not in sample.splitlines()][1:],
                         ['srs-domain = "%s"' % DOMAIN])
        self.assertIn('/usr/share/srsd/srsd.conf', lines[0])
        # None of it is dpkg's.
        self.assertNotIn('/etc/srsd/', self.system.read('/var/lib/dpkg/info/srsd.conffiles'))

    def test_units(self):
        wants = self.system.path('/etc/systemd/system/%s.wants/%s')
        self.assertTrue(os.path.islink(wants % ('multi-user.target', 'srsd.service')))
        for service in 'forward', 'reverse', 'policy', 'socketmap', 'milter':
            name = 'srsd-%s.socket' % service
            with self.subTest(name):
                self.assertTrue(self.system.exists(unit(self.system, name)))
                self.assertFalse(os.path.lexists(wants % ('sockets.target', name)))


class FirstInstallation(PackageCase):
    def test_where_services_must_not_start(self):
        self.system.services_may_start(False)
        self.system.install()
        self.assertEqual(self.system.daemon(), [])
        self.assertTrue(self.system.exists(SECRET))

    def test_as_the_unit_starts_it(self):
        """As the user srsd from the start, who may read all that it needs."""
        self.system.services_may_start(False)
        self.system.install()
        text = self.system.read(unit(self.system, 'srsd.service'))
        command = re.search(r'(?m)^ExecStart=(.*)$', text).group(1).split()
        user = re.search(r'(?m)^User=(.*)$', text).group(1)
        self.system.succeed('runuser', '-u', user, '--', *command, '-D')
        self.assertEqual([os.stat('/proc/%d' % process).st_uid for process in self.system.daemon()],
                         2 * [int(self.system.succeed('id', '-u', user))])
        self.assert_answers()

    def test_reload_by_the_init_script(self):
        """It succeeds only when the daemon has the new settings."""
        self.system.install()
        conf = self.system.read(CONF)
        self.system.succeed('service', 'srsd', 'reload')
        with socket.create_server(('127.0.0.1', 0)) as other:
            for text in 'hellp = 1\n', 'policy = {"inet:127.0.0.1:%d"}\n' % other.getsockname()[1]:
                with self.subTest(text):
                    self.system.write(CONF, conf + text)
                    self.assertNotEqual(self.system.run('service', 'srsd', 'reload').returncode, 0)
        self.system.write(CONF, conf + 'control = "none"\n')
        self.system.succeed('service', 'srsd', 'reload')

    def test_smoke(self):
        """The package's own test (autopkgtest)."""
        self.system.install()
        shutil.copy(os.path.join(SOURCE, 'contrib/debian/tests/smoke'),
                    self.system.path('/tmp/smoke'))
        self.system.succeed('sh', '/tmp/smoke')


class WhatWasThere(PackageCase):
    def test_no_domain(self):
        """Nothing is guessed wrong: the line stays a comment, and nothing starts."""
        self.system.write('/etc/hosts', '127.0.0.1 localhost\n127.0.1.1 %s\n' % HOST)
        said = self.system.install()
        self.assertIn('lacks srs-domain', said)
        self.assertRegex(self.system.read(CONF), r'(?m)^#srs-domain')
        self.assertTrue(self.system.exists(SECRET))
        self.assertEqual(self.system.daemon(), [])

    def test_domains_that_nobody_else_finds(self):
        for domain in 'compute.internal', 'x_y.org':
            with self.subTest(domain):
                self.system.write('/etc/hosts', '127.0.1.1 %s.%s %s\n' % (HOST, domain, HOST))
                self.assertIn('lacks srs-domain', self.system.install())
                self.system.succeed('dpkg', '--purge', 'srsd')

    @unittest.skipUnless(os.path.exists('/usr/sbin/postconf'), 'postfix is not installed')
    def test_domain_of_postfix(self):
        self.system.write('/etc/postfix/main.cf',
                          'compatibility_level = 3.6\nmyhostname = mx.Example.ORG\n')
        self.assertIn('srs-domain = "example.org"', self.system.install())
        self.assert_answers('example.org')

    def test_ports_in_use(self):
        """As by postsrsd: the installation is complete all the same."""
        with socket.create_server(('127.0.0.1', 10001)):
            said = self.system.install()
        self.assertIn('the start failed', said)
        self.assertEqual(self.system.daemon(), [])
        self.assertTrue(self.system.exists(CONF))

    def test_configuration_and_secret(self):
        """An administrator who has them gets no others."""
        conf = 'srs-domain = "srs.test"\nsecrets-file = "/etc/postsrsd.secret"\n'
        self.system.write(CONF, conf)
        self.system.write('/etc/postsrsd.secret', 'a secret of postsrsd\n', 0o600)
        self.system.install()
        self.assertEqual(self.system.read(CONF), conf)
        self.assertFalse(self.system.exists(SECRET))
        self.assert_answers('srs.test')
        self.system.succeed('dpkg', '--purge', 'srsd')
        self.assertEqual(self.system.read('/etc/postsrsd.secret'), 'a secret of postsrsd\n')

    def test_other_daemons(self):
        others = {'/etc/default/postsrsd': 'SRS_DOMAIN=srs.test\n',
                  '/etc/postsrsd.secret': 'a secret of postsrsd\n',
                  '/etc/postfix-policyd-spf-python/policyd-spf.conf': 'TestOnly = 1\n'}
        for path, text in others.items():
            self.system.write(path, text)
        said = self.system.install()
        for path in others:
            with self.subTest(path):
                self.assertEqual('found %s; srsctl import' % path in said, 'secret' not in path)
        self.system.succeed('dpkg', '--purge', 'srsd')
        for path, text in others.items():
            with self.subTest(path, after='purge'):
                self.assertEqual(self.system.read(path), text)

    def test_moving_in(self):
        """The steps of contrib/MIGRATION.md; a bounce that was signed before finds home."""
        self.system.write('/etc/default/postsrsd', 'SRS_DOMAIN=srs.test\nRUN_AS=postsrsd\n')
        self.system.write('/etc/postsrsd.secret', 'a secret of postsrsd\n', 0o600)
        self.system.write('/etc/postfix-policyd-spf-python/policyd-spf.conf',
                          'HELO_reject = False\nHide_Receiver = Yes\n')
        signed = srs.srs0('alice@origin.test', 'a secret of postsrsd', 'srs.test', srs.today())
        self.system.install()
        self.assertIn('# in effect', self.system.run('srsctl', 'import', '--check').stdout)
        self.system.succeed('sh', '-c', 'srsctl import >%s.new && mv %s.new %s' % ((CONF,) * 3))
        self.system.succeed('sh', '-c', 'chgrp srsd /etc/postsrsd.secret && '
                                        'chmod 0640 /etc/postsrsd.secret')
        self.system.succeed('srsd', '-n')
        self.assertNotIn('# in effect', self.system.succeed('srsctl', 'import', '--check'))
        self.system.succeed('service', 'srsd', 'restart')
        self.assert_answers('srs.test')
        with MapClient(('127.0.0.1', 10002)) as reverse:
            self.assertEqual(reverse.get(signed), '200 alice@origin.test')


class BesidePostsrsd(PackageCase):
    """postsrsd has the ports, and srsd must not wait for the moment in which it is away."""

    SECRETS = 'the secret that signs\n an older one, with blanks \n\nthe oldest'

    def setUp(self):
        super().setUp()
        self.system.write('/etc/default/postsrsd', 'SRS_DOMAIN=srs.test\n')
        self.system.write('/etc/postsrsd.secret', self.SECRETS, 0o600)
        self.system.write('/etc/init.d/postsrsd', '#!/bin/sh\n', 0o755)

    def enable_postsrsd(self, enabled=True):
        for level in '2345':
            path = '/etc/rc%s.d/S01postsrsd' % level
            if enabled:
                self.system.link('../init.d/postsrsd', path)
            else:
                os.unlink(self.system.path(path))

    def run_postsrsd(self):
        """A process of that name."""
        shutil.copy(shutil.which('sleep'), self.system.path('/tmp/postsrsd'))
        process = subprocess.Popen(['chroot', self.system.root, '/tmp/postsrsd', '1000'])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        path = '/proc/%d/comm' % process.pid
        deadline = time.monotonic() + WAIT
        while True:
            with open(path, encoding='ascii') as file:
                if file.read() == 'postsrsd\n':
                    return process
            self.assertLess(time.monotonic(), deadline)

    def assert_enabled(self, enabled):
        self.assertEqual(bool(self.system.matches('/etc/rc?.d/S??srsd')), enabled)
        self.assertTrue(self.system.matches('/etc/rc?.d/K??srsd'))
        self.assertEqual(bool(self.system.matches('/etc/systemd/system/*.wants/srsd.service')),
                         enabled)

    def assert_waits(self, said):
        """Neither enabled nor started, and what to do then is printed."""
        self.assertIn('neither enabled nor started', said)
        self.assertIn('srsctl import', said)
        self.assertIn('update-rc.d srsd enable', said)
        self.assertEqual(self.system.daemon(), [])
        self.assert_enabled(False)

    def assert_serves(self):
        self.assertEqual(len(self.system.daemon()), 2)
        self.assert_enabled(True)

    def test_enabled(self):
        self.enable_postsrsd()
        self.assert_waits(self.system.install())
        self.assertEqual(self.system.read(SECRET), self.SECRETS)
        self.assertEqual(self.system.owner(SECRET), 'root:srsd 640')
        self.assertEqual(self.system.matches(SECRET + '.*'), [])

    def test_runs(self):
        self.run_postsrsd()
        self.assert_waits(self.system.install())

    def test_changing_over(self):
        """The steps that are printed."""
        self.enable_postsrsd()
        signed = [srs.srs0('alice@origin.test', secret, 'srs.test', srs.today())
                  for secret in self.SECRETS.splitlines() if secret]
        self.assertIn('update-rc.d srsd enable && service srsd start', self.system.install())
        self.system.succeed('sh', '-c', 'srsctl import >%s.new && mv %s.new %s' % ((CONF,) * 3))
        self.system.succeed('srsd', '-n')
        self.assertNotIn('# in effect', self.system.succeed('srsctl', 'import', '--check'))
        self.enable_postsrsd(False)
        self.system.succeed('sh', '-c', 'update-rc.d srsd enable && service srsd start')
        self.assert_serves()
        self.assert_answers('srs.test')
        with MapClient(('127.0.0.1', 10002)) as reverse:
            for address in signed:
                self.assertEqual(reverse.get(address), '200 alice@origin.test')
        # As the unit would read it, without the original.
        os.unlink(self.system.path('/etc/postsrsd.secret'))
        self.system.succeed('runuser', '-u', 'srsd', '--', 'srsd', '-n')

    def test_disabled(self):
        """It is there, and will not serve: its secret is taken along, and srsd starts."""
        said = self.system.install()
        self.assertIn('%s is a copy of /etc/postsrsd.secret' % SECRET, said)
        self.assert_serves()
        self.assertEqual(self.system.read(SECRET), self.SECRETS)

    def test_upgrade(self):
        """What waits goes on waiting."""
        self.enable_postsrsd()
        self.system.install()
        said = self.system.install(newer_package())
        self.assertNotIn('the start', said)
        self.assertEqual(self.system.daemon(), [])
        self.assert_enabled(False)

    def test_upgrade_of_one_that_waits(self):
        """srsd 0.1.0 was enabled all the same."""
        self.system.install()
        self.system.succeed('service', 'srsd', 'stop')
        self.enable_postsrsd()
        self.assert_waits(self.system.install(newer_package()))

    def test_removed_and_installed_again(self):
        self.enable_postsrsd()
        self.system.install()
        self.system.succeed('dpkg', '--remove', 'srsd')
        self.system.install()
        self.assertEqual(self.system.daemon(), [])
        self.assert_enabled(False)

    def test_postsrsd_comes_later(self):
        """srsd has the ports, and keeps them over an upgrade."""
        self.system.install()
        before = self.system.daemon()
        self.enable_postsrsd()
        self.run_postsrsd()
        self.system.install(newer_package())
        self.assert_serves()
        self.assertFalse(set(before) & set(self.system.daemon()))

    def test_secret_that_is_there_stays(self):
        self.system.succeed('groupadd', '--force', '--system', 'srsd')
        self.system.write(SECRET, 'a secret of srsd, for long\n', 0o600)
        self.assertNotIn('is a copy', self.system.install())
        self.assertEqual(self.system.read(SECRET), 'a secret of srsd, for long\n')
        self.assertEqual(self.system.read('/etc/postsrsd.secret'), self.SECRETS)

    def test_secret_that_cannot_be_used(self):
        self.system.write('/etc/postsrsd.secret', 'with a NUL \0 in it\n', 0o600)
        self.assertIn('/etc/postsrsd.secret therefore cannot be used', self.system.install())
        self.assertRegex(self.system.read(SECRET), r'^[\w+/]{32}\n$')
        self.assertEqual(self.system.owner(SECRET), 'root:srsd 640')

    def test_secret_that_everybody_could_read(self):
        os.chmod(self.system.path('/etc/postsrsd.secret'), 0o644)
        self.assertIn('every user could read /etc/postsrsd.secret', self.system.install())
        self.assertEqual(self.system.owner(SECRET), 'root:srsd 640')

    def test_where_the_secret_may_be(self):
        os.unlink(self.system.path('/etc/postsrsd.secret'))
        for path, conf, text in (
                ('/var/lib/old secret', '/etc/default/postsrsd',
                 'SRS_DOMAIN=srs.test\nSRS_SECRET="/var/lib/old secret"\n'),
                ('/etc/other.secret', '/etc/postsrsd.conf',
                 'srs-domain = "srs.test"\nsecrets-file = "/etc/other.secret"\n'),
                ('/usr/local/etc/postsrsd.secret', '/usr/local/etc/postsrsd.conf',
                 'srs-domain = "srs.test"\n'),
                ('/etc/postsrsd.secret', '/etc/postsrsd.conf', 'this = { is no configuration')):
            with self.subTest(path):
                self.system.write(conf, text)
                self.system.write(path, self.SECRETS, 0o600)
                self.system.install()
                self.assertEqual(self.system.read(SECRET), self.SECRETS)
                self.system.succeed('dpkg', '--purge', 'srsd')
                self.assertEqual(self.system.read(path), self.SECRETS)
                os.unlink(self.system.path(conf))
                os.unlink(self.system.path(path))


class Upgrade(PackageCase):
    def test_restarts_and_keeps(self):
        self.system.install()
        self.system.write(CONF, self.system.read(CONF).replace(DOMAIN, 'changed.test'))
        kept = self.system.read(CONF), self.system.read(SECRET)
        before = self.system.daemon()
        said = self.system.install(newer_package())
        self.assertNotIn('was created', said)
        self.assertEqual((self.system.read(CONF), self.system.read(SECRET)), kept)
        self.assertFalse(set(before) & set(self.system.daemon()))
        self.assert_answers('changed.test')

    def test_what_runs_is_not_stopped_for_what_cannot_start(self):
        self.system.install()
        before = self.system.daemon()
        self.system.write(CONF, self.system.read(CONF) + 'srs-domian = "x.test"\n')
        said = self.system.install(newer_package())
        self.assertIn('srs-domian', said)
        self.assertEqual(self.system.daemon(), before)
        self.assert_answers()

    def test_does_not_bring_back_a_configuration(self):
        self.system.install()
        os.unlink(self.system.path(CONF))
        self.system.install(newer_package())
        self.assertFalse(self.system.exists(CONF))


class UnderSystemd(PackageCase):
    """It does not run here, but what it would be told is written down."""

    def setUp(self):
        super().setUp()
        os.makedirs(self.system.path('/run/systemd/system'))
        # is-enabled and is-active, of any of the units, are files; the rest is written down.
        self.system.write('/usr/bin/systemctl', '''#!/bin/sh
case $* in
*is-enabled* | *is-active*)
	for unit; do
		[ ! -e "/tmp/$2/$unit" ] || exit 0
	done
	exit 1
	;;
*disable*) rm -f /etc/systemd/system/*.wants/srsd.service ;;
*enable*)
	mkdir -p /etc/systemd/system/multi-user.target.wants
	ln -s /lib/systemd/system/srsd.service /etc/systemd/system/multi-user.target.wants/
	;;
esac
''', 0o755)
        self.system.write('/usr/bin/deb-systemd-invoke', '#!/bin/sh\necho "$@" >>/tmp/told\n',
                          0o755)

    def told(self):
        """Since it was asked last."""
        lines = self.system.read('/tmp/told').splitlines() if self.system.exists('/tmp/told') else []
        self.system.write('/tmp/told', '')
        return lines

    def set_state(self, state, unit, on=True):
        """What systemctl is-enabled or is-active answers."""
        path = self.system.path('/tmp/is-%s/%s' % (state, unit))
        if on:
            self.system.write('/tmp/is-%s/%s' % (state, unit), '')
        else:
            os.unlink(path)

    def enabled(self):
        return bool(self.system.matches('/etc/systemd/system/*.wants/srsd.service'))

    def test_beside_postsrsd(self):
        """No process is there: it may be away at this moment."""
        self.set_state('enabled', 'postsrsd.service')
        self.assertIn('systemctl enable --now srsd', self.system.install())
        self.assertEqual(self.told(), [])
        self.assertFalse(self.enabled())

    def test_upgrade_beside_postsrsd(self):
        """Both are enabled: the one that serves stays so."""
        self.system.install()
        self.assertTrue(self.enabled())
        self.set_state('enabled', 'srsd.service')
        self.set_state('enabled', 'postsrsd.service')
        for unit in 'srsd.service', 'srsd-forward.socket':
            self.set_state('active', unit)
            self.told()
            self.assertNotIn('neither enabled', self.system.install(newer_package()))
            self.assertEqual(self.told(), ['restart srsd.service'])
            self.assertTrue(self.enabled())
            self.set_state('active', unit, False)
        self.assertIn('neither enabled nor started', self.system.install(newer_package()))
        self.assertEqual(self.told(), ['stop srsd.service'])
        self.assertFalse(self.enabled())

    def test_life(self):
        self.system.install()
        self.assertEqual(self.told(), ['start srsd.service'])
        self.system.install(newer_package())
        self.assertEqual(self.told(), ['restart srsd.service'])
        self.system.succeed('dpkg', '--remove', 'srsd')
        self.assertEqual(self.told(), ['stop srsd-forward.socket srsd-reverse.socket '
                                       'srsd-policy.socket srsd-socketmap.socket srsd-milter.socket '
                                       'srsd.service'])

    def test_enabled_sockets(self):
        """They come before the service that would take the ports, and not beside one that has."""
        self.system.install()
        self.set_state('enabled', 'srsd-policy.socket')
        self.system.succeed('dpkg', '--remove', 'srsd')
        self.told()
        self.system.install()
        self.assertEqual(self.told(), ['start srsd-policy.socket', 'restart srsd.service'])
        self.set_state('active', 'srsd.service')
        self.system.install(newer_package())
        self.assertEqual(self.told(), ['restart srsd.service'])

    def test_what_runs_is_not_stopped_for_what_cannot_start(self):
        self.system.install()
        self.told()
        self.system.write(CONF, self.system.read(CONF) + 'srs-domian = "x.test"\n')
        self.assertIn('srs-domian', self.system.install(newer_package()))
        self.assertEqual(self.told(), [])

    def test_start_that_fails(self):
        self.system.write('/usr/bin/deb-systemd-invoke',
                          '#!/bin/sh\necho Could not execute systemctl >&2\nexit 1\n', 0o755)
        said = self.system.install()
        self.assertIn('the start failed', said)
        self.assertNotIn('Could not execute', said)


class Removal(PackageCase):
    def test_keeps_the_configuration(self):
        self.system.install()
        kept = self.system.read(CONF), self.system.read(SECRET)
        self.system.succeed('dpkg', '--remove', 'srsd')
        self.assertEqual(self.system.daemon(), [])
        self.assertFalse(self.system.exists('/usr/sbin/srsd'))
        self.assertEqual((self.system.read(CONF), self.system.read(SECRET)), kept)
        self.system.install()
        self.assertEqual((self.system.read(CONF), self.system.read(SECRET)), kept)
        self.assert_answers()

    def test_purge_leaves_nothing(self):
        before = dict(self.system.changed())
        self.system.install()
        self.assertGreater(len(dict(self.system.changed())), len(before) + 20)
        self.system.succeed('srsctl', 'secret', 'new')
        self.system.succeed('dpkg', '--purge', 'srsd')
        self.assertEqual(dict(self.system.changed()), before)
        self.assertFalse(self.system.exists('/run/srsd'))
        self.assertEqual(self.system.daemon(), [])

    def test_database(self):
        """It stays when the package is removed or upgraded, and a purge removes it."""
        self.system.install()
        self.system.write(CONF, self.system.read(CONF) + 'original-envelope = "database"\n')
        self.system.succeed('service', 'srsd', 'restart')
        with MapClient(('127.0.0.1', 10001)) as client:
            address = client.address('alice@origin.test')
        self.assertRegex(address, '^SRS0=[^=]+=[^=]+=1=[0-9A-V]{32}@')
        self.assertEqual(self.system.owner('/var/lib/srsd/envelopes.sqlite'), 'srsd:srsd 600')
        self.system.succeed('dpkg', '--remove', 'srsd')
        self.system.install()
        with MapClient(('127.0.0.1', 10002)) as client:
            self.assertEqual(client.get(address), '200 alice@origin.test')
        self.system.write('/var/lib/srsd/notes', '')
        self.system.succeed('dpkg', '--purge', 'srsd')
        self.assertEqual(os.listdir(self.system.path('/var/lib/srsd')), ['notes'])

    def test_purge_leaves_what_others_put_there(self):
        self.system.install()
        self.system.write('/etc/srsd/domains', 'our.test\n')
        self.system.succeed('dpkg', '--purge', 'srsd')
        self.assertEqual(os.listdir(self.system.path('/etc/srsd')), ['domains'])

    def test_after_a_purge_it_is_new(self):
        self.system.install()
        secret = self.system.read(SECRET)
        self.system.succeed('dpkg', '--purge', 'srsd')
        self.system.install()
        self.assertNotEqual(self.system.read(SECRET), secret)
        self.assert_answers()


class SocketFolder(PackageCase):
    """A unix socket for a Postfix in its chroot."""

    FOLDER = SPOOL + '/srsd'

    def setUp(self):
        super().setUp()
        if os.path.exists(self.system.path(SPOOL)):
            shutil.rmtree(self.system.path(SPOOL))
        if self.system.run('getent', 'group', 'postfix').returncode != 0:
            self.system.succeed('groupadd', '--system', 'postfix')

    def test_with_postfix(self):
        os.makedirs(self.system.path(SPOOL))
        self.system.install()
        self.assertEqual(self.system.owner(self.FOLDER), 'srsd:postfix 750')

    def test_the_daemon_can_use_it(self):
        os.makedirs(self.system.path(SPOOL))
        self.system.install()
        self.system.write(CONF, self.system.read(CONF) + 'policy = {"unix:%s/policy"}\n'
                          % self.FOLDER)
        self.system.succeed('invoke-rc.d', 'srsd', 'restart')
        self.assertTrue(stat.S_ISSOCK(os.stat(self.system.path(self.FOLDER + '/policy')).st_mode))
        self.system.succeed('dpkg', '--purge', 'srsd')
        self.assertEqual(os.listdir(self.system.path(SPOOL)), [])

    def test_without_postfix(self):
        self.system.install()
        self.assertFalse(self.system.exists(SPOOL))

    def test_postfix_comes_later(self):
        self.system.install()
        tree = tempfile.mkdtemp(dir=scratch())
        os.makedirs(tree + SPOOL)
        os.mkdir(os.path.join(tree, 'DEBIAN'))
        with open(os.path.join(tree, 'DEBIAN', 'control'), 'w', encoding='utf-8') as file:
            file.write('Package: srsd-test-spool\nVersion: 1\nArchitecture: all\n'
                       'Maintainer: nobody <nobody@srs.test>\nDescription: a folder\n')
        self.system.install(pack(tree, tree + '.deb'))
        self.assertEqual(self.system.owner(self.FOLDER), 'srsd:postfix 750')

    def test_what_is_there_stays(self):
        os.makedirs(self.system.path(self.FOLDER), 0o700)
        self.system.install()
        self.assertEqual(self.system.owner(self.FOLDER), 'root:root 700')


# -- in and out of the namespaces -------------------------------------------

def why_not_here():
    if os.geteuid() != 0:
        return 'needs root'
    for tool in ('unshare', 'dpkg', 'dpkg-deb', 'chroot', 'runuser', 'bash', 'systemd-sysusers'):
        if not shutil.which(tool, path='/usr/sbin:/usr/bin:/sbin:/bin'):
            return 'no ' + tool
    done = output_of(*NAMESPACES, 'true')
    return None if done.returncode == 0 else 'no private namespaces: ' + done.stdout.strip()


def enter():
    """Run this program again, in namespaces; what it starts there ends with them."""
    why_not = why_not_here()
    if why_not:
        tap.skip_all(why_not)
    with tempfile.TemporaryDirectory(prefix='srsd-package-') as folder:
        # The shell is process 1: it reaps the daemons that are nobody's children.
        status = subprocess.call([*NAMESPACES, 'sh', '-c', '"$@"; exit $?', 'sh', sys.executable,
                                  os.path.abspath(__file__), *sys.argv[1:]],
                                 env={**os.environ, INSIDE: folder})
    sys.exit(status)


def prove():
    """That a system can be made here, or skip: no overlays, or more than one file system below."""
    output_of('hostname', HOST)
    bring_up_loopback()
    try:
        system = System()
        done = system.run('dpkg', '--audit')
        system.close()
    except OSError as error:
        tap.skip_all(str(error))
    if done.returncode != 0:
        tap.skip_all('this machine cannot be copied: ' + done.stdout)


if __name__ == '__main__':
    if INSIDE not in os.environ:
        enter()
    prove()
    the_package()
    tap.main()
