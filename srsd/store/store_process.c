/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/xmalloc.h"
#include "srsd/store/store_process.h"
#include "srsd/store/store_sqlite.h"
#include "srsd/store/store_wire.h"

/* Bytes of questions that are read in one turn, and of answers that wait before none are read. */
#define READ_MAX (256 * 1024)
#define UNSENT_MAX (4 * 1024 * 1024)

/*
 * Puts of one transaction. On a slow disk, or in a table that is larger than the memory, a put may
 * take some milliseconds, so the time is bounded too.
 */
#define COMMIT_MAX 4096
#define COMMIT_MS 100

/* Puts that wait, for their transaction or for a lock of another process. */
#define WAITING_MAX (2 * STORE_IN_FLIGHT_MAX)

/* Rows of one portion. That of the expiry becomes smaller on a slow disk. */
#define EXPIRE_ROWS 512
#define EXPIRE_ROWS_LEAST 8
#define EXPIRE_SLOW_MS 50
#define COUNT_ROWS 5000

/* Milliseconds. */
#define LOCK_RETRY_MS 10
#define EXPIRE_MS 1000
#define STATE_MS 1000
#define VERIFY_MS 1000

/* Seconds: a larger step of the clock has to last before rows expire by it. */
#define STEP_MAX 3600
#define LOG_MS 20
#define REOPEN_FIRST_MS 100
#define REOPEN_MOST_MS 5000

struct waiting_put {
	STAILQ_ENTRY(waiting_put) link;
	uint64_t number;
	uint64_t since;
	int64_t expires;
	char alias[STORE_ALIAS_LEN + 1];
	size_t len;
	char address[];
};

STAILQ_HEAD(waiting_puts, waiting_put);

struct store_process {
	const struct store_process_start *start;
	int fd;
	int signals;
	struct store_sqlite *db; /* NULL: it cannot be opened */
	char problem[STORE_PROBLEM_SIZE];
	char logged[STORE_PROBLEM_SIZE]; /* the last one in the log */
	bool is_logged;
	struct log_limit limit;
	bool unopened;   /* the last opening has failed */
	uint64_t opened; /* how often, and closed */
	uint64_t opened_at;
	uint64_t reopen_at;
	unsigned pause_ms; /* before the next opening */
	struct buffer in;
	size_t in_used; /* bytes of it that are parsed */
	struct buffer out;
	size_t out_sent;
	struct waiting_puts puts;
	size_t n_puts;
	uint64_t retry_at; /* the lock of another process */
	uint64_t expire_at;
	unsigned expire_rows; /* of one portion */
	int64_t
	    clock_offset; /* of the wall clock from the other one, in seconds, when it was set */
	uint64_t steady_from; /* when it was last seen to be set */
	uint64_t state_at;
	uint64_t verify_at;
	int64_t rows_reported;
	bool more_to_count;
	bool more_to_expire;
	bool ended;
	int status;
};

static uint64_t
read_clock(void)
{
	return clock_elapsed(&clock_system);
}

static void
queue_report(struct store_process *process, const struct store_wire_report *report)
{
	char message[STORE_WIRE_MAX];

	buffer_add(&process->out, message, store_wire_write_report(message, report));
}

static void
queue_answer(struct store_process *process, uint64_t number, enum store_outcome outcome,
    const char *text, size_t len)
{
	struct store_wire_report report = {
		.number = number,
		.outcome = outcome,
		.text = { text, len },
	};

	queue_report(process, &report);
}

static void
queue_failure(struct store_process *process, uint64_t number, const char *problem)
{
	queue_answer(process, number, STORE_FAILED, problem, strlen(problem));
}

/* queue_state - what the front shows, and which opening of the database it is */
static void
queue_state(struct store_process *process)
{
	struct store_wire_report report = {
		.is_state = true,
		.number = process->opened,
		.rows = process->db == NULL ? STORE_ROWS_UNKNOWN : store_sqlite_rows(process->db),
		.text = { process->problem, strlen(process->problem) },
	};

	process->rows_reported = report.rows;
	process->state_at = read_clock() + STATE_MS;
	queue_report(process, &report);
}

