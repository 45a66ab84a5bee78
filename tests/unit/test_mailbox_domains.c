/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/forwarding/mailbox_domains.h"

static void
add_field(struct mailbox_domains *domains, const char *s, size_t len)
{
	char *copy = unit_copy(s, len); /* without a NUL after it */
	struct text value = { copy, len };

	mailbox_domains_add(domains, value);
	free(copy);
}

/* list_domains - the domains with blanks between them, or "?" if they are unknown */
static const char *
list_domains(const struct mailbox_domains *domains)
{
	static char list[MAILBOX_DOMAINS_MAX * (HOSTNAME_MAX + 2)];
	size_t i;

	if (domains->unknown != NULL)
		return "?";
	list[0] = '\0';
	for (i = 0; i < domains->n; i++) {
		strcat(list, i == 0 ? "" : " ");
		strcat(list, domains->domain[i]);
	}
	return list;
}

struct field_row {
	const char *field;
	size_t len;
	const char *want;
};

static void
check_fields(const struct field_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct mailbox_domains domains = { .n = 0 };

		add_field(&domains, rows[i].field, rows[i].len);
		unit_text(rows[i].field, "domains", list_domains(&domains), rows[i].want);
	}
	unit_end();
}

static void
test_mailboxes(void **state)
{
	static const struct field_row rows[] = {
		{ BYTES("a@x.org"), "x.org" },
		{ BYTES("A@X.Org"), "x.org" },
		{ BYTES("<a@x.org>"), "x.org" },
		{ BYTES(" \t<a@x.org> "), "x.org" },
		{ BYTES("< a@x.org >"), "x.org" },
		{ BYTES("Jane <a@x.org>"), "x.org" },
		{ BYTES("Jane<a@x.org>"), "x.org" },
		{ BYTES("Jane Q. Public <a@x.org>"), "x.org" },
		{ BYTES("\"Public, Jane\" <a@x.org>"), "x.org" },
		{ BYTES("\"Ja\\\"ne\" <a@x.org>"), "x.org" },
		{ BYTES("Jane \"Q\" Public <a@x.org>"), "x.org" },
		{ BYTES("\"\" <a@x.org>"), "x.org" },
		{ BYTES("Jane\n\t<a@x.org>"), "x.org" },
		{ BYTES("Jane\r\n <a@x.org>"), "x.org" },
		{ BYTES("a@x.org (Jane)"), "x.org" },
		{ BYTES("(Jane) a@x.org"), "x.org" },
		{ BYTES("(Ja(n(e)))\n (x) Jane (y) <(z) a@x.org (u)> (v)"), "x.org" },
		{ BYTES("(\\)) a@x.org"), "x.org" },
		{ BYTES("\"jane roe\"@x.org"), "x.org" },
		{ BYTES("a+b=c@mail-1.x.co.uk"), "mail-1.x.co.uk" },
		{ BYTES("a@x.org, b@y.net"), "x.org y.net" },
		{ BYTES("a@x.org,b@X.ORG,Jane <c@y.net>"), "x.org y.net" },
		{ BYTES("Staff: a@x.org, Jane <b@y.net>;"), "x.org y.net" },
		{ BYTES("Staff: a@x.org;, b@y.net"), "x.org y.net" },
		{ BYTES("undisclosed:;"), "" },
		{ BYTES("\"undisclosed recipients\" : (none) ;"), "" },
		{ BYTES("J\303\266rg <j\303\266rg@xn--bcher-kva.de>"), "xn--bcher-kva.de" },
	};

	(void)state;
	check_fields(rows, COUNT(rows));
}

