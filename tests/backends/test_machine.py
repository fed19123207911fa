"""What this machine is, and what others would be told to be by their own /proc and /sys."""

import os
import platform
import re
import socket
import sys
from dataclasses import fields
from importlib import metadata
from pathlib import Path

import pytest

from hpcfair_kg.activity import Hardware
from hpcfair_kg.artifact import plain
from hpcfair_kg.backends import machine
from hpcfair_kg.backends.machine import Machine, gpus, hardware, memory, packages, processor

X86 = """processor	: 0
vendor_id	: GenuineIntel
model		: 143
model name	: Intel(R) Xeon(R) Platinum 8480+
flags		: fpu vme: de
"""
POWER = "processor	: 0\ncpu		: POWER9, altivec supported\nclock		: 3800MHz\n"
GRACE = "processor	: 0\nCPU implementer	: 0x41\nCPU architecture: 8\nCPU variant	: 0x0\nCPU part	: 0xd4f\n"
BOARD = "processor	: 0\nCPU implementer	: 0x41\nCPU part	: 0xd08\n\nModel		: Raspberry Pi 4 Model B Rev 1.1\n"
MEMORY = "MemTotal:       24684096 kB\nMemFree:          100000 kB\n"


def laid(root: Path, **files: str) -> Path:
    """Lay out files of the kernel; "__" in a name is a folder's end."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (X86, "Intel(R) Xeon(R) Platinum 8480+"),
        (POWER, "POWER9, altivec supported"),
        (GRACE, "ARM Neoverse-V2"),
        (BOARD, "Raspberry Pi 4 Model B Rev 1.1"),
        (GRACE.replace("0xd4f", "0xfff"), platform.machine()),
        ("", platform.machine()),
    ],
)
def test_processors(tmp_path, text, name):
    assert processor(laid(tmp_path, proc__cpuinfo=text)) == name


class TestMemory:
    def test_without_control_groups_it_is_the_machines(self, tmp_path):
        assert memory(laid(tmp_path, proc__meminfo=MEMORY)) == 24684096 << 10

    @pytest.mark.parametrize(
        "limit", ["sys__fs__cgroup__a__b__memory.max", "sys__fs__cgroup__a__memory.max", "sys__fs__cgroup__memory.max"]
    )  # fmt: skip
    def test_a_control_group_or_one_above_it_leaves_less(self, tmp_path, limit):
        files = {"proc__self__cgroup": "0::/a/b\n", "proc__meminfo": MEMORY, limit: f"{8 << 30}\n"}
        assert memory(laid(tmp_path, **files)) == 8 << 30

    def test_of_version_1_too(self, tmp_path):
        groups = "5:cpu:/x\n4:memory:/job/7\n1:name=systemd:/\n"
        files = {"sys__fs__cgroup__memory__job__7__memory.limit_in_bytes": f"{4 << 30}\n"}
        laid(tmp_path, proc__self__cgroup=groups, proc__meminfo=MEMORY, **files)
        assert memory(tmp_path) == 4 << 30

    def test_no_limit_is_none(self, tmp_path):
        files = {
            "proc__self__cgroup": "0::/\n",
            "proc__meminfo": MEMORY,
            "sys__fs__cgroup__memory.max": "max\n",
        }
        assert memory(laid(tmp_path, **files)) == 24684096 << 10

    def test_a_kernel_that_says_nothing(self, tmp_path):
        assert memory(tmp_path) is None


class TestGpus:
    def test_each_of_nvidia_is_named(self, tmp_path):
        text = "Model: 		 NVIDIA H100 80GB HBM3\nIRQ:   		 51\nGPU UUID: 	 GPU-1\n"
        for address in ("0000:1b:00.0", "0000:43:00.0"):
            folder = tmp_path / "proc/driver/nvidia/gpus" / address
            folder.mkdir(parents=True)
            (folder / "information").write_text(text)
        assert gpus(tmp_path) == ("NVIDIA H100 80GB HBM3",) * 2

    def test_its_tool_is_asked_where_proc_does_not_show_them(self, tmp_path, monkeypatch):
        laid(tmp_path, dev__nvidiactl="", **{"bin__nvidia-smi": "#!/bin/sh\necho NVIDIA A100-SXM4-40GB\n"})
        (tmp_path / "bin/nvidia-smi").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        assert gpus(tmp_path) == ("NVIDIA A100-SXM4-40GB",)

    def test_a_tool_that_fails_names_none(self, tmp_path, monkeypatch):
        laid(tmp_path, dev__nvidiactl="", **{"bin__nvidia-smi": "#!/bin/sh\nexit 9\n"})
        (tmp_path / "bin/nvidia-smi").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        assert gpus(tmp_path) == ()

    def test_those_of_amd_are_told_by_their_driver(self, tmp_path):
        card = "sys__class__drm__card0__device__"
        files = {f"{card}product_name": "AMD Instinct MI250X\n", f"{card}vendor": "0x1002\n"}
        files["sys__class__drm__card1__device__vendor"] = "0x1a03\n"
        assert gpus(laid(tmp_path, **files)) == ("AMD Instinct MI250X",)

    def test_none(self, tmp_path):
        assert gpus(tmp_path) == ()


def test_this_machine():
    found = hardware("https://example.org/frontier")
    assert found.cores == len(os.sched_getaffinity(0))
    assert found.cpu
    assert found.memory is not None
    assert 1 << 26 < found.memory < 1 << 50
    assert found.machine == "https://example.org/frontier"
    assert {field.name for field in fields(Hardware)} == {"cpu", "cores", "memory", "gpus", "machine"}


def test_this_python_with_all_its_packages():
    environment, _ = Machine().surroundings()
    assert environment.python == platform.python_version()
    assert environment.system == f"Linux {platform.machine()}"
    assert f"numpy {metadata.version('numpy')}" in environment.packages
    assert list(environment.packages) == sorted(environment.packages)


def test_nothing_tells_whose_machine_it_is():
    said = str(plain(Machine().surroundings()))
    for private in (socket.gethostname(), str(Path.home()), sys.prefix):
        assert not re.search(rf"(?<!\w){re.escape(private)}(?!\w)", said)


def installed(folder: Path, name: str, version: str) -> None:
    (folder / f"{name}-{version}.dist-info").mkdir()
    (folder / f"{name}-{version}.dist-info/METADATA").write_text(f"Name: {name}\nVersion: {version}\n")


def test_packages_are_read_again_only_when_some_were_installed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    read: list[int] = []
    monkeypatch.setattr(machine, "packages", lambda: read.append(1) or packages())
    here = Machine()
    assert here.surroundings() == here.surroundings()
    assert len(read) == 1
    installed(tmp_path, "converter", "2.0")
    assert "converter 2.0" in here.surroundings()[0].packages
    assert len(read) == 2


def test_half_an_installation_is_left_out(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    installed(tmp_path, "NumPy", "99.0")
    (tmp_path / "broken-1.0.dist-info").mkdir()
    found = packages()
    assert not [spoken for spoken in found if spoken.startswith("broken")]
    assert [spoken for spoken in found if spoken.lower().startswith("numpy ")] == ["NumPy 99.0"]
