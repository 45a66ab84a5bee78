/* SPDX-License-Identifier: ISC */
/*
 * config_case - reads a configuration from memory, through a closed filebox, so that no option
 * makes the fuzzer read the disk. It has two files: the configuration, and one of domains.
 */
#ifndef TESTS_FUZZ_CONFIG_CASE_H
#define TESTS_FUZZ_CONFIG_CASE_H

#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "conf/config.h"

/* Fixed numbers that nothing else uses, because the seeds contain the paths. */
#define CONFIG_CASE_FD 200
#define CONFIG_CASE_FILE "/proc/self/fd/200"
#define CONFIG_CASE_DOMAINS "/proc/self/fd/201"

static inline void
config_case_put(int fd, const char *text, size_t len)
{
	int memory = memfd_create("fuzz", 0);

	fuzz_must(memory != -1 && dup2(memory, fd) == fd);
	fuzz_must(write(fd, text, len) == (ssize_t)len);
	close(memory);
}

/* config_case_box - a closed box that holds both files */
static inline struct filebox *
config_case_box(const char *text, size_t len)
{
	static const char domains[] = "own.test\n.own.test # all below it\n";
	struct filebox *open = filebox_new(), *closed;
	struct file file;
	const char *error;
	int fd;

	config_case_put(CONFIG_CASE_FD, text, len);
	config_case_put(CONFIG_CASE_FD + 1, domains, sizeof(domains) - 1);
	fuzz_must(filebox_read(open, &file, CONFIG_CASE_FILE, 1 << 24, &error));
	file_free(&file);
	fuzz_must(filebox_read(open, &file, CONFIG_CASE_DOMAINS, 1 << 24, &error));
	file_free(&file);
	fd = filebox_store(open);
	fuzz_must(fd != -1);
	closed = filebox_load(fd);
	fuzz_must(closed != NULL);
	close(fd);
	close(CONFIG_CASE_FD);
	close(CONFIG_CASE_FD + 1);
	filebox_free(&open);
	return closed;
}

/* config_case_load - settings from a text, with the line of NAME=VALUE overrides; NULL: error */
static inline struct settings *
config_case_load(const char *text, size_t len, const char *const *overrides, size_t n,
    char error[CONFIG_ERROR_SIZE])
{
	struct filebox *box = config_case_box(text, len);
	struct settings *s = config_load(box, CONFIG_CASE_FILE, overrides, n, error);

	filebox_free(&box);
	fuzz_must((s == NULL) == (error[0] != '\0'));
	return s;
}

/* config_case_print - settings as text; the caller frees it */
static inline char *
config_case_print(const struct settings *s, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	fuzz_must(out != NULL);
	config_print(s, out);
	fclose(out);
	return text;
}

#endif
