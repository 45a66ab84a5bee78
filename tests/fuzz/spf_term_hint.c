/* SPDX-License-Identifier: ISC */
/*
 * An SPF record: hints at its ignored terms, and at the first invalid one. They are visible ASCII,
 * and are never cut. A record that is valid has no invalid term.
 */
#include "tests/fuzz/fuzz.h"

#include "spf/spf_record.h"
#include "spf/spf_term_hint.h"

static void
check_hint(const char *hint)
{
	size_t i;

	fuzz_must(strlen(hint) < SPF_TERM_HINT_SIZE - 1);
	for (i = 0; hint[i] != '\0'; i++)
		fuzz_must(hint[i] >= ' ' && hint[i] <= '~');
	fuzz_say("%s", hint);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size), hint[SPF_TERM_HINT_SIZE];
	struct spf_record record = { .n = 0 };
	const char *error;
	struct text at;
	size_t i;

	if (!spf_record_is_spf(text, size)) {
		fuzz_say("no record");
	} else if (!spf_record_parse(&record, text, size, &error, &at)) {
		if (spf_term_hint(hint, at.s, at.len))
			check_hint(hint);
		else
			fuzz_say("invalid");
	} else {
		for (i = 0; i < record.n; i++)
			fuzz_must(
			    !spf_term_hint(hint, record.terms[i].text.s, record.terms[i].text.len));
		if (spf_term_hint_ignored(hint, text, size))
			check_hint(hint);
		else
			fuzz_say("valid");
	}
	spf_record_free(&record);
	free(text);
	return 0;
}
