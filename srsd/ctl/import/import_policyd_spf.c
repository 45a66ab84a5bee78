/* SPDX-License-Identifier: ISC */
/*
 * import_policyd_spf - policyd-spf.conf, as policyd-spf 3.0.4 and 3.1.0 apply it
 *
 * The effect of each value has been tested, and compared with the source of policyd-spf. It cuts a
 * line at the first '#', and ignores the line unless exactly one '=' is left (3.1.0 accepts more in
 * Reason_URL). It compares names and most values case-sensitively.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/xmalloc.h"
#include "srsd/ctl/import/import_policyd_spf.h"
#include "srsd/ctl/import/policyd_spf_message.h"
#include "srsd/ctl/import/policyd_spf_option.h"
#include "srsd/ctl/import/policyd_spf_users.h"

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
		policyd_spf_message_import(scratch, &l.origin, pending.message);
	free(pending.message);
	free(pending.per_user);
	text = import_option_line(scratch, policyd_spf_option_ours(known));
	import_free(&scratch);
	return text;
}

/* import_unknown_name - policyd-spf ignores it; an option with other capitals becomes a choice */
static void
import_unknown_name(const struct policyd_spf_line *l)
{
	const struct policyd_spf_option *known =
	    policyd_spf_option_find(l->origin.name, strcasecmp);
	char *text;

	if (known == NULL || known->option == NULL) {
		import_skip(l->im, &l->origin, "policyd-spf has no such option either");
		return;
	}
	text = format_meant(l, known);
	import_offer_line(l->im, &l->origin, policyd_spf_option_ours(known), text,
	    "policyd-spf accepts only the spelling %s, and ignored this line", known->name);
	free(text);
}

/* is_url_line - only the value of Reason_URL, an option of policyd-spf 3.1.0, may contain '=' */
static bool
is_url_line(const char *text, const char *equal)
{
	char *name = policyd_spf_line_copy(text, equal);
	bool found = strcmp(name, "Reason_URL") == 0;

	free(name);
	return found;
}

/* import_line - NAME = VALUE */
static void
import_line(void *arg, unsigned number, const char *text)
{
	struct policyd_spf_line *l = arg;
	const struct policyd_spf_option *known;
	const char *equal = strchr(text, '=');
	char *name, *value;

	l->origin.line = number;
	l->origin.name = NULL;
	if (equal == NULL || (strchr(equal + 1, '=') != NULL && !is_url_line(text, equal))) {
		import_skip(l->im, &l->origin,
		    "%s: policyd-spf ignores a line unless it has exactly one '='", text);
		return;
	}
	name = policyd_spf_line_copy(text, equal);
	value = policyd_spf_line_copy(equal + 1, equal + strlen(equal));
	l->origin.name = name;
	l->value = value;
	known = policyd_spf_option_find(name, strcmp);
	if (known == NULL)
		import_unknown_name(l);
	else
		known->import(l, known);
	free(name);
	free(value);
}

/* import_mock - Mock, at the end of the file */
static void
import_mock(struct import *im, const struct import_origin *origin, bool is_meant)
{
	static const struct {
		const char *name;
		const char *off; /* NULL: an empty list */
	} checks[] = { { "helo-reject", "no-check" }, { "mail-from-reject", "no-check" },
		{ "reject-not-pass-domains", NULL } };
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		import_overrule(im, origin, import_option("spf", checks[i].name), &checks[i].off,
		    checks[i].off == NULL ? 0 : 1, is_meant,
		    is_meant ? "policyd-spf checks nothing with this option, and neither does srsd "
			       "with these values"
			     : "with this option, whatever its value, policyd-spf checks nothing");
}

void
import_policyd_spf(struct import *im, const char *file, const char *text, import_read_fn *read_file)
{
	const struct conf_option *hide = import_option("spf", "hide-receiver");
	struct import_origin origin = { "policyd-spf", 0, "Hide_Receiver" };
	struct policyd_spf_pending pending = { .message = NULL };
	struct policyd_spf_line l = { .im = im, .origin = { file, 0, NULL }, .pending = &pending };

	import_add_file(im, file);
	import_set_text(im, &origin, hide, "false");
	policyd_spf_line_each(text, import_line, &l);
	origin = (struct import_origin){ file, pending.message_line, "Reason_Message" };
	if (pending.message != NULL)
		policyd_spf_message_import(im, &origin, pending.message);
	free(pending.message);
	origin = (struct import_origin){ file, pending.per_user_line, "Per_User" };
	if (pending.per_user != NULL && pending.mock_line == 0)
		policyd_spf_users_import(im, &origin, pending.per_user, read_file);
	else if (pending.per_user != NULL)
		import_skip(im, &origin, "with Mock, policyd-spf does not read this file");
	free(pending.per_user);
	origin = (struct import_origin){ file, pending.mock_line, "Mock" };
	if (pending.mock_line != 0)
		import_mock(im, &origin, pending.mock_is_meant);
}
