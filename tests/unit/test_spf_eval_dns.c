/* SPDX-License-Identifier: ISC */
/*
 * How an evaluation goes along with the DNS: limits, errors, passes, and that the verdict does not
 * depend on the order in which answers come.
 */
#include "spf/spf_record_set.h"
#include "tests/unit/fake_dns.h"

/* A zone that a test puts together. */
static char zone[300000];

static void __attribute__((format(printf, 1, 2))) add(const char *fmt, ...)
{
	size_t len = strlen(zone);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(zone + len, sizeof(zone) - len, fmt, ap);
	va_end(ap);
}

/* begin - the record of x.test, so far */
static void
begin(const char *record)
{
	zone[0] = '\0';
	add("x.test TXT v=spf1 %s", record);
}

static void
check(const char *want)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");

	fake_check(zone, &req, want);
}

/* add_terms - " PREFIX0.test PREFIX1.test ..." */
static void
add_terms(const char *prefix, int n)
{
	int i;

	for (i = 0; i < n; i++)
		add(" %s%d.test", prefix, i);
}

/* add_hosts - addresses of NAME0.test and so on, none of them the client's */
static void
add_hosts(const char *name, int n)
{
	int i;

	for (i = 0; i < n; i++)
		add("\n%s%d.test A 198.51.100.%d", name, i, i);
	add("\n");
}

static void
test_lookup_limit(void **state)
{
	(void)state;
	begin("");
	add_terms("a:n", 10);
	add(" all");
	add_hosts("n", 20);
	check("pass all 10/0");
	begin("");
	add_terms("a:n", 11);
	add(" all");
	add_hosts("n", 20);
	check("permerror a:n10.test 11/0 too many DNS lookups");
	begin("ip4:198.51.100.1 ip6:2001:db8::1");
	add_terms("exists:n", 9);
	add(" ip4:198.51.100.2 ?all");
	add_hosts("n", 0);
	add("n0.test A 127.0.0.1\n");
	check("pass exists:n0.test 1/0");
	unit_end();
}

static void
test_each_term_that_counts(void **state)
{
	static const struct {
		const char *eleventh;
		const char *want;
	} rows[] = {
		{ "a", "permerror a 11/0 too many DNS lookups" },
		{ "mx", "permerror mx 11/0 too many DNS lookups" },
		{ "ptr", "permerror ptr 11/0 too many DNS lookups" },
		{ "exists:n0.test", "permerror exists:n0.test 11/0 too many DNS lookups" },
		{ "include:i.test", "permerror include:i.test 11/0 too many DNS lookups" },
		{ "redirect=i.test", "permerror" },
		{ "ip4:192.0.2.1", "pass ip4:192.0.2.1 10/0" },
		{ "-all", "fail -all 10/0" },
		{ "exp=i.test", "neutral default 10/0" },
		{ "moo=i.test", "neutral default 10/0" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		begin("");
		add_terms("a:n", 10);
		add(" %s", rows[i].eleventh);
		add_hosts("n", 10);
		add("i.test TXT v=spf1 +all\nx.test A 192.0.2.1\n");
		check(rows[i].want);
	}
	unit_end();
}

static void
test_lookups_across_records(void **state)
{
	(void)state;
	begin("include:i.test all");
	add_hosts("n", 10);
	add("i.test TXT v=spf1");
	add_terms("a:n", 9);
	add("\n");
	check("pass all 10/0");
	begin("include:i.test all");
	add_hosts("n", 10);
	add("i.test TXT v=spf1");
	add_terms("a:n", 10);
	add("\n");
	check("permerror include:i.test 11/0 too many DNS lookups");
	begin("a:n0.test redirect=i.test");
	add_hosts("n", 10);
	add("i.test TXT v=spf1");
	add_terms("a:n", 8);
	add(" -all\n");
	check("fail -all 10/0");
	begin("a:n0.test redirect=i.test");
	add_hosts("n", 10);
	add("i.test TXT v=spf1");
	add_terms("a:n", 9);
	add(" -all\n");
	check("permerror a:n8.test 11/0 too many DNS lookups");
	unit_end();
}

static void
test_lookup_limit_of_settings(void **state)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");

	(void)state;
	begin("");
	add_terms("a:n", 12);
	add(" all");
	add_hosts("n", 20);
	req.lookup_limit = 12;
	fake_check(zone, &req, "pass all 12/0");
	req.lookup_limit = 11;
	fake_check(zone, &req, "permerror a:n11.test 12/0 too many DNS lookups");
	req.lookup_limit = 1;
	fake_check(zone, &req, "permerror a:n1.test 2/0 too many DNS lookups");
	unit_end();
}

