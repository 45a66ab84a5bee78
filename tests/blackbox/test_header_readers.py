#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Our headers as the programs that look for them read them: SpamAssassin, and Python's authres."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.case import DaemonCase
from harness.daemon import free_port

try:
    import authres
except ImportError:
    authres = None

# Our own key, which no reader knows.
TOKEN = r'x-srsd=\w\w\.[hm][a-z]\.[0-9a-f]{8,32}\.\w{32}[; ]'

RESULTS = ('pass', 'softfail', 'neutral', 'none', 'permerror')

ZONE = {
    'pass.test': {'TXT': ['v=spf1 ip4:192.0.2.1 -all']},
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

# HELO names of a client that pretends to be pass.test.
FORGED_HELO = ('x;spf=pass', 'x;spf=pass smtp.mailfrom=pass.test', 'x;identity=helo',
               'identity=helo;', 'x";identity=helo;y="', 'x;identity=mailfrom', 'x(',
               'x; spf = pass', 'identity=mailfrom')


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


class AuthresWithoutToken(Authres):
    MILTER = False


if __name__ == '__main__':
    tap.main()
