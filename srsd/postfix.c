/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/xmalloc.h"
#include "srsd/postfix.h"
#include "srsd/program.h"

/* What is asked for; postconf -x replaces the $names in it. */
static const char *const parameters[] = {
	"cleanup_service_name",
	"compatibility_level",
	"content_filter",
	"inet_interfaces",
	"inet_protocols",
	"mail_owner",
	"mydestination",
	"parent_domain_matches_subdomains",
	"proxy_interfaces",
	"queue_directory",
	"receive_override_options",
	"recipient_canonical_classes",
	"recipient_canonical_maps",
	"relay_domains",
	"relay_transport",
	"relayhost",
	"sender_canonical_classes",
	"sender_canonical_maps",
	"smtp_bind_address",
	"smtp_bind_address6",
	"smtpd_client_restrictions",
	"smtpd_helo_restrictions",
	"smtpd_proxy_filter",
	"smtpd_recipient_restrictions",
	"smtpd_relay_before_recipient_restrictions",
	"smtpd_relay_restrictions",
	"smtpd_restriction_classes",
	"smtpd_sender_restrictions",
	"transport_maps",
	"virtual_alias_domains",
	"virtual_mailbox_domains",
};

#define N_PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

/* Classes of restrictions that are looked at. */
#define CLASSES_MAX 64

/* Text with lines of "name = value". */
struct lines {
	size_t n;
	char **line;
	char *text;
};

struct postfix {
	char *dir; /* NULL: the default */
	struct lines main;
	struct lines classes;
	struct lines master;
	struct lines overrides; /* "service/type/name = value" */
};

/* split - takes the text over */
static void
split(struct lines *lines, char *text)
{
	char *rest = text, *line;

	lines->text = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		lines->line = xreallocarray(lines->line, lines->n + 1, sizeof(char *));
		lines->line[lines->n++] = line;
	}
}

static void
free_lines(struct lines *lines)
{
	free(lines->line);
	free(lines->text);
}

/* value_of - NULL when there is no such line */
static const char *
value_of(const struct lines *lines, const char *name)
{
	size_t i, len = strlen(name);
	const char *s;

	for (i = 0; i < lines->n; i++) {
		s = lines->line[i];
		if (strncmp(s, name, len) != 0)
			continue;
		s += len;
		s += strspn(s, " ");
		if (*s == '=')
			return s + 1 + strspn(s + 1, " ");
	}
	return NULL;
}

/* ask - postconf with these arguments, NULL at their end; what it prints goes to lines */
static bool
ask(const struct postfix *p, struct lines *lines, const char *const more[], bool *absent,
    char error[POSTFIX_ERROR_SIZE])
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
	*absent = !program_run(&program, argv, &why);
	if (*absent) {
		snprintf(error, POSTFIX_ERROR_SIZE, "postconf: %s", why);
		return false;
	}
	if (program.status != 0) {
		*absent = p->dir == NULL && (strstr(program.err, "No such file") != NULL ||
						strstr(program.err, "Permission denied") != NULL);
		strlcpy(error, program.err, POSTFIX_ERROR_SIZE);
		program_free(&program);
		return false;
	}
	split(lines, program.out);
	program.out = NULL;
	program_free(&program);
	return true;
}

static bool
ask_main(struct postfix *p, bool *absent, char error[POSTFIX_ERROR_SIZE])
{
	const char *argv[N_PARAMETERS + 2] = { "-x" };

	memcpy(argv + 1, parameters, sizeof(parameters));
	return ask(p, &p->main, argv, absent, error);
}

/* ask_classes - the lists that smtpd_restriction_classes names */
static bool
ask_classes(struct postfix *p, bool *absent, char error[POSTFIX_ERROR_SIZE])
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
	ok = n == 0 || ask(p, &p->classes, argv, absent, error);
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
	if (!ask_main(p, absent, error) || !ask_classes(p, absent, error) ||
	    !ask(p, &p->master, services, absent, error) ||
	    !ask(p, &p->overrides, overrides, absent, error))
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
	free_lines(&p->main);
	free_lines(&p->classes);
	free_lines(&p->master);
	free_lines(&p->overrides);
	free(p);
	*pp = NULL;
}

const char *
postfix_get(const struct postfix *p, const char *name)
{
	const char *value = value_of(&p->main, name);

	return value == NULL ? "" : value;
}

const char *
postfix_service_get(
    const struct postfix *p, const struct postfix_service *service, const char *name)
{
	const char *value;
	char *full;

	xasprintf(&full, "%s/%s/%s", service->name, service->type, name);
	value = value_of(&p->overrides, full);
	free(full);
	return value == NULL ? postfix_get(p, name) : value;
}

const char *
postfix_class(const struct postfix *p, const char *name)
{
	return value_of(&p->classes, name);
}

bool
postfix_service(const struct postfix *p, size_t number, struct postfix_service *service)
{
	size_t i;

	for (i = 0; i < p->master.n; i++)
		if (postfix_service_parse(service, p->master.line[i]) && number-- == 0)
			return true;
	return false;
}

bool
postfix_is_chrooted(const struct postfix *p, const struct postfix_service *service)
{
	if (service->chroot[0] == '-')
		return strcmp(postfix_get(p, "compatibility_level"), "0") == 0;
	return service->chroot[0] == 'y';
}

int
postfix_look_up(
    const struct postfix *p, const char *table, const char *key, char *value, size_t size)
{
	const char *const with_dir[] = { "postmap", "-c", p->dir, "-q", key, table, NULL };
	const char *const without[] = { "postmap", "-q", key, table, NULL };
	struct program program;
	const char *why;
	int answer = -1;

	if (!program_run(&program, p->dir == NULL ? without : with_dir, &why))
		return -1;
	if (program.status == 0) {
		strlcpy(value, program.out, size);
		value[strcspn(value, "\n")] = '\0';
		answer = 1;
	} else if (program.status == 1 && program.err[0] == '\0')
		answer = 0;
	program_free(&program);
	return answer;
}
