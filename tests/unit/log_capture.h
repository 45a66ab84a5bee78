/* SPDX-License-Identifier: ISC */
/*
 * log_capture - the log as text: it writes to standard error, which is meanwhile a file in
 * unit_dir.
 */
#ifndef TESTS_UNIT_LOG_CAPTURE_H
#define TESTS_UNIT_LOG_CAPTURE_H

#include "tests/unit/unit_dir.h"

#include "common/log.h"

static int log_capture_stderr = -1;

static char log_captured[4 * 1024 * 1024];

static inline void
log_capture_to(int fd)
{
	fflush(stderr);
	log_capture_stderr = dup(STDERR_FILENO);
	assert_int_not_equal(log_capture_stderr, -1);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	log_open(LOG_SINK_STDERR, "unit");
}

static inline void
log_capture_restore(void)
{
	dup2(log_capture_stderr, STDERR_FILENO);
	close(log_capture_stderr);
}

static inline void
log_capture_begin(void)
{
	int fd = open(unit_path("log"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	log_capture_to(fd);
	close(fd);
}

/* log_capture_read - the contents of the file so far */
static inline const char *
log_capture_read(void)
{
	FILE *in = fopen(unit_path("log"), "re");
	size_t n = fread(log_captured, 1, sizeof(log_captured) - 1, in);

	fclose(in);
	log_captured[n] = '\0';
	return log_captured;
}

static inline const char *
log_capture_end(void)
{
	log_flush();
	log_capture_restore();
	log_verbose(0);
	return log_capture_read();
}

/*
 * log_capture_take - the lines that are still in the log's buffer, for tests that keep standard
 * error free for failure messages. Such a test calls it once at its beginning: from then on the log
 * treats standard error as a file.
 */
static inline const char *
log_capture_take(void)
{
	log_capture_begin();
	return log_capture_end();
}

#endif
