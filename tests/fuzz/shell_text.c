/* SPDX-License-Identifier: ISC */
/*
 * A file of shell assignments. Its items stand in their order, within the file; and what the file
 * sets, written with plain quotes, is set to the same.
 */
#include "tests/fuzz/fuzz.h"

#include "srsd/ctl/import/shell_text.h"

struct reading {
	unsigned lines, last, n[SHELL_COMMAND + 1];
	size_t size;
	FILE *out; /* each SHELL_SET, written anew */
};

static void
put_quoted(const char *name, const char *value, FILE *out)
{
	fprintf(out, "%s='", name);
	for (; *value != '\0'; value++)
		if (*value == '\'')
			fputs("'\\''", out);
		else
			putc(*value, out);
	fputs("'\n", out);
}

static void
on_item(void *arg, const struct shell_item *item)
{
	struct reading *r = arg;

	fuzz_must(item->kind <= SHELL_COMMAND);
	fuzz_must(item->line >= r->last && item->line >= 1 && item->line <= r->lines);
	fuzz_must((item->name == NULL) == (item->kind == SHELL_COMMAND));
	fuzz_must((item->value == NULL) == (item->kind == SHELL_COMMAND));
	fuzz_must(item->text != NULL);
	if (item->name != NULL)
		fuzz_must(item->name[0] != '\0' && strpbrk(item->name, "= \t\n'\"\\$") == NULL);
	r->last = item->line;
	r->n[item->kind]++;
	if (item->kind == SHELL_SET)
		put_quoted(item->name, item->value, r->out);
}

/* on_same - each assignment of the text that was written anew */
static void
on_same(void *arg, const struct shell_item *item)
{
	fuzz_must(item->kind == SHELL_SET);
	put_quoted(item->name, item->value, arg);
}

static void
check_quoted(const char *text, size_t len)
{
	char *again;
	size_t again_len;
	FILE *out = open_memstream(&again, &again_len);

	shell_text_read(text, on_same, out);
	fclose(out);
	fuzz_must(fuzz_same(text, len, again, again_len));
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *quoted, *s;
	struct reading r = { .lines = 1, .size = strlen(text) };
	size_t len;

	for (s = text; *s != '\0'; s++)
		r.lines += *s == '\n';
	r.out = open_memstream(&quoted, &len);
	shell_text_read(text, on_item, &r);
	fclose(r.out);
	if (len < 1 << 16) /* $A$A$A grows */
		check_quoted(quoted, len);
	fuzz_say("%u set, %u unknown, %u maybe, %u for, %u commands: ", r.n[SHELL_SET],
	    r.n[SHELL_UNKNOWN], r.n[SHELL_MAYBE], r.n[SHELL_FOR], r.n[SHELL_COMMAND]);
	fuzz_say_bytes(quoted, len);
	free(quoted);
	free(text);
	return 0;
}
