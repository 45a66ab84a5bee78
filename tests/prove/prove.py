#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Proves with Frama-C that the parsers of foreign bytes have no undefined behaviour.

    prove.py [--top DIR] [--out DIR] [--timeout SECONDS] [MODULE...]

WP proves the contracts in the ACSL comments, and the absence of the undefined behaviour that RTE
knows of, for any caller that keeps the contracts. Then Eva follows the values in
tests/prove/eva_MODULE.c, which calls the module with every input up to the limit of its protocol.
Eva has another model of memory: it sees reads of memory that was not written, which WP does not,
and an alarm of Eva counts until it is proved. Otherwise Eva does not replace WP, because it knows
only one caller.

The exit status is 0 if everything is proved and nothing is admitted, 1 if not, and 77 if Frama-C or
a prover is missing. The logs and the cache of the provers are in the directory of --out.
"""

import argparse
import concurrent.futures
import csv
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
PROVERS = ('cvc4', 'z3')

# The functions of the C library as the proofs assume them, and the values that Eva makes up.
ASSUMED = 'tests/prove/include'
BUILTINS = 'FRAMAC_SHARE'

# Functions that no proven function calls, and that have no contract.
UNUSED = ['ascii_only']
UNUSED_HOSTNAME = ['hostname_is_fqdn', 'hostname_is_within', 'hostname_length', 'hostname_lower',
                   'is_all_digits', 'is_valid_label']

# module: its sources, with those of the functions that it calls, and the functions to leave out
MODULES = {
    'tcptable': (['srsd/postfix/tcptable.c'], UNUSED),
    'socketmap': (['srsd/postfix/socketmap.c'], UNUSED),
    'srs_addr': (['srsd/srs/srs_addr.c', 'common/hostname.c'], UNUSED + UNUSED_HOSTNAME),
    'srs_stamp': (['srsd/srs/srs_stamp.c'], UNUSED),
}

# What Frama-C prints when it goes on although something is missing.
GAPS = re.compile(r'(Neither code nor specification|Ignoring|Degenerat|[Ss]topping).*')
ANNOTATION = re.compile(r'/\*@(.*?)\*/|//@([^\n]*)', re.S)
# The report lists what is admitted, but no axioms.
AXIOM = re.compile(r'\baxiom\b')


def find_missing():
    """The first thing that is not installed, as text, or None."""
    needs = (('frama-c', 'frama-c', '-version'), ('why3', 'why3', '--version'),
             ('cvc4', 'cvc4', '--version'), ('z3', 'z3', '--version'))
    for name, *command in needs:
        try:
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           check=True)
        except (OSError, subprocess.CalledProcessError):
            return f'{name} is not installed (Debian: frama-c-base why3 cvc4 z3)'
    return None


def print_share_path():
    """The directory of the headers that come with Frama-C."""
    return subprocess.run(['frama-c', '-print-share-path'], stdout=subprocess.PIPE,
                          encoding='utf-8', check=True).stdout.strip()


def driver_of(module):
    """The program of Eva, which calls the module."""
    return f'tests/prove/eva_{module}.c'


def wp_options(module, args):
    """Calls the provers. A main() that has invariants of its own is proved as well."""
    unused = list(MODULES[module][1])
    with open(os.path.join(args.top, driver_of(module)), encoding='utf-8') as file:
        if '/*@' not in file.read():
            unused.append('main')
    return ['-wp', '-wp-rte', '-wp-prover', ','.join(PROVERS), '-wp-timeout', str(args.timeout),
            '-wp-par', '2', '-wp-skip-fct', ','.join(unused),
            '-wp-cache', 'update', '-wp-session', os.path.join(args.out, 'session')]


def wp_command(module, args, share):
    """Proves the contracts and RTE's obligations, and writes out/MODULE.sav and MODULE.wp.csv."""
    includes = f'-nostdinc -I{ASSUMED} -I. -I{share}/libc -include limits.h -include string.h'
    return ['frama-c', '-no-frama-c-stdlib',
            '-cpp-extra-args=' + includes + ' -D__FRAMAC__ -D__FC_MACHDEP_X86_64',
            *MODULES[module][0], driver_of(module), *wp_options(module, args),
            '-then', '-report', '-report-csv', os.path.join(args.out, module + '.wp.csv'),
            '-save', os.path.join(args.out, module + '.sav')]


