#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""soak - run srsd under load on all services, with disturbances.

    tests/soak/soak.py [--database none|sqlite|redis] [--pause SECONDS]
                       [--seconds SECONDS] [--seed SEED]

It sends requests with known answers, while the DNS is slow, silent and broken, settings are
reloaded (some of them wrong), engines are killed at random moments, clients disconnect, secrets are
created and retired, and metrics, status and decisions are read. With a database, the store process
is killed and the database locked, or its server is killed. Then the load continues without
disturbances, and both sides count the requests. For a quarter of the time after that, nothing is
wrong with the DNS or the clients either, and no alert may fire. Each client waits for a pause
between two requests. Prints what was done, and exits with status 1 after

- a wrong answer, or a request that got no answer even when it was repeated
- an address that was given out and does not lead back to its sender
- a refused connection
- growth of descriptors, memory, connections, files or the database
- counters of the engine that differ from the requests sent
- an alert (if promtool is installed)
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import milter, srs
from harness.clients import Client, SocketmapClient, is_end, policy_request
from harness.daemon import (ORDINARY_USER, SECRET, Daemon, free_port, has_sqlite, process_name,
                            process_status, process_tree, run)
from harness.dns_server import SERVFAIL, SILENT, Delayed, DnsServer
from harness.milter import Milter

from alerts import INTERVAL, Recorder
from envelopes import BACKENDS, Given, sender_of

WAIT = 60               # seconds after which an unanswered request is lost
NAMES = 300             # of each kind in the DNS
LOOKUP_TIME = 6         # checks of silent names have to end between two deaths of the engine
LATE = 0.01             # share of checks that may get no DNS answer in time on a busy machine
# Growth in KiB that is tolerated, from the second quarter to the last.
GROWTH = {'monitor': 4 * 1024, 'engine': 24 * 1024, 'store': 8 * 1024}
DATABASE_BYTES = 1024 * 1024    # likewise, of a database that gets no new rows
STORE_TIMEOUT = 2
DNS_SOCKETS = 64        # that libunbound may keep open for a while
CLIENT = '192.0.2.1'

PASS, REFUSED = 'PREPEND Received-SPF: Pass ', '550 5.7.23 '
TEMPERROR, NONE = 'PREPEND Received-SPF: Temperror ', 'PREPEND Received-SPF: None '
LAX = 'PREPEND Received-SPF: Fail '     # of a recipient whose section refuses nothing


class Deferred(Exception):
    """A temporary error, which only a request that needs the database may get."""


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


def raise_deferral(answer):
    """An answer of a map, without its code; Deferred for a temporary error."""
    code, _, text = answer.partition(' ')
    if code in ('400', 'TEMP'):
        raise Deferred(text)
    return text if code in ('200', 'OK') else answer


def rewrite(service, client, sender):
    """The address that a service has for a sender; Deferred for a temporary error."""
    if service == 'forward':
        return raise_deferral(client.get(sender))
    if service == 'socketmap':
        return raise_deferral(client.get('forward', sender))
    actions = client.message(sender, 'b@out.test')
    if actions[0].name == 'reply' and actions[0].text.startswith('4'):
        raise Deferred(actions[0].text)
    return actions[0].text if actions[0].name == 'sender' else actions


def restore(service, client, address):
    """The sender that a service finds for an address; likewise."""
    if service == 'reverse':
        return raise_deferral(client.get(address))
    if service == 'socketmap':
        return raise_deferral(client.get('reverse', address))
    client.mail('')
    verdict = client.rcpt(address)
    if verdict != 'continue':
        client.abort()
        return raise_deferral('TEMP ' + verdict if verdict.startswith('4') else verdict)
    client.headers([('From', 'a@x.test')])
    actions = client.eom()
    if actions[0].name == 'reply' and actions[0].text.startswith('4'):
        raise Deferred(actions[0].text)
    return actions[1].text if actions[0] == ('delete', address) else actions


def milter_text():
    """All that an MTA sends for a message."""
    return milter.options() + milter.client('127.0.0.1') + milter.message(
        sender_of(1), [('b@out.test',)]) + milter.QUIT


