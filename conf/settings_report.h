/* SPDX-License-Identifier: ISC */
/*
 * settings_report - settings as JSON, for srsctl status --json and srsctl import --json.
 *
 *	{ "srs-domain": "srs.example.org", "domains": ["example.org"], "max-age": 21, ...,
 *	  "spf": {"helo-reject": "fail", "test-only": false, ...},
 *	  "spf-sections": [{"name": "example.org", "no-mail": true}, ...] }
 *
 * Numbers and truth values have the types of JSON, lists are arrays, and all other values are the
 * texts that srsd -nv prints. A section has only the options that it sets itself. A text that is
 * not UTF-8 is null.
 */
#ifndef CONF_SETTINGS_REPORT_H
#define CONF_SETTINGS_REPORT_H

#include <jansson.h>

#include "conf/option.h"
#include "conf/settings.h"
#include "conf/spf_sections.h"

/* A new reference to the object. */
json_t *settings_report_whole(const struct settings *settings);

/* Bytes of a report for a reply of the control socket. Very many sections would not fit in it. */
#define SETTINGS_REPORT_MAX ((size_t)256 * 1024)

/* The same; or null, if the object would be longer than SETTINGS_REPORT_MAX. */
json_t *settings_report(const struct settings *settings);

/*
 * The value of one option, as a new reference. section is NULL for the value in spf { } or outside
 * of sections; a section that does not set the option has that value, too.
 */
json_t *settings_report_option(const struct settings *settings, const struct spf_section *section,
    const struct conf_option *option);

#endif
