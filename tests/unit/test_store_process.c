/* SPDX-License-Identifier: ISC */
/* The process with the database, asked through the front and the link as the engine asks it. */
#include "tests/unit/store_case.h"
#include "tests/unit/log_capture.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include <sqlite3.h>

#include "srsd/store/store_link.h"
#include "srsd/store/store_process.h"
#include "srsd/store/store_sqlite.h"
#include "srsd/store/store_wire.h"
#include "tests/unit/disk_case.h"

#define TIMEOUT_MS 60000 /* for machines with much else to do */
#define LIMIT 10000000
#define DATABASE "envelopes.sqlite"

/* Far in the future, and long ago. */
#define LATER 4000000000
#define EARLIER 1000

static struct event_base *base;
static struct store *store;
static struct store_link *store_end;
static pid_t process;
static const char *directory; /* of the database, or NULL: unit_dir */
static unsigned answers;      /* of all questions */

struct process_options {
	rlim_t file_size; /* 0: no limit */
	int64_t limit;
	unsigned wait_ms;
	unsigned steady_ms;
};

static const struct process_options usual = { 0, LIMIT, 200, 0 };

/* Seconds by which the wall clock of the process is wrong; shared with it. */
static volatile time_t *wrong_by;

static time_t
read_wrong_clock(void *arg)
{
	return clock_wall(&clock_system) + *(const volatile time_t *)arg;
}

static uint64_t
read_elapsed(void *arg)
{
	(void)arg;
	return clock_elapsed(&clock_system);
}

static struct clock test_clock = { read_wrong_clock, read_elapsed, NULL };

static const char *
database_path(void)
{
	static char path[UNIT_DIR_SIZE + 40];

	snprintf(path, sizeof(path), "%s/%s", directory == NULL ? unit_dir : directory, DATABASE);
	return path;
}

