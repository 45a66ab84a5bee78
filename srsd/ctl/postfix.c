/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/file.h"
#include "common/xmalloc.h"
#include "srsd/ctl/postfix.h"
#include "srsd/ctl/program.h"

/* The parameters that are read; postconf -x replaces the $names in their values. */
static const char *const parameters[] = {
	"alias_maps",
	"allow_percent_hack",
	"append_at_myorigin",
	"canonical_classes",
	"canonical_maps",
	"cleanup_service_name",
	"compatibility_level",
	"content_filter",
	"default_filter_nexthop",
	"default_transport",
	"header_checks",
	"inet_interfaces",
	"inet_protocols",
	"lmtp_generic_maps",
	"local_header_rewrite_clients",
	"local_recipient_maps",
	"local_transport",
	"luser_relay",
	"mail_owner",
	"masquerade_classes",
	"masquerade_domains",
	"milter_content_timeout",
	"milter_default_action",
	"milter_protocol",
	"mydestination",
	"mydomain",
	"myhostname",
	"mynetworks",
	"myorigin",
	"non_smtpd_milters",
	"parent_domain_matches_subdomains",
	"proxy_interfaces",
	"queue_directory",
	"receive_override_options",
	"recipient_canonical_classes",
	"recipient_canonical_maps",
	"recipient_delimiter",
	"relay_domains",
	"relay_recipient_maps",
	"relay_transport",
	"relayhost",
	"sender_canonical_classes",
	"sender_canonical_maps",
	"sender_dependent_default_transport_maps",
	"sender_dependent_relayhost_maps",
	"smtp_bind_address",
	"smtp_bind_address6",
	"smtp_discard_ehlo_keywords",
	"smtp_generic_maps",
	"smtpd_client_restrictions",
	"smtpd_command_filter",
	"smtpd_data_restrictions",
	"smtpd_discard_ehlo_keywords",
	"smtpd_end_of_data_restrictions",
	"smtpd_helo_restrictions",
	"smtpd_milters",
	"smtpd_proxy_filter",
	"smtpd_recipient_restrictions",
	"smtpd_reject_unlisted_sender",
	"smtpd_relay_before_recipient_restrictions",
	"smtpd_relay_restrictions",
	"smtpd_restriction_classes",
	"smtpd_sender_restrictions",
	"swap_bangpath",
	"transport_maps",
	"virtual_alias_domains",
	"virtual_alias_maps",
	"virtual_mailbox_domains",
	"virtual_mailbox_maps",
};

#define N_PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

/* Bytes of a file that a list of domains names. */
#define LIST_FILE_MAX (1024 * 1024)

/* Restriction classes that are read. */
#define CLASSES_MAX 64

struct postfix {
	char *dir; /* NULL: the default */
	struct postfix_lines main;
	struct postfix_lines classes;
	struct postfix_lines master;
	struct postfix_lines overrides; /* "service/type/name = value" */
};

/* run_postconf - with the arguments more, which end with NULL; sets lines to the output */
static bool
run_postconf(const struct postfix *p, struct postfix_lines *lines, const char *const more[],
    bool *absent, char error[POSTFIX_ERROR_SIZE])
{
	const char *argv[N_PARAMETERS + CLASSES_MAX + 8], *why;
	struct program program;
	size_t n = 0;

	argv[n++] = "postconf";
	if (p->dir != NULL) {
		argv[n++] = "-c";
		argv[n++] = p->dir;
	}
	while (*more != NULL && n < sizeof(argv) / sizeof(argv[0]) - 1)
		argv[n++] = *more++;
	argv[n] = NULL;
	*absent = false;
	if (!program_run(&program, argv, &why)) {
		*absent = !program.timed_out;
		snprintf(error, POSTFIX_ERROR_SIZE, "postconf: %s", why);
		return false;
	}
	if (program.status != 0) {
		strlcpy(error, postfix_find_error(program.err), POSTFIX_ERROR_SIZE);
		*absent = p->dir == NULL && (strstr(error, "No such file") != NULL ||
						strstr(error, "Permission denied") != NULL);
		program_free(&program);
		return false;
	}
	postfix_lines_split(lines, program.out);
	program.out = NULL;
	program_free(&program);
	return true;
}

static bool
read_main_parameters(struct postfix *p, bool *absent, char error[POSTFIX_ERROR_SIZE])
{
	const char *argv[N_PARAMETERS + 2] = { "-x" };

	memcpy(argv + 1, parameters, sizeof(parameters));
	return run_postconf(p, &p->main, argv, absent, error);
}

