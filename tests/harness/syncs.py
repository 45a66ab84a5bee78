# SPDX-License-Identifier: ISC
"""syncs - what a run of srsctl syncs and renames, in order, as strace sees it."""

import os
import re
import shutil
import unittest

from harness.daemon import ORDINARY_USER, Folder, run

CALL = re.compile(r'\d+ +(fsync|fdatasync|rename\w*)\((.*)\) += 0$')


# For a test that calls trace().
needs_strace = unittest.skipUnless(shutil.which('strace'), 'strace is not installed')


def trace(*arguments):
    """Run srsctl; -> (CompletedProcess, calls), with 'sync PATH' or 'rename NAME' for each call.

    In a build without sanitizers, a confined process cannot be examined: its calls are 'sync ?'.
    """
    folder = Folder()
    try:
        path = os.path.join(folder.subfolder('strace', ORDINARY_USER), 'calls')
        # The leak check is a tracer itself, and a process can have only one.
        asan = 'ASAN_OPTIONS=%s:detect_leaks=0' % os.environ.get('ASAN_OPTIONS', '')
        done = run(*arguments, program='srsctl', prefix=(
            'strace', '-f', '-y', '-qq', '-e', 'trace=fsync,fdatasync,rename,renameat,renameat2',
            '-o', path, 'env', asan))
        with open(path, encoding='utf-8') as lines:
            found = [CALL.match(line.rstrip('\n')) for line in lines]
    finally:
        folder.remove()
    return done, [describe(call[1], call[2]) for call in found if call]


def describe(call, text):
    if call.startswith('rename'):
        return 'rename ' + re.findall('"([^"]*)"', text)[-1]
    path = re.search('<([^>]*)>', text)
    return 'sync ' + (path[1] if path else '?')
