#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The two SRS maps over tcp_table: rewritten addresses, refused ones, and the reasons."""

import os
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs, tap
from harness.case import DaemonCase
from harness.daemon import SECRET, Daemon

DOMAIN = 'srs.test'
PLAIN = {'hash-avoid-slash': False}     # so that each answer has one possible stamp


class Forward(DaemonCase):
    OPTIONS = {**PLAIN, 'domains': ['our.test', '.sub.test']}

    def rewritten(self, address, signed=None):
        """The answer for an address that must come out as SRS0 of signed with today's stamp."""
        client = self.forward()
        got, want = srs.on_one_day(lambda day: (
            client.address(address), srs.srs0(signed or address, SECRET, DOMAIN, day)))
        self.assertEqual(got, want)

    def test_rewritten(self):
        for address in (
                'alice@origin.test',
                'Alice.Smith@Origin.TEST',
                'a=b@origin.test',
                '=@origin.test',
                'alice+tag@sub.origin.test',
                "!#$%&'*+/=?^_`{|}~-@origin.test",
                'x@1.2.test',
                'x@xn--bcher-kva.test',
                'x@a-b.test',
                'alice@notour.test',
                'alice@our.test.org',
                'alice@sub.test',               # '.sub.test' means what is below it
                'alice@sub.srs.test',
                'SRS0@origin.test',             # no separator: an ordinary user of that name
                'SRS1@origin.test',
                'SRS0abc@origin.test',
                'SRS2=abcd@origin.test',
                'srs@origin.test',
        ):
            with self.subTest(address):
                self.rewritten(address)

    def test_quoted(self):
        for address in (
                '"john doe"@origin.test',
                '"a@b"@origin.test',
                '"a\\"b"@origin.test',
                '"a\\\\b"@origin.test',
                '"a..b"@origin.test',
                '"a."@origin.test',
                '".a"@origin.test',             # unquoted behind 'SRS0=...='
                '"<>(),:;"@origin.test',
        ):
            with self.subTest(address):
                self.rewritten(address)

    def test_needless_quotes(self):
        client = self.forward()
        plain, quoted, folded = srs.on_one_day(lambda day: (
            client.address('alice@origin.test'), client.address('"alice"@origin.test'),
            client.address('"al\\ice"@origin.test')))
        self.assertEqual(quoted, plain)
        self.assertEqual(folded, plain)

    def test_beyond_ascii(self):
        for address in ('jürgen@origin.test', '"jürgen x"@origin.test'):
            with self.subTest(address):
                self.rewritten(address)

    def test_hosts_beyond_ascii(self):
        """The host goes in as an A-label."""
        for address, signed in (('用户@例子.test', '用户@xn--fsqu00a.test'),
                                ('alice@bücher.test', 'alice@xn--bcher-kva.test')):
            with self.subTest(address):
                self.rewritten(address, signed)

    def test_raw_8bit_key(self):
        client = self.forward()
        encoded = client.address('jürgen@origin.test')
        client.send('get jürgen@origin.test\n'.encode())
        self.assertEqual(client.reply(), '200 ' + encoded)

    def test_left_alone(self):
        for address, reason in (
                ('alice@our.test', 'local domain'),
                ('alice@OUR.test', 'local domain'),
                ('"john doe"@our.test', 'local domain'),
                ('alice@a.sub.test', 'local domain'),
                ('alice@a.b.SUB.test', 'local domain'),
                ('alice@srs.test', 'local domain'),
                ('alice@Srs.Test', 'local domain'),
                ('""', 'null sender'),
                ('alice', 'not an address'),
                ('@origin.test', 'not an address'),
                ('""@origin.test', 'not an address'),
                ('alice@', 'not an address'),
                ('@', 'not an address'),
                ('alice@origin..test', 'not an address'),
                ('alice@.test', 'not an address'),
                ('alice@ori gin.test', 'not an address'),
                ('alice@ori_gin!.test', 'not an address'),
                ('alice@origin=x.test', 'not an address'),
                ('alice@origin/x.test', 'not an address'),
                ('ali\x01ce@origin.test', 'not an address'),
                ('ali\nce@origin.test', 'not an address'),
                ('ali\0ce@origin.test', 'not an address'),
                ('"ali\rce"@origin.test', 'not an address'),
                ('alice@origin.test\n', 'not an address'),
                ('alice@origin.test\0', 'not an address'),
                ('alice@ori\x7fgin.test', 'not an address'),
                ('"alice@origin.test', 'not an address'),
                ('"alice\\"@origin.test', 'not an address'),
        ):
            with self.subTest(repr(address)):
                self.assertEqual(self.forward().get(address), '500 ' + reason)

    def test_length(self):
        """254 octets is the longest address there is; the rewritten one counts."""
        overhead = len('SRS0=hhhh=TT=' + '=' + '@' + DOMAIN)
        host = 'origin.test'
        fits = 'x' * (254 - overhead - len(host)) + '@' + host
        client = self.forward()
        self.assertEqual(len(client.address(fits)), 254)
        self.assertEqual(client.get('x' + fits), '500 too long')

    def test_long_local_part_is_made(self):
        """More than the 64 octets of RFC 5321, which most receivers take all the same."""
        self.rewritten('x' * 64 + '@origin.test')

    def test_repeated_question(self):
        """cleanup(8) asks again with each answer, until it is not found."""
        client = self.forward()
        for address in ('alice@origin.test', '"john doe"@origin.test',
                        'SRS0=abcd=AA=first.test=alice@hop.test'):
            with self.subTest(address):
                self.assertEqual(client.get(client.address(address)), '500 already ours')

    def test_already_ours_in_any_case(self):
        client = self.forward()
        address = client.address('alice@origin.test')
        self.assertEqual(client.get(address.lower()), '500 already ours')
        self.assertEqual(client.get(address.upper()), '500 already ours')

    def test_forged_address_of_ours_is_not_wrapped(self):
        answer = self.forward().get('SRS0=xxxx=AA=origin.test=alice@srs.test')
        self.assertRegex(answer, '^500 ')

    def test_foreign_srs(self):
        for address in (
                'SRS0=abcd=AA=first.test=alice@hop.test',
                'SRS0+abcd=AA=first.test=alice@hop.test',
                'SRS0-abcd=AA=first.test=alice@hop.test',
                'srs0=abcd=AA=first.test=alice@hop.test',
                'SRS0=opaque+string@hop.test',
                'SRS0=x@hop.test',
                '"SRS0=abcd=AA=first.test=john doe"@hop.test',
                'SRS1=abcd=first.test==efgh=AA=zero.test=alice@hop.test',
                'SRS1+abcd=first.test=+efgh=AA=zero.test=alice@hop.test',
                'SRS1-abcd=first.test=-opaque@hop.test',
                'srs1=abcd=First.test==opaque@hop.test',
        ):
            with self.subTest(address):
                self.assertEqual(self.forward().address(address),
                                 srs.srs1(address, SECRET, DOMAIN))

    def test_no_growth_with_hops(self):
        client = self.forward()
        first = client.address('SRS0=abcd=AA=first.test=alice@hop1.test')
        second = client.address(first.rpartition('@')[0] + '@hop2.test')
        self.assertEqual(second, first)

    def test_malformed_foreign_srs1(self):
        """Nothing to unwrap: whatever is answered, it is no temporary error and loses nothing."""
        for local in ('SRS0=', 'SRS1=', 'SRS1=abcd', 'SRS1=abcd=first.test', 'SRS1===',
                      'SRS1=abcd=first.test=x'):
            with self.subTest(local):
                answer = self.forward().get(local + '@hop.test')
                self.assertRegex(answer, '^(200 SRS[01]=|500 )')
                if answer.startswith('200 SRS0'):
                    self.assertEqual(self.reverse().address(answer[4:]), local + '@hop.test')


