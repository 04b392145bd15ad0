# SPDX-License-Identifier: MIT
"""Samples become the right figures, and nothing that failed is left out."""

import unittest

import context  # noqa: F401 pylint: disable=unused-import

import groups
from document import Document, render
from sample import Bench, Sample, Samples


def sample(row, client, cpu_us=2.0, rps=1000.0, **more):
    return Sample(row, client, f"{client} --row", requests=1000, rps=rps, cpu_s=cpu_us / 1e3,
                  wall_s=1.0, **more)


def rendered(group, samples, failure=""):
    record = {"rounds": 1, "duration_s": 2, "failure": failure, "samples": samples,
              "measured": "2026-01-02, ringload at abc", "versions": {}}
    return render([(group, record)], [["kernel", "6.1"]], [["wrk", "4.1"]])


class Summaries(unittest.TestCase):
    def test_least_and_median(self):
        found = Samples([sample("a", "wrk", cpu, rps) for cpu, rps in
                         ((3, 100), (2, 300), (7, 200))]).summary("a", "wrk")
        self.assertAlmostEqual(found.cpu_min_us, 2)
        self.assertAlmostEqual(found.cpu_median_us, 3)
        self.assertEqual((found.rps_median, found.rps_best, found.runs), (200, 300, 3))

    def test_failed_runs_do_not_count(self):
        samples = Samples([sample("a", "wrk"), Sample("a", "wrk", "wrk", failure="died")])
        self.assertEqual(samples.summary("a", "wrk").runs, 1)
        self.assertEqual(samples.failure("a", "wrk"), "died")
        self.assertIsNone(samples.summary("a", "h2load"))

    def test_a_sample_survives_being_kept(self):
        kept = sample("a", "wrk", percentiles={99.9: 1.5}, remarks=["x"], extra={"verdict": "valid"})
        self.assertEqual(Sample.from_json(kept.to_json()), kept)


class Losses(unittest.TestCase):
    def cost(self, ours_us, ours_rps):
        row = "null server, 64 connections"
        return rendered(groups.Cost(), [sample(row, "ringload", ours_us, ours_rps),
                                        sample(row, "wrk", 4.0, 1000.0)])

    def test_better_is_no_loss(self):
        text = self.cost(2.0, 2000.0)
        self.assertIn("In no case that was measured", text)
        self.assertIn("1 rounds, 2 s a run; 2026-01-02, ringload at abc.", text)
        self.assertIn("| 0.5 | yes |", text)

    def test_worse_is_listed_with_its_factor(self):
        text = self.cost(6.0, 800.0)
        losses = text[text.index("## Where we lose"):text.index("## CPU per request")]
        self.assertIn("| null server, 64 connections: CPU per request | wrk | 6.00 µs | 4.00 µs "
                      "| 1.50 |", losses)
        self.assertIn("requests/s | wrk | 800 | 1,000 | 1.25 |", losses)
        self.assertIn("| 1.5 | **no** |", text)

    def test_nothing_measured_is_said(self):
        text = render([(groups.Cost(), None)], [], [])
        self.assertIn("Nothing was compared.", text)
        self.assertIn("Not measured.", text)


