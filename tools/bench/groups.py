# SPDX-License-Identifier: MIT
"""What is measured: one class for each question, with how it is measured and how it is told.

measure(bench) yields samples; tell(samples, document) writes tables, comparisons (ours against a
peer's, a ratio above 1 is a case that we lose) and the figures that the project wants to reach.
"""

from clients import Load
from servers import BODIES, Frozen, Nginx, ServerError, null_url

CONNECTIONS = (1, 64, 1000, 10000)
OURS = "ringload"


def us(value):
    return "–" if value is None else f"{value:.2f}"


def count(value):
    return "–" if value is None else f"{value:,.0f}"


def cost_rows(samples, row, document, first):
    """Rows of a table: the cost of each client in one case, and its ratio to wrk's."""
    base = samples.summary(row, "wrk")
    rows = []
    for client in samples.clients():
        found = samples.summary(row, client)
        if not found:
            if samples.of(row, client, failed=True):
                rows.append(first + [client, samples.failure(row, client), "", "", "", ""])
            continue
        ratio = f"{found.cpu_min_us / base.cpu_min_us:.2f}" if base else "–"
        rows.append(first + [client, us(found.cpu_min_us), us(found.cpu_median_us), ratio,
                             count(found.rps_median), count(found.rps_best)])
    compare_cost(samples, row, document)
    return rows


def compare_cost(samples, row, document):
    """Ours against every peer's: CPU per request, and requests/s."""
    ours = samples.summary(row, OURS)
    for client in samples.clients():
        theirs = samples.summary(row, client)
        if client == OURS or not ours or not theirs:
            continue
        document.compare(f"{row}: CPU per request", client, ours.cpu_min_us / theirs.cpu_min_us,
                         f"{us(ours.cpu_min_us)} µs", f"{us(theirs.cpu_min_us)} µs")
        document.compare(f"{row}: requests/s", client, theirs.rps_median / ours.rps_median,
                         count(ours.rps_median), count(theirs.rps_median))


COST_HEADER = ["client", "CPU µs/request, least", "median", "least against wrk",
               "requests/s, median", "best"]


class Group:
    name = ""
    title = ""
    about = ""
    timed = True  # takes rounds and durations as asked for

    def measure(self, bench):
        raise NotImplementedError

    def tell(self, samples, document):
        raise NotImplementedError


class Cost(Group):
    name = "cost"
    title = "CPU per request and requests per second"
    about = """\
Closed loop: each connection sends its next request when it has the response (100 bytes) to the last.
On the null server the figures are the client's alone; nginx, on a CPU of its own, is what limits the
fast ones. CPU time includes starting and connecting, which weighs most at 10,000 connections. wrk2 has
no closed loop: it is asked for more than any client can send, and given the time in addition that it
takes to open its connections; its requests/s are over all of that time."""

    def measure(self, bench):
        with Nginx(bench.scratch, bench.server_cpu, bench.files) as nginx:
            yield from self._on(bench, "nginx", nginx.url())
        # Not everybody can have it; what can be had comes first.
        yield from self._on(bench, "null server", null_url())

    @staticmethod
    def _on(bench, server, url):
        for connections in CONNECTIONS:
            if bench.fits(connections):
                yield from bench.interleave(
                    f"{server}, {connections} connections", bench.clients,
                    lambda client, c=connections: Load(
                        url, c, bench.duration_s + client.startup_s(c)))

    def tell(self, samples, document):
        for server in ("null server", "nginx"):
            rows = []
            for connections in CONNECTIONS:
                rows += cost_rows(samples, f"{server}, {connections} connections", document,
                                  [f"{connections:,}"])
            if rows:
                document.heading(f"On the {server}" if server != "nginx" else "On nginx")
                document.table(["connections"] + COST_HEADER, rows)
        ours, wrk = (samples.summary("null server, 64 connections", name)
                     for name in (OURS, "wrk"))
        if ours and wrk:
            document.figure("client CPU per request against wrk, null server, 64 connections, "
                            "closed loop", "≤ 0.62", ours.cpu_min_us / wrk.cpu_min_us, 0.62)