class ForwardOptions(DaemonCase):
    def answer(self, address, options, **signing):
        """The answer with these options, and the address that the tests would sign."""
        daemon = self.another_daemon({**PLAIN, **options})
        client = self.forward(daemon)
        return srs.on_one_day(lambda day: (
            client.get(address), '200 ' + srs.srs0(address, SECRET, DOMAIN, day, **signing)))

    def test_separator(self):
        for separator in '=+-':
            with self.subTest(separator):
                got, want = self.answer('alice@origin.test', {'separator': separator},
                                        separator=separator)
                self.assertEqual(got, want)

    def test_hash_length(self):
        for length in (4, 8, 27):
            with self.subTest(length):
                got, want = self.answer('alice@origin.test', {'hash-length': length}, length=length)
                self.assertEqual(got, want)

    def test_always_rewrite(self):
        got, want = self.answer('alice@our.test', {'always-rewrite': True, 'domains': ['our.test']})
        self.assertEqual(got, want)

    def test_always_rewrite_srs_domain(self):
        got, want = self.answer('alice@srs.test', {'always-rewrite': True})
        self.assertEqual(got, want)

    def test_always_rewrite_spares_our_srs(self):
        daemon = self.another_daemon({**PLAIN, 'always-rewrite': True})
        client = self.forward(daemon)
        for address in ('alice@srs.test', 'SRS0=abcd=AA=first.test=alice@hop.test'):
            with self.subTest(address):
                self.assertEqual(client.get(client.address(address)), '500 already ours')

    def test_srs_domain_defaults_to_the_first_domain(self):
        daemon = self.another_daemon(
            {**PLAIN, 'srs-domain': None, 'domains': ['.sub.test', 'first.test', 'second.test']})
        self.assertRegex(self.forward(daemon).address('alice@origin.test'), '@first.test$')

    def test_domains_file(self):
        daemon = Daemon({**PLAIN, 'domains': ['our.test']})
        daemon.options['domains-file'] = daemon.folder.file(
            'domains', '# ours\nfile.test\n\n  .below.test  # what is below\nLAST.test')
        self.enter(daemon)
        for address, want in (('a@our.test', '500 '), ('a@file.test', '500 '),
                              ('a@x.below.test', '500 '), ('a@last.test', '500 '),
                              ('a@below.test', '200 '), ('a@sub.file.test', '200 ')):
            with self.subTest(address):
                self.assertEqual(self.forward(daemon).get(address)[:4], want)

    def test_several_secrets(self):
        daemon = self.another_daemon(PLAIN, secrets=('new one', SECRET))
        forward, reverse = self.forward(daemon), self.reverse(daemon)
        for secret in ('new one', SECRET):
            with self.subTest(secret):
                address = srs.srs0('alice@origin.test', secret, DOMAIN, srs.today())
                self.assertEqual(reverse.get(address), '200 alice@origin.test')
                self.assertEqual(forward.get(address), '500 already ours')
        got, want = srs.on_one_day(lambda day: (
            forward.address('alice@origin.test'),
            srs.srs0('alice@origin.test', 'new one', DOMAIN, day)))
        self.assertEqual(got, want)


