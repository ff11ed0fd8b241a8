"""One room for each lesson: a room imports only itself, `course_utils` and `course_checks`; these import no lesson."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from lesson_files import ROOT, code_cells, lesson_paths, read

CORE, CHECKS, ROOMS = ROOT / "course_utils", ROOT / "course_checks", ROOT / "course_lessons"
MOST_LINES_OF_CORE = 2600


def imported(source: str) -> set[str]:
    """The modules of the course that some code imports, by the syntax tree; `from a import b` counts as `a.b` too.

    >>> sorted(imported("import course_utils.cost\\nfrom course_lessons.lesson_05 import mask_board\\nimport torch"))
    ['course_lessons.lesson_05', 'course_lessons.lesson_05.mask_board', 'course_utils.cost']
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: name the module whole"
            found |= {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] in {"course_utils", "course_checks", "course_lessons"}}


def lesson_of(module: str) -> str | None:
    """The number of the lesson whose room a module lies in; None for one that all share."""
    match = re.match(r"course_lessons\.lesson_(\d\d)\b", module)
    return match.group(1) if match else None


def test_core_imports_no_lesson() -> None:
    """Whoever reads `course_utils`, or how answers are judged, needs no lesson to understand it."""
    sources = sorted([*CORE.rglob("*.py"), *CHECKS.rglob("*.py")])
    assert len(sources) > 10
    found = {path.name: imported(path.read_text(encoding="utf-8")) for path in sources}
    assert not {name: mods for name, mods in found.items() if any(m.startswith("course_lessons") for m in mods)}


def test_rooms_know_only_themselves() -> None:
    """A lesson's room can be read alone: nothing in it comes from the room of another lesson."""
    rooms = sorted(path for path in ROOMS.iterdir() if re.fullmatch(r"lesson_\d\d", path.name))
    assert [room.name[-2:] for room in rooms] == [path.stem[:2] for path in lesson_paths()]
    for room in rooms:
        for path in sorted(room.rglob("*.py")):
            for module in imported(path.read_text(encoding="utf-8")):
                assert lesson_of(module) in (None, room.name[-2:]), f"{path.relative_to(ROOT)} imports {module}"
                assert module != "course_lessons"


def test_notebooks_use_their_own_room() -> None:
    """A notebook takes what it needs from its own room and from `course_utils`."""
    for path in lesson_paths():
        code = "\n".join(
            "pass" if line.lstrip().startswith(("%", "!")) else line
            for cell in code_cells(read(path))
            for line in cell.source.splitlines()
        )
        assert {lesson_of(module) for module in imported(code)} <= {None, path.stem[:2]}, path.name


def test_there_is_no_circle() -> None:
    """No module needs, while it is imported, one that needs it: any part can be read on its own.

    Imports inside functions count as well, apart from those that only a type checker reads.
    """
    paths = [path for folder in (CORE, CHECKS, ROOMS) for path in sorted(folder.rglob("*.py"))]
    names = {module_name(path): path for path in paths}
    needs = {}
    for name, path in names.items():
        found = imported(without_type_checking(path.read_text(encoding="utf-8"))) & set(names)
        # `from package import module` needs the module; the package itself is loaded first whatever one imports
        needs[name] = found - {whole for whole in found if any(part.startswith(f"{whole}.") for part in found)}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for other in sorted(needs[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in names:
        visit(name, ())
    assert len(done) == len(paths)


def module_name(path: Path) -> str:
    """The dotted name of a module of the course."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def without_type_checking(source: str) -> str:
    """The code without the blocks `if TYPE_CHECKING:`."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return ast.unparse(tree)


def test_core_stays_small() -> None:
    """`course_utils` is a small package: a reader can go through it in one sitting."""
    lines = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CORE.rglob("*.py")}
    assert sum(lines.values()) <= MOST_LINES_OF_CORE, lines
