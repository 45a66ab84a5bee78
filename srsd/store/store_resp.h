/* SPDX-License-Identifier: ISC */
/*
 * store_resp - a connection to a Redis or Valkey server: commands out, replies in (RESP2).
 *
 * It never waits: the caller watches the descriptor. This is the only file that uses hiredis.
 *
 * SECURITY: the server may be hostile, or not be a Redis server at all. A reply is a status, an
 * error, a number, a text of at most STORE_RESP_TEXT_MAX bytes, nil, or a list of at most
 * STORE_RESP_LIST_MAX of these. Everything else ends the connection, before the memory for it is
 * needed. hiredis' asynchronous interface is not used: it ends the process by assert(3) when it
 * receives a reply that no command has asked for, it allocates any announced list at once, and it
 * collects a text of any length.
 */
#ifndef SRSD_STORE_STORE_RESP_H
#define SRSD_STORE_STORE_RESP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/endpoint.h"
#include "common/text.h"

/* Bytes of a text in a reply. */
#define STORE_RESP_TEXT_MAX ((size_t)64 * 1024)

/* Elements of a list in a reply. */
#define STORE_RESP_LIST_MAX 16

/* Words of a command. */
#define STORE_RESP_WORDS_MAX 8

enum store_resp_kind {
	STORE_RESP_STATUS, /* such as OK */
	STORE_RESP_ERROR,
	STORE_RESP_NUMBER,
	STORE_RESP_TEXT,
	STORE_RESP_NIL,
	STORE_RESP_LIST,
};

/* Valid until the next call of store_resp_next() or store_resp_free(). */
struct store_resp_reply {
	enum store_resp_kind kind;
	struct text text; /* of a status, an error or a text: any bytes */
	long long number; /* of a number */
	size_t n;         /* of a list: its elements; one that is not a text is empty */
	struct text list[STORE_RESP_LIST_MAX];
};

struct store_resp;
struct store_tls;

/*
 * Begins to connect. Returns a non-blocking, close-on-exec descriptor, on which a failure shows
 * later, or -1 with errno set.
 */
int store_resp_connect(const struct endpoint_addr *addr);

/* A connection over a non-blocking socket, which it owns. NULL: out of memory; fd is then closed. */
struct store_resp *store_resp_new(int fd);

/*
 * Uses TLS from the first byte on. False: it cannot be started, with the reason in *error as below;
 * always so when it was built without (HAVE_HIREDIS_SSL). A certificate that is refused shows later,
 * before any command is sent. Valid after tls was freed.
 */
bool store_resp_use_tls(struct store_resp *resp, const struct store_tls *tls, const char **error);

/* Closes the connection, and sets *resp to NULL; *resp may be NULL. */
void store_resp_free(struct store_resp **resp);

/* Appends a command of 1 to STORE_RESP_WORDS_MAX words to the output. False: out of memory. */
bool store_resp_add(struct store_resp *resp, const struct text *words, size_t n);

/*
 * Writes output. False: the connection failed, with the reason in *error, which is valid until
 * store_resp_free().
 */
bool store_resp_write(struct store_resp *resp, const char **error);

/*
 * True when there is output that store_resp_write() can write as soon as the socket is writable. It
 * changes with each call of store_resp_add(), _write() and _read(): with TLS, output may have to
 * wait for something to read.
 */
bool store_resp_wants_write(const struct store_resp *resp);

/*
 * Reads some of what has arrived. 1: bytes have come. 0: no bytes are there now. -1: the connection
 * failed or was closed, as above.
 */
int store_resp_read(struct store_resp *resp, const char **error);

/*
 * Extracts a reply from what was read. 1: it is in *reply. 0: more bytes are needed. -1: the server
 * sent no reply, or one that is too large, as above; nothing more can be read.
 */
int store_resp_next(struct store_resp *resp, struct store_resp_reply *reply, const char **error);

#endif
