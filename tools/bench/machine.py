# SPDX-License-Identifier: MIT
"""What the figures were measured on."""

import os
import platform
import re
import subprocess


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
        ("TCP congestion control", _read("/proc/sys/net/ipv4/tcp_congestion_control")),
    ]
