# SPDX-License-Identifier: Apache-2.0
# Shows: LB-10, LB-11.
"""The bandwidth of a load balancer's address, measured with several TCP connections in either direction."""
import contextlib
import socket
import threading
import time

import pytest
from lab import VIP

FLOWS = 4
SECONDS = 10


def measure(lab, direction, seconds, halfway=lambda: None):
    """Mbit/s of payload that FLOWS connections carry up (to the member) or down; every connection must live to the end."""
    with contextlib.ExitStack() as stack:
        with lab.netns("member1"):
            server = stack.enter_context(socket.create_server(("0.0.0.0", 9001)))
        pairs = []
        for _ in range(FLOWS):
            with lab.netns("client1"):
                client = stack.enter_context(socket.socket())
            client.settimeout(10)
            client.connect((VIP, 80))
            member = stack.enter_context(server.accept()[0])
            member.settimeout(10)
            pairs.append((client, member) if direction == "up" else (member, client))
        got, errors, stop = [0] * FLOWS, [], threading.Event()

        def send(sock):
            try:
                while not stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        sock.send(b"x" * 16384)
            except OSError as error:
                errors.append(error)

        def receive(i, sock):
            try:
                while not stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        got[i] += len(sock.recv(1 << 16))
            except OSError as error:
                errors.append(error)
        for i, (source, sink) in enumerate(pairs):
            source.settimeout(0.5)
            sink.settimeout(0.5)
            threading.Thread(target=send, args=(source,), daemon=True).start()
            threading.Thread(target=receive, args=(i, sink), daemon=True).start()
        begun = time.monotonic()
        time.sleep(seconds / 2)
        halfway()
        time.sleep(seconds / 2)
        total, took = sum(got), time.monotonic() - begun
        assert not errors, errors
        stop.set()
        time.sleep(0.6)
    return total * 8 / took / 1e6


@pytest.mark.parametrize("direction", ["up", "down"])
def test_LB_10_bandwidth_is_enforced(lab, agent, service, direction):
    made = service()
    made.add("member1", port=9001)
    agent.set("loadbalancer", made.lb, vip_bandwidth=10)
    agent.wait_applied()
    agent.wait_neighbours(["member1"])
    rate = measure(lab, direction, SECONDS)
    print(direction, rate)
    assert 9 <= rate <= 10.5, rate
    assert agent.drops()["bandwidth"] > 0


def test_LB_11_change_breaks_no_connection(lab, agent, service):
    made = service()
    made.add("member1", port=9001)
    agent.set("loadbalancer", made.lb, vip_bandwidth=5)
    agent.wait_applied()
    agent.wait_neighbours(["member1"])
    rate = measure(lab, "up", 6, halfway=lambda: agent.set("loadbalancer", made.lb, vip_bandwidth=50))
    assert rate > 10, rate
