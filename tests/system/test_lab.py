# SPDX-License-Identifier: Apache-2.0
# Shows: NET-01.
"""The lab itself, over plain kernel routing: what the other system tests rely on, and that its load clients can see faults."""
import os
import pathlib
import signal
import subprocess
import sys
import time

from lab import MEMBER_PORT, MEMBERS, RUN, Lab, wait_until

HARNESS = pathlib.Path(__file__).resolve().parents[1] / "harness"


def test_clients_reach_members_over_the_balancers_routing(lab):
    for member in MEMBERS:
        lab.start_member(member)
    report = lab.load("client1", "connect", MEMBERS["member2"], MEMBER_PORT, count=200).finish()
    assert report["by_member"] == {"member2": 200}
    assert report["sources"] == ["10.1.0.11"]
    assert report["failed"] == 0


def test_NET_01_members_have_only_a_default_route(lab):
    routes = lab.run("member1", "ip", "-4", "route").stdout.split("\n")
    assert [line.split()[0] for line in routes if line] == ["default", "10.2.0.0/24"]


def test_udp_clients_count_what_comes_back(lab):
    report = lab.load("client2", "stream", MEMBERS["member1"], MEMBER_PORT, count=200, rate=400).finish()
    assert (report["sent"], report["lost"], report["by_member"]) == (200, 0, {"member1": 200})
    report = lab.load("client2", "burst", MEMBERS["member3"], MEMBER_PORT, count=100).finish()
    assert (report["ok"], report["failed"]) == (100, 0)


def test_clients_notice_resets_refusals_and_loss(lab):
    held = lab.load("client1", "hold", MEMBERS["member1"], MEMBER_PORT, count=50, period=0.1, timeout=2).wait_ready()
    stream = lab.load("client1", "stream", MEMBERS["member1"], MEMBER_PORT, rate=200)
    time.sleep(0.5)
    lab.kill_member("member1")
    time.sleep(0.5)
    assert held.stop()["broken"] == 50
    assert stream.stop()["lost"] > 50
    refused = lab.load("client1", "connect", MEMBERS["member1"], MEMBER_PORT, count=10).finish()
    assert refused["reasons"] == {"ECONNREFUSED": 10}
    lab.start_member("member1")
    lab.unplug("member1")
    silent = lab.load("client1", "connect", MEMBERS["member1"], MEMBER_PORT, count=10, timeout=0.5).finish()
    assert silent["reasons"] == {"timeout": 10}
    lab.plug("member1")
    lab.wait_port("client1", MEMBERS["member1"], MEMBER_PORT)


def test_a_lab_whose_owner_was_killed_is_swept_by_the_next():
    script = f"import sys; sys.path.insert(0, {str(HARNESS)!r}); from lab import Lab; lab = Lab('orphan').__enter__(); " \
             "p = lab.spawn('client1', 'sleep', '1000'); print(lab.id, p.pid, flush=True); import time; time.sleep(100)"
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    lab_id, pid = owner.stdout.readline().split()
    assert (RUN / lab_id).exists() and os.path.exists(f"/run/netns/{lab_id}-lb")
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    with Lab("next"):
        assert not (RUN / lab_id).exists()
        assert not os.path.exists(f"/run/netns/{lab_id}-lb")
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 5, "end of the orphan's process")