/* read_restriction_classes - the lists that smtpd_restriction_classes names */
static bool
read_restriction_classes(struct postfix *p, bool *absent, char error[POSTFIX_ERROR_SIZE])
{
	const char *list = postfix_get(p, "smtpd_restriction_classes");
	const char *argv[CLASSES_MAX + 2] = { "-x" };
	char word[POSTFIX_WORD_SIZE], *names[CLASSES_MAX];
	size_t n = 0, i;
	bool ok;

	while (n < CLASSES_MAX && postfix_word(&list, word))
		names[n++] = xstrdup(word);
	for (i = 0; i < n; i++)
		argv[i + 1] = names[i];
	ok = n == 0 || run_postconf(p, &p->classes, argv, absent, error);
	for (i = 0; i < n; i++)
		free(names[i]);
	return ok;
}

struct postfix *
postfix_open(const char *dir, bool *absent, char error[POSTFIX_ERROR_SIZE])
{
	static const char *const services[] = { "-M", NULL };
	static const char *const overrides[] = { "-x", "-P", NULL };
	struct postfix *p = xcalloc(1, sizeof(*p));

	p->dir = dir == NULL ? NULL : xstrdup(dir);
	if (!read_main_parameters(p, absent, error) ||
	    !read_restriction_classes(p, absent, error) ||
	    !run_postconf(p, &p->master, services, absent, error) ||
	    !run_postconf(p, &p->overrides, overrides, absent, error))
		postfix_free(&p);
	return p;
}

void
postfix_free(struct postfix **pp)
{
	struct postfix *p = *pp;

	if (p == NULL)
		return;
	free(p->dir);
	postfix_lines_free(&p->main);
	postfix_lines_free(&p->classes);
	postfix_lines_free(&p->master);
	postfix_lines_free(&p->overrides);
	free(p);
	*pp = NULL;
}

const char *
postfix_get(const struct postfix *p, const char *name)
{
	const char *value = postfix_lines_value(&p->main, name);

	return value == NULL ? "" : value;
}

char *
postfix_read(const struct postfix *p, const char *name)
{
	const char *argv[] = { "-x", name, NULL }, *value = NULL;
	char error[POSTFIX_ERROR_SIZE], *copy;
	struct postfix_lines lines = { 0, NULL, NULL };
	bool absent;

	if (run_postconf(p, &lines, argv, &absent, error))
		value = postfix_lines_value(&lines, name);
	copy = xstrdup(value == NULL ? "" : value);
	postfix_lines_free(&lines);
	return copy;
}

char *
postfix_read_own(const struct postfix *p, const char *name)
{
	const char *argv[] = { "-n", name, NULL }, *value = NULL;
	struct postfix_lines lines = { 0, NULL, NULL };
	char error[POSTFIX_ERROR_SIZE], *copy;
	bool absent;

	if (run_postconf(p, &lines, argv, &absent, error))
		value = postfix_lines_value(&lines, name);
	copy = value == NULL ? NULL : xstrdup(value);
	postfix_lines_free(&lines);
	return copy;
}

