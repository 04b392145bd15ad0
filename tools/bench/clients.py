# SPDX-License-Identifier: MIT
"""The load generators that are compared: how each is asked for a load, and what it says of it.

A client that is not installed is left out with a reason; one that fails says so in its sample.
"""

import json
import math
import os
import re
import shutil
import subprocess
import urllib.parse
from dataclasses import dataclass, field


@dataclass
class Load:
    """What a client is asked for. Without a rate, as fast as the server answers."""

    url: str
    connections: int = 64
    duration_s: int = 5
    rate: int = 0
    requests: int = 0  # in place of a duration, for clients that can
    pacing: str = ""  # ringload only
    drain: str = ""  # ringload only
    latency: bool = False  # percentiles are wanted
    churn: bool = False  # a connection for each request
    reset: bool = False  # which ends with a reset; ringload only
    body: str = ""  # the file that is posted
    send: str = ""  # ringload only
    socket: str = ""  # the unix socket that is connected to, in place of the address in the URL
    workers: int = 1
    cpus: str = ""  # where they run; empty: on the client's CPU
    scratch: str = ""  # folder for files a client writes


@dataclass
class Outcome:
    """What a client said. percentiles: milliseconds by percent, when it was asked for them."""

    requests: int = 0
    rps: float = 0.0
    percentiles: dict = field(default_factory=dict)
    remarks: list = field(default_factory=list)
    extra: dict = field(default_factory=dict)
    failure: str = ""


UNITS_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3, "h": 3600e3}


def milliseconds(text):
    """"904.19ms" as a number of milliseconds."""
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m|h)", text)
    if not found:
        raise ValueError(f'"{text}" is no time')
    return float(found.group(1)) * UNITS_MS[found.group(2)]


def rank(ordered, percent):
    """The value at or below which that many percent of the ordered samples lie."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class Client:
    """
    A load generator. name is the column's; binary the program, or None; kinds what it can do beside
    requests over lasting TCP connections: "churn", "post", "socket", "workers".
    """

    name = ""
    variable = ""  # the environment variable that names the binary
    program = ""  # its name in PATH; empty: only by the variable
    open_loop = False  # has a rate that does not wait for answers
    counted = False  # can be asked for a number of requests
    usual = True  # takes part in every group
    kinds = ()
    good_statuses = (0,)

    def __init__(self):
        given = os.environ.get(self.variable, "")
        self.binary = given or (shutil.which(self.program) if self.program else None)

    def absence(self):
        """Why it is not measured; empty when it can be."""
        if not self.binary:
            return f"not installed; {self.variable}=PATH names the program"
        if not os.access(self.binary, os.X_OK):
            return f'"{self.binary}" cannot be run'
        return ""

    def version(self):
        return ""

    def command(self, load):
        raise NotImplementedError

    def parse(self, load, usage):
        raise NotImplementedError

    def environment(self, load):
        return {}

    def startup_s(self, connections):
        """What the client takes of its duration before all connections send."""
        return 0

    def outcome(self, load, usage):
        """What came of a run, with every way to fail in words."""
        if usage.failure:
            return Outcome(failure=usage.failure)
        if usage.status not in self.good_statuses:
            return Outcome(failure=self._said(usage, "failed"))
        try:
            outcome = self.parse(load, usage)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OSError) as error:
            return Outcome(failure=self._said(usage, f"not understood ({error})"))
        if not outcome.failure and not outcome.requests:
            outcome.failure = self._said(usage, "no request succeeded")
        return outcome

    @staticmethod
    def _said(usage, what):
        lines = (usage.errors + "\n" + usage.output).strip().splitlines()
        said = lines[-1].strip() if lines else "nothing"
        return f"{what}; exit {usage.status}, said: {said[:200]}"


def first_line(command):
    """The first line a command prints, wherever it prints it."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else "unknown"


