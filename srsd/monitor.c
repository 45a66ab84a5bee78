/* SPDX-License-Identifier: ISC */
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attributes.h"
#include "common/channel.h"
#include "common/clock.h"
#include "common/filewatch.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "spf/dns/dns_servers.h"
#include "spf/dns/resolver_plan.h"
#include "srsd/engine.h"
#include "srsd/link.h"
#include "srsd/monitor.h"
#include "srsd/restart_pause.h"
#include "srsd/store_keeper.h"

/* Milliseconds. */
#define STOP_GRACE_MS 2000 /* beyond stop-timeout, before the engine is killed */
#define SILENCE_MS (1000 * MONITOR_SILENCE)
#define START_MS (1000 * MONITOR_START)
#define REQUEST_MS 1000       /* at least, between reloads that the engine requests */
#define SERVER_MS 10          /* the same, between sockets to the Redis server */
#define NOTIFY_RETRY_MS 100   /* the service manager's socket was full */
#define LOG_FLUSH_MS 20       /* lines are handed over in batches */
#define SETTLE_MS 300         /* after a change of a file: more changes may follow */
#define LONGEST_WAIT_MS 60000 /* of poll() */
#define NEVER UINT64_MAX

/* The times at which the monitor acts on its own, in the order in which it does. */
enum deadline {
	DEADLINE_START,    /* the next engine starts */
	DEADLINE_STORE,    /* the next store process starts */
	DEADLINE_SERVER,   /* the engine gets a socket to the Redis server */
	DEADLINE_RELOAD,   /* the files are read again */
	DEADLINE_DNS,      /* resolv.conf is read again */
	DEADLINE_STOP,     /* the engine should have stopped */
	DEADLINE_SILENCE,  /* the engine should have sent a report */
	DEADLINE_ANSWER,   /* the engine should have answered a reload */
	DEADLINE_WATCHDOG, /* the service manager expects a sign of life */
	DEADLINES,
};

/* A reload that the engine has not yet accepted. */
struct pending_reload {
	uint32_t number; /* 0: no reload */
	struct inputs inputs;
	struct listeners *listeners;
	char leaving[CHANNEL_TEXT_MAX]; /* the text of LINK_REMOVE */
};

struct monitor {
	const struct inputs_source *source;
	struct identity id;   /* of the engine */
	struct inputs inputs; /* in effect */
	struct listeners *listeners;
	struct pending_reload reload;
	uint32_t reloads;      /* number of the last one */
	uint32_t in_effect;    /* number of the last one that the engine accepted */
	time_t reloaded;       /* when the last one ended; 0: never */
	bool reload_refused;   /* the last one was */
	uint64_t last_request; /* when the engine last requested a reload; 0: never */
	uint64_t server_sent;  /* when it last got a socket to the Redis server; 0: never */
	struct filewatch *domains_watch; /* of the domains file, or NULL */
	struct filewatch *dns_watch;     /* of resolv.conf, or NULL */
	struct store_keeper *store;
	int signals; /* signalfd */
	sigset_t saved_mask;
	uint64_t due[DEADLINES]; /* NEVER, or a time of now_ms() */
	uint64_t watchdog_ms;    /* between signs of life; 0: not expected */
	bool stopping;
	int status; /* exit status; -1: not yet */

	/* The present engine. */
	int link;         /* -1: closed */
	pid_t engine;     /* 0: not running */
	uint64_t started; /* when it was */
	bool serves;      /* it has reported that it is ready */
	bool condemned;   /* it was killed for disabling a listener */

	/* All engines. */
	bool was_ready; /* one of them was */
	unsigned restarts;
	unsigned pause_ms; /* before the next one */

	void (*ready)(void *arg);
	void (*forked)(void *arg);
	void *arg;
};

static uint64_t
now_ms(void)
{
	return clock_elapsed(&clock_system);
}

static void
free_watches(struct monitor *m)
{
	filewatch_free(&m->domains_watch);
	filewatch_free(&m->dns_watch);
}

