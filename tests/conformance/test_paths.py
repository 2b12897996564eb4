# SPDX-License-Identifier: Apache-2.0
# Shows: S7.
"""One path, one meaning: over a generated set of targets what a member gets is what its route was chosen by, as a second normaliser,
written from the rules alone (docs/adr/0017), reads it."""
import random
import re
import urllib.parse

import pytest
from agent import LBAAS
from lab import MEMBERS
from wire import RAW_PORT, Asker, RawMember

TARGETS = 20_000
PLAIN = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@")
UNRESERVED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
PIECES = ["admin", "ADMIN", "%61dmin", "adm%69n", "admin%2e", "%41dmin", "admin;x", "admin%2Fx", "admin.", "admin%00",
          "exact", "exact", "exact", "exac%74", "%65xact", "Exact", "a", "b.c",
          "files", "files", "f%69les", "7", "42", "%34%32", "..", "..", ".", ";x", "%3bx", "%2e%2e", "%2E.", ".%2e", "%2e", "...", "..;", "..;x=y",
          ".;", "%2e%2e%3b", "", "", ";", "%2f", "%2F..", "..%2f", "x%2fy", "%5c", "..%5c", "\\", "%c3%bc", "%C3%BC", "%c0%af", "%c0%ae", "%e0%80%af", "%ed%a0%80", "%fc", "%e2%82",
          "%25", "%252e%252e", "%252f", "%20", "a%20b", "~", "%7E", "a|b", "<x>", "\"", "{}",
          "^", "`", "[1]", "'", "(x)", "*", "+", ",", "=", ":", "@", "!", "$&", "%", "%4", "%zz", "%u002e", "#", "\xfc", "%0d%0a", "%09", "%7f"]
PREFIXES = [""] * 12 + ["http://a", "HTTP://a", "hTTp://A", "http://a:80", "HtTp://a:"]
QUERIES = [""] * 6 + ["?", "?a=b", "?../admin", "?/admin", "?%00", "?a?b", "?%zz", "?;", "?<>"]
RULES = [("EQUAL_TO", "/exact", "member3"), ("STARTS_WITH", "/admin", "member2"), ("REGEX", "/files/[0-9]+", "member3")]


def hides_dots(segment):
    pieces = (piece.replace("%3B", ";").split(";")[0] for piece in segment.split("%2F"))
    return any(piece in (".", "..") for piece in pieces)


def normal(target):
    """Path and query as a member is to get them; None: to be refused."""
    path, mark, query = target.partition("?")
    if not all("!" <= char <= "~" and char != "#" for char in target) or "%" in ESCAPE.sub("", path):
        return None
    data = urllib.parse.unquote_to_bytes(path)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if b"\0" in data or b"\\" in data:
        return None
    path = ESCAPE.sub(lambda found: chr(int(found[1], 16)) if chr(int(found[1], 16)) in UNRESERVED else found[0].upper(), path or "/")
    path = "".join(char if char in PLAIN or char in "/%" else f"%{ord(char):02X}" for char in path)
    result = "/"
    segments = path[1:].split("/")
    for at, segment in enumerate(segments):
        if segment == "..":
            if result == "/":
                return None
            result = result[:-1].rsplit("/", 1)[0] + "/"
        elif segment not in (".", "") and hides_dots(segment):
            return None
        elif segment.startswith((";", "%3B")) and (at + 1 < len(segments) or "%2F" in segment):
            return None
        elif segment not in (".", ""):
            result += segment + ("/" if at + 1 < len(segments) else "")
    return result + mark + query


def member_for(forwarded):
    path = forwarded.partition("?")[0]
    if path == "/exact":
        return "member3"
    if path.startswith("/admin"):
        return "member2"
    return "member3" if re.fullmatch("/files/[0-9]+", path) else "member1"


def generated(count):
    chosen = random.Random(7)
    made = set()
    while len(made) < count:
        path = "".join("/" + piece for piece in chosen.choices(PIECES, k=chosen.choice((1, 1, 2, 2, 3, 4, 5))))
        made.add((chosen.choice(PREFIXES), path + chosen.choice(QUERIES)))
    return sorted(made)


@pytest.fixture(scope="module")
def members(lab, agent):
    made = [RawMember(lab, role) for role in MEMBERS]
    service = agent.service(protocol="HTTP", weights={"member1": 1}, member_port=RAW_PORT)
    for compare, value, member in RULES:
        pool = agent.create("pool", loadbalancer_id=service.lb, protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
        agent.create("member", pool=pool, address=MEMBERS[member], protocol_port=RAW_PORT)
        policy = agent.create("l7policy", listener_id=service.listener, action="REDIRECT_TO_POOL", redirect_pool_id=pool)["id"]
        agent.api("POST", f"{LBAAS}/l7policies/{policy}/rules", {"rule": {"type": "PATH", "compare_type": compare, "value": value}})
    agent.wait_applied()
    yield made
    for member in made:
        member.close()


def test_S7_the_member_gets_what_the_route_was_chosen_by(lab, members):
    asker = Asker(lab)
    wrong, passed, by_member = [], 0, dict.fromkeys(MEMBERS, 0)
    for prefix, target in generated(TARGETS):
        wanted = normal(target)
        status, headers, forwarded = asker.ask(f"GET {prefix}{target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1"))
        if wanted is None:
            got, expected = status, 400
        else:
            passed += 1
            got, expected = (status, headers.get("x-member"), forwarded), (200, member_for(wanted), wanted)
            by_member[member_for(wanted)] += 1
            assert normal(wanted) == wanted, "what is normal stays"
        if got != expected:
            wrong.append((prefix + target, got, expected))
    asker.close()
    assert not wrong, (len(wrong), wrong[:10])
    assert TARGETS / 5 < passed < TARGETS * 4 / 5, "both kinds are many"
    assert min(by_member.values()) > 100, by_member
