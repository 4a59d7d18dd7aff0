"""Scenarios are run under an engine, in a process where their folder is on the path."""

collect_ignore_glob = ["scenarios/*.py"]
