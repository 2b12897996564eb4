#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives the API with openstacksdk: version discovery from the endpoint, then load balancer to monitor.

Environment and exit status as in openstack_cli.py.
"""

import os
import pathlib
import subprocess
import sys

import openstack
from keystoneauth1 import adapter, session
from keystoneauth1.identity.none import NoAuth  # pylint: disable=no-name-in-module
from openstack.load_balancer.v2 import _proxy

ROOT = pathlib.Path(__file__).resolve().parents[2]


def discover(endpoint):
    """The base URL that keystoneauth finds when it is given each of the endpoints that operators write down."""
    urls = {}
    for path in ("", "/v2", "/v2.0"):
        client = adapter.Adapter(session.Session(auth=NoAuth(endpoint=endpoint + path)), service_type="load-balancer",
                                 min_version="2.0", max_version="2.latest")
        data = client.get_endpoint_data()
        urls[path] = (data.url, data.max_microversion)
    return urls


def run_checks(endpoint):
    failed = 0
    for path, (url, _) in discover(endpoint).items():
        if not url.rstrip("/").endswith(("/v2", "/v2.0")):
            print(f"FAILED discovery of '{path}': {url}")
            failed += 1
    proxy = _proxy.Proxy(session.Session(auth=NoAuth(endpoint=endpoint)), service_type="load-balancer",
                         endpoint_override=endpoint + "/v2")
    balancer = proxy.create_load_balancer(name="sdk-lb", vip_address=os.environ.get("ELB_VIP", "192.0.2.199"))
    try:
        proxy.wait_for_load_balancer(balancer.id, interval=0.2, wait=20)
        listener = proxy.create_listener(name="sdk-l", load_balancer_id=balancer.id, protocol="TCP", protocol_port=80)
        pool = proxy.create_pool(name="sdk-p", listener_id=listener.id, protocol="TCP", lb_algorithm="ROUND_ROBIN")
        member = proxy.create_member(pool, address="198.51.100.203", protocol_port=80, weight=3)
        monitor = proxy.create_health_monitor(pool_id=pool.id, type="TCP", delay=5, timeout=3, max_retries=3)
        checks = {
            "find by name": proxy.find_load_balancer("sdk-lb").id == balancer.id,
            "list": [item.id for item in proxy.members(pool)] == [member.id],
            "update": proxy.update_member(member, pool, weight=4).weight == 4,
            "monitor": proxy.get_health_monitor(monitor.id).delay == 5,
            "stats": proxy.get_load_balancer_statistics(balancer.id).total_connections is not None,
        }
        for what, holds in checks.items():
            if not holds:
                print(f"FAILED {what}")
                failed += 1
    finally:
        proxy.delete_load_balancer(balancer.id, cascade=True)
    return failed


def main():
    endpoint = os.environ.get("ELB_ENDPOINT")
    server = None
    if not endpoint:
        binary = os.environ.get("ELB_API_TESTSERVER", ROOT / "build/bin/elb-api-testserver")
        server = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        endpoint = server.stdout.readline().strip()
    try:
        failed = run_checks(endpoint.rstrip("/"))
    finally:
        if server:
            server.stdin.close()
            server.wait(timeout=10)
    print(f"openstacksdk {openstack.version.__version__}: {'failed' if failed else 'passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
