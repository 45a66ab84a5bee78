/* SPDX-License-Identifier: ISC */
/*
 * An SRS address holds the day on which it was signed modulo 1,024. Therefore an expired address
 * becomes valid again 1,024 days later, if its secret is still in the file.
 */
#include <sys/stat.h>

#include "common/day.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/secret_file.h"

/* Days after which a secret must be replaced; it can be retired max-age days after that. */
#define AGE_MAX 900

/* find_age - in days; a secret of unknown age is as old as the file, at least */
static long
find_age(const struct srs_secret_past *past, time_t changed, time_t now)
{
	time_t made = past->created == 0 ? changed : past->created;

	return made == 0 || made > now ? 0 : (long)((now - made) / DAY_SECONDS);
}

void
check_secret_age(struct check *check)
{
	const char *path = check->settings->secrets_file;
	const struct srs_secret_past *past;
	char error[SECRET_FILE_ERROR_SIZE];
	struct secret_file *file;
	struct stat st = { .st_mtime = 0 };
	size_t i;
	long age;

	/* check_files has reported why the file cannot be read. */
	file = secret_file_open(path, NULL, error);
	if (file == NULL)
		return;
	if (stat(path, &st) == -1)
		st.st_mtime = 0;
	for (i = 0; i < secret_file_count(file); i++) {
		past = secret_file_past(file, i);
		age = find_age(past, st.st_mtime, check->now);
		if (age <= AGE_MAX)
			continue;
		findings_add(check->findings, FINDING_WARNING,
		    "secrets-file %s: secret %s is %ld days old; what it signed becomes valid "
		    "again after 1024 days",
		    path, past->fingerprint, age);
		findings_remedy(check->findings,
		    "%srun srsctl secret retire %s when srsctl secret list permits it",
		    past->state == SECRET_SIGNS ? "run srsctl secret new, then " : "",
		    past->fingerprint);
	}
	secret_file_close(&file);
}
