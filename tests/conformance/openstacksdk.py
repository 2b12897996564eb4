#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Drives the API with openstacksdk: version discovery from the endpoint, then load balancer to monitor.

Environment and exit status as in openstack_cli.py.
"""

import os
import pathlib
import subprocess
import sys

import openstack

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run_checks(endpoint, index):
    """`endpoint` is what an operator writes down: with or without the version."""
    cloud = openstack.connect(auth_type="none", endpoint=endpoint, load_balancer_endpoint_override=endpoint)
    lbaas = cloud.load_balancer
    vip = os.environ.get("ELB_VIP", f"192.0.2.{190 + index}")
    balancer = lbaas.create_load_balancer(name=f"sdk-{index}", vip_address=vip)
    failed = 0
    try:
        lbaas.wait_for_load_balancer(balancer.id, interval=0.2, wait=20)
        listener = lbaas.create_listener(name="sdk-l", load_balancer_id=balancer.id, protocol="TCP", protocol_port=80)
        pool = lbaas.create_pool(name="sdk-p", listener_id=listener.id, protocol="TCP", lb_algorithm="ROUND_ROBIN")
        member = lbaas.create_member(pool, address="198.51.100.203", protocol_port=80, weight=3)
        monitor = lbaas.create_health_monitor(pool_id=pool.id, type="TCP", delay=5, timeout=3, max_retries=3)
        checks = {
            "find by name": lbaas.find_load_balancer(f"sdk-{index}").id == balancer.id,
            "list": [item.id for item in lbaas.members(pool)] == [member.id],
            "update": lbaas.update_member(member, pool, weight=4).weight == 4,
            "monitor": lbaas.get_health_monitor(monitor.id).delay == 5,
            "stats": lbaas.get_load_balancer_statistics(balancer.id).total_connections is not None,
        }
        for what, holds in checks.items():
            if not holds:
                print(f"FAILED {what} at {endpoint}")
                failed += 1
    finally:
        lbaas.delete_load_balancer(balancer.id, cascade=True)
    return failed


def main():
    endpoint = os.environ.get("ELB_ENDPOINT")
    server = None
    if not endpoint:
        binary = os.environ.get("ELB_API_TESTSERVER", ROOT / "build/bin/elb-api-testserver")
        server = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        endpoint = server.stdout.readline().strip()
    try:
        failed = sum(run_checks(endpoint.rstrip("/") + path, i) for i, path in enumerate(("", "/v2", "/v2.0")))
    finally:
        if server:
            server.stdin.close()
            server.wait(timeout=10)
    print(f"openstacksdk: {'failed' if failed else 'passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
