/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration files, good and bad, with the whole message for the bad ones.
 */
#include "control/config.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/runner.h"

#define LINK                                                                                       \
    "links:\n  - name: edge0\n    plain: {vdev: net_ring0}\n    sealed: {vdev: net_ring1}\n"
#define MEDIA "    media: [{ports: 10000-59999}]\n"
#define GOOD  "cpus: [0]\n" LINK MEDIA
#define HTTP  "http: {listen: \"127.0.0.1:9470\", projects: "
#define LISTEN                                                                                     \
    "expected an address of loopback with a port (127.0.0.1:9470, [::1]:9470), or unix:/PATH of "  \
    "at most 107 bytes"
#define SECRET "expected an absolute path, or the name of a systemd credential"

static const struct {
    const char *text, *error;
} bad[] = {
    {"", "f: is empty"},
    {"# nothing\n", "f: is empty"},
    {"cpus: [0]\n", "f: links: is missing: expected at least one link"},
    {"cpus: [0]\nlinks: []\n", "f: links: is missing: expected at least one link"},
    {LINK MEDIA, "f: cpus: is missing: expected a list of CPUs, one for each worker"},
    {"cpus: [0]\n" LINK,
     "f: links[0].media: is missing: expected at least one {ip: NETWORK, ports: "
     "\"FIRST-LAST\"}"},
    {"cpus: [x]\n" LINK MEDIA, "f: cpus[0]: \"x\" is not accepted: expected the number of a CPU"},
    {"cpus: [0, 0]\n" LINK MEDIA, "f: cpus[1]: \"0\" is not accepted: expected each CPU once"},
    {"cpus: [4000]\n" LINK MEDIA,
     "f: cpus[0]: \"4000\" is not accepted: expected a CPU that is online"},
    {GOOD "cpus: [0]\n", "f: cpus: is given twice"},
    {"cpus: [0]\nlinks:\n  - name: a\n    plain: {vdev: net_ring0, mtu: 575}\n"
     "    sealed: {vdev: net_ring1}\n" MEDIA,
     "f: links[0].plain.mtu: \"575\" is not accepted: expected 576 to 9600"},
    {"cpus: [0]\nlinks:\n  - name: a\n    plain: {vdev: net_ring0}\n"
     "    sealed: {vdev: net_ring1, queues: 0}\n" MEDIA,
     "f: links[0].sealed.queues: \"0\" is not accepted: expected 1 to 64"},
    {GOOD "    reassemble: maybe\n",
     "f: links[0].reassemble: \"maybe\" is not accepted: expected yes or no"},
    {GOOD "    icmp_too_big: 1\n",
     "f: links[0].icmp_too_big: \"1\" is not accepted: expected yes or no"},
    {GOOD "user: \"no\\nbody\"\n",
     "f: user: \"no?body\" is not accepted: expected the name of a user of this host"},
    {GOOD "speed: 1\n", "f: speed: unknown key: expected cpus, memory, links, control, e2ee, "
                        "limits, http, capture, lock_keys, user, sandbox"},
    {GOOD "http: {listen: x}\n", "f: http.listen: \"x\" is not accepted: " LISTEN},
    {GOOD "http: {}\n", "f: http.listen: is missing: " LISTEN},
    {GOOD "http: {listen: \"0.0.0.0:9470\"}\n",
     "f: http.listen: \"0.0.0.0:9470\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \"192.0.2.1:9470\"}\n",
     "f: http.listen: \"192.0.2.1:9470\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \"[::]:9470\"}\n",
     "f: http.listen: \"[::]:9470\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \"[::ffff:127.0.0.1]:9470\"}\n",
     "f: http.listen: \"[::ffff:127.0.0.1]:9470\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \"localhost:9470\"}\n",
     "f: http.listen: \"localhost:9470\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \":9470\"}\n", "f: http.listen: \":9470\" is not accepted: " LISTEN},
    {GOOD "http: {listen: 9470}\n", "f: http.listen: \"9470\" is not accepted: " LISTEN},
    {GOOD "http: {listen: 127.0.0.1}\n", "f: http.listen: \"127.0.0.1\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \"127.0.0.1:0\"}\n",
     "f: http.listen: \"127.0.0.1:0\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \"127.0.0.1:65536\"}\n",
     "f: http.listen: \"127.0.0.1:65536\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \"127.0.0.1:94x\"}\n",
     "f: http.listen: \"127.0.0.1:94x\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \"127.1:9470\"}\n",
     "f: http.listen: \"127.1:9470\" is not accepted: " LISTEN},
    {GOOD "http: {listen: \"unix:run/x\"}\n",
     "f: http.listen: \"unix:run/x\" is not accepted: " LISTEN},
    {GOOD HTTP "[{secret_file: /s}]}\n",
     "f: http.projects[0].key: is missing: expected 1 to 36 characters of A-Z a-z 0-9 -"},
    {GOOD HTTP "[{key: a/b, secret_file: /s}]}\n",
     "f: http.projects[0].key: \"a/b\" is not accepted: expected 1 to 36 characters of A-Z a-z 0-9 "
     "-"},
    {GOOD HTTP "[{key: a~b, secret_file: /s}]}\n",
     "f: http.projects[0].key: \"a~b\" is not accepted: expected 1 to 36 characters of A-Z a-z 0-9 "
     "-"},
    {GOOD HTTP "[{key: 1}]}\n", "f: http.projects[0].secret_file: is missing: " SECRET},
    {GOOD HTTP "[{key: 1, secret_file: a/b}]}\n",
     "f: http.projects[0].secret_file: \"a/b\" is not accepted: " SECRET},
    {GOOD HTTP "[{key: 1, secret_file: ..}]}\n",
     "f: http.projects[0].secret_file: \"..\" is not accepted: " SECRET},
    {GOOD HTTP "[{key: 1, secret_file: /s}, {key: 1, secret_file: /t}]}\n",
     "f: http.projects[1].key: \"1\" is not accepted: expected each key once"},
    {GOOD HTTP "[{key: 1, secret_file: /s, e2ee: never}]}\n",
     "f: http.projects[0].e2ee: \"never\" is not accepted: expected on_request or always"},
    {GOOD HTTP "[{key: 1, secret: s}]}\n",
     "f: http.projects[0].secret: unknown key: expected key, secret_file, e2ee"},
    {GOOD "e2ee: {window: 1}\n", "f: e2ee.window: unknown key: expected enabled, suite, grace_ms, "
                                 "activate_after_ms, replay_window, auth_failure_alarm"},
    {"cpus: [0]\n" LINK "    media: [{ports: 5-6}, {port: 7}]\n",
     "f: links[0].media[1].port: unknown key: expected ip, ports"},
    {"cpus: [0]\n" LINK "    media: [{ports: 5-6}, {ports: 70000}]\n",
     "f: links[0].media[1].ports: \"70000\" is not accepted: expected FIRST-LAST or one port, 1 to "
     "65535"},
    {"cpus: [0]\n" LINK "    media: [{ip: 10.0.0.1/8, ports: 5-6}]\n",
     "f: links[0].media[0].ip: \"10.0.0.1/8\" is not accepted: expected an address or a network "
     "without bits behind its prefix"},
    {GOOD "    injected: pass\n",
     "f: links[0].injected: \"pass\" is not accepted: expected drop or pass_known"},
    {GOOD "memory: 5\n", "f: memory: is not accepted: expected a mapping, {KEY: VALUE} (line 7)"},
    {GOOD "memory: {mb: 63}\n", "f: memory.mb: \"63\" is not accepted: expected 64 to 1048576"},
    {GOOD "memory: {mb: 0x40}\n", "f: memory.mb: \"0x40\" is not accepted: expected 64 to 1048576"},
    {GOOD "memory: {hugepages: on}\n",
     "f: memory.hugepages: \"on\" is not accepted: expected auto, required or off"},
    {GOOD "lock_keys: maybe\n", "f: lock_keys: \"maybe\" is not accepted: expected yes or no"},
    {GOOD "e2ee: {suite: ROT13}\n", NULL},
    {GOOD "e2ee: {grace_ms: 3999}\n",
     "f: e2ee.grace_ms: \"3999\" is not accepted: expected at least "
     "activate_after_ms + 2000, or both 0"},
    {GOOD "e2ee: {replay_window: 63}\n",
     "f: e2ee.replay_window: \"63\" is not accepted: expected 64 to 8192, or 0 for none"},
    {GOOD "e2ee: {replay_window: 8193}\n",
     "f: e2ee.replay_window: \"8193\" is not accepted: expected 0 to 8192"},
    {GOOD "e2ee: {auth_failure_alarm: -1}\n",
     "f: e2ee.auth_failure_alarm: \"-1\" is not accepted: expected 0 to 1000000"},
    {GOOD "e2ee: {auth_failure_alarm: 1000001}\n",
     "f: e2ee.auth_failure_alarm: \"1000001\" is not accepted: expected 0 to 1000000"},
    {GOOD "e2ee: {auth_failure_alarm: often}\n",
     "f: e2ee.auth_failure_alarm: \"often\" is not accepted: expected 0 to 1000000"},
    {GOOD "e2ee: {suite: AES_128_CTR_HMAC_SHA256}\n",
     "f: e2ee.suite: \"AES_128_CTR_HMAC_SHA256\" is not accepted: expected "
     "AES_256_CTR_HMAC_SHA512_80, AES_256_CTR_HMAC_SHA512_64, AES_256_CTR_HMAC_SHA512_32, "
     "AES_256_GCM_SHA512_128, AES_128_CTR_HMAC_SHA256_80, AES_128_CTR_HMAC_SHA256_64, "
     "AES_128_CTR_HMAC_SHA256_32, AES_128_GCM_SHA256_128 or AES_256_CTR"},
    {GOOD "limits: {streams: 0}\n",
     "f: limits.streams: \"0\" is not accepted: expected 1 to 16777216"},
    {GOOD "control: {socket: run/x}\n", "f: control.socket: \"run/x\" is not accepted: expected an "
                                        "absolute path of at most 107 bytes"},
    {"cpus: [0]\n" LINK MEDIA
     "  - {name: edge0, plain: {vdev: a}, sealed: {vdev: b}, media: [{ports: 5}]}\n",
     "f: links[1].name: \"edge0\" is not accepted: expected each name once"},
    {"cpus: [0]\n" LINK MEDIA
     "  - {name: e, plain: {vdev: \"net_ring1,x=1\"}, sealed: {vdev: b}, media: [{ports: 5}]}\n",
     "f: links[1].plain: \"net_ring1,x=1\" is not accepted: expected each device once"},
    {"cpus: [0]\nlinks: [{name: a/b, plain: {vdev: a}, sealed: {vdev: b}, media: [{ports: 5}]}]\n",
     "f: links[0].name: \"a/b\" is not accepted: expected 1 to 32 characters of A-Z a-z 0-9 _ . -"},
    {"cpus: [0]\nlinks: [{name: a, plain: {}, sealed: {vdev: b}, media: [{ports: 5}]}]\n",
     "f: links[0].plain: is missing: expected {pci: \"0000:03:00.0\"} or {vdev: \"NAME,OPTIONS\"}"},
};

