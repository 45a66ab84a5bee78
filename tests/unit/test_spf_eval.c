/* SPDX-License-Identifier: ISC */
/*
 * The meaning of records. test_spf_eval_dns.c tests how an evaluation proceeds with the DNS, its
 * limits and its errors. Each row is evaluated with the answers arriving in several orders.
 */
#include "tests/unit/fake_dns.h"

static void
test_result_names(void **state)
{
	static const char *const names[SPF_RESULTS] = { "none", "neutral", "pass", "fail",
		"softfail", "temperror", "permerror" };
	int i;

	(void)state;
	for (i = 0; i < SPF_RESULTS; i++)
		assert_string_equal(spf_result_name((enum spf_result)i), names[i]);
}

static void
test_all_and_qualifiers(void **state)
{
	static const char zone[] = "plus.test TXT v=spf1 +all\n"
				   "bare.test TXT v=spf1 all\n"
				   "minus.test TXT v=spf1 -all\n"
				   "tilde.test TXT v=spf1 ~all\n"
				   "mark.test TXT v=spf1 ?all\n"
				   "empty.test TXT v=spf1\n"
				   "first.test TXT v=spf1 ?all -all\n"
				   "rest.test TXT v=spf1 -all a mx\n";
	static const struct fake_row rows[] = {
		{ "a@plus.test", "192.0.2.1", "pass +all 0/0" },
		{ "a@bare.test", "192.0.2.1", "pass all 0/0" },
		{ "a@minus.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@tilde.test", "192.0.2.1", "softfail ~all 0/0" },
		{ "a@mark.test", "192.0.2.1", "neutral ?all 0/0" },
		{ "a@empty.test", "192.0.2.1", "neutral default 0/0" },
		{ "a@first.test", "192.0.2.1", "neutral ?all 0/0" },
		{ "a@rest.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@MINUS.Test", "2001:db8::1", "fail -all 0/0" },
		{ "a@minus.test.", "192.0.2.1", "fail -all 0/0" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_no_record(void **state)
{
	static const char zone[] = "other.test TXT some words\n"
				   "other.test TXT v=spf2 -all\n"
				   "near.test TXT v=spf10 -all\n"
				   "blank.test TXT  v=spf1 -all\n"
				   "a.only.test A 192.0.2.1\n"
				   "among.test TXT one\n"
				   "among.test TXT v=spf1 -all\n"
				   "among.test TXT three\n"
				   "two.test TXT v=spf1 -all\n"
				   "two.test TXT v=spf1 +all\n"
				   "same.test TXT v=spf1 -all\n"
				   "same.test TXT v=spf1 -all\n"
				   "dead.test TXT !\n";
	static const struct fake_row rows[] = {
		{ "a@missing.test", "192.0.2.1", "none 0/0" },
		{ "a@other.test", "192.0.2.1", "none 0/0" },
		{ "a@near.test", "192.0.2.1", "none 0/0" },
		{ "a@blank.test", "192.0.2.1", "none 0/0" },
		{ "a@a.only.test", "192.0.2.1", "none 0/0" },
		{ "a@among.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@two.test", "192.0.2.1", "permerror 0/0 more than one SPF record" },
		{ "a@same.test", "192.0.2.1", "permerror 0/0 more than one SPF record" },
		{ "a@dead.test", "192.0.2.1",
		    "temperror 0/0 SERVFAIL for the TXT records of dead.test" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

/* Names that are not looked up: none, without a question (4.3). */
static void
test_names_that_cannot_be(void **state)
{
	static const char *const rows[] = { "", ".", "localhost", "a..test", ".test", "[192.0.2.1]",
		"[IPv6:2001:db8::1].test", "a.test..",
		"n234567890123456789012345678901234567890123456789012345678901234.test" };
	struct fake_dns dns = { .zone = "" };
	struct spf_verdict verdict;
	struct spf_request req;
	char *long_name = unit_fill('n', 254);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows) + 1; i++) {
		req = fake_request("x.test", "192.0.2.1");
		req.domain = fake_text(i < COUNT(rows) ? rows[i] : long_name);
		fake_eval(&dns, &req, &verdict);
		unit_int(req.domain.s, "result", verdict.result, SPF_NONE);
		unit_int(req.domain.s, "questions", dns.questions, 0);
	}
	free(long_name);
	unit_end();
}

static void
test_syntax_errors(void **state)
{
	static const char zone[] = "term.test TXT v=spf1 moo -all\n"
				   "late.test TXT v=spf1 ip4:192.0.2.1 -all moo\n"
				   "nul.test TXT v=spf1 a:x\\000y.test -all\n"
				   "high.test TXT v=spf1 a:x\\374y.test -all\n"
				   "tab.test TXT v=spf1\\011-all\n"
				   "cidr.test TXT v=spf1 a/33 -all\n";
	static const struct fake_row rows[] = {
		{ "a@term.test", "192.0.2.1", "permerror moo 0/0" },
		{ "a@late.test", "192.0.2.1", "permerror moo 0/0" },
		{ "a@nul.test", "192.0.2.1", "permerror a:x?y.test 0/0" },
		{ "a@high.test", "192.0.2.1", "permerror a:x?y.test 0/0" },
		{ "a@tab.test", "192.0.2.1", "none 0/0" },
		{ "a@cidr.test", "192.0.2.1", "permerror a/33 0/0" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_ip4(void **state)
{
	static const char zone[] = "one.test TXT v=spf1 ip4:192.0.2.7 -all\n"
				   "net.test TXT v=spf1 ip4:192.0.2.7/24 -all\n"
				   "half.test TXT v=spf1 -ip4:192.0.2.128/25 all\n"
				   "any.test TXT v=spf1 ip4:0.0.0.0/0 -all\n";
	static const struct fake_row rows[] = {
		{ "a@one.test", "192.0.2.7", "pass ip4:192.0.2.7 0/0" },
		{ "a@one.test", "::ffff:192.0.2.7", "pass ip4:192.0.2.7 0/0" },
		{ "a@one.test", "192.0.2.8", "fail -all 0/0" },
		{ "a@one.test", "2001:db8::7", "fail -all 0/0" },
		{ "a@net.test", "192.0.2.0", "pass ip4:192.0.2.7/24 0/0" },
		{ "a@net.test", "192.0.2.255", "pass ip4:192.0.2.7/24 0/0" },
		{ "a@net.test", "192.0.3.0", "fail -all 0/0" },
		{ "a@half.test", "192.0.2.127", "pass all 0/0" },
		{ "a@half.test", "192.0.2.128", "fail -ip4:192.0.2.128/25 0/0" },
		{ "a@any.test", "203.0.113.1", "pass ip4:0.0.0.0/0 0/0" },
		{ "a@any.test", "2001:db8::1", "fail -all 0/0" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_ip6(void **state)
{
	static const char zone[] = "one.test TXT v=spf1 ip6:2001:db8::7 -all\n"
				   "net.test TXT v=spf1 ip6:2001:db8::/33 -all\n"
				   "any.test TXT v=spf1 ip6:::/0 -all\n"
				   "map.test TXT v=spf1 ip6:::ffff:192.0.2.0/96 -all\n";
	static const struct fake_row rows[] = {
		{ "a@one.test", "2001:db8::7", "pass ip6:2001:db8::7 0/0" },
		{ "a@one.test", "2001:db8::8", "fail -all 0/0" },
		{ "a@net.test", "2001:db8:7fff::1", "pass ip6:2001:db8::/33 0/0" },
		{ "a@net.test", "2001:db8:8000::1", "fail -all 0/0" },
		{ "a@any.test", "2001:db8::1", "pass ip6:::/0 0/0" },
		{ "a@any.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@any.test", "::ffff:192.0.2.1", "fail -all 0/0" },
		{ "a@map.test", "192.0.2.1", "fail -all 0/0" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_a(void **state)
{
	static const char zone[] = "own.test TXT v=spf1 a -all\n"
				   "own.test A 192.0.2.1\n"
				   "own.test A 192.0.2.2\n"
				   "own.test AAAA 2001:db8::1\n"
				   "far.test TXT v=spf1 ~a:host.own.test ?all\n"
				   "host.own.test A 198.51.100.9\n"
				   "net.test TXT v=spf1 a:own.test/24//64 -all\n"
				   "zero.test TXT v=spf1 a:own.test/0//0 -all\n"
				   "v4.test TXT v=spf1 a:host.own.test//0 -all\n"
				   "odd.test TXT v=spf1 a:_x%-y.own.test -all\n"
				   "_x%20y.own.test A 192.0.2.1\n"
				   "mapped.test TXT v=spf1 a -all\n"
				   "mapped.test AAAA 2001:db8::5\n";
	static const struct fake_row rows[] = {
		{ "a@own.test", "192.0.2.1", "pass a 1/0" },
		{ "a@own.test", "192.0.2.2", "pass a 1/0" },
		{ "a@own.test", "192.0.2.3", "fail -all 1/0" },
		{ "a@own.test", "2001:db8::1", "pass a 1/0" },
		{ "a@own.test", "2001:db8::2", "fail -all 1/0" },
		{ "a@far.test", "198.51.100.9", "softfail ~a:host.own.test 1/0" },
		{ "a@far.test", "192.0.2.1", "neutral ?all 1/0" },
		{ "a@far.test", "2001:db8::1", "neutral ?all 1/1" },
		{ "a@net.test", "192.0.2.200", "pass a:own.test/24//64 1/0" },
		{ "a@net.test", "192.0.3.1", "fail -all 1/0" },
		{ "a@net.test", "2001:db8::ffff", "pass a:own.test/24//64 1/0" },
		{ "a@net.test", "2001:db8:0:1::1", "fail -all 1/0" },
		{ "a@zero.test", "203.0.113.5", "pass a:own.test/0//0 1/0" },
		{ "a@zero.test", "2001:db8:ffff::", "pass a:own.test/0//0 1/0" },
		{ "a@v4.test", "203.0.113.5", "fail -all 1/0" },
		{ "a@v4.test", "2001:db8::1", "fail -all 1/1" },
		{ "a@odd.test", "192.0.2.1", "pass a:_x%-y.own.test 1/0" },
		{ "a@mapped.test", "2001:db8::5", "pass a 1/0" },
		{ "a@mapped.test", "::ffff:192.0.2.1", "fail -all 1/1" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_mx(void **state)
{
	static const char zone[] = "own.test TXT v=spf1 mx -all\n"
				   "own.test MX mx1.own.test\n"
				   "own.test MX mx2.own.test\n"
				   "own.test A 192.0.2.99\n"
				   "mx1.own.test A 192.0.2.1\n"
				   "mx1.own.test AAAA 2001:db8::1\n"
				   "mx2.own.test A 192.0.2.2\n"
				   "far.test TXT v=spf1 ?mx:own.test/25//96 -all\n"
				   "none.test TXT v=spf1 mx -all\n"
				   "none.test A 192.0.2.1\n"
				   "null.test TXT v=spf1 mx -all\n"
				   "null.test MX .\n"
				   "gone.test TXT v=spf1 mx mx mx -all\n"
				   "gone.test MX a.gone.test\n"
				   "gone.test MX b.gone.test\n"
				   "gone.test MX c.gone.test\n";
	static const struct fake_row rows[] = {
		{ "a@own.test", "192.0.2.1", "pass mx 1/0" },
		{ "a@own.test", "192.0.2.2", "pass mx 1/0" },
		{ "a@own.test", "192.0.2.99", "fail -all 1/0" },
		{ "a@own.test", "2001:db8::1", "pass mx 1/0" },
		{ "a@own.test", "2001:db8::2", "fail -all 1/0" },
		{ "a@far.test", "192.0.2.127", "neutral ?mx:own.test/25//96 1/0" },
		{ "a@far.test", "192.0.2.128", "fail -all 1/0" },
		{ "a@far.test", "2001:db8::ffff", "neutral ?mx:own.test/25//96 1/0" },
		{ "a@none.test", "192.0.2.1", "fail -all 1/1" }, /* no A instead of MX */
		{ "a@null.test", "192.0.2.1", "fail -all 1/0" },
		{ "a@gone.test", "192.0.2.1", "fail -all 3/0" }, /* addresses of MX hosts */
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_ptr(void **state)
{
	static const char zone[] = "own.test TXT v=spf1 ptr -all\n"
				   "far.test TXT v=spf1 ~ptr:own.test -all\n"
				   "1.2.0.192.in-addr.arpa PTR host.own.test\n"
				   "host.own.test A 192.0.2.1\n"
				   "2.2.0.192.in-addr.arpa PTR Own.TEST\n"
				   "own.test A 192.0.2.2\n"
				   "3.2.0.192.in-addr.arpa PTR liar.own.test\n"
				   "liar.own.test A 192.0.2.4\n"
				   "4.2.0.192.in-addr.arpa PTR notown.test\n"
				   "notown.test A 192.0.2.4\n"
				   "5.2.0.192.in-addr.arpa PTR gone.own.test\n"
				   "5.2.0.192.in-addr.arpa PTR sick.own.test\n"
				   "5.2.0.192.in-addr.arpa PTR host5.own.test\n"
				   "sick.own.test A !\n"
				   "host5.own.test A 192.0.2.5\n"
				   "6.2.0.192.in-addr.arpa PTR !\n"
				   "8.2.0.192.in-addr.arpa PTR sick.own.test\n"
				   "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
				   ".ip6.arpa PTR six.own.test\n"
				   "six.own.test AAAA 2001:db8::1\n";
	static const struct fake_row rows[] = {
		{ "a@own.test", "192.0.2.1", "pass ptr 1/0" },
		{ "a@own.test", "192.0.2.2", "pass ptr 1/0" },
		{ "a@far.test", "192.0.2.1", "softfail ~ptr:own.test 1/0" },
		{ "a@own.test", "192.0.2.3", "fail -all 1/0" }, /* does not lead back */
		{ "a@own.test", "192.0.2.4", "fail -all 1/0" }, /* no whole label */
		{ "a@own.test", "192.0.2.5", "pass ptr 1/0" },
		{ "a@own.test", "192.0.2.6", "fail -all 1/0" }, /* errors are no match (5.5) */
		{ "a@own.test", "192.0.2.7", "fail -all 1/1" },
		{ "a@own.test", "192.0.2.8", "fail -all 1/0" },
		{ "a@own.test", "2001:db8::1", "pass ptr 1/0" },
		{ "a@own.test", "2001:db8::2", "fail -all 1/1" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_exists(void **state)
{
	static const char zone[] = "own.test TXT v=spf1 exists:%{i}._spf.own.test -all\n"
				   "192.0.2.1._spf.own.test A 127.0.0.2\n"
				   "six.test TXT v=spf1 exists:six.host.test -all\n"
				   "six.host.test AAAA 2001:db8::1\n"
				   "any.test TXT v=spf1 exists:any.host.test -all\n"
				   "any.host.test A 127.0.0.1\n"
				   "local.test TXT v=spf1 exists:%{l}.users.test -all\n"
				   "jane.users.test A 127.0.0.1\n"
				   "postmaster.users.test A 127.0.0.1\n";
	static const struct fake_row rows[] = {
		{ "a@own.test", "192.0.2.1", "pass exists:%{i}._spf.own.test 1/0" },
		{ "a@own.test", "192.0.2.2", "fail -all 1/1" },
		{ "a@six.test", "2001:db8::1", "fail -all 1/1" }, /* only A counts (5.7) */
		{ "a@any.test", "2001:db8::1", "pass exists:any.host.test 1/0" },
		{ "jane@local.test", "192.0.2.1", "pass exists:%{l}.users.test 1/0" },
		{ "JANE@local.test", "192.0.2.1", "pass exists:%{l}.users.test 1/0" },
		{ "joe@local.test", "192.0.2.1", "fail -all 1/1" },
		{ "local.test", "192.0.2.1", "pass exists:%{l}.users.test 1/0" }, /* 4.3 */
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_include(void **state)
{
	static const char zone[] = "pass.test TXT v=spf1 +all\n"
				   "fail.test TXT v=spf1 -all\n"
				   "soft.test TXT v=spf1 ~all\n"
				   "neutral.test TXT v=spf1 ?all\n"
				   "default.test TXT v=spf1\n"
				   "broken.test TXT v=spf1 moo\n"
				   "sick.test TXT !\n"
				   "i-pass.test TXT v=spf1 ~include:pass.test -all\n"
				   "i-fail.test TXT v=spf1 include:fail.test ?all\n"
				   "i-soft.test TXT v=spf1 include:soft.test ?all\n"
				   "i-neutral.test TXT v=spf1 include:neutral.test ~all\n"
				   "i-default.test TXT v=spf1 include:default.test ~all\n"
				   "i-none.test TXT v=spf1 include:none.test ?all\n"
				   "i-broken.test TXT v=spf1 include:broken.test ?all\n"
				   "i-sick.test TXT v=spf1 include:sick.test ?all\n"
				   "i-deep.test TXT v=spf1 include:i-pass.test -all\n"
				   "i-bad.test TXT v=spf1 include:..bad.test ?all\n";
	static const struct fake_row rows[] = {
		{ "a@i-pass.test", "192.0.2.1", "softfail ~include:pass.test 1/0" },
		{ "a@i-fail.test", "192.0.2.1", "neutral ?all 1/0" },
		{ "a@i-soft.test", "192.0.2.1", "neutral ?all 1/0" },
		{ "a@i-neutral.test", "192.0.2.1", "softfail ~all 1/0" },
		{ "a@i-default.test", "192.0.2.1", "softfail ~all 1/0" },
		{ "a@i-none.test", "192.0.2.1", "permerror include:none.test 1/0" },
		{ "a@i-broken.test", "192.0.2.1", "permerror include:broken.test 1/0" },
		{ "a@i-sick.test", "192.0.2.1", "temperror include:sick.test 1/0" },
		{ "a@i-deep.test", "192.0.2.1", "fail -all 2/0" }, /* softfail is no match */
		{ "a@i-bad.test", "192.0.2.1", "permerror include:..bad.test 1/0" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_redirect(void **state)
{
	static const char zone[] = "fail.test TXT v=spf1 -all\n"
				   "empty.test TXT v=spf1\n"
				   "sick.test TXT !\n"
				   "two.test TXT v=spf1\n"
				   "two.test TXT v=spf1\n"
				   "r-fail.test TXT v=spf1 redirect=fail.test\n"
				   "r-first.test TXT v=spf1 redirect=fail.test ip4:192.0.2.1\n"
				   "r-all.test TXT v=spf1 redirect=fail.test ?all\n"
				   "r-empty.test TXT v=spf1 redirect=empty.test\n"
				   "r-none.test TXT v=spf1 redirect=none.test\n"
				   "r-sick.test TXT v=spf1 redirect=sick.test\n"
				   "r-two.test TXT v=spf1 redirect=two.test\n"
				   "r-r.test TXT v=spf1 redirect=r-fail.test\n"
				   "r-macro.test TXT v=spf1 redirect=%{l}.test\n"
				   "r-include.test TXT v=spf1 include:r-fail.test ~all\n"
				   "r-bad.test TXT v=spf1 redirect=..bad.test\n";
	static const struct fake_row rows[] = {
		{ "a@r-fail.test", "192.0.2.1", "fail -all 1/0" },
		{ "a@r-first.test", "192.0.2.1", "pass ip4:192.0.2.1 0/0" },
		{ "a@r-first.test", "192.0.2.2", "fail -all 1/0" },
		{ "a@r-all.test", "192.0.2.1", "neutral ?all 0/0" },
		{ "a@r-empty.test", "192.0.2.1", "neutral default 1/0" },
		{ "a@r-none.test", "192.0.2.1", "permerror" },
		{ "a@r-sick.test", "192.0.2.1", "temperror" },
		{ "a@r-two.test", "192.0.2.1", "permerror" },
		{ "a@r-r.test", "192.0.2.1", "fail -all 2/0" },
		{ "fail@r-macro.test", "192.0.2.1", "fail -all 1/0" },
		{ "none@r-macro.test", "192.0.2.1", "permerror" },
		{ "a@r-include.test", "192.0.2.1", "softfail ~all 2/0" },
		{ "a@r-bad.test", "192.0.2.1", "permerror" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

/* %{d} is the domain that is being evaluated, %{o} always the sender's. */
static void
test_macros_follow_the_domain(void **state)
{
	static const char zone[] =
	    "own.test TXT v=spf1 include:inner.test -all\n"
	    "inner.test TXT v=spf1 exists:%{d}.d.test exists:%{o}.o.test -all\n"
	    "own.test.o.test A 127.0.0.1\n"
	    "red.test TXT v=spf1 redirect=target.test\n"
	    "target.test TXT v=spf1 exists:%{d}.is.%{o}.test -all\n"
	    "target.test.is.red.test.test A 127.0.0.1\n"
	    "helo.test TXT v=spf1 exists:%{h}.h.test exists:%{s}.s.test -all\n"
	    "mx.relay.test.h.test A 127.0.0.1\n"
	    "sender.test TXT v=spf1 exists:%{s}.s.test -all\n"
	    "a@sender.test.s.test A 127.0.0.1\n"
	    "postmaster@sender.test.s.test A 127.0.0.1\n"
	    "bare.test TXT v=spf1 a mx -all\n";
	static const struct fake_row rows[] = {
		{ "a@own.test", "192.0.2.1", "pass include:inner.test 3/1" },
		{ "a@red.test", "192.0.2.1", "pass exists:%{d}.is.%{o}.test 2/0" },
		{ "a@helo.test", "192.0.2.1", "pass exists:%{h}.h.test 1/0" },
		{ "a@sender.test", "192.0.2.1", "pass exists:%{s}.s.test 1/0" },
		{ "sender.test", "192.0.2.1", "pass exists:%{s}.s.test 1/0" },
		{ "b@sender.test", "192.0.2.1", "fail -all 1/1" },
		{ "a@bare.test", "192.0.2.1", "fail -all 2/2" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

/* The domain itself goes before a name below it, and that before any other (7.3). */
static void
test_validated_name_macro(void **state)
{
	static const char zone[] = "own.test TXT v=spf1 exists:%{p}.%{i1r}.p.test -all\n"
				   "1.2.0.192.in-addr.arpa PTR other.test\n"
				   "1.2.0.192.in-addr.arpa PTR host.own.test\n"
				   "1.2.0.192.in-addr.arpa PTR Own.test\n"
				   "other.test A 192.0.2.1\n"
				   "other.test A 192.0.2.2\n"
				   "host.own.test A 192.0.2.1\n"
				   "host.own.test A 192.0.2.2\n"
				   "own.test A 192.0.2.1\n"
				   "2.2.0.192.in-addr.arpa PTR own.test\n"
				   "2.2.0.192.in-addr.arpa PTR other.test\n"
				   "2.2.0.192.in-addr.arpa PTR host.own.test\n"
				   "3.2.0.192.in-addr.arpa PTR xown.test\n"
				   "xown.test A 192.0.2.3\n"
				   "4.2.0.192.in-addr.arpa PTR liar.test\n"
				   "liar.test A 192.0.2.5\n"
				   "5.2.0.192.in-addr.arpa PTR !\n"
				   "7.2.0.192.in-addr.arpa PTR sick.test\n"
				   "sick.test A !\n";
	static const struct {
		const char *ip;
		const char *validated;
	} rows[] = {
		{ "192.0.2.1", "own.test" },
		{ "192.0.2.2", "host.own.test" },
		{ "192.0.2.3", "xown.test" },
		{ "192.0.2.4", "unknown" },
		{ "192.0.2.5", "unknown" },
		{ "192.0.2.6", "unknown" },
		{ "192.0.2.7", "unknown" },
	};
	struct spf_request req;
	char all[2000];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(
		    all, sizeof(all), "%s%s.192.p.test A 127.0.0.1\n", zone, rows[i].validated);
		req = fake_request("a@own.test", rows[i].ip);
		fake_check(all, &req, "pass exists:%{p}.%{i1r}.p.test 1/0");
		fake_check(zone, &req, "fail -all 1/1");
	}
	unit_end();
}

/* RFC 8616, 4: a local part that is not ASCII makes %{l} and %{s} never match. */
static void
test_local_parts_beyond_ascii(void **state)
{
	static const char zone[] = "l.test TXT v=spf1 exists:%{l}.users.test -all\n"
				   "s.test TXT v=spf1 a:%{s} -all\n"
				   "o.test TXT v=spf1 exists:%{o}.domains.test -all\n"
				   "o.test.domains.test A 127.0.0.1\n"
				   "i.test TXT v=spf1 include:%{l}.x.test ?all\n"
				   "r.test TXT v=spf1 redirect=%{l}.x.test\n"
				   "j\303\266rg.users.test A 127.0.0.1\n";
	static const struct fake_row rows[] = {
		{ "j\303\266rg@l.test", "192.0.2.1", "fail -all 1/0" },
		{ "j\303\266rg@s.test", "192.0.2.1", "fail -all 1/0" },
		{ "j\303\266rg@o.test", "192.0.2.1", "pass exists:%{o}.domains.test 1/0" },
		{ "j\303\266rg@i.test", "192.0.2.1", "neutral ?all 1/0" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

/* Expanded names that cannot be queried do not match, and no query is sent. */
static void
test_names_that_nobody_can_ask_for(void **state)
{
	static const char zone[] = "l.test TXT v=spf1 exists:%{l}.x.test -all\n"
				   "h.test TXT v=spf1 a:%{h} mx:%{h} -all\n";
	static const struct fake_row rows[] = {
		{ "a..b@l.test", "192.0.2.1", "fail -all 1/0" },
		{ ".a@l.test", "192.0.2.1", "fail -all 1/0" },
		{ "n234567890123456789012345678901234567890123456789012345678901234@l.test",
		    "192.0.2.1", "fail -all 1/0" },
	};
	struct spf_request req = fake_request("a@h.test", "192.0.2.1");

	(void)state;
	req.helo = fake_text("");
	fake_check(zone, &req, "fail -all 2/0");
	req.helo = fake_text("a..b");
	fake_check(zone, &req, "fail -all 2/0");
	fake_check_rows(zone, rows, COUNT(rows));
}

/* A name of one label has no record, in an include or a redirect either (4.3): no query is sent. */
static void
test_names_of_one_label(void **state)
{
	static const char zone[] = "test TXT v=spf1 +all\n"
				   "include.test TXT v=spf1 include:%{d1} ?all\n"
				   "redirect.test TXT v=spf1 redirect=%{d1}\n"
				   "local.test TXT v=spf1 redirect=%{l}\n"
				   "host.test TXT v=spf1 a:%{d1} -all\n"
				   "test A 192.0.2.1\n";
	static const struct fake_row rows[] = {
		{ "a@include.test", "192.0.2.1", "permerror include:%{d1} 1/0" },
		{ "a@redirect.test", "192.0.2.1", "permerror" },
		{ "test@local.test", "192.0.2.1", "permerror" },
		{ "a@host.test", "192.0.2.1", "pass a:%{d1} 1/0" },
	};

	(void)state;
	fake_check_rows(zone, rows, COUNT(rows));
}

static void
test_no_mail(void **state)
{
	static const struct {
		const char *zone;
		bool want;
	} rows[] = {
		{ "x.test TXT v=spf1 -all\n", true },
		{ "x.test TXT V=SPF1 -ALL\n", true },
		{ "x.test TXT v=spf1  -all\n", true },
		{ "x.test TXT v=spf1 -all \n", true },
		{ "x.test TXT V=spf1   -aLL  \n", true },
		{ "x.test TXT v=spf1 - all\n", false },
		{ "x.test TXT v=spf1 -all -all\n", false },
		{ "x.test TXT v=spf1 -all\t\n", false },
		{ "x.test TXT v=spf1 -all exp=y.test\n", false },
		{ "x.test TXT v=spf1 -all foo=bar\n", false },
		{ "x.test TXT v=spf1 ~all\n", false },
		{ "x.test TXT v=spf1 all\n", false },
		{ "x.test TXT v=spf1 a -all\n", false },
		{ "x.test TXT v=spf1 -all a\n", false },
		{ "x.test TXT v=spf1 -all redirect=y.test\n", false },
		{ "x.test TXT v=spf1 redirect=y.test\ny.test TXT v=spf1 -all\n", false },
		{ "x.test TXT v=spf1 include:y.test\ny.test TXT v=spf1 -all\n", false },
		{ "x.test TXT v=spf1\n", false },
		{ "", false },
	};
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct fake_dns dns = { .order = FAKE_ALL };
	struct spf_verdict verdict;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		dns.zone = rows[i].zone;
		fake_eval(&dns, &req, &verdict);
		unit_int(rows[i].zone, "no mail", verdict.no_mail, rows[i].want);
	}
	unit_end();
}

static void
test_explanation(void **state)
{
	static const char zone[] =
	    "own.test TXT v=spf1 exp=why.own.test -all\n"
	    "why.own.test TXT %{i} may not send for %{d}, says %{r} at %{t} to %{s}\n"
	    "red.test TXT v=spf1 redirect=own.test exp=why.red.test\n"
	    "why.red.test TXT wrong\n"
	    "inc.test TXT v=spf1 include:own.test -all exp=why.inc.test\n"
	    "why.inc.test TXT from the outermost record of %{d}\n"
	    "noexp.test TXT v=spf1 include:own.test -all\n"
	    "soft.test TXT v=spf1 exp=why.own.test ~all\n"
	    "gone.test TXT v=spf1 exp=gone.own.test -all\n"
	    "sick.test TXT v=spf1 exp=sick.own.test -all\n"
	    "sick.own.test TXT !\n"
	    "two.test TXT v=spf1 exp=two.own.test -all\n"
	    "two.own.test TXT one\n"
	    "two.own.test TXT two\n"
	    "bad.test TXT v=spf1 exp=bad.own.test -all\n"
	    "bad.own.test TXT 100% sure\n"
	    "high.test TXT v=spf1 exp=high.own.test -all\n"
	    "high.own.test TXT caf\\303\\251\n"
	    "line.test TXT v=spf1 exp=line.own.test -all\n"
	    "line.own.test TXT one\\015\\012two\n"
	    "macro.test TXT v=spf1 exp=%{l}.own.test -all\n"
	    "jane.own.test TXT no, Jane\n"
	    "name.test TXT v=spf1 exp=p.own.test -all\n"
	    "p.own.test TXT you are %{p}\n"
	    "1.2.0.192.in-addr.arpa PTR host.other.test\n"
	    "host.other.test A 192.0.2.1\n";
	static const struct fake_row rows[] = {
		{ "a@own.test", "192.0.2.1",
		    "fail -all 0/0: 192.0.2.1 may not send for own.test, says mx.receiver.test at "
		    "1700000000 to a@own.test" },
		{ "a@red.test", "192.0.2.1",
		    "fail -all 1/0: 192.0.2.1 may not send for own.test, says mx.receiver.test at "
		    "1700000000 to a@red.test" },
		{ "a@inc.test", "192.0.2.1",
		    "fail -all 1/0: from the outermost record of inc.test" },
		{ "a@noexp.test", "192.0.2.1", "fail -all 1/0" },
		{ "a@soft.test", "192.0.2.1", "softfail ~all 0/0" },
		{ "a@gone.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@sick.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@two.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@bad.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@high.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@line.test", "192.0.2.1", "fail -all 0/0" },
		{ "jane@macro.test", "192.0.2.1", "fail -all 0/0: no, Jane" },
		{ "j\303\266@macro.test", "192.0.2.1", "fail -all 0/0" },
		{ "a@name.test", "192.0.2.1", "fail -all 0/0: you are host.other.test" },
		{ "a@name.test", "192.0.2.2", "fail -all 0/0: you are unknown" },
		{ "j\303\266@own.test", "192.0.2.1",
		    "fail -all 0/0: 192.0.2.1 may not send for own.test, says mx.receiver.test at "
		    "1700000000 to j??@own.test" },
	};
	struct spf_request req;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		req = fake_request(rows[i].sender, rows[i].ip);
		req.explain = true;
		fake_check(zone, &req, rows[i].want);
		req.explain = false;
		fake_check(
		    zone, &req, unit_row("%.*s", (int)strcspn(rows[i].want, ":"), rows[i].want));
	}
	unit_end();
}

/* An explanation is untrusted, and so is the client's text in it: neither can end the line. */
static void
test_explanation_is_printable(void **state)
{
	static const char zone[] = "own.test TXT v=spf1 exp=why.own.test -all\n"
				   "why.own.test TXT %{l}|%{h}\n";
	struct spf_request req = fake_request("a\r\n\001@own.test", "192.0.2.1");
	struct fake_dns dns = { .zone = zone };
	struct spf_verdict verdict;

	(void)state;
	req.explain = true;
	req.helo = fake_text("x\n\377");
	fake_eval(&dns, &req, &verdict);
	assert_string_equal(verdict.explanation, "a???|x??");
}

/* The log shows the term, which is the sender's text. */
static void
test_mechanism_is_printable(void **state)
{
	char zone[400], *name = unit_fill('n', 60);
	struct spf_request req = fake_request("a@own.test", "192.0.2.1");
	struct fake_dns dns = { .zone = zone };
	struct spf_verdict verdict;
	size_t i;

	(void)state;
	snprintf(zone, sizeof(zone), "own.test TXT v=spf1 exists:<%s.%s.%s>.test\\001 -all\n", name,
	    name, name);
	fake_eval(&dns, &req, &verdict);
	assert_int_equal(verdict.result, SPF_PERMERROR);
	assert_int_equal(strlen(verdict.mechanism), SPF_MECHANISM_SIZE - 1);
	for (i = 0; verdict.mechanism[i] != '\0'; i++)
		unit_true(verdict.mechanism, "visible",
		    verdict.mechanism[i] > ' ' && verdict.mechanism[i] < 0x7f &&
			verdict.mechanism[i] != '<');
	free(name);
	unit_end();
}

/* A result of postmaster says nothing about other local parts if a term uses them. */
static void
test_result_that_varies(void **state)
{
	static const char zone[] =
	    "plain.test TXT v=spf1 exists:%{i}.%{d}.%{o}.%{v}.%{p}.e.test "
	    "ip4:192.0.2.1 exists:%{l}.later.test -all\n"
	    "local.test TXT v=spf1 exists:%{l}.e.test ip4:192.0.2.1 -all\n"
	    "sender.test TXT v=spf1 include:%{s}.e.test ip4:192.0.2.1 -all\n"
	    "postmaster@sender.test.e.test TXT v=spf1 -all\n"
	    "helo.test TXT v=spf1 a:%{h} ip4:192.0.2.1 -all\n"
	    "upper.test TXT v=spf1 exists:x.%{L} ip4:192.0.2.1 -all\n"
	    "part.test TXT v=spf1 exists:%{l1r-}.e.test ip4:192.0.2.1 -all\n"
	    "inner.test TXT v=spf1 include:local.test -all\n"
	    "redirect.test TXT v=spf1 redirect=%{l}.r.test\n"
	    "postmaster.r.test TXT v=spf1 ip4:192.0.2.1 -all\n"
	    "percent.test TXT v=spf1 exists:%%{l}.e.test ip4:192.0.2.1 -all\n"
	    "why.test TXT v=spf1 -all exp=%{l}.why.test\n"
	    "mx.test TXT v=spf1 mx:%{l}.mx.test -all\n"
	    "postmaster.mx.test MX a.mx.test\n"
	    "a.mx.test A 192.0.2.1\n";
	static const struct {
		const char *domain;
		enum spf_result result;
		bool varies;
	} rows[] = {
		{ "plain.test", SPF_PASS, false },
		{ "local.test", SPF_PASS, true },
		{ "sender.test", SPF_PASS, true },
		{ "helo.test", SPF_PASS, true },
		{ "upper.test", SPF_PASS, true },
		{ "part.test", SPF_PASS, true },
		{ "inner.test", SPF_PASS, true },
		{ "redirect.test", SPF_PASS, true },
		{ "percent.test", SPF_PASS, false },
		{ "why.test", SPF_FAIL, false },
		{ "mx.test", SPF_PASS, true },
		{ "none.test", SPF_NONE, false },
	};
	struct fake_dns dns = { .zone = zone, .seed = 1 };
	struct spf_request req;
	struct spf_verdict verdict;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		for (dns.order = 0; dns.order < FAKE_ORDERS; dns.order++) {
			req = fake_request(rows[i].domain, "192.0.2.1");
			req.explain = true;
			fake_eval(&dns, &req, &verdict);
			unit_int(rows[i].domain, "result", verdict.result, rows[i].result);
			unit_int(rows[i].domain, "varies", verdict.varies, rows[i].varies);
		}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result_names),
		cmocka_unit_test(test_all_and_qualifiers),
		cmocka_unit_test(test_no_record),
		cmocka_unit_test(test_names_that_cannot_be),
		cmocka_unit_test(test_syntax_errors),
		cmocka_unit_test(test_ip4),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_a),
		cmocka_unit_test(test_mx),
		cmocka_unit_test(test_ptr),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_macros_follow_the_domain),
		cmocka_unit_test(test_validated_name_macro),
		cmocka_unit_test(test_local_parts_beyond_ascii),
		cmocka_unit_test(test_names_that_nobody_can_ask_for),
		cmocka_unit_test(test_names_of_one_label),
		cmocka_unit_test(test_no_mail),
		cmocka_unit_test(test_explanation),
		cmocka_unit_test(test_explanation_is_printable),
		cmocka_unit_test(test_mechanism_is_printable),
		cmocka_unit_test(test_result_that_varies),
	};

	return cmocka_run_group_tests_name("spf_eval", tests, NULL, NULL);
}
