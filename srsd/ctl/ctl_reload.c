/* SPDX-License-Identifier: ISC */
/*
 * srsctl reload - make the daemon read its files again, and print its error if it refuses them.
 *
 * An error in the configuration is left to the daemon to report, so that it is printed once. If the
 * daemon cannot be asked, the error may be the cause: then the control socket is the default one.
 */
#include <unistd.h>

#include "srsd/ctl/ctl.h"
#include "srsd/ctl/secret_use.h"

int
ctl_reload(const struct ctl *ctl, const struct command_line *line)
{
	bool as_json = command_line_has(line, "json");
	char error[CTL_ERROR_SIZE];
	json_t *reply = NULL;
	int status = CTL_UNKNOWN;

	if (secret_use_record_before_reload(ctl, error))
		status =
		    ctl_ask_for(ctl, "reload", NULL, as_json ? CTL_AS_JSON : CTL_SHOWN, &reply);
	else
		ctl_print_error(error);
	if (status == CTL_UNKNOWN && ctl->config_error != NULL && access(ctl->config, F_OK) == 0)
		ctl_print_error(ctl->config_error);
	if (reply != NULL && as_json)
		ctl_print_json(reply);
	json_decref(reply);
	return status;
}
