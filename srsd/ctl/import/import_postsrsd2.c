/* SPDX-License-Identifier: ISC */
/*
 * import_postsrsd2 - postsrsd.conf of postsrsd 2.x (its options up to 2.4)
 */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "conf/confuse.h"
#include "srsd/ctl/import/import_options.h"
#include "srsd/ctl/import/import_postsrsd.h"

/* What becomes of an option: it has the same name here, or there is a reason why it is left. */
static const struct row {
	const char *name;
	bool list;
	const char *why;
} rows[] = {
	{ "srs-domain", false, NULL },
	{ "domains", true, NULL },
	{ "domains-file", false, NULL },
	{ "domains-file-watch", false, NULL },
	{ "secrets-file", false, NULL },
	{ "separator", false, NULL },
	{ "hash-length", false, NULL },
	{ "hash-minimum", false, NULL },
	{ "always-rewrite", false, NULL },
	{ "connection-limit", false, NULL },
	{ "syslog", false, NULL },
	{ "socketmap", false, /* see take_envelope, too */
	    "srsd answers tcp_table, not socketmap: main.cf needs sender_canonical_maps = "
	    "tcp:127.0.0.1:10001 and recipient_canonical_maps = tcp:127.0.0.1:10002" },
	{ "milter", false,
	    "srsd is no milter: main.cf needs sender_canonical_maps = tcp:127.0.0.1:10001, "
	    "sender_canonical_classes = envelope_sender, recipient_canonical_maps = "
	    "tcp:127.0.0.1:10002, recipient_canonical_classes = envelope_recipient, and no "
	    "smtpd_milters for postsrsd" },
	{ "milter-rewrite-local", false,
	    "srsd is no milter; contrib/postfix/forward-only leaves mail for local mailboxes alone" },
	{ "milter-recipient-limit", false, "srsd is no milter" },
	{ "keep-alive", false,
	    "idle-timeout is not the same: Postfix pays a second for a tcp_table connection that we "
	    "close, and keeps it for some hundred seconds" },
	{ "original-envelope", false, NULL }, /* see take_envelope */
	{ "envelope-database", false, "srsd keeps nothing: the address holds all that it needs" },
	{ "unprivileged-user", false, "srsd has a user of its own" },
	{ "chroot-dir", false, "srsd locks itself in otherwise; see chroot-dir in srsd.conf(5)" },
	{ "seccomp", false, "srsd's sandbox is always there" },
	{ "pid-file", false,
	    "pid-file is for who starts srsd without systemd, and needs a name of "
	    "its own" },
	{ "daemonize", false, "srsd -D" },
	{ "debug", false, "srsd -v" },
};

/* Where postsrsd has its socketmap when the file does not say. */
#define POSTSRSD2_SOCKETMAP "unix:/var/spool/postfix/srs"

#define ENDPOINT_SIZE 512

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct reading {
	struct import *im;
	const char *file;
	bool secret;     /* secrets-file was said */
	char *socketmap; /* as postsrsd has it */
	char *database;  /* original-envelope; NULL: nothing is said */
	unsigned database_line;
	char *srs_domain, *former; /* the last one and the one before; NULL: none */
};

static void
keep_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

/* keep_domain - of two lines the last one counts */
static void
keep_domain(struct reading *r, const char *value)
{
	if (r->srs_domain != NULL && strcmp(r->srs_domain, value) != 0)
		keep_text(&r->former, r->srs_domain);
	keep_text(&r->srs_domain, value);
}

/* socketmap_table - how Postfix names it: a path in its queue directory is relative to that */
static const char *
socketmap_table(const char *endpoint, char text[ENDPOINT_SIZE])
{
	static const char queue[] = "/var/spool/postfix/";
	const char *path = strchr(endpoint, ':');

	if (path == NULL ||
	    (strncmp(endpoint, "unix:", 5) != 0 && strncmp(endpoint, "local:", 6) != 0))
		return endpoint;
	path++;
	if (strncmp(path, queue, sizeof(queue) - 1) == 0)
		path += sizeof(queue) - 1;
	snprintf(text, ENDPOINT_SIZE, "unix:%s", path);
	return text;
}

