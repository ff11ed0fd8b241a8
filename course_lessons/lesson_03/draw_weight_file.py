"""How a safetensors file is laid out: eight bytes, a header in JSON, then the numbers."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.messages import CourseError, brief, text
from course_utils.palette import BLUE, GREEN, INK, ORANGE
from course_utils.picture import Picture

LENGTH_BYTES = 8
SHOWN_BYTES = 28
COLOURS = {"length": BLUE, "header": ORANGE, "numbers": GREEN}


def draw_weight_file(path: str | Path) -> Picture:
    """The first bytes of a safetensors file one by one, and below them the three sections with their sizes.

    Args:
        path: a .safetensors file; only its first bytes are read.
    Raises:
        CourseError: there is no such file, or its first eight bytes do not lead to a header.

    >>> import tempfile, torch
    >>> from safetensors.torch import save_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_file({"two": torch.zeros(2)}, Path(folder) / "a.safetensors")
    ...     picture = draw_weight_file(Path(folder) / "a.safetensors")
    >>> [t.get_text() for t in picture.figure.axes[0].texts][:4]
    ['38', '56', '00', '0']
    """
    start, header, numbers = _read(path)
    figure = Figure(figsize=(12, 3.9))
    single, whole = figure.subplots(2, 1, height_ratios=[1, 1.1])
    _draw_bytes(single, start)
    _draw_sections(whole, {"length": LENGTH_BYTES, "header": header, "numbers": numbers})
    figure.tight_layout()
    words = text(
        "draw_weight_file.words",
        first=start[:LENGTH_BYTES].hex(" "),
        header=f"{header:,}",
        begins=start[LENGTH_BYTES:].decode("utf-8", "replace"),
        numbers=f"{numbers:,}",
    )
    return Picture(figure, words)


def _read(path: str | Path) -> tuple[bytes, int, int]:
    """The first bytes, the length of the header and the number of bytes after it."""
    try:
        size = Path(path).stat().st_size
        with Path(path).open("rb") as file:
            start = file.read(SHOWN_BYTES)
    except (OSError, TypeError, ValueError) as error:
        raise CourseError(text("draw_weight_file.no_file", given=brief(path), kind=type(error).__name__)) from None
    header = int.from_bytes(start[:LENGTH_BYTES], "little")
    if len(start) <= LENGTH_BYTES or start[LENGTH_BYTES : LENGTH_BYTES + 1] != b"{" or LENGTH_BYTES + header > size:
        raise CourseError(text("draw_weight_file.no_header", given=brief(str(path)), first=start[:8].hex(" ")))
    return start, header, size - LENGTH_BYTES - header


def _draw_bytes(axes: Axes, start: bytes) -> None:
    axes.set_xlim(0, SHOWN_BYTES + 1.5)
    axes.set_ylim(-0.2, 2.2)
    axes.axis("off")
    for position, byte in enumerate(start):
        colour = COLOURS["length"] if position < LENGTH_BYTES else COLOURS["header"]
        axes.add_patch(
            Rectangle((position + 0.06, 1.05), 0.88, 0.9, facecolor="white", edgecolor=colour, linewidth=2.5)
        )
        axes.text(position + 0.5, 1.5, f"{byte:02x}", ha="center", va="center", fontsize=12, family="monospace")
        words = str(byte) if position < LENGTH_BYTES else chr(byte)
        axes.text(position + 0.5, 0.5, words, ha="center", va="center", fontsize=13, color=INK)
    axes.text(len(start) + 0.2, 1.5, "…", va="center", fontsize=14)


def _draw_sections(axes: Axes, sizes: dict[str, int]) -> None:
    axes.set_xlim(0, SHOWN_BYTES + 1.5)
    axes.set_ylim(0, 2)
    axes.axis("off")
    left = 0.06
    for (section, size), width in zip(sizes.items(), (7.9, 8.0, 13.2), strict=True):
        axes.add_patch(Rectangle((left, 0.25), width - 0.15, 1.3, facecolor=COLOURS[section], alpha=0.25))
        axes.add_patch(Rectangle((left, 0.25), width - 0.15, 1.3, fill=False, edgecolor=COLOURS[section], linewidth=2))
        words = text(f"draw_weight_file.{section}", size=f"{size:,}")
        axes.text(left + width / 2 - 0.1, 0.9, words, ha="center", va="center", fontsize=13, color=INK)
        left += width
