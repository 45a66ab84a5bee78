#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl explain --message: what the milter would do with a message. It must agree with the milter."""

import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.ctl import assert_wrong_usage
from harness.case import DaemonCase
from harness.daemon import SECRET, free_port, is_root, render, run
from harness.dns_server import DnsServer
from harness.milter import Action, Milter

ADDRESS = '192.0.2.10'
CLIENT = '192.0.2.1'
ALICE = 'alice@origin.test'
OUT = 'b@out.test'
HOST = 'mx.our.test'

ZONE = {
    'origin.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'forged.test': {'TXT': ['v=spf1 -all']},
    'srs.test': {'MX': [(10, 'mx.our.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'mx.our.test': {'A': [ADDRESS]},
    'bounce.fwd.test': {'MX': [(10, 'mx.our.test')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'bounce.two.test': {'MX': [(10, 'mx.our.test')], 'TXT': ['v=spf1 -all']},
}

# Written by smtpd of this host, and by the server before it.
OURS = ('Received', 'from mx.origin.test (mx.origin.test [192.0.2.1])\n\tby mx.our.test (Postfix) '
                    'with ESMTP id 4ABC\n\tfor <a@fwd.test>; Thu,  1 Jan 2026 00:00:00 +0000')
THEIRS = ('Received', 'from x.test by mx.origin.test; Thu,  1 Jan 2026 00:00:00 +0000')
FROM = ('From', 'Alice <alice@origin.test>')


def results(text, host='mx.our.test'):
    return ('Authentication-Results', '%s; %s' % (host, text))


def as_message(headers):
    return ''.join('%s: %s\n' % header for header in headers) + '\nText: of the body\n'


def as_milter_headers(headers):
    return [(name, value) for name, value in headers]


class Base(DaemonCase):
    """A daemon with a milter, and its configuration."""
    OPTIONS = {}

    @classmethod
    def setUpClass(cls):
        dns = DnsServer(ZONE).start()
        cls.addClassCleanup(dns.stop)
        cls.DNS = dns
        cls.port = free_port()
        cls.OPTIONS = {'domains': ['fwd.test', 'two.test', 'our.test'], 'relay-domains': ['relay.test'],
                       'no-rewrite-recipients': ['trusts.test'],
                       'milter': ['inet:127.0.0.1:%d' % cls.port],
                       'nameservers': [dns.address], **cls.OPTIONS}
        cls.SPF = {'authserv-id': HOST, 'mail-from-reject': 'false', 'helo-reject': 'false'}
        super().setUpClass()

    def run_explain(self, *arguments, message='', status=0, config=None):
        path = self.daemon.folder.file('message', message)
        done = run('-f', config or self.daemon.config, 'explain', '--message', path, *arguments,
                   program='srsctl', user=True)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def explain(self, *arguments, headers=(FROM,), **more):
        """-> the explanation; stderr is empty."""
        done = self.run_explain('--json', *arguments, message=as_message(headers), **more)
        self.assertEqual(done.stderr, '')
        return json.loads(done.stdout)

    def ask_milter(self, sender, recipient, original, headers):
        """-> (result, sender)"""
        with Milter(('127.0.0.1', self.port)) as mta:
            mta.connect('127.0.0.1')
            parameters = ['ORCPT=rfc822;' + original] if original is not None else []
            mta.mail(sender)
            verdict = mta.rcpt(recipient, *parameters)
            if verdict not in (None, 'continue'):
                return 'refused', None
            mta.headers(as_milter_headers(headers))
            actions = mta.eom()
        named = {action.name: action.text for action in actions}
        if 'quarantine' in named:
            return 'held', named.get('sender', sender)
        if 'add' in named:
            return 'reversed', sender
        return ('rewritten' if 'sender' in named else 'kept'), named.get('sender', sender)

    def agree(self, want, sender=ALICE, recipient=OUT, original='a@fwd.test', headers=(FROM,)):
        """The explanation has these members, and the milter does the same; -> the explanation."""
        arguments = ['--sender', sender, '--recipient', recipient]
        if original is not None:
            arguments += ['--orcpt', original]

        def both(_day):
            return (self.explain(*arguments, headers=headers),
                    self.ask_milter(sender, recipient, original, headers))
        got, (result, mail_from) = srs.on_one_day(both)
        self.assertEqual({name: got[name] for name in want}, want)
        self.assertEqual(got['result'], result)
        if result != 'refused':
            self.assertEqual(got['mail_from'], mail_from)
        return got

    def token_header(self, sender=ALICE, client=CLIENT, helo='mx.origin.test'):
        """The header of the policy service for this mail, as (name, value)."""
        with self.daemon.policy_client() as policy:
            action = policy.ask(sender=sender, client_address=client, helo_name=helo,
                                recipient='a@fwd.test')
        word, _, header = action.partition(' ')
        self.assertEqual(word, 'PREPEND', action)
        name, _, value = header.partition(': ')
        self.assertIn('x-srsd=', value)
        return name, value


class Kinds(Base):
    def signed(self, address=ALICE):
        return srs.on_one_day(lambda day: srs.srs0_without_slash(address, SECRET, 'srs.test', day))

    def test_kinds(self):
        forward, signed = {'kind': 'forward', 'result': 'rewritten'}, self.signed()
        rows = [
            (forward, ALICE, OUT, 'a@fwd.test'),
            (forward, ALICE, OUT, 'A+ext@TWO.test'),
            ({'kind': 'redirected', 'result': 'rewritten'}, ALICE, OUT, 'a@else.test'),
            ({'kind': 'redirected', 'result': 'rewritten'}, ALICE, OUT, OUT),
            ({'kind': 'redirected', 'result': 'rewritten'}, ALICE, OUT, None),
            ({'kind': 'relayed', 'result': 'kept'}, ALICE, 'p@relay.test', 'p@relay.test'),
            ({'kind': 'own', 'result': 'kept'}, 'me@our.test', OUT, 'a@fwd.test'),
            ({'kind': 'own-srs', 'result': 'kept'}, signed, OUT, 'a@fwd.test'),
            ({'kind': 'bounce', 'result': 'kept'}, '', OUT, 'a@fwd.test'),
            ({'kind': 'forward', 'result': 'kept', 'reason': 'no-rewrite'}, ALICE, 'p@trusts.test',
             'a@fwd.test'),
            ({'kind': 'relayed', 'result': 'reversed'}, '', signed, None),
            ({'result': 'refused'}, ALICE, 'SRS0=aaaa=AA=origin.test=alice@srs.test', None),
        ]
        for want, sender, recipient, original in rows:
            with self.subTest(sender=sender, recipient=recipient, original=original):
                want = {'sender': sender, 'recipient': recipient, 'orcpt': original, **want}
                if recipient == signed:
                    want['kind'] = 'bounce'
                self.agree(want, sender, recipient, original)

    def test_why(self):
        rows = [
            (['--orcpt', 'a@fwd.test'], 'a foreign sender and recipient, and the message was addressed '
                                        'to fwd.test'),
            (['--orcpt', 'a@else.test'], 'the message was addressed to else.test, which domains does '
                                         'not list by name'),
            ([], 'a foreign sender and recipient, without ORCPT'),
            (['--orcpt', OUT], 'a foreign sender and recipient, and ORCPT is not in domains'),
        ]
        for arguments, why in rows:
            with self.subTest(' '.join(arguments)):
                got = self.explain('--sender', ALICE, '--recipient', OUT, *arguments)
                self.assertEqual(got['why'], why)

    def test_why_with_an_empty_field(self):
        for value in '', '<>':
            with self.subTest(value):
                got = self.explain('--sender', ALICE, '--recipient', OUT,
                                   headers=[('X-Original-To', value), FROM])
                self.assertEqual((got['orcpt'], got['why']),
                                 ('', 'a foreign sender and recipient, without ORCPT'))

    def test_domain(self):
        self.assertEqual(self.agree({'domain': 'fwd.test', 'srs_domain': 'srs.test',
                                     'candidate': None})['reason_why'], 'srs-domain')
        self.agree({'domain': None}, original=None)

    def test_client(self):
        """On the public smtpd: aliases are not expanded yet."""
        arguments = ['--sender', ALICE, '--recipient', 'a@fwd.test']
        got = self.explain('--client', CLIENT, *arguments)
        self.assertEqual((got['kind'], got['result'], got['client']), ('incoming', 'kept', CLIENT))
        self.assertEqual(self.explain(*arguments)['kind'], 'redirected')

    def test_orcpt_as_in_the_command(self):
        got = self.explain('--sender', ALICE, '--recipient', OUT, '--orcpt', 'rfc822;a+2Bx@fwd.test')
        self.assertEqual((got['orcpt'], got['kind']), ('a+x@fwd.test', 'forward'))

    def test_addresses_in_angle_brackets(self):
        got = self.explain('--sender', '<%s>' % ALICE, '--recipient', '<%s>' % OUT,
                           '--orcpt', '<a@fwd.test>')
        self.assertEqual((got['sender'], got['recipient'], got['orcpt'], got['kind']),
                         (ALICE, OUT, 'a@fwd.test', 'forward'))

    def test_recipient_that_is_reversed(self):
        got = self.explain('--sender', '', '--recipient', self.signed())
        self.assertEqual(got['notes'],
                         ['the recipient is an SRS address, and is replaced by <%s>' % ALICE])
        got = self.explain('--sender', '', '--recipient', 'SRS0=aaaa=AA=x.test=y@srs.test')
        self.assertEqual(got['notes'], ['the recipient is an SRS address that is forged'])

    def test_header_of_a_mailbox(self):
        """The addresses are those that a delivery agent wrote, the topmost ones."""
        headers = [('Return-Path', '<%s>' % ALICE), ('X-Original-To', 'a@fwd.test'),
                   ('Delivered-To', OUT), OURS, ('Delivered-To', 'c@x.test'), FROM]
        got = self.explain(headers=headers)
        self.assertEqual((got['sender'], got['recipient'], got['orcpt'], got['kind']),
                         (ALICE, OUT, 'a@fwd.test', 'forward'))
        self.assertEqual(self.explain('--sender', '<>', headers=headers)['kind'], 'bounce')
        got = self.explain('--recipient', 'p@relay.test', headers=headers)
        self.assertEqual(got['kind'], 'relayed')
        headers[1] = ('Original-Recipient', 'rfc822;a+2Bx@two.test')
        self.assertEqual(self.explain(headers=headers)['orcpt'], 'a+x@two.test')

    def test_missing_addresses(self):
        for headers, error in (
                ([FROM], 'the message has no field Return-Path: give --sender'),
                ([('Return-Path', '<>')], 'the message has no field Delivered-To: give --recipient')):
            done = self.run_explain(message=as_message(headers), status=2)
            self.assertEqual((done.stdout, done.stderr), ('', 'srsctl: %s\n' % error))

    def test_text(self):
        done = self.run_explain('--sender', ALICE, '--recipient', OUT, '--orcpt', 'a@fwd.test')
        self.assertRegex(done.stdout, '''\\A\
sender      <alice@origin\\.test>
recipient   <b@out\\.test>
orcpt       <a@fwd\\.test>
kind        forward: a foreign sender and recipient, and the message was addressed to fwd\\.test
auth        unchecked: no header field is from the policy service, and no trusted result is a pass .*
srs domain  srs\\.test: srs-domain
result      rewritten
mail from   <SRS0=....=..=origin\\.test=alice@srs\\.test>
\\Z''')

    def test_standard_input(self):
        done = run('-f', self.daemon.config, 'explain', '--message', '-', '--recipient', OUT,
                   program='srsctl', text=as_message([('Return-Path', '<%s>' % ALICE)]))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('kind        redirected: ', done.stdout)

    def test_long_message(self):
        """Only the beginning is read, and the header ends there."""
        headers = [('Return-Path', '<%s>' % ALICE), ('Delivered-To', OUT), ('X', 'x' * (3 << 20))]
        self.assertEqual(self.explain(headers=headers)['kind'], 'redirected')

    def test_hostile_message(self):
        evil = '\x1b[2J\x9b2J\u202e'
        headers = [('Return-Path', '<a%s@x.test>' % evil), ('Delivered-To', '<%s>' % evil),
                   ('X-Original-To', evil), ('From', evil), ('Subject', '\x00\r')]
        done = self.run_explain(message=as_message(headers))
        self.assertNotRegex(done.stdout + done.stderr, '[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]')
        self.assertEqual(self.explain(headers=headers)['result'], 'kept')


class Authentication(Base):
    OPTIONS = {'unauthenticated': 'domain', 'unauthenticated-domain': 'apart.example',
               'trusted-authserv-ids': [HOST]}

    def test_token(self):
        token = self.token_header()
        got = self.agree({'auth': 'pass', 'srs_domain': 'srs.test'}, headers=[token, OURS, FROM])
        self.assertEqual(got['auth_why'], 'the policy service has found SPF pass for mailfrom and '
                                          'client ' + CLIENT)

    def test_failed_token(self):
        sender = 'alice@forged.test'
        token = self.token_header(sender)
        got = self.agree({'auth': 'fail', 'srs_domain': 'apart.example',
                          'reason': 'unauthenticated'}, sender, headers=[token, OURS, FROM])
        self.assertEqual(got['auth_why'], 'the policy service has found SPF fail for mailfrom and '
                                          'client 192.0.2.1, and no trusted result is a pass')
        self.assertIn('unauthenticated applies', got['reason_why'])

    def test_own_sender_that_fails(self):
        """It is foreign to us then."""
        token = self.token_header('me@forged.test')
        with_other = self.agree({'auth': 'unchecked', 'kind': 'own'}, 'me@our.test',
                                headers=[token, OURS, FROM])
        self.assertEqual(with_other['auth_why'], 'no header field is from the policy service for '
                                                 'this sender, and no trusted result is a pass '
                                                 'for the sender')

    def test_trusted_results(self):
        rows = [
            ('spf=pass smtp.mailfrom=origin.test', 'spf=pass smtp.mailfrom=origin.test'),
            ('dkim=pass header.d=x.test; dkim=pass header.d=sub.origin.test',
             'dkim=pass header.d=sub.origin.test'),
            ('dmarc=pass header.from=origin.test', 'dmarc=pass header.from=origin.test'),
        ]
        for text, why in rows:
            with self.subTest(text):
                got = self.agree({'auth': 'pass'}, headers=[results(text), OURS, FROM])
                self.assertEqual(got['auth_why'],
                                 'a trusted Authentication-Results field has ' + why)

    def test_results_that_do_not_count(self):
        passes = 'dkim=pass header.d=origin.test'
        note = ('no Authentication-Results field is believed: the topmost Received field was not '
                'written by smtpd of this host')
        rows = [([OURS, results(passes)], []), ([results(passes, 'mx.else.test'), OURS], []),
                ([results(passes)], [note]), ([results(passes), THEIRS, OURS], [note]),
                ([results('dkim=fail header.d=origin.test'), OURS], []),
                ([results('dkim=pass header.d=else.test'), OURS], [])]
        for headers, notes in rows:
            with self.subTest(str(headers)):
                got = self.agree({'auth': 'unchecked'}, headers=[*headers, FROM])
                self.assertEqual(got['notes'], notes)

    def test_alignment(self):
        """A From: in the domain around srs-domain."""
        got = self.agree({'srs_domain': 'apart.example', 'reason': 'aligned', 'from': ['x.srs.test'],
                          'from_problem': None}, headers=[OURS, ('From', 'a@x.srs.test')])
        self.assertIn('From: may be aligned', got['reason_why'])
        self.agree({'srs_domain': 'srs.test', 'reason': None},
                   headers=[results('dmarc=pass header.from=srs.test'), OURS,
                            ('From', 'a@x.srs.test')])
        got = self.agree({'srs_domain': 'apart.example', 'from': []},
                         headers=[OURS, ('Subject', 'no From')])
        self.assertEqual(got['from_problem'], 'the message has no From: field')
        got = self.agree({'srs_domain': 'apart.example'}, headers=[OURS, FROM, FROM])
        self.assertTrue(got['from_problem'])

    def test_secrets_that_cannot_be_read(self):
        """Everything but what needs them."""
        token = self.token_header('alice@forged.test')
        config = self.daemon.folder.file('nosecret.conf', render(
            {**self.daemon.options, 'secrets-file': '/nowhere/secret'}))
        got = self.explain('--sender', 'alice@forged.test', '--recipient', OUT, '--orcpt',
                           'a@fwd.test', headers=[token, OURS, FROM], config=config)
        self.assertEqual((got['kind'], got['auth'], got['srs_domain'], got['result'],
                          got['mail_from']),
                         ('forward', 'unchecked', 'srs.test', 'rewritten', None))
        self.assertEqual(got['notes'], [
            '1 token of Received-SPF or Authentication-Results could not be verified',
            'nothing was verified or signed: /nowhere/secret: No such file or directory'])
        signed = srs.on_one_day(lambda day: srs.srs0(ALICE, SECRET, 'srs.test', day))
        got = self.explain('--sender', signed, '--recipient', OUT, config=config)
        self.assertEqual((got['kind'], got['result']), ('own', 'kept'))


class Hold(Base):
    OPTIONS = {'unauthenticated': 'hold'}

    def test_held(self):
        sender = 'alice@forged.test'
        got = self.agree({'auth': 'fail', 'result': 'held', 'reason': 'unauthenticated'}, sender,
                         headers=[self.token_header(sender), OURS, FROM])
        self.assertIn('hold queue', got['notes'][0])


class Others(Base):
    """Options that change a configuration, without a daemon that has it."""

    def other(self, headers=(FROM,), orcpt='a@fwd.test', **options):
        config = self.daemon.folder.file('other.conf', render(
            {**self.daemon.options, **{name.replace('_', '-'): value
                                       for name, value in options.items()}}))
        return self.explain('--sender', ALICE, '--recipient', OUT, '--orcpt', orcpt,
                            headers=headers, config=config)

    def test_relayed(self):
        got = self.other(orcpt=OUT, rewrite_relayed=False)
        self.assertEqual((got['kind'], got['result'], got['reason_why']),
                         ('redirected', 'kept', 'rewrite-relayed is false'))

    def test_notes(self):
        self.assertEqual(self.other(milter=[])['notes'], ['the configuration has no milter'])
        self.assertEqual(self.other(milter_test_only=True)['notes'],
                         ['with milter-test-only the milter changes nothing'])

    def test_stored(self):
        got = self.other(original_envelope='database', envelope_database='sqlite:/nowhere/x')
        self.assertRegex(got['mail_from'], r'^SRS0=....=..=1=[0-9A-Z]{32}@srs\.test$')
        self.assertEqual(got['notes'], ['the milter stores the sender in envelope-database'])


class PerDomain(Base):
    OPTIONS = {'per-domain': 'bounce.', 'outbound-addresses': [ADDRESS],
               'unauthenticated-domain': 'apart.example'}

    def test_usable(self):
        got = self.agree({'candidate': 'bounce.fwd.test', 'candidate_state': 'usable',
                          'srs_domain': 'bounce.fwd.test'})
        self.assertEqual(got['reason_why'], 'per-domain')
        self.assertRegex(got['mail_from'], r'@bounce\.fwd\.test$')

    def test_not_usable(self):
        got = self.agree({'candidate': 'bounce.two.test', 'srs_domain': 'srs.test'},
                         original='a@two.test')
        self.assertRegex(got['candidate_state'], r'SPF is fail for mail from 192\.0\.2\.10')

    def test_aligned(self):
        self.agree({'candidate': 'bounce.fwd.test', 'candidate_state': 'usable',
                    'srs_domain': 'srs.test', 'reason': 'aligned'},
                   headers=[('From', 'ceo@fwd.test')])

    def test_not_needed(self):
        """No question to the DNS for mail that is not a forward."""
        self.DNS.clear()
        self.agree({'candidate': None, 'candidate_state': None}, original=None)
        self.assertEqual(self.DNS.seen(name='bounce.fwd.test'), [])


class Usage(Base):
    def test_usage(self):
        for row in ([], ['--message'], ['--message', '-', 'x'], ['192.0.2.1', 'a@x.test'],
                    ['--message', '-', '--client', 'mx.test'], ['--message', '-', '--nonsense']):
            with self.subTest(' '.join(row)):
                done = run('explain', *row, program='srsctl')
                assert_wrong_usage(self, done)

    def test_no_addresses(self):
        """A wrong address would otherwise be explained as a message that nobody sends."""
        no_sender = 'neither an address (user@domain) nor the null sender (<>)'
        for option, value, error in (
                ('--sender', 'alice', no_sender), ('--sender', '<a@x.test', no_sender),
                ('--recipient', '', 'not an address (user@domain)'),
                ('--recipient', '<>', 'not an address (user@domain)'),
                ('--orcpt', 'x.test', 'not an address (user@domain)')):
            with self.subTest('%s %s' % (option, value)):
                done = run('explain', '--message', '/nowhere/x', option, value, program='srsctl')
                self.assertEqual((done.returncode, done.stdout, done.stderr),
                                 (2, '', "srsctl: %s: '%s' is %s\n" % (option, value, error)))

    def test_no_file(self):
        done = run('-f', self.daemon.config, 'explain', '--message', '/nowhere/x', program='srsctl')
        self.assertEqual((done.returncode, done.stderr),
                         (3, 'srsctl: /nowhere/x: No such file or directory\n'))


if __name__ == '__main__':
    tap.main()
