"""The lessons as a site to read: `python course.py site [DIR] [--repository OWNER/REPO] [--pdf]`.

Made of the stored outputs; nothing is run. Every page is a file that needs no server and asks none: style, search and
pictures lie beside it. A cell of a lesson has its id as an anchor, so `05_padding_and_masks.html#drift-ask` opens it,
and links of the form `#cell-id=drift-ask` are rewritten to it. The Korean edition lies in the folder ko/ of the site;
each page leads to its twin in the other language, at the same cell.

Markdown and code are rendered by nbconvert, which comes with JupyterLab. `docs/site/` holds style and script.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import posixpath
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
from commands.lessons import EDITIONS, ENGLISH, Edition, edition_of, lessons, some_lessons
from commands.shared import ROOT, Stop, say, speak_utf8, tidy
from commands.words import message, speak, spoken
from course_utils.address import REPOSITORY

ASSETS = ROOT / "docs" / "site"
PAGES = ("glossary", "corrections", "teaching")
MARKER = "course-site.txt"
BADGE = re.compile(r"<!-- badge.*?<!-- /badge -->", flags=re.DOTALL)

QUESTION = re.compile(r"\*\*(?:The question|질문)\.\*\*\s*(.+)")

Cell = Mapping[str, Any]
Pages = Mapping[str, str]
"""The page of the site that is made of each file of the course: `notebooks/ko/05_a.ipynb` -> `ko/05_a.html`."""


# ------------------------------------------------------------------------------------------------ parts of a page


def source_of(cell: Cell) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def with_links(html: str, source: str, pages: Pages) -> str:
    """Links of a file to files of the course, as links of its page to their pages; to a cell, as an anchor.

    >>> pages = {"docs/a.md": "a.html", "notebooks/ko/05_a.ipynb": "ko/05_a.html"}
    >>> with_links('<a href="../notebooks/ko/05_a.ipynb#cell-id=b">', "docs/a.md", pages)
    '<a href="ko/05_a.html#b">'
    >>> with_links('<a href="../../docs/a.md">', "notebooks/ko/05_a.ipynb", pages)
    '<a href="../a.html">'
    """
    folder = posixpath.dirname(source)

    def page(match: re.Match[str]) -> str:
        wanted = posixpath.normpath(posixpath.join(folder, match.group(1)))
        english = wanted.replace("notebooks/ko/", "notebooks/").replace(".ko.md", ".md")
        target = pages.get(wanted) or pages.get(english)  # a Korean page that is not there yet: the English one
        return f'href="{way(pages[source], target)}{match.group(2) or ""}"' if target else match.group(0)

    html = re.sub(r'href="([^":#]+\.(?:ipynb|md))(#[^"]*)?"', page, html)
    return re.sub(r'(href="[^"]*)#cell-id=', r"\1#", html)


def way(here: str, there: str) -> str:
    """The link that leads from one page of the site to another file of it.

    >>> way("ko/index.html", "style.css"), way("index.html", "ko/index.html"), way("ko/a.html", "ko/b.html")
    ('../style.css', 'ko/index.html', 'b.html')
    """
    return posixpath.relpath(there, posixpath.dirname(here) or ".")


def markdown(text: str, source: str, pages: Pages) -> str:
    """Markdown of a file as HTML, without the marks that only nbconvert's own pages know."""
    html = markdown2html(BADGE.sub("", text))
    html = re.sub(r'<a class="anchor-link" href="[^"]*">[^<]*</a>', "", html)
    html = html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return with_links(html, source, pages)


def code_cell(cell: Cell, pictures: Path, stem: str) -> str:
    """A code cell: its number, its code, what it gave."""
    number = cell.get("execution_count") or " "
    lexer = "ipython3" if re.search(r"^\s*[%!]", source_of(cell), flags=re.MULTILINE) else "python3"
    code = Highlight2HTML(pygments_lexer=lexer)(source_of(cell))
    outputs = "".join(output(found, pictures, f"{stem}-{cell['id']}") for found in cell["outputs"])
    shown = f'<div class="outputs">{outputs}</div>' if outputs else ""
    label = f'<span class="number" aria-label="{message("site.cell", number=number)}">[{number}]</span>'
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
        english = pictures.parent.parent / pictures.name / file.name
        folder = pictures.name
        if english.is_file() and english.read_bytes() == content:  # a picture without words is there once
            file.unlink()
            folder = f"../{pictures.name}"
        return f'<img src="{folder}/{file.name}" alt="{escape(words)}" loading="lazy">'
    if "text/html" in data:
        return f'<div class="drawn" tabindex="0">{"".join(data["text/html"])}</div>'
    return f'<pre class="said" tabindex="0">{escape("".join(data.get("text/plain", "")))}</pre>'


