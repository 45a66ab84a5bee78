/* SPDX-License-Identifier: ISC */
/*
 * The clients that the allow-lists contain, and the DNS queries for this. Each row is evaluated
 * with the answers arriving in several orders.
 */
#include "tests/unit/fake_dns.h"

#include "conf/option.h"
#include "conf/option_value.h"
#include "spf/spf_allow.h"

/* The arguments of an evaluation; lists are words separated by blanks. */
struct allow_row {
	const char *name;
	const char *helo_list, *domain_list, *ptr_list;
	const char *helo;
	const char *ip;
	const char *want;  /* "" for no list */
	const char *asked; /* all questions, when the answers come together; NULL: whatever */
};

struct allow_case {
	struct settings *settings;
	struct spf_request req;
	struct spf_allowed allowed;
};

static void
set_list(struct settings *settings, const char *name, const char *words)
{
	const struct conf_option *o = option_find("spf", name);
	char error[OPTION_ERROR_SIZE], copy[2000];
	const char *values[50];
	size_t n = 0;
	char *word, *rest;

	snprintf(copy, sizeof(copy), "%s", words == NULL ? "" : words);
	for (word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		values[n++] = word;
	if (n > 0 && !option_set(settings, o, values, n, error))
		fail_msg("%s: %s", name, error);
}

static struct settings *
make_settings(void)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	const struct conf_option *o;

	assert_non_null(settings);
	for (o = option_table; o < option_table + option_count; o++)
		option_preset(settings, o);
	return settings;
}

static struct allow_case
begin_case(const struct allow_row *row)
{
	struct allow_case c = { .settings = make_settings() };

	set_list(c.settings, "helo-whitelist", row->helo_list);
	set_list(c.settings, "domain-whitelist", row->domain_list);
	set_list(c.settings, "domain-whitelist-ptr", row->ptr_list);
	c.req = fake_request("", row->ip);
	c.req.domain = fake_text("");
	c.req.helo = fake_text(row->helo);
	return c;
}

static bool
pass(void *arg, struct spf_answers *answers)
{
	struct allow_case *c = arg;

	return spf_allow_eval(&c->settings->spf, &c->req, answers, &c->allowed);
}

/* run - until it is known; NULL: no list holds the client */
static const char *
run(struct allow_case *c, struct fake_dns *dns)
{
	struct spf_answers *answers = fake_drive(dns, pass, c);

	spf_answers_free(&answers);
	return c->allowed.word;
}

/* check_orders - a client that is held is held in whatever order the answers come */
static void
check_orders(const char *name, struct allow_case *c, struct fake_dns *dns, const char *want)
{
	unsigned i;

	dns->seed = 7489;
	for (i = 0; i < 12; i++) {
		dns->order = i < FAKE_MIXED ? (enum fake_order)i : FAKE_MIXED;
		unit_text(name, unit_row("order %u", i), run(c, dns), want);
	}
}

static void
check_rows(const char *zone, const struct allow_row *rows, size_t n)
{
	struct fake_dns dns = { .zone = zone };
	struct allow_case c;
	const char *want;
	size_t i;

	for (i = 0; i < n; i++) {
		c = begin_case(&rows[i]);
		want = rows[i].want[0] == '\0' ? NULL : rows[i].want;
		dns.order = FAKE_ALL;
		unit_text(rows[i].name, "list", run(&c, &dns), want);
		if (rows[i].asked != NULL)
			unit_text(rows[i].name, "questions", dns.asked, rows[i].asked);
		check_orders(rows[i].name, &c, &dns, want);
		settings_free(&c.settings);
	}
	unit_end();
}

#define HELO "helo-whitelist"
#define DOMAIN "domain-whitelist"
#define PTR "domain-whitelist-ptr"

#define LABEL63 "n23456789012345678901234567890123456789012345678901234567890123"

static void
test_is_wanted(void **state)
{
	static const char *const lists[] = { HELO, DOMAIN, PTR };
	struct settings *settings = make_settings();
	size_t i;

	(void)state;
	unit_true("defaults", "nothing is wanted", !spf_allow_is_wanted(&settings->spf));
	settings_free(&settings);
	for (i = 0; i < COUNT(lists); i++) {
		settings = make_settings();
		set_list(settings, lists[i], "x.test");
		unit_true(lists[i], "is wanted", spf_allow_is_wanted(&settings->spf));
		settings_free(&settings);
	}
	/* Networks need no DNS. */
	settings = make_settings();
	set_list(settings, "whitelist", "192.0.2.0/24");
	unit_true("whitelist", "nothing is wanted", !spf_allow_is_wanted(&settings->spf));
	settings_free(&settings);
	unit_end();
}

