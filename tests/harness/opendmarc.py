# SPDX-License-Identifier: ISC
"""opendmarc - a real OpenDMARC, as a milter for the Postfix of a destination.

    with OpenDmarc(zone) as dmarc:
        ... smtpd_milters = dmarc.endpoint ...

The zone is all that it finds in the DNS. By default it evaluates SPF itself, and adds
Authentication-Results of `dest.test`. A `config` may be given instead, such as that of a recipe.
Several milters may share a DnsSpace.
"""

import os
import re
import shutil
import tempfile

from harness import dns_space

AUTHSERV_ID = 'dest.test'
SUFFIXES = '/usr/share/publicsuffix/public_suffix_list.dat'
PROGRAM = '/usr/sbin/opendmarc'
CONFIG = '''
AuthservID dest.test
SPFIgnoreResults true
SPFSelfValidate true
'''
PRIVATE = '''
Background false
IgnoreHosts %(base)s/hosts
PublicSuffixList %(suffixes)s
Socket local:%(base)s/socket
UMask 000
'''
# What belongs to the machine.
NAMES = r'(?m)^(PublicSuffixList|Socket|UserID|UMask|PidFile)\b.*\n'


def unavailable():
    """The reason why it cannot run here, or None."""
    for path in PROGRAM, SUFFIXES:
        if not os.path.exists(path):
            return 'no ' + path
    return dns_space.unavailable()


class OpenDmarc:
    def __init__(self, zone=None, config=CONFIG, space=None):
        self.space = space or dns_space.DnsSpace(zone)
        self.shared = space is not None
        self.config = config
        self.base = tempfile.mkdtemp(prefix='srsd-opendmarc-')
        os.chmod(self.base, 0o755)
        self.path = os.path.join(self.base, 'socket')
        self.endpoint = 'unix:' + self.path

    def start(self):
        if not self.shared:
            self.space.start()
        for name, text in (('hosts', '203.0.113.254\n'),
                           ('conf', re.sub(NAMES, '', self.config) + PRIVATE % {'base': self.base,
                                                             'suffixes': SUFFIXES})):
            with open(os.path.join(self.base, name), 'w', encoding='utf-8') as file:
                file.write(text)
        self.process = self.space.run([PROGRAM, '-f', '-c', os.path.join(self.base, 'conf')])
        dns_space.wait_socket(self.path, self.process)
        return self

    __enter__ = start

    def stop(self):
        dns_space.end(self.process)
        if not self.shared:
            self.space.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def __exit__(self, *_):
        self.stop()
