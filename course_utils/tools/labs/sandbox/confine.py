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
from course_utils.tools.labs.sandbox.system_calls import filter_program, known_machine

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 8, 0x20, 0x1000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 38, 22
_CAPABILITIES_V3 = 0x20080522
_FIRST_UID = 61184
"""The first of the user ids that systemd gives out dynamically and that belong to nobody; a slot is added to it."""
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_SHARED_MEMORY = 2**20
"""Bytes of /dev/shm, where Python's locks between processes are files."""

_libc = ctypes.CDLL(None, use_errno=True)


def supported() -> bool:
    """Whether this module knows this machine's system and processor."""
    return platform.system() == "Linux" and known_machine()


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
    used = address_space()
    _call(_libc.mount, b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    _mount_devices()
    # The old /proc would still show the processes outside this namespace.
    flags = _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    if _libc.mount(b"proc", b"/proc", b"proc", flags, None):
        _mount_memory("/proc", 4096, flags)
    _mount_memory(SCRATCH, limits.disk - _SHARED_MEMORY)
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


def _mount_devices() -> None:
    """A /dev of its own: no terminals, devices that keep nothing of what is written, and a little shared memory."""
    old = os.open("/dev", os.O_PATH | os.O_DIRECTORY)
    _mount_memory("/dev", 4096, _MS_NOSUID | _MS_NOEXEC)
    for name in _DEVICES:
        os.close(os.open(f"/dev/{name}", os.O_CREAT | os.O_WRONLY, 0o444))
        target = f"/dev/{name}".encode()
        _call(_libc.mount, f"/proc/self/fd/{old}/{name}".encode(), target, None, _MS_BIND, None)
        # A device can be written to, its permissions and times cannot.
        flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NOEXEC
        _call(_libc.mount, b"none", target, None, flags, None)
    for name, target in _LINKS.items():
        os.symlink(target, f"/dev/{name}")
    os.mkdir("/dev/shm")
    _call(_libc.mount, b"none", b"/dev", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NOEXEC, None)
    _mount_memory("/dev/shm", _SHARED_MEMORY)
    os.close(old)


def _mount_memory(folder: str, size: int, flags: int = _MS_NOSUID | _MS_NODEV) -> None:
    """An empty folder in memory, of limited size."""
    options = f"size={size},nr_inodes=4096,mode=1777".encode()
    _call(_libc.mount, b"tmpfs", folder.encode(), b"tmpfs", flags, options)


def limit_resources(limits: Limits, used: int | None = None) -> None:
    """Limit memory beyond what the process uses already, file size, open files, threads and processor time."""
    now = address_space() if used is None else used
    for kind, value in (
        (resource.RLIMIT_DATA, now + limits.memory),
        # Address space is not memory: TensorFlow's threads reserve more than they use.
        (resource.RLIMIT_AS, now + limits.memory + 2**30),
        (resource.RLIMIT_FSIZE, limits.disk),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, 256),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_SIGPENDING, 64),
        (resource.RLIMIT_CPU, int(limits.total * 4)),
    ):
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (value, value))


def address_space() -> int:
    """Bytes of address space that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _refuse_system_calls() -> None:
    """Let the kernel refuse all system calls but those of `system_calls`, for this process and all its threads."""
    code = filter_program()
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    program = Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    _call(_libc.prctl, _PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0)


def _call(function, *arguments) -> None:
    if function(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")
