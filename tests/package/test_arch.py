#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The package for Arch Linux: makepkg builds it from the tarball, and pacman installs it.

Debian has both programs, in the packages makepkg and pacman-package-manager. The libraries are
those of this system, so dependencies are not resolved here; instead each library that the programs
need has to be in a package that the PKGBUILD names.
"""

import functools
import os
import pwd
import re
import shutil
import subprocess
import sys
import tarfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import build, tap
from harness.daemon import ORDINARY_USER, SECRET, TOP, Folder, is_root

SOURCE = os.environ.get('abs_top_srcdir', str(TOP))
BUILD = build.directory()
ARCH = os.path.join(SOURCE, 'contrib', 'arch')
PROGRAMS = ('makepkg', 'pacman', 'fakeroot', 'bsdtar', 'make', 'xz')

# The package of Arch Linux that has a library, by the name of the library without its version.
PACKAGES = {
    'libbsd': 'libbsd', 'libc': 'glibc', 'libconfuse': 'confuse', 'libcrypto': 'openssl',
    'libevent_core-2.1': 'libevent', 'libhiredis': 'hiredis', 'libhiredis_ssl': 'hiredis',
    'libidn2': 'libidn2', 'libjansson': 'jansson', 'libm': 'glibc', 'libmd': 'libbsd',
    'libpsl': 'libpsl', 'libresolv': 'glibc', 'libseccomp': 'libseccomp', 'libsqlite3': 'sqlite',
    'libssl': 'openssl', 'libunbound': 'unbound',
}
# What makepkg and pacman add to a package.
METADATA = {'.BUILDINFO', '.INSTALL', '.MTREE', '.PKGINFO'}
EXAMPLES = 'usr/share/doc/srsd/examples/'

# No optimization: the test of the Debian package builds the programs as they are installed.
MAKEPKG_CONF = '''
CARCH=x86_64
CHOST=x86_64-pc-linux-gnu
CFLAGS='-O0 -g0'
MAKEFLAGS=-j%d
BUILDENV=(!distcc color !ccache check !sign)
OPTIONS=(strip docs !libtool !staticlibs emptydirs zipman purge !debug !lto)
INTEGRITY_CHECK=(sha256)
STRIP_BINARIES=--strip-all
STRIP_SHARED=--strip-unneeded
STRIP_STATIC=--strip-debug
MAN_DIRS=(usr/share/man)
DOC_DIRS=(usr/share/doc)
PKGEXT=.pkg.tar
SRCEXT=.src.tar
PACKAGER='the tests <tests@srs.example.org>'
'''


def run(*words, cwd='/', user=None, **environment):
    """-> CompletedProcess; makepkg and the build it runs have no part in the make around them."""
    identity = {}
    if user and is_root():
        entry = pwd.getpwnam(user)
        identity = {'user': entry.pw_uid, 'group': entry.pw_gid, 'extra_groups': []}
    known = {name: value for name, value in os.environ.items()
             if name not in ('MAKEFLAGS', 'MAKELEVEL', 'MFLAGS', 'DESTDIR')}
    return subprocess.run(words, cwd=cwd, env={**known, **environment}, text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, errors='backslashreplace', **identity)


def succeed(*words, **options):
    done = run(*words, **options)
    if done.returncode != 0:
        raise AssertionError('%s: %s\n%s' % (' '.join(words), done.returncode,
                                             done.stdout[-4000:]))
    return done.stdout


def text_of(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def files_of(folder):
    return {os.path.relpath(os.path.join(base, name), folder)
            for base, _, names in os.walk(folder) for name in names}


class Package:
    """Built by makepkg as an ordinary user, from the tarball that `make dist` would make."""

    def __init__(self, base):
        self.base = base
        self.version = re.search(r'(?m)^VERSION = (.*)$', text_of(BUILD, 'Makefile')).group(1)
        name = 'srsd-' + self.version
        succeed('make', 'distdir', 'distdir=' + os.path.join(base, name), cwd=BUILD)
        self.work = os.path.join(base, 'work')
        shutil.copytree(ARCH, self.work)
        succeed('tar', '-C', base, '-I', 'xz -0', '-cf',
                os.path.join(self.work, name + '.tar.xz'), name)
        self.conf = os.path.join(base, 'makepkg.conf')
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write(MAKEPKG_CONF % (os.cpu_count() or 1))
        if is_root():
            succeed('chown', '-R', ORDINARY_USER, self.work)
        self.said = succeed('makepkg', '--config', self.conf, '--nodeps', '--nocheck',
                            cwd=self.work, user=ORDINARY_USER, HOME=self.work, LC_ALL='C.UTF-8')
        self.path = os.path.join(self.work, 'srsd-%s-1-x86_64.pkg.tar' % self.version)
        self.tree = os.path.join(base, 'tree')
        with tarfile.open(self.path) as archive:
            self.members = {member.name: member for member in archive}
            archive.extractall(self.tree)
        self.info = re.findall(r'(?m)^(\w+) = (.*)$', text_of(self.tree, '.PKGINFO'))

    def values(self, key):
        return [value for name, value in self.info if name == key]


@functools.lru_cache
def the_package():
    folder = Folder()
    unittest.addModuleCleanup(folder.remove)
    return Package(folder.path)


class ArchCase(unittest.TestCase):
    def setUp(self):
        self.package = the_package()
        self.tree = self.package.tree

    def program(self, name, *words):
        return run(os.path.join(self.tree, 'usr/bin', name), *words)


class Built(ArchCase):
    def test_nothing_is_odd_to_makepkg(self):
        warnings = re.findall('(?m)^==> (?:WARNING|ERROR): (.*)$', self.package.said)
        self.assertEqual(warnings, ['Skipping dependency checks.'])

    def test_version(self):
        self.assertEqual(self.package.values('pkgver'), [self.package.version + '-1'])
        self.assertEqual(self.program('srsd', '-V').stdout, 'srsd %s\n' % self.package.version)

    def test_files(self):
        """Those of `make install`, the configuration, the licence and the examples."""
        source = os.path.join(self.package.work, 'src', 'srsd-' + self.package.version)
        root = os.path.join(self.package.base, 'root')
        succeed('make', 'install', 'DESTDIR=' + root, cwd=source)
        installed = {name + '.gz' if '/man/' in name else name for name in files_of(root)}
        installed.remove('usr/share/doc/srsd/LICENSE')
        ours = files_of(self.tree) - METADATA
        self.assertEqual({name for name in ours - installed if not name.startswith(EXAMPLES)},
                         {'etc/srsd/srsd.conf', 'usr/share/licenses/srsd/LICENSE'})
        self.assertEqual(installed - ours, set())

    def test_examples_are_those_of_the_debian_package(self):
        wanted = text_of(SOURCE, 'contrib/debian/srsd.examples').split()
        ours = os.listdir(os.path.join(self.tree, EXAMPLES))
        self.assertEqual(sorted(ours), sorted(os.path.basename(path) for path in wanted) +
                         ['srsd.conf'])

    def test_owners_and_modes(self):
        self.assertEqual([name for name, member in self.package.members.items()
                          if (member.uid, member.gid) != (0, 0) or member.mode & 0o7022], [])

    def test_paths(self):
        """Arch Linux has no directory /usr/sbin, and packages may not use the link."""
        for name in files_of(self.tree) - METADATA:
            if name.startswith('usr/lib/') or '/man/' in name:
                with self.subTest(name):
                    text = succeed('zcat', '-f', os.path.join(self.tree, name))
                    self.assertNotIn('/usr/sbin/srs', text)
            self.assertNotRegex(name, '^(usr/sbin|lib|bin|run|var)/')

    def test_libraries_are_in_the_dependencies(self):
        needed = set()
        for name in 'srsd', 'srsctl':
            text = succeed('objdump', '-p', os.path.join(self.tree, 'usr/bin', name))
            needed.update(re.findall(r'NEEDED +(\S+)\.so', text))
        self.assertEqual({PACKAGES[name] for name in needed} - set(self.package.values('depend')),
                         set())

    def test_configuration_only_lacks_the_domain(self):
        """As the text after the installation says."""
        conf = os.path.join(self.tree, 'etc/srsd/srsd.conf')
        folder = Folder()
        self.addCleanup(folder.remove)
        secret = 'secrets-file=' + folder.file('secret', SECRET + '\n', 0o600)
        done = self.program('srsd', '-n', '-f', conf, '-o', secret)
        self.assertEqual(done.returncode, 1)
        self.assertIn('srs-domain', done.stdout)
        done = self.program('srsd', '-n', '-f', conf, '-o', secret, '-o', 'srs-domain=srs.test')
        self.assertEqual(done.returncode, 0, done.stdout)


class Installed(ArchCase):
    """By pacman, below a directory. Its scripts would run in a chroot, which has no shell."""

    def setUp(self):
        super().setUp()
        folder = Folder()
        self.addCleanup(folder.remove)
        self.root = folder.path
        os.makedirs(os.path.join(self.root, 'var/lib/pacman'))
        self.conf = folder.file('pacman.conf', '[options]\nArchitecture = x86_64\n')

    def pacman(self, *words):
        return succeed('pacman', '--config', self.conf, '--root', self.root, '--dbpath',
                       os.path.join(self.root, 'var/lib/pacman'), '--cachedir', self.root,
                       '--hookdir', self.root, '--noconfirm', *words, LC_ALL='C.UTF-8')

    def install(self):
        return self.pacman('-U', '-dd', '--noscriptlet', self.package.path)

    @unittest.skipUnless(is_root(), 'needs root')
    def test_install_and_remove(self):
        self.install()
        self.assertIn('0 missing files', self.pacman('-Qk', 'srsd'))
        self.assertIn('Install Script  : Yes', self.pacman('-Qi', 'srsd'))
        self.pacman('-R', '--noscriptlet', 'srsd')
        self.assertFalse(os.path.exists(os.path.join(self.root, 'usr/bin/srsd')))

    @unittest.skipUnless(is_root(), 'needs root')
    def test_upgrade_keeps_the_configuration(self):
        self.install()
        conf = os.path.join(self.root, 'etc/srsd/srsd.conf')
        with open(conf, 'a', encoding='utf-8') as file:
            file.write('srs-domain = "srs.test"\n')
        self.install()
        self.assertTrue(text_of(conf).endswith('srs-domain = "srs.test"\n'))

    def script(self, name, status):
        """-> what a function of srsd.install prints, where `srsd -n` ends with the status"""
        programs = os.path.join(self.root, 'programs')
        os.makedirs(programs, exist_ok=True)
        with open(os.path.join(programs, 'srsd'), 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\necho "the configuration, $*"\nexit %d\n' % status)
        os.chmod(os.path.join(programs, 'srsd'), 0o755)
        return succeed('bash', '-euc', '. "$0"; ' + name, os.path.join(self.tree, '.INSTALL'),
                       PATH=programs + ':' + os.environ['PATH'])

    def test_scripts(self):
        self.assertIn('srsctl secret new', self.script('post_install 0.1.0-1', 0))
        self.assertEqual(self.script('post_upgrade 0.1.0-2 0.1.0-1', 0),
                         '==> systemctl restart srsd starts the new version.\n')
        self.assertRegex(self.script('post_upgrade 0.1.0-2 0.1.0-1', 1),
                         '^the configuration, -n\n==> srsd would not start')


if __name__ == '__main__':
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        tap.skip_all('not installed: ' + ' '.join(missing))
    if not os.path.exists(os.path.join(BUILD, 'config.status')):
        tap.skip_all('no build directory')
    tap.main()
