"""Pictures from a trained generative model, in Python and behind ``mmlight sample``."""

from mmlight.sampling.families import sample
from mmlight.sampling.loading import load_model
from mmlight.sampling.noise import interpolate

__all__ = ["interpolate", "load_model", "sample"]
