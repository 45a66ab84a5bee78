/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "srsd/check.h"

#define ERROR_SIZE 1024

/* 2024-01-01: a clock before that was never set. */
#define CLOCK_MIN ((time_t)1704067200)

/* A file on a server with another clock may be a bit younger than now. */
#define CLOCK_SKEW 60

/* A file that is owned by whom changes it must be root's or the daemon's. */
static void
check_owner(struct check *check, const struct stat *st, const struct passwd *daemon)
{
	const char *file = check->settings->secrets_file;

	if (st->st_uid == 0 || st->st_uid == geteuid() ||
	    (daemon != NULL && st->st_uid == daemon->pw_uid))
		return;
	findings_add(check->findings, FINDING_WARNING, "secrets-file %s belongs to user %u", file,
	    (unsigned)st->st_uid);
	findings_remedy(check->findings, "chown root %s", file);
}

static void
check_secrets(struct check *check)
{
	const char *file = check->settings->secrets_file;
	const struct passwd *daemon = getpwnam(check->settings->unprivileged_user);
	char error[ERROR_SIZE];
	struct stat st;

	if (access(file, R_OK) == -1 && errno == EACCES) {
		findings_add(check->findings, FINDING_SKIPPED, "secrets-file %s", file);
		findings_remedy(check->findings, "only root and the daemon may read it");
		return;
	}
	check->keys = srs_keys_load(
	    NULL, file, daemon == NULL ? getegid() : daemon->pw_gid, error, sizeof(error));
	if (check->keys == NULL) {
		findings_add(check->findings, FINDING_ERROR, "%s", error);
		findings_remedy(check->findings,
		    "its owner and mode are root and 0600, or 0640 with the daemon's group");
		return;
	}
	if (stat(file, &st) == 0)
		check_owner(check, &st, daemon);
	if (srs_keys_are_weak(check->keys)) {
		findings_add(check->findings, FINDING_WARNING,
		    "secrets-file %s: a secret of less than 16 bytes can be guessed", file);
		findings_remedy(check->findings,
		    "srsctl secret new makes a better one; retire the short one when srsctl secret "
		    "list says that it may go");
		return;
	}
	findings_add(check->findings, FINDING_OK, "secrets-file %s: %zu secrets", file,
	    srs_keys_count(check->keys));
}

static void
check_domains(struct check *check)
{
	const struct settings *settings = check->settings;
	size_t n = domainset_size(settings->own_domains);
	struct stat st;

	if (settings->domains_file[0] != '\0' && stat(settings->domains_file, &st) == 0 &&
	    (st.st_mode & S_IWOTH)) {
		findings_add(check->findings, FINDING_ERROR,
		    "domains-file %s: anybody may change it", settings->domains_file);
		findings_remedy(check->findings, "chmod o-w %s", settings->domains_file);
	}
	if (n > 1 || settings->always_rewrite) {
		findings_add(check->findings, FINDING_OK, "domains: %zu of our own", n);
		return;
	}
	findings_add(check->findings, FINDING_WARNING,
	    "domains: none but srs-domain, so that senders of your own domains are rewritten too");
	findings_remedy(check->findings, "name your domains in domains or domains-file");
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
