/* SPDX-License-Identifier: ISC */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

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
	/* descriptors */
	SCMP_SYS(close),
	SCMP_SYS(dup),
	SCMP_SYS(eventfd2),
	SCMP_SYS(fstat),
	SCMP_SYS(pipe2),
	SCMP_SYS(pread64),
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
	/* this process */
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

/*
 * Calls that libraries try, and can do without. The fstat(3) of glibc calls newfstatat with an
 * empty name, which a filter cannot distinguish from the name of a file.
 */
static const int refused[] = {
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(lseek),
	SCMP_SYS(newfstatat),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(prlimit64),
	SCMP_SYS(readlink),
	SCMP_SYS(stat),
	SCMP_SYS(statx),
};

/*
 * The arguments of the calls below decide whether they are allowed.
 *
 * The monitor and the next engine share the listening sockets, and possibly standard error. The
 * engine must not be able to stop these processes by a setting: no signals to an owner (F_SETOWN,
 * O_ASYNC, FIOASYNC, SIOCSPGRP), no blocking (O_NONBLOCK cleared, also by FIONBIO), no filter that
 * drops packets (SO_ATTACH_FILTER), and no shutdown(2).
 */

/* Sockets for TCP and UDP. Other protocols can load kernel modules, or evade a firewall. */
static const struct {
	int family, type, protocol;
} sockets[] = {
	{ AF_INET, SOCK_STREAM, 0 },
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP },
	{ AF_INET, SOCK_DGRAM, 0 },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	{ AF_INET6, SOCK_STREAM, 0 },
	{ AF_INET6, SOCK_STREAM, IPPROTO_TCP },
	{ AF_INET6, SOCK_DGRAM, 0 },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
};

static const int fcntl_commands[] = {
	F_DUPFD,
	F_DUPFD_CLOEXEC,
	F_GETFD,
	F_GETFL,
	F_SETFD,
};

/*
 * The options that libunbound sets on its sockets. endpoint_revive() restores them on listening
 * sockets.
 */
static const struct {
	int level, name;
} socket_options[] = {
	{ SOL_SOCKET, SO_REUSEADDR },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT },
	{ IPPROTO_IP, IP_MTU_DISCOVER },
	{ IPPROTO_IPV6, IPV6_MTU },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER },
	{ IPPROTO_IPV6, IPV6_V6ONLY },
	{ IPPROTO_TCP, TCP_NODELAY },
};

/* Calls for which one argument decides: its number, and the comparison. */
static const struct {
	int call;
	uint32_t action;
	struct scmp_arg_cmp arg;
} bounded[] = {
	/*
	 * libunbound uses netlink to list the addresses of this host, and can do without it. With
	 * unix sockets the engine could connect to services of this host. With bind(2), which
	 * libunbound needs for its random ports, it could also create sockets in the file system.
	 */
	{ SCMP_SYS(socket), SCMP_ACT_ERRNO(EACCES), { 0, SCMP_CMP_EQ, AF_NETLINK, 0 } },
	{ SCMP_SYS(socket), SCMP_ACT_ERRNO(EACCES), { 0, SCMP_CMP_EQ, AF_UNIX, 0 } },
	/* No executable memory. */
	{ SCMP_SYS(mmap), SCMP_ACT_ALLOW, { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	{ SCMP_SYS(mprotect), SCMP_ACT_ALLOW, { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	/* Only the number of bytes to read: no control of devices. */
	{ SCMP_SYS(ioctl), SCMP_ACT_ALLOW, { 1, SCMP_CMP_EQ, FIONREAD, 0 } },
	{ SCMP_SYS(ioctl), SCMP_ACT_ERRNO(ENOTTY), { 1, SCMP_CMP_EQ, TCGETS, 0 } },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* add_sockets - the type argument may have two flags as well */
static int
add_sockets(scmp_filter_ctx ctx)
{
	const scmp_datum_t kind = ~(scmp_datum_t)(SOCK_CLOEXEC | SOCK_NONBLOCK);
	size_t i;
	int e = 0;

	for (i = 0; e == 0 && i < COUNT(sockets); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)sockets[i].family, 0),
		    SCMP_A1(SCMP_CMP_MASKED_EQ, kind, (scmp_datum_t)sockets[i].type),
		    SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)sockets[i].protocol, 0));
	return e;
}

/* add_fcntl - F_SETFL must set O_NONBLOCK, and no other flag that it can change */
static int
add_fcntl(scmp_filter_ctx ctx)
{
	const scmp_datum_t flags = O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK;
	size_t i;
	int e = 0;

	for (i = 0; e == 0 && i < COUNT(fcntl_commands); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		    SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)fcntl_commands[i], 0));
	if (e == 0)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 2,
		    SCMP_A1(SCMP_CMP_EQ, F_SETFL, 0),
		    SCMP_A2(SCMP_CMP_MASKED_EQ, flags, O_NONBLOCK));
	return e;
}

