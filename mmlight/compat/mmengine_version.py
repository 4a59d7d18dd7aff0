"""What ``mmengine.version`` is under the aliases: the MMEngine whose interface mmlight has."""

__version__ = "0.10.7"
version_info = tuple(int(part) for part in __version__.split("."))
