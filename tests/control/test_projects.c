/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tokens by table, made elsewhere, and where projects' secrets come from.
 */
#include "control/projects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/base64url.h"
#include "control/jwt.h"
#include "dataplane/dataplane.h"
#include "tests/support/runner.h"

static char directory[] = "/tmp/rtpseal-projects-XXXXXX";
static json_t *vectors; /* tokens.json */

static const char *project_text(size_t index, const char *name)
{
    const json_t *project = json_array_get(json_object_get(vectors, "projects"), index);

    return json_string_value(json_object_get(project, name));
}

static int64_t now_s(void)
{
    return json_integer_value(json_object_get(vectors, "now"));
}

/* The one called "as the SDK for Node.js makes it": iat 5 s ago, exp in 175 s. */
static const char *good_token(void)
{
    const json_t *row = json_array_get(json_object_get(vectors, "tokens"), 0);

    return json_string_value(json_object_get(row, "token"));
}

static void write_file(const char *name, const char *text, const char *end)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "%s%s", text, end);
    fclose(file);
}

/* Two projects, of which one has its secret in a file and one in a credential. */
static struct rs_projects *open_projects(void)
{
    static char path[128], name[] = "other";
    static struct rs_project_config projects[2];
    const struct rs_http_config config = {.projects = projects, .project_count = 2};

    snprintf(path, sizeof(path), "%s/secret", directory);
    projects[0] =
        (struct rs_project_config){.key = (char *)project_text(0, "key"), .secret_file = path};
    projects[1] = (struct rs_project_config){
        .key = (char *)project_text(1, "key"), .secret_file = name, .e2ee = RS_PROJECT_E2EE_ALWAYS};
    write_file("secret", project_text(0, "secret"), "\n");
    write_file("other", project_text(1, "secret"), "");
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    return rs_projects_create(&config);
}

static void each_token_is_taken_or_refused_as_the_table_says(void)
{
    struct rs_projects *projects = open_projects();
    size_t i, taken = 0, refused = 0;
    const json_t *row;

    CU_ASSERT_PTR_NOT_NULL_FATAL(projects);
    json_array_foreach(json_object_get(vectors, "tokens"), i, row) {
        const char *key = json_string_value(json_object_get(row, "key"));
        const struct rs_project *project = rs_projects_authenticate(
            projects, json_string_value(json_object_get(row, "token")), now_s());
        const bool right = key == NULL
                               ? project == NULL
                               : project != NULL && strcmp(rs_project_key(project), key) == 0;

        if (!right)
            printf("    %s: %s\n", json_string_value(json_object_get(row, "name")),
                   project != NULL ? "taken" : "refused");
        CU_ASSERT(right);
        taken += key != NULL;
        refused += key == NULL;
    }
    CU_ASSERT(taken > 5 && refused > taken);
    rs_projects_destroy(projects);
}

static void a_good_token_is_refused_before_and_after_its_time(void)
{
    struct rs_projects *projects = open_projects();
    const char *token = good_token();

    CU_ASSERT_PTR_NOT_NULL_FATAL(projects);
    CU_ASSERT_PTR_NULL(rs_projects_authenticate(projects, token, now_s() - 36));
    CU_ASSERT_PTR_NOT_NULL(rs_projects_authenticate(projects, token, now_s() - 35));
    CU_ASSERT_PTR_NOT_NULL(rs_projects_authenticate(projects, token, now_s() + 204));
    CU_ASSERT_PTR_NULL(rs_projects_authenticate(projects, token, now_s() + 205));
    rs_projects_destroy(projects);
}

static void each_project_has_its_own_policy(void)
{
    struct rs_projects *projects = open_projects();
    const struct rs_project *project;
    unsigned int always = 0;
    const json_t *row;
    size_t i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(projects);
    json_array_foreach(json_object_get(vectors, "tokens"), i, row) {
        project = rs_projects_authenticate(
            projects, json_string_value(json_object_get(row, "token")), now_s());
        if (project == NULL)
            continue;
        CU_ASSERT_EQUAL(rs_project_policy(project) == RS_PROJECT_E2EE_ALWAYS,
                        strcmp(rs_project_key(project), project_text(1, "key")) == 0);
        always += rs_project_policy(project) == RS_PROJECT_E2EE_ALWAYS;
    }
    CU_ASSERT_EQUAL(always, 1);
    rs_projects_destroy(projects);
}

static void without_projects_no_token_is_taken(void)
{
    static const struct rs_http_config none;
    struct rs_projects *projects = rs_projects_create(&none);

    CU_ASSERT_PTR_NOT_NULL_FATAL(projects);
    CU_ASSERT_PTR_NULL(rs_projects_authenticate(projects, good_token(), now_s()));
    rs_projects_destroy(projects);
}

