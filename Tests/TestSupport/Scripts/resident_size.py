"""Runs a program and prints its largest resident set, in KiB (getrusage(2)), to standard error.

Arguments: PROGRAM ARGUMENT...
"""

import resource
import subprocess
import sys

status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
