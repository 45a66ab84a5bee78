/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "tests/replay/fake_network.h"
#include "tests/replay/steps.h"
#include "tests/replay/text.h"
#include "tests/replay/virtual_time.h"
#include "tests/replay/zone.h"

#define REPEAT_MAX 5000
#define SPLIT_MAX 1000000

/* Bytes of a file that is being written. */
struct file_text {
	char *data;
	size_t len;
};

static void
append(struct file_text *to, const char *data, size_t len)
{
	to->data = xreallocarray(to->data, to->len + len + 1, 1);
	memcpy(to->data + to->len, data, len);
	to->len += len;
	to->data[to->len++] = '\n';
}

static bool
append_text(struct story *story, struct file_text *to, struct word line)
{
	const char *error;
	size_t n;
	char *bytes = text_bytes(line.s, line.len, &n, &error);

	if (bytes == NULL)
		return story_fail(story, "%s", error);
	append(to, bytes, n);
	free(bytes);
	return true;
}

/* write_file - a file from the lines that follow */
static bool
write_file(struct story *story, enum world_file file, bool escapes)
{
	struct file_text text = { NULL, 0 };
	struct word line;
	bool ok = true;

	while (ok && story_block_line(story, &line)) {
		if (escapes)
			ok = append_text(story, &text, line);
		else
			append(&text, line.s, line.len);
	}
	world_write(&story->world, file, text.data == NULL ? "" : text.data, text.len);
	free(text.data);
	return ok;
}

static bool
step_config(struct story *story, struct word line)
{
	(void)line;
	return write_file(story, WORLD_CONFIG, false);
}

static bool
step_secrets(struct story *story, struct word line)
{
	(void)line;
	return write_file(story, WORLD_SECRETS, true);
}

static bool
step_domains(struct story *story, struct word line)
{
	(void)line;
	return write_file(story, WORLD_DOMAINS, true);
}

static bool
step_zone(struct story *story, struct word line)
{
	struct zone *zone = zone_new();
	const char *error;
	bool ok = true;

	while (ok && story_block_line(story, &line))
		if (word_rest(line).len > 0 && *line.s != '#')
			ok = zone_add(zone, line.s, line.len, &error) ||
			     story_fail(story, "%s", error);
	fake_network_set_zone(zone);
	return ok;
}

bool
steps_start(struct story *story)
{
	char error[CONFIG_ERROR_SIZE];

	return world_start(&story->world, error) || story_fail(story, "no services: %s", error);
}

/* cut_refused - the expected error after the word "refused"; false if none is expected */
static bool
cut_refused(struct word line, struct word *want)
{
	struct word word;

	if (!word_next(&line, &word) || !word_is(word, "refused"))
		return false;
	*want = word_rest(line);
	return true;
}

static bool
step_reload(struct story *story, struct word line)
{
	char error[CONFIG_ERROR_SIZE];
	struct word want;
	bool refused = cut_refused(line, &want), ok;

	if (!steps_start(story))
		return false;
	ok = world_reload(&story->world, error);
	if (ok)
		return !refused || story_differs(story, "reload", NULL, 0, want);
	return refused ? story_compare(story, "reload refused", error, strlen(error), want)
		       : story_fail(story, "reload refused: %s", error);
}

static bool
step_start(struct story *story, struct word line)
{
	char error[CONFIG_ERROR_SIZE];
	struct word want;

	if (!cut_refused(line, &want))
		return steps_start(story);
	if (world_start(&story->world, error))
		return story_differs(story, "start", NULL, 0, want);
	return story_compare(story, "start refused", error, strlen(error), want);
}

static bool
step_clock(struct story *story, struct word line)
{
	struct word word, duration;
	time_t now = virtual_time_wall();
	int64_t when;
	uint64_t ms;

	if (!word_next(&line, &word))
		return story_fail(story, "clock wants a time");
	if (word_time(word, &when)) {
		virtual_time_set_wall((time_t)when);
		return true;
	}
	duration = word_of(word.s + 1, word.len == 0 ? 0 : word.len - 1);
	if (word.len == 0 || (*word.s != '+' && *word.s != '-') || !word_duration(duration, &ms))
		return story_fail(story, "clock wants a time, or how far to move");
	when = (int64_t)(ms / 1000);
	if (*word.s == '-' && when > now)
		return story_fail(story, "there was no time before 1970");
	virtual_time_set_wall(*word.s == '+' ? now + (time_t)when : now - (time_t)when);
	return true;
}

