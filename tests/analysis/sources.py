# SPDX-License-Identifier: ISC
"""sources - what the lints of this directory share: the files of the product, the tokens of C, and
the list of findings.

A lint prints `file:line: what is wrong and what to do` and ends with status 1. Without findings it
prints nothing and ends with status 0. A directory without sources is an error.
"""

import argparse
import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir)
DIRECTORIES = ('common', 'conf', 'spf', 'srsd')

TOKENS = re.compile(
    r'(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*)'
    r'|(?P<include>^[ \t]*#[ \t]*include[^\n]*)'
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<character>'(?:\\.|[^'\\\n])*')",
    re.DOTALL | re.MULTILINE,
)


class Source:
    """One file: its path below the root, and its text."""

    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding='utf-8', errors='replace') as file:
            self.text = file.read()

    @property
    def stem(self):
        return os.path.splitext(os.path.basename(self.path))[0]

    @property
    def directory(self):
        return os.path.dirname(self.path)

    def line_of(self, offset):
        return self.text.count('\n', 0, offset) + 1

    def tokens(self):
        """Yields (kind, start, end): comments, include lines, strings and characters of C."""
        for match in TOKENS.finditer(self.text):
            yield match.lastgroup, match.start(), match.end()

    def without(self, *kinds):
        """The text with these tokens blanked out; offsets and lines stay the same."""
        parts = []
        end_before = 0
        for kind, start, end in self.tokens():
            if kind in kinds:
                parts.append(self.text[end_before:start])
                parts.append(re.sub(r'[^\n]', ' ', self.text[start:end]))
                end_before = end
        parts.append(self.text[end_before:])
        return ''.join(parts)


class Findings:
    """What a lint has found, in the order of files and lines."""

    def __init__(self):
        self.rows = []

    def add(self, path, line, text):
        self.rows.append((path, line, text))

    def finish(self):
        """Prints the findings and returns the exit status."""
        for path, line, text in sorted(set(self.rows)):
            print('%s:%d: %s' % (path, line, text))
        return 1 if self.rows else 0


def walk_files(root, directory):
    """Yields the paths of all files in a directory of the root, relative to the root, sorted."""
    for folder, folders, names in os.walk(os.path.join(root, directory)):
        folders.sort()
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), root)


def product_sources(root):
    """The C files and headers of the product."""
    sources = [
        Source(root, path)
        for directory in DIRECTORIES
        for path in walk_files(root, directory)
        if path.endswith(('.c', '.h'))
    ]
    if not sources:
        sys.exit('%s: no *.c or *.h in %s: name the source directory' % (
            root, ', '.join(DIRECTORIES)))
    return sources


def parse_arguments(document):
    """The arguments that every lint has."""
    parser = argparse.ArgumentParser(
        description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', nargs='?', default=TOP, help='the source directory')
    parser.add_argument('--report', action='store_true', help='print figures, not findings')
    arguments = parser.parse_args()
    arguments.root = os.path.normpath(arguments.root)
    return arguments
