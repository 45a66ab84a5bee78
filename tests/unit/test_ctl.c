/* SPDX-License-Identifier: ISC */
/*
 * The JSON of a daemon that may be hostile.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "srsd/ctl/ctl.h"

static json_t *
parse_json(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	assert_non_null(json);
	return json;
}

static void
test_text(void **state)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
		{ "{\"a\": \"b\"}", "b" },
		{ "{\"a\": \"\"}", "" },
		{ "{\"b\": \"b\"}", "" },
		{ "{\"a\": 1}", "" },
		{ "{\"a\": null}", "" },
		{ "{\"a\": {\"a\": \"b\"}}", "" },
		{ "{\"a\": [\"b\"]}", "" },
		{ "[\"a\"]", "" },
		{ "\"a\"", "" },
	};
	json_t *json;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		json = parse_json(rows[i].json);
		unit_text(rows[i].json, "text", ctl_text(json, "a"), rows[i].want);
		json_decref(json);
	}
	unit_text("NULL", "text", ctl_text(NULL, "a"), "");
	unit_text("NULL", "string", ctl_string(NULL), "");
	unit_end();
}

static void
test_number(void **state)
{
	static const struct {
		const char *json;
		long long want;
	} rows[] = {
		{ "{\"a\": 7}", 7 },
		{ "{\"a\": -7}", -7 },
		{ "{\"a\": 1000000000000000}", CTL_NUMBER_MAX },
		{ "{\"a\": 1000000000000001}", CTL_NUMBER_MAX },
		{ "{\"a\": 9223372036854775807}", CTL_NUMBER_MAX },
		{ "{\"a\": -1000000000000001}", -CTL_NUMBER_MAX },
		{ "{\"a\": -9223372036854775808}", -CTL_NUMBER_MAX },
		{ "{\"a\": 1.5}", 0 },
		{ "{\"a\": \"7\"}", 0 },
		{ "{\"b\": 7}", 0 },
		{ "[7]", 0 },
	};
	json_t *json;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		json = parse_json(rows[i].json);
		unit_int(rows[i].json, "number", ctl_number(json, "a"), rows[i].want);
		json_decref(json);
	}
	unit_int("NULL", "number", ctl_number(NULL, "a"), 0);
	unit_end();
}

static void
test_make_printable(void **state)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
		{ "{\"a\": \"b\", \"n\": 1, \"t\": true, \"z\": null}",
		    "{\"a\":\"b\",\"n\":1,\"t\":true,\"z\":null}" },
		{ "\"\\u001b[2J\\n\"", "\"?[2J?\"" },
		{ "\"\\u007f\"", "\"?\"" },
		{ "\"\\u202e\"", "\"?\"" }, /* right-to-left override */
		{ "\"j\\u00fcrgen\"", "\"j\\u00FCrgen\"" },
		{ "{\"\\u001b\": {\"\\n\": [\"\\t\", [\"\\r\"]]}}",
		    "{\"?\":{\"?\":[\"?\",[\"?\"]]}}" },
		{ "[]", "[]" },
		{ "{}", "{}" },
		{ "7", "7" },
	};
	json_t *json;
	char *got;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		json = ctl_make_printable(parse_json(rows[i].json));
		got = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
		unit_text(rows[i].json, "printable", got, rows[i].want);
		free(got);
		json_decref(json);
	}
	assert_null(ctl_make_printable(NULL));
	unit_end();
}

/* swap_file - make fd the file instead of old; returns the old file as another descriptor */
static int
swap_file(int old, int fd)
{
	int saved = dup(old);

	assert_int_not_equal(dup2(fd, old), -1);
	return saved;
}

/* The output of the functions for standard output and standard error. */
static void
test_print(void **state)
{
	static const struct command command = { .name = "status" };
	const struct command_line line = { .command = &command };
	FILE *out = tmpfile(), *err = tmpfile();
	json_t *json = parse_json("{\"error\": \"a\\u001bb\", \"x\": \"\\u007f\\u00fc\"}");
	int saved_out, saved_err;
	char text[200] = "";

	(void)state;
	fflush(stdout);
	saved_out = swap_file(STDOUT_FILENO, fileno(out));
	saved_err = swap_file(STDERR_FILENO, fileno(err));
	ctl_print_json(json);
	fflush(stdout);
	unit_true("error", "printed", ctl_print_reply_error(json));
	unit_int("usage", "status", ctl_usage(&line, "'%s' is wrong", "x\033"), CTL_USAGE);
	json_object_del(json, "error");
	unit_true("no error", "printed", !ctl_print_reply_error(json));
	fflush(stderr);
	close(swap_file(STDOUT_FILENO, saved_out));
	close(swap_file(STDERR_FILENO, saved_err));
	close(saved_out);
	close(saved_err);

	rewind(out);
	text[fread(text, 1, sizeof(text) - 1, out)] = '\0';
	unit_text("json", "out", text,
	    "{\n  \"error\": \"a\\u001Bb\",\n  \"x\": \"\\u007f\\u00FC\"\n}\n");
	rewind(err);
	text[fread(text, 1, sizeof(text) - 1, err)] = '\0';
	unit_text("error", "err", text, "srsctl: a?b\nsrsctl: status: 'x?' is wrong\n");
	fclose(out);
	fclose(err);
	json_decref(json);
	unit_end();
}

/* No daemon is asked when the control socket is disabled. */
static void
test_disabled(void **state)
{
	const struct ctl ctl = { .socket = NULL };
	char error[CTL_ERROR_SIZE] = "";

	(void)state;
	assert_null(ctl_ask(&ctl, NULL, CTL_SHOWN, error));
	unit_text("none", "error", error,
	    "the control socket is disabled: srsd.conf has control = \"none\"");
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_make_printable),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_disabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
