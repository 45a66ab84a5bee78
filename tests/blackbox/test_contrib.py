#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The files in contrib/: alerts and dashboard use metrics that exist, the filter of fail2ban
matches lines of the log and no others, the AppArmor profile allows all that the daemon needs."""

import functools
import glob
import itertools
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import unittest
import urllib.request

try:
    import yaml
except ImportError:
    yaml = None

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import redis, srs, tap
from harness.case import DaemonCase
from harness.daemon import (ORDINARY_USER, SECRET, TOP, Daemon, Folder, binary, free_port,
                            has_sqlite, is_root, reachable_binary)
from harness.dns_server import DnsServer
from harness.redis import RedisServer

CONTRIB = os.path.join(os.environ.get('abs_top_srcdir', str(TOP)), 'contrib')
PATH = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
WAIT = 120


def text_of(*names):
    with open(os.path.join(CONTRIB, *names), encoding='utf-8') as file:
        return file.read()


def tool(name):
    return shutil.which(name, path=PATH)


def needs(*names):
    """A decorator: skip where one of these programs is not installed."""
    missing = [name for name in names if not tool(name)]
    return unittest.skipIf(missing, 'not installed: ' + ' '.join(missing))


def run_tool(name, *arguments, cwd=CONTRIB):
    """-> CompletedProcess with all its output in stdout."""
    return subprocess.run([tool(name), *arguments], stdin=subprocess.DEVNULL, cwd=cwd, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT)


# -- the page, and queries of it --------------------------------------------

def read_page(port):
    """The daemon's page: -> {name: {label: {values}}}"""
    with urllib.request.urlopen('http://127.0.0.1:%d/metrics' % port, timeout=WAIT) as response:
        text = response.read().decode()
    page = {}
    for name, labels in re.findall(r'^(\w+)(?:\{(.*)\})? \S+$', text, re.M):
        values = page.setdefault(name, {})
        for label, value in re.findall(r'(\w+)="([^"]*)"', labels):
            values.setdefault(label, set()).add(value)
    return page


def selectors(query):
    """The metrics in a PromQL query: (name, [(label, operator, value)])"""
    for name, matchers in re.findall(r'\b((?:srsd_|up\b)\w*)(?:\{([^}]*)\})?', query):
        yield name, re.findall(r'(\w+) *(=~|!~|!=|=) *"([^"]*)"', matchers)


FOREIGN = {'job', 'instance'}       # labels that Prometheus adds


def unknown_in(query, page):
    """The names in a query that the page does not have."""
    wrong = []
    for name, matchers in selectors(query):
        if name != 'up' and name not in page:
            wrong.append(name)
        for label, operator, value in matchers:
            if label in FOREIGN:
                continue
            values = page.get(name, {}).get(label, set())
            wanted = value.split('|') if '~' in operator else [value]
            wrong += ['%s{%s="%s"}' % (name, label, word) for word in wanted if word not in values]
    return wrong


def grouped_by(query):
    return {label.strip() for labels in re.findall(r'\b(?:by|on|ignoring) \(([^)]*)\)', query)
            for label in labels.split(',')}


class PageCase(DaemonCase):
    @classmethod
    def setUpClass(cls):
        cls.dns = None
        port = free_port()
        cls.daemon = Daemon({'metrics': 'inet:127.0.0.1:%d' % port}).start()
        cls.addClassCleanup(cls.daemon.__exit__, None)
        cls.page = read_page(port)
        cls.labels = FOREIGN.union(*cls.page.values())

    def assert_known(self, query):
        """It names a metric of the page, and nothing that is not there."""
        self.assertTrue(list(selectors(query)), query)
        self.assertEqual(unknown_in(query, self.page), [])
        self.assertEqual(grouped_by(query) - self.labels, set())


class Page(PageCase):
    def test_the_test(self):
        """A name that is not on the page is detected."""
        self.assertIn('srsd_spf_seconds_bucket', self.page)
        for query, wrong in (('rate(srsd_spf_total{result="fail"}[5m])', []),
                             ('rate(srsd_spf_total{result=~"fail|fial"}[5m]) > 1',
                              ['srsd_spf_total{result="fial"}']),
                             ('srsd_spf_totals', ['srsd_spf_totals'])):
            self.assertEqual(unknown_in(query, self.page), wrong)


# -- Prometheus -------------------------------------------------------------

RULES = 'prometheus/srsd.rules.yml'
RULE_TESTS = 'prometheus/srsd.rules.test.yml', 'prometheus/srsd.secrets.test.yml'


