/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sample's end, and reading what may not be there: a daemon of another version says more or less.
 */
#include "top_sample.h"

#include <stdlib.h>

void rs_top_sample_free(struct rs_top_sample *sample)
{
    if (sample == NULL)
        return;
    for (int i = 0; i < RS_TOP_PARTS; i++)
        json_decref(sample->parts[i]);
    free(sample);
}

const char *rs_top_text(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : otherwise;
}

double rs_top_number(const json_t *object, const char *name, double otherwise)
{
    const json_t *value = json_object_get(object, name);

    return json_is_number(value) ? json_number_value(value) : otherwise;
}
