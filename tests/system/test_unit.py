# SPDX-License-Identifier: Apache-2.0
# Shows: S13, R2.
"""The agent as systemd runs it: installed into a copy-on-write view of this machine, started by a real systemd (in a container, whose
network is the balancer's namespace) from the unit as it is packaged: its user, capabilities, system call filter, directories."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess

import pytest
from agent import BUILD, SUBNETS, Agent
from lab import MEMBERS, LabError, run, wait_until
from web import HTTP_PORT, curl

PREFIX = "usr/local"
QUIET = ("systemd-sysctl", "systemd-udevd", "systemd-modules-load", "systemd-binfmt", "systemd-networkd", "systemd-resolved", "e2scrub_reap")
TARGET = "[Unit]\nRequires=basic.target dbus.service\nWants=elb-agent.service\nAfter=elb-agent.service\nAllowIsolate=yes\n"


class Container(Agent):
    """The agent in the container; asked like any other one, since it lives in the balancer's namespace."""

    def __init__(self, lab):
        super().__init__(lab)
        self.base = lab.dir / "unit"
        self.root = self.base / "root"

    def install(self):
        for name in ("upper", "work", "root"):
            (self.base / name).mkdir(parents=True)
        run("mount", "-t", "overlay", "elb-unit", "-o", f"lowerdir=/,upperdir={self.base}/upper,workdir={self.base}/work", self.root)
        run("env", f"DESTDIR={self.root}", "cmake", "--install", BUILD, "--prefix", f"/{PREFIX}")
        subnets = ", ".join(f'"{subnet}"' for subnet in SUBNETS.values())
        config = self.root / PREFIX / "etc/elb/elb-agent.toml"
        text = config.read_text(encoding="utf-8")
        text = re.sub(r'^interface = .*$', 'interface = ["front=xdp", "back=xdp"]', text, flags=re.MULTILINE)
        config.write_text(text + f"\nsubnet = [{subnets}]\nflow-slots = 262144\nloopback-auth = \"none\"\n", encoding="utf-8")
        units = self.root / "etc/systemd/system"
        (units / "elb-test.target").write_text(TARGET, encoding="utf-8")
        for name in QUIET:  # what would change the machine outside, or is of no use here
            with contextlib.suppress(FileExistsError):
                (units / f"{name}.service").symlink_to("/dev/null")

    def boot(self):
        self.process = self.lab.spawn(
            None, "systemd-nspawn", "-D", self.root, "--register=no", "--keep-unit", f"--machine={self.lab.id}", "--resolv-conf=off", "--timezone=off",
            f"--network-namespace-path=/run/netns/{self.lab.name('lb')}", f"--bind={self.lab.bpffs}:/sys/fs/bpf",
            "--capability=CAP_BPF,CAP_NET_ADMIN,CAP_PERFMON", "--system-call-filter=bpf perf_event_open", "-b", "systemd.unit=elb-test.target", name="systemd")
        self.wait_up()
        return self

    def wait_up(self):
        def answers():
            if not self.process.running():
                raise LabError(f"the container ended: {self.process.log.read_text(errors='replace')[-2000:]}")
            with contextlib.suppress(OSError):
                return self.request("GET", "/v1/version")[0] == 200
        wait_until(answers, 60, "elb-agent of the unit answers", 0.2)

    def pids(self, name="elb-agent"):
        """Processes of that name in the lab's namespace."""
        here = os.stat(f"/run/netns/{self.lab.name('lb')}").st_ino
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (entry / "comm").read_text().strip() == name and os.stat(entry / "ns/net").st_ino == here:
                    found.append(int(entry.name))
        return found

    def remove(self):
        self.process.end(signal.SIGKILL)
        subprocess.run(["umount", "-R", self.root], check=False)


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_member(member)
    made = Container(lab)
    made.install()
    try:
        yield made.boot()
    finally:
        made.remove()


def facts_of(pid):
    """/proc/PID/status, by line."""
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())


def test_S13_the_unit_runs_with_what_it_says(agent):
    (pid,) = agent.pids()
    facts = facts_of(pid)
    bits = 1 << 12 | 1 << 38 | 1 << 39  # NET_ADMIN, PERFMON, BPF
    for line in ("CapEff", "CapPrm", "CapBnd"):
        assert int(facts[line], 16) == bits, line
    assert int(facts["CapAmb"], 16) == 0, "nothing for the programs that it starts"
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    assert facts["Uid"].split()[0] != "0"
    assert facts["Umask"] == "0077"
    pins = agent.lab.bpffs / "elb"
    assert os.stat(pins).st_mode & 0o777 == 0o700
    assert oct(os.stat(agent.root / "var/lib/elb").st_mode & 0o777) == "0o700"


def test_S13_the_filter_lets_everything_through_that_the_agent_does(lab, agent, service):
    pool = service(weights=dict.fromkeys(MEMBERS, 1), monitor={})
    assert all(pool.state(member) == "ONLINE" for member in MEMBERS)
    assert lab.load("client1", "connect", count=300).finish()["by_member"] == dict.fromkeys(MEMBERS, 100)
    for path in ("/v1/doctor", "/v1/flows", "/v1/drops", "/v1/counters", "/v1/status"):
        assert agent.request("GET", path)[0] == 200, path


def test_S13_the_proxy_serves_and_holds_nothing(lab, agent, service):
    for member in MEMBERS:
        lab.start_http_member(member, HTTP_PORT)
    service(protocol="HTTP", weights=dict.fromkeys(MEMBERS, 1), member_port=HTTP_PORT)
    assert {curl(lab, "/").member for _ in range(6)} == set(MEMBERS)
    (pid,) = agent.pids("elb-proxy")
    facts = facts_of(pid)
    assert [int(facts[line], 16) for line in ("CapEff", "CapPrm", "CapInh", "CapAmb")] == [0, 0, 0, 0]
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    assert facts["Uid"].split()[0] != "0"


def test_R2_systemd_starts_a_killed_agent_again_and_traffic_goes_on(lab, agent, service):
    service(weights=dict.fromkeys(MEMBERS, 1), monitor={})
    held = lab.load("client1", "hold", count=100, period=0.2).wait_ready()
    (first,) = agent.pids()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: agent.pids() not in ([], [first]), 15, "systemd has started another one")
    agent.wait_up()
    agent.wait_applied()
    assert held.stop()["broken"] == 0
