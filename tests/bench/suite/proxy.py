# SPDX-License-Identifier: Apache-2.0
"""Suite proxy: what a request costs the node's CPU through our proxy, nginx and HAProxy, each with one thread on core 0; wrk, or h2load for
HTTP/2, and the member (nginx with a fixed answer) share core 1. In a network namespace of its own, over loopback.

Rounds alternate over the three; CPU time is user + system of the proxy's processes, divided by the requests of that round; medians. The
ratio is ours / the better of the two peers. p99 is wrk's, of closed loops that keep core 0 busy. Two kinds of rows more: what 500 policies cost
against none, in our proxy; and what a connection takes of memory (suite/proxy_memory.py)."""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from .build import BUILD
from .rows import row

TICKS = os.sysconf("SC_CLK_TCK")
MEMBER_PORT = 9001
POLICIES_PORT = 8382
PORTS = {"ours": (8380, 8381), "nginx": (8180, 8181), "HAProxy": (8280, 8281)}  # HTTP, HTTPS
# case -> (scheme, path, connections, more flags of wrk)
CASES = {
    "HTTP, kept alive, 64 connections": ("http", "/", 64, ()),
    "HTTP, kept alive, 512 connections": ("http", "/", 512, ()),
    "HTTP, Connection: close": ("http", "/", 64, ("-H", "Connection: close")),
    "HTTPS, kept alive, 64 connections": ("https", "/", 64, ()),
    "HTTPS, a handshake each": ("https", "/", 32, ("-H", "Connection: close")),
    "HTTP, 1 MB": ("http", "/1m", 16, ()),
    "HTTPS, 1 MB": ("https", "/1m", 16, ()),
    "HTTP/2, 32 connections with 16 streams": ("https", "/", 32, 16),  # streams instead of flags: h2load
}
PLAIN = "HTTP, kept alive, 64 connections"
NGINX = """
worker_processes 1; daemon off; pid {dir}/{name}.pid; error_log {dir}/{name}.err; user root;
worker_rlimit_nofile 19000;
events {{ worker_connections 18000; multi_accept on; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_timeout 300s; keepalive_requests 1000000000;
  client_body_temp_path {dir}/{name}.t; proxy_temp_path {dir}/{name}.p; fastcgi_temp_path {dir}/{name}.f; uwsgi_temp_path {dir}/{name}.u;
  scgi_temp_path {dir}/{name}.s;
  {http}
}}
"""
MEMBER = """tcp_nopush on; open_file_cache max=100; default_type text/plain; types {{ }}
  server {{ listen 127.0.0.1:{port} backlog=4096; root {dir}/www;
    location = / {{ return 200 "hello, this is a small reply body of 64 bytes. 0123456789abcdef\\n"; }} }}"""
NGINX_PROXY = """
  ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets on;
  upstream member {{ server 127.0.0.1:{member}; keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 300s; }}
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  server {{ listen 127.0.0.1:{http_port} backlog=4096 deferred; listen 127.0.0.1:{https_port} ssl http2 backlog=4096;
    ssl_certificate {dir}/server.crt; ssl_certificate_key {dir}/server.key;
    location / {{ proxy_pass http://member; }} }}"""
HAPROXY = """
global
  nbthread 1
  maxconn 8000
  no strict-limits
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-keep-alive 300s
  option http-keep-alive
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:{http_port} backlog 4096 defer-accept
  bind 127.0.0.1:{https_port} ssl crt {dir}/server.pem alpn h2,http/1.1 backlog 4096
  default_backend back
backend back
  server member 127.0.0.1:{member} maxconn 4000 pool-max-conn 4096
"""