/* run_process - the child's part */
static void
run_process(int fd, const struct process_options *options)
{
	struct store_process_start start = {
		.fd = fd,
		.path = database_path(),
		.create = true,
		.limit = options->limit,
		.wait_ms = options->wait_ms,
		.steady_ms = options->steady_ms,
		.clock = &test_clock,
		.sandbox = true,
	};
	struct rlimit limit = { options->file_size, options->file_size };
	int null = open(unit_path("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (options->file_size > 0)
		setrlimit(RLIMIT_FSIZE, &limit);
	dup2(null, STDERR_FILENO);
	log_open(LOG_SINK_STDERR, "store");
	_exit(store_process_main(&start));
}

/* fork_process - returns the engine's end of its socket */
static int
fork_process(const struct process_options *options)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	process = fork();
	assert_int_not_equal(process, -1);
	if (process == 0) {
		close(fd[0]);
		run_process(fd[1], options);
	}
	close(fd[1]);
	return fd[0];
}

static void
start_process(const struct process_options *options)
{
	store_link_attach(store_end, fork_process(options));
}

/* end_process - returns how it ended */
static int
end_process(void)
{
	int status = -1;

	if (process != 0)
		assert_int_equal(waitpid(process, &status, 0), process);
	process = 0;
	return status;
}

static int
make_engine(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	base = event_base_new();
	store = store_new(base, &clock_system, TIMEOUT_MS);
	store_end = store_link_new(store, base);
	answers = 0;
	directory = NULL;
	return 0;
}

static int
free_engine(void **state)
{
	store_free(&store);
	event_base_free(base);
	if (process != 0)
		end_process();
	return unit_dir_remove(state);
}

static void
count_answer(void *arg, const struct store_reply *reply)
{
	store_case_done(arg, reply);
	answers++;
}

static void
put_number(uint64_t number, time_t expires, struct store_case_answer *answer)
{
	store_put(store, store_case_alias(number), store_case_address(number), expires,
	    count_answer, answer);
}

/* ask_put, ask_get - one question, and the wait for its answer */
static struct store_case_answer
ask_put(uint64_t number, time_t expires)
{
	struct store_case_answer answer = { 0 };

	put_number(number, expires, &answer);
	store_case_wait(base, &answer.calls, 1);
	return answer;
}

static struct store_case_answer
ask_get(uint64_t number)
{
	struct store_case_answer answer = { 0 };

	store_get(store, store_case_alias(number), count_answer, &answer);
	store_case_wait(base, &answer.calls, 1);
	return answer;
}

static void
check_put(const char *row, uint64_t number, enum store_outcome want, const char *problem)
{
	struct store_case_answer answer = ask_put(number, LATER);

	store_case_check(row, &answer, want, "", problem);
}

static void
check_get(const char *row, uint64_t number, enum store_outcome want, const char *problem)
{
	struct store_case_answer answer = ask_get(number);
	char address[STORE_ADDRESS_MAX + 1] = "";

	if (want == STORE_DONE)
		strlcpy(address, store_case_address(number).s, sizeof(address));
	store_case_check(row, &answer, want, address, problem);
}

static void
test_put_and_get(void **state)
{
	(void)state;
	start_process(&usual);
	check_get("empty", 1, STORE_MISSING, "");
	check_put("put", 1, STORE_DONE, "");
	check_get("get", 1, STORE_DONE, "");
	check_get("other", 2, STORE_MISSING, "");
	/* It ends when the engine closes its end. */
	store_link_detach(store_end, "stopped");
	unit_int("closed", "status", end_process(), 0);
	start_process(&usual);
	check_get("again", 1, STORE_DONE, "");
	unit_end();
}

/* All that is put in one turn is committed together. */
static void
test_group_commit(void **state)
{
	static struct store_case_answer answer[1000];
	unsigned before, i;

	(void)state;
	memset(answer, 0, sizeof(answer));
	start_process(&usual);
	check_put("first", 5000, STORE_DONE, "");
	before = disk_case->syncs;
	answers = 0;
	kill(process, SIGSTOP); /* until all are in its socket */
	for (i = 0; i < COUNT(answer); i++)
		put_number(i, LATER, &answer[i]);
	store_case_turn(base);
	kill(process, SIGCONT);
	store_case_wait(base, &answers, COUNT(answer));
	for (i = 0; i < COUNT(answer); i++)
		unit_int(unit_row("%u", i), "outcome", answer[i].outcome, STORE_DONE);
	/* A socket has room for part of them. */
	unit_true("group", "few syncs", disk_case->syncs - before <= 5);
	unit_end();
}

/* A put is not acknowledged when the sync of its commit fails. */
static void
test_sync_fails(void **state)
{
	(void)state;
	start_process(&usual);
	check_put("before", 1, STORE_DONE, "");
	disk_case->fails = true;
	check_put("failing", 2, STORE_FAILED, "disk I/O error");
	check_put("failing", 3, STORE_FAILED, "");
	disk_case->fails = false;
	while (ask_put(4, LATER).outcome != STORE_DONE)
		;
	check_get("before", 1, STORE_DONE, "");
	check_get("after", 4, STORE_DONE, "");
	unit_end();
}

/* How many puts are open at once while the process is killed. */
#define KILL_PUTS 4000
#define KILL_OPEN 250
#define KILL_ROUNDS 40

static struct store_case_answer killed[KILL_PUTS];
static unsigned killed_next;

static void
put_next(void *arg, const struct store_reply *reply)
{
	unsigned i;

	if (arg != NULL)
		count_answer(arg, reply);
	if (killed_next >= KILL_PUTS)
		return;
	i = killed_next++;
	store_put(store, store_case_alias(i), store_case_address(i), LATER, put_next, &killed[i]);
}

/* check_database - every put that was acknowledged is in the file, as another program reads it */
static unsigned
check_database(unsigned n)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	unsigned i, lost = 0;

	assert_int_equal(sqlite3_open(database_path(), &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, "SELECT v FROM kv WHERE k = ?", -1, &statement, NULL),
	    SQLITE_OK);
	for (i = 0; i < n; i++) {
		if (killed[i].outcome != STORE_DONE || killed[i].calls != 1)
			continue;
		sqlite3_bind_text(statement, 1, store_case_alias(i), -1, SQLITE_TRANSIENT);
		if (sqlite3_step(statement) != SQLITE_ROW ||
		    strcmp((const char *)sqlite3_column_text(statement, 0),
			store_case_address(i).s) != 0)
			lost++;
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return lost;
}

static void
test_killed(void **state)
{
	uint64_t seed = 7;
	unsigned round, i, done = 0;

	(void)state;
	memset(killed, 0, sizeof(killed));
	killed_next = 0;
	start_process(&usual);
	for (i = 0; i < KILL_OPEN; i++)
		put_next(NULL, NULL);
	for (round = 0; round < KILL_ROUNDS; round++) {
		store_case_wait(base, &answers,
		    round * (KILL_PUTS / KILL_ROUNDS) +
			unit_random(&seed, KILL_PUTS / KILL_ROUNDS));
		kill(process, SIGKILL);
		unit_true("killed", "by SIGKILL", WIFSIGNALED(end_process()));
		store_case_turn(base);
		unit_int("lost", "rows", check_database(killed_next), 0);
		start_process(&usual);
	}
	store_case_wait(base, &answers, KILL_PUTS);
	for (i = 0; i < KILL_PUTS; i++)
		done += killed[i].calls == 1 && killed[i].outcome == STORE_DONE;
	/* What was open was asked again. */
	unit_int("all rounds", "acknowledged", done, KILL_PUTS);
	unit_int("all rounds", "lost", check_database(KILL_PUTS), 0);
	unit_end();
}

/* SIGTERM ends it between two commits, with all that was read acknowledged. */
static void
test_terminated(void **state)
{
	unsigned i;

	(void)state;
	memset(killed, 0, sizeof(killed));
	killed_next = 0;
	start_process(&usual);
	for (i = 0; i < KILL_OPEN; i++)
		put_next(NULL, NULL);
	store_case_wait(base, &answers, 100);
	kill(process, SIGINT);
	kill(process, SIGHUP);
	store_case_wait(base, &answers, 500);
	kill(process, SIGTERM);
	unit_int("terminated", "status", end_process(), 0);
	store_case_turn(base);
	unit_int("terminated", "lost", check_database(killed_next), 0);
	unit_end();
}

static sqlite3 *
lock_database(void)
{
	sqlite3 *other;

	assert_int_equal(sqlite3_open(database_path(), &other), SQLITE_OK);
	sqlite3_busy_timeout(other, TIMEOUT_MS);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return other;
}

/* Another program has the lock: puts fail in time, lookups are answered meanwhile. */
static void
test_locked(void **state)
{
	struct store_case_answer put = { 0 }, late = { 0 };
	sqlite3 *other;

	(void)state;
	start_process(&usual);
	check_put("before", 1, STORE_DONE, "");
	other = lock_database();
	put_number(2, LATER, &put);
	check_get("locked", 1, STORE_DONE, "");
	check_get("locked", 2, STORE_MISSING, "");
	unit_int("locked", "calls", put.calls, 0);
	store_case_wait(base, &put.calls, 1);
	store_case_check("locked", &put, STORE_FAILED, "", "database is locked");
	unit_text("locked", "problem", store_counts(store)->problem, "database is locked");
	/* Released in time. */
	put_number(3, LATER, &late);
	check_get("locked", 1, STORE_DONE, "");
	sqlite3_close(other);
	store_case_wait(base, &late.calls, 1);
	store_case_check("released", &late, STORE_DONE, "", "");
	check_get("locked", 2, STORE_MISSING, "");
	unit_text("released", "problem", store_counts(store)->problem, "");
	unit_end();
}

/* The deadline of the front comes first. */
static void
test_locked_for_long(void **state)
{
	struct process_options patient = { 0, LIMIT, 60000, 0 };
	struct store_case_answer put;
	sqlite3 *other;

	(void)state;
	start_process(&patient);
	check_put("before", 1, STORE_DONE, "");
	other = lock_database();
	store_set_timeout(store, 100);
	put = ask_put(2, LATER);
	store_case_check("locked", &put, STORE_FAILED, "", "no answer in time");
	unit_int("locked", "known", store_knows(store, store_case_alias(2), LATER), false);
	sqlite3_close(other);
	unit_end();
}

/* A limit of the file size has the effect of a disk that fills up, with another error. */
static void
test_file_size(void **state)
{
	struct process_options small = { 256 * 1024, LIMIT, 200, 0 };
	unsigned i, done = 0;

	(void)state;
	memset(killed, 0, sizeof(killed));
	start_process(&small);
	for (i = 0; i < 1000; i++) {
		killed[i] = ask_put(i, LATER);
		done += killed[i].outcome == STORE_DONE;
		if (killed[i].outcome == STORE_FAILED)
			break;
		unit_int(unit_row("%u", i), "outcome", killed[i].outcome, STORE_DONE);
	}
	unit_true("small", "some are stored", done > 10);
	unit_int("full", "outcome", killed[i].outcome, STORE_FAILED);
	unit_int("full", "lost", check_database(i), 0);
	kill(process, SIGKILL);
	end_process();
	start_process(&usual);
	check_get("again", 0, STORE_DONE, "");
	check_get("again", done - 1, STORE_DONE, "");
	check_put("again", i, STORE_DONE, "");
	unit_end();
}

/* fill_disk - all that is free but so many bytes; returns the file */
static const char *
fill_disk(const char *top, long spare)
{
	static char path[UNIT_DIR_SIZE + 40];
	static char zeros[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/filler", top);
	file = fopen(path, "we");
	assert_non_null(file);
	setvbuf(file, NULL, _IONBF, 0);
	while (fwrite(zeros, 1, sizeof(zeros), file) == sizeof(zeros))
		;
	fclose(file);
	assert_int_equal(truncate(path, 2 * 1024 * 1024 - spare), 0);
	return path;
}

/* A disk that is full: puts fail, lookups work, and all is well when there is room again. */
static void
test_full_disk(void **state)
{
	static char top[UNIT_DIR_SIZE + 10];
	const char *filler;
	unsigned i;

	(void)state;
	snprintf(top, sizeof(top), "%s/disk", unit_dir);
	assert_int_equal(mkdir(top, 0700), 0);
	if (mount("tmpfs", top, "tmpfs", 0, "size=2m") != 0) {
		print_message("# no right to mount a file system\n");
		return; /* cmocka reports skip() as a failure */
	}
	directory = top;
	start_process(&usual);
	check_put("room", 0, STORE_DONE, "");
	filler = fill_disk(top, 300 * 1024);
	memset(killed, 0, sizeof(killed));
	for (i = 1; i < 1000; i++) {
		killed[i] = ask_put(i, LATER);
		if (killed[i].outcome != STORE_DONE)
			break;
	}
	store_case_check("full", &killed[i], STORE_FAILED, "", "full");
	check_get("full", 0, STORE_DONE, "");
	check_get("full", i, STORE_MISSING, "");
	check_put("full", i, STORE_FAILED, "full");
	unit_int("full", "lost", check_database(i), 0);
	unlink(filler);
	check_put("room again", i, STORE_DONE, "");
	check_get("room again", 0, STORE_DONE, "");
	unit_int("room again", "lost", check_database(i), 0);
	store_link_detach(store_end, "stopped");
	end_process();
	assert_int_equal(umount(top), 0);
	unit_end();
}

static void
test_expires(void **state)
{
	static struct store_case_answer answer[1200];
	unsigned i;

	(void)state;
	memset(answer, 0, sizeof(answer));
	start_process(&usual);
	check_put("later", 9000, STORE_DONE, "");
	answers = 0;
	for (i = 0; i < COUNT(answer); i++)
		put_number(i, EARLIER, &answer[i]);
	store_case_wait(base, &answers, COUNT(answer));
	/* In portions, the next of which follows at once. */
	while (ask_get(0).outcome == STORE_DONE || ask_get(COUNT(answer) - 1).outcome == STORE_DONE)
		;
	check_get("later", 9000, STORE_DONE, "");
	while (store_counts(store)->rows != 1)
		event_base_loop(base, EVLOOP_ONCE);
	unit_end();
}

static void
test_limit(void **state)
{
	struct process_options few = { 0, 3, 200, 0 };

	(void)state;
	start_process(&few);
	check_put("1", 1, STORE_DONE, "");
	check_put("2", 2, STORE_DONE, "");
	check_put("3", 3, STORE_DONE, "");
	check_put("4", 4, STORE_FULL, "");
	check_put("2 again", 2, STORE_DONE, "");
	check_get("4", 4, STORE_MISSING, "");
	unit_end();
}

/* A database that cannot be opened at the start, until it can. */
static void
test_opened_late(void **state)
{
	static char top[UNIT_DIR_SIZE + 10];

	(void)state;
	snprintf(top, sizeof(top), "%s/late", unit_dir);
	directory = top;
	start_process(&usual);
	check_get("missing", 1, STORE_FAILED, "No such file or directory");
	check_put("missing", 1, STORE_FAILED, "No such file or directory");
	unit_holds("missing", "problem", store_counts(store)->problem, "No such file");
	assert_int_equal(mkdir(top, 0700), 0);
	while (ask_put(1, LATER).outcome != STORE_DONE)
		;
	check_get("made", 1, STORE_DONE, "");
	unit_text("made", "problem", store_counts(store)->problem, "");
	store_link_detach(store_end, "stopped");
	end_process();
	unlink(database_path());
	unit_holds("log", "opened", log_capture_read(), "working again");
	unit_end();
}

/* wait_problem - until the process reports one by itself */
static void
wait_problem(const char *part)
{
	struct timeval tick = { 0, 10000 };
	uint64_t end = clock_elapsed(&clock_system) + TIMEOUT_MS;

	while (strstr(store_counts(store)->problem, part) == NULL &&
	       clock_elapsed(&clock_system) < end) {
		event_base_loopexit(base, &tick);
		event_base_loop(base, EVLOOP_ONCE);
	}
	unit_holds("problem", part, store_counts(store)->problem, part);
}

/* cut_file - of the database, with a suffix */
static void
cut_file(const char *suffix)
{
	assert_int_equal(truncate(unit_row("%s%s", database_path(), suffix), 0), 0);
}

/* put_until_done - a database that was just opened is opened again after a pause */
static void
put_until_done(uint64_t number)
{
	while (ask_put(number, LATER).outcome != STORE_DONE)
		;
}

/*
 * The file is deleted: nothing is remembered, even if there is no put that would notice, and a row
 * that was there is not "no such alias". It is found again when the file is put back.
 */
static void
test_moved(void **state)
{
	(void)state;
	start_process(&usual);
	check_put("before", 1, STORE_DONE, "");
	unit_int("before", "known", store_knows(store, store_case_alias(1), LATER), true);
	assert_int_equal(rename(database_path(), unit_path("elsewhere")), 0);
	wait_problem("unable to open database file");
	unit_int("moved", "known", store_knows(store, store_case_alias(1), LATER), false);
	check_get("moved", 1, STORE_FAILED, "unable to open");
	check_put("moved", 2, STORE_FAILED, "unable to open");
	unit_int("new file", "exists", access(database_path(), F_OK), -1);
	assert_int_equal(rename(unit_path("elsewhere"), database_path()), 0);
	put_until_done(3);
	check_get("back", 1, STORE_DONE, "");
	unit_end();
}

/* Another file is in its place: it gets no pages of the old WAL, and the puts that come. */
static void
test_replaced(void **state)
{
	sqlite3 *other;

	(void)state;
	assert_int_equal(sqlite3_open(unit_path("backup"), &other), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(other,
		"CREATE TABLE kv (k TEXT UNIQUE ON CONFLICT REPLACE, v TEXT, lt INTEGER)", NULL,
		NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(other);
	start_process(&usual);
	check_put("before", 1, STORE_DONE, "");
	assert_int_equal(rename(unit_path("backup"), database_path()), 0);
	put_until_done(2);
	check_get("replaced", 1, STORE_MISSING, "");
	check_get("replaced", 2, STORE_DONE, "");
	unit_end();
}

/* What was acknowledged is durable although the WAL has no name: it is moved to the file. */
static void
test_wal_deleted(void **state)
{
	(void)state;
	start_process(&usual);
	check_put("before", 1, STORE_DONE, "");
	assert_int_equal(unlink(unit_row("%s-wal", database_path())), 0);
	put_until_done(2);
	kill(process, SIGKILL);
	end_process();
	start_process(&usual);
	check_get("again", 1, STORE_DONE, "");
	check_get("again", 2, STORE_DONE, "");
	unit_end();
}

/* A WAL that is cut has lost rows; no more are lost, and none become pages of zeros. */
static void
test_wal_cut(void **state)
{
	(void)state;
	start_process(&usual);
	check_put("before", 1, STORE_DONE, "");
	cut_file("-wal");
	put_until_done(2);
	unit_int("cut", "known", store_knows(store, store_case_alias(1), LATER), false);
	kill(process, SIGKILL);
	end_process();
	start_process(&usual);
	check_get("again", 2, STORE_DONE, "");
	unit_end();
}

/* A database that is cut has no table, so that no alias is unknown. */
static void
test_cut(void **state)
{
	(void)state;
	start_process(&usual);
	check_put("before", 1, STORE_DONE, "");
	store_link_detach(store_end, "stopped");
	end_process(); /* all is in the file, and the WAL is gone */
	start_process(&usual);
	check_put("before", 2, STORE_DONE, "");
	cut_file("");
	cut_file("-wal");
	wait_problem("no such table");
	check_get("cut", 1, STORE_FAILED, "no such table");
	unit_end();
}

/* The clock is wrong for a while: rows that are valid do not expire. */
static void
test_clock_steps(void **state)
{
	const struct process_options steady = { 0, LIMIT, 200, 1500 };
	const struct timeval more_than_a_turn = { 1, 200000 };
	const time_t day = 86400, now = clock_wall(&clock_system);

	(void)state;
	start_process(&steady);
	unit_int("tomorrow", "outcome", ask_put(1, now + day).outcome, STORE_DONE);
	unit_int("expired", "outcome", ask_put(2, EARLIER).outcome, STORE_DONE);
	while (ask_get(2).outcome == STORE_DONE)
		;
	check_get("before the step", 1, STORE_DONE, "");
	*wrong_by = 100 * day;
	event_base_loopexit(base, &more_than_a_turn);
	event_base_dispatch(base);
	check_get("after the step", 1, STORE_DONE, "");
	*wrong_by = 0;
	unit_end();
}

/* A row or a database that cannot be read is never "no such alias". */
static void
test_unreadable(void **state)
{
	static char zeros[4096 * 40];
	char sql[300];
	sqlite3 *other;
	FILE *file;

	(void)state;
	snprintf(sql, sizeof(sql),
	    "CREATE TABLE kv (k TEXT UNIQUE ON CONFLICT REPLACE, v TEXT, lt INTEGER);"
	    "INSERT INTO kv VALUES ('%s', NULL, 4000000000)",
	    store_case_alias(1));
	assert_int_equal(sqlite3_open(database_path(), &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	start_process(&usual);
	check_get("no address", 1, STORE_FAILED, "no valid address");
	check_get("other", 2, STORE_MISSING, "");
	check_put("replaced", 1, STORE_DONE, "");
	check_get("replaced", 1, STORE_DONE, "");
	store_link_detach(store_end, "stopped");
	end_process();

	file = fopen(database_path(), "r+e");
	assert_non_null(file);
	fseek(file, 4096, SEEK_SET);
	fwrite(zeros, 1, sizeof(zeros), file);
	fclose(file);
	start_process(&usual);
	check_get("corrupt", 1, STORE_FAILED, "malformed");
	check_get("corrupt", 2, STORE_FAILED, "malformed");
	check_put("corrupt", 2, STORE_FAILED, "malformed");
	unit_end();
}

/* An engine that sends something else ends the process. */
static void
test_hostile_engine(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
	} rows[] = {
		{ "text", BYTES("GET / HTTP/1.0\r\n\r\n") },
		{ "zeros", BYTES("\0\0\0\0\0\0\0\0") },
		{ "report", BYTES("\0\0\0\11\3\0\0\0\0\0\0\0\1") },
	};
	size_t i;
	int fd[2];

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
		process = fork();
		if (process == 0) {
			close(fd[0]);
			run_process(fd[1], &usual);
		}
		close(fd[1]);
		assert_int_equal(send(fd[0], rows[i].bytes, rows[i].len, 0), (ssize_t)rows[i].len);
		unit_int(rows[i].name, "status", end_process(), 1 << 8);
		close(fd[0]);
	}
	unit_holds("log", "text", log_capture_read(), "protocol violation by the engine");
	unit_end();
}

/* write_questions - a put of the number and a get of it; returns their length */
static size_t
write_questions(char *bytes, uint64_t number)
{
	struct store_request request = { .number = 1, .operation = STORE_PUT, .expires = LATER };
	size_t len;

	request.alias = store_case_alias(number);
	request.address = store_case_address(number);
	len = store_wire_write_question(bytes, &request);
	request.number = 2;
	request.operation = STORE_GET;
	return len + store_wire_write_question(bytes + len, &request);
}

/* cut_engine - a process whose engine ends after so many bytes of its questions */
static void
cut_engine(const char *bytes, size_t len)
{
	int fd = fork_process(&usual);

	assert_int_equal(send(fd, bytes, len, 0), (ssize_t)len);
	close(fd);
	unit_int(unit_row("cut after %zu bytes", len), "status", end_process(), 0);
}

/*
 * The engine dies after each byte that it sends. The process ends by itself, and the row of a put
 * is there whole or not at all: not before the put has arrived.
 */
static void
test_engine_cut(void **state)
{
	char bytes[2 * STORE_WIRE_MAX];
	size_t put = 0, len = 1, cut;

	(void)state;
	for (cut = 0; cut < len; cut++) {
		len = write_questions(bytes, cut);
		cut_engine(bytes, cut);
		if (put == 0)
			put = 4 + (unsigned char)bytes[3];
	}
	start_process(&usual);
	for (cut = 0; cut < len; cut++) {
		struct store_case_answer answer = ask_get(cut);
		const char *row = unit_row("cut after %zu bytes", cut);

		if (answer.outcome == STORE_DONE)
			unit_bytes(row, "address", answer.address, strlen(answer.address),
			    store_case_address(cut).s, store_case_address(cut).len);
		else
			unit_int(row, "outcome", answer.outcome, STORE_MISSING);
		if (cut < put)
			unit_int(row, "is there", answer.outcome == STORE_DONE, false);
	}
	print_message("# %zu positions\n", len);
	unit_end();
}

#define PROCESS_TEST(test) cmocka_unit_test_setup_teardown(test, make_engine, free_engine)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROCESS_TEST(test_put_and_get),
		PROCESS_TEST(test_group_commit),
		PROCESS_TEST(test_sync_fails),
		PROCESS_TEST(test_killed),
		PROCESS_TEST(test_terminated),
		PROCESS_TEST(test_locked),
		PROCESS_TEST(test_locked_for_long),
		PROCESS_TEST(test_file_size),
		PROCESS_TEST(test_full_disk),
		PROCESS_TEST(test_expires),
		PROCESS_TEST(test_limit),
		PROCESS_TEST(test_opened_late),
		PROCESS_TEST(test_moved),
		PROCESS_TEST(test_replaced),
		PROCESS_TEST(test_wal_deleted),
		PROCESS_TEST(test_wal_cut),
		PROCESS_TEST(test_cut),
		PROCESS_TEST(test_clock_steps),
		PROCESS_TEST(test_unreadable),
		PROCESS_TEST(test_hostile_engine),
		PROCESS_TEST(test_engine_cut),
	};

	wrong_by = mmap(
	    NULL, sizeof(*wrong_by), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_clock.arg = (void *)wrong_by;
	signal(SIGPIPE, SIG_IGN);
	disk_case_start();
	return cmocka_run_group_tests_name("store_process", tests, NULL, NULL);
}
