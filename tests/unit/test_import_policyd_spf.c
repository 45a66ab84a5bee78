/* SPDX-License-Identifier: ISC */
#include "tests/unit/import_text.h"
#include "tests/unit/unit_dir.h"

#include "common/buffer.h"
#include "conf/config.h"
#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_difference.h"
#include "srsd/ctl/import/import_policyd_spf.h"

/* The file of Per_User; NULL: it does not exist. */
static const char *users;

static char *
read_users(const char *path, const char **why)
{
	assert_string_equal(path, "/USERS");
	*why = "no such file";
	return users == NULL ? NULL : strdup(users);
}

/* The value that keeps the behaviour of policyd-spf, and the value that the file asks for. */
struct choice_row {
	const char *text;
	const char *line;        /* "name = value" */
	const char *alternative; /* the same; NULL: no choice */
	const char *reason;      /* a part of the output; NULL: not checked */
};

static void
check_choice(const struct choice_row *row)
{
	struct import *im = import_new();
	char *name = strndup(row->line, strcspn(row->line, " ")), *line, *text, *offer = NULL;

	import_policyd_spf(im, "FILE", row->text, read_users);
	line = import_option_line(im, import_option("spf", name));
	unit_text(row->text, "value", line, row->line);
	text = import_text_print(im);
	unit_int(row->text, "choices", (long long)import_count(im, REMARK_CHOICE),
	    row->alternative == NULL ? 0 : 1);
	if (row->alternative != NULL && asprintf(&offer, "\n\t#%s\n", row->alternative) > 0)
		unit_holds(row->text, "output", text, offer);
	if (row->reason != NULL)
		unit_holds(row->text, "output", text, row->reason);
	free(offer);
	free(text);
	free(line);
	free(name);
	import_free(&im);
}

static void
check_choices(const struct choice_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_choice(&rows[i]);
	unit_end();
}

static void
test_words(void **state)
{
	static const struct choice_row rows[] = {
		{ "HELO_reject = SPF_Not_Pass", "helo-reject = \"spf-not-pass\"", NULL, NULL },
		{ "HELO_reject = Null", "helo-reject = \"null\"", NULL, NULL },
		{ "HELO_reject = fail", "helo-reject = \"false\"", "helo-reject = \"fail\"",
		    "FILE:1 HELO_reject: policyd-spf does not know the value 'fail' and rejected "
		    "nothing\n" },
		{ "HELO_reject = Faill", "helo-reject = \"false\"", NULL, "the value 'Faill'" },
		{ "Mail_From_reject = Null", "mail-from-reject = \"false\"", NULL, NULL },
		{ "Mail_From_reject = Softfail", "mail-from-reject = \"softfail\"", NULL, NULL },
		{ "PermError_reject = True", "permerror-reject = true", NULL, NULL },
		{ "PermError_reject = true", "permerror-reject = false", "permerror-reject = true",
		    "policyd-spf accepts only True, and treated 'true' as False\n" },
		{ "TempError_Defer = no", "temperror-defer = false", NULL, NULL },
		{ "No_Mail = 1", "no-mail = false", "no-mail = true", NULL },
		{ "Header_Type = SPF", "header = \"received-spf\"", NULL, NULL },
		{ "Header_Type = AR", "header = \"authentication-results\"", NULL, NULL },
		{ "Header_Type = None", "header = \"none\"", NULL, NULL },
		{ "Header_Type = SPF,AR", "header = \"both\"", NULL,
		    "With both, policyd-spf failed, and Postfix deferred all mail.\n" },
		{ "Header_Type = none", "header = \"received-spf\"", "header = \"none\"",
		    "with 'none' it added Received-SPF\n" },
		{ "", "hide-receiver = false", NULL,
		    "# policyd-spf's default for Hide_Receiver\n" },
		{ "Hide_Receiver = No", "hide-receiver = false", NULL, NULL },
		{ "Hide_Receiver = Yes", "hide-receiver = true", NULL, NULL },
		{ "Hide_Receiver = true", "hide-receiver = true", NULL, NULL },
		{ "Hide_Receiver = no", "hide-receiver = true", "hide-receiver = false",
		    "policyd-spf accepts only No; with 'no' it hid the receiver\n" },
		{ "Authserv_Id = mx.a.test", "authserv-id = \"mx.a.test\"", NULL, NULL },
		{ "Prospective = 192.0.2.9", "prospective = \"192.0.2.9\"", NULL,
		    "With this option policyd-spf added no header; srsd does.\n" },
	};

	(void)state;
	check_choices(rows, COUNT(rows));
}

