"""A model of images and an inferencer of it, written as the packages of OpenMMLab write theirs."""

from __future__ import annotations

import os.path as osp
from typing import Optional, Union

import cv2
import mmengine
import numpy as np
import torch
from mmengine.dataset import Compose
from mmengine.infer.infer import BaseInferencer, InputsType, ModelType
from mmengine.model import BaseModel
from mmengine.registry import MODELS, TRANSFORMS
from mmengine.runner.checkpoint import _load_checkpoint_to_model
from mmengine.structures import BaseDataElement
from mmengine.visualization import Visualizer


@TRANSFORMS.register_module()
class ReadImage:
    """An image, from its file or as an array, as a sample."""

    def __call__(self, image):
        if isinstance(image, str):
            image = cv2.imdecode(
                np.frombuffer(mmengine.fileio.get(image), np.uint8), cv2.IMREAD_COLOR
            )
        return {"inputs": torch.from_numpy(image).permute(2, 0, 1).float()}


@MODELS.register_module()
class BrightBox(BaseModel):
    """Finds the box of the pixels that are brighter than a weight of it says."""

    def __init__(self, pretrained=None):
        super().__init__()
        assert pretrained is None
        self.threshold = torch.nn.Parameter(torch.tensor(0.0))
        self.batches = []

    def forward(self, inputs, data_samples=None, mode="tensor"):
        assert mode == "predict" and not torch.is_grad_enabled() and not self.training
        self.batches.append(len(inputs))
        found = []
        for image in inputs:
            rows, columns = (image.mean(0) > self.threshold).nonzero().unbind(1)
            box = torch.stack([columns.min(), rows.min(), columns.max(), rows.max()])
            found.append(BaseDataElement(box=box))
        return found


class BoxInferencer(BaseInferencer):
    """Boxes of bright pixels, drawn and stored."""

    visualize_kwargs: set = {"show", "return_vis", "img_out_dir"}
    postprocess_kwargs: set = {"pred_out_dir"}

    def __init__(
        self,
        model: Optional[Union[ModelType, str]] = None,  # noqa: UP045, UP007
        weights: Optional[str] = None,  # noqa: UP045
        device: Optional[str] = None,  # noqa: UP045
        scope: Optional[str] = None,  # noqa: UP045
    ) -> None:
        super().__init__(model=model, weights=weights, device=device, scope=scope)
        self.show_progress = False

    def _load_weights_to_model(self, model, checkpoint, cfg):
        model.dataset_meta = {"classes": ("nothing",)}
        if checkpoint is not None:
            _load_checkpoint_to_model(model, checkpoint)
            model.dataset_meta = checkpoint["meta"]["dataset_meta"]

    def _init_pipeline(self, cfg):
        return Compose(cfg.test_dataloader.dataset.pipeline)

    def _init_visualizer(self, cfg) -> Optional[Visualizer]:  # noqa: UP045
        visualizer = super()._init_visualizer(cfg)
        visualizer.dataset_meta = self.model.dataset_meta
        return visualizer

    def visualize(self, inputs: InputsType, preds, show=False, return_vis=False, img_out_dir=""):
        if not (return_vis or img_out_dir):
            return None
        drawn = []
        for index, (image, pred) in enumerate(zip(inputs, preds)):
            name = osp.basename(image) if isinstance(image, str) else f"{index}.png"
            if isinstance(image, str):
                image = cv2.imread(image)
            self.visualizer.set_image(image)
            self.visualizer.draw_bboxes(pred.box[None], edge_colors="r", line_widths=1)
            drawn.append(self.visualizer.get_image())
            if img_out_dir:
                mmengine.mkdir_or_exist(img_out_dir)
                cv2.imwrite(osp.join(img_out_dir, name), drawn[-1])
        return drawn

    def postprocess(self, preds, visualization, return_datasamples=False, pred_out_dir=""):
        results = preds if return_datasamples else [pred.box.tolist() for pred in preds]
        if pred_out_dir:
            mmengine.dump(results, osp.join(pred_out_dir, "preds.json"))
        return {"predictions": results, "visualization": visualization}