/* run_engine - in the child: close what belongs to the monitor, and run the engine to its end */
NORETURN static void
run_engine(struct monitor *m, int link)
{
	struct engine_start start = {
		.source = m->source,
		.inputs = m->inputs,
		.listeners = m->listeners,
		.id = m->id,
		.link = link,
		.restarts = m->restarts,
		.reload = m->in_effect,
		.reloaded = m->reloaded,
		.reload_refused = m->reload_refused,
	};

	close(m->signals);
	free_watches(m);
	notify_close();
	m->forked(m->arg);
	signal(SIGHUP, SIG_IGN); /* for the monitor only; the engine installs a handler later */
	sigprocmask(SIG_SETMASK, &m->saved_mask, NULL);
	log_forget();
	log_reopen();
	exit(engine_main(&start));
}

static void
free_reload(struct monitor *m)
{
	if (m->reload.number == 0)
		return;
	listeners_free(&m->reload.listeners, m->listeners);
	inputs_free(&m->reload.inputs);
	m->reload.number = 0;
}

/* leave_monitor - in a store process: close what belongs to the monitor, and wipe the secrets */
static void
leave_monitor(void *arg)
{
	struct monitor *m = arg;

	close(m->signals);
	close(m->link);
	free_watches(m);
	notify_close();
	m->forked(m->arg);
	free_reload(m);
	listeners_free(&m->listeners, NULL);
	inputs_free(&m->inputs);
	sigprocmask(SIG_SETMASK, &m->saved_mask, NULL);
	log_forget();
	log_reopen();
}

/* start_store - if the database needs a process, for an engine that runs */
static void
start_store(struct monitor *m)
{
	unsigned wait = store_keeper_end_late(m->store);
	int fd;

	if (wait > 0)
		m->due[DEADLINE_STORE] = now_ms() + wait;
	if (wait > 0 || m->engine == 0 || m->link == -1 || m->stopping ||
	    !store_keeper_lacks_process(m->store))
		return;
	fd = store_keeper_start(m->store, leave_monitor, m);
	if (fd == -1)
		m->due[DEADLINE_STORE] = now_ms() + RESTART_PAUSE_LONGEST_MS;
	else if (!channel_send(m->link, LINK_STORE_PROCESS, m->in_effect, NULL, &fd, 1))
		log_warn("cannot give the engine the store process"); /* which then ends */
	if (fd != -1)
		close(fd);
}

static void
reap_store(struct monitor *m)
{
	unsigned pause;

	if (store_keeper_reap(m->store, &pause))
		m->due[DEADLINE_STORE] = now_ms() + pause;
}

/* await_report - the engine is killed unless it reports in time */
static void
await_report(struct monitor *m)
{
	m->due[DEADLINE_SILENCE] = now_ms() + (m->serves ? SILENCE_MS : START_MS);
}

/* want_server - however often the engine asks, it gets a limited number of sockets */
static void
want_server(struct monitor *m)
{
	uint64_t now = now_ms(), next = m->server_sent + SERVER_MS;

	m->due[DEADLINE_SERVER] = next > now ? next : now;
}

/* send_server - a socket to the Redis server, or the reason for its absence */
static void
send_server(struct monitor *m)
{
	const char *problem = NULL;
	int fd;

	if (m->link == -1)
		return;
	m->server_sent = now_ms();
	fd = store_keeper_connect(m->store, &problem);
	/* A name of the server may have been looked up; that is not the engine's silence. */
	await_report(m);
	channel_send(
	    m->link, LINK_STORE_SERVER, m->in_effect, fd == -1 ? problem : NULL, &fd, fd != -1);
	if (fd != -1)
		close(fd);
}

/* postpone_start - retry later: the failure may be transient. It is fatal for the first engine. */
static void
postpone_start(struct monitor *m, const char *operation)
{
	if (!m->was_ready)
		fatal("%s", operation);
	log_warn("%s", operation);
	m->due[DEADLINE_START] = now_ms() + RESTART_PAUSE_LONGEST_MS;
}

