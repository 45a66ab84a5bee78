/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "tests/replay/captured_log.h"
#include "tests/replay/fake_network.h"
#include "tests/replay/steps.h"
#include "tests/replay/text.h"

/* find_line - a line that matches, or not; the lines up to it are removed and appended to *seen */
static bool
find_line(const struct text_pattern *want, char **seen)
{
	char *line, *more;
	bool found = false;

	*seen = xstrdup("");
	while (!found && (line = captured_log_take()) != NULL) {
		found = text_matches(want, line, strlen(line));
		xasprintf(&more, "%s\n    %s", *seen, line);
		free(*seen);
		*seen = more;
		free(line);
	}
	return found;
}

/* look_for - is there such a line? */
static bool
look_for(struct story *story, struct word want, bool wanted)
{
	struct text_pattern text;
	const char *error;
	char *seen;
	bool found;

	if (!text_read(&text, want.s, want.len, &error))
		return story_fail(story, "log: %s", error);
	found = find_line(&text, &seen);
	text_free(&text);
	if (found != wanted)
		story_fail(story, "log:\n  %s %.*s\n  got%s", wanted ? "expected" : "unexpected",
		    (int)want.len, want.s, *seen == '\0' ? " (nothing)" : seen);
	free(seen);
	return found == wanted;
}

/* look_at_next - the next line is this one */
static bool
look_at_next(struct story *story, struct word want)
{
	char *line = captured_log_take();
	bool ok;

	ok = story_compare(story, "log", line, line == NULL ? 0 : strlen(line), want);
	free(line);
	return ok;
}

static bool
look_at_nothing(struct story *story, const char *what, char *got)
{
	const struct word nothing = word_of_text("nothing");
	bool ok = got == NULL || story_differs(story, what, got, strlen(got), nothing);

	free(got);
	return ok;
}

bool
step_log(struct story *story, struct word line)
{
	struct word rest = word_rest(line), word;

	if (word_is(rest, "nothing"))
		return look_at_nothing(story, "log", captured_log_take());
	if (!word_next(&line, &word))
		return story_fail(story, "log wants a line");
	if (word_is(word, "only"))
		return look_at_next(story, word_rest(line));
	if (word_is(word, "no"))
		return look_for(story, word_rest(line), false);
	return look_for(story, rest, true);
}

/* sorted - "TYPE NAME" pairs in the order of the network's report; the caller frees the text */
static char *
sorted(struct word line)
{
	struct word type, name;
	char **pair = NULL;
	size_t n = 0;

	while (word_next(&line, &type) && word_next(&line, &name)) {
		pair = xreallocarray(pair, n + 1, sizeof(*pair));
		xasprintf(&pair[n++], "%.*s %.*s", (int)type.len, type.s, (int)name.len, name.s);
	}
	return words_sorted(pair, n);
}

/* look_at_questions - frees got */
static bool
look_at_questions(struct story *story, const char *what, char *got, struct word line)
{
	char *want = sorted(line);
	bool ok =
	    story_compare(story, what, got, got == NULL ? 0 : strlen(got), word_of_text(want));

	free(want);
	free(got);
	return ok;
}

bool
step_dns(struct story *story, struct word line)
{
	struct word rest = word_rest(line);
	char *asked;

	if (word_is(rest, "nothing"))
		return look_at_nothing(story, "dns", fake_network_asked());
	if (!word_is(rest, "forget"))
		return look_at_questions(story, "dns", fake_network_asked(), line);
	while ((asked = fake_network_asked()) != NULL)
		free(asked);
	return true;
}

bool
step_cancelled(struct story *story, struct word line)
{
	if (word_is(word_rest(line), "nothing"))
		return look_at_nothing(story, "cancelled", fake_network_cancelled());
	return look_at_questions(story, "cancelled", fake_network_cancelled(), line);
}

/* find_metric - its value as text, cut off its line; NULL: there is no such metric */
static const char *
find_metric(char *page, struct word name)
{
	char *line;

	while ((line = strsep(&page, "\n")) != NULL)
		if (strlen(line) > name.len && memcmp(line, name.s, name.len) == 0 &&
		    line[name.len] == ' ')
			return line + name.len + 1;
	return NULL;
}

bool
step_metric(struct story *story, struct word line)
{
	struct word name;
	const char *value;
	char *page;
	bool ok;

	if (!word_next(&line, &name))
		return story_fail(story, "metric wants a name and a value");
	if (!steps_start(story))
		return false;
	page = world_metrics(&story->world);
	value = find_metric(page, name);
	ok = story_compare(
	    story, "metric", value, value == NULL ? 0 : strlen(value), word_rest(line));
	free(page);
	return ok;
}