static void
test_empty_lists(void **state)
{
	static const struct allow_row rows[] = {
		{ "a name", NULL, NULL, NULL, "mx.relay.test", "192.0.2.1", "", "" },
		{ "no name", NULL, NULL, NULL, "", "192.0.2.1", "", "" },
		{ "IPv6", NULL, NULL, NULL, "mx.relay.test", "2001:db8::1", "", "" },
	};

	(void)state;
	check_rows("mx.relay.test A 192.0.2.1\n", rows, COUNT(rows));
}

static void
test_helo(void **state)
{
	static const char zone[] = "mx.relay.test A 192.0.2.9\n"
				   "mx.relay.test A 192.0.2.1\n"
				   "mx.relay.test AAAA 2001:db8::1\n"
				   "v4.relay.test A 192.0.2.1\n"
				   "sick.relay.test A !\n"
				   "xn--bcher-kva.test A 192.0.2.1\n"
				   "relay.test A 192.0.2.1\n"
				   "evil-mx.relay.test A 192.0.2.1\n"
				   "mx.relay.test.evil.test A 192.0.2.1\n";
	static const struct allow_row rows[] = {
		{ "listed", "mx.relay.test", NULL, NULL, "mx.relay.test", "192.0.2.1", HELO,
		    "A mx.relay.test" },
		{ "second of its addresses", "mx.relay.test", NULL, NULL, "mx.relay.test",
		    "192.0.2.9", HELO, "A mx.relay.test" },
		{ "second of the list", "other.test mx.relay.test", NULL, NULL, "mx.relay.test",
		    "192.0.2.1", HELO, "A mx.relay.test" },
		{ "IPv6", "mx.relay.test", NULL, NULL, "mx.relay.test", "2001:db8::1", HELO,
		    "AAAA mx.relay.test" },
		{ "IPv4 in IPv6", "mx.relay.test", NULL, NULL, "mx.relay.test", "::ffff:192.0.2.1",
		    HELO, "A mx.relay.test" },
		{ "case of the list", "MX.Relay.TEST", NULL, NULL, "mx.relay.test", "192.0.2.1",
		    HELO, "A mx.relay.test" },
		{ "case of the name", "mx.relay.test", NULL, NULL, "MX.RELAY.TEST", "192.0.2.1",
		    HELO, "A mx.relay.test" },
		{ "U-labels in the list", "b\303\274cher.test", NULL, NULL, "xn--bcher-kva.test",
		    "192.0.2.1", HELO, "A xn--bcher-kva.test" },
		{ "another address", "mx.relay.test", NULL, NULL, "mx.relay.test", "192.0.2.2", "",
		    "A mx.relay.test" },
		{ "another address, IPv6", "mx.relay.test", NULL, NULL, "mx.relay.test",
		    "2001:db8::2", "", "AAAA mx.relay.test" },
		{ "no AAAA", "v4.relay.test", NULL, NULL, "v4.relay.test", "2001:db8::1", "",
		    "AAAA v4.relay.test" },
		{ "no such name", "gone.test", NULL, NULL, "gone.test", "192.0.2.1", "",
		    "A gone.test" },
		{ "DNS error", "sick.relay.test", NULL, NULL, "sick.relay.test", "192.0.2.1", "",
		    "A sick.relay.test" },
		{ "not listed", "mx.relay.test", NULL, NULL, "v4.relay.test", "192.0.2.1", "", "" },
		{ "below a listed one", "relay.test", NULL, NULL, "mx.relay.test", "192.0.2.1", "",
		    "" },
		{ "above a listed one", "mx.relay.test", NULL, NULL, "relay.test", "192.0.2.1", "",
		    "" },
		{ "no whole labels", "mx.relay.test", NULL, NULL, "evil-mx.relay.test", "192.0.2.1",
		    "", "" },
		{ "followed by another name", "mx.relay.test", NULL, NULL,
		    "mx.relay.test.evil.test", "192.0.2.1", "", "" },
		{ "literal", "mx.relay.test", NULL, NULL, "[192.0.2.1]", "192.0.2.1", "", "" },
		{ "no name", "mx.relay.test", NULL, NULL, "", "192.0.2.1", "", "" },
		{ "SPF of the name is of no interest", "mx.relay.test", NULL, NULL, "mx.relay.test",
		    "192.0.2.77", "", "A mx.relay.test" },
	};

	(void)state;
	check_rows(zone, rows, COUNT(rows));
}

