/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "conf/option.h"
#include "conf/option_value.h"

/* Settings with every default. */
static struct settings *
make_settings(void)
{
	struct settings *s = calloc(1, sizeof(*s));
	const struct conf_option *o;

	assert_non_null(s);
	for (o = option_table; o < option_table + option_count; o++)
		option_preset(s, o);
	return s;
}

static const struct conf_option *
find(const char *section, const char *name)
{
	const struct conf_option *o = option_find(section, name);

	if (o == NULL)
		fail_msg("no option %s", name);
	return o;
}

/* printed - what option_print writes; good until the next call */
static const char *
printed(const struct settings *s, const struct conf_option *o)
{
	static char text[4096];
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	option_print(s, o, out);
	fclose(out);
	return text;
}

static bool
set(struct settings *s, const struct conf_option *o, const char *value, char *error)
{
	error[0] = '\0';
	return option_set(s, o, &value, 1, error);
}

struct printed_row {
	const char *section;
	const char *name;
	const char *want;
};

static bool
has_row(const struct printed_row *rows, size_t n, const struct conf_option *o)
{
	while (n-- > 0)
		if (option_find(rows[n].section, rows[n].name) == o)
			return true;
	return false;
}

static void
test_defaults(void **state)
{
	static const struct printed_row rows[] = {
		{ NULL, "srs-domain", "srs-domain = \"\"\n" },
		{ NULL, "domains", "domains = {}\n" },
		{ NULL, "domains-file", "domains-file = \"\"\n" },
		{ NULL, "domains-file-watch", "domains-file-watch = false\n" },
		{ NULL, "reverse-domains", "reverse-domains = {}\n" },
		{ NULL, "secrets-file", "secrets-file = \"" SYSCONFDIR "/srsd/srsd.secret\"\n" },
		{ NULL, "forward", "forward = {\"inet:127.0.0.1:10001\"}\n" },
		{ NULL, "reverse", "reverse = {\"inet:127.0.0.1:10002\"}\n" },
		{ NULL, "policy", "policy = {\"inet:127.0.0.1:10003\"}\n" },
		{ NULL, "socketmap", "socketmap = {}\n" },
		{ NULL, "milter", "milter = {}\n" },
		{ NULL, "clients", "clients = {}\n" },
		{ NULL, "control", "control = \"unix:" RUNSTATEDIR "/srsd/control\"\n" },
		{ NULL, "metrics", "metrics = \"none\"\n" },
		{ NULL, "metrics-remote", "metrics-remote = false\n" },
		{ NULL, "separator", "separator = \"=\"\n" },
		{ NULL, "hash-length", "hash-length = 4\n" },
		{ NULL, "hash-minimum", "hash-minimum = 4\n" },
		{ NULL, "hash-avoid-slash", "hash-avoid-slash = true\n" },
		{ NULL, "hash-format", "hash-format = \"compatible\"\n" },
		{ NULL, "hash-accept-separated", "hash-accept-separated = \"none\"\n" },
		{ NULL, "hash-accept-compatible", "hash-accept-compatible = \"none\"\n" },
		{ NULL, "max-age", "max-age = 21\n" },
		{ NULL, "always-rewrite", "always-rewrite = false\n" },
		{ NULL, "original-envelope", "original-envelope = \"embedded\"\n" },
		{ NULL, "envelope-database", "envelope-database = \"none\"\n" },
		{ NULL, "envelope-database-user", "envelope-database-user = \"\"\n" },
		{ NULL, "envelope-database-password-file",
		    "envelope-database-password-file = \"\"\n" },
		{ NULL, "envelope-database-tls", "envelope-database-tls = false\n" },
		{ NULL, "envelope-accept-sha1", "envelope-accept-sha1 = \"none\"\n" },
		{ NULL, "envelope-limit", "envelope-limit = 10000000\n" },
		{ NULL, "store-timeout", "store-timeout = 2\n" },
		{ NULL, "milter-timeout", "milter-timeout = 20\n" },
		{ NULL, "milter-test-only", "milter-test-only = false\n" },
		{ NULL, "rewrite-relayed", "rewrite-relayed = true\n" },
		{ NULL, "relay-domains", "relay-domains = {}\n" },
		{ NULL, "no-rewrite-recipients", "no-rewrite-recipients = {}\n" },
		{ NULL, "per-domain", "per-domain = \"off\"\n" },
		{ NULL, "per-domain-accept", "per-domain-accept = {}\n" },
		{ NULL, "per-domain-except", "per-domain-except = {}\n" },
		{ NULL, "outbound-addresses", "outbound-addresses = {}\n" },
		{ NULL, "inbound-hosts", "inbound-hosts = {}\n" },
		{ NULL, "unauthenticated", "unauthenticated = \"rewrite\"\n" },
		{ NULL, "unauthenticated-domain", "unauthenticated-domain = \"\"\n" },
		{ NULL, "unauthenticated-bounces", "unauthenticated-bounces = \"return\"\n" },
		{ NULL, "trusted-authserv-ids", "trusted-authserv-ids = {}\n" },
		{ NULL, "hold-limit", "hold-limit = 1000\n" },
		{ NULL, "bounce-warning", "bounce-warning = 5\n" },
		{ NULL, "siblings", "siblings = {}\n" },
		{ NULL, "recent-decisions", "recent-decisions = 10000\n" },
		{ NULL, "idle-timeout", "idle-timeout = 1800\n" },
		{ NULL, "stop-timeout", "stop-timeout = 25\n" },
		{ NULL, "connection-limit", "connection-limit = 1000\n" },
		{ NULL, "unprivileged-user", "unprivileged-user = \"srsd\"\n" },
		{ NULL, "chroot-dir", "chroot-dir = \"\"\n" },
		{ NULL, "pid-file", "pid-file = \"\"\n" },
		{ NULL, "syslog", "syslog = false\n" },
		{ NULL, "nameservers", "nameservers = {}\n" },
		{ NULL, "dnssec", "dnssec = false\n" },
		{ NULL, "trust-anchor", "trust-anchor = \"/usr/share/dns/root.key\"\n" },
		{ "spf", "helo-reject", "\thelo-reject = \"fail\"\n" },
		{ "spf", "mail-from-reject", "\tmail-from-reject = \"fail\"\n" },
		{ "spf", "null-sender-reject", "\tnull-sender-reject = \"helo-reject\"\n" },
		{ "spf", "permerror-reject", "\tpermerror-reject = false\n" },
		{ "spf", "temperror-defer", "\ttemperror-defer = false\n" },
		{ "spf", "test-only", "\ttest-only = false\n" },
		{ "spf", "header", "\theader = \"received-spf\"\n" },
		{ "spf", "authserv-id", "\tauthserv-id = \"\"\n" },
		{ "spf", "hide-receiver", "\thide-receiver = true\n" },
		{ "spf", "skip-addresses", "\tskip-addresses = {\"127.0.0.0/8\", \"::1/128\"}\n" },
		{ "spf", "whitelist", "\twhitelist = {}\n" },
		{ "spf", "helo-whitelist", "\thelo-whitelist = {}\n" },
		{ "spf", "domain-whitelist", "\tdomain-whitelist = {}\n" },
		{ "spf", "domain-whitelist-ptr", "\tdomain-whitelist-ptr = {}\n" },
		{ "spf", "reject-not-pass-domains", "\treject-not-pass-domains = {}\n" },
		{ "spf", "no-mail", "\tno-mail = false\n" },
		{ "spf", "prospective", "\tprospective = \"\"\n" },
		{ "spf", "reason-message", "\treason-message = \"\"\n" },
		{ "spf", "use-exp", "\tuse-exp = false\n" },
		{ "spf", "void-limit", "\tvoid-limit = 2\n" },
		{ "spf", "lookup-limit", "\tlookup-limit = 10\n" },
		{ "spf", "lookup-time", "\tlookup-time = 20\n" },
		{ "spf", "engine", "\tengine = \"native\"\n" },
		{ "spf", "nat-guard", "\tnat-guard = true\n" },
		{ "spf", "helo-pass-restriction", "\thelo-pass-restriction = \"\"\n" },
		{ "spf", "mail-from-pass-restriction", "\tmail-from-pass-restriction = \"\"\n" },
		{ "spf", "srs-forged", "\tsrs-forged = \"reject\"\n" },
		{ "spf", "srs-nonnull", "\tsrs-nonnull = \"check\"\n" },
		{ "spf", "srs-sender", "\tsrs-sender = \"skip\"\n" },
		{ "spf", "srs-guess-limit", "\tsrs-guess-limit = 20\n" },
		{ "spf", "srs-daily-limit", "\tsrs-daily-limit = 200\n" },
	};
	struct settings *s = make_settings();
	const struct conf_option *o;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_text(rows[i].name, "printed", printed(s, find(rows[i].section, rows[i].name)),
		    rows[i].want);
	for (o = option_table; o < option_table + option_count; o++)
		unit_true(o->name, "has a row in test_defaults", has_row(rows, COUNT(rows), o));
	settings_free(&s);
	unit_end();
}

