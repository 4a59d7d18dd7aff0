"""Import aliases: code that imports MMEngine, MMEditing or MMagic gets mmlight.

See :func:`install`.
"""

from .aliases import install

__all__ = ["install"]