static void
start_engine(struct monitor *m)
{
	int end[2];

	m->serves = false;
	m->condemned = false;
	if (m->restarts > 0)
		listeners_revive(m->listeners, &m->id);
	if (!channel_pair(end)) {
		postpone_start(m, "channel to the engine");
		return;
	}
	log_flush();
	m->engine = fork();
	if (m->engine == -1) {
		m->engine = 0;
		postpone_start(m, "fork");
		close(end[0]);
		close(end[1]);
		return;
	}
	if (m->engine == 0) {
		close(end[0]);
		run_engine(m, end[1]);
	}
	close(end[1]);
	m->link = end[0];
	m->started = now_ms();
	await_report(m);
	store_keeper_end(m->store); /* that of the engine before */
	m->due[DEADLINE_STORE] = m->started;
}

/* record_reload - keep the outcome, which the status of later engines shows, too */
static void
record_reload(struct monitor *m, bool refused)
{
	m->reloaded = clock_wall(&clock_system);
	m->reload_refused = refused;
}

static void
discard_reload(struct monitor *m)
{
	if (m->reload.number == 0)
		return;
	free_reload(m);
	m->due[DEADLINE_ANSWER] = NEVER;
	notify_send("READY=1");
}

static void
log_engine_end(const struct monitor *m, int status)
{
	long long lived = (long long)(now_ms() - m->started);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_warnx("engine %d: sandbox violation after %lld ms", (int)m->engine, lived);
	else if (WIFSIGNALED(status))
		log_warnx("engine %d: killed by signal %d (%s) after %lld ms", (int)m->engine,
		    WTERMSIG(status), strsignal(WTERMSIG(status)), lived);
	else if (!m->stopping || WEXITSTATUS(status) != 0)
		log_warnx("engine %d: ended with status %d after %lld ms", (int)m->engine,
		    WEXITSTATUS(status), lived);
}

static void
schedule_restart(struct monitor *m)
{
	uint64_t now = now_ms();

	m->restarts++;
	m->pause_ms = restart_pause_next(m->pause_ms, now - m->started);
	m->due[DEADLINE_START] = now + m->pause_ms;
	if (m->pause_ms > 0)
		log_warnx("engine exited immediately; the next one starts in %u ms", m->pause_ms);
}

static void
reap_engine(struct monitor *m)
{
	int status;

	if (m->engine == 0 || waitpid(m->engine, &status, WNOHANG) != m->engine)
		return;
	/* A first engine that exits before it is ready has logged the reason itself. */
	if (m->was_ready || WIFSIGNALED(status))
		log_engine_end(m, status);
	m->engine = 0;
	close(m->link);
	m->link = -1;
	m->due[DEADLINE_STOP] = m->due[DEADLINE_SILENCE] = NEVER;
	if (m->reload.number != 0) {
		log_warnx(
		    "reload failed, keeping the old settings: the engine exited during the reload");
		record_reload(m, true);
	}
	discard_reload(m);
	if (m->stopping)
		m->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	else if (!m->was_ready)
		m->status = 1;
	else
		schedule_restart(m);
}

static void
kill_engine(const struct monitor *m)
{
	if (m->engine != 0)
		kill(m->engine, SIGKILL);
}

/* check_listeners - false, and the engine is killed, if it has disabled a shared socket */
static bool
check_listeners(struct monitor *m)
{
	if (listeners_are_open(m->listeners))
		return true;
	if (!m->condemned && m->engine != 0)
		log_warnx(
		    "engine %d: disabled a shared listening socket, killing it", (int)m->engine);
	m->condemned = true;
	kill_engine(m);
	return false;
}

