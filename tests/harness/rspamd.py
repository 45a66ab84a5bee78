# SPDX-License-Identifier: ISC
"""rspamd - a real rspamd, as a milter that checks SPF, DKIM and DMARC, and refuses nothing.

    with Rspamd(space, headers) as filter:
        ... smtpd_milters = filter.endpoint ...

`headers` is a local.d/milter_headers.conf. No other modules are loaded, which takes rspamd half a
second instead of ten.
"""

import os
import shutil
import subprocess
import tempfile

from harness import dns_space

PROGRAM = '/usr/bin/rspamd'
SHARE = '/usr/share/rspamd'
CONFIG = '''
lua = "%(base)s/globals.lua";
options {
    pidfile = "%(base)s/pid";
    tempdir = "%(base)s";
    hs_cache_dir = "%(base)s";
    control_socket = "%(base)s/control mode=0600";
    url_tld = "%(suffixes)s";
    filters = "dkim";
    disable_hyperscan = true;
    dns { nameserver = ["127.0.0.1:53"]; timeout = 5s; }
}
logging { type = "console"; level = "error"; }
worker "rspamd_proxy" {
    bind_socket = "%(base)s/socket mode=0666";
    milter = yes;
    count = 1;
    upstream "local" { default = yes; self_scan = yes; }
}
modules {
    path = "%(share)s/plugins/spf.lua";
    path = "%(share)s/plugins/dmarc.lua";
    path = "%(share)s/plugins/milter_headers.lua";
}
spf { }
dkim { }
dmarc { }
milter_headers { %(headers)s }
actions { reject = 1000; }
'''


# The plugins of rspamd 2.7 call functions that its rules define.
GLOBALS = 'require "global_functions" ()\n'


def find_suffixes():
    """The public suffix list: rspamd's own, or, since Debian 13, that of publicsuffix."""
    own = os.path.join(SHARE, 'effective_tld_names.dat')
    return own if os.path.exists(own) else '/usr/share/publicsuffix/public_suffix_list.dat'


def unavailable():
    """The reason why it cannot run here, or None."""
    if not os.path.exists(PROGRAM):
        return 'no ' + PROGRAM
    return dns_space.unavailable()


class Rspamd:
    def __init__(self, space, headers):
        self.space = space
        self.base = tempfile.mkdtemp(prefix='srsd-rspamd-')
        os.chmod(self.base, 0o755)
        self.path = os.path.join(self.base, 'socket')
        self.endpoint = 'unix:' + self.path
        with open(os.path.join(self.base, 'globals.lua'), 'w', encoding='utf-8') as file:
            file.write(GLOBALS)
        self.conf = os.path.join(self.base, 'rspamd.conf')
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write(CONFIG % {'base': self.base, 'share': SHARE, 'headers': headers,
                                 'suffixes': find_suffixes()})

    def start(self):
        self.process = self.space.run([PROGRAM, '-f', '-i', '-c', self.conf],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        dns_space.wait_socket(self.path, self.process)
        return self

    __enter__ = start

    def stop(self):
        dns_space.end(self.process)
        shutil.rmtree(self.base, ignore_errors=True)

    def __exit__(self, *_):
        self.stop()
