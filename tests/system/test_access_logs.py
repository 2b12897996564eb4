# SPDX-License-Identifier: Apache-2.0
# Shows: LOG-01, LOG-02, LOG-03, LOG-04, LOG-05, LOG-06, HC-20.
"""Access logs of the real agent and its proxy: switched by the API, compared line by line with what clients and members saw, in
files, in a real rsyslog, at a collector and a store that check what they get. The collector and the store are small programs of
the harness: Debian has neither an OpenTelemetry collector nor an S3 server that runs by itself (swift and radosgw need a cluster)."""
import base64
import gzip
import json
import os
import re
import signal
import socket
import struct
import threading
import time

import pytest
from agent import BUILD, CLIENT_SUBNET, Agent, ApiError
from lab import CLIENTS, HARNESS, MEMBERS, VIP, wait_until
from pki import upload
from web import HTTP_PORT, WebSocket, connect, curl, raw, read_answer, tls

SYSLOG, OTLP, S3 = 6514, 4318, 9100
# Chapter 12: 32 fields. A word has no blank and no quote, a quoted text no quote and no byte outside printable ASCII.
WORD, TEXT = r"[!#-~]+", r'"[ !#-~]*"'
GOLDEN = re.compile(" ".join([
    r"(?P<msec>\d+\.\d{3})", rf"(?P<topic>{WORD})", r"\[(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d)\]", "elb_01", rf"(?P<client>{WORD}):(?P<port>\d+)",
    r"(?P<status>\d+)", rf'"(?P<request>{WORD} {WORD} {WORD})"', r"(?P<length>\d+)", r"(?P<sent>\d+)", r"(?P<body>\d+)", r"(?P<took>\d+\.\d{3})",
    rf"(?P<up_status>{TEXT})", TEXT, TEXT, TEXT, rf"(?P<up_addr>{TEXT})", rf"(?P<agent>{TEXT})", rf"(?P<referer>{TEXT})", rf"(?P<xff>{TEXT})",
    rf"loadbalancer_(?P<lb>{WORD})", rf"listener_{WORD}", rf"(?P<listener>{WORD})", rf"(?P<pool>{WORD})", rf"(?P<member>{TEXT})", rf"(?P<project>{WORD})",
    rf"(?P<front>{WORD}):(?P<front_port>\d+)", TEXT, WORD, rf"(?P<tls>{WORD})", WORD, rf"(?P<sni>{WORD})", r"(?P<rtt>\d+|-)"]))


@pytest.fixture(scope="module")
def sinks(lab):
    config = lab.dir / "rsyslog.conf"
    config.write_text('module(load="imtcp")\ntemplate(name="raw" type="string" string="%rawmsg%\\n")\n'
                      f'input(type="imtcp" port="{SYSLOG}" address="127.0.0.1")\naction(type="omfile" file="{lab.dir}/syslog.out" template="raw")\n', encoding="utf-8")
    lab.spawn("lb", "/usr/sbin/rsyslogd", "-n", "-f", config, "-i", lab.dir / "rsyslog.pid", name="rsyslogd")
    lab.wait_port("lb", "127.0.0.1", SYSLOG)
    return {name: lab.spawn("lb", "/usr/bin/python3", HARNESS / "sinks.py", *words, name=f"sink-{name}").wait_ready()
            for name, words in {"otlp": ("otlp", OTLP), "s3": ("s3", S3, "ACCESS", "SECRET")}.items()}


@pytest.fixture(scope="module")
def servers(lab):
    return {member: lab.start_http_member(member, HTTP_PORT) for member in MEMBERS}


@pytest.fixture(scope="module")
def agent(lab, sinks, servers):  # noqa: ARG001
    keys = lab.dir / "s3.keys"
    keys.write_text("access_key=ACCESS\nsecret_key=SECRET\n", encoding="utf-8")
    return Agent(lab, **{"access-log-directory": lab.dir / "logs", "access-log-form": "extended", "access-log-syslog": f"tcp://127.0.0.1:{SYSLOG}",
                         "access-log-otlp": f"http://127.0.0.1:{OTLP}", "access-log-s3": f"http://127.0.0.1:{S3}/bucket/some/prefix",
                         "access-log-s3-credentials": keys, "access-log-rotate-s": 15}).start()


