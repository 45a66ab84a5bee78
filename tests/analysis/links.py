#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""links - prove the direction of the archives by linking.

    links.py BUILD LINKER ARGUMENT...

For each directory of MAY_INCLUDE in direction.py, links all objects of its archive into an empty
program, with the archives of the directories that it may include and no others. A reference to
anything else fails. LINKER and its arguments are the compiler, which may have several words (ccache
gcc), the flags and the libraries.
"""

import glob
import itertools
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import direction


def archive_of(build, directory):
    """The archive of a directory; None for a directory without one."""
    found = glob.glob(os.path.join(build, directory, 'lib*.a'))
    return found[0] if found else None


def link(build, directory, program, arguments):
    """None, or the errors of the linker."""
    below = [archive_of(build, name) for name in direction.MAY_INCLUDE[directory]]
    linker = list(itertools.takewhile(lambda word: not word.startswith('-'), arguments))
    command = [
        *linker, '-o', program, program + '.c',
        '-Wl,--whole-archive', archive_of(build, directory), '-Wl,--no-whole-archive',
        '-Wl,--start-group', *filter(None, below), '-Wl,--end-group',
        *arguments[len(linker):],
    ]
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', check=False)
    return None if result.returncode == 0 else result.stdout


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    build, arguments = sys.argv[1], sys.argv[2:]
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        program = os.path.join(scratch, 'empty')
        with open(program + '.c', 'w', encoding='utf-8') as source:
            source.write('int main(void);\n\nint\nmain(void)\n{\n\treturn 0;\n}\n')
        for directory in direction.MAY_INCLUDE:
            if archive_of(build, directory) is None:
                continue
            errors = link(build, directory, program, arguments)
            if errors is not None:
                failed = True
                print('%s: its archive needs more than %s:\n%s' % (
                    directory, ', '.join(direction.MAY_INCLUDE[directory]) or 'itself', errors))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
