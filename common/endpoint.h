/* SPDX-License-Identifier: ISC */
/*
 * endpoint - addresses to listen on: inet:HOST:PORT, inet:[IPV6]:PORT, unix:/PATH.
 *
 * HOST is an address, a host name, or '*' for all addresses of this host. The daemon listens on
 * every address of a host name.
 */
#ifndef COMMON_ENDPOINT_H
#define COMMON_ENDPOINT_H

#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>

#include "common/ipaddr.h"

/* The maximum number of addresses of an endpoint. Further addresses of a host name are ignored. */
#define ENDPOINT_ADDRS 8

/*
 * The length of the queue of a listening socket: room for a burst of a thousand connections. A
 * connection that finds no room waits one second for the next SYN. The kernel limits this to
 * net.core.somaxconn.
 */
#define ENDPOINT_BACKLOG 4096

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

/*
 * Writes the address that a socket is bound to in the form of an endpoint, such as
 * "inet:127.0.0.1:10001" or "unix:/path"; "?" if it has no address. Returns text.
 */
#define ENDPOINT_TEXT_SIZE 128
char *endpoint_describe(int fd, char text[ENDPOINT_TEXT_SIZE]);

/* The accepted forms, for error messages. */
#define ENDPOINT_FORMS "inet:HOST:PORT, inet:[IPV6]:PORT or unix:/PATH"

/* Checks the form only; does not resolve host names. False: *error is the reason, a static text. */
bool endpoint_is_valid(const char *text, const char **error);

/*
 * Parses an endpoint and resolves its host name, which may wait for the DNS. False: *error is the
 * reason, a static text.
 */
bool endpoint_parse(struct endpoint *ep, const char *text, const char **error);

/*
 * The same for an inet endpoint with an IP address as its HOST, without a system call. False for
 * any other endpoint, and for an address with an interface.
 */
bool endpoint_parse_literal(struct endpoint_addr *addr, const char *text);

/*
 * True if only this host can connect: a unix socket, or an inet endpoint with a loopback address or
 * "localhost" as its HOST. Other host names are not resolved, and count as addresses of a network.
 */
bool endpoint_is_local(const char *text);

/* Sets *ip to the IP address of a socket address. False for a unix socket, which has none. */
bool endpoint_ip(const struct endpoint_addr *addr, struct ipaddr *ip);

/* True for the address that means all addresses of this host: 0.0.0.0, [::]. */
bool endpoint_is_wildcard(const struct endpoint_addr *addr);

/* True if both paths are equal, or lead to one file, as below /run and /var/run. */
bool endpoint_is_same_path(const char *a, const char *b);

/*
 * True if a socket bound to a also has the address b, so that no second one can be bound to b: both
 * are the same, or a is a wildcard of b's family with its port. A unix address covers every path to
 * its file.
 */
bool endpoint_covers(const struct endpoint_addr *a, const struct endpoint_addr *b);

/* True if each covers the other. */
bool endpoint_is_same(const struct endpoint_addr *a, const struct endpoint_addr *b);

/* True if one covers the other, so that only one of them can be bound. */
bool endpoint_overlaps(const struct endpoint_addr *a, const struct endpoint_addr *b);

/* The port of an inet address; 0 for a unix socket. */
unsigned endpoint_port(const struct endpoint_addr *addr);

/*
 * Writes a command with which an operator finds the program that listens at an address, or at
 * another address with that port. Returns text.
 */
#define ENDPOINT_COMMAND_SIZE 128
char *endpoint_find_command(const struct endpoint_addr *addr, char text[ENDPOINT_COMMAND_SIZE]);

/*
 * Creates a listening, non-blocking, close-on-exec socket. Returns the descriptor, or -1 with errno
 * set.
 *
 * A unix socket gets mode 0666: the mode of its directory decides which users can connect. It
 * replaces an old socket that no longer accepts connections. Root creates it with the rights of
 * the user who controls the directory (common/pathowner.h). uid and gid are those of the daemon.
 */
int endpoint_listen(const struct endpoint_addr *addr, uid_t uid, gid_t gid);

/*
 * The same for a unix socket that only its owner, uid, and root can connect to. Its directory is
 * created if it is missing.
 */
int endpoint_listen_private(const struct endpoint_addr *addr, uid_t uid, gid_t gid);

/*
 * Creates an inet socket as endpoint_listen() does, even if the n sockets in old occupy its
 * address, as a socket at 0.0.0.0 occupies 127.0.0.1. They must belong to this user, and be closed
 * soon: until then, the socket with the most specific address gets each new connection.
 */
int endpoint_listen_beside(const struct endpoint_addr *addr, const int *old, size_t n);

/*
 * Hides an inet socket that is about to be closed from new connections, by binding it to a network
 * interface that does not exist. Otherwise a connection that arrives between the last accept(2) and
 * close(2) would be reset. Connections in the queue stay there. Only root can undo this. False: the
 * kernel is older than Linux 5.7.
 */
bool endpoint_hide(int fd);

/* Gets the address that a socket is bound to. False: errno is set. */
bool endpoint_address(int fd, struct endpoint_addr *addr);

/* True if a socket accepts connections: it listens, and was not shut down. */
bool endpoint_is_listening(int fd);

/*
 * Restores a listening socket that a hostile engine may have changed: its flags and options and,
 * for TCP, its address and its listening state. False if that is impossible, as for a unix socket
 * that was shut down; the caller must then replace it with a new socket.
 */
bool endpoint_revive(int fd, const struct endpoint_addr *addr);

#endif
