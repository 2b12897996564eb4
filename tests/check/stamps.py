# SPDX-License-Identifier: Apache-2.0
"""What was found good once and did not change since is not looked at again (check-tidy, check-headers).

A stamp is an empty file named by a digest of everything that the verdict depends on. Stamps lie beside ccache's directory, so
that a fresh clone profits as well.
"""
import hashlib
import os
import pathlib
import re

INCLUDE = re.compile(rb'^\s*#\s*include\s+[<"]([^">]+)[">]', re.MULTILINE)


def stamp_dir(check):
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", "/var/cache"), ".cache")
    path = pathlib.Path(base) / f"elb-{check}"
    path.mkdir(parents=True, exist_ok=True)
    return path


def closure(path, include_dirs, seen):
    """seen[file] = its text, for path and whatever of ours it includes; system headers do not change between runs."""
    if path in seen:
        return
    seen[path] = path.read_bytes()
    for name in INCLUDE.findall(seen[path]):
        for directory in (path.parent, *include_dirs):
            candidate = directory / name.decode()
            if candidate.is_file():
                closure(candidate.resolve(), include_dirs, seen)
                break


def fingerprint(path, include_dirs, root, *more):
    """The digest of path, of what it includes from those include_dirs that are root's, and of the bytes given."""
    seen = {}
    closure(path, [directory for directory in include_dirs if directory.is_relative_to(root)], seen)
    digest = hashlib.sha256(b"".join(more))
    for name in sorted(seen):
        digest.update((str(name).encode() + b"\0" + seen[name]).replace(str(root).encode(), b""))
    return digest.hexdigest()