class AvoidSlash(DaemonCase):
    """The default: yesterday's stamp rather than a '/' or '+' in the hash."""

    def test_hundreds_of_addresses(self):
        forward, reverse = self.forward(), self.reverse()
        earlier = 0
        for number in range(400):
            address = 'user%d@origin.test' % number
            got, plain, want = srs.on_one_day(lambda day: (
                forward.address(address), srs.srs0(address, SECRET, DOMAIN, day),
                srs.srs0_without_slash(address, SECRET, DOMAIN, day)))
            self.assertEqual(got, want)
            self.assertEqual(reverse.get(got), '200 ' + address)
            earlier += got != plain
        self.assertGreater(earlier, 0)


class Reverse(DaemonCase):
    OPTIONS = {**PLAIN, 'hash-length': 6, 'hash-minimum': 4}
    SECRETS = (SECRET, 'second secret')

    def signed(self, address='alice@origin.test', age=0, secret=SECRET, **options):
        return srs.srs0(address, secret, DOMAIN, srs.today() - age, **options)

    def test_valid(self):
        for name, address, want in (
                ('plain', self.signed(), 'alice@origin.test'),
                ('second secret', self.signed(secret='second secret'), 'alice@origin.test'),
                ('folded to lower case', self.signed().lower(), 'alice@origin.test'),
                ('folded to upper case', self.signed().upper(), 'ALICE@ORIGIN.TEST'),
                ('case kept', self.signed('Alice@Origin.test'), 'Alice@Origin.test'),
                ('separator +', self.signed(separator='+'), 'alice@origin.test'),
                ('separator -', self.signed(separator='-'), 'alice@origin.test'),
                ('user with =', self.signed('a=b=c@origin.test'), 'a=b=c@origin.test'),
                ('hash of the minimum', self.signed(length=4), 'alice@origin.test'),
                ('hash of 5', self.signed(length=5), 'alice@origin.test'),
                ('longer hash', self.signed(length=10), 'alice@origin.test'),
                ('whole hash', self.signed(length=27), 'alice@origin.test'),
                ('trailing dot', self.signed() + '.', 'alice@origin.test'),
                ('quoted', self.signed('"john doe"@origin.test'), '"john doe"@origin.test'),
                ('quoted @', self.signed('"a@b"@origin.test'), '"a@b"@origin.test'),
                ('quoted dot', self.signed('".a"@origin.test'), '".a"@origin.test'),
                ('needless quotes', '"%s"@srs.test' % self.signed()[:-9], 'alice@origin.test'),
                ('beyond ASCII', self.signed('jürgen@origin.test'), 'jürgen@origin.test'),
        ):
            with self.subTest(name):
                self.assertEqual(self.reverse().get(address), '200 ' + want)

    def test_base64url(self):
        """Newer signers write - for + and _ for /; users are tried until the hash has both."""
        found = {'+': 0, '/': 0}
        for number in range(1000):
            user = 'user%d@origin.test' % number
            digest = self.signed(user).split('=')[1]
            for character in found:
                found[character] += character in digest
            urlsafe = digest.replace('+', '-').replace('/', '_')
            if urlsafe != digest:
                address = self.signed(user).replace(digest, urlsafe, 1)
                self.assertEqual(self.reverse().get(address), '200 ' + user)
            if all(found.values()):
                return
        self.fail('no digest with + and / found')

    def test_ages(self):
        client = self.reverse()
        for age, want in ((-2, '500 expired'), (-1, '200 alice@origin.test'),
                          (0, '200 alice@origin.test'), (1, '200 alice@origin.test'),
                          (20, '200 alice@origin.test'), (21, '200 alice@origin.test'),
                          (22, '500 expired'), (23, '500 expired'), (500, '500 expired'),
                          (1022, '500 expired')):
            with self.subTest(age):
                got = srs.on_one_day(lambda day: client.get(
                    srs.srs0('alice@origin.test', SECRET, DOMAIN, day - age)))
                self.assertEqual(got, want)

    def test_bad_hash(self):
        good = self.signed(length=6)        # 'SRS0=', 6 of hash, '=TT=...'
        whole = self.signed(length=27)
        first = good[5]
        for name, address in (
                ('another first character', good[:5] + ('b' if first in 'aA' else 'a') + good[6:]),
                ('unknown secret', self.signed(secret='unknown')),
                ('another user', good.replace('=alice@', '=bob@')),
                ('another host', good.replace('=origin.test=', '=origin2.test=')),
                ('shorter than the minimum', self.signed(length=3)),
                ('rubbish behind the hash', good[:11] + 'xxxx' + good[11:]),
                ('longer than a digest', whole[:32] + 'A' + whole[32:]),
                ('much longer than a digest', whole[:32] + 'x' * 200 + whole[32:]),
                ('no hash', good[:5] + good[11:]),
        ):
            with self.subTest(name):
                self.assertRegex(self.reverse().get(address), '^500 (bad hash|malformed)$')

    def test_hash_of_other_length_in_another_stamp(self):
        """Parts are signed with nothing between: moving a border must not matter to the outside."""
        day = srs.today()
        digest = srs.mac(SECRET, srs.stamp(day), 'origin.test', 'alice')[:6]
        address = 'SRS0=%s=%s=origin.tes=talice@srs.test' % (digest, srs.stamp(day))
        self.assertEqual(self.reverse().get(address), '200 talice@origin.tes')

    def test_malformed(self):
        for local in ('SRS0=', 'SRS0=abcd', 'SRS0=abcd=', 'SRS0=abcd=AA', 'SRS0=abcd=AA=',
                      'SRS0=abcd=AA=origin.test', 'SRS0=abcd=AA=origin.test=',
                      'SRS0=abcd=AA==alice',
                      'SRS0=abcd=A=origin.test=alice', 'SRS0=abcd=AAA=origin.test=alice',
                      'SRS0=abcd==origin.test=alice', 'SRS0=abcd=01=origin.test=alice',
                      'SRS0=abcd=%s=origin.test=alice' % ('A' * 200),
                      'SRS1=', 'SRS1=abcd', 'SRS1=abcd=', 'SRS1=abcd=first.test',
                      'SRS1=abcd=first.test=', 'SRS1=abcd==x'):
            with self.subTest(local):
                answer = self.reverse().get(local + '@srs.test')
                self.assertRegex(answer, '^500 (malformed|bad hash)$')

    def test_signed_but_malformed(self):
        """A good hash over parts that make no address is no address."""
        day = srs.today()
        for name, host, user in (('host without user', 'origin.test', ''), ('no host', '', 'alice'),
                                 ('host with a blank', 'ori gin.test', 'alice'),
                                 ('control character', 'origin.test', 'a\nb'),
                                 ('NUL', 'origin.test', 'a\0b')):
            with self.subTest(name):
                digest = srs.mac(SECRET, srs.stamp(day), host, user)[:6]
                key = '"SRS0=%s=%s=%s=%s"@srs.test' % (digest, srs.stamp(day), host, user)
                self.assertRegex(self.reverse().get(key), '^500 (malformed|not an SRS address)$')

    def test_srs1_without_separator(self):
        digest = srs.mac(SECRET, 'first.test', 'opaque')[:6]
        address = 'SRS1=%s=first.test=opaque@srs.test' % digest
        self.assertEqual(self.reverse().get(address), '500 malformed')

    def test_srs1(self):
        for opaque in ('=abcd=AA=zero.test=alice', '+abcd=AA=zero.test=alice', '-opaque', '=a b'):
            with self.subTest(opaque):
                local = srs.srs1_local('First.test', opaque, SECRET, length=6)
                want = '%s@First.test' % srs.quote('SRS0' + opaque)
                client = self.reverse()
                self.assertEqual(client.get(srs.quote(local) + '@srs.test'), '200 ' + want)
                self.assertRegex(client.get(srs.quote(local.lower()) + '@srs.test'), '^200 ')

    def test_srs1_bad_hash(self):
        local = srs.srs1_local('first.test', '=abcd=AA=zero.test=alice', 'unknown', length=6)
        self.assertEqual(self.reverse().get(local + '@srs.test'), '500 bad hash')

    def test_srs1_never_expires(self):
        old = srs.stamp(srs.today() - 400)
        local = srs.srs1_local('first.test', '=abcd=%s=zero.test=alice' % old, SECRET)
        self.assertRegex(self.reverse().get(local + '@srs.test'), '^200 SRS0=abcd=')

    def test_not_srs(self):
        for key in ('alice@origin.test', 'alice', '""', '@', 'SRS0@srs.test', 'SRS1@srs.test',
                    'SRS', 'SRS0', 'SRS1', 'SRS@srs.test', 'SRS0abcd=AA=x.test=y@srs.test',
                    'SRS2=abcd=AA=x.test=y@srs.test', 'xSRS0=abcd=AA=x.test=y@srs.test',
                    'Alice Smith via a very long display name <alice@origin.test>', '<>',
                    'a' * 5000 + '@srs.test', '\0', 'jürgen', '"', '"\\'):
            with self.subTest(repr(key[:40])):
                self.assertEqual(self.reverse().get(key), '500 not an SRS address')