/* HOSTNAME is the host's name, which is the default of srsd. */
static void
test_authserv_id(void **state)
{
	struct import *im = import_new(), *defaults = import_new();
	const struct conf_option *o = import_option("spf", "authserv-id");
	char *got, *want = import_option_line(defaults, o);

	(void)state;
	import_policyd_spf(im, "FILE", "Authserv_Id = HOSTNAME", read_users);
	got = import_option_line(im, o);
	unit_text("HOSTNAME", "value", got, want);
	free(got);
	free(want);
	import_free(&defaults);
	import_free(&im);
	unit_end();
}

static void
test_numbers(void **state)
{
	static const struct choice_row rows[] = {
		{ "Lookup_Time = 15", "lookup-time = 15", NULL,
		    "srsd applies this limit to HELO and MAIL FROM together, policyd-spf to each.\n" },
		{ "Lookup_Time = 0", "lookup-time = 1", NULL,
		    "The value was 0; srsd accepts 1 to 90.\n" },
		{ "Lookup_Time = 100", "lookup-time = 90", NULL, "The value was 100;" },
		{ "Lookup_Time = 3s", "lookup-time = 20", NULL,
		    "FILE:1 Lookup_Time: '3s' is not a number: policyd-spf did not start, and Postfix "
		    "deferred all mail\n" },
		{ "Lookup_Time =", "lookup-time = 20", NULL, "'' is not a number" },
		{ "Void_Limit = 4 # more", "void-limit = 4", NULL, NULL },
		{ "TestOnly = 1", "test-only = false", NULL, NULL },
		{ "TestOnly = 0", "test-only = true", NULL,
		    "policyd-spf added no header to mail that it would have rejected. srsd adds one, "
		    "with the action that it would have taken.\n" },
		{ "TestOnly = x", "test-only = false", NULL, "TestOnly: 'x' is not a number" },
		{ "defaultSeedOnly = 0", "test-only = false", "test-only = true",
		    "policyd-spf ignores this option, so it did reject mail\n" },
		{ "defaultSeedOnly = 1", "test-only = false", NULL,
		    "FILE:1 defaultSeedOnly: policyd-spf ignores this option\n" },
		{ "defaultSeedOnly = x", "test-only = false", NULL, "'x' is not a number" },
	};

	(void)state;
	check_choices(rows, COUNT(rows));
}

static void
test_networks(void **state)
{
	static const struct choice_row rows[] = {
		{ "skip_addresses = 127.0.0.0/8,::1",
		    "skip-addresses = {\"127.0.0.0/8\", \"::1/128\"}", NULL, NULL },
		{ "skip_addresses =", "skip-addresses = {}", NULL, NULL },
		{ "Whitelist = 192.0.2.0/255.255.255.0,198.51.100.0/0.0.0.255,192.0.2.1/0.0.0.0",
		    "whitelist = {\"192.0.2.0/24\", \"198.51.100.0/24\"}",
		    "whitelist = {\"192.0.2.0/24\", \"198.51.100.0/24\", \"192.0.2.1/0\"}",
		    "policyd-spf does not accept '192.0.2.1/0' as a network, and ignored it and the "
		    "rest of the list\n" },
		{ "Whitelist = 192.0.2.0/255.0.255.0", "whitelist = {}", NULL,
		    "FILE:1 Whitelist: '192.0.2.0/255.0.255.0' is not a network\n" },
		{ "Whitelist = 192.0.2.1,\t192.0.2.2 ,", "whitelist = {\"192.0.2.1/32\"}",
		    "whitelist = {\"192.0.2.1/32\", \"192.0.2.2/32\"}", NULL },
		{ "Whitelist = 192.0.2.1/24", "whitelist = {}", "whitelist = {\"192.0.2.1/24\"}",
		    NULL },
		{ "Whitelist = mx.a.test,192.0.2.2", "whitelist = {}",
		    "whitelist = {\"192.0.2.2/32\"}", "'mx.a.test' is not a network\n" },
		{ "Whitelist = ::ffff:192.0.2.0/120,192.0.2.0/25",
		    "whitelist = {\"192.0.2.0/24\", \"192.0.2.0/25\"}", NULL, NULL },
	};

	(void)state;
	check_choices(rows, COUNT(rows));
}

