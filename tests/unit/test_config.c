/* SPDX-License-Identifier: ISC */
#include "tests/unit/log_capture.h"

#include <sys/wait.h>

#include <confuse.h>
#include <dlfcn.h>
#include <errno.h>

#include "common/xmalloc.h"
#include "conf/config.h"
#include "conf/spf_sections.h"

/* load - load a file that holds text; an error message begins with "FILE" instead of the path */
static struct settings *
load(const char *text, const char *const *overrides, size_t n, char error[CONFIG_ERROR_SIZE])
{
	const char *path = unit_write("conf", text, strlen(text), 0600);
	struct settings *s = config_load(NULL, path, overrides, n, error);
	size_t len = strlen(path);

	if (s == NULL && strncmp(error, path, len) == 0) {
		memmove(error + 4, error + len, strlen(error + len) + 1);
		memcpy(error, "FILE", 4);
	}
	return s;
}

/* load_good - the settings of a text that is accepted */
static struct settings *
load_good(const char *text)
{
	char error[CONFIG_ERROR_SIZE];
	struct settings *s = load(text, NULL, 0, error);

	if (s == NULL)
		fail_msg("%s: %s", text, error);
	return s;
}

/* dump - what config_print writes; the caller frees it */
static char *
dump(const struct settings *s)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	config_print(s, out);
	fclose(out);
	return text;
}

struct good_row {
	const char *text;
	const char *want; /* a line of the dump */
};

static void
check_good(const struct good_row *rows, size_t n)
{
	char error[CONFIG_ERROR_SIZE], *text;
	struct settings *s;
	size_t i;

	for (i = 0; i < n; i++) {
		s = load(rows[i].text, NULL, 0, error);
		if (s == NULL) {
			unit_text(rows[i].text, "error", error, "none");
			continue;
		}
		text = dump(s);
		unit_holds(rows[i].text, "dump", text, rows[i].want);
		free(text);
		settings_free(&s);
	}
	unit_end();
}

#define DOMAIN "srs-domain = srs.test\n"

static void
test_values(void **state)
{
	static const struct good_row rows[] = {
		{ "srs-domain = srs.test", "srs-domain = \"srs.test\"\n" },
		{ "srs-domain = \"srs.test\"\n", "srs-domain = \"srs.test\"\n" },
		{ "srs-domain = 'srs.test'\n", "srs-domain = \"srs.test\"\n" },
		{ "srs-domain=srs.test", "srs-domain = \"srs.test\"\n" },
		{ "\n\n  srs-domain\t=  srs.test  \n\n", "srs-domain = \"srs.test\"\n" },
		{ "# words\n" DOMAIN, "srs-domain = \"srs.test\"\n" },
		{ "// words\n" DOMAIN, "srs-domain = \"srs.test\"\n" },
		{ "/* words\n */" DOMAIN, "srs-domain = \"srs.test\"\n" },
		{ DOMAIN "pid-file = /run//srsd//pid\n", "pid-file = \"/run//srsd//pid\"\n" },
		{ DOMAIN "max-age = 7\n", "max-age = 7\n" },
		{ DOMAIN "max-age = \"7\"\n", "max-age = 7\n" },
		{ DOMAIN "always-rewrite = yes\n", "always-rewrite = true\n" },
		{ DOMAIN "separator = \"+\"\n", "separator = \"+\"\n" },
		{ DOMAIN "spf { helo-reject = No_Check }\n", "\thelo-reject = \"no-check\"\n" },
		{ DOMAIN "spf {\n\tvoid-limit = 5\n}\n", "\tvoid-limit = 5\n" },
		{ DOMAIN "spf { }\n", "\tvoid-limit = 2\n" },
		{ "spf { use-exp = on }\n" DOMAIN, "\tuse-exp = true\n" },
		{ DOMAIN "spf { reason-message = \"no: {reason}\" }\n",
		    "\treason-message = \"no: {reason}\"\n" },
	};

	(void)state;
	check_good(rows, COUNT(rows));
}

static void
test_lists(void **state)
{
	static const struct good_row rows[] = {
		{ DOMAIN "domains = {}\n", "domains = {}\n" },
		{ DOMAIN "domains = {\"a.test\"}\n", "domains = {\"a.test\"}\n" },
		{ DOMAIN "domains = {a.test, .b.test}\n", "domains = {\"a.test\", \".b.test\"}\n" },
		{ DOMAIN "domains = {\n\ta.test,\n\tb.test,\n}\n",
		    "domains = {\"a.test\", \"b.test\"}\n" },
		{ DOMAIN "domains = a.test\n", "domains = {\"a.test\"}\n" },
		{ DOMAIN "forward = {}\n", "forward = {}\n" },
		{ DOMAIN "forward = {\"unix:/run/f\"}\n", "forward = {\"unix:/run/f\"}\n" },
		{ DOMAIN "spf { skip-addresses = {} }\n", "\tskip-addresses = {}\n" },
		{ DOMAIN "spf { helo-whitelist = {mx.relay.test, \"B\303\274cher.test\"} }\n",
		    "\thelo-whitelist = {\"mx.relay.test\", \"B\303\274cher.test\"}\n" },
		{ DOMAIN
		    "spf { domain-whitelist = {relay.test} domain-whitelist-ptr = {x.test} }\n",
		    "\tdomain-whitelist-ptr = {\"x.test\"}\n" },
		{ DOMAIN "spf { engine = Native }\n", "\tengine = \"native\"\n" },
		{ DOMAIN "control = none\n", "control = \"none\"\n" },
		{ DOMAIN "trust-anchor = \"/etc/root.key\"\n",
		    "trust-anchor = \"/etc/root.key\"\n" },
		{ DOMAIN "spf { whitelist = {192.0.2.0/24, \"2001:db8::/32\"} }\n",
		    "\twhitelist = {\"192.0.2.0/24\", \"2001:db8::/32\"}\n" },
	};

	(void)state;
	check_good(rows, COUNT(rows));
}

static void
test_lists_that_grow(void **state)
{
	static const struct good_row rows[] = {
		{ DOMAIN "domains = {a.test}\ndomains += {b.test}\n",
		    "domains = {\"a.test\", \"b.test\"}\n" },
		{ DOMAIN "domains += {a.test}\ndomains += {b.test, c.test}\n",
		    "domains = {\"a.test\", \"b.test\", \"c.test\"}\n" },
		{ DOMAIN "domains = {}\ndomains += {a.test}\n", "domains = {\"a.test\"}\n" },
		{ DOMAIN "domains = {a.test}\ndomains += {}\ndomains += {b.test}\n",
		    "domains = {\"a.test\", \"b.test\"}\n" },
		{ DOMAIN "spf { whitelist = {192.0.2.1}\nwhitelist += {192.0.2.2} }\n",
		    "\twhitelist = {\"192.0.2.1/32\", \"192.0.2.2/32\"}\n" },
	};

	(void)state;
	check_good(rows, COUNT(rows));
}

