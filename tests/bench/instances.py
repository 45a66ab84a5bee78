# SPDX-License-Identifier: ISC
"""instances - several instances of srsd at once, each with its own clients.

An instance uses one core, and so does load.c, so that only a machine with more than two cores can
show all that another instance brings.
"""

import contextlib
import os
import statistics

from measure import Load, Run
from report import table
from rounds import CEILING
from servers import Srsd
from targets import Ratios

MOST = 4


class Instances:
    def __init__(self, questions, arguments, dns):
        self.questions = questions
        self.arguments = arguments
        self.dns = dns
        self.counts = [n for n in (1, 2, MOST) if n <= max(2, os.cpu_count() or 1)]
        self.results = {}           # (service, number of instances) -> [(rate, CPU us), ...]

    def run(self):
        with contextlib.ExitStack() as stack:
            daemons = [stack.enter_context(Srsd(dns=self.dns)) for _ in range(self.counts[-1])]
            for daemon in daemons:
                self._ask_all([daemon], 'policy', count=self.arguments.domains)
            for _ in range(self.arguments.rounds):
                for service in CEILING:
                    for count in self.counts:
                        self.results.setdefault((service, count), []).append(
                            self._ask_all(daemons[:count], service, seconds=self.arguments.seconds))
        self._report()

    def _ask_all(self, daemons, service, **limit):
        """-> (requests per second of all together, CPU microseconds per request)"""
        runs = [Run(daemon.services[service], self.questions.paths[service], Load(10),
                    pid=daemon.pid, **limit) for daemon in daemons]
        for run in runs:
            run.go()
        results = [run.result() for run in runs]
        return (sum(result['rate'] for result in results),
                statistics.mean(result['cpu_us'] for result in results))

    def _report(self):
        rows = []
        for (service, count), values in self.results.items():
            rate = statistics.median(rate for rate, _ in values)
            cpu = statistics.median(cpu for _, cpu in values)
            ratios = Ratios(rate / one for (rate, _), (one, _) in zip(
                values, self.results[service, 1]) if one > 0)
            rows.append([service, count, '%.0f' % rate, '1' if count == 1 else ratios,
                         '%.1f' % cpu, '%.0f' % (1e6 / cpu if cpu else 0)])
        table('several instances on %d cores, 10 connections to each' % (os.cpu_count() or 1), [
            '', 'instances', 'requests/s', 'of one', 'CPU us', 'one core would do'], rows)

    def record(self):
        return {'%s / %d' % key: value for key, value in self.results.items()}
