/* SPDX-License-Identifier: ISC */
#include "tests/unit/import_text.h"

#include "srsd/ctl/import/import_postsrsd.h"

static char *
return_mydomain(void)
{
	return strdup("mail.test");
}

static char *
return_no_domain(void)
{
	return NULL;
}

static void
check_postsrsd1(const struct import_row *rows, size_t n, import_mydomain_fn *mydomain)
{
	struct import *im;
	size_t i;

	for (i = 0; i < n; i++) {
		im = import_new();
		import_postsrsd1(im, "FILE", rows[i].text, mydomain);
		import_text_check(&im, &rows[i]);
	}
	unit_end();
}

static void
test_variables(void **state)
{
	static const struct import_row rows[] = {
		{ "SRS_DOMAIN=a.test\n",
		    { "\nsrs-domain = \"a.test\"\t# FILE:1 SRS_DOMAIN\n",
			"# postsrsd reverses the SRS addresses of every domain",
			"secrets-file = \"/etc/postsrsd.secret\"\t# postsrsd's default for SRS_SECRET\n" },
		    "Not carried over" },
		{ "SRS_DOMAIN=a_b.test",
		    { "FILE:1 SRS_DOMAIN: srs-domain: 'a_b.test' is not accepted" }, NULL },
		{ "SRS_EXCLUDE_DOMAINS=' a.test,.b.test;\tc.test '",
		    { "\ndomains = {\"a.test\", \".b.test\", \"c.test\"}\t# FILE:1 SRS_EXCLUDE_DOMAINS\n" },
		    NULL },
		{ "SRS_EXCLUDE_DOMAINS='a.test b_/'",
		    { "\ndomains = {\"a.test\"}", "'b_/' is not a domain" }, NULL },
		{ "SRS_EXCLUDE_DOMAINS=", { "\ndomains = {}\t# FILE:1 SRS_EXCLUDE_DOMAINS\n" },
		    NULL },
		{ "SRS_SEPARATOR=+x", { "\nseparator = \"+\"\t# FILE:1 SRS_SEPARATOR\n" }, NULL },
		{ "SRS_SEPARATOR=", { "FILE:1 SRS_SEPARATOR: separator: '' is not accepted" },
		    NULL },
		{ "SRS_SECRET=/s",
		    { "still reach the sender. srsd's group must be able to read it: chgrp srsd FILE; "
		      "chmod 0640 FILE.\nsecrets-file = \"/s\"\t# FILE:1 SRS_SECRET\n" },
		    NULL },
		{ "SRS_SECRET='a\nb'", { "secrets-file: the value contains a control character" },
		    "chgrp" },
		{ "RUN_AS=me",
		    { "FILE:1 RUN_AS: me: srsd has its own user; see unprivileged-user\n" }, NULL },
		{ "CHROOT=/c",
		    { "FILE:1 CHROOT: /c: srsd has its own sandbox; see chroot-dir in srsd.conf(5)\n" },
		    NULL },
		{ "OTHER=1", { "FILE:1 OTHER: postsrsd's launcher does not read this variable\n" },
		    NULL },
	};

	(void)state;
	check_postsrsd1(rows, COUNT(rows), return_mydomain);
}

static void
test_domain(void **state)
{
	static const struct import_row rows[] = {
		{ "",
		    { "\nsrs-domain = \"mail.test\"\t# postsrsd's default for SRS_DOMAIN (postconf -h "
		      "mydomain)\n" },
		    NULL },
		{ "SRS_DOMAIN=\n",
		    { "\nsrs-domain = \"mail.test\"\t# postsrsd's default for SRS_DOMAIN" }, NULL },
		{ "SRS_DOMAIN=`postconf -h mydomain`",
		    { "\nsrs-domain = \"mail.test\"\t# FILE:1 SRS_DOMAIN\n" }, "UNKNOWN" },
		{ "SRS_DOMAIN=\"`postconf -h mydomain || true`\"",
		    { "\nsrs-domain = \"mail.test\"\t# FILE:1 SRS_DOMAIN\n" }, NULL },
		{ "export SRS_DOMAIN=$(postconf -h mydomain 2>/dev/null)",
		    { "\nsrs-domain = \"mail.test\"\t# FILE:1 SRS_DOMAIN\n" }, NULL },
		{ "SRS_DOMAIN=srs.$(postconf -h mydomain)", { "# UNKNOWN: FILE:1 SRS_DOMAIN: " },
		    NULL },
		{ "SRS_DOMAIN=$(postconf -h mydomain).test", { "# UNKNOWN: FILE:1 SRS_DOMAIN: " },
		    NULL },
		{ "SRS_DOMAIN=\"$(postconf -h mydomain)x\"", { "# UNKNOWN: FILE:1 SRS_DOMAIN: " },
		    NULL },
		{ "SRS_SECRET=$(postconf -h mydomain)", { "# UNKNOWN: FILE:1 SRS_SECRET: " },
		    NULL },
		{ "SRS_DOMAIN=old.test\nSRS_DOMAIN=b.test",
		    { "CHOOSE: FILE:1 SRS_DOMAIN: a later line replaces this domain.",
			"\n#reverse-domains = {\"old.test\"}\nreverse-domains = {}\t# FILE:1 SRS_DOMAIN\n",
			"\nsrs-domain = \"b.test\"\t# FILE:2 SRS_DOMAIN\n" },
		    NULL },
		{ "SRS_DOMAIN=x.test\nSRS_DOMAIN=old.test\nSRS_DOMAIN=`postconf -h mydomain`",
		    { "\n#reverse-domains = {\"old.test\"}\n" }, NULL },
		{ "SRS_DOMAIN=b.test\nSRS_DOMAIN=b.test\n", { "\nsrs-domain" }, "CHOOSE" },
		{ "SRS_DOMAIN=\nSRS_DOMAIN=b.test\n", { "\nsrs-domain" }, "CHOOSE" },
	};

	(void)state;
	check_postsrsd1(rows, COUNT(rows), return_mydomain);
}