static void each_bad_file_is_refused_with_file_path_value_and_what_is_accepted(void)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char error[RS_CONFIG_ERROR_MAX] = "";
        struct rs_config *config =
            rs_config_parse("f", bad[i].text, strlen(bad[i].text), NULL, error);
        const bool right =
            config == NULL &&
            (bad[i].error != NULL ? strcmp(error, bad[i].error) == 0 : error[0] != '\0');

        if (!right)
            printf("row %zu: got: %s\n    expected: %s\n", i, error, bad[i].error);
        CU_ASSERT(right);
        rs_config_free(config);
    }
}

static void what_a_file_leaves_out_has_its_default(void)
{
    char error[RS_CONFIG_ERROR_MAX] = "";
    struct rs_config *config = rs_config_parse("f", GOOD, strlen(GOOD), NULL, error);

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->dataplane.memory_mb, 512);
    CU_ASSERT_EQUAL(config->dataplane.hugepages, RS_HUGEPAGES_AUTO);
    CU_ASSERT_EQUAL(config->dataplane.max_sessions, 65536);
    CU_ASSERT_EQUAL(config->dataplane.max_streams, 262144);
    CU_ASSERT_EQUAL(config->dataplane.max_senders, 262144);
    CU_ASSERT_EQUAL(config->dataplane.lock_policy, RS_LOCK_REQUIRED);
    CU_ASSERT_EQUAL(config->e2ee.grace_ms, 30000);
    CU_ASSERT_EQUAL(config->e2ee.activate_after_ms, 2000);
    CU_ASSERT_EQUAL(config->e2ee.replay_window, 4096);
    CU_ASSERT_EQUAL(config->e2ee.suite->number, 6);
    CU_ASSERT_EQUAL(config->dataplane.auth_failure_alarm, 10);
    CU_ASSERT_TRUE(config->e2ee.enabled);
    CU_ASSERT_STRING_EQUAL(config->socket_path, "/run/rtpseal/control.sock");
    CU_ASSERT_PTR_NULL(config->http.listen);
    rs_config_free(config);
}

