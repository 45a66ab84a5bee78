/* SPDX-License-Identifier: ISC */
/*
 * import_policyd_spf - policyd-spf.conf, as policyd-spf 3.0.4 applies it
 *
 * The effect of each value has been tested, and compared with the source of policyd-spf. It cuts a
 * line at the first '#', and ignores the line unless exactly one '=' is left. It compares names and
 * most values case-sensitively. It splits lists at commas and does not remove any blanks.
 *
 * Per_User names a file with one line for each recipient: ADDRESS,NAME=VALUE|NAME=VALUE. The first
 * line of a recipient counts, and it changes a copy of all options. policyd-spf compares addresses
 * with the recipient in lower case. It does not remove blanks around names and values, and fails at
 * a line that it cannot split: Postfix then defers the mail.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/ipaddr.h"
#include "common/xmalloc.h"
#include "conf/spf_sections.h"
#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_policyd_spf.h"

/* Settings that take effect at the end of the file. */
struct policyd_spf_pending {
	unsigned mock_line; /* 0: Mock has no value */
	/* Reason_Message: its words depend on TempError_Defer, which may be on a later line. */
	unsigned message_line;
	char *message; /* NULL: not set */
	/* Per_User: its file changes options that may be on later lines. */
	unsigned per_user_line;
	char *per_user; /* NULL: not set */
};

/* A line NAME = VALUE. */
struct policyd_spf_line {
	struct import *im;
	struct import_origin origin;
	const char *value;
	struct policyd_spf_pending *pending;
};

struct policyd_spf_option;
typedef void policyd_spf_import_fn(
    const struct policyd_spf_line *line, const struct policyd_spf_option *known);

/* The use of an option in the file of Per_User. */
enum policyd_spf_user {
	USER_IGNORED,  /* policyd-spf does not accept it there */
	USER_OPTION,   /* the section of the recipient may have it, or it is skipped anyway */
	USER_NETWORKS, /* the same, for a list of networks */
	USER_SHARED,   /* srsd has one value for all recipients */
};

struct policyd_spf_option {
	const char *name;
	policyd_spf_import_fn *import;
	const char *option;       /* of srsd, in the section spf */
	const char *const *words; /* the values that policyd-spf accepts */
	const char *note;         /* how srsd differs, or why the setting is skipped */
	bool suffixes;            /* its names may begin with a dot */
	enum policyd_spf_user user;
	bool number; /* policyd-spf converts the value with int() */
};

static const char *const helo_words[] = { "SPF_Not_Pass", "Softfail", "Fail", "Null", "False",
	"No_Check", NULL };
static const char *const mail_from_words[] = { "SPF_Not_Pass", "Softfail", "Fail", "False",
	"No_Check", NULL };
static const char *const true_words[] = { "true", "yes", "on", "1", NULL };

static const struct conf_option *
our_option(const struct policyd_spf_option *known)
{
	return import_option("spf", known->option);
}

static void
set_our_option(
    const struct policyd_spf_line *l, const struct policyd_spf_option *known, const char *value)
{
	import_set_text(l->im, &l->origin, our_option(known), value);
}

static bool
is_known_word(const char *const *words, const char *word)
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

/* parse_integer - as Python's int() does; false: policyd-spf terminates with an error */
static bool
parse_integer(const char *value, long *number)
{
	char *end;

	*number = strtol(value, &end, 10);
	return end > value && *end == '\0';
}

/* parse_or_skip - false, and the line is skipped, if its value is not a number */
static bool
parse_or_skip(const struct policyd_spf_line *l, long *number)
{
	if (parse_integer(l->value, number))
		return true;
	import_skip(l->im, &l->origin,
	    "'%s' is not a number: policyd-spf did not start, and Postfix deferred all mail",
	    l->value);
	return false;
}

static void
skip_option(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	import_skip(l->im, &l->origin, "%s: %s", l->value, known->note);
}

/* import_reject - HELO_reject and Mail_From_reject */
static void
import_reject(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	if (is_known_word(known->words, l->value)) {
		set_our_option(l, known, l->value);
		return;
	}
	set_our_option(l, known, "False");
	import_offer(l->im, &l->origin, our_option(known), &l->value, 1,
	    "policyd-spf does not know the value '%s' and rejected nothing", l->value);
}

