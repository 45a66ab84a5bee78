# SPDX-License-Identifier: ISC
"""opendkim - a real OpenDKIM, as a milter. By default it signs mail of one domain.

    signer = OpenDkim('example.org').start()
    ... smtpd_milters = signer.endpoint ...

It has a key of its own, whose DNS record is in `zone`. A `config` may be given instead, such as
that of a recipe. To verify, it needs the DNS of a DnsSpace.
"""

import os
import re
import shutil
import subprocess
import tempfile

from harness import dns_space

PROGRAM = '/usr/sbin/opendkim'
KEYGEN = '/usr/sbin/opendkim-genkey'
CONFIG = 'Mode s\n'
PRIVATE = '''
Domain %(domain)s
Selector key
KeyFile %(base)s/key.private
RequireSafeKeys false
Socket local:%(base)s/socket
UMask 000
'''
DNS = 'Nameservers 127.0.0.1\n'
# What belongs to the machine.
NAMES = r'(?m)^(Domain|Selector|KeyFile|Socket|UserID|PidFile)\b.*\n'


def unavailable():
    """The reason why it cannot run here, or None."""
    for path in PROGRAM, KEYGEN:
        if not os.path.exists(path):
            return 'no ' + path
    return None


class OpenDkim:
    def __init__(self, domain, config=CONFIG, space=None):
        self.base = tempfile.mkdtemp(prefix='srsd-opendkim-')
        os.chmod(self.base, 0o755)
        self.path = os.path.join(self.base, 'socket')
        self.endpoint = 'unix:' + self.path
        self.domain = domain
        self.space = space
        subprocess.run([KEYGEN, '-D', self.base, '-d', domain, '-s', 'key'], check=True,
                       stdin=subprocess.DEVNULL)
        with open(os.path.join(self.base, 'conf'), 'w', encoding='utf-8') as file:
            file.write(re.sub(NAMES, '', config) + PRIVATE % {'domain': domain, 'base': self.base}
                       + (DNS if space else ''))

    @property
    def zone(self):
        with open(os.path.join(self.base, 'key.txt'), encoding='ascii') as file:
            return {'key._domainkey.' + self.domain:
                    {'TXT': [tuple(re.findall('"([^"]*)"', file.read()))]}}

    def start(self):
        command = [PROGRAM, '-f', '-x', os.path.join(self.base, 'conf')]
        if self.space:
            self.process = self.space.run(command)
        else:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                            start_new_session=True)
        dns_space.wait_socket(self.path, self.process)
        return self

    def stop(self):
        dns_space.end(self.process)
        shutil.rmtree(self.base, ignore_errors=True)
