#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The policy service: framing, decisions by SRS before any DNS query, actions for verdicts."""

import os
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.case import DaemonCase
from harness.clients import new_instance, policy_request
from harness.daemon import SECRET, StartFailed
from harness.dns_server import SERVFAIL, SILENT, reverse_name

FORGED = '550 5.1.1 unknown SRS address'
EXPIRED = '550 5.1.1 expired SRS address'
REFUSED = ('550 5.7.23 SPF MAIL FROM check failed: 192.0.2.1 is not allowed to send mail for '
           'fail.test')

# One domain for each result that a check from 192.0.2.1 can have.
ZONE = {
    'pass.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'fail.test': {'TXT': ['v=spf1 -all']},
    'softfail.test': {'TXT': ['v=spf1 ~all']},
    'neutral.test': {'TXT': ['v=spf1 ?all']},
    'none.test': {'A': ['192.0.2.99']},
    'permerror.test': {'TXT': ['v=spf1 foo:bar -all']},
    'temperror.test': SERVFAIL,
    'helo.test': {'A': ['192.0.2.1']},
    'exp.test': {'TXT': ['v=spf1 -all exp=why.exp.test']},
    'why.exp.test': {'TXT': ['See https://exp.test/ for %{i}']},
    'evil.test': {'TXT': ['v=spf1 -all exp=why.evil.test']},
    'why.evil.test': {'TXT': [b'bad\n\naction=OK\n\n\xff' + b'x' * 600]},
    'partly.test': {'TXT': ['v=spf1 ip4:192.0.2.77 -all']},
    'srs.test': {'TXT': ['v=spf1 -all']},

    # clients in the allow-lists
    'list.test': {'TXT': ['v=spf1 include:hosts.list.test -all']},
    'hosts.list.test': {'TXT': ['v=spf1 ip4:192.0.2.66 ip6:2001:db8::66 -all']},
    'mx.relay.test': {'A': ['192.0.2.67'], 'AAAA': ['2001:db8::67']},
    'xn--bcher-kva.test': {'A': ['192.0.2.67']},
    reverse_name('192.0.2.68'): {'PTR': ['gone.test', 'host.ptr.test']},
    reverse_name('192.0.2.69'): {'PTR': ['host.ptr.test', 'evil-ptr.test']},
    'host.ptr.test': {'A': ['192.0.2.68']},
    'evil-ptr.test': {'A': ['192.0.2.69']},
}
REASONS = {
    'pass': '; mechanism="ip4:192.0.2.1"', 'softfail': '; mechanism=~all',
    'neutral': '; mechanism="?all"', 'permerror': '; mechanism="foo:bar"; problem="unknown mechanism"',
    'temperror': '; problem="SERVFAIL for the TXT records of temperror.test"',
}
RESULTS = ('pass', 'fail', 'softfail', 'neutral', 'none', 'permerror', 'temperror')


def srs_address(address='alice@origin.test', age=0, secret=SECRET):
    return srs.srs0(address, secret, 'srs.test', srs.today() - age)


def srs1_address():
    return srs.srs1('SRS0=abcd=AA=first.test=alice@hop.test', SECRET, 'srs.test')


class PolicyCase(DaemonCase):
    ZONE = ZONE

    def setUp(self):
        self.dns.clear()
        self.client = self.policy()

    def assert_no_dns(self):
        self.assertEqual(self.dns.seen(), [])

    def header(self, action):
        """The first word of the Received-SPF header."""
        self.assertRegex(action, '^PREPEND Received-SPF: ')
        return action.split()[2].lower()


class Exempt(PolicyCase):
    """Requests that are answered DUNNO without an evaluation."""

    SPF = {'whitelist': ['198.51.100.0/24', '2001:db8::/32'], 'skip-addresses': ['192.0.2.200']}

    def test_exempt(self):
        for name, attributes in (
                ('not RCPT', {'protocol_state': 'DATA'}),
                ('MAIL', {'protocol_state': 'MAIL'}),
                ('END-OF-MESSAGE', {'protocol_state': 'END-OF-MESSAGE'}),
                ('VRFY', {'protocol_state': 'VRFY'}),
                ('unknown state', {'protocol_state': 'NEWSTATE'}),
                ('empty state', {'protocol_state': ''}),
                ('no state', {'protocol_state': None}),
                ('authenticated', {'sasl_username': 'alice'}),
                ('client address empty', {'client_address': ''}),
                ('client address unknown', {'client_address': 'unknown'}),
                ('no client address', {'client_address': None}),
                ('skip-addresses', {'client_address': '192.0.2.200'}),
                ('skip-addresses mapped', {'client_address': '::ffff:192.0.2.200'}),
                ('whitelist', {'client_address': '198.51.100.7'}),
                ('whitelist IPv6', {'client_address': '2001:db8::1'}),
        ):
            with self.subTest(name):
                action = self.client.ask(sender='alice@fail.test', **attributes)
                self.assertEqual(action, 'DUNNO')
        self.assert_no_dns()

    def test_not_exempt(self):
        for address in ('192.0.2.1', '198.51.101.1', '2001:db9::1', '::ffff:192.0.2.1'):
            with self.subTest(address):
                action = self.client.ask(sender='alice@fail.test', client_address=address)
                self.assertRegex(action, '^550 5.7.23 ')

    def test_loopback_is_skipped_by_default(self):
        client = self.policy(self.another_daemon(spf={'skip-addresses': None}))
        for address in ('127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'):
            with self.subTest(address):
                self.assertEqual(client.ask(sender='a@fail.test', client_address=address), 'DUNNO')


