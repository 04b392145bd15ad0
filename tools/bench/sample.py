# SPDX-License-Identifier: MIT
"""Samples, how they are taken, and what is made of several of one kind.

A sample is one run of one client. Runs that are to be compared are interleaved: every client has
its turn in every round, so that what the machine does meanwhile hits all of them.
"""

import os
import statistics
import sys
from dataclasses import asdict, dataclass, field

from measure import Process, run


@dataclass
class Sample:
    """One run. row tells which of a group's cases it belongs to."""

    row: str
    client: str
    command: str
    failure: str = ""
    requests: int = 0
    rps: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_kb: int = 0
    percentiles: dict = field(default_factory=dict)
    remarks: list = field(default_factory=list)
    extra: dict = field(default_factory=dict)

    @property
    def cpu_us(self):
        """CPU time per request."""
        return self.cpu_s * 1e6 / self.requests

    def to_json(self):
        return asdict(self)

    @staticmethod
    def from_json(record):
        sample = Sample(**record)
        sample.percentiles = {float(key): value for key, value in sample.percentiles.items()}
        return sample


@dataclass
class Summary:
    """What several samples of one row and client say together."""

    runs: int
    cpu_min_us: float
    cpu_median_us: float
    rps_median: float
    rps_best: float
    peak_kb: int
    cpu_share: float


class Samples:
    """The samples of one group."""

    def __init__(self, samples):
        self.all = list(samples)

    def of(self, row, client, failed=False):
        return [sample for sample in self.all if sample.row == row and sample.client == client
                and bool(sample.failure) == failed]

    def clients(self):
        """Names in the order of their first sample."""
        return list(dict.fromkeys(sample.client for sample in self.all))

    def summary(self, row, client):
        """None when no run succeeded."""
        good = self.of(row, client)
        if not good:
            return None
        return Summary(
            runs=len(good),
            cpu_min_us=min(sample.cpu_us for sample in good),
            cpu_median_us=statistics.median(sample.cpu_us for sample in good),
            rps_median=statistics.median(sample.rps for sample in good),
            rps_best=max(sample.rps for sample in good),
            peak_kb=max(sample.peak_kb for sample in good),
            cpu_share=statistics.median(sample.cpu_s / sample.wall_s for sample in good))

    def failure(self, row, client):
        """Why there is no summary."""
        failed = self.of(row, client, failed=True)
        return failed[-1].failure if failed else "not run"

    def extra(self, row, client, key):
        """The median of a figure that a client tells beside the usual ones; None without one."""
        values = [sample.extra[key] for sample in self.of(row, client)
                  if isinstance(sample.extra.get(key), (int, float))]
        return statistics.median(values) if values else None

    def percentile(self, row, client, percent):
        """The median of the runs' percentiles in milliseconds; None without one."""
        values = [sample.percentiles[percent] for sample in self.of(row, client)
                  if percent in sample.percentiles]
        return statistics.median(values) if values else None


class Bench:
    """What all groups share: who is compared, where, and for how long."""

    client_cpu = 0
    server_cpu = 1

    def __init__(self, clients, rounds, duration_s, scratch, files, pairs=200):
        self.known = [client for client in clients if not client.absence()]
        self.clients = [client for client in self.known if client.usual]
        self.rounds, self.duration_s = rounds, duration_s
        self.scratch, self.files, self.pairs = scratch, files, pairs

    def client(self, name):
        """The client of that name, or None."""
        return next((client for client in self.known if client.name == name), None)

    def named(self, *names):
        return [client for client in self.known if client.name in names]

    def able(self, *kinds):
        """Those that can do all of this (Client.kinds)."""
        return [client for client in self.known if set(kinds) <= set(client.kinds)]

    def body(self, size):
        """A file of that many bytes."""
        path = os.path.join(self.scratch, f"body-{size}")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(b"x" * size)
        return path

    def sample(self, row, client, load, around=()):
        """Runs one client once; around: words before its command line (valgrind)."""
        load.scratch = self.scratch
        usage = run(list(around) + client.command(load), Process(
            cpu=load.cpus or self.client_cpu, timeout_s=load.duration_s * 4 + (600 if around else 60),
            environment=client.environment(load)))
        outcome = client.outcome(load, usage)
        sample = Sample(
            row=row, client=client.name, command=self._told(client, usage),
            failure=outcome.failure.replace(self.scratch, "SCRATCH"),
            requests=outcome.requests, rps=outcome.rps, cpu_s=usage.cpu_s, wall_s=usage.wall_s,
            peak_kb=usage.peak_kb, percentiles=outcome.percentiles, remarks=outcome.remarks,
            extra=outcome.extra)
        self._tell(sample)
        sample.extra["errors"] = usage.errors if around else ""
        return sample

    def _told(self, client, usage):
        """The command line without this machine's folders."""
        words = " ".join(client.name if word == client.binary else word for word in usage.command)
        return words.replace(self.scratch, "SCRATCH")

    def interleave(self, row, clients, load_of):
        """Rounds in which each client runs once; load_of(client) is what it is asked for."""
        samples = []
        for _ in range(self.rounds):
            for client in clients:
                samples.append(self.sample(row, client, load_of(client)))
        return samples

    def rounds_of(self, cases):
        """Rounds in which each case runs once; a case is a row, a client, and what it is asked for."""
        return [self.sample(row, client, load)
                for _ in range(self.rounds) for row, client, load in cases]

    def fits(self, connections):
        """Whether as many connections can be open at a time, on either side."""
        return connections + 64 <= self.files

    @staticmethod
    def _tell(sample):
        if sample.failure:
            said = sample.failure
        else:
            said = f"{sample.rps:,.0f} requests/s, {sample.cpu_us:.2f} µs CPU per request"
        print(f"  {sample.row}: {sample.client}: {said}", file=sys.stderr, flush=True)