/*
 * note_store_problem - reported to the front; "" for its end. One that comes and goes is logged once a
 * minute.
 */
static void
note_store_problem(struct store_process *process, const char *problem)
{
	const char *path = process->start->path;

	if (strcmp(process->problem, problem) == 0)
		return;
	strlcpy(process->problem, problem, sizeof(process->problem));
	queue_state(process);
	if (problem[0] == '\0') {
		if (process->is_logged)
			log_info("store %s: working again", path);
		process->is_logged = false;
	} else if (strcmp(process->logged, problem) != 0 || log_allows(&process->limit)) {
		log_warnx("store %s: %s", path, problem);
		strlcpy(process->logged, problem, sizeof(process->logged));
		process->is_logged = true;
	}
}

/* open_database - again, after the pause; questions fail until it succeeds */
static void
open_database(struct store_process *process)
{
	const struct store_process_start *start = process->start;
	char problem[STORE_PROBLEM_SIZE];
	uint64_t now = read_clock();

	bool was_unopened = process->unopened;

	/* A file that was there and is missing has rows: without it, no alias is unknown. */
	process->db = store_sqlite_open(
	    start->path, start->limit, start->create && process->opened == 0, problem);
	process->unopened = process->db == NULL;
	if (process->unopened) {
		process->reopen_at = now + process->pause_ms;
		if ((process->pause_ms *= 2) > REOPEN_MOST_MS)
			process->pause_ms = REOPEN_MOST_MS;
		note_store_problem(process, problem);
		return;
	}
	process->opened++;
	if (start->opened != NULL)
		*start->opened = true;
	process->opened_at = now;
	process->more_to_count = true;
	process->retry_at = 0;
	/* The problem of a write is over when a write succeeds. */
	if (was_unopened)
		note_store_problem(process, "");
	queue_state(process);
}

/* drop_database - it is broken; it is opened again at once, unless it was opened just before */
static void
drop_database(struct store_process *process)
{
	char problem[STORE_PROBLEM_SIZE];

	strlcpy(problem, store_sqlite_problem(process->db), sizeof(problem));
	store_sqlite_close(&process->db);
	/* What the engine remembers as durable may be in no file that is opened next. */
	process->opened++;
	queue_state(process);
	note_store_problem(process, problem);
	process->reopen_at = process->opened_at + process->pause_ms;
	if ((process->pause_ms *= 2) > REOPEN_MOST_MS)
		process->pause_ms = REOPEN_MOST_MS;
}

/* take_result - of anything but a question; false when the database is broken */
static bool
take_result(struct store_process *process, enum store_sqlite_result result)
{
	if (result != STORE_SQLITE_BROKEN)
		return true;
	drop_database(process);
	return false;
}

static void
answer_get(struct store_process *process, const struct store_wire_question *question)
{
	char address[STORE_ADDRESS_MAX];
	enum store_sqlite_result result;
	size_t len;

	if (process->db == NULL) {
		queue_failure(process, question->number, process->problem);
		return;
	}
	result = store_sqlite_get(process->db, question->alias, address, &len);
	if (result == STORE_SQLITE_OK)
		queue_answer(process, question->number, STORE_DONE, address, len);
	else if (result == STORE_SQLITE_MISSING)
		queue_answer(process, question->number, STORE_MISSING, NULL, 0);
	else
		queue_failure(process, question->number, store_sqlite_problem(process->db));
	take_result(process, result);
}

static void
add_waiting_put(struct store_process *process, const struct store_wire_question *question)
{
	struct waiting_put *put;

	if (process->n_puts >= WAITING_MAX) {
		queue_failure(process, question->number, "too many puts wait for the database");
		return;
	}
	put = xmalloc(sizeof(*put) + question->address.len);
	put->number = question->number;
	put->since = read_clock();
	put->expires = question->expires;
	memcpy(put->alias, question->alias, sizeof(put->alias));
	put->len = question->address.len;
	memcpy(put->address, question->address.s, put->len);
	STAILQ_INSERT_TAIL(&process->puts, put, link);
	process->n_puts++;
}

