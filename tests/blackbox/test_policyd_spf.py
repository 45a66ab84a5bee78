#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The real policyd-spf and srsd, with the configuration that srsctl import makes of its files.

Both get the same requests, with the same DNS, and must do the same with the mail. policyd-spf (the
package python3-spf-engine) is started as Postfix's spawn(8) does, except that its DNS library asks
the server of the test. Without it the tests are skipped.
"""

import importlib.metadata
import itertools
import os
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.clients import Client, policy_request
from harness.daemon import Daemon, Folder, run
from harness.dns_server import SERVFAIL, DnsServer, reverse_name

# The program has no option for the DNS servers.
PROGRAM = '''
import sys
import dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = [sys.argv[2]]
resolver.port = int(sys.argv[3])
dns.resolver.default_resolver = resolver
from spf_engine.policyd_spf import main
main()
'''

RESULTS = ('pass', 'fail', 'softfail', 'neutral', 'none', 'permerror', 'temperror')
CLIENT = '192.0.2.1'

ZONE = {
    'pass.test': {'TXT': ['v=spf1 ip4:192.0.2.0/24 ip4:10.0.0.0/8 -all']},
    'fail.test': {'TXT': ['v=spf1 ip4:198.51.100.1 -all']},
    'nomail.test': {'TXT': ['v=spf1 -all']},
    'softfail.test': {'TXT': ['v=spf1 ~all']},
    'neutral.test': {'TXT': ['v=spf1 ?all']},
    'permerror.test': {'TXT': ['v=spf1 nonsense']},
    'temperror.test': SERVFAIL,
    'friend.test': {'TXT': ['v=spf1 ip4:192.0.2.7 -all']},
    'mx.friend.test': {'A': ['192.0.2.8']},
    reverse_name('192.0.2.9'): {'PTR': ['mta.yahoo.test']},
    'mta.yahoo.test': {'A': ['192.0.2.9']},
}

MAIN = '''\
debugLevel = 0
HELO_reject = Fail
Mail_From_reject = Fail
PermError_reject = False
TempError_Defer = False
skip_addresses = 127.0.0.0/8,::ffff:127.0.0.0/104,::1
Whitelist = 192.0.2.64/26
Header_Type = SPF
Lookup_Time = 20
Whitelist_Lookup_Time = 10
SPF_Enhanced_Status_Codes = Yes
'''

USERS = '''\
# One line for each customer.
strict@our.test,PermError_reject=True|HELO_reject=SPF_Not_Pass|Mail_From_reject=SPF_Not_Pass|TempError_Defer=True
softfail@our.test, Mail_From_reject=Softfail|HELO_reject=Softfail
lax@our.test,Mail_From_reject=False|HELO_reject=False
nothing@our.test,Mail_From_reject=No_Check|HELO_reject=No_Check
helo@our.test,Mail_From_reject=No_Check # only the HELO name
from@our.test,HELO_reject=No_Check|TempError_Defer=True
null@our.test,HELO_reject=Null
nomail@our.test,No_Mail=True
friends@our.test,Domain_Whitelist=friend.test|HELO_Whitelist=mx.friend.test|Domain_Whitelist_PTR=yahoo.test
relays@our.test,Whitelist=192.0.2.128/25
local@our.test,skip_addresses=127.0.0.0/8,192.0.2.7|Whitelist=192.0.2.8
picky@our.test,Reject_Not_Pass_Domains=neutral.test,softfail.test
message@our.test,Reason_Message=We do not want this: {spf}|TestOnly=1|debugLevel=0
typo@our.test,Mail_From_reject=softfail|PermError_reject=true|Helo_reject=False
Capital@our.test,Mail_From_reject=SPF_Not_Pass
twice@our.test,Mail_From_reject=False
twice@our.test,Mail_From_reject=SPF_Not_Pass
repeated@our.test,Mail_From_reject=Softfail|Mail_From_reject=False
'''

RECIPIENTS = sorted(set(re.findall(r'^(\S+@our\.test),', USERS, re.M))) + [
    'other@our.test', 'strict@elsewhere.test', 'capital@our.test', 'STRICT@Our.test']


def policyd_spf_is_missing():
    done = subprocess.run([sys.executable, '-c', 'import spf_engine, dns.resolver, spf'],
                          stderr=subprocess.DEVNULL, check=False)
    return done.returncode != 0


def lists_work():
    """HELO_Whitelist and Domain_Whitelist_PTR have no effect in policyd-spf 2.9."""
    return int(importlib.metadata.version('spf-engine').split('.')[0]) >= 3


def helo_names():
    """Of clients for which lists are compared."""
    return ('none.test', 'mx.friend.test') if lists_work() else ('none.test',)


def listed_clients():
    """One in each list."""
    return ('192.0.2.7', '192.0.2.8', '192.0.2.9') if lists_work() else ('192.0.2.7', '192.0.2.8')


class PolicydSpf:
    """policyd-spf with a configuration file, on its standard input and output."""

    def __init__(self, config, dns):
        host, _, port = dns.address.partition(':')
        # With Mock, it does not flush its answers: -u.
        self.process = subprocess.Popen([sys.executable, '-u', '-c', PROGRAM, config, host, port],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def ask(self, **attributes):
        self.process.stdin.write(policy_request(**attributes))
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line.startswith(b'action=') or self.process.stdout.readline() != b'\n':
            raise AssertionError('policyd-spf has ended at %r' % attributes)
        return line[7:-1].decode()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def outcome(action):
    """What happens to the mail: 'accepted', the class, or the code of the refusal."""
    if re.match('(?i)(prepend |dunno)', action):
        return 'accepted'
    code = re.match(r'(550|451|defer_if_permit) ([45]\.7\.\d+) ', action)
    if code:
        return code[2]
    if re.fullmatch(r'\w+', action):
        return action
    raise AssertionError('unknown action %r' % action)


def shown(action):
    """The result of MAIL FROM in the header; None without such a header."""
    found = re.match(r'(?i)prepend Received-SPF: (\w+) \(.*identity=mailfrom', action)
    return found and found[1].lower()


class Comparison(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if policyd_spf_is_missing():
            raise unittest.SkipTest('python3-spf-engine is not installed')
        cls.dns = DnsServer(ZONE).start()
        cls.addClassCleanup(cls.dns.stop)

    def setUp(self):
        self.instances = itertools.count(1)

    def both(self, text, users=None):
        """Start both with this configuration; srsd with what srsctl import makes of it."""
        folder = Folder()
        self.addCleanup(folder.remove)
        if users is not None:
            text += 'Per_User = text,%s\n' % folder.file('users', users)
        path = folder.file('policyd-spf.conf', text)
        imported = run('-f', folder.path + '/none.conf', 'import', path, program='srsctl',
                       user=False)
        self.assertIn(imported.returncode, (0, 1), imported.stderr)     # 1: a LOSS is marked
        daemon = Daemon(dns=self.dns)
        daemon.options['spf'] = None
        daemon.text = imported.stdout
        daemon.start()
        self.addCleanup(daemon.__exit__, None)
        theirs = PolicydSpf(path, self.dns)
        self.addCleanup(theirs.close)
        ours = Client(daemon.addresses['policy'])
        self.addCleanup(ours.close)
        return theirs, ours

    def compare(self, pair, differs=lambda request: False, **request):
        theirs, ours = pair
        request = {'client_address': CLIENT, 'helo_name': 'none.test',
                   'instance': 'i%d' % next(self.instances), **request}
        ours.send(policy_request(**request))
        line = ours.reader.readline().decode()
        self.assertEqual(ours.reader.readline(), b'\n')
        want, got = theirs.ask(**request), line[len('action='):-1]
        if differs(request):
            self.assertNotEqual(outcome(got), outcome(want), (request, want, got))
            return
        self.assertEqual(outcome(got), outcome(want), (request, want, got))
        if shown(got) and shown(want):
            self.assertEqual(shown(got), shown(want), (request, want, got))

    def test_recipients(self):
        """Each of them, with every result of HELO and of MAIL FROM."""
        pair = self.both(MAIN, USERS)
        senders = [''] + ['a@%s.test' % result for result in RESULTS + ('nomail',)]
        for recipient, sender, helo in itertools.product(RECIPIENTS, senders, RESULTS):
            self.compare(pair, recipient=recipient, sender=sender, helo_name=helo + '.test')

    def test_lists(self):
        pair = self.both(MAIN, USERS)
        clients = (*listed_clients(), '192.0.2.1', '192.0.2.70', '192.0.2.130', '127.0.0.1')
        for recipient, client in itertools.product(RECIPIENTS, clients):
            for helo in helo_names():
                self.compare(pair, recipient=recipient, client_address=client, helo_name=helo,
                             sender='a@fail.test')

    def test_whole_configuration(self):
        """The options of the manual, none of which is at its default."""
        pair = self.both('''\
HELO_reject = Softfail
Mail_From_reject = SPF_Not_Pass
PermError_reject = True
TempError_Defer = True
skip_addresses = 127.0.0.0/8,10.0.0.0/8
Whitelist = 192.0.2.64/26
HELO_Whitelist = mx.friend.test
Domain_Whitelist = friend.test
Domain_Whitelist_PTR = yahoo.test
Reject_Not_Pass_Domains = neutral.test
Header_Type = SPF
Hide_Receiver = Yes
Authserv_Id = mx.our.test
Lookup_Time = 10
Whitelist_Lookup_Time = 5
Void_Limit = 3
Reason_Message = No: {spf}
''')
        for helo, result in itertools.product(RESULTS, RESULTS):
            self.compare(pair, sender='a@%s.test' % result, helo_name=helo + '.test')
        for client, helo in itertools.product(
                (*listed_clients(), '192.0.2.64', '10.1.1.1', '127.0.0.1'),
                helo_names()):
            self.compare(pair, sender='a@fail.test', client_address=client, helo_name=helo)

    def test_class_of_mail_from(self):
        pair = self.both(MAIN + 'Mail_From_pass_restriction = passed_spf\n')
        for sender, helo in itertools.product([''] + list(RESULTS), RESULTS):
            self.compare(pair, sender=sender and 'a@%s.test' % sender, helo_name=helo + '.test')

    def test_class_of_helo(self):
        """The two cases that differ: policyd-spf lets mail in that MAIL FROM refuses, and answers
        with the class of MAIL FROM, 'None', if that passes."""
        pair = self.both(MAIN + 'HELO_pass_restriction = passed_helo\n')
        for sender, helo in itertools.product([''] + list(RESULTS), RESULTS):
            self.compare(pair, lambda request: request['helo_name'] == 'pass.test' and
                         request['sender'] in ('a@fail.test', 'a@pass.test'),
                         sender=sender and 'a@%s.test' % sender, helo_name=helo + '.test')

    def test_classes_of_both(self):
        pair = self.both(MAIN + 'HELO_pass_restriction = passed_helo\n'
                         'Mail_From_pass_restriction = passed_spf\n')
        for sender, helo in itertools.product([''] + list(RESULTS), RESULTS):
            self.compare(pair, lambda request: request['helo_name'] == 'pass.test' and
                         request['sender'] == 'a@fail.test',
                         sender=sender and 'a@%s.test' % sender, helo_name=helo + '.test')

    def test_traps(self):
        """Values that policyd-spf does not apply as they look, and srsd as policyd-spf does."""
        for line in ('HELO_reject = fail', 'Mail_From_reject = softfail', 'Mail_From_reject = Null',
                     'PermError_reject = true', 'TempError_Defer = yes', 'No_Mail = true',
                     'Whitelist = 192.0.2.128/25, 192.0.2.0/24', 'Whitelist = 192.0.2.1/24',
                     'Domain_Whitelist = a.test, friend.test', 'TestOnly = 0', 'Mock = False',
                     'defaultSeedOnly = 0', 'helo_reject = False', 'Per_User = text,/nowhere'):
            with self.subTest(line):
                pair = self.both(re.sub('(?m)^%s =.*\n' % line.split()[0], '', MAIN) + line + '\n')
                for result, helo in itertools.product(RESULTS, ('none', 'fail', 'permerror')):
                    self.compare(pair, sender='a@%s.test' % result, helo_name=helo + '.test')
                for client in '192.0.2.7', '192.0.2.64', '192.0.2.130':
                    self.compare(pair, sender='a@fail.test', client_address=client)


if __name__ == '__main__':
    tap.main()
