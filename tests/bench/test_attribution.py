# SPDX-License-Identifier: MIT
"""What is told of the kernel's side is what was measured."""

import unittest

import context  # noqa: F401 pylint: disable=unused-import

import attribution
import truth
from document import render
from sample import Sample


def kept(group, samples, failure=""):
    record = {"rounds": 2, "duration_s": 3, "failure": failure, "samples": samples,
              "measured": "2026-01-02, ringload at abc", "versions": {}}
    return render([(group, record)], [["kernel", "6.1"]], [["wrk", "4.1"]])


def quantity(mean):
    return {"p50_ns": mean, "p99_ns": mean, "from_ns": mean, "to_ns": mean}


def views(app_truth, app_measured):
    """One request of so long, nothing else taking any time."""
    names = ("app", "app_cpu", "app_runq", "app_blocked", "queue", "rx_path")
    stages = [{"name": name, "mean_ns": 0, "p50": None, "p99": None} for name in names]
    stages[0].update(mean_ns=app_measured, p50=app_measured, p99=app_measured)
    kernel = {"requests": 10, "stages": stages,
              "residence": {"mean_ns": app_measured, "p50": 0, "p99": 0}}
    server = {name: quantity(0) for name in ("cpu", "runq", "blocked", "wait", "span")}
    server.update(requests=10, app=quantity(app_truth), residence=quantity(app_truth))
    return truth.Views(server, kernel)


def sample(row, measured, what="app", allowed=3500, high=100000):
    return Sample(row, "ringload", "ringload run", extra={"rows": [
        {"what": what, "truth": [100000, high], "measured": measured, "allowed": allowed}]})


def pair(on_us, off_us, on_p99=0, off_p99=0):
    def turn(cpu_us, p99):
        return {"requests": 1000, "server_cpu_ns": cpu_us * 1000 * 1000, "wall_ns": 10**8,
                "client_cpu_ns": 10**7, "p50_ns": 0, "p99_ns": p99}

    return {"first": "on", "on": turn(on_us, on_p99), "off": turn(off_us, off_p99)}


class Comparing(unittest.TestCase):
    def test_two_percent_and_a_half_microsecond_more(self):
        case = truth.Case("x", ("truth_epoll",), (), (truth.REQUESTS, truth.APP))
        for measured, good in ((103500, True), (103501, False), (96500, True), (96499, False)):
            requests, app = truth.compare(case, views(100000, measured))
            self.assertTrue(attribution.within(requests))
            self.assertEqual(attribution.within(app), good, measured)

    def test_counts_are_exact(self):
        both = views(1, 1)
        both.kernel["requests"] = 11
        case = truth.Case("x", ("truth_epoll",), (), (truth.REQUESTS,))
        self.assertFalse(attribution.within(truth.compare(case, both)[0]))

    def test_the_worst_round_is_told_and_counted(self):
        text = kept(attribution.Truth(), [sample("spins", 101000), sample("spins", 109000),
                                          sample("sleeps", 99000)])
        self.assertIn("| spins | app | 100.00 µs | 109.00 µs | +9.00 µs (+9.00%) | 3.50 µs | **NOT** |",
                      text)
        self.assertIn("| sleeps | app | 100.00 µs | 99.00 µs | -1.00 µs (-1.00%) | 3.50 µs | within |",
                      text)
        self.assertIn("| 0 | 1 | **no** |", text)

    def test_a_range_has_no_error_inside_of_it(self):
        text = kept(attribution.Truth(), [sample("reads", 104000, high=108000)])
        self.assertIn("| reads | app | 100.00 to 108.00 µs | 104.00 µs | +0.00 µs (+0.00%) | 3.50 µs "
                      "| within |", text)
        text = kept(attribution.Truth(), [sample("reads", 109000, high=108000)])
        self.assertIn("| +1.00 µs (+1.00%) |", text)

    def test_a_case_that_could_not_run_is_a_miss(self):
        text = kept(attribution.Truth(), [Sample("quota", "ringload", "", failure="no group")])
        self.assertIn("| quota | no group |", text)
        self.assertIn("| 0 | 1 | **no** |", text)


class Overheads(unittest.TestCase):
    def test_pairs_become_a_share_and_an_interval(self):
        share, low, high = attribution.interval([pair(103, 100), pair(101, 100)] * 50,
                                                attribution.relative_cpu)
        self.assertAlmostEqual(share, 0.02)
        self.assertAlmostEqual(high - share, 1.96 * 0.01 / 10, delta=0.0004)
        self.assertAlmostEqual(share - low, high - share, delta=0.0004)

    def test_a_slice_that_was_stretched_counts_once(self):
        pairs = [pair(102, 100)] * 99 + [pair(200, 100)]
        self.assertAlmostEqual(attribution.relative_cpu(pairs), 0.0298)

    def test_the_median_does_not_follow_the_tail(self):
        median, low, high = attribution.interval([1.0] * 60 + [2.0] * 30 + [1000.0] * 10,
                                                 attribution.statistics.median)
        self.assertEqual((median, low), (1.0, 1.0))
        self.assertLess(high, 3)

    def test_the_upper_end_decides(self):
        good = Sample("saturation, default sampling", "ringload", "probe_turns", rps=1e5,
                      extra={"pairs": [pair(102, 100), pair(101, 100)] * 100})
        self.assertIn("| ≤ 3 | 1.5", kept(attribution.Overhead(), [good]))
        bad = Sample("saturation, default sampling", "ringload", "probe_turns", rps=1e5,
                     extra={"pairs": [pair(120, 100), pair(90, 100)] * 2})
        text = kept(attribution.Overhead(), [bad])
        self.assertIn("**no**", text)
        self.assertIn("+5.00%", text)


class Extracts(unittest.TestCase):
    REPORT = "ringload 0.1\n\nwhere the time went, in the server\nin short x\n\nthreads y\n\n" \
        "the slowest of the requests\n 1\noverhead z\n"

    def test_the_table_of_a_report(self):
        self.assertEqual(attribution.Tables.table(self.REPORT),
                         "where the time went, in the server\nin short x\n\nthreads y")
        self.assertEqual(attribution.Tables.table("nothing measured"), "")


if __name__ == "__main__":
    unittest.main()
