# SPDX-License-Identifier: MIT
"""What is read of perf's reports."""

import unittest

import context  # noqa: F401 pylint: disable=unused-import

from document import Document
from hot_path import STEPS, Instructions, Profile
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


ANNOTATED = """
10,000  PROGRAM TOTALS
Ir     file:function
1,000  src/engine/launch.c:launch_stamp [/here/ringload]
  500  src/measure/hist.h:launch_stamp
    7  ./string/memset.S:__memset [/usr/lib/libc.so.6]
"""
LONGER = ANNOTATED.replace("1,000  src", "2,500  src").replace("  7 ", "107 ")


class Count(unittest.TestCase):
    @staticmethod
    def run_of(row, client, requests, instructions):
        found = Sample(row, client, client, requests=requests,
                       extra={"errors": f"==1== Collected : {instructions}\n"})
        Instructions.collect(found)
        return found

    def test_the_start_cancels_out(self):
        samples = Samples([self.run_of("short", "wrk", 1000, 5000000),
                           self.run_of("long", "wrk", 3000, 13000000)])
        self.assertEqual(Instructions().per_request(samples, "wrk"), 4000)

    def test_no_count_is_a_failure(self):
        found = Sample("short", "wrk", "wrk", requests=1, extra={"errors": "Segmentation fault"})
        Instructions.collect(found)
        self.assertEqual(found.failure, "callgrind counted nothing")
        self.assertIsNone(Instructions().per_request(Samples([found]), "wrk"))

    def test_an_older_sample_tells_no_functions(self):
        document = Document()
        Instructions().tell(Samples([self.run_of("short", "ringload", 1000, 5000000),
                                     self.run_of("long", "ringload", 3000, 7000000)]), document)
        self.assertIn("| ringload | 1,000 | 1.00 |", str(document))
        self.assertNotIn("open loop", str(document))
        self.assertTrue(document.figures[0].met)

    def test_functions_are_those_of_both_loops(self):
        def ours(row, requests, text, worker):
            found = self.run_of(row, "ringload", requests, 10 * worker)
            found.extra.update(functions=Instructions.functions(text), worker=worker)
            return found

        document = Document()
        Instructions().tell(Samples([
            ours("short", 10, ANNOTATED, 1000), ours("long", 20, LONGER, 2000),
            ours("short, open loop", 10, ANNOTATED, 1000),
            ours("long, open loop", 60, LONGER, 2000)]), document)
        self.assertIn("| all, the worker's | 100 | 20 |", str(document))
        self.assertIn("| `launch_stamp` | 150 | 30 |", str(document))
        self.assertIn("| `__memset` | 10 | 2 |", str(document))

    def test_what_lies_below_a_function_is_told_twice(self):
        text = "2,400  /src/engine.c:thread_main\n2,400  engine.c:thread_main [/bin/ringload]\n"
        self.assertEqual(Instructions.below(text, "thread_main"), 2400)
        self.assertIsNone(Instructions.below(text, "main"))

    def test_what_was_inlined_is_the_function_s_own(self):
        self.assertEqual(Instructions.functions(ANNOTATED), {"launch_stamp": 1500, "__memset": 7})


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
