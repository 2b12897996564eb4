# SPDX-License-Identifier: Apache-2.0
# Shows: S5, TLS-14, TLS-16.
"""What auditors of TLS find (testssl.sh), what two TLS stacks of clients see (OpenSSL, GnuTLS), and whose session is good where."""
import json
import socket
import ssl

import pytest
from lab import VIP
from pki import Pki, upload
from web import connect
from wire import RAW_PORT, RawMember

NAME = "www.example.com"
SERIOUS = {"MEDIUM", "HIGH", "CRITICAL", "FATAL"}
# Findings about the laboratory's certificate and clock, not about the balancer.
OF_THE_LAB = {
    "cert_revocation": "the laboratory's authority publishes no list",
}
TRIES = 50


@pytest.fixture(scope="module")
def pki(lab):
    return Pki(lab.dir / "pki")


@pytest.fixture(scope="module")
def listeners(lab, agent, pki):
    """Port 443: TLS of the default policy. Port 8443: clients need a certificate."""
    member = RawMember(lab)
    certificate = upload(agent, pki.issue("server", NAME, days=90), "server")
    clients = Pki(lab.dir / "pki-clients", "clients")
    first = agent.service(port=443, protocol="HTTPS", weights={"member1": 1}, member_port=RAW_PORT, default_tls_container_ref=certificate)
    agent.service(port=8443, protocol="HTTPS", weights={"member1": 1}, member_port=RAW_PORT, default_tls_container_ref=certificate, load_balancer=first.lb,
                  client_authentication="MANDATORY", client_ca_tls_container_ref=upload(agent, clients.ca, "clients", "client"))
    yield clients
    member.close()


@pytest.fixture(scope="module")
def audit(lab, pki, listeners):
    """testssl.sh at work, beside the tests that need little time; (process, report)."""
    report = lab.dir / "testssl.json"
    return lab.spawn("client1", "testssl", "--quiet", "--color", 0, "--warnings", "off", "--openssl-timeout", 5, "--add-ca", pki.ca, "--ip", VIP, "--nodns", "none",
                     "-p", "-s", "-S", "-U", "--jsonfile", report, f"{NAME}:443", name="testssl", env={"HOME": str(lab.dir), "TERM": "dumb"}), report


def talk(lab, *command, text):
    """What a command prints that is given the text and then the end of its input."""
    process = lab.run("client1", "timeout", 20, "sh", "-c", f"(printf '{text}'; sleep 1) | {' '.join(map(str, command))}", check=False)
    return process.stdout + process.stderr


REQUEST = f"GET /hello HTTP/1.1\\r\\nHost: {NAME}\\r\\nConnection: close\\r\\n\\r\\n"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_S5_openssl_s_client(lab, pki, audit, version):
    text = talk(lab, "openssl", "s_client", "-connect", f"{VIP}:443", "-servername", NAME, "-CAfile", pki.ca, "-verify_return_error",
                "-ign_eof", version, text=REQUEST)
    assert "HTTP/1.1 200 OK" in text and "/hello" in text, text[-500:]
    assert "Verify return code: 0 (ok)" in text


@pytest.mark.parametrize("version", ["VERS-TLS1.2", "VERS-TLS1.3"])
def test_S5_gnutls_cli(lab, pki, listeners, version):
    text = talk(lab, "gnutls-cli", "--x509cafile", pki.ca, "--sni-hostname", NAME, "--verify-hostname", NAME,
                "--priority", f"NORMAL:-VERS-ALL:+{version}", "--port", 443, VIP, text=REQUEST)
    assert "The certificate is trusted" in text and "HTTP/1.1 200 OK" in text and "/hello" in text, text[-800:]


def test_S5_clients_do_not_renegotiate(lab, listeners):
    text = talk(lab, "openssl", "s_client", "-connect", f"{VIP}:443", "-servername", NAME, "-tls1_2", text="R\\n")
    assert "RENEGOTIATING" in text
    assert "no renegotiation" in text or "handshake failure" in text or "unexpected" in text, text[-800:]


def handshake(lab, port, context, session=None):
    with context.wrap_socket(connect(lab, port), server_hostname=NAME, session=session) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
        text = sock.recv(65536)
        return sock.session, sock.session_reused, text


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_S5_a_session_of_one_listener_is_nothing_at_another(lab, pki, listeners, version):
    """A ticket that was given without a client's certificate must not stand for one (the class of CVE-2025-23419)."""
    context = ssl.create_default_context(cafile=str(pki.ca))
    context.minimum_version = context.maximum_version = version
    session, _, text = handshake(lab, 443, context)
    assert text.startswith(b"HTTP/1.1 200 ") and session
    assert handshake(lab, 443, context, session)[1], "it is good where it was given"
    entered = 0
    for _ in range(TRIES):
        try:
            entered += handshake(lab, 8443, context, session)[2].startswith(b"HTTP/1.1 ")
        except (ssl.SSLError, ConnectionError, socket.timeout):
            continue
    assert entered == 0
    mine = ssl.create_default_context(cafile=str(pki.ca))
    mine.load_cert_chain(*listeners.issue("alice", usage="clientAuth"))
    assert handshake(lab, 8443, mine)[2].startswith(b"HTTP/1.1 200 ")


@pytest.mark.timeout(480)
def test_S5_testssl_finds_nothing_serious(audit):
    process, report = audit
    process.popen.wait(450)
    findings = json.loads(report.read_text(encoding="utf-8"))
    by_id = {one["id"]: one for one in findings}
    assert by_id["TLS1_2"]["finding"].startswith("offered") and by_id["TLS1_3"]["finding"].startswith("offered"), process.log.read_text()[-2000:]
    assert by_id["heartbleed"]["severity"] == by_id["ROBOT"]["severity"] == "OK", "the tool came to its end"
    serious = [one for one in findings if one["severity"] in SERIOUS and one["id"].split(" ")[0] not in OF_THE_LAB]
    assert serious == []
