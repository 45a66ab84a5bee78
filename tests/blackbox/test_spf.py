#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""SPF through the policy socket, with DNS answered by a server of our own."""

import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.case import DaemonCase
from harness.clients import new_instance, policy_request
from harness.daemon import Daemon, free_port, run
from harness.dns_server import NXDOMAIN, REFUSED, SERVFAIL, SILENT, Delayed, reverse_name

CLIENT = '192.0.2.1'
CLIENT6 = '2001:db8::1'


def record(text, **more):
    return {'TXT': ['v=spf1 ' + text], **more}


def address(*addresses):
    kinds = {}
    for text in addresses:
        kinds.setdefault('AAAA' if ':' in text else 'A', []).append(text)
    return kinds


# Local parts that make names longer than a name may be; what is left of those are the labels from
# the right that fit into 253 bytes.
LONG_LOCAL_PARTS = ['.'.join(letter * 50 for letter in letters)
                    for letters in ('abcdef', 'abcdefghijklmnop')]
LONG_NAMES = [local[-4 * 51 + 1:] + '.macro-long.test' for local in LONG_LOCAL_PARTS]

ZONE = {
    # addresses and names that the records below refer to
    'here.test': address(CLIENT, CLIENT6),
    'there.test': address('198.51.100.1', '2001:db8:ffff::1'),
    'mail.here.test': address(CLIENT),
    'nomail.test': {'MX': [(0, '.')]},
    reverse_name(CLIENT): {'PTR': ['mail.here.test', 'liar.test']},
    reverse_name(CLIENT6): {'PTR': ['here.test']},
    'liar.test': address('198.51.100.2'),

    # mechanisms
    'all.test': record('+all'),
    'ip4.test': record('ip4:192.0.2.0/24 -all'),
    'ip4-host.test': record('ip4:192.0.2.2 -all'),
    'ip6.test': record('ip6:2001:db8::/32 -all'),
    'a.test': record('a -all', A=[CLIENT]),
    'a-name.test': record('a:here.test -all'),
    'a-cidr.test': record('a:near.test/24//64 -all'),
    'near.test': address('192.0.2.77', '2001:db8::77'),
    'a-many.test': record('a -all', A=['198.51.100.%d' % n for n in range(20)] + [CLIENT]),
    'a-cname.test': record('a:alias.test -all'),
    'alias.test': {'CNAME': ['here.test']},
    'mx.test': record('mx -all', MX=[(10, 'there.test'), (20, 'here.test')]),
    'mx-null.test': record('mx:nomail.test ~all'),
    'mx-ten.test': record('mx -all', MX=[(n, 'm%d.mx-ten.test' % n) for n in range(10)]),
    **{'m%d.mx-ten.test' % n: address(CLIENT if n == 9 else '198.51.100.9') for n in range(10)},
    'mx-eleven.test': record('mx -all', MX=[(n, 'm%d.mx-eleven.test' % n) for n in range(11)]),
    **{'m%d.mx-eleven.test' % n: address('198.51.100.9') for n in range(11)},
    'ptr.test': record('ptr:here.test -all'),
    'ptr-liar.test': record('ptr:liar.test -all'),
    'exists.test': record('exists:%{ir}.%{v}.list.test -all'),
    '1.2.0.192.in-addr.list.test': address('127.0.0.2'),
    'exists6.test': record('exists:found.test -all'),
    'found.test': address('127.0.0.2'),
    'include.test': record('include:fail.test include:ip4.test -all'),
    'include-none.test': record('include:there.test -all'),
    'include-temp.test': record('include:broken.test +all'),
    'include-perm.test': record('include:syntax.test +all'),
    'redirect.test': record('redirect=ip4.test'),
    'redirect-unused.test': record('?all redirect=fail.test'),
    'redirect-none.test': record('redirect=there.test'),
    'redirect-loop.test': record('redirect=redirect-loop.test'),
    'include-loop.test': record('include:include-loop.test -all'),
    'fail.test': record('-all'),
    'soft.test': record('~all'),
    'neutral.test': record('?all'),
    'no-match.test': record('ip4:198.51.100.1'),
    'upper.test': {'TXT': ['V=SPF1 IP4:192.0.2.0/24 -ALL']},
    'modifier.test': record('moo=cow ip4:192.0.2.1 -all'),

    # macros; each name exists only when all of it was expanded right
    'macro-s.test': record('exists:%{s}.s.test -all'),
    'alice@macro-s.test.s.test': address('127.0.0.2'),
    'macro-l.test': record('exists:%{l}.%{o}.%{d}.l.test -all'),
    'alice.macro-l.test.macro-l.test.l.test': address('127.0.0.2'),
    'macro-parts.test': record('exists:%{lr-}.%{l1r-}.%{d1}.p.test -all'),
    'c.b.a.a.test.p.test': address('127.0.0.2'),
    'macro-h.test': record('exists:%{h}.h.test -all'),
    'helo.test.h.test': address('127.0.0.2'),
    'macro-p.test': record('exists:%{p}.p-macro.test -all'),
    'mail.here.test.p-macro.test': address('127.0.0.2'),
    'macro-escapes.test': record('exists:%%-%_-%-.e.test -all'),
    '%- -%20.e.test': address('127.0.0.2'),
    'macro-url.test': record('exists:%{S}.u.test -all'),
    'a%2bb%40macro-url.test.u.test': address('127.0.0.2'),
    'macro-long.test': record('exists:%{l}.%{d} -all'),
    **{name: address('127.0.0.2') for name in LONG_NAMES},

    # invalid records, or more than one
    'syntax.test': record('ip4:999.1.1.1 -all'),
    'unknown.test': record('foo:bar -all'),
    'unknown-behind.test': record('+all foo:bar'),
    'two.test': {'TXT': ['v=spf1 +all', 'v=spf1 -all']},
    'other-txt.test': {'TXT': ['hello', 'v=spf10 -all', 'v=spf1 ip4:192.0.2.1 -all']},
    'only-other.test': {'TXT': ['v=spf10 -all', 'v=spf1-all']},
    'strings.test': {'TXT': [('v=spf1 ip4:19', '2.0.2.1 -', 'all')]},
    'empty.test': {'TXT': ['v=spf1']},
    '8bit.test': {'TXT': [b'v=spf1 a:\xff.test -all']},
    'nul.test': {'TXT': [b'v=spf1 \0 -all']},
    'blanks.test': {'TXT': ['v=spf1   ip4:192.0.2.1   -all   ']},
    'type99.test': {'SPF': ['v=spf1 -all']},
    'cname.test': {'CNAME': ['ip4.test']},
    **{'chain%d.test' % n: {'CNAME': ['chain%d.test' % (n + 1)]} for n in range(8)},
    'chain8.test': record('a -all', A=[CLIENT]),
    'a-chain.test': record('a:chain0.test -all'),
    'ring1.test': {'CNAME': ['ring2.test']},
    'ring2.test': {'CNAME': ['ring1.test']},
    'a-ring.test': record('a:ring1.test +all'),
    'include-ring.test': record('include:ring1.test +all'),
    'a-cname-gone.test': record('a:cname-gone.test mx:cname-gone.test ip4:192.0.2.1 -all'),
    'cname-gone.test': {'CNAME': ['gone.no.test']},

    # limits
    'ten.test': record(' '.join('a:m%d.mx-ten.test' % n for n in range(9)) + ' a:here.test -all'),
    'eleven.test': record(' '.join('a:t%d.test' % n for n in range(10)) + ' a:here.test -all'),
    **{'t%d.test' % n: address('198.51.100.3') for n in range(10)},
    'void-two.test': record('a:v1.no.test a:v2.no.test +all'),
    'void-three.test': record('a:v1.no.test a:v2.no.test a:v3.no.test +all'),

    # DNS that is big, broken, slow or silent
    'big.test': {'TXT': ['x' * 1500, 'v=spf1 ip4:192.0.2.1 -all', 'y' * 1500]},
    'long.test': {'TXT': ['v=spf1 %s ip4:192.0.2.1 -all' % ' '.join(
        'ip4:198.51.100.%d' % n for n in range(200))]},
    'huge.test': record('ip4:9.9.9.9 ' * 5000 + 'ip4:192.0.2.1 -all'),
    'last-txt.test': {'TXT': ['x%d' % n for n in range(1000)] + ['v=spf1 ip4:192.0.2.1 -all']},
    'last-a.test': record('a -all', A=['198.51.%d.%d' % (n >> 8, n & 255) for n in range(2000)]
                          + [CLIENT]),
    'broken.test': SERVFAIL,
    'refused.test': REFUSED,
    'broken-a.test': {**record('a:half.test -all')},
    'half.test': {'A': SERVFAIL},
    'unneeded-broken.test': record('ip4:192.0.2.1 a:broken.test -all'),
    'gone.test': NXDOMAIN,
    'slow.test': Delayed(0.3, record('ip4:192.0.2.1 -all')),
    'silent.test': SILENT,
    'silent-a.test': {**record('a:mute.test -all')},
    'mute.test': SILENT,
    'helo.test': address(CLIENT),
}


