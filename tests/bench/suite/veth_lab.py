# SPDX-License-Identifier: Apache-2.0
"""The network of the veth benchmark: client, balancer and member in namespaces of their own.

    client 10.9.1.1 --(veth)-- 10.9.1.254 balancer 10.9.2.254 --(veth)-- member 10.9.2.2     virtual address 10.9.100.1

The nftables side is as fair as we can make it: one DNAT rule, one masquerade rule, connection tracking as it comes but
without verifying checksums (network cards do that), no flowtable, no other table, every flow known before measuring.
"""
import contextlib
import json
import os
import subprocess

RULES = """
table ip elb_bench {
  chain prerouting {
    type nat hook prerouting priority dstnat
    ip daddr 10.9.100.1 udp dport 80 dnat to 10.9.2.2:8080
  }
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "%s" masquerade
  }
}
"""


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, **options)


class VethLab:
    def __init__(self):
        tag = f"{os.getpid() % 100000:05d}"
        self.client, self.balancer, self.member = (f"elb-bench-{tag}-{role}" for role in ("c", "b", "m"))
        # Short and unlike anybody else's: the threads of threaded NAPI are found by interface name.
        self.client_if, self.in_if, self.out_if, self.member_if = (f"e{tag}{role}" for role in ("c", "i", "o", "m"))
        # The last CPU: interrupts mostly land on the first.
        self.cpu = max(os.sched_getaffinity(0))

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            undo.callback(self._remove)
            self._make()
            undo.pop_all()
        return self

    def __exit__(self, *_):
        self._remove()

    def _remove(self):
        for namespace in (self.client, self.balancer, self.member):
            subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL, check=False)

    def _in(self, namespace, command):
        run("ip", "netns", "exec", namespace, "sh", "-ec", command)

    def _make(self):
        for namespace in (self.client, self.balancer, self.member):
            run("ip", "netns", "add", namespace)
            self._in(namespace, "ip link set lo up")
        for near, near_ns, far, far_ns in ((self.client_if, self.client, self.in_if, self.balancer),
                                           (self.out_if, self.balancer, self.member_if, self.member)):
            run("ip", "link", "add", near, "netns", near_ns, "type", "veth", "peer", "name", far, "netns", far_ns)
        for namespace, interface, address in ((self.client, self.client_if, "10.9.1.1/24"),
                                              (self.balancer, self.in_if, "10.9.1.254/24"),
                                              (self.balancer, self.out_if, "10.9.2.254/24"),
                                              (self.member, self.member_if, "10.9.2.2/24")):
            # GRO gives veth its NAPI even without a program; threaded NAPI gives its work a thread to be measured by.
            self._in(namespace, f"ip addr add {address} dev {interface}; ip link set {interface} up; "
                                f"ethtool -K {interface} gro on; echo 1 > /sys/class/net/{interface}/threaded")
        mac = run("ip", "netns", "exec", self.member, "cat", f"/sys/class/net/{self.member_if}/address",
                  stdout=subprocess.PIPE).stdout.strip()
        self._in(self.balancer, f"ip neigh replace 10.9.2.2 lladdr {mac} dev {self.out_if} nud permanent; "
                                "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 "
                                f"net.ipv4.conf.{self.in_if}.rp_filter=0")

    def _nftables(self, on):
        self._in(self.balancer, "nft flush ruleset")
        if not on:
            return
        run("ip", "netns", "exec", self.balancer, "nft", "-f", "-", input=RULES % self.out_if)
        self._in(self.balancer, "sysctl -qw net.netfilter.nf_conntrack_checksum=0 "
                                "net.netfilter.nf_conntrack_udp_timeout=120")

    def measure(self, program, mode, flows, seconds):
        self._nftables(mode == "nft")
        result = subprocess.run(
            [program, mode, str(flows), str(seconds), str(self.cpu), self.client, self.client_if, self.balancer,
             self.in_if, self.out_if, self.member, self.member_if], text=True, capture_output=True, check=False)
        if result.returncode != 0:
            tail = "\n".join(result.stderr.splitlines()[-12:])  # the verifier's log can be thousands of lines
            raise SystemExit(f"veth_bench {mode} failed:\n{tail}")
        return json.loads(result.stdout)
