# SPDX-License-Identifier: Apache-2.0
# Shows: HC-20, MON-04.
"""elbctl top in a terminal of 80 x 24, as over ssh: a real pty, a real agent, keys typed, and the screen as a terminal would show it."""
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from agent import BUILD, LBAAS
from lab import MEMBER_PORT, MEMBERS, wait_until

ESCAPE = re.compile(r"\x1b\[\??[0-9;]*[A-Za-z]")


class Terminal:
    """A program in a pty; the last whole frame that it drew."""

    def __init__(self, lab, *argv, columns=80, lines=24):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen([*lab.enter("lb"), *map(str, argv)], stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        self.bytes = b""

    def read(self, seconds=0.05):
        while select.select([self.master], [], [], seconds)[0]:
            self.bytes += os.read(self.master, 65536)

    def frame(self):
        """Lines of the last frame that is complete: from "home" to "clear what is below"."""
        self.read()
        frames = self.bytes.decode().split("\x1b[H")[1:]
        whole = [frame for frame in frames if "\x1b[J" in frame]
        if not whole:
            return []
        return [ESCAPE.sub("", line).rstrip("\r") for line in whole[-1].split("\x1b[J")[0].split("\n")]

    def type(self, keys):
        os.write(self.master, keys.encode())

    def shows(self, what, timeout_s=10):
        wait_until(lambda: any(what in line for line in self.frame()), timeout_s, f"{what!r} on the screen:\n" + "\n".join(self.frame()))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self.master)
        os.close(self.slave)


def top(lab, agent, *words, **size):
    return contextlib.closing(Terminal(lab, BUILD / "bin" / "elbctl", "--endpoint", f"http://127.0.0.1:{agent.port}", "top", "-i", "0.3", *words, **size))


def check_size(lines, columns=80, height=24):
    assert len(lines) == height, lines
    assert max(map(len, lines)) <= columns, lines


@pytest.fixture(scope="module")
def many(agent):
    """More than fits: 20 listeners and 30 members, all of one load balancer."""
    first = agent.service(port=80, weights={"member1": 1, "member2": 1}, monitor={})
    pool = agent.create("pool", name="crowd", loadbalancer_id=first.lb, protocol="TCP", lb_algorithm="ROUND_ROBIN")["id"]
    for i in range(20):
        agent.create("listener", name=f"quiet-{i:02d}", loadbalancer_id=first.lb, protocol="TCP", protocol_port=1000 + i)
    for i in range(30):
        agent.api("POST", f"{LBAAS}/pools/{pool}/members", {"member": {"address": MEMBERS["member3"], "protocol_port": 2000 + i, "weight": 1}})
    agent.wait_applied()
    yield first
    agent.delete("loadbalancer", first.lb, query="?cascade=true")
    agent.wait_applied()


def test_everything_is_on_a_screen_of_80_by_24(lab, agent, many):
    load = lab.load("client1", "connect", rate=100)
    with top(lab, agent) as terminal:
        wait_until(lambda: re.search(r"listener-80 .* [1-9][0-9]+ ", "\n".join(terminal.frame())), 10, "the listener's rate")
        lines = terminal.frame()
        check_size(lines)
        text = "\n".join(lines)
        for column in ("LISTENERS", "PROTOCOL", "MEMBERS", "STATE", "NAME", "CONN/S", "ACTIVE", "REQ/S", "P95", "IN/S", "OUT/S", "DROPS", "conn/s", "members: ", " up", "q quit"):
            assert column in text, (column, text)
        listener = next(line for line in lines if line.startswith("listener-80"))
        assert "TCP" in listener and ":80" in listener
        assert 50 <= float(listener.split()[3]) <= 150, listener
        member = next(line for line in lines if f"{MEMBERS['member1']}:{MEMBER_PORT}" in line)
        assert "ONLINE" in member, text
    load.stop()
    assert many.lb


def test_it_sorts_scrolls_and_quits(lab, agent, many):
    assert many.lb
    with top(lab, agent, "--sort", "name") as terminal:
        terminal.shows("by name")
        terminal.shows(">LISTENERS 1-")
        terminal.type("jjj")
        terminal.shows(">LISTENERS 4-")
        terminal.type("\x1b[A")
        terminal.shows(">LISTENERS 3-")
        terminal.type(" " * 20)
        terminal.shows("/21")
        terminal.shows("quiet-19")
        check_size(terminal.frame())
        terminal.type("s")
        terminal.shows("by connections")
        terminal.type("\t")
        terminal.shows(">MEMBERS")
        fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
        os.killpg(terminal.process.pid, signal.SIGWINCH)
        wait_until(lambda: len(terminal.frame()) == 40, 10, "the larger screen")
        check_size(terminal.frame(), 132, 40)
        terminal.type("q")
        wait_until(lambda: terminal.process.poll() is not None, 5, "it ends")
        assert terminal.process.returncode == 0
        assert termios.tcgetattr(terminal.slave) == terminal.before, "the terminal is as it was"
        terminal.read()
        assert terminal.bytes.rstrip().endswith(b"\x1b[?25h"), "with its cursor"


def test_a_signal_gives_the_terminal_back(lab, agent):
    with top(lab, agent) as terminal:
        terminal.shows("q quit")
        time.sleep(0.1)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait(5) == -signal.SIGTERM
        assert termios.tcgetattr(terminal.slave) == terminal.before
