/* SPDX-License-Identifier: ISC */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <seccomp.h>

#include "common/sandbox.h"

#ifndef SRSD_TRACEABLE

static const int allowed[] = {
	/* sockets */
	SCMP_SYS(accept4),
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	/* descriptors */
	SCMP_SYS(close),
	SCMP_SYS(dup),
	SCMP_SYS(eventfd2),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(pipe2),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	/* waiting */
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(futex),
	SCMP_SYS(nanosleep),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	/* ourselves */
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(getrandom),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getuid),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sysinfo),
	SCMP_SYS(time),
	SCMP_SYS(uname),
};

/* What libraries try, and go on without. */
static const int refused[] = {
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(prlimit64),
	SCMP_SYS(readlink),
	SCMP_SYS(stat),
	SCMP_SYS(statx),
};

/* Calls of which an argument counts: its number, and what it is compared with. */
static const struct {
	int call;
	uint32_t action;
	struct scmp_arg_cmp arg;
} bounded[] = {
	{ SCMP_SYS(socket), SCMP_ACT_ALLOW, { 0, SCMP_CMP_EQ, AF_INET, 0 } },
	{ SCMP_SYS(socket), SCMP_ACT_ALLOW, { 0, SCMP_CMP_EQ, AF_INET6, 0 } },
	{ SCMP_SYS(socket), SCMP_ACT_ALLOW, { 0, SCMP_CMP_EQ, AF_UNIX, 0 } },
	/* libunbound asks the kernel which addresses it has. */
	{ SCMP_SYS(socket), SCMP_ACT_ERRNO(EACCES), { 0, SCMP_CMP_EQ, AF_NETLINK, 0 } },
	/* No executable memory. */
	{ SCMP_SYS(mmap), SCMP_ACT_ALLOW, { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	{ SCMP_SYS(mprotect), SCMP_ACT_ALLOW, { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	/* fstat(3) of glibc, whose name is empty; with a name it is refused. */
	{ SCMP_SYS(newfstatat), SCMP_ACT_ALLOW,
	    { 3, SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH } },
	{ SCMP_SYS(newfstatat), SCMP_ACT_ERRNO(EACCES),
	    { 3, SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0 } },
	/* How many bytes wait, and not to wait: no control of devices. */
	{ SCMP_SYS(ioctl), SCMP_ACT_ALLOW, { 1, SCMP_CMP_EQ, FIONREAD, 0 } },
	{ SCMP_SYS(ioctl), SCMP_ACT_ALLOW, { 1, SCMP_CMP_EQ, FIONBIO, 0 } },
	{ SCMP_SYS(ioctl), SCMP_ACT_ERRNO(ENOTTY), { 1, SCMP_CMP_EQ, TCGETS, 0 } },
};

static int
add_rules(scmp_filter_ctx ctx)
{
	size_t i;
	int e = 0;

	for (i = 0; e == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	for (i = 0; e == 0 && i < sizeof(refused) / sizeof(refused[0]); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
	for (i = 0; e == 0 && i < sizeof(bounded) / sizeof(bounded[0]); i++)
		e = seccomp_rule_add_array(
		    ctx, bounded[i].action, bounded[i].call, 1, &bounded[i].arg);
	/* A library that calls abort(3) is no violation, and the log is to tell them apart. */
	if (e == 0)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return e;
}

bool
sandbox_enter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int e;

	if (ctx == NULL) {
		errno = ENOMEM;
		return false;
	}
	e = add_rules(ctx);
	if (e == 0)
		e = seccomp_load(ctx);
	seccomp_release(ctx);
	errno = -e;
	return e == 0;
}

#else

bool
sandbox_enter(void)
{
	return true;
}

#endif
