/* SPDX-License-Identifier: ISC */
/*
 * The Received fields are those of Postfix 3.7, the results those of OpenDKIM 2.11 and OpenDMARC
 * 1.4 under it.
 */
#include "tests/unit/unit.h"

#include "conf/option.h"
#include "conf/option_value.h"
#include "srsd/forwarding/mail_headers.h"

#define HOST "mx.example.org"

#define CLIENT                                                  \
	"Received: from helo.test (client.test [192.0.2.1])\n"  \
	"\tby mx.example.org (Postfix) with ESMTP id 842B6A7\n" \
	"\tfor <a@fwd.test>; Sun, 29 Nov 2026 20:36:02 +0000 (UTC)\v"
#define LOCAL                                     \
	"Received: by mx.example.org (Postfix)\n" \
	"\tid E7854A7; Sun, 29 Nov 2026 20:38:12 +0000 (UTC)\v"
#define PICKUP                                                   \
	"Received: by mx.example.org (Postfix, from userid 0)\n" \
	"\tid 3F65CA7; Sun, 29 Nov 2026 20:36:04 +0000 (UTC)\v"
#define HIDDEN                                               \
	"Received: by mx.example.org (Postfix) id 3F65CA7\n" \
	"\tfor <a@fwd.test>; Sun, 29 Nov 2026 20:36:04 +0000 (UTC)\v"
#define DELIVERED "Delivered-To: joe@loc.test\v"
#define RESULTS "Authentication-Results: ar.example.org; "
#define DMARC RESULTS "dmarc=pass (p=none dis=none) header.from=x.org\v"
#define FROM "From: a@x.org\v"

static struct settings settings;

static void
set_option(const char *section, const char *name, const char *value)
{
	const struct conf_option *o = option_find(section, name);
	char error[OPTION_ERROR_SIZE];

	assert_non_null(o);
	if (!option_set(&settings, o, &value, 1, error))
		fail_msg("%s: %s", name, error);
}

static int
begin(void **state)
{
	const struct conf_option *o;

	(void)state;
	for (o = option_table; o < option_table + option_count; o++)
		option_preset(&settings, o);
	set_option("spf", "authserv-id", "gate.example.org");
	set_option(NULL, "trusted-authserv-ids", "ar.example.org");
	return 0;
}

static struct text
make_text(const char *s)
{
	return (struct text){ s, strlen(s) };
}

/* add_bytes - one field, in memory of exactly its length */
static void
add_bytes(struct mail_headers *headers, const char *name, const char *value, size_t len)
{
	char *name_copy = unit_copy(name, strlen(name)), *copy = unit_copy(value, len);

	mail_headers_add(
	    headers, (struct text){ name_copy, strlen(name) }, (struct text){ copy, len });
	free(name_copy);
	free(copy);
}

/* read_headers - the fields of a text, each of which ends in a vertical tab */
static void
read_headers(struct mail_headers *headers, const char *text)
{
	char name[100];
	size_t len;

	mail_headers_init(headers, &settings, HOST);
	for (; *text != '\0'; text += len + 1) {
		len = strcspn(text, ":");
		assert_true(len < sizeof(name));
		memcpy(name, text, len);
		name[len] = '\0';
		text += len + 1;
		text += *text == ' '; /* as Postfix does */
		len = strcspn(text, "\v");
		add_bytes(headers, name, text, len);
		assert_true(text[len] == '\v');
	}
	mail_headers_finish(headers);
}

struct place_row {
	const char *what;
	const char *fields;
	bool want; /* is the result believed? */
};

static void
check_places(const struct place_row *rows, size_t n)
{
	struct mail_headers headers;
	size_t i;

	for (i = 0; i < n; i++) {
		read_headers(&headers, rows[i].fields);
		unit_int(rows[i].what, "dmarc=pass", mail_headers_dmarc_pass(&headers, "x.org"),
		    rows[i].want);
	}
	unit_end();
}