@unittest.skipUnless(yaml, 'no python3-yaml')
class Alerts(PageCase):
    def setUp(self):
        self.rules = [rule for group in yaml.safe_load(text_of(RULES))['groups']
                      for rule in group['rules']]

    def test_form(self):
        names = [rule['alert'] for rule in self.rules]
        self.assertEqual(len(names), len(set(names)))
        for rule in self.rules:
            with self.subTest(rule['alert']):
                self.assertRegex(rule['alert'], r'^Srsd[A-Z]\w+$')
                self.assertIn(rule['labels']['severity'], ('critical', 'warning', 'info'))
                self.assertEqual(set(rule['annotations']), {'summary', 'description'})

    def test_metrics(self):
        for rule in self.rules:
            with self.subTest(rule['alert']):
                self.assert_known(rule['expr'])

    def test_each_is_tested(self):
        """There are series for which it fires."""
        fired = {name for path in RULE_TESTS
                 for name in re.findall(r"- labels: 'ALERTS\{alertname=\"(\w+)\"", text_of(path))}
        self.assertEqual(fired, {rule['alert'] for rule in self.rules})

    def test_scrape(self):
        config = yaml.safe_load(text_of('prometheus/scrape.yml'))
        jobs = {job['job_name'] for job in config['scrape_configs']}
        for rule in self.rules:
            for name, matchers in selectors(rule['expr']):
                named = {value for label, _, value in matchers if label == 'job'}
                self.assertLessEqual(named, jobs, name)

    @needs('promtool')
    def test_promtool(self):
        for arguments in (('check', 'rules', RULES), ('test', 'rules', *RULE_TESTS)):
            with self.subTest(' '.join(arguments[:2])):
                result = run_tool('promtool', *arguments)
                self.assertEqual(result.returncode, 0, result.stdout)

    @needs('promtool')
    def test_scrape_by_promtool(self):
        if '--syntax-only' not in run_tool('promtool', 'check', 'config', '--help').stdout:
            self.skipTest('an older promtool wants the files that are named')
        result = run_tool('promtool', 'check', 'config', '--syntax-only', 'prometheus/scrape.yml')
        self.assertEqual(result.returncode, 0, result.stdout)


# -- Grafana ----------------------------------------------------------------

COLUMNS = 24
INTERVALS = {'$__rate_interval': '5m', '$__range': '6h'}
DATASOURCE = {'type': 'prometheus', 'uid': '${datasource}'}
ROWS = ['Overview', 'Maps', 'Forwards', 'SPF results', 'SPF check times', 'DNS', 'Connections',
        'Secrets', 'Envelope database', 'Engine']


def cells(position):
    return set(itertools.product(range(position['x'], position['x'] + position['w']),
                                 range(position['y'], position['y'] + position['h'])))


class Dashboard(PageCase):
    def setUp(self):
        self.dashboard = json.loads(text_of('grafana/srsd.json'))
        self.panels = [panel for panel in self.dashboard['panels'] if panel['type'] != 'row']

    def test_dashboard(self):
        """All inputs that the import asks for, and no trace of the instance that exported it."""
        for key in ('title', 'schemaVersion', 'panels', 'templating', 'time', 'annotations'):
            self.assertIn(key, self.dashboard.keys())
        self.assertIsNone(self.dashboard['id'])
        # 38 is Grafana 10.0; a newer Grafana takes it and brings it up to date.
        self.assertEqual(self.dashboard['schemaVersion'], 38)
        rows = [panel['title'] for panel in self.dashboard['panels'] if panel['type'] == 'row']
        self.assertEqual(rows, ROWS)

    def test_ids(self):
        ids = [panel['id'] for panel in self.dashboard['panels']]
        self.assertEqual(len(ids), len(set(ids)))

    def test_positions(self):
        taken = set()
        for panel in self.dashboard['panels']:
            with self.subTest(panel['title']):
                position = panel['gridPos']
                self.assertEqual(set(position), set('hwxy'))
                self.assertLessEqual(position['x'] + position['w'], COLUMNS)
                self.assertFalse(taken & cells(position))
                taken |= cells(position)

    def test_panels(self):
        for panel in self.panels:
            with self.subTest(panel['title']):
                for key in ('description', 'fieldConfig', 'options'):
                    self.assertTrue(panel[key])
                unit = (panel['options']['yAxis'] if panel['type'] == 'heatmap'
                        else panel['fieldConfig']['defaults'])
                self.assertIn('unit', unit)
                references = [target['refId'] for target in panel['targets']]
                self.assertEqual(len(references), len(set(references)))

    def test_datasource(self):
        """It is chosen once, by a variable."""
        variables = {variable['name']: variable
                     for variable in self.dashboard['templating']['list']}
        self.assertEqual(variables['datasource']['type'], 'datasource')
        self.assertEqual(variables['datasource']['query'], 'prometheus')
        found = re.findall(r'"uid": "([^"]*)"', text_of('grafana/srsd.json'))
        self.assertEqual(set(found), {'srsd', '-- Grafana --', '${datasource}'})
        for panel in self.panels:
            for holder in (panel, *panel['targets']):
                self.assertEqual(holder['datasource'], DATASOURCE)

    def test_queries(self):
        for panel in self.panels:
            for target in panel['targets']:
                with self.subTest(panel['title'], query=target['refId']):
                    self.assert_known(target['expr'])
                    self.assertTrue(target['legendFormat'])
                    for name, matchers in selectors(target['expr']):
                        self.assertIn(('instance', '=~', '$instance'), matchers, name)
        for annotation in self.dashboard['annotations']['list']:
            if 'expr' in annotation:
                self.assert_known(annotation['expr'])

    @needs('promtool')
    def test_promql(self):
        """Prometheus can read the queries, as rules of a file."""
        folder = Folder()
        self.addCleanup(folder.remove)
        rules = []
        for number, query in enumerate(target['expr'] for panel in self.panels
                                       for target in panel['targets']):
            for variable, value in INTERVALS.items():
                query = query.replace(variable, value)
            rules.append({'record': 'query:%d' % number, 'expr': query})
        path = folder.file('rules.yml', json.dumps({'groups': [{'name': 'q', 'rules': rules}]}))
        result = run_tool('promtool', 'check', 'rules', path)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_legends(self):
        """A label in a legend is one that the query leaves."""
        for panel in self.panels:
            for target in panel['targets']:
                with self.subTest(panel['title'], query=target['refId']):
                    used = set(re.findall(r'\{\{ *(\w+) *\}\}', target['legendFormat']))
                    query = target['expr']
                    left = (grouped_by(query) if re.search(r'\bsum\b', query) else
                            FOREIGN.union(*(self.page.get(name, {})
                                            for name, _ in selectors(query))))
                    self.assertLessEqual(used, left)


