/* SPDX-License-Identifier: ISC */
/*
 * Each call is tried in a child of its own, for some of them are its end.
 */
#include "tests/unit/unit.h"

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <signal.h>
#include <unistd.h>

#include "common/sandbox.h"

#ifdef SRSD_TRACEABLE
#define WITHOUT_SANDBOX true
#else
#define WITHOUT_SANDBOX false
#endif

/* end_of - how a child ends that does this in the sandbox */
static int
end_of(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sandbox_enter() ? act() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
do_abort(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static int
do_signal_the_parent(void)
{
	return kill(getppid(), 0);
}

static int
do_fork(void)
{
	return fork() == -1;
}

static int
do_open(void)
{
	return open("/dev/null", O_RDONLY) == -1 && errno == EACCES ? 0 : 1;
}

/* A listening socket of loopback and one end of a pair, open before the sandbox as the engine's. */
static int listener, unix_end;

static const int on = 1;

static void
open_descriptors(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int end[2];

	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_not_equal(listener, -1);
	assert_int_equal(bind(listener, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end), 0);
	unix_end = end[0];
}

#define ACT(name, call)                      \
	static int name(void)                \
	{                                    \
		return (call) == -1 ? 1 : 0; \
	}

/* Operations that are forbidden on every descriptor, shared with the monitor or not. */
ACT(act_set_owner, fcntl(listener, F_SETOWN, getppid()))
ACT(act_set_signal, fcntl(listener, F_SETSIG, SIGKILL))
ACT(act_set_async, fcntl(listener, F_SETFL, O_NONBLOCK | O_ASYNC))
ACT(act_set_blocking, fcntl(listener, F_SETFL, 0))
ACT(act_set_append, fcntl(listener, F_SETFL, O_NONBLOCK | O_APPEND))
ACT(act_set_direct, fcntl(listener, F_SETFL, O_NONBLOCK | O_DIRECT))
ACT(act_lease, fcntl(listener, F_SETLEASE, F_WRLCK))
ACT(act_notify, fcntl(listener, F_NOTIFY, DN_CREATE))
ACT(act_pipe_size, fcntl(listener, F_SETPIPE_SZ, 4096))
ACT(act_lock, fcntl(listener, F_SETLK, &(struct flock){ .l_type = F_WRLCK }))
ACT(act_ioctl_async, ioctl(listener, FIOASYNC, &on))
ACT(act_ioctl_blocking, ioctl(listener, FIONBIO, &(int){ 0 }))
ACT(act_ioctl_owner, ioctl(listener, FIOSETOWN, &(int){ 1 }))
ACT(act_ioctl_group, ioctl(listener, SIOCSPGRP, &(int){ 1 }))
ACT(act_ioctl_type, ioctl(0, TIOCSTI, "x"))
ACT(act_ioctl_terminal, ioctl(0, TIOCSCTTY, 1))
ACT(act_ioctl_unix_file, ioctl(unix_end, 0x89E0 /* SIOCUNIXFILE */, 0))
ACT(act_shutdown, shutdown(listener, SHUT_RDWR))
ACT(act_listen, listen(listener, 0))

static int
set_option(int level, int name)
{
	return setsockopt(listener, level, name, &on, sizeof(on)) == -1 ? 1 : 0;
}

static int
act_filter(void)
{
	struct sock_filter drop = { BPF_RET | BPF_K, 0, 0, 0 };
	struct sock_fprog program = { 1, &drop };

	return setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

ACT(act_lock_filter, set_option(SOL_SOCKET, SO_LOCK_FILTER))
ACT(act_receive_buffer, set_option(SOL_SOCKET, SO_RCVBUF))
ACT(act_linger, set_option(SOL_SOCKET, SO_LINGER))
ACT(act_reuse_port, set_option(SOL_SOCKET, SO_REUSEPORT))
ACT(act_mark, set_option(SOL_SOCKET, SO_MARK))
ACT(act_bind_to_device, set_option(SOL_SOCKET, SO_BINDTODEVICE))
ACT(act_defer_accept, set_option(IPPROTO_TCP, TCP_DEFER_ACCEPT))
ACT(act_segment_size, set_option(IPPROTO_TCP, TCP_MAXSEG))
ACT(act_repair, set_option(IPPROTO_TCP, TCP_REPAIR))

/* Other sockets than those for TCP and UDP. */
ACT(act_raw, socket(AF_INET, SOCK_RAW, IPPROTO_ICMP))
ACT(act_ping, socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP))
ACT(act_mptcp, socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */))
ACT(act_sctp, socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP))
ACT(act_seqpacket, socket(AF_INET, SOCK_SEQPACKET, 0))
ACT(act_dccp, socket(AF_INET, SOCK_DCCP, IPPROTO_DCCP))
ACT(act_packet, socket(AF_PACKET, SOCK_DGRAM, 0))
ACT(act_vsock, socket(AF_VSOCK, SOCK_STREAM, 0))
ACT(act_alg, socket(AF_ALG, SOCK_SEQPACKET, 0))
ACT(act_pair, socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 }))