static void
remove_waiting_put(struct store_process *process)
{
	struct waiting_put *put = STAILQ_FIRST(&process->puts);

	STAILQ_REMOVE_HEAD(&process->puts, link);
	process->n_puts--;
	free(put);
}

/* fail_puts - the first n of those that wait */
static void
fail_puts(struct store_process *process, size_t n, const char *problem)
{
	while (n-- > 0) {
		queue_failure(process, STAILQ_FIRST(&process->puts)->number, problem);
		remove_waiting_put(process);
	}
}

/* fail_late_puts - those that have waited for too long: the engine no longer waits for them */
static void
fail_late_puts(struct store_process *process, const char *problem)
{
	const struct waiting_put *put;
	uint64_t now = read_clock();

	while ((put = STAILQ_FIRST(&process->puts)) != NULL &&
	       now - put->since >= process->start->wait_ms) {
		note_store_problem(process, problem);
		fail_puts(process, 1, problem);
	}
}

/*
 * write_puts - into the transaction, as many as its bounds allow: *n of them; full says which of
 * them do not fit
 */
static enum store_sqlite_result
write_puts(struct store_process *process, size_t *n, bool full[COMMIT_MAX])
{
	const struct waiting_put *put = STAILQ_FIRST(&process->puts);
	uint64_t begun = read_clock();
	enum store_sqlite_result result;
	struct text address;

	for (*n = 0; put != NULL && *n < COMMIT_MAX; ++*n) {
		if (read_clock() - begun > COMMIT_MS)
			break;
		address.s = put->address;
		address.len = put->len;
		result = store_sqlite_put(process->db, put->alias, address, put->expires);
		full[*n] = result == STORE_SQLITE_FULL;
		if (result != STORE_SQLITE_OK && result != STORE_SQLITE_FULL)
			return result;
		put = STAILQ_NEXT(put, link);
	}
	return STORE_SQLITE_OK;
}

/* acknowledge_puts - the first n, which are committed */
static void
acknowledge_puts(struct store_process *process, size_t n, const bool full[COMMIT_MAX])
{
	size_t i;

	for (i = 0; i < n; i++) {
		queue_answer(process, STAILQ_FIRST(&process->puts)->number,
		    full[i] ? STORE_FULL : STORE_DONE, NULL, 0);
		remove_waiting_put(process);
	}
	if (n == 0)
		return;
	process->pause_ms = REOPEN_FIRST_MS;
	note_store_problem(process, "");
}

/* reopen_database - nothing was written yet, so the puts wait for it if that is possible at once */
static void
reopen_database(struct store_process *process)
{
	drop_database(process);
	if (read_clock() >= process->reopen_at)
		open_database(process);
}

/* commit_puts - one transaction, and one sync of the disk, for all that wait */
static void
commit_puts(struct store_process *process)
{
	bool full[COMMIT_MAX];
	size_t n = 0;
	enum store_sqlite_result result = store_sqlite_begin(process->db);

	if (result == STORE_SQLITE_BUSY) {
		process->retry_at = read_clock() + LOCK_RETRY_MS;
		fail_late_puts(process, store_sqlite_problem(process->db));
		return;
	}
	process->retry_at = 0;
	if (result == STORE_SQLITE_BROKEN) {
		reopen_database(process);
		return;
	}
	if (result == STORE_SQLITE_OK) {
		fail_late_puts(process, "the disk does not keep up");
		result = write_puts(process, &n, full);
		if (result == STORE_SQLITE_OK)
			result = store_sqlite_commit(process->db);
		else
			store_sqlite_rollback(process->db);
	}
	if (result == STORE_SQLITE_OK) {
		acknowledge_puts(process, n, full);
		return;
	}
	note_store_problem(process, store_sqlite_problem(process->db));
	fail_puts(process, process->n_puts, process->problem);
	take_result(process, result);
}

