/* SPDX-License-Identifier: ISC */
/*
 * notify - tell the service manager how we are: sd_notify(3)'s datagrams, without libsystemd.
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include <stdbool.h>

/*
 * Connects to $NOTIFY_SOCKET, if set, and removes it from the environment. Call it before
 * chroot; the other functions do nothing without it.
 */
void notify_open(void);

/*
 * state: e.g. "READY=1", "STOPPING=1". Never waits: what the manager has no room for is kept until
 * notify_retry, but for a newer state, and for "WATCHDOG=1", which is soon said again.
 */
void notify_send(const char *state);

/* Is something kept? */
bool notify_pending(void);
void notify_retry(void);
void notify_close(void);

#endif
