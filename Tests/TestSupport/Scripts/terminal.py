"""Runs a program on a pseudo-terminal and types answers to its questions; prints what stood on the terminal.

Arguments: ANSWERS PROGRAM ARGUMENT...; ANSWERS is a JSON array of `[question, text, process to kill before, or 0]`.
"""

import json
import os
import pty
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
answers, seen, begin = json.loads(sys.argv[1]), b"", 0
while True:
    try:
        some = os.read(terminal, 4096)
    except OSError:
        break
    if not some:
        break
    seen += some
    while answers:
        at = seen.find(answers[0][0].encode(), begin)
        if at < 0:
            break
        question, text, victim = answers.pop(0)
        begin = at + len(question.encode())
        if victim:
            os.kill(victim, 9)
        os.write(terminal, text.encode() or b"\x04")
sys.stdout.buffer.write(seen)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status if status >= 0 else 128 - status)