static void
test_sections(void **state)
{
	static const struct good_row rows[] = {
		{ DOMAIN "spf \"x.test\" { }\n", "}\nspf \"x.test\" {\n}\n" },
		{ DOMAIN "spf x.test { }\n", "}\nspf \"x.test\" {\n}\n" },
		{ DOMAIN "spf 'x.test'{helo-reject=null}\n",
		    "spf \"x.test\" {\n\thelo-reject = \"null\"\n}\n" },
		{ "spf\n\"x.test\"\n{\n}\nspf\n{\n\tno-mail = on\n}\n" DOMAIN,
		    "spf \"x.test\" {\n}\n" },
		{ "spf \"x.test\" {}\nspf { no-mail = on }\n" DOMAIN, "\tno-mail = true\n" },
		/* a section of a domain, one of an address, in the order of the file */
		{ DOMAIN "spf u@x.test { no-mail = on }\nspf { }\nspf X.test { no-mail = off }\n",
		    "spf \"u@x.test\" {\n\tno-mail = true\n}\n"
		    "spf \"X.test\" {\n\tno-mail = false\n}\n" },
		/* lists belong to the section that they are in */
		{ DOMAIN "spf a.test { whitelist = {192.0.2.1} helo-whitelist = {}\n"
			 "whitelist += {192.0.2.2} }\nspf b.test { whitelist = {192.0.2.3} }\n",
		    "spf \"a.test\" {\n\twhitelist = {\"192.0.2.1/32\", \"192.0.2.2/32\"}\n"
		    "\thelo-whitelist = {}\n}\n"
		    "spf \"b.test\" {\n\twhitelist = {\"192.0.2.3/32\"}\n}\n" },
		{ DOMAIN "spf { whitelist = {192.0.2.1} }\nspf a.test { whitelist = {} }\n",
		    "spf \"a.test\" {\n\twhitelist = {}\n}\n" },
		/* every option that a section takes */
		{ DOMAIN "spf a.test { helo-reject = fail mail-from-reject = fail\n"
			 "null-sender-reject = fail permerror-reject = on temperror-defer = on\n"
			 "test-only = on no-mail = on whitelist = {} helo-whitelist = {}\n"
			 "domain-whitelist = {} domain-whitelist-ptr = {}\n"
			 "reject-not-pass-domains = {} reason-message = no }\n",
		    "spf \"a.test\" {\n\thelo-reject = \"fail\"\n" },
		/* no sections: the word in a comment, in quotes, as a value, in a list */
		{ "# spf \"x.test\" {\nspf { } /* spf x { */\n" DOMAIN,
		    "\tsrs-daily-limit = 200\n}\n" },
		{ DOMAIN "unprivileged-user = spf\nchroot-dir = /x\n",
		    "unprivileged-user = \"spf\"\n" },
		{ DOMAIN "domains = {spf \n, x}\n", "domains = {\"spf\", \"x\"}\n" },
		{ DOMAIN "pid-file = \"/spf x {\"\n", "pid-file = \"/spf x {\"\n" },
	};

	(void)state;
	check_good(rows, COUNT(rows));
}

struct bad_row {
	const char *text;
	const char *want; /* the whole message, or how it begins */
};

static void
check_bad(const struct bad_row *rows, size_t n)
{
	char error[CONFIG_ERROR_SIZE];
	struct settings *s;
	size_t i;

	for (i = 0; i < n; i++) {
		s = load(rows[i].text, NULL, 0, error);
		unit_true(rows[i].text, "refused", s == NULL);
		if (s != NULL)
			settings_free(&s);
		unit_true(rows[i].text, "one line", strchr(error, '\n') == NULL);
		error[strlen(error) < strlen(rows[i].want) ? strlen(error) : strlen(rows[i].want)] =
		    '\0';
		unit_text(rows[i].text, "message", error, rows[i].want);
	}
	unit_end();
}

static void
test_bad_values(void **state)
{
	static const struct bad_row rows[] = {
		{ DOMAIN "max-age = 0\n",
		    "FILE:2: max-age: '0' is not accepted; use a number from 1 to 365" },
		{ DOMAIN "\n\nhash-length = 28\n",
		    "FILE:4: hash-length: '28' is not accepted; use a number from 4 to 27" },
		{ DOMAIN "hash-minimum = four\n",
		    "FILE:2: hash-minimum: 'four' is not accepted; use a number from 4 to 27" },
		{ DOMAIN "hash-minimum = \"4\n5\"\n",
		    "FILE:2: quotes are not closed on this line: '\"' expected" },
		{ DOMAIN "domains-file = \"/no\\nfile\"\n", "domains-file /no?file: No such file" },
		{ DOMAIN "syslog = maybe\n",
		    "FILE:2: syslog: 'maybe' is not accepted; use one of: true false yes no" },
		{ DOMAIN "separator = _x\n",
		    "FILE:2: separator: '_x' is not accepted; use one of: = + -" },
		{ "srs-domain = localhost\n",
		    "FILE:1: srs-domain: 'localhost' is not accepted; use a host name" },
		{ DOMAIN "pid-file = srsd.pid\n",
		    "FILE:2: pid-file: 'srsd.pid' is not accepted; use a path that begins with /" },
		{ DOMAIN "domains = {a.test, \"not one\"}\n",
		    "FILE:2: domains: 'not one' is not accepted; use a domain, or .domain" },
		{ DOMAIN "forward = {\"10001\"}\n",
		    "FILE:2: forward: '10001' is not accepted; use inet:HOST:PORT, inet:[IPV6]:PORT or " },
		{ DOMAIN "forward = {\"inet:::1:10001\"}\n",
		    "FILE:2: forward: 'inet:::1:10001' is not accepted; use inet:HOST:PORT, inet:[IPV6]:PORT" },
		{ DOMAIN "metrics = \"inet:[::1]:0\"\n",
		    "FILE:2: metrics: 'inet:[::1]:0' is not accepted; use none, inet:HOST:PORT or inet:[IPV6]:" },
		{ DOMAIN "nameservers = {ns.test}\n",
		    "FILE:2: nameservers: 'ns.test' is not accepted; use IP, IP:PORT or [IPV6]:PORT" },
		{ DOMAIN "spf {\n helo-reject = SPF_No_Pass\n}\n",
		    "FILE:3: helo-reject: 'SPF_No_Pass' is not accepted; use one of: spf-not-pass" },
		{ DOMAIN "spf {\n helo-whitelist = {.relay.test}\n}\n",
		    "FILE:3: helo-whitelist: '.relay.test' is not accepted; use a domain" },
		{ DOMAIN "spf {\n engine = spf2\n}\n",
		    "FILE:3: engine: 'spf2' is not accepted; use one of: native" },
		{ DOMAIN "control = \"inet:127.0.0.1:1\"\n",
		    "FILE:2: control: 'inet:127.0.0.1:1' is not accepted; use none, or unix:/PATH" },
		{ DOMAIN "trust-anchor = root.key\n",
		    "FILE:2: trust-anchor: 'root.key' is not accepted; use a path that begins with /" },
		{ DOMAIN "spf {\n\n whitelist = {192.0.2.0/33}\n}\n",
		    "FILE:4: whitelist: '192.0.2.0/33' is not accepted; use IP or IP/PREFIX" },
		{ DOMAIN "spf { prospective = mx.test }\n",
		    "FILE:2: prospective: 'mx.test' is not accepted; use an IPv4 or IPv6 address" },
		{ DOMAIN "spf { mail-from-pass-restriction = OK }\n",
		    "FILE:2: mail-from-pass-restriction: 'OK' is not accepted; use a restriction class "
		    "of main.cf; actions and restrictions of Postfix are refused" },
		{ DOMAIN "spf { helo-pass-restriction = \"permit, spf\" }\n",
		    "FILE:2: helo-pass-restriction: 'permit, spf' is not accepted" },
		{ DOMAIN "spf { reason-message = \"{queue}\" }\n",
		    "FILE:2: reason-message: '{queue}' is not accepted; use printable ASCII, with" },
	};

	(void)state;
	check_bad(rows, COUNT(rows));
}

