# SPDX-License-Identifier: Apache-2.0
# Shows: AL-01, AL-02, GEN-07.
"""Alarms of the real agent, in real time, with a real webhook, a real mail relay and a real command as their targets."""
import json

import pytest
from agent import Agent, ApiError
from lab import HARNESS, MEMBERS, VIP, wait_until

WEBHOOK, SMTP = 9000, 9025


@pytest.fixture(scope="module")
def told(lab):
    """What the command of --alarm-command has written: a line of JSON for each notification."""
    script, out = lab.dir / "tell", lab.dir / "told"
    script.write_text(f"#!/bin/sh\ncat >> {out}; echo >> {out}\n", encoding="utf-8")
    script.chmod(0o755)
    return script, out


@pytest.fixture(scope="module")
def agent(lab, told):
    for member in MEMBERS:
        lab.start_member(member)
    return Agent(lab, **{"alarm-command": told[0], "mail-relay": f"127.0.0.1:{SMTP}", "mail-from": "elb@example.com"}).start()


def sink(lab, *words):
    return lab.spawn("lb", "/usr/bin/python3", HARNESS / "sinks.py", *words, name=f"sink-{words[0]}").wait_ready()


def states(events):
    return [(event["body"]["alarm_name"], event["body"]["previous_state"], event["body"]["state"]) for event in events if event["event"] == "notification"]


def refused(agent, method, path, body=None):
    with pytest.raises(ApiError) as caught:
        agent.api(method, path, body)
    return caught.value.status, caught.value.body["faultstring"]


def rule(service, **fields):
    return {"name": "sick", "metric_name": "m9_abnormal_servers", "dimensions": [{"name": "lbaas_instance_id", "value": service.lb}], "threshold": 0,
            "notifications": [{"type": "webhook", "address": f"http://127.0.0.1:{WEBHOOK}/elb"}], **fields}


def test_AL_01_alarms_are_made_changed_and_removed_and_survive_a_restart(lab, agent, service):
    made = service(weights={"member1": 1}, monitor={})
    alarm = agent.api("POST", "/v1/alarms", {"alarm": rule(made, severity="critical", count=3, period=300, operator=">=", statistic="max")})["alarm"]
    assert (alarm["state"], alarm["severity"], alarm["count"], alarm["period"], alarm["unit"]) == ("insufficient_data", "critical", 3, 300, "Count")
    path = f"/v1/alarms/{alarm['id']}"
    assert agent.api("PUT", path, {"alarm": {"threshold": 2.5, "enabled": False}})["alarm"]["threshold"] == 2.5
    for field, value in (("period", 61), ("count", 0), ("operator", "~"), ("severity", "bad"), ("statistic", "median"), ("threshold", "x"), ("nonsense", 1),
                         ("state", "ok"), ("metric_name", "mb"), ("name", "")):
        status, fault = refused(agent, "PUT", path, {"alarm": {field: value}})
        assert status == 400 and fault.startswith(field), fault
    assert refused(agent, "POST", "/v1/alarms", {"alarm": rule(made)})[0] == 409
    listener_only = rule(made, name="x", dimensions=[{"name": "lbaas_listener_id", "value": made.listener}])
    assert refused(agent, "POST", "/v1/alarms", {"alarm": listener_only})[0] == 400
    assert refused(agent, "POST", "/v1/alarms", {"alarm": rule(made, name="x", notifications=[{"type": "exec", "address": "/bin/sh"}])})[0] == 400
    assert "sick" in agent.elbctl("alarm", "list").stdout
    agent.kill9()
    agent.start()
    agent.wait_applied()
    assert agent.api("GET", path)["alarm"]["threshold"] == 2.5
    agent.elbctl("alarm", "delete", "sick")
    assert refused(agent, "GET", path)[0] == 404


def test_AL_02_the_button_tries_every_target(lab, agent, service, told):
    made = service()
    agent.elbctl("alarm", "create", "button", "--metric", "m1_cps", "--lb", made.lb, "--threshold", "5", "--webhook", f"http://127.0.0.1:{WEBHOOK}/a",
                 "--email", "ops@example.com", "--exec")
    done = agent.elbctl("alarm", "test", "button", check=False)
    assert done.returncode == 1 and "127.0.0.1" in done.stdout, "nobody listens yet"
    hook, relay = sink(lab, "webhook", WEBHOOK), sink(lab, "smtp", SMTP)
    out = agent.elbctl("alarm", "test", "button", "-o", "json").stdout
    assert [one["delivered"] for one in json.loads(out)] == [True, True, True]
    body = next(event["body"] for event in hook.events() if event["event"] == "notification")
    assert body["test"] is True and body["alarm_name"] == "button"
    mail = next(event for event in relay.events() if event["event"] == "mail")
    assert (mail["mail"], mail["rcpt"]) == ("<elb@example.com>", "<ops@example.com>")
    assert mail["subject"].startswith("[ELB major]") and "button" in mail["subject"] and "m1_cps" in mail["text"]
    assert json.loads(told[1].read_text().splitlines()[-1])["alarm_name"] == "button"
    agent.elbctl("alarm", "delete", "button")
    hook.end()
    relay.end()


def test_AL_02_alarm_and_ok_reach_webhook_mail_and_command_once(lab, agent, service, told):
    """In real time. The webhook refuses twice, so that the notification has to be tried again; traffic goes on meanwhile."""
    made = service(weights={"member1": 1, "member3": 1}, monitor={})
    hook, relay = sink(lab, "webhook", WEBHOOK, 2), sink(lab, "smtp", SMTP)
    before = len(told[1].read_text().splitlines()) if told[1].exists() else 0
    targets = [{"type": "webhook", "address": f"http://127.0.0.1:{WEBHOOK}/elb"}, {"type": "email", "address": "ops@example.com"}, {"type": "exec"}]
    agent.api("POST", "/v1/alarms", {"alarm": rule(made, statistic="max", notifications=targets)})
    zone = rule(made, name="zone", metric_name="az_without_healthy_member", statistic="max", notifications=targets[:1])
    agent.api("POST", "/v1/alarms", {"alarm": zone})
    load = lab.load("client1", "connect", ip=VIP, rate=20)
    lab.kill_member("member3")  # the only one of its zone
    wait_until(lambda: len(states(hook.events())) == 2, 150, "ALARM of both rules", 0.5)
    assert sorted(state[0::2] for state in states(hook.events())) == [("sick", "alarm"), ("zone", "alarm")]
    assert len(agent.api("GET", "/v1/alarms?state=alarm")["alarms"]) == 2
    lab.start_member("member3")
    made.wait_online(["member3"])
    wait_until(lambda: len(states(hook.events())) == 4, 150, "OK of both rules", 0.5)
    load.stop()
    assert sorted(states(hook.events())[2:]) == [("sick", "alarm", "ok"), ("zone", "alarm", "ok")]
    assert sum(event["event"] == "refused" for event in hook.events()) == 2
    assert [event["text"].split("state:")[1].split()[0] for event in relay.events() if event["event"] == "mail"] == ["alarm", "ok"]
    lines = [json.loads(line) for line in told[1].read_text().splitlines()[before:]]
    assert [line["state"] for line in lines] == ["alarm", "ok"] and all("unhealthy members" in line["reason"] for line in lines)
    for name in ("sick", "zone"):
        agent.elbctl("alarm", "delete", name)