static void
begin_shutdown(struct monitor *m, int number)
{
	if (m->stopping)
		return;
	m->stopping = true;
	log_info("stopping on signal %d", number);
	notify_send("STOPPING=1");
	m->due[DEADLINE_START] = m->due[DEADLINE_STORE] = m->due[DEADLINE_RELOAD] = NEVER;
	m->due[DEADLINE_STOP] =
	    now_ms() + 1000 * (uint64_t)m->inputs.settings->stop_timeout + STOP_GRACE_MS;
	if (m->engine == 0)
		m->status = 0;
	else
		channel_send(m->link, LINK_STOP, 0, NULL, NULL, 0);
}

static void
warn_restart_needed(const struct settings *old, const struct settings *new)
{
	if (strcmp(old->unprivileged_user, new->unprivileged_user) != 0)
		log_warnx("reload: unprivileged-user takes effect only after a restart");
	if (strcmp(old->chroot_dir, new->chroot_dir) != 0)
		log_warnx("reload: chroot-dir takes effect only after a restart");
	if (strcmp(old->pid_file, new->pid_file) != 0)
		log_warnx("reload: pid-file takes effect only after a restart");
	if (old->syslog != new->syslog)
		log_warnx("reload: syslog takes effect only after a restart");
}

/* The new sockets for which one message has room, besides the filebox. */
#define NEW_LISTENERS (CHANNEL_FDS_MAX - 1)

/* describe_new_listeners - for LINK_RELOAD, with descriptors; false: too many */
static bool
describe_new_listeners(
    const struct monitor *m, char text[CHANNEL_TEXT_MAX], int *fds, size_t *n_fds)
{
	struct link_change change;
	const struct listener *l;
	size_t i, n = 0;

	for (i = 0; i < m->reload.listeners->n; i++) {
		l = &m->reload.listeners->listener[i];
		if (listeners_hold(m->listeners, l->id))
			continue;
		change = (struct link_change){ true, (unsigned)l->service, l->id };
		if (n == NEW_LISTENERS || !link_add_change(text, &change))
			return false;
		fds[n++] = l->fd;
	}
	*n_fds = n;
	return true;
}

/*
 * describe_old_listeners - false: too many
 *
 * If another service gets the socket, the old listener ends at the moment at which the new one
 * begins, with LINK_RELOAD. The others leave when the new ones serve, with LINK_REMOVE.
 */
static bool
describe_old_listeners(
    const struct monitor *m, char moving[CHANNEL_TEXT_MAX], char leaving[CHANNEL_TEXT_MAX])
{
	const struct listeners *next = m->reload.listeners;
	struct link_change change;
	const struct listener *l;
	bool moves;
	size_t i;

	for (i = 0; i < m->listeners->n; i++) {
		l = &m->listeners->listener[i];
		if (listeners_hold(next, l->id))
			continue;
		change = (struct link_change){ .id = l->id };
		moves = listeners_have_address(next, &l->addr);
		if (!link_add_change(moves ? moving : leaving, &change))
			return false;
	}
	return true;
}

/* send_reload - send the planned reload to the engine; false with one line in error */
static bool
send_reload(struct monitor *m, char error[CONFIG_ERROR_SIZE])
{
	int fds[CHANNEL_FDS_MAX];
	char text[CHANNEL_TEXT_MAX] = "";
	size_t n;
	bool ok;

	m->reload.leaving[0] = '\0';
	if (!describe_new_listeners(m, text, fds + 1, &n) ||
	    !describe_old_listeners(m, text, m->reload.leaving)) {
		snprintf(error, CONFIG_ERROR_SIZE,
		    "too many new or removed listeners (at most %d new ones); restart srsd instead",
		    NEW_LISTENERS);
		return false;
	}
	fds[0] = filebox_store(m->reload.inputs.box);
	filebox_free(&m->reload.inputs.box);
	ok = fds[0] != -1 && channel_send(m->link, LINK_RELOAD, m->reload.number, text, fds, n + 1);
	if (!ok)
		snprintf(error, CONFIG_ERROR_SIZE, "cannot reach the engine: %s", strerror(errno));
	if (fds[0] != -1)
		close(fds[0]);
	return ok;
}

