"""The best sequence of states over lines: Viterbi's algorithm on sparse candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Transitions = Mapping[str, Mapping[str, float]]
"""Score of each state after each state; 0 where nothing is said. ``start`` stands before the first, ``end`` behind the last."""


def best_sequence(candidates: Sequence[Mapping[str, float]], transitions: Transitions) -> list[str]:
    """The sequence with the highest sum of scores; of equal ones the one whose states are named first.

    candidates: for each line the states that it may have, with their scores; none empty.

    >>> best_sequence([{"title": 1.0, "body": 0.5}, {"body": 1.0}], {"title": {"body": -2.0}})
    ['body', 'body']
    """
    reached: dict[str, float] = {"start": 0.0}
    origins: list[dict[str, str]] = []
    states: set[str] = set().union(*candidates)
    into = {state: {before: after.get(state, 0.0) for before, after in transitions.items()} for state in states}
    silent = {*states, "start"} - set(transitions)
    for steps in into.values() if silent else ():
        steps.update(dict.fromkeys(silent, 0.0))
    for line in candidates:
        now: dict[str, float] = {}
        origin: dict[str, str] = {}
        (first, led), *others = reached.items()
        for state, own in line.items():
            steps = into[state]
            best, best_before = led + steps[first], first
            for before, score in others:
                total = score + steps[before]
                if total > best:
                    best, best_before = total, before
            now[state] = best + own
            origin[state] = best_before
        reached = now
        origins.append(origin)
    if not origins:
        return []
    state = max(reached, key=lambda last: reached[last] + transitions.get(last, {}).get("end", 0.0))
    path = [state]
    for origin in reversed(origins[1:]):
        state = origin[state]
        path.append(state)
    return path[::-1]