static bool
step_wait(struct story *story, struct word line)
{
	struct word word;
	uint64_t ms;

	if (!word_next(&line, &word) || !word_duration(word, &ms))
		return story_fail(story, "wait wants a duration");
	world_wait(&story->world, ms);
	return true;
}

static bool
step_split(struct story *story, struct word line)
{
	struct word word;
	uint64_t n;

	if (!word_next(&line, &word) || !word_number(word, SPLIT_MAX, &n))
		return story_fail(story, "split wants a number");
	story->world.split = (size_t)n;
	return true;
}

static bool
step_verbose(struct story *story, struct word line)
{
	(void)story;
	(void)line;
	log_verbose(1);
	return true;
}

/* numbered - a line with the number instead of each {n}; the caller frees it */
static char *
numbered(struct word line, unsigned long n, size_t *len)
{
	static const char mark[] = "{n}";
	struct file_text text = { NULL, 0 };
	const char *at, *end = line.s + line.len;
	char number[24];
	int digits = snprintf(number, sizeof(number), "%lu", n);

	while ((at = memmem(line.s, (size_t)(end - line.s), mark, strlen(mark))) != NULL) {
		append(&text, line.s, (size_t)(at - line.s));
		text.len--; /* its NEWLINE */
		append(&text, number, (size_t)digits);
		text.len--;
		line.s = at + strlen(mark);
	}
	append(&text, line.s, (size_t)(end - line.s));
	*len = text.len - 1;
	return text.data;
}

static bool
step_repeat(struct story *story, struct word line)
{
	struct word word;
	uint64_t n, i;
	bool ok = true;
	size_t len;
	char *text;

	if (story->turn > 0 || !word_next(&line, &word) || !word_number(word, REPEAT_MAX, &n))
		return story_fail(
		    story, "repeat wants a number, at most %d, and a step", REPEAT_MAX);
	for (i = 1; ok && i <= n; i++) {
		story->turn = (unsigned)i;
		text = numbered(word_rest(line), (unsigned long)i, &len);
		ok = story_step(story, word_of(text, len));
		free(text);
	}
	story->turn = 0;
	return ok;
}

static const struct {
	const char *name;
	step_fn *step;
} steps[] = {
	{ "answer", step_answer },
	{ "ask", step_ask },
	{ "cancelled", step_cancelled },
	{ "clock", step_clock },
	{ "close", step_close },
	{ "config", step_config },
	{ "control", step_control },
	{ "dns", step_dns },
	{ "domains", step_domains },
	{ "expect", step_expect },
	{ "forward", step_forward },
	{ "log", step_log },
	{ "metric", step_metric },
	{ "milter", step_milter },
	{ "mta", step_mta },
	{ "open", step_open },
	{ "policy", step_policy },
	{ "reload", step_reload },
	{ "repeat", step_repeat },
	{ "replies", step_replies },
	{ "reverse", step_reverse },
	{ "secrets", step_secrets },
	{ "send", step_send },
	{ "socketmap", step_socketmap },
	{ "split", step_split },
	{ "start", step_start },
	{ "store", step_store },
	{ "vanish", step_vanish },
	{ "verbose", step_verbose },
	{ "wait", step_wait },
	{ "zone", step_zone },
};

bool
story_step(struct story *story, struct word line)
{
	struct word name;
	size_t i;

	if (story->steps == 0)
		return story_fail(story, "the story is too long");
	story->steps--;
	if (word_next(&line, &name))
		for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
			if (word_is(name, steps[i].name))
				return steps[i].step(story, line);
	return story_fail(story, "no such step: %.*s", (int)name.len, name.s);
}
