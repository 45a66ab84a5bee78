/* SPDX-License-Identifier: ISC */
/*
 * srsctl import - print a configuration built from those of postsrsd and policyd-spf
 *
 * SECURITY: root runs this command. The files are data: nothing in them is executed, although that
 * of postsrsd 1.x is a shell script.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/ctl_import.h"
#include "srsd/ctl/import/import_policyd_spf.h"
#include "srsd/ctl/import/import_postsrsd.h"
#include "srsd/ctl/program.h"

#define USAGE "import [--check] [--as postsrsd|postsrsd2|policyd-spf] [file ...]"
#define FILE_MAX (1024 * 1024)

enum import_kind {
	KIND_POSTSRSD1,
	KIND_POSTSRSD2,
	KIND_POLICYD_SPF,
	N_KINDS, /* unknown */
};

static const char *const kind_names[N_KINDS] = { "postsrsd", "postsrsd2", "policyd-spf" };

/* The usual paths. A file of postsrsd 2 comes before a file that 1.x has left. */
static const struct {
	const char *file;
	enum import_kind kind;
} usual_files[] = {
	{ "/etc/postsrsd.conf", KIND_POSTSRSD2 },
	{ "/usr/local/etc/postsrsd.conf", KIND_POSTSRSD2 },
	{ "/etc/default/postsrsd", KIND_POSTSRSD1 },
	{ "/etc/postfix-policyd-spf-python/policyd-spf.conf", KIND_POLICYD_SPF },
	{ "/etc/python-policyd-spf/policyd-spf.conf", KIND_POLICYD_SPF },
};

#define N_USUAL (sizeof(usual_files) / sizeof(usual_files[0]))

static int
reject_file(const char *file, const char *why)
{
	fprintf(stderr, "srsctl: %s: %s\n", file, why);
	return CTL_USAGE;
}

/* query_mydomain - Postfix's mydomain, as postsrsd's launcher queries it; the caller frees it */
static char *
query_mydomain(void)
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

/* guess_kind - from the name of the file; N_KINDS: not possible */
static enum import_kind
guess_kind(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;

	if (strncmp(name, "policyd-spf", 11) == 0)
		return KIND_POLICYD_SPF;
	if (strncmp(name, "postsrsd.conf", 13) == 0)
		return KIND_POSTSRSD2;
	return strncmp(name, "postsrsd", 8) == 0 ? KIND_POSTSRSD1 : N_KINDS;
}

/* read_named_file - a file that a configuration names */
static char *
read_named_file(const char *path, const char **why)
{
	struct file file;
	char *text = NULL;

	if (!file_read(&file, path, FILE_MAX, why))
		return NULL;
	if (memchr(file.data, '\0', file.len) == NULL)
		text = xstrdup(file.data);
	else
		*why = "the file contains a NUL byte";
	file_free(&file);
	return text;
}

static int
import_text(struct import *im, const char *path, const char *text, enum import_kind kind)
{
	char error[1024];

	switch (kind) {
	case KIND_POSTSRSD1:
		import_postsrsd1(im, path, text, query_mydomain);
		return CTL_OK;
	case KIND_POSTSRSD2:
		if (import_postsrsd2(im, path, text, time(NULL), error, sizeof(error)))
			return CTL_OK;
		fprintf(stderr, "srsctl: %s\n", error);
		return CTL_USAGE;
	case KIND_POLICYD_SPF:
		import_policyd_spf(im, path, text, read_named_file);
		return CTL_OK;
	case N_KINDS:
		break;
	}
	return reject_file(path,
	    "the name does not show which program the file belongs to; add --as postsrsd, "
	    "--as postsrsd2 or --as policyd-spf");
}

static int
import_file(struct import *im, const char *path, enum import_kind kind)
{
	struct file file;
	const char *why;
	int status;

	if (!file_read(&file, path, FILE_MAX, &why))
		return reject_file(path, why);
	if (memchr(file.data, '\0', file.len) != NULL)
		status = reject_file(path, "the file contains a NUL byte");
	else
		status = import_text(im, path, file.data, kind);
	file_free(&file);
	return status;
}

