/* SPDX-License-Identifier: ISC */
#include "tests/unit/import_text.h"

#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_difference.h"
#include "srsd/ctl/import/import_print.h"

#include "conf/config.h"
#include "conf/option_value.h"

static const struct import_origin line_3 = { "FILE", 3, "Name" };

static void
expect_output(const char *row, const struct import *im, const char *part)
{
	char *text = import_text_print(im);

	unit_holds(row, "output", text, part);
	free(text);
}

/* print_differences - what import_difference_print prints, unwrapped; the caller frees it */
static char *
print_differences(const struct import *im, const struct settings *settings, size_t *n)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	*n = import_difference_print(im, settings, out);
	fclose(out);
	import_text_unwrap(text);
	return text;
}

static void
test_origin(void **state)
{
	static const struct {
		struct import_origin origin;
		const char *want;
	} rows[] = {
		{ { "/etc/x", 7, "Name" }, "\nhash-length = 5\t# /etc/x:7 Name\n" },
		{ { "/etc/x", 7, NULL }, "\nhash-length = 5\t# /etc/x:7\n" },
		{ { "postsrsd", 0, "Name" }, "\nhash-length = 5\t# postsrsd's default for Name\n" },
		{ { "a\nb", 1, "x\033" }, "\nhash-length = 5\t# a?b:1 x?\n" },
	};
	const struct conf_option *o = import_option(NULL, "hash-length");
	struct import *im;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		unit_true(rows[i].want, "set", import_set_number(im, &rows[i].origin, o, 5));
		expect_output(rows[i].want, im, rows[i].want);
		import_free(&im);
		unit_true(rows[i].want, "freed", im == NULL);
	}
	import_free(&im); /* NULL */
	unit_end();
}

static void
test_set(void **state)
{
	static const struct {
		const char *section, *name;
		const char *values[3];
		size_t n;
		bool want;
		const char *line;   /* the value after it */
		const char *output; /* a part */
	} rows[] = {
		{ NULL, "srs-domain", { "a.test" }, 1, true, "srs-domain = \"a.test\"",
		    "\nsrs-domain = \"a.test\"\t# FILE:3 Name\n" },
		{ NULL, "srs-domain", { "a b" }, 1, false, "srs-domain = \"\"",
		    "\n# Not carried over: LOSS: FILE:3 Name: srs-domain: 'a b' is not accepted" },
		{ "spf", "reason-message", { "a\nb" }, 1, false, "reason-message = \"\"",
		    "FILE:3 Name: reason-message: the value contains a control character\n" },
		{ NULL, "hash-length", { "99" }, 1, false, "hash-length = 4",
		    "FILE:3 Name: hash-length: '99' is not accepted" },
		{ NULL, "domains", { "a.test", "b.test" }, 2, true,
		    "domains = {\"a.test\", \"b.test\"}", "\"b.test\"}\t# FILE:3 Name\n" },
		{ NULL, "domains", { NULL }, 0, true, "domains = {}",
		    "\ndomains = {}\t# FILE:3 Name\n" },
		{ "spf", "no-mail", { "true" }, 1, true, "no-mail = true",
		    "\n\tno-mail = true\t# FILE:3 Name\n" },
	};
	const struct conf_option *o;
	struct import *im;
	char *line;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		o = import_option(rows[i].section, rows[i].name);
		unit_int(rows[i].output, "accepted",
		    import_set(im, &line_3, o, rows[i].values, rows[i].n), rows[i].want);
		line = import_option_line(im, o);
		unit_text(rows[i].output, "line", line, rows[i].line);
		expect_output(rows[i].output, im, rows[i].output);
		free(line);
		import_free(&im);
	}
	unit_end();
}

static void
test_valid_items(void **state)
{
	static const struct {
		const char *values[3];
		const char *want, *output;
	} rows[] = {
		{ { "a.test", "b.test", "c.test" },
		    "domains = {\"a.test\", \"b.test\", \"c.test\"}", "# FILE:3 Name\n" },
		{ { "a.test", "x y", "c.test" }, "domains = {\"a.test\", \"c.test\"}",
		    "# Not carried over: LOSS: FILE:3 Name: 'x y' is not a domain" },
		{ { "/", "x y", "" }, "domains = {}", "'x y' is not a domain" },
	};
	const struct conf_option *domains = import_option(NULL, "domains");
	struct import *im;
	char *line;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		import_set_valid_items(im, &line_3, domains, rows[i].values, 3);
		line = import_option_line(im, domains);
		unit_text(rows[i].want, "line", line, rows[i].want);
		expect_output(rows[i].want, im, rows[i].output);
		free(line);
		import_free(&im);
	}
	/* A list that does not check its items one by one. */
	im = import_new();
	import_set_valid_items(im, &line_3, import_option("spf", "whitelist"),
	    (const char *const[]){ "192.0.2.1" }, 1);
	expect_output("networks", im, "\n\twhitelist = {\"192.0.2.1/32\"}\t# FILE:3 Name\n");
	import_free(&im);
	unit_end();
}

