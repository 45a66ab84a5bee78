#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsd under a real Postfix: forwarded mail, its bounces, forgeries, SPF, a daemon that is away.

Postfix has the usual configuration: both maps over tcp or socketmap, the policy service after
reject_unauth_destination. It sends all mail to a sink. Through XCLIENT, its clients come from
addresses that the DNS server of the tests lists in SPF records.
"""

import itertools
import os
import re
import signal
import smtplib
import sys
import threading
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import postfix, srs, tap
from harness.case import DaemonCase
from harness.daemon import (ORDINARY_USER, SECRET, Daemon, free_port, has_sqlite,
                            reachable_binary)
from harness.database import DatabaseLock
from harness.dns_server import DnsServer
from harness.smtp import Sink, SmtpClient

ZONE = {
    'origin.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'fail.test': {'TXT': ['v=spf1 -all']},
    'hop.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'srs.test': {'TXT': ['v=spf1 -all']},
    'helo.test': {'A': ['192.0.2.1']},
}
FORGED = 'SRS0=xxxx=%s=origin.test=alice@srs.test'
SRS_TAG = r'[A-Za-z0-9+/]{4}=[A-Z2-7]{2}'

_marks = itertools.count(1)

needs_sqlite = unittest.skipUnless(has_sqlite(), 'built without SQLite')


class PostfixCase(DaemonCase):
    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer(ZONE).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.daemon = Daemon({'domains': ['our.test']}, dns=cls.dns, as_root=True)
        cls.prepare(cls.daemon)
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.__exit__, None)
        cls.sink = Sink('127.0.0.3').start()
        cls.addClassCleanup(cls.sink.stop)
        cls.postfix = postfix.Postfix(free_port(postfix.HOST), cls.settings(),
                                      cls.services()).start()
        cls.addClassCleanup(cls.postfix.stop)

    @classmethod
    def prepare(cls, daemon):
        """Set further options."""

    @staticmethod
    def services():
        return ''

    @classmethod
    def settings(cls):
        ports = cls.daemon.ports
        sink = 'smtp:[%s]:%d' % cls.sink.address
        return {
            'myhostname': 'mx.our.test',
            'mydomain': 'our.test',
            'myorigin': 'our.test',
            'mydestination': 'our.test, srs.test',
            'local_transport': sink,
            'default_transport': sink,
            'local_recipient_maps': 'inline:{bob=x, carol=x, dave=x}',
            'virtual_alias_maps': 'inline:{{forward@our.test = friend@elsewhere.test}}',
            'sender_canonical_maps': 'tcp:127.0.0.1:%d' % ports['forward'],
            'sender_canonical_classes': 'envelope_sender',
            'recipient_canonical_maps': 'tcp:127.0.0.1:%d' % ports['reverse'],
            'recipient_canonical_classes': 'envelope_recipient',
            'local_header_rewrite_clients': 'static:all',
            'smtpd_recipient_restrictions': 'permit_mynetworks, reject_unauth_destination, '
                                            'check_policy_service inet:127.0.0.1:%d'
                                            % ports['policy'],
        }

    def setUp(self):
        self.dns.clear()

    def connect(self, **options):
        return self.enter(SmtpClient(self.postfix.address, **options))

    def send(self, sender, *recipients, to='undisclosed:;', **options):
        """Deliver to Postfix, which has to take it, and return what arrives at the sink."""
        client = self.connect(**options)
        self.assertRegex(client.mail(sender), '^250 ')
        for recipient in recipients:
            self.assertRegex(client.rcpt(recipient), '^250 ')
        return self.sink.wait_mail(self.deliver(client, to))

    def deliver(self, client, to='undisclosed:;'):
        mark = 'mark-%d-of-the-tests' % next(_marks)
        reply = client.data('From: someone@origin.test\r\nTo: %s\r\nSubject: %s\r\n\r\nText.\r\n'
                            % (to, mark))
        self.assertRegex(reply, '^250 ')
        return mark

    def refusal(self, sender, recipient, **options):
        """The reply to RCPT TO."""
        client = self.connect(**options)
        self.assertRegex(client.mail(sender), '^250 ')
        return client.rcpt(recipient)


class Forwarding(PostfixCase):
    def test_leaves_with_our_sender(self):
        mail = self.send('alice@origin.test', 'forward@our.test')
        self.assertEqual(mail.recipients, ('friend@elsewhere.test',))
        self.assertRegex(mail.sender, r'\ASRS0=%s=origin\.test=alice@srs\.test\Z' % SRS_TAG)

    def test_bounce_comes_home(self):
        forwarded = self.send('alice@origin.test', 'forward@our.test')
        bounce = self.send('', forwarded.sender)
        self.assertEqual((bounce.sender, bounce.recipients), ('', ('alice@origin.test',)))

    def test_bounce_in_lower_case(self):
        """Some mail systems fold it."""
        forwarded = self.send('Alice@origin.test', 'forward@our.test')
        bounce = self.send('', forwarded.sender.lower())
        self.assertEqual(bounce.recipients, ('alice@origin.test',))

    def test_quoted_local_part(self):
        for address in ('"john doe"@origin.test', '"a\\"b"@origin.test', '"a..b"@origin.test'):
            with self.subTest(address):
                forwarded = self.send(address, 'forward@our.test')
                self.assertRegex(forwarded.sender, r'\A"SRS0=%s=origin\.test=' % SRS_TAG)
                bounce = self.send('', forwarded.sender, helo='fail.test')
                self.assertEqual(bounce.recipients, (address,))

    def test_quoted_at_sign(self):
        """It leaves; whether Postfix takes its bounce is a matter of allow_untrusted_routing."""
        forwarded = self.send('"a@b"@origin.test', 'forward@our.test')
        self.assertRegex(forwarded.sender, r'\A"SRS0=%s=origin\.test=a@b"@srs\.test\Z' % SRS_TAG)

    def test_user_with_odd_characters(self):
        for local in ('a=b', 'a+b', "o'neil", 'a/b', 'a.b'):
            with self.subTest(local):
                address = local + '@origin.test'
                forwarded = self.send(address, 'forward@our.test')
                self.assertEqual(self.send('', forwarded.sender).recipients, (address,))

    def test_second_hop(self):
        """SRS0 of another host leaves as SRS1; its bounce goes to that host."""
        previous = 'SRS0=abcd=AA=first.test=alice@hop.test'
        forwarded = self.send(previous, 'forward@our.test')
        self.assertRegex(forwarded.sender, r'\ASRS1=[A-Za-z0-9+/]{4}=hop\.test==abcd=AA='
                                           r'first\.test=alice@srs\.test\Z')
        self.assertEqual(self.send('', forwarded.sender).recipients, (previous,))

    def test_third_hop(self):
        previous = 'SRS1=wxyz=first.test==abcd=AA=zero.test=alice@hop.test'
        forwarded = self.send(previous, 'forward@our.test')
        self.assertRegex(forwarded.sender, r'\ASRS1=[A-Za-z0-9+/]{4}=first\.test==abcd=AA='
                                           r'zero\.test=alice@srs\.test\Z')
        self.assertEqual(self.send('', forwarded.sender).recipients,
                         ('SRS0=abcd=AA=zero.test=alice@first.test',))

    def test_our_own_senders_stay(self):
        mail = self.send('carol@our.test', 'bob@our.test')
        self.assertEqual((mail.sender, mail.recipients), ('carol@our.test', ('bob@our.test',)))

    def test_null_sender_stays(self):
        mail = self.send('', 'bob@our.test')
        self.assertEqual(mail.sender, '')

    def test_our_srs_sender_is_not_wrapped_again(self):
        """Mail that we forwarded comes back and is forwarded once more."""
        forwarded = self.send('alice@origin.test', 'forward@our.test')
        again = self.send(forwarded.sender, 'forward@our.test')
        self.assertEqual(again.sender, forwarded.sender)

    def test_headers_do_not_show_a_right_hash(self):
        """The reverse map is asked about the envelope only, although headers are rewritten."""
        right = self.send('alice@origin.test', 'forward@our.test').sender
        for address in right, FORGED % srs.stamp(srs.today()):
            with self.subTest(address):
                self.assertIn('\r\nTo: %s\r\n' % address,
                              self.send('', right, to=address).data)

    def test_no_warnings(self):
        """Postfix has logged no warning about its tables or its policy service."""
        self.send('alice@origin.test', 'forward@our.test')
        warnings = [line for line in self.postfix.log_text().splitlines()
                    if 'warning:' in line or 'fatal:' in line or 'panic:' in line]
        self.assertEqual(warnings, [])


class OverSocketmap:
    """Both maps on one endpoint of the socketmap protocol."""

    @classmethod
    def prepare(cls, daemon):
        cls.port = free_port('127.0.0.1')
        daemon.options['socketmap'] = ['inet:127.0.0.1:%d' % cls.port]

    @classmethod
    def map(cls, name):
        return 'socketmap:inet:127.0.0.1:%d:%s' % (cls.port, name)

    @classmethod
    def settings(cls):
        return dict(super().settings(), sender_canonical_maps=cls.map('forward'),
                    recipient_canonical_maps=cls.map('reverse'))


class Socketmap(OverSocketmap, Forwarding):
    """With other maps before and after them."""

    @classmethod
    def settings(cls):
        return dict(super().settings(),
                    sender_canonical_maps='inline:{{vip@origin.test = vip@our.test}}, ' +
                    cls.map('forward'),
                    recipient_canonical_maps=cls.map('reverse') +
                    ', inline:{{old@our.test = bob@our.test}}')

    def test_other_maps(self):
        """A key that one map does not have is looked up in the next."""
        mail = self.send('vip@origin.test', 'old@our.test')
        self.assertEqual((mail.sender, mail.recipients), ('vip@our.test', ('bob@our.test',)))

    def test_postmap(self):
        status, address = self.postfix.postmap('alice@origin.test', self.map('forward'))
        self.assertEqual(status, 0)
        self.assertEqual(self.postfix.postmap(address.strip(), self.map('reverse')),
                         (0, 'alice@origin.test\n'))
        for key, name in (('carol@our.test', 'forward'), (FORGED % 'AA', 'reverse')):
            self.assertEqual(self.postfix.postmap(key, self.map(name)), (1, ''))


class SocketmapInChroot(Socketmap):
    """A unix socket in the queue directory, which is the chroot of cleanup."""

    @classmethod
    def prepare(cls, daemon):
        pass

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mark = cls.daemon.log_mark()
        cls.daemon.options['socketmap'] = ['unix:%s/srs' % cls.postfix.queue]
        cls.daemon.write_config()
        cls.daemon.signal(signal.SIGHUP)
        cls.daemon.wait_log(' reloaded ', mark)

    @classmethod
    def map(cls, name):
        return 'socketmap:unix:srs:' + name

    @staticmethod
    def services():
        return 'cleanup unix n - y - 0 cleanup\n'

    def test_postmap(self):
        """postmap does not change to the queue directory."""
        path = '%s/srs' % self.postfix.queue
        status, _address = self.postfix.postmap('alice@origin.test',
                                                'socketmap:unix:%s:forward' % path)
        self.assertEqual(status, 0)


class HeaderRecipient(PostfixCase):
    """Sites that keep Postfix's default, against our advice: their mail must not be held up."""

    @classmethod
    def settings(cls):
        return dict(super().settings(),
                    recipient_canonical_classes='envelope_recipient, header_recipient')

    def test_header_recipient(self):
        """The address in To: of a bounce is put back as well."""
        forwarded = self.send('alice@origin.test', 'forward@our.test')
        bounce = self.send('', forwarded.sender, to=forwarded.sender)
        self.assertIn('\r\nTo: alice@origin.test\r\n', bounce.data)

    def test_header_of_many_kilobytes(self):
        """Header garbage is looked up as it is, and must not hold the mail up."""
        words = '\r\n '.join('word%d' % n for n in range(2000))
        for to in ('"%s" <bob@our.test>' % words, '<%s@our.test>' % ('x' * 900), words):
            with self.subTest(to[:10]):
                self.send('alice@origin.test', 'bob@our.test', to=to)


