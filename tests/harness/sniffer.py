# SPDX-License-Identifier: Apache-2.0
"""Sniffer: the IPv4 packets of one interface, decoded as far as the system tests look at them."""
import collections
import contextlib
import socket
import struct
import threading
import time

ETH_P_ALL = 3
OUTGOING = 4
SO_TIMESTAMPNS = 35  # <asm/socket.h>; Python has no name for it
FIN, SYN, RST, ACK = 1, 2, 4, 16

Packet = collections.namedtuple("Packet", "at outgoing source source_port dest dest_port protocol seq ack flags ttl")


def kernel_time(ancillary):
    """When the kernel saw the packet, in ns: comparable between interfaces, however late this process reads."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return seconds * 10**9 + nanoseconds
    raise OSError("a packet without a time stamp")


def decode(frame, outgoing, at):
    if len(frame) < 34 or frame[12:14] != b"\x08\x00":
        return None
    header = 14 + (frame[14] & 15) * 4
    protocol = frame[23]
    if protocol not in (socket.IPPROTO_TCP, socket.IPPROTO_UDP) or len(frame) < header + 8:
        return None
    source_port, dest_port = struct.unpack_from("!HH", frame, header)
    seq, ack, flags = (*struct.unpack_from("!II", frame, header + 4), frame[header + 13]) if protocol == socket.IPPROTO_TCP else (0, 0, 0)
    return Packet(at, outgoing, socket.inet_ntoa(frame[26:30]), source_port, socket.inet_ntoa(frame[30:34]), dest_port, protocol, seq, ack, flags,
                  frame[22])


class Sniffer:
    """with Sniffer(lab, "member1") as seen: ...; then seen.packets."""

    def __init__(self, lab, role, interface="eth0"):
        self.packets = []
        with lab.netns(role):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.settimeout(0.1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        time.sleep(0.2)
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _read(self):
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                frame, ancillary, _, address = self._socket.recvmsg(2048, 64)
                packet = decode(frame, address[2] == OUTGOING, kernel_time(ancillary))
                if packet:
                    self.packets.append(packet)

    def select(self, **fields):
        return [p for p in self.packets if all(getattr(p, key) == value for key, value in fields.items())]
