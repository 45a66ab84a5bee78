/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/endpoint.h"
#include "common/hostname.h"
#include "common/ipaddr.h"
#include "common/xmalloc.h"
#include "conf/option.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

/* policyd-spf's spellings (SPF_Not_Pass, No_Check) are these in other case, '_' for '-'. */
static const struct option_choice reject_words[] = {
	{ "spf-not-pass", SPF_REJECT_NOT_PASS },
	{ "softfail", SPF_REJECT_SOFTFAIL },
	{ "fail", SPF_REJECT_FAIL },
	{ "false", SPF_REJECT_NEVER },
	{ "no-check", SPF_REJECT_NOCHECK },
	{ NULL, 0 },
};

static const struct option_choice helo_reject_words[] = {
	{ "spf-not-pass", SPF_REJECT_NOT_PASS },
	{ "softfail", SPF_REJECT_SOFTFAIL },
	{ "fail", SPF_REJECT_FAIL },
	{ "null", SPF_REJECT_NULL },
	{ "false", SPF_REJECT_NEVER },
	{ "no-check", SPF_REJECT_NOCHECK },
	{ NULL, 0 },
};

static const struct option_choice null_reject_words[] = {
	{ "helo-reject", SPF_REJECT_AS_HELO },
	{ "spf-not-pass", SPF_REJECT_NOT_PASS },
	{ "softfail", SPF_REJECT_SOFTFAIL },
	{ "fail", SPF_REJECT_FAIL },
	{ "null", SPF_REJECT_NULL },
	{ "false", SPF_REJECT_NEVER },
	{ "no-check", SPF_REJECT_NOCHECK },
	{ NULL, 0 },
};

static const struct option_choice header_words[] = {
	{ "received-spf", SPF_HEADER_RECEIVED },
	{ "authentication-results", SPF_HEADER_AUTHRES },
	{ "both", SPF_HEADER_BOTH },
	{ "none", SPF_HEADER_NONE },
	{ "spf", SPF_HEADER_RECEIVED },
	{ "ar", SPF_HEADER_AUTHRES },
	{ NULL, 0 },
};

static const struct option_choice forged_words[] = {
	{ "reject", SRS_FORGED_REJECT },
	{ "check", SRS_FORGED_CHECK },
	{ NULL, 0 },
};

static const struct option_choice nonnull_words[] = {
	{ "check", SRS_NONNULL_CHECK },
	{ "reject", SRS_NONNULL_REJECT },
	{ "defer", SRS_NONNULL_DEFER },
	{ NULL, 0 },
};

static const struct option_choice sender_words[] = {
	{ "skip", SRS_SENDER_SKIP },
	{ "no-reject", SRS_SENDER_NO_REJECT },
	{ "check", SRS_SENDER_CHECK },
	{ NULL, 0 },
};

static const struct option_choice separator_words[] = {
	{ "=", '=' },
	{ "+", '+' },
	{ "-", '-' },
	{ NULL, 0 },
};

static const struct option_choice bool_words[] = {
	{ "true", true },
	{ "false", false },
	{ "yes", true },
	{ "no", false },
	{ "on", true },
	{ "off", false },
	{ "1", true },
	{ "0", false },
	{ NULL, 0 },
};

static bool
check_srs_domain(const char *value, const char **error)
{
	*error = "a host name of ASCII letters, digits and hyphens with at least one dot";
	return value[0] == '\0' || hostname_is_fqdn(value, strlen(value));
}

static bool
check_domain(const char *value, const char **error)
{
	size_t dot = value[0] == '.';

	*error = "a domain, or .domain for its subdomains";
	return hostname_is_mail_domain(value + dot, strlen(value + dot));
}

static bool
check_host(const char *value, const char **error)
{
	*error = "a host name";
	return value[0] == '\0' || hostname_is_mail_domain(value, strlen(value));
}

static bool
check_path(const char *value, const char **error)
{
	*error = "a path that begins with /";
	return value[0] == '\0' || value[0] == '/';
}

