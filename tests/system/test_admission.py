# SPDX-License-Identifier: Apache-2.0
# Shows: AC-02, AC-05, AC-07, PL-05, PL-06, PL-07, ST-06, ST-10.
"""Who gets a connection, asked of the API and seen by clients: whitelists, algorithms, stickiness."""
import time

import pytest
from lab import CLIENTS, wait_until

BOTH = {"member1": 1, "member2": 1}


def short(lab, client, count=40):
    return lab.load(client, "connect", count=count, rate=200, timeout=0.5).finish()


def test_AC_02_AC_05_disabled_filled_empty(lab, service):
    pool = service(weights=BOTH)
    assert short(lab, "client1")["failed"] == 0
    whitelist = pool.agent.create("whitelist", listener_id=pool.listener, enable_whitelist=True, whitelist=CLIENTS["client1"])["id"]
    pool.agent.wait_applied()
    assert short(lab, "client1")["failed"] == 0
    assert short(lab, "client2", count=5)["ok"] == 0
    pool.agent.set("whitelist", whitelist, whitelist="")
    pool.agent.wait_applied()
    assert short(lab, "client1", count=5)["ok"] == 0
    pool.agent.set("whitelist", whitelist, enable_whitelist=False)
    pool.agent.wait_applied()
    assert short(lab, "client2")["failed"] == 0


def test_AC_07_a_client_that_is_taken_out_loses_its_connections_within_a_second(lab, service):
    pool = service(weights=BOTH)
    both = ",".join(CLIENTS.values())
    whitelist = pool.agent.create("whitelist", listener_id=pool.listener, enable_whitelist=True, whitelist=both)["id"]
    pool.agent.wait_applied()
    stays = lab.load("client1", "hold", count=20, period=0.1).wait_ready()
    goes = lab.load("client2", "hold", count=20, period=0.1, timeout=1).wait_ready()
    pool.agent.set("whitelist", whitelist, whitelist=CLIENTS["client1"])
    changed = time.monotonic()
    wait_until(lambda: len(pool.agent.api("GET", "/v1/flows")["flows"]) == 20, 3, "the flows of client2 have ended")
    assert time.monotonic() - changed < 1.5
    # a connection at rest sees its reset with its next exchange; the client ends when all of them have
    gone = goes.finish(5)
    assert (gone["broken"], gone["resets"]) == (20, 20)
    assert stays.stop()["broken"] == 0


@pytest.mark.parametrize("algorithm", ["LEAST_CONNECTIONS", "SOURCE_IP", "ROUND_ROBIN"])
def test_PL_07_the_algorithm_changes_under_load(lab, service, algorithm):
    pool = service(weights=BOTH)
    held = lab.load("client1", "hold", count=50, period=0.1).wait_ready()
    connect = lab.load("client2", "connect", rate=200)
    time.sleep(0.5)
    pool.agent.set("pool", pool.pool, lb_algorithm=algorithm)
    pool.agent.wait_applied()
    time.sleep(1)
    report, held = connect.stop(), held.stop()
    assert (report["failed"], held["broken"]) == (0, 0), (report["reasons"], held["reasons"])


def test_PL_05_connections_that_stay_are_balanced(lab, service):
    pool = service(weights=BOTH)
    pool.agent.set("pool", pool.pool, lb_algorithm="LEAST_CONNECTIONS")
    pool.agent.wait_applied()
    held = lab.load("client1", "hold", count=30, period=0.2).wait_ready()
    assert held.interim()["by_member"] == {"member1": 15, "member2": 15}
    pool.reweight("member2", 5)
    pool.agent.wait_applied()
    more = lab.load("client2", "hold", count=60, period=0.2).wait_ready()
    assert more.interim()["by_member"] == {"member2": 60}, "15 : 75 is 1 : 5"
    assert (held.stop()["broken"], more.stop()["broken"]) == (0, 0)


def test_PL_06_a_client_keeps_its_member(lab, service):
    pool = service(weights={"member1": 1, "member2": 1, "member3": 1})
    pool.agent.set("pool", pool.pool, lb_algorithm="SOURCE_IP")
    pool.agent.wait_applied()
    for client in CLIENTS:
        assert len(short(lab, client)["by_member"]) == 1


def test_ST_06_ST_10_stickiness_is_switched_on_and_off(lab, service):
    pool = service(weights=BOTH)
    assert len(short(lab, "client1")["by_member"]) == 2
    pool.agent.set("pool", pool.pool, session_persistence={"type": "SOURCE_IP", "persistence_timeout": 1})
    pool.agent.wait_applied()
    assert len(short(lab, "client1")["by_member"]) == 1
    pool.agent.set("pool", pool.pool, session_persistence=None)
    pool.agent.wait_applied()
    assert len(short(lab, "client1")["by_member"]) == 2
