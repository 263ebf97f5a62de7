/* SPDX-License-Identifier: BSD-3-Clause */
/* What the CPU and the kernel have: IPsec-MB's code for it, its clock, the kernel's age. */
#include "doctor_check.h"

#include <stdio.h>
#include <string.h>

enum { LIST_BYTES = 256 };

/* As IPsec-MB asks for them, in words of /proc/cpuinfo; each code needs those before it too. */
static const char *const for_sse[] = {"sse4_2", "cmov", "aes", "pclmulqdq", NULL};
static const char *const for_avx2[] = {"avx", "avx2", "bmi2", NULL};
static const char *const for_avx512[] = {"avx512f",  "avx512dq", "avx512cd",
                                         "avx512bw", "avx512vl", NULL};
/* With which its AVX512 code takes several blocks at once. */
static const char *const for_vaes[] = {"vaes", "vpclmulqdq", "gfni", "avx512ifma", "sha_ni", NULL};

static const struct {
    const char *code;
    const char *const *features;
} codes[] = {{"SSE", for_sse}, {"AVX2", for_avx2}, {"AVX512", for_avx512}, {"VAES", for_vaes}};

enum { CODES = sizeof(codes) / sizeof(codes[0]), CODE_AVX512 = 2 };

bool rs_check_is_virtual(const struct rs_doctor *doctor)
{
    char flags[RS_HOST_LINE_MAX];

    return rs_host_find(&doctor->host, "flags", flags, "/proc/cpuinfo") == 0 &&
           rs_host_has_word(flags, "hypervisor");
}

/* Writes those of a list that are not among the flags; returns how many. */
static int list_missing(const char *flags, const char *const *features, char text[LIST_BYTES],
                        size_t *used)
{
    int missing = 0;

    for (; *features != NULL; features++) {
        if (rs_host_has_word(flags, *features))
            continue;
        missing++;
        if (*used < LIST_BYTES)
            *used += (size_t)snprintf(text + *used, LIST_BYTES - *used, "%s%s",
                                      *used != 0 ? " " : "", *features);
    }
    return missing;
}

static void mend_cpu(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    if (rs_check_is_virtual(doctor))
        rs_finding_mend(findings, "virt-xml GUEST --edit --cpu host-passthrough # on the host of "
                                  "this guest; qemu by itself: -cpu host");
}

void rs_check_cpu(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    char flags[RS_HOST_LINE_MAX], missing[LIST_BYTES] = "";
    size_t used = 0;
    int code = 0;

    if (rs_host_find(&doctor->host, "flags", flags, "/proc/cpuinfo") != 0) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "/proc/cpuinfo names no flags");
        return;
    }
    while (code < CODES && list_missing(flags, codes[code].features, missing, &used) == 0)
        code++;
    for (int rest = code + 1; rest < CODES; rest++)
        list_missing(flags, codes[rest].features, missing, &used);
    if (code == CODES) {
        rs_finding_add(findings, RS_FINDING_OK,
                       "IPsec-MB takes its AVX512 code with VAES: aes pclmulqdq avx2 avx512f "
                       "avx512bw avx512vl vaes vpclmulqdq sha_ni are all there");
    } else if (code == 0) {
        rs_finding_add(findings, RS_FINDING_STOPS, "the CPU lacks %s", missing);
        rs_finding_leads_to(findings,
                            "IPsec-MB has no code for this CPU: the daemon does not start");
        mend_cpu(doctor, findings);
    } else {
        rs_finding_add(findings, RS_FINDING_SLOW, "IPsec-MB takes its %s code: the CPU lacks %s",
                       codes[code - 1].code, missing);
        rs_finding_leads_to(findings, "%s",
                            code - 1 == CODE_AVX512
                                ? "AES and GCM go one block at a time"
                                : "sealing and opening take more cycles for each packet");
        mend_cpu(doctor, findings);
    }
}

/* ---- clock -------------------------------------------------------------------------------- */

#define CLOCKS "/sys/devices/system/clocksource/clocksource0"

/* Sources that are read without a system call. */
static bool is_fast(const char *source)
{
    return strcmp(source, "tsc") == 0 || strcmp(source, "kvm-clock") == 0 ||
           strcmp(source, "hyperv_clocksource_tsc_page") == 0;
}

void rs_check_clock(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    char source[RS_HOST_LINE_MAX], available[RS_HOST_LINE_MAX] = "";

    if (rs_host_read(&doctor->host, source, CLOCKS "/current_clocksource") != 0) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "the kernel does not name its clock source");
        return;
    }
    if (is_fast(source)) {
        rs_finding_add(findings, RS_FINDING_OK, "the clock source is %.40s", source);
        return;
    }
    (void)rs_host_read(&doctor->host, available, CLOCKS "/available_clocksource");
    rs_finding_add(findings, RS_FINDING_SLOW, "the clock source is %.40s", source);
    rs_finding_leads_to(findings, "each look at the clock is a system call, and what workers "
                                  "measure by the TSC may be wrong");
    if (rs_host_has_word(available, "tsc"))
        rs_finding_mend(findings, "echo tsc > " CLOCKS "/current_clocksource");
    else
        rs_check_mend_boot(doctor, findings, "tsc=reliable");
}

/* ---- kernel ------------------------------------------------------------------------------- */

static bool has_driver(const struct rs_doctor *doctor, const char *driver)
{
    for (size_t i = 0; i < doctor->config->port_count; i++) {
        if (rs_doctor_port_is(&doctor->config->ports[i], driver))
            return true;
    }
    return false;
}

void rs_check_kernel(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    static const struct {
        unsigned int version;
        const char *driver; /* needed by it alone; NULL: by all */
        enum rs_finding_state state;
        const char *consequence;
    } needs[] = {
        {404, NULL, RS_FINDING_STOPS, "it has no mlock2, which locks the keys' memory"},
        {418, "net_af_xdp", RS_FINDING_STOPS, "it has no AF_XDP, which net_af_xdp is made of"},
        {413, NULL, RS_FINDING_SLOW,
         "it has no SO_PEERGROUPS: who asks on the control socket is known by the primary group "
         "alone"},
    };
    char release[RS_HOST_LINE_MAX];
    unsigned int major, minor;

    if (rs_host_read(&doctor->host, release, "/proc/sys/kernel/osrelease") != 0 ||
        sscanf(release, "%u.%u", &major, &minor) != 2) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "the kernel does not say its version");
        return;
    }
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (major * 100 + minor >= needs[i].version ||
            (needs[i].driver != NULL && !has_driver(doctor, needs[i].driver)))
            continue;
        rs_finding_add(findings, needs[i].state, "Linux %.60s", release);
        rs_finding_leads_to(findings, "%s", needs[i].consequence);
        rs_finding_mend(findings, "apt-get install linux-image-amd64 && reboot");
        return;
    }
    rs_finding_add(findings, RS_FINDING_OK, "Linux %.60s", release);
}
