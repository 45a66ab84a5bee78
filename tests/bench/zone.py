# SPDX-License-Identifier: ISC
"""zone - realistic sender domains, and policy requests for them.

Most senders include one or two large providers, whose records are lists of networks. The others
list addresses, name their MX, redirect, or publish nothing. The construction of a domain determines
the answer to each request. The same number of domains gives the same zone on every machine.
"""

import random

PASS = 'action=PREPEND Received-SPF: Pass*'
SOFTFAIL = 'action=PREPEND Received-SPF: Softfail*'
NONE = 'action=PREPEND Received-SPF: None*'
FAIL = 'action=550 5.7.23 *'

PROVIDERS = 8
OUTSIDE = '203.0.113.66'        # in no record


class Zone:
    """`names` has the form of tests/harness/dns_server.py. `requests` are lines for load.c, one per
    domain, and `any_answer` the same requests with patterns that match all policy services."""

    def __init__(self, domains):
        self.random = random.Random(domains)
        self.names = {}
        for number in range(PROVIDERS):
            self._add_provider(number)
        self.requests = [self._add_domain(number) for number in range(domains)]

    @property
    def any_answer(self):
        return [request.rpartition('\t')[0] + '\taction=*' for request in self.requests]

    def _txt(self, name, *terms):
        self.names.setdefault(name, {})['TXT'] = ['v=spf1 ' + ' '.join(terms)]

    def _add_provider(self, number):
        """Some providers have their networks in one record, some in three that it includes."""
        name = 'p%d.test' % number
        networks = ['ip4:198.18.%d.%d/28' % (number, 16 * i) for i in range(12)]
        networks.insert(6, 'ip6:2001:db8:%x::/48' % number)
        self._txt('mail.' + name, 'ip4:198.18.%d.0/24' % number, '-all')
        if number % 2:
            self._txt('_spf.' + name, *networks, '~all')
            return
        for part in range(3):
            self._txt('_net%d.%s' % (part, name), *networks[part::3], '~all')
        self._txt('_spf.' + name, *('include:_net%d.%s' % (part, name) for part in range(3)),
                  '~all')

    def _add_domain(self, number):
        domain = 'd%d.test' % number
        own = '198.51.%d.%d' % (number // 256 % 256, number % 256)
        provider = self.random.randrange(PROVIDERS)
        theirs = '198.18.%d.%d' % (provider, 16 * self.random.randrange(12) + 1)
        client, helo, answer = self.random.choice(
            [(theirs, 'mail.p%d.test' % provider, PASS)] * 4 + [(OUTSIDE, 'nobody.test', SOFTFAIL)])
        include = 'include:_spf.p%d.test' % provider
        kind = self.random.choices(('one', 'two', 'mx', 'list', 'redirect', 'none', 'fail'),
                                   (35, 15, 20, 12, 6, 8, 4))[0]
        if kind == 'one':
            self._txt(domain, include, '~all')
        elif kind == 'two':
            another = (provider + 1) % PROVIDERS
            self._txt(domain, 'ip4:' + own, 'include:_spf.p%d.test' % another, include, '~all')
        elif kind == 'mx':
            self._txt(domain, 'a', 'mx', include, '~all')
            self.names[domain].update(A=[own], MX=[(10, 'mx.' + domain)])
            self.names['mx.' + domain] = {'A': [own]}
        elif kind == 'list':
            self._txt(domain, *('ip4:198.51.100.%d' % i for i in range(8)), 'ip4:' + theirs, '~all')
        elif kind == 'redirect':
            self._txt(domain, 'redirect=_spf.p%d.test' % provider)
        elif kind == 'none':
            self.names[domain] = {'TXT': ['site-verification=%032x' % self.random.getrandbits(128)]}
            answer = NONE
        else:
            self._txt(domain, 'ip4:' + own, '-all')
            answer = FAIL
        return '\t'.join((client, helo, 'user%d@%s' % (number, domain), 'bob@our.test', answer))

    def text(self):
        """As a root zone for a name server."""
        lines = ['$ORIGIN .', '$TTL 86400', '. SOA ns.test. root.test. 1 3600 900 604800 86400',
                 '. NS ns.test.', 'ns.test. A 127.0.0.1']
        for name, node in self.names.items():
            for kind, values in node.items():
                lines += ['%s. %s %s' % (name, kind, _written(kind, value)) for value in values]
        return '\n'.join(lines) + '\n'


def _written(kind, value):
    if kind == 'MX':
        return '%d %s.' % value
    if kind == 'TXT':
        return ' '.join('"%s"' % value[i:i + 250] for i in range(0, len(value), 250))
    return value
