/* SPDX-License-Identifier: ISC */
/*
 * import_policyd_spf - policyd-spf.conf, as policyd-spf 3.0.4 took it
 *
 * What it made of each value was measured, and read in its source: a line is cut at the first '#',
 * and ignored unless it then holds exactly one '='; names and most values are compared with their
 * case; lists are cut at commas, and nothing is trimmed.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/ipaddr.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/import_options.h"
#include "srsd/ctl/import/import_policyd_spf.h"

/* One line NAME = VALUE that is being read. */
struct line {
	struct import *im;
	struct import_origin origin;
	const char *value;
	unsigned *mock; /* the line of Mock, when that has a value */
	struct message *message;
};

/* Reason_Message, whose words depend on TempError_Defer: on any line of the file. */
struct message {
	unsigned line; /* 0: none */
	char *text;
};

struct row;
typedef void take_fn(const struct line *, const struct row *);

struct row {
	const char *name;
	take_fn *take;
	const char *option;       /* ours, in the section spf */
	const char *const *words; /* the values that it knew, with their case */
	const char *why;          /* why there is nothing to take over */
	bool suffixes;            /* its names may begin with a dot */
};

static const char *const helo_words[] = { "SPF_Not_Pass", "Softfail", "Fail", "Null", "False",
	"No_Check", NULL };
static const char *const mail_from_words[] = { "SPF_Not_Pass", "Softfail", "Fail", "False",
	"No_Check", NULL };
static const char *const true_words[] = { "true", "yes", "on", "1", NULL };

static const struct conf_option *
option_of(const struct row *row)
{
	return import_option("spf", row->option);
}

static void
set(const struct line *l, const struct row *row, const char *value)
{
	import_set_text(l->im, &l->origin, option_of(row), value);
}

static bool
is_one_of(const char *const *words, const char *word)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

static bool
means_true(const char *value)
{
	size_t i;

	for (i = 0; true_words[i] != NULL; i++)
		if (strcasecmp(true_words[i], value) == 0)
			return true;
	return false;
}

/* to_number - as Python's int() reads it; false: policyd-spf ends with an error there */
static bool
to_number(const char *value, long *number)
{
	char *end;

	*number = strtol(value, &end, 10);
	return end > value && *end == '\0';
}

/* to_number_or_leave - the same; says so when it is none */
static bool
to_number_or_leave(const struct line *l, long *number)
{
	if (to_number(l->value, number))
		return true;
	import_leave(l->im, &l->origin,
	    "'%s' is no number: policyd-spf did not start, and Postfix deferred all mail",
	    l->value);
	return false;
}

static void
leave(const struct line *l, const struct row *row)
{
	import_leave(l->im, &l->origin, "%s: %s", l->value, row->why);
}

/* take_reject - HELO_reject and Mail_From_reject */
static void
take_reject(const struct line *l, const struct row *row)
{
	if (is_one_of(row->words, l->value)) {
		set(l, row, l->value);
		return;
	}
	set(l, row, "False");
	import_choose(l->im, &l->origin, option_of(row), &l->value, 1,
	    "policyd-spf does not know the value '%s', and refused nothing", l->value);
}

/* take_true - switches that are on with the very word True */
static void
take_true(const struct line *l, const struct row *row)
{
	bool on = strcmp(l->value, "True") == 0;
	const char *meant = "true";

	set(l, row, on ? "true" : "false");
	if (!on && means_true(l->value))
		import_choose(l->im, &l->origin, option_of(row), &meant, 1,
		    "policyd-spf knows True alone; '%s' was false", l->value);
}

static void
take_number(const struct line *l, const struct row *row)
{
	const struct conf_option *o = option_of(row);
	long n, taken;

	if (!to_number_or_leave(l, &n))
		return;
	taken = n < o->min ? o->min : n > o->max ? o->max : n;
	import_set_number(l->im, &l->origin, o, taken);
	if (taken != n)
		import_note(l->im, o, "It was %ld; %d to %d are accepted.", n, o->min, o->max);
	else if (strcmp(row->option, "lookup-time") == 0)
		import_note(
		    l->im, o, "For HELO and MAIL FROM together; policyd-spf took it for each.");
}

static void
take_test_only(const struct line *l, const struct row *row)
{
	long n;

	if (!to_number_or_leave(l, &n))
		return;
	set(l, row, n == 0 ? "true" : "false");
	if (n == 0)
		import_note(l->im, option_of(row),
		    "policyd-spf gave no header to the mail that it would have refused; srsd does, "
		    "and says there what it would have done.");
}

