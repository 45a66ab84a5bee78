/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/printable.h"
#include "spf/spf_near_miss.h"
#include "spf/spf_record.h"

static const char version[] = "v=spf1";

#define VERSION_LEN (sizeof(version) - 1)

/*
 * Characters that are pasted together with the record, or typed instead of the right ones.
 * stands_for is the character that the author meant, or '\0' for none.
 */
struct lookalike {
	const char *bytes;
	const char *name;
	char stands_for;
};

static const struct lookalike lookalikes[] = {
	{ "\t", "tab", '\0' },
	{ "\n", "line feed", '\0' },
	{ "\r", "carriage return", '\0' },
	{ " ", "blank", '\0' },
	{ "\"", "quotation mark", '\0' },
	{ "'", "apostrophe", '\0' },
	{ "`", "grave accent", '\0' },
	{ "\\", "backslash", '\0' },
	{ "(", "parenthesis", '\0' },
	{ "<", "angle bracket", '\0' },
	{ ";", "semicolon", '\0' },
	{ ",", "comma", '\0' },
	{ ":", "colon", '=' },
	{ "l", "letter l", '1' },
	{ "I", "letter I", '1' },
	{ "\302\240", "no-break space", '\0' },
	{ "\302\253", "left guillemet", '\0' },
	{ "\302\255", "soft hyphen", '\0' },
	{ "\302\273", "right guillemet", '\0' },
	{ "\342\200\211", "thin space", '\0' },
	{ "\342\200\213", "zero width space", '\0' },
	{ "\342\200\214", "zero width non-joiner", '\0' },
	{ "\342\200\215", "zero width joiner", '\0' },
	{ "\342\200\216", "left-to-right mark", '\0' },
	{ "\342\200\217", "right-to-left mark", '\0' },
	{ "\342\200\223", "en dash", '\0' },
	{ "\342\200\224", "em dash", '\0' },
	{ "\342\200\230", "left single quotation mark", '\0' },
	{ "\342\200\231", "right single quotation mark", '\0' },
	{ "\342\200\232", "low single quotation mark", '\0' },
	{ "\342\200\234", "left double quotation mark", '\0' },
	{ "\342\200\235", "right double quotation mark", '\0' },
	{ "\342\200\236", "low double quotation mark", '\0' },
	{ "\342\200\257", "narrow no-break space", '\0' },
	{ "\342\201\240", "word joiner", '\0' },
	{ "\343\200\200", "ideographic space", '\0' },
	{ "\357\273\277", "byte order mark", '\0' },
	{ "\357\274\235", "fullwidth equals sign", '=' },
	{ "\221", "quotation mark of Windows-1252", '\0' },
	{ "\222", "quotation mark of Windows-1252", '\0' },
	{ "\223", "quotation mark of Windows-1252", '\0' },
	{ "\224", "quotation mark of Windows-1252", '\0' },
	{ "\240", "no-break space of ISO 8859-1", '\0' },
};

static const struct lookalike *
find_lookalike(const char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++) {
		n = strlen(lookalikes[i].bytes);
		if (n <= len && memcmp(s, lookalikes[i].bytes, n) == 0)
			return &lookalikes[i];
	}
	return NULL;
}

/* read_meant - the first characters as the author meant them, without extra ones */
static size_t
read_meant(char meant[VERSION_LEN], const char *s, size_t len)
{
	const struct lookalike *l;
	size_t i = 0, n = 0;

	while (i < len && n < VERSION_LEN) {
		l = find_lookalike(s + i, len - i);
		if (l == NULL)
			meant[n++] = ascii_tolower(s[i]);
		else if (l->stands_for != '\0')
			meant[n++] = l->stands_for;
		i += l == NULL ? 1 : strlen(l->bytes);
	}
	return n;
}

/* count_differences - from "v=spf1"; two swapped letters count as one */
static size_t
count_differences(const char meant[VERSION_LEN])
{
	size_t i, n = 0;

	for (i = 0; i < VERSION_LEN; i++) {
		if (meant[i] == version[i])
			continue;
		n++;
		if (i + 1 < VERSION_LEN && meant[i] == version[i + 1] && meant[i + 1] == version[i])
			i++;
	}
	return n;
}

/* lacks_one - is it "v=spf1" without one of its characters? */
static bool
lacks_one(const char *meant, size_t len)
{
	size_t same = 0;

	while (same < len && meant[same] == version[same])
		same++;
	return len >= VERSION_LEN - 1 &&
	       memcmp(meant + same, version + same + 1, VERSION_LEN - 1 - same) == 0;
}

/* is_meant - does a text begin with "v=spf1", with at most one mistake? */
static bool
is_meant(const char *s, size_t len)
{
	static const char without_v[] = "spf1";
	char meant[VERSION_LEN];
	size_t n = read_meant(meant, s, len);

	if (n >= sizeof(without_v) - 1 && memcmp(meant, without_v, sizeof(without_v) - 1) == 0)
		return true;
	return (n == VERSION_LEN && count_differences(meant) <= 1) || lacks_one(meant, n);
}

/* count_shown_bytes - the number of bytes at s to show: those of a UTF-8 character, or one */
static size_t
count_shown_bytes(const char *s, size_t len)
{
	size_t n = printable_utf8_length(s, len);

	return n == 0 ? 1 : n;
}

/* put_character - " 0xC2 0xA0 (no-break space)" */
static void
put_character(char *buf, size_t size, const char *s, size_t len)
{
	const struct lookalike *l = find_lookalike(s, len);
	size_t i, n = 0, bytes = l != NULL ? strlen(l->bytes) : count_shown_bytes(s, len);

	for (i = 0; i < bytes; i++)
		n += (size_t)snprintf(buf + n, size - n, " 0x%02X", (unsigned char)s[i]);
	if (l != NULL)
		snprintf(buf + n, size - n, " (%s)", l->name);
	else if (ascii_isgraph(s[0]))
		snprintf(buf + n, size - n, " ('%c')", s[0]);
}

bool
spf_near_miss(char hint[SPF_NEAR_MISS_SIZE], const char *text, size_t len)
{
	char character[80];
	size_t same = 0;

	if (spf_record_is_spf(text, len) || !is_meant(text, len))
		return false;
	while (same < VERSION_LEN && same < len && ascii_tolower(text[same]) == version[same])
		same++;
	if (same == len) {
		snprintf(hint, SPF_NEAR_MISS_SIZE,
		    "looks like an SPF record, but ends after byte %zu; it has to begin with v=spf1",
		    len);
		return true;
	}
	put_character(character, sizeof(character), text + same, len - same);
	snprintf(hint, SPF_NEAR_MISS_SIZE, "looks like an SPF record, but byte %zu is%s; %s",
	    same + 1, character,
	    same == VERSION_LEN ? "a blank has to follow v=spf1" : "it has to begin with v=spf1");
	return true;
}
