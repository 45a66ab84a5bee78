#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The milter over its socket: what it does with a message, and clients that misbehave."""

import os
import random
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import milter, srs, tap
from harness.case import DaemonCase
from harness.clients import Client
from harness.daemon import SECRET, free_port
from harness.milter import Action, Milter

WAIT = 60
ALICE = 'alice@origin.test'
OUT = 'b@out.test'
CONTINUE = Action('continue')
LOOPBACK = '127.0.0.1'
STRANGER = '192.0.2.1'
CONNECTIONS = 100
RECIPIENTS = 1000
KEPT = 16 * 1024        # bytes of a packet that the daemon keeps


def orcpt(address):
    return 'ORCPT=rfc822;' + address


def signed(address=ALICE, domain='srs.test'):
    return srs.on_one_day(lambda day: srs.srs0_without_slash(address, SECRET, domain, day))


def forged():
    return 'SRS0=xxxx=%s=origin.test=alice@srs.test' % srs.stamp(srs.today())


class MilterCase(DaemonCase):
    """The daemon has a milter."""

    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.OPTIONS = {'milter': ['inet:127.0.0.1:%d' % cls.port], 'domains': ['fwd.test'],
                       **cls.OPTIONS}
        super().setUpClass()

    def mta(self, client=LOOPBACK, **offer):
        """A connection, with a client of the MTA unless `client` is False."""
        mta = self.enter(Milter((LOOPBACK, self.port), **offer))
        if client is not False:
            mta.connect(client)
        return mta

    def raw(self):
        return self.enter(Client((LOOPBACK, self.port)))

    def sender_of(self, actions):
        """The new sender, or None; nothing else may have been done."""
        self.assertEqual(actions[-1], CONTINUE)
        self.assertLessEqual([action.name for action in actions[:-1]], ['sender'])
        return actions[0].text if len(actions) == 2 else None

    def assert_signed(self, actions, sender=ALICE, domain='srs.test'):
        local, host = srs.split(sender)
        self.assertRegex(self.sender_of(actions) or 'no sender',
                         r'\ASRS0=[A-Za-z0-9+/]{4}=[A-Z2-7]{2}=%s=%s@%s\Z' % (host, local, domain))

    def assert_alive(self):
        with Milter((LOOPBACK, self.port)) as mta:
            mta.connect(LOOPBACK)
            self.assert_signed(mta.message(ALICE, (OUT, orcpt('a@fwd.test'))))

    def wait_descriptors(self, at_most):
        """Ended connections are noticed in turn; no event shows that the last one was closed."""
        deadline = time.monotonic() + WAIT
        while self.daemon.descriptors() > at_most:
            if time.monotonic() > deadline:
                self.fail('%d descriptors, %d before' % (self.daemon.descriptors(), at_most))
            time.sleep(0.01)


# -- what is done

