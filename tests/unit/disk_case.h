/* SPDX-License-Identifier: ISC */
/*
 * disk_case - counts how often this program, and the processes that it forks, sync files to the
 * disk, and lets syncs fail. The library calls the functions of the program instead of the libc's.
 */
#ifndef TESTS_UNIT_DISK_CASE_H
#define TESTS_UNIT_DISK_CASE_H

#include <sys/mman.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

/* Shared with the processes that are forked. */
struct disk_case {
	atomic_uint syncs;
	atomic_bool fails;
};

static struct disk_case *disk_case;

/* Called after a file was synced, or NULL. */
static void (*disk_case_synced)(int fd);

static inline void
disk_case_start(void)
{
	disk_case = mmap(
	    NULL, sizeof(*disk_case), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static inline int
disk_case_sync(long call, int fd)
{
	int result;

	if (disk_case != NULL) {
		if (disk_case->fails) {
			errno = EIO;
			return -1;
		}
		disk_case->syncs++;
	}
	result = (int)syscall(call, fd);
	if (disk_case_synced != NULL)
		disk_case_synced(fd);
	return result;
}

int
fdatasync(int fd)
{
	return disk_case_sync(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return disk_case_sync(SYS_fsync, fd);
}

#endif
