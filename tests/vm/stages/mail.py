# SPDX-License-Identifier: ISC
"""Mail through the Postfix of the machine, set up with the recipes as they are shipped."""

import itertools
import re
import shutil

from guest import CONF, GuestCase, Journal, read, run, succeed, wait_active, wait_until, write
from harness.dns_server import DnsServer
from harness.postfix import merge_services
from harness.recipe import FOLDER, Recipe
from harness.smtp import Sink, SmtpClient

WORLD = '127.0.0.9'
ALICE, BOB = 'alice@origin.test', 'bob@example.org'
FORWARD, BOTH, GONE = ('%s@example.org' % name for name in ('forward', 'both', 'gone'))
FRIEND, NOBODY = 'friend@elsewhere.test', 'nobody@elsewhere.test'
SRS = re.compile(r'SRS0=[A-Za-z0-9+/]{4}=[A-Z2-7]{2}=origin\.test=alice@srs\.example\.org')
OURS, STRANGE = '192.0.2.1', '192.0.2.66'
ZONE = {
    'origin.test': {'TXT': ['v=spf1 ip4:%s -all' % OURS], 'MX': [(10, 'mx.world.test')],
                    'A': [WORLD]},
    'elsewhere.test': {'MX': [(10, 'mx.world.test')], 'A': [WORLD]},
    'mx.world.test': {'A': [WORLD]},
    'helo.test': {'A': [OURS]},
    'srs.example.org': {'MX': [(10, 'mx1.example.org')], 'TXT': ['v=spf1 ip4:192.0.2.10 -all']},
    'mx1.example.org': {'A': ['192.0.2.10']},
}
SITE = {
    'myhostname': 'mx1.example.org',
    'mydomain': 'example.org',
    'myorigin': 'example.org',
    'mydestination': 'example.org',
    'inet_interfaces': '127.0.0.1',
    'inet_protocols': 'ipv4',
    'smtpd_authorized_xclient_hosts': '127.0.0.1',
    'alias_maps': '',
    'virtual_alias_maps': 'inline:{ {%s = %s} {%s = %s, %s} {%s = %s} }' % (
        FORWARD, FRIEND, BOTH, BOB, FRIEND, GONE, NOBODY),
    'smtpd_relay_restrictions': 'permit_mynetworks, reject_unauth_destination',
}

_marks = itertools.count(1)


class MailCase(GuestCase):
    """The machine's Postfix with the recipes of the class; all other servers are a sink."""

    RECIPES = ()
    ORIGINAL = {}

    @classmethod
    def setUpClass(cls):
        for path in (CONF, '/etc/postfix/main.cf', '/etc/postfix/master.cf'):
            shutil.copy(path, path + '.before')
        cls.addClassCleanup(cls.restore)
        if run('id', 'bob').returncode != 0:
            succeed('useradd', '--create-home', 'bob')
        cls.dns = DnsServer(ZONE, port=53).__enter__()
        cls.addClassCleanup(cls.dns.stop)
        cls.world = Sink(WORLD, refused={NOBODY}).start()
        cls.addClassCleanup(cls.world.stop)
        cls.apply()

    @classmethod
    def apply(cls):
        settings = {**SITE, 'smtp_tcp_port': cls.world.address[1]}
        srsd = (FOLDER / 'srsd.conf').read_text(encoding='utf-8')
        services = read('/etc/postfix/master.cf')
        for recipe in (Recipe(name, {}) for name in cls.RECIPES):
            settings.update(recipe.settings)
            srsd += recipe.srsd
            services = merge_services(services, recipe.services)
        write('/etc/postfix/master.cf', services)
        succeed('postconf', '-e', *('%s = %s' % (key, ' '.join(str(value).split()))
                                    for key, value in settings.items()))
        write(CONF, srsd)
        succeed('systemctl', 'restart', 'srsd')
        succeed('systemctl', 'restart', 'postfix')

    @classmethod
    def restore(cls):
        for path in (CONF, '/etc/postfix/main.cf', '/etc/postfix/master.cf'):
            shutil.move(path + '.before', path)

    # -- mail

    def send(self, sender, recipient, client=OURS):
        """-> (the reply that decides, the mark of the message)"""
        mark = 'mark-%s-%d-' % (type(self).__name__, next(_marks))
        with SmtpClient(('127.0.0.1', 25), client=client) as smtp:
            reply = smtp.mail(sender)
            self.assertRegex(reply, '^250 ')
            reply = smtp.rcpt(recipient)
            if reply.startswith('250 '):
                reply = smtp.data('From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\n\r\ntext\r\n' % (
                    sender, recipient, mark))
        return reply, mark

    def deliver(self, sender, recipient, **options):
        """-> the message as another server gets it"""
        reply, mark = self.send(sender, recipient, **options)
        self.assertRegex(reply, '^250 ')
        return self.world.wait_mail(mark)

    def mailbox(self, mark):
        def find():
            for path in ('/var/mail/bob', '/home/bob/Maildir/new'):
                done = run('grep', '-rhl', mark, path)
                if done.returncode == 0:
                    return read(done.stdout.split()[0])
            return None
        return wait_until(find, 'mail for bob')


