# SPDX-License-Identifier: Apache-2.0
"""The HTTP part of the tour: an HTTPS listener with two names, two policies by path, and HTTP that is redirected to it."""
import collections

from lab import MEMBERS, VIP
from pki import Pki
from web import HTTP_PORT, curl

NAMES = ("www.example.com", "shop.example.com")
POLICIES = {"/static": "member2", "/api": "member3"}  # whose pools have one member each, for all to see
REQUESTS = 30


def configure(agent, pki, elbctl):
    for name in NAMES:
        crt, key = pki.issue(name, name)
        elbctl("certificate", "create", name, "--cert", str(crt), "--key", str(key), "--domain", name)
    elbctl("listener", "create", "https", "--lb", "web", "--protocol", "HTTPS", "--port", "443", "--certificate", NAMES[0], "--sni-certificate", NAMES[1])
    elbctl("pool", "create", "https", "--listener", "https")
    for member, address in MEMBERS.items():
        elbctl("member", "add", "https", f"{address}:{HTTP_PORT}", "--name", f"{member}-web")
    for path, member in POLICIES.items():
        name = path.strip("/")
        elbctl("pool", "create", name, "--lb", "web", "--protocol", "HTTP")
        elbctl("member", "add", name, f"{MEMBERS[member]}:{HTTP_PORT}", "--name", f"{member}-{name}")
        elbctl("l7policy", "create", name, "--listener", "https", "--path-prefix", path, "--pool", name)
    elbctl("listener", "create", "http", "--lb", "web", "--protocol", "HTTP", "--port", "8080")
    elbctl("l7policy", "create", "to-https", "--listener", "http", "--to-listener", "https")
    agent.wait_applied()


def show(lab, agent, findings, elbctl):
    for member in MEMBERS:
        lab.start_http_member(member, HTTP_PORT)
    pki = Pki(lab.dir / "pki")
    configure(agent, pki, elbctl)

    def get(url, name=NAMES[0], port=443):
        return curl(lab, url, "--cacert", pki.ca, "--resolve", f"{name}:{port}:{VIP}")
    answers = [get(f"https://{name}/", name) for name in NAMES for _ in range(REQUESTS)]
    by_member = collections.Counter(answer.member for answer in answers)
    findings.add(len(answers) == sum(answer.status == 200 for answer in answers) and len(by_member) == len(MEMBERS),
                 f"HTTPS: {len(answers)} requests for {len(NAMES)} names, each with its own certificate, over {len(by_member)} members")
    found = {path: get(f"https://{NAMES[0]}{path}/x").member for path in POLICIES}
    findings.add(found == POLICIES, "policies: " + ", ".join(f"{path} goes to {member}" for path, member in found.items()))
    redirect = get(f"http://{NAMES[0]}:8080/a?b", port=8080)
    findings.add(redirect.status == 301 and redirect.header("Location") == f"https://{NAMES[0]}/a?b",
                 f"HTTP is redirected: {redirect.status} to {redirect.header('Location')}")
