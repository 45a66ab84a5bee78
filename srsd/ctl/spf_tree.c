/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "spf/spf_record.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/spf_tree.h"

/*
 * The limit of lookups keeps includes and redirects below this depth. Deeper terms, of a daemon that
 * lies, are shown at it.
 */
#define LEVELS_MAX 64

/* The columns for the text of a line that the tree leaves at least. */
#define TEXT_COLUMNS 24

/* The part of a line before its text: each level has at most 5 bytes. */
#define PREFIX_SIZE (5 * (LEVELS_MAX + 4))

/* The escape sequences of a terminal (ECMA-48), without CSI and the final m. */
#define PLAIN ""
#define FAINT "2"
#define RED "1;31"
#define GREEN "1;32"
#define YELLOW "1;33"

/* The pieces that a tree is drawn with, three columns each. */
struct tree_pieces {
	const char *bar, *gap, *branch, *last, *arrow;
};

static const struct tree_pieces ascii_pieces = { "|  ", "   ", "|- ", "`- ", "<-" };
static const struct tree_pieces unicode_pieces = { "\342\224\202  ", "   ",
	"\342\224\234\342\224\200 ", "\342\224\224\342\224\200 ", "\342\206\220" };

/* A tree that is being drawn. A step is a record or a term, as in the report. */
struct spf_tree {
	struct buffer *out;
	const struct terminal *terminal;
	const struct tree_pieces *pieces;
	unsigned indent;           /* columns before the root */
	struct buffer line;        /* the text of the next line */
	const json_t *identity;    /* the report that has the terms */
	bool open[LEVELS_MAX + 2]; /* a term of this level follows */
	unsigned level;            /* of the latest term; 0: the root */
	bool parent;               /* the latest term has terms below it */
};

/* A term in its place; a record has the place of the term that leads to it. */
struct tree_step {
	const json_t *step;
	unsigned level;
	bool record;
	bool last;   /* the last term of its record */
	bool parent; /* terms of another record follow, one level below */
};

static bool
has_text(const json_t *object, const char *name)
{
	return ctl_text(object, name)[0] != '\0';
}

/* begins_character - is this the first byte of a character of UTF-8? Each has one column. */
static bool
begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t
count_columns(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += begins_character(*s);
	return n;
}

/*
 * cut_line - the number of bytes of a text that fit into columns
 *
 * It is cut at a blank; a word that is longer than the line is not cut.
 */
static size_t
cut_line(const char *s, size_t len, size_t columns)
{
	size_t i, used = 0, cut = 0;

	for (i = 0; i < len; i++) {
		if (s[i] == ' ' && i > 0 && used <= columns)
			cut = i;
		else if (s[i] == ' ' && used > columns)
			return i;
		used += begins_character(s[i]);
		if (used > columns && cut > 0)
			return cut;
	}
	return len;
}

/* put_piece - one physical line; an escape sequence that begins ends in it, too */
static void
put_piece(
    const struct spf_tree *tree, const char *prefix, const char *colour, const char *s, size_t len)
{
	bool coloured = tree->terminal->colour && colour[0] != '\0';

	buffer_printf(tree->out, "%s", prefix);
	if (coloured)
		buffer_printf(tree->out, "\033[%sm", colour);
	buffer_add(tree->out, s, len);
	buffer_printf(tree->out, "%s\n", coloured ? "\033[0m" : "");
}

static size_t
count_text_columns(const struct spf_tree *tree, const char *prefix)
{
	size_t used = count_columns(prefix), width = tree->terminal->width;

	if (width == 0)
		return SIZE_MAX;
	return width < used + TEXT_COLUMNS ? TEXT_COLUMNS : width - used;
}

/* put_tree_line - the collected text, as several lines if it is too long; rest is the prefix of these */
static void
put_tree_line(struct spf_tree *tree, const char *first, const char *rest, const char *colour)
{
	const char *s = tree->line.data, *prefix = first;
	size_t len = tree->line.len, n;

	while (len > 0) {
		n = cut_line(s, len, count_text_columns(tree, prefix));
		put_piece(tree, prefix, colour, s, n);
		for (; n < len && s[n] == ' '; n++)
			;
		s += n;
		len -= n;
		prefix = rest;
	}
	buffer_clear(&tree->line);
}

