# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-11, AU-01.
"""Revisions, what differs between them, and the way back (docs/history.md): a real agent with traffic, and elbctl."""
import json
import re
import ssl

import pytest
from agent import LBAAS
from lab import VIP
from pki import Pki, upload


@pytest.fixture
def clean(agent):
    """Afterwards nothing is left of what a test made."""
    yield
    agent.api("POST", "/v1/apply?prune=all", {"load_balancers": [], "certificates": []})


def revision(agent):
    return agent.status()["revision"]


def answers(lab):
    """Whether a client gets through to a member."""
    try:
        with lab.socket("client1") as sock:
            sock.settimeout(3)
            sock.connect((VIP, 80))
            return True
    except OSError:
        return False


def export(agent):
    return agent.api("GET", "/v1/export?ids=true")


def rollback(agent, number, **more):
    return agent.request("POST", "/v1/rollback", {"revision": number, **more})


@pytest.mark.usefixtures("clean")
def test_each_call_is_a_revision_that_tells_who_and_what(agent):
    begun = revision(agent)
    service = agent.service(weights={"member1": 1})
    service.reweight("member1", 7)
    newest = revision(agent)
    listed = agent.api("GET", f"/v1/revisions?limit={newest - begun}")["revisions"]
    assert [one["number"] for one in listed] == list(range(newest, begun, -1))
    assert listed[0]["call"] == f"PUT {LBAAS}/pools/{service.pool}/members/{service.members['member1']}", listed[0]
    assert listed[0]["user"]["name"] and listed[0]["changes"] == 1 and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", listed[0]["time"]), listed[0]

    change, = agent.api("GET", f"/v1/revisions/{newest}")["revision"]["changes"]
    assert (change["kind"], change["action"], change["id"]) == ("member", "update", service.members["member1"]), change
    assert change["fields"] == [{"field": "weight", "old": 1, "new": 7}], change
    assert (change["before"]["weight"], change["after"]["weight"]) == (1, 7), change

    difference = agent.api("GET", f"/v1/diff?from={begun}")
    assert (difference["from"], difference["to"], difference["summary"]["create"]) == (begun, newest, 4), difference
    assert agent.api("GET", f"/v1/diff?from={newest}&to={begun}")["summary"]["delete"] == 4
    assert agent.request("GET", f"/v1/revisions/{newest + 1}")[0] == 404
    assert agent.request("GET", "/v1/diff")[0] == 400


@pytest.mark.usefixtures("clean")
def test_a_rollback_brings_a_deleted_service_back_with_its_traffic(lab, agent):
    service = agent.service(weights={"member1": 1})
    assert answers(lab)
    good, was = revision(agent), export(agent)
    agent.delete("loadbalancer", service.lb, query="?cascade=true")
    agent.wait_applied()
    gone = revision(agent)
    assert not answers(lab)

    status, plan = rollback(agent, good, dry_run=True)
    assert status == 200 and plan["summary"]["create"] == 4, plan
    assert revision(agent) == gone and export(agent) != was, "a dry run changes nothing"
    assert rollback(agent, good, base_revision=good)[0] == 409, "the plan of another revision"

    status, done = agent.request("POST", "/v1/rollback?wait=applied", {"revision": good, "base_revision": gone})
    assert status == 200 and done["revision"] == gone + 1 and done["changes"] == plan["changes"], done
    assert export(agent) == was and agent.show("listener", service.listener)["protocol_port"] == 80
    agent.wait_neighbours(["member1"])
    assert answers(lab)
    trace = agent.api("GET", "/v1/traces?trace_name=rollbackConfiguration")["traces"][0]
    assert trace["code"] in (200, "200"), trace

    status, nothing = rollback(agent, good)
    assert status == 200 and not nothing["changes"] and revision(agent) == gone + 1, nothing
    assert rollback(agent, gone)[0] == 200, "a rollback can be rolled back"
    assert agent.request("GET", f"{LBAAS}/loadbalancers/{service.lb}")[0] == 404


@pytest.mark.usefixtures("clean")
def test_private_keys_come_back_and_are_never_shown(lab, agent, tmp_path):
    pki = Pki(tmp_path)
    begun = revision(agent)
    made = upload(agent, pki.issue("shop", "shop.example.com"), "shop")
    agent.api("DELETE", f"{LBAAS}/certificates/{made}")
    for path in (f"/v1/revisions/{begun + 1}", f"/v1/revisions/{begun + 2}", f"/v1/diff?from={begun}&to={begun + 1}"):
        text = json.dumps(agent.api("GET", path))
        assert "******" in text and "PRIVATE KEY" not in text, path
    status, done = rollback(agent, begun + 1)
    assert status == 200 and "PRIVATE KEY" not in json.dumps(done), done
    agent.service(port=443, protocol="HTTPS", default_tls_container_ref=made)
    with lab.socket("client1") as sock:
        sock.settimeout(5)
        sock.connect((VIP, 443))
        with ssl.create_default_context(cafile=pki.ca).wrap_socket(sock, server_hostname="shop.example.com") as tls:
            assert tls.version(), "the proxy has the key again"


@pytest.mark.usefixtures("clean")
def test_history_survives_a_kill(agent):
    service = agent.service(weights={"member1": 1})
    service.reweight("member1", 3)
    newest = revision(agent)
    told = agent.api("GET", f"/v1/revisions/{newest}")
    agent.kill9()
    agent.start()
    assert agent.api("GET", f"/v1/revisions/{newest}") == told
    assert rollback(agent, newest - 1)[0] == 200
    assert agent.show("member", service.members["member1"], service.pool)["weight"] == 1


@pytest.mark.usefixtures("clean")
def test_elbctl_lists_shows_compares_and_rolls_back(agent):
    service = agent.service(weights={"member1": 1})
    good = revision(agent)
    service.reweight("member1", 9)
    listed = agent.elbctl("revision", "list", "--limit", "2").stdout
    assert listed.startswith("REVISION") and str(good + 1) in listed and "PUT " in listed, listed
    shown = agent.elbctl("revision", "show", good + 1)
    assert "weight: 1 -> 9" in shown.stdout and f"revision {good + 1}" in shown.stderr, shown
    differs = agent.elbctl("revision", "diff", good)
    assert "weight: 1 -> 9" in differs.stdout and "1 updated" in differs.stderr, differs

    dry = agent.elbctl("rollback", good, "--dry-run")
    assert "weight: 9 -> 1" in dry.stdout and "nothing is changed" in dry.stderr and revision(agent) == good + 1, dry
    done = agent.elbctl("rollback", good, "--wait")
    assert f"as it was at revision {good}: 1 updated" in done.stderr and revision(agent) == good + 2, done
    assert agent.show("member", service.members["member1"], service.pool)["weight"] == 1
    assert "nothing to do" in agent.elbctl("rollback", good).stderr
    unknown = agent.elbctl("revision", "show", good + 99, check=False)
    assert unknown.returncode != 0 and "does not exist yet" in unknown.stderr, unknown
