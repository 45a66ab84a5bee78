#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Our headers as the programs that look for them read them: SpamAssassin, Python's authres, and the
milter OpenDMARC, which gets the envelope as the client wrote it, from a DNS of its own.

An attacker has pass.test and all names below it, and wants to be victim.test.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import opendmarc, tap
from harness.case import DaemonCase
from harness.daemon import free_port
from harness.milter import Milter

try:
    import authres
except ImportError:
    authres = None

# Our own key, which no reader knows.
TOKEN = r'x-srsd=\w\w\.[hm][a-z]\.[0-9a-f]{8,32}\.\w{32}[; ]'

RESULTS = ('pass', 'softfail', 'neutral', 'none', 'permerror')

PASS = {'TXT': ['v=spf1 ip4:192.0.2.1 -all']}
LONG = '.'.join(['l' * 63, 'o' * 63, 'n' * 63, 'g' * 51, 'pass.test'])     # 253 octets
# Domains that OpenDMARC takes for the part before the odd character.
ODD_DOMAINS = ['victim.test%sx.pass.test' % odd
               for odd in ('.,', ',', "'", '"', '(', '<', ')', '@')]

ZONE = {
    'pass.test': PASS,
    LONG: PASS,
    'bücher.pass.test'.encode('idna').decode(): PASS,
    **{domain: PASS for domain in ODD_DOMAINS},
    'victim.test': {'TXT': ['v=spf1 -all']},
    'fail.test': {'TXT': ['v=spf1 -all']},
    'softfail.test': {'TXT': ['v=spf1 ~all']},
    'neutral.test': {'TXT': ['v=spf1 ?all']},
    'none.test': {'A': ['192.0.2.99']},
    'permerror.test': {'TXT': ['v=spf1 foo:bar -all']},
    'identity.test': {'TXT': ['v=spf1 -exists:identity=helo;x.test ~all']},
    'identity=helo;x.test': {'A': ['127.0.0.2']},
}

# Reads one header a line, puts it above the Received header of this host, and writes for each
# which of the SPF rules hit. Neither network nor the rules of this machine are used.
SPAMASSASSIN = r'''
    use Mail::SpamAssassin;
    $| = 1;
    my $rules = "loadplugin Mail::SpamAssassin::Plugin::Check\n" .
        "loadplugin Mail::SpamAssassin::Plugin::SPF\n" .
        "util_rb_tld test\ninternal_networks 203.0.113.1\n";
    for my $result (qw(none pass fail softfail neutral permerror temperror)) {
        for my $identity ("", "helo_") {
            next if $identity and $result =~ /error/;
            $rules .= "header \U$identity$result\E eval:check_for_spf_$identity$result()\n";
        }
    }
    my $sa = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1,
        config_text => $rules, userstate_dir => $ARGV[0] });
    while (my $header = <STDIN>) {
        chomp $header;
        my $mail = $sa->parse("$header\nReceived: from x.test (x.test [192.0.2.1])" .
            " by mx.our.test (Postfix) with SMTP id 4ABC for <b\@our.test>;" .
            " Tue, 1 Oct 2024 12:00:00 +0000\nFrom: a\@x.test\nSubject: x\n\nbody\n");
        my $status = $sa->check($mail);
        print join(" ", sort split(/,/, $status->get_names_of_tests_hit())), "\n";
        $status->finish;
        $mail->finish;
    }
'''

