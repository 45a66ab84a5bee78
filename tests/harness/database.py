# SPDX-License-Identifier: ISC
"""database - another process that has locked an SQLite database."""

import subprocess
import sys

from harness.daemon import WAIT

CODE = '''
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
'''


class DatabaseLock:
    """Locked from its creation to release(), or to the end of a with statement."""

    def __init__(self, path):
        self.process = subprocess.Popen([sys.executable, '-c', CODE, path], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != 'locked\n':
            raise AssertionError('the database cannot be locked')

    def release(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(WAIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.process.stdin.closed:
            self.release()