class Soak:
    def __init__(self, seconds, seed, database, between):
        self.seconds = seconds
        self.seed = seed
        self.between = between      # seconds between two requests of a client
        self.random = random.Random(seed)
        self.errors = []
        self.counts = {}
        self.lock = threading.Lock()
        self.loading = True         # clients send requests
        self.rough = True           # with disturbances
        self.well = False           # without questions that have no good answer, too
        self.given = Given(self.lock)
        nodes, self.kinds = zone()
        self.dns = DnsServer(nodes).start()
        self.daemon = Daemon({'hash-avoid-slash': False},
                             {'lookup-time': LOOKUP_TIME, 'srs-daily-limit': 0}, self.dns)
        self.database = BACKENDS[database](self.daemon, STORE_TIMEOUT) if database in BACKENDS \
            else None
        self.configure()
        self.daemon.start()
        self.secrets = {SECRET}

    def configure(self):
        daemon = self.daemon
        for service in 'milter', 'socketmap':
            port = free_port()
            daemon.addresses[service] = ('127.0.0.1', port)
            daemon.options[service] = ['inet:127.0.0.1:%d' % port]
        daemon.options['spf "lax.test"'] = {'mail-from-reject': False}
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

    def connect(self, service, raw=False):
        address = self.daemon.addresses[service]
        connect = {'forward': self.daemon.forward_client, 'reverse': self.daemon.reverse_client,
                   'policy': self.daemon.policy_client,
                   'socketmap': lambda: SocketmapClient(address),
                   'milter': lambda: Milter(address)}
        try:
            client = Client(address) if raw or service not in connect else connect[service]()
            if service == 'milter' and not raw:
                client.connect('127.0.0.1')
            return client
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
                except Deferred as deferral:
                    self.count('deferred')
                    if time.monotonic() > deadline:
                        self.wrong('%s: deferred: %s' % (service, deferral))
                        return
                    time.sleep(0.05)
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
            time.sleep(self.between)
            if generator.random() < 0.01:
                client = client.close()
        if client:
            client.close()

    def is_right_address(self, given, right):
        """right(secrets) -> whether the address is the one that one of the secrets makes"""
        with self.lock:
            secrets = list(self.secrets)
        if right(given, secrets):
            return True
        self.read_secrets()         # a new one may sign before srsctl has exited
        with self.lock:
            secrets = list(self.secrets)
        return right(given, secrets)

    def forward(self, service):
        """The address of a sender that is embedded in it, over one of three services."""
        def request(generator):
            sender = 'user%d@origin%d.test' % (generator.randrange(1000), generator.randrange(100))

            def right(given, secrets):
                return given in [srs.srs0(sender, secret, 'srs.test', day) for secret in secrets
                                 for day in (srs.today(), srs.today() - 1)]
            return (lambda client: rewrite(service, client, sender),
                    lambda answer: self.is_right_address(answer, right))
        return request

    def reverse(self, service):
        def request(generator):
            if generator.random() < 0.2 and not self.well and service == 'reverse':
                return (lambda client: client.get('SRS0=xxxx=AA=x.test=y@srs.test'),
                        lambda answer: answer == '500 bad hash')
            sender = 'user%d@origin.test' % generator.randrange(1000)
            address = srs.srs0(sender, SECRET, 'srs.test', srs.today())
            return (lambda client: restore(service, client, address),
                    lambda answer: answer == sender)
        return request

    def put(self, service):
        """The address of a sender in the database."""
        def request(generator):
            sender = sender_of(generator.randrange(1 << 30))
            return (lambda client: rewrite(service, client, sender),
                    lambda answer: self.is_right_address(
                        answer, lambda given, secrets: self.given.add(given, sender, secrets)))
        return request

    def get(self, service):
        """The sender of an address that was given out, if its secret has not been retired."""
        def request(generator):
            chosen = self.given.choose(generator, self.secrets_now())
            if not chosen:
                return self.reverse(service)(generator)
            address, sender, secret = chosen

            def ask(client):
                try:
                    return restore(service, client, address)
                except Deferred:
                    if secret not in self.secrets_now():
                        return sender
                    raise
            return ask, lambda answer: answer == sender or secret not in self.secrets_now()
        return request

    def policy(self, kind):
        def request(generator):
            if kind == 'quick' and generator.random() < 0.1:
                key = srs.srs0('a@origin.test', SECRET, 'srs.test', srs.today())
                return (lambda client: client.ask(sender='', recipient=key),
                        lambda answer: answer == 'DUNNO')
            name, right = generator.choice(self.kinds[kind])
            to = 'bob@lax.test' if generator.random() < 0.2 else 'bob@our.test'
            if to == 'bob@lax.test' and right == (REFUSED,):
                right = (LAX,)

            def is_right(answer):
                if kind == 'slow' and answer.startswith(TEMPERROR):
                    self.count('too late')
                    return True
                return answer.startswith(right)
            return lambda client: client.ask(sender='a@' + name, recipient=to), is_right
        return request

    def vanish(self):
        """Clients that disconnect in the middle of a request."""
        generator = random.Random('%s vanish' % self.seed)
        while self.rough:
            service = generator.choice(('forward', 'reverse', 'policy', 'control', 'metrics',
                                        'socketmap', 'milter'))
            name, _right = generator.choice(self.kinds['bad'])
            data = {'forward': b'get a@origin.test\n', 'reverse': b'get x@srs.test\n',
                    'policy': policy_request(sender='a@' + name),
                    'control': b'{"command": "spf", "ip": "192.0.2.1", "sender": "a@%s"}\n'
                               % name.encode(),
                    'socketmap': b'21:forward a@origin.test,',
                    'milter': milter_text(),
                    'metrics': b'GET /metrics HTTP/1.1\r\n\r\n'}[service] * generator.randrange(4)
            try:
                client = self.connect(service, raw=True)
                client.send(data[:generator.randrange(len(data) + 1)])
                generator.choice((client.close, client.vanish))()
                self.count('vanished')
            except OSError as error:
                if not is_end(error):
                    self.wrong('%s: %r' % (service, error))
            self.pause(0, 0.02, generator)

    # -- disturbances

    def look(self, request, member):
        """Ask the control socket; a reply has this member, and is missing if the engine ends."""
        with self.connect('control') as client:
            client.send(json.dumps(request).encode() + b'\n')
            line = client.reader.readline()
            if line and member not in json.loads(line):
                self.wrong('%s: %r' % (request['command'], line))
        self.count(request['command'])

    def watch(self):
        generator = random.Random('%s watch' % self.seed)
        while self.rough:
            try:
                self.page()
                self.count('metrics')
                self.look({'command': 'status'}, 'connections')
                self.look({'command': 'recent', 'last': 50}, 'decisions')
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

    def child(self, name):
        """The pid of the engine or of the store process; None while there is none."""
        for pid in process_tree(self.daemon.process.pid)[1:]:
            found = process_name(pid)
            if found and ('store' if found == 'srsd-store' else 'engine') == name:
                return pid
        return None

    def kill(self):
        generator = random.Random('%s kill' % self.seed)
        while self.rough:
            self.pause(1.2, 12, generator)
            name = generator.choice(('engine', 'engine', 'store'))
            pid = self.child(name)
            if pid and self.rough:
                mark = self.daemon.log_mark()
                os.kill(pid, signal.SIGKILL)
                self.count('killed ' + name)
                if name == 'engine':
                    self.wait_ready(mark)

    def wait_ready(self, mark):
        try:
            self.daemon.wait_log('engine .* is ready', mark)
        except AssertionError as error:
            self.wrong(str(error))

    def fail_database(self):
        """It is locked, or its server is killed."""
        generator = random.Random('%s database' % self.seed)
        while self.rough:
            self.pause(2, 15, generator)
            if self.rough:
                self.database.fail(lambda least, most: self.pause(least, most, generator))
                self.count('database failed')

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

    def secrets_now(self):
        with open(self.secrets_file, encoding='utf-8') as file:
            return set(file.read().splitlines())

    def read_secrets(self):
        secrets = self.secrets_now()
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

    def processes(self):
        """The pid of each process that there is now, by name."""
        pids = {'monitor': self.daemon.process.pid, 'engine': self.child('engine'),
                'store': self.child('store')}
        return {name: pid for name, pid in pids.items() if pid}

    def resident(self):
        """Memory of each process in KiB, by name."""
        sizes = {}
        for name, pid in self.processes().items():
            try:
                sizes[name] = int(process_status(pid)['VmRSS'].split()[0])
            except (OSError, KeyError):
                continue        # it has ended
        return sizes

    def descriptors(self):
        return {name: len(os.listdir('/proc/%d/fd' % pid))
                for name, pid in self.processes().items()}

    def files(self):
        """All but those of a database, and a configuration that is being written."""
        return sorted(os.path.join(folder, name)
                      for folder, _, names in os.walk(self.daemon.folder.path) for name in names
                      if os.path.basename(folder) not in ('database', 'redis', 'appendonlydir')
                      and name != 'srsd.conf.new')

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
        plan = [('forward', self.forward('forward')), ('reverse', self.reverse('reverse')),
                ('socketmap', self.forward('socketmap')), ('socketmap', self.reverse('socketmap')),
                ('milter', self.forward('milter')), ('milter', self.reverse('milter'))]
        if self.database:
            plan += [(service, self.put(service)) for service in ('forward', 'socketmap', 'milter')]
            plan += [(service, self.get(service)) for service in ('reverse', 'socketmap', 'milter')]
        plan = [(service, request, number) for number, (service, request) in enumerate(2 * plan)]
        kinds = (('quick', 2), ('slow', 8)) + (() if self.well else (('bad', 16),))
        plan += [('policy', self.policy(kind), kind + str(n))
                 for kind, count in kinds for n in range(count)]
        return self.start_threads([(self.client, *item) for item in plan])

    def run_rough(self):
        self.ctl_config = self.daemon.path('srsctl.conf')
        self.daemon.write_config()
        os.link(self.daemon.config, self.ctl_config)    # reload replaces the other one
        clients = self.start_clients()
        events = [self.vanish, self.watch, self.reload, self.kill, self.rotate]
        events += [self.fail_database] if self.database else []
        events = self.start_threads([(event,) for event in events])
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
        self.check_memory(samples)
        return files

    def join(self, threads):
        for thread in threads:
            thread.join(2 * WAIT)
            if thread.is_alive():
                self.wrong('a client hangs')

    def check_memory(self, samples):
        quarter = max(1, len(samples) // 4)
        for name, bound in GROWTH.items():
            before, after = (max((s.get(name, 0) for s in part), default=0)
                             for part in (samples[quarter:2 * quarter], samples[-quarter:]))
            if not before:
                continue
            print('%s: maximum %d KiB in the second quarter, %d KiB in the last'
                  % (name, before, after))
            if after > before + bound:
                self.wrong('%s has grown from %d to %d KiB' % (name, before, after))

    def load(self, seconds, each=None):
        """Clients for some time; each() is called every INTERVAL seconds."""
        self.loading = True
        clients = self.start_clients()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(INTERVAL, max(0, end - time.monotonic())))
            if each:
                each()
        self.loading = False
        self.join(clients)

    def run_peaceful(self):
        """Without disturbances, both sides count the same."""
        self.daemon.options = self.good
        self.daemon.write_config()
        mark = self.daemon.log_mark()
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(' reloaded ', mark)
        if self.database:
            self.check_given()
        before, descriptors = self.wait_idle(), self.descriptors()
        asked = dict(self.counts)
        self.load(min(10, self.seconds / 4))
        after = self.wait_idle()
        for what in 'asked again', 'deferred':
            if self.counts.get(what, 0) != asked.get(what, 0):
                self.wrong('%s: %d without a reason' % (
                    what, self.counts[what] - asked.get(what, 0)))
        sent = {service: self.counts[service] - asked.get(service, 0)
                for service in ('forward', 'reverse', 'socketmap', 'milter', 'policy')}
        for what, family, number in (
                ('maps', 'srsd_lookups_total{',
                 sent['forward'] + sent['reverse'] + sent['socketmap']),
                ('milter', 'srsd_milter_total{', sent['milter']),
                ('policy', 'srsd_policy_total{', sent['policy'])):
            counted = sum(after[k] - before[k] for k in after if k.startswith(family))
            print('%s: %d sent, %d counted' % (what, number, counted))
            if counted != number:
                self.wrong('%s: sent %d, counted %d' % (what, number, counted))
        self.check_descriptors(descriptors)

    def run_well(self):
        """Nothing is wrong: no alert fires, and the database does not grow."""
        self.well = True
        seconds, sizes, pages = self.seconds / 4, [], Recorder()

        def measure():
            pages.add(self.page())
            if self.database:
                sizes.append((self.database.rows(), self.database.size()))
        self.load(seconds, measure)
        firing = pages.firing(self.daemon.folder.path)
        print('alerts: %s' % {None: 'promtool is not installed', '': 'none'}.get(firing, firing))
        if firing:
            self.wrong('an alert fires')
        if self.database:
            self.check_given()
            self.check_database(sizes)

    def save_log(self):
        with tempfile.NamedTemporaryFile('w', prefix='srsd-soak-', suffix='.log',
                                         encoding='utf-8', delete=False) as file:
            file.write(self.daemon.log())
        print('the log of srsd is in %s' % file.name)

    def check_given(self):
        """Every address that was given out leads back, over a quiet connection."""
        number, deadline = 0, time.monotonic() + WAIT
        with self.daemon.reverse_client() as client:
            for address, sender in self.given.all_of(self.secrets_now()):
                reply = client.get(address)
                while reply.startswith('400 ') and time.monotonic() < deadline:
                    time.sleep(0.05)
                    reply = client.get(address)
                number += 1
                if reply != '200 ' + sender:
                    self.wrong('%s: %s instead of %s' % (address, reply, sender))
        print('addresses with a row: %d lead back of %d given out' % (number, len(self.given)))

    def check_database(self, sizes):
        """A put that was deferred, or asked for again, may have left a row."""
        rows, given = self.database.rows(), len(self.given)
        spare = self.counts.get('deferred', 0) + self.counts.get('asked again', 0) + \
            self.counts.get('vanished', 0)
        middle, last = sizes[len(sizes) // 2], sizes[-1]
        print('database: %d rows, %d aliases given out; rows and bytes %s in the middle, %s at the '
              'end' % (rows, given, middle, last))
        if not given <= rows <= given + spare:
            self.wrong('%d rows, %d aliases given out' % (rows, given))
        if last[1] > middle[1] + DATABASE_BYTES:
            self.wrong('the database has grown from %d to %d bytes' % (middle[1], last[1]))

    def check_descriptors(self, before):
        deadline = time.monotonic() + WAIT
        while True:
            now = self.descriptors()
            if now['engine'] <= 32 + DNS_SOCKETS and all(
                    now[name] <= before[name] for name in now if name != 'engine'):
                break
            if time.monotonic() > deadline:
                self.wrong('descriptors: %s, before %s' % (now, before))
                break
            time.sleep(0.2)
        print('descriptors: %s' % now)

    def run(self):
        files = self.run_rough()
        self.run_peaceful()
        self.run_well()
        if self.files() != files:
            self.wrong('files: %s, before %s' % (self.files(), files))
        deaths = self.daemon.log_matches(
            r'engine \d+: (ended|killed by signal (?!9 )|silent|sandbox)|'
            r'store process \d+: (ended with status [1-9]|killed by signal (?!9 ))')
        for line in deaths + self.daemon.log_matches('fatal|libevent'):
            self.wrong(line)
        if self.counts.get('too late', 0) > LATE * self.counts['policy']:
            self.wrong('%d checks got no answer in time' % self.counts['too late'])
        try:
            self.daemon.stop()
        except AssertionError as error:
            self.wrong(str(error))
        if self.database:
            self.database.stop()
        if self.errors:
            self.save_log()
        self.daemon.folder.remove()
        self.dns.stop()
        print(', '.join('%s %d' % item for item in sorted(self.counts.items())))
        print('%d wrong' % len(self.errors))
        return 1 if self.errors else 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--database', choices=('none', *BACKENDS))
    parser.add_argument('--pause', type=float, default=0)
    parser.add_argument('--seconds', type=float, default=300)
    parser.add_argument('--seed', type=int)
    chosen = parser.parse_args()
    seed = random.SystemRandom().randrange(2 ** 32) if chosen.seed is None else chosen.seed
    database = chosen.database or ('sqlite' if has_sqlite() else 'none')
    print('soak: %g seconds, seed %d, database %s' % (chosen.seconds, seed, database), flush=True)
    sys.exit(Soak(chosen.seconds, seed, database, chosen.pause).run())


if __name__ == '__main__':
    main()
