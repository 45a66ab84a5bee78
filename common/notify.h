/* SPDX-License-Identifier: ISC */
/*
 * notify - report the state of the daemon to the service manager.
 *
 * The datagrams are those of sd_notify(3). libsystemd is not needed. There is one service manager
 * for a process, so this is module state.
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include <stdbool.h>

/*
 * Connects to $NOTIFY_SOCKET, if set, and removes it from the environment. Must be called before
 * chroot(2). Without a connection, the other functions do nothing. Errors are logged.
 */
void notify_open(void);

/*
 * Sends a state such as "READY=1" or "STOPPING=1", without waiting. If the manager's queue is full,
 * the state is kept for notify_retry and replaces an older one. "WATCHDOG=1" is not kept, because
 * it is soon sent again.
 */
void notify_send(const char *state);

/* True if a state is kept. */
bool notify_pending(void);

/* Sends the state that is kept, if the manager's queue has room. */
void notify_retry(void);

/* Closes the connection, and drops the state that is kept. */
void notify_close(void);

#endif
