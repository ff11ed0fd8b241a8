"""The lessons as a site to read: `python course.py site [DIR] [--repository OWNER/REPO] [--pdf]`.

Made of the stored outputs; nothing is run. Every page is a file that needs no server and asks none: style, search and
pictures lie beside it. A cell of a lesson has its id as an anchor, so `05_padding_and_masks.html#drift-ask` opens it,
and links of the form `#cell-id=drift-ask` are rewritten to it.

Markdown and code are rendered by nbconvert, which comes with JupyterLab. `docs/site/` holds style and script.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from html import escape, unescape
from pathlib import Path
from typing import Any

from nbconvert.filters import Highlight2HTML, ansi2html, markdown2html
from pygments.formatters import HtmlFormatter

from commands.doctor import find_chromium
from commands.lessons import some_lessons
from commands.shared import ROOT, Stop, say, speak_utf8, tidy
from course_utils.address import REPOSITORY

TITLE = "Transformers from the inside"
ASSETS = ROOT / "docs" / "site"
PAGES = {"glossary": "Glossary", "corrections": "Corrections", "teaching": "Teaching"}
MARKER = "course-site.txt"
BADGE = re.compile(r"<!-- badge.*?<!-- /badge -->", flags=re.DOTALL)

Cell = Mapping[str, Any]


# ------------------------------------------------------------------------------------------------ parts of a page


def source_of(cell: Cell) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def with_links(html: str, lessons: Mapping[str, str]) -> str:
    """Links to notebooks as links to pages; to a cell, as an anchor.

    >>> with_links('<a href="../notebooks/05_a.ipynb#cell-id=b">', {"05_a.ipynb": "05_a.html"})
    '<a href="05_a.html#b">'
    """

    def page(match: re.Match[str]) -> str:
        name = match.group(1).rsplit("/", 1)[-1]
        return f'href="{lessons[name]}{match.group(2) or ""}"' if name in lessons else match.group(0)

    html = re.sub(r'href="((?:[^":#]*/)?[^":#/]+\.ipynb)(#[^"]*)?"', page, html)
    html = re.sub(r'href="(?:[^":#]*/)?(glossary|corrections|teaching)\.md(#[^"]*)?"', r'href="\1.html\2"', html)
    return re.sub(r'(href="[^"]*)#cell-id=', r"\1#", html)


def markdown(text: str, lessons: Mapping[str, str]) -> str:
    """Markdown as HTML, without the marks that only nbconvert's own pages know."""
    html = markdown2html(BADGE.sub("", text))
    html = re.sub(r'<a class="anchor-link" href="[^"]*">[^<]*</a>', "", html)
    html = html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return with_links(html, lessons)


def code_cell(cell: Cell, pictures: Path, stem: str) -> str:
    """A code cell: its number, its code, what it gave."""
    number = cell.get("execution_count") or " "
    lexer = "ipython3" if re.search(r"^\s*[%!]", source_of(cell), flags=re.MULTILINE) else "python3"
    code = Highlight2HTML(pygments_lexer=lexer)(source_of(cell))
    outputs = "".join(output(found, pictures, f"{stem}-{cell['id']}") for found in cell["outputs"])
    shown = f'<div class="outputs">{outputs}</div>' if outputs else ""
    label = f'<span class="number" aria-label="cell {number}">[{number}]</span>'
    return f'{label}<div class="code" tabindex="0">{code}</div>{shown}'


def output(found: Mapping[str, Any], pictures: Path, name: str) -> str:
    """One output: text, an error, what the course drew, or a picture, which becomes a file of its own."""
    if found["output_type"] == "stream":
        return f'<pre class="said" tabindex="0">{ansi2html("".join(found["text"]))}</pre>'
    if found["output_type"] == "error":
        return f'<pre class="said" tabindex="0">{escape(found["ename"])}: {escape(found["evalue"])}</pre>'
    data = found.get("data", {})
    if "image/png" in data:
        content = base64.b64decode("".join(data["image/png"]))
        file = pictures / f"{name}.png"
        while file.exists() and file.read_bytes() != content:
            file = file.with_name(file.stem + "-more.png")
        file.write_bytes(content)
        words = found.get("metadata", {}).get("image/png", {}).get("alt") or "".join(data.get("text/plain", ""))
        return f'<img src="{pictures.name}/{file.name}" alt="{escape(words)}" loading="lazy">'
    if "text/html" in data:
        return f'<div class="drawn" tabindex="0">{"".join(data["text/html"])}</div>'
    return f'<pre class="said" tabindex="0">{escape("".join(data.get("text/plain", "")))}</pre>'