/* import_flag - an option that only the word True switches on */
static void
import_flag(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	bool on = strcmp(l->value, "True") == 0;
	const char *meant = "true";

	set_our_option(l, known, on ? "true" : "false");
	if (!on && means_true(l->value))
		import_offer(l->im, &l->origin, our_option(known), &meant, 1,
		    "policyd-spf accepts only True, and treated '%s' as False", l->value);
}

static void
import_number(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	const struct conf_option *o = our_option(known);
	long n, taken;

	if (!parse_or_skip(l, &n))
		return;
	taken = n < o->min ? o->min : n > o->max ? o->max : n;
	import_set_number(l->im, &l->origin, o, taken);
	if (taken != n)
		import_note(
		    l->im, o, "The value was %ld; srsd accepts %d to %d.", n, o->min, o->max);
	else if (strcmp(known->option, "lookup-time") == 0)
		import_note(l->im, o,
		    "srsd applies this limit to HELO and MAIL FROM together, policyd-spf to each.");
}

static void
import_test_only(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	long n;

	if (!parse_or_skip(l, &n))
		return;
	set_our_option(l, known, n == 0 ? "true" : "false");
	if (n == 0)
		import_note(l->im, our_option(known),
		    "policyd-spf added no header to mail that it would have rejected. srsd adds "
		    "one, with the action that it would have taken.");
}

/* import_seed_only - an older name of TestOnly, which policyd-spf reads and then ignores */
static void
import_seed_only(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	const char *meant = "true";
	long n;

	if (!parse_or_skip(l, &n))
		return;
	if (n == 0)
		import_offer(l->im, &l->origin, our_option(known), &meant, 1,
		    "policyd-spf ignores this option, so it did reject mail");
	else
		import_skip(l->im, &l->origin, "policyd-spf ignores this option");
}

/* split_items - in place, blanks included; the caller frees the array */
static char **
split_items(char *text, const char *separator, size_t *n)
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

/* offer_networks - the valid items of a list, of which policyd-spf used those before bad */
static void
offer_networks(const struct policyd_spf_line *l, const struct policyd_spf_option *known,
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
	import_offer(l->im, &l->origin, our_option(known), meant, n_meant,
	    "policyd-spf does not accept '%s' as a network, and ignored it and the rest of the "
	    "list",
	    shown);
	free(shown);
	free(meant);
}

/* A list of networks. policyd-spf stops at the first bad item. */
struct network_list {
	char **nets;
	size_t n, good; /* the items before the first bad one */
};

static struct network_list
parse_networks(const char *value)
{
	struct network_list list;
	char *copy = xstrdup(value);
	size_t i;

	list.nets = split_items(copy, ",", &list.n);
	for (i = 0; i < list.n; i++)
		list.nets[i] = replace_mask(list.nets[i]);
	for (list.good = 0; list.good < list.n && is_strict_network(list.nets[list.good]);
	     list.good++)
		;
	free(copy);
	return list;
}

static void
free_networks(struct network_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->nets[i]);
	free(list->nets);
}

/* import_networks - skip_addresses and Whitelist */
static void
import_networks(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	struct network_list list = parse_networks(l->value);

	import_set(l->im, &l->origin, our_option(known), (const char *const *)list.nets, list.good);
	if (list.good < list.n)
		offer_networks(l, known, list.nets, list.n, list.nets[list.good]);
	free_networks(&list);
}

/* is_padded - does the first item of a list begin or end with a blank? */
static bool
is_padded(const char *item)
{
	size_t len = strcspn(item, ",");

	return len > 0 && (strchr(" \t", item[0]) != NULL || strchr(" \t", item[len - 1]) != NULL);
}

