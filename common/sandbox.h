/* SPDX-License-Identifier: ISC */
/*
 * sandbox - a list of the system calls that the engine needs; any other one ends the process.
 *
 * What opens files by name is refused with an error instead (EACCES): libraries look for files
 * that they can do without. With what is allowed one can talk to the network and to descriptors
 * that are open, and nothing else: no new programs, no files, no other processes, no executable
 * memory.
 */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <stdbool.h>

/*
 * Locks the process in for good. False with errno set. Does nothing, and says true, in a build
 * with sanitizers, which need more calls than we do.
 */
bool sandbox_enter(void);

#endif
