#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What openstack_cli.py leaves out of `openstack loadbalancer`: l7policies and l7rules, HTTP and HTTPS listeners, quotas, providers, and the
commands of Octavia's administrators, which are refused with a reason. Environment and exit status as there."""
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
import uuid

from openstack_cli import Checks, Client, get

REFUSED = [["amphora", "list"], ["flavor", "list"], ["flavorprofile", "list"], ["availabilityzone", "list"], ["availabilityzoneprofile", "list"]]


def certificate(endpoint):
    """Makes one for HTTPS; its id."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{directory}/key", "-out",
                        f"{directory}/crt", "-subj", "/CN=www.example.com", "-days", "9"], check=True, capture_output=True)
        with open(f"{directory}/key", encoding="ascii") as key, open(f"{directory}/crt", encoding="ascii") as crt:
            body = {"name": "conf-certificate", "domain": "www.example.com", "private_key": key.read(), "certificate": crt.read()}
    request = urllib.request.Request(f"{endpoint}/v2.0/lbaas/certificates", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["id"]


def listeners(client, checks, lb, endpoint):
    made = client.json("listener", "create", "--name", "conf-http", "--protocol", "HTTP", "--protocol-port", "80",
                       "--insert-headers", "X-Forwarded-For=true,X-Forwarded-Port=true", lb, "--wait")
    checks.that("listener create --insert-headers", "X-Forwarded-Port" in str(made["insert_headers"]))
    key = certificate(endpoint)
    made = client.json("listener", "create", "--name", "conf-https", "--protocol", "TERMINATED_HTTPS", "--protocol-port", "443",
                       "--default-tls-container-ref", key, lb, "--wait")
    checks.expect("listener create TERMINATED_HTTPS", made["protocol"], "TERMINATED_HTTPS")
    checks.that("listener create --default-tls-container-ref", key in made["default_tls_container_ref"])
    client.ok("listener", "set", "conf-https", "--sni-container-refs", key, "--wait")
    checks.that("listener set --sni-container-refs", key in str(client.json("listener", "show", "conf-https")["sni_container_refs"]))
    client.ok("listener", "unset", "conf-https", "--sni-container-refs", "--wait")
    checks.that("listener unset --sni-container-refs", key not in str(client.json("listener", "show", "conf-https")["sni_container_refs"]))
    client.ok("pool", "create", "--name", "conf-web", "--protocol", "HTTP", "--lb-algorithm", "ROUND_ROBIN", "--loadbalancer", lb,
              "--session-persistence", "type=HTTP_COOKIE", "--wait")
    checks.that("pool create, HTTP_COOKIE", "HTTP_COOKIE" in str(client.json("pool", "show", "conf-web")["session_persistence"]))
    client.ok("healthmonitor", "create", "--name", "conf-check", "--type", "HTTP", "--url-path", "/health", "--expected-codes", "200-204",
              "--delay", "5", "--timeout", "3", "--max-retries", "2", "conf-web", "--wait")
    shown = client.json("healthmonitor", "show", "conf-check")
    checks.expect("healthmonitor create, HTTP", (shown["url_path"], shown["expected_codes"]), ("/health", "200-204"))


def policies(client, checks):
    made = client.json("l7policy", "create", "--name", "conf-policy", "--action", "REDIRECT_TO_POOL", "--redirect-pool", "conf-web", "conf-http", "--wait")
    checks.expect("l7policy create", (made["action"], made["position"]), ("REDIRECT_TO_POOL", 1))
    other = client.json("l7policy", "create", "--action", "REDIRECT_TO_URL", "--redirect-url", "https://www.example.com/", "--redirect-http-code", "301",
                        "conf-http", "--wait")
    checks.expect("l7policy create, REDIRECT_TO_URL", (other["redirect_url"], other["redirect_http_code"]), ("https://www.example.com/", 301))
    prefix = client.json("l7policy", "create", "--action", "REDIRECT_PREFIX", "--redirect-prefix", "https://www.example.com", "conf-http", "--wait")
    checks.expect("l7policy create, REDIRECT_PREFIX", prefix["redirect_prefix"], "https://www.example.com")
    rejects = client.json("l7policy", "create", "--action", "REJECT", "conf-http", "--wait")
    checks.expect("l7policy create, REJECT", rejects["action"], "REJECT")
    checks.expect("l7policy list", len(client.json("l7policy", "list")), 4)
    checks.expect("l7policy list --listener", len(client.json("l7policy", "list", "--listener", "conf-https")), 0)
    client.ok("l7policy", "set", "conf-policy", "--description", "hello", "--wait")
    checks.expect("l7policy set", client.json("l7policy", "show", "conf-policy")["description"], "hello")
    client.ok("l7policy", "unset", "conf-policy", "--description", "--wait")
    checks.expect("l7policy unset", client.json("l7policy", "show", "conf-policy")["description"], "")

    # Without --wait: with it the command (3.1.0) asks for the rule of the policy and the policy of the rule.
    rule = client.json("l7rule", "create", "--type", "PATH", "--compare-type", "STARTS_WITH", "--value", "/api", "conf-policy")
    checks.expect("l7rule create", (rule["type"], rule["value"]), ("PATH", "/api"))
    host = client.json("l7rule", "create", "--type", "HOST_NAME", "--compare-type", "EQUAL_TO", "--value", "www.example.com", "conf-policy")
    checks.expect("l7rule list", {row["id"] for row in client.json("l7rule", "list", "conf-policy")}, {rule["id"], host["id"]})
    client.ok("l7rule", "set", "conf-policy", rule["id"], "--value", "/v1")
    checks.expect("l7rule set", client.json("l7rule", "show", "conf-policy", rule["id"])["value"], "/v1")
    client.ok("l7rule", "delete", "conf-policy", host["id"])
    checks.expect("l7rule delete", len(client.json("l7rule", "list", "conf-policy")), 1)
    refused = client.run("l7rule", "create", "--type", "PATH", "--compare-type", "REGEX", "--value", "(", "conf-policy")
    checks.that("l7rule create, a bad expression: refused", refused.returncode != 0 and "value" in refused.stderr)
    for policy in ("conf-policy", other["id"], prefix["id"], rejects["id"]):
        client.ok("l7policy", "delete", policy, "--wait")
    checks.expect("l7policy delete", client.json("l7policy", "list"), [])


def rest(client, checks):
    defaults = client.json("quota", "defaults", "show")
    shown = client.json("quota", "show", str(uuid.uuid4()))  # a name would have to be asked of Keystone
    checks.that("quota defaults show", {"load_balancer", "listener", "pool", "member", "health_monitor", "l7policy", "l7rule"} <= set(defaults))
    checks.expect("quota show of a project that has none of its own", shown, defaults)
    for words in REFUSED:
        refused = client.run(*words)
        checks.that(f"{' '.join(words)}: refused with a reason", refused.returncode != 0 and "there is nothing at" in refused.stderr + refused.stdout)


def main():
    checks = Checks()
    endpoint = os.environ["ELB_ENDPOINT"].rstrip("/")
    subnet = os.environ.get("ELB_SUBNET") or get(endpoint, "/v2.0/subnets")["subnets"][0]["id"]
    client = Client(endpoint)
    lb = client.json("create", "--name", "conf-l7", "--vip-subnet-id", subnet, "--wait")["id"]
    try:
        listeners(client, checks, lb, endpoint)
        policies(client, checks)
        rest(client, checks)
    finally:
        client.run("delete", "--cascade", lb, "--wait")
    print(f"{checks.passed} passed, {checks.failed} failed, 0 skipped")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
