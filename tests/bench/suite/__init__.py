# SPDX-License-Identifier: Apache-2.0
"""The benchmark suites of tests/bench/run: what each row measures, and the table."""
