/* SPDX-License-Identifier: ISC */
/*
 * connect - connections to a daemon: its control socket, its maps and its policy service.
 */
#ifndef SRSD_CTL_CONNECT_H
#define SRSD_CTL_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Connects to an endpoint (common/endpoint.h). Its addresses are tried in order, each for at most
 * wait_ms milliseconds, the time in the backlog of a unix socket included. Returns a non-blocking,
 * close-on-exec descriptor. Returns -1 with a static reason or that of strerror(3) in *error; errno
 * is then that of the last attempt, or 0 when no address is known.
 */
int connect_endpoint(const char *endpoint, int wait_ms, const char **error);

/* The same for the unix socket at path, which may be relative. */
int connect_unix(const char *path, int wait_ms, const char **error);

/*
 * Waits until a descriptor is ready for the events of poll(2). False with a reason in *error, as
 * above, when clock_elapsed(&clock_system) has reached until (milliseconds) or poll fails.
 */
bool connect_wait(int fd, short events, uint64_t until, const char **error);

/* Sends all bytes to a socket; false as for connect_wait. */
bool connect_send(int fd, const char *data, size_t len, uint64_t until, const char **error);

#endif
