#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where notifications and access logs end in tests; each prints what it got as JSON lines.

  sinks.py webhook PORT [REFUSE]   HTTP: every POST is answered with 204, the first REFUSE of them with 503
  sinks.py smtp PORT [starttls|tls CERT KEY [MECHANISM USER PASSWORD]]
                                   a mail relay as small as RFC 5321 allows; with TLS, and then a login by AUTH PLAIN or AUTH LOGIN
  sinks.py otlp PORT               POST /v1/logs of a collector
  sinks.py s3 PORT ACCESS SECRET   PUT of a path-style S3 store; the signature is computed again and compared
"""
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import socketserver
import ssl
import sys


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def webhook(port, refuse):
    left = [refuse]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            refused = left[0] > 0
            left[0] -= refused
            say("refused" if refused else "notification", path=self.path, type=self.headers["Content-Type"], body=json.loads(body))
            self.send_response(503 if refused else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        say("ready")
        server.serve_forever()


def otlp(port):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            say("logs", path=self.path, type=self.headers["Content-Type"], body=body)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        say("ready")
        server.serve_forever()


def signature_of(secret, method, path, headers, body):
    """AWS Signature Version 4 of a request as it came, from its Authorization header's own list."""
    scope = headers["Authorization"].split("Credential=")[1].split(",")[0].split("/", 1)[1]
    names = headers["Authorization"].split("SignedHeaders=")[1].split(",")[0]
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join([method, path, "", *(f"{name}:{headers[name].strip()}" for name in names.split(";")), "", names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def s3(port, access, secret):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            given = self.headers["Authorization"]
            good = (given.endswith("Signature=" + signature_of(secret, "PUT", self.path, self.headers, body)) and f"Credential={access}/" in given
                    and self.headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest())
            say("object" if good else "forged", path=self.path, body=base64.b64encode(body).decode())
            self.send_response(200 if good else 403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        say("ready")
        server.serve_forever()


class Smtp(socketserver.StreamRequestHandler):
    def reply(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def read_mail(self):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            assert line.endswith(b"\r\n") and len(line) <= 1000, line
            lines.append(line[1:] if line.startswith(b".") else line)
        return email.message_from_bytes(b"".join(lines), policy=email.policy.default)

    def begin_tls(self):
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
        self.encrypted = True

    def hello(self):
        lines = ["sink", "SIZE 1000000"]
        if self.server.mode == "starttls" and not self.encrypted:
            lines.append("STARTTLS")
        if self.server.login and self.encrypted:
            lines.append(f"AUTH {self.server.login[0]}")
        self.wfile.write("".join(f"250{'-' if line != lines[-1] else ' '}{line}\r\n" for line in lines).encode())

    def log_in(self, words):
        """True if the client has shown the user and the password."""
        mechanism, user, password = self.server.login
        if not self.encrypted or words[1] != mechanism:
            return False
        if mechanism == "PLAIN":
            return base64.b64decode(words[2]) == f"\0{user}\0{password}".encode()
        shown = []
        for prompt in ("Username:", "Password:"):
            self.reply("334 " + base64.b64encode(prompt.encode()).decode())
            shown.append(base64.b64decode(self.rfile.readline()).decode())
        return shown == [user, password]

    def handle(self):
        self.encrypted, known, envelope = False, not self.server.login, {}
        try:
            if self.server.mode == "tls":
                self.begin_tls()
        except OSError as error:  # a client that does not trust us
            return say("distrusted", error=str(error))
        self.reply("220 sink ESMTP")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb = line.split(":")[0].split(" ")[0].upper()
            say("command", verb=verb, encrypted=self.encrypted)
            if verb == "EHLO":
                self.hello()
            elif verb == "STARTTLS":
                self.reply("220 go on")
                try:
                    self.begin_tls()
                except OSError as error:
                    return say("distrusted", error=str(error))
            elif verb == "AUTH":
                known = self.log_in(line.split(" "))
                self.reply("235 welcome" if known else "535 who are you?")
            elif verb == "QUIT":
                return self.reply("221 bye")
            elif not known:
                self.reply("530 log in first")
            elif verb == "DATA":
                self.reply("354 go on")
                mail = self.read_mail()
                say("mail", **envelope, subject=str(mail["Subject"]), sender=str(mail["From"]), to=str(mail["To"]),
                    text=base64.b64decode(mail.get_payload()).decode())
                self.reply("250 ok")
            else:
                if verb in ("MAIL", "RCPT"):
                    envelope[verb.lower()] = line.split(":", 1)[1]
                self.reply("250 ok")
        return None


def main():
    port = int(sys.argv[2])
    if sys.argv[1] == "webhook":
        webhook(port, int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    if sys.argv[1] == "otlp":
        otlp(port)
    if sys.argv[1] == "s3":
        s3(port, *sys.argv[3:5])
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Smtp) as server:
        server.mode, server.login, server.context = "", [], None
        if len(sys.argv) > 3:
            server.mode, server.login = sys.argv[3], sys.argv[6:9]
            server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.context.load_cert_chain(sys.argv[4], sys.argv[5])
        say("ready")
        server.serve_forever()


if __name__ == "__main__":
    main()
