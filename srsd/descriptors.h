/* SPDX-License-Identifier: ISC */
/*
 * descriptors - the file descriptors that connection-limit needs, and a lower limit if the process
 * cannot have as many.
 */
#ifndef SRSD_DESCRIPTORS_H
#define SRSD_DESCRIPTORS_H

#include <sys/resource.h>

/*
 * Raises RLIMIT_NOFILE of this process and its children as far as possible, because a reload may
 * set a higher connection-limit. Root can exceed the hard limit. Call it before dropping
 * privileges.
 */
void descriptors_raise(int connection_limit);

/* Returns how many descriptors this process may have. The sandbox forbids the system call. */
rlim_t descriptors_most(void);

/*
 * Returns the number of connections for each service for which so many descriptors suffice:
 * connection_limit or fewer.
 */
unsigned descriptors_bound(rlim_t most, int connection_limit);

/* Logs a warning with the remedy if descriptors_bound() is less than connection_limit. */
void descriptors_warn(rlim_t most, int connection_limit);

#endif
