/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only place that knows how a token is signed. One algorithm: a token that names another, or
 * none, is refused before anything is compared (RFC 8725 section 3.1).
 */
#include "jwt.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "control/base64url.h"
#include "dataplane/dataplane.h"

/* One part as JSON: an object, or NULL. */
static json_t *parse_part(const char *text, size_t chars)
{
    unsigned char bytes[RS_JWT_MAX];
    const ptrdiff_t count = rs_base64url_decode(text, chars, bytes, sizeof(bytes));
    json_t *part = NULL;

    if (count >= 0)
        part = json_loadb((const char *)bytes, (size_t)count, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(part))
        return part;
    json_decref(part);
    return NULL;
}

/* "crit" names what must be understood, and nothing of it is here (RFC 7515 section 4.1.11). */
static bool is_header_right(const char *text, size_t chars)
{
    json_t *header = parse_part(text, chars);
    const json_t *alg = json_object_get(header, "alg");
    const bool right = json_is_string(alg) && strcmp(json_string_value(alg), "HS256") == 0 &&
                       json_object_get(header, "crit") == NULL;

    json_decref(header);
    return right;
}

int rs_jwt_parse(const char *token, struct rs_jwt *jwt)
{
    const size_t chars = strnlen(token, RS_JWT_MAX + 1);
    const char *first = chars <= RS_JWT_MAX ? memchr(token, '.', chars) : NULL;
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;

    memset(jwt, 0, sizeof(*jwt));
    /* A third dot is no character of base64url. */
    if (second == NULL ||
        rs_base64url_decode(second + 1, strlen(second + 1), jwt->signature,
                            sizeof(jwt->signature)) != RS_JWT_SIGNATURE_BYTES ||
        !is_header_right(token, (size_t)(first - token)))
        return -EINVAL;
    jwt->claims = parse_part(first + 1, (size_t)(second - first - 1));
    jwt->signed_text = token;
    jwt->signed_chars = (size_t)(second - token);
    return jwt->claims != NULL ? 0 : -EINVAL;
}

void rs_jwt_end(struct rs_jwt *jwt)
{
    json_decref(jwt->claims);
    jwt->claims = NULL;
}

bool rs_jwt_is_signed(const struct rs_jwt *jwt, const void *secret, size_t secret_bytes)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_bytes = 0;
    bool same;

    if (HMAC(EVP_sha256(), secret, (int)secret_bytes, (const unsigned char *)jwt->signed_text,
             jwt->signed_chars, mac, &mac_bytes) == NULL ||
        mac_bytes != RS_JWT_SIGNATURE_BYTES)
        return false;
    same = rs_secret_equal(mac, jwt->signature, RS_JWT_SIGNATURE_BYTES);
    rs_secret_wipe(mac, sizeof(mac));
    return same;
}
