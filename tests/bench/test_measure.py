# SPDX-License-Identifier: MIT
"""Commands are measured as what they are."""

import sys
import unittest

import context  # noqa: F401 pylint: disable=unused-import

from measure import Process, run

SPIN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass"


class Measuring(unittest.TestCase):
    def test_output_and_status(self):
        usage = run(["sh", "-c", "echo out; echo err >&2; exit 3"], Process())
        self.assertEqual((usage.output, usage.errors, usage.status), ("out\n", "err\n", 3))
        self.assertEqual(usage.failure, "")
        self.assertEqual(usage.command[:3], ["taskset", "-c", "0"])

    def test_cpu_time_is_the_command_s(self):
        usage = run([sys.executable, "-c", SPIN.format(0.3)], Process())
        self.assertGreaterEqual(usage.cpu_s, 0.3)
        self.assertGreaterEqual(usage.wall_s, 0.3)
        self.assertLess(run(["sleep", "0.2"], Process()).cpu_s, 0.1)

    def test_memory_is_the_command_s_own(self):
        usage = run([sys.executable, "-c", "import time; b = b'x' * 50000000; time.sleep(0.2)"],
                    Process())
        self.assertGreater(usage.peak_kb, 50000)
        self.assertLess(run(["sleep", "0.2"], Process()).peak_kb, 5000)

    def test_the_cpu_is_the_one_asked_for(self):
        usage = run(["sh", "-c", "grep Cpus_allowed_list /proc/self/status"], Process(cpu=0))
        self.assertEqual(usage.output.split(), ["Cpus_allowed_list:", "0"])

    def test_a_command_that_hangs_is_ended(self):
        usage = run(["sleep", "60"], Process(timeout_s=0.2))
        self.assertIn("took longer", usage.failure)
        self.assertLess(usage.wall_s, 5)

    def test_the_environment_is_added_to(self):
        usage = run(["sh", "-c", "echo $WORD $LC_ALL"], Process(environment={"WORD": "x"}))
        self.assertEqual(usage.output, "x C\n")


if __name__ == "__main__":
    unittest.main()