class SrsRecipient(PolicyCase):
    SPF = {'srs-guess-limit': 0, 'srs-daily-limit': 0}      # all from one client

    def test_valid_bounce(self):
        for name, recipient in (('SRS0', srs_address()), ('SRS1', srs1_address()),
                                ('lower case', srs_address().lower()),
                                ('21 days', srs_address(age=20)),
                                ('tomorrow', srs_address(age=-1)),
                                ('domain in upper case', srs_address().replace('@srs', '@SRS'))):
            with self.subTest(name):
                self.assertEqual(self.client.ask(sender='', recipient=recipient,
                                                 helo_name='fail.test'), 'DUNNO')
        self.assert_no_dns()
        self.daemon.wait_log('policy .*exempt=srs-bounce')

    def test_forms_of_the_policy_service(self):
        """Postfix sends addresses without their quotes here."""
        for address in ('"john doe"@origin.test', '"a@b"@origin.test', '"a\\"b"@origin.test',
                        '".a"@origin.test'):
            local = srs.srs0_local(address, SECRET, srs.today())
            with self.subTest(local):
                self.assertEqual(self.client.ask(sender='', recipient=local + '@srs.test',
                                                 helo_name='fail.test'), 'DUNNO')
        self.assert_no_dns()

    def test_forged(self):
        good = srs_address()
        for name, recipient in (
                ('unknown secret', srs_address(secret='unknown')),
                ('another user', good.replace('=alice@', '=bob@')),
                ('short hash', good[:8] + good[9:]),
                ('no parts', 'SRS0=abcd@srs.test'),
                ('nothing', 'SRS0=@srs.test'),
                ('no stamp', 'SRS0=abcd=x=origin.test=alice@srs.test'),
                ('SRS1', 'SRS1=xxxx=first.test==abcd=AA=zero.test=alice@srs.test'),
                ('SRS1 without parts', 'SRS1=abcd@srs.test'),
                ('lower case', 'srs0=xxxx=aa=origin.test=alice@srs.test'),
                ('separator +', 'SRS0+xxxx=AA=origin.test=alice@srs.test'),
                ('domain in upper case', 'SRS0=xxxx=AA=origin.test=alice@SRS.TEST'),
                ('two @', 'SRS0=xxxx=AA=origin.test=a@b@srs.test'),
                ('far too long', 'SRS0=' + 'x' * 4000 + '@srs.test'),
        ):
            for sender in ('', 'alice@pass.test'):
                with self.subTest('%s from <%s>' % (name, sender)):
                    self.assertEqual(self.client.ask(sender=sender, recipient=recipient), FORGED)
        self.assert_no_dns()

    def test_expired(self):
        for age in (22, 23, 500, -2):
            for sender in ('', 'alice@pass.test'):
                with self.subTest('%d days, from <%s>' % (age, sender)):
                    self.assertEqual(self.client.ask(sender=sender,
                                                     recipient=srs_address(age=age)), EXPIRED)
        self.assert_no_dns()

    def test_forged_and_expired(self):
        """The reply reveals nothing about stamps to the forger."""
        recipient = srs_address(age=100, secret='unknown')
        self.assertEqual(self.client.ask(sender='', recipient=recipient), FORGED)

    def test_nothing_special(self):
        """SRS-shaped in a domain that is not ours, or not SRS-shaped at all."""
        for recipient in ('SRS0=xxxx=AA=origin.test=alice@other.test',
                          'SRS0=xxxx=AA=origin.test=alice@sub.srs.test',
                          'SRS0@srs.test', 'SRS2=x=y@srs.test', 'SRS0x=y@srs.test', 'bob@srs.test'):
            with self.subTest(recipient):
                action = self.client.ask(sender='alice@pass.test', recipient=recipient)
                self.assertEqual(self.header(action), 'pass')

    def test_other_recipients_of_a_bounce(self):
        """One valid SRS recipient exempts no other mail."""
        instance = new_instance()
        bounce = {'sender': '', 'helo_name': 'fail.test', 'instance': instance}
        self.assertEqual(self.client.ask(recipient=srs_address(), **bounce), 'DUNNO')
        self.assertRegex(self.client.ask(recipient='bob@our.test', **bounce), '^550 5.7.23 ')
        self.assertEqual(self.client.ask(recipient=srs_address(), **bounce), 'DUNNO')

    def test_header_for_the_other_recipient(self):
        """The header comes with the first recipient that is evaluated, not with the first."""
        instance = new_instance()
        bounce = {'sender': '', 'helo_name': 'pass.test', 'instance': instance}
        self.assertEqual(self.client.ask(recipient=srs_address(), **bounce), 'DUNNO')
        self.assertEqual(self.header(self.client.ask(recipient='bob@our.test', **bounce)), 'pass')
        self.assertEqual(self.client.ask(recipient='carol@our.test', **bounce), 'DUNNO')

    def test_sender_not_null(self):
        """By default an ordinary check of that sender."""
        recipient = srs_address()
        action = self.client.ask(sender='alice@pass.test', recipient=recipient)
        self.assertEqual(self.header(action), 'pass')
        action = self.client.ask(sender='alice@fail.test', recipient=recipient)
        self.assertEqual(action, REFUSED)

    def test_sender_not_null_reject(self):
        client = self.policy(self.another_daemon(spf={'srs-nonnull': 'reject'}))
        self.assertRegex(client.ask(sender='alice@pass.test', recipient=srs_address()),
                         '^550 5.7.1 ')
        self.assertEqual(client.ask(sender='', recipient=srs_address()), 'DUNNO')

    def test_sender_not_null_defer(self):
        client = self.policy(self.another_daemon(spf={'srs-nonnull': 'defer'}))
        self.assertRegex(client.ask(sender='alice@pass.test', recipient=srs_address()), '^45')

    def test_forged_is_checked_on_request(self):
        client = self.policy(self.another_daemon(spf={'srs-forged': 'check'}))
        action = client.ask(sender='alice@pass.test', recipient=srs_address(secret='unknown'))
        self.assertEqual(self.header(action), 'pass')


