/* SPDX-License-Identifier: ISC */
/*
 * import_case - every import results in a configuration that srsd reads, with the values that the
 * import has
 */
#ifndef TESTS_FUZZ_IMPORT_CASE_H
#define TESTS_FUZZ_IMPORT_CASE_H

#include "tests/fuzz/config_case.h"

#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_difference.h"
#include "srsd/ctl/import/import_print.h"

/* import_case_print - the new configuration; the caller frees it */
static inline char *
import_case_print(const struct import *im, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	fuzz_must(out != NULL);
	import_print(im, IMPORT_WHOLE, out);
	fclose(out);
	return text;
}

static inline size_t
import_case_differences(const struct import *im, const struct settings *s)
{
	char *text = NULL;
	size_t len, n;
	FILE *out = open_memstream(&text, &len);

	fuzz_must(out != NULL);
	n = import_difference_print(im, s, out);
	fclose(out);
	free(text);
	return n;
}

/*
 * import_case_load - the settings of the new configuration, and how many options had to be added to
 * load it; NULL if its options conflict
 */
static inline struct settings *
import_case_load(const char *text, size_t len, size_t *given, char error[CONFIG_ERROR_SIZE])
{
	static const char *const both[] = { "srs-domain=fuzz.test", "domains-file=" };
	struct settings *s = config_case_load(text, len, NULL, 0, error);

	*given = 0;
	if (s == NULL && strstr(error, "srs-domain: not set") != NULL)
		s = config_case_load(text, len, both, *given = 1, error);
	if (s == NULL && (strstr(error, "domains-file ") != NULL ||
			     strstr(error, "not a domain; expected one per line") != NULL))
		s = config_case_load(text, len, both, *given = 2, error);
	return s;
}

/* import_case_is_theirs - does the error come from a conflict in the other program's file? */
static inline bool
import_case_is_theirs(const char *error)
{
	return strstr(error, "is not accepted as srs-domain") != NULL ||
	       strstr(error, " is already an endpoint of ") != NULL;
}

/* import_case_check - load the new configuration, and compare it with the import */
static inline void
import_case_check(struct import *im)
{
	char error[CONFIG_ERROR_SIZE], *text;
	struct settings *s;
	size_t len, given;

	import_complete(im);
	text = import_case_print(im, &len);
	s = import_case_load(text, len, &given, error);
	if (s == NULL) {
		if (!import_case_is_theirs(error))
			fprintf(stderr, "%s\n%s\n", error, text);
		fuzz_must(import_case_is_theirs(error));
		fuzz_say("%s", error);
	} else {
		fuzz_must(import_case_differences(im, s) <= given);
		fuzz_say("%zu choices, %zu unknown, %zu to prepare, domain %s, %zu own",
		    import_count(im, REMARK_CHOICE), import_count(im, REMARK_UNKNOWN),
		    import_count(im, REMARK_PREPARE), s->srs_domain,
		    domainset_size(s->own_domains));
		settings_free(&s);
	}
	free(text);
}

#endif
