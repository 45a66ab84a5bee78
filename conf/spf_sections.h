/* SPDX-License-Identifier: ISC */
/*
 * spf_sections - the sections spf "NAME" { }: options for the recipients of one domain, or for one
 * recipient. Pure.
 *
 * NAME is a domain or an address. A section may have the options that have in_section in the table
 * of options, and spf { } has the values of those that it does not set. The section of an address
 * comes before that of its domain.
 *
 * Domains are compared in A-labels, in any case, and without a trailing dot. Local parts are
 * compared in the form of the policy service, without quotes, and in any case of ASCII letters; a
 * character whose case folding is ASCII (LONG S, KELVIN SIGN) counts as these letters, because it
 * does for Postfix. An address with an extension (user+extension) that has no section has that of
 * the address without it.
 *
 * An address with another one in its local part, "user%x.org"@y.org, has the section of user@x.org,
 * unless a section has its name: Postfix delivers there if y.org is in mydestination, and otherwise
 * refuses the recipient. (Measured with Postfix 3.7.)
 *
 * A lookup costs the same for any number of sections. It is made for each request, so it avoids
 * copies of the names.
 */
#ifndef CONF_SPF_SECTIONS_H
#define CONF_SPF_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/text.h"
#include "conf/option.h"
#include "conf/option_value.h"
#include "conf/settings.h"

struct spf_sections;

struct spf_section {
	char *name; /* as the configuration file has it */
	/* After spf_sections_complete, all options of spf: its own ones and those of spf { }. */
	struct spf_settings spf;
	bool own_lists; /* it sets one of the allow-lists that need the DNS (spf/spf_allow.h) */
};

/* No sections. The caller frees them. */
struct spf_sections *spf_sections_new(void);

/* Sets *sections to NULL; it may be NULL. */
void spf_sections_free(struct spf_sections **sections);

/*
 * Adds a section without options, and returns it. It belongs to the sections. NULL: the name is
 * neither a domain nor an address, or a section has the same name. error then says so.
 */
struct spf_section *spf_sections_add(
    struct spf_sections *sections, const char *name, char error[OPTION_ERROR_SIZE]);

/* Sets an option of a section, as option_set does. The option must have in_section. */
bool spf_section_set(struct spf_section *section, const struct conf_option *o,
    const char *const *values, size_t n, char error[OPTION_ERROR_SIZE]);

/* True if the section itself sets the option. */
bool spf_section_has(const struct spf_section *section, const struct conf_option *o);

/*
 * Fills in the options that the sections do not set. They share the texts and lists of spf, which
 * must outlive the sections. No option is set after that.
 */
void spf_sections_complete(struct spf_sections *sections, const struct spf_settings *spf);

/*
 * The section of a recipient; NULL: it has none. sections may be NULL. The parts are those of
 * mailaddr_split.
 */
const struct spf_section *spf_sections_find(
    const struct spf_sections *sections, struct text local, struct text domain);

/* The section of this number, from 0, in the order of the file; NULL: there are fewer. */
const struct spf_section *spf_sections_at(const struct spf_sections *sections, size_t number);

/* The number of sections. sections may be NULL. */
size_t spf_sections_count(const struct spf_sections *sections);

/* Prints all sections with the options that they set, in a form that config_load reads. */
void spf_sections_print(const struct spf_sections *sections, FILE *out);

#endif
