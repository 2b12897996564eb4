# SPDX-License-Identifier: Apache-2.0
"""HTTP clients in the lab: curl for what users do, sockets for what no client would do."""
import contextlib
import dataclasses
import json
import os
import ssl

from lab import VIP

HTTP_PORT = 8081  # of the members' http_member.py; their TCP echo is on MEMBER_PORT


@dataclasses.dataclass
class Answer:
    status: int
    headers: list  # [name, value], names in lower case
    text: bytes

    def header(self, name):
        """The value of the only header of that name; None: there is none."""
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) <= 1, values
        return values[0] if values else None

    @property
    def told(self):
        """What http_member.py says that it was asked."""
        return json.loads(self.text)

    @property
    def member(self):
        return self.told["member"]

    def sent(self, name):
        """Values of a header as the member got it."""
        return [value for key, value in self.told["headers"] if key.lower() == name.lower()]


def parse(head, text):
    """The last of the response heads that curl wrote (100 Continue comes before)."""
    blocks = [block for block in head.replace("\r\n", "\n").split("\n\n") if block.strip()]
    lines = blocks[-1].split("\n")
    return Answer(int(lines[0].split()[1]), [[part.strip() for part in line.split(":", 1)] for line in lines[1:] if line], text)


def curl(lab, url, *flags, client="client1", check=True):
    """One request by curl; a path is asked of the VIP's port 80. With check=False None if there was no answer at all."""
    if url.startswith("/"):
        url = f"http://{VIP}{url}"
    head, body = lab.dir / f"curl-{os.getpid()}.head", lab.dir / f"curl-{os.getpid()}.body"
    body.unlink(missing_ok=True)
    done = lab.run(client, "curl", "-sS", "--max-time", 15, "--path-as-is", "-D", head, "-o", body, *flags, url, check=check)
    if done.returncode != 0:
        return None
    answer = parse(head.read_text(encoding="latin-1"), body.read_bytes() if body.exists() else b"")
    answer.headers = [[name.lower(), value] for name, value in answer.headers]
    return answer


def connect(lab, port=80, client="client1", vip=VIP, timeout=10):
    sock = lab.socket(client)
    sock.settimeout(timeout)
    sock.connect((vip, port))
    return sock


def read_all(sock):
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := sock.recv(65536):
            data += chunk
    return data


def read_answer(sock):
    """One response that has a Content-Length; its parts may come one by one."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        if end:
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            if len(body) >= length:
                return data
        chunk = sock.recv(65536)
        assert chunk, f"closed amid a response: {data!r}"
        data += chunk


def raw(lab, text, **where):
    """Sends bytes as they are and returns all that comes until the other end closes."""
    with connect(lab, **where) as sock:
        sock.sendall(text)
        return read_all(sock)


def tls(lab, name=None, ca=None, port=443, alpn=(), certificate=None):
    """A TLS connection to the VIP, checked against `ca` (a file) if there is one; certificate: (file, key file) of the client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = bool(ca and name)
    context.verify_mode = ssl.CERT_REQUIRED if ca else ssl.CERT_NONE
    if ca:
        context.load_verify_locations(ca)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if certificate:
        context.load_cert_chain(*certificate)
    return context.wrap_socket(connect(lab, port), server_hostname=name)


class WebSocket:
    """The client's half of RFC 6455, as much as an echo needs."""

    def __init__(self, sock, path="/ws", host="www.example.com"):
        self.sock = sock
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = sock.recv(1)
            assert chunk, head
            head += chunk
        self.head = head.decode("latin-1")

    @property
    def open(self):
        return self.head.startswith("HTTP/1.1 101 ") and "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in self.head

    def _read(self, size):
        data = b""
        while len(data) < size:
            chunk = self.sock.recv(size - len(data))
            assert chunk, "cut"
            data += chunk
        return data

    def echo(self, text):
        data = text.encode()
        assert len(data) < 126
        mask = os.urandom(4)
        self.sock.sendall(bytes([0x81, 0x80 | len(data)]) + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))
        first, size = self._read(2)
        assert first == 0x81
        return self._read(size).decode()
