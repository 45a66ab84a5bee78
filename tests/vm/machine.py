# SPDX-License-Identifier: ISC
"""machine - a virtual machine in qemu: one processor, 1 GB, a disk, and no network card.

Its disk is a layer over the disk of the release, and has snapshots of the running machine, so that
each stage starts in a booted machine within seconds. Commands reach the agent in the machine over a
virtio-serial port. All waiting has a deadline; when it is over, the end of the console is shown.
"""

import base64
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import termios
import time
import tty

from images import Failed

# An emulated processor on a busy machine: a boot takes a minute or two.
BOOT_TIMEOUT = 900
COMMAND_TIMEOUT = 600
SNAPSHOT_TIMEOUT = 300
# Without audit, neither seccomp nor AppArmor reports anything, and no report may be dropped. The
# check of the timer fails, and the kernel panics, if the host has too little time for the machine.
KERNEL_OPTIONS = ('root=/dev/vda rw console=ttyS0 security=apparmor audit=1 '
                  'audit_backlog_limit=8192 sysctl.kernel.printk_ratelimit=0 no_timer_check')
LEAVE = b'\x1d'         # Ctrl-]


class Hung(Failed):
    """Nothing was heard for too long."""


class LineSocket:
    """JSON, line by line, over a unix socket on which qemu listens."""

    def __init__(self, path, process):
        end = time.monotonic() + 60
        self.sock = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.sock.connect(path)
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise Failed('qemu did not start') from None
                time.sleep(0.05)
        self.bytes = b''

    def send(self, **message):
        self.sock.settimeout(COMMAND_TIMEOUT)
        self.sock.sendall(json.dumps(message).encode() + b'\n')

    def receive(self, end):
        """The next message; None at the deadline, EOFError if qemu has ended."""
        while b'\n' not in self.bytes:
            if not select.select([self.sock], [], [], max(0, end - time.monotonic()))[0]:
                return None
            piece = self.sock.recv(65536)
            if not piece:
                raise EOFError
            self.bytes += piece
        line, self.bytes = self.bytes.split(b'\n', 1)
        try:
            return json.loads(line)
        except ValueError:
            return {}           # the rest of a line that was on its way at a snapshot


def has_kvm():
    """A stock kernel runs under KVM only where the processor itself helps."""
    try:
        with open('/proc/cpuinfo', encoding='ascii', errors='replace') as file:
            flags = file.read().split()
    except OSError:
        return False
    return os.access('/dev/kvm', os.R_OK | os.W_OK) and ('vmx' in flags or 'svm' in flags)


