#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""soak - run srsd under load on all services, with disturbances.

    tests/soak/soak.py [SECONDS [SEED]]

It sends requests with known answers, while the DNS is slow, silent and broken, settings are
reloaded (some of them wrong), engines are killed at random moments, clients disconnect, secrets are
created and retired, and metrics and status are read. Then the load continues for a while without
disturbances, and both sides count the requests. Prints what was done, and exits with status 1 after

- a wrong answer, or a request that got no answer even when it was repeated
- a refused connection
- growth of descriptors, memory, connections or files
- counters of the engine that differ from the requests sent
"""

import json
import os
import random
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import srs
from harness.clients import Client, is_end, policy_request
from harness.daemon import (ORDINARY_USER, SECRET, Daemon, free_port, process_status, process_tree,
                            run)
from harness.dns_server import SERVFAIL, SILENT, Delayed, DnsServer

WAIT = 60               # seconds after which an unanswered request is lost
NAMES = 300             # of each kind in the DNS
LOOKUP_TIME = 6
ENGINE_KIB = 24 * 1024  # growth of an engine that is tolerated, from the second quarter to the last
MONITOR_KIB = 4 * 1024
DNS_SOCKETS = 64        # that libunbound may keep open for a while
CLIENT = '192.0.2.1'

PASS, REFUSED = 'PREPEND Received-SPF: Pass ', '550 5.7.23 '
TEMPERROR, NONE = 'PREPEND Received-SPF: Temperror ', 'PREPEND Received-SPF: None '


def zone():
    """-> zone, and by kind the names with their right answers"""
    nodes, kinds = {}, {'quick': [], 'slow': [], 'bad': []}

    def add(kind, name, node, *right):
        nodes[name] = node
        kinds[kind].append((name, right))
    for n in range(NAMES):
        mx = {'TXT': ['v=spf1 mx include:other.pass%d.test -all' % n],
              'MX': [(1, 'mx.pass%d.test' % n)]}
        add('quick', 'pass%d.test' % n, mx, PASS)
        nodes['mx.pass%d.test' % n] = {'A': ['192.0.2.77']}
        nodes['other.pass%d.test' % n] = {'TXT': ['v=spf1 ip4:%s -all' % CLIENT]}
        add('quick', 'fail%d.test' % n, {'TXT': ['v=spf1 ip4:192.0.2.2 -all']}, REFUSED)
        kinds['quick'].append(('none%d.test' % n, (NONE,)))
        slow = Delayed(0.01 * (n % 50), {'TXT': ['v=spf1 ip4:%s -all' % CLIENT]})
        add('slow', 'slow%d.test' % n, slow, PASS)
        add('bad', 'broken%d.test' % n, SERVFAIL, TEMPERROR)
        add('bad', 'silent%d.test' % n, SILENT, TEMPERROR)
    return nodes, kinds


class Soak:
    def __init__(self, seconds, seed):
        self.seconds = seconds
        self.seed = seed
        self.random = random.Random(seed)
        self.errors = []
        self.counts = {}
        self.lock = threading.Lock()
        self.loading = True         # clients send requests
        self.rough = True           # with disturbances
        nodes, self.kinds = zone()
        self.dns = DnsServer(nodes).start()
        self.daemon = Daemon({'hash-avoid-slash': False},
                             {'lookup-time': LOOKUP_TIME, 'srs-daily-limit': 0}, self.dns)
        self.configure()
        self.daemon.start()
        self.secrets = {SECRET}

    def configure(self):
        daemon = self.daemon
        etc = daemon.folder.subfolder('etc', ORDINARY_USER)
        self.secrets_file = daemon.folder.file('etc/secret', SECRET + '\n', 0o600, ORDINARY_USER)
        os.chmod(etc, 0o700)
        port = free_port()
        daemon.addresses['control'] = daemon.enable_control()
        daemon.addresses['metrics'] = ('127.0.0.1', port)
        daemon.options.update({'secrets-file': self.secrets_file,
                               'metrics': 'inet:127.0.0.1:%d' % port})
        self.good = dict(daemon.options)

    # -- book-keeping

    def count(self, what, n=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + n

    def wrong(self, text):
        with self.lock:
            self.errors.append(text)
            if len(self.errors) <= 20:
                print('WRONG', text, flush=True)

    def pause(self, least, most, generator=None):
        """Sleep for some time, but not beyond the part with disturbances."""
        end = time.monotonic() + (generator or self.random).uniform(least, most)
        while self.rough and time.monotonic() < end:
            time.sleep(0.05)

    # -- clients

    def connect(self, service):
        connect = {'forward': self.daemon.forward_client, 'reverse': self.daemon.reverse_client,
                   'policy': self.daemon.policy_client}.get(
                       service, lambda: Client(self.daemon.addresses[service]))
        try:
            return connect()
        except ConnectionRefusedError:
            self.wrong('%s refused a connection' % service)
            raise

    def client(self, service, request, number):
        """Send requests until the load ends. request(generator) -> ask(client), is_right(answer)"""
        generator = random.Random('%s %s %s' % (self.seed, service, number))
        client = None
        while self.loading:
            ask, is_right = request(generator)
            deadline = time.monotonic() + WAIT
            while True:
                try:
                    client = client or self.connect(service)
                    answer = ask(client)
                    break
                except (OSError, AssertionError) as error:
                    client = client and client.close()
                    self.count('asked again')
                    if not is_end(error) or time.monotonic() > deadline:
                        self.wrong('%s: %r' % (service, error))
                        return
                    if isinstance(error, ConnectionRefusedError):
                        time.sleep(0.1)
            self.count(service)
            if not is_right(answer):
                self.wrong('%s: %r' % (service, answer))
            if generator.random() < 0.01:
                client = client.close()
        if client:
            client.close()

    def forward(self, generator):
        address = 'user%d@origin%d.test' % (generator.randrange(1000), generator.randrange(100))

        def is_known(answer):
            with self.lock:
                secrets = list(self.secrets)
            return answer in ['200 ' + srs.srs0(address, secret, 'srs.test', day)
                              for secret in secrets for day in (srs.today(), srs.today() - 1)]

        def is_right(answer):
            if is_known(answer):
                return True
            self.read_secrets()         # a new one may sign before srsctl has exited
            return is_known(answer)
        return lambda client: client.get(address), is_right

    def reverse(self, generator):
        if generator.random() < 0.2:
            return (lambda client: client.get('SRS0=xxxx=AA=x.test=y@srs.test'),
                    lambda answer: answer == '500 bad hash')
        address = 'user%d@origin.test' % generator.randrange(1000)
        key = srs.srs0(address, SECRET, 'srs.test', srs.today())
        return lambda client: client.get(key), lambda answer: answer == '200 ' + address

    def policy(self, kind):
        def request(generator):
            if kind == 'quick' and generator.random() < 0.1:
                key = srs.srs0('a@origin.test', SECRET, 'srs.test', srs.today())
                return (lambda client: client.ask(sender='', recipient=key),
                        lambda answer: answer == 'DUNNO')
            name, right = generator.choice(self.kinds[kind])
            return lambda client: client.ask(sender='a@' + name), \
                lambda answer: answer.startswith(right)
        return request

    def vanish(self):
        """Clients that disconnect in the middle of a request."""
        generator = random.Random('%s vanish' % self.seed)
        while self.rough:
            service = generator.choice(('forward', 'reverse', 'policy', 'control', 'metrics'))
            name, _right = generator.choice(self.kinds['bad'])
            data = {'forward': b'get a@origin.test\n', 'reverse': b'get x@srs.test\n',
                    'policy': policy_request(sender='a@' + name),
                    'control': b'{"command": "spf", "ip": "192.0.2.1", "sender": "a@%s"}\n'
                               % name.encode(),
                    'metrics': b'GET /metrics HTTP/1.1\r\n\r\n'}[service] * generator.randrange(4)
            try:
                client = self.connect(service)
                client.send(data[:generator.randrange(len(data) + 1)])
                generator.choice((client.close, client.vanish))()
                self.count('vanished')
            except OSError as error:
                if not is_end(error):
                    self.wrong('%s: %r' % (service, error))
            self.pause(0, 0.02, generator)

    # -- disturbances

    def watch(self):
        generator = random.Random('%s watch' % self.seed)
        while self.rough:
            try:
                self.page()
                self.count('metrics')
                with self.connect('control') as client:
                    client.send(b'{"command": "status"}\n')
                    line = client.reader.readline()
                    if line and 'connections' not in json.loads(line):
                        self.wrong('status: %r' % line)
                self.count('status')
            except (OSError, KeyError) as error:
                if not is_end(error):
                    self.wrong('watch: %r' % error)
            self.pause(0, 0.5, generator)

    def reload(self):
        """Right and wrong settings that change no answer, and a listener that comes and goes."""
        generator = random.Random('%s reload' % self.seed)
        port = free_port()
        while self.rough:
            for _ in range(generator.randrange(1, 20)):
                options = {**self.good, 'max-age': generator.randrange(10, 40),
                           'idle-timeout': generator.randrange(60, 2000),
                           'connection-limit': generator.randrange(500, 2000)}
                if generator.random() < 0.3:
                    options['policy'] = self.good['policy'] + ['inet:127.0.0.1:%d' % port]
                if generator.random() < 0.3:
                    options.update(generator.choice((
                        {'max-age': 'x'}, {'domains-file': '/nonexistent/file'},
                        {'secrets-file': '/nonexistent/secret'}, {'nonsense': 1})))
                self.daemon.options = options
                self.daemon.write_config()
                self.daemon.signal(signal.SIGHUP)
                self.count('reload')
                self.pause(0, 0.05, generator)
            self.pause(0, 5, generator)

    def engine(self):
        tree = process_tree(self.daemon.process.pid)
        return tree[1] if len(tree) > 1 else None

    def kill(self):
        generator = random.Random('%s kill' % self.seed)
        while self.rough:
            self.pause(1.2, 12, generator)
            pid = self.engine()
            if pid and self.rough:
                mark = self.daemon.log_mark()
                os.kill(pid, signal.SIGKILL)
                self.count('killed')
                self.daemon.wait_log('engine .* is ready', mark)

    def srsctl(self, *arguments):
        done = run('-f', self.ctl_config, *arguments, program='srsctl')
        if done.returncode != 0 and 'control' not in done.stderr and arguments[0] == 'secret':
            self.wrong('srsctl %s: %s' % (' '.join(arguments), done.stderr))
        return done.stdout

    def rotate(self):
        """Create a new secret; retire those between it and the oldest."""
        generator = random.Random('%s rotate' % self.seed)
        while self.rough:
            self.srsctl('secret', 'new')
            self.read_secrets()         # before any of them is retired
            self.srsctl('reload')
            self.count('rotated')
            for entry in json.loads(self.srsctl('secret', 'list', '--json'))['secrets'][2:-1]:
                self.srsctl('secret', 'retire', '--force', entry['fingerprint'])
            self.pause(1, 8, generator)

    def read_secrets(self):
        with open(self.secrets_file, encoding='utf-8') as file:
            secrets = set(file.read().splitlines())
        with self.lock:
            self.secrets |= secrets

    # -- measures

    def page(self):
        with self.connect('metrics') as client:
            client.send(b'GET /metrics HTTP/1.1\r\n\r\n')
            text = client.reader.read().decode()
        if not text:
            raise ConnectionError('ended')
        head, _, body = text.partition('\r\n\r\n')
        if 'Content-Length: %d\r\n' % len(body.encode()) not in head + '\r\n':
            raise ConnectionError('ended in between')
        return {key: float(value) for key, value in
                (line.rsplit(' ', 1) for line in body.splitlines() if line.startswith('srsd_'))}

    def resident(self):
        """Memory of monitor and engine in KiB."""
        pids = (self.daemon.process.pid, self.engine())
        try:
            return [int(process_status(pid)['VmRSS'].split()[0]) for pid in pids if pid]
        except (OSError, KeyError):
            return []

    def descriptors(self):
        return [len(os.listdir('/proc/%d/fd' % pid))
                for pid in (self.daemon.process.pid, self.engine())]

    def files(self):
        return sorted(os.path.join(folder, name)
                      for folder, _, names in os.walk(self.daemon.folder.path) for name in names)

    def wait_idle(self):
        """Wait until no client and no check is left; -> the metrics page"""
        deadline = time.monotonic() + WAIT
        while True:
            page = self.page()
            busy = [key for key, value in page.items() if value > 0 and (
                key == 'srsd_checks_in_flight' or
                key.startswith('srsd_connections{') and 'metrics' not in key)]
            if not busy:
                return page
            if time.monotonic() > deadline:
                self.wrong('not idle: %s' % busy)
                return page
            time.sleep(0.05)

    # -- the run

    def start_threads(self, targets):
        threads = [threading.Thread(target=target, args=args, daemon=True)
                   for target, *args in targets]
        for thread in threads:
            thread.start()
        return threads

    def start_clients(self):
        return self.start_threads(
            [(self.client, 'forward', self.forward, n) for n in range(2)] +
            [(self.client, 'reverse', self.reverse, n) for n in range(2)] +
            [(self.client, 'policy', self.policy(kind), kind + str(n))
             for kind, count in (('quick', 2), ('slow', 8), ('bad', 16)) for n in range(count)])

    def run_rough(self):
        self.ctl_config = self.daemon.path('srsctl.conf')
        self.daemon.write_config()
        os.link(self.daemon.config, self.ctl_config)    # reload replaces the other one
        clients = self.start_clients()
        events = self.start_threads([(f,) for f in (self.vanish, self.watch, self.reload,
                                                    self.kill, self.rotate)])
        start, samples, files = time.monotonic(), [], None
        while time.monotonic() - start < self.seconds:
            time.sleep(min(0.5, self.seconds / 40))
            samples.append(self.resident())
            if files is None and time.monotonic() - start > self.seconds / 4:
                files = self.files()
        self.rough = False
        self.join(events)
        self.loading = False
        self.join(clients)
        self.check_memory([s for s in samples if len(s) == 2])
        return files

    def join(self, threads):
        for thread in threads:
            thread.join(2 * WAIT)
            if thread.is_alive():
                self.wrong('a client hangs')

    def check_memory(self, samples):
        quarter = max(1, len(samples) // 4)
        for i, (name, bound) in enumerate((('monitor', MONITOR_KIB), ('engine', ENGINE_KIB))):
            before = max(s[i] for s in samples[quarter:2 * quarter])
            after = max(s[i] for s in samples[-quarter:])
            print('%s: maximum %d KiB in the second quarter, %d KiB in the last'
                  % (name, before, after))
            if after > before + bound:
                self.wrong('%s has grown from %d to %d KiB' % (name, before, after))

    def run_peaceful(self):
        """Without disturbances, both sides count the same."""
        self.daemon.options = self.good
        self.daemon.write_config()
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(' reloaded ', mark)
        before, descriptors = self.wait_idle(), self.descriptors()
        asked = dict(self.counts)
        self.loading = True
        clients = self.start_clients()
        time.sleep(min(10, self.seconds / 4))
        self.loading = False
        self.join(clients)
        after = self.wait_idle()
        if self.counts.get('asked again', 0) != asked.get('asked again', 0):
            self.wrong('connections ended without a reason')
        for service, family in (('forward', 'srsd_lookups_total{map="forward"'),
                                ('reverse', 'srsd_lookups_total{map="reverse"'),
                                ('policy', 'srsd_policy_total{')):
            counted = sum(after[k] - before[k] for k in after if k.startswith(family))
            sent = self.counts[service] - asked.get(service, 0)
            print('%s: %d sent, %d counted' % (service, sent, counted))
            if counted != sent:
                self.wrong('%s: sent %d, counted %d' % (service, sent, counted))
        self.check_descriptors(descriptors)

    def check_descriptors(self, before):
        deadline = time.monotonic() + WAIT
        while True:
            now = self.descriptors()
            if now[0] <= before[0] and now[1] <= 32 + DNS_SOCKETS:
                break
            if time.monotonic() > deadline:
                self.wrong('descriptors: %s, before %s' % (now, before))
                break
            time.sleep(0.2)
        print('descriptors of monitor and engine: %s' % now)

    def run(self):
        files = self.run_rough()
        self.run_peaceful()
        if self.files() != files:
            self.wrong('files: %s, before %s' % (self.files(), files))
        deaths = self.daemon.log_matches(
            r'engine \d+: (ended|killed by signal (?!9 )|silent|sandbox)')
        for line in deaths + self.daemon.log_matches('fatal|libevent'):
            self.wrong(line)
        try:
            self.daemon.stop()
        except AssertionError as error:
            self.wrong(str(error))
        self.daemon.folder.remove()
        self.dns.stop()
        print(', '.join('%s %d' % item for item in sorted(self.counts.items())))
        print('%d wrong' % len(self.errors))
        return 1 if self.errors else 0


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2 ** 32)
    print('soak: %g seconds, seed %d' % (seconds, seed), flush=True)
    sys.exit(Soak(seconds, seed).run())


if __name__ == '__main__':
    main()
