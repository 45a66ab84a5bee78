# SPDX-License-Identifier: ISC
"""postfix - a private Postfix: configuration, queue, data and log are in a temporary directory.

It listens on one loopback address and port, and sends all mail to a sink. It does not use the
/etc/postfix and the queue of the machine. Needs root and the installed package.
"""

import grp
import os
import pwd
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from harness import tap

WAIT = 60
HOST = '127.0.0.2'
TAIL = 60

# The services of a default installation that mail needs, none of them in a chroot.
MASTER = '''
127.0.0.2:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
'''


# The command after it sees these files instead of the machine's, and its own configuration in
# /etc/postfix, where sendmail(1) has to find it. Other processes do not.
OWN_NAMES = ('mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/nsswitch.conf && '
             '{ ! [ -d /etc/postfix ] || mount --bind "$3" /etc/postfix; } && '
             'shift 3 && exec "$@"')
# What the package has in there besides main.cf and master.cf.
META_FILES = ('dynamicmaps.cf', 'dynamicmaps.cf.d', 'post-install', 'postfix-files',
              'postfix-files.d', 'postfix-script')


def entries(text):
    """The logical lines of main.cf or master.cf, without comments."""
    found = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith('#'):
            continue
        if line[0].isspace():
            found[-1] += '\n' + line
        else:
            found.append(line)
    return found


def merge_services(*texts):
    """Lines of master.cf; the last one for a service replaces the previous ones."""
    services = {tuple(entry.split()[:2]): entry for text in texts for entry in entries(text)}
    return ''.join(entry + '\n' for entry in services.values())


def unavailable():
    """The reason why it cannot run here, or None."""
    if os.geteuid() != 0:
        return 'needs root'
    if not shutil.which('postfix', path='/usr/sbin:/usr/local/sbin'):
        return 'postfix is not installed'
    try:
        pwd.getpwnam('postfix')
        grp.getgrnam('postdrop')
    except KeyError:
        return 'no user postfix or no group postdrop'
    return None