static void
test_trusted_places(void **state)
{
	static const struct place_row rows[] = {
		{ "at the top", DMARC CLIENT FROM, true },
		{ "below other fields", "X-Spam: no\vReceived-SPF: x\v" DMARC "X: y\v" CLIENT FROM,
		    true },
		{ "below local", LOCAL DELIVERED DMARC CLIENT FROM, true },
		{ "above local", DMARC LOCAL DELIVERED CLIENT FROM, true },
		{ "below local twice", LOCAL DELIVERED LOCAL DELIVERED DMARC CLIENT FROM, true },
		{ "no From:", DMARC CLIENT, true },
		{ "names in capitals",
		    "AUTHENTICATION-RESULTS: AR.example.org; DMARC=PASS HEADER.FROM=X.ORG\v"
		    "RECEIVED: FROM h (c [192.0.2.1]) BY MX.Example.ORG (Postfix) with SMTP id 1;"
		    " x\v",
		    true },
		{ "TLS and login",
		    DMARC "Received: from h (c [192.0.2.1])\n"
			  "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
			  "\t key-exchange X25519 server-signature RSA-PSS (2048 bits))\n"
			  "\t(No client certificate requested)\n"
			  "\t(Authenticated sender: joe)\n"
			  "\tby mx.example.org (Postfix) with ESMTPSA id 1;\n\tx\v",
		    true },
		{ "authserv-id after by",
		    DMARC "Received: from h (c [192.0.2.1]) by gate.example.org (Postfix); x\v",
		    true },
		{ "HELO name from", DMARC "Received: from from by mx.example.org; x\v", true },
		{ "HELO name by", DMARC "Received: from by by mx.example.org; x\v", true },
		{ "our name as HELO name",
		    DMARC "Received: from mx.example.org (c [192.0.2.1]) by mx.example.org; x\v",
		    true },
		{ "a forged result below", DMARC CLIENT RESULTS "dmarc=fail header.from=x.org\v",
		    true },
	};

	(void)state;
	check_places(rows, COUNT(rows));
}

static void
test_other_places(void **state)
{
	static const struct place_row rows[] = {
		{ "below the client's Received", CLIENT DMARC FROM, false },
		{ "below two", CLIENT CLIENT DMARC CLIENT FROM, false },
		{ "no Received at all", DMARC FROM, false },
		{ "between local and Delivered-To", LOCAL DMARC DELIVERED CLIENT FROM, false },
		{ "local without Delivered-To", LOCAL DMARC CLIENT FROM, false },
		{ "local without Delivered-To, above", DMARC LOCAL CLIENT FROM, false },
		{ "only local", DMARC LOCAL DELIVERED FROM, false },
		{ "local, something, Delivered-To", LOCAL "X: y\v" DELIVERED DMARC CLIENT FROM,
		    false },
		{ "local at the end", DMARC LOCAL, false },
		{ "pickup", DMARC PICKUP FROM, false },
		{ "text of a local user: a client", PICKUP DMARC CLIENT FROM, false },
		{ "text of a local user: local", PICKUP LOCAL DELIVERED DMARC CLIENT FROM, false },
		{ "text of a local user: Delivered-To", PICKUP DELIVERED DMARC CLIENT FROM, false },
		{ "pickup and local", LOCAL DELIVERED DMARC PICKUP DMARC CLIENT FROM, false },
		{ "a hidden client", HIDDEN DELIVERED DMARC CLIENT FROM, false },
		{ "text of a client: local", CLIENT LOCAL DELIVERED DMARC CLIENT FROM, false },
		{ "a bounce", LOCAL "Date: x\v" DMARC CLIENT FROM, false },
		{ "another host after by",
		    DMARC "Received: from h (c [192.0.2.1]) by mx.evil.org (Postfix); x\v", false },
		{ "a longer name after by",
		    DMARC "Received: from h by mx.example.org.evil.org (Postfix); x\v", false },
		{ "our name in a comment",
		    DMARC "Received: from h (by mx.example.org) by mx.evil.org; x\v", false },
		{ "our name before by",
		    DMARC "Received: from mx.example.org (x [192.0.2.1]) by mx.evil.org; x\v",
		    false },
		{ "no from", DMARC "Received: by mx.example.org; x\v", false },
		{ "no by", DMARC "Received: from mx.example.org; x\v", false },
		{ "no name", DMARC "Received: from h by ; x\v", false },
		{ "from in a comment", DMARC "Received: (from h) by mx.example.org; x\v", false },
		{ "not from", DMARC "Received: fromh x by mx.example.org; x\v", false },
		{ "an open comment", DMARC "Received: from h (x by mx.example.org; x\v", false },
		{ "a quote", DMARC "Received: from h \"x by mx.example.org\" by y; x\v", false },
		{ "empty", DMARC "Received: \v", false },
		{ "a NUL", DMARC "Received: from\1h by mx.example.org; x\v", false },
		{ "local of another host",
		    "Received: by mx.evil.org (Postfix)\n\tid 1; x\v" DELIVERED DMARC CLIENT,
		    false },
		{ "local with another comment",
		    "Received: by mx.example.org (Postfi)\n\tid 1; x\v" DELIVERED DMARC CLIENT,
		    false },
		{ "local with a userid",
		    "Received: by mx.example.org (Postfix, from userid 1)\n\tid 1; x\v" DELIVERED
			DMARC CLIENT,
		    false },
		{ "local with a fold elsewhere",
		    "Received: by mx.example.org\n\t(Postfix) id 1; x\v" DELIVERED DMARC CLIENT,
		    false },
		{ "local without id",
		    "Received: by mx.example.org (Postfix)\n\tx; x\v" DELIVERED DMARC CLIENT,
		    false },
		{ "local with a client",
		    "Received: by mx.example.org (Postfix)\n\tid x with ESMTP; x\v" DELIVERED DMARC
			CLIENT,
		    false },
		{ "another authserv-id",
		    "Authentication-Results: evil.org; dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		{ "our own authserv-id, which is not trusted",
		    "Authentication-Results: gate.example.org; dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		{ "a quoted authserv-id in another",
		    "Authentication-Results: \"x; ar.example.org\"; dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		{ "another field",
		    "X-Authentication-Results: ar.example.org; dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		{ "ARC",
		    "ARC-Authentication-Results: i=1; ar.example.org; dmarc=pass"
		    " header.from=x.org\v" CLIENT,
		    false },
	};

	(void)state;
	check_places(rows, COUNT(rows));
}

