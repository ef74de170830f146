"""An HTTP/1.1 server whose answer depends on the path of the request; it prints what it sees, one line each.

Arguments: `tcp`, `tls CERTIFICATE KEY` or `unix PATH`. The first line is `listening PORT`.
"""

import os
import socket
import socketserver
import ssl
import sys
import threading

from quiet_handler import QuietHandler


def say(*words):
    # One write for a line: threads must not mix theirs.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Handler(QuietHandler):
    def setup(self):
        say("connection")
        super().setup()

    def finish(self):
        say("gone")
        super().finish()

    def answer(self, body, status=200, fields=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        say(self.command, self.path)
        what, _, rest = self.path.strip("/").partition("/")
        if what == "bytes":
            self.answer(b"x" * int(rest))
        elif what == "echo":
            head = (self.requestline + "\n" + str(self.headers)).encode()
            self.answer(head + b"\n" + body, fields=[("X-Empty", ""), ("X-Spaced", "  a b \t")])
        elif what == "interim":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
            self.answer(b"final", fields=[("X-Late", "2")])
        elif what == "trailers":
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                b"5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n"
            )
        elif what == "status":
            self.answer(b"", int(rest))
        elif what == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
            self.close_connection = True
        elif what == "cutchunk":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this")
            self.close_connection = True
        elif what == "close":
            self.close_connection = True
        elif what == "stall":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
            self.connection.recv(1)
        elif what == "silence":
            self.connection.recv(1)
        elif what == "head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(int(rest)):
                self.wfile.write(b"X-%d: %s\r\n" % (number, b"y" * 1000))
            self.wfile.write(b"Content-Length: 0\r\n\r\n")
        elif what == "endless":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            sent = 0
            self.connection.settimeout(0.5)
            stalled = False
            piece = b"z" * 65536
            try:
                while sent < 1 << 30:
                    try:
                        sent += self.connection.send(piece)
                        if stalled:
                            say("resumed")
                        stalled = False
                    except (TimeoutError, socket.timeout):
                        if not stalled:
                            say("stalled")
                            say("sent", sent >> 20)
                        stalled = True
            finally:
                self.connection.settimeout(None)
        else:
            self.answer(b"no such thing", 404)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do

    def do_CONNECT(self):
        say("CONNECT", self.path)
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as onward:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
            self.close_connection = True

            def copy(a, b):
                try:
                    while True:
                        data = a.recv(65536)
                        if not data:
                            break
                        b.sendall(data)
                except OSError:
                    pass
                for s in (a, b):
                    try:
                        s.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass

            thread = threading.Thread(target=copy, args=(onward, self.connection))
            thread.start()
            copy(self.connection, onward)
            thread.join()


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, address):
        say("error")


class UnixServer(Server):
    address_family = socket.AF_UNIX

    def get_request(self):
        request, _ = super().get_request()
        return request, ("unix", 0)


kind = sys.argv[1]
if kind == "unix":
    server = UnixServer(sys.argv[2], Handler)
    say("listening 0")
else:
    server = Server(("127.0.0.1", 0), Handler)
    if kind == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    say("listening", server.server_address[1])
server.serve_forever()