/* A domain that is no domain of an address counts: a reader may take it for one. */
static void
test_other_domains(void **state)
{
	static const struct field_row rows[] = {
		{ BYTES("\"ceo@customer.org\" <a@x.org>"), "customer.org x.org" },
		{ BYTES("\"ceo@customer.org\"<a@x.org>"), "customer.org x.org" },
		{ BYTES("\"'ceo@customer.org'\" <a@x.org>"), "customer.org x.org" },
		{ BYTES("\"<ceo@customer.org>\" <a@x.org>"), "customer.org x.org" },
		{ BYTES("\"ceo@customer.org via list\" <a@x.org>"), "customer.org x.org" },
		{ BYTES("\"ceo@customer.org, x\" <a@x.org>"), "customer.org x.org" },
		{ BYTES("\"ceo@customer.org\n\tx\" <a@x.org>"), "customer.org x.org" },
		{ BYTES("\"[ceo@customer.org]\" <a@x.org>"), "customer.org x.org" },
		{ BYTES("a@x.org (ceo@customer.org)"), "x.org customer.org" },
		{ BYTES("a@x.org ((ceo@customer.org) x)"), "x.org customer.org" },
		{ BYTES("(<ceo@customer.org>) a@x.org"), "customer.org x.org" },
		{ BYTES("\"\\\" <ceo@customer.org>, \\\"\" <a@x.org>"), "customer.org x.org" },
		{ BYTES("\"ceo\\@customer.org\" <a@x.org>"), "customer.org x.org" },
		{ BYTES("\"(\" <a@x.org>, \")\" <ceo@customer.org>"), "x.org customer.org" },
	};

	(void)state;
	check_fields(rows, COUNT(rows));
}

/* A name that may continue for some reader is no domain. */
static void
test_unclear_domains(void **state)
{
	static const struct field_row rows[] = {
		{ BYTES("\"ceo@\" <a@x.org>"), "?" },
		{ BYTES("\"@ customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@(x)customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@\\customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@custo\\mer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.\\customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net\\.customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net .customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net\n .customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net. customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net(y).customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net\".customer.org <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net\" .customer.org <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net\"\" .customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net (y) .customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net\" \"(y).customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net y\\.customer.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.customer\"s.org <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.customer\"\"s.org\" <a@x.org>"), "?" },
		{ BYTES("a@x.net(.customer.org)"), "?" },
		{ BYTES("a@x.org(Jane)"), "?" },
		{ BYTES("<a@x.net(.customer.org)>"), "?" },
		{ BYTES("\"ceo@customer.org\"@x.org"), "?" },
		{ BYTES("\"ceo@customer.org@x.org\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@customer.org.\" <a@x.org>"), "?" },
		{ BYTES("a@customer.org_x.net"), "?" },
		{ BYTES("a@customer.org=x.net"), "?" },
		{ BYTES("a@customer.org/x.net"), "?" },
		{ BYTES("a@customer.org?x.net"), "?" },
		{ BYTES("a@customer.org-.x.net"), "?" },
		{ BYTES("a@-customer.org"), "?" },
		{ BYTES("a@localhost"), "?" },
		{ BYTES("a@x.org."), "?" },
		{ BYTES("a@.x.org"), "?" },
		{ BYTES("a@x..org"), "?" },
		{ BYTES("a@192.0.2.1"), "?" },
		{ BYTES("a@[192.0.2.1]"), "?" },
		{ BYTES("a@[customer.org]"), "?" },
		{ BYTES("a@=?utf-8?q?customer.org?="), "?" },
		{ BYTES("a@x.=?utf-8?q?customer.org?="), "?" },
		/* bytes that are not ASCII */
		{ BYTES("a@b\303\274cher.de"), "?" },
		{ BYTES("a@customer.org\303\274.x.net"), "?" },
		{ BYTES("a@\303\274customer.org"), "?" },
		{ BYTES("a@x\343\200\202customer.org"), "?" },
		{ BYTES("a@custo\302\255mer.org"), "?" },
		{ BYTES("a@stra\303\237e.de"), "?" },
		{ BYTES("\"ceo@customer.org\303\274\" <a@x.org>"), "?" },
		{ BYTES("\"ceo@x.net \303\274.customer.org\" <a@x.org>"), "?" },
		{ BYTES("a@b\374cher.de"), "?" },
		{ BYTES("a@xn--customer-.org"), "?" },
	};

	(void)state;
	check_fields(rows, COUNT(rows));
}

