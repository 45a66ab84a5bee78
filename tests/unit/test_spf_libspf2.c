/* SPDX-License-Identifier: ISC */
/*
 * The verdicts of libspf2 compared with those of the native engine: the same for ordinary records,
 * different ones for those in `differences`, and some verdict for hostile ones.
 * test_spf_libspf2_fuzz.c has thousands of hostile records.
 */
#include "tests/unit/fake_engines.h"

/* A row of the tables whose verdict is the same. */
struct same_row {
	const char *sender, *ip;
	enum spf_result want;
};

/* unescaped - a request whose texts are in exact memory, with \NNN for bytes */
struct text_request {
	struct spf_request req;
	char *local, *domain, *helo;
};

static char *
unescape_exactly(const char *s, size_t len, struct text *text)
{
	char *large = malloc(len + 1), *exact;

	text->len = fake_unescape(large, s, len);
	text->s = exact = unit_copy(large, text->len);
	free(large);
	return exact;
}

static struct text_request
make_request(const char *sender, const char *helo, const char *ip)
{
	struct text_request t = { .req = fake_request("a@x.test", ip) };
	const char *at = strrchr(sender, '@');
	size_t n = at == NULL ? 0 : (size_t)(at - sender);

	t.local = unescape_exactly(sender, n, &t.req.local);
	at = at == NULL ? sender : at + 1;
	t.domain = unescape_exactly(at, strlen(at), &t.req.domain);
	t.helo = unescape_exactly(helo, strlen(helo), &t.req.helo);
	return t;
}

static void
free_request(struct text_request *t)
{
	free(t->local);
	free(t->domain);
	free(t->helo);
}

static void
check_same(const char *zone, const struct same_row *rows, size_t n)
{
	struct text_request t;
	size_t i;

	for (i = 0; i < n; i++) {
		t = make_request(rows[i].sender, "mx.relay.test", rows[i].ip);
		fake_engines_check(zone, unit_row("%s %s", rows[i].sender, rows[i].ip), &t.req,
		    rows[i].want, rows[i].want);
		free_request(&t);
	}
	unit_end();
}

#define V4 "192.0.2.1"
#define V6 "2001:db8::1"
#define V6_REVERSE "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"

static void
test_mechanisms(void **state)
{
	static const char zone[] = "all.test TXT v=spf1 all\n"
				   "minus.test TXT v=spf1 -all\n"
				   "tilde.test TXT v=spf1 ~all\n"
				   "mark.test TXT v=spf1 ?all\n"
				   "empty.test TXT v=spf1\n"
				   "blank.test TXT v=spf1 \n"
				   "upper.test TXT V=SPF1 IP4:192.0.2.1 -ALL\n"
				   "blanks.test TXT v=spf1   ip4:192.0.2.1    -all  \n"
				   "ip4.test TXT v=spf1 ip4:192.0.2.1 -all\n"
				   "net4.test TXT v=spf1 ~ip4:192.0.2.7/24 -all\n"
				   "net1.test TXT v=spf1 ip4:128.0.0.0/1 -all\n"
				   "ip6.test TXT v=spf1 ip6:2001:db8::1 -all\n"
				   "net6.test TXT v=spf1 ?ip6:2001:db8:0:5::/33 -all\n"
				   "map.test TXT v=spf1 ip6:::ffff:192.0.2.1 -all\n"
				   "a.test TXT v=spf1 a -all\n"
				   "a.test A 192.0.2.9\n"
				   "a.test A 192.0.2.1\n"
				   "a.test AAAA 2001:db8::1\n"
				   "far.test TXT v=spf1 a:far-a.test/24//64 -all\n"
				   "far-a.test A 192.0.2.200\n"
				   "far-a.test AAAA 2001:db8::200\n"
				   "mx.test TXT v=spf1 mx -all\n"
				   "mx.test MX one.mx.test\n"
				   "mx.test MX two.mx.test\n"
				   "one.mx.test A 192.0.2.9\n"
				   "two.mx.test A 192.0.2.1\n"
				   "two.mx.test AAAA 2001:db8::1\n"
				   "farmx.test TXT v=spf1 mx:mx.test/25//96 -all\n"
				   "nullmx.test TXT v=spf1 mx ~all\n"
				   "nullmx.test MX .\n"
				   "ptr.test TXT v=spf1 ptr -all\n"
				   "farptr.test TXT v=spf1 ptr:ptr.test ~all\n"
				   "1.2.0.192.in-addr.arpa PTR liar.ptr.test\n"
				   "1.2.0.192.in-addr.arpa PTR Host.ptr.test\n"
				   "liar.ptr.test A 192.0.2.9\n"
				   "host.ptr.test A 192.0.2.1\n"
				   "host.ptr.test AAAA 2001:db8::1\n"
				   "9.2.0.192.in-addr.arpa PTR liar.ptr.test\n"
				   "8.2.0.192.in-addr.arpa PTR evilptr.test\n"
				   "evilptr.test A 192.0.2.8\n" V6_REVERSE " PTR host.ptr.test\n"
				   "exists.test TXT v=spf1 exists:%{i}.list.test -all\n"
				   "192.0.2.1.list.test A 127.0.0.2\n"
				   "six.test TXT v=spf1 exists:six-a.test -all\n"
				   "six-a.test AAAA 2001:db8::1\n"
				   "any.test TXT v=spf1 exists:far-a.test -all\n"
				   "mod.test TXT v=spf1 moo=cow ip4:192.0.2.1 x=%{d} -all\n"
				   "exp.test TXT v=spf1 -all exp=%{l}.why.test\n";
	static const struct same_row rows[] = {
		{ "j@all.test", V4, SPF_PASS },
		{ "j@minus.test", V4, SPF_FAIL },
		{ "j@tilde.test", V6, SPF_SOFTFAIL },
		{ "j@mark.test", V4, SPF_NEUTRAL },
		{ "j@empty.test", V4, SPF_NEUTRAL },
		{ "j@blank.test", V4, SPF_NEUTRAL },
		{ "j@upper.test", V4, SPF_PASS },
		{ "j@blanks.test", V4, SPF_PASS },
		{ "j@ip4.test", V4, SPF_PASS },
		{ "j@IP4.Test.", "::ffff:192.0.2.1", SPF_PASS },
		{ "j@ip4.test", "192.0.2.2", SPF_FAIL },
		{ "j@ip4.test", V6, SPF_FAIL },
		{ "j@net4.test", "192.0.2.255", SPF_SOFTFAIL },
		{ "j@net4.test", "192.0.3.0", SPF_FAIL },
		{ "j@net1.test", V4, SPF_PASS },
		{ "j@net1.test", "100.64.0.1", SPF_FAIL },
		{ "j@ip6.test", V6, SPF_PASS },
		{ "j@ip6.test", "2001:db8::2", SPF_FAIL },
		{ "j@ip6.test", V4, SPF_FAIL },
		{ "j@net6.test", "2001:db8:7fff::1", SPF_NEUTRAL },
		{ "j@net6.test", "2001:db8:8000::1", SPF_FAIL },
		{ "j@map.test", V4, SPF_FAIL },
		{ "j@a.test", V4, SPF_PASS },
		{ "j@a.test", "192.0.2.2", SPF_FAIL },
		{ "j@a.test", V6, SPF_PASS },
		{ "j@far.test", "192.0.2.3", SPF_PASS },
		{ "j@far.test", "192.0.3.3", SPF_FAIL },
		{ "j@far.test", "2001:db8::3", SPF_PASS },
		{ "j@far.test", "2001:db8:0:1::3", SPF_FAIL },
		{ "j@mx.test", V4, SPF_PASS },
		{ "j@mx.test", V6, SPF_PASS },
		{ "j@mx.test", "192.0.2.2", SPF_FAIL },
		{ "j@farmx.test", "192.0.2.127", SPF_PASS },
		{ "j@farmx.test", "192.0.2.128", SPF_FAIL },
		{ "j@farmx.test", "2001:db8::ffff", SPF_PASS },
		{ "j@nullmx.test", V4, SPF_SOFTFAIL },
		{ "j@ptr.test", V4, SPF_PASS },
		{ "j@ptr.test", V6, SPF_PASS },
		{ "j@ptr.test", "192.0.2.9", SPF_PASS },
		{ "j@ptr.test", "192.0.2.8", SPF_FAIL },
		{ "j@ptr.test", "192.0.2.7", SPF_FAIL },
		{ "j@farptr.test", V4, SPF_PASS },
		{ "j@farptr.test", "192.0.2.8", SPF_SOFTFAIL },
		{ "j@exists.test", V4, SPF_PASS },
		{ "j@exists.test", "192.0.2.2", SPF_FAIL },
		{ "j@six.test", V6, SPF_FAIL },
		{ "j@any.test", V6, SPF_PASS },
		{ "j@mod.test", V4, SPF_PASS },
		{ "j@exp.test", V4, SPF_FAIL },
	};

	(void)state;
	check_same(zone, rows, COUNT(rows));
}

