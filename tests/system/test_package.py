# SPDX-License-Identifier: BSD-3-Clause
"""The Debian packages in a clean Debian root: installed, started, used, purged, and nothing left."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "scripts/packaging/rtpseald.service"
EXPOSURE_MAX = 3.0
PATIENCE = 60
# What Debian's own programs write whenever packages come and go, and what apt does.
NOISE = ("/var/", "/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/run/", "/tmp/",
         "/proc/", "/sys/", "/dev/", "/root/", "/etc/.pwd.lock", "/usr/share/info", "/etc/alternatives", "/packages/")


class CleanRoot:
    """Debian 12 in a directory, and the host's way to its packages."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)

    def __enter__(self):
        self.directory.chmod(0o755)  # "/", for users other than root too
        subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", str(self.directory)],
                       check=True, stdout=subprocess.DEVNULL)
        (self.directory / "etc/apt/sources.list").unlink(missing_ok=True)
        for what in ("/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/apt.conf.d", "/etc/apt/trusted.gpg.d",
                     "/etc/resolv.conf", "/etc/hosts", "/usr/local/share/ca-certificates", "/etc/ssl/certs"):
            if pathlib.Path(what).exists():
                subprocess.run(["cp", "-a", "--remove-destination", "-t", str((self.directory / what[1:]).parent), what], check=True)
        for name in ("proc", "dev", "sys"):
            subprocess.run(["mount", "--rbind", f"/{name}", str(self.directory / name)], check=True)
            subprocess.run(["mount", "--make-rslave", str(self.directory / name)], check=True)
        return self

    def __exit__(self, *_):
        for name in ("proc", "dev", "sys"):
            subprocess.run(["umount", "--lazy", str(self.directory / name)], check=False)

    def command(self, *words):
        return ["chroot", str(self.directory), "env", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                *words]

    def run(self, *words):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: exit code {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def files(self):
        listed = subprocess.run(["find", str(self.directory), "-xdev", "!", "-type", "d"], capture_output=True, text=True,
                                check=True).stdout.split("\n")
        names = (name[len(str(self.directory)) :] for name in listed if name)
        return {name for name in names if not name.startswith(NOISE) and "__pycache__" not in name}


def use(checks, root):
    """A daemon in the root: a session, a stream, and what it says of itself."""
    config = root.directory / "etc/rtpseal/rtpseald.yaml"
    text = config.read_text()
    config.write_text(json.dumps({
        "cpus": [sorted(os.sched_getaffinity(0))[0]], "memory": {"mb": 96, "hugepages": "off"}, "lock_keys": "no",
        "user": "rtpseal", "limits": {"sessions": 8, "streams": 8, "senders": 64},
        "links": [{"name": "edge0", "plain": {"vdev": "net_ring0"}, "sealed": {"vdev": "net_ring1"},
                   "media": [{"ports": "20000-20999"}]}]}))
    root.run("install", "-d", "-o", "rtpseal", "-g", "rtpseal", "/run/rtpseal")
    with open(root.directory / "tmp/log", "wb") as log:
        daemon = subprocess.Popen(root.command("RUNTIME_DIRECTORY=/run/rtpseal", "rtpseald"), stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE
        while subprocess.run(root.command("rtpsealctl", "version"), capture_output=True, check=False).returncode != 0:
            if daemon.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"no daemon:\n{(root.directory / 'tmp/log').read_text()}")
            time.sleep(0.1)
        root.run("rtpsealctl", "session", "create", "packaged", "--e2ee")
        (root.directory / "tmp/secret").write_text("correct horse battery staple")
        root.run("rtpsealctl", "session", "connect", "packaged", "--secret-file", "/tmp/secret")
        root.run("rtpsealctl", "stream", "publish", "--session", "packaged", "--link", "edge0", "--dst", "198.51.100.20:20000",
                 "--pt", "96=VP8")
        session = json.loads(root.run("rtpsealctl", "--json", "session", "get", "packaged"))
        checks.equal([key["state"] for key in session["keys"]], ["active"], "keys")
        owner = pathlib.Path(f"/proc/{daemon.pid}").stat().st_uid
        wanted = int(root.run("id", "-u", "rtpseal"))
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
                      if ":\t" in line)
        checks.equal(status["Uid"].split(), [str(wanted)] * 4, f"as whom it runs (/proc says {owner})")
    finally:
        daemon.terminate()
        code = daemon.wait(PATIENCE)
    checks.equal(code, 0, f"exit code:\n{(root.directory / 'tmp/log').read_text()}")
    config.write_text(text)


