/* SPDX-License-Identifier: ISC */
#include "tests/unit/json_case.h"

#include "common/buffer.h"
#include "srsd/ctl/spf_tree.h"

static const struct terminal pipe_like = { .width = 0 };
static const struct terminal unicode = { .unicode = true };
static const struct terminal colour = { .unicode = true, .colour = true };
static const struct terminal narrow = { .width = 50 };

/* The parts of reports, with apostrophes as quotation marks. */
#define ANSWER(type, name, records, more)                                           \
	"{'name':'" name "','type':'" type "','status':'found','records':[" records \
	"],'asked_ms':1" more "}"
#define QUICK ",'answered_ms':4,'cached':false,'given':false"
#define CACHED ",'answered_ms':1,'cached':true,'given':false"
#define RECORD(depth, domain, outcome, more, dns)                                                  \
	"{'depth':" depth ",'domain':'" domain "','term':'','outcome':'" outcome "','problem':''," \
	"'decides':false" more ",'dns':[" dns "]}"
#define TERM(depth, term, outcome, more, dns)                                                 \
	"{'depth':" depth ",'domain':'x.test','term':'" term "','outcome':'" outcome "'" more \
	",'dns':[" dns "]}"
#define COST(lookups, total) ",'lookups':" lookups ",'lookups_total':" total ",'voids':0"
#define VOID(voids, total) ",'voids':" voids ",'voids_total':" total
#define DECIDES ",'decides':true"
#define IDENTITY(result, more, terms)                                                         \
	"{'identity':'mailfrom','domain':'x.test','result':'" result "','dnssec':'insecure'," \
	"'time_ms':12,'lookups':3,'lookup_limit':10,'voids':0,'void_limit':2" more            \
	",'terms':[" terms "]}"
#define REPORT(identity) "{'identities':[" identity "]}"
#define TOTALS "  lookups 3 of 10, void 0 of 2, 12 ms, dnssec insecure\n"

#define SPF_X "'v=spf1 include:i.test -all'"

/* A record with an include, and the term that decides. */
#define NESTED                                                                                     \
	REPORT(IDENTITY("fail", ",'mechanism':'-all'",                                             \
	    RECORD("0", "x.test", "found", "",                                                     \
		ANSWER("TXT", "x.test", "'words'," SPF_X, QUICK)) "," TERM("0", "include:i.test",  \
		"no match", COST("2", "2"), "") "," RECORD("1", "i.test", "found", "",             \
		ANSWER("TXT", "i.test", "'v=spf1 a ?all'", CACHED)) "," TERM("1", "a", "no match", \
		COST("1", "2"),                                                                    \
		ANSWER("A", "i.test", "'192.0.2.7','192.0.2.8'", QUICK)) "," TERM("1", "?all",     \
		"match", "", "") "," TERM("0", "-all", "match", DECIDES, "")))

struct tree_row {
	const char *name, *report;
	const struct terminal *terminal;
	const char *want;
};

/* draw - the tree of a report, to be freed */
static char *
draw(const char *report, const struct terminal *terminal)
{
	char *text = strdup(report), *s, *drawn;
	struct buffer out = { NULL, 0, 0 };
	json_t *json;

	assert_non_null(text);
	for (s = text; *s != '\0'; s++)
		if (*s == '\'')
			*s = '"';
	json = json_case_read(text);
	spf_tree_add(&out, json, terminal);
	buffer_add(&out, "", 1);
	drawn = unit_copy(out.data, out.len);
	buffer_free(&out);
	json_decref(json);
	free(text);
	return drawn;
}

static void
check_rows(const struct tree_row *rows, size_t n)
{
	char *got;
	size_t i;

	for (i = 0; i < n; i++) {
		got = draw(rows[i].report, rows[i].terminal);
		unit_text(rows[i].name, "tree", got, rows[i].want);
		free(got);
	}
	unit_end();
}