/* Terms after the one that matches are not counted, even if they were queried. */
static void
test_match_ends_the_counting(void **state)
{
	(void)state;
	begin("a:n0.test a:own.test");
	add_terms("a:m", 20);
	add_hosts("n", 1);
	add("own.test A 192.0.2.1\n");
	check("pass a:own.test 2/0");
	begin("include:i.test");
	add_terms("a:gone", 20);
	add_hosts("n", 1);
	add("i.test TXT v=spf1 a:own.test -all\nown.test A 192.0.2.1\n");
	check("pass include:i.test 2/0");
	unit_end();
}

static void
test_void_limit(void **state)
{
	(void)state;
	begin("a:gone0.test mx:gone1.test -all\n");
	check("fail -all 2/2");
	begin("a:gone0.test mx:gone1.test exists:gone2.test -all\n");
	check("permerror exists:gone2.test 3/3 too many DNS lookups that found nothing");
	begin("a:gone0.test a:gone0.test a:gone0.test -all\n");
	check("permerror a:gone0.test 3/3 too many DNS lookups that found nothing");
	begin("ptr ptr ptr -all\n");
	check("permerror ptr 3/3 too many DNS lookups that found nothing");
	unit_end();
}

static void
test_voids_across_records(void **state)
{
	(void)state;
	begin("a:gone0.test include:i.test -all\n");
	add("i.test TXT v=spf1 a:gone1.test ?all\n");
	check("fail -all 3/2");
	begin("a:gone0.test include:i.test a:gone2.test -all\n");
	add("i.test TXT v=spf1 a:gone1.test ?all\n");
	check("permerror a:gone2.test 4/3 too many DNS lookups that found nothing");
	begin("include:i.test -all\n");
	add("i.test TXT v=spf1 a:gone0.test a:gone1.test a:gone2.test ?all\n");
	check("permerror include:i.test 4/3 too many DNS lookups that found nothing");
	begin("a:gone0.test redirect=i.test\n");
	add("i.test TXT v=spf1 a:gone1.test a:gone2.test ?all\n");
	check("permerror a:gone2.test 4/3 too many DNS lookups that found nothing");
	unit_end();
}

static void
test_void_limit_of_settings(void **state)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");

	(void)state;
	begin("a:gone0.test a:gone1.test a:gone2.test a:gone3.test -all\n");
	req.void_limit = 4;
	fake_check(zone, &req, "fail -all 4/4");
	req.void_limit = 3;
	fake_check(
	    zone, &req, "permerror a:gone3.test 4/4 too many DNS lookups that found nothing");
	req.void_limit = 0;
	fake_check(
	    zone, &req, "permerror a:gone0.test 1/1 too many DNS lookups that found nothing");
	unit_end();
}

/* Names from MX and PTR records, and explanations, are not queries of the record itself. */
static void
test_what_is_not_void(void **state)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");

	(void)state;
	begin("mx ptr exp=gone.test -all\n");
	add("x.test MX gone1.test\nx.test MX gone2.test\nx.test MX gone3.test\n"
	    "1.2.0.192.in-addr.arpa PTR gone4.x.test\n1.2.0.192.in-addr.arpa PTR gone5.x.test\n"
	    "1.2.0.192.in-addr.arpa PTR gone6.x.test\n");
	req.explain = true;
	fake_check(zone, &req, "fail -all 2/0");
	unit_end();
}

/* add_mx - n MX hosts of x.test; the one with that number is the client */
static void
add_mx(int n, int client)
{
	int i;

	add("\n");
	for (i = 0; i < n; i++)
		add("x.test MX mx%d.test\nmx%d.test A %s\n", i, i,
		    i == client ? "192.0.2.1" : "198.51.100.1");
}

