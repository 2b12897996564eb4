# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus in the balancer's namespace, and its text format read by a parser of our own."""
import contextlib
import http.client
import json
import re
import urllib.parse

from lab import wait_until

PORT = 9090
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')


def parse(text):
    """{(name, ((label, value), ...)): number}; AssertionError for a line that is none of the format's."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        assert match, line
        name, labels, value = match.groups()
        pairs = tuple(LABEL.findall(labels or ""))
        assert sum(len(f'{key}="{text}"') for key, text in pairs) + max(len(pairs) - 1, 0) == len(labels or ""), line
        assert (name, pairs) not in found, f"twice: {line}"
        found[name, pairs] = float(value)
    return found


class Prometheus:
    def __init__(self, lab, config):
        """config: text of prometheus.yml."""
        self.lab = lab
        directory = lab.dir / "prometheus"
        directory.mkdir()
        (directory / "prometheus.yml").write_text(config, encoding="utf-8")
        self.process = lab.spawn("lb", "prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
                                 f"--web.listen-address=127.0.0.1:{PORT}", name="prometheus")
        wait_until(self._ready, 30, "prometheus answers")

    def _ready(self):
        assert self.process.running(), self.process.log.read_text()[-2000:]
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/-/ready")[0] == 200

    def get(self, path):
        with self.lab.netns("lb"):
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
            connection.connect()
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def api(self, path, **query):
        status, text = self.get(f"/api/v1/{path}?{urllib.parse.urlencode(query)}")
        assert status == 200, text
        return json.loads(text)["data"]

    def value(self, query):
        """[(labels, number)] of an instant query."""
        return [(one["metric"], float(one["value"][1])) for one in self.api("query", query=query)["result"]]

    def targets(self):
        return self.api("targets")["activeTargets"]
