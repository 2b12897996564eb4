# SPDX-License-Identifier: Apache-2.0
"""The agent as its unit runs it: an ordinary user, three capabilities, a configuration file (S13)."""
import os
import pathlib
import re

import pytest
from agent import Agent
from lab import MEMBERS

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
NOBODY = 65534
NUMBERS = {"CAP_NET_ADMIN": 12, "CAP_PERFMON": 38, "CAP_BPF": 39}


@pytest.fixture(scope="module")
def capabilities():
    unit = (PACKAGING / "elb-agent.service.in").read_text(encoding="utf-8")
    return re.search(r"^AmbientCapabilities=(.*)$", unit, re.MULTILINE)[1].split()


@pytest.fixture(scope="module")
def agent(lab, capabilities):
    for member in MEMBERS:
        lab.start_member(member)
    names = ",".join(f"+cap_{NUMBERS[name]}" for name in capabilities)
    wrapper = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps=-all,{names}", f"--ambient-caps=-all,{names}",
               f"--bounding-set=-all,{names}", "--no-new-privs"]
    made = Agent(lab, wrapper=wrapper)
    made.pin_dir.mkdir(mode=0o700)
    state = lab.dir / "state"
    state.mkdir(mode=0o700)
    made.store = state / "elb.db"
    for path in (made.pin_dir, state):
        os.chown(path, NOBODY, NOBODY)
    return made.start()


def test_S13_three_capabilities_and_no_root_are_enough(lab, agent, capabilities, service):
    status = pathlib.Path(f"/proc/{agent.process.pid}/status").read_text(encoding="utf-8")
    assert f"Uid:\t{NOBODY}\t{NOBODY}" in status
    for line in ("CapEff", "CapPrm", "CapBnd"):
        held = int(re.search(rf"^{line}:\t(\w+)$", status, re.MULTILINE)[1], 16)
        assert held == sum(1 << NUMBERS[name] for name in capabilities), line
    pool = service(weights=dict.fromkeys(MEMBERS, 1), monitor={})
    assert all(pool.state(member) == "ONLINE" for member in MEMBERS)
    assert lab.load("client1", "connect", count=300).finish()["by_member"] == dict.fromkeys(MEMBERS, 100)


def test_S13_restart_without_root_adopts_the_pins(lab, agent, service):
    service(weights=dict.fromkeys(MEMBERS, 1), monitor={})
    held = lab.load("client1", "hold", count=100, period=0.2).wait_ready()
    agent.kill9()
    agent.start()
    agent.wait_applied()
    assert "maps=adopted" in agent.process.log.read_text(encoding="utf-8")
    assert held.stop()["broken"] == 0


def test_configuration_file_says_the_same_as_flags(lab, agent, service):
    service(weights={"member1": 1})
    agent.stop()
    flags = agent.argv()
    file = lab.dir / "elb-agent.toml"
    file.write_text(f"""
interface = ["front", "back"]
local-addresses = "100.125.0.0/24"
subnet = [{", ".join(f'"{flags[i + 1]}"' for i, flag in enumerate(flags) if flag == "--subnet")}]
store = "{agent.store}"
listen = "127.0.0.1:{agent.port}"
loopback-auth = "none"
socket = "{agent.socket}"
pin-dir = "{agent.pin_dir}"
flow-slots = {agent.flags["flow-slots"]}
log-format = "json"
""", encoding="utf-8")
    binary = flags.index(next(word for word in flags if str(word).endswith("elb-agent")))
    agent.argv = lambda *more: [*flags[:binary + 1], "--config", file, *more]
    try:
        agent.start()
        agent.wait_applied()
        assert lab.load("client1", "connect", count=20).finish()["ok"] == 20
        assert agent.process.log.read_text(encoding="utf-8").startswith("{")
    finally:
        agent.stop()
        del agent.argv
        agent.start()


def test_second_agent_is_refused_while_one_runs(lab, agent):
    second = lab.run("lb", *agent.argv(), check=False)
    assert second.returncode != 0 and "another agent" in second.stderr
    assert agent.process.running()


def test_S11_api_refuses_to_listen_beyond_loopback_in_clear(lab, agent):
    words = ["0.0.0.0:9877" if word == f"127.0.0.1:{agent.port}" else word for word in agent.argv()]
    agent.stop()
    try:
        refused = lab.run("lb", *words, check=False)
        assert refused.returncode != 0
        assert "loopback" in refused.stderr
    finally:
        agent.start()