static void
test_no_record_and_errors(void **state)
{
	static const char zone[] = "other.test TXT hello\n"
				   "other.test TXT v=spf10 -all\n"
				   "among.test TXT one\n"
				   "among.test TXT v=spf1 ip4:192.0.2.1 -all\n"
				   "among.test TXT three\n"
				   "two.test TXT v=spf1 -all\n"
				   "two.test TXT v=spf1 -all\n"
				   "dead.test TXT !\n"
				   "moo.test TXT v=spf1 moo -all\n"
				   "late.test TXT v=spf1 +all moo\n"
				   "nul.test TXT v=spf1 a:x\\000y.test -all\n"
				   "high.test TXT v=spf1 a:\\377.test -all\n"
				   "cidr.test TXT v=spf1 a/33 -all\n"
				   "macro.test TXT v=spf1 exists:%{z} -all\n"
				   "sick-a.test TXT v=spf1 a:sick.test +all\n"
				   "sick-mx.test TXT v=spf1 mx:sick.test +all\n"
				   "sick-host.test TXT v=spf1 mx +all\n"
				   "sick-host.test MX sick.test\n"
				   "sick-ex.test TXT v=spf1 exists:sick.test +all\n"
				   "unneeded.test TXT v=spf1 ip4:192.0.2.1 a:sick.test -all\n"
				   "sick.test A !\n"
				   "sick.test AAAA !\n"
				   "sick.test MX !\n"
				   "sick.test TXT !\n";
	static const struct same_row rows[] = {
		{ "j@gone.test", V4, SPF_NONE },
		{ "j@other.test", V4, SPF_NONE },
		{ "j@localhost", V4, SPF_NONE },
		{ "j@[192.0.2.1]", V4, SPF_NONE },
		{ "j@a..test", V4, SPF_NONE },
		{ "", V4, SPF_NONE },
		{ "j@among.test", V4, SPF_PASS },
		{ "j@two.test", V4, SPF_PERMERROR },
		{ "j@dead.test", V4, SPF_TEMPERROR },
		{ "j@moo.test", V4, SPF_PERMERROR },
		{ "j@late.test", V4, SPF_PERMERROR },
		{ "j@nul.test", V4, SPF_PERMERROR },
		{ "j@high.test", V4, SPF_PERMERROR },
		{ "j@cidr.test", V4, SPF_PERMERROR },
		{ "j@macro.test", V4, SPF_PERMERROR },
		{ "j@sick-a.test", V4, SPF_TEMPERROR },
		{ "j@sick-a.test", V6, SPF_TEMPERROR },
		{ "j@sick-mx.test", V4, SPF_TEMPERROR },
		{ "j@sick-host.test", V4, SPF_TEMPERROR },
		{ "j@sick-ex.test", V4, SPF_TEMPERROR },
		{ "j@unneeded.test", V4, SPF_PASS },
		{ "j@unneeded.test", "192.0.2.2", SPF_TEMPERROR },
	};

	(void)state;
	check_same(zone, rows, COUNT(rows));
}

/* The reason for a verdict that needs no libspf2. */
static void
test_problems(void **state)
{
	static const char zone[] = "two.test TXT v=spf1 -all\n"
				   "two.test TXT v=spf1 +all\n"
				   "bad.test TXT v=spf1 a:x:y -all\n"
				   "dead.test TXT !\n";
	static const struct {
		const char *sender, *want;
	} rows[] = {
		{ "j@two.test", "more than one SPF record" },
		{ "j@bad.test", "domain without a top label" },
		{ "j@dead.test", "SERVFAIL for the TXT records of dead.test" },
		{ "j@gone.test", "" },
	};
	struct fake_dns dns = { .zone = zone };
	struct text_request t;
	struct fake_engines e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		t = make_request(rows[i].sender, "mx.relay.test", V4);
		e = (struct fake_engines){ .req = &t.req };
		fake_libspf2_run(&dns, &e);
		unit_text(rows[i].sender, "problem", e.libspf2.problem, rows[i].want);
		free_request(&t);
	}
	unit_end();
}

