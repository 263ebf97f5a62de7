/* SPDX-License-Identifier: BSD-3-Clause */
/* What figures hold for, as a line of JSON: the libraries in use, the code chosen for this CPU, the
 * rate of its TSC, and whether there are hugepages. */
#include <stdio.h>

#include <openssl/crypto.h>
#include <rte_cycles.h>

#include "tests/bench/rig.h"

int main(void)
{
    const struct rs_rig_config config = {.kind = RS_RIG_MEMORY};
    struct rs_rig *rig = rs_rig_start(&config);
    struct rs_host_info host;

    rs_dataplane_get_host(rs_rig_dataplane(rig), &host);
    printf("{\"dpdk\": \"%s\", \"ipsec_mb\": \"%s\", \"isa\": \"%s\", \"openssl\": \"%s\", "
           "\"tsc_hz\": %lu, \"hugepages\": %s}\n",
           host.dpdk_version, host.ipsec_mb_version, host.isa, OpenSSL_version(OPENSSL_VERSION),
           (unsigned long)rte_get_tsc_hz(), host.hugepages ? "true" : "false");
    rs_rig_stop(rig);
    return 0;
}
