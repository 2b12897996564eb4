# SPDX-License-Identifier: Apache-2.0
"""Traces of the real agent and its proxy (W3C Trace Context): what members get, and the spans that a collector is told over OTLP/HTTP."""
import json
import re

import pytest
from agent import Agent
from lab import HARNESS, MEMBERS, VIP, wait_until
from pki import Pki, upload
from prometheus import parse
from web import HTTP_PORT, curl

OTLP = 4318
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture(scope="module")
def collector(lab):
    return lab.spawn("lb", "/usr/bin/python3", HARNESS / "sinks.py", "otlp", OTLP, name="sink-otlp").wait_ready()


@pytest.fixture(scope="module")
def agent(lab, collector):  # noqa: ARG001
    lab.start_http_member("member1", HTTP_PORT)
    return Agent(lab, **{"trace-otlp": f"http://127.0.0.1:{OTLP}", "access-log-directory": lab.dir / "logs", "access-log-form": "json"}).start()


def spans(collector):
    """Each with its attributes as a dictionary."""
    found = []
    for event in collector.events():
        if event["event"] != "logs" or event["path"] != "/v1/traces":
            continue
        assert event["type"] == "application/json"
        for resource in event["body"]["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                found += scope["spans"]
    return [{**span, "attributes": {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}} for span in found]


def span_of(collector, path):
    wait_until(lambda: any(span["attributes"]["url.path"] == path for span in spans(collector)), 10, f"a span of {path}")
    found = [span for span in spans(collector) if span["attributes"]["url.path"] == path]
    assert len(found) == 1, found
    return found[0]


def counter(agent, name, **labels):
    return sum(value for (key, pairs), value in parse(agent.scrape()[1]).items() if key == name and labels.items() <= dict(pairs).items())


def test_headers_pass_as_they_are_until_the_listener_takes_part(lab, agent, service, collector):
    made = service(protocol="HTTP", weights={"member1": 1}, member_port=HTTP_PORT)
    answer = curl(lab, "/off", "-H", f"traceparent: {SAMPLED}", "-H", "tracestate: a=1,b=2")
    assert (answer.sent("traceparent"), answer.sent("tracestate")) == ([SAMPLED], ["a=1,b=2"])
    assert curl(lab, "/off").sent("traceparent") == []

    agent.elbctl("listener", "set", made.listener, "--trace-sampling", "0")
    agent.wait_applied()
    answer = curl(lab, "/mine?q=1", "-A", "tester", "-H", f"traceparent: {SAMPLED}", "-H", "tracestate: a=1,b=2")
    [told] = answer.sent("traceparent")
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", told) and PARENT not in told
    assert answer.sent("tracestate") == ["a=1,b=2"]
    span = span_of(collector, "/mine")
    assert (span["traceId"], span["parentSpanId"], span["spanId"]) == (TRACE, PARENT, told[36:52])
    assert (span["name"], span["kind"]) == ("GET", 2)
    known = span["attributes"]
    assert {key: known[key] for key in ("http.request.method", "url.scheme", "url.query", "server.address", "http.response.status_code", "user_agent.original",
                                        "network.protocol.version", "elb.termination", "elb.listener_id", "elb.member_addr", "elb.member_status")} == {
        "http.request.method": "GET", "url.scheme": "http", "url.query": "q=1", "server.address": VIP, "http.response.status_code": "200",
        "user_agent.original": "tester", "network.protocol.version": "1.1", "elb.termination": "done", "elb.listener_id": made.listener,
        "elb.member_addr": f"{MEMBERS['member1']}:{HTTP_PORT}", "elb.member_status": "200"}
    [flag] = curl(lab, "/not-mine").sent("traceparent")
    assert flag.endswith("-00"), "0 of 10000 begin a trace that is told of"


def test_traces_begin_here_also_over_HTTP2_and_the_log_names_them(lab, agent, service, collector):
    pki = Pki(lab.dir / "pki")
    certificate = upload(agent, pki.issue("www", "www.example.com"), "www")
    made = service(protocol="HTTPS", port=443, weights={"member1": 1}, member_port=HTTP_PORT, default_tls_container_ref=certificate,
                   alpn_protocols=["h2", "http/1.1"], trace_sampling=10000)
    agent.api("POST", "/v3/default/elb/logtanks", {"logtank": {"loadbalancer_id": made.lb, "log_group_id": "g", "log_topic_id": "s"}})
    agent.wait_applied()
    answer = curl(lab, "https://www.example.com/slow", "--http2", "--cacert", pki.ca, "--resolve", f"www.example.com:443:{VIP}", "-H", "traceparent: broken", "-H", "tracestate: a=1")
    [told] = answer.sent("traceparent")
    assert answer.sent("tracestate") == [], "it belongs to no trace that could be read"
    span = span_of(collector, "/slow")
    assert (span["traceId"], span["spanId"]) == (told[3:35], told[36:52]) and "parentSpanId" not in span
    assert (span["attributes"]["network.protocol.version"], span["attributes"]["url.scheme"], span["attributes"]["server.address"]) == ("2", "https", "www.example.com")
    path = lab.dir / "logs" / "g" / "s.log"
    wait_until(lambda: path.exists() and path.read_text(encoding="utf-8").count("\n") == 1, 10, "a line of the log")
    line = json.loads(path.read_text(encoding="utf-8"))
    assert (line["trace_id"], line["status"]) == (span["traceId"], 200)
    took = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9
    assert abs(took - line["request_time"]) <= 0.001 and abs(int(span["endTimeUnixNano"]) / 1e9 - line["msec"]) < 0.002


def test_spans_that_a_collector_does_not_take_are_counted(lab, agent, service, collector):
    service(protocol="HTTP", weights={"member1": 1}, member_port=HTTP_PORT, trace_sampling=10000)
    assert curl(lab, "/taken").status == 200
    span_of(collector, "/taken")
    before = counter(agent, "elb_trace_exported_spans_total")
    assert before >= 1 and counter(agent, "elb_trace_lost_spans_total") == 0
    collector.end()
    assert curl(lab, "/lost").status == 200, "nobody waits for a span"
    wait_until(lambda: counter(agent, "elb_trace_lost_spans_total", at="collector") == 1, 15, "the span is given up")
    assert counter(agent, "elb_trace_exported_spans_total") == before
    assert counter(agent, "elb_trace_failed_exports_total") >= 3
