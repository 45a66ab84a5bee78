/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/attributes.h"
#include "common/buffer.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/import_postfix.h"
#include "srsd/ctl/import/import_remark.h"
#include "srsd/ctl/postfix.h"
#include "srsd/ctl/postfix_endpoint.h"

/* The place of the policy service if srsd.conf has none, because postsrsd has its port. */
#define OTHER_POLICY "inet:127.0.0.1:10006"

/* The commands that are being collected. */
struct postfix_edit {
	const struct import_postfix *what;
	const struct postfix *postfix; /* NULL: the usual configuration */
	char policy[POSTFIX_ENDPOINT_SIZE];
	struct import_steps commands;
	size_t replaced; /* places at which policyd-spf was asked */
};

PRINTF_LIKE(3, 4)
static void
add_step(struct import_steps *steps, enum import_step_kind kind, const char *fmt, ...)
{
	struct import_step *step = xcalloc(1, sizeof(*step));
	va_list ap;

	step->kind = kind;
	va_start(ap, fmt);
	if (vasprintf(&step->text, fmt, ap) == -1)
		abort();
	va_end(ap);
	STAILQ_INSERT_TAIL(steps, step, entry);
}

/* copy_without_tabs - which Postfix accepts wherever it accepts a blank */
static char *
copy_without_tabs(const char *text)
{
	char *copy = xstrdup(text), *tab = copy;

	while ((tab = strchr(tab, '\t')) != NULL)
		*tab = ' ';
	return copy;
}

static void
add_quoted_command(struct import_steps *commands, const char *command, const char *argument)
{
	struct buffer quoted = { .data = NULL };

	for (; *argument != '\0'; argument++)
		if (*argument == '\'')
			buffer_printf(&quoted, "'\\''");
		else
			buffer_add(&quoted, argument, 1);
	buffer_add(&quoted, "", 1);
	add_step(commands, STEP_COMMAND, "postconf %s '%s'", command, quoted.data);
	buffer_free(&quoted);
}

/*
 * add_command - in quotes for the shell
 *
 * A control character, or a byte that is not UTF-8, could change what the terminal of the operator
 * shows of a command. Then there is no command.
 */
static void
add_command(struct postfix_edit *edit, const char *command, const char *argument)
{
	char *meant = copy_without_tabs(argument), *shown = printable_utf8(xstrdup(meant));

	if (strcmp(shown, meant) == 0) {
		add_quoted_command(&edit->commands, command, meant);
	} else {
		add_step(&edit->commands, STEP_TEXT,
		    "This has characters that cannot be printed, shown as '?'. Edit it by hand:");
		add_step(&edit->commands, STEP_LINE, "# %s", shown);
	}
	free(shown);
	free(meant);
}

PRINTF_LIKE(2, 3)
static void
add_setting(struct postfix_edit *edit, const char *fmt, ...)
{
	char *setting;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&setting, fmt, ap);
	va_end(ap);
	if (len == -1)
		abort();
	add_command(edit, "-e", setting);
	free(setting);
}

/* is_spf_service - does this endpoint of Postfix lead to another SPF program? */
static bool
is_spf_service(const struct postfix *postfix, const char *endpoint)
{
	struct postfix_service service;

	if (postfix_find_service(postfix, endpoint, &service))
		return strcmp(service.command, "spawn") == 0 &&
		       strstr(service.arguments, "srsctl") == NULL &&
		       strcasestr(service.arguments, "spf") != NULL;
	return strncmp(endpoint, "unix:private/", 13) == 0 && strcasestr(endpoint, "spf") != NULL;
}

/* add_policy_word - the endpoint of srsd, with the options that the word has in braces */
static void
add_policy_word(struct buffer *text, const char *word, const char *endpoint, const char *policy)
{
	const char *at = word[0] == '{' ? strstr(word, endpoint) : NULL;

	if (at == NULL)
		buffer_printf(text, "%s", policy);
	else
		buffer_printf(
		    text, "%.*s%s%s", (int)(at - word), word, policy, at + strlen(endpoint));
}

