/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration that is read while memory runs out: whole, or refused; never with a part left
 * out, since what is left out would leave media in clear or rights not given up.
 */
#include <string.h>

#include "control/config.h"
#include "tests/support/failing_memory.h"
#include "tests/support/runner.h"

enum { ALLOCATIONS_MAX = 2000 };

static const char text[] =
    "cpus: [0]\n"
    "links:\n"
    "  - name: edge0\n"
    "    plain: {vdev: net_ring0}\n"
    "    sealed: {vdev: net_ring1}\n"
    "    media: [{ip: 198.51.100.0/24, ports: 10000-59999}]\n"
    "control: {socket: /run/c.sock, operators: one, viewers: two}\n"
    "capture: {directory: /var/lib/rtpseal}\n"
    "http: {listen: 'unix:/run/h.sock', projects: [{key: '100', secret_file: /etc/s}]}\n"
    "user: root\n";

static bool equal(const char *got, const char *expected)
{
    return got != NULL && strcmp(got, expected) == 0;
}

static void check_whole(const struct rs_config *config)
{
    const struct rs_dataplane_config *dataplane = &config->dataplane;

    CU_ASSERT_EQUAL(dataplane->cpu_count, 1);
    CU_ASSERT_EQUAL_FATAL(dataplane->link_count, 1);
    CU_ASSERT_TRUE(equal(dataplane->links[0].name, "edge0"));
    CU_ASSERT_EQUAL(dataplane->links[0].media_count, 1);
    CU_ASSERT_TRUE(equal(dataplane->links[0].plain.vdev, "net_ring0"));
    CU_ASSERT_TRUE(equal(dataplane->links[0].sealed.vdev, "net_ring1"));
    CU_ASSERT_TRUE(equal(config->socket_path, "/run/c.sock"));
    CU_ASSERT_TRUE(equal(config->operators, "one"));
    CU_ASSERT_TRUE(equal(config->viewers, "two"));
    CU_ASSERT_TRUE(equal(config->capture_directory, "/var/lib/rtpseal"));
    CU_ASSERT_TRUE(equal(config->http.listen, "unix:/run/h.sock"));
    CU_ASSERT_EQUAL(config->http.project_count, 1);
    CU_ASSERT_TRUE(equal(config->user, "root"));
}

static void without_memory_a_configuration_is_refused_and_never_cut_short(void)
{
    unsigned long failed = 1, n = 0, refused = 0;

    while (failed > 0 && n < ALLOCATIONS_MAX) {
        char error[RS_CONFIG_ERROR_MAX] = "";
        struct rs_config *config;

        failing_memory_arm(++n);
        config = rs_config_parse("f", text, strlen(text), NULL, error);
        failed = failing_memory_disarm();
        if (config != NULL) {
            check_whole(config);
        } else {
            refused++;
            CU_ASSERT(failed > 0 && strncmp(error, "f: ", 3) == 0 && strlen(error) > 3);
        }
        rs_config_free(config);
    }
    CU_ASSERT_EQUAL(failed, 0);
    CU_ASSERT(refused > 100);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"without_memory_a_configuration_is_refused_and_never_cut_short",
         without_memory_a_configuration_is_refused_and_never_cut_short},
    };

    return rs_test_main("config_memory", tests, sizeof(tests) / sizeof(tests[0]));
}
