# SPDX-License-Identifier: Apache-2.0
# Shows: LS-09, R2, R7.
"""Nothing that is open is lost while the configuration changes and the agent's and the proxy's programs are replaced, again and again.

A short run by default. ELB_HITLESS=full: 100 changes and 10 upgrades under 1,000 requests a second (what the machine can give), with 200
WebSockets and 50 downloads open."""
import os
import time

import pytest
from agent import Agent
from lab import MEMBERS
from test_http_changes import changes
from web import HTTP_PORT

FULL = os.environ.get("ELB_HITLESS") == "full"
UPGRADES, CHANGES_EACH = (10, 10) if FULL else (2, 10)
SOCKETS, DOWNLOADS = (200, 50) if FULL else (20, 10)
CONNECTIONS, PERIOD = (50, 0.05) if FULL else (10, 0.05)


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_member(member)
        lab.start_http_member(member, HTTP_PORT)
    return Agent(lab).start()


@pytest.fixture
def http(service):
    return service(protocol="HTTP", weights=dict.fromkeys(MEMBERS, 1), member_port=HTTP_PORT)


def test_LS_09_R2_R7_changes_and_upgrades_fail_no_request_and_cut_no_stream(lab, agent, http):
    load = lab.load("client2", "http", count=CONNECTIONS, period=PERIOD)
    sockets = lab.load("client1", "websocket", count=SOCKETS, period=0.5, life=30)
    downloads = lab.load("client1", "download", count=DOWNLOADS, life=8)
    time.sleep(1)
    steps, proxies = changes(agent, http), set()
    for _ in range(UPGRADES):
        for _ in range(CHANGES_EACH):
            next(steps)
        agent.wait_applied(10)
        proxies.update(agent.proxies())
        assert agent.stop() == 0, "what a package does when a new version is installed: end and start again"
        agent.start()
        agent.wait_applied(20)
        time.sleep(0.5)
    proxies.update(agent.proxies())
    reports = {name: each.stop() for name, each in (("requests", load), ("sockets", sockets), ("downloads", downloads))}
    seen = {name: {key: report[key] for key in ("seconds", "ok", "failed", "reasons", "slowest_ms")} for name, report in reports.items()}
    print(seen, "echoes", reports["sockets"]["echoes"])
    assert len(proxies) == UPGRADES + 1, "each time another process"
    for name, report in reports.items():
        assert report["failed"] == 0, (name, report["reasons"], report["failures"][:5])
        assert report["ok"] > 0, name
    assert reports["requests"]["ok"] / reports["requests"]["seconds"] > CONNECTIONS, "a second each, at least"
    assert reports["sockets"]["echoes"] > SOCKETS