class SrsBudgets(PolicyCase):
    """Bad hashes of one client, and uses of one address."""
    SPF = {'srs-guess-limit': 3, 'srs-daily-limit': 2}
    FORGED = 'SRS0=FAKE=AA=origin.test=%s@srs.test'
    LATER = '450 4.7.1 try again later'

    def guess(self, client, times):
        return [self.client.ask(client_address=client, recipient=self.FORGED % n)
                for n in range(times)]

    def test_guesses_of_a_client(self):
        answers = self.guess('192.0.2.40', 6)
        self.assertEqual(answers[:3], ['550 5.1.1 unknown SRS address'] * 3)
        self.assertEqual(answers[3:], [self.LATER] * 3)
        self.daemon.wait_log('guess-limit client=192.0.2.40')
        self.assertEqual(len(self.daemon.log_matches('warning: guess-limit client=192.0.2.40')), 1)
        with self.subTest('its valid recipients too'):
            self.assertEqual(self.client.ask(client_address='192.0.2.40', sender='',
                                             recipient=srs_address('x@origin.test')), self.LATER)
        with self.subTest('its other mail is not meant'):
            self.assertNotEqual(self.client.ask(client_address='192.0.2.40'), self.LATER)
        with self.subTest('another client'):
            self.assertEqual(self.guess('192.0.2.41', 1), ['550 5.1.1 unknown SRS address'])

    def test_guesses_of_a_network(self):
        """An IPv6 customer has 2^64 addresses."""
        answers = [self.guess('2001:db8:1:2::%x' % n, 1)[0] for n in range(1, 6)]
        self.assertEqual(answers[3:], [self.LATER] * 2)
        self.assertEqual(self.guess('2001:db8:1:3::1', 1), ['550 5.1.1 unknown SRS address'])

    def test_uses_of_an_address(self):
        recipient = srs_address('often@origin.test')
        answers = [self.client.ask(client_address='192.0.2.50', sender='', recipient=recipient)
                   for _ in range(4)]
        self.assertEqual(answers, ['DUNNO', 'DUNNO', self.LATER, self.LATER])
        with self.subTest('in other case'):
            self.assertEqual(self.client.ask(client_address='192.0.2.50', sender='',
                                             recipient=recipient.lower()), self.LATER)
        with self.subTest('another day'):
            self.assertEqual(self.client.ask(client_address='192.0.2.50', sender='',
                                             recipient=srs_address('often@origin.test', age=1)),
                             self.LATER)
        with self.subTest('another address'):
            self.assertEqual(self.client.ask(client_address='192.0.2.50', sender='',
                                             recipient=srs_address('else@origin.test')), 'DUNNO')
        with self.subTest('another client'):
            self.assertEqual(self.client.ask(client_address='192.0.2.51', sender='',
                                             recipient=recipient), 'DUNNO')


class SrsSender(PolicyCase):
    def test_ours_is_skipped(self):
        """Mail that we forwarded and that comes back: MAIL FROM is not evaluated, HELO is."""
        for name, sender in (('SRS0', srs_address()), ('SRS1', srs1_address()),
                             ('blank in the user', srs.srs0_local('"a b"@origin.test', SECRET,
                                                                  srs.today()) + '@srs.test')):
            with self.subTest(name):
                action = self.client.ask(sender=sender, helo_name='localhost')
                self.assertRegex(action, r'^PREPEND Received-SPF: None \(.*SRS-verified.*\)')
                action = self.client.ask(sender=sender, helo_name='fail.test')
                self.assertRegex(action, '^550 5.7.23 SPF HELO check failed: ')
        self.assertEqual({query.name for query in self.dns.seen()}, {'fail.test'})

    def test_header_once(self):
        sender, instance = srs_address(), new_instance()
        first, second = (self.client.ask(sender=sender, instance=instance, recipient=recipient)
                         for recipient in ('bob@our.test', 'carol@our.test'))
        self.assertEqual(self.header(first), 'none')
        self.assertEqual(second, 'DUNNO')

    def test_not_ours_is_ordinary(self):
        for name, sender in (('forged', srs_address(secret='unknown')),
                             ('expired', srs_address(age=40)),
                             ('malformed', 'SRS0=abcd@srs.test'),
                             ('not SRS', 'alice@srs.test')):
            with self.subTest(name):
                self.assertRegex(self.client.ask(sender=sender), '^550 5.7.23 .*srs.test')

    def test_no_reject(self):
        client = self.policy(self.another_daemon(spf={'srs-sender': 'no-reject'}))
        self.assertEqual(self.header(client.ask(sender=srs_address())), 'fail')

    def test_check(self):
        client = self.policy(self.another_daemon(spf={'srs-sender': 'check'}))
        self.assertRegex(client.ask(sender=srs_address()), '^550 5.7.23 ')