static void
test_unknown_options(void **state)
{
	static const struct bad_row rows[] = {
		{ DOMAIN "srs-domains = x.test\n",
		    "FILE:2: no such option 'srs-domains'; did you mean srs-domain?" },
		{ DOMAIN "helo-reject = fail\n",
		    "FILE:2: no such option 'helo-reject' here; it belongs in spf { }" },
		{ DOMAIN "spf {\n helo-rejct = fail\n}\n",
		    "FILE:3: no such option 'helo-rejct'; did you mean helo-reject?" },
		{ DOMAIN "SRS-Domain = x.test\n",
		    "FILE:2: no such option 'SRS-Domain'; did you mean srs-domain?" },
		{ DOMAIN "spf {\n max-age = 7\n}\n",
		    "FILE:3: no such option 'max-age' here; it belongs outside of spf { }" },
		{ "srs-domian = x.test\n",
		    "FILE:1: no such option 'srs-domian'; did you mean srs-domain?" },
		{ DOMAIN "dkim { }\n", "FILE:2: no such option 'dkim'; see srsd.conf(5)" },
		{ DOMAIN "spff { }\n", "FILE:2: no such option 'spff'; did you mean spf?" },
		{ DOMAIN "include(\"/etc/passwd\")\n", "FILE:2: no such option 'include'" },
		{ DOMAIN "end-of-file = end-of-file\n/* open",
		    "FILE:2: no such option 'end-of-file'" },
	};

	(void)state;
	check_bad(rows, COUNT(rows));
}

/* A name is suggested only at a place where it is accepted. */
static void
test_suggestions_of_a_place(void **state)
{
	static const struct bad_row rows[] = {
		{ "helo-rejct = fail\n", "FILE:1: no such option 'helo-rejct'; see srsd.conf(5)" },
		{ "spf { secret-file = x }\n",
		    "FILE:1: no such option 'secret-file'; see srsd.conf(5)" },
		{ DOMAIN "spf x.test { hedaer = none }\n",
		    "FILE:2: no such option 'hedaer'; see srsd.conf(5)" },
		{ DOMAIN "spf x.test { no-mial = yes }\n",
		    "FILE:2: no such option 'no-mial'; did you mean no-mail?" },
	};

	(void)state;
	check_bad(rows, COUNT(rows));
}

static void
test_given_twice(void **state)
{
	static const struct bad_row rows[] = {
		{ DOMAIN DOMAIN, "FILE:2: srs-domain: given twice" },
		{ DOMAIN "max-age = 7\nmax-age = 7\n", "FILE:3: max-age: given twice" },
		{ DOMAIN "syslog = no\n\nsyslog = yes\n", "FILE:4: syslog: given twice" },
		{ DOMAIN "domains = {a.test}\ndomains = {b.test}\n",
		    "FILE:3: domains: given twice" },
		{ DOMAIN "domains = {a.test, b.test}\ndomains = {c.test, d.test}\n",
		    "FILE:3: domains: given twice" },
		{ DOMAIN "domains = {a.test}\ndomains += {b.test}\ndomains = {c.test}\n",
		    "FILE:4: domains: given twice" },
		{ DOMAIN "domains = {a.test}\ndomains = {}\n", "FILE: domains: given twice" },
		{ DOMAIN "spf { test-only = on\ntest-only = off }\n",
		    "FILE:3: test-only: given twice" },
		{ DOMAIN "spf { test-only = on }\nspf { test-only = off }\n",
		    "FILE:3: test-only: given twice" },
		{ DOMAIN "spf { whitelist = {192.0.2.1}\nwhitelist = {192.0.2.2} }\n",
		    "FILE:3: whitelist: given twice" },
	};

	(void)state;
	check_bad(rows, COUNT(rows));
}

static void
test_bad_sections(void **state)
{
	static const struct bad_row rows[] = {
		{ DOMAIN "spf {\n}\n\nspf \"x.test\" {\n\n header = none\n}\n",
		    "FILE:7: no such option 'header' here; it belongs in spf { }" },
		{ DOMAIN "spf x.test { srs-forged = check }\n",
		    "FILE:2: no such option 'srs-forged' here; it belongs in spf { }" },
		{ DOMAIN "spf x.test { mail-from-pass-restriction = x }\n",
		    "FILE:2: no such option 'mail-from-pass-restriction' here; it belongs in spf" },
		{ DOMAIN "spf x.test { max-age = 3 }\n",
		    "FILE:2: no such option 'max-age' here; it belongs outside of spf { }" },
		{ DOMAIN "spf x.test { frobnicate = 3 }\n",
		    "FILE:2: no such option 'frobnicate'; see srsd.conf(5)" },
		{ DOMAIN "spf x.test {\n spf { }\n}\n", "FILE:3: no such option 'spf'" },
		{ DOMAIN "spf x.test {\n helo-reject = no\n}\n",
		    "FILE:3: helo-reject: 'no' is not accepted; use one of: spf-not-pass" },
		{ DOMAIN "spf x.test {\n\n whitelist = {a}\n}\n",
		    "FILE:4: whitelist: 'a' is not accepted; use IP or IP/PREFIX" },
		{ DOMAIN "spf x.test {\n no-mail = on\n no-mail = on\n}\n",
		    "FILE:4: no-mail: given twice" },
		{ DOMAIN "spf x.test { whitelist = {192.0.2.1}\nwhitelist = {} }\n", "FILE:" },
		{ DOMAIN "spf x.test { }\nspf y.test { }\nspf x.test { }\n",
		    "FILE:4: spf: \"x.test\" is given twice" },
		{ DOMAIN "spf x.test { }\n\nspf X.Test. {\n no-mail = on\n}\n",
		    "FILE:4: spf: \"X.Test.\" is given twice" },
		{ DOMAIN "spf a@x.test { }\nspf A@x.test { }\n",
		    "FILE:3: spf: \"A@x.test\" is given twice" },
		{ DOMAIN "spf \"\" { }\n",
		    "FILE:2: spf: '' is not accepted as the name of a section" },
		{ DOMAIN "spf .x.test { }\n", "FILE:2: spf: '.x.test' is not accepted" },
		{ DOMAIN "spf x.test { }\nsmf y.test { }\n", "FILE:3: no such option 'smf'" },
	};

	(void)state;
	check_bad(rows, COUNT(rows));
}

