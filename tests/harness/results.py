#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what a test program reported: results.py gtest|junit EXIT_STATUS REPORT LOG -> "PASSED FAILED SKIPPED".

A program that ended badly without a recorded failure (crash, time limit, exit in a destructor) or that ran no test at all
counts as one failure: silence is never a pass.
"""
import json
import sys
import xml.etree.ElementTree as ElementTree


def from_gtest(report):
    passed = failed = skipped = 0
    with open(report, encoding="utf-8") as file:
        suites = json.load(file).get("testsuites", [])
    for suite in suites:
        for case in suite.get("testsuite", []):
            if case.get("failures"):
                failed += 1
            elif case.get("status") != "RUN" or case.get("result") == "SKIPPED":
                skipped += 1
            else:
                passed += 1
    return passed, failed, skipped


def from_gtest_log(log):
    """A crashed program wrote no report; its log still tells what passed before."""
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = file.readlines()
    passed = sum(line.startswith("[       OK ]") for line in lines)
    failed = sum(line.startswith("[  FAILED  ]") and line.rstrip().endswith("ms)") for line in lines)
    return passed, failed, 0


def from_junit(report):
    passed = failed = skipped = 0
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    kind, status, report, log = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    try:
        passed, failed, skipped = from_gtest(report) if kind == "gtest" else from_junit(report)
    except (OSError, ValueError, ElementTree.ParseError):
        passed, failed, skipped = from_gtest_log(log) if kind == "gtest" else (0, 0, 0)
        failed += 1
    if (status != 0 and failed == 0) or passed + failed + skipped == 0:
        failed += 1
    print(passed, failed, skipped)


if __name__ == "__main__":
    main()
