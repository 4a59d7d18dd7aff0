"""Secrets in a config, which nothing that is written may hold."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

HIDDEN = "<hidden>"
"""Stands for a secret in a config that was written."""

_SECRET_KEY = re.compile(
    r"(.*_)?(api|access|secret|private|account|encryption)_?keys?(_id)?"
    r"|(.*_)?(password|passwd|passphrase|secret|credential)s?|bearer"
    r"|((.*_)?(api|access|auth|bearer|refresh|session|security|id|user|hf|hub|huggingface|wandb"
    r"|neptune|github|gitlab)_?)?tokens?",
    re.IGNORECASE,
)
# Anything shorter may stand elsewhere in a config by chance.
_LONG = 6


def hide_secrets(settings: Any) -> Any:
    """Return settings as they may be written: with a word in the place of each secret.

    Args:
        settings (dict or list or Any): The settings; they are not changed.

    Returns:
        dict or list or Any: The same with :data:`HIDDEN` for each text under a key such as
        ``api_key``, ``token``, ``password`` or ``client_secret``, and wherever else that text
        stands; ``settings`` itself where there is none.

    Example:
        >>> hide_secrets(dict(init_kwargs=dict(project="a", api_token="f00"), num_tokens=7))
        {'init_kwargs': {'project': 'a', 'api_token': '<hidden>'}, 'num_tokens': 7}
    """
    return _without(settings, {text for text in _secrets_in(settings) if len(text) >= _LONG})


def hide_in_option(word: str) -> str:
    """Return a word of a command line as it may be shown, the value of a secret key hidden.

    Example:
        >>> hide_in_option("init_kwargs.api_token=f00"), hide_in_option("model.num_tokens=7")
        ('init_kwargs.api_token=<hidden>', 'model.num_tokens=7')
    """
    key, equals, value = word.partition("=")
    is_secret = equals and _is_secret(key.rpartition(".")[2], value)
    return f"{key}={HIDDEN}" if is_secret else word


def hidden_key(settings: Any) -> str | None:
    """Return the dotted path of the first value that was hidden, None if there is none.

    Example:
        >>> hidden_key(dict(init_kwargs=[dict(token="<hidden>")]))
        'init_kwargs.0.token'
    """
    texts = _texts_in(settings)
    return next((path for path, text in texts if isinstance(text, str) and HIDDEN in text), None)


def _is_secret(key: Any, value: Any) -> bool:
    texts = value if type(value) in (list, tuple) else [value]
    is_text = bool(texts) and all(isinstance(text, (str, bytes)) and text for text in texts)
    return is_text and isinstance(key, str) and _SECRET_KEY.fullmatch(key) is not None


def _items(settings: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(settings, dict):
        # Not through the class's own, which would import what is lazy.
        yield from dict.items(settings)
    elif type(settings) in (list, tuple):
        yield from enumerate(settings)


def _texts_in(settings: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in _items(settings):
        if isinstance(value, (str, bytes)):
            yield f"{above}{key}", value
        else:
            yield from _texts_in(value, f"{above}{key}.")


def _secrets_in(settings: Any) -> Iterator[Any]:
    for key, value in _items(settings):
        if _is_secret(key, value):
            yield from value if type(value) in (list, tuple) else [value]
        else:
            yield from _secrets_in(value)


def _without(settings: Any, secrets: set[Any]) -> Any:
    if isinstance(settings, str):
        for secret in secrets:
            if isinstance(secret, str):
                settings = settings.replace(secret, HIDDEN)
        return settings
    if isinstance(settings, bytes):
        return HIDDEN if any(s in settings for s in secrets if isinstance(s, bytes)) else settings
    changed = {}
    for key, value in _items(settings):
        new = HIDDEN if _is_secret(key, value) else _without(value, secrets)
        if new is not value:
            changed[key] = new
    if not changed:
        return settings
    if isinstance(settings, dict):
        settings = copy.copy(settings)
        for key, value in changed.items():
            dict.__setitem__(settings, key, value)
        return settings
    return type(settings)(changed.get(index, value) for index, value in enumerate(settings))
