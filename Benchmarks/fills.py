"""Part c: what an ADD costs in a network of any size and fill, beside an ADD in an empty /24."""

import ipaddress
import json
import random
import statistics

from harness import Failure
from programs import Plugin, load
from report import Table, milliseconds, ratios, span, times

TITLE = "ADD in networks of any size and fill"
LIMIT = 1.5
# A /24 and a /16 are filled up; the others hold more addresses than can be written in a reasonable time.
FILLED_UP = ("10.2.0.0/24", "10.3.0.0/16")
LARGE = ("10.16.0.0/12", "100.64.0.0/10", "fd00:10:2::/64")
PERCENTS = (50, 90, 99, 100)
POOL_EXHAUSTED = 100


class Network:
    """A network whose used keys are written directly."""

    def __init__(self, bench, etcd, subnet, pattern):
        self.bench, self.etcd, self.pattern = bench, etcd, pattern
        net = ipaddress.ip_network(subnet)
        name = f"fill-{net.version}-{net.prefixlen}-{pattern}"
        self.plugin = Plugin(bench.plugin, bench.folder, etcd, name, subnet)
        self.prefix = f"/etcd-cni/networks/{name}"
        self.family = ipaddress.IPv4Address if net.version == 4 else ipaddress.IPv6Address
        # The first address is the gateway's. An IPv4 network's last one is its broadcast address.
        self.first = int(net.network_address) + 2
        self.last = int(net.broadcast_address) - (1 if net.version == 4 else 0)
        self.total = self.last - self.first + 1
        self.order = self.addresses(min(self.total, bench.scale.fill_keys))
        self.used = 0
        # The first ADD writes the settings: a network that has keys without settings counts as the Go plugin's.
        self.plugin.add_and_delete(bench.container())

    def addresses(self, count):
        """The addresses in the order in which they become used, as numbers."""
        if self.pattern == "contiguous":
            return range(self.first, self.first + count)
        generator = random.Random(0)
        if count == self.total:
            return generator.sample(range(self.first, self.last + 1), count)
        # A dictionary, because a set has no order that is the same in each run.
        chosen = {}
        while len(chosen) < count:
            chosen[generator.randint(self.first, self.last)] = None
        return list(chosen)

    def fill(self, count):
        """Uses up the first `count` addresses of the order."""
        new = self.order[self.used:count]
        pairs = ((f"{self.prefix}/used/{self.family(number)}", f"{number:064x}") for number in new)
        load(self.bench.load, self.etcd, pairs)
        self.used = count

    def set_cursor(self, generator):
        """The address given out last: a used one, so that an ADD has to find its way from there to a free one. In a
        contiguous network it is the first, which is farthest from a free one."""
        if self.used:
            number = self.order[0 if self.pattern == "contiguous" else generator.randrange(self.used)]
            load(self.bench.load, self.etcd, [(f"{self.prefix}/lastReserved/0", self.family(number))], 1, 1)

    def add(self, is_full):
        """The seconds of an ADD, which is undone; of its refusal when the network is full."""
        container_id = self.bench.container()
        if not is_full:
            return self.plugin.add_and_delete(container_id)[0]
        job = self.plugin.job("ADD", container_id)
        seconds = job.timed(expected=(1,))
        code = json.loads(job.stdout.read_text()).get("code")
        if code != POOL_EXHAUSTED:
            raise Failure(f"an ADD in a full network was refused with code {code}, not {POOL_EXHAUSTED}:\n{job.said()}")
        return seconds


def measure(bench):
    with bench.etcd("fills") as etcd:
        empty = Network(bench, etcd, "10.4.0.0/24", "empty")
        columns = ("network, used keys", "median", "slowest", "to an empty /24", "quartiles", "limit", "")
        for subnet in (*FILLED_UP, *LARGE):
            length = subnet.partition("/")[2]
            table = Table(f"/{length}{' of IPv6' if ':' in subnet else ''}, {bench.scale.fill_rounds} rounds", *columns)
            for pattern in ("random", "contiguous"):
                network = Network(bench, etcd, subnet, pattern)
                for count, name in levels(network, pattern):
                    bench.report.progress(f"/{length} {name}")
                    network.fill(count)
                    add_row(bench, table, empty, network, f"/{length} {name}", limit_of(subnet, pattern, name))
            bench.report.show(table)


def levels(network, pattern):
    """The numbers of used keys at which a network is measured, with their names."""
    found = [(0, "empty")] if pattern == "random" else []
    if network.total == len(network.order):
        for percent in PERCENTS:
            # A full network is the same whatever the order.
            if percent < 100 or pattern == "random":
                count = network.total if percent == 100 else min(network.total - 1, network.total * percent // 100)
                found.append((count, "full: refused" if percent == 100 else f"{percent} % {pattern}"))
    else:
        found.append((len(network.order), f"{len(network.order):,} keys {pattern}"))
    return found


def limit_of(subnet, pattern, name):
    if (subnet.endswith("/16") and name == "99 % random") or (subnet.endswith("/10") and name == "empty"):
        return LIMIT
    return None


def add_row(bench, table, empty, network, name, bound):
    generator = random.Random(1)
    seconds, beside = [], []
    for index in range(-1, bench.scale.fill_rounds):
        network.set_cursor(generator)
        # In turn: which of the two comes first.
        sides = [(seconds, lambda: network.add(network.used == network.total)), (beside, lambda: empty.add(False))]
        for values, add in sides if index % 2 else reversed(sides):
            value = add()
            if index >= 0:
                values.append(value)
    each = ratios(seconds, beside)
    ratio = statistics.median(each)
    cells = [name, milliseconds(statistics.median(seconds)), milliseconds(max(seconds)), times(ratio),
             span(each, times)]
    if bound:
        cells += bench.report.limit(f"ADD, {name}, to an empty /24", ratio, bound, times)
    table.add(*cells)
    bench.report.sample(name, {"seconds": seconds, "empty /24": beside})