/* Names that no list can contain, whatever its entries are. */
static void
test_helo_names_that_cannot_be(void **state)
{
	struct fake_dns dns = { .zone = "mx.relay.test A 192.0.2.1\n" };
	struct allow_row row = { "", "mx.relay.test", NULL, NULL, "", "192.0.2.1", "", "" };
	struct allow_case c = begin_case(&row);
	char *long_name = unit_fill('n', 8000);
	static const char nul[] = "mx.relay.test\0.evil.test";
	size_t len[] = { 253, 254, 255, 256, 8000 }, i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(len); i++) {
		copy = unit_copy(long_name, len[i]);
		c.req.helo.s = copy;
		c.req.helo.len = len[i];
		unit_text(unit_row("%zu bytes", len[i]), "list", run(&c, &dns), NULL);
		unit_text(unit_row("%zu bytes", len[i]), "questions", dns.asked, "");
		free(copy);
	}
	c.req.helo.s = nul;
	c.req.helo.len = sizeof(nul) - 1;
	unit_text("NUL in it", "list", run(&c, &dns), NULL);
	unit_text("NUL in it", "questions", dns.asked, "");
	free(long_name);
	settings_free(&c.settings);
	unit_end();
}

static void
test_domains(void **state)
{
	static const char zone[] = "own.test TXT v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\n"
				   "xn--bcher-kva.test TXT v=spf1 ip4:192.0.2.1 -all\n"
				   "a.test TXT v=spf1 a -all\n"
				   "a.test A 192.0.2.1\n"
				   "inc.test TXT v=spf1 include:own.test -all\n"
				   "red.test TXT v=spf1 redirect=inc.test\n"
				   "soft.test TXT v=spf1 ~ip4:192.0.2.1 +all\n"
				   "mark.test TXT v=spf1 ?ip4:192.0.2.1 +all\n"
				   "minus.test TXT v=spf1 -ip4:192.0.2.1 +all\n"
				   "empty.test TXT v=spf1\n"
				   "other.test TXT hello\n"
				   "bad.test TXT v=spf1 +ip4:192.0.2.1 moo\n"
				   "two.test TXT v=spf1 +all\n"
				   "two.test TXT v=spf1 +all\n"
				   "sick.test TXT !\n"
				   "half.test TXT v=spf1 include:sick.test +all\n"
				   "local.test TXT v=spf1 exists:%{l}.%{o}.%{h}.is.test -all\n"
				   "postmaster.local.test.mx.relay.test.is.test A 127.0.0.2\n"
				   "all.test TXT v=spf1 +all\n";
	static const struct allow_row rows[] = {
		{ "pass", NULL, "own.test", NULL, "h.test", "192.0.2.1", DOMAIN, "TXT own.test" },
		{ "pass, IPv6", NULL, "own.test", NULL, "h.test", "2001:db8::1", DOMAIN,
		    "TXT own.test" },
		{ "case", NULL, "OWN.Test", NULL, "h.test", "192.0.2.1", DOMAIN, "TXT own.test" },
		{ "U-labels", NULL, "b\303\274cher.test", NULL, "h.test", "192.0.2.1", DOMAIN,
		    "TXT xn--bcher-kva.test" },
		{ "no HELO name", NULL, "own.test", NULL, "", "192.0.2.1", DOMAIN, "TXT own.test" },
		{ "a", NULL, "a.test", NULL, "h.test", "192.0.2.1", DOMAIN,
		    "TXT a.test, A a.test" },
		{ "a, another", NULL, "a.test", NULL, "h.test", "192.0.2.2", "",
		    "TXT a.test, A a.test" },
		{ "include", NULL, "inc.test", NULL, "h.test", "192.0.2.1", DOMAIN,
		    "TXT inc.test, TXT own.test" },
		{ "redirect", NULL, "red.test", NULL, "h.test", "192.0.2.1", DOMAIN,
		    "TXT red.test, TXT inc.test, TXT own.test" },
		{ "redirect, fail", NULL, "red.test", NULL, "h.test", "198.51.100.1", "",
		    "TXT red.test, TXT inc.test, TXT own.test" },
		{ "macros", NULL, "local.test", NULL, "mx.relay.test", "192.0.2.1", DOMAIN,
		    "TXT local.test, A postmaster.local.test.mx.relay.test.is.test" },
		{ "+all", NULL, "all.test", NULL, "h.test", "203.0.113.9", DOMAIN, "TXT all.test" },
		{ "fail", NULL, "own.test", NULL, "h.test", "198.51.100.1", "", "TXT own.test" },
		{ "minus", NULL, "minus.test", NULL, "h.test", "192.0.2.1", "", "TXT minus.test" },
		{ "softfail", NULL, "soft.test", NULL, "h.test", "192.0.2.1", "", "TXT soft.test" },
		{ "neutral", NULL, "mark.test", NULL, "h.test", "192.0.2.1", "", "TXT mark.test" },
		{ "default", NULL, "empty.test", NULL, "h.test", "192.0.2.1", "",
		    "TXT empty.test" },
		{ "no record", NULL, "other.test", NULL, "h.test", "192.0.2.1", "",
		    "TXT other.test" },
		{ "no name", NULL, "gone.test", NULL, "h.test", "192.0.2.1", "", "TXT gone.test" },
		{ "permerror", NULL, "bad.test", NULL, "h.test", "192.0.2.1", "", "TXT bad.test" },
		{ "two records", NULL, "two.test", NULL, "h.test", "192.0.2.1", "",
		    "TXT two.test" },
		{ "temperror", NULL, "sick.test", NULL, "h.test", "192.0.2.1", "",
		    "TXT sick.test" },
		{ "temperror of an include", NULL, "half.test", NULL, "h.test", "192.0.2.1", "",
		    "TXT half.test, TXT sick.test" },
		{ "a bad one before", NULL, "bad.test sick.test own.test", NULL, "h.test",
		    "192.0.2.1", DOMAIN, "TXT bad.test, TXT sick.test, TXT own.test" },
		{ "not its subdomains", NULL, "own.test", NULL, "mx.own.test", "198.51.100.1", "",
		    "TXT own.test" },
	};

	(void)state;
	check_rows(zone, rows, COUNT(rows));
}

