#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""guest - what the stages use inside the machine, and the program that runs one of them there.

    guest.py STAGE [CLASS.[TEST]]...
    guest.py STAGE FUNCTION [ARGUMENT]...
"""

import importlib
import json
import os
import re
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.clients import MapClient, PolicyClient

CONF = '/etc/srsd/srsd.conf'
SECRET = '/etc/srsd/srsd.secret'
PACKAGE, OLDER = '/srv/srsd/srsd.deb', '/srv/srsd/srsd-older.deb'
CONTRIB = '/srv/srsd/contrib'
FORWARD, REVERSE, POLICY = (('127.0.0.1', port) for port in (10001, 10002, 10003))
SOCKETS = ('srsd-forward.socket', 'srsd-reverse.socket', 'srsd-policy.socket')
DOMAIN = 'our.test'
WAIT = 180              # seconds for something that takes one or two on a real processor
ENVIRONMENT = {**os.environ, 'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
               'DEBIAN_FRONTEND': 'noninteractive', 'SYSTEMD_PAGER': 'cat'}


# -- commands and files ------------------------------------------------------

def run(*words, **options):
    """-> CompletedProcess, with everything that it printed in stdout"""
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='backslashreplace',
                          check=False, env=ENVIRONMENT, timeout=5 * WAIT, **options)


def succeed(*words):
    """-> what it printed, without the last newline"""
    done = run(*words)
    if done.returncode != 0:
        raise AssertionError('%s: status %s\n%s' % (' '.join(words), done.returncode, done.stdout))
    return done.stdout.rstrip('\n')


def read(path):
    with open(path, encoding='utf-8', errors='backslashreplace') as file:
        return file.read()


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, mode)


def wait_until(true, what):
    """Until true() returns something, which is returned; AssertionError after a long time."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError('waited in vain: ' + what)


# -- systemd -----------------------------------------------------------------

def show(unit, name):
    return succeed('systemctl', 'show', '--value', '--property', name, unit)


def is_active(unit='srsd'):
    return show(unit, 'ActiveState') == 'active'


def wait_active(unit='srsd'):
    wait_until(lambda: is_active(unit), unit + ' is active')


def monitor():
    """The process id of the monitor, 0 if it does not run."""
    return int(show('srsd', 'MainPID'))


def engine():
    """The process id of the engine that serves now."""
    return wait_until(find_engine, 'an engine serves')


def find_engine():
    done = run('srsctl', 'status', '--json')
    return json.loads(done.stdout)['pid'] if done.returncode == 0 else None


def drop_in(unit, text):
    """Settings of this machine for a unit; an empty text removes them."""
    path = '/etc/systemd/system/%s.d/vm.conf' % unit
    if text:
        write(path, text)
    elif os.path.exists(path):
        os.unlink(path)
    succeed('systemctl', 'daemon-reload')


# -- logs ----------------------------------------------------------------------

class Journal:
    """What is logged from now on."""

    def __init__(self, unit='srsd.service'):
        self.unit = unit
        self.cursor = succeed('journalctl', '-n', '0', '--show-cursor').split('cursor: ')[1].strip()

    def entries(self):
        """All fields of each line of the unit, and of systemd about it.

        After a restart of journald, journalctl -u of systemd 252 finds nothing after a cursor.
        """
        succeed('journalctl', '--sync')
        lines = succeed('journalctl', '--after-cursor', self.cursor, '-o', 'json')
        entries = [json.loads(line) for line in lines.splitlines() if line.startswith('{')]
        return [entry for entry in entries
                if self.unit in (entry.get('_SYSTEMD_UNIT'), entry.get('UNIT'))]

    def text(self):
        return '\n'.join(str(entry.get('MESSAGE', '')) for entry in self.entries())

    def wait(self, pattern):
        """Until a line matches; -> its fields"""
        def find():
            return next((entry for entry in self.entries()
                         if re.search(pattern, str(entry.get('MESSAGE', '')))), None)
        return wait_until(find, 'the journal has a line that matches ' + pattern)


def kernel_lines(pattern):
    """The lines of the kernel and of audit since the boot that match."""
    text = succeed('journalctl', '-b', '-o', 'cat', '_TRANSPORT=kernel', '+', '_TRANSPORT=audit')
    return [line for line in text.splitlines() if re.search(pattern, line)]


def violations():
    """What seccomp (type 1326) and AppArmor did not allow srsd and srsctl."""
    return kernel_lines(r'(type=1326|SECCOMP|apparmor="DENIED").*(srsd|srsctl)')


# -- srsd ------------------------------------------------------------------------

def configure(*lines):
    """Write srsd.conf: the SRS domain, and these lines."""
    write(CONF, 'srs-domain = "%s"\n%s' % (DOMAIN, ''.join(line + '\n' for line in lines)))


def forward(key='alice@origin.test'):
    with MapClient(FORWARD) as client:
        return client.address(key)


def reverse(key):
    with MapClient(REVERSE) as client:
        return client.address(key)


def ask_policy(**attributes):
    with PolicyClient(POLICY) as client:
        return client.ask(**attributes)


class GuestCase(unittest.TestCase):
    """The last case of each class is that the kernel refused nothing since the boot."""

    maxDiff = None

    def assert_answers(self):
        """All three services do, and an address goes both ways."""
        address = forward()
        self.assertRegex(address, '^SRS0=.*@%s$' % re.escape(DOMAIN))
        self.assertEqual(reverse(address), 'alice@origin.test')
        self.assertEqual(ask_policy(client_address='127.0.0.1', recipient='b@' + DOMAIN), 'DUNNO')

    def assert_status(self, status, *words):
        done = run(*words)
        self.assertEqual(done.returncode, status, '%s\n%s' % (' '.join(words), done.stdout))
        return done.stdout

    def test_zz_kernel_refused_nothing(self):
        self.assertEqual(violations(), [])


def journal_tail():
    lines = run('journalctl', '-b', '-n', '100').stdout.splitlines()
    return ['-- the end of the journal',
            *[line for line in lines if 'client request to sync journal' not in line][-25:]]


def main():
    stage, *names = sys.argv[1:]
    sys.modules.setdefault('guest', sys.modules['__main__'])
    tap.diagnostics.append(journal_tail)
    module = importlib.import_module('stages.' + stage)
    function = getattr(module, names[0], None) if names else None
    if callable(function) and not isinstance(function, type):
        function(*names[1:])
    else:
        tap.main(module, names)


if __name__ == '__main__':
    main()