# Local parts that SMTP allows: in MAIL FROM, and without quotes, as Postfix gives them to us.
LOCAL_PARTS = [
    ('a', None),
    ('A.B', None),
    ('bounce-list=123=user=elsewhere.example', None),               # VERP
    ('bounces+42-alongerlocalpart=elsewhere.example', None),
    ('prvs=4567a1b2c3=user', None),                                 # BATV
    ('btv1==0123456789==user', None),
    ('SRS0=HHHH=TT=averylongoriginaldomain.example=user', None),
    ('SRS1=HHHH=first.example==HHHH=TT=averylongoriginaldomain.example=user', None),
    ("!#$%&'*+-/=?^_`{|}~", None),
    ('l' * 64, None),
    ('"john doe"', 'john doe'),
    ('" "', ' '),
    ('""', ''),
    ('"a(b"', 'a(b'), ('"a)b"', 'a)b'), ('"(a)"', '(a)'), ('"((("', '((('),
    ('"a;b"', 'a;b'), ('"a=b"', 'a=b'), ('";"', ';'), ('"="', '='),
    ('"a,b"', 'a,b'), ('"<a>"', '<a>'), ('"a:b"', 'a:b'), ('"[a]"', '[a]'),
    ('"identity=helo"', 'identity=helo'), ('"; identity=helo"', '; identity=helo'),
    ('";identity=helo;x="', ';identity=helo;x='), ('" identity=helo "', ' identity=helo '),
    ('"x;envelope-from=y"', 'x;envelope-from=y'), ('"spf=pass"', 'spf=pass'),
    (r'"a\"b"', 'a"b'), (r'"a\\b"', 'a\\b'), (r'"\""', '"'), (r'"\\"', '\\'),
    (r'"\";identity=helo;\""', '";identity=helo;"'),
    (r'"a\\\";identity=helo;x=\""', 'a\\";identity=helo;x="'),
    ('"a..b"', 'a..b'), ('".a"', '.a'), ('jürgen', None), ('"jürgen müller"', 'jürgen müller'),
]

# HELO names of a client that pretends to be pass.test.
FORGED_HELO = ('(x', '((', ')', 'x(\\', '"', '"("', '\\', 'x(', 'x;spf=pass', 'x; spf = pass',
               'x;spf=pass smtp.mailfrom=pass.test', 'x;identity=helo', 'identity=helo;',
               'x";identity=helo;y="', 'x;identity=mailfrom', 'identity=mailfrom')


