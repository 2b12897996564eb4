# SPDX-License-Identifier: Apache-2.0
# Shows: LS-12, GEN-03.
"""The life of TCP connections through the real agent: idle ones, stray segments, listeners that cannot serve."""
import contextlib
import errno
import socket
import time

import pytest
from agent import Agent
from lab import MEMBERS, VIP
from sniffer import ACK, RST, Sniffer

IDLE_S = 5


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_member(member)
    return Agent(lab, **{"tcp-idle-s": IDLE_S, "port-rest-s": 2}).start()


def connect(lab, port=80, role="client1", timeout=5):
    with lab.netns(role):
        sock = socket.socket()
    sock.settimeout(timeout)
    sock.connect((VIP, port))
    return sock


def listen(lab, role, port):
    with lab.netns(role):
        server = socket.create_server(("0.0.0.0", port))
    server.settimeout(5)
    return server


@contextlib.contextmanager
def pair(lab, agent, service, port=80, **options):
    """A connection and the member's end of it, held by this process."""
    with listen(lab, "member1", 9000) as server:
        service(port=port, **options).add("member1", port=9000)
        agent.wait_applied()
        agent.wait_neighbours(["member1"])
        with connect(lab, port) as client, server.accept()[0] as member:
            member.settimeout(20)
            yield client, member


def error_of(call):
    try:
        call()
    except OSError as error:
        return error.errno
    return 0


def exchange(client, member):
    client.sendall(b"question")
    assert member.recv(100) == b"question"
    member.sendall(b"answer")
    assert client.recv(100) == b"answer"


def test_LS_12_idle_connection_is_reset_at_both_ends(lab, agent, service):
    with pair(lab, agent, service) as (client, member):
        exchange(client, member)
        time.sleep(IDLE_S - 1)
        exchange(client, member)  # still there, and its clock starts anew
        time.sleep(IDLE_S - 1)
        exchange(client, member)
        begun = time.monotonic()
        client.settimeout(20)
        with Sniffer(lab, "member1") as at_member, Sniffer(lab, "client1") as at_client:
            assert error_of(lambda: member.recv(1)) == errno.ECONNRESET
            assert error_of(lambda: client.recv(1)) == errno.ECONNRESET
        took = time.monotonic() - begun
        assert IDLE_S <= took <= IDLE_S + 5, took
        # Neither end had to ask: one reset each, acknowledging what the end has sent.
        for seen in (at_member, at_client):
            resets = [p for p in seen.packets if p.flags & RST and not p.outgoing]
            assert [p.flags for p in resets] == [RST | ACK]
    assert agent.drops()["reset_sent"] >= 2


def test_removed_member_tells_both_ends(lab, agent, service):
    with listen(lab, "member1", 9000) as server:
        made = service()
        made.add("member1", port=9000)
        agent.wait_applied()
        agent.wait_neighbours(["member1"])
        with connect(lab) as client, server.accept()[0] as member:
            member.settimeout(5)
            exchange(client, member)
            made.remove("member1")
            assert error_of(lambda: member.recv(1)) == errno.ECONNRESET
            assert error_of(lambda: client.recv(1)) == errno.ECONNRESET


def test_stray_segment_is_answered(lab, agent, service):
    with pair(lab, agent, service) as (client, member):
        exchange(client, member)
        before = agent.drops().get("not_syn", 0)
        with lab.netns("client2"):
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        with raw, Sniffer(lab, "client2") as seen:
            segment = bytes.fromhex("9c40 0050 00000007 12345678 5010 0400 0000 0000".replace(" ", ""))
            raw.sendto(with_check(segment, "10.1.0.12", VIP), (VIP, 0))
            time.sleep(0.5)
        answers = [p for p in seen.packets if p.flags & RST and not p.outgoing]
        assert [(p.seq, p.flags) for p in answers] == [(0x12345678, RST)]
        assert agent.drops()["not_syn"] == before + 1


def with_check(segment, source, dest):
    data = socket.inet_aton(source) + socket.inet_aton(dest) + bytes([0, 6]) + len(segment).to_bytes(2, "big") + segment
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return segment[:16] + (~total & 0xffff).to_bytes(2, "big") + segment[18:]


def test_GEN_03_listener_without_members_refuses_at_once(lab, agent, service):
    service()
    begun = time.monotonic()
    assert error_of(lambda: connect(lab).close()) == errno.ECONNREFUSED
    assert time.monotonic() - begun < 0.5
    assert agent.drops()["no_member"] >= 1


def test_local_port_is_used_again_after_its_rest(lab, agent, service):
    """The client comes again from the same port: first while the old connection is closing, then when it is long gone."""
    service(weights={"member1": 1})
    for pause in (0.2, 4):
        for _ in range(2):
            with lab.netns("client1"):
                sock = socket.socket()
            with sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes.fromhex("0100000000000000"))
                sock.bind(("10.1.0.11", 42000))
                sock.settimeout(5)
                sock.connect((VIP, 80))
                assert sock.recv(100).startswith(b"member1 ")
            time.sleep(pause)
