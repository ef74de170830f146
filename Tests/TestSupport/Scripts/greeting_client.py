"""Prints what the server at port 7000 of an address sends. Arguments: ADDRESS."""

import socket
import sys
import time

for attempt in range(400):
    try:
        with socket.create_connection((sys.argv[1], 7000), timeout=10) as connection:
            print(connection.recv(16).decode())
        break
    except ConnectionRefusedError:
        time.sleep(0.025)
