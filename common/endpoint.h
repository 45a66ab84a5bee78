/* SPDX-License-Identifier: ISC */
/*
 * endpoint - where to listen: inet:HOST:PORT, inet:[V6]:PORT, unix:PATH.
 *
 * HOST is an address, a name that resolves at start, or '*' for all addresses. A name that has
 * several addresses is listened on at each of them.
 */
#ifndef COMMON_ENDPOINT_H
#define COMMON_ENDPOINT_H

#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>

/* Addresses that one endpoint may stand for. */
#define ENDPOINT_ADDRS 8

struct endpoint_addr {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} u;
};

struct endpoint {
	size_t n;
	struct endpoint_addr addr[ENDPOINT_ADDRS];
};

/* "inet:127.0.0.1:10001", "unix:/path": what a socket listens on. Returns text. */
#define ENDPOINT_TEXT_SIZE 128
char *endpoint_describe(int fd, char text[ENDPOINT_TEXT_SIZE]);

/* What is accepted, for error messages. */
#define ENDPOINT_FORMS "inet:HOST:PORT, inet:[IPV6]:PORT or unix:/PATH"

/* Checks the form alone; resolves nothing. */
bool endpoint_is_valid(const char *text, const char **error);

/* Resolves. False with a static reason in *error. */
bool endpoint_parse(struct endpoint *, const char *text, const char **error);

/* True for the address that stands for all addresses of this host: 0.0.0.0, [::]. */
bool endpoint_is_wildcard(const struct endpoint_addr *);

/*
 * Makes a listening, non-blocking, close-on-exec socket. A unix socket that nobody answers on
 * any more is replaced and gets mode 0666: who may connect is a matter of its folder's mode. Root
 * makes it with the rights of the user who controls the directory (common/pathowner.h); uid and gid
 * are those of the daemon.
 * Returns the descriptor, or -1 with errno set.
 */
int endpoint_listen(const struct endpoint_addr *addr, uid_t uid, gid_t gid);

/* The address that a socket is bound to. False with errno set. */
bool endpoint_address(int fd, struct endpoint_addr *addr);

/* True when a socket accepts connections: it listens, and was not shut down. */
bool endpoint_is_listening(int fd);

/*
 * Restores a listening socket that a hostile engine may have changed: its flags and options and,
 * for TCP, its address and that it listens. False when that is impossible, as for a unix socket
 * that was shut down; then a new socket has to take its place.
 */
bool endpoint_revive(int fd, const struct endpoint_addr *addr);

/*
 * The same for a unix socket that only its owner (and root) can connect to. Its folder is made when
 * there is none.
 */
int endpoint_listen_private(const struct endpoint_addr *addr, uid_t uid, gid_t gid);

#endif
