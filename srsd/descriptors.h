/* SPDX-License-Identifier: ISC */
/*
 * descriptors - room for the clients that connection-limit allows, or fewer clients where there is
 * no room.
 */
#ifndef SRSD_DESCRIPTORS_H
#define SRSD_DESCRIPTORS_H

#include <sys/resource.h>

/*
 * Lets this process, and those that it starts, have what a connection-limit needs: as many as may
 * be, for a reload may want more; root may have any number. To be called before privileges go.
 */
void descriptors_raise(int connection_limit);

/* How many there may be. In the sandbox nobody can ask any more. */
rlim_t descriptors_most(void);

/* Connections of each service that so many descriptors suffice for: connection_limit, or fewer. */
unsigned descriptors_bound(rlim_t most, int connection_limit);

/* Says in the log when they are fewer, and what helps. */
void descriptors_warn(rlim_t most, int connection_limit);

#endif
