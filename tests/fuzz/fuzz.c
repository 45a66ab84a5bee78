/* SPDX-License-Identifier: ISC */
#include "tests/fuzz/fuzz.h"

#include <stdarg.h>

/* Bytes of one text. */
#define SHOWN_MAX 300

static bool listening;
static size_t n_said;
static char said[4000];

void
fuzz_broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

void
fuzz_listen(void)
{
	listening = true;
}

const char *
fuzz_said(void)
{
	said[n_said] = '\0';
	n_said = 0;
	return said;
}

void
fuzz_say(const char *fmt, ...)
{
	size_t room = sizeof(said) - n_said;
	va_list ap;
	int n;

	if (!listening)
		return;
	va_start(ap, fmt);
	n = vsnprintf(said + n_said, room, fmt, ap);
	va_end(ap);
	n_said += (size_t)n < room ? (size_t)n : room - 1;
}

void
fuzz_say_bytes(const char *s, size_t len)
{
	size_t i;

	if (!listening)
		return;
	for (i = 0; i < len && i < SHOWN_MAX; i++)
		fuzz_say(fuzz_is_visible(s + i, 1) && s[i] != '\\' ? "%c" : "\\%03o",
		    (unsigned char)s[i]);
}
