/* SPDX-License-Identifier: ISC */
/*
 * store_redis - the store in a Redis or Valkey server, for several hosts.
 *
 * One connection, over which requests are pipelined. The row of an alias is the key
 * PostSRSd/<alias>, as postsrsd 2 has it; it expires by itself. The commands are GET, SET, PING and
 * AUTH. An ACL user needs no more than the first three of them, on keys that begin with PostSRSd/.
 *
 * An error of the server is STORE_FAILED with its text. After a lost connection it connects again,
 * at most 5 s later.
 *
 * DURABILITY. The server answers a SET when it has it in memory. Only with `appendonly yes` and
 * `appendfsync always` is it on disk by then (srsd/store/store_redis_durability.h).
 *
 * BUGS. A replica answers "no such key" for a row that it has not received yet, which is
 * STORE_MISSING here: the addresses must be those of a master. A name is resolved once, by the
 * caller. hiredis does not wipe its output, so the password stays in freed memory.
 */
#ifndef SRSD_STORE_STORE_REDIS_H
#define SRSD_STORE_STORE_REDIS_H

#include "common/clock.h"
#include "common/endpoint.h"
#include "srsd/store/store_backend.h"

struct event_base;
struct store_tls;

/*
 * Asks for a socket that is connected to the server, or that is connecting: non-blocking and
 * close-on-exec. It is handed over later with store_redis_attach(). For a process that must not
 * make the connection itself.
 */
typedef void store_redis_ask_fn(void *arg);

struct store_redis_settings {
	const char *name;         /* of the server, in messages: its URL */
	struct endpoint endpoint; /* addresses to try, in this order; unused with ask_socket */
	const char *user;         /* see store_redis_login.h; may be NULL */
	const char *password;     /* may be NULL */
	/*
	 * Milliseconds, > 0. A connection that is not there in this time, or over which nothing
	 * comes for so long although a reply is due, is given up.
	 */
	unsigned patience_ms;
	const struct store_tls *tls;    /* NULL: no TLS; it outlives the backend */
	store_redis_ask_fn *ask_socket; /* NULL: connects by itself */
	void *ask_arg;
};

/*
 * Makes a Redis server the backend of the store, which owns it. The settings are copied. It begins
 * to connect from the event loop. The clock belongs to the caller.
 */
struct store_backend *store_redis_new(struct store *store, struct event_base *base,
    const struct clock *clock, const struct store_redis_settings *settings);

/*
 * Hands over the socket that ask_socket asked for. The backend owns it, and closes one that it has
 * not asked for. fd is -1 when no socket could be made; problem then has the reason, in words.
 */
void store_redis_attach(struct store_backend *backend, int fd, const char *problem);

#endif