/* Overrides are for spf { } alone; a section that does not set the option has the new value. */
static void
test_overrides_and_sections(void **state)
{
	static const char *const overrides[] = { "spf.mail-from-reject=softfail",
		"spf.whitelist=192.0.2.1, 192.0.2.2" };
	static const char *const bad[] = { "spf \"x.test\".no-mail=on" };
	const char *text = DOMAIN "spf x.test { no-mail = on }\n";
	char error[CONFIG_ERROR_SIZE];
	struct settings *s = load(text, overrides, 2, error);
	const struct spf_section *section;

	(void)state;
	assert_non_null(s);
	assert_int_equal(spf_sections_count(s->sections), 1);
	section = spf_sections_at(s->sections, 0);
	assert_true(section->spf.no_mail);
	assert_int_equal(section->spf.mail_from_reject, SPF_REJECT_SOFTFAIL);
	assert_int_equal(section->spf.whitelist.n, 2);
	assert_string_equal(section->spf.authserv_id, s->spf.authserv_id);
	assert_false(s->spf.no_mail);
	settings_free(&s);
	assert_null(load(text, bad, 1, error));
	unit_holds("-o", "error", error, "no such option");
	unit_end();
}

static void
test_syntax_errors(void **state)
{
	static const struct bad_row rows[] = {
		{ DOMAIN "max-age\n", "FILE:" },
		{ DOMAIN "max-age =\n", "FILE:2: max-age: its value is missing" },
		{ DOMAIN "pid-file =", "FILE:2: pid-file: its value is missing" },
		{ DOMAIN "domains =\n\n", "FILE:3: domains: its value is missing" },
		{ DOMAIN "max-age 7\n", "FILE:2: " },
		{ DOMAIN "= 7\n", "FILE:2: " },
		{ DOMAIN "max-age = {7}\n", "FILE:2: " },
		{ DOMAIN "max-age += 7\n", "FILE:2: " },
		{ DOMAIN "domains = {a.test b.test}\n",
		    "FILE:2: unexpected token 'b.test'; separate the values of a list with commas" },
		{ DOMAIN "domains = a.test, b.test\n",
		    "FILE:2: unexpected token ','; write a list as {\"a\", \"b\"}" },
		{ DOMAIN "clients = {\"::1\n\"}\n", "FILE:2: quotes are not closed" },
		{ DOMAIN "separator = \"=\nmax-age = 7\n\nseparator = \"=\"\n",
		    "FILE:2: quotes are not closed on this line" },
		{ DOMAIN "pid-file = \"/a\\\nb\"\nmax-age = x\n",
		    "FILE:4: max-age: 'x' is not accepted" },
		{ DOMAIN "domains = {a.test\n", "FILE:2: a list is not closed: '}' expected" },
		{ DOMAIN "}\n", "FILE:2: " },
		{ DOMAIN "spf = fail\n", "FILE:2: " },
		{ DOMAIN "spf title\n", "FILE:" },
		{ DOMAIN "spf \"x.test\" = 1\n",
		    "FILE:2: missing opening brace for section 'spf'" },
		{ DOMAIN "spf \"x.test\" {\n test-only = on\n",
		    "FILE:3: section spf is not closed: '}' expected" },
		{ DOMAIN "spf \"x.test {\n}\n", "FILE:2: quotes are not closed" },
		{ DOMAIN "spf sp\001 { }\n",
		    "FILE:2: spf: 'sp?' is not accepted as the name of a section" },
		{ DOMAIN "spf {\nmax\n", "FILE:" },
		{ DOMAIN "spf {\n", "FILE:" },
		{ DOMAIN "spf { test-only = on\n", "FILE:" },
		{ DOMAIN "pid-file = \"/run/srsd.pid\n", "FILE:2: quotes are not closed" },
		{ DOMAIN "pid-file = \"/run/srsd.pid\nseparator = \"=\"\n",
		    "FILE:2: quotes are not closed on this line" },
		{ DOMAIN "pid-file = \"/run/srsd.pid\nseparator = \"+\"\nmax-age = 7\n",
		    "FILE:2: quotes are not closed" },
		{ DOMAIN "max-age = 7\npid-file = /run/srsd.pid\"\nmax-age = 7\n",
		    "FILE:3: quotes are not closed" },
	};

	(void)state;
	check_bad(rows, COUNT(rows));
}

static void
test_what_is_missing(void **state)
{
	static const struct bad_row rows[] = {
		{ "", "FILE: srs-domain: not set; set it to the domain of the SRS addresses" },
		{ "max-age = 7\n", "FILE: srs-domain: not set" },
		{ "spf { }\n", "FILE: srs-domain: not set" },
		{ "domains = {}\n", "FILE: srs-domain: not set" },
		{ "domains = {\".a.test\"}\n", "FILE: srs-domain: not set" },
		{ "domains = {localhost}\n",
		    "FILE:1: domains: the first one, 'localhost', is not accepted as srs-domain" },
		{ "domains = {\"b\303\274cher.test\", a.test}\n",
		    "FILE:1: domains: the first one, 'b\303\274cher.test', is not accepted" },
	};

	(void)state;
	check_bad(rows, COUNT(rows));
}

static void
test_options_that_disagree(void **state)
{
	static const struct bad_row rows[] = {
		{ DOMAIN "hash-minimum = 5\n",
		    "FILE:2: hash-minimum: 5 is more than hash-length, 4" },
		{ DOMAIN "hash-length = 8\nhash-minimum = 9\n",
		    "FILE:3: hash-minimum: 9 is more than hash-length, 8" },
		{ DOMAIN "forward = {\"unix:/a\"}\nreverse = {\"unix:/b\", \"unix:/a\"}\n",
		    "FILE:3: reverse: unix:/a is already an endpoint of forward" },
		{ DOMAIN "policy = {\"unix:/a\", \"unix:/b\", \"unix:/a\"}\n",
		    "FILE:2: policy: unix:/a is already an endpoint of policy" },
		{ DOMAIN "forward = {\"inet:127.0.0.1:10002\"}\n",
		    "FILE: reverse: inet:127.0.0.1:10002 is already an endpoint of forward" },
		{ DOMAIN "clients = {\"127.0.0.1\"}\nforward = {\"inet:0.0.0.0:10002\"}\n",
		    "FILE: reverse: inet:127.0.0.1:10002 overlaps inet:0.0.0.0:10002, an endpoint "
		    "of forward" },
		{ DOMAIN "forward = {\"inet:[::1]:1\"}\nreverse = {\"inet:[0::1]:1\"}\n",
		    "FILE:3: reverse: inet:[0::1]:1 overlaps inet:[::1]:1, an endpoint of forward" },
		{ DOMAIN "metrics = \"inet:127.0.0.1:10003\"\n",
		    "FILE:2: metrics: inet:127.0.0.1:10003 is already an endpoint of policy" },
		{ DOMAIN "control = \"unix:/a\"\npolicy = {\"unix:/a\"}\n",
		    "FILE:2: control: unix:/a is already an endpoint of policy" },
		{ DOMAIN "milter = {\"unix:/a\"}\nsocketmap = {\"unix:/a\"}\n",
		    "FILE:2: milter: unix:/a is already an endpoint of socketmap" },
		{ DOMAIN "per-domain = same\n",
		    "FILE:2: per-domain: set outbound-addresses as well, to the addresses" },
		{ DOMAIN "outbound-addresses = {}\nper-domain = \"srs.\"\n",
		    "FILE:3: per-domain: set outbound-addresses as well" },
	};
	struct settings *s = load_good(DOMAIN "hash-minimum = 8\nhash-length = 8\n");

	(void)state;
	unit_int("8 and 8", "hash-minimum", s->hash_minimum, 8);
	settings_free(&s);
	check_bad(rows, COUNT(rows));
}

