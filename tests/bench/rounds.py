# SPDX-License-Identifier: ISC
"""rounds - each service and the echo server under the same loads, interleaved, in several rounds."""

import statistics

from measure import Load, ask
from report import say, table
from targets import Ratios

LOADS = (Load(1), Load(10), Load(100), Load(1000), Load(10, each=True), Load(100, each=True))
# the echo server's service
CEILING = {'forward': 'table', 'reverse': 'table', 'socketmap': 'socketmap', 'policy': 'policy',
           'policy, unix': 'policy, unix', 'milter': 'milter'}
OPEN_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
# postsrsd has a process for each connection, and a backlog of ten.
POSTSRSD_LOADS = ('1', '10', '100', '10, new each')
COLUMNS = (('rate', '%.0f'), ('cpu_us', '%.1f'))
LATENCIES = ('p50_us', 'p99_us', 'p999_us')


class Rounds:
    def __init__(self, questions, arguments):
        self.questions = questions
        self.arguments = arguments
        self.loads = LOADS[1:2] if arguments.tiny else LOADS
        self.results = {}       # (service, load name, server name) -> [report of load.c, ...]

    def run(self, servers):
        """Every other round has the servers in reverse order, so that none is always first."""
        for number in range(self.arguments.rounds):
            order = servers[::-1] if number % 2 else servers
            for load in self.loads:
                for service in ('table', *CEILING):
                    for server in order:
                        if service in server.services and self._can_bear(server, service, load):
                            self._measure(service, load, server)
            say('round %d of %d' % (number + 1, self.arguments.rounds))
        say()

    @staticmethod
    def _can_bear(server, service, load):
        if server.name == 'postsrsd':
            return load.name in POSTSRSD_LOADS
        # A connection to a full backlog of a unix socket fails instead of waiting.
        return not (load.each and service == 'policy, unix')

    def _measure(self, service, load, server):
        result = ask(server.services[service], self.questions.paths[service], load,
                     self.arguments.seconds, pid=server.pid)
        self.results.setdefault((service, load.name, server.name), []).append(result)

    def median(self, service, load, server, what):
        return statistics.median(result[what] for result in self.results[service, load, server])

    def ratios(self, service, load, server, what):
        """To the echo server, in the same round; empty if this was not measured."""
        return Ratios(result[what] / echo[what] for result, echo in zip(
            self.results.get((service, load, server), ()),
            self.results.get((CEILING[service], load, 'echo'), ()))
            if echo[what] > 0)      # less than one tick cannot be measured

    def _row(self, service, load, server):
        of = CEILING[service] if server == 'echo' else service
        if (of, load, server) not in self.results:
            return []
        row = [load, server]
        for what, form in COLUMNS:
            row += [form % self.median(of, load, server, what),
                    '1' if server == 'echo' else self.ratios(service, load, server, what)]
        return [row + ['%.0f' % self.median(of, load, server, what) for what in LATENCIES]]

    def table(self, service):
        rows = []
        for load in self.loads:
            for server in ('echo', 'srsd', 'postsrsd'):
                rows += self._row(service, load.name, server)
        table(service, ['connections', '', 'requests/s', 'of echo', 'CPU us', 'of echo', 'p50 us',
                        'p99 us', 'p99.9 us'], rows)

    def lines(self, service, what):
        """For a plot: server -> [(connections, value), ...]"""
        found = {}
        for server in ('echo', 'srsd', 'postsrsd'):
            of = CEILING[service] if server == 'echo' else service
            found[server] = [(load.connections, self.median(of, load.name, server, what))
                             for load in self.loads
                             if not load.each and (of, load.name, server) in self.results]
        return found

    def add_targets(self, targets):
        for service in 'forward', 'reverse', 'socketmap':
            targets.at_least(service + ', requests/s, 10 connections',
                             self.ratios(service, '10', 'srsd', 'rate'), 0.95)
            targets.at_most(service + ', CPU, 10 connections',
                            self.ratios(service, '10', 'srsd', 'cpu_us'), 1.15)
            targets.at_least(service + ', requests/s, 100 new connections',
                             self.ratios(service, '100, new each', 'srsd', 'rate'), 0.95)
        targets.at_least('policy over a unix socket, warm, requests/s, 10 connections',
                         self.ratios('policy, unix', '10', 'srsd', 'rate'), 0.6)
        targets.at_most('milter, CPU, 10 connections',
                        self.ratios('milter', '10', 'srsd', 'cpu_us'), 1.3)

    def open_loop(self, srsd):
        """Latency at a share of the maximum rate; -> service -> [result, ...], for the plot."""
        shares = OPEN_SHARES[:1] if self.arguments.tiny else OPEN_SHARES
        name = self.loads[-1 if self.arguments.tiny else 2].name
        found = {}
        for service in ('forward', 'policy', 'milter'):
            most = self.median(service, name, 'srsd', 'rate')
            found[service] = [
                ask(srsd.services[service], self.questions.paths[service],
                    Load(100, rate=max(1, int(share * most))), 2 * self.arguments.seconds)
                for share in shares]
        rows = [[service, '%.0f %%' % (100 * share), '%.0f' % result['rate'],
                 *('%.0f' % result[what] for what in (*LATENCIES, 'max_us'))]
                for service, results in found.items()
                for share, result in zip(shares, results)]
        table('srsd at a given rate, 100 connections', ['', 'of its most', 'requests/s', 'p50 us',
                                                        'p99 us', 'p99.9 us', 'most us'], rows)
        return found
