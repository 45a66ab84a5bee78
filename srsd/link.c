/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "srsd/link.h"

#define WORD_SIZE 32

bool
link_add_change(char text[CHANNEL_TEXT_MAX], const struct link_change *change)
{
	char word[WORD_SIZE];

	if (change->comes)
		snprintf(word, sizeof(word), "+%u:%u ", change->service, change->id);
	else
		snprintf(word, sizeof(word), "-%u ", change->id);
	if (strlen(text) + strlen(word) >= CHANNEL_TEXT_MAX)
		return false;
	strlcat(text, word, CHANNEL_TEXT_MAX);
	return true;
}

bool
link_next_change(const char **text, struct link_change *change)
{
	int len = 0;

	memset(change, 0, sizeof(*change));
	if (sscanf(*text, "+%u:%u %n", &change->service, &change->id, &len) == 2)
		change->comes = true;
	else if (sscanf(*text, "-%u %n", &change->id, &len) != 1)
		return false;
	*text += len;
	return true;
}