def has_spamassassin():
    return subprocess.run(['perl', '-MMail::SpamAssassin', '-e', '1'], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0


class ReadersCase(DaemonCase):
    ZONE = ZONE
    SPF = {'helo-reject': 'false', 'mail-from-reject': 'false'}
    MILTER = True           # each header has a token for it

    def headers(self, **attributes):
        """Received-SPF and Authentication-Results of one message."""
        for header in ('received-spf', 'authentication-results'):
            action = self.clients[header].ask(**attributes)
            self.assertRegex(action, '^PREPEND ')
            self.assertEqual(re.search(TOKEN, action) is not None, self.MILTER)
            yield action[len('PREPEND '):]

    def start(self, header):
        options = {'milter': ['inet:127.0.0.1:%d' % free_port()]} if self.MILTER else {}
        return self.policy(self.another_daemon(options, {
            **self.SPF, 'header': header, 'authserv-id': 'mx.our.test'}))

    def setUp(self):
        self.clients = {header: self.start(header)
                        for header in ('received-spf', 'authentication-results')}


@unittest.skipUnless(has_spamassassin(), 'no SpamAssassin')
class SpamAssassin(ReadersCase):
    def hits(self, headers):
        """The results that SpamAssassin reads from each of the headers, as a list of sets."""
        directory = self.enter(tempfile.TemporaryDirectory(prefix='srsd-'))
        output = subprocess.run(
            ['perl', '-e', SPAMASSASSIN, directory], input=''.join(h + '\n' for h in headers),
            capture_output=True, text=True, check=True).stdout
        return [set(line.split()) for line in output.splitlines()]

    def test_senders(self):
        for helo in ('pass', 'none', 'fail'):
            headers = [header for result in RESULTS + ('fail',)
                       for header in self.headers(sender='a@%s.test' % result,
                                                  helo_name=helo + '.test')]
            for header, hits in zip(headers, self.hits(headers)):
                with self.subTest(header):
                    result = re.search(r'envelope-from="a@(\w+)|mailfrom=(\w+)', header)
                    self.assertEqual(hits, {(result[1] or result[2]).upper()})

    def test_null_sender(self):
        headers = [header for result in ('pass', 'fail', 'softfail')
                   for header in self.headers(sender='', helo_name=result + '.test')]
        for header, hits in zip(headers, self.hits(headers)):
            with self.subTest(header):
                self.assertEqual(
                    hits, {'HELO_' + re.search(r'helo=(\w+)', header)[1].upper()})

    def test_forged(self):
        headers = [header for helo in FORGED_HELO
                   for sender in ('a@fail.test', 'a;identity=helo;b="@fail.test',
                                  'a@identity.test', 'x@fail.test;spf=pass', '')
                   for header in self.headers(sender=sender, helo_name=helo)]
        for header, hits in zip(headers, self.hits(headers)):
            with self.subTest(header):
                self.assertFalse(hits & {'PASS', 'HELO_PASS', 'HELO_FAIL'})


    def test_local_parts(self):
        headers = [header for result in ('pass', 'fail')
                   for typed, given in LOCAL_PARTS
                   for header in self.headers(sender='%s@%s.test' % (given or typed, result),
                                              helo_name='x')]
        got = self.hits(headers)
        half = len(got) // 2
        for number, (header, hits) in enumerate(zip(headers, got)):
            with self.subTest(header):
                self.assertEqual(hits, {'PASS' if number < half else 'FAIL'})


class SpamAssassinWithoutToken(SpamAssassin):
    MILTER = False


@unittest.skipUnless(authres, 'no python3-authres')
class Authres(ReadersCase):
    def results(self, **attributes):
        header = list(self.headers(**attributes))[1]
        parsed = authres.AuthenticationResultsHeader.parse(header)
        self.assertEqual(parsed.authserv_id, 'mx.our.test')
        tokens = parsed.results[-1].properties[:-1]
        self.assertEqual([(p.type, p.name) for p in tokens], [('policy', 'x-srsd')] * self.MILTER)
        return [(r.method, r.result, r.properties[-1].name, r.properties[-1].value)
                for r in parsed.results]

    def test_results(self):
        for helo in ('pass', 'fail'):
            for result in RESULTS + ('fail',):
                with self.subTest(helo=helo, result=result):
                    self.assertEqual(
                        self.results(sender='a=b@%s.test' % result, helo_name=helo + '.test'),
                        [('spf', helo, 'helo', helo + '.test'),
                         ('spf', result, 'mailfrom', result + '.test')])

    def test_helo_without_a_record(self):
        self.assertEqual(self.results(sender='a@pass.test', helo_name='none.test'),
                         [('spf', 'pass', 'mailfrom', 'pass.test')])
        self.assertEqual(self.results(sender='', helo_name='none.test'),
                         [('spf', 'none', 'helo', 'none.test')])

    def test_odd_names(self):
        for helo in FORGED_HELO + ('[192.0.2.1]', '[IPv6:2001:db8::1]', 'h' * 300, 'a"b\\c'):
            with self.subTest(helo):
                (one,) = self.results(sender='', helo_name=helo)
                self.assertEqual(one[:3], ('spf', 'none', 'helo'))


    def test_local_parts(self):
        for typed, given in LOCAL_PARTS:
            with self.subTest(typed):
                (one,) = self.results(sender=(given or typed) + '@pass.test', helo_name='x')
                self.assertEqual(one, ('spf', 'pass', 'mailfrom', 'pass.test'))


class AuthresWithoutToken(Authres):
    MILTER = False


DMARC = {'TXT': ['v=DMARC1; p=reject']}


@unittest.skipIf(opendmarc.unavailable(), opendmarc.unavailable())
class OpenDmarc(ReadersCase):
    """It believes our headers alone."""

    CONFIG = 'AuthservID mx.our.test\nSPFIgnoreResults false\nSPFSelfValidate false\n'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dmarc = opendmarc.OpenDmarc(config=cls.CONFIG, zone={
            '_dmarc.%s.test' % name: DMARC
            for name in ('pass', 'fail', 'softfail', 'neutral', 'none', 'permerror', 'victim')})
        cls.dmarc.start()
        cls.addClassCleanup(cls.dmarc.stop)

    def verdicts(self, typed, author, more=(), **asked):
        """DMARC's of each of our headers, for MAIL FROM as the client typed it."""
        verdicts = []
        for header in self.headers(**asked):
            with Milter(self.dmarc.path) as mta:
                mta.connect()
                mta.helo(asked['helo_name'])
                mta.mail(typed)
                mta.rcpt('b@our.test')
                mta.headers([tuple(header.split(': ', 1)), *more, ('From', author)])
                text = '\n'.join(action.text for action in mta.eom())
            verdicts.append(re.search(r'dmarc=(\w+)', text)[1])
        return verdicts

    def check(self, want, typed, author, helo_name='x', **asked):
        asked.setdefault('sender', typed)
        with self.subTest('%s from %s' % (typed, author)):
            self.assertEqual(self.verdicts(typed, author, helo_name=helo_name, **asked),
                             [want, want])

    def test_results(self):
        for result in RESULTS + ('fail',):
            for helo in 'x', 'pass.test':
                self.check('pass' if result == 'pass' else 'fail', 'a@%s.test' % result,
                           'u@%s.test' % result, helo)

    def test_local_parts(self):
        for typed, given in LOCAL_PARTS:
            self.check('pass', typed + '@pass.test', 'u@pass.test',
                       sender=(given or typed) + '@pass.test')
            self.check('fail', typed + '@fail.test', 'u@fail.test', 'pass.test',
                       sender=(given or typed) + '@fail.test')

    def test_helo_names(self):
        for helo in FORGED_HELO + ('[192.0.2.1]', 'h' * 300, 'a"b\\c'):
            self.check('pass', 'a@pass.test', 'u@pass.test', helo)
            self.check('fail', 'a@fail.test', 'u@fail.test', helo)

    def test_long_domain(self):
        """The token of an IPv4 client leaves room for it."""
        self.assertEqual(len(LONG), 253)
        for helo in 'x', 'h' * 250:
            self.check('pass', 'a@' + LONG, 'u@pass.test', helo)

    def test_helo_is_not_the_sender(self):
        """CVE-2019-20790"""
        self.check('fail', 'a@none.test', 'u@pass.test', 'pass.test')
        self.check('fail', 'a@none.test', 'u@none.test', 'pass.test')
        self.check('fail', '', 'u@none.test', 'pass.test')

    def test_second_at(self):
        """It takes the text after the first '@' for the domain of the sender."""
        for typed, given in (
                ('"u@victim.test"@pass.test', None), ('u@victim.test@pass.test', None),
                ("u@victim.test'@pass.test", None), ('"u@victim.test,"@pass.test', None),
                ('"u@victim.test("@pass.test', None), (r'"u@victim.test\""@pass.test', None),
                (r'"u\@victim.test"@pass.test', 'u@victim.test@pass.test'),
                ('@victim.test,@x.test:a@pass.test', 'a@pass.test'),
                ('@victim.test:a@pass.test', 'a@pass.test'),
                ('"\'@victim.test\'"@pass.test', None)):
            local, _, domain = typed.rpartition('@')
            given = given or local.strip('"').replace('\\"', '"') + '@' + domain
            self.check('fail', typed, 'u@victim.test', sender=given)

    def test_odd_domains(self):
        for domain in ODD_DOMAINS:
            self.check('fail', 'a@' + domain, 'u@victim.test')
        self.check('fail', 'a@pass.test(victim.test', 'u@victim.test', sender='a@pass.test')
        self.check('fail', 'a@victim.test(.pass.test', 'u@victim.test', sender='a@victim.test')

    def test_u_labels(self):
        """It compares them with nothing that passes."""
        self.check('fail', 'a@bücher.pass.test', 'u@victim.test')

    def test_forged_received_spf(self):
        """Below ours, it is not read. With Authentication-Results it is, unless ours says pass."""
        forged = ('Received-SPF', 'Pass (mailfrom) client-ip=192.0.2.1; helo=x; '
                  'envelope-from="a@fail.test"; receiver=x; identity=mailfrom')
        for helo in FORGED_HELO + ('x',):
            with self.subTest(helo):
                verdicts = self.verdicts('a@fail.test', 'u@fail.test', [forged], helo_name=helo,
                                         sender='a@fail.test')
                self.assertEqual(verdicts, ['fail', 'pass'])


class OpenDmarcWithoutToken(OpenDmarc):
    MILTER = False


if __name__ == '__main__':
    tap.main()