/* take_seed_only - an older name of TestOnly, which is read and has no effect */
static void
take_seed_only(const struct line *l, const struct row *row)
{
	const char *meant = "true";
	long n;

	if (!to_number_or_leave(l, &n))
		return;
	if (n == 0)
		import_choose(l->im, &l->origin, option_of(row), &meant, 1,
		    "policyd-spf takes no notice of it, and so refused mail all the same");
	else
		import_leave(l->im, &l->origin, "it had no effect");
}

/* cut - a list at its commas; nothing is trimmed. text is cut up; the caller frees the array */
static char **
cut(char *text, size_t *n)
{
	char **items = xcalloc(strlen(text) + 2, sizeof(*items));

	*n = 0;
	if (text[0] != '\0')
		while ((items[*n] = strsep(&text, ",")) != NULL)
			(*n)++;
	return items;
}

/* trim - blanks at both ends, in place */
static char *
trim(char *item)
{
	size_t len;

	item += strspn(item, " \t");
	len = strlen(item);
	while (len > 0 && (item[len - 1] == ' ' || item[len - 1] == '\t'))
		item[--len] = '\0';
	return item;
}

/* prefix_of_mask - 255.255.255.0, or 0.0.0.255; -1 when it is no mask */
static int
prefix_of_mask(const char *text)
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

/* without_mask - ADDRESS/PREFIX of ADDRESS/MASK, else the text as it is; the caller frees it */
static char *
without_mask(const char *text)
{
	const char *slash = strchr(text, '/');
	int prefix = slash == NULL ? -1 : prefix_of_mask(slash + 1);
	char *new;

	if (prefix == -1)
		return xstrdup(text);
	xasprintf(&new, "%.*s/%d", (int)(slash - text), text, prefix);
	return new;
}

