# SPDX-License-Identifier: ISC
"""ctl - the control socket of a daemon that srsctl asks, and how srsctl refuses a command line."""

import json
import os
import socket
import threading


def assert_wrong_usage(case, done):
    """Status 2, and one line on standard error that begins with the name of the program."""
    case.assertEqual((done.returncode, done.stdout), (2, ''))
    case.assertRegex(done.stderr, r'\Asrsctl: [^\n]+\n\Z')


class FakeControl:
    """A daemon's control socket that answers each line with one reply, and keeps the lines."""

    def __init__(self, path, reply):
        self.asked = []
        self._reply = json.dumps(reply).encode() + b'\n'
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.bind(path)
        os.chmod(path, 0o666)
        self._sock.listen(8)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._sock.close()

    def _run(self):
        while True:
            try:
                client = self._sock.accept()[0]
            except OSError:
                return
            with client, client.makefile('rb') as lines:
                self.asked.append(json.loads(lines.readline()))
                client.sendall(self._reply)
