# SPDX-License-Identifier: Apache-2.0
# Shows: S8.
"""A SYN flood from forged sources through the real agent: who is who is told apart by SYN cookies, in XDP and in tc."""
import contextlib
import json

import pytest
from agent import Agent
from lab import HARNESS, MEMBERS, VIP, wait_until

RATE = 10  # new connections a second that each CPU opens by itself: two CPUs, 300 connections in 5 seconds, so most need a cookie


@pytest.fixture(scope="module")
def members(lab):
    for member in MEMBERS:
        lab.start_member(member)


@pytest.fixture(scope="module", params=["xdp", "tc"])
def agent(request, lab, members):
    agent = Agent(lab, **{"mode": request.param, "max-new-connections-per-s": RATE, "flow-slots": 16384}).start()
    yield agent
    agent.stop()
    agent.teardown()


@contextlib.contextmanager
def flood(lab, rate=0, port=80):
    mac = json.loads(lab.run("lb", "ip", "-j", "link", "show", "front").stdout)[0]["address"]
    flags = ("--rate", rate) if rate else ()
    process = lab.spawn("client2", "/usr/bin/python3", HARNESS / "flood.py", "eth0", mac, VIP, port, *flags, name="flood").wait_ready()
    try:
        yield process
    finally:
        print(process.stop())


def count(agent, reason):
    return agent.drops()[reason]


def flows(agent):
    return len(agent.api("GET", "/v1/flows?limit=100000")["flows"])


def test_S8_clients_get_through_a_flood_and_nobody_is_pushed_out(lab, agent, service):
    service(weights={"member1": 1, "member2": 1})
    held = lab.load("client1", "hold", count=50, period=0.1, timeout=10).wait_ready()
    assert held.interim()["open"] == 50
    before = agent.drops()
    with flood(lab):
        wait_until(lambda: count(agent, "syn_cookie_sent") > before["syn_cookie_sent"] + 1000, 10, "cookies are sent")
        # The flood fills the link's queues too, and the ACK that carries a cookie may be what does not fit. Who speaks sends it again
        # with what it says; who waits for the other end's first word waits for ever, with these cookies as with anybody's.
        report = lab.load("client1", "connect", count=300, rate=60, timeout=10, speak=True).finish(60)
        now = agent.drops()
        assert report["ok"] >= 297, report["reasons"]
        assert now["syn_cookie_ok"] - before["syn_cookie_ok"] >= 100, "most of them by cookie"
        for lack in ("table_full", "table_share", "no_port"):
            assert now[lack] == before[lack], lack
        assert now["rate_guard"] == before["rate_guard"]
    held = held.stop()
    assert held["broken"] == 0, held["reasons"]
    assert held["exchanges"] > 50


def ask_first(lab, number):
    """An exchange that begins before the member has been heard of, with more than the window that the cookie promises."""
    with lab.socket("client1") as sock:
        sock.settimeout(10)
        sock.connect((VIP, 80))
        text = f"hello {number} ".encode() + b"x" * 30000 + b"\n"
        sock.sendall(text)
        data = b""
        while data.count(b"\n") < 2:
            chunk = sock.recv(65536)
            assert chunk, "closed early"
            data += chunk
        assert data.split(b"\n")[1] + b"\n" == text


def test_S8_clients_that_speak_first_are_heard(lab, agent, service):
    service(weights={"member1": 1, "member2": 1})
    before = agent.drops()
    with flood(lab, rate=2000):
        wait_until(lambda: count(agent, "syn_cookie_sent") > before["syn_cookie_sent"] + 1000, 10, "cookies are sent")
        number = 0
        while count(agent, "syn_cookie_ok") < before["syn_cookie_ok"] + 20:
            number += 1
            assert number < 3000, "hardly any by cookie"
            ask_first(lab, number)


def test_S8_what_an_end_of_an_idle_connection_is_told_is_in_its_own_numbers(lab, agent, service):
    """The member is taken out: its client's end is reset, though the connection was opened by a cookie."""
    pool = service(weights={"member1": 1})
    before = agent.drops()
    with flood(lab, rate=2000):
        wait_until(lambda: count(agent, "syn_cookie_sent") > before["syn_cookie_sent"] + 1000, 10, "cookies are sent")
        held = []
        while count(agent, "syn_cookie_ok") < before["syn_cookie_ok"] + 5:
            sock = lab.socket("client1")
            sock.settimeout(10)
            sock.connect((VIP, 80))
            assert sock.recv(1000).startswith(b"member1")
            held.append(sock)
        pool.remove("member1")
        for sock in held:
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
            sock.close()


def test_S8_switched_off_the_rate_guard_drops(lab, agent):
    agent.stop()
    agent.flags["syn-cookies"] = "false"
    try:
        agent.start()
        made = agent.service(weights={"member1": 1})
        before = agent.drops()
        with flood(lab, rate=2000):
            wait_until(lambda: count(agent, "rate_guard") > before["rate_guard"] + 1000, 10, "SYNs are dropped")
        assert count(agent, "syn_cookie_sent") == before["syn_cookie_sent"]
        assert flows(agent) > 0
        agent.delete("loadbalancer", made.lb, query="?cascade=true")
    finally:
        agent.stop()
        del agent.flags["syn-cookies"]
        agent.start()