class Ordinary:
    """What holds with every recipe."""

    def test_forward_has_an_srs_sender(self):
        mail = self.deliver(ALICE, FORWARD)
        self.assertRegex(mail.sender, SRS)
        self.assertEqual(mail.recipients, (FRIEND,))
        self.assertIn('Received-SPF: pass', mail.data.replace('Pass', 'pass'))

    def test_spf_fail_is_refused(self):
        self.assertRegex(self.send(ALICE, FORWARD, client=STRANGE)[0], r'^550 5\.7\.23 ')

    def test_bounce_comes_home(self):
        address = self.deliver(ALICE, FORWARD).sender
        mail = self.deliver('', address, client=STRANGE)
        self.assertEqual((mail.sender, mail.recipients), ('', (ALICE,)))

    def test_our_own_bounce_comes_home(self):
        """The next server refuses the forward, and Postfix itself sends the notice."""
        reply, mark = self.send(ALICE, GONE)
        self.assertRegex(reply, '^250 ')
        mail = self.world.wait_mail(mark)
        self.assertEqual((mail.sender, mail.recipients), ('', (ALICE,)))
        self.assertIn('delivery-status', mail.data)

    def test_forged_address_is_refused(self):
        address = self.deliver(ALICE, FORWARD).sender
        forged = 'SRS0=' + ('AAAA' if address[5:9] != 'AAAA' else 'BBBB') + address[9:]
        self.assertRegex(self.send('', forged, client=STRANGE)[0], r'^550 5\.1\.1 ')

    def test_without_srsd_mail_is_deferred(self):
        succeed('systemctl', 'stop', 'srsd')
        self.addCleanup(succeed, 'systemctl', 'start', 'srsd')
        self.assertRegex(self.send(ALICE, FORWARD)[0], '^451 ')
        succeed('systemctl', 'start', 'srsd')
        self.deliver(ALICE, FORWARD)

    def test_check_finds_no_error(self):
        done = run('srsctl', 'check')
        self.assertNotRegex(done.stdout, r'(?m)^error')

    def test_log_has_the_decision(self):
        journal = Journal()
        self.deliver(ALICE, FORWARD)
        journal.wait(r'policy client=%s .*recipient=<%s>' % (re.escape(OURS), FORWARD))


class Canonical(Ordinary, MailCase):
    RECIPES = ('canonical', 'policy-inet')


class Chroot(Ordinary, MailCase):
    """Postfix's smtpd is in its chroot, and the policy service in a directory there."""
    RECIPES = ('canonical', 'policy-unix')

    def test_stale_socket(self):
        """Nobody removes the socket of a killed daemon; the next one does."""
        succeed('systemctl', 'kill', '--signal', 'KILL', 'srsd')
        wait_active()
        self.deliver(ALICE, FORWARD)


class Forwarding(Ordinary, MailCase):
    """The milter at a second smtpd."""
    RECIPES = ('forwarding', 'policy-inet')

    def test_mailbox_keeps_the_sender(self):
        reply, mark = self.send(ALICE, BOTH)
        self.assertRegex(reply, '^250 ')
        self.assertRegex(self.mailbox(mark), r'(?m)^(From |Return-Path: <)alice@origin\.test')
        self.assertRegex(self.world.wait_mail(mark).sender, SRS)

    def test_without_srsd_mail_waits_in_the_queue(self):
        """At the hop, after port 25 has accepted it."""
        journal = Journal()
        reply, mark = self.deferred()
        self.assertRegex(reply, '^250 ')
        wait_until(lambda: 'deferred' in run('postqueue', '-j').stdout, 'the queue has a message')
        self.assertEqual(self.world.arrived(mark), [])
        succeed('systemctl', 'start', 'srsd')
        succeed('postqueue', '-f')
        self.assertRegex(self.world.wait_mail(mark).sender, SRS)
        journal.wait('kind=forward .*result=rewritten')

    def deferred(self):
        """A message that came in with the policy service, and left without the milter."""
        succeed('postconf', '-e', 'defer_transports = srs')
        succeed('postfix', 'reload')
        reply, mark = self.send(ALICE, FORWARD)
        succeed('systemctl', 'stop', 'srsd')
        succeed('postconf', '-X', 'defer_transports')
        succeed('postfix', 'reload')
        succeed('postqueue', '-f')
        return reply, mark
