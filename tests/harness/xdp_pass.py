# SPDX-License-Identifier: Apache-2.0
"""attach(): an XDP program that passes everything, on one interface of the calling thread's network namespace, pinned.

A veth takes frames that its peer sends by XDP only while its own NAPI runs. "ethtool -K gro on" starts NAPI, which is enough for
redirected frames; but frames of XDP_TX wait in the ring until NAPI is kicked, and the kernel (veth_xdp_flush) kicks only a veth
that has a program of its own. Two instructions by the bpf system call, so that no compiler is needed.
"""
import ctypes
import os
import platform
import socket
import struct

BPF_PROG_LOAD, BPF_OBJ_PIN, BPF_LINK_CREATE = 5, 6, 28
PROG_TYPE_XDP, ATTACH_XDP, FLAGS_DRV_MODE = 6, 37, 4
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PASS = bytes.fromhex("b700000002000000" "9500000000000000")  # r0 = XDP_PASS; exit

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = libc.syscall(SYS_BPF, command, buffer, ctypes.sizeof(buffer))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"bpf command {command}: {os.strerror(ctypes.get_errno())}")
    return result


def attach(interface, pin):
    code, licence = ctypes.create_string_buffer(PASS, len(PASS)), ctypes.create_string_buffer(b"GPL")
    program = bpf(BPF_PROG_LOAD, struct.pack("=IIQQ", PROG_TYPE_XDP, len(PASS) // 8, ctypes.addressof(code), ctypes.addressof(licence)))
    try:
        link = bpf(BPF_LINK_CREATE, struct.pack("=IIII", program, socket.if_nametoindex(interface), ATTACH_XDP, FLAGS_DRV_MODE))
        try:
            path = ctypes.create_string_buffer(os.fsencode(pin))
            bpf(BPF_OBJ_PIN, struct.pack("=QI", ctypes.addressof(path), link))
        finally:
            os.close(link)
    finally:
        os.close(program)
