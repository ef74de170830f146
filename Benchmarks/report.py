"""The results: tables, limits, the machine; as text while the benchmark runs, and as JSON for Benchmarks/tables."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from harness import ROOT

FORMAT = 1
# More than this share of all cores before anything runs, and something else is using the machine.
BUSY_SHARE = 0.1


# --- numbers ---------------------------------------------------------------------------------------------------------


def milliseconds(seconds):
    value = seconds * 1000
    return f"{value:.2f} ms" if value < 100 else f"{value:.0f} ms"


def span(values, text):
    """The quartiles of the values, with the unit once; of fewer than four values, the smallest and the largest."""
    low, high = (text(value) for value in quartiles(values))
    return f"{low.removesuffix(high.lstrip('0123456789.,'))} - {high}"


def quartiles(values):
    if len(values) < 4:
        return min(values), max(values)
    first, _, third = statistics.quantiles(values, n=4)
    return first, third


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def times(ratio):
    return f"{ratio:.2f}x"


def per_second(rate):
    return f"{rate:,.0f} /s"


def megabytes(size):
    return f"{size:,.1f} MB"


def ratios(ours, theirs):
    """The ratio of each round."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


# --- tables ----------------------------------------------------------------------------------------------------------


class Table:
    """Rows of text under headers. The first column is aligned to the left, the others to the right."""

    def __init__(self, title, *columns):
        self.title, self.columns, self.rows, self.notes = title, columns, [], []

    def add(self, *cells):
        self.rows.append([str(cell) for cell in cells] + [""] * (len(self.columns) - len(cells)))

    def note(self, text):
        self.notes.append(text)

    def value(self):
        return {"title": self.title, "columns": list(self.columns), "rows": self.rows, "notes": self.notes}

    def text(self):
        rows = [list(self.columns), *self.rows]
        widths = [max(len(row[index]) for row in rows) for index in range(len(self.columns))]

        def line(row):
            cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
            return "  " + "  ".join(cells).rstrip()

        return "\n".join(["", self.title, *(line(row) for row in rows), *(f"  {note}" for note in self.notes)])


class Report:
    """All results of a run. Text is printed as soon as a table is complete, and kept."""

    def __init__(self, options):
        self.lines, self.tables, self.limits, self.samples, self.wrong = [], {}, [], {}, []
        self.options = {"quick": options.quick, "full": options.full, "rounds": options.rounds}
        self.machine, self.part = {}, ""

    def say(self, text):
        self.lines.append(text)
        self.progress("")
        print(text, flush=True)

    @staticmethod
    def progress(text):
        """Shows on a terminal what is being measured, in place of what was shown before."""
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def begin(self, part, title):
        self.part = part
        self.tables[part] = []
        self.say(f"\n{part}. {title}")

    def show(self, table):
        self.tables[self.part].append(table.value())
        self.say(table.text())

    def skip(self, reason):
        """A part, or a row of it, that cannot be measured here."""
        self.tables[self.part].append({"title": f"Not measured: {reason}", "columns": [], "rows": [], "notes": []})
        self.say(f"\n  not measured: {reason}")

    def sample(self, name, values):
        """Keeps raw figures for other programs: a number, or a list of them."""
        self.samples.setdefault(self.part, {})[name] = values

    def limit(self, what, value, bound, text, at_least=False):
        """Compares with a limit of the design. Returns the two cells of its row: the limit, and whether it is met."""
        met = value >= bound if at_least else value <= bound
        limit = f"{'>=' if at_least else '<='} {text(bound)}"
        self.limits.append({"part": self.part, "what": what, "value": text(value), "limit": limit, "met": met})
        return limit, "met" if met else "NOT MET"

    def error(self, text):
        """A wrong answer, or a part that could not be run: the run goes on, and ends with status 1."""
        self.wrong.append(text)
        self.say(f"  WRONG: {text}")

    def conclude(self):
        table = Table("Limits", "", "measured", "limit", "")
        for limit in self.limits:
            table.add(f"{limit['part']}. {limit['what']}", limit["value"], limit["limit"],
                      "met" if limit["met"] else "NOT MET")
        if self.limits:
            self.say(table.text())
        missed = sum(not limit["met"] for limit in self.limits)
        self.say(f"\n{len(self.limits) - missed} of {len(self.limits)} limits met"
                 + (f"; {len(self.wrong)} WRONG" if self.wrong else ""))

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.txt").write_text("\n".join(self.lines) + "\n")
        (folder / "results.json").write_text(json.dumps({
            "format": FORMAT, "options": self.options, "machine": self.machine, "tables": self.tables,
            "limits": self.limits, "samples": self.samples, "wrong": self.wrong}, indent=1) + "\n")


# --- the machine -----------------------------------------------------------------------------------------------------


def output(*command):
    """What a command prints; empty when there is no such command."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False,
                              cwd=ROOT).stdout.strip()
    except OSError:
        return ""


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def share_in_use():
    """How much of all cores is in use, over two seconds in which this program does nothing."""
    def ticks():
        with open("/proc/stat", encoding="utf-8") as lines:
            numbers = [int(word) for word in lines.readline().split()[1:9]]
        # user nice system idle iowait irq softirq steal (proc(5)); steal is what other machines take.
        return sum(numbers), numbers[3] + numbers[4]

    total, idle = ticks()
    time.sleep(2)
    new_total, new_idle = ticks()
    return 1 - (new_idle - idle) / max(1, new_total - total)


def machine(etcd_program, load):
    """What the figures depend on, and how busy the machine is before anything is measured. `load` is the load average
    before the programs were built, which is itself much work."""
    in_use = share_in_use()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "version": output("git", "describe", "--always", "--dirty") or "unknown",
        "processor": f"{os.cpu_count()} cores, {processor()}",
        "memory": f"{memory:.0f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "etcd": output(etcd_program, "--version").splitlines()[0].rpartition(" ")[2],
        "libcurl": f"{output('curl-config', '--version').rpartition(' ')[2] or 'unknown'} (the system's)",
        "file system of etcd": output("stat", "--file-system", "--format=%T", tempfile.gettempdir()),
        "load average": f"{load:.2f} at the beginning; {in_use:.0%} of the processor in use before the first part",
        "busy": in_use > BUSY_SHARE,
    }
