/* SPDX-License-Identifier: ISC */
#include <sys/time.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "srsd/ctl/progress.h"
#include "srsd/ctl/terminal.h"

/* A signal handler has no argument. It only calls functions that are safe in one. */
static struct {
	const char *text; /* NULL: no progress */
	bool in_place;
	volatile sig_atomic_t seconds;
} progress;

static void
write_progress(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) == -1)
		return; /* it is only a sign of life */
}

static void
write_seconds(unsigned seconds)
{
	char digits[16], *s = digits + sizeof(digits) - 1;

	*s = '\0';
	do
		*--s = (char)('0' + seconds % 10);
	while ((seconds /= 10) > 0);
	write_progress(s);
}

static void
on_progress_second(int number)
{
	int saved = errno;

	(void)number;
	progress.seconds++;
	if (progress.in_place) {
		write_progress("\r");
		write_progress(progress.text);
		write_progress(": ");
		write_seconds((unsigned)progress.seconds);
		write_progress(" s");
	} else if (progress.seconds == 1) {
		write_progress(progress.text);
		write_progress(" ...\n");
	}
	errno = saved;
}

static void
set_progress_timer(time_t seconds)
{
	const struct itimerval timer = { { seconds, 0 }, { seconds, 0 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

void
progress_begin(const char *text)
{
	struct sigaction action = { .sa_handler = on_progress_second };
	struct terminal terminal;

	terminal_describe(&terminal, STDERR_FILENO);
	if (terminal.width == 0)
		return;
	progress.text = text;
	progress.in_place = terminal.cursor;
	progress.seconds = 0;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	set_progress_timer(1);
}

void
progress_end(void)
{
	if (progress.text == NULL)
		return;
	set_progress_timer(0);
	signal(SIGALRM, SIG_IGN);
	if (progress.in_place && progress.seconds > 0)
		write_progress("\r\033[K");
	progress.text = NULL;
}