class Machine:
    """`folder` takes the disk, the console log and the sockets."""

    def __init__(self, release, folder):
        self.release = release
        self.folder = folder
        self.disk = os.path.join(folder, 'disk.qcow2')
        self.console = os.path.join(folder, 'console.log')
        self.process = self.monitor = self.agent = None
        self.number = 0
        self.boot_id = None
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    # -- the disk and its snapshots

    def create_disk(self):
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b',
                        os.path.abspath(self.release.disk), self.disk], check=True)

    def has_snapshot(self, name):
        if not os.path.exists(self.disk):
            return False
        listed = subprocess.run(['qemu-img', 'info', '-U', '--output=json', self.disk],
                                stdout=subprocess.PIPE, check=True).stdout
        return name in [each['name'] for each in json.loads(listed).get('snapshots', [])]

    def save(self, name):
        """Keep the whole machine as it is now."""
        self.succeed('sync')
        self.command_monitor('savevm ' + name)

    def restore(self, name):
        """Continue from a snapshot, in a new qemu.

        In the old one, the clock of the emulated processor would jump by the time since the
        snapshot, so that watchdogs in the machine expire.
        """
        self.stop()
        self.launch(paused=True)
        self.command_monitor('loadvm ' + name)
        self.ask_monitor('cont')
        self.succeed('date', '-s', '@%d' % time.time())

    def restore_disk(self, name):
        """Only the disk of a snapshot, for a cold start."""
        subprocess.run(['qemu-img', 'snapshot', '-q', '-a', name, self.disk], check=True)

    # -- qemu

    def launch(self, kernel_options='', paused=False):
        accelerator = ['-accel', 'kvm', '-cpu', 'host'] if has_kvm() else [
            '-accel', 'tcg,tb-size=256', '-cpu', 'max']
        sockets = {name: self.path(name + '.sock') for name in ('monitor', 'agent', 'console')}
        for path in sockets.values():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        socket_options = ',server=on,wait=off'
        command = [
            'nice', '-n', '5', 'qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display',
            'none', '-nic', 'none', '-machine', 'q35', *accelerator, '-smp', '1', '-m', '1024',
            '-drive', 'file=%s,if=virtio,format=qcow2' % self.disk, '-device', 'virtio-rng-pci',
            '-chardev', 'socket,id=console,path=%s,logfile=%s,logappend=on%s' % (
                sockets['console'], self.console, socket_options),
            '-serial', 'chardev:console',
            '-chardev', 'socket,id=agent,path=%s%s' % (sockets['agent'], socket_options),
            '-device', 'virtio-serial-pci',
            '-device', 'virtserialport,chardev=agent,name=srsd.agent',
            '-qmp', 'unix:%s%s' % (sockets['monitor'], socket_options),
            '-kernel', self.release.kernel, '-initrd', self.release.initrd, '-append',
            KERNEL_OPTIONS + ' ' + kernel_options,
            *(['-S'] if paused else [])]
        with open(self.path('qemu.log'), 'ab') as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        try:
            self.agent = LineSocket(sockets['agent'], self.process)
            self.monitor = LineSocket(sockets['monitor'], self.process)
        except Failed as error:
            raise Failed('%s; see %s' % (error, self.path('qemu.log'))) from None
        self.monitor.receive(time.monotonic() + 60)
        self.ask_monitor('qmp_capabilities')

    def boot(self, kernel_options=''):
        """A cold start from the disk."""
        if self.process is None:
            self.launch(kernel_options)
        self.wait_boot()

    def wait_boot(self):
        """Until systemd has started everything."""
        end = time.monotonic() + BOOT_TIMEOUT
        while True:
            message = self.receive(end)
            if message.get('boot') not in (None, self.boot_id):
                self.boot_id = message['boot']
                break
        self.run('systemctl', 'is-system-running', '--wait', timeout=BOOT_TIMEOUT)

    def reboot(self):
        """As an administrator does it."""
        self.run('systemctl', '--no-block', 'reboot')
        self.wait_boot()

    def reset(self, kernel_options=''):
        """As a power failure does it: what the machine has not written to its disk is lost."""
        self.stop()
        self.boot(kernel_options)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for each in (self.agent, self.monitor):
            if each is not None:
                each.sock.close()
        self.process = self.agent = self.monitor = None

    def ask_monitor(self, command, **arguments):
        self.monitor.send(execute=command, arguments=arguments)
        end = time.monotonic() + SNAPSHOT_TIMEOUT
        while True:
            reply = self.monitor.receive(end)
            if reply is None:
                raise Hung('qemu did not answer %s' % command)
            if 'error' in reply:
                raise Failed('qemu: %s: %s' % (command, reply['error']['desc']))
            if 'return' in reply:
                return reply['return']

    def command_monitor(self, line):
        said = self.ask_monitor('human-monitor-command', **{'command-line': line})
        if said:
            raise Failed('qemu: %s: %s' % (line, said.strip()))

    # -- commands in the machine

    def receive(self, end):
        try:
            message = self.agent.receive(end)
        except (EOFError, ConnectionError):
            raise Failed('qemu has ended; see %s' % self.path('qemu.log')) from None
        if message is None:
            raise Hung('the machine did not answer in time')
        return message

    def ask(self, each_line, wait, **request):
        """Send a request, and pass on its output for at most `wait` seconds; -> its status"""
        self.number += 1
        self.agent.send(id=self.number, **request)
        end = time.monotonic() + wait
        while True:
            message = self.receive(end)
            if message.get('id') != self.number:
                continue
            if 'status' in message:
                return message['status']
            each_line(message['line'])

    def run(self, *command, timeout=COMMAND_TIMEOUT, each_line=lambda line: None):
        """-> its status; 124 if it was killed because it took longer than `timeout`"""
        # The agent ends the command itself; only a machine that hangs needs the other deadline.
        return self.ask(each_line, timeout + 60, run=command, timeout=timeout)

    def succeed(self, *command, timeout=COMMAND_TIMEOUT):
        """-> its output"""
        lines = []
        status = self.run(*command, timeout=timeout, each_line=lines.append)
        if status != 0:
            raise Failed('%s: status %s\n%s' % (' '.join(command), status, '\n'.join(lines)))
        return '\n'.join(lines)

    def put(self, source, target):
        """Copy a file into it."""
        with open(source, 'rb') as file:
            data = base64.b64encode(file.read()).decode()
        if self.ask(lambda line: None, COMMAND_TIMEOUT, put=target, data=data) != 0:
            raise Failed('%s could not be copied into the machine' % source)

    # -- the console

    def console_tail(self, count=40):
        try:
            with open(self.console, encoding='utf-8', errors='replace') as file:
                return file.read().splitlines()[-count:]
        except FileNotFoundError:
            return []

    def interact(self):
        """Connect this terminal to the console of the machine, until Ctrl-]."""
        with socket.socket(socket.AF_UNIX) as console:
            console.connect(self.path('console.sock'))
            console.sendall(b'\n')
            before = termios.tcgetattr(sys.stdin)
            tty.setraw(sys.stdin)
            try:
                self.copy_terminal(console)
            finally:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    @staticmethod
    def copy_terminal(console):
        while True:
            ready = select.select([console, sys.stdin], [], [])[0]
            if console in ready:
                data = console.recv(4096)
                if not data:
                    return
                os.write(sys.stdout.fileno(), data)
            if sys.stdin in ready:
                data = os.read(sys.stdin.fileno(), 1024)
                if not data or LEAVE in data:
                    return
                console.sendall(data)
