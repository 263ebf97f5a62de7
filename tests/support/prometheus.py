# SPDX-License-Identifier: BSD-3-Clause
"""Debian's Prometheus in a test: its tools, a server of one's own that scrapes and answers, and a page of
metrics as samples."""

import http.client
import json
import pathlib
import re
import shutil
import subprocess
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(r'([a-zA-Z_]\w*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)')
START_SECONDS = 30


def tool(name):
    """The path of prometheus or promtool: the host's, or what scripts/setup has put aside."""
    found = shutil.which(name) or shutil.which(name, path=ROOT / ".tools" / "prometheus")
    if found is None:
        raise RuntimeError(f"there is no {name}: scripts/setup test")
    return found


def run_tool(*words, text=""):
    """Runs promtool; returns (exit code, all that it says)."""
    done = subprocess.run([tool("promtool"), *map(str, words)], input=text, capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def get(port, path, method="GET"):
    """(status, headers, text) of one HTTP request to this host."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read().decode()
    finally:
        connection.close()


class Page:
    """The samples of a page: value(name, label=...) is the sum over those that have these labels."""

    def __init__(self, text):
        self.text = text
        self.samples = []  # (name, {label: value}, number)
        for line in text.splitlines():
            if not line.startswith("#"):
                name, labels, number = SAMPLE.fullmatch(line).groups()
                self.samples.append((name, dict(LABEL.findall(labels or "")), float(number)))

    def find(self, name, **labels):
        return [number for other, present, number in self.samples
                if other == name and labels.items() <= present.items()]

    def value(self, name, **labels):
        found = self.find(name, **labels)
        if not found:
            raise KeyError(f"{name} {labels}")
        return sum(found)


class Server:
    """A Prometheus that scrapes this host's `target` port. Ends with it: use it as a context."""

    def __init__(self, directory, port, target, rules):
        self.port = port
        self.directory = pathlib.Path(directory)
        self.log_path = self.directory / "prometheus.log"
        self.config_path = self.directory / "prometheus.yml"
        self.config_path.write_text(json.dumps({  # JSON is YAML too
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": "rtpseal", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]}))
        self.process = None

    def __enter__(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", tool("prometheus"), f"--config.file={self.config_path}",
                 f"--storage.tsdb.path={self.directory / 'tsdb'}", f"--web.listen-address=127.0.0.1:{self.port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory)
        end = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise RuntimeError(f"Prometheus did not start:\n{self.log_path.read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def is_ready(self):
        try:
            return get(self.port, "/-/ready")[0] == 200
        except OSError:
            return False

    def ask(self, path, **parameters):
        """What the HTTP API answers as `data`; raises where it is an error."""
        _, _, text = get(self.port, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        reply = json.loads(text)
        if reply["status"] != "success":
            raise RuntimeError(f"{path} {parameters}: {reply['error']}")
        return reply["data"]

    def query(self, expression):
        """[({label: value}, number)] of an instant query."""
        return [(row["metric"], float(row["value"][1])) for row in self.ask("query", query=expression)["result"]]

    def wait_value(self, expression, wanted, seconds=20):
        """Asks until the one result is `wanted`, or for too long; returns the last one."""
        end = time.monotonic() + seconds
        while True:
            values = [number for _, number in self.query(expression)]
            if values == [wanted] or time.monotonic() > end:
                return values
            time.sleep(0.1)
