# SPDX-License-Identifier: Apache-2.0
"""examples/quickstart/run, as a newcomer runs it."""
import pathlib
import re
import shlex
import subprocess

import pytest
from lab import RUN

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "examples" / "quickstart" / "run"
FIVE_MINUTES_S = 300


def leftovers(text):
    """What is still there of the lab that the tour named."""
    lab_id = re.search(r"making the lab (\w+)", text)[1]
    return [path for directory in (RUN, pathlib.Path("/run/netns")) if directory.exists() for path in directory.iterdir() if path.name.startswith(lab_id)]


def tour(*arguments):
    done = subprocess.run([QUICKSTART, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FIVE_MINUTES_S)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(FIVE_MINUTES_S)
def test_quickstart_shows_what_it_promises_and_leaves_nothing():
    text = tour()
    for promise in ("0 of 500 connections broken", r"0 of \d+ UDP datagrams lost", r"0 of \d+ new connections failed", r"member death under load: .* 0 afterwards",
                    "TCP, 3,000 connections: 3000 answered, 0 failed"):
        assert re.search(rf"^  ok .*{promise}", text, re.MULTILINE), f"{promise}\n{text}"
    assert "BAD" not in text
    assert leftovers(text) == []


@pytest.mark.timeout(FIVE_MINUTES_S)
def test_quickstart_keep_leaves_a_lab_to_play_with():
    text = tour("--keep")
    try:
        assert leftovers(text)
        lines = re.findall(r"^  (nsenter .*)$", text, re.MULTILINE)
        assert len(lines) >= 5
        for line in lines:
            done = subprocess.run(["bash", "-c", line], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, f"{line}: {done.stderr}"
        assert re.match(r"member[123] 100\.125\.0\.\d+ \d+\n", done.stdout), shlex.quote(done.stdout)
    finally:
        subprocess.run([QUICKSTART, "--clean"], stdin=subprocess.DEVNULL, check=True, timeout=60)
    assert leftovers(text) == []


@pytest.mark.parametrize("drop, name", [("cap_bpf", "CAP_BPF"), ("cap_net_admin", "CAP_NET_ADMIN")])
def test_preflight_names_a_missing_capability_and_its_remedy(drop, name):
    done = subprocess.run(["capsh", f"--drop={drop}", "--", "-c", str(QUICKSTART)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1
    assert f"missing: {name}" in done.stdout and "remedy:" in done.stdout


def test_preflight_wants_root():
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ROOT / "examples" / "quickstart" / "preflight"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "missing: root" in done.stdout and "sudo" in done.stdout
