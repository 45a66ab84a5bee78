/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/check/postfix_restriction.h"

static const char *
class_of(void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "good") == 0)
		return "permit_mynetworks, reject_non_fqdn_sender";
	if (strcmp(name, "guarded") == 0)
		return "permit_mynetworks reject_unauth_destination";
	if (strcmp(name, "bad") == 0)
		return "permit_mynetworks no_such_thing";
	if (strcmp(name, "unlisted") == 0)
		return "permit_mynetworks reject_unlisted_recipient";
	if (strcmp(name, "many") == 0)
		return "many many many many many many many many many many many many many many many";
	return NULL;
}

#define LISTS(pair) (&(struct postfix_lists){ pair, 2, class_of, NULL })

static void
test_faults(void **state)
{
	static const struct {
		const char *lists[2];
		enum postfix_fault want;
		const char *word;
		size_t number;
	} rows[] = {
		{ { "", "" }, POSTFIX_SOUND, NULL, 0 },
		{ { "permit_mynetworks, REJECT_unauth_destination", "good, bad_not" },
		    POSTFIX_UNKNOWN_WORD, "bad_not", 1 },
		{ { "permit_mynetwork", "" }, POSTFIX_UNKNOWN_WORD, "permit_mynetwork", 0 },
		{ { "warn_if_reject nonsense", "" }, POSTFIX_UNKNOWN_WORD, "nonsense", 0 },
		{ { "good", "bad" }, POSTFIX_UNKNOWN_WORD, "no_such_thing", 1 },
		/* The names of classes have a case, those of restrictions do not. */
		{ { "Good", "" }, POSTFIX_UNKNOWN_WORD, "Good", 0 },
		{ { "permit nonsense", "" }, POSTFIX_SOUND, NULL, 0 },
		{ { "reject nonsense", "permit_x" }, POSTFIX_UNKNOWN_WORD, "permit_x", 1 },
		{ { "warn_if_reject reject nonsense", "" }, POSTFIX_UNKNOWN_WORD, "nonsense", 0 },
		/* A table by itself is one of check_client_access, ... by its list. */
		{ { "hash:/etc/x, inline:{a=b, c=d}", "" }, POSTFIX_SOUND, NULL, 0 },
		{ { "check_client_access hash:/etc/x", "" }, POSTFIX_SOUND, NULL, 0 },
		{ { "check_client_access { hash:/etc/x, search_order=x }", "" }, POSTFIX_SOUND,
		    NULL, 0 },
		{ { "check_client_access", "" }, POSTFIX_NO_ARGUMENT, "check_client_access", 0 },
		{ { "check_helo_access permit_mynetworks", "" }, POSTFIX_NO_ARGUMENT,
		    "check_helo_access", 0 },
		{ { "reject_rbl_client zen.example.org, permit_mynetworks", "" }, POSTFIX_SOUND,
		    NULL, 0 },
		{ { "reject_rhsbl_sender dbl.example.org=127.0.1.[2..99]", "" }, POSTFIX_SOUND,
		    NULL, 0 },
		{ { "reject_rbl_client", "" }, POSTFIX_SOUND, NULL, 0 },
		{ { "sleep 5, permit_mynetworks", "" }, POSTFIX_SOUND, NULL, 0 },
		{ { "sleep permit_mynetworks", "" }, POSTFIX_NO_ARGUMENT, "sleep", 0 },
		{ { "sleep", "" }, POSTFIX_NO_ARGUMENT, "sleep", 0 },
		{ { "check_policy_service inet:127.0.0.1:10003", "" }, POSTFIX_SOUND, NULL, 0 },
		{ { "check_policy_service local:x check_policy_service { unix:x, timeout=1 }", "" },
		    POSTFIX_SOUND, NULL, 0 },
		{ { "check_policy_service", "" }, POSTFIX_NO_ARGUMENT, "check_policy_service", 0 },
		{ { "check_policy_service 127.0.0.1:10003", "" }, POSTFIX_BAD_TRANSPORT,
		    "127.0.0.1:10003", 0 },
		{ { "check_policy_service INET:127.0.0.1:10003", "" }, POSTFIX_BAD_TRANSPORT,
		    "INET:127.0.0.1:10003", 0 },
		{ { "check_policy_service inet:", "" }, POSTFIX_BAD_TRANSPORT, "inet:", 0 },
		{ { "check_policy_service localhost", "" }, POSTFIX_BAD_TRANSPORT, "localhost", 0 },
		{ { "many nonsense", "" }, POSTFIX_SOUND, NULL, 0 }, /* it was enough */
	};
	char word[POSTFIX_WORD_SIZE];
	enum postfix_fault got;
	size_t i, number;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		got = postfix_lists_fault(LISTS(rows[i].lists), word, &number);
		unit_int(rows[i].lists[0], "fault", got, rows[i].want);
		if (got == POSTFIX_SOUND || got != rows[i].want)
			continue;
		unit_text(rows[i].lists[0], "word", word, rows[i].word);
		unit_int(rows[i].lists[0], "list", (long long)number, (long long)rows[i].number);
	}
	unit_end();
}

