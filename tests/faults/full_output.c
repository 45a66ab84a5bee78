/* SPDX-License-Identifier: ISC */
/*
 * full_output - to be preloaded: a standard output that does not block and is full at every other
 * call.
 *
 * poll(2) then reports room that write(2) does not find. On a pipe that happens only when another
 * process writes to it in between.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

ssize_t
write(int fd, const void *data, size_t len)
{
	static bool has_room = true;

	if (fd == STDOUT_FILENO)
		has_room = !has_room;
	if (fd == STDOUT_FILENO && !has_room) {
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_write, fd, data, len);
}
