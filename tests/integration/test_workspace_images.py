"""Images of a workspace's members, and of a list of it, built by the real program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integration.lamina_program import Lamina
from integration.uv_oracle import lock_project, run_uv
from tiny import backend, build_system

pytestmark = pytest.mark.integration

HEAD = '[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
CORE = "\n[tool.uv.sources]\ncore = { workspace = true }\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A root, two members that need a third, each with a backend that needs nothing."""
    root = tmp_path / "work"
    texts = {
        ".": HEAD.format(name="root")
        + CORE
        + '[tool.uv.workspace]\nmembers = ["api", "core", "web"]\n',
        "api": HEAD.format(name="api") + 'dependencies = ["core"]\n' + CORE,
        "web": HEAD.format(name="web") + 'dependencies = ["core"]\n' + CORE,
        "core": HEAD.format(name="core"),
    }
    for name, text in texts.items():
        module = root / name / "src" / name.replace(".", "root")
        module.mkdir(parents=True)
        (module / "__init__.py").write_text(f"NAME = {name!r}\n")
        (root / name / "pyproject.toml").write_text(text + build_system())
        for path, content in backend().items():
            (root / name / path).write_text(content)
    lock_project(root)
    return root


def layers(report: dict[str, Any]) -> dict[str, str]:
    """Return the digest of each layer by the distributions in it."""
    found = report["platforms"][0]["layers"]
    return {
        ", ".join(each["name"] for each in layer["distributions"]): layer["digest"]
        for layer in found
        if layer["distributions"]
    }


def test_members_share_the_layer_of_a_member_that_both_need(
    workspace: Path, tmp_path: Path
) -> None:
    lamina = Lamina(tmp_path / "store")
    flags = ["--base", "scratch", "--python", "3.11"]

    api = lamina.build(workspace / "api", "-o", f"oci:{tmp_path / 'api'}", *flags)
    web = lamina.build(workspace, "--package", "web", "-o", f"oci:{tmp_path / 'web'}", *flags)
    every = lamina.build(workspace, "--all-packages", "-o", f"oci:{tmp_path / 'all'}", *flags)

    assert layers(api).keys() == {"core", "api"}
    assert layers(web).keys() == {"core", "web"}
    assert layers(every).keys() == {"api", "core", "root", "web"}
    assert layers(api)["core"] == layers(web)["core"] == layers(every)["core"]
    assert (layers(every)["api"], layers(every)["web"]) == (layers(api)["api"], layers(web)["web"])


def test_an_image_of_a_list_has_the_layers_of_the_lock_it_was_written_from(
    workspace: Path, tmp_path: Path
) -> None:
    lamina = Lamina(tmp_path / "store")
    flags = ["--base", "scratch", "--python", "3.11"]
    member = workspace / "api"
    exported = member / "pylock.api.toml"
    done = run_uv(member, "export", "--format", "pylock.toml", "-o", str(exported))
    assert done.returncode == 0, done.stderr

    lock = lamina.build(member, "-o", f"oci:{tmp_path / 'lock'}", *flags)
    listed = lamina.build(member, "--lockfile", exported, "-o", f"oci:{tmp_path / 'list'}", *flags)

    assert layers(listed) == layers(lock)
    assert layers(listed).keys() == {"core", "api"}
