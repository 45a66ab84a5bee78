/* SPDX-License-Identifier: ISC */
/*
 * srsctl store purge - delete the expired rows of the envelope database, or all of them.
 *
 * The daemon itself deletes expired rows, a few at a time. Afterwards it opens its database
 * again, so that it forgets which senders it has stored, and counts the rows.
 *
 * SECURITY: the store process may have written anything to the file. It is opened by a process with
 * the rights of the daemon's user only, in the sandbox of the store process.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "conf/envelope_database.h"
#include "srsd/ctl/confined.h"
#include "srsd/ctl/ctl_store.h"

static void
print_deleted(long long deleted, bool as_json)
{
	json_t *json;

	if (!as_json) {
		printf("%lld row%s deleted\n", deleted, deleted == 1 ? "" : "s");
		return;
	}
	json = json_pack("{s:I}", "deleted", (json_int_t)deleted);
	ctl_print_json(json);
	json_decref(json);
}

#ifdef HAVE_SQLITE

#include "srsd/store/store_sqlite.h"

/* Milliseconds of one process, and its limit in seconds: a large table is counted first. */
#define ROUND_MS 20000
#define ROUND_SECONDS 300

/* Rows of one transaction: the daemon waits for its end. */
#define PURGE_ROWS 512
#define COUNT_ROWS 100000

#define LOCK_RETRY_MS 10
#define LOCK_MS 10000

struct purge_job {
	const char *path;
	int64_t limit;
	time_t before; /* rows that expired before this time are deleted */
};