def packages_are_installed_started_used_and_purged(checks):
    built = subprocess.run([str(ROOT / "scripts/package")], capture_output=True, text=True, check=False)
    checks.equal(built.returncode, 0, f"scripts/package:\n{built.stdout[-3000:]}{built.stderr[-1000:]}")
    checks.true("E: " not in built.stdout, f"lintian: {built.stdout}")
    packages = [pathlib.Path(line) for line in built.stdout.splitlines() if line.endswith(".deb")]
    checks.equal(len(packages), 3, "packages")
    with tempfile.TemporaryDirectory(prefix="rtpseal-root-") as directory, CleanRoot(directory) as root:
        (root.directory / "packages").mkdir()
        for package in packages:
            shutil.copy(package, root.directory / "packages")
        root.run("apt-get", "update", "-qq")
        # Its dependencies first: what they leave behind is not ours.
        depends = ",".join(root.run("dpkg-deb", "-f", f"/packages/{p.name}", "Depends") for p in packages)
        names = [alternatives.split("|")[0].split()[0] for alternatives in depends.split(",")]
        root.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *[name for name in names if "rtpseal" not in name])
        before = root.files()
        root.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *[f"/packages/{p.name}" for p in packages])
        installed = root.files()
        for path in ("/usr/sbin/rtpseald", "/usr/bin/rtpsealctl", "/lib/systemd/system/rtpseald.service",
                     "/lib/udev/rules.d/60-rtpseal.rules", "/usr/lib/sysusers.d/rtpseal.conf", "/usr/lib/tmpfiles.d/rtpseal.conf",
                     "/etc/rtpseal/rtpseald.yaml", "/usr/share/man/man8/rtpseald.8.gz", "/usr/share/rtpseal/prometheus-alerts.yaml"):
            checks.true({path, f"/usr{path}"} & installed, f"{path} is not installed")  # /lib is /usr/lib
        use(checks, root)
        root.run("apt-get", "purge", "-y", "-qq", "rtpseal", "librtpseal-client0", "librtpseal-client-dev")
        checks.equal(sorted(root.files() - before), [], "left behind")
        checks.true(not (root.directory / "etc/rtpseal").exists(), "/etc/rtpseal is left behind")


def the_unit_is_right_and_hardened(checks):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        copy = pathlib.Path(directory) / UNIT.name
        copy.write_text(UNIT.read_text().replace("ExecStart=/usr/sbin/rtpseald", "ExecStart=/bin/true"))
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)
        checks.equal((said.returncode, [line for line in said.stderr.splitlines() if UNIT.name in line]), (0, []), "verify")
    rated = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={int(EXPOSURE_MAX * 10)}", str(UNIT)],
                           capture_output=True, text=True, check=False)
    checks.equal(rated.returncode, 0, f"exposure above {EXPOSURE_MAX}: {rated.stdout.splitlines()[-1:]}")


TESTS = (
    the_unit_is_right_and_hardened,
    packages_are_installed_started_used_and_purged,
)


def main():
    if os.geteuid() != 0:
        sys.exit("test_package: needs root, for a root of its own")
    subprocess.run([str(ROOT / "scripts/setup"), "package"], check=True)
    cases.run("test_package", TESTS)


if __name__ == "__main__":
    main()
