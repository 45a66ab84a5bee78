#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The tools of `make bench`: load.c sends the given requests, and detects a wrong answer; and each
measurement once. Nothing here depends on how fast anything is."""

import json
import os
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / 'bench')]

from bench import PARTS                                     # noqa: E402
from harness import build, tap                              # noqa: E402
from harness.case import DaemonCase                         # noqa: E402
from harness.daemon import Folder                           # noqa: E402
from measure import program                                 # noqa: E402
from plot import Panel, write                               # noqa: E402
from questions import (LONG, NEW, forward_requests,          # noqa: E402
                       milter_requests, reverse_requests, socketmap_requests)
from servers import Echo, Srsd                              # noqa: E402
from targets import Ratios, Targets                         # noqa: E402
from zone import Zone                                       # noqa: E402

TABLE = 'user%d@origin.test\t200 SRS0=????=??=origin.test=*\n'
MESSAGE = 'user@origin.test\tfriend@elsewhere.test\tlist@fwd.test\t'
COUNT = 500


def load(*arguments):
    """-> (exit status, its report)"""
    run = subprocess.run([program('load'), *(str(a) for a in arguments)], text=True, check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return run.returncode, json.loads(run.stdout) if run.stdout else None


class Make(unittest.TestCase):
    """What make passes on: the duration of one tool must not become the default of another."""

    def commands(self, *words):
        return subprocess.run(['make', '-s', '-n', *words], cwd=build.directory(), text=True,
                              check=True, stdout=subprocess.PIPE,
                              env={**os.environ, 'MAKEFLAGS': ''}).stdout

    def test_no_variable(self):
        for target in 'bench', 'soak', 'fuzz-all':
            with self.subTest(target):
                said = self.commands(target)
                self.assertRegex(said, r'bench\.py|soak\.py|contrib/fuzz')
                self.assertNotRegex(said, r'--se|--rounds|--database| -s ')

    def test_variables(self):
        self.assertIn(' --seconds 2 --rounds 3', self.commands('bench', 'SECONDS=2', 'ROUNDS=3'))
        self.assertIn(' --seconds 2 --seed 3', self.commands('soak', 'SECONDS=2', 'SEED=3'))
        self.assertIn(' -s 2', self.commands('fuzz-all', 'SECONDS=2'))


class LoadAndEcho(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        self.echo = Echo()
        self.echo.__enter__()
        self.addCleanup(self.echo.__exit__)

    def port(self, service):
        return self.echo.services[service][1]

    def requests(self, text):
        return self.folder.file('requests', text)

    def check_counts(self, *arguments):
        status, said = load('-n', COUNT, *arguments)
        self.assertEqual((status, said['requests'], said['counted'], said['errors']),
                         (0, COUNT, COUNT, 0))
        self.assertLessEqual(said['p50_us'], said['p99_us'])
        self.assertLessEqual(said['p99_us'], said['max_us'])

    def test_all_is_answered(self):
        table = self.requests('user@origin.test\t200 *\n')
        policy = self.folder.file('policy', '\n'.join(Zone(50).any_answer) + '\n')
        milter = self.folder.file('milter', MESSAGE + 'c\n')
        socketmap = self.folder.file('socketmap', 'forward user@origin.test\tOK SRS0=*\n')
        for how in ([], ['-c', 20], ['-c', 20, '-1'], ['-c', 20, '-r', 5000]):
            with self.subTest(protocol='table', how=how):
                self.check_counts(*how, 'table', self.port('table'), table)
            with self.subTest(protocol='policy', how=how):
                self.check_counts(*how, 'policy', self.port('policy'), policy)
            with self.subTest(protocol='milter', how=how):
                self.check_counts(*how, 'milter', self.port('milter'), milter)
            with self.subTest(protocol='socketmap', how=how):
                self.check_counts(*how, 'socketmap', self.port('socketmap'), socketmap)
        self.check_counts('-c', 20, 'policy', self.port('policy, unix'), policy)

    def test_wrong_answers_are_seen(self):
        table = self.requests('user@origin.test\t200 SRS0=AAAA=AA=other.test*\n')
        status, said = load('-n', COUNT, 'table', self.port('table'), table)
        self.assertEqual((status, said['errors']), (2, COUNT))
        socketmap = self.folder.file('socketmap', 'forward user@origin.test\tNOTFOUND *\n')
        status, said = load('-n', COUNT, 'socketmap', self.port('socketmap'), socketmap)
        self.assertEqual((status, said['errors']), (2, COUNT))
        milter = self.folder.file('milter', MESSAGE + 'e<*\n')
        status, said = load('-n', COUNT, 'milter', self.port('milter'), milter)
        self.assertEqual((status, said['errors']), (2, COUNT))

    def test_an_answer_is_compared_to_its_end(self):
        whole = '200 SRS0=AAAA=AA=origin.test=alice@srs.test'
        for pattern, errors in ((whole, 0), (whole[:-1], 1), (whole + 'x', 1), (whole + '*', 0),
                                (whole[:-1] + '?', 0)):
            with self.subTest(pattern=pattern):
                table = self.requests('user@origin.test\t%s\n' % pattern)
                self.assertEqual(load('-n', 1, 'table', self.port('table'), table)[1]['errors'],
                                 errors)

    def test_nobody_listens(self):
        self.echo.__exit__()
        self.assertEqual(load('-n', 1, 'table', self.port('table'),
                              self.requests('user@origin.test\t200 *\n')), (1, None))
        self.echo.__enter__()


class LoadAndDaemon(DaemonCase):
    """The requests that the benchmark makes up have the answers that it expects."""

    zone = Zone(100)
    ZONE = zone.names

    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)

    def check_answers(self, protocol, server, lines):
        path = self.folder.file('requests', ''.join(line + '\n' for line in lines))
        for how in (['-c', 10], ['-c', 10, '-1']):
            with self.subTest(protocol=protocol, how=how):
                status, said = load('-n', COUNT, *how, protocol, server, path)
                self.assertEqual((status, said['requests'], said['errors']), (0, COUNT, 0))

    def test_policy(self):
        self.check_answers('policy', self.daemon.ports['policy'], self.zone.requests)

    def test_other_services(self):
        with Srsd() as daemon:
            self.check_answers('table', daemon.ports['forward'], forward_requests())
            self.check_answers('table', daemon.ports['reverse'], reverse_requests())
            self.check_answers('socketmap', daemon.ports['socketmap'], socketmap_requests())
            self.check_answers('milter', daemon.ports['milter'], milter_requests())

    def test_each_key_is_new(self):
        path = self.folder.file('requests', 'forward %s\t*\n' % LONG)
        long = LONG.replace(NEW, '([0-9a-f]{16})')
        with Srsd() as daemon:
            status, said = load('-n', COUNT, '-c', 10, 'socketmap', daemon.ports['socketmap'], path)
            self.assertEqual((status, said['requests']), (0, COUNT))
        keys = set(re.findall(long, daemon.log()))
        self.assertGreater(len(keys), 10)
        self.assertEqual(len(keys), len(re.findall('forward .*' + long, daemon.log())))


class Bench(unittest.TestCase):
    def test_each_part(self):
        """Once, with the least load. A table, a figure in bench.json and a plot come out."""
        folder = Folder()
        self.addCleanup(folder.remove)
        run = subprocess.run([sys.executable, '-B', str(TESTS / 'bench' / 'bench.py'), '--tiny',
                              '--out', folder.path], text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(run.returncode, 0, run.stdout[-2000:] + run.stderr)
        with open(os.path.join(folder.path, 'bench.json'), encoding='utf-8') as file:
            result = json.load(file)
        self.assertEqual([part for part in PARTS if part not in {**result, 'services': result[
            'rounds']}], [])
        names = [target['name'] for target in result['targets']]
        for name in names:
            self.assertIn(name, run.stdout)
        self.assertIn('milter, CPU, 10 connections', names)
        root = ElementTree.parse(os.path.join(folder.path, 'bench.svg')).getroot()
        self.assertTrue([e for e in root.iter() if e.tag.endswith('circle')])

    def test_targets(self):
        targets = Targets()
        targets.at_least('rate', Ratios([0.9, 0.96, 1.2]), 0.95)
        targets.at_least('low rate', Ratios([0.9, 0.94, 1.2]), 0.95)
        targets.at_most('CPU', Ratios([1.15, 1.15]), 1.15)
        targets.at_most('much CPU', Ratios([1.2]), 1.15)
        targets.at_most('nothing', Ratios(), 1.15)
        self.assertEqual([row[3] for row in targets.rows()],
                         ['reached', 'MISSED', 'reached', 'MISSED', 'not measured'])
        self.assertEqual(targets.missed(), ['low rate', 'much CPU'])
        self.assertEqual(targets.rows()[0],
                         ['rate', '0.96 (0.90-1.20)', 'at least 0.95', 'reached'])


class Plot(unittest.TestCase):
    def test_it_is_xml_with_a_place_for_each_point(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        path = os.path.join(folder.path, 'plot.svg')
        write(path, [Panel('a < b', 'x', 'y', {'one': [(1, 10), (1000, 5)], 'none': [],
                                                     'stalled': [(1, 10), (100, 0)]}),
                     Panel('stalled', 'x', 'y', {'only': [(1, 0)]}),
                     Panel('nothing', 'x', 'y', {'none': []})])
        root = ElementTree.parse(path).getroot()
        circles = [e for e in root.iter() if e.tag.endswith('circle')]
        self.assertEqual(len(circles), 3)


if __name__ == '__main__':
    tap.main()
