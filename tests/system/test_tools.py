# SPDX-License-Identifier: Apache-2.0
# Shows: FAQ-01, PF-02, GEN-07.
"""doctor, trace and top against a real data path: what they say is what then happens."""
import json

import pytest
from lab import CLIENTS, MEMBER_PORT, MEMBERS, VIP

CLIENT = CLIENTS["client1"]


def doctor(agent):
    answer = agent.api("GET", "/v1/doctor")
    return {finding["check"]: finding for finding in answer["findings"] if finding["severity"] != "ok"}, answer


def trace(agent, client, vip, protocol="TCP"):
    client, vip = client.rsplit(":", 1), vip.rsplit(":", 1)
    return agent.api("GET", f"/v1/trace?protocol={protocol}&client={client[0]}&client_port={client[1]}&vip={vip[0]}&vip_port={vip[1]}")


def steps(answer):
    return [step["step"] for step in answer["steps"]]


def connect(lab, port, vip_port=80):
    sock = lab.socket("client1")
    sock.settimeout(3)
    sock.bind((CLIENT, port))
    sock.connect((VIP, vip_port))
    return sock


def test_doctor_finds_no_error_in_a_node_that_works(agent, service):
    service(weights=dict.fromkeys(MEMBERS, 1), monitor={})
    bad, answer = doctor(agent)
    assert answer["errors"] == 0, bad
    assert set(bad) <= {"link.veth", "agent.memory"}, "the lab's switches are in namespaces of their own, nothing else is to find"
    checks = {finding["check"] for finding in answer["findings"]}
    assert checks >= {"link.program", "link.state", "link.lro", "kernel.version", "kernel.jit", "agent.capabilities", "agent.sweep",
                      "agent.reconcile", "map.flows", "ports", "member.next_hop", "pins.abi", "address", "pool", "drops"}
    assert any("300 s" in question["question"] for question in answer["checklist"])
    done = agent.elbctl("doctor")
    assert "0 errors" in done.stdout and "ask in this order" in done.stdout
    assert json.loads(agent.elbctl("doctor", "-o", "json").stdout)["errors"] == 0


@pytest.fixture
def undo():
    steps_back = []
    yield steps_back.append
    for step in reversed(steps_back):
        step()


def test_doctor_names_what_was_broken_and_its_remedies_mend_it(lab, agent, service, undo):
    service(weights=dict.fromkeys(MEMBERS, 1))
    lab.ip("lb", f"addr add {VIP}/32 dev back", "addr add 100.125.0.77/32 dev back")
    undo(lambda: lab.run("lb", "ip", "addr", "del", f"{VIP}/32", "dev", "back", check=False))
    undo(lambda: lab.run("lb", "ip", "addr", "del", "100.125.0.77/32", "dev", "back", check=False))
    bad, answer = doctor(agent)
    assert bad["address.vip"]["severity"] == "warning" and bad["address.local"]["severity"] == "error"
    assert agent.elbctl("doctor", check=False).returncode == 1
    for check in ("address.vip", "address.local"):
        lab.run("lb", "sh", "-c", bad[check]["remedy"])
    bad, answer = doctor(agent)
    assert answer["errors"] == 0, bad


def test_doctor_tells_dead_members_and_zones(lab, agent, service):
    made = service(weights=dict.fromkeys(MEMBERS, 1), monitor={})
    lab.kill_member("member3")  # the only one of az2
    try:
        agent.wait_member(made.pool, made.members["member3"], "ERROR")
        bad, answer = doctor(agent)
        assert "refused" in bad["member.health"]["seen"] and f":{MEMBER_PORT}" in bad["member.health"]["remedy"]
        assert "az2" in bad["az_without_healthy_member"]["seen"]
        assert answer["errors"] == 0, bad
    finally:
        lab.start_member("member3")


