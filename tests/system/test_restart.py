# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-08.
"""Death, restart and drift: traffic must not depend on the agent, and what is configured must become true again."""
import contextlib
import json
import os
import time

import pytest
from agent import bpftool
from lab import MEMBERS, wait_until

RECONVERGE_S = 2.0
REPAIR_S = 5.0


@pytest.fixture
def load(lab):
    """1,000 open connections, a UDP stream and new connections; ends without a reset, a loss or a failure."""
    running = {}

    def begin():
        running["held"] = lab.load("client1", "hold", count=1000, period=1).wait_ready(40)
        running["stream"] = lab.load("client2", "stream", port=53, rate=200)
        running["connect"] = lab.load("client2", "connect", rate=100)

    yield begin
    reports = {name: process.stop(40) for name, process in running.items()}
    assert reports["held"]["open"] == 1000
    assert (reports["held"]["broken"], reports["held"]["resets"]) == (0, 0), reports["held"]["reasons"]
    assert reports["stream"]["lost"] == 0, reports["stream"]["failures"]
    assert reports["connect"]["failed"] == 0, reports["connect"]["reasons"]


@pytest.fixture
def both(service, agent):
    tcp = service(weights=dict.fromkeys(MEMBERS, 1), monitor={})
    service(protocol="UDP", port=53, weights=dict.fromkeys(MEMBERS, 1))
    return tcp


def test_GEN_08_kill_9_of_the_agent_is_not_noticed_by_traffic(lab, agent, both, load):
    load()
    for round_number in range(3):
        time.sleep(0.5)
        agent.kill9()
        time.sleep(1.5)
        begun = time.monotonic()
        agent.start()
        agent.wait_applied()
        took = time.monotonic() - begun
        assert took < RECONVERGE_S, f"round {round_number}: {took:.2f} s until applied"
        assert all(both.state(member) == "ONLINE" for member in MEMBERS), "adopted members start as healthy"
    time.sleep(2)


def test_graceful_stop_leaves_traffic_running(lab, agent, both, load):
    load()
    assert agent.stop() == 0
    time.sleep(2)
    agent.start()
    agent.wait_applied()


def test_changes_after_a_restart_reach_the_same_connections(lab, agent, both, load):
    load()
    agent.kill9()
    agent.start()
    both.reweight("member1", 5)
    agent.wait_applied()
    flows = agent.api("GET", "/v1/flows?protocol=TCP&limit=1")
    assert flows["matched"] >= 1000


def attached(lab, interface):
    return json.loads(lab.run("lb", "ip", "-j", "link", "show", interface).stdout)[0]["xdp"]["prog"]["id"]


def test_program_is_replaced_in_place_without_losing_a_flow(lab, agent, both, load):
    """Each start loads a program anew; the links and the connections stay the same."""
    load()
    link = {path.name: bpftool("link", "show", "pinned", path)["id"] for path in agent.pin_dir.rglob("if*")}
    seen = {attached(lab, "front")}
    for wait in (0, 0.2, 0.5, 0, 0.1):
        agent.stop()
        time.sleep(wait)
        checked = lab.run("lb", *agent.argv("--check"))
        assert "adopt" in checked.stdout and checked.stdout.count("replace ") == 2, checked.stdout
        agent.start()
        agent.wait_applied()
        seen.add(attached(lab, "front"))
    assert len(seen) == 6, "the same program all the time: nothing was replaced"
    assert link == {path.name: bpftool("link", "show", "pinned", path)["id"] for path in agent.pin_dir.rglob("if*")}


def set_abi(agent, version):
    meta = pins(agent, "elb_meta")
    entry = bpftool("map", "lookup", "pinned", meta, "key", "hex", "00", "00", "00", "00")
    value = [byte.removeprefix("0x") for byte in entry["value"]]
    value[:4] = [f"{byte:02x}" for byte in version.to_bytes(4, "little")]
    bpftool("map", "update", "pinned", meta, "key", "hex", "00", "00", "00", "00", "value", "hex", *value)


def test_maps_of_another_abi_version_are_told_refused_or_rebuilt(lab, agent, service):
    service(weights=dict.fromkeys(MEMBERS, 1))
    running = lab.run("lb", *agent.argv("--check"), check=False)
    assert running.returncode == 1 and "REFUSE" in running.stdout and "agent is running" in running.stdout
    version = agent.api("GET", "/v1/version")["abi"]
    agent.stop()
    set_abi(agent, version + 97)
    would = lab.run("lb", *agent.argv("--check"), check=False)
    assert would.returncode == 3 and "REBUILD" in would.stdout and f"ABI version {version + 97} instead of {version}" in would.stdout
    kept = lab.run("lb", *agent.argv("--check", "--no-rebuild"), check=False)
    assert kept.returncode == 1 and "REFUSE" in kept.stdout
    before = {path: os.stat(path).st_ino for path in agent.pin_dir.rglob("elb_*")}
    refused = lab.run("lb", *agent.argv("--no-rebuild"), check=False)
    assert refused.returncode == 1 and "do not fit" in refused.stderr + refused.stdout
    assert before == {path: os.stat(path).st_ino for path in agent.pin_dir.rglob("elb_*")}, "nothing was touched"
    assert lab.load("client1", "connect", count=20).finish()["failed"] == 0, "the old program goes on"
    agent.start()
    agent.wait_applied()
    agent.wait_neighbours(MEMBERS)
    assert "are rebuilt, open connections are lost" in agent.process.log.read_text()
    assert lab.load("client1", "connect", count=20).finish()["failed"] == 0


