/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "srsd/ctl/import/import_remark.h"

#define WIDTH 96

/* The word before a remark; NULL: none. */
static const char *const remark_marks[N_REMARK_KINDS] = {
	[REMARK_CHOICE] = "CHOOSE",
	[REMARK_UNKNOWN] = "UNKNOWN",
	[REMARK_PREPARE] = "PREPARE",
	[REMARK_WARNING] = "WARNING",
	[REMARK_LOSS] = "LOSS",
};

const char *
import_remark_mark(enum import_remark_kind kind)
{
	return remark_marks[kind];
}

struct import_remark *
import_remark_add(
    struct import_remarks *list, enum import_remark_kind kind, char *text, char *alternative)
{
	struct import_remark *remark = xcalloc(1, sizeof(*remark));

	remark->kind = kind;
	remark->text = text;
	remark->alternative = alternative;
	STAILQ_INSERT_TAIL(list, remark, entry);
	return remark;
}

void
import_remark_clear(struct import_remarks *list)
{
	struct import_remark *remark;

	while ((remark = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		free(remark->text);
		free(remark->alternative);
		import_place_clear(&remark->place);
		free(remark);
	}
}

size_t
import_remark_count(const struct import_remarks *list, enum import_remark_kind kind)
{
	const struct import_remark *remark;
	size_t n = 0;

	STAILQ_FOREACH (remark, list, entry)
		n += remark->kind == kind && !remark->again;
	return n;
}

bool
import_remark_is_open(const struct import_remarks *list)
{
	const struct import_remark *remark;

	STAILQ_FOREACH (remark, list, entry)
		if (remark->kind != REMARK_NOTE)
			return true;
	return false;
}

void
import_remark_print_text(const char *prefix, const char *text, FILE *out)
{
	size_t len, room = WIDTH - strlen(prefix);

	while (*text != '\0') {
		len = strlen(text);
		if (len > room) {
			for (len = room; len > 0 && text[len] != ' '; len--)
				;
			if (len == 0)
				len = strcspn(text, " ");
		}
		fprintf(out, "%s%.*s\n", prefix, (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

void
import_remark_print(const struct import_remarks *list, const char *indent, FILE *out)
{
	const struct import_remark *remark;
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%s# ", indent);
	STAILQ_FOREACH (remark, list, entry) {
		if (remark_marks[remark->kind] != NULL && !remark->again)
			fprintf(out, "%s%s:\n", prefix, remark_marks[remark->kind]);
		import_remark_print_text(prefix, remark->text, out);
		if (remark->alternative != NULL)
			fprintf(out, "%s#%s\n", indent, remark->alternative);
	}
}

void
import_remark_print_list(const struct import_remarks *list, FILE *out)
{
	const struct import_remark *remark;
	char *text;

	STAILQ_FOREACH (remark, list, entry) {
		if (remark_marks[remark->kind] == NULL) {
			import_remark_print_text("# ", remark->text, out);
			continue;
		}
		xasprintf(&text, "%s: %s", remark_marks[remark->kind], remark->text);
		import_remark_print_text("# ", text, out);
		free(text);
	}
}
