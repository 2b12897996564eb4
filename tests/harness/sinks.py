#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where notifications and access logs end in tests; each prints what it got as JSON lines.

  sinks.py webhook PORT [REFUSE]   HTTP: every POST is answered with 204, the first REFUSE of them with 503
  sinks.py smtp PORT               a mail relay as small as RFC 5321 allows
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

    def handle(self):
        envelope = {}
        self.reply("220 sink ESMTP")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb = line.split(":")[0].split(" ")[0].upper()
            if verb == "EHLO":
                self.wfile.write(b"250-sink\r\n250 SIZE 1000000\r\n")
                continue
            if verb == "DATA":
                self.reply("354 go on")
                mail = self.read_mail()
                say("mail", **envelope, subject=str(mail["Subject"]), sender=str(mail["From"]), to=str(mail["To"]),
                    text=base64.b64decode(mail.get_payload()).decode())
            elif verb in ("MAIL", "RCPT"):
                envelope[verb.lower()] = line.split(":", 1)[1]
            self.reply("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return


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
        say("ready")
        server.serve_forever()


if __name__ == "__main__":
    main()