/* each_own_line - of postconf with this option: "name = value" */
static void
each_own_line(const struct postfix *p, const char *option,
    void (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	const char *argv[] = { option, NULL };
	struct postfix_lines lines = { 0, NULL, NULL };
	char error[POSTFIX_ERROR_SIZE], *equal;
	bool absent;
	size_t i;

	if (run_postconf(p, &lines, argv, &absent, error))
		for (i = 0; i < lines.n; i++) {
			equal = strstr(lines.line[i], " = ");
			if (equal == NULL)
				continue;
			*equal = '\0';
			fn(arg, lines.line[i], equal + 3);
		}
	postfix_lines_free(&lines);
}

void
postfix_each_own(
    const struct postfix *p, void (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	each_own_line(p, "-n", fn, arg);
	each_own_line(p, "-P", fn, arg);
}

const char *
postfix_service_get(
    const struct postfix *p, const struct postfix_service *service, const char *name)
{
	const char *value;
	char *full;

	xasprintf(&full, "%s/%s/%s", service->name, service->type, name);
	value = postfix_lines_value(&p->overrides, full);
	free(full);
	return value == NULL ? postfix_get(p, name) : value;
}

const char *
postfix_class(const struct postfix *p, const char *name)
{
	return postfix_lines_value(&p->classes, name);
}

bool
postfix_service_at(const struct postfix *p, size_t number, struct postfix_service *service)
{
	size_t i;

	for (i = 0; i < p->master.n; i++)
		if (postfix_service_parse(service, p->master.line[i]) && number-- == 0)
			return true;
	return false;
}

/* is_service_of - does a service create the socket of an endpoint? */
static bool
is_service_of(const struct postfix_service *service, const char *endpoint)
{
	const char *slash = strrchr(endpoint, '/'), *colon = strrchr(endpoint, ':');

	if (strncmp(endpoint, "unix:", 5) == 0)
		return slash != NULL && strcmp(service->type, "unix") == 0 &&
		       strcmp(service->name, slash + 1) == 0;
	return strncmp(endpoint, "inet:", 5) == 0 && strcmp(service->type, "inet") == 0 &&
	       strcmp(postfix_service_port(service), colon + 1) == 0;
}

bool
postfix_find_service(const struct postfix *p, const char *endpoint, struct postfix_service *service)
{
	size_t i;

	for (i = 0; postfix_service_at(p, i, service); i++)
		if (is_service_of(service, endpoint))
			return true;
	return false;
}

/* print_file_words - the words of a file, each with the "!" that was before the name */
static void
print_file_words(FILE *out, const char *name, const char *negation)
{
	char word[POSTFIX_WORD_SIZE], *line, *rest;
	struct file file;
	const char *why, *s;

	if (!file_read(&file, name, LIST_FILE_MAX, &why)) {
		fprintf(out, " %s%s", negation, name);
		return;
	}
	rest = file.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		s = line;
		while (postfix_word(&s, word) && word[0] != '#')
			fprintf(out, " %s%s", negation, word);
	}
	file_free(&file);
}

char *
postfix_read_files(const char *list)
{
	char word[POSTFIX_WORD_SIZE], *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return xstrdup("");
	while (postfix_word(&list, word)) {
		if (word[0] == '/' || strncmp(word, "!/", 2) == 0)
			print_file_words(out, word + (word[0] == '!'), word[0] == '!' ? "!" : "");
		else
			fprintf(out, " %s", word);
	}
	fclose(out);
	return text;
}

bool
postfix_is_chrooted(const struct postfix *p, const struct postfix_service *service)
{
	if (service->chroot[0] == '-')
		return strcmp(postfix_get(p, "compatibility_level"), "0") == 0;
	return service->chroot[0] == 'y';
}

/* strip_proxy - postmap(1) opens the table itself, so that proxymap(8) need not run */
static const char *
strip_proxy(const char *table)
{
	while (strncmp(table, "proxy:", 6) == 0)
		table += 6;
	return table;
}

/* run_postmap - with one option and its argument, which may be NULL */
static bool
run_postmap(const struct postfix *p, const char *option, const char *argument, const char *table,
    struct program *program, const char **why)
{
	const char *argv[7];
	size_t n = 0;

	argv[n++] = "postmap";
	if (p->dir != NULL) {
		argv[n++] = "-c";
		argv[n++] = p->dir;
	}
	argv[n++] = option;
	if (argument != NULL)
		argv[n++] = argument;
	argv[n++] = strip_proxy(table);
	argv[n] = NULL;
	return program_run(program, argv, why);
}

bool
postfix_list_table(const struct postfix *p, const char *table,
    void (*fn)(void *arg, const char *key), void *arg, char error[POSTFIX_ERROR_SIZE])
{
	struct program program;
	char *rest, *line;
	const char *why;
	bool ok;

	if (!run_postmap(p, "-s", NULL, table, &program, &why)) {
		strlcpy(error, why, POSTFIX_ERROR_SIZE);
		return false;
	}
	ok = program.status == 0 && !program.cut;
	strlcpy(error, program.cut ? "it lists more than 1 MiB" : postfix_find_error(program.err),
	    POSTFIX_ERROR_SIZE);
	rest = program.out;
	while (ok && (line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, "\t")] = '\0';
		if (line[0] != '\0')
			fn(arg, line);
	}
	program_free(&program);
	return ok;
}

bool
postfix_table_is_broken(const struct postfix *p, const char *table, char error[POSTFIX_ERROR_SIZE])
{
	struct program program;
	const char *why;
	bool broken;

	if (!run_postmap(p, "-q", "check.invalid", table, &program, &why))
		return false;
	strlcpy(error, postfix_find_error(program.err), POSTFIX_ERROR_SIZE);
	broken =
	    program.status == 1 &&
	    (strstr(error, "unsupported dictionary type") != NULL ||
		(strstr(error, "fatal: open ") != NULL && strstr(error, "No such file") != NULL));
	program_free(&program);
	return broken;
}

const char *
postfix_override(
    const struct postfix *p, const char *parameter, size_t number, char service[POSTFIX_WORD_SIZE])
{
	return postfix_lines_override(&p->overrides, parameter, number, service);
}

int
postfix_look_up(
    const struct postfix *p, const char *table, const char *key, char *value, size_t size)
{
	struct program program;
	const char *why;
	int answer = -1;

	if (!run_postmap(p, "-q", key, table, &program, &why))
		return -1;
	if (program.status == 0) {
		strlcpy(value, program.out, size);
		value[strcspn(value, "\n")] = '\0';
		answer = 1;
	} else if (program.status == 1 && postfix_find_error(program.err)[0] == '\0') {
		answer = 0;
	}
	program_free(&program);
	return answer;
}
