/* SPDX-License-Identifier: BSD-3-Clause */
/* Gives a target each file of a directory once, in place of libFuzzer: what was found stays found.
 */
#include <dirent.h>
#include <limits.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 20 };

static void replay(const char *directory, const char *name)
{
    static uint8_t input[INPUT_MAX];
    char path[PATH_MAX];
    FILE *file;
    size_t size;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "rb");
    MUST(file != NULL);
    size = fread(input, 1, sizeof(input), file);
    fclose(file);
    fprintf(stderr, "%s\n", path); /* the last one named is the one that ends it */
    LLVMFuzzerTestOneInput(input, size);
}

int main(int argc, char **argv)
{
    unsigned int count = 0;
    struct dirent *entry;
    DIR *seeds = argc == 3 ? opendir(argv[2]) : NULL;

    if (seeds == NULL) {
        fprintf(stderr, "usage: %s NAME DIRECTORY\n", argv[0]);
        return 2;
    }
    while ((entry = readdir(seeds)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        replay(argv[2], entry->d_name);
        count++;
    }
    closedir(seeds);
    printf("%s: %u passed, 0 failed, 0 skipped\n", argv[1], count);
    return count > 0 ? 0 : 2;
}
