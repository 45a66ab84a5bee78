/* SPDX-License-Identifier: ISC */
/*
 * srsctl import - print a configuration built from those of postsrsd and policyd-spf
 *
 * SECURITY: root runs this command. The files are data: nothing in them is executed, although that
 * of postsrsd 1.x is a shell script.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/standard_files.h"
#include "common/xmalloc.h"
#include "conf/paths.h"
#include "srsd/ctl/import/ctl_import.h"
#include "srsd/ctl/import/import_difference.h"
#include "srsd/ctl/import/import_policyd_spf.h"
#include "srsd/ctl/import/import_postfix.h"
#include "srsd/ctl/import/import_postsrsd.h"
#include "srsd/ctl/import/import_print.h"
#include "srsd/ctl/import/import_report.h"
#include "srsd/ctl/program.h"

#define FILE_MAX (1024 * 1024)

/* Bytes of domains-file. */
#define DOMAINS_FILE_MAX (64 * 1024 * 1024)

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
	return CTL_UNKNOWN;
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
		return CTL_UNKNOWN;
	case KIND_POLICYD_SPF:
		import_policyd_spf(im, path, text, read_named_file);
		return CTL_OK;
	case N_KINDS:
		break;
	}
	reject_file(path,
	    "the name does not show which program the file belongs to; add --as postsrsd, "
	    "--as postsrsd2 or --as policyd-spf");
	return CTL_USAGE;
}

/* import_file - and note in postfix which program it belongs to */
static int
import_file(
    struct import *im, struct import_postfix *postfix, const char *path, enum import_kind kind)
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
	postfix->postsrsd = postfix->postsrsd || kind == KIND_POSTSRSD1 || kind == KIND_POSTSRSD2;
	postfix->policyd_spf = postfix->policyd_spf || kind == KIND_POLICYD_SPF;
	return status;
}

static int
reject_absence(void)
{
	size_t i;

	fputs("srsctl: no configuration of postsrsd or policyd-spf found at\n", stderr);
	for (i = 0; i < N_USUAL; i++)
		fprintf(stderr, "\t%s\n", usual_files[i].file);
	return CTL_UNKNOWN;
}

/* import_usual_files - those that exist, one of each program */
static int
import_usual_files(struct import *im, struct import_postfix *postfix)
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
		status = import_file(im, postfix, usual_files[i].file, kind);
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
 * use_own_copy - if a file of srsd contains the secrets of postsrsd's file, use that one
 *
 * The Debian package makes such a copy. srsd's group can read it, and it remains when a purge of
 * postsrsd deletes the original. It is looked for where the configuration says, and at the usual
 * path, because the configuration may be that of an earlier import, which named the original.
 */
static void
use_own_copy(struct import *im, const struct settings *present)
{
	const char *const own[] = { present->secrets_file, PATHS_SECRETS };
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcmp(import_secrets_file(im), own[i]) == 0 ||
		    !has_same_bytes(import_secrets_file(im), own[i]))
			continue;
		import_use_copy(im, own[i]);
		return;
	}
}

static size_t
print_json_differences(const struct import *im, const struct settings *settings)
{
	size_t n;
	json_t *report = import_report_differences(im, settings, &n);

	ctl_print_json(report);
	json_decref(report);
	return n;
}

static int
print_check(const struct ctl *ctl, const struct import *im, bool as_json)
{
	size_t n;

	if (ctl->config_error != NULL)
		fprintf(
		    stderr, "srsctl: comparing with the defaults, because %s\n", ctl->config_error);
	n = as_json ? print_json_differences(im, ctl->settings)
		    : import_difference_print(im, ctl->settings, stdout);
	return n == 0 ? CTL_OK : CTL_FAILED;
}

/* Remarks that the operator has to act on, each marked in the configuration. */
static const struct {
	enum import_remark_kind kind;
	const char *one, *several, *mark;
} open_remarks[] = {
	{ REMARK_CHOICE, "choice to make", "choices to make", "CHOOSE" },
	{ REMARK_UNKNOWN, "unknown value or line", "unknown values or lines", "UNKNOWN" },
	{ REMARK_PREPARE, "thing to prepare", "things to prepare", "PREPARE" },
	{ REMARK_WARNING, "warning", "warnings", "WARNING" },
	{ REMARK_LOSS, "setting that mail depends on is not carried over",
	    "settings that mail depends on are not carried over", "LOSS" },
};

