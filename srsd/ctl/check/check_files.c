/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "srsd/ctl/check/check.h"

#define ERROR_SIZE 1024

/* 2024-01-01: a clock before that has never been set. */
#define CLOCK_MIN ((time_t)1704067200)

/* Seconds: a file server has another clock. */
#define CLOCK_SKEW 60

/* identify_daemon - the user of the daemon, or the caller if the file belongs to it */
static struct identity
identify_daemon(const struct settings *settings)
{
	const struct passwd *daemon = getpwnam(settings->unprivileged_user);
	struct identity id = { geteuid(), getegid() };
	struct stat st;

	if (daemon == NULL)
		return id;
	id.gid = daemon->pw_gid;
	if (stat(settings->secrets_file, &st) == -1 || st.st_uid != id.uid)
		id.uid = daemon->pw_uid;
	return id;
}

/* report_weak_secrets - true when a secret can be guessed, or is probably a mistake */
static bool
report_weak_secrets(struct check *check)
{
	char text[SRS_KEYS_DOUBT_SIZE];
	enum srs_keys_doubt kind;
	bool any = false;

	for (kind = 0; kind < SRS_KEYS_DOUBTS; kind++) {
		if (!srs_keys_doubt(check->keys, kind, text))
			continue;
		any = true;
		findings_add(check->findings, FINDING_WARNING, "secrets-file %s: %s",
		    check->settings->secrets_file, text);
		findings_remedy(check->findings,
		    "generate a better one with srsctl secret new, and retire the old one when "
		    "srsctl secret list permits it");
	}
	return any;
}

/* is_file_exposed - owner, group or mode permit access to other users */
static bool
is_file_exposed(const char *file, const struct identity *daemon)
{
	struct stat st;

	return stat(file, &st) == 0 && srs_keys_file_error(&st, daemon) != NULL;
}

static void
check_secrets(struct check *check)
{
	const char *file = check->settings->secrets_file;
	const struct identity daemon = identify_daemon(check->settings);
	char error[ERROR_SIZE];
	size_t n;

	if (access(file, R_OK) == -1 && errno == EACCES) {
		findings_add(check->findings, FINDING_SKIPPED, "secrets-file %s", file);
		findings_remedy(check->findings, "only root and the daemon can read it");
		return;
	}
	check->keys = srs_keys_load(NULL, file, &daemon, error, sizeof(error));
	if (check->keys == NULL) {
		findings_add(check->findings, FINDING_ERROR, "%s", error);
		if (is_file_exposed(file, &daemon))
			findings_remedy(check->findings,
			    "it must belong to root with mode 0600, or with the daemon's group and "
			    "mode 0640");
		return;
	}
	if (report_weak_secrets(check))
		return;
	n = srs_keys_count(check->keys);
	findings_add(check->findings, FINDING_OK, "secrets-file %s: %zu %s", file, n,
	    n == 1 ? "secret" : "secrets");
}

static void
check_domains(struct check *check)
{
	const struct settings *settings = check->settings;
	struct stat st;
	size_t n;

	if (settings->domains_file[0] != '\0' && stat(settings->domains_file, &st) == 0 &&
	    (st.st_mode & S_IWOTH)) {
		findings_add(check->findings, FINDING_ERROR,
		    "domains-file %s: all users can change it", settings->domains_file);
		findings_remedy(check->findings, "chmod o-w %s", settings->domains_file);
		return;
	}
	n = domainset_size(settings->own_domains);
	findings_add(
	    check->findings, FINDING_OK, "domains: %zu own domain%s", n, n == 1 ? "" : "s");
}

static void
check_clock(struct check *check)
{
	struct stat st = { .st_mtime = 0 };

	if (check->now < CLOCK_MIN) {
		findings_add(check->findings, FINDING_ERROR, "the clock is set before 2024");
	} else if (stat(check->settings->secrets_file, &st) == 0 &&
		   st.st_mtime > check->now + CLOCK_SKEW) {
		findings_add(check->findings, FINDING_ERROR,
		    "the clock is set before the last change of %s", check->settings->secrets_file);
	} else {
		findings_add(check->findings, FINDING_OK, "clock");
		return;
	}
	findings_remedy(
	    check->findings, "set it and synchronize it with NTP: SRS addresses contain a date");
}

void
check_files(struct check *check)
{
	check_secrets(check);
	check_domains(check);
	check_clock(check);
}
