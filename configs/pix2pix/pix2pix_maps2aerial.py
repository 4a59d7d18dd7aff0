# pix2pix: aerial photographs from maps.
_base_ = ["../_base_/pix2pix.py"]

domains = ["img_map", "img_aerial"]
# In a file of the dataset aerial is on the left and map on the right.
rename = dict(
    type="KeyMapper",
    mapping=dict(img_aerial="img_A", img_map="img_B"),
    remapping=dict(img_aerial="img_aerial", img_map="img_map"),
)
pack = dict(type="PackInputs", keys=domains, data_keys=domains)

model = dict(
    data_preprocessor=dict(type="DataPreprocessor", data_keys=domains),
    default_domain="aerial",
    reachable_domains=["aerial"],
    related_domains=["aerial", "map"],
)

data_root = "data/pix2pix/maps"
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
        test_dir="val",
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
            fake_nums=1098,
            inception_style="PyTorch",
            fake_key="fake_aerial",
            sample_model="orig",
        ),
        dict(
            type="TransFID",
            prefix="FID-Full",
            fake_nums=1098,
            inception_style="PyTorch",
            real_key="img_aerial",
            fake_key="fake_aerial",
            sample_model="orig",
        ),
    ],
)
test_evaluator = val_evaluator

train_cfg = dict(max_iters=220000)
