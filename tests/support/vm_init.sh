#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The first program of the virtual machine, run there by busybox: gives the NICs named on the kernel's command
# line (nics=ADDRESS,...) to vfio-pci, then does what is written to the second serial line, a command a line.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ip link set lo up
chmod 755 / # DPDK loads no drivers from where everybody may write
export RUNTIME_DIRECTORY=/run
for module in irqbypass vfio vfio_iommu_type1 vfio_virqfd vfio-pci-core vfio-pci; do
    [ ! -e /modules/$module.ko ] || insmod /modules/$module.ko # newer kernels have fewer
done
nics=$(sed 's/.*nics=\([^ ]*\).*/\1/' /proc/cmdline)
for nic in ${nics//,/ }; do
    echo vfio-pci >"/sys/bus/pci/devices/$nic/driver_override"
    echo "$nic" >/sys/bus/pci/drivers_probe
done
stty -F /dev/ttyS1 raw -echo
exec </dev/ttyS1 >/dev/ttyS1 2>&1
echo ready
while read -r line; do
    eval "$line"
    echo "exit code $?"
done
