# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-01, GEN-11, LB-15, LS-03, LS-10, PL-03, PL-10, HC-01, MB-02.
"""Random operations of several clients at once against a model, with kills of the agent between (tests/harness/random_operations.py).
The conformance suite does ten times as many."""
import random

import pytest
from agent import Agent
from random_operations import play

OPERATIONS = 1000


@pytest.fixture(scope="module")
def agent(lab):
    return Agent(lab).start()


def test_R1_random_operations_and_their_history_agree_with_a_model(agent):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    counts = play(agent, players=4, operations=OPERATIONS, kills=3, seed=seed)
    print(counts)
    assert counts["done"] > OPERATIONS / 3 and counts["refused"] > OPERATIONS / 20, (seed, counts)
    agent.wait_applied()