class Postfix:
    """One instance.

    `settings` override those in main.cf that keep it private. `services` are lines of master.cf
    that add services, or replace those of the same name and type. `hosts` is a dict of names and
    addresses: if given, no other names can be resolved and the DNS is not used. Its SMTP client
    connects to port `smtp_tcp_port`. `prefix` is a command that starts another one, for instance in
    a network namespace.
    """

    def __init__(self, port, settings, services='', hosts=None, prefix=()):
        self.address = (HOST, port)
        self.hosts = hosts
        self.prefix = list(prefix)
        self.base = tempfile.mkdtemp(prefix='srsd-postfix-')
        os.chmod(self.base, 0o755)
        self.etc, self.queue, self.data = (os.path.join(self.base, name)
                                           for name in ('etc', 'queue', 'data'))
        self.log = os.path.join(self.base, 'maillog')
        for folder in (self.etc, self.queue, self.data):
            os.mkdir(folder, 0o755)
        shutil.chown(self.data, 'postfix')
        self.configure(settings, services)
        if hosts is not None:
            self._write('hosts', ''.join('%s %s\n' % (address, name)
                                         for name, address in hosts.items()))
            self._write('nsswitch.conf', 'hosts: files\n')
            self._copy_meta_files()

    def configure(self, settings, services=''):
        """Change settings and services while it is not running."""
        self._write('main.cf', ''.join('%s = %s\n' % item for item in {
            'compatibility_level': '3.6',
            'queue_directory': self.queue,
            'data_directory': self.data,
            'mail_owner': 'postfix',
            'setgid_group': 'postdrop',
            'alternate_config_directories': self.etc,
            'maillog_file': self.log,
            'maillog_file_prefixes': self.base,
            # Postfix must not use any other address of the interface; master.cf binds to HOST.
            'inet_interfaces': '127.0.0.1',
            'inet_protocols': 'ipv4',
            'smtp_dns_support_level': 'disabled',
            'smtpd_peername_lookup': 'no',
            'alias_maps': '',
            'alias_database': '',
            'mynetworks': '127.0.0.99/32',
            'smtpd_authorized_xclient_hosts': '127.0.0.0/8',
            **settings}.items()))
        self._write('master.cf', merge_services(MASTER % self.address[1], services))

    def _write(self, name, text):
        path = os.path.join(self.etc, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        # Postfix waits for a file of the last second to change again.
        an_hour_ago = time.time() - 3600
        os.utime(path, (an_hour_ago, an_hour_ago))

    def _copy_meta_files(self):
        for name in META_FILES:
            source, target = os.path.join('/etc/postfix', name), os.path.join(self.etc, name)
            if os.path.isdir(source):
                shutil.copytree(source, target)
            elif os.path.exists(source):
                shutil.copy(source, target)

    def _prefix(self):
        """The command prefix with which it resolves only its own hosts."""
        if self.hosts is None:
            return self.prefix
        return [*self.prefix, 'unshare', '--mount', 'sh', '-c', OWN_NAMES, 'sh',
                *(os.path.join(self.etc, name) for name in ('hosts', 'nsswitch.conf', ''))]

    def _command(self, verb, prefix=()):
        result = subprocess.run([*prefix, '/usr/sbin/postfix', '-c', self.etc, verb], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=WAIT, check=False)
        if result.returncode != 0:
            raise AssertionError('postfix %s: %s%s' % (verb, result.stdout, self.log_text()))

    def start(self):
        """Start it; return when master(8) listens."""
        _recent[:] = [self]
        self._command('start', self._prefix())
        return self

    def _master(self):
        with open(os.path.join(self.queue, 'pid', 'master.pid'), encoding='ascii') as file:
            return int(file.read())

    def command(self, *command, user=None):
        """A command that sees its hosts and its configuration; only for one with `hosts`."""
        identity = ['setpriv', '--reuid', user, '--regid', 'nogroup', '--clear-groups']
        return ['nsenter', '--mount', '--target', str(self._master()),
                *(identity if user else ()), *command]

    def run(self, *command, text='', user=None):
        """Run such a command, for instance sendmail(1); -> its output."""
        done = subprocess.run(self.command(*command, user=user), input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT,
                              check=False)
        if done.returncode != 0:
            raise AssertionError('%s: %d %s' % (command[0], done.returncode, done.stdout))
        return done.stdout

    def stop(self):
        """Like `postfix stop`, which checks only once a second whether it has stopped."""
        end = os.pidfd_open(self._master())
        signal.pidfd_send_signal(end, signal.SIGTERM)
        ended = select.select([end], [], [], WAIT)[0]
        os.close(end)
        if not ended:
            raise AssertionError('the master process did not stop')
        shutil.rmtree(self.base, ignore_errors=True)

    def complaints(self):
        """The warnings of postconf about unknown settings and services."""
        return ''.join(
            subprocess.run(['/usr/sbin/postconf', '-c', self.etc, what], text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, timeout=WAIT, check=False).stderr
            for what in ('-n', '-M', '-P'))

    def flush(self):
        self._command('flush')

    def check(self):
        self._command('check')

    def postmap(self, key, table):
        """-> (exit status, output)"""
        result = subprocess.run(['/usr/sbin/postmap', '-c', self.etc, '-q', key, table], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=WAIT, check=False)
        return result.returncode, result.stdout

    def wait_log(self, pattern):
        """Wait for a matching line of its log; -> the first one."""
        with subprocess.Popen(['tail', '-n', '+1', '-F', self.log], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              errors='backslashreplace') as tail:
            timer = threading.Timer(WAIT, tail.kill)
            timer.start()
            try:
                for line in tail.stdout:
                    if re.search(pattern, line):
                        return line
            finally:
                timer.cancel()
                tail.kill()
        raise AssertionError('no line of the log of Postfix matches ' + pattern)

    def log_text(self):
        try:
            with open(self.log, encoding='utf-8', errors='backslashreplace') as file:
                return file.read()
        except FileNotFoundError:
            return ''


_recent = []            # the last instance, whose log is shown with a failure


def no_own_names():
    """The reason why `hosts` is impossible here, or None."""
    done = subprocess.run(['unshare', '--mount', 'sh', '-c', OWN_NAMES, 'sh', '/dev/null',
                           '/dev/null', '/etc/postfix', 'true'], stdin=subprocess.DEVNULL,
                          check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return None if done.returncode == 0 else 'no mount namespace of its own: not privileged enough'


def _log_tail():
    for instance in _recent:
        yield 'the last lines of the log of Postfix:'
        yield from instance.log_text().splitlines()[-TAIL:]


tap.diagnostics.append(_log_tail)
