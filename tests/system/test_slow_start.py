# SPDX-License-Identifier: Apache-2.0
"""Members that are added to a pool in use, or come back to it, get their share little by little. The shortest time that may be set is 30 s,
so both ways of coming are watched at once."""
import collections
import re
import time

import pytest
from agent import Agent
from lab import MEMBERS
from web import HTTP_PORT, connect

GROWS_S = 30
BEGINNERS_PORT = 8082  # of the server that goes and comes back
TURNS = 60


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_http_member(member, HTTP_PORT)
    return Agent(lab).start()


def ask(lab, port, count):
    """Members that answered so many requests on one connection."""
    seen = collections.Counter()
    with connect(lab, port) as sock:
        for _ in range(count):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
            data = b""
            while not data.endswith(b"}\n"):
                chunk = sock.recv(65536)
                assert chunk, data
                data += chunk
            seen[re.search(rb'"member": "(\w+)"', data)[1].decode()] += 1
    return seen


class Beginner:
    """A member among `others` with its weight, that came at `since`."""

    def __init__(self, lab, port, name, others):
        self.lab, self.port, self.name, self.others, self.since = lab, port, name, others, time.monotonic()

    def expect_growing_share(self):
        """What it takes of TURNS rounds lies between its shares before and after them."""
        begun = time.monotonic() - self.since
        seen = ask(self.lab, self.port, TURNS * self.others)
        ended = time.monotonic() - self.since
        low, high = (min(1, at / GROWS_S) for at in (begun - 1, ended + 1))  # it may have come a little sooner or later
        share = seen[self.name] / ((TURNS * self.others - seen[self.name]) / self.others)
        assert low - 0.05 <= share <= high + 0.05, (begun, ended, seen)
        return share


def test_a_members_share_grows_from_nothing_to_its_weight(lab, agent, service):
    slow = {"slow_start": {"enable": True, "duration": GROWS_S}}
    added = service(protocol="HTTP", weights={"member1": 1, "member2": 1}, member_port=HTTP_PORT)
    server = lab.start_http_member("member2", BEGINNERS_PORT)
    back = service(port=81, protocol="HTTP", weights={"member1": 1}, member_port=HTTP_PORT, monitor={"type": "HTTP"})
    back.add("member2", port=BEGINNERS_PORT)
    back.wait_online(["member2"])
    for made in (added, back):  # those that are there when it is switched on have their share
        agent.set("pool", made.pool, **slow)
    agent.wait_applied()
    assert ask(lab, 80, 20) == {"member1": 10, "member2": 10}
    assert ask(lab, 81, 20) == {"member1": 10, "member2": 10}

    server.end()
    agent.wait_member(back.pool, back.members["member2"], "ERROR")
    agent.wait_applied()
    assert ask(lab, 81, 20) == {"member1": 20}
    lab.start_http_member("member2", BEGINNERS_PORT)
    back.wait_online(["member2"])
    agent.wait_applied()
    returned = Beginner(lab, 81, "member2", 1)
    added.add("member3", port=HTTP_PORT)
    agent.wait_applied()
    new = Beginner(lab, 80, "member3", 2)
    shares = {new: [], returned: []}
    for after in (0, 9, 20):
        time.sleep(max(0, new.since + after - time.monotonic()))
        for beginner, seen in shares.items():
            seen.append(beginner.expect_growing_share())
    for seen in shares.values():
        assert seen[0] < 0.2 < seen[1] < seen[2], shares
    time.sleep(max(0, new.since + GROWS_S + 0.5 - time.monotonic()))
    assert ask(lab, 80, 60) == {"member1": 20, "member2": 20, "member3": 20}, "exactly its share"
    assert ask(lab, 81, 60) == {"member1": 30, "member2": 30}
