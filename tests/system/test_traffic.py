# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-02, HC-17, LS-03, LS-11, LS-14, LS-15, LS-17, NET-01, PL-04, PL-09.
"""TCP and UDP through the balancer: how it spreads, what members and clients see of each other."""
import contextlib
import ipaddress
import os
import socket
import time

import pytest
from lab import MEMBER_PORT, MEMBERS, VIP, wait_until
from sniffer import ACK, SYN, Sniffer

LOCAL = ipaddress.ip_network("100.125.0.0/24")
HOST = "100.125.0.1"


def test_GEN_02_load_balancer_without_listener_accepts_nothing(lab, agent, service):
    made = service(weights={"member1": 1})
    lab.wait_port("client1", VIP, 80)
    made.remove("member1")  # LS-10: members first
    agent.delete("listener", made.listener)
    agent.wait_applied()
    report = lab.load("client1", "connect", count=20, timeout=0.3).finish()
    assert (report["ok"], report["failed"]) == (0, 20)
    listener = agent.create("listener", name="again", loadbalancer_id=made.lb, protocol="TCP", protocol_port=80)["id"]
    agent.wait_applied()
    report = lab.load("client1", "connect", count=20, timeout=0.3).finish()
    assert (report["ok"], report["failed"]) == (0, 20), "no pool, no member: nothing is answered"
    pool = agent.create("pool", name="again", listener_id=listener, protocol="TCP", lb_algorithm="ROUND_ROBIN")["id"]
    agent.create("member", pool=pool, address=MEMBERS["member1"], protocol_port=MEMBER_PORT)
    agent.wait_applied()
    report = lab.load("client1", "connect", count=20).finish()
    assert (report["ok"], report["failed"]) == (20, 0)


def test_PL_04_weights_10_20_70_over_10000_connections(lab, service):
    service(weights={"member1": 10, "member2": 20, "member3": 70})
    report = lab.load("client1", "connect", count=10000, concurrency=64).finish(120)
    assert report["failed"] == 0
    for member, share in {"member1": 10, "member2": 20, "member3": 70}.items():
        assert abs(report["by_member"][member] - 10000 * share / 100) <= 10000 * share / 100 * 0.02, report["by_member"]


def test_PL_04_equal_weights_differ_by_at_most_one_per_cpu(lab, service):
    service(weights=dict.fromkeys(MEMBERS, 1))
    first = lab.load("client1", "connect", count=1000, concurrency=32)
    second = lab.load("client2", "connect", count=1000, concurrency=32)
    counts = dict.fromkeys(MEMBERS, 0)
    for report in (first.finish(60), second.finish(60)):
        assert report["failed"] == 0
        for member, count in report["by_member"].items():
            counts[member] += count
    assert sum(counts.values()) == 2000
    assert max(counts.values()) - min(counts.values()) <= os.cpu_count(), counts


def test_PL_04_LS_11_udp_follows_the_weights_and_keeps_a_flow_on_its_member(lab, service):
    service(protocol="UDP", port=53, weights={"member1": 1, "member2": 3})
    report = lab.load("client1", "burst", port=53, count=2000).finish(60)
    assert (report["ok"], report["failed"]) == (2000, 0)
    assert abs(report["by_member"]["member2"] - 1500) <= 30, report["by_member"]
    report = lab.load("client2", "stream", port=53, count=300, rate=600).finish()
    assert (report["lost"], report["duplicates"], len(report["by_member"])) == (0, 0, 1)


def test_PL_09_weight_zero_gets_nothing_new_and_keeps_what_is_open(lab, service):
    pool = service(weights={"member1": 1, "member2": 1})
    held = lab.load("client1", "hold", count=100, period=0.2).wait_ready()
    pool.reweight("member1", 0)
    pool.agent.wait_applied()
    report = lab.load("client2", "connect", count=200).finish()
    assert report["by_member"] == {"member2": 200}
    held = held.stop()
    assert held["by_member"] == {"member1": 50, "member2": 50}
    assert held["broken"] == 0


def test_LS_15_handshake_is_end_to_end(lab, service):
    service(weights={"member1": 1})
    with Sniffer(lab, "client1") as client, Sniffer(lab, "member1") as member:
        assert lab.load("client1", "connect", count=1).finish()["ok"] == 1
    syn, synack = client.select(flags=SYN, dest=VIP)[0], client.select(flags=SYN | ACK, source=VIP)[0]
    member_syn = member.select(flags=SYN, dest=MEMBERS["member1"], dest_port=MEMBER_PORT)[0]
    member_synack = member.select(flags=SYN | ACK, source=MEMBERS["member1"])[0]
    assert syn.seq == member_syn.seq, "the client's own sequence number reaches the member"
    assert synack.seq == member_synack.seq, "the member's own sequence number reaches the client"
    assert syn.at <= member_syn.at <= member_synack.at <= synack.at
    assert member_syn.ttl == syn.ttl - 1


