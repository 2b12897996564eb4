# SPDX-License-Identifier: Apache-2.0
# Shows: AC-02, AC-06, CA-01, LS-11.
"""The PROXY protocol through the real agent: from a balancer in front (client1), not from anybody else (client2), and to members."""
import json
import socket
import ssl
import struct

import pytest
from agent import Agent, ApiError
from lab import CLIENTS, MEMBERS, VIP, wait_until
from pki import Pki, upload
from web import HTTP_PORT, connect, curl, raw, read_answer, read_all

CLIENT = "203.0.113.9"
V1 = f"PROXY TCP4 {CLIENT} {VIP} 4711 80\r\n".encode()
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H4s4sHH", 12, socket.inet_aton(CLIENT), socket.inet_aton(VIP), 4711, 80)
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
PORTS = {"v1": HTTP_PORT + 1, "v2": HTTP_PORT + 2}  # of servers that want to be told


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_http_member(member, HTTP_PORT)
    for version, port in PORTS.items():
        lab.start_http_member("member1", port, int(version[1]))
    return Agent(lab).start()


@pytest.fixture
def http(service):
    def make(**options):
        return service(**{"protocol": "HTTP", "weights": {"member1": 1}, "member_port": HTTP_PORT, **options})
    return make


def told(answer):
    """What the member was asked, of a raw response."""
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:100]
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


def forwarded(answer):
    return [value for name, value in told(answer)["headers"] if name.lower() == "x-forwarded-for"]


def bad_headers(agent, listener):
    return agent.api("GET", f"/v2.0/lbaas/listeners/{listener}/stats")["http"]["bad_proxy_headers"]


def test_CA_01_the_client_that_a_trusted_sender_tells_of(lab, http):
    http(proxy_protocol_trusted=[CLIENTS["client1"]])
    for header in (V1, V2):
        assert forwarded(raw(lab, header + GET)) == [CLIENT]


def test_without_a_header_from_a_trusted_sender_or_with_one_from_another(lab, agent, http):
    made = http(proxy_protocol_trusted=[CLIENTS["client1"]])
    assert raw(lab, GET) == b""
    assert raw(lab, b"PROXY TCP4 1.2.3.4 nonsense\r\n" + GET) == b""
    for header in (V1, V2):
        assert raw(lab, header + GET, client="client2") == b""
    wait_until(lambda: bad_headers(agent, made.listener) == 4, 3, "four are counted")
    assert forwarded(raw(lab, GET, client="client2")) == [CLIENTS["client2"]], "a client of its own"


def test_AC_02_AC_06_whitelists_are_about_the_client(lab, agent, http):
    made = http(proxy_protocol_trusted=[CLIENTS["client1"]], allowed_cidrs=["203.0.113.0/24"])
    assert forwarded(raw(lab, V1 + GET)) == [CLIENT]
    assert raw(lab, GET, client="client2") == b"", "not on the list itself"
    agent.set("listener", made.listener, allowed_cidrs=["198.51.100.0/24"])
    agent.wait_applied()
    assert raw(lab, V1 + GET) == b""


def test_before_TLS(lab, agent, service):
    pki = Pki(lab.dir / "pki")
    service(port=443, protocol="HTTPS", weights={"member1": 1}, member_port=HTTP_PORT, proxy_protocol_trusted=[CLIENTS["client1"]],
            default_tls_container_ref=upload(agent, pki.issue("default", "default.example.com"), "default"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock = connect(lab, port=443)
    sock.sendall(V2)
    with context.wrap_socket(sock) as secure:
        secure.sendall(GET)
        assert forwarded(read_all(secure)) == [CLIENT]
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        context.wrap_socket(connect(lab, port=443))


@pytest.mark.parametrize("version", PORTS)
def test_members_are_told(lab, http, version):
    made = http(member_port=PORTS[version], pool_fields={"proxy_protocol": version}, monitor={"type": "HTTP", "expected_codes": "200"})
    made.wait_online(["member1"])  # checks have a header too
    made.agent.wait_applied()
    for client in ("client1", "client2", "client1"):
        answer = curl(lab, "/", client=client)
        assert answer.told["proxied"] == CLIENTS[client]
    with connect(lab) as sock:
        for _ in range(3):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert f'"{CLIENTS["client1"]}"'.encode() in read_answer(sock)


def test_a_balancer_in_front_and_members_that_want_to_know(lab, http):
    http(member_port=PORTS["v2"], pool_fields={"proxy_protocol": "v2"}, proxy_protocol_trusted=[CLIENTS["client1"]])
    assert told(raw(lab, V1 + GET))["proxied"] == CLIENT


def test_only_HTTP_has_it(agent, service):
    tcp = service(weights={}, wait=False)
    with pytest.raises(ApiError, match="proxy_protocol_trusted"):
        agent.set("listener", tcp.listener, proxy_protocol_trusted=["10.0.0.0/8"])
    with pytest.raises(ApiError, match="needs an HTTP pool"):
        agent.set("pool", tcp.pool, proxy_protocol="v1")
    with pytest.raises(ApiError, match="proxy_protocol"):
        agent.set("pool", tcp.pool, proxy_protocol="v3")