class Refused(PostfixCase):
    def test_spf_fail(self):
        self.assertRegex(self.refusal('mallory@fail.test', 'forward@our.test'),
                         '^550 5.7.23 .*192.0.2.1 is not allowed to send mail for fail.test')

    def test_spf_fail_of_another_client(self):
        self.assertRegex(self.refusal('alice@origin.test', 'bob@our.test', client='198.51.100.7'),
                         '^550 5.7.23 .*198.51.100.7')

    def test_each_recipient(self):
        client = self.connect()
        client.mail('mallory@fail.test')
        for recipient in ('bob@our.test', 'carol@our.test', 'forward@our.test'):
            self.assertRegex(client.rcpt(recipient), '^550 5.7.23 ')

    def test_forged_srs(self):
        for sender in ('', 'alice@origin.test'):
            with self.subTest(sender):
                self.assertRegex(self.refusal(sender, FORGED % srs.stamp(srs.today())),
                                 '^550 5.1.1 .*unknown SRS address')

    def test_forged_srs_in_quotes(self):
        self.assertRegex(self.refusal('', '"SRS0=xxxx=AA=origin.test=a b"@srs.test'),
                         '^550 5.1.1 ')

    def test_expired_srs(self):
        old = srs.srs0('alice@origin.test', SECRET, 'srs.test', srs.today() - 40)
        self.assertRegex(self.refusal('', old), '^550 5.1.1 .*expired SRS address')

    def test_good_recipient_beside_a_forged_one(self):
        forwarded = self.send('alice@origin.test', 'forward@our.test')
        client = self.connect()
        client.mail('')
        self.assertRegex(client.rcpt(FORGED % 'AA'), '^550 5.1.1 ')
        self.assertRegex(client.rcpt(forwarded.sender), '^250 ')
        mail = self.sink.wait_mail(self.deliver(client))
        self.assertEqual(mail.recipients, ('alice@origin.test',))

    def test_unknown_user(self):
        """The maps make no recipient known that Postfix does not know."""
        self.assertRegex(self.refusal('alice@origin.test', 'nobody@our.test'), '^550 5.1.1 ')