static void
test_mx_limit(void **state)
{
	(void)state;
	begin("mx -all");
	add_mx(10, -1);
	check("fail -all 1/0");
	begin("mx -all");
	add_mx(10, 9);
	check("pass mx 1/0");
	begin("mx -all");
	add_mx(11, -1);
	check("permerror mx 1/0 more than 10 MX hosts");
	begin("mx -all");
	add_mx(200, -1);
	check("permerror mx 1/0 more than 10 MX hosts");
	unit_end();
}

/* add_ptr - n names of the client; the one with number client leads back to its address */
static void
add_ptr(int n, int client)
{
	int i;

	add("\n");
	for (i = 0; i < n; i++)
		add("1.2.0.192.in-addr.arpa PTR h%d.x.test\nh%d.x.test A %s\n", i, i,
		    i == client ? "192.0.2.1" : "198.51.100.1");
}

static void
test_ptr_limit(void **state)
{
	(void)state;
	begin("ptr -all");
	add_ptr(10, 9);
	check("pass ptr 1/0");
	begin("ptr -all");
	add_ptr(11, 9);
	check("pass ptr 1/0");
	begin("ptr -all");
	add_ptr(11, 10);
	check("fail -all 1/0");
	begin("exists:%{p}.p.test -all");
	add_ptr(11, 10);
	add("unknown.p.test A 127.0.0.1\n");
	check("pass exists:%{p}.p.test 1/0");
	unit_end();
}

static void
test_dns_errors(void **state)
{
	static const struct {
		const char *record;
		const char *want;
	} rows[] = {
		{ "a:sick.test all",
		    "temperror a:sick.test 1/0 SERVFAIL for the A records of sick.test" },
		{ "mx:sick.test all",
		    "temperror mx:sick.test 1/0 SERVFAIL for the MX records of sick.test" },
		{ "exists:sick.test all",
		    "temperror exists:sick.test 1/0 SERVFAIL for the A records of sick.test" },
		{ "include:sick.test all",
		    "temperror include:sick.test 1/0 SERVFAIL for the TXT records of sick.test" },
		{ "redirect=sick.test", "temperror" },
		/* Whatever the order of the hosts. */
		{ "mx:mixed.test all", "pass mx:mixed.test 1/0" },
		{ "mx:bad.test all",
		    "temperror mx:bad.test 1/0 SERVFAIL for the A records of sick.test" },
		{ "mx:mixed.test/0 all", "pass mx:mixed.test/0 1/0" },
		{ "mx:lucky.test all", "pass mx:lucky.test 1/0" },
		{ "ip4:192.0.2.1 a:sick.test", "pass ip4:192.0.2.1 0/0" },
		{ "a:own.test a:sick.test", "pass a:own.test 1/0" },
		{ "a:sick.test a:own.test",
		    "temperror a:sick.test 1/0 SERVFAIL for the A records of sick.test" },
		{ "include:i.test all",
		    "temperror include:i.test 2/0 SERVFAIL for the A records of sick.test" },
		{ "a:gone.test a:gone.test a:sick.test",
		    "temperror a:sick.test 3/2 SERVFAIL for the A records of sick.test" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		begin(rows[i].record);
		add("\nsick.test A !\nsick.test MX !\nsick.test TXT !\nown.test A 192.0.2.1\n"
		    "mixed.test MX far.test\nmixed.test MX sick.test\nmixed.test MX own.test\n"
		    "lucky.test MX own.test\nlucky.test MX sick.test\nfar.test A 198.51.100.1\n"
		    "bad.test MX far.test\nbad.test MX sick.test\nbad.test MX gone.test\n"
		    "i.test TXT v=spf1 a:sick.test +all\n");
		check(rows[i].want);
	}
	unit_end();
}

static void
test_loops_end(void **state)
{
	static const struct {
		const char *zone;
		const char *want;
	} rows[] = {
		{ "x.test TXT v=spf1 include:x.test -all\n",
		    "permerror include:x.test 11/0 too many DNS lookups" },
		{ "x.test TXT v=spf1 include:y.test -all\ny.test TXT v=spf1 include:x.test -all\n",
		    "permerror include:y.test 11/0 too many DNS lookups" },
		{ "x.test TXT v=spf1 redirect=x.test\n", "permerror" },
		{ "x.test TXT v=spf1 redirect=y.test\ny.test TXT v=spf1 redirect=x.test\n",
		    "permerror" },
		{ "x.test TXT v=spf1 include:y.test redirect=y.test\n"
		  "y.test TXT v=spf1 ?include:x.test redirect=x.test\n",
		    "permerror include:y.test 11/0 too many DNS lookups" },
		{ "x.test TXT v=spf1 ?include:y.test ?include:y.test -all\n"
		  "y.test TXT v=spf1 ?include:z.test ?include:z.test -all\n"
		  "z.test TXT v=spf1 ?include:y.test ?include:y.test -all\n",
		    "permerror ?include:y.test 11/0 too many DNS lookups" },
	};
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		fake_check(rows[i].zone, &req, rows[i].want);
	req.lookup_limit = 100;
	fake_check(rows[0].zone, &req, "permerror include:x.test");
	fake_check(rows[2].zone, &req, "permerror");
	unit_end();
}

/* check_effort - passes, queries and the most pending queries, if all are answered at once */
static void
check_effort(const char *row, unsigned passes, unsigned questions, unsigned together)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct fake_dns dns = { .zone = zone, .order = FAKE_ALL };
	struct spf_verdict verdict;

	fake_eval(&dns, &req, &verdict);
	unit_int(row, "passes", dns.passes, passes);
	unit_int(row, "questions", dns.questions, questions);
	unit_int(row, "together", dns.together, together);
}