static bool
check_nameserver(const char *value, const char **error)
{
	const char *colon = strrchr(value, ':'), *range;
	struct ipaddr ip;

	*error = "IP, IP:PORT or [IPV6]:PORT";
	if (ipaddr_parse(&ip, value, strlen(value)))
		return true;
	if (colon == NULL || strtonum(colon + 1, 1, 65535, &range) == 0)
		return false;
	if (value[0] == '[' && colon[-1] == ']')
		return ipaddr_parse(&ip, value + 1, (size_t)(colon - value) - 2);
	return ipaddr_parse(&ip, value, (size_t)(colon - value));
}

static bool
check_address(const char *value, const char **error)
{
	struct ipaddr ip;

	*error = "an IPv4 or IPv6 address";
	return value[0] == '\0' || ipaddr_parse(&ip, value, strlen(value));
}

static bool
check_reason_message(const char *value, const char **error)
{
	static const char *const names[] = { "{result}", "{reason}", "{identity}", "{client}" };
	const char *brace;
	size_t i;

	*error = "printable ASCII, with {result} {reason} {identity} {client} and no other braces";
	for (brace = value; *brace != '\0'; brace++)
		if (!ascii_isgraph(*brace) && *brace != ' ')
			return false;
	for (brace = value; (brace = strpbrk(brace, "{}")) != NULL; brace += strlen(names[i])) {
		for (i = 0; i < 4; i++)
			if (strncmp(brace, names[i], strlen(names[i])) == 0)
				break;
		if (i == 4)
			return false;
	}
	return true;
}

#define TEXT(name, preset, check, field, text)                                                     \
	{ NULL, name, OPTION_TEXT, preset, 0, 0, NULL, check, offsetof(struct settings, field), text }
#define NUMBER(name, preset, min, max, field, text)                                                \
	{ NULL, name, OPTION_NUMBER, preset, min, max, NULL, NULL,                                 \
		offsetof(struct settings, field), text }
#define BOOL(name, preset, field, text)                                                            \
	{ NULL, name, OPTION_BOOL, preset, 0, 0, bool_words, NULL,                                 \
		offsetof(struct settings, field), text }
#define CHOICE(name, preset, words, field, text)                                                   \
	{ NULL, name, OPTION_CHOICE, preset, 0, 0, words, NULL, offsetof(struct settings, field),  \
		text }
#define LIST(name, preset, check, field, text)                                                     \
	{ NULL, name, OPTION_LIST, preset, 0, 0, NULL, check, offsetof(struct settings, field), text }

#define SPF_TEXT(name, preset, check, field, text)                                                 \
	{ "spf", name, OPTION_TEXT, preset, 0, 0, NULL, check,                                     \
		offsetof(struct settings, spf.field), text }
#define SPF_NUMBER(name, preset, min, max, field, text)                                            \
	{ "spf", name, OPTION_NUMBER, preset, min, max, NULL, NULL,                                \
		offsetof(struct settings, spf.field), text }
#define SPF_BOOL(name, preset, field, text)                                                        \
	{ "spf", name, OPTION_BOOL, preset, 0, 0, bool_words, NULL,                                \
		offsetof(struct settings, spf.field), text }
#define SPF_CHOICE(name, preset, words, field, text)                                               \
	{ "spf", name, OPTION_CHOICE, preset, 0, 0, words, NULL,                                   \
		offsetof(struct settings, spf.field), text }
#define SPF_CIDRS(name, preset, field, text)                                                       \
	{ "spf", name, OPTION_CIDRS, preset, 0, 0, NULL, NULL,                                     \
		offsetof(struct settings, spf.field), text }
#define SPF_LIST(name, preset, check, field, text)                                                 \
	{ "spf", name, OPTION_LIST, preset, 0, 0, NULL, check,                                     \
		offsetof(struct settings, spf.field), text }