static void
refuse_reload(struct monitor *m, const char *reason)
{
	log_warnx("reload refused, keeping the old settings: %s", reason);
	record_reload(m, true);
	discard_reload(m);
	if (m->engine != 0)
		channel_send(m->link, LINK_REFUSED, 0, reason, NULL, 0);
}

/* read_reload - read all files and plan the listeners; false with one line in error */
static bool
read_reload(struct monitor *m, char error[CONFIG_ERROR_SIZE])
{
	struct inputs inputs;

	if (!inputs_read_settings(&inputs, filebox_new(), m->source, error) ||
	    !inputs_read_rest(&inputs, &m->id, error))
		return false;
	m->reload.listeners =
	    listeners_plan(m->listeners, inputs.settings, &m->id, NULL, error, CONFIG_ERROR_SIZE);
	if (m->reload.listeners == NULL) {
		inputs_free(&inputs);
		return false;
	}
	m->reload.inputs = inputs;
	m->reload.number = ++m->reloads;
	m->due[DEADLINE_ANSWER] = now_ms() + SILENCE_MS;
	return true;
}

/*
 * begin_reload - postponed while another one is pending, or the engine is not ready
 *
 * An engine has less time to answer a reload than to start.
 */
static void
begin_reload(struct monitor *m)
{
	char error[CONFIG_ERROR_SIZE], text[64];
	bool ok;

	if (m->stopping)
		return;
	if (m->reload.number != 0 || m->engine == 0 || !m->serves || !check_listeners(m)) {
		m->due[DEADLINE_RELOAD] = now_ms() + SETTLE_MS;
		return;
	}
	m->due[DEADLINE_RELOAD] = NEVER;
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)now_ms() * 1000);
	notify_send(text);
	ok = read_reload(m, error);
	/* Reading can take long (endpoints may be host names); it is not the engine's silence. */
	await_report(m);
	if (!ok) {
		refuse_reload(m, error);
		notify_send("READY=1");
	} else if (!send_reload(m, error)) {
		refuse_reload(m, error);
	}
}

static void
watch_domains_file(struct monitor *m)
{
	const struct settings *s = m->inputs.settings;

	filewatch_free(&m->domains_watch);
	if (!s->domains_file_watch || s->domains_file[0] == '\0')
		return;
	m->domains_watch = filewatch_new(s->domains_file);
	if (m->domains_watch == NULL)
		log_warn("domains-file-watch: %s", s->domains_file);
}

/* watch_resolv_conf - if the nameservers are those of this file; a watch that there is stays */
static void
watch_resolv_conf(struct monitor *m)
{
	bool wanted = m->inputs.settings->nameservers.n == 0;

	if (!wanted)
		filewatch_free(&m->dns_watch);
	if (!wanted || m->dns_watch != NULL)
		return;
	m->dns_watch = filewatch_new(RESOLVER_PLAN_FILE);
	if (m->dns_watch == NULL)
		log_warn("cannot watch %s; reload srsd after a change", RESOLVER_PLAN_FILE);
	else
		m->due[DEADLINE_DNS] = now_ms(); /* it may have changed since it was read */
}

/* send_nameservers - the files of the plan in effect, to an engine; a later one is forked with it */
static void
send_nameservers(const struct monitor *m, const struct filebox *box)
{
	int fd;

	if (m->link == -1)
		return;
	fd = filebox_store(box);
	if (fd == -1 || !channel_send(m->link, LINK_NAMESERVERS, 0, NULL, &fd, 1))
		log_warn("cannot pass the new nameservers to the engine; reload srsd");
	if (fd != -1)
		close(fd);
}

/* keep_nameservers - should those in use stay, because the file has none (while it is rewritten)? */
static bool
keep_nameservers(const char *old, const char *new)
{
	char server[DNS_SERVERS_ONE_SIZE];

	return dns_servers_next(&old, server) && !dns_servers_next(&new, server);
}

