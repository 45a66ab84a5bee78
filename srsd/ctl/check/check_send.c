/* SPDX-License-Identifier: ISC */
/*
 * srsctl check --send - sends a message to a forwarded address, and a bounce to the resulting SRS
 * address.
 *
 * sendmail(1) submits both to Postfix, so that they pass the same maps or the same hop as all mail
 * that leaves. The recent decisions of the daemon show its answers, and postqueue(1) shows whether
 * the next server has accepted the message.
 *
 * The message is harmless. Its sender is a random address in check.invalid, a domain that no server
 * accepts (RFC 2606). The host that cannot deliver a bounce to it discards that, because the sender
 * of a bounce is null. Auto-Submitted prevents automatic replies (RFC 3834). Each step has a time
 * limit.
 *
 * SECURITY: senders and reasons in the queue are untrusted text, which findings makes printable.
 * The engine, which serves strangers, names the SRS address. The address gets mail and becomes part
 * of a printed command only if it contains the sender of the test message and no shell character.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/ascii.h"
#include "common/clock.h"
#include "common/xmalloc.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/program.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_alias.h"

/* Of each step, in milliseconds. */
#define STEP_MS 30000
#define LOOK_AGAIN_MS 250

/* The number of decisions to ask for each time. */
#define LOOK_DECISIONS 100

/* The domain of the sender. */
#define TEST_DOMAIN "check.invalid"

struct test_mail {
	const char *address; /* of --send */
	const char *postfix; /* directory of main.cf; NULL: the default one */
	char token[17];
	char sender[64];
	char *rewritten; /* the SRS address; NULL until it is known */
};

static void
pause_look(void)
{
	static const struct timespec pause = { 0, LOOK_AGAIN_MS * 1000000L };

	nanosleep(&pause, NULL);
}

/* write_message - as a new text; null_sender: a bounce */
static char *
write_message(const struct test_mail *mail, const char *recipient, bool null_sender)
{
	char date[64], *text;
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	xasprintf(&text,
	    "From: srsctl check <%s>\n"
	    "To: <%s>\n"
	    "Subject: Test of mail forwarding (srsctl check --send)\n"
	    "Date: %s\n"
	    "Message-ID: <%s%s@" TEST_DOMAIN ">\n"
	    "Auto-Submitted: %s\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=us-ascii\n"
	    "\n"
	    "An administrator has sent this %s to test whether forwarded mail\n"
	    "leaves with a rewritten sender, and whether bounces to it return.\n"
	    "Please ignore it.\n",
	    null_sender ? "MAILER-DAEMON@" TEST_DOMAIN : mail->sender, recipient, date,
	    null_sender ? "bounce-" : "", mail->token,
	    null_sender ? "auto-replied" : "auto-generated", null_sender ? "bounce" : "message");
	return text;
}

/* hand_over - submit a message to Postfix; false: reported */
static bool
hand_over(const struct check *check, const struct test_mail *mail, const char *sender,
    const char *recipient)
{
	const char *argv[10] = { "sendmail", "-i", "-f", sender }, *error = "";
	char *text = write_message(mail, recipient, sender[0] == '\0');
	struct program run;
	size_t n = 4;
	bool ok;

	if (mail->postfix != NULL) {
		argv[n++] = "-C";
		argv[n++] = mail->postfix;
	}
	argv[n++] = "--";
	argv[n++] = recipient;
	ok = program_run_with_input(&run, argv, text, &error);
	free(text);
	if (ok && run.status != 0) {
		findings_add(check->findings, FINDING_ERROR,
		    "sendmail refused the %s to %s: %.300s",
		    sender[0] == '\0' ? "bounce" : "test message", recipient, run.err);
		findings_remedy(check->findings, "see Postfix's log");
		program_free(&run);
		return false;
	}
	if (ok) {
		program_free(&run);
		return true;
	}
	findings_add(check->findings, FINDING_ERROR, "cannot run sendmail: %s", error);
	findings_remedy(check->findings, "--send needs the sendmail(1) of Postfix on this host");
	return false;
}

/* ask_decisions - the recent ones with an address, as a new reference; NULL: reported */
static json_t *
ask_decisions(const struct check *check, const char *address)
{
	json_t *request = json_pack("{s:s, s:i, s:s}", "command", "recent", "last", LOOK_DECISIONS,
		   "address", address),
	       *reply;
	char error[CTL_ERROR_SIZE] = "";

	reply = ctl_ask(check->ctl, request, CTL_SHOWN, error);
	json_decref(request);
	if (reply != NULL && json_object_get(reply, "error") == NULL)
		return reply;
	findings_add(check->findings, FINDING_ERROR, "cannot read the decisions of srsd: %s",
	    reply == NULL ? error : ctl_text(reply, "error"));
	findings_remedy(check->findings, "--send needs control and recent-decisions in srsd.conf");
	json_decref(reply);
	return NULL;
}

