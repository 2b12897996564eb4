# SPDX-License-Identifier: Apache-2.0
"""Conditional requests to a real agent: two editors of one load balancer and a client that has what it asks for."""
import contextlib
import http.client
import json

from agent import CLIENT_SUBNET, LBAAS


def ask(agent, method, path, body=None, **headers):
    """(status, ETag, decoded body or None)."""
    with agent.lab.netns("lb"):
        connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)
        connection.connect()
    with contextlib.closing(connection):
        connection.request(method, path, json.dumps(body) if body else None, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, answer.getheader("ETag"), json.loads(text) if text else None


def test_of_two_editors_the_second_is_told(agent):
    path = f"{LBAAS}/loadbalancers/{agent.create('loadbalancer', name='web', vip_subnet_id=CLIENT_SUBNET)['id']}"
    agent.wait_applied()
    status, tag, _ = ask(agent, "GET", path)
    assert status == 200 and tag.startswith('"')
    assert ask(agent, "GET", path, If_None_Match=tag) == (304, tag, None)
    assert ask(agent, "PUT", path, {"loadbalancer": {"name": "first"}}, If_Match=tag)[0] == 200
    status, _, refused = ask(agent, "PUT", path, {"loadbalancer": {"name": "second"}}, If_Match=tag)
    assert status == 412 and refused["field"] == "If-Match"
    assert ask(agent, "DELETE", path, If_Match=tag)[0] == 412
    status, tag, shown = ask(agent, "GET", path)
    assert (status, shown["loadbalancer"]["name"]) == (200, "first")
    assert ask(agent, "DELETE", path, If_Match=tag)[0] == 204