#define SET_CLIENTS " is not on loopback; set clients to the addresses that may connect to it"

/* The services have no authentication: other hosts may connect only if clients lists them. */
static void
test_endpoints_of_a_network(void **state)
{
	static const struct bad_row rows[] = {
		{ DOMAIN "forward = {\"inet:192.0.2.1:1\"}\n",
		    "FILE:2: forward: inet:192.0.2.1:1" SET_CLIENTS },
		{ DOMAIN "reverse = {\"inet:127.0.0.1:1\", \"inet:0.0.0.0:1\"}\n",
		    "FILE:2: reverse: inet:0.0.0.0:1" SET_CLIENTS },
		{ DOMAIN "policy = {\"inet:*:1\"}\n", "FILE:2: policy: inet:*:1" SET_CLIENTS },
		{ DOMAIN "socketmap = {\"inet:[::]:1\"}\n",
		    "FILE:2: socketmap: inet:[::]:1" SET_CLIENTS },
		{ DOMAIN "milter = {\"inet:[2001:db8::1]:1\"}\n",
		    "FILE:2: milter: inet:[2001:db8::1]:1" SET_CLIENTS },
		{ DOMAIN "milter = {\"inet:mail.example.test:1\"}\n",
		    "FILE:2: milter: inet:mail.example.test:1" SET_CLIENTS },
		{ DOMAIN "milter = {\"inet:10.0.0.1:1\"}\nclients = {}\n",
		    "FILE:2: milter: inet:10.0.0.1:1" SET_CLIENTS },
		{ DOMAIN "clients = {127.0.0.1}\nmetrics = \"inet:*:1\"\n",
		    "FILE:3: metrics: inet:*:1 is not on loopback; set metrics-remote" },
		{ DOMAIN "clients = {mail.example.test}\n",
		    "FILE:2: clients: 'mail.example.test' is not accepted; use IP or IP/PREFIX" },
	};
	static const struct good_row good[] = {
		{ DOMAIN "forward = {\"unix:/f\"}\npolicy = {\"inet:[::1]:1\"}\n"
			 "socketmap = {\"inet:localhost:2\"}\nmilter = {\"inet:127.0.0.9:3\"}\n",
		    "clients = {}\n" },
		{ DOMAIN "forward = {\"inet:*:1\"}\nreverse = {\"inet:0.0.0.0:2\"}\n"
			 "policy = {\"inet:mx.test:3\"}\nsocketmap = {\"inet:192.0.2.1:4\"}\n"
			 "milter = {\"inet:[::]:5\"}\nclients = {\"192.0.2.0/24\", \"::1\"}\n",
		    "clients = {\"192.0.2.0/24\", \"::1/128\"}\n" },
		{ DOMAIN "metrics = \"inet:*:1\"\nmetrics-remote = yes\n", "clients = {}\n" },
	};

	(void)state;
	check_bad(rows, COUNT(rows));
	check_good(good, COUNT(good));
}

static void
test_forwards(void **state)
{
	static const struct good_row rows[] = {
		{ DOMAIN "milter = {\"inet:127.0.0.1:10004\", \"unix:/m\"}\n",
		    "milter = {\"inet:127.0.0.1:10004\", \"unix:/m\"}\n" },
		{ DOMAIN "per-domain = same\noutbound-addresses = {192.0.2.1}\n",
		    "per-domain = \"same\"\n" },
		{ DOMAIN "per-domain = \"srs.\"\noutbound-addresses = {\"2001:db8::1\"}\n",
		    "outbound-addresses = {\"2001:db8::1\"}\n" },
		{ DOMAIN "per-domain = off\n", "per-domain = \"off\"\n" },
		{ DOMAIN "per-domain-accept = {same, \"srs.\"}\n",
		    "per-domain-accept = {\"same\", \"srs.\"}\n" },
	};

	(void)state;
	check_good(rows, COUNT(rows));
}

static void
test_milter_options_that_disagree(void **state)
{
	static const struct bad_row rows[] = {
		{ DOMAIN "unauthenticated = domain\n",
		    "FILE:2: unauthenticated: domain needs unauthenticated-domain" },
		{ DOMAIN "unauthenticated-domain = bulk\n",
		    "FILE:2: unauthenticated-domain: 'bulk' is not accepted; use a host name" },
	};
	static const char *const good[] = {
		DOMAIN "per-domain = off\n",
		DOMAIN "per-domain = same\noutbound-addresses = {192.0.2.1}\n",
		DOMAIN "per-domain-accept = {same, \"srs.\"}\n",
		DOMAIN "unauthenticated = hold\n",
		DOMAIN "unauthenticated = keep\n",
		DOMAIN "unauthenticated = domain\nunauthenticated-domain = bulk.example\n",
	};
	struct settings *s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		s = load_good(good[i]);
		settings_free(&s);
	}
	check_bad(rows, COUNT(rows));
}

