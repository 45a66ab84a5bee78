# SPDX-License-Identifier: ISC
"""targets - the ratios that srsd is meant to reach, next to those that were measured."""

import statistics
from typing import NamedTuple

from report import spread


class Ratios(list):
    """A ratio for each round."""

    def __str__(self):
        if not self:
            return 'not measured'
        return spread(self, '%.2f')


class Target(NamedTuple):
    """What the median of the ratios must at least be, or must not exceed."""
    name: str
    ratios: Ratios
    bound: float
    least: bool

    @property
    def reached(self):
        """None if nothing was measured."""
        if not self.ratios:
            return None
        ratio = statistics.median(self.ratios)
        return ratio >= self.bound if self.least else ratio <= self.bound

    @property
    def verdict(self):
        return {True: 'reached', False: 'MISSED', None: 'not measured'}[self.reached]

    def row(self):
        return [self.name, str(self.ratios), ('at least %.2f' if self.least else 'at most %.2f')
                % self.bound, self.verdict]


class Targets(list):
    """Targets, in the order in which they are printed."""

    HEADS = ['', 'median (least-most)', 'target', '']

    def at_least(self, name, ratios, bound):
        self.append(Target(name, ratios, bound, True))

    def at_most(self, name, ratios, bound):
        self.append(Target(name, ratios, bound, False))

    def rows(self):
        return [target.row() for target in self]

    def missed(self):
        return [target.name for target in self if target.reached is False]

    def record(self):
        """For bench.json."""
        return [{'name': target.name, 'ratios': list(target.ratios), 'bound': target.bound,
                 'least': target.least, 'reached': target.reached} for target in self]
