# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-06, HC-04, HC-05, HC-06, HC-10, HC-12, HC-15, HC-18, PL-08.
"""Health checks against real members: when they notice, what they do to traffic."""
import time

import pytest
from lab import MEMBERS
from sniffer import SYN, Sniffer

SLACK_S = 0.7  # scheduling on a busy machine, and the poll of these tests


@pytest.mark.parametrize("fault", ["process dies", "cable goes"])
def test_HC_18_PL_08_dead_member_is_left_in_time_and_comes_back(lab, service, fault):
    delay, timeout, retries = 1, 1, 2
    pool = service(weights=dict.fromkeys(MEMBERS, 1), monitor={"delay": delay, "timeout": timeout, "max_retries": retries})
    held = lab.load("client1", "hold", count=60, period=0.2, timeout=30).wait_ready()
    load = lab.load("client2", "connect", rate=200, timeout=1, concurrency=300)
    time.sleep(0.5)
    died = time.monotonic()
    lab.kill_member("member2") if fault == "process dies" else lab.unplug("member2")
    pool.agent.wait_member(pool.pool, pool.members["member2"], "ERROR", delay * retries + timeout + SLACK_S)
    pool.agent.wait_applied()
    left = time.monotonic()
    time.sleep(1.5)
    report = load.interim()
    assert report["failed"] > 0, "the load must have met the dead member"
    late = [failure for failure in report["failures"] if not died - 0.1 <= failure["started"] <= left]
    assert late == [], f"failures outside of the detection time: {late[:3]}"

    back = time.monotonic()
    lab.start_member("member2") if fault == "process dies" else lab.plug("member2")
    pool.agent.wait_member(pool.pool, pool.members["member2"], "ONLINE", delay * retries + timeout + SLACK_S)
    time.sleep(0.5)
    report = load.stop()
    assert report["last_start"]["member2"] > back
    assert [failure for failure in report["failures"] if failure["started"] > left] == []
    held = held.stop(40)
    others = held["by_member"]["member1"] + held["by_member"]["member3"]
    assert held["open"] - held["broken"] >= others, "connections of the members that live are untouched"


def test_GEN_06_traffic_goes_to_the_other_zone(lab, service):
    pool = service(weights=dict.fromkeys(MEMBERS, 1), monitor={})
    for member in ("member1", "member2"):
        lab.kill_member(member)
    for member in ("member1", "member2"):
        pool.agent.wait_member(pool.pool, pool.members[member], "ERROR", 3)
    pool.agent.wait_applied()
    report = lab.load("client1", "connect", count=300).finish()
    assert report["by_member"] == {"member3": 300}
    for member in ("member1", "member2"):
        lab.start_member(member)
    pool.wait_online(MEMBERS)


def test_HC_15_disabled_monitor_means_everybody_gets_traffic(lab, agent, service):
    pool = service(weights={"member1": 1, "member2": 1}, monitor={})
    lab.kill_member("member2")
    agent.wait_member(pool.pool, pool.members["member2"], "ERROR", 4)
    agent.set("healthmonitor", pool.monitor, admin_state_up=False)
    agent.wait_member(pool.pool, pool.members["member2"], "NO_MONITOR", 2)
    agent.wait_applied()
    report = lab.load("client1", "connect", count=100).finish()
    assert (report["by_member"], report["reasons"]) == ({"member1": 50}, {"ECONNREFUSED": 50})
    lab.start_member("member2")
    report = lab.load("client1", "connect", count=100).finish()
    assert report["by_member"] == {"member1": 50, "member2": 50}


def test_HC_04_HC_05_port_and_period_of_checks(lab, agent, service):
    service(weights={"member1": 1}, monitor={"delay": 1})
    other = service(port=81, vip="10.1.0.101", weights={"member2": 1}, monitor={"delay": 2, "monitor_port": 8080})
    with Sniffer(lab, "member1") as first, Sniffer(lab, "member2") as second:
        time.sleep(6.5)
    for sniffer, period in ((first, 1), (second, 2)):
        checks = [packet.at for packet in sniffer.select(outgoing=False, flags=SYN, dest_port=8080)]
        gaps = [(later - earlier) / 1e9 for earlier, later in zip(checks, checks[1:])]
        assert len(checks) >= 3 and all(gap == pytest.approx(period, rel=0.1) for gap in gaps), (period, gaps)
    agent.set("healthmonitor", other.monitor, monitor_port=9)
    agent.wait_member(other.pool, other.members["member2"], "ERROR", 2 * 2 + 1 + SLACK_S)


def test_HC_12_one_success_is_enough_for_a_new_member(lab, service):
    pool = service(weights={}, monitor={"delay": 5, "timeout": 1, "max_retries": 10})
    begun = time.monotonic()
    pool.add("member1")
    pool.wait_online(["member1"], 2)
    assert time.monotonic() - begun < 2
    assert lab.load("client1", "connect", count=10).finish()["ok"] == 10


def test_HC_06_HC_10_silent_member_times_out_with_the_interval(lab, agent, service):
    pool = service(weights={}, monitor={"delay": 1, "timeout": 10, "max_retries": 1}, wait=False)
    lab.unplug("member3")
    try:
        pool.add("member3")
        agent.wait_member(pool.pool, pool.members["member3"], "ERROR", 3)
        status = next(m for lb in agent.status()["load_balancers"] for li in lb["listeners"] if li["pool"] for m in li["pool"]["members"])
        assert status["status_reason"]
    finally:
        lab.plug("member3")
