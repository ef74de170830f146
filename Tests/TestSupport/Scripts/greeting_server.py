"""Sends `hello` to the first client at port 7000 of an address. Arguments: ADDRESS."""

import socket
import sys

family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.create_server((sys.argv[1], 7000), family=family) as listener:
    listener.settimeout(20)
    listener.accept()[0].sendall(b"hello")
