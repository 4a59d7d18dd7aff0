"""The zoo imports ``mmengine``, which is there only in the processes that the tests start."""

collect_ignore = ["tiny_zoo.py"]