class SpfCase(DaemonCase):
    ZONE = ZONE
    SPF = {'helo-reject': 'no-check', 'mail-from-reject': 'false'}

    def setUp(self):
        self.client = self.policy()

    def result(self, sender='alice@none.test', **attributes):
        if '@' not in sender:
            sender = 'alice@' + sender
        action = self.client.ask(**{'helo_name': 'helo.test', 'sender': sender, **attributes})
        self.assertRegex(action, '^PREPEND Received-SPF: ')
        return action.split()[2].lower()


class Results(SpfCase):
    CASES = {
        'all.test': 'pass', 'ip4.test': 'pass', 'ip4-host.test': 'fail', 'ip6.test': 'fail',
        'a.test': 'pass', 'a-name.test': 'pass', 'a-cidr.test': 'pass', 'a-many.test': 'pass',
        'a-cname.test': 'pass', 'mx.test': 'pass', 'mx-null.test': 'softfail',
        'mx-ten.test': 'pass', 'mx-eleven.test': 'permerror', 'ptr.test': 'pass',
        'ptr-liar.test': 'fail', 'exists.test': 'pass', 'include.test': 'pass',
        'include-none.test': 'permerror', 'include-temp.test': 'temperror',
        'include-perm.test': 'permerror', 'redirect.test': 'pass',
        'redirect-unused.test': 'neutral', 'redirect-none.test': 'permerror',
        'redirect-loop.test': 'permerror', 'include-loop.test': 'permerror', 'fail.test': 'fail',
        'soft.test': 'softfail', 'neutral.test': 'neutral', 'no-match.test': 'neutral',
        'upper.test': 'pass', 'modifier.test': 'pass',

        'macro-s.test': 'pass', 'macro-l.test': 'pass', 'macro-h.test': 'pass',
        'macro-p.test': 'pass', 'macro-escapes.test': 'pass', 'a-b-c@macro-parts.test': 'pass',
        'bob@macro-s.test': 'fail', 'a+b@macro-url.test': 'pass',
        **{local + '@macro-long.test': 'pass' for local in LONG_LOCAL_PARTS},

        'there.test': 'none', 'gone.test': 'none', 'no.test': 'none', 'only-other.test': 'none',
        'type99.test': 'none', 'syntax.test': 'permerror', 'unknown.test': 'permerror',
        'unknown-behind.test': 'permerror', 'two.test': 'permerror', 'other-txt.test': 'pass',
        'strings.test': 'pass', 'empty.test': 'neutral', '8bit.test': 'permerror',
        'nul.test': 'permerror', 'blanks.test': 'pass', 'cname.test': 'pass',
        'chain0.test': 'pass', 'a-chain.test': 'pass', 'ring1.test': 'temperror',
        'a-ring.test': 'temperror', 'include-ring.test': 'temperror', 'a-cname-gone.test': 'pass',

        'ten.test': 'pass', 'eleven.test': 'permerror', 'void-two.test': 'pass',
        'void-three.test': 'permerror',

        'big.test': 'pass', 'long.test': 'pass', 'huge.test': 'pass', 'last-txt.test': 'pass',
        'last-a.test': 'pass', 'broken.test': 'temperror', 'refused.test': 'temperror',
        'broken-a.test': 'temperror',
        'unneeded-broken.test': 'pass', 'slow.test': 'pass',
        'ALICE@FAIL.TEST': 'fail', 'a@b@ip4.test': 'pass', 'a"b@fail.test': 'fail',
    }
    CASES6 = {
        'ip4.test': 'fail', 'ip6.test': 'pass', 'a-name.test': 'pass', 'a-cidr.test': 'pass',
        'a.test': 'fail', 'mx.test': 'pass', 'ptr.test': 'pass', 'exists6.test': 'pass',
        'include.test': 'fail', 'all.test': 'pass',
    }

    def test_ipv4(self):
        for sender, want in self.CASES.items():
            with self.subTest('%s %s' % (sender, want)):
                self.assertEqual(self.result(sender), want)

    def test_ipv6(self):
        for sender, want in self.CASES6.items():
            with self.subTest('%s %s' % (sender, want)):
                self.assertEqual(self.result(sender, client_address=CLIENT6), want)

    def test_mapped_ipv4(self):
        self.assertEqual(self.result('ip4.test', client_address='::ffff:' + CLIENT), 'pass')
        self.assertEqual(self.result('exists.test', client_address='::ffff:' + CLIENT), 'pass')

    def test_quoted_sender(self):
        """Postfix sends `a@b@c` for `"a@b"@c`: the domain is the part after the last @."""
        for sender in ('joe@all.test@fail.test', '"joe@all.test"@fail.test', 'a b@fail.test'):
            with self.subTest(sender):
                self.assertEqual(self.result(sender), 'fail')

    def test_beyond_ascii(self):
        """The domain is asked for by its A-labels; such a local part matches no macro."""
        self.dns.add({'xn--bcher-kva.test': record('-all'),
                      'eai.test': record('exists:%{l}.any.test -all'),
                      'jürgen.any.test': address('127.0.0.2')})
        self.assertEqual(self.result('alice@bücher.test'), 'fail')
        self.assertEqual(self.result('jürgen@eai.test'), 'fail')

    def test_no_dns_needed(self):
        self.dns.clear()
        self.assertEqual(self.result('alice@localhost'), 'none')
        self.assertEqual(self.dns.seen('localhost'), [])

    def test_tcp(self):
        """An answer that does not fit into a datagram is requested again over TCP."""
        self.dns.add({'big2.test': ZONE['big.test']})
        self.assertEqual(self.result('big2.test'), 'pass')
        self.assertNotEqual(self.dns.seen('big2.test', 'TXT', 'tcp'), [])

    def test_cache(self):
        """A second message of the domain costs no query."""
        self.dns.add({'cached.test': record('a:cached-a.test -all'),
                      'cached-a.test': {'A': [CLIENT]}})
        self.assertEqual(self.result('cached.test'), 'pass')
        self.dns.clear()
        self.assertEqual(self.result('cached.test'), 'pass')
        self.assertEqual(self.dns.seen('cached.test') + self.dns.seen('cached-a.test'), [])

    def test_short_cut(self):
        """Terms after the one that matches need no query for the verdict."""
        self.dns.add({'early.test': record('ip4:192.0.2.1 a:mute.test -all')})
        self.assertEqual(self.result('early.test'), 'pass')


