# SPDX-License-Identifier: Apache-2.0
# Shows: HC-02, HC-13, HC-14, HC-17, HC-18.
"""Checks of UDP members: the ICMP echo, then the datagram, against members that answer, are silent, are closed, or do not answer pings."""
import socket
import time

import pytest
from agent import Agent, ApiError
from lab import MEMBERS, MEMBERS6, VIP, VIP6, wait_until
from sniffer import Sniffer

MAY_PING = "net.ipv4.ping_group_range=0 2147483647"
SILENT_PORT = 9053
SLACK_S = 1.0


@pytest.fixture(scope="module")
def agent(lab):
    lab.add_ipv6()
    lab.sysctl("lb", (MAY_PING,))
    for member in MEMBERS:
        lab.start_member(member)  # answers every datagram
        lab.sysctl(member, ("net.ipv4.icmp_ratemask=6160",))  # HC-14: what operators are advised to
    return Agent(lab, ipv6=True).start()


@pytest.fixture
def udp(service):
    def make(**options):
        monitor = {"type": "UDP-CONNECT", "delay": 2, "timeout": 1, **options.pop("monitor", {})}
        return service(**{"port": 53, "protocol": "UDP", "weights": {}, "monitor": monitor, "wait": False, **options})
    return make


def reason(agent, pool, member):
    for lb in agent.status()["load_balancers"]:
        for listener in lb["listeners"]:
            for one in (listener["pool"] or {"members": []})["members"]:
                if one["id"] == pool.members[member]:
                    return one["status_reason"]
    return None


def test_HC_02_UDP_pools_and_UDP_checks_belong_together(agent, service):
    pool = service(port=53, protocol="UDP", weights={}, wait=False)
    with pytest.raises(ApiError, match="UDP pool cannot be checked by TCP"):
        agent.create("healthmonitor", pool_id=pool.pool, type="TCP", delay=1, timeout=1, max_retries=1)
    assert agent.create("healthmonitor", pool_id=pool.pool, type="UDP_CONNECT", delay=1, timeout=1, max_retries=1)["type"] == "UDP-CONNECT"
    tcp = service(port=80, weights={}, wait=False)
    with pytest.raises(ApiError, match="TCP pool cannot be checked by UDP-CONNECT"):
        agent.create("healthmonitor", pool_id=tcp.pool, type="UDP-CONNECT", delay=1, timeout=1, max_retries=1)


def test_HC_13_an_answering_port_is_healthy_at_once(agent, udp):
    pool = udp(monitor={"delay": 5, "timeout": 5})
    begun = time.monotonic()
    pool.add("member1")
    agent.wait_member(pool.pool, pool.members["member1"], "ONLINE", 1 + SLACK_S)
    assert time.monotonic() - begun < 1 + SLACK_S, "the answer is not waited out"


def test_HC_13_a_silent_port_is_healthy_a_closed_one_is_not(lab, agent, udp):
    with lab.netns("member2"):
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("0.0.0.0", SILENT_PORT))
    pool = udp()
    pool.add("member2", port=SILENT_PORT)
    agent.wait_member(pool.pool, pool.members["member2"], "ONLINE", 1 + 1 + SLACK_S)
    silent.close()
    agent.wait_member(pool.pool, pool.members["member2"], "ERROR", 2 + 1 + SLACK_S)
    wait_until(lambda: "port unreachable" in reason(agent, pool, "member2"), 3, "the reason")


def test_HC_13_a_member_that_answers_no_ping_is_unhealthy(lab, agent, udp):
    pool = udp()
    pool.add("member3")
    agent.wait_member(pool.pool, pool.members["member3"], "ONLINE", 1 + 1 + SLACK_S)
    lab.sysctl("member3", ("net.ipv4.icmp_echo_ignore_all=1",))
    try:
        agent.wait_member(pool.pool, pool.members["member3"], "ERROR", 2 + 1 + SLACK_S)
        assert "no reply to ICMP echo" in reason(agent, pool, "member3")
    finally:
        lab.sysctl("member3", ("net.ipv4.icmp_echo_ignore_all=0",))
    agent.wait_member(pool.pool, pool.members["member3"], "ONLINE", 2 + 1 + SLACK_S)


def test_HC_17_checks_come_from_the_local_addresses_and_traffic_flows(lab, agent, udp):
    pool = udp()
    with Sniffer(lab, "member1") as sniffer:
        pool.add("member1")
        agent.wait_member(pool.pool, pool.members["member1"], "ONLINE", 2 + SLACK_S)
        time.sleep(2.5)
    sources = {packet.source for packet in sniffer.select(outgoing=False, protocol=socket.IPPROTO_UDP)}
    assert len(sources) == 1 and sources.pop().startswith("100.125.0."), "the node's own local address"
    agent.wait_applied()
    client = lab.socket("client1", socket.SOCK_DGRAM)
    client.settimeout(5)
    client.sendto(b"hello", (VIP, 53))
    assert client.recv(100).startswith(b"member1 ")


def test_HC_13_over_IPv6(lab, agent, udp):
    with lab.netns("member1"):
        silent = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    silent.bind(("::", SILENT_PORT))
    pool = udp(vip=VIP6)
    for member, port in (("member1", SILENT_PORT), ("member2", SILENT_PORT)):
        pool.add(member, port=port, address=MEMBERS6[member])
    agent.wait_member(pool.pool, pool.members["member1"], "ONLINE", 2 + SLACK_S)
    agent.wait_member(pool.pool, pool.members["member2"], "ERROR", 2 + SLACK_S)
    assert "port unreachable" in reason(agent, pool, "member2")
    silent.close()


def test_a_node_that_may_not_ping_says_so(lab, agent, udp):
    lab.sysctl("lb", ("net.ipv4.ping_group_range=1 0",))
    try:
        pool = udp()
        pool.add("member1")
        wait_until(lambda: "ping_group_range" in (reason(agent, pool, "member1") or ""), 3, "the reason names the setting")
        assert pool.state("member1") != "ERROR", "the member is not to blame"
        assert "ping_group_range" in agent.elbctl("doctor", "--all", check=False).stdout
    finally:
        lab.sysctl("lb", (MAY_PING,))
    agent.wait_member(pool.pool, pool.members["member1"], "ONLINE", 4 + SLACK_S)
