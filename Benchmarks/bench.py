"""What the parts of the benchmark share: options, programs, a folder, and numbers for containers."""

import contextlib
import itertools
import shutil
from dataclasses import dataclass

from harness import Certificates, Etcd, Failure, build_helper, build_release, build_static_baseline
from programs import Baseline, Measured, container

SHARED = "bare, system's libcurl"
STATIC = "bare, static libcurl"


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    rounds: int  # of single runs
    warm_up: int  # rounds before them that do not count
    crowd_rounds: int
    burst: int  # processes in a round of many at once
    at_once: tuple
    puts: int  # for the rate that etcd commits
    fill_rounds: int
    fill_keys: int  # the most keys with which a network is filled
    lists: tuple  # numbers of attachments
    list_rounds: int
    profiles: int  # runs under callgrind

    @classmethod
    def of(cls, options):
        if options.quick:
            return cls(options.rounds or 5, 1, 1, 40, (1, 32), 1_000, 3, 2_000, (1_000, 5_000), 2, 1)
        burst, fill, lists = 500, 131_072, (1_000, 65_536)
        if options.full:
            burst, fill, lists = 2_000, 500_000, (1_000, 65_536, 500_000)
        return cls(options.rounds or 100, 3, 3, burst, (1, 8, 32, 64, 100), 10_000, 20, fill, lists, 7, 3)


class Bench:
    """One run of the benchmark."""

    def __init__(self, options, folder, report):
        self.options, self.folder, self.report = options, folder, report
        self.scale = Scale.of(options)
        self.numbers = itertools.count(1)
        self.etcd_program = shutil.which(options.etcd)
        if self.etcd_program is None:
            raise Failure(f"{options.etcd} is not in PATH: run `make setup`")
        # Both before anything is measured, because a build keeps the machine busy.
        self.plugin = self.program("kube-ipam", options.plugin)
        self.ipamctl = self.program("ipamctl", options.ipamctl) if "d" in options.only else None
        self.bare = {SHARED: build_helper("baseline", "-lcurl")}
        static = build_static_baseline()
        if static:
            self.bare[STATIC] = static
        self.load = build_helper("load", "-lcurl", "-lpthread")
        self.measured = Measured(build_helper("resident"), folder)

    @staticmethod
    def program(product, given):
        return given.resolve(strict=True) if given else build_release(product)

    def container(self):
        """A container ID that nothing else in this run has."""
        return container(next(self.numbers))

    def baselines(self, etcd):
        """The bare programs by name."""
        return {name: Baseline(program, self.folder, etcd) for name, program in self.bare.items()}

    @contextlib.contextmanager
    def etcd(self, name, kind=None):
        """A private etcd while a part runs; `kind` is that of the keys of its certificates, None is plain http."""
        certificates = Certificates(self.folder / f"{name}-certificates", kind) if kind else None
        etcd = Etcd(self.etcd_program, self.folder / name, certificates)
        try:
            yield etcd
        finally:
            etcd.stop()
            # Hundreds of megabytes for a large network.
            shutil.rmtree(self.folder / name)


def rotated(items, index):
    """The items, beginning with another one in each round, so that none always runs after the same other one."""
    items = list(items)
    start = index % len(items)
    return items[start:] + items[:start]