static bool
is_list(const struct conf_option *o)
{
	return o->type == OPTION_LIST || o->type == OPTION_CIDRS;
}

/* Each row of the table is whole: a default that its own parser takes, words, a range, a text. */
static void
test_the_table(void **state)
{
	struct settings *s = make_settings();
	char error[OPTION_ERROR_SIZE];
	const struct conf_option *o;

	(void)state;
	for (o = option_table; o < option_table + option_count; o++) {
		unit_true(o->name, "found", option_find(o->section, o->name) == o);
		unit_true(o->name, "has a text", o->text != NULL && o->text[0] != '\0');
		if (!is_list(o))
			unit_true(o->name, "default is accepted", set(s, o, o->preset, error));
		unit_int(o->name, "has words", o->choices != NULL,
		    o->type == OPTION_BOOL || o->type == OPTION_CHOICE);
		unit_int(o->name, "has a range", o->min < o->max, o->type == OPTION_NUMBER);
	}
	settings_free(&s);
	unit_end();
}

/* The default of a list may hold several values between blanks. */
static void
test_default_lists(void **state)
{
	struct settings *s = make_settings();
	const struct conf_option *o;
	size_t words;
	const char *p;

	(void)state;
	for (o = option_table; o < option_table + option_count; o++) {
		if (!is_list(o))
			continue;
		words = o->preset != NULL;
		for (p = o->preset; p != NULL && *p != '\0'; p++)
			words += *p == ' ';
		p = strchr(printed(s, o), '{');
		unit_int(o->name, "has values", strcmp(p, "{}\n") != 0, words > 0);
		for (; words > 1 && p != NULL; words--)
			p = strstr(p + 1, "\", \"");
		unit_true(o->name, "has all values", p != NULL);
	}
	settings_free(&s);
	unit_end();
}

