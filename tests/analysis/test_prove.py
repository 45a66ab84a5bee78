#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""make prove: it holds for srs_stamp, and fails for each fault that a copy of the sources gets."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir))

from harness import tap

TOP = os.path.dirname(os.path.dirname(HERE))
PROVE = os.path.join(TOP, 'tests', 'prove', 'prove.py')
STAMP = 'srsd/srs/srs_stamp'


def has_frama_c():
    """True if prove.py finds everything that it needs."""
    return all(shutil.which(name) for name in ('frama-c', 'why3', 'cvc4', 'z3'))


def prove(top, out, module, *options, environment=None):
    """The exit status and the output of prove.py for a tree."""
    result = subprocess.run(
        [sys.executable, PROVE, '--top', top, '--out', out, *options, module],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', check=False,
        env=environment)
    return result.returncode, result.stdout


class Missing(unittest.TestCase):
    def test_without_frama_c(self):
        """One line, and the status of a skipped test."""
        with tempfile.TemporaryDirectory() as out:
            status, output = prove(TOP, out, 'srs_stamp', environment={'PATH': out})
        self.assertEqual(status, 77)
        self.assertEqual(output, 'prove.py: frama-c is not installed '
                                 '(Debian: frama-c-base why3 cvc4 z3)\n')


@unittest.skipUnless(has_frama_c(), 'frama-c, why3, cvc4 and z3 are not installed')
class Planted(unittest.TestCase):
    """Each case changes one text of a copy."""

    @classmethod
    def setUpClass(cls):
        # Shared, because the cases have most of their goals in common. A goal that had too little
        # time in one of them stays unproved in the next.
        cls.out = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.out)

    def prove_with(self, path, old, new, module='srs_stamp'):
        """The exit status and the output for a copy in which new replaces old."""
        with tempfile.TemporaryDirectory() as top:
            for name in ('common', 'srsd', os.path.join('tests', 'prove')):
                shutil.copytree(os.path.join(TOP, name), os.path.join(top, name),
                                ignore=shutil.ignore_patterns('*.o', '*.a', 'out'))
            path = os.path.join(top, path)
            with open(path, encoding='utf-8') as file:
                text = file.read()
            self.assertEqual(text.count(old), 1, f'{path}: {old}')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text.replace(old, new))
            return prove(top, self.out, module, '--timeout', '5')

    def assert_fails(self, output, *texts):
        """The proof failed, and names these."""
        status, output = output
        self.assertEqual(status, 1, output)
        for text in texts:
            self.assertIn(text, output)

    def test_as_it_is(self):
        with tempfile.TemporaryDirectory() as out:
            status, output = prove(TOP, out, 'srs_stamp')
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r'(?m)^srs_stamp: \d+ obligations proved .*, 0 not proved, 0 adm')

    def test_read_beyond_the_end(self):
        self.assert_fails(self.prove_with(STAMP + '.c', 'base32(s[1])', 'base32(s[2])'),
                          f'not proved: {STAMP}.c:', 'mem_access')

    def test_copy_off_by_one(self):
        self.assert_fails(
            self.prove_with('srsd/postfix/socketmap.c', 'memcpy(buf + at, text, len);',
                            'memcpy(buf + at, text, len + 1);', 'socketmap'),
            'not proved: srsd/postfix/socketmap.c:', 'precondition of memcpy')

    def test_contract_removed(self):
        self.assert_fails(
            self.prove_with(STAMP + '.h', 'requires \\valid(text + (0 .. SRS_STAMP_LEN - 1));', ''),
            f'not proved: {STAMP}.c:', 'srs_stamp_write')

    def test_axiom(self):
        """Frama-C does not report an axiom."""
        self.assert_fails(
            self.prove_with(STAMP + '.c', 'static const char base32',
                            '/*@ axiomatic A { axiom a: 0 == 1; } */\nstatic const char base32'),
            '1 admitted', f'admitted: {STAMP}.c:')

    def test_admission(self):
        """What is admitted is counted, although it makes the proof succeed."""
        self.assert_fails(
            self.prove_with(STAMP + '.c', 'text[1] =', '/*@ admit \\valid(text + 1); */ text[1] ='),
            '1 admitted', f'admitted: {STAMP}.c:')


if __name__ == '__main__':
    tap.main()
