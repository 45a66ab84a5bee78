/* SPDX-License-Identifier: ISC */
/*
 * A stranger's ORCPT. An address that comes out of it is short UTF-8 without control characters,
 * and means the same when it is encoded again, as xtext and as utf-8-addr-xtext.
 */
#include "tests/fuzz/fuzz.h"

#include "common/ascii.h"
#include "common/buffer.h"
#include "common/printable.h"
#include "srsd/postfix/orcpt.h"

static void
check_address(const struct orcpt *orcpt)
{
	size_t i, n;

	fuzz_must(orcpt->len > 0 && orcpt->len <= MAILADDR_MAX);
	fuzz_must(strlen(orcpt->address) == orcpt->len);
	for (i = 0; i < orcpt->len; i += n) {
		n = printable_utf8_length(orcpt->address + i, orcpt->len - i);
		fuzz_must(n > 0);
		fuzz_must(n > 1 || !ascii_iscntrl(orcpt->address[i]));
	}
}

static void
check_same(const struct buffer *value, const struct orcpt *want)
{
	char *copy = fuzz_copy(value->data, value->len);
	struct text text = { copy, value->len };
	struct orcpt got;

	fuzz_must(orcpt_parse(&got, text));
	fuzz_must(fuzz_same(got.address, got.len, want->address, want->len));
	free(copy);
}

static void
check_encoded_again(const struct orcpt *orcpt)
{
	struct buffer value = { 0 };
	size_t i;

	buffer_printf(&value, "rfc822;");
	for (i = 0; i < orcpt->len; i++)
		buffer_printf(&value, "+%02X", (unsigned char)orcpt->address[i]);
	check_same(&value, orcpt);
	buffer_clear(&value);
	buffer_printf(&value, "UTF-8;");
	for (i = 0; i < orcpt->len; i++)
		if (strchr(" +=\\", orcpt->address[i]) != NULL)
			buffer_printf(&value, "\\x{%02X}", (unsigned char)orcpt->address[i]);
		else
			buffer_add(&value, orcpt->address + i, 1);
	check_same(&value, orcpt);
	buffer_free(&value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size);
	struct text text = { copy, size };
	struct orcpt orcpt;

	if (orcpt_parse(&orcpt, text)) {
		check_address(&orcpt);
		check_encoded_again(&orcpt);
		fuzz_say_bytes(orcpt.address, orcpt.len);
	} else {
		fuzz_say("not there");
	}
	free(copy);
	return 0;
}
