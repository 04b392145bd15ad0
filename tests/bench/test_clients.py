# SPDX-License-Identifier: MIT
"""What clients say is read right, and what they cannot say is a failure in words."""

import os
import stat
import tempfile
import unittest

from context import said

from clients import (ALL, Ab, Gcannon, H2load, Load, Ringload, Wrk, Wrk2, milliseconds, rank)
from measure import Usage

RECORD = {
    "requests": {"completed": 499990, "timed_out": 3, "failed": {"reset": 2, "closed": 0}},
    "rate": {"asked_rps": 50000.0, "sent_rps": 49999.5, "completed_rps": 49999.0},
    "latency_ns": {"total": {"p50": 100000, "p99": 902000000, "p999": 990000000},
                   "send_lag": {"p50": 900, "p99": 12000}},
    "generator": {"workers": [{"loop_ns": {"p50": 2000, "p99": 31000, "max": 90000}},
                              {"loop_ns": {"p50": 2000, "p99": 29000, "max": 90000}}]},
    "validity": {"verdict": "valid", "reasons": []},
}


class Parsing(unittest.TestCase):
    def test_wrk(self):
        outcome = Wrk.read(said("wrk.txt"))
        self.assertEqual(outcome.requests, 322944)
        self.assertEqual(outcome.rps, 107605.21)
        self.assertEqual(outcome.percentiles, {50: 0.303, 75: 0.385, 90: 0.436, 99: 0.516})
        self.assertEqual(outcome.remarks, ["socket errors: connect 0, read 3, write 0, timeout 12",
                                           "7 responses neither 2xx nor 3xx"])

    def test_wrk2(self):
        outcome = Wrk2.read(said("wrk2.txt"))
        self.assertGreater(outcome.requests, 50000)
        self.assertEqual(outcome.percentiles[99], 7.73)
        self.assertEqual(outcome.percentiles[99.9], 13.57)
        self.assertEqual(outcome.remarks, [])

    def test_h2load(self):
        outcome = H2load.read(said("h2load.txt"))
        self.assertGreater(outcome.requests, 1000)
        self.assertAlmostEqual(outcome.rps, outcome.requests, delta=outcome.requests * 0.1)
        broken = H2load.read(said("h2load.txt").replace(" 0 failed", " 5 failed"))
        self.assertEqual(broken.remarks, ["5 requests failed"])

    def test_h2load_log(self):
        percentiles = H2load.read_log(said("h2load.log").splitlines())
        self.assertEqual(percentiles, {50: 0.7, 99: 900.0, 99.9: 900.0})
        self.assertEqual(H2load.read_log([]), {})

    def test_gcannon(self):
        outcome = Gcannon.read("a banner\n" + said("gcannon.txt"))
        self.assertGreater(outcome.requests, 1000)
        self.assertEqual(set(outcome.percentiles), {50, 99, 99.9})
        self.assertEqual(outcome.remarks, [])

    def test_ab(self):
        outcome = Ab.read(said("ab.txt"))
        self.assertEqual((outcome.requests, outcome.rps), (5664, 5656.93))
        self.assertEqual((outcome.percentiles[50], outcome.percentiles[99]), (1, 12))
        self.assertEqual(outcome.remarks, [])
        broken = Ab.read(said("ab.txt").replace("Failed requests:        0",
                                                "Failed requests:        64"))
        self.assertEqual((broken.requests, broken.remarks), (5600, ["64 requests failed"]))

    def test_connects_that_fail_are_remarked(self):
        record = dict(RECORD, connections={"failed": {"refused": 0, "no_port": 7}})
        self.assertIn("7 connects failed", Ringload.read(record).remarks)

    def test_ringload(self):
        outcome = Ringload.read(RECORD)
        self.assertEqual(outcome.requests, 499990)
        self.assertEqual(outcome.percentiles, {50: 0.1, 99: 902.0, 99.9: 990.0})
        self.assertAlmostEqual(outcome.extra["sent_of_asked"], 0.99999)
        self.assertEqual(outcome.extra["lag_p99_us"], 12.0)
        self.assertEqual(outcome.extra["loop_p99_us"], 31.0)
        self.assertEqual(outcome.remarks, ["5 requests failed or timed out"])

    def test_a_closed_loop_has_no_rate(self):
        record = dict(RECORD, rate=dict(RECORD["rate"], asked_rps=None))
        self.assertIsNone(Ringload.read(record).extra["sent_of_asked"])

    def test_an_internal_error_is_a_failure(self):
        record = dict(RECORD, validity={"verdict": "internal_error"})
        self.assertIn("internal error", Ringload.read(record).failure)

    def test_times(self):
        for text, value in (("303.00us", 0.303), ("7.73ms", 7.73), ("1.62s", 1620.0),
                            ("2.00m", 120000.0)):
            self.assertAlmostEqual(milliseconds(text), value)
        self.assertRaises(ValueError, milliseconds, "soon")

    def test_ranks(self):
        self.assertEqual(rank(list(range(1, 101)), 99), 99)
        self.assertEqual(rank(list(range(1, 101)), 99.9), 100)
        self.assertEqual(rank([7], 50), 7)


