"""Rounds: work on more data than one machine holds, cut into calls that know nothing of each other.

Data are blocks, each under a key. A round calls a function once for each key, with all blocks of that key, and the blocks that
it returns, each under a key of its own, are what later rounds begin with. Who calls the functions, and where, is the engine's
matter (`pipeline.engine`); nothing here knows it.

A function of a round is pure, can be pickled, and must not mind the order of its blocks: an engine may give them in any order,
and call it again for the same key where a worker died.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Block = tuple[Any, ...]
"""A named tuple that can be pickled; its class says what it is."""

Keyed = tuple[int, Block]
Call = Callable[[int, Sequence[Block]], Iterable[Keyed]]
"""call(key, all blocks of that key) → blocks under new keys, from 0 to 2^63 - 1."""


class Table(NamedTuple):
    """Some rows of a table: names, and what stands under them."""

    names: list[Any]
    contents: list[Any]


Rows = Any
"""Blocks of one class, as an engine holds them: its own matter, for others to hand back to it."""


class Engine(Protocol):
    """Somebody who does rounds."""

    @property
    def workers(self) -> int:
        """About how many calls are made at the same time."""

    def put(self, name: str, blocks: Iterable[Keyed]) -> Rows:
        """Hand over blocks of one class."""

    def round(self, name: str, call: Call, *given: Rows, keys: int) -> Mapping[type[Block], Rows]:
        """One round: for each class of blocks that were returned, these; a class of which there is none is missing.

        keys: how many different keys there are, about.
        """

    def get(self, rows: Rows, at_once: int | None = None) -> Iterator[Keyed]:
        """The blocks in the order of their keys, those of one key in any order. at_once: how many keys to fetch at a time."""


def made(rows: Mapping[type[Block], Rows], *kinds: type[Block]) -> list[Rows]:
    """The blocks of some classes, as far as there are any."""
    return [rows[kind] for kind in kinds if kind in rows]