class Bench:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.namespace = f"elb-proxy-bench-{os.getpid()}"
        self.processes = {}

    def _in_namespace(self, core, *argv):
        return ["nsenter", f"--net=/run/netns/{self.namespace}", "--", "taskset", "-c", str(core), *map(str, argv)]

    def _start(self, name, core, port, *argv):
        process = subprocess.Popen(self._in_namespace(core, *argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.dir / f"{name}.log", "wb"))
        self.processes[name] = process
        for _ in range(200):
            done = subprocess.run(self._in_namespace(1, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{port}/"), capture_output=True, text=True)
            if done.stdout == "200":
                return
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(f"proxy: {name} does not serve: {(self.dir / f'{name}.log').read_text(errors='replace')[-500:]}")

    def __enter__(self):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the children's too
        subprocess.run(["ip", "netns", "add", self.namespace], check=True)
        subprocess.run(["ip", "-n", self.namespace, "link", "set", "lo", "up"], check=True)
        subprocess.run(self._in_namespace(0, "sysctl", "-qw", "net.ipv4.ip_local_port_range=10000 65535", "net.core.somaxconn=4096"), check=True)
        (self.dir / "www").mkdir()
        (self.dir / "www/1m").write_bytes(b"x" * 1_000_000)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=www.example.com", "-days", "30",
                        "-keyout", self.dir / "server.key", "-out", self.dir / "server.crt"], check=True, capture_output=True)
        (self.dir / "server.pem").write_text((self.dir / "server.crt").read_text() + (self.dir / "server.key").read_text())
        self._nginx("member", 1, MEMBER_PORT, MEMBER.format(port=MEMBER_PORT, dir=self.dir))
        for name, (http_port, https_port) in PORTS.items():
            values = {"http_port": http_port, "https_port": https_port, "member": MEMBER_PORT, "dir": self.dir}
            if name == "nginx":
                self._nginx(name, 0, http_port, NGINX_PROXY.format(**values))
            elif name == "HAProxy":
                (self.dir / "haproxy.cfg").write_text(HAPROXY.format(**values))
                self._start(name, 0, http_port, "haproxy", "-db", "-q", "-f", self.dir / "haproxy.cfg")
            else:
                self._start(name, 0, http_port, BUILD / "bin/bench/proxy_serve", MEMBER_PORT, http_port, https_port, self.dir / "server.crt", self.dir / "server.key",
                            POLICIES_PORT)
        return self

    def _nginx(self, name, core, port, http):
        (self.dir / f"{name}.conf").write_text(NGINX.format(dir=self.dir, name=name, http=http))
        self._start(name, core, port, "nginx", "-p", self.dir, "-c", self.dir / f"{name}.conf")

    def __exit__(self, *_):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
        subprocess.run(["ip", "netns", "del", self.namespace], check=False)

    def _cpu_s(self, name):
        total, todo = 0, [self.processes[name].pid]
        while todo:
            pid = todo.pop()
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
                todo += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return total / TICKS

    def measure(self, name, case, seconds, port=None):
        """CPU us of the proxy for a request, and wrk's p99 in us."""
        scheme, path, connections, flags = CASES[case]
        port = port or PORTS[name][scheme == "https"]
        if isinstance(flags, int):
            return self._measure_h2(name, f"https://127.0.0.1:{port}{path}", connections, flags, seconds)
        before = self._cpu_s(name)
        out = subprocess.run(self._in_namespace(1, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *flags, f"{scheme}://127.0.0.1:{port}{path}"),
                             capture_output=True, text=True, check=True).stdout
        spent = self._cpu_s(name) - before
        requests = int(re.search(r"(\d+) requests in", out)[1])
        if re.search(r"Non-2xx|Socket errors: connect [1-9]|read [1-9]\d*, write", out) and "close" not in str(flags):
            raise SystemExit(f"proxy: {name}, {case}: {out}: not a measurement")
        number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", out).groups()
        return spent / requests * 1e6, float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]

    def _measure_h2(self, name, url, connections, streams, seconds):
        """As measure(); the p99 is of the log that h2load writes, a line for each request: start, status, us."""
        log = self.dir / "h2load.log"
        log.unlink(missing_ok=True)
        before = self._cpu_s(name)
        out = subprocess.run(self._in_namespace(1, "h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{seconds}", f"--log-file={log}", url),
                             capture_output=True, text=True, check=True).stdout
        spent = self._cpu_s(name) - before
        done, good = (int(re.search(pattern, out)[1]) for pattern in (r"(\d+) done", r"status codes: (\d+) 2xx"))
        if good < done or "Application protocol: h2" not in out:
            raise SystemExit(f"proxy: {name}, HTTP/2: {out}: not a measurement")
        times = sorted(int(line.split()[2]) for line in log.read_text().splitlines())
        return spent / done * 1e6, float(times[len(times) * 99 // 100])


def proxy(arguments):
    from .proxy_memory import memory  # which looks at this module

    missing = [tool for tool in ("wrk", "h2load", "nginx", "haproxy", "curl", "openssl") if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if missing:
        raise SystemExit(f"proxy: not installed: {', '.join(missing)}")
    seconds = max(1, round(arguments.seconds))
    cpu, late = {}, {}
    with tempfile.TemporaryDirectory(prefix="elb-bench-") as directory, Bench(directory) as bench:
        for number in range(arguments.rounds):
            for case in CASES:
                for name in (list(PORTS) if number % 2 == 0 else list(PORTS)[::-1]):
                    us, p99 = bench.measure(name, case, seconds)
                    cpu.setdefault((case, name), []).append(us)
                    late.setdefault((case, name), []).append(p99)
            for policies in ((False, True) if number % 2 == 0 else (True, False)):
                us, p99 = bench.measure("ours", PLAIN, seconds, POLICIES_PORT if policies else None)
                cpu.setdefault(policies, []).append(us)
                late.setdefault(policies, []).append(p99)
            print(f"  proxy round {number + 1}/{arguments.rounds}", file=sys.stderr)
        of_memory = memory(bench)
    rows = []
    for case in CASES:
        for figures, what, unit in ((cpu, "", "us CPU"), (late, ", p99", "us")):
            median = {name: statistics.median(figures[case, name]) for name in PORTS}
            peer = min(("nginx", "HAProxy"), key=median.get)
            rows.append(row(case + what, median["ours"], unit, peer, median[peer], median["ours"] / median[peer]))
    for figures, what, unit in ((cpu, "", "us CPU"), (late, ", p99", "us")):
        none, many = statistics.median(figures[False]), statistics.median(figures[True])
        rows.append(row(f"500 policies{what}", many, unit, "no policy", none, many / none))
    return rows + of_memory
