# SPDX-License-Identifier: Apache-2.0
"""New connections over veth, in the lab of the system tests: the real agent in XDP mode against the kernel's nftables (DNAT and masquerade)
and against HAProxy in TCP mode, in alternating rounds, the median of each.

Two figures. Connections per second, of client, node and member together, which share the machine's CPUs: where these are few, all three
set the pace. And the node's own CPU time for a connection: the interfaces of the node have threaded NAPI, so that what it does with packets
is done by threads of their own (napi/front-*, napi/back-*), whose time is counted, and so is that of the process (elb-agent with its sweep,
haproxy). Each connection is opened, carries a byte there and back, and is closed: about ten packets.
"""
import contextlib
import json
import pathlib
import statistics
import sys

from .build import BIN, ROOT, say
from .rows import row

sys.path.insert(0, str(ROOT / "tests/harness"))
from agent import Agent  # noqa: E402
from lab import MEMBER_PORT, MEMBERS, VIP, Lab, run  # noqa: E402
from programs import HAProxy  # noqa: E402

MODES = ("nftables", "HAProxy", "ours")
AT_ONCE = 64
RULES = f"""
table ip bench {{
  chain prerouting {{
    type nat hook prerouting priority dstnat
    ip daddr {VIP} tcp dport 80 dnat to {MEMBERS['member1']}:{MEMBER_PORT}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat
    oifname "back" masquerade
  }}
}}
"""


def cpu_s(pid):
    """Of all threads of the process, in seconds."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


class ConnectionLab(Lab):
    def __enter__(self):
        super().__enter__()
        try:
            for role, interface in (("lb", "front"), ("lb", "back"), ("sw1", "lb"), ("sw2", "lb")):
                # A veth hands the frames of a sender that has TSO past the NAPI of its peer. The switches' ports have threads too, or
                # what they do would be done on the node's. "ip netns exec" brings a /sys of the namespace's own.
                run("ip", "netns", "exec", self.name(role), "sh", "-ec",
                    f"ethtool -K {interface} gro on tso off; echo 1 > /sys/class/net/{interface}/threaded")
            self.spawn("member1", BIN / "conn_bench", "serve", MEMBER_PORT, name="conn_bench").wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def napi_threads(self):
        """Of this lab's node: threads of other machines' "front" would bear the same name, so the newest ones count."""
        found = {}
        for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
            with contextlib.suppress(OSError):
                name = comm.read_text().strip()
                if name.startswith(("napi/front-", "napi/back-")):
                    pid = int(comm.parent.name)
                    key = name.split("-")[0]
                    found[key] = max(found.get(key, 0), pid)
        return found

    @contextlib.contextmanager
    def node(self, mode):
        """The node in one of the modes; gives the process whose time counts, or None."""
        if mode == "ours":
            agent = Agent(self, mode="xdp", **{"flow-slots": 1 << 20}).start()
            self.members["member1"] = None
            service = agent.service(weights={"member1": 1})
            try:
                yield agent.process
            finally:
                agent.delete("loadbalancer", service.lb, query="?cascade=true")
                agent.stop()
                agent.teardown()
            return
        self.ip("lb", f"addr add {VIP}/32 dev front")
        try:
            if mode == "nftables":
                run(*self.enter("lb"), "nft", "-f", "-", stdin=RULES)
                self.sysctl("lb", ("net.netfilter.nf_conntrack_checksum=0",))
                yield None
            else:
                with HAProxy(self, "lb", 80, {"member1": f"{MEMBERS['member1']}:{MEMBER_PORT}"}, address=VIP) as proxy:
                    yield proxy.process
        finally:
            run(*self.enter("lb"), "nft", "flush", "ruleset")
            self.ip("lb", f"addr del {VIP}/32 dev front")

    def measure(self, mode, seconds):
        """(connections per second, CPU us of the node for each)."""
        with self.node(mode) as process:
            self.ip("client1", "neigh flush dev eth0")
            self.wait_port("client1", VIP, 80)
            self._load(0.3)  # everything warm
            counted = [*self.napi_threads().values(), *([process.pid] if process else [])]
            before = [cpu_s(pid) for pid in counted]
            report = self._load(seconds)
            spent = sum(cpu_s(pid) - was for pid, was in zip(counted, before))
        if len(counted) < 2 or spent <= 0 or report["failed"] * 1000 > report["done"]:
            raise SystemExit(f"connections: {mode}: {report}, {spent} s of CPU in {len(counted)} threads: not a measurement")
        return report["done"] / report["seconds"], spent / report["done"] * 1e6

    def _load(self, seconds):
        done = self.run("client1", BIN / "conn_bench", "load", VIP, 80, AT_ONCE, seconds)
        return json.loads(done.stdout)


def connections(arguments):
    rates, costs = ({mode: [] for mode in MODES} for _ in range(2))
    with ConnectionLab(prefix="elbbench") as lab:
        for number in range(arguments.rounds):
            for mode in MODES:
                rate, cost = lab.measure(mode, arguments.seconds)
                rates[mode].append(rate)
                costs[mode].append(cost)
                say(f"connections round {number + 1}/{arguments.rounds}: {mode}: {rate:,.0f}/s, {cost:.1f} us CPU of the node for each")
    rows = []
    for peer in ("nftables", "HAProxy"):
        ours, theirs = (statistics.median(rates[mode]) for mode in ("ours", peer))
        rows.append(row(f"connections, against {peer}", ours, "connections/s", peer, theirs, ours / theirs))
    for peer in ("nftables", "HAProxy"):
        ours, theirs = (statistics.median(costs[mode]) for mode in ("ours", peer))
        rows.append(row(f"CPU for a connection, against {peer}", ours, "us CPU/connection", peer, theirs, theirs / ours))
    return rows
