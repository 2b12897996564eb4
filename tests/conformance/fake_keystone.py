#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""As much of Keystone as octavia-tempest-plugin asks for, for a node whose API asks nobody who he is: fake_keystone.py PORT API_URL.
Any password is right. It goes when the agent has identities of its own: only tempest_suite.py starts it.

Prints {"event": "ready"}."""
import http.server
import json
import sys
import uuid

ROLES = ["admin", "member", "reader", "load-balancer_member", "load-balancer_admin", "load-balancer_observer", "load-balancer_global_observer",
         "load-balancer_quota_admin"]


def id_of(name):
    return uuid.uuid5(uuid.NAMESPACE_DNS, name).hex


def token(asked, api):
    user = asked["auth"]["identity"]["password"]["user"]
    scope = asked["auth"].get("scope", {}).get("project", {})
    name, project = user.get("name", "somebody"), scope.get("name") or user.get("name", "somebody")
    domain = {"id": "default", "name": "Default"}

    def service(kind, url):
        return {"type": kind, "id": id_of(kind), "name": kind,
                "endpoints": [{"interface": interface, "region": "elb", "region_id": "elb", "id": id_of(kind + interface), "url": url}
                              for interface in ("public", "internal", "admin")]}
    return {"token": {"methods": ["password"], "issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2099-01-01T00:00:00.000000Z",
                      "user": {"id": user.get("id") or id_of("user" + name), "name": name, "domain": domain},
                      "project": {"id": scope.get("id") or id_of("project" + project), "name": project, "domain": domain},
                      "roles": [{"id": id_of(role), "name": role} for role in ROLES],
                      "catalog": [service("load-balancer", api), service("network", api), service("identity", f"http://127.0.0.1:{sys.argv[1]}/identity")]}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, body, **headers):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.reply(201, token(asked, sys.argv[2]), X_Subject_Token=uuid.uuid4().hex)

    def do_GET(self):
        path = self.path.split("?")[0].removeprefix("/identity/v3").strip("/").split("/")
        if path == [""]:
            self.reply(200, {"version": {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": f"http://127.0.0.1:{sys.argv[1]}/identity/v3/"}]}})
        elif path[0] == "roles":
            named = {id_of(role): {"id": id_of(role), "name": role} for role in ROLES}
            self.reply(200, {"role": named[path[1]]} if path[1:] else {"roles": list(named.values())})
        else:
            self.reply(200, {path[0]: []})

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print(json.dumps({"event": "ready"}), flush=True)
    server.serve_forever()
