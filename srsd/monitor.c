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
#include "srsd/engine.h"
#include "srsd/link.h"
#include "srsd/monitor.h"

/* Milliseconds. */
#define LIVED_MS 1000      /* who lives longer did not die at once */
#define PAUSE_FIRST_MS 100 /* before the next engine, doubled each time */
#define PAUSE_MOST_MS 5000
#define KILL_AFTER_MS 2000 /* what an engine gets beyond stop-timeout */
#define WANTED_MS 1000     /* between reloads that the engine asks for */
#define NOTIFY_MS 100      /* until the service manager may have room again */
#define SETTLE_MS 300      /* after a change of the domains file: others may follow */
#define NEVER UINT64_MAX

/* A reload that the engine has yet to take. */
struct reload {
	uint32_t number; /* 0: none */
	uint64_t due;    /* when the engine must have answered */
	struct inputs inputs;
	struct listeners *listeners;
};

struct monitor {
	const struct inputs_source *source;
	struct identity id;
	struct inputs inputs; /* in force */
	struct listeners *listeners;
	struct reload reload;
	uint32_t reloads;
	time_t reloaded; /* when the last one was over; 0: never */
	bool reload_refused;
	int signals; /* signalfd */
	sigset_t saved_mask;
	struct filewatch *watch; /* of the domains file, or NULL */
	int link;                /* to the engine, or -1 */
	pid_t engine;            /* or 0 */
	uint64_t started;        /* when it was */
	uint64_t heard;          /* when it last said something */
	uint64_t start_at;       /* when there shall be another */
	uint64_t kill_at;        /* when it has had its time to stop */
	uint64_t reload_at;      /* when the files have settled */
	uint64_t watchdog_ms;    /* how often the service manager wants to hear of us; 0: never */
	uint64_t watchdog_at;
	unsigned pause_ms;
	unsigned restarts;
	bool was_ready; /* some engine was */
	bool stopping;
	int status;
	bool serves;        /* the present engine has said so */
	bool condemned;     /* the present engine was killed for what it did */
	uint64_t wanted_at; /* when it last asked for a reload */
	void (*ready)(void *arg);
	void (*forked)(void *arg);
	void *arg;
};

static uint64_t
now_ms(void)
{
	return clock_elapsed(&clock_system);
}

/* run_engine - in the child: it has no use for what is the monitor's */
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
		.reloaded = m->reloaded,
		.reload_refused = m->reload_refused,
	};

	close(m->signals);
	filewatch_free(&m->watch);
	notify_close();
	m->forked(m->arg);
	signal(SIGHUP, SIG_IGN); /* until the engine looks at it; it is the monitor's */
	sigprocmask(SIG_SETMASK, &m->saved_mask, NULL);
	log_forget();
	log_reopen();
	exit(engine_main(&start));
}

/* put_off_start - what is lacking now may be there soon; at the very start there is nobody to lose
 */
static void
put_off_start(struct monitor *m, const char *what)
{
	if (!m->was_ready)
		fatal("%s", what);
	log_warn("%s", what);
	m->start_at = now_ms() + PAUSE_MOST_MS;
}

