"""Weights that are published under short names, such as ``open-mmlab://vgg16_caffe``."""

from __future__ import annotations

import json
import os
import os.path as osp
from importlib import import_module
from pkgutil import walk_packages

_ROOT = "https://download.openmmlab.com"

# Folder of the server: name of the weights: name of the file.
# ruff: noqa: E501
_EXTERNAL: dict[str, dict[str, str]] = {
    "pretrain/third_party": {
        "vgg16_caffe": "vgg16_caffe-292e1171.pth",
        "detectron/resnet50_caffe": "resnet50_caffe-788b5fa3.pth",
        "detectron2/resnet50_caffe": "resnet50_msra-5891d200.pth",
        "detectron/resnet101_caffe": "resnet101_caffe-3ad79236.pth",
        "detectron2/resnet101_caffe": "resnet101_msra-6cc46731.pth",
        "detectron2/resnext101_32x8d": "resnext101_32x8d-1516f1aa.pth",
        "resnext50_32x4d": "resnext50-32x4d-0ab1a123.pth",
        "resnext101_32x4d": "resnext101_32x4d-a5af3160.pth",
        "resnext101_64x4d": "resnext101_64x4d-ee2c6f71.pth",
        "contrib/resnet50_gn": "resnet50_gn_thangvubk-ad1730dd.pth",
        "detectron/resnet50_gn": "resnet50_gn-9186a21c.pth",
        "detectron/resnet101_gn": "resnet101_gn-cac0ab98.pth",
        "jhu/resnet50_gn_ws": "resnet50_gn_ws-15beedd8.pth",
        "jhu/resnet101_gn_ws": "resnet101_gn_ws-3e3c308c.pth",
        "jhu/resnext50_32x4d_gn_ws": "resnext50_32x4d_gn_ws-0d87ac85.pth",
        "jhu/resnext101_32x4d_gn_ws": "resnext101_32x4d_gn_ws-34ac1a9e.pth",
        "jhu/resnext50_32x4d_gn": "resnext50_32x4d_gn-c7e8b754.pth",
        "jhu/resnext101_32x4d_gn": "resnext101_32x4d_gn-ac3bb84e.pth",
        "msra/hrnetv2_w18_small": "hrnetv2_w18_small-b5a04e21.pth",
        "msra/hrnetv2_w18": "hrnetv2_w18-00eb2006.pth",
        "msra/hrnetv2_w32": "hrnetv2_w32-dc9eeb4f.pth",
        "msra/hrnetv2_w40": "hrnetv2_w40-ed0b031c.pth",
        "msra/hrnetv2_w48": "hrnetv2_w48-d2186c55.pth",
        "bninception_caffe": "bn_inception_caffe-ed2e8665.pth",
        "kin400/i3d_r50_f32s2_k400": "i3d_r50_f32s2_k400-2c57e077.pth",
        "kin400/nl3d_r50_f32s2_k400": "nl3d_r50_f32s2_k400-fa7e7caa.pth",
        "res2net101_v1d_26w_4s": "res2net101_v1d_26w_4s_mmdetv2-f0a600f9.pth",
        "regnetx_400mf": "regnetx_400mf-a5b10d96.pth",
        "regnetx_800mf": "regnetx_800mf-1f4be4c7.pth",
        "regnetx_1.6gf": "regnetx_1.6gf-5791c176.pth",
        "regnetx_3.2gf": "regnetx_3.2gf-c2599b0f.pth",
        "regnetx_4.0gf": "regnetx_4.0gf-a88f671e.pth",
        "regnetx_6.4gf": "regnetx_6.4gf-006af45d.pth",
        "regnetx_8.0gf": "regnetx_8.0gf-3c68abe7.pth",
        "regnetx_12gf": "regnetx_12gf-4c2a3350.pth",
        "resnet18_v1c": "resnet18_v1c-b5776b93.pth",
        "resnet50_v1c": "resnet50_v1c-2cccc1ad.pth",
        "resnet101_v1c": "resnet101_v1c-e67eebb6.pth",
        "contrib/mobilenet_v3_large": "mobilenet_v3_large-bc2c3fd3.pth",
        "contrib/mobilenet_v3_small": "mobilenet_v3_small-47085aa1.pth",
        "resnest50": "resnest50_d2-7497a55b.pth",
        "resnest101": "resnest101_d2-f3b931b2.pth",
        "resnest200": "resnest200_d2-ca88e41f.pth",
        "darknet53": "darknet53-a628ea1b.pth",
    },
    "mmediting/third_party": {
        "mmedit/vgg16": "vgg_state_dict.pth",
        "mmedit/res34_en_nomixup": "model_best_resnet34_En_nomixup.pth",
        "mmedit/mobilenet_v2": "mobilenet_v2.pth",
    },
    "mmdetection/v2.0/third_party": {
        "mmdet/mobilenet_v2": "mobilenet_v2_batch256_imagenet-ff34753d.pth"
    },
}
_MMCLS: dict[str, dict[str, str]] = {
    "mmclassification/v0/vgg": {
        "vgg11": "vgg11_batch256_imagenet_20210208-4271cd6c.pth",
        "vgg13": "vgg13_batch256_imagenet_20210208-4d1d6080.pth",
        "vgg16": "vgg16_batch256_imagenet_20210208-db26f1a5.pth",
        "vgg19": "vgg19_batch256_imagenet_20210208-e6920e4a.pth",
        "vgg11_bn": "vgg11_bn_batch256_imagenet_20210207-f244902c.pth",
        "vgg13_bn": "vgg13_bn_batch256_imagenet_20210207-1a8b7864.pth",
        "vgg16_bn": "vgg16_bn_batch256_imagenet_20210208-7e55cd29.pth",
        "vgg19_bn": "vgg19_bn_batch256_imagenet_20210208-da620c4f.pth",
    },
    "mmclassification/v0/resnet": {
        "resnet18": "resnet18_8xb32_in1k_20210831-fbbb1da6.pth",
        "resnet34": "resnet34_8xb32_in1k_20210831-f257d4e6.pth",
        "resnet50": "resnet50_8xb32_in1k_20210831-ea4938fc.pth",
        "resnet101": "resnet101_8xb32_in1k_20210831-539c63f8.pth",
        "resnet152": "resnet152_8xb32_in1k_20210901-4d7582fa.pth",
        "resnet50_v1d": "resnetv1d50_b32x8_imagenet_20210531-db14775a.pth",
        "resnet101_v1d": "resnetv1d101_b32x8_imagenet_20210531-6e13bcd3.pth",
        "resnet152_v1d": "resnetv1d152_b32x8_imagenet_20210531-278cf22a.pth",
    },
    "mmclassification/v0/resnext": {
        "resnext50_32x4d": "resnext50_32x4d_b32x8_imagenet_20210429-56066e27.pth",
        "resnext101_32x4d": "resnext101_32x4d_b32x8_imagenet_20210506-e0fa3dd5.pth",
        "resnext101_32x8d": "resnext101_32x8d_b32x8_imagenet_20210506-23a247d5.pth",
        "resnext152_32x4d": "resnext152_32x4d_b32x8_imagenet_20210524-927787be.pth",
    },
    "mmclassification/v0/se-resnet": {
        "se-resnet50": "se-resnet50_batch256_imagenet_20200804-ae206104.pth",
        "se-resnet101": "se-resnet101_batch256_imagenet_20200804-ba5b51d4.pth",
    },
    "mmclassification/v0/resnest": {
        "resnest50": "resnest50_imagenet_converted-1ebf0afe.pth",
        "resnest101": "resnest101_imagenet_converted-032caa52.pth",
        "resnest200": "resnest200_imagenet_converted-581a60f2.pth",
        "resnest269": "resnest269_imagenet_converted-59930960.pth",
    },
    "mmclassification/v0/shufflenet_v1": {
        "shufflenet_v1": "shufflenet_v1_batch1024_imagenet_20200804-5d6cec73.pth"
    },
    "mmclassification/v0/shufflenet_v2": {
        "shufflenet_v2": "shufflenet_v2_batch1024_imagenet_20200812-5bf4721e.pth"
    },
    "mmclassification/v0/mobilenet_v2": {
        "mobilenet_v2": "mobilenet_v2_batch256_imagenet_20200708-3b2dc3af.pth"
    },
    "mmclassification/v0/mobilenet_v3/convert": {
        "mobilenet_v3_small": "mobilenet_v3_small-8427ecf0.pth",
        "mobilenet_v3_large": "mobilenet_v3_large-3ea3c186.pth",
    },
    "mmclassification/v0/repvgg": {
        "repvgg_A0": "repvgg-A0_3rdparty_4xb64-coslr-120e_in1k_20210909-883ab98c.pth",
        "repvgg_A1": "repvgg-A1_3rdparty_4xb64-coslr-120e_in1k_20210909-24003a24.pth",
        "repvgg_A2": "repvgg-A2_3rdparty_4xb64-coslr-120e_in1k_20210909-97d7695a.pth",
        "repvgg_B0": "repvgg-B0_3rdparty_4xb64-coslr-120e_in1k_20210909-446375f4.pth",
        "repvgg_B1": "repvgg-B1_3rdparty_4xb64-coslr-120e_in1k_20210909-750cdf67.pth",
        "repvgg_B1g2": "repvgg-B1g2_3rdparty_4xb64-coslr-120e_in1k_20210909-344f6422.pth",
        "repvgg_B1g4": "repvgg-B1g4_3rdparty_4xb64-coslr-120e_in1k_20210909-d4c1a642.pth",
        "repvgg_B2": "repvgg-B2_3rdparty_4xb64-coslr-120e_in1k_20210909-bd6b937c.pth",
        "repvgg_B2g4": "repvgg-B2g4_3rdparty_4xb64-autoaug-lbs-mixup-coslr-200e_in1k_20210909-7b7955f0.pth",
        "repvgg_B3": "repvgg-B3_3rdparty_4xb64-autoaug-lbs-mixup-coslr-200e_in1k_20210909-dda968bf.pth",
        "repvgg_B3g4": "repvgg-B3g4_3rdparty_4xb64-autoaug-lbs-mixup-coslr-200e_in1k_20210909-4e54846a.pth",
        "repvgg_D2se": "repvgg-D2se_3rdparty_4xb64-autoaug-lbs-mixup-coslr-200e_in1k_20210909-cf3139b7.pth",
    },
    "mmclassification/v0/res2net": {
        "res2net101_w26": "res2net101-w26-s4_3rdparty_8xb32_in1k_20210927-870b6c36.pth",
        "res2net50_w14": "res2net50-w14-s8_3rdparty_8xb32_in1k_20210927-bc967bf1.pth",
        "res2net50_w26": "res2net50-w26-s8_3rdparty_8xb32_in1k_20210927-f547a94b.pth",
    },
    "mmclassification/v0/swin-transformer": {
        "swin_tiny": "swin_tiny_224_b16x64_300e_imagenet_20210616_090925-66df6be6.pth",
        "swin_small": "swin_small_224_b16x64_300e_imagenet_20210615_110219-7f9d988b.pth",
    },
    "mmclassification/v0/swin-transformer/convert": {
        "swin_base": "swin_base_patch4_window7_224_22kto1k-f967f799.pth",
        "swin_large": "swin_large_patch4_window7_224_22kto1k-5f0996db.pth",
    },
    "mmclassification/v0/t2t-vit": {
        "t2t_vit_t_14": "t2t-vit-t-14_3rdparty_8xb64_in1k_20210928-b7c09b62.pth",
        "t2t_vit_t_19": "t2t-vit-t-19_3rdparty_8xb64_in1k_20210928-7f1478d5.pth",
        "t2t_vit_t_24": "t2t-vit-t-24_3rdparty_8xb64_in1k_20210928-fe95a61b.pth",
    },
    "mmclassification/v0/tnt": {"tnt_small": "tnt-small-p16_3rdparty_in1k_20210903-c56ee7df.pth"},
    "mmclassification/v0/vit/finetune": {
        "vit_base_p16": "vit-base-p16_in21k-pre-3rdparty_ft-64xb64_in1k-384_20210928-98e8652b.pth",
        "vit_base_p32": "vit-base-p32_in21k-pre-3rdparty_ft-64xb64_in1k-384_20210928-9cea8599.pth",
        "vit_large_p16": "vit-large-p16_in21k-pre-3rdparty_ft-64xb64_in1k-384_20210928-b20ba619.pth",
    },
}
_RENAMED = {
    "resnet50_caffe": "detectron/resnet50_caffe",
    "resnet50_caffe_bgr": "detectron2/resnet50_caffe_bgr",
    "resnet101_caffe": "detectron/resnet101_caffe",
    "resnet101_caffe_bgr": "detectron2/resnet101_caffe_bgr",
}


