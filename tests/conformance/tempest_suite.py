# SPDX-License-Identifier: Apache-2.0
"""octavia-tempest-plugin's API tests against an agent in the lab. The cloud's identity and network services that it needs are the
agent's own: users log in with tokens as passwords (ADR 21), each with a project of its own."""
import re

import agent as harness
from lab import LabError, wait_until

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
uri_v3 = http://127.0.0.1:{port}/identity/v3
auth_version = v3
region = RegionOne
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


def make_user(agent, number):
    """A project, and a token that is its user's password. An administrator's is bound to none: the login narrows it."""
    project = f"project{number}"
    if agent.request("GET", f"/v1/projects/{project}")[0] == 404:
        agent.api("POST", "/v1/projects", {"project": {"id": project, "name": project}})
    wanted = {"name": f"user{number}", "role": "admin"} if number < ADMINS else {"name": f"user{number}", "role": "member", "project_id": project}
    return project, agent.api("POST", "/v1/tokens", {"token": wanted})["token"]["secret"]


def prepare(agent, directory):
    if (directory / "accounts.yaml").exists():
        return  # by the module before this one
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tempest.conf").write_text(CONFIG.format(directory=directory, port=agent.port, network=NETWORK))
    accounts = ""
    for number in range(USERS):
        project, secret = make_user(agent, number)
        accounts += f"- username: user{number}\n  project_name: {project}\n  password: {secret}\n  user_domain_name: Default\n  project_domain_name: Default\n"
        roles = ", ".join(["admin", *ROLES] if number < ADMINS else ROLES)  # who is an admin is nobody else
        accounts += f"  roles: [{roles}]\n" + ("  types: [admin]\n" if number < ADMINS else "")
    (directory / "accounts.yaml").write_text(accounts)


def run_module(lab, agent, module, timeout_s=300):
    """{"Class.test": (outcome, what was printed of it)}; outcome: ok, FAIL, ERROR or skipped."""
    directory = lab.dir / "tempest"
    prepare(agent, directory)
    environment = ["env", "-C", directory, f"TEMPEST_CONFIG_DIR={directory}", "TEMPEST_CONFIG=tempest.conf", "PYTHONWARNINGS=ignore", f"HOME={directory}"]
    process = lab.spawn("lb", *environment, "/usr/bin/python3", "-m", "unittest", "-v", f"{PACKAGE}.{module}", name=module)
    wait_until(lambda: not process.running(), timeout_s, f"the end of {module}", 0.2)
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
