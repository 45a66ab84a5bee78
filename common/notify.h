/* SPDX-License-Identifier: ISC */
/*
 * notify - tell the service manager how we are: sd_notify(3)'s datagrams, without libsystemd.
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

/*
 * Connects to $NOTIFY_SOCKET, if set, and removes it from the environment. Call it before
 * chroot; the other functions do nothing without it.
 */
void notify_open(void);

/* state: e.g. "READY=1", "STOPPING=1". Never waits. */
void notify_send(const char *state);
void notify_close(void);

#endif
