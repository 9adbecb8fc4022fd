import subprocess
from pathlib import Path

from runbook.local import interpreter


def test_the_files_are_a_python_that_can_call_the_c_library() -> None:
    names = {name: path for name, path, _ in interpreter.files()}
    assert names["usr/local/bin/python3"] == interpreter.program()
    inside = [Path(name) for name in names]
    assert any(one.parts[-1] == "os.py" for one in inside)
    assert any(one.name.startswith("_ctypes") or "ctypes" in one.parts for one in inside)
    assert any("ld-linux" in one.name for one in inside), "the loader"
    assert all(path.is_file() for path in names.values())
    assert not any(name.startswith("/") for name in names)


def test_no_tests_and_no_packages_are_carried_along() -> None:
    folders = {part for name, _, _ in interpreter.files() for part in Path(name).parts[:-1]}
    assert not folders & interpreter.LEFT_OUT


def test_a_copy_of_the_files_runs_by_itself(tmp_path: Path) -> None:
    for name, path, mode in interpreter.files():
        if name.startswith("usr/local/"):
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            target.chmod(mode)
    python = tmp_path / "usr/local/bin/python3"
    code = "import ctypes, json, sys; print(sys.prefix, ctypes.CDLL(None).getpid() > 0)"
    environment = {"PYTHONHOME": str(tmp_path / "usr/local")}
    ran = subprocess.run([python, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert ran.stdout.split() == [str(tmp_path / "usr/local"), "True"]