class Spellings(PostfixCase):
    """Beyond the budget, no spelling of a recipient shows whether its hash is right.

    Postfix completes addresses and has many domains. Whatever a client writes, either the replies
    to a wrong and to a right hash are the same, or srsd counts the wrong one as a guess.
    """

    FORMS = ['%s@srs.test', '%s@SRS.test', '%s@srs.test.', '"%s"@srs.test', '%s', '%s@srs',
             'srs.test!%s', 'srs!%s', '%s%%srs.test', '%s%%srs.test.', '%s%%srs.test@localhost',
             '@our.test:%s@srs.test', '%s@our.test', '%s@mx.our.test', '%s@localhost',
             '%s@localhost.our.test', '%s@virtual.test', '%s@[127.0.0.1]', '%s@[127.0.0.4]',
             'localhost!%s', '%s%%localhost', '%s%%virtual.test', '%s+tag@srs.test']

    @classmethod
    def settings(cls):
        return dict(super().settings(),
                    mydestination='our.test, mx.our.test, localhost.our.test, localhost, srs.test',
                    append_dot_mydomain='yes', mydomain='test', recipient_delimiter='+',
                    virtual_alias_domains='virtual.test',
                    smtpd_hard_error_limit='1000', smtpd_error_sleep_time='0')

    def setUp(self):
        super().setUp()
        self.clients = ('192.0.2.%d' % n for n in itertools.count(10))

    def right_and_wrong(self):
        day = srs.today()
        right = srs.srs0('alice@origin.test', SECRET, 'srs.test', day).partition('@')[0]
        wrong = 'SRS0=%s=%s' % ('AAAA' if right[5:9].upper() != 'AAAA' else 'BBBB',
                                right.partition('=')[2].partition('=')[2])
        return right, wrong

    def ask(self, verb, address, sender=''):
        """The reply, and where the log was before."""
        client = self.connect(client=next(self.clients))
        mark = self.daemon.log_mark()
        if verb == 'RCPT':
            client.mail(sender)
            reply = client.rcpt(address)
        else:
            reply = client.command('VRFY %s' % address)
        return reply, mark

    @staticmethod
    def neutral(reply, local):
        """The reply without the parts that always differ: the address, and the client's."""
        return re.sub(r'192\.0\.2\.\d+', 'client', reply.replace(local, ''))

    def check(self, verb, form, sender=''):
        right, wrong = self.right_and_wrong()
        to_right, _ = self.ask(verb, form % right, sender)
        to_wrong, mark = self.ask(verb, form % wrong, sender)
        if self.neutral(to_right, right) != self.neutral(to_wrong, wrong):
            self.daemon.wait_log('reason=srs-forged', mark)
        return to_right, to_wrong

    def test_rcpt(self):
        for form in self.FORMS:
            with self.subTest(form):
                self.check('RCPT', form)

    def test_vrfy(self):
        for form in self.FORMS:
            with self.subTest(form):
                self.check('VRFY', form)

    def test_other_domains_take_no_mail(self):
        """Mail with a sender gets past srs-nonnull nowhere."""
        for form in ('%s@localhost', '%s@mx.our.test', '%s@virtual.test', '%s@our.test'):
            with self.subTest(form):
                for reply in self.check('RCPT', form, 'alice@origin.test'):
                    self.assertRegex(reply, '^[45]')

    def test_the_reply_of_a_forgery(self):
        to_right, to_wrong = self.check('RCPT', '%s@srs.test.')
        self.assertRegex(to_right, '^250 ')
        self.assertRegex(to_wrong, '^550 5.1.1 .*unknown SRS address')
        to_right, to_wrong = self.check('VRFY', '%s@srs.test')
        self.assertRegex(to_right, '^252 ')
        self.assertRegex(to_wrong, '^550 5.1.1 .*unknown SRS address')

    def test_senders_that_postfix_completes(self):
        for sender in ('fail.test!mallory', 'mallory%fail.test', 'mallory@fail.test.'):
            with self.subTest(sender):
                self.assertRegex(self.refusal(sender, 'forward@our.test'),
                                 '^550 5.7.23 .*is not allowed to send mail for fail.test')


