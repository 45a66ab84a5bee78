/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/spf_macro.h"

static struct text
text(const char *s)
{
	struct text t = { s, strlen(s) };

	return t;
}

static struct ipaddr
address(const char *s)
{
	struct ipaddr ip;

	assert_true(ipaddr_parse(&ip, s, strlen(s)));
	return ip;
}

/* Jane's mail through one of her domain's hosts. */
static struct spf_macro_values
make_values(const struct ipaddr *ip)
{
	struct spf_macro_values v = {
		.local = text("jane-m.roe"),
		.sender_domain = text("mail.dept.example.test"),
		.domain = text("_spf.dept.example.test"),
		.helo = text("out-1.relay.test"),
		.ip = ip,
		.validated = "host.dept.example.test",
		.receiver = "mx.receiver.test",
		.now = 1700000000,
	};

	return v;
}

struct valid_row {
	const char *text;
	bool want;
};

static void
check_valid(const struct valid_row *rows, size_t n, bool explanation)
{
	const char *error;
	struct text t;
	size_t i;
	char *copy;

	for (i = 0; i < n; i++) {
		error = NULL;
		t.len = strlen(rows[i].text);
		t.s = copy = unit_copy(rows[i].text, t.len);
		unit_int(rows[i].text, "valid", spf_macro_is_valid(t, explanation, &error),
		    rows[i].want);
		unit_true(rows[i].text, "has a reason", rows[i].want || error != NULL);
		free(copy);
	}
	unit_end();
}

static void
test_syntax(void **state)
{
	static const struct valid_row rows[] = {
		{ "", true },
		{ "x", true },
		{ "%%", true },
		{ "%_", true },
		{ "%-", true },
		{ "%{d}", true },
		{ "%{D}", true },
		{ "%{d2}", true },
		{ "%{d200}", true },
		{ "%{d99999999999999999999}", true },
		{ "%{d02}", true },
		{ "%{dr}", true },
		{ "%{dR}", true },
		{ "%{d2r}", true },
		{ "%{d.}", true },
		{ "%{d.-+,/_=}", true },
		{ "%{d2r-.}", true },
		{ "a%{s}b%{l}c%%%_%-", true },
		{ "%", false },
		{ "x%", false },
		{ "% ", false },
		{ "%x", false },
		{ "%d", false },
		{ "%(d)", false },
		{ "%{", false },
		{ "%{d", false },
		{ "%{}", false },
		{ "%{ d}", false },
		{ "%{d }", false },
		{ "%{dd}", false },
		{ "%{2}", false },
		{ "%{r2}", false },
		{ "%{d0}", false },
		{ "%{d00}", false },
		{ "%{d-2}", false },
		{ "%{dr2}", false },
		{ "%{drr}", false },
		{ "%{d:}", false },
		{ "%{d;}", false },
		{ "%{d.r}", false },
		{ "%{d2r.2}", false },
		{ "%{%{d}}", false },
		{ "%{d}}%{", false },
		{ "a b", false },
		{ "tab\there", false },
		{ "caf\303\251", false },
		{ "del\177", false },
	};

	(void)state;
	check_valid(rows, COUNT(rows), false);
}

static void
test_letters(void **state)
{
	static const char terms[] = "slodiphvSLODIPHV", all[] = "slodiphvcrtSLODIPHVCRT";
	char macro[] = "%{?}";
	const char *error;
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		macro[2] = (char)c;
		unit_int(macro, "in a term", spf_macro_is_valid(text(macro), false, &error),
		    strchr(terms, c) != NULL);
		unit_int(macro, "in an explanation", spf_macro_is_valid(text(macro), true, &error),
		    strchr(all, c) != NULL);
	}
	unit_end();
}

