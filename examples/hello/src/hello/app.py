"""The service: two routes, and the command that serves them."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version

import orjson
import uvicorn
from fastapi import FastAPI, Response

app = FastAPI(title="hello", version=version("hello"))


def answer(document: object) -> Response:
    """Write JSON with orjson, whose compiled module must so be in the image."""
    return Response(orjson.dumps(document), media_type="application/json")


@app.get("/")
def about() -> Response:
    """Say what runs here."""
    return answer(
        {
            "service": f"hello {version('hello')}",
            "python": platform.python_version(),
            "environment": sys.prefix,
        }
    )


@app.get("/greet/{name}")
def greet(name: str) -> Response:
    """Greet somebody."""
    return answer({"hello": name})


def main() -> None:
    """Serve until the process is ended; HELLO_PORT is 8000 where it is not set."""
    port = int(os.environ.get("HELLO_PORT", "8000"))
    uvicorn.run(app, host="0.0.0.0", port=port, log_level="warning")  # noqa: S104
