# SPDX-License-Identifier: MIT
"""What is read of perf's reports."""

import unittest

import context  # noqa: F401 pylint: disable=unused-import

from document import Document
from hot_path import STEPS, Profile
from sample import Sample, Samples

SYMBOLS = """
# Overhead
    83.13%     0.95%  [k] io_send
    80.98%     0.54%  [k] tcp_sendmsg
    59.71%     2.85%  [k] tcp_sendmsg_locked
     7.59%     0.47%  [k] tcp_recvmsg
     1.20%     1.20%  [.] main
"""
OBJECTS = """
    94.32%  [kernel.kallsyms]
     1.83%  bpf_prog_8a8e3ee64e8aead4_null_server
     3.69%  ringload
     0.16%  libc.so.6
"""


class Shares(unittest.TestCase):
    def test_parts_of_a_profile(self):
        shares = Profile.shares(SYMBOLS, OBJECTS)
        self.assertAlmostEqual(shares["sending"], 0.8098)
        self.assertAlmostEqual(shares["receiving"], 0.0759)
        self.assertAlmostEqual(shares["user space"], 0.0385)
        self.assertAlmostEqual(sum(shares.values()), 1)

    def test_nothing_to_be_read(self):
        self.assertIsNone(Profile.shares("", ""))
        self.assertIsNone(Profile.shares(SYMBOLS, "  99.00%  ringload"))
        self.assertIsNone(Profile.shares("  1.00%  1.00%  [k] io_send", OBJECTS))

    def test_told(self):
        document = Document()
        Profile().tell(Samples([
            Sample("64 connections", "ringload", "ringload", extra=Profile.shares(SYMBOLS, OBJECTS)),
            Sample("64 connections", "wrk", "wrk", failure="perf told no shares")]), document)
        text = str(document)
        self.assertIn("| 64 connections | ringload | 3.9 % | 81.0 % | 7.6 % | 7.6 % |", text)
        self.assertIn("| 64 connections | wrk | perf told no shares |  |  |  |", text)

    def test_steps_are_a_table(self):
        with open(STEPS, encoding="utf-8") as file:
            header, *rows = file.read().splitlines()
        self.assertTrue(header.startswith("step,"))
        self.assertTrue(rows)


if __name__ == "__main__":
    unittest.main()
