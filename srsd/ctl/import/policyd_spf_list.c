/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/ipaddr.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/policyd_spf_list.h"
#include "srsd/ctl/import/policyd_spf_option.h"

char **
policyd_spf_list_split(char *text, const char *separator, size_t *n)
{
	char **items = xcalloc(strlen(text) + 2, sizeof(*items));

	*n = 0;
	if (text[0] != '\0')
		while ((items[*n] = strsep(&text, separator)) != NULL)
			(*n)++;
	return items;
}

/* trim_item - remove the blanks at both ends, in place */
static char *
trim_item(char *item)
{
	size_t len;

	item += strspn(item, " \t");
	len = strlen(item);
	while (len > 0 && (item[len - 1] == ' ' || item[len - 1] == '\t'))
		item[--len] = '\0';
	return item;
}

/* parse_mask - the length of the prefix of 255.255.255.0 or 0.0.0.255; -1: it is not a mask */
static int
parse_mask(const char *text)
{
	struct in_addr in;
	uint32_t mask;
	int prefix = 0;

	if (inet_pton(AF_INET, text, &in) != 1)
		return -1;
	mask = ntohl(in.s_addr);
	if ((mask & 0x80000000U) == 0 && mask != 0)
		mask = ~mask;
	for (; (mask & 0x80000000U) != 0; mask <<= 1)
		prefix++;
	return mask == 0 ? prefix : -1;
}

/* replace_mask - ADDRESS/PREFIX for ADDRESS/MASK, else a copy of text; the caller frees it */
static char *
replace_mask(const char *text)
{
	const char *slash = strchr(text, '/');
	int prefix = slash == NULL ? -1 : parse_mask(slash + 1);
	char *new;

	if (prefix == -1)
		return xstrdup(text);
	xasprintf(&new, "%.*s/%d", (int)(slash - text), text, prefix);
	return new;
}

/* has_host_bits - are there bits after the prefix? policyd-spf does not accept such a network */
static bool
has_host_bits(const struct cidr *net)
{
	size_t bits = ipaddr_size(&net->addr) * 8, bit;

	for (bit = net->prefix; bit < bits; bit++)
		if (net->addr.bytes[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

/* is_strict_network - does policyd-spf accept this item? */
static bool
is_strict_network(const char *item)
{
	struct cidr net;

	return cidr_parse(&net, item, strlen(item)) && !has_host_bits(&net);
}

void
policyd_spf_list_offer(const struct policyd_spf_line *l, const struct policyd_spf_option *known,
    char *const *nets, size_t n, const char *bad)
{
	const char **meant = xcalloc(n + 1, sizeof(*meant));
	char *shown = xstrdup(bad), *item; /* trim_item changes bad */
	size_t i, n_meant = 0;
	struct cidr net;

	for (i = 0; i < n; i++) {
		item = trim_item(nets[i]);
		if (cidr_parse(&net, item, strlen(item)))
			meant[n_meant++] = item;
		else if (item[0] != '\0')
			import_skip(l->im, &l->origin, "'%s' is not a network", item);
	}
	import_offer(l->im, &l->origin, policyd_spf_option_ours(known), meant, n_meant,
	    "policyd-spf does not accept '%s' as a network, and ignored it and the rest of the "
	    "list",
	    shown);
	free(shown);
	free(meant);
}

struct policyd_spf_list
policyd_spf_list_parse(const char *value)
{
	struct policyd_spf_list list;
	char *copy = xstrdup(value);
	size_t i;

	list.nets = policyd_spf_list_split(copy, ",", &list.n);
	for (i = 0; i < list.n; i++)
		list.nets[i] = replace_mask(list.nets[i]);
	for (list.good = 0; list.good < list.n && is_strict_network(list.nets[list.good]);
	     list.good++)
		;
	free(copy);
	return list;
}

void
policyd_spf_list_free(struct policyd_spf_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->nets[i]);
	free(list->nets);
}

void
policyd_spf_list_networks(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	struct policyd_spf_list list = policyd_spf_list_parse(l->value);

	import_set(l->im, &l->origin, policyd_spf_option_ours(known),
	    (const char *const *)list.nets, list.good);
	if (list.good < list.n)
		policyd_spf_list_offer(l, known, list.nets, list.n, list.nets[list.good]);
	policyd_spf_list_free(&list);
}

/* is_padded - does the first item of a list begin or end with a blank? */
static bool
is_padded(const char *item)
{
	size_t len = strcspn(item, ",");

	return len > 0 && (strchr(" \t", item[0]) != NULL || strchr(" \t", item[len - 1]) != NULL);
}

void
policyd_spf_list_names(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	const struct conf_option *o = policyd_spf_option_ours(known);
	char *copy = xstrdup(l->value), **items, *item;
	const char **effective, **meant, *why;
	size_t i, n, n_effective = 0, n_meant = 0;
	bool padded;

	items = policyd_spf_list_split(copy, ",", &n);
	effective = xcalloc(n + 1, sizeof(*effective));
	meant = xcalloc(n + 1, sizeof(*meant));
	for (i = 0; i < n; i++) {
		item = trim_item(items[i]);
		if (known->suffixes && item[0] == '.')
			item++;
		/* The copy has been trimmed; look for blanks in the original. */
		padded = is_padded(l->value + (items[i] - copy));
		if (o->accept(item, &why)) {
			meant[n_meant++] = item;
			if (!padded)
				effective[n_effective++] = item;
		} else if (item[0] != '\0' && padded) {
			import_skip(l->im, &l->origin, "'%s' is not %s", item, why);
		} else if (item[0] != '\0') {
			import_refuse(l->im, &l->origin, o, "'%s' is not %s", item, why);
		}
	}
	import_set(l->im, &l->origin, o, effective, n_effective);
	if (known->note != NULL)
		import_note(l->im, o, "%s", known->note);
	if (n_effective < n_meant)
		import_offer(l->im, &l->origin, o, meant, n_meant,
		    "policyd-spf never matches a name with a blank before or after it");
	free(meant);
	free(effective);
	free(items);
	free(copy);
}
