"""What the layers do to the base that they lie upon, seen from inside a running container."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders import Item
from engines import Engine
from images import Member, folder, link, make_layer, write_layout
from integration import file_trees
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project
from lamina.bases.layout import read_layout
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Platform
from lamina.oci.image import assemble
from lamina.oci.location import Location

pytestmark = [pytest.mark.integration, pytest.mark.network]

DEBIAN = 'base = "debian:bookworm"'


@pytest.fixture
def image(lamina: Lamina, engine: Engine, tmp_path: Path) -> Any:
    """Return a function that builds a project of one wheel and loads it."""
    name = f"lamina-base/{tmp_path.name}:1"

    def make(
        settings: str,
        *files: str,
        wheels: tuple[LocalWheel, ...] = (LocalWheel("demo"),),
        base: str = "debian:bookworm",
    ) -> str:
        rest = f"[tool.lamina]\n{settings}"
        project = write_project(tmp_path / "project", wheels, rest, files)
        archive = tmp_path / "image.tar"
        lamina("build", project, "--base", base, "-o", f"docker-archive:{archive}", "-t", name)
        engine("load", "--input", archive)
        return name

    return make


@pytest.fixture(scope="module")
def debian(lamina: Lamina, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the layout of an image that has nothing but Debian and its Python."""
    root = tmp_path_factory.mktemp("debian")
    project = write_project(root / "project", [LocalWheel("demo")])
    report = lamina.build(project, "--base", "debian:bookworm", "-o", f"oci:{root / 'built'}")
    (platform,) = report["platforms"]
    count = [layer["origin"] for layer in platform["layers"]].count("base")
    built = read_layout(Location("oci", str(root / "built")), Platform("linux", "amd64"))
    config = ImageConfig("amd64", env={"PATH": "/usr/sbin:/usr/bin"})
    write_layout(root / "base", [("", assemble(config, built.layers[:count]))])
    return root / "base"


def with_layer(debian: Path, at: Path, *members: Member) -> str:
    """Write Debian with one more layer, and return how a build names it."""
    base = read_layout(Location("oci", str(debian)), Platform("linux", "amd64"))
    write_layout(at, [("", assemble(base.config, [*base.layers, make_layer(*members)]))])
    return f"oci:{at}"


def run(engine: Engine, image: str, *command: str) -> str:
    first, *rest = command
    return engine("run", "--rm", "--network=none", f"--entrypoint={first}", image, *rest)


def seen(engine: Engine, image: str, path: str) -> list[Any]:
    """Return kind, mode, owner and target of what lies at a path, as the kernel sees it."""
    script = (
        "import json, os, stat, sys\n"
        "s = os.lstat(sys.argv[1])\n"
        "target = os.readlink(sys.argv[1]) if stat.S_ISLNK(s.st_mode) else None\n"
        "mode = stat.filemode(s.st_mode)\n"
        "print(json.dumps([mode, s.st_uid, s.st_gid, target]))"
    )
    answer = json.loads(run(engine, image, "python", "-c", script, path))
    assert isinstance(answer, list)
    return answer


def test_a_copy_to_lib_does_not_hide_the_c_library(engine: Engine, image: Any) -> None:
    name = image(
        'copy = [{ from = "x", to = "/lib/x" }, { from = "y", to = "/lib/y/z" }]', "x", "y"
    )

    assert seen(engine, name, "/lib") == ["lrwxrwxrwx", 0, 0, "usr/lib"]
    assert run(engine, name, "/usr/bin/getconf", "GNU_LIBC_VERSION") == "glibc 2.36\n"
    script = (
        "import ctypes, demo; print(open('/lib/x').read() + open('/usr/lib/y/z').read(), end='')"
    )
    assert run(engine, name, "python", "-c", script) == "content of x\ncontent of y\n"


def test_tmp_stays_open_to_all(engine: Engine, image: Any) -> None:
    name = image('copy = [{ from = "x", to = "/tmp/x" }, { from = "d", to = "/tmp" }]', "x", "d/y")

    assert seen(engine, name, "/tmp") == ["drwxrwxrwt", 0, 0, None]
    assert seen(engine, name, "/tmp/x") == ["-rw-r--r--", 0, 0, None]
    assert seen(engine, name, "/tmp/y") == ["-rw-r--r--", 0, 0, None]


PLACES = """
import ctypes.util, datetime, json, locale, os, pwd, socket, ssl, tempfile, zoneinfo
from pathlib import Path
Path.home().joinpath("x").write_text("mine")
with tempfile.NamedTemporaryFile(dir="/tmp") as file:
    owner = os.stat(file.name).st_uid
print(json.dumps({
    "ids": [os.getuid(), os.getgid()],
    "home": os.environ["HOME"],
    "name": pwd.getpwuid(os.getuid()).pw_name,
    "temporary": owner,
    "library": ctypes.util.find_library("ssl"),
    "certificates": ssl.create_default_context().cert_store_stats()["x509_ca"] > 100,
    "zone": datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")).isoformat(),
    "locale": locale.setlocale(locale.LC_ALL, ""),
    "localhost": socket.gethostbyname("localhost"),
}))
"""


