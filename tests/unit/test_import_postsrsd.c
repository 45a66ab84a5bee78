/* SPDX-License-Identifier: ISC */
#include "tests/unit/import_text.h"

#include <unistd.h>

#include "common/day.h"
#include "conf/config.h"
#include "srsd/ctl/import/import_difference.h"
#include "srsd/ctl/import/import_postsrsd.h"

/* 2026-11-22, late on that day. */
#define TODAY ((time_t)20779 * DAY_SECONDS + 86399)

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
			"\nreverse = {\"inet:192.0.2.1:2\"}\t# FILE:2 SRS_REVERSE_PORT\n",
			"List only the addresses of your mail servers: any other client could have addresses signed.\nclients = {\"0.0.0.0/0\", \"::/0\"}\t# FILE:1 SRS_LISTEN_ADDR\n" },
		    NULL },
		{ "SRS_LISTEN_ADDR=127.0.0.2", { "\n#clients = {}\n" }, "mail servers" },
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
check_postsrsd2(const struct import_row *rows, size_t n)
{
	char error[200];
	struct import *im;
	size_t i;

	for (i = 0; i < n; i++) {
		im = import_new();
		unit_true(rows[i].text, "accepted",
		    import_postsrsd2(im, "FILE", rows[i].text, TODAY, error, sizeof(error)));
		import_text_check(&im, &rows[i]);
	}
	unit_end();
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
		{ "srs-domain = \"a b\"", { "FILE:1 srs-domain: 'a b' is not accepted" }, NULL },
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
		{ "srs-domain = .b.test\n", { "\nsrs-domain = \"b.test\"\t# FILE:1 srs-domain\n" },
		    NULL },
		{ "domains = {.a.test, b.test}",
		    { "uses the first of domains, without its dot.\nsrs-domain = \"a.test\"\t# FILE:1 domains\n" },
		    NULL },
		{ "srs-domain = .\ndomains = {., b.test}",
		    { "\n#srs-domain = \"\"\n", "FILE:1 srs-domain: '.' is not accepted",
			"FILE:2 domains: '.' is not a domain" },
		    "without its dot" },
		{ "srs-domain = \"\"\ndomains = {a.test, b.test}", { "\n#srs-domain = \"\"\n" },
		    "without its dot" },
		{ "domains = {}\ndomains-file = /d",
		    { "UNKNOWN: FILE:2 domains-file: the value on this line is not known. Set this option yourself. postsrsd uses the first domain in that file.\n#srs-domain" },
		    NULL },
		{ "hash-length = 3\nhash-minimum = 2",
		    { "The value was 3: such a short hash is too easy to guess.\nhash-length = 4\t# FILE:1",
			"too easy to guess. srsd does not accept addresses that have one.\nhash-minimum = 4\t# FILE:2" },
		    NULL },
		{ "hash-length = 0", { "FILE:1 hash-length: '0' is not accepted" }, NULL },
		{ "keep-alive = 30\nmilter-recipient-limit = 5\npid-file = /p",
		    { "FILE:1 keep-alive: srsd needs no process",
			"FILE:2 milter-recipient-limit: srsd accepts any number",
			"FILE:3 pid-file: pid-file is for" },
		    NULL },
		{ "chroot-dir = /j\nunprivileged-user = u\n",
		    { "FILE:1 chroot-dir: srsd has its own sandbox",
			"FILE:2 unprivileged-user: srsd has its own user" },
		    NULL },
	};

	(void)state;
	check_postsrsd2(rows, COUNT(rows));
}

