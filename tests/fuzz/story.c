/* SPDX-License-Identifier: ISC */
/*
 * A story of tests/replay: clients of all services, the time, the DNS and reloads in any order.
 * However it goes on, it ends, leaves nothing, and goes the same way the second time.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/replay/story.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	char *text = fuzz_copy(data, size), *first, *second;

	if (!ready)
		fuzz_must(story_init());
	ready = true;
	first = story_play("story", text, size);
	second = story_play("story", text, size);
	fuzz_must((first == NULL) == (second == NULL));
	fuzz_must(first == NULL || strcmp(first, second) == 0);
	if (first == NULL)
		fuzz_say("ends well");
	else
		fuzz_say_bytes(first, strcspn(first, "\n"));
	free(first);
	free(second);
	free(text);
	return 0;
}
