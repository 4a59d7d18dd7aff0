"""The base class of models, and what prepares their batches."""

from mmlight.model.base_model.base_model import BaseModel
from mmlight.model.base_model.data_preprocessor import BaseDataPreprocessor, ImgDataPreprocessor

__all__ = ["BaseDataPreprocessor", "BaseModel", "ImgDataPreprocessor"]
