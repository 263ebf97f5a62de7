# SPDX-License-Identifier: BSD-3-Clause
"""A virtual machine with emulated NICs, in which the daemon runs: its image, made of this host's programs
and Debian's kernel, its wires, which carry frames to and from this process, and a shell inside."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

import cases
import edge

KERNEL = edge.ROOT / ".tools" / "vm"
BUSYBOX = pathlib.Path("/bin/busybox")
DRIVERS = ("bus_pci", "bus_vdev", "mempool_ring", "net_e1000", "net_vmxnet3", "net_virtio")
CONSOLE_SECONDS = 60
MEMORY_MB, HUGEPAGES_MB = 768, 384
FRAME_BYTES = 65536
FIRST_SLOT = 16  # on the PCI bus: above what the machine has of its own


def libraries_of(program):
    """The paths of all shared libraries that a program or library is started with."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", done.stdout)


def require():
    """Raises Skip where a machine cannot be had."""
    missing = [name for name, there in (
        ("qemu-system-x86_64", shutil.which("qemu-system-x86_64")),
        ("busybox-static", BUSYBOX.exists() and not libraries_of(BUSYBOX)),
        ("a kernel in .tools/vm", (KERNEL / "vmlinuz").exists())) if not there]
    if missing:
        raise cases.Skip(f"there is no {', no '.join(missing)}: scripts/setup vm")
    if any("libasan" in library for library in libraries_of(edge.DAEMON)):
        raise cases.Skip("sanitized daemons are not tried in a machine")


class Image:
    """The files of an initial RAM disk."""

    def __init__(self, directory):
        self.root = pathlib.Path(directory)
        for name in ("proc", "sys", "dev", "run", "tmp", "etc", "modules", "usr/bin", "usr/lib", "usr/lib64"):
            (self.root / name).mkdir(parents=True)
        for name in ("bin", "lib", "lib64"):
            (self.root / name).symlink_to(f"usr/{name}")

    def place(self, path):
        """Where a path of this host is in the image, links among its directories resolved."""
        path = pathlib.Path(path)
        place = self.root / path.parent.resolve().relative_to("/") / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def add(self, path):
        """A file as it is here; a link and what it leads to, so that nothing is there twice."""
        place, real = self.place(path), pathlib.Path(path).resolve()
        if place.exists() or place.is_symlink():
            return
        if self.place(real) == place:
            shutil.copy(real, place)
        else:
            place.symlink_to(real)
            self.add(real)

    def add_program(self, program, name=None):
        """A program and the libraries it needs; `name` is what it is called in the image."""
        if name is None:
            self.add(program)
        else:
            shutil.copy(program, self.root / "usr/bin" / name)
        for library in libraries_of(program):
            self.add(library)

    def write(self, name, text):
        (self.root / name).write_text(text)

    def pack(self, path):
        names = "\n".join(str(found.relative_to(self.root)) for found in sorted(self.root.rglob("*")))
        with open(path, "wb") as out:
            subprocess.run([BUSYBOX, "cpio", "-o", "-H", "newc"], input=names.encode(), stdout=out,
                           stderr=subprocess.DEVNULL, cwd=self.root, check=True)


def make_image(directory, path, files):
    """An image with the daemon, its client, DPDK's drivers for the NICs, and files of {name: text}."""
    image = Image(directory)
    image.add_program(BUSYBOX, "busybox")
    for applet in ("sh", "mount", "insmod", "ip", "sed", "stty", "cat", "chmod", "sleep", "kill"):
        (image.root / "usr/bin" / applet).symlink_to("busybox")
    image.add_program(edge.DAEMON, "rtpseald")
    image.add_program(edge.CTL, "rtpsealctl")
    for driver in DRIVERS:
        for found in pathlib.Path("/usr/lib").glob(f"*/dpdk/pmds-*/librte_{driver}.so*"):
            image.add_program(found)
    for module in KERNEL.glob("*.ko"):
        shutil.copy(module, image.root / "modules")
    script = pathlib.Path(__file__).with_name("vm_init.sh").read_text().splitlines()
    image.write("init", "\n".join(["#!/bin/sh", *script[1:], ""]))
    (image.root / "init").chmod(0o755)
    for name, text in files.items():
        image.write(name, text)
    image.pack(path)