class Forwards(MilterCase):
    """Only forwards are signed."""
    OPTIONS = {'rewrite-relayed': False, 'relay-domains': ['relay.test'],
               'domains': ['fwd.test', '.sub.test', 'two.test', 'xn--bcher-kva.test'],
               'no-rewrite-recipients': ['trusts.test']}

    def check(self, rows, expected):
        mta = self.mta()
        for sender, recipient, *parameters in rows:
            with self.subTest(sender=sender, recipient=recipient, parameters=parameters):
                actions = mta.message(sender, (recipient, *parameters))
                if expected:
                    self.assert_signed(actions, sender)
                else:
                    self.assertEqual(actions, [CONTINUE])

    def test_forwards(self):
        self.check([
            (ALICE, OUT, orcpt('a@fwd.test')),
            (ALICE, OUT, orcpt('m@two.test')),
            (ALICE, 'b+ext@out.test', orcpt('A+2Bext@FWD.test')),
            (ALICE, OUT, orcpt('a@fwd.test.')),
            (ALICE, OUT, 'orcpt=RFC822;a@fwd.test'),
            (ALICE, OUT, 'NOTIFY=FAILURE', orcpt('a@fwd.test'), 'X=1'),
            (ALICE, OUT, orcpt('+61+40fwd.test')),
            (ALICE, OUT, orcpt('"jane+20roe"@fwd.test')),
            (ALICE, OUT, r'ORCPT=utf-8;\x{E9}@fwd.test'),
            (ALICE, OUT, r'ORCPT=utf-8;a@b\x{FC}cher.test'),
            (ALICE, OUT, 'ORCPT=utf-8;a@b\u00fccher.test'),
            (ALICE, OUT, orcpt('a@xn--bcher-kva.test')),
        ], True)

    def test_not_forwards(self):
        self.check([
            ('', OUT, orcpt('a@fwd.test')),
            ('me@fwd.test', OUT, orcpt('a@fwd.test')),
            ('me@x.sub.test', OUT, orcpt('a@fwd.test')),
            (signed(), OUT, orcpt('a@fwd.test')),
            (ALICE, 'p@relay.test', orcpt('a@fwd.test')),
            (ALICE, 'p@relay.test', orcpt('p@relay.test')),
            (ALICE, 'p@trusts.test', orcpt('a@fwd.test')),
            (ALICE, OUT),
            (ALICE, OUT, orcpt(OUT)),
            (ALICE, OUT, orcpt('forged@else.test')),
            (ALICE, OUT, orcpt('a@x.sub.test')),        # not by its name
            (ALICE, OUT, orcpt('a@x.fwd.test')),
            (ALICE, OUT, orcpt(srs.quote(signed()).replace('=', '+3D'))),
            (ALICE, OUT, orcpt('SRS0+3DAAAA+3DBB+3Dx.test+3Da@fwd.test')),
            (ALICE, OUT, orcpt('a')),
            (ALICE, OUT, orcpt('')),
            (ALICE, OUT, orcpt('a=b@fwd.test')),
            (ALICE, OUT, orcpt('a+00@fwd.test')),
            (ALICE, OUT, orcpt('a+0Ab@fwd.test')),
            (ALICE, OUT, orcpt('a' * 300 + '@fwd.test')),
            (ALICE, OUT, 'ORCPT=x400;a@fwd.test'),
            (ALICE, OUT, 'ORCPT=a@fwd.test'),
            (ALICE, OUT, 'ORCPT'),
            (ALICE, OUT, r'ORCPT=utf-8;\x{D800}@fwd.test'),
        ], False)

    def test_senders_that_no_one_can_answer(self):
        """They stay as they are, and the message does not wait."""
        self.check([(sender, OUT, orcpt('a@fwd.test'))
                    for sender in ('alice', 'alice@', '@origin.test', 'a' * 300 + '@origin.test',
                                   'a\tb@origin.test')], False)

    def test_the_first_forward_decides(self):
        mta = self.mta()
        plain, forward = (OUT,), ('c@out.test', orcpt('a@fwd.test'))
        for recipients in ((plain, forward), (forward, plain), (forward, ('p@relay.test',))):
            with self.subTest(recipients):
                self.assert_signed(mta.message(ALICE, *recipients))
        self.daemon.wait_log('milter .* kind=forward domain=fwd.test .*note=recipients-differ')

    def test_addresses_without_brackets(self):
        """Postfix passes on what a client typed, and non_smtpd_milters have none at all."""
        mta = self.mta()
        mta.keep(milter.packet('M', milter.texts(ALICE)))
        mta.put(milter.packet('R', milter.texts(OUT, orcpt('a@fwd.test'))))
        self.assertEqual(mta.read_actions(), [CONTINUE])
        self.assert_signed(mta.eom())

    def test_recipients_that_postfix_has_to_expand(self):
        """Postfix calls the mailer of an alias domain "error", and accepts the recipient."""
        mta = self.mta()
        mta.mail(ALICE)
        self.assertEqual(mta.rcpt(OUT, orcpt('a@fwd.test'), mailer='error'), 'continue')
        self.assert_signed(mta.eom())

    def test_log_line(self):
        mta = self.mta()
        mta.mail(ALICE)
        mta.rcpt('first@out.test', orcpt('a@fwd.test'))
        mta.rcpt('second@out.test', orcpt('a@fwd.test'))
        queue = mta.queue_id
        mta.eom()
        self.daemon.wait_log(r'milter queue=%s sender=<alice@origin.test> orcpt=<a@fwd.test> '
                             r'recipient=<first@out.test> kind=forward .*result=rewritten '
                             r'to=<SRS0=.* recipients=2' % queue)