/*
 * replace_policy - the restrictions with the endpoint of srsd in each place of another SPF program;
 * the caller frees the text, which is NULL if there is no such place
 */
static char *
replace_policy(const struct postfix_edit *edit, const char *restrictions)
{
	char word[POSTFIX_WORD_SIZE], endpoint[POSTFIX_WORD_SIZE];
	const char *rest = restrictions, *copied = restrictions;
	struct buffer text = { .data = NULL };
	bool is_policy = false;

	while (postfix_word(&rest, word)) {
		postfix_policy_endpoint(word, endpoint);
		if (is_policy && is_spf_service(edit->postfix, endpoint)) {
			buffer_add(&text, copied, (size_t)(rest - copied) - strlen(word));
			add_policy_word(&text, word, endpoint, edit->policy);
			copied = rest;
		}
		is_policy = strcasecmp(word, "check_policy_service") == 0;
	}
	if (copied == restrictions)
		return NULL;
	buffer_add(&text, copied, strlen(copied) + 1);
	return text.data;
}

/* edit_parameter - "name", or "service/type/name" in master.cf, as it is in the file */
static void
edit_parameter(void *arg, const char *name, const char *value)
{
	struct postfix_edit *edit = arg;
	char *restrictions = replace_policy(edit, value), *setting;

	if (restrictions == NULL)
		return;
	xasprintf(&setting, "%s = %s", name, restrictions);
	add_command(edit, strchr(name, '/') == NULL ? "-e" : "-P", setting);
	edit->replaced++;
	free(setting);
	free(restrictions);
}

/* remove_services - what starts the other SPF program, and its time limit */
static void
remove_services(struct postfix_edit *edit)
{
	struct postfix_service service;
	char *text, *limit;
	size_t i;

	for (i = 0; postfix_service_at(edit->postfix, i, &service); i++) {
		if (strcmp(service.command, "spawn") != 0 ||
		    strstr(service.arguments, "srsctl") != NULL ||
		    strcasestr(service.arguments, "policyd-spf") == NULL)
			continue;
		xasprintf(&text, "%s_time_limit", service.name);
		limit = postfix_read_own(edit->postfix, text);
		if (limit != NULL)
			add_command(edit, "-X", text);
		free(limit);
		free(text);
		xasprintf(&text, "%s/%s", service.name, service.type);
		add_command(edit, "-MX", text);
		free(text);
	}
}

/* asks_srsd - does one of the restrictions name the policy service of srsd? */
static bool
asks_srsd(const struct postfix_edit *edit, const char *restrictions)
{
	char word[POSTFIX_WORD_SIZE], endpoint[POSTFIX_WORD_SIZE];
	const struct text_list *ours = &edit->what->settings->policy;

	while (postfix_word(&restrictions, word)) {
		postfix_policy_endpoint(word, endpoint);
		if (postfix_endpoint_is_one(ours, endpoint, edit->postfix, false))
			return true;
	}
	return false;
}

/* insert_policy - after reject_unauth_destination, or at the end */
static void
insert_policy(struct postfix_edit *edit, const char *restrictions)
{
	char word[POSTFIX_WORD_SIZE];
	const char *rest = restrictions, *at = restrictions + strlen(restrictions);

	while (postfix_word(&rest, word))
		if (strcasecmp(word, "reject_unauth_destination") == 0) {
			at = rest;
			break;
		}
	add_setting(edit, "smtpd_recipient_restrictions = %.*s, check_policy_service %s%s",
	    (int)(at - restrictions), restrictions, edit->policy, at);
}

