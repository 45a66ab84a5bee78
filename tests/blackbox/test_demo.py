#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""contrib/demo: each command that it prints shows what it says, and all processes end with it."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.daemon import TOP, WAIT, Folder, binary, free_port, is_root, process_tree

CONTRIB = os.path.join(os.environ.get('abs_top_srcdir', str(TOP)), 'contrib')
LAST_LINE = 'Ctrl-C stops srsd.\n'
COMMAND = re.compile(r'(?m)^    (\S.*)\n        (.*)$')


def load_demo():
    loader = importlib.machinery.SourceFileLoader('demo', os.path.join(CONTRIB, 'demo'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('demo', loader))
    loader.exec_module(module)
    return module


def without_signatures(text):
    """What srsctl prints, without the parts that depend on the secret and the date."""
    return re.sub(r'SRS0=\w{4}=\w\w|  signed with \w+', '', text)


def free_ports():
    """The first of three ports in a row that are unused."""
    while True:
        first = free_port()
        if load_demo().ports_from(first):
            return first


class DemoCase(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        self.build = self.folder.subfolder('the build')
        programs = self.folder.subfolder('the build/srsd')
        for name in ('srsd', 'srsctl'):
            os.symlink(os.path.join(os.path.dirname(binary()), name), os.path.join(programs, name))

    def start(self, *arguments):
        options = [os.environ.get('ASAN_OPTIONS', '')] + ['detect_leaks=0'] * is_root()
        process = subprocess.Popen(
            [os.path.join(CONTRIB, 'demo'), *arguments, self.build], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, 'ASAN_OPTIONS': ':'.join(filter(None, options))})
        self.addCleanup(process.communicate)
        self.addCleanup(process.terminate)
        return process

    def start_ready(self):
        """Start a demo; -> the process, and the text that it prints when srsd is ready."""
        port = free_ports()
        process = self.start('--port', str(port))
        text = ''
        for line in process.stdout:
            text += line
            if line == LAST_LINE:
                return process, text
        self.fail('it printed only %r, and on standard error %r' % (text, process.stderr.read()))

    def path(self, name):
        return os.path.join(self.build, 'demo', name)


class Commands(DemoCase):
    def test_show_what_they_say(self):
        _process, text = self.start_ready()
        directory = re.search(r'(?m)^    cd (.*)$', text).group(1)
        rows = COMMAND.findall(text)
        for number, (command, shown) in enumerate(rows, 1):
            with self.subTest('command %d' % number):
                done = subprocess.run(['sh', '-c', 'cd %s && %s' % (directory, command)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=WAIT)
                if not any(line.startswith(shown) for line in done.stdout.splitlines()):
                    self.fail('%s does not show %s, but %s' % (command, shown, done.stdout))
        for shown, pattern in zip((shown for _, shown in rows), (
                r'SRS0=\w{4}=\w\w=example\.org=alice@srs\.example\.net', r'alice@example\.org',
                r'action=550 5\.1\.1 unknown SRS address', r'mailfrom .*: pass by ip4:.*',
                r'action=550 5\.7\.23 SPF .*'), strict=True):
            with self.subTest(pattern):
                self.assertRegex(shown, r'\A%s\Z' % pattern)

    def test_readme_shows_them(self):
        """The commands in README.md, and what they print, with another secret and date."""
        _process, text = self.start_ready()
        printed = COMMAND.findall(without_signatures(text.replace("'the build/demo'", 'demo')))
        with open(os.path.join(CONTRIB, os.pardir, 'README.md'), encoding='utf-8') as file:
            readme = re.findall(r'(?m)^    \$ build-run/(.*?)(?: +# .*)?\n    (.*)$',
                                file.read().replace('<build-run/', '<'))
        self.assertEqual(len(readme), 4)
        for command, shown in readme:
            with self.subTest(command):
                found = (without_signatures(command), without_signatures(shown)) in printed
                self.assertTrue(found, 'contrib/demo does not print this command and its result')

    def test_check(self):
        """The demo is an example of a right configuration, for those who try srsctl check in it."""
        address = load_demo().own_address()
        if address == '127.0.0.1':
            self.skipTest('this host has no address')
        self.start_ready()
        checked = subprocess.run([self.path('srsctl'), 'check', '--postfix', '/nonexistent'],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, timeout=WAIT, check=False)
        self.assertIn('\nok: SPF of srs.example.net for %s: pass\n' % address, checked.stdout)
        self.assertRegex(checked.stdout, r'\n[01] errors?, 0 warnings, .*\n\Z')
        self.assertNotRegex(checked.stdout, '(?m)^(error|warning): (?!.*/nonexistent)')

    def test_manuals_exist(self):
        _process, text = self.start_ready()
        directory = re.search(r'(?m)^    cd (.*)$', text).group(1).strip("'")
        names = re.search(r'(?m)^The manuals: man (.*)$', text).group(1).split()
        self.assertEqual([os.path.basename(name) for name in names],
                         ['srsd.8', 'srsctl.8', 'srsd.conf.5'])
        for name in names:
            with self.subTest(os.path.basename(name)):
                self.assertIn('/', name)        # otherwise man(1) looks for an installed page
                self.assertTrue(os.path.exists(os.path.join(directory, name)))

    def test_secret_is_private_and_stays(self):
        secrets = []
        for _ in range(2):
            process, _text = self.start_ready()
            self.assertIn(stat.S_IMODE(os.stat(self.path('secret')).st_mode), (0o600, 0o640))
            with open(self.path('secret'), encoding='ascii') as file:
                secrets.append(file.read())
            process.terminate()
            process.communicate(timeout=WAIT)
        self.assertEqual(*secrets)


class End(DemoCase):
    def test_signals(self):
        """Ctrl-C reaches all processes of the terminal, the others only this one."""
        for number, kill in ((signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill),
                             (signal.SIGHUP, os.kill)):
            with self.subTest(number.name):
                process, _text = self.start_ready()
                processes = process_tree(process.pid)
                self.assertGreater(len(processes), 2)
                kill(process.pid, number)
                _output, errors = process.communicate(timeout=WAIT)
                self.assertEqual(process.returncode, 0, errors)
                self.assertRegex(errors, r'srsd: stopped\n\Z')
                self.assertNotIn('warning', errors)
                self.assertEqual([pid for pid in processes if os.path.exists('/proc/%d' % pid)], [])

    def test_daemon_does_not_start(self):
        """Its error is all that is printed."""
        os.remove(os.path.join(self.build, 'srsd', 'srsd'))
        with open(os.path.join(self.build, 'srsd', 'srsd'), 'w', encoding='ascii') as file:
            file.write('#!/bin/sh\necho no >&2\nexit 7\n')
        os.chmod(file.name, 0o755)
        process = self.start('--port', str(free_ports()))
        self.assertEqual((*process.communicate(timeout=WAIT), process.returncode), ('', 'no\n', 7))


class Ports(DemoCase):
    def test_given_port_in_use(self):
        with socket.socket() as sock:
            port = free_ports()
            sock.bind(('127.0.0.1', port + 2))
            process = self.start('--port', str(port))
            output, errors = process.communicate(timeout=WAIT)
        self.assertEqual((output, process.returncode), ('', 1))
        self.assertRegex(errors, r'\Ademo: cannot use all of the ports %d to %d .*--port\n\Z'
                         % (port, port + 2))

    def test_usual_port_in_use(self):
        demo = load_demo()
        output = io.StringIO()
        with socket.socket() as sock, contextlib.redirect_stdout(output):
            demo.PORT = free_ports()
            sock.bind(('127.0.0.1', demo.PORT))
            first, *rest = demo.choose_ports(0)
        self.assertEqual(rest, [first + 1, first + 2])
        self.assertNotEqual(first, demo.PORT)
        self.assertIn('uses %d to %d' % (first, rest[-1]), output.getvalue())

    def test_no_such_port(self):
        for port in (65535, 99999):
            with self.subTest(port):
                process = self.start('--port', str(port))
                output, errors = process.communicate(timeout=WAIT)
                self.assertEqual((output, process.returncode), ('', 1))
                self.assertIn(str(port), errors)


class Run(unittest.TestCase):
    def run_it(self, *arguments):
        done = subprocess.run([os.path.join(CONTRIB, 'run'), *arguments], text=True, timeout=WAIT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_help(self):
        for option in ('-h', '--help'):
            with self.subTest(option):
                status, output, errors = self.run_it(option)
                self.assertEqual((status, errors), (0, ''))
                self.assertRegex(output, r'\Ausage: run \[--port PORT\]\n')

    def test_errors(self):
        for arguments, word in ((['-x'], '-x'), (['--port'], '--port'), (['--port', 'x'], "'x'"),
                                (['--port='], '--port'), (['--port=-1'], "'-1'"), (['x'], 'x')):
            with self.subTest(' '.join(arguments)):
                status, output, errors = self.run_it(*arguments)
                self.assertEqual((status, output), (1, ''))
                self.assertRegex(errors, r'\Arun: [^\n]*%s[^\n]*\n\Z' % word)


if __name__ == '__main__':
    tap.main()
