# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the conformance suite: a lab for each test module and the agent in it, with one loop of the proxy, so that every
request meets the connections to members that the one before it left."""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))

from agent import Agent  # noqa: E402
from lab import Lab  # noqa: E402


@pytest.fixture(scope="module")
def lab(request):
    name = pathlib.Path(request.node.path).stem
    with Lab(log_dir=ROOT / "build" / "test-results" / "conformance" / name) as made:
        yield made


@pytest.fixture(scope="module")
def agent(lab):
    return Agent(lab, **{"proxy-loops": 1}).start()
