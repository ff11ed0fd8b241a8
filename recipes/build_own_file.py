"""Make the file that lesson 14 begins with: 600 lines as people keep them, with the faults that real files have.

    python recipes/build_own_file.py

The sentences are put together from the hand-written parts in `corpora/own_file_parts.toml`, by a fixed seed, so the
same file comes out each time; `tests/test_lesson_14.py` compares it with the stored one. The verdict of a text with a
turn in it ("..., but ...") is the verdict of the writer: that of the part which is meant.
"""

from __future__ import annotations

import csv
import io
import random
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = HERE / "corpora" / "own_file_parts.toml"
TARGET = HERE.parent / "course_lessons" / "lesson_14" / "own_reviews.csv"
COLUMNS = ("number", "about", "review", "verdict", "stars")
ABOUT = ("film", "shop")
LINES = 600
ENGLISH, KOREAN, DOUBLES, EMPTY = 424, 138, 14, 7
SPELLINGS = ("{}", "{}", "{}", "{}", "{}", "{}", "Title", "Title", "UPPER ")
TURNED, PLAIN, REMARK = 0.12, 0.5, 0.4
"""Shares: texts with a part of the other verdict; texts that only report, and then give a verdict in one word; and
of the others, of those that end in such a word, too."""


def sentence(parts: dict, about: str, verdict: str, draw: random.Random) -> str:
    """One text of a verdict: an opening or none, one or two parts, and a remark of one word or none.

    >>> shop = {"good": ["it works"], "bad": ["it hums"]}
    >>> class Always(random.Random):
    ...     def random(self): return 0.0
    >>> words = {"openers": {"shop": [""]}, "remarks": {"frames": ["How {}."], "good": ["handy"]}}
    >>> sentence({**words, "turns": ["{other}, but {own}."], "shop": shop}, "shop", "good", Always())
    'It hums, but it works. How handy.'
    """
    own, other = parts[about][verdict], parts[about]["bad" if verdict == "good" else "good"]
    kind, remarks = draw.random(), parts["remarks"]
    if kind < TURNED:
        words = draw.choice(parts["turns"]).format(own=draw.choice(own), other=draw.choice(other))
    elif kind < TURNED + PLAIN:
        words = f"{draw.choice(parts[about]['plain'])}."
    elif kind < TURNED + PLAIN + 0.1:
        a, b = draw.sample(own, 2)
        words = draw.choice(parts["both"]).format(a=a, b=b)
    else:
        words = f"{draw.choice(own)}."
    if TURNED <= kind < TURNED + PLAIN or draw.random() < REMARK:
        words += " " + draw.choice(remarks["frames"]).format(draw.choice(remarks[verdict]))
    pieces = [piece for piece in words.split(". ") if piece]
    words = ". ".join(piece[0].upper() + piece[1:] for piece in pieces)
    return f"{draw.choice(parts['openers'][about])} {words}".strip()


def spelled(verdict: str, draw: random.Random) -> str:
    """A verdict in one of three spellings."""
    how = draw.choice(SPELLINGS)
    return {"Title": verdict.title(), "UPPER ": f"{verdict.upper()} "}.get(how, verdict)


def made(parts: dict, count: int, draw: random.Random) -> list[list[str]]:
    """So many different texts with their verdicts: six good ones for five bad ones."""
    found: dict[str, list[str]] = {}
    while len(found) < count:
        verdict, about = "good" if len(found) % 11 < 6 else "bad", draw.choice(ABOUT)
        text = sentence(parts, about, verdict, draw)
        found.setdefault(text, [text, verdict, about])
    return list(found.values())


def rows() -> list[list[str]]:
    """The lines of the file without its head, in their order."""
    parts = tomllib.loads(PARTS.read_text(encoding="utf-8"))
    draw = random.Random(14)
    faults = parts["faults"]
    found = made(parts["en"], ENGLISH, draw) + made(parts["ko"], KOREAN, draw)
    doubles = [list(row) for row in draw.sample(found, DOUBLES)]
    for number, row in enumerate(doubles):
        if number % 4 == 1:
            row[0] = row[0].upper().replace(".", " !")  # a double in other clothes
        elif number % 4 == 2:
            row[0] = f" {row[0]}  "
        elif number % 4 == 3:
            row[0] = row[0][:-9] + row[0][-8:]  # a letter is missing: a near twin
    doubles[0][1] = "bad" if doubles[0][1] == "good" else "good"  # the same words, the other verdict
    long = ". ".join(faults["long_sentences"])
    while len(long) < 3000:
        long = f"{long}. {long}"
    found += doubles + faults["elsewhere"] + faults["strange"] + [[long[:2999] + ".", "bad"]]
    found += [[" " * (number % 3), draw.choice(["good", "bad"])] for number in range(EMPTY)]
    found += [[sentence(parts["en"], "film", "good", draw), mark] for mark in ("", "?", "n/a", "", "-")]
    found += [list(row) for row in draw.sample(found[:ENGLISH], LINES - len(found))]
    draw.shuffle(found)
    lines = []
    for number, (text, verdict, *about) in enumerate(found, start=1):
        named = spelled(verdict, draw) if verdict in ("good", "bad") else verdict
        high = draw.choice((4, 5)) if verdict == "good" else draw.choice((1, 2))
        stars = draw.choice((f"{high}", f"{high},0", f"{high} of 5"))
        lines.append([f"{number:04d}", *(about or [""]), text, named, stars])
    return lines


def content() -> bytes:
    """The file: semicolons and a byte order mark, as a spreadsheet saves it where commas stand in numbers."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows())
    return out.getvalue().encode("utf-8-sig")


if __name__ == "__main__":
    TARGET.write_bytes(content())
    print(f"{TARGET.name}: {len(rows())} lines")
