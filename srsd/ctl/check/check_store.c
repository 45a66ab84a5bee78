/* SPDX-License-Identifier: ISC */
/*
 * The envelope database: its file or server, and what the daemon reports of it.
 *
 * SECURITY: the file may be hostile, because the store process writes it, and so may the server.
 * Processes without privileges read them.
 */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/privdrop.h"
#include "common/xmalloc.h"
#include "conf/envelope_database.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/confined.h"
#include "srsd/store/store.h"
#include "srsd/store/store_redis_url.h"

/* The time to look for damage, and the limit of the process, which opens the file as well. */
#define EXAMINE_MS 10000
#define EXAMINE_SECONDS 30

#define SERVER_MS 5000
#define SERVER_SECONDS 10

/* Bytes of free space, for a warning and for an error. */
#define SPACE_LOW ((uint64_t)1024 * 1024 * 1024)
#define SPACE_NONE ((uint64_t)16 * 1024 * 1024)

#define PASSWORD_FILE_MAX 4096

/* Percent of envelope-limit. */
#define NEARLY_FULL 90

#if defined(HAVE_SQLITE) || defined(HAVE_HIREDIS)

/* find_daemon_user - false: reported */
static bool
find_daemon_user(struct check *check, struct identity *id)
{
	const char *user = check->settings->unprivileged_user, *instead, *why;

	if (privdrop_daemon(id, user, &instead, &why))
		return true;
	findings_add(check->findings, FINDING_ERROR, "unprivileged-user '%s': %s", user, why);
	return false;
}

#endif

#ifdef HAVE_SQLITE

#include "srsd/store/store_sqlite_file.h"

struct examine_job {
	const char *path;
};

/* check_directory - false: an error was reported, and the file need not be examined */
static bool
check_directory(struct check *check, const char *directory, const struct identity *id)
{
	struct stat st;

	if (stat(directory, &st) == -1) {
		findings_add(check->findings, errno == EACCES ? FINDING_SKIPPED : FINDING_ERROR,
		    "directory %s of envelope-database: %s", directory, strerror(errno));
		findings_remedy(check->findings,
		    errno == EACCES
			? "only root and the daemon can read it"
			: "create it for the daemon's user, or start srsd, which does so");
		return false;
	}
	if (st.st_uid != id->uid) {
		findings_add(check->findings, FINDING_ERROR,
		    "directory %s of envelope-database does not belong to the daemon's user",
		    directory);
		findings_remedy(
		    check->findings, "chown %s %s", check->settings->unprivileged_user, directory);
		return false;
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		findings_add(check->findings, FINDING_ERROR,
		    "directory %s of envelope-database: other users can replace the file",
		    directory);
		findings_remedy(check->findings, "chmod go-w %s", directory);
		return false;
	}
	return true;
}

static void
check_space(struct check *check, const char *directory)
{
	struct statvfs vfs;
	uint64_t bytes;

	if (statvfs(directory, &vfs) == -1)
		return;
	bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (bytes >= SPACE_LOW)
		return;
	findings_add(check->findings, bytes < SPACE_NONE ? FINDING_ERROR : FINDING_WARNING,
	    "directory %s of envelope-database: %llu MiB are free", directory,
	    (unsigned long long)(bytes / 1024 / 1024));
	findings_remedy(check->findings,
	    "free some space: without it, mail whose sender is stored is deferred");
}

/* check_database_file - false: it is not there, or not as it should be, which was reported */
static bool
check_database_file(struct check *check, const char *path, const struct identity *id)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		findings_add(check->findings, errno == ENOENT ? FINDING_WARNING : FINDING_SKIPPED,
		    "envelope-database %s: %s", path, strerror(errno));
		findings_remedy(check->findings,
		    errno == ENOENT ? "srsd creates it when it starts: start it, or reload it"
				    : "only root and the daemon can read it");
	} else if (!S_ISREG(st.st_mode) || st.st_uid != id->uid) {
		findings_add(check->findings, FINDING_ERROR, "envelope-database %s %s", path,
		    S_ISREG(st.st_mode) ? "does not belong to the daemon's user"
					: "is not a regular file");
		findings_remedy(
		    check->findings, "chown %s %s", check->settings->unprivileged_user, path);
	} else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		findings_add(check->findings, FINDING_ERROR,
		    "envelope-database %s: other users can %s it", path,
		    st.st_mode & (S_IWGRP | S_IWOTH) ? "change" : "read");
		findings_remedy(check->findings, "chmod 600 %s", path);
	} else {
		return true;
	}
	return false;
}