def test_doctor_without_an_agent_looks_at_what_it_can(lab, agent, service):
    service(weights=dict.fromkeys(MEMBERS, 1))
    agent.stop()
    try:
        done = agent.elbctl("doctor", "--interface", "front", "--all", check=False)
        assert done.returncode == 5
        assert "not" in done.stderr and "front: is up" in done.stdout and "kernel: is" in done.stdout
    finally:
        agent.start()
        agent.wait_applied()


def test_trace_says_what_then_happens(lab, agent, service):
    made = service(weights={"member1": 2, "member2": 1, "member3": 1})
    for port in range(40000, 40008):
        told = trace(agent, f"{CLIENT}:{port}", f"{VIP}:80")
        assert told["verdict"] == "forward" and not told["existing"], told
        assert told == trace(agent, f"{CLIENT}:{port}", f"{VIP}:80"), "asking changes nothing"
        assert steps(told)[:2] == ["flow", "listener"] and {"algorithm", "member", "next_hop", "local"} <= set(steps(told))
        assert told["listener_id"] == made.listener and sorted(told["candidates"]) == sorted(f"{ip}:{MEMBER_PORT}" for ip in MEMBERS.values())
        with connect(lab, port):
            known = trace(agent, f"{CLIENT}:{port}", f"{VIP}:80")
            assert known["existing"] and known["member"] == told["member"], "the member that was foretold"
            assert known["member_id"] == told["member_id"] == made.members[told["member_name"]]
            back = trace(agent, known["member"], known["local"])
            assert back["existing"] and back["member"] == known["member"]
    text = agent.elbctl("trace", "tcp", f"{CLIENT}:41000", f"{VIP}:80").stdout
    assert "round robin" in text and "forwarded to member" in text


def test_trace_gives_the_reason_that_is_then_counted(lab, agent, service):
    service(weights={"member1": 0})
    for vip, reason in ((f"{VIP}:80", "no_member"), (f"{VIP}:81", "no_listener")):
        told = trace(agent, f"{CLIENT}:40100", vip)
        assert (told["verdict"], told["reason"]) == ("drop", reason) and told["steps"][-1]["stop"]
        before = agent.drops()[reason]
        assert lab.load("client1", "connect", port=int(vip.rsplit(":", 1)[1]), count=2, timeout=0.2).finish()["failed"] == 2
        assert agent.drops()[reason] >= before + 2
    assert trace(agent, f"{CLIENT}:40100", "10.1.0.1:22")["reason"] == "pass_other"
    assert trace(agent, "10.2.0.11:8080", "100.125.0.9:5000")["reason"] == "stray_reply"
    assert trace(agent, "10.2.0.11:8080", "100.125.0.1:5000")["reason"] == "pass_host"
    assert agent.elbctl("trace", "tcp", f"{CLIENT}:40100", f"{VIP}:81", "--check", check=False).returncode == 1
    for query in ("protocol=ICMP&client=1.2.3.4&client_port=1&vip=1.2.3.4&vip_port=1", "protocol=TCP&client=1.2.3.4&vip=1.2.3.4&vip_port=1"):
        assert agent.request("GET", f"/v1/trace?{query}")[0] == 400


def test_top_shows_the_rate_of_a_steady_load(lab, agent, service):
    service(weights=dict.fromkeys(MEMBERS, 1))
    load = lab.load("client2", "connect", rate=200)
    rows = [json.loads(line) for line in agent.elbctl("top", "--interval", "1", "--rounds", "3", "-o", "json").stdout.splitlines()]
    text = agent.elbctl("top", "--once").stdout
    load.stop(20)
    assert len(rows) == 3
    rate = sum(row["listeners"][0]["connections_per_s"] for row in rows) / 3
    assert 140 <= rate <= 260, rows
    members = [member["connections_per_s"] for member in rows[1]["members"]]
    assert len(members) == 3 and max(members) - min(members) <= 0.25 * rate
    assert "LISTENER" in text and "MEMBER" in text and "connections/s" in text
