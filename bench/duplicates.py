"""Duplicates: quality and cost beside other libraries, each in a process of its own, on speeches of the tests' generator.

    python bench/duplicates.py [--originals 2000] [--copies 100] [--seed 1]

What is not installed is skipped. To install the others (no part of this project; best into an environment of their own):

    pip install datasketch rensa

datasketch and rensa look for a Jaccard of 0.5; FineWeb is datasketch with the 14 bands of 8 that FineWeb was made with;
LSHEnsemble looks for a containment of 0.8. text-dedup is left out: it installs PySpark and an ONNX runtime.

All get the same texts, and character 5-grams of the text as it stands, since they bring no Chinese view of their own. recall:
of the copies of each kind the share that is paired with its original; precision: of all pairs those of one family. Figures are
user+sys CPU seconds from the texts to the pairs, without the import, and the process's peak memory.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.duplicates.generator import KINDS, Corpus, corpus

Documents = list[tuple[str, str]]
Pairs = Iterable[tuple[str, str]]

WIDTH, PERMUTATIONS, THRESHOLD, CONTAINMENT = 5, 128, 0.5, 0.8


def shingles(text: str) -> set[str]:
    return {text[place : place + WIDTH] for place in range(max(1, len(text) - WIDTH + 1))}


def jinggao(documents: Documents) -> Pairs:
    from pipeline.duplicates import find

    return [(pair.a, pair.b) for pair in find(documents).pairs if pair.relation != "shares"]


def datasketch(documents: Documents) -> Pairs:
    from datasketch import MinHashLSH

    return _looked_up(documents, MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS))


def fineweb(documents: Documents) -> Pairs:
    """The bands that FineWeb was made with: 14 of 8."""
    from datasketch import MinHashLSH

    return _looked_up(documents, MinHashLSH(params=(14, 8), num_perm=PERMUTATIONS))


def _looked_up(documents: Documents, index: Any) -> Pairs:
    from datasketch import MinHash

    found = []
    for name, text in documents:
        made = MinHash(num_perm=PERMUTATIONS)
        made.update_batch([one.encode() for one in shingles(text)])
        found += [(other, name) for other in index.query(made)]
        index.insert(name, made)
    return found


def ensemble(documents: Documents) -> Pairs:
    """Containment instead of similarity; what is found both ways counts once."""
    from datasketch import MinHash, MinHashLSHEnsemble

    made = []
    for name, text in documents:
        one = MinHash(num_perm=PERMUTATIONS)
        different = shingles(text)
        one.update_batch([shingle.encode() for shingle in different])
        made.append((name, one, len(different)))
    index = MinHashLSHEnsemble(threshold=CONTAINMENT, num_perm=PERMUTATIONS, num_part=8)
    index.index(made)
    return [(other, name) for name, one, size in made for other in index.query(one, size) if other != name]


def rensa(documents: Documents) -> Pairs:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=32)
    found = []
    for number, (name, text) in enumerate(documents):
        made = RMinHash(num_perm=PERMUTATIONS, seed=42)
        made.update(list(shingles(text)))
        found += [(documents[other][0], name) for other in index.query(made)]
        index.insert(number, made)
    return found


METHODS: dict[str, tuple[str, Callable[[Documents], Pairs]]] = {
    "jinggao": ("pipeline", jinggao),
    "datasketch": ("datasketch", datasketch),
    "FineWeb": ("datasketch", fineweb),
    "LSHEnsemble": ("datasketch", ensemble),
    "rensa": ("rensa", rensa),
}


def measure(name: str, made: Corpus) -> None:
    """Run one method in this process and print what it found, as JSON."""
    module, method = METHODS[name]
    importlib.import_module(module)
    method(made.documents[:20])  # imports what is imported late
    start = time.process_time()
    pairs = {(min(pair), max(pair)) for pair in method(made.documents)}
    seconds = time.process_time() - start
    family: dict[str, set[str]] = defaultdict(set)
    for document, _ in made.documents:
        family[document].add(document)
    truth = {(min(a, b), max(a, b)): kind for a, b, kind in made.truth}
    for a, b, kind in made.truth:
        if kind != "sibling":
            family[b].add(a)
    right = sum(bool(family[a] & family[b]) for a, b in pairs)
    hits = Counter(kind for pair, kind in truth.items() if pair in pairs)
    totals = Counter(truth.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    recall = {kind: hits[kind] / totals[kind] for kind in KINDS}
    print(json.dumps({"seconds": seconds, "peak": peak, "precision": right / max(1, len(pairs)), "recall": recall}))


def table(arguments: list[str], made: Corpus) -> None:
    """Run every method in a process of its own and print a table."""
    weight = sum(len(text.encode()) for _, text in made.documents) / 1e6
    print(f"{len(made.documents)} speeches, {weight:.1f} MB of UTF-8; recall in %; sibling and reuse are no copies")
    print(f"{'method':12} {'CPU s':>7} {'MB/s':>6} {'MB peak':>8} {'precision':>9}  {' '.join(f'{kind:>8}' for kind in KINDS)}")
    for name in METHODS:
        command = [sys.executable, __file__, *arguments, "--measure", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"{name:12} skipped: {reason}" + (f"; pip install {METHODS[name][0]}" if "No module" in reason else ""))
            continue
        row = json.loads(done.stdout)
        recall = " ".join(f"{100 * row['recall'][kind]:8.0f}" for kind in KINDS)
        speed = weight / row["seconds"]
        print(f"{name:12} {row['seconds']:7.2f} {speed:6.1f} {row['peak']:8.0f} {row['precision']:9.4f}  {recall}")


def main() -> None:
    options = argparse.ArgumentParser(description="Duplicates: quality and cost beside other libraries.")
    options.add_argument("--originals", type=int, default=2000)
    options.add_argument("--copies", type=int, default=100, help="of each kind")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--measure", choices=METHODS, help="only this method, as JSON")
    args = options.parse_args()
    made = corpus(args.seed, args.originals, args.copies)
    if args.measure:
        measure(args.measure, made)
    else:
        table(sys.argv[1:], made)


if __name__ == "__main__":
    main()
