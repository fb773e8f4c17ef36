"""Mounts of a job's own, made by the process that then becomes the job.

Loaded by `supervise.py` from beside itself: standard library only, and nothing of sagelocal.
"""

# ruff: noqa: PTH102, PTH103, PTH115, PTH118, PTH123, PTH211 - importing pathlib would cost more than all the rest

import ctypes
import os
from typing import Any

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 1, 32, 4096, 16384, 1 << 18, 1 << 21


def _libc_call(what: str, function: Any, *arguments: Any) -> None:
    if function(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _mirror(libc: Any, source: str, target: str) -> None:
    """Show every entry of a folder in another one, so that entries can be added there without touching the first."""
    for entry in os.scandir(source):
        shown = os.path.join(target, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), shown)
            continue
        if entry.is_dir():
            os.mkdir(shown)
        else:
            os.close(os.open(shown, os.O_CREAT | os.O_WRONLY, 0o600))
        _libc_call(f"bind {entry.path}", libc.mount, entry.path.encode(), shown.encode(), None, MS_BIND | MS_REC, None)


def _read_only(target: str) -> int:
    """Return the flags that make a mount read-only and leave it as it is otherwise, which an own namespace demands."""
    now = os.statvfs(target).f_flag
    kept = now & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME)
    return MS_BIND | MS_REMOUNT | MS_RDONLY | kept | (MS_RELATIME if now & os.ST_RELATIME else 0)


def isolate(plan: dict[str, Any]) -> None:
    """Give this process its own mounts; `plan` is what `sagelocal.jobs.isolation` decided."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    _libc_call("unshare", libc.unshare, CLONE_NEWNS | (CLONE_NEWUSER if plan["user_namespace"] else 0))
    if plan["user_namespace"]:
        for file, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{file}", "w") as stream:
                stream.write(line)
    _libc_call("private mounts", libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)
    for step, source, target in plan["steps"]:
        if step == "folder":
            os.makedirs(target, exist_ok=True)
        elif step == "empty":
            _libc_call(f"tmpfs {target}", libc.mount, b"tmpfs", target.encode(), b"tmpfs", 0, b"mode=755")
        elif step == "mirror":
            _mirror(libc, source, target)
        elif step == "bind":
            _libc_call(f"bind {target}", libc.mount, source.encode(), target.encode(), None, MS_BIND | MS_REC, None)
        elif step == "read-only":
            _libc_call(f"read-only {target}", libc.mount, None, target.encode(), None, _read_only(target), None)
        elif step == "root":
            os.chroot(target)
