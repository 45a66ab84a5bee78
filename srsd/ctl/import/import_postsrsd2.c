/* SPDX-License-Identifier: ISC */
/*
 * import_postsrsd2 - postsrsd.conf, with the options of postsrsd 2.0 to 2.4
 *
 * The effect of each value has been tested with postsrsd 2.4.0.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/day.h"
#include "common/xmalloc.h"
#include "conf/confuse.h"
#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_clients.h"
#include "srsd/ctl/import/import_postsrsd.h"
#include "srsd/ctl/import/postsrsd2_address.h"

/* The defaults of postsrsd. Its paths depend on the prefix that it was built with. */
#define SOCKETMAP_PRESET "unix:/var/spool/postfix/srs"
#define CHROOT_PRESET "/var/lib/postsrsd"
#define CHROOT_PRESET_LOCAL "/usr/local/var/lib/postsrsd"
#define SECRETS_PRESET_LOCAL "/usr/local/etc/postsrsd.secret"

/* The path of srsd-milter.socket. */
#define MILTER_OF_UNIT "unix:/var/spool/postfix/srsd/milter"

/*
 * postsrsd 2 accepts an address for 21 days. Two more: it may have signed on another day than the
 * import, and srsd accepts the clock of the other host to be a day ahead.
 */
#define ALIAS_DAYS (21 + 2)

/* srsd refuses shorter hashes. */
#define HASH_SHORTEST 4

enum option2 {
	OPT_SRS_DOMAIN,
	OPT_DOMAINS,
	OPT_DOMAINS_FILE,
	OPT_DOMAINS_FILE_WATCH,
	OPT_SECRETS_FILE,
	OPT_SEPARATOR,
	OPT_HASH_LENGTH,
	OPT_HASH_MINIMUM,
	OPT_ALWAYS_REWRITE,
	OPT_CONNECTION_LIMIT,
	OPT_SYSLOG,
	OPT_SOCKETMAP,
	OPT_MILTER,
	OPT_MILTER_REWRITE_LOCAL,
	OPT_MILTER_RECIPIENT_LIMIT,
	OPT_ORIGINAL_ENVELOPE,
	OPT_ENVELOPE_DATABASE,
	OPT_CHROOT_DIR,
	OPT_UNPRIVILEGED_USER,
	OPT_KEEP_ALIVE,
	OPT_SECCOMP,
	OPT_PID_FILE,
	OPT_DAEMONIZE,
	OPT_DEBUG,
	N_KNOWN,
};

/* The use that srsd has for an option. */
enum option2_use {
	USE_SAME,  /* srsd has the option, with the same values */
	USE_LATER, /* import_postsrsd2 handles it when all options are known */
	USE_NONE,  /* it is not carried over */
};

