/* SPDX-License-Identifier: ISC */
/*
 * sandbox - a list of the system calls that the engine needs; any other one ends the process.
 *
 * Calls that open files or ask for them by name are refused with an error instead (EACCES):
 * libraries look for files that they can do without. The calls that remain reach the network over
 * TCP and UDP and the descriptors that are open, and nothing else: no new programs, no files, no
 * other processes, no executable memory, no unix sockets. They change no
 * setting of an open file that other processes share, except for the socket options in sandbox.c.
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
