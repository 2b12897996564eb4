# SPDX-License-Identifier: Apache-2.0
# Shows: LS-09, ST-10, GEN-09, R2.
"""What happens to requests while something changes: the configuration, the proxy's process, the agent's."""
import os
import signal
import time

import pytest
from agent import Agent, bpftool
from lab import MEMBERS, VIP, wait_until
from web import HTTP_PORT, WebSocket, connect, curl


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_member(member)
        lab.start_http_member(member, HTTP_PORT)
    return Agent(lab).start()


@pytest.fixture
def http(service):
    return service(protocol="HTTP", weights=dict.fromkeys(MEMBERS, 1), member_port=HTTP_PORT)


def changes(agent, http):
    """Endless changes of every kind that concerns the listener."""
    extra = None
    while True:
        agent.set("listener", http.listener, description=str(time.monotonic()))
        yield
        http.reweight("member2", 5)
        yield
        agent.set("pool", http.pool, session_persistence={"type": "HTTP_COOKIE"})
        yield
        extra = agent.create("l7policy", listener_id=http.listener, action="REDIRECT_TO_URL", redirect_url="http://elsewhere.example.com/")["id"]
        agent.api("POST", f"/v2.0/lbaas/l7policies/{extra}/rules", {"rule": {"type": "PATH", "compare_type": "STARTS_WITH", "value": "/elsewhere"}})
        yield
        http.remove("member3")
        yield
        http.add("member3", port=HTTP_PORT)
        yield
        agent.set("pool", http.pool, session_persistence=None, lb_algorithm="LEAST_CONNECTIONS")
        yield
        agent.delete("l7policy", extra)
        yield
        agent.set("pool", http.pool, lb_algorithm="ROUND_ROBIN")
        yield
        http.reweight("member2", 1)
        yield


def test_LS_09_ST_10_a_hundred_changes_fail_no_request(lab, agent, http):
    with connect(lab) as sock:
        socket = WebSocket(sock)
        assert socket.open
        load = lab.load("client2", "http", count=20, period=0.02)
        steps = changes(agent, http)
        for _ in range(100):
            next(steps)
            time.sleep(0.02)
        agent.wait_applied()
        assert socket.echo("still here") == "still here"
    report = load.stop()
    assert report["failed"] == 0, report["reasons"]
    assert report["ok"] > 500
    assert report["connections"] == 20, "and no connection was closed for it"


def test_R2_a_killed_proxy_is_back_in_a_second_and_L4_does_not_notice(lab, agent, service, http):
    l4 = service(port=81, weights=dict.fromkeys(MEMBERS, 1))
    held = lab.load("client2", "hold", port=81, count=50, period=0.1).wait_ready()
    assert l4.listener
    before = agent.proxies()
    assert len(before) == 1
    os.kill(before[0], signal.SIGKILL)
    begun = time.monotonic()
    wait_until(lambda: getattr(curl(lab, "/", "--max-time", 3, check=False), "status", 0) == 200, 5, "served again")
    assert time.monotonic() - begun < 2, "a second, and what curl takes"
    assert agent.proxies() != before
    report = held.stop()
    assert report["broken"] == 0, report["reasons"]


def test_steering_that_was_detached_is_attached_again_and_counted(lab, agent, http):
    before = agent.sink("steer")["drift_repaired"]
    bpftool("link", "detach", "pinned", agent.pin_dir / "steer" / "link")
    assert curl(lab, "/", "--max-time", 1, check=False) is None, "nobody has the connection"
    wait_until(lambda: agent.sink("steer")["drift_repaired"] > before, 7, "repaired and counted")
    assert curl(lab, "/").status == 200


def test_R2_requests_go_on_while_the_agent_is_dead(lab, agent, http):
    load = lab.load("client2", "http", count=20, period=0.02)
    time.sleep(0.5)
    agent.kill9()
    time.sleep(1)
    assert curl(lab, f"http://{VIP}/").status == 200, "also new connections"
    agent.start()
    agent.wait_applied(10)
    time.sleep(0.5)
    report = load.stop()
    assert report["failed"] == 0, report["reasons"]
    assert len(agent.proxies()) <= 1
