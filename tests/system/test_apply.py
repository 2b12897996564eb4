# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-08, GEN-11, AU-01.
"""The configuration as a document (issue 6): elbctl's validate, diff, apply and export against a real agent with traffic."""
import json

import pytest
from agent import CLIENT_SUBNET
from lab import MEMBER_PORT, MEMBERS, VIP

DOCUMENT = """
load_balancers:
  - name: shop                # a comment
    vip_subnet_id: {subnet}
    vip_address: {vip}
    pools:
      - name: web
        protocol: TCP
        lb_algorithm: ROUND_ROBIN
        members:
{members}
    listeners:
      - {{name: tcp, protocol: TCP, protocol_port: {port}, default_pool: web}}
"""


@pytest.fixture
def document(agent, tmp_path):
    """Writes the file; afterwards nothing of it is left."""
    def write(members=("member1",), port=80, weight=1, vip=VIP):
        lines = [f"          - {{name: {name}, address: {MEMBERS[name]}, protocol_port: {MEMBER_PORT}, weight: {weight}}}" for name in members]
        path = tmp_path / "shop.yaml"
        path.write_text(DOCUMENT.format(subnet=CLIENT_SUBNET, vip=vip, port=port, members="\n".join(lines)), encoding="utf-8")
        return path
    yield write
    agent.api("POST", "/v1/apply?prune=all", {"load_balancers": []})


def answers(lab, port=80):
    """Whether a client gets through to a member."""
    try:
        with lab.socket("client1") as sock:
            sock.settimeout(3)
            sock.connect((VIP, port))
            return True
    except OSError:
        return False


def revision(agent):
    return agent.status()["revision"]


def test_a_document_is_checked_planned_applied_and_exported(lab, agent, document):
    path, before = document(), revision(agent)
    assert agent.elbctl("validate", "-f", path).returncode == 0
    planned = agent.elbctl("diff", "-f", path, check=False)
    assert planned.returncode == 1 and "create    listener tcp of shop" in planned.stdout, planned
    dry = agent.elbctl("apply", "-f", path, "--dry-run")
    assert "nothing is changed" in dry.stderr and revision(agent) == before
    done = agent.elbctl("apply", "-f", path)
    assert "4 created" in done.stderr and revision(agent) == before + 1, done
    agent.wait_applied()
    agent.wait_neighbours(["member1"])
    assert answers(lab)

    assert agent.elbctl("diff", "-f", path).returncode == 0
    assert "nothing to do" in agent.elbctl("apply", "-f", path).stderr
    exported = path.with_suffix(".exported")
    exported.write_text(agent.elbctl("export").stdout, encoding="utf-8")
    assert agent.elbctl("diff", "-f", exported, "--prune-all").returncode == 0
    assert revision(agent) == before + 1, "none of these wrote anything"


def test_a_change_is_one_line_and_pruning_is_asked_for(agent, document):
    agent.elbctl("apply", "-f", document(members=("member1", "member2")))
    path = document(members=("member1",), weight=7)
    planned = agent.elbctl("diff", "-f", path, "--prune", check=False)
    assert planned.returncode == 1 and "weight: 1 -> 7" in planned.stdout and "delete    member member2" in planned.stdout, planned
    kept = agent.elbctl("apply", "-f", path, "-o", "json")
    assert json.loads(kept.stdout)["summary"] == {"create": 0, "update": 1, "replace": 0, "delete": 0, "unchanged": 3}
    agent.elbctl("apply", "-f", path, "--prune")
    assert agent.elbctl("diff", "-f", path, "--prune-all").returncode == 0


def test_a_listener_moves_to_another_port_in_one_revision(lab, agent, document):
    agent.elbctl("apply", "-f", document())
    before = revision(agent)
    done = agent.elbctl("apply", "-f", document(port=81))
    assert "replace   listener tcp of shop: protocol_port cannot be changed" in done.stdout, done
    assert revision(agent) == before + 1
    agent.wait_applied()
    agent.wait_neighbours(["member1"])
    assert answers(lab, 81) and not answers(lab, 80)


def test_wait_applied_answers_when_the_kernel_has_it(agent, document):
    status, answer = agent.request("POST", "/v1/apply?wait=applied", json.loads(json.dumps(
        {"load_balancers": [{"name": "shop", "vip_subnet_id": CLIENT_SUBNET, "vip_address": VIP, "pools": [], "listeners": []}]})))
    assert status == 200, answer
    assert agent.status()["applied_revision"] >= answer["revision"]
    assert agent.request("POST", "/v1/apply?wait=soon", {})[0] == 400
    assert agent.request("POST", "/v1/apply?wait=applied&wait_timeout=99", {})[0] == 400


def test_errors_name_their_places_and_the_next_step(agent, document):
    path = document()
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("ROUND_ROBIN", "RANDOM").replace("protocol_port: 80,", "protocol_port: 0,"), encoding="utf-8")
    before = revision(agent)
    offline = agent.elbctl("validate", "-f", path, check=False)
    assert offline.returncode == 1, offline
    refused = agent.elbctl("apply", "-f", path, check=False)
    assert refused.returncode == 1 and revision(agent) == before
    for told in (offline.stderr, refused.stderr):
        assert "load_balancers[0].pools[0].lb_algorithm: must be ROUND_ROBIN" in told, told
        assert "load_balancers[0].listeners[0].protocol_port: must be 1 to 65535" in told, told
    assert agent.elbctl("diff", "-f", path, check=False).returncode > 1
    path.write_text("a: [1\n", encoding="utf-8")
    broken = agent.elbctl("apply", "-f", path, check=False)
    assert broken.returncode == 2 and "line 2" in broken.stderr, broken


def test_AU_01_an_apply_leaves_a_trace(agent, document):
    agent.elbctl("apply", "-f", document())
    traces = agent.api("GET", "/v1/traces?trace_name=applyConfiguration")["traces"]
    assert traces and traces[0]["code"] in (200, "200"), traces


def test_what_was_applied_survives_a_kill(agent, document):
    path = document(members=("member1", "member2"))
    agent.elbctl("apply", "-f", path)
    agent.kill9()
    agent.start()
    assert agent.elbctl("diff", "-f", path, "--prune-all").returncode == 0
