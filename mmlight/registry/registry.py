"""A tree of tables from names to classes and functions."""

from __future__ import annotations

import importlib
import inspect
import logging
import re
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from mmlight.config.utils import MODULE2PACKAGE
from mmlight.utils import get_object_from_string, is_seq_of
from mmlight.utils.notebook import is_written_again

from .build_functions import build_from_cfg
from .default_scope import DefaultScope
from .diagnostics import did_you_mean
from .packages import (
    import_registry_of,
    missing_package,
    named_operators,
    register_all_modules,
)

ROOT_SCOPE = "mmlight"
UNKNOWN_SCOPE = re.compile('No registry of scope "[^"]*"')
"""How the warning of a scope without a registry begins."""
# The root registries stand in for these packages, whose components mmlight
# provides; where one of them is installed, its own registries come first.
PACKAGE_SCOPES = frozenset({"mmedit", "mmagic"})
ALIAS_SCOPES = PACKAGE_SCOPES | {"mmengine"}


def _warn(message: str) -> None:
    # Imported late: mmlight.logging needs torch, which a registry does not.
    from mmlight.logging import print_log

    print_log(message, logger="current", level=logging.WARNING)


class Registry:
    """A registry maps names to classes or functions and builds from configs.

    Args:
        name (str): Name of the registry.
        build_func (Callable, optional): Builds an object from a config and this
            registry. Taken from ``parent`` when omitted there is one, otherwise
            :func:`build_from_cfg`.
        parent (Registry, optional): Registry that is asked for names which are
            not found here.
        scope (str, optional): Prefix under which parents and siblings find this
            registry. Defaults to the package in which the registry is created.
        locations (Sequence[str]): Modules that register members when imported;
            they are imported at the first look-up that needs them.
        fallback_locations (Sequence[str]): Like ``locations``, but imported only
            when a name is found nowhere else in this registry, and their members
            give way to any other registration of the same name.

    Example:
        >>> MODELS = Registry("models")
        >>> @MODELS.register_module()
        ... class ResNet:
        ...     def __init__(self, depth):
        ...         self.depth = depth
        >>> MODELS.build(dict(type="ResNet", depth=50)).depth
        50
        >>> DETECTORS = Registry("detectors", parent=MODELS, scope="det")
        >>> @DETECTORS.register_module()
        ... class FasterRCNN:
        ...     pass
        >>> MODELS.get("det.FasterRCNN").__name__
        'FasterRCNN'
    """

    def __init__(
        self,
        name: str,
        build_func: Callable[..., Any] | None = None,
        parent: Registry | None = None,
        scope: str | None = None,
        locations: Sequence[str] = (),
        fallback_locations: Sequence[str] = (),
    ) -> None:
        assert scope is None or isinstance(scope, str), f"scope must be a str, got {type(scope)}"
        assert parent is None or isinstance(parent, Registry), (
            f"parent must be a Registry, got {type(parent)}"
        )
        self._name = name
        self._module_dict: dict[str, Any] = {}
        self._children: dict[str, Registry] = {}
        self._locations = list(locations)
        self._fallback_locations = list(fallback_locations)
        self._fallback_names: set[str] = set()
        self._imported: set[str] = set()
        self._scope = self.infer_scope() if scope is None else scope
        self.parent = parent
        if parent is not None:
            parent._add_child(self)
        if build_func is None:
            build_func = build_from_cfg if parent is None else parent.build_func
        self.build_func: Callable[..., Any] = build_func

    def __len__(self) -> int:
        return len(self._module_dict)

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __repr__(self) -> str:
        # Imported late: it takes as long as all the rest of the registries.
        from rich.console import Console
        from rich.table import Table

        table = Table(title=f"Registry of {self._name}")
        table.add_column("Names", justify="left", style="cyan")
        table.add_column("Objects", justify="left", style="green")
        for name, obj in sorted(self._module_dict.items()):
            table.add_row(name, str(obj))
        console = Console(force_jupyter=False)  # in a notebook too the text is returned
        with console.capture() as capture:
            console.print(table, end="")
        return capture.get()

    @staticmethod
    def infer_scope() -> str:
        """Return the name of the package from which this is called.

        Example:
            >>> Registry.infer_scope()  # called from mmlight.registry
            'mmlight'
        """
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code is Registry.__init__.__code__:
            frame = frame.f_back
        module = frame.f_globals.get("__name__") or ROOT_SCOPE
        return module.split(".")[0]

    @staticmethod
    def split_scope_key(key: str) -> tuple[str | None, str]:
        """Split the first scope off a key.

        Args:
            key (str): A name such as ``"mmdet.ResNet"`` or ``"ResNet"``.

        Returns:
            tuple[str or None, str]: The scope, None without one, and the rest.

        Example:
            >>> Registry.split_scope_key("mmdet.ResNet")
            ('mmdet', 'ResNet')
            >>> Registry.split_scope_key("ResNet")
            (None, 'ResNet')
        """
        scope, dot, rest = key.partition(".")
        return (scope, rest) if dot else (None, key)

    @property
    def name(self) -> str:
        """Name of the registry."""
        return self._name

    @property
    def scope(self) -> str:
        """Scope of the registry."""
        return self._scope

    @property
    def module_dict(self) -> dict[str, Any]:
        """Registered objects by name."""
        return self._module_dict

    @property
    def stands_in(self) -> bool:
        """Whether this registry is ours, in the place of one of a package that is not installed."""
        foreign = self._scope != ROOT_SCOPE
        return foreign and any(_inside(location, [ROOT_SCOPE]) for location in self._locations)

    @property
    def children(self) -> dict[str, Registry]:
        """Child registries by scope."""
        return self._children

    @property
    def root(self) -> Registry:
        """The registry without a parent above this one."""
        registry = self
        while registry.parent is not None:
            registry = registry.parent
        return registry

    def answers_to(self, scope: str) -> bool:
        """Tell whether a scope names this registry itself.

        Args:
            scope (str): A scope name.

        Returns:
            bool: True for its own scope, and for the alias scopes at mmlight's roots.
        """
        if scope == self._scope:
            return True
        return self._scope == ROOT_SCOPE and self.parent is None and scope in ALIAS_SCOPES

    @contextmanager
    def switch_scope_and_registry(self, scope: str | None) -> Generator[Registry, None, None]:
        """Make ``scope`` the default scope in a ``with`` block and yield its registry.

        Args:
            scope (str, optional): The target scope; None keeps the current default.

        Yields:
            Registry: The registry of the default scope in this tree, or this
            registry when there is none.

        Example:
            >>> MODELS = Registry("model", scope="base")
            >>> DET_MODELS = Registry("det model", parent=MODELS, scope="det")
            >>> with MODELS.switch_scope_and_registry("det") as registry:
            ...     registry.name, DefaultScope.get_current_instance().scope_name
            ('det model', 'det')
        """
        with DefaultScope.overwrite_default_scope(scope):
            default_scope = DefaultScope.get_current_instance()
            if default_scope is None:
                yield self
                return
            scope_name = default_scope.scope_name
            found = self._find_scope(scope_name)
            if found is None:
                hint = (
                    missing_package(scope_name)
                    or did_you_mean(scope_name, self.known_scopes())
                    or " Check the spelling of the scope, or import the package that defines it."
                )
                _warn(
                    f'No registry of scope "{scope_name}" belongs to the tree of '
                    f'"{self.root.name}", so "{self._name}" of scope "{self._scope}" is used.{hint}'
                )
            yield self if found is None else found

    def of_scope(self, scope: str) -> Registry | None:
        """Return the registry of a scope in this tree, None if there is none.

        Args:
            scope (str): The scope.

        Example:
            >>> MODELS = Registry("model", scope="base")
            >>> DET_MODELS = Registry("det model", parent=MODELS, scope="det")
            >>> MODELS.of_scope("det") is DET_MODELS
            True
        """
        return self.root._search_child(scope)

    def _find_scope(self, scope: str) -> Registry | None:
        """Find the registry of a scope in this tree, importing the scope's package if need be."""
        root = self.root
        found = root._search_child(scope)
        ours = found is not None and (found is root or found.stands_in)
        if found is None or (ours and scope in PACKAGE_SCOPES):
            import_registry_of(scope)
            found = root._search_child(scope)
        return found

    def _search_child(self, scope: str) -> Registry | None:
        """Find the registry of a scope at or below this one; a child's own scope beats an alias."""
        if scope == self._scope:
            return self
        for child in self._children.values():
            found = child._search_child(scope)
            if found is not None:
                return found
        return self if self.answers_to(scope) else None

    def import_from_location(self) -> None:
        """Import the modules in ``locations``, which register members of this registry.

        A package of OpenMMLab that names no locations registers all its members at once.
        """
        self._import(self._locations)
        if not self._locations and self._scope in MODULE2PACKAGE:
            self._once(f"{self._scope}.utils", lambda: register_all_modules(self._scope))

    def import_all(self) -> None:
        """Import the modules in ``locations`` and in ``fallback_locations``."""
        self.import_from_location()
        self._import(self._fallback_locations)

    def _import(self, locations: Sequence[str]) -> None:
        for location in locations:
            self._once(location, partial(importlib.import_module, location))

    def _once(self, location: str, load: Callable[[], Any]) -> None:
        if location in self._imported:
            return
        # Marked first: the module may look names up here while it is imported.
        self._imported.add(location)
        try:
            with named_operators():
                load()
        except BaseException:
            self._imported.discard(location)
            raise

    def _get_here(self, name: str, with_fallback: bool = True) -> Any:
        if name not in self._module_dict:
            self.import_from_location()
        if name not in self._module_dict and with_fallback:
            self._import(self._fallback_locations)
        if name in self._fallback_names and not with_fallback:
            return None
        return self._module_dict.get(name)

    def _means_a_missing_package(self) -> bool:
        """Tell whether a name without scope is one of a package that is not installed."""
        current = DefaultScope.get_current_instance()
        scope = None if current is None else current.scope_name
        if scope not in MODULE2PACKAGE or scope in PACKAGE_SCOPES:
            return False
        return self.root._search_child(scope) is None

    def known_names(self) -> list[str]:
        """List the names that :meth:`get` would find, those of children with their scope.

        Returns:
            list[str]: Names of this registry, of those above and of those below it.
        """
        names: list[str] = []
        registry: Registry | None = self
        while registry is not None:
            registry.import_all()
            names += registry._module_dict
            registry = registry.parent
        for child in self._children.values():
            names += [f"{child.scope}.{name}" for name in child._module_dict]
        return names

    def known_scopes(self) -> set[str]:
        """Name the scopes of this tree, and those of packages that would join it.

        Returns:
            set[str]: The scopes.

        Example:
            >>> "mmpretrain" in Registry("model", scope="base").known_scopes()
            True
        """
        scopes = set(MODULE2PACKAGE) | ALIAS_SCOPES
        registries = [self.root]
        while registries:
            registry = registries.pop()
            scopes.add(registry.scope)
            registries += registry._children.values()
        return scopes

    def get(self, key: str) -> Any:
        """Look a registered object up.

        A key without scope is searched here and then in the parents; a key with
        this registry's scope only here; a key with another scope in the registry of that
        scope, whose package is imported if need be. What no registry knows is tried as an
        import path.

        Args:
            key (str): ``"Name"``, ``"scope.Name"`` or ``"package.module.Name"``.

        Returns:
            Any: The registered class or function, None when there is none.

        Raises:
            TypeError: If ``key`` is not a string.

        Example:
            >>> Registry("any").get("collections.OrderedDict")
            <class 'collections.OrderedDict'>
        """
        if not isinstance(key, str):
            raise TypeError(f"The key argument of `Registry.get` must be a str, got {type(key)}")
        scope, name = self.split_scope_key(key)
        if scope is not None and scope != self._scope and scope not in self._children:
            self._find_scope(scope)  # imports its package if need be
        found = self._look_up(key)
        if found is None and scope is not None:
            found = get_object_from_string(key)
        if found is None and scope in ALIAS_SCOPES:
            # A dumped pure-Python config says where MMEngine has a class.
            found = get_object_from_string(f"{ROOT_SCOPE}.{name}")
        return found

    def _look_up(self, key: str) -> Any:
        """Search the registries that there are."""
        scope, name = self.split_scope_key(key)
        if scope is None:
            fallback = not self._means_a_missing_package()
            registry: Registry | None = self
            while registry is not None:
                if (found := registry._get_here(name, fallback)) is not None:
                    return found
                registry = registry.parent
            return None
        if scope == self._scope:
            return self._get_here(name)
        owner = self._children.get(scope) or self.root._search_child(scope)
        return None if owner is None else owner._look_up(name)

    def build(self, cfg: Any, *args: Any, **kwargs: Any) -> Any:
        """Build an object by calling ``build_func``.

        Args:
            cfg (dict): Config with the key ``type``.
            *args: Handed to ``build_func``.
            **kwargs: Handed to ``build_func``.

        Returns:
            Any: The constructed object.
        """
        return self.build_func(cfg, *args, **kwargs, registry=self)

    def _add_child(self, registry: Registry) -> None:
        held = self._children.get(registry.scope)
        assert held is None or held.stands_in, (
            f"scope {registry.scope} exists in {self._name} registry"
        )
        self._children[registry.scope] = registry

    def register_module(
        self,
        name: str | Sequence[str] | None = None,
        force: bool = False,
        module: Any = None,
    ) -> Any:
        """Register a class or function, as a decorator or by a plain call.

        Args:
            name (str or Sequence[str], optional): Names to register under.
                Defaults to the name of the object.
            force (bool): Whether to replace an object of the same name.
            module (Callable, optional): The object; None makes this a decorator.

        Returns:
            Callable: The registered object, or the decorator.

        Raises:
            KeyError: If a name is taken and ``force`` is False. At a prompt and in a notebook
                whoever runs a definition again replaces what it made before.
            TypeError: If an argument is of the wrong type.

        Example:
            >>> BACKBONES = Registry("backbone")
            >>> @BACKBONES.register_module(name=["mnet", "mobilenet"])
            ... class MobileNet:
            ...     pass
            >>> BACKBONES.get("mnet") is BACKBONES.get("mobilenet")
            True
        """
        if not isinstance(force, bool):
            raise TypeError(f"force must be a boolean, but got {type(force)}")
        if not (name is None or isinstance(name, str) or is_seq_of(name, str)):
            raise TypeError(
                f"name must be None, an instance of str, or a sequence of str, but got {type(name)}"
            )
        if module is not None:
            self._register_module(module, name, force)
            return module

        def register(module: Any) -> Any:
            self._register_module(module, name, force)
            return module

        return register

    def _register_module(
        self, module: Any, name: str | Sequence[str] | None = None, force: bool = False
    ) -> None:
        if not callable(module):
            raise TypeError(f"module must be Callable, but got {type(module)}")
        names = [module.__name__] if name is None else [name] if isinstance(name, str) else name
        home = getattr(module, "__module__", None) or ""
        is_fallback = _inside(home, self._fallback_locations)
        if self.parent is None and not is_fallback and home.split(".")[0] != self._scope:
            # A stranger's class must meet the built-in names now, not when they are
            # imported by some later look-up.
            self._import(self._locations)
        for key in names:
            held, held_by_fallback = key in self._module_dict, key in self._fallback_names
            if held and is_fallback and not held_by_fallback:
                continue
            replaces = force or is_written_again(module, self._module_dict.get(key))
            if held and is_fallback == held_by_fallback and not replaces:
                raise KeyError(
                    f"{key} is already registered in {self._name} at {self._home_of(key)}: "
                    "choose another name, or replace it with register_module(force=True)"
                )
            self._module_dict[key] = module
            if is_fallback:
                self._fallback_names.add(key)
            else:
                self._fallback_names.discard(key)

    def _home_of(self, key: str) -> str:
        module = inspect.getmodule(self._module_dict[key])
        return "an unknown module" if module is None else module.__name__


def _inside(module: str, locations: Sequence[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in locations)
