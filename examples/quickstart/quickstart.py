#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tour behind examples/quickstart/run: build, lab, agent, services, traffic, two deaths, summary. Exit 1 if any figure is
not what it should be. The lab's picture is in tests/harness/lab.py."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
sys.dont_write_bytecode = True

# A tree of its own without debug information and tests, which compiles in two thirds of the time; but what tests/run has built
# is taken as it is.
BUILD = ROOT / "build" if (ROOT / "build/bin/elb-agent").exists() else ROOT / "build/quickstart"
os.environ["ELB_BUILD_DIR"] = str(BUILD)

from agent import Agent  # noqa: E402
import web_tour  # noqa: E402
from lab import MEMBER_PORT, MEMBERS, VIP, ZONES, Lab, LabError, wait_until  # noqa: E402

BEGUN = float(os.environ.get("ELB_QUICKSTART_BEGUN", time.time()))
WEIGHTS = {"member1": 5, "member2": 3, "member3": 2}


def say(text, end="\n"):
    print(f"[{time.time() - BEGUN:5.1f} s] {text}", end=end, flush=True)


def detail(text):
    print(f"           {text}", flush=True)


class Findings:
    """What the closing summary says; one line that is not as it should be makes the whole run fail."""

    def __init__(self):
        self.lines = []

    def add(self, ok, text):
        self.lines.append((ok, text))
        detail(("" if ok else "NOT AS IT SHOULD BE: ") + text)

    def good(self):
        return all(ok for ok, _ in self.lines)