static void
start_engine(struct monitor *m)
{
	int end[2];

	m->start_at = NEVER;
	m->serves = false;
	m->condemned = false;
	if (m->restarts > 0)
		listeners_revive(m->listeners, &m->id);
	if (!channel_pair(end)) {
		put_off_start(m, "channel to the engine");
		return;
	}
	log_flush();
	m->engine = fork();
	if (m->engine == -1) {
		m->engine = 0;
		put_off_start(m, "fork");
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
	m->started = m->heard = now_ms();
	m->kill_at = NEVER;
}

/* note_reload - how a reload has ended: the engines that come tell it, too */
static void
note_reload(struct monitor *m, bool refused)
{
	m->reloaded = clock_wall(&clock_system);
	m->reload_refused = refused;
}

static void
forget_reload(struct monitor *m)
{
	if (m->reload.number == 0)
		return;
	listeners_free(&m->reload.listeners, m->listeners);
	inputs_free(&m->reload.inputs);
	m->reload.number = 0;
	notify_send("READY=1");
}

/* say_end - how the engine ended, in the log */
static void
say_end(const struct monitor *m, int status)
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

/* plan_restart - when the next engine starts */
static void
plan_restart(struct monitor *m)
{
	uint64_t now = now_ms();

	m->restarts++;
	m->pause_ms = now - m->started >= LIVED_MS      ? 0
		      : m->pause_ms == 0                ? PAUSE_FIRST_MS
		      : 2 * m->pause_ms < PAUSE_MOST_MS ? 2 * m->pause_ms
							: PAUSE_MOST_MS;
	m->start_at = now + m->pause_ms;
	if (m->pause_ms > 0)
		log_warnx("engine: it died at once; the next one starts in %u ms", m->pause_ms);
}

static void
reap(struct monitor *m)
{
	int status;

	if (m->engine == 0 || waitpid(m->engine, &status, WNOHANG) != m->engine)
		return;
	if (m->was_ready || WIFSIGNALED(status)) /* else it has said itself what was wrong */
		say_end(m, status);
	m->engine = 0;
	close(m->link);
	m->link = -1;
	m->kill_at = NEVER;
	if (m->reload.number != 0) {
		log_warnx("reload: the engine died over it, the old settings stay");
		note_reload(m, true);
	}
	forget_reload(m);
	if (m->stopping)
		m->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	else if (!m->was_ready)
		m->status = 1;
	else
		plan_restart(m);
}

static void
kill_engine(const struct monitor *m)
{
	if (m->engine != 0)
		kill(m->engine, SIGKILL);
}

/* check_listeners - false, and the end of the engine, when it has closed a shared socket */
static bool
check_listeners(struct monitor *m)
{
	if (listeners_are_open(m->listeners))
		return true;
	if (!m->condemned && m->engine != 0)
		log_warnx(
		    "engine %d: it closed a listening socket for the others too, and is ended",
		    (int)m->engine);
	m->condemned = true;
	kill_engine(m);
	return false;
}

static void
begin_stop(struct monitor *m, int number)
{
	if (m->stopping)
		return;
	m->stopping = true;
	log_info("stopping on signal %d", number);
	notify_send("STOPPING=1");
	m->start_at = NEVER;
	m->kill_at = now_ms() + 1000 * (uint64_t)m->inputs.settings->stop_timeout + KILL_AFTER_MS;
	if (m->engine == 0)
		m->status = 0;
	else
		channel_send(m->link, LINK_STOP, 0, NULL, NULL, 0);
}

/* warn_of_fixed - options that only a restart changes */
static void
warn_of_fixed(const struct settings *old, const struct settings *new)
{
	if (strcmp(old->unprivileged_user, new->unprivileged_user) != 0)
		log_warnx("reload: unprivileged-user changes with a restart alone");
	if (strcmp(old->chroot_dir, new->chroot_dir) != 0)
		log_warnx("reload: chroot-dir changes with a restart alone");
	if (strcmp(old->pid_file, new->pid_file) != 0)
		log_warnx("reload: pid-file changes with a restart alone");
	if (old->syslog != new->syslog)
		log_warnx("reload: syslog changes with a restart alone");
}

/* New sockets that one message has room for, beside the box of files. */
#define NEW_LISTENERS (CHANNEL_FDS_MAX - 1)

/* describe_changes - which listeners come, with their descriptors, and go; false: too many */
static bool
describe_changes(const struct monitor *m, char text[CHANNEL_TEXT_MAX], int *fds, size_t *n_fds)
{
	const struct listeners *now = m->listeners, *next = m->reload.listeners;
	struct link_change change;
	const struct listener *l;
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < next->n; i++) {
		l = &next->listener[i];
		if (listeners_hold(now, l->id))
			continue;
		change = (struct link_change){ true, (unsigned)l->service, l->id };
		if (n == NEW_LISTENERS || !link_add_change(text, &change))
			return false;
		fds[n++] = l->fd;
	}
	for (i = 0; i < now->n; i++) {
		change = (struct link_change){ .id = now->listener[i].id };
		if (!listeners_hold(next, change.id) && !link_add_change(text, &change))
			return false;
	}
	*n_fds = n;
	return true;
}

