/* SPDX-License-Identifier: ISC */
/*
 * A configuration file. Lines that follow a line "-o" of the input override it. The printed
 * settings are read again as the same settings; an error is one line.
 */
#include "tests/fuzz/config_case.h"

#include "common/hostname.h"
#include "conf/spf_sections.h"

#define OVERRIDES_MAX 8

struct overrides {
	size_t n;
	const char *text[OVERRIDES_MAX];
};

/* take_overrides - cut them off the text; returns the length of the file */
static size_t
take_overrides(struct overrides *overrides, char *text, size_t size)
{
	char *mark = memmem(text, size, "\n-o\n", 4), *rest;

	overrides->n = 0;
	if (mark == NULL)
		return size;
	for (rest = mark + 4; *rest != '\0' && overrides->n < OVERRIDES_MAX;)
		overrides->text[overrides->n++] = fuzz_line(&rest);
	return (size_t)(mark - text) + 1;
}

/* check_printed - print, read, print: the text is the same */
static void
check_printed(const struct settings *s)
{
	char error[CONFIG_ERROR_SIZE], *first, *second;
	struct settings *again;
	size_t first_len, second_len;

	first = config_case_print(s, &first_len);
	again = config_case_load(first, first_len, NULL, 0, error);
	if (again == NULL)
		fprintf(stderr, "%s\n%s\n", error, first);
	fuzz_must(again != NULL);
	second = config_case_print(again, &second_len);
	fuzz_must(fuzz_same(first, first_len, second, second_len));
	fuzz_must(domainset_size(s->own_domains) == domainset_size(again->own_domains));
	fuzz_must(spf_sections_count(s->sections) == spf_sections_count(again->sections));
	settings_free(&again);
	free(first);
	free(second);
}

/* check_sections - each section is that of its own name */
static void
check_sections(const struct settings *s)
{
	const struct spf_section *section;
	const char *at, *domain;
	struct text local, name;
	size_t i;

	for (i = 0; (section = spf_sections_at(s->sections, i)) != NULL; i++) {
		at = strrchr(section->name, '@');
		domain = at == NULL ? section->name : at + 1;
		local.s = section->name;
		local.len = at == NULL ? 0 : (size_t)(at - section->name);
		name.s = domain;
		name.len = hostname_length(domain, strlen(domain));
		fuzz_must(spf_sections_find(s->sections, local, name) == section);
		fuzz_must(section->spf.authserv_id == s->spf.authserv_id);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONFIG_ERROR_SIZE], sections[40] = "", *text = malloc(size + 1);
	struct overrides overrides;
	struct settings *s;
	size_t len;

	fuzz_must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	len = take_overrides(&overrides, text, size);
	s = config_case_load(text, len, overrides.text, overrides.n, error);
	free(text);
	if (s == NULL) {
		fuzz_must(strchr(error, '\n') == NULL);
		fuzz_say_bytes(error, strcspn(error, ";")); /* up to the list of accepted values */
		return 0;
	}
	check_printed(s);
	check_sections(s);
	if (s->sections != NULL)
		snprintf(
		    sections, sizeof(sections), ", %zu sections", spf_sections_count(s->sections));
	fuzz_say("%s, %zu domains, separator %c, %zu endpoints, void-limit %d%s", s->srs_domain,
	    domainset_size(s->own_domains), s->separator, s->forward.n + s->reverse.n + s->policy.n,
	    s->spf.void_limit, sections);
	settings_free(&s);
	return 0;
}