/* Where a stranger can make a program write a result. */
static void
test_strangers_in_results(void **state)
{
	static const struct place_row rows[] = {
		/* OpenDKIM decodes i= of a signature, and does not quote it. */
		{ "header.i",
		    RESULTS
		    "\n\tdkim=fail header.d=evil.org header.i=x; dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		{ "header.i, with something at the end",
		    RESULTS
		    "\n\tdkim=fail header.d=evil.org header.i=x; dmarc=pass"
		    " header.from=x.org p.q=@evil.org header.b=AAAA;\n\tdkim-atps=neutral\v" CLIENT,
		    false },
		{ "header.i, like a signature",
		    RESULTS "dkim=pass header.d=evil.org header.i=x@evil.org;"
			    " dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		{ "quoted header.i",
		    RESULTS "dkim=pass header.d=evil.org header.i=\"x\"@evil.org;"
			    " dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		/* OpenDMARC takes a domain with blanks, or with brackets, from From:. */
		{ "the start of header.from",
		    RESULTS
		    "dmarc=pass (p=none dis=none) header.from=x.org b.x=c.evil.org\v" CLIENT,
		    false },
		{ "twice header.from",
		    RESULTS
		    "dmarc=pass (p=none dis=none) header.from=x.evil.org header.from=x.org\v" CLIENT,
		    false },
		{ "brackets",
		    RESULTS "dmarc=none (p=none dis=none) header.from=[; dmarc=pass"
			    " header.from=x.org; x=y p.q=]\v" CLIENT,
		    false },
		{ "a comment in header.from",
		    RESULTS "dmarc=pass (p=none dis=none) header.from=x.org(.evil.org)\v" CLIENT,
		    false },
		{ "header.from after it",
		    RESULTS "dmarc=none (p=none dis=none) header.from=y.org;"
			    " dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		{ "HELO name",
		    RESULTS "spf=pass smtp.helo=y; dmarc=pass header.from=x.org\v" CLIENT, false },
		{ "a comment with the sender",
		    RESULTS "spf=pass (mx: domain of x); dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		{ "a comment of the result",
		    RESULTS "dmarc=pass (domain of x) header.from=x.org\v" CLIENT, false },
		{ "a reason", RESULTS "dmarc=fail reason=y; dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		{ "invalid after it", RESULTS "dmarc=pass header.from=x.org; x\v" CLIENT, false },
		{ "in quotes",
		    RESULTS "dkim=pass header.d=\"y;dmarc=pass header.from=x.org\"\v" CLIENT,
		    false },
		{ "in a comment", RESULTS "dkim=none (;dmarc=pass header.from=x.org)\v" CLIENT,
		    false },
		{ "too many properties",
		    RESULTS "dkim=pass header.d=y.org header.a=1 header.a=2 header.a=3 header.a=4"
			    " header.a=5 header.a=6 header.a=7 header.a=8 header.a=9 header.a=10"
			    " header.a=11 header.i=12; dmarc=pass header.from=x.org\v" CLIENT,
		    false },
		/* and where not */
		{ "after tags of a signature",
		    RESULTS
		    "dkim=pass (2048-bit key; unprotected) header.d=y.org header.a=rsa-sha256"
		    " header.s=s header.b=\"a/b\"; dmarc=pass (policy=none)"
		    " header.from=x.org \v" CLIENT,
		    true },
	};

	(void)state;
	check_places(rows, COUNT(rows));
}

static void
test_pass(void **state)
{
	static const struct {
		const char *results;
		const char *local, *domain; /* of MAIL FROM */
		bool want;
	} rows[] = {
		{ "spf=pass smtp.mailfrom=x.org", "a", "x.org", true },
		{ "spf=pass smtp.mailfrom=x.org", "a", "X.ORG.", true },
		{ "spf=pass smtp.mailfrom=x.org", "a", "y.x.org", false },
		{ "spf=pass smtp.mailfrom=y.x.org", "a", "x.org", false },
		{ "spf=pass smtp.mailfrom=a@x.org", "a", "x.org", true },
		{ "spf=pass smtp.mailfrom=\"a@x.org\"", "a", "x.org", true },
		{ "spf=pass smtp.mailfrom=a@x.org", "b", "x.org", false },
		{ "spf=pass smtp.mailfrom=a@x.org", "A", "x.org", false },
		{ "spf=pass smtp.mailfrom=a@x.org", "a", "y.org", false },
		{ "spf=pass smtp.mailfrom=\"a b\"@x.org", "a b", "x.org", true },
		{ "spf=pass smtp.mailfrom=\"a@x.org\"@y.org", "a", "x.org", false },
		{ "spf=pass smtp.mailfrom=\"a@x.org\"@y.org", "a@x.org", "y.org", true },
		{ "spf=pass smtp.mailfrom=@x.org", "a", "x.org", false },
		{ "spf=pass smtp.mailfrom=b\303\274cher.de", "a", "xn--bcher-kva.de", true },
		{ "spf=pass smtp.mailfrom=x.org (client-ip=192.0.2.1)", "a", "x.org", true },
		{ "spf=pass (mailfrom) smtp.mailfrom=x.org", "a", "x.org", true },
		{ "spf=pass smtp.helo=x.org", "a", "x.org", false },
		{ "spf=pass smtp.helo=x.org smtp.mailfrom=x.org", "a", "x.org", false },
		{ "spf=pass smtp.mailfrom=x.org smtp.helo=h", "a", "x.org", true },
		{ "spf=fail smtp.mailfrom=x.org", "a", "x.org", false },
		{ "spf=softfail smtp.mailfrom=x.org", "a", "x.org", false },
		{ "spf=pass", "a", "x.org", false },
		{ "none", "a", "x.org", false },
		{ "dkim=pass header.d=x.org", "a", "x.org", true },
		{ "dkim=pass header.d=y.x.org", "a", "z.x.org", true },
		{ "dkim=pass header.d=x.org header.i=a@y.org", "a", "x.org", true },
		{ "dkim=pass header.i=a@x.org header.d=x.org", "a", "x.org", false },
		{ "dkim=pass header.i=a@x.org", "a", "x.org", false },
		{ "dkim=fail header.d=x.org", "a", "x.org", false },
		{ "dkim=pass header.d=x.net", "a", "x.org", false },
		{ "dkim=pass header.d=x.org header.d=x.org", "a", "x.org", false },
		{ "dkim=pass header.d=a@x.org", "a", "x.org", false },
		{ "dkim=pass header.d=x.org(.evil.org header.s=x) header.b=AAAA", "a", "x.org",
		    false },
		{ "dkim=pass header.d=y.org; dkim=pass header.d=x.org", "a", "x.org", true },
		{ "dkim=pass header.d=y.org header.i=@y.org; dkim=pass header.d=x.org", "a",
		    "x.org", false },
		{ "dkim=pass header.d=one.co.uk", "a", "two.co.uk", false },
		{ "dkim=pass header.d=one.github.io", "a", "two.github.io", false },
		{ "dkim=pass header.d=github.io", "a", "github.io", true },
		{ "dkim=pass header.d=org", "a", "x.org", false },
		{ "dmarc=pass (p=none dis=none) header.from=x.org", "a", "x.org", true },
		{ "dmarc=pass (p=none dis=none) header.from=x.org", "a", "bounce.x.org", true },
		{ "dmarc=fail (p=none dis=none) header.from=x.org", "a", "x.org", false },
		{ "dmarc=none (p=none dis=none) header.from=x.org", "a", "x.org", false },
		{ "dkim=pass header.d=x.org", "", "", false },
		{ "spf=pass smtp.mailfrom=\"\"", "", "", false },
	};
	struct mail_headers headers;
	char text[1000];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), RESULTS "%s\v" CLIENT, rows[i].results);
		read_headers(&headers, text);
		unit_int(unit_row("%s / %s@%s", rows[i].results, rows[i].local, rows[i].domain),
		    "pass",
		    mail_headers_pass(
			&headers, make_text(rows[i].local), make_text(rows[i].domain)),
		    rows[i].want);
	}
	unit_end();
}

