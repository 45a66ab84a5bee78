#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What README, the other documents and the manuals print for Postfix is right for a real Postfix.

Each block with lines of main.cf or master.cf becomes the configuration of a private Postfix, which
must know all of it: parameters, services and restrictions. The postconf commands are run there, in
the order of the document. The files in contrib/postfix have test_recipes.py and others.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from typing import NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import postfix, recipe, tap
from harness.daemon import TOP

DOCUMENTS = ('*.md', 'contrib/**/*.md', '*/*.5', '*/*.8')

# Blocks that are not text: indented by four columns, or between .Bd -literal and .Ed.
MARKDOWN_BLOCK = re.compile(r'(?m)^(?: {4}.*\n(?:\n+(?= {4}))?)+')
MANUAL_BLOCK = re.compile(r'(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$')
# A line of a block that is a command, perhaps after a prompt or in a comment.
COMMAND = re.compile(r'(?m)^(?:[\w-]*# *)?\s*(?:sudo )?(postconf .*)$')
# In the text: a command, and a setting, whose name has an underscore, unlike an option of srsd.
CODE = re.compile(r'(?s)`([^`]+)`|^\.Ql (\$\([^\n]*\)|[^\n]*?)(?: [.,;:])*$', re.MULTILINE)
TEXT_COMMAND = re.compile(r'\A(?:\$\()?(postconf [^)]*)\)?\Z')
TEXT_SETTING = re.compile(r'\A(?:-o )?([a-z0-9]+(?:_[a-z0-9]+)+) ?=(.*)\Z')

SETTING = re.compile(r'([A-Za-z][\w-]*)\s*=(.*)', re.DOTALL)
SERVICE = re.compile(r'\S+\s+(?:inet|unix|fifo|pass|unix-dgram)\s+[-yn]\s+[-yn]\s+[-yn]\s')
FILE_NAME = re.compile(r'(?m)^# (?:main|master)\.cf')

# What a host has that used policyd-spf, as MIGRATION.md changes it.
OLD_SETTINGS = {'policyd-spf_time_limit': '3600'}
OLD_SERVICE = 'policyd-spf unix - n n - 0 spawn user=policyd-spf argv=/usr/bin/policyd-spf\n'


class Block(NamedTuple):
    line: int
    text: str


class Printed:
    """What a document prints for Postfix."""

    def __init__(self, path, text, parameters):
        if path.endswith('.md'):
            blocks = [(match.start(), re.sub('(?m)^ {4}', '', match[0]))
                      for match in MARKDOWN_BLOCK.finditer(text)]
        else:
            blocks = [(match.start(1), match[1]) for match in MANUAL_BLOCK.finditer(text)]
        self.commands = []      # Block
        self.files = []         # Block
        self.settings = {}      # in the text
        for start, block in blocks:
            line = text[:start].count('\n') + 1
            self.commands += [Block(line, match[1]) for match in COMMAND.finditer(block)]
            if self._is_configuration(block, parameters):
                self.files.append(Block(line, block))
        self._read_text(text)

    @staticmethod
    def _is_configuration(block, parameters):
        if FILE_NAME.search(block):
            return True
        lines = [(SERVICE.match(line), SETTING.match(line)) for line in block.splitlines()]
        return any(service or (setting and setting[1] in parameters)
                   for service, setting in lines)

    def _read_text(self, text):
        for match in CODE.finditer(text):
            code = ' '.join((match[1] or match[2]).split())
            command, setting = TEXT_COMMAND.match(code), TEXT_SETTING.match(code)
            if command:
                self.commands.append(Block(text[:match.start()].count('\n') + 1, command[1]))
            elif setting:
                self.settings[setting[1]] = setting[2].strip()
        self.commands.sort(key=lambda block: block.line)