class NullSender(SpfCase):
    SPF = {'helo-reject': 'false', 'mail-from-reject': 'false'}

    def test_helo(self):
        for helo, want in (('ip4.test', 'pass'), ('fail.test', 'fail'), ('there.test', 'none'),
                           ('broken.test', 'temperror'), ('[192.0.2.1]', 'none'),
                           ('[IPv6:2001:db8::1]', 'none'), ('localhost', 'none'), ('', 'none')):
            with self.subTest(helo):
                action = self.client.ask(sender='', helo_name=helo)
                self.assertRegex(action, '(?i)^PREPEND Received-SPF: %s ' % want)
                self.assertIn('identity=helo', action)

    def test_postmaster(self):
        """The sender of a bounce is postmaster at the HELO name."""
        self.dns.add({'pm.test': record('exists:%{l}.%{o}.pm-list.test -all'),
                      'postmaster.pm.test.pm-list.test': address('127.0.0.2')})
        self.assertRegex(self.client.ask(sender='', helo_name='pm.test'), 'Received-SPF: Pass ')


class Trouble(SpfCase):
    """Nameservers that are slow, silent or not there."""

    SPF = {**SpfCase.SPF, 'lookup-time': 2}

    def test_silent(self):
        for sender in ('silent.test', 'silent-a.test'):
            with self.subTest(sender):
                self.assertEqual(self.result(sender), 'temperror')

    def test_others_do_not_wait(self):
        """A sender that never answers delays no other mail."""
        self.dns.add({'mute%d.test' % n: SILENT for n in range(10)})
        waiting = [self.policy() for _ in range(10)]
        for number, client in enumerate(waiting):
            client.send(policy_request(sender='a@mute%d.test' % number, helo_name='helo.test'))
        for number in range(10):
            self.dns.wait_query('mute%d.test' % number)
        self.assertEqual(self.result('ip4.test'), 'pass')
        for client in waiting:
            self.assertRegex(client.action(), 'Received-SPF: Temperror ')

    def test_no_nameserver(self):
        daemon = self.another_daemon({'nameservers': ['127.0.0.1:%d' % free_port()]}, self.SPF)
        self.assertRegex(self.policy(daemon).ask(sender='a@ip4.test'), 'Received-SPF: Temperror ')

    def test_client_that_leaves(self):
        """Its lookups are cancelled: no evaluation continues for a closed connection."""
        self.dns.add({'left.test': Delayed(0.5, record('a:left-a.test -all')),
                      'left-a.test': address(CLIENT), 'pause.test': SILENT})
        mark = self.daemon.log_mark()
        with self.daemon.policy_client() as client:
            client.send(policy_request(sender='a@left.test', helo_name='helo.test'))
            self.dns.wait_query('left.test')
        self.assertEqual(self.result('pause.test'), 'temperror')        # longer than that delay
        self.assertEqual(self.daemon.log_matches('left.test.* result=pass', mark), [])
        self.assertEqual(self.dns.seen('left-a.test'), [])

    def test_many_checks_of_one_domain(self):
        """At most 20 at a time; the next are deferred at once instead of waiting."""
        self.dns.add({'crowd.test': SILENT})
        clients = [self.policy() for _ in range(30)]
        for number, client in enumerate(clients):
            client.send(policy_request(sender='a%d@crowd.test' % number, helo_name='helo.test'))
        self.assertEqual(self.result('ip4.test'), 'pass')
        for number, client in enumerate(clients):
            self.assertRegex(client.action(),
                             'Received-SPF: Temperror ' if number < 20 else '^451 4.4.3 ')

    def test_answer_after_seconds(self):
        """A nameserver may need longer than one attempt lasts; the same goes for the next name."""
        self.dns.add({'seconds%d.test' % n: Delayed(3, record('-all')) for n in range(3)})
        daemon = self.another_daemon({}, {**self.SPF, 'lookup-time': 20})
        clients = [self.policy(daemon) for _ in range(3)]
        for number, client in enumerate(clients):
            client.send(policy_request(sender='a@seconds%d.test' % number, helo_name='helo.test'))
        for client in clients:
            self.assertRegex(client.action(), 'Received-SPF: Fail ')

    def test_answer_after_the_limit(self):
        self.dns.add({'late.test': Delayed(4, record('+all'))})
        self.assertEqual(self.result('late.test'), 'temperror')

    def test_second_question_after_trouble(self):
        """A nameserver that recovers is used again as soon as the failure has expired."""
        self.dns.add({'flaky.test': SERVFAIL})
        self.assertEqual(self.result('flaky.test'), 'temperror')
        self.assertEqual(self.result('a-name.test'), 'pass')