static void
test_independent_questions_go_together(void **state)
{
	(void)state;
	begin("-all\n");
	check_effort("-all", 2, 1, 1);
	begin("a mx exists:e.test a:h.test -all\n");
	add("x.test A 198.51.100.1\nx.test MX m1.test\nx.test MX m2.test\nh.test A 198.51.100.2\n");
	check_effort("hosts", 4, 7, 4);
	begin("include:i1.test include:i2.test include:i3.test -all\n");
	add("i1.test TXT v=spf1 a:h1.test ?all\ni2.test TXT v=spf1 a:h2.test ?all\n"
	    "i3.test TXT v=spf1 a:h3.test ?all\nh1.test A 198.51.100.1\nh2.test A 198.51.100.2\n"
	    "h3.test A 198.51.100.3\n");
	check_effort("includes", 4, 7, 3);
	begin("mx ptr -all");
	add_mx(10, -1);
	add_ptr(10, -1);
	check_effort("MX and PTR", 4, 23, 20);
	unit_end();
}

static void
test_questions_are_asked_once(void **state)
{
	(void)state;
	begin("a:h.test a:H.TEST mx include:i.test -all\n");
	add("h.test A 198.51.100.1\nx.test MX h.test\ni.test TXT v=spf1 a:h.test ?all\n");
	check_effort("same name", 3, 4, 3);
	unit_end();
}

/* A query that was sent in advance for a term that is never reached changes nothing. */
static void
test_speculation_is_thrown_away(void **state)
{
	static const struct {
		const char *record;
		const char *want;
	} rows[] = {
		{ "include:pass.test a:sick.test", "pass include:pass.test 1/0" },
		{ "include:pass.test a:gone1.test a:gone2.test a:gone3.test",
		    "pass include:pass.test 1/0" },
		{ "include:fail.test a:own.test", "pass a:own.test 2/0" },
		{ "include:broken.test a:own.test", "permerror include:broken.test 1/0" },
		{ "a:own.test include:broken.test", "pass a:own.test 1/0" },
		{ "include:fail.test ~all redirect=sick.test", "softfail ~all 1/0" },
		{ "a:gone1.test -all exp=why.test", "fail -all 1/1" },
		{ "include:pass.test include:x.test", "pass include:pass.test 1/0" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		begin(rows[i].record);
		add("\npass.test TXT v=spf1 +all\nfail.test TXT v=spf1 -all\nsick.test A !\n"
		    "sick.test TXT !\nbroken.test TXT v=spf1 moo\nown.test A 192.0.2.1\n");
		check(rows[i].want);
	}
	unit_end();
}

/* make_chain - DEPTH nested includes, the last one passes; each is followed by WIDTH MX terms */
static void
make_chain(int depth, int width)
{
	int i, j, k;

	begin("redirect=i0.test\n");
	for (i = 0; i < depth; i++) {
		add("i%d.test TXT v=spf1 include:i%d.test", i, i + 1);
		for (j = 0; j < width; j++)
			add(" mx:m%d-%d.test", i, j);
		add(" -all\n");
	}
	add("i%d.test TXT v=spf1 ip4:192.0.2.1 -all\n", depth);
	for (i = 0; i < depth; i++)
		for (j = 0; j < width; j++)
			for (k = 0; k < 10; k++)
				add("m%d-%d.test MX h%d-%d-%d.test\n", i, j, i, j, k);
}

/* More hosts are asked for in advance than can matter: there is room for those that do. */
static void
test_more_questions_than_matter(void **state)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct fake_dns dns = { .zone = zone, .order = FAKE_LAST };
	struct spf_verdict verdict;
	char got[FAKE_VERDICT_SIZE];

	(void)state;
	make_chain(9, 9);
	check("pass include:i1.test 10/0");
	make_chain(12, 27);
	req.lookup_limit = 40;
	fake_eval(&dns, &req, &verdict);
	unit_text("latest first", "verdict", fake_describe(got, sizeof(got), &verdict),
	    "pass include:i1.test 13/0");
	unit_true("latest first", "was greedy", dns.questions >= SPF_ANSWERS_GUESSES);
	unit_end();
}