/* The number of values in a default has no limit. */
static void
test_long_default(void **state)
{
	struct conf_option o = *find("spf", "skip-addresses");
	struct settings *s = make_settings();

	(void)state;
	o.preset = "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 "
		   "10.0.0.9 10.0.0.10";
	option_preset(s, &o);
	assert_int_equal(s->spf.skip_addresses.n, 10);
	assert_non_null(strstr(printed(s, &o), "\"10.0.0.10/32\"}"));
	settings_free(&s);
}

static void
test_find(void **state)
{
	(void)state;
	assert_non_null(option_find(NULL, "srs-domain"));
	assert_non_null(option_find("spf", "helo-reject"));
	assert_null(option_find(NULL, "helo-reject"));
	assert_null(option_find("spf", "srs-domain"));
	assert_null(option_find("dns", "helo-reject"));
	assert_null(option_find(NULL, ""));
	assert_null(option_find(NULL, "srs-domai"));
	assert_null(option_find(NULL, "srs-domains"));
	assert_null(option_find(NULL, "SRS-DOMAIN"));
	assert_null(option_find(NULL, "srs_domain"));
}

/* check_refused - a refused value changes nothing, and the message names it */
static void
check_refused(
    struct settings *s, const struct conf_option *o, const char *value, const char *accepted)
{
	char error[OPTION_ERROR_SIZE], before[4096];

	strlcpy(before, printed(s, o), sizeof(before));
	unit_true(o->name, unit_row("'%.80s' is refused", value), !set(s, o, value, error));
	unit_text(o->name, "old value", printed(s, o), before);
	unit_holds(o->name, "value in the message", error, unit_row("'%.100s'", value));
	unit_holds(o->name, "accepted", error, accepted);
}

static void
test_numbers(void **state)
{
	struct settings *s = make_settings();
	char error[OPTION_ERROR_SIZE], value[20];
	const struct conf_option *o;
	int number;

	(void)state;
	for (o = option_table; o < option_table + option_count; o++) {
		if (o->type != OPTION_NUMBER)
			continue;
		for (number = o->min; number <= o->max; number += (o->max - o->min)) {
			snprintf(value, sizeof(value), "%d", number);
			unit_true(o->name, value, set(s, o, value, error));
			unit_holds(o->name, "printed", printed(s, o), unit_row(" = %d\n", number));
		}
	}
	settings_free(&s);
	unit_end();
}

static void
test_bad_numbers(void **state)
{
	static const char *const bad[] = { "", "four", "4x", "4.5", "0x4", "1e3", "--4", "+-4",
		"4 4", "99999999999999999999", "-99999999999999999999", "4294967300" };
	struct settings *s = make_settings();
	const struct conf_option *o;
	char value[20], range[60];
	size_t i;

	(void)state;
	for (o = option_table; o < option_table + option_count; o++) {
		if (o->type != OPTION_NUMBER)
			continue;
		snprintf(range, sizeof(range), "a number from %d to %d", o->min, o->max);
		for (i = 0; i < COUNT(bad); i++)
			check_refused(s, o, bad[i], range);
		snprintf(value, sizeof(value), "%d", o->min - 1);
		check_refused(s, o, value, range);
		snprintf(value, sizeof(value), "%d", o->max + 1);
		check_refused(s, o, value, range);
	}
	settings_free(&s);
	unit_end();
}

static void
test_bad_dates(void **state)
{
	static const char *const bad[] = { "2026-13-01", "2026-02-29", "2026-11-31", "2026-1-1",
		"22.11.2026", "11/22/2026", "2026-11-22 ", "tomorrow", "0", "1999-12-31",
		"20261122", "never" };
	struct settings *s = make_settings();
	char error[OPTION_ERROR_SIZE];
	const struct conf_option *o;
	size_t i;

	(void)state;
	for (o = option_table; o < option_table + option_count; o++) {
		if (o->type != OPTION_DATE)
			continue;
		unit_true(o->name, "has a value", set(s, o, "2026-11-22", error));
		for (i = 0; i < COUNT(bad); i++)
			check_refused(s, o, bad[i], "a date of the form YYYY-MM-DD, or none");
	}
	settings_free(&s);
	unit_end();
}

static void
test_bools(void **state)
{
	static const struct {
		const char *value;
		const char *want;
	} rows[] = { { "true", "true" }, { "false", "false" }, { "yes", "true" }, { "no", "false" },
		{ "on", "true" }, { "off", "false" }, { "1", "true" }, { "0", "false" },
		{ "True", "true" }, { "FALSE", "false" }, { "Yes", "true" } };
	static const char *const bad[] = { "", "maybe", "2", "truee", "tru", "y", "true ", "-1" };
	struct settings *s = make_settings();
	char error[OPTION_ERROR_SIZE];
	const struct conf_option *o;
	size_t i;

	(void)state;
	for (o = option_table; o < option_table + option_count; o++) {
		if (o->type != OPTION_BOOL)
			continue;
		for (i = 0; i < COUNT(rows); i++) {
			unit_true(o->name, rows[i].value, set(s, o, rows[i].value, error));
			unit_holds(o->name, rows[i].value, printed(s, o),
			    unit_row(" = %s\n", rows[i].want));
		}
		for (i = 0; i < COUNT(bad); i++)
			check_refused(s, o, bad[i], "one of: true false yes no on off 1 0");
	}
	settings_free(&s);
	unit_end();
}

