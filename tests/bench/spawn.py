#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""spawn PORT COMMAND... - run a command for each connection, as Postfix's spawn(8) does.

The connection is the standard input and output of the command. Prints "ready" when it listens.
Commands that have exited are reaped when the next one is started.
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
