"""What a process gives up before it runs a student's code: namespaces, user, capabilities, system calls, resources.

Linux only, on 64-bit x86 and ARM. Called inside the sandbox that `bubblewrap` starts, which has already taken away the
network and nearly all files. Here each student's process is separated from the others and gives up what it has left.
A step that fails raises `OSError`; then none of the student's code is run.
"""

import ctypes
import os
import platform
import resource
import struct

from course_utils.tools.labs.sandbox.limits import Limits

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 38, 22
_CAPABILITIES_V3 = 0x20080522
_FIRST_UID = 61184
"""The first of the user ids that systemd gives out dynamically and that belong to nobody; a slot is added to it."""

# Architecture as seccomp names it; numbers of `clone` and `clone3`; numbers of what is refused.
_SYSTEM_CALLS = {
    "x86_64": (0xC000003E, 56, 435, {
        "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "ptrace": 101, "process_vm_readv": 310,
        "process_vm_writev": 311, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155,
        "chroot": 161, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250,
        "add_key": 248, "request_key": 249, "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "msgget": 68,
        "socket": 41, "open_by_handle_at": 304, "open_tree": 428, "move_mount": 429, "fsopen": 430,
        "mount_setattr": 442, "pidfd_getfd": 438, "kcmp": 312, "personality": 135,
    }),
    "aarch64": (0xC00000B7, 220, 435, {
        "execve": 221, "execveat": 281, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
        "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "bpf": 280,
        "perf_event_open": 241, "userfaultfd": 282, "io_uring_setup": 425, "keyctl": 219, "add_key": 217,
        "request_key": 218, "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "msgget": 186, "socket": 198,
        "open_by_handle_at": 265, "open_tree": 428, "move_mount": 429, "fsopen": 430, "mount_setattr": 442,
        "pidfd_getfd": 438, "kcmp": 272, "personality": 92,
    }),
}  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


def supported() -> bool:
    """Whether this module knows this machine's system and processor."""
    return platform.system() == "Linux" and platform.machine() in _SYSTEM_CALLS


def separate() -> None:
    """Separate this process and its next child from the other students' processes.

    Root may do this; another user does it in a user namespace of its own. The next child becomes the first process of
    a process namespace, and sees no other process.
    """
    flags = _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWIPC
    if os.getuid() == 0:
        _call(_libc.unshare, flags)
        return
    uid, gid = os.getuid(), os.getgid()
    _call(_libc.unshare, flags | _CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


SCRATCH = "/scratch"
"""The folder that a student's process may write to. Not /tmp: the course itself may be installed below that."""


def lock_down(limits: Limits, slot: int) -> None:
    """In that child: file systems of its own, no capabilities, no new processes, limited resources.

    Args:
        limits: of memory, disk and processor time.
        slot: among the students marked at the same time; as root, it decides the process's user.
    """
    used = _address_space()
    _call(_libc.mount, b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    # The old /proc would still show the processes outside this namespace.
    if _libc.mount(b"proc", b"/proc", b"proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, None):
        _call(_libc.mount, b"tmpfs", b"/proc", b"tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, b"size=4k")
    for folder, size in ((SCRATCH.encode(), limits.disk), (b"/dev/shm", limits.disk)):
        options = f"size={size},nr_inodes=4096,mode=1777".encode()
        _call(_libc.mount, b"tmpfs", folder, b"tmpfs", _MS_NOSUID | _MS_NODEV, options)
    os.chdir(SCRATCH)
    if os.getuid() == 0:
        user = _FIRST_UID + slot
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = struct.pack("Ii", _CAPABILITIES_V3, 0)
    _call(_libc.capset, header, bytes(24))
    limit_resources(limits, used)
    _call(_libc.prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _refuse_system_calls()


def limit_resources(limits: Limits, used: int | None = None) -> None:
    """Limit memory beyond what the process uses already, file size, open files, threads and processor time."""
    now = _address_space() if used is None else used
    for kind, value in (
        (resource.RLIMIT_DATA, now + limits.memory),
        # Address space is not memory: TensorFlow's threads reserve more than they use.
        (resource.RLIMIT_AS, now + limits.memory + 2**30),
        (resource.RLIMIT_FSIZE, limits.disk),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, 256),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_CPU, int(limits.total * 4)),
    ):
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (value, value))


def _address_space() -> int:
    """Bytes of address space that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _refuse_system_calls() -> None:
    """Load a filter into the kernel: no new processes, no sockets, no mounts, no access to other processes."""
    architecture, clone, clone3, refused = _SYSTEM_CALLS[platform.machine()]
    allow, refuse, absent, kill = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x80000000
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    clone_thread = 0x10000
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, kill), (load, 0, 0, 0)]
    # The 32-bit form of the x86's system calls has other numbers.
    program += [(at_least, 0, 1, 0x40000000), (give, 0, 0, kill)]
    program += [(equal, 0, 1, clone3), (give, 0, 0, absent)]
    for number in refused.values():
        program += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    # A thread may start, a process may not: `clone` has to carry the flag in its first argument.
    program += [(equal, 0, 3, clone), (load, 0, 0, 16), (any_bit, 1, 0, clone_thread), (give, 0, 0, refuse)]
    program += [(give, 0, 0, allow)]
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    filter_program = Program(len(program), ctypes.cast(buffer, ctypes.c_void_p))
    _call(_libc.prctl, _PR_SET_SECCOMP, 2, ctypes.byref(filter_program), 0, 0)


def _call(function, *arguments) -> None:
    if function(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")
