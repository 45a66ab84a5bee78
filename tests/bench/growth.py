# SPDX-License-Identifier: ISC
"""growth - how time and memory grow with load and configuration. Measured once."""

import contextlib
import statistics

from harness.clients import MapClient
from measure import Load, ask, cpu_seconds, memory_kib
from questions import reverse_requests
from report import mib, say, table
from servers import Srsd

STARTS = 7
# srsd divides its descriptors, except some spare ones, among its services.
SERVICES = 5
SPARE_DESCRIPTORS = 2000


class Growth:
    def __init__(self, questions, arguments):
        self.questions = questions
        self.arguments = arguments
        self.results = {}

    def _ask(self, server, service, requests=None):
        return ask(server.services[service], requests or self.questions.paths[service], Load(10),
                   self.arguments.seconds, pid=server.pid)

    def _few(self, counts):
        """The counts that a run of this size has time for."""
        return counts[:1] if self.arguments.tiny else counts[:3] if self.arguments.quick else counts

    def start(self):
        ready, cpu, memory = [], [], None
        for _ in range(1 if self.arguments.tiny else STARTS):
            with Srsd() as daemon:
                cpu.append(cpu_seconds(daemon.pid) * 1000)
                ready.append(daemon.ready_seconds * 1000)
                memory = memory_kib(daemon.pid)
        self.results['start'] = {'ready_ms': sorted(ready), 'cpu_ms': sorted(cpu),
                                 'resident_kib': memory[0], 'share_kib': memory[1]}
        say('from fork to READY=1: %.0f ms (%.0f-%.0f), %.0f ms of CPU; memory with an empty cache, '
            'both processes: %s MiB resident, %s MiB their share\n'
            % (statistics.median(ready), min(ready), max(ready), statistics.median(cpu),
               mib(memory[0]), mib(memory[1])))

    def connections(self, make_servers, limit):
        counts = [n for n in (1, 10, 100, 1000, 5000) if SERVICES * n + SPARE_DESCRIPTORS < limit]
        rows = [[n] for n in self._few(counts)]
        heads = ['connections']
        for make in make_servers:
            with make() as server, contextlib.ExitStack() as stack:
                opened = 0
                for row in rows:
                    if server.name == 'postsrsd' and row[0] > 1000:
                        row.append('')
                        continue
                    for _ in range(row[0] - opened):
                        service = 'forward' if 'forward' in server.services else 'table'
                        address = ('127.0.0.1', server.services[service][1])
                        stack.enter_context(MapClient(address)).get('user@origin.test')
                    opened = row[0]
                    resident, share = memory_kib(server.pid)
                    row.append('%s (%s)' % (mib(share), mib(resident)))
                heads.append(server.name)
        self.results['connections'] = [heads, *rows]
        table('memory with connections, MiB: share (resident), all processes', heads, rows)

    def secrets(self):
        rows = []
        for count in self._few((1, 10, 100)):
            names = ['the secret with number %d of the benchmark' % i for i in range(count)]
            path = self.questions.write('oldest', reverse_requests(names[-1]))
            with Srsd(secrets=names) as daemon:
                result = self._ask(daemon, 'reverse', path)
            rows.append([count, '%.0f' % result['rate'], '%.1f' % result['cpu_us']])
        heads = ['secrets', 'requests/s', 'CPU us']
        self.results['secrets'] = [heads, *rows]
        table('reverse lookups that the oldest secret has signed', heads, rows)

    def domains(self):
        rows = []
        for count in self._few((1, 1000, 100000, 1000000)):
            path = self.questions.write('domains', ('own%d.example' % i for i in range(count)))
            with Srsd({'domains-file': path}) as daemon:
                result = self._ask(daemon, 'forward')
                resident, share = memory_kib(daemon.pid)
            rows.append([count, '%.0f' % result['rate'], '%.1f' % result['cpu_us'],
                         '%.0f' % (daemon.ready_seconds * 1000), mib(share), mib(resident)])
        heads = ['domains', 'requests/s', 'CPU us', 'start ms', 'share MiB', 'resident MiB']
        self.results['domains'] = [heads, *rows]
        table('forward lookups with a domains-file', heads, rows)

    def cached(self, dns, zone):
        rows = []
        with Srsd(dns=dns) as daemon:
            for count in self._few((0, 100, 1000, 10000)):
                if count > len(zone.requests):
                    break
                path = self.questions.write('some', zone.requests[:max(count, 1)])
                if count:
                    ask(daemon.services['policy'], path, Load(20), count=count)
                result = self._ask(daemon, 'policy', path) if count else {}
                resident, share = memory_kib(daemon.pid)
                rows.append([count, '%.0f' % result.get('rate', 0),
                             '%.1f' % result.get('cpu_us', 0), mib(share), mib(resident)])
        heads = ['sender domains', 'requests/s', 'CPU us', 'share MiB', 'resident MiB']
        self.results['cached'] = [heads, *rows]
        table('policy requests, all in the cache', heads, rows)