class Verdicts(PolicyCase):
    """Which result refuses, for each value of the two options."""

    REFUSING = {
        'spf-not-pass': ('fail', 'softfail', 'neutral'),
        'softfail': ('fail', 'softfail'),
        'fail': ('fail',),
        'false': (),
        'no-check': (),
    }

    def test_mail_from_reject(self):
        for value, refusing in self.REFUSING.items():
            client = self.policy(self.another_daemon(spf={'mail-from-reject': value,
                                                          'helo-reject': 'no-check'}))
            for result in RESULTS:
                with self.subTest('%s: %s' % (value, result)):
                    action = client.ask(sender='alice@%s.test' % result)
                    self.expect(action, value, result, refusing)

    def test_helo_reject(self):
        for value, refusing in {**self.REFUSING, 'null': ('fail',)}.items():
            client = self.policy(self.another_daemon(spf={'helo-reject': value}))
            for result in RESULTS:
                with self.subTest('%s: %s' % (value, result)):
                    action = client.ask(sender='', helo_name='%s.test' % result)
                    self.expect(action, value, result, refusing)

    def expect(self, action, value, result, refusing):
        if value == 'no-check':
            self.assertEqual(action, 'DUNNO')
        elif result in refusing:
            self.assertRegex(action, '^550 5.7.23 SPF ')
        else:
            self.assertEqual(self.header(action), result)

    def test_helo_of_a_message_with_sender(self):
        """HELO comes first: by default it refuses although the sender passes."""
        passed = '^PREPEND Received-SPF: Pass'
        for value, want in (('fail', '^550 5.7.23 SPF HELO '), ('null', passed),
                            ('false', passed), ('no-check', passed)):
            with self.subTest(value):
                client = self.policy(self.another_daemon(spf={'helo-reject': value}))
                self.assertRegex(client.ask(sender='a@pass.test', helo_name='fail.test'), want)

    def test_values_of_policyd_spf(self):
        for value in ('SPF_Not_Pass', 'Fail', 'FALSE', 'No_Check', 'Softfail'):
            with self.subTest(value):
                self.another_daemon(spf={'mail-from-reject': value, 'helo-reject': value})

    def test_null_sender_reject(self):
        client = self.policy(self.another_daemon(spf={'null-sender-reject': 'false'}))
        self.assertEqual(self.header(client.ask(sender='', helo_name='fail.test')), 'fail')
        self.assertRegex(client.ask(sender='a@pass.test', helo_name='fail.test'), '^550 5.7.23 ')

    def test_permerror_reject(self):
        client = self.policy(self.another_daemon(spf={'permerror-reject': True}))
        self.assertRegex(client.ask(sender='a@permerror.test'), '^550 5.7.24 ')
        self.assertEqual(self.header(client.ask(sender='a@none.test')), 'none')

    def test_temperror_defer(self):
        client = self.policy(self.another_daemon(spf={'temperror-defer': True}))
        self.assertRegex(client.ask(sender='a@temperror.test'), '^451 4.7.24 ')
        self.assertEqual(self.header(client.ask(sender='a@none.test')), 'none')

    def test_test_only(self):
        client = self.policy(self.another_daemon(spf={'test-only': True, 'temperror-defer': True}))
        for result in RESULTS:
            with self.subTest(result):
                self.assertEqual(self.header(client.ask(sender='a@%s.test' % result)), result)

    def test_test_only_spares_forgeries(self):
        """'Nothing is refused' has no exception."""
        client = self.policy(self.another_daemon(spf={'test-only': True}))
        action = client.ask(sender='a@pass.test', recipient=srs_address(secret='unknown'))
        self.assertRegex(action, '^(DUNNO|PREPEND)')

    def test_no_mail(self):
        client = self.policy(self.another_daemon(spf={'no-mail': True}))
        self.assertEqual(client.ask(sender='a@fail.test'), REFUSED)
        self.assertEqual(self.header(client.ask(sender='a@partly.test')), 'fail')

    def test_reject_not_pass_domains(self):
        client = self.policy(self.another_daemon(
            spf={'reject-not-pass-domains': ['neutral.test', 'softfail.test']}))
        self.assertRegex(client.ask(sender='a@neutral.test'), '^550 5.7.23 ')
        self.assertRegex(client.ask(sender='a@softfail.test'), '^550 5.7.23 ')
        self.assertEqual(self.header(client.ask(sender='a@none.test')), 'none')

    def test_prospective(self):
        client = self.policy(self.another_daemon(spf={'prospective': '192.0.2.77'}))
        self.assertEqual(self.header(client.ask(sender='a@partly.test')), 'pass')

    def test_nat_guard(self):
        daemon = self.another_daemon(spf={'nat-guard': True})
        client = self.policy(daemon)
        for address in ('10.1.2.3', '172.17.0.1', '192.168.7.7', 'fd00::1'):
            with self.subTest(address):
                action = client.ask(sender='a@fail.test', client_address=address)
                self.assertRegex(action, '^(DUNNO|PREPEND)')
        self.assertEqual(client.ask(sender='a@fail.test'), REFUSED)
        self.assertEqual(client.ask(sender='a@fail.test', client_address='172.32.0.1'),
                         REFUSED.replace('192.0.2.1', '172.32.0.1'))
        daemon.wait_log('(?i)private|nat')