static void
test_includes_and_redirects(void **state)
{
	static const char zone[] =
	    "pass.test TXT v=spf1 ip4:192.0.2.1 -all\n"
	    "fail.test TXT v=spf1 -all\n"
	    "soft.test TXT v=spf1 ~all\n"
	    "mark.test TXT v=spf1 ?all\n"
	    "bad.test TXT v=spf1 moo\n"
	    "dead.test TXT !\n"
	    "two.test TXT v=spf1\n"
	    "two.test TXT v=spf1\n"
	    "i-pass.test TXT v=spf1 ~include:pass.test -all\n"
	    "i-fail.test TXT v=spf1 include:fail.test ?all\n"
	    "i-soft.test TXT v=spf1 include:soft.test include:mark.test ~all\n"
	    "i-none.test TXT v=spf1 include:none.test ?all\n"
	    "i-bad.test TXT v=spf1 include:bad.test ?all\n"
	    "i-two.test TXT v=spf1 include:two.test ?all\n"
	    "i-dead.test TXT v=spf1 include:dead.test ?all\n"
	    "i-deep.test TXT v=spf1 include:i-i.test -all\n"
	    "i-i.test TXT v=spf1 include:i-i-i.test -all\n"
	    "i-i-i.test TXT v=spf1 include:pass.test -all\n"
	    "i-self.test TXT v=spf1 include:i-self.test +all\n"
	    "i-one.test TXT v=spf1 include:i-other.test +all\n"
	    "i-other.test TXT v=spf1 include:i-one.test +all\n"
	    "i-ips.test TXT v=spf1 include:_%{ir}.%{v}.test -all\n"
	    "_1.2.0.192.in-addr.test TXT v=spf1 +all\n"
	    "i-name.test TXT v=spf1 include:a/b%%.test -all\n"
	    "a/b%.test TXT v=spf1 a -all\n"
	    "a/b%.test A 192.0.2.1\n"
	    "r-pass.test TXT v=spf1 redirect=pass.test\n"
	    "r-first.test TXT v=spf1 redirect=fail.test ip4:192.0.2.1\n"
	    "r-unused.test TXT v=spf1 redirect=fail.test ?all\n"
	    "r-none.test TXT v=spf1 redirect=none.test\n"
	    "r-dead.test TXT v=spf1 redirect=dead.test\n"
	    "r-bad.test TXT v=spf1 redirect=bad.test\n"
	    "r-two.test TXT v=spf1 redirect=two.test\n"
	    "r-r.test TXT v=spf1 redirect=r-pass.test\n"
	    "r-self.test TXT v=spf1 redirect=r-self.test\n"
	    "r-one.test TXT v=spf1 redirect=r-other.test\n"
	    "r-top.test TXT v=spf1 redirect=%{d1}\n"
	    "i-top.test TXT v=spf1 include:%{d1} -all\n"
	    "test TXT v=spf1 +all\n"
	    "r-other.test TXT v=spf1 redirect=r-one.test\n"
	    "r-macro.test TXT v=spf1 redirect=%{l}.test\n"
	    "r-in.test TXT v=spf1 include:r-pass.test ~all\n"
	    "r-own.test TXT v=spf1 redirect=here.test\n"
	    "here.test TXT v=spf1 a -all\n"
	    "here.test A 192.0.2.1\n";
	static const struct same_row rows[] = {
		{ "j@i-pass.test", V4, SPF_SOFTFAIL },
		{ "j@i-pass.test", V6, SPF_FAIL },
		{ "j@i-fail.test", V4, SPF_NEUTRAL },
		{ "j@i-soft.test", V4, SPF_SOFTFAIL },
		{ "j@i-none.test", V4, SPF_PERMERROR },
		{ "j@i-bad.test", V4, SPF_PERMERROR },
		{ "j@i-two.test", V4, SPF_PERMERROR },
		{ "j@i-dead.test", V4, SPF_TEMPERROR },
		{ "j@i-deep.test", V4, SPF_PASS },
		{ "j@i-deep.test", V6, SPF_FAIL },
		{ "j@i-self.test", V4, SPF_PERMERROR },
		{ "j@i-one.test", V4, SPF_PERMERROR },
		{ "j@i-ips.test", V4, SPF_PASS },
		{ "j@i-ips.test", V6, SPF_PERMERROR },
		{ "j@i-name.test", V4, SPF_PASS },
		{ "j@i-name.test", "192.0.2.2", SPF_FAIL },
		{ "j@r-pass.test", V4, SPF_PASS },
		{ "j@r-first.test", V4, SPF_PASS },
		{ "j@r-first.test", V6, SPF_FAIL },
		{ "j@r-unused.test", V4, SPF_NEUTRAL },
		{ "j@r-none.test", V4, SPF_PERMERROR },
		{ "j@r-dead.test", V4, SPF_TEMPERROR },
		{ "j@r-bad.test", V4, SPF_PERMERROR },
		{ "j@r-two.test", V4, SPF_PERMERROR },
		{ "j@r-r.test", V4, SPF_PASS },
		{ "j@r-self.test", V4, SPF_PERMERROR },
		{ "j@r-one.test", V4, SPF_PERMERROR },
		{ "j@r-top.test", V4, SPF_PERMERROR },
		{ "j@i-top.test", V4, SPF_PERMERROR },
		{ "pass@r-macro.test", V4, SPF_PASS },
		{ "gone@r-macro.test", V4, SPF_PERMERROR },
		{ "j@r-in.test", V4, SPF_PASS },
		{ "j@r-own.test", V4, SPF_PASS },
		{ "j@r-own.test", V6, SPF_FAIL },
	};

	(void)state;
	check_same(zone, rows, COUNT(rows));
}

static void
test_macros(void **state)
{
	static const char zone[] =
	    "s.test TXT v=spf1 exists:%{s}.is.test -all\n"
	    "jane@s.test.is.test A 127.0.0.2\n"
	    "l.test TXT v=spf1 exists:%{l}.%{o}.%{d}.is.test -all\n"
	    "jane.l.test.l.test.is.test A 127.0.0.2\n"
	    "parts.test TXT v=spf1 exists:%{l1r-}.%{lr-}.%{d1}.is.test -all\n"
	    "a.c.b.a.test.is.test A 127.0.0.2\n"
	    "delims.test TXT v=spf1 exists:%{l3r-+.}.is.test -all\n"
	    "c.b.a.is.test A 127.0.0.2\n"
	    "h.test TXT v=spf1 exists:%{h}.%{h2}.is.test -all\n"
	    "mx.relay.test.relay.test.is.test A 127.0.0.2\n"
	    "v.test TXT v=spf1 exists:%{ir}.%{v}.is.test -all\n"
	    "1.2.0.192.in-addr.is.test A 127.0.0.2\n"
	    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.is.test "
	    "A 127.0.0.2\n"
	    "p.test TXT v=spf1 exists:%{p}.is.test -all\n"
	    "1.2.0.192.in-addr.arpa PTR host.p.test\n"
	    "host.p.test A 192.0.2.1\n"
	    "host.p.test.is.test A 127.0.0.2\n"
	    "unknown.is.test A 127.0.0.2\n"
	    "esc.test TXT v=spf1 exists:%%-%_-%-.is.test -all\n"
	    "%-\\040-%20.is.test A 127.0.0.2\n"
	    "upper.test TXT v=spf1 exists:%{L}.is.test -all\n"
	    "a%2bb.is.test A 127.0.0.2\n"
	    "a.test TXT v=spf1 a:%{l}.%{d}/24 -all\n"
	    "jane.a.test A 192.0.2.77\n"
	    "mx.test TXT v=spf1 mx:%{d} -all\n"
	    "mx.test MX %/odd.mx.test\n"
	    "%/odd.mx.test A 192.0.2.1\n"
	    "ptr.test TXT v=spf1 ptr:%{d2} -all\n"
	    "inc.test TXT v=spf1 include:own.%{d} -all\n"
	    "own.inc.test TXT v=spf1 exists:%{d}.%{l}.is.test -all\n"
	    "own.inc.test.jane.is.test A 127.0.0.2\n";
	static const struct same_row rows[] = {
		{ "jane@s.test", V4, SPF_PASS },
		{ "joe@s.test", V4, SPF_FAIL },
		{ "jane@l.test", V4, SPF_PASS },
		{ "a-b-c@parts.test", V4, SPF_PASS },
		{ "c-b-a@parts.test", V4, SPF_FAIL },
		{ "x-a+b.c@delims.test", V4, SPF_FAIL },
		{ "a-b+c@delims.test", V4, SPF_PASS },
		{ "jane@h.test", V4, SPF_PASS },
		{ "jane@v.test", V4, SPF_PASS },
		{ "jane@v.test", V6, SPF_PASS },
		{ "jane@v.test", "192.0.2.2", SPF_FAIL },
		{ "jane@p.test", V4, SPF_PASS },
		{ "jane@p.test", "192.0.2.2", SPF_PASS },
		{ "jane@esc.test", V4, SPF_PASS },
		{ "a+b@upper.test", V4, SPF_PASS },
		{ "jane@a.test", V4, SPF_PASS },
		{ "joe@a.test", V4, SPF_FAIL },
		{ "jane@mx.test", V4, SPF_PASS },
		{ "jane@ptr.test", V4, SPF_FAIL },
		{ "jane@inc.test", V4, SPF_PASS },
		{ "joe@inc.test", V4, SPF_FAIL },
	};

	(void)state;
	check_same(zone, rows, COUNT(rows));
}

