#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""agent - runs inside the machine, and does what the host asks over a virtio-serial port.

Each line is a JSON object. The host sends {"id": N, "run": [PROGRAM, ...], "timeout": SECONDS},
and gets {"id": N, "line": TEXT} for each line of output and at last {"id": N, "status": S}, or
{"id": N, "put": PATH, "data": BASE64}, which is answered by the status alone. After each start the
agent announces itself with {"boot": ID}.
"""

import base64
import json
import os
import selectors
import signal
import subprocess
import sys
import time

PORT = '/dev/virtio-ports/srsd.agent'
BOOT_ID = '/proc/sys/kernel/random/boot_id'
TIMED_OUT = 124         # as timeout(1)


class Agent:
    def __init__(self, port):
        self.port = port
        self.bytes = b''

    def send(self, **message):
        data = json.dumps(message).encode() + b'\n'
        while data:
            data = data[os.write(self.port, data):]

    def receive(self):
        """The next line. While the host is not connected, read() returns nothing at once."""
        while b'\n' not in self.bytes:
            piece = os.read(self.port, 65536)
            if not piece:
                time.sleep(0.1)
            self.bytes += piece
        line, self.bytes = self.bytes.split(b'\n', 1)
        return json.loads(line)

    def serve(self):
        with open(BOOT_ID, encoding='ascii') as file:
            self.send(boot=file.read().strip())
        while True:
            request = self.receive()
            try:
                status = self.put(**request) if 'put' in request else self.run(**request)
            except OSError as error:
                self.send(id=request['id'], line='agent: %s' % error)
                status = 127
            self.send(id=request['id'], status=status)

    @staticmethod
    def put(id, put, data):         # pylint: disable=redefined-builtin,unused-argument
        os.makedirs(os.path.dirname(put), exist_ok=True)
        with open(put, 'wb') as file:
            file.write(base64.b64decode(data))
        return 0

    def run(self, id, run, timeout):        # pylint: disable=redefined-builtin
        with subprocess.Popen(run, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, start_new_session=True) as process:
            in_time = self.pass_lines(id, process, time.monotonic() + timeout)
            if not in_time:
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode if in_time else TIMED_OUT

    def pass_lines(self, number, process, end):
        """Until all output has arrived; False if the time is up before."""
        pending = b''
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while selector.select(max(0, end - time.monotonic())):
                piece = os.read(process.stdout.fileno(), 65536)
                *lines, pending = (pending + piece).split(b'\n')
                if not piece and pending:
                    lines.append(pending)
                for line in lines:
                    self.send(id=number, line=line.decode('utf-8', 'backslashreplace'))
                if not piece:
                    return True
        return False


def main():
    while not os.path.exists(PORT):
        time.sleep(0.1)
    Agent(os.open(PORT, os.O_RDWR | os.O_CLOEXEC)).serve()


if __name__ == '__main__':
    sys.exit(main())
