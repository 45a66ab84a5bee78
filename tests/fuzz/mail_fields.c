/* SPDX-License-Identifier: ISC */
/* A message: its fields are parts of it, in order, and each has a name and a colon. */
#include "tests/fuzz/fuzz.h"

#include "srsd/ctl/mail_fields.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *message = fuzz_copy(data, size);
	const char *before = message;
	struct mail_fields fields;
	struct text name, value;
	size_t n = 0;

	mail_fields_init(&fields, message, size);
	while (mail_fields_next(&fields, &name, &value)) {
		fuzz_must(
		    name.len > 0 && name.s >= before && memchr(name.s, ':', name.len) == NULL);
		fuzz_must(value.s > name.s + name.len && value.s[-1] == ':');
		before = value.s + value.len;
		fuzz_must(before <= message + size);
		if (n++ < 3) {
			fuzz_say_bytes(name.s, name.len);
			fuzz_say("=");
			fuzz_say_bytes(value.s, value.len);
			fuzz_say(" ");
		}
	}
	fuzz_say("%zu fields", n);
	free(message);
	return 0;
}
