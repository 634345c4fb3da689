"""Video diffusion in context: a transformer over text, foreground, references and target, its training and sampling.

``recipes`` and ``prompt`` need no torch; everything else needs the extra ``cyclorama[diffusion]``.
"""
