# SPDX-License-Identifier: MIT
"""How many instructions a client takes, where its CPU time goes, what was tried to need less of it."""

import csv
import os
import re
import subprocess

from clients import Load
from groups import OURS, Group, count
from measure import KILL_AFTER_S
from servers import null_url

# What is told of a profile: a part, and the kernel's function all of it lies below.
PARTS = (("sending", "tcp_sendmsg"), ("receiving", "tcp_recvmsg"))
STEPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hot_path.csv")


class Instructions(Group):
    name = "instructions"
    title = "User-space instructions per request"
    about = """\
Counted by callgrind on the null server, 64 connections, closed loop: the difference of a long and a
short run, so that starting and ending cancel out. All threads count. What ringload's second thread does
once a second weighs the more the slower valgrind runs, so its figure varies by some percent; that of the
worker alone comes out the same each time."""
    timed = False

    # Seconds, and requests of those that can be asked for a number.
    LENGTHS = {"short": (2, 100000), "long": (10, 500000)}
    OPEN = ", open loop"
    OPEN_RATE = 2000000  # more than can be sent: as fast as it goes
    TOP = 15
    WORKER = "thread_main"

    def measure(self, bench):
        for client in bench.clients:
            for row, (seconds, requests) in self.LENGTHS.items():
                yield self._sample(bench, client, row, Load(
                    null_url(), 64, seconds, requests=requests if client.counted else 0))
        for client in bench.named(OURS):
            for row, (seconds, requests) in self.LENGTHS.items():
                yield self._sample(bench, client, row + self.OPEN, Load(
                    null_url(), 64, seconds, self.OPEN_RATE, requests // 2, pacing="sleep"))

    def _sample(self, bench, client, row, load):
        path = os.path.join(bench.scratch, "callgrind.out")
        # By default the thread that has the CPU keeps it, and others may never have it.
        sample = bench.sample(row, client, load, around=(
            "valgrind", "--tool=callgrind", "--vgdb=no", "--fair-sched=try",
            f"--callgrind-out-file={path}"))
        self.collect(sample)
        if client.name == OURS and not sample.failure:
            sample.extra["functions"] = self.functions(self.annotated(path))
            sample.extra["worker"] = self.below(
                self.annotated(path, "--inclusive=yes"), self.WORKER)
        return sample

    @staticmethod
    def collect(sample):
        """Takes callgrind's count out of what was said on standard error."""
        found = re.search(r"Collected\s*: (\d+)", sample.extra.pop("errors", ""))
        if found:
            sample.extra["instructions"] = int(found.group(1))
        elif not sample.failure:
            sample.failure = "callgrind counted nothing"

    @staticmethod
    def annotated(path, *options):
        done = subprocess.run(
            ["callgrind_annotate", "--threshold=100", "--show-percs=no", "--auto=no", *options, path],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=60 + KILL_AFTER_S)
        return done.stdout

    @staticmethod
    def functions(text):
        """Instructions by function; those of what was inlined into it are its own."""
        found = {}
        for instructions, function in re.findall(
                r"^\s*([\d,]+)\s+\S+:([A-Za-z_][\w.]*)(?: \[|$)", text, re.MULTILINE):
            found[function] = found.get(function, 0) + int(instructions.replace(",", ""))
        return found

    @staticmethod
    def below(text, function):
        """Instructions of a function and all that it calls; None without it. It is told twice."""
        found = re.findall(rf"^\s*([\d,]+)\s+\S+:{function}(?: \[|$)", text, re.MULTILINE)
        return max((int(instructions.replace(",", "")) for instructions in found), default=None)

    def pair(self, samples, client, suffix=""):
        """The short and the long run; None when one of them failed."""
        runs = [samples.of(row + suffix, client) for row in self.LENGTHS]
        if not all(runs) or runs[1][-1].requests <= runs[0][-1].requests:
            return None
        return runs[0][-1], runs[1][-1]

    def per_request(self, samples, client, suffix="", key="instructions"):
        """None when one of the two runs failed, or does not tell."""
        pair = self.pair(samples, client, suffix)
        if not pair or not all(run.extra.get(key) for run in pair):
            return None
        return (pair[1].extra[key] - pair[0].extra[key]) / (pair[1].requests - pair[0].requests)

    def by_function(self, samples, suffix=""):
        """Of ours: instructions per request by function."""
        pair = self.pair(samples, OURS, suffix)
        if not pair:
            return {}
        short, long = (run.extra.get("functions", {}) for run in pair)
        return {name: (long[name] - short.get(name, 0)) / (pair[1].requests - pair[0].requests)
                for name in long}

    def tell(self, samples, document):
        ours = self.per_request(samples, OURS)
        rows = []
        for client in samples.clients():
            value = self.per_request(samples, client)
            if value is None:
                reason = next((samples.failure(row, client) for row in self.LENGTHS
                               if samples.of(row, client, failed=True)), "runs too short")
                rows.append([client, reason, ""])
                continue
            rows.append([client, count(value), f"{value / ours:.2f}" if ours else "–"])
            if ours and client != OURS:
                document.compare("user-space instructions per request", client, ours / value,
                                 count(ours), count(value))
        document.table(["client", "instructions per request", "times ringload's"], rows)
        if ours:
            document.figure("user-space instructions per request", "≤ 1,500", ours, 1500)
        self._tell_functions(samples, document)

    def _tell_functions(self, samples, document):
        """What ringload's go for; the open loop is asked for more than can be sent."""
        loops = [self.by_function(samples), self.by_function(samples, self.OPEN)]
        if not loops[0]:
            return
        rows = [[f"all, {word}"] + [count(self.per_request(samples, OURS, suffix, key))
                                    for suffix in ("", self.OPEN)]
                for word, key in (("both threads", "instructions"), ("the worker's", "worker"))]
        for name in sorted(loops[0], key=loops[0].get, reverse=True)[:self.TOP]:
            rows.append([f"`{name}`"] + [count(loop.get(name)) for loop in loops])
        document.heading("What ringload's go for")
        document.table(["", "closed loop", "open loop"], rows)


class Profile(Group):
    name = "profile"
    title = "Where the client's CPU goes"
    about = """\
Closed loop on the null server, one worker, sampled with perf (cpu-clock, 4,000 a second) once connections are
open. Sending is all below tcp_sendmsg: on loopback that is also the way to the server, the null server's
answer, and the response's way into the client's socket. Receiving is all below tcp_recvmsg. The rest of the
kernel is system calls, and io_uring or epoll."""

    CONNECTIONS = (64, 10000)

    def measure(self, bench):
        for connections in self.CONNECTIONS:
            if not bench.fits(connections):
                continue
            for client in bench.named(OURS, "wrk"):
                path = os.path.join(bench.scratch, "perf.data")
                # The usual pace of ringload, whose time begins afterwards; the time of peers does not.
                connecting_s = 1 + connections // 2000
                load = Load(null_url(), connections,
                            bench.duration_s + (0 if client.name == OURS else connecting_s))
                sample = bench.sample(
                    f"{connections:,} connections", client, load,
                    around=("perf", "record", "-q", "-g", "-e", "cpu-clock", "-F", "4000", "-D",
                            str(connecting_s * 1000), "-o", path, "--"))
                if not sample.failure:
                    self.collect(sample, path)
                yield sample

    def collect(self, sample, path):
        """Takes the shares out of perf's own report."""
        shares = self.shares(self.report(path, "symbol"), self.report(path, "dso", "--no-children"))
        if shares is None:
            sample.failure = "perf told no shares"
        else:
            sample.extra.update(shares)

    @staticmethod
    def report(path, key, *options):
        done = subprocess.run(
            ["perf", "report", "-i", path, "--stdio", "-g", "none", "--sort", key, *options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=60 + KILL_AFTER_S)
        return done.stdout

    @staticmethod
    def shares(symbols, objects):
        """Parts of all samples, 0 to 1; None when there is nothing to be read."""
        below = {name: float(share) / 100 for share, name in re.findall(
            r"^\s*([\d.]+)%\s+[\d.]+%\s+\[k\] (\S+)", symbols, re.MULTILINE)}
        parts = {name: float(share) / 100 for share, name in re.findall(
            r"^\s*([\d.]+)%\s+(\S+)", objects, re.MULTILINE)}
        kernel = sum(share for name, share in parts.items()
                     if name.startswith(("[kernel", "bpf_prog", "[bpf")))
        if not kernel or PARTS[0][1] not in below:
            return None
        found = {part: below.get(function, 0.0) for part, function in PARTS}
        return {"user space": max(0.0, 1 - kernel), **found,
                "the rest of the kernel": max(0.0, kernel - sum(found.values()))}

    def tell(self, samples, document):
        rows = []
        columns = ["user space"] + [part for part, _ in PARTS] + ["the rest of the kernel"]
        for row in dict.fromkeys(sample.row for sample in samples.all):
            for client in samples.clients():
                shares = [samples.extra(row, client, column) for column in columns]
                rows.append([row, client] + (
                    [samples.failure(row, client)] + [""] * 3 if None in shares
                    else [f"{share * 100:.1f} %" for share in shares]))
        document.table(["case", "client"] + columns, rows)
        document.heading("What was tried")
        document.text("Each step against the program without it (tools/bench/hot_path.csv). Ratios are "
                      "of the least CPU per", "request, in turns on the null server; instructions "
                      "the worker's per request, closed loop, 64 connections,", "before and after.")
        with open(STEPS, encoding="utf-8", newline="") as file:
            header, *steps = csv.reader(file)
        document.table(header, steps)


ALL = (Instructions, Profile)