struct choice_row {
	const char *section;
	const char *name;
	const char *value;
	const char *want;
};

static void
check_choices(const struct choice_row *rows, size_t n)
{
	struct settings *s = make_settings();
	char error[OPTION_ERROR_SIZE];
	const struct conf_option *o;
	size_t i;

	for (i = 0; i < n; i++) {
		o = find(rows[i].section, rows[i].name);
		unit_true(rows[i].name, rows[i].value, set(s, o, rows[i].value, error));
		unit_holds(rows[i].name, rows[i].value, printed(s, o),
		    unit_row(" = \"%s\"\n", rows[i].want));
	}
	settings_free(&s);
	unit_end();
}

static void
test_choices(void **state)
{
	static const struct choice_row rows[] = {
		{ NULL, "hash-format", "compatible", "compatible" },
		{ NULL, "hash-format", "Separated", "separated" },
		{ NULL, "hash-accept-compatible", "2026-12-14", "2026-12-14" },
		{ NULL, "hash-accept-compatible", "2024-02-29", "2024-02-29" },
		{ NULL, "hash-accept-compatible", "none", "none" },
		{ NULL, "hash-accept-compatible", "None", "none" },
		{ NULL, "hash-accept-compatible", "", "none" },
		{ NULL, "unauthenticated", "rewrite", "rewrite" },
		{ NULL, "unauthenticated", "Domain", "domain" },
		{ NULL, "unauthenticated", "keep", "keep" },
		{ NULL, "unauthenticated", "hold", "hold" },
		{ NULL, "unauthenticated-bounces", "discard", "discard" },
		{ NULL, "unauthenticated-bounces", "return", "return" },
		{ NULL, "separator", "=", "=" },
		{ NULL, "separator", "+", "+" },
		{ NULL, "separator", "-", "-" },
		{ "spf", "helo-reject", "spf-not-pass", "spf-not-pass" },
		{ "spf", "helo-reject", "softfail", "softfail" },
		{ "spf", "helo-reject", "fail", "fail" },
		{ "spf", "helo-reject", "null", "null" },
		{ "spf", "helo-reject", "false", "false" },
		{ "spf", "helo-reject", "no-check", "no-check" },
		{ "spf", "mail-from-reject", "spf-not-pass", "spf-not-pass" },
		{ "spf", "mail-from-reject", "softfail", "softfail" },
		{ "spf", "mail-from-reject", "fail", "fail" },
		{ "spf", "mail-from-reject", "false", "false" },
		{ "spf", "mail-from-reject", "no-check", "no-check" },
		{ "spf", "null-sender-reject", "helo-reject", "helo-reject" },
		{ "spf", "null-sender-reject", "null", "null" },
		{ "spf", "null-sender-reject", "false", "false" },
		{ "spf", "header", "received-spf", "received-spf" },
		{ "spf", "header", "authentication-results", "authentication-results" },
		{ "spf", "header", "both", "both" },
		{ "spf", "header", "none", "none" },
		{ "spf", "srs-forged", "check", "check" },
		{ "spf", "srs-forged", "reject", "reject" },
		{ "spf", "srs-nonnull", "reject", "reject" },
		{ "spf", "srs-nonnull", "defer", "defer" },
		{ "spf", "srs-nonnull", "check", "check" },
		{ "spf", "srs-sender", "no-reject", "no-reject" },
		{ "spf", "srs-sender", "check", "check" },
		{ "spf", "srs-sender", "skip", "skip" },
#ifdef HAVE_LIBSPF2
		{ "spf", "engine", "libspf2", "libspf2" },
		{ "spf", "engine", "LibSPF2", "libspf2" },
#endif
		{ "spf", "engine", "native", "native" },
	};

	(void)state;
	check_choices(rows, COUNT(rows));
}

/* policyd-spf's words mean the same here. */
static void
test_other_spellings(void **state)
{
	static const struct choice_row rows[] = {
		{ "spf", "helo-reject", "SPF_Not_Pass", "spf-not-pass" },
		{ "spf", "helo-reject", "Softfail", "softfail" },
		{ "spf", "helo-reject", "Fail", "fail" },
		{ "spf", "helo-reject", "Null", "null" },
		{ "spf", "helo-reject", "False", "false" },
		{ "spf", "helo-reject", "No_Check", "no-check" },
		{ "spf", "mail-from-reject", "SPF_NOT_PASS", "spf-not-pass" },
		{ "spf", "mail-from-reject", "no_check", "no-check" },
		{ "spf", "header", "SPF", "received-spf" },
		{ "spf", "header", "AR", "authentication-results" },
	};

	(void)state;
	check_choices(rows, COUNT(rows));
}

