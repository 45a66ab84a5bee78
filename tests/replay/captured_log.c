/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "common/log.h"
#include "tests/replay/captured_log.h"

#define IDENT "srsd"
#define PREFIX IDENT ": "

/* There is one log per process. */
static int file = -1;
static int real_stderr = -1;
static struct evbuffer *lines;

static void
redirect(void)
{
	fflush(stderr);
	dup2(file, STDERR_FILENO);
}

static void
restore(void)
{
	dup2(real_stderr, STDERR_FILENO);
}

bool
captured_log_open(void)
{
	file = memfd_create("log", MFD_CLOEXEC);
	real_stderr = dup(STDERR_FILENO);
	lines = evbuffer_new();
	if (file == -1 || real_stderr == -1 || lines == NULL)
		return false;
	redirect(); /* from now on the log treats it as a file */
	log_open(LOG_SINK_STDERR, IDENT);
	restore();
	return true;
}

void
captured_log_begin(void)
{
	log_verbose(0);
	captured_log_collect();
	evbuffer_drain(lines, evbuffer_get_length(lines));
}

void
captured_log_collect(void)
{
	char piece[4096];
	ssize_t n;

	if (!log_pending())
		return;
	redirect();
	log_flush();
	restore();
	lseek(file, 0, SEEK_SET);
	while ((n = read(file, piece, sizeof(piece))) > 0)
		evbuffer_add(lines, piece, (size_t)n);
	lseek(file, 0, SEEK_SET);
	if (ftruncate(file, 0) == -1)
		perror("ftruncate");
}

char *
captured_log_take(void)
{
	char *line = evbuffer_readln(lines, NULL, EVBUFFER_EOL_LF);

	if (line != NULL && strncmp(line, PREFIX, strlen(PREFIX)) == 0)
		memmove(line, line + strlen(PREFIX), strlen(line + strlen(PREFIX)) + 1);
	return line;
}
