# SPDX-License-Identifier: Apache-2.0
"""The stage of an example: the lab, three HTTP members, elb-agent and a load balancer "web" at the VIP; what is typed is shown. The
tree must have been built (tests/run or examples/quickstart/run)."""
import contextlib
import os
import pathlib
import shlex
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
sys.dont_write_bytecode = True
if "ELB_BUILD_DIR" not in os.environ:
    os.environ["ELB_BUILD_DIR"] = str(ROOT / ("build" if (ROOT / "build/bin/elb-agent").exists() else "build/quickstart"))

from agent import BUILD, Agent  # noqa: E402
from lab import MEMBERS, VIP, Lab, LabError, run  # noqa: E402
from web import HTTP_PORT  # noqa: E402


class Stage:
    def __init__(self, lab, agent):
        self.lab, self.agent = lab, agent

    def elbctl(self, *words):
        print("  # elbctl " + shlex.join(map(str, words)), flush=True)
        self.agent.elbctl(*words)

    def sh(self, command):
        """A command on this machine, in the lab's directory."""
        print(f"  # {command}", flush=True)
        run("bash", "-ec", f"cd {self.lab.dir}; {command}")

    def members(self, pool):
        for member, address in MEMBERS.items():
            self.elbctl("member", "add", pool, f"{address}:{HTTP_PORT}", "--name", member)


@contextlib.contextmanager
def stage(name):
    if not (BUILD / "bin" / "elb-agent").exists():
        raise LabError(f"{BUILD}/bin/elb-agent is not there: run examples/quickstart/run or tests/run first")
    with Lab(name) as lab:
        for member in MEMBERS:
            lab.start_http_member(member, HTTP_PORT)
        agent = Agent(lab).start()
        made = Stage(lab, agent)
        made.elbctl("lb", "create", "web", "--vip-subnet", "clients", "--vip-address", VIP)
        yield made
        agent.stop()
        agent.teardown()


def expect(good, text):
    """A line of the outcome; the example ends at the first that is not as it should be."""
    print(("ok  " if good else "BAD ") + text, flush=True)
    if not good:
        sys.exit(1)
