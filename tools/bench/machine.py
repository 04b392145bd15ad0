# SPDX-License-Identifier: MIT
"""What the figures were measured on."""

import gc
import os
import platform
import re
import subprocess
import time

# A loop that only reads the clock takes less than 1 µs a turn: a longer gap is not its own.
GAP_NS = 10_000


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _cpu():
    found = re.search(r"^model name\s*:\s*(.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _memory():
    found = re.search(r"^MemTotal:\s*(\d+) kB", _read("/proc/meminfo"), re.MULTILINE)
    return f"{int(found.group(1)) / 1024 ** 2:.1f} GiB" if found else "unknown"


def _system():
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', _read("/etc/os-release"), re.MULTILINE)
    return found.group(1) if found else platform.system()


def _virtual():
    flags = re.search(r"^flags\s*:.*\bhypervisor\b", _read("/proc/cpuinfo"), re.MULTILINE)
    return "a virtual machine" if flags else "no hypervisor seen"


def gaps(cpu=0, seconds=2):
    """Each time a thread that never sleeps was kept from running, in ns: the machine's own noise."""
    before = os.sched_getaffinity(0)
    found = []
    os.sched_setaffinity(0, {cpu})
    gc.disable()
    try:
        last = time.monotonic_ns()
        end = last + seconds * 1_000_000_000
        while last < end:
            now = time.monotonic_ns()
            if now - last > GAP_NS:
                found.append(now - last)
            last = now
    finally:
        gc.enable()
        os.sched_setaffinity(0, before)
    return found


def _noise(seconds=2):
    found = gaps(seconds=seconds)
    if not found:
        return "a spinning thread ran without a gap above 10 µs"
    lost = sum(found) / (seconds * 1e9)
    return (f"a spinning thread was kept from CPU 0 {len(found) / seconds:.0f} times a second for "
            f"more than 10 µs, {lost:.2%} of the time, at most {max(found) / 1000:,.0f} µs")


def revision(root):
    """Which sources these are; "-dirty" when they were changed since."""
    said = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def describe():
    """Pairs of a word and what it is here."""
    governor = _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return [
        ("CPU", f"{_cpu()}, {os.cpu_count()} CPUs, {_virtual()}"),
        ("frequency governor", governor or "none seen"),
        ("memory", _memory()),
        ("kernel", platform.release()),
        ("system", _system()),
        ("noise", _noise()),
        ("TCP congestion control", _read("/proc/sys/net/ipv4/tcp_congestion_control")),
    ]
