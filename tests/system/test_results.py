# SPDX-License-Identifier: Apache-2.0
"""The counting of tests/run: silence is no pass, and a second look forgives only what passed in it."""
import json
import pathlib
import subprocess

RESULTS = pathlib.Path(__file__).resolve().parents[1] / "harness" / "results.py"


def results(*args):
    return subprocess.run(["/usr/bin/python3", RESULTS, *map(str, args)], capture_output=True, text=True, check=True).stdout


def gtest_report(path, **cases):
    """A report of suite S: name=True passed, name=False failed."""
    listed = [{"name": name, "status": "RUN", "result": "COMPLETED", **({} if good else {"failures": [{}]})} for name, good in cases.items()]
    path.write_text(json.dumps({"testsuites": [{"name": "S", "testsuite": listed}]}))
    return path


def junit_report(path, **cases):
    lines = [f'<testcase classname="tests.system.test_x" name="{name}">{"" if good else "<failure/>"}</testcase>' for name, good in cases.items()]
    path.write_text(f"<testsuites><testsuite>{''.join(lines)}</testsuite></testsuites>")
    return path


def test_counts(tmp_path):
    log = tmp_path / "log"
    log.write_text("")
    assert results("gtest", 1, gtest_report(tmp_path / "a", one=True, two=False), log) == "1 1 0\n"
    assert results("junit", 1, junit_report(tmp_path / "b", one=True, two=False), log) == "1 1 0\n"
    assert results("gtest", 0, gtest_report(tmp_path / "c"), log) == "0 1 0\n", "nothing ran"
    assert results("gtest", 139, gtest_report(tmp_path / "d", one=True), log) == "1 1 0\n", "ended badly"
    assert results("junit", 0, tmp_path / "missing", log) == "0 1 0\n"


def test_the_failed_ones_are_named_as_the_program_takes_them(tmp_path):
    assert results("failed", "gtest", gtest_report(tmp_path / "a", one=True, two=False, three=False)) == "S.two\nS.three\n"
    assert results("failed", "junit", junit_report(tmp_path / "b", one=False, two=True)) == "tests/system/test_x.py::one\n"
    assert results("failed", "gtest", gtest_report(tmp_path / "c", **{f"n{i}": False for i in range(6)})) == "", "too many for bad luck"
    assert results("failed", "gtest", tmp_path / "missing") == "", "a crash"


def test_a_second_look_forgives_only_what_passed_in_it(tmp_path):
    both = gtest_report(tmp_path / "a", one=True, two=True)
    assert results("second", "gtest", 0, both, "7 2 1") == "9 0 1 again\n"
    assert results("second", "gtest", 0, both, "7 3 1") == "7 3 1\n", "one did not run"
    assert results("second", "gtest", 1, both, "7 2 1") == "7 2 1\n", "ended badly"
    assert results("second", "gtest", 1, gtest_report(tmp_path / "b", one=True, two=False), "7 2 1") == "7 2 1\n"
    assert results("second", "junit", 0, junit_report(tmp_path / "c", one=True), "7 1 0") == "8 0 0 again\n"
    assert results("second", "junit", 0, tmp_path / "missing", "7 1 0") == "7 1 0\n"