static void
test_have(void **state)
{
	static const struct {
		const char *lists[2];
		bool want;
	} rows[] = {
		{ { "", "" }, false },
		{ { "", "permit_mynetworks, reject_non_fqdn_sender" }, true },
		{ { "Reject_Non_Fqdn_Sender", "" }, true },
		{ { "permit reject_non_fqdn_sender", "" }, false },
		{ { "permit", "reject_non_fqdn_sender" }, true },
		{ { "warn_if_reject reject_non_fqdn_sender", "" }, false },
		{ { "good", "" }, true },
		{ { "permit good", "" }, false },
		{ { "reject_non_fqdn_recipient", "" }, false },
		{ { "reject_rbl_client reject_non_fqdn_sender", "" }, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(unit_row("%s / %s", rows[i].lists[0], rows[i].lists[1]), "has it",
		    postfix_lists_have(LISTS(rows[i].lists), "reject_non_fqdn_sender"),
		    rows[i].want);
	unit_end();
}

static bool
is_ours(void *arg, const char *endpoint)
{
	(void)arg;
	return strcmp(endpoint, "inet:127.0.0.1:10003") == 0;
}

static void
test_judge_early(void **state)
{
#define OURS "check_policy_service inet:127.0.0.1:10003"
	static const struct {
		const char *lists[2];
		const char *want; /* "": nothing */
	} rows[] = {
		{ { "", "" }, "" },
		{ { "", "permit_mynetworks, reject_unauth_destination, " OURS }, "" },
		{ { "", OURS ", reject_unlisted_recipient" }, "" },
		{ { "", "reject_unlisted_recipient, " OURS }, "reject_unlisted_recipient" },
		{ { "reject_unlisted_sender", OURS }, "reject_unlisted_sender" },
		{ { "Reject_Unverified_Recipient", OURS }, "Reject_Unverified_Recipient" },
		{ { "", "warn_if_reject reject_unlisted_recipient, " OURS }, "" },
		{ { "permit, reject_unlisted_sender", OURS }, "" },
		{ { "", "check_policy_service inet:127.0.0.1:1 reject_unverified_sender " OURS },
		    "reject_unverified_sender" },
		{ { "", "check_policy_service { inet:127.0.0.1:10003, timeout=10s } "
			"reject_unlisted_recipient" },
		    "" },
		{ { "good", "unlisted " OURS }, "reject_unlisted_recipient" },
	};
	char word[POSTFIX_WORD_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_int(rows[i].lists[1], "early",
		    postfix_lists_judge_early(LISTS(rows[i].lists), is_ours, word),
		    rows[i].want[0] != '\0');
		unit_text(rows[i].lists[1], "word", word, rows[i].want);
	}
	unit_end();
}

static void
test_guard(void **state)
{
	static const struct {
		const char *lists[2];
		bool want;
	} rows[] = {
		{ { "", "" }, false },
		{ { "permit_mynetworks", "permit_sasl_authenticated" }, false },
		{ { "permit_mynetworks, reject_unauth_destination", "" }, true },
		{ { "", "defer_unauth_destination" }, true },
		{ { "", "permit_mynetworks, reject" }, true },
		{ { "permit, reject", "" }, false },
		{ { "permit", "defer_if_permit" }, true },
		{ { "warn_if_reject reject_unauth_destination", "" }, false },
		{ { "guarded", "" }, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(unit_row("%s / %s", rows[i].lists[0], rows[i].lists[1]), "guards",
		    postfix_lists_guard(LISTS(rows[i].lists)), rows[i].want);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_have),
		cmocka_unit_test(test_judge_early),
		cmocka_unit_test(test_guard),
	};

	return cmocka_run_group_tests_name("postfix_restriction", tests, NULL, NULL);
}
