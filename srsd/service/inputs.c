/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "spf/dns/resolver_plan.h"
#include "srsd/service/inputs.h"

bool
inputs_read_settings(struct inputs *in, struct filebox *box, const struct inputs_source *source,
    char error[CONFIG_ERROR_SIZE])
{
	memset(in, 0, sizeof(*in));
	in->box = box;
	in->settings =
	    config_load(box, source->config, source->overrides, source->n_overrides, error);
	if (in->settings == NULL)
		inputs_free(in);
	return in->settings != NULL;
}

static void
warn_of_weak_secrets(const struct inputs *in)
{
	char text[SRS_KEYS_DOUBT_SIZE];
	enum srs_keys_doubt kind;

	for (kind = 0; kind < SRS_KEYS_DOUBTS; kind++)
		if (srs_keys_doubt(in->keys, kind, text))
			log_warnx("secrets-file %s: %s", in->settings->secrets_file, text);
}

bool
inputs_read_rest(struct inputs *in, const struct identity *daemon, char error[CONFIG_ERROR_SIZE])
{
	in->keys =
	    srs_keys_load(in->box, in->settings->secrets_file, daemon, error, CONFIG_ERROR_SIZE);
	if (in->keys != NULL && !filebox_is_closed(in->box))
		warn_of_weak_secrets(in);
	if (in->keys != NULL)
		in->dns = resolver_plan_make(in->settings, in->box, error, CONFIG_ERROR_SIZE);
	if (in->dns != NULL)
		return true;
	inputs_free(in);
	return false;
}

void
inputs_free(struct inputs *in)
{
	srs_keys_free(&in->keys);
	settings_free(&in->settings);
	filebox_free(&in->box);
	free(in->dns);
	in->dns = NULL;
}
