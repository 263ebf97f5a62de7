/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's composition root: what is started, in which order, and taken down in reverse.
 * Everything else is elsewhere.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "control/args.h"
#include "control/capture.h"
#include "control/config.h"
#include "control/control.h"
#include "control/events.h"
#include "control/handlers.h"
#include "control/http.h"
#include "control/journal.h"
#include "control/jsonrpc.h"
#include "control/kdf.h"
#include "control/metrics.h"
#include "control/privileges.h"
#include "control/rate.h"
#include "control/registry.h"
#include "control/reload.h"
#include "control/sandbox.h"
#include "control/server.h"
#include "control/service.h"
#include "dataplane/dataplane.h"

/* The main thread's events outside the control socket. */
struct sources {
    struct event *dataplane, *kdf, *terminate, *interrupt, *hangup;
};

/* Whether requests can be read where no page is swapped out; if not, whether that is accepted. */
static int lock_requests(const struct rs_config *config)
{
    if (rs_jsonrpc_init() == 0)
        return 0;
    if (config->dataplane.lock_policy == RS_LOCK_TRIED) {
        rs_log(RS_LOG_WARNING, "rtpseald: memory for requests cannot be locked");
        return 0;
    }
    rs_log(RS_LOG_ERROR, "rtpseald: memory for requests cannot be locked: raise RLIMIT_MEMLOCK, "
                         "or set lock_keys: no");
    return -EPERM;
}

/* Keys must not reach a core file, a debugger, or a file that others can read. */
static void harden_process(void)
{
    static const struct rlimit no_core = {0, 0};

    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &no_core);
    umask(027);
    signal(SIGPIPE, SIG_IGN);
}

static void on_dataplane(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    rs_dataplane_poll(arg);
}

static void on_kdf(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    rs_kdf_poll(arg);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    (void)what;
    rs_log(RS_LOG_INFO, "rtpseald: %s: ending", number == SIGTERM ? "SIGTERM" : "SIGINT");
    event_base_loopbreak(arg);
}

static void log_differences(const struct rs_config_difference *differences, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rs_log(RS_LOG_INFO, "rtpseald: %s: %s -> %s%s", differences[i].key, differences[i].one,
               differences[i].other, differences[i].live ? "" : ", after a restart");
}

static void reload(struct rs_reload *running)
{
    struct rs_config_difference *differences;
    struct rs_error error;
    size_t count;

    if (rs_reload_run(running, &differences, &count, &error) != 0) {
        rs_log(RS_LOG_ERROR, "rtpseald: SIGHUP: nothing changed: %s", error.message);
        return;
    }
    rs_log(RS_LOG_INFO, "rtpseald: SIGHUP: %s read, %zu differences", rs_reload_path(running),
           count);
    log_differences(differences, count);
    rs_config_differences_free(differences, count);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
    (void)number;
    (void)what;
    rs_service_reloading();
    reload(arg);
    rs_service_reloaded();
}

static int add_source(struct event **source, struct event *made)
{
    *source = made;
    return made != NULL && event_add(made, NULL) == 0 ? 0 : -ENOMEM;
}

static int add_sources(struct sources *sources, struct rs_control *control)
{
    struct event_base *base = control->base;
    const int dataplane = rs_dataplane_fd(control->dataplane), kdf = rs_kdf_fd(control->kdf);
    const short readable = EV_READ | EV_PERSIST;

    if (add_source(&sources->dataplane,
                   event_new(base, dataplane, readable, on_dataplane, control->dataplane)) != 0 ||
        add_source(&sources->kdf, event_new(base, kdf, readable, on_kdf, control->kdf)) != 0 ||
        add_source(&sources->terminate, evsignal_new(base, SIGTERM, on_signal, base)) != 0 ||
        add_source(&sources->interrupt, evsignal_new(base, SIGINT, on_signal, base)) != 0 ||
        add_source(&sources->hangup, evsignal_new(base, SIGHUP, on_hangup, control->reload)) != 0)
        return -ENOMEM;
    return 0;
}

static void remove_sources(struct sources *sources)
{
    struct event *all[] = {sources->dataplane, sources->kdf, sources->terminate, sources->interrupt,
                           sources->hangup};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i] != NULL)
            event_free(all[i]);
    }
}

/* Everything is open: no right is needed any more. Returns 0, or -errno after logging why not. */
static int give_up_rights(const struct rs_config *config)
{
    struct rs_privileges dropped;
    struct rs_sandbox sandbox = {.filtered = false};
    int rc = rs_privileges_drop(config, &dropped);

    if (rc == 0 && config->sandbox)
        rc = rs_sandbox_enter(config, &sandbox);
    if (rc != 0)
        return rc;
    if (!config->sandbox)
        rs_log(RS_LOG_WARNING, "rtpseald: sandbox: no: system calls and files are not confined");
    rs_log(RS_LOG_INFO, "rtpseald: confined uid=%u capabilities=%s%s seccomp=%s landlock=%s",
           (unsigned int)geteuid(),
           dropped.may_lock     ? "ipc_lock"
           : dropped.may_unload ? ""
                                : "none",
           dropped.may_unload ? "+net_admin+bpf" : "", sandbox.filtered ? "yes" : "no",
           sandbox.confined ? "yes" : "no");
    return 0;
}