static void
test_postsrsd2_socketmap(void **state)
{
	static const struct import_row rows[] = {
		{ "",
		    { "\nsocketmap = {\"unix:/var/spool/postfix/srs\"}\t# postsrsd's default for socketmap\n",
			"The tables socketmap:unix:srs:forward and socketmap:unix:srs:reverse in main.cf remain valid. PREPARE: Under systemd",
			"systemctl enable srsd-socketmap.socket.\nsocketmap" },
		    "policy service is off" },
		{ "socketmap = \"\"", { "\nsocketmap = {}\t# FILE:1 socketmap\n" }, "PREPARE" },
		{ "socketmap = local:/run/s",
		    { "\nsocketmap = {\"unix:/run/s\"}\t# FILE:1 socketmap\n",
			"socketmap:unix:/run/s:forward", "with this path as its ListenStream" },
		    NULL },
		{ "socketmap = inet:localhost:10003",
		    { "\nsocketmap = {\"inet:localhost:10003\"}\t# FILE:1 socketmap\n",
			"policy service is off. To use it, choose another port, such as policy = {\"inet:127.0.0.1:10006\"}, and name that port in check_policy_service.\npolicy = {}\t# FILE:1 socketmap\n",
			"socketmap:inet:localhost:10003:forward and" },
		    "PREPARE" },
		{ "socketmap = inet:10001",
		    { "has no map of the type tcp.\nforward = {}\t# FILE:1 socketmap\n",
			"\n#policy = " },
		    "mail servers" },
		{ "socketmap = inet:[::1]:10002", { "\n#reverse = ", "\n#policy = " },
		    "mail servers" },
		{ "socketmap = \"inet:*:10005\"",
		    { "\nsocketmap = {\"inet:*:10005\"}",
			"\nclients = {\"0.0.0.0/0\", \"::/0\"}\t# FILE:1 socketmap\n" },
		    NULL },
		{ "socketmap = unix:x",
		    { "UNKNOWN: FILE:1 socketmap: the value on this line is not known.",
			"FILE:1 socketmap: 'unix:x' has no equivalent: "
			"the path of a unix socket must begin with /" },
		    "remain valid" },
		{ "socketmap = x", { "FILE:1 socketmap: 'x' has no equivalent: postsrsd does not" },
		    NULL },
	};

	(void)state;
	check_postsrsd2(rows, COUNT(rows));
}

/* A milter stays at its endpoint, which main.cf names, and may move to another place later. */
static void
test_postsrsd2_milter(void **state)
{
	static const struct import_row rows[] = {
		{ "", { "\n#milter = {}\n" }, "contrib/postfix/forwarding" },
		{ "milter = \"\"", { "\n#milter = {}\n" }, "milter:" },
		{ "milter = inet:localhost:9997",
		    { "but cannot recognize a forward. Move it from smtpd_milters and non_smtpd_milters in main.cf to the second smtpd of contrib/postfix/forwarding, where it rewrites what this host forwards.\nmilter = {\"inet:localhost:9997\"}\t# FILE:1 milter\n",
			"\n#policy = ", "\n#clients = {}\n" },
		    "srsd-milter" },
		{ "milter = unix:/m\nmilter-rewrite-local = off",
		    { "systemctl enable srsd-milter.socket, with this path as its ListenStream (systemctl edit).\nmilter = {\"unix:/m\"}\t# FILE:1 milter\n" },
		    "contrib/postfix/canonical" },
		{ "milter = unix:/var/spool/postfix/srsd/milter",
		    { "systemctl enable srsd-milter.socket.\nmilter = " }, "edit" },
		{ "milter = unix:/m\nmilter-rewrite-local = Yes",
		    { "FILE:2 milter-rewrite-local: srsd's milter never rewrites mail for local mailboxes. The maps of contrib/postfix/canonical do." },
		    NULL },
		{ "milter = \"inet:*:9997\"",
		    { "\nmilter = {\"inet:*:9997\"}\t# FILE:1 milter\n",
			"\nclients = {\"0.0.0.0/0\", \"::/0\"}\t# FILE:1 milter\n" },
		    NULL },
		{ "milter = inet:10003\nsocketmap = \"\"",
		    { "postsrsd's milter has the port of srsd's policy service. The milter keeps it",
			"\npolicy = {}\t# FILE:1 milter\n" },
		    NULL },
		{ "milter = inet:10002\nsocketmap = inet:10001",
		    { "\nforward = {}\t# FILE:2 socketmap\n", "\nreverse = {}\t# FILE:1 milter\n",
			"\n#policy = " },
		    NULL },
		{ "milter = unix:m",
		    { "UNKNOWN: FILE:1 milter: the value on this line is not known.",
			"FILE:1 milter: 'unix:m' has no equivalent: "
			"the path of a unix socket must begin with /" },
		    "contrib/postfix/forwarding" },
	};

	(void)state;
	check_postsrsd2(rows, COUNT(rows));
}

