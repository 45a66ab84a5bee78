#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The recipes of contrib/postfix, each under a real Postfix, from the files that are shipped.

The Postfix of each class is a site as one finds it: it receives for example.org, has mailboxes and
an alias that forwards, and mail for others leaves for the server of their domain. Onto that go the
recipes that the class names. Replaced in them are only the places below: ports and sockets, the
queue's folder, and hosts; the domains are those of the files. Clients come, through XCLIENT, from
addresses that the DNS server of the tests lists in SPF records; the names of other servers are in
a hosts file that only this Postfix sees.
"""

import itertools
import json
import os
import re
import shlex
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import findings, postfix, recipe, srs, tap
from harness.daemon import (ORDINARY_USER, SECRET, Daemon, free_port, process_status,
                            process_tree, reachable_binary, run)
from harness.dns_server import DnsServer, reverse_name
from harness.smtp import Sink, SmtpClient

ADDRESS = '192.0.2.10'              # of our server, as its DNS records have it
BACKUP = '192.0.2.20'
WORLD = '127.0.0.3'                 # where all other servers are
MAILBOXES = '127.0.0.4'
STRANGERS = ('origin.test', 'elsewhere.test', 'third.test', 'fail.test')
NOBODY = 'nobody@elsewhere.test'

ZONE = {
    'origin.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'fail.test': {'TXT': ['v=spf1 -all']},
    'helo.test': {'A': ['192.0.2.1']},
    'srs.example.org': {'MX': [(10, 'mx1.example.org'), (20, 'mx2.example.org')],
                        'TXT': ['v=spf1 ip4:192.0.2.10 ip4:192.0.2.20 -all']},
    'mx1.example.org': {'A': [ADDRESS]},
    'mx2.example.org': {'A': [BACKUP]},
}
SITE = {
    'myhostname': 'mx1.example.org',
    'mydomain': 'example.org',
    'myorigin': 'example.org',
    'mydestination': 'example.org',
    'local_recipient_maps': 'inline:{bob=x, carol=x}',
    'address_verify_poll_delay': '1s',
    'virtual_alias_maps': 'inline:{ {forward@example.org = friend@elsewhere.test}'
                          ' {both@example.org = bob@example.org, friend@elsewhere.test}'
                          ' {list@example.org = bob@example.org, friend@elsewhere.test,'
                          ' other@elsewhere.test, third@third.test}'
                          ' {gone@example.org = %s} }' % NOBODY,
}
SRS = r'\ASRS0=[A-Za-z0-9+/]{4}=[A-Z2-7]{2}=origin\.test=alice@srs\.example\.org\Z'
ALICE = 'alice@origin.test'
BOB = 'bob@example.org'
FORWARD = 'forward@example.org'

_marks = itertools.count(1)


class RecipeCase(unittest.TestCase):
    """One Postfix and one srsd for all tests of the class, made of the recipes that it names."""

    RECIPES = ()
    SITE = SITE

    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer(ZONE).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.world = cls.sink(WORLD, refused={NOBODY})
        cls.mailboxes = cls.sink(MAILBOXES)
        cls.daemon = Daemon(dns=cls.dns, as_root=True)
        cls.places = cls.make_places(cls.daemon)
        cls.set_up_more()
        cls.postfix = cls.make_postfix(cls.RECIPES)
        cls.start_daemon(cls.daemon, cls.RECIPES)
        cls.start_postfix(cls.postfix)

    @classmethod
    def set_up_more(cls):
        """Before the recipes are read."""

    @classmethod
    def sink(cls, host, **options):
        sink = Sink(host, **options).start()
        cls.addClassCleanup(sink.stop)
        return sink

    @classmethod
    def make_places(cls, daemon):
        """What stands in the files, and what stands for it here."""
        places = {'127.0.0.1:%d' % number: '127.0.0.1:%d' % daemon.ports[name]
                  for number, name in ((10001, 'forward'), (10002, 'reverse'), (10003, 'policy'))}
        for number in 10024, 10025, 10026:
            port = free_port('127.0.0.1')
            places['127.0.0.1:%d' % number] = '127.0.0.1:%d' % port
            places['[127.0.0.1]:%d' % number] = '[127.0.0.1]:%d' % port
        return places

    @classmethod
    def make_postfix(cls, recipes, site=None, places=None):
        """Not started yet; its services are those of the recipes, its settings go over the site."""
        port = free_port(postfix.HOST)
        settings = {
            'smtp_tcp_port': cls.world.address[1],
            'local_transport': 'smtp:[%s]:%d' % cls.mailboxes.address,
            **(cls.SITE if site is None else site),
        }
        services = []
        instance = postfix.Postfix(port, {}, hosts={name: WORLD for name in STRANGERS})
        places = {**(places or cls.places), '/var/spool/postfix': instance.queue}
        for name in recipes:
            one = recipe.Recipe(name, places)
            settings.update(one.settings)
            services.append(one.services)
        # The service for mail from strangers listens elsewhere.
        instance.configure(settings, re.sub(r'^smtp(?=\s+inet)', '%s:%d' % instance.address,
                                            ''.join(services), flags=re.MULTILINE))
        return instance

    @classmethod
    def start_postfix(cls, instance):
        instance.start()
        cls.addClassCleanup(instance.stop)
        return instance

    @classmethod
    def start_daemon(cls, daemon, recipes):
        places = {**cls.places, '/var/spool/postfix': cls.postfix.queue}
        daemon.text = recipe.read('srsd.conf', {}) + ''.join(
            recipe.Recipe(name, places).srsd for name in recipes)
        for name in ('spf', *recipe.option_names(daemon.text)):
            daemon.options[name] = None
        cls.prepare_daemon(daemon)
        daemon.start()
        cls.addClassCleanup(daemon.__exit__, None)

    @classmethod
    def prepare_daemon(cls, daemon):
        """Before it starts, with the options of the recipes."""

    # -- mail

    def connect(self, server=None, **options):
        client = SmtpClient((server or self.postfix).address, **options)
        self.addCleanup(client.__exit__)
        return client

    def submit(self, sender, *recipients, to='undisclosed:;', server=None, **options):
        """Postfix has to take it; -> what stands in its text"""
        client = self.connect(server, **options)
        self.assertRegex(client.mail(sender), '^250 ')
        for recipient in recipients:
            self.assertRegex(client.rcpt(recipient), '^250 ')
        return self.data(client, to)

    def data(self, client, to='undisclosed:;', text=b'Text.'):
        mark = 'mark-%d-of-the-recipes' % next(_marks)
        head = 'From: someone@origin.test\r\nTo: %s\r\nSubject: %s\r\n\r\n' % (to, mark)
        self.assertRegex(client.data(head.encode() + text + b'\r\n'), '^250 ')
        return mark

    def forwarded(self, **options):
        """A message of alice's that went through our alias, as the next server gets it."""
        return self.world.wait_mail(self.submit(ALICE, FORWARD, **options))

    def check_headers(self, **options):
        """A right SRS address in To: arrives as it was sent, and so does a wrong one."""
        right = self.forwarded().sender
        for address in right, self.forged():
            with self.subTest(address):
                mail = self.world.wait_mail(self.submit('', right, to=address, **options))
                self.assertIn('\r\nTo: %s\r\n' % address, mail.data)

    def refusal(self, sender, recipient, server=None, **options):
        """What RCPT TO is answered with."""
        client = self.connect(server, **options)
        self.assertRegex(client.mail(sender), '^250 ')
        return client.rcpt(recipient)

    @staticmethod
    def forged():
        return 'SRS0=xxxx=%s=origin.test=alice@srs.example.org' % srs.stamp(srs.today())

    # -- srsctl check

    def findings(self, instance=None, daemon=None, address=ADDRESS, settings=None):
        """What srsctl check has to say but ok; the service of the tests is `smtp inet` to it."""
        instance, daemon = instance or self.postfix, daemon or self.daemon
        folder = daemon.folder.subfolder('etc-%d' % next(_marks))
        for name in 'main.cf', 'master.cf':
            with open(os.path.join(instance.etc, name), encoding='utf-8') as file:
                text = re.sub('^%s:%d(?= )' % instance.address, 'smtp', file.read(),
                              flags=re.MULTILINE)
            if settings is not None:
                text = self.with_settings(name, text, settings)
            daemon.folder.file(os.path.join(os.path.basename(folder), name), text)
            os.utime(os.path.join(folder, name), (1700000000, 1700000000))
        done = run('-f', daemon.config, 'check', '--postfix', folder, '--address', address,
                   program='srsctl', user=False)
        lines = findings.join(done.stdout)
        self.assertTrue(any(line.startswith('ok: ') for line in lines), done.stdout + done.stderr)
        bad = [line for line in lines if not line.startswith('ok: ')]
        self.assertEqual(done.returncode, int(any(line.startswith('error') for line in bad)))
        return bad

    @staticmethod
    def with_settings(name, text, settings):
        """main.cf with settings over those in it, master.cf without services that override some."""
        if name == 'main.cf':
            return text + ''.join('%s = %s\n' % item for item in settings.items())
        return ''.join(entry + '\n' for entry in postfix.entries(text) if ' -o ' not in entry)


