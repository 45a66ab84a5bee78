/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/xmalloc.h"
#include "tests/replay/words.h"

/* The longest time that may pass in one step. */
#define DURATION_MAX_MS (1000ull * 86400 * 4000)

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
skip(struct word *line, size_t n)
{
	line->s += n;
	line->len -= n;
}

static void
skip_blanks(struct word *line)
{
	while (line->len > 0 && is_blank(*line->s))
		skip(line, 1);
}

/* quoted_len - bytes up to the closing quote, or all */
static size_t
quoted_len(struct word text)
{
	size_t i;

	for (i = 1; i < text.len && text.s[i] != '"'; i++)
		if (text.s[i] == '\\')
			i++;
	return i < text.len ? i : text.len;
}

bool
word_next(struct word *line, struct word *word)
{
	size_t n = 0;

	skip_blanks(line);
	*word = *line;
	word->quoted = line->len > 0 && *line->s == '"';
	if (line->len == 0)
		return false;
	if (word->quoted) {
		n = quoted_len(*line);
		word->s++;
		word->len = n - 1;
		skip(line, n < line->len ? n + 1 : n);
		return true;
	}
	while (n < line->len && !is_blank(line->s[n]))
		n++;
	word->len = n;
	skip(line, n);
	return true;
}

struct word
word_rest(struct word line)
{
	skip_blanks(&line);
	while (line.len > 0 && is_blank(line.s[line.len - 1]))
		line.len--;
	if (line.len >= 2 && *line.s == '"' && quoted_len(line) == line.len - 1) {
		skip(&line, 1);
		line.len--;
	}
	return line;
}

bool
word_cut_arrow(struct word *line, struct word *rest)
{
	static const char arrow[] = " -> ";
	const char *at = memmem(line->s, line->len, arrow, strlen(arrow));

	if (at == NULL)
		return false;
	*rest = *line;
	skip(rest, (size_t)(at - line->s) + strlen(arrow));
	*rest = word_rest(*rest);
	line->len = (size_t)(at - line->s);
	return true;
}

bool
word_is(struct word word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.s, text, word.len) == 0;
}

bool
word_number(struct word word, uint64_t max, uint64_t *number)
{
	size_t i;

	*number = 0;
	for (i = 0; i < word.len && word.s[i] >= '0' && word.s[i] <= '9' && *number <= max; i++)
		*number = 10 * *number + (uint64_t)(word.s[i] - '0');
	return i > 0 && i == word.len && *number <= max;
}

bool
word_duration(struct word word, uint64_t *ms)
{
	static const struct {
		const char *unit;
		unsigned ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
		{ "d", 86400000 } };
	struct word number = word, unit = word;
	size_t i;

	while (unit.len > 0 && *unit.s >= '0' && *unit.s <= '9')
		skip(&unit, 1);
	number.len -= unit.len;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (word_is(unit, units[i].unit) &&
		    word_number(number, DURATION_MAX_MS / units[i].ms, ms)) {
			*ms *= units[i].ms;
			return true;
		}
	return false;
}

bool
word_time(struct word word, int64_t *when)
{
	char text[32];
	struct tm tm = { 0 };
	const char *end;

	if (word.len >= sizeof(text))
		return false;
	memcpy(text, word.s, word.len);
	text[word.len] = '\0';
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end == NULL || *end != '\0' || tm.tm_year < 70)
		return false;
	*when = timegm(&tm);
	return true;
}

static int
compare(const void *a, const void *b)
{
	const char *const *first = a, *const *second = b;

	return strcmp(*first, *second);
}

char *
words_sorted(char **texts, size_t n)
{
	char *all = xstrdup(""), *more;
	size_t i;

	if (n > 0)
		qsort(texts, n, sizeof(*texts), compare);
	for (i = 0; i < n; i++) {
		xasprintf(&more, "%s%s%s", all, i == 0 ? "" : " ", texts[i]);
		free(all);
		free(texts[i]);
		all = more;
	}
	free(texts);
	return all;
}
