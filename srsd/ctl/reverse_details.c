/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "srsd/ctl/ctl.h"
#include "srsd/ctl/reverse_details.h"

static void
print_decoded_address(const json_t *decoded, const char *name)
{
	const char *address = ctl_text(decoded, name);

	if (address[0] != '\0')
		printf("%-10s<%s>\n", name, address);
}

static void
print_decoded_day(const json_t *decoded)
{
	const char *made = ctl_text(decoded, "made"), *ahead = ctl_text(decoded, "ahead");
	long long expired = ctl_number(decoded, "expired_days");

	if (made[0] == '\0')
		return;
	printf("%-10s%s", "made", made);
	if (expired > 0)
		printf(", expired %lld day%s ago", expired, expired == 1 ? "" : "s");
	if (ahead[0] != '\0')
		printf("; or %s, if the clock was ahead", ahead);
	putchar('\n');
}

/* print_tried_secrets - ": made with none of these secrets: A, B" */
static void
print_tried_secrets(const json_t *tried)
{
	const json_t *fingerprint;
	size_t i;

	json_array_foreach (tried, i, fingerprint)
		printf("%s%s", i == 0 ? ": made with none of these secrets: " : ", ",
		    ctl_string(fingerprint));
}

static void
print_decoded_hash(const json_t *reply, const json_t *decoded)
{
	const char *hash = ctl_text(decoded, "hash"), *secret = ctl_text(reply, "secret");

	if (hash[0] == '\0')
		return;
	if (strcmp(hash, "unknown") == 0)
		hash = "not verified";
	printf("%-10s%s", "hash", hash);
	if (secret[0] != '\0')
		printf(": made with %s", secret);
	print_tried_secrets(json_object_get(decoded, "tried"));
	putchar('\n');
}

static void
print_rcpt_answer(const json_t *decoded)
{
	const char *rcpt = ctl_text(decoded, "rcpt"), *held_back = ctl_text(decoded, "held_back");

	printf("%-10s", "RCPT");
	if (held_back[0] != '\0')
		printf("srsd does not refuse it: test-only holds back %s\n", held_back);
	else if (rcpt[0] == '\0')
		puts("srsd treats it like any other recipient");
	else if (strcmp(rcpt, "DUNNO") == 0)
		puts("a bounce to it is accepted");
	else
		puts(rcpt);
}

void
reverse_details_print(const json_t *reply)
{
	const json_t *decoded = json_object_get(reply, "decoded");

	if (!json_is_object(decoded))
		return;
	print_decoded_address(decoded, "sender");
	print_decoded_address(decoded, "original");
	if (ctl_text(decoded, "alias")[0] != '\0')
		printf("%-10s%s\n", "alias", ctl_text(decoded, "alias"));
	print_decoded_day(decoded);
	print_decoded_hash(reply, decoded);
	print_rcpt_answer(decoded);
}