# -- fail2ban ---------------------------------------------------------------

CLIENT, VICTIM = '192.0.2.7', '203.0.113.9'
GUESS_LIMIT = 2

# How a line of standard error, `srsd: TEXT`, appears in other logs.
FORMS = {
    'standard error': 'srsd: %s',
    'syslog': 'Nov 22 12:00:01 mx1 srsd[123]: %s',
    'syslog, RFC 3339': '2026-11-22T12:00:01.123456+01:00 mx1 srsd[123]: %s',
    'journal': 'mx1 srsd[123]: srsd: %s',
    'journal, then syslog': 'Nov  2 12:00:01 mx1 srsd[123]: srsd: %s',
}


def read_testcases(text):
    """fail2ban's form: -> [([options], expected, line)]"""
    cases, options, expected = [], [{}], None
    for line in text.splitlines():
        header = re.match(r'# (filterOptions|failJSON): (.*)', line)
        if header and header.group(1) == 'filterOptions':
            options = json.loads(header.group(2))
        elif header:
            expected = json.loads(header.group(2))
        elif line and not line.startswith('#'):
            cases.append((options, expected, line))
    return cases


class Filter:
    """The filter in a configuration of its own."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(os.path.join(folder.subfolder('fail2ban'), 'filter.d'))
        folder.file('fail2ban/filter.d/srsd.conf', text_of('fail2ban/filter.d/srsd.conf'))

    def hosts(self, lines, options):
        """The clients to ban for these lines."""
        log = self.folder.file('log', '\n'.join(lines) + '\n')
        name = 'srsd[%s]' % ', '.join('%s=%s' % item for item in options.items())
        result = subprocess.run(
            [tool('fail2ban-regex'), '-c', self.folder.path + '/fail2ban', '-e', 'UTF-8',
             '-o', '<ip>', log, name if options else 'srsd'], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=WAIT)
        # An invalid expression is reported on standard error, with status 0 in some versions.
        if result.returncode or re.search(r'(?i)error|exception', result.stderr + result.stdout):
            raise AssertionError(result.stdout + result.stderr)
        return result.stdout.split()


@needs('fail2ban-regex')
class Fail2ban(DaemonCase):
    SPF = {'srs-guess-limit': GUESS_LIMIT}
    # Text from a domain's record gets into the log, too.
    ZONE = {'evil.test': {'TXT': ['v=spf1 srsd:warning:guess-limit=client=%s ?all' % VICTIM]},
            'helo.test': {'A': ['192.0.2.1']}}

    def setUp(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        self.folder = folder
        self.filter = Filter(folder)

    def test_cases(self):
        cases = read_testcases(text_of('fail2ban/testcases/srsd'))
        self.assertGreater(len(cases), 30)
        for options in {}, {'mode': 'limit'}, {'mode': 'guess'}:
            ours = [(expected, line) for those, expected, line in cases if options in those]
            matching = [(expected['host'], line) for expected, line in ours if expected['match']]
            with self.subTest('all that match', **options):
                self.assertGreater(len(matching), 3)
                self.assertEqual(self.filter.hosts([line for _, line in matching], options),
                                 [host for host, _ in matching])
            with self.subTest('none of the others', **options):
                others = [line for expected, line in ours if not expected['match']]
                self.assertGreater(len(others), 10)
                self.assertEqual(self.filter.hosts(others, options), [])

    def guess(self, wrong, **attributes):
        with self.daemon.policy_client() as client:
            return client.ask(client_address=CLIENT, **{
                'recipient': 'SRS0=%s=AA=x.org=client=%s@srs.test' % (wrong, VICTIM), **attributes})

    def test_lines_of_the_daemon(self):
        """The filter matches the log, and no text of a client gets another client banned."""
        notice = 'srsd: warning: guess-limit client=%s guesses=9' % VICTIM
        forged = ('srsd: policy client=%s helo=x sender=<> recipient=<a@b> action=reject '
                  'reason=srs-forged time=0ms dns=0' % VICTIM)
        names = notice, forged, 'x\n' + notice, 'x\r' + forged, '> action=reject reason=srs-forged '
        mark = self.daemon.log_mark()
        for name in names:
            self.guess('none', recipient='b@our.test', helo_name=name, sender=name)
            self.guess('none', recipient=name, sender='a@evil.test')
            with self.daemon.reverse_client() as client:
                client.get(name)
        for number in range(GUESS_LIMIT + 2):
            action = self.guess('abc%d' % number, sender='', helo_name=names[number])
            self.assertRegex(action, '^550 ' if number < GUESS_LIMIT else '^450 ')
        self.daemon.wait_log(' action=defer ', mark, 2)
        self.daemon.wait_log(' problem=', mark)
        lines = [line[len('srsd: '):] for line in self.daemon.log_matches('', mark)]
        for name, form in FORMS.items():
            for mode, count in ('limit', 1), ('guess', GUESS_LIMIT):
                with self.subTest(name, mode=mode):
                    self.assertEqual(self.filter.hosts([form % line for line in lines],
                                                       {'mode': mode}), [CLIENT] * count)

    def test_an_honest_bounce(self):
        mark = self.daemon.log_mark()
        address = srs.srs0('a@origin.test', SECRET, 'srs.test', srs.today())
        expired = srs.srs0('a@origin.test', SECRET, 'srs.test', srs.today() - 30)
        with self.daemon.policy_client() as client:
            client.ask(client_address='192.0.2.8', sender='', recipient=address)
            client.ask(client_address='192.0.2.8', sender='', recipient=expired)
        self.daemon.wait_log('reason=srs-expired', mark)
        for mode in 'limit', 'guess':
            self.assertEqual(self.filter.hosts(self.daemon.log_matches('', mark), {'mode': mode}),
                             [])

    @needs('fail2ban-client')
    @unittest.skipUnless(os.path.isdir('/etc/fail2ban'), 'no /etc/fail2ban')
    def test_jail(self):
        """fail2ban reads the jail beside its own files, and finds the filter."""
        config = self.folder.path + '/etc'
        shutil.copytree('/etc/fail2ban', config)
        for path in glob.glob(config + '/**/*.local', recursive=True) + glob.glob(
                config + '/jail.d/*'):
            os.remove(path)
        for name in 'filter.d/srsd.conf', 'jail.d/srsd.conf':
            self.folder.file('etc/' + name, text_of('fail2ban', name))
        result = run_tool('fail2ban-client', '-c', config, '-d')
        self.assertEqual(result.returncode, 0, result.stdout)
        for words in ("'srsd', 'maxretry', 1]", "'srsd', 'addjournalmatch', "
                      "'_SYSTEMD_UNIT=srsd.service']", 'guess-limit client=<ADDR>'):
            self.assertIn(words, result.stdout)
        self.assertRegex(result.stdout, r"\['add', 'srsd', 'systemd'")


# -- AppArmor ---------------------------------------------------------------

PROFILE = 'apparmor/usr.sbin.srsd'


def glob_to_regex(pattern):
    """AppArmor's globs: * and ? stop at a slash, ** does not; {a,b} and [a-z] as in a shell."""
    out, depth = '', 0
    for word in re.findall(r'\*\*|\[[^]]*\]|\\.|.', pattern):
        if word in '{}':
            depth += 1 if word == '{' else -1
        out += {'**': '.*', '*': '[^/]*', '?': '[^/]', '{': '(?:', '}': ')',
                ',': '|' if depth else ','}.get(
                    word, word if word[0] in '[\\' else re.escape(word))
    return out


