/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The derivation of base keys, by OpenSSL. Jobs lie in locked memory and are wiped as
 * soon as they are done. What becomes of a base key is not here.
 */
#include "kdf.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "control/counts.h"
#include "control/privileges.h"
#include "dataplane/dataplane.h"

enum { ITERATIONS = 220000, ID_MAX = 128 };

/* main: fills it, then reads the result. thread: everything between, handed over under the lock. */
struct kdf_job {
    TAILQ_ENTRY(kdf_job) entry;
    rs_kdf_done_fn *done;
    void *arg;
    size_t secret_bytes;
    int result;
    double took_s;
    char session_id[ID_MAX + 1];
    char secret[RS_SECRET_MAX_BYTES];
    uint8_t base_key[RS_BASE_KEY_BYTES];
};

TAILQ_HEAD(job_list, kdf_job);

/* Owner: control. The lists are under the lock, but `idle`, which is main's alone. */
struct rs_kdf {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job_list waiting, finished, idle;
    struct rs_counts *counts; /* main's alone */
    bool stopping;
    int fd;
    unsigned int thread_count;
    pthread_t threads[RS_KDF_THREADS];
    struct kdf_job *jobs;
};

int rs_kdf_derive(const char *secret, size_t bytes, const char *session_id,
                  uint8_t base_key[RS_BASE_KEY_BYTES])
{
    char salt[16 + ID_MAX];
    const int salt_bytes = snprintf(salt, sizeof(salt), "rtpseal/1 %s", session_id);

    if (salt_bytes < 0 || (size_t)salt_bytes >= sizeof(salt))
        return -EIO;
    if (PKCS5_PBKDF2_HMAC(secret, (int)bytes, (const unsigned char *)salt, salt_bytes, ITERATIONS,
                          EVP_sha512(), RS_BASE_KEY_BYTES, base_key) != 1)
        return -EIO;
    return 0;
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Waits for a job; NULL when the threads are to end. */
static struct kdf_job *take_job(struct rs_kdf *kdf)
{
    struct kdf_job *job = NULL;

    pthread_mutex_lock(&kdf->lock);
    while (!kdf->stopping && TAILQ_EMPTY(&kdf->waiting))
        pthread_cond_wait(&kdf->wake, &kdf->lock);
    if (!kdf->stopping) {
        job = TAILQ_FIRST(&kdf->waiting);
        TAILQ_REMOVE(&kdf->waiting, job, entry);
    }
    pthread_mutex_unlock(&kdf->lock);
    return job;
}

static void *kdf_thread(void *arg)
{
    struct rs_kdf *kdf = arg;
    struct kdf_job *job;

    pthread_setname_np(pthread_self(), "rtpseal-kdf");
    while ((job = take_job(kdf)) != NULL) {
        job->took_s = -now_s();
        job->result = rs_kdf_derive(job->secret, job->secret_bytes, job->session_id, job->base_key);
        job->took_s += now_s();
        rs_secret_wipe(job->secret, sizeof(job->secret));
        pthread_mutex_lock(&kdf->lock);
        TAILQ_INSERT_TAIL(&kdf->finished, job, entry);
        pthread_mutex_unlock(&kdf->lock);
        eventfd_write(kdf->fd, 1);
    }
    return NULL;
}

/* Signals are the main thread's: these block them all. */
static int start_threads(struct rs_kdf *kdf)
{
    sigset_t all, before;
    int error = 0;

    sigfillset(&all);
    sigdelset(&all, rs_privileges_signal());
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (kdf->thread_count < RS_KDF_THREADS && error == 0) {
        error = pthread_create(&kdf->threads[kdf->thread_count], NULL, kdf_thread, kdf);
        if (error == 0)
            kdf->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

struct rs_kdf *rs_kdf_create(struct rs_counts *counts)
{
    struct rs_kdf *kdf = calloc(1, sizeof(*kdf));
    int error;

    if (kdf == NULL)
        return NULL;
    kdf->counts = counts;
    pthread_mutex_init(&kdf->lock, NULL);
    pthread_cond_init(&kdf->wake, NULL);
    TAILQ_INIT(&kdf->waiting);
    TAILQ_INIT(&kdf->finished);
    TAILQ_INIT(&kdf->idle);
    kdf->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    kdf->jobs = rs_secret_map(RS_KDF_QUEUE * sizeof(kdf->jobs[0]));
    error = kdf->fd < 0 || kdf->jobs == NULL ? errno : 0;
    for (size_t i = 0; kdf->jobs != NULL && i < RS_KDF_QUEUE; i++)
        TAILQ_INSERT_TAIL(&kdf->idle, &kdf->jobs[i], entry);
    if (error == 0)
        error = start_threads(kdf);
    if (error != 0) {
        rs_kdf_destroy(kdf);
        errno = error;
        return NULL;
    }
    return kdf;
}

void rs_kdf_destroy(struct rs_kdf *kdf)
{
    if (kdf == NULL)
        return;
    pthread_mutex_lock(&kdf->lock);
    kdf->stopping = true;
    pthread_cond_broadcast(&kdf->wake);
    pthread_mutex_unlock(&kdf->lock);
    for (unsigned int i = 0; i < kdf->thread_count; i++)
        pthread_join(kdf->threads[i], NULL);
    if (kdf->jobs != NULL) {
        rs_secret_wipe(kdf->jobs, RS_KDF_QUEUE * sizeof(kdf->jobs[0]));
        rs_secret_unmap(kdf->jobs, RS_KDF_QUEUE * sizeof(kdf->jobs[0]));
    }
    if (kdf->fd >= 0)
        close(kdf->fd);
    pthread_cond_destroy(&kdf->wake);
    pthread_mutex_destroy(&kdf->lock);
    free(kdf);
}

int rs_kdf_fd(const struct rs_kdf *kdf)
{
    return kdf->fd;
}

static struct kdf_job *take_finished(struct rs_kdf *kdf)
{
    struct kdf_job *job;

    pthread_mutex_lock(&kdf->lock);
    job = TAILQ_FIRST(&kdf->finished);
    if (job != NULL)
        TAILQ_REMOVE(&kdf->finished, job, entry);
    pthread_mutex_unlock(&kdf->lock);
    return job;
}

static void count(const struct rs_kdf *kdf, const struct kdf_job *job)
{
    rs_counts_derivation(kdf->counts, job->result == 0 ? RS_DERIVATION_OK : RS_DERIVATION_FAILED);
    rs_counts_time(kdf->counts, RS_TIMING_DERIVATION, job->took_s);
}

void rs_kdf_poll(struct rs_kdf *kdf)
{
    struct kdf_job *job;
    eventfd_t ignored;

    eventfd_read(kdf->fd, &ignored);
    while ((job = take_finished(kdf)) != NULL) {
        count(kdf, job);
        job->done(job->arg, job->result == 0 ? job->base_key : NULL);
        rs_secret_wipe(job, sizeof(*job));
        TAILQ_INSERT_TAIL(&kdf->idle, job, entry);
    }
}

int rs_kdf_submit(struct rs_kdf *kdf, const char *secret, size_t bytes, const char *session_id,
                  rs_kdf_done_fn *done, void *arg)
{
    struct kdf_job *job = TAILQ_FIRST(&kdf->idle);

    if (bytes > RS_SECRET_MAX_BYTES || strlen(session_id) > ID_MAX)
        return -EINVAL;
    if (job == NULL) {
        rs_counts_derivation(kdf->counts, RS_DERIVATION_REFUSED);
        return -EBUSY;
    }
    TAILQ_REMOVE(&kdf->idle, job, entry);
    job->done = done;
    job->arg = arg;
    job->secret_bytes = bytes;
    memcpy(job->secret, secret, bytes);
    snprintf(job->session_id, sizeof(job->session_id), "%s", session_id);
    pthread_mutex_lock(&kdf->lock);
    TAILQ_INSERT_TAIL(&kdf->waiting, job, entry);
    pthread_cond_signal(&kdf->wake);
    pthread_mutex_unlock(&kdf->lock);
    return 0;
}
