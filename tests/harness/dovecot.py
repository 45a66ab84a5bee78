# SPDX-License-Identifier: ISC
"""dovecot - a private Dovecot that takes mail over LMTP, with Sieve scripts.

    dovecot = Dovecot({'bob': 'redirect "friend@elsewhere.test";'}).start(postfix)
    ... local_transport = dovecot.transport, and the service lmtp in master.cf ...

It runs in the mount namespace of a Postfix that has `hosts`, so that its sendmail(1) submits mail
there.
"""

import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness.daemon import free_port

WAIT = 60
HOST = '127.0.0.5'
PROGRAM = '/usr/sbin/dovecot'
SIEVE = '/usr/lib/dovecot/modules/lib90_sieve_plugin.so'
LMTP = '/usr/lib/dovecot/lmtp'
USER = 'nobody'
COMMON = '''
base_dir = %(base)s/run
state_dir = %(base)s/state
log_path = %(base)s/log
protocols = lmtp
listen = %(host)s
ssl = no
hostname = mx1.example.org
first_valid_uid = 1
'''
CONFIG_2_3 = COMMON + '''
mail_location = maildir:%(base)s/mail/%%n
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=%(user)s gid=nogroup home=%(base)s/mail/%%n allow_all_users=yes
}
service lmtp {
  inet_listener lmtp {
    address = %(host)s
    port = %(port)d
  }
}
protocol lmtp {
  mail_plugins = sieve
  postmaster_address = postmaster@example.org
}
plugin {
  sieve = file:%(base)s/sieve/%%n.sieve
}
'''
CONFIG_2_4 = '''
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
''' + COMMON + '''
mail_driver = maildir
mail_path = %(base)s/mail/%%{user|username}
passdb static {
  fields {
    nopassword = yes
  }
}
userdb static {
  static_allow_all_users = yes
  fields {
    uid = %(user)s
    gid = nogroup
    home = %(base)s/mail/%%{user|username}
  }
}
service lmtp {
  inet_listener lmtp {
    listen = %(host)s
    port = %(port)d
  }
}
protocol lmtp {
  mail_plugins {
    sieve = yes
  }
  postmaster_address = postmaster@example.org
}
sieve_script personal {
  path = %(base)s/sieve/%%{user|username}.sieve
}
'''


def unavailable():
    """The reason why it cannot run here, or None."""
    for path in PROGRAM, LMTP, SIEVE:
        if not os.path.exists(path):
            return 'no ' + path
    return None


def config_of_this_version():
    """2.4 has another language, and does not start with a configuration of 2.3."""
    version = subprocess.run([PROGRAM, '--version'], stdin=subprocess.DEVNULL, check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    return CONFIG_2_3 if version.startswith('2.3.') else CONFIG_2_4


class Dovecot:
    """`scripts` are Sieve scripts of users; other users have none."""

    def __init__(self, scripts):
        self.port = free_port(HOST)
        self.transport = 'lmtp:inet:%s:%d' % (HOST, self.port)
        self.base = tempfile.mkdtemp(prefix='srsd-dovecot-')
        os.chmod(self.base, 0o755)
        for name in 'mail', 'sieve', 'run', 'state':
            os.mkdir(os.path.join(self.base, name))
            os.chmod(os.path.join(self.base, name), 0o755)
        for name in 'mail', 'sieve':
            shutil.chown(os.path.join(self.base, name), USER)
        for name, script in scripts.items():
            self._write('sieve/%s.sieve' % name, script + '\n')
        self._write('conf', config_of_this_version() % {
            'base': self.base, 'host': HOST, 'port': self.port, 'user': USER})

    def _write(self, name, text):
        with open(os.path.join(self.base, name), 'w', encoding='utf-8') as file:
            file.write(text)

    def start(self, postfix):
        self.process = subprocess.Popen(
            postfix.command(PROGRAM, '-F', '-c', os.path.join(self.base, 'conf')),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection((HOST, self.port)).close()
                return self
            except OSError:
                select.select([], [], [], 0.02)
        raise AssertionError('dovecot does not listen')

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(WAIT)
        shutil.rmtree(self.base, ignore_errors=True)
