#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tested - HACKING.md lists where each module is tested.

A module X has its unit test, tests/unit/test_X.c, or a row in the table of HACKING.md's section
"Where a module is tested". A row of a module that does not exist is reported as well.
"""

import os
import re
import sys

sys.dont_write_bytecode = True

import sources

HEADING = '## Where a module is tested'


def read_table(root):
    """{module: line} of the first column of the table; None when there is no section."""
    with open(os.path.join(root, 'HACKING.md'), encoding='utf-8') as file:
        lines = file.read().split('\n')
    if HEADING not in lines:
        return None
    rows = {}
    first = lines.index(HEADING) + 1
    for number, line in enumerate(lines[first:], first + 1):
        if line.startswith('## '):
            break
        if line.startswith('| `'):
            for module in re.findall(r'`([^`]+)`', line.split('|')[1]):
                rows[module] = number
    return rows


def main():
    arguments = sources.parse_arguments(__doc__)
    files = [each for each in sources.product_sources(arguments.root) if each.path.endswith('.c')]
    findings = sources.Findings()
    rows = read_table(arguments.root)
    if rows is None:
        sys.exit('HACKING.md: the section "%s" is missing' % HEADING.lstrip('# '))
    unit_tests = 0
    for source in files:
        if os.path.exists(os.path.join(arguments.root, 'tests/unit/test_%s.c' % source.stem)):
            unit_tests += 1
        elif source.stem not in rows:
            findings.add(source.path, 1, (
                'has no tests/unit/test_%s.c: add it, or a row to "%s" in HACKING.md' % (
                    source.stem, HEADING.lstrip('# '))))
    for module in rows.keys() - {source.stem for source in files}:
        findings.add('HACKING.md', rows[module], 'there is no module %s: remove it' % module)
    if arguments.report:
        print('modules: %d' % len(files))
        print('modules with a unit test: %d' % unit_tests)
        return 0
    return findings.finish()


if __name__ == '__main__':
    sys.exit(main())
