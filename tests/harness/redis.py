# SPDX-License-Identifier: ISC
"""redis - a private Redis or Valkey server, which confirms a write only once it is on disk.

    with RedisServer(folder) as server:
        daemon.options['envelope-database'] = server.database
"""

import shutil
import socket
import subprocess
import time

from harness.daemon import WAIT, free_port, has_hiredis

CONF = '''
bind 127.0.0.1
port %d
unixsocket %s
unixsocketperm 777
dir %s
save ""
appendonly yes
appendfsync always
maxmemory-policy noeviction
logfile %s/redis.log
'''


def redis_program():
    """The path of redis-server or valkey-server; None if neither is installed."""
    return shutil.which('redis-server') or shutil.which('valkey-server')


def unavailable():
    """The reason why srsd cannot use a server here, or None."""
    if not has_hiredis():
        return 'built without hiredis'
    return None if redis_program() else 'no redis-server or valkey-server'


class RedisServer:
    def __init__(self, folder):
        self.port = free_port()
        self.socket = folder.path + '/redis.sock'
        self.config = folder.file('redis.conf', CONF % (
            self.port, self.socket, folder.subfolder('redis'), folder.path))
        self.database = 'redis:127.0.0.1:%d' % self.port
        self.local_database = 'redis:unix:' + self.socket
        self.process = None

    def start(self, *options):
        """With options over those of its file, such as '--appendonly', 'no'."""
        self.process = subprocess.Popen(
            [redis_program(), self.config, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + WAIT
        while self.command('PING') != b'+PONG\r\n':
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError('the Redis server does not start')
        return self

    def command(self, *words):
        """The first bytes of the reply; b'' if the server does not answer."""
        try:
            with socket.create_connection(('127.0.0.1', self.port), WAIT) as sock:
                sock.sendall((' '.join(words) + '\r\n').encode())
                return sock.recv(4096)
        except OSError:
            return b''

    def kill(self):
        """kill -9"""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
