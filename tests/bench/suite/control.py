# SPDX-License-Identifier: Apache-2.0
"""Suite control: the control plane with much to carry, through its API: 1,000 load balancers, 5,000 listeners (four TCP and one HTTP each), 5,000
pools, 50,000 members and 10,000 l7policies with a rule each on one node, in the lab of the system tests. The members are behind a router.

  apply      the whole document at once; the time until it is acknowledged, and until the kernel's maps hold it
  load       twenty more load balancers, each with all that is under it in one POST
  change     the weight of one member, over and over; from the request to "applied": the kernel's maps hold it
  no change  a name: a revision that concerns no executor has to write no map entry
  restart    kill -9 and start: until the API answers, and until what is configured is applied
"""
import http.client
import json
import statistics
import sys
import time

from .build import ROOT, say

sys.path.insert(0, str(ROOT / "tests/harness"))
from agent import LBAAS, Agent  # noqa: E402
from lab import Lab  # noqa: E402

SUBNET = "id=44444444-4444-4444-8444-444444444444,name=many,cidr=10.64.0.0/16,gateway=10.64.0.1,network=a4444444-4444-4444-8444-444444444444"
MEMBERS_PER_POOL = 10
LISTENERS = 5
POLICIES = 10


class Client:
    """One kept connection."""

    def __init__(self, agent):
        with agent.lab.netns("lb"):
            self.connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=120)
            self.connection.connect()

    def call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body).encode() if body else None)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]}")
        return json.loads(text) if text else None


def load_balancer(number):
    """As the document has it."""
    def members(pool):
        first = (number * LISTENERS + pool) * MEMBERS_PER_POOL
        return [{"address": f"10.{128 + (first + i) // 65025}.{(first + i) // 255 % 255}.{(first + i) % 255 + 1}", "protocol_port": 80, "weight": 1 + i}
                for i in range(MEMBERS_PER_POOL)]

    pools = [{"name": f"p{pool}", "protocol": "TCP" if pool else "HTTP", "lb_algorithm": "ROUND_ROBIN", "members": members(pool)} for pool in range(LISTENERS)]
    listeners = [{"name": f"l{pool}", "protocol": "TCP" if pool else "HTTP", "protocol_port": 80 + pool, "default_pool": f"p{pool}"}
                 for pool in range(LISTENERS)]
    listeners[0]["l7policies"] = [{"action": "REJECT", "rules": [{"type": "PATH", "compare_type": "STARTS_WITH", "value": f"/{policy}"}]}
                                  for policy in range(POLICIES)]
    return {"name": f"lb{number}", "vip_subnet_id": SUBNET.split(",")[0].removeprefix("id="), "pools": pools, "listeners": listeners}


def tree(number):
    """The same as one POST takes it."""
    made = load_balancer(number)
    for listener in made["listeners"]:
        listener["default_pool"] = {"name": listener["default_pool"]}
    return {"loadbalancer": made}


def writes(client):
    """Map entries that the data path has written."""
    return next(sink["writes"] for sink in client.call("GET", "/v1/status")["sinks"] if sink["name"] == "dataplane")


def applied(client, path, timeout_s=120):
    """Waits until the object is no longer pending; returns how long."""
    begun = time.monotonic()
    while client.call("GET", path)["member"]["provisioning_status"] != "ACTIVE":
        if time.monotonic() - begun > timeout_s:
            raise RuntimeError("not applied")
        time.sleep(0.001)
    return time.monotonic() - begun


def measure(agent, count, changes):
    client = Client(agent)
    client.call("PUT", f"{LBAAS}/quotas/none", {"quota": dict.fromkeys(("loadbalancer", "listener", "pool", "member", "l7policy"), -1)})
    document = {"load_balancers": [load_balancer(number) for number in range(count)]}
    begun = time.monotonic()
    client.call("POST", "/v1/apply", document)
    whole_acknowledged = time.monotonic() - begun
    agent.wait_applied(120)
    whole_applied = time.monotonic() - begun
    say(f"{count} load balancers acknowledged after {whole_acknowledged:.1f} s, applied after {whole_applied:.1f} s")
    times = []
    for number in range(count, count + 20):
        begun = time.monotonic()
        client.call("POST", f"{LBAAS}/loadbalancers", tree(number))
        times.append(time.monotonic() - begun)
    pool = client.call("GET", f"{LBAAS}/pools?name=p1&limit=1&fields=id")["pools"][0]["id"]
    member = f"{LBAAS}/pools/{pool}/members/" + client.call("GET", f"{LBAAS}/pools/{pool}/members")["members"][0]["id"]
    applied(client, member)
    acknowledged, whole = [], []
    for number in range(changes):
        begun = time.monotonic()
        client.call("PUT", member, {"member": {"weight": 2 + number % 90}})
        acknowledged.append(time.monotonic() - begun)
        applied(client, member)
        whole.append(time.monotonic() - begun)
    say(f"one change: {1000 * statistics.median(acknowledged):.1f} ms acknowledged, {1000 * statistics.median(whole):.1f} ms applied")
    before = writes(client)
    client.call("PUT", member, {"member": {"name": "renamed"}})
    applied(client, member)
    unchanged = writes(client) - before
    agent.kill9()
    begun = time.monotonic()
    agent.start(60)
    serving = time.monotonic() - begun
    agent.wait_applied(120)
    restarted = time.monotonic() - begun

    def worst(values):
        return 1000 * sorted(values)[max(0, len(values) * 99 // 100 - 1)]
    return [row("whole document acknowledged", whole_acknowledged, "s"), row("whole document applied", whole_applied, "s", 10),
            row("one more load balancer acknowledged, median", 1000 * statistics.median(times), "ms"),
            row("one member change acknowledged, p99", worst(acknowledged), "ms"), row("one member change applied, p99", worst(whole), "ms", 50),
            row("one member change applied, median", 1000 * statistics.median(whole), "ms"), row("map entries written without a change", unchanged, "", 0),
            row("restart until the API answers", serving, "s", 3), row("restart until all is applied", restarted, "s")]


def row(case, value, unit, target=None):
    """Like those of the other suites: the peer is the target, where there is one."""
    made = {"case": case, "value": round(value, 1), "unit": unit, "peer": "target" if target is not None else "", "peer_value": target or 0}
    return {**made, "ratio": round(value / target, 2) if target else float(value > 0 and target is not None)}


def control(arguments):
    with Lab(prefix="bench", log_dir=ROOT / "build/bench/control-logs") as lab:
        agent = Agent(lab, **{"max-listeners": 8192, "max-members": 65535})
        agent.subnets.append(SUBNET)
        lab.ip("member1", "route add local 10.128.0.0/9 dev lo")
        lab.ip("lb", "route add 10.128.0.0/9 via 10.2.0.11")
        agent.start()
        return measure(agent, arguments.load_balancers, 200)
