"""Lesson 05 in a real browser: switch the mask cell by cell and see the probability of that row move."""

from __future__ import annotations

import re

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

pytestmark = pytest.mark.browser

STEM = "05_padding_and_masks"


def answers(lab: Lab) -> list[float]:
    """The probability written below each row of the board."""
    words = lab.page.locator(".course-mask-board .course-mask-result").all_inner_texts()
    return [float(re.search(r"POSITIVE (\d\.\d\d)", text).group(1)) for text in words]  # type: ignore[union-attr]


def wait_for_row(lab: Lab, row: int, old: str) -> None:
    """Wait until a row shows something else than `old`."""
    result = lab.page.locator(".course-mask-board .course-mask-result").nth(row)
    changed = "([node, old]) => node.innerText !== old"
    lab.page.wait_for_function(changed, arg=[result.element_handle(), old], timeout=20_000)


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive."""
    assert_ran_clean(lab)


def test_the_grid_fits_its_page(lab: Lab) -> None:
    """A batch of sixteen positions is seen as a whole: no cell is cut off at the right."""
    grid = lab.output("batch-grid").locator("table").first
    grid.scroll_into_view_if_needed()
    lab.page.wait_for_timeout(1500)
    lab.shot("grid")
    assert grid.locator("td").count() == 32
    room = lab.output("batch-grid").bounding_box()
    used = grid.bounding_box()
    assert room and used and used["x"] + used["width"] <= room["x"] + room["width"] + 1, (used, room)


def test_a_click_moves_that_row(lab: Lab) -> None:
    """Without its *not* the second row turns round; the other rows stay. Without any mask padding is read."""
    board = lab.page.locator(".course-mask-board")
    board.scroll_into_view_if_needed()
    lab.shot("board")
    start = answers(lab)
    results = board.locator(".course-mask-result")
    cell = board.get_by_role("button", name="1 not", exact=True)
    old = results.nth(1).inner_text()
    cell.click()
    wait_for_row(lab, 1, old)
    clicked = answers(lab)
    assert board.get_by_role("button", name="0 not", exact=True).count() == 1
    assert clicked[1] < 0.5 < start[1] and clicked[::2] == start[::2], (start, clicked)
    lab.shot("board-without-not")

    old = results.nth(0).inner_text()
    board.locator(".course-mask-ones").click()
    wait_for_row(lab, 0, old)
    assert board.get_by_role("button", name="1 [PAD]", exact=True).count() >= 3
    assert answers(lab)[0] < start[0]
    lab.shot("board-without-mask")

    old = results.nth(0).inner_text()
    board.locator(".course-mask-right").click()
    wait_for_row(lab, 0, old)
    lab.page.wait_for_timeout(500)
    assert answers(lab) == start


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
