#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The container image: podman builds it from contrib/oci, and runs it as compose.yaml says.

An ordinary user does both, without root's rights. There is no registry: the base image is a Debian
that mmdebstrap makes. Building takes two minutes and needs the mirror, so `make check-all` leaves
this out and `make check-packages` has it. All of it runs in private namespaces for mounts and
processes, where that user has subordinate IDs and one hierarchy of control groups.
"""

import functools
import json
import os
import pwd
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.clients import PolicyClient, SocketmapClient
from harness.daemon import ORDINARY_USER, SECRET, TOP, WAIT

SOURCE = os.environ.get('abs_top_srcdir', str(TOP))
BUILD = os.environ.get('abs_top_builddir', str(TOP))
INSIDE = 'SRSD_TEST_NAMESPACE'
NAMESPACES = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc',
              '--propagation', 'private']
PROGRAMS = ('podman', 'podman-compose', 'mmdebstrap', 'newuidmap', 'setpriv', 'make')
SUITE = 'bookworm'
IMAGE = 'localhost/srsd'
NAME = 'srsd-test'
LONG = 20 * WAIT
IDS = pwd.getpwnam(ORDINARY_USER)


def call(*words, timeout=LONG, **options):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='backslashreplace',
                          timeout=timeout, check=False, **options)


def succeed(*words, **options):
    done = call(*words, **options)
    if done.returncode != 0:
        raise AssertionError('%s: %d\n%s' % (shlex.join(words), done.returncode,
                                             done.stdout[-4000:]))
    return done.stdout


def write(path, text, mode=0o644):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chown(path, IDS.pw_uid, IDS.pw_gid)
    os.chmod(path, mode)
    return path


class User:
    """An ordinary user with a home directory, and with subordinate IDs as adduser assigns them."""

    def __init__(self, base):
        self.base = base
        self.home = self.directory('home')
        self.runtime = self.directory('runtime')
        subordinate = write(os.path.join(base, 'subid'), '%s:100000:65536\n' % ORDINARY_USER)
        for path in '/etc/subuid', '/etc/subgid':
            succeed('mount', '--bind', subordinate, path)
        # A container runtime may refuse a mix of both versions of control groups.
        if os.path.ismount('/sys/fs/cgroup/unified'):
            succeed('mount', '--bind', '/sys/fs/cgroup/unified', '/sys/fs/cgroup')
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        os.makedirs(os.path.join(self.home, '.config/containers'))
        write(os.path.join(self.home, '.config/containers/containers.conf'),
              '[containers]\ndefault_ulimits = ["nofile=1024:%d"]\n'
              '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n' % hard)
        succeed('chown', '-R', ORDINARY_USER, self.home)

    def directory(self, name, group=None, mode=0o755):
        path = os.path.join(self.base, name)
        os.mkdir(path)
        os.chmod(path, mode)
        shutil.chown(path, IDS.pw_uid, group or IDS.pw_gid)
        return path

    def _words(self, words, variables):
        known = {'HOME': self.home, 'XDG_RUNTIME_DIR': self.runtime, 'PODMAN_USERNS': 'keep-id',
                 'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', **variables}
        return ['setpriv', '--reuid', ORDINARY_USER, '--regid', str(IDS.pw_gid), '--clear-groups',
                'env', '-i', *('%s=%s' % item for item in known.items()), *words]

    def call(self, *words, **variables):
        return call(*self._words(words, variables), cwd='/')

    def succeed(self, *words, **variables):
        return succeed(*self._words(words, variables), cwd='/')


@functools.lru_cache
def the_user():
    base = os.environ[INSIDE]
    os.chmod(base, 0o755)
    return User(base)


def make_base(user):
    """A Debian as base image, from the mirror; skip everything if there is none."""
    path = os.path.join(user.base, 'base.tar')
    done = call('mmdebstrap', '--quiet', '--mode=root', '--variant=minbase', SUITE, path)
    if done.returncode != 0:
        tap.skip_all('mmdebstrap cannot make a base: ' + done.stdout.strip().rsplit('\n', 1)[-1])
    os.chown(path, IDS.pw_uid, IDS.pw_gid)
    user.succeed('podman', 'import', path, 'localhost/base')
    os.unlink(path)


@functools.lru_cache
def the_image():
    """-> the output of the build, from the files of a release"""
    user = the_user()
    make_base(user)
    tree = os.path.join(user.base, 'tree')
    succeed('make', 'distdir', 'distdir=' + tree, cwd=BUILD)
    succeed('chown', '-R', ORDINARY_USER, tree)
    # Here the user has no systemd to start processes in control groups, and no network of its own.
    return user.succeed('podman', 'build', '--isolation', 'chroot', '--network', 'host',
                        '--format', 'docker', '--build-arg', 'BASE=localhost/base', '-f',
                        os.path.join(tree, 'contrib/oci/Containerfile'), '-t', IMAGE, tree)


def inspect(kind, name):
    return json.loads(the_user().succeed('podman', 'inspect', '--type', kind, name))[0]


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        the_image()
        cls.image = inspect('image', IMAGE)

    def test_configuration(self):
        self.assertEqual(self.image['Config']['User'], 'srsd')
        self.assertEqual(self.image['Config']['Entrypoint'], ['/usr/sbin/srsd'])
        self.assertNotIn('ExposedPorts', self.image['Config'])
        self.assertEqual(self.image['Healthcheck']['Test'], ['CMD', 'srsctl', 'status'])

    def test_files(self):
        """The programs and the sample; no compiler, no sources, no secret and no configuration."""
        path = os.path.join(the_user().home, 'image.tar')
        container = the_user().succeed('podman', 'create', IMAGE).strip().splitlines()[-1]
        self.addCleanup(the_user().succeed, 'podman', 'rm', container)
        the_user().succeed('podman', 'export', '-o', path, container)
        self.addCleanup(os.unlink, path)
        with tarfile.open(path) as archive:
            files = {member.name for member in archive if not member.isdir()}
        for name in 'usr/sbin/srsd', 'usr/sbin/srsctl', 'usr/share/srsd/srsd.conf':
            self.assertIn(name, files)
        for name in files:
            self.assertNotRegex(name, r'^(usr/bin/(gcc|make)|src/|build/|etc/srsd/|usr/include/.*\.h$)')

    def test_programs_have_their_libraries(self):
        for name in 'srsd', 'srsctl':
            output = the_user().succeed('podman', 'run', '--rm', '--network', 'none', '--entrypoint',
                                        name, IMAGE, '-V')
            self.assertRegex(output, r'(?m)^%s \d+\.\d+' % name)


class Running(unittest.TestCase):
    """One container, started with the command that podman-compose makes of compose.yaml."""

    @classmethod
    def setUpClass(cls):
        the_image()
        cls.user = the_user()
        conf = os.path.join(SOURCE, 'contrib/oci/srsd.conf')
        cls.conf = os.path.join(cls.user.base, 'srsd.conf')
        shutil.copy(conf, cls.conf)
        # As for Postfix: the directory belongs to srsd, and Postfix's group can enter it.
        cls.sockets = cls.user.directory('sockets', group='daemon', mode=0o750)
        cls.maps, cls.policy = (os.path.join(cls.sockets, name) for name in ('maps', 'policy'))
        secret = write(os.path.join(cls.user.base, 'secret'), SECRET + '\n', 0o400)
        cls.user.succeed('podman', 'secret', 'create', 'srsd.secret', secret)
        os.unlink(secret)
        cls.user.succeed(*cls.command())
        cls.addClassCleanup(cls.user.call, 'podman', 'rm', '-f', '-t', '0', NAME)
        cls.wait(lambda: os.path.exists(cls.policy) and os.path.exists(cls.maps))
        cls.first_log = cls.log()

    @classmethod
    def command(cls):
        """`podman run ...` of podman-compose, without its network, and with a name of ours."""
        said = cls.user.succeed(
            'podman-compose', '--dry-run', '-f', os.path.join(SOURCE, 'contrib/oci/compose.yaml'),
            'up', '-d', SRSD_UID=str(IDS.pw_uid), SRSD_GID=str(IDS.pw_gid), SRSD_CONF=cls.conf,
            SRSD_SOCKETS=cls.sockets)
        line = re.search(r'(?m)^podman run .*$', said).group()
        line = re.sub(r'--net \S+ --network-alias \S+', '--network none', line)
        return shlex.split(re.sub(r'--name=\S+', '--name=' + NAME, line))

    @classmethod
    def wait(cls, condition):
        """Until it holds; a container that has ended does not change any more."""
        deadline = time.monotonic() + WAIT
        while not condition():
            state = inspect('container', NAME)['State']
            if time.monotonic() > deadline or state['Status'] not in ('running', 'created'):
                raise AssertionError('%s\n%s' % (state, cls.log()))

    @classmethod
    def log(cls):
        return cls.user.succeed('podman', 'logs', NAME)

    def inside(self, *words):
        return self.user.succeed('podman', 'exec', NAME, *words)

    def test_started_without_a_complaint(self):
        self.assertNotRegex(self.first_log, 'warning|fatal|violation')

    def test_confinement(self):
        """That of compose.yaml for the monitor, and the engine's own sandbox on top of it."""
        status = self.inside('sh', '-c', 'grep -hE "^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp_filters):" '
                                         '/proc/1/status /proc/2/status')
        found = re.findall(r'(?m)^(\w+):\s+(.*)$', status)
        uid = '\t'.join([str(IDS.pw_uid)] * 4)
        none = '0000000000000000'
        monitor = [('Uid', uid), ('CapEff', none), ('CapBnd', none), ('NoNewPrivs', '1')]
        self.assertEqual([item for item in found if item[0] != 'Seccomp_filters'], monitor * 2)
        filters = [int(value) for name, value in found if name == 'Seccomp_filters']
        self.assertGreater(filters[1], filters[0])

    def test_read_only(self):
        done = self.user.call('podman', 'exec', NAME, 'touch', '/etc/srsd/x', '/usr/x')
        self.assertEqual(done.stdout.count('Read-only file system'), 2, done.stdout)

    def test_no_port(self):
        for name in 'tcp', 'tcp6', 'udp', 'udp6':
            self.assertEqual(len(self.inside('cat', '/proc/net/' + name).splitlines()), 1)
        self.assertFalse(inspect('container', NAME)['HostConfig']['PortBindings'])

    def test_health(self):
        self.user.succeed('podman', 'healthcheck', 'run', NAME)

    def test_maps(self):
        with SocketmapClient(self.maps) as client:
            reply = client.get('forward', 'alice@origin.test')
            self.assertRegex(reply, '^OK SRS0=.*@srs.example.org$')
            self.assertEqual(client.get('reverse', reply[3:]), 'OK alice@origin.test')

    def test_policy(self):
        address = srs.srs0('alice@origin.test', SECRET, 'srs.example.org', srs.today())
        forged = 'SRS0=xxxx' + address[9:]
        with PolicyClient(self.policy) as client:
            self.assertEqual(client.ask(client_address='192.0.2.1', sender='', recipient=address),
                             'DUNNO')
            self.assertRegex(client.ask(client_address='192.0.2.1', sender='', recipient=forged),
                             '^550 5.1.1 ')

    @unittest.skipUnless(shutil.which('postmap'), 'no Postfix')
    def test_postfix(self):
        """Its own client, as a user who can enter the directory only by its group."""
        etc = self.user.directory('postfix')
        write(os.path.join(etc, 'main.cf'), 'compatibility_level = 3.6\n')
        done = call('setpriv', '--reuid', 'daemon', '--regid', 'daemon', '--clear-groups', 'postmap',
                    '-c', etc, '-q', 'alice@origin.test', 'socketmap:unix:%s:forward' % self.maps)
        self.assertRegex(done.stdout, '(?m)^SRS0=.*@srs.example.org$')

    def test_other_users_cannot_connect(self):
        done = call('setpriv', '--reuid', 'bin', '--regid', 'bin', '--clear-groups', 'ls',
                    self.sockets)
        self.assertIn('Permission denied', done.stdout)

    def test_reload(self):
        """Both ways; a wrong configuration is reported, and changes nothing."""
        right = open(self.conf, encoding='utf-8').read()
        self.addCleanup(self.inside, 'srsctl', 'reload')
        self.addCleanup(write, self.conf, right)
        write(self.conf, right.replace('srs.example.org', 'other.example.org'))
        self.inside('srsctl', 'reload')
        self.assert_signs_for('other.example.org')
        write(self.conf, right)
        self.user.succeed('podman', 'kill', '-s', 'HUP', NAME)
        self.wait(lambda: self.log().count('reloaded srs-domain=srs.example.org') > 0)
        self.assert_signs_for('srs.example.org')
        write(self.conf, right + 'nonsense = 1\n')
        done = self.user.call('podman', 'exec', NAME, 'srsctl', 'reload')
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('nonsense', done.stdout)
        self.assert_signs_for('srs.example.org')

    def test_stop(self):
        """It answers what it has, and ends long before podman would kill it."""
        self.user.succeed('podman', 'stop', '-t', str(WAIT), NAME)
        self.assertEqual(inspect('container', NAME)['State']['ExitCode'], 0)
        self.assertRegex(self.log(), 'stopped\n\Z')
        self.user.succeed('podman', 'start', NAME)
        self.wait(lambda: os.path.exists(self.policy) and self.is_healthy())

    def is_healthy(self):
        return self.user.call('podman', 'healthcheck', 'run', NAME).returncode == 0

    def assert_signs_for(self, domain):
        with SocketmapClient(self.maps) as client:
            self.assertTrue(client.get('forward', 'bob@origin.test').endswith('@' + domain))

    def test_engine_is_replaced(self):
        """The monitor is process 1, and can do that in a container as well."""
        self.inside('sh', '-c', 'kill -9 2')
        self.wait(lambda: self.log().count('after its start') > 0)
        self.test_maps()


if __name__ == '__main__':
    lacking = [name for name in PROGRAMS if not shutil.which(name)]
    if os.geteuid() != 0:
        tap.skip_all('needs root, to become an ordinary user with subordinate IDs')
    if lacking:
        tap.skip_all('not installed: ' + ' '.join(lacking))
    if not os.path.exists(os.path.join(BUILD, 'config.status')):
        tap.skip_all('no build directory')
    if call(*NAMESPACES, 'true').returncode != 0:
        tap.skip_all('no namespaces of its own: not privileged enough')
    if INSIDE not in os.environ:
        with tempfile.TemporaryDirectory(prefix='srsd-oci-') as base:
            done = subprocess.run([*NAMESPACES, sys.executable, *sys.argv], check=False,
                                  env={**os.environ, INSIDE: base})
        sys.exit(done.returncode)
    tap.main()