#define FIFTY "n2345678901234567890123456789012345678901234567890"

/* Text of a client that becomes part of names never reaches libspf2. */
static void
test_strange_names(void **state)
{
	static const char zone[] =
	    "any.test TXT v=spf1 exists:%{l}.is.test -all\n"
	    "a%b.is.test A 127.0.0.2\n"
	    "%{s255r-}.is.test A 127.0.0.2\n"
	    "a/b.is.test A 127.0.0.2\n"
	    "a\\040b.is.test A 127.0.0.2\n"
	    "a\\011b.is.test A 127.0.0.2\n"
	    "\"a.is.test A 127.0.0.2\n"
	    "x0.alias.invalid.is.test A 127.0.0.2\n"
	    "-.is.test A 127.0.0.2\n"
	    "in.test TXT v=spf1 include:%{l} -all\n"
	    "to.test TXT v=spf1 redirect=%{l}\n"
	    "x3.alias.invalid TXT v=spf1 a:one/.test a:two/.test exists:%{d}.is.test -all\n"
	    "x3.alias.invalid.is.test A 127.0.0.2\n"
	    "x0.alias.invalid TXT v=spf1 include:x1.alias.invalid -all\n"
	    "x1.alias.invalid TXT v=spf1 a:alias.invalid a -all\n"
	    "x1.alias.invalid A 192.0.2.1\n"
	    "alias.invalid A 192.0.2.2\n"
	    "xalias.invalid TXT v=spf1 +all\n"
	    "red.test TXT v=spf1 redirect=X0.Alias.Invalid\n"
	    "mx.test TXT v=spf1 mx -all\n"
	    "mx.test MX x5.alias.invalid\n"
	    "mx.test MX a/b.test\n"
	    "x5.alias.invalid A 192.0.2.1\n"
	    "a/b.test A 192.0.2.2\n"
	    "long.test TXT v=spf1 exists:%{l}." FIFTY "." FIFTY "." FIFTY "." FIFTY " -all\n" FIFTY
	    "." FIFTY "." FIFTY "." FIFTY " A 127.0.0.2\n";
	static const struct same_row rows[] = {
		{ "a%b@any.test", V4, SPF_PASS },
		{ "%{s255r-}@any.test", V4, SPF_PASS },
		{ "a/b@any.test", V4, SPF_PASS },
		{ "a b@any.test", V4, SPF_PASS },
		{ "a\tb@any.test", V4, SPF_PASS },
		{ "\"a@any.test", V4, SPF_PASS },
		{ "-@any.test", V4, SPF_PASS },
		{ "x0.alias.invalid@any.test", V4, SPF_PASS },
		{ "a\\000b@any.test", V4, SPF_FAIL },
		{ "\\000@any.test", V4, SPF_FAIL },
		{ "a\\377b@any.test", V4, SPF_FAIL },
		{ "a\\377b@in.test", V4, SPF_FAIL }, /* never matches (RFC 8616, 4) */
		{ "a\\377b@to.test", V4, SPF_PERMERROR },
		{ "..@any.test", V4, SPF_FAIL },
		{ ".a@any.test", V4, SPF_FAIL },
		{ FIFTY FIFTY "@any.test", V4, SPF_FAIL }, /* a label over 63 */
		{ FIFTY "@long.test", V4, SPF_PASS },      /* over 253: cut from the left */
		{ FIFTY FIFTY "@long.test", V4, SPF_PASS },
		{ "j@x0.alias.invalid", V4, SPF_PASS },
		{ "j@x0.alias.invalid", "192.0.2.2", SPF_PASS },
		{ "j@X0.ALIAS.INVALID", "192.0.2.3", SPF_FAIL },
		{ "j@x1.alias.invalid", V4, SPF_PASS },
		{ "j@x3.alias.invalid", V4, SPF_PASS },
		{ "j@x99.alias.invalid", V4, SPF_NONE },
		{ "j@alias.invalid", V4, SPF_NONE },
		{ "j@xalias.invalid", V4, SPF_PASS },
		{ "x0.alias.invalid@in.test", V4, SPF_PASS },
		{ "x7.alias.invalid@in.test", V4, SPF_PERMERROR },
		{ "x99999999999999999999999.alias.invalid@in.test", V4, SPF_PERMERROR },
		{ "x-1.alias.invalid@in.test", V4, SPF_PERMERROR },
		{ "j@red.test", V4, SPF_PASS },
		{ "j@mx.test", V4, SPF_PASS },
		{ "j@mx.test", "192.0.2.2", SPF_PASS },
		{ "j@mx.test", "192.0.2.3", SPF_FAIL },
		{ "j@a%b.test", V4, SPF_NONE },
		{ "j@a b.test", V4, SPF_NONE },
		{ "j@a\\000b.test", V4, SPF_NONE },
	};

	(void)state;
	check_same(zone, rows, COUNT(rows));
}

