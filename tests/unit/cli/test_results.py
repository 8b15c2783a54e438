"""``--iidfile`` and ``--metadata-file``: what is written beside the image."""

from __future__ import annotations

import json

import pytest

from unit.cli.pushing import Pushing


def test_the_image_id_and_the_digests_are_written(app: Pushing) -> None:
    report = app.push("1", "--iidfile", "iid", "--metadata-file", "metadata.json")

    config = app.manifest("1")["config"]["digest"]
    root = app.program.root
    assert (root / "iid").read_text() == config
    metadata = json.loads((root / "metadata.json").read_text())
    assert metadata["containerimage.digest"] == report["digest"]
    assert metadata["containerimage.config.digest"] == config
    assert metadata["image.name"] == f"{app.server.host}/{app.name}:1"


@pytest.mark.parametrize("option", ["--iidfile", "--metadata-file"])
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nowhere/iid", "No such file or directory"),
        (".", "Is a directory"),
        ("/", "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_named_at_once(
    app: Pushing, option: str, path: str, why: str
) -> None:
    ended = app.run("1", option, path)

    assert (ended.code, ended.err) == (1, f"error: Unable to write to `{path}`: {why}\n")
    assert app.server.asked == []
