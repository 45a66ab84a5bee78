/* SPDX-License-Identifier: ISC */
/*
 * srsctl import - a configuration of ours out of those of postsrsd and policyd-spf.
 *
 * SECURITY: root runs this, and the files are data: nothing in them is run, the shell file of
 * postsrsd 1.x neither.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/ctl_import.h"
#include "srsd/ctl/import/import_policyd_spf.h"
#include "srsd/ctl/import/import_postsrsd.h"
#include "srsd/ctl/program.h"

#define USAGE "import [--check] [--as postsrsd|postsrsd2|policyd-spf] [file ...]"
#define FILE_MAX (1024 * 1024)

enum kind {
	POSTSRSD1,
	POSTSRSD2,
	POLICYD_SPF,
	N_KINDS,
	BY_NAME, /* the file's name tells */
};

static const char *const kind_names[N_KINDS] = { "postsrsd", "postsrsd2", "policyd-spf" };

/* Where they are installed. A file of postsrsd 2 stands before one of 1.x that was left behind. */
static const struct {
	const char *file;
	enum kind kind;
} usual[] = {
	{ "/etc/postsrsd.conf", POSTSRSD2 },
	{ "/usr/local/etc/postsrsd.conf", POSTSRSD2 },
	{ "/etc/default/postsrsd", POSTSRSD1 },
	{ "/etc/postfix-policyd-spf-python/policyd-spf.conf", POLICYD_SPF },
	{ "/etc/python-policyd-spf/policyd-spf.conf", POLICYD_SPF },
};

#define N_USUAL (sizeof(usual) / sizeof(usual[0]))

static int
refuse(const char *file, const char *why)
{
	fprintf(stderr, "srsctl: %s: %s\n", file, why);
	return CTL_USAGE;
}

/* mydomain - as Postfix has it; postsrsd's launcher asks the same */
static char *
mydomain(void)
{
	const char *const argv[] = { "postconf", "-h", "mydomain", NULL };
	struct program program;
	char *domain = NULL;
	const char *error;

	if (!program_run(&program, argv, &error))
		return NULL;
	program.out[strcspn(program.out, "\n")] = '\0';
	if (program.status == 0 && program.out[0] != '\0')
		domain = xstrdup(program.out);
	program_free(&program);
	return domain;
}

/* kind_of - what kind of file it is, by its name; N_KINDS: that does not tell */
static enum kind
kind_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;

	if (strncmp(name, "policyd-spf", 11) == 0)
		return POLICYD_SPF;
	if (strncmp(name, "postsrsd.conf", 13) == 0)
		return POSTSRSD2;
	return strncmp(name, "postsrsd", 8) == 0 ? POSTSRSD1 : N_KINDS;
}

static int
take_text(struct import *im, const char *path, const char *text, enum kind kind)
{
	char error[1024];

	switch (kind) {
	case POSTSRSD1:
		import_postsrsd1(im, path, text, mydomain);
		return CTL_OK;
	case POSTSRSD2:
		if (import_postsrsd2(im, path, text, error, sizeof(error)))
			return CTL_OK;
		fprintf(stderr, "srsctl: %s\n", error);
		return CTL_USAGE;
	case POLICYD_SPF:
		import_policyd_spf(im, path, text);
		return CTL_OK;
	default:
		return refuse(path, "what program is it of? say so with --as");
	}
}

static int
take_file(struct import *im, const char *path, enum kind kind)
{
	struct file file;
	const char *why;
	int status;

	if (!file_read(&file, path, FILE_MAX, &why))
		return refuse(path, why);
	if (memchr(file.data, '\0', file.len) != NULL)
		status = refuse(path, "holds a NUL byte");
	else
		status = take_text(im, path, file.data, kind == BY_NAME ? kind_of(path) : kind);
	file_free(&file);
	return status;
}

/* take_usual - the files that are where packages put them; one of each program */
static int
take_usual(struct import *im)
{
	bool taken[N_KINDS] = { false };
	size_t i, n = 0;
	int status;

	for (i = 0; i < N_USUAL; i++) {
		if (access(usual[i].file, F_OK) == -1 || taken[usual[i].kind])
			continue;
		if (usual[i].kind == POSTSRSD1 && taken[POSTSRSD2]) {
			fprintf(stderr, "srsctl: %s: passed over, postsrsd 2 has its own file\n",
			    usual[i].file);
			continue;
		}
		status = take_file(im, usual[i].file, usual[i].kind);
		if (status != CTL_OK)
			return status;
		taken[usual[i].kind] = true;
		n++;
	}
	if (n > 0)
		return CTL_OK;
	fputs("srsctl: no configuration of postsrsd or policyd-spf is at\n", stderr);
	for (i = 0; i < N_USUAL; i++)
		fprintf(stderr, "\t%s\n", usual[i].file);
	return CTL_USAGE;
}

/* has_same_bytes - both files can be read, and do not differ */
static bool
has_same_bytes(const char *one, const char *other)
{
	struct file a, b;
	const char *why;
	bool same;

	if (!file_read(&a, one, FILE_MAX, &why))
		return false;
	same = file_read(&b, other, FILE_MAX, &why);
	if (same) {
		same = a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
		file_free(&b);
	}
	file_free(&a);
	return same;
}

/*
 * use_own_copy - where srsd's own file holds postsrsd's secrets, that is the one to use
 *
 * The Debian package makes such a copy. srsd's group can read it, and it outlives postsrsd, a purge
 * of which deletes the original.
 */
static void
use_own_copy(struct import *im, const char *own)
{
	if (strcmp(import_secrets_file(im), own) != 0 &&
	    has_same_bytes(import_secrets_file(im), own))
		import_use_copy(im, own);
}

static int
finish(const struct ctl *ctl, struct import *im, bool check)
{
	size_t n = import_choices(im);

	if (check) {
		if (ctl->config_error != NULL)
			fprintf(
			    stderr, "srsctl: compared with the defaults; %s\n", ctl->config_error);
		return import_print_differences(im, ctl->settings, stdout) == 0 ? CTL_OK
										: CTL_FAILED;
	}
	import_print(im, stdout);
	if (n > 0)
		fprintf(stderr, "srsctl: %zu of the options need a choice: look for CHOOSE\n", n);
	return CTL_OK;
}

/* parse_kind - the argument of --as; BY_NAME when it is none */
static enum kind
parse_kind(const char *word)
{
	enum kind kind = 0;

	while (kind < N_KINDS && strcmp(kind_names[kind], word) != 0)
		kind++;
	return kind == N_KINDS ? BY_NAME : kind;
}

int
ctl_import(const struct ctl *ctl, int argc, char **argv)
{
	static const struct option long_options[] = { { "check", no_argument, NULL, 'c' },
		{ "as", required_argument, NULL, 'a' }, { NULL, 0, NULL, 0 } };
	enum kind kind = BY_NAME;
	bool check = false;
	struct import *im;
	int c, first, i, status = CTL_OK;

	while ((c = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		if (c == 'c')
			check = true;
		else if (c != 'a' || (kind = parse_kind(optarg)) == BY_NAME)
			return ctl_usage(USAGE);
	}
	first = optind; /* a file of postsrsd 1.x has options of its own */
	im = import_new();
	if (first == argc)
		status = kind == BY_NAME ? take_usual(im) : ctl_usage(USAGE);
	for (i = first; status == CTL_OK && i < argc; i++)
		status = take_file(im, argv[i], kind);
	if (status == CTL_OK) {
		import_complete(im);
		use_own_copy(im, ctl->settings->secrets_file);
		status = finish(ctl, im, check);
	}
	import_free(&im);
	return status;
}
