"""Real container programs for tests and measurements: each our own, none the machine's.

    with docker_engine() as engine:
        engine("load", "--input", archive)
        print(engine("run", "--rm", "--network=host", "example:1", "python", "-V"))

Every engine and registry here is started in a new folder of its own, on a socket or port that
nobody else has, and exactly what was started is ended. What it stored goes with it.

The engines have no bridge: containers are to be run with ``--network=host`` (or ``none``).
"""

from __future__ import annotations

import os
import re
import shutil
import socket as sockets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

STARTS_WITHIN, ENDS_WITHIN = 60.0, 30.0

_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
_HERE = Path(__file__).resolve().parent
_LISTENING = re.compile(r"listening on (127\.0\.0\.1:[0-9]+)")


class ProgramFailed(Exception):
    """A program that ended badly, with all that it said."""

    def __init__(self, command: Sequence[str], code: int, output: bytes, errors: bytes) -> None:
        said = "\n".join(text.decode(errors="replace").strip() for text in (errors, output))
        super().__init__(f"`{' '.join(command)}` ended with {code}\n{said}".rstrip())


class Unavailable(Exception):
    """What cannot be had on this machine, and what to do about it."""


def find_program(name: str) -> str:
    """Return a program of this environment, else of Debian's packages, else of ``PATH``.

    A Docker client much newer than Debian's engine wants plugins that Debian does not have.
    """
    own = str(Path(sys.executable).parent)
    path = os.pathsep.join([own, "/usr/bin", os.environ.get("PATH", ""), _SYSTEM_PATH])
    found = shutil.which(name, path=path)
    if found is None:
        raise Unavailable(
            f"Unable to find the program `{name}`; to install it (on Debian, as root), run"
            " `tools/install-test-tools`"
        )
    return found


@dataclass(frozen=True)
class Program:
    """A program with the arguments and the environment that make it ours; call it to run it."""

    prefix: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, *arguments: str | os.PathLike[str]) -> list[str]:
        """Return the command line, for those who run it themselves."""
        return [*self.prefix, *(os.fspath(argument) for argument in arguments)]

    def __call__(self, *arguments: str | os.PathLike[str], stdin: IO[bytes] | None = None) -> str:
        """Run it and return what it wrote to standard output, or raise `ProgramFailed`."""
        return self.run_bytes(*arguments, stdin=stdin).decode()

    def run_bytes(
        self, *arguments: str | os.PathLike[str], stdin: IO[bytes] | None = None
    ) -> bytes:
        """Run it and return the very bytes that it wrote."""
        command = self.command(*arguments)
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            capture_output=True,
            env={**os.environ, **self.environment},
            check=False,
        )
        if done.returncode:
            raise ProgramFailed(command, done.returncode, done.stdout, done.stderr)
        return done.stdout


@dataclass(frozen=True)
class Engine(Program):
    """A Docker client that speaks to an engine of ours."""

    socket: Path = Path()
    folder: Path = Path()
    """Holds ``data`` (what the engine stores) and ``dockerd.log``."""

    @property
    def host(self) -> str:
        """The value of ``DOCKER_HOST`` that leads other programs to the engine."""
        return f"unix://{self.socket}"


@dataclass(frozen=True)
class Registry:
    """A registry on loopback that speaks plain HTTP."""

    host: str
    """``127.0.0.1:PORT``: the first part of a reference; `docker_engine` takes it without TLS."""
    folder: Path
    """Holds ``data`` (what the registry stores) and ``registry.log``."""