@pytest.mark.parametrize("codename", ["bookworm", "trixie"])
def test_a_base_of_debian_has_what_programs_expect_for_a_user_without_rights(
    engine: Engine, image: Any, codename: str
) -> None:
    name = image('user = "nonroot"', base=f"debian:{codename}")

    found = json.loads(run(engine, name, "python", "-c", PLACES))

    assert found == {
        "ids": [65532, 65532],
        "home": "/home/nonroot",
        "name": "nonroot",
        "temporary": 65532,
        "library": "libssl.so.3",
        "certificates": True,
        "zone": "2026-07-01T00:00:00+02:00",
        "locale": "C.UTF-8",
        "localhost": "127.0.0.1",
    }


def test_a_shell_runs_scripts_if_it_is_asked_for(engine: Engine, image: Any) -> None:
    script = (
        "set -e; id -u | sed 's/^/user /'; ls / | grep -c '^usr$'; exec awk 'BEGIN { print 7 }'"
    )
    cmd = f'cmd = "{script}"'
    name = image(f'shell = true\nuser = "1000:nonroot"\n{cmd}')

    assert engine("run", "--rm", "--network=none", name) == "user 1000\n1\n7\n"


def test_what_a_base_of_debian_cannot_run_is_told_before_it_is_built(
    lamina: Lamina, tmp_path: Path
) -> None:
    settings = '[tool.lamina]\nuser = "nonrot"\ncmd = "exec app"\n'
    project = write_project(tmp_path / "project", [LocalWheel("demo")], settings)

    out = f"oci:{tmp_path}/out"
    said = lamina.refused("build", project, "--base", "debian:bookworm", "-o", out)

    assert said.splitlines() == [
        "error: Unable to run what `[tool.lamina]` says on the base `debian:bookworm`",
        "  `user`: there is no user `nonrot`",
        "  `cmd`: there is no `/bin/sh`",
        "",
        "hint: Did you mean the user `nonroot`? Set `shell = true`, or write commands as arrays of "
        "words",
    ]
    assert not (tmp_path / "out").exists()


def test_a_home_of_somebody_else_keeps_owner_and_mode(
    engine: Engine, image: Any, debian: Path, tmp_path: Path
) -> None:
    home = folder("home/app", mode=0o700, owner=(1000, 1000))
    base = with_layer(debian, tmp_path / "base", folder("home"), home)

    name = image(
        'user = "1000:1000"\nworkdir = "/home/app"\n'
        'copy = [{ from = "x", to = "." }, { from = "x", to = "/home/app/d/", owner = "1000" }]',
        "x",
        base=base,
    )

    assert seen(engine, name, "/home/app") == ["drwx------", 1000, 1000, None]
    assert seen(engine, name, "/home/app/x") == ["-rw-r--r--", 0, 0, None]
    assert seen(engine, name, "/home/app/d/x") == ["-rw-r--r--", 1000, 1000, None]
    script = "import os, demo; print(os.getcwd(), os.getuid(), sorted(os.listdir()))"
    assert run(engine, name, "python", "-c", script) == "/home/app 1000 ['d', 'x']\n"


def test_data_for_lib64_lies_in_lib(engine: Engine, image: Any) -> None:
    data = Item("demo-1.0.data/data/lib64/x", b"from lib64\n")
    name = image("", wheels=(LocalWheel("demo", [module("demo"), data]),))

    assert seen(engine, name, "/opt/venv/lib64") == ["lrwxrwxrwx", 0, 0, "lib"]
    script = "import demo; print(open('/opt/venv/lib/x').read(), end='')"
    assert run(engine, name, "python", "-c", script) == "from lib64\n"


@pytest.mark.parametrize(
    ("member", "said"),
    [
        pytest.param(link("opt", "srv"), "`/opt`: a symlink to `srv`", id="a-symlink"),
        pytest.param(
            folder("opt", mode=0o700), "`/opt`: a directory of mode 0700 and owner 0:0", id="closed"
        ),
        pytest.param(
            folder("opt", owner=(5, 6)),
            "`/opt`: a directory of mode 0755 and owner 5:6",
            id="owned",
        ),
        pytest.param(
            link("opt/venv", "/srv"), "`/opt/venv`: a symlink to `/srv`", id="the-prefix-itself"
        ),
    ],
)
def test_a_prefix_that_the_base_has_otherwise_is_refused(
    lamina: Lamina, debian: Path, tmp_path: Path, member: Member, said: str
) -> None:
    base = with_layer(debian, tmp_path / "base", member)
    project = write_project(tmp_path / "project", [LocalWheel("demo")])
    output = tmp_path / "image.tar"

    error = lamina.refused("build", project, "--base", base, "-o", f"docker-archive:{output}")

    assert error == (
        "error: Unable to put the environment at `/opt/venv`: only directories of mode 0755 and "
        f"owner 0:0 may lie there, but the base image has\n  {said}\n\n"
        "hint: Set `venv` in `[tool.lamina]` to a path elsewhere\n"
    )
    assert not output.exists()