class Outage(SpfCase):
    """The nameserver goes silent for three domains and is asked for no other."""

    NAMES = ['dark%d.test' % n for n in range(3)]

    def status(self, *arguments):
        done = run('-f', self.daemon.config, 'status', *arguments, program='srsctl')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def test_begin_and_end(self):
        self.daemon = Daemon({}, {**self.SPF, 'lookup-time': 30}, self.dns)
        self.daemon.enable_control()
        self.enter(self.daemon)
        servers = 'dns servers +' + re.escape(self.dns.address) + r' \(nameservers\), '
        self.assertRegex(self.status(), servers + 'no answer yet\n')
        self.client = self.policy(self.daemon)
        self.assertEqual(self.result('ip4.test'), 'pass')
        self.assertRegex(self.status(), servers + r'last answer \d+ s ago\n')
        self.dns.add({name: SILENT for name in self.NAMES})
        for name in self.NAMES:
            self.policy(self.daemon).send(
                policy_request(sender='a@' + name, helo_name='helo.test'))
        line = self.daemon.wait_log('dns: the nameserver')
        self.assertRegex(line, 'the nameserver ' + re.escape(self.dns.address) +
                         r' has not answered for 2\d s$')
        self.assertRegex(self.status(), servers + r'last answer \d+ s ago, outage for 2\d s\n')
        state = json.loads(self.status('--json'))
        self.assertEqual(state['nameservers']['servers'], [self.dns.address])
        self.assertGreater(state['nameservers']['outage_since'],
                           state['nameservers']['last_answer'] - 2)
        self.assertEqual(self.result('ip6.test'), 'fail')
        self.daemon.wait_log('the nameserver ' + re.escape(self.dns.address) +
                             r' answers again after \d+ s$')
        self.assertNotIn('outage', self.status())
        self.assertEqual(len(self.daemon.log_matches('dns: ')), 2)