/* has_databases - cmocka reports skip() as a failure */
static bool
has_databases(void)
{
#if defined(HAVE_SQLITE) && defined(HAVE_HIREDIS)
	return true;
#else
	return false;
#endif
}

static void
test_postsrsd2_database(void **state)
{
	static const struct import_row rows[] = {
		{ "original-envelope = embedded",
		    { "\noriginal-envelope = \"embedded\"\t# FILE:1 original-envelope\n",
			"\n#envelope-accept-sha1 = \"none\"\n" },
		    "Not carried over" },
		{ "original-envelope = long",
		    { "FILE:1 original-envelope: 'long': postsrsd does not start",
			"\n#original-envelope" },
		    NULL },
		{ "original-envelope = Database\nenvelope-database = \"sqlite:s.db\"",
		    { "\noriginal-envelope = \"database\"\t# FILE:1 original-envelope\n",
			"in its chroot-dir, /var/lib/postsrsd by default: check it with ls. PREPARE: The database belongs to postsrsd's user. After postsrsd has stopped, let srsd write to it and to its directory, where SQLite creates files: chown srsd /var/lib/postsrsd /var/lib/postsrsd/s.db. Under systemd, add ReadWritePaths=/var/lib/postsrsd (",
			"\nenvelope-database = \"sqlite:/var/lib/postsrsd/s.db\"\t# FILE:2 envelope-database\n" },
		    "Not carried over" },
		{ "original-envelope = database\nenvelope-database = \"sqlite:/s.db\"\nchroot-dir = \"\"\nunprivileged-user = u",
		    { "PREPARE: The database belongs to u. After", "chown srsd / /s.db.",
			"\nenvelope-accept-sha1 = \"2026-12-15\"\t# FILE:1 original-envelope\n" },
		    "in its chroot-dir" },
		{ "original-envelope = database\nenvelope-database = \"sqlite:s.db\"\nchroot-dir = /j\nunprivileged-user = \"\"",
		    { "in its chroot-dir, /j. PREPARE: The database belongs to root.",
			"\nenvelope-database = \"sqlite:/j/s.db\"" },
		    NULL },
		{ "original-envelope = database\nenvelope-database = \"redis:localhost:6379\"\nsocketmap = inet:localhost:10005",
		    { "\nenvelope-database = \"redis:localhost:6379\"\t# FILE:2" }, "PREPARE" },
		{ "original-envelope = database\nenvelope-database = \"redis:r.test:6379\"",
		    { "PREPARE: srsd does not use a Redis server on another host without a password: set envelope-database-password-file.\nenvelope-database" },
		    "in its chroot-dir" },
		{ "original-envelope = database\nenvelope-database = \"redis:/r.sock\"",
		    { "\nenvelope-database = \"redis:unix:/var/lib/postsrsd/r.sock\"" }, NULL },
		{ "original-envelope = database",
		    { "UNKNOWN: FILE:1 original-envelope: the value on this line is not known. Set this option yourself.\n#envelope-database",
			"FILE:1 original-envelope: envelope-database '': postsrsd does not start with this value" },
		    NULL },
		{ "original-envelope = database\nenvelope-database = /s.db",
		    { "UNKNOWN: FILE:2 envelope-database",
			"FILE:2 envelope-database: envelope-database '/s.db': postsrsd does not start" },
		    NULL },
		{ "original-envelope = database\nenvelope-database = \"sqlite:s.db\"\nchroot-dir = \"\"",
		    { "UNKNOWN: FILE:2 envelope-database", "which under systemd is /" }, NULL },
		{ "original-envelope = database\nenvelope-database = \"sqlite::memory:\"",
		    { "FILE:2 envelope-database: envelope-database 'sqlite::memory:': it is lost with each process" },
		    "UNKNOWN" },
		{ "envelope-database = \"sqlite:s.db\"",
		    { "FILE:1 envelope-database: sqlite:s.db: postsrsd does not use it, because original-envelope is embedded.",
			"set envelope-database = \"sqlite:/var/lib/postsrsd/s.db\" and envelope-accept-sha1 = \"2026-12-15\", so" },
		    "UNKNOWN" },
		{ "envelope-database = x",
		    { "FILE:1 envelope-database: x: postsrsd does not use it\n" }, "UNKNOWN" },
	};

	(void)state;
	if (!has_databases())
		return;
	check_postsrsd2(rows, COUNT(rows));
}