static void
test_dmarc_pass(void **state)
{
	static const struct {
		const char *fields;
		const char *domain;
		bool want, want_all;
	} rows[] = {
		{ DMARC CLIENT FROM, "x.org", true, true },
		{ DMARC CLIENT FROM, "srs.x.org", true, true },
		{ DMARC CLIENT FROM, "y.org", false, true },
		{ DMARC CLIENT "From: a@y.org\v", "x.org", true, false },
		{ DMARC CLIENT "From: a@y.x.org\v", "x.org", true, true },
		{ DMARC CLIENT "From: a@x.org, b@y.org\v", "x.org", true, false },
		{ DMARC RESULTS "dmarc=pass header.from=y.org\v" CLIENT "From: a@x.org, b@y.org\v",
		    "y.org", true, true },
		{ DMARC CLIENT FROM FROM, "x.org", true, false },
		{ DMARC CLIENT, "x.org", true, false },
		{ CLIENT FROM, "x.org", false, false },
		{ RESULTS "dkim=pass header.d=x.org\v" CLIENT FROM, "x.org", false, false },
		{ RESULTS "dmarc=pass header.from=org\v" CLIENT FROM, "x.org", false, false },
	};
	struct mail_headers headers;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		read_headers(&headers, rows[i].fields);
		unit_int(unit_row("%zu: %s", i, rows[i].domain), "pass",
		    mail_headers_dmarc_pass(&headers, rows[i].domain), rows[i].want);
		unit_int(unit_row("%zu: %s", i, rows[i].domain), "pass of all",
		    mail_headers_dmarc_pass_all(&headers), rows[i].want_all);
	}
	unit_end();
}