def eva_command(module, args):
    """Follows the program of Eva, lets WP prove the alarms, and writes the result of both to
    out/MODULE.csv."""
    # The name of the report is also a part of what was saved, so the first step has to replace it.
    report = ['-report', '-report-csv', os.path.join(args.out, module + '.csv')]
    return ['frama-c', '-load', os.path.join(args.out, module + '.sav'), *report,
            '-eva', '-eva-precision', '3', '-eva-split-return', 'auto',
            '-then', *wp_options(module, args), '-then', *report]


class Result:
    """What Frama-C reported about one module."""

    def __init__(self, module, top):
        self.module = module
        self.sources, self.unused = MODULES[module]
        self.driver = driver_of(module)
        self.top = top
        self.proved_by_wp = set()
        self.by_wp = 0
        self.by_eva = 0
        self.admitted = []
        self.failed = []
        self.assumed = set()

    def is_used(self, path, function):
        """True for a function that the program of Eva has to reach."""
        return path in self.sources and function not in self.unused

    def count_proved(self, path, row):
        """Counts a property that was proved, by WP or in the program of Eva."""
        if tuple(row.values()) in self.proved_by_wp:
            self.by_wp += 1
            return
        self.by_eva += 1
        # The program of Eva is the caller that has to keep a precondition of the whole module.
        expected = path == self.driver or row['property kind'] == 'precondition'
        if not expected and row['property kind'] != 'initialization':
            self.failed.append(f'{place_of(row)}: by Eva alone: {row["property"]}')

    def read_row(self, row):
        """Counts one property of the final report."""
        path = os.path.join(row['directory'], row['file'])
        if row['status'] == 'Valid':
            self.count_proved(path, row)
        elif path.startswith(ASSUMED) and row['status'] == 'Considered valid':
            self.assumed.add(row['function'])
        elif path.startswith(BUILTINS):
            pass
        elif row['status'] == 'Considered valid':
            self.admitted.append(place_of(row))
        elif row['status'] != 'Dead' or self.is_used(path, row['function']):
            self.failed.append(f'{place_of(row)}: {row["status"].lower()}: {row["property"]}')

    def read_reports(self, wp, both):
        """Counts the properties that WP has proved, and then all of them."""
        self.proved_by_wp = {tuple(row.values()) for row in rows_of(wp) if row['status'] == 'Valid'}
        for row in rows_of(both):
            self.read_row(row)
        if not self.proved_by_wp:
            self.failed.append(f'{self.module}: the report of Frama-C is empty')

    def read_log(self, text):
        """Adds what Frama-C left out."""
        for gap in GAPS.finditer(text):
            self.failed.append(f'{self.module}: Frama-C: {gap.group(0)}')

    def read_sources(self):
        """Adds the axioms, and keeps of the library functions those that the sources name."""
        words = set()
        for path in included_files(self.top, self.sources + [self.driver]):
            with open(os.path.join(self.top, path), encoding='utf-8') as file:
                text = file.read()
            words.update(re.findall(r'\w+', text) if path in self.sources else ())
            for annotation in ANNOTATION.finditer(text):
                if AXIOM.search(annotation.group(0)):
                    line = text.count('\n', 0, annotation.start()) + 1
                    self.admitted.append(f'{path}:{line}: axiom')
        self.assumed &= words


def place_of(row):
    """Where a property is, for people."""
    path = f"{row['directory']}/{row['file']}:{row['line']}"
    return f"{path}: {row['function']}: {row['property kind']}"


def rows_of(path):
    """The properties in a report of Frama-C."""
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file, delimiter='\t', quoting=csv.QUOTE_NONE))


