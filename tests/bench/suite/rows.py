# SPDX-License-Identifier: Apache-2.0
"""Rows, the ratios that they have to reach, and the table. A row: {"case", "value", "unit", "peer", "peer_value", "ratio"}; some have a
second floor ("line_value", "line_ratio")."""

# What each ratio has to be. The figures are ratios because machines differ.
TARGETS = {
    "hit, 1 connection": ("at most", 1.6),
    "hit + TOA": ("at most", 2.6),
    "new connection": ("at most", 17),
    "new connection, whitelist of 1000": ("at most", 18),
    "IPv6 hit, 1 connection / hit, 1 connection": ("at most", 1.3),
    "2 CPUs at once": ("at least", 1.85),
    "veth, 1 flow": ("at least", 5.5),
    "veth, 16384 flows": ("at least", 5),
    "veth, tc mode, 1 flow": ("at least", 1.3),
    "veth, tc mode, 16384 flows": ("at least", 1.3),
    "getpeername, client": ("at most", 1.5),
    "accept, client": ("at most", 1.4),
    "connection, client": ("at most", 1.25),
    "head of 51 B": ("at most", 1.0),
    "head of 663 B": ("at most", 0.7),
    "HTTP, kept alive, 64 connections": ("at most", 0.88),
    "HTTP, kept alive, 512 connections": ("at most", 0.75),
    "HTTP, Connection: close": ("at most", 0.75),
    "HTTPS, kept alive, 64 connections": ("at most", 0.85),
    "HTTPS, a handshake each": ("at most", 0.8),
    "HTTP, 1 MB": ("at most", 0.6),
    "HTTPS, 1 MB": ("at most", 0.78),
    "500 policies, p99": ("at most", 1.05),
    "memory, 10,000 idle, plain": ("at most", 1.0),
    "memory, 10,000 idle, TLS": ("at most", 1.0),
    "memory, readers that do not read": ("at most", 1.0),
    "memory, 1 GB down": ("at most", 1.0),
    "memory, 1 GB up, to a member that pauses": ("at most", 1.0),
    "one member change applied, p99": ("at most", 1),
    "map entries written without a change": ("at most", 0),
    "restart until the API answers": ("at most", 1),
    # --huge
    "hit, 10000000 connections / hit, 1000000 connections": ("at most", 1.3),
    "sweep, 10000000 connections": ("at most", 1),
}

# Packets that wait for memory: against the second floor, which touches the same lines and does nothing else (docs/adr/0030).
LINE_TARGETS = {
    "hit, 65536 connections": 1.5,
    "hit, 524288 connections": 1.5,
    "IPv6 hit, 65536 connections": 1.5,
}


def row(case, value, unit, peer, peer_value, ratio):
    return {"case": case, "value": round(value, 1), "unit": unit, "peer": peer, "peer_value": round(peer_value, 1), "ratio": round(ratio, 2)}


def target_of(entry):
    """("at most", 1.7, met) of a row that has a target, else None."""
    if entry["case"] in LINE_TARGETS and "line_ratio" in entry:
        limit = LINE_TARGETS[entry["case"]]
        return "value/line at most", limit, entry["line_ratio"] <= limit
    if entry["case"] not in TARGETS:
        return None
    sense, limit = TARGETS[entry["case"]]
    return sense, limit, entry["ratio"] <= limit if sense == "at most" else entry["ratio"] >= limit


def print_table(rows):
    columns = ["case", "value", "unit", "peer", "peer_value", "ratio", "line", "value/line", "target"]
    lines = [columns]
    for entry in rows:
        target = target_of(entry)
        note = f"{target[0]} {target[1]}{'' if target[2] else '  MISSED'}" if target else ""
        line = [f"{entry['line_value']:,.1f}", f"{entry['line_ratio']:.2f}"] if "line_value" in entry else ["", ""]
        lines.append([entry["case"], f"{entry['value']:,.1f}", entry["unit"], entry["peer"], f"{entry['peer_value']:,.1f}",
                      f"{entry['ratio']:.2f}", *line, note])
    width = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    right = {1, 4, 5, 6, 7}
    for line in lines:
        print("  ".join(c.rjust(width[i]) if i in right else c.ljust(width[i]) for i, c in enumerate(line)).rstrip())