class Failing(unittest.TestCase):
    def test_garbage_is_not_understood(self):
        for kind in ALL:
            client = kind()
            with tempfile.TemporaryDirectory() as scratch:
                outcome = client.outcome(Load("http://x/", scratch=scratch),
                                         Usage([], output="what?\n"))
            self.assertIn("not understood", outcome.failure, client.name)

    def test_an_exit_status_is_a_failure(self):
        for kind in ALL:
            outcome = kind().outcome(Load("http://x/", scratch="/nonexistent"),
                                     Usage([], status=1, errors="a\nno route to host\n"))
            self.assertEqual(outcome.failure, "failed; exit 1, said: no route to host")

    def test_no_request_is_a_failure(self):
        text = said("wrk.txt").replace("322944 requests", "0 requests")
        self.assertIn("no request", Wrk().outcome(Load("http://x/"), Usage([], output=text)).failure)

    def test_what_stopped_the_run_is_passed_on(self):
        outcome = Wrk().outcome(Load("http://x/"), Usage([], failure="took longer than 5 s"))
        self.assertEqual(outcome.failure, "took longer than 5 s")


class Asking(unittest.TestCase):
    def test_a_missing_program_is_a_reason(self):
        client = Gcannon()
        client.binary = None
        self.assertIn("GCANNON=PATH", client.absence())
        client.binary = "/nonexistent"
        self.assertIn('"/nonexistent"', client.absence())

    def test_the_variable_names_the_program(self):
        with tempfile.NamedTemporaryFile() as program:
            os.chmod(program.name, stat.S_IRWXU)
            os.environ["WRK2"] = program.name
            try:
                client = Wrk2()
            finally:
                del os.environ["WRK2"]
            self.assertEqual(client.binary, program.name)
            self.assertEqual(client.absence(), "")

    def test_every_command_carries_the_load(self):
        load = Load("http://h:1/", connections=77, duration_s=9, rate=770, scratch="/s")
        for kind in ALL:
            client = kind()
            client.binary = "/bin/client"
            words = [str(word) for word in client.command(load)]
            self.assertIn("http://h:1/", words, client.name)
            self.assertIn("77", words, client.name)
            self.assertTrue({"9", "9s"} & set(words), client.name)
            if client.open_loop:
                self.assertTrue({"770", "10"} & set(words), client.name)

    def test_a_number_of_requests_replaces_the_duration(self):
        for kind in (Ringload, H2load):
            client = kind()
            client.binary = "/bin/client"
            words = [str(word) for word in client.command(Load("http://h:1/", requests=4000))]
            self.assertIn("4000", words)
            self.assertNotIn("-d", words)
            self.assertNotIn("-D", words)

    @staticmethod
    def words(kind, load):
        client = kind()
        client.binary = "/bin/client"
        return " ".join(str(word) for word in client.command(load))

    def test_a_connection_for_each_request(self):
        load = Load("http://h:1/", duration_s=3, churn=True)
        self.assertIn(" --no-keepalive ", self.words(Ringload, load))
        self.assertNotIn("--reset-on-close", self.words(Ringload, load))
        self.assertIn("-H Connection: close", self.words(Wrk, load))
        self.assertIn("-n 30000 -H connection: close", self.words(H2load, load))
        self.assertNotIn(" -k", self.words(Ab, load))
        load.reset = True
        self.assertIn(" --no-keepalive --reset-on-close ", self.words(Ringload, load))

    def test_a_body(self):
        with tempfile.TemporaryDirectory() as scratch:
            load = Load("http://h:1/", scratch=scratch, body="/b/64", send="plain")
            self.assertIn(" --body-file /b/64 --send plain ", self.words(Ringload, load))
            self.assertIn(" -d /b/64 ", self.words(H2load, load))
            self.assertIn(f" -s {scratch}/post.lua ", self.words(Wrk, load))
            with open(f"{scratch}/post.lua", encoding="ascii") as script:
                self.assertIn('io.open("/b/64", "rb")', script.read())

    def test_a_unix_socket(self):
        load = Load("http://127.0.0.1:1/x", scratch="/s", socket="/s/a b.sock")
        self.assertTrue(self.words(Ringload, load).endswith(" http+unix://%2Fs%2Fa%20b.sock/x"))
        self.assertIn(" --base-uri unix:/s/a b.sock ", self.words(H2load, load))

    def test_workers_and_their_cpus(self):
        load = Load("http://h:1/", workers=2, cpus="0,1")
        self.assertIn(" -t 2 ", self.words(Ringload, load))
        self.assertIn(" --cpus 0,1 ", self.words(Ringload, load))
        for kind in (Wrk, H2load):
            self.assertIn(" -t 2 ", self.words(kind, load))

    def test_wrk2_needs_time_to_connect(self):
        self.assertEqual(Wrk2().startup_s(10000), 50)
        self.assertEqual(Wrk().startup_s(10000), 0)


if __name__ == "__main__":
    unittest.main()
