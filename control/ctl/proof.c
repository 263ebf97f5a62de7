/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Puts together what events and counters said of a change of secret. Times are the daemon's own,
 * from its events. Nothing is called here.
 */
#include "proof.h"

#include <string.h>
#include <time.h>

#define NS_PER_S  1000000000LL
#define NS_PER_MS 1000000LL

/* What a change of key can cost: drops of both directions by these names. */
static const char *const losses[] = {"no_key", "secret_mismatch", "auth_failed", "no_capacity",
                                     "cipher_error"};
enum { LOSSES = sizeof(losses) / sizeof(losses[0]) };

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* An event's time, RFC 3339 in UTC with a fraction, in ns since 1970; 0 where it has none. */
static int64_t time_of(const json_t *event)
{
    const char *text = json_string_value(json_object_get(event, "time"));
    const char *rest;
    int64_t fraction = 0, unit = NS_PER_S;
    struct tm day = {0};

    rest = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%S", &day) : NULL;
    if (rest == NULL)
        return 0;
    for (rest += *rest == '.'; *rest >= '0' && *rest <= '9' && unit > 1; rest++) {
        unit /= 10;
        fraction += (*rest - '0') * unit;
    }
    return (int64_t)timegm(&day) * NS_PER_S + fraction;
}

/* From the staging to the event, in ms; -1 where one of the two is not known. */
static int64_t since_staged_ms(const struct rs_proof *proof, const json_t *event)
{
    const int64_t from = time_of(proof->staged), to = time_of(event);

    return from != 0 && to != 0 ? (to - from) / NS_PER_MS : -1;
}

json_int_t rs_proof_epoch(const struct rs_proof *proof)
{
    return number_of(proof->reply, "epoch");
}

bool rs_proof_is_change(const struct rs_proof *proof)
{
    return rs_proof_epoch(proof) > number_of(proof->before, "epoch");
}

const json_t *rs_proof_wiped(const struct rs_proof *proof)
{
    char epoch[24];

    snprintf(epoch, sizeof(epoch), "%lld", (long long)proof->replaced);
    return json_object_get(proof->retired, epoch);
}

/* ---- what was lost ------------------------------------------------------------------------- */

static json_int_t drops_of(const json_t *session, const char *name)
{
    const json_t *seal = json_object_get(json_object_get(session, "seal"), "drops");
    const json_t *open = json_object_get(json_object_get(session, "open"), "drops");

    return number_of(seal, name) + number_of(open, name);
}

/* A new object with those losses that there were; NULL where it is not known. *sum is all of them.
 */
static json_t *lost_by_name(const struct rs_proof *proof, json_int_t *sum)
{
    json_t *lost;

    if (proof->before == NULL || proof->after == NULL)
        return NULL;
    lost = json_object();
    *sum = 0;
    for (size_t i = 0; i < LOSSES; i++) {
        const json_int_t count =
            drops_of(proof->after, losses[i]) - drops_of(proof->before, losses[i]);

        if (count > 0)
            json_object_set_new(lost, losses[i], json_integer(count));
        *sum += count;
    }
    return lost;
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_duration(FILE *out, int64_t ns)
{
    if (ns >= NS_PER_S)
        fprintf(out, "%.2f s", (double)ns / NS_PER_S);
    else if (ns >= NS_PER_MS)
        fprintf(out, "%.1f ms", (double)ns / NS_PER_MS);
    else
        fprintf(out, "%lld us", (long long)(ns / 1000));
}

/* How many workers have observed the key, and how long the last of them took. */
static void print_activated(FILE *out, const struct rs_proof *proof)
{
    const json_t *workers = json_object_get(proof->activated, "workers");
    const int64_t later_ms = since_staged_ms(proof, proof->activated);
    json_int_t longest_ns = 0;
    size_t index, observed = 0;
    json_t *worker;

    json_array_foreach(workers, index, worker) {
        const json_int_t ns = number_of(worker, "observed_ns");

        observed += json_is_integer(json_object_get(worker, "observed_ns"));
        longest_ns = ns > longest_ns ? ns : longest_ns;
    }
    fprintf(out, "  active on %zu of %zu workers in ", observed, json_array_size(workers));
    print_duration(out, longest_ns);
    if (later_ms >= 0)
        fprintf(out, ", %.1f s later", (double)later_ms / 1000);
}

static void print_lost(FILE *out, const struct rs_proof *proof)
{
    const char *name, *between = " (";
    json_int_t sum;
    json_t *lost = lost_by_name(proof, &sum), *count;

    if (lost == NULL)
        return;
    fprintf(out, "  lost %lld", (long long)sum);
    json_object_foreach(lost, name, count) {
        fprintf(out, "%s%s %lld", between, name, (long long)json_integer_value(count));
        between = ", ";
    }
    fputs(json_object_size(lost) > 0 ? ")" : "", out);
    json_decref(lost);
}

static void print_wiped(FILE *out, const struct rs_proof *proof)
{
    const json_t *wiped = rs_proof_wiped(proof);
    const int64_t after_ms = since_staged_ms(proof, wiped);

    if (wiped == NULL)
        return;
    fprintf(out, "  previous key wiped on %lld of %lld workers",
            (long long)number_of(wiped, "workers_wiped"), (long long)number_of(wiped, "workers"));
    if (after_ms >= 0)
        fprintf(out, " after %.1f s", (double)after_ms / 1000);
}

void rs_proof_print_line(FILE *out, const struct rs_proof *proof)
{
    const char *fingerprint = json_string_value(json_object_get(proof->reply, "fingerprint"));

    fprintf(out, "epoch %lld  fingerprint %s", (long long)rs_proof_epoch(proof),
            fingerprint != NULL ? fingerprint : "-");
    if (!rs_proof_is_change(proof)) {
        fputs("  unchanged: this is the active secret already\n", out);
        return;
    }
    fprintf(out, "  staged in %.2f s", (double)proof->staged_ms / 1000);
    if (proof->activated != NULL)
        print_activated(out, proof);
    print_lost(out, proof);
    print_wiped(out, proof);
    fputc('\n', out);
}

/* ---- for scripts --------------------------------------------------------------------------- */

static json_t *ms_or_null(int64_t ms)
{
    return ms >= 0 ? json_integer(ms) : json_null();
}

static json_t *member_or_null(const json_t *object, const char *name)
{
    json_t *member = json_object_get(object, name);

    return member != NULL ? json_incref(member) : json_null();
}

json_t *rs_proof_json(const struct rs_proof *proof)
{
    const bool change = rs_proof_is_change(proof);
    const json_t *wiped = rs_proof_wiped(proof);
    json_int_t sum = 0;
    json_t *lost = change ? lost_by_name(proof, &sum) : NULL;
    json_t *json = json_copy(proof->reply);

    json_object_update_new(
        json, json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "changed", change,
                        "replaced_epoch",
                        change && proof->replaced > 0 ? json_integer(proof->replaced) : json_null(),
                        "staged_ms", ms_or_null(change ? proof->staged_ms : -1), "activated_ms",
                        ms_or_null(since_staged_ms(proof, proof->activated)), "workers",
                        member_or_null(proof->activated, "workers"), "lost",
                        lost != NULL ? json_integer(sum) : json_null(), "lost_by",
                        lost != NULL ? lost : json_null(), "wiped_ms",
                        ms_or_null(since_staged_ms(proof, wiped)), "workers_wiped",
                        member_or_null(wiped, "workers_wiped")));
    return json;
}
