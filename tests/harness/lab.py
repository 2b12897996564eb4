#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A lab of network namespaces: clients, the balancer, members, joined by two switches. Needs root.

                        VIPs 10.1.0.100-199                    local addresses 100.125.0.0/24
                      (answered by the balancer)                 (answered by the balancer)

  client1 10.1.0.11 --+                 +-----------------------+                 +-- member1 10.2.0.11  az1
                      |                 |          lb           |                 |
                      +-- [sw1 br0] ----| front           back  |---- [sw2 br0] --+-- member2 10.2.0.12  az1
                      |              lb | 10.1.0.1     10.2.0.1 | lb              |
  client2 10.1.0.12 --+                 +-----------------------+                 +-- member3 10.2.0.13  az2

Members know their own network and a default route to lb, nothing else (NET-01). Every line is a veth pair. Three veth traps are
taken care of here: (1) hosts send complete checksums (ethtool tx off), since XDP cannot finish a partial one; (2) the switch
ports "lb" run an XDP program of their own, or frames that XDP sends to them vanish (xdp_pass.py tells why "gro on" is not
enough); (3) processes are started by nsenter, not by "ip netns exec", which would hide the bpffs under a new /sys.

Everything of one lab bears its id (a prefix and the process id), lives under /run/elb-lab/ID, and goes with it: also after an
exception or a signal, and a lab whose owner died is swept by the next one. The bpffs is the lab's own; unmounting it detaches
what was pinned there.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import xdp_pass

RUN = pathlib.Path("/run/elb-lab")
HARNESS = pathlib.Path(__file__).resolve().parent
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)

CLIENTS = {"client1": "10.1.0.11", "client2": "10.1.0.12"}
MEMBERS = {"member1": "10.2.0.11", "member2": "10.2.0.12", "member3": "10.2.0.13"}
ZONES = {"member1": "az1", "member2": "az1", "member3": "az2"}
ROLES = ("sw1", "sw2", "lb", *CLIENTS, *MEMBERS)
VIP = "10.1.0.100"
CLIENTS6 = {"client1": "fd00:1::11", "client2": "fd00:1::12"}  # of Lab.add_ipv6()
MEMBERS6 = {"member1": "fd00:2::11", "member2": "fd00:2::12", "member3": "fd00:2::13"}
VIP6 = "fd00:1::100"
MEMBER_PORT = 8080


class LabError(RuntimeError):
    pass


def run(*argv, stdin=None, check=True):
    done = subprocess.run([str(arg) for arg in argv], input=stdin, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(map(str, argv))}: exit {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done


def wait_until(condition, timeout_s, what, step_s=0.02):
    """Polls until condition() is true and returns its value; LabError names what did not come."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {timeout_s} s")
        time.sleep(step_s)


class Process:
    """A process inside one namespace. Output goes to log; a load client's reports are the JSON lines in it."""

    def __init__(self, popen, log):
        self.popen, self.log = popen, log

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def events(self):
        found = []
        for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("{"):
                with contextlib.suppress(ValueError):
                    found.append(json.loads(line))
        return found

    def wait_ready(self, timeout_s=20, word="ready"):
        def ready():
            if any(event.get("event") == word for event in self.events()):
                return True
            if not self.running():
                raise LabError(f"{self.popen.args[-3:]} ended early: {self.log.read_text()[-500:]}")
            return False
        wait_until(ready, timeout_s, f"'{word}' in {self.log}")
        return self

    def interim(self, timeout_s=5):
        """The report of a load client so far."""
        before = sum(event.get("event") == "interim" for event in self.events())
        self.popen.send_signal(signal.SIGUSR1)
        return wait_until(lambda: [e for e in self.events() if e.get("event") == "interim"][before:], timeout_s, "interim report")[-1]

    def finish(self, timeout_s=30):
        """Waits for a load client that ends by itself and returns its report."""
        try:
            self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"load client still runs after {timeout_s} s") from error
        ends = [event for event in self.events() if event.get("event") == "end"]
        if not ends:
            raise LabError(f"load client left no report: {self.log.read_text()[-800:]}")
        return ends[-1]

    def stop(self, timeout_s=30):
        """Ends a load client (SIGTERM) and returns its report."""
        self.popen.send_signal(signal.SIGTERM)
        return self.finish(timeout_s)

    def end(self, sig=signal.SIGTERM, timeout_s=10):
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                self.popen.send_signal(sig)
            try:
                self.popen.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        return self.popen.returncode


