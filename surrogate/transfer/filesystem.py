"""What kind of file system a store lies on."""

from __future__ import annotations

from pathlib import Path

# Their locks and shared memory do not do what SQLite's write-ahead log needs, not even for one computer.
_NETWORKED = (
    *("nfs", "lustre", "gpfs", "cifs", "smb", "afs", "9p", "ceph", "beegfs", "panfs", "orangefs", "pvfs2", "glusterfs"),
    *("gfs2", "ocfs2", "davfs", "wekafs", "sshfs", "s3fs", "gcsfuse", "juicefs"),
)


def kind_of(path: Path) -> str:
    """Return the type of the file system that holds a path, such as "ext4"; empty if it cannot be told."""
    import psutil

    resolved = path.resolve()
    held = [part for part in psutil.disk_partitions(all=True) if resolved.is_relative_to(part.mountpoint)]
    # Of two on the same directory the later one hides the earlier.
    return max(reversed(held), key=lambda part: len(part.mountpoint)).fstype.lower() if held else ""


def is_networked(path: Path) -> bool:
    """Whether a path lies on a file system that several computers share."""
    return kind_of(path).removeprefix("fuse.").startswith(_NETWORKED)
