"""A configuration with sliders: how many parameters it makes, how much memory and how many calculations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_lessons.lesson_03.draw_model_parts import known_as, model_parts_html
from course_utils.cost import forward_flops, memory_bytes, parameter_counts
from course_utils.display import Muted, redraw, show
from course_utils.markup import card, plain
from course_utils.messages import CourseError, brief, text

if TYPE_CHECKING:
    from transformers import BertConfig

SIZES: dict[str, dict[str, int]] = {
    "pocket": {"hidden_size": 288, "num_hidden_layers": 4, "num_attention_heads": 12, "intermediate_size": 1024},
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
}
"""The models to compare with; all have BERT's vocabulary of 30,522 entries and 512 positions."""

RANGES = {
    "hidden_size": (32, 2048, 32),
    "num_hidden_layers": (1, 48, 1),
    "num_attention_heads": (1, 32, 1),
    "intermediate_size": (64, 8192, 64),
}
VOCABULARIES = (1000, 4000, 8000, 16000, 30522, 60000, 120000, 250000)
DTYPES = ("float32", "float16", "int8")
TOKENS = 128


@dataclass(frozen=True)
class SizeExplorer:
    """Sliders for a configuration and below them what it costs.

    Attributes:
        sliders: one for each of hidden_size, num_hidden_layers, num_attention_heads and intermediate_size.
        vocabulary: slider over some sizes of vocabulary.
        dtype: the type in which the parameters are stored.
        presets: buttons that set all sliders to pocket, base or large.
        view: the costs as HTML, redrawn at every change.
        widget: all together.
    """

    sliders: Mapping[str, ipywidgets.IntSlider]
    vocabulary: ipywidgets.SelectionSlider
    dtype: ipywidgets.ToggleButtons
    presets: Mapping[str, ipywidgets.Button]
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


def size_explorer(start: str = "pocket") -> SizeExplorer:
    """Sliders for the configuration of a BERT body, with its parameters, memory and calculations by formula.

    Nothing is built, so any size answers at once.

    Args:
        start: where the sliders stand at first: "pocket", "base" or "large".
    Raises:
        CourseError: `start` is none of them.
    """
    if start not in SIZES:
        raise CourseError(text("size_explorer.unknown_start", given=brief(start), known=", ".join(SIZES)))
    sliders = {
        name: ipywidgets.IntSlider(
            value=SIZES[start][name], min=low, max=high, step=step, description=name, **_wide("46em")
        )
        for name, (low, high, step) in RANGES.items()
    }
    vocabulary = ipywidgets.SelectionSlider(
        options=[(f"{size:,}", size) for size in VOCABULARIES], value=30522, description="vocab_size", **_wide("46em")
    )
    dtype = ipywidgets.ToggleButtons(
        options=DTYPES,
        description="dtype",
        style={"description_width": "11em", "button_width": "7em"},
        layout=ipywidgets.Layout(width="46em"),
    )
    presets = {
        name: ipywidgets.Button(description=known_as(name), tooltip=text("size_explorer.preset", name=known_as(name)))
        for name in SIZES
    }

    def draw() -> str:
        return explained({name: slider.value for name, slider in sliders.items()}, vocabulary.value, dtype.value)

    view = ipywidgets.HTML(value=draw())
    muted = Muted()

    def changed(_: object) -> None:
        if not muted:
            redraw(view, draw)

    def preset(name: str) -> None:
        with muted:  # four sliders move, one picture follows
            for key, value in SIZES[name].items():
                sliders[key].value = value
            vocabulary.value = 30522
        redraw(view, draw)

    for control in (*sliders.values(), vocabulary, dtype):
        control.observe(changed, names="value")
    for name, button in presets.items():
        button.on_click(lambda _, name=name: preset(name))
        button.add_class(f"course-size-{name}")
    for name, slider in sliders.items():
        slider.add_class(f"course-{name.replace('_', '-')}")
    view.add_class("course-size-view")
    controls = [ipywidgets.HBox(list(presets.values())), *sliders.values(), vocabulary, dtype, view]
    return SizeExplorer(sliders, vocabulary, dtype, presets, view, ipywidgets.VBox(controls))


def show_size_explorer(start: str = "pocket") -> None:
    """Show `size_explorer`; a reader without a kernel sees the first configuration.

    Args and errors as for `size_explorer`.
    """
    explorer = size_explorer(start)
    stand = ", ".join(f"{name} = {slider.value}" for name, slider in explorer.sliders.items())
    still = f"<p>{escape(stand)}</p>{explorer.view.value}"
    show(explorer.widget, still, text=plain(still))


def explained(sizes: Mapping[str, int], vocabulary: int, dtype: str) -> str:
    """What a configuration costs, beside pocket, base and large, as HTML.

    A hidden size that the heads cannot share out evenly is named: the library refuses it.

    >>> "12,723,040 parameters" in explained(SIZES["pocket"], 30522, "float32")
    True
    """
    from transformers import BertConfig

    yours = BertConfig(vocab_size=vocabulary, **sizes)
    models: dict[str, BertConfig] = {"yours": yours}
    models |= {name: BertConfig(**known) for name, known in SIZES.items()}
    counts = {name: parameter_counts(config) for name, config in models.items()}
    notes = {
        name: text(
            "size_explorer.note",
            megabytes=f"{memory_bytes(counts[name]['total'], dtype) / 1e6:,.0f}",
            dtype=dtype,
            billions=f"{forward_flops(config, 1, TOKENS) / 1e9:,.1f}",
            tokens=TOKENS,
        )
        for name, config in models.items()
    }
    hidden, heads = sizes["hidden_size"], sizes["num_attention_heads"]
    warning = ""
    if hidden % heads:
        fits = [n for n in range(1, RANGES["num_attention_heads"][1] + 1) if hidden % n == 0]
        below = max(n for n in fits if n < heads)
        above = min((n for n in fits if n > heads), default=below)
        words = text("size_explorer.uneven", hidden=hidden, heads=heads, below=below, above=above)
        warning = card(escape(words), "note")
    return model_parts_html(counts, notes, first="yours") + warning


def _wide(width: str) -> dict[str, object]:
    """Room for the long names of the settings."""
    return {"layout": ipywidgets.Layout(width=width), "style": {"description_width": "11em"}}