class Profile:
    """The permissions of the profile; apparmor_parser resolves its includes and variables."""

    def __init__(self):
        result = run_tool('apparmor_parser', '-p', PROFILE)
        if result.returncode:
            raise AssertionError(result.stdout)
        text = re.sub(r'(?m)^\s*#.*$|\s#.*$', '', result.stdout)
        self.variables = {}
        for name, operator, values in re.findall(r'(?m)^\s*(@\{\w+\})\s*(\+?=)\s*(.*)$', text):
            known = self.variables.setdefault(name, [])
            known[:] = (known if operator == '+=' else []) + values.split()
        body = text[text.index('profile srsd'):].partition('{\n')[2]
        self.rules = []             # (regex, permissions)
        for path, permissions in re.findall(
                r'(?m)^\s*(?:owner\s+)?((?:/|@\{)\S*)\s+([rwkmlaix]+),', body):
            self.rules.append((re.compile(glob_to_regex(self.expand(path)) + r'\Z'), permissions))
        self.networks = set(re.findall(r'(?m)^\s*network (\w+) (\w+),', body))
        self.capabilities = re.findall(r'(?m)^\s*capability (\w+),', body)

    def expand(self, path):
        while '@{' in path:
            path = re.sub(r'@\{\w+\}', lambda m: self._alternatives(m[0]), path)
        return re.sub(r'/+', '/', path)

    def _alternatives(self, name):
        # The kernel's own; a pattern of its digits would do the same.
        values = self.variables.get(name) or {'@{pid}': ['[0-9]*']}[name]
        return '{%s}' % ','.join(value.strip('"').rstrip('/') or '/' for value in values)

    def missing(self, path, wanted):
        """Those of the wanted permissions that it does not give for the path."""
        given = {letter for regex, permissions in self.rules if regex.match(path)
                 for letter in permissions}
        return ''.join(letter for letter in wanted if letter not in given)


