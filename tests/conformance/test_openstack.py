# SPDX-License-Identifier: Apache-2.0
# Shows: GEN-04.
"""OpenStack's clients against the real agent, without Keystone: the whole of `openstack loadbalancer`, openstacksdk, and what Debian's Ansible
can do with them."""
import pathlib

import pytest
from agent import CLIENT_SUBNET
from lab import run

HERE = pathlib.Path(__file__).resolve().parent


@pytest.mark.timeout(480)
@pytest.mark.parametrize("script", ["openstack_cli.py", "openstack_l7.py", "openstacksdk.py"])
def test_GEN_04_openstack(lab, agent, script):
    environment = [f"ELB_ENDPOINT=http://127.0.0.1:{agent.port}", f"ELB_SUBNET={CLIENT_SUBNET}", "ELB_MEMBERS=10.2.0.11,10.2.0.12",
                   "ELB_VIP=10.1.0.190", "HOME=/nonexistent"]
    done = run(*lab.enter("lb"), "env", *environment, "/usr/bin/python3", HERE / script, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert agent.status()["load_balancers"] == []
