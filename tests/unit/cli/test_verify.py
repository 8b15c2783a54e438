"""``--verify`` and ``--no-cache``: what an earlier image says is not simply believed."""

from __future__ import annotations

import json

from images import Member, make_layer
from unit.cli.pushing import REUSED, Pushing, digests, origins


def lie(app: Pushing) -> tuple[str, str]:
    """Put another layer into the place of one; return the diff IDs, true and false."""
    manifest, config = app.manifest("1"), app.config("1")
    false = make_layer(Member("opt/venv/evil.py", data=b"evil"))
    true = config["rootfs"]["diff_ids"][1]
    app.server.add_blob(app.name, false.blob)
    manifest["layers"][1] |= {
        "digest": str(false.descriptor.digest),
        "size": false.descriptor.size,
    }
    config["rootfs"]["diff_ids"][1] = str(false.diff_id)
    data = json.dumps(config).encode()
    manifest["config"] |= {"digest": app.server.add_blob(app.name, data), "size": len(data)}
    for tag in ("lamina-cache", "1"):
        app.replace_manifest(tag, manifest)
    return true, str(false.diff_id)


def test_a_verified_layer_is_made_again_and_not_sent(app: Pushing) -> None:
    first = app.push("1")
    app.bump()

    second = app.push("2", "--verify")

    assert origins(second) == REUSED
    assert digests(second)[:4] == digests(first)[:4]
    assert second["transfer"]["bytes_out"] < 20_000
    assert app.server.contents(app.name).tags["lamina-verified"] == second["digest"]


def test_a_layer_that_is_not_what_it_claims_is_refused(app: Pushing) -> None:
    app.push("1")
    true, false = lie(app)
    app.bump()

    ended = app.run("2", "--verify")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.partition("error: ")[2] == (
        "Layers of an earlier image are not what their distributions give\n"
        f"  large==1.0\n    expected: {true}\n    got:      {false}\n\n"
        "hint: Somebody changed them, or they were made by another release; to replace them, "
        "pass `--no-cache`\n"
    )
    assert "2" not in app.server.contents(app.name).tags


def test_what_was_verified_is_not_made_again(app: Pushing) -> None:
    app.push("1", "--verify")
    app.bump()
    app.lose_wheels()

    assert origins(app.push("2", "--verify=changed")) == REUSED


def test_what_was_verified_counts_before_what_was_changed_since(app: Pushing) -> None:
    first = app.push("1", "--verify")
    lie(app)
    app.bump()
    app.lose_wheels()

    second = app.push("2", "--verify=changed")

    assert origins(second) == REUSED
    assert digests(second)[:4] == digests(first)[:4]


def test_what_came_since_is_verified(app: Pushing) -> None:
    app.push("1", "--verify")
    del app.server.contents(app.name).tags["lamina-verified"]
    lie(app)
    app.bump()

    ended = app.run("2", "--verify=changed")

    assert ended.code == 1
    assert "Layers of an earlier image are not what their distributions give\n" in ended.err


def test_no_cache_ignores_what_is_known(app: Pushing) -> None:
    app.push("1")
    true, _ = lie(app)

    again = app.push("1", "--no-cache")

    assert origins(again) == ["made"] * 5
    assert app.config("1")["rootfs"]["diff_ids"][1] == true
    assert [each.target for each in app.server.asked if "lamina-cache" in each.target] == [
        f"/v2/{app.name}/manifests/lamina-cache"
    ]
