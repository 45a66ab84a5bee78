/* SPDX-License-Identifier: ISC */
/*
 * srsctl store import - copy the rows of a postsrsd 2 database, or of a backup, into the envelope
 * database.
 *
 * The daemon stores them, so that it makes no difference whether its database is a file or a server,
 * and no other program has to lock it. It accepts a row only if its alias was made from its
 * address.
 *
 * SECURITY: the file may be hostile. It is mapped with the rights of the caller, and then read by a
 * process without any, in the sandbox of the engine. Each process reads a portion of the rows, so
 * that a reply is bounded; the ids of the rows must grow, so that the file cannot make it endless.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/day.h"
#include "srsd/ctl/confined.h"
#include "srsd/ctl/ctl_store.h"

#ifdef HAVE_SQLITE

#include "srsd/store/store_sqlite_file.h"

/* Of a portion that one process reads: the rows that it looks at, and the size of its reply. */
#define PORTION_ROWS 4096
#define PORTION_COST (512 * 1024)
#define PORTION_SECONDS 60

/* Of a request to the daemon: its lines have 64 KiB at most, and its puts 512 rows. */
#define BATCH_ROWS 500
#define BATCH_COST (48 * 1024)

/* Bytes of a row besides its texts, as JSON. */
#define ROW_COST 48

/* Days that an address of postsrsd 2 may still be in use beyond max-age. */
#define EXTRA_DAYS 2

struct import_job {
	const char *path;
	unsigned char *bytes;
	size_t len;
	int64_t after; /* the id of the last row that was read */
};

struct import_counts {
	long long done, full, failed, refused, expired, of_postsrsd2;
	char problem[STORE_PROBLEM_SIZE];
};

/* has_journal - changes that are not in the file itself */
static bool
has_journal(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;

	return snprintf(name, sizeof(name), "%s%s", path, suffix) < (int)sizeof(name) &&
	       stat(name, &st) == 0 && st.st_size > 0;
}

