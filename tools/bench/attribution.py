# SPDX-License-Identifier: MIT
"""Groups about the kernel's side: is it right, what does it cost, and what does it look like?"""

import json
import os
import random
import re
import statistics
import sys

import truth
from groups import Group
from measure import Process, run
from sample import Sample
from servers import Gunicorn, Nginx, ServerError


def need_ours(bench):
    """Our own client, which these groups cannot do without, nor without root."""
    ours = bench.client("ringload")
    if not ours:
        raise ServerError("ringload is not there")
    if os.geteuid() != 0:
        raise ServerError("the kernel probe needs root")
    return ours


def said_last(usage):
    lines = (usage.errors + "\n" + usage.output).strip().splitlines()
    return lines[-1] if lines else f"exit {usage.status}"


def show(sample, words):
    print(f"  {sample.row}: {sample.failure or words}", file=sys.stderr, flush=True)


class Truth(Group):
    name = "truth"
    title = "Kernel attribution against the truth"
    about = """\
Servers that stamp each request themselves, with the clock the probe uses: around the read that got its
last byte and before its first send, with the CPU time and the run-queue delay of their thread in between,
and the kernel's own stamp of the packet. Every request is followed. Figures are means over all requests
of a run (percentiles where it says so), as the server saw them and as the probe did, in the worst of the
rounds. Where the truth is a range, the read took so long: the server cannot tell when in it the bytes
were taken. Allowed is a difference of 2 % + 1.5 µs; of percentiles 3.1 % + 1.5 µs, as they are the middle
of a cell 6.25 % wide; of counts none. A run in which more than 1 % of the CPUs was stolen is repeated, at
most three times. Between a server's stamp and the kernel's lie a clock that is read and a system call that
begins or returns: about a microsecond, and several where the server was idle and finds its caches cold."""

    def measure(self, bench):
        need_ours(bench)
        for case in truth.CASES:
            for _ in range(bench.rounds):
                try:
                    sample = truth.take(bench, case)
                except ServerError as error:
                    sample = Sample(row=case.name, client="ringload", command="",
                                    failure=str(error))
                missed = [row["what"] for row in sample.extra.get("rows", []) if not within(row)]
                show(sample, "not within: " + ", ".join(missed) if missed else "within")
                yield sample

    @staticmethod
    def worst(samples):
        """Of each figure of a case the row that is off by most."""
        rows = {}
        for sample in samples:
            for row in sample.extra["rows"]:
                kept = rows.get(row["what"])
                if kept is None or excess(row) > excess(kept):
                    rows[row["what"]] = row
        return rows.values()

    def tell(self, samples, document):
        table, missed, told = [], 0, 0
        for case in dict.fromkeys(sample.row for sample in samples.all):
            good = samples.of(case, "ringload")
            if not good:
                table.append([case, samples.failure(case, "ringload"), "", "", "", "", ""])
                missed += 1
            for index, row in enumerate(self.worst(good)):
                told += 1
                missed += not within(row)
                table.append([case if index == 0 else ""] + told_row(row))
        document.table(["server", "figure", "truth", "measured", "difference", "allowed", ""], table)
        if told or missed:
            document.figure("kernel attribution: figures that are not within 2 % + 1.5 µs of the "
                            "truth", "0", missed, 0)


def off(row):
    """The difference to the truth, or to the nearer end of what it is between."""
    low, high = row["truth"]
    return min(row["measured"] - low, 0) or max(row["measured"] - high, 0)


def excess(row):
    """How far a figure is off, less what is allowed."""
    return abs(off(row)) - row["allowed"]


def within(row):
    return excess(row) <= 0


def told_row(row):
    low, high = row["truth"]
    verdict = "within" if within(row) else "**NOT**"
    if row["what"] == "requests":
        return [row["what"], f"{low:,}", f"{row['measured']:,}", f"{off(row):+,}", "0", verdict]
    known = f"{low / 1e3:,.2f} µs" if f"{low / 1e3:.1f}" == f"{high / 1e3:.1f}" else \
        f"{low / 1e3:,.2f} to {high / 1e3:,.2f} µs"
    share = f" ({off(row) / low:+.2%})" if low else ""
    return [row["what"], known, f"{row['measured'] / 1e3:,.2f} µs",
            f"{off(row) / 1e3:+,.2f} µs{share}", f"{row['allowed'] / 1e3:,.2f} µs", verdict]


# --- overhead -------------------------------------------------------------------------------------

def relative_cpu(pairs, key="server_cpu_ns"):
    """CPU per request of all slices with the probe, over that of all without, less 1. Pair by pair the
    mean would follow the few slices that a shared machine stretched."""
    def each(state):
        return sum(pair[state][key] for pair in pairs) / \
            max(1, sum(pair[state]["requests"] for pair in pairs))
    return each("on") / each("off") - 1


