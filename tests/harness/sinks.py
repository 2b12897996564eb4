#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where notifications end in tests; each prints what it got as JSON lines.

  sinks.py webhook PORT [REFUSE]   HTTP: every POST is answered with 204, the first REFUSE of them with 503
  sinks.py smtp PORT               a mail relay as small as RFC 5321 allows
"""
import base64
import email
import email.policy
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
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Smtp) as server:
        say("ready")
        server.serve_forever()


if __name__ == "__main__":
    main()
