# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-01, GEN-11, LB-15, LS-03, LS-10, PL-03, PL-10, HC-01, MB-02.
"""10,000 random operations of several clients at once against a model, with kills of the agent between."""
import random

import pytest
from random_operations import play

OPERATIONS = 10_000


@pytest.mark.timeout(1500)
def test_R1_ten_thousand_random_operations(agent):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    counts = play(agent, players=8, operations=OPERATIONS, kills=12, seed=seed)
    print(counts)
    assert counts["done"] > OPERATIONS / 3 and counts["refused"] > OPERATIONS / 20, (seed, counts)
    agent.wait_applied()