class Memory(Group):
    name = "memory"
    title = "Peak memory"
    about = "VmHWM of the client on the null server, one thread."

    def measure(self, bench):
        for connections in (64, 10000):
            if bench.fits(connections):
                for client in bench.clients:
                    seconds = max(3, bench.duration_s) + client.startup_s(connections)
                    yield bench.sample(f"{connections} connections", client,
                                       Load(null_url(), connections, seconds))

    def tell(self, samples, document):
        rows = []
        for client in samples.clients():
            row = [client]
            for connections in (64, 10000):
                name = f"{connections} connections"
                found, ours = samples.summary(name, client), samples.summary(name, OURS)
                row.append(f"{found.peak_kb / 1000:.1f} MB" if found
                           else samples.failure(name, client))
                if found and ours and client != OURS:
                    document.compare(f"{name}: peak memory", client,
                                     ours.peak_kb / found.peak_kb, f"{ours.peak_kb / 1000:.1f} MB",
                                     f"{found.peak_kb / 1000:.1f} MB")
            rows.append(row)
        document.table(["client", "64 connections", "10,000 connections"], rows)
        ours = samples.summary("10000 connections", OURS)
        if ours:
            document.figure("peak resident memory, 10,000 connections, one worker (MB)", "≤ 25",
                            ours.peak_kb / 1000, 25)


class Pacing(Group):
    name = "pacing"
    title = "Keeping a schedule"
    about = """\
Open loop on the null server, 64 connections, one worker. send_lag is how much later than due a request
went to the kernel although a connection was free; loop is the time between two looks at the
completions, the most that a response can be stamped late. CPU share is of one CPU. Peers that have a
rate are shown with what they reached and took."""

    RATES = (1000, 10000, 50000, 100000)
    PACINGS = ("auto", "spin", "sleep")

    def measure(self, bench):
        ours = bench.named(OURS)
        for rate in self.RATES:
            for pacing in self.PACINGS:
                yield from bench.interleave(
                    f"{rate}/{pacing}", ours,
                    lambda _, r=rate, p=pacing: Load(null_url(), 64, bench.duration_s, r, pacing=p))
            peers = [client for client in bench.clients
                     if client.open_loop and client.name != OURS]
            yield from bench.interleave(
                f"{rate}/", peers, lambda client, r=rate: Load(
                    null_url(), 64, bench.duration_s + client.startup_s(64), r))

    def tell(self, samples, document):
        rows = []
        for rate in self.RATES:
            for pacing in self.PACINGS:
                self._row(samples, rows, rate, pacing, OURS)
            for client in samples.clients():
                if client != OURS:
                    self._row(samples, rows, rate, "", client)
        document.table(["asked rps", "client", "pacing", "reached", "send_lag p50 µs",
                        "send_lag p99 µs", "loop p99 µs", "CPU share", "verdict"], rows)

    @staticmethod
    def _row(samples, rows, rate, pacing, client):
        row = f"{rate}/{pacing}"
        found = samples.summary(row, client)
        if not found:
            if samples.of(row, client, failed=True):
                rows.append([f"{rate:,}", client, pacing, samples.failure(row, client)]
                            + [""] * 5)
            return
        reached = samples.extra(row, client, "sent_of_asked") or found.rps_median / rate
        verdicts = {sample.extra.get("verdict", "") for sample in samples.of(row, client)}
        rows.append([f"{rate:,}", client, pacing or "its own", f"{reached:.4f}"]
                    + [us(samples.extra(row, client, key))
                       for key in ("lag_p50_us", "lag_p99_us", "loop_p99_us")]
                    + [f"{found.cpu_share * 100:.0f} %", ", ".join(sorted(verdicts))])


class Saturation(Group):
    name = "saturation"
    title = "Open loop asked for more than it can do"
    about = """\
On the null server, 64 connections. ringload is asked for twice what it reaches in a closed loop, with
`--pacing sleep`; such a measurement calls itself invalid, what it costs is still to be known. wrk runs
its closed loop, wrk2 is asked for more than it can do too."""

    def measure(self, bench):
        ours = bench.client(OURS)
        asked = 1000000
        if ours:
            found = bench.sample("capacity", ours, Load(null_url(), 64, 2))
            yield found
            asked = int(found.rps * 2) or asked
        yield from bench.interleave(
            "above capacity", bench.named(OURS, "wrk", "wrk2"),
            lambda client: Load(null_url(), 64, bench.duration_s,
                                rate=asked if client is ours else 0,
                                pacing="sleep" if client is ours else "",
                                drain="100ms" if client is ours else ""))

    def tell(self, samples, document):
        document.table(COST_HEADER, cost_rows(samples, "above capacity", document, []))
        ours, wrk = (samples.summary("above capacity", name) for name in (OURS, "wrk"))
        if ours and wrk:
            document.figure("client CPU per request against wrk, open loop at saturation",
                            "≤ 0.70", ours.cpu_min_us / wrk.cpu_min_us, 0.70)


