/* SPDX-License-Identifier: ISC */
/* json_case - compares JSON values. */
#ifndef TESTS_UNIT_JSON_CASE_H
#define TESTS_UNIT_JSON_CASE_H

#include "tests/unit/unit.h"

#include <jansson.h>

/* json_case_keys - the object has exactly these members, in this order, separated by blanks */
static inline void
json_case_keys(const char *row, json_t *object, const char *want)
{
	char got[1000] = "";
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		if (got[0] != '\0')
			strncat(got, " ", sizeof(got) - strlen(got) - 1);
		strncat(got, key, sizeof(got) - strlen(got) - 1);
	}
	unit_text(row, "members", got, want);
}

/* json_case_is - compare a value with compact JSON */
static inline void
json_case_is(const char *row, const char *what, const json_t *value, const char *want)
{
	char *got = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	unit_text(row, what, got, want);
	free(got);
}

/* json_case_member - compare a member with compact JSON */
static inline void
json_case_member(const char *row, const json_t *object, const char *name, const char *want)
{
	json_case_is(row, name, json_object_get(object, name), want);
}

/* json_case_read - parse a JSON text; the caller owns the value */
static inline json_t *
json_case_read(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (value == NULL)
		fail_msg("%s: %s", text, error.text);
	return value;
}

#endif