/* start_prefix - blanks, and the bars of the levels above */
static void
start_prefix(const struct spf_tree *tree, unsigned level, char prefix[PREFIX_SIZE])
{
	unsigned i;

	memset(prefix, ' ', tree->indent);
	prefix[tree->indent] = '\0';
	for (i = 1; i <= level; i++)
		strlcat(prefix, tree->open[i] ? tree->pieces->bar : tree->pieces->gap, PREFIX_SIZE);
}

/* put_detail - the collected text as a line below the latest term */
static void
put_detail(struct spf_tree *tree, const char *colour)
{
	char first[PREFIX_SIZE], rest[PREFIX_SIZE];

	start_prefix(tree, tree->level, first);
	strlcat(first, tree->parent ? tree->pieces->bar : tree->pieces->gap, PREFIX_SIZE);
	strlcpy(rest, first, sizeof(rest));
	strlcat(rest, "  ", sizeof(rest));
	put_tree_line(tree, first, rest, colour);
}

/* put_heading - the collected text as a line without a place in the tree */
static void
put_heading(struct spf_tree *tree, unsigned indent, const char *colour)
{
	char first[PREFIX_SIZE], rest[PREFIX_SIZE];

	memset(first, ' ', indent);
	first[indent] = '\0';
	strlcpy(rest, first, sizeof(rest));
	strlcat(rest, "    ", sizeof(rest));
	put_tree_line(tree, first, rest, colour);
}

static const char *
choose_result_colour(const char *result)
{
	if (strcmp(result, "pass") == 0)
		return GREEN;
	if (strcmp(result, "fail") == 0 || strcmp(result, "permerror") == 0)
		return RED;
	return YELLOW;
}

/* get_match_result - the result of a record if this term matches */
static const char *
get_match_result(const char *term)
{
	switch (term[0]) {
	case '-':
		return "fail";
	case '~':
		return "softfail";
	case '?':
		return "neutral";
	default:
		return "pass";
	}
}

/* add_record_text - TXT records are in quotes */
static void
add_record_text(struct buffer *line, const char *text, bool quoted, bool first)
{
	const char *quote = quoted ? "\"" : "";

	buffer_printf(line, "%s%s%s%s", first ? " " : ", ", quote, text, quote);
}

static bool
is_spf_text(const json_t *text)
{
	return spf_record_is_spf(ctl_string(text), strlen(ctl_string(text)));
}

static size_t
count_spf_texts(const json_t *texts)
{
	const json_t *text;
	size_t i, n = 0;

	json_array_foreach (texts, i, text)
		n += is_spf_text(text);
	return n;
}

/* add_answer_texts - of the texts of a domain with an SPF record, the others are only counted */
static void
add_answer_texts(struct buffer *line, const json_t *answer, bool of_record)
{
	const json_t *texts = json_object_get(answer, "records"), *text;
	bool quoted = strcmp(ctl_text(answer, "type"), "TXT") == 0;
	size_t i, n = of_record ? count_spf_texts(texts) : 0, others = json_array_size(texts) - n;
	bool first = true;

	json_array_foreach (texts, i, text) {
		if (n > 0 && !is_spf_text(text))
			continue;
		add_record_text(line, ctl_string(text), quoted, first);
		first = false;
	}
	if (n > 0 && others > 0)
		buffer_printf(line, " and %zu other text%s", others, others == 1 ? "" : "s");
}

static void
add_answer_time(struct buffer *line, const json_t *answer)
{
	long long asked = ctl_number(answer, "asked_ms");

	if (json_is_true(json_object_get(answer, "given")))
		buffer_printf(line, "  (from --record)");
	else if (json_is_true(json_object_get(answer, "cached")))
		buffer_printf(line, "  (cached)");
	else if (json_object_get(answer, "answered_ms") == NULL)
		buffer_printf(line, "  (asked at %lld ms, no answer)", asked);
	else
		buffer_printf(line, "  (%lld ms, at %lld ms)",
		    ctl_number(answer, "answered_ms") - asked, asked);
}

/* name_empty_answer - the name does not exist, or has no record of the type */
static const char *
name_empty_answer(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "no_name")) ? "NXDOMAIN" : "no record";
}