static void
test_domain_without_postfix(void **state)
{
	static const struct import_row rows[] = {
		{ "", { "srs-domain must be set", "\n#srs-domain = \"\"\n" }, "UNKNOWN" },
		{ "SRS_DOMAIN=$(postconf -h mydomain)",
		    { "# UNKNOWN: FILE:1 SRS_DOMAIN: ",
			"FILE:1 SRS_DOMAIN: postconf -h mydomain prints no domain\n" },
		    NULL },
	};

	(void)state;
	check_postsrsd1(rows, COUNT(rows), return_no_domain);
}

static void
test_unknown(void **state)
{
	static const struct import_row rows[] = {
		{ "SRS_SECRET=$X",
		    { "# UNKNOWN: FILE:1 SRS_SECRET: the value on this line is not known. Set this "
		      "option yourself.\n#secrets-file",
			"# Not carried over: FILE:1: not understood, and not executed: SRS_SECRET=$X\n" },
		    "postsrsd's default for SRS_SECRET" },
		{ "SRS_SECRET=$X\nSRS_SECRET=/s", { "\nsecrets-file = \"/s\"" }, "UNKNOWN" },
		{ "SRS_SECRET=/s\nSRS_SECRET=$X",
		    { "\n#secrets-file", "UNKNOWN: FILE:2 SRS_SECRET" }, NULL },
		{ "SRS_EXCLUDE_DOMAINS=a.test b.test",
		    { "UNKNOWN: FILE:1 SRS_EXCLUDE_DOMAINS", "\n#domains = {}" }, NULL },
		{ "SRS_HASHMIN=~ SRS_HASHLENGTH=6",
		    { "UNKNOWN: FILE:1 SRS_HASHMIN", "UNKNOWN: FILE:1 SRS_HASHLENGTH" }, NULL },
		{ "if x; then\nSRS_SEPARATOR=+\nfi",
		    { "UNKNOWN: FILE:2 SRS_SEPARATOR",
			"FILE:1: not understood, and not executed: if x; then",
			"FILE:2: not understood, because line 1 may begin a block: SRS_SEPARATOR=+" },
		    NULL },
		{ "if x; then\nSRS_DOMAIN=`postconf -h mydomain`\nfi",
		    { "UNKNOWN: FILE:2 SRS_DOMAIN" }, NULL },
		{ "SRS_FORWARD_PORT=1\nSRS_LISTEN_ADDR=$A",
		    { "UNKNOWN: FILE:2 SRS_LISTEN_ADDR: the value on this line is not known. Set this "
		      "option yourself.\n#forward",
			"yourself.\n#reverse" },
		    NULL },
		{ "SRS_LISTEN_ADDR=::1\nSRS_FORWARD_PORT=$P",
		    { "\n#forward",
			"\nreverse = {\"inet:[::1]:10002\"}\t# FILE:1 SRS_LISTEN_ADDR\n" },
		    NULL },
		{ "SRS_EXTRA_OPTIONS=$X",
		    { "yourself.\n#always-rewrite", "yourself.\n#idle-timeout" }, NULL },
		{ "CHROOT=$X", { "not executed: CHROOT=$X" }, "UNKNOWN" },
		/* A name that is only a part of another one, or is only read. */
		{ "X_SRS_SECRET=$X\nSRS_SECRET_X=$X\nX=$SRS_SECRET\nX=1SRS_SECRET\\$SRS_SECRET_X",
		    { "secrets-file = \"/etc/postsrsd.secret\"" }, "UNKNOWN" },
		{ "X=$SRS_SECRET; unset SRS_SECRET", { "UNKNOWN: FILE:1 SRS_SECRET" }, NULL },
		{ "domains-file = /d",
		    { "FILE:1: domains-file = /d: a line for postsrsd 2, which postsrsd 1 does not read. "
		      "To import it, move it to postsrsd.conf.\n" },
		    NULL },
	};

	(void)state;
	check_postsrsd1(rows, COUNT(rows), return_mydomain);
}