static void
test_no_address_list(void **state)
{
	static const struct field_row rows[] = {
		{ BYTES(""), "?" },
		{ BYTES(" "), "?" },
		{ BYTES("a"), "?" },
		{ BYTES("Jane"), "?" },
		{ BYTES("<>"), "?" },
		{ BYTES("<a>"), "?" },
		{ BYTES("Jane <>"), "?" },
		{ BYTES("@x.org"), "?" },
		{ BYTES("a@"), "?" },
		{ BYTES("a@@x.org"), "?" },
		{ BYTES("a@x.org@y.org"), "?" },
		{ BYTES(".a@x.org"), "?" },
		{ BYTES("a.@x.org"), "?" },
		{ BYTES("a..b@x.org"), "?" },
		{ BYTES("a@x.org,"), "?" },
		{ BYTES(",a@x.org"), "?" },
		{ BYTES("a@x.org,,b@y.org"), "?" },
		{ BYTES("a@x.org;"), "?" },
		{ BYTES("a@x.org b@y.org"), "?" },
		{ BYTES("a@x.org <b@y.org>"), "?" },
		{ BYTES("ceo@customer.org <a@x.org>"), "?" },
		{ BYTES("<a@x.org> <b@y.org>"), "?" },
		{ BYTES("<a@x.org> Jane"), "?" },
		{ BYTES("<a@x.org"), "?" },
		{ BYTES("a@x.org>"), "?" },
		{ BYTES("<<a@x.org>>"), "?" },
		{ BYTES("<a@x.org, b@y.org>"), "?" },
		{ BYTES("Doe, Jane <a@x.org>"), "?" },
		{ BYTES("\"Jane <a@x.org>"), "?" },
		{ BYTES("Jane\" <a@x.org>"), "?" },
		{ BYTES("(Jane <a@x.org>"), "?" },
		{ BYTES("Jane) <a@x.org>"), "?" },
		{ BYTES("(((((((((x))))))))) a@x.org"), "?" },
		{ BYTES("[x] <a@x.org>"), "?" },
		{ BYTES("Ja\\ne <a@x.org>"), "?" },
		{ BYTES("mailto:a@x.org"), "?" },
		{ BYTES("Staff: a@x.org"), "?" },
		{ BYTES("Staff: a@x.org,;"), "?" },
		{ BYTES("Staff: Boys: a@x.org;;"), "?" },
		{ BYTES(": a@x.org;"), "?" },
		{ BYTES("ceo@customer.org: a@x.org;"), "?" },
		/* obsolete forms */
		{ BYTES("<@customer.org:a@x.org>"), "?" },
		{ BYTES("<@customer.org,@y.org:a@x.org>"), "?" },
		{ BYTES("<@customer.org>"), "?" },
		{ BYTES("\"a\".b@x.org"), "?" },
		{ BYTES("a . b@x.org"), "?" },
		{ BYTES("a@x . org"), "?" },
		{ BYTES("a@x.(y)org"), "?" },
		{ BYTES("a@(customer.org)x.org"), "?" },
		{ BYTES("a @x.org"), "?" },
		{ BYTES("a(x)@x.org"), "?" },
		{ BYTES("a@ x.org"), "?" },
		{ BYTES("a@\n x.org"), "?" },
		/* other formats of addresses */
		{ BYTES("ceo%customer.org"), "?" },
		{ BYTES("ceo%customer.org@x.org"), "?" },
		{ BYTES("\"ceo%customer.org\"@x.org"), "?" },
		{ BYTES("customer.org!ceo"), "?" },
		{ BYTES("customer.org!ceo@x.org"), "?" },
		/* control characters and line breaks */
		{ BYTES("ceo@customer.org\0 <a@x.org>"), "?" },
		{ BYTES("\"\0\" <a@x.org>"), "?" },
		{ BYTES("(\0) <a@x.org>"), "?" },
		{ BYTES("Jane\0 <a@x.org>"), "?" },
		{ BYTES("\"\\\0\" <a@x.org>"), "?" },
		{ BYTES("Ja\vne <a@x.org>"), "?" },
		{ BYTES("\"Ja\fne\" <a@x.org>"), "?" },
		{ BYTES("\"Ja\177ne\" <a@x.org>"), "?" },
		{ BYTES("Jane\r <a@x.org>"), "?" },
		{ BYTES("Jane\n<a@x.org>"), "?" },
		{ BYTES("Jane\r\n<a@x.org>"), "?" },
		{ BYTES("Jane\n \n <a@x.org>"), "?" },
		{ BYTES("\"Jane\n \n x\" <a@x.org>"), "?" },
		{ BYTES("\"Jane\\\n x\" <a@x.org>"), "?" },
		{ BYTES("a@x.org\n"), "?" },
		{ BYTES("a@x.org\n "), "?" },
		{ BYTES("a@x.org\nFrom: ceo@customer.org"), "?" },
		/* bytes that are no UTF-8 */
		{ BYTES("J\366rg <a@x.org>"), "?" },
		{ BYTES("\"J\366rg\" <a@x.org>"), "?" },
		{ BYTES("(J\366rg) <a@x.org>"), "?" },
		{ BYTES("\"J\303\" <a@x.org>"), "?" },
	};

	(void)state;
	check_fields(rows, COUNT(rows));
}

