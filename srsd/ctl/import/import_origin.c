/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/printable.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/import_origin.h"

#define PLACE_SIZE 1024

void
import_place_describe(struct import_place *place, const char *text)
{
	char shown[PLACE_SIZE];

	import_place_clear(place);
	place->text = xstrdup(printable_text(shown, sizeof(shown), text, strlen(text)));
}

void
import_place_set(struct import_place *place, const struct import_origin *origin)
{
	char text[PLACE_SIZE];

	if (origin->line == 0)
		snprintf(text, sizeof(text), "%s's default for %s", origin->file, origin->name);
	else if (origin->name == NULL)
		snprintf(text, sizeof(text), "%s:%u", origin->file, origin->line);
	else
		snprintf(text, sizeof(text), "%s:%u %s", origin->file, origin->line, origin->name);
	import_place_describe(place, text);
	if (origin->line != 0)
		place->file = xstrdup(origin->file);
	place->line = origin->line;
	if (origin->name != NULL)
		place->name = xstrdup(origin->name);
}

void
import_place_clear(struct import_place *place)
{
	free(place->text);
	free(place->file);
	free(place->name);
	memset(place, 0, sizeof(*place));
}
