# SPDX-License-Identifier: Apache-2.0
"""Pages of a listener's own in place of the load balancer's lines of text: for a status, for a class, over HTTP/1.1 and HTTP/2."""
import pytest
from agent import Agent
from lab import VIP
from pki import Pki, upload
from web import HTTP_PORT, curl, raw

NAME = "www.example.com"
HTML = "text/html; charset=utf-8"
PAGES = [{"status": "4xx", "content_type": "application/json", "body": '{"error": "yours"}'},
         {"status": "503", "body": "<h1>Back at noon — see you</h1>"},
         {"status": "5xx", "content_type": "text/plain", "body": "ours\n"}]
VERSIONS = ("--http1.1", "--http2")


@pytest.fixture(scope="module")
def pki(lab):
    return Pki(lab.dir / "pki")


@pytest.fixture(scope="module")
def agent(lab):
    lab.start_http_member("member1", HTTP_PORT)
    return Agent(lab).start()


@pytest.fixture(scope="module")
def certificate(agent, pki):
    return upload(agent, pki.issue("server", NAME), "server")


@pytest.fixture
def https(service, certificate):
    return lambda **options: service(**{"port": 443, "protocol": "HTTPS", "weights": {"member1": 1}, "member_port": HTTP_PORT,
                                        "default_tls_container_ref": certificate, "http2_enable": True, "error_pages": PAGES, **options})


@pytest.fixture(params=VERSIONS)
def ask(lab, pki, request):
    """curl over either version, which is checked."""
    def done(path="/", *flags):
        answer = curl(lab, f"https://{NAME}{path}", request.param, "--cacert", pki.ca, "--resolve", f"{NAME}:443:{VIP}", *flags)
        head = next(lab.dir.glob("curl-*.head")).read_text(encoding="latin-1")
        assert head.startswith("HTTP/2 " if request.param == "--http2" else "HTTP/1.1 ")
        return answer
    return done


def expect(answer, status, content_type, body):
    assert (answer.status, answer.header("Content-Type"), answer.text.decode()) == (status, content_type, body)
    assert answer.header("Content-Length") == str(len(body.encode()))


def test_the_page_of_the_status_or_of_its_class(agent, ask, https):
    made = https()
    assert ask().status == 200
    made.reweight("member1", 0)
    agent.wait_applied()
    expect(ask(), 503, HTML, PAGES[1]["body"])
    made.add("member1", port=HTTP_PORT + 1)  # nobody listens there
    agent.wait_applied()
    expect(ask(), 502, "text/plain", "ours\n")
    expect(ask("/", "-H", "X-Long: " + "y" * 60000), 431, "application/json", PAGES[0]["body"])
    expect(ask("/%00"), 400, "application/json", PAGES[0]["body"])


def test_a_HEAD_gets_the_head_alone(agent, ask, https):
    made = https()
    made.reweight("member1", 0)
    agent.wait_applied()
    answer = ask("/", "-I")
    assert (answer.status, answer.header("Content-Type")) == (503, HTML)
    assert answer.text.endswith(b"\r\n\r\n") and answer.text.count(b"\r\n\r\n") == 1, "what curl keeps of a HEAD is the head"
    assert answer.header("Content-Length") == str(len(PAGES[1]["body"].encode()))


def test_what_a_member_says_stays(ask, https):
    https()
    for status in (404, 500, 503):
        answer = ask(f"/status/{status}")
        assert (answer.status, answer.member) == (status, "member1")


def test_the_line_of_text_comes_back_with_the_pages_gone(agent, ask, https):
    made = https()
    made.reweight("member1", 0)
    agent.set("listener", made.listener, error_pages=PAGES[:1])
    agent.wait_applied()
    answer = ask()
    assert (answer.status, answer.text) == (503, b"503 Service Unavailable\n"), "no page of its own"
    agent.set("listener", made.listener, error_pages=[])
    agent.wait_applied()
    answer = ask("/%00")
    assert (answer.status, answer.text) == (400, b"400 Bad Request\n")


def test_bare_HTTP_and_elbctl(lab, agent, service):
    made = service(protocol="HTTP", weights={})
    files = {"404.html": "<p>gone</p>", "4xx.json": "{}", "5xx.txt": "later"}
    for name, text in files.items():
        (lab.dir / name).write_text(text, encoding="utf-8")
    words = [word for name in files for word in ("--error-page", f"{name.split('.')[0]}={lab.dir / name}")]
    agent.elbctl("listener", "set", made.listener, *words, "--wait")
    expect(curl(lab, "/"), 503, "text/plain; charset=utf-8", "later")
    policy = agent.create("l7policy", listener_id=made.listener, action="REJECT")["id"]
    rule = {"type": "PATH", "compare_type": "STARTS_WITH", "value": "/"}
    agent.api("POST", f"/v2.0/lbaas/l7policies/{policy}/rules", {"rule": rule})
    agent.wait_applied()
    expect(curl(lab, "/"), 403, "application/json", "{}")
    refused = raw(lab, b"GET / HTTP/1.1\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 400 ") and refused.endswith(b"\r\n\r\n{}")
    agent.delete("l7policy", policy)
    agent.elbctl("listener", "set", made.listener, "--error-page", "", "--wait")
    assert curl(lab, "/").text == b"503 Service Unavailable\n"
    assert agent.show("listener", made.listener)["error_pages"] == []
