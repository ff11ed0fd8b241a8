"""The terms of the Korean edition: one word for each, the same everywhere, none of the variants that are refused."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from lesson_files import NOTEBOOKS, ROOT, without_code
from test_messages import leaves

from course_utils.messages import table

TERMS = tomllib.loads((ROOT / "course_utils" / "terms.ko.toml").read_text(encoding="utf-8"))["terms"]
PARTS = ("more", "course")
GLOSSARY = {name: row for name, row in TERMS.items() if name not in PARTS}
ROWS = [(name, row) for part in (GLOSSARY, *(TERMS[part] for part in PARTS)) for name, row in part.items()]
SOURCES = {"hf", "course", "docs", "pytorch", "use", "own"}
REFUSED = {variant: name for name, row in ROWS for variant in row["refused"]}
PARTICLE = re.compile(r"\}[`'\")]*(?:이|가|을|를|은|는|과|와|으로|로|이나|나|이라|라|아|야)(?![가-힣])")


def korean_texts() -> Iterator[tuple[str, str]]:
    """Everything that a learner reads in Korean, with its place: tables of words, lessons, pages."""
    yield from leaves(table("ko"))
    for path in sorted((NOTEBOOKS / "ko").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                yield f"{path.stem}: {cell['id']}", "".join(cell["source"])
    for path in sorted([*ROOT.glob("*.ko.md"), *(ROOT / "docs").glob("*.ko.md")]):
        yield path.name, path.read_text(encoding="utf-8")


def refused_in(words: str) -> list[str]:
    """The refused variants in a text, code left aside.

    >>> refused_in("파인튜닝이란 `미세조정` 입니다")
    ['파인튜닝']
    """
    prose = without_code(words)
    return [variant for variant in REFUSED if variant in prose]


def test_each_term_of_the_glossary_has_a_row() -> None:
    """No term is left without a Korean word, and the first part of the table holds nothing else."""
    assert set(GLOSSARY) == set(table("en")["glossary"]["terms"])


def test_rows_are_whole() -> None:
    """A row has a word, what it refuses, and where the choice comes from; no name stands twice."""
    names = [name for name, _ in ROWS]
    assert len(set(names)) == len(names)
    for name, row in ROWS:
        assert set(row) <= {"ko", "refused", "source", "note"}, name
        assert row["ko"] or name == "you", name
        assert row["source"] and set(row["source"]) <= SOURCES, name
        assert len(set(row["refused"])) == len(row["refused"]), name


def test_no_chosen_word_holds_a_refused_one() -> None:
    """A variant is looked for as it stands, so none may be part of a word that was chosen."""
    assert not [(name, refused_in(row["ko"])) for name, row in ROWS if refused_in(row["ko"])]


def test_no_text_holds_a_refused_variant() -> None:
    """The same term everywhere."""
    found = {place: refused_in(words) for place, words in korean_texts()}
    assert not {place: variants for place, variants in found.items() if variants}


def test_a_refused_variant_is_noticed() -> None:
    """The test above can fail."""
    assert refused_in("모델을 파인튜닝합니다.") == ["파인튜닝"]
    assert refused_in("모델을 미세 조정합니다.") == []


def test_no_particle_hangs_on_an_inserted_value() -> None:
    """After a value of which nobody knows how it ends stands no particle that has two forms."""
    assert not {key: words for key, words in leaves(table("ko")) if PARTICLE.search(words)}


@pytest.mark.parametrize("words", ["{name}을 지웠습니다", "`{call}`은 3입니다", "{file}로 옮기세요"])
def test_a_hanging_particle_is_noticed(words: str) -> None:
    """The test above can fail; 입니다, 의 and 에 go with any ending."""
    assert PARTICLE.search(words)
    assert not PARTICLE.search("{gave}입니다. {name}의 값, {column} 열이, {number}개를")


def test_what_stands_in_backticks_is_the_same_code() -> None:
    """Code in a text is no prose: it is not translated."""
    english = dict(leaves(table("en")))
    for key, words in leaves(table("ko")):
        assert set(re.findall(r"`[^`]+`", words)) == set(re.findall(r"`[^`]+`", english[key])), key


def test_tables_lie_beside_each_other() -> None:
    """A Korean table has the keys of the English one beside it, in the same order."""
    for korean in [*(ROOT / "course_utils").glob("*.ko.toml"), *(ROOT / "course_lessons").rglob("*.ko.toml")]:
        if korean.name == "terms.ko.toml":
            continue
        read = [
            [key for key, _ in leaves(tomllib.loads(Path(path).read_text(encoding="utf-8")))]
            for path in (korean, korean.with_name(korean.name.replace(".ko.", ".en.")))
        ]
        assert read[0] == read[1], korean.name
