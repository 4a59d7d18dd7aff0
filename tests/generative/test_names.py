"""The kit's parts answer to their short names with the very same modules."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize("module", ["models", "models.dcgan.dcgan", "datasets", "evaluation.psnr"])
def test_the_short_name_is_the_same_module(module):
    assert importlib.import_module(f"mmlight.{module}") is importlib.import_module(
        f"mmlight.generative.{module}"
    )


def test_a_name_below_that_is_not_there_is_told():
    with pytest.raises(ModuleNotFoundError, match=r"mmlight\.models\.nothing"):
        importlib.import_module("mmlight.models.nothing")
