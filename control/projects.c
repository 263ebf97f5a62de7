/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Secrets, and the judgement of tokens. How a token is written and signed is in jwt.c.
 */
#include "projects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "control/jwt.h"

enum {
    SECRET_MIN = 32, /* RFC 7518 section 3.2: at least as long as the hash */
    SECRET_MAX = 256,
    PATH_BYTES = 4096,
    JTI_MAX = 128,
};

struct rs_project {
    const struct rs_project_config *config;
    size_t secret_bytes;
    char secret[SECRET_MAX + 2]; /* and a newline, and one more byte to see that it is too long */
};

/* In locked memory. Behind the last project is nobody's, whose secret nobody knows. */
struct rs_projects {
    size_t count;
    struct rs_project all[];
};

static size_t size_of(size_t count)
{
    return sizeof(struct rs_projects) + (count + 1) * sizeof(struct rs_project);
}

/* -ENOENT for a credential where there are none. */
static int find_path(const char *name, char path[PATH_BYTES])
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    int length;

    if (name[0] == '/')
        length = snprintf(path, PATH_BYTES, "%s", name);
    else if (credentials != NULL)
        length = snprintf(path, PATH_BYTES, "%s/%s", credentials, name);
    else
        return -ENOENT;
    return length > 0 && length < PATH_BYTES ? 0 : -ENAMETOOLONG;
}

/* Plain read(2): no stdio buffer ever holds it. Returns how many bytes, or -errno. */
static ssize_t read_all(int fd, char *out, size_t size)
{
    size_t used = 0;
    ssize_t got = 1;

    while (used < size && got > 0) {
        got = read(fd, out + used, size - used);
        if (got < 0 && errno != EINTR)
            return -errno;
        used += got > 0 ? (size_t)got : 0;
        got = got < 0 ? 1 : got;
    }
    return (ssize_t)used;
}

/* The whole file, but for a newline at its end. Returns 0 or -errno; -ERANGE: its length. */
static int read_secret(const char *path, struct rs_project *project)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t bytes;

    if (fd < 0)
        return -errno;
    bytes = read_all(fd, project->secret, sizeof(project->secret));
    close(fd);
    if (bytes < 0)
        return (int)bytes;
    if (bytes > 0 && project->secret[bytes - 1] == '\n')
        bytes--;
    if (bytes < SECRET_MIN || bytes > SECRET_MAX)
        return -ERANGE;
    project->secret_bytes = (size_t)bytes;
    return 0;
}

static void log_failure(const struct rs_project_config *config, int error)
{
    if (error == -ERANGE)
        rs_log(RS_LOG_ERROR, "http: the secret of project %s in %s is not %d to %d bytes long",
               config->key, config->secret_file, SECRET_MIN, SECRET_MAX);
    else if (error == -ENOENT && config->secret_file[0] != '/')
        rs_log(RS_LOG_ERROR, "http: project %s: there is no credential %s (LoadCredential=)",
               config->key, config->secret_file);
    else
        rs_log(RS_LOG_ERROR, "http: the secret of project %s, %s: %s", config->key,
               config->secret_file, strerror(-error));
}

static int load(struct rs_project *project, const struct rs_project_config *config)
{
    char path[PATH_BYTES];
    int error = find_path(config->secret_file, path);

    project->config = config;
    if (error == 0)
        error = read_secret(path, project);
    if (error != 0)
        log_failure(config, error);
    return error;
}

struct rs_projects *rs_projects_create(const struct rs_http_config *config)
{
    struct rs_projects *projects = rs_secret_map(size_of(config->project_count));
    struct rs_project *nobody;
    int error = 0;

    if (projects == NULL) {
        rs_log(RS_LOG_ERROR, "http: memory for secrets: %s", strerror(errno));
        return NULL;
    }
    projects->count = config->project_count;
    nobody = &projects->all[projects->count];
    nobody->secret_bytes = SECRET_MIN;
    if (getrandom(nobody->secret, SECRET_MIN, 0) != SECRET_MIN)
        error = -EIO;
    for (size_t i = 0; i < projects->count && error == 0; i++)
        error = load(&projects->all[i], &config->projects[i]);
    if (error == 0)
        return projects;
    rs_projects_destroy(projects);
    errno = -error;
    return NULL;
}

void rs_projects_destroy(struct rs_projects *projects)
{
    if (projects != NULL)
        rs_secret_unmap(projects, size_of(projects->count));
}

/* Nobody's, where there is none of that key. */
static const struct rs_project *find(const struct rs_projects *projects, const json_t *key)
{
    size_t i = 0;

    while (i < projects->count && (!json_is_string(key) || strcmp(projects->all[i].config->key,
                                                                  json_string_value(key)) != 0))
        i++;
    return &projects->all[i];
}

/* RFC 7519 section 4.1.4 to 4.1.6: numbers of seconds, which may have a fraction. */
static bool are_times_right(const json_t *claims, int64_t now_s)
{
    const json_t *iat = json_object_get(claims, "iat"), *exp = json_object_get(claims, "exp");
    const json_t *nbf = json_object_get(claims, "nbf");
    const double now = (double)now_s;

    if (!json_is_number(iat) || !json_is_number(exp) || (nbf != NULL && !json_is_number(nbf)))
        return false;
    return json_number_value(iat) <= now + RS_TOKEN_SKEW_S &&
           json_number_value(exp) > now - RS_TOKEN_SKEW_S &&
           json_number_value(exp) > json_number_value(iat) &&
           json_number_value(exp) - json_number_value(iat) <= RS_TOKEN_LIFETIME_S &&
           (nbf == NULL || json_number_value(nbf) <= now + RS_TOKEN_SKEW_S);
}

/*
 * "jti" is optional, and the same one may come again: the SDK for Node.js sends none, that for
 * Python always "0", so that two requests of one second bear the same token. What limits the use of
 * a stolen token is its lifetime.
 *
 * SDKs sign the tokens that they give to browsers with the same secret and the same "ist". Those
 * have a "scope", and are none of an application server.
 */
static bool are_claims_right(const json_t *claims, int64_t now_s)
{
    const char *ist = json_string_value(json_object_get(claims, "ist"));
    const json_t *jti = json_object_get(claims, "jti");

    if (ist == NULL || strcmp(ist, "project") != 0 || json_object_get(claims, "scope") != NULL)
        return false;
    if (jti != NULL && (json_string_length(jti) == 0 || json_string_length(jti) > JTI_MAX))
        return false;
    return are_times_right(claims, now_s);
}

const struct rs_project *rs_projects_authenticate(const struct rs_projects *projects,
                                                  const char *token, int64_t now_s)
{
    const struct rs_project *project = NULL;
    bool right = false;
    struct rs_jwt jwt;

    if (rs_jwt_parse(token, &jwt) == 0) {
        project = find(projects, json_object_get(jwt.claims, "iss"));
        right = rs_jwt_is_signed(&jwt, project->secret, project->secret_bytes) &&
                project->config != NULL && are_claims_right(jwt.claims, now_s);
    }
    rs_jwt_end(&jwt);
    return right ? project : NULL;
}

const char *rs_project_key(const struct rs_project *project)
{
    return project->config->key;
}

enum rs_project_e2ee rs_project_policy(const struct rs_project *project)
{
    return project->config->e2ee;
}
