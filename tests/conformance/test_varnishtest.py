# SPDX-License-Identifier: Apache-2.0
# Shows: LS-11, LS-14, LS-16.
"""Conversations in HTTP/1 as varnishtest scripts (vtc/): NAME.client.vtc speaks to the VIP, NAME.server.vtc is the member."""
import pathlib

import pytest
from lab import MEMBERS, VIP, wait_until
from wire import RAW_PORT

SCRIPTS = pathlib.Path(__file__).resolve().parent / "vtc"
NAMES = sorted(path.name.removesuffix(".client.vtc") for path in SCRIPTS.glob("*.client.vtc"))


@pytest.fixture(scope="module")
def service(agent):
    return agent.service(protocol="HTTP", weights={"member1": 1}, member_port=RAW_PORT)


def listens(lab):
    return f":{RAW_PORT} " in lab.run("member1", "ss", "-Hltn").stdout


@pytest.mark.parametrize("name", NAMES)
def test_conversation(lab, service, name):
    environment = {"TMPDIR": str(lab.dir)}
    server = None
    if (SCRIPTS / f"{name}.server.vtc").exists():
        wait_until(lambda: not listens(lab), 5, "the last member is gone")
        server = lab.spawn("member1", "varnishtest", "-v", f"-Dlisten={MEMBERS['member1']}:{RAW_PORT}", SCRIPTS / f"{name}.server.vtc",
                           name="varnishtest", env=environment)
        wait_until(lambda: listens(lab), 10, "the member listens")
    client = lab.spawn("client1", "varnishtest", "-v", f"-Dconnect={VIP}:80", SCRIPTS / f"{name}.client.vtc", name="varnishtest", env=environment)
    assert client.popen.wait(60) == 0, client.log.read_text()[-3000:]
    if server:
        assert server.popen.wait(60) == 0, server.log.read_text()[-3000:]