class EverythingElse(MilterCase):
    """By default, redirected and relayed mail is signed too."""

    def test_signed(self):
        mta = self.mta()
        for parameters in ((), (orcpt(OUT),), (orcpt('x@else.test'),), (orcpt('a@fwd.test'),)):
            with self.subTest(parameters):
                self.assert_signed(mta.message(ALICE, (OUT, *parameters)))

    def test_quoted_senders(self):
        mta = self.mta()
        for sender in ('"jane roe"@origin.test', 'a=b@origin.test', '"a>b"@origin.test',
                       'j\u00fcrgen@origin.test'):
            with self.subTest(sender):
                new = self.sender_of(mta.message(sender, OUT))
                self.assertEqual(new, signed(sender))

    def test_same_as_the_maps(self):
        with self.daemon.forward_client() as forward:
            self.assertEqual(self.sender_of(self.mta().message(ALICE, OUT)),
                             forward.address(ALICE))


class TestOnly(MilterCase):
    OPTIONS = {'milter-test-only': True}

    def test_nothing_is_changed(self):
        mta = self.mta(STRANGER)
        self.assertEqual(mta.message(ALICE, (OUT, orcpt('a@fwd.test'))), [CONTINUE])
        self.daemon.wait_log('milter .*kind=forward .*result=kept would=rewritten to=<SRS0=')
        self.assertEqual(mta.message('', signed(), forged()), [CONTINUE])


class FirstHop(MilterCase):
    """What postsrsd 2 did: SRS recipients are reversed, and forged ones refused."""

    def test_incoming_mail_keeps_its_sender(self):
        mta = self.mta(STRANGER)
        self.assertEqual(mta.message(ALICE, 'a@fwd.test'), [CONTINUE])
        self.assertEqual(mta.message(ALICE, ('a@fwd.test', orcpt('a@fwd.test'))), [CONTINUE])

    def test_outgoing_mail_does_not(self):
        self.assert_signed(self.mta(STRANGER).message(ALICE, OUT))

    def test_reversed(self):
        right = signed()
        for client in STRANGER, '2001:db8::1', LOOPBACK:
            with self.subTest(client):
                self.assertEqual(self.mta(client).message('', right), [
                    Action('delete', right), Action('add', ALICE), CONTINUE])

    def test_some_of_several(self):
        right, other = signed(), signed('"jane roe"@third.test')
        self.assertEqual(self.mta(STRANGER).message('', 'a@fwd.test', right, other), [
            Action('delete', right), Action('add', ALICE), Action('delete', other),
            Action('add', '"jane roe"@third.test'), CONTINUE])

    def test_as_the_client_wrote_it(self):
        """Postfix deletes a recipient only under the text of its RCPT."""
        for address in signed().replace('srs.test', 'SRS.Test'), signed() + '.':
            with self.subTest(address):
                actions = self.mta(STRANGER).message('', address)
                self.assertEqual(actions, [Action('delete', address), Action('add', ALICE),
                                           CONTINUE])

    def test_forged(self):
        mta = self.mta(STRANGER)
        mta.mail('')
        self.assertRegex(mta.rcpt(forged()), r'\A550 5\.1\.1 ')
        right = signed()
        self.assertEqual(mta.rcpt(right), 'continue')
        self.assertEqual(mta.eom()[:2], [Action('delete', right), Action('add', ALICE)])

    def test_reversed_in_an_alias_domain(self):
        """There, Postfix calls the mailer of an accepted recipient "error"."""
        mta = self.mta(STRANGER)
        mta.mail('')
        right = signed()
        self.assertRegex(mta.rcpt(forged(), mailer='error'), r'\A550 5\.1\.1 ')
        self.assertEqual(mta.rcpt(right, mailer='error'), 'continue')
        self.assertEqual(mta.eom(), [Action('delete', right), Action('add', ALICE), CONTINUE])

    def test_unknown_client(self):
        """Nothing can be charged: a right and a wrong hash have the same answer."""
        for address in None, 'unknown':
            for recipient in signed(), forged():
                with self.subTest(client=address, recipient=recipient):
                    mta = self.mta(address)
                    mta.mail('')
                    self.assertEqual(mta.rcpt(recipient), 'continue')
                    self.assertEqual(mta.eom(), [CONTINUE])