static enum rs_exit serve(struct rs_control *control)
{
    const struct rs_dataplane_config *config = &control->config->dataplane;
    struct rs_service *service = rs_service_create(control);

    if (service == NULL) {
        rs_log(RS_LOG_ERROR, "rtpseald: cannot start: no memory");
        return RS_EXIT_START_FAILED;
    }
    rs_log(RS_LOG_INFO,
           "rtpseald: ready version=" RTPSEAL_VERSION " links=%zu workers=%u socket=%s",
           config->link_count, rs_dataplane_worker_count(control->dataplane),
           control->config->socket_path);
    event_base_dispatch(control->base);
    rs_service_destroy(service);
    return RS_EXIT_OK;
}

/* The parts that need no thread or socket. Returns whether all are there. */
static bool create_parts(struct rs_control *control, struct rs_config *config,
                         const struct rs_args *args)
{
    control->base = event_base_new();
    control->events = rs_events_create(control->instance, RS_EVENT_RING, &control->counts);
    control->rate = rs_rate_create(config->requests_per_second);
    control->reload = rs_reload_create(control, config, args->config_path, &args->overrides);
    if (control->base == NULL || control->events == NULL || control->rate == NULL ||
        control->reload == NULL)
        return false;
    control->registry = rs_registry_create(control->base, config, control->dataplane,
                                           control->events, &control->counts);
    control->capturer = rs_capturer_create(control);
    if (control->registry == NULL || control->capturer == NULL)
        return false;
    control->registry->capturer = control->capturer;
    return true;
}

static void destroy_parts(struct rs_control *control)
{
    rs_capturer_destroy(control->capturer);
    if (control->registry != NULL)
        control->registry->capturer = NULL;
    rs_registry_destroy(control->registry);
    rs_reload_destroy(control->reload);
    rs_rate_destroy(control->rate);
    rs_events_destroy(control->events);
    rs_dataplane_destroy(control->dataplane);
    if (control->base != NULL)
        event_base_free(control->base);
}

static enum rs_exit run(struct rs_config *config, const struct rs_args *args)
{
    struct rs_control control = {.config = config, .started_ms = rs_control_now_ms()};
    enum rs_exit result = RS_EXIT_START_FAILED;
    struct sources sources = {0};
    char instance[RS_INSTANCE_MAX];
    bool complete;

    rs_counts_init(&control.counts);
    rs_control_random_hex(instance, 16);
    control.instance = instance;
    /* The dataplane first: threads made later inherit the affinity that keeps off its workers. */
    control.dataplane = rs_dataplane_create(&config->dataplane, &rs_registry_observer);
    if (control.dataplane == NULL)
        return RS_EXIT_START_FAILED;
    complete = create_parts(&control, config, args);
    control.kdf = rs_kdf_create(&control.counts);
    if (!complete || control.kdf == NULL || add_sources(&sources, &control) != 0)
        rs_log(RS_LOG_ERROR, "rtpseald: cannot start: %s", strerror(errno));
    else
        control.server = rs_server_create(&control);
    if (control.server != NULL)
        control.http = rs_http_create(&control);
    if (control.http != NULL && give_up_rights(config) == 0) {
        rs_dataplane_set_owner(control.dataplane, control.registry);
        result = serve(&control);
    }
    rs_http_destroy(control.http);
    rs_server_destroy(control.server);
    remove_sources(&sources);
    rs_kdf_destroy(control.kdf);
    destroy_parts(&control);
    return result;
}

/* Steals `description`. */
static enum rs_exit print(json_t *description)
{
    json_dumpf(description, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(description);
    return RS_EXIT_OK;
}

int main(int argc, char **argv)
{
    char error[RS_CONFIG_ERROR_MAX] = "";
    struct rs_config *config;
    struct rs_args args;
    enum rs_exit result = rs_args_parse(argc, argv, &args);

    if (result != RS_EXIT_OK || args.task == RS_TASK_NONE)
        return result;
    if (args.task == RS_TASK_PRINT_METHODS)
        return print(rs_methods_json());
    if (args.task == RS_TASK_PRINT_METRICS)
        return print(rs_metrics_json());
    config = rs_config_load(args.config_path, &args.overrides, error);
    if (config == NULL) {
        fprintf(stderr, "rtpseald: %s\n", error);
        return RS_EXIT_CONFIGURATION;
    }
    if (args.task == RS_TASK_CHECK_CONFIG) {
        printf("%s: ok\n", args.config_path);
    } else {
        rs_log_set_level(config->log_level);
        rs_journal_use();
        harden_process();
        result = lock_requests(config) == 0 ? run(config, &args) : RS_EXIT_START_FAILED;
    }
    rs_config_free(config);
    return result;
}
