/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/forwarding/authres.h"
#include "srsd/forwarding/header_lexer.h"

static void
append_text(char *buf, size_t size, struct text text)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%.*s", (int)text.len, text.s);
}

static void
append_word(char *buf, size_t size, const char *word)
{
	append_text(buf, size, (struct text){ word, strlen(word) });
}

/*
 * write_again - "ID|method=result~reason type.name=value ...|..."; "?" if it is not parsed
 */
static void
write_again(char *buf, size_t size, const char *s, size_t len)
{
	char *copy = unit_copy(s, len); /* without a NUL after it */
	struct text value = { copy, len };
	struct authres authres;
	size_t i, j;

	buf[0] = '\0';
	if (!authres_parse(&authres, value)) {
		append_word(buf, size, "?");
		free(copy);
		return;
	}
	append_text(buf, size, authres.authserv_id);
	for (i = 0; i < authres.n; i++) {
		const struct authres_result *result = &authres.result[i];

		append_word(buf, size, "|");
		append_text(buf, size, result->method);
		append_word(buf, size, "=");
		append_text(buf, size, result->result);
		if (result->reason.len > 0)
			append_word(buf, size, "~");
		append_text(buf, size, result->reason);
		for (j = 0; j < result->n; j++) {
			append_word(buf, size, " ");
			append_text(buf, size, result->property[j].type);
			append_word(buf, size, ".");
			append_text(buf, size, result->property[j].name);
			append_word(buf, size, "=");
			append_text(buf, size, result->property[j].value);
		}
	}
	free(copy);
}

struct value_row {
	const char *value;
	size_t len;
	const char *want;
};

static void
check_values(const struct value_row *rows, size_t n)
{
	char got[2000];
	size_t i;

	for (i = 0; i < n; i++) {
		write_again(got, sizeof(got), rows[i].value, rows[i].len);
		unit_text(rows[i].value, "parsed", got, rows[i].want);
	}
	unit_end();
}