class Routes(Spellings):
    """The same with the domains that Postfix has by default: routes end in one of them."""

    FORMS = ['%s%%srs.test@localhost', '%s%%srs.test@our.test', '%s%%srs.test@[127.0.0.1]',
             '%s%%srs.test@mx.our.test', '%s%%srs.test@localhost.our.test',
             'srs.test!%s@our.test', 'our.test!srs.test!%s', '"%s@srs.test"@our.test',
             '"%s"%%srs.test@our.test', '%s%%srs.test%%our.test', 'localhost!%s%%srs.test']

    @classmethod
    def settings(cls):
        return dict(PostfixCase.settings.__func__(cls),
                    mydestination='our.test, mx.our.test, localhost.our.test, localhost',
                    virtual_alias_domains='srs.test',
                    smtpd_hard_error_limit='1000', smtpd_error_sleep_time='0')

    def test_other_domains_take_no_mail(self):
        for form in self.FORMS:
            with self.subTest(form):
                for reply in self.check('RCPT', form, 'alice@origin.test'):
                    self.assertRegex(reply, '^[45]')

    def test_the_reply_of_a_forgery(self):
        for form in self.FORMS:
            with self.subTest(form):
                for reply in self.check('RCPT', form):
                    self.assertRegex(reply, '^[45]')


