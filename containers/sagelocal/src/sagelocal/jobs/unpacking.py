"""Unpack an archive that a job wrote, which may name any place: nothing of it lands outside of its folder."""

import os
import tarfile
from pathlib import Path


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack every member into `folder`; tarfile.TarError if one is a device or would lie or lead outside."""
    if hasattr(tarfile, "data_filter"):
        archive.extractall(folder, filter="data")
        return
    # Pythons before 3.11.4, such as Debian 12's, know no filters: the same rules, member by member
    root = folder.resolve()
    for member in archive:
        _check(member, root)
        member.mode = member.mode & 0o755 | 0o600
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        archive.extract(member, root, numeric_owner=True)


def _check(member: tarfile.TarInfo, root: Path) -> None:
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        raise tarfile.ExtractError(f"{member.name!r} is no file, folder or link")
    places = [root / member.name]
    if member.issym():
        places.append(root / Path(member.name).parent / member.linkname)
    if member.islnk():
        places.append(root / member.linkname)
    # resolved now: an earlier member may have made a link of one of the folders
    if Path(member.name).is_absolute() or not all(place.resolve().is_relative_to(root) for place in places):
        raise tarfile.ExtractError(f"{member.name!r} leads out of its folder")
