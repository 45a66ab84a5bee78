#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The test suite of RFC 7208, if its harness is next to the project.

The directory is ../shared, or $SRSD_SHARED. Its program starts a DNS server for each scenario, and
sends requests to the policy socket of a daemon and, for the explanations, to srsctl. Each test of
the suite becomes one case here.

    test_shared.py --engine CONFIG      is what it asks srsctl through: a line of "client-ip TAB
                                        helo TAB mailfrom" each, answered "result TAB explanation"
"""

import json

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.daemon import ORDINARY_USER, SECRET, TOP, Folder, is_root, reachable_binary, render

SHARED = os.path.abspath(os.environ.get('SRSD_SHARED') or os.path.join(TOP, os.pardir, 'shared'))
PROGRAM = os.path.join(SHARED, 'tools', 'spfsuite', 'spfsuite.py')
SUITE = os.path.join(SHARED, 'cases', 'rfc7208-tests.yml')
WAIT = 1200

OPTIONS = {
    'srs-domain': 'srs.test',
    'forward': [], 'reverse': [],
    'policy': ['inet:@POLICY@'],
    'nameservers': ['@DNS@'],
    'spf': {'helo-reject': 'false', 'mail-from-reject': 'false', 'skip-addresses': [],
            'nat-guard': False},
}


def write_starter(folder):
    """A script that makes a configuration of its two arguments and becomes the daemon."""
    options = dict(OPTIONS)
    options['secrets-file'] = folder.file('secret', SECRET + '\n', 0o600)
    if is_root():
        options['unprivileged-user'] = ORDINARY_USER
    template = folder.file('template', render(options))
    return folder.file('start', '#!/bin/sh\n'
                       'sed -e "s/@DNS@/$1/" -e "s/@POLICY@/$2/" %s >%s/srsd.conf || exit 1\n'
                       'exec %s -f %s/srsd.conf\n'
                       % (template, folder.path, reachable_binary(), folder.path), 0o755)


def write_engine(folder):
    """A command that answers the suite's lines by srsctl, with its DNS server in {dns}."""
    options = {**OPTIONS, 'policy': [], 'control': 'none', 'spf': {'use-exp': True}}
    template = folder.file('template-engine', render(options))
    return folder.file('engine', '#!/bin/sh\n'
                       'sed -e "s/@DNS@/$1/" %s >%s/engine.conf || exit 1\n'
                       'exec %s %s --engine %s/engine.conf\n'
                       % (template, folder.path, sys.executable, os.path.abspath(__file__),
                          folder.path), 0o755)


def answer_lines(config):
    """The engine: each line of standard input through srsctl."""
    for line in sys.stdin:
        ip, helo, sender = line.rstrip('\n').split('\t')
        done = subprocess.run(
            [reachable_binary('srsctl'), '-f', config, 'spf', '--offline', '--json', ip, sender,
             helo], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False)
        identity = json.loads(done.stdout)['identities'][-1]
        print('%s\t%s' % (identity['result'], identity['explanation']), flush=True)


def run_suite(folder, how):
    """-> (its output, the log of the queries)"""
    log = os.path.join(folder.path, 'log')
    sanitizer = [os.environ.get('ASAN_OPTIONS', ''), 'detect_leaks=0' if is_root() else '']
    environment = {**os.environ, 'ASAN_OPTIONS': ':'.join(filter(None, sanitizer))}
    environment.pop('NOTIFY_SOCKET', None)
    result = subprocess.run(
        ['/usr/bin/python3', PROGRAM, *how, '--queries', '-v', '--timeout', '60',
         '--sut-log', log, SUITE],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors='backslashreplace', env=environment, timeout=WAIT, check=False)
    with open(log, encoding='utf-8', errors='backslashreplace') as file:
        return result.stdout, file.read()


def report(writer, title, output, log):
    """One case for each test that the suite names, and one for the sanitizers."""
    failed = dict(re.findall(r'^  FAIL  ([^:]+): (.*)$', output, re.M))
    names = re.findall(r'^ {6}(\S+) +\S+ +[\d.]+ ms ', output, re.M)
    for name in names:
        if name in failed:
            writer.not_passed('%s %s' % (title, name), failed[name])
        else:
            writer.passed('%s %s' % (title, name))
    if not names:
        writer.not_passed(title + ' runs', output + '\n'.join(log.splitlines()[-40:]))
    if re.search(r'AddressSanitizer|runtime error:', log):
        writer.not_passed('no sanitizer complains', '\n'.join(log.splitlines()[-80:]))
    else:
        writer.passed('no sanitizer complains')


def main():
    if not os.path.exists(PROGRAM) or not os.path.exists(SUITE):
        tap.skip_all('the suite is not beside the project')
    try:
        import yaml
        del yaml
    except ImportError:
        tap.skip_all('python3-yaml is not installed')
    folder = Folder()
    writer = tap.Writer()
    try:
        report(writer, 'rfc7208', *run_suite(folder, [
            '--cmd', 'exec %s {dns} {policy}' % write_starter(folder)]))
        report(writer, 'explanations', *run_suite(folder, [
            '--engine', 'exec %s {dns}' % write_engine(folder), '--require-exp',
            '--default-exp', '']))
    finally:
        folder.remove()
    writer.plan()
    return 1 if writer.failed else 0


if __name__ == '__main__':
    if sys.argv[1:2] == ['--engine']:
        sys.exit(answer_lines(sys.argv[2]))
    sys.exit(main())
