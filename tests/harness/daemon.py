# SPDX-License-Identifier: ISC
"""daemon - start srsd in a private directory, talk to its services, stop it.

    with Daemon({'domains': ['our.test']}, spf={'test-only': True}, dns=server) as daemon:
        with daemon.forward_client() as forward:
            forward.get('alice@origin.test')        # '200 SRS0=...@srs.test'

The daemon reports readiness over a private NOTIFY_SOCKET, and a thread reads its log from a pipe,
so no test has to sleep. If the tests run as root, the daemon is started as the user `nobody`, from
a copy of the program that this user can execute. With as_root=True it is started as root, and drops
privileges itself. The program is that of the build directory, or $SRSD.
"""

import ctypes
import functools
import os
import pwd
import random
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from harness import build, tap
from harness.clients import MapClient, PolicyClient

TOP = build.TOP
WAIT = 60               # seconds until a wait for the daemon fails; never a measure of speed
TAIL = 40               # lines of the log shown with a failure
SECRET = 'a secret of the tests'
ORDINARY_USER = 'nobody'

# Executes the command argv[2:] with the descriptors argv[1] as those that sd_listen_fds(3) finds.
HAND_OVER = '''import os, sys
high = [os.dup2(int(fd), 200 + n) for n, fd in enumerate(sys.argv[1].split(','))]
for n, fd in enumerate(high):
    os.dup2(fd, 3 + n)
    os.close(fd)
os.environ['LISTEN_PID'] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
'''

# Printed by sanitizers, whatever their options are.
_SANITIZER = re.compile(r'AddressSanitizer|LeakSanitizer|runtime error:')


# The version of Ubuntu 22.04 leaks memory if a TCP connection ends in the middle of an answer.
_LOSES_MEMORY = b'1.13.1'


def libunbound_version():
    """The version of the installed library; b'' if there is none."""
    try:
        library = ctypes.CDLL('libunbound.so.8')
    except OSError:
        return b''
    library.ub_version.restype = ctypes.c_char_p
    return library.ub_version()


class StartFailed(AssertionError):
    """The daemon exited, or did not report readiness in time."""

    def __init__(self, status, log):
        super().__init__('srsd did not start, exit status %s:\n%s' % (status, log))
        self.status = status
        self.log = log


# -- program and directory --------------------------------------------------

def binary():
    if 'SRSD' in os.environ:
        return os.path.abspath(os.environ['SRSD'])
    program = build.path('srsd', 'srsd')
    if not os.path.exists(program):
        raise tap.BailOut('there is no %s; run make there' % program)
    return program


def is_root():
    return os.geteuid() == 0


_copies = {}


def reachable_binary(name='srsd'):
    """The path of a program that any user can execute: the build tree may be in a private home."""
    path = os.path.join(os.path.dirname(binary()), name) if name != 'srsd' else binary()
    if not is_root():
        return path
    if path not in _copies:
        folder = tempfile.TemporaryDirectory(prefix='srsd-bin-')
        os.chmod(folder.name, 0o755)
        shutil.copy(path, folder.name)
        _copies[path] = folder
    return os.path.join(_copies[path].name, os.path.basename(path))


class Folder:
    """A temporary directory that the daemon's user can enter, in `parent` or the usual place."""

    def __init__(self, parent=None):
        self.path = tempfile.mkdtemp(prefix='srsd-', dir=parent)
        os.chmod(self.path, 0o755)

    def file(self, name, text='', mode=0o644, owner=None):
        path = os.path.join(self.path, name)
        data = text if isinstance(text, bytes) else text.encode('utf-8', 'surrogateescape')
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, 'wb') as file:
            file.write(data)
        os.chmod(path, mode)
        if owner and is_root():
            entry = pwd.getpwnam(owner)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        return path

    def subfolder(self, name, owner=None, mode=0o755):
        path = os.path.join(self.path, name)
        os.mkdir(path)
        os.chmod(path, mode)
        if owner and is_root():
            entry = pwd.getpwnam(owner)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        return path

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


PORTS = range(10100, 32000)     # below those that the kernel uses for outgoing connections
PORTS_IN_BLOCK = 100
BLOCKS = 3                      # of one test at most, so that many tests have room


def claim_ports():
    """Generate ports that no other test of this machine gets, in turn: it claims blocks of them."""
    claims, ports = [], []
    blocks = PORTS[::PORTS_IN_BLOCK]
    for first in random.SystemRandom().sample(blocks, len(blocks)):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind('\0srsd-test-ports-%d' % first)
        except OSError:
            claim.close()
            continue
        claims.append(claim)
        block = range(first, first + PORTS_IN_BLOCK)
        yield from block
        ports += block
        if len(claims) == BLOCKS:
            break
    if not ports:
        raise RuntimeError('other tests have claimed all ports; run fewer at a time')
    while True:
        yield from ports