class Header(PostfixCase):
    def test_one_received_spf(self):
        mail = self.send('alice@origin.test', 'bob@our.test')
        self.assertEqual(mail.header_count('Received-SPF'), 1)
        self.assertIn('Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; '
                      'helo=helo.test; envelope-from="alice@origin.test"; receiver=<UNKNOWN>',
                      mail.data)

    def test_three_recipients(self):
        mail = self.send('alice@origin.test', 'bob@our.test', 'carol@our.test', 'dave@our.test')
        self.assertEqual(mail.header_count('Received-SPF'), 1)

    def test_two_messages_on_one_connection(self):
        client = self.connect()
        for sender in ('alice@origin.test', 'bert@origin.test'):
            with self.subTest(sender):
                client.mail(sender)
                client.rcpt('bob@our.test')
                mail = self.sink.wait_mail(self.deliver(client))
                self.assertEqual(mail.header_count('Received-SPF'), 1)
                self.assertIn('envelope-from="%s"' % sender, mail.data)

    def test_forwarded_mail_has_the_original_sender_in_it(self):
        mail = self.send('alice@origin.test', 'forward@our.test')
        self.assertIn('envelope-from="alice@origin.test"', mail.data)
        self.assertEqual(mail.header_count('Received-SPF'), 1)

    def test_bounce_is_not_touched(self):
        """A valid bounce needs no DNS and gets no header, whatever its HELO name is."""
        forwarded = self.send('alice@origin.test', 'forward@our.test')
        self.dns.clear()
        bounce = self.send('', forwarded.sender, helo='fail.test', client='198.51.100.7')
        self.assertEqual(self.dns.seen(), [])
        self.assertEqual(bounce.header_count('Received-SPF'), 0)

    def test_other_recipient_of_a_bounce(self):
        forwarded = self.send('alice@origin.test', 'forward@our.test')
        client = self.connect(helo='fail.test')
        client.mail('')
        self.assertRegex(client.rcpt(forwarded.sender), '^250 ')
        self.assertRegex(client.rcpt('bob@our.test'), '^550 5.7.23 ')

    def test_our_srs_sender(self):
        forwarded = self.send('alice@origin.test', 'forward@our.test')
        mail = self.send(forwarded.sender, 'bob@our.test')
        self.assertRegex(mail.data, r'Received-SPF: None \([^\r]*SRS-verified')


