# SPDX-License-Identifier: Apache-2.0
"""elb-agent in the lab's balancer namespace: starting, killing, asking. One object is one configuration; it may be started,
killed and started again, and finds its store and its pins as they were."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import time

from lab import MEMBER_PORT, MEMBERS, VIP, ZONES, LabError, run, wait_until

BUILD = pathlib.Path(os.environ.get("ELB_BUILD_DIR") or pathlib.Path(__file__).resolve().parents[2] / "build")
LBAAS = "/v2.0/lbaas"
PATHS = {"l7policy": "l7policies"}  # of kinds whose plural is not with an s
POOL_PROTOCOLS = {"HTTP": "HTTP", "HTTPS": "HTTP"}  # of listeners that the proxy serves
SUBNETS = {
    "clients": "id=11111111-1111-4111-8111-111111111111,name=clients,cidr=10.1.0.0/24,gateway=10.1.0.1,network=a1111111-1111-4111-8111-111111111111",
    "members": "id=22222222-2222-4222-8222-222222222222,name=members,cidr=10.2.0.0/24,gateway=10.2.0.1,network=a2222222-2222-4222-8222-222222222222",
}
SUBNET6 = "id=33333333-3333-4333-8333-333333333333,name=clients6,cidr=fd00:1::/64,gateway=fd00:1::1,network=a1111111-1111-4111-8111-111111111111"
CLIENT_SUBNET = SUBNETS["clients"].split(",")[0].removeprefix("id=")
MEMBER_SUBNET = SUBNETS["members"].split(",")[0].removeprefix("id=")
CLIENT_SUBNET6 = SUBNET6.split(",")[0].removeprefix("id=")


class ApiError(RuntimeError):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class Agent:
    def __init__(self, lab, port=9876, wrapper=(), interfaces=("front", "back"), ipv6=False, **flags):
        """wrapper: words before the command, such as a setpriv; ipv6: serves IPv6 too (Lab.add_ipv6()); flags: of elb-agent,
        without the dashes."""
        self.lab, self.port, self.wrapper, self.interfaces = lab, port, wrapper, interfaces
        self.local = "100.125.0.0/24,fd00:100:125::/112" if ipv6 else "100.125.0.0/24"
        self.subnets = [*SUBNETS.values(), *([SUBNET6] if ipv6 else [])]
        self.pin_dir = lab.bpffs / "elb"
        self.store = lab.dir / "elb.db"
        self.flags = {"flow-slots": 262144, "log-level": "info", "mode": "xdp", "loopback-auth": "none", **flags}
        self.process = None

    @property
    def socket(self):
        return pathlib.Path(self.store).parent / "api.sock"

    # Process.

    def argv(self, *more):
        flags = [text for key, value in self.flags.items() for text in (f"--{key}", str(value))]
        interfaces = [text for name in self.interfaces for text in ("--interface", name)]
        subnets = [text for subnet in self.subnets for text in ("--subnet", subnet)]
        return [*self.wrapper, BUILD / "bin" / "elb-agent", *interfaces, "--local-addresses", self.local, *subnets,
                "--store", self.store, "--socket", self.socket, "--listen", f"127.0.0.1:{self.port}", "--pin-dir", self.pin_dir, *flags, *more]

    def start(self, timeout_s=20):
        self.process = self.lab.spawn("lb", *self.argv(), name="elb-agent")

        def answers():
            if not self.process.running():
                raise LabError(f"elb-agent ended with {self.process.popen.returncode}: {self.process.log.read_text()[-1500:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.request("GET", "/v1/version")[0] == 200
        wait_until(answers, timeout_s, "elb-agent answers")
        return self

    def kill9(self):
        return self.process.end(signal.SIGKILL)

    def stop(self):
        return self.process.end(signal.SIGTERM)

    def teardown(self):
        """Removes links and pins; the agent must not be running."""
        return self.lab.run("lb", *self.argv("--teardown"))

    # API.

    def request(self, method, path, body=None, timeout_s=10, headers=None):
        """(status, decoded body or None) of one request from inside the balancer's namespace."""
        with self.lab.netns("lb"):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
            connection.connect()
        try:
            data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def scrape(self, accept="text/plain"):
        """(content type, text) of GET /metrics."""
        with self.lab.netns("lb"):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.connect()
        with contextlib.closing(connection):
            connection.request("GET", "/metrics", headers={"Accept": accept})
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status != 200:
                raise ApiError(answer.status, text)
            return answer.getheader("Content-Type"), text

    def api(self, method, path, body=None):
        status, answer = self.request(method, path, body)
        if status >= 300:
            raise ApiError(status, answer)
        return answer

    def create(self, kind, **fields):
        """POST of one object: create("listener", ...) -> the object. Members: create("member", pool=ID, ...)."""
        pool = fields.pop("pool", None)
        path = f"{LBAAS}/pools/{pool}/members" if kind == "member" else f"{LBAAS}/{PATHS.get(kind, kind + 's')}"
        return self.api("POST", path, {kind: fields})[kind]

    def show(self, kind, object_id, pool=None):
        return self.api("GET", self._path(kind, object_id, pool))[kind]

    def set(self, kind, object_id, pool=None, **fields):
        return self.api("PUT", self._path(kind, object_id, pool), {kind: fields})[kind]

    def delete(self, kind, object_id, pool=None, query=""):
        self.api("DELETE", self._path(kind, object_id, pool) + query)

    @staticmethod
    def _path(kind, object_id, pool):
        return f"{LBAAS}/pools/{pool}/members/{object_id}" if kind == "member" else f"{LBAAS}/{PATHS.get(kind, kind + 's')}/{object_id}"

    def status(self):
        return self.api("GET", "/v1/status")

    def sink(self, name="dataplane"):
        return next(sink for sink in self.status()["sinks"] if sink["name"] == name)

    def drops(self):
        return {drop["reason"]: drop["packets"] for drop in self.api("GET", "/v1/drops")["drops"]}

    def wait_applied(self, timeout_s=5):
        """Until what is configured is applied; returns the seconds it took."""
        begun = time.monotonic()

        def applied():
            status = self.status()
            return status["applied_revision"] == status["revision"] and not any(sink["error"] for sink in status["sinks"])
        wait_until(applied, timeout_s, "configured == applied")
        return time.monotonic() - begun

    def wait_member(self, pool, member, status, timeout_s=15):
        wait_until(lambda: self.show("member", member, pool)["operating_status"] == status, timeout_s, f"member {member} {status}")

    def wait_neighbours(self, members, timeout_s=5):
        """Until the node knows the members' MAC addresses. Without a monitor a member is in the ring from the start, and on a
        busy machine the first connections may come before its next hop is there (no_hop; the client tries again)."""
        wanted = {MEMBERS[member] for member in members if member in self.lab.members}

        def known():
            neighbours = json.loads(self.lab.run("lb", "ip", "-j", "neigh", "show", "dev", "back").stdout or "[]")
            return wanted <= {entry["dst"] for entry in neighbours if "lladdr" in entry}
        if wanted and not known():
            wait_until(known, timeout_s, f"neighbours {wanted}")
            time.sleep(0.1)

    def proxies(self):
        """Process ids of the proxy that this agent has started."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                    name, rest = file.read().rsplit(")", 1)
            except (OSError, ValueError):
                continue
            if name.endswith("(elb-proxy") and int(rest.split()[1]) == self.process.pid and rest.split()[0] != "Z":
                found.append(int(entry))
        return found

    def elbctl(self, *args, check=True):
        return self.lab.run("lb", BUILD / "bin" / "elbctl", "--endpoint", f"http://127.0.0.1:{self.port}", *args, check=check)

    # Services.

    def service(self, port=80, protocol="TCP", weights=None, monitor=None, vip=VIP, load_balancer=None, wait=True, member_port=MEMBER_PORT,
                pool_fields=None, **listener_fields):
        """A load balancer (unless given), a listener, a pool and members {member: weight}; waits until it is applied and, with
        a monitor, until every member with a running server is online."""
        subnet = CLIENT_SUBNET6 if ":" in vip else CLIENT_SUBNET
        lb_id = load_balancer or self.create("loadbalancer", name=f"lb-{port}", vip_subnet_id=subnet, vip_address=vip)["id"]
        listener = self.create("listener", name=f"listener-{port}", loadbalancer_id=lb_id, protocol=protocol, protocol_port=port, **listener_fields)["id"]
        pool = self.create("pool", **{"name": f"pool-{port}", "listener_id": listener, "protocol": POOL_PROTOCOLS.get(protocol, protocol),
                                      "lb_algorithm": "ROUND_ROBIN", **(pool_fields or {})})["id"]
        made = Service(self, lb_id, listener, pool)
        if monitor is not None:
            made.monitor = self.create("healthmonitor", pool_id=pool, **{"type": "TCP", "delay": 1, "timeout": 1, "max_retries": 1, **monitor})["id"]
        for member, weight in (weights or {}).items():
            made.add(member, weight, member_port)
        if wait:
            self.wait_applied()
            if protocol not in POOL_PROTOCOLS:  # the proxy's connections are the kernel's, which waits for neighbours by itself
                self.wait_neighbours(weights or {})
            if monitor is not None:
                made.wait_online([member for member in (weights or {}) if member in self.lab.members])
        return made


class Service:
    """Ids of one service; members by the lab's names."""

    def __init__(self, agent, lb_id, listener, pool):
        self.agent, self.lb, self.listener, self.pool = agent, lb_id, listener, pool
        self.monitor = None
        self.members = {}

    def add(self, member, weight=1, port=MEMBER_PORT, address=None):
        """At its address of the lab, unless given another."""
        where = {"address": address} if address else {"address": MEMBERS[member], "subnet_id": MEMBER_SUBNET, "availability_zone": ZONES[member]}
        made = self.agent.create("member", pool=self.pool, name=member, protocol_port=port, weight=weight, **where)
        self.members[member] = made["id"]
        return made["id"]

    def remove(self, member):
        self.agent.delete("member", self.members.pop(member), self.pool)

    def reweight(self, member, weight):
        self.agent.set("member", self.members[member], self.pool, weight=weight)

    def state(self, member):
        return self.agent.show("member", self.members[member], self.pool)["operating_status"]

    def wait_online(self, members, timeout_s=15):
        for member in members:
            self.agent.wait_member(self.pool, self.members[member], "ONLINE", timeout_s)


def bpftool(*args):
    """Decoded answer of bpftool -j."""
    out = run("bpftool", "-j", *args).stdout
    return json.loads(out) if out.strip() else None
