#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Drives the API with the OpenStack client (python3-octaviaclient), without Keystone, and checks what it prints.

ELB_ENDPOINT   the API to test, e.g. http://127.0.0.1:9876; without it elb-api-testserver is started
ELB_SUBNET     id of the subnet for VIPs; without it the first one of GET /v2.0/subnets
ELB_MEMBERS    two member addresses, comma-separated; without it two of 198.51.100.0/24

Leaves nothing behind. Exit status 0 when every check holds; the last line counts them.
"""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def expect(self, what, got, wanted):
        if got == wanted:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: got {got!r}, wanted {wanted!r}", flush=True)

    def that(self, what, holds):
        self.expect(what, bool(holds), True)


class Client:
    """The openstack command against one endpoint."""

    def __init__(self, endpoint):
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
        self.options = ["--os-auth-type", "none", "--os-endpoint", endpoint]

    def run(self, *words):
        command = ["openstack", *self.options, "loadbalancer", *words]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120, check=False)

    def ok(self, *words):
        done = self.run(*words)
        if done.returncode != 0:
            raise SystemExit(f"openstack loadbalancer {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def json(self, *words):
        return json.loads(self.ok(*words, "-f", "json"))


def get(endpoint, path):
    with urllib.request.urlopen(endpoint + path, timeout=10) as answer:
        return json.load(answer)


def run_checks(endpoint, checks):
    client = Client(endpoint)
    subnet = os.environ.get("ELB_SUBNET") or get(endpoint, "/v2.0/subnets")["subnets"][0]["id"]
    members = os.environ.get("ELB_MEMBERS", "198.51.100.201,198.51.100.202").split(",")
    lb, listener, pool, member, monitor = "conf-lb", "conf-listener", "conf-pool", "conf-member", "conf-hm"

    # Load balancer
    made = client.json("create", "--name", lb, "--vip-subnet-id", subnet, "--wait")
    checks.expect("create: provisioning", made["provisioning_status"], "ACTIVE")
    checks.expect("create: subnet", made["vip_subnet_id"], subnet)
    try:
        shown = client.json("show", lb)
        checks.expect("show by name", shown["id"], made["id"])
        checks.expect("show by id", client.json("show", made["id"])["name"], lb)
        checks.that("list", made["id"] in [row["id"] for row in client.json("list")])
        checks.expect("list --name", [row["id"] for row in client.json("list", "--name", lb)], [made["id"]])
        client.ok("set", lb, "--description", "hello", "--tag", "blue", "--wait")
        shown = client.json("show", lb)
        checks.expect("set: description", shown["description"], "hello")
        checks.that("set: tag", "blue" in shown["tags"])
        checks.expect("list --tags", [row["id"] for row in client.json("list", "--tags", "blue")], [made["id"]])
        client.ok("unset", lb, "--description", "--wait")
        checks.expect("unset: description", client.json("show", lb)["description"], "")

        # Listener
        made_listener = client.json("listener", "create", "--name", listener, "--protocol", "TCP", "--protocol-port",
                                    "8080", lb, "--wait")
        checks.expect("listener: port", made_listener["protocol_port"], 8080)
        client.ok("listener", "set", listener, "--description", "front", "--wait")
        checks.expect("listener set", client.json("listener", "show", listener)["description"], "front")
        checks.that("listener list", listener in [row["name"] for row in client.json("listener", "list")])
        checks.expect("listener list --loadbalancer",
                      [row["name"] for row in client.json("listener", "list", "--loadbalancer", lb)], [listener])
        refused = client.run("listener", "create", "--protocol", "TCP", "--protocol-port", "8080", lb)
        checks.that("same port again: refused", refused.returncode != 0 and "409" in refused.stderr)
        refused = client.run("listener", "create", "--protocol", "SCTP", "--protocol-port", "8081", lb)
        checks.that("SCTP: refused with a reason", refused.returncode != 0 and "not supported" in refused.stderr)

        client.ok("listener", "set", listener, "--allowed-cidr", "10.0.0.0/8", "--allowed-cidr", "192.0.2.0/24",
                  "--connection-limit", "5000", "--wait")
        shown = client.json("listener", "show", listener)
        checks.expect("listener set --allowed-cidr", shown["allowed_cidrs"], "10.0.0.0/8\n192.0.2.0/24")
        checks.expect("listener set --connection-limit", shown["connection_limit"], 5000)
        client.ok("listener", "unset", listener, "--allowed-cidrs", "--connection-limit", "--wait")
        shown = client.json("listener", "show", listener)
        checks.that("listener unset", shown["allowed_cidrs"] in (None, "", "None") and shown["connection_limit"] == -1)
        limited = client.json("listener", "create", "--protocol", "UDP", "--protocol-port", "8080", "--connection-limit",
                              "7", lb, "--wait")
        checks.expect("listener create --connection-limit", limited["connection_limit"], 7)
        client.ok("listener", "delete", limited["id"], "--wait")

        # Pool, members
        client.ok("pool", "create", "--name", pool, "--protocol", "TCP", "--lb-algorithm", "ROUND_ROBIN", "--listener",
                  listener, "--wait")
        client.ok("pool", "set", pool, "--description", "back", "--wait")
        checks.expect("pool set", client.json("pool", "show", pool)["description"], "back")
        checks.that("pool list", pool in [row["name"] for row in client.json("pool", "list")])
        client.ok("pool", "set", pool, "--lb-algorithm", "LEAST_CONNECTIONS", "--wait")
        checks.expect("pool set --lb-algorithm", client.json("pool", "show", pool)["lb_algorithm"], "LEAST_CONNECTIONS")
        client.ok("pool", "set", pool, "--lb-algorithm", "ROUND_ROBIN", "--session-persistence",
                  "type=SOURCE_IP,persistence_timeout=5", "--wait")
        shown = str(client.json("pool", "show", pool)["session_persistence"])
        checks.that("pool set --session-persistence", "SOURCE_IP" in shown and "5" in shown)
        client.ok("pool", "unset", pool, "--session-persistence", "--wait")
        client.ok("pool", "set", pool, "--lb-algorithm", "LEAST_CONNECTIONS", "--wait")
        refused = client.run("pool", "set", pool, "--session-persistence", "type=SOURCE_IP")
        checks.that("LEAST_CONNECTIONS with persistence: refused",
                    refused.returncode != 0 and "session_persistence" in refused.stderr)
        other = client.json("pool", "create", "--protocol", "TCP", "--lb-algorithm", "SOURCE_IP", "--loadbalancer", lb,
                            "--session-persistence", "type=SOURCE_IP", "--wait")
        checks.that("pool create --session-persistence", "SOURCE_IP" in str(other["session_persistence"]))
        client.ok("pool", "unset", other["id"], "--session-persistence", "--wait")
        checks.that("pool unset --session-persistence",
                    "type" not in str(client.json("pool", "show", other["id"])["session_persistence"]))
        client.ok("pool", "delete", other["id"], "--wait")
        made_member = client.json("member", "create", "--name", member, "--address", members[0], "--protocol-port",
                                  "80", "--weight", "10", pool, "--wait")
        checks.expect("member: address", made_member["address"], members[0])
        client.ok("member", "set", pool, member, "--weight", "0", "--wait")
        shown = client.json("member", "show", pool, member)
        checks.expect("member set: weight", shown["weight"], 0)
        checks.expect("member set: draining", shown["operating_status"], "DRAINING")
        client.ok("member", "set", pool, member, "--weight", "5", "--wait")
        second = client.json("member", "create", "--address", members[1], "--protocol-port", "80", pool, "--wait")
        checks.expect("member list", sorted(row["address"] for row in client.json("member", "list", pool)),
                      sorted(members[:2]))

        # Health monitor
        client.ok("healthmonitor", "create", "--name", monitor, "--type", "TCP", "--delay", "5", "--timeout", "3",
                  "--max-retries", "2", pool, "--wait")
        client.ok("healthmonitor", "set", monitor, "--delay", "6", "--wait")
        checks.expect("healthmonitor set", client.json("healthmonitor", "show", monitor)["delay"], 6)
        checks.that("healthmonitor list", monitor in [row["name"] for row in client.json("healthmonitor", "list")])

        # What is observed
        tree = json.loads(client.ok("status", "show", lb))["loadbalancer"]
        checks.expect("status: listener", tree["listeners"][0]["name"], listener)
        checks.expect("status: members", len(tree["listeners"][0]["pools"][0]["members"]), 2)
        for words in (("stats", "show", lb), ("listener", "stats", "show", listener)):
            stats = client.json(*words)
            checks.expect(" ".join(words[:-1]), sorted(stats), ["active_connections", "bytes_in", "bytes_out",
                                                                "request_errors", "total_connections"])
        checks.that("provider list", "elb" in [row["name"] for row in client.json("provider", "list")])
        checks.that("quota defaults", "load_balancer" in client.json("quota", "defaults", "show"))
        refused = client.run("failover", lb)
        checks.that("failover: refused with a reason", refused.returncode != 0 and "not supported" in refused.stderr)

        # Deletion, upwards
        refused = client.run("delete", lb)
        checks.that("delete with children: refused", refused.returncode != 0)
        client.ok("healthmonitor", "delete", monitor, "--wait")
        client.ok("member", "delete", pool, member, "--wait")
        client.ok("member", "delete", pool, second["id"], "--wait")
        checks.expect("member list: empty", client.json("member", "list", pool), [])
        client.ok("pool", "delete", pool, "--wait")
        client.ok("listener", "delete", listener, "--wait")
        checks.expect("listener list: empty", client.json("listener", "list", "--loadbalancer", lb), [])
    finally:
        client.run("delete", "--cascade", made["id"], "--wait")
    checks.that("gone", client.run("show", made["id"]).returncode != 0)

    # Full delete with children
    client.ok("create", "--name", lb, "--vip-subnet-id", subnet, "--wait")
    client.ok("listener", "create", "--name", listener, "--protocol", "UDP", "--protocol-port", "53", lb, "--wait")
    client.ok("pool", "create", "--name", pool, "--protocol", "UDP", "--lb-algorithm", "ROUND_ROBIN", "--listener",
              listener, "--wait")
    client.ok("delete", "--cascade", lb, "--wait")
    checks.that("cascade: gone", lb not in [row["name"] for row in client.json("list")])


def main():
    checks = Checks()
    endpoint = os.environ.get("ELB_ENDPOINT")
    server = None
    if not endpoint:
        binary = os.environ.get("ELB_API_TESTSERVER", ROOT / "build/bin/elb-api-testserver")
        server = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        endpoint = server.stdout.readline().strip()
    try:
        run_checks(endpoint.rstrip("/"), checks)
    finally:
        if server:
            server.stdin.close()
            server.wait(timeout=10)
    print(f"{checks.passed} passed, {checks.failed} failed, 0 skipped")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
