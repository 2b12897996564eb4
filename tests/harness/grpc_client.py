#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls of python3-grpcio's client: grpc_client.py ADDRESS NAME CA CALL [ARGUMENT]. Prints what came of it as JSON."""
import json
import queue
import sys

import grpc

TIMEOUT_S = 20


def outcome(call):
    try:
        return {"code": "OK", **call()}
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details()}


def say(channel, argument):
    message, call = channel.unary_unary("/elb.Test/Say").with_call(argument.encode(), timeout=TIMEOUT_S, metadata=[("x-mark", "seven")])
    return {"message": message.decode(), "trailers": dict(call.trailing_metadata())}


def many(channel, argument):
    """So many calls at once over one connection."""
    calls = [channel.unary_unary("/elb.Test/Say").future(str(i).encode(), timeout=TIMEOUT_S) for i in range(int(argument))]
    return {"messages": [call.result().decode() for call in calls]}


def count(channel, argument):
    got = list(channel.unary_stream("/elb.Test/Count")(argument.encode(), timeout=TIMEOUT_S))
    return {"messages": len(got), "in_order": all(each == i.to_bytes(4, "big") * 250 for i, each in enumerate(got))}


def add(channel, argument):
    return {"message": channel.stream_unary("/elb.Test/Sum")((bytes(50_000) for _ in range(int(argument))), timeout=TIMEOUT_S).decode()}


def talk(channel, argument):
    """Each message waits for the one before to come back: so both directions are open at once."""
    back = []
    outbox = queue.Queue()
    answers = channel.stream_stream("/elb.Test/Talk")(iter(outbox.get, None), timeout=TIMEOUT_S)
    for i in range(int(argument)):
        outbox.put(f"message {i}".encode())
        back.append(next(answers).decode())
    outbox.put(None)
    return {"messages": back, "rest": [each.decode() for each in answers]}


def wait(channel, argument):
    channel.unary_unary("/elb.Test/Wait")(b"", timeout=float(argument))
    return {}


def main():
    address, name, authority, call = sys.argv[1:5]
    argument = sys.argv[5] if len(sys.argv) > 5 else ""
    with open(authority, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    with grpc.secure_channel(address, credentials, (("grpc.ssl_target_name_override", name), ("grpc.enable_http_proxy", 0))) as channel:
        calls = {"say": say, "many": many, "count": count, "sum": add, "talk": talk, "wait": wait}
        print(json.dumps(outcome(lambda: calls[call](channel, argument))))


main()
