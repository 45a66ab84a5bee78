# SPDX-License-Identifier: ISC
"""cold - SPF checks of senders that the DNS cache does not know: each domain once, by a new srsd."""

from measure import Load, ask
from report import spread, table
from servers import Srsd

LOADS = (Load(1), Load(20), Load(100))
# Cold and one by one: a tenth of the domains are enough.
ONE_BY_ONE = 10


class Cold:
    def __init__(self, questions, zone, dns, arguments):
        self.questions = questions
        self.count = len(zone.requests)
        self.dns = dns
        self.rounds = arguments.rounds
        self.loads = LOADS[1:2] if arguments.tiny else LOADS
        self.results = {}           # load name -> [report, ...]

    def run(self):
        for _ in range(self.rounds):
            for load in self.loads:
                count = self.count // (ONE_BY_ONE if load.connections == 1 else 1)
                with Srsd(dns=self.dns) as srsd:
                    result = ask(srsd.services['policy'], self.questions.paths['policy'], load,
                                 count=max(count, 1), pid=srsd.pid)
                self.results.setdefault(load.name, []).append(result)
        self._report()

    def _report(self):
        rows = []
        for load, results in self.results.items():
            row = [load]
            for what in 'rate', 'cpu_us', 'p50_us', 'p99_us':
                row.append(spread([result[what] for result in results]))
            rows.append(row)
        table('policy, every sender domain for the first time', [
            'connections', 'requests/s', 'CPU us', 'p50 us', 'p99 us'], rows)
