# SPDX-License-Identifier: ISC
"""stores - senders that are kept in a database: new ones per second, and bounces to known ones.

Each reply that is counted came after its sender was on disk. The databases are in /var/tmp, because
/tmp may be in memory.
"""

import contextlib
import statistics

from harness import redis
from harness.clients import SocketmapClient
from harness.daemon import ORDINARY_USER, Folder, has_sqlite, is_root
from measure import Load, ask
from report import say, spread, table
from servers import PostSrsd2, Srsd, missing_postsrsd2

DISK = '/var/tmp'
# (what, load); postsrsd 2 loses most senders with more than one connection
MEASURES = (('new sender', Load(1)), ('new sender', Load(100)), ('alias', Load(10)))
ALIASES = 200


class StoreSrsd(Srsd):
    """With all senders in a database."""

    def __init__(self, name, database):
        super().__init__({'original-envelope': 'database', 'envelope-database': database})
        self.name = name


class Stores:
    def __init__(self, questions, arguments):
        self.questions = questions
        self.arguments = arguments
        self.results = {}           # (what, load name, server name) -> [report, ...]
        self.missing = []           # reasons

    def _servers(self, stack, folder):
        user = ORDINARY_USER if is_root() else None
        if has_sqlite():
            path = folder.subfolder('sqlite', user) + '/srsd.sqlite'
            yield stack.enter_context(StoreSrsd('srsd, SQLite', 'sqlite:' + path))
        else:
            self.missing.append('SQLite: srsd is built without it')
        why = redis.unavailable()
        if why:
            self.missing.append('Redis: ' + why)
        else:
            server = stack.enter_context(redis.RedisServer(folder))
            yield stack.enter_context(StoreSrsd('srsd, Redis', server.local_database))
        why = missing_postsrsd2()
        if why:
            self.missing.append('postsrsd 2: ' + why)
        else:
            yield stack.enter_context(PostSrsd2(folder.subfolder('postsrsd', user)))

    def _write_aliases(self, server):
        """A file of bounces to senders that the server has stored."""
        protocol, place, _ = server.services['socketmap']
        address = place if isinstance(place, str) else ('127.0.0.1', place)
        lines = []
        with SocketmapClient(address) as client:
            for number in range(10 if self.arguments.tiny else ALIASES):
                sender = 'known%d@origin.test' % number
                lines.append('reverse %s\tOK %s' % (client.get('forward', sender)[3:], sender))
        return self.questions.write('aliases of ' + server.name, lines)

    def run(self):
        with contextlib.ExitStack() as stack:
            folder = Folder(DISK)
            stack.callback(folder.remove)
            servers = list(self._servers(stack, folder))
            aliases = {server.name: self._write_aliases(server) for server in servers}
            for _ in range(self.arguments.rounds):
                for what, load in MEASURES:
                    for server in servers:
                        self._measure(what, load, server, aliases[server.name])
        self._report(servers)

    def _measure(self, what, load, server, aliases):
        if server.name == 'postsrsd 2' and load.connections > 10:
            return
        path = aliases if what == 'alias' else self.questions.paths[what]
        result = ask(server.services['socketmap'], path, load, self.arguments.seconds,
                     pid=server.pid)
        self.results.setdefault((what, load.name, server.name), []).append(result)

    def _report(self, servers):
        rows = []
        for what, load in MEASURES:
            for server in servers:
                results = self.results.get((what, load.name, server.name))
                if results:
                    rows.append([what, load.name, server.name, *(
                        spread([result[key] for result in results])
                        for key in ('rate', 'cpu_us', 'p50_us', 'p99_us'))])
        table('all senders in a database, by socketmap', [
            '', 'connections', '', 'requests/s', 'CPU us', 'p50 us', 'p99 us'], rows)
        for reason in self.missing:
            say('not measured: ' + reason)
        if self.missing:
            say()

    def lines(self):
        """For a plot: server -> [(connections, new senders per second), ...]"""
        found = {}
        for (what, load, server), results in self.results.items():
            if what == 'new sender':
                rate = statistics.median(result['rate'] for result in results)
                if rate > 0:
                    found.setdefault(server, []).append((int(load), rate))
        return found

    def record(self):
        return {'missing': self.missing,
                **{' / '.join(key): value for key, value in self.results.items()}}