/* As programs write them. */
static void
test_written(void **state)
{
	static const struct value_row rows[] = {
		/* RFC 8601, appendix B */
		{ BYTES("example.org 1; none"), "example.org" },
		{ BYTES("example.com;\n    spf=pass smtp.mailfrom=example.net"),
		    "example.com|spf=pass smtp.mailfrom=example.net" },
		{ BYTES("example.com;\n"
			"    auth=pass (cram-md5) smtp.auth=sender@example.net;\n"
			"    spf=pass smtp.mailfrom=example.net"),
		    "example.com|auth=pass smtp.auth=sender@example.net"
		    "|spf=pass smtp.mailfrom=example.net" },
		{ BYTES("example.com;\n iprev=pass\n  policy.iprev=192.0.2.200"),
		    "example.com|iprev=pass policy.iprev=192.0.2.200" },
		{ BYTES("example.com;\n"
			"    dkim=pass reason=\"good signature\"\n"
			"      header.i=@mail-router.example.net;\n"
			"    dkim=fail reason=\"bad signature\"\n"
			"      header.i=@newyork.example.com"),
		    "example.com|dkim=pass~\"good signature\" header.i=@mail-router.example.net"
		    "|dkim=fail~\"bad signature\" header.i=@newyork.example.com" },
		{ BYTES("foo.example.net (foobar) 1 (baz);\n"
			"    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\n"
			"      policy (A dot can go here) . (like that) expired\n"
			"      (this surprised me) = (as I wasn't expecting it) 1362471462"),
		    "foo.example.net|dkim=fail policy.expired=1362471462" },
		/* OpenDKIM, OpenDMARC and policyd-spf */
		{ BYTES("mx.example.org; dkim=none; dkim-atps=neutral"),
		    "mx.example.org|dkim=none|dkim-atps=neutral" },
		{ BYTES("mx.example.org;\n"
			"\tdkim=pass (2048-bit key; unprotected) header.d=x.org header.i=@x.org"
			" header.a=rsa-sha256 header.s=a header.b=\"a/b+c=\"; dkim-atps=neutral"),
		    "mx.example.org|dkim=pass header.d=x.org header.i=@x.org header.a=rsa-sha256"
		    " header.s=a header.b=\"a/b+c=\"|dkim-atps=neutral" },
		{ BYTES("mx.example.org; dmarc=pass (p=none dis=none) header.from=x.org"),
		    "mx.example.org|dmarc=pass header.from=x.org" },
		{ BYTES("mx.example.org; spf=pass (mailfrom) smtp.mailfrom=x.org"
			" (client-ip=192.0.2.1; helo=h.org; envelope-from=a@x.org; receiver=r)"),
		    "mx.example.org|spf=pass smtp.mailfrom=x.org" },
		/* rspamd */
		{ BYTES("mx.example.org;\n\tdkim=pass header.d=x.org header.s=a header.b=a/b+c=;\n"
			"\tdmarc=pass (policy=none) header.from=x.org;\n\tspf=pass (mx.example.org:"
			" domain of a@x.org designates 192.0.2.1 as permitted sender)"
			" smtp.mailfrom=a@x.org"),
		    "mx.example.org|dkim=pass header.d=x.org header.s=a header.b=a/b+c="
		    "|dmarc=pass header.from=x.org|spf=pass smtp.mailfrom=a@x.org" },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

static void
test_valid(void **state)
{
	static const struct value_row rows[] = {
		{ BYTES("a;none"), "a" },
		{ BYTES(" (x) a (y) ; (z) NONE (u) "), "a" },
		{ BYTES("a 1;none"), "a" },
		{ BYTES("\"a b\"; none"), "\"a b\"" },
		{ BYTES("a;none=pass"), "a|none=pass" },
		{ BYTES("a;x=y"), "a|x=y" },
		{ BYTES("a ; x = y ; z = u "), "a|x=y|z=u" },
		{ BYTES("a;x/1=y"), "a|x=y" },
		{ BYTES("a;x/2=y;z=u"), "a|z=u" },
		{ BYTES("a;x=y reason=z"), "a|x=y~z" },
		{ BYTES("a;x=y(c)reason = \"z;\" p.q=r"), "a|x=y~\"z;\" p.q=r" },
		{ BYTES("a;x=y reason.q=r"), "a|x=y reason.q=r" },
		{ BYTES("a;x=y p . q = r"), "a|x=y p.q=r" },
		{ BYTES("a;x=y(c)p.q=r (c)s.t=u"), "a|x=y p.q=r s.t=u" },
		{ BYTES("a;x=y p.q=\"r;x=pass p.q=s\""), "a|x=y p.q=\"r;x=pass p.q=s\"" },
		{ BYTES("a;x=y p.q=\"r\\\";x=pass\""), "a|x=y p.q=\"r\\\";x=pass\"" },
		{ BYTES("a;x=y p.q=\"r;x=pass\"@s.org"), "a|x=y p.q=\"r;x=pass\"@s.org" },
		{ BYTES("a;x=y p.q=@s.org"), "a|x=y p.q=@s.org" },
		{ BYTES("a;x=y p.q=j\303\266rg@b\303\274cher.de"),
		    "a|x=y p.q=j\303\266rg@b\303\274cher.de" },
		{ BYTES("a;x=y p.q=2001:db8::1"), "a|x=y p.q=2001:db8::1" },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

static void
test_invalid(void **state)
{
	static const struct value_row rows[] = {
		{ BYTES(""), "?" },
		{ BYTES(" "), "?" },
		{ BYTES("a"), "?" },
		{ BYTES("a;"), "?" },
		{ BYTES(";none"), "?" },
		{ BYTES("a;none;"), "?" },
		{ BYTES("a;none x"), "?" },
		{ BYTES("a;x=y;"), "?" },
		{ BYTES("a;;x=y"), "?" },
		{ BYTES("a;x=y;none"), "?" },
		{ BYTES("a 2;x=y"), "?" },
		{ BYTES("a 01;x=y"), "?" },
		{ BYTES("a b;x=y"), "?" },
		{ BYTES("a/b;x=y"), "?" },
		{ BYTES("a=b;x=y"), "?" },
		{ BYTES("\"a;x=y"), "?" },
		{ BYTES("\"a\"b;x=y"), "?" },
		{ BYTES("a;x"), "?" },
		{ BYTES("a;x="), "?" },
		{ BYTES("a;=y"), "?" },
		{ BYTES("a;x==y"), "?" },
		{ BYTES("a;x=\"y\""), "?" },
		{ BYTES("a;x_=y"), "?" },
		{ BYTES("a;-x=y"), "?" },
		{ BYTES("a;x-=y"), "?" },
		{ BYTES("a;x/=y"), "?" },
		{ BYTES("a;x/a=y"), "?" },
		{ BYTES("a;x=y z"), "?" },
		{ BYTES("a;x=y z="), "?" },
		{ BYTES("a;x=y z=u"), "?" },
		{ BYTES("a;x=y p.q"), "?" },
		{ BYTES("a;x=y p.q="), "?" },
		{ BYTES("a;x=y p.q=;"), "?" },
		{ BYTES("a;x=y p.=r"), "?" },
		{ BYTES("a;x=y .q=r"), "?" },
		{ BYTES("a;x=y p.q.s=r"), "?" },
		{ BYTES("a;x=y p.q=r reason=z"), "?" },
		{ BYTES("a;x=y reason=z reason=u"), "?" },
		{ BYTES("a;x=y reason="), "?" },
		{ BYTES("a;x=yp.q=r"), "?" },
		{ BYTES("a;x=y p.q=r(c)s.t=u"), "?" },
		{ BYTES("a;x=y p.q=r(c)"), "?" },
		{ BYTES("a;x=y p.q=\"r\"(c)"), "?" },
		{ BYTES("a;x=y p.q=<r@s.org>"), "?" },
		{ BYTES("a;x=y p.q=[;dkim=pass header.d=s.org;x=y p.q=]"), "?" },
		{ BYTES("a;x=y p.q=r,s"), "?" },
		{ BYTES("a;x=y p.q=\"r"), "?" },
		{ BYTES("a;x=y p.q=\"r\\\""), "?" },
		{ BYTES("a;x=y p.q=\"r\"s"), "?" },
		{ BYTES("a;x=y p.q=\"r\"@"), "?" },
		{ BYTES("a;x=y p.q=r\"s\""), "?" },
		{ BYTES("a;x=y p.q=r\"s t.u=v\""), "?" },
		{ BYTES("a;x=y p.q=r\\ s"), "?" },
		{ BYTES("a;x=y (p.q=r"), "?" },
		{ BYTES("a;x=y p.q=r)"), "?" },
		{ BYTES("a;x=y (((((((((c))))))))) p.q=r"), "?" },
		{ BYTES("a;x=y\np.q=r"), "?" },
		{ BYTES("a;x=y p.q=r\n"), "?" },
		{ BYTES("a;x=y\r p.q=r"), "?" },
		{ BYTES("a;x=y\0p.q=r"), "?" },
		{ BYTES("a;x=y p.q=r\0"), "?" },
		{ BYTES("a;x=y p.q=\"\0\""), "?" },
		{ BYTES("a\0;x=y"), "?" },
		{ BYTES("a;x=y p.q=\377"), "?" },
		{ BYTES("a;x=y p.q=\"\377\""), "?" },
		{ BYTES("a;x=y (\377)"), "?" },
		{ BYTES("a;x=\303\266"), "?" },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

static void
test_remarks(void **state)
{
	static const struct {
		const char *value;
		bool want; /* of the last result */
	} rows[] = {
		{ "a;x=y p.q=r", false },
		{ "a (word) 1;x=y (word) p.q=r (word)", false },
		{ "a;x=y (2048-bit key; unprotected) p.q=r", false },
		{ "a;x=y (p=none dis=none) p.q=r", false },
		{ "a;x=y p.q=r (client-ip=192.0.2.1; helo=x)", false },
		{ "a;x=y () p.q=r", false },
		{ "a;x=y (two words) p.q=r", true },
		{ "a;x=y (domain of ) p.q=r", true },
		{ "a;x=y (domain a=b) p.q=r", true },
		{ "a;x=y ( 2) p.q=r", true },
		{ "a;x=y (a\\)b) p.q=r", true },
		{ "a;x=y (a(b)) p.q=r", true },
		{ "a;x=y (1 (b)) p.q=r", true },
		{ "a;x=y (a) (b) p.q=r", true },
		{ "a;x=y (a\n b) p.q=r", true },
		{ "a;x=y p.q=r;x=y (two words)", true },
		{ "a;x=y (two words);x=y", true },
		{ "a (two words);x=y", true },
		{ "a (two words) 1;x=y", true },
		{ "a;x (two words) = y", true },
		{ "a;x=y p (two words) . q=r", true },
		{ "a;x=y reason=z", true },
		{ "a;x=y reason=z;x=y", true },
		{ "a;x/2=y;x=y", true },
	};
	struct authres authres;
	struct text text;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		text = (struct text){ rows[i].value, strlen(rows[i].value) };
		unit_true(rows[i].value, "parsed", authres_parse(&authres, text));
		unit_int(rows[i].value, "remark", authres.result[authres.n - 1].has_remark,
		    rows[i].want);
	}
	unit_end();
}

/* Every value that is cut anywhere has fewer results, or is invalid. */
static void
test_cut(void **state)
{
	static const char value[] = "a (c) 1;\n x/1 = y reason=\"z\" p.q=\"r\"@s.org;\n"
				    " u=v (((c))) w.x=y@z.org; none=none";
	static const char *const wants[] = { "a|x=y~\"z\"", "a|x=y~\"z\" p.q=\"r\"",
		"a|x=y~\"z\" p.q=\"r\"@s.org" };
	char got[500];
	size_t len, i;
	bool known;

	(void)state;
	for (len = 0; len < sizeof(value) - 1; len++) {
		write_again(got, sizeof(got), value, len);
		known = strcmp(got, "?") == 0 ||
			strncmp(got, wants[2], strlen("a|x=y~\"z\" p.q=\"r\"@s")) == 0 ||
			strcmp(got, "a|x=y") == 0;
		for (i = 0; i < COUNT(wants); i++)
			known = known || strcmp(got, wants[i]) == 0;
		unit_true(unit_row("%zu bytes", len), got, known);
	}
	unit_end();
}

static void
test_limits(void **state)
{
	char value[4000] = "a";
	struct authres authres;
	struct text text;
	size_t i;

	(void)state;
	for (i = 0; i <= AUTHRES_RESULTS_MAX; i++)
		sprintf(value + strlen(value), ";m%zu=r", i);
	text = (struct text){ value, strlen(value) };
	unit_true("results", "parsed", authres_parse(&authres, text));
	unit_int("results", "number", (int)authres.n, AUTHRES_RESULTS_MAX);
	strcat(value, ";m");
	text.len = strlen(value);
	unit_int("an invalid one after them", "parsed", authres_parse(&authres, text), false);

	strcpy(value, "a;x=y");
	for (i = 0; i < AUTHRES_PROPERTIES_MAX; i++)
		sprintf(value + strlen(value), " p.q%zu=r", i);
	text.len = strlen(value);
	unit_true("properties", "parsed", authres_parse(&authres, text));
	unit_int("properties", "number", (int)authres.result[0].n, AUTHRES_PROPERTIES_MAX);
	unit_true("properties", "found", authres_find(&authres.result[0], "p", "q0") != NULL);
	strcat(value, " p.q0=s");
	text.len = strlen(value);
	unit_true("one more", "parsed", authres_parse(&authres, text));
	unit_int("one more", "number", (int)authres.result[0].n, AUTHRES_PROPERTIES_MAX);
	unit_true("one more", "not found", authres_find(&authres.result[0], "p", "q0") == NULL);
	unit_end();
}

static void
test_find(void **state)
{
	static const char value[] = "a; dKim=Pass header.d=x.org HEADER.I=@y.org smtp.d=z.org"
				    " header.s=1 header.S=2";
	static const struct {
		const char *type, *name, *want;
	} rows[] = {
		{ "header", "d", "x.org" },
		{ "header", "i", "@y.org" },
		{ "smtp", "d", "z.org" },
		{ "header", "s", NULL }, /* twice */
		{ "header", "b", NULL },
		{ "head", "d", NULL },
		{ "", "", NULL },
	};
	struct text text = { value, strlen(value) };
	const struct authres_property *property;
	struct authres authres;
	char got[20];
	size_t i;

	(void)state;
	assert_true(authres_parse(&authres, text));
	for (i = 0; i < COUNT(rows); i++) {
		property = authres_find(&authres.result[0], rows[i].type, rows[i].name);
		unit_int(rows[i].name, "found", property != NULL, rows[i].want != NULL);
		if (property != NULL && header_lexer_unquote(got, sizeof(got), property->value))
			unit_text(rows[i].name, "value", got, rows[i].want);
	}
	unit_true("result", "dkim=pass", authres_result_is(&authres.result[0], "dkim", "pass"));
	unit_int("result", "dkim=pas", authres_result_is(&authres.result[0], "dkim", "pas"), false);
	unit_int("result", "spf=pass", authres_result_is(&authres.result[0], "spf", "pass"), false);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_remarks),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests_name("authres", tests, NULL, NULL);
}