/* has_host_bits - policyd-spf's library refuses a network with bits behind its prefix */
static bool
has_host_bits(const struct cidr *net)
{
	size_t bits = ipaddr_size(&net->addr) * 8, bit;

	for (bit = net->prefix; bit < bits; bit++)
		if (net->addr.bytes[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

static bool
is_network(const char *item)
{
	struct cidr net;

	return cidr_parse(&net, item, strlen(item));
}

/* is_good_network - did policyd-spf go on behind this item? */
static bool
is_good_network(const char *item)
{
	struct cidr net;

	return cidr_parse(&net, item, strlen(item)) && !has_host_bits(&net);
}

/* offer_networks - all of a list that can be understood, when policyd-spf stopped at bad */
static void
offer_networks(
    const struct line *l, const struct row *row, char *const *nets, size_t n, const char *bad)
{
	const char **meant = xcalloc(n + 1, sizeof(*meant));
	char *said = xstrdup(bad), *item;
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		item = trim(nets[i]);
		if (is_network(item))
			meant[kept++] = item;
		else if (item[0] != '\0')
			import_leave(l->im, &l->origin, "'%s' is no network", item);
	}
	import_choose(l->im, &l->origin, option_of(row), meant, kept,
	    "policyd-spf does not take '%s' for a network, and left it and all behind it out of "
	    "the list",
	    said);
	free(said);
	free(meant);
}

/* take_networks - skip_addresses and Whitelist, where the first bad item ended the list */
static void
take_networks(const struct line *l, const struct row *row)
{
	char *copy = xstrdup(l->value), **nets;
	size_t i, n, good;

	nets = cut(copy, &n);
	for (i = 0; i < n; i++)
		nets[i] = without_mask(nets[i]);
	for (good = 0; good < n && is_good_network(nets[good]); good++)
		;
	import_set(l->im, &l->origin, option_of(row), (const char *const *)nets, good);
	if (good < n)
		offer_networks(l, row, nets, n, nets[good]);
	for (i = 0; i < n; i++)
		free(nets[i]);
	free(nets);
	free(copy);
}

/* is_padded - does an item of a list begin or end with a blank? */
static bool
is_padded(const char *item)
{
	size_t len = strcspn(item, ",");

	return len > 0 && (strchr(" \t", item[0]) != NULL || strchr(" \t", item[len - 1]) != NULL);
}

/* take_names - lists of domains; one with a blank beside it never matched */
static void
take_names(const struct line *l, const struct row *row)
{
	const struct conf_option *o = option_of(row);
	char *copy = xstrdup(l->value), **items, *item;
	const char **did, **meant, *why;
	size_t i, n, n_did = 0, n_meant = 0;

	items = cut(copy, &n);
	did = xcalloc(n + 1, sizeof(*did));
	meant = xcalloc(n + 1, sizeof(*meant));
	for (i = 0; i < n; i++) {
		item = trim(items[i]);
		if (row->suffixes && item[0] == '.')
			item++;
		if (!o->accept(item, &why)) {
			if (item[0] != '\0')
				import_leave(l->im, &l->origin, "'%s' is not %s", item, why);
			continue;
		}
		meant[n_meant++] = item;
		/* trim has cut what was behind it; the list itself still tells */
		if (!is_padded(l->value + (items[i] - copy)))
			did[n_did++] = item;
	}
	import_set(l->im, &l->origin, o, did, n_did);
	if (row->why != NULL)
		import_note(l->im, o, "%s", row->why);
	if (n_did < n_meant)
		import_choose(l->im, &l->origin, o, meant, n_meant,
		    "a name with a blank beside it never matched");
	free(meant);
	free(did);
	free(items);
	free(copy);
}

static void
take_header(const struct line *l, const struct row *row)
{
	bool spf = strstr(l->value, "SPF") != NULL, ar = strstr(l->value, "AR") != NULL;
	const struct conf_option *o = option_of(row);

	if (spf && ar) {
		set(l, row, "both");
		import_note(
		    l->im, o, "policyd-spf failed with both, and Postfix deferred all mail.");
		return;
	}
	if (ar || strcmp(l->value, "None") == 0 || strcmp(l->value, "SPF") == 0) {
		set(l, row, ar ? "AR" : l->value);
		return;
	}
	set(l, row, "SPF");
	import_choose(l->im, &l->origin, o, &l->value, 1,
	    "policyd-spf knows SPF, AR and None; with '%s' it gave Received-SPF", l->value);
}

/* take_hide - the very word No shows the receiver, everything else hides it */
static void
take_hide(const struct line *l, const struct row *row)
{
	bool shown = strcmp(l->value, "No") == 0;
	const char *meant = "false";

	set(l, row, shown ? "false" : "true");
	if (!shown && strcasecmp(l->value, "yes") != 0 && !means_true(l->value))
		import_choose(l->im, &l->origin, option_of(row), &meant, 1,
		    "policyd-spf knows No alone; with '%s' it hid the receiver", l->value);
}

static void
take_authserv_id(const struct line *l, const struct row *row)
{
	/* HOSTNAME is the host's name, which is our default, too. */
	set(l, row, strcmp(l->value, "HOSTNAME") == 0 ? "" : l->value);
}

static void
take_prospective(const struct line *l, const struct row *row)
{
	set(l, row, l->value);
	import_note(l->im, option_of(row), "policyd-spf gave no header then; srsd does.");
}

static void
append(char **text, const char *more, size_t len)
{
	char *longer;

	xasprintf(&longer, "%s%.*s", *text, (int)len, more);
	free(*text);
	*text = longer;
}

/* without_url - the text without each sentence that holds {url}; the caller frees it */
static char *
without_url(const char *text)
{
	static const char url[] = "{url}";
	char *all = xcalloc(strlen(text) + 1, 1);
	size_t len, kept = 0;

	while (*text != '\0') {
		len = strcspn(text, ".;!?");
		len += text[len] != '\0';
		if (memmem(text, len, url, sizeof(url) - 1) == NULL) {
			memcpy(all + kept, text, len);
			kept += len;
		}
		text += len;
	}
	memmove(all, all + strspn(all, " "), strlen(all + strspn(all, " ")) + 1);
	return all;
}

/* translate_message - the names in braces: {spf} is our {reason}; the caller frees it */
static char *
translate_message(const char *message, bool may_defer)
{
	const struct {
		const char *theirs, *ours;
	} words[] = { { "{spf}", "{reason}" },
		{ "{rejectdefer}", may_defer ? "not accepted" : "rejected" } };
	char *text = xstrdup("");
	size_t i, len;

	while (*message != '\0') {
		for (i = 0; i < 2; i++)
			if (strncmp(message, words[i].theirs, strlen(words[i].theirs)) == 0)
				break;
		if (i < 2) {
			append(&text, words[i].ours, strlen(words[i].ours));
			message += strlen(words[i].theirs);
			continue;
		}
		len = 1 + strcspn(message + 1, "{");
		append(&text, message, len);
		message += len;
	}
	return text;
}

/* set_message - once it is known whether mail may be deferred */
static void
set_message(struct import *im, const struct import_origin *origin, const char *message)
{
	const struct conf_option *o = import_option("spf", "reason-message"),
				 *defer = import_option("spf", "temperror-defer");
	char *value = import_value(im, defer), *bare = without_url(message), *text;
	bool may_defer = strcmp(value, "temperror-defer = true") == 0;

	text = translate_message(bare, may_defer);
	if (import_set_text(im, origin, o, text)) {
		if (strstr(message, "{url}") != NULL)
			import_note(im, o,
			    "Without the sentence that held a link to openspf.net, which is no "
			    "more.");
		if (may_defer && strstr(message, "{rejectdefer}") != NULL)
			import_note(im, o,
			    "'not accepted' stands for rejected or deferred: temperror-defer may "
			    "do the latter.");
	}
	free(text);
	free(bare);
	free(value);
}

static void
take_message(const struct line *l, const struct row *row)
{
	(void)row;
	free(l->message->text);
	*l->message = (struct message){ l->origin.line, xstrdup(l->value) };
}

/* take_mock - any value at all, False too, switches policyd-spf off; carried out in the end */
static void
take_mock(const struct line *l, const struct row *row)
{
	(void)row;
	*l->mock = l->value[0] == '\0' ? 0 : l->origin.line;
}

#define MILTER "pyspf-milter's, not policyd-spf's"
#define RESTRICTION                                                                  \
	"srsd answers no restriction for a pass; put what such a class does behind " \
	"check_policy_service"

static const struct row rows[] = {
	{ "debugLevel", leave, .why = "srsd logs one line for each decision; srsd -v logs more" },
	{ "TestOnly", take_test_only, .option = "test-only" },
	{ "defaultSeedOnly", take_seed_only, .option = "test-only" },
	{ "HELO_reject", take_reject, .option = "helo-reject", .words = helo_words },
	{ "Mail_From_reject", take_reject, .option = "mail-from-reject", .words = mail_from_words },
	{ "PermError_reject", take_true, .option = "permerror-reject" },
	{ "TempError_Defer", take_true, .option = "temperror-defer" },
	{ "No_Mail", take_true, .option = "no-mail" },
	{ "Mail_From_pass_restriction", leave, .why = RESTRICTION },
	{ "HELO_pass_restriction", leave, .why = RESTRICTION },
	{ "Prospective", take_prospective, .option = "prospective" },
	{ "skip_addresses", take_networks, .option = "skip-addresses" },
	{ "Whitelist", take_networks, .option = "whitelist" },
	{ "HELO_Whitelist", take_names, .option = "helo-whitelist" },
	{ "Domain_Whitelist", take_names, .option = "domain-whitelist" },
	{ "Domain_Whitelist_PTR", take_names, .option = "domain-whitelist-ptr", .suffixes = true,
	    .why =
		"Whole labels, and only names that lead back to the client; policyd-spf took any "
		"name that ended so, and believed it." },
	{ "Reject_Not_Pass_Domains", take_names, .option = "reject-not-pass-domains",
	    .why = "With their subdomains; policyd-spf took the very domain, and those above it." },
	{ "Per_User", leave, .why = "srsd has one policy for all recipients" },
	{ "SPF_Enhanced_Status_Codes", leave, .why = "srsd always gives them (RFC 7372)" },
	{ "Header_Type", take_header, .option = "header" },
	{ "Hide_Receiver", take_hide, .option = "hide-receiver" },
	{ "Authserv_Id", take_authserv_id, .option = "authserv-id" },
	{ "Lookup_Time", take_number, .option = "lookup-time" },
	{ "Whitelist_Lookup_Time", leave, .why = "the allow-lists share lookup-time" },
	{ "Void_Limit", take_number, .option = "void-limit" },
	{ "Reason_Message", take_message, .option = "reason-message" },
	{ "Mock", take_mock, .option = NULL },
	{ "Socket", leave, .why = MILTER },
	{ "PidFile", leave, .why = MILTER },
	{ "UserID", leave, .why = MILTER },
	{ "UMask", leave, .why = MILTER },
	{ "InternalHosts", leave, .why = MILTER },
	{ "IntHosts", leave, .why = MILTER },
	{ "MacroList", leave, .why = MILTER },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *
find(const char *name, int (*compare)(const char *, const char *))
{
	size_t i;

	for (i = 0; i < N_ROWS; i++)
		if (compare(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* meant - the value that an option would have, had a line been understood; the caller frees it */
static char *
meant(const struct line *line, const struct row *row)
{
	struct import *scratch = import_new();
	struct message message = { 0, NULL };
	struct line l = *line;
	char *text;

	l.im = scratch;
	l.message = &message;
	row->take(&l, row);
	if (message.text != NULL)
		set_message(scratch, &l.origin, message.text);
	free(message.text);
	text = import_value(scratch, option_of(row));
	import_free(&scratch);
	return text;
}

/* not_understood - a name that policyd-spf does not know; that of an option in other case? */
static void
not_understood(const struct line *l)
{
	const struct row *row = find(l->origin.name, strcasecmp);
	char *text;

	if (row == NULL || row->option == NULL) {
		import_leave(l->im, &l->origin, "policyd-spf does not know this name either");
		return;
	}
	text = meant(l, row);
	import_offer(l->im, &l->origin, option_of(row), text,
	    "policyd-spf knows %s alone, and took no notice of this line", row->name);
	free(text);
}

/* trimmed - the text between two places without the blanks around it; the caller frees it */
static char *
trimmed(const char *begin, const char *end)
{
	while (begin < end && strchr(" \t\r\f\v", *begin) != NULL)
		begin++;
	while (end > begin && strchr(" \t\r\f\v", end[-1]) != NULL)
		end--;
	return xstrndup(begin, (size_t)(end - begin));
}

/* take_line - one line of the file, up to end */
static void
take_line(struct line *l, const char *begin, const char *end)
{
	const char *comment = memchr(begin, '#', (size_t)(end - begin)), *equal;
	const struct row *row;
	char *text, *name, *value;

	text = trimmed(begin, comment == NULL ? end : comment);
	equal = strchr(text, '=');
	l->origin.name = NULL;
	if (text[0] != '\0' && (equal == NULL || strchr(equal + 1, '=') != NULL)) {
		import_leave(l->im, &l->origin,
		    "%s: policyd-spf ignores a line that has not exactly one '='", text);
	} else if (text[0] != '\0') {
		name = trimmed(text, equal);
		value = trimmed(equal + 1, equal + strlen(equal));
		l->origin.name = name;
		l->value = value;
		row = find(name, strcmp);
		if (row == NULL)
			not_understood(l);
		else
			row->take(l, row);
		free(name);
		free(value);
	}
	free(text);
}

/* switch_off - what Mock did */
static void
switch_off(struct import *im, const struct import_origin *origin)
{
	static const struct {
		const char *name;
		const char *off; /* NULL: an empty list */
	} all[] = { { "helo-reject", "no-check" }, { "mail-from-reject", "no-check" },
		{ "reject-not-pass-domains", NULL } };
	const struct conf_option *o;
	char *before;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		o = import_option("spf", all[i].name);
		before = import_value(im, o);
		import_set(im, origin, o, &all[i].off, all[i].off == NULL ? 0 : 1);
		import_offer(im, origin, o, before,
		    "whatever the value of Mock, with it policyd-spf checks nothing at all");
		free(before);
	}
}

void
import_policyd_spf(struct import *im, const char *file, const char *text)
{
	const struct conf_option *hide = import_option("spf", "hide-receiver");
	struct import_origin preset = { "policyd-spf", 0, "Hide_Receiver" };
	unsigned mock = 0;
	struct message message = { 0, NULL };
	struct line l = {
		.im = im, .origin = { file, 0, NULL }, .mock = &mock, .message = &message
	};
	const char *end;

	import_add_file(im, file);
	import_set_text(im, &preset, hide, "false");
	while (*text != '\0') {
		end = text + strcspn(text, "\n");
		l.origin.line++;
		take_line(&l, text, end);
		text = end + (*end == '\n');
	}
	l.origin = (struct import_origin){ file, message.line, "Reason_Message" };
	if (message.text != NULL)
		set_message(im, &l.origin, message.text);
	free(message.text);
	l.origin = (struct import_origin){ file, mock, "Mock" };
	if (mock != 0)
		switch_off(im, &l.origin);
}