def lesson_body(lesson: Path, lessons: Mapping[str, str], pictures: Path) -> str:
    """All cells of a lesson, each with its id as an anchor."""
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    parts = []
    for cell in cells:
        kind = "prose" if cell["cell_type"] == "markdown" else "run"
        inside = markdown(source_of(cell), lessons) if kind == "prose" else code_cell(cell, pictures, lesson.stem)
        parts.append(f'<section class="cell {kind}" id="{escape(cell["id"])}">{inside}</section>')
    return "\n".join(parts)


def sections(lesson: Path) -> Iterator[tuple[str, str]]:
    """The anchor and the words of every section of a lesson, for the navigation."""
    for cell in json.loads(lesson.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            for words in re.findall(r"^## +(.+?) *$", source_of(cell), flags=re.MULTILINE):
                yield cell["id"], words


def lesson_title(lesson: Path) -> str:
    """The title of a lesson, as its first line gives it."""
    for cell in json.loads(lesson.read_text(encoding="utf-8"))["cells"]:
        if found := re.search(r"^# +(.+?) *$", source_of(cell), flags=re.MULTILINE):
            return found.group(1)
    return lesson.stem.replace("_", " ")


# ------------------------------------------------------------------------------------------------ a page


def page(title: str, body: str, here: str, titles: Mapping[str, str], inside: Sequence[tuple[str, str]] = ()) -> str:
    """A whole page: head, navigation, body."""
    items = []
    for file, words in {**titles, **{f"{name}.html": text for name, text in PAGES.items()}}.items():
        current = ' aria-current="page"' if file == here else ""
        below = "".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for anchor, text in inside)
        below = f"<ol>{below}</ol>" if current and below else ""
        items.append(f'<li><a href="{file}"{current}>{escape(words)}</a>{below}</li>')
    order = list(titles)
    neighbours = ""
    if here in order:
        place = order.index(here)
        before = (
            [f'<a rel="prev" href="{order[place - 1]}">{escape(titles[order[place - 1]])}</a>']
            if place
            else ["<span></span>"]
        )
        after = (
            [f'<a rel="next" href="{order[place + 1]}">{escape(titles[order[place + 1]])}</a>']
            if place + 1 < len(order)
            else []
        )
        neighbours = f'<nav class="neighbours" aria-label="Lesson before and after">{"".join(before + after)}</nav>'
    whole = title if title == TITLE else f"{title} - {TITLE}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(whole)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<script src="theme.js"></script>
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header>
<button id="menu" aria-expanded="false" aria-controls="navigation">Lessons</button>
<a class="home" href="index.html">{TITLE}</a>
<label class="search">Search <input id="search" type="search" autocomplete="off"></label>
<button id="theme" aria-label="Light or dark">Light or dark</button>
<div id="found" role="status" hidden></div>
</header>
<div class="columns">
<nav id="navigation" aria-label="Lessons"><ol class="lessons">{"".join(items)}</ol></nav>
<main id="content" tabindex="-1">
{body}
{neighbours}
</main>
</div>
<script src="search.js"></script>
<script src="site.js"></script>
</body>
</html>
"""


def buttons(lesson: Path, repository: str) -> str:
    """What leads from a page to the notebook: Colab, where an address is known, and the file."""
    file = f"notebooks/{lesson.name}"
    colab = f"https://colab.research.google.com/github/{repository}/blob/main/{file}"
    online = f'<a class="button" href="{colab}">Open in Colab</a>' if repository else ""
    return f'<p class="buttons">{online}<a class="button" href="{file}" download>Notebook file</a></p>'


def opening(titles: Mapping[str, str], lessons: Sequence[Path]) -> str:
    """The first page: what the course is, and the lessons with their questions."""
    rows = []
    for (file, title), lesson in zip(titles.items(), lessons, strict=True):
        text = source_of(json.loads(lesson.read_text(encoding="utf-8"))["cells"][0])
        question = re.search(r"\*\*The question\.\*\*\s*(.+)", text)
        words = re.sub(r"<[^>]+>", "", markdown2html(question.group(1))).strip() if question else ""
        rows.append(f'<li><a href="{file}">{escape(title)}</a><br>{words}</li>')
    introduction = (
        "Notebooks that open every box of Hugging Face Transformers. This is the course to read, with the outputs that "
        "its notebooks gave; to predict, run, change and solve, take the notebooks."
    )
    return f'<h1>{TITLE}</h1><p>{introduction}</p><ul class="overview">{"".join(rows)}</ul>'


def search_index(bodies: Mapping[str, str], titles: Mapping[str, str]) -> list[list[str]]:
    """What the search looks through: page and anchor, title, text; a piece for each cell of prose."""
    found = []
    for file, body in bodies.items():
        for anchor, inside in re.findall(
            r'<section class="cell prose" id="([^"]+)">(.*?)</section>', body, flags=re.DOTALL
        ):
            words = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", inside))).strip()
            found.append([f"{file}#{anchor}", titles[file], words])
    return found


# ------------------------------------------------------------------------------------------------ the site


def build(folder: Path, repository: str) -> list[Path]:
    """Write all pages into a folder; the files that were written."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise Stop(f"{tidy(folder)} holds other files. Name an empty folder, or one with a site of before.")
    shutil.rmtree(folder, ignore_errors=True)
    pictures, notebooks = folder / "pictures", folder / "notebooks"
    for place in (pictures, notebooks):
        place.mkdir(parents=True)
    (folder / MARKER).write_text(
        "Written by `python course.py site`. It may be deleted as a whole.\n", encoding="utf-8"
    )
    lessons = some_lessons()
    names = {lesson.name: f"{lesson.stem}.html" for lesson in lessons}
    titles = {f"{lesson.stem}.html": lesson_title(lesson) for lesson in lessons}
    bodies = {}
    for lesson in lessons:
        file = names[lesson.name]
        bodies[file] = lesson_body(lesson, names, pictures)
        text = page(titles[file], buttons(lesson, repository) + bodies[file], file, titles, list(sections(lesson)))
        (folder / file).write_text(text, encoding="utf-8")
        shutil.copyfile(lesson, notebooks / lesson.name)
    for name, words in PAGES.items():
        body = markdown((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"), names)
        (folder / f"{name}.html").write_text(page(words, body, f"{name}.html", titles), encoding="utf-8")
    (folder / "index.html").write_text(page(TITLE, opening(titles, lessons), "index.html", titles), encoding="utf-8")
    index = json.dumps(search_index(bodies, titles), ensure_ascii=False)
    (folder / "search.js").write_text(f"window.courseIndex = {index};\n", encoding="utf-8")
    light = HtmlFormatter(style="tango").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(':root[data-theme="dark"] .highlight')
    style = (ASSETS / "style.css").read_text(encoding="utf-8")
    (folder / "style.css").write_text(f"{style}\n@media screen {{\n{light}\n{dark}\n}}\n", encoding="utf-8")
    for name in ("site.js", "theme.js"):
        shutil.copyfile(ASSETS / name, folder / name)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def print_pages(folder: Path) -> int:
    """A PDF of each lesson beside its page, printed by the Chromium of this machine; how many."""
    program = find_chromium()
    if not program:
        raise Stop(
            "The site is there, but no Chromium to print it with. Install the package chromium, or leave --pdf out."
        )
    made = 0
    for lesson in some_lessons():
        target = folder / f"{lesson.stem}.pdf"
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            command += [f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={target}"]
            address = (folder / f"{lesson.stem}.html").as_uri()
            done = subprocess.run([*command, address], capture_output=True, timeout=180, check=False)
        if done.returncode != 0 or not target.exists():
            raise Stop(f"{target.name} could not be printed: {done.stderr.decode('utf-8', 'replace')[-300:]}")
        made += 1
    return made


def main(words: Sequence[str] | None = None) -> int:
    """Build the site; the exit code."""
    speak_utf8()
    parser = argparse.ArgumentParser(prog="course.py site", description="The lessons as pages to read.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "build" / "site")
    parser.add_argument("--repository", default=REPOSITORY or os.environ.get("GITHUB_REPOSITORY", ""))
    parser.add_argument("--pdf", action="store_true", help="a PDF of each lesson, by the Chromium of this machine")
    options = parser.parse_args(words)
    folder = options.folder.resolve()
    try:
        files = build(folder, options.repository)
        size = sum(path.stat().st_size for path in files) / 1e6
        say(f"{len(files)} files, {size:.1f} MB: {tidy(folder / 'index.html')}")
        if options.pdf:
            say(f"{print_pages(folder)} lessons as PDF")
    except Stop as stop:
        print(stop, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
