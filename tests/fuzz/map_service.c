/* SPDX-License-Identifier: ISC */
/*
 * A client of both maps. However its bytes are divided, the replies are the same; each is a line
 * that Postfix can read.
 */
#include "tests/fuzz/session_case.h"

#include "srsd/postfix/tcptable.h"
#include "srsd/service/map_service.h"

static struct map_service service;
static struct stats stats;
static struct session_case whole = { .open = map_session_open, .service = &service };
static struct session_case cut = { .open = map_session_open, .service = &service };

static void
begin(void)
{
	struct settings *settings;

	if (service.settings != NULL)
		return;
	settings = srs_settings();
	srs_own(settings, "own.test");
	service.settings = settings;
	service.keys = srs_keys_of(SECRET "\n");
	service.clock = &session_case_clock;
	service.stats = &stats;
}

static void
check_replies(const struct session_case *c)
{
	const char *s = c->output, *end = s + c->len, *newline;

	for (; s < end; s = newline + 1) {
		newline = memchr(s, '\n', (size_t)(end - s));
		fuzz_must(newline != NULL && newline - s < TCPTABLE_REPLY_SIZE && newline - s > 4);
		fuzz_must(memcmp(s, "200 ", 4) == 0 || memcmp(s, "400 ", 4) == 0 ||
			  memcmp(s, "500 ", 4) == 0);
		fuzz_must(fuzz_is_visible(s, (size_t)(newline - s)));
	}
}

static void
check_kind(enum map_kind kind, const uint8_t *data, size_t size)
{
	service.kind = kind;
	session_case_run(&whole, data, size, size + 1);
	check_replies(&whole);
	session_case_run(&cut, data, size, 1 + fuzz_cut(data, size, 1));
	fuzz_must(session_case_same(&whole, &cut));
	session_case_run(&cut, data, size, 1 + size / 512);
	fuzz_must(session_case_same(&whole, &cut));
	fuzz_say_bytes(whole.output, whole.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	check_kind(MAP_FORWARD, data, size);
	fuzz_say(" | ");
	check_kind(MAP_REVERSE, data, size);
	return 0;
}