CALLS = ('open,openat,creat,mkdir,unlink,rename,chmod,chown,fchownat,link,symlink,truncate,bind,fcntl,'
         'connect,flock,mmap,socket,socketpair,execve,chroot,kill,setresuid,setresgid,setgroups')
# The capabilities of calls that only root may make, as the daemon makes them.
CAPABILITIES = {'chroot': 'sys_chroot', 'kill': 'kill', 'setresuid': 'setuid', 'fchownat': 'chown',
                'setresgid': 'setgid', 'setgroups': 'setgid'}


def parse_trace(text):
    """The events in a trace: -> {(path, permission)}, {(family, type)}, {call}"""
    files, networks, calls = set(), set(), set()
    for line in text.splitlines():
        call = re.match(r'\d+ +(\w+)\((.*)\) += ', line)
        if not call:
            continue
        name, arguments = call.groups()
        calls.add(name)
        opened = re.search(r'= \d+<(/.*?)>(?:\(deleted\))?$', line)
        quoted = re.search(r'"(.*?)"', arguments)
        if name in ('open', 'openat', 'creat'):
            if opened and 'O_WRONLY' not in arguments:      # else a pipe, by /proc/self/fd
                files.add((opened[1], 'r'))
            if opened and re.search('O_WRONLY|O_RDWR|O_CREAT', arguments):
                files.add((opened[1], 'w'))
        elif name in ('bind', 'connect'):
            path = re.search(r'sun_path="(/.*?)"', arguments)
            files |= {(path[1], 'w')} if path else set()
        elif name in ('flock', 'fcntl', 'mmap'):
            path = re.search(r'\d+<(/.*?)>', arguments)
            wanted = {'flock': '', 'fcntl': 'F_SETLK', 'mmap': 'PROT_EXEC'}[name]
            if path and wanted in arguments:
                files.add((path[1], 'm' if name == 'mmap' else 'k'))
        elif name in ('socket', 'socketpair'):
            networks.add(tuple(re.match(r'[AP]F_(\w+), SOCK_(\w+)', arguments)[n].lower()
                               for n in (1, 2)))
        elif name == 'execve':
            files |= {(quoted[1], letter) for letter in 'rm'}
        elif name == 'mkdir':
            files.add((quoted[1].rstrip('/') + '/', 'w'))
        elif quoted and quoted[1] and name != 'chroot':
            files.add((quoted[1], 'w'))
    return {item for item in files if not item[0].startswith('/memfd:')}, networks, calls


@functools.lru_cache
def is_instrumented():
    with open(binary(), 'rb') as file:
        return b'__asan_init' in file.read()


# A key that nothing is signed with.
ANCHOR = '. 300 IN DS 1 13 2 %s\n' % ('0' * 64)

