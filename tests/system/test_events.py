# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-10.
"""Events as they happen and requests that are asked again (issue 6, docs/adr/0032): a real agent with members that come and go, and elbctl."""
import contextlib
import http.client
import json
import os
import signal
import subprocess
import uuid

from agent import BUILD, LBAAS, MEMBER_SUBNET
from lab import wait_until

MONITOR = {"type": "TCP", "delay": 1, "timeout": 1, "max_retries": 1, "max_retries_down": 1}


class Stream:
    """The events of GET /v1/events as they come, from inside the balancer's namespace."""

    def __init__(self, agent, query="", headers=None):
        with agent.lab.netns("lb"):
            self.connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=20)
            self.connection.connect()
        self.connection.request("GET", f"/v1/events{query}", headers={"Accept": "text/event-stream", **(headers or {})})
        self.answer = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()
        self.connection.close()

    def until(self, holds):
        """The first event that `holds` is true of."""
        number = None
        while line := self.answer.readline().decode().rstrip("\n"):
            pass
        while True:
            line = self.answer.readline().decode()
            assert line, "the stream ended"
            if line.startswith("id: "):
                number = line.removeprefix("id: ").strip()
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                assert str(event["number"]) == number
                if holds(event):
                    return event


def newest(agent):
    return agent.api("GET", "/v1/events?limit=1")["newest"]


def test_a_member_that_dies_and_comes_back_is_told_of_at_once(agent, lab, service):
    made = service(weights={"member1": 1, "member2": 1}, monitor=MONITOR)
    member = made.members["member2"]
    with Stream(agent, f"?id={member}") as one, Stream(agent, "?kind=load_balancer") as above:
        lab.members["member2"].end(signal.SIGKILL)
        down = one.until(lambda event: event["what"] == "operating_status")
        assert (down["status"], down["before"]) == ("ERROR", "ONLINE"), down
        assert down["reason"], down
        degraded = above.until(lambda event: event["what"] == "operating_status")
        assert (degraded["id"], degraded["status"]) == (made.lb, "DEGRADED"), degraded
        lab.start_member("member2")
        up = one.until(lambda event: event["what"] == "operating_status")
        assert (up["status"], up["before"]) == ("ONLINE", "ERROR"), up
    told = agent.api("GET", f"/v1/events?since={down['number'] - 1}&id={member}")["events"]
    assert [event["status"] for event in told] == ["ERROR", "ONLINE"]


def test_a_change_is_told_and_then_that_it_is_applied(agent, service):
    begun = newest(agent)
    made = service(weights={"member1": 1})
    with Stream(agent, f"?since={begun}&kind=listener") as stream:
        assert stream.until(lambda event: True)["what"] == "created"
        active = stream.until(lambda event: event["what"] == "provisioning_status")
        assert (active["id"], active["status"], active["before"]) == (made.listener, "ACTIVE", "PENDING_CREATE"), active


def test_after_a_restart_old_numbers_are_gone_and_keys_are_not(agent, service):
    made = service(weights={"member1": 1})
    before = newest(agent)
    path = f"{LBAAS}/pools/{made.pool}/members"
    body = {"member": {"address": "10.2.0.99", "protocol_port": 8080, "subnet_id": MEMBER_SUBNET}}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    status, first = agent.request("POST", path, body, headers=key)
    assert status == 201, first
    agent.kill9()
    agent.start()
    status, again = agent.request("POST", path, body, headers=key)
    assert (status, again) == (201, first)
    assert len(agent.api("GET", path)["members"]) == 2
    status, other = agent.request("POST", path, {"member": {**body["member"], "weight": 5}}, headers=key)
    assert status == 422 and other["field"] == "Idempotency-Key", other
    status, gone = agent.request("GET", f"/v1/events?since={before}")
    assert status == 410 and gone["field"] == "since", gone
    agent.wait_applied()


@contextlib.contextmanager
def elbctl(agent, *words):
    """A running elbctl in the balancer's namespace."""
    env = {**os.environ, "ELB_ENDPOINT": f"http://127.0.0.1:{agent.port}"}
    with agent.lab.netns("lb"):
        process = subprocess.Popen([BUILD / "bin" / "elbctl", *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_elbctl_watches_until_it_is_interrupted(agent, service):
    made = service(weights={"member1": 1})
    begun = str(newest(agent))
    with elbctl(agent, "events", "--watch", "--since", begun, "--kind", "member", "-o", "json") as events, \
            elbctl(agent, "member", "list", made.pool, "-w") as members:
        header, row = members.stdout.readline(), members.stdout.readline()
        assert "ADDRESS" in header and "10.2.0.1" in row, (header, row)
        made.reweight("member1", 42)
        assert "42" in members.stdout.readline()
        line = json.loads(events.stdout.readline())
        assert (line["what"], line["kind"], line["id"]) == ("updated", "member", made.members["member1"]), line
        for process in (events, members):
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0, process.stderr.read()
    with elbctl(agent, "events", "--watch", "--timeout", "1") as brief:
        assert brief.wait(10) == 0, brief.stderr.read()


def test_watchers_beyond_the_limit_are_refused_and_others_are_served(agent):
    with contextlib.ExitStack() as stack:
        for _ in range(64):
            assert stack.enter_context(Stream(agent)).answer.status == 200
        status, refused = agent.request("GET", "/v1/events?watch=true")
        assert status == 503, refused
        assert agent.api("GET", "/v1/status")["revision"] >= 0  # 64 watchers, 32 threads
    wait_until(lambda: _fits(agent), 10, "a place is free again")


def _fits(agent):
    with Stream(agent) as stream:
        return stream.answer.status == 200