static void
test_bad_choices(void **state)
{
	static const struct choice_row rows[] = {
		{ NULL, "separator", "", "one of: = + -" },
		{ NULL, "separator", "==", "one of: = + -" },
		{ NULL, "separator", "_", "one of: = + -" },
		{ NULL, "separator", "/", "one of: = + -" },
		{ "spf", "helo-reject", "", "spf-not-pass softfail fail null false no-check" },
		{ "spf", "helo-reject", "true", "spf-not-pass softfail fail null false no-check" },
		{ "spf", "helo-reject", "Flase", "spf-not-pass softfail fail null false no-check" },
		{ "spf", "helo-reject", "spf not pass", "spf-not-pass softfail fail null" },
		{ "spf", "helo-reject", "fail ", "spf-not-pass softfail fail null" },
		{ "spf", "helo-reject", "helo-reject", "spf-not-pass softfail fail null" },
		{ "spf", "mail-from-reject", "null", "spf-not-pass softfail fail false no-check" },
		{ "spf", "mail-from-reject", "soft-fail", "spf-not-pass softfail fail false" },
		{ "spf", "null-sender-reject", "mail-from", "helo-reject spf-not-pass softfail" },
		{ "spf", "header", "received", "received-spf authentication-results both none" },
		{ "spf", "header", "false", "received-spf authentication-results both none" },
		{ NULL, "unauthenticated", "refuse", "one of: rewrite domain keep hold" },
		{ NULL, "unauthenticated-bounces", "drop", "one of: return discard" },
		{ "spf", "srs-forged", "defer", "one of: reject check" },
		{ "spf", "srs-nonnull", "skip", "one of: check reject defer" },
		{ "spf", "srs-sender", "reject", "one of: skip no-reject check" },
		{ "spf", "engine", "", "one of: native" },
		{ "spf", "engine", "spf2", "one of: native" },
		{ "spf", "engine", "libspf", "one of: native" },
		{ "spf", "engine", "native,libspf2", "one of: native" },
#ifndef HAVE_LIBSPF2
		{ "spf", "engine", "libspf2", "one of: native" },
#endif
	};
	struct settings *s = make_settings();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_refused(s, find(rows[i].section, rows[i].name), rows[i].value, rows[i].want);
	settings_free(&s);
	unit_end();
}

struct value_row {
	const char *section;
	const char *name;
	const char *value;
};

static void
check_values(const struct value_row *rows, size_t n)
{
	struct settings *s = make_settings();
	char error[OPTION_ERROR_SIZE];
	const struct conf_option *o;
	size_t i;

	for (i = 0; i < n; i++) {
		o = find(rows[i].section, rows[i].name);
		if (!set(s, o, rows[i].value, error))
			unit_text(rows[i].name, rows[i].value, error, "accepted");
		unit_holds(
		    rows[i].name, rows[i].value, printed(s, o), unit_row("\"%s\"", rows[i].value));
	}
	settings_free(&s);
	unit_end();
}

