# SPDX-License-Identifier: Apache-2.0
"""CPU time for a forwarded packet over veth: ours in XDP and in tc mode against nftables. Alternating rounds, and the median of each, so
that one disturbed round does not count."""
import statistics

from .build import BIN, say
from .rows import row
from .veth_lab import VethLab

FLOWS = (1, 16384)
MODES = {"xdp": "veth", "tc": "veth, tc mode"}


def forwarding(arguments):
    figures = {}
    with VethLab() as lab:
        for number in range(arguments.rounds):
            for flows in FLOWS:
                for mode in ("nft", *MODES):
                    result = lab.measure(BIN / "veth_bench", mode, flows, arguments.seconds)
                    say(f"veth round {number + 1}/{arguments.rounds}: {mode} {flows} flows: {result['ns_per_packet']:.0f} ns, "
                        f"{result['packets']} packets, {result['lost']} lost")
                    if result["lost"] * 1000 > result["packets"]:
                        raise SystemExit(f"veth: more than 1 packet of 1,000 was lost ({result}): not a measurement")
                    figures.setdefault((mode, flows), []).append(result["ns_per_packet"])
    rows = []
    for mode, case in MODES.items():
        for flows in FLOWS:
            ours, peer = (statistics.median(figures[which, flows]) for which in (mode, "nft"))
            rows.append(row(f"{case}, {flows} flow{'s' if flows > 1 else ''}", ours, "ns CPU/packet", "nftables DNAT+masquerade", peer, peer / ours))
    return rows
