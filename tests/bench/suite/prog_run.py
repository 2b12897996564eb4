# SPDX-License-Identifier: Apache-2.0
"""The rows of datapath_bench, which measures the program without a network (its head explains how)."""
import json
import subprocess

from .build import BIN, BUILD, say


def prog_run(huge=False):
    name = "datapath_huge" if huge else "datapath_prog"
    out = BUILD / f"bench/{name}.json"
    out.unlink(missing_ok=True)
    say("10,000,000 connections: 5 GB of memory, about two minutes" if huge else "the program alone: about a minute")
    with open(BUILD / f"bench/{name}.txt", "w", encoding="utf-8") as text:  # its own table, with ranges and verified instructions
        subprocess.run([BIN / "datapath_bench", *(["--huge"] if huge else []), out], check=True, stdout=text)
    return json.loads(out.read_text())
