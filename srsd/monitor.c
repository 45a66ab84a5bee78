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
#include "srsd/engine.h"
#include "srsd/link.h"
#include "srsd/monitor.h"
#include "srsd/nameserver_watch.h"
#include "srsd/pending_reload.h"
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
	DEADLINE_ANSWER,   /* the engine should have reported on a reload */
	DEADLINE_WATCHDOG, /* the service manager expects a sign of life */
	DEADLINES,
};

struct monitor {
	const struct inputs_source *source;
	struct identity id;   /* of the engine */
	struct inputs inputs; /* in effect */
	struct listeners *listeners;
	struct pending_reload reload;
	uint32_t in_effect;    /* number of the last reload that the engine has applied */
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
	pending_reload_end(&m->reload, m->listeners);
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

/* await_answer - to a reload. While srsd stops, the engine has more time for its other work. */
static void
await_answer(struct monitor *m)
{
	m->due[DEADLINE_ANSWER] = m->stopping ? NEVER : now_ms() + SILENCE_MS;
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

/* end_reload - nothing more is expected of the engine */
static void
end_reload(struct monitor *m)
{
	pending_reload_end(&m->reload, m->listeners);
	m->due[DEADLINE_ANSWER] = NEVER;
	notify_send("READY=1");
}

/* discard_reload - the old settings stay in effect */
static void
discard_reload(struct monitor *m)
{
	record_reload(m, true);
	end_reload(m);
}

/* complete_reload - the new settings are in effect, and the old sockets are closed */
static void
complete_reload(struct monitor *m)
{
	record_reload(m, false);
	log_info("reloaded srs-domain=%s domains=%zu secrets=%zu listeners=%zu",
	    m->inputs.settings->srs_domain, domainset_size(m->inputs.settings->own_domains),
	    srs_keys_count(m->inputs.keys), m->listeners->n);
	end_reload(m);
}

/* conclude_reload - the engine has exited, which closed its sockets */
static void
conclude_reload(struct monitor *m)
{
	switch (m->reload.state) {
	case RELOAD_NONE:
		break;
	case RELOAD_SENT:
		log_warnx(
		    "reload failed, keeping the old settings: the engine exited during the reload");
		discard_reload(m);
		break;
	case RELOAD_REMOVING:
		complete_reload(m);
		break;
	}
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
	conclude_reload(m);
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
	m->due[DEADLINE_START] = m->due[DEADLINE_STORE] = NEVER;
	m->due[DEADLINE_RELOAD] = m->due[DEADLINE_ANSWER] = NEVER;
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

static void
refuse_reload(struct monitor *m, const char *reason)
{
	log_warnx("reload refused, keeping the old settings: %s", reason);
	discard_reload(m);
	if (m->engine != 0)
		channel_send(m->link, LINK_REFUSED, 0, reason, NULL, 0);
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
	bool begun;

	if (m->stopping)
		return;
	if (m->reload.state != RELOAD_NONE || m->engine == 0 || !m->serves || !check_listeners(m)) {
		m->due[DEADLINE_RELOAD] = now_ms() + SETTLE_MS;
		return;
	}
	m->due[DEADLINE_RELOAD] = NEVER;
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)now_ms() * 1000);
	notify_send(text);
	begun = pending_reload_begin(&m->reload, m->link, m->source, &m->id, m->listeners, error);
	/* Reading can be slow (endpoints may be host names). The engine is not silent meanwhile. */
	await_report(m);
	if (begun)
		await_answer(m);
	else
		refuse_reload(m, error);
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

/* watch_nameservers - as the settings in effect require */
static void
watch_nameservers(struct monitor *m)
{
	if (nameserver_watch_use(&m->dns_watch, m->inputs.settings))
		m->due[DEADLINE_DNS] = now_ms();
}

/* read_nameservers - after a change of resolv.conf. A reload that is pending may have read it before. */
static void
read_nameservers(struct monitor *m)
{
	if (m->stopping || m->dns_watch == NULL)
		return;
	if (m->reload.state == RELOAD_SENT)
		m->due[DEADLINE_DNS] = now_ms() + SETTLE_MS;
	else
		nameserver_watch_read(m->inputs.settings, &m->inputs.dns, m->link);
}

/* has_same_watch - true: keep the watch, which has recorded changes made during the reload */
static bool
has_same_watch(const struct settings *a, const struct settings *b)
{
	return a->domains_file_watch == b->domains_file_watch &&
	       strcmp(a->domains_file, b->domains_file) == 0;
}

/* remove_old_listeners - have the engine close its descriptors; the monitor has closed its own */
static void
remove_old_listeners(struct monitor *m)
{
	if (pending_reload_remove(&m->reload, m->link)) {
		await_answer(m);
		return;
	}
	log_warn("engine %d: cannot remove listeners, killing it", (int)m->engine);
	kill_engine(m);
}

/* commit_reload - the engine has applied it, and any new engine starts with it */
static void
commit_reload(struct monitor *m)
{
	bool same_watch = has_same_watch(m->inputs.settings, m->reload.inputs.settings);

	warn_restart_needed(m->inputs.settings, m->reload.inputs.settings);
	pending_reload_apply(&m->reload, &m->inputs, &m->listeners);
	m->in_effect = m->reload.number;
	if (!same_watch)
		watch_domains_file(m);
	watch_nameservers(m);
	store_keeper_use(m->store, m->inputs.settings);
	m->due[DEADLINE_STORE] = now_ms();
	if (m->reload.leaving[0] == '\0')
		complete_reload(m);
	else
		remove_old_listeners(m);
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
		if (m->reload.state == RELOAD_SENT && msg->number == m->reload.number)
			commit_reload(m);
		break;
	case LINK_REMOVED:
		if (m->reload.state == RELOAD_REMOVING && msg->number == m->reload.number)
			complete_reload(m);
		break;
	case LINK_UNRELOADED:
		if (m->reload.state != RELOAD_SENT || msg->number != m->reload.number)
			break;
		printable_text(reason, sizeof(reason), msg->text, msg->len);
		log_warnx("reload refused by the engine: %s", reason);
		discard_reload(m);
		break;
	case LINK_ALIVE:
		check_listeners(m);
		break;
	case LINK_REPORTS:
		break;
	}
	if (m->serves) /* until then, the first report is due */
		await_report(m);
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
	    "engine %d: no answer to a reload within %d seconds", (int)m->engine, MONITOR_SILENCE);
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
	watch_nameservers(&m);
	m.store = store_keeper_new(&m.id);
	store_keeper_use(m.store, m.inputs.settings);
	start_engine(&m);
	while (m.status == -1)
		run_monitor_turn(&m);
	store_keeper_free(&m.store);
	pending_reload_end(&m.reload, m.listeners);
	listeners_free(&m.listeners, NULL);
	inputs_free(&m.inputs);
	free_watches(&m);
	close(m.signals);
	return m.status;
}