/* hand_over - send the reload that is planned to the engine; false with one line in error */
static bool
hand_over(struct monitor *m, char error[CONFIG_ERROR_SIZE])
{
	int fds[CHANNEL_FDS_MAX];
	char text[CHANNEL_TEXT_MAX];
	size_t n;
	bool ok;

	if (!describe_changes(m, text, fds + 1, &n)) {
		snprintf(error, CONFIG_ERROR_SIZE,
		    "more than %d new listeners, or some hundred that end, take a restart",
		    NEW_LISTENERS);
		return false;
	}
	fds[0] = filebox_store(m->reload.inputs.box);
	filebox_free(&m->reload.inputs.box);
	ok = fds[0] != -1 && channel_send(m->link, LINK_RELOAD, m->reload.number, text, fds, n + 1);
	if (!ok)
		snprintf(
		    error, CONFIG_ERROR_SIZE, "the engine cannot be told: %s", strerror(errno));
	if (fds[0] != -1)
		close(fds[0]);
	return ok;
}

static void
refuse_reload(struct monitor *m, const char *why)
{
	log_warnx("reload refused, the old settings stay: %s", why);
	note_reload(m, true);
	forget_reload(m);
	if (m->engine != 0)
		channel_send(m->link, LINK_REFUSED, 0, why, NULL, 0);
}

/* read_reload - everything anew; false with one line in error */
static bool
read_reload(struct monitor *m, char error[CONFIG_ERROR_SIZE])
{
	struct inputs inputs;

	if (!inputs_read_settings(&inputs, filebox_new(), m->source, error) ||
	    !inputs_read_rest(&inputs, &m->id, error))
		return false;
	m->reload.listeners =
	    listeners_plan(m->listeners, inputs.settings, &m->id, error, CONFIG_ERROR_SIZE);
	if (m->reload.listeners == NULL) {
		inputs_free(&inputs);
		return false;
	}
	m->reload.inputs = inputs;
	m->reload.number = ++m->reloads;
	m->reload.due = now_ms() + 1000 * MONITOR_SILENCE;
	return true;
}

/* begin_reload - one at a time: files that change meanwhile are read once more afterwards */
static void
begin_reload(struct monitor *m)
{
	char error[CONFIG_ERROR_SIZE], text[64];
	bool ok;

	if (m->stopping)
		return;
	if (m->reload.number != 0 || m->engine == 0 || !check_listeners(m)) {
		m->reload_at = now_ms() + SETTLE_MS;
		return;
	}
	m->reload_at = NEVER;
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)now_ms() * 1000);
	notify_send(text);
	ok = read_reload(m, error);
	/* That may have taken its time, names of endpoints ask the DNS: not the engine's silence.
	 */
	m->heard = now_ms();
	if (!ok) {
		refuse_reload(m, error);
		notify_send("READY=1");
	} else if (!hand_over(m, error)) {
		refuse_reload(m, error);
	}
}

static void
watch_domains(struct monitor *m)
{
	const struct settings *s = m->inputs.settings;

	filewatch_free(&m->watch);
	if (!s->domains_file_watch || s->domains_file[0] == '\0')
		return;
	m->watch = filewatch_new(s->domains_file);
	if (m->watch == NULL)
		log_warn("domains-file-watch: %s", s->domains_file);
}