const struct option options[] = {
	TEXT("srs-domain", "", check_srs_domain, srs_domain, "domain of the addresses we mint"),
	LIST("domains", NULL, check_domain, domains, "our own domains, not rewritten"),
	TEXT("domains-file", "", check_path, domains_file, "file of own domains, one a line"),
	TEXT("secrets-file", SYSCONFDIR "/srsd/srsd.secret", check_path, secrets_file,
	    "one secret a line: the first signs, all verify"),
	LIST("forward", "inet:127.0.0.1:10001", endpoint_is_valid, forward, "forward map"),
	LIST("reverse", "inet:127.0.0.1:10002", endpoint_is_valid, reverse, "reverse map"),
	LIST("policy", "inet:127.0.0.1:10003", endpoint_is_valid, policy, "policy service"),
	CHOICE("separator", "=", separator_words, separator, "character behind SRS0 and SRS1"),
	NUMBER("hash-length", "4", 4, 27, hash_length, "characters of the hash in new addresses"),
	NUMBER("hash-minimum", "4", 4, 27, hash_minimum, "characters that a hash must have"),
	BOOL("hash-avoid-slash", "true", hash_avoid_slash,
	    "avoid / and + in new hashes by signing with an earlier day"),
	NUMBER("max-age", "21", 1, 365, max_age, "days that an address is valid"),
	BOOL("always-rewrite", "false", always_rewrite, "rewrite our own domains too"),
	NUMBER("idle-timeout", "1800", 1, 86400, idle_timeout, "seconds before an idle close"),
	NUMBER("connection-limit", "1000", 1, 1000000, connection_limit,
	    "connections at a time, for each service"),
	TEXT("unprivileged-user", "srsd", NULL, unprivileged_user, "user to become"),
	TEXT("chroot-dir", "", check_path, chroot_dir, "folder to lock ourselves in"),
	TEXT("pid-file", "", check_path, pid_file, "file for our process id"),
	BOOL("syslog", "false", syslog, "log to syslog, facility mail"),
	LIST("nameservers", NULL, check_nameserver, nameservers, "DNS forwarders"),
	BOOL("dnssec", "false", dnssec, "validate DNS answers"),
	SPF_CHOICE("helo-reject", "fail", helo_reject_words, helo_reject,
	    "which HELO results refuse"),
	SPF_CHOICE("mail-from-reject", "fail", reject_words, mail_from_reject,
	    "which MAIL FROM results refuse"),
	SPF_CHOICE("null-sender-reject", "helo-reject", null_reject_words, null_sender_reject,
	    "which HELO results refuse mail of the null sender"),
	SPF_BOOL("permerror-reject", "false", permerror_reject, "refuse on permerror"),
	SPF_BOOL("temperror-defer", "false", temperror_defer, "defer on temperror"),
	SPF_BOOL("test-only", "false", test_only, "say what would be done, refuse nothing"),
	SPF_CHOICE("header", "received-spf", header_words, header, "header to prepend"),
	SPF_TEXT("authserv-id", "", check_host, authserv_id,
	    "our name in Authentication-Results"),
	SPF_BOOL("hide-receiver", "true", hide_receiver, "leave the recipient out of headers"),
	SPF_CIDRS("skip-addresses", "127.0.0.0/8 ::ffff:127.0.0.0/104 ::1", skip_addresses,
	    "clients that are not checked"),
	SPF_CIDRS("whitelist", NULL, whitelist, "relays that are not checked"),
	SPF_LIST("reject-not-pass-domains", NULL, check_domain, reject_not_pass_domains,
	    "senders that must pass"),
	SPF_BOOL("no-mail", "false", no_mail, "refuse only domains that send no mail"),
	SPF_TEXT("prospective", "", check_address, prospective,
	    "evaluate as if sent from this address"),
	SPF_TEXT("reason-message", "", check_reason_message, reason_message,
	    "text of a refusal"),
	SPF_BOOL("use-exp", "false", use_exp, "quote the domain's explanation in a refusal"),
	SPF_NUMBER("void-limit", "2", 0, 100, void_limit, "lookups that may find nothing"),
	SPF_NUMBER("lookup-limit", "10", 1, 100, lookup_limit, "terms that may cause lookups"),
	SPF_NUMBER("lookup-time", "20", 1, 90, lookup_time, "seconds for all of one check"),
	SPF_BOOL("nat-guard", "true", nat_guard, "do not refuse clients with private addresses"),
	SPF_CHOICE("srs-forged", "reject", forged_words, srs_forged,
	    "forged SRS recipient of ours"),
	SPF_CHOICE("srs-nonnull", "check", nonnull_words, srs_nonnull,
	    "valid SRS recipient, sender not null"),
	SPF_CHOICE("srs-sender", "skip", sender_words, srs_sender,
	    "sender is a valid SRS address of ours"),
};