static void
test_limits_of_the_request(void **state)
{
	static const char zone[] = "inc.test TXT v=spf1 include:a.test include:b.test +all\n"
				   "a.test TXT v=spf1 -all\n"
				   "b.test TXT v=spf1 -all\n"
				   "void.test TXT v=spf1 a:x.test a:y.test +all\n";
	struct allow_row rows[] = {
		{ "lookups", NULL, "inc.test", NULL, "h.test", "192.0.2.1", "", NULL },
		{ "voids", NULL, "void.test", NULL, "h.test", "192.0.2.1", "", NULL },
	};
	struct fake_dns dns = { .zone = zone };
	struct allow_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = begin_case(&rows[i]);
		check_orders(rows[i].name, &c, &dns, DOMAIN);
		c.req.lookup_limit = i == 0 ? 1 : 10;
		c.req.void_limit = i == 0 ? 2 : 1;
		check_orders(rows[i].name, &c, &dns, NULL);
		settings_free(&c.settings);
	}
	unit_end();
}

/* A query that several entries need is sent once, together with the others. */
static void
test_domains_ask_together(void **state)
{
	static const char zone[] = "a.test TXT v=spf1 a:h1.test -all\n"
				   "b.test TXT v=spf1 include:a.test mx -all\n"
				   "c.test TXT v=spf1 -all\n"
				   "d.test TXT v=spf1 a:h1.test a:h2.test -all\n"
				   "h2.test A 192.0.2.1\n";
	static const struct allow_row row = { "four", NULL, "a.test b.test c.test d.test", NULL,
		"h.test", "192.0.2.1", DOMAIN, NULL };
	struct allow_case c = begin_case(&row);
	struct fake_dns dns = { .zone = zone };

	(void)state;
	unit_text("four", "list", run(&c, &dns), DOMAIN);
	unit_text("four", "questions", dns.asked,
	    "TXT a.test, TXT b.test, TXT c.test, TXT d.test, A h1.test, MX b.test, A h2.test");
	unit_int("four", "together", dns.together, 4);
	unit_int("four", "passes", dns.passes, 3);
	settings_free(&c.settings);
	unit_end();
}

