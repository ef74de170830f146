"""An HTTP/2 server without TLS that does only what gRPC needs; it prints what it sees, one line each.

Arguments: how each request is answered, in order over all connections; the last one also for all that follow. The first
line is `listening PORT`.
"""

import os
import socket
import sys
import threading


def say(*words):
    # One write for a line: threads must not mix theirs.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


answers = sys.argv[1:]
lock = threading.Lock()


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def field(name, value):
    # A literal field without indexing, new name, no Huffman code (RFC 7541 section 6.2.2).
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def head(stream, end=False, status=b"\x88", fields=b""):
    return frame(1, 5 if end else 4, stream, status + field(b"content-type", b"application/grpc") + fields)


def trailers(stream, code=b"0", message=b""):
    return frame(1, 5, stream, field(b"grpc-status", code) + field(b"grpc-message", message))


def respond(answer, stream):
    if answer == "empty":
        return head(stream) + frame(0, 0, stream, bytes(5)) + trailers(stream)
    if answer == "refuse":
        return frame(3, 0, stream, (7).to_bytes(4, "big"))
    if answer == "reset":
        return frame(3, 0, stream, (2).to_bytes(4, "big"))
    if answer == "noStatus":
        return head(stream) + frame(0, 1, stream, bytes(5))
    if answer == "compressed":
        return head(stream) + frame(0, 0, stream, b"\x01" + bytes(4)) + trailers(stream)
    if answer == "cutMessage":
        return head(stream) + frame(0, 0, stream, bytes(4) + b"\x09ab") + trailers(stream)
    if answer == "noMessage":
        return head(stream) + frame(0, 0, stream, bytes(4) + b"\x03\xff\xff\xff") + trailers(stream)
    if answer == "noLeader":
        return head(stream) + trailers(stream, b"14", b"etcdserver: no leader")
    if answer == "leaderChanged":
        return head(stream) + trailers(stream, b"14", b"etcdserver: leader changed")
    if answer == "unavailable":
        return frame(1, 5, stream, field(b":status", b"503"))
    return b""


def serve(connection):
    say("connection")
    read = connection.makefile("rb")
    try:
        preface = read.read(24)
        if not preface.startswith(b"PRI * HTTP/2.0"):
            if preface:
                say("no HTTP/2")
            return
        connection.sendall(frame(4, 0, 0))
        while True:
            top = read.read(9)
            if len(top) < 9:
                break
            payload = read.read(int.from_bytes(top[:3], "big"))
            kind, flags, stream = top[3], top[4], int.from_bytes(top[5:], "big") & 0x7FFFFFFF
            if kind == 4 and not flags & 1:
                connection.sendall(frame(4, 1, 0))
            if kind == 6 and not flags & 1:
                connection.sendall(frame(6, 1, 0, payload))
            if kind == 3:
                say("reset by the client")
            if kind in (0, 1) and flags & 1:
                with lock:
                    answer = answers.pop(0) if len(answers) > 1 else answers[0]
                    say("request")
                if answer == "close":
                    break
                connection.sendall(respond(answer, stream))
    except OSError:
        pass
    finally:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()
        say("gone")


listener = socket.create_server(("127.0.0.1", 0), backlog=512)
say("listening", listener.getsockname()[1])
while True:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
