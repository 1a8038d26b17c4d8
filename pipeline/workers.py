"""Work spread over processes, one task or a batch of them at a time, with its results in the order of the tasks.

So the output does not depend on who was ready first.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.errors import JinggaoError

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

Task = TypeVar("Task")
Made = TypeVar("Made")

WINDOW = 8
"""Tasks that wait for each worker: enough to keep it busy, few enough to keep memory small."""


def in_order(
    call: Callable[[Task], Made], tasks: Iterable[Task], jobs: int, start: Callable[..., None], given: tuple[Any, ...]
) -> Iterator[Made]:
    """call(task) for each task, in their order.

    tasks: taken one by one, not many more than are being worked on. jobs: worker processes, started as tasks come; one job, or
    one task, is done in this process. start: called with ``given`` once in each process
    before its first task, to keep what all tasks need. ``call`` and ``start`` are functions of a module's top level.

    Raises JinggaoError where jobs is less than 1 or a worker dies; what ``call`` raises comes through.

    >>> list(in_order(len, ["甲", "乙丙"], 1, print, ("ready",)))
    ready
    [1, 2]
    """
    with Workers(jobs, start, given) as workers:
        yield from workers.in_order(call, tasks)


class Workers:
    """Worker processes for one list of tasks after the other, started with the first that has more than one task.

    jobs, start, given: as `in_order` has them. Raises JinggaoError where jobs is less than 1.
    """

    def __init__(self, jobs: int, start: Callable[..., None], given: tuple[Any, ...] = ()) -> None:
        if jobs < 1:
            raise JinggaoError(f"--jobs {jobs}: at least one worker is needed")
        self._jobs, self._start, self._given = jobs, start, given
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def in_order(self, call: Callable[[Task], Made], tasks: Iterable[Task]) -> Iterator[Made]:
        """See `in_order`."""
        left = iter(tasks)
        first = list(islice(left, min(self._jobs, 2)))
        if len(first) < 2:
            self._start(*self._given)
            yield from map(call, chain(first, left))
            return
        from concurrent.futures import ProcessPoolExecutor  # heavy to import: only when there is more than one worker
        from concurrent.futures.process import BrokenProcessPool

        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._jobs, initializer=_begin, initargs=(self._start, self._given))
        waiting: deque[Future[Made]] = deque()
        try:
            for task in chain(first, left):
                waiting.append(self._pool.submit(call, task))
                if len(waiting) >= self._jobs * WINDOW:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise JinggaoError("a worker process died, most likely for want of memory; run again with --jobs 1") from None
        finally:
            for future in waiting:
                future.cancel()


def batches(tasks: Iterable[Task], size: Callable[[Task], int], limit: int) -> Iterator[list[Task]]:
    """Tasks in lists that weigh up to ``limit``, in their order; what weighs more stands alone.

    >>> list(batches(["甲", "乙乙", "丙丙丙丙", "丁"], len, 3))
    [['甲', '乙乙'], ['丙丙丙丙'], ['丁']]
    """
    some: list[Task] = []
    weight = 0
    for task in tasks:
        own = size(task)
        if some and weight + own > limit:
            yield some
            some, weight = [], 0
        some.append(task)
        weight += own
    if some:
        yield some


def _begin(start: Callable[..., None], given: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the main process decides
    start(*given)