/* find_decision - the last one of either service, owned by reply; NULL: there is no such decision */
static const json_t *
find_decision(const json_t *reply, const char *service, const char *other)
{
	const json_t *decision, *found = NULL;
	size_t i;

	json_array_foreach (json_object_get(reply, "decisions"), i, decision)
		if (strcmp(ctl_text(decision, "service"), service) == 0 ||
		    strcmp(ctl_text(decision, "service"), other) == 0)
			found = decision;
	return found;
}

/*
 * wait_for_decision - 1: *reply is a new reference, and *found is in it. 0: it was not made in
 * time.
 * -1: reported
 */
static int
wait_for_decision(const struct check *check, const char *address, const char *service,
    const char *other, json_t **reply, const json_t **found)
{
	uint64_t until = clock_elapsed(&clock_system) + STEP_MS;

	for (;;) {
		*reply = ask_decisions(check, address);
		if (*reply == NULL)
			return -1;
		*found = find_decision(*reply, service, other);
		if (*found != NULL)
			return 1;
		json_decref(*reply);
		if (clock_elapsed(&clock_system) >= until)
			return 0;
		pause_look();
	}
}

static bool
has_plain_characters(const char *address)
{
	for (; *address != '\0'; address++)
		if (!ascii_isalnum(*address) && strchr("=+-._@/", *address) == NULL)
			return false;
	return true;
}

/* is_srs_of_test - true for an SRS address that contains the sender of the test message or an alias */
static bool
is_srs_of_test(const struct test_mail *mail, const char *address)
{
	size_t local = strcspn(address, "@"), user = strcspn(mail->sender, "@");
	struct srs_addr addr;

	if (!has_plain_characters(address) ||
	    srs_addr_parse(&addr, address, local) != SRS_ADDR_SRS0)
		return false;
	if (text_is(addr.host, SRS_ALIAS_HOST))
		return true;
	return text_is(addr.host, TEST_DOMAIN) && addr.user.len == user &&
	       memcmp(addr.user.s, mail->sender, user) == 0;
}

/* check_rewriting - find the SRS address of the sender; false: reported */
static bool
check_rewriting(const struct check *check, struct test_mail *mail)
{
	const json_t *decision;
	json_t *reply;
	int got = wait_for_decision(check, mail->sender, "forward", "milter", &reply, &decision);

	if (got == 0) {
		findings_add(check->findings, FINDING_ERROR,
		    "test message to %s: srsd was not asked about its sender within %d seconds",
		    mail->address, STEP_MS / 1000);
		findings_remedy(check->findings,
		    "search the log of Postfix for %s; the address must be forwarded to another "
		    "server",
		    mail->token);
	}
	if (got != 1)
		return false;
	if (strcmp(ctl_text(decision, "result"), "rewritten") == 0 &&
	    !is_srs_of_test(mail, ctl_text(decision, "to"))) {
		findings_add(check->findings, FINDING_ERROR,
		    "test message to %s: its sender became %s, which is not its SRS address",
		    mail->address, ctl_text(decision, "to"));
	} else if (strcmp(ctl_text(decision, "result"), "rewritten") == 0) {
		mail->rewritten = xstrdup(ctl_text(decision, "to"));
		findings_add(check->findings, FINDING_OK,
		    "test message to %s: its sender became %s", mail->address, mail->rewritten);
	} else {
		findings_add(check->findings, FINDING_ERROR,
		    "test message to %s: its sender was not rewritten (%s %s)", mail->address,
		    ctl_text(decision, "result"), ctl_text(decision, "kind"));
		findings_remedy(check->findings, "see srsctl recent --address %s", mail->sender);
	}
	json_decref(reply);
	return mail->rewritten != NULL;
}

/* find_delay - true: a message of this sender is queued; reason is that of its delay, or "" */
static bool
find_delay(const char *listing, const char *sender, char reason[FINDING_TEXT_SIZE])
{
	const char *line, *end;
	bool found = false;
	json_t *entry;

	reason[0] = '\0';
	for (line = listing; !found && line[0] != '\0'; line = end + (end[0] != '\0')) {
		end = line + strcspn(line, "\n");
		entry = json_loadb(line, (size_t)(end - line), 0, NULL);
		found = strcmp(ctl_text(entry, "sender"), sender) == 0;
		if (found)
			strlcpy(reason,
			    ctl_text(json_array_get(json_object_get(entry, "recipients"), 0),
				"delay_reason"),
			    FINDING_TEXT_SIZE);
		json_decref(entry);
	}
	return found;
}

