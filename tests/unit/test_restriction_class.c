/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "conf/restriction_class.h"

static void
test_names(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} rows[] = {
		{ "passed_spf", true },
		{ "SPF_pass2", true },
		{ "_x", true },
		{ "okay", true },
		{ "holding", true },
		{ "defer_", true },
		{ "rejected", true },
		{ "checked", true },
		{ "", false },
		{ " passed_spf", false },
		{ "passed spf", false },
		{ "passed_spf, other", false },
		{ "passed-spf", false },
		{ "check_policy_service inet:127.0.0.1:1", false },
		{ "spf\nOK", false },
		{ "b\303\274cher", false },
		/* all of these accept or redirect mail, or do something else with it */
		{ "OK", false },
		{ "ok", false },
		{ "permit", false },
		{ "PERMIT", false },
		{ "permit_mynetworks", false },
		{ "permit_auth_destination", false },
		{ "250", false },
		{ "0", false },
		{ "2class", false },
		{ "HOLD", false },
		{ "REDIRECT", false },
		{ "FILTER", false },
		{ "BCC", false },
		{ "DISCARD", false },
		{ "HANGUP", false },
		{ "PREPEND", false },
		{ "DUNNO", false },
		{ "WARN", false },
		{ "INFO", false },
		{ "RELAY", false },
		{ "REJECT", false },
		{ "DEFER", false },
		{ "Defer_If_Permit", false },
		{ "defer_if_reject", false },
		{ "defer_unauth_destination", false },
		{ "reject_unauth_destination", false },
		{ "reject_rbl_client", false },
		{ "check_recipient_access", false },
		{ "warn_if_reject", false },
		{ "sleep", false },
		/* policyd-spf writes this word for a class that is not set */
		{ "None", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(
		    rows[i].name, "name", restriction_class_is_name(rows[i].name), rows[i].want);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
