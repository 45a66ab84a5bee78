/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/xmalloc.h"
#include "conf/spf_sections.h"
#include "srsd/ctl/import/policyd_spf_list.h"
#include "srsd/ctl/import/policyd_spf_message.h"
#include "srsd/ctl/import/policyd_spf_option.h"
#include "srsd/ctl/import/policyd_spf_users.h"

/* A line of that file. */
struct policyd_spf_user_line {
	struct policyd_spf_line l; /* pending is of this line */
	const char *skip,
	    *whitelist; /* the values of skip_addresses and Whitelist; NULL: not set */
};

/* has_capitals - such an address never matches: policyd-spf converts recipients to lower case */
static bool
has_capitals(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			return true;
	return false;
}

/* find_pair_fault - the reason why policyd-spf fails at a pair NAME=VALUE, static; or NULL */
static const char *
find_pair_fault(const char *pair)
{
	const char *equal = strchr(pair, '=');
	const struct policyd_spf_option *known;
	char *name;
	long n;

	if (equal == NULL || strchr(equal + 1, '=') != NULL)
		return "does not have exactly one '='";
	name = xstrndup(pair, (size_t)(equal - pair));
	known = policyd_spf_option_find(name, strcmp);
	free(name);
	if (known != NULL && known->user != USER_IGNORED && known->number &&
	    !policyd_spf_option_parse_integer(equal + 1, &n))
		return "is not a number";
	return NULL;
}

/* are_pairs_valid - false, and the line is skipped, if policyd-spf fails at one of n pairs */
static bool
are_pairs_valid(const struct policyd_spf_line *l, char *const *pairs, size_t n)
{
	const char *fault;
	size_t i;

	if (n == 0) {
		import_skip(l->im, &l->origin,
		    "no options: policyd-spf fails, and Postfix defers all mail for this recipient");
		return false;
	}
	for (i = 0; i < n; i++) {
		fault = find_pair_fault(pairs[i]);
		if (fault == NULL)
			continue;
		import_skip(l->im, &l->origin,
		    "'%s' %s: policyd-spf fails, and Postfix defers all mail for this recipient",
		    pairs[i], fault);
		return false;
	}
	return true;
}

/* import_ignored_pair - of an option that policyd-spf does not accept here */
static void
import_ignored_pair(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	const char *meant = "true";
	long n;

	if (known != NULL && strcmp(known->name, "TestOnly") == 0 &&
	    policyd_spf_option_parse_integer(l->value, &n) && n == 0)
		import_offer(l->im, &l->origin, policyd_spf_option_ours(known), &meant, 1,
		    "policyd-spf does not accept this option for one recipient, and ignores it");
	else
		import_skip(l->im, &l->origin,
		    "policyd-spf does not accept this option for one recipient either");
}

/* skip_shared_pair - of an option that srsd has for all recipients only */
static void
skip_shared_pair(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	static const char why[] = "srsd has one value for all recipients";

	if (known->option == NULL)
		import_skip(l->im, &l->origin, "%s: %s", l->value, why);
	else
		import_refuse(
		    l->im, &l->origin, policyd_spf_option_ours(known), "%s: %s", l->value, why);
}

/* import_user_pair - its name, and after the NUL its value; known may be NULL */
static void
import_user_pair(
    struct policyd_spf_user_line *u, const struct policyd_spf_option *known, const char *name)
{
	const char *value = name + strlen(name) + 1;

	u->l.origin.name = name;
	u->l.value = value;
	if (known == NULL || known->user == USER_IGNORED)
		import_ignored_pair(&u->l, known);
	else if (known->user == USER_SHARED)
		skip_shared_pair(&u->l, known);
	else if (known->user != USER_NETWORKS)
		known->import(&u->l, known);
	else if (strcmp(known->option, "whitelist") == 0)
		u->whitelist = value;
	else
		u->skip = value;
}

/* is_network_within - is an item within one of the networks of a list? */
static bool
is_network_within(const char *item, const struct cidr_list *list)
{
	struct cidr net;
	size_t i;

	if (!cidr_parse(&net, item, strlen(item)))
		return false;
	for (i = 0; i < list->n; i++)
		if (list->net[i].prefix <= net.prefix && cidr_contains(&list->net[i], &net.addr))
			return true;
	return false;
}

