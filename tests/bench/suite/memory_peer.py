#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers of suite/proxy_memory.py, each a process in the bench's network namespace:

  memory_peer.py idle PORT COUNT plain|tls   so many connections that have asked once and are kept; "ready", then waits
  memory_peer.py slow PORT COUNT PATH        so many requests for PATH of which nothing is read; "ready", then waits
  memory_peer.py get PORT COUNT PATH         so many at once, read to the end; prints the bytes
  memory_peer.py put PORT COUNT BYTES        so many uploads at once; prints the bytes that the member says it had
  memory_peer.py sink PORT                   a member: reads what is sent and tells how much; stops reading for 3 s after each first 64 KB

Waiting ends with standard input."""
import asyncio
import concurrent.futures
import socket
import ssl
import sys

CHUNK = 65536


def connect(port, receive_buffer=0):
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.connect(("127.0.0.1", port))
    return sock


def wait():
    print("ready", flush=True)
    sys.stdin.read()


def idle(port, count, kind):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def one(_):
        sock = connect(port)
        if kind == "tls":
            sock = context.wrap_socket(sock, server_hostname="www.example.com")
        sock.sendall(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
        if not sock.recv(4096).startswith(b"HTTP/1.1 200 "):
            raise SystemExit("not answered")
        return sock

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        kept = list(pool.map(one, range(int(count))))
    assert len(kept) == int(count)
    wait()


def slow(port, count, path):
    kept = [connect(port, 4096) for _ in range(int(count))]
    for sock in kept:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: www.example.com\r\n\r\n".encode())
    wait()


async def get(port, count, path):
    async def one():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        total = 0
        while data := await reader.read(CHUNK):
            total += len(data)
        return total

    print(sum(await asyncio.gather(*[one() for _ in range(int(count))])), flush=True)


async def put(port, count, size):
    async def one():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"PUT / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode())
        left, block = int(size), bytes(CHUNK)
        while left:
            writer.write(block[:min(left, CHUNK)])
            await writer.drain()
            left -= min(left, CHUNK)
        return int((await reader.read()).rsplit(b"\r\n", 1)[1])

    print(sum(await asyncio.gather(*[one() for _ in range(int(count))])), flush=True)


async def sink(port):
    async def serve(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                left = total = int(head.split("content-length:")[1].split("\r\n")[0]) if "content-length:" in head else 0
                paused = False
                while left:
                    left -= len(data := await reader.read(min(left, CHUNK)))
                    if not data:
                        return
                    if not paused:
                        paused = True
                        await asyncio.sleep(3)
                text = str(total)
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    await (await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)).serve_forever()


if __name__ == "__main__":
    what, port, *rest = sys.argv[1:]
    made = {"idle": idle, "slow": slow, "get": get, "put": put, "sink": sink}[what](int(port), *rest)
    if made is not None:
        asyncio.run(made)
