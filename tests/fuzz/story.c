/* SPDX-License-Identifier: ISC */
/*
 * A story of tests/replay: clients of all services, the time, the DNS and reloads in any order. It
 * always ends, leaves nothing pending, and has the same outcome the second time.
 */
#include "tests/fuzz/fuzz.h"

#include <signal.h>

#include "tests/replay/story.h"

/*
 * play - a story, which is short, whatever the input is
 *
 * libFuzzer reads the clock on SIGALRM, and would see that of the story, so the signal is blocked.
 */
static char *
play(const char *text, size_t size)
{
	sigset_t alarm, before;
	char *error;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, &before);
	error = story_play("story", text, size);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	char *text = fuzz_copy(data, size), *first, *second;

	if (!ready)
		fuzz_must(story_init());
	ready = true;
	first = play(text, size);
	second = play(text, size);
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
