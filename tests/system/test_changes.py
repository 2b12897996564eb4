# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-09, MB-05, MB-06, MB-07, PL-12.
"""Changes of a running service: nobody on the members that stay may notice (GEN-09)."""
import time

import pytest
from lab import MEMBERS


@pytest.fixture
def load(lab):
    """A steady load of new connections beside 200 long ones, both over two members; ends without a single failure."""
    running = {}

    def begin():
        running["held"] = lab.load("client1", "hold", count=200, period=0.2).wait_ready()
        running["connect"] = lab.load("client2", "connect", rate=300)
        return running["connect"]

    yield begin
    connect, held = running["connect"].stop(), running["held"].stop()
    assert (connect["failed"], held["broken"]) == (0, 0), (connect["reasons"], held["reasons"])
    assert connect["ok"] > 100, "there was a load"


def test_GEN_09_MB_05_member_added_under_load(lab, service, load):
    pool = service(weights={"member1": 1, "member2": 1}, monitor={})
    connect = load()
    pool.add("member3")
    pool.wait_online(["member3"])
    pool.agent.wait_applied()
    before = connect.interim()["by_member"]
    time.sleep(1)
    after = connect.interim()["by_member"]
    gained = {member: after[member] - before.get(member, 0) for member in MEMBERS}
    assert max(gained.values()) - min(gained.values()) <= 4, gained


def test_MB_05_dead_member_added_under_load_gets_no_traffic(lab, service, load):
    pool = service(weights={"member1": 1, "member2": 1}, monitor={})
    load()
    lab.kill_member("member3")
    try:
        pool.add("member3")
        time.sleep(2.5)
        assert pool.state("member3") == "ERROR"
    finally:
        lab.start_member("member3")


def test_GEN_09_MB_06_member_removed_under_load(lab, service, load):
    pool = service(weights={"member1": 1, "member2": 1}, monitor={})
    connect = load()
    pool.add("member3")
    pool.wait_online(["member3"])
    time.sleep(0.5)
    pool.remove("member3")
    took = pool.agent.wait_applied()
    removed_at = time.monotonic()
    time.sleep(1)
    report = connect.interim()
    assert report["last_start"]["member3"] <= removed_at, "the removed member gets nothing more"
    assert took < 1.0
    pool.add("member3")
    pool.wait_online(["member3"])
    time.sleep(0.5)
    assert connect.interim()["last_start"]["member3"] > removed_at, "it can be added again"


def test_MB_07_weight_changed_under_load_is_effective_within_a_second(lab, service, load):
    pool = service(weights={"member1": 1, "member2": 1}, monitor={})
    connect = load()
    pool.reweight("member1", 3)
    time.sleep(1)
    before = connect.interim()["by_member"]
    time.sleep(2)
    after = connect.interim()["by_member"]
    one, two = (after[member] - before[member] for member in ("member1", "member2"))
    assert one / two == pytest.approx(3, rel=0.05)


def test_GEN_09_batch_replacement_under_load(lab, agent, service, load):
    pool = service(weights={"member1": 1, "member2": 1}, monitor={})
    load()
    for weight in (2, 3, 4, 1):
        members = [{"address": MEMBERS[member], "protocol_port": 8080, "weight": weight} for member in MEMBERS]
        agent.api("PUT", f"/v2.0/lbaas/pools/{pool.pool}/members", {"members": members})
        time.sleep(0.2)
    assert len(agent.api("GET", f"/v2.0/lbaas/pools/{pool.pool}/members")["members"]) == 3


def test_PL_12_listener_moves_to_another_pool_and_keeps_its_connections(lab, agent, service, load):
    made = service(weights={"member1": 1, "member2": 1}, monitor={})
    load()
    other = agent.create("pool", name="other", loadbalancer_id=made.lb, protocol="TCP", lb_algorithm="ROUND_ROBIN")["id"]
    agent.create("member", pool=other, address=MEMBERS["member3"], protocol_port=8080)
    agent.set("listener", made.listener, default_pool_id=other)
    agent.wait_applied()
    assert lab.load("client1", "connect", count=50).finish()["by_member"] == {"member3": 50}
    time.sleep(2.5)  # two sweeps of the flow table: what is open goes on (LS-09)
