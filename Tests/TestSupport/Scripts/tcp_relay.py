"""Relays a port of a loopback address to a port of 127.0.0.1. Arguments: HOST PORT TARGET."""

import socket
import sys
import threading

host, port, target = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
listener = socket.create_server((host, port), backlog=128)
print("ready", flush=True)


def copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


while True:
    client = listener.accept()[0]
    print("accepted", flush=True)
    try:
        server = socket.create_connection(("127.0.0.1", target))
    except OSError:
        client.close()
        continue
    for ends in (client, server), (server, client):
        threading.Thread(target=copy, args=ends, daemon=True).start()
