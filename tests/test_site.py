"""The site, in each language: links, anchors, pictures and words; and in a browser: phone, desk, light, dark."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from browser_lab import ARGUMENTS, browser_path
from lesson_files import ROOT, exercise_names, lesson_paths, read

from commands import build_site
from commands.lessons import EDITIONS, ENGLISH, KOREAN, Edition, lessons

STEM = "05_padding_and_masks"

pytestmark = pytest.mark.slow  # each of them reads the whole site, which is built first


class Page(HTMLParser):
    """What a page refers to: links, ids, pictures, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.loads: list[str] = []
        self.twins: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"] or "")
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
            self.twins += [found["href"] or ""] if found.get("class") == "twin" else []
        if tag == "img":
            self.pictures.append(found)
        if tag in ("img", "script", "link", "iframe", "source", "video"):
            self.loads += [found[name] or "" for name in ("src", "href", "srcset") if found.get(name)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the stored lessons."""
    folder = tmp_path_factory.mktemp("site") / "한글 site"
    assert build_site.main([str(folder), "--repository", "jane-doe/course"]) == 0
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    """Every page by its name, which begins with ko/ for a Korean one."""
    return {path.relative_to(site).as_posix(): Page(path) for path in sorted(site.rglob("*.html"))}


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)
def test_there_is_a_page_for_each_lesson_and_what_belongs_to_it(
    site: Path, pages: dict[str, Page], edition: Edition
) -> None:
    ending = ".md" if edition == ENGLISH else ".ko.md"
    others = {"index", *(name for name in build_site.PAGES if (ROOT / "docs" / f"{name}{ending}").exists())}
    stored = lessons(edition)
    names = {build_site.site_path(edition, f"{name}.html") for name in others | {path.stem for path in stored}}
    assert {name for name in pages if name.startswith("ko/") == (edition == KOREAN)} == (names if stored else set())
    for path in stored:
        name, lesson = build_site.site_path(edition, f"{path.stem}.html"), read(path)
        page, file = pages[name], path.relative_to(ROOT).as_posix()
        assert [found for found in page.ids if found in {cell.id for cell in lesson.cells}] == [
            c.id for c in lesson.cells
        ]
        assert f"https://colab.research.google.com/github/jane-doe/course/blob/main/{file}" in page.links
        assert (site / file).read_bytes() == path.read_bytes()
        text = (site / name).read_text(encoding="utf-8")
        solution = "Solution" if edition == ENGLISH else "풀이"
        assert text.count(f"<summary>{solution}</summary>") == len(exercise_names(lesson))
        assert "<details open" not in text and f'<html lang="{edition.language}">' in text
        assert "<!-- badge" not in text and "not set yet" not in text


def test_each_page_leads_to_its_twin(pages: dict[str, Page]) -> None:
    """The same lesson or page in the other language, and back; to the first page where it has none."""
    if not lessons(KOREAN):
        pytest.skip("there is no Korean lesson yet")
    paired = 0
    for name, page in pages.items():
        other = name.removeprefix("ko/") if name.startswith("ko/") else f"ko/{name}"
        there = other if other in pages else "index.html" if name.startswith("ko/") else "ko/index.html"
        assert len(page.twins) == 1 and resolved(name, page.twins[0]) == there, name
        paired += there == other
    assert paired >= 2 * (len(lessons(KOREAN)) + 1)


def resolved(name: str, link: str) -> str:
    """The file of the site that a link of a page leads to.

    >>> resolved("ko/a.html", "../b.html"), resolved("a.html", "")
    ('b.html', 'a.html')
    """
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(link))) if link else name


def test_every_link_inside_leads_somewhere(site: Path, pages: dict[str, Page]) -> None:
    """Files are there, anchors too, and no id stands twice on a page."""
    followed = 0
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            file, _, anchor = link.partition("#")
            target = resolved(name, file)
            assert (site / target).is_file(), f"{name}: {link}"
            if anchor:
                assert target in pages and unquote(anchor) in pages[target].ids, f"{name}: {link}"
            followed += 1
    assert followed > 600


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, Page]) -> None:
    """Neither by a page nor by its style or script."""
    for name, page in pages.items():
        for address in page.loads:
            assert address.startswith("data:") or (site / resolved(name, address)).is_file(), f"{name}: {address}"
    for path in [*site.glob("*.css"), site / "site.js", site / "theme.js"]:
        assert not re.search(r"https?://|url\(|@import|fetch\(", path.read_text(encoding="utf-8")), path.name


def test_every_picture_has_words(pages: dict[str, Page]) -> None:
    pictures = [found for page in pages.values() for found in page.pictures]
    assert len(pictures) >= 30
    assert all(len((found.get("alt") or "").split()) >= 3 for found in pictures)


def test_the_frame_of_a_korean_page_is_korean(site: Path) -> None:
    """Navigation, search and buttons. Their words stand in the tables of the commands, which another test compares."""
    if not lessons(KOREAN):
        pytest.skip("there is no Korean lesson yet")
    text = (site / "ko" / "index.html").read_text(encoding="utf-8")
    frame = re.sub(r"<main.*</main>|<head>.*</head>|<[^>]*>", " ", text, flags=re.DOTALL)
    assert not {"Lessons", "Search", "Light", "Glossary", "Teaching"} & set(frame.split())
    assert "검색" in frame and "English" in frame


def test_without_an_address_there_is_no_button_for_colab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert "Colab" not in build_site.buttons(lesson_paths()[0], "")
    (tmp_path / "letter.txt").write_text("Dear")
    assert build_site.main([str(tmp_path)]) == 1 and (tmp_path / "letter.txt").exists(), "other files stay"


# ------------------------------------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module", params=[(390, "dark"), (1280, "light")], ids=["phone", "desk"])
def view(request: pytest.FixtureRequest, site: Path) -> Iterator[tuple[Any, int, list[str], Path]]:
    """A page of a browser: a phone's width in the dark, a desk's in the light; and what it asks for."""
    width, theme = request.param
    executable = browser_path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=True)
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)
        page = context.new_page()
        asked: list[str] = []
        context.on("request", lambda found: asked.append(found.url))
        yield page, width, asked, site
        browser.close()


@pytest.mark.browser
@pytest.mark.slow
def test_every_page_fits_and_asks_nobody(view: tuple[Any, int, list[str], Path]) -> None:
    """No page is wider than the screen, every picture arrives, every script runs, nothing leaves this machine."""
    page, width, asked, site = view
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path.name} at {width}: {wide} pixels too wide"
        page.evaluate("for (const img of document.images) img.loading = 'eager'")
        page.wait_for_function("[...document.images].every(img => img.complete)")
        assert page.evaluate("[...document.images].every(img => img.naturalWidth > 0)"), path.name
    assert not errors and len(asked) > 60
    assert not [address for address in asked if not address.startswith(("file:", "data:"))]


@pytest.mark.browser
@pytest.mark.slow
def test_a_reader_gets_around(view: tuple[Any, int, list[str], Path]) -> None:
    """Search, menu, anchor, light and dark, a solution opened: each does what it says, also with the keyboard."""
    page, width, _, site = view
    page.goto((site / "05_padding_and_masks.html").as_uri())
    assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if width == 390 else "light")
    colours = "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    before = page.evaluate(colours)
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(colours) != before
    assert page.locator("#navigation").is_visible() == (width > 900)
    if width < 900:
        page.get_by_role("button", name="Lessons").press("Enter")
        assert page.locator("#navigation").is_visible()
    page.get_by_role("searchbox", name="Search").fill("pad token")
    hits = page.locator("#found li")
    assert 2 <= hits.count() <= 20 and "places" in page.locator("#found").inner_text()
    hits.first.locator("a").click()
    page.wait_for_function("document.querySelector('.cell:target') !== null")
    page.goto((site / "05_padding_and_masks.html").as_uri() + "#solution-pad-rows")
    fold = page.locator("#solution-pad-rows details")
    assert not fold.locator(".highlight").is_visible()
    fold.locator("summary").press("Enter")
    assert fold.locator(".highlight").is_visible()
    box = page.locator("#solution-pad-rows").bounding_box()
    assert box and 0 <= box["y"] < 844, "the anchor is on the screen"


@pytest.mark.browser
@pytest.mark.slow
def test_a_reader_changes_the_language_at_a_cell(view: tuple[Any, int, list[str], Path]) -> None:
    """The same lesson, the same cell; and the Korean search finds Korean words."""
    page, _, _, site = view
    if not (KOREAN.folder / f"{STEM}.ipynb").exists():
        pytest.skip("lesson 05 is not there in Korean yet")
    page.goto((site / f"{STEM}.html").as_uri() + "#solution-pad-rows")
    page.get_by_role("link", name="한국어").click()
    page.wait_for_url(f"**/ko/{STEM}.html#solution-pad-rows")
    page.get_by_role("searchbox", name="검색").fill("어텐션 마스크")
    assert page.locator("#found li").count() >= 2 and "찾은 곳" in page.locator("#found").inner_text()
    page.locator("#found li a").first.click()
    page.wait_for_function("document.querySelector('.cell:target') !== null")
    page.get_by_role("link", name="English").click()
    page.wait_for_function("document.documentElement.lang === 'en' && document.querySelector('.cell:target') !== null")


@pytest.mark.browser
@pytest.mark.slow
def test_the_stills_follow_the_theme(view: tuple[Any, int, list[str], Path]) -> None:
    """What the course draws on paper stands on the paper of the page: no white bands in the dark."""
    page, _, _, site = view
    page.goto((site / "05_padding_and_masks.html").as_uri())
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    drawn = page.locator(".drawn .course-batch").first
    assert drawn.evaluate("node => getComputedStyle(node).backgroundColor") == page.evaluate(
        "getComputedStyle(document.body).backgroundColor"
    )
