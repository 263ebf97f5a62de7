/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of CPUs and of words, and files that are not as they should be. */
#include "control/ctl/doctor_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/runner.h"

static void cpus_are_read_as_the_kernel_writes_them(void)
{
    static const struct {
        const char *text, *ranges, *spelt;
    } rows[] = {
        {"0", "0", "0"},
        {"0-3", "0-3", "0 1 2 3"},
        {"1,3,5-6", "1,3,5-6", "1 3 5 6"},
        {"6,5,1-1", "1,5-6", "1 5 6"},
        {"", "none", ""},
        {"\n", "none", ""},
        {"none", "none", ""},
        {"5-3", "none", ""},
        {"2,x,4", "2", "2"},
        {"7-", "none", ""},
        {"1023-4000", "1023", "1023"},
        {"99999999999999999999", "none", ""},
        {" 1", "none", ""},
    };
    char text[RS_HOST_CPUS_TEXT];
    cpu_set_t cpus;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rs_host_parse_cpus(rows[i].text, &cpus);
        rs_host_write_cpus(&cpus, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].ranges);
        rs_host_spell_cpus(&cpus, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].spelt);
    }
}

static void a_list_that_is_too_long_is_cut(void)
{
    char text[RS_HOST_CPUS_TEXT];
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu += 2)
        CPU_SET(cpu, &cpus);
    rs_host_write_cpus(&cpus, text);
    CU_ASSERT_EQUAL(strlen(text), RS_HOST_CPUS_TEXT - 1);
    rs_host_spell_cpus(&cpus, text);
    CU_ASSERT_EQUAL(strlen(text), RS_HOST_CPUS_TEXT - 1);
}

static void words_are_found_as_wholes(void)
{
    static const struct {
        const char *list, *word;
        bool found;
    } rows[] = {
        {"fpu aes avx", "aes", true}, {"aes", "aes", true},         {"vaes avx", "aes", false},
        {"aes_x avx", "aes", false},  {"vaes\taes\n", "aes", true}, {"", "aes", false},
        {"avx512 avx", "avx", true},  {"avx512", "avx", false},     {"a,tsc,b", "tsc", true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT_EQUAL(rs_host_has_word(rows[i].list, rows[i].word), rows[i].found);
}

/* A host of one file. */
struct tree {
    char root[64], path[128];
    struct rs_host host;
};

static void make_tree(struct tree *tree, const char *content)
{
    FILE *file;

    snprintf(tree->root, sizeof(tree->root), "/tmp/rtpseal-host-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(tree->root));
    snprintf(tree->path, sizeof(tree->path), "%s/file", tree->root);
    file = fopen(tree->path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(content, file);
    fclose(file);
    tree->host.root = tree->root;
}

static void remove_tree(const struct tree *tree)
{
    unlink(tree->path);
    rmdir(tree->root);
}

static void what_a_file_does_not_say_is_an_error_and_never_a_guess(void)
{
    char text[RS_HOST_LINE_MAX], name[RS_HOST_PATH_MAX];
    struct tree tree;
    cpu_set_t cpus;

    make_tree(&tree, "Key:\t 12 kB\nKeyword = x y\nlast");
    CU_ASSERT_EQUAL(rs_host_find(&tree.host, "Key:", text, "/file"), 0);
    CU_ASSERT_STRING_EQUAL(text, "12 kB");
    CU_ASSERT_EQUAL(rs_host_find(&tree.host, "Keyword", text, "/%s", "file"), 0);
    CU_ASSERT_STRING_EQUAL(text, "x y");
    CU_ASSERT_EQUAL(rs_host_find(&tree.host, "last", text, "/file"), 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    CU_ASSERT_EQUAL(rs_host_find(&tree.host, "absent", text, "/file"), -ENOENT);
    CU_ASSERT_EQUAL(rs_host_find(&tree.host, "Key", text, "/nowhere"), -ENOENT);
    CU_ASSERT_EQUAL(rs_host_number(&tree.host, -7, "/file"), -7);
    CU_ASSERT_EQUAL(rs_host_number(&tree.host, -7, "/nowhere"), -7);
    CU_ASSERT_EQUAL(rs_host_cpus(&tree.host, &cpus, "/nowhere"), -ENOENT);
    CU_ASSERT_EQUAL(CPU_COUNT(&cpus), 0);
    CU_ASSERT_EQUAL(rs_host_link(&tree.host, name, "/file"), -EINVAL);
    CU_ASSERT_TRUE(rs_host_exists(&tree.host, "/file"));
    CU_ASSERT_FALSE(rs_host_exists(&tree.host, "/file/x"));
    CU_ASSERT_FALSE(rs_host_is_live(&tree.host));
    remove_tree(&tree);
}

static void an_empty_or_endless_file_is_read_as_far_as_it_goes(void)
{
    static char endless[3 * RS_HOST_LINE_MAX];
    char text[RS_HOST_LINE_MAX];
    struct tree tree;

    make_tree(&tree, "");
    CU_ASSERT_EQUAL(rs_host_read(&tree.host, text, "/file"), -ENOENT);
    remove_tree(&tree);
    memset(endless, '9', sizeof(endless) - 1);
    make_tree(&tree, endless);
    CU_ASSERT_EQUAL(rs_host_read(&tree.host, text, "/file"), 0);
    CU_ASSERT_EQUAL(strlen(text), RS_HOST_LINE_MAX - 1);
    CU_ASSERT_EQUAL(rs_host_find(&tree.host, "9", text, "/file"), 0);
    remove_tree(&tree);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(cpus_are_read_as_the_kernel_writes_them),
    TEST(a_list_that_is_too_long_is_cut),
    TEST(words_are_found_as_wholes),
    TEST(what_a_file_does_not_say_is_an_error_and_never_a_guess),
    TEST(an_empty_or_endless_file_is_read_as_far_as_it_goes),
};

int main(void)
{
    return rs_test_main("ctl_doctor_host", tests, sizeof(tests) / sizeof(tests[0]));
}
