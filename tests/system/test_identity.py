# SPDX-License-Identifier: Apache-2.0
"""Who may use the API of a real agent (GEN-11, S10, S11): the socket, tokens, TLS, elbctl's contexts, OpenStack's client, traces."""
import contextlib
import http.client
import json
import os
import ssl
import subprocess

import pytest
from agent import BUILD, CLIENT_SUBNET, LBAAS, Agent
from lab import wait_until

TLS_PORT = 9877
NOBODY = 65534


@pytest.fixture(scope="module")
def agent(lab):
    made = Agent(lab, **{"loopback-auth": "token", "tls-listen": f"0.0.0.0:{TLS_PORT}"})
    made.process = lab.spawn("lb", *made.argv(), name="elb-agent")
    wait_until(made.socket.exists, 20, "the socket is there")
    return made


def elbctl(agent, *words, env=None, check=True):
    """As root at the socket, unless told otherwise."""
    command = ["env", *(f"{key}={value}" for key, value in (env or {}).items()), BUILD / "bin/elbctl", *words]
    return agent.lab.run("lb", *command, check=check)


def root(agent, *words, check=True):
    return elbctl(agent, "--endpoint", f"unix:{agent.socket}", *words, check=check)


@pytest.fixture(scope="module")
def tokens(agent):
    """Of two projects and an administrator: name -> file."""
    files = {}
    for name, role in (("shop", "member"), ("bank", "member"), ("boss", "admin")):
        files[name] = agent.lab.dir / f"{name}.token"
        if role == "member":
            root(agent, "project", "create", name, "--id", name)
        root(agent, "token", "create", name, "--role", role, "--out", files[name], *(["--project", name] if role == "member" else []))
        assert files[name].stat().st_mode & 0o777 == 0o600
    return files


def secret(path):
    return path.read_text(encoding="utf-8").strip()


def test_S11_the_socket_is_closed_to_others(lab, agent):
    assert agent.socket.stat().st_mode & 0o7777 == 0o660
    refused = lab.run("lb", "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", BUILD / "bin/elbctl", "--endpoint",
                      f"unix:{agent.socket}", "lb", "list", check=False)
    assert refused.returncode != 0 and "permission denied" in refused.stderr


def test_S11_loopback_wants_a_token(agent, tokens):
    assert agent.request("GET", f"{LBAAS}/loadbalancers")[0] == 401
    assert agent.request("GET", "/metrics")[0] == 401, "also what there is not"
    status, answer = agent.request("GET", f"{LBAAS}/loadbalancers", headers={"X-Auth-Token": secret(tokens["shop"])})
    assert (status, answer["loadbalancers"]) == (200, [])


def test_GEN11_projects_do_not_see_each_other(agent, tokens):
    def ask(name, method, path, body=None):
        return agent.request(method, path, body, headers={"X-Auth-Token": secret(tokens[name])})
    status, made = ask("shop", "POST", f"{LBAAS}/loadbalancers", {"loadbalancer": {"name": "web", "vip_subnet_id": CLIENT_SUBNET}})
    assert status == 201 and made["loadbalancer"]["project_id"] == "shop"
    path = f"{LBAAS}/loadbalancers/{made['loadbalancer']['id']}"
    for method in ("GET", "DELETE"):
        assert ask("bank", method, path)[0] == 404
    assert ask("bank", "GET", f"{LBAAS}/loadbalancers")[1]["loadbalancers"] == []
    assert ask("boss", "GET", path)[0] == 200
    assert ask("shop", "DELETE", path)[0] == 204


def test_S11_tls_with_the_agents_own_certificate(lab, agent, tokens):
    ca = agent.store.parent / "api-cert.pem"
    assert (agent.store.parent / "api-key.pem").stat().st_mode & 0o777 == 0o600
    far = ["--endpoint", f"https://127.0.0.1:{TLS_PORT}", "--token-file", tokens["shop"]]
    assert elbctl(agent, *far, "--ca-file", ca, "lb", "list", "-o", "json").stdout.strip() == "[]"
    distrusted = elbctl(agent, *far, "lb", "list", check=False)
    assert distrusted.returncode != 0 and "not one that is trusted" in distrusted.stderr
    with lab.netns("lb"):
        context = ssl.create_default_context(cafile=ca)
        connection = http.client.HTTPSConnection("127.0.0.1", TLS_PORT, timeout=10, context=context)
        connection.connect()
    with contextlib.closing(connection):
        for token, status in (("", 401), ("wrong", 401), (secret(tokens["boss"]), 200)):
            connection.request("GET", "/v1/status", headers={"X-Auth-Token": token} if token else {})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status