/* HELO names come in through %{h}. */
static void
test_strange_helo_names(void **state)
{
	static const char zone[] = "any.test TXT v=spf1 exists:%{h}.is.test include:%{h} -all\n"
				   "a%b.is.test A 127.0.0.2\n"
				   "%{s255r}.is.test A 127.0.0.2\n"
				   "[192.0.2.1].is.test A 127.0.0.2\n"
				   "x0.alias.invalid TXT v=spf1 +all\n"
				   "a/b.test TXT v=spf1 +all\n";
	static const struct {
		const char *helo;
		enum spf_result want;
	} rows[] = {
		{ "a%b", SPF_PASS },
		{ "%{s255r}", SPF_PASS },
		{ "[192.0.2.1]", SPF_PASS },
		{ "x0.alias.invalid", SPF_PASS },
		{ "a/b.test", SPF_PASS },
		{ "gone.test", SPF_PERMERROR },
		{ "", SPF_PERMERROR },
		{ "\\000", SPF_PERMERROR },
		{ "\\377\\377", SPF_PERMERROR },
		{ FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY, SPF_PERMERROR },
	};
	struct text_request t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		t = make_request("j@any.test", rows[i].helo, V4);
		fake_engines_check(zone, rows[i].helo, &t.req, rows[i].want, rows[i].want);
		free_request(&t);
	}
	unit_end();
}

/* A zone that a test writes. */
struct writing {
	char *text;
	size_t n, size;
};

static void __attribute__((format(printf, 2, 3))) put(struct writing *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	w->n += (size_t)vsnprintf(w->text + w->n, w->size - w->n, fmt, ap);
	va_end(ap);
	assert_true(w->n < w->size);
}

static struct writing
begin_writing(void)
{
	static char text[1 << 20];
	struct writing w = { .text = text, .size = sizeof(text) };

	text[0] = '\0';
	return w;
}

/* put_many - n terms; %u in the format is a number */
static void
put_many(struct writing *w, const char *format, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		put(w, format, i, i);
}

static void
check_written(struct writing *w, const char *row, const char *sender, const char *ip,
    enum spf_result native, enum spf_result libspf2)
{
	struct text_request t = make_request(sender, "mx.relay.test", ip);

	fake_engines_check(w->text, row, &t.req, native, libspf2);
	free_request(&t);
}

/* Networks that do not hold the client cost libspf2's buffer nothing. */
static void
test_many_terms(void **state)
{
	static const unsigned numbers[] = { 100, 200, 240, 250, 260, 300, 1000 };
	struct writing w;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(numbers); i++) {
		w = begin_writing();
		put(&w, "x.test TXT v=spf1");
		put_many(&w, " ip4:198.51.100.%1$u", numbers[i] < 256 ? numbers[i] : 0);
		put_many(&w, " ip4:10.%1$u.0.0/16", numbers[i] < 256 ? 0 : 256);
		put_many(&w, " ip6:2001:db8:%1$u::/48", numbers[i] < 256 ? 0 : numbers[i] - 256);
		put(&w, " ip4:192.0.2.1 -all\n");
		check_written(
		    &w, unit_row("%u terms", numbers[i]), "j@x.test", V4, SPF_PASS, SPF_PASS);
		w = begin_writing();
		put(&w, "x.test TXT v=spf1");
		put_many(&w, " ip6:2001:db8:%x::/48", numbers[i]);
		put(&w, " ~all\n");
		check_written(&w, unit_row("%u networks", numbers[i]), "j@x.test", V4, SPF_SOFTFAIL,
		    SPF_SOFTFAIL);
	}
	w = begin_writing();
	put(&w, "x.test TXT v=spf1 a -all\n");
	for (i = 0; i < 300; i++)
		put(&w, "x.test A 198.51.%zu.%zu\n", i / 250, i % 250);
	put(&w, "x.test A 192.0.2.1\n");
	check_written(&w, "300 addresses", "j@x.test", V4, SPF_PASS, SPF_PASS);
	w = begin_writing();
	for (i = 0; i < 300; i++)
		put(&w, "x.test TXT text number %zu\n", i);
	put(&w, "x.test TXT v=spf1 -all\n");
	check_written(&w, "300 TXT", "j@x.test", V4, SPF_FAIL, SPF_FAIL);
	unit_end();
}

/*
 * The complete list of cases in which the verdict of libspf2 differs from RFC 7208, and from that
 * of the native engine. Other differences are bugs of ours; test_spf_libspf2_fuzz.c looks for them.
 */
static const struct {
	const char *reason;
	const char *record; /* of x.test; what it refers to is in the zone below */
	const char *ip;
	enum spf_result native, libspf2;
} differences[] = {
	{ "a prefix of /0 is an error", "ip4:0.0.0.0/0 -all", V4, SPF_PASS, SPF_PERMERROR },
	{ "a prefix of /0 is an error", "ip6:::/0 -all", V6, SPF_PASS, SPF_PERMERROR },
	{ "a prefix of /0 is an error", "a:h.test/0 -all", V4, SPF_PASS, SPF_PERMERROR },
	{ "a prefix of /0 is an error", "a:h.test//0 -all", V4, SPF_FAIL, SPF_PERMERROR },
	{ "a prefix of /0 is an error", "mx:h.test/0 -all", V4, SPF_PASS, SPF_PERMERROR },
	{ "a prefix of /0 is an error", "+all ip4:0.0.0.0/0", V4, SPF_PASS, SPF_PERMERROR },
	{ "a prefix of /0 is an error", "include:zero.test ~all", V4, SPF_PASS, SPF_PERMERROR },

	{ "lookups that find nothing have no limit", "a:1.no.test a:2.no.test a:3.no.test -all", V4,
	    SPF_PERMERROR, SPF_FAIL },
	{ "lookups that find nothing have no limit",
	    "mx:1.no.test exists:2.no.test ptr:no.test a ~all", V6, SPF_PERMERROR, SPF_SOFTFAIL },

	{ "lookups are counted afresh in each include", "include:six.test include:six.test +all",
	    V4, SPF_PERMERROR, SPF_PASS },
	{ "lookups are counted afresh in each include",
	    "include:five.test include:five.test a:h.test ?all", V4, SPF_PERMERROR, SPF_NEUTRAL },

	{ "of more than 10 MX hosts the first 10 may match", "mx:early.test ~all", V4,
	    SPF_PERMERROR, SPF_PASS },
	{ "of more than 10 MX hosts the first 10 may match", "mx:late.test ~all", V4, SPF_PERMERROR,
	    SPF_PERMERROR },

	{ "a client on loopback passes", "-all", "127.0.0.1", SPF_FAIL, SPF_PASS },
	{ "a client on loopback passes", "a:sick.test ~all", "127.1.2.3", SPF_TEMPERROR, SPF_PASS },
	{ "a client on loopback passes", "-all", "::1", SPF_FAIL, SPF_PASS },
	{ "a client on loopback passes", "-all", "::ffff:127.0.0.1", SPF_FAIL, SPF_PASS },

	{ "PTR names that are not plain are left out", "ptr:odd.test -all", "192.0.2.69", SPF_PASS,
	    SPF_FAIL },
	{ "PTR names that are not plain are left out", "ptr:%{p} -all", "192.0.2.69", SPF_PASS,
	    SPF_FAIL },
};

#define TEN(name)                                                                                \
	name " MX m1.test\n" name " MX m2.test\n" name " MX m3.test\n" name " MX m4.test\n" name \
	     " MX m5.test\n" name " MX m6.test\n" name " MX m7.test\n" name " MX m8.test\n" name \
	     " MX m9.test\n" name " MX m10.test\n"

