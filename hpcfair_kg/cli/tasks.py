"""The paper's configurations on the command line: run, and its kinds by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpcfair_kg.cli.catalogue import hits
from hpcfair_kg.cli.output import verb

if TYPE_CHECKING:
    from hpcfair_kg.api import Result, modelAPI


def _api(on: str | None) -> modelAPI:
    """Return where a configuration runs: on `--on`, on HPCFAIR_ENDPOINT, else here; it says nothing itself."""
    from hpcfair_kg.api import modelAPI

    return modelAPI(on or os.environ.get("HPCFAIR_ENDPOINT") or None, say=lambda line: None)


def _answer(results: list[Any]) -> object:
    return [result.document() for result in results], lambda: _print(results)


def _print(results: list[Result]) -> None:
    from hpcfair_kg.api import Searched

    for result in results:
        if isinstance(result, Searched):
            hits(result.hits)
        else:
            click.echo(str(result))


@verb()
@click.argument("config", type=click.Path(path_type=Path))
def run(config: Path, on: str | None) -> object:
    """Do what a configuration file asks for: conversion, inference, collaboration, store, search, load_model or load_dataset."""
    return _answer(_api(on).run(config))


@verb()
@click.argument("model", metavar="CONFIG.yaml|MODEL|ID")
@click.option(
    "-o", "--output", metavar="FILE", help="The ONNX file to write (for a model, not a configuration)."
)
@click.option("--opset", type=int, help="The opset to aim at (for a model).")
@click.option("--trust", is_flag=True, help="Load a pickle of your own.")
def convert(model: str, output: str | None, opset: int | None, trust: bool, on: str | None) -> object:
    """Convert models to ONNX, each proved equal to the original."""
    if model.endswith((".yaml", ".yml")):
        return _answer(_api(on).conversion(model))
    arguments = {"model_file": model, "trust": trust} | ({"onnx_version": opset} if opset else {})
    config = {
        "general_args": {"task": "conversion"},
        "model_args": arguments,
        "out_args": {"export_file": output} if output else {},
    }
    return _answer(_api(on).conversion(config))


@verb()
@click.argument("config", type=click.Path(path_type=Path))
def collaborate(config: Path, on: str | None) -> object:
    """Run models as one, and merge them into one ONNX file where the graphs allow."""
    return _answer([_api(on).collaborate(config)])


COMMANDS = (run, convert, collaborate)