static void
test_from(void **state)
{
	static const struct {
		const char *what;
		const char *fields;
		bool want; /* aligned with z.org */
	} rows[] = {
		{ "another domain", FROM, false },
		{ "this domain", "From: a@z.org\v", true },
		{ "no field", "Subject: x\v", true },
		{ "two fields", FROM FROM, true },
		{ "two fields, one with a blank", FROM "FROM \t: b@y.org\v", true },
		{ "a blank before the name", FROM " From: b@y.org\v", true },
		{ "in capitals", "FROM: a@z.org\v", true },
		{ "other fields",
		    "Sender: a@z.org\vX-From: a@z.org\vReply-To: a@z.org\vFro: a@z.org\vFrom2: x\v" FROM,
		    false },
		{ "a tab", "From:\ta@x.org\v", false },
		{ "below everything", DMARC CLIENT "Subject: x\n\ty\v" FROM, false },
		{ "a line break that is no fold", FROM "Subject: x\nFrom: a@z.org\v", true },
		{ "an empty line", FROM "Subject: x\n\nFrom: a@z.org\v", true },
		{ "a bare CR", FROM "Subject: x\rFrom: a@z.org\v", true },
		{ "a bare CR and a blank", FROM "Subject: x\r From: a@z.org\v", true },
		{ "a break at the end", FROM "Subject: x\n\v", true },
		{ "CRLF", FROM "Subject: x\r\n\ty\v", false },
		{ "CRLF that is no fold", FROM "Subject: x\r\nFrom: a@z.org\v", true },
		{ "a fold of blanks", FROM "Subject: x\n \n y\v", false },
	};
	struct mail_headers headers;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		read_headers(&headers, rows[i].fields);
		unit_int(
		    rows[i].what, "aligned", mail_headers_align(&headers, "z.org"), rows[i].want);
		headers.finished = false;
		unit_true(rows[i].what, "before the end", mail_headers_align(&headers, "z.org"));
	}
	read_headers(&headers, FROM);
	add_bytes(&headers, "Subject", BYTES("x\0y"));
	unit_true("a NUL", "aligned", mail_headers_align(&headers, "z.org"));
	read_headers(&headers, FROM);
	mail_headers_add_unread(&headers);
	unit_true("a field that was not read", "aligned", mail_headers_align(&headers, "z.org"));
	unit_end();
}

