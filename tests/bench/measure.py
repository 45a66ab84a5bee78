# SPDX-License-Identifier: ISC
"""measure - CPU time and memory of a process, and runs of load.c."""

import contextlib
import json
import os
import resource
import subprocess

from harness.daemon import TOP, process_tree

TICK = os.sysconf('SC_CLK_TCK')
FOREVER = 86400


def program(name):
    """The path of a program of this directory in the build tree."""
    return os.path.join(os.environ.get('abs_top_builddir', TOP), 'tests', 'bench', name)


def cpu_seconds(pid):
    """The CPU time of a process and its children, including those that have exited."""
    return sum(_cpu_seconds(member) for member in process_tree(pid))


def _cpu_seconds(pid):
    try:
        with open('/proc/%d/stat' % pid, encoding='latin-1') as file:
            own_user, own_system, user, system = (
                int(field) / TICK for field in file.read().rpartition(')')[2].split()[11:15])
    except OSError:
        return 0            # it has just exited
    try:                    # with nanoseconds, if the kernel provides them
        with open('/proc/%d/schedstat' % pid, encoding='ascii') as file:
            own = int(file.read().split()[0]) / 1e9
    except OSError:
        own = own_user + own_system
    return own + user + system


def memory_kib(pid):
    """-> (resident, proportional share) of a process and its children.

    The share is None unless the caller is root, because of the sandbox of the process.
    """
    resident, share = 0, 0
    for member in process_tree(pid):
        resident += _field(member, 'status', 'VmRSS:') or 0
        own_share = _field(member, 'smaps_rollup', 'Pss:')
        share = None if share is None or own_share is None else share + own_share
    return resident, share


def _field(pid, name, field):
    try:
        with open('/proc/%d/%s' % (pid, name), encoding='latin-1') as file:
            return next((int(line.split()[1]) for line in file if line.startswith(field)), None)
    except OSError:
        return None


def raise_descriptor_limit():
    """-> the new limit of descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Load:
    """A number of connections, either persistent or (`each`) one per request."""

    def __init__(self, connections, each=False, rate=0):
        self.connections = connections
        self.each = each
        self.rate = rate

    @property
    def name(self):
        return '%d, new each' % self.connections if self.each else '%d' % self.connections

    def arguments(self):
        arguments = ['-c', str(self.connections)]
        if self.each:
            arguments.append('-1')
        if self.rate:
            arguments += ['-r', str(self.rate)]
        return arguments


class Run:
    """A run of load.c. Its connections are open when it has been created; go() starts it."""

    def __init__(self, service, requests, load, seconds=None, count=None, pid=None):
        """`service` is a value of a server's `services`. CPU time is that of `pid`, or 0."""
        protocol, port, pattern = service
        self.pid = pid
        arguments = [program('load'), *load.arguments()]
        arguments += ['-n', str(count)] if count else ['-w', str(seconds / 5), '-t', str(seconds)]
        if pattern:
            arguments += ['-e', pattern]
        self.process = subprocess.Popen([*arguments, '-s', protocol, str(port), requests], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def go(self):
        self.before = cpu_seconds(self.pid) if self.pid else 0
        self.process.stdin.write('go\n')
        self.process.stdin.flush()

    def result(self):
        """-> the report of load.c, with cpu_us: CPU microseconds per request."""
        said = self.process.stdout.readline()
        spent = cpu_seconds(self.pid) - self.before if self.pid else 0
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        if not said:
            raise AssertionError('load did not get through')
        result = json.loads(said)
        if result['errors']:
            raise AssertionError('wrong answers: a benchmark of them is none')
        result['cpu_us'] = spent / max(result['requests'], 1) * 1e6
        return result

    def abandon(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def ask(service, requests, load, seconds=None, count=None, pid=None):
    """Run load.c; -> its report, see Run."""
    run = Run(service, requests, load, seconds, count, pid)
    run.go()
    return run.result()


@contextlib.contextmanager
def background(service, requests, load):
    """The same load for as long as the with statement takes."""
    run = Run(service, requests, load, seconds=FOREVER)
    run.go()
    try:
        yield
    finally:
        run.abandon()