/* take_envelope - addresses that stand for a row of the database are not answered by srsd */
static void
take_envelope(const struct reading *r)
{
	const char *endpoint = r->socketmap == NULL ? POSTSRSD2_SOCKETMAP : r->socketmap;
	struct import_origin origin = { r->file, r->database_line, "original-envelope" };
	char text[ENDPOINT_SIZE];

	if (r->database == NULL || strcmp(r->database, "embedded") == 0)
		return;
	import_leave(r->im, &origin,
	    "%s: SRS0=hhhh=TT=1=... stands for a sender in postsrsd's database, and srsd does not "
	    "answer for it. Keep postsrsd running for the 21 days that such addresses live, and "
	    "name both in main.cf: recipient_canonical_maps = socketmap:%s:reverse, "
	    "tcp:127.0.0.1:10002",
	    r->database, socketmap_table(endpoint, text));
}

/* take_port - postsrsd's own example of a socketmap has the port of our policy service */
static void
take_port(const struct reading *r)
{
	const char *port = r->socketmap == NULL ? NULL : strrchr(r->socketmap, ':');

	if (port != NULL && strcmp(port, ":10003") == 0)
		import_note(r->im, import_option(NULL, "policy"),
		    "postsrsd's socketmap has this port: srsd cannot have it while postsrsd runs.");
}

/* offer_former_domain - only the operator knows whether addresses of it are still in use */
static void
offer_former_domain(const struct reading *r)
{
	const struct conf_option *o = import_option(NULL, "reverse-domains");
	struct import_origin origin = { r->file, 0, "srs-domain" };
	const char *former = r->former;

	import_note(r->im, o, "%s", POSTSRSD_REVERSE_NOTE);
	if (former != NULL)
		import_choose(r->im, &origin, o, &former, 1,
		    "a later line replaces it; bounces may still come to it if it was in use");
}

static bool
on_option(void *arg, size_t number, int line, const char *const *values, size_t n,
    char why[CONFUSE_WHY_SIZE])
{
	struct reading *r = arg;
	const struct row *row = &rows[number];
	struct import_origin origin = { r->file, (unsigned)line, row->name };

	(void)why; /* a value that we do not accept is told of, and the others are taken */
	if (strcmp(row->name, "socketmap") == 0)
		keep_text(&r->socketmap, values[0]);
	if (strcmp(row->name, "srs-domain") == 0)
		keep_domain(r, values[0]);
	if (strcmp(row->name, "original-envelope") == 0) {
		keep_text(&r->database, values[0]);
		r->database_line = (unsigned)line;
	} else if (row->why != NULL)
		import_leave(r->im, &origin, "%s", row->why);
	else if (row->list)
		import_set_good(r->im, &origin, import_option(NULL, row->name), values, n);
	else
		import_set(r->im, &origin, import_option(NULL, row->name), values, n);
	r->secret |= strcmp(row->name, "secrets-file") == 0;
	return true;
}

/* take_secret - where postsrsd was built to have it, when the file does not say */
static void
take_secret(const struct reading *r)
{
	static const char local[] = "/usr/local/etc/";
	struct import_origin origin = { "postsrsd", 0, "secrets-file" };
	const struct conf_option *o = import_option(NULL, "secrets-file");
	bool is_local = strncmp(r->file, local, sizeof(local) - 1) == 0;

	if (!r->secret)
		import_set_text(r->im, &origin, o,
		    is_local ? "/usr/local/etc/postsrsd.secret" : POSTSRSD_SECRET);
	import_note(r->im, o, "%s", POSTSRSD_SECRET_NOTE);
}

bool
import_postsrsd2(struct import *im, const char *file, const char *text, char *error, size_t size)
{
	struct confuse_option known[N_ROWS] = { { .name = NULL } };
	struct reading r = { .im = im, .file = file };
	bool ok;
	size_t i;

	import_add_file(im, file);
	for (i = 0; i < N_ROWS; i++) {
		known[i].name = rows[i].name;
		known[i].list = rows[i].list;
	}
	ok = confuse_parse(text, file, known, N_ROWS, false, on_option, &r, error, size);
	if (ok) {
		take_secret(&r);
		offer_former_domain(&r);
		take_envelope(&r);
		take_port(&r);
	}
	free(r.socketmap);
	free(r.database);
	free(r.srs_domain);
	free(r.former);
	return ok;
}

bool
import_postsrsd2_has_line(const char *line)
{
	size_t i, len;

	for (i = 0; i < N_ROWS; i++) {
		len = strlen(rows[i].name);
		if (strncmp(line, rows[i].name, len) == 0 &&
		    line[len + strspn(line + len, " \t")] == '=')
			return true;
	}
	return false;
}
