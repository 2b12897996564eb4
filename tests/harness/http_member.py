#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A member that speaks HTTP/1.1 and tells what it was asked: http_member.py NAME PORT [VERSION].

  ANY  /...              200, JSON {"member", "method", "target", "headers": [[name, value]...], "body": bytes, "peer"}
  ANY  /status/N         N, with that JSON (no body for 204 and 304)
  ANY  /sleep/SECONDS    200 after so long
  GET  /stream/BYTES     200, that many bytes, chunked
  GET  /trickle/SECONDS  200, 4 KB of "x" ten times a second for so long, then a line of 9 bytes: how many there were
  ANY  /cookie/NAME/VALUE  200, Set-Cookie: NAME=VALUE
  ANY  /drop             closes without an answer
  GET  /ws               WebSocket (RFC 6455): every frame comes back, prefixed by nothing, until the client closes

With VERSION (1 or 2) every connection has to begin with a PROXY header; "proxied" is the client that it tells of, null for a check.

Prints {"event": "ready"}, and for each request {"event": "request", "method", "target"}.
"""
import asyncio
import base64
import hashlib
import ipaddress
import json
import signal
import sys

HEAD_LIMIT = 65536
WS_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
REASONS = {200: "OK", 101: "Switching Protocols", 204: "No Content", 304: "Not Modified", 404: "Not Found", 500: "Internal Server Error"}


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


async def read_body(reader, headers):
    """Length of the body; what is in it is not kept."""
    by_name = {name.lower(): value for name, value in headers}
    total = 0
    if by_name.get("transfer-encoding", "").lower() == "chunked":
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            if size:
                await reader.readexactly(size)
            await reader.readline()
            if not size:
                return total
            total += size
    left = int(by_name.get("content-length", 0))
    while left:
        data = await reader.read(min(left, 65536))
        if not data:
            raise ConnectionError("body cut short")
        left -= len(data)
        total += len(data)
    return total


async def web_socket(reader, writer, headers):
    by_name = {name.lower(): value for name, value in headers}
    accept = base64.b64encode(hashlib.sha1(by_name["sec-websocket-key"].encode() + WS_GUID).digest()).decode()
    writer.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
    while True:
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(await reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await reader.readexactly(8), "big")
        mask = await reader.readexactly(4) if second & 0x80 else bytes(4)
        data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(await reader.readexactly(size)))
        head = bytes([first, size]) if size < 126 else bytes([first, 126]) + size.to_bytes(2, "big")
        writer.write(head + data)
        await writer.drain()
        if first & 0x0F == 8:
            return


async def read_proxy_header(reader, version):
    """The client's address; anything but a header of this version ends the connection."""
    if version == 1:
        words = (await reader.readuntil(b"\r\n")).decode().split()
        if words[0] != "PROXY":
            raise ConnectionError("no PROXY header")
        return words[2] if words[1].startswith("TCP") else None
    head = await reader.readexactly(16)
    if head[:12] != b"\r\n\r\n\0\r\nQUIT\n":
        raise ConnectionError("no PROXY header")
    told = await reader.readexactly(int.from_bytes(head[14:], "big"))
    if head[12] == 0x20:
        return None
    return str(ipaddress.ip_address(told[:4] if head[13] == 0x11 else told[:16]))


class Member:
    def __init__(self, name, version=None):
        self.name, self.version = name, version

    def describe(self, method, target, headers, body, writer):
        peer = writer.get_extra_info("peername")
        return json.dumps({"member": self.name, "method": method, "target": target, "headers": headers, "body": body, "peer": peer[0],
                           "proxied": getattr(writer, "proxied", None)}).encode() + b"\n"

    async def answer(self, writer, method, target, headers, body):
        """One response; False: the connection is to be closed."""
        words = target.split("?")[0].strip("/").split("/")
        status, more = 200, ""
        if words[0] == "drop":
            return False
        if words[0] == "status":
            status = int(words[1])
        elif words[0] == "sleep":
            await asyncio.sleep(float(words[1]))
        elif words[0] == "cookie":
            more = f"Set-Cookie: {words[1]}={words[2]}\r\n"
        elif words[0] == "stream":
            left = int(words[1])
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while left:
                size = min(left, 65536)
                writer.write(b"%x\r\n" % size + b"x" * size + b"\r\n")
                await writer.drain()
                left -= size
            writer.write(b"0\r\n\r\n")
            return True
        elif words[0] == "trickle":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(10 * int(words[1])):
                writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                await writer.drain()
                await asyncio.sleep(0.1)
            writer.write(b"9\r\n%08d\n\r\n0\r\n\r\n" % (10 * int(words[1]) * 4096))
            return True
        text = b"" if status in (204, 304) else self.describe(method, target, headers, body, writer)
        length = f"Content-Length: {len(text)}\r\n" if status not in (204, 304) else ""
        writer.write(f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}\r\nContent-Type: application/json\r\n{more}{length}\r\n".encode())
        if method != "HEAD":
            writer.write(text)
        return True

    async def serve(self, reader, writer):
        try:
            if self.version:
                writer.proxied = await read_proxy_header(reader, self.version)
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = [[part.strip() for part in line.split(":", 1)] for line in head[1:] if line]
                say("request", method=method, target=target)
                if target == "/ws":
                    await web_socket(reader, writer, headers)
                    return
                if any(name.lower() == "expect" for name, _ in headers):
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await read_body(reader, headers)
                if not await self.answer(writer, method, target, headers, body):
                    return
                await writer.drain()
                if any(name.lower() == "connection" and value.lower() == "close" for name, value in headers):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client left
        finally:
            writer.close()


async def main():
    name, port = sys.argv[1], int(sys.argv[2])
    version = int(sys.argv[3]) if len(sys.argv) > 3 else None
    server = await asyncio.start_server(Member(name, version).serve, "0.0.0.0", port, limit=HEAD_LIMIT, backlog=4096)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    say("ready", name=name)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
