# SPDX-License-Identifier: MIT
"""What is measured beside small requests over 64 lasting connections: see groups.py."""

from clients import Load
from groups import COST_HEADER, OURS, Group, compare_cost, cost_rows, count, us
from servers import BODIES, Nginx, Target, null_url


class Churn(Group):
    name = "churn"
    title = "A connection for each request"
    about = """\
64 connections at a time, closed loop: connect, request, response, close. On the null server the client
closes, which the peers leave to the server, so ringload is alone there; `reset` ends connections with a
reset, which leaves no TIME_WAIT behind. nginx is asked to close. h2load is given a number of requests,
as it hangs when it is given a time."""

    NULL, NGINX = "churn, null server", "churn, nginx"

    def measure(self, bench):
        ours = bench.named(OURS)
        with Nginx(bench.scratch, bench.server_cpu, bench.files) as nginx:
            yield from bench.rounds_of(
                [(row, client, Load(nginx.url(), 64, bench.duration_s, churn=True, reset=reset))
                 for row, able, reset in ((self.NGINX, bench.able("churn"), False),
                                          (f"{self.NGINX}, reset", ours, True))
                 for client in able])
        # Not everybody can have it; what can be had comes first.
        yield from bench.rounds_of(
            [(row, client, Load(null_url(), 64, bench.duration_s, churn=True, reset=reset))
             for row, reset in ((self.NULL, False), (f"{self.NULL}, reset", True))
             for client in ours])

    def tell(self, samples, document):
        rows = []
        for row in (self.NULL, f"{self.NULL}, reset", self.NGINX, f"{self.NGINX}, reset"):
            rows += cost_rows(samples, row, document, [row.removeprefix("churn, ")])
        document.table(["server"] + COST_HEADER, rows)


class Many(Group):
    name = "many"
    title = "Thousands of connections"
    about = """\
Closed loop on the null server. Each client runs for a short and for a long time; the figures are of
what the long runs did more, so that starting and connecting cancel out."""

    CONNECTIONS = (1000, 10000)
    TARGET = 0.55
    SHORT_S = 2

    @staticmethod
    def _row(connections, length):
        return f"{connections} connections, {length}"

    def measure(self, bench):
        for connections in self.CONNECTIONS:
            if bench.fits(connections):
                yield from bench.rounds_of(
                    [(self._row(connections, length), client, Load(null_url(), connections, seconds))
                     for client in bench.named(OURS, "wrk")
                     for length, seconds in (("short", self.SHORT_S),
                                             ("long", self.SHORT_S + bench.duration_s))])

    @classmethod
    def beyond(cls, samples, connections, client):
        """
        CPU time per request in µs and requests a second of what long runs did beyond short ones; None
        when a run failed.
        """
        short, long = (samples.of(cls._row(connections, length), client)
                       for length in ("short", "long"))
        if not short or len(short) != len(long):
            return None
        requests, cpu_s, wall_s = (
            sum(getattr(sample, name) for sample in long)
            - sum(getattr(sample, name) for sample in short)
            for name in ("requests", "cpu_s", "wall_s"))
        if requests <= 0 or wall_s <= 0:
            return None
        return cpu_s * 1e6 / requests, requests / wall_s

    def tell(self, samples, document):
        rows = []
        for connections in self.CONNECTIONS:
            ours, wrk = (self.beyond(samples, connections, name) for name in (OURS, "wrk"))
            for client, found in ((OURS, ours), ("wrk", wrk)):
                ratio = f"{found[0] / wrk[0]:.2f}" if found and wrk else "–"
                if found:
                    rows.append([f"{connections:,}", client, us(found[0]), ratio, count(found[1])])
                elif samples.of(self._row(connections, "long"), client, failed=True):
                    rows.append([f"{connections:,}", client,
                                 samples.failure(self._row(connections, "long"), client), "", ""])
            if ours and wrk:
                what = f"{connections:,} connections"
                document.compare(f"{what}: CPU per request", "wrk", ours[0] / wrk[0],
                                 f"{us(ours[0])} µs", f"{us(wrk[0])} µs")
                document.figure(f"client CPU per request against wrk, null server, {what}",
                                f"≤ {self.TARGET}", ours[0] / wrk[0], self.TARGET)
        document.table(["connections", "client", "CPU µs/request", "against wrk", "requests/s"],
                       rows)