static const struct postsrsd2_option {
	const char *name;
	bool list;
	enum option2_use use;
	const char *why; /* USE_NONE */
} known_options[N_KNOWN] = {
	[OPT_SRS_DOMAIN] = { "srs-domain", false, USE_LATER, NULL },
	[OPT_DOMAINS] = { "domains", true, USE_SAME, NULL },
	[OPT_DOMAINS_FILE] = { "domains-file", false, USE_SAME, NULL },
	[OPT_DOMAINS_FILE_WATCH] = { "domains-file-watch", false, USE_SAME, NULL },
	[OPT_SECRETS_FILE] = { "secrets-file", false, USE_SAME, NULL },
	[OPT_SEPARATOR] = { "separator", false, USE_SAME, NULL },
	[OPT_HASH_LENGTH] = { "hash-length", false, USE_LATER, NULL },
	[OPT_HASH_MINIMUM] = { "hash-minimum", false, USE_LATER, NULL },
	[OPT_ALWAYS_REWRITE] = { "always-rewrite", false, USE_SAME, NULL },
	[OPT_CONNECTION_LIMIT] = { "connection-limit", false, USE_SAME, NULL },
	[OPT_SYSLOG] = { "syslog", false, USE_SAME, NULL },
	[OPT_SOCKETMAP] = { "socketmap", false, USE_LATER, NULL },
	[OPT_MILTER] = { "milter", false, USE_LATER, NULL },
	[OPT_MILTER_REWRITE_LOCAL] = { "milter-rewrite-local", false, USE_LATER, NULL },
	[OPT_MILTER_RECIPIENT_LIMIT] = { "milter-recipient-limit", false, USE_NONE,
	    "srsd accepts any number of recipients" },
	[OPT_ORIGINAL_ENVELOPE] = { "original-envelope", false, USE_LATER, NULL },
	[OPT_ENVELOPE_DATABASE] = { "envelope-database", false, USE_LATER, NULL },
	[OPT_CHROOT_DIR] = { "chroot-dir", false, USE_NONE,
	    "srsd has its own sandbox; see chroot-dir in srsd.conf(5)" },
	[OPT_UNPRIVILEGED_USER] = { "unprivileged-user", false, USE_NONE,
	    "srsd has its own user; see unprivileged-user in srsd.conf(5)" },
	[OPT_KEEP_ALIVE] = { "keep-alive", false, USE_NONE,
	    "srsd needs no process for an idle connection, so it keeps one for idle-timeout, which "
	    "is longer" },
	[OPT_SECCOMP] = { "seccomp", false, USE_NONE, "srsd always runs in its sandbox" },
	[OPT_PID_FILE] = { "pid-file", false, USE_NONE,
	    "pid-file is for srsd without systemd, and must not be the file of postsrsd" },
	[OPT_DAEMONIZE] = { "daemonize", false, USE_NONE, "use srsd -D" },
	[OPT_DEBUG] = { "debug", false, USE_NONE, "use srsd -v" },
};

/* The last value of an option in the file. */
struct postsrsd2_value {
	unsigned line; /* 0: the file does not set it, or to an empty list */
	char *text;
};

struct postsrsd2_file {
	struct import *im;
	const char *path;
	time_t now;
	struct postsrsd2_value values[N_KNOWN]; /* of a list, the first value */
	char *former_domain; /* the value of srs-domain that a later line replaces; NULL: none */
	unsigned former_line;
};

/* value_or_default2 - the text of an option, or the default of postsrsd */
static const char *
value_or_default2(const struct postsrsd2_file *f, enum option2 number, const char *preset)
{
	return f->values[number].line == 0 ? preset : f->values[number].text;
}

static struct import_origin
origin_of_option(const struct postsrsd2_file *f, enum option2 number)
{
	unsigned line = f->values[number].line;

	return (struct import_origin){ line == 0 ? "postsrsd" : f->path, line,
		known_options[number].name };
}

static bool
is_local_prefix(const struct postsrsd2_file *f)
{
	static const char local[] = "/usr/local/etc/";

	return strncmp(f->path, local, strlen(local)) == 0;
}

static void
store_value(struct postsrsd2_file *f, enum option2 number, const char *text, unsigned line)
{
	struct postsrsd2_value *value = &f->values[number];

	if (number == OPT_SRS_DOMAIN && value->line != 0 && strcmp(value->text, text) != 0) {
		free(f->former_domain);
		f->former_domain = value->text;
		f->former_line = value->line;
		value->text = NULL;
	}
	free(value->text);
	value->text = xstrdup(text);
	value->line = line;
}

static bool
on_postsrsd2_option(void *arg, size_t number, int line, const char *const *values, size_t n,
    char why[CONFUSE_WHY_SIZE])
{
	struct postsrsd2_file *f = arg;
	const struct postsrsd2_option *known = &known_options[number];
	struct import_origin origin = { f->path, (unsigned)line, known->name };

	(void)why; /* a value that srsd does not accept is skipped, and parsing continues */
	if (n == 0)
		return true; /* an empty list is the default, and has no line */
	store_value(f, (enum option2)number, values[0], origin.line);
	if (known->use == USE_NONE)
		import_skip(f->im, &origin, "%s", known->why);
	else if (known->use == USE_SAME && known->list)
		import_set_valid_items(f->im, &origin, import_option(NULL, known->name), values, n);
	else if (known->use == USE_SAME)
		import_set(f->im, &origin, import_option(NULL, known->name), values, n);
	return true;
}

