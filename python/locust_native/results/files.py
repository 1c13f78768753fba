"""Runs as files: written as a whole or not at all, and read back equal; JSON, packed JSON, or Parquet."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from pathlib import Path
from typing import Any

from .. import output_files
from . import tables
from .needs import needed
from .rows import FORMAT as FIGURES
from .rows import check

FORMAT = "locust-native run"
#: Grows when a field changes its meaning or goes; new fields do not change it.
VERSION = 1
#: Where a Parquet file has the run, beside the table that any reader sees.
KEY = b"locust-native run"
SUFFIXES = (".json", ".json.gz", ".parquet")
_FIELDS: dict[str, Any] = {"options": {}, "log": "", "interrupted": False}


def save(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    """Write `figures`, `options`, `log` and `interrupted` to a file, in the form its suffix says.

    The file is the old one until the new one is complete. Raises ValueError for another suffix, OSError where it
    cannot be written, MissingPackage where Parquet lacks pyarrow.
    """
    suffix = _suffix(path)
    text = json.dumps({"format": FORMAT, "version": VERSION, **content})
    if suffix == ".parquet":
        requests, pyarrow = _parquet_table(content["figures"]), _pyarrow("parquet")

        def write(file: Any) -> None:
            # Beside the schema, not in it: there it would be stored twice.
            plain = requests.replace_schema_metadata(None)
            with pyarrow.ParquetWriter(file, plain.schema, store_schema=False) as writer:
                writer.write_table(plain)
                writer.add_key_value_metadata({**(requests.schema.metadata or {}), KEY: text.encode()})

        output_files.write(path, write)
    elif suffix == ".json":
        output_files.write(path, lambda file: file.write(text.encode()))
    else:
        output_files.write(path, lambda file: file.write(gzip.compress(text.encode(), mtime=0)))


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `save` has written, or `--native-json` (then the figures alone are known).

    Raises ValueError for what is no such file, a damaged one, or one of a newer locust-native; OSError where it cannot
    be read.
    """
    suffix = _suffix(path)
    try:
        text = _parquet_text(path) if suffix == ".parquet" else Path(path).read_bytes()
        if suffix == ".json.gz":
            text = gzip.decompress(text)
        return _content(json.loads(text))
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ValueError(f"{path}: it is damaged, cut short or not packed with gzip") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError(f"{path}: it is damaged, cut short or no JSON") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _suffix(path: str | os.PathLike[str]) -> str:
    name = Path(path).name.lower()
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return suffix
    raise ValueError(
        f"{path}: expected a file name that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
    )


def _content(value: Any) -> dict[str, Any]:
    form = value.get("format") if isinstance(value, dict) else None
    if form == FIGURES:
        value = {"figures": value}
    elif form != FORMAT:
        raise ValueError("it holds no run: save one with run.save(…), or write --native-json")
    elif not isinstance(value.get("version"), int) or value["version"] > VERSION:
        raise ValueError(
            f"it is of version {value.get('version')!r}, this locust-native reads {VERSION}: update it"
        )
    check(value.get("figures"))
    content = {field: value.get(field, usual) for field, usual in _FIELDS.items()}
    for field, usual in _FIELDS.items():
        if not isinstance(content[field], type(usual)):
            raise ValueError(f"its {field!r} is no {type(usual).__name__}")
    return {"figures": value["figures"], **content}


def _pyarrow(part: str | None = None) -> Any:
    return needed("pyarrow", "a Parquet file", part and f"pyarrow.{part}")


def _parquet_table(figures: dict[str, Any]) -> Any:
    requests = tables.requests_table(figures)
    for column in ("method", "name"):  # half a surrogate pair has no UTF-8; the run itself keeps it
        requests[column] = [str(each).encode("utf-8", "replace").decode() for each in requests[column]]
    return _pyarrow().Table.from_pandas(requests, preserve_index=False)


def _parquet_text(path: str | os.PathLike[str]) -> bytes:
    pyarrow, parquet = _pyarrow(), _pyarrow("parquet")
    most = 2**31 - 1
    with open(path, "rb") as file:
        try:
            with parquet.ParquetFile(
                file, thrift_string_size_limit=most, thrift_container_size_limit=most
            ) as opened:
                metadata = opened.metadata.metadata or {}
        except (pyarrow.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise ValueError("it is damaged, cut short or no Parquet file") from None
    if KEY not in metadata:
        raise ValueError("it holds no run: save one with run.save(…)")
    return metadata[KEY]