/* Processes, memory, and everything else that an engine does not do. */
ACT(act_kill, kill(getppid(), SIGKILL))
ACT(act_thread_kill, syscall(SYS_tgkill, getppid(), getppid(), SIGKILL))
ACT(act_queue_signal, syscall(SYS_rt_sigqueueinfo, getppid(), SIGKILL, NULL))
ACT(act_pidfd, syscall(SYS_pidfd_open, getppid(), 0))
ACT(act_trace, syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, getppid(), 0, 0))
ACT(act_read_memory, syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0))
ACT(act_exec, execl("/bin/true", "true", (char *)NULL))
ACT(act_namespace, syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */))
ACT(act_dump, prctl(PR_SET_DUMPABLE, 1))
ACT(act_priority, setpriority(PRIO_PROCESS, 0, 10))
ACT(act_truncate, ftruncate(listener, 0))
ACT(act_change_mode, fchmod(listener, 0777))
ACT(act_memory_file, syscall(SYS_memfd_create, "x", 0))
ACT(act_executable,
    (intptr_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
ACT(act_make_executable, mprotect(NULL, 4096, PROT_EXEC))

/* Calls that are refused with an error, so that a library can continue without them. */
#define REFUSED(name, call, error)                               \
	static int name(void)                                    \
	{                                                        \
		return (call) == -1 && errno == (error) ? 0 : 1; \
	}

REFUSED(act_unix_socket, socket(AF_UNIX, SOCK_STREAM, 0), EACCES)
REFUSED(act_unix_datagram, socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), EACCES)
REFUSED(act_netlink, socket(AF_NETLINK, SOCK_RAW, 0), EACCES)
REFUSED(act_seek, lseek(listener, 0, SEEK_SET), EACCES)
REFUSED(act_stat,
    syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &(struct stat){ 0 }, AT_EMPTY_PATH), EACCES)

/* act_work - what libevent, libunbound and the channel do; the step that fails, or 0 */
static int
act_work(void)
{
	int value = IP_PMTUDISC_DONT, flags, fd;

	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	if (fd == -1 && errno == EAFNOSUPPORT)
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd == -1)
		return 1;
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return 2;
	fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		return 3;
	if (setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &value, sizeof(value)) == -1)
		return 4;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		return 7;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(fd, F_DUPFD_CLOEXEC, 3) == -1)
		return 5;
	return ioctl(fd, FIONREAD, &value) == -1 ? 6 : 0;
}