def switch_on(agent, service, group="g", stream="s"):
    tank = agent.api("POST", "/v3/default/elb/logtanks", {"logtank": {"loadbalancer_id": service.lb, "log_group_id": group, "log_topic_id": stream}})["logtank"]
    agent.wait_applied()
    return tank["id"]


def lines_of(lab, group="g", stream="s"):
    """Of all files of the stream, the oldest first."""
    paths = sorted((lab.dir / "logs" / group).glob(f"{stream}.log*"), key=lambda path: (path.suffix == ".log", path.name))
    found = []
    try:
        for path in paths:
            if path.suffix == ".tmp" or path.with_name(path.name + ".gz") in paths:
                continue
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            found += data.decode("ascii").splitlines()
    except FileNotFoundError:  # it was being compressed
        return lines_of(lab, group, stream)
    return found


def parsed(lab, count, **where):
    """(fields, why it ended) of each line, once there are so many."""
    wait_until(lambda: len(lines_of(lab, **where)) >= count, 10, f"{count} lines")
    time.sleep(0.5)  # nothing more comes
    found = []
    for line in lines_of(lab, **where):
        guide, _, end = line.rpartition(" ")
        match = GOLDEN.fullmatch(guide)
        assert match, line
        found.append((match.groupdict(), end))
    return found