/* end_process - the loop ends after this turn */
static void
end_process(struct store_process *process, int status)
{
	process->ended = true;
	process->status = status;
}

/* take_questions - those of the bytes that have arrived: lookups are answered, and puts wait */
static void
take_questions(struct store_process *process)
{
	struct store_wire_question question;
	const char *error;
	size_t used;
	int got;

	while ((got = store_wire_parse_question(process->in.data + process->in_used,
		    process->in.len - process->in_used, &question, &used, &error)) == 1) {
		process->in_used += used;
		if (question.operation == STORE_GET)
			answer_get(process, &question);
		else if (process->db == NULL)
			queue_failure(process, question.number, process->problem);
		else
			add_waiting_put(process, &question);
	}
	if (got == -1) {
		log_warnx("store: protocol violation by the engine (%s), ending", error);
		end_process(process, 1);
	}
}

/* keep_rest - the beginning of a message that has not arrived completely */
static void
keep_rest(struct store_process *process)
{
	char rest[STORE_WIRE_MAX];
	size_t len = process->in.len - process->in_used;

	if (len > 0)
		memcpy(rest, process->in.data + process->in_used, len);
	buffer_clear(&process->in);
	process->in_used = 0;
	if (len > 0)
		buffer_add(&process->in, rest, len);
}

/* read_questions - all that have come, up to a bound, so that one commit serves them together */
static void
read_questions(struct store_process *process)
{
	char bytes[64 * 1024];
	size_t total = 0;
	ssize_t n;

	while (total < READ_MAX && !process->ended) {
		n = recv(process->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			end_process(process, 0);
			return;
		}
		total += (size_t)n;
		buffer_add(&process->in, bytes, (size_t)n);
		take_questions(process);
		if (!process->ended)
			keep_rest(process);
	}
}

static void
send_reports(struct store_process *process)
{
	ssize_t n;

	while (process->out_sent < process->out.len) {
		n = send(process->fd, process->out.data + process->out_sent,
		    process->out.len - process->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1) {
			end_process(process, 0);
			return;
		}
		process->out_sent += (size_t)n;
	}
	buffer_clear(&process->out);
	process->out_sent = 0;
}

/*
 * is_clock_steady - a clock that is wrong for a while, as before the first answer of a time server,
 * would let all rows expire
 */
static bool
is_clock_steady(struct store_process *process, uint64_t now, time_t wall)
{
	int64_t offset = (int64_t)wall - (int64_t)(now / 1000);
	int64_t step = offset - process->clock_offset;

	if (process->steady_from == 0 || step > STEP_MAX || step < -STEP_MAX) {
		process->clock_offset = offset;
		process->steady_from = now;
	}
	return now - process->steady_from >= process->start->steady_ms;
}

/* expire_rows - a portion, each second, and at once when the last one was not enough */
static void
expire_rows(struct store_process *process)
{
	time_t wall = clock_wall(process->start->clock);
	uint64_t begun = read_clock();
	unsigned deleted;

	if (begun < process->expire_at && !process->more_to_expire)
		return;
	if (!is_clock_steady(process, begun, wall)) {
		process->more_to_expire = false;
		return;
	}
	if (!take_result(
		process, store_sqlite_expire(process->db, wall, process->expire_rows, &deleted)))
		return;
	process->more_to_expire = deleted == process->expire_rows;
	process->expire_at = begun + EXPIRE_MS;
	if (read_clock() - begun > EXPIRE_SLOW_MS && process->expire_rows > EXPIRE_ROWS_LEAST)
		process->expire_rows /= 2;
	else if (process->expire_rows < EXPIRE_ROWS)
		process->expire_rows *= 2;
}

/*
 * verify_files - the engine remembers what is durable; it must not do so for long after the files
 * are gone, even if there is no write that would notice
 */
static bool
verify_files(struct store_process *process, uint64_t now)
{
	if (now < process->verify_at)
		return true;
	process->verify_at = now + VERIFY_MS;
	return take_result(process, store_sqlite_verify(process->db));
}