/* format_networks - as policyd-spf writes them; the caller frees the text */
static char *
format_networks(const struct cidr_list *list)
{
	struct buffer text = { .data = NULL };
	char address[IPADDR_TEXT_SIZE], item[IPADDR_TEXT_SIZE + 8];
	size_t i;

	for (i = 0; i < list->n; i++) {
		ipaddr_format(&list->net[i].addr, address);
		snprintf(
		    item, sizeof(item), "%s%s/%u", i > 0 ? "," : "", address, list->net[i].prefix);
		buffer_add(&text, item, strlen(item));
	}
	buffer_add(&text, "", 1);
	return text.data;
}

/*
 * import_user_skip - skip_addresses of a recipient, which srsd has in whitelist of the section
 *
 * Networks that spf { } skips for all recipients are not needed there.
 */
static void
import_user_skip(struct policyd_spf_user_line *u)
{
	const struct spf_settings *spf = &import_settings(u->l.im)->spf;
	const struct policyd_spf_option *known = policyd_spf_option_find("Whitelist", strcmp);
	char *all = format_networks(&spf->whitelist);
	struct policyd_spf_list skip = policyd_spf_list_parse(u->skip),
				listed = policyd_spf_list_parse(
				    u->whitelist == NULL ? all : u->whitelist);
	const char **nets = xcalloc(skip.n + listed.n + 1, sizeof(*nets));
	size_t i, n = 0;

	u->l.origin.name = "skip_addresses";
	for (i = 0; i < skip.good; i++)
		if (!is_network_within(skip.nets[i], &spf->skip_addresses))
			nets[n++] = skip.nets[i];
	if (n > 0)
		import_note_section(u->l.im,
		    "The networks of skip_addresses are in whitelist. Clients in skip-addresses of "
		    "spf { } are not checked for any recipient.");
	else
		import_skip(u->l.im, &u->l.origin,
		    "%s: clients in skip-addresses of spf { } are not checked for any recipient",
		    u->skip);
	for (i = 0; i < listed.good && (n > 0 || u->whitelist != NULL); i++)
		nets[n++] = listed.nets[i];
	if (n > 0 || u->whitelist != NULL)
		import_set(u->l.im, &u->l.origin, policyd_spf_option_ours(known), nets, n);
	if (skip.good < skip.n)
		policyd_spf_list_offer(&u->l, known, skip.nets, skip.n, skip.nets[skip.good]);
	u->l.origin.name = "Whitelist";
	if (listed.good < listed.n)
		policyd_spf_list_offer(
		    &u->l, known, listed.nets, listed.n, listed.nets[listed.good]);
	free(nets);
	policyd_spf_list_free(&skip);
	policyd_spf_list_free(&listed);
	free(all);
}

static void
import_user_networks(struct policyd_spf_user_line *u)
{
	if (u->skip != NULL) {
		import_user_skip(u);
	} else if (u->whitelist != NULL) {
		u->l.origin.name = "Whitelist";
		u->l.value = u->whitelist;
		policyd_spf_list_networks(&u->l, policyd_spf_option_find("Whitelist", strcmp));
	}
}

/* find_last_pairs - of each option; policyd-spf uses the last pair of a name; the caller frees it */
static const char **
find_last_pairs(char *const *pairs, size_t n)
{
	const char **last = xcalloc(policyd_spf_option_count, sizeof(*last));
	const struct policyd_spf_option *known;
	size_t i;

	for (i = 0; i < n; i++) {
		known = policyd_spf_option_find(pairs[i], strcmp);
		if (known != NULL)
			last[known - policyd_spf_options] = pairs[i];
	}
	return last;
}

/* import_user_pairs - n pairs NAME=VALUE, into the section that was begun */
static void
import_user_pairs(struct policyd_spf_user_line *u, char **pairs, size_t n)
{
	struct import_origin origin = u->l.origin;
	const struct policyd_spf_option *known;
	const char **last;
	size_t i;

	for (i = 0; i < n; i++)
		*strchr(pairs[i], '=') = '\0';
	last = find_last_pairs(pairs, n);
	for (i = 0; i < n; i++) {
		known = policyd_spf_option_find(pairs[i], strcmp);
		if (known == NULL || last[known - policyd_spf_options] == pairs[i])
			import_user_pair(u, known, pairs[i]);
	}
	free(last);
	import_user_networks(u);
	origin.name = "Reason_Message";
	if (u->l.pending->message != NULL)
		policyd_spf_message_import(u->l.im, &origin, u->l.pending->message);
}

