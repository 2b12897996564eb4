# SPDX-License-Identifier: Apache-2.0
# Shows: MON-02, LS-18, LS-19.
"""What was asked of an HTTP listener is what its counters say, exactly, and a killed proxy takes nothing away."""
import os
import signal
import socket
import struct
import time

import pytest
from agent import Agent
from lab import MEMBERS, wait_until
from web import HTTP_PORT, connect, curl, raw


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_http_member(member, HTTP_PORT)
        lab.start_member(member)
    return Agent(lab).start()


@pytest.fixture
def http(service):
    return service(protocol="HTTP", weights=dict.fromkeys(MEMBERS, 1), member_port=HTTP_PORT)


def leave_early(lab):
    """A request whose client is gone before it is answered."""
    with connect(lab) as sock:
        sock.sendall(b"GET /sleep/0.5 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def load(lab):
    """One of each kind, several times; what the counters have to say of it."""
    for _ in range(20):
        assert curl(lab, "/", "-d", "0123456789").status == 200
    for _ in range(3):
        assert curl(lab, "/status/404").status == 404
    for _ in range(2):
        assert curl(lab, "/drop", "-d", "x").status == 502
    for _ in range(4):
        leave_early(lab)
    for _ in range(5):
        assert raw(lab, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    return {"requests": 34, "status_2xx": 20, "status_3xx": 0, "status_4xx": 12, "status_5xx": 2, "status_other": 0, "status_404": 3,
            "status_499": 4, "status_502": 2, "malformed": 5}


def counted(agent, listener):
    document = agent.api("GET", f"/v2.0/lbaas/listeners/{listener}/stats")
    return document["stats"], document["http"]


def settled(agent, listener, requests):
    """The counters are at most a second old; a client that left is counted when its answer would be written."""
    wait_until(lambda: counted(agent, listener)[1]["requests"] >= requests, 3, f"{requests} requests are counted")
    time.sleep(1.1)
    return counted(agent, listener)


def test_MON_02_counts_are_exact_and_outlive_the_proxy(lab, agent, http):
    wanted = load(lab)
    stats, told = settled(agent, http.listener, wanted["requests"])
    assert {key: told[key] for key in wanted} == wanted
    assert (stats["total_connections"], stats["active_connections"], stats["request_errors"]) == (34, 0, 5)
    assert stats["bytes_in"] > 20 * 10
    assert stats["bytes_out"] > 20 * 100
    assert sum(told["latency_us"].values()) == 34
    assert 0 < told["p50_us"] <= told["p95_us"] <= told["p99_us"]
    assert told["p99_us"] >= 100_000, "four clients had patience for a tenth of a second"
    members = [member for member in agent.api("GET", "/v1/counters")["members"] if member["pool_id"] == http.pool]
    assert sum(member["http"]["requests"] for member in members) >= 29, "what reached members, retries included"

    before = agent.proxies()
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: getattr(curl(lab, "/head", "-I", "--max-time", 3, check=False), "status", 0) == 200, 5, "served again")
    again = load(lab)
    stats, after = settled(agent, http.listener, 2 * wanted["requests"] + 1)
    assert after["requests"] == told["requests"] + again["requests"] + 1
    assert after["status_2xx"] == told["status_2xx"] + again["status_2xx"] + 1
    for key in ("status_4xx", "status_5xx", "status_404", "status_499", "status_502", "malformed"):
        assert after[key] == told[key] + again[key], key
    assert stats["total_connections"] == 69
    assert sum(after["latency_us"].values()) == 69


def test_open_connections_and_those_of_a_dead_proxy(lab, agent, http):
    held = [connect(lab) for _ in range(7)]
    for sock in held:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sock.recv(65536)
    wait_until(lambda: counted(agent, http.listener)[0]["active_connections"] == 7, 3, "seven are open")
    os.kill(agent.proxies()[0], signal.SIGKILL)
    wait_until(lambda: counted(agent, http.listener)[0]["active_connections"] == 0, 3, "none is open")
    for sock in held:
        sock.close()


def test_elbctl_shows_them(lab, agent, http):
    for _ in range(10):
        assert curl(lab, "/").status == 200
    settled(agent, http.listener, 10)
    shown = agent.elbctl("listener", "stats", http.listener, "-o", "json").stdout
    assert '"requests": 10' in shown or '"requests":10' in shown, shown
    top = agent.elbctl("top", "--once").stdout
    assert "REQ/S" in top, top
