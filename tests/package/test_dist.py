#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""`make dist` creates the same tarball from the same files, wherever and by whomever it is run.

Two copies of the sources, which differ in everything else, are taken from configure.ac to the
tarball, and that tarball is unpacked and packed again. tests/blackbox/test_install.py builds and
installs what is in a tarball.
"""

import hashlib
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
from harness.daemon import ORDINARY_USER, Folder, is_root

BUILD = build.directory()
PROGRAMS = ('make', 'tar', 'xz', 'autoreconf', 'pkg-config', 'git')
EPOCH = 1577836800      # 2020-01-01: a file with another date has kept its own
# What autogen.sh creates; make distdir has copied it.
GENERATED = ('Makefile.in', 'aclocal.m4', 'autom4te.cache', 'build-aux', 'configure')

# A make in a make is one of its jobs; ours is on its own. The date is that of the sources.
UNWANTED = ('MAKEFLAGS', 'MAKELEVEL', 'MFLAGS', 'DESTDIR', 'SOURCE_DATE_EPOCH', 'TAR_OPTIONS',
            'XZ_OPT')


def run(*words, cwd, user=None, umask=0o022, **environment):
    identity = {}
    if user and is_root():
        entry = pwd.getpwnam(user)
        identity = {'user': entry.pw_uid, 'group': entry.pw_gid, 'extra_groups': []}
    known = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    done = subprocess.run(words, cwd=cwd, env={**known, 'HOME': cwd, **environment}, text=True,
                          check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, errors='backslashreplace', umask=umask,
                          **identity)
    if done.returncode != 0:
        raise AssertionError('%s: %s\n%s' % (' '.join(words), done.returncode,
                                             done.stdout[-4000:]))
    return done.stdout


def find_tarball(folder):
    """The path of the only tarball in a directory."""
    path, = [os.path.join(folder, name) for name in os.listdir(folder) if '.tar.' in name]
    return path


def compute_digest(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def set_times(tree, time):
    for base, _, names in os.walk(tree):
        for name in names:
            os.utime(os.path.join(base, name), (time, time))


def commit_all(tree):
    """A checkout whose last commit is of that date."""
    date = '@%d +0000' % EPOCH
    git = ('git', '-c', 'user.name=x', '-c', 'user.email=x@srs.example.org')
    run('git', 'init', '-q', cwd=tree)
    run('git', 'add', '.', cwd=tree)
    run(*git, 'commit', '-q', '-m', 'x', cwd=tree, GIT_COMMITTER_DATE=date, GIT_AUTHOR_DATE=date)


class Tarballs:
    """The paths of the three tarballs."""

    def __init__(self, base):
        sources = os.path.join(base, 'sources')
        run('make', 'distdir', 'distdir=' + sources, cwd=BUILD)
        for name in GENERATED:
            path = os.path.join(sources, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.exists(path):
                os.unlink(path)
        self.from_git = self.make_from_git(sources, os.path.join(base, 'checkout'))
        self.from_copy = self.make_from_copy(sources, os.path.join(base, 'a', 'rather', 'long-path'))
        self.again = self.make_again(os.path.join(base, 'unpacked'))

    def make_from_git(self, sources, tree):
        """In the tree itself, by this user; the date is that of the commit."""
        shutil.copytree(sources, tree)
        commit_all(tree)
        run('./autogen.sh', cwd=tree)
        run('./configure', '--quiet', cwd=tree)
        run('make', 'dist', cwd=tree)
        return find_tarball(tree)

    def make_from_copy(self, sources, tree):
        """Outside of the tree, by another user, with another umask, language, zone and compression,
        from files with another date. The date is in the environment."""
        shutil.copytree(sources, tree)
        set_times(tree, EPOCH - 86400 * 365)
        out = os.path.join(tree, 'build')
        os.mkdir(out)
        for base, folders, names in os.walk(tree):
            for name in folders + names:
                path = os.path.join(base, name)
                os.chmod(path, os.stat(path).st_mode & 0o700)
        if is_root():
            run('chown', '-R', ORDINARY_USER, tree, cwd='/')
        other = {'user': ORDINARY_USER, 'umask': 0o077}
        run('./autogen.sh', cwd=tree, **other)
        run('../configure', '--quiet', cwd=out, **other)
        run('make', 'dist', cwd=out, **other, SOURCE_DATE_EPOCH=str(EPOCH), TZ='Asia/Tokyo',
            LC_ALL='C.UTF-8', XZ_OPT='-0', XZ_DEFAULTS='-T0')
        return find_tarball(out)

    def make_again(self, folder):
        """From the first tarball. No tool of a developer is used: each of them would fail."""
        os.mkdir(folder)
        run('tar', '-xf', self.from_git, cwd=folder)
        tree, = [os.path.join(folder, name) for name in os.listdir(folder)]
        missing = [name + '=false' for name in ('ACLOCAL', 'AUTOCONF', 'AUTOHEADER', 'AUTOMAKE')]
        run('./configure', '--quiet', *missing, cwd=tree)
        run('make', 'dist', cwd=tree)
        return find_tarball(tree)


@unittest.skipUnless(all(map(shutil.which, PROGRAMS)), 'not installed: one of ' + ' '.join(PROGRAMS))
class Dist(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = Folder()
        cls.addClassCleanup(folder.remove)
        cls.tarballs = Tarballs(folder.path)

    def assert_same(self, first, second):
        if compute_digest(first) == compute_digest(second):
            return
        with tarfile.open(first) as one, tarfile.open(second) as other:
            for left, right in zip(one, other):
                self.assertEqual((left.name, left.get_info()), (right.name, right.get_info()))
                if left.isfile():
                    self.assertEqual(one.extractfile(left).read(), other.extractfile(right).read(),
                                     left.name)
        self.fail('the same files, but not the same tarball')

    def test_elsewhere(self):
        self.assert_same(self.tarballs.from_git, self.tarballs.from_copy)

    def test_from_the_tarball(self):
        self.assert_same(self.tarballs.from_git, self.tarballs.again)

    def test_members(self):
        """They belong to no user of this system, and have the date of the commit."""
        with tarfile.open(self.tarballs.from_git) as archive:
            members = archive.getmembers()
        name = os.path.basename(self.tarballs.from_git).partition('.tar.')[0]
        self.assertRegex(name, r'^srsd-\d+\.\d+\.\d+$')
        for member in members:
            self.assertEqual((member.uid, member.gid, member.uname, member.gname, member.mtime),
                             (0, 0, '', '', EPOCH), member.name)
            self.assertIn(member.mode, (0o755, 0o644), member.name)
            self.assertTrue(re.match(name + '(/|$)', member.name), member.name)
        names = [member.name for member in members]
        self.assertIn(name + '/configure', names)
        self.assertEqual([path for path in names if '.git' in path.split('/')], [])


if __name__ == '__main__':
    tap.main()