/* list_tokens - with blanks between them */
static const char *
list_tokens(const struct mail_headers *headers)
{
	static char list[MAIL_HEADERS_TOKENS_MAX * (MAIL_HEADERS_TOKEN_MAX + 2)];
	size_t i;

	list[0] = '\0';
	for (i = 0; i < headers->n_tokens; i++) {
		strcat(list, i == 0 ? "" : " ");
		strcat(list, headers->token[i]);
	}
	return list;
}

#define SPF "Received-SPF: "
#define OWN "Authentication-Results: gate.example.org; "

static void
test_tokens(void **state)
{
	static const struct {
		const char *fields;
		const char *want;
	} rows[] = {
		{ SPF
		    "Pass (mailfrom) client-ip=192.0.2.1; helo=\"x y\"; envelope-from=\"a@x.org\";"
		    " receiver=mx.our.test; x-srsd=1.a-B; identity=mailfrom\v",
		    "1.a-B" },
		{ SPF "pass x-srsd=a\v", "a" },
		{ SPF "pass x-srsd = \"a\" ; (x) y=z;\v", "a" },
		{ SPF "pass (x)\n\tx-srsd=a;\v", "a" },
		{ OWN "spf=pass smtp.mailfrom=x.org policy.x-srsd=a\v", "a" },
		{ OWN "spf=none smtp.helo=h policy.x-srsd=a; spf=pass smtp.mailfrom=x.org"
		      " policy.x-srsd=b\v",
		    "a b" },
		{ OWN "x=y (a comment of several words) policy.x-srsd=a\v", "a" },
		{ SPF "pass x-srsd=a\v" CLIENT SPF "pass x-srsd=b\v" OWN "x=y policy.x-srsd=c\v",
		    "a b c" },
		{ PICKUP SPF "pass x-srsd=a\v", "a" },
		/* text of a stranger in quotes */
		{ SPF "pass envelope-from=\"x; x-srsd=a\"\v", "" },
		{ SPF "pass envelope-from=\"x\\\"; x-srsd=a\"\v", "" },
		{ SPF "pass (x; x-srsd=a) helo=x\v", "" },
		{ SPF "pass helo=x-srsd=a\v", "" },
		{ OWN "spf=pass smtp.mailfrom=\"x; x=y policy.x-srsd=a\"\v", "" },
		/* not a field of this form */
		{ SPF "pass x-srsd=a b\v", "" },
		{ SPF "pass x-srsd=a; b\v", "" },
		{ SPF "pass x-srsd=a; b=\v", "" },
		{ SPF "pass x-srsd=a;; b=c\v", "" },
		{ SPF "pass x-srsd=a b=c\v", "" },
		{ SPF "pass x-srsd=a; b=\"c\v", "" },
		{ SPF "pass; x-srsd=a\v", "" },
		{ SPF "x-srsd=a\v", "" },
		{ SPF "\v", "" },
		{ SPF "pass (x x-srsd=a\v", "" },
		{ SPF "pass y-x-srsd=a; x-srsd.z=b\v", "" },
		{ OWN "x=y policy.x-srsd=a z\v", "" },
		{ OWN "x=y policy.x-srsd=a policy.x-srsd=b\v", "" },
		{ OWN "x=y header.x-srsd=a\v", "" },
		{ RESULTS "x=y policy.x-srsd=a\v", "" },
		/* not a token */
		{ SPF "pass x-srsd=a_b\v", "" },
		{ SPF "pass x-srsd=\"a b\"\v", "" },
		{ SPF "pass x-srsd=\"\"\v", "" },
		{ SPF "pass x-srsd=\"a\\\\\"\v", "" },
		{ SPF "pass x-srsd=\"a\\b\"\v", "ab" },
	};
	struct mail_headers headers;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		read_headers(&headers, rows[i].fields);
		unit_text(rows[i].fields, "tokens", list_tokens(&headers), rows[i].want);
	}
	unit_end();
}