/* Mail that is not authenticated must not get an SPF pass that is aligned with an own domain. */
static void
test_unauthenticated_domain(void **state)
{
	static const struct {
		const char *domain, *own;
		const char *with; /* the name in the message; NULL: accepted */
	} rows[] = {
		{ "bulk.example", "a.test, .b.test, c.co.uk", NULL },
		{ "u.bulk.co.uk", "a.co.uk, \".b.co.uk\"", NULL },
		{ "bulk.test", "xbulk.test", NULL },
		{ "bulk.a.test", "a.test", "a.test" },
		{ "a.test", "shop.a.test", "shop.a.test" },
		{ "bulk.A.test", "x.a.test, b.test", "x.a.test" },
		{ "u.bulk.co.uk", "v.bulk.co.uk", "v.bulk.co.uk" },
		{ "bulk.a.test", "\".a.test\"", ".a.test" },
		{ "bulk.a.test", "\".deep.a.test\"", ".deep.a.test" },
		/* It stands for all domains below it. */
		{ "u.bulk.test", "\".test\"", "bulk.test" },
		{ "bulk.xn--bcher-kva.test", "b\303\274cher.test", "xn--bcher-kva.test" },
		/* srs-domain */
		{ "srs.test", "a.test", "srs.test" },
		{ "bulk.srs.test", "a.test", "srs.test" },
		/* A public suffix has no organizational domain. */
		{ "co.uk", "a.co.uk", NULL },
		{ "co.uk", "a.test, co.uk", "co.uk" },
		{ "co.uk", "\".uk\"", "co.uk" },
	};
	char text[300], error[CONFIG_ERROR_SIZE];
	struct settings *s;
	const char *row;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = unit_row("%s, %s", rows[i].domain, rows[i].own);
		snprintf(text, sizeof(text), DOMAIN "domains = {%s}\nunauthenticated-domain = %s\n",
		    rows[i].own, rows[i].domain);
		s = load(text, NULL, 0, error);
		unit_int(row, "accepted", s != NULL, rows[i].with == NULL);
		if (s != NULL)
			unit_true(row, "an SRS domain",
			    domainset_contains(
				s->srs_domains, rows[i].domain, strlen(rows[i].domain)));
		else if (rows[i].with != NULL)
			unit_holds(row, "message", error,
			    unit_row("FILE:3: unauthenticated-domain: %s shares its organizational "
				     "domain with %s,",
				rows[i].domain, rows[i].with));
		settings_free(&s);
	}
	unit_end();
}

static void
test_unauthenticated_domain_in_domains_file(void **state)
{
	const char *domains = unit_write("domains", BYTES("a.test\nshop.bulk.test\n"), 0600);
	char text[400], error[CONFIG_ERROR_SIZE];
	struct settings *s;

	(void)state;
	snprintf(text, sizeof(text),
	    DOMAIN "domains-file = \"%s\"\nunauthenticated-domain = x.test\n", domains);
	s = load_good(text);
	settings_free(&s);
	snprintf(text, sizeof(text),
	    DOMAIN "domains-file = \"%s\"\nunauthenticated-domain = u.bulk.test\n", domains);
	assert_null(load(text, NULL, 0, error));
	unit_holds("file", "message", error, "with shop.bulk.test, which is one of domains");
	unit_end();
}

static void
test_excepted_domains(void **state)
{
	struct settings *s = load_good(DOMAIN "per-domain-except = {A.test}\n");

	(void)state;
	unit_true("a.test", "excepted", domainset_contains(s->srs_excepted, "a.test", 6));
	unit_true("b.test", "not excepted", !domainset_contains(s->srs_excepted, "b.test", 6));
	settings_free(&s);
	s = config_defaults();
	unit_int("defaults", "excepted", (int)domainset_size(s->srs_excepted), 0);
	settings_free(&s);
	unit_end();
}

static void
test_no_file(void **state)
{
	char error[CONFIG_ERROR_SIZE];

	(void)state;
	assert_null(config_load(NULL, unit_path("none"), NULL, 0, error));
	unit_holds("none", "path", error, "/none: ");
	unit_holds("none", "reason", error, strerror(ENOENT));
	assert_null(config_load(NULL, unit_dir, NULL, 0, error));
	unit_true("directory", "message", error[0] != '\0');
	unit_end();
}

static void
test_srs_domain_from_domains(void **state)
{
	struct settings *s = load_good("domains = {\".all.test\", \"first.test\", b.test}\n");

	(void)state;
	unit_text("first of domains", "srs-domain", s->srs_domain, "first.test");
	settings_free(&s);
	s = load_good(DOMAIN "domains = {a.test}\n");
	unit_text("both given", "srs-domain", s->srs_domain, "srs.test");
	settings_free(&s);
	unit_end();
}

/* check_own - is a domain one of ours? */
static void
check_own(const struct settings *s, const char *domain, bool want)
{
	unit_int(domain, "ours", domainset_contains(s->own_domains, domain, strlen(domain)), want);
}

static void
test_own_domains(void **state)
{
	struct settings *s = load_good(DOMAIN "domains = {a.test, .b.test}\n");

	(void)state;
	check_own(s, "srs.test", true);
	check_own(s, "SRS.test", true);
	check_own(s, "a.test", true);
	check_own(s, "x.a.test", false);
	check_own(s, "b.test", false);
	check_own(s, "x.b.test", true);
	check_own(s, "c.test", false);
	settings_free(&s);
	unit_end();
}

static void
test_domains_file(void **state)
{
	struct settings *s;
	char *text;

	(void)state;
	unit_write("domains", BYTES("# ours\none.test\n.two.test # all\r\n\n"), 0600);
	xasprintf(
	    &text, DOMAIN "domains = {a.test}\ndomains-file = \"%s\"\n", unit_path("domains"));
	s = load_good(text);
	check_own(s, "one.test", true);
	check_own(s, "x.two.test", true);
	check_own(s, "two.test", false);
	check_own(s, "a.test", true);
	check_own(s, "srs.test", true);
	check_own(s, "ours", false);
	settings_free(&s);
	free(text);
	unit_end();
}

static void
test_bad_domains_files(void **state)
{
	char error[CONFIG_ERROR_SIZE], *text;

	(void)state;
	unit_write("domains", BYTES("one.test\n\nnot a domain\n"), 0600);
	xasprintf(&text, DOMAIN "domains-file = \"%s\"\n", unit_path("domains"));
	assert_null(load(text, NULL, 0, error));
	unit_holds("bad line", "message", error, "/domains:3: not a domain");
	assert_int_equal(unlink(unit_path("domains")), 0);
	assert_null(load(text, NULL, 0, error));
	unit_holds("no file", "message", error, "domains-file ");
	unit_holds("no file", "message", error, strerror(ENOENT));
	free(text);
	unit_end();
}

/* Some editors write one at the beginning, and it is invisible. */
static void
test_byte_order_mark(void **state)
{
	struct settings *s = load_good("\357\273\277" DOMAIN "max-age = 3\n");

	(void)state;
	unit_int("mark", "max-age", s->max_age, 3);
	settings_free(&s);
	s = load_good("\357\273\277# comment\n" DOMAIN);
	settings_free(&s);
	unit_end();
}

static FILE *stream_open; /* the one that reads the text of a file */

/* The program has these in the place of the C library's fmemopen and fclose. */
FILE *counting_fmemopen(void *text, size_t len, const char *mode) __asm__("fmemopen");
int counting_fclose(FILE *file) __asm__("fclose");

FILE *
counting_fmemopen(void *text, size_t len, const char *mode)
{
	FILE *(*open)(void *, size_t, const char *);

	*(void **)&open = dlsym(RTLD_NEXT, "fmemopen");
	stream_open = open(text, len, mode);
	return stream_open;
}

