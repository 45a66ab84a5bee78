/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "srsd/ctl/check/check.h"

#define ERROR_SIZE 1024

/* 2024-01-01: a clock before that was never set. */
#define CLOCK_MIN ((time_t)1704067200)

/* A file on a server with another clock may be a bit younger than now. */
#define CLOCK_SKEW 60

/* identify_daemon - its user or, for a file of our own, we ourselves */
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

/* report_weak_secrets - true when a secret is hardly meant to be one, or can be guessed */
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
		    "srsctl secret new makes a better one; retire the other when srsctl secret "
		    "list says that it may go");
	}
	return any;
}

static void
check_secrets(struct check *check)
{
	const char *file = check->settings->secrets_file;
	const struct identity daemon = identify_daemon(check->settings);
	char error[ERROR_SIZE];

	if (access(file, R_OK) == -1 && errno == EACCES) {
		findings_add(check->findings, FINDING_SKIPPED, "secrets-file %s", file);
		findings_remedy(check->findings, "only root and the daemon may read it");
		return;
	}
	check->keys = srs_keys_load(NULL, file, &daemon, error, sizeof(error));
	if (check->keys == NULL) {
		findings_add(check->findings, FINDING_ERROR, "%s", error);
		findings_remedy(check->findings,
		    "its owner and mode are root and 0600, or 0640 with the daemon's group");
		return;
	}
	if (report_weak_secrets(check))
		return;
	findings_add(check->findings, FINDING_OK, "secrets-file %s: %zu secrets", file,
	    srs_keys_count(check->keys));
}

static void
check_domains(struct check *check)
{
	const struct settings *settings = check->settings;
	struct stat st;

	if (settings->domains_file[0] != '\0' && stat(settings->domains_file, &st) == 0 &&
	    (st.st_mode & S_IWOTH)) {
		findings_add(check->findings, FINDING_ERROR,
		    "domains-file %s: anybody may change it", settings->domains_file);
		findings_remedy(check->findings, "chmod o-w %s", settings->domains_file);
		return;
	}
	findings_add(check->findings, FINDING_OK, "domains: %zu of our own",
	    domainset_size(settings->own_domains));
}

static void
check_clock(struct check *check)
{
	struct stat st = { .st_mtime = 0 };

	if (check->now < CLOCK_MIN) {
		findings_add(check->findings, FINDING_ERROR, "the clock stands before 2024");
	} else if (stat(check->settings->secrets_file, &st) == 0 &&
		   st.st_mtime > check->now + CLOCK_SKEW) {
		findings_add(check->findings, FINDING_ERROR,
		    "the clock stands before the last change of %s", check->settings->secrets_file);
	} else {
		findings_add(check->findings, FINDING_OK, "clock");
		return;
	}
	findings_remedy(check->findings,
	    "set it, and keep it right with NTP: SRS addresses are valid by their date");
}

void
check_files(struct check *check)
{
	check_secrets(check);
	check_domains(check);
	check_clock(check);
}
