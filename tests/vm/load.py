# SPDX-License-Identifier: ISC
"""load - clients of the forward map that go on while the daemon is restarted, and count."""

import threading
import time

from harness.clients import MapClient, encode_key

KEY = 'alice@origin.test'
# While it stops, the daemon closes a new connection that sends nothing for 250 ms. On an emulated
# processor a client may be that slow.
SLOW = 0.2
PAUSE = 0.05            # between two requests: an emulated processor needs time for the daemon


class Load:
    """Some clients connect anew for each request; one keeps its connection for as long as it can.

    After the block, `answered` new connections got the right answer and `wrong` another one,
    `refused` could not be made, `lost` ended before the answer, and `slow` did so because the
    client had sent its request too late. The kept connection was `closed` some times. The block
    begins when `first` requests have been answered.
    """

    def __init__(self, address, clients=3, first=10):
        self.address = address
        self.first = first
        self.answered = self.refused = self.lost = self.slow = self.wrong = self.closed = 0
        self.reasons = set()
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.connect_anew) for _ in range(clients)]
        self.threads.append(threading.Thread(target=self.keep_connection))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait_answers(self.first)
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def wait_answers(self, count):
        """Until so many more have come."""
        until, end = self.answered + count, time.monotonic() + 120
        while self.answered < until and time.monotonic() < end:
            time.sleep(0.02)

    def note(self, what, reason=None):
        with self.lock:
            setattr(self, what, getattr(self, what) + 1)
            if reason is not None:
                self.reasons.add(repr(reason))

    def connect_anew(self):
        while not self.ending.is_set():
            begin = time.monotonic()
            try:
                client = MapClient(self.address)
            except OSError as error:
                self.note('refused', error)
                time.sleep(PAUSE)
                continue
            with client:
                self.ask_once(client, begin)
            time.sleep(PAUSE)

    def ask_once(self, client, begin):
        took = 0
        try:
            client.send(b'get ' + encode_key(KEY) + b'\n')
            took = time.monotonic() - begin
            reply = client.reply()
        except (OSError, AssertionError) as error:      # the connection ended before the answer
            took = took or time.monotonic() - begin
            self.note('slow' if took > SLOW else 'lost', error)
        else:
            if reply.startswith('200 SRS0'):
                self.note('answered')
            else:
                self.note('wrong', reply)

    def keep_connection(self):
        while not self.ending.is_set():
            try:
                with MapClient(self.address) as client:
                    while not self.ending.is_set() and client.get(KEY).startswith('200 SRS0'):
                        time.sleep(PAUSE)
            except (OSError, AssertionError):
                time.sleep(PAUSE)
            self.note('closed')

    def failures(self):
        """What no client should see while systemd has the sockets."""
        return self.refused, self.lost, self.wrong

    def __str__(self):
        return ('%d answered, %d refused, %d lost, %d slow, %d wrong, the kept connection was '
                'closed %d times: %s' % (
                    self.answered, self.refused, self.lost, self.slow, self.wrong, self.closed,
                    ', '.join(sorted(self.reasons))))
