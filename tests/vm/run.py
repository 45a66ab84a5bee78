#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""run - test the package on a Debian that boots: systemd, AppArmor, Postfix, power failures.

Builds the package of this checkout for a Debian release, and a disk with that release; boots it in
qemu without a network card, and runs the stages in it. Each stage starts from a snapshot of the
machine, so that none depends on another. Needs root. The first run downloads a few hundred
megabytes; later runs build only what has changed. Without KVM the processor is emulated: allow an
hour for all stages.
"""

import argparse
import importlib
import io
import os
import re
import shutil
import signal
import sys
import tarfile
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, os.pardir)]

import images
from machine import BOOT_TIMEOUT, Machine

SKIPPED = 77            # the exit status if something is missing, as for automake
STAGE_TIMEOUT = 1800
INSIDE = '/srv/srsd'


def say(text):
    """A comment in TAP."""
    print('# ' + text, flush=True)


class Counts:
    """The results of all stages, printed as one TAP document."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def number(self):
        return self.passed + self.failed + self.skipped

    def add(self, stage, line):
        """A line of TAP from a stage."""
        found = re.match(r'(ok|not ok) \d+ - (.*)', line)
        if not found:
            if not re.match(r'1\.\.\d', line):
                print(line, flush=True)
            return
        if found[1] == 'not ok':
            self.failed += 1
        elif '# SKIP' in found[2]:
            self.skipped += 1
        else:
            self.passed += 1
        print('%s %d - %s: %s' % (found[1], self.number(), stage, found[2]), flush=True)

    def finish(self):
        print('1..%d' % self.number())
        print('%d passed, %d failed, %d skipped' % (self.passed, self.failed, self.skipped))
        return 1 if self.failed or not self.number() else 0


class Stage:
    """A file of stages/, and the machine that it runs in.

    A stage is a module with test cases that run in the machine, in the order of the file. If there
    has to be a reboot between two of them, it has a function drive(stage), which runs on the host
    and calls the methods below.
    """

    def __init__(self, name, machine, counts):
        self.name = name
        self.machine = machine
        self.counts = counts
        self.module = importlib.import_module('stages.' + name)
        self.start = getattr(self.module, 'START', 'installed')

    def run(self):
        if self.start is not None:
            self.machine.restore(self.start)
            self.prepared(self.start)
        getattr(self.module, 'drive', Stage.check_all)(self)

    def check_all(self):
        """All classes of test cases, except base classes, whose names end in Case."""
        self.check(*(name for name, value in vars(self.module).items()
                     if isinstance(value, type) and issubclass(value, unittest.TestCase) and
                     not name.endswith('Case')))

    def start_cold(self, snapshot, kernel_options):
        """Boot the disk of a snapshot with options of the kernel, in place of START."""
        self.machine.stop()
        self.machine.restore_disk(snapshot)
        self.machine.boot(kernel_options)
        self.prepared(snapshot)

    def prepared(self, snapshot):
        if snapshot == 'booted':
            put_packages(self.machine)
        put_tests(self.machine)

    def check(self, *classes):
        """Run these test cases in the machine."""
        for each in classes:
            before = self.counts.number()
            status = self.machine.run(
                'python3', INSIDE + '/tests/vm/guest.py', self.name, '.%s.' % each,
                timeout=STAGE_TIMEOUT, each_line=lambda line: self.counts.add(self.name, line))
            if status not in (0, 1) or self.counts.number() == before:
                self.fail('%s ended with status %d' % (each, status))

    def call(self, function, *words, each_line):
        """Run a function of the stage in the machine."""
        return self.machine.run('python3', INSIDE + '/tests/vm/guest.py', self.name, function,
                                *words, timeout=STAGE_TIMEOUT, each_line=each_line)

    def result(self, true, name, why=''):
        """A case that was decided on the host."""
        self.counts.add(self.name, '%s 0 - %s' % ('ok' if true else 'not ok', name))
        if not true:
            for line in why.splitlines():
                say(line)

    def fail(self, why):
        self.counts.add(self.name, 'not ok 0 - ' + why)


def stage_names():
    """The installation first: if that fails, so do the others."""
    return sorted((name[:-3] for name in os.listdir(os.path.join(HERE, 'stages'))
                   if name.endswith('.py')),
                  key=lambda name: (name != 'install', name))


# -- the machine ---------------------------------------------------------------

