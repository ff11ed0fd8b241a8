"""The public address of the course in package, first cells and badges: `python course.py publish-at [OWNER/REPO]`.

A lesson finds its course without it, too: opened in Colab from a repository on GitHub, the first cell learns from Colab
which one that was.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from commands.lessons import lessons
from commands.shared import ROOT, Stop, say, write_whole

NO_BADGE = (
    "Opening this lesson alone, in Colab for example? Its first cell looks for the course and says where it found it."
)
NO_BADGE_KO = "이 수업만 따로 열었다면(예를 들어 Colab에서) 첫 셀이 강의를 찾고, 어디에서 찾았는지 알려 줍니다."
BADGE = (
    "[![{words}](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/{repository}/blob/main/notebooks/{file})"
)


ARCHIVE = "https://github.com/{repository}/archive/refs/heads/main.zip"


def command_publish_at(words: list[str]) -> int:
    """Write the public address into the package, first cells and badges; `--none` takes it out again.

    Without a word it is the address that git pushes to.
    """
    if len(words) > 1:
        raise Stop("Where? For example: python course.py publish-at OWNER/REPO   (or --none to take it out again)")
    repository = "" if words == ["--none"] else repository_name(words[0]) if words else remote_repository()
    changed = [path for path in publishable() if publish_in(path, repository)]
    for path in changed:
        say(f"changed  {path.relative_to(ROOT).as_posix()}")
    say(f"The course is published {f'at {repository}' if repository else 'nowhere'}.")
    return 0


def repository_name(word: str) -> str:
    """OWNER/REPO from what was given, which may also be the address of the repository's page.

    >>> repository_name("https://github.com/someone/course.git")
    'someone/course'
    """
    name = re.sub(r"^(?:https?://)?(?:www\.)?github\.com/", "", word.strip()).rstrip("/").removesuffix(".git")
    if not re.match(r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$", name):
        raise Stop(
            f"{word!r} is not the name of a GitHub repository. It should be OWNER/REPO: letters, digits and "
            "hyphens, one slash in the middle, for example jane-doe/transformers-course."
        )
    return name


def remote_repository() -> str:
    """OWNER/REPO of the repository on GitHub that git knows as `origin`; a Stop where there is none."""
    try:
        done = subprocess.run(["git", "remote", "get-url", "origin"], cwd=ROOT, capture_output=True, check=False)
        address = done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
    except OSError:
        address = ""
    if found := repository_of_remote(address):
        return found
    raise Stop(
        "git knows no repository on GitHub as `origin` of this folder. Name it: python course.py publish-at OWNER/REPO"
    )


def repository_of_remote(address: str) -> str | None:
    """OWNER/REPO of a remote on GitHub, None for any other.

    >>> repository_of_remote("git@github.com:someone/course.git"), repository_of_remote("ssh://git@github.com/a/b")
    ('someone/course', 'a/b')
    >>> repository_of_remote("/srv/github.com/hub.git")
    """
    match = re.match(r"^(?:https?://(?:[^/@]*@)?|ssh://git@|git://|git@)github\.com[:/](.+)$", address)
    return repository_name(match.group(1)) if match else None


def publishable() -> list[Path]:
    """The files that know the public address: the package's one place, the READMEs, and every lesson."""
    found = [ROOT / "course_utils" / "address.py", ROOT / "README.md", ROOT / "README.ko.md"]
    found += sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    return [path for path in found if path.exists()]


def publish_in(path: Path, repository: str) -> bool:
    """Write the address (or its absence) into one file; whether that changed the file.

    In a notebook only the sources of cells change: outputs and execution counts stay as they are.
    """
    before = path.read_bytes().decode("utf-8")
    if path.suffix != ".ipynb":
        first = lessons()[0].name if lessons() else ""
        first = f"ko/{first}" if path.name.endswith(".ko.md") else first
        after = stamp_badges(stamp_address(before, repository) if path.suffix == ".py" else before, repository, first)
    else:
        notebook = json.loads(before)
        file = path.relative_to(ROOT / "notebooks").as_posix()
        touched = [stamp_cell(cell, repository, file) for cell in notebook["cells"]]
        after = (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n") if any(touched) else before
    if after != before:
        write_whole(path, after.encode("utf-8"))
    return after != before


def stamp_cell(cell: dict[str, Any], repository: str, file: str) -> bool:
    """Write the address into one cell of a notebook; whether the cell changed."""
    before = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        after = stamp_badges(before, repository, file)
    elif cell["cell_type"] == "code" and cell.get("id") == "install":
        after = stamp_address(before, repository)
    else:
        return False
    if after != before:
        cell["source"] = after.splitlines(True)
    return after != before


def stamp_address(text: str, repository: str) -> str:
    """Set the line `REPOSITORY = "..."` of the package, and the list `ADDRESS = [...]` of a first cell.

    >>> stamp_address('REPOSITORY = ""', "someone/course")
    'REPOSITORY = "someone/course"'
    >>> print(stamp_address("ADDRESS = []  # where", "someone/course"))
    ADDRESS = ["https://github.com/someone/course/archive/refs/heads/main.zip"]  # where
    """
    archive = f'"{ARCHIVE.format(repository=repository)}"' if repository else ""
    text = re.sub(r'(?m)^REPOSITORY = "[^"\n]*"', f'REPOSITORY = "{repository}"', text)
    return re.sub(r"(?m)^ADDRESS = \[[^\]\n]*\]", f"ADDRESS = [{archive}]", text)


def stamp_badges(text: str, repository: str, file: str) -> str:
    """Set what stands between `<!-- badge -->` and `<!-- /badge -->`: a Colab button, or a sentence.

    A marker may name a lesson of its own, `<!-- badge 05 -->`; otherwise the button opens `file`. In the folder ko/
    that is a Korean lesson, and the words are Korean. The sentence is one for lessons: a page that names a lesson has
    nothing in its place.

    >>> stamp_badges("<!-- badge -->?<!-- /badge -->", "a/b", "ko/05_x.ipynb")[14:34]
    '[![Colab에서 열기](https'
    >>> stamp_badges("<!-- badge 01 -->?<!-- /badge -->", "", "00_x.ipynb")
    '<!-- badge 01 --><!-- /badge -->'
    """
    folder = "ko/" if file.startswith("ko/") else ""
    words, sentence = ("Colab에서 열기", NO_BADGE_KO) if folder else ("Open in Colab", NO_BADGE)

    def replace(match: re.Match[str]) -> str:
        names = [folder + p.name for p in lessons() if match.group(2) and p.name.startswith(match.group(2) + "_")]
        button = BADGE.format(words=words, repository=repository, file=(names or [file])[0])
        body = button if repository else "" if match.group(2) else sentence
        inside = match.group(3)
        before = inside[: len(inside) - len(inside.lstrip())]
        after = inside[len(inside.rstrip()) :] if inside.strip() else ""
        return f"{match.group(1)}{before}{body}{after}<!-- /badge -->"

    return re.sub(r"(?s)(<!-- badge(?: (\d\d))? -->)(.*?)<!-- /badge -->", replace, text)
