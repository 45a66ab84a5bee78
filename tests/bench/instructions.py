#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""instructions - compare the instructions and allocations of a request with the accepted figures.

    instructions.py --built-with TEXT [--accept] PROGRAM FILE

callgrind counts the instructions of each case. The counts vary by a fraction of a percent, whatever
the load of the machine. FILE has the accepted figures, and the compiler, flags and libraries for
which they are valid. Exit status 1: a case exceeds the tolerance. With any other compiler, flags or
libraries the differences are only printed. --accept writes the figures to FILE. A case that costs
more than BOUNDS allow compared with another one, such as a request with very many sections, is an
error with any compiler.

callgrind's output files, for callgrind_annotate, are next to the program.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys

REQUESTS = 1000
TOLERANCE = 3.0         # percent of instructions
# Cases that must not cost more than another one: (case, the other one, percent of instructions).
# The lookup of a section costs 160 instructions.
BOUNDS = (('policy-sections', 'policy', 1.5),
          ('policy-sections-next', 'policy-next-recipient', 2.5))


def run(program, *arguments, prefix=()):
    result = subprocess.run([*prefix, program, *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit('%s %s: %s%s' % (program, ' '.join(arguments), result.stdout, result.stderr))
    return result.stdout, result.stderr


def measure(program, case):
    """-> (instructions, allocations) for a request."""
    out = '%s.%s.callgrind' % (program, case)
    said, counted = run(program, case, str(REQUESTS), prefix=(
        'valgrind', '--tool=callgrind', '--collect-atstart=no', '--toggle-collect=measured',
        '--callgrind-out-file=' + out))
    collected = re.search(r'Collected : (\d+)', counted)
    if not collected or int(collected[1]) < REQUESTS:
        sys.exit('callgrind counted nothing for %s' % case)
    return int(collected[1]) / REQUESTS, int(said) / REQUESTS


def conditions(program, built_with):
    return '%s; %s; %s' % (platform.machine(), built_with, run(program, 'libraries')[0].strip())


def read(path):
    """-> (conditions, {case: (instructions, allocations)})"""
    made_with, figures = '', {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            if line.startswith('# made with: '):
                made_with = line.partition(': ')[2].strip()
            elif not line.startswith('#') and line.strip():
                case, instructions, allocations = line.split()
                figures[case] = float(instructions), float(allocations)
    return made_with, figures


def accept(path, made_with, figures):
    with open(path, 'w', encoding='utf-8') as file:
        file.write('# Instructions and allocations for a request; `make bench-instructions-accept` '
                   'writes this.\n# made with: %s\n' % made_with)
        for case, (instructions, allocations) in figures.items():
            file.write('%-24s %8.0f %8.2f\n' % (case, instructions, allocations))


def change(new, old):
    """In percent."""
    return 0.0 if new == old else 100.0 * (new - old) / old if old else float('inf')


def compare(figures, accepted):
    """Print the differences; -> the cases that exceed the tolerance."""
    worse = []
    print('%-24s %12s %9s %8s %12s %9s' % ('', 'instructions', 'accepted', '', 'allocations',
                                           'accepted'))
    for case, (instructions, allocations) in figures.items():
        if case not in accepted:
            print('%-24s %12.0f %9s %8s %12.2f %9s' % (case, instructions, 'new', '', allocations,
                                                       'new'))
            continue
        old_instructions, old_allocations = accepted[case]
        percent = change(instructions, old_instructions)
        print('%-24s %12.0f %9.0f %+7.2f%% %12.2f %9.2f'
              % (case, instructions, old_instructions, percent, allocations, old_allocations))
        if percent > TOLERANCE or allocations > old_allocations + 0.01:
            worse.append(case)
    for case in accepted.keys() - figures.keys():
        print('%-24s is no longer measured' % case)
    return worse


def exceeded(figures):
    """Print what the cases of BOUNDS cost; -> those that cost too much."""
    found = []
    for case, other, bound in BOUNDS:
        percent = change(figures[case][0], figures[other][0])
        print('%s: %+.2f %% compared with %s' % (case, percent, other))
        if percent > bound:
            found.append(case)
    return found


def main():
    parser = argparse.ArgumentParser(description='count the instructions of a request')
    parser.add_argument('--built-with', default='', help='compiler and flags, as text')
    parser.add_argument('--accept', action='store_true', help='write the figures to FILE')
    parser.add_argument('program')
    parser.add_argument('file')
    arguments = parser.parse_args()
    if not shutil.which('valgrind'):
        sys.exit('valgrind is not installed')
    program = os.path.abspath(arguments.program)
    made_with = conditions(program, arguments.built_with)
    cases = run(program)[0].split()
    figures = {case: measure(program, case) for case in cases}
    old_with, accepted = read(arguments.file) if os.path.exists(arguments.file) else ('', {})
    worse = compare(figures, accepted)
    dear = exceeded(figures)
    if arguments.accept:
        accept(arguments.file, made_with, figures)
    elif made_with != old_with:
        print('not comparable: this is      %s\n                accepted was %s'
              % (made_with, old_with))
    elif worse:
        sys.exit('worse by more than %g %%, or with more allocations: %s'
                 % (TOLERANCE, ' '.join(worse)))
    if dear:
        sys.exit('more than the bound compared with another case: ' + ' '.join(dear))


if __name__ == '__main__':
    main()