class Common:
    """What holds for each recipe with maps and policy service."""

    def test_forwarded_with_our_sender(self):
        mail = self.forwarded()
        self.assertRegex(mail.sender, SRS)
        self.assertEqual(mail.recipients, ('friend@elsewhere.test',))

    def test_spf_is_checked_once(self):
        sender = 'once@origin.test'
        mail = self.world.wait_mail(self.submit(sender, FORWARD))
        self.assertEqual(mail.header_count('Received-SPF'), 1)
        self.assertIn('envelope-from="%s"' % sender, mail.data)
        self.daemon.wait_log('forward from=<%s>' % sender)
        self.assertEqual(len(self.daemon.log_matches('policy .*sender=<%s>' % sender)), 1)

    def test_bounce_comes_home(self):
        address = self.forwarded().sender
        bounce = self.world.wait_mail(self.submit('', address, helo='elsewhere.test'))
        self.assertEqual((bounce.sender, bounce.recipients), ('', (ALICE,)))

    def test_bounce_of_our_own(self):
        """The next server refuses what we have taken already."""
        mark = self.submit(ALICE, 'gone@example.org')
        bounce = self.world.wait_mail(mark)
        self.assertEqual((bounce.sender, bounce.recipients), ('', (ALICE,)))
        self.assertIn('Nobody of that name', bounce.data)

    def test_forged_srs_is_refused(self):
        self.assertRegex(self.refusal('', self.forged()), '^550 5.1.1 .*unknown SRS address')

    def test_spf_fail_is_refused(self):
        for recipient in BOB, FORWARD:
            with self.subTest(recipient):
                self.assertRegex(self.refusal('mallory@fail.test', recipient),
                                 '^550 5.7.23 .*192.0.2.1 is not allowed to send mail for fail')

    def test_no_relay(self):
        self.assertRegex(self.refusal(ALICE, 'friend@elsewhere.test'), r'^(454 4|554 5)\.7\.1 ')

    def test_our_own_senders_stay(self):
        mail = self.world.wait_mail(
            self.submit(BOB, 'friend@elsewhere.test', client='127.0.0.99'))
        self.assertEqual(mail.sender, BOB)

    def test_null_sender_stays(self):
        mail = self.world.wait_mail(self.submit('', FORWARD))
        self.assertEqual(mail.sender, '')

    def test_check(self):
        self.assertEqual(self.findings(), [])

    def test_postfix_knows_every_setting(self):
        self.assertEqual(self.postfix.complaints(), '')

    def test_no_warnings(self):
        self.forwarded()
        # The kernel's two clocks may be on either side of a second.
        self.assertEqual([line for line in self.postfix.log_text().splitlines()
                          if re.search('(warning|fatal|panic|error): '
                                       '(?!file system clock is|resetting file time)', line)], [])


