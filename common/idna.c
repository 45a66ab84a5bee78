/* SPDX-License-Identifier: ISC */
#include <idn2.h>
#include <string.h>

#include "common/ascii.h"
#include "common/idna.h"
#include "common/xmalloc.h"

size_t
idna_to_ascii(char ascii[HOSTNAME_MAX + 1], const char *name, size_t len)
{
	char *made = NULL;
	size_t n = 0;
	int e;

	ascii[0] = '\0';
	if (len == 0 || len > HOSTNAME_MAX || memchr(name, '\0', len) != NULL)
		return 0;
	memcpy(ascii, name, len);
	ascii[len] = '\0';
	if (ascii_only(name, len))
		return len;
	e = idn2_to_ascii_8z(ascii, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (e == IDN2_MALLOC) /* the name may still be valid */
		xmalloc_failed("libidn2");
	if (e == IDN2_OK && strlcpy(ascii, made, HOSTNAME_MAX + 1) <= HOSTNAME_MAX)
		n = strlen(ascii);
	else
		ascii[0] = '\0';
	idn2_free(made);
	return n;
}
