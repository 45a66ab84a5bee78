# SPDX-License-Identifier: ISC
"""tap - run unittest classes and print TAP, the format of automake's test driver.

Each test method is one case. For a method that uses subTest, each of its sub-tests is a case
instead. A failure is described in `#` lines: the traceback, then the output of the functions in
`diagnostics` (the daemon harness adds the end of the daemon's log). BailOut means that no test can
run.
"""

import os
import sys
import traceback
import unittest

# Another program in Python that a test runs must write as it does for Postfix.
os.environ.pop('PYTHONUNBUFFERED', None)

# Functions without arguments that return lines of text; called when a case fails.
diagnostics = []

# Characters of a long line that are printed.
LINE_START, LINE_END = 500, 200


class BailOut(KeyboardInterrupt):
    """Ends the program with one line. unittest catches all exceptions but KeyboardInterrupt."""


def _report_exception(kind, value, trace):
    if issubclass(kind, BailOut):
        print('Bail out! %s' % value)
    else:
        sys.__excepthook__(kind, value, trace)


sys.excepthook = _report_exception


def _clean(text):
    """One printable line without '#', which would start a TAP directive."""
    return ascii(str(text))[1:-1].replace('#', '')


def _shorten(line):
    """A line that can be read, of an assertion that prints a whole page."""
    left_out = len(line) - LINE_START - LINE_END
    if left_out <= 0:
        return line
    return '%s [%d characters] %s' % (line[:LINE_START], left_out, line[-LINE_END:])


class Writer:
    """Prints cases and, at the end, the plan."""

    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.count = 0
        self.failed = 0

    def _line(self, text):
        self.stream.write(text + '\n')
        self.stream.flush()

    def comment(self, text):
        for line in str(text).splitlines():
            self._line('# ' + _shorten(ascii(line)[1:-1]))

    def passed(self, name):
        self.count += 1
        self._line('ok %d - %s' % (self.count, _clean(name)))

    def skipped(self, name, reason):
        self.count += 1
        self._line('ok %d - %s # SKIP %s' % (self.count, _clean(name), _clean(reason)))

    def not_passed(self, name, why):
        self.count += 1
        self.failed += 1
        self._line('not ok %d - %s' % (self.count, _clean(name)))
        self.comment(why)

    def plan(self):
        self._line('1..%d' % self.count)


def skip_all(reason):
    """Report that the whole program cannot run here, and exit."""
    print('1..0 # SKIP ' + _clean(reason))
    sys.exit(0)


class _Result(unittest.TestResult):
    """Turns unittest's notifications into TAP lines."""

    def __init__(self, writer):
        super().__init__()
        self.writer = writer
        self.reported = False       # sub-tests of the running method have been printed

    @staticmethod
    def _name(test):
        return '.'.join(test.id().split('.')[-2:]) if hasattr(test, 'id') else str(test)

    def _bad(self, name, err):
        kind, value, trace = err
        while trace and '__unittest' in trace.tb_frame.f_globals:
            trace = trace.tb_next
        text = ''.join(traceback.format_exception(kind, value, trace))
        tails = [line for function in diagnostics for line in function()]
        self.writer.not_passed(name, text + '\n'.join(tails))
        self.reported = True

    def startTest(self, test):
        super().startTest(test)
        self.reported = False

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        name = '%s %s' % (self._name(test), subtest._subDescription())
        if err is None:
            self.writer.passed(name)
        else:
            self._bad(name, err)
        self.reported = True

    def addSuccess(self, test):
        super().addSuccess(test)
        if not self.reported:
            self.writer.passed(self._name(test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(self._name(test), err)

    def addError(self, test, err):
        super().addError(test, err)
        self._bad(self._name(test), err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.writer.skipped(self._name(test), reason)
        self.reported = True


def main(module=None, names=None):
    """Run the tests of a module, by default the calling program; `names`, by default its arguments,
    are parts of names of tests to run."""
    loader = unittest.TestLoader()
    names = sys.argv[1:] if names is None else names
    if names:
        loader.testNamePatterns = ['*%s*' % name for name in names]
    writer = Writer()
    loader.loadTestsFromModule(module or sys.modules['__main__']).run(_Result(writer))
    if not writer.count and names:
        raise BailOut('no test has a name with %s' % ' or '.join(names))
    writer.plan()
    sys.exit(1 if writer.failed else 0)
