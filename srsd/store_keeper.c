/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/attributes.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/pathowner.h"
#include "common/xmalloc.h"
#include "conf/envelope_database.h"
#include "srsd/restart_pause.h"
#include "srsd/store/store_process.h"
#include "srsd/store/store_redis_url.h"
#include "srsd/store/store_resp.h"
#include "srsd/store_keeper.h"

#define END_GRACE_MS 2000      /* for a process that is to end, before it is killed */
#define END_LOOK_MS 100        /* between looks at such a process */
#define STOP_TURN_MS 10        /* the same, when the daemon stops */
#define RESOLVE_AGAIN_MS 30000 /* after a name of a server that had no address */
#define STEADY_MS 600000       /* of the clock, until rows expire by it */

#define PROCESS_NAME "srsd-store" /* for ps(1) and for the kernel's log */

struct store_keeper {
	struct identity id;
	char *path;   /* of the SQLite file; NULL: none */
	bool *opened; /* shared with the process: it has opened the file, or one before has */
	int64_t limit;
	unsigned wait_ms;
	char *url;              /* of the Redis server; NULL: none */
	struct endpoint server; /* its addresses; n 0: none */
	uint64_t resolved;      /* when they were last looked up */
	size_t next_addr;       /* the one to try next */
	const char *problem;    /* the reason for n 0 */

	pid_t pid;   /* of the store process; 0: none */
	bool ended;  /* we have ended it */
	bool killed; /* because it did not end */
	uint64_t ended_at;
	uint64_t started;
	unsigned pause_ms;
};

/* share_opened - a new one for each file, which a process that has the old file cannot change */
static void
share_opened(struct store_keeper *k)
{
	void *page = mmap(
	    NULL, sizeof(*k->opened), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		fatal("memory of the store process");
	if (k->opened != NULL)
		munmap(k->opened, sizeof(*k->opened));
	k->opened = page;
}

struct store_keeper *
store_keeper_new(const struct identity *id)
{
	struct store_keeper *k = xcalloc(1, sizeof(*k));

	k->id = *id;
	return k;
}

void
store_keeper_end(struct store_keeper *k)
{
	if (k->pid == 0 || k->ended)
		return;
	kill(k->pid, SIGTERM);
	k->ended = true;
	k->ended_at = clock_elapsed(&clock_system);
}

unsigned
store_keeper_end_late(struct store_keeper *k)
{
	if (k->pid == 0 || !k->ended)
		return 0;
	if (!k->killed && clock_elapsed(&clock_system) - k->ended_at >= END_GRACE_MS) {
		log_warnx("store process %d: did not end in time, killing it", (int)k->pid);
		kill(k->pid, SIGKILL);
		k->killed = true;
	}
	return END_LOOK_MS;
}

void
store_keeper_free(struct store_keeper **keeper)
{
	const struct timespec turn = { 0, STOP_TURN_MS * 1000000L };
	struct store_keeper *k = *keeper;
	int left = 2 * END_GRACE_MS / STOP_TURN_MS;

	*keeper = NULL;
	if (k == NULL)
		return;
	store_keeper_end(k);
	for (; k->pid != 0 && left > 0; left--) {
		store_keeper_end_late(k);
		if (waitpid(k->pid, NULL, WNOHANG) != 0)
			k->pid = 0;
		else
			nanosleep(&turn, NULL);
	}
	if (k->opened != NULL)
		munmap(k->opened, sizeof(*k->opened));
	free(k->path);
	free(k->url);
	free(k);
}

/*
 * make_directory - for an installation without systemd or package, which create it
 *
 * In the directory of another user, that user could replace it with a link before its owner is
 * changed. There it is made with the rights of that user, and stays theirs.
 */
static void
make_directory(const struct store_keeper *k)
{
	char *copy = xstrdup(k->path), *directory = dirname(copy);
	uid_t actor = pathowner(k->path, k->id.uid);
	bool made = pathowner_act(actor, k->id.gid) && mkdir(directory, 0750) == 0;

	if (!pathowner_act(0, 0))
		fatal("cannot return to the rights of root");
	if (made && actor == 0 && geteuid() == 0 && lchown(directory, k->id.uid, k->id.gid) == -1)
		log_warn("envelope-database: %s", directory);
	free(copy);
}

static void
find_server(struct store_keeper *k)
{
	struct store_redis_url url;

	k->problem = "the server has no address";
	if (!store_redis_url_parse(&url, k->url, &k->problem) ||
	    !store_redis_url_resolve(&url, &k->server, &k->problem)) {
		k->server.n = 0;
		log_warnx("envelope-database %s: %s", k->url, k->problem);
	}
	k->resolved = clock_elapsed(&clock_system);
}

void
store_keeper_use(struct store_keeper *k, const struct settings *settings)
{
	const unsigned wait_ms = 1000 * (unsigned)settings->store_timeout;
	const char *database = settings->envelope_database;
	const char *path = envelope_database_path(database);

	if (k->path != NULL && (path == NULL || strcmp(k->path, path) != 0 ||
				   k->limit != settings->envelope_limit || k->wait_ms != wait_ms))
		store_keeper_end(k);
	if (k->path == NULL || path == NULL || strcmp(k->path, path) != 0)
		share_opened(k);
	free(k->path);
	k->path = path == NULL ? NULL : xstrdup(path);
	k->limit = settings->envelope_limit;
	k->wait_ms = wait_ms;
	free(k->url);
	k->url = envelope_database_server(database) == NULL ? NULL : xstrdup(database);
	k->server.n = 0;
	k->next_addr = 0;
	if (path != NULL)
		make_directory(k);
	else if (k->url != NULL)
		find_server(k);
}

bool
store_keeper_lacks_process(const struct store_keeper *k)
{
	return k->path != NULL && k->pid == 0;
}

NORETURN static void
run_store_process(const struct store_keeper *k, int fd)
{
#ifdef HAVE_SQLITE
	const struct store_process_start start = {
		.fd = fd,
		.path = k->path,
		.limit = k->limit,
		.create = !*k->opened,
		.opened = k->opened,
		.wait_ms = k->wait_ms,
		.steady_ms = STEADY_MS,
		.clock = &clock_system,
		.identity = &k->id,
		.sandbox = true,
	};

	prctl(PR_SET_NAME, PROCESS_NAME);
	exit(store_process_main(&start));
#else
	(void)k;
	(void)fd;
	exit(1); /* the configuration was refused */
#endif
}

int
store_keeper_start(struct store_keeper *k, void (*leave)(void *arg), void *arg)
{
	int end[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) == -1) {
		log_warn("socket pair of the store process");
		return -1;
	}
	log_flush();
	k->pid = fork();
	if (k->pid == 0) {
		close(end[0]);
		leave(arg);
		run_store_process(k, end[1]);
	}
	close(end[1]);
	k->started = clock_elapsed(&clock_system);
	k->ended = k->killed = false;
	if (k->pid != -1)
		return end[0];
	log_warn("store process: fork");
	k->pid = 0;
	close(end[0]);
	return -1;
}