/* import_names - a list of domains, of which policyd-spf never matches one next to a blank */
static void
import_names(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	const struct conf_option *o = our_option(known);
	char *copy = xstrdup(l->value), **items, *item;
	const char **effective, **meant, *why;
	size_t i, n, n_effective = 0, n_meant = 0;

	items = split_items(copy, ",", &n);
	effective = xcalloc(n + 1, sizeof(*effective));
	meant = xcalloc(n + 1, sizeof(*meant));
	for (i = 0; i < n; i++) {
		item = trim_item(items[i]);
		if (known->suffixes && item[0] == '.')
			item++;
		if (!o->accept(item, &why)) {
			if (item[0] != '\0')
				import_skip(l->im, &l->origin, "'%s' is not %s", item, why);
			continue;
		}
		meant[n_meant++] = item;
		/* The copy has been trimmed; look for blanks in the original. */
		if (!is_padded(l->value + (items[i] - copy)))
			effective[n_effective++] = item;
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

static void
import_header_type(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	bool spf = strstr(l->value, "SPF") != NULL, ar = strstr(l->value, "AR") != NULL;
	const struct conf_option *o = our_option(known);

	if (spf && ar) {
		set_our_option(l, known, "both");
		import_note(
		    l->im, o, "With both, policyd-spf failed, and Postfix deferred all mail.");
		return;
	}
	if (ar || strcmp(l->value, "None") == 0 || strcmp(l->value, "SPF") == 0) {
		set_our_option(l, known, ar ? "AR" : l->value);
		return;
	}
	set_our_option(l, known, "SPF");
	import_offer(l->im, &l->origin, o, &l->value, 1,
	    "policyd-spf accepts SPF, AR and None; with '%s' it added Received-SPF", l->value);
}

/* import_hide_receiver - only the word No shows the receiver */
static void
import_hide_receiver(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	bool shown = strcmp(l->value, "No") == 0;
	const char *meant = "false";

	set_our_option(l, known, shown ? "false" : "true");
	if (!shown && strcasecmp(l->value, "yes") != 0 && !means_true(l->value))
		import_offer(l->im, &l->origin, our_option(known), &meant, 1,
		    "policyd-spf accepts only No; with '%s' it hid the receiver", l->value);
}

static void
import_authserv_id(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	/* HOSTNAME stands for the name of the host, which is srsd's default. */
	set_our_option(l, known, strcmp(l->value, "HOSTNAME") == 0 ? "" : l->value);
}

/* import_restriction - HELO_pass_restriction and Mail_From_pass_restriction */
static void
import_restriction(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	bool is_helo = strcmp(known->option, "helo-pass-restriction") == 0;

	if (strpbrk(l->value, ", \t") != NULL) {
		import_skip(l->im, &l->origin,
		    "srsd answers with the name of one class: declare a class in main.cf with the "
		    "restrictions %s, and set %s to its name",
		    l->value, known->option);
		return;
	}
	import_set_text(l->im, &l->origin, our_option(known), l->value);
	if (is_helo)
		import_note(l->im, our_option(known),
		    "policyd-spf also answers with this class if MAIL FROM fails. srsd refuses "
		    "such mail.");
}

static void
import_prospective(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	set_our_option(l, known, l->value);
	import_note(
	    l->im, our_option(known), "With this option policyd-spf added no header; srsd does.");
}

/* remove_url - a copy without the sentences that contain {url}; the caller frees it */
static char *
remove_url(const char *text)
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

/* translate_message - with the words in braces that srsd has; the caller frees it */
static char *
translate_message(const char *message, bool may_defer)
{
	const struct {
		const char *theirs, *ours;
	} words[] = { { "{spf}", "{reason}" },
		{ "{rejectdefer}", may_defer ? "not accepted" : "rejected" } };
	struct buffer text = { .data = NULL };
	size_t i, len;

	while (*message != '\0') {
		for (i = 0; i < 2; i++)
			if (strncmp(message, words[i].theirs, strlen(words[i].theirs)) == 0)
				break;
		if (i < 2) {
			buffer_add(&text, words[i].ours, strlen(words[i].ours));
			message += strlen(words[i].theirs);
			continue;
		}
		len = 1 + strcspn(message + 1, "{");
		buffer_add(&text, message, len);
		message += len;
	}
	buffer_add(&text, "", 1);
	return text.data;
}

/* import_message - Reason_Message, at the end of the file */
static void
import_message(struct import *im, const struct import_origin *origin, const char *message)
{
	const struct conf_option *o = import_option("spf", "reason-message"),
				 *defer = import_option("spf", "temperror-defer");
	char *line = import_option_line(im, defer), *bare = remove_url(message), *text;
	bool may_defer = strcmp(line, "temperror-defer = true") == 0;

	text = translate_message(bare, may_defer);
	if (import_set_text(im, origin, o, text)) {
		if (strstr(message, "{url}") != NULL)
			import_note(im, o,
			    "Without the sentence that contains {url}, a link to openspf.net: that "
			    "site no longer exists.");
		if (may_defer && strstr(message, "{rejectdefer}") != NULL)
			import_note(im, o,
			    "'not accepted' replaces {rejectdefer}, because temperror-defer may "
			    "defer mail.");
	}
	free(text);
	free(bare);
	free(line);
}

static void
postpone_message(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	(void)known;
	free(l->pending->message);
	l->pending->message = xstrdup(l->value);
	l->pending->message_line = l->origin.line;
}

static void
postpone_per_user(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	(void)known;
	free(l->pending->per_user);
	l->pending->per_user = xstrdup(l->value);
	l->pending->per_user_line = l->origin.line;
}

/* postpone_mock - any value, even False, switches policyd-spf off */
static void
postpone_mock(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	(void)known;
	l->pending->mock_line = l->value[0] == '\0' ? 0 : l->origin.line;
}

/* skip_status_codes - srsd always has what policyd-spf has with Yes */
static void
skip_status_codes(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	bool off = strcmp(l->value, "No") == 0;

	(void)known;
	import_skip(l->im, &l->origin,
	    "%s: srsd always sends the enhanced status codes of RFC 7372%s", l->value,
	    off ? ". Without them Postfix adds 5.7.1, which is less specific" : "");
}

#define MILTER "an option of pyspf-milter, not of policyd-spf"
static const struct policyd_spf_option known_names[] = {
	{ "debugLevel", skip_option,
	    .note = "srsd logs one line for each decision; srsd -v logs more", .user = USER_OPTION,
	    .number = true },
	{ "TestOnly", import_test_only, .option = "test-only" },
	{ "defaultSeedOnly", import_seed_only, .option = "test-only", .user = USER_OPTION,
	    .number = true },
	{ "HELO_reject", import_reject, .option = "helo-reject", .words = helo_words,
	    .user = USER_OPTION },
	{ "Mail_From_reject", import_reject, .option = "mail-from-reject", .words = mail_from_words,
	    .user = USER_OPTION },
	{ "PermError_reject", import_flag, .option = "permerror-reject", .user = USER_OPTION },
	{ "TempError_Defer", import_flag, .option = "temperror-defer", .user = USER_OPTION },
	{ "No_Mail", import_flag, .option = "no-mail", .user = USER_OPTION },
	{ "Mail_From_pass_restriction", import_restriction, .option = "mail-from-pass-restriction",
	    .user = USER_SHARED },
	{ "HELO_pass_restriction", import_restriction, .option = "helo-pass-restriction",
	    .user = USER_SHARED },
	{ "Prospective", import_prospective, .option = "prospective", .user = USER_SHARED },
	{ "skip_addresses", import_networks, .option = "skip-addresses", .user = USER_NETWORKS },
	{ "Whitelist", import_networks, .option = "whitelist", .user = USER_NETWORKS },
	{ "HELO_Whitelist", import_names, .option = "helo-whitelist", .user = USER_OPTION },
	{ "Domain_Whitelist", import_names, .option = "domain-whitelist", .user = USER_OPTION },
	{ "Domain_Whitelist_PTR", import_names, .option = "domain-whitelist-ptr", .suffixes = true,
	    .note = "srsd compares whole labels, and only names that resolve to the client's "
		    "address. policyd-spf accepts any name with this ending, without verifying it.",
	    .user = USER_OPTION },
	{ "Reject_Not_Pass_Domains", import_names, .option = "reject-not-pass-domains",
	    .note = "srsd includes subdomains. policyd-spf matches the domain and its parents.",
	    .user = USER_OPTION },
	{ "Per_User", postpone_per_user, .option = NULL },
	{ "SPF_Enhanced_Status_Codes", skip_status_codes, .user = USER_SHARED },
	{ "Header_Type", import_header_type, .option = "header", .user = USER_SHARED },
	{ "Hide_Receiver", import_hide_receiver, .option = "hide-receiver", .user = USER_SHARED },
	{ "Authserv_Id", import_authserv_id, .option = "authserv-id" },
	{ "Authserv-Id", skip_option, .note = "policyd-spf uses Authserv_Id only",
	    .user = USER_OPTION },
	{ "Lookup_Time", import_number, .option = "lookup-time", .user = USER_SHARED,
	    .number = true },
	{ "Whitelist_Lookup_Time", skip_option,
	    .note =
		"the allow-lists share lookup-time. A time of their own would come on top of it, "
		"and Postfix waits only for smtpd_policy_service_timeout",
	    .user = USER_SHARED, .number = true },
	{ "Void_Limit", import_number, .option = "void-limit", .user = USER_SHARED,
	    .number = true },
	{ "Reason_Message", postpone_message, .option = "reason-message", .user = USER_OPTION },
	{ "Mock", postpone_mock, .option = NULL },
	{ "Socket", skip_option, .note = MILTER },
	{ "PidFile", skip_option, .note = MILTER },
	{ "UserID", skip_option, .note = MILTER },
	{ "UMask", skip_option, .note = MILTER },
	{ "InternalHosts", skip_option, .note = MILTER },
	{ "IntHosts", skip_option, .note = MILTER },
	{ "MacroList", skip_option, .note = MILTER },
};

#define N_NAMES (sizeof(known_names) / sizeof(known_names[0]))

static const struct policyd_spf_option *
find_known_name(const char *name, int (*compare)(const char *, const char *))
{
	size_t i;

	for (i = 0; i < N_NAMES; i++)
		if (compare(known_names[i].name, name) == 0)
			return &known_names[i];
	return NULL;
}

/* format_meant - what the option would be if the name were known; the caller frees it */
static char *
format_meant(const struct policyd_spf_line *line, const struct policyd_spf_option *known)
{
	struct import *scratch = import_new();
	struct policyd_spf_pending pending = { .message = NULL };
	struct policyd_spf_line l = *line;
	char *text;

	l.im = scratch;
	l.pending = &pending;
	known->import(&l, known);
	if (pending.message != NULL)
		import_message(scratch, &l.origin, pending.message);
	free(pending.message);
	free(pending.per_user);
	text = import_option_line(scratch, our_option(known));
	import_free(&scratch);
	return text;
}

/* import_unknown_name - policyd-spf ignores it; an option with other capitals becomes a choice */
static void
import_unknown_name(const struct policyd_spf_line *l)
{
	const struct policyd_spf_option *known = find_known_name(l->origin.name, strcasecmp);
	char *text;

	if (known == NULL || known->option == NULL) {
		import_skip(l->im, &l->origin, "policyd-spf has no such option either");
		return;
	}
	text = format_meant(l, known);
	import_offer_line(l->im, &l->origin, our_option(known), text,
	    "policyd-spf accepts only the spelling %s, and ignored this line", known->name);
	free(text);
}

/* copy_trimmed - the text between two pointers without blanks around it; the caller frees it */
static char *
copy_trimmed(const char *begin, const char *end)
{
	while (begin < end && strchr(" \t\r\f\v", *begin) != NULL)
		begin++;
	while (end > begin && strchr(" \t\r\f\v", end[-1]) != NULL)
		end--;
	return xstrndup(begin, (size_t)(end - begin));
}

/* import_line - one line of the file, up to end */
static void
import_line(struct policyd_spf_line *l, const char *begin, const char *end)
{
	const char *comment = memchr(begin, '#', (size_t)(end - begin)), *equal;
	const struct policyd_spf_option *known;
	char *text, *name, *value;

	text = copy_trimmed(begin, comment == NULL ? end : comment);
	equal = strchr(text, '=');
	l->origin.name = NULL;
	if (text[0] != '\0' && (equal == NULL || strchr(equal + 1, '=') != NULL)) {
		import_skip(l->im, &l->origin,
		    "%s: policyd-spf ignores a line unless it has exactly one '='", text);
	} else if (text[0] != '\0') {
		name = copy_trimmed(text, equal);
		value = copy_trimmed(equal + 1, equal + strlen(equal));
		l->origin.name = name;
		l->value = value;
		known = find_known_name(name, strcmp);
		if (known == NULL)
			import_unknown_name(l);
		else
			known->import(l, known);
		free(name);
		free(value);
	}
	free(text);
}

/* import_mock - Mock, at the end of the file */
static void
import_mock(struct import *im, const struct import_origin *origin)
{
	static const struct {
		const char *name;
		const char *off; /* NULL: an empty list */
	} checks[] = { { "helo-reject", "no-check" }, { "mail-from-reject", "no-check" },
		{ "reject-not-pass-domains", NULL } };
	const struct conf_option *o;
	char *before;
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		o = import_option("spf", checks[i].name);
		before = import_option_line(im, o);
		import_set(im, origin, o, &checks[i].off, checks[i].off == NULL ? 0 : 1);
		import_offer_line(im, origin, o, before,
		    "with this option, whatever its value, policyd-spf checks nothing");
		free(before);
	}
}

/* -- the file of Per_User */

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
	known = find_known_name(name, strcmp);
	free(name);
	if (known != NULL && known->user != USER_IGNORED && known->number &&
	    !parse_integer(equal + 1, &n))
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

	if (known != NULL && strcmp(known->name, "TestOnly") == 0 && parse_integer(l->value, &n) &&
	    n == 0)
		import_offer(l->im, &l->origin, our_option(known), &meant, 1,
		    "policyd-spf does not accept this option for one recipient, and ignores it");
	else
		import_skip(l->im, &l->origin,
		    "policyd-spf does not accept this option for one recipient either");
}

