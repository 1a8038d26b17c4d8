"""A folder for what the program has worked out and can work out again, so that it starts sooner the next time.

Nothing in it changes a result. It is ``jinggao`` in the user's cache folder; the environment variable ``JINGGAO_CACHE`` names
another one, or says ``off``. A folder that cannot be read or written is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

VARIABLE = "JINGGAO_CACHE"

_savers: list[Callable[[], None]] = []
_asked = 0


def folder() -> Path | None:
    """Where the cache lies, or None where there is none.

    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", {VARIABLE: "off"}):
    ...     folder() is None
    True
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return None if chosen == "off" else Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    else:
        base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "jinggao"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "jinggao"


def read(name: str) -> bytes | None:
    """What was kept under a name, or None."""
    place = folder()
    try:
        return (place / name).read_bytes() if place else None
    except OSError:
        return None


def write(name: str, data: bytes) -> None:
    """Keep bytes under a name, whole or not at all."""
    place = folder()
    if place is None:
        return
    with contextlib.suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=place, prefix=f".{name}-", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(part).replace(place / name)
        except OSError:
            Path(part).unlink(missing_ok=True)


def read_sealed(name: str, of: bytes = b"") -> bytes | None:
    """What `write_sealed` kept under a name, or None where it is not whole or was made of something else."""
    seal, _, body = (read(name) or b"").partition(b"\n")
    return body if seal == _seal(of, body) else None


def write_sealed(name: str, body: bytes, of: bytes = b"") -> None:
    """Keep bytes with a seal that tells that they are whole, and what they were made of."""
    write(name, _seal(of, body) + b"\n" + body)


def _seal(of: bytes, body: bytes) -> bytes:
    return hashlib.sha256(of + b"\0" + body).hexdigest().encode()


def saved_by(save: Callable[[], None]) -> Callable[[], None]:
    """Have a function called at each `keep`, which writes what it has worked out since the last time."""
    _savers.append(save)
    return save


def keep() -> None:
    """Write into the cache what was worked out since the last time."""
    for save in _savers:
        save()


def keep_now_and_then() -> None:
    """`keep` at the first, second, fourth, eighth … call: for processes that do not know which call is their last."""
    global _asked  # noqa: PLW0603  # one count a process
    _asked += 1
    if _asked & (_asked - 1) == 0:
        keep()
