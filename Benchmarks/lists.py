"""Part d: what ipamctl needs for a network of many attachments, beside etcdctl reading the same keys."""

import contextlib
import ipaddress
import json
import shutil
import statistics
from pathlib import Path

from bench import rotated
from harness import Failure
from kubernetes import Kubernetes
from programs import Job, Plugin, load
from report import Table, megabytes, milliseconds, ratios, span, times

TITLE = "ipamctl on a network of many attachments"
LIMIT_LIST, LIMIT_LIST_MB = 1.3, 60
# A limit of the design is for this number of attachments; the limit of the memory is for every number.
LIMITED_SIZE = 65_536
# A round of more attachments than this takes minutes.
FEW_ROUNDS_ABOVE, FEW_ROUNDS = 100_000, 3
NETWORK, SUBNET = "bench", "10.16.0.0/12"
FIRST = ipaddress.ip_network(SUBNET).network_address + 1_000
PODS_PER_NODE = 30
THEIRS = "etcdctl get --prefix"


def measure(bench):
    etcdctl = shutil.which("etcdctl")
    if etcdctl is None:
        bench.report.skip("it needs etcdctl, which is not in PATH: run `make setup`")
        return
    for size in bench.scale.lists:
        with bench.etcd("lists") as etcd, contextlib.closing(cluster(size)) as kubernetes:
            fill(bench, etcd, size)
            jobs = commands(bench, etcd, kubernetes, etcdctl)
            for name, make in jobs.items():
                check(name, make, size, bench.folder)
            rounds = bench.scale.list_rounds if size <= FEW_ROUNDS_ABOVE else min(FEW_ROUNDS, bench.scale.list_rounds)
            show(bench, etcd, size, rounds, contest(bench, jobs, rounds))


def fill(bench, etcd, size):
    """Writes the used keys and the attachments of so many pods, as their ADDs would."""
    # The first ADD writes the network's settings.
    Plugin(bench.plugin, bench.folder, etcd, NETWORK, SUBNET).add_and_delete(bench.container())
    prefix = f"/etcd-cni/networks/{NETWORK}"

    def pairs():
        for number in range(size):
            container_id = f"{number:064x}"
            yield f"{prefix}/used/{address(number)}", container_id
            yield f"{prefix}/attachments/{container_id}/eth0", attachment(number)

    load(bench.load, etcd, pairs())


def address(number):
    return str(FIRST + number)


def identifier(number):
    return f"{number:08x}-7a1c-4a5e-9d39-2f1c6b7e8a90"


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def attachment(number):
    """The value of an attachment's key, with all members that the plugin writes for a pod (docs/keyspace.md)."""
    node = number // PODS_PER_NODE
    return compact({
        "addresses": [address(number)], "namespace": f"team-{number % 20}", "pod": f"web-6d9b74fd4d-{number:05d}",
        "uid": identifier(number), "workload": f"deploy/web-{number % 500}", "node": f"node-{node}",
        "boot": identifier(node), "machine": f"{node:032x}", "netns": f"/var/run/netns/cni-{identifier(number)}",
        "inode": 4_026_532_281, "cluster": "bench", "since": "2026-01-01T00:00:00Z", "fixed": False})