class OneMessage(SpfCase):
    def test_one_check(self):
        """The later recipients of a message cost no query, not even of a name that failed."""
        self.dns.add({'once.test': SERVFAIL})
        instance = new_instance()
        self.assertRegex(self.client.ask(sender='a@once.test', instance=instance), 'Temperror')
        self.dns.clear()
        for number in range(3):
            self.assertEqual(self.client.ask(sender='a@once.test', instance=instance,
                                             recipient='r%d@our.test' % number), 'DUNNO')
        self.assertEqual(self.dns.seen('once.test'), [])

    def test_two_messages_at_a_time(self):
        """Two connections ask for the same message while its check runs: both are answered."""
        self.dns.add({'both.test': Delayed(0.5, record('ip4:192.0.2.1 -all'))})
        request = policy_request(sender='a@both.test')
        clients = [self.policy() for _ in range(2)]
        for client in clients:
            client.send(request)
        actions = sorted(client.action() for client in clients)
        self.assertIn(actions[0], ('DUNNO', actions[1]))
        self.assertRegex(actions[1], 'Received-SPF: Pass ')


class Log(SpfCase):
    def test_line(self):
        for sender, pattern in (
                ('carl@ip4.test', r'result=pass identity=mailfrom mechanism=ip4:192\.0\.2\.0/24 '
                                  r'action=prepend'),
                ('carl@soft.test', r'result=softfail identity=mailfrom mechanism=~all '),
                ('carl@include.test', r'result=pass identity=mailfrom mechanism=\S+ '),
                ('carl@there.test', r'result=none identity=mailfrom '),
                ('carl@broken.test', r'result=temperror identity=mailfrom ')):
            with self.subTest(sender):
                self.result(sender)
                line = self.daemon.wait_log(r'policy client=192\.0\.2\.1 .*sender=<%s>' % sender)
                self.assertRegex(line, pattern)
                self.assertRegex(line, r'time=\d+ms dns=\d+')

    def test_counts_queries(self):
        self.dns.add({'fresh.test': record('a:fresh-a.test -all'), 'fresh-a.test': {'A': [CLIENT]}})
        self.result('carl@fresh.test')
        self.assertRegex(self.daemon.wait_log('sender=<carl@fresh.test>'), r' dns=[1-9]')


if __name__ == '__main__':
    tap.main()
