# SPDX-License-Identifier: Apache-2.0
"""Real programs in the lab, as members and as clients: nginx, HAProxy, iperf3, dnsmasq, curl, dig. Each server runs in the foreground
with a configuration of its own below the lab's directory and goes with the lab; none reads what the machine has under /etc."""
import contextlib
import csv
import hashlib
import io
import json
import re
import socket

from lab import CLIENTS, MEMBER_PORT, MEMBERS, LabError, wait_until

HOSTS = {**CLIENTS, **MEMBERS}
# One line for each transfer. %header is of curl 7.84.
CURL_REPORT = '{"member":"%header{x-member}","source":"%header{x-source}","code":"%{http_code}","connects":%{num_connects},' \
              '"down":%{size_download},"up":%{size_upload}}\\n'

NGINX = """
daemon off; user root; worker_processes 1; pid {dir}/pid; error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_timeout 60; keepalive_requests 10000;
  client_max_body_size 0; client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {{
    listen {port} backlog=4096; listen [::]:{port} backlog=4096;
    add_header X-Member {name}; add_header X-Source $remote_addr;
    root {root};
    location /slow/ {{ alias {root}/; limit_rate 4m; }}
    location /up/ {{ alias {dir}/up/; dav_methods PUT; }}
  }}
}}
"""

HAPROXY = """
global
  stats socket {dir}/stats.sock level admin
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen front
  bind {address}:{port}
  balance roundrobin
"""


def _directory(lab, name):
    path = lab.dir / "programs" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def nginx(lab, member, root, port=MEMBER_PORT):
    """Serves the files of root, under /slow/ with 4 MB/s, takes uploads under /up/, tells in headers who answers and whom it sees. Returns where uploads land."""
    directory = _directory(lab, f"nginx-{member}")
    (directory / "up").mkdir()
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(dir=directory, port=port, name=member, root=root))
    lab.members[member] = lab.spawn(member, "/usr/sbin/nginx", "-p", directory, "-c", config, name="nginx")
    lab.wait_port(member, HOSTS[member], port)
    return directory / "up"


class HAProxy:
    """In TCP mode, for a with block; servers: {name: "address:port and options"}."""

    def __init__(self, lab, host, port, servers, address=None):
        address = address or HOSTS[host]
        self.directory = _directory(lab, f"haproxy-{host}")
        config = self.directory / "haproxy.cfg"
        lines = "".join(f"  server {name} {rest}\n" for name, rest in servers.items())
        config.write_text(HAPROXY.format(dir=self.directory, address=address, port=port) + lines)
        self.process = lab.spawn(host, "/usr/sbin/haproxy", "-db", "-f", config, name="haproxy")
        lab.wait_port(host, address, port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()

    def state(self, server):
        """One of its own words: UP, DOWN, "UP 1/2", "no check"."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(str(self.directory / "stats.sock"))
            sock.sendall(b"show stat\n")
            text = sock.makefile().read()
        return next(row["status"] for row in csv.DictReader(io.StringIO(text.removeprefix("# "))) if row["svname"] == server)

    def wait_state(self, server, state, timeout_s=5):
        wait_until(lambda: self.state(server) == state, timeout_s, f"HAProxy finds {server} {state}", 0.05)


def curl(lab, client, *args):
    """Runs to its end, successfully; the reports of its transfers."""
    return curl_end(start_curl(lab, client, *args))


def start_curl(lab, client, *args):
    return lab.spawn(client, "curl", "--no-progress-meter", "--max-time", 30, "-w", CURL_REPORT, *args, name="curl")


def curl_end(process, code=0):
    """Of start_curl(): waits for it, expects the exit code, returns the reports."""
    ended = process.popen.wait(70)
    text = process.log.read_text()
    if ended != code:
        raise LabError(f"curl ended with {ended}, not {code}: {text[-500:]}")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def iperf_server(lab, member, port):
    lab.spawn(member, "iperf3", "-s", "-p", port, name="iperf3")
    # Not by a connection: it would take that for a test.
    wait_until(lambda: f":{port} " in lab.run(member, "ss", "-Hltn").stdout, 10, "iperf3 listens")


def iperf(lab, client, *args):
    """The "end" part of its report."""
    done = lab.run(client, "iperf3", "-J", *args, check=False)
    with contextlib.suppress(ValueError):
        report = json.loads(done.stdout)
        if "error" not in report:
            return report["end"]
    raise LabError(f"iperf3 {args}: exit {done.returncode}: {done.stdout[-600:]}{done.stderr[-300:]}")


def dnsmasq(lab, member, records):
    """Answers on port 53 by UDP and TCP. records: lines of its configuration."""
    directory = _directory(lab, f"dnsmasq-{member}")
    config = directory / "dnsmasq.conf"
    lines = ["keep-in-foreground", "log-facility=-", "user=root", f"pid-file={directory}/pid", "no-resolv", "no-hosts", "edns-packet-max=8192", *records]
    config.write_text("\n".join(lines) + "\n")
    lab.spawn(member, "/usr/sbin/dnsmasq", f"--conf-file={config}", name="dnsmasq")
    lab.wait_port(member, HOSTS[member], 53)


def dig(lab, client, server, *words):
    """The answers of one or more queries, each line's quotes taken off."""
    done = lab.run(client, "dig", f"@{server}", "+short", "+tries=1", "+time=3", *words)
    if ";;" in done.stdout:
        raise LabError(f"dig {words}: {done.stdout[-500:]}")
    return [re.sub(r'" "|"', "", line) for line in done.stdout.splitlines()]
