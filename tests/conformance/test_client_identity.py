# SPDX-License-Identifier: Apache-2.0
# Shows: S6, CA-01.
"""Who a client says it is, and what members hear of that."""
import random

import pytest
from lab import CLIENTS
from wire import RAW_PORT, Asker, RawMember, ask, requests_in, status_of

FORGED = 10_000
CLIENT = CLIENTS["client1"]
NAMES = ["X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR", "X_Forwarded_For", "X-Forwarded_For", "X_FORWARDED_FOR", "X.Forwarded.For", "X-Real-IP", "X-Forwarded-Host",
         "X_Real_IP", "Forwarded", "X-Forwarded-Proto", "X_Forwarded_Proto", "X-Forwarded-Port", "X-Forwarded_Port"]
VALUES = ["203.0.113.{0}", "203.0.113.{0}, 203.0.113.9", "203.0.113.{0},", ",203.0.113.{0}", " 203.0.113.{0} ", "\"203.0.113.{0}\"", "for=203.0.113.{0}", "[::ffff:203.0.113.{0}]",
          "203.0.113.{0}:80", "203.0.113.{0}\t", "unknown, 203.0.113.{0}", f"203.0.113.{{0}}, {CLIENT}", f"{CLIENT}, 203.0.113.{{0}}", "%32%30%33.0.113.{0}; 203.0.113.{0}"]
CONNECTIONS = ["", "", "", "Connection: X-Forwarded-For\r\n", "Connection: keep-alive, x-forwarded-proto, x-forwarded-port\r\n", "Connection: Forwarded\r\n"]


@pytest.fixture(scope="module")
def member(lab):
    made = RawMember(lab)
    yield made
    made.close()


@pytest.fixture
def listener(agent, member):
    """Makes the service with these insert_headers."""
    made = []

    def make(**headers):
        made.append(agent.service(protocol="HTTP", weights={"member1": 1}, member_port=RAW_PORT, insert_headers=headers))
    yield make
    agent.delete("loadbalancer", made[0].lb, query="?cascade=true")
    agent.wait_applied()


def forged(count):
    """Requests with one to four headers that say something untrue; in one of four also a trailer that does."""
    chosen = random.Random(11)
    for number in range(count):
        fields = "".join(f"{chosen.choice(NAMES)}: {chosen.choice(VALUES).format(number % 200 + 10)}\r\n" for _ in range(chosen.randint(1, 4)))
        fields += chosen.choice(CONNECTIONS)
        if number % 4 == 0:
            yield f"POST /{number} HTTP/1.1\r\nHost: a\r\n{fields}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Forwarded-For: 203.0.113.250\r\n\r\n"
        else:
            yield f"GET /{number} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"


def heard(lab, member, texts):
    """Headers of each request as the member got them."""
    mark, asker = member.mark(), Asker(lab)
    for text in texts:
        assert asker.ask(text.encode("latin-1"))[0] == 200, text
    asker.close()
    return [headers for stream in member.since(mark) for _, _, headers, _ in requests_in(stream)[0]]


def values(headers, name):
    return [value for key, value in headers if key.replace("_", "-") == name]


def test_S6_no_forged_value_passes_where_the_address_is_replaced(lab, member, listener):
    listener(**{"X-Forwarded-For": "replace"})
    got = heard(lab, member, forged(FORGED))
    assert len(got) == FORGED
    assert [headers for headers in got if "203.0.113." in str(headers)] == []
    for headers in got:
        assert values(headers, "x-forwarded-for") == [CLIENT]
        assert values(headers, "x-forwarded-proto") == ["http"]
        assert values(headers, "x-forwarded-port") == ["80"]


def test_S6_nothing_is_told_where_the_address_is_removed(lab, member, listener):
    listener(**{"X-Forwarded-For": "remove"})
    got = heard(lab, member, forged(1000))
    assert len(got) == 1000
    assert [headers for headers in got if "203.0.113." in str(headers) or CLIENT in str(headers)] == []


def test_S6_CA_01_the_last_address_is_the_clients_where_it_is_appended(lab, member, listener):
    listener()
    got = heard(lab, member, forged(2000))
    assert len(got) == 2000
    for headers in got:
        assert len(values(headers, "x-forwarded-for")) == 1
        assert values(headers, "x-forwarded-for")[0].split(",")[-1].strip() == CLIENT
        assert values(headers, "x-forwarded-proto") == ["http"] and values(headers, "x-forwarded-port") == ["80"]
        assert not [name for name, _ in headers if not name.replace("-", "").isalnum()], "names that variables could be"


@pytest.mark.parametrize("header", [b"PROXY TCP4 203.0.113.1 203.0.113.2 1 80\r\n", b"PROXY UNKNOWN\r\n", b"PROXY TCP6 2001:db8::1 2001:db8::2 1 80\r\n",
                                    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x01\xcb\0\x71\x02\0\x01\0\x50", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"],
                         ids=["v1", "v1 unknown", "v1 IPv6", "v2", "v2 local"])
def test_S6_a_PROXY_header_that_nobody_expects_is_no_request(lab, member, listener, header):
    listener()
    mark = member.mark()
    text = ask(lab, header + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status_of(text) == 400 and text.count(b"HTTP/1.1 ") == 1
    assert member.since(mark) == []
