# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests: a lab for each test module, and in it three members and the agent."""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))

from agent import Agent  # noqa: E402
from lab import MEMBERS, Lab  # noqa: E402
from pki import Pki, upload  # noqa: E402


@pytest.fixture(scope="module")
def lab(request):
    name = pathlib.Path(request.node.path).stem
    with Lab(log_dir=ROOT / "build" / "test-results" / "system" / name) as made:
        yield made


@pytest.fixture(scope="module")
def agent(lab):
    for member in MEMBERS:
        lab.start_member(member)
    return Agent(lab).start()


@pytest.fixture(scope="module")
def pki(lab):
    """A certificate authority of the module's own."""
    return Pki(lab.dir / "pki")


@pytest.fixture(scope="module")
def certificate(agent, pki, request):
    """The id of a server's certificate, uploaded, for the module's NAME."""
    return upload(agent, pki.issue("server", request.module.NAME), "server")


@pytest.fixture
def service(agent):
    """Makes services that are gone after the test: service(weights={...}, monitor={...}, port=..., protocol=...). Those after the
    first are further listeners of its load balancer, unless they get a VIP of their own."""
    made = []

    def make(**options):
        if made and "vip" not in options:
            options.setdefault("load_balancer", made[0].lb)
        made.append(agent.service(**options))
        return made[-1]

    yield make
    for lb_id in {one.lb for one in made}:
        agent.delete("loadbalancer", lb_id, query="?cascade=true")
    agent.wait_applied()
