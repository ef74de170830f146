"""What is measured: processes, the programs that they run, and many processes at once."""

import itertools
import json
import os
import time

from harness import Failure, run

HOST_LOCAL = ("/usr/lib/cni/host-local", "/opt/cni/bin/host-local")


class Job:
    """One process to be measured: what runs, on what input, and where its output goes."""

    def __init__(self, folder, name, arguments, environment, stdin="/dev/null", stdout=None):
        self.name = name
        self.arguments = [str(word) for word in arguments]
        self.environment = environment
        self.stdin = str(stdin)
        self.stdout = stdout or folder / f"{name}.out"
        self.stderr = folder / f"{name}.err"

    def start(self):
        """Spawns it. Input and output are plain files, so that nothing need be pumped while the clock runs."""
        write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        return os.posix_spawn(self.arguments[0], self.arguments, self.environment, file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, self.stdin, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self.stdout), write, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, str(self.stderr), write, 0o600),
        ])

    def said(self):
        return self.stdout.read_text(errors="replace") + self.stderr.read_text(errors="replace")

    def complaint(self, status, expected=(0,)):
        """What is wrong with how the process ended, with all that it said; None when it ended as expected."""
        code = os.waitstatus_to_exitcode(status)
        if code in expected:
            return None
        return f"{self.name}: {' '.join(self.arguments)} ended with status {code}:\n{self.said()}"

    def check(self, status, expected=(0,)):
        complaint = self.complaint(status, expected)
        if complaint:
            raise Failure(complaint)

    def timed(self, expected=(0,)):
        """Runs it to its end and returns the seconds from spawn to exit."""
        begun = time.perf_counter()
        pid = self.start()
        _, status = os.waitpid(pid, 0)
        seconds = time.perf_counter() - begun
        self.check(status, expected)
        return seconds


def crowd(jobs, at_once, etcd):
    """Runs all jobs, so many at once. Returns the seconds of all, and each job with its status and its seconds."""
    waiting, running, ended = iter(jobs), {}, []
    begun = time.perf_counter()
    while True:
        for job in itertools.islice(waiting, at_once - len(running)):
            started = time.perf_counter()
            running[job.start()] = (job, started)
        if not running:
            break
        pid, status = os.waitpid(-1, 0)
        now = time.perf_counter()
        if pid == etcd.process.pid:
            etcd.process.returncode = os.waitstatus_to_exitcode(status)
            raise Failure(f"etcd ended in the middle; its log:\n{etcd.log.read_text()}")
        job, started = running.pop(pid)
        ended.append((job, status, now - started))
    return time.perf_counter() - begun, ended


class Measured:
    """A run's resident size and page faults, taken by resident.c."""

    def __init__(self, resident, folder):
        self.resident, self.answer = resident, folder / "resident.txt"

    def run(self, job, expected=(0,)):
        """The job's seconds, its largest resident size in MB, and its page faults."""
        job.arguments = [str(self.resident), str(self.answer), *job.arguments]
        seconds = job.timed(expected)
        kilobytes, faults = (int(word) for word in self.answer.read_text().split())
        return seconds, kilobytes * 1024 / 1e6, faults


# --- the programs ----------------------------------------------------------------------------------------------------


def container(number):
    """A container ID of the usual length that nothing else in this run has."""
    return f"{number:08x}" + "b" * 56


class CNIPlugin:
    """A CNI IPAM plugin on one network."""

    def __init__(self, program, folder, network, ipam):
        self.program, self.folder, self.network = program, folder, network
        self.configuration = folder / f"{network}.json"
        self.configuration.write_text(json.dumps(
            {"cniVersion": "1.0.0", "name": network, "type": "bridge", "ipam": ipam}))

    def job(self, command, container_id):
        environment = {"PATH": "/usr/bin:/bin", "CNI_COMMAND": command, "CNI_CONTAINERID": container_id,
                       "CNI_NETNS": "/var/run/netns/x", "CNI_IFNAME": "eth0", "CNI_PATH": "/opt/cni/bin"}
        name = f"{self.network}-{command}-{container_id}"
        return Job(self.folder, name, [self.program], environment, self.configuration)

    @staticmethod
    def address(add):
        """The address that an ADD's result names."""
        text = add.stdout.read_text()
        try:
            return json.loads(text)["ips"][0]["address"].partition("/")[0]
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Failure(f"{add.name}: the result names no address ({error!r}):\n{text}") from error

    def add_and_delete(self, container_id):
        """The seconds of an ADD and of the DEL that undoes it."""
        add, delete = self.job("ADD", container_id), self.job("DEL", container_id)
        seconds = add.timed()
        self.address(add)
        return seconds, delete.timed()


class Plugin(CNIPlugin):
    """kube-ipam."""

    def __init__(self, program, folder, etcd, network, subnet):
        connection = {"etcdURL": etcd.url}
        if etcd.certificates:
            certificate, key = etcd.certificates.client
            connection |= {"etcdCertFile": str(certificate), "etcdKeyFile": str(key),
                           "etcdTrustedCAFileFile": str(etcd.certificates.ca)}
        route = "::/0" if ":" in subnet else "0.0.0.0/0"
        super().__init__(program, folder, network, {
            "type": "kube-ipam", "etcdConfig": connection, "subnet": subnet, "routes": [{"dst": route}],
            "logFile": str(folder / "kube-ipam.log")})


class HostLocal(CNIPlugin):
    """The CNI project's plugin that keeps its addresses in files of the node."""

    def __init__(self, folder, subnet):
        super().__init__(self.program(), folder, "host-local", {
            "type": "host-local", "ranges": [[{"subnet": subnet}]], "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(folder / "host-local")})

    @staticmethod
    def program():
        """Its path; None when it is not installed."""
        return next((path for path in HOST_LOCAL if os.access(path, os.X_OK)), None)


class Baseline:
    """A bare program, with keys and values as long as those of an ADD."""

    def __init__(self, program, folder, etcd):
        self.program, self.folder, self.etcd = program, folder, etcd

    def job(self, container_id):
        arguments = [self.program, self.etcd.url, "/etcd-cni/networks/bench", f"/bench/used/{container_id}",
                     container_id]
        if self.etcd.certificates:
            arguments += [self.etcd.certificates.ca, *self.etcd.certificates.client]
        return Job(self.folder, f"{self.program.name}-{container_id}", arguments, {"PATH": "/usr/bin:/bin"})


# --- keys ------------------------------------------------------------------------------------------------------------


def load(program, etcd, pairs, clients=4, each=128):
    """Puts pairs of key and value into etcd, so many in a transaction; returns the seconds that it took."""
    text = "".join(f"{key}\t{value}\n" for key, value in pairs)
    return float(run(program, etcd.url, clients, each, input=text))