class PassRestriction(PostfixCase):
    """Postfix continues with the class that main.cf declares, for mail that passes."""

    @classmethod
    def prepare(cls, daemon):
        daemon.options['spf']['mail-from-pass-restriction'] = 'passed_spf'
        daemon.options['spf "carol@our.test"'] = {'mail-from-reject': 'false'}

    @classmethod
    def settings(cls):
        settings = super().settings()
        settings['smtpd_recipient_restrictions'] += ', reject_unknown_recipient_domain'
        return {**settings, 'smtpd_restriction_classes': 'passed_spf',
                'passed_spf': 'check_recipient_access inline:{{dave@our.test = REJECT not dave}}'}

    def test_class(self):
        for sender, recipient, want in (
                ('alice@origin.test', 'dave@our.test', r'^554 5\.7\.1 .*not dave'),
                ('alice@origin.test', 'bob@our.test', '^250 '),
                ('alice@none.test', 'dave@our.test', '^250 '),
                ('alice@fail.test', 'dave@our.test', r'^550 5\.7\.23 '),
                ('alice@fail.test', 'carol@our.test', '^250 ')):
            with self.subTest(sender=sender, recipient=recipient):
                self.assertRegex(self.refusal(sender, recipient), want)

    def test_no_header(self):
        self.assertNotIn('Received-SPF', self.send('alice@origin.test', 'bob@our.test').data)
        self.assertIn('Received-SPF: None', self.send('alice@none.test', 'bob@our.test').data)


class Tables(PostfixCase):
    def table(self, service):
        return 'tcp:127.0.0.1:%d' % self.daemon.ports[service]

    def test_postmap(self):
        status, address = self.postfix.postmap('alice@origin.test', self.table('forward'))
        self.assertEqual(status, 0)
        self.assertRegex(address, r'\ASRS0=%s=origin\.test=alice@srs\.test\n\Z' % SRS_TAG)
        self.assertEqual(self.postfix.postmap(address.strip(), self.table('reverse')),
                         (0, 'alice@origin.test\n'))

    def test_postmap_encoded(self):
        """Keys and answers with characters that travel as %XX."""
        for key in ('"john doe"@origin.test', 'a%b@origin.test', '"%41 %"@origin.test',
                    '"a@b"@origin.test', 'jürgen@origin.test'):
            with self.subTest(key):
                _status, address = self.postfix.postmap(key, self.table('forward'))
                self.assertEqual(self.postfix.postmap(address.strip(), self.table('reverse')),
                                 (0, key + '\n'))

    def test_postmap_not_found(self):
        for service, key in (('forward', 'bob@our.test'), ('forward', 'bob@srs.test'),
                             ('reverse', 'bob@our.test'), ('reverse', FORGED % 'AA')):
            with self.subTest('%s %s' % (service, key)):
                self.assertEqual(self.postfix.postmap(key, self.table(service)), (1, ''))


class Outage(PostfixCase):
    def test_mail_waits_for_the_daemon(self):
        """Refused for now, not for good, while srsd is away; taken when it is back."""
        self.send('alice@origin.test', 'forward@our.test')
        self.daemon.stop()
        self.assertRegex(self.refusal('alice@origin.test', 'forward@our.test'), '^4')
        self.daemon.start()
        mail = self.send('alice@origin.test', 'forward@our.test')
        self.assertRegex(mail.sender, '^SRS0=')

    def test_restart_is_hardly_noticed(self):
        """Connections of smtpd and cleanup end; the next mail goes through all the same."""
        for _ in range(3):
            self.daemon.stop()
            self.daemon.start()
            mail = self.send('alice@origin.test', 'forward@our.test')
            self.assertRegex(mail.sender, '^SRS0=')


class SocketmapOutage(OverSocketmap, Outage):
    pass