# Events that the trace of any daemon must contain.
SEEN = {('/usr/sbin/srsd', 'm'), ('/etc/srsd/srsd.conf', 'r'), ('/etc/srsd/srsd.secret', 'r'),
        ('/etc/srsd/domains', 'r'), ('/run/srsd/control', 'w'),
        ('/var/spool/postfix/srsd/policy', 'w'), ('/run/systemd/notify', 'w')}
DATABASE = '/var/lib/srsd/envelopes.sqlite'
SEEN_OF_SQLITE = {(DATABASE, 'w'), (DATABASE, 'k'), (DATABASE + '-wal', 'w'),
                  (DATABASE + '-shm', 'k'), ('/var/lib/srsd/', 'r')}
SEEN_OF_REDIS = {('/run/redis/redis.sock', 'w')}


class Confined:
    """A daemon of a test, and the usual paths of its files."""

    def __init__(self, dns, as_user):
        self.daemon = daemon = Daemon(dns=dns, as_root=True)
        self.folder = daemon.folder
        sockets = self.folder.subfolder('postfix', ORDINARY_USER)
        control = daemon.enable_control()
        daemon.options.update({
            'forward': ['inet:localhost:%d' % daemon.ports['forward']],
            'policy': ['unix:%s/policy' % sockets],
            'domains-file': self.folder.file('domains', 'our.test\n', owner=ORDINARY_USER),
            'domains-file-watch': True, 'dnssec': True,
            'trust-anchor': self.folder.file('root.key', ANCHOR)})
        daemon.addresses['policy'] = sockets + '/policy'
        if as_user:
            daemon.folder.file('secret', SECRET + '\n', 0o600, ORDINARY_USER)
        else:
            # As the daemon makes it itself where nothing else has.
            os.chown(os.path.dirname(control), 0, 0)
            daemon.options['pid-file'] = daemon.path('srsd.pid')
            daemon.options['chroot-dir'] = self.folder.subfolder('root')
        self.places = {
            reachable_binary(): '/usr/sbin/srsd',
            daemon.path('srsd.conf'): '/etc/srsd/srsd.conf',
            daemon.path('domains'): '/etc/srsd/domains',
            daemon.path('secret'): '/etc/srsd/srsd.secret',
            daemon.path('root.key'): '/usr/share/dns/root.key',
            daemon.path('srsd.pid'): '/run/srsd.pid',
            daemon.path('notify'): '/run/systemd/notify',
            control: '/run/srsd/control',
            os.path.dirname(control) + '/': '/run/srsd/',
            sockets + '/policy': '/var/spool/postfix/srsd/policy',
            sockets + '/': '/var/spool/postfix/srsd/',
        }

    def use_sqlite(self):
        path = self.daemon.use_database()
        self.places[os.path.dirname(path)] = '/var/lib/srsd/'
        for end in '', '-wal', '-shm', '-journal':
            self.places[path + end] = DATABASE + end

    def use_redis(self, server):
        self.daemon.options.update({'original-envelope': 'database',
                                    'envelope-database': server.local_database})
        self.places[server.socket] = '/run/redis/redis.sock'

    def live(self, asks=True):
        """Start, an SPF check, a file that changes, a reload, an engine that dies, stop."""
        daemon = self.daemon
        with daemon:
            with daemon.forward_client() as forward, daemon.policy_client() as policy:
                forward.get('a@origin.test')
                if asks:
                    policy.ask(sender='a@pass.test')
                self.folder.file('domains', 'our.test\nmore.test\n')
                daemon.wait_log('reloaded .*domains=3')
                daemon.signal(signal.SIGHUP)
                daemon.wait_log('reloaded', count=2)
            mark = daemon.log_mark()
            os.kill(daemon.child('engine'), signal.SIGKILL)
            daemon.wait_log('engine .* is ready', mark)
            daemon.stop()