static void
put_answers(struct spf_tree *tree, const json_t *step, bool of_record)
{
	const json_t *answers = json_object_get(step, "dns"), *answer;
	const char *status;
	size_t i;

	json_array_foreach (answers, i, answer) {
		status = ctl_text(answer, "status");
		buffer_printf(
		    &tree->line, "%s %s", ctl_text(answer, "type"), ctl_text(answer, "name"));
		add_answer_texts(&tree->line, answer, of_record);
		if (strcmp(status, "void") == 0)
			status = name_empty_answer(answer);
		if (strcmp(status, "found") != 0)
			buffer_printf(&tree->line, " %s", status);
		add_answer_time(&tree->line, answer);
		put_detail(tree, FAINT);
	}
}

/* add_cost - " lookup 3", " lookups 2-5", or nothing; above the limit with the limit */
static void
add_cost(struct spf_tree *tree, const json_t *step, const char *one, const char *limit_name,
    const char *start)
{
	char many[20], total_name[20];
	long long cost, total, limit = ctl_number(tree->identity, limit_name);

	snprintf(many, sizeof(many), "%ss", one);
	snprintf(total_name, sizeof(total_name), "%ss_total", one);
	cost = ctl_number(step, many);
	total = ctl_number(step, total_name);
	if (cost <= 0)
		return;
	if (cost == 1)
		buffer_printf(&tree->line, "%s%s %lld", start, one, total);
	else
		buffer_printf(&tree->line, "%s%s %lld-%lld", start, many, total - cost + 1, total);
	if (total > limit)
		buffer_printf(&tree->line, " of %lld", limit);
}

static void
add_costs(struct spf_tree *tree, const json_t *step)
{
	bool lookups = ctl_number(step, "lookups") > 0, voids = ctl_number(step, "voids") > 0;

	add_cost(tree, step, "lookup", "lookup_limit", "  [");
	add_cost(tree, step, "void", "void_limit", lookups ? ", " : "  [");
	if (lookups || voids)
		buffer_printf(&tree->line, "]");
}

static bool
does_decide(const json_t *step)
{
	return json_is_true(json_object_get(step, "decides"));
}

/* add_record_outcome - of the lookup of a record: "found", or why the domain has no SPF record */
static void
add_record_outcome(struct buffer *line, const json_t *step)
{
	const json_t *answer = json_array_get(json_object_get(step, "dns"), 0);
	const json_t *texts = json_object_get(answer, "records");
	const char *outcome = ctl_text(step, "outcome");
	size_t n = json_array_size(texts);

	buffer_printf(line, ": ");
	if (strcmp(outcome, "void") == 0)
		buffer_printf(line, "%s", name_empty_answer(answer));
	else if (strcmp(outcome, "found") == 0 && n > 0 && count_spf_texts(texts) == 0)
		buffer_printf(line, "no v=spf1 among %zu TXT record%s", n, n == 1 ? "" : "s");
	else
		buffer_printf(line, "%s", outcome);
}

/* add_outcome - ": match, fail  [lookup 1]  <- decides" */
static void
add_outcome(struct spf_tree *tree, const json_t *step)
{
	const char *outcome = ctl_text(step, "outcome"), *term = ctl_text(step, "term");

	if (term[0] == '\0')
		add_record_outcome(&tree->line, step);
	else
		buffer_printf(&tree->line, ": %s", outcome);
	if (term[0] != '\0' && strcmp(outcome, "match") == 0)
		buffer_printf(&tree->line, ", %s", get_match_result(term));
	if (has_text(step, "problem"))
		buffer_printf(&tree->line, ", %s", ctl_text(step, "problem"));
	add_costs(tree, step);
	if (does_decide(step))
		buffer_printf(&tree->line, "  %s decides", tree->pieces->arrow);
}

/* choose_step_colour - the one that decides stands out, and so does a problem */
static const char *
choose_step_colour(const struct spf_tree *tree, const json_t *step)
{
	if (does_decide(step))
		return choose_result_colour(ctl_text(tree->identity, "result"));
	return has_text(step, "problem") ? YELLOW : PLAIN;
}

/* put_record - the root, or details of the term that leads to the record */
static void
put_record(struct spf_tree *tree, const struct tree_step *at, bool root)
{
	const char *domain = ctl_text(at->step, "domain");
	char first[PREFIX_SIZE], rest[PREFIX_SIZE];

	if (root)
		tree->parent = at->parent;
	if (root || does_decide(at->step) || has_text(at->step, "problem")) {
		buffer_printf(&tree->line, "record of %s", domain);
		add_outcome(tree, at->step);
	}
	if (root) {
		start_prefix(tree, 0, first);
		strlcpy(rest, first, sizeof(rest));
		strlcat(rest, at->parent ? tree->pieces->bar : tree->pieces->gap, sizeof(rest));
		put_tree_line(tree, first, rest, choose_step_colour(tree, at->step));
	} else {
		put_detail(tree, choose_step_colour(tree, at->step));
	}
	put_answers(tree, at->step, true);
	if (has_text(at->step, "hint")) {
		buffer_printf(&tree->line, "hint: TXT %s %s", domain, ctl_text(at->step, "hint"));
		put_detail(tree, YELLOW);
	}
}