/* A table that is already full ends in temperror, not in a loop. */
static void
test_full_table(void **state)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct spf_answers *answers = spf_answers_new();
	struct spf_verdict verdict;
	char name[40];
	int i;

	(void)state;
	for (i = 0; i < SPF_ANSWERS_MAX; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		spf_answers_set(
		    answers, spf_answers_get(answers, name, DNS_A), dns_answer_new(DNS_VOID));
	}
	assert_true(spf_eval(&req, answers, &verdict));
	assert_int_equal(verdict.result, SPF_TEMPERROR);
	spf_answers_free(&answers);
}

/* fill_record - a record of nearly 64 KiB made of one term, as the only one of x.test */
static void
fill_record(const char *term)
{
	size_t n = strlen(term), len;

	begin("");
	for (len = strlen(zone); len + n < 65500; len += n)
		memcpy(zone + len, term, n);
	memcpy(zone + len, "\n", 2);
}

/* check_once - as check, in one order: huge records take their time under sanitizers */
static void
check_once(const char *row, const char *want)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct fake_dns dns = { .zone = zone, .order = FAKE_ALL };
	struct spf_verdict verdict;
	char got[FAKE_VERDICT_SIZE];

	fake_eval(&dns, &req, &verdict);
	fake_describe(got, sizeof(got), &verdict);
	unit_holds(row, "verdict", got, want);
}

static void
test_huge_records(void **state)
{
	(void)state;
	fill_record("a ");
	check_once("a", "permerror a");
	fill_record("ip4:198.51.100.1 ");
	check_once("ip4", "neutral default 0/0");
	fill_record("moo=%{d}%{i}%{h} ");
	check_once("unknown modifier", "neutral default 0/0");
	fill_record("include:x.test ");
	check_once("include", "permerror include:x.test");
	fill_record("%{i}%{h}%{s}%{d}%{ir-}");
	memcpy(zone, "x.test TXT v=spf1 exists:", 25);
	memcpy(strchr(zone, '\n'), ".x.test -all\n", 14);
	check_once("exists", "0/0 domain of more than 1024 bytes");
	unit_end();
}

/* random_record - any terms about any of eight domains */
static void
random_record(uint64_t *seed)
{
	static const char *const terms[] = { "a:d%u.test", "mx:d%u.test", "exists:d%u.test",
		"include:d%u.test", "include:d%u.test", "?include:d%u.test", "ptr:d%u.test",
		"ip4:192.0.2.%u", "-a:d%u.test", "~mx:d%u.test", "exists:%%{l}.d%u.test",
		"a:%%{p}.d%u.test", "a:gone%u.test" };
	unsigned n = 1 + unit_random(seed, 5), end = unit_random(seed, 4);

	add("v=spf1");
	for (; n > 0; n--) {
		char term[60];
		const char *fmt = terms[unit_random(seed, COUNT(terms))];

		/* Each holds one %u. */
		snprintf(term, sizeof(term), fmt, unit_random(seed, 8));
		add(" %s", term);
	}
	if (end == 0)
		add(" redirect=d%u.test", unit_random(seed, 8));
	else if (end == 1)
		add(" -all");
	else if (end == 2)
		add(" ?all");
	add("\n");
}

