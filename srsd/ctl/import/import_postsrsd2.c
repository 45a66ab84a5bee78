/* SPDX-License-Identifier: ISC */
/*
 * import_postsrsd2 - postsrsd.conf, with the options of postsrsd 2.0 to 2.4
 */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "conf/confuse.h"
#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_postsrsd.h"

/* An option has the same name in srsd, or a reason why it is not carried over. */
static const struct postsrsd2_option {
	const char *name;
	bool list;
	const char *why; /* NULL: srsd has this option */
} known_options[] = {
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
	{ "socketmap", false, /* see also skip_envelope_database */
	    "srsd serves tcp_table, not socketmap: set sender_canonical_maps = "
	    "tcp:127.0.0.1:10001 and recipient_canonical_maps = tcp:127.0.0.1:10002 in main.cf" },
	{ "milter", false,
	    "srsd is not a milter: set sender_canonical_maps = tcp:127.0.0.1:10001, "
	    "sender_canonical_classes = envelope_sender, recipient_canonical_maps = "
	    "tcp:127.0.0.1:10002 and recipient_canonical_classes = envelope_recipient in main.cf, "
	    "and remove postsrsd from smtpd_milters" },
	{ "milter-rewrite-local", false,
	    "srsd is not a milter; contrib/postfix/forward-only does not rewrite mail for local "
	    "mailboxes" },
	{ "milter-recipient-limit", false, "srsd is not a milter" },
	{ "keep-alive", false,
	    "idle-timeout is not equivalent: Postfix waits a second whenever srsd has closed a "
	    "tcp_table connection, which Postfix keeps open for several hundred seconds" },
	{ "original-envelope", false, NULL }, /* see skip_envelope_database */
	{ "envelope-database", false,
	    "srsd has no database: the address contains everything that it needs" },
	{ "unprivileged-user", false, "srsd has its own user" },
	{ "chroot-dir", false, "srsd has its own sandbox; see chroot-dir in srsd.conf(5)" },
	{ "seccomp", false, "srsd always runs in its sandbox" },
	{ "pid-file", false,
	    "pid-file is for srsd without systemd, and must not be the file of postsrsd" },
	{ "daemonize", false, "use srsd -D" },
	{ "debug", false, "use srsd -v" },
};

/* The socketmap of postsrsd, unless the file sets it. */
#define POSTSRSD2_SOCKETMAP "unix:/var/spool/postfix/srs"

#define ENDPOINT_SIZE 512

#define N_KNOWN (sizeof(known_options) / sizeof(known_options[0]))

struct postsrsd2_file {
	struct import *im;
	const char *path;
	bool has_secret;         /* it sets secrets-file */
	char *socketmap;         /* as in the file; NULL: not set */
	char *original_envelope; /* NULL: not set */
	unsigned original_envelope_line;
	char *srs_domain; /* NULL: not set */
	unsigned srs_domain_line;
	char *former_domain; /* the value of srs-domain that a later line replaces; NULL: none */
	unsigned former_line;
};

static void
replace_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

/* note_srs_domain - the last line counts */
static void
note_srs_domain(struct postsrsd2_file *f, const char *value, unsigned line)
{
	if (f->srs_domain != NULL && strcmp(f->srs_domain, value) != 0) {
		replace_text(&f->former_domain, f->srs_domain);
		f->former_line = f->srs_domain_line;
	}
	replace_text(&f->srs_domain, value);
	f->srs_domain_line = line;
}

/* format_socketmap - in the form of main.cf: relative to Postfix's queue directory */
static const char *
format_socketmap(const char *endpoint, char text[ENDPOINT_SIZE])
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

/* skip_envelope_database - srsd cannot reverse an address that is a key of the database */
static void
skip_envelope_database(const struct postsrsd2_file *f)
{
	const char *endpoint = f->socketmap == NULL ? POSTSRSD2_SOCKETMAP : f->socketmap;
	struct import_origin origin = { f->path, f->original_envelope_line, "original-envelope" };
	char text[ENDPOINT_SIZE];

	if (f->original_envelope == NULL || strcmp(f->original_envelope, "embedded") == 0)
		return;
	import_skip(f->im, &origin,
	    "%s: an address such as SRS0=hhhh=TT=1=... is a key of postsrsd's database, and srsd "
	    "answers \"not found\" for it. Keep postsrsd running for 21 days, until the last of "
	    "these addresses has expired, and name both maps in main.cf: "
	    "recipient_canonical_maps = socketmap:%s:reverse, tcp:127.0.0.1:10002",
	    f->original_envelope, format_socketmap(endpoint, text));
}