static void
import_user_pair(struct policyd_spf_user_line *u, const char *name, const char *value)
{
	const struct policyd_spf_option *known = find_known_name(name, strcmp);

	u->l.origin.name = name;
	u->l.value = value;
	if (known == NULL || known->user == USER_IGNORED)
		import_ignored_pair(&u->l, known);
	else if (known->user == USER_SHARED)
		import_skip(
		    u->l.im, &u->l.origin, "%s: srsd has one value for all recipients", value);
	else if (known->user != USER_NETWORKS)
		known->import(&u->l, known);
	else if (strcmp(known->option, "whitelist") == 0)
		u->whitelist = value;
	else
		u->skip = value;
}

/* is_repeated - does a later pair have the same name? policyd-spf uses the last one */
static bool
is_repeated(char *const *pairs, size_t i, size_t n)
{
	size_t len = strcspn(pairs[i], "=") + 1, j;

	for (j = i + 1; j < n; j++)
		if (strncmp(pairs[j], pairs[i], len) == 0)
			return true;
	return false;
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
	const struct policyd_spf_option *known = find_known_name("Whitelist", strcmp);
	char *all = format_networks(&spf->whitelist);
	struct network_list skip = parse_networks(u->skip),
			    listed = parse_networks(u->whitelist == NULL ? all : u->whitelist);
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
		import_set(u->l.im, &u->l.origin, our_option(known), nets, n);
	if (skip.good < skip.n)
		offer_networks(&u->l, known, skip.nets, skip.n, skip.nets[skip.good]);
	u->l.origin.name = "Whitelist";
	if (listed.good < listed.n)
		offer_networks(&u->l, known, listed.nets, listed.n, listed.nets[listed.good]);
	free(nets);
	free_networks(&skip);
	free_networks(&listed);
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
		import_networks(&u->l, find_known_name("Whitelist", strcmp));
	}
}

