/* SPDX-License-Identifier: ISC */
/*
 * restriction_class - the names of restriction classes of Postfix (RESTRICTION_CLASS_README). Pure.
 *
 * A policy service may answer with such a name. Any other word that Postfix accepts in this place
 * is an action or a restriction: OK, permit and a number accept mail, FILTER and REDIRECT send it
 * elsewhere. A sender can always make the SPF check of a domain of its own pass, so that a pass
 * must not lead to one of these.
 */
#ifndef CONF_RESTRICTION_CLASS_H
#define CONF_RESTRICTION_CLASS_H

#include <stdbool.h>

/*
 * True for letters, digits and '_' that do not begin with a digit, unless they are an action of
 * access(5) or begin like a restriction of postconf(5), in any case. Only main.cf shows whether the
 * class exists.
 */
bool restriction_class_is_name(const char *name);

#endif
