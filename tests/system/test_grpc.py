# SPDX-License-Identifier: Apache-2.0
# Shows: PL-02, LS-07, LS-13, HC-11, HC-18.
"""Pools of the protocol GRPC with real peers of python3-grpcio, and WebSocket over HTTP/2 with python3-h2."""
import base64
import json
import os
import signal

import h2.events
import pytest
from agent import Agent
from lab import HARNESS, MEMBERS, VIP, wait_until
from pki import Pki, upload
from test_http2 import NAME, Client
from web import HTTP_PORT

GRPC_PORT = 50051
H2_PORT = 50052
SERVERS = {}


@pytest.fixture(scope="module")
def pki(lab):
    return Pki(lab.dir / "pki")


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        SERVERS[member] = lab.spawn(member, "/usr/bin/python3", HARNESS / "grpc_member.py", member, GRPC_PORT, name="grpc").wait_ready()
        lab.start_http_member(member, HTTP_PORT)
    return Agent(lab).start()


@pytest.fixture(scope="module")
def certificate(agent, pki):
    return upload(agent, pki.issue("server", NAME), "server")


@pytest.fixture
def https(service, certificate):
    def make(**options):
        return service(**{"port": 443, "protocol": "HTTPS", "weights": dict.fromkeys(MEMBERS, 1), "default_tls_container_ref": certificate,
                          "http2_enable": True, **options})
    return make


@pytest.fixture
def grpc(https):
    return lambda **options: https(member_port=GRPC_PORT, pool_fields={"protocol": "GRPC"}, **options)


def call(lab, pki, what, argument="", client="client1"):
    done = lab.run(client, "/usr/bin/python3", HARNESS / "grpc_client.py", f"{VIP}:443", NAME, pki.ca, what, argument)
    return json.loads(done.stdout)


def test_PL_02_unary_calls_reach_every_member(lab, pki, agent, grpc):
    made = grpc()
    assert agent.show("pool", made.pool)["protocol"] == "GRPC"
    answers = [call(lab, pki, "say", f"call {i}") for i in range(len(MEMBERS) * 2)]
    assert all(answer["code"] == "OK" for answer in answers), answers
    assert {answer["message"].split(":")[0] for answer in answers} == set(MEMBERS)
    assert answers[0]["trailers"]["x-mark"] == "seven"


def test_many_calls_at_once_share_connections(lab, pki, grpc):
    grpc()
    answer = call(lab, pki, "many", "200")
    assert answer["code"] == "OK", answer
    assert sorted(int(message.split(": ")[1]) for message in answer["messages"]) == list(range(200))


def test_streams_in_each_direction(lab, pki, grpc):
    grpc()
    assert call(lab, pki, "count", "3000") == {"code": "OK", "messages": 3000, "in_order": True}
    assert call(lab, pki, "sum", "100") == {"code": "OK", "message": str(100 * 50_000)}
    talked = call(lab, pki, "talk", "50")
    assert talked == {"code": "OK", "messages": [f"message {i}" for i in range(50)], "rest": []}


def test_an_error_of_the_member_arrives_as_it_is(lab, pki, grpc):
    grpc()
    assert call(lab, pki, "say", "fail") == {"code": "NOT_FOUND", "details": "no such thing"}


def test_a_deadline_ends_the_call_at_the_member_too(lab, pki, grpc):
    grpc()
    assert call(lab, pki, "wait", "1")["code"] == "DEADLINE_EXCEEDED"
    wait_until(lambda: any(event["event"] == "cancelled" for server in SERVERS.values() for event in server.events()), 10, "a cancelled call")


def test_the_balancers_own_errors_are_in_the_words_of_grpc(lab, pki, grpc):
    grpc(weights={})
    answer = call(lab, pki, "say", "anybody")
    assert answer["code"] == "UNAVAILABLE"
    assert answer["details"] == "503 Service Unavailable"


@pytest.mark.parametrize("kind", ["TCP", "GRPC"])
def test_servers_of_grpc_pass_their_checks(lab, pki, grpc, kind):
    made = grpc(monitor={"type": kind})
    made.wait_online(MEMBERS)
    assert call(lab, pki, "say", "well")["code"] == "OK"


