/* SPDX-License-Identifier: ISC */
/*
 * store_link - the backend that asks the store process: one end of a SOCK_STREAM socket pair.
 *
 * Many questions are in flight, in both directions several in one system call. The process may end
 * at any moment, and be started again: the monitor then hands over the end of another pair.
 *
 * SECURITY: the process may be hostile. A message that is not a report closes the connection.
 * Questions that the process does not read are bounded by STORE_LINK_UNSENT_MAX.
 */
#ifndef SRSD_STORE_STORE_LINK_H
#define SRSD_STORE_STORE_LINK_H

struct event_base;
struct store;
struct store_link;

/* Bytes of questions that wait for the process to read; one more question fails. */
#define STORE_LINK_UNSENT_MAX (8 * 1024 * 1024)

/* Makes a backend without a connection, and hands it to the store, which owns it from then on. */
struct store_link *store_link_new(struct store *store, struct event_base *base);

/*
 * Connects: fd is a connected stream socket, which the link makes non-blocking and closes. An
 * earlier connection is closed first. Open questions are sent before the function returns.
 */
void store_link_attach(struct store_link *link, int fd);

/* Closes the connection, if there is one. problem: in words, for the questions that come. */
void store_link_detach(struct store_link *link, const char *problem);

#endif
