# SPDX-License-Identifier: ISC
"""images - the package for a Debian release, and the disk of a machine that can install it.

Everything is kept in one directory per release, and made again only if what it is made of has
changed: the package if a file of the checkout has, the disk if the list of its packages has. The
package is built in a root of that release by contrib/package, so that its libraries fit.
"""

import contextlib
import fcntl
import hashlib
import inspect
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
KERNEL = 'linux-image-cloud-amd64'
RELEASES = ('bookworm', 'trixie')
DOMAIN = 'our.test'
HOST = 'mail.' + DOMAIN

# What a mail server has, and what the stages use. The libraries of the package are added.
PACKAGES = (KERNEL, 'apparmor', 'ca-certificates', 'dbus', 'fail2ban', 'init', 'initramfs-tools',
            'iproute2', 'kmod', 'login', 'logrotate', 'nftables', 'postfix',
            'postfix-policyd-spf-python', 'postsrsd', 'procps', 'python3', 'python3-systemd',
            'rsyslog', 'sqlite3', 'udev')
TOOLS = {'qemu-system-x86_64': 'qemu-system-x86', 'qemu-img': 'qemu-utils',
         'mmdebstrap': 'mmdebstrap', 'mke2fs': 'e2fsprogs', 'dpkg-deb': 'dpkg',
         'unshare': 'util-linux'}

# Timers of a distribution have nothing to do with srsd, and take the time of an emulated processor.
MASKED = ('apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer',
          'e2scrub_all.timer', 'fstrim.timer', 'logrotate.timer', 'man-db.timer')
AGENT = ('agent.py', 'vm-agent.service')
MODULES = ('ext4', 'virtio_pci', 'virtio_blk', 'virtio_console', 'virtio_rng')


class Failed(Exception):
    """A step failed; the text says which one, and where its output is."""


def missing_tools():
    """The Debian packages whose programs are not installed."""
    path = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    return sorted(package for tool, package in TOOLS.items() if not shutil.which(tool, path=path))


def digest(*parts):
    return hashlib.sha256('\0'.join(map(str, parts)).encode()).hexdigest()[:16]


