# SPDX-License-Identifier: Apache-2.0
"""attach(): makes an interface of a lab a trunk with one VLAN: frames leave it with an 802.1Q tag, and
tagged ones lose it on arrival. Two tc programs of a few instructions, since a kernel may lack VLAN interfaces (VLAN_8021Q); the interface
must not take the tag for its card to write ("ethtool -K ... txvlan off"), or the other end's XDP program would not see it."""
import ctypes
import os
import struct

import xdp_pass

PROG_TYPE_SCHED_CLS = 3
# r1, the frame, is there from the start. r2 = the tag's type in network order; r3 = VLAN; bpf_skb_vlan_push; return 0 (TC_ACT_OK)
PUSH = "b702000081000000" "b7030000{vlan:02x}000000" "8500000012000000"
POP = "8500000013000000"  # bpf_skb_vlan_pop: nothing happens to a frame without a tag
RETURN = "b700000000000000" "9500000000000000"


def _load(text, pin):
    code = bytes.fromhex(text)
    buffer, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"GPL")
    program = xdp_pass.bpf(xdp_pass.BPF_PROG_LOAD,
                           struct.pack("=IIQQ", PROG_TYPE_SCHED_CLS, len(code) // 8, ctypes.addressof(buffer), ctypes.addressof(licence)))
    try:
        path = ctypes.create_string_buffer(os.fsencode(pin))
        xdp_pass.bpf(xdp_pass.BPF_OBJ_PIN, struct.pack("=QI", ctypes.addressof(path), program))
    finally:
        os.close(program)


def attach(lab, role, interface, vlan):
    """vlan: 1 to 255."""
    for direction, text in (("egress", PUSH.format(vlan=vlan)), ("ingress", POP)):
        pin = lab.bpffs / f"{role}-trunk-{direction}"
        _load(text + RETURN, pin)
        if direction == "egress":
            lab.run(role, "tc", "qdisc", "add", "dev", interface, "clsact")
        lab.run(role, "tc", "filter", "add", "dev", interface, direction, "bpf", "direct-action", "object-pinned", pin)
    lab.run(role, "ethtool", "-K", interface, "txvlan", "off")
