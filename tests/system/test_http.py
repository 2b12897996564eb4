# SPDX-License-Identifier: Apache-2.0
# Shows: LS-11, LS-13, LS-14, LS-16, LS-18, LS-19, LS-20, FP-04, FP-06, FP-07, FP-08, FP-12, FP-13, FP-14, RD-03, RD-04, RD-05, ST-07, ST-08, ST-09, ST-10, AC-02.
"""HTTP listeners through the real agent and its proxy, with curl and bare sockets as clients."""
import collections

import pytest
from agent import Agent
from lab import CLIENTS, MEMBERS, VIP, wait_until
from web import HTTP_PORT, WebSocket, connect, curl, raw


@pytest.fixture(scope="module")
def servers(lab):
    return {member: lab.start_http_member(member, HTTP_PORT) for member in MEMBERS}


@pytest.fixture(scope="module")
def agent(lab, servers):
    for member in MEMBERS:
        lab.start_member(member)
    return Agent(lab).start()


@pytest.fixture
def http(service):
    """Makes an HTTP service on port 80 with all members, unless told otherwise."""
    def make(**options):
        return service(**{"protocol": "HTTP", "weights": dict.fromkeys(MEMBERS, 1), "member_port": HTTP_PORT, **options})
    return make


def requests_of(servers):
    return [event["target"] for server in servers.values() for event in server.events() if event["event"] == "request"]


def members_of(lab, count, *flags):
    return collections.Counter(curl(lab, "/", *flags).member for _ in range(count))