/* RFC 7515 appendix A.1: the key, and a token signed by it. */
static void the_signature_is_that_of_the_rfc(void)
{
    static const char key_text[] = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0"
                                   "iPS4hcgUuTwjAzZr1Z9CAow";
    static const char token[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
                                ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                                "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
                                ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    unsigned char key[64];
    struct rs_jwt jwt;

    CU_ASSERT_EQUAL(rs_base64url_decode(key_text, strlen(key_text), key, sizeof(key)), 64);
    CU_ASSERT_EQUAL_FATAL(rs_jwt_parse(token, &jwt), 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(jwt.claims, "iss")), "joe");
    CU_ASSERT_TRUE(rs_jwt_is_signed(&jwt, key, 64));
    key[63] ^= 1;
    CU_ASSERT_FALSE(rs_jwt_is_signed(&jwt, key, 64));
    rs_jwt_end(&jwt);
}

/* RFC 4648 section 10, without its padding, and what is no base64url. */
static void base64url_is_that_of_the_rfc(void)
{
    static const struct {
        const char *bytes, *text;
    } rows[] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
                {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    static const char *const wrong[] = {"Z",     "Zg==",  "Zg=",  "Zh",   "Zm9",
                                        "Zm9vY", "Zm 9v", "Zm+v", "Zm/v", "Zm9v\n"};
    char text[RS_BASE64URL_CHARS(6)];
    unsigned char bytes[8];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const size_t count = strlen(rows[i].bytes);

        rs_base64url_encode(rows[i].bytes, count, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
        CU_ASSERT_EQUAL(rs_base64url_decode(text, strlen(text), bytes, sizeof(bytes)),
                        (ptrdiff_t)count);
        CU_ASSERT_EQUAL(memcmp(bytes, rows[i].bytes, count), 0);
    }
    rs_base64url_encode("\xfb\xff", 2, text);
    CU_ASSERT_STRING_EQUAL(text, "-_8");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_EQUAL(rs_base64url_decode(wrong[i], strlen(wrong[i]), bytes, sizeof(bytes)),
                        -EINVAL);
    CU_ASSERT_EQUAL(rs_base64url_decode("Zm9vYmFy", 8, bytes, 5), -ENOSPC);
}

static int create_one(const char *secret_file)
{
    static char key[] = "100";
    struct rs_project_config project = {.key = key, .secret_file = (char *)secret_file};
    const struct rs_http_config config = {.projects = &project, .project_count = 1};
    struct rs_projects *projects = rs_projects_create(&config);
    const int error = projects == NULL ? errno : 0;

    rs_projects_destroy(projects);
    return error;
}

static void a_secret_that_cannot_be_had_or_is_too_short_ends_the_start(void)
{
    char thousand[1001];

    rs_log_set_level(RS_LOG_ERROR);
    memset(thousand, 's', 1000);
    thousand[1000] = '\0';
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    CU_ASSERT_EQUAL(create_one("/nowhere/secret"), ENOENT);
    CU_ASSERT_EQUAL(create_one("nowhere"), ENOENT);
    CU_ASSERT_EQUAL(create_one("/"), EISDIR);
    write_file("short", "0123456789012345678901234567890", "\n");
    CU_ASSERT_EQUAL(create_one("short"), ERANGE);
    write_file("least", "01234567890123456789012345678901", "\n");
    CU_ASSERT_EQUAL(create_one("least"), 0);
    write_file("empty", "", "");
    CU_ASSERT_EQUAL(create_one("empty"), ERANGE);
    write_file("long", thousand, "");
    CU_ASSERT_EQUAL(create_one("long"), ERANGE);
    thousand[257] = '\0';
    write_file("longer", thousand, "");
    CU_ASSERT_EQUAL(create_one("longer"), ERANGE);
    thousand[256] = '\0';
    write_file("longest", thousand, "");
    CU_ASSERT_EQUAL(create_one("longest"), 0);
    unsetenv("CREDENTIALS_DIRECTORY");
    CU_ASSERT_EQUAL(create_one("longest"), ENOENT);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(each_token_is_taken_or_refused_as_the_table_says),
    TEST(a_good_token_is_refused_before_and_after_its_time),
    TEST(each_project_has_its_own_policy),
    TEST(without_projects_no_token_is_taken),
    TEST(the_signature_is_that_of_the_rfc),
    TEST(base64url_is_that_of_the_rfc),
    TEST(a_secret_that_cannot_be_had_or_is_too_short_ends_the_start),
};

static void remove_files(void)
{
    static const char *const names[] = {"secret", "other", "short",  "least",
                                        "empty",  "long",  "longer", "longest"};
    char path[128];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

int main(int argc, char **argv)
{
    int result;

    vectors = argc == 2 ? json_load_file(argv[1], 0, NULL) : NULL;
    if (vectors == NULL || mkdtemp(directory) == NULL) {
        fprintf(stderr, "usage: %s TOKENS.JSON\n", argv[0]);
        return 2;
    }
    rs_secret_set_policy(RS_LOCK_TRIED);
    result = rs_test_main("projects", tests, sizeof(tests) / sizeof(tests[0]));
    remove_files();
    json_decref(vectors);
    return result;
}