const size_t options_count = sizeof(options) / sizeof(options[0]);

const struct option *
option_find(const char *section, const char *name)
{
	const struct option *o;

	for (o = options; o < options + options_count; o++) {
		if (strcmp(o->name, name) != 0)
			continue;
		if (o->section == NULL ? section == NULL
				       : section != NULL && strcmp(o->section, section) == 0)
			return o;
	}
	return NULL;
}

static void *
field(const struct settings *s, const struct option *o)
{
	return (char *)s + o->offset;
}

static void
clear_texts(struct text_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->text[i]);
	free(list->text);
	memset(list, 0, sizeof(*list));
}

static void
clear_cidrs(struct cidr_list *list)
{
	free(list->net);
	memset(list, 0, sizeof(*list));
}

void
option_clear(struct settings *s, const struct option *o)
{
	switch (o->type) {
	case OPTION_TEXT:
		free(*(char **)field(s, o));
		*(char **)field(s, o) = NULL;
		break;
	case OPTION_LIST:
		clear_texts(field(s, o));
		break;
	case OPTION_CIDRS:
		clear_cidrs(field(s, o));
		break;
	case OPTION_NUMBER:
	case OPTION_BOOL:
	case OPTION_CHOICE:
		break;
	}
}

/* same_word - equal without case, '_' for '-' */
static bool
same_word(const char *word, const char *value)
{
	for (; *word != '\0'; word++, value++) {
		char c = *value == '_' ? '-' : ascii_tolower(*value);

		if (c != *word)
			return false;
	}
	return *value == '\0';
}

static void
say_choices(const struct option *o, const char *value, char *error)
{
	const struct option_choice *c;

	snprintf(error, OPTION_ERROR_SIZE, "'%.100s' is not accepted; one of:", value);
	for (c = o->choices; c->word != NULL; c++) {
		strlcat(error, " ", OPTION_ERROR_SIZE);
		strlcat(error, c->word, OPTION_ERROR_SIZE);
	}
}

static bool
choose(const struct option *o, const char *value, int *chosen, char *error)
{
	const struct option_choice *c;

	for (c = o->choices; c->word != NULL; c++) {
		if (same_word(c->word, value)) {
			*chosen = c->value;
			return true;
		}
	}
	say_choices(o, value, error);
	return false;
}

static bool
parse_number(const struct option *o, const char *value, int *number, char *error)
{
	const char *range;

	*number = (int)strtonum(value, o->min, o->max, &range);
	if (range == NULL && value[0] != '\0')
		return true;
	snprintf(error, OPTION_ERROR_SIZE, "'%.100s' is not accepted; a number from %d to %d",
	    value, o->min, o->max);
	return false;
}

static bool
check_texts(const struct option *o, const char *const *values, size_t n, char *error)
{
	const char *accepted = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (o->check != NULL && !o->check(values[i], &accepted)) {
			snprintf(error, OPTION_ERROR_SIZE, "'%.100s' is not accepted; %s",
			    values[i], accepted);
			return false;
		}
	}
	return true;
}

static void
copy_texts(struct text_list *list, const char *const *values, size_t n)
{
	size_t i;

	list->text = xcalloc(n + 1, sizeof(*list->text));
	for (i = 0; i < n; i++)
		list->text[i] = xstrdup(values[i]);
	list->n = n;
}

static bool
parse_cidrs(struct cidr_list *list, const char *const *values, size_t n, char *error)
{
	struct cidr_list new = { n, xcalloc(n + 1, sizeof(struct cidr)) };
	size_t i;

	for (i = 0; i < n; i++) {
		if (cidr_parse(&new.net[i], values[i], strlen(values[i])))
			continue;
		snprintf(error, OPTION_ERROR_SIZE, "'%.100s' is not accepted; IP or IP/PREFIX",
		    values[i]);
		free(new.net);
		return false;
	}
	clear_cidrs(list);
	*list = new;
	return true;
}