def pool_with(agent, http, *members):
    """Another pool of the same load balancer, with these members."""
    pool = agent.create("pool", loadbalancer_id=http.lb, protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
    for member in members:
        agent.create("member", pool=pool, address=MEMBERS[member], protocol_port=HTTP_PORT)
    return pool


def policy(agent, listener, pool=None, rules=(), **fields):
    """rules: (type, compare_type, value)."""
    made = agent.create("l7policy", listener_id=listener, **{"action": "REDIRECT_TO_POOL", "redirect_pool_id": pool, **fields} if pool else fields)["id"]
    for kind, compare, value in rules:
        agent.api("POST", f"/v2.0/lbaas/l7policies/{made}/rules", {"rule": {"type": kind, "compare_type": compare, "value": value}})
    agent.wait_applied()
    return made


def test_LS_11_members_get_the_request_and_the_clients_address(lab, http):
    http()
    answer = curl(lab, "/a/b?c=d", "-H", "X-Forwarded-For: 192.0.2.1", "-d", "0123456789")
    assert answer.status == 200
    assert (answer.told["method"], answer.told["target"], answer.told["body"]) == ("POST", "/a/b?c=d", 10)
    assert answer.sent("X-Forwarded-For") == [f"192.0.2.1, {CLIENTS['client1']}"]
    assert answer.sent("X-Forwarded-Proto") == ["http"]
    assert answer.sent("X-Forwarded-Port") == ["80"]
    assert answer.sent("Host") == [VIP]
    assert answer.header("Server") == "elb", "LS-20"
    assert members_of(lab, 30) == dict.fromkeys(MEMBERS, 10)


def test_weights_are_kept(lab, http):
    http(weights={"member1": 1, "member2": 2, "member3": 3})
    assert members_of(lab, 60) == {"member1": 10, "member2": 20, "member3": 30}


def test_LS_14_many_requests_on_one_connection(lab, http):
    http()
    seen = set()
    with connect(lab) as sock:
        for number in range(200):
            sock.sendall(f"GET /{number} HTTP/1.1\r\nHost: www.example.com\r\n\r\n".encode())
            data = b""
            while not data.endswith(b"}\n"):
                chunk = sock.recv(65536)
                assert chunk, number
                data += chunk
            assert f'"/{number}"'.encode() in data
            seen |= {member for member in MEMBERS if member.encode() in data}
    assert seen == set(MEMBERS), "each request is balanced"
    closed = raw(lab, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert closed.startswith(b"HTTP/1.1 200 ") and b"\r\nConnection: close\r\n" in closed


def test_pipelined_requests_are_answered_in_order(lab, http):
    http()
    text = b"".join(b"GET /sleep/%s HTTP/1.1\r\nHost: a\r\n\r\n" % delay for delay in (b"0.2", b"0.1", b"0")) + \
        b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answers = raw(lab, text)
    places = [answers.index(f'"{target}"'.encode()) for target in ("/sleep/0.2", "/sleep/0.1", "/sleep/0", "/last")]
    assert places == sorted(places)
    assert answers.count(b"HTTP/1.1 200 ") == 4


@pytest.mark.parametrize("text, status", [
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nabcde", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100000 + b"\r\n\r\n", 431),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
], ids=["no host", "no version", "two hosts", "space before colon", "two lengths", "signed length", "long header", "a ClientHello"])
def test_LS_18_what_is_not_HTTP_is_refused_here(lab, http, servers, text, status):
    http()
    before = len(requests_of(servers))
    assert raw(lab, text).startswith(b"HTTP/1.1 %d " % status)
    assert len(requests_of(servers)) == before, "no member has seen it"


def test_LS_16_LS_19_a_dead_member_is_passed_over(lab, http):
    made = http(weights={"member1": 1})
    made.add("member2", port=HTTP_PORT + 1)  # nobody listens there
    made.agent.wait_applied()
    assert {curl(lab, "/").status for _ in range(20)} == {200}
    made.remove("member1")
    made.agent.wait_applied()
    assert curl(lab, "/").status == 502
    made.remove("member2")
    made.agent.wait_applied()
    assert curl(lab, "/").status == 503


def test_a_member_that_closes_without_an_answer_is_a_bad_gateway(lab, http):
    http()
    assert curl(lab, "/drop", "-d", "x").status == 502


def test_FP_13_statuses_of_members_pass(lab, http):
    http()
    for status in (204, 304, 404, 500):
        assert curl(lab, f"/status/{status}").status == status
    assert curl(lab, "/head", "-I").status == 200


def test_bodies_pass_whole_in_both_directions(lab, http):
    http()
    assert curl(lab, "/", "-T", "/proc/self/exe", "-H", "Transfer-Encoding: chunked").told["body"] > 1000
    assert len(curl(lab, "/stream/30000000").text) == 30_000_000
    (lab.dir / "upload").write_bytes(b"u" * 20_000_000)
    assert curl(lab, "/", "-T", lab.dir / "upload").told["body"] == 20_000_000


def test_LS_13_web_sockets(lab, http):
    http()
    with connect(lab) as sock:
        socket = WebSocket(sock)
        assert socket.open, socket.head
        for number in range(20):
            assert socket.echo(f"hello {number}") == f"hello {number}"


def test_FP_06_FP_07_FP_08_paths_choose_pools(lab, agent, http):
    made = http(weights={"member1": 1})
    second, third = pool_with(agent, made, "member2"), pool_with(agent, made, "member3")
    policy(agent, made.listener, third, [("PATH", "REGEX", "/elb.*")])
    assert curl(lab, "/elb_gls/glossary.html").member == "member3"
    policy(agent, made.listener, second, [("PATH", "STARTS_WITH", "/elb")])
    assert curl(lab, "/elb_gls/glossary.html?x=/y").member == "member2", "a prefix before an expression"
    policy(agent, made.listener, third, [("PATH", "STARTS_WITH", "/elb_gls")])
    assert curl(lab, "/elb_gls/glossary.html").member == "member3", "the longer prefix"
    policy(agent, made.listener, second, [("PATH", "EQUAL_TO", "/elb_gls/glossary.html")])
    assert curl(lab, "/elb_gls/glossary.html").member == "member2", "exactly the path"
    assert curl(lab, "/other").member == "member1", "FP-12: the default pool"


def test_FP_04_hosts_choose_pools(lab, agent, http):
    made = http(weights={"member1": 1})
    policy(agent, made.listener, pool_with(agent, made, "member2"), [("HOST_NAME", "EQUAL_TO", "www.test.com")])
    for host, member in (("www.test.com", "member2"), ("WWW.Test.com:80", "member2"), ("a.www.test.com", "member1"), ("test.com", "member1")):
        assert curl(lab, "/", "-H", f"Host: {host}").member == member, host


def test_FP_12_nobody_to_serve(lab, agent, http):
    made = http(weights={})
    assert curl(lab, "/").status == 503
    policy(agent, made.listener, pool_with(agent, made, "member2"), [("PATH", "STARTS_WITH", "/two")])
    assert curl(lab, "/two/x").member == "member2"
    assert curl(lab, "/").status == 503


def test_ST_07_the_balancers_cookie_keeps_the_member(lab, agent, http):
    made = http(pool_fields={"session_persistence": {"type": "HTTP_COOKIE"}})
    jar = lab.dir / "jar"
    jar.unlink(missing_ok=True)
    first = curl(lab, "/", "-c", jar, "-b", jar)
    assert "Path=/" in first.header("Set-Cookie") and "Max-Age=" in first.header("Set-Cookie")
    assert members_of(lab, 12, "-b", jar) == {first.member: 12}
    assert len(members_of(lab, 12)) == 3, "without a cookie: balanced"
    cookie = first.header("Set-Cookie").split(";")[0]
    forged = cookie[:-4] + ("AAAA" if not cookie.endswith("AAAA") else "BBBB")
    assert len(members_of(lab, 12, "-H", f"Cookie: {forged}")) == 3, "a forged cookie: balanced"
    made.remove(first.member)
    agent.wait_applied()
    after = curl(lab, "/", "-b", jar)
    assert after.status == 200 and after.member != first.member, "ST-09: the member is gone"
    assert after.header("Set-Cookie"), "and another one is kept from now on"


def test_ST_08_the_applications_cookie_keeps_the_member(lab, http):
    http(pool_fields={"session_persistence": {"type": "APP_COOKIE", "cookie_name": "session"}})
    kept = {value: curl(lab, f"/cookie/session/{value}").member for value in ("a1", "b2", "c3", "d4")}
    for value, member in kept.items():
        assert members_of(lab, 6, "-H", f"Cookie: other=1; session={value}") == {member: 6}
    assert len(members_of(lab, 12, "-H", "Cookie: session=unknown")) == 3


def test_AC_02_the_whitelist_holds_for_http_too(lab, agent, http):
    made = http()
    agent.set("listener", made.listener, allowed_cidrs=[f"{CLIENTS['client2']}/32"])
    agent.wait_applied()
    assert curl(lab, "/", "--max-time", 2, check=False) is None
    assert curl(lab, "/", client="client2").status == 200
    agent.set("listener", made.listener, allowed_cidrs=[])
    agent.wait_applied()
    assert curl(lab, "/").status == 200


def test_HC_11_members_are_checked_by_http(lab, agent, http, servers):
    made = http(monitor={"type": "HTTP", "url_path": "/status/404", "expected_codes": "200"}, wait=False)
    agent.wait_applied()
    for member in MEMBERS:
        agent.wait_member(made.pool, made.members[member], "ERROR")
    assert curl(lab, "/").status == 503
    agent.set("healthmonitor", made.monitor, expected_codes="200,400-404")
    made.wait_online(list(MEMBERS))
    wait_until(lambda: curl(lab, "/").status == 200, 5, "served again")
