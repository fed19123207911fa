import subprocess
import sys
from pathlib import Path

import pytest

from hpcfair_kg.backends.box import landlock

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def supported():
    try:
        landlock.version()
    except OSError as exc:
        pytest.skip(f"this kernel has no Landlock, or it is off: {exc}")


def test_files_folders_and_what_is_missing_can_be_named(tmp_path):
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from hpcfair_kg.backends.box import kernel, landlock\n"
        "here = Path(sys.argv[1])\n"
        "kernel.drop_capabilities()\n"
        "landlock.restrict([here / 'one' / 'file', here / 'missing'], [here / 'two'])\n"
        "for path in ('one/file', 'two/file', 'three/file', 'one', 'two', 'three'):\n"
        "    for what in (lambda p: p.read_bytes(), lambda p: p.write_bytes(b''), lambda p: list(p.iterdir())):\n"
        "        try:\n"
        "            what(here / path)\n"
        "            print(1, end='')\n"
        "        except PermissionError:\n"
        "            print(0, end='')\n"
        "        except OSError:\n"
        "            print('-', end='')\n"
        "    print()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    read_write_list = done.stdout.split()
    assert read_write_list[:3] == ["10-", "11-", "00-"]
    assert [row[2] for row in read_write_list[3:]] == ["0", "1", "0"]