static void
random_zone(uint64_t *seed)
{
	unsigned i, j;

	strcpy(zone, "1.2.0.192.in-addr.arpa PTR d3.test\n1.2.0.192.in-addr.arpa PTR d4.test\n");
	for (i = 0; i < 8; i++) {
		add("d%u.test TXT ", i);
		random_record(seed);
		for (j = unit_random(seed, 3); j > 0; j--)
			add("d%u.test MX d%u.test\n", i, unit_random(seed, 10));
		switch (unit_random(seed, 6)) {
		case 0:
			add("d%u.test A !\n", i);
			break;
		case 1:
			break;
		case 2:
			add("d%u.test A 192.0.2.1\n", i);
			break;
		default:
			add("d%u.test A 198.51.100.1\n", i);
			break;
		}
	}
}

/* Whatever the records are, the verdict is that of an evaluation that knows all answers before. */
static void
test_any_order_of_any_zone(void **state)
{
	struct fake_dns dns = { .zone = zone, .seed = 1 };
	struct spf_request req = fake_request("a@d0.test", "192.0.2.1");
	unsigned i, order, seen[SPF_RESULTS] = { 0 };
	char first[FAKE_VERDICT_SIZE], got[FAKE_VERDICT_SIZE];
	struct spf_verdict verdict;
	uint64_t seed = 2606;

	(void)state;
	for (i = 0; i < 3000; i++) {
		random_zone(&seed);
		for (order = 0; order < 6; order++) {
			dns.order = order < FAKE_MIXED ? (enum fake_order)order : FAKE_MIXED;
			fake_eval(&dns, &req, &verdict);
			fake_describe(order == 0 ? first : got, sizeof(got), &verdict);
			if (order > 0)
				unit_text(
				    zone, unit_row("zone %u, order %u", i, order), got, first);
		}
		seen[verdict.result]++;
	}
	for (i = SPF_NEUTRAL; i < SPF_RESULTS; i++)
		unit_true(spf_result_name((enum spf_result)i), "seen", seen[i] > 20);
	unit_end();
}

/* eval_at_once - one pass over a table that another evaluation has filled */
static void
test_one_pass_over_all_answers(void **state)
{
	struct spf_request req = fake_request("a@d0.test", "192.0.2.1");
	struct spf_verdict verdict, again;
	struct fake_dns dns = { .zone = zone, .order = FAKE_MIXED, .seed = 7 };
	char first[FAKE_VERDICT_SIZE], got[FAKE_VERDICT_SIZE];
	struct spf_answers *answers;
	struct spf_answer *wanted;
	uint64_t seed = 4408;
	unsigned i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		random_zone(&seed);
		fake_eval(&dns, &req, &verdict);
		answers = spf_answers_new();
		while (!spf_eval(&req, answers, &again)) {
			wanted = spf_answers_wanted(answers);
			assert_non_null(wanted);
			spf_answers_set(
			    answers, wanted, fake_answer(zone, wanted->name, wanted->type));
		}
		/*
		 * The table has all that matters now; a pass that lacks nothing has the same
		 * verdict.
		 */
		assert_true(spf_eval(&req, answers, &again));
		unit_text(zone, unit_row("zone %u", i), fake_describe(got, sizeof(got), &again),
		    fake_describe(first, sizeof(first), &verdict));
		spf_answers_free(&answers);
	}
	unit_end();
}

/* Answers that two evaluations share are parsed once and stay as they are. */
static void
test_shared_answers(void **state)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct dns_answer *shared;
	struct spf_answers *answers;
	struct spf_verdict verdict;
	int i;

	(void)state;
	shared = fake_answer("x.test TXT v=spf1 ip4:192.0.2.1 -all\n", "x.test", DNS_TXT);
	spf_record_set_of(shared);
	for (i = 0; i < 3; i++) {
		answers = spf_answers_new();
		spf_answers_set(
		    answers, spf_answers_get(answers, "x.test", DNS_TXT), dns_answer_ref(shared));
		assert_true(spf_eval(&req, answers, &verdict));
		assert_int_equal(verdict.result, SPF_PASS);
		spf_answers_free(&answers);
	}
	assert_int_equal(shared->references, 1);
	dns_answer_unref(&shared);
}