/* examine_database - with the rights of the daemon's user */
static json_t *
examine_database(void *arg)
{
	const struct examine_job *job = arg;
	struct store_sqlite_report report;

	store_sqlite_file_check(job->path, EXAMINE_MS, &report);
	return json_pack("{s:i, s:b, s:b, s:s}", "health", (int)report.health, "wal",
	    report.has_wal, "table", report.has_table, "problem", report.problem);
}

static void
report_damage(struct check *check, const char *path, const char *problem)
{
	findings_add(
	    check->findings, FINDING_ERROR, "envelope-database %s is damaged: %s", path, problem);
	findings_remedy(check->findings,
	    "stop srsd, make a copy, and recover the rows into a new file: sqlite3 %s .recover",
	    path);
}

static void
report_health(struct check *check, const char *path, const json_t *report)
{
	const char *problem = ctl_text(report, "problem");

	switch (ctl_number(report, "health")) {
	case STORE_SQLITE_DAMAGED:
		report_damage(check, path, problem);
		break;
	case STORE_SQLITE_UNFINISHED:
		findings_add(
		    check->findings, FINDING_SKIPPED, "damage in envelope-database %s", path);
		findings_remedy(
		    check->findings, "it takes longer than %d seconds", EXAMINE_MS / 1000);
		break;
	case STORE_SQLITE_SOUND:
		if (!json_is_true(json_object_get(report, "wal")) ||
		    !json_is_true(json_object_get(report, "table"))) {
			findings_add(check->findings, FINDING_WARNING,
			    "envelope-database %s has not been opened by srsd yet", path);
			findings_remedy(check->findings, "start srsd, or reload it");
			break;
		}
		findings_add(
		    check->findings, FINDING_OK, "envelope-database %s has no damage", path);
		break;
	default:
		findings_add(check->findings, FINDING_ERROR,
		    "envelope-database %s cannot be read: %s", path, problem);
		findings_remedy(check->findings, "see the log of srsd");
		break;
	}
}

static void
check_health(struct check *check, const char *path, const struct identity *id)
{
	struct examine_job job = { path };
	const struct confined_work work = {
		.run = examine_database,
		.arg = &job,
		.seconds = EXAMINE_SECONDS,
		.doing = "examines the database",
		.opens_files = true,
	};
	char error[CONFINED_ERROR_SIZE];
	json_t *report = confined_run(&work, id, error);

	if (report == NULL) {
		findings_add(check->findings, FINDING_SKIPPED, "envelope-database %s", path);
		findings_remedy(check->findings, "%s", error);
		return;
	}
	report_health(check, path, report);
	json_decref(report);
}

static void
check_sqlite(struct check *check, const char *path)
{
	char *copy = xstrdup(path), *directory = dirname(copy);
	struct identity id;

	if (find_daemon_user(check, &id) && check_directory(check, directory, &id)) {
		check_space(check, directory);
		if (check_database_file(check, path, &id))
			check_health(check, path, &id);
	}
	free(copy);
}

#else

static void
check_sqlite(struct check *check, const char *path)
{
	findings_add(
	    check->findings, FINDING_ERROR, "envelope-database %s: srsd has no SQLite", path);
	findings_remedy(check->findings, "build it with SQLite, or use a Redis server");
}

#endif

#ifdef HAVE_HIREDIS

#include "srsd/store/store_redis_durability.h"

struct server_job {
	const struct store_redis_url *url;
	struct store_redis_settings redis;
	const struct identity *id;
	bool is_asked;
	struct store_redis_durability durability;
	char problem[STORE_PROBLEM_SIZE];
};

static void
ask_server(struct server_job *job)
{
	job->is_asked = store_redis_durability_ask(&job->redis, &job->durability, job->problem);
	if (!job->is_asked && job->problem[0] == '\0')
		strlcpy(job->problem, "no answer", sizeof(job->problem));
}