class Ringload(Client):
    name = "ringload"
    variable = "RINGLOAD"
    program = "build/release/ringload"
    open_loop = True
    counted = True
    kinds = ("churn", "post", "socket", "workers")
    good_statuses = (0, 4)  # 4: the measurement calls itself invalid, which is a result too

    def version(self):
        return first_line([self.binary, "version"])

    def _json_path(self, load):
        return os.path.join(load.scratch, "ringload.json")

    def command(self, load):
        command = [self.binary, "run", "-c", load.connections, "-t", load.workers, "--probe", "off",
                   "-q"]
        command += ["-n", load.requests] if load.requests else ["-d", f"{load.duration_s}s"]
        if load.rate:
            command += ["-r", load.rate]
        if load.pacing:
            command += ["--pacing", load.pacing]
        if load.drain:
            command += ["--drain", load.drain]
        if load.churn:
            command += ["--no-keepalive"] + (["--reset-on-close"] if load.reset else [])
        if load.body:
            command += ["--body-file", load.body]
        if load.send:
            command += ["--send", load.send]
        if load.cpus:
            command += ["--cpus", load.cpus]
        return command + ["--json", self._json_path(load), self._url(load)]

    @staticmethod
    def _url(load):
        """A unix socket takes the place of host and port, percent-encoded."""
        if not load.socket:
            return load.url
        path = urllib.parse.urlsplit(load.url).path
        return f"http+unix://{urllib.parse.quote(load.socket, safe='')}{path}"

    def outcome(self, load, usage):
        path = self._json_path(load)
        try:
            return super().outcome(load, usage)
        finally:
            if os.path.exists(path):
                os.unlink(path)

    def parse(self, load, usage):
        with open(self._json_path(load), encoding="utf-8") as file:
            return self.read(json.load(file))

    @staticmethod
    def read(record):
        """The outcome in a result of schema ringload.result/1."""
        requests, rate = record["requests"], record["rate"]
        total, lag = record["latency_ns"]["total"], record["latency_ns"]["send_lag"]
        workers = record["generator"]["workers"]
        outcome = Outcome(requests=requests["completed"], rps=rate["completed_rps"])
        for percent, key in ((50, "p50"), (99, "p99"), (99.9, "p999")):
            if total[key] is not None:
                outcome.percentiles[percent] = total[key] / 1e6
        asked = rate["asked_rps"]
        outcome.extra = {
            "verdict": record["validity"]["verdict"],
            "sent_of_asked": rate["sent_rps"] / asked if asked else None,
            "lag_p50_us": lag["p50"] / 1e3 if lag["p50"] is not None else None,
            "lag_p99_us": lag["p99"] / 1e3 if lag["p99"] is not None else None,
            "loop_p99_us": max(worker["loop_ns"]["p99"] for worker in workers) / 1e3,
        }
        lost = sum(requests["failed"].values()) + requests["timed_out"]
        if lost:
            outcome.remarks.append(f"{lost} requests failed or timed out")
        unconnected = sum(record.get("connections", {}).get("failed", {}).values())
        if unconnected:
            outcome.remarks.append(f"{unconnected} connects failed")
        if record["validity"]["verdict"] == "internal_error":
            outcome.failure = "the result is an internal error"
        return outcome


class Wrk(Client):
    name = "wrk"
    variable = "WRK"
    program = "wrk"
    kinds = ("churn", "post", "workers")

    def version(self):
        return " ".join(first_line([self.binary, "-v"]).split("Copyright")[0].split())

    def command(self, load):
        command = [self.binary, "-t", load.workers, "-c", load.connections, "-d",
                   f"{load.duration_s}s"]
        if load.churn:
            command += ["-H", "Connection: close"]
        if load.body:
            command += ["-s", self._script(load)]
        return command + (["--latency"] if load.latency else []) + [load.url]

    @staticmethod
    def _script(load):
        """Only a script can have wrk post something."""
        path = os.path.join(load.scratch, "post.lua")
        with open(path, "w", encoding="ascii") as script:
            script.write(f'local file = io.open("{load.body}", "rb")\n'
                         'wrk.method = "POST"\nwrk.body = file:read("*a")\nfile:close()\n')
        return path

    def parse(self, load, usage):
        return self.read(usage.output)

    @staticmethod
    def read(text):
        outcome = Outcome()
        outcome.requests = int(re.search(r"^\s*(\d+) requests in ", text, re.MULTILINE).group(1))
        outcome.rps = float(re.search(r"^Requests/sec:\s*([\d.]+)", text, re.MULTILINE).group(1))
        for percent, value in re.findall(r"^\s*([\d.]+)%\s+([\d.]+(?:us|ms|s|m|h))\s*$", text,
                                         re.MULTILINE):
            outcome.percentiles[float(percent)] = milliseconds(value)
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)",
                           text)
        if errors and any(int(count) for count in errors.groups()):
            outcome.remarks.append("socket errors: connect {}, read {}, write {}, timeout {}"
                                   .format(*errors.groups()))
        strange = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        if strange:
            outcome.remarks.append(f"{strange.group(1)} responses neither 2xx nor 3xx")
        return outcome


class Wrk2(Wrk):
    """
    wrk with a rate, which it always needs. It opens 200 connections a second, and measures latency
    only after 10 s of calibration.
    """

    name = "wrk2"
    variable = "WRK2"
    program = ""
    open_loop = True
    kinds = ()
    CALIBRATION_S = 10
    CONNECTIONS_PER_S = 200
    ABOVE_ANY_CAPACITY = 2000000

    def startup_s(self, connections):
        return math.ceil(connections / self.CONNECTIONS_PER_S)

    def version(self):
        found = first_line([self.binary, "-v"])
        return "wrk2, which calls itself " + " ".join(found.split("Copyright")[0].split())

    def command(self, load):
        command = super().command(load)
        return command[:-1] + ["-R", load.rate or self.ABOVE_ANY_CAPACITY, load.url]


