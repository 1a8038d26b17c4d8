"""An engine in this process, which gives blocks in an unkind order: what must hold for any engine is tested with it."""

import pickle
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.rounds import Block, Call, Keyed

Held = list[tuple[int, bytes]]


class Here:
    """Does rounds one call after the other. Blocks are pickled on their way, as between machines."""

    def __init__(self, workers: int = 3, seed: int = 1) -> None:
        self.workers = workers
        self._random = random.Random(seed)

    def put(self, name: str, blocks: Iterable[Keyed]) -> Held:
        return [(key, pickle.dumps(block)) for key, block in blocks]

    def round(self, name: str, call: Call, *given: Held, keys: int) -> Mapping[type[Block], Held]:
        groups: dict[int, list[bytes]] = {}
        for key, data in (row for rows in given for row in rows):
            groups.setdefault(key, []).append(data)
        made: dict[type[Block], Held] = {}
        call = pickle.loads(pickle.dumps(call))
        for key in self._shuffled(sorted(groups)):
            for home, block in call(key, [pickle.loads(data) for data in self._shuffled(groups[key])]):
                made.setdefault(type(block), []).append((home, pickle.dumps(block)))
        return made

    def get(self, rows: Held, at_once: int | None = None) -> Iterator[Keyed]:
        for key, data in sorted(self._shuffled(rows), key=lambda row: row[0]):
            yield key, pickle.loads(data)

    def _shuffled(self, some: Sequence[Any]) -> list[Any]:
        return self._random.sample(some, len(some))