static int
add_socket_options(scmp_filter_ctx ctx)
{
	size_t i;
	int e = 0;

	for (i = 0; e == 0 && i < COUNT(socket_options); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
		    SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)socket_options[i].level, 0),
		    SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)socket_options[i].name, 0));
	return e;
}

static int
add_bounded(scmp_filter_ctx ctx)
{
	size_t i;
	int e = add_sockets(ctx);

	if (e == 0)
		e = add_fcntl(ctx);
	if (e == 0)
		e = add_socket_options(ctx);
	for (i = 0; e == 0 && i < COUNT(bounded); i++)
		e = seccomp_rule_add_array(
		    ctx, bounded[i].action, bounded[i].call, 1, &bounded[i].arg);
	/* abort(3) in a library is not a violation, and the log distinguishes them. */
	if (e == 0)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return e;
}

static int
add_rules(scmp_filter_ctx ctx)
{
	size_t i;
	int e = 0;

	for (i = 0; e == 0 && i < COUNT(allowed); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	for (i = 0; e == 0 && i < COUNT(refused); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
	return e == 0 ? add_bounded(ctx) : e;
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

/* The store process. */

#ifndef SRSD_TRACEABLE

/*
 * SQLite opens the database, its WAL and the index of the WAL by name: at the start, and again when
 * a disk has failed. It also asks for files by name and deletes its own. So names of files are
 * allowed, and the rights of the daemon's user are the limit.
 */
static const int store_allowed[] = {
	/* files by name */
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(getcwd),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(stat),
	SCMP_SYS(statx),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	/* open files */
	SCMP_SYS(close),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchown),
	SCMP_SYS(fdatasync),
	SCMP_SYS(flock),
	SCMP_SYS(fstat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(fsync),
	SCMP_SYS(ftruncate),
	SCMP_SYS(lseek),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	/* the engine, and syslog, over the sockets that are open */
	SCMP_SYS(connect),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	/* waiting */
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(futex),
	SCMP_SYS(nanosleep),
	SCMP_SYS(restart_syscall),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	/* the process itself */
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
	SCMP_SYS(sysinfo),
	SCMP_SYS(time),
	SCMP_SYS(uname),
};

/* Libraries go on without these. */
static const int store_refused[] = {
	SCMP_SYS(ioctl),
	SCMP_SYS(prlimit64),
	SCMP_SYS(socket),
};

/* The locks of SQLite are those of POSIX. */
static const int store_fcntl_commands[] = {
	F_GETFD,
	F_GETFL,
	F_GETLK,
	F_SETFD,
	F_SETLK,
	F_SETLKW,
};

static int
add_store_rules(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp not_executable = { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 };
	size_t i;
	int e = 0;

	for (i = 0; e == 0 && i < COUNT(store_allowed); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, store_allowed[i], 0);
	for (i = 0; e == 0 && i < COUNT(store_refused); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), store_refused[i], 0);
	for (i = 0; e == 0 && i < COUNT(store_fcntl_commands); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		    SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)store_fcntl_commands[i], 0));
	if (e == 0)
		e = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &not_executable);
	if (e == 0)
		e = seccomp_rule_add_array(
		    ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &not_executable);
	if (e == 0)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return e;
}

bool
sandbox_enter_store(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int e;

	if (ctx == NULL) {
		errno = ENOMEM;
		return false;
	}
	e = add_store_rules(ctx);
	if (e == 0)
		e = seccomp_load(ctx);
	seccomp_release(ctx);
	errno = -e;
	return e == 0;
}

#else

bool
sandbox_enter_store(void)
{
	return true;
}

#endif