class Steady(Group):
    name = "steady"
    title = "100,000 requests per second from one worker"
    about = "Open loop on the null server, 64 connections, `--pacing auto`."
    RATE = 100000

    def measure(self, bench):
        yield from bench.interleave(
            "100000", bench.named(OURS, "wrk2"),
            lambda _: Load(null_url(), 64, bench.duration_s, self.RATE))

    def tell(self, samples, document):
        rows = []
        for client in samples.clients():
            for sample in samples.of("100000", client):
                reached = sample.extra.get("sent_of_asked") or sample.rps / self.RATE
                rows.append([client, f"{reached:.4f}", us(sample.extra.get("lag_p99_us")),
                             us(sample.percentiles.get(99)), sample.extra.get("verdict", "")])
            for sample in samples.of("100000", client, failed=True):
                rows.append([client, sample.failure, "", "", ""])
        document.table(["client", "sent of asked", "send_lag p99 µs", "total p99 ms", "verdict"],
                       rows)
        sent = samples.extra("100000", OURS, "sent_of_asked")
        lag = samples.extra("100000", OURS, "lag_p99_us")
        if sent is not None and lag is not None:
            document.figure("100,000 rps, one worker: sent of asked", "≥ 0.999", sent, 0.999,
                            more_is_better=True)
            document.figure("100,000 rps, one worker: send_lag p99 (µs)", "≤ 20", lag, 20)


class Freeze(Group):
    name = "freeze"
    title = "A server that stops for one second"
    about = """\
5,000 rps for 10 s, 64 connections; the server answers nobody for exactly 1.000 s in the middle. Of
50,000 requests 5,000 are due while it stands still, their waits spread evenly from 1,000 ms to 0: the
true p99 is 900–904 ms, the true p99.9 990 ms, whoever measures. A client that waits for an answer before
it counts the next request as due misses them: coordinated omission. wrk2 measures after 10 s of
calibration, so its freeze comes later."""

    RATE, SECONDS, FREEZE_S, AT_S = 5000, 10, 1, 5
    IDEAL = {99: (900.0, 904.0), 99.9: (990.0, 990.0)}

    def measure(self, bench):
        ours = bench.client(OURS)
        if not ours:
            raise ServerError("the server is ringload's own, and ringload is not there")
        clients = [client for client in bench.clients if client.open_loop]
        for _ in range(bench.rounds):
            for client in clients:
                before = client.CALIBRATION_S if client.name == "wrk2" else 0
                with Frozen(bench.scratch, ours.binary, bench.server_cpu, self.FREEZE_S,
                            before + self.AT_S) as server:
                    yield bench.sample("frozen", client, Load(
                        server.url(), 64, before + self.SECONDS, self.RATE, latency=True))

    @classmethod
    def error(cls, percent, value):
        """How far a percentile lies outside the ideal, as a share of it."""
        low, high = cls.IDEAL[percent]
        return max(low - value, value - high, 0.0) / low

    def tell(self, samples, document):
        rows = []
        for client in samples.clients():
            if not samples.of("frozen", client):
                rows.append([client, samples.failure("frozen", client), "", ""])
                continue
            values = {percent: samples.percentile("frozen", client, percent)
                      for percent in self.IDEAL}
            if None in values.values():
                rows.append([client, "tells no such percentile", "", ""])
                continue
            worst = max(self.error(percent, value) for percent, value in values.items())
            rows.append([client, f"{values[99]:.1f}", f"{values[99.9]:.1f}",
                         f"{worst * 100:.2f} %"])
            if client == OURS:
                document.figure("freeze of 1.000 s at 5,000 rps: p99 and p99.9 off the ideal (%)",
                                "≤ 1", worst * 100, 1)
        document.table(["client", "p99 ms", "p99.9 ms", "off the ideal by"], rows)


class Sizes(Group):
    name = "sizes"
    title = "Response sizes"
    about = "Files from nginx, 64 connections, closed loop."

    def measure(self, bench):
        clients = [client for client in bench.clients if client.name != "wrk2"]
        with Nginx(bench.scratch, bench.server_cpu, bench.files) as nginx:
            for body in BODIES:
                yield from bench.interleave(
                    f"nginx, responses of {body}", clients,
                    lambda _, b=body: Load(nginx.body_url(b), 64, bench.duration_s))

    def tell(self, samples, document):
        rows = []
        for body in BODIES:
            rows += cost_rows(samples, f"nginx, responses of {body}", document, [body])
        document.table(["response"] + COST_HEADER, rows)
        for body in ("64 KB", "1 MB"):
            ours, wrk = (samples.summary(f"nginx, responses of {body}", name)
                         for name in (OURS, "wrk"))
            if ours and wrk:
                document.figure(f"throughput against wrk, nginx, responses of {body}", "≥ 1.1",
                                ours.rps_median / wrk.rps_median, 1.1, more_is_better=True)


ALL = (Cost, Memory, Pacing, Saturation, Steady, Freeze, Sizes)
