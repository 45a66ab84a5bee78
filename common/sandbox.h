/* SPDX-License-Identifier: ISC */
/*
 * sandbox - restrict the engine to the system calls that it needs.
 *
 * Any other call ends the process. Only calls that open a file, or look one up by name, fail with
 * EACCES instead, because libraries look for files that they can do without. The remaining calls
 * can use the network over TCP and UDP, and the open descriptors. They cannot run programs, open
 * files, affect other processes, make memory executable or use unix sockets. They cannot change
 * settings of an open file that other processes share, except for the socket options in sandbox.c.
 */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <stdbool.h>

/*
 * Enters the sandbox permanently. False: errno is set. In a build with sanitizers, which need more
 * system calls, it does nothing and returns true.
 */
bool sandbox_enter(void);

/*
 * The same for the store process, with another list: files may be opened, locked, written,
 * truncated and deleted by name, as far as the rights of the user allow, and open sockets may be
 * used. There are no new sockets, no new programs, no other processes and no executable memory.
 */
bool sandbox_enter_store(void);

#endif
