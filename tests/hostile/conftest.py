"""The misbehaving server, for the tests of this folder."""

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from rogue import Rogue

HERE = Path(__file__).parent


def certificates(folder: Path) -> dict[str, Path]:
    """Certificates of every sort, as PEM files: name -> path."""
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    issued = {
        "good": authority.issue_cert("localhost", "127.0.0.1"),
        "expired": authority.issue_cert("localhost", "127.0.0.1", not_after=past),
        "elsewhere": authority.issue_cert("elsewhere.example"),
        "unknown": stranger.issue_cert("localhost", "127.0.0.1"),
    }
    for name, certificate in issued.items():
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
    own = trustme.CA(organization_name="myself")
    (folder / "selfsigned.pem").write_bytes(own.private_key_pem.bytes() + own.cert_pem.bytes())
    return {name: folder / f"{name}.pem" for name in (*issued, "selfsigned", "ca")}


@pytest.fixture(scope="session")
def rogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rogue]:
    papers = certificates(tmp_path_factory.mktemp("papers"))
    process = subprocess.Popen(
        [
            sys.executable,
            HERE / "hostile_server.py",
            *(f"{name}={path}" for name, path in papers.items() if name != "ca"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    yield Rogue(process, json.loads(process.stdout.readline()), papers["ca"])
    process.stdin.close()
    process.wait(timeout=10)
    process.stdout.close()