# -- the protocol

class Protocol(MilterCase):
    def test_negotiation(self):
        mta = self.mta()
        self.assertEqual((mta.version, mta.actions, mta.steps), (6, 0x16c, 0x45392))
        self.assertEqual(mta.macro_lists, {0: ['j'], 2: ['i', 'auth_authen'],
                                           3: ['i'], 5: ['i']})

    def test_older_versions(self):
        """With more replies; everything else is the same."""
        for version in 2, 3, 4, 6:
            with self.subTest(version):
                mta = self.mta(False, version=version)
                self.assertEqual(mta.version, version)
                self.assertEqual(mta.connect(), None if version == 6 else 'continue')
                mta.helo()
                self.assertEqual(mta.mail(ALICE), None if version == 6 else 'continue')
                self.assertEqual(mta.rcpt(OUT, orcpt('a@fwd.test')), 'continue')
                self.assertEqual(mta.header('From', ALICE), None if version == 6 else 'continue')
                mta.headers([('To', 'x@y.test')])
                self.assert_signed(mta.eom())

    def test_nothing_is_offered(self):
        """All commands are sent and answered, and a sender cannot be changed."""
        mta = self.mta(False, actions=0, steps=0)
        self.assertEqual((mta.actions, mta.steps, mta.macro_lists), (0, 0, {}))
        for verdict in (mta.connect(), mta.helo(), mta.mail(ALICE), mta.rcpt(OUT)):
            self.assertEqual(verdict, 'continue')
        for command in ('T', b''), ('U', b'NOOPE\0'), ('B', b'text\r\n'), ('?', b'\0\1'):
            mta.put(milter.packet(*command))
            self.assertEqual(mta.read_actions(), [CONTINUE])
        self.assertEqual(mta.headers([('From', ALICE)]), 'continue')
        self.assertEqual([action.name for action in mta.eom()], ['reply'])
        self.assertEqual(mta.message('me@fwd.test', OUT), [CONTINUE])

    def test_newer_version(self):
        mta = self.mta(False, version=99, actions=0xffffffff, steps=0x7fffffff)
        self.assertEqual(mta.version, 6)
        mta.connect()
        self.assert_signed(mta.message(ALICE, OUT))

    def test_end_of_message_with_a_piece_of_the_body(self):
        mta = self.mta()
        mta.mail(ALICE)
        mta.rcpt(OUT)
        for size in 10, KEPT + 1000:
            mta.put(milter.packet('E', b'x' * size))
            self.assertEqual(mta.read_actions()[-1], CONTINUE)
            mta.mail(ALICE)
            mta.rcpt(OUT)
        self.assert_signed(mta.eom())

    def test_abort(self):
        """The next message has none of the recipients and headers of the one before."""
        mta = self.mta(STRANGER)
        right = signed()
        for end in mta.abort, mta.eom:
            mta.mail('')
            mta.rcpt(right)
            mta.header('From', 'me@fwd.test')
            end()
            self.assertEqual(mta.message('me@fwd.test', OUT), [CONTINUE])
        mta.abort()
        mta.abort()
        self.assert_signed(mta.message(ALICE, OUT))

    def test_quit(self):
        self.assertTrue(self.mta().quit())
        self.assertTrue(self.mta(False).quit())
        mta = self.mta()
        mta.mail(ALICE)
        mta.rcpt(OUT)
        self.assertTrue(mta.quit())

    def test_quit_and_a_new_client(self):
        """Nothing of a client remains for the next one."""
        mta = self.mta(STRANGER)
        right = signed()
        mta.mail('')
        mta.rcpt(right)
        mta.quit_new()
        mta.connect(None)
        self.assertEqual(mta.message('', right), [CONTINUE])
        mta.quit_new()
        mta.connect(STRANGER)
        self.assertEqual(mta.message('', right)[1], Action('add', ALICE))
        mta.quit_new()
        self.assertEqual(mta.message('', right), [CONTINUE])      # a client that is not named
        self.assertTrue(mta.quit())

    def test_many_messages(self):
        mta = self.mta()
        for number in range(200):
            sender = 'user%d@origin.test' % number
            self.assert_signed(mta.message(sender, OUT), sender)

    def test_messages_without_waiting(self):
        """An MTA that reads the replies at the end."""
        mta = self.mta()
        count = 200
        for number in range(count):
            mta.keep(milter.message('user%d@origin.test' % number, [(OUT,)]))
        mta.put()
        for number in range(count):
            self.assertEqual(mta.read_actions(), [CONTINUE])
            self.assert_signed(mta.read_actions(), 'user%d@origin.test' % number)