static const char differences_zone[] =
    "h.test A 198.51.100.1\n"
    "h.test AAAA 2001:db8:ffff::1\n"
    "h.test MX h.test\n"
    "zero.test TXT v=spf1 a:h.test/0//0 ip4:10.0.0.0/0 -all\n"
    "zero6.test TXT v=spf1 ip6:::/0 -all\n"
    "five.test TXT v=spf1 a:h.test mx:h.test a:h.test a:h.test a:h.test -all\n"
    "six.test TXT v=spf1 a:h.test mx:h.test a:h.test a:h.test a:h.test a:h.test -all\n"
    "early.test MX c.test\n" TEN("early.test")
	TEN("late.test") "late.test MX c.test\n"
			 "c.test A 192.0.2.1\n"
			 "sick.test A !\n"
			 "66.2.0.192.in-addr.arpa PTR !\n"
			 "67.2.0.192.in-addr.arpa PTR sick.test\n"
			 "68.2.0.192.in-addr.arpa PTR other.test\n"
			 "68.2.0.192.in-addr.arpa PTR sick.test\n"
			 "69.2.0.192.in-addr.arpa PTR a/b.odd.test\n"
			 "a/b.odd.test A 192.0.2.69\n";

static void
test_differences(void **state)
{
	struct writing w;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(differences); i++) {
		w = begin_writing();
		put(&w, "%sx.test TXT v=spf1 %s\n", differences_zone, differences[i].record);
		check_written(&w, differences[i].record, "j@x.test", differences[i].ip,
		    differences[i].native, differences[i].libspf2);
	}
	unit_end();
}

/* Where the sizes of libspf2's buffers, and the bound of its questions, make the difference. */
static void
test_differences_of_size(void **state)
{
	static const struct {
		unsigned networks, others;
		enum spf_result native, libspf2;
	} sizes[] = {
		{ 0, 125, SPF_NEUTRAL, SPF_NEUTRAL },
		{ 0, 126, SPF_NEUTRAL, SPF_PERMERROR },
		{ 62, 1, SPF_PASS, SPF_PASS },
		{ 62, 2, SPF_PASS, SPF_PERMERROR },
	};
	struct writing w = begin_writing();
	struct text_request t;
	struct fake_dns dns = { .zone = w.text };
	struct fake_engines e;
	unsigned i, j;

	(void)state;
	/* Each one of them may match: none can be left out. */
	put(&w, "x.test TXT v=spf1");
	put_many(&w, " ip4:192.0.2.0/24", 300);
	put(&w, " -all\n");
	check_written(&w, "300 networks of the client", "j@x.test", V4, SPF_PASS, SPF_PERMERROR);
	check_written(&w, "300 networks of another", "j@x.test", V6, SPF_FAIL, SPF_FAIL);
	/* 500 bytes are enough for 62 networks and 1 term without data, or for 125 such terms. */
	for (i = 0; i < COUNT(sizes); i++) {
		w = begin_writing();
		put(&w, "x.test TXT v=spf1");
		put_many(&w, " ip4:192.0.2.0/24", sizes[i].networks);
		put_many(&w, " ?all", sizes[i].others);
		put(&w, "\n");
		check_written(&w, unit_row("%u and %u terms", sizes[i].networks, sizes[i].others),
		    "j@x.test", V4, sizes[i].native, sizes[i].libspf2);
	}
	w = begin_writing();
	put(&w, "x.test TXT v=spf1");
	put_many(&w, " a:" FIFTY "." FIFTY "." FIFTY "." FIFTY ".n%1$u.test", 10);
	put(&w, " -all\n");
	put_many(&w, FIFTY "." FIFTY "." FIFTY "." FIFTY ".n%1$u.test A 198.51.100.1\n", 10);
	check_written(&w, "10 long names", "j@x.test", V4, SPF_FAIL, SPF_PERMERROR);
	/* lookup-limit may be 40, with 11 questions of each term. */
	w = begin_writing();
	put(&w, "x.test TXT v=spf1");
	for (i = 0; i < 40; i++)
		put(&w, " mx:%c%c.t", 'a' + i / 26, 'a' + i % 26);
	put(&w, " ~all\n");
	for (i = 0; i < 40; i++)
		for (j = 0; j < 10; j++)
			put(&w, "%c%c.t MX h%u.m%u.test\n", 'a' + i / 26, 'a' + i % 26, j, i);
	t = make_request("j@x.test", "mx.relay.test", V4);
	t.req.lookup_limit = 40;
	e = (struct fake_engines){ .req = &t.req };
	fake_engines_run(&dns, &e);
	unit_text("440 questions", "native", spf_result_name(e.native.result), "softfail");
	unit_text("440 questions", "libspf2", spf_result_name(e.libspf2.result), "permerror");
	unit_text("440 questions", "problem", e.libspf2.problem, "too many DNS lookups");
	free_request(&t);
	unit_end();
}

/* ends - the engines come to verdicts, the same ones unless that is of no interest */
static void
ends(const char *zone, const char *name, const char *sender, const char *helo, bool same)
{
	struct fake_dns dns = { .zone = zone };
	struct fake_engines e;
	struct text_request t;
	char row[200];
	const char *const clients[] = { V4, V6 };
	size_t i;

	snprintf(row, sizeof(row), "%s", name);
	for (i = 0; i < COUNT(clients); i++) {
		t = make_request(sender, helo, clients[i]);
		e = (struct fake_engines){ .req = &t.req };
		fake_engines_run(&dns, &e);
		if (same)
			unit_text(row, clients[i], spf_result_name(e.libspf2.result),
			    spf_result_name(e.native.result));
		unit_true(row, "a bounded number of questions", dns.questions < 800);
		fake_libspf2_run(&dns, &e);
		unit_true(row, "a bounded number of questions of libspf2", dns.questions <= 301);
		free_request(&t);
	}
}

