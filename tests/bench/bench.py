#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""bench - measure how fast srsd is, in relation to a trivial server.

    bench.py [--seconds N] [--rounds N] [--quick] [--out DIRECTORY]

The speed of a machine varies over time. Therefore the measurements of the compared servers are
interleaved in rounds, and the results are ratios within a round: their median, minimum and maximum.
After the rounds, growth with load and configuration is measured once.

Prints tables on standard output, and writes bench.json and bench.svg. All traffic stays on
127.0.0.0/8.
"""

import argparse
import contextlib
import json
import os
import platform
import socket
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import nsd, srs                                            # noqa: E402
from harness.clients import MapClient                                   # noqa: E402
from harness.daemon import SECRET, Folder                               # noqa: E402
from harness.dns_server import DnsServer                                # noqa: E402
from measure import (Load, ask, cpu_seconds, memory_kib,                 # noqa: E402
                     raise_descriptor_limit)
from plot import Panel, write                                           # noqa: E402
from servers import (DOMAIN, FORWARDER, Echo, PolicydSpf, PostSrsd,      # noqa: E402
                     Srsd, missing_policyd_spf, missing_postsrsd)
from zone import Zone                                                   # noqa: E402

LOADS = (Load(1), Load(10), Load(100), Load(1000), Load(10, each=True))
# the echo server's service
CEILING = {'forward': 'table', 'reverse': 'table', 'policy': 'policy', 'milter': 'milter'}
KEYS = 1000
PRIVATE_NAMESERVER = '127.86.83.70'     # used by no one else; for clients whose port cannot be set
OPEN_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
POLICYD_SPF_SECONDS = 2.0
POLICYD_SPF_ONE_BY_ONE = 8              # requests, with a process for each
STARTS = 7
SPARE_DESCRIPTORS = 200


def say(text=''):
    print(text, flush=True)


def table(title, heads, rows):
    say(title)
    widths = [max(len(str(row[i])) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, ['-' * width for width in widths], *rows]:
        cells = [str(cell).rjust(width) for cell, width in zip(row, widths)]
        say('  ' + '  '.join([str(row[0]).ljust(widths[0]), *cells[1:]]))
    say()


def mib(kib):
    return '-' if kib is None else '%.1f' % (kib / 1024)


# -- requests ---------------------------------------------------------------

def forward_requests():
    for number in range(KEYS):
        yield ('user%d@d%d.test\t200 SRS0=????=??=d%d.test=user%d@%s'
               % (number, number, number, number, DOMAIN))


def reverse_requests(secret=SECRET):
    day = srs.today()
    for number in range(KEYS):
        address = 'user%d@d%d.test' % (number, number)
        yield '%s\t200 %s' % (srs.srs0(address, secret, DOMAIN, day), address)


def milter_requests():
    """Messages that one of our aliases forwards."""
    for number in range(KEYS):
        sender = 'user%d@d%d.test' % (number, number)
        yield ('%s\tfriend@elsewhere.test\tlist@%s\te<SRS0=????=??=d%d.test=user%d@%s> c'
               % (sender, FORWARDER, number, number, DOMAIN))


class Questions:
    """The files of requests, by service; `table` is for a server with one reply for all."""

    def __init__(self, folder, zone):
        self.folder = folder
        self.paths = {'forward': self.write('forward', forward_requests()),
                      'reverse': self.write('reverse', reverse_requests()),
                      'policy': self.write('policy', zone.requests),
                      'milter': self.write('milter', milter_requests()),
                      'any policy': self.write('any-policy', zone.any_answer)}
        self.paths['table'] = self.paths['forward']

    def write(self, name, lines):
        return self.folder.file(name, ''.join(line + '\n' for line in lines))


# -- rounds -----------------------------------------------------------------

class Rounds:
    """The same measurements, interleaved, in several rounds."""

    def __init__(self, questions, arguments):
        self.questions = questions
        self.arguments = arguments
        self.results = {}       # (service, load name, server name) -> [report of load.c, ...]

    def run(self, servers):
        for number in range(self.arguments.rounds):
            for load in LOADS:
                for service in ('table', *CEILING):
                    for server in servers:
                        if service in server.services:
                            self._measure(service, load, server)
            say('round %d of %d' % (number + 1, self.arguments.rounds))
        say()

    def _measure(self, service, load, server):
        protocol, port, pattern = server.services[service]
        result = ask(protocol, port, self.questions.paths[service], load, self.arguments.seconds,
                     pattern=pattern, pid=server.pid)
        self.results.setdefault((service, load.name, server.name), []).append(result)

    def median(self, service, load, server, what):
        return statistics.median(result[what] for result in self.results[service, load, server])

    def ratio(self, service, load, server, what):
        """To the echo server: median, minimum and maximum of the rounds, as text."""
        ratios = [result[what] / echo[what] for result, echo in zip(
            self.results[service, load, server], self.results[CEILING[service], load, 'echo'])
            if echo[what] > 0]      # less than one tick cannot be measured
        if not ratios:
            return ''
        return '%.2f (%.2f-%.2f)' % (statistics.median(ratios), min(ratios), max(ratios))

    def table(self, service):
        rows = []
        for name in (load.name for load in LOADS):
            for server in ('echo', 'srsd', 'postsrsd'):
                of = CEILING[service] if server == 'echo' else service
                if (of, name, server) not in self.results:
                    continue
                row = [name, server]
                for what, form in (('rate', '%.0f'), ('cpu_us', '%.1f')):
                    row += [form % self.median(of, name, server, what),
                            '1' if server == 'echo' else self.ratio(service, name, server, what)]
                rows.append(row + ['%.0f' % self.median(of, name, server, what)
                                   for what in ('p50_us', 'p99_us', 'p999_us')])
        table(service, ['connections', '', 'requests/s', 'of echo', 'CPU us', 'of echo', 'p50 us',
                        'p99 us', 'p99.9 us'], rows)

    def lines(self, service, what):
        """For a plot: server -> [(connections, value), ...]"""
        found = {}
        for server in ('echo', 'srsd', 'postsrsd'):
            of = CEILING[service] if server == 'echo' else service
            found[server] = [(load.connections, self.median(of, load.name, server, what))
                             for load in LOADS
                             if not load.each and (of, load.name, server) in self.results]
        return found

    def open_loop(self, srsd):
        """Latency at a share of the maximum rate; -> service -> [result, ...], for the plot."""
        found = {}
        for service in ('forward', 'policy', 'milter'):
            most = self.median(service, '100', 'srsd', 'rate')
            protocol, port, _ = srsd.services[service]
            found[service] = [
                ask(protocol, port, self.questions.paths[service],
                    Load(100, rate=max(1, int(share * most))), 2 * self.arguments.seconds)
                for share in OPEN_SHARES]
        rows = [[service, '%.0f %%' % (100 * share), '%.0f' % result['rate'],
                 *('%.0f' % result[what] for what in ('p50_us', 'p99_us', 'p999_us', 'max_us'))]
                for service, results in found.items()
                for share, result in zip(OPEN_SHARES, results)]
        table('srsd at a given rate, 100 connections', ['', 'of its most', 'requests/s', 'p50 us',
                                                        'p99 us', 'p99.9 us', 'most us'], rows)
        return found


def policyd_spf(questions, nameserver, srsd):
    """Compare with srsd, once; -> results, or the reason why there are none."""
    why = missing_policyd_spf(nameserver)
    if why:
        say('policyd-spf: not measured, %s\n' % why)
        return why
    rows, results = [], {}
    with PolicydSpf(nameserver) as server:
        for load in (Load(1), Load(10), Load(2, each=True)):
            for measured in (server, srsd):
                few = load.each and measured is server
                result = ask('policy', measured.services['policy'][1],
                             questions.paths['any policy'], load,
                             seconds=None if few else POLICYD_SPF_SECONDS,
                             count=POLICYD_SPF_ONE_BY_ONE if few else None, pid=measured.pid)
                results['%s, %s' % (load.name, measured.name)] = result
                rows.append([load.name, measured.name, '%.1f' % result['rate'],
                             '%.0f' % result['cpu_us'], '%.0f' % result['p50_us'],
                             '%.0f' % result['p99_us']])
    table('policy, same requests for both', ['connections', '', 'requests/s', 'CPU us', 'p50 us',
                                              'p99 us'], rows)
    return results


# -- growth -----------------------------------------------------------------

class Growth:
    def __init__(self, questions, arguments):
        self.questions = questions
        self.arguments = arguments
        self.results = {}

    def _ask(self, server, service, requests=None):
        protocol, port, _ = server.services[service]
        return ask(protocol, port, requests or self.questions.paths[service], Load(10),
                   self.arguments.seconds, pid=server.pid)

    def start(self):
        ready, cpu, memory = [], [], None
        for _ in range(STARTS):
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
        counts = [n for n in (1, 10, 100, 1000, 5000) if n + SPARE_DESCRIPTORS < limit]
        rows = [[n] for n in counts[:3 if self.arguments.quick else None]]
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
        for count in (1, 10, 100):
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
        for count in (1, 1000, 100000, 1000000)[:3 if self.arguments.quick else None]:
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
            for count in (0, 100, 1000, 10000):
                if count > len(zone.requests):
                    break
                path = self.questions.write('some', zone.requests[:max(count, 1)])
                if count:
                    ask('policy', daemon.services['policy'][1], path, Load(20), count=count)
                result = self._ask(daemon, 'policy', path) if count else {}
                resident, share = memory_kib(daemon.pid)
                rows.append([count, '%.0f' % result.get('rate', 0),
                             '%.1f' % result.get('cpu_us', 0), mib(share), mib(resident)])
        heads = ['sender domains', 'requests/s', 'CPU us', 'share MiB', 'resident MiB']
        self.results['cached'] = [heads, *rows]
        table('policy requests, all in the cache', heads, rows)


# -- the complete run -------------------------------------------------------

@contextlib.contextmanager
def name_server(zone):
    """-> (the server, its address for policyd-spf or None)"""
    if not nsd.installed():
        with DnsServer(zone.names) as dns:
            yield dns, None
        return
    private = PRIVATE_NAMESERVER if may_serve_port_53() else None
    server = nsd.Nsd([private + '@53'] if private else [])
    try:
        server.add_zone('.', zone.text())
        yield server.start(), private
    finally:
        server.stop()


def may_serve_port_53():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((PRIVATE_NAMESERVER, 53))
        except OSError:
            return False
    return True


def about_the_machine():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        models = [line.partition(':')[2].strip() for line in file if line.startswith('model name')]
    return {'cpu': models[0] if models else platform.machine(), 'cpus': os.cpu_count(),
            'system': '%s %s' % (platform.system(), platform.release()),
            'load_before': os.getloadavg()[0]}


def plot(path, rounds, at_rate):
    panels = []
    for service in CEILING:
        panels += [Panel(service, 'connections', 'requests/s', rounds.lines(service, 'rate')),
                   Panel(service, 'connections', 'p99, us', rounds.lines(service, 'p99_us'))]
    for service, results in at_rate.items():
        panels.append(Panel('srsd, ' + service, 'requests/s', 'latency, us', {
            name: [(result['rate'], result[what]) for result in results]
            for name, what in (('p50', 'p50_us'), ('p99', 'p99_us'), ('p99.9', 'p999_us'))}))
    write(path, panels)


def run(arguments, stack):
    limit = raise_descriptor_limit()
    machine = about_the_machine()
    say('%(cpus)d x %(cpu)s, %(system)s, load %(load_before).1f\n' % machine)
    zone = Zone(arguments.domains)
    folder = Folder()
    stack.callback(folder.remove)
    questions = Questions(folder, zone)
    dns, nameserver = stack.enter_context(name_server(zone))
    srsd = stack.enter_context(Srsd(dns=dns))
    servers = [stack.enter_context(Echo()), srsd]
    why = missing_postsrsd()
    if why:
        say('postsrsd: not measured, %s\n' % why)
    else:
        servers.append(stack.enter_context(PostSrsd()))
    ask('policy', srsd.services['policy'][1], questions.paths['policy'], Load(20),
        count=len(zone.requests))       # fills the DNS cache
    rounds = Rounds(questions, arguments)
    rounds.run(servers)
    for service in CEILING:
        rounds.table(service)
    at_rate = rounds.open_loop(srsd)
    predecessor = policyd_spf(questions, nameserver, srsd)
    growth = Growth(questions, arguments)
    growth.start()
    growth.connections([Srsd, Echo] + ([] if why else [PostSrsd]), limit)
    growth.secrets()
    growth.domains()
    growth.cached(dns, zone)
    plot(os.path.join(arguments.out, 'bench.svg'), rounds, at_rate)
    result = {'machine': machine, 'seconds': arguments.seconds, 'at_rate': at_rate,
              'rounds': {' / '.join(key): value for key, value in rounds.results.items()},
              'policyd-spf': predecessor, 'growth': growth.results}
    with open(os.path.join(arguments.out, 'bench.json'), 'w', encoding='utf-8') as file:
        json.dump(result, file, indent=1)
    say('bench.json and bench.svg are in ' + os.path.abspath(arguments.out))


def main():
    parser = argparse.ArgumentParser(description='measure how fast srsd is')
    parser.add_argument('--seconds', type=float, default=0.5, help='duration of one measurement')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--domains', type=int, default=10000, help='number of sender domains')
    parser.add_argument('--quick', action='store_true', help='short measurements')
    parser.add_argument('--out', default='.', help='directory for bench.json and bench.svg')
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seconds, arguments.rounds, arguments.domains = 0.15, 2, 1000
    with contextlib.ExitStack() as stack:
        run(arguments, stack)


if __name__ == '__main__':
    main()