static void http_listens_on_loopback_or_a_unix_socket(void)
{
    static const char *const rows[] = {"127.0.0.1:9470", "127.8.9.10:1", "[::1]:65535",
                                       "unix:/run/rtpseal/http.sock"};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512], error[RS_CONFIG_ERROR_MAX] = "";
        struct rs_config *config;

        snprintf(text, sizeof(text), "%shttp: {listen: \"%s\"}\n", GOOD, rows[i]);
        config = rs_config_parse("f", text, strlen(text), NULL, error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(config);
        CU_ASSERT_STRING_EQUAL(config->http.listen, rows[i]);
        CU_ASSERT_EQUAL(config->http.project_count, 0);
        rs_config_free(config);
    }
}

static void a_project_has_a_secret_in_a_file_or_a_credential_and_a_policy(void)
{
    static const char text[] =
        GOOD HTTP "[{key: 100, secret_file: /etc/secret}, "
                  "{key: 2f5c0d8e-0000-4000-8000-000000000001, secret_file: two.secret, "
                  "e2ee: always}]}\n";
    char error[RS_CONFIG_ERROR_MAX] = "";
    struct rs_config *config = rs_config_parse("f", text, strlen(text), NULL, error);

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL_FATAL(config->http.project_count, 2);
    CU_ASSERT_STRING_EQUAL(config->http.projects[0].key, "100");
    CU_ASSERT_STRING_EQUAL(config->http.projects[0].secret_file, "/etc/secret");
    CU_ASSERT_EQUAL(config->http.projects[0].e2ee, RS_PROJECT_E2EE_ON_REQUEST);
    CU_ASSERT_STRING_EQUAL(config->http.projects[1].secret_file, "two.secret");
    CU_ASSERT_EQUAL(config->http.projects[1].e2ee, RS_PROJECT_E2EE_ALWAYS);
    rs_config_free(config);
}

