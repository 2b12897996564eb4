# SPDX-License-Identifier: Apache-2.0
"""Suite toa: what elb-toa adds to a member's accept() and getpeername(). Rounds alternate between a member without it, with it and
connections that bring no client, and with it and a client; the best round of each, since whatever disturbs one only adds."""
import json
import os
import pathlib
import subprocess
import sys

CONNECTIONS = 3000
STATES = {"without": ("option", False), "no client": ("plain", True), "client": ("option", True)}


def cgroup2():
    for line in pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        if line.split()[2] == "cgroup2":
            return pathlib.Path(line.split()[1])
    raise SystemExit("toa: no cgroup2 is mounted: mkdir -p /run/cgroup2 && mount -t cgroup2 none /run/cgroup2")


def measure(binaries, cgroup, pins, option, loaded):
    """One run of toa_bench in a network namespace and the cgroup, and the figures it prints."""
    if loaded:
        subprocess.run([binaries / "elb-toa", "load", "--cgroup", cgroup, "--pin-dir", pins], check=True, stdout=subprocess.DEVNULL)
    try:
        done = subprocess.run(["unshare", "--net", binaries / "bench/toa_bench", option, str(CONNECTIONS)], check=True, text=True, capture_output=True,
                              preexec_fn=lambda: (cgroup / "cgroup.procs").write_text(str(os.getpid())))
    finally:
        if loaded:
            subprocess.run([binaries / "elb-toa", "unload", "--pin-dir", pins], check=True, stdout=subprocess.DEVNULL)
    figures = json.loads(done.stdout)
    told = figures.pop("port") == 4711
    if told != (loaded and option == "option"):
        raise SystemExit(f"toa: the client was {'' if told else 'not '}seen with {option}, elb-toa {'on' if loaded else 'off'}: not a measurement")
    return figures


def members(binaries, rounds):
    cgroup, pins = cgroup2() / f"elb-bench-{os.getpid()}", pathlib.Path(f"/sys/fs/bpf/elb-bench-{os.getpid()}")
    cgroup.mkdir()
    figures = {}
    try:
        for number in range(rounds):
            for state, (option, loaded) in STATES.items():
                one = measure(binaries, cgroup, pins, option, loaded)
                print(f"  toa round {number + 1}/{rounds}: {state}: {one}", file=sys.stderr)
                for call, value in one.items():
                    figures.setdefault((call, state), []).append(value)
    finally:
        cgroup.rmdir()
    found = []
    for call in ("getpeername", "accept", "connection"):
        peer = min(figures[call, "without"])
        for state in ("no client", "client"):
            value = min(figures[call, state])
            found.append({"case": f"{call}, {state}", "value": round(value, 1), "unit": "ns CPU", "peer": "without elb-toa", "peer_value": round(peer, 1),
                          "ratio": round(value / peer, 2)})
    return found