class ReverseOptions(DaemonCase):
    OPTIONS = {**PLAIN, 'max-age': 3, 'hash-length': 8, 'hash-minimum': 8}

    def test_max_age(self):
        client = self.reverse()
        for age, want in ((-1, '200 alice@origin.test'), (3, '200 alice@origin.test'),
                          (4, '500 expired')):
            with self.subTest(age):
                got = srs.on_one_day(lambda day: client.get(
                    srs.srs0('alice@origin.test', SECRET, DOMAIN, day - age, length=8)))
                self.assertEqual(got, want)

    def test_hash_minimum(self):
        client = self.reverse()
        for length, want in ((7, '500 bad hash'), (8, '200 alice@origin.test')):
            with self.subTest(length):
                address = srs.srs0('alice@origin.test', SECRET, DOMAIN, srs.today(), length=length)
                self.assertEqual(client.get(address), want)


class RoundTrip(DaemonCase):
    """Random addresses through both maps, by all settings that sign."""

    def test_random_addresses(self):
        seed = random.SystemRandom().randrange(2 ** 32)
        print('# seed %d' % seed)
        generator = random.Random(seed)
        forward, reverse = self.forward(), self.reverse()
        for _ in range(400):
            address = self.random_address(generator)
            self.assertEqual(reverse.get(forward.address(address)), '200 ' + address)

    @staticmethod
    def random_address(generator):
        """Any local part there may be, so quoted as often as not."""
        characters = [chr(c) for c in range(0x20, 0x7f)] + ['ü', 'ß', '例']
        local = ''.join(generator.choices(characters, k=generator.randrange(1, 40)))
        host = ''.join(generator.choices('abcXYZ019', k=generator.randrange(1, 20)))
        return '%s@%s.test' % (srs.quote(local), host)


