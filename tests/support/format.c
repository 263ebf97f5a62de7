/* SPDX-License-Identifier: BSD-3-Clause */
/* The names of formats, as the vectors spell them. */
#include "tests/support/format.h"

#include <string.h>

struct rs_format rs_test_format(const char *name)
{
    static const char rtx[] = "rtx:";
    const bool is_rtx = strncmp(name, rtx, strlen(rtx)) == 0;

    return (struct rs_format){rs_codec_find(is_rtx ? name + strlen(rtx) : name), is_rtx};
}
