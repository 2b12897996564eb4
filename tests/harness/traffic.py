#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Small servers and load clients for the lab; each runs in its own process inside a network namespace.

  traffic.py serve NAME PORT            member: TCP and UDP; greets with its name and the peer it sees, then echoes
  traffic.py connect IP PORT            short TCP connections: connect, read the greeting, close
  traffic.py hold IP PORT               many open TCP connections, each exchanges a line every --period seconds
  traffic.py stream IP PORT             one UDP flow of numbered datagrams
  traffic.py http IP PORT               --count kept connections, each asks GET / of http_member.py every --period seconds
  traffic.py websocket IP PORT          --count WebSockets that echo every --period seconds and live for --life seconds, then the next
  traffic.py download IP PORT           --count downloads of --life seconds at a time, each checked to the last byte, then the next
  traffic.py burst IP PORT              UDP datagrams, each from a new source port

Clients end after --count or at SIGTERM and print one JSON report as their last line; SIGUSR1 prints one in between. Times in
reports are CLOCK_MONOTONIC seconds, comparable between processes of one machine.
"""
import argparse
import asyncio
import collections
import errno
import json
import signal
import socket
import sys
import time

PAYLOAD_LIMIT = 2048


def say(event, **fields):
    print(json.dumps({"event": event, "at": round(time.monotonic(), 4), **fields}), flush=True)


class Report:
    """What a client saw. A failure is a connection or exchange that did not end well; at most 200 are kept in detail."""

    def __init__(self):
        self.started = time.monotonic()
        self.ok = 0
        self.by_member = collections.Counter()
        self.last_start = {}
        self.failed = collections.Counter()
        self.failures = []
        self.sources = set()
        self.slowest_ms = 0.0
        self.extra = {}

    def good(self, member, started, source=None):
        self.ok += 1
        self.by_member[member] += 1
        self.last_start[member] = round(started, 4)
        self.slowest_ms = max(self.slowest_ms, (time.monotonic() - started) * 1000)
        if source and len(self.sources) < 1000:
            self.sources.add(source)

    def bad(self, reason, started):
        self.failed[reason] += 1
        if len(self.failures) < 200:
            self.failures.append({"reason": reason, "started": round(started, 4), "at": round(time.monotonic(), 4)})

    def fields(self):
        return {
            "seconds": round(time.monotonic() - self.started, 3), "ok": self.ok, "failed": sum(self.failed.values()),
            "resets": self.failed["ECONNRESET"] + self.failed["EPIPE"], "by_member": dict(self.by_member), "reasons": dict(self.failed),
            "failures": self.failures, "last_start": self.last_start, "sources": sorted(self.sources),
            "slowest_ms": round(self.slowest_ms, 1), **self.extra}


def reason_of(error):
    if isinstance(error, asyncio.TimeoutError):
        return "timeout"
    if isinstance(error, OSError) and error.errno:
        return errno.errorcode.get(error.errno, str(error.errno))
    return str(error) or type(error).__name__


def new_socket(kind):
    sock = socket.socket(socket.AF_INET, kind)
    sock.setblocking(False)
    return sock


async def receive_lines(loop, sock, count=1):
    """So many whole lines; an early end is a failure, not an empty line."""
    data = b""
    while data.count(b"\n") < count:
        chunk = await loop.sock_recv(sock, PAYLOAD_LIMIT)
        if not chunk:
            raise OSError("closed early")
        data += chunk
    return data.decode()


# Servers.

class TcpMember(asyncio.Protocol):
    def __init__(self, name):
        self.name = name

    def connection_made(self, transport):
        self.transport = transport
        peer = transport.get_extra_info("peername")
        transport.write(f"{self.name} {peer[0]} {peer[1]}\n".encode())

    def data_received(self, data):
        self.transport.write(data)


class UdpMember(asyncio.DatagramProtocol):
    def __init__(self, name):
        self.name = name

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(f"{self.name} {addr[0]} {addr[1]} ".encode() + data, addr)


async def serve(args, stop):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: TcpMember(args.name), "0.0.0.0", args.port, backlog=4096, reuse_address=True)
    await loop.create_datagram_endpoint(lambda: UdpMember(args.name), local_addr=("0.0.0.0", args.port))
    say("ready", name=args.name)
    await stop.wait()
    server.close()


# Clients.

async def connect(args, stop, report):
    loop, target = asyncio.get_running_loop(), (args.ip, args.port)
    slots = asyncio.Semaphore(args.concurrency)
    running = set()

    async def one():
        started, sock = time.monotonic(), new_socket(socket.SOCK_STREAM)
        try:
            await asyncio.wait_for(loop.sock_connect(sock, target), args.timeout)
            if args.speak:
                await loop.sock_sendall(sock, b"hello\n")
            lines = await asyncio.wait_for(receive_lines(loop, sock, 2 if args.speak else 1), args.timeout)
            name, source, _ = lines.splitlines()[0].split()
            report.good(name, started, source)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            report.bad(reason_of(error), started)
        finally:
            sock.close()
            slots.release()

    made = 0
    while not stop.is_set() and (args.count == 0 or made < args.count):
        await slots.acquire()
        task = loop.create_task(one())
        running.add(task)
        task.add_done_callback(running.discard)
        made += 1
        if args.rate:
            await asyncio.sleep(max(0.0, report.started + made / args.rate - time.monotonic()))
    if running:
        await asyncio.wait(running)


async def hold(args, stop, report):
    loop, target = asyncio.get_running_loop(), (args.ip, args.port)
    report.extra = {"open": 0, "exchanges": 0, "broken": 0}

    async def one(index):
        started, sock = time.monotonic(), new_socket(socket.SOCK_STREAM)
        try:
            await asyncio.wait_for(loop.sock_connect(sock, target), args.timeout)
            name, source, _ = (await asyncio.wait_for(receive_lines(loop, sock), args.timeout)).split()
            report.good(name, started, source)
            report.extra["open"] += 1
            number = 0
            while not stop.is_set():
                # a stop waits for the exchange that is under way, so that every connection is judged to the end
                number += 1
                line = f"{index} {number}\n"
                await asyncio.wait_for(loop.sock_sendall(sock, line.encode()), args.timeout)
                if await asyncio.wait_for(receive_lines(loop, sock), args.timeout) != line:
                    raise ValueError("wrong echo")
                report.extra["exchanges"] += 1
                await asyncio.sleep(args.period)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            report.extra["broken"] += 1
            report.bad(reason_of(error), started)
        finally:
            sock.close()

    tasks = []
    for index in range(args.count or 1000):
        tasks.append(loop.create_task(one(index)))
        if index % 50 == 49:
            await asyncio.sleep(0.05)
    while report.extra["open"] + report.extra["broken"] < len(tasks) and not stop.is_set():
        await asyncio.sleep(0.05)
    say("ready", **report.extra)
    await asyncio.wait(tasks)


async def http(args, stop, report):
    """A connection that the other end closes with notice (Connection: close) is made anew; any other end is a failure."""
    report.extra = {"connections": 0}

    async def one():
        reader = writer = None
        while not stop.is_set():
            started = time.monotonic()
            try:
                if writer is None:
                    reader, writer = await asyncio.wait_for(asyncio.open_connection(args.ip, args.port), args.timeout)
                    report.extra["connections"] += 1
                writer.write(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
                head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), args.timeout)).decode("latin-1").lower()
                body = await asyncio.wait_for(reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0])), args.timeout)
                if not head.startswith("http/1.1 200 "):
                    raise ValueError(head.split("\r\n", 1)[0])
                report.good(json.loads(body)["member"], started)
                if "\r\nconnection: close\r\n" in head:
                    writer.close()
                    writer = None
            except (OSError, EOFError, IndexError, ValueError, asyncio.TimeoutError) as error:
                report.bad(reason_of(error), started)
                if writer:
                    writer.close()
                writer = None
            await asyncio.sleep(args.period)
        if writer:
            writer.close()

    tasks = [asyncio.create_task(one()) for _ in range(args.count or 20)]
    await asyncio.wait(tasks)


async def repeat(args, stop, report, one):
    """args.count at once, again and again: `one` takes so many seconds and returns who served it."""
    async def forever(number):
        life = args.life * (number + 1) / args.count  # of the first, so that their ends are spread
        while not stop.is_set():
            started = time.monotonic()
            try:
                report.good(await one(life), started)
                life = args.life
            except (OSError, EOFError, IndexError, ValueError, asyncio.TimeoutError) as error:
                report.bad(reason_of(error), started)
                await asyncio.sleep(args.period)

    await asyncio.wait([asyncio.create_task(forever(number)) for number in range(args.count)])


async def websocket(args, stop, report):
    """From the handshake to the close frames that answer each other; each ends early when the test is over."""
    report.extra = {"echoes": 0}

    async def one(life):
        reader, writer = await asyncio.wait_for(asyncio.open_connection(args.ip, args.port), args.timeout)
        try:
            writer.write(b"GET /ws HTTP/1.1\r\nHost: www.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), args.timeout)
            if not head.startswith(b"HTTP/1.1 101 "):
                raise ValueError(head.decode("latin-1").split("\r\n", 1)[0])
            until = time.monotonic() + life
            while time.monotonic() < until and not stop.is_set():
                text = b"%08d" % (report.extra["echoes"] % 10 ** 8)
                writer.write(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)  # a mask of zeros leaves the text as it is
                if await asyncio.wait_for(reader.readexactly(2 + len(text)), args.timeout) != bytes([0x81, len(text)]) + text:
                    raise ValueError("another's frame")
                report.extra["echoes"] += 1
                await asyncio.sleep(args.period)
            writer.write(bytes([0x88, 0x80, 0, 0, 0, 0]))
            if await asyncio.wait_for(reader.read(), args.timeout) != bytes([0x88, 0]):
                raise ValueError("no close frame")
            return "websocket"
        finally:
            writer.close()

    await repeat(args, stop, report, one)


async def download(args, stop, report):
    """http_member.py's /trickle: its length shows in its last line, so that a cut that looks like an end is seen."""
    async def one(life):
        reader, writer = await asyncio.wait_for(asyncio.open_connection(args.ip, args.port), args.timeout)
        try:
            writer.write(b"GET /trickle/%d HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n" % max(1, round(life)))
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), args.timeout)
            if not head.startswith(b"HTTP/1.1 200 "):
                raise ValueError(head.decode("latin-1").split("\r\n", 1)[0])
            body = b""
            while True:
                size = int(await asyncio.wait_for(reader.readline(), args.timeout) or b"cut", 16)
                body += (await asyncio.wait_for(reader.readexactly(size + 2), args.timeout))[:size]
                if size == 0:
                    break
            before, last = body[:-9], body[-9:]
            if int(last) != len(before) or before.strip(b"x"):
                raise ValueError("other bytes than were sent")
            return "download"
        finally:
            writer.close()

    await repeat(args, stop, report, one)


