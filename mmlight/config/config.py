"""The config of an experiment, read from files and changed from the command line."""

from __future__ import annotations

import copy
import difflib
import json
import math
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mmlight.utils import import_modules_from_strings

from .config_dict import ConfigDict, copy_settings, unwrap
from .dict_action import DictAction, add_config_arguments
from .format import WIDTH, format_config, path_of
from .loader import load_config, load_config_string
from .merge import merge_into
from .secrets import hide_secrets
from .text_file import ReadOptions
from .utils import RESERVED_KEYS

__all__ = ["Config", "ConfigDict", "DictAction", "copy_config"]


class _YamlDumper(yaml.SafeDumper):
    """Plain data, which every reader of YAML takes; anything else by its import path."""


_YamlDumper.add_multi_representer(
    object, lambda dumper, value: dumper.represent_str(path_of(value))
)


class Config:
    """A config: a dict with its keys as attributes, and the text it came from.

    Args:
        cfg_dict (dict, optional): The settings. Defaults to none.
        cfg_text (str, optional): Text of the config. Defaults to that of ``filename``.
        filename (str or Path, optional): File that it comes from.
        env_variables (dict, optional): Environment variables that were put into it.
        format_python_code (bool): Whether :attr:`pretty_text` breaks long lines.

    Raises:
        TypeError: If ``cfg_dict`` is not a dict.
        KeyError: If it holds a reserved key.

    Example:
        >>> cfg = Config(dict(a=1, b=dict(b1=[0, 1])))
        >>> cfg.a, cfg.b, cfg["b"].b1
        (1, {'b1': [0, 1]}, [0, 1])
        >>> cfg
        Config (path: None): {'a': 1, 'b': {'b1': [0, 1]}}
    """

    _cfg_dict: ConfigDict
    _text: str
    _filename: str | None
    _env_variables: dict[str, str]
    _format_python_code: bool
    _imported: dict[str, Any]

    def __init__(
        self,
        cfg_dict: dict[str, Any] | None = None,
        cfg_text: str | None = None,
        filename: str | Path | None = None,
        env_variables: dict[str, Any] | None = None,
        format_python_code: bool = True,
    ) -> None:
        cfg_dict = {} if cfg_dict is None else cfg_dict
        if not isinstance(cfg_dict, dict):
            raise TypeError(f"cfg_dict must be a dict, but got {type(cfg_dict)}")
        for key in RESERVED_KEYS:
            if key in cfg_dict:
                raise KeyError(f"{key} is reserved for config file")
        if cfg_text is None:
            cfg_text = Path(filename).read_text(encoding="utf-8") if filename else ""
        put = super().__setattr__
        put("_cfg_dict", ConfigDict(cfg_dict))
        put("_text", cfg_text)
        put("_filename", None if filename is None else str(filename))
        put("_env_variables", dict(env_variables or {}))
        put("_format_python_code", format_python_code)
        put("_imported", {})

    @staticmethod
    def fromfile(
        filename: str | Path,
        use_predefined_variables: bool = True,
        import_custom_modules: bool = True,
        use_environment_variables: bool = True,
        lazy_import: bool | None = None,
        format_python_code: bool = True,
    ) -> Config:
        """Read a config file with its bases.

        Args:
            filename (str or Path): A py, json, yaml or yml file.
            use_predefined_variables (bool): Whether to replace ``{{ fileDirname }}``,
                ``{{ fileBasename }}``, ``{{ fileBasenameNoExtension }}`` and
                ``{{ fileExtname }}``.
            import_custom_modules (bool): Whether to import what ``custom_imports`` names.
            use_environment_variables (bool): Whether to replace ``{{$NAME:default}}``.
            lazy_import (bool, optional): Whether the file is in the pure-Python style, whose
                imports stay lazy. None finds out.
            format_python_code (bool): Whether :attr:`pretty_text` breaks long lines.

        Returns:
            Config: The config.

        Raises:
            FileNotFoundError: If the file or one of its bases does not exist.
            OSError: If it is of another kind.
            SyntaxError: If Python cannot parse it.
            ConfigParsingError: If it mixes the two styles, its bases form a circle, or a base
                that it reads with ``read_base`` does not exist.
            KeyError: If bases share a key, or a key is reserved.
            TypeError: If it does not fit over its bases.

        Example:
            >>> from tempfile import mkdtemp
            >>> folder = Path(mkdtemp())
            >>> _ = (folder / "base.py").write_text("optimizer = dict(type='SGD', lr=0.1)")
            >>> _ = (folder / "exp.py").write_text("_base_ = 'base.py'")
            >>> Config.fromfile(folder / "exp.py").optimizer.lr
            0.1
        """
        options = ReadOptions(
            use_predefined_variables,
            use_environment_variables,
            real_imports=lazy_import is False,
        )
        loaded = load_config(Path(filename), options, lazy_import)
        if import_custom_modules and loaded.values.get("custom_imports"):
            _import_custom_modules(loaded.values["custom_imports"], filename)
        cfg = Config(loaded.values, loaded.text, filename, loaded.env_variables, format_python_code)
        cfg.__setstate__({"_imported": loaded.imported})
        return cfg

    @staticmethod
    def fromstring(cfg_str: str, file_format: str) -> Config:
        """Read a config from a string.

        Args:
            cfg_str (str): Text of the config.
            file_format (str): ``.py``, ``.json``, ``.yaml`` or ``.yml``.

        Returns:
            Config: The config; its bases are looked for in the working directory.

        Raises:
            OSError: If the format is another one.

        Example:
            >>> Config.fromstring('{"a": {"b": 1}}', ".json").a.b
            1
        """
        loaded = load_config_string(cfg_str, file_format)
        if loaded.values.get("custom_imports"):
            _import_custom_modules(loaded.values["custom_imports"], "a string")
        return Config(loaded.values, cfg_str, env_variables=loaded.env_variables)

    @staticmethod
    def diff(cfg1: str | Path | Config, cfg2: str | Path | Config) -> str:
        """Compare two configs as Python source.

        Args:
            cfg1 (str or Path or Config): A config or its file.
            cfg2 (str or Path or Config): Another one.

        Returns:
            str: A unified diff, empty for equal configs.

        Example:
            >>> Config.diff(Config(dict(a=1)), Config(dict(a=2))).splitlines()[2:]
            ['@@ -1 +1 @@', '-a = 1', '+a = 2']
        """
        texts = [
            (cfg if isinstance(cfg, Config) else Config.fromfile(cfg)).pretty_text.splitlines()
            for cfg in (cfg1, cfg2)
        ]
        return "\n".join(difflib.unified_diff(texts[0], texts[1], lineterm=""))

    @staticmethod
    def auto_argparser(description: str | None = None) -> tuple[ArgumentParser, Config]:
        """Make a command line of a config file: it takes the file, then its keys as options.

        Args:
            description (str, optional): Description of the command.

        Returns:
            tuple[ArgumentParser, Config]: The parser, and the config that the first
            argument of the command names.

        Raises:
            SystemExit: If the command has no such argument.
        """
        parser = ArgumentParser(description=description, add_help=False)
        parser.add_argument("config", help="config file path")
        cfg = Config.fromfile(parser.parse_known_args()[0].config)
        parser = ArgumentParser(description=description)
        parser.add_argument("config", help="config file path")
        add_config_arguments(parser, cfg._cfg_dict)
        return parser, cfg

    @property
    def filename(self) -> str | None:
        """File that the config comes from."""
        return self._filename

    @property
    def text(self) -> str:
        """Text of the config file after that of its bases, each under its file name."""
        return self._text

    @property
    def env_variables(self) -> dict[str, str]:
        """Environment variables, or their defaults, that were put into the config."""
        return self._env_variables

    @property
    def pretty_text(self) -> str:
        """The config as Python source, which reads back as an equal config, secrets aside.

        Example:
            >>> print(Config(dict(b=[1, 2], a=dict(c="x"))).pretty_text, end="")
            a = dict(c='x')
            b = [
                1,
                2,
            ]
        """
        shown = hide_secrets(self._cfg_dict)
        return format_config(shown, WIDTH if self._format_python_code else math.inf)

    def dump(self, file: str | Path | None = None) -> str | None:
        """Write the config to a file, or return it as text, secrets aside.

        Args:
            file (str or Path, optional): A py, json, yaml or yml file. None returns text in
                the format of :attr:`filename`, Python without one.

        Returns:
            str or None: The text, None when it was written to ``file``.

        Example:
            >>> Config(dict(a=1, b=dict(c="x"))).dump()
            "a = 1\\nb = dict(c='x')\\n"
        """
        suffix = Path(file or self._filename or "config.py").suffix
        if suffix == ".json":
            text = json.dumps(hide_secrets(self.to_dict()), default=path_of)
        elif suffix in (".yaml", ".yml"):
            text = yaml.dump(hide_secrets(self.to_dict()), Dumper=_YamlDumper)
        else:
            text = self.pretty_text
        if file is None:
            return text
        Path(file).write_text(text, encoding="utf-8")
        return None

    def merge_from_dict(self, options: dict[str, Any], allow_list_keys: bool = True) -> None:
        """Merge settings into the config.

        Args:
            options (dict): Settings; a dotted key such as ``model.backbone.depth`` goes into
                nested dicts.
            allow_list_keys (bool): Whether keys such as ``"0"`` change that item of a list.

        Raises:
            TypeError: If a dict would replace what is no dict.
            KeyError: If a list has no such index.

        Example:
            >>> cfg = Config(dict(pipeline=[dict(type="Load"), dict(type="Crop")]))
            >>> cfg.merge_from_dict({"pipeline.0.type": "LoadImage", "model.depth": 50})
            >>> cfg
            Config (path: None): {'pipeline': [{'type': 'LoadImage'}, {'type': 'Crop'}], \
'model': {'depth': 50}}
        """
        nested = ConfigDict()
        for full_key, value in options.items():
            *parents, last = full_key.split(".")
            target = nested
            for key in parents:
                target = target.setdefault(key, ConfigDict())
            target[last] = value
        super().__setattr__("_cfg_dict", merge_into(nested, self._cfg_dict, allow_list_keys))

    def to_dict(self, keep_imported: bool = False) -> dict[str, Any]:
        """Return the settings as plain dicts, lists and tuples.

        Args:
            keep_imported (bool): Whether the names that a file in the pure-Python style imports
                are among them, with their import paths.
        """
        settings = unwrap(self._cfg_dict)
        return {**unwrap(self._imported), **settings} if keep_imported else settings

    def copy(self) -> Config:
        """Return a config that shares its nested settings with this one."""
        return copy.copy(self)

    def __repr__(self) -> str:
        shown = dict.__repr__(hide_secrets(self._cfg_dict))
        return f"Config (path: {self._filename}): {shown}"

    def __len__(self) -> int:
        return len(self._cfg_dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self._cfg_dict)

    def __contains__(self, key: object) -> bool:
        return key in self._cfg_dict

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._cfg_dict, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._cfg_dict[name] = value

    def __delattr__(self, name: str) -> None:
        delattr(self._cfg_dict, name)

    def __getitem__(self, name: str) -> Any:
        return self._cfg_dict[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._cfg_dict[name] = value

    def __delitem__(self, name: str) -> None:
        del self._cfg_dict[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *dir(self._cfg_dict)]

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __copy__(self) -> Config:
        new = type(self).__new__(type(self))
        new.__setstate__({**self.__dict__, "_cfg_dict": self._cfg_dict.copy()})
        return new

    def __deepcopy__(self, memo: dict[int, Any]) -> Config:
        new = type(self).__new__(type(self))
        memo[id(self)] = new
        new.__setstate__(copy.deepcopy(self.__dict__, memo))
        return new


def copy_config(cfg: Any) -> Any:
    """Copy a config for a run, which may change its dicts and lists but runs its objects.

    Args:
        cfg (Config or dict): The config.

    Returns:
        Config or dict: One with dicts and lists of its own. Callbacks, models, data and all other
        objects in it are those of ``cfg``, where :func:`copy.deepcopy` makes others.

    Example:
        >>> dataset = iter([1, 2])
        >>> cfg = Config(dict(loader=dict(dataset=dataset, batch_size=4)))
        >>> copied = copy_config(cfg)
        >>> copied.loader.batch_size = 8
        >>> cfg.loader.batch_size, copied.loader.dataset is dataset
        (4, True)
    """
    if not isinstance(cfg, Config):
        return copy_settings(cfg)
    copied = cfg.copy()
    copied.__setstate__({"_cfg_dict": copy_settings(cfg._cfg_dict)})
    return copied


def _import_custom_modules(custom_imports: Any, where: Any) -> None:
    if not isinstance(custom_imports, dict):
        raise TypeError(
            f"custom_imports in {where} must be a dict with `imports` and optionally "
            f"`allow_failed_imports`, not {type(custom_imports)}"
        )
    try:
        import_modules_from_strings(**custom_imports)
    except ImportError as err:
        raise ImportError(
            f"custom_imports of {where} failed: {err.__cause__ or err}", name=err.name
        ) from err