static void
test_texts(void **state)
{
	static const struct value_row rows[] = {
		{ NULL, "srs-domain", "srs.example.test" },
		{ NULL, "srs-domain", "SRS-1.Example.test" },
		{ NULL, "srs-domain", "" },
		{ NULL, "unauthenticated-domain", "forwards.example.test" },
		{ NULL, "unauthenticated-domain", "" },
		{ NULL, "per-domain", "off" },
		{ NULL, "per-domain", "same" },
		{ NULL, "per-domain", "srs." },
		{ NULL, "per-domain", "s." },
		{ NULL, "per-domain", "srs-1." },
		{ NULL, "domains-file", "/etc/srsd/domains" },
		{ NULL, "secrets-file", "/etc/srsd/a b" },
		{ NULL, "chroot-dir", "/" },
		{ NULL, "pid-file", "" },
		{ NULL, "unprivileged-user", "nobody" },
		{ NULL, "unprivileged-user", "" },
		{ NULL, "control", "none" },
		{ NULL, "control", "unix:/run/srsd/control" },
		{ NULL, "control", "unix:/c" },
		{ NULL, "metrics", "none" },
		{ NULL, "metrics", "inet:127.0.0.1:9100" },
		{ NULL, "metrics", "inet:[::1]:9100" },
		{ NULL, "trust-anchor", "/etc/srsd/root.key" },
		{ "spf", "authserv-id", "mx.example.test" },
		{ "spf", "authserv-id", "mx" },
		{ "spf", "prospective", "192.0.2.1" },
		{ "spf", "prospective", "2001:db8::1" },
		{ "spf", "prospective", "" },
		{ "spf", "reason-message", "{result} {reason} {identity} {client}" },
		{ "spf", "reason-message", "see https://spf.example.test/?ip={client}&r={result}" },
		{ "spf", "reason-message", "{client}{client}" },
		{ "spf", "reason-message", "https://spf.example.test/?s={sender}&d={domain}" },
		{ "spf", "reason-message", "plain words: 50% off, isn't it?" },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

static void
test_bad_texts(void **state)
{
	static const struct choice_row rows[] = {
		{ NULL, "srs-domain", "localhost", "at least one dot" },
		{ NULL, "srs-domain", "srs.example.test.", "host name" },
		{ NULL, "srs-domain", ".example.test", "host name" },
		{ NULL, "srs-domain", "srs_1.example.test", "host name" },
		{ NULL, "srs-domain", "b\303\274cher.test", "ASCII" },
		{ NULL, "srs-domain", "192.0.2.1", "host name" },
		{ NULL, "srs-domain", "user@example.test", "host name" },
		{ NULL, "srs-domain", "a.test b.test", "host name" },
		{ NULL, "unauthenticated-domain", "localhost", "at least one dot" },
		{ NULL, "unauthenticated-domain", ".example.test", "host name" },
		{ NULL, "per-domain", "", "off, same, or a label and a dot" },
		{ NULL, "per-domain", "Same", "off, same, or a label and a dot" },
		{ NULL, "per-domain", "srs", "off, same, or a label and a dot" },
		{ NULL, "per-domain", ".", "off, same, or a label and a dot" },
		{ NULL, "per-domain", ".srs", "off, same, or a label and a dot" },
		{ NULL, "per-domain", "srs..", "off, same, or a label and a dot" },
		{ NULL, "per-domain", "a.b.", "off, same, or a label and a dot" },
		{ NULL, "per-domain", "srs.example.test", "off, same, or a label and a dot" },
		{ NULL, "per-domain", "s r s.", "off, same, or a label and a dot" },
		{ NULL, "domains-file", "etc/srsd/domains", "begins with /" },
		{ NULL, "secrets-file", " /etc/srsd/secret", "begins with /" },
		{ NULL, "chroot-dir", "./", "begins with /" },
		{ NULL, "pid-file", "srsd.pid", "begins with /" },
		{ NULL, "control", "", "none, or unix:/PATH" },
		{ NULL, "control", "None", "none, or unix:/PATH" },
		{ NULL, "control", "none ", "none, or unix:/PATH" },
		{ NULL, "control", "/run/srsd/control", "none, or unix:/PATH" },
		{ NULL, "control", "unix:", "none, or unix:/PATH" },
		{ NULL, "control", "unix:control", "none, or unix:/PATH" },
		{ NULL, "control", "inet:127.0.0.1:10004", "none, or unix:/PATH" },
		{ NULL, "control", "tcp:127.0.0.1:10004", "none, or unix:/PATH" },
		{ NULL, "metrics", "", "none, inet:HOST:PORT or inet:[IPV6]:PORT" },
		{ NULL, "metrics", "9100", "none, inet:HOST:PORT or inet:[IPV6]:PORT" },
		{ NULL, "metrics", "unix:/run/srsd/metrics", "inet:HOST:PORT" },
		{ NULL, "metrics", "127.0.0.1:9100", "inet:HOST:PORT" },
		{ NULL, "trust-anchor", "root.key", "begins with /" },
		{ NULL, "trust-anchor", ". IN DS 20326 8 2 E06D", "begins with /" },
		{ "spf", "authserv-id", "mx example", "host name" },
		{ "spf", "authserv-id", "mx;example", "host name" },
		{ "spf", "authserv-id", "mx.", "host name" },
		{ "spf", "prospective", "mx.example.test", "IPv4 or IPv6 address" },
		{ "spf", "prospective", "192.0.2.0/24", "IPv4 or IPv6 address" },
		{ "spf", "prospective", "192.0.2", "IPv4 or IPv6 address" },
		{ "spf", "reason-message", "{recipient}",
		    "{client} {sender} {domain} and no other" },
		{ "spf", "reason-message", "{", "no other braces" },
		{ "spf", "reason-message", "}", "no other braces" },
		{ "spf", "reason-message", "{result", "no other braces" },
		{ "spf", "reason-message", "{{result}}", "no other braces" },
		{ "spf", "reason-message", "{Result}", "no other braces" },
		{ "spf", "reason-message", "two\nlines", "printable ASCII" },
		{ "spf", "reason-message", "tab\there", "printable ASCII" },
		{ "spf", "reason-message", "caf\303\251", "printable ASCII" },
	};
	struct settings *s = make_settings();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_refused(s, find(rows[i].section, rows[i].name), rows[i].value, rows[i].want);
	settings_free(&s);
	unit_end();
}

static void
test_list_values(void **state)
{
	static const struct value_row rows[] = {
		{ NULL, "domains", "example.test" },
		{ NULL, "domains", ".example.test" },
		{ NULL, "domains", "x" },
		{ NULL, "domains", "b\303\274cher.test" },
		{ NULL, "forward", "inet:[::1]:10001" },
		{ NULL, "reverse", "unix:/run/srsd/reverse" },
		{ NULL, "policy", "inet:*:10003" },
		{ NULL, "milter", "inet:127.0.0.1:10004" },
		{ NULL, "milter", "unix:/run/srsd/milter" },
		{ NULL, "clients", "192.0.2.0/24" },
		{ NULL, "clients", "2001:db8::/32" },
		{ NULL, "relay-domains", "example.test" },
		{ NULL, "relay-domains", ".example.test" },
		{ NULL, "no-rewrite-recipients", ".example.test" },
		{ NULL, "per-domain-accept", "same" },
		{ NULL, "per-domain-accept", "srs." },
		{ NULL, "per-domain-except", "srs.example.test" },
		{ NULL, "outbound-addresses", "192.0.2.1" },
		{ NULL, "outbound-addresses", "2001:db8::1" },
		{ NULL, "inbound-hosts", "mx.example.test" },
		{ NULL, "trusted-authserv-ids", "mx.example.test" },
		{ NULL, "trusted-authserv-ids", "mx" },
		{ NULL, "nameservers", "192.0.2.53" },
		{ NULL, "nameservers", "192.0.2.53:5353" },
		{ NULL, "nameservers", "2001:db8::53" },
		{ NULL, "nameservers", "[2001:db8::53]:5353" },
		{ "spf", "reject-not-pass-domains", "bank.example.test" },
		{ "spf", "reject-not-pass-domains", ".example.test" },
		{ "spf", "whitelist", "192.0.2.0/24" },
		{ "spf", "whitelist", "2001:db8::/32" },
		{ "spf", "helo-whitelist", "mx.relay.test" },
		{ "spf", "helo-whitelist", "MX.b\303\274cher.test" },
		{ "spf", "domain-whitelist", "relay.test" },
		{ "spf", "domain-whitelist", "_spf.relay.test" },
		{ "spf", "domain-whitelist-ptr", "relay.test" },
		{ "spf", "skip-addresses", "0.0.0.0/0" },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

static void
test_bad_list_values(void **state)
{
	static const struct choice_row rows[] = {
		{ NULL, "domains", "", "a domain" },
		{ NULL, "domains", ".", "a domain" },
		{ NULL, "domains", "*.example.test", "a domain" },
		{ NULL, "domains", "a.test b.test", "a domain" },
		{ NULL, "domains", "user@example.test", "a domain" },
		{ NULL, "forward", "10001", "inet:HOST:PORT, inet:[IPV6]:PORT or unix:/PATH" },
		{ NULL, "forward", "", "inet:HOST:PORT" },
		{ NULL, "reverse", "inet:127.0.0.1:0",
		    "; use inet:HOST:PORT, inet:[IPV6]:PORT or" },
		{ NULL, "forward", "inet:::1:10001", "; use inet:HOST:PORT, inet:[IPV6]:PORT or" },
		{ NULL, "policy", "unix:policy",
		    "use inet:HOST:PORT, inet:[IPV6]:PORT or unix:/PATH" },
		{ NULL, "milter", "10004", "inet:HOST:PORT, inet:[IPV6]:PORT or unix:/PATH" },
		{ NULL, "milter", "inet:10004@127.0.0.1", "inet:HOST:PORT" },
		{ NULL, "clients", "", "IP or IP/PREFIX" },
		{ NULL, "clients", "mx.example.test", "IP or IP/PREFIX" },
		{ NULL, "clients", "192.0.2.0/33", "IP or IP/PREFIX" },
		{ NULL, "relay-domains", "*.example.test", "a domain" },
		{ NULL, "no-rewrite-recipients", "user@example.test", "a domain" },
		{ NULL, "per-domain-accept", "off", "same, or a label and a dot" },
		{ NULL, "per-domain-accept", "", "same, or a label and a dot" },
		{ NULL, "per-domain-accept", "srs", "same, or a label and a dot" },
		{ NULL, "per-domain-except", ".example.test", "a domain" },
		{ NULL, "outbound-addresses", "", "an IPv4 or IPv6 address" },
		{ NULL, "outbound-addresses", "192.0.2.0/24", "an IPv4 or IPv6 address" },
		{ NULL, "outbound-addresses", "mx.example.test", "an IPv4 or IPv6 address" },
		{ NULL, "inbound-hosts", ".example.test", "a domain" },
		{ NULL, "trusted-authserv-ids", "mx example", "a domain" },
		{ NULL, "nameservers", "", "IP, IP:PORT or [IPV6]:PORT" },
		{ NULL, "nameservers", "ns.example.test", "IP, IP:PORT or [IPV6]:PORT" },
		{ NULL, "nameservers", "192.0.2.53:", "IP, IP:PORT" },
		{ NULL, "nameservers", "192.0.2.53:0", "IP, IP:PORT" },
		{ NULL, "nameservers", "192.0.2.53:65536", "IP, IP:PORT" },
		{ NULL, "nameservers", "192.0.2.53:dns", "IP, IP:PORT" },
		{ NULL, "nameservers", ":53", "IP, IP:PORT" },
		{ NULL, "nameservers", "[:53", "IP, IP:PORT" },
		{ NULL, "nameservers", "[]:53", "IP, IP:PORT" },
		{ NULL, "nameservers", "[2001:db8::53", "IP, IP:PORT" },
		{ NULL, "nameservers", "192.0.2.53@53", "IP, IP:PORT" },
		{ "spf", "reject-not-pass-domains", "a test", "a domain" },
		{ "spf", "whitelist", "", "IP or IP/PREFIX" },
		{ "spf", "whitelist", "192.0.2.0/33", "IP or IP/PREFIX" },
		{ "spf", "whitelist", "192.0.2.0/24,", "IP or IP/PREFIX" },
		{ "spf", "whitelist", "mx.example.test", "IP or IP/PREFIX" },
		{ "spf", "helo-whitelist", "", "a domain" },
		{ "spf", "helo-whitelist", ".relay.test", "a domain" },
		{ "spf", "helo-whitelist", "[192.0.2.1]", "a domain" },
		{ "spf", "helo-whitelist", "mx.relay.test.", "a domain" },
		{ "spf", "helo-whitelist", "mx relay.test", "a domain" },
		{ "spf", "domain-whitelist", "", "a domain" },
		{ "spf", "domain-whitelist", ".relay.test", "a domain" },
		{ "spf", "domain-whitelist", "a@relay.test", "a domain" },
		{ "spf", "domain-whitelist", "relay..test", "a domain" },
		{ "spf", "domain-whitelist-ptr", "", "a domain" },
		{ "spf", "domain-whitelist-ptr", ".relay.test", "a domain" },
		{ "spf", "domain-whitelist-ptr", "*.relay.test", "a domain" },
		{ "spf", "domain-whitelist-ptr", "192.0.2.0/24", "a domain" },
		{ "spf", "skip-addresses", "::/129", "IP or IP/PREFIX" },
	};
	struct settings *s = make_settings();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_refused(s, find(rows[i].section, rows[i].name), rows[i].value, rows[i].want);
	settings_free(&s);
	unit_end();
}

static void
test_lists_are_taken_whole(void **state)
{
	static const char *const three[] = { "a.test", ".b.test", "c.test" };
	static const char *const spoilt[] = { "d.test", "not a domain" };
	static const char *const nets[] = { "192.0.2.0/24", "2001:db8::1" };
	static const char *const spoilt_nets[] = { "192.0.2.0/24", "192.0.2.0/99" };
	const struct conf_option *domains = find(NULL, "domains"),
				 *nets_option = find("spf", "whitelist");
	struct settings *s = make_settings();
	char error[OPTION_ERROR_SIZE];

	(void)state;
	assert_true(option_set(s, domains, three, 3, error));
	assert_string_equal(
	    printed(s, domains), "domains = {\"a.test\", \".b.test\", \"c.test\"}\n");
	assert_false(option_set(s, domains, spoilt, 2, error));
	assert_non_null(strstr(error, "'not a domain'"));
	assert_int_equal(s->domains.n, 3);
	assert_true(option_set(s, domains, NULL, 0, error));
	assert_string_equal(printed(s, domains), "domains = {}\n");
	assert_true(option_set(s, nets_option, nets, 2, error));
	assert_string_equal(
	    printed(s, nets_option), "\twhitelist = {\"192.0.2.0/24\", \"2001:db8::1/128\"}\n");
	assert_false(option_set(s, nets_option, spoilt_nets, 2, error));
	assert_int_equal(s->spf.whitelist.n, 2);
	assert_true(option_set(s, nets_option, NULL, 0, error));
	assert_int_equal(s->spf.whitelist.n, 0);
	settings_free(&s);
}

static void
test_one_value_where_one_belongs(void **state)
{
	static const char *const two[] = { "5", "6" };
	struct settings *s = make_settings();
	char error[OPTION_ERROR_SIZE];
	const struct conf_option *o;

	(void)state;
	for (o = option_table; o < option_table + option_count; o++) {
		if (is_list(o))
			continue;
		unit_true(o->name, "two values", !option_set(s, o, two, 2, error));
		unit_text(o->name, "message", error, "takes one value");
		unit_true(o->name, "no value", !option_set(s, o, two, 0, error));
	}
	settings_free(&s);
	unit_end();
}

static void
test_long_values_in_messages(void **state)
{
	struct settings *s = make_settings();
	char *value = unit_fill('v', 100000);
	const struct conf_option *o;

	(void)state;
	value[0] = '{'; /* is nowhere accepted */
	for (o = option_table; o < option_table + option_count; o++)
		if (o->accept != NULL || o->choices != NULL || o->type == OPTION_NUMBER)
			check_refused(s, o, value, "accepted");
	free(value);
	settings_free(&s);
	unit_end();
}

/* The first of two equal networks stays where it is, and in its spelling. */
static void
test_repeated_networks(void **state)
{
	static const char *const nets[] = { "198.51.100.0/24", "2001:db8::/32", "192.0.2.9/24",
		"::ffff:198.51.100.7/120", "192.0.2.0/25", "2001:db8::1/32", "192.0.2.0/24",
		"192.0.2.0/24" };
	const struct conf_option *option = find("spf", "whitelist");
	struct settings *s = make_settings();
	char error[OPTION_ERROR_SIZE];

	(void)state;
	assert_true(option_set(s, option, nets, COUNT(nets), error));
	assert_string_equal(printed(s, option),
	    "\twhitelist = {\"198.51.100.0/24\", \"2001:db8::/32\", \"192.0.2.9/24\", "
	    "\"192.0.2.0/25\"}\n");
	settings_free(&s);
}

/* A comparison of each network with all others would take minutes. */
static void
test_many_networks(void **state)
{
	enum { NETWORKS = 300000 };
	const struct conf_option *option = find("spf", "whitelist");
	struct settings *s = make_settings();
	const char **nets = calloc(NETWORKS, sizeof(const char *));
	char(*text)[16] = calloc(NETWORKS, sizeof(*text)), error[OPTION_ERROR_SIZE];
	size_t i, n = NETWORKS - 1;

	(void)state;
	for (i = 0; i < n; i++) {
		snprintf(text[i], sizeof(*text), "10.%zu.%zu.%zu", i >> 16, i >> 8 & 255, i & 255);
		nets[i] = text[i];
	}
	nets[n] = text[n / 2];
	assert_true(option_set(s, option, nets, NETWORKS, error));
	assert_int_equal(s->spf.whitelist.n, n);
	free(text);
	free(nets);
	settings_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_the_table),
		cmocka_unit_test(test_default_lists),
		cmocka_unit_test(test_long_default),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_bad_dates),
		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_other_spellings),
		cmocka_unit_test(test_bad_choices),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_bad_texts),
		cmocka_unit_test(test_list_values),
		cmocka_unit_test(test_bad_list_values),
		cmocka_unit_test(test_lists_are_taken_whole),
		cmocka_unit_test(test_repeated_networks),
		cmocka_unit_test(test_many_networks),
		cmocka_unit_test(test_one_value_where_one_belongs),
		cmocka_unit_test(test_long_values_in_messages),
	};

	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
