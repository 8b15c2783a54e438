"""The project's wheel, made by its own build backend (PEP 517) in an environment of its own."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from build import BuildBackendException, BuildException, ProjectBuilder, TypoWarning
from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version
from pyproject_hooks import BuildBackendWarning

from lamina.errors import LaminaError
from lamina.project.isolation import BackendEnvironment, create_environment
from lamina.project.program import ProgramFailed, tail, without_credentials
from lamina.project.requirements import pin
from lamina.project.source import copy_source
from lamina.project.subject import Subject
from lamina.project.workbench import BackendSettings, Kind, ProjectWheel, Workbench

# What a backend warns of is for whoever writes the project, and so is what may be a typing error in
# its tables. (A filter for good, since those that end are shared by all threads.)
warnings.filterwarnings("ignore", category=BuildBackendWarning)
warnings.filterwarnings("ignore", category=TypoWarning)

_HINT = (
    "The backend sees a copy of the project's folder, and of other packages only"
    " what `build-system.requires` names"
)


class BackendFailed(LaminaError):
    """The build backend did not make a wheel."""


class UnexpectedWheel(LaminaError):
    """The build backend made a wheel of something else."""


def make_wheel(
    tree: Path,
    subject: Subject,
    output: Path,
    bench: Workbench,
    settings: BackendSettings,
    *,
    outputs: frozenset[str] = frozenset(),
    is_editable: bool = False,
) -> ProjectWheel:
    """Let the backend of a source tree make its wheel, and put it into the folder ``output``.

    The tree is not written to and the user's environment is not seen. ``outputs`` are
    paths of the folder that are no source, as in `Ignore`. An editable one (PEP 660) leads back
    to the tree: it is made there, where its backend may leave files of its own.
    """
    kind: Kind = "editable" if is_editable else "wheel"
    requires = (*subject.system.requires, *settings.requires)
    with tempfile.TemporaryDirectory(dir=bench.scratch, prefix="wheel-") as folder:
        work = Path(folder)
        source = (
            tree.resolve()
            if is_editable
            else copy_source(
                tree,
                work / "source",
                reads_history=subject.reads_history,
                epoch=settings.epoch,
                outputs=outputs,
            )
        )
        environment = _environment(requires, work / "1", bench, settings)
        more = _more_requirements(requires, source, environment, settings, subject, kind)
        if more:
            environment = _environment((*requires, *more), work / "2", bench, settings)
        with _explained(environment, subject):
            builder = _builder(environment, source)
            made = builder.build(kind, work / "made", settings.config)
        name, version, tags = _check(Path(made), subject)
        output.mkdir(parents=True, exist_ok=True)
        path = output / Path(made).name
        shutil.move(made, path)
    return ProjectWheel(path, name, version, tags)


def more_requirements(
    tree: Path,
    subject: Subject,
    bench: Workbench,
    settings: BackendSettings,
    *,
    outputs: frozenset[str] = frozenset(),
) -> list[str]:
    """Return what the backend asks for beside what the tree and the settings name, for a wheel."""
    requires = (*subject.system.requires, *settings.requires)
    with tempfile.TemporaryDirectory(dir=bench.scratch, prefix="requires-") as folder:
        source = copy_source(
            tree,
            Path(folder) / "source",
            reads_history=subject.reads_history,
            epoch=settings.epoch,
            outputs=outputs,
        )
        environment = _environment(requires, Path(folder) / "1", bench, settings)
        return _more_requirements(requires, source, environment, settings, subject, "wheel")


def _environment(
    requires: tuple[str, ...],
    folder: Path,
    bench: Workbench,
    settings: BackendSettings,
) -> BackendEnvironment:
    folder.mkdir()
    wheels = pin(
        requires,
        settings.constraints,
        pip=bench.pip,
        interpreter=bench.interpreter,
        indexes=bench.indexes,
        programs=bench.programs,
        store=bench.store,
        scratch=folder,
        pins=settings.pins,
    )
    named = []
    for wheel in wheels:
        # A store keeps files by digest, and an installer goes by their names.
        named.append(folder / wheel.filename)
        named[-1].symlink_to(bench.store.wheel(wheel.url, wheel.sha256, wheel.filename).absolute())
    return create_environment(
        folder / "venv",
        named,
        interpreter=bench.interpreter,
        variables={
            **settings.variables,
            "SOURCE_DATE_EPOCH": str(settings.epoch),
        },
        path=bench.path,
        programs=bench.programs,
    )


def _more_requirements(
    requires: Sequence[str],
    source: Path,
    environment: BackendEnvironment,
    settings: BackendSettings,
    subject: Subject,
    kind: Kind,
) -> list[str]:
    """Ask the backend what else it needs (PEP 517, ``get_requires_for_build_wheel``)."""
    with _explained(environment, subject):
        builder = _builder(environment, source)
        asked = builder.get_requires_for_build(kind, settings.config)
    try:
        stated = {str(Requirement(requirement)) for requirement in asked}
    except (InvalidRequirement, TypeError) as error:
        raise BackendFailed(
            f"Unable to build the wheel of {subject.title}: the backend asks for {asked}"
        ) from error
    return sorted(stated - set(requires))


def _builder(environment: BackendEnvironment, source: Path) -> ProjectBuilder:
    return ProjectBuilder.from_isolated_env(environment, source, runner=environment.run_hook)


@contextmanager
def _explained(environment: BackendEnvironment, subject: Subject) -> Iterator[None]:
    """Turn what goes wrong in a backend into one error that shows the end of its output."""
    try:
        yield
    except BuildBackendException as failure:
        cause = failure.exception
        text = f"Unable to build the wheel of {subject.title}"
        if isinstance(cause, ProgramFailed):
            text = f"{text}: the build backend ended with {cause.reason}\n{cause.output}"
        else:
            text = f"{text}: {without_credentials(str(failure))}\n{tail(environment.log)}"
        raise BackendFailed(text.rstrip(), hint=_HINT) from failure
    except (BuildException, TypeError) as failure:
        # A hook may answer with anything at all, and `build` takes it for a file's name.
        raise BackendFailed(f"Unable to build the wheel of {subject.title}: {failure}") from failure


def _check(made: Path, subject: Subject) -> tuple[NormalizedName, Version, frozenset[Tag]]:
    """Return what the wheel's name says, which must be what the project says."""
    try:
        name, version, _, tags = parse_wheel_filename(made.name)
    except InvalidWheelFilename as error:
        raise UnexpectedWheel(
            f"Unable to use what the build backend made: `{made.name}` is no name of a wheel"
        ) from error
    if not made.is_file():
        raise UnexpectedWheel(f"Unable to find what the build backend made: `{made.name}`")
    wanted = version if subject.version is None else subject.version
    if (name, version) != (subject.name, wanted):
        raise UnexpectedWheel(
            "The build backend made another wheel than expected\n"
            f"  expected: {subject.name} {wanted}\n"
            f"  got:      {name} {version}"
        )
    return name, version, tags