def lesson_body(lesson: Path, pages: Pages, pictures: Path) -> str:
    """All cells of a lesson, each with its id as an anchor."""
    source = file_of(lesson)
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    parts = []
    for cell in cells:
        kind = "prose" if cell["cell_type"] == "markdown" else "run"
        inside = markdown(source_of(cell), source, pages) if kind == "prose" else code_cell(cell, pictures, lesson.stem)
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


def file_of(path: Path) -> str:
    """The name of a file of the course, as `Pages` has it."""
    return path.relative_to(ROOT).as_posix()


# ------------------------------------------------------------------------------------------------ a page


def all_pages() -> dict[str, str]:
    """The page of each lesson, and of each of the other pages, in every language that has it."""
    found = {}
    for edition in EDITIONS.values():
        found |= {file_of(lesson): site_path(edition, f"{lesson.stem}.html") for lesson in lessons(edition)}
        ending = ".md" if edition == ENGLISH else f".{edition.language}.md"
        there = [name for name in PAGES if lessons(edition) and (ROOT / "docs" / f"{name}{ending}").exists()]
        found |= {f"docs/{name}{ending}": site_path(edition, f"{name}.html") for name in there}
    return found


def site_path(edition: Edition, file: str) -> str:
    """A file of an edition in the site.

    >>> site_path(EDITIONS["ko"], "index.html"), site_path(ENGLISH, "index.html")
    ('ko/index.html', 'index.html')
    """
    return posixpath.join(edition.subfolder, file)


def twin_link(edition: Edition, here: str, pages: Pages) -> str:
    """A link to the same page in the other language, or to its first page where it has no such page."""
    found = ""
    for other in EDITIONS.values():
        if other != edition and lessons(other):
            twin = site_path(other, posixpath.basename(here))
            there = twin if twin in pages.values() else site_path(other, "index.html")
            name = {"en": "English", "ko": "한국어"}[other.language]
            found += f'<a class="twin" lang="{other.language}" href="{way(here, there)}">{name}</a>'
    return found


def page(
    edition: Edition, title: str, body: str, here: str, pages: Pages, inside: Sequence[tuple[str, str]] = ()
) -> str:
    """A whole page of an edition: head, navigation, body."""
    titles = {pages[file_of(lesson)]: lesson_title(lesson) for lesson in lessons(edition)}
    named = dict(titles)
    for name in PAGES:
        own = site_path(edition, f"{name}.html")
        named[own if own in pages.values() else f"{name}.html"] = message(f"site.pages.{name}")
    items = []
    for file, words in named.items():
        current = ' aria-current="page"' if file == here else ""
        below = "".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for anchor, text in inside)
        below = f"<ol>{below}</ol>" if current and below else ""
        items.append(f'<li><a href="{way(here, file)}"{current}>{escape(words)}</a>{below}</li>')
    order = list(titles)
    neighbours = ""
    if here in order:
        place = order.index(here)
        before, after = ["<span></span>"], []
        if place:
            file = order[place - 1]
            before = [f'<a rel="prev" href="{way(here, file)}">{escape(titles[file])}</a>']
        if place + 1 < len(order):
            file = order[place + 1]
            after = [f'<a rel="next" href="{way(here, file)}">{escape(titles[file])}</a>']
        label = message("site.neighbours")
        neighbours = f'<nav class="neighbours" aria-label="{label}">{"".join(before + after)}</nav>'
    course = message("site.title")
    whole = title if title == course else f"{title} - {course}"
    places, first = escape(message("site.places")), escape(message("site.first_places"))
    up = way(here, ".") + "/" if posixpath.dirname(here) else ""
    return f"""<!DOCTYPE html>
<html lang="{edition.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(whole)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{up}style.css">
<script src="{up}theme.js"></script>
</head>
<body>
<a class="skip" href="#content">{message("site.to_the_text")}</a>
<header>
<button id="menu" aria-expanded="false" aria-controls="navigation">{message("site.lessons")}</button>
<a class="home" href="index.html">{course}</a>
{twin_link(edition, here, pages)}
<label class="search">{message("site.search")} <input id="search" type="search" autocomplete="off"></label>
<button id="theme" aria-label="{message("site.theme")}">{message("site.theme")}</button>
<div id="found" role="status" data-places="{places}" data-first="{first}" hidden></div>
</header>
<div class="columns">
<nav id="navigation" aria-label="{message("site.lessons")}"><ol class="lessons">{"".join(items)}</ol></nav>
<main id="content" tabindex="-1">
{body}
{neighbours}
</main>
</div>
<script src="search.js"></script>
<script src="{up}site.js"></script>
</body>
</html>
"""


