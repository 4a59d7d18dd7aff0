"""The generative kit: models, datasets and evaluation of MMagic's configs, without MMagic.

``mmlight.model``, ``mmlight.dataset`` and ``mmlight.evaluator`` are MMEngine's; what stands here is
built on them. Its parts are also found as ``mmlight.models``, ``mmlight.datasets`` and
``mmlight.evaluation``.
"""