int
counting_fclose(FILE *file)
{
	int (*close)(FILE *);

	*(void **)&close = dlsym(RTLD_NEXT, "fclose");
	if (file == stream_open)
		stream_open = NULL;
	return close(file);
}

/* LeakSanitizer does not see a stream that is left open: the C library has a list of them. */
static void
test_streams_are_closed(void **state)
{
	char error[CONFIG_ERROR_SIZE];
	struct settings *s;

	(void)state;
	s = load_good(DOMAIN);
	settings_free(&s);
	unit_true("good", "the stream is closed", stream_open == NULL);
	assert_null(load(DOMAIN "max-age = x\n", NULL, 0, error));
	unit_true("bad", "the stream is closed", stream_open == NULL);
	unit_end();
}

static bool lacks_memory; /* libconfuse does */

/* The program has this in the place of libconfuse's cfg_init. */
cfg_t *failing_cfg_init(cfg_opt_t *opts, cfg_flag_t flags) __asm__("cfg_init");

cfg_t *
failing_cfg_init(cfg_opt_t *opts, cfg_flag_t flags)
{
	cfg_t *(*init)(cfg_opt_t *, cfg_flag_t);

	errno = ENOMEM;
	*(void **)&init = dlsym(RTLD_NEXT, "cfg_init");
	return lacks_memory ? NULL : init(opts, flags);
}

/* The monitor reads the file at a reload: it must end with a reason. */
static void
test_exhausted(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	log_capture_begin();
	pid = fork();
	if (pid == 0) {
		lacks_memory = true;
		load_good(DOMAIN);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unit_true("libconfuse", "ends", WIFEXITED(status) && WEXITSTATUS(status) == 1);
	unit_holds(
	    "libconfuse", "log", log_capture_end(), "fatal: libconfuse: Cannot allocate memory");
	unit_end();
}

/* Addresses that only the network sees differently. */
static void
test_made_of_options(void **state)
{
	struct settings *s = load_good(DOMAIN "spf { prospective = \"2001:db8::7\"\n"
					      "authserv-id = mx.test }\n"),
			*named;
	char text[IPADDR_TEXT_SIZE];

	(void)state;
	ipaddr_format(&s->prospective, text);
	unit_text("prospective", "address", text, "2001:db8::7");
	unit_text("authserv-id", "text", s->spf.authserv_id, "mx.test");
	settings_free(&s);
	s = load_good(DOMAIN);
	unit_int("no prospective", "family", s->prospective.family, 0);
	unit_true("authserv-id", "has a default", s->spf.authserv_id[0] != '\0');
	named = load_good(DOMAIN "spf { authserv-id = HOSTNAME }\n");
	unit_text("HOSTNAME", "text", named->spf.authserv_id, s->spf.authserv_id);
	settings_free(&named);
	settings_free(&s);
	unit_end();
}

struct override_row {
	const char *override;
	const char *want;
};

static void
test_overrides(void **state)
{
	static const struct override_row rows[] = {
		{ "srs-domain=other.test", "srs-domain = \"other.test\"\n" },
		{ "max-age=7", "max-age = 7\n" },
		{ "separator==", "separator = \"=\"\n" },
		{ "separator=+", "separator = \"+\"\n" },
		{ "always-rewrite=yes", "always-rewrite = true\n" },
		{ "spf.helo-reject=softfail", "\thelo-reject = \"softfail\"\n" },
		{ "spf.reason-message=a = {result}", "\treason-message = \"a = {result}\"\n" },
		{ "domains=a.test", "domains = {\"a.test\"}\n" },
		{ "domains=a.test,b.test", "domains = {\"a.test\", \"b.test\"}\n" },
		{ "domains= a.test , b.test ", "domains = {\"a.test\", \"b.test\"}\n" },
		{ "domains=", "domains = {}\n" },
		{ "spf.whitelist=192.0.2.1,2001:db8::/32",
		    "\twhitelist = {\"192.0.2.1/32\", \"2001:db8::/32\"}\n" },
		{ "spf.skip-addresses=", "\tskip-addresses = {}\n" },
		{ "forward=inet:127.0.0.1:1,unix:/run/f",
		    "forward = {\"inet:127.0.0.1:1\", \"unix:/run/f\"}\n" },
		{ "pid-file=", "pid-file = \"\"\n" },
	};
	char error[CONFIG_ERROR_SIZE], *text;
	struct settings *s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		s = load(DOMAIN "domains = {z.test}\nmax-age = 3\npid-file = /p\n",
		    &rows[i].override, 1, error);
		if (s == NULL) {
			unit_text(rows[i].override, "error", error, "none");
			continue;
		}
		text = dump(s);
		unit_holds(rows[i].override, "dump", text, rows[i].want);
		free(text);
		settings_free(&s);
	}
	unit_end();
}

static void
test_bad_overrides(void **state)
{
	static const struct override_row rows[] = {
		{ "", "-o : not of the form NAME=VALUE" },
		{ "max-age", "-o max-age: not of the form NAME=VALUE" },
		{ "max-age=0", "-o max-age=0: '0' is not accepted; use a number from 1 to 365" },
		{ "max-age = 7", "-o max-age = 7: no such option" },
		{ "maximum-age=7", "-o maximum-age=7: no such option; see srsd.conf(5)" },
		{ "max-aeg=7", "-o max-aeg=7: no such option; did you mean max-age?" },
		{ "spf.helo-rejct=fail",
		    "-o spf.helo-rejct=fail: no such option; did you mean spf.helo-reject?" },
		{ "helo-reject=fail", "-o helo-reject=fail: no such option; it belongs in spf: -o "
				      "spf.helo-reject=fail" },
		{ "spf.max-age=7", "-o spf.max-age=7: no such option" },
		{ "dns.max-age=7", "-o dns.max-age=7: no such option" },
		{ "=7", "-o =7: no such option" },
		{ "domains=a.test,not=one", "-o domains=a.test,not=one: 'not=one' is not" },
		{ "domains=a.test b.test", "-o domains=a.test b.test: 'a.test b.test' is not" },
		{ "spf.whitelist=192.0.2.1 192.0.2.2",
		    "-o spf.whitelist=192.0.2.1 192.0.2.2: '19" },
		{ "spf.whitelist=192.0.2.0/33", "-o spf.whitelist=192.0.2.0/33: '192.0.2.0/33'" },
		{ "spf.helo-reject=no",
		    "-o spf.helo-reject=no: 'no' is not accepted; use one of:" },
		{ "hash-minimum=9", "-o hash-minimum: 9 is more than hash-length, 4" },
		{ "policy=inet:*:1", "-o policy: inet:*:1 is not on loopback; set clients" },
		{ "srs-domain=", "-o srs-domain: not set" },
	};
	char error[CONFIG_ERROR_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_true(
		    rows[i].override, "refused", load(DOMAIN, &rows[i].override, 1, error) == NULL);
		unit_true(rows[i].override, "message",
		    strncmp(error, rows[i].want, strlen(rows[i].want)) == 0);
		unit_holds(rows[i].override, "message", error, rows[i].want);
	}
	unit_end();
}

