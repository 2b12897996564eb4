# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests: a lab for each test module, and the agent in it."""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))

from lab import Lab  # noqa: E402


@pytest.fixture(scope="module")
def lab(request):
    name = pathlib.Path(request.node.path).stem
    with Lab(log_dir=ROOT / "build" / "test-results" / "system" / name) as made:
        yield made
