/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/ipaddr.h"
#include "common/log.h"
#include "spf/dns/resolver_plan.h"

#define FILE_MAX (64 * 1024)

#define BLANKS " \t\r"

static void
add_plan_line(struct buffer *plan, const char *word, const char *s, size_t len)
{
	buffer_printf(plan, "%s%.*s\n", word, (int)len, s);
}

/* add_nameserver - "IP", "IP:PORT" or "[IP]:PORT" of the settings */
static void
add_nameserver(struct buffer *plan, const char *nameserver)
{
	const char *colon = strrchr(nameserver, ':');
	int brackets = nameserver[0] == '[', len;
	struct ipaddr ip;

	if (colon == NULL || ipaddr_parse(&ip, nameserver, strlen(nameserver))) {
		add_plan_line(plan, RESOLVER_PLAN_FORWARD, nameserver, strlen(nameserver));
		return;
	}
	len = (int)(colon - nameserver) - 2 * brackets;
	buffer_printf(
	    plan, RESOLVER_PLAN_FORWARD "%.*s@%s\n", len, nameserver + brackets, colon + 1);
}

/* read_nameserver - the address of a line "nameserver IP"; false for every other line */
static bool
read_nameserver(const char *line, const char **address, size_t *len)
{
	static const char word[] = "nameserver";
	struct ipaddr ip;
	size_t blanks;

	line += strspn(line, BLANKS);
	if (strncmp(line, word, sizeof(word) - 1) != 0)
		return false;
	line += sizeof(word) - 1;
	blanks = strspn(line, " \t");
	*address = line + blanks;
	*len = strcspn(*address, BLANKS);
	return blanks > 0 && ipaddr_parse(&ip, *address, *len);
}

/* add_resolv_conf - its nameservers; the file is optional, see resolv.conf(5) */
static void
add_resolv_conf(struct buffer *plan, struct filebox *box)
{
	const char *error, *address;
	char *rest, *line;
	struct file file;
	size_t len;

	if (!filebox_read(box, &file, RESOLVER_PLAN_FILE, FILE_MAX, &error)) {
		log_warnx("%s: %s", RESOLVER_PLAN_FILE, error);
		return;
	}
	for (rest = file.data; (line = strsep(&rest, "\n")) != NULL;)
		if (read_nameserver(line, &address, &len))
			add_plan_line(plan, RESOLVER_PLAN_FORWARD, address, len);
	file_free(&file);
}

/* read_anchor - the resource record of a line, without blanks around it and without a comment */
static bool
read_anchor(const char *line, const char **record, size_t *len)
{
	*record = line + strspn(line, BLANKS);
	*len = strcspn(*record, ";");
	while (*len > 0 && strchr(BLANKS, (*record)[*len - 1]) != NULL)
		--*len;
	return *len > 0;
}

static bool
add_anchors(struct buffer *plan, const char *path, struct filebox *box, char *error, size_t size)
{
	const char *why, *record;
	size_t len, before = plan->len;
	char *rest, *line;
	struct file file;

	if (filebox_read(box, &file, path, FILE_MAX, &why)) {
		why = "has no resource record";
		for (rest = file.data; (line = strsep(&rest, "\n")) != NULL;)
			if (read_anchor(line, &record, &len))
				add_plan_line(plan, RESOLVER_PLAN_ANCHOR, record, len);
		file_free(&file);
	}
	if (plan->len == before)
		snprintf(error, size, "dnssec: trust-anchor %s: %s", path, why);
	return plan->len > before;
}

char *
resolver_plan_make(const struct settings *settings, struct filebox *box, char *error, size_t size)
{
	struct buffer plan = { 0 };
	size_t i;

	for (i = 0; i < settings->nameservers.n; i++)
		add_nameserver(&plan, settings->nameservers.text[i]);
	if (settings->nameservers.n == 0)
		add_resolv_conf(&plan, box);
	if (settings->dnssec && !add_anchors(&plan, settings->trust_anchor, box, error, size)) {
		buffer_free(&plan);
		return NULL;
	}
	buffer_add(&plan, "", 1);
	return plan.data;
}