def test_another_prefix_is_the_way_out(
    engine: Engine, image: Any, debian: Path, tmp_path: Path
) -> None:
    base = with_layer(debian, tmp_path / "base", folder("opt", mode=0o700))

    name = image('venv = "/srv/own venv"', base=base)

    script = "import sys, demo; print(sys.prefix)"
    assert run(engine, name, "python", "-c", script) == "/srv/own venv\n"
    assert seen(engine, name, "/opt")[0] == "drwx------"


def test_the_engine_sees_every_setting(
    engine: Engine, image: Any, debian: Path, tmp_path: Path
) -> None:
    name = image(
        """\
workdir = "/srv/app"
user = "1000:1001"
env = { PATH = "/srv/bin:${PATH}", TZ = "Europe/Berlin", PRICE = "$${A} $5" }
labels = { "org.example.team" = "ours" }
expose = [8000, "9000/udp"]
volume = ["/srv/data"]
stopsignal = "SIGINT"
entrypoint = ["python", "-c"]
cmd = ["import os, sys; print(sys.executable, os.environ['TZ'], os.getcwd())"]
healthcheck = { test = ["CMD", "python", "-V"], interval = "30s", timeout = "5s", retries = 3 }
"""
    )

    (document,) = json.loads(engine("image", "inspect", name))
    config = document["Config"]
    assert config["WorkingDir"] == "/srv/app"
    assert config["User"] == "1000:1001"
    env = dict(each.split("=", 1) for each in config["Env"])
    assert env["VIRTUAL_ENV"] == "/opt/venv"
    assert env["PATH"].startswith("/opt/venv/bin:/srv/bin:/usr/local/sbin:")
    assert (env["TZ"], env["PRICE"]) == ("Europe/Berlin", "${A} $5")
    assert config["Labels"]["org.example.team"] == "ours"
    assert config["Labels"]["org.opencontainers.image.title"] == "local"
    assert config["ExposedPorts"] == {"8000/tcp": {}, "9000/udp": {}}
    assert config["Volumes"] == {"/srv/data": {}}
    assert config["StopSignal"] == "SIGINT"
    assert config["Entrypoint"] == ["python", "-c"]
    assert config["Healthcheck"] == {
        "Test": ["CMD", "python", "-V"],
        "Interval": 30 * 10**9,
        "Timeout": 5 * 10**9,
        "Retries": 3,
    }
    assert engine("run", "--rm", "--network=none", name) == (
        "/opt/venv/bin/python Europe/Berlin /srv/app\n"
    )


def test_python_in_a_start_script_is_that_of_the_environment(engine: Engine, image: Any) -> None:
    name = image("")
    start = (
        "import os; os.execvp('python', ['python', '-c', 'import sys, demo; print(sys.prefix)'])"
    )

    assert run(engine, name, "/usr/bin/python3", "-c", start) == "/opt/venv\n"


def test_layers_of_ours_change_no_directory_of_the_base(
    lamina: Lamina, debian: Path, tmp_path: Path
) -> None:
    project = write_project(
        tmp_path / "project",
        [LocalWheel("demo"), LocalWheel("large", [noise("large")])],
        '[tool.lamina]\ncopy = [{ from = "x", to = "/var/lib/x" }, { from = "x", to = "/root/x" }]',
        ["x"],
    )
    layout = tmp_path / "image"

    lamina("build", project, "--base", f"oci:{debian}", "-o", f"oci:{layout}")

    before = file_trees.of_layers(file_trees.layer_blobs(debian))
    after = file_trees.of_layers(file_trees.layer_blobs(layout))
    assert {path: after[path] for path in before} == before
    assert {"var/lib/x", "root/x", "app", "opt/venv"} <= after.keys() - before.keys()


def test_libraries_of_packages_above_are_found_by_name(engine: Engine, image: Any) -> None:
    """One lies in a folder of Debian's, the other in one that its package has configured."""
    name = image('apt = ["libmagic1", "libfakeroot"]')
    script = (
        "import ctypes, ctypes.util\n"
        "print(ctypes.util.find_library('magic'), ctypes.util.find_library('z'))\n"
        "print(ctypes.CDLL('libmagic.so.1').magic_version() > 500)\n"
        "ctypes.CDLL('libfakeroot-0.so')"
    )

    assert run(engine, name, "python", "-c", script) == "libmagic.so.1 libz.so.1\nTrue\n"
