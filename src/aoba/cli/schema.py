"""`aoba schema`."""

import msgspec
import typer

from aoba.document.json_schema import json_schema


def schema() -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(json_schema())).decode())
