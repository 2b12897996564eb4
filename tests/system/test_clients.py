# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-04.
"""The tools people have: the openstack command, openstacksdk and elbctl against the real agent."""
import json
import pathlib

import pytest
from agent import CLIENT_SUBNET
from lab import MEMBERS, VIP, run, wait_until

CONFORMANCE = pathlib.Path(__file__).resolve().parents[1] / "conformance"


def conformance(lab, agent, script):
    environment = [f"ELB_ENDPOINT=http://127.0.0.1:{agent.port}", f"ELB_SUBNET={CLIENT_SUBNET}", "ELB_MEMBERS=10.2.0.11,10.2.0.12", "ELB_VIP=10.1.0.190", "HOME=/nonexistent"]
    done = run(*lab.enter("lb"), "env", *environment, "/usr/bin/python3", CONFORMANCE / script, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


@pytest.mark.timeout(600)  # the command is some 40 times two seconds of processor time
def test_GEN_04_openstack_command_drives_the_agent(lab, agent):
    conformance(lab, agent, "openstack_cli.py")
    assert agent.status()["load_balancers"] == []


def test_GEN_04_openstacksdk_drives_the_agent(lab, agent):
    conformance(lab, agent, "openstacksdk.py")
    assert agent.status()["load_balancers"] == []


def test_GEN_04_elbctl_from_nothing_to_traffic_and_back(lab, agent):
    agent.elbctl("lb", "create", "web", "--vip-subnet", "clients", "--vip-address", VIP, "--wait")
    agent.elbctl("listener", "create", "web-80", "--lb", "web", "--protocol", "TCP", "--port", "80")
    agent.elbctl("pool", "create", "web-pool", "--listener", "web-80")
    for member, address in MEMBERS.items():
        agent.elbctl("member", "add", "web-pool", f"{address}:8080", "--name", member)
    agent.elbctl("hm", "create", "web-pool", "--delay", "1", "--check-timeout", "1", "--max-retries", "1", "--wait")
    wait_until(lambda: agent.elbctl("member", "list", "web-pool").stdout.count("ONLINE") == 3, 5, "members pass their first check")
    assert lab.load("client1", "connect", count=300).finish()["by_member"] == dict.fromkeys(MEMBERS, 100)
    agent.elbctl("member", "set", "web-pool", "member1", "--weight", "0", "--wait")
    assert "member1" not in lab.load("client1", "connect", count=100).finish()["by_member"]

    tree = agent.elbctl("status").stdout
    assert "web" in tree and VIP in tree and all(member in tree for member in MEMBERS)
    held = lab.load("client2", "hold", count=20).wait_ready()
    flows = json.loads(agent.elbctl("flows", "--client", "10.1.0.12", "-o", "json").stdout)
    text = json.dumps(flows)
    assert "10.1.0.12" in text and "10.1.0.11" not in text
    held.stop()
    assert "arp_answered" in agent.elbctl("drops", "--all", check=False).stdout + agent.elbctl("drops").stdout

    refused = agent.elbctl("lb", "delete", "web", check=False)
    assert refused.returncode != 0 and "listener" in refused.stderr
    agent.elbctl("lb", "delete", "web", "--cascade")
    assert agent.status()["load_balancers"] == []
    missing = agent.elbctl("lb", "show", "web", check=False)
    assert missing.returncode != 0 and "web" in missing.stderr