static void
test_encoded_words(void **state)
{
	static const struct field_row rows[] = {
		{ BYTES("=?utf-8?q?J=C3=B6rg?= <a@x.org>"), "x.org" },
		{ BYTES("=?UTF-8?Q?J=c3=b6rg_M=2C?=\n =?UTF-8?B?w7ZybA==?= <a@x.org>"), "x.org" },
		{ BYTES("\"=?utf-8?q?J=C3=B6rg?=\" <a@x.org>"), "x.org" },
		{ BYTES("a@x.org (=?iso-8859-1?q?J=F6rg?=)"), "x.org" },
		{ BYTES("=?ISO-8859-15?B?SvZyZw?= <a@x.org>"), "x.org" },
		{ BYTES("=?GB2312?B?1tDOxA==?= <a@x.org>"), "x.org" },
		{ BYTES("=?koi8-r?B?7snLz8zByg==?= <a@x.org>"), "x.org" },
		{ BYTES("=?utf-8?q?"
			"?= <a@x.org>"),
		    "x.org" },
		/* an '@' */
		{ BYTES("=?utf-8?q?ceo=40customer.org?= <a@x.org>"), "?" },
		{ BYTES("\"=?utf-8?q?ceo=40customer.org?=\" <a@x.org>"), "?" },
		{ BYTES("(=?utf-8?q?ceo=40customer.org?=) a@x.org"), "?" },
		{ BYTES("=?utf-8?q?ceo=40customer.org?=@x.org"), "?" },
		{ BYTES("=?utf-8?b?Y2VvQGN1c3RvbWVyLm9yZw==?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?b?Y2VvQGN1c3RvbWVyLm9yZw?= <a@x.org>"), "?" },
		{ BYTES("x=?utf-8?q?=40?=x <a@x.org>"), "?" },
		{ BYTES("=?utf-8?q?ceo=EF=BC=A0customer.org?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?q?=EF=BC?= =?utf-8?q?=A0?= <a@x.org>"), "?" },
		{ BYTES("=?gbk?q?=A3=C0?= <a@x.org>"), "?" },
		{ BYTES("=?shift_jis?q?=81=97?= <a@x.org>"), "?" },
		{ BYTES("ceo\357\274\240customer.org <a@x.org>"), "?" },
		{ BYTES("\"ceo\357\271\253customer.org\" <a@x.org>"), "?" },
		/* a character that ends the text for a reader */
		{ BYTES("=?utf-8?q?=00?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?b?AA?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?q?x=0AFrom:?= <a@x.org>"), "?" },
		/* a charset in which '@' may have other bytes, or that is unknown */
		{ BYTES("=?utf-7?q?ceo+AEA-customer.org?= <a@x.org>"), "?" },
		{ BYTES("=?utf-16?b?AEA=?= <a@x.org>"), "?" },
		{ BYTES("=?iso-2022-jp?b?GyRCJUYbKEI=?= <a@x.org>"), "?" },
		{ BYTES("=?iso-8859-?q?x?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8*en?q?x?= <a@x.org>"), "?" },
		{ BYTES("=??q?x?= <a@x.org>"), "?" },
		/* the other charsets: a letter, then the wide '@' of those that have one */
		{ BYTES("=?us-ascii?q?x?= <a@x.org>"), "x.org" },
		{ BYTES("=?windows-1252?q?=F6?= <a@x.org>"), "x.org" },
		{ BYTES("=?koi8-u?q?=C1?= <a@x.org>"), "x.org" },
		{ BYTES("=?gb18030?q?=B0=A1?= <a@x.org>"), "x.org" },
		{ BYTES("=?gb18030?q?=A3=C0?= <a@x.org>"), "?" },
		{ BYTES("=?gbk?q?=B0=A1?= <a@x.org>"), "x.org" },
		{ BYTES("=?big5?q?=A4=A4?= <a@x.org>"), "x.org" },
		{ BYTES("=?big5?q?=A2=49?= <a@x.org>"), "?" },
		{ BYTES("=?shift_jis?q?=83=65?= <a@x.org>"), "x.org" },
		{ BYTES("=?euc-jp?q?=B0=A1?= <a@x.org>"), "x.org" },
		{ BYTES("=?euc-jp?q?=A1=F7?= <a@x.org>"), "?" },
		{ BYTES("=?euc-kr?q?=B0=A1?= <a@x.org>"), "x.org" },
		{ BYTES("=?euc-kr?q?=A3=C0?= <a@x.org>"), "?" },
		{ BYTES("=?gb2312?q?=B0=A1?= <a@x.org>"), "x.org" },
		{ BYTES("=?gb2312?q?=A3=C0?= <a@x.org>"), "?" },
		{ BYTES("=?euc-jp2?q?x?= <a@x.org>"), "?" },
		/* no encoded-word, but a reader may decode it */
		{ BYTES("=?utf-8?q?ceo?x?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?x?ceo?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?qq?ceo?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8??ceo?= <a@x.org>"), "?" },
		{ BYTES("\"=?utf-8?q?ceo x?=\" <a@x.org>"), "?" },
		{ BYTES("\"=?utf-8?q?ceo\n x?=\" <a@x.org>"), "?" },
		{ BYTES("=?utf-8?q?ceo=4?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?q?ceo=4x?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?q?=?utf-8?q?=40?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?b?Y2Vv=QGN1?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?b?Y2Vv!QGN1?= <a@x.org>"), "?" },
		{ BYTES("=?utf-8?q?ceo <a@x.org>"), "?" },
		{ BYTES("=?utf-8?q?ceo? <a@x.org>"), "?" },
		{ BYTES("=? <a@x.org>"), "?" },
	};

	(void)state;
	check_fields(rows, COUNT(rows));
}

