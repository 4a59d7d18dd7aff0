"""What runs in processes of other engines is no module of tests."""

collect_ignore_glob = ["kit_*.py"]
