/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a packet of a flow, and why: the same questions that a worker asks, in the same
 * order. Nothing is sent and nothing changed.
 */
#include "handlers.h"

#include <stdio.h>
#include <string.h>

#include "control/config.h"
#include "control/flow.h"
#include "control/registry.h"
#include "control/session.h"
#include "control/stream.h"

enum { WHY_BYTES = 320 };

/* What is asked, of one link and direction. */
struct question {
    const struct rs_control *control;
    struct rs_flow flow;
    struct rs_optional ssrc, payload_type;
    unsigned int link;
    enum rs_direction direction;
};

struct answer {
    const char *verdict;
    enum rs_outcome outcome;
    const struct rs_stream_record *stream; /* NULL: none */
    const char *codec;                     /* NULL: not asked, or not named */
    char why[WHY_BYTES];
};

static bool in_ranges(const struct rs_link_config *link, const struct rs_flow *flow)
{
    return rs_range_holds(link->media, link->media_count, flow->family, flow->dst,
                          flow->dst_port) ||
           (flow->has_source && rs_range_holds(link->media, link->media_count, flow->family,
                                               flow->src, flow->src_port));
}

static void explain_unnamed(const struct question *question, struct answer *answer)
{
    const char *direction = rs_direction_name(question->direction);

    answer->verdict = "dropped";
    answer->outcome = RS_NO_STREAM;
    snprintf(answer->why, sizeof(answer->why),
             "it lies in the link's media ranges and no stream of direction %s names it%s; only "
             "RTCP, STUN, DTLS, ZRTP and QUIC of the flow pass",
             direction, question->ssrc.given ? "" : " (give the SSRC where streams name theirs)");
}

static void explain_blocked(const struct rs_session_record *session, struct answer *answer)
{
    answer->verdict = "dropped";
    answer->outcome = RS_NO_KEY;
    if (session->state != RS_SESSION_CONNECTED)
        snprintf(answer->why, sizeof(answer->why),
                 "its session is %s: session_connect makes its media flow",
                 rs_session_state_name(session->state));
    else
        snprintf(answer->why, sizeof(answer->why), "its session has no usable key");
}

static bool has_active_key(const struct rs_session_record *session)
{
    const struct rs_key_record *key;

    TAILQ_FOREACH(key, &session->keys, entry) {
        if (key->state == RS_KEY_ACTIVE)
            return true;
    }
    return false;
}

/* Which codec's rule holds, and what that means. */
static void explain_codec(const struct question *question, struct answer *answer)
{
    const struct rs_stream_record *stream = answer->stream;
    struct rs_format format;
    size_t used = strlen(answer->why);

    if (!question->payload_type.given)
        return;
    format = rs_format_unpack(stream->payload_types.formats[question->payload_type.value]);
    answer->codec = format.codec != NULL ? format.codec->name : NULL;
    snprintf(answer->why + used, sizeof(answer->why) - used, "; payload type %u is %s%s",
             (unsigned int)question->payload_type.value, format.is_rtx ? "rtx of " : "",
             answer->codec != NULL ? answer->codec
                                   : "not named by the stream, so it is sealed whole");
}

static void explain_named(const struct question *question, struct answer *answer)
{
    const struct rs_session_record *session = answer->stream->session;
    const bool seals = question->direction == RS_SEAL;

    if (session->state != RS_SESSION_CONNECTED ||
        (session->options.e2ee && !has_active_key(session))) {
        explain_blocked(session, answer);
        return;
    }
    if (!session->options.e2ee) {
        answer->verdict = "passed";
        answer->outcome = RS_PASSED;
        snprintf(answer->why, sizeof(answer->why),
                 "its session is without end-to-end encryption: passed on unchanged");
        return;
    }
    answer->verdict = seals ? "sealed" : "opened";
    answer->outcome = seals ? RS_SEALED : RS_OPENED;
    snprintf(answer->why, sizeof(answer->why),
             seals ? "the stream names it and its session has a key (%s)"
                   : "the stream names it; it is opened if it was sealed with one of the "
                     "session's keys (%s)",
             answer->stream->suite->name);
    explain_codec(question, answer);
}

static void explain(const struct question *question, struct answer *answer)
{
    const struct rs_control *control = question->control;
    const struct rs_link_config *link = &control->config->dataplane.links[question->link];

    if (!in_ranges(link, &question->flow)) {
        answer->verdict = "wire";
        answer->outcome = RS_BRIDGED;
        snprintf(answer->why, sizeof(answer->why),
                 "neither end lies in the link's media ranges%s: passed on as by a wire",
                 question->flow.has_source ? "" : " (as far as the destination tells)");
        return;
    }
    answer->stream = rs_stream_find(control->dataplane, question->link, question->direction,
                                    &question->flow, (uint32_t)question->ssrc.value);
    if (answer->stream == NULL)
        explain_unnamed(question, answer);
    else
        explain_named(question, answer);
}

static json_t *answer_json(const struct question *question)
{
    const struct rs_dataplane_config *config = &question->control->config->dataplane;
    struct answer answer = {0};
    json_t *json;

    explain(question, &answer);
    json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "link", config->links[question->link].name,
                     "direction", rs_direction_name(question->direction), "verdict", answer.verdict,
                     "outcome", rs_outcome_name(answer.outcome), "why", answer.why);
    if (answer.stream != NULL) {
        json_object_set_new(json, "stream_id", json_string(answer.stream->id));
        json_object_set_new(json, "session_id", json_string(answer.stream->session->id));
    }
    if (answer.codec != NULL)
        json_object_set_new(json, "codec", json_string(answer.codec));
    return json;
}

static json_t *all_answers(struct question *question, const struct rs_explain_params *params,
                           unsigned int first, unsigned int last)
{
    json_t *answers = json_array();

    for (question->link = first; question->link <= last; question->link++) {
        for (unsigned int direction = 0; direction < RS_DIRECTIONS; direction++) {
            if (params->direction != 0 && params->direction != direction + 1)
                continue;
            question->direction = (enum rs_direction)direction;
            json_array_append_new(answers, answer_json(question));
        }
    }
    return answers;
}

enum rs_reply rs_method_flow_explain(struct rs_request *request, const void *params)
{
    const struct rs_explain_params *wanted = params;
    const struct rs_dataplane_config *config = &request->control->config->dataplane;
    struct question question = {
        .control = request->control, .ssrc = wanted->ssrc, .payload_type = wanted->payload_type};
    unsigned int first = 0, last = (unsigned int)config->link_count - 1;

    if (rs_flow_parse(wanted->flow, &question.flow, &request->error) != 0)
        return RS_REPLY_NOW;
    if (wanted->link != NULL) {
        if (rs_link_find(config, wanted->link, &first, &request->error) != 0)
            return RS_REPLY_NOW;
        last = first;
    }
    request->result = json_pack("{s:o}", "answers", all_answers(&question, wanted, first, last));
    return RS_REPLY_NOW;
}
