# SPDX-License-Identifier: Apache-2.0
# Shows: AC-07, GEN-03, GEN-09, LS-11, LS-14, LS-17, MB-06, NET-01, PL-04, PL-08.
"""Programs that people run, as members and as clients, in XDP and in tc mode: curl and nginx (over IPv4, IPv6 and from one to the other),
HAProxy on either side of the balancer, iperf3, dnsmasq and dig. In tc mode the hosts leave checksums and segments to their cards."""
import collections
import ipaddress
import pathlib
import random

import programs
import pytest
from agent import Agent
from lab import CLIENTS, MEMBER_PORT, MEMBERS, MEMBERS6, VIP, VIP6, Lab, wait_until
from programs import curl, curl_end, sha256, start_curl

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = [ipaddress.ip_network(text) for text in ("100.125.0.0/24", "fd00:100:125::/112")]
SIZES = {"small": 1000, "medium": 10_000_000, "large": 50_000_000}
BOTH = {"member1": 1, "member2": 1}


@pytest.fixture(scope="module", params=["xdp", "tc"])
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def lab(mode):
    with Lab(log_dir=ROOT / "build" / "test-results" / "system" / f"test_programs_{mode}") as made:
        made.add_ipv6()
        if mode == "tc":
            for host in (*CLIENTS, *MEMBERS):
                made.run(host, "ethtool", "-K", "eth0", "tx", "on", "tso", "on", "gso", "on")
        yield made


@pytest.fixture(scope="module")
def files(lab):
    """Their paths by name: what nginx serves."""
    made = {}
    (lab.dir / "www").mkdir()
    for name, size in SIZES.items():
        made[name] = lab.dir / "www" / name
        made[name].write_bytes(random.Random(size).randbytes(size))
    return made


@pytest.fixture(scope="module")
def uploads(lab, files):
    """nginx on every member; where each keeps what it was given."""
    return {member: programs.nginx(lab, member, files["small"].parent) for member in MEMBERS}


@pytest.fixture(scope="module")
def agent(lab, uploads, mode):
    return Agent(lab, mode=mode, ipv6=True).start()


def url(name, vip=VIP, port=80):
    return f"http://[{vip}]:{port}/{name}" if ":" in vip else f"http://{vip}:{port}/{name}"


def fetch(lab, client, name, files, *args, vip=VIP, port=80):
    """Downloads the file, compares it, returns curl's report."""
    got = lab.dir / f"got-{client}"
    [report] = curl(lab, client, "-o", got, *args, url(name, vip, port))
    assert (report["code"], sha256(got)) == ("200", sha256(files[name]))
    return report


def put(lab, client, name, files, uploads, vip=VIP, port=80):
    [report] = curl(lab, client, "-T", files[name], url(f"up/{client}-{name}", vip, port))
    assert report["code"] in ("201", "204")
    kept = uploads[report["member"]] / f"{client}-{name}"
    assert sha256(kept) == sha256(files[name])
    kept.unlink()


def shares(reports):
    return dict(collections.Counter(report["member"] for report in reports))


def spread(found, wanted):
    """All of them, as the weights say, but for a few clients' ports that came again and found their last connection's entry."""
    return sum(found.values()) == sum(wanted.values()) and all(abs(found.get(member, 0) - count) <= 3 for member, count in wanted.items())


def test_LS_11_LS_17_files_of_any_size_both_ways(lab, service, files, uploads):
    service(weights=BOTH)
    for name in SIZES:
        report = fetch(lab, "client1", name, files)
        assert ipaddress.ip_address(report["source"]) in LOCAL[0]
    put(lab, "client1", "large", files, uploads)


def test_LS_14_persistent_and_short_connections(lab, service):
    service(weights={"member1": 1, "member2": 3})
    kept = curl(lab, "client1", "-o", "/dev/null", url("small?[1-100]"))
    assert len(kept) == 100 and sum(report["connects"] for report in kept) == 1
    assert len(shares(kept)) == 1, "requests of one connection have one member"
    short = curl(lab, "client1", "-o", "/dev/null", "-H", "Connection: close", url("small?[1-100]"))
    assert [report["connects"] for report in short] == [1] * 100
    assert spread(shares(short), {"member1": 25, "member2": 75}), shares(short)


def test_PL_04_many_at_once(lab, service):
    service(weights=dict.fromkeys(MEMBERS, 1))
    parallel = ("--parallel", "--parallel-immediate", "--parallel-max", 40, "-H", "Connection: close", "-o", "/dev/null")
    running = [start_curl(lab, client, *parallel, url("small?[1-300]")) for client in CLIENTS]
    reports = [report for process in running for report in curl_end(process)]
    assert {report["code"] for report in reports} == {"200"} and len(reports) == 600
    assert spread(shares(reports), dict.fromkeys(MEMBERS, 200)), shares(reports)