static void
test_names(void **state)
{
	static const struct choice_row rows[] = {
		{ "HELO_Whitelist = a.test,b.test", "helo-whitelist = {\"a.test\", \"b.test\"}",
		    NULL, NULL },
		{ "HELO_Whitelist =", "helo-whitelist = {}", NULL, NULL },
		{ "HELO_Whitelist = a.test, b.test", "helo-whitelist = {\"a.test\"}",
		    "helo-whitelist = {\"a.test\", \"b.test\"}",
		    "policyd-spf never matches a name with a blank before or after it\n" },
		{ "HELO_Whitelist = a.test\t,b.test", "helo-whitelist = {\"b.test\"}",
		    "helo-whitelist = {\"a.test\", \"b.test\"}", NULL },
		{ "Domain_Whitelist = a b,,c.test", "domain-whitelist = {\"c.test\"}", NULL,
		    "FILE:1 Domain_Whitelist: 'a b' is not a domain" },
		{ "Domain_Whitelist_PTR = .a.test,b.test",
		    "domain-whitelist-ptr = {\"a.test\", \"b.test\"}", NULL,
		    "# srsd compares whole labels, and only names that resolve to the client's address." },
		{ "Reject_Not_Pass_Domains = a.test", "reject-not-pass-domains = {\"a.test\"}",
		    NULL,
		    "# srsd includes subdomains. policyd-spf matches the domain and its parents.\n" },
	};

	(void)state;
	check_choices(rows, COUNT(rows));
}

static void
test_message(void **state)
{
	static const struct choice_row rows[] = {
		{ "Reason_Message = Not {rejectdefer}: {spf}",
		    "reason-message = \"Not rejected: {reason}\"", NULL, NULL },
		{ "Reason_Message = {rejectdefer}: {spf}\nTempError_Defer = True",
		    "reason-message = \"not accepted: {reason}\"", NULL,
		    "# 'not accepted' replaces {rejectdefer}, because temperror-defer may defer mail.\n" },
		{ "Reason_Message = no\nTempError_Defer = True", "reason-message = \"no\"", NULL,
		    NULL },
		{ "Reason_Message = one\nReason_Message = two", "reason-message = \"two\"", NULL,
		    "# FILE:2 Reason_Message\n" },
		{ "Reason_Message = See {url}! {spf}; ask us",
		    "reason-message = \"{reason}; ask us\"", NULL,
		    "# Without the sentence that contains {url}: unless Reason_URL is set, it is a "
		    "link to openspf.net, a site that no longer exists.\n" },
		{ "Reason_Message = see {url}", "reason-message = \"\"", NULL, NULL },
		{ "Reason_Message = no {x} {url}", "reason-message = \"\"", NULL, NULL },
		{ "Reason_Message = no {x}", "reason-message = \"\"", NULL,
		    "FILE:1 Reason_Message: reason-message: " },
		{ "reason_message = {rejectdefer}", "reason-message = \"\"",
		    "reason-message = \"rejected\"",
		    "policyd-spf accepts only the spelling Reason_Message, and ignored this line\n" },
	};

	(void)state;
	check_choices(rows, COUNT(rows));
}

