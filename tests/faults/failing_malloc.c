/* SPDX-License-Identifier: ISC */
/*
 * failing_malloc - to be preloaded into a daemon: memory that runs out when a test wants it.
 *
 * $FAILING_MALLOC names a file with a `struct plan`, zeroed; daemon and test both map it. Nothing
 * fails until the test sets `every`, or `at`, and only what an engine allocates from the moment on
 * when it enters the sandbox: neither the monitor nor a start ever lacks memory. The next engine goes
 * on counting where the one before ended.
 *
 * calloc, realloc, and what libc calls by itself (strdup, vasprintf) are counted too. glibc only,
 * for there the real functions have names of their own.
 *
 * If the process crashes, it writes "crashed in NAME" on standard error: the file of the function
 * that did, or that called libc.
 */
#include <sys/mman.h>

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan {
	_Atomic uint64_t at;     /* the allocation that fails, by count; 0: none */
	_Atomic uint64_t every;  /* each of which fails whose count this divides; 0: none */
	_Atomic uint64_t count;  /* allocations so far */
	_Atomic uint64_t failed; /* those of them that failed */
};

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static struct plan *plan;
static bool serves;

#define FRAMES 16

/* on_crash - the handler is reset already, so that the process crashes again when this returns */
static void
on_crash(int number)
{
	void *frames[FRAMES];
	int n = backtrace(frames, FRAMES), i;
	char line[200];
	const char *name;
	Dl_info info;

	for (i = 0; i < n; i++) {
		if (dladdr(frames[i], &info) == 0 || info.dli_fname == NULL)
			continue;
		name = strrchr(info.dli_fname, '/');
		name = name == NULL ? info.dli_fname : name + 1;
		if (strncmp(name, "libc.so", 7) == 0 || strcmp(name, "failing_malloc.so") == 0)
			continue;
		n = snprintf(line, sizeof(line), "crashed in %s\n", name);
		(void)!write(STDERR_FILENO, line, (size_t)n);
		return;
	}
	(void)number;
}

/* report_crashes - backtrace(3) loads a library at its first call */
static void
report_crashes(void)
{
	struct sigaction action = { .sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND };
	void *frame;

	backtrace(&frame, 1);
	sigaction(SIGSEGV, &action, NULL);
}

static void __attribute__((constructor)) begin(void)
{
	const char *path = getenv("FAILING_MALLOC");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *map;

	if (fd == -1)
		return;
	report_crashes();
	map = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		plan = map;
}

/* seccomp_load - the last thing that an engine does before it serves */
int
seccomp_load(void *filter)
{
	int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "seccomp_load");
	int e = real(filter);

	serves = true;
	return e;
}

/* fails - count one allocation, and tell whether it is to fail */
static bool
fails(void)
{
	uint64_t n, every;

	if (plan == NULL || !serves)
		return false;
	n = ++plan->count;
	every = plan->every;
	if (n != plan->at && (every == 0 || n % every != 0))
		return false;
	plan->failed++;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

/* As libc's: by its own name it would go past us. */
void *
reallocarray(void *old, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}
