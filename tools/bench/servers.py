# SPDX-License-Identifier: MIT
"""Servers that the clients are measured on, each started for the purpose and ended with it.

The null server is there already: the whole benchmark runs inside `ringload lab`.
"""

import os
import shutil
import socket
import subprocess
import time

HOST = "127.0.0.1"
NULL_URL_VARIABLE = "RINGLOAD_NULL_URL"
BODIES = {"100 B": 100, "10 KB": 10 * 1000, "64 KB": 64 * 1000, "1 MB": 1000 * 1000}


class ServerError(Exception):
    """A sentence that says why a server could not be started."""


def null_url():
    url = os.environ.get(NULL_URL_VARIABLE)
    if not url:
        raise ServerError("there is no null server: it takes root, and ringload for its lab")
    return url


def free_port():
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def await_port(port, process, what, patience_s=5.0):
    """Returns once something listens; raises when the process ends before, or time is up."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if process.poll() is not None:
            said = process.stderr.read().strip().splitlines()
            raise ServerError(f"{what} ended at once: {said[-1] if said else 'without a word'}")
        try:
            socket.create_connection((HOST, port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise ServerError(f"{what} did not listen within {patience_s:.0f} s")


class Server:
    """A server process; use it in a with statement."""

    def __init__(self, what, scratch):
        self.what, self.scratch = what, scratch
        self.port = free_port()
        self.process = None

    def command(self):
        raise NotImplementedError

    def url(self, path="/"):
        return f"http://{HOST}:{self.port}{path}"

    def __enter__(self):
        # Standard error goes to a file: a pipe that nobody reads would block the server.
        with open(os.path.join(self.scratch, "server.err"), "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=errors)
        self.process.stderr = open(errors.name, encoding="utf-8")
        try:
            await_port(self.port, self.process, self.what)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()


class Nginx(Server):
    """
    One worker on one CPU, or one on each of several, with that CPU the first; no log, connections
    kept for ever, bodies from the file cache.
    """

    CONFIG = """\
daemon off;
{user}
pid {scratch}/nginx.pid;
error_log stderr crit;
worker_processes {workers};
worker_cpu_affinity {affinity};
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    open_file_cache max=16 inactive=1h;
    open_file_cache_valid 1h;
    client_body_temp_path {scratch}/body;
    proxy_temp_path {scratch}/proxy;
    fastcgi_temp_path {scratch}/fastcgi;
    uwsgi_temp_path {scratch}/uwsgi;
    scgi_temp_path {scratch}/scgi;
    server {{
        listen {host}:{port} backlog=4096;
        listen unix:{scratch}/nginx-{port}.sock backlog=4096;
        root {scratch}/www;
        default_type text/plain;
        location = / {{ return 200 "{hello}"; }}
    }}
}}
"""

    def __init__(self, scratch, cpu, files, workers=1):
        super().__init__("nginx", scratch)
        self.binary = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        self.cpu, self.files, self.workers = cpu, files, workers

    def command(self):
        if not self.binary:
            raise ServerError("nginx is not installed")
        os.makedirs(os.path.join(self.scratch, "www"), exist_ok=True)
        for name, size in BODIES.items():
            with open(os.path.join(self.scratch, "www", name.replace(" ", "")), "wb") as body:
                body.write(b"x" * size)
        config = os.path.join(self.scratch, "nginx.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(self.CONFIG.format(
                user="user root;" if os.geteuid() == 0 else "", scratch=self.scratch,
                workers=self.workers, affinity=self._affinity(), files=self.files, host=HOST,
                port=self.port, hello="x" * 100))
        return [self.binary, "-c", config, "-p", self.scratch]

    def _affinity(self):
        cpus = [(self.cpu + i) % os.cpu_count() for i in range(self.workers)]
        return " ".join(f"{1 << cpu:b}" for cpu in cpus)

    def worker(self):
        """The process id of the only worker, which may come after the port is open."""
        pid = self.process.pid
        for _ in range(200):
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                workers = children.read().split()
            if workers:
                return int(workers[0])
            time.sleep(0.01)
        raise ServerError("nginx has no worker")

    def socket(self):
        """The unix socket it listens on too."""
        return os.path.join(self.scratch, f"nginx-{self.port}.sock")

    def body_url(self, name):
        return self.url("/" + name.replace(" ", ""))

    def version(self):
        if not self.binary:
            return "not installed"
        said = subprocess.run([self.binary, "-v"], capture_output=True, text=True, check=False)
        return said.stderr.strip().replace("nginx version: ", "")


class Frozen(Server):
    """`ringload serve`, which stops answering for freeze_s, at_s seconds after its start."""

    def __init__(self, scratch, binary, cpu, freeze_s, at_s):
        super().__init__("ringload serve", scratch)
        self.binary, self.cpu, self.freeze_s, self.at_s = binary, cpu, freeze_s, at_s

    def command(self):
        return ["taskset", "-c", str(self.cpu), self.binary, "serve", "--port", str(self.port),
                "--route", f"* freeze={self.freeze_s}s@{self.at_s}s"]


class Target(Server):
    """`ringload serve` on one CPU: reads requests whole and answers them with 100 bytes."""

    def __init__(self, scratch, binary, cpu):
        super().__init__("ringload serve", scratch)
        self.binary, self.cpu = binary, cpu

    def command(self):
        return ["taskset", "-c", str(self.cpu), self.binary, "serve", "--port", str(self.port)]


class Gunicorn(Server):
    """Synchronous workers that run Python for each request; they close the connection after it."""

    APPLICATION = """\
def application(environ, start_response):
    body = b"x" * 100
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""

    def __init__(self, scratch, workers):
        super().__init__("gunicorn", scratch)
        self.binary = shutil.which("gunicorn")
        self.workers = workers

    def command(self):
        if not self.binary:
            raise ServerError("gunicorn is not installed")
        with open(os.path.join(self.scratch, "bench_application.py"), "w", encoding="ascii") as file:
            file.write(self.APPLICATION)
        return ["env", "PYTHONDONTWRITEBYTECODE=1", self.binary, "--chdir", self.scratch, "--workers",
                str(self.workers), "--bind", f"{HOST}:{self.port}", "bench_application"]
