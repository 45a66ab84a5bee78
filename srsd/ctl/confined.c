/* SPDX-License-Identifier: ISC */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/attributes.h"
#include "common/log.h"
#include "common/printable.h"
#include "common/sandbox.h"
#include "srsd/ctl/confined.h"
#include "srsd/ctl/reply.h"

/* The member of a reply that holds the text of confined_failure. */
#define FAILURE "failure"

/* The pipe for the reply, in the child: the first descriptor after the standard files. */
#define REPLY_FD (STDERR_FILENO + 1)

_Static_assert(CONFINED_KEPT_FD == REPLY_FD + 1, "the descriptors are in a row");

/*
 * move_descriptors - give the child its two descriptors, and close all others
 *
 * Each is first moved out of the way of the other one. False with errno set.
 */
static bool
move_descriptors(int out, int kept)
{
	out = fcntl(out, F_DUPFD_CLOEXEC, CONFINED_KEPT_FD + 1);
	if (kept != 0)
		kept = fcntl(kept, F_DUPFD_CLOEXEC, CONFINED_KEPT_FD + 1);
	if (out == -1 || kept == -1 || dup2(out, REPLY_FD) == -1 ||
	    (kept != 0 && dup2(kept, CONFINED_KEPT_FD) == -1))
		return false;
	closefrom(kept == 0 ? CONFINED_KEPT_FD : CONFINED_KEPT_FD + 1);
	return fcntl(REPLY_FD, F_SETFD, FD_CLOEXEC) == 0;
}

/*
 * redirect_child_files - only the pipe remains, and kept unless it is 0, not even the terminal
 *
 * False with errno set.
 */
static bool
redirect_child_files(int out, int kept)
{
	int null = open("/dev/null", O_RDWR);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		return false;
#ifndef SRSD_TRACEABLE
	if (dup2(null, STDERR_FILENO) == -1)
		return false;
#endif
	log_forget();
	log_reopen();
	return move_descriptors(out, kept);
}

/* confine_process - irrevocably; the process is killed when its parent exits. False with errno. */
static bool
confine_process(const struct identity *id, bool opens_files)
{
	return privdrop_become(id) && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	       (opens_files ? sandbox_enter_store() : sandbox_enter());
}

json_t *
confined_failure(const char *error)
{
	char text[CONFINED_ERROR_SIZE];

	strlcpy(text, error, sizeof(text));
	return json_pack("{s:s}", FAILURE, printable_utf8(text));
}

static json_t *
do_confined_work(const struct confined_work *work, const struct identity *id)
{
	json_t *reply = work->prepare == NULL ? NULL : work->prepare(work->arg);

	if (reply != NULL)
		return reply;
	if (!confine_process(id, work->opens_files))
		return confined_failure("cannot drop privileges");
	return work->run(work->arg);
}

/* extract_failure - returns the reply, or NULL with the text of a confined_failure in error */
static json_t *
extract_failure(json_t *reply, char error[CONFINED_ERROR_SIZE])
{
	const char *failure = json_string_value(json_object_get(reply, FAILURE));

	if (failure == NULL)
		return reply;
	strlcpy(error, failure, CONFINED_ERROR_SIZE);
	printable_utf8(error);
	json_decref(reply);
	return NULL;
}

static bool
write_child_reply(const json_t *reply)
{
	char *text = json_dumps(reply, JSON_COMPACT | JSON_ENSURE_ASCII);
	size_t done = 0, len = text == NULL ? 0 : strlen(text);
	ssize_t n;

	if (text == NULL)
		return false;
	text[len++] = '\n'; /* replaces the NUL */
	while (done < len) {
		n = write(REPLY_FD, text + done, len - done);
		if (n == -1 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

NORETURN static void
run_confined_child(const struct confined_work *work, const struct identity *id, int out)
{
	json_t *reply = redirect_child_files(out, work->kept) ? do_confined_work(work, id) : NULL;

	_exit(reply != NULL && write_child_reply(reply) ? 0 : 1);
}

/* describe_child_end - explain a missing reply of the process that does something */
static void
describe_child_end(
    const char *doing, int status, enum reply_fault fault, char error[CONFINED_ERROR_SIZE])
{
	char end[128];

	if (fault == REPLY_LATE)
		strlcpy(end, "timed out", sizeof(end));
	else if (fault != REPLY_ENDED)
		strlcpy(end, "sent an invalid reply", sizeof(end));
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		strlcpy(end, "was killed: sandbox violation", sizeof(end));
	else if (WIFSIGNALED(status))
		snprintf(end, sizeof(end), "was killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(end, sizeof(end), "exited with status %d", WEXITSTATUS(status));
	snprintf(error, CONFINED_ERROR_SIZE, "the process that %s %s", doing, end);
}

/* Turns of 10 ms that a process has to exit after it has closed its pipe. */
#define END_TURNS 200

/* reap_child - returns the wait status; kills a child that does not exit by itself */
static int
reap_child(pid_t pid, bool is_ending)
{
	static const struct timespec turn = { 0, 10000000 };
	int status = 0, turns = is_ending ? END_TURNS : 0;
	pid_t ended = 0;

	for (; turns > 0 && ended == 0; turns--) {
		ended = waitpid(pid, &status, WNOHANG);
		if (ended == 0)
			nanosleep(&turn, NULL);
	}
	if (ended != pid) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			;
	}
	return status;
}

json_t *
confined_run(
    const struct confined_work *work, const struct identity *id, char error[CONFINED_ERROR_SIZE])
{
	enum reply_fault fault;
	int pipe_end[2], status;
	json_t *reply;
	pid_t pid;

	if (pipe2(pipe_end, O_CLOEXEC) == -1) {
		snprintf(error, CONFINED_ERROR_SIZE, "pipe: %s", strerror(errno));
		return NULL;
	}
	fflush(NULL);
	log_flush();
	pid = fork();
	if (pid == 0)
		run_confined_child(work, id, pipe_end[1]);
	close(pipe_end[1]);
	if (pid == -1) {
		snprintf(error, CONFINED_ERROR_SIZE, "fork: %s", strerror(errno));
		close(pipe_end[0]);
		return NULL;
	}
	reply = reply_read(pipe_end[0], work->seconds, &fault);
	close(pipe_end[0]);
	status = reap_child(pid, fault == REPLY_ENDED);
	if (reply == NULL)
		describe_child_end(work->doing, status, fault, error);
	return extract_failure(reply, error);
}
