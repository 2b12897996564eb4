# SPDX-License-Identifier: Apache-2.0
# Shows: PL-05, PL-06, PL-07, ST-06, ST-10, AC-02, AC-05, AC-07, LB-03, LB-12, LB-13, LB-14, GEN-09.
"""From the API to the kernel: what a pool or a listener is told is what its clients meet."""
import time

import pytest
from agent import LBAAS
from lab import CLIENTS, VIP

EIP = "10.1.0.150"  # of the clients' switch, so that they find it without a route
TOGETHER = {"member1": 1, "member2": 1, "member3": 1}


def set_and_wait(agent, kind, object_id, **fields):
    agent.set(kind, object_id, **fields)
    agent.wait_applied()


def served(lab, client, ip=VIP, count=30):
    """How many of `count` new connections were served, and by whom."""
    report = lab.load(client, "connect", ip=ip, count=count, timeout=1.5).finish()
    return report["ok"], report["by_member"]


def test_PL_07_algorithm_changed_under_load_breaks_nothing(lab, service):
    one = service(weights=TOGETHER)
    held = lab.load("client1", "hold", count=100, period=0.2).wait_ready()
    connect = lab.load("client2", "connect", rate=200)
    for algorithm in ("LEAST_CONNECTIONS", "SOURCE_IP", "ROUND_ROBIN", "LEAST_CONNECTIONS", "ROUND_ROBIN"):
        set_and_wait(one.agent, "pool", one.pool, lb_algorithm=algorithm)
        time.sleep(0.3)
    connect, held = connect.stop(), held.stop()
    assert (connect["failed"], held["broken"]) == (0, 0), (connect["reasons"], held["reasons"])
    assert connect["ok"] > 50, "there was a load"


def test_PL_05_least_connections_evens_out_what_is_open(lab, service):
    one = service(weights={"member1": 1, "member2": 1})
    held = lab.load("client1", "hold", count=40, period=5).wait_ready()
    one.add("member3")
    one.agent.wait_applied()
    one.agent.wait_neighbours(["member3"])
    set_and_wait(one.agent, "pool", one.pool, lb_algorithm="LEAST_CONNECTIONS")
    more = lab.load("client2", "hold", count=20, period=5).wait_ready()
    by_member = more.interim()["by_member"]
    held.stop()
    more.stop()
    assert by_member == {"member3": 20}, "the member without connections gets the next ones"


def test_PL_06_source_hash_keeps_a_client_at_its_member(lab, service):
    one = service(weights=TOGETHER)
    set_and_wait(one.agent, "pool", one.pool, lb_algorithm="SOURCE_IP")
    for client in CLIENTS:
        ok, by_member = served(lab, client)
        assert (ok, len(by_member)) == (30, 1), by_member


def test_ST_06_ST_10_stickiness_comes_and_goes(lab, service):
    one = service(weights=TOGETHER)
    assert len(served(lab, "client1")[1]) == 3
    set_and_wait(one.agent, "pool", one.pool, session_persistence={"type": "SOURCE_IP", "persistence_timeout": 1})
    ok, by_member = served(lab, "client1")
    assert (ok, len(by_member)) == (30, 1), by_member
    set_and_wait(one.agent, "pool", one.pool, session_persistence=None)
    assert len(served(lab, "client1")[1]) == 3


@pytest.mark.parametrize("view", ["allowed_cidrs", "whitelists"])
def test_AC_02_only_who_is_listed_nobody_everybody(lab, service, view):
    one = service(weights=TOGETHER)
    agent = one.agent
    made = None
    if view == "whitelists":
        body = {"whitelist": {"listener_id": one.listener, "whitelist": f" {CLIENTS['client1']} , 192.0.2.0/24"}}
        made = agent.api("POST", f"{LBAAS}/whitelists", body)["whitelist"]["id"]
        agent.wait_applied()
    else:
        set_and_wait(agent, "listener", one.listener, allowed_cidrs=[CLIENTS["client1"] + "/32", "192.0.2.0/24"])
    assert served(lab, "client1")[0] == 30
    assert served(lab, "client2", count=3)[0] == 0
    if made:  # AC-02: enabled and empty admits nobody
        set_and_wait(agent, "whitelist", made, whitelist="")
        assert served(lab, "client1", count=3)[0] == 0
        set_and_wait(agent, "whitelist", made, enable_whitelist=False)
    else:
        set_and_wait(agent, "listener", one.listener, allowed_cidrs=["255.255.255.255/32"])
        assert served(lab, "client1", count=3)[0] == 0
        set_and_wait(agent, "listener", one.listener, allowed_cidrs=None)
    assert [served(lab, client)[0] for client in CLIENTS] == [30, 30]


def test_connection_limit_bounds_what_is_open(lab, service):
    one = service(weights=TOGETHER)
    set_and_wait(one.agent, "listener", one.listener, connection_limit=5)
    held = lab.load("client1", "hold", count=5, period=5).wait_ready()
    assert served(lab, "client2", count=3)[0] == 0
    set_and_wait(one.agent, "listener", one.listener, connection_limit=-1)
    assert served(lab, "client2")[0] == 30
    assert held.stop()["broken"] == 0


def test_LB_03_LB_12_LB_13_an_eip_is_served_while_it_is_bound(lab, service):
    one = service(weights=TOGETHER)
    agent = one.agent
    assert served(lab, "client1", ip=EIP, count=2)[0] == 0
    eip = agent.api("POST", "/v1/eips", {"eip": {"address": EIP}})["eip"]["id"]
    agent.api("PUT", f"/v1/eips/{eip}", {"eip": {"loadbalancer_id": one.lb}})
    agent.wait_applied()
    assert agent.show("loadbalancer", one.lb)["eip"] == EIP
    assert served(lab, "client1", ip=EIP)[0] == 30
    assert served(lab, "client2")[0] == 30, "the VIP goes on"
    agent.api("PUT", f"/v1/eips/{eip}", {"eip": {"loadbalancer_id": None}})
    agent.wait_applied()
    assert served(lab, "client1", ip=EIP, count=2)[0] == 0
    assert served(lab, "client2")[0] == 30
    agent.elbctl("eip", "bind", EIP, one.lb, "--wait")
    assert served(lab, "client1", ip=EIP)[0] == 30
    agent.elbctl("eip", "unbind", EIP, "--wait")
    agent.elbctl("eip", "delete", EIP)


def test_GEN_09_a_monitor_added_to_a_running_pool_takes_nobody_out(lab, service):
    one = service(weights=TOGETHER)
    held = lab.load("client1", "hold", count=60, period=0.2).wait_ready()
    connect = lab.load("client2", "connect", rate=200)
    one.agent.create("healthmonitor", pool_id=one.pool, type="TCP", delay=1, timeout=1, max_retries=3)
    one.agent.wait_applied()
    one.wait_online(TOGETHER)
    connect, held = connect.stop(), held.stop()
    assert (connect["failed"], held["broken"]) == (0, 0), (connect["reasons"], held["reasons"])
    assert len(connect["by_member"]) == 3