/* Each line appears in the output, whatever it contains. */
static void
test_lines(void **state)
{
	static const struct import_row rows[] = {
		{ "debugLevel = 1",
		    { "FILE:1 debugLevel: 1: srsd logs one line for each decision" }, NULL },
		{ "Socket = y", { "y: an option of pyspf-milter, not of policyd-spf\n" }, NULL },
		{ "QueueID = True", { "FILE:1 QueueID: policyd-spf has no such option either\n" },
		    NULL },
		{ "socket = y", { "FILE:1 socket: policyd-spf has no such option either\n" },
		    NULL },
		{ "a = b = c",
		    { "FILE:1: a = b = c: policyd-spf ignores a line unless it has exactly one '='\n" },
		    NULL },
		{ "Reason_URL = https://spf.test/?s={0}&r={3}",
		    { "FILE:1 Reason_URL: https://spf.test/?s={0}&r={3}: srsd has no separate link. "
		      "Write one in reason-message" },
		    "ignores a line" },
		{ "reason_url = a=b", { "FILE:1: reason_url = a=b: policyd-spf ignores a line" },
		    NULL },
		{ "\n word", { "FILE:2: word: policyd-spf ignores" }, NULL },
		{ "\n \t\r\n# HELO_reject = fail\n", { "spf {" }, "Not carried over" },
		{ "\fHELO_reject\v=\tFail \r\n",
		    { "\n\thelo-reject = \"fail\"\t# FILE:1 HELO_reject\n" }, "CHOOSE" },
		{ "mail_from_reject = False",
		    { "CHOOSE: FILE:1 mail_from_reject: policyd-spf accepts only the spelling "
		      "Mail_From_reject, and ignored this line\n\t#mail-from-reject = \"false\"\n" },
		    NULL },
		{ "HELO_reject = fail\nHELO_reject = Softfail",
		    { "\n\thelo-reject = \"softfail\"\t# FILE:2" }, "CHOOSE" },
	};
	struct import *im;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		import_policyd_spf(im, "FILE", rows[i].text, read_users);
		import_text_check(&im, &rows[i]);
	}
	unit_end();
}

static void
test_mock(void **state)
{
	static const struct import_row rows[] = {
		{ "Mock = False",
		    { "# CHOOSE: FILE:1 Mock: with this option, whatever its value, policyd-spf checks "
		      "nothing\n\t#helo-reject = \"fail\"\n\thelo-reject = \"no-check\"\t# FILE:1 Mock\n",
			"\n\t#mail-from-reject = \"fail\"\n\tmail-from-reject = \"no-check\"\t# FILE:1 Mock\n" },
		    NULL },
		{ "Mock = 1\nReject_Not_Pass_Domains = a.test",
		    { "\n\t#reject-not-pass-domains = {\"a.test\"}\n"
		      "\treject-not-pass-domains = {}\t# FILE:1 Mock\n" },
		    NULL },
		{ "Mock =\n", { "\n\t#helo-reject = \"fail\"\n" }, "CHOOSE" },
		{ "Mock = 1\nMock =\n", { "\n\t#helo-reject = \"fail\"\n" }, "CHOOSE" },
	};
	struct import *im;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		import_policyd_spf(im, "FILE", rows[i].text, read_users);
		import_text_check(&im, &rows[i]);
	}
	unit_end();
}

