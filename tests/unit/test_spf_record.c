/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/spf_record.h"

static const char *const mechanism_names[] = { "all", "include", "a", "mx", "ptr", "ip4", "ip6",
	"exists" };

/* describe_term - "-a x.test /24//64;": all that was parsed, in one form */
static void
describe_term(FILE *out, const struct spf_term *term)
{
	char net[IPADDR_TEXT_SIZE];

	fprintf(out, "%c%s", term->qualifier, mechanism_names[term->mechanism]);
	if (term->domain.len > 0)
		fprintf(out, " %.*s", (int)term->domain.len, term->domain.s);
	if (term->mechanism == SPF_MECH_A || term->mechanism == SPF_MECH_MX)
		fprintf(out, " /%u//%u", term->prefix4, term->prefix6);
	if (term->mechanism == SPF_MECH_IP4 || term->mechanism == SPF_MECH_IP6) {
		ipaddr_format(&term->net.addr, net);
		fprintf(out, " %s/%u", net, term->net.prefix);
	}
	putc(';', out);
}

/* describe - a whole record; good until the next call */
static const char *
describe(const struct spf_record *record)
{
	static char text[4096];
	FILE *out = fmemopen(text, sizeof(text), "w");
	size_t i;

	for (i = 0; i < record->n; i++)
		describe_term(out, &record->terms[i]);
	if (record->redirect.s != NULL)
		fprintf(out, "redirect=%.*s;", (int)record->redirect.len, record->redirect.s);
	if (record->exp.s != NULL)
		fprintf(out, "exp=%.*s;", (int)record->exp.len, record->exp.s);
	putc('\0', out);
	fclose(out);
	return text;
}

struct record_row {
	const char *text;
	const char *want; /* NULL: refused */
};

/* check_record - parse "v=spf1 " and a text, in memory of just that length */
static void
check_record(const char *text, const char *want)
{
	size_t len = strlen(text) + 7;
	struct spf_record record;
	const char *error = NULL;
	struct text at = { NULL, 0 };
	char *whole = malloc(len + 1), *copy;
	bool ok;

	snprintf(whole, len + 1, "v=spf1 %s", text);
	copy = unit_copy(whole, len);
	ok = spf_record_parse(&record, copy, len, &error, &at);
	unit_text(text, "parsed", ok ? describe(&record) : NULL, want);
	if (ok) {
		spf_record_free(&record);
	} else {
		unit_true(text, "has a reason", error != NULL && error[0] != '\0');
		unit_true(text, "names the term",
		    at.len > 0 && at.s >= copy + 7 && at.s + at.len <= copy + len);
	}
	free(copy);
	free(whole);
}

static void
check_records(const struct record_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_record(rows[i].text, rows[i].want);
	unit_end();
}

static void
test_version(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool want;
	} rows[] = {
		{ BYTES("v=spf1"), true },
		{ BYTES("v=spf1 "), true },
		{ BYTES("v=spf1 -all"), true },
		{ BYTES("V=SPF1 -all"), true },
		{ BYTES("v=Spf1 rubbish"), true },
		{ BYTES(""), false },
		{ BYTES("v=spf"), false },
		{ BYTES("v=spf10"), false },
		{ BYTES("v=spf1-all"), false },
		{ BYTES("v=spf1\t-all"), false },
		{ BYTES("v=spf1\n"), false },
		{ BYTES("v=spf1\0"), false },
		{ BYTES("v=spf2 -all"), false },
		{ BYTES("v=spf1.0 -all"), false },
		{ BYTES(" v=spf1 -all"), false },
		{ BYTES("\"v=spf1 -all\""), false },
		{ BYTES("v = spf1"), false },
		{ BYTES("spf2.0/pra -all"), false },
		{ BYTES("v=DKIM1 p="), false },
	};
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		unit_int(
		    rows[i].text, "is SPF", spf_record_is_spf(copy, rows[i].len), rows[i].want);
		free(copy);
	}
	unit_end();
}