@needs('apparmor_parser')
class AppArmor(unittest.TestCase):
    ZONE = {'pass.test': {'TXT': ['v=spf1 a -all'], 'A': ['192.0.2.1']}}

    @classmethod
    def setUpClass(cls):
        cls.profile = Profile()
        cls.dns = DnsServer(cls.ZONE).start()
        cls.addClassCleanup(cls.dns.stop)

    def test_accepted(self):
        result = run_tool('apparmor_parser', '-Q', '-K', PROFILE)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_paths(self):
        for path, wanted, missing in (
                ('/etc/srsd/srsd.secret', 'r', ''), ('/usr/local/etc/srsd/srsd.conf', 'r', ''),
                ('/etc/srsd/srsd.secret', 'w', 'w'), ('/etc/srsd/a/b', 'r', ''),
                ('/run/srsd/control', 'rw', ''), ('/var/run/srsd.pid', 'wk', ''),
                ('/run/srsd/a/b', 'w', 'w'), ('/usr/sbin/srsd', 'mr', ''),
                ('/usr/sbin/srsd', 'w', 'w'), ('/etc/shadow', 'r', 'r'), ('/bin/sh', 'x', 'x'),
                ('/etc/krb5.keytab', 'r', 'r'), ('/etc/postfix/main.cf', 'rw', 'rw'),
                ('/dev/log', 'w', ''), ('/etc/resolv.conf', 'r', ''),
                ('/run/systemd/resolve/stub-resolv.conf', 'r', ''), ('/proc/1/environ', 'r', 'r'), ('/root/.ssh/id', 'r', 'r')):
            with self.subTest(path, wanted=wanted):
                self.assertEqual(self.profile.missing(path, wanted), missing)

    def trace(self, as_user, asks=True, prepare=None):
        """-> (files, networks, calls) of a daemon's life, at the places of an installation"""
        confined = Confined(self.dns, as_user)
        if prepare:
            prepare(confined)
        if not asks:
            del confined.daemon.options['nameservers']
        folder = Folder()
        self.addCleanup(folder.remove)
        path = folder.file('trace', '', 0o666)
        confined.daemon.prefix = ([tool('strace')] + (['-u', ORDINARY_USER] if as_user else []) +
                                  ['-D', '-f', '-y', '-z', '-e', 'trace=' + CALLS, '-o', path])
        confined.live(asks)
        with open(path, encoding='utf-8', errors='replace') as file:
            files, networks, calls = parse_trace(file.read())
        return ({(confined.places.get(path, path), letter) for path, letter in files}, networks,
                calls)

    @unittest.skipUnless(is_root(), 'not root: strace sees no paths of a process without dumps')
    @unittest.skipIf(is_instrumented(), 'sanitizers open files of their own')
    @needs('strace')
    def test_complete(self):
        """Every file that a real daemon opens is allowed, and the trace is complete."""
        for name, as_user, asks in (('root', False, True), ('srsd', True, True),
                                    ('resolv.conf', True, False)):
            files, networks, calls = self.trace(as_user, asks)
            with self.subTest(name, what='seen'):
                self.assertEqual(SEEN - files, set())
            with self.subTest(name, what='files'):
                self.assertEqual([(path, letter) for path, letter in sorted(files)
                                  if self.profile.missing(path, letter)], [])
            with self.subTest(name, what='networks'):
                self.assertIn(('unix', 'seqpacket'), networks)
                self.assertEqual(networks - self.profile.networks, set())
            if name == 'root':
                self.assertEqual(set(CAPABILITIES) - calls, set())
        self.assertEqual(set(CAPABILITIES.values()) - set(self.profile.capabilities), set())

    @unittest.skipUnless(is_root(), 'not root: strace sees no paths of a process without dumps')
    @unittest.skipIf(is_instrumented(), 'sanitizers open files of their own')
    @needs('strace')
    def test_database(self):
        """The same for a daemon with each kind of envelope-database."""
        kinds = []
        if has_sqlite():
            kinds += [(name, as_user, Confined.use_sqlite, SEEN_OF_SQLITE)
                      for name, as_user in (('sqlite, root', False), ('sqlite, srsd', True))]
        if not redis.unavailable():
            folder = Folder()
            self.addCleanup(folder.remove)
            server = RedisServer(folder).start()
            self.addCleanup(server.kill)
            kinds += [('redis', as_user, lambda confined: confined.use_redis(server),
                       SEEN_OF_REDIS) for as_user in (False, True)]
        for name, as_user, prepare, seen in kinds:
            files, networks, _calls = self.trace(as_user, prepare=prepare)
            with self.subTest(name, as_user=as_user):
                self.assertEqual(seen - files, set())
                self.assertEqual([(path, letter) for path, letter in sorted(files)
                                  if self.profile.missing(path, letter)], [])
                self.assertEqual(networks - self.profile.networks, set())

    @unittest.skipUnless(is_root(), 'not root')
    @needs('setpriv')
    def test_capabilities(self):
        """A start as root needs no other ones. (To miss `kill` it would have to be stuck.)"""
        allowed = ','.join(['-all'] + ['+' + name for name in self.profile.capabilities])
        confined = Confined(self.dns, as_user=False)
        confined.daemon.prefix = [tool('setpriv'), '--bounding-set', allowed]
        confined.live()
        self.assertEqual(confined.daemon.log_matches('warning: (?!engine)'), [])