static void
test_remarks(void **state)
{
	const struct conf_option *length = import_option(NULL, "hash-length"),
				 *whitelist = import_option("spf", "helo-whitelist");
	const char *six = "6", *bad = "none", *control = "a\n", *four = "4";
	struct import *im = import_new();

	(void)state;
	import_offer(im, &line_3, length, &six, 1, "it ignored %s", "this");
	unit_int("offer", "choices", (long long)import_count(im, REMARK_CHOICE), 1);
	expect_output("offer", im,
	    "# CHOOSE: FILE:3 Name: it ignored this\n#hash-length = 6\n"
	    "hash-length = 4\t# FILE:3 Name\n");
	expect_output("offer", im, "CHOOSE marks a setting");
	import_offer(im, &line_3, length, &bad, 1, "reason 1");
	import_offer(im, &line_3, length, &control, 1, "reason 2");
	import_offer(im, &line_3, length, &four, 1, "reason 3");
	import_offer_line(im, &line_3, length, "hash-length = 8", "reason 4");
	unit_int("offers", "choices", (long long)import_count(im, REMARK_CHOICE), 2);
	expect_output("offers", im,
	    "#hash-length = 6\n# FILE:3 Name: reason 1 FILE:3 Name: reason 2 FILE:3 Name: reason 3 "
	    "CHOOSE: FILE:3 Name: reason 4\n#hash-length = 8\nhash-length = 4\t");
	import_note(im, whitelist, "a note of %d words\n", 5);
	expect_output("note", im, "a note of 5 words?\n\t#helo-whitelist = {}\n");
	import_set_unknown(im, &line_3, whitelist);
	unit_int("unknown", "unknowns", (long long)import_count(im, REMARK_UNKNOWN), 1);
	expect_output("unknown", im,
	    "UNKNOWN: FILE:3 Name: the value on this line is not known. Set this option yourself.\n"
	    "\t#helo-whitelist = {}\n");
	expect_output("unknown", im, "UNKNOWN marks an option");
	import_skip(im, &line_3, "%s", "\001");
	expect_output("skip", im, "\n# Not carried over: FILE:3 Name: ?\n");
	import_set_number(im, &line_3, length, 9); /* removes the remarks */
	unit_int("set", "choices", (long long)import_count(im, REMARK_CHOICE), 0);
	expect_output("set", im, "\nhash-length = 9\t# FILE:3 Name\n");
	import_free(&im);
	unit_end();
}

static void
test_heading(void **state)
{
	struct import *im = import_new();
	char *text;

	(void)state;
	import_add_file(im, "/etc/a\n");
	import_add_file(im, "/etc/b");
	expect_output("files", im,
	    "# srsd.conf, generated by srsctl import from\n"
	    "#\t/etc/a?\n#\t/etc/b\n# Each imported line ends");
	expect_output("no domain", im, "srs-domain must be set");
	import_set_text(im, &line_3, import_option(NULL, "domains"), "a.test");
	text = import_text_print(im);
	unit_true("domains", "no hint", strstr(text, "must be set") == NULL);
	unit_true("domains", "no list", strstr(text, "Not carried over") == NULL);
	unit_true("domains", "no choice", strstr(text, "CHOOSE") == NULL);
	unit_true("domains", "no unknown", strstr(text, "UNKNOWN") == NULL);
	free(text);
	import_free(&im);
	unit_end();
}

/* A comment is wrapped between words; a longer word has a line of its own. */
static void
test_wrapping(void **state)
{
	struct import *im = import_new();
	char *word = unit_fill('w', 200), *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	import_skip(im, &line_3, "%s after", word);
	import_print(im, IMPORT_WHOLE, out);
	fclose(out);
	unit_holds("long word", "output", text, "# FILE:3 Name:\n# wwwwwww");
	unit_holds("long word", "output", text, "w\n# after\n");
	free(text);
	free(word);
	import_free(&im);
	unit_end();
}