def put_tests(machine):
    """Copy the stages, the harness and contrib into it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode='w:gz') as archive:
        for name in images.checkout_files():
            if name.startswith(('tests/harness/', 'tests/vm/', 'contrib/')):
                archive.add(os.path.join(images.TOP, name), name)
    with tempfile.NamedTemporaryFile() as file:
        file.write(packed.getvalue())
        file.flush()
        machine.put(file.name, '/srv/tests.tar.gz')
    machine.succeed('mkdir', '-p', INSIDE)
    machine.succeed('tar', '-xzf', '/srv/tests.tar.gz', '-C', INSIDE)
    machine.succeed('sync')         # a stage may reset the machine


def put_packages(machine):
    for path in (machine.release.package, machine.release.older):
        machine.put(path, '%s/%s' % (INSIDE, os.path.basename(path)))


def boot_machine(machine):
    say('Booting %s ...' % machine.release.name)
    machine.stop()
    machine.create_disk()
    machine.boot()
    machine.save('booted')


def install_package(machine):
    say('Installing the package in it ...')
    machine.restore('booted')
    put_packages(machine)
    machine.succeed('apt-get', '-y', 'install', INSIDE + '/srsd.deb', timeout=BOOT_TIMEOUT)
    machine.save('installed')


def prepare_machine(machine):
    """The snapshots that the stages start from."""
    if not machine.has_snapshot('booted'):
        boot_machine(machine)
    key = images.digest_file(machine.release.package)
    with machine.release.unless_known('installed', key) as wanted:
        if wanted or not machine.has_snapshot('installed'):
            install_package(machine)


# -- the command ---------------------------------------------------------------

def parse_arguments():
    stages = '\n'.join('  %-12s %s' % (name, first_line(name)) for name in stage_names())
    parser = argparse.ArgumentParser(
        prog='run.py', description=__doc__, epilog='stages:\n' + stages,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--release', choices=images.RELEASES, default=images.RELEASES[0],
                        help='the Debian release (default: %(default)s)')
    parser.add_argument('--build', default=os.path.join(images.TOP, 'build-vm'), metavar='DIR',
                        help='directory for disks and packages (default: build-vm)')
    parser.add_argument('--keep', action='store_true',
                        help='keep the disk as the last stage left it, as kept.qcow2')
    parser.add_argument('--shell', action='store_true',
                        help='after the stages, or without any, connect to the console')
    parser.add_argument('stages', nargs='*', metavar='STAGE', help='default: all')
    arguments = parser.parse_args()
    for name in set(arguments.stages) - set(stage_names()):
        parser.error('there is no stage %s; the stages are: %s' % (name, ' '.join(stage_names())))
    return arguments


def first_line(name):
    with open(os.path.join(HERE, 'stages', name + '.py'), encoding='utf-8') as file:
        return re.search(r'"""(.*?)\.?(?:"""|\n)', file.read())[1]


def missing():
    """Why it cannot run here, in one line; None if it can."""
    packages = images.missing_tools()
    if packages:
        return 'needs these packages: ' + ' '.join(packages)
    if os.geteuid() != 0:
        return 'needs root, to create the root directories of the machine'
    return None


def run_stages(names, machine, counts):
    for name in names:
        say('%s: %s' % (name, first_line(name)))
        stage = Stage(name, machine, counts)
        try:
            stage.run()
        except images.Failed as error:
            stage.fail(str(error).splitlines()[0])
            explain(error, machine)


def explain(error, machine):
    """The rest of an error, and what the machine has said last."""
    for line in [*str(error).splitlines()[1:], '-- the end of the console',
                 *machine.console_tail()]:
        say(line)


def open_shell(stages, machine):
    if not stages:
        machine.restore('installed')
        put_tests(machine)
    print('This is the console of the machine; root needs no password. Ctrl-] leaves it.')
    machine.interact()


def run(arguments, counts):
    """-> whether there was anything to count"""
    release = images.Release(arguments.release, os.path.abspath(arguments.build), say)
    machine = Machine(release, release.folder)
    stages = arguments.stages or ([] if arguments.shell else stage_names())
    try:
        release.prepare()
        prepare_machine(machine)
        run_stages(stages, machine, counts)
        if arguments.shell:
            open_shell(stages, machine)
    except images.Failed as error:
        counts.add('preparation', 'not ok 0 - ' + str(error).splitlines()[0])
        explain(error, machine)
    finally:
        machine.stop()
        if arguments.keep and os.path.exists(machine.disk):
            shutil.copy(machine.disk, machine.path('kept.qcow2'))
    return bool(stages) or counts.failed > 0


def main():
    arguments = parse_arguments()
    why = missing()
    if why:
        print('run.py: ' + why)
        return SKIPPED
    lock = images.lock(arguments.build)
    if lock is None:
        print('run.py: another run uses ' + arguments.build)
        return 1
    # As after Ctrl-C, so that no qemu stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    counts = Counts()
    return counts.finish() if run(arguments, counts) else 0


if __name__ == '__main__':
    sys.exit(main())
