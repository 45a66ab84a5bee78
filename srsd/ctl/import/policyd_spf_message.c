/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/policyd_spf_message.h"

/* remove_url - a copy without the sentences that contain {url}; the caller frees it */
static char *
remove_url(const char *text)
{
	static const char url[] = "{url}";
	char *all = xcalloc(strlen(text) + 1, 1);
	size_t len, kept = 0;

	while (*text != '\0') {
		len = strcspn(text, ".;!?");
		len += text[len] != '\0';
		if (memmem(text, len, url, sizeof(url) - 1) == NULL) {
			memcpy(all + kept, text, len);
			kept += len;
		}
		text += len;
	}
	memmove(all, all + strspn(all, " "), strlen(all + strspn(all, " ")) + 1);
	return all;
}

/* translate_message - with the words in braces that srsd has; the caller frees it */
static char *
translate_message(const char *message, bool may_defer)
{
	const struct {
		const char *theirs, *ours;
	} words[] = { { "{spf}", "{reason}" },
		{ "{rejectdefer}", may_defer ? "not accepted" : "rejected" } };
	struct buffer text = { .data = NULL };
	size_t i, len;

	while (*message != '\0') {
		for (i = 0; i < 2; i++)
			if (strncmp(message, words[i].theirs, strlen(words[i].theirs)) == 0)
				break;
		if (i < 2) {
			buffer_add(&text, words[i].ours, strlen(words[i].ours));
			message += strlen(words[i].theirs);
			continue;
		}
		len = 1 + strcspn(message + 1, "{");
		buffer_add(&text, message, len);
		message += len;
	}
	buffer_add(&text, "", 1);
	return text.data;
}

void
policyd_spf_message_import(
    struct import *im, const struct import_origin *origin, const char *message)
{
	const struct conf_option *o = import_option("spf", "reason-message"),
				 *defer = import_option("spf", "temperror-defer");
	char *line = import_option_line(im, defer), *bare = remove_url(message), *text;
	bool may_defer = strcmp(line, "temperror-defer = true") == 0;

	text = translate_message(bare, may_defer);
	if (import_set_text(im, origin, o, text)) {
		if (strstr(message, "{url}") != NULL)
			import_note(im, o,
			    "Without the sentence that contains {url}: unless Reason_URL is set, it "
			    "is a link to openspf.net, a site that no longer exists.");
		if (may_defer && strstr(message, "{rejectdefer}") != NULL)
			import_note(im, o,
			    "'not accepted' replaces {rejectdefer}, because temperror-defer may "
			    "defer mail.");
	}
	free(text);
	free(bare);
	free(line);
}
