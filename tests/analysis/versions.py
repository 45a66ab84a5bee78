#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""versions - every file that names the version of this tree names the one in configure.ac.

Two of the files also have the date of the release. CHANGES.md says `not released` until there is
one, and then contrib/debian/changelog has the same date.
"""

import email.utils
import os
import re
import sys

sys.dont_write_bytecode = True

import sources

KNOWN = ('configure.ac', r'(?m)^AC_INIT\(\[srsd\], \[([^]]+)\]')

# (file, the first match is its version)
COPIES = (
    ('CHANGES.md', r'(?m)^## (.*?)(?: \(|$)'),
    ('contrib/arch/PKGBUILD', r'(?m)^pkgver=(.*)$'),
    ('contrib/debian/changelog', r'(?m)^srsd \(([^)]*)\)'),
)

HEADING = r'(?m)^## .*?(?:\((.*)\))?$'
CHANGELOG_DATE = r'(?m)^ -- .*>  (.*)$'


def read_text(root, path):
    try:
        with open(os.path.join(root, path), encoding='utf-8') as file:
            return file.read()
    except FileNotFoundError:
        return ''


def find_version(root):
    """The version of this tree."""
    path, pattern = KNOWN
    found = re.search(pattern, read_text(root, path))
    if not found:
        sys.exit('%s: there is no AC_INIT with a version; name the source directory' % path)
    return found[1]


def find_date(root):
    """The date in the first heading of CHANGES.md, YYYY-MM-DD, or `not released`."""
    found = re.search(HEADING, read_text(root, 'CHANGES.md'))
    return found and found[1] or 'not released'


def find_line(text, found):
    return text.count('\n', 0, found.start()) + 1


def compare_versions(root, version, findings):
    for path, pattern in COPIES:
        text = read_text(root, path)
        found = re.search(pattern, text)
        if not found:
            findings.add(path, 1, 'names no version: %s says %s' % (KNOWN[0], version))
        elif found[1] != version:
            findings.add(path, find_line(text, found), 'names the version %s: %s says %s' % (
                found[1], KNOWN[0], version))


def compare_dates(root, findings):
    date = find_date(root)
    if date == 'not released':
        return
    if not re.fullmatch(r'\d{4}-\d\d-\d\d', date):
        text = read_text(root, 'CHANGES.md')
        findings.add('CHANGES.md', find_line(text, re.search(HEADING, text)),
                     'has the date "%s": write YYYY-MM-DD, or "not released"' % date)
        return
    changelog = read_text(root, 'contrib/debian/changelog')
    found = re.search(CHANGELOG_DATE, changelog)
    if found and email.utils.parsedate_to_datetime(found[1]).date().isoformat() != date:
        findings.add('contrib/debian/changelog', find_line(changelog, found),
                     'has another date than CHANGES.md, which says %s' % date)


def main():
    arguments = sources.parse_arguments(__doc__)
    version = find_version(arguments.root)
    if arguments.report:
        print('version: %s (%s)' % (version, find_date(arguments.root)))
        return 0
    findings = sources.Findings()
    compare_versions(arguments.root, version, findings)
    compare_dates(arguments.root, findings)
    return findings.finish()


if __name__ == '__main__':
    sys.exit(main())
