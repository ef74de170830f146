"""Part e: what an ADD is made of: instructions by function, page faults, memory, and the size of the programs."""

import re
import shutil
import statistics

from harness import Failure, run
from programs import Plugin
from report import Table, megabytes, ratios, times

TITLE = "What an ADD is made of"
LIMIT_BINARY_MB, LIMIT_RESIDENT_MB = 26, 20
OURS = "kube-ipam"
TRANSPORTS = (("http", None), ("TLS", "ECDSA"))
RUNS = 5
# What is looked for in the functions' names. One may be a part of another, as the handshake is of curl_multi_perform.
FUNCTIONS = (
    ("the dynamic loader: _dl_start", r"_dl_start"),
    ("Swift's types: swift_getTypeByMangledName", r"swift_getTypeByMangledName"),
    ("NetworkConfiguration.init(json:cniArgs:)", r"\$s7IPAMKit20NetworkConfigurationV4json7cniArgs\S*fC"),
    ("AddOperation.plan", r"\$s7IPAMKit12AddOperationV4plan\S*"),
    ("curl_global_init", r"curl_global_init"),
    ("OPENSSL_init_ssl", r"OPENSSL_init_ssl"),
    ("curl_multi_perform", r"curl_multi_perform"),
    ("  of it: ossl_connect_step1", r"ossl_connect_step1"),
    ("  of it: SSL_do_handshake", r"SSL_do_handshake"),
)


def measure(bench):
    sizes = {"binary, stripped": {name: stripped_megabytes(bench, file) for name, file in programs(bench).items()}}
    has_valgrind = shutil.which("valgrind") and shutil.which("callgrind_annotate")
    for transport, kind in TRANSPORTS:
        with bench.etcd(f"costs-{transport}", kind) as etcd:
            bench.report.progress(transport)
            makers = jobs(bench, etcd)
            runs = {name: weigh(bench, make) for name, make in makers.items()}
            sizes[f"resident, {transport}"] = {name: resident for name, (resident, _) in runs.items()}
            sizes[f"page faults, {transport}"] = {name: faults for name, (_, faults) in runs.items()}
            if has_valgrind:
                profiles = {name: profile(bench, make) for name, make in makers.items()}
                show_instructions(bench, transport, profiles)
    if not has_valgrind:
        bench.report.skip("instructions, because valgrind is not installed: apt-get install valgrind")
    show_sizes(bench, sizes)


def programs(bench):
    return {OURS: bench.plugin, **bench.bare}


def jobs(bench, etcd):
    """A function for each program, which makes the job of one ADD."""
    plugin = Plugin(bench.plugin, bench.folder, etcd, "bench", "10.0.0.0/24")
    found = {OURS: lambda: plugin.job("ADD", bench.container())}
    for name, baseline in bench.baselines(etcd).items():
        found[name] = lambda make=baseline.job: make(bench.container())
    # The first ADD writes the network's settings.
    found[OURS]().timed()
    return found


# --- sizes -----------------------------------------------------------------------------------------------------------


def stripped_megabytes(bench, program):
    copy = bench.folder / "stripped"
    run("strip", "-o", copy, program)
    return copy.stat().st_size / 1e6


def weigh(bench, make):
    """The largest resident size in MB and the page faults, medians."""
    runs = [bench.measured.run(make()) for _ in range(RUNS)]
    return statistics.median(resident for _, resident, _ in runs), statistics.median(faults for _, _, faults in runs)


def show_sizes(bench, sizes):
    table = Table("Sizes (1 MB = 1,000,000 bytes), medians", "", *programs(bench), "limit", "")
    for what, values in sizes.items():
        is_count = what.startswith("page")
        cells = [what, *(f"{value:,.0f}" if is_count else megabytes(value) for value in values.values())]
        if not is_count:
            bound = LIMIT_BINARY_MB if what.startswith("binary") else LIMIT_RESIDENT_MB
            cells += bench.report.limit(what, values[OURS], bound, megabytes)
        table.add(*cells)
        bench.report.sample(what, values)
    bench.report.show(table)


# --- instructions ----------------------------------------------------------------------------------------------------


class Profile:
    """The instructions of a run, in millions: of all, and of each of FUNCTIONS with what it calls; None if the program
    has no such function, or no name for it."""

    def __init__(self, total, functions):
        self.total, self.functions = total, functions


def profile(bench, make):
    """The run under callgrind with the median number of instructions."""
    runs = sorted((profile_once(bench, make()) for _ in range(bench.scale.profiles)), key=lambda one: one.total)
    return runs[len(runs) // 2]


def profile_once(bench, job):
    # valgrind cannot read the debugging information of Swift; the names of the functions are enough.
    program, counts = bench.folder / "profiled", bench.folder / "callgrind.out"
    run("strip", "--strip-debug", "-o", program, job.arguments[0])
    job.arguments = [shutil.which("valgrind"), "--tool=callgrind", f"--callgrind-out-file={counts}", str(program),
                     *job.arguments[1:]]
    job.timed()
    total = re.search(r"Collected : (\d+)", job.stderr.read_text())
    if not total:
        raise Failure(f"callgrind counted nothing:\n{job.said()}")
    costs = inclusive_costs(run("callgrind_annotate", "--inclusive=yes", "--threshold=100", counts))
    return Profile(int(total.group(1)) / 1e6, {name: cost_of(pattern, costs) for name, pattern in FUNCTIONS})


def inclusive_costs(text):
    """Instructions by function, with what each calls, from callgrind_annotate's lines such as
    `949,973 (25.81%)  ./elf/rtld.c:_dl_start [/usr/lib/ld-linux-x86-64.so.2]`."""
    line = re.compile(r"^\s*([\d,]+) \([^)]*\)\s+[^:]*:(.*?)(?: \[[^\]]*\])?$", re.MULTILINE)
    return [(name, int(count.replace(",", "")) / 1e6) for count, name in line.findall(text)]


def cost_of(pattern, costs):
    """The largest, because the same function may be listed once for each library that calls it."""
    return max((cost for name, cost in costs if re.fullmatch(pattern, name.partition("@")[0])), default=None)


def show_instructions(bench, transport, profiles):
    table = Table(f"Millions of instructions of one ADD, {transport}, with what each function calls", "", *profiles)
    table.add("all", *(f"{one.total:.2f}" for one in profiles.values()))
    for name, _ in FUNCTIONS:
        costs = [one.functions[name] for one in profiles.values()]
        if any(cost is not None for cost in costs):
            table.add(name, *("-" if cost is None else f"{cost:.2f}" for cost in costs))
    table.add("kube-ipam to it", "", *(times(ratio) for ratio in ratios(
        [profiles[OURS].total] * (len(profiles) - 1), [one.total for name, one in profiles.items() if name != OURS])))
    table.note("-: the program does not call it, or has no name for it")
    bench.report.show(table)
    bench.report.sample(f"instructions, {transport}", {
        name: {"all": one.total, **one.functions} for name, one in profiles.items()})
