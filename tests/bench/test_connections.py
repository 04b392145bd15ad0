# SPDX-License-Identifier: MIT
"""Groups beside small requests over 64 lasting connections: who takes part, and what is made of it."""

import os
import tempfile
import unittest

import context  # noqa: F401 pylint: disable=unused-import

import connections
from document import Document
from sample import Bench, Sample, Samples


class Named:
    def __init__(self, name, kinds=(), usual=True):
        self.name, self.kinds, self.usual = name, kinds, usual

    @staticmethod
    def absence():
        return ""


def sample(row, client, requests=1000, cpu_s=0.004, wall_s=1.0, rps=1000.0, failure=""):
    return Sample(row, client, f"{client} --row", requests=requests, cpu_s=cpu_s, wall_s=wall_s,
                  rps=rps, failure=failure)


def told(group, samples):
    document = Document()
    group.tell(Samples(samples), document)
    return document


class Taking(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.bench = Bench([Named("ringload", ("churn", "post")), Named("wrk", ("churn",)),
                            Named("ab", ("churn",), usual=False)], 2, 1, self.scratch.name, 5000)

    def test_who_can(self):
        self.assertEqual([client.name for client in self.bench.able("churn")],
                         ["ringload", "wrk", "ab"])
        self.assertEqual([client.name for client in self.bench.able("churn", "post")], ["ringload"])
        self.assertEqual([client.name for client in self.bench.clients], ["ringload", "wrk"])
        self.assertEqual(self.bench.client("ab").name, "ab")

    def test_cases_are_interleaved(self):
        self.bench.sample = lambda row, client, load: (row, client, load)
        cases = [("a", 1, "x"), ("b", 2, "y")]
        self.assertEqual(self.bench.rounds_of(cases), cases * 2)

    def test_a_body_is_as_long_as_asked(self):
        path = self.bench.body(64000)
        self.assertEqual(os.path.getsize(path), 64000)
        self.assertEqual(self.bench.body(64000), path)


class Telling(unittest.TestCase):
    def test_starting_and_connecting_cancel_out(self):
        samples = []
        for client, each_us in (("ringload", 2), ("wrk", 5)):
            for length, requests, wall_s in (("short", 1000, 2), ("long", 4000, 5)):
                samples.append(sample(f"1000 connections, {length}", client, requests,
                                      0.5 + requests * each_us / 1e6, wall_s))
        cpu_us, rps = connections.Many.beyond(Samples(samples), 1000, "wrk")
        self.assertAlmostEqual(cpu_us, 5)
        self.assertAlmostEqual(rps, 1000)
        document = told(connections.Many(), samples)
        self.assertIn("| 1,000 | ringload | 2.00 | 0.40 | 1,000 |", str(document))
        self.assertEqual([figure.met for figure in document.figures], [True])
        self.assertAlmostEqual(document.comparisons[0].ratio, 0.4)

    def test_a_run_that_is_missing_makes_no_difference(self):
        samples = [sample("1000 connections, short", "wrk"),
                   sample("1000 connections, long", "wrk", failure="failed; exit 1")]
        self.assertIsNone(connections.Many.beyond(Samples(samples), 1000, "wrk"))
        self.assertIn("| 1,000 | wrk | failed; exit 1 |",
                      str(told(connections.Many(), samples)))

    def test_scaling(self):
        rows = [row for row, _, _ in connections.Scaling.ROWS]
        samples = [sample(row, "ringload", rps=rps) for row, rps in zip(rows, (90, 110, 185))]
        document = told(connections.Scaling(), samples + [sample(rows[0], "wrk")])
        self.assertIn("| ringload | 90 | 110 | 185 | 1.85 |", str(document))
        self.assertIn("| wrk | 1,000 | not run | not run | – |", str(document))
        self.assertEqual([(figure.value, figure.met) for figure in document.figures],
                         [(1.85, False)])

    def test_churn(self):
        document = told(connections.Churn(), [
            sample("churn, null server", "ringload"), sample("churn, nginx", "ringload"),
            sample("churn, nginx", "ab", cpu_s=0.003), sample("churn, nginx", "wrk", failure="no")])
        self.assertIn("| null server | ringload | 4.00 |", str(document))
        self.assertIn("| nginx | wrk | no |", str(document))
        lost = [item for item in document.comparisons if item.ratio > 1]
        self.assertEqual([(item.what, item.peer) for item in lost],
                         [("churn, nginx: CPU per request", "ab")])

    def test_uploads(self):
        document = told(connections.Uploads(), [
            sample("bodies of 1 MB", "ringload"), sample("bodies of 1 MB", "wrk", cpu_s=0.008),
            sample("bodies of 1 MB, --send plain", "ringload", cpu_s=0.002)])
        self.assertIn("| 1 MB |  | ringload | 4.00 | 4.00 | 0.50 |", str(document))
        self.assertIn("| 1 MB | plain | ringload | 2.00 | 2.00 | – |", str(document))

    def test_unix(self):
        document = told(connections.Unix(), [
            sample("nginx over TCP", "ringload"), sample("nginx over a unix socket", "ringload"),
            sample("nginx over TCP", "h2load"),
            sample("nginx over a unix socket", "h2load", failure="no")])
        self.assertIn("| ringload | nginx over a unix socket | 4.00 |", str(document))
        self.assertIn("| h2load | nginx over a unix socket | no |", str(document))
        self.assertEqual(document.comparisons, [])


if __name__ == "__main__":
    unittest.main()
