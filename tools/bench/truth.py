# SPDX-License-Identifier: MIT
"""What the kernel's attribution says of servers that stamp their own requests, and how far it is off.

The servers are tests/servers/truth_*.c: what they print when they end is the truth here.
"""

import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field

from measure import Process, run
from sample import Sample
from servers import ServerError

SERVERS = os.path.join("build", "release", "tests", "servers")
ALLOWED_SHARE, ALLOWED_NS = 0.02, 1500
# Percentiles are the middle of cells 6.25 % wide.
CELL_SHARE = 0.03125
TRIES, MOST_STOLEN = 3, 0.01


# --- what is compared: how the truth and the kernel's figure are found in the two records ----------

class Views:
    """The server's summary, the kernel block, and what a client of tests/servers said."""

    def __init__(self, truth, kernel, client=None):
        self.truth, self.kernel, self.client = truth, kernel, client
        self.stages = {stage["name"]: stage for stage in kernel["stages"]}
        self.stages["residence"] = kernel["residence"]

    def seen(self, *quantities):
        """Between what and what the server knows a mean, or the sum of some."""
        return (sum(self.truth[name]["from_ns"] for name in quantities),
                sum(self.truth[name]["to_ns"] for name in quantities))

    def ranked(self, quantity, key):
        return (self.truth[quantity][key],) * 2

    def stage(self, *names, key="mean_ns"):
        """The sum of some stages' means; 0 for what never happened."""
        return sum(self.stages[name][key] or 0 for name in names)


@dataclass
class Figure:
    """One comparison: a name, and how both sides are found in Views; the truth is from .. to."""

    what: str
    truth: object
    measured: object
    share: float = ALLOWED_SHARE
    rest_ns: float = ALLOWED_NS


def figure(what, quantities, *stages):
    return Figure(what, lambda views: views.seen(*quantities.split()),
                  lambda views: views.stage(*stages))


def percentile(quantity, stage, key):
    return Figure(f"{stage} {key}", lambda views: views.ranked(quantity, key + "_ns"),
                  lambda views: views.stage(stage, key=key), share=CELL_SHARE)


REQUESTS = Figure("requests", lambda views: (views.truth["requests"],) * 2,
                  lambda views: views.kernel["requests"], share=0, rest_ns=0)
APP = figure("app", "app", "app")
CPU = figure("app_cpu", "cpu", "app_cpu")
RUNQ = figure("app_runq", "runq", "app_runq")
BLOCKED = figure("app_blocked", "blocked", "app_blocked")
STOPPED = figure("app_stopped", "blocked", "app_stopped")
QUEUE = figure("rx_path + queue", "wait", "rx_path", "queue")
RESIDENCE = figure("rx_path + residence", "residence", "rx_path", "residence")
SPAN = figure("response_span", "span", "response_span")
REQUEST_SPAN = Figure("request_span",
                      lambda views: (views.client["apart"]["least_ns"],
                                     views.client["apart"]["most_ns"]),
                      lambda views: views.stage("request_span"))
# Of a read that waited for its bytes the server only knows when it was over.
READ_IN_WAITING = (REQUESTS, APP, RESIDENCE, CPU, percentile("app", "app", "p50"),
                   percentile("app", "app", "p99"))
COMPUTING = READ_IN_WAITING + (QUEUE,)
WAITING = (REQUESTS, APP, RESIDENCE, BLOCKED, percentile("app", "app", "p50"))


# --- what goes on beside the load -----------------------------------------------------------------

class Nothing:
    def __init__(self, pid, cpu):
        self.pid, self.cpu = pid, cpu

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Hog(Nothing):
    """A process that never sleeps on the server's CPU."""

    def __enter__(self):
        self.process = subprocess.Popen(["taskset", "-c", str(self.cpu), "sh", "-c",
                                         "while :; do :; done"])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Stops(Nothing):
    """Stops the server for 100 ms again and again, once it has worked."""

    def __enter__(self):
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def _worked(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12]) > 5

    def _run(self):
        while not self.ended.wait(0.15):
            if self._worked():
                os.kill(self.pid, signal.SIGSTOP)
                time.sleep(0.1)
                os.kill(self.pid, signal.SIGCONT)

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


