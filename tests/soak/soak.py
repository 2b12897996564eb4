#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""soak.py [--minutes N] [--rate N] [--threads N]: 20,000 connections a second through a running agent, whose configuration is
changed every second (members added, removed, reweighted, algorithm, whitelist); at the end nothing may be left.

The load is soak_load: frames handed to the agent's pinned program, so that two CPUs are enough. The lab is that of the system
tests; the members' addresses are real, so that next hops are resolved and looked after as ever. Exit 0 if all of this holds:

  the rate was reached (95 %), no answer went to a wrong client, refusals only while a change refuses (whitelist)
  tables     flow table empty, loads and cursors of all members and listeners 0, once the idle times have passed
  memory     the agent's resident memory at the end at most 10 % and 8 MB above that after the first fifth
  files      no more open files of the agent (each ring is one) than at the beginning
"""
import argparse
import json
import pathlib
import random
import struct
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))

from agent import BUILD, MEMBER_SUBNET, Agent, ApiError, bpftool  # noqa: E402
from lab import VIP, Lab, wait_until  # noqa: E402

TIMES = {"tcp-idle-s": 15, "tcp-opening-s": 3, "tcp-closing-s": 2, "udp-idle-s": 3, "port-rest-s": 2}
ADDRESSES = [f"10.2.0.{host}" for host in range(21, 37)]
EVERYBODY = "10.64.0.0/10"  # soak_load's clients


class Changes:
    """One random change of the configuration at a time; remembers which kinds the API takes."""

    def __init__(self, agent, pools, listener, seed):
        self.agent, self.pools, self.listener = agent, pools, listener
        self.random = random.Random(seed)
        self.members = {pool: {} for pool in pools}
        self.made = {}
        self.unknown = set()

    def add(self, pool):
        free = [address for address in ADDRESSES if address not in self.members[pool]]
        if free:
            address = self.random.choice(free)
            self.members[pool][address] = self.agent.create("member", pool=pool, name=address, address=address, protocol_port=8080,
                                                            weight=self.random.randint(1, 100), subnet_id=MEMBER_SUBNET)["id"]

    def remove(self, pool):
        if len(self.members[pool]) > 3:
            address = self.random.choice(sorted(self.members[pool]))
            self.agent.delete("member", self.members[pool].pop(address), pool)

    def reweight(self, pool):
        address = self.random.choice(sorted(self.members[pool]))
        self.agent.set("member", self.members[pool][address], pool, weight=self.random.choice([0, 1, 10, 50, 100]))

    def algorithm(self, pool):
        self.agent.set("pool", pool, lb_algorithm=self.random.choice(["ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"]))

    def whitelist(self, _pool):
        self.agent.set("listener", self.listener, allowed_cidrs=self.random.choice([None, [EVERYBODY], [EVERYBODY, "192.0.2.0/24"]]))

    def one(self):
        kind = self.random.choice([kind for kind in ("add", "remove", "reweight", "algorithm", "whitelist") if kind not in self.unknown])
        try:
            getattr(self, kind)(self.random.choice(self.pools))
            self.made[kind] = self.made.get(kind, 0) + 1
        except ApiError as error:
            if error.status != 501 and "not supported" not in str(error.body):
                raise
            self.unknown.add(kind)


def memory_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def agent_pid(agent):
    """nsenter replaces itself by the agent: the same process."""
    return agent.process.pid


def bytes_of(entry):
    return bytes(int(byte, 16) for byte in entry["value"])


def leftovers(agent):
    """Sums that have to be 0."""
    pin = agent.pin_dir
    loads = sum(abs(struct.unpack("<i", bytes_of(entry)[:4])[0]) for entry in bpftool("map", "dump", "pinned", pin / "elb_loads"))
    active = sum(abs(struct.unpack("<i", bytes_of(entry)[8:12])[0]) for entry in bpftool("map", "dump", "pinned", pin / "elb_cursors"))
    return {"flow_slots_used": agent.status()["flow_table"]["used"], "loads": loads, "cursors_active": active}


def soak(arguments):
    failures, seconds = [], arguments.minutes * 60
    with Lab(log_dir=ROOT / "build" / "test-results" / "soak") as lab:
        lab.ip("member1", *(f"addr add {address}/24 dev eth0" for address in ADDRESSES))
        agent = Agent(lab, **{"flow-slots": 1 << 21, "log-level": "warn", "max-members": 4096, "max-listeners": 256, **TIMES}).start()
        services = [agent.service(port=80)]
        services.append(agent.service(port=53, protocol="UDP", load_balancer=services[0].lb))
        pools = [service.pool for service in services]
        changes = Changes(agent, pools, services[0].listener, arguments.seed)
        for pool in pools:
            for _ in range(8):
                changes.add(pool)
        agent.wait_applied(10)
        time.sleep(1)
        load = lab.spawn("lb", BUILD / "bin/bench/soak_load", agent.pin_dir / "programs/xdp_balancer", "front", "back", VIP, 80, 53, arguments.rate,
                         arguments.threads, name="soak_load")
        pid, begun, memory = agent_pid(agent), time.monotonic(), []
        files = descriptors(pid)
        while (elapsed := time.monotonic() - begun) < seconds:
            if not load.running() or not agent.process.running():
                failures.append("the load or the agent has ended early: see the logs")
                break
            changes.one()
            memory.append((elapsed, memory_kb(pid)))
            if len(memory) % 10 == 0:
                print(f"[{elapsed:5.0f} s] {load.events()[-1]} memory {memory[-1][1]} kB, slots {agent.status()['flow_table']['used']}", flush=True)
            time.sleep(max(0.0, len(memory) - (time.monotonic() - begun)))
        load.end(timeout_s=30)
        agent.wait_applied(10)
        counted = load.events()[-1]
        tried = counted["opened"] + counted["refused"]
        print(f"load: {counted}; changes: {changes.made}; not offered by this agent: {sorted(changes.unknown)}", flush=True)
        if tried < 0.95 * arguments.rate * counted["seconds"]:
            failures.append(f"only {tried / counted['seconds']:.0f} connections/s instead of {arguments.rate}")
        if counted["wrong"]:
            failures.append(f"{counted['wrong']} answers went to a wrong client")
        drops = {reason: packets for reason, packets in agent.drops().items() if packets}
        print(f"drops: {drops}", flush=True)
        for reason in ("table_full", "no_port", "hops_full", "malformed"):
            if drops.get(reason):
                failures.append(f"{drops[reason]} packets dropped with {reason}")

        left = {}

        def empty():
            left.update(leftovers(agent))
            return not any(left.values())
        try:
            wait_until(empty, 2 * TIMES["tcp-idle-s"] + 15, "tables empty", 1)
        except Exception:  # noqa: BLE001  what is left is told below
            failures.append(f"left behind: {left}")
        print(f"left: {left}", flush=True)

        first = [kb for at, kb in memory if at <= seconds / 5] or [memory[0][1]]
        settled, last = max(first), memory_kb(pid)
        print(f"memory: {first[0]} kB at first, {settled} kB after a fifth, {last} kB at the end; files {files} -> {descriptors(pid)}", flush=True)
        if last > settled * 1.1 + 8192:
            failures.append(f"memory grew from {settled} to {last} kB")
        if descriptors(pid) > files + 4:
            failures.append(f"open files grew from {files} to {descriptors(pid)}")
        agent.stop()
        agent.teardown()
    for failure in failures:
        print(f"FAILED: {failure}")
    print(json.dumps({"minutes": arguments.minutes, "rate": arguments.rate, "load": counted, "changes": changes.made, "left": left, "failures": failures}))
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, default=20000, help="connections a second")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return soak(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
