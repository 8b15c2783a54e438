"""Bytes that must not change: run under every Python that is supported."""

from __future__ import annotations

import tomllib
import zlib
from pathlib import Path

import pytest
from isal import isal_zlib

from golden.cases import GENERATED, SPLICED, digests, generated, spliced
from golden.rewrite import FILE, render

FROZEN = tomllib.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", SPLICED)
def test_the_blob_of_a_wheels_layer_is_frozen(case: str) -> None:
    assert str(spliced(case).digest) == FROZEN["spliced"][case]["digest"]


@pytest.mark.parametrize("case", SPLICED)
def test_the_diff_id_of_a_wheels_layer_is_frozen(case: str) -> None:
    assert str(spliced(case).diff_id) == FROZEN["spliced"][case]["diff_id"]


@pytest.mark.parametrize("case", GENERATED)
def test_the_diff_id_of_a_generated_layer_is_frozen(case: str) -> None:
    assert str(generated(case).diff_id) == FROZEN["generated"][case]["diff_id"]


def test_another_compressor_changes_no_frozen_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = generated("files").digest
    monkeypatch.setattr(
        isal_zlib, "compressobj", lambda level, wbits: zlib.compressobj(1, 8, wbits)
    )

    assert generated("files").digest != usual
    assert digests() == FROZEN


def test_the_file_is_what_a_rewrite_writes() -> None:
    assert Path(FILE).read_text(encoding="utf-8") == render(FROZEN)