/* retry_busy - waits a little; false: it is too late */
static bool
retry_busy(uint64_t until)
{
	static const struct timespec pause = { 0, LOCK_RETRY_MS * 1000000L };

	if (clock_elapsed(&clock_system) >= until)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

/* begin_to_write - an empty transaction: after it, rows may be deleted */
static enum store_sqlite_result
begin_to_write(struct store_sqlite *db)
{
	uint64_t until = clock_elapsed(&clock_system) + LOCK_MS;
	enum store_sqlite_result result;

	while ((result = store_sqlite_begin(db)) == STORE_SQLITE_BUSY && retry_busy(until))
		;
	return result == STORE_SQLITE_OK ? store_sqlite_commit(db) : result;
}

static enum store_sqlite_result
count_all_rows(struct store_sqlite *db)
{
	enum store_sqlite_result result = STORE_SQLITE_OK;
	uint64_t until = clock_elapsed(&clock_system) + LOCK_MS;

	while (store_sqlite_rows(db) == STORE_ROWS_UNKNOWN) {
		result = store_sqlite_count(db, COUNT_ROWS);
		if (result != STORE_SQLITE_OK &&
		    (result != STORE_SQLITE_BUSY || !retry_busy(until)))
			return result;
	}
	return STORE_SQLITE_OK;
}

/* delete_rows - *more: the time was too short for all of them */
static enum store_sqlite_result
delete_rows(struct store_sqlite *db, time_t before, long long *deleted, bool *more)
{
	uint64_t until = clock_elapsed(&clock_system) + ROUND_MS;
	enum store_sqlite_result result = STORE_SQLITE_OK;
	unsigned n = PURGE_ROWS;

	while (n == PURGE_ROWS && clock_elapsed(&clock_system) < until) {
		result = store_sqlite_expire(db, before, PURGE_ROWS, &n);
		if (result == STORE_SQLITE_BUSY && retry_busy(until)) {
			n = PURGE_ROWS;
			continue;
		}
		if (result != STORE_SQLITE_OK)
			return result;
		*deleted += n;
	}
	*more = n == PURGE_ROWS;
	return result;
}

static json_t *
purge_database(void *arg)
{
	const struct purge_job *job = arg;
	char problem[STORE_PROBLEM_SIZE];
	enum store_sqlite_result result;
	struct store_sqlite *db;
	long long deleted = 0;
	bool more = false;
	json_t *reply;

	if (access(job->path, F_OK) == -1)
		return confined_failure(strerror(errno));
	db = store_sqlite_open(job->path, job->limit, false, problem);
	if (db == NULL)
		return confined_failure(problem);
	result = begin_to_write(db);
	if (result == STORE_SQLITE_OK)
		result = count_all_rows(db);
	if (result == STORE_SQLITE_OK)
		result = delete_rows(db, job->before, &deleted, &more);
	reply = result == STORE_SQLITE_OK
		    ? json_pack("{s:I, s:b}", "deleted", (json_int_t)deleted, "more", more)
		    : confined_failure(store_sqlite_problem(db));
	store_sqlite_close(&db);
	return reply;
}

/* purge_round - 1: there is more. 0: that was all. -1: an error was printed */
static int
purge_round(const struct purge_job *job, const struct identity *id, long long *deleted)
{
	struct purge_job copy = *job;
	const struct confined_work work = {
		.run = purge_database,
		.arg = &copy,
		.seconds = ROUND_SECONDS,
		.doing = "opens the database",
		.opens_files = true,
	};
	char error[CONFINED_ERROR_SIZE];
	json_t *reply = confined_run(&work, id, error);
	int more;

	if (reply == NULL) {
		fprintf(stderr, "srsctl: %s: %s\n", job->path, error);
		return -1;
	}
	more = json_is_true(json_object_get(reply, "more"));
	*deleted += ctl_number(reply, "deleted");
	json_decref(reply);
	return more;
}

/* purge_file - false: an error was printed */
static bool
purge_file(const struct ctl *ctl, const char *path, bool all, bool as_json)
{
	const struct purge_job job = { path, ctl->settings->envelope_limit,
		all ? (time_t)INT64_MAX : time(NULL) };
	long long deleted = 0;
	struct identity id;
	int more = 1;

	if (!ctl_store_identity(ctl, &id))
		return false;
	while (more == 1)
		more = purge_round(&job, &id, &deleted);
	if (more == 0)
		print_deleted(deleted, as_json);
	return more == 0;
}

#else

static bool
purge_file(const struct ctl *ctl, const char *path, bool all, bool as_json)
{
	(void)ctl;
	(void)path;
	(void)all;
	(void)as_json;
	ctl_print_error("this srsctl was built without SQLite");
	return false;
}

#endif

/* notify_daemon - it may not be running */
static void
notify_daemon(const struct ctl *ctl)
{
	json_t *request = json_pack("{s:s}", "command", "store-forget"), *reply;
	char error[CTL_ERROR_SIZE];

	reply = ctl_ask(ctl, request, CTL_SHOWN, error);
	json_decref(request);
	if (reply == NULL || ctl_print_reply_error(reply))
		fprintf(stderr,
		    "srsctl: %s%sif srsd is running, restart it: it remembers senders that it has "
		    "stored\n",
		    reply == NULL ? error : "", reply == NULL ? "; " : "");
	json_decref(reply);
}

/* purge_server - there is nothing to do, or nothing that srsctl can do */
static int
purge_server(const struct ctl *ctl, bool all, bool as_json)
{
	if (all)
		ctl_print_error("the daemon's Redis user cannot list the keys of the server: "
				"delete the keys PostSRSd/* with redis-cli as an administrator, "
				"and run srsctl store purge");
	else if (as_json)
		print_deleted(0, as_json);
	else
		puts("a Redis server deletes expired rows itself");
	notify_daemon(ctl);
	return all ? CTL_FAILED : CTL_OK;
}

static int
purge_store(const struct ctl *ctl, bool all, bool as_json)
{
	const char *database = ctl->settings->envelope_database;

	if (!envelope_database_is_set(database)) {
		ctl_print_error("no envelope-database is set");
		return CTL_FAILED;
	}
	if (envelope_database_path(database) == NULL)
		return purge_server(ctl, all, as_json);
	if (!purge_file(ctl, envelope_database_path(database), all, as_json))
		return CTL_UNKNOWN;
	notify_daemon(ctl);
	return CTL_OK;
}

int
ctl_store_purge(const struct ctl *ctl, const struct command_line *line)
{
	bool all = command_line_has(line, "all"), yes = command_line_has(line, "yes");

	if (yes && !all)
		return ctl_usage(line, "--yes needs --all, which it confirms");
	if (!all || yes)
		return purge_store(ctl, all, command_line_has(line, "json"));
	ctl_print_error("bounces to an alias whose row is deleted are refused; to delete all rows "
			"anyway, add --yes");
	return CTL_FAILED;
}