class Lab:
    """Use as a context manager; inside, .spawn() and .netns() reach the namespaces by role ("lb", "client1", ...)."""

    def __init__(self, prefix="elb", log_dir=None, keep=False):
        self.id = f"{prefix}{os.getpid()}"
        self.dir = RUN / self.id
        self.keep = keep
        self.log_dir = pathlib.Path(log_dir or self.dir / "log")
        self.bpffs = self.dir / "bpf"
        self.processes = []
        self.members = {}
        self._logs = 0
        self._old_handlers = {}

    # Life.

    def __enter__(self):
        if os.geteuid() != 0:
            raise LabError("the lab needs root")
        sweep()
        shutil.rmtree(self.dir, ignore_errors=True)
        for directory in (self.dir, self.bpffs, self.log_dir):
            directory.mkdir(parents=True, exist_ok=True)
        (self.dir / "owner").write_text(str(os.getpid()))
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._old_handlers[number] = signal.signal(number, _exit_on_signal)
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, failure, *_):
        if self.keep and failure is None:
            (self.dir / "owner").write_text("kept")
        else:
            self.close()
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)

    def close(self):
        for process in reversed(self.processes):
            process.end(signal.SIGKILL)
        self.processes = []
        remove(self.id)

    def _build(self):
        for role in ROLES:
            run("ip", "netns", "add", self.name(role))
        run("mount", "-t", "bpf", "-o", "mode=0711", f"elb-lab-{self.id}", self.bpffs)
        lines = [self._pair("lb", "front", "sw1", "lb"), self._pair("lb", "back", "sw2", "lb")]
        lines += [self._pair(client, "eth0", "sw1", client) for client in CLIENTS]
        lines += [self._pair(member, "eth0", "sw2", member) for member in MEMBERS]
        run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
        for switch, ports in (("sw1", ("lb", *CLIENTS)), ("sw2", ("lb", *MEMBERS))):
            self.ip(switch, "link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
                    *(f"link set {port} master br0 up" for port in ports), "link set br0 up")
            with self.netns(switch):
                xdp_pass.attach("lb", self.bpffs / f"{switch}-pass")
            self.sysctl(switch, ("net.bridge.bridge-nf-call-iptables=0",), check=False)
        self.ip("lb", "link set lo up", "addr add 10.1.0.1/24 dev front", "addr add 10.2.0.1/24 dev back", "link set front up", "link set back up")
        self.sysctl("lb", ("net.ipv4.ip_forward=1",))
        for host, address in {**CLIENTS, **MEMBERS}.items():
            gateway = "10.1.0.1" if host in CLIENTS else "10.2.0.1"
            self.ip(host, "link set lo up", f"addr add {address}/24 dev eth0", "link set eth0 up", f"route add default via {gateway}")
            self.run(host, "ethtool", "-K", "eth0", "tx", "off")
        for client in CLIENTS:
            self.sysctl(client, ("net.ipv4.ip_local_port_range=1024 65535",))

    def add_ipv6(self):
        """Every host gets an IPv6 address beside its IPv4 one, and a default route to lb."""
        for host, address in {**CLIENTS6, **MEMBERS6}.items():
            gateway = "fd00:1::1" if host in CLIENTS6 else "fd00:2::1"
            self.ip(host, f"addr add {address}/64 dev eth0 nodad", f"route add default via {gateway}")
        self.ip("lb", "addr add fd00:1::1/64 dev front nodad", "addr add fd00:2::1/64 dev back nodad")
        self.sysctl("lb", ("net.ipv6.conf.all.forwarding=1",))

    def _pair(self, one, one_if, other, other_if):
        return f"link add {one_if} netns {self.name(one)} type veth peer name {other_if} netns {self.name(other)}"

    # Reaching the namespaces.

    def name(self, role):
        return f"{self.id}-{role}"

    def enter(self, role):
        return ["nsenter", f"--net=/run/netns/{self.name(role)}", "--"]

    def ip(self, role, *commands):
        run("ip", "-n", self.name(role), "-batch", "-", stdin="\n".join(commands) + "\n")

    def run(self, role, *argv, check=True):
        return run(*self.enter(role), *argv, check=check)

    def sysctl(self, role, settings, check=True):
        self.run(role, "sysctl", "-qw", *settings, check=check)

    @contextlib.contextmanager
    def netns(self, role):
        """The calling thread is inside the namespace for the block; sockets made there stay there."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{self.name(role)}", "rb") as there:
            _setns(there)
            try:
                yield
            finally:
                _setns(home)

    def socket(self, role, kind=socket.SOCK_STREAM):
        with self.netns(role):
            return socket.socket(socket.AF_INET, kind)

    def cgroup(self, name):
        """A cgroup (v2) of the lab's own, for spawn(); where the machine has cgroup2 mounted, else by a mount of the lab's own."""
        mounts = (line.split() for line in pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines())
        root = next((words[1] for words in mounts if words[2] == "cgroup2"), self.dir / "cgroup")
        if root == self.dir / "cgroup":
            root.mkdir()
            run("mount", "-t", "cgroup2", "elb-lab", root)
        path = pathlib.Path(root) / f"{self.id}-{name}"
        path.mkdir()
        with open(self.dir / "cgroups", "a", encoding="utf-8") as noted:
            noted.write(f"{path}\n")
        return path

    def spawn(self, role, *argv, name=None, env=None, cgroup=None):
        """Starts a process in the namespace (of role None: in ours); it is killed with the lab, or with us if we die (unless the lab
        is kept). Its sockets belong to the cgroup, if one is given."""
        self._logs += 1
        log = self.log_dir / f"{self._logs:03d}-{role or 'host'}-{name or pathlib.Path(str(argv[0])).name}.log"
        keep = self.keep

        def at_start():
            if not keep:
                libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if cgroup:
                (cgroup / "cgroup.procs").write_text(str(os.getpid()))

        with open(log, "wb") as out:
            popen = subprocess.Popen([*(self.enter(role) if role else ()), *map(str, argv)], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                     start_new_session=True, preexec_fn=at_start, env={**os.environ, **(env or {})})
        process = Process(popen, log)
        self.processes.append(process)
        return process

    def wait_port(self, role, ip, port, timeout_s=10):
        """Until something accepts TCP connections at ip:port, as seen from role."""
        def open_now():
            with contextlib.closing(self.socket(role)) as sock:
                sock.settimeout(1)
                return sock.connect_ex((ip, port)) == 0
        wait_until(open_now, timeout_s, f"port {ip}:{port} from {role}", 0.05)

    # Members and load.

    def start_member(self, member, port=MEMBER_PORT):
        """Starts (or restarts) the server of a member."""
        process = self.spawn(member, "/usr/bin/python3", HARNESS / "traffic.py", "serve", member, port, name="serve").wait_ready()
        self.members[member] = process
        return process

    def start_http_member(self, member, port, proxy_version=None):
        """Starts a server that tells in JSON what it was asked (http_member.py); with a version it wants PROXY headers."""
        words = [proxy_version] if proxy_version else []
        return self.spawn(member, "/usr/bin/python3", HARNESS / "http_member.py", member, port, *words, name="http").wait_ready()

    def kill_member(self, member):
        """The process dies: the host answers further SYNs with RST."""
        self.members.pop(member).end(signal.SIGKILL)

    def unplug(self, member):
        """The cable goes: nothing answers any more."""
        self.ip("sw2", f"link set {member} down")

    def plug(self, member):
        self.ip("sw2", f"link set {member} up")

    def load(self, client, what, ip=VIP, port=80, **options):
        """Starts traffic.py WHAT from client; options are its flags (count=..., rate=..., speak=True, ...)."""
        flags = [text for key, value in options.items() for text in ([f"--{key}"] if value is True else [f"--{key}", str(value)])]
        process = self.spawn(client, "/usr/bin/python3", HARNESS / "traffic.py", what, ip, port, *flags, name=what)
        return process.wait_ready(word="begun")  # a signal before that would end it without a report


def _setns(file):
    if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
        raise LabError(f"setns: {os.strerror(ctypes.get_errno())}")


def _rmdir(path):
    with contextlib.suppress(OSError):
        path.rmdir()
    return not path.exists()


def _exit_on_signal(number, _frame):
    sys.exit(128 + number)


def remove(lab_id):
    """Removes everything that bears the id: namespaces (and with them links), the bpffs (and what is pinned), files."""
    directory = RUN / lab_id
    for pid in _inhabitants(lab_id):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    for role in ROLES:
        if os.path.exists(f"/run/netns/{lab_id}-{role}"):
            run("ip", "netns", "del", f"{lab_id}-{role}", check=False)
    run("umount", directory / "bpf", check=False)
    cgroups = directory / "cgroups"
    for path in map(pathlib.Path, cgroups.read_text(encoding="utf-8").split() if cgroups.exists() else ()):
        with contextlib.suppress(LabError):  # empty as soon as the last of its processes is gone
            wait_until(lambda path=path: _rmdir(path), 5, f"{path} is empty")
    if os.path.ismount(directory / "cgroup"):
        run("umount", directory / "cgroup", check=False)
    if not os.path.ismount(directory / "bpf"):
        shutil.rmtree(directory, ignore_errors=True)


def _inhabitants(lab_id):
    """Processes inside the lab's namespaces, by the inode of the namespace, so that nobody else's can be meant."""
    spaces = {f"net:[{os.stat(f'/run/netns/{lab_id}-{role}').st_ino}]" for role in ROLES if os.path.exists(f"/run/netns/{lab_id}-{role}")}
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and int(entry.name) != os.getpid() and os.readlink(f"/proc/{entry.name}/ns/net") in spaces:
                yield int(entry.name)


def sweep():
    """Removes labs whose owner is gone without having cleaned up (SIGKILL, power)."""
    for directory in RUN.glob("*"):
        with contextlib.suppress(OSError, ValueError):
            owner = (directory / "owner").read_text()
            if owner != "kept" and not os.path.exists(f"/proc/{int(owner)}"):
                remove(directory.name)


def kept():
    """Ids of labs that were left up on purpose."""
    return sorted(d.name for d in RUN.glob("*") if (d / "owner").exists() and (d / "owner").read_text() == "kept")


if __name__ == "__main__":
    if sys.argv[1:] != ["clean"]:
        sys.exit("usage: lab.py clean    removes labs that were left up")
    sweep()
    for left in kept():
        remove(left)
        print(f"removed {left}")
