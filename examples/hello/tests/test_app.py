"""The two routes."""

from __future__ import annotations

import sys
from importlib.metadata import version

from fastapi.testclient import TestClient

from hello.app import app

client = TestClient(app)


def test_it_says_what_runs_here() -> None:
    answer = client.get("/")

    assert answer.status_code == 200
    assert answer.json()["service"] == f"hello {version('hello')}"
    assert answer.json()["environment"] == sys.prefix


def test_it_greets() -> None:
    answer = client.get("/greet/you")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"hello": "you"}
