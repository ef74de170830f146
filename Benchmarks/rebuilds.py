"""Part f: how soon a rebuilt pod has its fixed address; see Benchmarks/rebuild."""

import json
import os
import subprocess

from harness import SOURCES, Failure
from report import Table, milliseconds, span

TITLE = "A pod that is rebuilt with its fixed address"


def measure(bench):
    if os.geteuid() != 0:
        bench.report.skip("it needs root, for network namespaces: sudo Benchmarks/rebuild")
        return
    results = bench.folder / "rebuild.json"
    command = [SOURCES / "rebuild", "--plugin", bench.plugin, "--etcd", bench.etcd_program, "--json", results]
    bench.report.progress("under the bridge plugin, in a network namespace")
    done = subprocess.run([*command, *(["--quick"] if bench.options.quick else [])], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"Benchmarks/rebuild ended with status {done.returncode}:\n{done.stdout}")
    show(bench.report, json.loads(results.read_text()))


def show(report, result):
    table = Table("From the DEL of the old pod to the address of the new one, under the bridge plugin",
                  "the ADD of the new pod begins", "rounds", "median", "spread", "slowest", "limit", "")
    for row in result["rows"]:
        cells = [row["what"], len(row["seconds"]), milliseconds(row["median"]), span(row["seconds"], milliseconds),
                 milliseconds(max(row["seconds"]))]
        if row["limit"]:
            cells += report.limit(f"rebuilt pod, ADD {row['what']}", max(row["seconds"]), row["limit"],
                                  lambda seconds: f"{seconds * 1000:.0f} ms")
        table.add(*cells)
        report.sample(row["what"], row["seconds"])
    report.show(table)