/* Text that libspf2 is known, or likely, not to survive: macros, numbers, sizes. */
static void
test_hostile_text(void **state)
{
	static const char *const terms[] = {
		"exists:%{s255r-}.x.test",
		"exists:%{s255r-._,=+/}.%{l127r}.%{o128r}.x.test",
		"exists:%{d999999999999999999999999r}.x.test",
		"exists:%{d0}.x.test",
		"exists:%{h4294967296r}.x.test",
		"exists:%{i1r.}.%{c}.%{t}.%{r}.x.test",
		"exists:%{p255r-}.x.test",
		"exists:%{S255r-}%{L255r-}%{O255r-}%{D255r-}%{H255r-}.x.test",
		"exists:%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}.x.test",
		"exists:%",
		"exists:%{",
		"exists:%{}",
		"exists:%{s",
		"exists:%{s1",
		"exists:%{s1r",
		"exists:%{s1r-",
		"exists:%%%",
		"exists:%_%-%%%_%-%%.x.test",
		"exists:x.%{",
		"exp=%{s255r-}.x.test",
		"redirect=%{s255r-}.x.test",
		"include:%{s255r-}.x.test",
		"moo=%{s255r-}",
		"moo=%{",
		"a:%{d}/24//",
		"a/",
		"a//",
		"a/33",
		"a//129",
		"a/4294967320",
		"a/-1",
		"a/+8",
		"a/08",
		"mx/24/24",
		"mx//64//64",
		"ip4:192.0.2.1/",
		"ip4:192.0.2.1/-8",
		"ip4:192.0.2.1/4294967304",
		"ip4:1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17",
		"ip4:000000000000000000000000000000000000000000000192.0.2.1",
		"ip4:0xc0000201",
		"ip4:3221225985",
		"ip4:",
		"ip6:",
		"ip6:::::::::",
		"ip6:2001:db8::1%eth0",
		"ip6:1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16",
		"ip6:::ffff:192.0.2.1/128",
		"ip6:2001:db8::1/4294967424",
		"ip6:[2001:db8::1]",
		"+-all",
		"all:x.test",
		"all/24",
		"ptr/24",
		"ptr:",
		"include",
		"include:",
		"exists",
		"exists:",
		"redirect=",
		"redirect",
		"exp=",
		"=",
		"==",
		":",
		"/",
		"//",
		"-",
		"~",
		"?",
		"+",
		"a=b",
		"a:b=c",
		"a/b=c",
		"\\000",
		"a:\\000.test",
		"\\377",
		"a:x\\011y.test",
		"\\015\\012-all",
		"v=spf1",
		"v=spf1 v=spf1",
		"include:x.test",
		"redirect=x.test",
		"a:x0.alias.invalid",
		"include:x0.alias.invalid",
		"redirect=x0.alias.invalid",
		"a:alias.invalid",
		"mx:x9999.alias.invalid",
	};
	static const char *const senders[] = { "j@x.test", "%s%n%{s255r-}@x.test",
		"-.-.-.-._,=+/-.-.-@x.test", "\\000\\377\\001 \"\\134@x.test", "@x.test",
		"x.test" };
	static const char *const helos[] = { "mx.relay.test", "%{h255r}", "\\000", "\\377", "" };
	struct writing w;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(terms); i++) {
		w = begin_writing();
		put(&w, "x.test TXT v=spf1 %s ~all\n", terms[i]);
		for (j = 0; j < COUNT(senders); j++)
			ends(w.text, terms[i], senders[j], helos[j % COUNT(helos)], true);
	}
	unit_end();
}

/* The same, by the thousand bytes. */
static void
test_hostile_sizes(void **state)
{
	static const struct {
		const char *before, *piece, *after;
		bool same;
	} rows[] = {
		{ "ip4:", "1", "", true },
		{ "ip4:", "1.", "", true },
		{ "ip4:192.0.2.1/", "2", "", true },
		{ "ip6:", "f", "", true },
		{ "ip6:", "1:", "", true },
		{ "ip6:", ":", "", true },
		{ "a:", "x", ".test", true },
		{ "a:", "x.", "test", true },
		{ "a:", "x/", "test", true },
		{ "a:", ".", "test", true },
		{ "exists:", "%%", ".test", true },
		{ "exists:", "%{s255r-}", ".test", true },
		{ "exists:", "%{ir}.", "test", true },
		{ "exists:%{d", "1", "}.test", true },
		{ "exists:%{d1", "r", "}.test", true },
		{ "exists:%{d1r", "-", "}.test", true },
		{ "include:", "x.", "test", true },
		{ "redirect=", "%{l}", ".test", true },
		{ "exp=", "%{s}", ".test", true },
		{ "moo=", "x", "", true },
		{ "", "m", "=x", true },
		{ "", "x", "", true },
		{ "", "-", "all", true },
		{ "", " ", "ip4:192.0.2.1", true },
		{ "", "a:h.test ", "", true },
		{ "", "?ip4:198.51.100.1 ", "", true },
		{ "", "a=b ", "", true },
		{ "", "exp=x.test ", "", true },
	};
	struct writing w;
	unsigned n, k;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		for (n = 30; n <= 1500; n *= 7) {
			w = begin_writing();
			put(&w, "h.test A 198.51.100.1\nx.test TXT v=spf1 %s", rows[i].before);
			for (k = 0; k < n; k++)
				put(&w, "%s", rows[i].piece);
			put(&w, "%s ~all\n", rows[i].after);
			ends(w.text, unit_row("%s%u*%s", rows[i].before, n, rows[i].piece),
			    "jane@x.test", "mx.relay.test", rows[i].same);
		}
	w = begin_writing();
	put(&w, "x.test TXT v=spf1");
	put_many(&w, " ip4:198.51.100.1", 5000);
	put(&w, " ~all\n");
	ends(w.text, "5000 terms", "j@x.test", "mx.relay.test", true);
	unit_end();
}

/* Records that lead to others without an end, or to very many. */
static void
test_hostile_includes(void **state)
{
	struct writing w;
	unsigned i, j;

	(void)state;
	w = begin_writing();
	for (i = 0; i < 500; i++)
		put(&w, "n%u.test TXT v=spf1 include:n%u.test -all\n", i, i + 1);
	ends(w.text, "a chain of includes", "j@n0.test", "mx.relay.test", true);
	w = begin_writing();
	for (i = 0; i < 500; i++)
		put(&w, "n%u.test TXT v=spf1 redirect=n%u.test\n", i, i + 1);
	ends(w.text, "a chain of redirects", "j@n0.test", "mx.relay.test", true);
	w = begin_writing();
	for (i = 0; i < 3; i++)
		put(&w, "n%u.test TXT v=spf1 include:n%u.test redirect=n%u.test\n", i, (i + 1) % 3,
		    (i + 2) % 3);
	ends(w.text, "a circle of both", "j@n0.test", "mx.relay.test", true);
	w = begin_writing();
	put(&w, "a.test TXT v=spf1 include:b.test include:b.test include:b.test -all\n"
		"b.test TXT v=spf1 include:a.test include:a.test include:a.test -all\n");
	ends(w.text, "mutual includes", "j@a.test", "mx.relay.test", true);
	w = begin_writing();
	put(&w, "a.test TXT v=spf1 ?include:%%{d}.a.test ?include:x.%%{d} -all\n");
	for (i = 0; i < 20; i++) {
		put(&w, "a.test");
		put_many(&w, ".a.test", i);
		put(&w, " TXT v=spf1 ?include:%%{d}.a.test ?include:x.%%{d} -all\n");
	}
	ends(w.text, "names that grow", "j@a.test", "mx.relay.test", true);
	/* Here libspf2 goes on longer: it counts in each include afresh. */
	w = begin_writing();
	put(&w, "n.test TXT v=spf1");
	put_many(&w, " include:n%1$u.test", 10);
	put(&w, " ~all\n");
	for (i = 0; i < 10; i++) {
		put(&w, "n%u.test TXT v=spf1", i);
		for (j = 0; j < 10; j++)
			put(&w, " include:n%u.n%u.test", j, i);
		put(&w, " -all\n");
		for (j = 0; j < 10; j++) {
			put(&w, "n%u.n%u.test TXT v=spf1", j, i);
			put_many(&w, " a:h%1$u.test", 10);
			put(&w, " -all\n");
		}
	}
	ends(w.text, "includes of includes", "j@n.test", "mx.relay.test", true);
	w = begin_writing();
	put(&w, "n.test TXT v=spf1");
	put_many(&w, " include:%%{l}.n.test", 10);
	put(&w, " ~all\njane.n.test TXT v=spf1");
	put_many(&w, " mx:m%1$u.test", 10);
	put(&w, " -all\n");
	for (i = 0; i < 10; i++)
		for (j = 0; j < 10; j++)
			put(&w, "m%u.test MX h%u.m%u.test\n", i, j, i);
	ends(w.text, "the same include ten times", "jane@n.test", "mx.relay.test", true);
	unit_end();
}

