"""Lesson 11 in a real browser: choose another layer, type another sentence, see the weights change."""

from __future__ import annotations

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

pytestmark = pytest.mark.browser

STEM = "11_architectures_and_attention"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, the widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".course-attention-view table").count() == 1


def test_another_layer_and_another_sentence(lab: Lab) -> None:
    """A knob changes the weights of the same tokens, a sentence changes the tokens."""
    view = lab.page.locator(".course-attention-view")
    view.scroll_into_view_if_needed()
    lab.shot("attention-first")
    before = view.inner_text()
    knob = lab.page.locator(".course-attention-layer .noUi-handle, .course-attention-layer .ui-slider-handle").first
    knob.focus()
    lab.page.keyboard.press("ArrowRight")
    changed = "([node, text]) => node.innerText !== text"
    lab.page.wait_for_function(changed, arg=[view.element_handle(), before])
    assert "actors" in view.inner_text()
    box = lab.page.locator(".course-attention-box input")
    box.fill("the dog that barked was brown")
    lab.page.locator(".course-attention-view", has_text="barked").wait_for()
    view.scroll_into_view_if_needed()
    lab.shot("attention-own-sentence")
    assert "actors" not in view.inner_text()


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
