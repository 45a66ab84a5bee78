/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/mail_fields.h"

/* A message, and its fields as "<NAME><VALUE>". */
static const struct {
	const char *name;
	const char *message;
	size_t len;
	const char *want;
} rows[] = {
	{ "empty", BYTES(""), "" },
	{ "one", BYTES("A: b\n\nC: d\n"), "<A>< b>" },
	{ "two", BYTES("A:b\nC-d:\n\n"), "<A><b><C-d><>" },
	{ "fold", BYTES("A: b\n\tc\n d\nE: f\n\n"), "<A>< b\n\tc\n d><E>< f>" },
	{ "fold of blanks", BYTES("A: b\n \nE: f\n\n"), "<A>< b\n ><E>< f>" },
	{ "CR LF", BYTES("A: b\r\n\tc\r\nE: f\r\n\r\nG: h\r\n"), "<A>< b\n\tc><E>< f>" },
	{ "CR alone", BYTES("A: b\rC: d\nE: f\r"), "<A>< b\rC: d><E>< f\r>" },
	{ "CR CR LF", BYTES("A: b\r\r\nC: d\n"), "<A>< b\r><C>< d>" },
	{ "blanks before the colon", BYTES("A \t: b\n"), "<A>< b>" },
	{ "no end of line", BYTES("A: b\nC: d"), "<A>< b><C>< d>" },
	{ "no end of a fold", BYTES("A: b\n c"), "<A>< b\n c>" },
	{ "no colon", BYTES("A: b\ntext\nC: d\n"), "<A>< b>" },
	{ "no name", BYTES("A: b\n: c\nC: d\n"), "<A>< b>" },
	{ "blank in the name", BYTES("A b: c\n"), "" },
	{ "8-bit name", BYTES("\xc3\xa4: c\n"), "" },
	{ "8-bit value", BYTES("A: \xc3\xa4\n"), "<A>< \xc3\xa4>" },
	{ "NUL", BYTES("A: b\0c\nD: e\n"), "<A>< b\\0c><D>< e>" },
	{ "fold first", BYTES(" A: b\nC: d\n"), "" },
	{ "mbox", BYTES("From a@x.test Thu Jan  1\nA: b\n\n"), "<A>< b>" },
	{ "mbox, CR LF", BYTES("From a@x.test Thu Jan  1\r\nA: b\r\n\r\n"), "<A>< b>" },
	{ "mbox alone", BYTES("From a@x.test"), "" },
	{ "no mbox", BYTES("From: a@x.test\nA: b\n"), "<From>< a@x.test><A>< b>" },
	{ "mbox, later", BYTES("A: b\nFrom a@x.test\nC: d\n"), "<A>< b>" },
};

/* append_part - a NUL becomes \0 */
static void
append_part(char *out, size_t size, struct text part)
{
	size_t n = strlen(out), i;

	out[n++] = '<';
	for (i = 0; i < part.len && n + 3 < size; i++) {
		if (part.s[i] != '\0') {
			out[n++] = part.s[i];
			continue;
		}
		out[n++] = '\\';
		out[n++] = '0';
	}
	out[n++] = '>';
	out[n] = '\0';
}

static void
test_fields(void **state)
{
	struct mail_fields fields;
	struct text name, value;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		char *message = unit_copy(rows[i].message, rows[i].len), got[400] = "";

		mail_fields_init(&fields, message, rows[i].len);
		while (mail_fields_next(&fields, &name, &value)) {
			append_part(got, sizeof(got), name);
			append_part(got, sizeof(got), value);
		}
		unit_text(rows[i].name, "fields", got, rows[i].want);
		unit_int(rows[i].name, "again", mail_fields_next(&fields, &name, &value), false);
		free(message);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fields) };

	return cmocka_run_group_tests_name("mail_fields", tests, NULL, NULL);
}
