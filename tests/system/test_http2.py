# SPDX-License-Identifier: Apache-2.0
# Shows: LS-07, S1, S2, R7, LOG-04.
"""HTTP/2 through the real agent and its proxy: curl, h2load and nghttp as users have them, python3-h2 for what none of them does."""
import collections
import contextlib
import os
import re
import signal
import ssl
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest
from agent import Agent
from lab import MEMBERS, VIP
from web import HTTP_PORT, curl, tls

NAME = "www.example.com"
URL = f"https://{NAME}"
CALM = 11  # ENHANCE_YOUR_CALM
SERVERS = {}


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        SERVERS[member] = lab.start_http_member(member, HTTP_PORT)
    return Agent(lab).start()


@pytest.fixture
def https(service, certificate):
    def make(**options):
        return service(**{"port": 443, "protocol": "HTTPS", "weights": dict.fromkeys(MEMBERS, 1), "member_port": HTTP_PORT,
                          "default_tls_container_ref": certificate, "http2_enable": True, **options})
    return make


def ask(lab, pki, path="/", *flags, **options):
    return curl(lab, URL + path, "--cacert", pki.ca, "--resolve", f"{NAME}:443:{VIP}", *flags, **options)


def version(lab, pki, *flags):
    """The protocol that curl and the listener agree on."""
    return lab.run("client1", "curl", "-sS", "--cacert", pki.ca, "--resolve", f"{NAME}:443:{VIP}", "-o", "/dev/null", "-w", "%{http_version}", *flags, URL + "/").stdout


class Client:
    """python3-h2 over a socket of the lab's client."""

    def __init__(self, lab, **settings):
        self.sock = tls(lab, NAME, alpn=("h2",))
        assert self.sock.selected_alpn_protocol() == "h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="utf-8"))
        if settings:
            self.h2.local_settings.update(settings)
        self.h2.initiate_connection()
        self.flush()
        self.status, self.bodies, self.resets, self.ended, self.goaway = {}, collections.Counter(), {}, set(), None

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def headers(self, path="/", method="GET", more=()):
        return [(":method", method), (":scheme", "https"), (":authority", NAME), (":path", path), *more]

    def request(self, path="/", end=True, more=()):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, self.headers(path, "GET" if end else "POST", more), end_stream=end)
        return stream

    def receive(self, grant=True):
        """False: the connection has ended."""
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return False
        if not data:
            return False
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                self.status[event.stream_id] = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] += len(event.data)
                if grant:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self.resets[event.stream_id] = event.error_code
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.goaway = event.error_code
        if self.goaway is None:
            self.flush()
        return True

    def wait(self, stream):
        while stream not in self.ended and stream not in self.resets:
            assert self.receive(), "cut"
        return self.status[stream]