static void
put_tree_term(struct spf_tree *tree, const struct tree_step *at)
{
	char first[PREFIX_SIZE], rest[PREFIX_SIZE];

	start_prefix(tree, at->level - 1, first);
	strlcat(first, at->last ? tree->pieces->last : tree->pieces->branch, sizeof(first));
	tree->level = at->level;
	tree->parent = at->parent;
	tree->open[at->level] = !at->last;
	start_prefix(tree, at->level, rest);
	strlcat(rest, at->parent ? tree->pieces->bar : tree->pieces->gap, sizeof(rest));
	buffer_printf(&tree->line, "%s", ctl_text(at->step, "term"));
	add_outcome(tree, at->step);
	put_tree_line(tree, first, rest, choose_step_colour(tree, at->step));
	if (has_text(at->step, "hint")) {
		buffer_printf(&tree->line, "hint: %s", ctl_text(at->step, "hint"));
		put_detail(tree, YELLOW);
	}
	put_answers(tree, at->step, false);
}

static unsigned
get_step_depth(const json_t *step)
{
	long long depth = ctl_number(step, "depth");

	return depth < 0 || depth > LEVELS_MAX ? 0 : (unsigned)depth;
}

/*
 * place_steps - set the levels
 *
 * A record follows the term that leads to it, and has its level. The terms of the record are one
 * level below. The report has the depth of includes, which redirects do not change.
 */
static void
place_steps(struct tree_step *steps, const json_t *terms)
{
	unsigned base[LEVELS_MAX + 1] = { 0 }, depth;
	const json_t *step;
	size_t i;

	json_array_foreach (terms, i, step) {
		depth = get_step_depth(step);
		steps[i].step = step;
		steps[i].record = !has_text(step, "term");
		if (steps[i].record)
			base[depth] = i == 0 ? 0 : steps[i - 1].level;
		steps[i].level = base[depth] + !steps[i].record;
		if (steps[i].level > LEVELS_MAX)
			steps[i].level = LEVELS_MAX;
	}
}

/* link_steps - find out what follows each step, from the last to the first */
static void
link_steps(struct tree_step *steps, size_t n)
{
	bool follows[LEVELS_MAX + 2] = { false };
	unsigned level;

	while (n-- > 0) {
		level = steps[n].level;
		steps[n].parent = follows[level + 1];
		if (steps[n].record)
			continue;
		steps[n].last = !follows[level];
		memset(follows + level + 1, 0, (LEVELS_MAX + 1 - level) * sizeof(follows[0]));
		follows[level] = true;
	}
}

/* put_steps - the terms of an identity */
static void
put_steps(struct spf_tree *tree, const json_t *identity, unsigned indent)
{
	const json_t *terms = json_object_get(identity, "terms");
	size_t i, n = json_array_size(terms);
	struct tree_step *steps = xcalloc(n + 1, sizeof(*steps));

	tree->identity = identity;
	tree->indent = indent;
	tree->level = 0;
	tree->parent = false;
	place_steps(steps, terms);
	link_steps(steps, n);
	for (i = 0; i < n; i++)
		if (steps[i].record)
			put_record(tree, &steps[i], i == 0);
		else
			put_tree_term(tree, &steps[i]);
	free(steps);
}

/* add_result - "fail by -all, PROBLEM" */
static void
add_result(struct buffer *line, const json_t *identity)
{
	const char *mechanism = ctl_text(identity, "mechanism");

	buffer_printf(line, "%s", ctl_text(identity, "result"));
	if (mechanism[0] != '\0')
		buffer_printf(line, " by %s", mechanism);
	if (strcmp(mechanism, "default") == 0)
		buffer_printf(line, ", no term matched");
	if (strcmp(ctl_text(identity, "result"), "none") == 0)
		buffer_printf(line, json_array_size(json_object_get(identity, "terms")) > 0
					? ", the domain has no SPF record"
					: ", this is not a domain that can have an SPF record");
	if (has_text(identity, "problem"))
		buffer_printf(line, ", %s", ctl_text(identity, "problem"));
}

