#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Every lint of this directory is quiet on this source tree, and every archive links."""

import ast
import glob
import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir))

import names
from harness import build, tap


def find_hidden(body):
    """Yields the classes and functions that a later one of the same name replaces."""
    last = {}
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            if node.name in last:
                yield last[node.name]
            last[node.name] = node
        if isinstance(node, ast.ClassDef):
            yield from find_hidden(node.body)


class Tree(unittest.TestCase):
    def run_lint(self, *command):
        result = subprocess.run(
            [sys.executable, os.path.join(HERE, command[0]), *command[1:]],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', check=False)
        if result.returncode != 0 or result.stdout:
            self.fail('%s has findings:\n%s' % (command[0], result.stdout))

    def test_direction(self):
        self.run_lint('direction.py')

    @unittest.skipUnless(names.has_ctags(), 'universal-ctags with JSON is not installed')
    def test_names(self):
        self.run_lint('names.py')

    def test_tested(self):
        self.run_lint('tested.py')

    def test_versions(self):
        self.run_lint('versions.py')

    def test_words(self):
        self.run_lint('words.py')

    def test_cases_that_are_hidden(self):
        """Python runs only the second of two tests with one name."""
        top = os.path.join(HERE, os.pardir)
        for path in sorted(glob.glob(os.path.join(top, '**', '*.py'), recursive=True)):
            with open(path, encoding='utf-8') as file:
                tree = ast.parse(file.read())
            self.assertEqual(['%s:%d: %s' % (os.path.relpath(path, top), node.lineno, node.name)
                              for node in find_hidden(tree.body)], [])

    def test_links(self):
        """The compiler, its flags and the libraries come from the Makefile."""
        if 'link_command' not in os.environ:
            self.skipTest('link_command is not set; use make check TESTS=tests/analysis/test_tree.py')
        self.run_lint('links.py', build.directory(), *os.environ['link_command'].split())


if __name__ == '__main__':
    tap.main()