/* prepare_server - finds its addresses; no sandbox lets a unix socket be connected */
static json_t *
prepare_server(void *arg)
{
	struct server_job *job = arg;
	const char *why;

	if (!store_redis_url_resolve(job->url, &job->redis.endpoint, &why))
		return confined_failure(why);
	if (job->url->path[0] == '\0')
		return NULL;
	if (!privdrop_become(job->id))
		return confined_failure("cannot drop privileges");
	ask_server(job);
	return NULL;
}

static json_t *
run_server(void *arg)
{
	struct server_job *job = arg;
	const struct store_redis_durability *d = &job->durability;

	if (!job->is_asked && job->problem[0] == '\0')
		ask_server(job);
	if (!job->is_asked)
		return confined_failure(job->problem);
	return json_pack("{s:s, s:s, s:s}", "policy", d->value[STORE_REDIS_MAXMEMORY_POLICY],
	    "appendonly", d->value[STORE_REDIS_APPENDONLY], "appendfsync",
	    d->value[STORE_REDIS_APPENDFSYNC]);
}

/* read_server_password - NULL: without one, or *skipped, which was reported */
static char *
read_server_password(struct check *check, bool *skipped)
{
	const char *path = check->settings->envelope_database_password_file, *why;
	char *password = NULL;
	struct file file;

	*skipped = false;
	if (path[0] == '\0')
		return NULL;
	if (!file_read(&file, path, PASSWORD_FILE_MAX, &why)) {
		*skipped = true;
		findings_add(check->findings, errno == EACCES ? FINDING_SKIPPED : FINDING_ERROR,
		    "envelope-database-password-file %s", path);
		findings_remedy(check->findings, "%s", why);
		return NULL;
	}
	password = xstrndup(file.data, strcspn(file.data, "\r\n"));
	file_free(&file);
	return password;
}

static void
report_eviction(struct check *check, const char *database, const char *policy)
{
	if (strcmp(policy, "noeviction") == 0)
		return;
	if (strcmp(policy, STORE_REDIS_UNKNOWN) == 0) {
		findings_add(check->findings, FINDING_SKIPPED, "maxmemory-policy of %s", database);
		findings_remedy(check->findings,
		    "the server does not show it to this user; it must be noeviction");
		return;
	}
	findings_add(check->findings, FINDING_ERROR,
	    "%s removes senders when it runs short of memory: maxmemory-policy is %s", database,
	    policy);
	findings_remedy(check->findings, "redis-cli config set maxmemory-policy noeviction, and in "
					 "its configuration file");
}

/* report_promise - what a sender that the server has confirmed survives */
static void
report_promise(
    struct check *check, const char *database, const char *appendonly, const char *appendfsync)
{
	if (strcmp(appendonly, "yes") == 0 && strcmp(appendfsync, "always") == 0) {
		findings_add(check->findings, FINDING_OK,
		    "%s has a sender on disk before its address is given out", database);
		return;
	}
	if (strcmp(appendonly, STORE_REDIS_UNKNOWN) == 0 ||
	    strcmp(appendfsync, STORE_REDIS_UNKNOWN) == 0) {
		findings_add(
		    check->findings, FINDING_SKIPPED, "appendonly and appendfsync of %s", database);
		findings_remedy(check->findings,
		    "the server does not show them to this user; only yes and always have a sender "
		    "on disk before its address is given out");
		return;
	}
	findings_add(check->findings, FINDING_WARNING,
	    strcmp(appendonly, "yes") == 0
		? "a crash of %s loses the senders of a second or more: appendfsync is not always"
		: "a crash of %s loses all senders since its last snapshot: appendonly is not yes",
	    database);
	findings_remedy(check->findings, "appendonly yes and appendfsync always in its "
					 "configuration file");
}

static void
report_server(struct check *check, const char *database, const json_t *reply)
{
	findings_add(check->findings, FINDING_OK, "envelope-database %s answers", database);
	report_eviction(check, database, ctl_text(reply, "policy"));
	report_promise(
	    check, database, ctl_text(reply, "appendonly"), ctl_text(reply, "appendfsync"));
}