/* on_unknown_option - of a fork of postsrsd, or of a later version */
static void
on_unknown_option(void *arg, const char *name, int line, const char *const *values, size_t n)
{
	struct postsrsd2_file *f = arg;
	struct import_origin origin = { f->path, (unsigned)line, name };
	struct buffer text = { .data = NULL };
	size_t i;

	for (i = 0; i < n; i++)
		buffer_printf(&text, "%s\"%s\"", i == 0 ? "" : ", ", values[i]);
	buffer_add(&text, "", 1);
	import_skip_unknown(f->im, &origin,
	    "%s: postsrsd 2.4 has no such option, and srsctl does not know its effect", text.data);
	buffer_free(&text);
}

static bool
has_leading_dot(const char *domain)
{
	return domain[0] == '.' && domain[1] != '\0';
}

/*
 * import_first_domain - without srs-domain, postsrsd uses the first of domains, or else of
 * domains-file
 *
 * In both it removes a dot at the beginning. srsd uses the first of domains that has none.
 */
static void
import_first_domain(struct postsrsd2_file *f, const struct conf_option *o)
{
	const char *first = value_or_default2(f, OPT_DOMAINS, "");
	const char *file = value_or_default2(f, OPT_DOMAINS_FILE, "");
	struct import_origin origin;

	if (has_leading_dot(first)) {
		origin = origin_of_option(f, OPT_DOMAINS);
		if (import_set_text(f->im, &origin, o, first + 1))
			import_note(
			    f->im, o, "postsrsd uses the first of domains, without its dot.");
	} else if (first[0] == '\0' && file[0] != '\0') {
		origin = origin_of_option(f, OPT_DOMAINS_FILE);
		import_set_unknown(f->im, &origin, o);
		import_note(f->im, o, "postsrsd uses the first domain in that file.");
	}
}

