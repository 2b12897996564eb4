#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what a test program reported.

  results.py gtest|junit EXIT_STATUS REPORT LOG                 prints "PASSED FAILED SKIPPED"
  results.py failed gtest|junit REPORT                          prints the names of the failed cases, none if there are more than five
  results.py second gtest|junit EXIT_STATUS REPORT "P F S"      the counts P F S after REPORT's second run of the failed cases: as they are,
                                                                or without failures and with the word "again" when all passed now

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


def failed_cases(kind, report):
    """Names as the program takes them: Suite.Case, or path::case."""
    if kind == "gtest":
        with open(report, encoding="utf-8") as file:
            suites = json.load(file).get("testsuites", [])
        return [f"{suite['name']}.{case['name']}" for suite in suites for case in suite.get("testsuite", []) if case.get("failures")]
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        if {child.tag for child in case} & {"failure", "error"}:
            if not case.get("classname"):
                return []  # a file that cannot be read has no cases to run again
            found.append(f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}")
    return sorted(set(found))


def name_failed(kind, report):
    try:
        names = failed_cases(kind, report)
    except (OSError, ValueError, ElementTree.ParseError):
        names = []
    print("".join(f"{name}\n" for name in names if len(names) <= 5), end="")


def second(kind, status, report, counts):
    passed, failed, skipped = map(int, counts.split()[:3])
    try:
        now = from_gtest(report) if kind == "gtest" else from_junit(report)
    except (OSError, ValueError, ElementTree.ParseError):
        now = (0, 1, 0)
    if status == 0 and now == (failed, 0, 0) and failed > 0:
        print(passed + failed, 0, skipped, "again")
    else:
        print(counts)


def main():
    if sys.argv[1] == "failed":
        name_failed(sys.argv[2], sys.argv[3])
        return
    if sys.argv[1] == "second":
        second(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5])
        return
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