/* read_nameservers - after a change of resolv.conf. A reload that is pending may have read it before. */
static void
read_nameservers(struct monitor *m)
{
	struct filebox *box;
	char error[CONFIG_ERROR_SIZE], *plan;

	if (m->stopping || m->dns_watch == NULL)
		return;
	if (m->reload.number != 0) {
		m->due[DEADLINE_DNS] = now_ms() + SETTLE_MS;
		return;
	}
	box = filebox_new();
	plan = resolver_plan_make(m->inputs.settings, box, error, sizeof(error));
	if (plan == NULL) {
		log_warnx(
		    "%s has changed, keeping the old nameservers: %s", RESOLVER_PLAN_FILE, error);
	} else if (keep_nameservers(m->inputs.dns, plan)) {
		log_warnx("%s has no nameserver, keeping the old ones", RESOLVER_PLAN_FILE);
	} else if (strcmp(plan, m->inputs.dns) != 0) {
		free(m->inputs.dns);
		m->inputs.dns = xstrdup(plan);
		send_nameservers(m, box);
	}
	free(plan);
	filebox_free(&box);
}

/* has_same_watch - true: keep the watch, which has recorded changes made during the reload */
static bool
has_same_watch(const struct settings *a, const struct settings *b)
{
	return a->domains_file_watch == b->domains_file_watch &&
	       strcmp(a->domains_file, b->domains_file) == 0;
}

/* remove_old_listeners - that the listeners in effect have replaced; frees them */
static void
remove_old_listeners(struct monitor *m, struct listeners *old)
{
	listeners_hide_leaving(old, m->listeners);
	listeners_free(&old, m->listeners);
	if (m->reload.leaving[0] == '\0' ||
	    channel_send(m->link, LINK_REMOVE, m->in_effect, m->reload.leaving, NULL, 0))
		return;
	log_warn("engine %d: cannot remove listeners, killing it", (int)m->engine);
	kill_engine(m);
}

/* commit_reload - the engine has accepted it, and any new engine starts with it */
static void
commit_reload(struct monitor *m)
{
	struct inputs old = m->inputs;
	struct listeners *old_listeners = m->listeners;

	warn_restart_needed(old.settings, m->reload.inputs.settings);
	m->inputs = m->reload.inputs;
	m->listeners = m->reload.listeners;
	m->in_effect = m->reload.number;
	m->reload.number = 0;
	m->due[DEADLINE_ANSWER] = NEVER;
	remove_old_listeners(m, old_listeners);
	if (!has_same_watch(old.settings, m->inputs.settings))
		watch_domains_file(m);
	watch_resolv_conf(m);
	inputs_free(&old);
	store_keeper_use(m->store, m->inputs.settings);
	m->due[DEADLINE_STORE] = now_ms();
	record_reload(m, false);
	log_info("reloaded srs-domain=%s domains=%zu secrets=%zu listeners=%zu",
	    m->inputs.settings->srs_domain, domainset_size(m->inputs.settings->own_domains),
	    srs_keys_count(m->inputs.keys), m->listeners->n);
	notify_send("READY=1");
}

static void
on_engine_ready(struct monitor *m)
{
	if (m->was_ready) {
		log_info("engine %d is ready, %llu ms after its start", (int)m->engine,
		    (unsigned long long)(now_ms() - m->started));
		return;
	}
	m->was_ready = true;
	m->ready(m->arg);
	notify_send("READY=1");
}