static void
add_totals(struct buffer *line, const json_t *identity)
{
	buffer_printf(line, "lookups %lld of %lld, void %lld of %lld, %lld ms, dnssec %s",
	    ctl_number(identity, "lookups"), ctl_number(identity, "lookup_limit"),
	    ctl_number(identity, "voids"), ctl_number(identity, "void_limit"),
	    ctl_number(identity, "time_ms"), ctl_text(identity, "dnssec"));
}

/* put_remarks - further lines about an identity; the terms follow */
static void
put_remarks(struct spf_tree *tree, const json_t *identity, unsigned indent)
{
	if (has_text(identity, "explanation")) {
		buffer_printf(&tree->line, "explanation: %s", ctl_text(identity, "explanation"));
		put_heading(tree, indent, PLAIN);
	}
	add_totals(&tree->line, identity);
	put_heading(tree, indent, PLAIN);
	if (json_object_get(identity, "libspf2") != NULL) {
		buffer_printf(&tree->line, "native %s, libspf2 %s: they %s",
		    ctl_text(identity, "native"), ctl_text(identity, "libspf2"),
		    json_is_true(json_object_get(identity, "engines_agree")) ? "agree" : "differ");
		put_heading(tree, indent, PLAIN);
	}
	if (json_is_true(json_object_get(identity, "varies"))) {
		buffer_printf(&tree->line,
		    "a different local part or HELO name may get a different result (%%{s}, %%{l}, "
		    "%%{h})");
		put_heading(tree, indent, YELLOW);
	}
}

static void
put_identities(struct spf_tree *tree, const json_t *report)
{
	const json_t *identities = json_object_get(report, "identities"), *identity;
	size_t i;

	json_array_foreach (identities, i, identity) {
		buffer_printf(&tree->line, "%s %s: ", ctl_text(identity, "identity"),
		    ctl_text(identity, "domain"));
		add_result(&tree->line, identity);
		put_heading(tree, 0, choose_result_colour(ctl_text(identity, "result")));
		put_remarks(tree, identity, 2);
		put_steps(tree, identity, 2);
	}
}

static const json_t *
get_address_identity(const json_t *address)
{
	return json_array_get(json_object_get(address, "identities"), 0);
}

static size_t
count_passing(const json_t *addresses)
{
	const json_t *address;
	size_t i, n = 0;

	json_array_foreach (addresses, i, address)
		n += strcmp(ctl_text(get_address_identity(address), "result"), "pass") == 0;
	return n;
}

/* put_address - the verdict on mail that leaves from an address */
static void
put_address(struct spf_tree *tree, const json_t *address)
{
	const json_t *identity = get_address_identity(address);

	buffer_printf(&tree->line, "%s: ", ctl_text(address, "ip"));
	if (identity == NULL) {
		buffer_printf(&tree->line, "not evaluated: the DNS is too slow");
		put_heading(tree, 2, YELLOW);
		return;
	}
	add_result(&tree->line, identity);
	put_heading(tree, 2, choose_result_colour(ctl_text(identity, "result")));
	put_remarks(tree, identity, 4);
	if (has_text(address, "hint")) {
		buffer_printf(&tree->line, "hint: %s", ctl_text(address, "hint"));
		put_heading(tree, 4, YELLOW);
	}
	put_steps(tree, identity, 4);
}

static void
put_addresses(struct spf_tree *tree, const json_t *report)
{
	const json_t *addresses = json_object_get(report, "addresses"), *address;
	size_t i, n = json_array_size(addresses), passing = count_passing(addresses);

	buffer_printf(&tree->line,
	    "mail that is forwarded under %s: pass for %zu of %zu outbound address%s",
	    ctl_text(report, "for"), passing, n, n == 1 ? "" : "es");
	put_heading(tree, 0, passing == n ? GREEN : RED);
	json_array_foreach (addresses, i, address)
		put_address(tree, address);
}

void
spf_tree_add(struct buffer *out, const json_t *report, const struct terminal *terminal)
{
	struct spf_tree tree = { .out = out, .terminal = terminal };

	tree.pieces = terminal->unicode ? &unicode_pieces : &ascii_pieces;
	if (json_object_get(report, "addresses") != NULL)
		put_addresses(&tree, report);
	put_identities(&tree, report);
	buffer_free(&tree.line);
}