static void
test_later_overrides_win(void **state)
{
	static const char *const overrides[] = { "max-age=5", "spf.use-exp=on", "max-age=6" };
	char error[CONFIG_ERROR_SIZE];
	struct settings *s = load(DOMAIN, overrides, COUNT(overrides), error);

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->max_age, 6);
	assert_true(s->spf.use_exp);
	settings_free(&s);
}

static void
test_override_with_many_values(void **state)
{
	char error[CONFIG_ERROR_SIZE], text[4096] = "domains=d0.test";
	const char *override = text;
	struct settings *s;
	size_t len = strlen(text);
	int i;

	(void)state;
	for (i = 1; i < 200; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",d%d.test", i);
	s = load(DOMAIN, &override, 1, error);
	assert_non_null(s);
	assert_int_equal(s->domains.n, 200);
	assert_string_equal(s->domains.text[199], "d199.test");
	settings_free(&s);
}

/* check_dump - what -nv prints reads back to settings that print the same */
static void
check_dump(const char *row, const struct settings *s)
{
	char error[CONFIG_ERROR_SIZE], *first = dump(s), *second;
	struct settings *again = load(first, NULL, 0, error);

	if (again == NULL) {
		unit_text(row, "reads back", error, "no error");
	} else {
		second = dump(again);
		unit_text(row, "second dump", second, first);
		free(second);
		settings_free(&again);
	}
	free(first);
}

static void
test_dump_reads_back(void **state)
{
	static const char *const rows[] = {
		DOMAIN,
		DOMAIN "domains = {}\nforward = {}\nreverse = {}\npolicy = {}\n",
		DOMAIN "domains = {a.test, .b.test}\nnameservers = {\"[2001:db8::53]:53\"}\n",
		DOMAIN "separator = \"+\"\nhash-length = 27\nhash-minimum = 10\n",
		DOMAIN "spf { header = ar\nhelo-reject = No_Check\nskip-addresses = {} }\n",
		DOMAIN "spf { whitelist = {10.1.2.3/8, \"::ffff:192.0.2.0/120\"} }\n",
		DOMAIN
		"spf \"x.test\" { }\nspf \"a \\\"b\\$@X.test.\" { no-mail = on whitelist = {} }\n",
		DOMAIN "spf { mail-from-pass-restriction = spf_pass }\n",
		DOMAIN "spf { reason-message = \"{result}: #1 // 'x' /* y */ \\\"z\\\" \\\\\" }\n",
	};
	struct settings *s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		s = load_good(rows[i]);
		check_dump(rows[i], s);
		settings_free(&s);
	}
	unit_end();
}

/* Paths take any byte: each of them has to survive being printed and read. */
static void
test_dump_of_odd_characters(void **state)
{
	static const char *const texts[] = { "/a \"quoted\" name", "/back\\slash\\",
		"/$HOME/${HOME}", "/'single'", "/#no comment", "//no/comment", "/*no*/comment",
		"/{a,b}=c;+=d", "/\\\"$\\${HOME}\"", "/b\303\274cher", "/trailing blank ",
		"/%s%n" };
	char override[300], value[8], error[CONFIG_ERROR_SIZE];
	const char *overrides[] = { override };
	struct settings *s;
	size_t i;
	int c;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		snprintf(override, sizeof(override), "pid-file=%s", texts[i]);
		s = load(DOMAIN, overrides, 1, error);
		assert_non_null(s);
		unit_text(texts[i], "taken", s->pid_file, texts[i]);
		check_dump(texts[i], s);
		settings_free(&s);
	}
	for (c = 1; c < 256; c++) {
		snprintf(value, sizeof(value), "/a%cb", c);
		snprintf(override, sizeof(override), "pid-file=%s", value);
		s = load(DOMAIN, overrides, 1, error);
		if (s == NULL) /* need not be accepted */
			continue;
		check_dump(value, s);
		settings_free(&s);
	}
	unit_end();
}

static void
test_free_nulls(void **state)
{
	struct settings *s = load_good(DOMAIN);

	(void)state;
	settings_free(&s);
	assert_null(s);
	settings_free(&s);
}

/* Each reader gives back what it took; the last one frees. */
static void
test_references(void **state)
{
	struct settings *first = load_good(DOMAIN "domains = {a.test, b.test}\n"), *second, *third;

	(void)state;
	second = settings_ref(first);
	assert_ptr_equal(second, first);
	third = settings_ref(second);
	settings_free(&first);
	assert_null(first);
	assert_string_equal(second->srs_domain, "srs.test");
	first = settings_ref(third);
	settings_free(&second);
	settings_free(&third);
	assert_int_equal(domainset_size(first->own_domains), 3);
	settings_free(&first);
	settings_free(&first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_DIR_TEST(test_values),
		UNIT_DIR_TEST(test_lists),
		UNIT_DIR_TEST(test_lists_that_grow),
		UNIT_DIR_TEST(test_sections),
		UNIT_DIR_TEST(test_bad_sections),
		UNIT_DIR_TEST(test_overrides_and_sections),
		UNIT_DIR_TEST(test_bad_values),
		UNIT_DIR_TEST(test_unknown_options),
		UNIT_DIR_TEST(test_suggestions_of_a_place),
		UNIT_DIR_TEST(test_given_twice),
		UNIT_DIR_TEST(test_syntax_errors),
		UNIT_DIR_TEST(test_what_is_missing),
		UNIT_DIR_TEST(test_options_that_disagree),
		UNIT_DIR_TEST(test_endpoints_of_a_network),
		UNIT_DIR_TEST(test_forwards),
		UNIT_DIR_TEST(test_milter_options_that_disagree),
		UNIT_DIR_TEST(test_unauthenticated_domain),
		UNIT_DIR_TEST(test_unauthenticated_domain_in_domains_file),
		UNIT_DIR_TEST(test_excepted_domains),
		UNIT_DIR_TEST(test_no_file),
		UNIT_DIR_TEST(test_srs_domain_from_domains),
		UNIT_DIR_TEST(test_own_domains),
		UNIT_DIR_TEST(test_domains_file),
		UNIT_DIR_TEST(test_bad_domains_files),
		UNIT_DIR_TEST(test_byte_order_mark),
		UNIT_DIR_TEST(test_streams_are_closed),
		UNIT_DIR_TEST(test_exhausted),
		UNIT_DIR_TEST(test_made_of_options),
		UNIT_DIR_TEST(test_overrides),
		UNIT_DIR_TEST(test_bad_overrides),
		UNIT_DIR_TEST(test_later_overrides_win),
		UNIT_DIR_TEST(test_override_with_many_values),
		UNIT_DIR_TEST(test_dump_reads_back),
		UNIT_DIR_TEST(test_dump_of_odd_characters),
		UNIT_DIR_TEST(test_free_nulls),
		UNIT_DIR_TEST(test_references),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