static void
test_preparing_anything(void **state)
{
	struct dns_answer *answer = dns_answer_new(DNS_VOID);

	(void)state;
	spf_record_set_of(answer);
	spf_record_set_of(answer);
	dns_answer_unref(&answer);
	answer = fake_answer("x.test TXT v=spf1 moo\nx.test TXT words\n", "x.test", DNS_TXT);
	spf_record_set_of(answer);
	spf_record_set_of(answer);
	dns_answer_unref(&answer);
	answer = fake_answer("x.test TXT v=spf1\nx.test TXT v=spf1\n", "x.test", DNS_TXT);
	spf_record_set_of(answer);
	dns_answer_unref(&answer);
}

/* The weakest answer that a verdict rests on, and no other (DNSSEC). */
static void
test_security(void **state)
{
	static const char signed_zone[] =
	    "plain.test TXT v=spf1 a -all\n"
	    "plain.test A 192.0.2.1\n"
	    "safe.test TXT !secure\n"
	    "safe.test TXT v=spf1 a:h.safe.test -all\n"
	    "h.safe.test A !secure\n"
	    "h.safe.test A 192.0.2.1\n"
	    "half.test TXT !secure\n"
	    "half.test TXT v=spf1 a:plain.test -all\n"
	    "inc.test TXT !secure\n"
	    "inc.test TXT v=spf1 include:plain.test -all\n"
	    "unneeded.test TXT !secure\n"
	    "unneeded.test TXT v=spf1 ip4:192.0.2.1 a:plain.test -all\n"
	    "ahead.test TXT !secure\n"
	    "ahead.test TXT v=spf1 a:h.safe.test a:fake.test -all\n"
	    "void.test TXT !secure\n"
	    "void.test TXT v=spf1 a:gone.test -all\n"
	    "fake.test TXT !bogus\n"
	    "fake.test A !bogus\n"
	    "fake-a.test TXT !secure\n"
	    "fake-a.test TXT v=spf1 a:fake.test -all\n"
	    "fake-in.test TXT v=spf1 include:fake.test -all\n"
	    "fake-red.test TXT v=spf1 redirect=fake.test\n"
	    "sick.test TXT !\n"
	    "none.test TXT !secure\n"
	    "none.test TXT no policy\n";
#define BOGUS "DNSSEC validation failed for the"
	static const struct {
		const char *domain;
		enum spf_result result;
		enum dns_security security;
		const char *problem;
	} rows[] = {
		{ "plain.test", SPF_PASS, DNS_INSECURE, "" },
		{ "safe.test", SPF_PASS, DNS_SECURE, "" },
		{ "half.test", SPF_PASS, DNS_INSECURE, "" },
		{ "inc.test", SPF_PASS, DNS_INSECURE, "" },
		{ "unneeded.test", SPF_PASS, DNS_SECURE, "" },
		{ "ahead.test", SPF_PASS, DNS_SECURE, "" },
		{ "void.test", SPF_FAIL, DNS_INSECURE, "" },
		{ "fake.test", SPF_TEMPERROR, DNS_BOGUS, BOGUS " TXT records of fake.test" },
		{ "fake-a.test", SPF_TEMPERROR, DNS_BOGUS, BOGUS " A records of fake.test" },
		{ "fake-in.test", SPF_TEMPERROR, DNS_BOGUS, BOGUS " TXT records of fake.test" },
		{ "fake-red.test", SPF_TEMPERROR, DNS_BOGUS, BOGUS " TXT records of fake.test" },
		{ "sick.test", SPF_TEMPERROR, DNS_INSECURE,
		    "SERVFAIL for the TXT records of sick.test" },
		{ "none.test", SPF_NONE, DNS_SECURE, "" },
		{ "localhost", SPF_NONE, DNS_INSECURE, "" },
	};
	struct fake_dns dns = { .zone = signed_zone, .seed = 4033 };
	struct spf_verdict verdict;
	struct spf_request req;
	unsigned order;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		req = fake_request(rows[i].domain, "192.0.2.1");
		for (order = 0; order < 8; order++) {
			dns.order = order < FAKE_MIXED ? (enum fake_order)order : FAKE_MIXED;
			fake_eval(&dns, &req, &verdict);
			unit_int(rows[i].domain, "result", verdict.result, rows[i].result);
			unit_text(rows[i].domain, "security", dns_security_name(verdict.security),
			    dns_security_name(rows[i].security));
			unit_text(rows[i].domain, "problem", verdict.problem, rows[i].problem);
		}
	}
	unit_end();
}