/* same_watch - a watch that stays has not forgotten what changed while we were reading */
static bool
same_watch(const struct settings *a, const struct settings *b)
{
	return a->domains_file_watch == b->domains_file_watch &&
	       strcmp(a->domains_file, b->domains_file) == 0;
}

/* finish_reload - the engine has taken it: from now on a new engine gets this */
static void
finish_reload(struct monitor *m)
{
	struct inputs old = m->inputs;
	struct listeners *old_listeners = m->listeners;

	warn_of_fixed(old.settings, m->reload.inputs.settings);
	m->inputs = m->reload.inputs;
	m->listeners = m->reload.listeners;
	m->reload.number = 0;
	listeners_free(&old_listeners, m->listeners);
	if (!same_watch(old.settings, m->inputs.settings))
		watch_domains(m);
	inputs_free(&old);
	note_reload(m, false);
	log_info("reloaded srs-domain=%s domains=%zu secrets=%zu listeners=%zu",
	    m->inputs.settings->srs_domain, domainset_size(m->inputs.settings->own_domains),
	    srs_keys_count(m->inputs.keys), m->listeners->n);
	notify_send("READY=1");
}

static void
on_ready(struct monitor *m)
{
	if (m->was_ready) {
		log_info("engine %d serves, %llu ms after its start", (int)m->engine,
		    (unsigned long long)(now_ms() - m->started));
		return;
	}
	m->was_ready = true;
	m->ready(m->arg);
	notify_send("READY=1");
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* on_wanted - not more often than once in a second, whatever the engine says */
static void
on_wanted(struct monitor *m)
{
	uint64_t now = now_ms();

	if (m->wanted_at != 0 && now - m->wanted_at < WANTED_MS) {
		m->reload_at = earlier(m->reload_at, m->wanted_at + WANTED_MS);
		return;
	}
	m->wanted_at = now;
	begin_reload(m);
}

static void
on_report(struct monitor *m, const struct channel_message *msg)
{
	char why[PRINTABLE_SIZE];

	m->heard = now_ms();
	switch ((enum link_report)msg->type) {
	case LINK_READY:
		if (!m->serves)
			on_ready(m);
		m->serves = true;
		break;
	case LINK_WANTED:
		on_wanted(m);
		break;
	case LINK_RELOADED:
		if (m->reload.number != 0 && msg->number == m->reload.number)
			finish_reload(m);
		break;
	case LINK_UNRELOADED:
		if (m->reload.number == 0 || msg->number != m->reload.number)
			break;
		printable_text(why, sizeof(why), msg->text, msg->len);
		log_warnx("reload refused by the engine: %s", why);
		note_reload(m, true);
		forget_reload(m);
		break;
	case LINK_ALIVE:
		check_listeners(m);
		break;
	case LINK_REPORTS:
		break;
	}
}

/* Messages that are read before anything else gets its turn. */
#define MESSAGES_A_TURN 64

/* hear - what the engine says; nonsense ends it */
static void
hear(struct monitor *m)
{
	struct channel_message msg;
	const char *error;
	int i;

	for (i = 0; i < MESSAGES_A_TURN; i++) {
		switch (channel_receive(m->link, &msg, LINK_REPORTS - 1, 0, &error)) {
		case 1:
			on_report(m, &msg);
			break;
		case 0:
			return;
		default:
			/* Of an end the log tells when the process is reaped. */
			if (error != NULL)
				log_warnx("engine %d: it sends the monitor %s, and is ended",
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
			break; /* reaped in each turn */
		default:
			begin_stop(m, (int)info.ssi_signo);
			break;
		}
	}
}

/* silent_at - when an engine that says nothing is taken for dead */
static uint64_t
silent_at(const struct monitor *m)
{
	return m->engine == 0 ? NEVER : m->heard + 1000 * MONITOR_SILENCE;
}

/* overdue_at - when an engine that does not answer a reload has had its time */
static uint64_t
overdue_at(const struct monitor *m)
{
	return m->engine == 0 || m->reload.number == 0 ? NEVER : m->reload.due;
}

static int
timeout(const struct monitor *m)
{
	uint64_t now = now_ms(), at = earlier(m->start_at, m->kill_at);

	at = earlier(at, earlier(m->reload_at, silent_at(m)));
	at = earlier(at, overdue_at(m));
	at = earlier(at, m->watchdog_at);
	if (log_pending())
		at = earlier(at, now + 20);
	if (notify_pending())
		at = earlier(at, now + NOTIFY_MS);
	if (at == NEVER)
		return -1;
	return at <= now ? 0 : at - now > 60000 ? 60000 : (int)(at - now);
}

/* on_time - whatever is due */
static void
on_time(struct monitor *m)
{
	uint64_t now = now_ms();

	if (now >= m->start_at)
		start_engine(m);
	if (now >= m->reload_at)
		begin_reload(m);
	if (now >= m->kill_at) {
		log_warnx("engine %d: did not stop in time", (int)m->engine);
		kill_engine(m);
		m->kill_at = NEVER;
	} else if (now >= silent_at(m)) {
		log_warnx("engine %d: silent for %d seconds", (int)m->engine, MONITOR_SILENCE);
		kill_engine(m);
		m->heard = now;
	} else if (now >= overdue_at(m)) {
		log_warnx("engine %d: no answer to a reload in %d seconds", (int)m->engine,
		    MONITOR_SILENCE);
		kill_engine(m);
		m->reload.due = NEVER;
	}
	if (now >= m->watchdog_at) {
		if (m->engine != 0 && now < silent_at(m))
			notify_send("WATCHDOG=1");
		m->watchdog_at = now + m->watchdog_ms;
	}
}

static void
turn(struct monitor *m)
{
	struct pollfd pfd[] = {
		{ .fd = m->signals, .events = POLLIN },
		{ .fd = m->link, .events = POLLIN },
		{ .fd = filewatch_fd(m->watch), .events = POLLIN },
	};

	if (poll(pfd, sizeof(pfd) / sizeof(pfd[0]), timeout(m)) == -1 && errno != EINTR)
		fatal("poll");
	if (pfd[0].revents != 0)
		on_signals(m);
	if (pfd[1].revents != 0 && m->link != -1)
		hear(m);
	if (pfd[2].revents != 0 && m->watch != NULL && filewatch_changed(m->watch))
		m->reload_at = now_ms() + SETTLE_MS;
	reap(m);
	on_time(m);
	if (notify_pending())
		notify_retry();
	log_flush();
}

static void
catch_signals(struct monitor *m)
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

/* read_watchdog - how often the service manager wants to hear of us (sd_watchdog_enabled(3)) */
static void
read_watchdog(struct monitor *m)
{
	const char *text = getenv("WATCHDOG_USEC"), *error;
	long long usec = text == NULL ? 0 : strtonum(text, 1, INT64_MAX, &error);

	m->watchdog_ms = (uint64_t)usec / 2000;
	m->watchdog_at = m->watchdog_ms == 0 ? NEVER : now_ms() + m->watchdog_ms;
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
		.kill_at = NEVER,
		.reload_at = NEVER,
		.status = -1,
		.ready = start->ready,
		.forked = start->forked,
		.arg = start->arg,
	};

#ifndef SRSD_TRACEABLE
	prctl(PR_SET_DUMPABLE, 0); /* the secrets are here too */
#endif
	if (!privdrop_limit())
		fatal("capabilities cannot be dropped");
	catch_signals(&m);
	read_watchdog(&m);
	watch_domains(&m);
	start_engine(&m);
	while (m.status == -1)
		turn(&m);
	forget_reload(&m);
	listeners_free(&m.listeners, NULL);
	inputs_free(&m.inputs);
	filewatch_free(&m.watch);
	close(m.signals);
	return m.status;
}
