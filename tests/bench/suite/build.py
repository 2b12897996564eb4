# SPDX-License-Identifier: Apache-2.0
"""Where things are, and building what a suite needs."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / "build"
BIN = BUILD / "bin/bench"


def say(text):
    """Progress, beside the table."""
    print(f"  {text}", file=sys.stderr, flush=True)


def build(targets):
    # ASan or an unoptimised build would measure something else: always the preset of the quick start.
    steps = [["cmake", "--build", BUILD, "--target", *targets]]
    if not (BUILD / "build.ninja").exists():
        steps.insert(0, ["cmake", "--preset", "ci"])
    say("building")
    for step in steps:
        done = subprocess.run(step, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise SystemExit(f"the build failed:\n{done.stdout}")
