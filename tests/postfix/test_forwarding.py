#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The recipe contrib/postfix/forwarding under a real Postfix: the milter of the hop, from the files
as they are shipped.

The site is that of test_recipes.py, with more domains: mail for fwd.test, two.test and all.test is
forwarded by virtual aliases, and that for loc.test is delivered by local(8). Behind srsd, the hop
has a second milter, which records what it is shown.

INTERRUPTED=1000 makes the tests of failures send that many messages.
"""

import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

import test_postfix
import test_recipes as recipes
from harness import dovecot, opendkim, opendmarc, postfix, srs, tap
from harness.daemon import ORDINARY_USER, SECRET, free_port, has_sqlite
from harness.database import DatabaseLock
from harness.dns_server import SILENT
from harness.milter_server import MilterServer, packet
from harness.smtp import SmtpClient

ALICE = recipes.ALICE               # in origin.test, which allows 192.0.2.1
MALLORY = 'mallory@fail.test'       # no address may send for fail.test
NOSPF = 'carol@nospf.test'
FRIEND = 'friend@elsewhere.test'
OUR_NETWORK = '127.0.0.99'
SAME = None                         # the sender that leaves is the one that came
SRS_TAG = r'SRS0=[A-Za-z0-9+/]{4}=[A-Z2-7]{2}='

OURS = 'v=spf1 ip4:%s -all' % recipes.ADDRESS
MX = [(10, 'mx1.example.org')]
ZONE = {
    **recipes.ZONE,
    'nospf.test': {'A': ['192.0.2.1']},
    'srs.fwd.test': {'TXT': [OURS], 'MX': MX},
    'fwd.test': {'TXT': [OURS], 'MX': MX},
    'srs.two.test': {'TXT': ['v=spf1 -all'], 'MX': MX},
    'srs.all.test': {'TXT': [OURS], 'MX': [(10, 'mx.elsewhere.test')]},
    'mx.elsewhere.test': {'A': ['198.51.100.1']},
    'forwards.test': {'TXT': [OURS], 'MX': MX},
}

ALIASES = {
    'a@fwd.test': 'b@elsewhere.test',
    'chain@fwd.test': 'a@fwd.test',
    'm@two.test': 'x@elsewhere.test, y@third.test',
    '@all.test': 'c@elsewhere.test',
    'mixed@fwd.test': 'bob@example.org, b@elsewhere.test',
    'gone@fwd.test': recipes.NOBODY,
}
ALIAS_DOMAINS = ('fwd.test', 'two.test', 'all.test', 'forwards.test',
                 'srs.fwd.test', 'srs.two.test', 'srs.all.test')
HUNDREDS = ['u%d@elsewhere.test' % n for n in range(990)]
SITE = {
    **recipes.SITE,
    'mydestination': 'example.org, loc.test',
    'recipient_delimiter': '+',
    'virtual_alias_maps': recipes.SITE['virtual_alias_maps'] + ' inline:{%s}' % ' '.join(
        '{%s = %s}' % item for item in {**ALIASES, **dict.fromkeys(ALIAS_DOMAINS, 'x')}.items()),
    'smtpd_client_connection_count_limit': '0',
    # What is put off is tried again at once.
    'queue_run_delay': '1s', 'minimal_backoff_time': '1s', 'maximal_backoff_time': '2s',
}


def sender_pattern(sender, domain='srs.example.org'):
    """Of an SRS address for a sender."""
    local, _, host = sender.rpartition('@')
    return r'\A%s%s=%s@%s\Z' % (SRS_TAG, re.escape(host), re.escape(local), re.escape(domain))


class ForwardingCase(recipes.RecipeCase):
    """The recipe in one instance of Postfix."""

    RECIPES = ('forwarding', 'policy-inet')
    SITE = SITE
    OPTIONS = {}                # of srsd, besides those of the recipe
    SPF = ''                    # options of its section spf
    SERVICES = ''               # of master.cf
    DOMAINS = ('fwd.test', 'two.test', 'all.test', 'loc.test')

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dns.add(ZONE)

    @classmethod
    def make_places(cls, daemon):
        places = {**super().make_places(daemon), '127.0.0.1:10004': '127.0.0.1:%d' % free_port()}
        cls.behind = MilterServer().start()
        cls.addClassCleanup(cls.behind.stop)
        places['smtpd_milters=inet:127.0.0.1:10004'] = 'smtpd_milters=inet:%s,%s' % (
            places['127.0.0.1:10004'], cls.behind.endpoint)
        return places

    @classmethod
    def make_postfix(cls, names, site=None, places=None):
        instance = super().make_postfix(names, site, places)
        with open(os.path.join(instance.etc, 'master.cf'), 'a', encoding='utf-8') as file:
            file.write(cls.SERVICES)
        return instance

    @classmethod
    def prepare_daemon(cls, daemon):
        daemon.options['domains-file'] = daemon.folder.file(
            'domains', ''.join(name + '\n' for name in cls.DOMAINS))
        daemon.options.update(cls.OPTIONS)
        if cls.SPF:
            daemon.text += 'spf {\n%s}\n' % cls.SPF

    def configure(self, options):
        """Reload srsd with other options, for this test."""
        before = {name: self.daemon.options.get(name) for name in options}
        self.addCleanup(self.reload, before)
        self.reload(options)

    def reload(self, options):
        self.daemon.options.update(options)
        mark = self.daemon.log_mark()
        self.daemon.write_config()
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(' reloaded ', mark)

    # -- mail

    def send(self, sender, *recipients, head='', author='someone@origin.test', to='undisclosed:;',
             **connection):
        """A message with fields of the sender's above From:. -> the mark in it"""
        client = self.connect(**connection)
        self.assertRegex(client.mail(sender), '^250 ')
        for recipient in recipients:
            self.assertRegex(client.rcpt(recipient), '^250 ')
        mark, text = self.message(head, author, to)
        self.assertRegex(client.data(text), '^250 ')
        return mark

    @staticmethod
    def message(head='', author='someone@origin.test', to='undisclosed:;'):
        mark = 'mark-%d-of-the-recipes' % next(recipes._marks)
        return mark, ('%sFrom: %s\r\nTo: %s\r\nSubject: %s\r\n\r\nText.\r\n'
                      % (head, author, to, mark))

    def sendmail(self, sender, recipient, head=''):
        """The same by sendmail(1) and pickup(8)."""
        mark, text = self.message(head)
        self.postfix.run('/usr/sbin/sendmail', '-i', '-f', sender, recipient, user='nobody',
                         text=text.replace('\r\n', '\n'))
        return mark

    def leaves(self, mark):
        """-> the message as the next server gets it, and what srsd logged of it, a dict"""
        mail = self.world.wait_mail(mark)
        return mail, self.decision(mail)

    def decision(self, mail):
        queue = re.search(r'\bid (\w+)', mail.headers('Received')[0]).group(1)
        return self.fields(self.daemon.wait_log('milter queue=%s ' % queue))

    @staticmethod
    def fields(line):
        return {name: value.strip('<>') for name, value in re.findall(r'([a-z]+)=(\S+)', line)}

    def check_leaves(self, mark, sender, log, domain='srs.example.org'):
        """With the sender unchanged or an SRS address of it, and with these words of the log."""
        mail, decision = self.leaves(mark)
        if log['result'] == 'rewritten':
            self.assertRegex(mail.sender, sender_pattern(sender, domain))
            self.assertEqual(decision.get('to'), mail.sender)
        else:
            self.assertEqual(mail.sender, sender)
            self.assertNotIn('to', decision)
        self.assertEqual({name: decision.get(name) for name in log}, log)
        return mail