static void
test_limits(void **state)
{
	struct mailbox_domains domains;
	char field[MAILBOX_DOMAINS_FIELD_MAX + 2] = "", *word;
	size_t i;

	(void)state;
	for (i = 0; i <= MAILBOX_DOMAINS_MAX; i++) {
		memset(&domains, 0, sizeof(domains));
		sprintf(field + strlen(field), "%sa@x%zu.org", i == 0 ? "" : ",", i);
		add_field(&domains, field, strlen(field));
		unit_int(field, "unknown", domains.unknown != NULL, i == MAILBOX_DOMAINS_MAX);
		unit_int(field, "number", (int)domains.n,
		    i == MAILBOX_DOMAINS_MAX ? MAILBOX_DOMAINS_MAX : (int)i + 1);
	}
	for (i = MAILBOX_DOMAINS_FIELD_MAX; i <= MAILBOX_DOMAINS_FIELD_MAX + 1; i++) {
		memset(&domains, 0, sizeof(domains));
		word = unit_fill('x', i - strlen(" <a@x.org>"));
		sprintf(field, "%s <a@x.org>", word);
		add_field(&domains, field, i);
		unit_text(unit_row("%zu bytes", i), "domains", list_domains(&domains),
		    i > MAILBOX_DOMAINS_FIELD_MAX ? "?" : "x.org");
		free(word);
	}
	unit_end();
}

