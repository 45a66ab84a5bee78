#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""CPU time of all processes of Postfix and srsd for one forwarded message, recipe by recipe.

    sudo tests/bench/chain.py [MESSAGES [ROUNDS]]       # with abs_top_builddir, as the tests

Each recipe of contrib/postfix gets the same messages, in turn, round by round; the policy service
is not part of it. The results are ratios to Postfix without srsd, which only the figures of one run
allow. The time of the sink and of the client does not count.
"""

import os
import smtplib
import statistics
import sys

sys.dont_write_bytecode = True
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)
sys.path[:0] = [TESTS, os.path.join(TESTS, 'postfix')]

import test_recipes as recipes
from harness import postfix
from harness.daemon import free_port, process_tree

CONNECTIONS = 4
BODY = 'From: someone@origin.test\r\nTo: undisclosed:;\r\nSubject: %s\r\n\r\n' + 'x' * 70 + '\r\n'


class Site(recipes.RecipeCase):
    """One recipe, or none."""

    SITE = {**recipes.SITE,
            'smtpd_relay_restrictions': 'permit_mynetworks, reject_unauth_destination'}

    @classmethod
    def make_places(cls, daemon):
        return {**super().make_places(daemon), '127.0.0.1:10004': '127.0.0.1:%d' % free_port()}

    @classmethod
    def master(cls):
        with open(os.path.join(cls.postfix.queue, 'pid', 'master.pid'), encoding='ascii') as file:
            return int(file.read())

    @classmethod
    def cpu_seconds(cls):
        """Of all their processes, and of those that have ended."""
        ticks = 0
        for pid in process_tree(cls.master()) + process_tree(cls.daemon.process.pid):
            with open('/proc/%d/stat' % pid, encoding='latin-1') as file:
                ticks += sum(map(int, file.read().rpartition(')')[2].split()[11:15]))
        return ticks / os.sysconf('SC_CLK_TCK')

    @classmethod
    def measure(cls, messages):
        """-> milliseconds of a message"""
        mark = 'mark-%d-of-the-chain' % next(recipes._marks)
        before = cls.cpu_seconds()
        for _ in range(CONNECTIONS):
            with smtplib.SMTP(*cls.postfix.address) as client:
                for _ in range(messages // CONNECTIONS):
                    client.sendmail(recipes.ALICE, recipes.FORWARD, BODY % mark)
        cls.world.wait_mails(mark, messages // CONNECTIONS * CONNECTIONS)
        return 1000 * (cls.cpu_seconds() - before) / messages


def make_site(names):
    return type('+'.join(names) or 'none', (Site,), {'RECIPES': names})


def main(messages=1000, rounds=5):
    sites = [make_site(names) for names in ((), ('canonical',), ('forward-only',), ('forwarding',))]
    figures = {site: [] for site in sites}
    try:
        for site in sites:
            site.setUpClass()
            site.measure(messages // 10)
        for _ in range(rounds):
            for site in sites:
                figures[site].append(site.measure(messages))
    finally:
        for site in sites:
            site.doClassCleanups()
    base = statistics.median(figures[sites[0]])
    for site in sites:
        print('%-14s %.2f (%.2f to %.2f), %.2f ms' % (
            site.__name__, statistics.median(figures[site]) / base, min(figures[site]) / base,
            max(figures[site]) / base, statistics.median(figures[site])))


if __name__ == '__main__':
    for why in postfix.unavailable, postfix.no_own_names:
        if why():
            sys.exit(why())
    main(*map(int, sys.argv[1:]))
