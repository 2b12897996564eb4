# SPDX-License-Identifier: Apache-2.0
# Shows: CA-02, CA-04.
"""Members that are told the client: nginx and Python's own HTTP server, unchanged, behind elb-toa. Both see a local address of the
balancer without it. Then the twin's own life: what it says, what it refuses, what outlives what."""
import contextlib
import http.client
import pathlib
import re
import socket
import subprocess

import pytest
from agent import BUILD, Agent
from lab import CLIENTS, MEMBERS, VIP, run, wait_until

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
ELB_TOA = BUILD / "bin" / "elb-toa"
HARNESS = BUILD / "bin" / "tests" / "vm" / "toa_harness"
CLIENT = CLIENTS["client1"]
LOCAL = re.compile(r"^100\.125\.\d+\.\d+$")
NGINX = """
daemon off; master_process off; user root;
pid {dir}/nginx.pid; error_log stderr;
events {{}}
http {{
  log_format peer "peer $remote_addr $remote_port";
  access_log {dir}/access.log peer;
  client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir}; uwsgi_temp_path {dir}; scgi_temp_path {dir};
  server {{ listen 8080; return 200 "$remote_addr\\n"; }}
}}
"""


class Twin:
    """elb-toa for the cgroup of the members' processes, with pins of the lab's own."""

    def __init__(self, lab):
        self.cgroup = lab.cgroup("members")
        self.pins = lab.bpffs / "toa"

    def run(self, *words, check=True):
        return run(ELB_TOA, *words, "--pin-dir", self.pins, check=check)

    def load(self, *words):
        return self.run("load", "--cgroup", self.cgroup, *words)

    def unload(self):
        return self.run("unload", check=False)

    def stats(self):
        return {name: int(value) for name, value in (line.split() for line in self.run("stats").stdout.splitlines())}


@pytest.fixture(scope="module")
def agent(lab):
    return Agent(lab).start()


@pytest.fixture(scope="module")
def made(lab):
    return Twin(lab)


@pytest.fixture
def twin(made):
    made.load()
    yield made
    made.unload()


@pytest.fixture(scope="module")
def logs(lab, made):
    """The access logs of the two servers, by the member's name; both run in the cgroup, before the twin is loaded."""
    directory = lab.dir / "nginx"
    directory.mkdir()
    (directory / "nginx.conf").write_text(NGINX.format(dir=directory), encoding="utf-8")
    lab.spawn("member1", "/usr/sbin/nginx", "-c", directory / "nginx.conf", cgroup=made.cgroup)
    python = lab.spawn("member2", "/usr/bin/python3", "-u", "-m", "http.server", "8080", "--directory", directory, name="http.server", cgroup=made.cgroup)
    for member in ("member1", "member2"):
        lab.wait_port(member, MEMBERS[member], 8080)
    return {"member1": directory / "access.log", "member2": python.log}


def get(lab, client="client1"):
    """One request over a connection of its own; (source port, first line of the answer)."""
    with contextlib.closing(lab.socket(client)) as sock:
        sock.settimeout(5)
        sock.connect((VIP, 80))
        port = sock.getsockname()[1]
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        return port, answer.read().decode().strip()


def peers(log):
    """[(address, port or None)] that a server logged."""
    found = re.findall(r"^(?:peer (\S+) (\d+)|(\d\S+) - - \[)", log.read_text(encoding="utf-8"), re.MULTILINE)
    return [(nginx or python, int(port) if port else None) for nginx, port, python in found]