# In turn, so that a daemon does not soon get the port of an earlier one.
_PORTS = claim_ports()


def free_port(host='127.0.0.1'):
    """An unused port."""
    while True:
        port = next(_PORTS)
        with socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((host, port))
            except OSError:
                continue
        return port


# -- configuration ----------------------------------------------------------

def has_ipv6():
    """True if the address ::1 exists."""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(('::1', 0))
    except OSError:
        return False
    return True


def _value(value):
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return '{%s}' % ', '.join(_value(item) for item in value)
    return '"%s"' % str(value).replace('\\', '\\\\').replace('"', '\\"')


def render(options):
    """The text of a configuration file for a dict; a nested dict is a section."""
    lines = []
    for name, value in options.items():
        if value is None:
            continue
        if isinstance(value, dict):
            lines += ['%s {' % name, render(value).rstrip('\n'), '}']
        else:
            lines.append('%s = %s' % (name, _value(value)))
    return '\n'.join(lines) + '\n'


# -- processes --------------------------------------------------------------

def process_tree(pid):
    """The process and all its descendants."""
    children = {}
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            try:
                with open('/proc/%s/stat' % entry, encoding='latin-1') as file:
                    parent = int(file.read().rpartition(')')[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
    tree = [pid]
    for member in tree:
        tree += children.get(member, [])
    return tree


def process_status(pid):
    """/proc/PID/status as a dict."""
    with open('/proc/%d/status' % pid, encoding='latin-1') as file:
        return dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)


def process_name(pid):
    """The name that ps(1) shows; '' for a process that has ended."""
    try:
        with open('/proc/%d/stat' % pid, encoding='latin-1') as file:
            words = file.read()
    except OSError:
        return ''
    return '' if words.rpartition(')')[2].split()[0] in 'ZX' else words.partition('(')[2].rpartition(')')[0]


PIDFD_GETFD = 438       # the same number on every architecture


def borrow_descriptor(pid, descriptor):
    """Duplicate a descriptor of another process; SkipTest if that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        got = libc.syscall(PIDFD_GETFD, process, descriptor, 0)
    finally:
        os.close(process)
    if got == -1:
        raise unittest.SkipTest('pidfd_getfd: ' + os.strerror(ctypes.get_errno()))
    return got


class Daemon:
    """One srsd with its directory, configuration, log and clients.

    `options` and `spf` override the defaults below; an option that is None is omitted. The
    attribute `text` is additional configuration, copied from a file of the project; options that it
    sets must be None in `options`. `notify` is the form of the NOTIFY_SOCKET: 'path', 'abstract',
    or None for no such socket; start() does not wait then. `prefix` is a command that runs another
    one, such as nice(1).
    """

    def __init__(self, options=None, spf=None, dns=None, secrets=(SECRET,), arguments=(),
                 as_root=False, notify='path', prefix=()):
        self.folder = Folder()
        self.as_root = as_root and is_root()
        self.user = ORDINARY_USER if is_root() else None
        self.arguments = list(arguments)
        self.notify = notify
        self.prefix = list(prefix)
        self.environment = {}
        self.pass_fds = ()
        self.ports = {name: free_port() for name in ('forward', 'reverse', 'policy')}
        self.addresses = {name: ('127.0.0.1', port) for name, port in self.ports.items()}
        self.options = self._defaults(dns)
        self.options['secrets-file'] = self.write_secrets(secrets)
        self.options.update(options or {})
        self.options['spf'] = {'skip-addresses': [], 'nat-guard': False, **(spf or {})}
        self.text = ''
        self.config = None
        self.process = None
        self.lines = []
        self.said = []          # to the service manager, from READY=1 on; filled by wait()
        self._grown = threading.Condition()
        self._reader = None

    def _defaults(self, dns):
        options = {'srs-domain': 'srs.test', 'control': 'none'}
        for name, port in self.ports.items():
            options[name] = ['inet:127.0.0.1:%d' % port]
        # No server listens on this port: a test without `dns` must not need the DNS.
        options['nameservers'] = [dns.address if dns else '127.0.0.1:%d' % free_port()]
        if is_root():
            options['unprivileged-user'] = ORDINARY_USER
        return options

    def path(self, name):
        return os.path.join(self.folder.path, name)

    def enable_control(self):
        """Set the option to a socket in a directory that the daemon may write to; -> its path."""
        path = os.path.join(self.folder.subfolder('control', self.user), 'socket')
        self.options['control'] = 'unix:' + path
        return path

    def write_secrets(self, secrets):
        """The file belongs to the user that reads it, root or the ordinary user."""
        owner = None if self.as_root else self.user
        return self.folder.file('secret', ''.join(s + '\n' for s in secrets), 0o600, owner)

    def hand_over(self, names, sockets):
        """Pass listening sockets to the daemon as systemd does, with their LISTEN_FDNAMES."""
        self.prefix = [sys.executable, '-c', HAND_OVER,
                       ','.join(str(sock.fileno()) for sock in sockets)]
        self.environment = {'LISTEN_FDS': str(len(sockets)), 'LISTEN_FDNAMES': names}
        self.pass_fds = [sock.fileno() for sock in sockets]

    def write_config(self):
        """Replace the file atomically, so that a daemon reads either the old or the new options."""
        new = self.folder.file('srsd.conf.new', self.text + render(self.options))
        self.config = self.path('srsd.conf')
        os.rename(new, self.config)

    def command(self):
        self.write_config()
        return self.prefix + [reachable_binary(), '-f', self.config] + self.arguments

    # -- start and stop

    def start(self):
        _recent[:] = [self]
        self._notify = _NotifySocket(self.notify, self.path('notify'))
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd='/', env=self._environment(self._notify.name),
            pass_fds=self.pass_fds, **self._identity())
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        if self.notify:
            self._wait_ready()
        return self

    __enter__ = start

    def __exit__(self, kind, *_):
        self.stop(check=kind is None)
        self.folder.remove()

    def _identity(self):
        if not self.user or self.as_root:
            return {}
        entry = pwd.getpwnam(self.user)
        return {'user': entry.pw_uid, 'group': entry.pw_gid, 'extra_groups': []}

    def _environment(self, notify):
        # AddressSanitizer delays the release of memory, which would look like growth.
        sanitizer = [os.environ.get('ASAN_OPTIONS', ''), 'quarantine_size_mb=8']
        if self.as_root:
            # The leak check has to trace the process, which is impossible after a change of user.
            sanitizer.append('detect_leaks=0')
        leaks = []
        if libunbound_version() == _LOSES_MEMORY:
            path = self.folder.file('lsan.supp', 'leak:libunbound.so\n')
            leaks = ['suppressions=' + path, 'print_suppressions=0']
        return {**os.environ, **self.environment, 'NOTIFY_SOCKET': notify,
                'ASAN_OPTIONS': ':'.join(filter(None, sanitizer)), 'LSAN_OPTIONS': ':'.join(leaks)}

    def _wait_ready(self):
        """Wait for READY=1; fail if the process exits first."""
        notify = self._notify.sock
        end = os.pidfd_open(self.process.pid)
        sources = [notify, end]
        deadline = time.monotonic() + WAIT
        try:
            while True:
                left = max(0, deadline - time.monotonic())
                ready = select.select(sources, [], [], left)[0]
                if notify in ready:
                    if 'READY=1' in self._notify.receive():
                        return
                elif end in ready and '-D' in self.arguments and self.process.wait() == 0:
                    sources.remove(end)     # the daemon is in the background and reports from there
                else:
                    self._not_started()
        finally:
            os.close(end)

    def _not_started(self):
        status = self.process.poll()
        if status is None:
            self.process.kill()
        self.process.wait()
        self._close()
        self.folder.remove()
        raise StartFailed(status, self.log())

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, check=True):
        """Send SIGTERM, and wait. An exit status other than 0 or a sanitizer report is an error."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.wait()
        if check and status != 0:
            raise AssertionError('srsd ended with status %s' % status)
        if check:
            self.check_sanitizers()

    def wait(self):
        """Wait for the end of process and log; -> the exit status."""
        if self.process.stdout.closed:
            return self.process.returncode
        try:
            status = self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = 'none: it did not stop by itself'
        self._close()
        return status

    def _close(self):
        self._reader.join(WAIT)
        self.process.stdout.close()
        self.said += self._notify.receive()
        self._notify.sock.close()

    def check_sanitizers(self):
        if _SANITIZER.search(self.log()):
            raise AssertionError('sanitizer report; see the log')

    def wait_said(self, assignment, count=1):
        """Wait until the service manager has received the assignment `count` times."""
        deadline = time.monotonic() + WAIT
        while self.said.count(assignment) < count:
            left = max(0, deadline - time.monotonic())
            if not select.select([self._notify.sock], [], [], left)[0]:
                raise AssertionError('not sent to the service manager: %s' % assignment)
            self.said += self._notify.receive()

    # -- log

    def _read_log(self):
        for line in self.process.stdout:
            with self._grown:
                self.lines.append(line.decode('utf-8', 'backslashreplace').rstrip('\n'))
                self._grown.notify_all()

    def log(self):
        with self._grown:
            return '\n'.join(self.lines)

    def log_mark(self):
        """The end of the log: wait_log and log_matches can start there."""
        with self._grown:
            return len(self.lines)

    def log_matches(self, pattern, since=0):
        with self._grown:
            return [line for line in self.lines[since:] if re.search(pattern, line)]

    def wait_log(self, pattern, since=0, count=1):
        """Wait until `count` lines match; -> the first of them."""
        deadline = time.monotonic() + WAIT
        with self._grown:
            while True:
                found = [line for line in self.lines[since:] if re.search(pattern, line)]
                if len(found) >= count:
                    return found[0]
                if not self._grown.wait(max(0, deadline - time.monotonic())):
                    raise AssertionError('not in the log: %s' % pattern)

    # -- clients and measures

    def forward_client(self):
        return MapClient(self.addresses['forward'])

    def reverse_client(self):
        return MapClient(self.addresses['reverse'])

    def policy_client(self):
        return PolicyClient(self.addresses['policy'])

    def child(self, name, other_than=None):
        """Wait for a child that runs, and is not `other_than`: 'engine' or 'store'; -> its pid."""
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            for pid in process_tree(self.process.pid)[1:]:
                found = {'': None, 'srsd-store': 'store'}.get(process_name(pid), 'engine')
                if found == name and pid != other_than:
                    return pid
            select.select([], [], [], 0.01)
        raise AssertionError('no %s' % name)

    def use_database(self, **options):
        """Set the options for a database of all senders, in a directory of the daemon's; -> path."""
        path = os.path.join(self.folder.subfolder('database', self.user), 'envelopes.sqlite')
        self.options.update({'original-envelope': 'database', 'envelope-database': 'sqlite:' + path,
                             **options})
        return path

    def resident_kib(self):
        """Memory of all its processes."""
        return sum(int(process_status(pid).get('VmRSS', '0 kB').split()[0])
                   for pid in process_tree(self.process.pid))

    def descriptors(self):
        return sum(len(os.listdir('/proc/%d/fd' % pid))
                   for pid in process_tree(self.process.pid))


class _NotifySocket:
    """The socket of a service manager, and its name for the environment."""

    def __init__(self, form, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.name = path if form == 'path' else ''
        if form == 'path':
            if os.path.exists(path):
                os.unlink(path)
            self.sock.bind(path)
            os.chmod(path, 0o777)
        elif form == 'abstract':
            self.sock.bind('')              # the kernel chooses an unused name
            self.name = '@' + self.sock.getsockname()[1:].decode()

    def receive(self):
        """The assignments that have arrived."""
        said = []
        while select.select([self.sock], [], [], 0)[0]:
            said += self.sock.recv(4096).decode('utf-8', 'replace').split('\n')
        return said


_recent = []            # the last daemon, whose log is shown with a failure


def _log_tail():
    for daemon in _recent:
        yield 'the last lines of the log of srsd:'
        yield from daemon.log().splitlines()[-TAIL:]


tap.diagnostics.append(_log_tail)


@functools.lru_cache
def _has_backend(database):
    folder = Folder()
    conf = folder.file('srsd.conf', 'srs-domain = "srs.test"\n')
    secret = folder.file('secret', SECRET + '\n', 0o600, ORDINARY_USER)
    result = run('-n', '-f', conf, '-o', 'secrets-file=' + secret,
                 '-o', 'envelope-database=' + database)
    folder.remove()
    return 'was built without' not in result.stderr


def has_sqlite():
    """Is the program built with SQLite?"""
    return _has_backend('sqlite:/nonexistent/file')


def has_hiredis():
    """Is the program built with hiredis?"""
    return _has_backend('redis:127.0.0.1:6379')


def run(*arguments, user=True, timeout=WAIT, program='srsd', text='', prefix=()):
    """Run srsd (or srsctl) with text as its input until it exits; -> CompletedProcess with text.

    `prefix` is a command that runs it, such as unshare(1).
    """
    identity = {}
    if user and is_root():
        entry = pwd.getpwnam(ORDINARY_USER)
        identity = {'user': entry.pw_uid, 'group': entry.pw_gid, 'extra_groups': []}
    return subprocess.run([*prefix, reachable_binary(program), *arguments], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd='/', text=True,
                          errors='backslashreplace', timeout=timeout, **identity)


def without_mounts():
    """The reason why there can be no mount namespace, or None."""
    if not is_root():
        return 'needs root'
    if not shutil.which('unshare'):
        return 'unshare is not installed'
    done = subprocess.run(['unshare', '--mount', 'true'], stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    return None if done.returncode == 0 else 'no mount namespaces'


def mounted(*pairs):
    """The prefix of a command that sees other directories: (the other one, where it is seen) ..."""
    mounts = ''.join('mount --bind %s %s && ' % tuple(map(shlex.quote, pair)) for pair in pairs)
    return ['unshare', '--mount', 'sh', '-c', mounts + 'exec "$@"', 'sh']