def test_doctor_tells_of_another_agents_maps(lab, agent, service):
    service(weights=dict.fromkeys(MEMBERS, 1))
    other = agent.pin_dir.parent / "elb-other"
    other.mkdir()
    try:
        bpftool("map", "pin", "pinned", pins(agent, "elb_meta"), other / "elb_meta")
        findings = {finding["check"]: finding for finding in agent.api("GET", "/v1/doctor")["findings"]}
        assert findings["pins.others"]["subject"] == str(other) and "ABI version" in findings["pins.others"]["seen"]
    finally:
        (other / "elb_meta").unlink(missing_ok=True)
        other.rmdir()


def pins(agent, name):
    return next(agent.pin_dir.rglob(name))


def repaired(agent, before, timeout_s=REPAIR_S + 1):
    begun = time.monotonic()
    wait_until(lambda: agent.sink()["drift_repaired"] > before["drift_repaired"], timeout_s, "repair counted")
    return time.monotonic() - begun


def see_it_break(lab, agent, damage):
    """Does the damage and sees that traffic needs what is gone. An audit may come in between; then once more."""
    for _ in range(4):
        before = agent.sink()
        damage()
        lab.ip("client1", "neigh flush dev eth0")  # the answer to ARP is part of what may be damaged
        if lab.load("client1", "connect", count=3, timeout=0.2).finish()["failed"] == 3:
            return before
        assert agent.sink()["drift_repaired"] > before["drift_repaired"], "traffic goes on without what was removed"
    raise AssertionError("repaired faster than this test could look, four times")


@pytest.mark.parametrize("name", ["elb_listeners", "elb_rings", "elb_addrs"])
def test_deleted_map_entries_are_repaired_and_counted(lab, agent, service, name):
    service(weights=dict.fromkeys(MEMBERS, 1))
    path = pins(agent, name)

    def delete_all():
        for entry in bpftool("map", "dump", "pinned", path):
            if "key" in entry and "error" not in entry.get("value", {}):
                with contextlib.suppress(RuntimeError):  # slots of an array of maps that hold nothing
                    bpftool("map", "delete", "pinned", path, "key", "hex", *(byte.removeprefix("0x") for byte in entry["key"]))

    before = see_it_break(lab, agent, delete_all)
    assert repaired(agent, before) <= REPAIR_S + 0.5
    assert lab.load("client1", "connect", count=100).finish()["failed"] == 0
    assert agent.sink()["last_finding"]


def test_detached_link_is_attached_again_and_counted(lab, agent, service):
    service(weights=dict.fromkeys(MEMBERS, 1))
    links = [path for path in (agent.pin_dir / "links").iterdir() if is_link(path)]
    assert len(links) == 2
    for link in links:
        before = see_it_break(lab, agent, lambda link=link: bpftool("link", "detach", "pinned", link))
        assert repaired(agent, before) <= REPAIR_S + 0.5
        assert lab.load("client1", "connect", count=100).finish()["failed"] == 0


def is_link(path):
    with contextlib.suppress(RuntimeError):
        return bool(bpftool("link", "show", "pinned", path))
    return False


def test_a_pass_over_what_is_right_writes_nothing(agent, service):
    service(weights=dict.fromkeys(MEMBERS, 1))
    before = agent.sink()
    time.sleep(REPAIR_S + 1.5)
    after = agent.sink()
    assert (after["writes"], after["drift_repaired"]) == (before["writes"], before["drift_repaired"])


def test_teardown_removes_programs_and_pins(lab, agent, service):
    made = service(weights=dict.fromkeys(MEMBERS, 1))
    assert lab.load("client1", "connect", count=10).finish()["ok"] == 10
    agent.stop()
    agent.teardown()
    assert [path for path in agent.pin_dir.rglob("*") if path.is_file()] == []
    assert "xdp" not in lab.run("lb", "ip", "link", "show", "front").stdout
    assert lab.load("client1", "connect", count=5, timeout=0.2).finish()["failed"] == 5
    agent.start()
    agent.wait_applied()
    assert made.lb in [lb["id"] for lb in agent.status()["load_balancers"]], "the store is not touched by a teardown"
    assert lab.load("client1", "connect", count=100).finish()["ok"] == 100