def test_HC_18_a_server_that_says_it_does_not_serve_is_left_alone(lab, pki, agent, grpc):
    made = grpc(monitor={"type": "GRPC"})
    SERVERS["member2"].popen.send_signal(signal.SIGUSR1)
    try:
        agent.wait_member(made.pool, made.members["member2"], "ERROR", 4)
        agent.wait_applied()
        told = agent.elbctl("healthcheck", "explain", made.pool).stdout
        assert "the member says NOT_SERVING" in told, told
        answers = [call(lab, pki, "say", f"call {i}") for i in range(4)]
        assert {answer["message"].split(":")[0] for answer in answers} == {"member1", "member3"}
    finally:
        SERVERS["member2"].popen.send_signal(signal.SIGUSR1)
    made.wait_online(["member2"], 4)


def test_HC_11_members_that_speak_nothing_but_HTTP2_pass_checks_over_HTTP(lab, agent, https):
    lab.spawn("member1", "/usr/bin/python3", HARNESS / "http2_member.py", "member1", H2_PORT, name="h2").wait_ready()
    made = https(weights={"member1": 1}, member_port=H2_PORT, pool_fields={"protocol": "GRPC"},
                 monitor={"type": "HTTP", "url_path": "/live", "expected_codes": "204", "domain_name": NAME}, wait=False)
    made.wait_online(["member1"])
    agent.set("healthmonitor", made.monitor, expected_codes="200")
    agent.wait_member(made.pool, made.members["member1"], "ERROR", 4)
    assert agent.show("member", made.members["member1"], made.pool)["operating_status"] == "ERROR"
    agent.set("healthmonitor", made.monitor, url_path="/")
    made.wait_online(["member1"], 4)
    client = Client(lab)
    stream = client.request("/through")
    client.flush()
    assert client.wait(stream) == 200


def test_a_check_over_HTTP2_says_what_is_wrong(agent, https):
    made = https(weights={"member1": 1}, member_port=HTTP_PORT, pool_fields={"protocol": "GRPC"}, monitor={"type": "GRPC"}, wait=False)
    agent.wait_member(made.pool, made.members["member1"], "ERROR", 4)
    assert "does not speak HTTP/2" in agent.elbctl("healthcheck", "explain", made.pool).stdout


def frame(text):
    mask = os.urandom(4)
    data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
    return bytes([0x81, 0x80 | len(text)]) + mask + data


def test_LS_13_websocket_over_http2(lab, https):
    https(member_port=HTTP_PORT)
    client = Client(lab)
    while client.h2.remote_settings.enable_connect_protocol != 1:
        assert client.receive()
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", NAME), (":path", "/ws"),
                                    ("sec-websocket-version", "13"), ("origin", f"https://{NAME}")])
    client.flush()
    got = b""

    def read(size):
        nonlocal got
        while len(got) < size:
            for event in client.h2.receive_data(client.sock.recv(65536)):
                assert not isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)), event
                if isinstance(event, h2.events.ResponseReceived):
                    client.status[event.stream_id] = int(dict(event.headers)[":status"])
                elif isinstance(event, h2.events.StreamEnded):
                    client.ended.add(event.stream_id)
                elif isinstance(event, h2.events.DataReceived):
                    got += event.data
                    client.h2.acknowledge_received_data(event.flow_controlled_length, stream)
            client.flush()
        data, got = got[:size], got[size:]
        return data

    for i in range(50):
        text = base64.b64encode(os.urandom(30))
        client.h2.send_data(stream, frame(text))
        client.flush()
        assert read(2 + len(text)) == bytes([0x81, len(text)]) + text, i
    assert client.status[stream] == 200
    other = client.request("/beside")
    client.flush()
    assert client.wait(other) == 200
    client.h2.send_data(stream, bytes([0x88, 0x80, 0, 0, 0, 0]))
    client.flush()
    assert read(2) == bytes([0x88, 0])
    while stream not in client.ended:
        assert client.receive(), "cut"
