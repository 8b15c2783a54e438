"""Commands of apt in a Dockerfile, as the setting `apt`, and what is said of the others."""

from __future__ import annotations

import pytest

from unit.init.drafts import covered, draft, left, settings

PYTHON = "FROM python:3.12-slim\n"
QUIET = "apt-get install -y --no-install-recommends"


def apt(lines: str) -> object:
    return settings(draft(PYTHON + lines)).get("apt")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("RUN apt-get update && apt-get install -y libgomp1", ("libgomp1",)),
        ("RUN apt-get -qq -y install bb aa bb", ("bb", "aa")),
        ("RUN apt install --yes libpq5=15.*", ("libpq5=15.*",)),
        ("RUN aptitude install -y -R less:amd64", ("less:amd64",)),
        ("RUN apt-get install -y git/bookworm-backports", ("git/bookworm-backports",)),
        ("RUN apt-get install -y -t stable git aa=1", ("git/stable", "aa=1")),
        ("RUN apt-get install --target-release=stable git", ("git/stable",)),
        ("RUN apt-get -tstable -o Acquire::Retries=3 install git", ("git/stable",)),
        ("RUN apt-get install -y -o A=b git -- tini", ("git", "tini")),
        ("RUN apt-get install -y aa\nRUN apt-get install -y bb aa=2", ("aa=2", "bb")),
        ("RUN sudo DEBIAN_FRONTEND=noninteractive apt-get install -y tree", ("tree",)),
        ('RUN ["apt-get", "install", "-y", "tree"]', ("tree",)),
        ("RUN <<EOF\napt-get update\napt-get install -y tree\nEOF", ("tree",)),
        ("RUN bash -c 'apt-get update && apt-get install -y tree'", ("tree",)),
        ("RUN for i in 1 2; do apt-get install -y tini && break; done", ("tini",)),
        ("ARG V=15\nRUN apt-get install -y postgresql-client-$V", ("postgresql-client-15",)),
        ('ENV MORE="curl git"\nRUN apt-get install -y $MORE', ("curl", "git")),
        ('RUN P="curl git"; apt-get install -y ${P}', ("curl", "git")),
        ("RUN P=curl && export P && apt-get install -y $P", ("curl",)),
        ("RUN apt-get install -y gcc tini && apt-get purge -y --auto-remove gcc", ("tini",)),
        ("RUN apt-get install -y gcc-12 tini\nRUN apt-get autoremove -y 'gcc*'", ("tini",)),
        ("RUN apt-get install -y gcc tini\nRUN apt-get install -y gcc- git", ("tini", "git")),
        ("RUN apt-get install -y --download-only git", None),
        ("RUN apt-get install -y --only-upgrade git", None),
    ],
)
def test_what_apt_installs_is_a_setting(lines: str, expected: object) -> None:
    assert apt(f"{lines}\n") == expected


def test_what_belongs_to_a_line_that_installs_is_not_told() -> None:
    text = (
        f"{PYTHON}RUN apt-get update \\\n && {QUIET} git -o A=b \\\n"
        " && rm -rf /var/lib/apt/lists/* && apt-get clean\n"
    )

    found = draft(text)

    assert (found.remarks, found.notes) == ((), ())


@pytest.mark.parametrize(
    "line",
    [
        "apt-get update",
        "apt-get clean",
        "apt-get autoremove -y",
        "apt-get install -s git",
        "rm -rf /var/lib/apt/lists/*",
        "rm -rf /var/cache/apt/archives /tmp/* /var/tmp/* ~/.cache",
        "rm -f /etc/apt/apt.conf.d/docker-clean",
        "apt-mark hold libc6",
        "apk update",
        "apk del .build",
    ],
)
def test_what_apt_needs_is_not_needed(line: str) -> None:
    found = draft(f"{PYTHON}RUN {line}\n")

    assert [each.why for each in found.remarks] == ["`lamina build` needs none of it"]
    assert left(found) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "./a.deb",
            "2: ./a.deb | `./a.deb` is a file, and `apt` names packages of a mirror | Publish it "
            "in an archive that `apt-sources` names; or name a base that has it",
        ),
        (
            "'libboost-*'",
            "2: 'libboost-*' | `libboost-*` is a pattern, and `apt` names each package | Name in "
            "`apt` those that are used",
        ),
        (
            "'^lib.*$'",
            "2: '^lib.*$' | `^lib.*$` is a pattern, and `apt` names each package | Name in `apt` "
            "those that are used",
        ),
        (
            "lib-$V",
            "2: lib-$V | it depends on `V`, which has no value here | Name in `apt` what it stands "
            "for",
        ),
        (
            "LIB",
            "2: LIB | `apt` cannot name it: `LIB` is no name of a package (Debian Policy 5.6.1) | "
            "Name in `apt` what it stands for",
        ),
        (
            "curl-",
            f"2: {QUIET} git curl- | nothing is removed from a base: curl | Name a base "
            "without it, or leave it be",
        ),
    ],
)
def test_what_apt_cannot_name_is_told(words: str, expected: str) -> None:
    found = draft(f"{PYTHON}RUN {QUIET} git {words}\n")

    assert left(found) == [expected]
    assert settings(found)["apt"] == ("git",)


