# SPDX-License-Identifier: Apache-2.0
"""octavia-tempest-plugin's API tests against an agent in the lab. It needs a cloud's identity and network services: the first is a
stand-in (fake_keystone.py), the second is the agent's own network API."""
import pathlib
import re

import agent as harness
from lab import LabError, wait_until

HERE = pathlib.Path(__file__).resolve().parent
KEYSTONE_PORT = 35357
PACKAGE = "octavia_tempest_plugin.tests.api.v2"
NETWORK = next(part.removeprefix("network=") for part in harness.SUBNETS["clients"].split(",") if part.startswith("network="))
USERS = 14
ADMINS = 4
ROLES = ["member", "reader", "load-balancer_member", "load-balancer_admin", "load-balancer_observer", "load-balancer_global_observer",
         "load-balancer_quota_admin"]
NAMED = rf"(?:{PACKAGE}\.\w+\.(\w+\.\w+)|setUpClass \({PACKAGE}\.\w+\.(\w+)\))"
LINE = re.compile(NAMED + r"(?:\[.*\])? \.\.\. (ok|FAIL|ERROR|skipped)")
BLOCK = re.compile(NAMED)
CONFIG = """
[DEFAULT]
log_file = {directory}/tempest.log
[oslo_concurrency]
lock_path = {directory}
[auth]
use_dynamic_credentials = false
test_accounts_file = {directory}/accounts.yaml
[identity]
uri_v3 = http://127.0.0.1:{keystone}/identity/v3
auth_version = v3
region = elb
[identity-feature-enabled]
api_v2 = false
[service_available]
load_balancer = true
neutron = true
nova = true
glance = true
[network]
project_networks_reachable = true
[load_balancer]
provider = octavia
enabled_provider_drivers = elb:The balancer of this node.,octavia:Another name for elb that clients of Octavia ask for.,vlb:Another name for elb that clients of the vendor's API ask for.
RBAC_test_type = none
test_with_ipv6 = false
test_with_noop = false
test_network_override = {network}
build_interval = 1
build_timeout = 5
check_interval = 1
check_timeout = 5
lb_build_interval = 1
lb_build_timeout = 5
"""


def prepare(directory):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tempest.conf").write_text(CONFIG.format(directory=directory, keystone=KEYSTONE_PORT, network=NETWORK))
    accounts = ""
    for number in range(USERS):
        accounts += f"- username: user{number}\n  project_name: project{number}\n  password: any\n  user_domain_name: Default\n  project_domain_name: Default\n"
        roles = ", ".join(["admin", *ROLES] if number < ADMINS else ROLES)  # who is an admin is nobody else
        accounts += f"  roles: [{roles}]\n" + ("  types: [admin]\n" if number < ADMINS else "")
    (directory / "accounts.yaml").write_text(accounts)


def start_keystone(lab, agent):
    return lab.spawn("lb", "/usr/bin/python3", HERE / "fake_keystone.py", KEYSTONE_PORT, f"http://127.0.0.1:{agent.port}", name="keystone").wait_ready()


def run_module(lab, agent, module, timeout_s=300):
    """{"Class.test": (outcome, what was printed of it)}; outcome: ok, FAIL, ERROR or skipped."""
    directory = lab.dir / "tempest"
    prepare(directory)
    keystone = start_keystone(lab, agent)
    try:
        environment = ["env", "-C", directory, f"TEMPEST_CONFIG_DIR={directory}", "TEMPEST_CONFIG=tempest.conf", "PYTHONWARNINGS=ignore", f"HOME={directory}"]
        process = lab.spawn("lb", *environment, "/usr/bin/python3", "-m", "unittest", "-v", f"{PACKAGE}.{module}", name=module)
        wait_until(lambda: not process.running(), timeout_s, f"the end of {module}", 0.2)
    finally:
        keystone.end()
    return parse(process.log.read_text(encoding="utf-8", errors="replace"))


def parse(text):
    """A class that could not be set up counts as one test, "Class.setUpClass"."""
    details = {}
    for block in re.split(r"^={70}$", text, flags=re.MULTILINE)[1:]:
        found = BLOCK.search(block)
        if found:
            details[found[1] or f"{found[2]}.setUpClass"] = block.split("\nRan ")[0]
    results = {}
    for found in filter(None, map(LINE.match, text.splitlines())):
        name = found[1] or f"{found[2]}.setUpClass"
        results[name] = (found[3], details.get(name, ""))
    if not results:
        raise LabError(f"nothing was run: {text[-2000:]}")
    return results
