# SPDX-License-Identifier: ISC
"""beside - latency at a moderate rate, beside something that is slow or has failed.

In each round the same requests are sent with and without it. The ratio of the 99th percentiles is
1 if it does not matter.
"""

import contextlib
import statistics

from harness import redis
from harness.daemon import Folder
from harness.dns_server import Delayed, DnsServer
from measure import Load, ask, background
from report import say, table
from servers import Srsd
from targets import Ratios

DOMAINS = 200               # whose senders are measured
SLOW_NAMES = 5000
SLOW_SECONDS = 1.0          # until each answer
SLOW_LOAD = Load(50)
LONG_LOAD = Load(50, rate=200)
RATE = 2000                 # requests per second
CONNECTIONS = 20
NOTICEABLE = 1.25           # ratio of 99th percentiles; less is within the spread of a round


class Beside:
    """Two or more cases, each with the requests that are measured; the first one is undisturbed."""

    def __init__(self, title, cases):
        self.title = title
        self.results = {case: [] for case in cases}

    def ask(self, case, service, path, seconds):
        self.results[case].append(ask(service, path, Load(CONNECTIONS, rate=RATE), seconds))

    def ratios(self, case):
        first = next(iter(self.results.values()))
        return Ratios(result['p99_us'] / other['p99_us']
                      for result, other in zip(self.results[case], first) if other['p99_us'] > 0)

    def report(self):
        rows = []
        for number, (case, results) in enumerate(self.results.items()):
            rows.append([case, *('%.0f' % statistics.median(result[what] for result in results)
                                 for what in ('rate', 'p50_us', 'p99_us')),
                         self.ratios(case) if number else '1'])
        table(self.title, ['', 'requests/s', 'p50 us', 'p99 us', 'of the first'], rows)


def slow_requests():
    for number in range(SLOW_NAMES):
        yield '192.0.2.1\tmx.d0.test\tuser@n%d.slow.test\tbob@our.test\taction=*' % number


def slow_domain(questions, zone, arguments):
    """One domain whose DNS answers late, beside the others, whose answers are in the cache."""
    requests = zone.requests[:DOMAINS]
    path = questions.write('few', requests)
    slow_path = questions.write('slow', slow_requests())
    names = {'n%d.slow.test' % number: Delayed(SLOW_SECONDS, {'TXT': ['v=spf1 -all']})
             for number in range(SLOW_NAMES)}
    cases = 'alone', 'beside a slow domain'
    beside = Beside('policy, senders of one domain wait %g s for the DNS' % SLOW_SECONDS, cases)
    with DnsServer({**zone.names, **names}) as dns, Srsd(dns=dns) as srsd:
        policy = srsd.services['policy']
        ask(policy, path, Load(CONNECTIONS), count=len(requests))
        for number in range(arguments.rounds):
            for case in cases[::-1] if number % 2 else cases:
                with contextlib.ExitStack() as stack:
                    if case != cases[0]:
                        stack.enter_context(background(policy, slow_path, SLOW_LOAD))
                    beside.ask(case, policy, path, arguments.seconds)
    beside.report()
    return beside


def killed_redis(questions, arguments):
    """Addresses that contain their sender, beside long senders, for which the server is away; ->
    None if that cannot be measured."""
    why = redis.unavailable()
    if why:
        say('killed Redis: not measured: %s\n' % why)
        return None
    cases = 'no database', 'Redis', 'Redis killed'
    beside = Beside('socketmap, %d long senders a second are stored or deferred' % LONG_LOAD.rate,
                    cases)
    with contextlib.ExitStack() as stack:
        daemons = {cases[0]: stack.enter_context(Srsd())}
        for case in cases[1:]:
            folder = Folder()
            stack.callback(folder.remove)
            server = stack.enter_context(redis.RedisServer(folder))
            daemons[case] = stack.enter_context(Srsd({
                'original-envelope': 'long', 'envelope-database': server.local_database}))
        server.kill()
        for number in range(arguments.rounds):
            for case in cases[::-1] if number % 2 else cases:
                service = daemons[case].services['socketmap']
                with background(service, questions.paths['long sender'], LONG_LOAD):
                    beside.ask(case, service, questions.paths['socketmap'], arguments.seconds)
    beside.report()
    return beside
