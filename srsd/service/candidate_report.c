/* SPDX-License-Identifier: ISC */
#include "srsd/service/candidate_report.h"

static json_t *
count_candidates(const struct candidates *candidates)
{
	size_t counts[CANDIDATE_KINDS];
	json_t *object = json_object();
	enum candidate_kind kind;

	candidates_count(candidates, counts);
	for (kind = 0; kind < CANDIDATE_KINDS; kind++)
		json_object_set_new(
		    object, candidate_kind_name(kind), json_integer((json_int_t)counts[kind]));
	return object;
}

/* append_candidate - a candidates_each_fn */
static void
append_candidate(void *list, const char *domain, const struct candidate_state *state)
{
	char text[CANDIDATE_TEXT_SIZE];

	candidate_state_describe(state, text, sizeof(text));
	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I}", "domain", domain, "state",
					candidate_kind_name(state->kind), "text", text, "checked",
					(json_int_t)state->checked));
}

json_t *
candidate_report_json(const struct candidates *candidates)
{
	json_t *list = json_array();

	candidates_each(candidates, CANDIDATE_REPORT_DOMAINS, append_candidate, list);
	return json_pack("{s:o, s:o}", "counts", count_candidates(candidates), "domains", list);
}
