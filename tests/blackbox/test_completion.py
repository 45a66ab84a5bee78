#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The completion of srsctl in bash, zsh and fish, with the files that are installed."""

import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import build, tap
from harness.daemon import TOP, Folder, reachable_binary, run

SOURCES = os.path.join(str(TOP), 'contrib', 'completion')

WAIT = 60


def table():
    """-> {command: its options}, as srsctl help prints them."""
    names = re.findall('(?m)^  ([a-z]+(?: [a-z]+)?)  ',
                       run('help', program='srsctl').stdout.split('\ncommands:\n')[1])
    return {name: re.findall('(?m)^  (?:-.,|   ) (--[a-z-]+)',
                             run('help', *name.split(), program='srsctl').stdout)
            for name in names}


class Shell:
    """What the shells have in common: offered(words) -> the candidates for the last word."""
    name = None
    file = None

    def setUp(self):
        if shutil.which(self.name) is None:
            self.skipTest(self.name + ' is not installed')
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        program = os.path.join(self.folder.path, 'srsctl')
        os.symlink(reachable_binary('srsctl'), program)
        self.environment = dict(os.environ, PATH='%s:%s' % (os.path.dirname(program),
                                                            os.environ['PATH']),
                                HOME=os.path.dirname(program), TERM='dumb')
        self.environment.pop('ZDOTDIR', None)
        self.source = os.path.join(SOURCES, self.file)

    def shell(self, *arguments):
        done = subprocess.run([self.name, *arguments], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=self.environment['HOME'],
                              timeout=WAIT)
        return done.stdout

    def test_syntax(self):
        done = subprocess.run([self.name, '-n', self.source], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ''))

    def test_case(self):
        for words, want in ((['sta'], ['status']), (['secret', 'p'], ['promote']),
                            (['spf', '--en'], ['--engine']),
                            (['spf', '--engine', 'lib'], ['libspf2']),
                            (['--json', 'rel'], ['reload'])):
            with self.subTest(' '.join(words)):
                self.assertEqual(self.offered(*words), want)

    def test_files(self):
        self.folder.file('some.conf')
        self.assertIn('some.conf', ' '.join(self.offered('-f', 'some')))


class Bash(Shell, unittest.TestCase):
    name = 'bash'
    file = 'srsctl.bash'

    def offered(self, *words):
        script = ('compopt() { REPLIES=$2; }; . %s; COMP_WORDS=(srsctl %s); COMP_CWORD=%d; _srsctl; '
                  '[ "$REPLIES" != default ] || COMPREPLY=($(compgen -f -- %s)); '
                  'printf "%%s\\n" "${COMPREPLY[@]}"'
                  % (shlex.quote(self.source), shlex.join(words), len(words),
                     shlex.quote(words[-1])))
        return self.shell('--norc', '-c', script).split()

    def test_equals_sign(self):
        """Bash cuts a word at it."""
        self.assertEqual(self.offered('spf', '--engine', '=', 'nat'), ['native'])
        self.assertEqual(self.offered('spf', '--engine', '='), ['native', 'libspf2', 'both'])

    def test_table(self):
        """All names and options of the table, and no other."""
        commands = table()
        self.assertGreater(len(commands), 15)
        self.assertEqual(sorted(self.offered('')), sorted({name.split()[0] for name in commands}))
        self.assertEqual(sorted(self.offered('--')), sorted(
            {option for options in commands.values() for option in options}))
        for first in {name.split()[0] for name in commands if ' ' in name}:
            self.assertEqual(self.offered(first, ''), sorted(
                name.split()[1] for name in commands if name.split()[0] == first))
        for name, options in commands.items():
            if name != 'help':
                with self.subTest(name):
                    self.assertEqual(sorted(self.offered(*name.split(), '--')), sorted(options))


class Zsh(Shell, unittest.TestCase):
    name = 'zsh'
    file = '_srsctl'

    def offered(self, *words):
        """What the line editor makes of the words after a tab: one candidate is inserted."""
        leader, follower = pty.openpty()
        self.addCleanup(os.close, leader)
        self.folder.file('.zshrc', (
            'PROMPT=\nfpath=(%s $fpath)\nautoload -U compinit\ncompinit -u -D\n'
            'show() { print -r -- "<<$BUFFER>>"; exit; }\nzle -N show\nbindkey "^X" show\n'
            'zle-line-init() { print READY; }\nzle -N zle-line-init\n' % shlex.quote(SOURCES)))
        with subprocess.Popen(['zsh', '-d', '-i'], stdin=follower, stdout=follower,
                              stderr=follower, env=self.environment,
                              cwd=self.environment['HOME'], start_new_session=True) as process:
            os.close(follower)
            self.read_until(leader, b'READY')
            os.write(leader, b'srsctl %s\t\x18' % shlex.join(words).encode())
            text = self.read_until(leader, b'>>')
            process.kill()
        line = re.findall('<<(.*?)>>', text)[-1]
        return shlex.split(line)[-1:]

    @staticmethod
    def read_until(descriptor, end):
        got = b''
        while end not in got:
            got += os.read(descriptor, 65536)
        return got.decode()


class Fish(Shell, unittest.TestCase):
    name = 'fish'
    file = 'srsctl.fish'

    def offered(self, *words):
        script = 'source %s; complete -C %s' % (
            shlex.quote(self.source), shlex.quote('srsctl ' + shlex.join(words)))
        return [line.split('\t')[0] for line in self.shell('--no-config', '-c', script).splitlines()]


class Installed(unittest.TestCase):
    def test_path(self):
        """The files that make installs have the path of srsctl that configure was given."""
        folder = os.path.join(build.directory(), 'contrib', 'completion', 'installed')
        for name, source in (('srsctl', 'srsctl.bash'), ('_srsctl', '_srsctl'),
                             ('srsctl.fish', 'srsctl.fish')):
            with open(os.path.join(folder, name), encoding='utf-8') as file:
                installed = file.read()
            with open(os.path.join(SOURCES, source), encoding='utf-8') as file:
                text = file.read()
            self.assertEqual(len(re.findall(r'/[\w./-]+/srsctl', installed)), 1)
            self.assertEqual(re.sub(r'/[\w./-]+/srsctl', '/usr/sbin/srsctl', installed), text)


if __name__ == '__main__':
    tap.main()
