#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What contrib/check and contrib/fuzz print while they work, and about what has failed."""

import os
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.daemon import TOP, WAIT, Folder

SOURCE = os.environ.get('abs_top_srcdir', str(TOP))

# What automake's driver makes of a unit test whose second and fourth case fail.
LOG = '''\
1..4
ok 1 - test_good
PASS: tests/unit/test_x 1 - test_good
# row <one>: got 1, want 2
not ok 2 - test_bad
FAIL: tests/unit/test_x 2 - test_bad
# test_x.c:7: error: Failure!
# a comment of the next case
ok 3 - test_other
PASS: tests/unit/test_x 3 - test_other
# row <two>: got 3, want 4
not ok 4 - test_last
FAIL: tests/unit/test_x 4 - test_last
# test_x.c:9: error: Failure!
'''
SHOWN = '''\
# row <one>: got 1, want 2
not ok 2 - test_bad
# test_x.c:7: error: Failure!
# a comment of the next case
# row <two>: got 3, want 4
not ok 4 - test_last
# test_x.c:9: error: Failure!
'''


def run_shell(command, *arguments, text=''):
    """Run a shell command with functions of the scripts; -> status, output, errors."""
    environment = {name: value for name, value in os.environ.items() if name != 'MAKEFLAGS'}
    done = subprocess.run(['bash', '-c', command, 'bash', *arguments], cwd=SOURCE, input=text,
                          env=environment, text=True, capture_output=True, timeout=WAIT,
                          check=False)
    return done.returncode, done.stdout, done.stderr


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)

    def run_function(self, command, text=''):
        return run_shell('. contrib/check; build=$1; ' + command, self.folder.path, text=text)

    def test_progress(self):
        """In a pipe: failed and skipped cases, and first the number of files that have finished."""
        self.folder.file('a.trs', ':test-result: PASS a\n:global-test-result: PASS\n')
        self.folder.file('b.trs', ':test-result: PASS b\n')
        status, output, errors = self.run_function(
            'show_progress 7', 'make: x\nPASS: a 1\nSKIP: a 2 - b # SKIP c\nFAILED: x\nFAIL: b 1\n')
        self.assertEqual((status, errors), (0, ''))
        lines = output.splitlines()
        self.assertRegex(lines.pop(0), r'\A1 of 7 test files, \d+ s\Z')
        self.assertEqual(lines, ['SKIP: a 2 - b # SKIP c', 'FAIL: b 1'])

    def test_total(self):
        self.folder.file('Makefile', 'TESTS = a b\nroot_tests = c\n')
        self.assertEqual(self.run_function('total_files'), (0, '3\n', ''))

    def test_failures(self):
        """The rows of a unit test are shown with its failed case."""
        path = self.folder.file('test_x.log', LOG)
        self.folder.file('test_y.log', '1..1\n# text\nok 1 - test_y\n')
        self.assertEqual(self.run_function('show_failures'), (0, '== %s\n%s' % (path, SHOWN), ''))


class Fuzz(unittest.TestCase):
    def test_list(self):
        status, output, errors = run_shell('contrib/fuzz -l')
        self.assertEqual((status, errors), (0, ''))
        self.assertEqual(sorted(output.split()), sorted(
            name[:-len('.dict')] for name in os.listdir(os.path.join(SOURCE, 'tests', 'fuzz'))
            if name.endswith('.dict')))

    def test_announce(self):
        for jobs, minutes in ((1, 3), (2, 2), (4, 1)):
            with self.subTest(jobs=jobs):
                status, output, errors = run_shell(
                    '. contrib/fuzz; jobs=$1; announce spf_record tcptable orcpt', str(jobs))
                self.assertEqual((status, errors), (0, ''))
                self.assertEqual(re.findall(r'\d+', output.splitlines()[0]),
                                 ['3', '60', str(jobs), str(minutes)])
                self.assertEqual(output.splitlines()[1:], ['spf_record tcptable orcpt'])

    def test_unknown_name(self):
        """It is reported before anything is installed or built."""
        self.assertEqual(run_shell('contrib/fuzz spf_record nosuch'),
                         (1, '', 'fuzz: no such fuzzer: nosuch (-l lists them)\n'))


if __name__ == '__main__':
    tap.main()