def new_peers(lab, logs, requests=4):
    """What each server logs of as many requests, taken in turn; and the source ports that the client used."""
    before = {member: len(peers(log)) for member, log in logs.items()}
    ports = [get(lab)[0] for _ in range(requests)]
    wait_until(lambda: all(len(peers(log)) - before[member] == requests // 2 for member, log in logs.items()), 5, "the servers log the requests")
    return {member: peers(log)[before[member]:] for member, log in logs.items()}, ports


@pytest.fixture
def web(lab, agent, service, logs):
    made = service(weights={"member1": 1, "member2": 1}, monitor={}, toa=True)
    made.wait_online(["member1", "member2"])
    return made


def test_CA_02_nginx_and_python_log_the_client(lab, web, twin, logs):
    seen, ports = new_peers(lab, logs)
    assert [address for address, _ in seen["member1"]] == [CLIENT, CLIENT]
    assert [address for address, _ in seen["member2"]] == [CLIENT, CLIENT]
    assert {port for _, port in seen["member1"]} < set(ports), "nginx has the client's port as well"
    stats = twin.stats()
    assert stats["syn_recv_sock_toa"] == 4 and stats["getname_toa_ok"] >= 4 and stats["untrusted_dropped"] == 0


def test_CA_02_without_the_twin_they_log_the_balancer(lab, web, logs):
    seen, _ = new_peers(lab, logs)
    assert all(LOCAL.match(address) for log in seen.values() for address, _ in log), seen


def test_CA_02_without_the_listeners_switch_they_log_the_balancer(lab, agent, web, twin, logs):
    agent.set("listener", web.listener, toa=False)
    agent.wait_applied()
    seen, _ = new_peers(lab, logs)
    assert all(LOCAL.match(address) for log in seen.values() for address, _ in log), seen
    assert twin.stats()["syn_recv_sock_toa"] == 0 and twin.stats()["syn_recv_sock_no_toa"] >= 4


def test_CA_02_servers_outside_the_cgroup_are_left_alone(lab, web, twin):
    lab.start_member("member3")
    web.add("member3")
    web.wait_online(["member3"])
    lines = []
    for _ in range(3):
        with contextlib.closing(lab.socket("client1")) as sock:
            sock.settimeout(2)
            sock.connect((VIP, 80))
            with contextlib.suppress(socket.timeout):  # the HTTP servers wait for a request, member3 greets
                lines.append(sock.recv(200).decode())
    lab.kill_member("member3")
    assert len(lines) == 1 and "member3" in lines[0] and "100.125." in lines[0], lines


def test_CA_02_a_change_of_whom_to_trust_needs_no_restart(lab, web, twin, logs):
    twin.load("--trusted", "100.126.0.0/16,fd00::/8")
    seen, _ = new_peers(lab, logs)
    assert all(LOCAL.match(address) for log in seen.values() for address, _ in log), seen
    assert twin.stats()["untrusted_dropped"] == 4
    twin.load("--trusted", "100.125.0.0/24")
    seen, _ = new_peers(lab, logs)
    assert all(address == CLIENT for log in seen.values() for address, _ in log), seen
    assert [line.split()[1] for line in twin.run("status").stdout.splitlines() if line.startswith("trusted")] == ["100.125.0.0/24"]


ASKED = """
import socket, sys
listening = socket.create_server(("", 8080))
connection, peer = listening.accept()
print(peer[0], flush=True)
for _ in sys.stdin:
    print(connection.getpeername()[0], flush=True)
"""


def test_CA_02_an_open_connection_keeps_its_client_over_a_reload_and_loses_it_with_the_twin(lab, service, made, twin):
    service(port=81, weights={"member3": 1}, toa=True)
    argv = [*lab.enter("member3"), "/usr/bin/python3", "-c", ASKED]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          preexec_fn=lambda: (made.cgroup / "cgroup.procs").write_text("0")) as server:
        def ask():
            server.stdin.write("\n")
            server.stdin.flush()
            return server.stdout.readline().strip()
        wait_until(lambda: ":1F90" in lab.run("member3", "cat", "/proc/net/tcp").stdout, 5, "the server listens")
        with contextlib.closing(lab.socket("client1")) as sock:
            sock.settimeout(5)
            sock.connect((VIP, 81))
            assert server.stdout.readline().strip() == CLIENT, "accept()"
            assert ask() == CLIENT
            made.load("--trusted", "192.0.2.0/24")
            assert ask() == CLIENT, "what was believed when it was accepted stays"
            made.unload()
            assert LOCAL.match(ask())
        server.stdin.close()


def test_CA_02_the_harness_passes_on_this_kernel(made, lab):
    """tests/toa, which the emulated machines run on other kernels (tests/vm/toa), in a network namespace and the members' cgroup. kTLS and
    KCM are left to those: not every kernel has them."""
    made.unload()
    twin = f"{ELB_TOA} %s --pin-dir {made.pins}"
    load = twin % "load" + f" --cgroup {made.cgroup} --trusted 100.125.0.0/16,fd64:125::/32"
    done = subprocess.run(["unshare", "--net", HARNESS, "--expect", "twin", "--load", load, "--unload", twin % "unload", "--stats", twin % "stats",
                           "--connections", "5000", "--strangers", "1000", "--cycles", "4", "--gtest_filter=-ToaModule.*:*.KernelTls:*.KernelConnection*:ToaCost.*"],
                          capture_output=True, text=True, check=False, preexec_fn=lambda: (made.cgroup / "cgroup.procs").write_text("0"))
    (lab.log_dir / "harness.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if "FAILED" in line or "Failure" in line)
    assert int(re.search(r"PASSED  \] (\d+) tests", done.stdout)[1]) >= 60


def test_CA_02_status_and_exit_codes_tell_what_is_loaded(lab, made):
    made.unload()
    for words in ("status", "stats", "unload"):
        refused = made.run(words, check=False)
        assert refused.returncode == 3 and "not loaded" in refused.stderr, words
    assert "loaded" in made.load().stdout
    assert "updated" in made.load().stdout
    told = made.run("status").stdout
    assert told.count(str(made.cgroup)) == 3 and "100.125.0.0/16" in told and str(made.pins) in told
    (made.pins / "elb_toa_peer4").unlink()
    half = made.run("status", check=False)
    assert half.returncode == 3 and "elb_toa_peer4 on missing" in half.stdout
    made.load()
    assert made.run("status").returncode == 0
    assert made.unload().returncode == 0 and not made.pins.exists()


def test_CA_02_another_cgroup_takes_over(lab, made, twin):
    other = lab.cgroup("others")
    twin.run("load", "--cgroup", other)
    assert twin.run("status").stdout.count(str(other)) == 3
    other.rmdir()
    wait_until(lambda: twin.run("status", check=False).stdout.count("its cgroup was removed") == 3, 10, "the kernel detaches from a cgroup that is gone")
    assert twin.run("status", check=False).returncode == 3
    twin.load()
    assert twin.run("status").stdout.count(str(made.cgroup)) == 3


@pytest.mark.parametrize("words, says", [
    (["--trusted", "100.125.0.0/33"], "trusted[0]"),
    (["--trusted", "100.125.0.0/16,here"], "trusted[1]"),
    (["--cgroup", "/tmp"], "cgroup2"),
    (["--cgroup", "/nonexistent"], "/nonexistent"),
])
def test_CA_02_what_cannot_be_is_refused_with_its_name(made, words, says):
    refused = made.run("load", *words, check=False)
    assert refused.returncode == 2 and says in refused.stderr
    assert not made.pins.exists()


def test_CA_02_what_the_host_lacks_is_named_with_a_remedy(made, lab):
    elsewhere = run(ELB_TOA, "load", "--cgroup", made.cgroup, "--pin-dir", lab.dir / "toa", check=False)
    assert elsewhere.returncode == 1 and "mount -t bpf" in elsewhere.stderr
    for number, name in ((12, "CAP_NET_ADMIN"), (38, "CAP_PERFMON"), (39, "CAP_BPF")):
        held = ",".join(f"+cap_{one}" for one in (12, 38, 39) if one != number)
        refused = run("setpriv", f"--bounding-set=-all,{held}", f"--inh-caps=-all,{held}", ELB_TOA, "load", "--cgroup", made.cgroup, "--pin-dir", made.pins,
                      check=False)
        assert refused.returncode == 1 and f"lacks {name}:" in refused.stderr, refused.stderr
    mounts = "mount -t tmpfs none /sys/fs/cgroup && exec "  # hides every cgroup2 from the command
    alone = run("unshare", "--mount", "sh", "-c", f"{mounts}{ELB_TOA} load --pin-dir {made.pins}", check=False)
    assert alone.returncode == 1 and "mount -t cgroup2" in alone.stderr, alone.stdout + alone.stderr


def test_CA_02_the_units_capabilities_are_enough(made):
    unit = (PACKAGING / "elb-toa.service.in").read_text(encoding="utf-8")
    names = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE)[1].split()
    numbers = {"CAP_NET_ADMIN": 12, "CAP_PERFMON": 38, "CAP_BPF": 39}
    held = ",".join(f"+cap_{numbers[name]}" for name in names)
    for words in (["load", "--cgroup", made.cgroup], ["status"], ["stats"], ["unload"]):
        run("setpriv", f"--bounding-set=-all,{held}", f"--inh-caps=-all,{held}", ELB_TOA, *words, "--pin-dir", made.pins)


def test_CA_02_maps_of_another_version_are_not_touched(made):
    made.pins.mkdir()
    run("bpftool", "map", "create", made.pins / "clients", "type", "hash", "key", "4", "value", "4", "entries", "1", "name", "clients")
    refused = made.run("load", "--cgroup", made.cgroup, check=False)
    assert refused.returncode == 1 and "another version" in refused.stderr and "elb-toa unload" in refused.stderr
    assert (made.pins / "clients").exists()
    assert made.unload().returncode == 0 and not made.pins.exists()
