#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""bench - measure how fast srsd is, in relation to a trivial server.

    bench.py [--seconds N] [--rounds N] [--quick | --tiny] [--only PART] [--strict]
             [--out DIRECTORY]

The speed of a machine varies over time. Therefore the measurements of the compared servers are
interleaved in rounds, and the results are ratios within a round: their median, minimum and maximum.
Growth with load and configuration is measured once.

Prints tables on standard output, the last one with the targets, and writes bench.json and
bench.svg. A target that is missed does not change the exit status, unless --strict is given: on a
busy machine it says little. All traffic stays on 127.0.0.0/8 and on unix sockets.
"""

import argparse
import contextlib
import json
import os
import platform
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import nsd                                                 # noqa: E402
from harness.daemon import Folder                                       # noqa: E402
from harness.dns_server import DnsServer                                # noqa: E402
import beside                                                           # noqa: E402
from cold import Cold                                                   # noqa: E402
from growth import Growth                                               # noqa: E402
from instances import Instances                                         # noqa: E402
from measure import Load, ask, raise_descriptor_limit                    # noqa: E402
from plot import Panel, write                                           # noqa: E402
from questions import Questions                                         # noqa: E402
from report import say, table                                           # noqa: E402
from rounds import CEILING, Rounds                                      # noqa: E402
from servers import (Echo, PolicydSpf, PostSrsd, Srsd,                   # noqa: E402
                     missing_policyd_spf, missing_postsrsd)
from stores import Stores                                               # noqa: E402
from targets import Targets                                             # noqa: E402
from zone import Zone                                                   # noqa: E402

PARTS = ('services', 'stores', 'cold', 'beside', 'instances', 'growth')
PRIVATE_NAMESERVER = '127.86.83.70'     # used by no one else; for clients whose port cannot be set
POLICYD_SPF_SECONDS = 2.0
POLICYD_SPF_ONE_BY_ONE = 8              # requests, with a process for each


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
                result = ask(measured.services['policy'], questions.paths['any policy'], load,
                             seconds=None if few else POLICYD_SPF_SECONDS,
                             count=POLICYD_SPF_ONE_BY_ONE if few else None, pid=measured.pid)
                results['%s, %s' % (load.name, measured.name)] = result
                rows.append([load.name, measured.name, '%.1f' % result['rate'],
                             '%.0f' % result['cpu_us'], '%.0f' % result['p50_us'],
                             '%.0f' % result['p99_us']])
    table('policy, same requests for both', ['connections', '', 'requests/s', 'CPU us', 'p50 us',
                                              'p99 us'], rows)
    return results


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


class Bench:
    """The parts of a run, with what they have in common. `result` is for bench.json."""

    def __init__(self, arguments, stack):
        self.arguments = arguments
        self.stack = stack
        self.limit = raise_descriptor_limit()
        self.zone = Zone(arguments.domains)
        folder = Folder()
        stack.callback(folder.remove)
        self.questions = Questions(folder, self.zone)
        self.dns, self.nameserver = stack.enter_context(name_server(self.zone))
        self.targets = Targets()
        self.panels = []
        self.result = {'machine': about_the_machine(), 'seconds': arguments.seconds}

    def services(self):
        with contextlib.ExitStack() as stack:
            srsd = stack.enter_context(Srsd(dns=self.dns))
            servers = [stack.enter_context(Echo()), srsd]
            why = missing_postsrsd()
            if why:
                say('postsrsd: not measured, %s\n' % why)
            else:
                servers.append(stack.enter_context(PostSrsd()))
            ask(srsd.services['policy'], self.questions.paths['policy'], Load(20),
                count=len(self.zone.requests))      # fills the DNS cache
            rounds = Rounds(self.questions, self.arguments)
            rounds.run(servers)
            for service in CEILING:
                rounds.table(service)
            at_rate = rounds.open_loop(srsd)
            self.result['policyd-spf'] = policyd_spf(self.questions, self.nameserver, srsd)
        self._plot_services(rounds, at_rate)
        rounds.add_targets(self.targets)
        self.result['rounds'] = {' / '.join(key): value for key, value in rounds.results.items()}
        self.result['at_rate'] = at_rate

    def _plot_services(self, rounds, at_rate):
        for service in CEILING:
            self.panels += [
                Panel(service, 'connections', 'requests/s', rounds.lines(service, 'rate')),
                Panel(service, 'connections', 'p99, us', rounds.lines(service, 'p99_us'))]
        for service, results in at_rate.items():
            self.panels.append(Panel('srsd, ' + service, 'requests/s', 'latency, us', {
                name: [(result['rate'], result[what]) for result in results if result['rate'] > 0]
                for name, what in (('p50', 'p50_us'), ('p99', 'p99_us'), ('p99.9', 'p999_us'))}))

    def stores(self):
        stores = Stores(self.questions, self.arguments)
        stores.run()
        self.panels.append(Panel('all senders in a database', 'connections', 'new senders/s',
                                 stores.lines()))
        self.result['stores'] = stores.record()

    def cold(self):
        cold = Cold(self.questions, self.zone, self.dns, self.arguments)
        cold.run()
        self.result['cold'] = cold.results

    def beside(self):
        slow = beside.slow_domain(self.questions, self.zone, self.arguments)
        self.result['beside'] = {'slow domain': slow.results}
        redis = beside.killed_redis(self.questions, self.arguments)
        if redis is not None:
            self.result['beside']['Redis'] = redis.results
            self.targets.at_most('socketmap, p99 beside a killed Redis, to no database',
                                 redis.ratios('Redis killed'), beside.NOTICEABLE)

    def instances(self):
        instances = Instances(self.questions, self.arguments, self.dns)
        instances.run()
        self.result['instances'] = instances.record()

    def growth(self):
        growth = Growth(self.questions, self.arguments)
        growth.start()
        growth.connections([Srsd, Echo] + ([] if missing_postsrsd() else [PostSrsd]), self.limit)
        growth.secrets()
        growth.domains()
        growth.cached(self.dns, self.zone)
        self.result['growth'] = growth.results

    def run(self):
        say('%(cpus)d x %(cpu)s, %(system)s, load %(load_before).1f\n' % self.result['machine'])
        for part in self.arguments.only or PARTS:
            getattr(self, part)()
        if self.targets:
            table('targets', Targets.HEADS, self.targets.rows())
        self.result['targets'] = self.targets.record()
        out = self.arguments.out
        with open(os.path.join(out, 'bench.json'), 'w', encoding='utf-8') as file:
            json.dump(self.result, file, indent=1)
        write(os.path.join(out, 'bench.svg'), self.panels)
        say('bench.json and bench.svg are in ' + os.path.abspath(out))
        missed = self.targets.missed()
        if missed:
            say('%d of %d targets missed' % (len(missed), len(self.targets)))
        return missed


def parse_arguments():
    parser = argparse.ArgumentParser(description='measure how fast srsd is')
    parser.add_argument('--seconds', type=float, default=0.5, help='duration of one measurement')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--domains', type=int, default=10000, help='number of sender domains')
    parser.add_argument('--quick', action='store_true', help='short measurements')
    parser.add_argument('--tiny', action='store_true', help='each only once, to test the benchmark')
    parser.add_argument('--only', choices=PARTS, action='append', help='measure this part alone')
    parser.add_argument('--strict', action='store_true', help='status 1 if a target is missed')
    parser.add_argument('--out', default='.', help='directory for bench.json and bench.svg')
    arguments = parser.parse_args()
    if arguments.tiny:
        arguments.seconds, arguments.rounds, arguments.domains = 0.02, 1, 10
    elif arguments.quick:
        arguments.seconds, arguments.rounds, arguments.domains = 0.15, 2, 1000
    return arguments


def main():
    arguments = parse_arguments()
    with contextlib.ExitStack() as stack:
        missed = Bench(arguments, stack).run()
    sys.exit(1 if missed and arguments.strict else 0)


if __name__ == '__main__':
    main()