class Interrupted(PostfixCase):
    """Engines that are killed and a restart while mail is forwarded."""

    MESSAGES = 300
    SENDERS = 4
    SENDER = 'user%d@origin.test'

    @classmethod
    def settings(cls):
        # Whatever Postfix puts off, it tries again at once.
        return {**super().settings(), 'queue_run_delay': '1s', 'minimal_backoff_time': '1s',
                'maximal_backoff_time': '2s', 'smtpd_policy_service_retry_delay': '1s'}

    def setUp(self):
        super().setUp()
        self.accepted = {}      # marks of messages, and how often each was put off
        self.refused = []
        self.progress = threading.Condition()
        self.todo = iter(range(self.MESSAGES))

    def offer(self, client, mark, sender):
        """One message, as any MTA hands it over; -> the last reply"""
        for reply in (client.mail(sender), client.rcpt('forward@our.test')):
            if not reply.startswith('250 '):
                client.smtp.rset()
                return reply
        return client.data('From: someone@origin.test\r\nSubject: %s\r\n\r\nText.\r\n' % mark)

    def send_until_taken(self, number):
        """Again and again while it is put off, on a new connection."""
        mark = 'interrupted-%03d-of-the-tests' % number
        for again in range(100):
            try:
                with SmtpClient(self.postfix.address) as client:
                    reply = self.offer(client, mark, self.SENDER % number)
            except (OSError, smtplib.SMTPException) as error:
                reply = '421 %r' % error
            if not reply.startswith('4'):
                break
        with self.progress:
            if reply.startswith('250 '):
                self.accepted[mark] = again
            else:
                self.refused.append(reply)
            self.progress.notify_all()

    def run_sender(self):
        while True:
            with self.progress:
                number = next(self.todo, None)
            if number is None:
                return
            self.send_until_taken(number)

    def wait_accepted(self, count):
        with self.progress:
            self.assertTrue(self.progress.wait_for(
                lambda: self.refused or len(self.accepted) >= count, 60), 'no progress')

    def kill_engine(self):
        mark = self.daemon.log_mark()
        os.kill(self.daemon.child('engine'), signal.SIGKILL)
        self.daemon.wait_log('engine .* is ready', mark)

    def interrupt(self):
        self.kill_engine()

    def assert_sender(self, mail, number):
        self.assertRegex(mail.sender, r'\ASRS0=%s=origin\.test=user%d@srs\.test\Z'
                         % (SRS_TAG, number))

    def test_each_message_once(self):
        """No message is lost, delivered twice, sent unchanged or bounced."""
        threads = [threading.Thread(target=self.run_sender, daemon=True)
                   for _ in range(self.SENDERS)]
        for thread in threads:
            thread.start()
        for count in (50, 120):
            self.wait_accepted(count)
            self.interrupt()
        self.wait_accepted(200)
        self.daemon.stop()
        self.daemon.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual((self.refused, len(self.accepted)), ([], self.MESSAGES))
        print('# put off: %d times' % sum(self.accepted.values()))
        for mark in self.accepted:
            mail = self.sink.wait_mail(mark)
            self.assert_sender(mail, int(mark.split('-')[1]))
            self.assertEqual(mail.recipients, ('friend@elsewhere.test',))
        # smtpd reports to the postmaster what cleanup could not look up.
        others = [mail for mail in self.sink.mails if mail.recipients != ('friend@elsewhere.test',)]
        self.assertLessEqual({mail.recipients for mail in others}, {('postmaster@our.test',)})
        self.assertEqual(len(self.sink.mails) - len(others), self.MESSAGES)
        self.assertNotIn('status=bounced', self.postfix.log_text())


VERP = 'bounces+%d-0102018f3a2b4c5d-6e7f8091-a2b3-c4d5-e6f7-08192a3b4c5d-000000@origin.test'
ALIAS = r'\ASRS0=%s=1=[0-9A-V]{32}@srs\.test\Z' % SRS_TAG