class H2load(Client):
    """Told to close connections, it hangs when asked for a duration, and not for a number."""

    name = "h2load"
    variable = "H2LOAD"
    program = "h2load"
    open_loop = True
    counted = True
    kinds = ("churn", "post", "socket", "workers")
    CHURN_PER_S = 10000

    def version(self):
        return first_line([self.binary, "--version"])

    def _log_path(self, load):
        return os.path.join(load.scratch, "h2load.log")

    def command(self, load):
        command = [self.binary, "--h1", "-t", load.workers, "-c", load.connections]
        requests = load.requests or (load.churn and load.duration_s * self.CHURN_PER_S)
        command += ["-n", requests] if requests else ["-D", load.duration_s]
        if load.churn:
            command += ["-H", "connection: close"]
        if load.body:
            command += ["-d", load.body]
        if load.socket:
            command += ["--base-uri", f"unix:{load.socket}"]
        if load.rate:
            command += ["--rps", f"{load.rate / load.connections:g}"]
        if load.latency:
            command += ["--log-file", self._log_path(load)]
        return command + [load.url]

    def parse(self, load, usage):
        outcome = self.read(usage.output)
        if load.latency:
            with open(self._log_path(load), encoding="ascii") as log:
                outcome.percentiles = self.read_log(log)
            os.unlink(self._log_path(load))
        return outcome

    @staticmethod
    def read(text):
        counts = dict((name, int(count)) for count, name in
                      re.findall(r"(\d+) (\w+)", re.search(r"^requests: (.*)$", text,
                                                           re.MULTILINE).group(1)))
        outcome = Outcome(requests=counts["succeeded"])
        outcome.rps = float(re.search(r"^finished in [^,]*, ([\d.]+) req/s", text,
                                      re.MULTILINE).group(1))
        for name in ("failed", "errored", "timeout"):
            if counts[name]:
                outcome.remarks.append(f"{counts[name]} requests {name}")
        return outcome

    @staticmethod
    def read_log(lines):
        """Percentiles of the lines "start status microseconds"."""
        times = sorted(int(line.split()[2]) for line in lines)
        return {percent: rank(times, percent) / 1e3 for percent in (50, 99, 99.9)} if times else {}


class Gcannon(Client):
    name = "gcannon"
    variable = "GCANNON"
    program = ""

    def version(self):
        return first_line([self.binary, "http://127.0.0.1:1/", "-c", "1", "-d", "1s"])

    def environment(self, load):
        return {"HOME": load.scratch}  # it keeps a history of runs there

    def command(self, load):
        return [self.binary, load.url, "-t", 1, "-c", load.connections, "-d",
                f"{load.duration_s}s", "--json"]

    def parse(self, load, usage):
        return self.read(usage.output)

    @staticmethod
    def read(text):
        said = json.loads(text[text.index("{"):])
        outcome = Outcome(requests=said["responses"], rps=said["rps"])
        latency = said["latency_us"]
        outcome.percentiles = {50: latency["p50"] / 1e3, 99: latency["p99"] / 1e3,
                               99.9: latency["p999"] / 1e3}
        errors = {name: count for name, count in said["errors"].items() if count}
        if errors:
            outcome.remarks.append("errors: " + ", ".join(f"{name} {count}"
                                                          for name, count in errors.items()))
        if said["status"]["2xx"] != said["responses"]:
            outcome.remarks.append(f"{said['responses'] - said['status']['2xx']} responses not 2xx")
        return outcome


class Ab(Client):
    """It speaks HTTP/1.0: a connection for each request is what it does unless told otherwise."""

    name = "ab"
    variable = "AB"
    program = "ab"
    usual = False
    kinds = ("churn",)
    MOST_REQUESTS = 5000000  # it ends at 50,000 unless told otherwise

    def version(self):
        return first_line([self.binary, "-V"]).replace("This is ", "").split(" <")[0]

    def command(self, load):
        return [self.binary, "-q", "-r", "-c", load.connections, "-t", load.duration_s, "-n",
                load.requests or self.MOST_REQUESTS, load.url]

    def parse(self, load, usage):
        return self.read(usage.output)

    @staticmethod
    def read(text):
        def figure(name):
            return re.search(rf"^{name}:\s+([\d.]+)", text, re.MULTILINE).group(1)

        failed = int(figure("Failed requests"))
        outcome = Outcome(requests=int(figure("Complete requests")) - failed,
                          rps=float(figure("Requests per second")))
        for percent, value in re.findall(r"^\s*(\d+)%\s+(\d+)", text, re.MULTILINE):
            outcome.percentiles[float(percent)] = float(value)
        if failed:
            outcome.remarks.append(f"{failed} requests failed")
        return outcome


ALL = (Ringload, Wrk, H2load, Wrk2, Gcannon, Ab)