static void
test_branches(void **state)
{
	static const struct tree_row rows[] = {
		{ "ASCII", NESTED, &pipe_like,
		    "mailfrom x.test: fail by -all\n" TOTALS "  record of x.test: found\n"
		    "  |  TXT x.test \"v=spf1 include:i.test -all\" and 1 other text"
		    "  (3 ms, at 1 ms)\n"
		    "  |- include:i.test: no match  [lookups 1-2]\n"
		    "  |  |  TXT i.test \"v=spf1 a ?all\"  (cached)\n"
		    "  |  |- a: no match  [lookup 2]\n"
		    "  |  |     A i.test 192.0.2.7, 192.0.2.8  (3 ms, at 1 ms)\n"
		    "  |  `- ?all: match, neutral\n"
		    "  `- -all: match, fail  <- decides\n" },
		{ "Unicode", NESTED, &unicode,
		    "mailfrom x.test: fail by -all\n" TOTALS "  record of x.test: found\n"
		    "  \342\224\202  TXT x.test \"v=spf1 include:i.test -all\" and 1 other text"
		    "  (3 ms, at 1 ms)\n"
		    "  \342\224\234\342\224\200 include:i.test: no match  [lookups 1-2]\n"
		    "  \342\224\202  \342\224\202  TXT i.test \"v=spf1 a ?all\"  (cached)\n"
		    "  \342\224\202  \342\224\234\342\224\200 a: no match  [lookup 2]\n"
		    "  \342\224\202  \342\224\202     A i.test 192.0.2.7, 192.0.2.8"
		    "  (3 ms, at 1 ms)\n"
		    "  \342\224\202  \342\224\224\342\224\200 ?all: match, neutral\n"
		    "  \342\224\224\342\224\200 -all: match, fail  \342\206\220 decides\n" },
		{ "wrapped", NESTED, &narrow,
		    "mailfrom x.test: fail by -all\n"
		    "  lookups 3 of 10, void 0 of 2, 12 ms, dnssec\n"
		    "      insecure\n"
		    "  record of x.test: found\n"
		    "  |  TXT x.test \"v=spf1 include:i.test -all\" and 1\n"
		    "  |    other text  (3 ms, at 1 ms)\n"
		    "  |- include:i.test: no match  [lookups 1-2]\n"
		    "  |  |  TXT i.test \"v=spf1 a ?all\"  (cached)\n"
		    "  |  |- a: no match  [lookup 2]\n"
		    "  |  |     A i.test 192.0.2.7, 192.0.2.8  (3 ms,\n"
		    "  |  |       at 1 ms)\n"
		    "  |  `- ?all: match, neutral\n"
		    "  `- -all: match, fail  <- decides\n" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* The target of a redirect is below it, although its depth in the report is the same. */
static void
test_redirect(void **state)
{
	static const struct tree_row rows[] = {
		{ "redirect",
		    REPORT(IDENTITY("pass", "",
			RECORD("0", "x.test", "found", "", "") "," TERM(
			    "0", "include:i.test", "no match", COST("3", "3"), "") "," RECORD("1",
			    "i.test", "found", "", "") "," TERM("1", "redirect=j.test", "followed",
			    COST("2", "3"), "") "," RECORD("1", "j.test", "found", "",
			    "") "," TERM("1", "mx", "no match", COST("1", "3"), "") "," TERM("0",
			    "redirect=r.test", "followed", COST("1", "4"), "") "," RECORD("0",
			    "r.test", "found", "", "") "," TERM("0", "ip4:192.0.2.1", "no match",
			    "", "") "," TERM("0", "+all", "match", DECIDES, ""))),
		    &pipe_like,
		    "mailfrom x.test: pass\n" TOTALS "  record of x.test: found\n"
		    "  |- include:i.test: no match  [lookups 1-3]\n"
		    "  |  `- redirect=j.test: followed  [lookups 2-3]\n"
		    "  |     `- mx: no match  [lookup 3]\n"
		    "  `- redirect=r.test: followed  [lookup 4]\n"
		    "     |- ip4:192.0.2.1: no match\n"
		    "     `- +all: match, pass  <- decides\n" },
		{ "redirect to nothing",
		    REPORT(IDENTITY("permerror", "",
			RECORD("0", "x.test", "found", "", "") "," TERM("0", "redirect=r.test",
			    "followed", COST("1", "1"),
			    "") ","
				"{'depth':0,'domain':'r.test','term':'','outcome':'void',"
				"'problem':'redirect to a domain without a record','decides':true,'dns':["
				"{'name':'r.test','type':'TXT','status':'void','records':[],'asked_ms':2,"
				"'answered_ms':2}]}")),
		    &pipe_like,
		    "mailfrom x.test: permerror\n" TOTALS "  record of x.test: found\n"
		    "  `- redirect=r.test: followed  [lookup 1]\n"
		    "        record of r.test: no record, redirect to a domain without a record"
		    "  <- decides\n"
		    "        TXT r.test no record  (0 ms, at 2 ms)\n" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_costs(void **state)
{
	static const struct tree_row rows[] = {
		{ "limits",
		    REPORT(IDENTITY("permerror", ",'mechanism':'a:z.test','problem':'too many'",
			TERM("0", "a:v.test", "no match",
			    ",'lookups':1,'lookups_total':10" VOID("1", "2"),
			    "") "," TERM("0", "include:i.test", "no match",
			    ",'lookups':4,'lookups_total':10" VOID("2", "2"),
			    "") "," TERM("0", "exists:v.test", "no match", VOID("1", "1"),
			    "") "," TERM("0", "a:z.test", "permerror",
			    ",'problem':'too many','lookups':1,'lookups_total':11" VOID("1", "3"),
			    ""))),
		    &pipe_like,
		    "mailfrom x.test: permerror by a:z.test, too many\n" TOTALS
		    "  |- a:v.test: no match  [lookup 10, void 2]\n"
		    "  |- include:i.test: no match  [lookups 7-10, voids 1-2]\n"
		    "  |- exists:v.test: no match  [void 1]\n"
		    "  `- a:z.test: permerror, too many  [lookup 11 of 10, void 3 of 2]\n" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_remarks(void **state)
{
	static const struct tree_row rows[] = {
		{ "all",
		    REPORT(IDENTITY("neutral",
			",'mechanism':'default','explanation':'not ours','native':'neutral',"
			"'libspf2':'pass','engines_agree':false,'varies':true",
			"")),
		    &pipe_like,
		    "mailfrom x.test: neutral by default, no term matched\n"
		    "  explanation: not ours\n" TOTALS
		    "  native neutral, libspf2 pass: they differ\n"
		    "  a different local part or HELO name may get a different result"
		    " (%{s}, %{l}, %{h})\n" },
		{ "hint",
		    REPORT(IDENTITY("none", "",
			RECORD("0", "x.test", "found", ",'hint':'looks like'",
			    ANSWER("TXT", "x.test", "'v=spf1;','words'", QUICK)))),
		    &pipe_like,
		    "mailfrom x.test: none, the domain has no SPF record\n" TOTALS
		    "  record of x.test: no v=spf1 among 2 TXT records\n"
		    "     TXT x.test \"v=spf1;\", \"words\"  (3 ms, at 1 ms)\n"
		    "     hint: TXT x.test looks like\n" },
		{ "no name",
		    REPORT(IDENTITY("none", "",
			"{'depth':0,'domain':'x.test','term':'','outcome':'void','problem':'',"
			"'decides':true,'dns':[{'name':'x.test','type':'TXT','status':'void',"
			"'no_name':true,'records':[],'asked_ms':2,'answered_ms':2}]}")),
		    &pipe_like,
		    "mailfrom x.test: none, the domain has no SPF record\n" TOTALS
		    "  record of x.test: NXDOMAIN  <- decides\n"
		    "     TXT x.test NXDOMAIN  (0 ms, at 2 ms)\n" },
		{ "no domain", REPORT(IDENTITY("none", "", "")), &pipe_like,
		    "mailfrom x.test: none, this is not a domain that can have an SPF record\n" TOTALS },
		{ "of a term",
		    REPORT(IDENTITY("permerror", "",
			RECORD("0", "x.test", "found", "", "") "," TERM(
			    "0", "ip:192.0.2.1", "permerror", ",'hint':'ip4 is meant'", ""))),
		    &pipe_like,
		    "mailfrom x.test: permerror\n" TOTALS "  record of x.test: found\n"
		    "  `- ip:192.0.2.1: permerror\n"
		    "        hint: ip4 is meant\n" },
		{ "times",
		    REPORT(IDENTITY("temperror", "",
			RECORD("0", "x.test", "found", "",
			    ANSWER("TXT", "x.test", SPF_X,
				",'answered_ms':1,'cached':false,'given':true")) "," TERM("0",
			    "a:s.test", "temperror", "",
			    "{'name':'s.test','type':'A','status':'waiting','asked_ms':7}"))),
		    &pipe_like,
		    "mailfrom x.test: temperror\n" TOTALS "  record of x.test: found\n"
		    "  |  TXT x.test \"v=spf1 include:i.test -all\"  (from --record)\n"
		    "  `- a:s.test: temperror\n"
		    "        A s.test waiting  (asked at 7 ms, no answer)\n" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_addresses(void **state)
{
	static const struct tree_row rows[] = {
		{ "some",
		    "{'for':'x.test','addresses':[{'ip':'192.0.2.1','identities':[" IDENTITY("pass",
			",'mechanism':'mx'",
			"") "]},"
			    "{'ip':'192.0.2.2','hint':'add it','identities':[" IDENTITY("fail",
				",'mechanism':'-all'",
				RECORD("0", "x.test", "found", "", "") "," TERM("0", "-all",
				    "match", DECIDES, "")) "]},"
							   "{'ip':'192.0.2.3','identities':[]}]}",
		    &pipe_like,
		    "mail that is forwarded under x.test: pass for 1 of 3 outbound addresses\n"
		    "  192.0.2.1: pass by mx\n"
		    "  " TOTALS "  192.0.2.2: fail by -all\n"
		    "  " TOTALS "    hint: add it\n"
		    "    record of x.test: found\n"
		    "    `- -all: match, fail  <- decides\n"
		    "  192.0.2.3: not evaluated: the DNS is too slow\n" },
		{ "one",
		    "{'for':'x.test','addresses':[{'ip':'192.0.2.1','identities':[" IDENTITY(
			"pass", "", "") "]}]}",
		    &pipe_like,
		    "mail that is forwarded under x.test: pass for 1 of 1 outbound address\n"
		    "  192.0.2.1: pass\n"
		    "  " TOTALS },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_colours(void **state)
{
	static const struct tree_row rows[] = {
		{ "fail",
		    REPORT(IDENTITY("fail", "",
			RECORD("0", "x.test", "found", "",
			    ANSWER("TXT", "x.test", "'v=spf1'", CACHED)) "," TERM("0", "-all",
			    "match", DECIDES, ""))),
		    &colour,
		    "\033[1;31mmailfrom x.test: fail\033[0m\n" TOTALS "  record of x.test: found\n"
		    "  \342\224\202  \033[2mTXT x.test \"v=spf1\"  (cached)\033[0m\n"
		    "  \342\224\224\342\224\200 "
		    "\033[1;31m-all: match, fail  \342\206\220 decides\033[0m\n" },
		{ "pass", REPORT(IDENTITY("pass", "", "")), &colour,
		    "\033[1;32mmailfrom x.test: pass\033[0m\n" TOTALS },
		{ "softfail", REPORT(IDENTITY("softfail", "", "")), &colour,
		    "\033[1;33mmailfrom x.test: softfail\033[0m\n" TOTALS },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Whatever a daemon replies: nothing, other types, depths without an end. */
static void
test_odd_reports(void **state)
{
	static const struct tree_row rows[] = {
		{ "empty", "{}", &pipe_like, "" },
		{ "types", "{'identities':[7,[],{'terms':{}},{'terms':[7,{'dns':[[]]}]}]}",
		    &pipe_like,
		    " : \n  lookups 0 of 0, void 0 of 0, 0 ms, dnssec \n"
		    " : \n  lookups 0 of 0, void 0 of 0, 0 ms, dnssec \n"
		    " : \n  lookups 0 of 0, void 0 of 0, 0 ms, dnssec \n"
		    " : \n  lookups 0 of 0, void 0 of 0, 0 ms, dnssec \n"
		    "  record of : \n"
		    "         (asked at 0 ms, no answer)\n" },
		{ "addresses", "{'addresses':7}", &pipe_like,
		    "mail that is forwarded under : pass for 0 of 0 outbound addresses\n" },
		{ "depths",
		    REPORT(IDENTITY("", "",
			TERM("99999999999", "a", "", "", "") "," TERM(
			    "-1", "b", "", "", "") "," TERM("5", "c", "", "", ""))),
		    &pipe_like,
		    "mailfrom x.test: \n" TOTALS "  |- a: \n"
		    "  |- b: \n"
		    "  `- c: \n" },
		{ "long word",
		    REPORT(IDENTITY("pass",
			",'explanation':'"
			"0123456789012345678901234567890123456789012345678901234567890123456789"
			" and'",
			"")),
		    &narrow,
		    "mailfrom x.test: pass\n"
		    "  explanation:\n"
		    "      0123456789012345678901234567890123456789012345678901234567890123456789\n"
		    "      and\n"
		    "  lookups 3 of 10, void 0 of 2, 12 ms, dnssec\n"
		    "      insecure\n" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* A chain of redirects and includes that no limit ends: lines stay within the deepest level. */
static void
test_deep(void **state)
{
	static const char step[] = TERM("0", "redirect=x.test", "followed", "", "") "," RECORD(
	    "0", "x.test", "found", "", "") ",";
	size_t i, n = 500;
	char *report = malloc(n * sizeof(step) + 1000), *s = report, *got, *line;

	(void)state;
	assert_non_null(report);
	s += sprintf(s, "{'identities':[{'terms':[");
	for (i = 0; i < n; i++)
		s += sprintf(s, "%s", step);
	sprintf(s, "7]}]}");
	got = draw(report, &narrow);
	for (i = 0, line = strtok(got, "\n"); line != NULL; i++, line = strtok(NULL, "\n"))
		unit_true(unit_row("line %zu", i), "length", strlen(line) < 400);
	unit_true("all", "lines", i >= n);
	free(got);
	free(report);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_branches),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_remarks),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_colours),
		cmocka_unit_test(test_odd_reports),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests_name("spf_tree", tests, NULL, NULL);
}