class AsShipped(recipes.Hop):
    """What holds of both forms, besides what holds of any recipe with a hop."""

    SITE = {**SITE,
            'smtpd_client_restrictions': recipes.Hop.SITE['smtpd_client_restrictions']}

    def test_spf_is_checked_once(self):
        sender = 'once@origin.test'
        mail, decision = self.leaves(self.submit(sender, recipes.FORWARD))
        self.assertEqual(mail.header_count('Received-SPF'), 1)
        self.assertEqual(decision['auth'], 'pass')
        self.assertEqual(len(self.daemon.log_matches('policy .*sender=<%s>' % sender)), 1)

    def test_notice_of_failure(self):
        """The notice that Postfix sends goes to the original sender, and names the alias."""
        notice = self.world.wait_mail(self.submit(ALICE, 'gone@fwd.test'))
        self.assertEqual((notice.sender, notice.recipients), ('', (ALICE,)))
        for text in 'Action: failed', 'Original-Recipient: rfc822;gone@fwd.test':
            self.assertIn('\r\n%s\r\n' % text, notice.data)

    def test_notice_of_success(self):
        """DSN is not offered to clients, and refused."""
        reply = '501 5.7.1 DSN support is disabled'
        client = self.connect()
        self.assertNotIn('DSN', client.command('EHLO helo.test'))
        self.assertEqual(client.mail(ALICE, 'RET=HDRS'), reply)
        client.mail(ALICE)
        for option in 'NOTIFY=SUCCESS', 'ORCPT=rfc822;other@two.test':
            self.assertEqual(client.rcpt(recipes.FORWARD, option), reply)
        self.assertRegex(client.rcpt(recipes.FORWARD), '^250 ')

    def test_mailbox_and_forward(self):
        """One message for both: only what is forwarded has an SRS sender."""
        mark = self.submit(ALICE, 'mixed@fwd.test')
        self.assertEqual(self.mailboxes.wait_mail(mark).sender, ALICE)
        self.assertNotIn('SRS0=', self.mailboxes.wait_mail(mark).data)
        self.check_leaves(mark, ALICE, {'kind': 'forward', 'domain': 'fwd.test', 'auth': 'pass',
                                        'orcpt': 'mixed@fwd.test', 'recipient': 'b@elsewhere.test',
                                        'result': 'rewritten'})

    def test_milter_behind(self):
        """It sees the original sender, because Postfix has told it MAIL FROM before."""
        mark = self.submit(ALICE, recipes.FORWARD)
        seen = self.behind.wait_message(mark)
        self.assertEqual(seen.sender, ALICE)
        self.assertEqual(seen.originals, [(FRIEND, 'rfc822;' + recipes.FORWARD)])


class OneInstance(AsShipped, ForwardingCase):
    def test_hop_is_for_this_host_alone(self):
        host, _, port = self.places['127.0.0.1:10026'].partition(':')
        with SmtpClient((host, int(port))) as client:
            client.mail(ALICE)
            self.assertRegex(client.rcpt(FRIEND), '^554 5.7.1 ')

    def test_dsn_at_the_hop(self):
        """Without it there is no ORCPT."""
        host, _, port = self.places['127.0.0.1:10026'].partition(':')
        with SmtpClient((host, int(port))) as client:
            self.assertIn('DSN', client.command('EHLO helo.test'))


class Send(ForwardingCase):
    """srsctl check --send, with a milter instead of the forward map."""

    @classmethod
    def prepare_daemon(cls, daemon):
        super().prepare_daemon(daemon)
        daemon.enable_control()

    def test_forwarded(self):
        lines = recipes.check_send(self.postfix, self.daemon, 'forward@example.org')
        self.assertEqual([line.partition(':')[0] for line in lines], ['ok'] * 4, lines)
        self.assertRegex(lines[1], r'its sender became SRS0=\S+=check\.invalid=p\w+@srs')

    def test_local(self):
        """The milter does not see it, so that no decision is made."""
        lines = recipes.check_send(self.postfix, self.daemon, 'bob@example.org')
        self.assertRegex(lines[-1], '^error: .*: srsd was not asked about its sender within 30 s')


class TwoInstances(ForwardingCase):
    """The hop is a Postfix of its own. It chooses a transport by the domain of the sender."""

    @classmethod
    def make_places(cls, daemon):
        places = super().make_places(daemon)
        places['smtpd_milters = inet:127.0.0.1:10004'] = 'smtpd_milters = inet:%s, %s' % (
            places['127.0.0.1:10004'], cls.behind.endpoint)
        return places

    @classmethod
    def make_postfix(cls, names, site=None, places=None):
        instance = super().make_postfix(names, site, places)
        if names != cls.RECIPES:
            return instance
        # "Omit the service 127.0.0.1:10026 and srs-cleanup", as the README says.
        path = os.path.join(instance.etc, 'master.cf')
        with open(path, encoding='utf-8') as file:
            services = postfix.entries(file.read())
        with open(path, 'w', encoding='utf-8') as file:
            file.writelines(entry + '\n' for entry in services
                            if not entry.startswith((cls.places['127.0.0.1:10026'], 'srs-cleanup')))
        return instance

    @classmethod
    def start_postfix(cls, instance):
        super().start_postfix(instance)
        places = {**cls.places, '[127.0.0.1]:25': '[%s]:%d' % instance.address,
                  '192.0.2.11': '127.0.0.11'}
        cls.out = cls.make_postfix(('forwarding/out',), {}, places)
        cls.out.start()
        cls.addClassCleanup(cls.out.stop)