def test_LS_15_balancer_does_not_answer_for_a_silent_member(lab, service):
    service(weights={"member2": 1})
    lab.unplug("member2")
    try:
        with Sniffer(lab, "client1") as client:
            report = lab.load("client1", "connect", count=5, timeout=0.5).finish()
        assert report["reasons"] == {"timeout": 5}
        assert client.select(source=VIP) == []
    finally:
        lab.plug("member2")


def test_LS_15_refusal_of_the_member_reaches_the_client(lab, agent, service):
    pool = service(port=82)
    pool.add("member1", port=9)
    agent.wait_applied()
    report = lab.load("client1", "connect", port=82, count=10).finish()
    assert report["reasons"] == {"ECONNREFUSED": 10}


def test_LS_17_HC_17_members_see_only_the_local_range(lab, service):
    with Sniffer(lab, "member3") as member:
        service(weights={"member3": 1}, monitor={"delay": 1})
        assert lab.load("client1", "connect", count=200).finish()["ok"] == 200
        time.sleep(1.5)
    sources = {packet.source for packet in member.packets if not packet.outgoing}
    assert sources and all(ipaddress.ip_address(source) in LOCAL for source in sources), sources
    assert HOST in sources, "health checks come from the node's own address of the range"
    assert sources - {HOST}, "traffic comes from the others"


def test_NET_01_members_need_only_a_default_route(lab, service):
    service(weights=dict.fromkeys(MEMBERS, 1))
    for member in MEMBERS:
        routes = lab.run(member, "ip", "-4", "route").stdout.split("\n")
        assert [line.split()[0] for line in routes if line] == ["default", "10.2.0.0/24"]
    report = lab.load("client2", "connect", count=300).finish()
    assert report["by_member"] == dict.fromkeys(MEMBERS, 100)


def test_LS_03_tcp_and_udp_share_a_port_number(lab, agent, service):
    tcp = service(port=88, weights={"member1": 1})
    udp_listener = agent.create("listener", name="u", loadbalancer_id=tcp.lb, protocol="UDP", protocol_port=88)["id"]
    pool = agent.create("pool", name="u", listener_id=udp_listener, protocol="UDP", lb_algorithm="ROUND_ROBIN")["id"]
    agent.create("member", pool=pool, address=MEMBERS["member2"], protocol_port=MEMBER_PORT)
    agent.wait_applied()
    assert lab.load("client1", "connect", port=88, count=20).finish()["by_member"] == {"member1": 20}
    assert lab.load("client1", "burst", port=88, count=20).finish()["by_member"] == {"member2": 20}


@pytest.mark.parametrize("size", [1, 1400, 200_000])
def test_LS_14_payload_arrives_whole_in_both_directions(lab, service, size):
    service(weights={"member1": 1})
    data = os.urandom(size).replace(b"\n", b".")
    with contextlib.closing(lab.socket("client1")) as sock:
        sock.settimeout(10)
        sock.connect((VIP, 80))
        stream = sock.makefile("rb")
        assert stream.readline().startswith(b"member1 ")
        sock.sendall(data)
        assert stream.read(size) == data
        sock.shutdown(socket.SHUT_WR)


def test_statistics_count_connections_and_bytes(lab, agent, service):
    made = service(weights={"member1": 1, "member2": 1})
    assert lab.load("client1", "connect", count=100).finish()["ok"] == 100
    stats = agent.api("GET", f"/v2.0/lbaas/listeners/{made.listener}/stats")["stats"]
    assert stats["total_connections"] == 100
    assert stats["bytes_in"] > 100 * 4 * 54 and stats["bytes_out"] > 100 * 3 * 54
    held = lab.load("client1", "hold", count=10).wait_ready()

    def active():
        return agent.api("GET", f"/v2.0/lbaas/loadbalancers/{made.lb}/stats")["stats"]["active_connections"]

    wait_until(lambda: active() == 10, 5, "the sweep of the flow table counts them")
    flows = agent.api("GET", f"/v1/flows?listener_id={made.listener}&protocol=TCP&limit=1000")
    established = [flow for flow in flows["flows"] if flow["state"] == "established"]
    assert len(established) == 10
    assert {flow["client"].split(":")[0] for flow in established} == {"10.1.0.11"}
    assert {ipaddress.ip_address(flow["local"].split(":")[0]) in LOCAL for flow in established} == {True}
    held.stop()


def test_what_is_not_forwarded_is_counted_by_reason(lab, agent, service):
    service(weights={"member1": 1})
    before = agent.drops()
    assert lab.load("client1", "connect", port=9999, count=5, timeout=0.2).finish()["reasons"] == {"timeout": 5}
    assert agent.drops()["no_listener"] >= before["no_listener"] + 5
