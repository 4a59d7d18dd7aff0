# pix2pix: photographs of facades from labels.
_base_ = ["../_base_/pix2pix.py"]

domains = ["img_mask", "img_photo"]
# In a file of the dataset photo is on the left and mask on the right.
rename = dict(
    type="KeyMapper",
    mapping=dict(img_photo="img_A", img_mask="img_B"),
    remapping=dict(img_photo="img_photo", img_mask="img_mask"),
)
pack = dict(type="PackInputs", keys=domains, data_keys=domains)

model = dict(
    data_preprocessor=dict(type="DataPreprocessor", data_keys=domains),
    default_domain="photo",
    reachable_domains=["photo"],
    related_domains=["photo", "mask"],
)

data_root = "data/pix2pix/facades"
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        pipeline=[
            _base_.load,
            _base_.jitter_resize,
            _base_.jitter_crop,
            _base_.flip,
            rename,
            pack,
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        pipeline=[_base_.load, _base_.resize, rename, pack],
    )
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type="GenEvaluator",
    metrics=[
        dict(
            type="TransIS",
            prefix="IS-Full",
            fake_nums=106,
            inception_style="PyTorch",
            fake_key="fake_photo",
            sample_model="orig",
        ),
        dict(
            type="TransFID",
            prefix="FID-Full",
            fake_nums=106,
            inception_style="PyTorch",
            real_key="img_photo",
            fake_key="fake_photo",
            sample_model="orig",
        ),
    ],
)
test_evaluator = val_evaluator

train_cfg = dict(max_iters=80000)
