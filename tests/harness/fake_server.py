# SPDX-License-Identifier: ISC
"""fake_server - a server in a thread, which serves one connection after another."""

import socket
import threading

from harness.daemon import WAIT


class FakeServer:
    """Serves the connections to a bound socket, each with `serve`, until it is left."""

    def __init__(self, sock):
        self._sock = sock
        self._sock.listen(8)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(WAIT)
        self._sock.close()

    def serve(self, client):
        """Serve the socket of one connection, which is closed then."""
        raise NotImplementedError

    def _run(self):
        while True:
            try:
                client = self._sock.accept()[0]
            except OSError:
                return
            with client:
                try:
                    self.serve(client)
                except OSError:
                    pass        # the client has left
