"""Data as YAML."""

from __future__ import annotations

from typing import IO, Any

import yaml

from ..data_text import PlainLoader, load_yaml
from .base import BaseFileHandler


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Plain data without tags of Python, which every reader of YAML takes."""


_Dumper.add_multi_representer(dict, lambda dumper, value: dumper.represent_dict(value))


class YamlHandler(BaseFileHandler):
    """Data as YAML, without tags of Python: a tuple is a list.

    Example:
        >>> YamlHandler().dump_to_str({"a": [1, 2]})
        'a:\\n- 1\\n- 2\\n'
    """

    def load_from_fileobj(self, file: IO[Any], **kwargs: Any) -> Any:
        """Read an object from an open file.

        Args:
            file (IO): The file.
            **kwargs: ``Loader``, another loader of PyYAML, which may make more types.

        Raises:
            yaml.YAMLError: If it is no YAML, too deeply nested, or grows by its aliases.
        """
        return load_yaml(
            file.read(), getattr(file, "name", None), kwargs.pop("Loader", PlainLoader), **kwargs
        )

    def dump_to_fileobj(self, obj: Any, file: IO[Any], **kwargs: Any) -> None:
        kwargs.setdefault("Dumper", _Dumper)
        yaml.dump(obj, file, **kwargs)

    def dump_to_str(self, obj: Any, **kwargs: Any) -> str:
        """Write an object to a string."""
        kwargs.setdefault("Dumper", _Dumper)
        result: str = yaml.dump(obj, **kwargs)
        return result
