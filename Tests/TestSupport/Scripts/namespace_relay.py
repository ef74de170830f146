"""Listens at a port of 127.0.0.1 in a network namespace and relays to the same port outside. Arguments: NAMESPACE PORT.

A socket stays in the namespace in which it was made, wherever its process goes.
"""

import ctypes
import os
import socket
import sys
import threading

path, port = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    if libc.setns(namespace, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")


here = os.open("/proc/self/ns/net", os.O_RDONLY)
enter(os.open(path, os.O_RDONLY))
listener = socket.create_server(("127.0.0.1", port), backlog=128)
enter(here)
print("ready", flush=True)


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


while True:
    client = listener.accept()[0]
    server = socket.create_connection(("127.0.0.1", port))
    for ends in (client, server), (server, client):
        threading.Thread(target=copy, args=ends, daemon=True).start()