def test_contexts_keep_what_reaches_an_agent(lab, agent, tokens):
    env = {"ELB_CONTEXTS": lab.dir / "contexts" / "contexts.json"}
    elbctl(agent, "context", "set", "far", "--endpoint", f"https://127.0.0.1:{TLS_PORT}", "--token-file", tokens["shop"], "--ca-file",
           agent.store.parent / "api-cert.pem", "--project", "shop", env=env)
    assert env["ELB_CONTEXTS"].stat().st_mode & 0o777 == 0o600
    made = json.loads(elbctl(agent, "lb", "create", "ctx", "--vip-subnet", "clients", "-o", "json", env=env).stdout)
    assert made["project_id"] == "shop"
    elbctl(agent, "lb", "delete", "ctx", env=env)
    elbctl(agent, "context", "set", "near", "--endpoint", f"unix:{agent.socket}", env=env)
    elbctl(agent, "context", "use", "near", env=env)
    assert [item["name"] for item in json.loads(elbctl(agent, "context", "list", "-o", "json", env=env).stdout) if item["current"]] == ["near"]
    assert json.loads(elbctl(agent, "token", "list", "-o", "json", env=env).stdout), "as root"
    elbctl(agent, "context", "use", "far", env=env)
    elbctl(agent, "context", "delete", "near", env=env)
    assert elbctl(agent, "context", "use", "near", env=env, check=False).returncode == 3
    env["ELB_CONTEXTS"].chmod(0o644)
    refused = elbctl(agent, "lb", "list", env=env, check=False)
    assert refused.returncode == 2 and "chmod 600" in refused.stderr
    env["ELB_CONTEXTS"].chmod(0o600)
    tokens["shop"].chmod(0o644)
    refused = elbctl(agent, "lb", "list", env=env, check=False)
    tokens["shop"].chmod(0o600)
    assert refused.returncode == 2 and "others may read" in refused.stderr


def openstack(lab, env, *words):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    with lab.netns("lb"):
        return subprocess.run(["openstack", *words], env={**clean, **env}, capture_output=True, text=True, timeout=120, check=False)


def test_openstack_logs_in_with_a_token(lab, agent, tokens):
    endpoint = f"http://127.0.0.1:{agent.port}"
    env = {"OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": endpoint, "OS_TOKEN": secret(tokens["shop"])}
    made = openstack(lab, env, "loadbalancer", "create", "--name", "os", "--vip-subnet-id", CLIENT_SUBNET, "-f", "json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["project_id"] == "shop"
    assert openstack(lab, {**env, "OS_TOKEN": secret(tokens["bank"])}, "loadbalancer", "show", "os").returncode != 0
    wrong = openstack(lab, {**env, "OS_TOKEN": "wrong"}, "loadbalancer", "list")
    assert wrong.returncode != 0 and "401" in wrong.stderr


def test_openstack_logs_in_as_with_keystone(lab, agent, tokens):
    env = {"OS_AUTH_TYPE": "password", "OS_AUTH_URL": f"http://127.0.0.1:{agent.port}/identity/v3", "OS_USERNAME": "shop",
           "OS_PASSWORD": secret(tokens["shop"]), "OS_PROJECT_NAME": "shop", "OS_USER_DOMAIN_ID": "default", "OS_PROJECT_DOMAIN_ID": "default",
           "OS_IDENTITY_API_VERSION": "3"}
    listed = openstack(lab, env, "loadbalancer", "list", "-f", "json")
    assert listed.returncode == 0, listed.stderr
    assert [lb["name"] for lb in json.loads(listed.stdout)] == ["os"]
    deleted = openstack(lab, env, "loadbalancer", "delete", "os")
    assert deleted.returncode == 0, deleted.stderr
    other = openstack(lab, {**env, "OS_PROJECT_NAME": "bank"}, "loadbalancer", "list")
    assert other.returncode != 0 and "401" in other.stderr


def test_AU01_traces_tell_who_did_it(agent):
    traces = json.loads(root(agent, "audit", "list", "--type", "loadbalancer", "-o", "json").stdout)
    assert {trace["user"]["name"] for trace in traces} == {"shop", "bank"}
    assert {(trace["trace_name"], trace["code"]) for trace in traces} >= {("createLoadbalancer", "201"), ("deleteLoadbalancer", "404")}


def test_LB20_quotas_are_raised_by_elbctl(agent, tokens):
    root(agent, "quota", "set", "bank", "--loadbalancer", "0")
    bank = ["--endpoint", f"unix:{agent.socket}", "--token-file", tokens["bank"]]
    refused = elbctl(agent, *bank, "lb", "create", "x", "--vip-subnet", "clients", check=False)
    assert refused.returncode == 1 and "quota has been met" in refused.stderr
    assert elbctl(agent, *bank, "quota", "set", "bank", "--loadbalancer", "5", check=False).returncode == 1
    root(agent, "quota", "reset", "bank")
    elbctl(agent, *bank, "lb", "create", "x", "--vip-subnet", "clients")
    elbctl(agent, *bank, "lb", "delete", "x")


def test_S10_tokens_are_nowhere_at_rest(lab, agent, tokens):
    words = [secret(path).rsplit("_", 1)[1].encode() for path in tokens.values()]
    looked = 0
    for path in [*agent.store.parent.glob("*"), agent.process.log]:
        if path.is_file() and path not in tokens.values():
            data = path.read_bytes()
            assert not any(word in data for word in words), path
            looked += 1
    assert looked >= 3


def test_AU07_tokens_and_traces_survive_kill9(agent, tokens):
    before = json.loads(root(agent, "audit", "list", "-o", "json").stdout)
    agent.kill9()
    agent.process = agent.lab.spawn("lb", *agent.argv(), name="elb-agent")
    wait_until(lambda: root(agent, "version", check=False).returncode == 0, 20, "the agent answers")
    assert json.loads(root(agent, "audit", "list", "-o", "json").stdout) == before
    assert agent.request("GET", f"{LBAAS}/loadbalancers", headers={"X-Auth-Token": secret(tokens["shop"])})[0] == 200