def test_what_only_a_run_tells_is_told() -> None:
    found = left(draft(f"{PYTHON}RUN {QUIET} git $(cat list)\n"))

    assert found[0] == (
        "2: $(cat list) | what it stands for is known only when it runs | Name in `apt` what it "
        "stands for"
    )


def test_names_that_no_setting_says_are_in_the_report() -> None:
    found = draft(f"{PYTHON}RUN {QUIET} git ./a.deb lib-$V\n")

    assert [each.packages for each in found.remarks] == [("./a.deb",), ()]


@pytest.mark.parametrize(
    ("line", "why", "todo"),
    [
        (
            "apt-get upgrade -y",
            "what the base has is not upgraded",
            "Take a newer base: `lamina lock --upgrade base`, where it is pinned",
        ),
        (
            "apt-get build-dep -y psycopg2",
            "no setting says it",
            "Name in `apt` what is wanted of it, or run it in a base image of your own",
        ),
        (
            "apt-get purge -y curl",
            "nothing is removed from a base: curl",
            "Name a base without it, or leave it be",
        ),
        (
            "apt-get purge -y $WHAT",
            "it depends on `WHAT`, which has no value here",
            "Leave out of `apt` what it removes",
        ),
        (
            "apt-mark auto '.*'",
            "what is removed for it is known only when it runs",
            "Leave out of `apt` what serves building alone",
        ),
        (
            "rm -rf /usr/share/doc",
            "`lamina build` removes no files",
            "Leave it out; if a file of the base must be gone, name a base without it",
        ),
        (
            "if [ -n $DEV ]; then apt-get install -y vim; fi",
            "it runs under a condition alone",
            "Name in `apt` what is installed under yours",
        ),
        (
            "dpkg -i /tmp/a.deb",
            "`apt` names packages of a mirror, and no files",
            "Publish it in an archive that `apt-sources` names; or name a base that has it",
        ),
        (
            "xargs -a packages.txt apt-get install -y",
            "what it installs is known only when it runs",
            "Name in `apt` what it installs",
        ),
        (
            "dnf update -y",
            "what the base has is not upgraded",
            "Take a newer base: `lamina lock --upgrade base`, where it is pinned",
        ),
        (
            "microdnf remove -y curl",
            "nothing is removed from a base: curl",
            "Name a base without it, or leave it be",
        ),
        (
            "rm -f /etc/apt/sources.list.d/*",
            "packages come from where the base's own apt sources say",
            "Name another mirror in `debian-mirror`, other sources in `apt-sources`; else leave it "
            "out",
        ),
        (
            "add-apt-repository ppa:a/b",
            "packages come from where the base's own apt sources say",
            "Name another mirror in `debian-mirror`, other sources in `apt-sources`; else leave it "
            "out",
        ),
        (
            "echo https://mirror.example/alpine > /etc/apk/repositories",
            "it says where packages come from that `lamina build` does not install",
            "Leave it out; it belongs where the base image is made that has the packages",
        ),
    ],
)
def test_what_is_no_package_of_apt_is_told(line: str, why: str, todo: str) -> None:
    found = draft(f"{PYTHON}RUN {line}\n")

    remarks = [each for each in found.remarks if each.is_left and not each.text.startswith("[")]
    assert [(each.why, each.todo) for each in remarks] == [(why, todo)]
    assert "apt" not in settings(found)


