"""Part a: one ADD and one DEL, whole processes, beside the bare programs and host-local."""

import statistics

from bench import SHARED, STATIC, rotated
from programs import HostLocal, Plugin
from report import Table, milliseconds, ratios, span, times

TITLE = "One ADD and one DEL, whole process"
LIMIT_SHARED, LIMIT_SHARED_TLS, LIMIT_STATIC, LIMIT_HOST_LOCAL = 0.70, 0.75, 1.5, 1.6
OURS, HOST = "kube-ipam", "host-local"
# Each transport with the kind of the certificates' keys.
TRANSPORTS = (("http", None), ("TLS ECDSA", "ECDSA"), ("TLS RSA-2048", "RSA"))


def measure(bench):
    for transport, kind in TRANSPORTS:
        bench.report.progress(transport)
        with bench.etcd(f"adds-{kind or 'http'}", kind) as etcd:
            adds, deletes = contest(bench, etcd, with_host_local=kind is None)
        bench.report.sample(f"{transport} ADD", adds)
        bench.report.sample(f"{transport} DEL", deletes)
        show(bench, f"ADD, {transport}", adds, limits(transport))
        show(bench, f"DEL, {transport}", deletes, {})
    if STATIC not in bench.bare:
        bench.report.skip(f"{STATIC}, because scripts/build-libcurl cannot get libcurl's source")
    if HostLocal.program() is None:
        bench.report.skip("host-local, because it is not installed: run `make setup`")


def limits(transport):
    return {SHARED: LIMIT_SHARED if transport == "http" else LIMIT_SHARED_TLS, STATIC: LIMIT_STATIC,
            HOST: LIMIT_HOST_LOCAL}


def contest(bench, etcd, with_host_local):
    """The seconds of each program's ADDs and of its DELs, round by round. A bare program has one kind of run: what an
    ADD and a DEL need at least, a read and a write."""
    programs = {OURS: Plugin(bench.plugin, bench.folder, etcd, "bench", "10.0.0.0/24").add_and_delete}
    for name, baseline in bench.baselines(etcd).items():
        programs[name] = lambda container_id, job=baseline.job: (job(container_id).timed(),) * 2
    if with_host_local and HostLocal.program():
        programs[HOST] = HostLocal(bench.folder, "10.0.0.0/24").add_and_delete
    adds, deletes = {name: [] for name in programs}, {name: [] for name in programs}
    for index in range(-bench.scale.warm_up, bench.scale.rounds):
        for name in rotated(programs, index):
            add, delete = programs[name](bench.container())
            if index >= 0:
                adds[name].append(add)
                deletes[name].append(delete)
    return adds, deletes


def show(bench, what, seconds, bounds):
    table = Table(f"{what}, {len(seconds[OURS])} rounds", "", "median", "quartiles", "kube-ipam to it", "quartiles",
                  "limit", "")
    for name, values in seconds.items():
        cells = [name, milliseconds(statistics.median(values)), span(values, milliseconds)]
        if name != OURS:
            each = ratios(seconds[OURS], values)
            ratio = statistics.median(each)
            cells += [times(ratio), span(each, times)]
            if name in bounds:
                cells += bench.report.limit(f"{what}, to {name}", ratio, bounds[name], times)
        table.add(*cells)
    bench.report.show(table)
