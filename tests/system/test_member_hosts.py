# SPDX-License-Identifier: Apache-2.0
# Shows: MB-08.
"""What being a member means to the host that is one."""
import socket

from lab import CLIENTS, HARNESS

PORT = 9191


def test_MB_08_a_member_reaches_others_as_before(lab, service):
    service(weights={"member1": 1})
    lab.spawn("client1", "/usr/bin/python3", HARNESS / "bulk.py", PORT, name="bulk").wait_ready()
    with lab.netns("member1"):
        sock = socket.create_connection((CLIENTS["client1"], PORT), 5)
    with sock:
        sock.sendall(b"down 100000\n")
        received = 0
        while chunk := sock.recv(65536):
            received += len(chunk)
    assert received == 100000
    with lab.netns("member1"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(5)
        datagrams.sendto(b"hello", (CLIENTS["client1"], PORT))
        assert datagrams.recvfrom(100)[0] == b"hello"
    assert lab.load("client2", "connect", count=20).finish()["ok"] == 20, "and it serves"