/* import_user_pairs - n pairs NAME=VALUE, into the section that was begun */
static void
import_user_pairs(struct policyd_spf_user_line *u, char **pairs, size_t n)
{
	struct import_origin origin = u->l.origin;
	char *equal;
	size_t i;

	for (i = 0; i < n; i++) {
		if (is_repeated(pairs, i, n))
			continue;
		equal = strchr(pairs[i], '=');
		*equal = '\0';
		import_user_pair(u, pairs[i], equal + 1);
	}
	import_user_networks(u);
	origin.name = "Reason_Message";
	if (u->l.pending->message != NULL)
		import_message(u->l.im, &origin, u->l.pending->message);
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
	char **pairs = split_items(text, "|", &n);

	u->l.pending = &pending;
	if (is_recipient(&u->l, address) && are_pairs_valid(&u->l, pairs, n) &&
	    begin_user(&u->l, address)) {
		import_user_pairs(u, pairs, n);
		import_end_section(u->l.im);
	}
	free(pending.message);
	free(pairs);
}

/* import_user_line - one line of the file, up to end */
static void
import_user_line(const struct policyd_spf_line *l, const char *begin, const char *end)
{
	struct policyd_spf_user_line u = { .l = *l };
	const char *comment = memchr(begin, '#', (size_t)(end - begin)), *comma;
	char *text = copy_trimmed(begin, comment == NULL ? end : comment), *address, *options;

	comma = strchr(text, ',');
	if (text[0] != '\0' && comma == NULL) {
		import_skip(l->im, &l->origin,
		    "%s: policyd-spf fails at a line without a comma. Postfix defers all mail for "
		    "recipients without a line above it",
		    text);
	} else if (text[0] != '\0') {
		address = copy_trimmed(text, comma);
		options = copy_trimmed(comma + 1, comma + strlen(comma));
		import_user(&u, address, options);
		free(options);
		free(address);
	}
	free(text);
}

