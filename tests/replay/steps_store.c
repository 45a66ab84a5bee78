/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/replay/steps.h"
#include "tests/replay/text.h"

#define ROWS_MAX 1000000

static bool
set_mode(struct story *story, enum fake_store_mode mode, struct word line)
{
	struct word problem = word_rest(line);

	fake_store_set_mode(&story->world.store, mode, problem.s, problem.len);
	world_settle(&story->world);
	return true;
}

static bool
store_answering(struct story *story, struct word line)
{
	return set_mode(story, FAKE_STORE_ANSWERING, line);
}

static bool
store_silent(struct story *story, struct word line)
{
	return set_mode(story, FAKE_STORE_SILENT, line);
}

static bool
store_full(struct story *story, struct word line)
{
	return set_mode(story, FAKE_STORE_FULL, line);
}

static bool
store_failing(struct story *story, struct word line)
{
	return set_mode(story, FAKE_STORE_FAILING, line);
}

static bool
store_lost_step(struct story *story, struct word line)
{
	struct word problem = word_rest(line);

	fake_store_lose(&story->world.store, problem.s, problem.len);
	world_settle(&story->world);
	return true;
}

static bool
store_connected_step(struct story *story, struct word line)
{
	(void)line;
	fake_store_connect(&story->world.store);
	world_settle(&story->world);
	return true;
}

/* cut_alias - the key of the alias that is next in the line */
static bool
cut_alias(struct story *story, struct word *line, char alias[STORE_ALIAS_LEN + 1])
{
	struct word word;

	if (!word_next(line, &word) || word.len != STORE_ALIAS_LEN - 2)
		return story_fail(story, "an alias has %d characters", STORE_ALIAS_LEN - 2);
	memcpy(alias, word.s, word.len);
	memcpy(alias + word.len, "@1", 3);
	return true;
}

static bool
store_row(struct story *story, struct word line)
{
	char alias[STORE_ALIAS_LEN + 1], *bytes;
	struct text address;
	struct word rest;
	const char *error;
	bool written;

	if (!steps_start(story) || !cut_alias(story, &line, alias))
		return false;
	rest = word_rest(line);
	bytes = text_bytes(rest.s, rest.len, &address.len, &error);
	if (bytes == NULL)
		return story_fail(story, "%s", error);
	address.s = bytes;
	written = fake_store_write(&story->world.store, alias, address);
	free(bytes);
	return written || story_fail(story, "there is no envelope-database");
}

static bool
store_norow(struct story *story, struct word line)
{
	char alias[STORE_ALIAS_LEN + 1];

	if (!steps_start(story) || !cut_alias(story, &line, alias))
		return false;
	return fake_store_remove(&story->world.store, alias) ||
	       story_fail(story, "there is no such row");
}

/* compare_count - with the number in the line */
static bool
compare_count(struct story *story, const char *name, size_t got, struct word line)
{
	struct word word;
	char text[24];
	uint64_t want;

	if (!word_next(&line, &word) || !word_number(word, ROWS_MAX, &want))
		return story_fail(story, "store %s wants a number", name);
	snprintf(text, sizeof(text), "%zu", got);
	return got == want || story_differs(story, name, text, strlen(text), word);
}

static bool
store_rows(struct story *story, struct word line)
{
	return compare_count(story, "rows", fake_store_rows(&story->world.store), line);
}

static bool
store_puts(struct story *story, struct word line)
{
	return compare_count(story, "puts", fake_store_take(&story->world.store, STORE_PUT), line);
}

static bool
store_gets(struct story *story, struct word line)
{
	return compare_count(story, "gets", fake_store_take(&story->world.store, STORE_GET), line);
}

static bool
store_database(struct story *story, struct word line)
{
	const char *database = story->world.store.database;

	return story_compare(story, "database", database, strlen(database), word_rest(line));
}

static const struct {
	const char *name;
	step_fn *step;
} store_steps[] = {
	{ "answering", store_answering },
	{ "connected", store_connected_step },
	{ "database", store_database },
	{ "failing", store_failing },
	{ "full", store_full },
	{ "gets", store_gets },
	{ "lost", store_lost_step },
	{ "norow", store_norow },
	{ "puts", store_puts },
	{ "row", store_row },
	{ "rows", store_rows },
	{ "silent", store_silent },
};

bool
step_store(struct story *story, struct word line)
{
	struct word name;
	size_t i;

	if (word_next(&line, &name))
		for (i = 0; i < sizeof(store_steps) / sizeof(store_steps[0]); i++)
			if (word_is(name, store_steps[i].name))
				return store_steps[i].step(story, line);
	return story_fail(story, "store: no such step");
}
