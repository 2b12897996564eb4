#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server for transfers: TCP "down N" gets N bytes, "up N" and N bytes get "done"; UDP datagrams are echoed.
  bulk.py PORT"""
import json
import socketserver
import sys
import threading


class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        what, size = self.rfile.readline().split()
        if what == b"down":
            self.wfile.write(bytes(int(size)))
            return
        left = int(size)
        while left > 0:
            left -= len(self.rfile.read(min(left, 65536)))
        self.wfile.write(b"done")


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data, self.client_address)


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


if __name__ == "__main__":
    tcp = TcpServer(("0.0.0.0", int(sys.argv[1])), Tcp)
    udp = socketserver.UDPServer(("0.0.0.0", int(sys.argv[1])), Udp)
    udp.max_packet_size = 65535
    threading.Thread(target=udp.serve_forever, daemon=True).start()
    print(json.dumps({"event": "ready"}), flush=True)
    tcp.serve_forever()