def interval(values, figure, turns=2000):
    """A figure of some values and its 95 % interval, by bootstrap; always the same."""
    rng = random.Random(1)
    found = sorted(figure(rng.choices(values, k=len(values))) for _ in range(turns))
    return figure(values), found[turns * 25 // 1000], found[turns * 975 // 1000 - 1]


class Overhead(Group):
    name = "overhead"
    title = "What the kernel probe costs the server"
    about = """\
nginx with one worker on CPU 1; the load comes from CPU 0 over 64 connections: as fast as it is answered
(saturation), and a third of that. The probe at its default sampling is attached and detached in turns,
and each slice with it is compared with its neighbour without. Server CPU is what the kernel accounts to
nginx; on loopback a part of receiving runs in the client's system calls, so the client's is shown as well.
CPU is that of all slices with it over that of all without, p99 the median of the pairs' differences; both
intervals are by bootstrap over the pairs. At the default sampling the probe looks at a server this fast in
parts of the time only, to keep within its budget; that goes on through the slices."""

    SLICE_MS = 130
    SAMPLES = {"default sampling": 0, "every request": 1}

    def measure(self, bench):
        need_ours(bench)
        with Nginx(bench.scratch, bench.server_cpu, bench.files) as nginx:
            full = self._turns(bench, nginx, "saturation", "default sampling", 0, bench.pairs)
            yield full
            if full.failure:
                return
            third = int(full.rps / 3)
            for name in self.SAMPLES:
                yield self._turns(bench, nginx, "a third", name, third, bench.pairs)
            yield self._turns(bench, nginx, "saturation", "every request", 0, bench.pairs)

    def _turns(self, bench, nginx, load, sampling, rate, pairs):
        command = [os.path.join(truth.SERVERS, "probe_turns"), nginx.url(), nginx.worker(), pairs,
                   self.SLICE_MS, self.SAMPLES[sampling]] + ([rate] if rate else [])
        usage = run(command, Process(cpu=bench.client_cpu, timeout_s=pairs * 2 + 60))
        sample = Sample(row=f"{load}, {sampling}", client="ringload", failure=usage.failure,
                        command=" ".join(usage.command), wall_s=usage.wall_s)
        if not sample.failure and usage.status != 0:
            sample.failure = said_last(usage)
        if not sample.failure:
            found = json.loads(usage.output)["pairs"]
            sample.extra["pairs"] = found
            sample.requests = sum(pair["off"]["requests"] for pair in found)
            sample.rps = sample.requests * 1e9 / sum(pair["off"]["wall_ns"] for pair in found)
            mean, low, high = interval(found, relative_cpu)
            show(sample, f"{mean:+.2%} server CPU ({low:+.2%} to {high:+.2%})")
        else:
            show(sample, "")
        return sample

    def tell(self, samples, document):
        rows = []
        for sample in samples.all:
            if sample.failure:
                rows.append([sample.row, sample.failure, "", "", "", "", ""])
                continue
            pairs = sample.extra["pairs"]
            mean, low, high = interval(pairs, relative_cpu)
            client = interval(pairs, lambda some: relative_cpu(some, "client_cpu_ns"))
            p99 = interval([(pair["on"]["p99_ns"] - pair["off"]["p99_ns"]) / 1e3
                            for pair in pairs], statistics.median)
            busy = statistics.fmean(pair["off"]["server_cpu_ns"] / pair["off"]["wall_ns"]
                                    for pair in pairs)
            plain = statistics.median(pair["off"]["p99_ns"] for pair in pairs) / 1e3
            rows.append([sample.row, len(pairs), f"{sample.rps:,.0f} ({busy:.0%} busy)",
                         f"{mean:+.2%} ({low:+.2%} to {high:+.2%})",
                         f"{client[0]:+.2%} ({client[1]:+.2%} to {client[2]:+.2%})",
                         f"{plain:,.0f} µs",
                         f"{p99[0]:+,.1f} µs ({p99[1]:+,.1f} to {p99[2]:+,.1f})"])
            if "default" in sample.row:
                document.figure(f"server CPU added by the probe, {sample.row.split(',')[0]}: upper end "
                                "of the 95 % interval (%)", "≤ 3", high * 100, 3)
        document.table(["load", "pairs", "requests/s without (nginx)", "server CPU per request",
                        "client CPU per request", "p99 without", "p99, difference"], rows)


# --- tables of real servers -----------------------------------------------------------------------

class Tables(Group):
    name = "servers"
    title = "Where the time went in other servers"
    about = """\
The table of a run, as ringload prints it: nginx, which answers from memory, with one worker and with two,
and gunicorn with two synchronous workers in Python."""

    LOADS = {"nginx, one worker": 30000, "nginx, two workers": 30000, "gunicorn, two workers": 500}

    def measure(self, bench):
        ours = need_ours(bench)
        servers = {
            "nginx, one worker": lambda: Nginx(bench.scratch, bench.server_cpu, bench.files),
            "nginx, two workers": lambda: Nginx(bench.scratch, bench.server_cpu, bench.files, 2),
            "gunicorn, two workers": lambda: Gunicorn(bench.scratch, 2),
        }
        for row, start in servers.items():
            try:
                with start() as server:
                    yield self._run(bench, ours, row, server)
            except ServerError as error:
                yield Sample(row=row, client="ringload", command="", failure=str(error))

    def _run(self, bench, ours, row, server):
        usage = run([ours.binary, "run", "--quiet", "-c", 16, "-t", 1, "--cpus", bench.client_cpu, "-r",
                     self.LOADS[row], "-d", f"{bench.duration_s}s", "-w", "1s", "--probe", "require",
                     server.url()], Process(cpu=bench.client_cpu))
        sample = Sample(row=row, client="ringload", failure=usage.failure,
                        command=" ".join(usage.command).replace(ours.binary, "ringload"))
        table = self.table(usage.output)
        if not sample.failure and not table:
            sample.failure = said_last(usage)
        sample.extra["table"] = table
        show(sample, table.splitlines()[1] if table else "")
        return sample

    @staticmethod
    def table(text):
        """The report's part from the title of the table to the list of slow requests."""
        found = re.search(r"^where the time went.*?(?=^the slowest |^overhead |\Z)", text,
                          re.MULTILINE | re.DOTALL)
        return found.group(0).rstrip() if found else ""

    def tell(self, samples, document):
        for sample in samples.all:
            if sample.failure:
                document.text(f"{sample.row}: not measured: {sample.failure}.")
            else:
                document.text(f"{sample.row}, {self.LOADS[sample.row]:,} requests a second:")
                document.text("```", sample.extra["table"], "```")


ALL = (Truth, Overhead, Tables)
