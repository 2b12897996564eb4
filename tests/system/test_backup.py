# SPDX-License-Identifier: Apache-2.0
# Shows: HC-04, PL-08.
"""Backup members get traffic only while nobody else can, in the kernel and in the proxy; and where members are checked."""
import pytest
from agent import Agent
from lab import MEMBERS
from web import HTTP_PORT, curl


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_member(member)
        lab.start_http_member(member, HTTP_PORT)
    return Agent(lab).start()


def by_member(lab, protocol, count=60):
    if protocol == "TCP":
        report = lab.load("client1", "connect", count=count).finish()
        assert report["ok"] == count, report
        return set(report["by_member"])
    return {curl(lab, "/").member for _ in range(count // 3)}


@pytest.mark.parametrize("protocol", ["TCP", "HTTP"])
@pytest.mark.parametrize("algorithm", ["ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"])
def test_PL_08_a_backup_stands_in_and_steps_back(lab, agent, service, protocol, algorithm):
    port = HTTP_PORT if protocol == "HTTP" else 8080
    made = service(protocol=protocol, member_port=port, weights=dict.fromkeys(MEMBERS, 1), monitor={})
    agent.set("pool", made.pool, lb_algorithm=algorithm)
    agent.set("member", made.members["member3"], made.pool, backup=True)
    agent.wait_applied()
    first = by_member(lab, protocol)
    assert first and "member3" not in first
    for member in ("member1", "member2"):
        made.reweight(member, 0)
    agent.wait_applied()
    assert by_member(lab, protocol) == {"member3"}, "everybody else is draining"
    held = lab.load("client1", "hold", count=10, period=0.2, timeout=30).wait_ready() if protocol == "TCP" else None
    made.reweight("member1", 1)
    agent.wait_applied()
    assert by_member(lab, protocol) == {"member1"}, "back in service"
    if held:
        report = held.stop(20)
        assert report["broken"] == 0, "what the backup had taken goes on"


def test_PL_08_a_backup_stands_in_for_members_that_fail(lab, agent, service):
    made = service(weights={"member1": 1, "member2": 1}, monitor={})
    agent.set("member", made.members["member2"], made.pool, backup=True)
    agent.wait_applied()
    assert by_member(lab, "TCP") == {"member1"}
    lab.kill_member("member1")
    agent.wait_member(made.pool, made.members["member1"], "ERROR", 4)
    agent.wait_applied()
    assert by_member(lab, "TCP") == {"member2"}
    lab.start_member("member1")
    made.wait_online(["member1"])
    agent.wait_applied()
    assert by_member(lab, "TCP") == {"member1"}


def test_HC_04_a_member_is_checked_where_it_says(lab, agent, service):
    made = service(weights={"member1": 1}, monitor={"delay": 1})
    agent.set("member", made.members["member1"], made.pool, monitor_port=9)
    agent.wait_member(made.pool, made.members["member1"], "ERROR", 4)
    agent.set("member", made.members["member1"], made.pool, monitor_address=MEMBERS["member2"], monitor_port=HTTP_PORT)
    made.wait_online(["member1"], 4)
    agent.set("member", made.members["member1"], made.pool, monitor_address=MEMBERS["member2"], monitor_port=9)
    agent.wait_member(made.pool, made.members["member1"], "ERROR", 4)
    agent.set("member", made.members["member1"], made.pool, monitor_address=None, monitor_port=None)
    made.wait_online(["member1"], 4)
