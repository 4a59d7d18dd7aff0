"""An S3-compatible store on this machine, for the tests of PetrelBackend."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def serve_bucket(folder: Path) -> Iterator[Path]:
    """Serve the empty bucket "bucket"; yields petrel's configuration file that leads to it."""
    pytest.importorskip("s3fs", reason="needs s3fs")
    moto = pytest.importorskip("moto.server", reason="needs moto[server]")
    import boto3

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address, keys = f"http://{host}:{port}", ("key", "secret")
    boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
    ).create_bucket(Bucket="bucket")
    conf = folder / "petreloss.conf"
    conf.write_text(
        f"[DEFAULT]\ndefault_cluster = here\n"
        f"[here]\naccess_key = {keys[0]}\nsecret_key = {keys[1]}\nhost_base = {address}\n"
    )
    yield conf
    server.stop()
