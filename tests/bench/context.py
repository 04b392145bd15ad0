# SPDX-License-Identifier: MIT
"""Where the modules under test are, and what clients have said."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))


def said(name):
    """A recorded output."""
    with open(os.path.join(HERE, "output", name), encoding="utf-8") as file:
        return file.read()