static void
test_explanation_syntax(void **state)
{
	static const struct valid_row rows[] = {
		{ "", true },
		{ "See http://%{d}/why?s=%{S}&i=%{I}", true },
		{ " blanks  are kept ", true },
		{ "%{c} at %{t} by %{r}", true },
		{ "%{C}%{R2r}%{T}", true },
		{ "100%", false },
		{ "100% sure", false },
		{ "%{x}", false },
		{ "two\nlines", false },
		{ "caf\303\251", false },
	};

	(void)state;
	check_valid(rows, COUNT(rows), true);
}

static void
test_domain_specs(void **state)
{
	static const struct valid_row rows[] = {
		{ "x.test", true },
		{ "x.test.", true },
		{ "%{d}", true },
		{ "x%{d}", true },
		{ "x%%", true },
		{ "%{d}.test", true },
		{ ".test", true },
		{ "x.t-t", true },
		{ "x.9a", true },
		{ "", false },
		{ "x", false },
		{ ".", false },
		{ "x.", false },
		{ "%{d}x", false },
		{ "%{d}.", false },
		{ "%{d}.9", false },
		{ "x.9", false },
		{ "x.-t", false },
		{ "x.t-", false },
		{ "x.-", false },
		{ "x..", false },
		{ "x.test ", false },
		{ "%{c}", false },
		{ "%{r}.test", false },
		{ "%{t}.test", false },
		{ "%{d", false },
	};
	const char *error;
	struct text t;
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		t.len = strlen(rows[i].text);
		t.s = copy = unit_copy(rows[i].text, t.len);
		unit_int(
		    rows[i].text, "domain-spec", spf_macro_is_domain_spec(t, &error), rows[i].want);
		free(copy);
	}
	unit_end();
}