static void known_injected_frames_pass_where_a_link_says_so(void)
{
    static const struct {
        const char *line;
        enum rs_injected_policy policy;
    } rows[] = {
        {"", RS_INJECTED_DROP},
        {"    injected: drop\n", RS_INJECTED_DROP},
        {"    injected: pass_known\n", RS_INJECTED_PASS_KNOWN},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512], error[RS_CONFIG_ERROR_MAX] = "";
        struct rs_config *config;

        snprintf(text, sizeof(text), "%s%s", GOOD, rows[i].line);
        config = rs_config_parse("f", text, strlen(text), NULL, error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(config);
        CU_ASSERT_EQUAL(config->dataplane.links[0].injected, rows[i].policy);
        rs_config_free(config);
    }
}

static void a_port_has_an_mtu_and_a_link_tells_senders_where_it_is_said(void)
{
    static const char text[] =
        "cpus: [0]\nlinks:\n  - name: a\n    plain: {vdev: net_ring0, mtu: 9000, queues: 2}\n"
        "    sealed: {vdev: net_ring1}\n    icmp_too_big: yes\n    reassemble: yes\n" MEDIA;
    char error[RS_CONFIG_ERROR_MAX] = "";
    struct rs_config *config = rs_config_parse("f", text, sizeof(text) - 1, NULL, error);

    CU_ASSERT_STRING_EQUAL(error, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->dataplane.links[0].plain.mtu, 9000);
    CU_ASSERT_EQUAL(config->dataplane.links[0].sealed.mtu, 0);
    CU_ASSERT_EQUAL(config->dataplane.links[0].plain.queues, 2);
    CU_ASSERT_EQUAL(config->dataplane.links[0].sealed.queues, 0);
    CU_ASSERT(config->dataplane.links[0].icmp_too_big);
    CU_ASSERT(config->dataplane.links[0].reassemble);
    rs_config_free(config);
}