/* look_into_queue - 1: the message is there. 0: it is not. -1: the queue cannot be read, reported */
static int
look_into_queue(
    const struct check *check, const struct test_mail *mail, char reason[FINDING_TEXT_SIZE])
{
	const char *argv[5] = { "postqueue", "-j" }, *error = "the queue is too long";
	struct program run;
	int found = -1;

	if (mail->postfix != NULL) {
		argv[2] = "-c";
		argv[3] = mail->postfix;
	}
	if (program_run(&run, argv, &error)) {
		if (run.status == 0 && !run.cut)
			found = find_delay(run.out, mail->rewritten, reason);
		else if (run.status != 0)
			error = "it failed";
		program_free(&run);
	}
	if (found == -1) {
		findings_add(check->findings, FINDING_SKIPPED,
		    "whether the test message has left the queue");
		findings_remedy(check->findings, "postqueue -j: %s", error);
	}
	return found;
}

/* check_departure - whether the next server has accepted the message */
static void
check_departure(const struct check *check, const struct test_mail *mail)
{
	uint64_t until = clock_elapsed(&clock_system) + STEP_MS;
	char reason[FINDING_TEXT_SIZE];
	const json_t *bounce;
	json_t *reply;
	int there;

	while ((there = look_into_queue(check, mail, reason)) == 1 && reason[0] == '\0' &&
	       clock_elapsed(&clock_system) < until)
		pause_look();
	if (there == 1) {
		findings_add(check->findings, FINDING_WARNING,
		    "test message to %s is still in the queue%s%.500s", mail->address,
		    reason[0] == '\0' ? "" : ": ", reason);
		findings_remedy(check->findings, "watch it with postqueue -p");
	}
	reply = there == 0 ? ask_decisions(check, mail->rewritten) : NULL;
	if (reply == NULL)
		return;
	bounce = find_decision(reply, "reverse", "reverse");
	if (bounce == NULL) {
		findings_add(check->findings, FINDING_OK,
		    "test message to %s: it has left the queue and was not returned",
		    mail->address);
	} else {
		findings_add(check->findings, FINDING_WARNING,
		    "test message to %s: it was returned to its sender", mail->address);
		findings_remedy(check->findings,
		    "search the log of Postfix for %s; it has the reply of the next server",
		    mail->token);
	}
	json_decref(reply);
}

/* check_return - a bounce to the SRS address */
static void
check_return(const struct check *check, const struct test_mail *mail)
{
	const json_t *decision;
	json_t *reply;
	int got;

	if (!hand_over(check, mail, "", mail->rewritten))
		return;
	got = wait_for_decision(check, mail->rewritten, "reverse", "reverse", &reply, &decision);
	if (got == 0) {
		findings_add(check->findings, FINDING_ERROR,
		    "test bounce to %s: srsd was not asked about it within %d seconds",
		    mail->rewritten, STEP_MS / 1000);
		findings_remedy(
		    check->findings, "search the log of Postfix for bounce-%s", mail->token);
	}
	if (got != 1)
		return;
	if (strcmp(ctl_text(decision, "to"), mail->sender) == 0) {
		findings_add(check->findings, FINDING_OK,
		    "test bounce to %s: it was returned to the original sender", mail->rewritten);
	} else {
		findings_add(check->findings, FINDING_ERROR,
		    "test bounce to %s: it was not returned to the original sender (%s)",
		    mail->rewritten, ctl_text(decision, "result"));
		findings_remedy(
		    check->findings, "srsctl reverse '%s' explains why", mail->rewritten);
	}
	json_decref(reply);
}

void
check_send(struct check *check, const char *postfix_dir, const char *address)
{
	struct test_mail mail = { .address = address, .postfix = postfix_dir };

	snprintf(mail.token, sizeof(mail.token), "%08x%08x", arc4random(), arc4random());
	snprintf(mail.sender, sizeof(mail.sender), "p%s@" TEST_DOMAIN, mail.token);
	if (!hand_over(check, &mail, mail.sender, address))
		return;
	findings_add(check->findings, FINDING_OK,
	    "test message to %s: Postfix has accepted it from %s", address, mail.sender);
	if (check_rewriting(check, &mail)) {
		check_departure(check, &mail);
		check_return(check, &mail);
	}
	free(mail.rewritten);
}
