#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The harness: a test that is started by hand finds its build, or says what to do in one line, and
no other test gets its ports."""

import itertools
import os
import subprocess
import sys
import unittest
from unittest import mock

sys.dont_write_bytecode = True
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)
sys.path.insert(0, TESTS)

from harness import daemon, tap
from harness.daemon import Folder

PROGRAM = '''
import pathlib, sys, unittest
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv.pop(1))
from harness import build, tap
build.TOP = pathlib.Path(sys.argv.pop(1))

class Case(unittest.TestCase):
    def test_it(self):
        with self.subTest('the build'):
            self.assertEqual(build.directory(), 'nothing')

    def test_next(self):
        pass

tap.main()
'''


class Ports(unittest.TestCase):
    def limit_ports(self, n):
        """Replace the range of ports by one that no other test claims, with n blocks."""
        first = os.getpid() * 1_000_000
        ports = range(first, first + n * daemon.PORTS_IN_BLOCK)
        patch = mock.patch.object(daemon, 'PORTS', ports)
        patch.start()
        self.addCleanup(patch.stop)
        return ports

    def test_claimed(self):
        """Two tests that try the blocks in the same order do not get the same ports."""
        self.limit_ports(2)
        with mock.patch.object(daemon.random, 'SystemRandom') as chosen:
            chosen.return_value.sample = lambda blocks, _: list(blocks)
            one, other = daemon.claim_ports(), daemon.claim_ports()
            first, second = next(one), next(other)
        self.assertNotIn(second, range(first, first + daemon.PORTS_IN_BLOCK))

    def test_in_turn(self):
        self.limit_ports(daemon.BLOCKS + 1)
        n = daemon.BLOCKS * daemon.PORTS_IN_BLOCK
        ports = list(itertools.islice(daemon.claim_ports(), 2 * n))
        self.assertEqual(len(set(ports)), n)
        self.assertEqual(ports[n:], ports[:n])

    def test_none_left(self):
        ports = self.limit_ports(1)
        holder = daemon.claim_ports()
        self.assertEqual(next(holder), ports[0])
        with self.assertRaisesRegex(RuntimeError, 'run fewer at a time'):
            next(daemon.claim_ports())
        # They are claimed until the generator is gone.
        self.assertEqual(list(itertools.islice(holder, 2 * len(ports)))[-1], ports[0])
        with self.assertRaises(RuntimeError):
            next(daemon.claim_ports())
        holder.close()
        self.assertEqual(next(daemon.claim_ports()), ports[0])


class BuildDirectory(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)

    def make_build(self, name):
        path = self.folder.subfolder(name)
        self.folder.file(name + '/config.status')
        return path

    def run_it(self, cwd='/', **environment):
        """A test that expects another build directory; -> its output."""
        inherited = {name: value for name, value in os.environ.items() if name != 'abs_top_builddir'}
        done = subprocess.run([sys.executable, '-c', PROGRAM, TESTS, self.folder.path], cwd=cwd,
                              env={**inherited, **environment}, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 1)
        return done.stdout

    def assert_found(self, path, output):
        self.assertIn('AssertionError: %s != ' % ascii(repr(path))[1:-1], output)

    def test_environment(self):
        self.make_build('build')
        self.assert_found('/x', self.run_it(abs_top_builddir='/x'))

    def test_current_directory(self):
        self.make_build('build')
        other = self.make_build('other')
        self.assert_found(other, self.run_it(other))

    def test_only_one(self):
        path = self.make_build('build-x')
        self.folder.subfolder('build-y')
        self.assert_found(path, self.run_it())

    def test_none(self):
        self.assertRegex(self.run_it(), r'\ABail out! there is no build directory; [^\n]*\n\Z')

    def test_several(self):
        paths = [self.make_build(name) for name in ('build', 'build-x')]
        self.assertRegex(self.run_it(), r'\ABail out! [^\n]*abs_top_builddir[^\n]* %s\n\Z'
                         % ' '.join(paths))


if __name__ == '__main__':
    tap.main()
