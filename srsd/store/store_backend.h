/* SPDX-License-Identifier: ISC */
/*
 * store_backend - the interface between the front (srsd/store/store.h) and what it asks.
 *
 * A backend is a structure with a struct store_backend as its first member. Its constructor makes
 * it the backend of a store with store_set_backend(); the store owns it from then on.
 *
 * A backend begins without a connection. It calls store_connected() when it can send, and
 * store_lost() when it no longer can. The front calls send_request only in between. After each
 * store_connected() it sends all open questions again, with their numbers, so a backend drops what
 * it has not sent when a connection is lost, and keeps nothing to repeat. An answer that belongs to
 * a lost connection must not be reported after store_lost().
 *
 * A backend has no deadlines: the front answers late questions itself, and ignores the answer to a
 * number that is no longer open. So a server that accepts requests and never answers could make a
 * backend hold more and more of them. A backend therefore bounds what it holds: beyond that it
 * reports STORE_FAILED at once, or gives up the connection.
 */
#ifndef SRSD_STORE_STORE_BACKEND_H
#define SRSD_STORE_STORE_BACKEND_H

#include <stdint.h>
#include <time.h>

#include "common/text.h"
#include "srsd/store/store.h"

/* Valid during send_request(). */
struct store_request {
	uint64_t number; /* for store_answer() */
	enum store_operation operation;
	const char *alias;   /* STORE_ALIAS_LEN characters that store_is_alias(), and a NUL */
	struct text address; /* of a put: 1 to STORE_ADDRESS_MAX bytes without control bytes */
	time_t expires;      /* of a put: unix time */
};

struct store_backend;

struct store_backend_ops {
	/*
	 * Sends a request, or puts it into a buffer that is sent in the same turn of the loop. May
	 * call store_answer() for this request with STORE_FAILED, and store_lost().
	 */
	void (*send_request)(struct store_backend *backend, const struct store_request *request);

	/* Closes the connection and frees the backend, without calling the store. */
	void (*free_backend)(struct store_backend *backend);
};

struct store_backend {
	const struct store_backend_ops *ops;
};

/*
 * Makes this the backend of the store, which owns it and frees the earlier one. NULL: no backend.
 * Open questions wait for the connection of the new one.
 */
void store_set_backend(struct store *store, struct store_backend *backend);

/* There is a connection. Calls send_request() for all open questions before it returns. */
void store_connected(struct store *store);

/*
 * There is no connection, or none could be made. problem: in words. May be called again without a
 * connection, when the problem has changed. Open questions wait for the next connection, until their
 * deadlines.
 */
void store_lost(struct store *store, const char *problem);

/*
 * The answer to a request. address: of a get that is STORE_DONE, any bytes; otherwise ignored.
 * problem: of STORE_FAILED, in words; otherwise ignored, and may be NULL. Both are copied or used
 * before the function returns. Untrusted text may be in either. A number that is not open is
 * ignored.
 *
 * Calls the callback of the question, which may put further questions.
 */
void store_answer(struct store *store, uint64_t number, enum store_outcome outcome,
    struct text address, const char *problem);

/* The number of rows that the backend has learned, or STORE_ROWS_UNKNOWN. */
void store_set_rows(struct store *store, int64_t rows);

/*
 * A problem of the store while there is a connection, for store_counts(); NULL or "": it works
 * again.
 */
void store_set_problem(struct store *store, const char *problem);

#endif
