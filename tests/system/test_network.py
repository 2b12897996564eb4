# SPDX-License-Identifier: Apache-2.0
# Shows: PL-05.
"""What the network does to packets, with real stacks at both ends, in XDP and in tc mode: links of a smaller MTU (path MTU
discovery through the balancer, both ways), fragments, pings, and in tc mode hosts that leave checksums to their card."""
import contextlib
import pathlib
import socket

import pytest
from agent import MEMBER_SUBNET, Agent
from lab import CLIENTS, HARNESS, MEMBERS, VIP, Lab, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORT = 9090
FAR = "10.3.0.11"  # behind member2, over a link of 1300 bytes
SIZE = 3_000_000


@pytest.fixture(scope="module", params=["xdp", "tc"])
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def lab(mode):
    with Lab(log_dir=ROOT / "build" / "test-results" / "system" / f"test_network_{mode}") as made:
        if mode == "tc":  # checksums and segments are left to a card that is not there
            for host in (*CLIENTS, *MEMBERS):
                made.run(host, "ethtool", "-K", "eth0", "tx", "on", "tso", "on", "gso", "on")
        # member2 is a router to member3, which the link between them makes far away.
        made.ip("member2", f"link add far mtu 1300 type veth peer name near netns {made.name('member3')}", "addr add 10.3.0.1/24 dev far", "link set far up")
        made.ip("member3", "link set eth0 down", f"addr add {FAR}/24 dev near", "link set near up", "route replace default via 10.3.0.1")
        made.run("member3", "ethtool", "-K", "near", "tx", "off")
        made.sysctl("member2", ("net.ipv4.ip_forward=1",))
        made.ip("lb", f"route add 10.3.0.0/24 via {MEMBERS['member2']}")
        for member in MEMBERS:
            made.spawn(member, "/usr/bin/python3", HARNESS / "bulk.py", PORT, name="bulk").wait_ready()
        yield made


@pytest.fixture(scope="module")
def agent(lab, mode):
    return Agent(lab, mode=mode).start()


@pytest.fixture(scope="module")
def pools(agent):
    """Port 80: member1; 81: the far one; UDP 53: member1."""
    near = agent.service(port=80)
    far = agent.service(port=81, load_balancer=near.lb)
    udp = agent.service(port=53, protocol="UDP", load_balancer=near.lb)
    for service, address in ((near, MEMBERS["member1"]), (far, FAR), (udp, MEMBERS["member1"])):
        agent.create("member", pool=service.pool, address=address, protocol_port=PORT, weight=1, subnet_id=MEMBER_SUBNET)
    agent.wait_applied()
    return near


def drops(agent):
    status, found = agent.request("GET", "/v1/drops")
    assert status == 200
    return {row["reason"]: row["packets"] for row in (found["drops"] if isinstance(found, dict) else found)}


def download(lab, client, port=80, size=SIZE):
    with contextlib.closing(lab.socket(client)) as sock:
        sock.settimeout(10)
        sock.connect((VIP, port))
        sock.sendall(f"down {size}\n".encode())
        got = 0
        while got < size:
            data = sock.recv(65536)
            assert data, f"closed after {got} bytes"
            got += len(data)
    return got


def upload(lab, client, port=80, size=SIZE):
    with contextlib.closing(lab.socket(client)) as sock:
        sock.settimeout(10)
        sock.connect((VIP, port))
        sock.sendall(f"up {size}\n".encode() + bytes(size))
        return sock.recv(10)


def test_transfers_both_ways(lab, pools):
    assert download(lab, "client1") == SIZE
    assert upload(lab, "client1") == b"done"


def test_a_routers_errors_reach_the_client(lab, agent, pools):
    before = drops(agent).get("icmp_translated", 0)
    assert upload(lab, "client1", 81) == b"done"
    assert drops(agent).get("icmp_translated", 0) > before, "member2 said 'fragmentation needed' to the local address"
    route = lab.run("client1", "ip", "route", "get", VIP).stdout
    assert "mtu 1300" in route, route


def test_the_balancer_tells_the_member(lab, agent, pools):
    """The link to the clients takes 1400 bytes; client2 has not been seen before."""
    lab.ip("lb", "link set front mtu 1400")
    try:
        wait_until(lambda: "mtu 1400" in lab.run("lb", "ip", "link", "show", "front").stdout, 5, "mtu")
        agent.wait_applied()
        before = drops(agent).get("too_big_told", 0)
        assert download(lab, "client2") == SIZE
        assert drops(agent).get("too_big_told", 0) > before
        routes = lab.run("member1", "ip", "route", "show", "cache").stdout + "".join(
            lab.run("member1", "ip", "route", "get", f"100.125.0.{n}").stdout for n in range(2, 255))
        assert "mtu 1400" in routes
    finally:
        lab.ip("lb", "link set front mtu 1500")


def test_datagrams_of_4000_bytes_over_links_of_1500(lab, agent, pools):
    with contextlib.closing(lab.socket("client1", socket.SOCK_DGRAM)) as sock:
        sock.settimeout(3)
        sock.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: never set DF, so fragment
        sock.connect((VIP, 53))
        for n in range(50):
            data = bytes([n]) * 4000
            sock.send(data)
            assert sock.recv(5000) == data


def test_ping_of_the_vip(lab, agent, pools):
    before = drops(agent).get("echo_answered", 0)
    with lab.netns("client1"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with contextlib.closing(sock):
        sock.settimeout(2)
        for _ in range(3):
            sock.sendto(bytes.fromhex("0800f7fd00010001"), (VIP, 0))
            answer, (source, _) = sock.recvfrom(100)
            assert (answer[20:], source) == (bytes.fromhex("0000fffd00010001"), VIP)
    assert drops(agent).get("echo_answered", 0) - before == 3


def test_the_mode_changes_without_ending_connections(lab, agent, pools, mode):
    with contextlib.closing(lab.socket("client1")) as sock:
        sock.settimeout(10)
        sock.connect((VIP, 80))
        sock.sendall(b"up 1000\n" + bytes(400))
        agent.stop()
        other = Agent(lab, mode="tc")
        other.store, other.pin_dir = agent.store, agent.pin_dir
        try:
            other.start()
            sock.sendall(bytes(600))
            assert sock.recv(10) == b"done"
        finally:
            other.stop()
            agent.start()
    assert download(lab, "client1", size=10000) == 10000