def test_keys_and_sources_are_one_remark_and_others_are_apart() -> None:
    found = draft(
        f"{PYTHON}RUN curl https://keys.example/a | gpg -o /etc/apt/keyrings/a.gpg \\\n"
        " && chmod a+r /etc/apt/keyrings/a.gpg \\\n"
        ' && echo "deb https://mirror.example/a b c" > /etc/apt/sources.list.d/a.list \\\n'
        f" && {QUIET} tool \\\n && groupadd some\n"
    )

    assert [f"{each.line}: {each.why}" for each in found.remarks if each.is_left] == [
        "2: packages come from where the base's own apt sources say",
        "6: `lamina build` makes no users; a number needs none",
    ]
    assert settings(found)["apt"] == ("tool",)


def test_settings_of_apt_itself_are_not_needed() -> None:
    line = "RUN echo 'Acquire::Retries \"3\";' > /etc/apt/apt.conf.d/80-retries\n"

    assert covered(draft(PYTHON + line)) == [
        "2: RUN echo 'Acquire::Retries \"3\";' > /etc/apt/apt.conf.d/80... | `lamina build` does "
        "not run apt"
    ]


@pytest.mark.parametrize(
    "lines",
    [
        "RUN apt-get install -y --no-install-recommends git",
        "RUN apt-get -o APT::Install-Recommends=false install -y git",
        'RUN apt-get -o APT::Install-Recommends="0" install -y git',
        "RUN aptitude --without-recommends install git",
        "RUN echo 'APT::Install-Recommends \"0\";' > /etc/apt/apt.conf.d/a\nRUN apt install git",
    ],
)
def test_an_image_without_recommended_packages_is_the_same(lines: str) -> None:
    assert draft(f"{PYTHON}{lines}\n").notes == ()


def test_recommended_packages_are_told_of() -> None:
    found = draft(
        f"{PYTHON}RUN apt-get install -y a1\nRUN {QUIET} b1\nRUN apt install -y c1\n"
        "RUN apt-get install -y d1 && apt-get purge -y d1\n"
    )

    assert found.notes == (
        "Lines 2, 4 install recommended packages too, for want of `--no-install-recommends`; `apt` "
        "does not: name there those that are used",
    )
    assert covered(found) == ["5: apt-get purge -y d1 | `apt` leaves out what is removed again: d1"]


def test_packages_that_serve_building_are_kept_and_told_of() -> None:
    found = draft(f"{PYTHON}RUN {QUIET} gcc-12 git libpq-dev\n")

    assert settings(found)["apt"] == ("gcc-12", "git", "libpq-dev")
    assert found.notes == (
        "`gcc-12`, `libpq-dev` serve building alone, and nothing is built in the image: leave out "
        "of `apt` what no program of yours needs; instead of a `-dev` package name its library",
    )
    assert draft(f"{PYTHON}RUN {QUIET} make\n").notes == (
        "`make` serves building alone, and nothing is built in the image: leave out of `apt` what "
        "no program of yours needs",
    )


def test_packages_of_a_stage_that_is_not_the_image_are_its_own() -> None:
    found = draft(
        f"FROM python:3.12-slim AS b\nRUN apt-get update && {QUIET} gcc\nRUN uv venv /e\n"
        f"{PYTHON}COPY --from=b /e /e\n"
    )

    assert "apt" not in settings(found)
    assert (
        "2: RUN apt-get update && apt-get install -y --no-install-rec... | it is of the stage `b` "
        "alone"
    ) in covered(found)


def test_packages_of_the_stages_that_the_image_begins_with_are_its_own() -> None:
    found = draft(f"{PYTHON[:-1]} AS a\nRUN {QUIET} tini\nFROM a\nRUN {QUIET} git\n")

    assert settings(found)["apt"] == ("tini", "git")


def test_a_base_without_python_is_one_where_a_package_brings_it() -> None:
    found = draft(f"FROM debian:bookworm-slim\nRUN {QUIET} python3-venv tini\n")

    assert settings(found)["base"] == "docker://debian:bookworm-slim"
    assert settings(found)["apt"] == ("python3-venv", "tini")
    assert left(found) == []


def test_sources_that_are_copied_are_told_of() -> None:
    found = draft(f"{PYTHON}COPY sources.list /etc/apt/\nRUN {QUIET} tini\n", "sources.list")

    assert found.notes == (
        "What is copied to `/etc/apt` says nothing to `lamina build`: name another mirror in "
        "`debian-mirror`, other sources in `apt-sources`",
    )
