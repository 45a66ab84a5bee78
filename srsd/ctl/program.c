/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/xmalloc.h"
#include "srsd/ctl/program.h"

/* Directories of system programs, which are not in the PATH of every user. */
#define SYSTEM_PATH "/usr/sbin:/usr/local/sbin:/sbin"

extern char **environ;

struct output_stream {
	int fd; /* -1: closed */
	bool cut;
	struct buffer output;
};

/* set_environment - posix_spawnp(3) searches the PATH of the caller, not that of the new program */
static void
set_environment(void)
{
	const char *path = getenv("PATH");
	size_t len = path == NULL ? 0 : strlen(path), more = strlen(SYSTEM_PATH);
	char *longer;

	setenv("LC_ALL", "C", 1);
	if (len >= more && strcmp(path + len - more, SYSTEM_PATH) == 0)
		return;
	xasprintf(&longer, "%s%s" SYSTEM_PATH, path == NULL ? "" : path, path == NULL ? "" : ":");
	setenv("PATH", longer, 1);
	free(longer);
}

/* spawn_program - in: standard input, or -1 for /dev/null. Returns 0 or an errno */
static int
spawn_program(pid_t *pid, const char *const argv[], int in, int out, int err)
{
	posix_spawn_file_actions_t actions;
	int e = posix_spawn_file_actions_init(&actions);

	if (e != 0)
		return e;
	set_environment();
	e = in == -1
		? posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
		: posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	if (e == 0)
		e = posix_spawnp(
		    pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return e;
}

/* start_program - opens the descriptors of the streams; returns 0 or an errno */
static int
start_program(pid_t *pid, const char *const argv[], int in, struct output_stream streams[2])
{
	int out[2], err[2], e;

	if (pipe2(out, O_CLOEXEC) == -1)
		return errno;
	if (pipe2(err, O_CLOEXEC) == -1) {
		e = errno;
		close(out[0]);
		close(out[1]);
		return e;
	}
	e = spawn_program(pid, argv, in, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	streams[0].fd = out[0];
	streams[1].fd = err[0];
	return e;
}

/* read_output - returns false at the end of a stream */
static bool
read_output(struct output_stream *stream)
{
	char buf[4096];
	ssize_t n = read(stream->fd, buf, sizeof(buf));

	if (n == -1)
		return errno == EINTR;
	if (n == 0)
		return false;
	stream->cut |= stream->output.len + (size_t)n > PROGRAM_OUTPUT_MAX;
	if (!stream->cut)
		buffer_add(&stream->output, buf, (size_t)n);
	return true;
}

static void
close_stream(struct output_stream *stream)
{
	if (stream->fd != -1)
		close(stream->fd);
	stream->fd = -1;
}

/* collect_output - until both streams have ended; returns false when that takes too long */
static bool
collect_output(struct output_stream streams[2], int limit_ms)
{
	uint64_t end = clock_elapsed(&clock_system) + (unsigned)limit_ms, now;
	struct pollfd pfd[2];
	size_t i;

	while (streams[0].fd != -1 || streams[1].fd != -1) {
		for (i = 0; i < 2; i++)
			pfd[i] = (struct pollfd){ .fd = streams[i].fd, .events = POLLIN };
		now = clock_elapsed(&clock_system);
		if (now >= end || (poll(pfd, 2, (int)(end - now)) == -1 && errno != EINTR))
			return false;
		for (i = 0; i < 2; i++)
			if (pfd[i].revents != 0 && !read_output(&streams[i]))
				close_stream(&streams[i]);
	}
	return true;
}

static int
wait_for_exit(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* run_program - in: standard input, or -1 for none */
static bool
run_program(struct program *p, const char *const argv[], int in, int limit_ms, const char **error)
{
	struct output_stream streams[2] = { { .fd = -1 }, { .fd = -1 } };
	pid_t pid;
	int e = start_program(&pid, argv, in, streams);
	bool ended = e == 0 && collect_output(streams, limit_ms);
	size_t i;

	if (e == 0 && !ended)
		kill(pid, SIGKILL);
	p->status = e == 0 ? wait_for_exit(pid) : -1;
	p->timed_out = e == 0 && !ended;
	for (i = 0; i < 2; i++) {
		close_stream(&streams[i]);
		buffer_add(&streams[i].output, "", 1);
	}
	p->out = streams[0].output.data;
	p->cut = streams[0].cut;
	p->err = streams[1].output.data;
	if (ended)
		return true;
	*error = e == 0 ? "timed out" : strerror(e);
	program_free(p);
	return false;
}

bool
program_run(struct program *p, const char *const argv[], const char **error)
{
	return run_program(p, argv, -1, PROGRAM_LIMIT_MS, error);
}

bool
program_run_within(struct program *p, const char *const argv[], int limit_ms, const char **error)
{
	return run_program(p, argv, -1, limit_ms, error);
}

/* make_input - a file in memory with the text, at its beginning; -1: errno is set */
static int
make_input(const char *text)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	size_t len = strlen(text);

	if (fd != -1 && write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

bool
program_run_with_input(
    struct program *p, const char *const argv[], const char *input, const char **error)
{
	int in = make_input(input);
	bool ok;

	if (in == -1) {
		*error = strerror(errno);
		p->timed_out = false;
		return false;
	}
	ok = run_program(p, argv, in, PROGRAM_LIMIT_MS, error);
	close(in);
	return ok;
}

void
program_free(struct program *p)
{
	free(p->out);
	free(p->err);
	p->out = p->err = NULL;
}
