# SPDX-License-Identifier: Apache-2.0
"""Suite http: ns per request head against llhttp (strict mode) in the same run; ratio = value / llhttp.

The medians of repetitions in random order, so that what disturbs one parser disturbs the other as well.
"""
import json
import subprocess

from .rows import row

REPETITIONS = 15


def heads(binary, out):
    subprocess.run([binary, f"--benchmark_out={out}", "--benchmark_out_format=json", f"--benchmark_repetitions={REPETITIONS}",
                    "--benchmark_enable_random_interleaving=true", "--benchmark_min_time=0.05",
                    "--benchmark_report_aggregates_only=true"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    medians = {}
    for result in json.loads(out.read_text())["benchmarks"]:
        if result.get("error_occurred"):
            raise SystemExit(f"{result['name']}: {result['error_message']}")
        if result["aggregate_name"] == "median":
            medians[result["run_name"]] = result["cpu_time"], result["label"]
    found = []
    for argument in (0, 1):
        ours, size = medians[f"ours/{argument}"]
        whole, _ = medians[f"ours_there_and_back/{argument}"]
        peer, _ = medians[f"llhttp/{argument}"]
        for case, value in ((f"head of {size}", ours), (f"head of {size}, parsed, normalised and written", whole)):
            found.append(row(case, value, "ns", "llhttp, parsed", peer, value / peer))
    return found