@contextmanager
def docker_engine(*, path: str | None = None) -> Iterator[Engine]:
    """Start a Docker engine.

    ``path`` is its ``PATH``: without ``unpigz`` there, the engine inflates layers by itself.
    """
    if os.geteuid() != 0:
        raise Unavailable("Unable to start a Docker engine: that needs root")
    dockerd, docker = find_program("dockerd"), find_program("docker")
    with _folder("engine") as folder:
        socket = folder / "docker.sock"
        command = [
            dockerd,
            f"--data-root={folder / 'data'}",
            f"--exec-root={folder / 'exec'}",
            f"--pidfile={folder / 'dockerd.pid'}",
            f"--host=unix://{socket}",
            "--iptables=false",
            "--bridge=none",
            "--storage-driver=overlay2",
        ]
        environment = {
            "PATH": f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}" if path is None else path
        }
        engine = Engine(
            (docker, f"--host=unix://{socket}"),
            {"DOCKER_CONFIG": str(folder / "client"), "DOCKER_CONTEXT": ""},
            socket,
            folder,
        )
        with _daemon(command, folder / "dockerd.log", environment) as process:
            _wait(
                lambda: _answers(engine, "info", "--format", "{{.ID}}"),
                process,
                folder / "dockerd.log",
            )
            yield engine


@contextmanager
def docker_registry(
    *, htpasswd: str = "", more: str = "", tls: tuple[Path, Path] | None = None
) -> Iterator[Registry]:
    """Start an empty registry; with ``htpasswd`` (bcrypt), for those users only.

    ``more`` is what its settings (YAML) hold besides. With ``tls``, a certificate and its key, it
    speaks no plain HTTP.
    """
    with _folder("registry") as folder:
        if htpasswd:
            users = folder / "htpasswd"
            users.write_text(htpasswd)
            more += f"auth: {{htpasswd: {{realm: Registry, path: {users}}}}}\n"
        # Port 0: the system chooses a free one, and the log tells which.
        with _serving(folder, "127.0.0.1:0", more, tls=tls) as (registry, _):
            yield registry


@dataclass(frozen=True)
class CutOff:
    """A registry of ours in a network that has nothing else, and reaches nothing else."""

    registry: Registry
    """Under the same address, and with the same content, as the one outside; its own log."""
    enter: tuple[str, ...]
    """What to put before a command that is to run there."""


@contextmanager
def cut_off(registry: Registry, *, more: str = "") -> Iterator[CutOff]:
    """Run a registry once more, in a network namespace with no interface but loopback.

    It must not be written to on both sides at once.
    """
    if os.geteuid() != 0:
        raise Unavailable("Unable to make a network namespace: that needs root")
    start = 'ip link set lo up && exec "$@"'
    prefix = (find_program("unshare"), "--net", "sh", "-c", start, "sh")
    find_program("ip")
    with _folder("registry") as folder:
        (folder / "data").symlink_to(registry.folder / "data")
        with _serving(folder, registry.host, more, prefix) as (inner, process):
            # Each program above gave its place to the next: the process that was started is
            # the registry, and lives in that network.
            enter = (find_program("nsenter"), f"--net=/proc/{process.pid}/ns/net")
            yield CutOff(inner, enter)


@contextmanager
def _serving(
    folder: Path,
    address: str,
    more: str,
    prefix: Sequence[str] = (),
    tls: tuple[Path, Path] | None = None,
) -> Iterator[tuple[Registry, subprocess.Popen[bytes]]]:
    program = find_program("docker-registry")
    log, settings = folder / "registry.log", folder / "registry.yml"
    secure = f", tls: {{certificate: {tls[0]}, key: {tls[1]}}}" if tls else ""
    settings.write_text(
        "version: 0.1\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f'http: {{addr: "{address}"{secure}}}\n'
        f"{more}"
    )
    environment = {"OTEL_TRACES_EXPORTER": "none"}
    with _daemon([*prefix, program, "serve", str(settings)], log, environment) as process:
        yield Registry(_address(process, log), folder), process


@contextmanager
def slow_proxy(registry: Registry, seconds: float, enter: Sequence[str] = ()) -> Iterator[str]:
    """Give an address where a registry answers each request so much later."""
    with _folder("proxy") as folder:
        log = folder / "proxy.log"
        script = str(_HERE / "slow_proxy.py")
        command = [*enter, sys.executable, script, registry.host, str(seconds)]
        with _daemon(command, log, {}) as process:
            yield _address(process, log)