@pytest.mark.parametrize("family", ["IPv6", "IPv4"])
def test_an_ipv6_client_and_members_of(lab, agent, service, files, uploads, family):
    made = service(vip=VIP6, monitor={})
    for member in BOTH:
        made.add(member, address=(MEMBERS6 if family == "IPv6" else MEMBERS)[member])
    made.wait_online(BOTH)
    for name in ("small", "medium"):
        report = fetch(lab, "client1", name, files, vip=VIP6)
        assert ipaddress.ip_address(report["source"]) in LOCAL[family == "IPv6"]
    put(lab, "client1", "medium", files, uploads, vip=VIP6)
    parallel = ("--parallel", "--parallel-max", 20, "-H", "Connection: close", "-o", "/dev/null")
    reports = curl(lab, "client2", *parallel, url("small?[1-100]", VIP6))
    assert spread(shares(reports), {"member1": 50, "member2": 50}), shares(reports)


@pytest.mark.parametrize("family", ["IPv6", "IPv4"])
def test_GEN_03_MB_06_an_ipv6_client_is_told_when_nobody_serves(lab, service, family):
    made = service(vip=VIP6, monitor={})
    made.add("member1", address=(MEMBERS6 if family == "IPv6" else MEMBERS)["member1"])
    made.wait_online(["member1"])
    got = lab.dir / f"told-{family}"
    running = start_curl(lab, "client1", "-o", got, url("slow/medium", VIP6))
    wait_until(lambda: got.exists() and got.stat().st_size > 0, 5, "client1 fetches")
    made.remove("member1")
    curl_end(running, code=56)  # reset
    curl_end(start_curl(lab, "client1", "-o", "/dev/null", "--connect-timeout", 3, url("small", VIP6)), code=7)  # refused


def test_haproxy_as_a_member(lab, service, files, uploads):
    """client - balancer - HAProxy on member3 - nginx on member1 and member2."""
    with programs.HAProxy(lab, "member3", 8081, {member: f"{MEMBERS[member]}:{MEMBER_PORT}" for member in BOTH}):
        service(monitor={}, weights={"member3": 1}, member_port=8081)
        assert fetch(lab, "client1", "medium", files)["source"] == MEMBERS["member3"]
        put(lab, "client1", "medium", files, uploads)
        reports = curl(lab, "client2", "-o", "/dev/null", "-H", "Connection: close", url("small?[1-60]"))
        assert spread(shares(reports), {"member1": 30, "member2": 30}), "HAProxy's turns, the checks of it included"


def test_PL_08_haproxy_in_front_of_the_balancer(lab, agent, service, files):
    """client1 - HAProxy on client2, which checks the VIP - balancer - nginx."""
    made = service(weights=BOTH)
    checks = "check inter 100ms fastinter 100ms downinter 100ms fall 2 rise 2"
    with programs.HAProxy(lab, "client2", 8000, {"vip": f"{VIP}:80 {checks}"}) as front:
        by_front = {"vip": CLIENTS["client2"], "port": 8000}
        front.wait_state("vip", "UP")
        fetch(lab, "client1", "medium", files, **by_front)
        reports = curl(lab, "client1", "-o", "/dev/null", "-H", "Connection: close", url("small?[1-60]", **by_front))
        assert {report["code"] for report in reports} == {"200"} and set(shares(reports)) == set(BOTH)
        for member in BOTH:
            made.remove(member)
        front.wait_state("vip", "DOWN")  # GEN-03: connections are reset
        made.add("member1")
        front.wait_state("vip", "UP")
        assert shares(curl(lab, "client1", "-o", "/dev/null", url("small", **by_front))) == {"member1": 1}


def test_GEN_09_MB_06_a_member_goes_while_files_are_fetched(lab, agent, service, files):
    made = service(weights=BOTH)
    running = {}
    for number in range(10):
        if len(running) == 2:
            break
        got, head = lab.dir / f"got-{number}", lab.dir / f"head-{number}"
        process = start_curl(lab, "client1", "-o", got, "-D", head, url("slow/medium"))
        wait_until(lambda head=head: head.exists() and "X-Member" in head.read_text(), 5, "an answer's head")
        member = next(line.split()[1] for line in head.read_text().splitlines() if line.startswith("X-Member"))
        if member in running:
            process.end()
        else:
            running[member] = (process, got)
    assert set(running) == set(BOTH)
    made.remove("member2")
    agent.wait_applied()
    reports = curl(lab, "client2", "-o", "/dev/null", "-H", "Connection: close", url("small?[1-50]"))
    assert shares(reports) == {"member1": 50}
    curl_end(running["member2"][0], code=56)  # reset: within a second or so, not at the end of the file
    assert running["member1"][0].running(), "the other one is still at it"
    curl_end(running["member1"][0])
    assert sha256(running["member1"][1]) == sha256(files["medium"])
    made.add("member2")
    agent.wait_applied()
    reports = curl(lab, "client2", "-o", "/dev/null", "-H", "Connection: close", url("small?[1-50]"))
    assert spread(shares(reports), {"member1": 25, "member2": 25}), shares(reports)


