"""Draw the glossary from the terms that the lessons mark: course_utils/glossary.json and a page in each language.

Called by `python course.py refresh` after the lessons have run. A lesson marks a term where it introduces it:
`<dfn>term</dfn>`, or `<dfn title="term">terms</dfn>` where the text has another form of the word. What a term means
stands in course_utils/glossary.en.toml, under the term as it is marked. The page in Korean, docs/glossary.ko.md, has
the Korean names of course_utils/terms.ko.toml and leads to the Korean lessons, whose cells have the same ids.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from commands.shared import ROOT

MEANINGS = ROOT / "course_utils" / "glossary.en.toml"
PLACES = ROOT / "course_utils" / "glossary.json"
PAGE = ROOT / "docs" / "glossary.md"
KOREAN_MEANINGS = ROOT / "course_utils" / "glossary.ko.toml"
KOREAN_TERMS = ROOT / "course_utils" / "terms.ko.toml"
KOREAN_PAGE = ROOT / "docs" / "glossary.ko.md"
MARK = re.compile(r'<dfn(?: title="([^"]+)")?>([^<]+)</dfn>')
INTRODUCTION = """# Glossary

Each term with its meaning, and the lesson that introduces it. In a lesson, `look_up("{example}")` shows one,
`look_up()` all. This page is drawn from the lessons by `commands/glossary.py`.
"""

KOREAN_INTRODUCTION = """# 용어집

용어마다 뜻과, 그 용어가 처음 나오는 수업을 적었습니다. 수업에서 `look_up("{example}")`을 호출하면 하나를, `look_up()`을
호출하면 전체를 볼 수 있습니다. 이 페이지는 `commands/glossary.py`가 수업에서 뽑아 만듭니다.
"""

Place = dict[str, str]


class Unequal(Exception):
    """Marks and meanings do not fit together; the message says which and what to do."""


def marked(folder: Path) -> dict[str, Place]:
    """The terms that the lessons in `folder` mark, in lower case, with lesson and cell."""
    found: dict[str, Place] = {}
    for path in sorted(folder.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                for title, words in MARK.findall("".join(cell["source"])):
                    found[(title or words).lower()] = {"lesson": path.stem, "cell": cell["id"]}
    return found


def joined(marks: Mapping[str, Place], meanings: Mapping[str, str]) -> dict[str, Place]:
    """The place of each term, under its name in the table of meanings, in alphabetical order.

    >>> joined({"hub": {"lesson": "01", "cell": "a"}}, {"Hub": "A collection."})
    {'Hub': {'lesson': '01', 'cell': 'a'}}
    """
    names = {name.lower(): name for name in meanings}
    without_meaning = sorted(set(marks) - set(names))
    without_mark = sorted(names[name] for name in set(names) - set(marks))
    if without_meaning or without_mark:
        raise Unequal(
            f"Marked in a lesson, without a meaning in {MEANINGS.name}: {', '.join(without_meaning) or 'none'}.\n"
            f"With a meaning there, marked in no lesson: {', '.join(without_mark) or 'none'}."
        )
    return {names[key]: marks[key] for key in sorted(marks)}


def page(places: Mapping[str, Place], meanings: Mapping[str, str]) -> str:
    """The glossary as a Markdown page with links to the cells."""
    lines = [INTRODUCTION.format(example="attention mask")]
    for name, place in places.items():
        target = f"../notebooks/{place['lesson']}.ipynb#cell-id={place['cell']}"
        lines.append(f"- **{name}** ([lesson {place['lesson'][:2]}]({target})): {meanings[name]}")
    return "\n".join(lines) + "\n"


def korean_page(places: Mapping[str, Place], meanings: Mapping[str, str], terms: Mapping[str, str]) -> str:
    """The glossary in Korean, each term with its English name, what is written in Latin letters first.

    >>> place = {"lesson": "01_x", "cell": "a"}
    >>> korean_page({"Hub": place}, {"Hub": "모음입니다."}, {"Hub": "허브"}).splitlines()[-1]
    '- **허브**(Hub, [01강](../notebooks/ko/01_x.ipynb#cell-id=a)): 모음입니다.'
    """
    lines = [KOREAN_INTRODUCTION.format(example="어텐션 마스크")]
    for name, place in sorted(places.items(), key=lambda item: terms[item[0]].strip("`").lower()):
        target = f"../notebooks/ko/{place['lesson']}.ipynb#cell-id={place['cell']}"
        english = "" if terms[name].strip("`").lower() == name.lower() else f"{name}, "
        lines.append(f"- **{terms[name]}**({english}[{place['lesson'][:2]}강]({target})): {meanings[name]}")
    return "\n".join(lines) + "\n"


def drawn() -> dict[Path, str]:
    """What the files should hold."""
    meanings, korean = (
        tomllib.loads(path.read_text(encoding="utf-8"))["glossary"]["terms"] for path in (MEANINGS, KOREAN_MEANINGS)
    )
    terms = tomllib.loads(KOREAN_TERMS.read_text(encoding="utf-8"))["terms"]
    places = joined(marked(ROOT / "notebooks"), meanings)
    stored = json.dumps(places, ensure_ascii=False, indent=1) + "\n"
    named = {name: terms.get(name, {}).get("ko", name) for name in places}
    return {PLACES: stored, PAGE: page(places, meanings), KOREAN_PAGE: korean_page(places, meanings | korean, named)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with --check say whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    try:
        wanted = drawn()
    except Unequal as error:
        print(error, file=sys.stderr)
        return 1
    old = [path for path, words in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != words]
    for path in old:
        print(f"{path.relative_to(ROOT)}: {'would change' if options.check else 'drawn anew'}")
        if not options.check:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
    return 1 if old and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
