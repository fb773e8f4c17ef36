"""A process that can write to some folders and nowhere else, by Landlock: any user may ask for it, no mount is needed.

Loaded by `supervise.py` from beside itself: standard library only, and nothing of sagelocal.
https://docs.kernel.org/userspace-api/landlock.html
"""

# ruff: noqa: PTH112 - importing pathlib would cost more than all the rest

import ctypes
import os
import struct
import sys
from typing import Any

OLDEST = 3  # of the kernel's versions of it: the first one that guards truncation, Linux 6.2
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls, on every architecture
TELL_VERSION, PATH_BENEATH, PR_SET_NO_NEW_PRIVS = 1, 1, 38
WRITE_FILE, TRUNCATE = 1 << 1, 1 << 14
# to remove (4, 5), to make anything (6 to 12), and to link or rename from folder to folder (13)
WRITE = WRITE_FILE | sum(1 << right for right in range(4, 14)) | TRUNCATE


def is_there() -> bool:
    """Tell whether this kernel guards all that is needed."""
    return sys.platform == "linux" and int(_libc().syscall(CREATE_RULESET, None, 0, TELL_VERSION)) >= OLDEST


def confine(writable: list[str]) -> None:
    """Let this process, and all that come of it, write to these files and folders only; there is no way back.

    It can no longer look into processes that are not confined with it (/proc/PID/root would lead out), nor mount.
    """
    libc = _libc()
    ruleset = _checked("landlock", libc.syscall(CREATE_RULESET, struct.pack("Q", WRITE), 8, 0))
    for path in filter(os.path.exists, writable):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", WRITE if os.path.isdir(path) else WRITE_FILE | TRUNCATE, place)
        _checked(f"landlock {path}", libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0))
        os.close(place)
    _checked("no new privileges", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked("landlock", libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _checked(what: str, result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result
