/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/closest.h"

#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
test_found(void **state)
{
	static const struct {
		const char *word, *candidates[4], *want; /* want NULL: too far */
	} rows[] = {
		{ "status", { "status" }, "status" },
		{ "staus", { "store", "status", "spf" }, "status" },
		{ "sttaus", { "status" }, "status" }, /* swapped: one mistake */
		{ "statuss", { "status" }, "status" },
		{ "stbtus", { "status" }, "status" },
		{ "srs-domian", { "srs-forged", "srs-domain", "domains" }, "srs-domain" },
		{ "pol", { "top", "policy" }, NULL },
		{ "tpo", { "top", "spf" }, "top" },
		{ "abc", { "bcd" }, NULL },
		{ "chekc", { "check" }, "check" },
		{ "SRS-Domain", { "srs-forged", "srs-domain" }, "srs-domain" },
		{ "CHEKC", { "check" }, "check" },
		{ "cheks", { "check", "checks" }, "checks" },
		{ "spx", { "spf", "spa" }, "spf" }, /* the first of two that are as near */
		{ "statxyz", { "status" }, NULL },
		{ "envelope-dtaabsae", { "envelope-database" }, "envelope-database" },
		{ "domains-file-xxxx", { "domains-file" }, NULL },
		{ "a", { "b" }, NULL }, /* nothing of the candidate is left */
		{ "", { "a" }, NULL },
		{ "a", { "" }, NULL },
		{ "", { "" }, NULL },
		{ X63, { X63 }, X63 },
		{ X63 "x", { X63 }, NULL }, /* too long to be compared */
		{ X63, { X63 "x" }, NULL },
	};
	struct closest closest;
	char *copy;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].word, strlen(rows[i].word));
		closest_start(&closest, copy, strlen(rows[i].word));
		for (j = 0; j < COUNT(rows[i].candidates) && rows[i].candidates[j] != NULL; j++)
			closest_consider(
			    &closest, rows[i].candidates[j], strlen(rows[i].candidates[j]));
		unit_text(rows[i].word, "found", closest.found == NULL ? "-" : closest.found,
		    rows[i].want == NULL ? "-" : rows[i].want);
		free(copy);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