static void
test_complete(void **state)
{
	static const struct {
		int length, minimum;
		const char *want;
	} rows[] = {
		{ 9, 5, "\nhash-minimum = 5\t# FILE:3 Name\n" },
		{ 5, 5, "\nhash-minimum = 5\t# FILE:3 Name\n" },
		{ 5, 9,
		    "# The value was 9, more than hash-length: srsd would not accept its own new "
		    "addresses.\nhash-minimum = 5\t# FILE:3 Name\n" },
	};
	struct import *im;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		import_set_number(im, &line_3, import_option(NULL, "hash-length"), rows[i].length);
		import_set_number(
		    im, &line_3, import_option(NULL, "hash-minimum"), rows[i].minimum);
		import_complete(im);
		expect_output(rows[i].want, im, rows[i].want);
		import_free(&im);
	}
	unit_end();
}

static void
test_copy(void **state)
{
	const struct conf_option *o = import_option(NULL, "secrets-file");
	struct import *im = import_new();

	(void)state;
	import_set_text(im, &line_3, o, "/a");
	unit_text("set", "path", import_secrets_file(im), "/a");
	import_use_copy(im, "/b\n");
	unit_text("bad copy", "path", import_secrets_file(im), "/a");
	expect_output("bad copy", im, "secrets-file: the value contains a control character");
	import_use_copy(im, "/b");
	unit_text("copy", "path", import_secrets_file(im), "/b");
	expect_output("copy", im, "\nsecrets-file = \"/b\"\t# a copy of /a\n");
	import_free(&im);
	unit_end();
}

static void
test_differences(void **state)
{
	static const struct {
		const char *length, *domains; /* in effect; NULL: srsd's default */
		size_t want;
		const char *output; /* the whole */
	} rows[] = {
		{ "6", NULL, 0, "" }, /* the alternative has been chosen */
		{ "4", NULL, 0, "# CHOOSE: FILE:3 Name: why\n#hash-length = 6\n" },
		{ "5", NULL, 1,
		    "# CHOOSE: FILE:3 Name: why\n#hash-length = 6\nhash-length = 4\t# FILE:3 Name\n"
		    "hash-length = 5\t# in effect\n" },
		{ "6", "x.test", 0, "" }, /* not imported */
	};
	const struct conf_option *length = import_option(NULL, "hash-length"),
				 *domains = import_option(NULL, "domains");
	const char *six = "6";
	char error[OPTION_ERROR_SIZE], *text;
	struct settings *settings;
	struct import *im = import_new();
	size_t i, n;

	(void)state;
	import_offer(im, &line_3, length, &six, 1, "why");
	import_note(im, domains, "a note");
	for (i = 0; i < COUNT(rows); i++) {
		settings = config_defaults();
		assert_true(option_set(settings, length, &rows[i].length, 1, error));
		if (rows[i].domains != NULL)
			assert_true(option_set(settings, domains, &rows[i].domains, 1, error));
		text = print_differences(im, settings, &n);
		unit_int(rows[i].output, "options", (long long)n, (long long)rows[i].want);
		unit_text(rows[i].length, "output", text, rows[i].output);
		free(text);
		settings_free(&settings);
	}
	import_free(&im);
	unit_end();
}

/* Unknown values and skipped settings are printed in any case, and are no differences. */
static void
test_open_differences(void **state)
{
	struct settings *settings = config_defaults();
	struct import *im = import_new();
	char *text;
	size_t n;

	(void)state;
	import_set_unknown(im, &line_3, import_option(NULL, "srs-domain"));
	import_set_text(im, &line_3, import_option("spf", "no-mail"), "true");
	import_skip(im, &line_3, "left");
	text = print_differences(im, settings, &n);
	unit_int("open", "options", (long long)n, 1);
	unit_text("open", "output", text,
	    "# UNKNOWN: FILE:3 Name: the value on this line is not known. Set this option "
	    "yourself.\nspf: no-mail = true\t# FILE:3 Name\nspf: no-mail = false\t# in effect\n"
	    "\n# Not carried over: FILE:3 Name: left\n");
	free(text);
	import_free(&im);
	settings_free(&settings);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_valid_items),
		cmocka_unit_test(test_remarks),
		cmocka_unit_test(test_heading),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_open_differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