/* is_recipient - false, and the line is skipped, if policyd-spf never has such a recipient */
static bool
is_recipient(const struct policyd_spf_line *l, const char *address)
{
	if (strchr(address, '@') == NULL) {
		import_skip(l->im, &l->origin,
		    "'%s' is not an address, and policyd-spf looks up whole addresses only",
		    address);
		return false;
	}
	if (has_capitals(address)) {
		import_skip(l->im, &l->origin,
		    "policyd-spf converts recipients to lower case, so '%s' never matches one. "
		    "Write it in lower case if the line is meant to apply",
		    address);
		return false;
	}
	return true;
}

/* begin_user - the section of an address; false: srsd does not accept it, or has it already */
static bool
begin_user(const struct policyd_spf_line *l, const char *address)
{
	if (!import_begin_section(l->im, &l->origin, address))
		return false;
	if (spf_sections_count(import_settings(l->im)->sections) == 1)
		import_note_section(l->im,
		    "srsd also applies the section of user@domain to user+extension@domain. "
		    "policyd-spf compares the whole address.");
	return true;
}

/* import_user - the line of an address: NAME=VALUE|NAME=VALUE */
static void
import_user(struct policyd_spf_user_line *u, const char *address, char *text)
{
	struct policyd_spf_pending pending = { .message = NULL };
	size_t n;
	char **pairs = policyd_spf_list_split(text, "|", &n);

	u->l.pending = &pending;
	if (is_recipient(&u->l, address) && are_pairs_valid(&u->l, pairs, n) &&
	    begin_user(&u->l, address)) {
		import_user_pairs(u, pairs, n);
		import_end_section(u->l.im);
	}
	free(pending.message);
	free(pairs);
}

/* import_user_line - ADDRESS,NAME=VALUE|NAME=VALUE */
static void
import_user_line(void *arg, unsigned number, const char *text)
{
	struct policyd_spf_user_line u = { .l = *(const struct policyd_spf_line *)arg };
	const char *comma = strchr(text, ',');
	char *address, *options;

	u.l.origin.line = number;
	if (comma == NULL) {
		import_skip(u.l.im, &u.l.origin,
		    "%s: policyd-spf fails at a line without a comma. Postfix defers all mail for "
		    "recipients without a line above it",
		    text);
		return;
	}
	address = policyd_spf_line_copy(text, comma);
	options = policyd_spf_line_copy(comma + 1, comma + strlen(comma));
	import_user(&u, address, options);
	free(options);
	free(address);
}

/* find_user_file - the path in "text,PATH"; NULL: the setting is skipped */
static const char *
find_user_file(struct import *im, const struct import_origin *origin, const char *value)
{
	const char *comma = strchr(value, ',');

	if (comma == NULL || strchr(comma + 1, ',') != NULL || strncmp(value, "text,", 5) != 0) {
		import_skip(im, origin,
		    "'%s' is not of the form text,PATH: policyd-spf failed, and Postfix deferred all "
		    "mail",
		    value);
		return NULL;
	}
	if (comma[1] == '/')
		return comma + 1;
	import_skip(im, origin,
	    "'%s' is not a path that begins with '/'; blanks are part of it. policyd-spf probably "
	    "found no such file, and applied nothing",
	    comma + 1);
	return NULL;
}

void
policyd_spf_users_import(struct import *im, const struct import_origin *origin, const char *value,
    import_read_fn *read_file)
{
	struct policyd_spf_line l = { .im = im };
	const char *path = find_user_file(im, origin, value), *why;
	char *text;

	if (path == NULL)
		return;
	text = read_file(path, &why);
	if (text == NULL) {
		import_lose(im, origin,
		    "%s: %s. If policyd-spf cannot read it either, it applies nothing", path, why);
		return;
	}
	import_note(im, import_option("spf", "hide-receiver"),
	    "With Per_User, policyd-spf shows the whole address of the recipient, whatever "
	    "Hide_Receiver says.");
	import_add_file(im, path);
	l.origin.file = path;
	policyd_spf_line_each(text, import_user_line, &l);
	free(text);
}