class Canonical(RecipeCase):
    """The maps alone: Postfix itself tells a forged address from a right one."""

    RECIPES = ('canonical',)

    def test_forward_and_back(self):
        mail = self.forwarded()
        self.assertRegex(mail.sender, SRS)
        bounce = self.world.wait_mail(self.submit('', mail.sender))
        self.assertEqual((bounce.sender, bounce.recipients), ('', (ALICE,)))

    def test_local_mail_is_rewritten_too(self):
        """The price of this recipe."""
        self.assertRegex(self.mailboxes.wait_mail(self.submit(ALICE, BOB)).sender, SRS)

    def test_headers_keep_the_sender(self):
        self.assertIn('From: someone@origin.test\r\n', self.forwarded(client='127.0.0.99').data)

    def test_headers_do_not_show_a_right_hash(self):
        """Not even where Postfix may rewrite headers, as in mail of its own network."""
        self.check_headers(client='127.0.0.99')

    def test_postmaster(self):
        """RFC 5321, 4.5.1: of each domain that mail is taken for."""
        mark = self.submit(ALICE, 'postmaster@srs.example.org')
        self.assertEqual(self.mailboxes.wait_mail(mark).recipients, ('postmaster@example.org',))

    def test_senders_of_this_host_stay(self):
        """As programs on it have them; mail that cron sends, and probes of addresses."""
        for sender in 'root@mx1.example.org', 'double-bounce@example.org':
            with self.subTest(sender):
                mark = self.submit(sender, 'friend@elsewhere.test', client='127.0.0.99')
                self.assertEqual(self.world.wait_mail(mark).sender, sender)

    def test_from_that_cleanup_adds(self):
        """Mail of our network without From: gets the sender that the map has made."""
        client = self.connect(client='127.0.0.99')
        client.mail(ALICE)
        client.rcpt('friend@elsewhere.test')
        mark = 'mark-%d-of-the-recipes' % next(_marks)
        self.assertRegex(client.data(('Subject: %s\r\n\r\nText.\r\n' % mark).encode()), '^250 ')
        self.assertRegex(self.world.wait_mail(mark).data, r'\r\nFrom: SRS0=\S+@srs\.example\.org')

    def test_unknown_in_the_srs_domain(self):
        old = srs.srs0(ALICE, SECRET, 'srs.example.org', srs.today() - 40)
        for address in self.forged(), old, 'bob@srs.example.org':
            with self.subTest(address):
                self.assertRegex(self.refusal('', address), '^550 5.1.1 .*User unknown')

    def test_check_misses_the_policy_service_alone(self):
        self.assertRegex('\n'.join(self.findings()),
                         r'\Aerror: smtpd smtp does not ask the policy service: [^\n]*\Z')


def check_send(instance, daemon, address):
    """-> the findings of srsctl check about the test mail, as `level: text`"""
    done = subprocess.run(
        instance.command(reachable_binary('srsctl'), '-f', daemon.config, 'check', '--json', '--send',
                         address), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, check=False, timeout=4 * postfix.WAIT)
    lines = ['%(level)s: %(what)s' % one for one in json.loads(done.stdout)['findings']]
    first = [number for number, line in enumerate(lines) if ': test message to ' in line]
    return lines[first[0]:] if first else lines[-1:]


class Send(RecipeCase):
    """srsctl check --send: a message through an alias, and a bounce to its SRS address."""

    RECIPES = ('canonical',)
    SITE = {**SITE, 'virtual_alias_maps': SITE['virtual_alias_maps'].replace(
        '{gone', '{away@example.org = friend@[127.0.0.9]} {gone')}
    SENT = r'(p[0-9a-f]{16})@check\.invalid'
    OURS = r'SRS0=\S+=check\.invalid=(p[0-9a-f]{16})@srs\.example\.org'

    @classmethod
    def prepare_daemon(cls, daemon):
        daemon.enable_control()

    def send(self, address, daemon=None):
        return check_send(self.postfix, daemon or self.daemon, address)

    def test_forwarded(self):
        lines = self.send(FORWARD)
        self.assertEqual(len(lines), 4, lines)
        self.assertRegex(lines[0], '^ok: test message to %s: Postfix has accepted it from %s$'
                         % (FORWARD, self.SENT))
        token = re.search(self.SENT, lines[0]).group(1)
        self.assertRegex(lines[1], '^ok: .*: its sender became %s$' % self.OURS)
        self.assertRegex(lines[2], '^ok: .*: it has left the queue and was not returned$')
        self.assertRegex(lines[3], '^ok: test bounce to %s: it was returned to the original sender$'
                         % self.OURS)
        mail = next(mail for mail in self.world.mails if token in mail.sender)
        self.assertEqual(mail.recipients, ('friend@elsewhere.test',))
        self.assertIn('\r\nAuto-Submitted: auto-generated\r\n', mail.data)
        self.assertIn('\r\nMessage-ID: <%s@check.invalid>\r\n' % token[1:], mail.data)

    def test_refused_by_the_next_server(self):
        """Postfix bounces it, which the reverse map returns."""
        lines = self.send('gone@example.org')
        self.assertRegex(lines[2], '^warning: test message to gone.*: it was returned to its sender$')

    def test_not_forwarded(self):
        """With this recipe local mail is rewritten as well, and arrives."""
        self.assertRegex(self.send('bob@example.org')[1], '^ok: .*: its sender became ')

    def test_deferred(self):
        """By a server that is not there."""
        lines = self.send('away@example.org')
        self.assertRegex(lines[2], '^warning: .* is still in the queue: .*Connection refused')
        self.assertRegex(lines[3], '^ok: test bounce')

    def test_nothing_is_asked(self):
        """No line says ok when the daemon that is asked is not the one of Postfix."""
        other = Daemon(dns=self.dns, as_root=True)
        other.enable_control()
        with other:
            lines = self.send(FORWARD, daemon=other)
        self.assertEqual(len(lines), 2, lines)
        self.assertRegex(lines[1], '^error: .*: srsd was not asked about its sender within 30 s')


