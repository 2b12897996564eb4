#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A gRPC server of python3-grpcio without TLS: grpc_member.py NAME PORT. Messages are bare bytes, the service is elb.Test.

  Say     unary: the request behind "NAME: "; "fail" ends with NOT_FOUND, metadata of the client come back in trailers
  Count   server streaming: as many messages as the request says, of 1000 bytes each
  Sum     client streaming: bytes that came
  Talk    bidirectional: every message comes back
  Wait    unary: answers never; prints {"event": "cancelled"} when the client gives up

grpc.health.v1.Health/Check says SERVING, and NOT_SERVING from one SIGUSR1 to the next.

Prints {"event": "ready"}."""
import concurrent.futures
import json
import signal
import sys
import threading

import grpc


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Service:
    def __init__(self, name):
        self.name, self.serving = name, True

    def turn(self, *_signal):
        self.serving = not self.serving

    def check(self, request, context):
        if request:
            context.abort(grpc.StatusCode.NOT_FOUND, "this service is not known")
        return b"\x08\x01" if self.serving else b"\x08\x02"

    def say(self, request, context):
        if request == b"fail":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
        context.set_trailing_metadata([(key, value) for key, value in context.invocation_metadata() if key.startswith("x-")])
        return self.name.encode() + b": " + request

    def count(self, request, _context):
        for i in range(int(request)):
            yield i.to_bytes(4, "big") * 250

    def sum(self, requests, _context):
        return str(sum(len(each) for each in requests)).encode()

    def talk(self, requests, _context):
        yield from requests

    def wait(self, _request, context):
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait(30)
        say("cancelled")
        return b""


def main():
    name, port = sys.argv[1:3]
    service = Service(name)
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(32))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("elb.Test", {
        "Say": grpc.unary_unary_rpc_method_handler(service.say),
        "Count": grpc.unary_stream_rpc_method_handler(service.count),
        "Sum": grpc.stream_unary_rpc_method_handler(service.sum),
        "Talk": grpc.stream_stream_rpc_method_handler(service.talk),
        "Wait": grpc.unary_unary_rpc_method_handler(service.wait)}),
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(service.check)})))
    signal.signal(signal.SIGUSR1, service.turn)
    if not server.add_insecure_port(f"0.0.0.0:{port}"):
        raise SystemExit(f"port {port} cannot be used")
    server.start()
    say("ready")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    server.stop(0)


main()
