# SPDX-License-Identifier: Apache-2.0
# Shows: MON-01, MON-02, MON-03, MON-04, MON-05, MON-06, X-16, X-17, X-43.
"""Metrics of the real agent: scraped by a real Prometheus, by a fast loop during changes, and asked for in the API."""
import collections
import json
import subprocess
import threading
import time

import pytest
from agent import ApiError
from lab import CLIENTS, wait_until
from prometheus import Prometheus, parse

CONFIG = """
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
  - job_name: elb
    static_configs: [{targets: ["127.0.0.1:9876"]}]
"""


@pytest.fixture(scope="module")
def prometheus(lab, agent):
    return Prometheus(lab, CONFIG)


def dimensions(service, listener=True):
    return f"lbaas_instance_id={service.lb}" + (f"&lbaas_listener_id={service.listener}" if listener else "")


def series(agent, service, metric, listener=True, **query):
    more = "".join(f"&{key}={value}" for key, value in query.items())
    return agent.api("GET", f"/v1/metrics?metric_name={metric}&{dimensions(service, listener)}{more}")["datapoints"]


def counter(agent, name, **labels):
    found = [value for (key, pairs), value in parse(agent.scrape()[1]).items() if key == name and labels.items() <= dict(pairs).items()]
    assert len(found) == 1, (name, labels, found)
    return found[0]


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_MON_04_promtool_finds_nothing_to_complain_about(agent, service, accept):
    service(weights={"member1": 1, "member2": 1}, monitor={})
    service(port=81, protocol="HTTP")
    kind, text = agent.scrape(accept)
    assert kind.startswith(accept.split(";")[0])
    if accept != "text/plain":  # promtool reads the other one only; here Prometheus itself is the judge
        assert text.endswith("# EOF\n")
        return
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr + done.stdout, done.stderr + done.stdout
    parse(text)


def test_MON_04_prometheus_scrapes_what_the_clients_did(lab, agent, service, prometheus):
    made = service(weights={"member1": 1, "member2": 1})
    name = f'listener_id="{made.listener}"'
    wait_until(lambda: prometheus.value(f"elb_listener_connections_total{{{name}}}"), 10, "the first scrape of the listener")
    lab.load("client1", "connect", count=300).finish()
    wait_until(lambda: prometheus.value(f"elb_listener_connections_total{{{name}}}")[0][1] == 300, 10, "300 connections")
    wait_until(lambda: sum(value for _, value in prometheus.value(f'sum(elb_member_connections_total{{pool_id="{made.pool}"}})')) == 300, 10, "of members")
    target = prometheus.targets()[0]
    assert target["health"] == "up" and not target["lastError"]
    assert prometheus.value(f'elb_member_up{{member_id="{made.members["member1"]}"}}')[0][1] == 1
    assert prometheus.api("metadata", metric="elb_listener_connections_total") or prometheus.api("metadata", metric="elb_listener_connections")


def test_MON_04_no_counter_falls_while_the_configuration_changes(lab, agent, service, prometheus):
    """A scrape each 10 ms; beside it Prometheus, whose resets() would count a fall."""
    made = service(weights={"member1": 1, "member2": 1}, monitor={})
    load = lab.load("client1", "connect", rate=200)
    stop, scrapes, falls, labels = threading.Event(), [0], [], set()

    def scrape():
        before = {}
        while not stop.is_set():
            begun = time.monotonic()
            now = parse(agent.scrape()[1])
            falls.extend((key, before[key], value) for key, value in now.items() if key[0].endswith("_total") and value < before.get(key, 0))
            before.update(now)
            labels.update(value for _, pairs in now for _, value in pairs)
            scrapes[0] += 1
            time.sleep(max(0.0, begun + 0.01 - time.monotonic()))

    scraper = threading.Thread(target=scrape)
    scraper.start()
    names = set()
    number = 0
    while number < 20 or (scrapes[0] < 100 and number < 300):
        made.reweight("member2", number % 3)
        member = made.add("member3") if number % 2 == 0 else made.remove("member3")
        other = agent.create("listener", name=f"other-{number}", loadbalancer_id=made.lb, protocol="UDP", protocol_port=1000 + number)["id"]
        names |= {other, f"other-{number}", member}
        if number % 4 != 3:
            agent.delete("listener", other)
        number += 1
    stop.set()
    scraper.join()
    assert not load.stop()["failed"]
    assert not falls
    assert scrapes[0] >= 100, "fast enough to have seen something"
    assert not [value for value in labels if any(client in value for client in CLIENTS.values())], "no label from traffic"
    counters = [name for name in prometheus.api("label/__name__/values") if name.startswith("elb_") and name.endswith("_total")]
    assert len(counters) > 20
    assert {name: value for name in counters for _, value in prometheus.value(f"sum(resets({name}[10m]))") if value} == {}


def test_a_name_is_only_a_label(agent, service):
    made = service()
    name = 'a"b\\c} 1 elb_fake 2'
    agent.set("listener", made.listener, name=name)
    values = parse(agent.scrape()[1])
    assert not any(key == "elb_fake" for key, _ in values)
    assert any(dict(pairs).get("listener") == name.replace("\\", "\\\\").replace('"', '\\"') for _, pairs in values)