def build():
    """Compiles elb-agent, elb-proxy and elbctl, and nothing else, with one line of progress for each tenth."""
    log = BUILD / "quickstart.log"
    BUILD.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "NINJA_STATUS": "[%f/%t] ", "CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "1"}
    with open(log, "w", encoding="utf-8") as out:
        if not (BUILD / "build.ninja").exists():
            launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
            # sources of a room ten at a time: a third of the time (tests/check/check-names keeps it possible)
            subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -Wno-subobject-linkage",
                            "-DELB_TESTS=OFF", "-DELB_BENCH=OFF", "-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=10", *launcher],
                           stdout=out, stderr=out, check=True)
        ninja = subprocess.Popen(["ninja", "-C", str(BUILD), "elb-agent", "elb-proxy", "elbctl"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 env=environment)
        tenth = 0
        for line in ninja.stdout:
            out.write(line)
            step = re.match(r"\[(\d+)/(\d+)\]", line)
            if step and int(step[1]) * 10 // int(step[2]) > tenth and int(step[2]) > 5:
                tenth = int(step[1]) * 10 // int(step[2])
                say(f"   {tenth * 10:3d} %  ({step[1]} of {step[2]} steps)")
        if ninja.wait() != 0:
            raise LabError(f"the build failed; the last lines of {log}:\n" + "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:]))


def spread(report, findings, what):
    """One bar for each member, and whether the shares follow the weights within 2 %."""
    total, weight_sum = report["ok"], sum(WEIGHTS.values())
    for member, weight in WEIGHTS.items():
        count = report["by_member"].get(member, 0)
        detail(f"{member} ({ZONES[member]}, weight {weight})  {count:5d}  {100 * count / max(total, 1):5.1f} %  {'#' * round(40 * count / max(total, 1))}")
    worst = max(abs(report["by_member"].get(m, 0) / max(total, 1) - w / weight_sum) for m, w in WEIGHTS.items())
    findings.add(report["failed"] == 0 and worst <= 0.02,
                 f"{what}: {total} answered, {report['failed']} failed, at most {100 * worst:.2f} % off the weights 5:3:2")


def configure(agent, elbctl):
    elbctl("lb", "create", "web", "--vip-subnet", "clients", "--vip-address", VIP)
    for protocol, port in (("tcp", "80"), ("udp", "53")):
        elbctl("listener", "create", protocol, "--lb", "web", "--protocol", protocol, "--port", port)
        elbctl("pool", "create", protocol, "--listener", protocol)
        for member, weight in WEIGHTS.items():
            elbctl("member", "add", protocol, f"{MEMBERS[member]}:{MEMBER_PORT}", "--name", member, "--weight", str(weight), "--az", ZONES[member])
    elbctl("hm", "create", "tcp", "--delay", "1", "--check-timeout", "1", "--max-retries", "2")
    agent.wait_applied()


def member_states(agent):
    return {member["name"]: member["operating_status"] for lb in agent.status()["load_balancers"] for listener in lb["listeners"]
            if listener["protocol"] == "TCP" for member in listener["pool"]["members"]}


def map_writes(agent):
    return next(sink["writes"] for sink in agent.status()["sinks"] if sink["name"] == "dataplane")


def kill_a_member(lab, agent, findings):
    load = lab.load("client1", "connect", rate=300)
    time.sleep(1)
    before = map_writes(agent)
    died = time.monotonic()
    lab.kill_member("member1")
    # Its state is shown at once; it is left when that has been written to the kernel's maps.
    wait_until(lambda: member_states(agent)["member1"] == "ERROR" and map_writes(agent) > before, 5, "the dead member is noticed")
    noticed = time.monotonic()
    detail(f"member1 killed; noticed and left after {noticed - died:.1f} s")
    time.sleep(2)
    report = load.interim()
    late = [failure for failure in report["failures"] if failure["started"] > noticed]
    findings.add(not late and report["ok"] > 500,
                 f"member death under load: left after {noticed - died:.1f} s; {report['failed']} of {report['ok'] + report['failed']} connections "
                 f"refused until then, {len(late)} afterwards")
    say("10 bringing the member back")
    back = time.monotonic()
    lab.start_member("member1")
    wait_until(lambda: member_states(agent)["member1"] == "ONLINE", 5, "the member is used again")
    time.sleep(1)
    report = load.stop()
    again = time.monotonic() - back
    findings.add(report["last_start"]["member1"] > back, f"member back: in use again within {again:.1f} s")


def kill_the_agent(lab, agent, findings):
    held = lab.load("client1", "hold", count=500, period=0.5).wait_ready()
    stream = lab.load("client2", "stream", port=53, rate=200)
    fresh = lab.load("client2", "connect", rate=200)
    time.sleep(1)
    agent.kill9()
    detail("elb-agent killed (-9) with 500 open connections, a UDP stream of 200/s and 200 new connections/s")
    time.sleep(2)
    begun = time.monotonic()
    agent.start()
    agent.wait_applied()
    took = time.monotonic() - begun
    detail(f"elb-agent started again: took over the running data path in {took:.2f} s")
    time.sleep(2)
    held, stream, fresh = held.stop(), stream.stop(), fresh.stop()
    findings.add(held["broken"] == 0 and held["open"] == 500,
                 f"agent death under load: {held['broken']} of {held['open']} connections broken ({held['exchanges']} exchanges), {held['resets']} resets")
    findings.add(stream["lost"] == 0, f"                        {stream['lost']} of {stream['sent']} UDP datagrams lost")
    findings.add(fresh["failed"] == 0, f"                        {fresh['failed']} of {fresh['ok'] + fresh['failed']} new connections failed")
    findings.add(took < 2, f"agent restart: traffic adopted, configured == applied after {took:.2f} s")


def how_to_play(lab, agent):
    inside = f"nsenter --net=/run/netns/{lab.name('lb')} {BUILD}/bin/elbctl --endpoint unix:{agent.socket}"
    client = f"nsenter --net=/run/netns/{lab.name('client1')}"
    print(f"""
The lab {lab.id} stays up. To play:

  {inside} status
  {inside} flows
  {inside} drops
  {inside} member set tcp member1 --weight 50
  {client} /usr/bin/python3 tests/harness/traffic.py connect {VIP} 80 --count 1000
  {client} bash -c 'exec 3<>/dev/tcp/{VIP}/80; head -n 1 <&3'

  agent log: {agent.process.log}
  remove it: examples/quickstart/run --clean
""")


def tour(keep):
    findings = Findings()
    say("3  building elb-agent, elb-proxy and elbctl")
    build()
    with Lab("quick", keep=keep) as lab:
        say(f"4  making the lab {lab.id}: 2 clients, the balancer, 3 members in 2 zones")
        for member in MEMBERS:
            lab.start_member(member)
        say("5  starting elb-agent on an empty SQLite store")
        agent = Agent(lab).start()
        say("6  creating load balancer, listeners, pools and members")

        def elbctl(*words):  # what a person would type
            detail("elbctl " + " ".join(words))
            agent.elbctl(*words)
        configure(agent, elbctl)
        wait_until(lambda: set(member_states(agent).values()) == {"ONLINE"}, 10, "members pass their first check")
        say("7  sending traffic")
        spread(lab.load("client1", "connect", count=3000).finish(60), findings, "TCP, 3,000 connections")
        spread(lab.load("client2", "burst", port=53, count=1000).finish(60), findings, "UDP, 1,000 exchanges")
        say("8  HTTPS with two names, two policies, and a redirect")
        web_tour.show(lab, agent, findings, elbctl)
        say("9  killing a member under load")
        kill_a_member(lab, agent, findings)
        say("11 killing the agent under load")
        kill_the_agent(lab, agent, findings)
        say("12 elbctl status")
        print("\n".join("           " + line for line in agent.elbctl("status").stdout.splitlines()))
        drops = {reason: count for reason, count in agent.drops().items() if count}
        detail(f"counted by reason: {drops}")
        print("\nSummary")
        for ok, text in findings.lines:
            print(f"  {'ok ' if ok else 'BAD'} {text}")
        print(f"  all in {time.time() - BEGUN:.0f} s")
        if keep:
            how_to_play(lab, agent)
    return 0 if findings.good() else 1


def main():
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    try:
        return tour("--keep" in sys.argv[1:])
    except (LabError, OSError, subprocess.SubprocessError) as error:
        say(f"quick start stopped: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