/* map_file - in the child, with the rights of the caller; a private mapping changes no file */
static json_t *
map_file(void *arg)
{
	struct import_job *job = arg;
	char error[CONFINED_ERROR_SIZE];
	struct stat st;
	int fd;

	if (has_journal(job->path, "-wal") || has_journal(job->path, "-journal"))
		return confined_failure("it is in use, or was not closed: stop postsrsd first, and "
					"remove no file next to it");
	fd = open(job->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		job->len = (size_t)st.st_size;
		job->bytes = mmap(NULL, job->len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		close(fd);
		if (job->bytes != MAP_FAILED)
			return NULL;
	} else if (fd != -1) {
		return confined_failure("not a regular file with contents");
	}
	snprintf(error, sizeof(error), "%s", strerror(errno));
	return confined_failure(error);
}

/* estimate_cost - bytes of a text as JSON, at most */
static size_t
estimate_cost(const char *s, size_t len)
{
	size_t cost = 0, i;

	for (i = 0; i < len; i++)
		cost += s[i] >= ' ' && s[i] < 0x7f && s[i] != '"' && s[i] != '\\' ? 1 : 6;
	return cost;
}

/* make_row_json - NULL for one that is not the row of an alias */
static json_t *
make_row_json(const struct store_sqlite_row *row)
{
	json_t *alias, *address;

	if (!store_is_alias(row->alias.s, row->alias.len) || row->address.len == 0 ||
	    row->address.len > STORE_ADDRESS_MAX)
		return NULL;
	alias = json_stringn(row->alias.s, row->alias.len);
	address = json_stringn(row->address.s, row->address.len);
	if (address == NULL) {
		json_decref(alias);
		return NULL;
	}
	return json_pack("[o, o, I]", alias, address, (json_int_t)row->expires);
}

/* read_portion - the rows after job->after, without privileges */
static json_t *
read_portion(void *arg)
{
	struct import_job *job = arg;
	json_t *rows = json_array(), *one;
	char problem[STORE_PROBLEM_SIZE];
	struct store_sqlite_row row = { .id = job->after };
	struct store_sqlite_file *file = store_sqlite_file_open(job->bytes, job->len, problem);
	size_t cost = 0, n = 0, skipped = 0;
	int got = -1;

	if (file == NULL || !store_sqlite_file_seek(file, job->after, problem))
		return confined_failure(problem);
	while (n < PORTION_ROWS && cost < PORTION_COST &&
	       (got = store_sqlite_file_next(file, &row, problem)) == 1) {
		n++;
		one = make_row_json(&row);
		skipped += one == NULL;
		if (one != NULL)
			json_array_append_new(rows, one);
		cost += ROW_COST + estimate_cost(row.address.s, row.address.len);
	}
	store_sqlite_file_close(&file);
	if (got == -1)
		return confined_failure(problem);
	return json_pack("{s:o, s:I, s:i, s:b}", "rows", rows, "last", (json_int_t)row.id,
	    "skipped", (int)skipped, "end", got == 0);
}

/* send_batch - one request to the daemon; takes over the reference. False: an error was printed */
static bool
send_batch(const struct ctl *ctl, json_t *batch, struct import_counts *counts)
{
	json_t *request = json_pack("{s:s, s:o}", "command", "store-put", "rows", batch), *reply;
	char error[CTL_ERROR_SIZE];
	bool ok;

	reply = ctl_ask(ctl, request, CTL_SHOWN, error);
	json_decref(request);
	if (reply == NULL)
		ctl_print_error(error);
	ok = reply != NULL && !ctl_print_reply_error(reply);
	if (ok) {
		counts->done += ctl_number(reply, "done");
		counts->full += ctl_number(reply, "full");
		counts->failed += ctl_number(reply, "failed");
		counts->refused += ctl_number(reply, "refused");
		counts->expired += ctl_number(reply, "expired");
		counts->of_postsrsd2 += ctl_number(reply, "postsrsd2");
		if (ctl_text(reply, "problem")[0] != '\0')
			strlcpy(
			    counts->problem, ctl_text(reply, "problem"), sizeof(counts->problem));
	}
	json_decref(reply);
	return ok;
}

/* send_rows - in requests that the daemon accepts, until the database fails or is full */
static bool
send_rows(const struct ctl *ctl, const json_t *rows, struct import_counts *counts)
{
	json_t *batch = json_array(), *row;
	const json_t *address;
	size_t cost = 0, i;

	json_array_foreach (rows, i, row) {
		address = json_array_get(row, 1);
		json_array_append(batch, row);
		cost += ROW_COST + STORE_ALIAS_LEN +
			estimate_cost(ctl_string(address), json_string_length(address));
		if (json_array_size(batch) < BATCH_ROWS && cost < BATCH_COST)
			continue;
		if (!send_batch(ctl, batch, counts))
			return false;
		if (counts->failed > 0 || counts->full > 0)
			return true;
		batch = json_array();
		cost = 0;
	}
	return send_batch(ctl, batch, counts);
}

/* is_portion - what a process that may be hostile replied; its rows are judged by the daemon */
static bool
is_portion(const struct import_job *job, const json_t *portion)
{
	const json_t *rows = json_object_get(portion, "rows"), *row;
	json_int_t last = json_integer_value(json_object_get(portion, "last"));
	size_t i;

	if (!json_is_array(rows) || json_array_size(rows) > PORTION_ROWS ||
	    (last <= job->after && !json_is_true(json_object_get(portion, "end"))))
		return false;
	json_array_foreach (rows, i, row)
		if (json_array_size(row) != 3 || !json_is_string(json_array_get(row, 0)) ||
		    !json_is_string(json_array_get(row, 1)) ||
		    json_string_length(json_array_get(row, 0)) != STORE_ALIAS_LEN ||
		    json_string_length(json_array_get(row, 1)) > STORE_ADDRESS_MAX)
			return false;
	return true;
}

/* copy_portion - 1: there is more. 0: that was the last one. -1: an error was printed */
static int
copy_portion(const struct ctl *ctl, struct import_job *job, const struct identity *id,
    struct import_counts *counts)
{
	const struct confined_work work = {
		.prepare = map_file,
		.run = read_portion,
		.arg = job,
		.seconds = PORTION_SECONDS,
		.doing = "reads the file",
	};
	char error[CONFINED_ERROR_SIZE];
	json_t *portion = confined_run(&work, id, error);
	int result = -1;

	if (portion == NULL) {
		fprintf(stderr, "srsctl: %s: %s\n", job->path, error);
	} else if (!is_portion(job, portion)) {
		fprintf(stderr, "srsctl: %s: the process that reads it sent an invalid reply\n",
		    job->path);
	} else if (send_rows(ctl, json_object_get(portion, "rows"), counts)) {
		counts->refused += ctl_number(portion, "skipped");
		job->after = json_integer_value(json_object_get(portion, "last"));
		result = !json_is_true(json_object_get(portion, "end"));
	}
	json_decref(portion);
	return result;
}

/* suggest_accept_date - without it the maps do not believe a row of postsrsd 2 */
static void
suggest_accept_date(const struct settings *settings)
{
	int today = day_of(time(NULL)), needed = today + settings->max_age + EXTRA_DAYS;
	char until[DAY_TEXT_SIZE];

	if (settings->envelope_accept_sha1 >= today)
		return;
	day_format(until, needed);
	fprintf(stderr,
	    "srsctl: rows of postsrsd 2 are not believed: set envelope-accept-sha1 = \"%s\", and "
	    "run srsctl reload\n",
	    until);
}

static void
print_import_counts(const struct import_counts *counts, bool as_json)
{
	json_t *json;

	if (!as_json) {
		printf("%lld row%s copied, %lld expired, %lld not believed\n", counts->done,
		    counts->done == 1 ? "" : "s", counts->expired, counts->refused);
		return;
	}
	json = json_pack("{s:I, s:I, s:I, s:I, s:I}", "copied", (json_int_t)counts->done, "expired",
	    (json_int_t)counts->expired, "refused", (json_int_t)counts->refused, "full",
	    (json_int_t)counts->full, "failed", (json_int_t)counts->failed);
	ctl_print_json(json);
	json_decref(json);
}

/* report_refused - most likely, a secret has not come along with the file */
static void
report_refused(long long n)
{
	fprintf(stderr,
	    "srsctl: %lld row%s not believed: the daemon does not have the secret that made the "
	    "alias, and postsrsd 2 did not make it; add the secret to secrets-file, run srsctl "
	    "reload, and run the command again\n",
	    n, n == 1 ? " is" : "s are");
}

static int
report_import(const struct ctl *ctl, const struct import_counts *counts, bool as_json)
{
	print_import_counts(counts, as_json);
	if (counts->refused > 0)
		report_refused(counts->refused);
	if (counts->of_postsrsd2 > 0)
		suggest_accept_date(ctl->settings);
	if (counts->full > 0)
		ctl_print_error("the database has envelope-limit rows: the others were not copied");
	if (counts->failed > 0)
		fprintf(stderr,
		    "srsctl: the database accepted no more rows: %s; run the command again\n",
		    counts->problem);
	return counts->refused > 0 || counts->full > 0 || counts->failed > 0 ? CTL_FAILED : CTL_OK;
}

int
ctl_store_import(const struct ctl *ctl, const struct command_line *line)
{
	struct import_job job = { .path = command_line_argument(line, 0), .after = INT64_MIN };
	struct import_counts counts = { .done = 0 };
	struct identity id;
	int more = 1;

	if (!ctl_store_identity(ctl, &id))
		return CTL_UNKNOWN;
	while (more == 1 && counts.full == 0 && counts.failed == 0)
		more = copy_portion(ctl, &job, &id, &counts);
	if (more == -1)
		return CTL_UNKNOWN;
	return report_import(ctl, &counts, command_line_has(line, "json"));
}

#else

int
ctl_store_import(const struct ctl *ctl, const struct command_line *line)
{
	(void)ctl;
	(void)line;
	ctl_print_error("this srsctl was built without SQLite");
	return CTL_UNKNOWN;
}

#endif
