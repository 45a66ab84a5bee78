#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""spawn PORT COMMAND... - run a command for each connection, as Postfix's spawn(8) does.

The connection is its standard input and output. Says "ready" when it listens. What has ended is
collected when the next one begins.
"""

import socket
import subprocess
import sys


def main():
    with socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=100) as server:
        print('ready', flush=True)
        while True:
            client, _ = server.accept()
            with client:
                subprocess.Popen(sys.argv[2:], stdin=client, stdout=client,
                                 stderr=subprocess.DEVNULL)


main()
