"""Part b: many ADDs at once on one network, beside the bare programs, and how much etcd commits at most."""

import statistics

from bench import SHARED, rotated
from programs import Plugin, crowd, load
from report import Table, milliseconds, per_second, percentile, ratios, span, times

TITLE = "Many ADDs at once"
LIMIT_RATE, LIMITED = 1.3, (32, 100)
OURS = "kube-ipam"
CLIENTS = (1, 32)


class Rounds:
    """What the rounds of one program brought."""

    def __init__(self):
        self.rates, self.seconds, self.failed, self.twice = [], [], 0, 0


def measure(bench):
    with bench.etcd("crowds") as etcd:
        plugin = Plugin(bench.plugin, bench.folder, etcd, "bench-many", "10.1.0.0/16")
        table = Table(f"{bench.scale.burst} processes a round, {bench.scale.crowd_rounds} rounds in turn",
                      "at a time, program", "rate", "p50", "p99", "failed", "twice", "kube-ipam to it", "spread",
                      "limit", "")
        for at_once in bench.scale.at_once:
            bench.report.progress(f"{at_once} at a time")
            add_rows(bench, table, at_once, contest(bench, etcd, plugin, at_once))
        table.note("failed: ADDs that did not succeed; twice: addresses that two containers were given")
        bench.report.show(table)
        commits(bench, etcd)


def contest(bench, etcd, plugin, at_once):
    results = {OURS: Rounds(), **{name: Rounds() for name in bench.bare}}
    baselines = bench.baselines(etcd)
    for index in range(bench.scale.crowd_rounds):
        for name in rotated(results, index):
            names = [bench.container() for _ in range(bench.scale.burst)]
            if name == OURS:
                jobs = [plugin.job("ADD", one) for one in names]
            else:
                jobs = [baselines[name].job(one) for one in names]
            whole, ended = crowd(jobs, at_once, etcd)
            results[name].rates.append(len(jobs) / whole)
            results[name].seconds += [seconds for _, _, seconds in ended]
            if name == OURS:
                count_wrong(bench, plugin, at_once, ended, results[name])
                discard(ended)
                _, ended = crowd([plugin.job("DEL", one) for one in names], at_once, etcd)
            for job, status, _ in ended:
                job.check(status)
            discard(ended)
    return results


def discard(ended):
    """Removes the output files of thousands of processes."""
    for job, _, _ in ended:
        job.stdout.unlink()
        job.stderr.unlink()


def count_wrong(bench, plugin, at_once, ended, result):
    """Counts the ADDs that failed and the addresses that two of them got."""
    complaints, addresses = [], []
    for job, status, _ in ended:
        complaint = job.complaint(status)
        if complaint:
            complaints.append(complaint)
        else:
            addresses.append(plugin.address(job))
    failed, twice = len(complaints), len(addresses) - len(set(addresses))
    result.failed += failed
    result.twice += twice
    if failed:
        bench.report.error(f"{failed} of {len(ended)} ADDs failed, {at_once} at a time; the first:\n{complaints[0]}")
    if twice:
        bench.report.error(f"{twice} addresses were given twice, {at_once} at a time")


def add_rows(bench, table, at_once, results):
    ours = results[OURS]
    for name, result in results.items():
        cells = [f"{at_once:>3}  {name}", per_second(statistics.median(result.rates)),
                 milliseconds(percentile(result.seconds, 0.5)), milliseconds(percentile(result.seconds, 0.99))]
        if name == OURS:
            cells += [result.failed, result.twice]
        else:
            each = ratios(ours.rates, result.rates)
            ratio = statistics.median(each)
            cells += ["", "", times(ratio), span(each, times)]
            if name == SHARED and at_once in LIMITED:
                cells += bench.report.limit(f"rate, {at_once} at a time, to {name}", ratio, LIMIT_RATE, times,
                                            at_least=True)
        table.add(*cells)
        bench.report.sample(f"{at_once} at a time, {name}, rates", result.rates)


def commits(bench, etcd):
    """How many puts etcd commits to clients that keep their connections: no client program's start is in it."""
    table = Table("What etcd commits at most: puts over connections that stay open", "clients", "median rate", "spread")
    value = "b" * 64
    for clients in CLIENTS:
        rates = []
        for _ in range(3):
            count = bench.scale.puts if clients > 1 else bench.scale.puts // 4
            names = [bench.container() for _ in range(count)]
            seconds = load(bench.load, etcd, [(f"/bench/used/{name}", value) for name in names], clients, 1)
            rates.append(count / seconds)
        table.add(clients, per_second(statistics.median(rates)), span(rates, per_second))
        bench.report.sample(f"puts a second, {clients} clients", rates)
    bench.report.show(table)
