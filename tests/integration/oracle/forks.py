"""Forks: one project in several versions, told apart by markers; and which of many wheels it is."""

from __future__ import annotations

from integration.oracle.scenario import HEAD, Run, Scenario
from tiny import ANY, dist

_TWO = [dist("a 1.0"), dist("a 2.0")]

SCENARIOS = (
    Scenario(
        "marker-forks",
        HEAD
        + """
dependencies = [
  "a<2 ; python_version < '3.12'",
  "a>=2 ; python_version >= '3.12'",
  "b ; sys_platform == 'win32'",
  "c ; platform_machine == 'x86_64' and implementation_name == 'cpython'",
  "d",
]
""",
        [
            dist("a 1.0", "e"),
            dist("a 2.0"),
            *(dist("b 1.0"), dist("c 1.0"), dist("e 1.0")),
            dist("d 1.0", "a"),
        ],
    ),
    Scenario(
        "the-other-fork",
        HEAD
        + """
dependencies = ["a<2 ; python_version < '3.12'", "a>=2 ; python_version >= '3.12'"]
""",
        _TWO,
        python="3.12",
    ),
    Scenario(
        "forks-far-down",
        HEAD + 'dependencies = ["left", "right"]\n',
        [
            dist("left 1.0", "a<2 ; sys_platform == 'darwin'", "a>=2 ; sys_platform != 'darwin'"),
            dist("right 1.0", "b<2 ; python_full_version < '3.11.5'", "b ; os_name == 'posix'"),
            *_TWO,
            dist("b 1.0", "c"),
            dist("b 2.0", "a"),
            dist("c 1.0", "left"),
        ],
    ),
    Scenario(
        "a-fork-by-python",
        HEAD + 'dependencies = ["a"]\n[tool.uv]\nfork-strategy = "requires-python"\n',
        [
            dist("a 1.0", requires_python=">=3.11"),
            dist("a 2.0", "b", requires_python=">=3.12"),
            dist("b 1.0"),
        ],
    ),
    Scenario(
        "the-fewest-forks",
        HEAD + 'dependencies = ["a"]\n[tool.uv]\nfork-strategy = "fewest"\n',
        [
            dist("a 1.0", requires_python=">=3.11"),
            dist("a 2.0", requires_python=">=3.12"),
        ],
        python="3.12",
    ),
    Scenario(
        "environments",
        HEAD
        + """
dependencies = [
  "a<2 ; platform_machine == 'x86_64'", "a>=2 ; platform_machine != 'x86_64'",
  "b ; sys_platform == 'linux'", "c ; sys_platform == 'win32'",
]
[tool.uv]
environments = ["sys_platform == 'linux' and platform_machine == 'x86_64'",
  "sys_platform == 'darwin'"]
""",
        [*_TWO, dist("b 1.0", "c ; sys_platform == 'darwin'"), dist("c 1.0")],
    ),
    Scenario(
        "environments-elsewhere",
        HEAD + "dependencies = ['a']\n[tool.uv]\nenvironments = [\"sys_platform == 'win32'\"]\n",
        [dist("a 1.0")],
        runs=[Run(refused="is not made for linux/amd64")],
    ),
    Scenario(
        "required-environments",
        HEAD
        + """
dependencies = ["a"]
[tool.uv]
required-environments = ["sys_platform == 'linux' and platform_machine == 'aarch64'"]
""",
        [
            dist("a 1.0", tags=["cp311-cp311-manylinux_2_17_aarch64", "cp311-cp311-linux_x86_64"]),
            dist("a 2.0", tags=["cp311-cp311-manylinux_2_17_x86_64"]),
        ],
    ),
    Scenario(
        "another-python",
        HEAD.replace("3.11", "3.12") + 'dependencies = ["a"]\n',
        [dist("a 1.0")],
        python="3.12",
    ),
    Scenario(
        "many-wheels",
        HEAD + 'dependencies = ["a", "b", "c", "d", "e"]\n',
        [
            dist(
                "a 1.0",
                tags=[
                    ANY,
                    "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
                    "cp311-cp311-manylinux_2_5_x86_64.manylinux1_x86_64",
                    "cp311-cp311-musllinux_1_2_x86_64",
                    "cp312-cp312-manylinux_2_17_x86_64",
                    "cp311-cp311-win_amd64",
                ],
            ),
            dist("b 1.0", tags=["cp38-abi3-manylinux_2_17_x86_64", "cp310-abi3-linux_x86_64", ANY]),
            dist("c 1.0", tags=["1-py3-none-any", "2a-py3-none-any", "10-py3-none-any"]),
            dist("d 1.0", tags=["py2.py3-none-any", "py311-none-any", "cp311-none-any"]),
            dist(
                "e 1.0+local.1",
                tags=["py3-none-manylinux_2_99_x86_64", "py3-none-linux_x86_64", ANY],
            ),
        ],
    ),
    Scenario(
        "no-wheel-fits",
        HEAD + 'dependencies = ["a"]\n',
        [dist("a 1.0", tags=["cp311-cp311-win_amd64", "cp311-cp311-manylinux_2_99_x86_64"])],
        runs=[Run(refused="No wheel of 1 project fits linux/amd64")],
    ),
    Scenario(
        "markers-of-wheels",
        HEAD + 'dependencies = ["a[x]", "b"]\n',
        [
            dist(
                "a 1.0",
                "c ; 'linux' in sys_platform",
                "d ; python_version in '3.11 3.12'",
                "e ; platform_system == 'Windows'",
                extras={"x": ["f ; python_full_version > '3.11'", "g ; extra == 'y'"]},
            ),
            dist("b 1.0", "f ; implementation_version < '3'", "h ; platform_release == 'none'"),
            *(dist(f"{name} 1.0") for name in "cdefgh"),
        ],
    ),
    Scenario(
        "a-marker-that-never-holds",
        HEAD
        + "dependencies = [\"a ; python_version < '3.8'\", \"b ; sys_platform != 'linux'\", 'c']\n",
        [dist("a 1.0"), dist("b 1.0", "c"), dist("c 1.0", "b ; sys_platform == 'win32'")],
    ),
    Scenario(
        "lowest-direct",
        HEAD
        + 'dependencies = ["a>=1", "b"]\n[tool.uv]\nresolution = "lowest-direct"\n'
        + 'prerelease = "allow"\n',
        [*_TWO, dist("b 1.0", "c"), dist("c 1.0"), dist("c 2.0rc1")],
    ),
)
