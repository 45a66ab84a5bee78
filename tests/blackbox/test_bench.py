#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The tools of `make bench`: load.c sends the given requests, and detects a wrong answer."""

import json
import os
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / 'bench')]

from bench import milter_requests                           # noqa: E402
from harness import tap                                     # noqa: E402
from harness.case import DaemonCase                         # noqa: E402
from harness.daemon import Folder                           # noqa: E402
from measure import program                                 # noqa: E402
from plot import Panel, write                               # noqa: E402
from servers import Echo, Srsd                              # noqa: E402
from zone import Zone                                       # noqa: E402

TABLE = 'user%d@origin.test\t200 SRS0=????=??=origin.test=*\n'
MESSAGE = 'user@origin.test\tfriend@elsewhere.test\tlist@fwd.test\t'
COUNT = 500


def load(*arguments):
    """-> (exit status, its report)"""
    run = subprocess.run([program('load'), *(str(a) for a in arguments)], text=True, check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return run.returncode, json.loads(run.stdout) if run.stdout else None


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
        for how in ([], ['-c', 20], ['-c', 20, '-1'], ['-c', 20, '-r', 5000]):
            with self.subTest(protocol='table', how=how):
                self.check_counts(*how, 'table', self.port('table'), table)
            with self.subTest(protocol='policy', how=how):
                self.check_counts(*how, 'policy', self.port('policy'), policy)
            with self.subTest(protocol='milter', how=how):
                self.check_counts(*how, 'milter', self.port('milter'), milter)

    def test_wrong_answers_are_seen(self):
        table = self.requests('user@origin.test\t200 SRS0=AAAA=AA=other.test*\n')
        status, said = load('-n', COUNT, 'table', self.port('table'), table)
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

    def test_forward(self):
        path = self.folder.file('requests', ''.join(TABLE % i for i in range(10)))
        status, said = load('-n', COUNT, '-c', 10, 'table', self.daemon.ports['forward'], path)
        self.assertEqual((status, said['requests'], said['errors']), (0, COUNT, 0))

    def test_policy(self):
        path = self.folder.file('requests', '\n'.join(self.zone.requests) + '\n')
        for how in (['-c', 10], ['-c', 10, '-1']):
            status, said = load('-n', COUNT, *how, 'policy', self.daemon.ports['policy'], path)
            self.assertEqual((status, said['requests'], said['errors']), (0, COUNT, 0))

    def test_milter(self):
        path = self.folder.file('requests', '\n'.join(milter_requests()) + '\n')
        with Srsd() as daemon:
            for how in (['-c', 10], ['-c', 10, '-1']):
                status, said = load('-n', COUNT, *how, 'milter', daemon.ports['milter'], path)
                self.assertEqual((status, said['requests'], said['errors']), (0, COUNT, 0))


class Plot(unittest.TestCase):
    def test_it_is_xml_with_a_place_for_each_point(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        path = os.path.join(folder.path, 'plot.svg')
        write(path, [Panel('a < b', 'x', 'y', {'one': [(1, 10), (1000, 5)], 'none': []}),
                     Panel('nothing', 'x', 'y', {'none': []})])
        root = ElementTree.parse(path).getroot()
        circles = [e for e in root.iter() if e.tag.endswith('circle')]
        self.assertEqual(len(circles), 2)


if __name__ == '__main__':
    tap.main()