def buttons(lesson: Path, repository: str) -> str:
    """What leads from a page to the notebook: Colab, where an address is known, and the file."""
    file, edition = file_of(lesson), edition_of(lesson)
    colab = f"https://colab.research.google.com/github/{repository}/blob/main/{file}"
    online = f'<a class="button" href="{colab}">{message("site.colab")}</a>' if repository else ""
    own = way(site_path(edition, f"{lesson.stem}.html"), file)
    return f'<p class="buttons">{online}<a class="button" href="{own}" download>{message("site.file")}</a></p>'


def opening(edition: Edition) -> str:
    """The first page of an edition: what the course is, and the lessons with their questions."""
    rows = []
    for lesson in some_lessons(edition):
        question = QUESTION.search(source_of(json.loads(lesson.read_text(encoding="utf-8"))["cells"][0]))
        words = re.sub(r"<[^>]+>", "", markdown2html(question.group(1))).strip() if question else ""
        rows.append(f'<li><a href="{lesson.stem}.html">{escape(lesson_title(lesson))}</a><br>{words}</li>')
    start = f"<h1>{message('site.title')}</h1><p>{message('site.introduction')}</p>"
    return f'{start}<ul class="overview">{"".join(rows)}</ul>'


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
    some_lessons()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARKER).write_text(
        "Written by `python course.py site`. It may be deleted as a whole.\n", encoding="utf-8"
    )
    pages, before = all_pages(), spoken()
    for edition in EDITIONS.values():
        if lessons(edition):
            speak(edition.language)
            build_edition(folder, edition, pages, repository)
    speak(before)
    light = HtmlFormatter(style="tango").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(':root[data-theme="dark"] .highlight')
    style = (ASSETS / "style.css").read_text(encoding="utf-8")
    (folder / "style.css").write_text(f"{style}\n@media screen {{\n{light}\n{dark}\n}}\n", encoding="utf-8")
    for name in ("site.js", "theme.js"):
        shutil.copyfile(ASSETS / name, folder / name)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def build_edition(folder: Path, edition: Edition, pages: Pages, repository: str) -> None:
    """Write the pages of one edition, its pictures, its notebooks and what its search looks through."""
    own = folder / edition.subfolder
    pictures, notebooks = own / "pictures", folder / "notebooks" / edition.subfolder
    for place in (pictures, notebooks):
        place.mkdir(parents=True)
    bodies, titles = {}, {}
    for lesson in lessons(edition):
        here, title, file = pages[file_of(lesson)], lesson_title(lesson), f"{lesson.stem}.html"
        bodies[file], titles[file] = lesson_body(lesson, pages, pictures), title
        body = buttons(lesson, repository) + bodies[file]
        text = page(edition, title, body, here, pages, list(sections(lesson)))
        (own / file).write_text(text, encoding="utf-8")
        shutil.copyfile(lesson, notebooks / lesson.name)
    for source, here in pages.items():
        if source.startswith("docs/") and (folder / here).parent == own:
            body = markdown((ROOT / source).read_text(encoding="utf-8"), source, pages)
            title = message(f"site.pages.{Path(here).stem}")
            (folder / here).write_text(page(edition, title, body, here, pages), encoding="utf-8")
    first = page(edition, message("site.title"), opening(edition), site_path(edition, "index.html"), pages)
    (own / "index.html").write_text(first, encoding="utf-8")
    index = json.dumps(search_index(bodies, titles), ensure_ascii=False)
    (own / "search.js").write_text(f"window.courseIndex = {index};\n", encoding="utf-8")


def print_pages(folder: Path) -> int:
    """A PDF of each lesson beside its page, printed by the Chromium of this machine; how many."""
    program = find_chromium()
    if not program:
        raise Stop(
            "The site is there, but no Chromium to print it with. Install the package chromium, or leave --pdf out."
        )
    made = 0
    for lesson in [lesson for edition in EDITIONS.values() for lesson in lessons(edition)]:
        own = folder / edition_of(lesson).subfolder
        target = own / f"{lesson.stem}.pdf"
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            command += [f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={target}"]
            address = (own / f"{lesson.stem}.html").as_uri()
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