static uint64_t
earlier_time(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* on_reload_request - reload, but at most once a second, however often the engine asks */
static void
on_reload_request(struct monitor *m)
{
	uint64_t now = now_ms();

	if (m->last_request != 0 && now - m->last_request < REQUEST_MS) {
		m->due[DEADLINE_RELOAD] =
		    earlier_time(m->due[DEADLINE_RELOAD], m->last_request + REQUEST_MS);
		return;
	}
	m->last_request = now;
	begin_reload(m);
}

static void
on_report(struct monitor *m, const struct channel_message *msg)
{
	char reason[PRINTABLE_SIZE];

	m->due[DEADLINE_SILENCE] = now_ms() + SILENCE_MS;
	switch ((enum link_report)msg->type) {
	case LINK_READY:
		if (!m->serves)
			on_engine_ready(m);
		m->serves = true;
		break;
	case LINK_WANTED:
		on_reload_request(m);
		break;
	case LINK_STORE_WANTED:
		want_server(m);
		break;
	case LINK_RELOADED:
		if (m->reload.number != 0 && msg->number == m->reload.number)
			commit_reload(m);
		break;
	case LINK_UNRELOADED:
		if (m->reload.number == 0 || msg->number != m->reload.number)
			break;
		printable_text(reason, sizeof(reason), msg->text, msg->len);
		log_warnx("reload refused by the engine: %s", reason);
		record_reload(m, true);
		discard_reload(m);
		break;
	case LINK_ALIVE:
		check_listeners(m);
		break;
	case LINK_REPORTS:
		break;
	}
}

/* Reports that are read before other events get their turn. */
#define REPORTS_PER_TURN 64

/* read_reports - handle the engine's messages; kill an engine that violates the protocol */
static void
read_reports(struct monitor *m)
{
	struct channel_message msg;
	const char *error;
	int i;

	for (i = 0; i < REPORTS_PER_TURN; i++) {
		switch (channel_receive(m->link, &msg, LINK_REPORTS - 1, 0, &error)) {
		case 1:
			on_report(m, &msg);
			break;
		case 0:
			return;
		default:
			/* If the engine has just exited, the log line follows when it is reaped. */
			if (error != NULL)
				log_warnx("engine %d: protocol violation (%s), killing it",
				    (int)m->engine, error);
			kill_engine(m);
			close(m->link);
			m->link = -1;
			return;
		}
	}
}

static void
on_signals(struct monitor *m)
{
	struct signalfd_siginfo info;

	while (read(m->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			begin_reload(m);
			break;
		case SIGCHLD:
			break; /* every turn looks for an engine to reap */
		default:
			begin_shutdown(m, (int)info.ssi_signo);
			break;
		}
	}
}

static void
kill_slow_stop(struct monitor *m)
{
	log_warnx("engine %d: did not stop in time", (int)m->engine);
	kill_engine(m);
}

static void
kill_silent_engine(struct monitor *m)
{
	if (m->serves)
		log_warnx("engine %d: silent for %d seconds", (int)m->engine, MONITOR_SILENCE);
	else
		log_warnx("engine %d: not ready after %d seconds", (int)m->engine, MONITOR_START);
	kill_engine(m);
	m->due[DEADLINE_SILENCE] = now_ms() + SILENCE_MS;
}

static void
kill_slow_reload(struct monitor *m)
{
	log_warnx(
	    "engine %d: no answer to a reload in %d seconds", (int)m->engine, MONITOR_SILENCE);
	kill_engine(m);
}

static void
send_watchdog(struct monitor *m)
{
	if (m->engine != 0)
		notify_send("WATCHDOG=1");
	m->due[DEADLINE_WATCHDOG] = now_ms() + m->watchdog_ms;
}

/* run_deadlines - act on each deadline that has passed, which may set it again */
static void
run_deadlines(struct monitor *m)
{
	static void (*const act[DEADLINES])(struct monitor *) = {
		[DEADLINE_START] = start_engine,
		[DEADLINE_STORE] = start_store,
		[DEADLINE_SERVER] = send_server,
		[DEADLINE_RELOAD] = begin_reload,
		[DEADLINE_DNS] = read_nameservers,
		[DEADLINE_STOP] = kill_slow_stop,
		[DEADLINE_SILENCE] = kill_silent_engine,
		[DEADLINE_ANSWER] = kill_slow_reload,
		[DEADLINE_WATCHDOG] = send_watchdog,
	};
	uint64_t now = now_ms();
	int i;

	for (i = 0; i < DEADLINES; i++) {
		if (now < m->due[i])
			continue;
		m->due[i] = NEVER;
		act[i](m);
	}
}

/* poll_timeout - milliseconds until something is to be done; -1: no limit */
static int
poll_timeout(const struct monitor *m)
{
	uint64_t now = now_ms(), next = NEVER;
	int i;

	for (i = 0; i < DEADLINES; i++)
		next = earlier_time(next, m->due[i]);
	if (log_pending())
		next = earlier_time(next, now + LOG_FLUSH_MS);
	if (notify_pending())
		next = earlier_time(next, now + NOTIFY_RETRY_MS);
	if (next == NEVER)
		return -1;
	return next <= now ? 0 : (int)earlier_time(next - now, LONGEST_WAIT_MS);
}

/* look_at_watches - more changes of a file may follow soon */
static void
look_at_watches(struct monitor *m)
{
	if (m->domains_watch != NULL && filewatch_changed(m->domains_watch))
		m->due[DEADLINE_RELOAD] = now_ms() + SETTLE_MS;
	if (m->dns_watch != NULL && filewatch_changed(m->dns_watch))
		m->due[DEADLINE_DNS] = now_ms() + SETTLE_MS;
}

/* run_monitor_turn - wait for events, and handle them */
static void
run_monitor_turn(struct monitor *m)
{
	struct pollfd pfd[] = {
		{ .fd = m->signals, .events = POLLIN },
		{ .fd = m->link, .events = POLLIN },
		{ .fd = filewatch_fd(m->domains_watch), .events = POLLIN },
		{ .fd = filewatch_fd(m->dns_watch), .events = POLLIN },
	};

	if (poll(pfd, sizeof(pfd) / sizeof(pfd[0]), poll_timeout(m)) == -1 && errno != EINTR)
		fatal("poll");
	if (pfd[0].revents != 0)
		on_signals(m);
	if (pfd[1].revents != 0 && m->link != -1)
		read_reports(m);
	look_at_watches(m);
	reap_engine(m);
	reap_store(m);
	run_deadlines(m);
	if (notify_pending())
		notify_retry();
	log_flush();
}

/* block_signals - and receive them through a signalfd */
static void
block_signals(struct monitor *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, &m->saved_mask) == -1)
		fatal("sigprocmask");
	signal(SIGPIPE, SIG_IGN);
	m->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (m->signals == -1)
		fatal("signalfd");
}