class Protocol(DaemonCase):
    OPTIONS = PLAIN

    def usable(self, client):
        self.assertRegex(client.get('alice@origin.test'), '^200 SRS0=')

    def test_malformed_request(self):
        for line in (b'foo', b'', b' ', b'get', b'get ', b'get  ', b'put alice@origin.test',
                     b'getalice@origin.test', b'get %', b'get %4', b'get %zz@origin.test',
                     b'get alice@origin.test%', b'get alice@origin.test%0',
                     b'get a b@origin.test', b'get a\tb@origin.test', b'get alice@origin.test ',
                     b'get\talice@origin.test', b'\0\0\0', b'\xff\xfe'):
            with self.subTest(repr(line)):
                client = self.forward()
                client.send(line + b'\n')
                self.assertRegex(client.reply(), '^400 .')
                self.usable(client)

    def test_pipelined(self):
        """Postfix does not do this, but another client may."""
        client = self.forward()
        client.send(b''.join(b'get user%d@origin.test\n' % n for n in range(500)))
        for number in range(500):
            self.assertRegex(client.reply(), r'^200 SRS0=.*=user%d@srs\.test$' % number)

    def test_byte_by_byte(self):
        client = self.forward()
        client.send_by_bytes(b'get %22john%20doe%22@origin.test\nget bob@origin.test\n')
        self.assertRegex(client.reply(), '^200 "SRS0=.*=john doe"@srs.test$')
        self.assertRegex(client.reply(), '^200 SRS0=.*=bob@srs.test$')

    def test_escapes_in_either_case(self):
        client = self.forward()
        client.send(b'get %6a%6A%2b@origin.test\nget %6a%6A%2B@origin.test\n')
        self.assertRegex(client.reply(), r'=jj\+@srs.test$')
        self.assertRegex(client.reply(), r'=jj\+@srs.test$')

    def test_reply_is_encoded(self):
        """Blanks and per cent signs of the address must not reach Postfix bare."""
        client = self.forward()
        client.send(b'get %22a%20b%25c%22@origin.test\n')
        line = client.reader.readline()
        self.assertRegex(line, rb'^200 [!-~]+\n$')
        self.assertIn(b'=a%20b%25c', line)

    def test_request_then_half_close(self):
        client = self.forward()
        client.send(b'get alice@origin.test\n')
        client.finish()
        self.assertRegex(client.reply(), '^200 ')
        self.assertTrue(client.closed())

    def test_half_request_then_close(self):
        client = self.forward()
        client.send(b'get alice@ori')
        client.finish()
        self.assertTrue(client.closed())
        self.usable(self.forward())

    def test_keys_up_to_64_kib(self):
        for length in (1024, 4096, 16384, 65535, 65536):
            with self.subTest(length):
                client = self.forward()
                self.assertEqual(client.get('x' * (length - 12) + '@origin.test'), '500 too long')
                self.usable(client)
                client = self.reverse()
                self.assertEqual(client.get('x' * length), '500 not an SRS address')
                self.assertEqual(client.get('alice@origin.test'), '500 not an SRS address')

    def test_encoded_64_kib(self):
        """The limit is on the key; on the wire it may be three times as long."""
        client = self.reverse()
        client.send(b'get ' + b'%61' * 65536 + b'\n')
        self.assertEqual(client.reply(), '500 not an SRS address')
        self.assertEqual(client.get('bob'), '500 not an SRS address')

    def test_endless_key(self):
        """Answered once, before the newline; the bytes up to it are discarded."""
        for name, client, want in (('forward', self.forward(), '500 too long'),
                                   ('reverse', self.reverse(), '500 not an SRS address')):
            with self.subTest(name):
                client.send(b'get ' + b'x' * 1048576)
                self.assertEqual(client.reply(), want)
                client.send(b'get y@origin.test' * 1000 + b'\nget bob@origin.test\n')
                self.assertRegex(client.reply(), '^(200 SRS0.*=bob@|500 not an SRS address)')

    def test_endless_garbage(self):
        """The same without `get`: one reply, whenever it comes, and the next line counts."""
        client = self.forward()
        client.send(b'x' * 1048576 + b'\nget bob@origin.test\n')
        self.assertRegex(client.reply(), '^[45]00 ')
        self.assertRegex(client.reply(), '^200 SRS0.*=bob@')


