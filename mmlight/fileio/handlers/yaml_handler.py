"""Data as YAML."""

from __future__ import annotations

from typing import IO, Any

import yaml

from .base import BaseFileHandler

# libyaml is some ten times faster, but not in every build of PyYAML. The loader is the one that
# makes tuples and other plain values, but no objects of any class that a file names.
_LOADER = getattr(yaml, "CFullLoader", yaml.FullLoader)
_DUMPER = getattr(yaml, "CDumper", yaml.Dumper)


class YamlHandler(BaseFileHandler):
    """Data as YAML.

    Example:
        >>> YamlHandler().dump_to_str({"a": [1, 2]})
        'a:\\n- 1\\n- 2\\n'
    """

    def load_from_fileobj(self, file: IO, **kwargs: Any) -> Any:
        """Read an object from an open file.

        Args:
            file (IO): The file.
            **kwargs: Passed to :func:`yaml.load`; another ``Loader`` may make more types.

        Returns:
            object: What was read.
        """
        kwargs.setdefault("Loader", _LOADER)
        return yaml.load(file, **kwargs)

    def dump_to_fileobj(self, obj: Any, file: IO, **kwargs: Any) -> None:
        """Write an object to an open file.

        Args:
            obj: The object.
            file (IO): The file.
            **kwargs: Passed to :func:`yaml.dump`.
        """
        kwargs.setdefault("Dumper", _DUMPER)
        yaml.dump(obj, file, **kwargs)

    def dump_to_str(self, obj: Any, **kwargs: Any) -> str:
        """Write an object to a string.

        Args:
            obj: The object.
            **kwargs: Passed to :func:`yaml.dump`.

        Returns:
            str: The YAML text.
        """
        kwargs.setdefault("Dumper", _DUMPER)
        return yaml.dump(obj, **kwargs)
