"""The system calls that a student's process may make: everything else is refused.

The labs' solutions and the right answers of the tests make thirty different ones; the others are what Python's
standard library, NumPy, TensorFlow and IPython need for files in memory, threads, waiting and time. Nothing here makes
an object in the kernel that outlives the process, or that no limit counts: no shared memory, semaphores, message
queues, timers, keys, watches, memory files, record locks, or sockets other than local pairs; and no process, program,
mount or namespace.
"""

import platform
import struct

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""By machine: how seccomp names it, and which of the two numbers of a call is its own."""

# Numbers on x86_64 and aarch64; None where there is no such call.
ALLOWED = {
    # Memory.
    "brk": (12, 214), "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216),
    "madvise": (28, 233),
    # Files.
    "read": (0, 63), "write": (1, 64), "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65),
    "writev": (20, 66), "lseek": (8, 62), "open": (2, None), "openat": (257, 56), "close": (3, 57), "fstat": (5, 80),
    "stat": (4, None), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291), "access": (21, None),
    "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78),
    "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "mkdir": (83, None), "mkdirat": (258, 34),
    "rmdir": (84, None), "unlink": (87, None), "unlinkat": (263, 35), "rename": (82, None), "renameat": (264, 38),
    "renameat2": (316, 276), "ftruncate": (77, 46), "fsync": (74, 82), "fdatasync": (75, 83), "dup": (32, 23),
    "dup2": (33, None), "dup3": (292, 24), "fcntl": (72, 25), "flock": (73, 32), "ioctl": (16, 29),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "utimensat": (280, 88), "umask": (95, 166),
    "statfs": (137, 43), "fstatfs": (138, 44), "fadvise64": (221, 223), "sendfile": (40, 71),
    # Waiting.
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72), "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22), "eventfd2": (290, 19),
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115),
    # Talking.
    "sendto": (44, 206), "recvfrom": (45, 207), "socketpair": (53, 199), "getsockname": (51, 204),
    "getsockopt": (55, 209), "getpeername": (52, 205), "shutdown": (48, 210), "pipe": (22, None), "pipe2": (293, 59),
    # Threads and processes.
    "clone": (56, 220), "futex": (202, 98), "set_robust_list": (273, 99), "set_tid_address": (218, 96),
    "rseq": (334, 293), "gettid": (186, 178), "getpid": (39, 172), "getppid": (110, 173), "getpgrp": (111, None),
    "getpgid": (121, 155), "getsid": (124, 156), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176),
    "getegid": (108, 177), "getgroups": (115, 158), "getresuid": (118, 148), "getresgid": (120, 150),
    "exit": (60, 93), "exit_group": (231, 94), "wait4": (61, 260), "kill": (62, 129), "tgkill": (234, 131),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120), "getpriority": (140, 141), "prctl": (157, 167), "arch_prctl": (158, None),
    "capget": (125, 90), "prlimit64": (302, 261), "getrlimit": (97, 163), "setrlimit": (160, 164),
    "getrusage": (98, 165), "times": (100, 153), "sysinfo": (99, 179), "uname": (63, 160), "getcpu": (309, 168),
    "membarrier": (324, 283), "restart_syscall": (219, 128),
    # Signals.
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "sigaltstack": (131, 132), "alarm": (37, None), "setitimer": (38, 103),
    # Time and chance.
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None),
    "getrandom": (318, 278),
}  # fmt: skip

# Of these calls, the argument at this place (counted from 0) must be one of these values.
_ONLY = {
    # Asking a file what it is, and how much there is to read: TCGETS, TCGETS2, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX.
    "ioctl": (1, (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5451)),
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC: no record locks and no larger pipes.
    "fcntl": (1, (0, 1, 2, 3, 4, 1030)),
    # PR_SET_NAME, PR_GET_NAME and PR_SET_VMA (names of memory): threads have names.
    "prctl": (0, (15, 16, 0x53564D41)),
    # AF_UNIX: asyncio wakes itself through a pair.
    "socketpair": (0, (1,)),
}
_CLONE_THREAD = 0x10000
_MAP_HUGETLB = 0x40000
_NEWER = 424
"""From this number on all architectures have the same calls, which libraries can do without if they are not there."""

_ALLOW, _REFUSE, _ABSENT, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x06


def known_machine() -> bool:
    """Whether the numbers of this machine's calls are known."""
    return platform.machine() in _ARCHITECTURES


def filter_program() -> bytes:
    """The filter for this machine, as the kernel's `struct sock_filter`s.

    A refused call fails with EPERM. One that is newer than 2019 fails with ENOSYS, as on an older kernel. A thread may
    start, a process may not. Another architecture's calls, whose numbers differ, end the process.
    """
    architecture, place = _ARCHITECTURES[platform.machine()]
    program = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_GIVE, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    # The 32-bit form of the x86's system calls has other numbers.
    program += [(_AT_LEAST, 0, 1, 0x40000000), (_GIVE, 0, 0, _KILL)]
    for name, numbers in ALLOWED.items():
        if numbers[place] is not None:
            then = _conditions(name)
            program += [(_EQUAL, 0, len(then), numbers[place]), *then]
    program += [(_AT_LEAST, 0, 1, _NEWER), (_GIVE, 0, 0, _ABSENT), (_GIVE, 0, 0, _REFUSE)]
    return b"".join(struct.pack("HBBI", *line) for line in program)


def _conditions(name: str) -> list[tuple[int, int, int, int]]:
    """What decides about a call that is on the list."""
    if name == "clone":
        return [_argument(0), (_ANY_BIT, 0, 1, _CLONE_THREAD), (_GIVE, 0, 0, _ALLOW), (_GIVE, 0, 0, _REFUSE)]
    if name == "mmap":
        return [_argument(3), (_ANY_BIT, 1, 0, _MAP_HUGETLB), (_GIVE, 0, 0, _ALLOW), (_GIVE, 0, 0, _REFUSE)]
    if name not in _ONLY:
        return [(_GIVE, 0, 0, _ALLOW)]
    place, values = _ONLY[name]
    tests = [line for value in values for line in ((_EQUAL, 0, 1, value), (_GIVE, 0, 0, _ALLOW))]
    return [_argument(place), *tests, (_GIVE, 0, 0, _REFUSE)]


def _argument(place: int) -> tuple[int, int, int, int]:
    """Load the lower half of an argument, on a little-endian machine."""
    return _LOAD, 0, 0, 16 + 8 * place
