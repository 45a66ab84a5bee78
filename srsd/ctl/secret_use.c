/* SPDX-License-Identifier: ISC */
#include <strings.h>
#include <time.h>

#include "srsd/ctl/secret_use.h"

json_t *
secret_use_ask(const struct ctl *ctl, char error[CTL_ERROR_SIZE])
{
	json_t *request = json_pack("{s:s}", "command", "status");
	json_t *reply = ctl_ask(ctl, request, CTL_SHOWN, error);
	json_t *secrets = json_object_get(reply, "secrets");

	if (reply != NULL)
		error[0] = '\0';
	secrets = json_is_array(secrets) ? json_incref(secrets) : NULL;
	json_decref(request);
	json_decref(reply);
	return secrets;
}

const json_t *
secret_use_verified(const json_t *secrets, const char *fingerprint)
{
	const json_t *secret;
	size_t i;

	for (i = 0; i < json_array_size(secrets); i++) {
		secret = json_array_get(secrets, i);
		if (strcasecmp(ctl_text(secret, "fingerprint"), fingerprint) == 0)
			return json_object_get(secret, "verified");
	}
	return NULL;
}

bool
secret_use_signs(const json_t *secrets, const char *fingerprint)
{
	return strcasecmp(ctl_text(json_array_get(secrets, 0), "fingerprint"), fingerprint) == 0;
}

bool
secret_use_is_outdated(const json_t *secrets, const struct secret_file *file)
{
	size_t i, n = secret_file_count(file);

	if (secrets == NULL)
		return false;
	if (json_array_size(secrets) != n)
		return true;
	for (i = 0; i < n; i++)
		if (strcasecmp(ctl_text(json_array_get(secrets, i), "fingerprint"),
			secret_file_past(file, i)->fingerprint) != 0)
			return true;
	return false;
}

/* find_late_signer - the secret with which the daemon signs, if the history has an end of it; or -1 */
static int
find_late_signer(const json_t *secrets, const struct secret_file *file)
{
	int i = secret_file_find(file, ctl_text(json_array_get(secrets, 0), "fingerprint"));

	if (i == -1 || secret_file_past(file, (size_t)i)->state != SECRET_STOPPED)
		return -1;
	return i;
}

void
secret_use_record(const struct ctl *ctl, const json_t *secrets)
{
	const struct secret_owner owner = secret_file_new_owner(ctl->settings);
	const char *path = ctl->settings->secrets_file;
	char error[SECRET_FILE_ERROR_SIZE];
	struct secret_file *file;
	int late = -1;

	/* Without a lock first, which another srsctl may hold for a while. */
	file = secret_file_open(path, NULL, error);
	if (file != NULL)
		late = find_late_signer(secrets, file);
	secret_file_close(&file);
	if (late == -1)
		return;
	file = secret_file_open(path, &owner, error);
	if (file == NULL)
		return;
	late = find_late_signer(secrets, file);
	if (late != -1) {
		secret_file_stop(file, (size_t)late, time(NULL));
		secret_file_write(file, error);
	}
	secret_file_close(&file);
}

/* has_stopped_secret - false as well if the file cannot be read */
static bool
has_stopped_secret(const struct ctl *ctl)
{
	char error[SECRET_FILE_ERROR_SIZE];
	struct secret_file *file = secret_file_open(ctl->settings->secrets_file, NULL, error);
	bool found = false;
	size_t i;

	for (i = 0; file != NULL && i < secret_file_count(file); i++)
		found = found || secret_file_past(file, i)->state == SECRET_STOPPED;
	secret_file_close(&file);
	return found;
}

bool
secret_use_record_before_reload(const struct ctl *ctl, char error[CTL_ERROR_SIZE])
{
	json_t *secrets;

	if (!has_stopped_secret(ctl))
		return true;
	secrets = secret_use_ask(ctl, error);
	secret_use_record(ctl, secrets);
	json_decref(secrets);
	return error[0] == '\0';
}
