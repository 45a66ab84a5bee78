# SPDX-License-Identifier: ISC
"""build - the build directory whose programs the tests run.

`make check` names it in abs_top_builddir. A test that is started by hand takes the current
directory if that is a build directory, and otherwise the only one in the source tree.
"""

import functools
import glob
import os
from pathlib import Path

from harness import tap

TOP = Path(__file__).resolve().parents[2]


def _is_build(directory):
    return os.path.exists(os.path.join(directory, 'config.status'))


@functools.lru_cache
def directory():
    if 'abs_top_builddir' in os.environ:
        return os.environ['abs_top_builddir']
    if _is_build(os.getcwd()):
        return os.getcwd()
    found = list(filter(_is_build, sorted(glob.glob(str(TOP / 'build*'))) + [str(TOP)]))
    if len(found) == 1:
        return found[0]
    if not found:
        raise tap.BailOut('there is no build directory; run configure and make, or ./contrib/check')
    raise tap.BailOut('start the test in a build directory, or set abs_top_builddir to one of: '
                      + ' '.join(found))


def path(*names):
    """The path of a file in the build directory."""
    return os.path.join(directory(), *names)