static void
test_ptr(void **state)
{
	static const char zone[] =
	    "1.2.0.192.in-addr.arpa PTR mx.relay.test\n"
	    "mx.relay.test A 192.0.2.1\n"
	    "2.2.0.192.in-addr.arpa PTR Relay.TEST\n"
	    "relay.test A 192.0.2.2\n"
	    "3.2.0.192.in-addr.arpa PTR evil-relay.test\n"
	    "3.2.0.192.in-addr.arpa PTR relay.test.evil.test\n"
	    "3.2.0.192.in-addr.arpa PTR test\n"
	    "evil-relay.test A 192.0.2.3\n"
	    "relay.test.evil.test A 192.0.2.3\n"
	    "4.2.0.192.in-addr.arpa PTR mx.relay.test\n" /* which is another's */
	    "5.2.0.192.in-addr.arpa PTR !\n"
	    "7.2.0.192.in-addr.arpa PTR sick.relay.test\n"
	    "sick.relay.test A !\n"
	    "8.2.0.192.in-addr.arpa PTR other.test\n"
	    "8.2.0.192.in-addr.arpa PTR sick.relay.test\n"
	    "8.2.0.192.in-addr.arpa PTR gone.relay.test\n"
	    "8.2.0.192.in-addr.arpa PTR b.a.relay.test\n"
	    "b.a.relay.test A 192.0.2.8\n"
	    "9.2.0.192.in-addr.arpa PTR mx.xn--bcher-kva.test\n"
	    "mx.xn--bcher-kva.test A 192.0.2.9\n"
	    "10.2.0.192.in-addr.arpa PTR \n"
	    "10.2.0.192.in-addr.arpa PTR x\\000.relay.test\n"
	    "10.2.0.192.in-addr.arpa PTR a..relay.test\n"
	    "10.2.0.192.in-addr.arpa PTR " LABEL63 "4.relay.test\n"
	    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR "
	    "mx6.relay.test\n"
	    "mx6.relay.test AAAA 2001:db8::1\n"
	    "mx6.relay.test A 192.0.2.1\n";
	static const struct allow_row rows[] = {
		{ "below", NULL, NULL, "relay.test", "h.test", "192.0.2.1", PTR,
		    "PTR 1.2.0.192.in-addr.arpa, A mx.relay.test" },
		{ "itself", NULL, NULL, "relay.test", "h.test", "192.0.2.2", PTR,
		    "PTR 2.2.0.192.in-addr.arpa, A relay.test" },
		{ "case", NULL, NULL, "RELAY.Test", "h.test", "192.0.2.1", PTR,
		    "PTR 1.2.0.192.in-addr.arpa, A mx.relay.test" },
		{ "second of the list", NULL, NULL, "x.test relay.test", "h.test", "192.0.2.1", PTR,
		    "PTR 1.2.0.192.in-addr.arpa, A mx.relay.test" },
		{ "far below, after bad ones", NULL, NULL, "relay.test", "h.test", "192.0.2.8", PTR,
		    "PTR 8.2.0.192.in-addr.arpa, A sick.relay.test, A gone.relay.test, "
		    "A b.a.relay.test" },
		{ "U-labels", NULL, NULL, "b\303\274cher.test", "h.test", "192.0.2.9", PTR,
		    "PTR 9.2.0.192.in-addr.arpa, A mx.xn--bcher-kva.test" },
		{ "IPv6", NULL, NULL, "relay.test", "h.test", "2001:db8::1", PTR,
		    "PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa, "
		    "AAAA mx6.relay.test" },
		{ "IPv4 in IPv6", NULL, NULL, "relay.test", "h.test", "::ffff:192.0.2.1", PTR,
		    "PTR 1.2.0.192.in-addr.arpa, A mx.relay.test" },
		{ "no whole labels", NULL, NULL, "relay.test", "h.test", "192.0.2.3", "",
		    "PTR 3.2.0.192.in-addr.arpa" },
		{ "does not lead back", NULL, NULL, "relay.test", "h.test", "192.0.2.4", "",
		    "PTR 4.2.0.192.in-addr.arpa, A mx.relay.test" },
		{ "PTR error", NULL, NULL, "relay.test", "h.test", "192.0.2.5", "",
		    "PTR 5.2.0.192.in-addr.arpa" },
		{ "no PTR", NULL, NULL, "relay.test", "h.test", "192.0.2.6", "",
		    "PTR 6.2.0.192.in-addr.arpa" },
		{ "A error", NULL, NULL, "relay.test", "h.test", "192.0.2.7", "",
		    "PTR 7.2.0.192.in-addr.arpa, A sick.relay.test" },
		{ "names that cannot be", NULL, NULL, "relay.test", "h.test", "192.0.2.10", "",
		    "PTR 10.2.0.192.in-addr.arpa" },
		{ "above the listed one", NULL, NULL, "a.mx.relay.test", "h.test", "192.0.2.1", "",
		    "PTR 1.2.0.192.in-addr.arpa" },
		{ "HELO name says nothing", NULL, NULL, "relay.test", "mx.relay.test", "192.0.2.99",
		    "", "PTR 99.2.0.192.in-addr.arpa" },
	};

	(void)state;
	check_rows(zone, rows, COUNT(rows));
}

