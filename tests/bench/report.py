# SPDX-License-Identifier: ISC
"""report - what the benchmarks print: lines and tables."""

import statistics


def say(text=''):
    print(text, flush=True)


def table(title, heads, rows):
    say(title)
    widths = [max(len(str(row[i])) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, ['-' * width for width in widths], *rows]:
        cells = [str(cell).rjust(width) for cell, width in zip(row, widths)]
        say('  ' + '  '.join([str(row[0]).ljust(widths[0]), *cells[1:]]).rstrip())
    say()


def spread(values, form='%.0f'):
    """The median, the least and the most."""
    return ' '.join((form, '(%s-%s)' % (form, form))) % (
        statistics.median(values), min(values), max(values))


def mib(kib):
    return '-' if kib is None else '%.1f' % (kib / 1024)
