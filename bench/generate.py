"""Pages to measure with: any number of megabytes, every page different, all of them as filthy as raw/.

    python bench/generate.py MEGABYTES OUT [SEED]

Strings one to eight pages of raw/ together, as compilations do, keeps their furniture, titles and headings, and replaces every
paragraph by sentences of a Markov chain over the characters of all paragraphs (order 2), so that masks, damage and punctuation
keep their places in language while no paragraph is another's copy. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from pipeline.stages import decode, script

RAW = Path(__file__).resolve().parent.parent / "raw"
ORDER = 2
LONGEST = 8
"""Pages of raw/ that one page is strung together from, at the most."""
PARAGRAPH = 40
"""Code points from which a line is a paragraph."""

Chain = dict[str, list[str]]


def chain_of(texts: list[str]) -> Chain:
    """Which characters follow each run of ORDER characters, sentence by sentence."""
    chain: Chain = defaultdict(list)
    for text in texts:
        for sentence in re.findall(r"[^。！？!?]+[。！？!?]?", text):
            padded = "\x02" * ORDER + sentence + "\x03"
            for place in range(ORDER, len(padded)):
                chain[padded[place - ORDER : place]].append(padded[place])
    return dict(chain)


def sentence_of(chain: Chain, chance: random.Random) -> str:
    """One new sentence of at most 200 characters."""
    out, state = [], "\x02" * ORDER
    while len(out) < 200:
        following = chain[state]
        char = following[chance.randrange(len(following))]
        if char == "\x03":
            break
        out.append(char)
        state = state[1:] + char
    return "".join(out)


def pages(megabytes: float, seed: int = 1) -> Iterator[bytes]:
    """New pages in UTF-8 until they weigh so many megabytes together."""
    chance = random.Random(seed)
    sources = [decode.run(path.read_bytes()).text for path in sorted(RAW.rglob("*.txt"))]
    chains = {}
    for traditional in (False, True):  # a chain over both scripts would put traditional characters into every paragraph
        texts = [text for text in sources if script.is_traditional(text) == traditional]
        chains[traditional] = chain_of([line for text in texts for line in text.split("\n") if len(line) >= PARAGRAPH])
    weight = 0.0
    while weight < megabytes * 1e6:
        lines = []
        chosen = chance.sample(sources, chance.randint(1, LONGEST))
        for line, chain in ((line, chains[script.is_traditional(text)]) for text in chosen for line in text.split("\n")):
            made = line
            if len(line) >= PARAGRAPH:
                made = ""
                while len(made) < len(line):
                    made += sentence_of(chain, chance)
            lines.append(made)
        data = "\n".join(lines).encode()
        weight += len(data)
        yield data


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("megabytes", type=float)
    parser.add_argument("out", type=Path)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    count = 0
    for data in pages(args.megabytes, args.seed):
        (args.out / f"page{count:06}.txt").write_bytes(data)
        count += 1
    print(f"{count} pages in {args.out}")


if __name__ == "__main__":
    main()
