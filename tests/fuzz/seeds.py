#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Runs each fuzzer over the seeds of its corpus: every seed has the outcome in NAME.expect.

With --write NAME... the files are written anew: for seeds that are new, and to be read then.
"""

import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir))

from harness import build, tap
from harness.daemon import has_hiredis, has_sqlite

BUILT = build.path('tests', 'fuzz')
NAMES = sorted(name[:-len('.expect')] for name in os.listdir(HERE) if name.endswith('.expect'))

OPTIONAL = {'spf_libspf2': 'libspf2', 'store_resp': 'hiredis'}
# The seeds of these name databases of both kinds.
OF_DATABASES = ('import_postsrsd2', 'story')


def seeds(name):
    folder = os.path.join(HERE, 'corpus', name)
    return [os.path.join(folder, seed) for seed in sorted(os.listdir(folder))]


def replay(name):
    """The output of the fuzzer: a line for each seed, up to one that crashes it."""
    return subprocess.run([os.path.join(BUILT, name)] + seeds(name), capture_output=True,
                          text=True, errors='backslashreplace', check=False)


def as_dict(lines):
    return dict(line.partition(': ')[::2] for line in lines.splitlines() if line[0] != '#')


def write(names):
    for name in names:
        said = replay(name).stdout
        with open(os.path.join(HERE, name + '.expect'), 'w', encoding='utf-8') as out:
            out.write('# SPDX-License-Identifier: ISC\n' + said)


class Seeds(unittest.TestCase):
    maxDiff = None

    def test_verdicts(self):
        for name in NAMES:
            with self.subTest(fuzzer=name):
                if name in OPTIONAL and not os.path.exists(os.path.join(BUILT, name)):
                    self.skipTest('built without ' + OPTIONAL[name])
                if name in OF_DATABASES and not (has_sqlite() and has_hiredis()):
                    self.skipTest('built without SQLite or hiredis')
                with open(os.path.join(HERE, name + '.expect'), encoding='utf-8') as expect:
                    want = as_dict(expect.read())
                self.assertEqual(sorted(want), sorted(map(os.path.basename, seeds(name))),
                                 'each seed has its line in %s.expect' % name)
                ended = replay(name)
                got = as_dict(ended.stdout)
                for seed, verdict in want.items():
                    self.assertIn(seed, got, 'ends at this seed: ' + ended.stderr[-4000:])
                    self.assertEqual(got[seed], verdict, seed)
                self.assertEqual(ended.returncode, 0, ended.stderr[-4000:])


if __name__ == '__main__':
    if sys.argv[1:2] == ['--write']:
        write(sys.argv[2:] or NAMES)
    else:
        tap.main()