static void
test_uses(void **state)
{
	static const struct {
		const char *text;
		const char *letters;
		bool want;
	} rows[] = {
		{ "%{p}.test", "p", true },
		{ "%{P2r}.test", "p", true },
		{ "%{d}.test", "p", false },
		{ "p.%%{p}.test", "p", false },
		{ "p.test", "p", false },
		{ "%{d}%{s}", "sl", true },
		{ "%{d}%{L}", "sl", true },
		{ "%{d}%{o}", "sl", false },
		{ "blanks and %{l}", "sl", true },
		{ "", "sl", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(rows[i].text, rows[i].letters,
		    spf_macro_uses(text(rows[i].text), rows[i].letters), rows[i].want);
	unit_end();
}

struct expansion_row {
	const char *text;
	const char *want;
};

static void
check_names(const struct expansion_row *rows, size_t n, const struct spf_macro_values *v)
{
	char name[HOSTNAME_MAX + 1];
	struct text t;
	size_t i, len;
	char *copy;

	for (i = 0; i < n; i++) {
		t.len = strlen(rows[i].text);
		t.s = copy = unit_copy(rows[i].text, t.len);
		memset(name, 'x', sizeof(name));
		len = spf_macro_expand_name(t, v, name);
		unit_bytes(rows[i].text, "name", name, len, rows[i].want, strlen(rows[i].want));
		unit_int(rows[i].text, "NUL after it", name[len], '\0');
		free(copy);
	}
	unit_end();
}

static void
test_each_letter(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{s}", "jane-m.roe@mail.dept.example.test" },
		{ "%{l}", "jane-m.roe" },
		{ "%{o}", "mail.dept.example.test" },
		{ "%{d}", "_spf.dept.example.test" },
		{ "%{i}", "192.0.2.130" },
		{ "%{p}", "host.dept.example.test" },
		{ "%{v}", "in-addr" },
		{ "%{h}", "out-1.relay.test" },
		{ "%{i}.%{v}._spf.%{o}", "192.0.2.130.in-addr._spf.mail.dept.example.test" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	check_names(rows, COUNT(rows), &v);
}

static void
test_literals(void **state)
{
	static const struct expansion_row rows[] = {
		{ "x.test", "x.test" },
		{ "X.Test", "X.Test" },
		{ "x.test.", "x.test" },
		{ "a%%b.test", "a%b.test" },
		{ "a%_b.test", "a b.test" },
		{ "a%-b.test", "a%20b.test" },
		{ "%%%%", "%%" },
		{ "!#$&'()*+,-/:;<=>?@[]^_`{|}~.test", "!#$&'()*+,-/:;<=>?@[]^_`{|}~.test" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	check_names(rows, COUNT(rows), &v);
}

static void
test_rightmost_labels(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{d1}", "test" },
		{ "%{d2}", "example.test" },
		{ "%{d3}", "dept.example.test" },
		{ "%{d4}", "_spf.dept.example.test" },
		{ "%{d5}", "_spf.dept.example.test" },
		{ "%{d255}", "_spf.dept.example.test" },
		{ "%{d99999999999999999999}", "_spf.dept.example.test" },
		{ "%{d01}", "test" },
		{ "%{i1}", "130" },
		{ "%{i3}", "0.2.130" },
		{ "%{v1}", "in-addr" },
		{ "%{l1}", "roe" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	check_names(rows, COUNT(rows), &v);
}

static void
test_reversed(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{dr}", "test.example.dept._spf" },
		{ "%{d1r}", "_spf" },
		{ "%{d2r}", "dept._spf" },
		{ "%{d3R}", "example.dept._spf" },
		{ "%{d9r}", "test.example.dept._spf" },
		{ "%{ir}.%{v}.arpa", "130.2.0.192.in-addr.arpa" },
		{ "%{i2r}", "0.192" },
		{ "%{lr}", "roe.jane-m" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	check_names(rows, COUNT(rows), &v);
}

static void
test_delimiters(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{l-}", "jane.m.roe" }, /* and the dot is no delimiter any more */
		{ "%{l1-}", "m.roe" },
		{ "%{l2-}", "jane.m.roe" },
		{ "%{lr-}", "m.roe.jane" },
		{ "%{l1r-}", "jane" },
		{ "%{l.-}", "jane.m.roe" },
		{ "%{lr.-}", "roe.m.jane" },
		{ "%{l2r.-}", "m.jane" },
		{ "%{l+}", "jane-m.roe" },
		{ "%{l+,/_=}", "jane-m.roe" },
		{ "%{h-}", "out.1.relay.test" },
		{ "%{h1-}", "1.relay.test" },
		{ "%{d_}", ".spf.dept.example.test" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	check_names(rows, COUNT(rows), &v);
}

static void
test_each_delimiter(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{l}", "a-b+c,d/e_f=g.h" },
		{ "%{l-}", "a.b+c,d/e_f=g.h" },
		{ "%{l+}", "a-b.c,d/e_f=g.h" },
		{ "%{l,}", "a-b+c.d/e_f=g.h" },
		{ "%{l/}", "a-b+c,d.e_f=g.h" },
		{ "%{l_}", "a-b+c,d/e.f=g.h" },
		{ "%{l=}", "a-b+c,d/e_f.g.h" },
		{ "%{l1=}", "g.h" },
		{ "%{l1.-+,/_=}", "h" },
		{ "%{lr.-+,/_=}", "h.g.f.e.d.c.b.a" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	v.local = text("a-b+c,d/e_f=g.h");
	check_names(rows, COUNT(rows), &v);
}

static void
test_empty_parts(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{l-}", ".a..b" },
		{ "%{lr-}", "b..a" },
		{ "%{l2-}", ".b" },
		{ "%{l1-}", "b" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	v.local = text("-a--b");
	check_names(rows, COUNT(rows), &v);
}

static void
test_escaped(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{L}", "a%2Bb%20c%25%40~.-_%3D%2F%22" },
		{ "%{l}", "a+b c%@~.-_=/\"" },
		{ "%{S}", "a%2Bb%20c%25%40~.-_%3D%2F%22%40x%C3%BC.test" },
		{ "%{L+}", "a.b%20c%25%40~.-_%3D%2F%22" },
		{ "%{I}", "192.0.2.130" },
		{ "%{O}", "x%C3%BC.test" },
		{ "%{o}", "x\303\274.test" },
		{ "%{O1R}", "x%C3%BC" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	v.local = text("a+b c%@~.-_=/\"");
	v.sender_domain = text("x\303\274.test");
	check_names(rows, COUNT(rows), &v);
}

static void
test_ipv6(void **state)
{
	static const char nibbles[] =
	    "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.a.b.c.d.e.f.0.1.2.3.4.5";
	static const char reversed[] =
	    "5.4.3.2.1.0.f.e.d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
	struct ipaddr ip = address("2001:db8::abcd:ef01:2345");
	struct spf_macro_values v = make_values(&ip);
	char name[SPF_EXPLANATION_MAX + 1];

	(void)state;
	spf_macro_expand_name(text("%{i}"), &v, name);
	unit_int("%{i}", "same but for case", strcasecmp(name, nibbles), 0);
	spf_macro_expand_name(text("%{ir}.%{v}.arpa"), &v, name);
	unit_int("%{ir}", "same but for case", strncasecmp(name, reversed, 63), 0);
	unit_text("%{v}", "after it", name + 63, ".ip6.arpa");
	spf_macro_expand_name(text("%{i2r}.x"), &v, name);
	unit_text("%{i2r}", "name", name, "0.2.x");
	spf_macro_expand_text(text("%{c}"), &v, name);
	unit_text("%{c}", "text", name, "2001:db8::abcd:ef01:2345");
	unit_end();
}

static void
test_no_validated_name(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{p}.x", "unknown.x" },
		{ "%{P}.x", "unknown.x" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	v.validated = "unknown";
	check_names(rows, COUNT(rows), &v);
}

static void
test_empty_values(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{h}.x", ".x" },
		{ "%{l}.%{o}.x", "..x" },
		{ "%{s}.x", "@.x" },
		{ "%{hr-}", "" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	v.helo = v.local = v.sender_domain = text("");
	check_names(rows, COUNT(rows), &v);
}

/* A value may be hostile: it is taken as bytes, and not expanded again. */
static void
test_macros_in_values(void **state)
{
	static const struct expansion_row rows[] = {
		{ "%{l}.x", "%{d}%%.x" },
		{ "%{L}.x", "%25%7Bd%7D%25%25.x" },
	};
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);

	(void)state;
	v.local = text("%{d}%%");
	check_names(rows, COUNT(rows), &v);
}

/* Labels are dropped from the left, until 253 bytes are left. */
static void
test_long_names(void **state)
{
	char *labels = unit_fill('a', 400), *more = unit_fill('b', 2000), name[HOSTNAME_MAX + 1];
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);
	size_t i, len;

	(void)state;
	for (i = 9; i < 400; i += 10)
		labels[i] = '.';
	labels[400 - 1] = 'a';
	v.helo = (struct text){ labels + 400 - 251, 251 };
	len = spf_macro_expand_name(text("%{h}.x"), &v, name);
	unit_bytes("253 bytes", "name", name, len - 2, labels + 400 - 251, 251);
	v.helo = (struct text){ labels + 400 - 252, 252 };
	len = spf_macro_expand_name(text("%{h}.x"), &v, name);
	unit_bytes("254 bytes", "name", name, len - 2, labels + 150, 250);
	unit_text("254 bytes", "its end", name + len - 2, ".x");
	v.helo = (struct text){ labels, 400 };
	len = spf_macro_expand_name(text("%{h}.x"), &v, name);
	unit_bytes("402 bytes", "name", name, len - 2, labels + 150, 250);
	memcpy(more + 2000 - 400, labels, 400);
	v.local = (struct text){ more, 2000 };
	len = spf_macro_expand_name(text("%{l}.x"), &v, name);
	unit_bytes("2,002 bytes", "name", name, len - 2, labels + 150, 250);
	free(more);
	free(labels);
	unit_end();
}

static void
test_very_long_names(void **state)
{
	char *spec = unit_fill('x', SPF_MACRO_NAME_MAX + 1), name[HOSTNAME_MAX + 1], last[40];
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);
	struct text t = { spec, 1000 };
	size_t i, len;

	(void)state;
	for (i = 0; i + 10 <= 1000; i += 10) {
		snprintf(last, sizeof(last), "n%08zu.", i);
		memcpy(spec + i, last, 10);
	}
	memcpy(spec + 999, "z", 1);
	len = spf_macro_expand_name(t, &v, name);
	unit_int("1,000 bytes", "length", (int)len, 250);
	unit_bytes("1,000 bytes", "name", name, len, spec + 1000 - 250, 250);
	memset(spec, 'x', 1000);
	memcpy(spec + 995, ".test", 5);
	unit_int("one long label", "length", (int)spf_macro_expand_name(t, &v, name), 4);
	unit_text("one long label", "name", name, "test");
	t.len = SPF_MACRO_NAME_MAX + 1;
	unit_int("longer than a valid one", "length", (int)spf_macro_expand_name(t, &v, name), 0);
	free(spec);
	unit_end();
}

static void
test_explanations(void **state)
{
	static const struct expansion_row rows[] = {
		{ "", "" },
		{ "plain words.", "plain words." },
		{ "%{c} is not one of %{d}'s hosts", "192.0.2.130 is not one of "
						     "_spf.dept.example.test's hosts" },
		{ "%{i} %{v} %{h}", "192.0.2.130 in-addr out-1.relay.test" },
		{ "at %{t} by %{r}", "at 1700000000 by mx.receiver.test" },
		{ "http://why.test/%{S}/%{I}/%{R2}",
		    "http://why.test/jane-m.roe%40mail.dept.example.test/192.0.2.130/receiver.test" },
		{ "100%% sure%_of%-it", "100% sure of%20it" },
		{ "%{p}", "host.dept.example.test" },
	};
	char out[SPF_EXPLANATION_MAX + 1];
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = spf_macro_expand_text(text(rows[i].text), &v, out);
		unit_bytes(rows[i].text, "text", out, len, rows[i].want, strlen(rows[i].want));
		unit_int(rows[i].text, "NUL after it", out[len], '\0');
	}
	unit_end();
}

static void
test_long_explanations(void **state)
{
	char *words = unit_fill('w', 1000), out[SPF_EXPLANATION_MAX + 1];
	struct ipaddr ip = address("192.0.2.130");
	struct spf_macro_values v = make_values(&ip);
	struct text t = { words, SPF_EXPLANATION_MAX };

	(void)state;
	assert_int_equal(spf_macro_expand_text(t, &v, out), SPF_EXPLANATION_MAX);
	t.len++;
	assert_int_equal(spf_macro_expand_text(t, &v, out), SPF_EXPLANATION_MAX);
	t.len = 1000;
	memcpy(words, "first", 5);
	assert_int_equal(spf_macro_expand_text(t, &v, out), SPF_EXPLANATION_MAX);
	assert_memory_equal(out, "firstw", 6); /* an explanation keeps its beginning */
	free(words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_explanation_syntax),
		cmocka_unit_test(test_domain_specs),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_each_letter),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_rightmost_labels),
		cmocka_unit_test(test_reversed),
		cmocka_unit_test(test_delimiters),
		cmocka_unit_test(test_each_delimiter),
		cmocka_unit_test(test_empty_parts),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_no_validated_name),
		cmocka_unit_test(test_empty_values),
		cmocka_unit_test(test_macros_in_values),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_very_long_names),
		cmocka_unit_test(test_explanations),
		cmocka_unit_test(test_long_explanations),
	};

	return cmocka_run_group_tests_name("spf_macro", tests, NULL, NULL);
}
