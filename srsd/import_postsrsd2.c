/* SPDX-License-Identifier: ISC */
/*
 * import_postsrsd2 - postsrsd.conf of postsrsd 2.x (its options up to 2.4)
 */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "conf/confuse.h"
#include "srsd/import_options.h"
#include "srsd/import_postsrsd.h"

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
	{ "socketmap", false,
	    "srsd answers tcp_table, not socketmap: main.cf needs sender_canonical_maps = "
	    "tcp:127.0.0.1:10001 and recipient_canonical_maps = tcp:127.0.0.1:10002" },
	{ "milter", false,
	    "srsd is no milter: main.cf needs sender_canonical_maps = tcp:127.0.0.1:10001, "
	    "sender_canonical_classes = envelope_sender, recipient_canonical_maps = "
	    "tcp:127.0.0.1:10002, and no smtpd_milters for postsrsd" },
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

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct reading {
	struct import *im;
	const char *file;
	bool secret; /* secrets-file was said */
};

static void
take_envelope(const struct reading *r, const struct import_origin *origin, const char *value)
{
	if (strcmp(value, "embedded") == 0)
		return; /* as srsd has it */
	import_leave(r->im, origin,
	    "%s: addresses whose sender lies in postsrsd's database (SRS0=hhhh=TT=1=...) do not come "
	    "back through srsd; let postsrsd answer the reverse map for as long as they live, 21 days",
	    value);
}

static bool
on_option(void *arg, size_t number, int line, const char *const *values, size_t n,
    char why[CONFUSE_WHY_SIZE])
{
	struct reading *r = arg;
	const struct row *row = &rows[number];
	struct import_origin origin = { r->file, (unsigned)line, row->name };

	(void)why; /* a value that we do not accept is told of, and the others are taken */
	if (strcmp(row->name, "original-envelope") == 0)
		take_envelope(r, &origin, values[0]);
	else if (row->why != NULL)
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
	const struct option *o = import_option(NULL, "secrets-file");
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
	struct reading r = { im, file, false };
	size_t i;

	import_add_file(im, file);
	for (i = 0; i < N_ROWS; i++) {
		known[i].name = rows[i].name;
		known[i].list = rows[i].list;
	}
	if (!confuse_parse(text, file, known, N_ROWS, false, on_option, &r, error, size))
		return false;
	take_secret(&r);
	return true;
}