static void
test_hash(void **state)
{
	static const struct import_row rows[] = {
		{ "SRS_HASHLENGTH=6\nSRS_HASHMIN=5",
		    { "\nhash-length = 6\t# FILE:1 SRS_HASHLENGTH\n",
			"\nhash-minimum = 5\t# FILE:2 SRS_HASHMIN\n" },
		    "The value was" },
		{ "SRS_HASHLENGTH=2",
		    { "# The value was 2: such a short hash is too easy to guess.\nhash-length = 4\t" },
		    NULL },
		{ "SRS_HASHMIN=x",
		    { "The value was 0: such a short hash is too easy to guess. srsd does not accept "
		      "addresses that have one.\nhash-minimum = 4\t" },
		    NULL },
		{ "SRS_HASHLENGTH=60",
		    { "# The value was 60, but a hash has 27 characters. postsrsd added bytes from the "
		      "memory after it.\nhash-length = 27\t" },
		    NULL },
		{ "SRS_HASHLENGTH=27\nSRS_HASHMIN=28",
		    { "# The value was 28, but a hash has 27 characters.\nhash-minimum = 27\t" },
		    NULL },
	};

	(void)state;
	check_postsrsd1(rows, COUNT(rows), return_mydomain);
}

static void
test_endpoints(void **state)
{
	static const struct import_row rows[] = {
		{ "", { "\n#forward = ", "\n#reverse = " }, NULL },
		{ "SRS_FORWARD_PORT=1",
		    { "\nforward = {\"inet:127.0.0.1:1\"}\t# FILE:1 SRS_FORWARD_PORT\n",
			"\n#reverse = " },
		    NULL },
		{ "SRS_LISTEN_ADDR=192.0.2.1\nSRS_REVERSE_PORT=2",
		    { "\nforward = {\"inet:192.0.2.1:10001\"}\t# FILE:1 SRS_LISTEN_ADDR\n",
			"\nreverse = {\"inet:192.0.2.1:2\"}\t# FILE:2 SRS_REVERSE_PORT\n" },
		    NULL },
		{ "SRS_LISTEN_ADDR=", { "\nforward = {\"inet:127.0.0.1:10001\"}" }, NULL },
		{ "SRS_FORWARD_PORT=x:y", { "FILE:1 SRS_FORWARD_PORT: forward: " }, NULL },
	};

	(void)state;
	check_postsrsd1(rows, COUNT(rows), return_mydomain);
}

static void
test_extra_options(void **state)
{
	static const struct import_row rows[] = {
		{ "SRS_EXTRA_OPTIONS='-A  -t 60'",
		    { "\nalways-rewrite = true\t# FILE:1 SRS_EXTRA_OPTIONS\n",
			"\nidle-timeout = 60\t" },
		    "Not carried over" },
		{ "SRS_EXTRA_OPTIONS=-t0", { "\nidle-timeout = 1\t" }, NULL },
		{ "SRS_EXTRA_OPTIONS=-t999999", { "\nidle-timeout = 86400\t" }, NULL },
		{ "SRS_EXTRA_OPTIONS='-p /p -46De'",
		    { "-p /p: srsd writes a pid file only if pid-file is set",
			"FILE:1 SRS_EXTRA_OPTIONS: -4: does not apply to srsd",
			"-e: does not apply to srsd" },
		    NULL },
		{ "SRS_EXTRA_OPTIONS='-z -dx.test -t'",
		    { "-z: does not apply", "-t: does not apply",
			"-d: had no effect, because the launcher passes it again after these options" },
		    NULL },
		{ "SRS_EXTRA_OPTIONS='word -A'", { "\n#always-rewrite = false" }, NULL },
	};

	(void)state;
	check_postsrsd1(rows, COUNT(rows), return_mydomain);
}