static void an_override_comes_before_the_file_and_is_blamed_by_its_own_name(void)
{
    static const char text[] = GOOD "memory: {mb: bad}\n";
    struct rs_overrides overrides = {.memory_mb = {"100", "--memory-mb"}};
    char error[RS_CONFIG_ERROR_MAX] = "";
    struct rs_config *config = rs_config_parse("f", text, strlen(text), &overrides, error);

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->dataplane.memory_mb, 100);
    rs_config_free(config);
    overrides.memory_mb.value = "1";
    CU_ASSERT_PTR_NULL(rs_config_parse("f", text, strlen(text), &overrides, error));
    CU_ASSERT_STRING_EQUAL(error, "--memory-mb: \"1\" is not accepted: expected 64 to 1048576");
    overrides = (struct rs_overrides){.cpus = {"0,0", "RTPSEAL_CPUS"}};
    CU_ASSERT_PTR_NULL(rs_config_parse("f", GOOD, strlen(GOOD), &overrides, error));
    CU_ASSERT_STRING_EQUAL(error, "RTPSEAL_CPUS: \"0\" is not accepted: expected each CPU once");
}

static const struct rs_test tests[] = {
    {"each_bad_file_is_refused_with_file_path_value_and_what_is_accepted",
     each_bad_file_is_refused_with_file_path_value_and_what_is_accepted},
    {"what_a_file_leaves_out_has_its_default", what_a_file_leaves_out_has_its_default},
    {"http_listens_on_loopback_or_a_unix_socket", http_listens_on_loopback_or_a_unix_socket},
    {"a_project_has_a_secret_in_a_file_or_a_credential_and_a_policy",
     a_project_has_a_secret_in_a_file_or_a_credential_and_a_policy},
    {"known_injected_frames_pass_where_a_link_says_so",
     known_injected_frames_pass_where_a_link_says_so},
    {"a_port_has_an_mtu_and_a_link_tells_senders_where_it_is_said",
     a_port_has_an_mtu_and_a_link_tells_senders_where_it_is_said},
    {"an_override_comes_before_the_file_and_is_blamed_by_its_own_name",
     an_override_comes_before_the_file_and_is_blamed_by_its_own_name},
};

int main(void)
{
    return rs_test_main("config", tests, sizeof(tests) / sizeof(tests[0]));
}
