# SPDX-License-Identifier: ISC
"""alerts - whether the alerts of contrib/prometheus fire for the pages of a soak.

    recorder = Recorder()
    recorder.add(page)                  # every INTERVAL seconds
    recorder.firing(directory)          # -> the report of promtool, '' if no alert fires
"""

import json
import os
import shutil
import subprocess

from harness import build

INTERVAL = 5            # seconds between two samples
RULES = os.path.join(build.TOP, 'contrib', 'prometheus', 'srsd.rules.yml')


def with_labels(key):
    """The name of a series, with the labels that Prometheus adds."""
    name, _, labels = key.partition('{')
    ours = 'job="srsd",instance="soak"'
    return '%s{%s}' % (name, ours + (',' + labels.rstrip('}') if labels else ''))


class Recorder:
    def __init__(self):
        self._series = {}
        self._count = 0

    def add(self, page):
        for key, value in page.items():
            values = self._series.setdefault(key, ['_'] * self._count)
            values.append('NaN' if value != value else '%.17g' % value)
        self._count += 1
        for values in self._series.values():
            values += ['_'] * (self._count - len(values))

    def firing(self, directory):
        """What promtool prints when an alert fires at the end; '' if none does, None without it."""
        if not shutil.which('promtool'):
            return None
        series = {'up{job="srsd",instance="soak"}': ['1'] * self._count}
        series.update((with_labels(key), values) for key, values in self._series.items())
        test = {
            'rule_files': [RULES], 'evaluation_interval': '%ds' % INTERVAL,
            'tests': [{
                'interval': '%ds' % INTERVAL,
                'input_series': [{'series': key, 'values': ' '.join(values)}
                                 for key, values in series.items()],
                'promql_expr_test': [{
                    'expr': 'ALERTS{alertstate="firing"}', 'exp_samples': [],
                    'eval_time': '%ds' % (INTERVAL * (self._count - 1))}]}]}
        path = os.path.join(directory, 'alerts.test.yml')
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(test, file)
        done = subprocess.run(['promtool', 'test', 'rules', path], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.unlink(path)
        return '' if done.returncode == 0 else done.stdout
