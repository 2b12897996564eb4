# SPDX-License-Identifier: Apache-2.0
"""What a connection costs the proxy of memory of its own (the kernel's sockets apart): anonymous memory of its process, the growth divided by
the connections. Idle ones have asked once and are kept; of active ones what counts is the largest that was seen while they were."""
import contextlib
import os
import pathlib
import subprocess
import sys
import time

from .build import BUILD, say
from .proxy import MEMBER_PORT
from .rows import row

PEER = pathlib.Path(__file__).resolve().parent / "memory_peer.py"
SINK_PORT = 9002
IDLE = 10_000
ACTIVE = 16
GIGABYTE = 1 << 30
LIMITS_KB = {"plain": 1, "tls": 15, "active": 320}


def _anonymous_kb(pid):
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return int(fields["RssAnon"].split()[0])


def _peer(bench, *arguments):
    return subprocess.Popen(bench._in_namespace(1, sys.executable, PEER, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _row(case, kb, limit):
    return row(f"memory, {case}", kb, "KB a connection", "limit", limit, kb / limit)


def _settled(bench, name, count, *arguments):
    """KB for each connection of a peer that waits with them."""
    pid = bench.processes[name].pid
    before = _anonymous_kb(pid)
    peer = _peer(bench, *arguments)
    if peer.stdout.readline() != "ready\n":
        raise SystemExit(f"proxy: memory: {arguments}: not ready")
    time.sleep(3)
    grown = _anonymous_kb(pid) - before
    peer.communicate()
    return grown / count


def _largest(bench, name, count, expected, *arguments):
    """KB for each at its peak; what the peer prints has to be `expected`."""
    pid = bench.processes[name].pid
    before = most = _anonymous_kb(pid)
    peer = _peer(bench, *arguments)
    while peer.poll() is None:
        most = max(most, _anonymous_kb(pid))
        time.sleep(0.02)
    if (total := int(peer.communicate()[0] or -1)) != expected:
        raise SystemExit(f"proxy: memory: {arguments}: {total} bytes instead of {expected}")
    return (most - before) / count


def _fresh(bench, name, number, member_port, *warming):
    """(name, HTTP port, HTTPS port) of a proxy that nothing but `warming` has used: memory that others freed would hide what is taken, and what
    its loop takes once is no connection's."""
    http, https, policies = range(8400 + 10 * number, 8403 + 10 * number)
    bench._start(name, 0, http, BUILD / "bin/bench/proxy_serve", member_port, http, https, bench.dir / "server.crt", bench.dir / "server.key", policies)
    peer = _peer(bench, warming[0], https if "tls" in warming else http, *warming[1:])
    peer.communicate()
    if peer.returncode:
        raise SystemExit(f"proxy: memory: {warming}: failed")
    return name, http, https


def memory(bench):
    with open(bench.dir / "www/1g", "wb") as file:
        os.truncate(file.fileno(), GIGABYTE)
    sink = _peer(bench, "sink", SINK_PORT)
    rows = []
    try:
        say("memory of connections")
        name, http, _ = _fresh(bench, "idle, plain", 0, MEMBER_PORT, "idle", 1, "plain")
        rows.append(_row(f"{IDLE:,} idle, plain", _settled(bench, name, IDLE, "idle", http, IDLE, "plain"), LIMITS_KB["plain"]))
        name, _, https = _fresh(bench, "idle, TLS", 1, MEMBER_PORT, "idle", 1, "tls")
        rows.append(_row(f"{IDLE:,} idle, TLS", _settled(bench, name, IDLE, "idle", https, IDLE, "tls"), LIMITS_KB["tls"]))
        name, http, _ = _fresh(bench, "slow", 2, MEMBER_PORT, "get", 1, "/1m")
        rows.append(_row("readers that do not read", _settled(bench, name, ACTIVE, "slow", http, ACTIVE, "/1g"), LIMITS_KB["active"]))
        name, http, _ = _fresh(bench, "down", 3, MEMBER_PORT, "get", 1, "/1m")
        rows.append(_row("1 GB down", _largest(bench, name, 2, 2 * GIGABYTE, "get", http, 2, "/1g"), LIMITS_KB["active"]))
        name, http, _ = _fresh(bench, "up", 4, SINK_PORT, "put", 1, 1 << 20)
        rows.append(_row("1 GB up, to a member that pauses", _largest(bench, name, 2, 2 * GIGABYTE, "put", http, 2, GIGABYTE), LIMITS_KB["active"]))
    finally:
        sink.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            sink.wait(5)
    return rows