class TwoInstancesAsShipped(AsShipped, TwoInstances):
    def test_check(self):
        """It examines one instance at a time."""
        self.assertEqual(self.findings(), [
            'skipped: milter: mail leaves through another instance of Postfix: run srsctl check '
            '--postfix with the directory of its main.cf'])
        self.assertEqual([line for line in self.findings(self.out)
                          if re.search('milter|ORCPT|dsn|canonical_maps names', line)], [])

    def test_transport_by_sender(self):
        """What is forwarded leaves from another address than our own mail."""
        forwarded = self.world.wait_mail(self.submit(ALICE, recipes.FORWARD))
        own = self.world.wait_mail(self.submit(recipes.BOB, FRIEND, client=OUR_NETWORK))
        self.assertRegex(forwarded.sender, recipes.SRS)
        self.assertEqual(own.sender, recipes.BOB)
        self.assertEqual(forwarded.client, '127.0.0.11')
        self.assertNotEqual(own.client, '127.0.0.11')

    def test_bounce_to_one_of_us(self):
        mark = self.submit(recipes.BOB, recipes.NOBODY, client=OUR_NETWORK)
        bounce = self.mailboxes.wait_mail(mark)
        self.assertEqual((bounce.sender, bounce.recipients), ('', (recipes.BOB,)))

    def test_out_knows_every_setting(self):
        self.assertEqual(self.out.complaints(), '')


def forward(domain, orcpt=None, **more):
    """The log of a forward."""
    return {'kind': 'forward', 'domain': domain, 'result': 'rewritten',
            **({'orcpt': orcpt} if orcpt else {}), **more}


REDIRECTED = {'kind': 'redirected', 'domain': None, 'result': 'rewritten'}