/* Ten names of a PTR answer are looked at, no more (RFC 7208, 4.6.4). */
static void
test_ptr_counts_ten_names(void **state)
{
	struct allow_row row = { "", NULL, NULL, "relay.test", "h.test", "192.0.2.1", "", NULL };
	struct allow_case c = begin_case(&row);
	char zone[2000];
	struct fake_dns dns = { .zone = zone };
	size_t n, i, place;

	(void)state;
	for (place = 1; place <= 12; place++) {
		n = (size_t)snprintf(zone, sizeof(zone), "mx.relay.test A 192.0.2.1\n");
		for (i = 1; i <= 12; i++)
			n += (size_t)snprintf(zone + n, sizeof(zone) - n,
			    "1.2.0.192.in-addr.arpa PTR %s\n",
			    i == place ? "mx.relay.test" : "x.other.test");
		check_orders(unit_row("number %zu", place), &c, &dns, place <= 10 ? PTR : NULL);
	}
	/* All of them have to be looked up: together. */
	n = 0;
	for (i = 1; i <= 12; i++)
		n += (size_t)snprintf(
		    zone + n, sizeof(zone) - n, "1.2.0.192.in-addr.arpa PTR m%zu.relay.test\n", i);
	dns.order = FAKE_ALL;
	unit_text("all listed", "list", run(&c, &dns), NULL);
	unit_int("all listed", "questions", dns.questions, 11);
	unit_int("all listed", "together", dns.together, 10);
	settings_free(&c.settings);
	unit_end();
}

static const char all_zone[] = "mx.relay.test A 192.0.2.1\n"
			       "own.test TXT v=spf1 ip4:192.0.2.1 -all\n"
			       "1.2.0.192.in-addr.arpa PTR mx.relay.test\n"
			       "2.2.0.192.in-addr.arpa PTR mx2.relay.test\n"
			       "mx2.relay.test A 192.0.2.2\n"
			       "3.2.0.192.in-addr.arpa PTR mx.relay.test\n";

/* All lists ask in the first pass; one that holds the client is enough. */
static void
test_all_lists(void **state)
{
	static const char three[] = "A mx.relay.test, TXT own.test, PTR 1.2.0.192.in-addr.arpa";
	static const struct allow_row rows[] = {
		{ "by PTR", "mx.relay.test", "own.test", "relay.test", "mx.relay.test", "192.0.2.2",
		    PTR,
		    "A mx.relay.test, TXT own.test, PTR 2.2.0.192.in-addr.arpa, A mx2.relay.test" },
		{ "by none", "mx.relay.test", "own.test", "relay.test", "mx.relay.test",
		    "192.0.2.3", "", "A mx.relay.test, TXT own.test, PTR 3.2.0.192.in-addr.arpa" },
		{ "HELO name not listed", "mx2.relay.test", "own.test", "other.test",
		    "mx.relay.test", "192.0.2.1", DOMAIN,
		    "TXT own.test, PTR 1.2.0.192.in-addr.arpa" },
	};
	struct allow_row all = { "", "mx.relay.test", "own.test", "relay.test", "mx.relay.test",
		"192.0.2.1", "", NULL };
	struct fake_dns dns = { .zone = all_zone, .seed = 5 };
	struct allow_case c;
	unsigned i;

	(void)state;
	check_rows(all_zone, rows, COUNT(rows));
	/* In all three: if the answers arrive together, the first list is reported. */
	c = begin_case(&all);
	unit_text("in all", "list", run(&c, &dns), HELO);
	unit_text("in all", "questions", dns.asked, three);
	unit_int("in all", "passes", dns.passes, 2);
	/* Otherwise the first list that is known: it does not wait for the others. */
	for (i = 0; i < 12; i++) {
		dns.order = i < FAKE_MIXED ? (enum fake_order)i : FAKE_MIXED;
		unit_true("in all", unit_row("held in order %u", i), run(&c, &dns) != NULL);
	}
	settings_free(&c.settings);
	unit_end();
}

