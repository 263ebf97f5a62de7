# SPDX-License-Identifier: BSD-3-Clause
"""One running rtpseald: its configuration, its process, its control socket and its client."""

import json
import os
import pathlib
import signal
import subprocess
import time

import rpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RTPSEAL_BUILD", ROOT / "build")).resolve()
LEAKS = ROOT / "tests" / "support" / "leaks.txt"  # of libraries, which sanitized daemons are not blamed for
DAEMON = BUILD / "control" / "rtpseald"
CTL = BUILD / "control" / "ctl" / "rtpsealctl"
START_SECONDS = 20
RING_FRAMES = 2048  # of packet sockets; DPDK's own default is 512


def cpus():
    """The CPUs that this process may use."""
    return sorted(os.sched_getaffinity(0))


def af_packet(number, interface):
    """A port on one end of a veth pair, with room for all that comes while its CPU is taken away."""
    return {"vdev": f"net_af_packet{number},iface={interface},framecnt={RING_FRAMES}"}


def pcap(number, interface):
    """The same by way of libpcap: packet sockets as DPDK opens them reassemble IP fragments."""
    return {"vdev": f"net_pcap{number},rx_iface_in={interface},tx_iface={interface}"}


def keep_little_that_is_freed():
    """Built with AddressSanitizer, a daemon keeps what it has freed, and grows by that."""
    os.environ.setdefault("ASAN_OPTIONS", "quarantine_size_mb=1:thread_local_quarantine_size_kb=64")


def is_sanitized(pid):
    """Then all takes longer, and what was freed stays for a while."""
    return "libasan" in pathlib.Path(f"/proc/{pid}/maps").read_text()


def link(name, plain, sealed, media):
    return {"name": name, "plain": plain, "sealed": sealed, "media": media}


class Edge:
    """A daemon in a directory of its own. Ends with it: use it as a context."""

    def __init__(self, directory, links, cpu=None, daemon=DAEMON, prefix=(), **settings):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.socket_path = self.directory / "control.sock"
        self.log_path = self.directory / "log"
        self.config_path = self.directory / "rtpseald.yaml"
        self.daemon = daemon
        self.prefix = list(prefix)  # of the command, as netns.Host has it
        self.config = {
            "cpus": [cpus()[0] if cpu is None else cpu],
            "memory": {"mb": 96, "hugepages": "off"},
            "links": links,
            "control": {"socket": str(self.socket_path)},
            "limits": {"sessions": 64, "streams": 256, "senders": 256},
            "lock_keys": "yes",
        } | settings
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        code = self.stop()
        if code not in (0, None) and kind in (None, SystemExit):
            raise RuntimeError(f"the daemon ended with exit code {code}:\n{self.log()}")

    def environment(self):
        """DPDK keeps its run-time files where these say; root's place is not ours to write in."""
        run = str(self.directory)
        return {"LSAN_OPTIONS": f"suppressions={LEAKS}:print_suppressions=0"} | os.environ | {
            "RUNTIME_DIRECTORY": run, "XDG_RUNTIME_DIR": run}

    def start(self):
        # JSON is YAML too.
        self.config_path.write_text(json.dumps(self.config, indent=2))
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.prefix + ["setpriv", "--pdeathsig", "KILL", str(self.daemon), "-c", str(self.config_path)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment())
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"{self.daemon.name} did not start:\n{self.log()}")
            time.sleep(0.02)

    def answers(self):
        try:
            with self.client() as client:
                client.call("get_version")
            return True
        except OSError:
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def is_sanitized(self):
        return is_sanitized(self.process.pid)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def kill(self):
        if self.alive():
            self.process.kill()
            self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM; returns the exit code."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise RuntimeError(f"SIGTERM did not end the daemon:\n{self.log()}") from None
        return self.process.returncode if self.process else None

    def client(self, timeout=10):
        return rpc.Client(self.socket_path, timeout)

    def call(self, method, **params):
        """On a connection of its own."""
        with self.client() as client:
            return client.call(method, **params)

    def ctl_command(self, *words):
        return [str(CTL), "--socket", str(self.socket_path), *words]

    def start_ctl(self, *words, stdin=""):
        """Starts rtpsealctl, its standard input given."""
        process = subprocess.Popen(self.ctl_command(*words), stdin=subprocess.PIPE, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        return process

    @staticmethod
    def finish_ctl(process):
        """Its result; raises where the exit code is not 0."""
        output, errors = process.communicate(timeout=30)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(process.args[3:])}: exit code {process.returncode}:"
                               f" {errors.strip()}")
        return json.loads(output)

    def ctl(self, *words, stdin=""):
        """Runs rtpsealctl to its end; returns the finished process with its texts."""
        return subprocess.run(self.ctl_command(*words), input=stdin, capture_output=True, text=True,
                              timeout=30, check=False)

    def ctl_json(self, *words, stdin=""):
        """Runs rtpsealctl to its end; returns its result."""
        return self.finish_ctl(self.start_ctl(*words, "--json", stdin=stdin))