static void
test_token_limits(void **state)
{
	char value[MAIL_HEADERS_TOKEN_MAX + 100], *token;
	struct mail_headers headers;
	size_t i;

	(void)state;
	for (i = MAIL_HEADERS_TOKEN_MAX; i <= MAIL_HEADERS_TOKEN_MAX + 1; i++) {
		token = unit_fill('t', i);
		snprintf(value, sizeof(value), SPF "pass x-srsd=%s\v", token);
		read_headers(&headers, value);
		unit_text(unit_row("%zu bytes", i), "tokens", list_tokens(&headers),
		    i > MAIL_HEADERS_TOKEN_MAX ? "" : token);
		free(token);
	}
	mail_headers_init(&headers, &settings, HOST);
	for (i = 0; i <= MAIL_HEADERS_TOKENS_MAX; i++) {
		snprintf(value, sizeof(value), "pass x-srsd=t%zu", i);
		add_bytes(&headers, "Received-SPF", value, strlen(value));
		snprintf(value, sizeof(value), "t%zu", i);
		unit_text(value, "the last token", headers.token[headers.n_tokens - 1],
		    i == MAIL_HEADERS_TOKENS_MAX ? "t15" : value);
	}
	unit_end();
}

static void
test_result_limit(void **state)
{
	struct mail_headers headers;
	char value[200];
	size_t i;

	(void)state;
	mail_headers_init(&headers, &settings, HOST);
	for (i = 0; i <= MAIL_HEADERS_RESULTS_MAX; i++) {
		snprintf(
		    value, sizeof(value), "ar.example.org; dmarc=pass header.from=x%zu.org", i);
		add_bytes(&headers, "Authentication-Results", value, strlen(value));
	}
	add_bytes(&headers, "Received", BYTES("from h by mx.example.org; x"));
	mail_headers_finish(&headers);
	unit_true("x15.org", "pass", mail_headers_dmarc_pass(&headers, "x15.org"));
	unit_int("x16.org", "pass", mail_headers_dmarc_pass(&headers, "x16.org"), false);
	unit_end();
}

/* begin_large - a header with one byte or field less than the limit */
static void
begin_large(struct mail_headers *headers, bool by_bytes, const char *first)
{
	size_t i;

	read_headers(headers, first);
	headers->finished = false;
	if (by_bytes)
		headers->bytes = MAIL_HEADERS_BYTES_MAX - strlen("From") - strlen("a@x.org");
	for (i = headers->fields; !by_bytes && i < MAIL_HEADERS_FIELDS_MAX - 1; i++)
		add_bytes(headers, "X", "y", 1);
}