static int
reject_absence(void)
{
	size_t i;

	fputs("srsctl: no configuration of postsrsd or policyd-spf found at\n", stderr);
	for (i = 0; i < N_USUAL; i++)
		fprintf(stderr, "\t%s\n", usual_files[i].file);
	return CTL_USAGE;
}

/* import_usual_files - those that exist, one of each program */
static int
import_usual_files(struct import *im)
{
	const char *imported[N_KINDS] = { NULL };
	enum import_kind kind;
	size_t i, n = 0;
	int status;

	for (i = 0; i < N_USUAL; i++) {
		kind = usual_files[i].kind;
		if (access(usual_files[i].file, F_OK) == -1 || imported[kind] != NULL)
			continue;
		if (kind == KIND_POSTSRSD1 && imported[KIND_POSTSRSD2] != NULL) {
			fprintf(stderr, "srsctl: %s: ignored, because postsrsd 2 reads %s\n",
			    usual_files[i].file, imported[KIND_POSTSRSD2]);
			continue;
		}
		status = import_file(im, usual_files[i].file, kind);
		if (status != CTL_OK)
			return status;
		imported[kind] = usual_files[i].file;
		n++;
	}
	return n > 0 ? CTL_OK : reject_absence();
}

/* has_same_bytes - false also if one of the files cannot be read */
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
 * use_own_copy - if srsd's file contains the secrets of postsrsd's file, use that one
 *
 * The Debian package makes such a copy. srsd's group can read it, and it remains when a purge of
 * postsrsd deletes the original.
 */
static void
use_own_copy(struct import *im, const char *own)
{
	if (strcmp(import_secrets_file(im), own) != 0 &&
	    has_same_bytes(import_secrets_file(im), own))
		import_use_copy(im, own);
}

static int
print_check(const struct ctl *ctl, const struct import *im)
{
	if (ctl->config_error != NULL)
		fprintf(
		    stderr, "srsctl: comparing with the defaults, because %s\n", ctl->config_error);
	return import_print_differences(im, ctl->settings, stdout) == 0 ? CTL_OK : CTL_FAILED;
}

/* warn_open - n decisions are left to the operator, each marked in the configuration */
static void
warn_open(size_t n, const char *one, const char *several, const char *mark)
{
	if (n > 0)
		fprintf(stderr, "srsctl: %zu %s: look for %s\n", n, n == 1 ? one : several, mark);
}

static int
print_import(const struct import *im)
{
	import_print(im, stdout);
	warn_open(import_choices(im), "choice to make", "choices to make", "CHOOSE");
	warn_open(import_unknowns(im), "unknown value", "unknown values", "UNKNOWN");
	warn_open(import_preparations(im), "thing to prepare", "things to prepare", "PREPARE");
	return CTL_OK;
}

/* parse_kind - the argument of --as; N_KINDS: it is not valid */
static enum import_kind
parse_kind(const char *word)
{
	enum import_kind kind = 0;

	while (kind < N_KINDS && strcmp(kind_names[kind], word) != 0)
		kind++;
	return kind;
}

int
ctl_import(const struct ctl *ctl, int argc, char **argv)
{
	static const struct option long_options[] = { { "check", no_argument, NULL, 'c' },
		{ "as", required_argument, NULL, 'a' }, { NULL, 0, NULL, 0 } };
	enum import_kind kind = N_KINDS;
	bool check = false;
	struct import *im;
	int c, first, i, status = CTL_OK;

	while ((c = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		if (c == 'c')
			check = true;
		else if (c != 'a' || (kind = parse_kind(optarg)) == N_KINDS)
			return ctl_usage(USAGE);
	}
	first = optind; /* import_postsrsd1 calls getopt, too */
	im = import_new();
	if (first == argc)
		status = kind == N_KINDS ? import_usual_files(im) : ctl_usage(USAGE);
	for (i = first; status == CTL_OK && i < argc; i++)
		status = import_file(im, argv[i], kind == N_KINDS ? guess_kind(argv[i]) : kind);
	if (status == CTL_OK) {
		import_complete(im);
		use_own_copy(im, ctl->settings->secrets_file);
		status = check ? print_check(ctl, im) : print_import(im);
	}
	import_free(&im);
	return status;
}