class PolicyInet(Common, RecipeCase):
    """Nothing else stands against being an open relay."""

    RECIPES = ('canonical', 'policy-inet')
    SITE = {**SITE, 'smtpd_relay_restrictions': ''}

    def test_our_network_is_not_checked(self):
        mark = self.submit('mallory@fail.test', BOB, client='127.0.0.99')
        self.assertEqual(self.mailboxes.wait_mail(mark).header_count('Received-SPF'), 0)


    def test_sender_that_postfix_would_complete(self):
        """Neither form reaches SPF, nor the map."""
        for sender in 'fail.test!mallory', 'mallory%fail.test', 'mallory', 'mallory@localhost':
            with self.subTest(sender):
                self.assertRegex(self.refusal(sender, BOB), '^504 5.5.2 .*fully-qualified')


class Judged(RecipeCase):
    """What srsctl check calls an error stops mail, and what it says nothing of does not.

    Each row is a service of its own, with settings that go over those of the site.
    """

    RECIPES = ('canonical', 'policy-inet')
    GUARD = 'permit_mynetworks,reject_unauth_destination'
    ROWS = {
        # name: (daemon, its settings, the reply to mail or what the log says, what check says)
        'right': ('smtpd', {}, '^250 ', ''),
        'after-permit': ('smtpd', {'smtpd_helo_restrictions': 'permit,nonsense'}, '^250 ', ''),
        'word': ('smtpd', {'smtpd_recipient_restrictions': GUARD + ',permit_mynetwork'},
                 '^451 4.3.5 ', "the unknown word 'permit_mynetwork': smtpd defers"),
        'no-argument': ('smtpd', {'smtpd_recipient_restrictions': GUARD + ',check_helo_access'},
                        '^451 4.3.5 ', 'check_helo_access without the word'),
        'absent': ('smtpd', {'smtpd_recipient_restrictions':
                             GUARD + ',check_policy_service unix:private/policyd-spf'},
                   '^451 4.3.5 ', 'does not ask the policy service'),
        'transport': ('smtpd', {'smtpd_recipient_restrictions':
                                GUARD + ',check_policy_service 127.0.0.1:10003'},
                      'fatal: invalid transport name: 127.0.0.1 in',
                      'check_policy_service 127.0.0.1:10003: smtpd exits'),
        'upper-case': ('smtpd', {'smtpd_recipient_restrictions':
                                 GUARD + ',check_policy_service INET:127.0.0.1:10003'},
                       'fatal: invalid transport name: INET in',
                       'check_policy_service INET:127.0.0.1:10003: smtpd exits'),
        'no-guard': ('smtpd', {'smtpd_recipient_restrictions': 'permit_mynetworks',
                               'smtpd_relay_restrictions': ''},
                     'fatal: in parameter smtpd_relay_restrictions or', 'smtpd smtp exits at'),
        'class': ('smtpd', {'smtpd_restriction_classes': 'mine'},
                  'fatal: restriction class `mine. needs', 'which has no value'),
        'override': ('smtpd', {'receive_override_options': 'no_milter'},
                     'fatal: unknown receive_override_options value "no_milter"',
                     "unknown word 'no_milter'"),
        'case': ('cleanup', {'sender_canonical_classes': 'Envelope_Sender'},
                 'fatal: unknown .* value "Envelope_Sender"',
                 "unknown word 'Envelope_Sender': cleanup.8. exits"),
        'classes-of-others': ('cleanup', {'sender_canonical_classes':
                                          'envelope_sender,envelope_recipient'},
                              'fatal: unknown .* value "envelope_recipient"',
                              "unknown word 'envelope_recipient'"),
        'no-table': ('cleanup', {'sender_canonical_maps': 'hash:/nowhere/x'}, '^451 ',
                     'hash:/nowhere/x, which Postfix cannot open'),
        'no-type': ('cleanup', {'virtual_alias_maps': 'tpc:127.0.0.1:1'}, '^451 ',
                    'tpc:127.0.0.1:1, which Postfix cannot open'),
    }

    @classmethod
    def make_postfix(cls, recipes, site=None, places=None):
        instance = super().make_postfix(recipes, site, places)
        cls.ports = {name: free_port(postfix.HOST) for name in cls.ROWS}
        services = []
        for name, (daemon, settings, _, _) in cls.ROWS.items():
            options = ''.join(' -o {%s=%s}' % item for item in settings.items())
            cleanup = daemon == 'cleanup'
            services.append('%s:%d inet n - n - - smtpd%s' % (
                postfix.HOST, cls.ports[name],
                ' -o cleanup_service_name=cleanup-' + name if cleanup else options))
            if cleanup:
                services.append('cleanup-%s unix n - n - 0 cleanup%s' % (name, options))
        with open(os.path.join(instance.etc, 'master.cf'), 'a', encoding='utf-8') as file:
            file.write('\n'.join(services) + '\n')
        return instance

    def connect_to(self, name):
        client = SmtpClient((postfix.HOST, self.ports[name]))
        self.addCleanup(client.__exit__)
        client.mail(ALICE)
        return client

    def outcome(self, name):
        """The reply to RCPT TO, or to the message when that is taken."""
        client = self.connect_to(name)
        reply = client.rcpt(BOB)
        if reply[0] == '2':
            mark = 'mark-%d-of-the-recipes' % next(_marks)
            reply = client.data(('Subject: %s\r\n\r\nText.\r\n' % mark).encode())
        if reply[0] == '2':
            self.mailboxes.wait_mail(mark)
        return reply

    def end(self, daemon, name, want):
        """The line of the log with which a daemon ends; its client waits in vain."""
        if daemon == 'smtpd':
            self.addCleanup(socket.create_connection((postfix.HOST, self.ports[name])).close)
        else:
            client = self.connect_to(name).smtp
            client.putcmd('RCPT TO:<%s>' % BOB)
            self.addCleanup(client.close)
        return self.postfix.wait_log('%s.*%s' % (daemon, want))

    def test_each(self):
        for name, (daemon, settings, want, said) in self.ROWS.items():
            with self.subTest(name):
                if want.startswith('fatal'):
                    self.end(daemon, name, want)
                else:
                    self.assertRegex(self.outcome(name), want)
                found = '\n'.join(self.findings(settings=settings))
                if said:
                    self.assertRegex(found, 'error: .*' + said)
                else:
                    self.assertEqual(found, '')