/* read_watchdog - how often the service manager expects a sign of life (sd_watchdog_enabled(3)) */
static void
read_watchdog(struct monitor *m)
{
	const char *text = getenv("WATCHDOG_USEC"), *error;
	long long usec = text == NULL ? 0 : strtonum(text, 1, INT64_MAX, &error);

	m->watchdog_ms = (uint64_t)usec / 2000;
	if (m->watchdog_ms != 0)
		m->due[DEADLINE_WATCHDOG] = now_ms() + m->watchdog_ms;
}

int
monitor_run(struct monitor_start *start)
{
	struct monitor m = {
		.source = &start->source,
		.id = start->id,
		.inputs = start->inputs,
		.listeners = start->listeners,
		.link = -1,
		.status = -1,
		.ready = start->ready,
		.forked = start->forked,
		.arg = start->arg,
	};
	int i;

	for (i = 0; i < DEADLINES; i++)
		m.due[i] = NEVER;
#ifndef SRSD_TRACEABLE
	prctl(PR_SET_DUMPABLE, 0); /* this process holds the secrets, too */
#endif
	if (!privdrop_limit())
		fatal("cannot drop capabilities");
	block_signals(&m);
	read_watchdog(&m);
	watch_domains_file(&m);
	watch_resolv_conf(&m);
	m.store = store_keeper_new(&m.id);
	store_keeper_use(m.store, m.inputs.settings);
	start_engine(&m);
	while (m.status == -1)
		run_monitor_turn(&m);
	store_keeper_free(&m.store);
	discard_reload(&m);
	listeners_free(&m.listeners, NULL);
	inputs_free(&m.inputs);
	free_watches(&m);
	close(m.signals);
	return m.status;
}
