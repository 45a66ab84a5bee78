/* SPDX-License-Identifier: ISC */
/* A TXT record that may look like an SPF record: the hint is visible ASCII and is never cut. */
#include "tests/fuzz/fuzz.h"

#include "spf/spf_near_miss.h"
#include "spf/spf_record.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size), hint[SPF_NEAR_MISS_SIZE];
	size_t i;

	if (!spf_near_miss(hint, text, size)) {
		fuzz_say("%s", spf_record_is_spf(text, size) ? "SPF record" : "something else");
	} else {
		fuzz_must(!spf_record_is_spf(text, size));
		fuzz_must(strlen(hint) < SPF_NEAR_MISS_SIZE - 1);
		for (i = 0; hint[i] != '\0'; i++)
			fuzz_must(hint[i] >= ' ' && hint[i] <= '~');
		fuzz_say("%s", hint);
	}
	free(text);
	return 0;
}