class Log(DaemonCase):
    OPTIONS = {**PLAIN, 'domains': ['our.test']}

    def test_forward(self):
        address = self.forward().address('alice@origin.test')
        self.daemon.wait_log(r'forward from=<alice@origin\.test> to=<%s> result=rewritten'
                             % address.replace('+', r'\+'))

    def test_reverse(self):
        address = srs.srs0('bob@origin.test', SECRET, DOMAIN, srs.today())
        self.reverse().get(address)
        self.daemon.wait_log(r'reverse from=<%s> to=<bob@origin\.test> result=rewritten'
                             % address.replace('+', r'\+'))

    def test_refused(self):
        day = srs.today()
        for reason, address in (
                ('bad-hash', 'SRS0=xxxx=%s=origin.test=carol@srs.test' % srs.stamp(day)),
                ('expired', srs.srs0('carol@origin.test', SECRET, DOMAIN, day - 30)),
                ('malformed', 'SRS0=carol@srs.test')):
            with self.subTest(reason):
                mark = self.daemon.log_mark()
                self.reverse().get(address)
                line = self.daemon.wait_log('reverse from=<SRS0.*carol', mark)
                self.assertIn('result=refused reason=' + reason, line)

    def test_untrusted_text(self):
        """One line, printable, cut: whatever the key holds."""
        mark = self.daemon.log_mark()
        self.reverse().get('SRS0=x\nforward from=<forged>\x1b[31m\0=' + 'y' * 5000 + '@srs.test')
        self.forward().get('last@origin.test')
        self.daemon.wait_log('from=<last@', mark)
        for line in self.daemon.log_matches('', mark):
            self.assertLess(len(line), 800)
            self.assertNotRegex(line, r'[\0-\x1f\x7f]')
            self.assertNotRegex(line, '^forward from=<forged>')


if __name__ == '__main__':
    tap.main()
