/* SPDX-License-Identifier: ISC */
/*
 * Whether hash-format and hash-accept-* agree with each other, with the date and with the secrets.
 */
#include "common/day.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/secret_file.h"
#include "srsd/srs/srs_hash_change.h"

/* Days after which an expired line is reported. */
#define DAYS_LONG_PAST 30

/* check_unused_day - a date for the format that hash-format already names */
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

/* check_without_day - only hashes of one format are accepted */
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
	    "hash-format compatible: a hash is valid for more than one address. Unless postsrsd or "
	    "Mail::SRS shares the secrets, run srsctl secret new and set hash-format = "
	    "\"separated\", hash-accept-compatible = \"%s\"",
	    until);
}

/* check_last_day - the last day on which hashes of the other format are accepted */
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
		    "hash-accept-%s %s is later than bounces in transit require", name, text);
		findings_remedy(check->findings, "hash-accept-%s = \"%s\"", name, needed);
	} else if (last < today - DAYS_LONG_PAST) {
		findings_add(
		    check->findings, FINDING_WARNING, "hash-accept-%s %s is long past", name, text);
		findings_remedy(check->findings, "remove the line");
	} else {
		findings_add(check->findings, FINDING_OK, "hash-format %s; %s hashes %s until %s",
		    srs_hash_change_name(check->settings->hash_format), name,
		    last < today ? "were accepted" : "are accepted", text);
	}
}

/* read_created - the time when the first secret was created; false when it cannot be read */
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
 * The format was changed max-age + 1 days before hash-accept-compatible.
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
	    "the first secret of %s is older than hash-format separated: it has signed compatible "
	    "hashes, too",
	    check->settings->secrets_file);
	findings_remedy(check->findings,
	    "run srsctl secret new, and retire the old one when srsctl secret list permits it; "
	    "until then, a change back would make all old hashes valid again");
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
