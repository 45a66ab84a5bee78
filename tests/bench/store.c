/* SPDX-License-Identifier: ISC */
/*
 * store - how many new senders a second the store makes durable: store DIRECTORY [SECONDS [OPEN]]
 *
 * Three ways to write the same rows to the same disk, each for SECONDS (5), with the number of
 * syncs beside the number of rows:
 *
 *	store    through the front, the link and the process, with OPEN (100) puts open at any time
 *	single   one commit for each row, with the same journal (WAL) and synchronous=FULL
 *	journal  one commit for each row as postsrsd 2 does it: rollback journal, synchronous=FULL
 *
 * It prints one line for each. The databases remain in DIRECTORY.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <sqlite3.h>

#include "common/clock.h"
#include "common/log.h"
#include "srsd/store/store.h"
#include "srsd/store/store_link.h"
#include "srsd/store/store_process.h"
#include "srsd/store/store_sqlite.h"
#include "tests/unit/disk_case.h"

#define LIMIT 1000000000
#define TIMEOUT_MS 60000
#define LATER 4000000000
#define TIMES_MAX 10000000

struct open_put {
	struct timespec begun;
};

static struct event_base *base;
static struct store *store;
static uint64_t next, done, failed, end;
static float *times; /* of puts, in milliseconds */

static const char *
make_alias(uint64_t number)
{
	static char alias[STORE_ALIAS_LEN + 1];
	int i;

	number *= 0x9e3779b97f4a7c15u;
	for (i = 0; i < STORE_ALIAS_LEN - 2; i++) {
		alias[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUV"[number & 31];
		number = number >> 5 | number << 59;
	}
	memcpy(alias + i, "@1", 3);
	return alias;
}

static struct text
make_address(uint64_t number)
{
	static char address[200];
	int len = snprintf(address, sizeof(address),
	    "0100018f3a2b%llu-0a1b2c3d-4e5f-6789-abcd-ef0123456789-000000@eu-west-1.mail.example",
	    (unsigned long long)number);

	return (struct text){ address, (size_t)len };
}

static void
on_put_done(void *arg, const struct store_reply *reply)
{
	struct open_put *put = arg;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (reply != NULL) {
		if (reply->outcome != STORE_DONE)
			failed++;
		else if (done < TIMES_MAX)
			times[done++] = (float)((double)(now.tv_sec - put->begun.tv_sec) * 1e3 +
						(double)(now.tv_nsec - put->begun.tv_nsec) / 1e6);
	}
	if (clock_elapsed(&clock_system) >= end) {
		if (store_counts(store)->open == 0)
			event_base_loopbreak(base);
		return;
	}
	put->begun = now;
	store_put(store, make_alias(next), make_address(next), LATER, on_put_done, put);
	next++;
}

static int
compare_times(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void
print_rates(const char *name, uint64_t rows, double seconds, unsigned syncs)
{
	printf("%-8s %9.0f rows/s %8.0f syncs/s %8.1f rows/sync", name, (double)rows / seconds,
	    syncs / seconds, syncs == 0 ? 0.0 : (double)rows / syncs);
}

static double
read_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
run_store(const char *path, unsigned seconds, unsigned open)
{
	struct store_process_start start = {
		.path = path,
		.create = true,
		.limit = LIMIT,
		.wait_ms = 2000,
		.clock = &clock_system,
		.sandbox = true,
	};
	struct open_put *puts = calloc(open, sizeof(*puts));
	unsigned i, before;
	double begun;
	int fd[2];
	pid_t pid;

	if (puts == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == -1)
		err(1, "socketpair");
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		start.fd = fd[1];
		_exit(store_process_main(&start));
	}
	close(fd[1]);
	base = event_base_new();
	store = store_new(base, &clock_system, TIMEOUT_MS);
	store_link_attach(store_link_new(store, base), fd[0]);
	begun = read_seconds();
	before = disk_case->syncs;
	end = clock_elapsed(&clock_system) + seconds * 1000;
	for (i = 0; i < open; i++)
		on_put_done(&puts[i], NULL);
	event_base_dispatch(base);
	print_rates("store", done, read_seconds() - begun, disk_case->syncs - before);
	qsort(times, done, sizeof(*times), compare_times);
	printf("  p50 %.2f ms p99 %.2f ms max %.2f ms, %llu failed\n", times[done / 2],
	    times[done * 99 / 100], times[done - 1], (unsigned long long)failed);
	store_free(&store);
	event_base_free(base);
	waitpid(pid, NULL, 0);
	free(puts);
}

static void
run_single(const char *path, unsigned seconds)
{
	char problem[STORE_PROBLEM_SIZE];
	struct store_sqlite *db = store_sqlite_open(path, LIMIT, true, problem);
	unsigned before = disk_case->syncs;
	double begun = read_seconds();
	uint64_t n = 0;

	if (db == NULL)
		errx(1, "%s: %s", path, problem);
	while (read_seconds() - begun < seconds) {
		if (store_sqlite_begin(db) != STORE_SQLITE_OK ||
		    store_sqlite_put(db, make_alias(n), make_address(n), LATER) !=
			STORE_SQLITE_OK ||
		    store_sqlite_commit(db) != STORE_SQLITE_OK)
			errx(1, "%s: %s", path, store_sqlite_problem(db));
		store_sqlite_checkpoint(db);
		n++;
	}
	print_rates("single", n, read_seconds() - begun, disk_case->syncs - before);
	putchar('\n');
	store_sqlite_close(&db);
}

static void
run_journal(const char *path, unsigned seconds)
{
	unsigned before = disk_case->syncs;
	double begun = read_seconds();
	sqlite3_stmt *statement;
	sqlite3 *db;
	uint64_t n = 0;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db,
		"CREATE TABLE IF NOT EXISTS kv (k TEXT NOT NULL UNIQUE ON CONFLICT REPLACE,"
		" v TEXT NOT NULL, lt INTEGER NOT NULL);"
		"CREATE INDEX IF NOT EXISTS ltidx ON kv (lt)",
		NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "INSERT INTO kv (k, v, lt) VALUES (?, ?, ?)", -1, &statement,
		NULL) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	for (; read_seconds() - begun < seconds; n++) {
		sqlite3_bind_text(statement, 1, make_alias(n), -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 2, make_address(n).s, -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 3, LATER);
		if (sqlite3_step(statement) != SQLITE_DONE)
			errx(1, "%s: %s", path, sqlite3_errmsg(db));
		sqlite3_reset(statement);
	}
	print_rates("journal", n, read_seconds() - begun, disk_case->syncs - before);
	putchar('\n');
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

int
main(int argc, char **argv)
{
	unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 5;
	unsigned open = argc > 3 ? (unsigned)atoi(argv[3]) : 100;
	char path[3][1000];
	size_t i;

	if (argc < 2 || seconds == 0 || open == 0)
		errx(2, "usage: store DIRECTORY [SECONDS [OPEN]]");
	for (i = 0; i < 3; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%s.sqlite", argv[1],
		    (const char *[]){ "store", "single", "journal" }[i]);
	times = calloc(TIMES_MAX, sizeof(*times));
	setvbuf(stdout, NULL, _IONBF, 0);
	log_open(LOG_SINK_STDERR, "store");
	disk_case_start();
	run_store(path[0], seconds, open);
	run_single(path[1], seconds);
	run_journal(path[2], seconds);
	return 0;
}
