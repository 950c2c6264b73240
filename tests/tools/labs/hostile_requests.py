"""Programs that ask the machine for something that a lab does not need, and go on only if they get it."""

_LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"


def _asks(call: str) -> str:
    """Go on if a call below Python succeeds."""
    return f"{_LIBC}assert {call} >= 0\n"


def _does(statement: str) -> str:
    """Go on if a statement succeeds."""
    return f"import fcntl, os, resource, signal, socket, sys, time\n{statement}\n"


MORE = {
    # Processes.
    "stops everything it can see": "import os, signal\nos.kill(0, signal.SIGSTOP); os.kill(0, signal.SIGKILL)\n"
    "os.kill(os.getpid(), signal.SIGKILL); os._exit(9)\n",
    "ends its group": "import os, signal\nos.killpg(os.getpgrp(), signal.SIGTERM)\nos._exit(9)\n",
    "a group of its own": _does("os.setpgid(0, 0)"),
    "a session of its own": _does("os.setsid()"),
    "more processor time": _does("os.nice(-5)"),
    "a processor of its own": _does("os.sched_setaffinity(0, {0})"),
    "real time": _does("os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"),
    "the supervisor": _does("os.kill(os.getppid() or 2, 0)"),
    "somebody's memory": _does("open('/proc/1/mem', 'r+b').write(b'x')"),
    "a handle": _does("os.pidfd_open(os.getpid())"),
    "no out-of-memory": _does("open('/proc/self/oom_score_adj', 'w').write('-999')"),
    # Files.
    "a device folder that is shared": _does("open('/dev/left', 'w').write('x')"),
    "a device folder for nobody": _does("os.chmod('/dev', 0)"),
    "a device that is not one": _does("os.unlink('/dev/null')"),
    "a device for nobody": _does("os.chmod('/dev/null', 0)"),
    "a terminal": _does("os.openpty()"),
    "a terminal's name": _does("open('/dev/ptmx', 'rb'); open('/dev/tty', 'rb')"),
    "a file beside": _does("open('/tmp/left', 'w').write('x')"),
    "a file at the top": _does("open('/left', 'w').write('x')"),
    "a file in the library": _does("open(os.__file__ + '.left', 'w')"),
    "settings of the kernel": _does("open('/proc/sys/kernel/shmmax', 'w').write('1')"),
    "a device": _does("os.mknod('/scratch/null', 0o20666, os.makedev(1, 3))"),
    "a named pipe": _does("os.mkfifo('/scratch/pipe')"),
    "attributes of files": _does("open('/scratch/x', 'w'); os.setxattr('/scratch/x', 'user.x', b'x')"),
    "somebody else's file": _does("open('/scratch/x', 'w'); os.chown('/scratch/x', 0, 0)"),
    "too many files": _does("for n in range(5000): open(f'/scratch/{n}', 'w').close()"),
    "a file that is too large": _does("f = open('/scratch/x', 'wb')\nfor n in range(99): f.write(bytes(2**20))"),
    "shared memory": _does("open('/dev/shm/x', 'wb').write(bytes(2**21))"),
    # Memory of the kernel.
    "semaphores": _asks("libc.semget(0, 32000, 0o1600)"),
    "message queues": _asks("libc.msgget(0, 0o1600)"),
    "a queue with a name": _asks("libc.syscall(240, b'/q', 0o102, 0o600, 0)"),
    "pages in a pipe": _LIBC + "r, w = os.pipe()\nb = ctypes.create_string_buffer(4096)\n"
    "v = (ctypes.c_void_p * 2)(ctypes.addressof(b), 4096)\nassert libc.vmsplice(w, v, 1, 0) > 0\n",
    "a larger pipe": _does("r, w = os.pipe(); fcntl.fcntl(w, 1031, 2**20)"),
    "record locks": _does("fcntl.lockf(open('/scratch/x', 'w'), fcntl.LOCK_EX)"),
    "watches": _asks("libc.inotify_init1(0)"),
    "timers": _asks("libc.timerfd_create(1, 0)"),
    "locked memory": _asks("libc.mlockall(3)") + "assert libc.mlockall(3) == 0\n",
    "huge pages": "import mmap\nmmap.mmap(-1, 2**21, flags=0x40022)\n",
    "descriptors in messages": _does("a, b = socket.socketpair(); socket.send_fds(a, [b'x'], [0])"),
    "too many descriptors": _does("kept = [os.dup(0) for _ in range(300)]"),
    "a key": _asks("libc.syscall(248, b'user', b'k', b'v', 1, -4)"),
    "a netlink": _does("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    "a namespace by clone": _asks("libc.syscall(56, 0x10000000, 0, 0, 0, 0)"),
    "another filter": _asks("libc.prctl(22, 1, 0, 0, 0)"),
    "its parent's death": _asks("libc.prctl(1, 9, 0, 0, 0)"),
}
"""By name: what stands before a right answer."""
