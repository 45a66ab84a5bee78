/* SPDX-License-Identifier: ISC */
/*
 * Whether hash-format and hash-accept-compatible fit together, the calendar, and the secrets.
 */
#include <unistd.h>

#include "common/day.h"
#include "srsd/check.h"
#include "srsd/hash_change.h"
#include "srsd/secret_file.h"

/* Days after which a line that is over is only in the way. */
#define DAYS_LONG_PAST 30

static void
check_compatible(struct check *check)
{
	char until[DAY_TEXT_SIZE];

	if (check->settings->hash_accept_compatible != 0) {
		findings_add(check->findings, FINDING_WARNING,
		    "hash-accept-compatible has no effect with hash-format compatible");
		findings_remedy(
		    check->findings, "take the line out, or set hash-format = \"separated\"");
	} else if (check->settings->reverse_domains.n > 0) {
		findings_add(check->findings, FINDING_OK, "hash-format compatible");
	} else {
		day_format(until, hash_change_day(check->settings, check->now));
		findings_add(check->findings, FINDING_OK,
		    "hash-format compatible, for servers that share the secrets; a hash opens more "
		    "than one address. Where no other server shares them, better: srsctl secret "
		    "new, hash-format = \"separated\", hash-accept-compatible = \"%s\"",
		    until);
	}
}

static void
check_last_day(struct check *check)
{
	int last = check->settings->hash_accept_compatible, today = day_of(check->now);
	char text[DAY_TEXT_SIZE], needed[DAY_TEXT_SIZE];

	day_format(text, last);
	day_format(needed, hash_change_day(check->settings, check->now));
	if (last == 0) {
		findings_add(check->findings, FINDING_OK, "hash-format separated");
	} else if (last > hash_change_day(check->settings, check->now)) {
		findings_add(check->findings, FINDING_WARNING,
		    "hash-accept-compatible %s is later than bounces under way need", text);
		findings_remedy(check->findings,
		    "hash-accept-compatible = \"%s\"; until that day a compatible hash opens more "
		    "than one address",
		    needed);
	} else if (last < today - DAYS_LONG_PAST) {
		findings_add(check->findings, FINDING_WARNING,
		    "hash-accept-compatible %s is long past", text);
		findings_remedy(check->findings, "take the line out");
	} else {
		findings_add(check->findings, FINDING_OK,
		    last < today ? "hash-format separated; compatible hashes verified until %s"
				 : "hash-format separated; compatible hashes verify until %s",
		    text);
	}
}

/* read_created - when the secret that signs was made; false when the files cannot be read */
static bool
read_created(const struct check *check, time_t *created)
{
	struct secret_owner owner = { geteuid(), getegid(), 0 };
	char error[SECRET_FILE_ERROR_SIZE];
	struct secret_file *file =
	    secret_file_open(check->settings->secrets_file, false, &owner, error);
	bool known = file != NULL && secret_file_count(file) > 0;

	if (known)
		*created = secret_file_past(file, 0)->created;
	secret_file_close(&file);
	return known;
}

/*
 * check_new_secret - was the secret that signs made for the separated format?
 *
 * hash-accept-compatible says when the format was changed: max-age days and one before it.
 */
static void
check_new_secret(struct check *check)
{
	int changed = check->settings->hash_accept_compatible - check->settings->max_age - 1;
	time_t created;

	if (check->settings->hash_accept_compatible == 0 || !read_created(check, &created) ||
	    (created != 0 && day_of(created) >= changed))
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "the first secret of %s is older than hash-format separated: it signed compatible "
	    "hashes, too",
	    check->settings->secrets_file);
	findings_remedy(check->findings,
	    "srsctl secret new, and retire the old one when srsctl secret list says that it may "
	    "go; with it all old hashes would be right again after a change back");
}

void
check_hash(struct check *check)
{
	if (check->settings->hash_format == HASH_COMPATIBLE) {
		check_compatible(check);
		return;
	}
	check_last_day(check);
	check_new_secret(check);
}
