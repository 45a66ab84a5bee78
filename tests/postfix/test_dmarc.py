#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The recipe contrib/postfix/dmarc under a real Postfix, with the real milters: OpenDKIM and
OpenDMARC, and rspamd.

The site is that of test_forwarding.py, whose recipe is there too. An attacker has evil.test and all
names below it, and wants to be victim.test.
"""

import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

import test_forwarding as forwarding
import test_recipes as recipes
from harness import dns_space, opendkim, opendmarc, postfix, recipe, rspamd, tap
from harness.daemon import free_port
from harness.milter import Milter, packet

ALICE = recipes.ALICE               # in origin.test, which allows 192.0.2.1
BOB = recipes.BOB
AUTHOR = 'ceo@victim.test'
SIGNER = 'x@signer.example'         # libunbound, which OpenDKIM uses, has no zone below .test
SIGN = 'Mode s\nCanonicalization relaxed/simple\nInternalHosts 0.0.0.0/0\n'
ID = 'mx1.example.org'
RECIPE = os.path.join(recipe.FOLDER, 'dmarc')

ALLOWED = {'TXT': ['v=spf1 ip4:192.0.2.1 -all']}
POLICY = {'TXT': ['v=DMARC1; p=reject']}
ZONE = {
    **forwarding.ZONE,
    'evil.test': ALLOWED,
    'helo.evil.test': ALLOWED,
    'victim.test,x.evil.test': ALLOWED,
    "victim.test'x.evil.test": ALLOWED,
    'victim.test(.evil.test': ALLOWED,
    'mail.origin.test': ALLOWED,
    'signer.example': ALLOWED,
    '_dmarc.signer.example': POLICY,
    'victim.test': {'TXT': ['v=spf1 ip4:198.51.100.1 -all']},
    'parked.test': {'TXT': ['v=spf1 -all']},
    'none.test': {'A': ['192.0.2.1']},
    **{'_dmarc.%s.test' % name: POLICY
       for name in ('origin', 'evil', 'victim', 'parked', 'none')},
}

# What a reader may take for results of this host: the part before the results.
SPELLINGS = [
    'Authentication-Results: ' + ID,
    'authentication-results: MX1.example.ORG',
    'Authentication-Results:' + ID,
    'Authentication-Results:\r\n ' + ID,
    'Authentication-Results: %s 1' % ID,
    'Authentication-Results: %s ' % ID,
    'Authentication-Results: %s\r\n\t1' % ID,
    'Authentication-Results: (x) ' + ID,
    'Authentication-Results: %s (a; b)' % ID,
    'Authentication-Results: mx1.(x)example.org',
    'Authentication-Results: mx1 . example . org',
    'Authentication-Results: "%s"' % ID,
    'Authentication-Results: mx1."example".org',
    'Authentication-Results: m\\x1.example.org',
]
FORGED = ('; spf=pass smtp.mailfrom=victim.test;\r\n dkim=pass header.d=victim.test;\r\n'
          ' dmarc=pass header.from=victim.test%s\r\n')
# With a property that the parser of OpenDKIM 2.11 does not know, it would leave the field in place.
ENDS = '', ';\r\n arc=pass arc.chain=victim.test'
FOREIGN = 'Authentication-Results: mx.other.test; dkim=pass header.d=other.test\r\n'
FORGED_SPF = ('Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; helo=x; '
              'envelope-from="%s"; receiver=x; identity=mailfrom\r\n')


class Common:
    """The tests that each of the filters has to pass."""

    HELO_OF_BOUNCES = 'pass'

    @classmethod
    def set_up_more(cls):
        cls.signer = opendkim.OpenDkim('signer.example', SIGN).start()
        cls.addClassCleanup(cls.signer.stop)
        cls.space = dns_space.DnsSpace({**ZONE, **cls.signer.zone}).start()
        cls.addClassCleanup(cls.space.stop)
        super().set_up_more()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dns.add(ZONE)

    @classmethod
    def add_filter(cls, milter):
        milter.start()
        cls.addClassCleanup(milter.stop)
        return milter.endpoint

    def get(self, mark):
        """The message as it is in the mailbox, or as it leaves."""
        return self.mailboxes.wait_mail(mark)

    def results(self, mail):
        """Of Authentication-Results of this host: a list of `method=result`."""
        return [word for field in mail.headers('Authentication-Results')
                if re.match(r'mx1\.example\.org *;', field)
                for word in re.findall(r'(?:^|[;\s])((?:spf|dkim|dmarc|arc)=\w+)', field)]

    def verdict(self, mark):
        words = [word for word in self.results(self.get(mark)) if word.startswith('dmarc=')]
        self.assertEqual(len(words), 1)
        return words[0].partition('=')[2]

    def check(self, want, sender, author, **options):
        with self.subTest('%s from %s' % (sender, author), **options):
            self.assertEqual(self.verdict(self.send(sender, BOB, author=author, **options)), want)

    def signed(self):
        """A message that signer.example has signed."""
        mark, text = self.message(author=SIGNER)
        head, _, body = text.partition('\r\n\r\n')
        with Milter(self.signer.path) as mta:
            mta.connect('192.0.2.1')
            mta.helo('x')
            mta.mail(SIGNER)
            mta.rcpt(BOB)
            mta.headers([line.split(': ', 1) for line in head.split('\r\n')])
            mta.command(packet('B', body.encode()))
            fields = [action.text for action in mta.eom() if action.name == 'insert-field']
        self.assertEqual(len(fields), 1)
        return mark, fields[0].replace('\n', '\r\n') + '\r\n' + text

    def send_signed(self, recipient, head='', **connection):
        client = self.connect(**connection)
        self.assertRegex(client.mail(SIGNER), '^250 ')
        self.assertRegex(client.rcpt(recipient), '^250 ')
        mark, text = self.signed()
        self.assertRegex(client.data(head + text), '^250 ')
        return mark

    def test_spf(self):
        self.check('pass', ALICE, 'someone@origin.test')
        self.check('fail', ALICE, AUTHOR)
        self.check('fail', 'x@victim.test', AUTHOR)

    def test_senders(self):
        for local in ('list+b=example.org=1=2', 'prvs=4567a1b2c3=alice', '"a b"', '"a;b(c"',
                      'SRS0=HHHH=TT=averylongoriginaldomain.example=user', '"identity=helo"'):
            self.check('pass', local + '@origin.test', 'someone@origin.test')
            self.check('fail', local + '@victim.test', AUTHOR)

    def test_our_header_stays(self):
        """Above the Received field of this host. That of the sender is below, and not read."""
        for sender, want in ((ALICE, 'Pass'), ('x@victim.test', 'Fail')):
            mail = self.get(self.send(sender, BOB, author=AUTHOR,
                                      head=FORGED_SPF % sender + FOREIGN))
            fields = mail.headers('Received-SPF')
            self.assertEqual([field.split()[0] for field in fields], [want, 'Pass'])
            self.assertLess(mail.data.index('Received-SPF: %s (mailfrom) client' % want),
                            mail.data.index('Received: from'))
            self.assertIn('dmarc=fail', self.results(mail))

    def test_forged_results(self):
        for start in SPELLINGS:
            for end in ENDS:
                head = start + FORGED % end
                with self.subTest(head):
                    mail = self.get(self.send(ALICE, BOB, author=AUTHOR, head=head))
                    words = self.results(mail)
                    self.assertIn('dmarc=fail', words)
                    self.assertFalse({'dmarc=pass', 'dkim=pass', 'arc=pass'} & set(words))
                    self.assertNotIn('header.d=victim.test', mail.data)

    def test_bounces(self):
        """By the HELO name, and by that alone."""
        self.check(self.HELO_OF_BOUNCES, '', 'postmaster@origin.test', helo='mail.origin.test')
        self.check('fail', '', AUTHOR, helo='mail.origin.test')
        self.check('fail', '', 'postmaster@none.test', helo='none.test')

    def test_helo_is_not_the_sender(self):
        """CVE-2019-20790"""
        self.check('fail', 'a@none.test', 'someone@evil.test', helo='helo.evil.test')
        self.check('fail', 'a@none.test', 'someone@none.test', helo='helo.evil.test')

    def test_dkim(self):
        """Forwarded by another host, as SPF says it may not be."""
        mark = self.send_signed(BOB, client='198.51.100.1')
        self.assertRegex(self.get(mark).headers('Received-SPF')[0], '^Fail ')
        self.assertEqual(self.verdict(mark), 'pass')

    def test_domain_without_mail(self):
        self.assertRegex(self.refusal('x@parked.test', BOB), '^550 5.7.23 ')

    def test_check(self):
        self.assertEqual(self.findings(), [])

    def test_postfix_knows_every_setting(self):
        self.assertEqual(self.postfix.complaints(), '')


@unittest.skipIf(opendmarc.unavailable() or opendkim.unavailable(), 'no OpenDMARC or no OpenDKIM')
class OpenDmarc(Common, forwarding.ForwardingCase):
    RECIPES = ('dmarc', 'forwarding', 'policy-inet')

    @classmethod
    def make_places(cls, daemon):
        return {**super().make_places(daemon), '/etc/postfix/dmarc': RECIPE}

    @classmethod
    def set_up_more(cls):
        super().set_up_more()
        config = {name: recipe.read('dmarc/%s.conf' % name, {})
                  for name in ('opendkim', 'opendmarc')}
        cls.dkim = opendkim.OpenDkim('example.org', config['opendkim'], cls.space)
        cls.dmarc = opendmarc.OpenDmarc(config=config['opendmarc'], space=cls.space)
        cls.places['inet:127.0.0.1:8891'] = cls.add_filter(cls.dkim)
        cls.places['inet:127.0.0.1:8893'] = cls.add_filter(cls.dmarc)

    def test_foreign_results_stay(self):
        mail = self.get(self.send(ALICE, BOB, head=FOREIGN))
        self.assertIn('\r\n' + FOREIGN, mail.data)

    def test_senders_with_two_domains(self):
        """They do not come in; to OpenDMARC they are victim.test."""
        typed = ('"ceo@victim.test"@evil.test', 'ceo@victim.test(.evil.test',
                 '@victim.test,@b.test:a@evil.test', "ceo@victim.test'x.evil.test",
                 'ceo@victim.test,x.evil.test', 'ceo@victim.test@evil.test')
        for sender in typed:
            with self.subTest(sender):
                self.assertRegex(self.connect().mail(sender), '^501 5.1.7 ')
        for line in 'mail from: <%s>', 'MAIL FROM:x <%s>', 'MAIL FROM:%s':
            self.assertRegex(self.connect().command(line % typed[0]), '^501 5.1.7 ')
        for sender in typed[:2]:
            with Milter(self.dmarc.path) as mta:
                mta.connect('192.0.2.1')
                mta.helo('x')
                mta.mail(sender)
                mta.rcpt(BOB)
                mta.headers([('From', AUTHOR)])
                self.assertIn('dmarc=pass', ' '.join(action.text for action in mta.eom()))

    def test_helo_names_with_two_domains(self):
        for helo in 'victim.test,x.evil.test', "victim.test'x.evil.test":
            client = self.connect(helo=helo)
            client.mail('')
            self.assertRegex(client.rcpt(BOB), '^501 5.5.2 ')

    def test_forwarded(self):
        """Signatures survive, and our own signer does not sign what others wrote."""
        mail, decision = self.leaves(self.send_signed('a@fwd.test'))
        self.assertEqual(decision['result'], 'rewritten')
        self.assertEqual(mail.header_count('DKIM-Signature'), 1)
        with Milter(self.dkim.path) as mta:
            mta.connect('192.0.2.10')
            mta.helo('x')
            mta.mail(mail.sender)
            mta.rcpt(mail.recipients[0])
            head, _, body = mail.data.partition('\r\n\r\n')
            mta.headers([field.split(': ', 1) for field in re.split(r'\r\n(?![ \t])', head)])
            mta.command(packet('B', body.encode()))
            self.assertIn('dkim=pass', ' '.join(action.text for action in mta.eom()))
        mail, _ = self.leaves(self.send(ALICE, 'a@fwd.test', author='ceo@example.org'))
        self.assertEqual(mail.header_count('DKIM-Signature'), 0)

    def test_own_mail_is_signed(self):
        mark = self.send(BOB, forwarding.FRIEND, author=BOB, client=forwarding.OUR_NETWORK)
        self.assertEqual(self.world.wait_mail(mark).header_count('DKIM-Signature'), 1)

    def test_our_results_are_removed_too(self):
        """With the header Authentication-Results. The one that is left is OpenDMARC's."""
        self.addCleanup(self.reload, {})
        self.addCleanup(setattr, self.daemon, 'text', self.daemon.text)
        self.daemon.text = self.daemon.text.replace('no-mail =', 'header = both\nno-mail =')
        self.reload({})
        mail = self.get(self.send(ALICE, BOB))
        self.assertEqual(mail.header_count('Received-SPF'), 1)
        self.assertEqual(self.results(mail).count('spf=pass'), 1)

    def test_results_for_the_milter(self):
        """A forward that fails SPF, and whose DKIM passes, is authenticated."""
        self.configure({**forwarding.APART, 'trusted-authserv-ids': [ID]})
        mark = self.send_signed('a@fwd.test', client='198.51.100.1')
        self.check_leaves(mark, SIGNER, {'auth': 'pass', 'result': 'rewritten'})
        mark = self.send('x@victim.test', 'a@fwd.test', head=SPELLINGS[0] + FORGED % '')
        self.check_leaves(mark, 'x@victim.test', {'auth': 'fail', 'result': 'rewritten',
                                                    'reason': 'unauthenticated'}, 'forwards.test')


@unittest.skipIf(rspamd.unavailable() or opendkim.unavailable(), 'no rspamd or no OpenDKIM')
class Rspamd(Common, forwarding.ForwardingCase):
    """It removes all Authentication-Results. It ignores the HELO name of a bounce."""

    HELO_OF_BOUNCES = 'fail'
    RECIPES = ('dmarc/rspamd', 'forwarding', 'policy-inet')

    @classmethod
    def set_up_more(cls):
        super().set_up_more()
        headers = recipe.read('dmarc/rspamd/local.d/milter_headers.conf', {})
        cls.places['inet:127.0.0.1:11332'] = cls.add_filter(rspamd.Rspamd(cls.space, headers))

    @classmethod
    def prepare_daemon(cls, daemon):
        super().prepare_daemon(daemon)
        daemon.text += recipe.read('dmarc/srsd.conf', {})


if __name__ == '__main__':
    for why in postfix.unavailable, postfix.no_own_names:
        if why():
            tap.skip_all(why())
    tap.main()
