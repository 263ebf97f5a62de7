/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What parameters ask for, with the configuration's values for what they leave out. Whether it can
 * be had is decided elsewhere.
 */
#include "options.h"

#include "control/config.h"
#include "control/flow.h"

int rs_session_options_read(const struct rs_config *config, const struct rs_create_params *params,
                            struct rs_session_options *options, struct rs_error *error)
{
    const struct rs_e2ee_config *defaults = &config->e2ee;

    *options = (struct rs_session_options){
        .media_mode = params->media_mode > 1 ? RS_MEDIA_RELAYED : RS_MEDIA_ROUTED,
        .archive_mode = params->archive_mode > 1 ? RS_ARCHIVE_ALWAYS : RS_ARCHIVE_MANUAL,
        .e2ee = rs_optional_or(params->e2ee, 0) != 0,
        .suite = params->suite != NULL ? rs_suite_find(params->suite) : defaults->suite,
        .grace_ms = (uint32_t)rs_optional_or(params->grace_ms, defaults->grace_ms),
        .activate_after_ms =
            (uint32_t)rs_optional_or(params->activate_after_ms, defaults->activate_after_ms),
        .replay_window = (uint32_t)rs_optional_or(params->replay_window, defaults->replay_window),
    };
    if (options->suite == NULL)
        return rs_error_set(error, RS_E_UNKNOWN_SUITE, "suite", "there is no such suite");
    return 0;
}

int rs_stream_options_read(const struct rs_stream_params *params, struct rs_stream_options *options,
                           struct rs_error *error)
{
    options->id = params->stream_id;
    options->link = params->link;
    options->replay_window = params->replay_window;
    if (rs_flow_parse(params->flow, &options->flow, error) != 0)
        return -1;
    if (params->ssrc != NULL && rs_ssrcs_parse(params->ssrc, options->ssrcs, RS_SSRCS_MAX,
                                               &options->ssrc_count, error) != 0)
        return -1;
    if (rs_payload_types_parse(params->payload_types, &options->payload_types, error) != 0)
        return -1;
    if (params->suite != NULL) {
        options->suite = rs_suite_find(params->suite);
        if (options->suite == NULL)
            return rs_error_set(error, RS_E_UNKNOWN_SUITE, "suite", "there is no such suite");
    }
    return 0;
}