/* count_differences - of an import from one file, and the settings that a second one gives */
static size_t
count_differences(const char *old, const char *in_effect)
{
	char error[CONFIG_ERROR_SIZE], *text = NULL, path[] = "/tmp/test_import_XXXXXX";
	struct import *im = import_new();
	struct settings *s;
	size_t len, n;
	FILE *out = open_memstream(&text, &len);
	int fd = mkstemp(path);

	assert_true(import_postsrsd2(im, "FILE", old, TODAY, error, sizeof(error)));
	import_complete(im);
	assert_int_equal(write(fd, in_effect, strlen(in_effect)), (ssize_t)strlen(in_effect));
	close(fd);
	s = config_load(NULL, path, NULL, 0, error);
	unlink(path);
	assert_non_null(s);
	assert_non_null(out);
	n = import_difference_print(im, s, out);
	fclose(out);
	free(text);
	settings_free(&s);
	import_free(&im);
	return n;
}

/* test_postsrsd2_check - values that are as good as the imported ones */
static void
test_postsrsd2_check(void **state)
{
#define OLD                                                                        \
	"srs-domain = a.test\nsocketmap = inet:localhost:10003\nsecrets-file=/s\n" \
	"original-envelope = database\nenvelope-database=\"sqlite:/d/s\"\nchroot-dir=\"\"\n"
#define NEW                                                                          \
	"srs-domain=a.test\nsocketmap={\"inet:localhost:10003\"}\nsecrets-file=/s\n" \
	"original-envelope=database\nenvelope-database=\"sqlite:/d/s\"\n"
	static const struct {
		const char *in_effect;
		size_t want;
	} rows[] = {
		{ NEW "policy={}\nenvelope-accept-sha1=2026-12-15\n", 0 },
		{ NEW "policy={\"inet:127.0.0.1:10006\"}\nenvelope-accept-sha1=2026-12-15\n", 0 },
		{ NEW "policy={\"inet:127.0.0.1:10003\"}\nenvelope-accept-sha1=2026-12-15\n", 1 },
		{ NEW "policy={}\nenvelope-accept-sha1=2026-12-01\n", 0 },
		{ NEW "policy={}\nenvelope-accept-sha1=2026-12-16\n", 1 },
		{ NEW "policy={}\n", 1 },
	};
	size_t i;

	(void)state;
	if (!has_databases())
		return;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(rows[i].in_effect, "differences",
		    (int)count_differences(OLD, rows[i].in_effect), (int)rows[i].want);
	unit_end();
}

static void
test_postsrsd2_local(void **state)
{
	static const struct import_row row = { "",
		{ "secrets-file = \"/usr/local/etc/postsrsd.secret\"\t# postsrsd's default",
		    "envelope-database = \"sqlite:/usr/local/var/lib/postsrsd/s\"" },
		NULL };
	static const char text[] = "original-envelope = database\nenvelope-database = \"sqlite:s\"";
	struct import *im = import_new();
	char error[200];

	(void)state;
	if (!has_databases())
		return;
	assert_true(import_postsrsd2(
	    im, "/usr/local/etc/postsrsd.conf", text, TODAY, error, sizeof(error)));
	import_text_check(&im, &row);
	unit_end();
}

static void
test_postsrsd2_errors(void **state)
{
	static const char *const rows[][2] = {
		{ "srs-domain = {", "FILE:1: " },
		{ "x\nfoo = 1", "FILE:" },
		{ "foo { a = 1 }", "FILE:1: missing equal sign after option 'foo'" },
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
		    !import_postsrsd2(im, "FILE", rows[i][0], TODAY, error, sizeof(error)));
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
		cmocka_unit_test(test_postsrsd2_socketmap),
		cmocka_unit_test(test_postsrsd2_milter),
		cmocka_unit_test(test_postsrsd2_database),
		cmocka_unit_test(test_postsrsd2_check),
		cmocka_unit_test(test_postsrsd2_local),
		cmocka_unit_test(test_postsrsd2_errors),
		cmocka_unit_test(test_has_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