def test_AC_07_a_whitelist_comes_while_files_are_fetched(lab, agent, service, files):
    made = service(weights=BOTH)
    running = {client: start_curl(lab, client, "-o", lab.dir / client, url("slow/medium")) for client in CLIENTS}
    for client in CLIENTS:
        wait_until(lambda path=lab.dir / client: path.exists() and path.stat().st_size > 0, 5, f"{client} fetches")
    agent.create("whitelist", listener_id=made.listener, enable_whitelist=True, whitelist=CLIENTS["client1"])
    curl_end(running["client2"], code=56)
    refused = start_curl(lab, "client2", "-o", "/dev/null", "--connect-timeout", 1, url("small"))
    curl_end(refused, code=28)
    curl_end(running["client1"])
    assert sha256(lab.dir / "client1") == sha256(files["medium"])
    assert fetch(lab, "client1", "small", files)["code"] == "200"


def test_iperf3(lab, agent, service):
    """Its control connection and its data must reach the same server: TCP by stickiness, UDP by having one member only."""
    for member in BOTH:
        programs.iperf_server(lab, member, 5201)
    made = service(port=5201, weights=BOTH, member_port=5201)
    agent.set("pool", made.pool, session_persistence={"type": "SOURCE_IP", "persistence_timeout": 1})
    agent.wait_applied()
    before = agent.drops()
    for direction in ((), ("-R",)):
        end = programs.iperf(lab, "client1", "-c", VIP, "-t", 1, "-P", 4, *direction)
        assert len(end["streams"]) == 4
        assert end["sum_received"]["bytes"] >= 5_000_000
        segments = end["sum_sent"]["bytes"] / 1448
        assert end["sum_sent"]["retransmits"] <= segments / 5, end["sum_sent"]  # four streams fill every queue on the way
    one = service(port=5202, weights={"member1": 1}, member_port=5201)
    udp = service(port=5202, protocol="UDP", weights={"member1": 1}, member_port=5201, load_balancer=one.lb)
    for direction in ((), ("-R",)):
        end = programs.iperf(lab, "client2", "-c", VIP, "-p", 5202, "-u", "-b", "10M", "-t", 1, "-l", 1400, *direction)["sum"]
        assert end["packets"] > 500
        assert end["lost_packets"] <= end["packets"] / 10, end  # by the ends, on a busy machine; the balancer's own losses are below
    stats = agent.api("GET", f"/v2.0/lbaas/listeners/{udp.listener}/stats")["stats"]
    assert min(stats["bytes_in"], stats["bytes_out"]) > 500 * 1400, stats
    lost = {reason: count - before[reason] for reason, count in agent.drops().items() if count != before[reason]}
    assert not set(lost) - {"pass_other", "arp_answered", "not_syn", "stray_reply", "reset_sent"}, lost


def test_LS_11_PL_04_dns_by_udp_and_tcp(lab, agent, service):
    text = "".join(random.Random(1).choices("abcdefghijklmnop", k=200))
    long = [f"txt-record=long.test,{number}{text}" for number in range(10, 30)]  # 4 KB: three fragments
    for member, address in MEMBERS.items():
        programs.dnsmasq(lab, member, [f"txt-record=whoami.test,{member}", f"host-record=www.test,{address}", *long])
    weights = {"member1": 1, "member2": 2, "member3": 5}
    udp = service(port=53, protocol="UDP", weights=weights, member_port=53)
    service(port=53, weights=weights, member_port=53, load_balancer=udp.lb)
    queries = lab.dir / "queries"
    queries.write_text("whoami.test TXT\n" * 200)
    for transport in ("+notcp", "+tcp"):
        answers = collections.Counter(programs.dig(lab, "client1", VIP, transport, "-f", queries))
        assert spread(answers, {"member1": 25, "member2": 50, "member3": 125}), answers
        [address] = programs.dig(lab, "client1", VIP, transport, "www.test", "A")
        assert address in MEMBERS.values()
    wanted = sorted(f"{number}{text}" for number in range(10, 30))
    for words in (("+notcp", "+bufsize=8000", "+ignore"), ("+tcp",), ("+bufsize=512",)):  # fragments; TCP; cut short, then TCP
        for client in CLIENTS:
            assert sorted(programs.dig(lab, client, VIP, *words, "long.test", "TXT")) == wanted