/* note_port - the socketmap in postsrsd's sample file has the port of srsd's policy service */
static void
note_port(const struct postsrsd2_file *f)
{
	const char *port = f->socketmap == NULL ? NULL : strrchr(f->socketmap, ':');

	if (port != NULL && strcmp(port, ":10003") == 0)
		import_note(f->im, import_option(NULL, "policy"),
		    "postsrsd's socketmap uses this port: srsd cannot use it while postsrsd runs.");
}

/* offer_former_domain2 - only the operator knows whether addresses in it are still in use */
static void
offer_former_domain2(const struct postsrsd2_file *f)
{
	const struct conf_option *o = import_option(NULL, "reverse-domains");
	struct import_origin origin = { f->path, f->former_line, "srs-domain" };
	const char *former = f->former_domain;

	import_note(f->im, o, "%s", POSTSRSD_REVERSE_NOTE);
	if (former != NULL)
		import_offer(f->im, &origin, o, &former, 1, "%s", POSTSRSD_FORMER_NOTE);
}

static bool
on_postsrsd2_option(void *arg, size_t number, int line, const char *const *values, size_t n,
    char why[CONFUSE_WHY_SIZE])
{
	struct postsrsd2_file *f = arg;
	const struct postsrsd2_option *known = &known_options[number];
	struct import_origin origin = { f->path, (unsigned)line, known->name };

	(void)why; /* a value that srsd does not accept is skipped, and parsing continues */
	if (strcmp(known->name, "socketmap") == 0)
		replace_text(&f->socketmap, values[0]);
	if (strcmp(known->name, "srs-domain") == 0)
		note_srs_domain(f, values[0], origin.line);
	if (strcmp(known->name, "original-envelope") == 0) {
		replace_text(&f->original_envelope, values[0]);
		f->original_envelope_line = origin.line;
	} else if (known->why != NULL)
		import_skip(f->im, &origin, "%s", known->why);
	else if (known->list)
		import_set_valid_items(f->im, &origin, import_option(NULL, known->name), values, n);
	else
		import_set(f->im, &origin, import_option(NULL, known->name), values, n);
	f->has_secret |= strcmp(known->name, "secrets-file") == 0;
	return true;
}

/* import_secret2 - the default is next to the file, where this postsrsd was installed */
static void
import_secret2(const struct postsrsd2_file *f)
{
	static const char local[] = "/usr/local/etc/";
	struct import_origin origin = { "postsrsd", 0, "secrets-file" };
	const struct conf_option *o = import_option(NULL, "secrets-file");
	bool is_local = strncmp(f->path, local, sizeof(local) - 1) == 0;

	if (!f->has_secret)
		import_set_text(f->im, &origin, o,
		    is_local ? "/usr/local/etc/postsrsd.secret" : POSTSRSD_SECRET);
	import_note(f->im, o, "%s", POSTSRSD_SECRET_NOTE);
}

bool
import_postsrsd2(struct import *im, const char *file, const char *text, char *error, size_t size)
{
	struct confuse_option options_in_file[N_KNOWN] = { { .name = NULL } };
	struct postsrsd2_file f = { .im = im, .path = file };
	const struct confuse_grammar grammar = { options_in_file, N_KNOWN, false,
		on_postsrsd2_option, &f };
	bool ok;
	size_t i;

	import_add_file(im, file);
	for (i = 0; i < N_KNOWN; i++) {
		options_in_file[i].name = known_options[i].name;
		options_in_file[i].list = known_options[i].list;
	}
	ok = confuse_parse(&grammar, text, file, error, size);
	if (ok) {
		import_secret2(&f);
		offer_former_domain2(&f);
		skip_envelope_database(&f);
		note_port(&f);
	}
	free(f.socketmap);
	free(f.original_envelope);
	free(f.srs_domain);
	free(f.former_domain);
	return ok;
}

bool
import_postsrsd2_has_line(const char *line)
{
	size_t i, len;

	for (i = 0; i < N_KNOWN; i++) {
		len = strlen(known_options[i].name);
		if (strncmp(line, known_options[i].name, len) == 0 &&
		    line[len + strspn(line + len, " \t")] == '=')
			return true;
	}
	return false;
}