class Rows(recipes.Large, ForwardingCase):
    """Each row: sender, recipient, and the log. The sender that leaves follows from its result."""

    SITE = {**SITE, **recipes.Large.LARGE, 'virtual_alias_maps': SITE['virtual_alias_maps'] +
            ' inline:{ {unlisted.test = x} {unlisted@unlisted.test = b@elsewhere.test}'
            ' {hundreds@all.test = %s} }' % ', '.join(HUNDREDS)}

    ROWS = [
        # addressed to one of domains
        (ALICE, 'a@fwd.test', forward('fwd.test', 'a@fwd.test', auth='pass')),
        (ALICE, 'A+ext@FWD.test', forward('fwd.test', 'A+ext@FWD.test')),
        (ALICE, 'a@fwd.test.', forward('fwd.test', 'a@fwd.test.')),
        (ALICE, '"a"@fwd.test', forward('fwd.test', '"a"@fwd.test')),
        (ALICE, '@fwd.test:a@fwd.test', forward('fwd.test', '@fwd.test:a@fwd.test')),
        (ALICE, 'chain@fwd.test', forward('fwd.test', 'chain@fwd.test')),
        (ALICE, 'any@all.test', forward('all.test', 'any@all.test')),
        (ALICE, 'm@two.test', forward('two.test', 'm@two.test', recipients='2')),
        (ALICE, 'old@fwd.test', forward('fwd.test', 'old@fwd.test')),
        (ALICE, 'forward@example.org', forward('example.org')),
        # spelled so that it has no domain
        (ALICE, 'fwd.test!a', {**REDIRECTED, 'orcpt': 'fwd.test!a'}),
        (ALICE, 'a%fwd.test', {**REDIRECTED, 'orcpt': 'a%fwd.test'}),
        (ALICE, 'forward', {**REDIRECTED, 'orcpt': 'forward'}),
        # in a domain that srsd does not know
        (ALICE, 'unlisted@unlisted.test', REDIRECTED),
        # other senders
        ('', 'a@fwd.test', {'kind': 'bounce', 'result': 'kept'}),
        (recipes.BOB, 'a@fwd.test', {'kind': 'forward', 'auth': 'fail', 'result': 'rewritten'}),
        ('alice@[192.0.2.1]', 'a@fwd.test', {'kind': 'forward', 'result': 'kept'}),
        ('SRS0=xxxx=AA=first.test=alice@origin.test', 'a@fwd.test', None),
    ]
    OF_OUR_NETWORK = [
        (recipes.BOB, FRIEND, {'kind': 'own', 'auth': 'unchecked', 'result': 'kept'}),
        (recipes.BOB, 'a@fwd.test', {'kind': 'own', 'auth': 'unchecked', 'result': 'kept'}),
        (ALICE, FRIEND, {**REDIRECTED, 'orcpt': FRIEND, 'auth': 'unchecked'}),
        ('', FRIEND, {'kind': 'bounce', 'result': 'kept'}),
    ]
    # options, and the rows that they change
    BY_OPTION = [
        ({'rewrite-relayed': False},
         [(ALICE, 'a@fwd.test', forward('fwd.test')),
          (ALICE, 'fwd.test!a', {**REDIRECTED, 'result': 'kept'})]),
        ({'relay-domains': ['elsewhere.test']},
         [(ALICE, 'a@fwd.test', {'kind': 'relayed', 'result': 'kept'})]),
        ({'no-rewrite-recipients': ['elsewhere.test']},
         [(ALICE, 'a@fwd.test', {'kind': 'forward', 'result': 'kept', 'reason': 'no-rewrite'}),
          (ALICE, 'fwd.test!a', {'kind': 'redirected', 'result': 'kept',
                                 'reason': 'no-rewrite'})]),
        ({'milter-test-only': True},
         [(ALICE, 'a@fwd.test', {'kind': 'forward', 'result': 'kept', 'would': 'rewritten'})]),
    ]
    SPF = 'mail-from-reject = false\nhelo-reject = false\n'

    @classmethod
    def make_postfix(cls, names, site=None, places=None):
        instance = super().make_postfix(names, site, places)
        path = os.path.join(instance.etc, 'main.cf')
        with open(path, encoding='utf-8') as file:
            text = file.read()
        with open(path, 'w', encoding='utf-8') as file:
            file.write(re.sub(r'(?m)^recipient_canonical_maps =',
                              r'\g<0> inline:{old@fwd.test=a@fwd.test}, ', text))
        return instance

    def check_rows(self, rows, **connection):
        for sender, recipient, log in rows:
            with self.subTest('%s to %s' % (sender, recipient)):
                mark = self.send(sender, recipient, **connection)
                if log is None:
                    self.assertRegex(self.leaves(mark)[0].sender, '^SRS1=')
                elif log.get('would'):
                    mail, decision = self.leaves(mark)
                    self.assertEqual(mail.sender, sender)
                    self.assertEqual({name: decision.get(name) for name in log}, log)
                else:
                    self.check_leaves(mark, sender, log)

    def test_table(self):
        self.check_rows(self.ROWS)

    def test_our_network(self):
        self.check_rows(self.OF_OUR_NETWORK, client=OUR_NETWORK)

    def test_options(self):
        for options, rows in self.BY_OPTION:
            self.configure(options)
            self.check_rows(rows)
            self.doCleanups()

    def test_our_srs_address(self):
        sender = srs.srs0(ALICE, SECRET, 'srs.example.org', srs.today())
        self.check_leaves(self.send(sender, 'a@fwd.test'), sender,
                          {'kind': 'own-srs', 'result': 'kept'})

    def test_utf8(self):
        """Postfix tells a recipient beyond ASCII with type rfc822."""
        client = self.connect()
        client.smtp.command_encoding = 'utf-8'
        client.mail(ALICE, 'SMTPUTF8')
        self.assertRegex(client.rcpt('jürgen@all.test'), '^250 ')
        mark, text = self.message()
        client.data(text)
        self.check_leaves(mark, ALICE, forward('all.test'))
        self.assertEqual(self.behind.wait_message(mark).originals,
                         [('c@elsewhere.test', 'rfc822;j+C3+BCrgen@all.test')])

    def test_unknown_domain_is_reported(self):
        for _ in range(2):
            self.leaves(self.send(ALICE, 'unlisted@unlisted.test'))
        self.assertEqual(len(self.daemon.log_matches('milter: .*unlisted.test')), 1)

    def test_many_recipients(self):
        """One alias with hundreds of targets: each gets it once, with one sender."""
        mark = self.send(ALICE, 'hundreds@all.test', 'a@fwd.test')
        mails = self.world.wait_mails(mark, 20)
        reached = [recipient for mail in mails for recipient in mail.recipients]
        self.assertEqual(sorted(reached), sorted([*HUNDREDS, 'b@elsewhere.test']))
        self.assertEqual(len({mail.sender for mail in mails}), 1)
        self.assertRegex(mails[0].sender, recipes.SRS)

    def test_a_hundred_at_a_time(self):
        """Each with the address of its own sender."""
        marks = {}

        def send(number):
            sender = 'user%d@origin.test' % number
            marks[sender] = self.send(sender, 'a@fwd.test')

        threads = [threading.Thread(target=send, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(marks), 100)
        for sender, mark in marks.items():
            self.check_leaves(mark, sender, forward('fwd.test'))


class Local(ForwardingCase):
    """Mail that local(8), sendmail(1) and Sieve bring to the hop."""

    FILES = {
        'list': 'b@elsewhere.test\nd@third.test\n',
        'games/.forward': 'b@elsewhere.test\n',
        'news/.forward': '\\news, b@elsewhere.test\n',
    }
    SERVICES = 'local unix - n n - - local\nlmtp unix - - n - - lmtp\n'
    SCRIPTS = {
        'bob': 'redirect "b@elsewhere.test";',
        'carol': 'require "vacation"; vacation "I am away.";',
    }
    ROWS = [
        ('joe@loc.test', forward('loc.test', 'joe@loc.test')),
        ('Joe+x@LOC.test', forward('loc.test', 'Joe+x@LOC.test')),
        ('many@loc.test', forward('loc.test', 'many@loc.test', recipients='2')),
        ('games@loc.test', forward('loc.test', 'games@loc.test')),
        ('news@loc.test', forward('loc.test', 'news@loc.test')),
    ]

    @classmethod
    def set_up_more(cls):
        cls.base = tempfile.mkdtemp(prefix='srsd-forward-')
        cls.addClassCleanup(shutil.rmtree, cls.base)
        os.chmod(cls.base, 0o755)
        for name, text in cls.FILES.items():
            path = os.path.join(cls.base, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
            user = os.path.dirname(name)
            if user:
                shutil.chown(path, user)
        cls.dovecot = dovecot.Dovecot(cls.SCRIPTS) if dovecot.unavailable() is None else None

    @classmethod
    def make_postfix(cls, names, site=None, places=None):
        aliases = {'joe': 'b@elsewhere.test', 'many': ':include:%s/list' % cls.base,
                   'owned': ':include:%s/list' % cls.base, 'owner-owned': recipes.BOB,
                   'program': '"|/usr/sbin/sendmail -i -f $$SENDER b@elsewhere.test"',
                   'anonymous': '"|/usr/sbin/sendmail -i b@elsewhere.test"'}
        return super().make_postfix(names, {
            **cls.SITE,
            'transport_maps': 'inline:{{loc.test = local:}}',
            'local_recipient_maps': '',
            'alias_maps': 'inline:{%s}' % ' '.join('{%s = %s}' % item for item in aliases.items()),
            'forward_path': cls.base + '/$user/.forward',
            'mailbox_command': 'cat > /dev/null',
            **({'local_transport': cls.dovecot.transport} if cls.dovecot else {}),
        }, places)

    @classmethod
    def start_postfix(cls, instance):
        super().start_postfix(instance)
        if cls.dovecot:
            cls.dovecot.start(instance)
            cls.addClassCleanup(cls.dovecot.stop)

    def test_aliases_and_forward(self):
        for recipient, log in self.ROWS:
            with self.subTest(recipient):
                self.check_leaves(self.send(ALICE, recipient), ALICE, {**log, 'auth': 'pass'})

    def test_alias_with_an_owner(self):
        """Postfix itself has replaced the sender, by one of our own."""
        mail, decision = self.leaves(self.send(ALICE, 'owned@loc.test'))
        self.assertEqual((mail.sender, decision['kind']), ('owner-owned@example.org', 'own'))

    def test_program(self):
        """A program that submits it again, with the original sender or as its user."""
        self.check_leaves(self.send(ALICE, 'program@loc.test'), ALICE,
                          {**REDIRECTED, 'orcpt': 'b@elsewhere.test', 'auth': 'pass'})
        mail, decision = self.leaves(self.send(ALICE, 'anonymous@loc.test'))
        self.assertEqual((mail.sender, decision['kind']), ('nobody@example.org', 'own'))

    def test_sendmail(self):
        self.check_leaves(self.sendmail(ALICE, FRIEND), ALICE,
                          {**REDIRECTED, 'orcpt': FRIEND, 'auth': 'unchecked'})
        self.check_leaves(self.sendmail(ALICE, 'a@fwd.test'), ALICE, forward('fwd.test'))
        self.check_leaves(self.sendmail(recipes.BOB, FRIEND), recipes.BOB,
                          {'kind': 'own', 'result': 'kept'})

    def needs_dovecot(self):
        if not self.dovecot:
            self.skipTest(dovecot.unavailable())

    def test_sieve_redirect(self):
        """A new submission, addressed to its target. It still has the header of the gate."""
        self.needs_dovecot()
        for recipient, count in ((recipes.BOB, 1), ('both@example.org', 2)):
            with self.subTest(recipient):
                mails = self.world.wait_mails(self.send(ALICE, recipient), count)
                kinds = {mail.recipients: self.decision(mail) for mail in mails}
                redirected = kinds['b@elsewhere.test',]
                self.assertEqual({name: redirected.get(name) for name in REDIRECTED}, REDIRECTED)
                self.assertEqual(redirected['auth'], 'pass')
                self.assertEqual(kinds.get((FRIEND,), {}).get('kind', 'forward'), 'forward')
                for mail in mails:
                    self.assertRegex(mail.sender, recipes.SRS)

    def test_sieve_vacation(self):
        """A reply has no sender."""
        self.needs_dovecot()
        reply, decision = self.leaves(self.send(ALICE, 'carol@example.org', to='carol@example.org'))
        self.assertEqual((reply.sender, reply.recipients), ('', (ALICE,)))
        self.assertEqual((decision['kind'], decision['result']), ('bounce', 'kept'))


class UnixSocket(ForwardingCase):
    """The milter in a directory of the queue, which only Postfix may enter."""

    @classmethod
    def make_places(cls, daemon):
        places = super().make_places(daemon)
        places['inet:127.0.0.1:10004'] = 'unix:/var/spool/postfix/srsd/milter'
        places['smtpd_milters=inet:127.0.0.1:10004'] = 'smtpd_milters=unix:srsd/milter'
        return places

    @classmethod
    def prepare_daemon(cls, daemon):
        super().prepare_daemon(daemon)
        path = os.path.join(cls.postfix.queue, 'srsd')
        os.mkdir(path, 0o750)
        shutil.chown(path, ORDINARY_USER, 'postfix')
        daemon.text = daemon.text.replace('/var/spool/postfix', cls.postfix.queue)

    def test_forward(self):
        self.check_leaves(self.send(ALICE, 'a@fwd.test'), ALICE, forward('fwd.test'))
        self.assertEqual(self.findings(), [])


class ContentFilter(ForwardingCase, recipes.FilterCase):
    """Aliases are expanded after the filter, which passes no ORCPT on."""

    RECIPES = ('forwarding', 'policy-inet', 'content-filter')

    def test_forward(self):
        mark = self.submit(ALICE, 'mixed@fwd.test')
        self.check_leaves(mark, ALICE, forward('fwd.test', 'mixed@fwd.test', auth='pass'))
        self.assertEqual(self.mailboxes.wait_mail(mark).sender, ALICE)
        shown, = self.filter.arrived(mark)
        self.assertEqual((shown.sender, shown.recipients), (ALICE, ('mixed@fwd.test',)))

    def test_check(self):
        self.assertEqual(self.findings(), [])


PER_DOMAIN = {'per-domain': 'srs.', 'outbound-addresses': [recipes.ADDRESS]}


class PerDomain(recipes.Large, TwoInstances):
    """Forwards leave under the domain that forwards them."""

    OPTIONS = PER_DOMAIN
    DOMAINS = ForwardingCase.DOMAINS + ('silent.test',)
    SITE = {**SITE, **recipes.Large.LARGE, 'srs_destination_recipient_limit': '1',
            'virtual_alias_maps': SITE['virtual_alias_maps'] +
            ' inline:{ {silent.test = x} {a@silent.test = b@elsewhere.test} }'}
    ROWS = [
        # recipient, author, the SRS domain, what the log says of it
        ('a@fwd.test', 'someone@origin.test', 'srs.fwd.test', {}),
        ('m@two.test', 'someone@origin.test', 'srs.example.org', {}),   # its SPF record
        ('any@all.test', 'someone@origin.test', 'srs.example.org', {}), # its MX
        ('a@fwd.test', 'ceo@fwd.test', 'srs.example.org', {'reason': 'aligned'}),
        ('a@fwd.test', 'ceo@sub.fwd.test', 'srs.example.org', {'reason': 'aligned'}),
        ('a@fwd.test', 'x@origin.test, ceo@fwd.test', 'srs.example.org', {'reason': 'aligned'}),
        ('a@fwd.test', 'undisclosed:;', 'srs.example.org', {'reason': 'aligned'}),
        ('a@fwd.test', 'ceo@two.test', 'srs.fwd.test', {}),
    ]

    def test_rows(self):
        for recipient, author, domain, log in self.ROWS:
            with self.subTest('%s from %s' % (recipient, author)):
                mark = self.send(ALICE, recipient, author=author)
                self.check_leaves(mark, ALICE, {'kind': 'forward', 'result': 'rewritten', **log},
                                  domain)

    def test_each_recipient_under_its_own(self):
        mark = self.send(ALICE, 'a@fwd.test', 'm@two.test')
        senders = {mail.recipients: mail.sender for mail in self.world.wait_mails(mark, 3)}
        for recipient, domain in (('b@elsewhere.test', 'srs.fwd.test'),
                                  ('x@elsewhere.test', 'srs.example.org'),
                                  ('y@third.test', 'srs.example.org')):
            self.assertRegex(senders[recipient,], sender_pattern(ALICE, domain))

    def test_bounces_come_home(self):
        """Under each form, and after per-domain is switched off."""
        signed = [self.leaves(self.send(ALICE, 'a@fwd.test'))[0].sender]
        self.assertRegex(signed[0], sender_pattern(ALICE, 'srs.fwd.test'))
        self.configure({'per-domain': 'same', 'per-domain-accept': ['srs.']})
        signed.append(self.leaves(self.send(ALICE, 'a@fwd.test'))[0].sender)
        self.assertRegex(signed[1], sender_pattern(ALICE, 'fwd.test'))
        self.check_bounces(signed)
        self.configure({'per-domain': 'off', 'per-domain-accept': ['srs.', 'same']})
        signed.append(self.leaves(self.send(ALICE, 'a@fwd.test'))[0].sender)
        self.assertRegex(signed[2], sender_pattern(ALICE))
        self.check_bounces(signed)
        # Without per-domain-accept, the way back ends.
        self.reload({'per-domain-accept': []})
        self.check_bounces(signed[2:])
        for address in signed[:2]:
            self.assertRegex(self.refusal('', address), '^550 5.1.1 ')

    def check_bounces(self, signed):
        for address in signed:
            with self.subTest(address):
                bounce = self.world.wait_mail(self.send('', address, helo='elsewhere.test'))
                self.assertEqual((bounce.sender, bounce.recipients), ('', (ALICE,)))
                decision = self.decision(bounce)
                self.assertEqual((decision['kind'], decision['orcpt']), ('bounce', address))

    def test_forged_bounces(self):
        for domain in 'srs.fwd.test', 'srs.example.org':
            forged = 'SRS0=xxxx=%s=origin.test=alice@%s' % (srs.stamp(srs.today()), domain)
            self.assertRegex(self.refusal('', forged), '^550 5.1.1 ')

    def test_transport_by_sender(self):
        """Only srs.example.org is in the map of the recipe."""
        for recipient, own in (('a@fwd.test', False), ('m@two.test', True)):
            mail = self.leaves(self.send(ALICE, recipient))[0]
            self.assertEqual(mail.client == '127.0.0.11', own)

    def test_the_dns_is_silent(self):
        """srs-domain is used."""
        self.dns.add({'srs.silent.test': SILENT})
        self.check_leaves(self.send(ALICE, 'a@silent.test'), ALICE,
                          {'kind': 'forward', 'domain': 'silent.test', 'result': 'rewritten'})


@unittest.skipIf(opendmarc.unavailable(), opendmarc.unavailable())
class Dmarc(ForwardingCase):
    """What a real OpenDMARC says of forwarded mail at its destination."""

    OPTIONS = PER_DOMAIN
    POLICIES = {
        **ZONE,
        '_dmarc.fwd.test': {'TXT': ['v=DMARC1; p=reject']},
        '_dmarc.example.org': {'TXT': ['v=DMARC1; p=reject; aspf=s']},
        'example.org': {'TXT': [OURS]},
    }

    @classmethod
    def set_up_more(cls):
        cls.inbox = cls.sink('127.0.0.6')
        cls.dmarc = opendmarc.OpenDmarc(cls.POLICIES).start()
        cls.addClassCleanup(cls.dmarc.stop)
        sink = 'smtp:[%s]:%d' % cls.inbox.address
        cls.destination = postfix.Postfix(free_port(postfix.HOST), {
            'myhostname': 'dest.test', 'mydestination': '', 'relay_domains': 'elsewhere.test',
            'relay_transport': sink, 'smtpd_milters': cls.dmarc.endpoint}).start()
        cls.addClassCleanup(cls.destination.stop)

    def verdict(self, mail):
        """Of the destination, for a message that came from our address; and of SPF."""
        with SmtpClient(self.destination.address, client=recipes.ADDRESS) as client:
            client.mail(mail.sender)
            client.rcpt(mail.recipients[0])
            self.assertRegex(client.data(mail.data), '^250 ')
        mark = re.search('mark-[0-9]+-of-the-recipes', mail.data).group()
        got = ' '.join(self.inbox.wait_mail(mark).headers('Authentication-Results'))
        return re.search(r'dmarc=(\w+)', got).group(1), re.search(r'spf=(\w+)', got).group(1)

    def test_forged_from(self):
        for author in 'ceo@fwd.test', 'ceo@example.org':
            with self.subTest(author):
                mail, _ = self.leaves(self.send(ALICE, 'a@fwd.test', author=author))
                self.assertEqual(self.verdict(mail), ('fail', 'pass'))

    def test_it_would_pass(self):
        """If it were signed under the domain that forwards it."""
        mail, _ = self.leaves(self.send(ALICE, 'a@fwd.test', author='ceo@fwd.test'))
        address = srs.srs0(ALICE, SECRET, 'srs.fwd.test', srs.today())
        self.assertEqual(self.verdict(mail._replace(sender=address)), ('pass', 'pass'))

    def test_honest_forward(self):
        mail, _ = self.leaves(self.send(ALICE, 'a@fwd.test'))
        self.assertRegex(mail.sender, sender_pattern(ALICE, 'srs.fwd.test'))
        self.assertEqual(self.verdict(mail), ('none', 'pass'))


@unittest.skipIf(opendkim.unavailable(), opendkim.unavailable())
class Signer(ForwardingCase):
    """A milter that signs. At the hop, all mail comes from a host that it trusts."""

    @classmethod
    def set_up_more(cls):
        cls.signer = opendkim.OpenDkim('example.org').start()
        cls.addClassCleanup(cls.signer.stop)

    @classmethod
    def make_postfix(cls, names, site=None, places=None):
        """For the public smtpd, as most sites have it."""
        return super().make_postfix(names, {
            **cls.SITE, 'smtpd_milters': cls.signer.endpoint,
            'non_smtpd_milters': cls.signer.endpoint}, places)

    def test_own_mail_is_signed_once(self):
        mark = self.sendmail(recipes.BOB, FRIEND)
        self.assertEqual(self.world.wait_mail(mark).header_count('DKIM-Signature'), 0)
        mark, text = self.message(author=recipes.BOB)
        self.postfix.run('/usr/sbin/sendmail', '-i', '-f', recipes.BOB, FRIEND, user='nobody',
                         text=text)
        self.assertEqual(self.world.wait_mail(mark).header_count('DKIM-Signature'), 1)

    def test_forged_from_is_not_signed(self):
        mark = self.send(ALICE, 'a@fwd.test', author='ceo@example.org')
        self.assertEqual(self.world.wait_mail(mark).header_count('DKIM-Signature'), 0)


class SignerAtTheHop(Signer):
    """The mistake against which the README warns."""

    @classmethod
    def make_postfix(cls, names, site=None, places=None):
        places = {**cls.places, **(places or {})}
        key = 'smtpd_milters=inet:127.0.0.1:10004'
        places[key] = '%s,%s' % (places[key], cls.signer.endpoint)
        return ForwardingCase.make_postfix.__func__(cls, names, site, places)

    def test_own_mail_is_signed_once(self):
        pass

    def test_forged_from_is_not_signed(self):
        """It is signed."""
        mark = self.send(ALICE, 'a@fwd.test', author='ceo@example.org')
        self.assertEqual(self.world.wait_mail(mark).header_count('DKIM-Signature'), 1)


APART = {'unauthenticated': 'domain', 'unauthenticated-domain': 'forwards.test'}
FORGED_TOKEN = ('Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; envelope-from="%s"; '
                'x-srsd=AAmp.c0000201.0123456789ABCDEFGHIJKLMNOPQRSTUV; identity=mailfrom\r\n')
FORGED_RESULTS = ('Authentication-Results: mx1.example.org; spf=pass smtp.mailfrom=fail.test;\r\n'
                  ' dkim=pass header.d=fail.test; dmarc=pass header.from=fail.test\r\n')
# As local(8) writes them, above a Received of our own smtpd.
LOCAL_PAIR = ('Received: by mx1.example.org (Postfix)\r\n\tid ABCDEF0123; '
              'Mon, 1 Jan 2026 00:00:00 +0000 (UTC)\r\nDelivered-To: other@loc.test\r\n')
FROM_LINE = ('Received: from x (x [192.0.2.1])\r\n\tby mx1.example.org (Postfix) with ESMTP id '
             'ABC; Mon, 1 Jan 2026 00:00:00 +0000 (UTC)\r\n')


class Unauthenticated(ForwardingCase):
    """Forwards that the gate of the first smtpd has found not authenticated, but accepted."""

    OPTIONS = {**APART, 'trusted-authserv-ids': ['mx1.example.org']}
    SPF = 'mail-from-reject = false\nhelo-reject = false\n'
    SERVICES = Local.SERVICES
    HEADS = {
        'nothing': '',
        'token': FORGED_TOKEN % MALLORY,
        'results': FORGED_RESULTS,
        'results above a pair of local(8)': FORGED_RESULTS + LOCAL_PAIR + FROM_LINE,
        'results below a pair of local(8)': LOCAL_PAIR + FORGED_RESULTS + FROM_LINE,
    }

    @classmethod
    def set_up_more(cls):
        cls.first = MilterServer(answer=cls.answer).start()
        cls.addClassCleanup(cls.first.stop)

    @staticmethod
    def answer(message):
        """A milter of the first smtpd that writes results where the subject says."""
        place = re.search('insert ([0-9])', ' '.join(value for _, value in message.headers))
        if not place:
            return []
        value = ' mx1.example.org;\n\tdmarc=pass header.from=fail.test'
        return [packet(b'i', int(place.group(1)).to_bytes(4, 'big') +
                       b'Authentication-Results\0' + value.encode() + b'\0')]

    @classmethod
    def make_postfix(cls, names, site=None, places=None):
        return super().make_postfix(names, {
            **cls.SITE, 'smtpd_milters': cls.first.endpoint,
            'transport_maps': 'inline:{{loc.test = local:}}', 'local_recipient_maps': '',
            'alias_maps': 'inline:{ {joe = b@elsewhere.test} {jane = a@fwd.test} }'}, places)

    def check_apart(self, mark, sender=MALLORY):
        self.check_leaves(mark, sender, {'auth': 'fail', 'result': 'rewritten',
                                         'reason': 'unauthenticated'}, 'forwards.test')

    def check_usual(self, mark, sender, auth):
        self.check_leaves(mark, sender, {'auth': auth, 'result': 'rewritten'})

    def test_domain(self):
        for sender in MALLORY, NOSPF:
            self.check_apart(self.send(sender, 'a@fwd.test'), sender)
        self.check_usual(self.send(ALICE, 'a@fwd.test'), ALICE, 'pass')
        self.check_apart(self.send(ALICE, 'a@fwd.test', client='198.51.100.1'), ALICE)

    def test_forged_headers(self):
        for recipient in 'a@fwd.test', 'joe@loc.test', 'jane@loc.test':
            for name, head in self.HEADS.items():
                with self.subTest('%s to %s' % (name, recipient)):
                    self.check_apart(self.send(MALLORY, recipient, head=head))

    def test_token_of_an_earlier_message(self):
        """Its recipient sends it again, from another client and in another name."""
        head = self.leaves(self.send(ALICE, 'a@fwd.test'))[0].headers('Received-SPF')[0]
        self.assertIn('x-srsd=', head)
        head = 'Received-SPF: %s\r\n' % head
        self.check_apart(self.send(ALICE, 'a@fwd.test', head=head, client='198.51.100.1'), ALICE)
        self.check_apart(self.send(MALLORY, 'a@fwd.test', head=head))
        self.check_apart(self.send(MALLORY, 'joe@loc.test', head=head))

    def test_forged_headers_by_sendmail(self):
        """Of a local user: nothing is known of such mail."""
        for name, head in self.HEADS.items():
            for recipient in 'a@fwd.test', 'joe@loc.test':
                with self.subTest('%s to %s' % (name, recipient)):
                    self.check_usual(self.sendmail(MALLORY, recipient, head), MALLORY, 'unchecked')

    def test_trusted_results(self):
        """They are above the Received line of the first smtpd, or not believed."""
        for recipient in 'a@fwd.test', 'joe@loc.test', 'jane@loc.test':
            with self.subTest(recipient):
                head = 'X-Test: insert %d\r\n'
                self.check_usual(self.send(MALLORY, recipient, head=head % 0), MALLORY, 'pass')
                self.check_apart(self.send(MALLORY, recipient, head=head % 9))

    def test_keep(self):
        self.configure({'unauthenticated': 'keep'})
        self.check_leaves(self.send(MALLORY, 'a@fwd.test'), MALLORY,
                          {'auth': 'fail', 'result': 'kept', 'reason': 'unauthenticated'})
        self.check_usual(self.send(ALICE, 'a@fwd.test'), ALICE, 'pass')

    def test_rewrite(self):
        self.configure({'unauthenticated': 'rewrite'})
        self.check_usual(self.send(MALLORY, 'a@fwd.test'), MALLORY, 'fail')

    def test_own_domain(self):
        """A forged sender of ours."""
        self.dns.add({'example.org': {'TXT': ['v=spf1 -all']}})
        self.check_apart(self.send(recipes.BOB, 'a@fwd.test'), recipes.BOB)

    def test_hold(self):
        self.configure({'unauthenticated': 'hold', 'hold-limit': 1})
        log = self.daemon.log_mark()
        mark = self.send(MALLORY, 'a@fwd.test')
        line = self.fields(self.daemon.wait_log('milter .*result=held', log))
        self.assertEqual((line['auth'], line['reason']), ('fail', 'unauthenticated'))
        self.assertRegex(line['to'], sender_pattern(MALLORY))
        # The next one is beyond the limit.
        self.check_leaves(self.send(MALLORY, 'a@fwd.test'), MALLORY,
                          {'result': 'rewritten', 'reason': 'hold-limit'}, 'forwards.test')
        self.assertEqual(self.world.arrived(mark), [])
        queue = self.postfix.run('/usr/sbin/postqueue', '-p')
        self.assertRegex(queue, r'(?m)^%s! .* %s$' % (line['queue'], re.escape(line['to'])))
        # The operator releases it.
        self.postfix.run('/usr/sbin/postsuper', '-H', line['queue'])
        self.postfix.run('/usr/sbin/postqueue', '-f')
        self.assertEqual(self.world.wait_mail(mark).sender, line['to'])
        # Postfix calls no further milter for it.
        self.assertEqual([message for message in self.behind.messages
                          if MilterServer._has(message, mark)], [])

    def test_hold_of_a_null_sender(self):
        """A bounce that does not belong to an address of ours, by its HELO name."""
        self.configure({'unauthenticated': 'hold'})
        log = self.daemon.log_mark()
        self.send('', 'a@fwd.test', helo='fail.test')
        line = self.fields(self.daemon.wait_log('milter .*result=held', log))
        self.assertEqual((line['kind'], line['sender']), ('bounce', ''))
        ours = srs.srs0(ALICE, SECRET, 'srs.example.org', srs.today())
        bounce = self.world.wait_mail(self.send('', ours, helo='fail.test'))
        self.assertEqual((bounce.sender, bounce.recipients), ('', (ALICE,)))

    def test_bounces(self):
        address = self.leaves(self.send(MALLORY, 'a@fwd.test'))[0].sender
        bounce = self.world.wait_mail(self.send('', address))
        self.assertEqual((bounce.sender, bounce.recipients), ('', (MALLORY,)))
        self.configure({'unauthenticated-bounces': 'discard'})
        log = self.daemon.log_mark()
        mark = self.send('', address)
        line = self.fields(self.daemon.wait_log('milter .*result=discarded', log))
        self.assertEqual(line['orcpt'], address)
        # Those to other addresses are not.
        ours = srs.srs0(ALICE, SECRET, 'srs.example.org', srs.today())
        self.assertEqual(self.world.wait_mail(self.send('', ours)).recipients, (ALICE,))
        self.assertEqual(self.world.arrived(mark), [])


COUNT = int(os.environ.get('INTERRUPTED', '200'))


class Interrupted(ForwardingCase, test_postfix.Interrupted):
    """Engines that are killed, and a daemon that is away, while mail is forwarded."""

    MESSAGES = COUNT
    OPTIONS = PER_DOMAIN
    SITE = {**SITE, 'smtpd_policy_service_retry_delay': '1s'}
    RECIPIENT = 'a@fwd.test'
    DOMAINS_USED = r'(srs\.fwd\.test|srs\.example\.org)'

    def offer(self, client, mark, sender):
        for reply in (client.mail(sender), client.rcpt(self.RECIPIENT)):
            if not reply.startswith('250 '):
                client.smtp.rset()
                return reply
        return client.data('From: someone@origin.test\r\nSubject: %s\r\n\r\nText.\r\n' % mark)

    def assert_sender(self, mail, number):
        self.assertRegex(mail.sender, r'\A%sorigin\.test=user%d@%s\Z'
                         % (SRS_TAG, number, self.DOMAINS_USED))

    def interrupt(self):
        self.kill_engine()

    def test_each_message_once(self):
        threads = [threading.Thread(target=self.run_sender, daemon=True)
                   for _ in range(self.SENDERS)]
        for thread in threads:
            thread.start()
        for part in (0.2, 0.5):
            self.wait_accepted(int(part * self.MESSAGES))
            self.interrupt()
        self.wait_accepted(int(0.7 * self.MESSAGES))
        self.daemon.stop()
        self.daemon.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual((self.refused, len(self.accepted)), ([], self.MESSAGES))
        self.postfix.flush()
        for mark in self.accepted:
            mail = self.world.wait_mail(mark)
            self.assert_sender(mail, int(mark.split('-')[1]))
        marks = [re.search('interrupted-[0-9]+', mail.data) for mail in self.world.mails]
        self.assertEqual(len([mark for mark in marks if mark]), self.MESSAGES)
        self.assertNotIn('status=bounced', self.postfix.log_text())


@unittest.skipUnless(has_sqlite(), 'built without SQLite')
class InterruptedStore(Interrupted):
    """Long senders, while the store is away. A forward never leaves without a signature."""

    SENDER = test_postfix.VERP

    @classmethod
    def prepare_daemon(cls, daemon):
        super().prepare_daemon(daemon)
        cls.path = daemon.use_database(**{'original-envelope': 'long', 'store-timeout': 1,
                                          'milter-timeout': 2})

    def interrupt(self):
        for name in 'store', 'engine':
            pid = self.daemon.child(name)
            os.kill(pid, signal.SIGKILL)
            self.daemon.child(name, other_than=pid)
        mark = self.daemon.log_mark()
        with DatabaseLock(self.path):
            self.daemon.wait_log('milter .*result=deferred', mark)

    def assert_sender(self, mail, number):
        self.assertRegex(mail.sender, r'\A%s1=[0-9A-V]{32}@%s\Z' % (SRS_TAG, self.DOMAINS_USED))
        with self.daemon.reverse_client() as client:
            self.assertEqual(client.get(mail.sender), '200 ' + self.SENDER % number)


if __name__ == '__main__':
    for why in postfix.unavailable, postfix.no_own_names:
        if why():
            tap.skip_all(why())
    tap.main()
