# The 1,797 handwritten digits that come with scikit-learn, at 32 x 32.
dataset = dict(type="DigitsDataset", scale=32)

train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dataset,
)
val_dataloader = dict(
    batch_size=128,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dataset,
)
test_dataloader = val_dataloader

# The Fréchet distance of the features of a small classifier, for both generators.
val_evaluator = dict(
    type="GenEvaluator",
    metrics=[
        dict(
            type="FrechetDistance",
            prefix=prefix,
            fake_nums=1797,
            sample_model=sample_model,
            feature_extractor=dict(type="DigitsFeatures"),
        )
        for prefix, sample_model in (("FD-EMA", "ema"), ("FD", "orig"))
    ],
)
test_evaluator = val_evaluator
val_cfg = dict(type="GenValLoop")
test_cfg = dict(type="GenTestLoop")
