/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON Web Tokens signed with HS256 (RFC 7515, 7518 section 3.2, 7519): their form and signature.
 * What they claim is judged elsewhere. Main thread alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum {
    RS_JWT_MAX = 4096, /* characters of a token */
    RS_JWT_SIGNATURE_BYTES = 32,
};

/* A token whose form is right; nothing that it says is true before rs_jwt_is_signed has said so. */
struct rs_jwt {
    json_t *claims;          /* an object; owned */
    const char *signed_text; /* borrowed from the token */
    size_t signed_chars;
    unsigned char signature[RS_JWT_SIGNATURE_BYTES];
};

/*
 * Takes a token apart: three parts, a header whose "alg" is HS256 and nothing else, claims that are
 * one JSON object without a name given twice. Returns 0, and the caller ends it, or -EINVAL.
 */
int rs_jwt_parse(const char *token, struct rs_jwt *jwt);
void rs_jwt_end(struct rs_jwt *jwt);

/* Whether the signature is that of the secret; in time that does not depend on where they differ.
 */
bool rs_jwt_is_signed(const struct rs_jwt *jwt, const void *secret, size_t secret_bytes);
