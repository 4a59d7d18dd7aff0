"""Object stores that speak S3's protocol, as Petrel does."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem

from .fsspec_backend import FsspecBackend

_CLUSTER = re.compile(r"(?P<cluster>[\w-]+):(?=s3://)")
_DEFAULT_CONF = "~/petreloss.conf"


class PetrelBackend(FsspecBackend):
    """Object store behind ``petrel://``, ``s3://`` and ``cluster:s3://`` addresses.

    The clusters, their endpoints and keys stand in petrel's own configuration file; without it,
    the environment has to name them as for every client of S3.

    Args:
        path_mapping (dict, optional): Beginnings of paths and what replaces them, as from a local
            folder to a bucket; the store may be any that fsspec can open.
        enable_mc (bool): Kept for configs that set it; reads are not cached through memcached.
        conf_path (str, optional): Petrel's configuration file, ``~/petreloss.conf`` by default.

    Raises:
        ImportError: At the first use, if the store's package (``s3fs``) is not installed.

    Example:
        >>> backend = PetrelBackend(path_mapping={"data/": "memory://bucket/"})
        >>> backend.put_text("hello", "data/a.txt")
        >>> FsspecBackend().get_text("memory://bucket/a.txt")
        'hello'
        >>> backend.rmtree("data/")
    """

    def __init__(
        self,
        path_mapping: dict[str, Any] | None = None,
        enable_mc: bool = True,
        conf_path: str | None = None,
    ) -> None:
        assert path_mapping is None or isinstance(path_mapping, dict), (
            f"path_mapping must be a dict or None, but got {type(path_mapping)}"
        )
        super().__init__()
        self.path_mapping = path_mapping or {}
        self.enable_mc = enable_mc
        self.conf_path = Path(conf_path or _DEFAULT_CONF).expanduser()
        if conf_path is not None and not self.conf_path.is_file():
            raise FileNotFoundError(f"conf_path {conf_path} does not exist")

    def _locate(self, filepath: str | Path) -> tuple[AbstractFileSystem, str]:
        url = str(filepath)
        for source, target in self.path_mapping.items():
            url = url.replace(source, target, 1)
        url = url.replace("petrel://", "s3://", 1)
        named = _CLUSTER.match(url)
        cluster = named["cluster"] if named else None
        url = url[named.end() :] if named else url
        options = self._cluster_options(cluster) if url.startswith("s3://") else {}
        return self._open(url, **options)

    def _make_parent(self, fs: AbstractFileSystem, path: str) -> None:
        # S3 has no folders, and making them would make a bucket that is not there.
        if "s3" not in fs.protocol:
            super()._make_parent(fs, path)

    def _cluster_options(self, cluster: str | None) -> dict[str, Any]:
        conf = configparser.ConfigParser()
        conf.read(self.conf_path)
        cluster = cluster or conf.defaults().get("default_cluster")
        # Other clients write to the store too, so a remembered listing could be wrong.
        options: dict[str, Any] = {"use_listings_cache": False}
        if cluster is None:
            return options
        if not conf.has_section(cluster):
            raise KeyError(
                f"cluster {cluster!r} is not in {self.conf_path}, which has {conf.sections()}"
            )
        names = {"key": "access_key", "secret": "secret_key", "endpoint_url": "host_base"}
        section = conf[cluster]
        found = {option: section[name] for option, name in names.items() if name in section}
        return {**options, **found}