/* Answers that are themselves hostile. */
static void
test_hostile_answers(void **state)
{
	static const char *const names[] = { "", ".", "..", "a..b", "\\000", "x\\000.test",
		"%{s255r-}.test", "%s%n", "a/b", "\\377\\376", "x0.alias.invalid", "alias.invalid",
		"x99999999999999999999.alias.invalid", "x.test", "-", "\"", "\\134",
		FIFTY FIFTY ".test", FIFTY "." FIFTY "." FIFTY "." FIFTY "." FIFTY "." FIFTY };
	struct writing w;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		w = begin_writing();
		put(&w, "x.test TXT v=spf1 mx ptr ptr:%%{p} exists:%%{p}.x.test a:%%{p} "
			"include:%%{p} ~all\n");
		for (j = 0; j < 3; j++)
			put(&w,
			    "x.test MX %s\n1.2.0.192.in-addr.arpa PTR %s\n" V6_REVERSE " PTR %s\n",
			    names[i], names[i], names[i]);
		put(&w, "%s A 192.0.2.1\n%s AAAA 2001:db8::1\n", names[i], names[i]);
		put(&w, "%s TXT v=spf1 a ?all\n", names[i]);
		/* PTR names that are not plain are one of the differences. */
		ends(w.text, names[i], "j@x.test", "mx.relay.test", false);
	}
	unit_end();
}

struct engine_case {
	const struct spf_request *req;
	enum spf_evaluator evaluator;
	struct spf_verdict verdict;
};

static bool
engine_pass(void *arg, struct spf_answers *answers)
{
	struct engine_case *c = arg;

	return spf_evaluator_run(c->evaluator, c->req, answers, &c->verdict);
}

/*
 * The work of the evaluator itself: the parts of each verdict that it reports, and which engine
 * sends the queries.
 */
static void
test_engine(void **state)
{
	static const char zone[] = "same.test TXT v=spf1 a:h.test a:h2.test -all exp=why.test\n"
				   "h.test A 192.0.2.1\n"
				   "why.test TXT because\n"
				   "zero.test TXT v=spf1 ip4:0.0.0.0/0 -all\n"
				   "void.test TXT v=spf1 a:1.no.test a:2.no.test a:3.no.test -all\n"
				   "no.test TXT v=spf1 -all\n";
	static const struct {
		const char *sender;
		enum spf_evaluator evaluator;
		const char *ip, *want;
		bool differs, no_mail;
		enum spf_result native;
		unsigned passes;
	} rows[] = {
		{ "j@same.test", SPF_EVALUATOR_NATIVE, V4, "pass a:h.test 1/0", false, false,
		    SPF_PASS, 3 },
		{ "j@same.test", SPF_EVALUATOR_LIBSPF2, V4, "pass a:h.test 1/0", false, false,
		    SPF_PASS, 3 },
		{ "j@same.test", SPF_EVALUATOR_LIBSPF2, V6, "fail -all 2/2: because", false, false,
		    SPF_FAIL, 4 },
		{ "j@zero.test", SPF_EVALUATOR_NATIVE, V4, "pass ip4:0.0.0.0/0 0/0", false, false,
		    SPF_PASS, 2 },
		{ "j@zero.test", SPF_EVALUATOR_LIBSPF2, V4, "permerror 0/0 refused by libspf2",
		    true, false, SPF_PASS, 2 },
		{ "j@void.test", SPF_EVALUATOR_LIBSPF2, V4, "fail 0/0", true, false, SPF_PERMERROR,
		    3 },
		{ "j@no.test", SPF_EVALUATOR_LIBSPF2, V4, "fail -all 0/0", false, true, SPF_FAIL,
		    2 },
		{ "j@no.test", SPF_EVALUATOR_LIBSPF2, "127.0.0.1", "pass 0/0", true, true, SPF_FAIL,
		    2 },
		{ "j@same.test", SPF_EVALUATOR_BOTH, V6, "fail -all 2/2: because", false, false,
		    SPF_FAIL, 4 },
		{ "j@zero.test", SPF_EVALUATOR_BOTH, V4, "pass ip4:0.0.0.0/0 0/0", true, false,
		    SPF_PASS, 2 },
		{ "j@void.test", SPF_EVALUATOR_BOTH, V4,
		    "permerror a:3.no.test 3/3 too many DNS lookups that found nothing", true,
		    false, SPF_PERMERROR, 3 },
		{ "j@gone.test", SPF_EVALUATOR_LIBSPF2, V4, "none 0/0", false, false, SPF_NONE, 2 },
		{ "j@localhost", SPF_EVALUATOR_LIBSPF2, V4, "none 0/0", false, false, SPF_NONE, 1 },
	};
	struct fake_dns dns = { .zone = zone };
	struct spf_answers *answers;
	struct engine_case c;
	struct spf_request req;
	char got[FAKE_VERDICT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("%s, engine %d", rows[i].sender, (int)rows[i].evaluator);

		req = fake_request(rows[i].sender, rows[i].ip);
		req.explain = true;
		c = (struct engine_case){ &req, rows[i].evaluator, { 0 } };
		answers = fake_drive(&dns, engine_pass, &c);
		unit_text(
		    row, "verdict", fake_describe(got, sizeof(got), &c.verdict), rows[i].want);
		unit_int(row, "differs", c.verdict.differs, rows[i].differs);
		unit_int(row, "native", c.verdict.native, rows[i].native);
		unit_int(row, "no mail", c.verdict.no_mail, rows[i].no_mail);
		unit_int(row, "passes", dns.passes, rows[i].passes);
		spf_answers_free(&answers);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mechanisms),
		cmocka_unit_test(test_no_record_and_errors),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_includes_and_redirects),
		cmocka_unit_test(test_macros),
		cmocka_unit_test(test_strange_names),
		cmocka_unit_test(test_strange_helo_names),
		cmocka_unit_test(test_many_terms),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_differences_of_size),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_hostile_sizes),
		cmocka_unit_test(test_hostile_includes),
		cmocka_unit_test(test_hostile_answers),
		cmocka_unit_test(test_engine),
	};

	return cmocka_run_group_tests_name("spf_libspf2", tests, NULL, NULL);
}
