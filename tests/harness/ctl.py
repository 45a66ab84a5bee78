# SPDX-License-Identifier: ISC
"""ctl - how srsctl refuses a command line."""


def assert_wrong_usage(case, done):
    """Status 2, and one line on standard error that begins with the name of the program."""
    case.assertEqual((done.returncode, done.stdout), (2, ''))
    case.assertRegex(done.stderr, r'\Asrsctl: [^\n]+\n\Z')