static void
check_server(struct check *check, const struct store_redis_url *url, const char *password)
{
	const char *user = check->settings->envelope_database_user;
	const char *database = check->settings->envelope_database;
	struct identity id;
	struct server_job job = {
		.url = url,
		.redis = {
			.name = database,
			.user = user[0] == '\0' ? NULL : user,
			.password = password,
			.patience_ms = SERVER_MS,
		},
		.id = &id,
	};
	const struct confined_work work = {
		.prepare = prepare_server,
		.run = run_server,
		.arg = &job,
		.seconds = SERVER_SECONDS,
		.doing = "asks the server",
	};
	char error[CONFINED_ERROR_SIZE];
	json_t *reply;

	if (!find_daemon_user(check, &id))
		return;
	reply = confined_run(&work, &id, error);
	if (reply == NULL) {
		findings_add(
		    check->findings, FINDING_ERROR, "envelope-database %s: %s", database, error);
		findings_remedy(check->findings,
		    "start the server, and compare its address, user and password with srsd.conf");
		return;
	}
	report_server(check, database, reply);
	json_decref(reply);
}

static void
check_redis(struct check *check, const char *database)
{
	struct store_redis_url url;
	char *password = NULL;
	bool skipped = false;
	const char *why;

	if (!store_redis_url_parse(&url, database, &why)) {
		findings_add(
		    check->findings, FINDING_ERROR, "envelope-database %s: %s", database, why);
		findings_remedy(check->findings, "use " STORE_REDIS_FORMS);
		return;
	}
	password = read_server_password(check, &skipped);
	if (skipped)
		return;
	if (password == NULL && store_redis_url_needs_password(&url)) {
		findings_add(check->findings, FINDING_ERROR,
		    "envelope-database %s is not on this host, and has no password", database);
		findings_remedy(check->findings,
		    "set envelope-database-password-file: srsd does not start without it");
	} else {
		check_server(check, &url, password);
	}
	if (password != NULL)
		freezero(password, strlen(password));
}

#else

static void
check_redis(struct check *check, const char *database)
{
	findings_add(
	    check->findings, FINDING_ERROR, "envelope-database %s: srsd has no hiredis", database);
	findings_remedy(check->findings, "build it with hiredis, or use an SQLite file");
}

#endif

/* report_store - what the daemon says of the database */
static void
report_store(struct check *check, const json_t *store)
{
	const char *database = check->settings->envelope_database;
	const json_t *problem = json_object_get(store, "problem");
	long long rows = ctl_number(store, "rows"), limit = ctl_number(store, "limit");

	if (strcmp(ctl_text(store, "database"), database) != 0) {
		findings_add(check->findings, FINDING_ERROR,
		    "the daemon does not use envelope-database %s", database);
		findings_remedy(check->findings,
		    "run srsctl reload, and make sure that the daemon reads this configuration "
		    "file");
	} else if (!json_is_true(json_object_get(store, "connected")) || json_is_string(problem)) {
		findings_add(check->findings, FINDING_ERROR,
		    "the daemon cannot use envelope-database: %s",
		    json_is_string(problem) ? ctl_string(problem) : "not connected");
		findings_remedy(check->findings,
		    "until it can, mail whose sender is stored is deferred; its log has more");
	} else if (limit > 0 && rows / NEARLY_FULL >= limit / 100) {
		findings_add(check->findings, FINDING_WARNING,
		    "envelope-database has %lld rows of envelope-limit, %lld", rows, limit);
		findings_remedy(check->findings,
		    "raise envelope-limit: at the limit, long senders are deferred");
	} else {
		findings_add(
		    check->findings, FINDING_OK, "the daemon uses envelope-database %s", database);
	}
}

static void
check_daemon_store(struct check *check)
{
	json_t *request = json_pack("{s:s}", "command", "status"), *reply;
	char error[CTL_ERROR_SIZE];

	reply = ctl_ask(check->ctl, request, CTL_SHOWN, error);
	json_decref(request);
	if (reply != NULL) {
		report_store(check, json_object_get(reply, "store"));
	} else {
		findings_add(check->findings, FINDING_SKIPPED, "envelope-database in the daemon");
		findings_remedy(check->findings, "%s", error);
	}
	json_decref(reply);
}

void
check_store(struct check *check)
{
	const char *database = check->settings->envelope_database;

	if (!envelope_database_is_set(database))
		return;
	if (envelope_database_path(database) != NULL)
		check_sqlite(check, envelope_database_path(database));
	else if (envelope_database_server(database) != NULL)
		check_redis(check, database);
	check_daemon_store(check);
}
