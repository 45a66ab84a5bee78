/* SPDX-License-Identifier: ISC */
/*
 * postconf(1) is played by the test: it fails in every way, or prints little.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/xmalloc.h"
#include "srsd/ctl/postfix.h"
#include "srsd/ctl/program.h"

/* What the next runs of postconf do. */
static struct {
	const char *reason; /* it does not run, or does not end; NULL: it does */
	bool timed_out;
	int status;
	const char *out, *err;
	unsigned runs;
} played;

bool
program_run(struct program *p, const char *const argv[], const char **error)
{
	assert_string_equal(argv[0], "postconf");
	played.runs++;
	p->timed_out = played.timed_out;
	*error = played.reason;
	if (played.reason != NULL)
		return false;
	p->status = played.status;
	p->cut = false;
	p->out = xstrdup(played.out);
	p->err = xstrdup(played.err);
	return true;
}

void
program_free(struct program *p)
{
	free(p->out);
	free(p->err);
	p->out = p->err = NULL;
}

/* Postfix is absent if postconf is, or its default configuration. All else is an error. */
static void
test_failures(void **state)
{
	static const struct {
		const char *name, *dir, *reason;
		bool timed_out;
		const char *err, *want;
		bool absent;
	} rows[] = {
		{ "not installed", NULL, "No such file or directory", false, "",
		    "postconf: No such file or directory", true },
		{ "not installed, with a directory", "/etc/postfix", "No such file or directory",
		    false, "", "postconf: No such file or directory", true },
		{ "hangs", NULL, "timed out", true, "", "postconf: timed out", false },
		{ "no configuration", NULL, NULL, false,
		    "postconf: fatal: open /etc/postfix/main.cf: No such file or directory\n",
		    "open /etc/postfix/main.cf: No such file or directory", true },
		{ "not readable", NULL, NULL, false,
		    "postconf: fatal: open /etc/postfix/main.cf: Permission denied\n",
		    "open /etc/postfix/main.cf: Permission denied", true },
		{ "no such directory", "/x", NULL, false,
		    "postconf: fatal: open /x/main.cf: No such file or directory\n",
		    "open /x/main.cf: No such file or directory", false },
		{ "broken", NULL, NULL, false,
		    "postconf: fatal: bad string length 0 < 1: setgid_group =\n",
		    "bad string length 0 < 1: setgid_group =", false },
	};
	char error[POSTFIX_ERROR_SIZE];
	struct postfix *p;
	bool absent;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memset(&played, 0, sizeof(played));
		played.reason = rows[i].reason;
		played.timed_out = rows[i].timed_out;
		played.status = 1;
		played.out = "";
		played.err = rows[i].err;
		error[0] = '\0';
		absent = !rows[i].absent;
		p = postfix_open(rows[i].dir, &absent, error);
		unit_true(rows[i].name, "fails", p == NULL);
		unit_holds(rows[i].name, "error", error, rows[i].want);
		unit_int(rows[i].name, "absent", absent, rows[i].absent);
		unit_int(rows[i].name, "runs of postconf", played.runs, 1);
		postfix_free(&p);
	}
	unit_end();
}

static void
test_values(void **state)
{
	char error[POSTFIX_ERROR_SIZE] = "";
	struct postfix_service service;
	struct postfix *p;
	bool absent = true;

	(void)state;
	memset(&played, 0, sizeof(played));
	played.out = "myhostname = mx.our.test\nrelayhost =\n";
	played.err = "postconf: warning: unused parameter\n";
	p = postfix_open(NULL, &absent, error);
	unit_text("main.cf", "error", error, "");
	assert_non_null(p);
	unit_int("main.cf", "absent", absent, false);
	unit_int("no restriction classes", "runs of postconf", played.runs, 3);
	unit_text("set", "value", postfix_get(p, "myhostname"), "mx.our.test");
	unit_text("empty", "value", postfix_get(p, "relayhost"), "");
	unit_text("unknown", "value", postfix_get(p, "no_such_parameter"), "");
	assert_null(postfix_class(p, "no_such_class"));
	assert_false(postfix_service_at(p, 0, &service));
	postfix_free(&p);
	assert_null(p);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
