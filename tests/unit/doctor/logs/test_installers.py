"""What uv, pip and Poetry say, in the words of several releases."""

from __future__ import annotations

import pytest

from lamina.doctor.logs import Install, read_log

MIB = 1 << 20


def read(*lines: str) -> Install:
    (step,) = read_log(["#1 [1/1] RUN it", *(f"#1 0.1 {line}" for line in lines)]).steps
    (install,) = step.installs
    return install


def figures(install: Install) -> tuple[int | None, int | None, int, int, int]:
    """Return installed, from the cache, downloaded, built, and the bytes that are told."""
    return (
        install.installed,
        install.from_cache,
        install.fetched,
        install.built,
        install.bytes,
    )


NEW = ("Resolved 5 packages in 1ms",)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            ["Downloading numpy (15.0MiB)", " Downloaded numpy", "Prepared 2 packages in 1.20s",
             "Installed 5 packages in 155ms", " + numpy==2.5.5"],
            (5, 3, 2, 0, 15 * MIB), id="some from the cache",
        ),
        pytest.param(["Installed 5 packages in 155ms"], (5, 5, 0, 0, 0), id="all from the cache"),
        pytest.param(["Prepared 1 package in 1ms", "Installed 1 package in 1ms"],
                     (1, 0, 1, 0, 0), id="one"),
        pytest.param(["Checked 5 packages in 0.3ms"], (0, 0, 0, 0, 0), id="all there"),
        pytest.param(["Audited 5 packages in 0.3ms"], (0, 0, 0, 0, 0), id="all there, older"),
        pytest.param(["Downloaded 2 packages in 1.2s", "Installed 2 packages in 9ms"],
                     (2, 0, 2, 0, 0), id="an early release"),
        pytest.param(
            ["   Building app @ file:///app", "      Built app @ file:///app",
             "Prepared 3 packages in 1s", "Installed 3 packages in 1ms"],
            (3, 0, 2, 1, 0), id="one built",
        ),
        pytest.param(
            ["Prepared 1 package in 1s", "Installed 2 packages in 1ms",
             "Prepared 1 package in 1s", "Installed 1 package in 1ms"],
            (3, 1, 2, 0, 0), id="two commands",
        ),
        pytest.param(
            ["DEBUG Identified uncached distribution: a==1",
             "DEBUG Registry requirement already cached: b==1",
             "DEBUG URL wheel requirement already cached: c==1"],
            (3, 2, 1, 0, 0), id="-v, cut off",
        ),
        pytest.param(
            ["DEBUG Identified uncached requirement: a==1",
             "DEBUG Requirement already cached: b==1"],
            (2, 1, 1, 0, 0), id="-v of an early release",
        ),
        pytest.param(
            ["    0.012s   0ms DEBUG uv_installer::plan Identified uncached distribution: a==1",
             "    0.013s   0ms DEBUG uv_installer::plan Registry requirement already cached: b==1"],
            (2, 1, 1, 0, 0), id="RUST_LOG",
        ),
        pytest.param(
            ["DEBUG Identified uncached distribution: setuptools==1", "Prepared 1 package in 1s",
             "DEBUG Registry requirement already cached: wheel==1", "Installed 4 packages in 1ms"],
            (4, 3, 1, 0, 0), id="the sums before the names",
        ),
        pytest.param(["Downloading torch (731.2MiB)", "Downloading a (1.5GiB)"],
                     (None, None, 2, 0, round(731.2 * MIB) + 1536 * MIB), id="cut off"),
        pytest.param(
            ["Downloading cpython-3.12.1-linux-x86_64-gnu (20.2MiB)", "Installed 1 package in 1ms"],
            (1, 1, 0, 0, 0), id="a Python is no distribution",
        ),
    ],
)  # fmt: skip
def test_uv(lines: list[str], expected: tuple[int | None, int | None, int, int, int]) -> None:
    assert figures(read(*NEW, *lines)) == expected


def test_uv_says_its_version_and_how_long_it_took() -> None:
    install = read(
        "DEBUG uv 0.12.5 (x86_64-unknown-linux-gnu)",
        "Prepared 200 packages in 1m 02s",
        "Installed 200 packages in 3s",
    )

    assert (install.version, install.seconds) == ("0.12.5", 62.0)


PIP = ("Collecting numpy", "  Obtaining dependency information for numpy")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            ["  Downloading numpy-2.1.0-cp312-cp312-manylinux_2_17_x86_64.whl.metadata (62 kB)",
             "Collecting tqdm", "  Using cached tqdm-4.70.1-py3-none-any.whl.metadata (57 kB)",
             "Downloading numpy-2.1.0-cp312-cp312-manylinux_2_17_x86_64.whl (16.0 MB)",
             "   \u2501\u2501\u2501\u2501 16.0/16.0 MB 10 MB/s eta 0:00:00",
             "Using cached tqdm-4.70.1-py3-none-any.whl (80 kB)",
             "Installing collected packages: tqdm, numpy",
             "Successfully installed numpy-2.1.0 tqdm-4.70.1"],
            (2, 1, 1, 0, 16_000_000), id="metadata apart",
        ),
        pytest.param(
            ["  Downloading https://index.example/n/numpy-1.0.tar.gz (5.3MB)",
             "Installing collected packages: numpy", "Successfully installed numpy-1.0"],
            (1, 0, 1, 0, 5_300_000), id="old, with addresses",
        ),
        pytest.param(
            ["  Downloading numpy-2.1.0-py3-none-any.whl (512 bytes)"],
            (None, None, 1, 0, 512), id="cut off",
        ),
        pytest.param(
            ["Processing /wheels/numpy-1-py3-none-any.whl", "Installing collected packages: numpy",
             "Successfully installed numpy-1"],
            (1, 0, 0, 0, 0), id="a file at hand",
        ),
    ],
)  # fmt: skip
def test_pip(lines: list[str], expected: tuple[int | None, int | None, int, int, int]) -> None:
    assert figures(read(*PIP, *lines)) == expected


def test_poetry_does_not_tell_its_cache() -> None:
    install = read(
        "Installing dependencies from lock file",
        "Package operations: 2 installs, 1 update, 0 removals",
        "  - Installing certifi (2025.4.26)",
        "  \u2022 Installing idna (3.10)",
        "  - Updating six (1.16.0 -> 1.17.0)",
    )

    assert figures(install) == (3, None, 0, 0, 0)
    assert (install.tool, install.is_whole) == ("poetry", True)


def test_other_programs_are_no_installers() -> None:
    (step,) = read_log(
        ["#1 [1/1] RUN it", "#1 0.1 Installed 5 files", "#1 0.2 Downloading the rest",
         "#1 0.3 Building app", "#1 0.4 Package operations begin"]
    ).steps  # fmt: skip

    assert step.installs == ()


def test_two_installers_in_one_step_are_two() -> None:
    (step,) = read_log(
        ["#1 [1/1] RUN it", "#1 0.1 Installed 5 packages in 1ms",
         "#1 0.2 Successfully installed poetry-2.0"]
    ).steps  # fmt: skip

    assert [(each.tool, each.installed) for each in step.installs] == [("uv", 5), ("pip", 1)]