def worker(agent):
    """The proxy's process id."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                name, rest = file.read().rsplit(")", 1)
        except OSError:
            continue
        if name.endswith("(elb-proxy") and int(rest.split()[1]) == agent.process.pid:
            return int(entry)
    raise AssertionError("no proxy")


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


def test_LS_07_http2_is_offered_where_it_is_switched_on(lab, pki, https, agent):
    service = https(http2_enable=False)
    assert version(lab, pki, "--http2") == "1.1"
    agent.set("listener", service.listener, http2_enable=True)
    agent.wait_applied()
    assert version(lab, pki, "--http2") == "2"
    assert version(lab, pki, "--http1.1") == "1.1"
    agent.set("listener", service.listener, http2_enable=False)
    agent.wait_applied()
    assert version(lab, pki, "--http2") == "1.1"


def test_requests_reach_all_members_as_http_1_1(lab, pki, https):
    https()
    answers = [ask(lab, pki, "/a?b", "--http2", "-b", "x=1; y=2") for _ in range(len(MEMBERS) * 2)]
    assert collections.Counter(answer.member for answer in answers) == dict.fromkeys(MEMBERS, 2)
    assert answers[0].told["target"] == "/a?b"
    assert answers[0].sent("Host") == [NAME] and answers[0].sent("Cookie") == ["x=1; y=2"]
    assert answers[0].sent("X-Forwarded-Proto") == ["https"]


def test_bodies_of_10_mb_in_both_directions(lab, pki, https):
    https()
    body = lab.dir / "body"
    body.write_bytes(b"b" * 10_000_000)
    assert ask(lab, pki, "/", "--http2", "--data-binary", f"@{body}").told["body"] == 10_000_000
    assert ask(lab, pki, "/", "--http2", "-H", "Content-Length:", "--data-binary", f"@{body}").told["body"] == 10_000_000
    assert len(ask(lab, pki, "/stream/10000000", "--http2").text) == 10_000_000


def test_100_parallel_streams(lab, pki, https):
    https()
    out = lab.run("client1", "h2load", "-n", 2000, "-c", 4, "-m", 100, f"--connect-to={VIP}:443", URL + "/").stdout
    assert "2000 succeeded, 0 failed" in out and "Application protocol: h2" in out, out


def test_head_204_304_and_errors(lab, pki, https):
    https()
    head = ask(lab, pki, "/", "--http2", "-I")
    assert head.status == 200 and int(head.header("content-length")) > 0
    assert ask(lab, pki, "/status/204", "--http2").status == 204
    assert ask(lab, pki, "/status/304", "--http2").status == 304
    assert ask(lab, pki, "/drop", "--http2", "-X", "POST").status == 502


def test_S5_other_names_get_421_and_malformed_requests_reach_no_member(lab, https):
    https()
    client = Client(lab)
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, [(":method", "GET"), (":scheme", "https"), (":authority", "other.example.com"), (":path", "/")], end_stream=True)
    client.flush()
    assert client.wait(stream) == 421
    for more in ([("x", "a\r\nHost: b")], [("connection", "close")], [("transfer-encoding", "chunked")], [("X-Upper", "y")], [("te", "gzip")]):
        stream = client.request("/malformed", more=more)
        client.flush()
        while stream not in client.resets and stream not in client.ended:
            assert client.receive()
        assert client.status.get(stream, 400) == 400, more
    stream = client.request()
    client.flush()
    assert client.wait(stream) == 200
    assert not any(event.get("target") == "/malformed" for server in SERVERS.values() for event in server.events() if event.get("event") == "request")


def test_R9_a_client_that_takes_nothing_holds_little_and_stops_no_other_stream(lab, https, agent):
    https()
    first = Client(lab)
    first.request()
    first.flush()
    while not first.ended:
        assert first.receive()
    before = resident_kb(worker(agent))
    client = Client(lab)
    held = [client.request("/stream/20000000") for _ in range(60)]
    client.flush()
    while sum(client.bodies.values()) < 65535:
        assert client.receive(grant=False)
    time.sleep(1.5)
    assert resident_kb(worker(agent)) - before < 4096
    assert not set(held) & client.ended
    client.h2.increment_flow_control_window(8 << 20)  # more than the held streams' own windows let through
    client.flush()
    stream = client.request("/stream/50000")
    client.flush()
    deadline = time.monotonic() + 10
    while stream not in client.ended and time.monotonic() < deadline:
        client.receive(grant=False)
    assert client.bodies[stream] == 50000


def rapid_reset(client):
    client.h2.reset_stream(client.request("/sleep/5"), 8)


def settings(client):
    client.sock.sendall(b"\0\0\0\4\0\0\0\0\0")


def ping(client):
    client.sock.sendall(b"\0\0\x08\6\0\0\0\0\0" + b"p" * 8)


def priority(client):
    client.sock.sendall(b"\0\0\5\2\0\0\0\0\7\0\0\0\0\x10")


def continuation(client):
    if not getattr(client, "begun", False):
        client.begun = True
        client.sock.sendall(b"\0\0\1\1\0\0\0\0\1\x82")
    client.sock.sendall(b"\0\0\1\x09\0\0\0\0\1\x84")


def empty_data(client):
    if not getattr(client, "begun", False):
        client.begun = client.request("/", end=False)
        client.flush()
    client.sock.sendall(b"\0\0\0\0\0" + client.begun.to_bytes(4, "big"))


def hpack_bomb(client):
    value = b"v" * 3900
    literal = b"\x40\x01x\x7f" + bytes([(len(value) - 127) % 128 + 128, (len(value) - 127) // 128]) + value
    block = b"\x82\x87\x84\x41\x01a" + literal + b"\xbe" * 12000
    client.sock.sendall(len(block).to_bytes(3, "big") + b"\1\5\0\0\0\1" + block)


def heard_while(client, flood):
    """All that the proxy says until it ends the connection, or the flood is over."""
    raw = b""
    for number in range(20000):
        client.sock.settimeout(10)
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError):  # cut; what was said before can still be read
            if number == 0 or flood is not hpack_bomb:
                flood(client)
                client.flush()
        client.sock.settimeout(0)
        try:
            while data := client.sock.recv(65536):
                raw += data
            return raw
        except (ssl.SSLWantReadError, BlockingIOError):
            if flood is hpack_bomb:
                time.sleep(0.01)
        except OSError:
            return raw
    return raw


@pytest.mark.parametrize("flood", [rapid_reset, settings, ping, priority, continuation, empty_data, hpack_bomb], ids=lambda flood: flood.__name__)
def test_S2_floods_are_cut_at_once(lab, pki, https, flood):
    https()
    client = Client(lab)
    first = client.request()
    client.flush()
    assert client.wait(first) == 200
    if flood in (continuation, hpack_bomb):  # frames of stream 1 come first
        client = Client(lab)
    began = time.monotonic()
    raw = heard_while(client, flood)
    took = time.monotonic() - began
    assert took < 1 + 2.5, "with what the machine needs to send it"
    assert b"\7\0\0\0\0\0" in raw and CALM.to_bytes(4, "big") in raw, "GOAWAY says why"
    assert ask(lab, pki, "/", "--http2").status == 200


def test_R7_changes_of_the_configuration_cut_no_stream(lab, https, agent):
    service = https()
    client = Client(lab)
    for number in range(20):
        agent.set("listener", service.listener, description=str(number), http2_enable=number % 2 == 0)
        agent.wait_applied()
        stream, slow = client.request(), client.request("/sleep/0.2")
        client.flush()
        assert client.wait(stream) == 200 and client.wait(slow) == 200
    assert client.goaway is None


def frames(sock):
    """(type, flags, stream, payload) of all that comes; python3-h2 would not listen after a GOAWAY."""
    data = b""
    while True:
        while len(data) >= 9 and len(data) >= 9 + (size := int.from_bytes(data[:3], "big")):
            yield data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:9 + size]
            data = data[9 + size:]
        if not (chunk := sock.recv(65536)):
            return
        data += chunk


def test_a_proxy_that_is_told_to_end_says_goaway_and_finishes(lab, https, agent):
    https()
    client = Client(lab)
    slow = client.request("/sleep/2")
    client.flush()
    time.sleep(0.3)
    os.kill(worker(agent), signal.SIGTERM)
    seen = list(frames(client.sock))
    goaways = [(int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big")) for kind, _, _, payload in seen if kind == 7]
    assert goaways == [(0x7FFFFFFF, 0), (slow, 0)]
    assert any(kind == 0 and stream == slow and flags & 1 for kind, flags, stream, _ in seen), "the answer is whole"
    agent.wait_applied()  # by the next one