class Quota(Nothing):
    """The server may use 10 ms of every 50 ms."""

    def __enter__(self):
        self.group = None
        for root, limits in (("/sys/fs/cgroup/cpu", (("cpu.cfs_period_us", "50000"),
                                                     ("cpu.cfs_quota_us", "10000"))),
                             ("/sys/fs/cgroup", (("cpu.max", "10000 50000"),))):
            group = os.path.join(root, f"ringload-bench.{os.getpid()}")
            try:
                os.mkdir(group)
                self.group = group
                for name, value in limits + (("cgroup.procs", str(self.pid)),):
                    with open(os.path.join(group, name), "w", encoding="ascii") as file:
                        file.write(value)
                return self
            except OSError:
                self.__exit__()
        raise ServerError("no control group with a CPU quota")

    def __exit__(self, *_):
        if self.group:
            with open(os.path.join(os.path.dirname(self.group), "cgroup.procs"), "w",
                      encoding="ascii") as procs:
                procs.write(str(self.pid))
            os.rmdir(self.group)
            self.group = None


# --- a case ---------------------------------------------------------------------------------------

@dataclass
class Case:
    name: str
    server: tuple
    load: tuple
    figures: tuple
    beside: type = Nothing
    parts: bool = False  # driven by truth_client, with `ringload probe` beside it
    remarks: list = field(default_factory=list)


MODEST = ("-r", 300, "-d", "3s", "-c", 8)
CASES = (
    Case("computes for 500 µs, epoll", ("truth_epoll", "--work", "spin:500"), MODEST, COMPUTING),
    Case("the same, four connections in turn", ("truth_epoll", "--work", "spin:500"),
         ("-n", 4000, "-c", 4), COMPUTING),
    Case("computes for 200 µs, four workers", ("truth_epoll", "--work", "spin:200", "--threads", 4),
         ("-r", 500, "-d", "3s", "-c", 16), COMPUTING),
    Case("computes for 500 µs, a thread for each connection",
         ("truth_threads", "--work", "spin:500"), MODEST, READ_IN_WAITING),
    Case("computes for 500 µs, io_uring", ("truth_uring", "--work", "spin:500"),
         ("-r", 300, "-d", "3s", "-c", 1), READ_IN_WAITING),
    Case("sleeps for 2 ms, a thread for each connection", ("truth_threads", "--work", "sleep:2000"),
         MODEST, WAITING),
    Case("waits 2 ms for a lock", ("truth_epoll", "--work", "lock:2000"),
         ("-r", 200, "-d", "3s", "-c", 8), WAITING + (QUEUE,)),
    Case("a hog on the same CPU", ("truth_epoll", "--work", "spin:8000"), ("-n", 150, "-c", 1),
         (REQUESTS, APP, RUNQ, CPU, RESIDENCE), beside=Hog),
    Case("stopped by a signal", ("truth_epoll", "--work", "spin:5000"), ("-n", 500, "-c", 1),
         (REQUESTS, APP, STOPPED, RESIDENCE), beside=Stops),
    Case("throttled by a quota", ("truth_epoll", "--work", "spin:4000"), ("-n", 150, "-c", 1),
         (REQUESTS, APP, RUNQ, RESIDENCE), beside=Quota),
    Case("requests in two parts, 10 ms apart", ("truth_epoll", "--work", "spin:200"),
         (4, 400, 20000, 10000), (REQUESTS, APP, CPU, QUEUE, RESIDENCE, REQUEST_SPAN), parts=True),
    Case("responses in three parts, 700 µs apart",
         ("truth_epoll", "--work", "spin:200", "--parts", 3, "--pause", 700),
         ("-r", 200, "-d", "3s", "-c", 8), (REQUESTS, APP, CPU, QUEUE, RESIDENCE, SPAN)),
    Case("io_uring, a thread of the kernel reads", ("truth_uring", "--work", "spin:200", "--sqpoll"),
         ("-r", 100, "-d", "3s", "-c", 1), (REQUESTS, RESIDENCE)),
    Case("handed to another thread, which sleeps for 1 ms",
         ("truth_handoff", "--work", "sleep:1000"), MODEST, (REQUESTS, RESIDENCE)),
)


