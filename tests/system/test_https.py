# SPDX-License-Identifier: Apache-2.0
# Shows: LS-06, LS-10, LS-11, LS-13, S5, RD-03, RD-04, RD-05, AC-06, TLS-10, TLS-11, TLS-12, TLS-13, TLS-14, TLS-16, TLS-19.
"""HTTPS listeners through the real agent and its proxy: certificates, names, client certificates, redirects."""
import ssl

import pytest
from agent import Agent, ApiError
from lab import CLIENTS, MEMBERS, VIP
from pki import Pki, upload
from web import HTTP_PORT, WebSocket, curl, tls


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_http_member(member, HTTP_PORT)
    return Agent(lab).start()


@pytest.fixture(scope="module")
def certificates(agent, pki):
    """Ids: default, exact, wildcard."""
    return {"default": upload(agent, pki.issue("default", "default.example.com"), "default"),
            "exact": upload(agent, pki.issue("exact", "www.example.com"), "exact", domain="www.example.com"),
            "wildcard": upload(agent, pki.issue("wildcard", "*.example.com"), "wildcard", domain="*.example.com")}


@pytest.fixture
def https(service, certificates):
    def make(**options):
        return service(**{"port": 443, "protocol": "HTTPS", "weights": dict.fromkeys(MEMBERS, 1), "member_port": HTTP_PORT,
                          "default_tls_container_ref": certificates["default"], **options})
    return make


def common_name(sock):
    """Of the server's certificate, which must be valid."""
    return dict(part[0] for part in sock.getpeercert()["subject"])["commonName"]


def name_served(lab, pki, name):
    with tls(lab, name, pki.ca) as sock:
        return common_name(sock)


def on(name, port=443):
    """curl's flags: the host is at the VIP."""
    return ("--resolve", f"{name}:{port}:{VIP}")


def test_LS_11_tls_ends_here_and_members_get_plain_http(lab, pki, https):
    https()
    answer = curl(lab, "https://default.example.com/a?b", "--cacert", pki.ca, *on("default.example.com"))
    assert answer.status == 200 and answer.told["target"] == "/a?b"
    assert answer.sent("X-Forwarded-Proto") == ["https"]
    assert answer.sent("X-Forwarded-Port") == ["443"]
    assert answer.sent("X-Forwarded-For") == [CLIENTS["client1"]]


def test_TLS_12_the_name_chooses_the_certificate(lab, pki, https, certificates):
    https(sni_container_refs=[certificates["exact"], certificates["wildcard"]])
    assert name_served(lab, pki, "www.example.com") == "www.example.com"
    assert name_served(lab, pki, "other.example.com") == "*.example.com"
    for name in (None, "www.elsewhere.net", "a.b.example.com"):
        with tls(lab, name) as sock:
            assert ssl.DER_cert_to_PEM_cert(sock.getpeercert(True)) in (pki.dir / "default.crt").read_text(), name


def test_TLS_13_without_sni_there_is_one_certificate(lab, pki, https):
    https()
    for name in ("default.example.com", "www.example.com", "www.elsewhere.net", None):
        with tls(lab, name) as sock:
            assert ssl.DER_cert_to_PEM_cert(sock.getpeercert(True)) in (pki.dir / "default.crt").read_text(), name


def test_TLS_14_clients_need_a_certificate_of_the_authority(lab, agent, pki, https):
    own = Pki(lab.dir / "pki-clients", "clients")
    stranger = Pki(lab.dir / "pki-strangers", "strangers")
    https(client_authentication="MANDATORY", client_ca_tls_container_ref=upload(agent, own.ca, "clients", "client"))
    url, flags = "https://default.example.com/", ("--cacert", pki.ca, *on("default.example.com"))

    def with_certificate(crt, key):
        return curl(lab, url, *flags, "--cert", crt, "--key", key, check=False)
    assert with_certificate(*own.issue("alice", usage="clientAuth")).status == 200
    assert curl(lab, url, *flags, check=False) is None, "none"
    assert with_certificate(*stranger.issue("mallory", usage="clientAuth")) is None, "another authority's"
    assert with_certificate(*own.issue("server", usage="serverAuth")) is None, "not a client's"


