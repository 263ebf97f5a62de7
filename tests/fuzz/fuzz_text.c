/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What arrives as text besides requests: tokens, forms, and documents of desired state. The first
 * byte says which.
 */
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "control/ctl/document.h"
#include "control/form.h"
#include "control/jwt.h"

static const char secret[] = "a secret of thirty-two bytes, +1";

/* What is said to be signed is signed, by OpenSSL's own reckoning. */
static void look_at_token(const char *token)
{
    struct rs_jwt jwt;
    uint8_t digest[32];

    if (rs_jwt_parse(token, &jwt) != 0)
        return;
    MUST(json_is_object(jwt.claims) && jwt.signed_text == token);
    MUST(HMAC(EVP_sha256(), secret, sizeof(secret) - 1, (const uint8_t *)jwt.signed_text,
              jwt.signed_chars, digest, NULL) != NULL);
    MUST(rs_jwt_is_signed(&jwt, secret, sizeof(secret) - 1) ==
         (memcmp(digest, jwt.signature, sizeof(digest)) == 0));
    rs_jwt_end(&jwt);
}

static void look_at_form(const char *text, size_t bytes)
{
    struct rs_form_field fields[] = {{.name = "e2ee"}, {.name = "archiveMode"}};
    struct rs_error error = {0};

    if (rs_form_read(text, bytes, fields, 2, &error) == 0) {
        for (size_t i = 0; i < 2; i++)
            MUST(strlen(fields[i].value) <= RS_FORM_VALUE_MAX);
    } else {
        MUST(error.reason != RS_E_NONE);
    }
}

static void look_at_document(const char *text, size_t bytes)
{
    struct rs_document_error error = {.text = ""};
    json_t *document = NULL;

    if (rs_document_parse(text, bytes, &document, &error) == 0) {
        char *printed = json_dumps(document, JSON_ENCODE_ANY);

        MUST(printed != NULL);
        free(printed);
        json_decref(document);
    } else {
        MUST(document == NULL && error.text[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size < 1)
        return 0;
    text = malloc(size);
    MUST(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] % 3 == 0)
        look_at_token(text);
    else if (data[0] % 3 == 1)
        look_at_form(text, size - 1);
    else
        look_at_document(text, size - 1);
    free(text);
    return 0;
}
