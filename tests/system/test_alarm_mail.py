# SPDX-License-Identifier: Apache-2.0
# Shows: AL-02.
"""Mail of alarms through a relay that wants TLS and a login: a real SMTP server program, a real certificate, the real agent."""
import json

import pytest
from agent import Agent
from lab import HARNESS
from pki import Pki

PORT = 9587
USER, PASSWORD = "elb@example.com", "p\u00e4ss word"


@pytest.fixture(scope="module")
def pki(lab):
    return Pki(lab.dir / "pki")


@pytest.fixture
def world(lab, pki):
    """world(mode, mechanism, ...): an agent and the relay that it is told of; both are gone after the test."""
    running = []

    def make(mode, mechanism="", told="tls", names=("relay.test", "localhost"), password=PASSWORD, trusted=True):
        secret = lab.dir / "mail.password"
        secret.write_text(password + "\n", encoding="utf-8")
        certificate = pki.issue("relay", *names)
        login = (mechanism, USER, PASSWORD) if mechanism else ()
        relay = lab.spawn("lb", "/usr/bin/python3", HARNESS / "sinks.py", "smtp", PORT, *((mode, *certificate, *login) if mode else ()), name="sink-smtp").wait_ready()
        running.append(relay)
        flags = {"mail-relay": f"localhost:{PORT}", "mail-from": "elb@example.com", "mail-tls": told}
        if trusted:
            flags["mail-ca-file"] = pki.ca
        if mechanism:
            flags |= {"mail-user": USER, "mail-password-file": secret}
        agent = Agent(lab, **flags).start()
        running.append(agent)
        return agent, relay

    yield make
    for one in reversed(running):
        one.stop() if isinstance(one, Agent) else one.end()


def press(agent):
    """What the test button says of a mail: (delivered, error)."""
    agent.elbctl("alarm", "create", "button", "--metric", "failing_executors", "--threshold", "0", "--email", "ops@example.com")
    done = agent.elbctl("alarm", "test", "button", "-o", "json", check=False)
    agent.elbctl("alarm", "delete", "button")
    [told] = json.loads(done.stdout)
    return told["delivered"], told.get("error") or ""


def mails(relay):
    return [event for event in relay.events() if event["event"] == "mail"]


@pytest.mark.parametrize(("mode", "mechanism"), [("starttls", "PLAIN"), ("starttls", "LOGIN"), ("tls", "PLAIN"), ("tls", "LOGIN"), ("starttls", ""), ("tls", "")])
def test_AL_02_mail_goes_through_a_relay_with_TLS_and_login(world, mode, mechanism):
    agent, relay = world(mode, mechanism, told=mode)
    assert press(agent) == (True, "")
    [mail] = mails(relay)
    assert (mail["mail"], mail["rcpt"]) == ("<elb@example.com>", "<ops@example.com>") and "button" in mail["subject"]
    said = [(event["verb"], event["encrypted"]) for event in relay.events() if event["event"] == "command"]
    assert all(encrypted for verb, encrypted in said if verb not in ("EHLO", "STARTTLS")), said
    assert ("EHLO", True) in said, "what was said before TLS counts for nothing"


def test_AL_02_a_relay_that_is_another_one_gets_nothing(world):
    agent, relay = world("starttls", "PLAIN", told="starttls", names=("other.test",))
    delivered, error = press(agent)
    assert not delivered and "certificate" in error and "mismatch" in error.lower(), error
    assert not mails(relay) and any(event["event"] == "distrusted" for event in relay.events())


def test_AL_02_a_relay_that_nobody_vouches_for_gets_nothing(world):
    agent, relay = world("tls", "PLAIN", trusted=False)
    delivered, error = press(agent)
    assert not delivered and "certificate" in error, error
    assert not mails(relay)


def test_AL_02_no_mail_without_STARTTLS_and_none_with_a_wrong_password(lab, world):
    agent, relay = world("", told="starttls")
    delivered, error = press(agent)
    assert not delivered and "STARTTLS" in error, error
    assert not mails(relay)
    agent.stop()
    relay.end()
    agent, relay = world("starttls", "PLAIN", told="starttls", password="wrong")
    delivered, error = press(agent)
    assert not delivered and "535" in error and "wrong" not in error, error
    assert not mails(relay)


def test_a_password_is_not_sent_in_the_clear(lab):
    secret = lab.dir / "mail.password"
    secret.write_text("x\n", encoding="utf-8")
    refused = Agent(lab, **{"mail-relay": "localhost:25", "mail-from": "a@b", "mail-user": "u", "mail-password-file": secret})
    done = lab.run("lb", *refused.argv(), check=False)
    assert done.returncode == 2 and "mail-user" in done.stderr and "--mail-tls" in done.stderr