/* One line of the file of Per_User, and its section. */
static void
test_users(void **state)
{
	static const struct {
		const char *line;
		const char *want[3]; /* parts of the output */
	} rows[] = {
		{ "a@x.test,Mail_From_reject=Softfail|No_Mail=True",
		    { "\nspf \"a@x.test\" {\t# /USERS:1\n"
		      "\tmail-from-reject = \"softfail\"\t# /USERS:1 Mail_From_reject\n"
		      "\tno-mail = true\t# /USERS:1 No_Mail\n}\n" } },
		{ "# a comment\n\n  a@x.test , TempError_Defer=True # for jane\n",
		    { "\nspf \"a@x.test\" {\t# /USERS:3\n"
		      "\ttemperror-defer = true\t# /USERS:3 TempError_Defer\n}\n" } },
		{ "a@x.test,HELO_reject=fail",
		    { "\t#helo-reject = \"fail\"\n\thelo-reject = \"false\"\t# /USERS:1 HELO",
			"/USERS:1 HELO_reject: policyd-spf does not know the value 'fail' and" } },
		{ "a@x.test,HELO_reject=Fail|HELO_reject=False",
		    { "{\t# /USERS:1\n\thelo-reject = \"false\"\t# /USERS:1 HELO_reject\n}\n" } },
		{ "a@x.test,HELO_reject =False",
		    { "/USERS:1 HELO_reject : policyd-spf does not accept this option for one" } },
		{ "a@x.test,Header_Type=None|Void_Limit=5|Mail_From_pass_restriction=x",
		    { "/USERS:1 Header_Type: None: srsd has one value for all recipients",
			"/USERS:1 Void_Limit: 5: srsd has one value for all recipients",
			"/USERS:1 Mail_From_pass_restriction: x: srsd has one value" } },
		{ "a@x.test,TestOnly=0",
		    { "\t#test-only = true\n\ttest-only = false\t# /USERS:1 TestOnly\n",
			"policyd-spf does not accept this option for one recipient, and ignores" } },
		{ "a@x.test,TestOnly=1|Mock=True|Frob=1",
		    { "/USERS:1 TestOnly: policyd-spf does not accept", "/USERS:1 Mock: policyd",
			"/USERS:1 Frob: policyd-spf does not accept this option" } },
		{ "a@x.test,defaultSeedOnly=0",
		    { "\t#test-only = true\n\ttest-only = false\t# /USERS:1 defaultSeedOnly\n" } },
		{ "a@x.test,Domain_Whitelist=a.test,b.test|Reject_Not_Pass_Domains=c.test",
		    { "\tdomain-whitelist = {\"a.test\", \"b.test\"}\t# ",
			"\treject-not-pass-domains = {\"c.test\"}\t# " } },
		{ "a@x.test,Reason_Message=Go away: {spf}. See {url}",
		    { "\treason-message = \"Go away: {reason}.\"\t# /USERS:1 Reason_Message\n" } },
		{ "a@x.test,Reason_Message=Is {rejectdefer}|TempError_Defer=True",
		    { "\treason-message = \"Is not accepted\"\t# /USERS:1 Reason_Message\n" } },
		{ "a@x.test,Whitelist=192.0.2.1,192.0.2.2",
		    { "\twhitelist = {\"192.0.2.1/32\", \"192.0.2.2/32\"}\t# /USERS:1 Whitelist\n" } },
		{ "a@x.test,Whitelist=192.0.2.1,192.0.2.0/33",
		    { "\twhitelist = {\"192.0.2.1/32\"}\t# ",
			"does not accept '192.0.2.0/33' as" } },
		{ "a@x.test,skip_addresses=10.0.0.0/8",
		    { "\twhitelist = {\"10.0.0.0/8\", \"192.0.2.64/26\"}\t# /USERS:1 skip_addresses\n",
			"The networks of skip_addresses are in whitelist." } },
		{ "a@x.test,skip_addresses=10.0.0.0/8|Whitelist=192.0.2.1",
		    { "\twhitelist = {\"10.0.0.0/8\", \"192.0.2.1/32\"}\t# " } },
		{ "a@x.test,skip_addresses=127.0.0.0/8,::ffff:127.0.0.0/104,::1|No_Mail=True",
		    { "{\t# /USERS:1\n\tno-mail = true\t# /USERS:1 No_Mail\n}\n",
			"/USERS:1 skip_addresses: 127.0.0.0/8,::ffff:127.0.0.0/104,::1: clients in" } },
		{ "a@x.test,skip_addresses=10.0.0.0/8,::ffff:127.0.0.0//104",
		    { "does not accept '::ffff:127.0.0.0//104' as a network",
			"\twhitelist = {\"10.0.0.0/8\", \"192.0.2.64/26\"}\t# " } },
		{ "A@x.test,No_Mail=True",
		    { "/USERS:1: policyd-spf converts recipients to lower case, so "
		      "'A@x.test' never matches one. Write it" } },
		{ "x.test,No_Mail=True", { "/USERS:1: 'x.test' is not an address, and " } },
		{ "\"a b\"@x.test,No_Mail=True",
		    { "/USERS:1: section spf: '\"a b\"@x.test' is not" } },
		{ "a@x.test,No_Mail=True\na@x.test,HELO_reject=False",
		    { "/USERS:2: section spf: \"a@x.test\" is given twice",
			"{\t# /USERS:1\n\tno-mail = true\t# /USERS:1 No_Mail\n}\n" } },
		{ "a@x.test,No_Mail",
		    { "/USERS:1: 'No_Mail' does not have exactly one '=': policyd-spf fails, and "
		      "Postfix defers all mail for this recipient" } },
		{ "a@x.test,No_Mail=True|", { "/USERS:1: '' does not have exactly one '='" } },
		{ "a@x.test,Reason_Message=a=b", { "'Reason_Message=a=b' does not have" } },
		{ "a@x.test,Void_Limit=two", { "/USERS:1: 'Void_Limit=two' is not a number: " } },
		{ "a@x.test,", { "/USERS:1: no options: policyd-spf fails" } },
		{ "a@x.test",
		    { "/USERS:1: a@x.test: policyd-spf fails at a line without a comma" } },
	};
	char *text;
	struct import *im;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		users = rows[i].line;
		im = import_new();
		import_policyd_spf(
		    im, "FILE", "Whitelist = 192.0.2.64/26\nPer_User = text,/USERS\n", read_users);
		text = import_text_print(im);
		for (j = 0; j < COUNT(rows[i].want) && rows[i].want[j] != NULL; j++)
			unit_holds(rows[i].line, "output", text, rows[i].want[j]);
		free(text);
		import_free(&im);
	}
	users = NULL;
	unit_end();
}