class Texts(PolicyCase):
    """The words of the answers."""

    def test_received_spf(self):
        for result in RESULTS:
            if result == 'fail':
                continue
            with self.subTest(result):
                self.assertEqual(
                    self.client.ask(sender='a@%s.test' % result, helo_name='helo.test'),
                    'PREPEND Received-SPF: %s (mailfrom) client-ip=192.0.2.1; helo=helo.test; '
                    'envelope-from="a@%s.test"; receiver=<UNKNOWN>%s; identity=mailfrom'
                    % (result.capitalize(), result, REASONS.get(result, '')))

    def test_ipv6(self):
        action = self.client.ask(sender='a@none.test', client_address='2001:db8::1')
        self.assertRegex(action, 'client-ip="?2001:db8::1"?;')

    def test_null_sender(self):
        action = self.client.ask(sender='', helo_name='pass.test')
        self.assertRegex(action, r'^PREPEND Received-SPF: Pass \(.*\) '
                                 r'client-ip=192.0.2.1; helo=pass.test; envelope-from="?<>"?; .*; identity=helo$')

    def test_refused(self):
        self.assertEqual(self.client.ask(sender='alice@fail.test'), REFUSED)

    def test_refused_helo(self):
        self.assertEqual(self.client.ask(sender='', helo_name='fail.test'),
                         REFUSED.replace('MAIL FROM', 'HELO'))

    def test_helo_pass_is_not_shown_as_the_senders(self):
        self.assertEqual(self.header(self.client.ask(sender='a@none.test', helo_name='pass.test')),
                         'none')

    def test_odd_values_are_quoted(self):
        """No value can end its own key and begin another."""
        for name, attributes in (
                ('helo', {'helo_name': 'x;identity=forged;y"z'}),
                ('helo with brackets', {'helo_name': '[192.0.2.1]'}),
                ('sender with quote', {'sender': 'a"; x="b@none.test'}),
                ('sender with backslash', {'sender': 'a\\@none.test'}),
                ('sender with blanks', {'sender': 'a b@none.test'}),
                ('sender beyond ASCII', {'sender': 'jürgen@none.test'}),
                ('sender of raw bytes', {'sender': 'j\udcff\udc80@none.test'}),
                ('helo of raw bytes', {'helo_name': 'h\udcff.test'}),
                ('helo with control characters', {'helo_name': 'h\r\x1b\x7f\tx'}),
                ('long helo', {'helo_name': 'h' * 3000}),
                ('long sender', {'sender': 's' * 3000 + '@none.test'}),
        ):
            with self.subTest(name):
                action = self.client.ask(**{'sender': 'a@none.test', **attributes})
                self.assertRegex(action, '^PREPEND Received-SPF: ')
                bare = self.without_quoted_strings(action)
                self.assertEqual(bare.count('identity='), 1)
                self.assertLessEqual(bare.count('='), 7)

    @staticmethod
    def without_quoted_strings(text):
        out, quoted, escaped = '', False, False
        for character in text:
            if escaped:
                escaped = False
            elif quoted and character == '\\':
                escaped = True
            elif character == '"':
                quoted = not quoted
            elif not quoted:
                out += character
        assert not quoted, 'a quoted string without end'
        return out

    def test_authentication_results(self):
        client = self.policy(self.another_daemon(
            spf={'header': 'authentication-results', 'authserv-id': 'mx.our.test'}))
        for result in RESULTS:
            if result == 'fail':
                continue
            with self.subTest(result):
                self.assertRegex(
                    client.ask(sender='a=b@%s.test' % result),
                    r'^PREPEND Authentication-Results: mx\.our\.test; spf=%s\b.* smtp\.mailfrom=%s'
                    r'\.test' % (result, result))

    def test_authentication_results_of_a_pass(self):
        client = self.policy(self.another_daemon(
            spf={'header': 'authentication-results', 'authserv-id': 'mx.our.test'}))
        self.assertRegex(client.ask(sender='a@pass.test'),
                         '^PREPEND Authentication-Results: mx.our.test; spf=pass '
                         'smtp.mailfrom=pass.test')
        self.assertRegex(client.ask(sender='', helo_name='pass.test'),
                         '^PREPEND Authentication-Results: mx.our.test; spf=pass '
                         'smtp.helo=pass.test$')

    def test_no_header(self):
        client = self.policy(self.another_daemon(spf={'header': 'none'}))
        self.assertEqual(client.ask(sender='a@pass.test'), 'DUNNO')
        self.assertEqual(client.ask(sender='a@fail.test'), REFUSED)

    def test_receiver(self):
        client = self.policy(self.another_daemon(spf={'hide-receiver': False}))
        self.assertRegex(client.ask(sender='a@pass.test', recipient='bob@our.test'),
                         'receiver=.*our.test')

    def test_reason_message(self):
        client = self.policy(self.another_daemon(
            spf={'reason-message': 'no {result} for {identity} from {client}: {reason}'}))
        self.assertRegex(client.ask(sender='a@fail.test'),
                         '^550 5.7.23 no fail for .* from 192.0.2.1: .')

    def test_explanation(self):
        client = self.policy(self.another_daemon(spf={'use-exp': True}))
        self.assertRegex(client.ask(sender='a@exp.test'),
                         '^550 5.7.23 .*See https://exp.test/ for 192.0.2.1')

    def test_explanation_cannot_split_the_reply(self):
        """A text from DNS with newlines, raw bytes and no end."""
        client = self.policy(self.another_daemon(spf={'use-exp': True}))
        self.assertRegex(client.ask(sender='a@evil.test'), '^550 5.7.23 ')
        self.assertRegex(client.ask(sender='a@fail.test'), '^550 5.7.23 ')

    def test_explanation_only_on_request(self):
        self.assertNotIn('See', self.client.ask(sender='a@exp.test'))

    def test_odd_helo_without_verdict(self):
        for helo in ('localhost', '[192.0.2.1]', '', 'x' * 64 + '.test', '..', 'a..b', '-'):
            with self.subTest(helo):
                action = self.client.ask(sender='', helo_name=helo)
                self.assertRegex(action, '^(DUNNO$|PREPEND Received-SPF: None )')

    def test_odd_sender_without_verdict(self):
        for sender in ('nodomain', 'a@localhost', '@', 'a@', 'a@[192.0.2.1]', 'a@.', 'a@x..test',
                       '"', 'a@' + 'x' * 64 + '.test', 'a@' + 'x.' * 200 + 'test'):
            with self.subTest(sender):
                action = self.client.ask(sender=sender)
                self.assertRegex(action, '^(DUNNO$|PREPEND Received-SPF: None )')


