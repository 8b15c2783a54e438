from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.compare.image import Distribution, InspectedBase, inspect
from lamina.oci.config import History
from lamina.oci.document import MalformedDocument
from lamina.plan.plan import LayerKind
from unit.compare.images import BASE, PLAIN, SKELETON, Made, Making, base, digest, image, wheels


def test_what_a_layer_holds_is_as_recorded() -> None:
    seen = image(
        base("ADD rootfs"),
        SKELETON,
        wheels("idna==3.10#aa"),
        Made("project app", wheels=["app==2"], kind=LayerKind.PROJECT),
    )

    assert [(layer.kind, layer.title) for layer in seen.layers] == [
        (LayerKind.BASE, "ADD rootfs"),
        (LayerKind.SKELETON, "environment /opt/venv"),
        (LayerKind.WHEELS, "idna==3.10"),
        (LayerKind.PROJECT, "project app"),
    ]
    assert seen.layers[2].distributions == (Distribution("idna", "3.10", "sha256:aa", 7),)
    assert seen.layers[3].distributions == (Distribution("app", "2", "sha256:app==2", 7),)
    assert list(seen.distributions) == ["idna"]
    assert (seen.is_lamina, seen.size, seen.is_packed) == (True, 1300, True)


def test_without_a_record_the_titles_tell() -> None:
    layers = [base("ADD rootfs"), wheels("idna==3.10", "six==1.17.0"), base("RUN make")]

    seen = Making(layers).inspected()

    assert [layer.kind for layer in seen.layers] == [
        LayerKind.BASE,
        LayerKind.WHEELS,
        LayerKind.OTHER,
    ]
    assert seen.layers[1].distributions == (
        Distribution("idna", "3.10"),
        Distribution("six", "1.17.0"),
    )


def test_a_base_of_ours_is_a_base() -> None:
    seen = Making([wheels("torch==2.3.0"), SKELETON, wheels("idna==3.10")], below=1).inspected()

    kinds = [layer.kind for layer in seen.layers]
    assert kinds == [LayerKind.BASE, LayerKind.SKELETON, LayerKind.WHEELS]
    assert list(seen.distributions) == ["idna"]


def test_the_base_is_named_by_the_manifest_else_by_the_record() -> None:
    annotations = {
        "org.opencontainers.image.base.name": BASE,
        "org.opencontainers.image.base.digest": str(digest("annotated")),
    }
    layers = [base("ADD rootfs"), SKELETON]

    annotated = Making(layers, below=1, annotations=annotations).inspected()
    recorded = Making(layers, below=1, annotations={}).inspected()
    neither = Making([SKELETON], below=0).inspected()

    assert annotated.base == InspectedBase(BASE, digest("annotated"))
    assert recorded.base == InspectedBase("", digest("base"))
    assert neither.base is None


def test_an_image_of_others_has_its_history() -> None:
    seen = Making([base("ADD rootfs"), base("RUN make")]).inspected()

    assert not seen.is_lamina
    assert [(layer.kind, layer.title) for layer in seen.layers] == [
        (LayerKind.OTHER, "ADD rootfs"),
        (LayerKind.OTHER, "RUN make"),
    ]


def test_a_history_that_does_not_fit_tells_of_no_layer() -> None:
    config = replace(PLAIN, history=(History("one more"),))

    seen = Making([base("ADD rootfs")], config).inspected()

    assert [layer.title for layer in seen.layers] == [""]


def test_steps_without_a_layer_are_passed_over() -> None:
    config = replace(PLAIN, history=(History("ENV A=1", empty_layer=True),))

    seen = Making([base("ADD rootfs")], config).inspected()

    assert [layer.title for layer in seen.layers] == ["ADD rootfs"]


def test_a_digest_that_is_none_is_not_told() -> None:
    annotations = {"org.opencontainers.image.base.digest": "sha256:\x1b"}

    assert Making([base("ADD")], annotations=annotations).inspected().base is None


def test_documents_that_disagree_are_refused() -> None:
    config = replace(PLAIN, diff_ids=())
    making = Making([base("ADD rootfs")])
    seen = making.inspected()

    with pytest.raises(MalformedDocument) as caught:
        inspect(seen.manifest, config, digest("m"))

    assert str(caught.value) == (
        f"Malformed image {digest('m')}: manifest and config disagree on its layers\n"
        "  manifest: 1\n  config:   0"
    )
