#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""`make dist` and `make install`: the tarball is complete, the build does not change its sources,
and installed files use the directories given to configure, name them, and can be removed again.

All cases share one build, with unusual directories, so that a file that still contains a usual path
is detected. The directories exist, so that the programs can be started where they are installed.
"""

import atexit
import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import build, tap
from harness.daemon import TOP, Folder

SOURCE = os.environ.get('abs_top_srcdir', str(TOP))
BUILD = build.directory()

INSTALLED = '''
    doc/CHANGES.md doc/LICENSE doc/MIGRATION.md doc/README.md doc/SECURITY.md
    doc/examples/srsd.conf
    man/man5/srsd.conf.5 man/man8/srsctl.8 man/man8/srsd.8
    sbin/srsctl sbin/srsd
    share/bash-completion/completions/srsctl share/fish/vendor_completions.d/srsctl.fish
    share/zsh/site-functions/_srsctl
    sysusers/srsd.conf tmpfiles/srsd.conf
    units/srsd-forward.socket units/srsd-milter.socket units/srsd-policy.socket
    units/srsd-reverse.socket units/srsd-socketmap.socket units/srsd.service
'''.split()

# In the checkout, and of no use outside of it.
NOT_SHIPPED = {'.gitignore'}

# A make in a make is one of its jobs; ours is on its own, and finds no closed descriptors.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name not in ('MAKEFLAGS', 'MAKELEVEL', 'MFLAGS', 'DESTDIR')}


def command(*words, cwd, check=True):
    """-> CompletedProcess; a failure is in the error, not in the output of the test."""
    done = subprocess.run(words, cwd=cwd, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='backslashreplace')
    if check and done.returncode != 0:
        raise AssertionError('%s: %s\n%s' % (shlex.join(words), done.returncode,
                                             done.stdout[-4000:]))
    return done


def files_of(folder):
    """The files below a directory, by their relative paths."""
    return {os.path.relpath(os.path.join(base, name), folder)
            for base, _, names in os.walk(folder) for name in names}


def text_of(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def write(text, *path):
    os.makedirs(os.path.dirname(os.path.join(*path)), exist_ok=True)
    with open(os.path.join(*path), 'w', encoding='utf-8') as file:
        file.write(text)


def configured_with():
    """The arguments of the build under test: its compiler, and the features that it omits."""
    return shlex.split(command('./config.status', '--config', cwd=BUILD).stdout)


class Tree:
    """The directory of the tarball, a build outside of it, and a prefix to install to."""

    FOLDERS = {'docdir': 'doc', 'mandir': 'man', 'sbindir': 'sbin', 'sysconfdir': 'cfg',
               'runstatedir': 'state', 'with-systemdsystemunitdir': 'units',
               'with-sysusersdir': 'sysusers', 'with-tmpfilesdir': 'tmpfiles'}

    def __init__(self, base):
        self.base = base
        self.source, self.build, self.prefix = (os.path.join(base, name)
                                                for name in ('source', 'build', 'odd'))
        command('make', 'distdir', 'distdir=' + self.source, cwd=BUILD)
        self.shipped = files_of(self.source)
        os.mkdir(self.build)
        options = ['--%s=%s/%s' % (name, self.prefix, path) for name, path in self.FOLDERS.items()]
        # Not optimized: nothing here is measured.
        command(os.path.join(self.source, 'configure'), *configured_with(), '--quiet',
                '--srcdir=' + self.source, '--prefix=' + self.prefix, *options, '--disable-asan', '--disable-ubsan',
                '--disable-hardening', 'CFLAGS=-O0 -g0', cwd=self.build)
        command('make', '-j2', cwd=self.build)


@functools.lru_cache
def the_tree():
    """One for all cases; it goes at the end."""
    folder = Folder()
    atexit.register(folder.remove)
    return Tree(folder.path)


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, 'config.status')), 'no build folder')
@unittest.skipUnless(shutil.which('make'), 'no make')
class InstallCase(unittest.TestCase):
    def setUp(self):
        self.tree = the_tree()
        self.prefix = self.tree.prefix
        self.conf = os.path.join(self.prefix, 'cfg', 'srsd', 'srsd.conf')
        self.make('install')
        self.addCleanup(shutil.rmtree, self.prefix)

    def make(self, *words):
        return command('make', *words, cwd=self.tree.build)

    def program(self, name, *arguments):
        return command(os.path.join(self.prefix, 'sbin', name), *arguments, cwd='/', check=False)


class Distribution(InstallCase):
    def test_build_leaves_the_sources_alone(self):
        self.assertEqual(files_of(self.tree.source), self.tree.shipped)

    @unittest.skipUnless(os.path.exists(os.path.join(SOURCE, '.git')) and shutil.which('git'),
                         'no git checkout')
    def test_has_the_whole_checkout(self):
        done = subprocess.run(['git', '-c', 'safe.directory=*', 'ls-files', '-z'], cwd=SOURCE,
                              stdout=subprocess.PIPE, text=True, check=True)
        files = {name for name in done.stdout.split('\0')
                 if name and os.path.exists(os.path.join(SOURCE, name))}
        self.assertEqual(files - self.tree.shipped, NOT_SHIPPED)

    def test_has_nothing_else(self):
        """No results of a build, and no files of an editor or Python."""
        for path in self.tree.shipped:
            self.assertNotRegex(path, r'\.(o|a|pyc|log|trs|orig|rej|swp|deb)$|~$')


class Install(InstallCase):
    def test_files(self):
        self.assertEqual(files_of(self.prefix), set(INSTALLED))

    def test_destdir(self):
        """The same below another root, and nowhere else."""
        shutil.rmtree(self.prefix)
        self.addCleanup(os.mkdir, self.prefix)
        root = os.path.join(self.tree.base, 'root')
        self.addCleanup(shutil.rmtree, root)
        self.make('install', 'DESTDIR=' + root)
        below = os.path.relpath(self.prefix, '/')
        self.assertEqual(files_of(root), {os.path.join(below, name) for name in INSTALLED})
        self.assertFalse(os.path.exists(self.prefix))
        self.make('uninstall', 'DESTDIR=' + root)
        self.assertEqual(files_of(root), set())

    def test_modes(self):
        for name in INSTALLED:
            with self.subTest(name):
                mode = os.stat(os.path.join(self.prefix, name)).st_mode & 0o7777
                self.assertEqual(mode, 0o755 if name.startswith('sbin/') else 0o644)

    def test_uninstall(self):
        """All installed files are removed; the configuration and the secret were not installed."""
        write('srs-domain = "srs.test"\n', self.conf)
        self.program('srsctl', 'secret', 'new')
        self.make('uninstall')
        self.assertEqual(files_of(self.prefix), {'cfg/srsd/srsd.conf', 'cfg/srsd/srsd.secret',
                                                 'cfg/srsd/srsd.secret.history'})
        self.assertFalse(os.path.exists(os.path.join(self.prefix, 'doc')))

    def test_install_keeps_the_configuration(self):
        write('srs-domain = "srs.test"\n', self.conf)
        self.make('install')
        self.assertEqual(text_of(self.conf), 'srs-domain = "srs.test"\n')


class Systemd(InstallCase):
    def configure(self, *options):
        """-> CompletedProcess of a configure for which there is no systemd.pc."""
        folder = Folder()
        self.addCleanup(folder.remove)
        pkg_config = folder.file('pkg-config', '#!/bin/sh\n[ "$2" != systemd ] || exit 1\n'
                                               'exec pkg-config "$@"\n', 0o755)
        return command(os.path.join(self.tree.source, 'configure'), *configured_with(), '--quiet',
                       '--srcdir=' + self.tree.source, 'PKG_CONFIG=' + pkg_config, *options,
                       cwd=folder.path, check=False)

    def test_missing_where_the_units_are_wanted(self):
        """As by debian/rules: it fails, and names the package."""
        done = self.configure('--with-systemdsystemunitdir')
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('systemd.pc not found; apt-get install systemd-dev', done.stdout)

    def test_missing(self):
        """Without systemd a warning would be wrong; on a host that runs it there is one."""
        done = self.configure('--with-systemdsystemunitdir=auto')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual('the systemd units' in done.stdout, os.path.isdir('/run/systemd/system'))


class Paths(InstallCase):
    def version(self):
        return re.search(r'(?m)^VERSION = (.*)$', text_of(self.tree.build, 'Makefile')).group(1)

    def test_version_of_the_package(self):
        self.assertTrue(text_of(self.tree.source, 'contrib/debian/changelog')
                        .startswith('srsd (%s) ' % self.version()))

    def test_version(self):
        version = self.version()
        for name in ('srsd', 'srsctl'):
            with self.subTest(name):
                self.assertEqual(self.program(name, '-V').stdout, '%s %s\n' % (name, version))

    def test_defaults_of_the_programs(self):
        """The sample with a domain is a configuration; its other options have our defaults."""
        sample = text_of(self.prefix, 'doc/examples/srsd.conf')
        write(sample.replace('#srs-domain', 'srs-domain', 1), self.conf)
        done = self.program('srsctl', 'secret', 'new')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(os.path.exists(os.path.join(self.prefix, 'cfg/srsd/srsd.secret')))
        done = self.program('srsd', '-nv')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('"%s/cfg/srsd/srsd.secret"' % self.prefix, done.stdout)
        self.assertIn('"unix:%s/state/srsd/control"' % self.prefix, done.stdout)

    def test_import_after_an_import(self):
        """The copy of postsrsd's secret is found although the configuration names the original."""
        ours = os.path.join(self.prefix, 'cfg/srsd/srsd.secret')
        theirs = os.path.join(self.prefix, 'postsrsd.secret')
        postsrsd = os.path.join(self.prefix, 'postsrsd')
        for path in ours, theirs:
            write('the secret of this test\n', path)
        write('SRS_DOMAIN=srs.test\nSRS_SECRET=%s\n' % theirs, postsrsd)
        write('srs-domain = "srs.test"\nsecrets-file = "%s"\n' % theirs, self.conf)
        self.assertIn('\nsecrets-file = "%s"\t# a copy of %s\n' % (ours, theirs),
                      self.program('srsctl', 'import', postsrsd).stdout)

    def test_configuration_that_is_missed(self):
        self.assertIn(self.conf, self.program('srsd', '-n').stdout)

    def test_nothing_has_the_usual_paths(self):
        names = [os.path.join(self.prefix, name) for name in INSTALLED
                 if name.startswith(('man/', 'units/', 'tmpfiles/', 'doc/examples/'))]
        for path in names + [os.path.join(self.tree.build, 'contrib/init/srsd')]:
            with self.subTest(os.path.relpath(path, self.tree.base)):
                text = text_of(path).replace(self.prefix, '')
                self.assertNotRegex(text, r'(?<![a-z])/etc/srsd|/usr/sbin/srs|@\w+dir@')
                self.assertNotRegex(re.sub(r'(?m)^# .*', '', text), r'/run/srsd')

    def test_they_name_ours(self):
        for name, paths in (('man/man8/srsd.8', ('cfg/srsd/srsd.conf', 'state/srsd/control')),
                            ('man/man8/srsctl.8', ('cfg/srsd/srsd.secret', 'sbin/srsctl')),
                            ('man/man5/srsd.conf.5', ('cfg/srsd/srsd.secret',
                                                      'state/srsd/control')),
                            ('doc/examples/srsd.conf', ('cfg/srsd/srsd.secret',
                                                        'state/srsd/control')),
                            ('units/srsd.service', ('cfg/srsd/srsd.conf', 'sbin/srsd',
                                                    'state/srsd')),
                            ('tmpfiles/srsd.conf', ('cfg/srsd', 'state/srsd'))):
            for path in paths:
                with self.subTest(name, path=path):
                    self.assertIn(os.path.join(self.prefix, path), text_of(self.prefix, name))


if __name__ == '__main__':
    tap.main()