# In a network namespace of its own: load the rules twice, and connect as several users.
NFT_SCRIPT = r'''
import os, pwd, socket, subprocess, sys
nft, rules = sys.argv[1:]
subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
for _ in range(2):
    subprocess.run([nft, '-f', rules], check=True)
servers = [socket.create_server(('127.0.0.1', port)) for port in (10001, 10004, 10005)]
for user in 'root', 'postfix', 'nobody':
    for server in servers:
        pid = os.fork()
        if pid == 0:
            os.setuid(pwd.getpwnam(user).pw_uid)
            with socket.socket() as client:
                os._exit(client.connect_ex(server.getsockname()) and 1)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(user, server.getsockname()[1], 'refused' if status else 'connected')
'''
NFT_RULES = os.path.join(CONTRIB, 'nftables/srsd.nft')


def has_user(name):
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


@needs('nft')
@unittest.skipUnless(is_root(), 'not root')
@unittest.skipUnless(has_user('postfix'), 'no user postfix')
class Nftables(unittest.TestCase):
    def test_form(self):
        result = run_tool('nft', '-c', '-f', NFT_RULES)
        self.assertEqual(result.returncode, 0, result.stdout)

    @needs('unshare')
    def test_users(self):
        result = run_tool('unshare', '--net', sys.executable, '-c', NFT_SCRIPT, tool('nft'),
                          NFT_RULES)
        self.assertEqual(result.stdout.splitlines(), [
            'root 10001 connected', 'root 10004 connected', 'root 10005 connected',
            'postfix 10001 connected', 'postfix 10004 connected', 'postfix 10005 connected',
            'nobody 10001 refused', 'nobody 10004 refused', 'nobody 10005 connected'])


class Container(unittest.TestCase):
    """The parts that need no image; tests/package/test_container.py builds and runs it."""

    def test_build_packages(self):
        """Those of contrib/run."""
        packages = re.search(r'build_packages=\((.*?)\)', text_of('run'), re.DOTALL).group(1).split()
        command = re.search(r'AS build\nRUN (.*?[^\\\\])\n', text_of('oci/Containerfile'),
                            re.DOTALL).group(1)
        installed = command.replace('\\', ' ').split('--no-install-recommends')[1].split()
        self.assertEqual(sorted(installed), sorted(packages))

    def test_configuration(self):
        """It is accepted, and has no port."""
        folder = Folder()
        self.addCleanup(folder.remove)
        secret = folder.file('secret', SECRET + '\n', 0o600)
        done = subprocess.run([binary(), '-nv', '-f', os.path.join(CONTRIB, 'oci/srsd.conf'), '-o',
                               'secrets-file=' + secret], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=WAIT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn('inet:', done.stdout)
        for name in 'maps', 'policy':
            self.assertIn('"unix:/run/postfix-srsd/%s"' % name, done.stdout)

    @unittest.skipUnless(yaml, 'no python3-yaml')
    def test_compose(self):
        service = yaml.safe_load(text_of('oci/compose.yaml'))['services']['srsd']
        self.assertNotIn('ports', service)
        self.assertTrue(service['read_only'])
        self.assertEqual(service['cap_drop'], ['ALL'])
        self.assertEqual(service['security_opt'], ['no-new-privileges'])


class SecurityTable(unittest.TestCase):
    """SECURITY.md names the test that holds each of its promises; each name is one that exists."""

    def cells(self):
        with open(os.path.join(TOP, 'SECURITY.md'), encoding='utf-8') as file:
            table = file.read().partition('## Promises and tests')[2]
        return re.findall(r'(?m)^\| .* \| (.*) \|$', table)[1:]

    def source(self, name):
        """The text of a test; None if there is no such test."""
        stem = name[:-3] if name.endswith('.py') else name
        patterns = ['tests/unit/%s.c' % stem] if stem == name else []
        patterns += ['tests/%s/%s.py' % (part, stem) for part in ('analysis', 'blackbox', 'postfix', 'package')]
        patterns += ['tests/replay/stories/%s.rpl' % name, 'tests/fuzz/%s.c' % name]
        for pattern in patterns:
            path = os.path.join(TOP, pattern)
            if os.path.exists(path):
                with open(path, encoding='utf-8') as file:
                    return file.read()
        return None

    def test_names(self):
        self.assertGreater(len(self.cells()), 20)
        for cell in self.cells():
            for name, rest in re.findall(r'`([^`]+)`([^`]*)', cell):
                with self.subTest(name):
                    source = self.source(name)
                    self.assertTrue(source, 'there is no %s' % name)
                    for word in re.findall(r'\btest_\w+', rest):
                        self.assertTrue(word in source, '%s has no %s' % (name, word))
                    if name.endswith('.py'):
                        for word in re.findall(r'\b[A-Z]\w+', rest):
                            self.assertTrue(re.search(r'\bclass %s\b' % word, source),
                                            '%s has no class %s' % (name, word))


if __name__ == '__main__':
    tap.main()
