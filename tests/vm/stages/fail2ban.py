# SPDX-License-Identifier: ISC
"""fail2ban with the jail as it is shipped: it bans a client that guesses SRS addresses."""

import re
import shutil
import smtplib

from guest import (CONTRIB, DOMAIN, WAIT, GuestCase, Journal, configure, read, run, succeed,
                   wait_until, write)
from harness.recipe import Recipe

JAIL, LOCAL = '/etc/fail2ban/jail.d/srsd.conf', '/etc/fail2ban/jail.d/vm.local'
SERVER = '192.0.2.1'
CONNECT = ('import socket, sys; print(socket.create_connection((sys.argv[1], 25), 60, '
           '(sys.argv[2], 0)).recv(4))')


def guess_addresses(client, count):
    """As this client, in one session; without QUIT, which a ban would not let through."""
    smtp = smtplib.SMTP(SERVER, 25, timeout=WAIT, source_address=(client, 0))
    smtp.helo('helo.test')
    smtp.mail('')
    for number in range(int(count)):
        print(*smtp.rcpt('SRS0=AAAA=AA=origin.test=guess-%d@%s' % (number, DOMAIN)))
    smtp.close()


class JailCase(GuestCase):
    """The client is in another network namespace, so that it is not an address of this host."""

    CLIENT = None
    GUESSES = 0
    CONF = ()

    @classmethod
    def setUpClass(cls):
        cls.connect_client()
        cls.set_up_postfix()
        configure(*cls.CONF)
        succeed('systemctl', 'restart', 'srsd')
        shutil.copy(CONTRIB + '/fail2ban/filter.d/srsd.conf', '/etc/fail2ban/filter.d/')
        write(JAIL, cls.jail(read(CONTRIB + '/fail2ban/jail.d/srsd.conf')))
        # There is no sshd, and no iptables.
        write(LOCAL, '[DEFAULT]\nbanaction = nftables\n[sshd]\nenabled = false\n')
        succeed('fail2ban-client', '-t')
        succeed('systemctl', 'restart', 'fail2ban')
        wait_until(lambda: run('fail2ban-client', 'status', 'srsd').returncode == 0,
                   'the jail is there')

    @classmethod
    def connect_client(cls):
        for words in (('netns', 'add', 'client'),
                      ('link', 'add', 'server', 'type', 'veth', 'peer', 'client', 'netns',
                       'client'),
                      ('address', 'add', SERVER + '/24', 'dev', 'server'),
                      ('link', 'set', 'server', 'up'),
                      ('-n', 'client', 'address', 'add', cls.CLIENT + '/24', 'dev', 'client'),
                      ('-n', 'client', 'link', 'set', 'client', 'up')):
            succeed('ip', *words)
        cls.addClassCleanup(succeed, 'ip', 'netns', 'delete', 'client')
        cls.addClassCleanup(succeed, 'ip', 'link', 'delete', 'server')

    @staticmethod
    def set_up_postfix():
        settings = {**Recipe('policy-inet', {}).settings, 'mydestination': DOMAIN,
                    'smtpd_hard_error_limit': '100', 'smtpd_soft_error_limit': '100'}
        succeed('postconf', '-e', *('%s = %s' % (key, ' '.join(value.split()))
                                    for key, value in settings.items()))
        succeed('systemctl', 'restart', 'postfix')

    @staticmethod
    def jail(text):
        return text

    def connect(self):
        """-> what the client gets from port 25"""
        return run('ip', 'netns', 'exec', 'client', 'python3', '-c', CONNECT, SERVER,
                   self.CLIENT).stdout


class Ban:
    def test_ban(self):
        """After the guesses, which Postfix refuses, the client cannot even connect."""
        self.assertIn("b'220 '", self.connect())
        journal = Journal()
        said = succeed('ip', 'netns', 'exec', 'client', 'python3', '/srv/srsd/tests/vm/guest.py',
                       'fail2ban', 'guess_addresses', self.CLIENT, str(self.GUESSES))
        self.assertEqual(len(re.findall("(?m)^550 b'5.1.1 ", said)), 20, said)
        self.assertIn('client=%s ' % self.CLIENT, journal.text())
        wait_until(lambda: self.CLIENT in succeed('fail2ban-client', 'get', 'srsd', 'banip'),
                   'a ban')
        # fail2ban lists a client before it runs nft.
        wait_until(lambda: self.CLIENT in succeed('nft', 'list', 'ruleset'), 'a rule')
        self.assertIn('Connection refused', self.connect())
        succeed('fail2ban-client', 'set', 'srsd', 'unbanip', self.CLIENT)
        self.assertIn("b'220 '", self.connect())


class SrsdCounts(Ban, JailCase):
    """The jail as it is, and the journal."""
    CLIENT = '192.0.2.66'
    GUESSES = 21            # the limit is 20


class Fail2banCounts(Ban, JailCase):
    """With the lines that the jail proposes for srs-guess-limit = 0 and for syslog."""
    CLIENT = '192.0.2.67'
    GUESSES = 20
    CONF = ('syslog = true', 'spf { srs-guess-limit = 0 }')

    @staticmethod
    def jail(text):
        text = re.sub(r'(?m)^(backend|filter|maxretry) .*\n', '', text)
        return re.sub(r'(?m)^#     (\w+ += .*)', r'\1', text)
