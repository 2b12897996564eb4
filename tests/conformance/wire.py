# SPDX-License-Identifier: Apache-2.0
"""HTTP/1 as bytes: tables of messages (data/*.txt), and a member in the test's own process that keeps every byte it got."""
import contextlib
import pathlib
import re
import socket
import threading

import h11
from lab import MEMBERS, VIP, LabError, wait_until
from web import connect, read_all

DATA = pathlib.Path(__file__).resolve().parent / "data"
RAW_PORT = 8090
WINDOW = 4096  # of bytes that are looked at, so that a long stream is not copied for each request
COLUMN = re.compile(r" ::(?: |$)")
REPEAT = re.compile(r"\{(\d+)\*([^}]*)\}")
MACROS = {
    "{chunks}": "{post}Transfer-Encoding: chunked\\r\\n\\r\\n",
    "{get}": "GET / HTTP/1.1\\r\\nHost: a\\r\\n",
    "{post}": "POST / HTTP/1.1\\r\\nHost: a\\r\\n",
    "{ok}": "HTTP/1.1 200 OK\\r\\n",
    "{chunked}": "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n",
}


def expand(text):
    for macro, meaning in MACROS.items():
        text = text.replace(macro, meaning)
    text = REPEAT.sub(lambda found: found[2] * int(found[1]), text)
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


class Row:
    """One line of a table: what is expected, its name, its bytes, and what is said behind them."""

    def __init__(self, section, line):
        self.section = section
        self.expected, rest = line.split(" ", 1)
        self.name, bytes_, *more = (part.strip(" ") for part in COLUMN.split(rest, 2))
        self.bytes = expand(bytes_)
        self.more = expand(more[0]).decode("latin-1") if more else ""

    def __repr__(self):
        return self.name


def table(name):
    """Rows of a table; an empty or ambiguous one is an error, so that nothing passes unseen."""
    rows, section = [], None
    for line in (DATA / name).read_text(encoding="ascii").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            rows.append(Row(section, line))
    names = [row.name for row in rows]
    assert rows and len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    return rows


def first_request(data):
    """((method, target, headers, body), length) of the request that the bytes begin with; None: it is not whole."""
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    reader.receive_data(data)
    head, body = reader.next_event(), b""
    if head is h11.NEED_DATA:
        return None
    while (event := reader.next_event()) is not h11.NEED_DATA and not isinstance(event, h11.EndOfMessage):
        body += event.data
    if event is h11.NEED_DATA:
        return None
    headers = [(name.decode(), value.decode("latin-1")) for name, value in head.headers]
    return (head.method.decode(), head.target.decode(), headers, body), len(data) - len(reader.trailing_data[0])


def requests_in(data):
    """What an implementation that is not ours (h11) reads in a member's bytes: whole requests, and the bytes behind them."""
    found, at, window = [], 0, WINDOW
    while at < len(data):
        one = first_request(data[at:at + window])
        if one:
            found.append(one[0])
            at, window = at + one[1], WINDOW
        elif at + window >= len(data):
            break
        else:
            window *= 8
    return found, data[at:]


def answer(body=b"", more=b""):
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (more, len(body), body)


class RawMember:
    """A server at MEMBER:RAW_PORT. It answers each whole request with its target and X-Member, but one for /case with `case` (bytes, or a function of
    the connection), and then closes if `closes`. `greeting` is sent as soon as a connection is there."""

    def __init__(self, lab, role="member1"):
        self.role, self.case, self.closes, self.greeting = role, b"", False, b""
        self.lock = threading.Lock()
        self.streams = []  # of each connection: what came on it
        self.open = []
        with lab.netns(role):
            self.listener = socket.create_server((MEMBERS[role], RAW_PORT), backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock = self.listener.accept()[0]
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is said unasked is on its way at once
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        stream = bytearray()
        with self.lock:
            self.streams.append(stream)
            self.open.append(sock)
        with contextlib.suppress(OSError, h11.RemoteProtocolError):
            sock.sendall(self.greeting)
            self._answer(sock, stream)
        with self.lock:
            self.open.remove(sock)
        sock.close()

    def _answer(self, sock, stream):
        done = 0
        while data := sock.recv(1 << 20):
            with self.lock:
                stream += data
            found, rest = requests_in(bytes(stream[done:]))
            done = len(stream) - len(rest)
            for _, target, _, _ in found:
                if not target.startswith("/case"):
                    sock.sendall(answer(target.encode(), b"X-Member: %s\r\n" % self.role.encode()))
                    continue
                if callable(self.case):
                    self.case(sock)
                else:
                    sock.sendall(self.case)
                if self.closes:
                    return

    def mark(self):
        with self.lock:
            return [len(stream) for stream in self.streams]

    def since(self, mark):
        """[bytes] of each connection that brought any."""
        with self.lock:
            marks = mark + [0] * (len(self.streams) - len(mark))
            return [bytes(stream[before:]) for stream, before in zip(self.streams, marks) if len(stream) > before]

    def say(self, data):
        """Unasked, on every connection that is open. How many."""
        with self.lock:
            for sock in self.open:
                sock.sendall(data)
            return len(self.open)

    def hang_up(self):
        """Closes every connection that is open."""
        with self.lock:
            for sock in self.open:
                sock.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: not self.open, 5, "no connection is open")


def status_of(text):
    """Of the first response in the text; None: there is none."""
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", text)
    return int(found[1]) if found else None


def drip(sock, data):
    """Byte by byte, each in a packet of its own; large messages in pieces of 1,000."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    step = 1 if len(data) < 1000 else 1000
    with contextlib.suppress(OSError):  # the proxy need not read on after its answer
        for at in range(0, len(data), step):
            sock.sendall(data[at:at + step])


def ask(lab, text, slowly=False, vip=VIP):
    """Sends the bytes; all that comes until the proxy closes. LabError if it does not."""
    with connect(lab, vip=vip) as sock:
        if slowly:
            drip(sock, text)
        else:
            with contextlib.suppress(OSError):
                sock.sendall(text)
        try:
            return read_all(sock)
        except TimeoutError as error:
            raise LabError("the proxy neither answers nor closes") from error


def probe(lab, target, **where):
    """A request beyond doubt; its answer."""
    return ask(lab, f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode(), **where)


class Asker:
    """One client's connection, kept as long as the proxy keeps it: ask() gives (status, headers, body) of one response."""

    def __init__(self, lab):
        self.lab, self.sock, self.file = lab, None, None

    def close(self):
        if self.sock:
            self.file.close()
            self.sock.close()
        self.sock = None

    def ask(self, text):
        if not self.sock:
            self.sock = connect(self.lab)
            self.file = self.sock.makefile("rb")
        self.sock.sendall(text)
        line = self.file.readline()
        assert line.startswith(b"HTTP/1.1 "), line
        headers = {}
        while (field := self.file.readline()) not in (b"\r\n", b""):
            name, value = field.split(b":", 1)
            headers[name.decode().lower()] = value.strip().decode()
        body = self.file.read(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return int(line.split()[1]), headers, body.decode()
