# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments of a write load: an acknowledged write is never lost, an unacknowledged one is whole or absent (R1)."""
import http.client
import pathlib
import random
import sqlite3
import threading

from agent import LBAAS
from lab import run

ROUNDS = 25
MEMBERS_PER_WRITE = 8


class Writer(threading.Thread):
    """Replaces all members of a pool at once, again and again; every write marks each member with its number."""

    def __init__(self, agent, pool, first):
        super().__init__(daemon=True)
        self.agent, self.pool, self.acknowledged = agent, pool, first
        self.attempted = first
        self.error = None

    def run(self):
        while True:
            number = self.attempted + 1
            members = [{"address": f"10.2.0.{20 + i}", "protocol_port": 80, "name": str(number), "weight": number % 100} for i in range(MEMBERS_PER_WRITE)]
            self.attempted = number
            try:
                status, body = self.agent.request("PUT", f"{LBAAS}/pools/{self.pool}/members", {"members": members})
            except (OSError, http.client.HTTPException):
                return  # killed while we waited: not acknowledged
            if status >= 300:
                self.error = (status, body)
                return
            self.acknowledged = number


def test_R1_acknowledged_writes_survive_kill_9(agent):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    pool = agent.service(port=80).pool
    number = 0
    for round_number in range(ROUNDS):
        writer = Writer(agent, pool, number)
        writer.start()
        writer.join(chance.uniform(0.01, 0.4))
        agent.kill9()
        writer.join(10)
        assert writer.error is None, writer.error
        agent.start()
        members = agent.api("GET", f"{LBAAS}/pools/{pool}/members")["members"]
        names = {member["name"] for member in members}
        assert len(names) <= 1, f"round {round_number}, seed {seed}: a write is there in parts: {names}"
        number = int(names.pop()) if names else 0
        assert len(members) == (MEMBERS_PER_WRITE if number else 0)
        assert {member["weight"] for member in members} <= {number % 100}
        assert writer.acknowledged <= number <= writer.attempted, f"round {round_number}, seed {seed}: an acknowledged write is lost"
    assert number > ROUNDS, "the load must have written something"
    agent.stop()
    with sqlite3.connect(agent.store) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    agent.start()


def test_R1_a_backup_that_was_taken_under_writes_is_restored_as_the_documentation_says(lab, agent):
    pool = agent.service(vip="10.1.0.101").pool
    writer = Writer(agent, pool, 0)
    writer.start()
    while writer.acknowledged < 3:
        writer.join(0.01)
    before = writer.acknowledged
    copy = lab.dir / "copy.db"
    run("sqlite3", agent.store, f".backup {copy}")
    after = writer.attempted
    agent.stop()
    writer.join(10)
    assert writer.error is None, writer.error
    for suffix in ("-wal", "-shm"):
        pathlib.Path(f"{agent.store}{suffix}").unlink(missing_ok=True)
    pathlib.Path(agent.store).write_bytes(copy.read_bytes())
    agent.start()
    members = agent.api("GET", f"{LBAAS}/pools/{pool}/members")["members"]
    assert len(members) == MEMBERS_PER_WRITE
    (name,) = {member["name"] for member in members}
    assert before <= int(name) <= after
    agent.wait_applied()