class OneMessage(PolicyCase):
    """Several recipients of one message: one check, one header, the same verdict."""

    def ask_for(self, recipients, **attributes):
        instance = new_instance()
        return [self.client.ask(instance=instance, recipient='r%d@our.test' % n, **attributes)
                for n in range(recipients)]

    def test_header_once(self):
        for sender in ('a@pass.test', 'a@softfail.test', 'a@none.test', 'a@temperror.test'):
            with self.subTest(sender):
                first, *others = self.ask_for(4, sender=sender)
                self.assertRegex(first, '^PREPEND ')
                self.assertEqual(others, ['DUNNO'] * 3)

    def test_refusal_for_each(self):
        self.assertEqual(self.ask_for(3, sender='alice@fail.test'), [REFUSED] * 3)

    def test_header_once_over_connections(self):
        """A smtpd process opens a new connection now and then, in the middle of a message."""
        instance = new_instance()
        actions = []
        for _ in range(3):
            with self.daemon.policy_client() as client:
                actions.append(client.ask(sender='a@pass.test', instance=instance))
        self.assertRegex(actions[0], '^PREPEND ')
        self.assertEqual(actions[1:], ['DUNNO'] * 2)

    def test_other_messages_get_their_own(self):
        for _ in range(3):
            self.assertRegex(self.client.ask(sender='a@pass.test'), '^PREPEND ')

    def test_same_instance_of_another_sender(self):
        """The key of the memory is the message, not the word alone."""
        instance = new_instance()
        self.assertRegex(self.client.ask(sender='a@pass.test', instance=instance), '^PREPEND ')
        self.assertEqual(self.client.ask(sender='alice@fail.test', instance=instance), REFUSED)

    def test_without_instance(self):
        for instance in (None, ''):
            with self.subTest(repr(instance)):
                for _ in range(2):
                    action = self.client.ask(sender='a@pass.test', instance=instance)
                    self.assertRegex(action, '^PREPEND ')


class Sections(PolicyCase):
    """Options for some recipients: one check, one header, a judgement for each."""

    OPTIONS = {
        'spf "lax.test"': {'mail-from-reject': 'false', 'helo-reject': 'false'},
        'spf "Boss@lax.test"': {'mail-from-reject': 'SPF_Not_Pass', 'reason-message': '{result}'},
        'spf "b\u00fccher.test"': {'mail-from-reject': 'softfail'},
        'spf "trial.test"': {'test-only': True},
        'spf "friend.test"': {'domain-whitelist': ['list.test']},
    }

    def ask(self, recipient, sender='a@softfail.test', **attributes):
        return self.client.ask(sender=sender, recipient=recipient, **attributes)

    def test_each_is_judged(self):
        instance = new_instance()
        for recipient, want in (
                ('a@our.test', '^PREPEND Received-SPF: Softfail '), ('a@lax.test', '^DUNNO$'),
                ('boss@lax.test', '^550 5.7.23 softfail$'),
                ('BOSS+list@Lax.Test.', '^550 5.7.23 softfail$'),
                ('a@xn--bcher-kva.test', '^550 5.7.23 SPF MAIL FROM '),
                ('a@B\u00dcCHER.test', '^550 5.7.23 SPF MAIL FROM '),
                ('a@sub.lax.test', '^DUNNO$'), ('lax.test', '^DUNNO$')):
            with self.subTest(recipient):
                self.assertRegex(self.ask(recipient, instance=instance), want)
        self.assertEqual(len(self.dns.seen(name='softfail.test', type='TXT')), 1)

    def test_refused_for_others(self):
        self.assertEqual(self.ask('a@our.test', 'alice@fail.test'), REFUSED)
        self.assertEqual(self.header(self.ask('a@lax.test', 'alice@fail.test')), 'fail')
        self.assertEqual(self.header(self.ask('a@trial.test', 'alice@fail.test')), 'fail')

    def test_lists(self):
        for recipient, want in (('a@friend.test', '^PREPEND Received-SPF: Fail '),
                                ('a@our.test', '^550 5.7.23 ')):
            with self.subTest(recipient):
                self.assertRegex(self.ask(recipient, 'a@fail.test', client_address='192.0.2.66'),
                                 want)

    def test_log(self):
        self.ask('a@trial.test', 'a@fail.test')
        line = self.daemon.wait_log(r'policy .*recipient=<a@trial\.test> .*')
        self.assertRegex(line, r' action=prepend exempt=test-only would=reject '
                               r'.* dns=\d+ section=trial\.test$')

    def test_srs_facts_come_first(self):
        daemon = self.another_daemon({'spf "srs.test"': {'test-only': True, 'whitelist': [
            '0.0.0.0/0'], 'helo-reject': 'no-check', 'mail-from-reject': 'no-check'}})
        client = self.policy(daemon)
        self.assertRegex(client.ask(sender='', recipient=srs_address(secret='unknown')),
                         '^550 5.1.1 ')
        self.assertEqual(client.ask(sender='', recipient=srs_address()), 'DUNNO')

    def test_a_thousand(self):
        sections = {'spf "c%d.test"' % n: {'mail-from-reject': 'softfail' if n % 2 else 'false'}
                    for n in range(1000)}
        client = self.policy(self.another_daemon(sections))
        for n in range(0, 1000, 37):
            action = client.ask(sender='a@softfail.test', recipient='a@C%d.test' % n)
            self.assertRegex(action, '^550 5.7.23 ' if n % 2 else '^PREPEND ')
        self.assertRegex(client.ask(sender='a@softfail.test', recipient='a@c1000.test'), '^PREPEND')

    def test_reload(self):
        daemon = self.another_daemon({'spf "a.test"': {'mail-from-reject': 'false'}})
        client = self.policy(daemon)
        for name, other in ('a.test', 'b.test'), ('b.test', 'a.test'):
            self.assertRegex(client.ask(sender='a@fail.test', recipient='r@' + name), '^PREPEND ')
            self.assertRegex(client.ask(sender='a@fail.test', recipient='r@' + other), '^550 ')
            daemon.options['spf "a.test"'] = None
            daemon.options['spf "b.test"'] = {'mail-from-reject': 'false'}
            daemon.write_config()
            mark = daemon.log_mark()
            daemon.signal(signal.SIGHUP)
            daemon.wait_log(' reloaded ', mark)


