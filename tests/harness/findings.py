# SPDX-License-Identifier: ISC
"""findings - the output of srsctl check, one line per finding.

    ok: WHAT                            ok: WHAT
    error: WHAT               ->        error: WHAT: REMEDY
        REMEDY
    1 error, 0 warnings, 0 skipped, 1 ok
"""

import re

SUMMARY = re.compile(r'(\d+) errors?, (\d+) warnings?, (\d+) skipped, (\d+) ok\Z')
LEVELS = ('error', 'warning', 'skipped', 'ok')


def join(text):
    """The findings in the order of the output. Fails if the summary does not count them."""
    *body, summary = text.splitlines() or ['']
    lines = []
    for line in body:
        if line.startswith('    ') and lines:
            lines[-1] += ': ' + line[4:]
        else:
            lines.append(line)
    counts = SUMMARY.match(summary)
    assert counts is not None, 'no summary: ' + text
    for level, count in zip(LEVELS, counts.groups()):
        shown = sum(line.startswith(level + ': ') for line in lines)
        assert shown == int(count) or (shown == 0 and level == 'ok'), text
    return lines