/* A line that changes nothing makes no section. */
static void
test_users_without_effect(void **state)
{
	static const char *const rows[] = { "a@x.test,debugLevel=5", "a@x.test,Header_Type=None",
		"A@x.test,No_Mail=True", "a@x.test,No_Mail", "", "#a@x.test,No_Mail=True" };
	struct import *im;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		users = rows[i];
		im = import_new();
		import_policyd_spf(im, "FILE", "Per_User = text,/USERS", read_users);
		text = import_text_print(im);
		unit_true(rows[i], "no section", strstr(text, "spf \"") == NULL);
		free(text);
		import_free(&im);
	}
	users = NULL;
	unit_end();
}

static void
test_per_user(void **state)
{
	static const struct import_row rows[] = {
		{ "Per_User = text,/USERS\n",
		    { "FILE:1 Per_User: /USERS: no such file. If policyd-spf cannot read it either" },
		    NULL },
		{ "Per_User = ldap,/USERS\n",
		    { "FILE:1 Per_User: 'ldap,/USERS' is not of the form text,PATH: policyd-spf "
		      "failed, and Postfix deferred all mail\n" },
		    NULL },
		{ "Per_User = /USERS\n", { "'/USERS' is not of the form text,PATH" }, NULL },
		{ "Per_User = text,/a,b\n", { "'text,/a,b' is not of the form" }, NULL },
		{ "Per_User = text, /USERS\n", { "' /USERS' is not a path that begins with" },
		    NULL },
		{ "Per_User = text,/USERS\nMock = False\n",
		    { "FILE:1 Per_User: with Mock, policyd-spf does not read this file\n" }, NULL },
	};
	struct import *im;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		import_policyd_spf(im, "FILE", rows[i].text, read_users);
		import_text_check(&im, &rows[i]);
	}
	unit_end();
}

/* A line with many pairs takes no longer for each of them. Of one name, the last pair counts. */
static void
test_many_pairs(void **state)
{
	struct buffer line = { .data = NULL };
	struct import *im = import_new();
	char *text;
	size_t i;

	(void)state;
	buffer_add(&line, "a@x.test,", 9);
	for (i = 0; i < 100000; i++) {
		buffer_printf(&line, "No_Mail=%zu|", i);
	}
	buffer_add(&line, "No_Mail=True|Other=x|Other=y", 29);
	users = line.data;
	import_policyd_spf(im, "FILE", "Per_User = text,/USERS\n", read_users);
	text = import_text_print(im);
	unit_holds("last", "output", text, "\tno-mail = true\t# /USERS:1 No_Mail\n");
	unit_holds("unknown", "output", text, "/USERS:1 Other: policyd-spf does not accept");
	unit_true("last", "no choice", strstr(text, "CHOOSE") == NULL);
	users = NULL;
	free(text);
	buffer_free(&line);
	import_free(&im);
	unit_end();
}

