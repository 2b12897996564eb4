# SPDX-License-Identifier: Apache-2.0
"""The examples, as somebody runs them who has built the tree. The quick start has tests of its own (test_quickstart.py)."""
import os
import pathlib
import subprocess

import pytest
from agent import BUILD

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/run") if path.parent.name != "quickstart")


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name):
    done = subprocess.run([ROOT / "examples" / name / "run"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "ELB_BUILD_DIR": str(BUILD)})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert done.stdout.count("ok  ") >= 2 and "BAD" not in done.stdout