/* do_chores - after the answers are sent, so that they delay only what comes next */
static void
do_chores(struct store_process *process)
{
	uint64_t now = read_clock();

	if (!verify_files(process, now) ||
	    !take_result(process, store_sqlite_checkpoint(process->db)))
		return;
	if (process->more_to_count) {
		if (!take_result(process, store_sqlite_count(process->db, COUNT_ROWS)))
			return;
		process->more_to_count = store_sqlite_rows(process->db) == STORE_ROWS_UNKNOWN;
	}
	expire_rows(process);
	if (process->db == NULL)
		return;
	if (now >= process->state_at && store_sqlite_rows(process->db) != process->rows_reported)
		queue_state(process);
}

static uint64_t
earlier_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* find_timeout - for poll(2) */
static int
find_timeout(const struct store_process *process)
{
	uint64_t now = read_clock(), at = now + EXPIRE_MS;

	if (process->db == NULL)
		at = earlier_of(at, process->reopen_at);
	else if (process->more_to_count || process->more_to_expire)
		return 0;
	if (process->n_puts > 0)
		at = earlier_of(at, process->retry_at);
	if (log_pending())
		at = earlier_of(at, now + LOG_MS);
	return at <= now ? 0 : (int)(at - now);
}

static void
wait_for_event(struct store_process *process)
{
	size_t unsent = process->out.len - process->out_sent;
	short events = (short)((unsent < UNSENT_MAX ? POLLIN : 0) | (unsent > 0 ? POLLOUT : 0));
	struct pollfd pfd[] = {
		{ .fd = process->fd, .events = events },
		{ .fd = process->signals, .events = POLLIN },
	};

	if (poll(pfd, 2, find_timeout(process)) == -1) {
		if (errno != EINTR)
			fatal("store: poll");
		return;
	}
	if (pfd[1].revents != 0)
		end_process(process, 0);
	if ((pfd[0].revents & ~POLLOUT) != 0)
		read_questions(process);
}

static void
run_turn(struct store_process *process)
{
	uint64_t now;

	wait_for_event(process);
	now = read_clock();
	if (process->db == NULL && now >= process->reopen_at)
		open_database(process);
	if (process->db != NULL && process->n_puts > 0 && now >= process->retry_at)
		commit_puts(process);
	if (process->db == NULL)
		fail_puts(process, process->n_puts, process->problem);
	send_reports(process);
	if (process->db != NULL && !process->ended)
		do_chores(process);
	log_flush();
}

/* catch_signals - SIGTERM ends the loop between two commits */
static int
catch_stop_signal(void)
{
	sigset_t set;
	int fd;

	/* A write beyond a limit of the file size is an error and not a signal. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_SETMASK, &set, NULL) == -1)
		fatal("store: sigprocmask");
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd == -1)
		fatal("store: signalfd");
	return fd;
}

static void
confine_store(const struct store_process_start *start)
{
	tzset(); /* localtime(3) reads its file before the sandbox */
	if (start->identity != NULL && !privdrop_become(start->identity))
		fatal("store: privileges cannot be dropped");
	if (start->sandbox && !sandbox_enter_store())
		fatal("store: sandbox");
}

int
store_process_main(const struct store_process_start *start)
{
	struct store_process process = {
		.start = start,
		.fd = start->fd,
		.pause_ms = REOPEN_FIRST_MS,
		.expire_rows = EXPIRE_ROWS,
		.rows_reported = STORE_ROWS_UNKNOWN,
	};

	STAILQ_INIT(&process.puts);
	process.signals = catch_stop_signal();
	confine_store(start);
	open_database(&process);
	while (!process.ended)
		run_turn(&process);
	store_sqlite_close(&process.db);
	while (process.n_puts > 0)
		remove_waiting_put(&process);
	buffer_free(&process.in);
	buffer_free(&process.out);
	close(process.signals);
	close(process.fd);
	log_close();
	return process.status;
}
