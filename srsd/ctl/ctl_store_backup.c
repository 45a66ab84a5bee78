/* SPDX-License-Identifier: ISC */
/*
 * srsctl store backup - copy the envelope database, as of one moment, to a new file.
 *
 * The daemon need not stop: SQLite reads the rows that were committed, and the daemon continues to
 * add rows to its journal. `srsctl store import` copies the rows back.
 *
 * SECURITY: the store process may have written anything to the database. A process with the rights
 * of the daemon's user reads it, in the sandbox of the store process. It gets a descriptor of the
 * new file, which was created with the caller's rights, and not the name: another user with write
 * access to the directory could give that name to another file.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/xmalloc.h"
#include "conf/envelope_database.h"
#include "srsd/ctl/confined.h"
#include "srsd/ctl/ctl_store.h"

#ifdef HAVE_SQLITE

#include "srsd/store/store_sqlite_file.h"

/* Seconds for a large database on a slow disk. */
#define BACKUP_SECONDS 3600

struct backup_job {
	const char *database;
	const char *path; /* the new file */
	int to;           /* the same; the child has it as CONFINED_KEPT_FD */
};

static json_t *
copy_database(void *arg)
{
	const struct backup_job *job = arg;
	char problem[STORE_PROBLEM_SIZE];
	int64_t rows = store_sqlite_file_copy(job->database, CONFINED_KEPT_FD, problem);

	return rows == -1 ? confined_failure(problem)
			  : json_pack("{s:I}", "rows", (json_int_t)rows);
}

/* sync_directory - the name of the new file has to be on the disk as well */
static bool
sync_directory(const char *path)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd != -1 && fsync(fd) == 0;

	if (fd != -1)
		close(fd);
	free(copy);
	return ok;
}

/* run_backup - the number of rows; -1: an error was printed */
static long long
run_backup(struct backup_job *job, const struct identity *id)
{
	const struct confined_work work = {
		.run = copy_database,
		.arg = job,
		.seconds = BACKUP_SECONDS,
		.doing = "copies the database",
		.opens_files = true,
		.kept = job->to,
	};
	char error[CONFINED_ERROR_SIZE];
	json_t *reply = confined_run(&work, id, error);
	long long rows = -1;

	if (reply == NULL)
		fprintf(stderr, "srsctl: %s: %s\n", job->database, error);
	else if (!sync_directory(job->path))
		fprintf(stderr, "srsctl: %s: %s\n", job->path, strerror(errno));
	else
		rows = ctl_number(reply, "rows");
	json_decref(reply);
	return rows;
}

/* The new file, until it is complete. */
static const char *unfinished;

static void
on_fatal_signal(int number)
{
	unlink(unfinished);
	signal(number, SIG_DFL);
	raise(number);
}

/* remove_if_interrupted - or restore the default action of the signals, if path is NULL */
static void
remove_if_interrupted(const char *path)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = path == NULL ? SIG_DFL : on_fatal_signal };
	size_t i;

	if (path != NULL)
		unfinished = path;
	sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

/*
 * create_backup - returns a descriptor, or -1 after an error
 *
 * An existing file may be the last good backup, so it is not replaced.
 */
static int
create_backup(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		fprintf(stderr, "srsctl: %s: %s%s\n", path, strerror(errno),
		    errno == EEXIST ? "; choose a new name" : "");
	return fd;
}

static void
print_backup(long long rows, const char *path, bool as_json)
{
	json_t *json;

	if (!as_json) {
		printf("%lld row%s in %s\n", rows, rows == 1 ? "" : "s", path);
		return;
	}
	json = json_pack("{s:I, s:s*}", "rows", (json_int_t)rows, "file", path);
	ctl_print_json(json);
	json_decref(json);
}

static int
back_up_file(const struct ctl *ctl, const char *database, const char *path, bool as_json)
{
	struct backup_job job = { .database = database, .path = path };
	struct identity id;
	long long rows;

	if (!ctl_store_identity(ctl, &id))
		return CTL_UNKNOWN;
	job.to = create_backup(path);
	if (job.to == -1)
		return CTL_UNKNOWN;
	remove_if_interrupted(path);
	rows = run_backup(&job, &id);
	remove_if_interrupted(NULL);
	close(job.to);
	if (rows == -1) {
		unlink(path);
		return CTL_UNKNOWN;
	}
	print_backup(rows, path, as_json);
	return CTL_OK;
}

#else

static int
back_up_file(const struct ctl *ctl, const char *database, const char *path, bool as_json)
{
	(void)ctl;
	(void)database;
	(void)path;
	(void)as_json;
	ctl_print_error("this srsctl was built without SQLite");
	return CTL_UNKNOWN;
}

#endif

int
ctl_store_backup(const struct ctl *ctl, const struct command_line *line)
{
	const char *database = ctl->settings->envelope_database;

	if (!envelope_database_is_set(database)) {
		ctl_print_error("no envelope-database is set");
		return CTL_FAILED;
	}
	if (envelope_database_path(database) == NULL) {
		ctl_print_error("the daemon's Redis user cannot read all keys of the server: save "
				"them with redis-cli --rdb as an administrator");
		return CTL_FAILED;
	}
	return back_up_file(ctl, envelope_database_path(database), command_line_argument(line, 0),
	    command_line_has(line, "json"));
}
