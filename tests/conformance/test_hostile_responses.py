# SPDX-License-Identifier: Apache-2.0
# Shows: S1.
"""Members that do not speak HTTP as they should: a 502 or a message that is visibly cut, and never a byte of it in anybody else's answer."""
import contextlib
import itertools
import os
import pathlib
import signal
import socket
import time

import h11
import pytest
from lab import wait_until
from web import connect, read_all
from wire import RAW_PORT, Asker, RawMember, answer, ask, probe, status_of, table

ROWS = table("responses.txt")
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
POISON = answer(b"poison")
number = itertools.count()


@pytest.fixture(scope="module")
def member(lab, agent):
    made = RawMember(lab)
    agent.service(protocol="HTTP", weights={"member1": 1}, member_port=RAW_PORT)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def afterwards(lab, member):
    """Whatever a member said: the next requests get their own answers, on new connections and on one that is kept."""
    member.case, member.closes, member.greeting = b"", False, b""
    yield
    member.greeting = b""
    for _ in range(2):
        target = f"/probe-{next(number)}"
        text = probe(lab, target)
        assert status_of(text) == 200 and text.endswith(target.encode()) and text.count(b"HTTP/1.1 ") == 1, text
    assert ask(lab, b"GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").split(b"\r\n\r\n")[1].startswith(b"/one")


def judged(text, method="GET"):
    """(status, body, whole) as another implementation (h11) reads it; interim responses are passed over."""
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    reader.send(h11.Request(method=method, target="/case", headers=[("Host", "a"), ("Connection", "close")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(text)
    reader.receive_data(b"")
    status, body = None, b""
    with contextlib.suppress(h11.RemoteProtocolError):
        while not isinstance(event := reader.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.ConnectionClosed):
                return status, body, False
        return status, body, not reader.trailing_data[0]
    return status, body, False


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_S1_what_a_client_sees_of_it(lab, member, row):
    member.case, member.closes = row.bytes, row.section == "closes"
    method = "HEAD" if row.section == "head" else "GET"
    text = ask(lab, f"{method} /case HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    status, body, whole = judged(text, method)
    if row.expected == "cut":
        assert not whole and status in (None, 200), text
        assert b"poison" not in text and text.count(b"HTTP/1.1 ") <= 1
    else:
        assert (status, whole) == (int(row.expected), True), text[:300]
        if row.expected != "502":
            assert body == row.more.encode()


@pytest.mark.parametrize("row", [row for row in ROWS if row.section != "head"], ids=repr)
def test_S1_behind_a_request_in_order_on_one_connection(lab, member, row):
    """The pool's connection is warm then, and the client's is kept: what follows must be right or not be there."""
    member.case, member.closes = row.bytes, row.section == "closes"
    text = ask(lab, b"GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /case HTTP/1.1\r\nHost: a\r\n\r\nGET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert text.startswith(b"HTTP/1.1 200 OK\r\n") and b"\r\n\r\n/first" in text
    assert b"poison" not in text and b"GARBAGE" not in text
    if row.expected == "cut":
        assert b"/last" not in text, "behind a message without end nothing can be told apart"
    else:
        assert text.endswith(b"/last") and text.count(b"HTTP/1.1 " + row.expected.encode()) >= 1, text[:500]


def test_a_flood_of_interim_responses_ends(lab, member):
    def flood(sock):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            sock.sendall(INTERIM * 100)

    member.case, member.closes = flood, True
    begun = time.monotonic()
    text = ask(lab, b"GET /case HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert time.monotonic() - begun < 5, "as long as the member liked"
    assert len(text) < 100_000, len(text)
    assert status_of(text) == 103 and judged(text)[0] in (None, 502)


def test_some_interim_responses_pass(lab, member):
    member.case = INTERIM * 8 + answer(b"hello")
    text = ask(lab, b"GET /case HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert text.count(b"HTTP/1.1 103 ") == 8 and judged(text) == (200, b"hello", True)


def test_a_response_before_the_request_is_nobody_elses(lab, member):
    """On a new connection it cannot be told from an answer; its request gets it or a 502, and no other."""
    member.hang_up()
    member.greeting = POISON + POISON
    text = probe(lab, "/mine")
    assert status_of(text) in (200, 502) and text.count(b"HTTP/1.1 ") == 1
    member.greeting = b""


@pytest.mark.parametrize("data", [POISON, b"x", b"\r\n", b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"],
                         ids=["a response", "a byte", "an empty line", "a 408"])
def test_what_comes_on_an_idle_connection_is_thrown_away_with_it(lab, member, data):
    probe(lab, "/warm")
    assert member.say(data) >= 1
    for _ in range(3):
        target = f"/probe-{next(number)}"
        assert probe(lab, target).endswith(target.encode())


@contextlib.contextmanager
def busy(agent):
    """The proxy gets no CPU time for the block."""
    children = " ".join(path.read_text(encoding="ascii") for path in pathlib.Path(f"/proc/{agent.process.pid}/task").glob("*/children")).split()
    proxy = next(int(pid) for pid in children if pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="ascii") == "elb-proxy\n")
    os.kill(proxy, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(proxy, signal.SIGCONT)


def test_S1_what_came_unasked_behind_a_request_that_waits_is_not_its_answer(lab, agent, member):
    """The client's event comes first; when its request is sent, the poison has been in the member's socket for long."""
    asker = Asker(lab)
    for _ in range(10):
        assert asker.ask(b"GET /warm HTTP/1.1\r\nHost: a\r\n\r\n")[2] == "/warm"
        with busy(agent):
            asker.sock.sendall(b"GET /mine HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.02)
            assert member.say(POISON) >= 1
            time.sleep(0.02)
        assert asker.ask(b"")[2] == "/mine"
    asker.close()


def test_a_response_that_trickles_is_the_same(lab, member):
    def trickle(sock):
        for byte in answer(b"hello"):
            sock.sendall(bytes([byte]))

    member.case = trickle
    assert judged(ask(lab, b"GET /case HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")) == (200, b"hello", True)


def test_an_answer_before_the_body_is_not_taken_for_the_next_ones(lab, member):
    """The member answers at the head and never reads the body; its connection must not serve anybody else."""
    with connect(lab) as sock:
        sock.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        wait_until(lambda: any(b"/early" in stream for stream in map(bytes, member.streams)), 5, "the head is with the member")
        member.say(POISON)
        with contextlib.suppress(OSError):
            sock.sendall(b"x" * 50000)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
        text = read_all(sock)
    assert text == b"" or judged(text, "POST")[0] in (200, 502, 400)