static void
import_user_lines(struct import *im, const char *file, const char *text)
{
	struct policyd_spf_line l = { .im = im, .origin = { file, 0, NULL } };
	const char *end;

	import_add_file(im, file);
	while (*text != '\0') {
		end = text + strcspn(text, "\n");
		l.origin.line++;
		import_user_line(&l, text, end);
		text = end + (*end == '\n');
	}
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

/* import_per_user - Per_User, at the end of the file */
static void
import_per_user(struct import *im, const struct import_origin *origin, const char *value,
    import_read_fn *read_file)
{
	const char *path = find_user_file(im, origin, value), *why;
	char *text;

	if (path == NULL)
		return;
	text = read_file(path, &why);
	if (text == NULL) {
		import_skip(im, origin,
		    "%s: %s. If policyd-spf cannot read it either, it applies nothing", path, why);
		return;
	}
	import_note(im, import_option("spf", "hide-receiver"),
	    "With Per_User, policyd-spf shows the whole address of the recipient, whatever "
	    "Hide_Receiver says.");
	import_user_lines(im, path, text);
	free(text);
}

void
import_policyd_spf(struct import *im, const char *file, const char *text, import_read_fn *read_file)
{
	const struct conf_option *hide = import_option("spf", "hide-receiver");
	struct import_origin origin = { "policyd-spf", 0, "Hide_Receiver" };
	struct policyd_spf_pending pending = { .message = NULL };
	struct policyd_spf_line l = { .im = im, .origin = { file, 0, NULL }, .pending = &pending };
	const char *end;

	import_add_file(im, file);
	import_set_text(im, &origin, hide, "false");
	while (*text != '\0') {
		end = text + strcspn(text, "\n");
		l.origin.line++;
		import_line(&l, text, end);
		text = end + (*end == '\n');
	}
	origin = (struct import_origin){ file, pending.message_line, "Reason_Message" };
	if (pending.message != NULL)
		import_message(im, &origin, pending.message);
	free(pending.message);
	origin = (struct import_origin){ file, pending.per_user_line, "Per_User" };
	if (pending.per_user != NULL && pending.mock_line == 0)
		import_per_user(im, &origin, pending.per_user, read_file);
	else if (pending.per_user != NULL)
		import_skip(im, &origin, "with Mock, policyd-spf does not read this file");
	free(pending.per_user);
	origin = (struct import_origin){ file, pending.mock_line, "Mock" };
	if (pending.mock_line != 0)
		import_mock(im, &origin);
}
