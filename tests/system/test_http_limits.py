# SPDX-License-Identifier: Apache-2.0
# Shows: FP-08, FP-11.
"""Limits of what clients may ask of an HTTP listener, and the warning where the order of expressions decides."""
import time

import pytest
from agent import Agent
from lab import MEMBERS
from web import HTTP_PORT, connect, curl, read_all


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_http_member(member, HTTP_PORT)
    return Agent(lab).start()


@pytest.fixture
def http(service):
    def make(**options):
        return service(**{"protocol": "HTTP", "weights": dict.fromkeys(MEMBERS, 1), "member_port": HTTP_PORT, **options})
    return make


def test_requests_beyond_the_rate_get_429(lab, agent, http):
    made = http(request_rate_limit=1, request_rate_burst=10)
    seen = [curl(lab, "/") for _ in range(14)]
    statuses = [answer.status for answer in seen]
    assert statuses[:10] == [200] * 10, "a burst"
    assert statuses.count(429) >= 2
    assert next(answer for answer in seen if answer.status == 429).header("Retry-After") == "1"
    agent.set("listener", made.listener, request_rate_limit=None, request_rate_burst=None)
    agent.wait_applied()
    assert {curl(lab, "/").status for _ in range(20)} == {200}


def test_a_slow_body_is_cut_off(lab, http):
    http()  # by default: 100 bytes per second, after half a minute
    with connect(lab, timeout=60) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\n\r\n")
        begun = time.monotonic()
        sock.settimeout(5)
        answer = b""
        while not answer and time.monotonic() - begun < 50:
            sock.sendall(b"x" * 50)
            try:
                answer = sock.recv(65536)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        assert 29 < time.monotonic() - begun < 45
        read_all(sock)


def test_FP_11_the_order_of_expressions_decides_and_the_answer_says_so(agent, http):
    made = http()

    def policy(name, regex, host=None):
        one = agent.create("l7policy", listener_id=made.listener, name=name, action="REJECT")
        assert one["warnings"] == [], "no expression yet"
        path = f"/v2.0/lbaas/l7policies/{one['id']}/rules"
        if host:
            agent.api("POST", path, {"rule": {"type": "HOST_NAME", "compare_type": "EQUAL_TO", "value": host}})
        return agent.api("POST", path, {"rule": {"type": "PATH", "compare_type": "REGEX", "value": regex}})["rule"]["warnings"], one["id"]

    assert policy("first", "/a.*")[0] == []
    warnings, second = policy("second", "/ab.*")
    assert len(warnings) == 1 and "first" in warnings[0] and "position" in warnings[0]
    assert agent.show("l7policy", second)["warnings"] == warnings
    assert policy("elsewhere", "/a.*", host="www.test.com")[0] == [], "of another domain"
    assert "elsewhere" in policy("there too", "/b.*", host="www.test.com")[0][0]
