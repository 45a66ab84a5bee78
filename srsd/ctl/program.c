/* SPDX-License-Identifier: ISC */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attributes.h"
#include "common/clock.h"
#include "common/xmalloc.h"
#include "srsd/ctl/program.h"

#define OUTPUT_MAX (1024 * 1024)
#define WAIT_MS 30000

/* What the child ends with when it could not become the program; its errno is on standard error. */
#define NOT_STARTED 126

struct stream {
	int fd;
	bool cut;
	size_t len;
	char *data;
};

static void
exec_program(const char *const argv[])
{
	const char *path = getenv("PATH");
	char *more;

	xasprintf(&more, "%s%s/usr/sbin:/usr/local/sbin:/sbin", path == NULL ? "" : path,
	    path == NULL ? "" : ":");
	setenv("PATH", more, 1);
	setenv("LC_ALL", "C", 1);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
}

NORETURN static void
child(const char *const argv[], int out, int err)
{
	int null = open("/dev/null", O_RDONLY), saved;

	if (null != -1 && dup2(null, STDIN_FILENO) != -1 && dup2(out, STDOUT_FILENO) != -1 &&
	    dup2(err, STDERR_FILENO) != -1)
		exec_program(argv);
	saved = errno;
	if (write(err, &saved, sizeof(saved)) == -1)
		_exit(1);
	_exit(NOT_STARTED);
}

/* keep - what comes; false at the end. What is too much is read and forgotten. */
static bool
keep(struct stream *s)
{
	char buf[4096];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	if (n == -1)
		return errno == EINTR;
	if (n == 0)
		return false;
	s->cut |= s->len + (size_t)n > OUTPUT_MAX;
	if (s->cut)
		return true;
	s->data = xreallocarray(s->data, s->len + (size_t)n + 1, 1);
	memcpy(s->data + s->len, buf, (size_t)n);
	s->len += (size_t)n;
	s->data[s->len] = '\0';
	return true;
}

/* collect - until both are closed; false when that takes too long */
static bool
collect(struct stream streams[2])
{
	uint64_t end = clock_elapsed(&clock_system) + WAIT_MS, now;
	struct pollfd pfd[2];
	size_t i;

	while (streams[0].fd != -1 || streams[1].fd != -1) {
		for (i = 0; i < 2; i++)
			pfd[i] = (struct pollfd){ .fd = streams[i].fd, .events = POLLIN };
		now = clock_elapsed(&clock_system);
		if (now >= end || (poll(pfd, 2, (int)(end - now)) == -1 && errno != EINTR))
			return false;
		for (i = 0; i < 2; i++) {
			if (pfd[i].revents == 0 || keep(&streams[i]))
				continue;
			close(streams[i].fd);
			streams[i].fd = -1;
		}
	}
	return true;
}

static int
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* start - the descriptors to read in the streams; -1 with errno */
static pid_t
start(const char *const argv[], struct stream streams[2])
{
	int out[2], err[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) == -1)
		return -1;
	if (pipe2(err, O_CLOEXEC) == -1) {
		close(out[0]);
		close(out[1]);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		child(argv, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	streams[0].fd = out[0];
	streams[1].fd = err[0];
	return pid;
}

/* failed_start - the errno that the child left; 0: it became the program */
static int
failed_start(int status, const struct stream *err)
{
	int saved = 0;

	if (status == NOT_STARTED && err->len == sizeof(saved))
		memcpy(&saved, err->data, sizeof(saved));
	return saved;
}

bool
program_run(struct program *p, const char *const argv[], const char **error)
{
	struct stream streams[2] = { { .fd = -1 }, { .fd = -1 } };
	pid_t pid = start(argv, streams);
	bool ended = pid != -1 && collect(streams);
	size_t i;
	int e;

	*error = strerror(errno);
	if (pid != -1 && !ended)
		kill(pid, SIGKILL);
	p->status = pid == -1 ? -1 : wait_for(pid);
	for (i = 0; i < 2; i++) {
		if (streams[i].fd != -1)
			close(streams[i].fd);
		if (streams[i].data == NULL)
			streams[i].data = xstrdup("");
	}
	p->out = streams[0].data;
	p->cut = streams[0].cut;
	p->err = streams[1].data;
	e = failed_start(p->status, &streams[1]);
	if (ended && e == 0)
		return true;
	if (ended)
		*error = strerror(e);
	else if (pid != -1)
		*error = "it does not end";
	program_free(p);
	return false;
}

void
program_free(struct program *p)
{
	free(p->out);
	free(p->err);
	p->out = p->err = NULL;
}
