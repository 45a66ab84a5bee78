# SPDX-License-Identifier: ISC
"""envelopes - the envelope database of a soak: what fails, and what was given out.

Senders that do not fit in an address are asked for over the forward map, the socketmap and the
milter. Every address that was given out is remembered, and has to lead back to its sender for as
long as the secrets file has the secret that made it.
"""

import hmac
import os
import re
import sqlite3

from harness import srs
from harness.database import DatabaseLock
from harness.redis import RedisServer

SENDERS = 400           # different ones, so that the rows have a limit
ALIAS = re.compile(r'SRS0=([^=]+)=([A-Z2-7]{2})=1=([0-9A-V]{32})@srs\.test')


def sender_of(number):
    return 'bounces+%d-%s@mail.test' % (number % SENDERS, 'x' * 60)


def is_signed(found, secret):
    """Has this secret signed the address that was matched?"""
    digest = srs.mac(secret, found[2], '1', found[3])
    return hmac.compare_digest(digest[:len(found[1])], found[1])


class Sqlite:
    """The database in a file, which is locked from time to time."""

    def __init__(self, daemon, timeout):
        self.path = daemon.use_database(**{'original-envelope': 'long', 'store-timeout': timeout})

    def rows(self):
        database = sqlite3.connect('file:%s?mode=ro' % self.path, uri=True)
        try:
            return database.execute('SELECT count(*) FROM kv').fetchone()[0]
        finally:
            database.close()

    def size(self):
        """Bytes of the file and of its log; the latter does not grow beyond its checkpoints."""
        return sum(os.path.getsize(path) for path in (self.path, self.path + '-wal')
                   if os.path.exists(path))

    def fail(self, pause):
        with DatabaseLock(self.path):
            pause(0.2, 4)

    def stop(self):
        """It belongs to the daemon."""


class Redis:
    """A Redis server, which is killed from time to time."""

    def __init__(self, daemon, timeout):
        self._server = RedisServer(daemon.folder).start()
        daemon.options.update({'original-envelope': 'long', 'store-timeout': timeout,
                               'envelope-database': self._server.database})

    def rows(self):
        reply = self._server.command('DBSIZE')
        return int(re.fullmatch(rb':(\d+)\r\n', reply)[1])

    def size(self):
        """Bytes of the data; the log of the server is not ours."""
        return int(re.search(rb'used_memory_dataset:(\d+)',
                             self._server.command('INFO', 'memory'))[1])

    def fail(self, pause):
        self._server.kill()
        pause(0, 2)
        self._server.start()

    def stop(self):
        self._server.kill()


BACKENDS = {'sqlite': Sqlite, 'redis': Redis}


class Given:
    """The addresses that were given out, by the secret that made them."""

    def __init__(self, lock):
        self._lock = lock
        self._by_address = {}       # address -> (sender, secret)

    def __len__(self):
        """Different aliases: an address for each of the last days has the same one."""
        with self._lock:
            return len(set(self._by_address.values()))

    def add(self, address, sender, secrets):
        """-> whether the address is right, made by one of the secrets"""
        found = ALIAS.fullmatch(address)
        if not found:
            return False
        for secret in secrets:
            if srs.alias(sender, secret) == found[3] and is_signed(found, secret):
                with self._lock:
                    self._by_address[address] = (sender, secret)
                return True
        return False

    def choose(self, generator, secrets):
        """-> an address of these secrets, its sender and its secret; None if there is none"""
        with self._lock:
            items = [(address, *item) for address, item in self._by_address.items()
                     if item[1] in secrets]
        return generator.choice(items) if items else None

    def all_of(self, secrets):
        with self._lock:
            return [(address, sender) for address, (sender, secret) in self._by_address.items()
                    if secret in secrets]
