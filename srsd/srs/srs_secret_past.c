/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/day.h"
#include "srsd/srs/srs_secret_past.h"

/* hash-avoid-slash uses stamps of up to two days before. */
#define STAMP_DAYS 2

/* read_past_time - a word of a line; -1 when it is not a time */
static time_t
read_past_time(const char *word)
{
	const char *error;
	long long n = strtonum(word, 1, 1LL << 40, &error);

	return error == NULL ? (time_t)n : -1;
}

/* read_past_line - false for a comment, and for a line of another secret */
static bool
read_past_line(struct srs_secret_past *past, const char *s, size_t len)
{
	char line[SECRET_PAST_LINE_SIZE], *rest = line, *word[3];
	size_t i;

	if (len >= sizeof(line))
		return false;
	memcpy(line, s, len);
	line[len] = '\0';
	for (i = 0; i < 3; i++)
		if ((word[i] = strsep(&rest, " ")) == NULL)
			return false;
	if (strcmp(word[0], past->fingerprint) != 0)
		return false;
	past->created = read_past_time(word[1]);
	if (past->created == -1)
		past->created = 0;
	past->stopped = read_past_time(word[2]);
	if (past->stopped != -1)
		past->state = SECRET_STOPPED;
	else
		past->state = strcmp(word[2], "never") == 0 ? SECRET_UNUSED : SECRET_SIGNS;
	return true;
}

void
srs_secret_past_find(
    struct srs_secret_past *past, const char *text, size_t len, bool first, time_t changed)
{
	const char *s, *end = text + len, *nl;

	past->state = SECRET_SIGNS;
	past->created = 0;
	for (s = text; s < end; s = nl + 1) {
		nl = memchr(s, '\n', (size_t)(end - s));
		if (nl == NULL)
			nl = end;
		if (read_past_line(past, s, (size_t)(nl - s)))
			break;
	}
	if (first) {
		past->state = SECRET_SIGNS;
	} else if (past->state == SECRET_SIGNS) {
		past->state = SECRET_STOPPED;
		past->stopped = changed;
	}
}

static void
write_past_time(char text[21], time_t t)
{
	if (t == 0)
		strlcpy(text, "-", 21);
	else
		snprintf(text, 21, "%lld", (long long)t);
}

void
srs_secret_past_line(const struct srs_secret_past *past, char line[SECRET_PAST_LINE_SIZE])
{
	char created[21], stopped[21];

	write_past_time(created, past->created);
	write_past_time(stopped, past->state == SECRET_STOPPED ? past->stopped : 0);
	if (past->state == SECRET_UNUSED)
		strlcpy(stopped, "never", sizeof(stopped));
	snprintf(line, SECRET_PAST_LINE_SIZE, "%s %s %s\n", past->fingerprint, created, stopped);
}

time_t
srs_secret_past_end(const struct srs_secret_past *past, const struct settings *settings)
{
	int days = settings->max_age + 1 + (settings->hash_avoid_slash ? STAMP_DAYS : 0);

	return past->stopped + days * DAY_SECONDS;
}