def digest_file(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def read_file(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def write_file(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, mode)


def lock(folder):
    """A file that keeps other runs away while it is open; None if there is another run."""
    os.makedirs(folder, exist_ok=True)
    file = open(os.path.join(folder, 'lock'), 'w', encoding='ascii')
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


# -- where the packages come from --------------------------------------------

def sources(release):
    """apt's sources for a release: the mirrors that this system uses, or those of mmdebstrap."""
    listed = subprocess.run(
        ['apt-get', 'indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    uris = dict(line.split(' ', 1) for line in listed.splitlines() if ' ' in line)
    if 'Debian' not in uris:
        return []
    lines = ['deb %s %s main' % (uris['Debian'], release),
             'deb %s %s-updates main' % (uris['Debian'], release)]
    if 'Debian-Security' in uris:
        lines.append('deb %s %s-security main' % (uris['Debian-Security'], release))
    return lines


def apt_options():
    """The proxies and the checks of archives that this system has set."""
    dump = subprocess.run(['apt-config', 'dump'], stdout=subprocess.PIPE, text=True, check=False)
    return ['--aptopt=' + line for line in dump.stdout.splitlines()
            if re.match(r'Acquire::(https?::\S*Proxy\S*|Check-Valid-Until|Check-Date) ', line)]


# -- one release ---------------------------------------------------------------

class Release:
    """The files of one release, in a directory of the build."""

    def __init__(self, name, build, say):
        self.name = name
        self.folder = os.path.join(build, name)
        self.say = say
        self.log = os.path.join(self.folder, 'setup.log')
        self.package = os.path.join(self.folder, 'srsd.deb')
        self.older = os.path.join(self.folder, 'srsd-older.deb')
        self.disk = os.path.join(self.folder, 'base.img')
        self.kernel = os.path.join(self.folder, 'vmlinuz')
        self.initrd = os.path.join(self.folder, 'initrd.img')
        os.makedirs(self.folder, exist_ok=True)

    def prepare(self):
        """Make whatever is missing or out of date."""
        write_file(self.log, '')
        self.prepare_package()
        self.prepare_disk()

    # -- commands

    def run(self, step, *command):
        with open(self.log, 'a', encoding='utf-8') as log:
            log.write('\n== %s: %s\n' % (step, ' '.join(command)))
            log.flush()
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, check=False,
                                  stderr=subprocess.STDOUT)
        if done.returncode != 0:
            sys.stderr.write(''.join(read_file(self.log).splitlines(True)[-15:]))
            raise Failed('%s failed; see %s' % (step, self.log))

    @contextlib.contextmanager
    def unless_known(self, name, key):
        """True if it has to be made; a key is noted only after that has succeeded."""
        path = os.path.join(self.folder, name + '.key')
        known = os.path.exists(path) and read_file(path) == key
        if not known:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        yield not known
        if not known:
            write_file(path, key)

    def bootstrap(self, step, root, packages, hooks=()):
        # A failed run leaves a directory that mmdebstrap would refuse.
        shutil.rmtree(root, ignore_errors=True)
        self.run(step, 'mmdebstrap', '--mode=root', '--format=directory', '--variant=apt',
                 '--include=' + ','.join(packages), *apt_options(), *hooks, self.name, root,
                 *sources(self.name))
        os.chmod(root, 0o755)

    # -- the package

    def prepare_package(self):
        root = os.path.join(self.folder, 'buildroot')
        with self.unless_known('buildroot', self.name) as wanted:
            if wanted:
                self.say('Creating a root of %s for the build ...' % self.name)
                self.bootstrap('the root for the build', root, ('ca-certificates',))
        files = checkout_files()
        with self.unless_known('package', digest_files(files)) as wanted:
            if wanted:
                self.say('Building the package for %s ...' % self.name)
                self.build_package(root, files)
                self.pack_older()

    def build_package(self, root, files):
        """contrib/package in that root, which installs there what it needs."""
        tree, out = os.path.join(root, 'srsd'), os.path.join(root, 'out')
        for folder in (tree, out):
            shutil.rmtree(folder, ignore_errors=True)
        for name in files:
            os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
            shutil.copy2(os.path.join(TOP, name), os.path.join(tree, name), follow_symlinks=False)
        subprocess.run(['chown', '-R', 'root:root', tree], check=True)
        shutil.copy('/etc/resolv.conf', os.path.join(root, 'etc/resolv.conf'))
        write_file(os.path.join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', 0o755)
        self.run('the package', 'unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c',
                 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && '
                 'exec chroot "$1" env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 '
                 'DEB_BUILD_OPTIONS=nocheck /srsd/contrib/package /out', 'sh', root)
        built = [name for name in os.listdir(out) if re.fullmatch(r'srsd_.*\.deb', name)]
        shutil.copy(os.path.join(out, built[0]), self.package)

    def pack_older(self):
        """The same package under a version from which one can upgrade to it."""
        tree = os.path.join(self.folder, 'older')
        shutil.rmtree(tree, ignore_errors=True)
        self.run('unpacking the package', 'dpkg-deb', '-R', self.package, tree)
        control = os.path.join(tree, 'DEBIAN/control')
        write_file(control, re.sub(r'(?m)^(Version: .*)$', r'\1~older', read_file(control)))
        self.run('packing an older version', 'dpkg-deb', '--root-owner-group', '-b', tree,
                 self.older)
        shutil.rmtree(tree)

    def libraries(self):
        """The packages that this one depends on."""
        depends = subprocess.run(['dpkg-deb', '-f', self.package, 'Depends', 'Pre-Depends'],
                                 stdout=subprocess.PIPE, text=True, check=True).stdout
        names = re.sub(r'(?m)^\S+: |\([^)]*\)|\|[^,\n]*', '', depends)
        return sorted(set(re.split(r'[,\s]+', names.strip())))

    # -- the disk

    def prepare_disk(self):
        packages = sorted({*PACKAGES, *self.libraries()})
        key = digest(packages, inspect.getsource(Release.make_disk), inspect.getsource(furnish),
                     *(read_file(os.path.join(HERE, name)) for name in AGENT))
        with self.unless_known('disk', key) as wanted:
            if wanted:
                self.say('Creating the disk of %s ...' % self.name)
                self.make_disk(packages)

    def make_disk(self, packages):
        root = os.path.join(self.folder, 'root')
        shutil.rmtree(root, ignore_errors=True)
        for name in os.listdir(self.folder):
            if name.endswith('.qcow2'):         # made from the disk that is about to be replaced
                os.unlink(os.path.join(self.folder, name))
        debconf = ('echo postfix postfix/main_mailer_type select Internet Site; '
                   'echo postfix postfix/mailname string %s' % HOST)
        self.bootstrap('the root of the machine', root, packages, (
            "--essential-hook={ %s; } | chroot \"$1\" debconf-set-selections" % debconf,
            '--essential-hook=mkdir -p "$1/etc/initramfs-tools/conf.d" && '
            'echo MODULES=list >"$1/etc/initramfs-tools/conf.d/vm" && '
            "printf '%%s\\n' %s >\"$1/etc/initramfs-tools/modules\"" % ' '.join(MODULES)))
        furnish(root)
        boot = os.path.join(root, 'boot')
        for prefix, path in (('vmlinuz-', self.kernel), ('initrd.img-', self.initrd)):
            found = sorted(name for name in os.listdir(boot) if name.startswith(prefix))
            shutil.copy(os.path.join(boot, found[-1]), path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.disk)
        self.run('the disk', 'mke2fs', '-q', '-t', 'ext4', '-L', 'root', '-d', root, self.disk,
                 '3G')
        shutil.rmtree(root)


def furnish(root):
    """What makes a root of packages a machine: names, the agent, a console, daemons at rest."""
    def inside(path):
        return os.path.join(root, path)

    write_file(inside('etc/hostname'), HOST + '\n')
    write_file(inside('etc/mailname'), HOST + '\n')
    write_file(inside('etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s mail\n' %
               HOST)
    write_file(inside('etc/fstab'), '/dev/vda / ext4 errors=remount-ro 0 1\n')
    with contextlib.suppress(FileNotFoundError):
        os.unlink(inside('etc/resolv.conf'))
    write_file(inside('etc/resolv.conf'), 'nameserver 127.0.0.1\noptions attempts:1 timeout:1\n')
    shutil.copy(os.path.join(HERE, 'agent.py'), inside('usr/local/sbin/vm-agent'))
    shutil.copy(os.path.join(HERE, 'vm-agent.service'), inside('etc/systemd/system'))
    write_file(inside('etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf'),
               '[Service]\nExecStart=\n'
               'ExecStart=-/sbin/agetty --autologin root --keep-baud 115200 %I vt220\n')
    # systemctl complains that /proc is not mounted, and needs nothing of it.
    for words in (['mask', *MASKED], ['enable', 'vm-agent.service'],
                  ['disable', 'postsrsd.service', 'fail2ban.service']):
        subprocess.run(['chroot', root, 'systemctl', '--quiet', *words], check=True,
                       stderr=subprocess.DEVNULL)


# -- the checkout --------------------------------------------------------------

def checkout_files():
    """The paths of all files that a release is made of: those of git, or all of a tarball's."""
    if os.path.exists(os.path.join(TOP, '.git')):
        listed = subprocess.run(['git', '-c', 'safe.directory=*', 'ls-files', '-z', '--cached',
                                 '--others', '--exclude-standard'],
                                cwd=TOP, stdout=subprocess.PIPE, check=True).stdout.decode()
        return [name for name in listed.split('\0')
                if name and os.path.lexists(os.path.join(TOP, name))]
    found = []
    for base, folders, files in os.walk(TOP):
        folders[:] = [name for name in folders
                      if not re.fullmatch(r'build(-(?!aux).*)?|\.git', name) or base != TOP]
        found += [os.path.relpath(os.path.join(base, name), TOP) for name in files]
    return found


def digest_files(names):
    """Of what the package is made of; the tests of this directory are not in it."""
    made_of = hashlib.sha256()
    for name in sorted(names):
        path = os.path.join(TOP, name)
        if not name.startswith('tests/') and os.path.isfile(path):
            made_of.update(name.encode() + b'\0')
            made_of.update(digest_file(path).encode())
    return made_of.hexdigest()