/* count_open_remarks - after the output, also if both go to the same file or pipe */
static void
count_open_remarks(const struct import *im)
{
	size_t i, n;

	standard_files_flush_output();
	for (i = 0; i < sizeof(open_remarks) / sizeof(open_remarks[0]); i++) {
		n = import_count(im, open_remarks[i].kind);
		if (n > 0)
			fprintf(stderr, "srsctl: %zu %s: look for %s\n", n,
			    n == 1 ? open_remarks[i].one : open_remarks[i].several,
			    open_remarks[i].mark);
	}
}

static void
print_json_import(const struct import *im, const struct import_steps *steps)
{
	json_t *report = import_report(im, steps);

	ctl_print_json(report);
	json_decref(report);
}

/* print_import - CTL_FAILED if the new configuration may lose or refuse mail */
static int
print_import(const struct import *im, enum import_form form, const struct import_postfix *postfix,
    bool as_json)
{
	struct import_steps steps = STAILQ_HEAD_INITIALIZER(steps);

	import_postfix_plan(postfix, &steps);
	if (as_json) {
		print_json_import(im, &steps);
	} else {
		import_print(im, form, stdout);
		import_postfix_print(&steps, stdout);
	}
	import_postfix_clear(&steps);
	count_open_remarks(im);
	return import_count(im, REMARK_LOSS) + import_count(im, REMARK_UNKNOWN) > 0 ? CTL_FAILED
										    : CTL_OK;
}

/* warn_of_missing_file - srsd does not start without its domains-file */
static void
warn_of_missing_file(struct import *im)
{
	const char *path = import_settings(im)->domains_file, *why;
	struct file file;

	if (path[0] == '\0')
		return;
	if (file_read(&file, path, DOMAINS_FILE_MAX, &why))
		file_free(&file);
	else
		import_warn(im, import_option(NULL, "domains-file"),
		    "%s: %s. srsd does not start without this file.", path, why);
}

/* parse_kind - the value of --as, which is one of the words; N_KINDS: it was not given */
static enum import_kind
parse_kind(const char *word)
{
	enum import_kind kind = 0;

	while (kind < N_KINDS && (word == NULL || strcmp(kind_names[kind], word) != 0))
		kind++;
	return kind;
}

/* import_named_files - those of the command line; without any, those at the usual paths */
static int
import_named_files(
    struct import *im, struct import_postfix *postfix, const struct command_line *line)
{
	enum import_kind kind = parse_kind(command_line_text(line, "as"));
	int status = CTL_OK;
	const char *path;
	size_t i;

	if (line->n == 0)
		return import_usual_files(im, postfix);
	for (i = 0; status == CTL_OK && i < line->n; i++) {
		path = command_line_argument(line, i);
		status = import_file(im, postfix, path, kind == N_KINDS ? guess_kind(path) : kind);
	}
	return status;
}

/* make_import_choices - all of them in the same way, with --choose */
static void
make_import_choices(struct import *im, const char *answer)
{
	if (answer != NULL)
		import_choose(im, strcmp(answer, "said") == 0 ? IMPORT_SAID : IMPORT_DID);
}

int
ctl_import(const struct ctl *ctl, const struct command_line *line)
{
	enum import_form form = command_line_has(line, "short") ? IMPORT_SHORT : IMPORT_WHOLE;
	struct import_postfix postfix = { .dir = command_line_text(line, "postfix") };
	bool check = command_line_has(line, "check"), as_json = command_line_has(line, "json");
	struct import *im;
	int status;

	if (line->n == 0 && command_line_has(line, "as"))
		return ctl_usage(line, "--as needs an argument: FILE");
	if (check && form == IMPORT_SHORT)
		return ctl_usage(line, "--check and --short exclude each other");
	if (as_json && form == IMPORT_SHORT)
		return ctl_usage(line, "--json and --short exclude each other");
	im = import_new();
	status = import_named_files(im, &postfix, line);
	if (status == CTL_OK) {
		import_complete(im);
		make_import_choices(im, command_line_text(line, "choose"));
		use_own_copy(im, ctl->settings);
		warn_of_missing_file(im);
		postfix.settings = import_settings(im);
		status = check ? print_check(ctl, im, as_json)
			       : print_import(im, form, &postfix, as_json);
	}
	import_free(&im);
	return status;
}