/* The effective options of the recipient are compared, whatever section they come from. */
static void
test_differences_of_users(void **state)
{
	static const struct {
		const char *config;
		size_t want;
	} rows[] = {
		{ "", 3 }, /* with hide-receiver */
		{ "spf { hide-receiver = false no-mail = on }\n", 1 },
		{ "spf { hide-receiver = false }\nspf a@x.test { no-mail = on }\n", 1 },
		{ "spf { hide-receiver = false }\nspf x.test { no-mail = on helo-reject = false }\n",
		    0 },
		{ "spf { hide-receiver = false }\nspf x.test { no-mail = on helo-reject = false }\n"
		  "spf a@x.test { helo-reject = fail }\n",
		    2 },
	};
	char error[CONFIG_ERROR_SIZE], *text = NULL;
	struct settings *s;
	struct import *im;
	size_t i, len;
	FILE *out;

	(void)state;
	users = "a@x.test,No_Mail=True|HELO_reject=False";
	for (i = 0; i < COUNT(rows); i++) {
		char *config = NULL;

		assert_true(asprintf(&config, "srs-domain = srs.test\n%s", rows[i].config) > 0);
		s = config_load(
		    NULL, unit_write("conf", config, strlen(config), 0600), NULL, 0, error);
		if (s == NULL)
			fail_msg("%s", error);
		im = import_new();
		import_policyd_spf(im, "FILE", "Per_User = text,/USERS\n", read_users);
		out = open_memstream(&text, &len);
		unit_int(rows[i].config, "differences",
		    (long long)import_difference_print(im, s, out), (long long)rows[i].want);
		fclose(out);
		if (rows[i].want == 1)
			unit_holds(rows[i].config, "output", text,
			    "spf \"a@x.test\": helo-reject = \"false\"\t# /USERS:1 HELO_reject\n"
			    "spf \"a@x.test\": helo-reject = \"fail\"\t# in effect\n");
		import_free(&im);
		settings_free(&s);
		free(config);
		free(text);
	}
	users = NULL;
	unit_end();
}

static void
test_restrictions(void **state)
{
	static const struct import_row rows[] = {
		{ "Mail_From_pass_restriction = passed_spf\n",
		    { "\tmail-from-pass-restriction = \"passed_spf\"\t# FILE:1 Mail_From_pass" },
		    "also answers with this class" },
		{ "HELO_pass_restriction = passed_spf\n",
		    { "\thelo-pass-restriction = \"passed_spf\"\t# FILE:1 HELO_pass_restriction\n",
			"policyd-spf also answers with this class if MAIL FROM fails. srsd refuses" },
		    NULL },
		{ "Mail_From_pass_restriction = OK\n",
		    { "\t#mail-from-pass-restriction = \"\"\n",
			"FILE:1 Mail_From_pass_restriction: mail-from-pass-restriction: 'OK' is not "
			"accepted; use a restriction class of main.cf; actions and" },
		    NULL },
		{ "Mail_From_pass_restriction = a, b\n",
		    { "FILE:1 Mail_From_pass_restriction: srsd answers with the name of one class: "
		      "declare a class in main.cf with the restrictions a, b, and set" },
		    NULL },
		{ "SPF_Enhanced_Status_Codes = No\n",
		    { "FILE:1 SPF_Enhanced_Status_Codes: No: srsd always sends the enhanced status "
		      "codes of RFC 7372." },
		    NULL },
		{ "SPF_Enhanced_Status_Codes = Yes\n",
		    { "FILE:1 SPF_Enhanced_Status_Codes: Yes: srsd always sends the enhanced status " },
		    "5.7.1" },
		{ "Whitelist_Lookup_Time = 10\n",
		    { "FILE:1 Whitelist_Lookup_Time: 10: the allow-lists share lookup-time." },
		    NULL },
	};
	struct import *im;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		import_policyd_spf(im, "FILE", rows[i].text, read_users);
		import_text_check(&im, &rows[i]);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_authserv_id),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_mock),
		cmocka_unit_test(test_restrictions),
		cmocka_unit_test(test_per_user),
		cmocka_unit_test(test_many_pairs),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_users_without_effect),
		UNIT_DIR_TEST(test_differences_of_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