/* add_policy - where policyd-spf was asked; if it was not, where it should have been */
static void
add_policy(struct postfix_edit *edit)
{
	static const char name[] = "smtpd_recipient_restrictions";
	static const char usual[] =
	    "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination";
	char *own;

	if (edit->postfix == NULL) {
		insert_policy(edit, usual);
		add_command(edit, "-MX", "policyd-spf/unix");
		return;
	}
	postfix_each_own(edit->postfix, edit_parameter, edit);
	if (edit->replaced == 0 && !asks_srsd(edit, postfix_get(edit->postfix, name))) {
		own = postfix_read_own(edit->postfix, name);
		insert_policy(edit, own == NULL || own[0] == '\0' ? usual : own);
		free(own);
	}
	remove_services(edit);
}

/* is_map_named - in main.cf, or in -o of a service in master.cf */
static bool
is_map_named(
    const struct postfix *postfix, const char *parameter, const struct postfix_map_place *place)
{
	char service[POSTFIX_WORD_SIZE];
	const char *value = postfix_get(postfix, parameter);
	size_t i = 0;

	do {
		if (postfix_endpoint_names_map(postfix, value, place, false))
			return true;
		value = postfix_override(postfix, parameter, i++, service);
	} while (value != NULL);
	return false;
}

/* add_map - to a parameter that does not name it, after the tables that are there */
static void
add_map(struct postfix_edit *edit, const char *parameter, const char *map)
{
	const struct postfix_map_place place = postfix_endpoint_place(edit->what->settings, map);
	char table[POSTFIX_ENDPOINT_SIZE], *own = NULL;

	if ((edit->postfix != NULL && is_map_named(edit->postfix, parameter, &place)) ||
	    !postfix_endpoint_for_map(&place, table))
		return;
	if (edit->postfix != NULL)
		own = postfix_read_own(edit->postfix, parameter);
	if (own == NULL || own[0] == '\0')
		add_setting(edit, "%s = %s", parameter, table);
	else
		add_setting(edit, "%s = %s, %s", parameter, own, table);
	free(own);
}

/* add_class - the envelope alone: with headers, srsd would rewrite or test those as well */
static void
add_class(struct postfix_edit *edit, const char *parameter, const char *class)
{
	char word[POSTFIX_WORD_SIZE];
	const char *classes = edit->postfix == NULL ? "" : postfix_get(edit->postfix, parameter);
	bool found = false, others = false;

	while (postfix_word(&classes, word)) {
		found = found || strcmp(word, class) == 0;
		others = others || strcmp(word, class) != 0;
	}
	if (!found || others)
		add_setting(edit, "%s = %s", parameter, class);
}

static void
add_maps(struct postfix_edit *edit)
{
	/* The milter replaces the map that rewrites senders. */
	if (edit->what->settings->milter.n == 0) {
		add_map(edit, "sender_canonical_maps", "forward");
		add_class(edit, "sender_canonical_classes", "envelope_sender");
	}
	add_map(edit, "recipient_canonical_maps", "reverse");
	add_class(edit, "recipient_canonical_classes", "envelope_recipient");
}

/* explain_database - if the database of postsrsd could not be carried over */
static void
explain_database(const struct settings *settings, struct import_steps *steps)
{
	if (settings->original_envelope != ENVELOPE_DATABASE ||
	    strcmp(settings->envelope_database, "none") != 0)
		return;
	add_step(steps, STEP_TEXT,
	    "The database of postsrsd is not carried over. To let postsrsd reverse the addresses whose "
	    "senders are in it, set socketmap = {} and original-envelope = \"embedded\" in srsd.conf, "
	    "leave postsrsd running for 23 days, and run these commands, with the table that "
	    "main.cf has now:");
	add_step(steps, STEP_LINE, "postconf -e 'sender_canonical_maps = tcp:127.0.0.1:10001'");
	add_step(steps, STEP_LINE,
	    "postconf -e 'recipient_canonical_maps = socketmap:unix:srs:reverse, "
	    "tcp:127.0.0.1:10002'");
}

/* has_excluded - does inet_protocols keep Postfix from using one of the endpoints? */
static bool
has_excluded(const struct postfix *postfix, const struct text_list *endpoints)
{
	char text[POSTFIX_ENDPOINT_SIZE];
	size_t i;

	for (i = 0; i < endpoints->n; i++) {
		postfix_endpoint_for_client(endpoints->text[i], text);
		if (strncmp(text, "inet:", 5) == 0 &&
		    postfix_endpoint_is_excluded(postfix, text + 5))
			return true;
	}
	return false;
}

