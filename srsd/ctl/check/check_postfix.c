/* SPDX-License-Identifier: ISC */
#include "srsd/ctl/check/check.h"

void
check_postfix(struct check *check, const char *dir)
{
	char error[POSTFIX_ERROR_SIZE];
	bool absent;

	check->postfix = postfix_open(dir, &absent, error);
	if (check->postfix == NULL && absent) {
		findings_add(check->findings, FINDING_SKIPPED, "Postfix");
		findings_remedy(check->findings, "%s", error);
		return;
	}
	if (check->postfix == NULL) {
		findings_add(check->findings, FINDING_ERROR, "Postfix: %s", error);
		findings_remedy(
		    check->findings, "fix its configuration, or name its directory with --postfix");
		return;
	}
	check_words(check);
	check_maps(check);
	check_other_maps(check);
	check_way(check);
	check_forwarding(check);
	check_restrictions(check);
	check_dmarc(check);
	check_srs_domain(check);
	check_section_names(check);
}