async def stream(args, stop, report):
    loop = asyncio.get_running_loop()
    sock = new_socket(socket.SOCK_DGRAM)
    sock.connect((args.ip, args.port))
    waiting = {}
    report.extra = {"sent": 0, "lost": 0, "duplicates": 0, "longest_gap_ms": 0.0}

    async def receive():
        seen, last = set(), time.monotonic()
        while True:
            try:
                name, source, _, number = (await loop.sock_recv(sock, PAYLOAD_LIMIT)).decode().split()
            except OSError as error:  # ICMP port unreachable, seen as ECONNREFUSED: the datagram counts as lost in the end
                report.failed[reason_of(error)] += 1
                continue
            now = time.monotonic()
            report.extra["longest_gap_ms"] = round(max(report.extra["longest_gap_ms"], (now - last) * 1000), 1)
            last = now
            if number in seen:
                report.extra["duplicates"] += 1
            else:
                seen.add(number)
                report.good(name, waiting.pop(number, now), source)

    receiver = loop.create_task(receive())
    while not stop.is_set() and (args.count == 0 or report.extra["sent"] < args.count):
        number = str(report.extra["sent"])
        waiting[number] = time.monotonic()
        try:
            sock.send(number.encode())
        except OSError as error:
            report.failed[reason_of(error)] += 1
        report.extra["sent"] += 1
        await asyncio.sleep(max(0.0, report.started + report.extra["sent"] / (args.rate or 200) - time.monotonic()))
    await asyncio.sleep(1.0)
    receiver.cancel()
    report.extra["lost"] = report.extra["sent"] - report.ok
    for number, started in sorted(waiting.items(), key=lambda item: item[1])[:200]:
        report.failures.append({"reason": "lost", "number": int(number), "started": round(started, 4)})


