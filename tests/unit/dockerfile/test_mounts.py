from __future__ import annotations

import pytest

from dockerfiles import modelled, only_run

HEAD = "FROM python:3.12-slim\nWORKDIR /app\nENV CACHE=/opt\n"


def paths(mount: str, head: str = HEAD) -> list[str | None]:
    return [each.path for each in only_run(f"{head}RUN --mount={mount} true").mounts]


@pytest.mark.parametrize(
    ("mount", "path"),
    [
        ("type=cache,target=/root/.cache/uv", "/root/.cache/uv"),
        ("type=cache,target=/root//.cache/uv/", "/root/.cache/uv"),
        ("type=cache,dst=/x", "/x"),
        ("type=cache,destination=/x", "/x"),
        ("TYPE=cache,TARGET=/x", "/x"),
        ('type=cache,target="/x"', "/x"),
        ("type=cache,target='/x'", "/x"),
        ("type=cache,target=~/.cache/uv", "/app/~/.cache/uv"),
        ("type=cache,target=.cache/uv", "/app/.cache/uv"),
        ("type=cache,target=$HOME/.cache/uv", "/.cache/uv"),
        ("type=cache,target=${CACHE}/uv", "/opt/uv"),
        ("type=cache,target=${NO:-/y}/uv", "/y/uv"),
        ("target=x", "/app/x"),
    ],
)
def test_where_a_mount_really_is(mount: str, path: str) -> None:
    assert paths(mount) == [path]


def test_a_mount_that_depends_on_an_argument_is_not_placed() -> None:
    assert paths("type=cache,target=$X/uv", head=f"{HEAD}ARG X\n") == []


@pytest.mark.parametrize(
    ("mount", "identity"),
    [
        ("type=cache,target=/x/", "/x"),
        ("type=cache,target=~/x", "~/x"),
        ("type=cache,target=/x,id=y", "y"),
    ],
)
def test_by_what_a_cache_is_known(mount: str, identity: str) -> None:
    [found] = only_run(f"{HEAD}RUN --mount={mount} true").mounts

    assert found.cache_id == identity


@pytest.mark.parametrize(
    ("mount", "message"),
    [
        ("type=cach,target=/x", "There is no mount of type `cach`: `bind`, `cache`, `tmpfs`, "
                                "`secret`, `ssh`"),
        ("type=cache,target=/x,sharing=no", "There is no sharing `no`: `shared`, `private`, "
                                            "`locked`"),
        ("type=cache,targt=/x", "`--mount` has no option `targt`"),
        ("type=cache,target=/x,uid=app", "Expected `uid` as a number, got: app"),
        ("type=cache,target=/x,mode=9", "Expected `mode` in octal digits, got: 9"),
        ("type=cache,target", "Expected `key=value` in `--mount`, got: target"),
        ("type=cache,target=/x,", "Expected `key=value` in `--mount`, got: nothing"),
        ("type=cache", "A mount of type `cache` needs `target`"),
        ("type=bind,target=/x,uid=1", "A mount of type `bind` has no `uid`"),
        ("type=bind,target=/x,sharing=locked", "A mount of type `bind` has no `sharing`"),
        ("type=bind,target=/x,size=1", "A mount of type `bind` has no `size`"),
        ("type=bind,target=/x,required", "A mount of type `bind` has no `required`"),
        ("type=secret,from=x,id=y", "A mount of type `secret` has no `from`"),
        ("type=secret", "A mount of type `secret` needs `id`, `source` or `target`"),
        ("type=secret,id=a,source=b", "A mount of type `secret` has `id` or `source`, not both"),
        ("type=cache,target=/x,ro=maybe", "Expected true or false for `readonly`, got: maybe"),
        ("type=bind,from=$X,target=/x", "`from` of a mount takes no variables: name a stage "
                                        "instead"),
        ("type=cache,target=${X:?unset}", "Unable to expand: X: unset"),
    ],
)  # fmt: skip
def test_what_is_refused(mount: str, message: str) -> None:
    model = modelled(f"{HEAD}RUN --mount={mount} true")
    problems = [*model.dockerfile.problems, *model.problems]

    assert [(each.message, each.is_mount) for each in problems] == [(message, True)]


def test_only_caches_and_memory_can_be_written() -> None:
    run = only_run(
        f"{HEAD}RUN --mount=type=cache,target=/a --mount=type=bind,target=/b"
        " --mount=type=bind,target=/c,rw --mount=type=cache,target=/d,ro true"
    )

    assert [each.mount.is_readonly for each in run.mounts] == [False, True, False, True]
