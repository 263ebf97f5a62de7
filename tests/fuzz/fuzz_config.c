/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration file: it is taken, or refused in one line that begins with the file's name. */
#include "fuzz.h"

#include "control/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[RS_CONFIG_ERROR_MAX] = "";
    char *text = (char *)rs_fuzz_copy(data, size);
    struct rs_config *config;

    config = rs_config_parse("file", text, size, NULL, error);
    if (config == NULL) {
        MUST(strncmp(error, "file:", 5) == 0 && error[5] == ' ' && error[6] != '\0');
        MUST(strchr(error, '\n') == NULL);
    } else {
        MUST(error[0] == '\0');
        MUST(config->dataplane.link_count > 0 && config->dataplane.cpu_count > 0);
        MUST(config->dataplane.links[0].media_count > 0);
        rs_config_free(config);
    }
    free(text);
    return 0;
}
