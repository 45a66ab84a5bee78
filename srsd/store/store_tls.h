/* SPDX-License-Identifier: ISC */
/*
 * store_tls - TLS for the connection to a server of the store: the certificates that are trusted,
 * and the name of the server, which its certificate must have.
 *
 * hiredis can make a context of its own (redisCreateSSLContext), but that neither verifies the name
 * of the server nor loads certificates from memory. The engine opens no files.
 */
#ifndef SRSD_STORE_STORE_TLS_H
#define SRSD_STORE_STORE_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct ssl_st; /* OpenSSL's SSL */
struct store_tls;

/*
 * pem: the certificates of authorities, one or more. host: a name, or an address. NULL with a
 * static reason in *error.
 */
struct store_tls *store_tls_new(const char *pem, size_t len, const char *host, const char **error);

/* Frees it, and sets *tls to NULL; *tls may be NULL. Connections that use it go on. */
void store_tls_free(struct store_tls **tls);

/*
 * The state of a new connection, for redisInitiateSSL(), which owns it when it succeeds. NULL: out
 * of memory.
 */
struct ssl_st *store_tls_start(const struct store_tls *tls);

/* Frees a state that has no owner, and sets *ssl to NULL. */
void store_tls_end(struct ssl_st **ssl);

/* Why the certificate of the server was refused, static; NULL: it was not. */
const char *store_tls_problem(const struct ssl_st *ssl);

/*
 * Removes the errors that other users of OpenSSL have left in this thread. Without that, the next
 * call for a connection mistakes them for its own.
 */
void store_tls_clear_errors(void);

#endif