def included_files(top, paths):
    """These files and those of the project that they include."""
    found, left = set(), list(paths)
    while left:
        path = left.pop()
        if path in found or not os.path.exists(os.path.join(top, path)):
            continue
        found.add(path)
        with open(os.path.join(top, path), encoding='utf-8') as file:
            left += re.findall(r'^#include "(.*)"', file.read(), re.M)
    return sorted(found)


def run_frama_c(command, args, log):
    """Runs Frama-C. Returns its exit status."""
    # Frama-C takes the current directory from PWD.
    environment = dict(os.environ, PWD=args.top)
    with open(log, 'w', encoding='utf-8') as file:
        return subprocess.run(command, cwd=args.top, env=environment, stdout=file,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              check=False).returncode


def prove_module(module, args, share):
    """Runs Frama-C on a module, twice. Returns its Result."""
    result = Result(module, args.top)
    stem = os.path.join(args.out, module)
    steps = {'wp': wp_command(module, args, share), 'eva': eva_command(module, args)}
    for step, command in steps.items():
        log = f'{stem}.{step}.log'
        status = run_frama_c(command, args, log)
        if status != 0:
            result.failed.append(f'{module}: frama-c failed with status {status}; see {log}')
            return result
        with open(log, encoding='utf-8') as file:
            result.read_log(file.read())
    result.read_reports(stem + '.wp.csv', stem + '.csv')
    result.read_sources()
    return result


def print_result(result):
    """One line for a module, and one for each thing that is wrong with it."""
    print(f'{result.module}: {result.by_wp + result.by_eva} obligations proved '
          f'({result.by_wp} by WP, {result.by_eva} by Eva), {len(result.failed)} not proved, '
          f'{len(result.admitted)} admitted')
    for place in result.failed:
        print('  not proved: ' + place)
    for place in result.admitted:
        print('  admitted: ' + place)
    sys.stdout.flush()


def print_total(results):
    """The sum, and what it rests on."""
    assumed = sorted(set().union(*(result.assumed for result in results)))
    print(f'total: {sum(result.by_wp + result.by_eva for result in results)} obligations proved, '
          f'{sum(len(result.failed) for result in results)} not proved, '
          f'{sum(len(result.admitted) for result in results)} admitted')
    if assumed:
        print(f'assumed: the contracts of {", ".join(assumed)} ({ASSUMED}/string.h)')
    print('assumed: callers keep the contracts, x86_64, and the typed memory model of WP: bytes of '
          'one type are not accessed as another')
    print('not shown: pointers beyond the end of an object that are not used (see UBSan)')
    print('not shown: that the results are right beyond what the contracts state (tests, fuzzers), '
          'and the modules not named above')


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--top', default=TOP, help='the source tree')
    parser.add_argument('--out', default='prove', help='the directory of logs and cache')
    parser.add_argument('--timeout', type=int, default=60,
                        help='seconds of a prover for a goal (%(default)s)')
    parser.add_argument('modules', nargs='*', metavar='MODULE',
                        help='default: ' + ' '.join(MODULES))
    args = parser.parse_args()
    for module in args.modules:
        if module not in MODULES:
            parser.error(f'no module {module}; there are {", ".join(MODULES)}')
    args.modules = args.modules or list(MODULES)
    args.top = os.path.abspath(args.top)
    args.out = os.path.abspath(args.out)
    return args


def main():
    args = parse_arguments()
    missing = find_missing()
    if missing is not None:
        print('prove.py: ' + missing, file=sys.stderr)
        return 77
    os.makedirs(os.path.join(args.out, 'session'), exist_ok=True)
    # A configuration of our own: that of the user may not know the provers.
    os.environ['WHY3CONFIG'] = os.path.join(args.out, 'why3.conf')
    subprocess.run(['why3', 'config', 'detect'], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    share = print_share_path()
    results = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(lambda module: prove_module(module, args, share), args.modules):
            print_result(result)
            results.append(result)
    print_total(results)
    return 1 if any(result.failed or result.admitted for result in results) else 0


if __name__ == '__main__':
    sys.exit(main())
