/* SPDX-License-Identifier: ISC */
/*
 * store_redis_url - where a Redis server is: redis:HOST:PORT, redis:[V6]:PORT, redis:unix:PATH.
 *
 * HOST is an address, or a name that is resolved at the start. Pure, except store_redis_url_resolve().
 */
#ifndef SRSD_STORE_STORE_REDIS_URL_H
#define SRSD_STORE_STORE_REDIS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/endpoint.h"
#include "common/hostname.h"

/* What is accepted, for error messages. */
#define STORE_REDIS_FORMS "redis:HOST:PORT, redis:[IPV6]:PORT or redis:unix:/PATH"

struct store_redis_url {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* of a unix socket; otherwise "" */
	char host[HOSTNAME_MAX + 1];                            /* without brackets; otherwise "" */
	uint16_t port;                                          /* with host */
};

/* Parses. False with a static reason in *error; *url is then undefined. Resolves nothing. */
bool store_redis_url_parse(struct store_redis_url *url, const char *text, const char **error);

/*
 * True when the server is beyond this host, so that a configuration without a password is refused:
 * neither a unix socket, nor an address of the loopback interface, nor the name localhost.
 */
bool store_redis_url_needs_password(const struct store_redis_url *url);

/*
 * Finds the addresses of the server. It may ask the DNS and wait for it, so it is for the start and
 * not for the event loop. False with a static reason in *error.
 */
bool store_redis_url_resolve(
    const struct store_redis_url *url, struct endpoint *endpoint, const char **error);

#endif