def cluster(size):
    """A Kubernetes with the pods and the nodes of all attachments."""
    pods = [compact({
        "metadata": {"name": f"web-6d9b74fd4d-{number:05d}", "namespace": f"team-{number % 20}",
                     "uid": identifier(number), "labels": {"app": "web", "pod-template-hash": "6d9b74fd4d"}},
        "spec": {"nodeName": f"node-{number // PODS_PER_NODE}", "containers": [{"name": "web", "image": "web:1"}]},
        "status": {"phase": "Running", "podIP": address(number), "podIPs": [{"ip": address(number)}]},
    }) for number in range(size)]
    nodes = [compact({
        "metadata": {"name": f"node-{number}", "uid": identifier(number)}, "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": "True"}],
                   "nodeInfo": {"bootID": identifier(number), "machineID": f"{number:032x}"}},
    }) for number in range(-(-size // PODS_PER_NODE))]
    kubernetes = Kubernetes()
    kubernetes.lists = {"pods": ("PodList", pods), "nodes": ("NodeList", nodes)}
    return kubernetes


def commands(bench, etcd, kubernetes, etcdctl):
    """A function for each command that is measured: it makes a job that writes its output to the given file."""
    cache = bench.folder / "cni-cache"
    cache.mkdir(exist_ok=True)
    kubeconfig = bench.folder / "kubeconfig"
    kubernetes.write_kubeconfig(kubeconfig)
    connection, patience = ["--endpoints", etcd.url], ["--timeout", "10m"]
    ours = {
        "list": ["list", "-n", NETWORK],
        "list -o json": ["list", "-n", NETWORK, "-o", "json"],
        "networks": ["networks"],
        "audit": ["audit", "-n", NETWORK, "--kubeconfig", kubeconfig],
        "audit --node-local": ["audit", "-n", NETWORK, "--node-local", "--cni-cache", cache],
        "backup": ["backup", "-n", NETWORK, "-"],
    }
    theirs = [etcdctl, "--command-timeout=10m", *connection, "get", "--prefix", f"/etcd-cni/networks/{NETWORK}/",
              "-w", "simple"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(bench.folder), "ETCDCTL_API": "3"}

    def maker(name, arguments):
        return lambda stdout: Job(bench.folder, name.replace(" ", "_"), arguments, environment, stdout=stdout)

    return {THEIRS: maker(THEIRS, theirs),
            **{name: maker(name, [bench.ipamctl, *words, *connection, *patience]) for name, words in ours.items()}}


def check(name, make, size, folder):
    """Raises unless the command's output has all attachments."""
    output = folder / "output"
    make(output).timed()
    text = output.read_text()
    try:
        found = {
            THEIRS: lambda: text.count("/attachments/"),
            "list": lambda: text.count("\n") - 1,
            # Counted, because Python needs gigabytes for the values of 500,000.
            "list -o json": lambda: text.count('"containerID"'),
            "networks": lambda: int(text.splitlines()[1].split()[3].replace(",", "")),
            "audit": lambda: min(counted(text, "addresses"), counted(text, "pods")),
            "audit --node-local": lambda: counted(text, "addresses"),
            "backup": lambda: text.count(f'"key":"{NETWORK}/attachments/'),
        }[name]()
    except (ValueError, LookupError) as error:
        raise Failure(f"{name}: its output cannot be read ({error!r}):\n{text[:1000]}") from error
    if found != size:
        raise Failure(f"{name}: {found} attachments instead of {size}:\n{text[:1000]}")
    output.unlink()


def counted(text, what):
    """The number in front of a word, such as in "network bench: 1000 addresses used or reserved"."""
    words = text.split()
    return int(words[[word.strip(",") for word in words].index(what) - 1].replace(",", ""))


def contest(bench, jobs, rounds):
    """For each command the seconds of each round, and its largest resident size in MB."""
    results = {name: ([], []) for name in jobs}
    for index in range(rounds):
        for name in rotated(jobs, index):
            bench.report.progress(f"{name}, round {index + 1} of {rounds}")
            seconds, resident, _ = bench.measured.run(jobs[name](Path("/dev/null")))
            results[name][0].append(seconds)
            results[name][1].append(resident)
    return results


def show(bench, etcd, size, rounds, results):
    report = bench.report
    table = Table(f"{size:,} attachments, {rounds} rounds in turn, output to /dev/null",
                  "", "median", "to etcdctl", "quartiles", "limit", "", "memory", "limit", "")
    for name, (seconds, resident) in results.items():
        cells = [name, milliseconds(statistics.median(seconds))]
        each = ratios(seconds, results[THEIRS][0])
        ratio, memory, is_list = statistics.median(each), max(resident), name.startswith("list")
        cells += [times(ratio), span(each, times)] if name != THEIRS else ["", ""]
        what = f"{name}, {size:,} attachments"
        has_limit = is_list and size == LIMITED_SIZE
        cells += report.limit(f"{what}, to etcdctl", ratio, LIMIT_LIST, times) if has_limit else ["", ""]
        cells.append(megabytes(memory))
        cells += report.limit(f"{what}, memory", memory, LIMIT_LIST_MB, megabytes) if is_list else []
        table.add(*cells)
        report.sample(f"{size} {name}", {"seconds": seconds, "resident MB": resident})
    disk, memory = etcd.metric("etcd_mvcc_db_total_size_in_use_in_bytes") / 1e6, etcd.resident_megabytes()
    table.note(f"etcd itself: {megabytes(disk)} on disk, {megabytes(memory)} of memory after these reads")
    report.sample(f"{size} etcd", {"disk MB": disk, "resident MB": memory})
    report.show(table)