@needs_sqlite
class LongSenders(OverSocketmap, PostfixCase):
    """Senders that are too long for an SRS address are in a database."""

    @classmethod
    def prepare(cls, daemon):
        super().prepare(daemon)
        daemon.use_database(**{'original-envelope': 'long'})

    def test_there_and_back(self):
        mail = self.send(VERP % 1, 'forward@our.test')
        self.assertRegex(mail.sender, ALIAS)
        self.assertLessEqual(len(mail.sender.rpartition('@')[0]), 64)
        self.assertEqual(self.send('', mail.sender).recipients, (VERP % 1,))

    def test_short_senders_are_embedded(self):
        mail = self.send('alice@origin.test', 'forward@our.test')
        self.assertRegex(mail.sender, '=origin.test=alice@srs.test$')
        self.assertEqual(self.send('', mail.sender).recipients, ('alice@origin.test',))

    def test_forged_alias(self):
        """The gate needs the hash alone."""
        self.assertRegex(self.refusal('', 'SRS0=xxxx=%s=1=%s@srs.test' % (
            srs.stamp(srs.today()), 32 * 'A')), '^550 5.1.1 ')


class LongSendersOverTcp(LongSenders):
    @classmethod
    def map(cls, name):
        return 'tcp:127.0.0.1:%d' % cls.daemon.ports[name]


@needs_sqlite
class InterruptedStore(OverSocketmap, Interrupted):
    """Long senders, while the store process is killed as well, and the database is locked."""

    MESSAGES = 200
    SENDER = VERP

    @classmethod
    def prepare(cls, daemon):
        super().prepare(daemon)
        cls.path = daemon.use_database(**{'original-envelope': 'long', 'store-timeout': 1})

    def interrupt(self):
        for name in 'store', 'engine', 'store':
            pid = self.daemon.child(name)
            os.kill(pid, signal.SIGKILL)
            self.daemon.child(name, other_than=pid)
        mark = self.daemon.log_mark()
        with DatabaseLock(self.path):
            self.daemon.wait_log('result=deferred', mark)

    def assert_sender(self, mail, number):
        self.assertRegex(mail.sender, ALIAS)
        with self.daemon.reverse_client() as client:
            self.assertEqual(client.get(mail.sender), '200 ' + VERP % number)


class Spawn(PostfixCase):
    """A policyd-spf service of master.cf, in which only argv was changed to srsctl policy."""

    @classmethod
    def settings(cls):
        settings = super().settings()
        settings['smtpd_recipient_restrictions'] = (
            'permit_mynetworks, reject_unauth_destination, '
            'check_policy_service unix:private/policyd-spf')
        settings['policyd-spf_time_limit'] = '3600'
        return settings

    @classmethod
    def services(cls):
        return ('policyd-spf unix - n n - 0 spawn user=%s argv=%s -f %s policy\n'
                % (ORDINARY_USER, reachable_binary('srsctl'), cls.daemon.config))

    def test_verdicts(self):
        mail = self.send('alice@origin.test', 'bob@our.test', 'carol@our.test')
        self.assertEqual(mail.header_count('Received-SPF'), 1)
        self.assertRegex(self.refusal('mallory@fail.test', 'bob@our.test'),
                         '^550 5.7.23 .*192.0.2.1 is not allowed to send mail for fail.test')

    def test_bounce_comes_home(self):
        forwarded = self.send('alice@origin.test', 'forward@our.test')
        bounce = self.send('', forwarded.sender)
        self.assertEqual(bounce.recipients, ('alice@origin.test',))

    def test_one_connection(self):
        """Several requests through one process."""
        client = self.connect()
        client.mail('mallory@fail.test')
        for recipient in ('bob@our.test', 'carol@our.test', 'dave@our.test'):
            self.assertRegex(client.rcpt(recipient), '^550 5.7.23 ')

    def test_restart_is_not_noticed(self):
        """Not even by a client in the middle of its message."""
        client = self.connect()
        client.mail('alice@origin.test')
        self.assertRegex(client.rcpt('bob@our.test'), '^250 ')
        for recipient in ('carol@our.test', 'dave@our.test'):
            self.daemon.stop()
            self.daemon.start()
            self.assertRegex(client.rcpt(recipient), '^250 ')
        self.assertEqual(len(self.sink.wait_mail(self.deliver(client)).recipients), 3)

    def test_mail_waits_for_the_daemon(self):
        self.daemon.stop()
        self.assertRegex(self.refusal('mallory@fail.test', 'bob@our.test'), '^451 4.3.5 ')
        self.daemon.start()
        self.assertRegex(self.refusal('mallory@fail.test', 'bob@our.test'), '^550 5.7.23 ')


if __name__ == '__main__':
    if postfix.unavailable():
        tap.skip_all(postfix.unavailable())
    tap.main()