static void
test_postsrsd2(void **state)
{
	static const struct import_row rows[] = {
		{ "srs-domain = a.test\ndomains = {b.test, .c.test}\nalways-rewrite = on\n",
		    { "\nsrs-domain = \"a.test\"\t# FILE:1 srs-domain\n",
			"\ndomains = {\"b.test\", \".c.test\"}\t# FILE:2 domains\n",
			"\nalways-rewrite = true\t# FILE:3 always-rewrite\n" },
		    "Not carried over" },
		{ "domains = {b.test, \"x y\"}",
		    { "\ndomains = {\"b.test\"}", "FILE:1 domains: 'x y' is not a domain" }, NULL },
		{ "srs-domain = \"a b\"",
		    { "FILE:1 srs-domain: srs-domain: 'a b' is not accepted" }, NULL },
		{ "hash-length = 5\nhash-minimum = 9",
		    { "more than hash-length", "\nhash-minimum = 5\t# FILE:2" }, NULL },
		{ "debug = on\ndaemonize = on\nseccomp = on",
		    { "FILE:1 debug: use srsd -v", "FILE:2 daemonize: use srsd -D",
			"FILE:3 seccomp: srsd always runs in its sandbox" },
		    NULL },
		{ "",
		    { "secrets-file = \"/etc/postsrsd.secret\"\t# postsrsd's default for secrets-file\n",
			"FILE; chmod 0640 FILE.\nsecrets-file" },
		    NULL },
		{ "secrets-file = /s", { "\nsecrets-file = \"/s\"\t# FILE:1 secrets-file\n" },
		    NULL },
		{ "srs-domain = old.test\nsrs-domain = b.test\n",
		    { "CHOOSE: FILE:1 srs-domain: a later line replaces this domain.",
			"\n#reverse-domains = {\"old.test\"}\n",
			"\nsrs-domain = \"b.test\"\t# FILE:2" },
		    NULL },
		{ "srs-domain = b.test\nsrs-domain = b.test\n", { "\nsrs-domain" }, "CHOOSE" },
		{ "socketmap = inet:localhost:10003",
		    { "FILE:1 socketmap: srsd serves tcp_table, not socketmap",
			"# postsrsd's socketmap uses this port: srsd cannot use it while postsrsd runs.\n#policy = " },
		    NULL },
		{ "socketmap = unix:x", { "socketmap: srsd serves" }, "uses this port" },
		{ "socketmap = x", { "socketmap: srsd serves" }, "uses this port" },
		{ "original-envelope = embedded", { "\n#srs-domain" }, "Not carried over" },
		{ "original-envelope = database\n",
		    { "FILE:1 original-envelope: database: an address such as SRS0=hhhh=TT=1=... is a key",
			"recipient_canonical_maps = socketmap:unix:srs:reverse, tcp:127.0.0.1:10002\n" },
		    NULL },
		{ "original-envelope = database\nsocketmap = \"unix:/run/s\"",
		    { "socketmap:unix:/run/s:reverse" }, NULL },
		{ "original-envelope = database\nsocketmap = local:/var/spool/postfix/s",
		    { "socketmap:unix:s:reverse" }, NULL },
		{ "original-envelope = database\nsocketmap = inet:h:1",
		    { "socketmap:inet:h:1:reverse" }, NULL },
		{ "original-envelope = database\nsocketmap = x", { "socketmap:x:reverse" }, NULL },
	};
	char error[200];
	struct import *im;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		unit_true(rows[i].text, "accepted",
		    import_postsrsd2(im, "FILE", rows[i].text, error, sizeof(error)));
		import_text_check(&im, &rows[i]);
	}
	unit_end();
}

static void
test_postsrsd2_local(void **state)
{
	static const struct import_row row = { "",
		{ "secrets-file = \"/usr/local/etc/postsrsd.secret\"\t# postsrsd's default" },
		NULL };
	struct import *im = import_new();
	char error[200];

	(void)state;
	assert_true(import_postsrsd2(im, "/usr/local/etc/postsrsd.conf", "", error, sizeof(error)));
	import_text_check(&im, &row);
	unit_end();
}

static void
test_postsrsd2_errors(void **state)
{
	static const char *const rows[][2] = {
		{ "srs-domain = {", "FILE:1: " },
		{ "x\nfoo = 1", "FILE:" },
		{ "foo = 1", "FILE:1: no such option 'foo'" },
		{ "srs-domain = \"a", "FILE:1: quotes are not closed" },
	};
	struct import *im;
	char error[200];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		im = import_new();
		error[0] = '\0';
		unit_true(rows[i][0], "refused",
		    !import_postsrsd2(im, "FILE", rows[i][0], error, sizeof(error)));
		unit_holds(rows[i][0], "error", error, rows[i][1]);
		import_free(&im);
	}
	unit_end();
}

static void
test_has_line(void **state)
{
	static const struct {
		const char *line;
		bool want;
	} rows[] = {
		{ "srs-domain = x", true },
		{ "domains=", true },
		{ "debug \t= on", true },
		{ "domains-files = x", false },
		{ "domains", false },
		{ "SRS_DOMAIN=x", false },
		{ "", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(rows[i].line, "has line", import_postsrsd2_has_line(rows[i].line),
		    rows[i].want);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_domain_without_postfix),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_extra_options),
		cmocka_unit_test(test_postsrsd2),
		cmocka_unit_test(test_postsrsd2_local),
		cmocka_unit_test(test_postsrsd2_errors),
		cmocka_unit_test(test_has_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