static void
test_two_fields(void **state)
{
	struct mailbox_domains domains = { .n = 0 };

	(void)state;
	unit_text("no field", "domains", list_domains(&domains), "");
	unit_true("no field", "aligned", mailbox_domains_align(&domains, "z.org"));
	add_field(&domains, "a@x.org", 7);
	unit_text("one field", "domains", list_domains(&domains), "x.org");
	unit_int("one field", "aligned", mailbox_domains_align(&domains, "z.org"), false);
	add_field(&domains, "a@x.org", 7);
	unit_text("two fields", "domains", list_domains(&domains), "?");
	unit_true("two fields", "aligned", mailbox_domains_align(&domains, "z.org"));
	unit_end();
}

static void
test_align(void **state)
{
	static const struct {
		const char *field;
		const char *domain;
		bool want;
	} rows[] = {
		{ "a@customer.org", "customer.org", true },
		{ "a@customer.org", "CUSTOMER.org.", true },
		{ "a@customer.org", "srs.customer.org", true },
		{ "a@mail.customer.org", "srs.customer.org", true },
		{ "a@customer.org", "customer.net", false },
		{ "a@customer.org", "xcustomer.org", false },
		{ "a@a.co.uk", "b.co.uk", false },
		{ "a@x.org, b@customer.org", "srs.customer.org", true },
		{ "a@x.org, b@y.org", "srs.customer.org", false },
		{ "\"b@customer.org\" <a@x.org>", "srs.customer.org", true },
		{ "a@xn--bcher-kva.de", "srs.b\303\274cher.de", true },
		/* below private suffixes, which not all readers know */
		{ "a@one.github.io", "two.github.io", true },
		{ "a@github.io", "github.io", true },
		{ "a@github.io", "one.github.io", true },
		{ "a@co.uk", "co.uk", true },
		{ "a@co.uk", "x.co.uk", false },
		{ "undisclosed:;", "customer.org", true },
		{ "ceo@customer.org <a@x.org>", "y.net", true },
		{ "a@x.org", "not a domain", true },
		{ "a@x.org", "", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct mailbox_domains domains = { .n = 0 };

		add_field(&domains, rows[i].field, strlen(rows[i].field));
		unit_int(unit_row("%s / %s", rows[i].field, rows[i].domain), "aligned",
		    mailbox_domains_align(&domains, rows[i].domain), rows[i].want);
	}
	unit_end();
}

/* Of a field that is cut anywhere, the domains are unknown or a part of those of the whole. */
static void
test_cut_fields(void **state)
{
	static const char field[] =
	    "=?utf-8?b?w7ZybA==?= \"J\\\" @x.org\" (c(d)) <\"a b\"@x.org> (e),\n"
	    " Staff: b@x.org, Jane <c@x.org>;";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(field); len++) {
		struct mailbox_domains domains = { .n = 0 };
		const char *list;

		add_field(&domains, field, len);
		list = list_domains(&domains);
		unit_true(unit_row("%zu bytes", len), list,
		    strcmp(list, "?") == 0 || strcmp(list, "x.org") == 0);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mailboxes),
		cmocka_unit_test(test_other_domains),
		cmocka_unit_test(test_unclear_domains),
		cmocka_unit_test(test_no_address_list),
		cmocka_unit_test(test_encoded_words),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_two_fields),
		cmocka_unit_test(test_align),
		cmocka_unit_test(test_cut_fields),
	};

	return cmocka_run_group_tests_name("mailbox_domains", tests, NULL, NULL);
}
