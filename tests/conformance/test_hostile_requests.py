# SPDX-License-Identifier: Apache-2.0
# Shows: S1, S4, LS-18.
"""Requests that two readers could understand differently, through the real proxy: refused as the table says, the connection closed,
and the member without a byte of them; at once, byte by byte, and behind a request in order."""
import itertools

import pytest
from wire import RAW_PORT, RawMember, ask, probe, requests_in, status_of, table

ROWS = table("requests.txt")
REFUSED = [row for row in ROWS if row.expected != "200"]
ACCEPTED = [row for row in ROWS if row.expected == "200"]
MATRIX = 23  # rows on which common proxies differ
BEHIND = b"GET /behind HTTP/1.1\r\nHost: a\r\n\r\n"  # must never be taken for a request of its own
number = itertools.count()


@pytest.fixture(scope="module")
def member(lab, agent):
    made = RawMember(lab)
    agent.service(protocol="HTTP", weights={"member1": 1}, member_port=RAW_PORT)
    yield made
    made.close()


def seen_besides_probe(lab, member, mark):
    """What the member got since the mark; the probe that is sent last has brought it, if anything was still on its way."""
    target = f"/probe-{next(number)}"
    text = probe(lab, target)
    assert status_of(text) == 200 and text.endswith(target.encode()), "the request after it is answered by somebody else's response"
    wholes, rests = [], []
    for stream in member.since(mark):
        found, rest = requests_in(stream)
        wholes += [f"{method} {path}" for method, path, _, _ in found]
        rests += [rest] if rest else []
    wholes.remove(f"GET {target}")
    return wholes, rests


def check_refused(text, row, before=0):
    assert text.count(b"HTTP/1.1 ") == before + 1, text
    last = text[text.rindex(b"HTTP/1.1 "):]
    assert status_of(last) == int(row.expected), text
    assert b"\r\nConnection: close\r\n" in last, text


def test_the_table_is_as_large_as_was_promised():
    assert len(REFUSED) >= MATRIX + 100
    assert sum(row.name.startswith("matrix: ") for row in REFUSED) >= MATRIX
    assert {row.expected for row in REFUSED if row.name.startswith("matrix: ")} == {"400"}


@pytest.mark.parametrize("row", REFUSED, ids=repr)
def test_S1_LS_18_refused_at_once(lab, member, row):
    mark = member.mark()
    check_refused(ask(lab, row.bytes + BEHIND), row)
    assert seen_besides_probe(lab, member, mark) == ([], [])


@pytest.mark.parametrize("row", REFUSED, ids=repr)
def test_S1_LS_18_refused_byte_by_byte(lab, member, row):
    mark = member.mark()
    check_refused(ask(lab, row.bytes + BEHIND, slowly=True), row)
    wholes, rests = seen_besides_probe(lab, member, mark)
    assert wholes == [], "a whole request"
    assert row.section == "bodies" or rests == [], "a byte of a head that is refused"


@pytest.mark.parametrize("row", REFUSED, ids=repr)
def test_S1_refused_behind_a_request_in_order(lab, member, row):
    mark = member.mark()
    check_refused(ask(lab, b"POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + row.bytes + BEHIND), row, before=1)
    assert seen_besides_probe(lab, member, mark) == (["POST /first"], [])


@pytest.mark.parametrize("row", ACCEPTED, ids=repr)
def test_S4_accepted_and_forwarded_as_one_message(lab, member, row):
    mark = member.mark()
    text = ask(lab, row.bytes + b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") if b" HTTP/1.0" not in row.bytes else ask(lab, row.bytes)
    assert status_of(text) == 200, text[:300]
    method, target, size = row.more.split(" ")
    seen = [request for stream in member.since(mark) for request in requests_in(stream)[0]]
    assert (seen[0][0], seen[0][1], len(seen[0][3])) == (method, target, int(size))
    assert [request[1] for request in seen[1:]] == ([] if b" HTTP/1.0" in row.bytes else ["/last"])
    names = [name for name, _ in seen[0][2]]
    assert not [name for name in names if "_" in name] and names.count("host") == 1
    assert names.count("content-length") + names.count("transfer-encoding") == (1 if int(size) or "content-length" in names or "transfer-encoding" in names else 0)
