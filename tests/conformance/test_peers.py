# SPDX-License-Identifier: Apache-2.0
# Shows: LS-11, LS-14, LS-16.
"""Other people's HTTP on either side: clients (curl, node's http, https and fetch, Python's http.client) and members (nginx, HAProxy, node,
Python's http.server), each with many requests on kept connections where it keeps any."""
import hashlib
import http.client
import json
import pathlib
import ssl

import pytest
from lab import MEMBERS, VIP
from pki import Pki, upload
from programs import nginx
from web import HTTP_PORT, connect

HERE = pathlib.Path(__file__).resolve().parent
NAME = "www.example.com"
REQUESTS = 300
PORTS = {"nginx": 8101, "haproxy": 8102, "node": 8103, "python": 8104}
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind {address}:{port}
  http-request return status 200 content-type text/plain string "small" if {{ path /small }}
  http-request return status 200 content-type application/octet-stream file {root}/large if {{ path /large }}
  http-request return status 404
"""


@pytest.fixture(scope="module")
def pki(lab):
    return Pki(lab.dir / "pki")


@pytest.fixture(scope="module")
def fronts(lab, agent, pki):
    """HTTP on port 80 and HTTPS on 443, of the same three members that tell what they were asked."""
    for member in MEMBERS:
        lab.start_http_member(member, HTTP_PORT)
    options = {"weights": dict.fromkeys(MEMBERS, 1), "member_port": HTTP_PORT}
    made = agent.service(protocol="HTTP", **options)
    agent.service(port=443, protocol="HTTPS", load_balancer=made.lb, default_tls_container_ref=upload(agent, pki.issue("server", NAME), "server"), **options)
    return made


@pytest.mark.parametrize("scheme, wanted", [("http", ["http", "fetch"]), ("https", ["https"])])
def test_clients_of_node(lab, pki, fronts, scheme, wanted):
    process = lab.spawn("client1", "node", HERE / "clients.js", f"{scheme}://{VIP}", REQUESTS, name="node", env={"NODE_EXTRA_CA_CERTS": str(pki.ca)})
    assert process.popen.wait(120) == 0, process.log.read_text()
    reports = [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]
    assert [report["client"] for report in reports] == wanted
    for report in reports:
        assert (report["ok"], report["failed"]) == (REQUESTS, 0), report


def test_client_of_python_over_tls(lab, pki, fronts):
    context = ssl.create_default_context(cafile=str(pki.ca))
    connection = http.client.HTTPSConnection(NAME, context=context)
    connection.sock = context.wrap_socket(connect(lab, 443), server_hostname=NAME)
    socket = connection.sock
    for number in range(REQUESTS):
        connection.request("PUT", f"/{number}", b"x" * number)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        assert (answer.status, told["target"], told["body"]) == (200, f"/{number}", number)
    assert connection.sock is socket, "one connection for all"
    connection.close()


def test_curl_keeps_its_connection(lab, pki, fronts):
    urls = [f"https://{NAME}/{number}" for number in range(50)]
    done = lab.run("client1", "curl", "-sS", "--max-time", 60, "--cacert", pki.ca, "--resolve", f"{NAME}:443:{VIP}", "-w", "%{num_connects} %{http_code}\\n",
                   "-o", "/dev/null", urls[0], *(word for url in urls[1:] for word in ("-o", "/dev/null", url)))
    lines = done.stdout.split("\n")[:-1]
    assert len(lines) == 50 and {line.split()[1] for line in lines} == {"200"}
    assert sum(int(line.split()[0]) for line in lines) == 1


def start(lab, kind, root):
    address, port = MEMBERS["member1"], PORTS[kind]
    if kind == "nginx":
        nginx(lab, "member1", root, port)
    elif kind == "haproxy":
        config = lab.dir / "member.cfg"
        config.write_text("global\n  tune.bufsize 2097152\n" + HAPROXY.format(address=address, port=port, root=root))
        lab.spawn("member1", "/usr/sbin/haproxy", "-db", "-f", config, name="haproxy")
    elif kind == "node":
        lab.spawn("member1", "node", HERE / "member.js", port, name="node")
    else:
        lab.spawn("member1", "/usr/bin/python3", "-m", "http.server", port, "--directory", root, name="http.server")
    lab.wait_port("member1", address, port)


@pytest.mark.parametrize("kind", PORTS)
def test_members(lab, agent, kind):
    root = lab.dir / f"root-{kind}"
    root.mkdir()
    (root / "small").write_bytes(b"small")
    large = bytes(range(256)) * 4096
    (root / "large").write_bytes(large)
    start(lab, kind, root)
    made = agent.service(port=PORTS[kind], protocol="HTTP", weights={"member1": 1}, member_port=PORTS[kind], vip="10.1.0.110")
    try:
        connection = http.client.HTTPConnection("10.1.0.110", PORTS[kind])
        connection.sock = connect(lab, PORTS[kind], vip="10.1.0.110")
        socket = connection.sock
        for number in range(REQUESTS):
            connection.request("HEAD" if number % 10 == 9 else "GET", "/small")
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200 and answer.getheader("Server") == "elb"
            if number % 10 == 9:
                assert text == b""
            else:
                assert text == (b"small" if kind != "node" else b'{"target":"/small","body":0}')
        assert connection.sock is socket, "the client's connection is kept, whatever the member does with its own"
        if kind == "node":
            connection.request("GET", "/stream/5000000")
            assert len(connection.getresponse().read()) == 5_000_000
            connection.request("POST", "/up", b"u" * 3_000_000)
            assert json.loads(connection.getresponse().read()) == {"target": "/up", "body": 3_000_000}
        else:
            connection.request("GET", "/large")
            assert hashlib.sha256(connection.getresponse().read()).digest() == hashlib.sha256(large).digest()
            connection.request("GET", "/missing")
            assert connection.getresponse().status == 404
        connection.close()
    finally:
        agent.delete("loadbalancer", made.lb, query="?cascade=true")
        agent.wait_applied()