/* The problem names what failed, and in whose record, for a reader of the log. */
static void
test_problems_name_the_culprit(void **state)
{
	static const char culprits[] = "broken.test TXT v=spf1 moo -all\n"
				       "two.test TXT v=spf1 -all\ntwo.test TXT v=spf1 +all\n"
				       "in.test TXT v=spf1 include:broken.test -all\n"
				       "in-two.test TXT v=spf1 include:two.test -all\n"
				       "in-gone.test TXT v=spf1 include:gone.test -all\n"
				       "red-gone.test TXT v=spf1 redirect=gone.test\n"
				       "red-odd.test TXT v=spf1 redirect=%{l}.test\n"
				       "red.test TXT v=spf1 redirect=BROKEN.test\n"
				       "odd.test TXT v=spf1 exists:%{l}.odd.test -all\n"
				       "x\\042y<z\\001.odd.test A !\n";
	static const struct fake_row rows[] = {
		{ "a@broken.test", "192.0.2.1", "permerror moo 0/0 unknown mechanism" },
		{ "a@BROKEN.test", "192.0.2.1", "permerror moo 0/0 unknown mechanism" },
		{ "a@two.test", "192.0.2.1", "permerror 0/0 more than one SPF record" },
		{ "a@in.test", "192.0.2.1",
		    "permerror include:broken.test 1/0 unknown mechanism in the record of "
		    "broken.test" },
		{ "a@in-two.test", "192.0.2.1",
		    "permerror include:two.test 1/0 more than one SPF record at two.test" },
		{ "a@in-gone.test", "192.0.2.1",
		    "permerror include:gone.test 1/0 include of a domain without a record: "
		    "gone.test" },
		{ "a@red-gone.test", "192.0.2.1",
		    "permerror 1/0 redirect to a domain without a record: gone.test" },
		{ "\374@red-odd.test", "192.0.2.1",
		    "permerror 1/0 redirect to a domain without a record" },
		{ "a@red.test", "192.0.2.1",
		    "permerror moo 1/0 unknown mechanism in the record of BROKEN.test" },
		{ "x\"y<z\001@odd.test", "192.0.2.1",
		    "temperror exists:%{l}.odd.test 1/0 SERVFAIL for the A records of "
		    "x?y?z?.odd.test" },
	};

	(void)state;
	fake_check_rows(culprits, rows, COUNT(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup_limit),
		cmocka_unit_test(test_each_term_that_counts),
		cmocka_unit_test(test_lookups_across_records),
		cmocka_unit_test(test_lookup_limit_of_settings),
		cmocka_unit_test(test_match_ends_the_counting),
		cmocka_unit_test(test_void_limit),
		cmocka_unit_test(test_voids_across_records),
		cmocka_unit_test(test_void_limit_of_settings),
		cmocka_unit_test(test_what_is_not_void),
		cmocka_unit_test(test_mx_limit),
		cmocka_unit_test(test_ptr_limit),
		cmocka_unit_test(test_dns_errors),
		cmocka_unit_test(test_loops_end),
		cmocka_unit_test(test_independent_questions_go_together),
		cmocka_unit_test(test_questions_are_asked_once),
		cmocka_unit_test(test_speculation_is_thrown_away),
		cmocka_unit_test(test_more_questions_than_matter),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_huge_records),
		cmocka_unit_test(test_any_order_of_any_zone),
		cmocka_unit_test(test_one_pass_over_all_answers),
		cmocka_unit_test(test_shared_answers),
		cmocka_unit_test(test_preparing_anything),
		cmocka_unit_test(test_security),
		cmocka_unit_test(test_problems_name_the_culprit),
	};

	return cmocka_run_group_tests_name("spf_eval_dns", tests, NULL, NULL);
}
