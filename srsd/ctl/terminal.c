/* SPDX-License-Identifier: ISC */
#include <sys/ioctl.h>

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "srsd/ctl/terminal.h"

/* The width of a terminal that does not know its own, as a serial console. */
#define DEFAULT_WIDTH 80

/* A smaller width is no help. */
#define LEAST_WIDTH 20

/* uses_utf8 - the locale of the environment; the one of this process remains "C" */
static bool
uses_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (locale == (locale_t)0)
		return false;
	utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

static bool
wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR");

	return no_color == NULL || no_color[0] == '\0';
}

static bool
knows_escape_sequences(void)
{
	const char *term = getenv("TERM");

	return term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static unsigned
get_terminal_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return DEFAULT_WIDTH;
	return size.ws_col < LEAST_WIDTH ? LEAST_WIDTH : size.ws_col;
}

void
terminal_describe(struct terminal *terminal, int fd)
{
	memset(terminal, 0, sizeof(*terminal));
	if (!isatty(fd))
		return;
	terminal->unicode = uses_utf8();
	terminal->cursor = knows_escape_sequences();
	terminal->colour = terminal->cursor && wants_colour();
	terminal->width = get_terminal_width(fd);
}