def postconf(*arguments):
    return subprocess.run(['/usr/sbin/postconf', *arguments], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def known_parameters():
    return {line.partition(' =')[0] for line in postconf('-d').stdout.splitlines()}


def smtpd_words():
    """The constant texts of smtpd(8), among them the names of all restrictions."""
    folder = postconf('-dhx', 'daemon_directory').stdout.strip()
    words = set()
    for path in Path(folder, 'smtpd'), *Path('/usr/lib/postfix').glob('libpostfix-global.so*'):
        if path.exists():
            words.update(re.findall(rb'[a-z_]+', path.read_bytes()))
    return {word.decode() for word in words}


class Checker:
    """A private Postfix, which does not run."""

    def __init__(self):
        self.instance = postfix.Postfix(25, {})
        self.words = smtpd_words()

    def complaints(self, settings, services):
        """What Postfix has to say against lines of main.cf and master.cf."""
        self.instance.configure({**OLD_SETTINGS, **settings}, OLD_SERVICE + services)
        found = self.instance.complaints()
        for name, value in settings.items():
            if name.startswith('smtpd_') and name.endswith('_restrictions'):
                found += ''.join('%s: unknown restriction %s\n' % (name, word)
                                 for word in re.split(r'[\s,]+', value)
                                 if re.fullmatch('[a-z]+_[a-z_]+', word)
                                 and word not in self.words)
        return found

    def of_file(self, text):
        """The same against a block of such lines."""
        settings, services = {}, ''
        for entry in postfix.entries(text):
            setting = SETTING.match(entry)
            if SERVICE.match(entry):
                services += entry + '\n'
            elif setting:
                settings[setting[1]] = setting[2].strip()
            else:
                return 'neither a setting nor a service: ' + entry
        return self.complaints(settings, services) or self.failed_check()

    def failed_check(self):
        """What `postfix check` says, which takes a second or more."""
        try:
            self.instance.check()
        except AssertionError as error:
            return str(error)
        return ''

    def of_text(self, settings):
        if not settings:
            return ''
        return self.complaints(settings, recipe.Recipe('forwarding', {}).services)

    def of_commands(self, commands):
        if not commands:
            return ''
        self.instance.configure(OLD_SETTINGS, OLD_SERVICE)
        for command in commands:
            done = postconf('-c', self.instance.etc, *shlex.split(command.text)[1:])
            found = done.stderr + self.instance.complaints()
            if done.returncode != 0 or found:
                return '%d: %s: %s' % (command.line, command.text, found)
        return ''


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.parameters = known_parameters()
        cls.checker = Checker()
        cls.addClassCleanup(shutil.rmtree, cls.checker.instance.base)

    def printed(self, path, text):
        return Printed(path, text, self.parameters)


class Documents(Base):
    def test_each(self):
        files = settings = commands = 0
        for pattern in DOCUMENTS:
            for path in sorted(Path(TOP).glob(pattern)):
                printed = self.printed(path.name, path.read_text(encoding='utf-8'))
                with self.subTest(str(path.relative_to(TOP))):
                    for block in printed.files:
                        self.assertEqual(self.checker.of_file(block.text), '', block.line)
                    self.assertEqual(self.checker.of_text(printed.settings), '')
                    self.assertEqual(self.checker.of_commands(printed.commands), '')
                files += len(printed.files)
                settings += len(printed.settings)
                commands += len(printed.commands)
        # As many as when this was written, or more.
        self.assertGreaterEqual((files, settings, commands), (7, 9, 7))


class Faults(Base):
    """The test sees what is wrong in a document."""

    MARKDOWN = 'Text:\n\n    # main.cf\n    %s\n\nMore text.\n'
    MANUAL = '.Pp\n.Bd -literal -offset indent\n%s\n.Ed\n.Pp\n'

    def test_files(self):
        for lines, want in (
                ('sender_canonical_map = tcp:127.0.0.1:10001', 'unused parameter'),
                ('virtual_alias_domains = $vitual_alias_maps', 'undefined parameter'),
                ('smtpd_recipient_restrictions = reject_unath_destination', 'unknown restriction'),
                ('relay_domains = example.org\nsrs unix - n n - smtp', 'field'),
                ('relay_domains = example.org\nsrs unix - n n - x smtp', 'field'),
                ('relay_domains: example.org', 'neither')):
            with self.subTest(lines):
                printed = self.printed('x.md', self.MARKDOWN % lines.replace('\n', '\n    '))
                block, = printed.files
                self.assertEqual((block.line, block.text.strip()), (3, '# main.cf\n' + lines))
                self.assertIn(want, self.checker.of_file(block.text))

    def test_right_file(self):
        block, = self.printed('x.8', self.MANUAL % 'relay_domains =\n    example.org,\n    '
                              'example.net\nother unix - - n - 0 smtp\n    -o x=y').files
        self.assertIn('unused parameter: x=y', self.checker.of_file(block.text))
        block = block._replace(text=block.text.replace('x=y', 'relayhost='))
        self.assertEqual(self.checker.of_file(block.text), '')

    def test_other_files(self):
        text = 'srs-domain = "srs.example.org"\ndomains = {"example.org"}'
        markdown = self.MARKDOWN.replace('# main.cf', '# srsd.conf')
        for path, form in ('x.md', markdown), ('x.8', self.MANUAL):
            self.assertEqual(self.printed(path, form % text).files, [])

    def test_commands(self):
        for path, text in (('x.md', '    # Comment\n    #   %s\n'), ('x.md', 'Run `%s` now.\n'),
                           ('x.8', self.MANUAL % '# %s'), ('x.8', '.Ql %s .\n'),
                           ('x.8', '.Ql $(%s)\n')):
            for command, want in (("postconf -e 'relay_domains example.org'", "missing '='"),
                                  ('postconf -MY other/unix', 'invalid option'),
                                  ('postconf -h my_domain', 'unknown parameter'),
                                  ('postconf -h mydomain', '')):
                with self.subTest(path, text=text, command=command):
                    printed = self.printed(path, text % command)
                    self.assertEqual([block.text for block in printed.commands], [command])
                    self.assertIn(want, self.checker.of_commands(printed.commands))
                    if not want:
                        self.assertEqual(self.checker.of_commands(printed.commands), '')

    def test_settings(self):
        for path, text in ('x.md', 'Set `%s`\nthere.\n'), ('x.8', 'Set\n.Ql %s .\n'):
            for setting, want in (('smtpd_reject_unlisted_senders = no', 'unused parameter'),
                                  ('-o smtpd_milter=', 'unused parameter'),
                                  ('smtpd_reject_unlisted_sender = no', ''),
                                  ('srs_destination_recipient_limit = 1', '')):
                with self.subTest(path, setting=setting):
                    found = self.checker.of_text(self.printed(path, text % setting).settings)
                    self.assertIn(want, found)
                    self.assertEqual(found == '', want == '')


if __name__ == '__main__':
    if postfix.unavailable():
        tap.skip_all(postfix.unavailable())
    tap.main()
