# SPDX-License-Identifier: ISC
"""questions - the requests of the benchmarks, with their answers, as files for load.c."""

from harness import srs
from harness.daemon import SECRET
from servers import DOMAIN, FORWARDER

KEYS = 1000
NEW = '#' * 16                          # load.c replaces it by another number in each request
LONG = 'bulk-%s-%s@news.origin.test' % ('x' * 40, NEW)


def forward_requests():
    for number in range(KEYS):
        yield ('user%d@d%d.test\t200 SRS0=????=??=d%d.test=user%d@%s'
               % (number, number, number, number, DOMAIN))


def socketmap_requests():
    for number in range(KEYS):
        yield ('forward user%d@d%d.test\tOK SRS0=????=??=d%d.test=user%d@%s'
               % (number, number, number, number, DOMAIN))


def reverse_requests(secret=SECRET):
    day = srs.today()
    for number in range(KEYS):
        address = 'user%d@d%d.test' % (number, number)
        yield '%s\t200 %s' % (srs.srs0(address, secret, DOMAIN, day), address)


def milter_requests():
    """Messages that one of our aliases forwards."""
    for number in range(KEYS):
        sender = 'user%d@d%d.test' % (number, number)
        yield ('%s\tfriend@elsewhere.test\tlist@%s\te<SRS0=????=??=d%d.test=user%d@%s> c'
               % (sender, FORWARDER, number, number, DOMAIN))


class Questions:
    """The files of requests, by service; 'table' is for a server with one reply for all."""

    def __init__(self, folder, zone):
        self.folder = folder
        self.paths = {'forward': self.write('forward', forward_requests()),
                      'reverse': self.write('reverse', reverse_requests()),
                      'socketmap': self.write('socketmap', socketmap_requests()),
                      'policy': self.write('policy', zone.requests),
                      'milter': self.write('milter', milter_requests()),
                      'any policy': self.write('any-policy', zone.any_answer),
                      'new sender': self.write('new', ['forward %s@origin.test\tOK SRS0=*' % NEW]),
                      'long sender': self.write('long', ['forward %s\t*' % LONG])}
        self.paths['table'] = self.paths['forward']
        self.paths['policy, unix'] = self.paths['policy']

    def write(self, name, lines):
        return self.folder.file(name, ''.join(line + '\n' for line in lines))