class Scaling(Group):
    name = "scaling"
    title = "Two workers on two CPUs"
    about = """\
Closed loop on the null server, 64 connections a worker, each worker on a CPU of its own. The null server
answers within the client's own system calls, so that no other work needs a CPU. The ratio is of two
workers to the mean of one on either CPU."""

    ROWS = (("one worker, CPU 0", 1, "0"), ("one worker, CPU 1", 1, "1"),
            ("two workers", 2, "0,1"))
    TARGET = 1.9

    def measure(self, bench):
        able = [client for client in bench.able("workers") if client.name in (OURS, "wrk")]
        yield from bench.rounds_of(
            [(row, client, Load(null_url(), 64 * workers, bench.duration_s, workers=workers,
                                cpus=cpus))
             for client in able for row, workers, cpus in self.ROWS])

    @classmethod
    def ratio(cls, samples, client):
        """None when one of the three is missing."""
        found = [samples.summary(row, client) for row, _, _ in cls.ROWS]
        if None in found:
            return None
        first, second, both = (summary.rps_median for summary in found)
        return both / ((first + second) / 2)

    def tell(self, samples, document):
        rows = []
        for client in samples.clients():
            found = [samples.summary(row, client) for row, _, _ in self.ROWS]
            ratio = self.ratio(samples, client)
            rows.append([client] + [count(each.rps_median) if each
                                    else samples.failure(row, client)
                                    for each, (row, _, _) in zip(found, self.ROWS)]
                        + [f"{ratio:.2f}" if ratio else "–"])
        document.table(["client"] + [f"{row}, requests/s" for row, _, _ in self.ROWS]
                       + ["two to one"], rows)
        ours = self.ratio(samples, OURS)
        if ours:
            document.figure("two workers on two CPUs against one, null server", f"≥ {self.TARGET}",
                            ours, self.TARGET, more_is_better=True)


class Uploads(Group):
    name = "uploads"
    title = "Request bodies"
    about = """\
Posted to `ringload serve`, which reads them whole before it answers, 64 connections, closed loop. On
loopback the kernel copies what is sent in any case, so that `--send zero-copy` can only lose here."""

    SIZES = ("64 KB", "1 MB")
    SENDS = ("plain", "zero-copy")

    @staticmethod
    def _row(size, send=""):
        return f"bodies of {size}" + (f", --send {send}" if send else "")

    def measure(self, bench):
        ours = bench.client(OURS)
        if not ours:
            return
        with Target(bench.scratch, ours.binary, bench.server_cpu) as target:
            for size in self.SIZES:
                load = {"url": target.url(), "connections": 64, "duration_s": bench.duration_s,
                        "body": bench.body(BODIES[size])}
                yield from bench.rounds_of(
                    [(self._row(size), client, Load(**load)) for client in bench.able("post")]
                    + [(self._row(size, send), ours, Load(**load, send=send))
                       for send in self.SENDS])

    def tell(self, samples, document):
        rows = []
        for size in self.SIZES:
            for send in ("", *self.SENDS):
                rows += cost_rows(samples, self._row(size, send), document, [size, send])
        document.table(["body", "--send"] + COST_HEADER, rows)


class Unix(Group):
    name = "unix"
    title = "A unix socket"
    about = """\
nginx listens on both, 64 connections, closed loop. Of the peers only h2load can connect to a unix
socket."""

    ROWS = ("nginx over TCP", "nginx over a unix socket")

    def measure(self, bench):
        with Nginx(bench.scratch, bench.server_cpu, bench.files) as nginx:
            sockets = dict(zip(self.ROWS, ("", nginx.socket())))
            yield from bench.rounds_of(
                [(row, client, Load(nginx.url(), 64, bench.duration_s, socket=sockets[row]))
                 for client in bench.able("socket") for row in self.ROWS])

    def tell(self, samples, document):
        rows = []
        for client in samples.clients():
            for row in self.ROWS:
                found = samples.summary(row, client)
                rows.append([client, row] + (
                    [us(found.cpu_min_us), us(found.cpu_median_us), count(found.rps_median),
                     count(found.rps_best)] if found else [samples.failure(row, client)] + [""] * 3))
        compare_cost(samples, self.ROWS[1], document)
        document.table(["client", "server", "CPU µs/request, least", "median", "requests/s, median",
                        "best"], rows)


ALL = (Churn, Many, Scaling, Uploads, Unix)