class PassRestriction(PolicyCase):
    """A restriction class of main.cf, instead of the header of mail that passes."""

    SPF = {'mail-from-pass-restriction': 'passed_spf', 'helo-pass-restriction': 'passed_helo'}

    def test_answers(self):
        for sender, helo, want in (('a@pass.test', 'none.test', '^passed_spf$'),
                                   ('a@pass.test', 'pass.test', '^passed_spf$'),
                                   ('', 'pass.test', '^passed_helo$'),
                                   ('a@none.test', 'pass.test', '^passed_helo$'),
                                   ('a@fail.test', 'pass.test', '^550 5.7.23 SPF MAIL FROM '),
                                   ('a@pass.test', 'fail.test', '^550 5.7.23 SPF HELO '),
                                   ('a@none.test', 'none.test', '^PREPEND Received-SPF: None ')):
            with self.subTest(sender=sender, helo=helo):
                self.assertRegex(self.client.ask(sender=sender, helo_name=helo), want)

    def test_for_each_recipient(self):
        instance = new_instance()
        for recipient in 'a@our.test', 'b@our.test':
            self.assertEqual(self.client.ask(sender='a@pass.test', recipient=recipient,
                                             instance=instance), 'passed_spf')


class Framing(PolicyCase):
    def test_byte_by_byte(self):
        self.client.send_by_bytes(policy_request(sender='a@pass.test'))
        self.assertEqual(self.header(self.client.action()), 'pass')

    def test_pipelined(self):
        senders = ['a%d@%s.test' % (n, RESULTS[n % len(RESULTS)]) for n in range(70)]
        self.client.send(b''.join(policy_request(sender=sender) for sender in senders))
        for sender in senders:
            with self.subTest(sender):
                action = self.client.action()
                if sender.endswith('@fail.test'):
                    self.assertEqual(action, REFUSED)
                else:
                    self.assertIn('envelope-from="%s"' % sender, action)

    def test_order_of_attributes(self):
        lines = policy_request(sender='a@pass.test').split(b'\n')[:-2]
        self.client.send(b'\n'.join(reversed(lines)) + b'\n\n')
        self.assertEqual(self.header(self.client.action()), 'pass')

    def test_unknown_attributes(self):
        action = self.client.ask(sender='a@pass.test', tls_sni='x', new_attribute='y=z', x='')
        self.assertEqual(self.header(action), 'pass')

    def test_last_of_several_counts(self):
        request = policy_request(sender='a@fail.test')
        self.client.send(request[:-1] + b'sender=a@pass.test\n\n')
        self.assertEqual(self.header(self.client.action()), 'pass')

    def test_case_of_the_local_part_is_kept(self):
        self.assertIn('envelope-from="AlIcE@pass.test"', self.client.ask(sender='AlIcE@pass.test'))

    def test_half_close_after_the_request(self):
        self.client.send(policy_request(sender='a@pass.test'))
        self.client.finish()
        self.assertEqual(self.header(self.client.action()), 'pass')
        self.assertTrue(self.client.closed())

    def assert_closed_without_reply(self, data):
        client = self.policy()
        try:
            client.send(data)
        except ConnectionError:
            pass                # closed while we were still sending
        self.assertTrue(client.closed())
        self.assertEqual(self.header(self.policy().ask(sender='a@pass.test')), 'pass')

    def test_closed_without_reply(self):
        request = policy_request(sender='a@pass.test')
        for name, data in (
                ('no request attribute', policy_request(request=None)),
                ('another request', policy_request(request='something')),
                ('empty request attribute', policy_request(request='')),
                ('nothing at all', b'\n'),
                ('line over 8 KiB', request[:-1] + b'x=' + b'y' * 8192 + b'\n\n'),
                ('line without end', b'x=' + b'y' * 9000),
                ('more than 64 KiB', request[:-1] + (b'x=' + b'y' * 4000 + b'\n') * 17 + b'\n'),
                ('129 attributes', request[:-1] + b'x=y\n' * 129 + b'\n'),
        ):
            with self.subTest(name):
                self.assert_closed_without_reply(data)

    def test_up_to_the_caps(self):
        have = policy_request().count(b'\n') - 1
        for name, more in (('line of 8000', b'x=' + b'y' * 8000 + b'\n'),
                           ('60 KiB', (b'x=' + b'y' * 4000 + b'\n') * 15),
                           ('128 attributes', b'x=y\n' * (128 - have))):
            with self.subTest(name):
                client = self.policy()
                client.send(policy_request(sender='a@pass.test')[:-1] + more + b'\n')
                self.assertEqual(self.header(client.action()), 'pass')
                self.assertEqual(self.header(client.ask(sender='a@pass.test')), 'pass')


class Log(PolicyCase):
    def test_line(self):
        self.client.ask(sender='carl@fail.test', helo_name='helo.test', recipient='bob@our.test',
                        queue_id='4ABC')
        line = self.daemon.wait_log('policy .*sender=<carl@fail.test>')
        self.assertRegex(
            line, r'policy client=192\.0\.2\.1 helo=helo\.test sender=<carl@fail\.test> '
                  r'recipient=<bob@our\.test> result=fail identity=mailfrom mechanism=-all '
                  r'action=reject queue=4ABC time=\d+ms dns=\d+')

    def test_untrusted_text(self):
        mark = self.daemon.log_mark()
        self.client.ask(sender='x' * 3000 + '\r\x1b[31m@none.test', helo_name='h\x07 result=pass')
        self.client.ask(sender='last@pass.test')
        self.daemon.wait_log('sender=<last@', mark)
        for line in self.daemon.log_matches('', mark):
            self.assertNotRegex(line, r'[\0-\x1f\x7f]')
            self.assertLess(len(line), 1200)

    def test_forgery(self):
        self.client.ask(sender='', recipient='SRS0=xxxx=AA=forgery.test=alice@srs.test')
        self.assertRegex(self.daemon.wait_log('policy .*forgery.test'), 'action=reject')


