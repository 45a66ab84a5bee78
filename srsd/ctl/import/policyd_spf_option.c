/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/xmalloc.h"
#include "srsd/ctl/import/policyd_spf_list.h"
#include "srsd/ctl/import/policyd_spf_option.h"

static const char *const helo_words[] = { "SPF_Not_Pass", "Softfail", "Fail", "Null", "False",
	"No_Check", NULL };
static const char *const mail_from_words[] = { "SPF_Not_Pass", "Softfail", "Fail", "False",
	"No_Check", NULL };
static const char *const true_words[] = { "true", "yes", "on", "1", NULL };

const struct conf_option *
policyd_spf_option_ours(const struct policyd_spf_option *known)
{
	return import_option("spf", known->option);
}

static void
set_our_option(
    const struct policyd_spf_line *l, const struct policyd_spf_option *known, const char *value)
{
	import_set_text(l->im, &l->origin, policyd_spf_option_ours(known), value);
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

bool
policyd_spf_option_parse_integer(const char *value, long *number)
{
	char *end;

	*number = strtol(value, &end, 10);
	return end > value && *end == '\0';
}

/* parse_or_skip - false, and the line is skipped, if its value is not a number */
static bool
parse_or_skip(const struct policyd_spf_line *l, long *number)
{
	if (policyd_spf_option_parse_integer(l->value, number))
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
	import_offer(l->im, &l->origin, policyd_spf_option_ours(known), &l->value, 1,
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
		import_offer(l->im, &l->origin, policyd_spf_option_ours(known), &meant, 1,
		    "policyd-spf accepts only True, and treated '%s' as False", l->value);
}

static void
import_number(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	const struct conf_option *o = policyd_spf_option_ours(known);
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
		import_note(l->im, policyd_spf_option_ours(known),
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
		import_offer(l->im, &l->origin, policyd_spf_option_ours(known), &meant, 1,
		    "policyd-spf ignores this option, so it did reject mail");
	else
		import_skip(l->im, &l->origin, "policyd-spf ignores this option");
}

static void
import_header_type(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	bool spf = strstr(l->value, "SPF") != NULL, ar = strstr(l->value, "AR") != NULL;
	const struct conf_option *o = policyd_spf_option_ours(known);

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
		import_offer(l->im, &l->origin, policyd_spf_option_ours(known), &meant, 1,
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
		import_lose(l->im, &l->origin,
		    "srsd answers with the name of one class: declare a class in main.cf with the "
		    "restrictions %s, and set %s to its name",
		    l->value, known->option);
		return;
	}
	import_set_text(l->im, &l->origin, policyd_spf_option_ours(known), l->value);
	if (is_helo)
		import_note(l->im, policyd_spf_option_ours(known),
		    "policyd-spf also answers with this class if MAIL FROM fails. srsd refuses "
		    "such mail.");
}

static void
import_prospective(const struct policyd_spf_line *l, const struct policyd_spf_option *known)
{
	set_our_option(l, known, l->value);
	import_note(l->im, policyd_spf_option_ours(known),
	    "With this option policyd-spf added no header; srsd does.");
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
	l->pending->mock_is_meant = means_true(l->value);
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
const struct policyd_spf_option policyd_spf_options[] = {
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
	{ "skip_addresses", policyd_spf_list_networks, .option = "skip-addresses",
	    .user = USER_NETWORKS },
	{ "Whitelist", policyd_spf_list_networks, .option = "whitelist", .user = USER_NETWORKS },
	{ "HELO_Whitelist", policyd_spf_list_names, .option = "helo-whitelist",
	    .user = USER_OPTION },
	{ "Domain_Whitelist", policyd_spf_list_names, .option = "domain-whitelist",
	    .user = USER_OPTION },
	{ "Domain_Whitelist_PTR", policyd_spf_list_names, .option = "domain-whitelist-ptr",
	    .suffixes = true,
	    .note = "srsd compares whole labels, and only names that resolve to the client's "
		    "address. policyd-spf accepts any name with this ending, without verifying it.",
	    .user = USER_OPTION },
	{ "Reject_Not_Pass_Domains", policyd_spf_list_names, .option = "reject-not-pass-domains",
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
	{ "Reason_URL", skip_option,
	    .note = "srsd has no separate link. Write one in reason-message, with {client}, "
		    "{sender} or {domain}" },
	{ "Mock", postpone_mock, .option = NULL },
	{ "Socket", skip_option, .note = MILTER },
	{ "PidFile", skip_option, .note = MILTER },
	{ "UserID", skip_option, .note = MILTER },
	{ "UMask", skip_option, .note = MILTER },
	{ "InternalHosts", skip_option, .note = MILTER },
	{ "IntHosts", skip_option, .note = MILTER },
	{ "MacroList", skip_option, .note = MILTER },
};

const size_t policyd_spf_option_count =
    sizeof(policyd_spf_options) / sizeof(policyd_spf_options[0]);

const struct policyd_spf_option *
policyd_spf_option_find(const char *name, int (*compare)(const char *, const char *))
{
	size_t i;

	for (i = 0; i < policyd_spf_option_count; i++)
		if (compare(policyd_spf_options[i].name, name) == 0)
			return &policyd_spf_options[i];
	return NULL;
}