def test_TLS_16_policies_set_the_oldest_protocol(lab, agent, https):
    made = https()

    def spoken(version):
        return lab.run("client1", "openssl", "s_client", "-connect", f"{VIP}:443", f"-{version}", "-cipher", "DEFAULT@SECLEVEL=0", check=False).returncode == 0
    assert [spoken(version) for version in ("tls1", "tls1_1", "tls1_2")] == [False, False, True]
    agent.set("listener", made.listener, tls_ciphers_policy="tls-1-0")
    agent.wait_applied()
    assert [spoken(version) for version in ("tls1", "tls1_1", "tls1_2")] == [True, True, True]


def test_TLS_10_a_new_certificate_is_for_new_connections(lab, agent, pki, https):
    changing = upload(agent, pki.issue("changing", "first.example.com"), "changing")
    https(default_tls_container_ref=changing)
    with tls(lab, "first.example.com", pki.ca) as old:
        crt, key = pki.issue("changing", "second.example.com")
        agent.api("PUT", f"/v2.0/lbaas/certificates/{changing}", {"certificate": crt.read_text(), "private_key": key.read_text()})
        agent.wait_applied()
        assert name_served(lab, pki, "second.example.com") == "second.example.com"
        old.sendall(b"GET /old HTTP/1.1\r\nHost: first.example.com\r\n\r\n")
        assert old.recv(65536).startswith(b"HTTP/1.1 200 ")
    with pytest.raises(ApiError) as refused:
        agent.api("DELETE", f"/v2.0/lbaas/certificates/{changing}")
    assert refused.value.status == 409


def test_TLS_11_TLS_19_what_the_api_says_of_certificates(agent, certificates, https):
    made = https()
    shown = agent.api("GET", f"/v2.0/lbaas/certificates/{certificates['exact']}")
    assert "BEGIN CERTIFICATE" in shown["certificate"] and "PRIVATE KEY" not in str(shown)
    with pytest.raises(ApiError) as refused:
        agent.set("listener", made.listener, default_tls_container_ref=None)
    assert refused.value.status == 400, "LS-06"


def test_LS_13_web_sockets_over_tls(lab, https):
    https()
    with tls(lab, "default.example.com") as sock:
        socket = WebSocket(sock, host="default.example.com")
        assert socket.open, socket.head
        assert socket.echo("hello") == "hello"


def test_S5_a_request_for_another_host_than_the_handshakes_is_misdirected(lab, pki, https):
    https()
    url, flags = "https://default.example.com/", ("--cacert", pki.ca, *on("default.example.com"))
    assert curl(lab, url, *flags, "-H", "Host: www.example.com").status == 421
    assert curl(lab, url, *flags, "-H", "Host: default.example.com:443").status == 200


def test_RD_03_RD_04_RD_05_AC_06_http_is_redirected(lab, agent, service, https):
    secure = https()
    plain = service(protocol="HTTP", weights=dict.fromkeys(MEMBERS, 1), member_port=HTTP_PORT)
    redirect = agent.create("l7policy", listener_id=plain.listener, action="REDIRECT_TO_LISTENER", redirect_listener_id=secure.listener)["id"]
    agent.wait_applied()
    answer = curl(lab, "http://www.example.com/a/b?c=d", "-d", "body", *on("www.example.com", 80))
    assert (answer.status, answer.header("Location")) == (301, "https://www.example.com/a/b?c=d")
    agent.set("listener", plain.listener, allowed_cidrs=[f"{CLIENTS['client2']}/32"])
    agent.wait_applied()
    assert curl(lab, "/", "--max-time", 2, check=False) is None, "AC-06: who is denied gets no redirect either"
    assert curl(lab, "/", client="client2").status == 301
    agent.set("listener", plain.listener, allowed_cidrs=[])
    agent.wait_applied()
    with pytest.raises(ApiError) as refused:
        agent.create("l7policy", listener_id=plain.listener, action="REDIRECT_TO_LISTENER", redirect_listener_id=secure.listener)
    assert refused.value.status == 409
    with pytest.raises(ApiError) as refused:
        agent.delete("listener", secure.listener)
    assert refused.value.status == 409 and redirect in str(refused.value), "LS-10"
    agent.delete("l7policy", redirect)
    agent.wait_applied()
    assert curl(lab, "/").status == 200
