"""The site: its links, anchors, pictures and words; and in a real browser, on a phone and on a desk, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from browser_lab import ARGUMENTS, browser_path
from lesson_files import exercise_names, lesson_paths, read

from commands import build_site

EMPTY = {"img", "br", "hr", "meta", "link", "input"}


class Page(HTMLParser):
    """What a page refers to: links, ids, pictures, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"] or "")
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
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
    """Every page by its name."""
    return {path.name: Page(path) for path in sorted(site.glob("*.html"))}


def test_there_is_a_page_for_each_lesson_and_what_belongs_to_it(site: Path, pages: dict[str, Page]) -> None:
    others = {"index.html", *(f"{name}.html" for name in build_site.PAGES)}
    assert set(pages) == {f"{path.stem}.html" for path in lesson_paths()} | others
    for path in lesson_paths():
        page, lesson = pages[f"{path.stem}.html"], read(path)
        assert [found for found in page.ids if found in {cell.id for cell in lesson.cells}] == [
            c.id for c in lesson.cells
        ]
        assert f"https://colab.research.google.com/github/jane-doe/course/blob/main/notebooks/{path.name}" in page.links
        assert (site / "notebooks" / path.name).read_bytes() == path.read_bytes()
        text = (site / f"{path.stem}.html").read_text(encoding="utf-8")
        assert text.count("<summary>Solution</summary>") == len(exercise_names(lesson)) and "<details open" not in text
        assert "<!-- badge" not in text and "not set yet" not in text


def test_every_link_inside_leads_somewhere(site: Path, pages: dict[str, Page]) -> None:
    """Files are there, anchors too, and no id stands twice on a page."""
    followed = 0
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            file, _, anchor = link.partition("#")
            target = unquote(file) or name
            assert (site / target).is_file(), f"{name}: {link}"
            if anchor:
                assert target in pages and unquote(anchor) in pages[target].ids, f"{name}: {link}"
            followed += 1
    assert followed > 600


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, Page]) -> None:
    """Neither by a page nor by its style or script."""
    for name, page in pages.items():
        for address in page.loads:
            assert address.startswith("data:") or (site / unquote(address)).is_file(), f"{name}: {address}"
    for path in [*site.glob("*.css"), site / "site.js", site / "theme.js"]:
        assert not re.search(r"https?://|url\(|@import|fetch\(", path.read_text(encoding="utf-8")), path.name


def test_every_picture_has_words(pages: dict[str, Page]) -> None:
    pictures = [found for page in pages.values() for found in page.pictures]
    assert len(pictures) >= 30
    assert all(len((found.get("alt") or "").split()) >= 3 for found in pictures)


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
    for path in sorted(site.glob("*.html")):
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
def test_the_stills_follow_the_theme(view: tuple[Any, int, list[str], Path]) -> None:
    """What the course draws on paper stands on the paper of the page: no white bands in the dark."""
    page, _, _, site = view
    page.goto((site / "05_padding_and_masks.html").as_uri())
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    drawn = page.locator(".drawn .course-batch").first
    assert drawn.evaluate("node => getComputedStyle(node).backgroundColor") == page.evaluate(
        "getComputedStyle(document.body).backgroundColor"
    )
