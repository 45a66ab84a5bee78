#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""srsctl explain CLIENT SENDER RECIPIENT: the decision that the policy service then takes."""

import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.case import DaemonCase
from harness.daemon import Daemon, run
from harness.dns_server import DnsServer

CLIENT = '192.0.2.1'
FORGED = 'SRS0=aaaa=AA=x.test=y@srs.test'

ZONE = {
    'pass.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
    'fail.test': {'TXT': ['v=spf1 -all']},
    'relay.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
}


class Base(DaemonCase):
    ZONE = ZONE

    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer(ZONE).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.daemon = Daemon(cls.OPTIONS, cls.SPF, cls.dns)
        cls.daemon.enable_control()
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.__exit__, None)

    def srsctl(self, *arguments):
        return run('-f', self.daemon.config, *arguments, program='srsctl')

    def explain(self, *arguments):
        done = self.srsctl('explain', '--json', *arguments)
        self.assertEqual(done.stderr, '')
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, int(report['action'] in ('reject', 'defer')))
        return report

    def ask(self, sender, recipient, helo='mx.relay.test', client=CLIENT):
        with self.daemon.policy_client() as policy:
            return policy.ask(client_address=client, sender=sender, recipient=recipient,
                              helo_name=helo)

    def status(self):
        """What a request of Postfix would change: read over one connection to the engine itself."""
        status = json.loads(self.srsctl('status', '--json').stdout)
        recent = self.srsctl('recent', '--json').stdout.splitlines()
        return {name: status[name] for name in ('lookups', 'policy', 'spf', 'secrets')}, recent


class Agreement(Base):
    """The daemon answers as explained; it has neither counted nor remembered the explanations."""

    def rows(self):
        with self.daemon.forward_client() as forward:
            valid = forward.address('alice@pass.test')
        for sender in '', 'a@pass.test', 'a@fail.test', 'a@none.test', valid, FORGED:
            for recipient in 'b@own.test', valid, FORGED:
                yield sender, recipient

    def test_agreement(self):
        for sender, recipient in self.rows():
            with self.subTest(sender=sender, recipient=recipient):
                before = self.status()
                report = self.explain(CLIENT, sender, recipient, 'mx.relay.test')
                self.assertEqual(self.status(), before)
                self.assertEqual(self.ask(sender, recipient), report['answer'])
                self.assertNotEqual(self.status(), before)

    def test_guess_limit(self):
        """Explanations of bad hashes use up no limit, of this client or of all."""
        client = '198.51.100.77'
        for _ in range(30):
            self.assertEqual(self.explain(client, '<>', FORGED)['answer'],
                             '550 5.1.1 unknown SRS address')
        self.assertEqual(self.ask('', FORGED, client=client), '550 5.1.1 unknown SRS address')
        for _ in range(20):
            self.ask('', FORGED, client=client)
        report = self.explain(client, '<>', FORGED)
        self.assertEqual((report['action'], report['reason']), ('defer', 'guess-limit'))
        self.assertIn('with 21 bad hashes within an hour', report['steps'][-1]['text'])


class Text(Base):
    SPF = {'nat-guard': True, 'skip-addresses': ['127.0.0.1'], 'whitelist': ['192.0.2.9']}

    def test_refused(self):
        done = self.srsctl('explain', CLIENT, '<a@fail.test>', '<b@own.test>', '<mx.relay.test>')
        self.assertEqual((done.returncode, done.stderr), (1, ''))
        self.assertEqual(done.stdout, '''\
client          192.0.2.1
helo            mx.relay.test
sender          <a@fail.test>
recipient       <b@own.test>
does not apply  skip-addresses    the client is not in skip-addresses
does not apply  srs-recipient     the recipient is not an SRS address of ours
does not apply  whitelist         the client is not in whitelist
does not apply  no-check          the options require an evaluation
does not apply  srs-sender        the sender is not an SRS address of ours
does not apply  helo              mx.relay.test: none, which is never refused
applies         mailfrom          fail.test: fail by -all, to be answered with 550 5.7.23
does not apply  spared            neither nat-guard, srs-sender nor an allow-list exempts the client
does not apply  sender-limit      the sender has reached no limit
action          reject
answer          550 5.7.23 SPF MAIL FROM check failed: 192.0.2.1 is not allowed to send mail for \
fail.test
''')

    def test_spared(self):
        for client, step in (('127.0.0.1', 'skip-addresses'), ('192.0.2.9', 'whitelist'),
                             ('10.0.0.1', 'spared')):
            with self.subTest(step):
                report = self.explain(client, 'a@fail.test', 'b@own.test')
                self.assertEqual([s['step'] for s in report['steps'] if s['applies']][-1], step)
                self.assertIn(report['action'], ('dunno', 'prepend'))
                self.assertIn(report['reason'], (step, 'nat-guard'))

    def test_literal_client(self):
        for client in '[192.0.2.1]', 'mx.pass.test[192.0.2.1]':
            self.assertEqual(self.explain(client, 'a@pass.test', 'b@own.test')['client'], CLIENT)


class Errors(Base):
    def check(self, error, *arguments):
        done = self.srsctl('explain', *arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertIn(error, done.stderr)

    def test_arguments(self):
        self.check("client: 'a@pass.test' is not an IP address; did you swap the client and the "
                   'sender?', 'a@pass.test', CLIENT, 'b@own.test')
        self.check("client: 'mx.test' is not an IP address\n", 'mx.test', 'a@x.test', 'b@own.test')
        self.check("sender: 'alice' is neither", CLIENT, 'alice', 'b@own.test')
        self.check("recipient: '<>' is not an address", CLIENT, 'a@x.test', '<>')
        self.check("helo: 'a@x.test' is not a host name", CLIENT, 'a@x.test', 'b@own.test',
                   'a@x.test')
        self.check('an argument is missing: CLIENT SENDER RECIPIENT', CLIENT, 'a@x.test')
        self.check("unexpected argument 'more'", CLIENT, 'a@x.test', 'b@own.test', 'mx.test', 'more')
        self.check('needs --message FILE', '--recipient', 'b@own.test', CLIENT, 'a@x.test',
                   'b@own.test')

    def test_no_daemon(self):
        done = run('-f', self.daemon.config, '-s', '/nowhere/socket', 'explain', CLIENT, 'a@x.test',
                   'b@own.test', program='srsctl')
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertIn('/nowhere/socket', done.stderr)


if __name__ == '__main__':
    tap.main()
