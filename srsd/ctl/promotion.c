/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/privdrop.h"
#include "common/xmalloc.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/promotion.h"
#include "srsd/ctl/sibling.h"
#include "srsd/srs/srs_keys.h"
#include "srsd/srs/srs_rewrite.h"

/* For all siblings. A Postfix with postscreen(8) lets a client wait for 6 seconds. */
#define ASK_SECONDS 30

/*
 * sign_probe - an address that the keys have signed. The domain of its sender does not
 * exist (RFC 6761, 6.4), so that no mail to it could be delivered. Each probe has a sender of its
 * own, so that a sibling does not mistake several for an address that is used too often.
 */
static bool
sign_probe(
    struct srs_result *result, const struct settings *settings, struct srs_keys *keys, time_t now)
{
	const struct srs_context context = { .settings = settings, .keys = keys, .now = now };
	char sender[64];

	snprintf(sender, sizeof(sender), "p%08x%08x@check.invalid", arc4random(), arc4random());
	srs_rewrite_forward(result, &context, sender, strlen(sender));
	return result->verdict == SRS_REWRITTEN;
}

/*
 * forge_probe - the same with a wrong hash, which begins with another character. A server that
 * accepts it does not look at the hash.
 */
static void
forge_probe(struct srs_result *forged, const struct srs_result *probe)
{
	char *hash;

	*forged = *probe;
	hash = strchr(forged->address, '=');
	if (hash != NULL)
		hash[1] = hash[1] == 'A' || hash[1] == 'a' ? 'B' : 'A';
}

/* report_sibling - print why a sibling keeps the secret from signing; false: it does not */
static bool
report_sibling(const struct sibling *sibling)
{
	char text[CTL_ERROR_SIZE];

	if (sibling->answer == SMTP_ACCEPTS)
		return false;
	snprintf(text, sizeof(text), "%s %s (%s)", sibling->name,
	    sibling->answer == SMTP_REFUSES ? "does not have this secret" : "cannot be asked",
	    sibling->reason);
	ctl_print_error(text);
	return true;
}

/* forget_secrets - because the process is going to read bytes of other hosts */
static void
forget_secrets(void *arg)
{
	secret_file_forget(arg);
}

/* ask_siblings - returns true when all of them accept the address, and not any other */
static bool
ask_siblings(const struct ctl *ctl, const struct srs_result *probe, struct secret_file *f)
{
	const struct settings *settings = ctl->settings;
	const struct text_list *names = &settings->siblings;
	struct srs_result forged;
	struct identity id;
	const struct sibling_query query = { settings->srs_domain, probe->address, forged.address,
		&id, ctl_timeout(ctl, ASK_SECONDS) * 1000, forget_secrets, f };
	const char *instead, *why;
	struct sibling *siblings;
	size_t i, bad = 0;

	if (!privdrop_daemon(&id, settings->unprivileged_user, &instead, &why)) {
		ctl_print_error(why);
		return false;
	}
	forge_probe(&forged, probe);
	siblings = xcalloc(names->n, sizeof(*siblings));
	for (i = 0; i < names->n; i++)
		siblings[i].name = names->text[i];
	sibling_ask(siblings, names->n, &query);
	for (i = 0; i < names->n; i++)
		bad += report_sibling(&siblings[i]);
	free(siblings);
	if (bad > 0)
		ctl_print_error(
		    "this secret does not sign yet, because bounces to other servers would be "
		    "refused; copy the file of secrets to them, run srsctl reload there, and try "
		    "again, or use --force");
	return bad == 0;
}

bool
promotion_is_safe(const struct ctl *ctl, struct secret_file *f, size_t number, time_t now)
{
	const struct settings *settings = ctl->settings;
	struct srs_result probe;
	struct srs_keys *keys;
	bool is_signed;

	if (settings->siblings.n == 0)
		return true;
	keys = secret_file_keys(f, number);
	is_signed = keys != NULL && sign_probe(&probe, settings, keys, now);
	srs_keys_free(&keys);
	if (!is_signed)
		ctl_print_error("cannot sign an address with this secret");
	return is_signed && ask_siblings(ctl, &probe, f);
}