async def burst(args, stop, report):
    loop = asyncio.get_running_loop()
    slots = asyncio.Semaphore(args.concurrency)

    async def one():
        started, sock = time.monotonic(), new_socket(socket.SOCK_DGRAM)
        try:
            sock.connect((args.ip, args.port))
            sock.send(b"x")
            name, source, _, _ = (await asyncio.wait_for(loop.sock_recv(sock, PAYLOAD_LIMIT), args.timeout)).decode().split()
            report.good(name, started, source)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            report.bad(reason_of(error), started)
        finally:
            sock.close()
            slots.release()

    tasks = []
    while not stop.is_set() and (args.count == 0 or len(tasks) < args.count):
        await slots.acquire()
        tasks.append(loop.create_task(one()))
        if args.rate:
            await asyncio.sleep(max(0.0, report.started + len(tasks) / args.rate - time.monotonic()))
    if tasks:
        await asyncio.wait(tasks)


async def run(args):
    stop, loop, report = asyncio.Event(), asyncio.get_running_loop(), Report()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: say("interim", **report.fields()))
    say("begun")  # from here on signals are understood
    if args.what == "serve":
        await serve(args, stop)
        return
    await {"connect": connect, "hold": hold, "http": http, "stream": stream, "burst": burst, "websocket": websocket, "download": download}[args.what](args, stop, report)
    say("end", **report.fields())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    member = commands.add_parser("serve")
    member.add_argument("name")
    member.add_argument("port", type=int)
    for name in ("connect", "hold", "http", "stream", "burst", "websocket", "download"):
        client = commands.add_parser(name)
        client.add_argument("ip")
        client.add_argument("port", type=int)
        client.add_argument("--count", type=int, default=0)
        client.add_argument("--concurrency", type=int, default=32)
        client.add_argument("--rate", type=float, default=0, help="per second; 0: as fast as it goes")
        client.add_argument("--timeout", type=float, default=5.0)
        client.add_argument("--period", type=float, default=1.0)
        client.add_argument("--life", type=float, default=10.0)
        client.add_argument("--speak", action="store_true", help="connect: say a line before the greeting has come")
    asyncio.run(run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
