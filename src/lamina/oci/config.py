"""The config of an image: how it runs, which layers it has, and how it came to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lamina.oci.descriptor import Platform
from lamina.oci.digest import DiffID, Digest
from lamina.oci.document import Fields, MalformedDocument, encode, parse_document
from lamina.oci.healthcheck import Healthcheck


@dataclass(frozen=True, slots=True)
class History:
    """How one step of an image came to be (image-spec, config.md, ``history``)."""

    created_by: str = ""
    created: str = ""
    comment: str = ""
    author: str = ""
    empty_layer: bool = False
    """True of a step that has no layer."""

    def to_json(self) -> dict[str, object]:
        """Return the object that a config holds."""
        document = {
            "created": self.created,
            "created_by": self.created_by,
            "comment": self.comment,
            "author": self.author,
            "empty_layer": self.empty_layer,
        }
        return {key: value for key, value in document.items() if value}


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """The config of one image (image-spec, config.md).

    Fields that we do not know are kept as they are: nothing of a base's config is lost.
    """

    architecture: str
    os: str = "linux"
    variant: str = ""
    created: str = ""
    """RFC 3339, as written."""
    author: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    """In the order of the config."""
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    user: str = ""
    working_dir: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    diff_ids: tuple[DiffID, ...] = ()
    history: tuple[History, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    """Fields of the document that have no name here."""
    extra_config: Mapping[str, object] = field(default_factory=dict)
    """Fields of its ``config`` section that have no name here, such as ``OnBuild``."""

    @property
    def platform(self) -> Platform:
        """The platform that the image is for."""
        return Platform(self.os, self.architecture, self.variant)

    @classmethod
    def parse(cls, data: bytes) -> ImageConfig:
        """Read a config, refusing one whose fields have other types than the spec gives them."""
        document = parse_document(data, f"image config {Digest.of(data)}")
        section = document.object("config")
        for key in ("architecture", "os"):
            if not document.text(key):
                document.refuse(key, "text")
        return cls(
            architecture=document.text("architecture"),
            os=document.text("os"),
            variant=document.text("variant"),
            created=document.text("created"),
            author=document.text("author"),
            env=parse_env(section),
            entrypoint=section.texts("Entrypoint"),
            cmd=section.texts("Cmd"),
            user=section.text("User"),
            working_dir=section.text("WorkingDir"),
            labels=section.text_map("Labels"),
            exposed_ports=tuple(sorted(section.object("ExposedPorts").values)),
            volumes=tuple(sorted(section.object("Volumes").values)),
            stop_signal=section.text("StopSignal"),
            healthcheck=_parse_healthcheck(section),
            diff_ids=_parse_diff_ids(document),
            history=tuple(_parse_history(entry) for entry in document.objects("history")),
            extra=_others(document, _DOCUMENT),
            extra_config=_others(section, _SECTION),
        )

    def encode(self) -> bytes:
        """Write the config, the one way we ever do."""
        document = {
            "architecture": self.architecture,
            "os": self.os,
            "variant": self.variant,
            "created": self.created,
            "author": self.author,
            "history": [entry.to_json() for entry in self.history],
        }
        kept = {key: value for key, value in document.items() if value}
        rootfs = {"type": "layers", "diff_ids": [str(diff_id) for diff_id in self.diff_ids]}
        return encode({**self.extra, **kept, "config": self._section(), "rootfs": rootfs})

    def _section(self) -> dict[str, object]:
        section: dict[str, object] = {
            "Env": [f"{name}={value}" for name, value in self.env.items()],
            "User": self.user,
            "WorkingDir": self.working_dir,
            "Labels": dict(self.labels),
            "ExposedPorts": {port: {} for port in self.exposed_ports},
            "Volumes": {volume: {} for volume in self.volumes},
            "StopSignal": self.stop_signal,
            "Healthcheck": self.healthcheck.to_json() if self.healthcheck else None,
        }
        kept = {key: value for key, value in section.items() if value}
        if self.entrypoint is not None:
            kept["Entrypoint"] = list(self.entrypoint)
        if self.cmd is not None:
            kept["Cmd"] = list(self.cmd)
        return {**self.extra_config, **kept}


def fit_history(history: Sequence[History], layers: int) -> tuple[History, ...]:
    """Return a history that has exactly one entry for each of ``layers`` layers.

    The spec makes it optional, and squashed and imported images have one that does not fit. Of too
    many entries the oldest are marked as having no layer; too few are filled up at the end.
    """
    surplus = sum(not entry.empty_layer for entry in history) - layers
    fitted = []
    for entry in history:
        if surplus > 0 and not entry.empty_layer:
            entry = History(
                entry.created_by, entry.created, entry.comment, entry.author, empty_layer=True
            )
            surplus -= 1
        fitted.append(entry)
    missing = History(comment="the base image does not say how this layer came to be")
    return (*fitted, *[missing] * -surplus)


_DOCUMENT = frozenset(
    {"architecture", "os", "variant", "created", "author", "config", "rootfs", "history"}
)
_SECTION = frozenset(
    {"Env", "Entrypoint", "Cmd", "User", "WorkingDir", "Labels", "ExposedPorts", "Volumes"}
    | {"StopSignal", "Healthcheck"}
)


def _others(fields: Fields, known: frozenset[str]) -> dict[str, object]:
    """Return the fields that have no name in `ImageConfig`, Go's ``null`` aside."""
    return {
        key: value for key, value in fields.values.items() if key not in known and value is not None
    }


def parse_env(section: Fields) -> dict[str, str]:
    """Read ``NAME=value`` pairs; of one that stands twice, the last value counts, as in a shell."""
    env = {}
    for text in section.texts("Env") or ():
        name, _, value = text.partition("=")
        if not name or "\0" in text:
            section.refuse("Env", "only `NAME=value`")
        env[name] = value
    return env


def _parse_healthcheck(section: Fields) -> Healthcheck | None:
    if not section.values.get("Healthcheck"):
        return None
    check = section.object("Healthcheck")
    return Healthcheck(
        check.texts("Test") or (),
        check.number("Interval"),
        check.number("Timeout"),
        check.number("StartPeriod"),
        check.number("StartInterval"),
        check.number("Retries"),
    )


def _parse_diff_ids(document: Fields) -> tuple[DiffID, ...]:
    rootfs = document.object("rootfs")
    if (kind := rootfs.text("type")) != "layers":
        raise MalformedDocument(
            f"Malformed {document.what}: expected `layers` at `rootfs.type`, got: {kind!r}"
        )
    texts = rootfs.texts("diff_ids") or ()
    each = (Fields(document.what, "rootfs.", {"diff_ids": text}) for text in texts)
    return tuple(DiffID(fields.digest("diff_ids")) for fields in each)


def _parse_history(entry: Fields) -> History:
    return History(
        entry.text("created_by"),
        entry.text("created"),
        entry.text("comment"),
        entry.text("author"),
        entry.flag("empty_layer"),
    )
