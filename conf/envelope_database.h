/* SPDX-License-Identifier: ISC */
/* envelope_database - the forms of the option envelope-database: sqlite:PATH, redis:..., none. Pure. */
#ifndef CONF_ENVELOPE_DATABASE_H
#define CONF_ENVELOPE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define ENVELOPE_DATABASE_SQLITE "sqlite:"
#define ENVELOPE_DATABASE_REDIS "redis:"

/* The path of sqlite:PATH, within database; NULL for any other form. */
static inline const char *
envelope_database_path(const char *database)
{
	size_t len = strlen(ENVELOPE_DATABASE_SQLITE);

	return strncmp(database, ENVELOPE_DATABASE_SQLITE, len) == 0 ? database + len : NULL;
}

/* The place of redis:HOST:PORT or redis:unix:PATH, within database; NULL for any other form. */
static inline const char *
envelope_database_server(const char *database)
{
	size_t len = strlen(ENVELOPE_DATABASE_REDIS);

	return strncmp(database, ENVELOPE_DATABASE_REDIS, len) == 0 ? database + len : NULL;
}

/* False for none, without which there is nothing to keep senders in. */
static inline bool
envelope_database_is_set(const char *database)
{
	return strcmp(database, "none") != 0;
}

#endif
