"""What may lie in this repository: weights that cannot run code, text without places of one machine, clean code."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from lesson_files import POCKET, REGISTRY_HOSTS, ROOT, code_cells, lesson_paths, read, tracked_files

RUNS_CODE_WHEN_LOADED = (
    ".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz", ".h5", ".hdf5", ".msgpack",
    ".onnx", ".gguf", ".pb", ".dill",
)  # fmt: skip
BINARY = {".safetensors", ".png", ".jpg", ".jpeg", ".ttf", ".otf", ".woff2", ".ico", ".parquet", ".arrow", ".gz"}
#: Runs the old forms of lesson 13, which are its own. What a learner pastes never gets there: a test of 13 holds that.
RUNS_OWN_SNIPPETS = "course_lessons/lesson_13/constructs.py"
#: A file as a spreadsheet saves it, with the faults that real files have: lesson 14 reads it.
WITH_FAULTS = "course_lessons/lesson_14/own_reviews.csv"
MOST_POCKET_BYTES = 95_000_000
MOST_BYTES_OF_ONE = 28_000_000

# The patterns are written in pieces, so that this file does not hold what it looks for.
SLASH = "/"
MACHINE_PATHS = re.compile(
    rf"(?<![\w.\-{SLASH}:~}}])/(?:home|Users|root|tmp|opt|work|mnt|private|content)/[\w.]"
    r"|\b[A-Z]:\\\\?Users\\"
)


@cache
def text_files() -> list[tuple[Path, str]]:
    """Every text file of the project with its content."""
    found = []
    for path in tracked_files():
        if path.suffix.lower() not in BINARY:
            found.append((path, path.read_text(encoding="utf-8")))
    return found


def name(path: Path) -> str:
    """The path of a file inside the project."""
    return path.relative_to(ROOT).as_posix()


def python_sources() -> list[tuple[str, str]]:
    """All Python of the project: files, and the code cells of each lesson as one text."""
    sources = [(name(path), text) for path, text in text_files() if path.suffix == ".py"]
    for path in lesson_paths():
        sources.append((name(path), "\n".join(cell.source for cell in code_cells(read(path)))))
    return sources


def test_there_is_something_to_check() -> None:
    """The tests below look at the whole project: its parts are among the files they see."""
    names = {name(path) for path in tracked_files()}
    assert {"pyproject.toml", "course.py", "commands/cli.py", "course_utils/__init__.py"} <= names
    assert "notebooks/01_behind_the_pipeline.ipynb" in names
    assert "course_utils/pocket/pocket-bert-uncased-sst2/model.safetensors" in names


def test_weights_are_safetensors_only() -> None:
    """Nobody who opens the course can be harmed by a file of weights: no format that runs code when loaded."""
    assert not [name(path) for path in tracked_files() if path.suffix.lower() in RUNS_CODE_WHEN_LOADED]
    for path in tracked_files():
        with path.open("rb") as file:
            start = file.read(4)
        assert not start.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x93NUM")), name(path)
        if path.suffix != ".safetensors":
            assert path.stat().st_size < 5_000_000, f"{name(path)} is large for what it is"


def test_safetensors_are_what_they_say() -> None:
    """Each file of weights has a readable header and holds tensors."""
    from safetensors import safe_open

    files = [path for path in tracked_files() if path.suffix == ".safetensors"]
    assert files
    for path in files:
        with safe_open(str(path), framework="numpy") as weights:
            assert len(list(weights.keys())) > 10, name(path)


def test_pocket_stays_small() -> None:
    """The course fits into a small download: all pocket checkpoints together at most 95 MB, none above 28 MB."""
    sizes = {folder.name: size_of(folder) for folder in POCKET.iterdir() if folder.is_dir()}
    assert sum(sizes.values()) <= MOST_POCKET_BYTES, sizes
    assert max(sizes.values()) <= MOST_BYTES_OF_ONE, sizes


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_no_remote_code() -> None:
    """Nothing in the course runs code from a model's repository: where a call names the switch, it is off."""
    switch = "trust_" + "remote_code"
    for where, source in python_sources():
        lines = (line if not line.lstrip().startswith(("%", "!")) else "pass" for line in source.splitlines())
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.keyword) and node.arg == switch:
                assert isinstance(node.value, ast.Constant) and node.value.value is False, where
            assert not (isinstance(node, ast.Constant) and node.value == switch), where
    for path in POCKET.rglob("config.json"):
        assert "auto_map" not in json.loads(path.read_text(encoding="utf-8")), name(path)
    assert not [name(path) for path in POCKET.rglob("*.py")]


