/* SPDX-License-Identifier: ISC */
#include "tests/unit/json_case.h"
#include "tests/unit/unit_dir.h"

#include "conf/config.h"
#include "conf/settings_report.h"

static struct settings *
load_text(const char *text)
{
	char error[CONFIG_ERROR_SIZE];
	struct settings *s =
	    config_load(NULL, unit_write("conf", text, strlen(text), 0600), NULL, 0, error);

	if (s == NULL)
		fail_msg("%s", error);
	return s;
}

/* Each type of option has its type of JSON. */
static void
test_types(void **state)
{
	struct settings *s = load_text("srs-domain = srs.test\n"
				       "domains = {a.test, \"b.test\"}\n"
				       "max-age = 7\n"
				       "always-rewrite = yes\n"
				       "separator = \"+\"\n"
				       "hash-accept-compatible = 2026-12-31\n"
				       "spf {\n"
				       " whitelist = {192.0.2.0/24, \"2001:db8::1\"}\n"
				       " test-only = on\n"
				       " reason-message = \"a \\\"b\\\"\"\n"
				       "}\n"
				       "spf a.test {\n no-mail = yes\n}\n");
	json_t *report = settings_report(s), *spf = json_object_get(report, "spf");

	(void)state;
	json_case_member("text", report, "srs-domain", "\"srs.test\"");
	json_case_member("list", report, "domains", "[\"a.test\",\"b.test\"]");
	json_case_member("empty list", report, "relay-domains", "[]");
	json_case_member("number", report, "max-age", "7");
	json_case_member("truth value", report, "always-rewrite", "true");
	json_case_member("choice", report, "separator", "\"+\"");
	json_case_member("date", report, "hash-accept-compatible", "\"2026-12-31\"");
	json_case_member("no date", report, "hash-accept-separated", "\"none\"");
	json_case_member("networks", spf, "whitelist", "[\"192.0.2.0/24\",\"2001:db8::1/128\"]");
	json_case_member("truth value", spf, "test-only", "true");
	json_case_member("quotes", spf, "reason-message", "\"a \\\"b\\\"\"");
	json_case_member(
	    "section", report, "spf-sections", "[{\"name\":\"a.test\",\"no-mail\":true}]");
	json_decref(report);
	settings_free(&s);
	unit_end();
}

static void
test_longest(void **state)
{
	char *text = malloc(SETTINGS_REPORT_MAX * 2), *end = text;
	struct settings *s;
	json_t *report;
	unsigned i;

	(void)state;
	end += sprintf(end, "srs-domain = srs.test\ndomains = {");
	for (i = 0; end < text + SETTINGS_REPORT_MAX; i++)
		end += sprintf(end, "%sa%u.test", i == 0 ? "" : ",", i);
	strcpy(end, "}\n");
	s = load_text(text);
	report = settings_report(s);
	unit_true("too long", "null", json_is_null(report));
	json_decref(report);
	report = settings_report_whole(s);
	unit_true("too long", "whole", json_is_array(json_object_get(report, "domains")));
	json_decref(report);
	settings_free(&s);
	free(text);
	unit_end();
}

/* A text of the configuration may have any bytes. */
static void
test_not_utf8(void **state)
{
	struct settings *s = load_text("srs-domain = srs.test\nsecrets-file = \"/x\xff\"\n");
	json_t *report = settings_report(s);

	(void)state;
	json_case_member("not UTF-8", report, "secrets-file", "null");
	json_decref(report);
	settings_free(&s);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_DIR_TEST(test_types),
		UNIT_DIR_TEST(test_longest),
		UNIT_DIR_TEST(test_not_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