static bool
set_list(struct settings *s, const struct option *o, const char *const *values, size_t n,
    char *error)
{
	if (o->type == OPTION_CIDRS)
		return parse_cidrs(field(s, o), values, n, error);
	if (!check_texts(o, values, n, error))
		return false;
	option_clear(s, o);
	copy_texts(field(s, o), values, n);
	return true;
}

bool
option_set(struct settings *s, const struct option *o, const char *const *values, size_t n,
    char error[OPTION_ERROR_SIZE])
{
	int chosen;

	if (o->type == OPTION_LIST || o->type == OPTION_CIDRS)
		return set_list(s, o, values, n, error);
	if (n != 1) {
		strlcpy(error, "takes one value", OPTION_ERROR_SIZE);
		return false;
	}
	switch (o->type) {
	case OPTION_NUMBER:
		return parse_number(o, values[0], field(s, o), error);
	case OPTION_CHOICE:
		return choose(o, values[0], field(s, o), error);
	case OPTION_BOOL:
		if (!choose(o, values[0], &chosen, error))
			return false;
		*(bool *)field(s, o) = chosen != 0;
		return true;
	default:
		if (!check_texts(o, values, 1, error))
			return false;
		option_clear(s, o);
		*(char **)field(s, o) = xstrdup(values[0]);
		return true;
	}
}

void
option_preset(struct settings *s, const struct option *o)
{
	const char *values[8];
	char error[OPTION_ERROR_SIZE], *copy = xstrdup(o->preset == NULL ? "" : o->preset);
	char *rest = copy, *word;
	size_t n = 0;

	if (o->type == OPTION_LIST || o->type == OPTION_CIDRS) {
		while (n < 8 && (word = strsep(&rest, " ")) != NULL)
			if (*word != '\0')
				values[n++] = word;
	} else {
		values[n++] = copy;
	}
	option_set(s, o, values, n, error);
	free(copy);
}

static void
print_quoted(const char *s, FILE *out)
{
	putc('"', out);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\' || *s == '$')
			putc('\\', out);
		putc(*s, out);
	}
	putc('"', out);
}

static void
print_texts(const struct text_list *list, FILE *out)
{
	size_t i;

	putc('{', out);
	for (i = 0; i < list->n; i++) {
		if (i > 0)
			fputs(", ", out);
		print_quoted(list->text[i], out);
	}
	putc('}', out);
}

static void
print_cidrs(const struct cidr_list *list, FILE *out)
{
	char text[IPADDR_TEXT_SIZE];
	size_t i;

	putc('{', out);
	for (i = 0; i < list->n; i++) {
		ipaddr_format(&list->net[i].addr, text);
		fprintf(out, "%s\"%s/%u\"", i > 0 ? ", " : "", text, list->net[i].prefix);
	}
	putc('}', out);
}

static const char *
chosen_word(const struct option *o, int value)
{
	const struct option_choice *c = o->choices;

	while (c->value != value)
		c++;
	return c->word;
}

void
option_print(const struct settings *s, const struct option *o, FILE *out)
{
	fprintf(out, "%s%s = ", o->section == NULL ? "" : "\t", o->name);
	switch (o->type) {
	case OPTION_TEXT:
		print_quoted(*(char **)field(s, o), out);
		break;
	case OPTION_NUMBER:
		fprintf(out, "%d", *(int *)field(s, o));
		break;
	case OPTION_BOOL:
		fputs(*(bool *)field(s, o) ? "true" : "false", out);
		break;
	case OPTION_CHOICE:
		print_quoted(chosen_word(o, *(int *)field(s, o)), out);
		break;
	case OPTION_LIST:
		print_texts(field(s, o), out);
		break;
	case OPTION_CIDRS:
		print_cidrs(field(s, o), out);
		break;
	}
	putc('\n', out);
}