static void
import_srs_domain(struct postsrsd2_file *f)
{
	const struct conf_option *o = import_option(NULL, "srs-domain");
	const char *domain = value_or_default2(f, OPT_SRS_DOMAIN, "");
	struct import_origin origin = origin_of_option(f, OPT_SRS_DOMAIN);

	if (domain[0] == '\0')
		import_first_domain(f, o);
	else
		import_set_text(f->im, &origin, o, domain + has_leading_dot(domain));
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

/* import_hash_size - import_complete ensures that the minimum does not exceed the length */
static void
import_hash_size(const struct postsrsd2_file *f, enum option2 number)
{
	const struct conf_option *o = import_option(NULL, known_options[number].name);
	const char *text = value_or_default2(f, number, "");
	struct import_origin origin = origin_of_option(f, number);
	long n = strtol(text, NULL, 10);

	if (f->values[number].line == 0)
		return;
	if (n < 1 || n >= HASH_SHORTEST) {
		import_set_text(f->im, &origin, o, text);
		return;
	}
	import_set_number(f->im, &origin, o, HASH_SHORTEST);
	import_note(f->im, o, "The value was %ld: such a short hash is too easy to guess.%s", n,
	    number == OPT_HASH_MINIMUM ? " srsd does not accept addresses that have one." : "");
}

/* import_secret2 - the default is next to the file, where this postsrsd was installed */
static void
import_secret2(const struct postsrsd2_file *f)
{
	struct import_origin origin = { "postsrsd", 0, "secrets-file" };
	const struct conf_option *o = import_option(NULL, "secrets-file");

	if (f->values[OPT_SECRETS_FILE].line == 0)
		import_set_text(
		    f->im, &origin, o, is_local_prefix(f) ? SECRETS_PRESET_LOCAL : POSTSRSD_SECRET);
	import_note(f->im, o, "%s", POSTSRSD_SECRET_NOTE);
}

static const struct text_list *
find_endpoints(const struct settings *s, const struct conf_option *o)
{
	if (strcmp(o->name, "forward") == 0)
		return &s->forward;
	return strcmp(o->name, "reverse") == 0 ? &s->reverse : &s->policy;
}

/* remove_colliding - the endpoints of a service that do not collide with another one; frees none */
static const char **
remove_colliding(const struct text_list *endpoints, const char *other, size_t *n)
{
	const char **rest = xcalloc(endpoints->n + 1, sizeof(*rest));
	size_t i;

	*n = 0;
	for (i = 0; i < endpoints->n; i++)
		if (!postsrsd2_address_collides(endpoints->text[i], other))
			rest[(*n)++] = endpoints->text[i];
	return rest;
}

static bool
collides_with_any(const char *endpoint, const struct text_list *others)
{
	size_t i;

	for (i = 0; i < others->n; i++)
		if (postsrsd2_address_collides(endpoint, others->text[i]))
			return true;
	return false;
}

/* has_no_collision - another endpoint of this service is right if each socket can be opened */
static bool
has_no_collision(
    const struct conf_option *o, const struct settings *imported, const struct settings *in_effect)
{
	const struct text_list *endpoints = find_endpoints(in_effect, o);
	size_t i;

	(void)imported;
	for (i = 0; i < endpoints->n; i++)
		if (collides_with_any(endpoints->text[i], &in_effect->socketmap) ||
		    collides_with_any(endpoints->text[i], &in_effect->milter))
			return false;
	return true;
}

/*
 * free_port - give the port of a default of srsd to an endpoint of postsrsd, which main.cf names
 *
 * The example of a socketmap in postsrsd's sample file has the port of the policy service.
 */
static void
free_port(struct postsrsd2_file *f, const char *name, enum option2 taker, const char *endpoint)
{
	const struct conf_option *o = import_option(NULL, name);
	const struct text_list *endpoints = find_endpoints(import_settings(f->im), o);
	struct import_origin origin = origin_of_option(f, taker);
	const char *service = known_options[taker].name, **rest;
	size_t n;

	rest = remove_colliding(endpoints, endpoint, &n);
	if (n < endpoints->n) {
		import_set(f->im, &origin, o, rest, n);
		import_allow(f->im, o, has_no_collision);
		if (strcmp(name, "policy") == 0)
			import_note(f->im, o,
			    "postsrsd's %s has the port of srsd's policy service. The %s keeps it, "
			    "so that main.cf need not change, and the policy service is off. To use "
			    "it, choose another port, such as policy = {\"inet:127.0.0.1:10006\"}, "
			    "and name that port in check_policy_service.",
			    service, service);
		else
			import_note(f->im, o,
			    "postsrsd's %s has this port, and keeps it, so that main.cf need not "
			    "change. postsrsd 2 has no map of the type tcp.",
			    service);
	}
	free(rest);
}

static void
free_ports(struct postsrsd2_file *f, enum option2 taker, const char *endpoint)
{
	free_port(f, "forward", taker, endpoint);
	free_port(f, "reverse", taker, endpoint);
	free_port(f, "policy", taker, endpoint);
}

/* prepare_socket - a unix socket, for which there is a unit with this path */
static void
prepare_socket(
    struct postsrsd2_file *f, const struct conf_option *o, const char *endpoint, const char *path)
{
	if (strncmp(endpoint, "unix:", 5) != 0)
		return;
	import_prepare(f->im, o,
	    "Under systemd, srsd is not root and cannot create this socket outside of its own "
	    "directories. Let systemd create it: systemctl enable srsd-%s.socket%s.",
	    o->name,
	    strcmp(endpoint, path) == 0 ? ""
					: ", with this path as its ListenStream (systemctl edit)");
}

/* is_private_server - can only this host connect to a Redis server? */
static bool
is_private_server(const char *database)
{
	const char *place = strchr(database, ':') + 1;

	return strncmp(place, "unix:", 5) == 0 || strncmp(place, "localhost:", 10) == 0 ||
	       strncmp(place, "127.", 4) == 0 || strncmp(place, "[::1]:", 6) == 0;
}

static void
note_socketmap(struct postsrsd2_file *f, const struct conf_option *o, const char *endpoint)
{
	char table[POSTSRSD2_ADDRESS_SIZE];

	postsrsd2_address_table(endpoint, table);
	import_note(f->im, o,
	    "The tables socketmap:%s:forward and socketmap:%s:reverse in main.cf remain valid.",
	    table, table);
	prepare_socket(f, o, endpoint, SOCKETMAP_PRESET);
}

/* import_endpoint2 - one that is not empty, which is copied to endpoint; false: it is not imported */
static bool
import_endpoint2(struct postsrsd2_file *f, enum option2 number, const char *value,
    char endpoint[POSTSRSD2_ADDRESS_SIZE])
{
	const struct conf_option *o = import_option(NULL, known_options[number].name);
	struct import_origin origin = origin_of_option(f, number);
	const char *why;

	if (!postsrsd2_address_endpoint(value, endpoint, &why)) {
		import_set_unknown(f->im, &origin, o);
		import_lose(f->im, &origin, "'%s' has no equivalent: %s", value, why);
		return false;
	}
	if (!import_set_text(f->im, &origin, o, endpoint))
		return false;
	import_clients_admit(f->im, &origin, endpoint);
	free_ports(f, number, endpoint);
	return true;
}

static void
import_socketmap(struct postsrsd2_file *f)
{
	const struct conf_option *o = import_option(NULL, "socketmap");
	struct import_origin origin = origin_of_option(f, OPT_SOCKETMAP);
	const char *value = value_or_default2(f, OPT_SOCKETMAP, SOCKETMAP_PRESET);
	char endpoint[POSTSRSD2_ADDRESS_SIZE];

	if (value[0] == '\0')
		import_set(f->im, &origin, o, NULL, 0);
	else if (import_endpoint2(f, OPT_SOCKETMAP, value, endpoint))
		note_socketmap(f, o, endpoint);
}

static bool
is_switched_on(const char *value)
{
	return strcasecmp(value, "on") == 0 || strcasecmp(value, "yes") == 0 ||
	       strcasecmp(value, "true") == 0;
}

/* prepare_milter - its place in Postfix decides on what it can see */
static void
prepare_milter(struct postsrsd2_file *f, const struct conf_option *o, const char *endpoint)
{
	import_prepare(f->im, o,
	    "postsrsd's place for a milter, smtpd_milters, is before aliases are expanded: there it "
	    "can reverse SRS recipients and refuse forged ones, but cannot recognize a forward. "
	    "Move it from smtpd_milters and non_smtpd_milters in main.cf to the second smtpd of "
	    "contrib/postfix/forwarding, where it rewrites what this host forwards.");
	if (is_switched_on(value_or_default2(f, OPT_MILTER_REWRITE_LOCAL, "off")))
		import_prepare(f->im, o,
		    "%s:%u milter-rewrite-local: srsd's milter never rewrites mail for local "
		    "mailboxes. The maps of contrib/postfix/canonical do.",
		    f->path, f->values[OPT_MILTER_REWRITE_LOCAL].line);
	prepare_socket(f, o, endpoint, MILTER_OF_UNIT);
}

static void
import_milter(struct postsrsd2_file *f)
{
	const char *value = value_or_default2(f, OPT_MILTER, "");
	char endpoint[POSTSRSD2_ADDRESS_SIZE];

	if (value[0] != '\0' && import_endpoint2(f, OPT_MILTER, value, endpoint))
		prepare_milter(f, import_option(NULL, "milter"), endpoint);
}

/* accepts_long_enough - a day before the imported one was right when the operator imported it */
static bool
accepts_long_enough(
    const struct conf_option *o, const struct settings *imported, const struct settings *in_effect)
{
	(void)o;
	return in_effect->envelope_accept_sha1 != 0 &&
	       in_effect->envelope_accept_sha1 <= imported->envelope_accept_sha1;
}

static void
import_alias_date(struct postsrsd2_file *f)
{
	const struct conf_option *o = import_option(NULL, "envelope-accept-sha1");
	struct import_origin origin = origin_of_option(f, OPT_ORIGINAL_ENVELOPE);
	char day[DAY_TEXT_SIZE];

	day_format(day, day_of(f->now) + ALIAS_DAYS);
	import_set_text(f->im, &origin, o, day);
	import_allow(f->im, o, accepts_long_enough);
	import_note(f->im, o,
	    "Until this day, addresses of which postsrsd has stored the sender may return: they are "
	    "valid for 21 days. Remove this line after it, because the rows of postsrsd are not "
	    "protected by a secret. If postsrsd runs for longer than today, choose a later day.");
}

/* prepare_file - the owner of an SQLite database, path, and the directory that it is in */
static void
prepare_file(struct postsrsd2_file *f, const struct conf_option *o, const char *path)
{
	const char *user = value_or_default2(f, OPT_UNPRIVILEGED_USER, "postsrsd's user");
	int len = (int)(strrchr(path, '/') - path);

	import_prepare(f->im, o,
	    "The database belongs to %s. After postsrsd has stopped, let srsd write to it and to its "
	    "directory, where SQLite creates files: chown srsd %.*s %s. Under systemd, add "
	    "ReadWritePaths=%.*s (systemctl edit srsd). If the directory contains other files too, "
	    "move the database to /var/lib/srsd, and set this option to that path.",
	    user[0] == '\0' ? "root" : user, len == 0 ? 1 : len, path, path, len == 0 ? 1 : len,
	    path);
}

/* chroot_of - "" for none */
static const char *
chroot_of(const struct postsrsd2_file *f)
{
	return value_or_default2(
	    f, OPT_CHROOT_DIR, is_local_prefix(f) ? CHROOT_PRESET_LOCAL : CHROOT_PRESET);
}

static void
note_database(struct postsrsd2_file *f, const struct conf_option *o, const char *database)
{
	static const char sqlite[] = "sqlite:";
	const char *chroot_dir = chroot_of(f);

	import_note(f->im, o,
	    "postsrsd's database stays where it is, and srsd adds its own rows in the same form.");
	if (chroot_dir[0] != '\0' && strchr(database, '/') != NULL)
		import_note(f->im, o, "postsrsd opens it in its chroot-dir, %s%s.", chroot_dir,
		    f->values[OPT_CHROOT_DIR].line == 0 ? " by default: check it with ls" : "");
	if (strncmp(database, sqlite, strlen(sqlite)) == 0)
		prepare_file(f, o, database + strlen(sqlite));
	else if (!is_private_server(database))
		import_prepare(f->im, o,
		    "srsd does not use a Redis server on another host without a password: set "
		    "envelope-database-password-file.");
}

static enum postsrsd2_database
find_database(const struct postsrsd2_file *f, char text[POSTSRSD2_ADDRESS_SIZE])
{
	return postsrsd2_address_database(
	    value_or_default2(f, OPT_ENVELOPE_DATABASE, ""), chroot_of(f), text);
}

static void
import_database(struct postsrsd2_file *f)
{
	static const char *const reasons[] = {
		[POSTSRSD2_DATABASE_VOLATILE] =
		    "it is lost with each process of postsrsd, so there is nothing to carry over",
		[POSTSRSD2_DATABASE_INVALID] = "postsrsd does not start with this value",
		[POSTSRSD2_DATABASE_RELATIVE] =
		    "the path is relative to the directory that postsrsd was started in, which under "
		    "systemd is /",
	};
	const struct conf_option *o = import_option(NULL, "envelope-database");
	struct import_origin origin = origin_of_option(f, OPT_ENVELOPE_DATABASE);
	const char *value = value_or_default2(f, OPT_ENVELOPE_DATABASE, "");
	char database[POSTSRSD2_ADDRESS_SIZE];
	enum postsrsd2_database found = find_database(f, database);

	if (found == POSTSRSD2_DATABASE_FOUND) {
		if (import_set_text(f->im, &origin, o, database))
			note_database(f, o, database);
		return;
	}
	if (f->values[OPT_ENVELOPE_DATABASE].line == 0)
		origin = origin_of_option(f, OPT_ORIGINAL_ENVELOPE);
	if (found != POSTSRSD2_DATABASE_VOLATILE)
		import_set_unknown(f->im, &origin, o);
	if (found == POSTSRSD2_DATABASE_RELATIVE)
		import_lose(f->im, &origin, "envelope-database '%s': %s", value, reasons[found]);
	else
		import_skip(f->im, &origin, "envelope-database '%s': %s", value, reasons[found]);
}

/* skip_database - with original-envelope = embedded, postsrsd neither writes nor reads it */
static void
skip_database(struct postsrsd2_file *f)
{
	struct import_origin origin = origin_of_option(f, OPT_ENVELOPE_DATABASE);
	const char *value = value_or_default2(f, OPT_ENVELOPE_DATABASE, "");
	char database[POSTSRSD2_ADDRESS_SIZE], day[DAY_TEXT_SIZE];

	if (value[0] == '\0')
		return;
	if (find_database(f, database) != POSTSRSD2_DATABASE_FOUND) {
		import_skip(f->im, &origin, "%s: postsrsd does not use it", value);
		return;
	}
	day_format(day, day_of(f->now) + ALIAS_DAYS);
	import_skip(f->im, &origin,
	    "%s: postsrsd does not use it, because original-envelope is embedded. If that was "
	    "different within the last 21 days, set envelope-database = \"%s\" and "
	    "envelope-accept-sha1 = \"%s\", so that srsd reverses the addresses of that time",
	    value, database, day);
}

static void
import_envelope(struct postsrsd2_file *f)
{
	const struct conf_option *o = import_option(NULL, "original-envelope");
	struct import_origin origin = origin_of_option(f, OPT_ORIGINAL_ENVELOPE);
	const char *value = value_or_default2(f, OPT_ORIGINAL_ENVELOPE, "embedded");

	if (strcasecmp(value, "database") == 0) {
		import_set_text(f->im, &origin, o, value);
		import_database(f);
		import_alias_date(f);
		return;
	}
	if (strcasecmp(value, "embedded") != 0)
		import_skip(f->im, &origin,
		    "'%s': postsrsd does not start with this value; it accepts embedded and database",
		    value);
	else if (f->values[OPT_ORIGINAL_ENVELOPE].line != 0)
		import_set_text(f->im, &origin, o, value);
	skip_database(f);
}

static void
import_values(struct postsrsd2_file *f)
{
	import_srs_domain(f);
	offer_former_domain2(f);
	import_hash_size(f, OPT_HASH_LENGTH);
	import_hash_size(f, OPT_HASH_MINIMUM);
	import_secret2(f);
	import_socketmap(f);
	import_milter(f);
	import_envelope(f);
}

bool
import_postsrsd2(
    struct import *im, const char *file, const char *text, time_t now, char *error, size_t size)
{
	struct confuse_option options_in_file[N_KNOWN] = { { .name = NULL } };
	struct postsrsd2_file f = { .im = im, .path = file, .now = now };
	const struct confuse_grammar grammar = { .options = options_in_file,
		.n = N_KNOWN,
		.set = on_postsrsd2_option,
		.arg = &f,
		.unknown = on_unknown_option };
	bool ok;
	size_t i;

	import_add_file(im, file);
	for (i = 0; i < N_KNOWN; i++) {
		options_in_file[i].name = known_options[i].name;
		options_in_file[i].list = known_options[i].list;
	}
	ok = confuse_parse(&grammar, text, file, error, size);
	if (ok)
		import_values(&f);
	for (i = 0; i < N_KNOWN; i++)
		free(f.values[i].text);
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
