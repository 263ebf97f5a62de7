/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of options. Their fixed sets of values are for completing them only: what is taken is
 * the daemon's to say, and a test compares the two.
 */
#include "options.h"

#include <string.h>

#define SUITES                                                                                     \
    "AES_256_CTR_HMAC_SHA512_80 AES_256_CTR_HMAC_SHA512_64 AES_256_CTR_HMAC_SHA512_32 "            \
    "AES_256_GCM_SHA512_128 AES_128_CTR_HMAC_SHA256_80 AES_128_CTR_HMAC_SHA256_64 "                \
    "AES_128_CTR_HMAC_SHA256_32 AES_128_GCM_SHA256_128 AES_256_CTR"

/* clang-format off */
const struct rs_option rs_options[] = {
    {"socket", "PATH", RS_OPTION_SOCKET, NULL, NULL, "@file", "the control socket (or $RTPSEAL_SOCKET)"},
    {"json", NULL, RS_OPTION_JSON, NULL, NULL, NULL, "print the daemon's result as it is, one JSON document a line"},
    {"help", NULL, RS_OPTION_HELP, NULL, NULL, NULL, "how to use it"},
    {"version", NULL, RS_OPTION_VERSION, NULL, NULL, NULL, "of rtpsealctl"},
    {"count", "N", RS_OPTION_COUNT, NULL, NULL, NULL, "stop after N events, or samples"},
    {"interval", "SECONDS", RS_OPTION_PARAM, rs_value_seconds, "interval", NULL, "between two samples: 0.2 to 60 (1)"},
    {"config", "FILE", RS_OPTION_PARAM, rs_value_string, "config", "@file", "the daemon's configuration (or -c)"},
    {"output", "FILE", RS_OPTION_PARAM, rs_value_string, "output", "@file", "where to; standard output if left out"},
    {"scrub-addresses", NULL, RS_OPTION_PARAM, rs_value_true, "scrub_addresses", NULL, "IP and MAC addresses become words"},
    {"root", "DIR", RS_OPTION_PARAM, rs_value_string, "root", "@file", "look at the host whose files lie below DIR"},
    {"secret", "", RS_OPTION_SECRET_ON_COMMAND_LINE, NULL, NULL, NULL, NULL},
    {"encryption-secret", "", RS_OPTION_SECRET_ON_COMMAND_LINE, NULL, NULL, NULL, NULL},
    {"base-key", "", RS_OPTION_SECRET_ON_COMMAND_LINE, NULL, NULL, NULL, NULL},
    {"secret-stdin", NULL, RS_OPTION_SECRET_STDIN, NULL, "encryption_secret", NULL, "the secret is standard input's first line"},
    {"secret-file", "FILE", RS_OPTION_SECRET_FILE, NULL, "encryption_secret", "@file", "the secret is the file's first line"},
    {"base-key-file", "FILE", RS_OPTION_BASE_KEY_FILE, NULL, "base_key", "@file", "a base key instead: 64 to 128 hex digits"},
    {"wait", NULL, RS_OPTION_WAIT, NULL, NULL, NULL, "with --json too: until the key before is wiped"},
    {"no-wait", NULL, RS_OPTION_NO_WAIT, NULL, NULL, NULL, "only until the new one is staged"},
    {"file", "FILE", RS_OPTION_FILE, NULL, NULL, "@file", "what there is to be, in YAML or JSON; -: standard input (or -f)"},
    {"dry-run", NULL, RS_OPTION_DRY_RUN, NULL, "dry_run", NULL, "say what would change, and change nothing"},
    {"cancel", NULL, RS_OPTION_PARAM, rs_value_true, "cancel", NULL, "take new sessions and streams again"},
    {"media-mode", "MODE", RS_OPTION_PARAM, rs_value_string, "media_mode", "routed relayed", "routed or relayed"},
    {"e2ee", NULL, RS_OPTION_PARAM, rs_value_true, "e2ee", NULL, "media is end-to-end encrypted"},
    {"archive-mode", "MODE", RS_OPTION_PARAM, rs_value_string, "archive_mode", "manual always", "manual or always"},
    {"suite", "NAME", RS_OPTION_PARAM, rs_value_string, "suite", SUITES, "the cipher suite"},
    {"grace-ms", "MS", RS_OPTION_PARAM, rs_value_number, "grace_ms", NULL, "how long an old secret still opens"},
    {"activate-after-ms", "MS", RS_OPTION_PARAM, rs_value_number, "activate_after_ms", NULL, "when a new secret starts to seal"},
    {"replay-window", "N", RS_OPTION_PARAM, rs_value_number, "replay_window", NULL, "packets: 64 to 8192, or 0 for none"},
    {"expect-epoch", "N", RS_OPTION_PARAM, rs_value_number, "expect_epoch", NULL, "refuse if another secret came in between"},
    {"session", "ID", RS_OPTION_PARAM, rs_value_string, "session_id", "@session", "the session"},
    {"stream", "ID", RS_OPTION_PARAM, rs_value_string, "stream_id", "@stream", "the stream"},
    {"id", "ID", RS_OPTION_PARAM, rs_value_string, "stream_id", NULL, "the new stream's name"},
    {"link", "NAME", RS_OPTION_PARAM, rs_value_string, "link", "@link", "the link, as in the configuration"},
    {"dst", "IP:PORT", RS_OPTION_PARAM, rs_value_flow_dst, "flow", NULL, "where its packets go; [IPv6]:PORT"},
    {"src", "IP:PORT", RS_OPTION_PARAM, rs_value_flow_src, "flow", NULL, "where they come from; any if left out"},
    {"vlan", "N", RS_OPTION_PARAM, rs_value_flow_vlan, "flow", NULL, "their VLAN; untagged if left out"},
    {"ssrc", "N,...", RS_OPTION_PARAM, rs_value_numbers, "ssrc", NULL, "their SSRCs; any if left out"},
    {"pt", "N=CODEC", RS_OPTION_PARAM, rs_value_payload_type, "payload_types", "@codec", "a payload type: 96=VP8 or 97=rtx:96; as often as needed"},
    {"payload-type", "N", RS_OPTION_PARAM, rs_value_number, "payload_type", NULL, "of a packet with this payload type"},
    {"direction", "WAY", RS_OPTION_PARAM, rs_value_string, "direction", "seal open", "seal (plain to sealed) or open; both if left out"},
    {"drop", "NAME", RS_OPTION_PARAM, rs_value_string, "drop", NULL, "what is dropped under this name, as stats has it"},
    {"when", "WHEN", RS_OPTION_PARAM, rs_value_string, "when", "before after", "as packets come, or as they have become"},
    {"snap-bytes", "N", RS_OPTION_PARAM, rs_value_number, "snap_bytes", NULL, "of each frame, at most: 64 to 9728"},
    {"max-bytes", "N", RS_OPTION_PARAM, rs_value_number, "max_bytes", NULL, "of the file, about"},
    {"max-packets", "N", RS_OPTION_PARAM, rs_value_number, "max_packets", NULL, "after which it ends"},
    {"max-seconds", "N", RS_OPTION_PARAM, rs_value_number, "max_seconds", NULL, "after which it ends: 1 to 3600"},
    {"scope", "SCOPE", RS_OPTION_PARAM, rs_value_string, "scope", "daemon port worker session stream", "daemon, port, worker, session or stream"},
    {"types", "TYPE,...", RS_OPTION_PARAM, rs_value_strings, "types", "@event", "only these events"},
    {"from-seq", "N", RS_OPTION_PARAM, rs_value_number, "from_seq", NULL, "those kept since number N first"},
    {"instance", "ID", RS_OPTION_PARAM, rs_value_string, "instance", NULL, "the start of the daemon that --from-seq is of"},
    {"cursor", "CURSOR", RS_OPTION_PARAM, rs_value_string, "cursor", NULL, "go on where the last page ended"},
    {"limit", "N", RS_OPTION_PARAM, rs_value_number, "limit", NULL, "entries at most"},
};
/* clang-format on */

const size_t rs_option_count = sizeof(rs_options) / sizeof(rs_options[0]);

const struct rs_option *rs_option_find(const char *name)
{
    for (size_t i = 0; i < rs_option_count; i++) {
        if (strcmp(rs_options[i].name, name) == 0)
            return &rs_options[i];
    }
    return NULL;
}

bool rs_option_is_global(const struct rs_option *option)
{
    return option->role == RS_OPTION_SOCKET || option->role == RS_OPTION_JSON ||
           option->role == RS_OPTION_HELP || option->role == RS_OPTION_VERSION;
}
