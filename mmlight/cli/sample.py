"""The command ``mmlight sample``: pictures of what a generative model makes."""

from __future__ import annotations

from argparse import Namespace

from .commands import load_config


def sample(arguments: Namespace) -> None:
    """Write pictures of what a model makes, and say where they lie."""
    cfg = load_config(arguments)
    from mmlight.fileio import join_path
    from mmlight.sampling import load_model
    from mmlight.sampling.files import write_samples

    options = {
        "num": arguments.num,
        "seed": arguments.seed,
        "sample_model": arguments.sample_model,
        "inputs": arguments.input,
        "domain": arguments.domain,
    }
    folder = arguments.out or str(join_path(cfg.work_dir, "samples"))
    model = load_model(cfg, arguments.checkpoint)
    for path in write_samples(model, folder, arguments.frames, **options):
        print(path)