class Wire:
    """The other end of a NIC's cable."""

    def __init__(self, directory, name):
        self.here, self.there = (str(pathlib.Path(directory) / f"{name}.{end}") for end in ("here", "nic"))
        self.frames = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.here)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            self.frames.append(self.socket.recv(FRAME_BYTES))

    def send(self, frame):
        """Waits while the NIC takes no more."""
        self.socket.sendto(frame, self.there)

    def netdev(self, name):
        return (f"dgram,id={name},local.type=unix,local.path={self.there},"
                f"remote.type=unix,remote.path={self.here}")


class Machine:
    """Two processors with AES-NI and AVX2, an IOMMU, and NICs: {name: qemu's name of its kind}. Ends with
    it: use it as a context."""

    def __init__(self, directory, nics, files):
        """`files` is asked for the image's {name: text}, given the NICs' PCI addresses by name."""
        self.directory = pathlib.Path(directory)
        self.console = self.directory / "console"
        self.wires = {name: Wire(directory, name) for name in nics}
        self.kinds = nics
        self.addresses = {name: f"0000:00:{FIRST_SLOT + n:02x}.0" for n, name in enumerate(nics)}
        make_image(self.directory / "image", self.directory / "initrd", files(self.addresses))
        self.process = self.shell = None

    def command(self):
        words = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot",
                 "-machine", "q35,kernel-irqchip=split", "-accel", "tcg,thread=multi", "-cpu", "max",
                 "-smp", "2", "-m", str(MEMORY_MB),
                 # A process's addresses, which devices are given, have more than the 39 bits of the default.
                 "-device", "intel-iommu,intremap=on,aw-bits=48",
                 "-kernel", str(KERNEL / "vmlinuz"), "-initrd", str(self.directory / "initrd"), "-append",
                 f"console=ttyS0 quiet panic=-1 intel_iommu=on hugepages={HUGEPAGES_MB // 2}"
                 f" nics={','.join(self.addresses.values())}",
                 "-monitor", f"unix:{self.directory / 'monitor'},server=on,wait=off",
                 "-serial", f"file:{self.console}",
                 "-serial", f"unix:{self.directory / 'shell'},server=on,wait=off"]
        for name, kind in self.kinds.items():
            slot = self.addresses[name].split(":")[-1][:2]
            # Of all of them only virtio can be told to go past the IOMMU, and would.
            own = ",iommu_platform=on,disable-legacy=on" if kind.startswith("virtio") else ""
            words += ["-netdev", self.wires[name].netdev(name),
                      "-device", f"{kind},netdev={name},addr=0x{slot},romfile={own}"]
        return words

    def __enter__(self):
        with open(self.directory / "qemu", "wb") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.command()],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.shell = self.connect("shell").makefile("rw", encoding="utf-8", errors="replace", newline="\n")
            self.until("ready\n")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def log(self):
        """What qemu and the kernel have said."""
        return "".join((self.directory / name).read_text(errors="replace") for name in ("qemu", "console")
                       if (self.directory / name).exists())

    def connect(self, name):
        end = time.monotonic() + CONSOLE_SECONDS
        while True:
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(CONSOLE_SECONDS)
            try:
                line.connect(str(self.directory / name))
                return line
            except OSError as error:
                line.close()
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the machine did not start: {error}\n{self.log()}") from None
                time.sleep(0.05)

    def plug(self, name, state):
        """Plugs a NIC's cable: "on" or "off"."""
        with self.connect("monitor") as monitor:
            monitor.sendall(f"set_link {name} {state}\n".encode())
            said = b""
            while said.count(b"(qemu)") < 2:  # one prompt for the command, one when it is done
                said += monitor.recv(4096)

    def until(self, pattern):
        """Reads lines up to one that the pattern matches. Returns (those before, the match)."""
        lines = []
        while True:
            try:
                line = self.shell.readline()
            except OSError as error:
                raise RuntimeError(f"no answer from the machine: {error}; {lines}\n{self.log()}") from None
            if line == "":
                raise RuntimeError(f"the machine has ended: {lines}\n{self.log()}")
            found = re.fullmatch(pattern, line.replace("\r", ""))
            if found:
                return "".join(lines), found
            lines.append(line)

    def run(self, command):
        """Has the shell do a command. Returns (exit code, what it said)."""
        self.shell.write(command + "\n")
        self.shell.flush()
        said, found = self.until(r"exit code (\d+)\n")
        return int(found[1]), said

    def must(self, command):
        """The same; raises unless the exit code is 0."""
        code, said = self.run(command)
        if code != 0:
            raise RuntimeError(f"{command}: exit code {code}: {said}")
        return said