def get_external_models() -> dict[str, str]:
    """Return the URLs behind ``open-mmlab://`` by name.

    A file ``open_mmlab.json`` in the folder that the environment variable ``MMENGINE_HOME`` names
    (``~/.cache/mmengine`` by default) adds to them and goes before them.

    Example:
        >>> get_external_models()["vgg16_caffe"].rsplit("/", 1)[1]
        'vgg16_caffe-292e1171.pth'
    """
    urls = _flat(_EXTERNAL)
    own = osp.join(_home(), "open_mmlab.json")
    if osp.isfile(own):
        with open(own, encoding="utf-8") as file:
            urls.update(json.load(file))
    return urls


def get_mmcls_models() -> dict[str, str]:
    """Return the URLs behind ``mmcls://`` by name."""
    return _flat(_MMCLS)


def get_deprecated_model_names() -> dict[str, str]:
    """Return the present names of weights behind ``open-mmlab://`` by their former ones."""
    return dict(_RENAMED)


def get_torchvision_models() -> dict[str, str]:
    """Return the URLs behind ``torchvision://`` by name.

    ``resnet50`` are the first weights that were published of a model, ``resnet50.imagenet1k_v2``
    and ``resnet50.default`` are certain ones.

    Raises:
        ImportError: If torchvision is not installed.
    """
    try:
        models = import_module("torchvision.models")
    except ImportError as error:
        raise ImportError(
            "torchvision:// is not available, because torchvision is not installed"
        ) from error
    urls: dict[str, str] = {}
    for info in walk_packages(models.__path__, f"{models.__name__}."):
        for value in vars(import_module(info.name)).values():
            if isinstance(value, type) and hasattr(value, "__members__"):
                urls.update(_urls_of_weights(value))
    return urls


def _urls_of_weights(weights: type) -> dict[str, str]:
    """The URLs in one of torchvision's enumerations, ``<Model>_Weights``."""
    if not weights.__name__.endswith("_Weights"):
        return {}
    model = weights.__name__.removesuffix("_Weights").lower()
    urls: dict[str, str] = {}
    for name, member in weights.__members__.items():  # type: ignore[attr-defined]
        urls.setdefault(model, member.value.url)
        urls[f"{model}.{name.lower()}"] = member.value.url
    return urls


def _flat(folders: dict[str, dict[str, str]]) -> dict[str, str]:
    return {
        name: f"{_ROOT}/{folder}/{file}"
        for folder, files in folders.items()
        for name, file in files.items()
    }


def _home() -> str:
    cache = os.environ.get("XDG_CACHE_HOME", osp.join("~", ".cache"))
    return osp.expanduser(os.environ.get("MMENGINE_HOME", osp.join(cache, "mmengine")))