/* explain_protocols - mail would be deferred until srsctl check has been read */
static void
explain_protocols(const struct postfix_edit *edit, struct import_steps *steps)
{
	const struct settings *settings = edit->what->settings;

	if (edit->postfix == NULL || STAILQ_EMPTY(&edit->commands))
		return;
	if ((edit->what->policyd_spf && has_excluded(edit->postfix, &settings->policy)) ||
	    (edit->what->postsrsd && (has_excluded(edit->postfix, &settings->forward) ||
					 has_excluded(edit->postfix, &settings->reverse))))
		add_step(steps, STEP_TEXT,
		    "inet_protocols = %s keeps Postfix from connecting to some of these addresses. "
		    "First give srsd addresses that it can use, such as [::1] instead of 127.0.0.1, "
		    "and write them in the commands as well.",
		    postfix_get(edit->postfix, "inet_protocols"));
}

/* introduce_commands - error is the reason why the configuration cannot be read; NULL: it can */
static void
introduce_commands(const struct postfix_edit *edit, const char *error, struct import_steps *steps)
{
	char reason[POSTFIX_ERROR_SIZE];

	if (error != NULL) {
		strlcpy(reason, error, sizeof(reason));
		printable_line(reason);
		add_step(steps, STEP_TEXT,
		    "Postfix: its configuration cannot be read here (%s). These are the usual "
		    "commands; on the mail server, srsctl import prints those for its main.cf.",
		    reason);
	} else if (STAILQ_EMPTY(&edit->commands)) {
		add_step(steps, STEP_TEXT, "Postfix: main.cf and master.cf can stay as they are.");
	} else {
		add_step(steps, STEP_TEXT,
		    "Postfix: when srsd is running, run these commands to replace the old programs "
		    "with it. srsctl has run none of them. Then run srsctl check.");
	}
	if (edit->what->policyd_spf && edit->what->settings->policy.n == 0)
		add_step(
		    steps, STEP_TEXT, "First set policy = {\"%s\"} in srsd.conf.", OTHER_POLICY);
	explain_protocols(edit, steps);
}

void
import_postfix_plan(const struct import_postfix *what, struct import_steps *steps)
{
	struct postfix_edit edit = { .what = what };
	char error[POSTFIX_ERROR_SIZE];
	struct postfix *postfix;
	bool absent;

	STAILQ_INIT(&edit.commands);
	postfix = postfix_open(what->dir, &absent, error);
	edit.postfix = postfix;
	postfix_endpoint_for_client(
	    what->settings->policy.n == 0 ? OTHER_POLICY : what->settings->policy.text[0],
	    edit.policy);
	if (what->postsrsd)
		add_maps(&edit);
	if (what->policyd_spf)
		add_policy(&edit);
	if (!STAILQ_EMPTY(&edit.commands))
		add_step(&edit.commands, STEP_COMMAND, "postfix reload");
	introduce_commands(&edit, postfix == NULL ? error : NULL, steps);
	STAILQ_CONCAT(steps, &edit.commands);
	if (what->postsrsd)
		explain_database(what->settings, steps);
	postfix_free(&postfix);
}

void
import_postfix_print(const struct import_steps *steps, FILE *out)
{
	const struct import_step *step;

	fputs("\n", out);
	STAILQ_FOREACH (step, steps, entry)
		if (step->kind == STEP_TEXT)
			import_remark_print_text("# ", step->text, out);
		else
			fprintf(out, "#   %s\n", step->text);
}

void
import_postfix_clear(struct import_steps *steps)
{
	struct import_step *step;

	while ((step = STAILQ_FIRST(steps)) != NULL) {
		STAILQ_REMOVE_HEAD(steps, entry);
		free(step->text);
		free(step);
	}
}
