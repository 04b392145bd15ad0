# SPDX-License-Identifier: MIT
"""Where a client's CPU time goes, and what was tried to need less of it."""

import csv
import os
import re
import subprocess

from clients import Load
from groups import OURS, Group
from measure import KILL_AFTER_S
from servers import null_url

# What is told of a profile: a part, and the kernel's function all of it lies below.
PARTS = (("sending", "tcp_sendmsg"), ("receiving", "tcp_recvmsg"))
STEPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hot_path.csv")


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
        document.text("Each step against the program without it, in turns on the null server; the "
                      "least CPU per request", "of each (tools/bench/hot_path.csv).")
        with open(STEPS, encoding="utf-8", newline="") as file:
            header, *steps = csv.reader(file)
        document.table(header, steps)


ALL = (Profile,)