def leave_early(lab):
    with connect(lab) as sock:
        sock.sendall(b"GET /sleep/0.5?left HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_LOG_04_each_line_is_what_client_and_member_saw(lab, agent, service, servers, pki):
    """A mixed load: HTTP/1, TLS, HTTP/2, WebSocket, retried, aborted, malformed; one by one."""
    http = service(protocol="HTTP", weights=dict.fromkeys(MEMBERS, 1), member_port=HTTP_PORT)
    certificate = upload(agent, pki.issue("www", "www.example.com"), "www")
    https = service(protocol="HTTPS", port=443, weights={"member1": 1}, member_port=HTTP_PORT, default_tls_container_ref=certificate, alpn_protocols=["h2", "http/1.1"])
    assert curl(lab, "/before").status == 200
    switch_on(agent, http, stream="mixed")
    wanted = []  # (status, part of the request line, members' addresses or None, end, listener)

    def member_of(answer):
        return f"{MEMBERS[answer.member]}:{HTTP_PORT}"

    for i in range(6):
        answer = curl(lab, f"/plain/{i}", "-A", f"agent {i}", "-e", "http://from/")
        wanted.append((200, f"GET http://{VIP}/plain/{i} HTTP/1.1", [member_of(answer)], "done", http.listener))
    answer = curl(lab, "/status/404")
    wanted.append((404, f"GET http://{VIP}/status/404 HTTP/1.1", [member_of(answer)], "done", http.listener))
    assert curl(lab, "/drop?once", "-d", "x").status == 502
    wanted.append((502, f"POST http://{VIP}/drop?once HTTP/1.1", None, "member_reset", http.listener))
    leave_early(lab)
    wanted.append((499, "GET http://a/sleep/0.5?left HTTP/1.1", None, "client_left", http.listener))
    assert raw(lab, b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    wanted.append((400, None, ["-"], "malformed", http.listener))
    with connect(lab) as sock:
        web_socket = WebSocket(sock, host="ws.test")
        assert web_socket.open and web_socket.echo("hello") == "hello"
        sock.sendall(b"\x88\x80\x00\x00\x00\x00")
    wanted.append((101, "GET http://ws.test/ws HTTP/1.1", None, None, http.listener))
    with tls(lab, "www.example.com", pki.ca) as sock:
        sock.sendall(b"GET /tls HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n")
        while sock.recv(65536):
            pass
    wanted.append((200, "GET https://www.example.com/tls HTTP/1.1", [f"{MEMBERS['member1']}:{HTTP_PORT}"], "done", https.listener))
    assert curl(lab, "https://www.example.com/two", "--http2", "--cacert", pki.ca, "--resolve", f"www.example.com:443:{VIP}").status == 200
    wanted.append((200, "GET https://www.example.com/two HTTP/2.0", [f"{MEMBERS['member1']}:{HTTP_PORT}"], "done", https.listener))
    # a member that refuses: each request is answered by another
    servers["member3"].end(signal.SIGKILL)
    for i in range(6):
        answer = curl(lab, f"/retry/{i}")
        wanted.append((200, f"GET http://{VIP}/retry/{i} HTTP/1.1", [member_of(answer)], None, http.listener))
    servers["member3"] = lab.start_http_member("member3", HTTP_PORT)

    found = parsed(lab, len(wanted), stream="mixed")
    assert len(found) == len(wanted), "not one more, and nothing from before the switch"
    left = list(found)
    for status, request, members, end, listener in wanted:
        fits = [one for one in left if int(one[0]["status"]) == status and (request is None or one[0]["request"] == request)]
        assert len(fits) == 1, (status, request, [one[0]["request"] for one in left])
        line, why = fits[0]
        left.remove(fits[0])
        if members:
            assert line["up_addr"].strip('"').split(", ")[-1] == members[-1], line
        assert end is None or why == end, (line, why)
        assert (line["listener"], line["lb"], line["topic"]) == (listener, http.lb, "mixed")
        assert line["client"] == CLIENTS["client1"] and line["front"] == VIP
        secure = listener == https.listener
        assert (line["tls"].startswith("TLSv1."), line["sni"]) == (secure, "www.example.com" if secure else "-")
    retried = [line for line, why in found if why == "retried"]
    assert retried and all("," in line["up_addr"] and "," in line["up_status"] for line in retried)
    agents = [line["agent"] for line, _ in found]
    assert all(f'"agent {i}"' in agents for i in range(6))


def test_LOG_04_hostile_bytes_never_break_a_line(lab, agent, service):
    http = service(protocol="HTTP", weights={"member1": 1}, member_port=HTTP_PORT)
    switch_on(agent, http, stream="hostile")
    sent = 0
    for i in range(1, 256):
        byte = bytes([i])
        request = b"GET /%d HTTP/1.1\r\nHost: a\r\nUser-Agent: x" % i + byte + b'" 200 "y\r\nReferer: ' + byte * 3 + b"]\r\nConnection: close\r\n\r\n"
        raw(lab, request)
        sent += 1
    assert len(parsed(lab, sent, stream="hostile")) == sent


def test_LOG_01_switched_at_run_time_and_tcp_logs_nothing(lab, agent, service):
    http = service(protocol="HTTP", weights={"member1": 1}, member_port=HTTP_PORT)
    tank = switch_on(agent, http, stream="switch")
    with pytest.raises(ApiError) as again:
        switch_on(agent, http, stream="other")
    assert again.value.status == 409
    with pytest.raises(ApiError) as bad:
        agent.api("PUT", f"/v3/default/elb/logtanks/{tank}", {"logtank": {"log_topic_id": "../../etc/passwd"}})
    assert bad.value.status == 400 and "log_topic_id" in json.dumps(bad.value.body)
    curl(lab, "/on")
    agent.api("PUT", f"/v3/default/elb/logtanks/{tank}", {"logtank": {"log_topic_id": "moved"}})
    agent.wait_applied()
    curl(lab, "/moved")
    agent.api("DELETE", f"/v3/default/elb/logtanks/{tank}")
    agent.wait_applied()
    curl(lab, "/off")
    assert [line["request"].split()[1] for line, _ in parsed(lab, 1, stream="switch")] == [f"http://{VIP}/on"]
    assert [line["request"].split()[1] for line, _ in parsed(lab, 1, stream="moved")] == [f"http://{VIP}/moved"]


def test_LOG_01_LOG_06_every_sink_gets_every_line(lab, agent, service, sinks):
    http = service(protocol="HTTP", weights={"member1": 1}, member_port=HTTP_PORT)
    switch_on(agent, http, stream="all")
    for i in range(20):
        assert curl(lab, f"/sink/{i}").status == 200
    lines = {line["request"] for line, _ in parsed(lab, 20, stream="all")}
    wait_until(lambda: (lab.dir / "syslog.out").exists() and (lab.dir / "syslog.out").read_text().count('stream="g/all"') == 20, 10, "rsyslog has 20 lines")
    messages = [line for line in (lab.dir / "syslog.out").read_text().splitlines() if 'stream="g/all"' in line]
    assert all(re.match(r'<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ elb - access \[elb@32473 [^]]*termination="done"\] ', line) for line in messages)
    assert {GOLDEN.search(line.split("] ", 1)[1])["request"] for line in messages} == lines

    def records():
        return [record for event in sinks["otlp"].events() if event["event"] == "logs" for resource in event["body"]["resourceLogs"]
                for scope in resource["scopeLogs"] for record in scope["logRecords"] if '"GET' in record["body"]["stringValue"] and "/sink/" in record["body"]["stringValue"]]
    wait_until(lambda: len(records()) == 20, 10, "the collector has 20 records")
    for record in records():
        attributes = {one["key"]: one["value"] for one in record["attributes"]}
        assert attributes["http.response.status_code"] == {"intValue": "200"}
        assert attributes["elb.request"]["stringValue"] in lines

    def objects():
        return [event for event in sinks["s3"].events() if event["event"] in ("object", "forged") and "/g/all.log." in event["path"]]
    wait_until(objects, 45, "the first file of the stream is in the store")
    stored = objects()[0]
    assert stored["event"] == "object" and stored["path"].startswith("/bucket/some/prefix/g/all.log.") and stored["path"].endswith(".gz")
    assert all(GOLDEN.fullmatch(line.rpartition(" ")[0]) for line in gzip.decompress(base64.b64decode(stored["body"])).decode().splitlines())
    assert sum(gzip.decompress(base64.b64decode(one["body"])).count(b"\n") for one in objects()) <= 20


def test_LOG_03_search_and_follow(lab, agent, service):
    http = service(protocol="HTTP", weights={"member1": 1}, member_port=HTTP_PORT)
    switch_on(agent, http, stream="search")
    following = lab.spawn("lb", BUILD / "bin" / "elbctl", "--endpoint", f"http://127.0.0.1:{agent.port}", "logs", "-f", "--status", "4xx", "-o", "json", name="follow")
    time.sleep(1.5)
    for i in range(3):
        curl(lab, f"/status/{200 + i}")
        curl(lab, f"/status/{404 + i}")
    curl(lab, "/needle", client="client2")
    parsed(lab, 7, stream="search")

    def search(query):
        return [line["request"].split("/")[-2].split(" ")[0] for line in agent.api("GET", f"/v1/logs?loadbalancer_id={http.lb}&{query}")["logs"]]
    assert search("status=4xx") == ["404", "405", "406"]
    assert search("status=404") == ["404"]
    assert search("status=4xx&limit=2") == ["405", "406"]
    assert len(search("text=NEEDLE")) == 1
    assert len(search(f"client={CLIENTS['client2']}")) == 1
    assert search("termination=client_left") == []
    assert search("to=1000") == []
    for bad in ("status=9", "status=abc", "client=x", "limit=0", "limit=10001", "from=-1", "nonsense=1", "loadbalancer_id=x"):
        with pytest.raises(ApiError) as refused:
            agent.api("GET", f"/v1/logs?{bad}")
        assert refused.value.status in (400, 404), bad
    text = agent.elbctl("logs", "lb-80", "--status", "404").stdout
    assert text.count("\n") == 1 and "/status/404" in text
    wait_until(lambda: following.log.read_text().count("\n") == 3, 5, "three lines are followed")
    assert [json.loads(line)["status"] for line in following.log.read_text().splitlines()] == [404, 405, 406]
    following.end()


def test_LOG_03_a_stuck_sink_holds_up_no_request_and_rotation_by_hand(lab, agent, service):
    """The file is renamed and the agent told; and with rsyslog stopped requests are as quick as before."""
    http = service(protocol="HTTP", weights={"member1": 1}, member_port=HTTP_PORT)
    switch_on(agent, http, stream="rename")
    curl(lab, "/one")
    parsed(lab, 1, stream="rename")
    current = lab.dir / "logs" / "g" / "rename.log"
    current.rename(current.with_name("aside"))
    os.kill(agent.process.pid, signal.SIGUSR1)
    time.sleep(0.5)
    curl(lab, "/two")
    wait_until(lambda: current.exists() and "/two" in current.read_text(), 5, "a new file")
    assert "/two" not in current.with_name("aside").read_text()
    rsyslog = int((lab.dir / "rsyslog.pid").read_text())
    os.kill(rsyslog, signal.SIGSTOP)
    try:
        slowest = []

        def ask():
            with connect(lab) as sock:
                for _ in range(300):
                    begun = time.monotonic()
                    sock.sendall(b"GET /status/200 HTTP/1.1\r\nHost: a\r\nUser-Agent: " + b"x" * 3000 + b"\r\n\r\n")
                    assert read_answer(sock).startswith(b"HTTP/1.1 200 ")
                    slowest.append(time.monotonic() - begun)
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(slowest) == 600
        assert max(slowest) < 3, "nobody waited for a sink, which has 5 s"
        wait_until(lambda: len(lines_of(lab, stream="rename")) >= 601, 10, "the file has them all meanwhile")
    finally:
        os.kill(rsyslog, signal.SIGCONT)


def test_HC_20_explain_says_why_and_what_next(lab, agent, service, servers):
    http = service(protocol="HTTP", weights={"member1": 1, "member2": 1}, member_port=HTTP_PORT, monitor={"type": "HTTP"})
    for member in http.members.values():
        agent.wait_member(http.pool, member, "ONLINE")
    servers["member2"].end(signal.SIGKILL)
    agent.wait_member(http.pool, http.members["member2"], "ERROR")
    findings = {(one["kind"], one["name"]): one for one in agent.api("GET", f"/v1/explain?id={http.lb}")["findings"]}
    member = findings["member", "member2"]
    assert member["status"] == "ERROR" and "refused" in member["reason"] and member["next"] == f"elbctl healthmonitor explain {http.pool}"
    assert findings["pool", "pool-80"]["status"] == "DEGRADED"
    assert ("member", "member1") not in findings
    text = agent.elbctl("healthcheck", "explain", "pool-80").stdout
    assert f"{MEMBERS['member2']}:{HTTP_PORT}" in text and "refused" in text and "passed" in text
    order = ["the check itself", "firewalls on the way", "network ACLs", "server listens", "own firewall", "route back", "overloaded", "hosts.deny"]
    assert [text.index(word) for word in order] == sorted(text.index(word) for word in order)
    assert f"next: elbctl healthmonitor explain {http.pool}" in agent.elbctl("explain", "lb-80").stdout
    servers["member2"] = lab.start_http_member("member2", HTTP_PORT)


def test_GEN11_LOG_03_a_project_sees_its_own_lines_only(lab, agent):
    """Two projects write into one stream."""
    def ask(name, path):
        return agent.request("GET", path, headers={"X-Auth-Token": (lab.dir / f"{name}.token").read_text(encoding="utf-8").strip()})

    lbs = {}
    for name, vip in (("shop", VIP), ("bank", "10.1.0.101")):
        for words in (("project", "create", name, "--id", name), ("token", "create", name, "--role", "member", "--project", name, "--out", lab.dir / f"{name}.token")):
            lab.run("lb", BUILD / "bin" / "elbctl", "--endpoint", f"unix:{agent.socket}", *words)
        lbs[name] = agent.create("loadbalancer", name=name, project_id=name, vip_subnet_id=CLIENT_SUBNET, vip_address=vip)["id"]
        switch_on(agent, agent.service(protocol="HTTP", load_balancer=lbs[name], weights={"member1": 1}, member_port=HTTP_PORT), stream="shared")
        assert curl(lab, f"http://{vip}/of-{name}").status == 200
    assert len(parsed(lab, 2, stream="shared")) == 2
    for name, other in (("shop", "bank"), ("bank", "shop")):
        for query in ("", "&after=0"):
            status, answer = ask(name, f"/v1/logs?text=/of-{query}")
            assert status == 200 and [line["tenant_id"] for line in answer["logs"]] == [name], (name, answer)
        assert ask(name, f"/v1/logs?loadbalancer_id={lbs[other]}")[0] == 404
        assert ask(name, f"/v1/explain?id={lbs[other]}")[0] == 404
        assert [tank["loadbalancer_id"] for tank in ask(name, "/v3/x/elb/logtanks")[1]["logtanks"]] == [lbs[name]]
    for lb_id in lbs.values():
        agent.delete("loadbalancer", lb_id, query="?cascade=true")
