"""Other papers' modules, one a file, for those who want to go on. ``attncourse.attention.ATTENTION`` names them all.

All of them compile. Only, ``torch.compile`` of torch 2.13 stops where ``NonLocal``, ``AugmentedConvolution`` or
``DoubleAttention`` is trained on maps of changing sizes ("cannot determine truth value of Relational", pytorch#185510):
there give it ``dynamic=False``.
"""
