/* SPDX-License-Identifier: ISC */
/*
 * Whether hash-format and hash-accept-compatible fit together, the calendar, and the secrets.
 */
#include "common/day.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/secret_file.h"
#include "srsd/srs/srs_hash_change.h"

/* Days after which a line that is over is only in the way. */
#define DAYS_LONG_PAST 30

/* check_unused_day - a date for the format that hash-format names */
static void
check_unused_day(struct check *check, enum hash_format format)
{
	const char *name = srs_hash_change_name(format);

	if (srs_hash_change_last_day(check->settings, format) == 0)
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "hash-accept-%s has no effect with hash-format %s", name, name);
	findings_remedy(check->findings, "remove the line, or set hash-format = \"%s\"",
	    srs_hash_change_name(srs_hash_change_other(check->settings)));
}

/* check_without_day - hashes of one format only */
static void
check_without_day(struct check *check)
{
	char until[DAY_TEXT_SIZE];

	if (check->settings->hash_format == HASH_SEPARATED) {
		findings_add(check->findings, FINDING_OK, "hash-format separated");
		return;
	}
	if (check->settings->reverse_domains.n > 0) {
		findings_add(check->findings, FINDING_OK, "hash-format compatible");
		return;
	}
	day_format(until, srs_hash_change_day(check->settings, check->now));
	findings_add(check->findings, FINDING_OK,
	    "hash-format compatible, for servers that share the secrets; a hash opens more than one "
	    "address. Where no other server shares them, better: srsctl secret new, hash-format = "
	    "\"separated\", hash-accept-compatible = \"%s\"",
	    until);
}

/* check_last_day - until which hashes of the other format are accepted */
static void
check_last_day(struct check *check, enum hash_format other)
{
	int last = srs_hash_change_last_day(check->settings, other), today = day_of(check->now);
	const char *name = srs_hash_change_name(other);
	char text[DAY_TEXT_SIZE], needed[DAY_TEXT_SIZE];

	day_format(text, last);
	day_format(needed, srs_hash_change_day(check->settings, check->now));
	if (last > srs_hash_change_day(check->settings, check->now)) {
		findings_add(check->findings, FINDING_WARNING,
		    "hash-accept-%s %s is later than bounces under way need", name, text);
		findings_remedy(check->findings, "hash-accept-%s = \"%s\"", name, needed);
	} else if (last < today - DAYS_LONG_PAST) {
		findings_add(
		    check->findings, FINDING_WARNING, "hash-accept-%s %s is long past", name, text);
		findings_remedy(check->findings, "remove the line");
	} else {
		findings_add(check->findings, FINDING_OK, "hash-format %s; %s hashes %s until %s",
		    srs_hash_change_name(check->settings->hash_format), name,
		    last < today ? "verified" : "verify", text);
	}
}

/* read_created - when the secret that signs was made; false when the files cannot be read */
static bool
read_created(const struct check *check, time_t *created)
{
	char error[SECRET_FILE_ERROR_SIZE];
	struct secret_file *file = secret_file_open(check->settings->secrets_file, NULL, error);
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
	enum hash_format other = srs_hash_change_other(check->settings);

	check_unused_day(check, check->settings->hash_format);
	if (srs_hash_change_last_day(check->settings, other) == 0)
		check_without_day(check);
	else
		check_last_day(check, other);
	if (check->settings->hash_format == HASH_SEPARATED)
		check_new_secret(check);
}
