# SPDX-License-Identifier: ISC
"""Power failures while the store writes: no address that was given out loses its sender."""

import json
import os
import threading

from guest import FORWARD, GuestCase, configure, reverse, show, succeed
from harness.clients import MapClient

ACKNOWLEDGED = '/srv/acknowledged.json'
FAILURES = 3
ADDRESSES = 1500        # that are given out before the power fails
CLIENTS = 8


def drive(stage):
    given_out = {}
    stage.check('Prepare')
    for _ in range(FAILURES):
        given_out.update(write_until_power_fails(stage, len(given_out)))
        put_json(stage, given_out)
        stage.check('Compare')


def write_until_power_fails(stage, first):
    """-> {address: sender} of what clients in the machine were given before it"""
    given_out = {}

    class Enough(Exception):
        pass

    def note(line):
        if line.startswith('given '):
            _, address, sender = line.split()
            given_out[address] = sender
            if len(given_out) >= ADDRESSES:
                raise Enough

    try:
        stage.call('write_senders', str(first), each_line=note)
    except Enough:
        pass
    stage.machine.reset()
    stage.result(len(given_out) >= ADDRESSES, 'addresses were given out', '%d' % len(given_out))
    return given_out


def put_json(stage, value):
    path = stage.machine.path('acknowledged.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(value, file)
    stage.machine.put(path, ACKNOWLEDGED)


def write_senders(first):
    """In the machine: many clients ask for new senders until the power fails."""
    lock = threading.Lock()

    def ask(client, number):
        with MapClient(FORWARD) as connection:
            while True:
                sender = 'sender-%d-%d@origin.test' % (client, number)
                address = connection.address(sender)
                with lock:
                    print('given', address, sender, flush=True)
                number += 1

    threads = [threading.Thread(target=ask, args=(client, int(first))) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Prepare(GuestCase):
    def test_store(self):
        configure('original-envelope = "database"')
        succeed('systemctl', 'restart', 'srsd')


class Compare(GuestCase):
    """After a power failure."""

    def test_every_address_is_reversed(self):
        with open(ACKNOWLEDGED, encoding='utf-8') as file:
            given_out = json.load(file)
        lost = {}
        with MapClient(('127.0.0.1', 10002)) as client:
            for address, sender in given_out.items():
                reply = client.get(address)
                if reply != '200 ' + sender:
                    lost[address] = reply
        self.assertEqual((len(lost), lost), (0, {}))

    def test_database_is_whole(self):
        said = succeed('sqlite3', '/var/lib/srsd/envelopes.sqlite', 'PRAGMA integrity_check')
        self.assertEqual(said, 'ok')
        self.assertEqual(show('srsd', 'NRestarts'), '0')

    def test_writes_again(self):
        with MapClient(FORWARD) as client:
            address = client.address('after-%d@origin.test' % os.getpid())
        self.assertRegex(reverse(address), '^after-')