static void
test_header_limits(void **state)
{
	struct mail_headers headers;
	int by_bytes;
	char *value;

	(void)state;
	for (by_bytes = 0; by_bytes <= 1; by_bytes++) {
		begin_large(&headers, by_bytes, DMARC CLIENT);
		add_bytes(&headers, "From", "a@x.org", 7);
		mail_headers_finish(&headers);
		unit_int("the last field", "aligned", mail_headers_align(&headers, "z.org"), false);
		add_bytes(&headers, "From", "b@y.org", 7);
		unit_true("one more", "aligned", mail_headers_align(&headers, "z.org"));
		unit_true("one more", "pass", mail_headers_dmarc_pass(&headers, "x.org"));

		begin_large(&headers, by_bytes, DMARC FROM);
		add_bytes(&headers, "Y", BYTES("123456789012"));
		add_bytes(&headers, "Received", BYTES("from h by mx.example.org; x"));
		mail_headers_finish(&headers);
		unit_int(
		    "Received too late", "pass", mail_headers_dmarc_pass(&headers, "x.org"), false);
		unit_true("Received too late", "aligned", mail_headers_align(&headers, "z.org"));
	}
	value = unit_fill('x', MAIL_HEADERS_BYTES_MAX);
	read_headers(&headers, FROM);
	add_bytes(&headers, "Subject", value, MAIL_HEADERS_BYTES_MAX);
	unit_true("a large field", "aligned", mail_headers_align(&headers, "z.org"));
	read_headers(&headers, FROM);
	add_bytes(&headers, "Subject", value, MAIL_HEADERS_BYTES_MAX - 100);
	unit_int("a large field", "aligned", mail_headers_align(&headers, "z.org"), false);
	free(value);
	unit_end();
}

static void
add_cut(struct mail_headers *headers, const char *name, const char *value)
{
	mail_headers_add_cut(headers, make_text(name), make_text(value));
}

/* Of a field that is cut, the end is unknown: a result or a token may have another one. */
static void
test_cut_fields(void **state)
{
	static const char result[] = "ar.example.org; dmarc=pass header.from=x.org";
	static const char client[] = "from h by mx.example.org; x";
	struct mail_headers headers;

	(void)state;
	read_headers(&headers, FROM);
	add_cut(&headers, "Authentication-Results", result);
	add_cut(&headers, "Received-SPF", "pass x-srsd=a");
	add_cut(&headers, "Received", client);
	unit_int("cut results", "pass", mail_headers_dmarc_pass(&headers, "x.org"), false);
	unit_int("cut results", "tokens", (int)headers.n_tokens, 0);
	unit_true("cut results", "aligned", mail_headers_align(&headers, "z.org"));

	read_headers(&headers, DMARC);
	add_cut(&headers, "Subject", "x");
	add_cut(&headers, "Received", client);
	add_bytes(&headers, "Received-SPF", BYTES("pass x-srsd=a"));
	unit_true("cut Received", "pass", mail_headers_dmarc_pass(&headers, "x.org"));
	unit_int("cut Received", "tokens", (int)headers.n_tokens, 1);

	read_headers(&headers, "");
	add_cut(&headers, "From", "a@x.org");
	unit_true("cut From:", "aligned", mail_headers_align(&headers, "z.org"));
	unit_end();
}

/* Without the macro j, and with a default authserv-id that is the same. */
static void
test_host_names(void **state)
{
	static const char *const hosts[] = { "", "mx.example.org", "other.example.org" };
	struct mail_headers headers;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(hosts); i++) {
		mail_headers_init(&headers, &settings, hosts[i]);
		add_bytes(&headers, "Authentication-Results",
		    BYTES("ar.example.org; dmarc=pass header.from=x.org"));
		add_bytes(&headers, "Received", BYTES("from h by mx.example.org; x"));
		unit_int(hosts[i], "pass", mail_headers_dmarc_pass(&headers, "x.org"), i == 1);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trusted_places),
		cmocka_unit_test(test_other_places),
		cmocka_unit_test(test_strangers_in_results),
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_dmarc_pass),
		cmocka_unit_test(test_from),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_token_limits),
		cmocka_unit_test(test_result_limit),
		cmocka_unit_test(test_header_limits),
		cmocka_unit_test(test_cut_fields),
		cmocka_unit_test(test_host_names),
	};

	return cmocka_run_group_tests_name("mail_headers", tests, begin, NULL);
}
