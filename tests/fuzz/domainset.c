/* SPDX-License-Identifier: ISC */
/*
 * A file of domains. Its entries are in the set, the file in two pieces makes the same set, and no
 * other name enters the set by another spelling.
 */
#include "tests/fuzz/fuzz.h"

#include "common/ascii.h"
#include "common/domainset.h"
#include "common/hostname.h"
#include "common/idna.h"

/* has_room - can a name below an entry exist, in A-labels, too? They may be longer. */
static bool
has_room(const char *entry, size_t entry_len, const char *below, size_t below_len)
{
	char ascii[HOSTNAME_MAX + 1];

	return ascii_only(below, below_len) || idna_to_ascii(ascii, entry, entry_len) == 0 ||
	       idna_to_ascii(ascii, below, below_len) != 0;
}

static void
check_entry(const struct domainset *set, const char *s, size_t len)
{
	char below[HOSTNAME_MAX + 3] = "x";

	if (s[0] != '.') {
		fuzz_must(domainset_contains(set, s, len));
		return;
	}
	if (len + 1 > HOSTNAME_MAX)
		return; /* no name below it can exist */
	memcpy(below + 1, s, len);
	if (has_room(s + 1, len - 1, below, len + 1))
		fuzz_must(domainset_contains(set, below, len + 1));
}

/* check_lines - each line that is an entry by itself */
static void
check_lines(struct domainset *set, char *text)
{
	size_t before = domainset_size(set), len;
	char *line;

	while (*text != '\0') {
		line = fuzz_line(&text);
		len = strcspn(line, "# \t\r");
		if (len == 0 || strcspn(line, "#\t\r ") != strlen(line))
			continue;
		fuzz_must(domainset_add(set, line, len));
		check_entry(set, line, len);
	}
	fuzz_must(domainset_size(set) == before);
}

/* check_halves - two files with half of the lines each */
static void
check_halves(const char *text, size_t len, size_t size)
{
	const char *newline = memchr(text + len / 2, '\n', len - len / 2);
	size_t first = newline == NULL ? len : (size_t)(newline + 1 - text);
	struct domainset *set = domainset_new();
	unsigned line;

	fuzz_must(domainset_add_lines(set, text + first, len - first, &line));
	fuzz_must(domainset_add_lines(set, text, first, &line));
	fuzz_must(domainset_size(set) == size);
	domainset_free(&set);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size), *copy;
	struct domainset *set = domainset_new();
	unsigned line = 0;

	if (domainset_add_lines(set, text, size, &line)) {
		fuzz_say("%zu domains", domainset_size(set));
		fuzz_must(domainset_size(set) <= line);
		fuzz_must(memchr(text, '\0', size) == NULL || memchr(text, '#', size) != NULL);
		check_halves(text, size, domainset_size(set));
		copy = fuzz_text(data, size);
		check_lines(set, copy);
		free(copy);
	} else {
		fuzz_must(line >= 1 && line <= size + 1);
		fuzz_say("line %u is not an entry", line);
	}
	free(text);
	domainset_free(&set);
	return 0;
}
