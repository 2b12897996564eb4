# SPDX-License-Identifier: Apache-2.0
# Shows: LS-11, LS-17, NET-01.
"""Other networks than the lab's usual one, in XDP and in tc mode: the balancer with one arm, in the network of clients and members; clients
whose frames come with a VLAN tag. (A bond as the balancer's link: tests/bpf_dataplane/bond_test.cpp.)"""
import contextlib
import errno
import ipaddress
import pathlib
import random

import programs
import pytest
import trunk
from agent import Agent
from lab import CLIENTS, VIP, Lab
from programs import curl, sha256

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ipaddress.ip_network("100.125.0.0/24")
SIZE = 5_000_000


@pytest.fixture(scope="module")
def lab():
    with Lab(log_dir=ROOT / "build" / "test-results" / "system" / "test_topologies") as made:
        (made.dir / "www").mkdir()
        (made.dir / "www" / "file").write_bytes(random.Random(SIZE).randbytes(SIZE))
        made.uploads = {host: programs.nginx(made, host, made.dir / "www") for host in ("client2", "member1", "member2")}
        yield made


@contextlib.contextmanager
def agent_on(lab, interfaces, mode):
    agent = Agent(lab, interfaces=interfaces, mode=mode)
    agent.store = lab.dir / f"{'-'.join(interfaces)}-{mode}.db"
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()
        agent.teardown()


def transfer(lab):
    """The file by both ways and some short connections from client1; who answered."""
    got, original = lab.dir / "got", lab.dir / "www" / "file"
    [report] = curl(lab, "client1", "-o", got, f"http://{VIP}/file")
    assert sha256(got) == sha256(original)
    assert ipaddress.ip_address(report["source"]) in LOCAL
    [report] = curl(lab, "client1", "-T", original, f"http://{VIP}/up/file")
    assert sha256(lab.uploads[report["member"]] / "file") == sha256(original)
    reports = curl(lab, "client1", "-o", "/dev/null", "-H", "Connection: close", "-r", "0-999", f"http://{VIP}/file?[1-50]")
    assert {(report["code"], report["down"]) for report in reports} == {("206", 1000)}
    return {report["member"] for report in reports}


@pytest.mark.parametrize("mode", ["xdp", "tc"])
def test_NET_01_one_arm(lab, mode):
    """Frames leave by the interface they came in by; client2 is the member, a neighbour of the client's."""
    with agent_on(lab, ("front",), mode) as agent:
        made = agent.service(monitor={})
        made.add("client2", address=CLIENTS["client2"])
        made.wait_online(["client2"])
        assert transfer(lab) == {"client2"}


def answer_of_the_node(lab):
    with contextlib.closing(lab.socket("client1")) as sock:
        sock.settimeout(1)
        return sock.connect_ex(("10.1.0.1", 9))


def test_LS_11_clients_behind_a_trunk(lab):
    """The node has no VLAN interface: only what the packet program does reaches these clients."""
    assert answer_of_the_node(lab) == errno.ECONNREFUSED
    trunk.attach(lab, "sw1", "lb", 7)
    lab.ip("client1", "neigh flush dev eth0")
    assert answer_of_the_node(lab) != errno.ECONNREFUSED, "its kernel does not see frames of VLAN 7"
    for mode in ("xdp", "tc"):
        with agent_on(lab, ("front", "back"), mode) as agent:
            agent.service(weights={"member1": 1, "member2": 1}, monitor={})
            assert transfer(lab) == {"member1", "member2"}
