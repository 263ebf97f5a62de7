/* SPDX-License-Identifier: BSD-3-Clause */
/* The checks of `rtpsealctl doctor`: each looks at one thing and adds what it finds. */
#pragma once

#include "doctor_config.h"
#include "doctor_daemon.h"
#include "doctor_finding.h"
#include "doctor_host.h"

/* What all checks are given. Constant while they run. */
struct rs_doctor {
    struct rs_host host;
    const struct rs_doctor_config *config;
    struct rs_daemon_rights rights; /* of the daemon that runs, or would */
};

typedef void rs_check_fn(const struct rs_doctor *doctor, struct rs_findings *findings);

/* doctor_cpu.c: what the CPU and the kernel can */
rs_check_fn rs_check_cpu, rs_check_clock, rs_check_kernel;

/* doctor_cores.c: the CPUs that workers are put on */
rs_check_fn rs_check_cpus, rs_check_isolation, rs_check_interrupts, rs_check_siblings,
    rs_check_governor;

/* doctor_memory.c */
rs_check_fn rs_check_hugepages, rs_check_memory, rs_check_memlock;

/* doctor_pci.c: devices that DPDK drives itself */
rs_check_fn rs_check_iommu, rs_check_vfio, rs_check_binding, rs_check_numa;

/* doctor_net.c: interfaces of the kernel that virtual devices sit on */
rs_check_fn rs_check_interfaces, rs_check_mtu, rs_check_offloads;

/* doctor_rights.c: who may what */
rs_check_fn rs_check_capabilities, rs_check_groups, rs_check_socket;

/* doctor_software.c */
rs_check_fn rs_check_configuration, rs_check_drivers;

/*
 * The mend that changes the kernel's command line, for the latest finding: where GRUB boots it, the
 * commands, else what to add. Takes effect with the next boot.
 */
void rs_check_mend_boot(const struct rs_doctor *doctor, struct rs_findings *findings,
                        const char *options);

/* Whether it is a virtual machine, as far as its CPU says so. */
bool rs_check_is_virtual(const struct rs_doctor *doctor);