class AllowLists(PolicyCase):
    """Clients that are not refused, whatever the record is."""

    SPF = {'helo-whitelist': ['mx.relay.test', 'b\u00fccher.test'],
           'domain-whitelist': ['list.test'], 'domain-whitelist-ptr': ['ptr.test'],
           'temperror-defer': True, 'lookup-time': 2}

    def test_lists(self):
        for client, helo, want in (
                ('192.0.2.66', 'helo.test', 'domain-whitelist'),
                ('2001:db8::66', 'helo.test', 'domain-whitelist'),
                ('192.0.2.67', 'mx.relay.test', 'helo-whitelist'),
                ('192.0.2.67', 'MX.Relay.Test', 'helo-whitelist'),
                ('2001:db8::67', 'mx.relay.test', 'helo-whitelist'),
                ('192.0.2.67', 'b\u00fccher.test', 'helo-whitelist'),
                ('192.0.2.67', 'xn--bcher-kva.test', 'helo-whitelist'),
                ('192.0.2.68', 'helo.test', 'domain-whitelist-ptr'),
                ('192.0.2.67', 'helo.test', None),          # its address, another name
                ('192.0.2.1', 'mx.relay.test', None),       # the name, another address
                ('192.0.2.69', 'helo.test', None),          # the PTR name is another's
                ('192.0.2.1', 'helo.test', None)):
            with self.subTest('%s %s' % (client, helo)):
                mark = self.daemon.log_mark()
                action = self.client.ask(sender='carl@fail.test', client_address=client,
                                         helo_name=helo)
                line = self.daemon.wait_log('sender=<carl@fail.test>', mark)
                if want is None:
                    self.assertRegex(action, '^550 5.7.23 ')
                    self.assertNotIn('exempt=', line)
                else:
                    self.assertEqual(self.header(action), 'fail')
                    self.assertRegex(line, r' result=fail .* action=prepend exempt=%s ' % want)

    def test_errors_are_spared_too(self):
        for client, want in (('192.0.2.66', '^PREPEND Received-SPF: Temperror '),
                             ('192.0.2.1', '^451 4.7.24 ')):
            with self.subTest(client):
                self.assertRegex(self.client.ask(sender='a@temperror.test', client_address=client),
                                 want)

    def test_accepted_mail_pays_nothing(self):
        """Nothing is looked up for the lists when nothing is refused."""
        for sender in ('pass.test', 'softfail.test', 'neutral.test', 'none.test', 'permerror.test'):
            with self.subTest(sender):
                action = self.client.ask(sender='a@' + sender, helo_name='mx.relay.test')
                self.assertRegex(action, '^PREPEND ')
        for name in ('list.test', 'hosts.list.test', reverse_name('192.0.2.1')):
            self.assertEqual(self.dns.seen(name), [])
        self.assertEqual(self.dns.seen('mx.relay.test', 'A'), [])

    def test_recipients_of_one_message(self):
        instance = new_instance()
        ask = {'sender': 'dora@fail.test', 'client_address': '192.0.2.66', 'instance': instance}
        self.assertEqual(self.header(self.client.ask(recipient='a@our.test', **ask)), 'fail')
        self.dns.clear()
        self.assertEqual(self.client.ask(recipient='b@our.test', **ask), 'DUNNO')
        self.assert_no_dns()
        self.assertRegex(self.daemon.wait_log('sender=<dora@fail.test> recipient=<b@our.test>'),
                         ' exempt=domain-whitelist replayed=yes ')

    def test_lists_that_do_not_answer(self):
        """Silence makes the refusal a deferral, which comes within the time of the check."""
        daemon = self.another_daemon(spf={**self.SPF, 'domain-whitelist': ['mute.test']})
        self.dns.add({'mute.test': {'TXT': SILENT}})
        action = self.policy(daemon).ask(sender='a@fail.test', client_address='192.0.2.77')
        self.assertRegex(action, '^451 4.4.3 ')


class SecondEngine(PolicyCase):
    """engine = libspf2, in a build that has it."""

    SPF = {'permerror-reject': True}

    def setUp(self):
        super().setUp()
        try:
            daemon = self.another_daemon(spf={**self.SPF, 'engine': 'libspf2'})
        except StartFailed as failure:
            if 'one of: native' not in failure.log:
                raise
            self.skipTest('built without libspf2')
        self.second = daemon
        self.client = self.policy(daemon)

    def test_same(self):
        for result in RESULTS:
            with self.subTest(result):
                mark = self.second.log_mark()
                action = self.client.ask(sender='eva@%s.test' % result)
                if result in ('fail', 'permerror'):
                    self.assertRegex(action, '^550 5.7.2[34] ')
                else:
                    self.assertEqual(self.header(action), result)
                self.assertNotIn('native=', self.second.wait_log('sender=<eva@', mark))

    def test_differs(self):
        self.dns.add({'zero.test': {'TXT': ['v=spf1 ip4:0.0.0.0/0 -all']}})
        self.assertRegex(self.client.ask(sender='eva@zero.test'), '^550 5.7.24 ')
        self.assertRegex(self.second.wait_log('sender=<eva@zero.test>'),
                         ' result=permerror identity=mailfrom native=pass problem=".+" '
                         'action=reject ')

    def test_hostile_names(self):
        """Text of a client never reaches libspf2; the daemon survives."""
        self.dns.add({'macro.test': {'TXT': ['v=spf1 exists:%{s255r-}.%{h}.x.test '
                                             'include:%{l}.alias.invalid ~all']},
                      'x0.alias.invalid': {'TXT': ['v=spf1 a:a/.test a:b/.test exists:%{d} ?all']}})
        for sender in ('%s%n%{s255r-}@macro.test', '-.-.-._,=+/-@macro.test', 'x0@macro.test',
                       'a b@macro.test', 'x' * 300 + '@macro.test', 'a@x0.alias.invalid'):
            for helo in ('%{h255r}', 'x0.alias.invalid', 'h' * 300):
                with self.subTest(sender=sender[:30], helo=helo[:20]):
                    self.assertRegex(self.client.ask(sender=sender, helo_name=helo),
                                     '^PREPEND |^550 5.7.24 ')


if __name__ == '__main__':
    tap.main()