@contextmanager
def containerd_store() -> Iterator[Program]:
    """Start a containerd, and give the `ctr` that speaks to it."""
    if os.geteuid() != 0:
        raise Unavailable("Unable to start containerd: that needs root")
    program, client = find_program("containerd"), find_program("ctr")
    with _folder("containerd") as folder:
        socket, settings = folder / "containerd.sock", folder / "config.toml"
        settings.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        command = [
            program,
            f"--config={settings}",
            f"--root={folder / 'data'}",
            f"--state={folder / 'state'}",
            f"--address={socket}",
        ]
        ctr = Program((client, f"--address={socket}"))
        log = folder / "containerd.log"
        with _daemon(command, log, {}) as process:
            _wait(lambda: _answers(ctr, "version"), process, log)
            yield ctr


@contextmanager
def podman_storage() -> Iterator[Program]:
    """Give a Podman that stores everything in a folder of its own."""
    if os.geteuid() != 0:
        raise Unavailable("Unable to run Podman on a storage of its own: that needs root")
    program, runtime = find_program("podman"), find_program("runc")
    with _folder("podman") as folder:
        storage, settings = folder / "storage.conf", folder / "containers.conf"
        storage.write_text(
            f'[storage]\ndriver = "overlay"\n'
            f'graphroot = "{folder / "data"}"\nrunroot = "{folder / "run"}"\n'
        )
        # Left to itself, Podman asks for limits that it may not have; and runc, unlike older
        # releases of crun, takes whatever cgroups the machine has.
        settings.write_text(
            f'[containers]\nnetns = "host"\n'
            f'default_ulimits = ["nofile=4096:4096", "nproc=16384:16384"]\n'
            f'[engine]\nruntime = "{runtime}"\ncgroup_manager = "cgroupfs"\n'
            f'events_logger = "none"\ntmp_dir = "{folder / "tmp"}"\n'
        )
        environment = {"CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_CONF": str(settings)}
        podman = Program((program,), environment)
        try:
            yield podman
        finally:
            podman("rm", "--all", "--force")


@contextmanager
def podman_service(podman: Program) -> Iterator[Path]:
    """Let a Podman answer at a socket, whose path is given, as Docker does."""
    with _folder("service") as folder:
        socket, log = folder / "podman.sock", folder / "podman.log"
        command = podman.command("system", "service", "--time=0", f"unix://{socket}")
        with _daemon(command, log, podman.environment) as process:
            _wait(lambda: _is_listening(socket), process, log)
            yield socket


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """Give a folder with a short path (a socket's may have 107 bytes) and delete it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"lamina-{name}-"))
    try:
        yield folder
    finally:
        _delete(folder)


def _delete(folder: Path) -> None:
    """Delete what a program stored, though what it left running may mount something once more."""
    until = time.monotonic() + ENDS_WITHIN
    while folder.exists():
        for point in _mounts(folder):
            subprocess.run(["umount", "--lazy", point], check=False)
        shutil.rmtree(folder, ignore_errors=time.monotonic() < until)


def _mounts(folder: Path) -> list[str]:
    """Return the mount points in a folder, the deepest first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((point for point in points if Path(point).is_relative_to(folder)), reverse=True)


@contextmanager
def _daemon(
    command: Sequence[str], log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside us; it is ended with us, even if we are killed."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [find_program("setpriv"), "--pdeathsig=TERM", *command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **environment},
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(program: Program, *question: str) -> bool:
    try:
        return bool(program(*question).strip())
    except ProgramFailed:
        return False


def _is_listening(path: Path) -> bool:
    with sockets.socket(sockets.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until a server's log tells where it listens."""
    _wait(lambda: _LISTENING.search(log.read_text()) is not None, process, log)
    found = _LISTENING.search(log.read_text())
    assert found is not None
    return found[1]


def _wait(is_up: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while not is_up():
        if process.poll() is not None or time.monotonic() > until:
            what = "not up in time" if process.returncode is None else "ended at once"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise Unavailable(f"Unable to start `{log.stem}`: {what}\n{tail}")
        time.sleep(0.1)


def _main() -> int:
    """Hold an engine and a registry for a person: ``python tools/engines.py``, ended by Ctrl-C."""
    with docker_engine() as engine, docker_registry() as registry:
        print(f"export DOCKER_HOST={engine.host} REGISTRY={registry.host}", flush=True)
        print("They end with Ctrl-C.", file=sys.stderr)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(_main())
