"""Runs a program on a pseudo-terminal with a screen, types, and reads what stands on the screen.

Arguments: EMULATOR SCENARIO PROGRAM ARGUMENT...; EMULATOR is the folder of pyte, and SCENARIO a JSON object:
`columns`, `rows`, `timeout` (seconds for the whole scenario) and `steps`, an array of
  ["type", TEXT]            types the text
  ["wait", PATTERN]         until the screen matches the regular expression
  ["leave", PATTERN]        until the screen no longer matches it
  ["file", PATH]            until the file exists
  ["signal", NUMBER]        sends a signal to the program
  ["cook"]                  puts the terminal into its usual mode, as a shell does after Ctrl-Z
  ["resize", COLUMNS, ROWS] changes the size of the terminal
  ["capture"]               keeps the screen as it is
  ["end"]                   until the program has ended
The program is killed after the last step if it has not ended. Prints a JSON object: `status` (null if it was killed),
`captures` (each an array of lines), `screen` (the last one), `raw` (everything that was written) and `failure` (the step
that did not come true in time, as a text, else null), `isCooked` (whether the terminal is in its usual mode at the end).
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

sys.path.insert(0, sys.argv[1])
import pyte  # noqa: E402


class Program:
    """A program, and the screen of its terminal."""

    def __init__(self, command, columns, rows, timeout):
        self.deadline = time.monotonic() + timeout
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            # The size must be right before the program asks for it.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(command[0], command)
        self.screen = pyte.HistoryScreen(columns, rows, history=5000, ratio=0.5)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.has_ended = False

    def lines(self):
        """What scrolled away, and what stands on the screen, without blanks at the ends of lines."""
        above = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top]
        lines = [line.rstrip() for line in above + list(self.screen.display)]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def read(self, seconds):
        """Takes what the program writes within the time; False if it wrote nothing."""
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return False
        try:
            some = os.read(self.terminal, 65536)
        except OSError:
            some = b""
        if not some:
            self.has_ended = True
            return False
        self.raw += some
        self.stream.feed(some)
        return True

    def until(self, condition):
        """Reads until the condition holds; False if it does not hold in time."""
        while not condition():
            if time.monotonic() > self.deadline:
                return False
            if self.has_ended:
                return condition()
            self.read(0.1)
        return True

    def matches(self, pattern):
        return re.search(pattern, "\n".join(self.lines()), re.MULTILINE) is not None

    def resize(self, columns, rows):
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self):
        """The exit status; None if the program had to be killed."""
        if not self.has_ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            return None
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return status if status >= 0 else 128 - status


def main():
    scenario = json.loads(sys.argv[2])
    program = Program(sys.argv[3:], scenario["columns"], scenario["rows"], scenario["timeout"])
    captures, failure = [], None
    for step in scenario["steps"]:
        kind, done = step[0], True
        if kind == "type":
            os.write(program.terminal, step[1].encode())
        elif kind == "wait":
            done = program.until(lambda: program.matches(step[1]))
        elif kind == "leave":
            done = program.until(lambda: not program.matches(step[1]))
        elif kind == "file":
            done = program.until(lambda: os.path.exists(step[1]))
        elif kind == "signal":
            os.kill(program.pid, step[1])
        elif kind == "cook":
            mode = termios.tcgetattr(program.terminal)
            mode[0] |= termios.ICRNL
            mode[3] |= termios.ICANON | termios.ECHO
            termios.tcsetattr(program.terminal, termios.TCSANOW, mode)
        elif kind == "resize":
            program.resize(step[1], step[2])
        elif kind == "capture":
            captures.append(program.lines())
        elif kind == "end":
            done = program.until(lambda: program.has_ended)
        if not done:
            failure = step
            break
    is_cooked = termios.tcgetattr(program.terminal)[3] & termios.ICANON != 0
    status = program.end()
    raw = program.raw.decode(errors="replace")
    print(json.dumps({
        "status": status, "captures": captures, "screen": program.lines(), "raw": raw,
        "isCooked": is_cooked,
        "failure": failure and " ".join(str(word) for word in failure),
    }))


main()