class OtherMaps(RecipeCase):
    """Maps in parameters where check calls them an error."""

    RECIPES = ('canonical',)
    SITE = {**SITE, 'smtpd_relay_restrictions': 'permit_mynetworks, reject_unauth_destination'}
    PARAMETER = 'canonical_maps'

    @classmethod
    def make_postfix(cls, recipes, site=None, places=None):
        return super().make_postfix(recipes, {
            **cls.SITE, cls.PARAMETER: 'tcp:' + cls.places['127.0.0.1:10001']}, places)

    def test_nothing_leaves(self):
        """The recipient is an SRS address of our own, and bounces."""
        mark = self.submit(BOB, 'friend@elsewhere.test', client='127.0.0.99')
        notice = self.mailboxes.wait_mail(mark)
        self.assertEqual((notice.sender, notice.recipients), ('', (BOB,)))
        self.assertEqual(self.world.arrived(mark), [])
        self.assertRegex('\n'.join(self.findings()),
                         '(?m)^error: %s names forward: .*: postconf -X ' % self.PARAMETER)


class CatchAll(RecipeCase):
    """An alias for the whole SRS domain makes each forged address a known user."""

    RECIPES = ('canonical',)
    SITE = {**SITE, 'virtual_alias_maps':
            SITE['virtual_alias_maps'] + ' inline:{@srs.example.org=bob@example.org}'}

    def test_forged_address_is_accepted(self):
        self.assertRegex(self.refusal('', self.forged()), '^250 ')
        self.assertRegex('\n'.join(self.findings()),
                         '(?m)^warning: every recipient in srs.example.org is accepted, forged '
                         'SRS addresses included: virtual_alias_maps matches them all: ')


class PolicyAway(RecipeCase):
    RECIPES = ('canonical', 'policy-inet')

    def test_mail_waits_for_the_daemon(self):
        self.daemon.stop()
        self.assertRegex(self.refusal('mallory@fail.test', BOB),
                         '^451 4.3.5 .*SPF cannot be checked now')
        self.daemon.start()
        self.assertRegex(self.refusal('mallory@fail.test', BOB), '^550 5.7.23 ')