/* One that answers never does not hide one that has answered. */
static void
test_known_before_all_answers(void **state)
{
	struct allow_row row = { "", "mx.relay.test", "own.test", "relay.test", "mx.relay.test",
		"192.0.2.1", "", NULL };
	struct allow_case c = begin_case(&row);
	struct spf_answers *answers = spf_answers_new();
	struct spf_answer *txt;

	(void)state;
	assert_false(pass(&c, answers));
	assert_null(c.allowed.word);
	txt = spf_answers_get(answers, "own.test", DNS_TXT);
	spf_answers_set(answers, txt, fake_answer(all_zone, "own.test", DNS_TXT));
	assert_true(pass(&c, answers));
	assert_string_equal(c.allowed.word, DOMAIN);
	spf_answers_free(&answers);
	settings_free(&c.settings);
}

/* More domains than there is room for answers: it ends, and those that fit are known. */
static void
test_very_many_domains(void **state)
{
	enum { MANY = 1200 };
	const struct conf_option *o = option_find("spf", DOMAIN);
	struct allow_row row = { "", NULL, NULL, NULL, "h.test", "192.0.2.1", "", NULL };
	static char zone[100 * MANY], name[MANY][20];
	struct fake_dns dns = { .zone = zone };
	struct allow_case c = begin_case(&row);
	const char *values[MANY];
	char error[OPTION_ERROR_SIZE];
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(name[i], sizeof(name[i]), "d%zu.test", i);
		values[i] = name[i];
		n += (size_t)snprintf(zone + n, sizeof(zone) - n, "%s TXT v=spf1 ip4:%s -all\n",
		    name[i], i == SPF_ANSWERS_MAX - 1 ? "192.0.2.1" : "192.0.2.2");
	}
	assert_true(option_set(c.settings, o, values, MANY, error));
	unit_text("last one that fits", "list", run(&c, &dns), DOMAIN);
	unit_int("last one that fits", "questions", dns.questions, SPF_ANSWERS_MAX);
	assert_true(ipaddr_parse(&c.req.ip, "192.0.2.3", 9));
	unit_text("nobody", "list", run(&c, &dns), NULL);
	unit_int("nobody", "questions", dns.questions, SPF_ANSWERS_MAX);
	settings_free(&c.settings);
	unit_end();
}

/* More queries than the table holds: the result depends on the list, not on the network. */
static void
test_full_table_in_any_order(void **state)
{
	enum { MANY = 600 };
	const struct conf_option *o = option_find("spf", DOMAIN);
	struct allow_row row = { "", NULL, NULL, NULL, "h.test", "192.0.2.1", "", NULL };
	static char zone[200 * MANY], name[MANY][20];
	struct fake_dns dns = { .zone = zone };
	struct allow_case c = begin_case(&row);
	const char *values[MANY], *want;
	char error[OPTION_ERROR_SIZE];
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(name[i], sizeof(name[i]), "d%zu.test", i);
		values[i] = name[i];
		n += (size_t)snprintf(zone + n, sizeof(zone) - n,
		    "%s TXT v=spf1 include:i%zu.test -all\ni%zu.test TXT v=spf1 ip4:%s -all\n",
		    name[i], i, i, i == 550 ? "192.0.2.1" : "192.0.2.2");
	}
	assert_true(option_set(c.settings, o, values, MANY, error));
	want = run(&c, &dns);
	check_orders("550th of 600", &c, &dns, want);
	settings_free(&c.settings);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_wanted),
		cmocka_unit_test(test_empty_lists),
		cmocka_unit_test(test_helo),
		cmocka_unit_test(test_helo_names_that_cannot_be),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_limits_of_the_request),
		cmocka_unit_test(test_domains_ask_together),
		cmocka_unit_test(test_ptr),
		cmocka_unit_test(test_ptr_counts_ten_names),
		cmocka_unit_test(test_all_lists),
		cmocka_unit_test(test_known_before_all_answers),
		cmocka_unit_test(test_very_many_domains),
		cmocka_unit_test(test_full_table_in_any_order),
	};

	return cmocka_run_group_tests_name("spf_allow", tests, NULL, NULL);
}
