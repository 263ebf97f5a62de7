/* SPDX-License-Identifier: BSD-3-Clause */
/* What a daemon said at one moment: its replies as they came, and when. */
#pragma once

#include <jansson.h>
#include <stdint.h>

enum rs_top_part {
    RS_TOP_VERSION,  /* get_version */
    RS_TOP_DAEMON,   /* stats_get, and the two below by scope */
    RS_TOP_PORTS,    /* the list alone */
    RS_TOP_WORKERS,  /* the list alone */
    RS_TOP_HEALTH,   /* health_get */
    RS_TOP_BUSIEST,  /* stats_busiest: the list alone */
    RS_TOP_SESSIONS, /* session_list: the list alone; rows may have session_get's "keys" */
    RS_TOP_PARTS
};

/* Owner: who took it, then who was given it. */
struct rs_top_sample {
    json_t *parts[RS_TOP_PARTS];     /* NULL: not said */
    uint64_t taken_ns[RS_TOP_PARTS]; /* CLOCK_MONOTONIC, halfway through the call */
};

/* Frees the sample with its parts; NULL is fine. */
void rs_top_sample_free(struct rs_top_sample *sample);

/* Members of an object that may be NULL or of another form: a text (or `otherwise`), a number. */
const char *rs_top_text(const json_t *object, const char *name, const char *otherwise);
double rs_top_number(const json_t *object, const char *name, double otherwise);
