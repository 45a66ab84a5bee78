/* SPDX-License-Identifier: ISC */
/*
 * progress - shows on the operator's terminal that srsctl is waiting for a reply.
 *
 * After a second, standard error shows what srsctl is waiting for, and for how long, in a line that
 * progress_end clears. If the terminal cannot do that, it gets one line. A pipe or a file gets
 * nothing.
 */
#ifndef SRSD_CTL_PROGRESS_H
#define SRSD_CTL_PROGRESS_H

/*
 * Begins. The text, such as "waiting for the DNS", must live until progress_end. SIGALRM interrupts
 * system calls until then. There is one progress at a time.
 */
void progress_begin(const char *text);

void progress_end(void);

#endif