class PolicyUnix(Common, RecipeCase):
    """smtpd in its chroot."""

    RECIPES = ('canonical', 'policy-unix')

    @classmethod
    def start_daemon(cls, daemon, recipes):
        """The folder as the README has it, for the user that the daemon becomes here."""
        folder = os.path.join(cls.postfix.queue, 'srsd')
        os.mkdir(folder)
        shutil.chown(folder, ORDINARY_USER, 'postfix')
        os.chmod(folder, 0o750)
        cls.socket = os.path.join(folder, 'policy')
        super().start_daemon(daemon, recipes)

    def test_smtpd_is_in_its_chroot(self):
        """A process that is asked for the policy has the queue for its root."""
        client = self.connect()
        client.mail(ALICE)
        self.assertRegex(client.rcpt(BOB), '^250 ')
        with open(os.path.join(self.postfix.queue, 'pid', 'master.pid'), encoding='ascii') as file:
            tree = process_tree(int(file.read()))
        # The files, not the text of the link: in a chroot of ours that is another path.
        roots = [os.stat('/proc/%d/root' % pid) for pid in tree
                 if process_status(pid)['Name'] == 'smtpd']
        self.assertTrue(roots)
        queue = os.stat(self.postfix.queue)
        self.assertEqual([root for root in roots if not os.path.samestat(root, queue)], [])

    def test_mode(self):
        """The socket is for everybody who may enter its folder."""
        for path, mode in ((self.socket, 0o666), (os.path.dirname(self.socket), 0o750)):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode)

    def test_nobody_else_connects(self):
        done = subprocess.run([sys.executable, '-c', 'import socket, sys\n'
                               'socket.socket(socket.AF_UNIX).connect(sys.argv[1])', self.socket],
                              user='daemon', group='daemon', extra_groups=[], check=False,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.assertIn('PermissionError', done.stderr)


class PolicySpawn(Common, RecipeCase):
    RECIPES = ('canonical', 'policy-spawn')

    @classmethod
    def make_places(cls, daemon):
        return {**super().make_places(daemon), '/usr/sbin/srsctl': '%s -f %s' % (
            reachable_binary('srsctl'), daemon.path('srsd.conf'))}

    def test_one_process_for_several_recipients(self):
        client = self.connect()
        client.mail('mallory@fail.test')
        for recipient in (BOB, 'carol@example.org', FORWARD):
            self.assertRegex(client.rcpt(recipient), '^550 5.7.23 ')


class Selective(Common):
    """What holds where mail for mailboxes of our own keeps its sender."""

    def test_local_mail_keeps_its_sender(self):
        mail = self.mailboxes.wait_mail(self.submit(ALICE, BOB))
        self.assertEqual((mail.sender, mail.recipients), (ALICE, (BOB,)))
        self.assertNotIn('SRS', mail.data)
        self.assertEqual(mail.header_count('Received-SPF'), 1)

    def test_both_of_one_message(self):
        mark = self.submit(ALICE, 'both@example.org')
        self.assertEqual(self.mailboxes.wait_mail(mark).sender, ALICE)
        self.assertNotIn('SRS', self.mailboxes.wait_mail(mark).data)
        self.assertRegex(self.world.wait_mail(mark).sender, SRS)

    def test_many_recipients(self):
        """One message for each server, with one SRS sender, and nobody gets it twice."""
        mark = self.submit(ALICE, 'list@example.org', 'carol@example.org')
        self.world.wait_mails(mark, 2)
        self.mailboxes.wait_mails(mark, 1)
        self.assertEqual(sorted(mail.recipients for mail in self.world.arrived(mark)), [
            ('friend@elsewhere.test', 'other@elsewhere.test'), ('third@third.test',)])
        for mail in self.world.arrived(mark):
            self.assertRegex(mail.sender, SRS)
        self.assertEqual([mail.sender for mail in self.mailboxes.arrived(mark)], [ALICE])
        self.assertEqual(sorted(self.mailboxes.arrived(mark)[0].recipients),
                         [BOB, 'carol@example.org'])


class Large:
    """The hop adds a field. It does not refuse what the first smtpd has just accepted."""

    LIMIT = 200000
    LARGE = {'message_size_limit': LIMIT, 'smtpd_error_sleep_time': '0',
             'smtpd_hard_error_limit': '1000'}

    def test_large_message(self):
        client = self.connect()
        for size in range(self.LIMIT, 0, -50):
            client.mail(ALICE)
            client.rcpt(FORWARD)
            mark = 'mark-%d-of-the-recipes' % next(_marks)
            reply = client.data('Subject: %s\r\n\r\n' % mark + ('x' * 48 + '\r\n') * (size // 50))
            if reply.startswith('250 '):
                break
            self.assertRegex(reply, '^552 ')
        self.assertLess(self.LIMIT - 2000, size)
        self.assertRegex(self.world.wait_mail(mark).sender, SRS)


class Hop(Selective):
    """What holds where mail that leaves takes one more hop on this host."""

    SITE = {**SITE, 'smtpd_client_restrictions': 'check_helo_access inline:{probe.test='
                    'reject_unverified_recipient}'}

    @classmethod
    def make_postfix(cls, recipes, site=None, places=None):
        """With a listener that treats no client as local: to it, those of XCLIENT all are."""
        instance = super().make_postfix(recipes, site, places)
        if recipes == cls.RECIPES:
            cls.stranger = (postfix.HOST, free_port(postfix.HOST))
            with open(os.path.join(instance.etc, 'master.cf'), 'a', encoding='utf-8') as file:
                file.write('%s:%d inet n - n - - smtpd -o local_header_rewrite_clients=\n'
                           % cls.stranger)
        return instance

    def test_headers_of_strangers(self):
        """The hop does not complete them."""
        for head in 'From: ceo\r\nTo: bob, carol\r\n', 'To: bob\r\n':
            with self.subTest(head), SmtpClient(self.stranger) as client:
                client.mail(ALICE)
                client.rcpt(FORWARD)
                mark = 'mark-%d-of-the-recipes' % next(_marks)
                self.assertRegex(client.data('%sSubject: %s\r\n\r\nText.\r\n' % (head, mark)),
                                 '^250 ')
                data = self.world.wait_mail(mark).data
                self.assertIn('\r\n%sSubject: %s\r\n\r\n' % (head, mark), data)

    def test_one_hop_more_and_no_loop(self):
        self.assertEqual(self.forwarded().header_count('Received'), 2)

    def test_sender_that_cannot_be_rewritten(self):
        """It leaves as it is, once."""
        sender = 'alice@[192.0.2.1]'
        mail = self.world.wait_mail(self.submit(sender, FORWARD))
        self.assertEqual((mail.sender, mail.header_count('Received')), (sender, 2))

    def test_notice_of_failure(self):
        """What the sender gave for it goes through the hop, and comes home."""
        client = self.connect()
        self.assertRegex(client.mail(ALICE, 'RET=HDRS', 'ENVID=id-of-alice'), '^250 ')
        self.assertRegex(client.rcpt('gone@example.org', 'NOTIFY=FAILURE',
                                     'ORCPT=rfc822;gone@example.org'), '^250 ')
        notice = self.world.wait_mail(self.data(client))
        self.assertEqual((notice.sender, notice.recipients), ('', (ALICE,)))
        for text in ('Original-Envelope-Id: id-of-alice', 'Action: failed',
                     'Original-Recipient: rfc822;gone@example.org'):
            self.assertIn('\r\n%s\r\n' % text, notice.data)

    def test_notice_of_success(self):
        """Given by the last hop, and by no other."""
        client = self.connect(client='127.0.0.99')
        client.mail(BOB)
        self.assertRegex(client.rcpt('friend@elsewhere.test', 'NOTIFY=SUCCESS'), '^250 ')
        notice = self.mailboxes.wait_mail(self.data(client))
        self.assertEqual((notice.sender, notice.recipients), ('', (BOB,)))
        for text in 'Action: relayed', 'Remote-MTA: dns; elsewhere.test':
            self.assertIn('\r\n%s\r\n' % text, notice.data)

    def test_utf8(self):
        """Address and text beyond ASCII, through the hop."""
        client = self.connect()
        client.smtp.command_encoding = 'utf-8'
        self.assertRegex(client.mail('jürgen@origin.test', 'SMTPUTF8', 'BODY=8BITMIME'), '^250 ')
        self.assertRegex(client.rcpt(FORWARD), '^250 ')
        mark = self.data(client, text='Grüße'.encode())
        mail = self.world.wait_mail(mark)
        self.assertRegex(mail.sender, r'\ASRS0=.*=origin\.test=jürgen@srs\.example\.org\Z')
        self.assertIn('Grüße', mail.data)
        self.assertEqual(self.world.wait_mail(self.bounce_utf8(mail.sender)).recipients,
                         ('jürgen@origin.test',))

    def bounce_utf8(self, recipient):
        client = self.connect()
        client.smtp.command_encoding = 'utf-8'
        self.assertRegex(client.mail('', 'SMTPUTF8'), '^250 ')
        self.assertRegex(client.rcpt(recipient), '^250 ')
        return self.data(client)

    def test_probe(self):
        """Whether an address exists is asked of its own server."""
        client = self.connect(client='127.0.0.99', helo='probe.test')
        client.mail(BOB)
        self.assertRegex(client.rcpt(NOBODY), '^450 4.1.1 .*Nobody of that name')


class ForwardOnly(Hop, RecipeCase):
    RECIPES = ('forward-only', 'policy-inet')

    def test_hop_is_for_this_host_alone(self):
        """Nobody reaches it from outside, and it takes no other client."""
        host, _, port = self.places['127.0.0.1:10026'].partition(':')
        with SmtpClient((host, int(port))) as client:
            client.mail(ALICE)
            self.assertRegex(client.rcpt('friend@elsewhere.test'), '^554 5.7.1 ')


class LargeForwardOnly(Large, RecipeCase):
    RECIPES = ('forward-only',)
    SITE = {**SITE, **Large.LARGE, 'smtpd_relay_restrictions':
            'permit_mynetworks, reject_unauth_destination'}


class Filter(Sink):
    """An after-queue content filter: hands a message on before it says that it has it.

    It keeps the message first, so that a test which has seen it behind the filter finds it here.
    """

    back = None

    def keep(self, mail):
        super().keep(mail)
        with smtplib.SMTP(*self.back, timeout=60) as smtp:
            smtp.sendmail(mail.sender, mail.recipients,
                          mail.data.encode('utf-8', 'surrogateescape'))


class FilterCase(RecipeCase):
    """A filter that hands everything back, and keeps what it was shown."""

    @classmethod
    def set_up_more(cls):
        cls.filter = Filter('127.0.0.1').start()
        cls.addClassCleanup(cls.filter.stop)
        cls.places['[127.0.0.1]:10024'] = '[%s]:%d' % cls.filter.address
        host, _, port = cls.places['127.0.0.1:10025'].partition(':')
        cls.filter.back = host, int(port)


class ContentFilter(Common, FilterCase):
    RECIPES = ('canonical', 'policy-inet', 'content-filter')

    def test_filter_sees_the_original_sender(self):
        mark = self.submit(ALICE, FORWARD)
        self.assertRegex(self.world.wait_mail(mark).sender, SRS)
        shown = self.filter.wait_mail(mark)
        self.assertEqual((shown.sender, shown.recipients), (ALICE, (FORWARD,)))
        self.assertEqual(shown.header_count('Received-SPF'), 1)

    def test_headers_do_not_show_a_right_hash(self):
        """A filter that hands no XFORWARD on makes the mail of a stranger mail of this host."""
        self.check_headers()

    def test_each_once(self):
        """Aliases are expanded behind the filter alone."""
        mark = self.submit(ALICE, 'both@example.org')
        self.mailboxes.wait_mail(mark)
        self.world.wait_mail(mark)
        self.filter.wait_mail(mark)
        self.assertEqual([len(sink.arrived(mark)) for sink in
                          (self.filter, self.mailboxes, self.world)], [1, 1, 1])

    def test_bounce_is_put_back_behind_the_filter(self):
        address = self.forwarded().sender
        mark = self.submit('', address)
        self.assertEqual(self.world.wait_mail(mark).recipients, (ALICE,))
        self.assertEqual(self.filter.arrived(mark)[0].recipients, (address,))


class ContentFilterForwardOnly(Selective, FilterCase):
    """Both: what the filter hands back leaves through the hop, and it sees no message twice."""

    RECIPES = ('forward-only', 'policy-inet', 'content-filter')

    def test_filter_sees_it_once(self):
        mark = self.submit(ALICE, FORWARD)
        self.assertRegex(self.world.wait_mail(mark).sender, SRS)
        self.assertEqual([mail.sender for mail in self.filter.arrived(mark)], [ALICE])


class TwoInstances(RecipeCase):
    @classmethod
    def start_postfix(cls, instance):
        super().start_postfix(instance)
        places = {**cls.places, '[127.0.0.1]:25': '[%s]:%d' % instance.address}
        cls.out = cls.make_postfix(('multi-instance/out',), {}, places)
        cls.out.start()
        cls.addClassCleanup(cls.out.stop)


class LargeMultiInstance(Large, TwoInstances):
    RECIPES = ('multi-instance',)
    SITE = LargeForwardOnly.SITE


class MultiInstance(Hop, TwoInstances):
    RECIPES = ('multi-instance', 'policy-inet')

    def test_check(self):
        """It looks at one instance; the other half is missed."""
        self.assertRegex('\n'.join(self.findings()),
                         r"\Aerror: sender_canonical_maps does not name forward: .*\n"
                         r"error: sender_canonical_classes = .*\Z")

    def test_bounce_to_one_of_us(self):
        """From the instance that sends to the one that has the mailboxes."""
        mark = self.submit(BOB, NOBODY, client='127.0.0.99')
        bounce = self.mailboxes.wait_mail(mark)
        self.assertEqual((bounce.sender, bounce.recipients), ('', (BOB,)))

    def test_out_knows_every_setting(self):
        self.assertEqual(self.out.complaints(), '')


class BackupMx(Common, RecipeCase):
    """The primary; beside it a backup with its own srsd and the same secrets."""

    RECIPES = ('canonical', 'policy-inet', 'backup-mx/primary')

    @classmethod
    def start_postfix(cls, instance):
        super().start_postfix(instance)
        cls.second = Daemon(dns=cls.dns, as_root=True)
        cls.start_daemon(cls.second, ('backup-mx',))
        places = {**cls.make_places(cls.second),
                  '[mx1.example.org]': '[%s]:%d' % instance.address,
                  'hash:/etc/postfix/relay_recipients': 'inline:{bob@example.org=x, '
                                                        'forward@example.org=x}'}
        cls.backup = cls.make_postfix(('backup-mx',), {'myhostname': 'mx2.example.org'}, places)
        cls.backup.start()
        cls.addClassCleanup(cls.backup.stop)

    def test_mail_by_the_backup(self):
        """The primary alone rewrites it, and SPF was checked at the backup."""
        log = self.second.log_mark()
        mark = self.submit(ALICE, FORWARD, server=self.backup)
        mail = self.world.wait_mail(mark)
        self.assertRegex(mail.sender, SRS)
        self.assertEqual(mail.header_count('Received-SPF'), 1)
        self.second.wait_log('policy .*result=pass', log)

    def test_relayed_mail_keeps_its_sender_on_the_way(self):
        log = self.daemon.log_mark()
        self.mailboxes.wait_mail(self.submit(ALICE, BOB, server=self.backup))
        self.daemon.wait_log('policy .*sender=<%s> recipient=<%s>' % (ALICE, BOB), log)

    def test_refused_at_the_backup(self):
        for sender, recipient, reply in (('mallory@fail.test', BOB, '^550 5.7.23 '),
                                         ('', self.forged(), '^550 5.1.1 '),
                                         (ALICE, 'unknown@example.org', '^550 5.1.1 ')):
            with self.subTest(recipient):
                self.assertRegex(self.refusal(sender, recipient, self.backup), reply)

    def test_bounce_by_the_backup(self):
        """The primary signed it, and has no part in it."""
        address = self.forwarded().sender
        bounce = self.world.wait_mail(self.submit('', address, server=self.backup))
        self.assertEqual((bounce.sender, bounce.recipients), ('', (ALICE,)))
        self.assertEqual(bounce.header_count('Received'), 1)
        self.assertIn('by mx2.example.org', bounce.data)

    def test_primary_does_not_refuse_the_backup(self):
        """What the backup has taken would be a fail here."""
        self.assertRegex(self.refusal(ALICE, BOB, client=BACKUP), '^250 ')
        self.assertRegex(self.refusal(ALICE, BOB, client='192.0.2.21'), '^550 5.7.23 ')

    def test_check_of_the_backup(self):
        self.assertEqual(self.findings(self.backup, self.second, BACKUP),
                         ['skipped: forward: disabled in the configuration'])
        self.assertEqual(self.backup.complaints(), '')


class OnlyRead(RecipeCase):
    """Where Postfix need not run."""

    RECIPES = ('canonical', 'policy-inet')

    @classmethod
    def start_postfix(cls, instance):
        cls.addClassCleanup(shutil.rmtree, instance.base)


class Rotation(OnlyRead):
    """Two servers that both sign, and a new secret in the order of backup-mx/README.md."""

    def secret(self, daemon, *arguments):
        done = run('-f', daemon.config, 'secret', *arguments, program='srsctl', user=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()[0]

    def minted(self, daemon):
        with daemon.forward_client() as forward:
            return forward.get(ALICE).partition(' ')[2]

    def verify(self, daemon, address):
        with daemon.reverse_client() as reverse:
            self.assertEqual(reverse.get(address), '200 ' + ALICE)

    def reload(self, daemon):
        mark = daemon.log_mark()
        daemon.signal(signal.SIGHUP)
        daemon.wait_log('reloaded', mark)

    def test_no_address_is_refused_meanwhile(self):
        first, second = self.daemon, Daemon(dns=self.dns, as_root=True)
        self.start_daemon(second, self.RECIPES)
        minted = [self.minted(first)]

        def all_of_both():
            minted.extend(self.minted(daemon) for daemon in (first, second))
            for daemon in first, second:
                for address in set(minted):
                    self.verify(daemon, address)

        new = self.secret(first, 'new', '--last')
        shutil.copy(first.path('secret'), second.path('secret'))
        for daemon in second, first:
            self.reload(daemon)
            all_of_both()
        for daemon in first, second:
            self.secret(daemon, 'promote', new)
            self.reload(daemon)
            all_of_both()
        self.assertGreater(len({address[:9] for address in minted}), 1)


class Dns(OnlyRead):
    """The zone that is shown, and nothing else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.records = zone(recipe.read('dns/zone', {}))
        cls.dns.zone.names.clear()
        cls.dns.add(cls.records)

    def test_check(self):
        for address in ADDRESS, '2001:db8::10':
            with self.subTest(address):
                self.assertEqual(self.findings(address=address), [])

    def test_check_of_another_address(self):
        self.assertRegex('\n'.join(self.findings(address='192.0.2.11')),
                         'error: SPF of srs.example.org for 192.0.2.11: fail')

    def test_names_and_addresses_agree(self):
        host = self.records['mx1.example.org']
        for address in host['A'] + host['AAAA']:
            self.assertEqual(self.records[reverse_name(address)], {'PTR': ['mx1.example.org']})

    def test_bounce_passes_by_its_helo_name(self):
        """A null sender is checked by the name in HELO."""
        for address, result in ((ADDRESS, 'pass'), ('2001:db8::10', 'pass'),
                                ('192.0.2.11', 'fail')):
            done = run('-f', self.daemon.config, 'spf', '--offline', address, '<>',
                       'mx1.example.org', program='srsctl', user=False)
            self.assertRegex(done.stdout, r'\Ahelo mx1\.example\.org: %s' % result)

    def test_both_names_pass(self):
        """The last command of the README."""
        done = run('-f', self.daemon.config, 'spf', '--offline', ADDRESS, 'srs.example.org',
                   'mx1.example.org', program='srsctl', user=False)
        self.assertRegex(done.stdout, r'(?ms)\Ahelo mx1\.example\.org: pass.*'
                                      r'^mailfrom srs\.example\.org: pass')


def zone(text):
    """A zone file of one record a line, as the DNS server of the tests takes it."""
    names, origin = {}, ''
    for line in text.splitlines():
        words = shlex.split(line, comments=False) if not line.startswith(';') else []
        if words[:1] == ['$ORIGIN']:
            origin = words[1]
        if len(words) < 4:
            continue
        name = words[0] if words[0].endswith('.') else '%s.%s' % (words[0], origin)
        value = words[3].rstrip('.')
        if words[2] == 'MX':
            value = int(words[3]), words[4].rstrip('.')
        names.setdefault(name.rstrip('.'), {}).setdefault(words[2], []).append(value)
    return names


if __name__ == '__main__':
    for why in postfix.unavailable, postfix.no_own_names:
        if why():
            tap.skip_all(why())
    tap.main()
