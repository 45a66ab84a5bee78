/* SPDX-License-Identifier: ISC */
/*
 * An address in external form: written anew it is the same address, and its internal form, where
 * that is one, too. Control characters never pass.
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

/* check_external - what format writes is read back as the same */
static void
check_external(const struct mailaddr *a)
{
	char text[MAILADDR_SIZE], second[MAILADDR_SIZE];
	struct mailaddr again;
	size_t n = mailaddr_format(text, a->local, a->local_len, a->domain, a->domain_len);

	if (n == 0)
		return; /* quotes have made it too long */
	fuzz_must(n == strlen(text) && n <= MAILADDR_MAX);
	fuzz_must(mailaddr_parse_external(&again, text, n) == MAILADDR_OK);
	must_be_same(&again, a);
	fuzz_must(mailaddr_format(
		      second, again.local, again.local_len, again.domain, again.domain_len) == n);
	fuzz_must(memcmp(text, second, n) == 0);
	fuzz_say_bytes(text, n);
}

static void
check_internal(const struct mailaddr *a)
{
	char text[2 * MAILADDR_SIZE];
	struct mailaddr again;
	size_t n = a->local_len + 1 + a->domain_len;

	memcpy(text, a->local, a->local_len);
	text[a->local_len] = '@';
	memcpy(text + a->local_len + 1, a->domain, a->domain_len);
	if (mailaddr_parse_internal(&again, text, n) == MAILADDR_OK)
		must_be_same(&again, a);
	else
		fuzz_say(" (not in internal form)");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	enum mailaddr_status external, internal;
	struct mailaddr a;

	external = mailaddr_parse_external(&a, text, size);
	fuzz_say("%s ", words[external]);
	if (external == MAILADDR_OK) {
		check_bytes(&a);
		check_external(&a);
		check_internal(&a);
	}
	internal = mailaddr_parse_internal(&a, text, size);
	fuzz_say(", internal %s", words[internal]);
	if (internal == MAILADDR_OK) {
		check_bytes(&a);
		fuzz_must(a.local_len + 1 + a.domain_len == size);
	}
	free(text);
	return 0;
}