class Division(MilterCase):
    """However the bytes arrive, the replies are the same."""

    def text(self, number=0):
        """A client of its own for each, because forged recipients are charged."""
        stranger = '198.18.%d.%d' % (100 + number // 100, 100 + number % 100)
        return b''.join([
            milter.options(), milter.macros('C', j='mx.test'), milter.client(LOOPBACK),
            milter.macros('M', auth_authen='joe'),
            milter.message(ALICE, [(OUT, orcpt('a@fwd.test')), (signed(),)]),
            milter.ABORT, milter.header('X', 'y' * 200), milter.packet('?', b'unknown'),
            milter.QUIT_NEW, milter.client(stranger),
            milter.message('', [(signed(),), (forged(),)]), milter.QUIT])

    def replies(self, *pieces):
        with Client((LOOPBACK, self.port)) as client:
            for piece in pieces:
                client.send(piece)
            return client.reader.read()

    def test_every_split(self):
        whole = self.replies(self.text())
        self.assertEqual(whole.count(b'e<SRS0='), 1)
        self.assertEqual(whole.count(b'y550 5.1.1 '), 1)
        self.assertEqual(whole.count(b'+<%s>\0' % ALICE.encode()), 2)
        for at in range(1, len(self.text())):
            text = self.text(at)
            self.assertEqual(self.replies(text[:at], text[at:]), whole, 'split at %d' % at)

    def test_byte_by_byte(self):
        whole = self.replies(self.text(1000))
        with Client((LOOPBACK, self.port)) as client:
            client.send_by_bytes(self.text(1001))
            self.assertEqual(client.reader.read(), whole)

    def test_mta_that_sends_single_bytes(self):
        mta = self.mta(False, negotiate=False)
        mta.by_bytes = True
        mta.negotiate()
        mta.connect()
        self.assert_signed(mta.message(ALICE, OUT))


class LongPackets(MilterCase):
    """What is over the bound is not read, and defers nothing."""

    def sizes(self):
        """Payloads around the bound, the longest of Postfix, and the longest of all."""
        return [KEPT - 6, KEPT - 5, KEPT - 4, KEPT, 60000, 102400, 16 * 1024 * 1024 - 1]

    def test_headers(self):
        mta = self.mta()
        for size in self.sizes():
            with self.subTest(size):
                value = 'a' * (size - len('X-Long') - 2)
                self.assert_signed(mta.message(ALICE, OUT, headers=[
                    ('X-Long', value), ('From', ALICE)]))

    def test_names(self):
        mta = self.mta()
        for size in self.sizes():
            with self.subTest(size):
                self.assert_signed(mta.message(ALICE, OUT, headers=[('X' * (size - 2), '')]))

    def test_body_and_unknown_commands(self):
        mta = self.mta(steps=0)
        for command in 'B', 'U', '?':
            for size in self.sizes():
                with self.subTest(command=command, size=size):
                    mta.put(milter.packet(command, b'x' * size))
                    self.assertEqual(mta.read_actions(), [CONTINUE])
        self.assert_signed(mta.message(ALICE, OUT))

    def test_macros(self):
        mta = self.mta()
        mta.keep(milter.macros('M', auth_authen='a' * 70000, i='b' * 70000))
        self.assert_signed(mta.message(ALICE, OUT))

    def test_many_headers(self):
        mta = self.mta()
        headers = [('From', 'x%d@y.test' % number) for number in range(20000)]
        self.assert_signed(mta.message(ALICE, OUT, headers=headers))

    def test_memory_is_not_kept(self):
        """100 clients in the middle of long packets."""
        self.assert_alive()
        before = self.daemon.resident_kib()
        clients = [self.mta(steps=0x45392) for _ in range(CONNECTIONS)]
        data = milter.packet('L', milter.texts('From', 'a' * 4000000))
        for client in clients:
            client.put(data[:1000000])
        self.assert_alive()
        self.assertLess(self.daemon.resident_kib() - before, CONNECTIONS * 8 * KEPT // 1024)
        for client in clients:
            client.put(data[1000000:])
            self.assert_signed(client.message(ALICE, OUT))


class BadInput(MilterCase):
    """A clean close, and the daemon goes on."""

    def refused(self, data, agreed=True):
        with Client((LOOPBACK, self.port)) as client:
            if agreed:
                client.send(milter.options())
                client.reader.read(struct.unpack('>I', client.reader.read(4))[0])
            client.send(data)
            try:
                self.assertEqual(client.reader.read(), b'', data)
            except ConnectionError:
                pass            # it closed before it had read all

    def test_not_the_protocol(self):
        for data in (b'\0\0\0\0', b'GET / HTTP/1.0\r\n\r\n', b'EHLO x\r\n', b'\x16\x03\x01\x02\x00',
                     b'\xff' * 8, b'\x01\x00\x00\x01L', b'get a@x.test\n',
                     b'request=smtpd_access_policy\n\n'):
            for agreed in False, True:
                with self.subTest(data=data, agreed=agreed):
                    self.refused(data, agreed)
        self.assert_alive()

    def test_bad_options(self):
        for data in (milter.packet('O'), milter.packet('O', b'\0' * 11),
                     milter.options(version=2, steps=0).replace(b'\0\0\0\2', b'\0\0\0\1'),
                     milter.packet('O', b'\0' * 12)):
            with self.subTest(data):
                self.refused(data, False)

    def test_bad_payloads(self):
        begun = milter.client() + milter.mail(ALICE)
        for data in (milter.packet('C'), milter.packet('C', b'x'), milter.packet('C', b'x\0'),
                     milter.packet('C', b'x\x004'), milter.packet('C', b'x\x004\0\0127.0.0.1'),
                     milter.packet('M'), milter.packet('M', b'<a@x.test>'),
                     milter.packet('M', b'<' + b'a' * 70000 + b'>\0'),
                     milter.packet('D'), milter.rcpt(OUT),
                     begun + milter.packet('R'), begun + milter.packet('R', b'<a>\0ORCPT'),
                     begun + milter.packet('R', b'<%s>\0' % (b'a' * 70000)),
                     begun + milter.packet('L'), begun + milter.packet('L', b'From'),
                     begun + milter.packet('L', b'From\0a'),
                     begun + milter.packet('L', b'From\0a\0b\0')):
            with self.subTest(data[:60]):
                self.refused(data)
        self.assert_alive()

    def test_out_of_order(self):
        """Commands that an MTA would not send now change nothing."""
        mta = self.mta(STRANGER)
        for data in (milter.EOH, milter.header('From', ALICE), milter.ABORT, milter.QUIT_NEW,
                     milter.client(STRANGER), milter.packet('H', b'x\0'), milter.packet('D', b'R'),
                     milter.packet('D', b'Ri'), milter.packet('D', b'R\0\0\0'),
                     milter.mail('other@x.test')):
            mta.keep(data)
        mta.put(milter.EOM)
        while mta.read_packet()[0] != 'c':
            continue
        self.assert_alive()

    def test_a_client_that_leaves(self):
        """After each byte of a message."""
        text = milter.options() + milter.client() + milter.message(
            ALICE, [(OUT, orcpt('a@fwd.test')), (signed(),)])
        self.assert_alive()
        before = self.daemon.descriptors()
        for end in range(0, len(text), 3):
            client = Client((LOOPBACK, self.port))
            client.send(text[:end])
            if end % 2:
                client.vanish()
            else:
                client.close()
        self.assert_alive()
        self.wait_descriptors(before)

    def test_garbage(self):
        chance = random.Random(10003)
        known = [milter.options(), milter.client(), milter.mail(ALICE), milter.EOH, milter.EOM,
                 milter.rcpt(OUT, orcpt('a@fwd.test')), milter.header('From', 'x, y:;'),
                 milter.macros('R', i='1'), milter.ABORT, milter.QUIT_NEW]
        for _ in range(300):
            data = bytearray(b''.join(chance.choices(known, k=12)))
            for _ in range(chance.randrange(4)):
                data[chance.randrange(len(data))] = chance.choice(b'\0\1\2\x7f\xffMRLE<>')
            with Client((LOOPBACK, self.port)) as client:
                client.send(bytes(data))
                client.finish()
                try:
                    client.reader.read()
                except ConnectionError:
                    pass            # it closed before it had read all
        self.assert_alive()


class Many(MilterCase):
    def test_connections_at_a_time(self):
        """Each at the same step, with a sender of its own."""
        mtas = [(self.mta(), 'user%d@origin.test' % number) for number in range(CONNECTIONS)]
        for mta, sender in mtas:
            mta.mail(sender)
        for mta, _ in mtas:
            self.assertEqual(mta.rcpt(OUT, orcpt('a@fwd.test')), 'continue')
        for mta, sender in mtas:
            mta.headers([('From', sender)])
            mta.put(milter.EOM)
        for mta, sender in mtas:
            self.assert_signed(mta.read_actions(), sender)
        for mta, _ in mtas:
            self.assertTrue(mta.quit())

    def test_recipients(self):
        recipients = [('r%d@out.test' % number, orcpt('a@fwd.test'))
                      for number in range(RECIPIENTS)]
        self.assert_signed(self.mta().message(ALICE, *recipients))
        self.daemon.wait_log('milter .* recipients=%d' % RECIPIENTS)

    def test_reversed_recipients(self):
        senders = ['user%d@origin.test' % number for number in range(RECIPIENTS)]
        recipients = [signed(sender) for sender in senders]
        actions = self.mta(LOOPBACK).message('', *recipients)
        self.assertEqual([action.text for action in actions if action.name == 'delete'],
                         recipients)
        self.assertEqual([action.text for action in actions if action.name == 'add'], senders)
        self.assertEqual(actions[-1], CONTINUE)

    def test_more_recipients_than_can_be_reversed(self):
        """The others remain, and the reverse map knows them."""
        recipients = [signed('user%d@origin.test' % number) for number in range(RECIPIENTS + 10)]
        actions = self.mta(LOOPBACK).message('', *recipients)
        self.assertEqual(len(actions), 2 * RECIPIENTS + 1)


if __name__ == '__main__':
    tap.main()