def test_no_pickle_is_read() -> None:
    """No Python of the course loads a pickle, evaluates text as code, or reads weights unsafely."""
    sources = python_sources()
    assert len(sources) > 150
    for where, source in sources:
        assert_reads_no_pickle(where, source)


def assert_reads_no_pickle(where: str, source: str) -> None:
    """The same for one file or lesson; a failure names it and the line."""
    plain = "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    for node in ast.walk(ast.parse(plain)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found = {module.split(".")[0] for module in modules} & {"pickle", "dill", "cloudpickle", "joblib"}
            assert not found, f"{where}:{node.lineno}"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            arguments = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            may_run = where.startswith("tests/") or where == RUNS_OWN_SNIPPETS
            assert may_run or called not in {"eval", "exec"}, f"{where}:{node.lineno} {called}"
            if called == "torch.load":
                assert arguments.get("weights_only") == "True", f"{where}:{node.lineno}"
            if called in {"np.load", "numpy.load"}:
                assert arguments.get("allow_pickle") in (None, "False"), f"{where}:{node.lineno}"
            assert arguments.get("shell") != "True", f"{where}:{node.lineno} starts a shell"


def test_no_place_of_a_machine() -> None:
    """What is written here holds on every machine: no folder of the one it was written on, no package registry."""
    this = Path(__file__).resolve()
    found = []
    for path, text in text_files():
        if path.resolve() == this:
            continue
        if path.suffix == ".ipynb":  # pictures are text there, too
            text = "\n".join(cell.source for cell in read(path).cells)
        for pattern in (MACHINE_PATHS, REGISTRY_HOSTS):
            found += [f"{name(path)}: {match.group()}" for match in pattern.finditer(text)]
    assert not found


def test_pins_name_no_address() -> None:
    """The exact versions can be installed from anywhere: no address and no local build in the pins."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in pins.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > 50
    assert not [line for line in lines if "://" in line or "+" in line or "@" in line]
    assert not [name(path) for path in tracked_files() if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock"}]


def test_every_file_of_tests_says_what_it_proves() -> None:
    """CONTRIBUTING.md has a table of them: a file that is not in it would be found by nobody."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in (ROOT / "tests").glob("test_*.py"):
        name = re.sub(r"[0-9][0-9]$", "NN", path.stem)
        assert re.search(rf"^\|.*`{name}`", page, flags=re.MULTILINE), f"add a row for {name} to the table there"


def test_line_ends_and_encoding() -> None:
    """Files read the same on every system: UTF-8, line feeds only, no byte order mark."""
    for path, text in text_files():
        raw = path.read_bytes()
        assert b"\r\n" not in raw or path.suffix in {".bat", ".cmd", ".ps1"}, name(path)
        assert text.startswith("\ufeff") == (name(path) == WITH_FAULTS), name(path)


def test_jupyter_listens_here_only_and_keeps_its_token() -> None:
    """Nobody else in the room reaches a learner's Jupyter: loopback address, token, no switch that opens it."""
    opens = re.compile(
        r"(token|password)\s*[=:]\s*(['\"]{2}|(?=[,\s]|$))|allow_unauthenticated_access\W+true"
        r"|allow_remote_access\W+true|disable_check_xsrf\W+true|ip\s*[=:]\s*['\"]?(0\.0\.0\.0|\*|::)",
        re.IGNORECASE,
    )
    assert "--ServerApp.ip=127.0.0.1" in (ROOT / "commands" / "open_lab.py").read_text(encoding="utf-8")
    settings = [path for path, _ in text_files() if name(path).startswith("jupyter/")]
    assert settings
    for path in [ROOT / "course.py", *(ROOT / "commands").glob("*.py"), *settings]:
        found = opens.search(path.read_text(encoding="utf-8"))
        assert not found, f"{name(path)}: {found.group()}"


def test_python_and_notebooks_are_clean() -> None:
    """The code reads well and holds no slips that a linter sees, in notebooks too."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    listed = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--show-files", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "01_behind_the_pipeline.ipynb" in listed.stdout and "test_tree.py" in listed.stdout
