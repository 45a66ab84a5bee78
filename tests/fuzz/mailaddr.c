/* SPDX-License-Identifier: ISC */
/*
 * An address in external form. Written again it is the same address, and its internal form has the
 * same parts. Control characters never pass. Any text is split into parts of itself.
 */
#include "tests/fuzz/fuzz.h"

#include "common/ascii.h"
#include "common/mailaddr.h"

static const char *const words[] = { "ok", "null", "invalid", "too long" };

static void
check_bytes(const struct mailaddr *a)
{
	size_t i;

	fuzz_must(a->local_len <= MAILADDR_MAX && a->domain_len <= MAILADDR_MAX);
	fuzz_must(a->local[a->local_len] == '\0' && a->domain[a->domain_len] == '\0');
	fuzz_must(a->local_len > 0 && a->domain_len > 0);
	for (i = 0; i < a->local_len; i++)
		fuzz_must(!ascii_iscntrl(a->local[i]));
	for (i = 0; i < a->domain_len; i++)
		fuzz_must(!ascii_iscntrl(a->domain[i]));
	fuzz_must(memchr(a->domain, '@', a->domain_len) == NULL);
}

static void
must_be_same(const struct mailaddr *a, const struct mailaddr *b)
{
	fuzz_must(fuzz_same(a->local, a->local_len, b->local, b->local_len));
	fuzz_must(fuzz_same(a->domain, a->domain_len, b->domain, b->domain_len));
}

/* check_external - a formatted address is read back as the same */
static void
check_external(const struct mailaddr *a)
{
	char text[MAILADDR_SIZE], second[MAILADDR_SIZE];
	struct mailaddr again;
	size_t n = mailaddr_format(text, a->local, a->local_len, a->domain, a->domain_len);

	if (n == 0)
		return; /* the quotes have made it too long */
	fuzz_must(n == strlen(text) && n <= MAILADDR_MAX);
	fuzz_must(mailaddr_parse_external(&again, text, n) == MAILADDR_OK);
	must_be_same(&again, a);
	fuzz_must(mailaddr_format(
		      second, again.local, again.local_len, again.domain, again.domain_len) == n);
	fuzz_must(memcmp(text, second, n) == 0);
	fuzz_say_bytes(text, n);
}

/* check_internal - the same parts without the quotes */
static void
check_internal(const struct mailaddr *a)
{
	char text[2 * MAILADDR_SIZE];
	struct mailaddr_parts parts;
	size_t n = a->local_len + 1 + a->domain_len;

	memcpy(text, a->local, a->local_len);
	text[a->local_len] = '@';
	memcpy(text + a->local_len + 1, a->domain, a->domain_len);
	mailaddr_split(&parts, text, n);
	fuzz_must(fuzz_same(a->local, a->local_len, parts.local, parts.local_len));
	fuzz_must(fuzz_same(a->domain, a->domain_len, parts.domain, parts.domain_len));
}

static void
check_split(const char *text, size_t size)
{
	struct mailaddr_parts parts;

	mailaddr_split(&parts, text, size);
	fuzz_must(parts.local >= text && parts.local_len <= size);
	fuzz_must(parts.local + parts.local_len <= text + size);
	fuzz_must(parts.domain_len == 0 ||
		  (parts.domain >= text && parts.domain + parts.domain_len <= text + size));
	fuzz_say(", domain of %zu", parts.domain_len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	enum mailaddr_status external;
	struct mailaddr a;

	external = mailaddr_parse_external(&a, text, size);
	fuzz_say("%s ", words[external]);
	if (external == MAILADDR_OK) {
		check_bytes(&a);
		check_external(&a);
		check_internal(&a);
	}
	check_split(text, size);
	free(text);
	return 0;
}