def cpu_ticks():
    """Time of all CPUs, and what of it was stolen."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(field) for field in stat.readline().split()[1:9]]
    return sum(fields), fields[7]


class TruthServer:
    """A server of tests/servers; its summary is there once the with statement is left."""

    def __init__(self, words):
        self.command = [os.path.join(SERVERS, words[0])] + [str(word) for word in words[1:]]
        self.summary = None

    def __enter__(self):
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, text=True)
        except OSError as error:
            raise ServerError(f'"{self.command[0]}": {error.strerror}; '
                              "make server-programs builds it") from error
        self.url = self.process.stdout.readline().replace("listening on ", "").strip()
        self.port = self.url.rsplit(":", 1)[-1]
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate()
        if kind is None:
            self.summary = json.loads(said)


def drive(bench, case, server):
    """Runs the load; the command as it was, the kernel block and what the client said."""
    ours = bench.client("ringload").binary
    path = os.path.join(bench.scratch, "truth.json")
    if not case.parts:
        command = [ours, "run", "-q", "--cpus", bench.client_cpu, "-t", 1, "--probe", "require",
                   "--probe-sample", "1/1", "--json", path, *case.load, server.url + "/"]
        usage = run(command, Process(cpu=bench.client_cpu))
        return _outcome(usage, path, None)
    probe = subprocess.Popen([ours, "probe", "-q", "--port", server.port, "--sample", "1/1",
                              "--json", path], stdout=subprocess.DEVNULL)
    try:
        time.sleep(2)  # until it is attached
        usage = run([os.path.join(SERVERS, "truth_client"), server.port, *case.load],
                    Process(cpu=bench.client_cpu))
    finally:
        probe.send_signal(signal.SIGINT)
        probe.wait()
    return _outcome(usage, path, json.loads(usage.output) if usage.status == 0 else None)


def _outcome(usage, path, client):
    if usage.failure or not os.path.exists(path):
        said = (usage.errors or usage.output).strip().splitlines()
        return usage, None, usage.failure or (said[-1] if said else f"exit {usage.status}")
    with open(path, encoding="utf-8") as file:
        kernel = json.load(file)["kernel"]
    os.unlink(path)
    return usage, Views({}, kernel, client) if kernel["status"] == "measured" else None, \
        kernel["reason"] or ""


def compare(case, views):
    """Rows of a comparison, as they are kept."""
    rows = []
    for each in case.figures:
        (low, high), measured = each.truth(views), each.measured(views)
        rows.append({"what": each.what, "truth": [low, high], "measured": measured,
                     "allowed": each.share * low + each.rest_ns})
    return rows


def take(bench, case):
    """One sample of a case, taken again while too much of the machine was stolen."""
    for _ in range(TRIES):
        sample, stolen = _take(bench, case)
        if stolen <= MOST_STOLEN:
            return sample
        sample.remarks.append(f"{stolen:.1%} of the CPUs was stolen")
    return sample


def _take(bench, case):
    before = cpu_ticks()
    server = TruthServer(case.server)
    with server, case.beside(server.process.pid, bench.server_cpu):
        usage, views, failure = drive(bench, case, server)
    after = cpu_ticks()
    stolen = (after[1] - before[1]) / max(1, after[0] - before[0])
    sample = Sample(row=case.name, client="ringload", failure=failure,
                    command=" ".join(usage.command).replace(bench.scratch, "SCRATCH")
                    .replace(bench.client("ringload").binary, "ringload"))
    if views:
        views = Views(server.summary, views.kernel, views.client)
        sample.extra["rows"] = compare(case, views)
        sample.extra["stolen"] = stolen
    return sample, stolen