/* A library that finds itself broken must not look like one that was taken over. */
static void
test_abort(void **state)
{
	int status = end_of(do_abort);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

#define ROW(act)          \
	{                 \
#act, act \
	}

struct act_row {
	const char *name;
	int (*act)(void);
};

static const struct act_row violations[] = {
	ROW(do_signal_the_parent),
	ROW(do_fork),
	ROW(act_set_owner),
	ROW(act_set_signal),
	ROW(act_set_async),
	ROW(act_set_blocking),
	ROW(act_set_append),
	ROW(act_set_direct),
	ROW(act_lease),
	ROW(act_notify),
	ROW(act_pipe_size),
	ROW(act_lock),
	ROW(act_ioctl_async),
	ROW(act_ioctl_blocking),
	ROW(act_ioctl_owner),
	ROW(act_ioctl_group),
	ROW(act_ioctl_type),
	ROW(act_ioctl_terminal),
	ROW(act_ioctl_unix_file),
	ROW(act_shutdown),
	ROW(act_listen),
	ROW(act_filter),
	ROW(act_lock_filter),
	ROW(act_receive_buffer),
	ROW(act_linger),
	ROW(act_reuse_port),
	ROW(act_mark),
	ROW(act_bind_to_device),
	ROW(act_defer_accept),
	ROW(act_segment_size),
	ROW(act_repair),
	ROW(act_raw),
	ROW(act_ping),
	ROW(act_mptcp),
	ROW(act_sctp),
	ROW(act_seqpacket),
	ROW(act_dccp),
	ROW(act_packet),
	ROW(act_vsock),
	ROW(act_alg),
	ROW(act_pair),
	ROW(act_kill),
	ROW(act_thread_kill),
	ROW(act_queue_signal),
	ROW(act_pidfd),
	ROW(act_trace),
	ROW(act_read_memory),
	ROW(act_exec),
	ROW(act_namespace),
	ROW(act_dump),
	ROW(act_priority),
	ROW(act_truncate),
	ROW(act_change_mode),
	ROW(act_memory_file),
	ROW(act_executable),
	ROW(act_make_executable),
};

static const struct act_row refusals[] = {
	ROW(do_open),
	ROW(act_unix_socket),
	ROW(act_unix_datagram),
	ROW(act_netlink),
	ROW(act_seek),
	ROW(act_stat),
	ROW(act_work),
};

static void
test_violations(void **state)
{
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < COUNT(violations); i++) {
		status = end_of(violations[i].act);
		unit_true(violations[i].name, "ends the process by SIGSYS",
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
	unit_end();
}

/* Refused with an error, or allowed: either way the process goes on. */
static void
test_no_violations(void **state)
{
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < COUNT(refusals); i++) {
		status = end_of(refusals[i].act);
		unit_int(refusals[i].name, "status", status, 0);
	}
	unit_end();
}

/* The store process: the same, with its own list. */

static char store_file[] = "/tmp/srsd-unit.XXXXXX";

/* end_of_store - how a child ends that does this in the sandbox of the store process */
static int
end_of_store(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sandbox_enter_store() ? act() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

ACT(act_accept, accept(listener, NULL, NULL))
ACT(act_bind, bind(listener, NULL, 0))
ACT(act_chmod, chmod(store_file, 0777))
ACT(act_link, link(store_file, "/tmp/srsd-unit-link"))
ACT(act_mkdir, mkdir("/tmp/srsd-unit-dir", 0700))
ACT(act_mount, (int)syscall(SYS_mount, "x", "/tmp", "tmpfs", 0, NULL))
ACT(act_rename, rename(store_file, "/tmp/srsd-unit-renamed"))
ACT(act_symlink, symlink(store_file, "/tmp/srsd-unit-link"))

static const struct act_row store_violations[] = {
	ROW(do_signal_the_parent),
	ROW(do_fork),
	ROW(act_set_owner),
	ROW(act_set_signal),
	ROW(act_set_async),
	ROW(act_lease),
	ROW(act_notify),
	ROW(act_shutdown),
	ROW(act_listen),
	ROW(act_accept),
	ROW(act_bind),
	ROW(act_linger),
	ROW(act_pair),
	ROW(act_kill),
	ROW(act_thread_kill),
	ROW(act_queue_signal),
	ROW(act_pidfd),
	ROW(act_trace),
	ROW(act_read_memory),
	ROW(act_exec),
	ROW(act_namespace),
	ROW(act_dump),
	ROW(act_priority),
	ROW(act_memory_file),
	ROW(act_executable),
	ROW(act_make_executable),
	ROW(act_chmod),
	ROW(act_link),
	ROW(act_mkdir),
	ROW(act_mount),
	ROW(act_rename),
	ROW(act_symlink),
};

REFUSED(act_tcp_socket, socket(AF_INET, SOCK_STREAM, 0), EACCES)
REFUSED(act_device_control, ioctl(listener, FIONBIO, &on), EACCES)

/* act_store_work - what SQLite and a backup do with a file; the step that fails, or 0 */
static int
act_store_work(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	struct stat st;
	int fd = open(store_file, O_RDWR | O_CLOEXEC);
	void *map;

	if (fd == -1 || fstat(fd, &st) == -1 || stat(store_file, &st) == -1)
		return 1;
	if (fcntl(fd, F_SETLK, &lock) == -1 || fcntl(fd, F_GETLK, &lock) == -1 ||
	    flock(fd, LOCK_EX | LOCK_NB) == -1)
		return 2;
	if (pwrite(fd, "abc", 3, 4096) != 3 || pread(fd, &lock, 3, 4096) != 3)
		return 3;
	if (fdatasync(fd) == -1 || fsync(fd) == -1 || ftruncate(fd, 8192) == -1)
		return 4;
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || munmap(map, 4096) == -1)
		return 5;
	if (access(store_file, R_OK) == -1 || access("/tmp/srsd-unit-missing", F_OK) != -1)
		return 6;
	if (send(unix_end, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
		return 7;
	if (recv(unix_end, &lock, 1, MSG_DONTWAIT) != -1 || errno != EAGAIN)
		return 8;
	return unlink(store_file) == -1 ? 9 : 0;
}

static const struct act_row store_refusals[] = {
	ROW(act_unix_socket),
	ROW(act_tcp_socket),
	ROW(act_netlink),
	ROW(act_device_control),
	ROW(act_store_work),
};

static void
test_store_violations(void **state)
{
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < COUNT(store_violations); i++) {
		status = end_of_store(store_violations[i].act);
		unit_true(store_violations[i].name, "ends the process by SIGSYS",
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
	unit_end();
}

static void
test_store_no_violations(void **state)
{
	size_t i;
	int status, fd = mkstemp(store_file);

	(void)state;
	assert_int_not_equal(fd, -1);
	for (i = 0; i < COUNT(store_refusals); i++) {
		status = end_of_store(store_refusals[i].act);
		unit_int(store_refusals[i].name, "status", status, 0);
	}
	close(fd);
	unit_int("file", "deleted", access(store_file, F_OK), -1);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_no_violations),
		cmocka_unit_test(test_store_violations),
		cmocka_unit_test(test_store_no_violations),
	};

	if (WITHOUT_SANDBOX) {
		puts("1..0 # SKIP built with sanitizers, without a sandbox");
		return 0;
	}
	open_descriptors();
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
