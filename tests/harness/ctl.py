# SPDX-License-Identifier: ISC
"""ctl - the control socket of a daemon that srsctl asks, and how srsctl refuses a command line."""

import json
import os
import socket

from harness.fake_server import FakeServer


def assert_wrong_usage(case, done):
    """Status 2, and one line on standard error that begins with the name of the program."""
    case.assertEqual((done.returncode, done.stdout), (2, ''))
    case.assertRegex(done.stderr, r'\Asrsctl: [^\n]+\n\Z')


class FakeControl(FakeServer):
    """A daemon's control socket that answers each line with one reply, and keeps the lines."""

    def __init__(self, path, reply):
        self.asked = []
        self._reply = json.dumps(reply).encode() + b'\n'
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(path)
        os.chmod(path, 0o666)
        super().__init__(sock)

    def serve(self, client):
        with client.makefile('rb') as lines:
            self.asked.append(json.loads(lines.readline()))
            client.sendall(self._reply)
