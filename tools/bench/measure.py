# SPDX-License-Identifier: MIT
"""One run of one command, and what it cost: CPU time, peak memory, wall time, output.

CPU time is that of the process and of the children it waited for, as the kernel accounts it when
the process ends (wait4). Work that the kernel does on loopback on behalf of the command, in the
command's own system calls, is in it, for every client alike.

Peak memory is VmHWM, polled while the command runs: what wait4 reports as ru_maxrss also counts the
moment before exec, when the child still is a copy of this interpreter.
"""

import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

POLL_S = 0.05
KILL_AFTER_S = 3


@dataclass
class Usage:
    """What came of a command. failure is a sentence when it could not be run to its end."""

    command: list
    status: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_kb: int = 0
    output: str = ""
    errors: str = ""
    failure: str = ""


@dataclass
class Process:
    """Where a command is to run."""

    cpu: int | str = 0  # or a list of them: "0,1"
    timeout_s: float = 120.0
    environment: dict = field(default_factory=dict)


def pinned(command, cpu):
    """The command line that runs command on a CPU, or on several, as it is told to the reader."""
    return ["taskset", "-c", str(cpu)] + [str(word) for word in command]


def peak_kb(pid):
    """VmHWM of a process; 0 when it has none any more."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            found = re.search(r"^VmHWM:\s*(\d+) kB", status.read(), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


def _await(child, usage, timeout_s):
    """Polls until the child has ended, and fills in the figures."""
    started = time.monotonic()
    asked_to_end = None
    while True:
        usage.peak_kb = max(usage.peak_kb, peak_kb(child.pid))
        pid, status, resources = os.wait4(child.pid, os.WNOHANG)
        now = time.monotonic()
        if pid:
            break
        if asked_to_end is None and now - started > timeout_s:
            usage.failure = f"took longer than {timeout_s:.0f} s"
            child.send_signal(signal.SIGTERM)
            asked_to_end = now
        elif asked_to_end is not None and now - asked_to_end > KILL_AFTER_S:
            child.kill()
        time.sleep(POLL_S)
    child.returncode = usage.status = os.waitstatus_to_exitcode(status)
    usage.wall_s = now - started
    usage.cpu_s = resources.ru_utime + resources.ru_stime


def run(command, process):
    """Runs a command to its end."""
    usage = Usage(pinned(command, process.cpu))
    environment = dict(os.environ, LC_ALL="C", **process.environment)
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        try:
            child = subprocess.Popen(usage.command, stdin=subprocess.DEVNULL, stdout=output,
                                     stderr=errors, env=environment)
        except OSError as error:
            usage.failure = f"cannot be run: {error.strerror}"
            return usage
        try:
            _await(child, usage, process.timeout_s)
        except BaseException:
            child.kill()
            child.wait()
            raise
        for stream, name in ((output, "output"), (errors, "errors")):
            stream.seek(0)
            setattr(usage, name, stream.read())
    return usage