def test_MON_02_MON_04_MON_05_a_known_load_is_in_the_series_exactly(lab, agent, service, prometheus):
    made = service(weights={"member1": 1, "member2": 1}, monitor={})
    service(port=81, protocol="HTTP")
    begun = time.time()
    # The minute in which the agent began is covered in part, and its mean is over less than 60 s.
    wait_until(lambda: series(agent, made, "m4_ncps"), 120, "MON-05: a point within two minutes", 1)
    lab.load("client1", "hold", count=30, period=0.5).wait_ready()
    lab.load("client2", "connect", count=600, rate=100).finish()
    wait_until(lambda: sum(point["average"] for point in series(agent, made, "m4_ncps")) * 60 > 620, 90, "all of the load in whole minutes", 1)
    assert counter(agent, "elb_listener_connections_total", listener_id=made.listener) == 630
    for listener in (True, False):
        points = series(agent, made, "m4_ncps", listener)
        assert len(points) <= (time.time() - begun) / 60 + 2
        assert all(point["timestamp"] % 60000 == 0 for point in points)
        assert abs(sum(point["average"] for point in points) * 60 - 630) <= 630 * 0.02
        held = series(agent, made, "m2_act_conn", listener)[-1]
        assert held["max"] >= 30 and held["min"] >= 0
        for metric in ("m5_in_pps", "m6_out_pps", "m7_in_Bps", "m8_out_Bps"):
            assert series(agent, made, metric, listener)[-1]["average"] > 0, metric
        assert series(agent, made, "m1_cps", listener)[-1]["average"] >= series(agent, made, "m2_act_conn", listener)[-1]["average"]
    assert series(agent, made, "ma_normal_servers", listener=False)[-1]["min"] == 2
    last = series(agent, made, "m4_ncps")[-1]["average"]
    assert counter(agent, "elb_last_minute", metric="m4_ncps", listener_id=made.listener) == pytest.approx(last)


def test_the_command_line_shows_them(agent, service):
    made = service(weights={"member1": 1})
    out = agent.elbctl("metrics", "--lb", made.lb).stdout
    assert "m1_cps" in out and "ma_normal_servers" in out
    assert "mb_l7_queries" not in out, "MON-03"
    rows = agent.elbctl("metrics", "m1_cps", "--lb", made.lb, "--listener", made.listener, "-o", "csv").stdout.splitlines()
    assert rows[0] == "metric,time,average,max,min,sum,unit"
    assert json.loads(agent.elbctl("metrics", "m1_cps", "--lb", made.lb, "-o", "json").stdout)[0]["metric_name"] == "m1_cps"


def refused(agent, method, path, body=None):
    with pytest.raises(ApiError) as caught:
        agent.api(method, path, body)
    return caught.value.status, caught.value.body["faultstring"]


def test_MON_01_MON_03_what_is_refused_and_why(agent, service):
    made = service()
    other = service(vip="10.1.0.101")
    name = "/v1/metrics?metric_name=m1_cps"
    assert refused(agent, "GET", f"{name}&lbaas_listener_id={made.listener}")[0] == 400
    assert refused(agent, "GET", f"{name}&lbaas_instance_id={other.lb}&lbaas_listener_id={made.listener}")[0] == 400
    assert refused(agent, "GET", f"{name}&lbaas_instance_id={made.pool}")[0] == 404
    for query, field in ((f"metric_name=mb_l7_queries&{dimensions(made)}", "metric_name"), (f"metric_name=nonsense&{dimensions(made)}", "metric_name"),
                         (f"metric_name=m1_cps&{dimensions(made)}&period=61", "period"), (f"metric_name=m1_cps&{dimensions(made)}&filter=median", "filter"),
                         (f"metric_name=m1_cps&{dimensions(made)}&from=9&to=8", "from"), (f"metric_name=m1_cps&{dimensions(made)}&namespace=SYS.ECS", "namespace")):
        status, fault = refused(agent, "GET", f"/v1/metrics?{query}")
        assert (status, fault.split(":")[0]) == (400, field), fault
    one = {"metric_name": "m1_cps", "dimensions": [{"name": "lbaas_instance_id", "value": made.lb}]}
    both = agent.api("POST", "/v1/metrics/batch", {"metrics": [one, {**one, "metric_name": "m2_act_conn"}], "period": 300, "filter": "max"})["metrics"]
    assert [metric["metric_name"] for metric in both] == ["m1_cps", "m2_act_conn"]
    status, fault = refused(agent, "POST", "/v1/metrics/batch", {"metrics": [{**one, "dimensions": [{"name": "lbaas_listener_id", "value": made.listener}]}]})
    assert status == 400 and "lbaas_instance_id" in fault
    listed = agent.api("GET", "/v1/metrics")["metrics"]
    count = collections.Counter(json.dumps(metric["dimensions"]) for metric in listed)
    assert len(count) == 5, "the node, two load balancers, two listeners"
