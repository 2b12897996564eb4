# SPDX-License-Identifier: Apache-2.0
# Shows: CA-04.
"""elb-toa.service as packaged, on a member that a real systemd runs (in a container, as test_unit.py does for the agent): loaded at
boot, changed by a reload, away with a stop, all of it inside the unit's capabilities and system call filter."""
import os
import pathlib

import pytest
from agent import BUILD
from lab import LabError, run, wait_until
from test_unit import PREFIX, TARGET, Container


class Member(Container):
    """elb-toa's unit instead of the agent's."""

    def install(self):
        super().install()
        (self.root / "etc/systemd/system/elb-test.target").write_text(TARGET.replace("elb-agent", "elb-toa"), encoding="utf-8")
        self.settings = self.root / PREFIX / "etc/elb/elb-toa.env"
        self.trust("100.125.0.0/24,fd00:125::/64")

    def trust(self, prefixes):
        self.settings.write_text(f"ELB_TOA_TRUSTED={prefixes}\n", encoding="utf-8")

    def wait_up(self):
        def loaded():
            if not self.process.running():
                raise LabError(f"the container ended: {self.process.log.read_text(errors='replace')[-2000:]}")
            return self.told().returncode == 0
        wait_until(loaded, 60, "the unit has loaded the programs", 0.2)

    def told(self):
        return run(BUILD / "bin" / "elb-toa", "status", "--pin-dir", self.lab.bpffs / "elb-toa", check=False)

    def trusted(self):
        return [line.split()[1] for line in self.told().stdout.splitlines() if line.startswith("trusted")]

    def systemctl(self, *words):
        """In the container, whose first process is nspawn's only child."""
        (first,) = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="utf-8").split()
        return run("nsenter", "-t", first, "-m", "-p", "-u", "-i", "--", "systemctl", *words, check=False)


@pytest.fixture(scope="module")
def member(lab):
    made = Member(lab)
    made.install()
    try:
        yield made.boot()
    finally:
        made.remove()


def test_CA_04_the_unit_loads_reloads_and_unloads(member):
    assert set(member.trusted()) == {"100.125.0.0/24", "fd00:125::/64"}
    assert os.stat(member.lab.bpffs / "elb-toa").st_mode & 0o777 == 0o700
    member.trust("100.125.7.0/24")
    reloaded = member.systemctl("reload", "elb-toa")
    assert reloaded.returncode == 0, reloaded.stderr
    assert member.trusted() == ["100.125.7.0/24"]
    stopped = member.systemctl("stop", "elb-toa")
    assert stopped.returncode == 0, stopped.stderr
    assert member.told().returncode == 3 and not (member.lab.bpffs / "elb-toa").exists()
    assert member.systemctl("is-failed", "elb-toa").stdout.strip() == "inactive"