class Tables(unittest.TestCase):
    def test_failures_of_peers_and_remarks_are_told(self):
        row = "null server, 64 connections"
        text = rendered(groups.Cost(), [
            sample(row, "ringload"), sample(row, "wrk", remarks=["12 timeouts"]),
            Sample(row, "h2load", "h2load", failure="failed; exit 1, said: no")])
        self.assertIn("| 64 | h2load | failed; exit 1, said: no |", text)
        self.assertIn("64 connections | h2load | failed; exit 1, said: no | 1 |", text)
        self.assertIn("64 connections | wrk | 12 timeouts | 1 |", text)

    def test_a_group_that_could_not_run_says_why(self):
        text = rendered(groups.Freeze(), [], "there is no null server")
        self.assertIn("Not measured: there is no null server.", text)

    def test_every_command_line_is_told(self):
        row = "null server, 64 connections"
        text = rendered(groups.Cost(), [sample(row, "ringload"), sample(row, "wrk")])
        self.assertIn(f"# {row}, wrk\nwrk --row", text)

    def test_a_bar_in_a_cell_does_not_break_the_table(self):
        document = Document()
        document.table(["a"], [["x|y"]])
        self.assertIn("| x\\|y |", str(document))

    def test_memory(self):
        document = Document()
        groups.Memory().tell(Samples([
            sample("10000 connections", "ringload", peak_kb=20000),
            sample("10000 connections", "wrk", peak_kb=50000)]), document)
        self.assertIn("| wrk | not run | 50.0 MB |", str(document))
        self.assertEqual(document.comparisons[0].ratio, 0.4)
        self.assertTrue(document.figures[0].met)

    def test_pacing(self):
        document = Document()
        groups.Pacing().tell(Samples([
            sample("1000/spin", "ringload", extra={
                "sent_of_asked": 0.9995, "lag_p50_us": 0.05, "lag_p99_us": 0.1,
                "loop_p99_us": 3.0, "verdict": "valid"}),
            sample("1000/", "wrk2", rps=990.0)]), document)
        self.assertIn("| 1,000 | ringload | spin | 0.9995 | 0.05 | 0.10 | 3.00 | 0 % | valid |",
                      str(document))
        self.assertIn("| 1,000 | wrk2 | its own | 0.9900 | – | – | – | 0 % |  |", str(document))

    def test_sizes(self):
        document = Document()
        groups.Sizes().tell(Samples([
            sample("nginx, responses of 64 KB", "ringload", rps=1200.0),
            sample("nginx, responses of 64 KB", "wrk", rps=1000.0),
            sample("nginx, responses of 1 MB", "ringload", rps=1000.0),
            sample("nginx, responses of 1 MB", "wrk", rps=1000.0)]), document)
        self.assertEqual([(figure.value, figure.met) for figure in document.figures],
                         [(1.2, True), (1.0, False)])

    def test_steady(self):
        document = Document()
        groups.Steady().tell(Samples([sample("100000", "ringload", extra={
            "sent_of_asked": 0.998, "lag_p99_us": 15.0, "verdict": "valid"})]), document)
        self.assertEqual([figure.met for figure in document.figures], [False, True])


class Freezing(unittest.TestCase):
    def test_how_far_off_the_ideal(self):
        self.assertEqual(groups.Freeze.error(99, 902.0), 0)
        self.assertAlmostEqual(groups.Freeze.error(99, 909.0), 5 / 900)
        self.assertAlmostEqual(groups.Freeze.error(99.9, 980.1), 0.01)

    def test_omission_shows(self):
        document = Document()
        groups.Freeze().tell(Samples([
            sample("frozen", "ringload", percentiles={99: 901.0, 99.9: 991.0}),
            sample("frozen", "h2load", percentiles={99: 0.97, 99.9: 1.2}),
            sample("frozen", "quiet")]), document)
        self.assertIn("| ringload | 901.0 | 991.0 | 0.10 % |", str(document))
        self.assertIn("| h2load | 1.0 | 1.2 | 99.89 % |", str(document))
        self.assertIn("| quiet | tells no such percentile |", str(document))
        self.assertTrue(document.figures[0].met)


class Interleaving(unittest.TestCase):
    def test_every_client_has_its_turn_in_every_round(self):
        class Named:
            usual = True

            def __init__(self, name):
                self.name = name

            @staticmethod
            def absence():
                return ""

        bench = Bench([Named("a"), Named("b")], 3, 1, "/nonexistent", 20000)
        order = []
        bench.sample = lambda row, client, load: order.append((client.name, load)) or client.name
        bench.interleave("row", bench.clients, lambda client: client.name.upper())
        self.assertEqual(order, [("a", "A"), ("b", "B")] * 3)
        self.assertTrue(bench.fits(10000))
        self.assertFalse(bench.fits(20000))


if __name__ == "__main__":
    unittest.main()
