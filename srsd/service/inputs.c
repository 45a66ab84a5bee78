/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "conf/envelope_database.h"
#include "conf/paths.h"
#include "spf/dns/dns_servers.h"
#include "spf/dns/resolver_plan.h"
#include "srsd/service/inputs.h"
#include "srsd/store/store_redis_url.h"
#include "srsd/store/store_tls.h"

/* Bytes of the file with the password of the envelope database. */
#define PASSWORD_FILE_MAX 4096

#ifdef HAVE_HIREDIS_SSL
/* Bytes of the certificates of the system; Debian 12 has 220 kB. */
#define AUTHORITIES_MAX (4 * 1024 * 1024)
#endif

bool
inputs_read_settings(struct inputs *in, struct filebox *box, const struct inputs_source *source,
    char error[CONFIG_ERROR_SIZE])
{
	memset(in, 0, sizeof(*in));
	in->box = box;
	in->settings =
	    config_load(box, source->config, source->overrides, source->n_overrides, error);
	if (in->settings == NULL)
		inputs_free(in);
	return in->settings != NULL;
}

static void
warn_of_weak_secrets(const struct inputs *in)
{
	char text[SRS_KEYS_DOUBT_SIZE];
	enum srs_keys_doubt kind;

	for (kind = 0; kind < SRS_KEYS_DOUBTS; kind++)
		if (srs_keys_doubt(in->keys, kind, text))
			log_warnx("secrets-file %s: %s", in->settings->secrets_file, text);
}

/* copy_first_line - NULL if it is empty */
static char *
copy_first_line(const struct file *file)
{
	size_t len = strcspn(file->data, "\r\n");

	return len == 0 ? NULL : xstrndup(file->data, len);
}

/* read_database_password - false with one line in error */
static bool
read_database_password(
    struct inputs *in, const struct identity *daemon, char error[CONFIG_ERROR_SIZE])
{
	const char *path = in->settings->envelope_database_password_file, *why;
	struct file file;

	if (path[0] == '\0')
		return true;
	if (filebox_read(in->box, &file, path, PASSWORD_FILE_MAX, &why)) {
		why = srs_keys_file_error(&file.st, daemon);
		if (why == NULL) {
			in->database.password = copy_first_line(&file);
			why = "its first line is empty";
		}
		file_free(&file);
	}
	if (in->database.password == NULL)
		snprintf(
		    error, CONFIG_ERROR_SIZE, "envelope-database-password-file %s: %s", path, why);
	return in->database.password != NULL;
}

/*
 * check_database_server - a Redis server beyond this host needs a password: a client that can write to it
 * can delete the senders of bounces. False with one line in error.
 */
static bool
check_database_server(const struct inputs *in, char error[CONFIG_ERROR_SIZE])
{
	const char *database = in->settings->envelope_database, *why;
	struct store_redis_url url;

	if (envelope_database_server(database) == NULL)
		return true;
	if (store_redis_url_parse(&url, database, &why)) {
		if (in->database.password != NULL || !store_redis_url_needs_password(&url))
			return true;
		why = "a server that is not on this host needs a password; set "
		      "envelope-database-password-file";
	}
	snprintf(error, CONFIG_ERROR_SIZE, "envelope-database %s: %s", database, why);
	return false;
}

#ifdef HAVE_HIREDIS_SSL
/* is_trust_usable - can TLS be started with these certificates? */
static bool
is_trust_usable(const struct file *file, const char **error)
{
	struct store_tls *tls = store_tls_new(file->data, file->len, "localhost", error);
	bool usable = tls != NULL;

	store_tls_free(&tls);
	return usable;
}

/* read_authorities - the certificates of the system, for envelope-database-tls */
static bool
read_authorities(struct inputs *in, char error[CONFIG_ERROR_SIZE])
{
	const char *why;
	struct file file;

	if (!in->settings->envelope_database_tls)
		return true;
	if (filebox_read(in->box, &file, PATHS_AUTHORITIES, AUTHORITIES_MAX, &why)) {
		if (is_trust_usable(&file, &why))
			in->database.authorities = xstrndup(file.data, file.len);
		file_free(&file);
	}
	if (in->database.authorities == NULL)
		snprintf(error, CONFIG_ERROR_SIZE, "envelope-database-tls: %s: %s",
		    PATHS_AUTHORITIES, why);
	return in->database.authorities != NULL;
}
#else
static bool
read_authorities(struct inputs *in, char error[CONFIG_ERROR_SIZE])
{
	if (in->settings->envelope_database_tls)
		strlcpy(error,
		    "envelope-database-tls: this srsd was built without TLS for Redis "
		    "(hiredis 1.0 or newer has it)",
		    CONFIG_ERROR_SIZE);
	return !in->settings->envelope_database_tls;
}
#endif

/* warn_of_root_servers - because neither the settings nor resolv.conf name a nameserver */
static void
warn_of_root_servers(const struct inputs *in)
{
	char server[DNS_SERVERS_ONE_SIZE];
	const char *plan = in->dns;

	if (!dns_servers_next(&plan, server))
		log_warnx("%s has no nameserver, using the root servers", RESOLVER_PLAN_FILE);
}

bool
inputs_read_rest(struct inputs *in, const struct identity *daemon, char error[CONFIG_ERROR_SIZE])
{
	in->keys =
	    srs_keys_load(in->box, in->settings->secrets_file, daemon, error, CONFIG_ERROR_SIZE);
	if (in->keys != NULL && !filebox_is_closed(in->box))
		warn_of_weak_secrets(in);
	if (in->keys != NULL && read_database_password(in, daemon, error) &&
	    check_database_server(in, error) && read_authorities(in, error))
		in->dns = resolver_plan_make(in->settings, in->box, error, CONFIG_ERROR_SIZE);
	if (in->dns != NULL && !filebox_is_closed(in->box))
		warn_of_root_servers(in);
	if (in->dns != NULL)
		return true;
	inputs_free(in);
	return false;
}

void
inputs_free_database(struct inputs_database *database)
{
	if (database->password != NULL)
		freezero(database->password, strlen(database->password));
	free(database->authorities);
	memset(database, 0, sizeof(*database));
}

void
inputs_free(struct inputs *in)
{
	inputs_free_database(&in->database);
	srs_keys_free(&in->keys);
	settings_free(&in->settings);
	filebox_free(&in->box);
	free(in->dns);
	in->dns = NULL;
}