static void
test_empty_records(void **state)
{
	struct spf_record record;
	const char *error;
	struct text at;

	(void)state;
	assert_true(spf_record_parse(&record, "v=spf1", 6, &error, &at));
	assert_int_equal(record.n, 0);
	assert_null(record.redirect.s);
	assert_null(record.exp.s);
	spf_record_free(&record);
	check_record("", "");
	check_record("    ", "");
	unit_end();
}

static void
test_spaces(void **state)
{
	static const struct record_row rows[] = {
		{ "-all", "-all;" },
		{ "  a   mx  ", "+a /32//128;+mx /32//128;" },
		{ "a  -all ", "+a /32//128;-all;" },
		{ "a\t-all", NULL },
		{ "a\n-all", NULL },
		{ "a\r\n", NULL },
		{ "a, mx", NULL },
		{ "a;-all", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_qualifiers(void **state)
{
	static const struct record_row rows[] = {
		{ "+all", "+all;" },
		{ "-all", "-all;" },
		{ "?all", "?all;" },
		{ "~all", "~all;" },
		{ "all", "+all;" },
		{ "-a -mx ~ptr ?exists:x.test", "-a /32//128;-mx /32//128;~ptr;?exists x.test;" },
		{ "--all", NULL },
		{ "+-all", NULL },
		{ "!all", NULL },
		{ "- all", NULL },
		{ "-", NULL },
		{ "+", NULL },
		{ "-redirect=x.test", NULL },
		{ "+exp=x.test", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_names_without_case(void **state)
{
	static const struct record_row rows[] = {
		{ "A MX PTR -ALL", "+a /32//128;+mx /32//128;+ptr;-all;" },
		{ "Include:X.test", "+include X.test;" },
		{ "IP4:192.0.2.1 iP6:2001:DB8::1", "+ip4 192.0.2.1/32;+ip6 2001:db8::1/128;" },
		{ "EXISTS:x.test Redirect=x.test EXP=y.test",
		    "+exists x.test;redirect=x.test;exp=y.test;" },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_all(void **state)
{
	static const struct record_row rows[] = {
		{ "all", "+all;" },
		{ "all all", "+all;+all;" },
		{ "-all a", "-all;+a /32//128;" },
		{ "all:x.test", NULL },
		{ "all/8", NULL },
		{ "all:", NULL },
		{ "alll", NULL },
		{ "al", NULL },
		{ "all.", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_include(void **state)
{
	static const struct record_row rows[] = {
		{ "include:x.test", "+include x.test;" },
		{ "include:_spf.x.test", "+include _spf.x.test;" },
		{ "include:x.test.", "+include x.test.;" },
		{ "include:%{d}", "+include %{d};" },
		{ "include:%{i}._spf.%{d2}", "+include %{i}._spf.%{d2};" },
		{ "include", NULL },
		{ "include:", NULL },
		{ "include:x", NULL },
		{ "include:x.test/24", NULL },
		{ "include=x.test", "" }, /* an unknown modifier */
		{ "include/x.test", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_hosts(void **state)
{
	static const struct record_row rows[] = {
		{ "a", "+a /32//128;" },
		{ "a:x.test", "+a x.test /32//128;" },
		{ "a/24", "+a /24//128;" },
		{ "a//64", "+a /32//64;" },
		{ "a/24//64", "+a /24//64;" },
		{ "a:x.test/24", "+a x.test /24//128;" },
		{ "a:x.test//64", "+a x.test /32//64;" },
		{ "a:x.test/24//64", "+a x.test /24//64;" },
		{ "a:x.test./24", "+a x.test. /24//128;" },
		{ "a/0", "+a /0//128;" },
		{ "a/32", "+a /32//128;" },
		{ "a//0", "+a /32//0;" },
		{ "a//128", "+a /32//128;" },
		{ "a/0//0", "+a /0//0;" },
		{ "mx:x.test/8//16", "+mx x.test /8//16;" },
		{ "mx", "+mx /32//128;" },
		{ "mx/26", "+mx /26//128;" },
		{ "a:%{i}.x.test/24", "+a %{i}.x.test /24//128;" },
		{ "a:%{d}/24//64", "+a %{d} /24//64;" },
		{ "a:x/y.test", "+a x/y.test /32//128;" },
		{ "a:x/24.test/25", "+a x/24.test /25//128;" },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_bad_hosts(void **state)
{
	static const struct record_row rows[] = {
		{ "a:", NULL },
		{ "a:/24", NULL },
		{ "a/", NULL },
		{ "a//", NULL },
		{ "a/24/", NULL },
		{ "a/24//", NULL },
		{ "a///64", NULL },
		{ "a/24///64", NULL },
		{ "a//64/24", NULL },
		{ "a//64//24", NULL },
		{ "a/24/24", NULL },
		{ "a/33", NULL },
		{ "a//129", NULL },
		{ "a/24//129", NULL },
		{ "a/-1", NULL },
		{ "a/+8", NULL },
		{ "a/08", NULL },
		{ "a/00", NULL },
		{ "a//064", NULL },
		{ "a//00", NULL },
		{ "a/256", NULL },
		{ "a//1000", NULL },
		{ "a/4294967320", NULL },
		{ "a/24x", NULL },
		{ "a/x", NULL },
		{ "a:x.test/", NULL },
		{ "a:x.test//", NULL },
		{ "a:x.test/33", NULL },
		{ "a:x.test/24/24", NULL },
		{ "a:192.0.2.1", NULL },
		{ "a:x", NULL },
		{ "a24", NULL },
		{ "mx:", NULL },
		{ "mx/33", NULL },
		{ "mx:x", NULL },
		{ "a:x.test y.test", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_ptr(void **state)
{
	static const struct record_row rows[] = {
		{ "ptr", "+ptr;" },
		{ "ptr:x.test", "+ptr x.test;" },
		{ "ptr:%{d}", "+ptr %{d};" },
		{ "ptr:", NULL },
		{ "ptr/24", NULL },
		{ "ptr:x.test/24", NULL },
		{ "ptr:x", NULL },
		{ "ptr0", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_exists(void **state)
{
	static const struct record_row rows[] = {
		{ "exists:x.test", "+exists x.test;" },
		{ "exists:%{ir}.%{l1r-}.x.test", "+exists %{ir}.%{l1r-}.x.test;" },
		{ "exists:%{s}", "+exists %{s};" },
		{ "exists", NULL },
		{ "exists:", NULL },
		{ "exists:x", NULL },
		{ "exists:x.test/24", NULL },
		{ "exists/24", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_ip4(void **state)
{
	static const struct record_row rows[] = {
		{ "ip4:192.0.2.1", "+ip4 192.0.2.1/32;" },
		{ "ip4:192.0.2.0/24", "+ip4 192.0.2.0/24;" },
		{ "ip4:192.0.2.77/24", "+ip4 192.0.2.77/24;" },
		{ "ip4:0.0.0.0/0", "+ip4 0.0.0.0/0;" },
		{ "ip4:255.255.255.255/32", "+ip4 255.255.255.255/32;" },
		{ "ip4:192.0.2.1/9", "+ip4 192.0.2.1/9;" },
		{ "ip4", NULL },
		{ "ip4:", NULL },
		{ "ip4:192.0.2", NULL },
		{ "ip4:192.0.2/24", NULL },
		{ "ip4:192.0.2.256", NULL },
		{ "ip4:192.0.2.1.2", NULL },
		{ "ip4:192.0.2.01", NULL },
		{ "ip4:192.0.2.1/", NULL },
		{ "ip4:192.0.2.1/33", NULL },
		{ "ip4:192.0.2.1/032", NULL },
		{ "ip4:192.0.2.1/00", NULL },
		{ "ip4:192.0.2.1//32", NULL },
		{ "ip4:192.0.2.1/24/24", NULL },
		{ "ip4:192.0.2.1/24//64", NULL },
		{ "ip4:192.0.2.1/a", NULL },
		{ "ip4:/24", NULL },
		{ "ip4/24", NULL },
		{ "ip4:x.test", NULL },
		{ "ip4:%{i}", NULL },
		{ "ip4:2001:db8::1", NULL },
		{ "ip4:::ffff:192.0.2.1", NULL },
		{ "ip4:192.0.2.1:25", NULL },
		{ "ip4:192.0.2.1,192.0.2.2", NULL },
		{ "ip:192.0.2.1", NULL },
		{ "ipv4:192.0.2.1", NULL },
		{ "ip4=192.0.2.1", "" },
		{ "192.0.2.1", NULL },
		{ "ip4:111111111111111111111111111111111111111111111111111111111111", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_ip6(void **state)
{
	static const struct record_row rows[] = {
		{ "ip6:2001:db8::1", "+ip6 2001:db8::1/128;" },
		{ "ip6:2001:db8::/32", "+ip6 2001:db8::/32;" },
		{ "ip6:::/0", "+ip6 ::/0;" },
		{ "ip6:::1", "+ip6 ::1/128;" },
		{ "ip6:2001:db8:1:2:3:4:5:6/128", "+ip6 2001:db8:1:2:3:4:5:6/128;" },
		{ "ip6:2001:db8::192.0.2.1", "+ip6 2001:db8::c000:201/128;" },
		{ "ip6:::ffff:192.0.2.1", "+ip6 ::ffff:192.0.2.1/128;" },
		{ "ip6:::ffff:192.0.2.0/96", "+ip6 ::ffff:192.0.2.0/96;" },
		{ "ip6", NULL },
		{ "ip6:", NULL },
		{ "ip6:192.0.2.1", NULL },
		{ "ip6:2001:db8", NULL },
		{ "ip6:2001:db8::/", NULL },
		{ "ip6:2001:db8::/129", NULL },
		{ "ip6:2001:db8::/032", NULL },
		{ "ip6:2001:db8::/1280", NULL },
		{ "ip6:2001:db8:::1", NULL },
		{ "ip6:2001:db8::12345", NULL },
		{ "ip6:2001:db8::g", NULL },
		{ "ip6:[2001:db8::1]", NULL },
		{ "ip6:2001:db8::1//64", NULL },
		{ "ip6:fe80::1%eth0", NULL },
		{ "ip6/64", NULL },
		{ "ip6:x.test", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_modifiers(void **state)
{
	static const struct record_row rows[] = {
		{ "redirect=x.test", "redirect=x.test;" },
		{ "redirect=%{d}.x.test", "redirect=%{d}.x.test;" },
		{ "redirect=x.test -all", "-all;redirect=x.test;" },
		{ "-all exp=why.x.test", "-all;exp=why.x.test;" },
		{ "exp=%{l}.x.test redirect=y.test", "redirect=y.test;exp=%{l}.x.test;" },
		{ "redirect=", NULL },
		{ "redirect", NULL },
		{ "redirect:x.test", NULL },
		{ "redirect=x", NULL },
		{ "redirect=x.test/24", NULL },
		{ "redirect=x.test redirect=y.test", NULL },
		{ "redirect=x.test Redirect=x.test", NULL },
		{ "exp=", NULL },
		{ "exp=x", NULL },
		{ "exp=x.test exp=x.test", NULL },
		{ "exp:x.test", NULL },
		{ "redirect=%{c}.x.test", NULL },
		{ "exp=%{r}.x.test", NULL },
		{ "exp=%{t}.x.test", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_unknown_modifiers(void **state)
{
	static const struct record_row rows[] = {
		{ "moo=x", "" },
		{ "moo=", "" },
		{ "moo=x moo=y moo=x", "" },
		{ "a=b", "" },
		{ "m-o_o.9=x", "" },
		{ "moo=a=b=c", "" },
		{ "moo=%{d}%{c}%{r}%{t}%%%_%-", "" },
		{ "moo=/:@,;", "" },
		{ "match_subdomains=yes -all", "-all;" },
		{ "a=b c=d -all e=f", "-all;" },
		{ "moo=%", NULL },
		{ "moo=%{x}", NULL },
		{ "moo=%(d)", NULL },
		{ "moo=%{d", NULL },
		{ "=x", NULL },
		{ "9=x", NULL },
		{ "-moo=x", NULL },
		{ "_moo=x", NULL },
		{ "m/o=x", NULL },
		{ "m%o=x", NULL },
		{ "m o=x", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_unknown_mechanisms(void **state)
{
	static const struct record_row rows[] = {
		{ "moo", NULL },
		{ "moo:x.test", NULL },
		{ "v=spf1", "" }, /* an unknown modifier, odd as it looks */
		{ "x.test", NULL },
		{ "a.b", NULL },
		{ "a-b:x.test", NULL },
		{ "mxx", NULL },
		{ "%{d}", NULL },
		{ ":x.test", NULL },
		{ "/24", NULL },
		{ "\"-all\"", NULL },
		{ "spf2.0/pra", NULL },
		{ "default", NULL },
		{ "deny", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

/* One wrong term anywhere invalidates the record, even after one that would match. */
static void
test_whole_record_is_checked(void **state)
{
	static const struct record_row rows[] = {
		{ "ip4:192.0.2.1 -all moo", NULL },
		{ "moo ip4:192.0.2.1 -all", NULL },
		{ "all a:x", NULL },
		{ "all redirect=x", NULL },
		{ "all moo=%{", NULL },
		{ "a mx include:x.test ip4:192.0.2.0/24 ?all",
		    "+a /32//128;+mx /32//128;+include x.test;+ip4 192.0.2.0/24;?all;" },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

static void
test_domain_specs(void **state)
{
	static const struct record_row rows[] = {
		{ "exists:a.b.c.d.test", "+exists a.b.c.d.test;" },
		{ "exists:a-b.te-st", "+exists a-b.te-st;" },
		{ "exists:x.1a", "+exists x.1a;" },
		{ "exists:x.a1", "+exists x.a1;" },
		{ "exists:x.1-1", "+exists x.1-1;" },
		{ "exists:!#$&'()*+,-/:;<=>?@[]^_`{|}~.test",
		    "+exists !#$&'()*+,-/:;<=>?@[]^_`{|}~.test;" },
		{ "exists:..test", "+exists ..test;" },
		{ "exists:x.%{d}", "+exists x.%{d};" },
		{ "exists:x%%", "+exists x%%;" },
		{ "exists:x%_", "+exists x%_;" },
		{ "exists:x%-", "+exists x%-;" },
		{ "exists:%{d}.test", "+exists %{d}.test;" },
		{ "exists:%{d}x.test.", "+exists %{d}x.test.;" },
		{ "exists:%{d}test", NULL },
		{ "exists:%{d}.", NULL },
		{ "exists:.", NULL },
		{ "exists:test", NULL },
		{ "exists:test.", NULL },
		{ "exists:x.test..", NULL },
		{ "exists:x.12", NULL },
		{ "exists:x.-test", NULL },
		{ "exists:x.test-", NULL },
		{ "exists:x.te_st", NULL },
		{ "exists:x.te/st", NULL },
		{ "exists:x.test%", NULL },
		{ "exists:%{d}.12", NULL },
	};

	(void)state;
	check_records(rows, COUNT(rows));
}

/* takes_byte - is a record accepted that holds this byte, which may be a NUL? */
static bool
takes_byte(const char *before, int c, const char *after)
{
	struct spf_record record;
	struct text at;
	const char *error;
	char text[80];
	size_t len = (size_t)snprintf(text, sizeof(text), "v=spf1 %s?%s", before, after);
	bool ok;

	text[7 + strlen(before)] = (char)c;
	ok = spf_record_parse(&record, text, len, &error, &at);
	if (ok)
		spf_record_free(&record);
	return ok;
}

static void
test_every_byte(void **state)
{
	bool visible;
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		visible = c > ' ' && c < 0x7f && c != '%';
		unit_int(unit_row("\\x%02x", c), "in a macro-string", takes_byte("moo=x", c, "x"),
		    visible);
		unit_int(unit_row("\\x%02x", c), "in a domain-spec",
		    takes_byte("exists:x", c, "x.test"), visible);
		unit_int(unit_row("\\x%02x", c), "after -all", takes_byte("-all", c, ""), c == ' ');
		unit_int(unit_row("\\x%02x", c), "in an address", takes_byte("ip4:192.0.2.", c, ""),
		    c >= '0' && c <= '9');
	}
	unit_end();
}

static void
test_offending_term(void **state)
{
	static const char text[] = "v=spf1 a  mx:x.test/99 -all";
	struct spf_record record;
	struct text at;
	const char *error;

	(void)state;
	assert_false(spf_record_parse(&record, text, sizeof(text) - 1, &error, &at));
	unit_bytes(text, "term", at.s, at.len, "mx:x.test/99", 12);
	unit_holds(text, "reason", error, "prefix");
	unit_end();
}

static void
test_term_as_written(void **state)
{
	static const char text[] = "v=spf1 ~MX:x.test/24 All";
	struct spf_record record;
	struct text at;
	const char *error;

	(void)state;
	assert_true(spf_record_parse(&record, text, sizeof(text) - 1, &error, &at));
	assert_int_equal(record.n, 2);
	unit_bytes(
	    text, "term", record.terms[0].text.s, record.terms[0].text.len, "~MX:x.test/24", 13);
	unit_bytes(text, "term", record.terms[1].text.s, record.terms[1].text.len, "All", 3);
	spf_record_free(&record);
	unit_end();
}

/* check_many - a record made of so many times one term; more than there may be are refused */
static void
check_many(const char *term, size_t want)
{
	size_t term_len = strlen(term), len = 6, n;
	char *text = unit_fill(' ', 65536);
	struct spf_record record;
	struct text at;
	const char *error;

	memcpy(text, "v=spf1", 6);
	for (n = 0; n < want; n++, len += 1 + term_len)
		memcpy(text + len + 1, term, term_len);
	unit_true(term, "taken", spf_record_parse(&record, text, len, &error, &at));
	unit_int(term, "terms", (int)record.n, (int)want);
	spf_record_free(&record);
	memcpy(text + len - term_len, "!", 1);
	unit_true(term, "refused", !spf_record_parse(&record, text, len, &error, &at));
	free(text);
}

static void
check_too_many(void)
{
	size_t len = 6 + 2 * (SPF_RECORD_TERMS_MAX + 1), i;
	char *text = unit_fill(' ', len);
	struct spf_record record;
	struct text at;
	const char *error;

	memcpy(text, "v=spf1", 6);
	for (i = 7; i < len; i += 2)
		text[i] = 'a';
	unit_true("one more", "refused", !spf_record_parse(&record, text, len, &error, &at));
	free(text);
}

static void
test_longest_records(void **state)
{
	(void)state;
	check_many("a", SPF_RECORD_TERMS_MAX);
	check_many("ip6:::", 9300);
	check_many("ip4:9.9.9.9", 5400);
	check_many("ip4:192.0.2.1", 4600);
	check_many("exists:%{i}.%{d}.x.test", 2000);
	check_too_many();
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_empty_records),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_qualifiers),
		cmocka_unit_test(test_names_without_case),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_bad_hosts),
		cmocka_unit_test(test_ptr),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_ip4),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_unknown_modifiers),
		cmocka_unit_test(test_unknown_mechanisms),
		cmocka_unit_test(test_whole_record_is_checked),
		cmocka_unit_test(test_domain_specs),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_offending_term),
		cmocka_unit_test(test_term_as_written),
		cmocka_unit_test(test_longest_records),
	};

	return cmocka_run_group_tests_name("spf_record", tests, NULL, NULL);
}