static void
log_process_end(const struct store_keeper *k, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_warnx("store process %d: sandbox violation", (int)k->pid);
	else if (WIFSIGNALED(status))
		log_warnx("store process %d: killed by signal %d (%s)", (int)k->pid,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		log_warnx(
		    "store process %d: ended with status %d", (int)k->pid, WEXITSTATUS(status));
}

bool
store_keeper_reap(struct store_keeper *k, unsigned *pause_ms)
{
	uint64_t lived;
	int status;

	if (k->pid == 0 || waitpid(k->pid, &status, WNOHANG) != k->pid)
		return false;
	lived = clock_elapsed(&clock_system) - k->started;
	if (!k->ended)
		log_process_end(k, status);
	k->pause_ms = k->ended ? 0 : restart_pause_next(k->pause_ms, lived);
	k->pid = 0;
	*pause_ms = k->pause_ms;
	return true;
}

#ifdef HAVE_HIREDIS
/*
 * connect_as_daemon - with the rights of the daemon's user
 *
 * A unix socket shows the server which user has connected. The engine gets the connection, and must
 * not appear there as root, wherever the path leads.
 */
static int
connect_as_daemon(const struct store_keeper *k, const struct endpoint_addr *addr)
{
	const gid_t gid = getegid();
	const bool is_root = geteuid() == 0;
	int fd = -1, saved;

	if (!is_root || (setegid(k->id.gid) == 0 && seteuid(k->id.uid) == 0))
		fd = store_resp_connect(addr);
	saved = errno;
	if (is_root && (seteuid(0) == -1 || setegid(gid) == -1))
		fatal("cannot return to the rights of root");
	errno = saved;
	return fd;
}
#endif

int
store_keeper_connect(struct store_keeper *k, const char **problem)
{
	int fd = -1;

	if (k->server.n == 0 && k->url != NULL &&
	    clock_elapsed(&clock_system) - k->resolved >= RESOLVE_AGAIN_MS)
		find_server(k);
	*problem = k->problem;
	if (k->server.n == 0)
		return -1;
#ifdef HAVE_HIREDIS
	fd = connect_as_daemon(k, &k->server.addr[k->next_addr++ % k->server.n]);
#endif
	if (fd == -1)
		*problem = strerror(errno);
	return fd;
}
