/* SPDX-License-Identifier: ISC */
/*
 * settings_report - the effective settings as JSON, for srsctl status --json.
 *
 *	{ "srs-domain": "srs.example.org", "domains": ["example.org"], "max-age": 21, ...,
 *	  "spf": {"helo-reject": "fail", "test-only": false, ...},
 *	  "spf-sections": [{"name": "example.org", "no-mail": true}, ...] }
 *
 * Numbers and truth values have the types of JSON, lists are arrays, and all other values are the
 * texts that srsd -nv prints. A section has only the options that it sets itself. A text that is not
 * UTF-8 is null.
 */
#ifndef SRSD_SERVICE_SETTINGS_REPORT_H
#define SRSD_SERVICE_SETTINGS_REPORT_H

#include <jansson.h>

#include "conf/settings.h"

/* Bytes of a report. Very many sections would not fit in a reply. */
#define SETTINGS_REPORT_MAX ((size_t)256 * 1024)

/* A new reference to the object; or to null, if it would be longer than SETTINGS_REPORT_MAX. */
json_t *settings_report(const struct settings *settings);

#endif
